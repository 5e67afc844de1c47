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

import numpy as np

from scratchnn.backend import Array, BufferPool, backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.errors import DataError, ShapeError, whole_number
from scratchnn.layers import Dense, Dropout, Embedding
from scratchnn.losses import softmax_cross_entropy_forward
from scratchnn.metrics import perplexity
from scratchnn.recurrent import Stacked
from scratchnn.recurrent.base import State
from scratchnn.recurrent.cells import make_cell


class LanguageModel(Model):
    """Ids (N, T) -> logits (N, T, V) and the state to carry on with.

    Args:
        vocabulary_size: V.
        embedding_size, hidden_size: D and H.
        cell: one of ``recurrent.cells.CELLS``.
        layers: number of recurrent layers.
        forget_bias: initial bias of the LSTM's forget gate.
        dropout: probability after the embedding, between the recurrent layers, and before the output layer.
        tied: whether the output layer uses the embedding table, transposed.
        rng: draws weights and masks.
        beside: numbers that a subclass puts beside the embedding and beside the hidden state of each step.
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
        beside: int = 0,
    ):
        super().__init__()
        sizes = {"vocabulary_size": vocabulary_size, "embedding_size": embedding_size, "hidden_size": hidden_size}
        for name, size in {**sizes, "layers": layers}.items():
            whole_number(size, f"LanguageModel: {name}")
        if tied and embedding_size != hidden_size:
            raise DataError(f"weight tying needs embedding size = hidden size, got {embedding_size} and {hidden_size}")
        self.config = {
            "vocabulary_size": int(vocabulary_size),
            "embedding_size": int(embedding_size),
            "hidden_size": int(hidden_size),
            "cell": cell,
            "layers": int(layers),
            "forget_bias": float(forget_bias),
            "dropout": float(dropout),
            "tied": bool(tied),
        }
        self.embedding = Embedding(vocabulary_size, embedding_size, rng=rng)
        self.dropout_in = Dropout(dropout, rng=rng)
        below = [embedding_size + beside] + [hidden_size] * (layers - 1)
        stack = [make_cell(cell, size, hidden_size, rng, forget_bias) for size in below]
        self.cells = Stacked(stack, dropout=dropout, rng=rng)
        self.dropout_out = Dropout(dropout, rng=rng)
        table = self.embedding.W if tied else None
        self.output = Dense(hidden_size + beside, vocabulary_size, rng=rng, tied=table)
        self.pool = BufferPool()

    def forward(self, ids: Array, state: State | None = None) -> tuple[Array, State]:
        """Equations (1) to (3), from ``state``; zeros if None."""
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
        """The gradient with respect to the first state, from those with respect to the logits and the final state."""
        dy = self.dropout_out.backward(self.output.backward(dlogits))
        dx, dstate = self.cells.backward(dy, dstate)
        self.embedding.backward(self.dropout_in.backward(dx))
        return dstate

    def step(self, ids: np.ndarray, state: State | None) -> tuple[Array, State]:
        """For decoding: ids (N, T) in host memory give the logits after the last of them (N, V), and the state."""
        with self.evaluation():
            logits, state = self.forward(move(ids, backend_name(self.embedding.W.data)), state)
        return logits[:, -1], state

    # --- what the training loop calls --------------------------------------------------------------------------------

    def loss(self, batch: tuple[Array, ...], state: State | None) -> tuple[Array, int, State]:
        """Equation (4) for a batch (inputs, targets): the loss, an array of shape (), its number of targets, the state.

        A third array of a batch, a mask (N, T), is false for targets that do not count.

        The logits are by far the largest array. They are not returned, so one buffer, reused for each batch, holds them
        and then their gradient.
        """
        inputs, targets, *masks = batch
        mask = masks[0] if masks else None
        count = targets.size if mask is None else int(to_numpy(mask).sum())  # first, while a GPU has nothing else to finish
        h, state = self._hidden(inputs, state)
        lease = self.pool.lease()
        logits = self.output.forward(h, lease)
        loss, _ = softmax_cross_entropy_forward(logits, targets, mask, out=logits)
        self.push((logits, lease))  # the loss has replaced the logits by their gradient
        if not self.training:
            lease.end()
        return loss, count, state

    def inputs(self, batch: tuple[Array, ...]) -> tuple[Array, ...]:
        """The inputs alone."""
        return batch[:1]

    def figures(self, loss: float) -> dict[str, float]:
        """The loss in nats per token, and equation (5)."""
        return {"loss": loss, "perplexity": perplexity(loss)}

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``; the carried state is a constant, which is what truncates BPTT."""
        dlogits, lease = self.pop()
        if dloss != 1:
            dlogits *= dloss
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
    total, state = 0.0, None
    with model.evaluation():
        for start in range(0, len(ids) - 1, window):
            part = move(ids[None, start : start + window + 1], name)
            loss, count, state = model.loss((part[:, :-1], part[:, 1:]), state)
            total += float(to_numpy(loss)) * count
    return total / (len(ids) - 1), len(ids) - 1
