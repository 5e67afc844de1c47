"""Treebanks: files in CoNLL-U, known or generated ones by name, as words with their heads and labels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from scratchnn.datasets.generated import generated_treebank
from scratchnn.datasets.registry import data_sets
from scratchnn.errors import DataError
from scratchnn.models.parser import MOST_WORDS
from scratchnn.tasks.labelled import looks_like_a_name
from scratchnn.tasks.tables import generated_seed
from scratchnn.tasks.tagged import find_part
from scratchnn.text.conllu import Sentence, read_sentences

SENTENCES = 2000  # that are generated
Tree = tuple[list[str], list[int], list[str]]  # words, heads and labels


def read_trees(sources: Sequence[str], part: str) -> list[Tree]:
    """The sentences of treebanks with their trees; ``part`` is that of a known treebank that is named without one."""
    trees = []
    for source in sources:
        if (seed := generated_seed(source, part)) is not None:
            trees += generated_treebank(SENTENCES, seed)
            continue
        for sentence in read_sentences(find_treebank(source, part)):
            check_size(sentence)
            trees.append((sentence.column("form"), *sentence.tree()))
    return trees


def find_treebank(source: str, part: str) -> str | Path:
    """The file of a treebank: ``source`` itself, or what a name such as ``ud:en_ewt`` or ``ud:en_ewt:test`` means."""
    name, _, wanted = source.partition(":")
    if os.path.exists(source) or not (name in data_sets() or looks_like_a_name(source)):
        return source
    known = {key: found for key, found in data_sets().items() if found.layout == "conllu"}
    if name not in known:
        reason = "has no trees" if name in data_sets() else "is neither a file nor a known data set"
        raise DataError(f"{name!r} {reason}; known sets with trees are {', '.join(known)}")
    dataset, full = find_part(name, wanted, part)
    return dataset.find(full)


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
