"""CoNLL-U: sentences with one word per line, in ten columns separated by tabs; a blank line ends a sentence.

    1    2     3      4     5     6      7     8       9     10
    ID   FORM  LEMMA  UPOS  XPOS  FEATS  HEAD  DEPREL  DEPS  MISC

Words are numbered from 1. HEAD is the number of the word's head, 0 for the root, and DEPREL the label of that arc; ``_`` is
an empty column. Three kinds of lines are not words: comments (``# text = ...``), ranges that join several words to one
written token (``3-4  don't``), and empty nodes (``8.1``), which only the graph in DEPS uses. A sentence keeps them all, so
that it can be written back as it was.

Universal Dependencies, "CoNLL-U format" (universaldependencies.org/format.html), after Buchholz and Marsi (2006).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from scratchnn.errors import DataError
from scratchnn.structured.trees import check_tree
from scratchnn.text.files import read_text

CONLLU = ("id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc")
HEAD, DEPREL = CONLLU.index("head"), CONLLU.index("deprel")
EMPTY = "_"
RANGE, EMPTY_NODE = re.compile(r"([0-9]{1,9})-([0-9]{1,9})"), re.compile(r"([0-9]{1,9})\.[1-9][0-9]*")
DIGITS = 9  # of a position; no sentence has more words
SHOWN = 20  # characters of a bad value in a message
FEWEST = 6  # columns of a line that is taken for CoNLL-U, which may be damaged, rather than for a plain sentence


@dataclass(frozen=True)
class Sentence:
    """A sentence with all lines of its block.

    Attributes:
        lines: as they were read, without line ends: comments, words, ranges and empty nodes.
        words: the positions in ``lines`` of the words.
        source: the file, for messages.
        start: the number of the first line in the file, from 1.
    """

    lines: tuple[str, ...]
    words: tuple[int, ...]
    source: str
    start: int

    @classmethod
    def from_forms(cls, forms: Sequence[str], source: str = "sentence", start: int = 1) -> Sentence:
        """A sentence of which only the words are known; every other column is empty."""
        if not forms:
            return cls((), (), source, start)
        lines = ["\t".join([str(d), form, *[EMPTY] * 8]) for d, form in enumerate(forms, start=1)]
        return cls((f"# text = {' '.join(forms)}", *lines), tuple(range(1, len(forms) + 1)), source, start)

    def __len__(self) -> int:
        """Number of words."""
        return len(self.words)

    def fields(self) -> list[list[str]]:
        """The ten columns of each word, in Unicode's composed form (NFC)."""
        return [unicodedata.normalize("NFC", self.lines[row]).split("\t") for row in self.words]

    def column(self, name: str) -> list[str]:
        """The column ``name``, one of ``CONLLU``, of all words."""
        k = CONLLU.index(name)
        return [fields[k] for fields in self.fields()]

    def numbers(self) -> list[int]:
        """The number of each word's line in the file."""
        return [self.start + row for row in self.words]

    def tree(self) -> tuple[list[int], list[str]]:
        """The head and the label of each word.

        Raises:
            DataError: a word has no label or no head in the sentence, several have the root as head, or there is a cycle.
        """
        heads = []
        labels = self.column("deprel")
        for d, (head, label, number) in enumerate(zip(self.column("head"), labels, self.numbers(), strict=True), start=1):
            position = as_position(head)
            if position is None:
                what = "no head" if head == EMPTY else f"the head {shown(head)!r}, which is not a number"
                raise DataError(f"{self.source}: line {number}: word {d} has {what} (column {HEAD + 1})")
            if position > len(self):
                raise DataError(
                    f"{self.source}: line {number}: the head of word {d} is {shown(head)}, outside 0 .. {len(self)}"
                )
            if label.strip() in ("", EMPTY):
                raise DataError(f"{self.source}: line {number}: word {d} has no label (column {DEPREL + 1})")
            heads.append(position)
        check_tree(heads, owner=f"{self.source}: the sentence at line {self.start}")
        return heads, labels

    def with_tree(self, heads: Sequence[int], labels: Sequence[str]) -> Sentence:
        """The sentence with other heads and labels (L,); all other columns and lines are kept."""
        lines = list(self.lines)
        for row, head, label in zip(self.words, heads, labels, strict=True):
            fields = lines[row].split("\t")
            fields[HEAD], fields[DEPREL] = str(head), label
            lines[row] = "\t".join(fields)
        return Sentence(tuple(lines), self.words, self.source, self.start)

    def text(self) -> str:
        """The block as it is written to a file, up to the blank line that ends it."""
        return "".join(f"{line}\n" for line in self.lines)


