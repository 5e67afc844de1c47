"""Sequence to sequence: an encoder reads the source, a decoder writes the target.

    m_j, s   = encoder(W_s[x_j])                       outputs (N, S, C), C = H or 2H, and final states            (1)
    s_0      = s, or bridge(s) with two directions     the decoder's first state, ``encoder.py``                  (2)

The decoder is one of

    plain            h_t, s_t = cells(e_t, s_{t-1})                      r_t = h_t                                 (3)
    peeky            h_t, s_t = cells([e_t, v], s_{t-1})                 r_t = [h_t, v]                            (4)
    attention        h_t, s_t = cells(e_t, s_{t-1})                      r_t = f_t = tanh([h_t, c_t] W_c + b_c)    (5)
    input feeding    h_t, s_t = cell([e_t, f_{t-1}], s_{t-1})            r_t = f_t of (5)                          (6)

with e_t = W_t[y_{t-1}], y_0 = <bos>, v the hidden part of s_0 of the highest layer, and c_t what attention reads of the
encoder's outputs m (``attention/``). Then

    z_t      = r_t W + b                               logits over the target vocabulary (N, T, V)                 (7)
    loss     = mean of -log softmax(z_t)[y_t] over all real target tokens, <eos> included                          (8)

While training the decoder reads the true tokens (teacher forcing), afterwards its own. The whole state is handed over: for
an LSTM both h and c, and each layer's state to the decoder's layer of the same number. Backward, the gradient with respect
to s_0 leaves the decoder and enters the encoder as the gradient with respect to its final states; attention adds a second
way, through m. Dropout acts on both embeddings, between the layers, on m, and on r_t. With tying, W is W_t transposed.

The source may be read in reverse (Sutskever, Vinyals and Le, 2014): that is a matter of the data, which reverses the ids
before they are padded, in training, ``start`` and ``alignments`` alike. Sources: Sutskever, Vinyals and Le (2014) for (3);
Cho et al. (2014) and Saitoh, *Deep Learning from Scratch 2* (2018) for (4), where Saitoh calls it peeky; Bahdanau, Cho and
Bengio (2015) and Luong, Pham and Manning (2015) for (5) and (6); Press and Wolf (2017) for tying.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from scratchnn.attention import SCORES, Attention, AttentionDecoder, make_attention
from scratchnn.backend import Array, BufferPool, Generator, array_module, backend_name, move
from scratchnn.core import Model
from scratchnn.errors import DataError, whole_number
from scratchnn.layers import Dense, Dropout, Embedding
from scratchnn.losses import softmax_cross_entropy_forward
from scratchnn.models.decoder_state import DecoderState
from scratchnn.models.encoder import Bridge, make_encoder, stack
from scratchnn.models.peeky import add_to_highest, beside, highest
from scratchnn.recurrent.cells import make_cell

ATTENTIONS = ("none", *SCORES)


class Seq2Seq(Model):
    """Source ids (N, S) and decoder inputs (N, T), each with lengths (N,) -> logits (N, T, V).

    Args:
        source_size, target_size: sizes of the two vocabularies.
        embedding_size, hidden_size: D and H.
        rng: draws weights and masks.
        cell: one of ``recurrent.cells.CELLS``.
        layers: number of recurrent layers of the encoder, and of the decoder.
        bidirectional: whether each layer of the encoder reads in both directions, with H units each.
        attention: one of ``ATTENTIONS``: what the decoder reads of the encoder's outputs.
        input_feeding: whether the attention vector of a step is an input of the next one, equation (6); with one layer.
        peeky: whether each step and the output see the first state, equation (4).
        dropout: probability after both embeddings, between the layers, and of m and r_t.
        tied: whether the output layer uses the table of the target's embedding, transposed. Attention vectors then have D
            entries instead of H; without attention, D must equal H.

    Raises:
        DataError: settings that do not go together.
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
        layers: int = 1,
        bidirectional: bool = False,
        attention: str = "none",
        input_feeding: bool = False,
        peeky: bool = False,
        dropout: float = 0.0,
        tied: bool = False,
    ):
        super().__init__()
        sizes = {"source_size": source_size, "target_size": target_size}
        sizes |= {"embedding_size": embedding_size, "hidden_size": hidden_size, "layers": layers}
        for name, size in sizes.items():
            whole_number(size, f"Seq2Seq: {name}")
        check_choices(attention, input_feeding, layers, bidirectional, peeky, tied, embedding_size, hidden_size)
        self.config = {
            **{name: int(size) for name, size in sizes.items()},
            "cell": cell,
            "bidirectional": bool(bidirectional),
            "attention": attention,
            "input_feeding": bool(input_feeding),
            "peeky": bool(peeky),
            "dropout": float(dropout),
            "tied": bool(tied),
        }
        D, H = embedding_size, hidden_size
        vector = D if tied else H  # size of an attention vector
        self.source = Embedding(source_size, D, rng=rng)
        self.encoder = make_encoder(cell, D, H, layers, bidirectional, attention != "none", dropout, rng)
        self.target = Embedding(target_size, D, rng=rng)
        below = [D + H * bool(peeky)] + [H] * (layers - 1)
        cells = stack([make_cell(cell, size, H, rng) for size in below], dropout, rng)
        self.decoder: Any = cells  # a recurrent layer, or an AttentionDecoder
        width = H + H * bool(peeky)
        if attention != "none":
            scores = make_attention(attention, H, self.encoder.units, H, rng)
            self.decoder = AttentionDecoder(cells, scores, vector, input_feeding=input_feeding, rng=rng)
            width = vector
        self.output = Dense(width, target_size, rng=rng, tied=self.target.W if tied else None)
        self.bridge = Bridge(cells, rng=rng) if bidirectional else None
        self.dropout = Dropout(dropout, rng=rng)  # one layer, used at four places: its masks form a stack
        self.pool = BufferPool()

    # --- equations (1) to (7) ----------------------------------------------------------------------------------------

    @property
    def attention(self) -> Attention | None:
        """The decoder's attention layer, or None."""
        return getattr(self.decoder, "attention", None)

    def encode(self, source: Array, lengths: Array) -> DecoderState:
        """Equations (1) and (2): what the decoder starts from."""
        x = self.dropout.forward(self.source.forward(source))
        m, last = self.encoder.forward(x, lengths=lengths)
        if self.bridge is not None:
            last = self.bridge.forward(last)
        if self.attention is None:
            return DecoderState(last, highest(self.decoder, last) if self.config["peeky"] else None)
        memory = self.attention.prepare(self.dropout.forward(m), lengths)
        return DecoderState(self.decoder.with_fed(last, m), None, memory)

    def decode(self, inputs: Array, state: DecoderState, lengths: Array | None = None) -> tuple[Array, DecoderState]:
        """Equations (3) to (7): logits, and the state after the last token."""
        r, state = self.read(inputs, state, lengths)
        return self.output.forward(self.dropout.forward(r)), state

    def read(self, inputs: Array, state: DecoderState, lengths: Array | None) -> tuple[Array, DecoderState]:
        """Equations (3) to (6): r (N, T, W), and the state after the last token."""
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

    def forward(self, source: Array, source_lengths: Array, inputs: Array, lengths: Array) -> Array:
        """Equations (1) to (7)."""
        return self.decode(inputs, self.encode(source, source_lengths), lengths)[0]

    def backward(self, dlogits: Array) -> None:
        """From the gradient with respect to the logits of ``forward``."""
        self.backward_read(self.dropout.backward(self.output.backward(dlogits)))

    def backward_read(self, dr: Array) -> None:
        """From the gradient with respect to r (N, T, W), back through decoder, memory, state and encoder."""
        xp = array_module(dr)
        D, H = self.config["embedding_size"], self.config["hidden_size"]
        if self.attention is None:
            dx, dlast = self.decoder.backward(dr[:, :, :H])
            dm = xp.zeros((len(dr), self.encoder.units), dtype=dr.dtype)  # the loss sees no output of the encoder
        else:
            dx, dmemory, dlast = self.decoder.backward(dr)
            dlast = dlast[0] if self.config["input_feeding"] else dlast  # f_0 = 0 is a constant
        if self.config["peeky"]:
            dpeeked = dr[:, :, H:].sum(axis=1) + dx[:, :, D:].sum(axis=1)  # (4)
            dlast, dx = add_to_highest(self.decoder, dlast, dpeeked), dx[:, :, :D]
        self.target.backward(self.dropout.backward(dx))
        if self.attention is not None:
            dm = self.dropout.backward(self.attention.prepare_backward(dmemory))
        if self.bridge is not None:
            dlast = self.bridge.backward(dlast)
        dsource, _ = self.encoder.backward(dm, dlast)
        self.source.backward(self.dropout.backward(dsource))

    # --- what the training loop calls --------------------------------------------------------------------------------

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, None]:
        """Equation (8) for a batch of ``data.Pairs``: the loss (), the number of real target tokens, and no state.

        The output layer takes most of the time. It computes the logits of the P real tokens only, in one buffer that is
        reused for each batch and holds first them, then their gradient.
        """
        source, source_lengths, inputs, lengths, outputs = batch
        xp = array_module(outputs)
        real = xp.flatnonzero(xp.arange(outputs.shape[1]) < lengths[:, None])  # (P,) of N T; first, as a GPU is idle
        r, _ = self.read(inputs, self.encode(source, source_lengths), lengths)
        rows = self.dropout.forward(r.reshape(-1, r.shape[2])[real])  # (P, W)
        lease = self.pool.lease()
        logits = self.output.forward(rows, lease)  # (P, V)
        loss, _ = softmax_cross_entropy_forward(logits, outputs.reshape(-1)[real], out=logits)
        self.push((logits, lease, real, r.shape))  # the loss has replaced the logits by their gradient
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

    # --- decoding ----------------------------------------------------------------------------------------------------

    def start(self, sources: np.ndarray, lengths: np.ndarray) -> DecoderState:
        """The decoder's state before the first token of N targets.

        Args:
            sources: ids (N, S) in host memory, padded.
            lengths: number of real ids of each source (N,), in host memory.
        """
        name = backend_name(self.source.W.data)
        with self.evaluation():
            return self.encode(move(sources, name), move(lengths, name))

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

    def alignments(self, source: Array, source_lengths: Array, inputs: Array, lengths: Array) -> Array:
        """What attention reads, for figures: weights (N, T, S) of the source's tokens when each target token is predicted.

        Args:
            source, source_lengths, inputs, lengths: as ``forward`` takes them: ``inputs`` begin with ``<bos>``, and row t
                belongs to the prediction of the token after ``inputs`` t. Weights of padding are zero on both sides.

        Raises:
            DataError: the model has no attention.
        """
        if self.attention is None:
            raise DataError("Seq2Seq: this model has no attention, so it has no alignments; train it with attention")
        with self.evaluation():
            state = self.encode(source, source_lengths)
            return self.decoder.run(self.target.forward(inputs), state.memory, state.cells, lengths)[1]


