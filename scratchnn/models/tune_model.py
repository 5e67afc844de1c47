"""A language model of tunes that also reads a clock: which token comes next, if so much of the bar is left?

    c_t      = [W_c[clock_t1], ..., W_c[clock_tK]]     the clock's K counts, embedded   (N, T, K C)                (1)
    h_t, s_t = cell([dropout(W_e[id_t]), c_t], s_{t-1})                                 (N, T, H)                  (2)
    z_t      = [dropout(h_t), c_t] W + b               logits over the vocabulary       (N, T, V)                  (3)

    dc_t     = the gradient with respect to c_t in (2) + that in (3)                                               (4)

The clock is a function of the tokens so far (``scratchnn.music.clock``). It enters twice: (2) lets the cells plan how to
fill a bar, and in (3) "no length is left" can rule out every note, whatever the hidden state is. It has no dropout: a count
that is sometimes missing cannot be relied on. Mikolov and Zweig (2012) for a side input that reaches both layers.

Shapes: rows (N, T, 1 + K), each the id of a token and the K ids of the clock after it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array, array_module
from scratchnn.errors import DataError, ShapeError, whole_number
from scratchnn.layers import Embedding
from scratchnn.models.language_model import LanguageModel
from scratchnn.recurrent.base import State


class TuneModel(LanguageModel):
    """Rows (N, T, 1 + K) -> logits (N, T, V) and the state to carry on with.

    Args:
        vocabulary_size: V.
        clocks: distinct ids of the clock.
        counts: K.
        clock_size: C.
        rng: draws weights and masks.
        options: those of ``LanguageModel``, ``tied`` excepted.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        clocks: int,
        counts: int,
        rng: np.random.Generator,
        clock_size: int = 32,
        **options: Any,
    ):
        if options.get("tied"):
            raise DataError("TuneModel: its output layer also reads the clock, so it cannot be tied; leave tied out")
        sizes = {"clocks": clocks, "counts": counts, "clock_size": clock_size}
        sizes = {name: whole_number(size, f"TuneModel: {name}") for name, size in sizes.items()}
        super().__init__(vocabulary_size, beside=counts * clock_size, rng=rng, **options)
        self.config |= sizes
        self.clock = Embedding(clocks, clock_size, rng=rng)

    def _hidden(self, ids: Array, state: State | None) -> tuple[Array, State]:
        """Equations (1) and (2), and what the output layer sees: [dropout(h), c]."""
        K = self.config["counts"]
        if ids.ndim != 3 or ids.shape[2] != 1 + K:
            raise ShapeError(f"TuneModel: rows must be (N, T, {1 + K}), ids and clocks, got shape {tuple(ids.shape)}")
        xp = array_module(ids)
        c = self.clock.forward(ids[..., 1:]).reshape(*ids.shape[:2], -1)  # (1)  (N, T, K, C) -> (N, T, K C)
        e = self.dropout_in.forward(self.embedding.forward(ids[..., 0]))
        h, state = self.cells.forward(xp.concatenate([e, c], axis=2), state)  # (2)  (N, T, H)
        return xp.concatenate([self.dropout_out.forward(h), c], axis=2), state  # (N, T, H + K C)

    def backward(self, dlogits: Array, dstate: State | None = None) -> State:
        """The gradient with respect to the first state, from those with respect to the logits and the final state."""
        D, H = self.config["embedding_size"], self.config["hidden_size"]
        dy = self.output.backward(dlogits)  # (3)  (N, T, V) -> (N, T, H + K C)
        dx, dstate = self.cells.backward(self.dropout_out.backward(dy[..., :H]), dstate)  # (2)
        self.embedding.backward(self.dropout_in.backward(dx[..., :D]))
        dc = dx[..., D:] + dy[..., H:]  # (4)  (N, T, K C)
        self.clock.backward(dc.reshape(*dc.shape[:2], self.config["counts"], -1))
        return dstate

    def loss(self, batch: tuple[Array, ...], state: State | None) -> tuple[Array, int, State]:
        """As ``LanguageModel.loss``, for rows; those of the targets have clocks too, which are not predicted."""
        inputs, targets, *masks = batch
        return super().loss((inputs, targets[..., 0], *masks), state)
