"""A recurrent language model: which token comes next?

    e_t      = W_e[id_t]                          embedding                       (N, T, D)                        (1)
    h_t, s_t = cell(dropout(e_t), s_{t-1})        RNN, GRU or LSTM layers         (N, T, H)                        (2)
    z_t      = dropout(h_t) W + b                 logits over the vocabulary      (N, T, V)                        (3)
    loss     = mean of -log softmax(z_t)[id_{t+1}]                                in nats per token                (4)

    perplexity = exp(loss over a whole text)      a uniform guess among V tokens has perplexity V                  (5)

Dropout sits on the connections between layers, not on those through time (Zaremba et al., 2014). With tying, W = W_e^T, and
D must equal H (Press and Wolf, 2017). Mikolov et al. (2010) for the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn.backend import Array, BufferPool, backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.errors import DataError, ShapeError, whole_number
from scratchnn.layers import Dense, Dropout, Embedding
from scratchnn.losses import softmax_cross_entropy_forward
from scratchnn.recurrent import GRU, LSTM, RNN, Stacked
from scratchnn.recurrent.base import Recurrent, State

CELLS: dict[str, Callable[..., Recurrent]] = {"rnn": RNN, "gru": GRU, "lstm": LSTM}


class LanguageModel(Model):
    """Ids (N, T) -> logits (N, T, V) and the state to carry on with.

    Args:
        vocabulary_size: V.
        embedding_size, hidden_size: D and H.
        cell: ``"rnn"``, ``"gru"`` or ``"lstm"``.
        layers: number of recurrent layers.
        forget_bias: where the bias of an LSTM's forget gate starts.
        dropout: probability after the embedding, between the recurrent layers, and before the output layer.
        tied: whether the output layer uses the embedding table, transposed.
        rng: draws weights and masks.
    """

    def __init__(
        self,
        vocabulary_size: int,
        *,
        embedding_size: int,
        hidden_size: int,
        rng: np.random.Generator,
        cell: str = "lstm",
        layers: int = 1,
        forget_bias: float = 1.0,
        dropout: float = 0.0,
        tied: bool = False,
    ):
        super().__init__()
        if cell not in CELLS:
            raise DataError(f"unknown cell {cell!r}; choose one of {', '.join(CELLS)}")
        sizes = {"vocabulary_size": vocabulary_size, "embedding_size": embedding_size, "hidden_size": hidden_size}
        for name, size in {**sizes, "layers": layers}.items():
            whole_number(size, f"LanguageModel: {name}")
        if cell != "lstm" and forget_bias != 1:
            raise DataError(f"a forget bias of {forget_bias} needs an LSTM; a {cell} has no forget gate")
        if tied and embedding_size != hidden_size:
            raise DataError(f"weight tying needs embedding size = hidden size, got {embedding_size} and {hidden_size}")
        self.vocabulary_size = vocabulary_size
        self.embedding = Embedding(vocabulary_size, embedding_size, rng=rng)
        self.dropout_in = Dropout(dropout, rng=rng)
        below = [embedding_size] + [hidden_size] * (layers - 1)
        options = {"forget_bias": forget_bias} if cell == "lstm" else {}
        stack = [CELLS[cell](size, hidden_size, rng=rng, **options) for size in below]
        self.cells = Stacked(stack, dropout=dropout, rng=rng)
        self.dropout_out = Dropout(dropout, rng=rng)
        table = self.embedding.W if tied else None
        self.output = Dense(hidden_size, vocabulary_size, rng=rng, tied=table)
        self.pool = BufferPool()

    def forward(self, ids: Array, state: State | None = None) -> tuple[Array, State]:
        """Equations (1) to (3), from ``state`` (zeros where absent)."""
        h, state = self._hidden(ids, state)
        return self.output.forward(h), state

    def _hidden(self, ids: Array, state: State | None) -> tuple[Array, State]:
        """Equations (1) and (2): what the output layer sees."""
        if ids.ndim != 2:
            raise ShapeError(f"LanguageModel: ids must be (N, T), got shape {tuple(ids.shape)}")
        x = self.dropout_in.forward(self.embedding.forward(ids))
        y, state = self.cells.forward(x, state)
        return self.dropout_out.forward(y), state

    def backward(self, dlogits: Array, dstate: State | None = None) -> State:
        """From the gradients by the logits and by the final state: the gradient by the first state."""
        dy = self.dropout_out.backward(self.output.backward(dlogits))
        dx, dstate = self.cells.backward(dy, dstate)
        self.embedding.backward(self.dropout_in.backward(dx))
        return dstate

    # --- what the training loop calls --------------------------------------------------------------------------------

    def loss(self, batch: tuple[Array, ...], state: State | None) -> tuple[Array, int, State]:
        """Equation (4) for a batch (inputs, targets): the loss, an array of shape (), its number of targets, the state.

        The logits are by far the largest array. They are not returned, so one buffer, reused for each batch, holds them
        and then their gradient.
        """
        inputs, targets = batch
        h, state = self._hidden(inputs, state)
        lease = self.pool.lease()
        logits = self.output.forward(h, lease)
        loss, _ = softmax_cross_entropy_forward(logits, targets, out=logits)
        self.push((logits, lease))  # the loss has replaced the logits by their gradient
        if not self.training:
            lease.end()
        return loss, targets.size, state

    def backward_loss(self) -> None:
        """Backward from the latest ``loss``; the carried state is a constant, which is what truncates BPTT."""
        dlogits, lease = self.pop()
        self.backward(dlogits)
        lease.end()


def evaluate_text(model: LanguageModel, ids: np.ndarray, window: int = 256) -> tuple[float, int]:
    """Mean loss in nats over a whole text (M,), read from its start to its end with the state carried on.

    Returns:
        The loss and the number of tokens predicted, M - 1: every token but the first.
    """
    if len(ids) < 2:
        raise DataError("a text of fewer than two tokens has nothing to predict")
    whole_number(window, "evaluate_text: window")
    name = backend_name(model.embedding.W.data)
    was_training = model.training
    model.evaluate()
    total, state = 0.0, None
    try:
        for start in range(0, len(ids) - 1, window):
            part = move(ids[None, start : start + window + 1], name)
            loss, count, state = model.loss((part[:, :-1], part[:, 1:]), state)
            total += float(to_numpy(loss)) * count
    finally:
        model.train(was_training)
    return total / (len(ids) - 1), len(ids) - 1


def perplexity(loss: float) -> float:
    """Equation (5); infinite where it is too large to say."""
    return math.inf if loss > 700 else math.exp(loss)


def model_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The part of a run's settings that ``LanguageModel`` takes."""
    names = ("embedding_size", "hidden_size", "cell", "layers", "forget_bias", "dropout", "tied")
    return {name: settings[name] for name in names}
