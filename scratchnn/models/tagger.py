"""A tagger: one answer per word. Which of K tags does each word of a sentence have?

    x    = encode(words, characters)           vectors of the words, see ``word_encoder``   (N, T, D)              (1)
    h    = recurrent layers over x             both directions, side by side                (N, T, 2 H)            (2)
    e    = dropout(h) W + b                    emissions: a score per word and tag          (N, T, K)              (3)

The emissions are read in one of two ways. L is the length of a sentence, y_t the tag of word t:

    softmax    P(y) = prod_t softmax(e_t)[y_t]                each word by itself                                  (4)
    crf        P(y) = exp(score(y)) / Z                       with a score for each pair of adjacent tags, see ``crf``

    loss = - sum_n log P(y_n) / M                             over N sentences with M words in all, in nats        (5)

The best tags are the arg max of each word for (4), and those of the Viterbi algorithm for the CRF. Tags of entities allow
only some sequences (I-PER does not follow O). The CRF has to learn that from examples; for the search, ``allowed`` excludes
all others, as is usual. The loss does not use it. Huang, Xu and Yu, "Bidirectional LSTM-CRF models for sequence tagging"
(2015); Lample et al. (2016).
"""

from __future__ import annotations

from typing import Any

from scratchnn.backend import Array, Generator, array_module, to_numpy
from scratchnn.core import Model
from scratchnn.errors import DataError, whole_number
from scratchnn.layers import Dense, Dropout
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.models.word_encoder import WordEncoder
from scratchnn.recurrent import Bidirectional, SequenceLayer, Stacked
from scratchnn.recurrent.cells import make_cell
from scratchnn.structured import CRF

OUTPUTS = ("crf", "softmax")
Allowed = tuple[Array, Array, Array]  # booleans (K, K), (K,) and (K,): transitions, first tags, last tags


class Tagger(Model):
    """Scores (N, T, ``tags``) of the words of N sentences; a batch is (words, lengths, forms, characters, sizes, tags).

    Args:
        vocabulary_size, characters, tags: numbers of distinct words, characters and tags.
        embedding_size, character_size, character_units, reader, frozen: of the ``WordEncoder``.
        hidden_size: H.
        cell: name of the recurrent cell, see ``recurrent.cells``.
        layers: recurrent layers, each in both directions.
        dropout: probability at the characters, at the words, between the layers, and before the output layer.
        output: one of ``OUTPUTS``.
        rng: draws weights and masks.
    """

    def __init__(
        self,
        vocabulary_size: int,
        characters: int,
        tags: int,
        *,
        rng: Generator,
        embedding_size: int = 100,
        character_size: int = 25,
        character_units: int = 25,
        reader: str = "lstm",
        frozen: bool = False,
        hidden_size: int = 100,
        cell: str = "lstm",
        layers: int = 1,
        dropout: float = 0.0,
        output: str = "crf",
    ):
        super().__init__()
        for name, size in {"tags": tags, "hidden_size": hidden_size, "layers": layers}.items():
            whole_number(size, f"Tagger: {name}")
        if output not in OUTPUTS:
            raise DataError(f"Tagger: unknown output {output!r}; choose one of {', '.join(OUTPUTS)}")
        encoder: dict[str, Any] = {
            "embedding_size": embedding_size,
            "character_size": character_size,
            "character_units": character_units,
            "reader": reader,
            "dropout": float(dropout),
            "frozen": bool(frozen),
        }
        self.encoder = WordEncoder(vocabulary_size, characters, **encoder, rng=rng)
        self.config = {
            "vocabulary_size": int(vocabulary_size),
            "characters": int(characters),
            "tags": int(tags),
            **encoder,
            "hidden_size": int(hidden_size),
            "cell": cell,
            "layers": int(layers),
            "output": output,
        }
        stack: list[SequenceLayer] = []
        for _ in range(layers):
            width = stack[-1].units if stack else self.encoder.units
            stack.append(Bidirectional(make_cell(cell, width, hidden_size, rng), make_cell(cell, width, hidden_size, rng)))
        self.recurrent = Stacked(stack, dropout=dropout, rng=rng)
        self.dropout_out = Dropout(dropout, rng=rng)
        self.output = Dense(self.recurrent.units, tags, rng=rng)
        self.crf = CRF(tags) if output == "crf" else None

    def forward(self, words: Array, lengths: Array, forms: Array, characters: Array, sizes: Array) -> Array:
        """Equations (1) to (3): emissions (N, T, ``tags``); the arguments are those of ``data.Sentences.pick``."""
        x = self.encoder.forward(words, forms, characters, sizes)  # (1)
        h, _ = self.recurrent.forward(x, lengths=lengths)  # (2)
        return self.output.forward(self.dropout_out.forward(h))  # (3)

    def backward(self, de: Array) -> None:
        """From the gradient with respect to the emissions; ids have none to return."""
        dx, _ = self.recurrent.backward(self.dropout_out.backward(self.output.backward(de)))
        self.encoder.backward(dx)

    def score(self, emissions: Array, tags: Array, lengths: Array) -> Array:
        """Equation (5): the loss () of the tags (N, T) in nats per word; keeps the cache for ``backward_loss``."""
        if self.crf is not None:
            return self.crf.loss(emissions, tags, lengths)
        real = array_module(tags).arange(tags.shape[1]) < lengths[:, None]
        loss, cache = softmax_cross_entropy_forward(emissions, tags, real)  # (4)
        self.push(cache)
        return loss

    def loss(self, batch: tuple[Array, ...], state: Any) -> tuple[Array, int, None]:
        """The loss () of a batch, the number of words, and no state."""
        *inputs, tags = batch
        lengths = inputs[1]
        count = int(to_numpy(lengths).sum())  # first, while a GPU has nothing else to finish
        return self.score(self.forward(*inputs), tags, lengths), count, None

    def backward_loss(self, dloss: float = 1.0) -> None:
        """Backward from the latest ``loss``, for the gradient ``dloss`` with respect to it."""
        if self.crf is not None:
            self.backward(self.crf.backward(dloss))
        else:
            self.backward(softmax_cross_entropy_backward(dloss, self.pop()))

    def decode(self, emissions: Array, lengths: Array, allowed: Allowed | None = None) -> Array:
        """The best tags (N, T), 0 in the padding; ``allowed`` is for the CRF, see ``CRF.decode``."""
        if self.crf is not None:
            return self.crf.decode(emissions, lengths, allowed)
        xp = array_module(emissions)
        real = xp.arange(emissions.shape[1]) < lengths[:, None]
        return xp.where(real, emissions.argmax(axis=2), 0)
