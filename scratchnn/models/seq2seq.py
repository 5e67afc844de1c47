"""Sequence to sequence: an encoder reads the source, a decoder writes the target.

    m_j, s   = encoder(W_s[x_j])                       outputs (N, S, C), C = H or 2H, and final states            (1)
    s_0      = s, or bridge(s) with two directions     the decoder's first state, ``encoder.py``                  (2)

From s_0 and, with attention, from the memory m, the decoder writes the target: equations (1) to (6) of ``decoder.py``.

The whole state is handed over: for an LSTM both h and c, and each layer's state to the decoder's layer of the same number.
Backward, the gradient with respect to s_0 enters the encoder as the gradient with respect to its final states; attention
adds a second way, through m. Dropout acts on both embeddings, between the layers, on m, and on the decoder's outputs r_t.

The source may be read in reverse (Sutskever, Vinyals and Le, 2014): that is a matter of the data, which reverses the ids
before they are padded, in training, ``start`` and ``alignments`` alike. Sources: Sutskever, Vinyals and Le (2014) for the
plain decoder; Cho et al. (2014) and Saitoh, *Deep Learning from Scratch 2* (2018) for the one that Saitoh calls peeky;
Bahdanau, Cho and Bengio (2015) and Luong, Pham and Manning (2015) for attention and input feeding; Press and Wolf (2017)
for tying.
"""

from __future__ import annotations

from scratchnn.attention import SCORES
from scratchnn.backend import Array, Generator
from scratchnn.errors import DataError, whole_number
from scratchnn.layers import Dropout, Embedding
from scratchnn.models.decoder import ATTENTIONS, DecoderModel
from scratchnn.models.decoder_state import DecoderState
from scratchnn.models.encoder import Bridge, make_encoder
from scratchnn.recurrent.base import State


class Seq2Seq(DecoderModel):
    """Source ids (N, S) and decoder inputs (N, T), each with lengths (N,) -> logits (N, T, V).

    Args:
        source_size, target_size: sizes of the two vocabularies.
        embedding_size, hidden_size: D and H.
        rng: draws weights and masks.
        cell: one of ``recurrent.cells.CELLS``.
        layers: number of recurrent layers of the encoder, and of the decoder.
        bidirectional: whether each layer of the encoder reads in both directions, with H units each.
        attention: one of ``ATTENTIONS``: what the decoder reads of the encoder's outputs.
        input_feeding: whether the attention vector of a step is an input of the next one; with one layer.
        peeky: whether each step and the output see the first state.
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
        self.source = Embedding(source_size, D, rng=rng)
        self.encoder = make_encoder(cell, D, H, layers, bidirectional, attention != "none", dropout, rng)
        cells = self.make_decoder(
            target_size,
            D,
            H,
            rng=rng,
            cell=cell,
            dropout=dropout,
            attention=attention,
            memory_size=self.encoder.units,
            layers=layers,
            input_feeding=bool(input_feeding),
            peeky=bool(peeky),
            tied=tied,
        )
        self.bridge = Bridge(cells, rng=rng) if bidirectional else None
        self.dropout = Dropout(dropout, rng=rng)

    def encode(self, source: Array, lengths: Array) -> DecoderState:
        """Equations (1) and (2): what the decoder starts from, for ids (N, S) and the numbers of real ids (N,)."""
        x = self.dropout.forward(self.source.forward(source))
        m, last = self.encoder.forward(x, lengths=lengths)
        if self.bridge is not None:
            last = self.bridge.forward(last)
        if self.attention is not None:
            m = self.dropout.forward(m)
        return self.start_from(last, m, lengths)

    def encode_backward(self, dlast: State, dm: Array | None) -> None:
        """From the gradients with respect to s_0, and with attention to m."""
        if dm is not None:  # without attention, the loss sees no output of the encoder, only its final states
            dm = self.dropout.backward(dm)
        if self.bridge is not None:
            dlast = self.bridge.backward(dlast)
        dsource, _ = self.encoder.backward(dm, dlast)
        self.source.backward(self.dropout.backward(dsource))


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
