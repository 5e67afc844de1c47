"""Sentences with one tag per word, in the forms in which they usually come, and those of known data sets.

    NAME.conllu              CoNLL-U; the tag is in the column upos, or xpos
    lines of word/TAG        one sentence per line, words separated by white space; the last slash separates word and tag
    any other file           CoNLL columns, an empty line after each sentence; the tag is in the last column
    conll2003, ud:en_ewt     a known data set, or one part of it: conll2003:test, ud:en_ewt:test
    generated                sentences about travels that are made up; also generated:valid, generated:test

All files may be packed (``.gz``). Tags of entities are converted to IOBES, whatever scheme a file has.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from scratchnn.datasets.generated import generated_travels
from scratchnn.datasets.registry import DataSet, data_sets
from scratchnn.errors import DataError
from scratchnn.tasks.labelled import looks_like_a_name
from scratchnn.tasks.tables import generated_seed
from scratchnn.text import read_text
from scratchnn.text.columns import CONLLU, Rows, read_columns, read_conllu
from scratchnn.text.conllu import shown
from scratchnn.text.schemes import OUTSIDE, convert, detect_scheme

TRAVELS = 2000  # sentences that are generated
UNIVERSAL = ("upos", "xpos")
INTERNAL = "IOBES"  # the scheme of the tags that a model learns
SAMPLED = 50  # lines that decide whether a file consists of word/TAG
NO_TAG = ("", "_")


@dataclass
class Tagged:
    """A sentence of T words.

    Attributes:
        words, tags: T of each.
        places: for messages, the file and line of each word.
    """

    words: list[str]
    tags: list[str]
    places: list[str]


def read_tagged(
    sources: Sequence[str], column: str | None, part: str, before: str | None = None
) -> tuple[list[Tagged], str | None]:
    """The sentences of files and known data sets, tags of entities in IOBES.

    Args:
        sources: see above.
        column: where the tag is: a number from 1 in files with columns, ``upos`` or ``xpos`` in CoNLL-U; the usual one if
            None.
        part: of a known data set that is named without one.
        before: the column in training; the usual one if ``column`` is None, unless the file does not have it.

    Returns:
        The sentences, and the scheme of the first file whose tags are not all O, None if its tags mark no entities.

    Raises:
        DataError: a source is missing, damaged or has another form, mixes schemes, or marks entities where others do not.
    """
    found: list[Tagged] = []
    first: tuple[str, str | None] | None = None
    for source in sources:
        sentences = read_source(source, column, part, before)
        scheme = detect_scheme([one.tags for one in sentences], partial(place_of, sentences))
        if scheme is not None:
            for one in sentences:
                one.tags = convert(one.tags, INTERNAL)
        found += sentences
        if all_outside(sentences):
            continue
        first = first or (source, scheme)
        if (scheme is None) != (first[1] is None):
            kinds = ["mark entities" if one else "do not mark entities" for one in (first[1], scheme)]
            raise DataError(f"the tags in {first[0]} {kinds[0]}, those in {source} {kinds[1]}; see --column")
    return found, None if first is None else first[1]


def all_outside(sentences: Sequence[Tagged]) -> bool:
    """Whether all tags are O, as in a short file of entities that happens to have none."""
    return all(tag == OUTSIDE for one in sentences for tag in one.tags)


def place_of(sentences: Sequence[Tagged], n: int, t: int) -> str:
    """The file and line of word t of sentence n."""
    return sentences[n].places[t]


def read_source(source: str, column: str | None, part: str, before: str | None = None) -> list[Tagged]:
    """The sentences of one source, with the tags as they are in it; see ``read_tagged``."""
    name, _, wanted = source.partition(":")
    if (seed := generated_seed(source, part)) is not None:
        made = generated_travels(TRAVELS, seed)
        return [Tagged(words, tags, [source] * len(words)) for words, tags in made]
    layout = ""
    path: str | Path = source
    if not os.path.exists(source) and (name in data_sets() or looks_like_a_name(source)):
        dataset, full = find_part(name, wanted, part)
        path, layout = dataset.find(full), dataset.layout
    if layout == "conllu" or str(path).removesuffix(".gz").endswith(".conllu"):
        return from_conllu(path, column or (before if before in UNIVERSAL else UNIVERSAL[0]))
    if not layout and is_slashed(path):
        return from_slashes(path, column)
    return from_columns(path, column, before)


def find_part(name: str, wanted: str, usual: str) -> tuple[DataSet, str]:
    """A known data set with one token per line, and its part: as wanted, or the usual one of what is wanted."""
    known = {key: found for key, found in data_sets().items() if found.layout}
    if name not in known:
        reason = "has no tags" if name in data_sets() else "is neither a file nor a known data set"
        raise DataError(f"{name!r} {reason}; known sets with tags are {', '.join(known)}")
    parts = known[name].files
    full = next((full for full in (wanted, f"{wanted}:{usual}") if full in parts), wanted or usual)
    if full not in parts:
        raise DataError(f"{name} has no part {full!r}; choose from {', '.join(f'{name}:{one}' for one in parts)}")
    return known[name], full


def from_conllu(path: str | Path, column: str) -> list[Tagged]:
    """The words and tags of a CoNLL-U file."""
    if column not in UNIVERSAL:
        raise DataError(f"{path} is CoNLL-U; --column must be upos or xpos, got {column!r}")
    return [pick(rows, 1, CONLLU.index(column), str(path), f"the column {column}") for rows in read_conllu(path)]


def from_columns(path: str | Path, column: str | None, before: str | None = None) -> list[Tagged]:
    """The words and tags of a file with columns."""
    sentences = read_columns(path)
    width = len(sentences[0].fields[0])
    if width < 2:
        raise DataError(f"{path} has one column; a line is a word and its tag, or a sentence of word/TAG")
    known = {str(number): number for number in range(2, width + 1)}
    if column is not None and column not in known:
        raise DataError(f"{path} has {width} columns; --column must be a number from 2 to {width}, got {shown(column)!r}")
    number = known.get(column or before or "", width)
    return [pick(rows, 0, number - 1, str(path), f"column {number}") for rows in sentences]


def pick(rows: Rows, word: int, tag: int, path: str, where: str) -> Tagged:
    """The columns of word and tag of one sentence."""
    for fields, line in zip(rows.fields, rows.lines, strict=True):
        if fields[tag].strip() in NO_TAG:
            raise DataError(
                f"{path}: line {line} has no tag in {where}; choose another --column, or leave the sentence out"
            )
    places = [f"{path}: line {line}" for line in rows.lines]
    return Tagged([fields[word] for fields in rows.fields], [fields[tag].strip() for fields in rows.fields], places)


# --- lines of word/TAG -----------------------------------------------------------------------------------------------


def is_slashed(path: str | Path) -> bool:
    """Whether most fields of the first lines have a slash between two other characters; ``from_slashes`` needs all."""
    lines = [line for line in read_text(path).split("\n") if line.strip()][:SAMPLED]
    fields = [field.rpartition("/") for line in lines for field in line.split()]
    return 2 * sum(bool(word and tag) for word, _, tag in fields) > len(fields)


def from_slashes(path: str | Path, column: str | None) -> list[Tagged]:
    """The words and tags of a file with one sentence of word/TAG per line."""
    if column is not None:
        raise DataError(f"{path} has lines of word/TAG, which have no columns; leave out --column")
    found = []
    for number, line in enumerate(unicodedata.normalize("NFC", read_text(path)).split("\n"), start=1):
        parts = [field.rpartition("/") for field in line.split()]
        if bad := next(("".join(part) for part in parts if not part[0] or not part[2]), None):
            raise DataError(
                f"{path}: line {number} contains {shown(bad)!r}, which is not word/TAG, a word, a slash and a tag"
            )
        if parts:
            words, tags = [word for word, _, _ in parts], [tag for _, _, tag in parts]
            found.append(Tagged(words, tags, [f"{path}: line {number}"] * len(parts)))
    if not found:
        raise DataError(f"no tokens in {path}; a line is a sentence of word/TAG")
    return found
