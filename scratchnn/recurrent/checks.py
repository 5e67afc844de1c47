"""Gradient checks of the recurrent pairs and layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from scratchnn import layers, recurrent
from scratchnn.core import Layer, Sequential
from scratchnn.core.nested import flatten, or_zeros, rebuild
from scratchnn.gradcheck import Problem, case, layer_problem, pair_problem
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional, SequenceLayer, Stacked, tuning
from scratchnn.recurrent.cells import CELLS

N, T, D, H = 5, 4, 2, 3  # all different, so that no wrong axis fits
LENGTHS = np.array([4, 2, 0, 1, 3])  # an odd and an even number of padded steps, so that a flipped sign cannot come back
MASK_H = np.array([[2.0, 0, 2], [0, 2, 2], [2, 2, 0], [2, 2, 2], [0, 0, 0]])  # (N, H)

Make = Callable[[np.random.Generator], SequenceLayer]


def normal(rng: np.random.Generator, *shape: int) -> np.ndarray:
    """Random entries, small enough that no activation saturates."""
    return 0.7 * rng.standard_normal(shape)


# --- pairs of functions ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pairs:
    """The functions of one cell: one step and whole sequences, forward and backward each."""

    step: Callable[..., tuple]
    step_backward: Callable[..., tuple]
    forward: Callable[..., tuple]
    backward: Callable[..., tuple]
    blocks: int  # of H columns in Wx, Wh and b
    states: tuple[str, ...] = ("h",)
    more_weights: dict[str, tuple[int, ...]] = field(default_factory=dict)  # shapes of those after Wx, Wh, b, by name

    @property
    def weights(self) -> dict[str, tuple[int, ...]]:
        """Shapes of all weights by name, in the order of the arguments."""
        return {"Wx": (D, self.blocks * H), "Wh": (H, self.blocks * H), "b": (self.blocks * H,), **self.more_weights}

    def arrays(self, rng: np.random.Generator, *x_shape: int) -> dict[str, np.ndarray]:
        """Random inputs, states and weights by name."""
        shapes = {"x": x_shape, **dict.fromkeys(self.states, (N, H)), **self.weights}
        return {name: normal(rng, *shape) for name, shape in shapes.items()}

    def loop_forward(self, x: Any, *arrays: Any, **options: Any) -> tuple:
        """``loop_forward`` with the arguments of ``forward``."""
        states, weights = arrays[: len(self.states)], arrays[len(self.states) :]
        state = states if len(states) > 1 else states[0]
        return recurrent.loop_forward(self.step, x, state, weights, **options)

    def loop_backward(self, dy: Any, dstate: Any, caches: list) -> tuple:
        """``loop_backward`` with the results of ``backward``."""
        dx, dfirst, dweights = recurrent.loop_backward(self.step_backward, dy, dstate, caches)
        return dx, *flatten(dfirst), *dweights


R = recurrent
RNN_PAIRS = R.rnn_step, R.rnn_step_backward, R.rnn_forward, R.rnn_backward
PAIRS = {
    "rnn": Pairs(*RNN_PAIRS, blocks=1),
    "rnn-relu": Pairs(
        partial(R.rnn_step, activation="relu"),
        R.rnn_step_backward,
        partial(R.rnn_forward, activation="relu"),
        R.rnn_backward,
        blocks=1,
    ),
    "gru-simplified": Pairs(
        R.gru_simplified_step,
        R.gru_simplified_step_backward,
        R.gru_simplified_forward,
        R.gru_simplified_backward,
        blocks=2,
    ),
    "gru-reset-before": Pairs(
        R.gru_reset_before_step,
        R.gru_reset_before_step_backward,
        R.gru_reset_before_forward,
        R.gru_reset_before_backward,
        blocks=3,
    ),
    "gru-reset-after": Pairs(
        R.gru_reset_after_step,
        R.gru_reset_after_step_backward,
        R.gru_reset_after_forward,
        R.gru_reset_after_backward,
        blocks=3,
        more_weights={"bh": (H,)},
    ),
    "lstm": Pairs(R.lstm_step, R.lstm_step_backward, R.lstm_forward, R.lstm_backward, blocks=4, states=("h", "c")),
    "lstm-peephole": Pairs(
        R.lstm_peephole_step,
        R.lstm_peephole_step_backward,
        R.lstm_peephole_forward,
        R.lstm_peephole_backward,
        blocks=4,
        states=("h", "c"),
        more_weights={"p": (3, H)},
    ),
}
VARIANTS_OF_PAIRS: dict[str, dict[str, np.ndarray]] = {
    "": {},
    "/lengths": {"lengths": LENGTHS},
    "/mask": {"mask_h": MASK_H},
    "/lengths+mask": {"lengths": LENGTHS, "mask_h": MASK_H},
}


def register_pairs(family: str, pairs: Pairs) -> None:
    """The step, the plain loop over it, and the whole-sequence pair in every variant."""

    @case(f"{family}/step")
    def step(rng: np.random.Generator) -> Problem:
        return pair_problem(pairs.step, pairs.step_backward, pairs.arrays(rng, N, D))

    @case(f"{family}/step+mask")
    def masked_step(rng: np.random.Generator) -> Problem:
        return pair_problem(pairs.step, pairs.step_backward, pairs.arrays(rng, N, D), mask_h=MASK_H.copy())

    @case(f"{family}/loop")
    def loop(rng: np.random.Generator) -> Problem:
        options = {"lengths": LENGTHS.copy(), "mask_h": MASK_H.copy()}
        return pair_problem(pairs.loop_forward, pairs.loop_backward, pairs.arrays(rng, N, T, D), **options)

    for variant, options in VARIANTS_OF_PAIRS.items():

        @case(family + variant)
        def whole(rng: np.random.Generator, options: dict[str, np.ndarray] = options) -> Problem:
            own = {name: option.copy() for name, option in options.items()}  # a faulty backward pass may write into them
            return pair_problem(pairs.forward, pairs.backward, pairs.arrays(rng, N, T, D), **own)


for _family, _pairs in PAIRS.items():
    register_pairs(_family, _pairs)


@case("lstm/many-units")
def lstm_of_many_units(rng: np.random.Generator) -> Problem:
    """So many units that ``product_back`` makes no copy of Wh^T; Wx and Wh, with 66,000 entries, are left out."""
    units = tuning.MANY_UNITS
    weights = {name: 0.1 * normal(rng, rows, 4 * units) for name, rows in {"Wx": D, "Wh": units, "b": 1}.items()}
    inputs = {"x": normal(rng, 2, 3, D), "h": normal(rng, 2, units), "c": normal(rng, 2, units)}
    fixed = {"lengths": np.array([1, 3]), "mask_h": rng.choice([0.0, 2.0], (2, units)), **weights}

    def forward(x: Any, h: Any, c: Any, b: Any, **options: Any) -> tuple:
        return recurrent.lstm_forward(x, h, c, b=b[0], **options)

    def backward(*arguments: Any) -> tuple:
        return recurrent.lstm_backward(*arguments)[:3]

    return pair_problem(forward, backward, inputs, **fixed)


# --- layers ----------------------------------------------------------------------------------------------------------


def call_with_state(layer: SequenceLayer, inputs: dict, lengths: np.ndarray | None = None) -> tuple:
    """The layer from a given state, whose parts are the inputs after x."""
    x, *parts = inputs.values()
    return layer.forward(x, rebuild(layer.zero_state(x), iter(parts)), lengths)


def register_layer(name: str, make: Make, random: bool = False) -> None:
    """A recurrent layer from a given state, with and without lengths."""
    for lengths in (None, LENGTHS):

        @case(name + ("" if lengths is None else "/lengths"), random=random)
        def build(rng: np.random.Generator, lengths: np.ndarray | None = lengths) -> Problem:
            layer = make(rng)
            inputs = {"x": normal(rng, N, T, D)}
            parts = flatten(layer.zero_state(inputs["x"]))
            names = ["h", "c"] if len(parts) <= 2 else [f"state {k}" for k in range(len(parts))]
            inputs |= {part: normal(rng, *zeros.shape) for part, zeros in zip(names, parts, strict=False)}
            return layer_problem(layer, inputs, call_with_state, () if lengths is None else (lengths.copy(),))


VARIANTS: dict[str, dict[str, Any]] = {
    "": {},
    "/last-output": {"return_sequences": False},
    "/dropouts": {"dropout": 0.4, "recurrent_dropout": 0.4},
}


def made(cell: Callable[..., SequenceLayer], options: dict[str, Any]) -> Make:
    """A function that makes a cell of ``H`` units with these options."""
    return lambda rng: cell(D, H, rng=rng, **options)


for _cell_name, _cell in CELLS.items():
    _name = "gru-reset-after" if _cell_name == "gru" else _cell_name  # the default form is named like the others here
    for _variant, _options in VARIANTS.items():
        register_layer(f"layer-{_name}{_variant}", made(_cell, _options), random="dropout" in _options)


def last_outputs(merge: str) -> Make:
    """Two directions, one output per sequence."""
    last: dict[str, Any] = {"return_sequences": False}
    return lambda rng: Bidirectional(RNN(D, H, rng=rng, **last), LSTM(D, H, rng=rng, **last), merge)


register_layer("bidirectional", lambda rng: Bidirectional(LSTM(D, H, rng=rng), GRU(D, 4, rng=rng)))
register_layer("bidirectional/sum", lambda rng: Bidirectional(RNN(D, H, rng=rng), RNN(D, H, rng=rng), merge="sum"))
register_layer("bidirectional/concat-last-output", last_outputs("concat"))
register_layer("bidirectional/sum-last-output", last_outputs("sum"))
register_layer("stacked", lambda rng: Stacked([LSTM(D, H, rng=rng), GRU(H, 2, rng=rng)]))
register_layer("stacked/last-output", lambda rng: Stacked([RNN(D, H, rng=rng), GRU(H, 2, rng=rng, return_sequences=False)]))
register_layer(
    "stacked/dropout",
    lambda rng: Stacked([RNN(D, H, rng=rng), RNN(H, 2, rng=rng), RNN(2, H, rng=rng)], 0.4, rng),
    random=True,
)
register_layer(
    "stacked/bidirectional",
    lambda rng: Stacked(
        [Bidirectional(RNN(D, 2, rng=rng), LSTM(D, 1, rng=rng)), Bidirectional(RNN(3, 2, rng=rng), RNN(3, 1, rng=rng))],
        dropout=0.4,
        rng=rng,
    ),
    random=True,
)


# --- within other layers: no state given, no gradient for the final state; a state carried on -------------------------


def register_stateless(name: str, make: Make) -> None:
    """A layer that starts from zeros and whose final state is not used."""

    @case(name)
    def build(rng: np.random.Generator) -> Problem:
        return layer_problem(Sequential(make(rng), layers.Tanh()), {"x": normal(rng, N, T, D)}, fixed=(LENGTHS.copy(),))


register_stateless("sequential/rnn", lambda rng: RNN(D, H, rng=rng))
register_stateless("sequential/lstm-last-output", lambda rng: LSTM(D, H, rng=rng, return_sequences=False))
register_stateless("sequential/bidirectional", lambda rng: Bidirectional(LSTM(D, H, rng=rng), GRU(D, 4, rng=rng)))
register_stateless("sequential/stacked", lambda rng: Stacked([LSTM(D, H, rng=rng), GRU(H, 2, rng=rng)]))


class Carried(Layer):
    """A recurrent layer over two windows of a sequence, the state carried from the first to the second."""

    def __init__(self, cell: SequenceLayer):
        super().__init__()
        self.cell = cell

    def forward(self, x: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The outputs of both windows."""
        y, state = self.cell.forward(x)
        outputs = y, self.cell.forward(z, state)[0]
        self.push(outputs)
        return outputs

    def backward(self, dy: np.ndarray | None, dw: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
        """Gradients with respect to both windows; that of the state flows from the second into the first."""
        dy, dw = or_zeros((dy, dw), self.pop())
        dz, dstate = self.cell.backward(dw)
        return self.cell.backward(dy, dstate)[0], dz


@case("layer-lstm/carried-state")
def carried_state(rng: np.random.Generator) -> Problem:
    """Two windows of different length."""
    return layer_problem(Carried(LSTM(D, H, rng=rng)), {"x": normal(rng, N, T, D), "z": normal(rng, N, 2, D)})


@case("stacked/carried-state")
def carried_states(rng: np.random.Generator) -> Problem:
    """All layers' states."""
    stack = Stacked([GRU(D, H, rng=rng), RNN(H, 2, rng=rng)])
    return layer_problem(Carried(stack), {"x": normal(rng, N, T, D), "z": normal(rng, N, 2, D)})
