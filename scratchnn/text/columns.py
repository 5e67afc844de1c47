"""Files with one token per line, an empty line after each sentence, and what is known of the token in columns.

    columns    CoNLL shared tasks 2000 to 2003: columns between tabs, or between spaces if the first token's line has no
               tab. The first column is the word. All tokens have the same number of columns. A line that begins with
               -DOCSTART- marks the start of a document and is no token, however many columns it has.
    CoNLL-U    Universal Dependencies: ten columns between tabs, see ``conllu.py``. Comments (#), words that are written as
               one (a range such as 3-4) and words that are left out (an empty node such as 5.1) are no tokens.

Both are read to the same form, ``Rows``. All text is converted to NFC.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scratchnn.errors import DataError
from scratchnn.text.conllu import CONLLU, read_sentences
from scratchnn.text.files import read_text

__all__ = ["CONLLU", "Rows", "read_columns", "read_conllu"]
DOCUMENT = "-DOCSTART-"


class Rows(NamedTuple):
    """A sentence of T tokens, T at least 1.

    Attributes:
        fields: the columns of each token.
        lines: the number of each token's line in the file, from 1.
    """

    fields: list[list[str]]
    lines: list[int]


def read_columns(path: str | Path) -> list[Rows]:
    """The sentences of a file with columns.

    Raises:
        DataError: the file is not UTF-8 text, has no tokens, or not all tokens have the same number of columns.
    """
    sentences, separator, width, first = [], "", 0, 0
    for block in _blocks(path):
        kept = Rows([], [])
        for number, line in block:
            if line.split()[0] == DOCUMENT:
                continue
            if not width:
                separator, first = "\t" if "\t" in line else " ", number
            # str.split() would also split at other white space inside a word, such as a no-break space
            fields = line.split("\t") if separator == "\t" else re.split("[ \t]+", line.strip(" \t"))
            width = width or len(fields)
            if len(fields) != width:
                raise DataError(
                    f"{path}: line {number} has {_columns(len(fields))}, line {first} has {_columns(width)}; a line is "
                    "one token, and an empty line ends a sentence"
                )
            if not fields[0].strip():
                raise DataError(f"{path}: line {number} has no word in its first column")
            kept.fields.append(fields)
            kept.lines.append(number)
        if kept.fields:
            sentences.append(kept)
    return _not_empty(sentences, path)


def read_conllu(path: str | Path) -> list[Rows]:
    """The sentences of a CoNLL-U file: of each word, the columns of ``CONLLU``.

    Raises:
        DataError: the file is not UTF-8 text, has no tokens, or a line does not have ten columns and the next id.
    """
    return [Rows(sentence.fields(), sentence.numbers()) for sentence in read_sentences(path)]


def _blocks(path: str | Path) -> Iterator[list[tuple[int, str]]]:
    """The runs of lines that are not empty, each with its number."""
    block: list[tuple[int, str]] = []
    for number, line in enumerate(unicodedata.normalize("NFC", read_text(path)).split("\n"), start=1):
        if line.strip():
            block.append((number, line))
        elif block:
            yield block
            block = []
    if block:
        yield block


def _columns(count: int) -> str:
    """A number of columns in words."""
    return f"{count} column{'s' * (count != 1)}"


def _not_empty(sentences: list[Rows], path: str | Path) -> list[Rows]:
    """The sentences, or an error if there are none."""
    if not sentences:
        raise DataError(f"no tokens in {path}; a line is one token with its columns, and an empty line ends a sentence")
    return sentences
