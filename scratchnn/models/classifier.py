"""A classifier of sequences: many to one. Which of K classes does a text belong to?

    e_t  = W_e[id_t]                           embedding                                    (N, T, D)              (1)
    h    = the last output of recurrent layers that read e_1 .. e_L                         (N, H), or (N, 2H)     (2)
    z    = dropout(h) W + b                    logits over the classes                      (N, K)                 (3)
    loss = mean of -log softmax(z)[class]      in nats per text                                                    (4)

L is a sequence's own length. With two directions, h is the output of the forward layer after e_L and that of the backward
layer after e_1, side by side.
"""

from __future__ import annotations

from typing import Any

from scratchnn.backend import Array, Generator
from scratchnn.core import Model
from scratchnn.errors import whole_number
from scratchnn.layers import Dense, Dropout, Embedding
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.recurrent import Bidirectional, SequenceLayer, Stacked
from scratchnn.recurrent.cells import make_cell


class Classifier(Model):
    """Ids (N, T) and lengths (N,) -> logits (N, K).

    Args:
        vocabulary_size, classes: V and K.
        embedding_size, hidden_size: D and H.
        cell: one of ``recurrent.cells.CELLS``.
        layers: number of recurrent layers.
        bidirectional: whether each layer reads in both directions.
        dropout: probability after the embedding, between the recurrent layers, and before the output layer.
        rng: draws weights and masks.
    """

    def __init__(
        self,
        vocabulary_size: int,
        classes: int,
        *,
        embedding_size: int,
        hidden_size: int,
        rng: Generator,
        cell: str = "lstm",
        layers: int = 1,
        bidirectional: bool = False,
        dropout: float = 0.0,
    ):
        super().__init__()
        sizes = {"vocabulary_size": vocabulary_size, "embedding_size": embedding_size, "hidden_size": hidden_size}
        for name, size in {**sizes, "classes": classes, "layers": layers}.items():
            whole_number(size, f"Classifier: {name}")
        self.config = {
            "vocabulary_size": int(vocabulary_size),
            "classes": int(classes),
            "embedding_size": int(embedding_size),
            "hidden_size": int(hidden_size),
            "cell": cell,
            "layers": int(layers),
            "bidirectional": bool(bidirectional),
            "dropout": float(dropout),
        }
        width = 2 * hidden_size if bidirectional else hidden_size
        self.embedding = Embedding(vocabulary_size, embedding_size, rng=rng)
        self.dropout_in = Dropout(dropout, rng=rng)
        stack: list[SequenceLayer] = []
        for k in range(layers):
            below, sequences = width if k else embedding_size, k < layers - 1
            left_to_right = make_cell(cell, below, hidden_size, rng, return_sequences=sequences)
            if bidirectional:
                right_to_left = make_cell(cell, below, hidden_size, rng, return_sequences=sequences)
                stack.append(Bidirectional(left_to_right, right_to_left))
            else:
                stack.append(left_to_right)
        self.reader = Stacked(stack, dropout=dropout, rng=rng)
        self.dropout_out = Dropout(dropout, rng=rng)
        self.output = Dense(width, classes, rng=rng)

    def forward(self, ids: Array, lengths: Array) -> Array:
        """Equations (1) to (3)."""
        e = self.dropout_in.forward(self.embedding.forward(ids))
        h, _ = self.reader.forward(e, lengths=lengths)
        return self.output.forward(self.dropout_out.forward(h))

    def backward(self, dlogits: Array) -> None:
        """From the gradient with respect to the logits; ids have none to return."""
        dh = self.dropout_out.backward(self.output.backward(dlogits))
        de, _ = self.reader.backward(dh)
        self.embedding.backward(self.dropout_in.backward(de))

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, None]:
        """Equation (4) for a batch (ids, lengths, classes (N,)): the loss (), the number of texts, and no state."""
        ids, lengths, classes = batch
        loss, cache = softmax_cross_entropy_forward(self.forward(ids, lengths), classes)
        self.push(cache)
        return loss, classes.size, None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``, for the gradient ``dloss`` with respect to it."""
        self.backward(softmax_cross_entropy_backward(dloss, self.pop()))
