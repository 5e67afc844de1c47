"""Pairs of source and target, in the forms in which they usually come, and those of known data sets.

    FILE                     a source, a tab, its target in each line
    FILE FILE                two files without tabs, whose lines are aligned: sources, then targets
    chatbot, dates:test      a known data set, or one part of it
    multi30k:en-de:2017      the same, if a direction has to be named
    generated:sums           generated pairs: sums, dates or numbers

Files are UTF-8 text, plain or ``.gz``; empty lines are left out, in aligned files if both sides are empty.
"""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Callable, Sequence

from scratchnn.datasets.generated import generated_dates, generated_sums, number_words
from scratchnn.datasets.pairs import PARTS, Pair, pairs_of_part
from scratchnn.datasets.registry import DataSet, data_sets
from scratchnn.errors import DataError
from scratchnn.tasks.tables import read_pairs
from scratchnn.text import read_text
from scratchnn.text.files import split_lines

WHAT = "a source and its target"
GENERATED: dict[str, tuple[Callable[[], list[Pair]], Callable[[Pair], str]]] = {  # the pairs, and the key that splits them
    "sums": (lambda: generated_sums(50_000, seed=0), lambda pair: pair[0]),
    "dates": (lambda: generated_dates(50_000, seed=0), lambda pair: pair[1]),
    "numbers": (lambda: number_words(1000, seed=0), lambda pair: pair[0]),
}


def read_sources(sources: Sequence[str], part: str) -> list[Pair]:
    """The pairs of files and known data sets.

    Args:
        sources: see above.
        part: of a known data set that is named without one.

    Raises:
        DataError: a source is missing, damaged or has another form.
    """
    if any(map(is_known, sources)):
        return [
            pair
            for source in sources
            for pair in (read_known(source, part) if is_known(source) else read_pairs([source], WHAT))
        ]
    if len(sources) == 2 and not has_tab(sources[0]):
        return read_aligned(*sources)
    return read_pairs(sources, WHAT)


def is_known(source: str) -> bool:
    """Whether a source is a known data set, or looks like the name of one, and not a file."""
    name = source.partition(":")[0]
    return not os.path.exists(source) and (name == "generated" or name in with_pairs() or source.isidentifier())


def with_pairs() -> dict[str, DataSet]:
    """The known data sets of pairs, by name."""
    return {name: known for name, known in data_sets().items() if known.pairs is not None}


def names_a_part(source: str) -> bool:
    """Whether a known data set is named with one of its parts."""
    return read_name(source)[2] != ""


def read_name(source: str) -> tuple[str, str, str]:
    """Name, direction and part of a known data set; empty if they are not named."""
    name, *rest = source.split(":")
    known = with_pairs()
    directions: tuple[str, ...] = tuple(GENERATED)
    parts: tuple[str, ...] = PARTS
    if name in known:
        directions, parts = known[name].directions, known[name].parts
    elif name != "generated":
        raise DataError(f"cannot read {source}: there is no such file, and no such data set; known are {', '.join(known)}")
    direction = rest.pop(0) if rest and rest[0] in directions else ""
    if directions and not direction:
        raise DataError(f"{source} names no set of pairs; choose from {', '.join(f'{name}:{one}' for one in directions)}")
    part = rest.pop(0) if rest else ""
    if rest or (part and part not in parts):
        start = f"{name}:{direction}" if direction else name
        raise DataError(f"{source} names no set of pairs; choose from {', '.join(f'{start}:{one}' for one in parts)}")
    return name, direction, part


def read_known(source: str, part: str) -> list[Pair]:
    """The pairs of a known data set."""
    name, direction, named = read_name(source)
    if name == "generated":
        make, key = GENERATED[direction]
        return pairs_of_part(make(), named or part, key)
    read = with_pairs()[name].pairs
    assert read is not None
    pairs = read(named or part, direction, None)
    return [(unicodedata.normalize("NFC", source), unicodedata.normalize("NFC", target)) for source, target in pairs]


# --- two files whose lines are aligned -------------------------------------------------------------------------------


def has_tab(file: str) -> bool:
    """Whether the first line of a file that is not empty contains a tab."""
    return "\t" in next(filter(None, split_lines(read_text(file))), "\t")


def read_aligned(source: str, target: str) -> list[Pair]:
    """The pairs of two files; a line is left out if it is empty on both sides."""
    sides = [split_lines(unicodedata.normalize("NFC", read_text(file))) for file in (source, target)]
    if len(sides[0]) != len(sides[1]):
        shorter = sides[0] if len(sides[0]) < len(sides[1]) else sides[1]
        raise DataError(
            f"{source} has {len(sides[0]):,} lines, {target} has {len(sides[1]):,}; aligned files have the same number "
            f"(the shorter one ends with {shorter[-1] if shorter else ''!r:.40})"
        )
    for file, lines in zip((source, target), sides, strict=True):
        if (number := next((k for k, line in enumerate(lines, start=1) if "\t" in line), 0)) != 0:
            raise DataError(f"{file}: line {number} has a tab in it; replace it by a space, as tabs separate fields")
    pairs = [pair for pair in zip(*sides, strict=True) if any(pair)]
    if not pairs:
        raise DataError(f"no examples in {source} and {target}; their lines are empty")
    return pairs
