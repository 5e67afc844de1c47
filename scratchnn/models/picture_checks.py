"""Gradient checks of models that read pictures: the encoder of pictures, the decoder's first state, the captioner."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn.core import Model
from scratchnn.gradcheck import Problem, case, layer_problem
from scratchnn.models.captioner import Captioner
from scratchnn.models.checks import OUTPUTS, TARGET_LENGTHS, TARGETS, register_loss
from scratchnn.models.first_state import FirstState
from scratchnn.models.picture_encoder import PictureEncoder


@case("picture-encoder")
def picture_encoder(rng: np.random.Generator) -> Problem:
    """A row and a column are left over by pooling."""
    return layer_problem(PictureEncoder(2, [3, 4], rng=rng), {"x": rng.standard_normal((2, 5, 9, 2))})


for _arrays in (1, 2):

    @case(f"first-state/{_arrays}")
    def first_state(rng: np.random.Generator, parts: int = _arrays) -> Problem:
        """The state of a GRU, and that of an LSTM."""
        return layer_problem(FirstState(3, 2, parts, rng=rng), {"v": rng.standard_normal((4, 3))})


# --- the captioner: of a vector, and with every attention -------------------------------------------------------------

CAPTIONED = {
    "pictures": 0.4 * np.random.default_rng(1).standard_normal((4, 5, 6, 3)),
    "inputs": TARGETS,
    "target lengths": TARGET_LENGTHS,
    "outputs": OUTPUTS,
}


def captioner(rows: int = 5, columns: int = 6, **options: Any) -> Callable[[np.random.Generator], Model]:
    """Two by three regions of 2 x 2 pixels, a row left over; four words."""
    sizes: dict[str, Any] = {"channels": (2, 3), "embedding_size": 3, "hidden_size": 3}
    return lambda rng: Captioner(rows, columns, 4, **{**sizes, **options}, rng=rng)


register_loss("captioner/lstm", captioner(), CAPTIONED, factor=1)
register_loss("captioner/gru+dropout", captioner(cell="gru", dropout=0.3), CAPTIONED, random=True, factor=1)
register_loss("captioner/gru+general", captioner(cell="gru", attention="general"), CAPTIONED, factor=1)
register_loss(
    "captioner/lstm+additive+dropout", captioner(attention="additive", dropout=0.3), CAPTIONED, random=True, factor=1
)


@case("captioner/logits")
def caption_logits(rng: np.random.Generator) -> Problem:
    """``forward`` and ``backward``, with respect to the pictures too; a row and a column are left over by pooling."""
    model = captioner(5, 7, cell="gru", attention="additive")(rng)
    fixed = {"inputs": TARGETS, "target lengths": TARGET_LENGTHS}
    return layer_problem(model, {"pictures": 0.4 * rng.standard_normal((4, 5, 7, 3))}, fixed=fixed)
