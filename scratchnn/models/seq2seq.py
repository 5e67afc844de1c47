"""Sequence to sequence: an encoder reads the source, a decoder writes the target. Sutskever, Vinyals and Le (2014).

    s_0         = the encoder's state after the last real token of the source                                      (1)
    h_t, s_t    = cell(W_d[y_{t-1}], s_{t-1})          y_0 = <bos>                       (N, T, H)                 (2)
    z_t         = h_t W + b                            logits over the target vocabulary (N, T, V)                 (3)
    loss        = mean of -log softmax(z_t)[y_t] over all real target tokens, <eos> included                       (4)

While training the decoder reads the true tokens (teacher forcing), afterwards its own. Encoder and decoder have the same
cell and size, so the whole state is handed over: for an LSTM both h and c. Backward, the gradient with respect to s_0
leaves the decoder and enters the encoder as the gradient with respect to its final state.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.backend import Array, Generator, array_module, backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.errors import whole_number
from scratchnn.layers import Dense, Embedding
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.recurrent.base import State
from scratchnn.recurrent.cells import make_cell


class Seq2Seq(Model):
    """Source ids (N, S) and decoder inputs (N, T), each with lengths (N,) -> logits (N, T, V).

    Args:
        source_size, target_size: sizes of the two vocabularies.
        embedding_size, hidden_size: D and H.
        cell: one of ``recurrent.cells.CELLS``.
        rng: draws the weights.
    """

    def __init__(
        self,
        source_size: int,
        target_size: int,
        *,
        embedding_size: int,
        hidden_size: int,
        rng: Generator,
        cell: str = "lstm",
    ):
        super().__init__()
        sizes = {"source_size": source_size, "target_size": target_size}
        for name, size in {**sizes, "embedding_size": embedding_size, "hidden_size": hidden_size}.items():
            whole_number(size, f"Seq2Seq: {name}")
        self.config = {
            "source_size": int(source_size),
            "target_size": int(target_size),
            "embedding_size": int(embedding_size),
            "hidden_size": int(hidden_size),
            "cell": cell,
        }
        self.source = Embedding(source_size, embedding_size, rng=rng)
        self.encoder = make_cell(cell, embedding_size, hidden_size, rng, return_sequences=False)
        self.target = Embedding(target_size, embedding_size, rng=rng)
        self.decoder = make_cell(cell, embedding_size, hidden_size, rng)
        self.output = Dense(hidden_size, target_size, rng=rng)

    def encode(self, source: Array, lengths: Array) -> State:
        """Equation (1)."""
        return self.encoder.forward(self.source.forward(source), lengths=lengths)[1]

    def decode(self, inputs: Array, state: State, lengths: Array | None = None) -> tuple[Array, State]:
        """Equations (2) and (3): logits, and the state after the last token."""
        h, state = self.decoder.forward(self.target.forward(inputs), state, lengths)
        return self.output.forward(h), state

    def forward(self, source: Array, source_lengths: Array, inputs: Array, lengths: Array) -> Array:
        """Equations (1) to (3)."""
        return self.decode(inputs, self.encode(source, source_lengths), lengths)[0]

    def backward(self, dlogits: Array) -> None:
        """From the gradient with respect to the logits, back through decoder, state and encoder."""
        dinputs, dstate = self.decoder.backward(self.output.backward(dlogits))
        self.target.backward(dinputs)
        no_output = array_module(dlogits).zeros((len(dlogits), self.encoder.units), dtype=dlogits.dtype)
        dsource, _ = self.encoder.backward(no_output, dstate)
        self.source.backward(dsource)

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, None]:
        """Equation (4) for a batch of ``data.Pairs``: the loss (), the number of real target tokens, and no state."""
        source, source_lengths, inputs, lengths, outputs = batch
        logits = self.forward(source, source_lengths, inputs, lengths)
        mask = array_module(outputs).arange(outputs.shape[1]) < lengths[:, None]
        loss, cache = softmax_cross_entropy_forward(logits, outputs, mask)
        self.push(cache)
        return loss, int(to_numpy(lengths).sum()), None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``, for the gradient ``dloss`` with respect to it."""
        self.backward(softmax_cross_entropy_backward(dloss, self.pop()))

    # --- decoding ----------------------------------------------------------------------------------------------------

    def start(self, source: np.ndarray) -> State:
        """The decoder's first state for one source (S,) in host memory."""
        ids = move(source[None], backend_name(self.source.W.data))
        lengths = move(np.array([len(source)]), backend_name(self.source.W.data))
        with self.evaluation():
            return self.encode(ids, lengths)

    def step(self, ids: np.ndarray, state: State) -> tuple[Array, State]:
        """For decoding: ids (N, T) in host memory give the logits after the last of them (N, V), and the state."""
        with self.evaluation():
            logits, state = self.decode(move(ids, backend_name(self.target.W.data)), state)
        return logits[:, -1], state