def shown(value: str) -> str:
    """The beginning of a value, for a message of one line."""
    return value if len(value) <= SHOWN else value[: SHOWN - 1] + "…"


def as_position(text: str) -> int | None:
    """The number that decimal digits mean, None if the text is anything else; at most 10^``DIGITS``."""
    if not text.isdecimal():
        return None
    return int(text) if len(text) <= DIGITS else 10**DIGITS  # Python refuses to convert thousands of digits


def looks_like_conllu(lines: Iterable[str]) -> bool:
    """Whether the first line that is neither blank nor a comment begins with a word's ID and has ``FEWEST`` columns."""
    first = next((line for line in lines if line.strip() and not line.startswith("#")), "")
    return bool(re.match(r"[0-9]+[-.0-9]*\t", first)) and first.count("\t") >= FEWEST - 1


def parse_conllu(lines: Iterable[str], source: str) -> Iterator[Sentence]:
    """The sentences in lines without line ends; ``source`` begins messages.

    Raises:
        DataError: a line does not have ten fields, or the IDs do not count the words.
    """
    block: list[str] = []
    words: list[int] = []
    number = 0
    for number, line in enumerate(lines, start=1):
        if line.strip():
            if not line.startswith("#") and is_word(line, len(words), f"{source}: line {number}"):
                words.append(len(block))
            block.append(line)
        elif block:
            yield Sentence(tuple(block), tuple(words), source, number - len(block))
            block, words = [], []
    if block:
        yield Sentence(tuple(block), tuple(words), source, number - len(block) + 1)


def is_word(line: str, before: int, place: str) -> bool:
    """Whether a line is a word, rather than a range or an empty node, after ``before`` words of its sentence."""
    fields = line.split("\t")
    if len(fields) != len(CONLLU):
        columns = f"{len(fields)} column{'s' * (len(fields) != 1)}"
        raise DataError(f"{place} has {columns} between tabs; a CoNLL-U line has ten")
    if not fields[1].strip():
        raise DataError(f"{place} has no word in its second column")
    if (position := as_position(fields[0])) is not None:
        if position != before + 1:
            raise DataError(f"{place} has the id {shown(fields[0])}, expected {before + 1}")
        return True
    joined, node = RANGE.fullmatch(fields[0]), EMPTY_NODE.fullmatch(fields[0])
    if joined is None and node is None:
        raise DataError(f"{place} has the id {shown(fields[0])!r}; an id is 3, a range 3-4, a node 3.1")
    if joined is not None and not int(joined[1]) == before + 1 < int(joined[2]):
        raise DataError(f"{place} has the range {fields[0]}; a range here begins with {before + 1} and ends later")
    if node is not None and int(node[1]) != before:
        raise DataError(f"{place} has the node {fields[0]}, expected {before}.1 or the like after word {before}")
    return False


def read_sentences(path: str | Path) -> list[Sentence]:
    """The sentences of a file, UTF-8, plain or ``.gz``; ``DataError`` if there are none, see also ``parse_conllu``."""
    found = [sentence for sentence in parse_conllu(read_text(path).split("\n"), str(path)) if len(sentence)]
    if not found:
        raise DataError(f"no tokens in {path}; a line is one token with its columns, and an empty line ends a sentence")
    return found
