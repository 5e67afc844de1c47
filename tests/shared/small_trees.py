"""Small treebanks as files in CoNLL-U."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from scratchnn.datasets.generated.treebank import Tree
from scratchnn.text.conllu import Sentence


def write_trees(path: Path, trees: Iterable[Tree]) -> Path:
    """A file with words, heads and labels."""
    blocks = (Sentence.from_forms(words).with_tree(heads, labels).text() for words, heads, labels in trees)
    path.write_text("\n".join(blocks), encoding="utf-8")
    return path
