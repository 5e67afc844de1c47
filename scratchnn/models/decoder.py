"""The half of a model that writes: a decoder, from its first state to the loss, and step by step when it is asked to write.

What is read, a sentence or a picture, gives the decoder's first state s_0 and, with attention, a memory: vectors m_j. The
decoder is one of

    plain            h_t, s_t = cells(e_t, s_{t-1})                      r_t = h_t                                 (1)
    peeky            h_t, s_t = cells([e_t, v], s_{t-1})                 r_t = [h_t, v]                            (2)
    attention        h_t, s_t = cells(e_t, s_{t-1})                      r_t = f_t = tanh([h_t, c_t] W_c + b_c)    (3)
    input feeding    h_t, s_t = cell([e_t, f_{t-1}], s_{t-1})            r_t = f_t of (3)                          (4)

with e_t = W_t[y_{t-1}], y_0 = <bos>, v the hidden part of s_0 of the highest layer, and c_t what attention reads of the
memory (``attention/``). Then

    z_t      = r_t W + b                               logits over the target vocabulary (N, T, V)                 (5)
    loss     = mean of -log softmax(z_t)[y_t] over all real target tokens, <eos> included                          (6)

While training the decoder reads the true tokens (teacher forcing), afterwards its own. Backward, the gradients with respect
to s_0 and to the memory leave the decoder. Dropout acts on e_t, between the layers, and on r_t. With tying, W is W_t
transposed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.attention import SCORES, Attention, AttentionDecoder, make_attention
from scratchnn.backend import Array, BufferPool, Generator, array_module, backend_name, move
from scratchnn.core import Model
from scratchnn.errors import DataError
from scratchnn.layers import Dense, Dropout, Embedding
from scratchnn.losses import softmax_cross_entropy_forward
from scratchnn.models.decoder_state import DecoderState
from scratchnn.models.encoder import stack
from scratchnn.models.peeky import add_to_highest, beside, highest
from scratchnn.recurrent.base import State
from scratchnn.recurrent.cells import make_cell

ATTENTIONS = ("none", *SCORES)


class DecoderModel(Model):
    """Base of the models that write: a source, and decoder inputs (N, T) with lengths (N,) -> logits (N, T, V).

    The source is one or more arrays of N rows, which ``encode`` takes. A subclass defines ``encode`` and
    ``encode_backward``. Its constructor sets ``config``, calls ``make_decoder``, and sets ``dropout``: one layer, which is
    used in several places, so that its masks form a stack.
    """

    target: Embedding
    decoder: Any  # a recurrent layer, or an AttentionDecoder
    output: Dense
    dropout: Dropout

    def __init__(self) -> None:
        super().__init__()
        self.pool = BufferPool()

    def make_decoder(
        self,
        target_size: int,
        embedding_size: int,
        hidden_size: int,
        *,
        rng: Generator,
        cell: str,
        dropout: float,
        attention: str,
        memory_size: int,
        layers: int = 1,
        input_feeding: bool = False,
        peeky: bool = False,
        tied: bool = False,
    ) -> Any:
        """Set ``target``, ``decoder`` and ``output``; returns the recurrent layers of the decoder.

        Args:
            target_size, embedding_size, hidden_size: V, D and H.
            rng: draws weights and masks.
            cell: one of ``recurrent.cells.CELLS``.
            dropout: probability between the layers.
            attention: one of ``ATTENTIONS``.
            memory_size: the size of the vectors m_j.
            layers: number of recurrent layers.
            input_feeding: whether the attention vector of a step is an input of the next one, equation (4); one layer.
            peeky: whether each step and the output see the first state, equation (2).
            tied: whether W is the table of the embedding, transposed. Attention vectors then have D entries instead of H.
        """
        D, H = embedding_size, hidden_size
        vector = D if tied else H  # size of an attention vector
        self.peeky, self.input_feeding = peeky, input_feeding
        self.target = Embedding(target_size, D, rng=rng)
        below = [D + H * peeky] + [H] * (layers - 1)
        cells = stack([make_cell(cell, size, H, rng) for size in below], dropout, rng)
        self.decoder = cells
        width = H + H * peeky
        if attention != "none":
            scores = make_attention(attention, H, memory_size, H, rng)
            self.decoder = AttentionDecoder(cells, scores, vector, input_feeding=input_feeding, rng=rng)
            width = vector
        self.output = Dense(width, target_size, rng=rng, tied=self.target.W if tied else None)
        return cells

    # --- what is read ------------------------------------------------------------------------------------------------

    def encode(self, *source: Array) -> DecoderState:
        """What the decoder starts from; see ``start_from``."""
        raise TypeError(f"{type(self).__name__} does not define encode")

    def encode_backward(self, dlast: State, dm: Array | None) -> Any:
        """From the gradients with respect to s_0, and with attention to m; adds to those of the parameters."""
        raise TypeError(f"{type(self).__name__} does not define encode_backward")

    def start_from(self, last: State, m: Array, lengths: Array | None = None) -> DecoderState:
        """The decoder's state before the first token.

        Args:
            last: s_0.
            m: the memory (N, S, C); not used without attention.
            lengths: number of real vectors of each memory (N,); S if None.
        """
        if self.attention is None:
            return DecoderState(last, highest(self.decoder, last) if self.peeky else None)
        return DecoderState(self.decoder.with_fed(last, m), None, self.attention.prepare(m, lengths))

    # --- equations (1) to (6) ----------------------------------------------------------------------------------------

    @property
    def attention(self) -> Attention | None:
        """The decoder's attention layer, or None."""
        return getattr(self.decoder, "attention", None)

    def decode(self, inputs: Array, state: DecoderState, lengths: Array | None = None) -> tuple[Array, DecoderState]:
        """Equations (1) to (5): logits, and the state after the last token."""
        r, state = self.read(inputs, state, lengths)
        return self.output.forward(self.dropout.forward(r)), state

    def read(self, inputs: Array, state: DecoderState, lengths: Array | None) -> tuple[Array, DecoderState]:
        """Equations (1) to (4): r (N, T, W), and the state after the last token."""
        cells, peeked, memory = state
        x = self.dropout.forward(self.target.forward(inputs))
        if peeked is not None:
            x = beside(x, peeked)
        if memory is None:
            r, cells = self.decoder.forward(x, cells, lengths)
        else:
            r, cells = self.decoder.forward(x, memory, cells, lengths)
        if peeked is not None:
            r = beside(r, peeked)
        return r, DecoderState(cells, peeked, memory)

    def forward(self, *batch: Array) -> Array:
        """Equations (1) to (5): logits (N, T, V) for the source, the decoder's inputs (N, T) and their lengths (N,)."""
        *source, inputs, lengths = batch
        return self.decode(inputs, self.encode(*source), lengths)[0]

    def backward(self, dlogits: Array) -> Any:
        """From the gradient with respect to the logits of ``forward``; returns what ``encode_backward`` does."""
        return self.backward_read(self.dropout.backward(self.output.backward(dlogits)))

    def backward_read(self, dr: Array) -> Any:
        """From the gradient with respect to r (N, T, W), back through decoder, memory, state and what was read."""
        D, H = self.config["embedding_size"], self.config["hidden_size"]
        dm: Any = None
        if self.attention is None:
            dx, dlast = self.decoder.backward(dr[:, :, :H])
        else:
            dx, dm, dlast = self.decoder.backward(dr)
            dlast = dlast[0] if self.input_feeding else dlast  # f_0 = 0 is a constant
        if self.peeky:
            dpeeked = dr[:, :, H:].sum(axis=1) + dx[:, :, D:].sum(axis=1)  # (2)
            dlast, dx = add_to_highest(self.decoder, dlast, dpeeked), dx[:, :, :D]
        self.target.backward(self.dropout.backward(dx))
        if self.attention is not None:
            dm = self.attention.prepare_backward(dm)
        return self.encode_backward(dlast, dm)

    # --- what the training loop calls --------------------------------------------------------------------------------

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, None]:
        """Equation (6): the loss (), the number of real target tokens, and no state.

        The output layer takes most of the time. It computes the logits of the P real tokens only, in one buffer that is
        reused for each batch and holds first them, then their gradient.

        Args:
            batch: the source, the decoder's inputs (N, T), their lengths (N,), and the target tokens (N, T).
            state: not used.
        """
        *source, inputs, lengths, outputs = batch
        xp = array_module(outputs)
        # on a GPU this waits for all that was started, so it comes before the work
        real = xp.flatnonzero(xp.arange(outputs.shape[1]) < lengths[:, None])  # (P,) of N T
        r, _ = self.read(inputs, self.encode(*source), lengths)
        rows = self.dropout.forward(r.reshape(-1, r.shape[2])[real])  # (P, W)
        lease = self.pool.lease()
        logits = self.output.forward(rows, lease)  # (P, V)
        loss, _ = softmax_cross_entropy_forward(logits, outputs.reshape(-1)[real], out=logits)
        dlogits = logits  # which the loss has replaced by their gradient
        self.push((dlogits, lease, real, r.shape))
        if not self.training:
            lease.end()
        return loss, len(real), None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``, for the gradient ``dloss`` with respect to it."""
        dlogits, lease, real, shape = self.pop()
        if dloss != 1:
            dlogits *= dloss
        drows = self.dropout.backward(self.output.backward(dlogits))  # (P, V) -> (P, W)
        lease.end()
        dr = array_module(drows).zeros(shape, dtype=drows.dtype)
        dr.reshape(-1, shape[2])[real] = drows
        self.backward_read(dr)

    # --- writing -----------------------------------------------------------------------------------------------------

    def start(self, *source: np.ndarray) -> DecoderState:
        """The decoder's state before the first token of N targets; ``source`` as ``encode`` takes it, in host memory."""
        name = backend_name(self.target.W.data)
        with self.evaluation():
            return self.encode(*(move(part, name) for part in source))

    def step(self, ids: np.ndarray, state: DecoderState) -> tuple[Array, DecoderState]:
        """For decoding: ids (N, T) in host memory give the logits after the last of them (N, V), and the state.

        The state may have N = B n rows of n sources, B for each source, one after the other (see ``select``).
        """
        with self.evaluation():
            r, state = self.read(move(ids, backend_name(self.target.W.data)), state, None)
            return self.output.forward(r[:, -1]), state

    def select(self, state: DecoderState, rows: np.ndarray) -> DecoderState:
        """The state of other rows, see ``DecoderState.select``: what a beam search calls."""
        return state.select(rows)

    def alignments(self, *batch: Array) -> Array:
        """What attention reads, for figures: weights (N, T, S) of the memory when each target token is predicted.

        Args:
            batch: as ``forward`` takes it: the inputs begin with ``<bos>``, and row t belongs to the prediction of the
                token after input t. Weights of padding are zero on both sides.

        Raises:
            DataError: the model has no attention.
        """
        *source, inputs, lengths = batch
        if self.attention is None:
            owner = type(self).__name__
            raise DataError(f"{owner}: this model has no attention, so it has no alignments; train it with attention")
        with self.evaluation():
            state = self.encode(*source)
            return self.decoder.run(self.target.forward(inputs), state.memory, state.cells, lengths)[1]
