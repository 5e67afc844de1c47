"""A caption for a picture: convolutions read the picture, a decoder writes the words.

    m_j      = encoder(x)                              a vector for each region (N, S, C), ``picture_encoder.py``  (1)
    v        = [m_1, ..., m_S]                         without attention: all regions side by side (N, S C)        (2)
    v        = (1 / S) sum_j m_j                       with attention: their mean (N, C)                           (3)
    s_0      = first(v)                                the decoder's first state, ``first_state.py``               (4)

From s_0 and, with attention, from the memory m, the decoder writes the caption: equations (1) to (6) of ``decoder.py``.
Without attention everything that the decoder learns of the picture is in s_0. With attention it reads the regions at each
word, and its weights say where it looks. What it has seen is fed to the next step: the place of the first thing has to be
known when the place of the second is compared with it.

Backward:

    dm_j    += dv_j, the part of dv that belongs to region j      from (2)                                         (5)
    dm_j    += dv / S                                             from (3)                                         (6)

Dropout acts on m, on the embeddings, and on the decoder's outputs r_t. Sources: Vinyals et al., "Show and tell: a neural
image caption generator" (2015), for a vector that starts the decoder; Xu et al., "Show, attend and tell" (2015), for
attention over regions.
"""

from __future__ import annotations

from collections.abc import Sequence

from scratchnn.backend import Array, Generator
from scratchnn.errors import DataError, ShapeError, whole_number
from scratchnn.layers import Dropout
from scratchnn.models.decoder import DecoderModel
from scratchnn.models.decoder_state import DecoderState
from scratchnn.models.first_state import FirstState
from scratchnn.models.picture_encoder import PictureEncoder
from scratchnn.recurrent.base import State

COLOURS = 3  # red, green, blue
ATTENTIONS = ("none", "general", "additive")  # not dot: a region is not of the decoder's size


class Captioner(DecoderModel):
    """Pictures (N, P, Q, 3) of numbers around 0, and decoder inputs (N, T) with lengths (N,) -> logits (N, T, V).

    Args:
        rows, columns: P and Q.
        target_size: size of the vocabulary of the captions.
        channels: outputs of each convolution; pooling between two of them halves rows and columns.
        embedding_size, hidden_size: D and H.
        rng: draws weights and masks.
        cell: one of ``recurrent.cells.CELLS``.
        attention: one of ``ATTENTIONS``; all but ``"none"`` with input feeding.
        dropout: probability of m, of the embeddings, and of r_t.

    Raises:
        DataError: settings that do not go together.
    """

    def __init__(
        self,
        rows: int,
        columns: int,
        target_size: int,
        *,
        channels: Sequence[int],
        embedding_size: int,
        hidden_size: int,
        rng: Generator,
        cell: str = "lstm",
        attention: str = "none",
        dropout: float = 0.0,
    ):
        super().__init__()
        sizes = {"rows": rows, "columns": columns, "target_size": target_size}
        sizes |= {"embedding_size": embedding_size, "hidden_size": hidden_size}
        for name, size in (*sizes.items(), *(("channels", size) for size in channels)):
            whole_number(size, f"Captioner: {name}")
        if attention not in ATTENTIONS:
            raise DataError(f"Captioner: unknown attention {attention!r}; choose one of {', '.join(ATTENTIONS)}")
        check_channels(rows, columns, channels)
        self.config = {
            **{name: int(size) for name, size in sizes.items()},
            "channels": [int(size) for size in channels],
            "cell": cell,
            "attention": attention,
            "dropout": float(dropout),
        }
        self.encoder = PictureEncoder(COLOURS, channels, rng=rng)
        below, across = self.encoder.regions(rows, columns)
        C = self.encoder.units
        cells = self.make_decoder(
            target_size,
            embedding_size,
            hidden_size,
            rng=rng,
            cell=cell,
            dropout=dropout,
            attention=attention,
            memory_size=C,
            input_feeding=attention != "none",
        )
        size = C if attention != "none" else below * across * C
        self.first = FirstState(size, hidden_size, cells.state_parts, rng=rng)
        self.dropout = Dropout(dropout, rng=rng)

    def encode(self, pictures: Array) -> DecoderState:
        """Equations (1) to (4): what the decoder starts from.

        Raises:
            ShapeError: the pictures have another size.
        """
        rows, columns = self.config["rows"], self.config["columns"]
        if pictures.shape[1:3] != (rows, columns):
            raise ShapeError(f"Captioner: pictures must be (N, {rows}, {columns}, 3), got shape {tuple(pictures.shape)}")
        m = self.dropout.forward(self.encoder.forward(pictures))  # (1)
        v = m.reshape(len(m), -1) if self.attention is None else m.mean(axis=1)  # (2), (3)
        return self.start_from(self.first.forward(v), m)  # (4)

    def encode_backward(self, dlast: State, dm: Array | None) -> Array:
        """The gradient with respect to the pictures, from those with respect to s_0, and with attention to m."""
        dv = self.first.backward(dlast)
        if dm is None:
            dm = dv.reshape(len(dv), -1, self.encoder.units)  # (5)  (N, S C) -> (N, S, C)
        else:
            dm = dm + dv[:, None] / dm.shape[1]  # (6)
        return self.encoder.backward(self.dropout.backward(dm))


def check_channels(rows: int, columns: int, channels: Sequence[int]) -> None:
    """Raise ``DataError`` unless there is a region to look at."""
    if not channels:
        raise DataError("Captioner: channels is empty; give the outputs of one convolution or more")
    if min(rows, columns) >> (len(channels) - 1) == 0:
        raise DataError(
            f"Captioner: {len(channels)} convolutions with pooling in between leave nothing of {rows} x {columns} pixels; "
            "use fewer channels"
        )
