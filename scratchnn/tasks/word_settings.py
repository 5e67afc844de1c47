"""The settings and the vocabularies of ``WordEncoder``, for the tasks that read words and their characters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from scratchnn.data import normal_form
from scratchnn.data.sentences import SPELLINGS, character_vocabulary, word_vocabulary
from scratchnn.errors import DataError
from scratchnn.models.word_encoder import READERS
from scratchnn.tasks.pretrained import Initial, start_from_vectors
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values
from scratchnn.word2vec.formats import read_vectors


def word_settings(character_size: int, character_units: int) -> tuple[Setting, ...]:
    """The settings, with these defaults for the size of a character's vector and the units that read the characters."""
    return (
        Setting("--min-count", "min_count", 1, "rarer words have no vector of their own", int, "N"),
        Setting("--word-dropout", "word_dropout", 0.25, "a of a / (a + count), the probability of <unk>", float, "A",
                inherited=False),
        Setting("--reader", "reader", "lstm", "what reads the characters of a word", choices=READERS),
        Setting("--spelling", "spelling", "char", "characters, or letters of Korean syllables", choices=SPELLINGS),
        Setting("--character-embed", "character_size", character_size, "size of a character's vector", int, "D"),
        Setting("--character-hidden", "character_units", character_units, "units that read the characters", int, "H"),
        Setting("--embed", "embedding_size", 100, "size of a word's vector", int, "D"),
    )  # fmt: skip


def check_word_dropout(settings: Values) -> None:
    """Raise ``DataError`` unless ``--word-dropout`` is a finite number of 0 or more."""
    if not 0 <= settings["word_dropout"] < float("inf"):
        raise DataError(f"--word-dropout must be 0 or more, got {settings['word_dropout']}")


def word_parts(forms: Sequence[Sequence[str]], counts: Counter[str], settings: Values) -> tuple[Parts, Initial, list[str]]:
    """What a ``WordEncoder`` needs.

    Args:
        forms: the words of the training sentences.
        counts: how often each word occurs in them, see ``word_counts``.
        settings: those of ``word_settings``, and ``vectors``, which decide ``embedding_size`` if they are given.

    Returns:
        The vocabularies ``words`` and ``characters``; the parameters that start from ``--vectors``, and a note of their
        coverage. Both are empty without vectors.
    """
    vectors = None if settings["vectors"] is None else read_vectors(settings["vectors"])
    more = () if vectors is None else (word for word in vectors.words if normal_form(word) == word)
    words = word_vocabulary(counts, settings["min_count"], more)
    parts = {"words": words, "characters": character_vocabulary(forms, settings["spelling"])}
    if vectors is None:
        return parts, {}, []
    ids = (words.encode(map(normal_form, sentence)) for sentence in forms)
    table, note = start_from_vectors(settings, vectors, words, ids)
    return parts, {f"encoder.{name}": array for name, array in table.items()}, [note]
