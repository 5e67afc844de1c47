"""Labelled texts of one's own, in the forms in which they usually come, and those of known data sets.

    NAME.csv, NAME.tsv       a table with a header; fields may be quoted and contain line ends (RFC 4180)
    NAME.jsonl, .ndjson      one JSON object per line
    a folder                 one sub-folder per label, one file per text
    any other file           a text, a tab, its label; no header
    imdb, nsmc:test          a known data set, or one part of it
    generated                short reviews that are made up; also generated:valid, generated:test

All files may be packed (``.gz``) except those in a folder. Columns of a table are guessed by name, then by content. A text
may be empty, a label may not.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scratchnn.datasets.generated import generated_reviews
from scratchnn.datasets.registry import DataSet, data_sets
from scratchnn.errors import DataError
from scratchnn.tasks.table_files import JSON_LINES, Listed, Rows, is_table, kind_of, read_rows
from scratchnn.tasks.tables import generated_seed, read_pairs
from scratchnn.text import read_text
from scratchnn.text.csv_rows import first_line

REVIEWS = 3000  # that are generated
WHAT = "a text and its label"
TEXT_NAMES = ("text", "review", "document", "sentence", "comment", "content", "message", "tweet", "body", "title")
LABEL_NAMES = ("label", "sentiment", "class", "category", "target", "rating", "polarity", "topic", "tag", "tags", "labels")
MISSING = ("", "nan", "null", "none", "na", "n/a")  # of a label; a text such as "none" is a text
NO_TEXT = ("nan", "null")  # what programs write for a text that is missing
MOST_NUMBERS = 20  # different labels that may be numbers with fractions
SAMPLE = 1000  # rows by which columns are guessed


@dataclass
class Columns:
    """Which columns of a table are read.

    Attributes:
        text, label: their names; None until a table has been read, then those that were given or guessed.
        of_run: whether the names are those of the table that a model was trained on.
        notes: what was guessed, in words.
    """

    text: str | None = None
    label: str | None = None
    of_run: bool = False
    notes: list[str] = field(default_factory=list)


Pairs = list[tuple[str, str]]  # texts and labels


def read_labelled(sources: Sequence[str], columns: Columns, part: str, empty_labels: bool = False) -> Pairs:
    """Texts and labels of files, folders and known data sets.

    Args:
        sources: see above.
        columns: the columns of tables; guesses are written into it.
        part: of a known data set that is named without one.
        empty_labels: whether a text may be without a label, as in a multi-label problem.

    Raises:
        DataError: a source is missing, damaged or has another form, or a text has no label.
    """
    pairs: Pairs = []
    for source in sources:
        pairs += read_source(source, columns, part, empty_labels)
    return pairs


def read_source(source: str, columns: Columns, part: str, empty_labels: bool) -> Pairs:
    """Texts and labels of one source."""
    name, _, wanted = source.partition(":")
    if (seed := generated_seed(source, part)) is not None:
        return list(zip(*generated_reviews(REVIEWS, seed), strict=True))
    if not os.path.exists(source) and (name in data_sets() or looks_like_a_name(source)):
        return read_known(name, wanted or part)
    if os.path.isdir(source):
        if not (pairs := list(read_folder(Path(source)))):
            raise DataError(f"no examples in {source}; a folder of texts has one sub-folder per label, one file per text")
        return pairs
    if is_table(source) or has_columns(source, columns):
        return pick_columns(source, read_rows(source), columns, empty_labels)
    pairs = read_pairs([source], WHAT)
    for text, label in pairs:
        if not label.strip() and not empty_labels:
            raise DataError(f"the text {text!r} in {source} has no label after its tab")
    return pairs


# --- known data sets and folders -------------------------------------------------------------------------------------


def looks_like_a_name(name: str) -> bool:
    """Whether a source that does not exist can only have been meant as the name of a data set."""
    return not any(mark in name for mark in "./\\")


def read_known(name: str, part: str) -> Pairs:
    """One part of a known data set."""
    known = {key: found for key, found in data_sets().items() if found.labelled is not None}
    found: DataSet | None = known.get(name)
    if found is None or found.labelled is None:
        reason = "has no labels" if name in data_sets() else "is neither a file nor a known data set"
        raise DataError(f"{name!r} {reason}; known sets with labels are {', '.join(known)}")
    if part not in found.parts:
        raise DataError(f"{name} has no part {part!r}; choose from {', '.join(f'{name}:{one}' for one in found.parts)}")
    texts, labels = found.labelled(part, None)
    return list(zip(texts, labels, strict=True))


def read_folder(folder: Path) -> Iterator[tuple[str, str]]:
    """Texts of a folder with one sub-folder per label, in the order of their names."""
    labels = sorted(entry for entry in folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    if not labels:
        raise DataError(f"{folder} has no sub-folders; a folder of texts has one sub-folder per label")
    for label in labels:
        for path in sorted(path for path in label.iterdir() if path.is_file() and not path.name.startswith(".")):
            yield read_text(path).strip(), label.name


# --- tables ----------------------------------------------------------------------------------------------------------


def has_columns(source: str, columns: Columns) -> bool:
    """Whether the first line of a file contains a column that was asked for by name."""
    wanted = [name for name in (columns.text, columns.label) if name is not None]
    return bool(wanted) and wanted[0] in first_line(read_text(source)).split("\t")


def pick_columns(source: str, rows: Rows, columns: Columns, empty_labels: bool) -> Pairs:
    """The text and the label of each row."""
    names = names_of(rows)
    if columns.text is not None and columns.text == columns.label:
        raise DataError(f"{source}: the text and the label are both in the column {columns.text!r}; name two columns")
    for flag, name in (("--text-column", columns.text), ("--label-column", columns.label)):
        check_column(source, names, name, flag, columns.of_run)
    if columns.text is None or columns.label is None:
        guess_columns(source, rows, names, columns)
    assert columns.text is not None
    assert columns.label is not None
    pairs = []
    for line, row in rows:
        cell = row.get(columns.label, "")
        label = cell if isinstance(cell, Listed) else " ".join(cell.split())  # one line, as predict writes it
        if label.lower() in MISSING and not (empty_labels and not label):
            raise DataError(
                f"{source}: the row at line {line} has no label in the column {columns.label!r} ({label or 'empty'}); "
                "leave out such rows"
            )
        pairs.append((text_of(source, line, row, columns.text), label))
    check_classes(source, [label for _, label in pairs], columns.label)
    return pairs


def read_unlabelled(source: str, columns: Columns) -> list[str]:
    """The texts of a table whose labels, if it has any, do not matter."""
    rows = read_rows(source)
    names = names_of(rows)
    check_column(source, names, columns.text, "--text-column", columns.of_run)
    if columns.text is None:
        columns.text = guess_text(names, [row for _, row in rows[:SAMPLE]])
        columns.notes.append(f"{source}: text from the column {columns.text!r}")
    return [text_of(source, line, row, columns.text) for line, row in rows]


def names_of(rows: Rows) -> list[str]:
    """The names of all columns."""
    return list(dict.fromkeys(name for _, row in rows for name in row))


def check_column(source: str, names: Sequence[str], name: str | None, flag: str, of_run: bool) -> None:
    """Raise ``DataError`` if a column that was named is not there."""
    if name is not None and name not in names:
        remedy = f"the model was trained with {name!r}; rename the column" if of_run else f"choose with {flag}"
        raise DataError(f"{source} has no column {name!r}; its columns are {', '.join(names)}; {remedy}")


def text_of(source: str, line: int, row: dict[str, str], column: str) -> str:
    """The text of a row, empty if it is missing; ``DataError`` if a JSON object has no such key."""
    if column not in row:
        raise DataError(f"{source}: the object at line {line} has no text in {column!r}; its keys are {', '.join(row)}")
    if isinstance(row[column], Listed):
        raise DataError(f"{source}: the object at line {line} has a list in {column!r}; write its text as one string")
    return "" if row[column].strip().lower() in NO_TEXT else row[column]


def guess_columns(source: str, rows: Rows, names: list[str], columns: Columns) -> None:
    """Fill in the columns that were not named: by a usual name, else the longest text and the fewest labels."""
    if len(names) < 2:
        separated = "" if kind_of(source) in JSON_LINES else ", with a comma, a semicolon or a tab between them"
        raise DataError(f"{source} has one column, {', '.join(names)}; a text and its label need two{separated}")
    sample = [row for _, row in rows[:SAMPLE]]
    if columns.text is None:
        columns.text = guess_text([name for name in names if name != columns.label], sample)
    if columns.label is None:
        free = [name for name in names if name != columns.text]
        counts = {name: len({row.get(name, "") for row in sample}) for name in free}
        fewest = min(free, key=lambda name: (counts[name] < 2, counts[name]))  # not a column with one value throughout
        columns.label = by_name(free, LABEL_NAMES) or fewest
    remedy = "rename the columns" if columns.of_run else "use --text-column and --label-column"
    columns.notes.append(
        f"{source}: text from the column {columns.text!r}, label from {columns.label!r}; to change this, {remedy}"
    )


def guess_text(names: Sequence[str], sample: Sequence[dict[str, str]]) -> str:
    """The column of texts: a usual name, else that with the longest cells."""
    return by_name(names, TEXT_NAMES) or max(names, key=lambda name: sum(len(row.get(name, "")) for row in sample))


def by_name(names: Sequence[str], usual: Sequence[str]) -> str | None:
    """The first usual name that occurs among the names, in any case."""
    folded = {name.casefold(): name for name in reversed(names)}
    return next((folded[name] for name in usual if name in folded), None)


def check_classes(source: str, labels: Sequence[str], column: str) -> None:
    """Raise ``DataError`` if the labels are measurements or row numbers: numbers, nearly all different."""
    distinct = set(labels)
    try:
        fractions = [label for label in labels if not float(label).is_integer()]
    except (ValueError, OverflowError):
        return
    many, unlike = len(distinct) > MOST_NUMBERS, 2 * len(distinct) > len(labels)
    if (many and unlike) or (fractions and (many or unlike)):
        raise DataError(
            f"{source}: the column {column!r} contains {len(distinct):,} different numbers such as "
            f"{(fractions or labels)[0]}; a classifier needs a few labels; choose another --label-column, or write classes "
            "instead of numbers"
        )
