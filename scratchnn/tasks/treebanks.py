"""Treebanks: files in CoNLL-U, or known ones by name, as words with their heads and labels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from scratchnn.datasets.registry import data_sets
from scratchnn.errors import DataError
from scratchnn.models.parser import MOST_WORDS
from scratchnn.text.conllu import Sentence, read_sentences

Tree = tuple[list[str], list[int], list[str]]  # words, heads and labels


def read_trees(sources: Sequence[str], part: str) -> list[Tree]:
    """The sentences of treebanks with their trees; ``part`` is that of a known treebank that is named without one."""
    trees = []
    for source in sources:
        for sentence in read_sentences(find_treebank(source, part)):
            check_size(sentence)
            trees.append((sentence.column("form"), *sentence.tree()))
    return trees


def find_treebank(source: str, part: str) -> str | Path:
    """The file of a treebank: ``source`` itself, or what a name such as ``ud:en_ewt`` or ``ud:en_ewt:test`` means."""
    name, _, wanted = source.partition(":")
    if os.path.exists(source) or name not in data_sets():
        return source
    found = data_sets()[name]
    if found.layout != "conllu":
        raise DataError(f"{name} has no trees; a treebank is a file in CoNLL-U or one of {', '.join(known_treebanks())}")
    wanted = wanted if wanted in found.files else f"{wanted}:{part}"
    if wanted not in found.files:
        raise DataError(f"{name} has no treebank {source!r}; choose from {', '.join(known_treebanks())}")
    return found.find(wanted)


def known_treebanks() -> list[str]:
    """The names of all known treebanks."""
    parts = ((name, part) for name, one in data_sets().items() if one.layout == "conllu" for part in one.files)
    return list(dict.fromkeys(f"{name}:{part.partition(':')[0]}" for name, part in parts))


def check_size(sentence: Sentence) -> None:
    """Raise ``DataError`` if a sentence is too long to be parsed."""
    if len(sentence) > MOST_WORDS:
        raise DataError(
            f"{sentence.source}: the sentence at line {sentence.start} has {len(sentence):,} words; a parser reads at "
            f"most {MOST_WORDS:,}, since it scores every pair of words; split the sentence"
        )


def as_pair(tree: Tree) -> tuple[str, str]:
    """A tree as two strings."""
    words, heads, labels = tree
    return " ".join(words), " ".join(f"{head}:{label}" for head, label in zip(heads, labels, strict=True))