def check_choices(
    attention: str,
    input_feeding: bool,
    layers: int,
    bidirectional: bool,
    peeky: bool,
    tied: bool,
    embedding_size: int,
    hidden_size: int,
) -> None:
    """Raise ``DataError`` for an unknown attention and for settings that do not go together."""
    if attention not in ATTENTIONS:
        raise DataError(f"Seq2Seq: unknown attention {attention!r}; choose one of {', '.join(ATTENTIONS)}")
    if input_feeding and attention == "none":
        raise DataError(f"Seq2Seq: input feeding feeds attention vectors; choose an attention: {', '.join(SCORES)}")
    if input_feeding and layers > 1:
        raise DataError("Seq2Seq: input feeding runs one recurrent layer step by step; set layers to 1 or leave it out")
    if attention == "dot" and bidirectional:
        raise DataError(
            "Seq2Seq: dot attention compares states of one size, and a bidirectional encoder has outputs of twice the "
            "decoder's; use general attention, or one direction"
        )
    if peeky and attention != "none":
        raise DataError(
            f"Seq2Seq: peeky repeats the final state, which {attention} attention replaces; leave out one of the two"
        )
    if tied and peeky:
        raise DataError("Seq2Seq: a peeky output layer has H inputs more than the embedding; leave out tied or peeky")
    if tied and attention == "none" and embedding_size != hidden_size:
        raise DataError(
            f"Seq2Seq: tying without attention needs embedding_size = hidden_size, got {embedding_size} and {hidden_size}"
        )
