"""The settings of ``WordEncoder`` and of its vocabularies, for the tasks that read words and their characters."""

from __future__ import annotations

from scratchnn.data.sentences import SPELLINGS
from scratchnn.models.word_encoder import READERS
from scratchnn.training.settings import Setting


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
