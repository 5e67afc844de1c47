"""Gradient checks of models that read words and their characters: the encoder of words, the tagger, the parser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from scratchnn.core import Model
from scratchnn.gradcheck import Problem, case, layer_problem
from scratchnn.models.checks import register_loss
from scratchnn.models.parser import Parser
from scratchnn.models.tagger import Tagger
from scratchnn.models.word_encoder import READERS, WordEncoder

# A form that occurs twice in one sentence, one in both, one without characters, and one that no word has.
WORDS, WORD_FORMS = np.array([[1, 4, 1], [0, 3, 1]]), np.array([[1, 0, 1], [3, 2, 1]])
CHARACTERS, SPELLED = (
    np.array([[1, 4, 1, 2], [0, 3, 1, 1], [2, 2, 2, 2], [3, 1, 0, 0], [2, 4, 4, 3]]),
    np.array([3, 4, 0, 2, 1]),
)


def register_encoder(name: str, random: bool = False, **options: Any) -> None:
    """The vectors of words, with respect to all parameters."""

    @case(name, random=random)
    def build(rng: np.random.Generator) -> Problem:
        sizes: dict[str, Any] = {"embedding_size": 3, "character_size": 3, "character_units": 2}
        encoder = WordEncoder(5, 5, **sizes, **options, rng=rng)
        return layer_problem(encoder, {}, fixed=(WORDS, WORD_FORMS, CHARACTERS, SPELLED))


for _reader in READERS:
    register_encoder(f"word-encoder/{_reader}", reader=_reader)
register_encoder("word-encoder/lstm+dropout", random=True, dropout=0.3)


# --- the tagger: an empty sentence among others, a word without characters, and tags in the padding that are none ------

SENTENCES = {
    "words": np.array([[1, 4, 1, 2, 3], [0, 3, 1, 1, 1], [2, 2, 4, 1, 0], [3, 1, 2, 0, 0]]),
    "lengths": np.array([5, 0, 4, 1]),
    "forms": np.array([[1, 0, 1, 4, 2], [0, 0, 0, 0, 0], [2, 0, 3, 1, 0], [3, 1, 0, 0, 0]]),
    "characters": CHARACTERS,
    "spelled": SPELLED,
}
TAGGED = {**SENTENCES, "tags": np.array([[2, 0, 1, 1, 0], [7, -1, 7, 0, 0], [1, 2, 0, 2, 9], [0, 2, -4, 1, 1]])}


def tagger(**options: Any) -> Callable[[np.random.Generator], Model]:
    """Five words, five characters, three tags."""
    sizes: dict[str, Any] = {"embedding_size": 3, "character_size": 2, "character_units": 2, "hidden_size": 3}
    return lambda rng: Tagger(5, 5, 3, **sizes, **options, rng=rng)


def register_tagger(name: str, random: bool = False, **options: Any) -> None:
    """Arrays large enough that the loss depends on the states of a sentence of three words."""
    register_loss(f"tagger/{name}", tagger(**options), TAGGED, random, factor=1.1)


register_tagger("rnn+crf", cell="rnn")
register_tagger("rnn+softmax", cell="rnn", output="softmax")
register_tagger("rnn+conv+dropout", random=True, cell="rnn", reader="conv", dropout=0.3)
register_tagger("gru+none+softmax+dropout", random=True, reader="none", cell="gru", output="softmax", dropout=0.3)


# --- the parser: the same sentences; heads with several dependents, a label that the model does not have ----------------

PARSED = {
    **SENTENCES,
    "heads": np.array([[0, 1, 1, 5, 3], [1, 1, 1, 1, 1], [0, 4, 4, 1, 1], [0, 1, 1, 1, 1]]),
    "labels": np.array([[2, 0, 1, -1, 0], [7, -1, 7, 0, 0], [1, 2, 0, 2, 9], [0, 2, -4, 1, 1]]),
}


def register_parser(name: str, random: bool = False, **options: Any) -> None:
    """Five words, five characters, three labels."""
    words: dict[str, Any] = {"embedding_size": 3, "character_size": 2, "character_units": 3}
    sizes = {**words, "hidden_size": 3, "arc_size": 5, "label_size": 4}

    def make(rng: np.random.Generator) -> Model:
        return Parser(5, 5, 3, **sizes, **options, rng=rng)

    register_loss(f"parser/{name}", make, PARSED, random, factor=2)


register_parser("one-layer", reader="conv", layers=1)
register_parser("two-layers+dropout", random=True, reader="none", layers=2, dropout=0.3, recurrent_dropout=0.3)
