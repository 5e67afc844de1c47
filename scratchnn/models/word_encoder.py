"""One vector per word: what the word is, from a table, beside how it is written, from its characters.

    e_t  = W_e[w_t]                            vector of the word                           (N, T, D)              (1)
    c_u  = W_c[characters of form u]           vectors of its characters                    (U, L, D_c)            (2)
    r_u  = reader(dropout(c_u))                one vector per distinct form                 (U, C)                 (3)
    x_t  = dropout([e_t, r_{u(t)}])            u(t): the form of word t                     (N, T, D + C)          (4)

The table knows the words of the training part; the characters also say something about a word that is new, by its ending or
its capital letter. The reader is one of

    lstm    an LSTM in each direction; the last output of both, side by side                C = 2 H                (5)
    conv    relu of a convolution over 3 characters, maximum over all positions             C = H                  (6)
    none    only (1)                                                                        C = 0

Backward. Each of the U distinct forms is read once, however often it occurs, so its gradient is a sum over its words:

    [de_t, dr'_t] = dx_t with the mask of (4)        dr_u = sum of dr'_t over all words t with u(t) = u            (7)

A word without characters has r_u = 0. Padded words are not masked here: the layers above take the lengths and pass no
gradient back to them. Lample et al., "Neural architectures for named entity recognition" (2016) for (5); Ma and Hovy,
"End-to-end sequence labeling via bi-directional LSTM-CNNs-CRF" (2016) for (6).
"""

from __future__ import annotations

from scratchnn.backend import Array, Generator, array_module
from scratchnn.core import Layer
from scratchnn.errors import DataError, whole_number
from scratchnn.layers import Dropout, Embedding, GlobalMaxPool1D
from scratchnn.layers.embedding import embedding_backward, embedding_forward
from scratchnn.models.convolutions import Convolutions
from scratchnn.recurrent import LSTM, Bidirectional

READERS = ("lstm", "conv", "none")
KERNEL = 3  # characters


class CharacterReader(Layer):
    """Equations (2), (3) and (5) or (6): ids (U, L) -> (U, ``units``).

    Args:
        characters: number of distinct characters.
        size: D_c.
        hidden: H, units of the LSTM in each direction, or of the convolution.
        reader: ``"lstm"`` or ``"conv"``.
        dropout: probability for each number of a character's vector.
        rng: draws weights and masks.
    """

    def __init__(self, characters: int, size: int, hidden: int, reader: str, dropout: float, *, rng: Generator):
        super().__init__()
        self.embedding = Embedding(characters, size, rng=rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.recurrent: Bidirectional | None = None
        self.convolution: Convolutions | None = None
        if reader == "lstm":
            self.recurrent = Bidirectional(
                LSTM(size, hidden, rng=rng, return_sequences=False), LSTM(size, hidden, rng=rng, return_sequences=False)
            )
        else:
            self.convolution = Convolutions(size, hidden, [KERNEL], rng=rng)
        self.pooling = GlobalMaxPool1D()
        self.input_size, self.units = size, 2 * hidden if reader == "lstm" else hidden

    def forward(self, characters: Array, sizes: Array) -> Array:
        """The vectors (U, ``units``) of U forms; ``characters`` (U, L) with ``sizes`` (U,) real ones."""
        c = self.dropout.forward(self.embedding.forward(characters))  # (2)
        if self.recurrent is not None:
            return self.recurrent.forward(c, lengths=sizes)[0]  # (5)
        assert self.convolution is not None
        return self.pooling.forward(self.convolution.forward(c, sizes), sizes)  # (6)

    def backward(self, dr: Array) -> None:
        """From the gradient with respect to the vectors; characters have none to return."""
        if self.recurrent is not None:
            dc, _ = self.recurrent.backward(dr)
        else:
            assert self.convolution is not None
            dc = self.convolution.backward(self.pooling.backward(dr))
        self.embedding.backward(self.dropout.backward(dc))


class WordEncoder(Layer):
    """Vectors (N, T, ``units``) of the words of N sentences; the arrays of a batch are those of ``data.Sentences``.

    Args:
        vocabulary_size, characters: numbers of distinct words and characters.
        embedding_size: D.
        character_size: D_c.
        character_units: H of the reader.
        reader: one of ``READERS``.
        dropout: probability in (3) and (4).
        frozen: whether the table of words is kept as it is.
        rng: draws weights and masks.
    """

    def __init__(
        self,
        vocabulary_size: int,
        characters: int,
        *,
        rng: Generator,
        embedding_size: int = 100,
        character_size: int = 25,
        character_units: int = 25,
        reader: str = "lstm",
        dropout: float = 0.0,
        frozen: bool = False,
    ):
        super().__init__()
        sizes = {"vocabulary_size": vocabulary_size, "characters": characters, "embedding_size": embedding_size}
        for name, size in {**sizes, "character_size": character_size, "character_units": character_units}.items():
            whole_number(size, f"WordEncoder: {name}")
        if reader not in READERS:
            raise DataError(f"WordEncoder: unknown reader {reader!r}; choose one of {', '.join(READERS)}")
        self.embedding = Embedding(vocabulary_size, embedding_size, rng=rng, frozen=frozen)
        self.reader: CharacterReader | None = None
        if reader != "none":
            self.reader = CharacterReader(characters, character_size, character_units, reader, dropout, rng=rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.units = embedding_size + (0 if self.reader is None else self.reader.units)

    def __repr__(self) -> str:
        """Class and number of entries of a word's vector."""
        return f"WordEncoder({self.units})"

    def forward(self, words: Array, forms: Array, characters: Array, sizes: Array) -> Array:
        """Equations (1) to (4).

        Args:
            words: ids (N, T).
            forms: for each word, the row of ``characters`` that spells it (N, T).
            characters: ids of the characters of U distinct forms (U, L).
            sizes: numbers of characters (U,).

        Returns:
            Vectors (N, T, ``units``).
        """
        e = self.embedding.forward(words)  # (1)
        if self.reader is None:
            return self.dropout.forward(e)  # (4)
        r, cache = embedding_forward(forms, self.reader.forward(characters, sizes))  # (3)  (U, C) -> (N, T, C)
        self.push(cache)
        return self.dropout.forward(array_module(e).concatenate([e, r], axis=2))  # (4)

    def backward(self, dx: Array) -> None:
        """From the gradient with respect to the vectors; ids have none to return."""
        dx = self.dropout.backward(dx)
        D = self.embedding.W.shape[1]
        if self.reader is not None:
            self.reader.backward(embedding_backward(dx[..., D:], self.pop()).to_dense())  # (7)  (N, T, C) -> (U, C)
        self.embedding.backward(dx[..., :D])
