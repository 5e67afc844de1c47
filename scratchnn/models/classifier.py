"""A classifier of sequences: many to one. Which of K classes does a text belong to, or which of K labels does it have?

    e_t  = W_e[id_t]                           embedding                                    (N, T, D)              (1)
    r    = reader(dropout(e))                  one vector per step                          (N, T', C)             (2)
    h    = pool(r)                             one vector per text                          (N, C)                 (3)
    z    = dropout(h) W + b                    logits                                       (N, K)                 (4)

The reader is one of

    recurrent        recurrent layers, in one or both directions               T' = T           C = H or 2H
    conv             c = relu(conv(e)), causal, one for each kernel size       T' = ceil(T / s)  C = H x kernel sizes
    conv-recurrent   recurrent layers that read c                              T' = ceil(T / s)  C = H or 2H
    embedding        nothing: r = e                                            T' = T           C = D

with stride s, and pool is one of

    last             the last output of the recurrent layers; with two directions, that of the forward layer after the last
                     step beside that of the backward layer after the first
    mean, max        over all real steps
    attention        a weighted average whose weights are learned

The output z is read in one of three ways. t is the target:

    softmax          K logits, one class:      loss = -log softmax(z)[t]                                           (5)
    sigmoid          one logit, two classes:   P(class 1) = sigmoid(z),  loss = softplus(z) - z t                  (6)
    multilabel       K logits, any of K labels: (6) for each label by itself, t_k = 0 or 1                         (7)

The loss of a batch of N texts is their mean, in (7) that over texts and labels, in nats. With class weights v_k, a text of
class k counts v_k times while training:

    loss = (1 / N) sum_n v_n loss_n                                                                                (8)

If the mean weight of all training texts is 1, the mean of (8) over an epoch is the weighted mean of all texts. The sum of
the weights of one batch would be the wrong divisor: a rare class would count less in the batches that contain it.

Sources: Elman (1990) to Cho et al. (2014) for the cells; Kim (2014) for convolutions of several sizes with maximum pooling;
Yang et al. (2016) for attention; Iyyer et al. (2015) for the mean of embeddings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from scratchnn.backend import Array, Generator, array_module
from scratchnn.core import Layer, Model
from scratchnn.errors import DataError, whole_number
from scratchnn.functions import sigmoid, softmax
from scratchnn.layers import AttentionPool, Dense, Dropout, Embedding, GlobalAveragePool1D, GlobalMaxPool1D
from scratchnn.losses import (
    sigmoid_cross_entropy_backward,
    sigmoid_cross_entropy_forward,
    softmax_cross_entropy_backward,
    softmax_cross_entropy_forward,
)
from scratchnn.models.convolutions import Convolutions
from scratchnn.recurrent import Bidirectional, SequenceLayer, Stacked
from scratchnn.recurrent.cells import make_cell

READERS = ("recurrent", "conv", "conv-recurrent", "embedding")
POOLINGS = ("last", "mean", "max", "attention")
OUTPUTS = ("softmax", "sigmoid", "multilabel")


class Classifier(Model):
    """Ids (N, T) and lengths (N,) -> logits (N, K), or (N,) for one sigmoid unit.

    Args:
        vocabulary_size, classes: V and K.
        embedding_size, hidden_size: D and H; a convolution has H outputs for each kernel size.
        rng: draws weights and masks.
        reader, pooling, output: one of ``READERS``, ``POOLINGS``, ``OUTPUTS``; see above.
        cell: one of ``recurrent.cells.CELLS``.
        layers: number of recurrent layers.
        bidirectional: whether each recurrent layer reads in both directions.
        kernel_sizes: steps that a convolution looks at, one convolution for each size.
        stride: of the convolutions.
        dropout: probability after the embedding, between the recurrent layers, and before the output layer.
        frozen: whether the embedding is kept as it is.
        class_weights: v_k, how much a text of each class counts while training (K,); 1 if None.
    """

    def __init__(
        self,
        vocabulary_size: int,
        classes: int,
        *,
        embedding_size: int,
        hidden_size: int,
        rng: Generator,
        reader: str = "recurrent",
        pooling: str = "last",
        output: str = "softmax",
        cell: str = "lstm",
        layers: int = 1,
        bidirectional: bool = False,
        kernel_sizes: Sequence[int] = (3,),
        stride: int = 1,
        dropout: float = 0.0,
        frozen: bool = False,
        class_weights: Sequence[float] | None = None,
    ):
        super().__init__()
        sizes = {"vocabulary_size": vocabulary_size, "embedding_size": embedding_size, "hidden_size": hidden_size}
        for name, size in {**sizes, "classes": classes, "layers": layers, "stride": stride}.items():
            whole_number(size, f"Classifier: {name}")
        check_choices(reader, pooling, output, classes, class_weights)
        self.config = {
            "vocabulary_size": int(vocabulary_size),
            "classes": int(classes),
            "embedding_size": int(embedding_size),
            "hidden_size": int(hidden_size),
            "cell": cell,
            "layers": int(layers),
            "bidirectional": bool(bidirectional),
            "dropout": float(dropout),
            "reader": reader,
            "pooling": pooling,
            "output": output,
            "kernel_sizes": [int(size) for size in kernel_sizes],
            "stride": int(stride),
            "frozen": bool(frozen),
            "class_weights": None if class_weights is None else [float(weight) for weight in class_weights],
        }
        self.embedding = Embedding(vocabulary_size, embedding_size, rng=rng, frozen=frozen)
        self.dropout_in = Dropout(dropout, rng=rng)
        width = embedding_size
        self.convolutions: Convolutions | None = None
        if reader.startswith("conv"):
            self.convolutions = Convolutions(width, hidden_size, kernel_sizes, stride=stride, rng=rng)
            width = self.convolutions.units
        self.reader: Stacked | None = None
        if reader.endswith("recurrent"):
            stack: list[SequenceLayer] = []
            for k in range(layers):
                sequences = k < layers - 1 or pooling != "last"
                directions = [
                    make_cell(cell, width, hidden_size, rng, return_sequences=sequences) for _ in range(1 + bidirectional)
                ]
                stack.append(Bidirectional(directions[0], directions[1]) if bidirectional else directions[0])
                width = stack[-1].units
            self.reader = Stacked(stack, dropout=dropout, rng=rng)
        self.pooling = make_pooling(pooling, width, rng)
        self.dropout_out = Dropout(dropout, rng=rng)
        self.output = Dense(width, 1 if output == "sigmoid" else classes, rng=rng)

    # --- the layers, one after the other -----------------------------------------------------------------------------

    def forward(self, ids: Array, lengths: Array) -> Array:
        """Equations (1) to (4)."""
        r, lengths = self.read(ids, lengths)
        h = r if self.pooling is None else self.pooling.forward(r, lengths)  # (3)
        z = self.output.forward(self.dropout_out.forward(h))  # (4)
        return z[:, 0] if self.config["output"] == "sigmoid" else z

    def read(self, ids: Array, lengths: Array) -> tuple[Array, Array]:
        """Equations (1) and (2): r (N, T', C), or (N, C) for the last output, and the lengths of r (N,)."""
        r = self.dropout_in.forward(self.embedding.forward(ids))  # (1)
        if self.convolutions is not None:
            r = self.convolutions.forward(r, lengths)
            lengths = self.convolutions.out_lengths(lengths)
        if self.reader is not None:
            r, _ = self.reader.forward(r, lengths=lengths)
        return r, lengths

    def backward(self, dlogits: Array) -> None:
        """From the gradient with respect to the logits; ids have none to return."""
        if self.config["output"] == "sigmoid":
            dlogits = dlogits[:, None]
        dr = self.dropout_out.backward(self.output.backward(dlogits))
        if self.pooling is not None:
            dr = self.pooling.backward(dr)
        if self.reader is not None:
            dr, _ = self.reader.backward(dr)
        if self.convolutions is not None:
            dr = self.convolutions.backward(dr)
        self.embedding.backward(self.dropout_in.backward(dr))

    # --- the loss ----------------------------------------------------------------------------------------------------

    def score(self, logits: Array, targets: Array) -> tuple[Array, tuple]:
        """Equations (5) to (8): the loss () and the cache of its backward pass.

        Args:
            logits: (N, K), or (N,) for one sigmoid unit.
            targets: classes (N,), or 0 and 1 for each label (N, K) if the output is ``"multilabel"``.
        """
        given = self.config["class_weights"] if self.training else None
        weights, scale = None, 1
        if given is not None:
            weights = array_module(logits).asarray(given, dtype=logits.real.dtype)[targets]  # v_n  (N,)
            scale = weights.mean()  # both losses divide by the sum of the weights, (8) by N
        if self.config["output"] == "softmax":
            loss, cache = softmax_cross_entropy_forward(logits, targets, step_weights=weights)  # (5)
        else:
            loss, cache = sigmoid_cross_entropy_forward(
                logits, targets.astype(logits.dtype), step_weights=weights
            )  # (6), (7)
        return loss * scale, (cache, scale)  # (8)

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, None]:
        """The loss () of a batch (ids, lengths, targets), the number of texts, and no state."""
        ids, lengths, targets = batch
        loss, cache = self.score(self.forward(ids, lengths), targets)
        self.push(cache)
        return loss, len(targets), None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``, for the gradient ``dloss`` with respect to it."""
        softmax = self.config["output"] == "softmax"
        step = softmax_cross_entropy_backward if softmax else sigmoid_cross_entropy_backward
        cache, scale = self.pop()
        self.backward(step(dloss * scale, cache))  # (8)

    def probabilities(self, logits: Array) -> Array:
        """The probability of each class, or of each label by itself (N, K)."""
        if self.config["output"] == "softmax":
            return softmax(logits)
        p = sigmoid(logits)
        return array_module(p).stack([1 - p, p], axis=1) if self.config["output"] == "sigmoid" else p


def check_choices(reader: str, pooling: str, output: str, classes: int, class_weights: Sequence[float] | None) -> None:
    """Raise ``DataError`` for a reader, a pooling or an output that is unknown, or that do not go together."""
    for what, value, known in (("reader", reader, READERS), ("pooling", pooling, POOLINGS), ("output", output, OUTPUTS)):
        if value not in known:
            raise DataError(f"Classifier: unknown {what} {value!r}; choose one of {', '.join(known)}")
    if pooling == "last" and not reader.endswith("recurrent"):
        raise DataError(f"pooling 'last' needs recurrent layers; with the reader {reader!r}, use mean, max or attention")
    if output == "sigmoid" and classes != 2:
        raise DataError(f"one sigmoid unit separates two classes, but there are {classes}; use the output 'softmax'")
    if class_weights is None:
        return
    if output == "multilabel":
        raise DataError("class weights need one class per text; leave them out with the output 'multilabel'")
    if len(class_weights) != classes or min(class_weights) <= 0:
        raise DataError(f"class weights must be {classes} numbers above 0, got {list(class_weights)}")


def make_pooling(name: str, width: int, rng: Generator) -> Layer | None:
    """The layer that pools steps of ``width`` numbers; None for ``"last"``, which the recurrent layers do themselves."""
    if name == "last":
        return None
    if name == "attention":
        return AttentionPool(width, width, rng=rng)
    return GlobalMaxPool1D() if name == "max" else GlobalAveragePool1D()
