"""How much of a tune occurs in other tunes? Counted in bars, in whatever key, without chord symbols."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable

from scratchnn.errors import DataError
from scratchnn.music.abc import Tune, sharps, split_tokens, token_kind
from scratchnn.music.transpose import transpose

COUNTED = ("note", "rest", "length", "tuplet")


def bars(tune: Tune) -> tuple[str, ...]:
    """The notes and lengths of each bar, in the key without sharps and flats if the tune can be moved there."""
    with contextlib.suppress(DataError):  # a note would need three sharps: the bars stay as they are
        tune = transpose(tune, -sharps(tune.key))
    found = [""]
    for token in split_tokens(tune.body):
        kind = token_kind(token)
        if kind == "bar" and found[-1]:
            found.append("")
        found[-1] += token if kind in COUNTED else ""
    return tuple(filter(None, found))


def joined(found: Iterable[str]) -> str:
    """Adjacent bars as one text, which is part of another one if and only if the bars are."""
    return "|" + "".join(f"{bar}|" for bar in found)


def runs(tunes: Iterable[Tune]) -> str:
    """The bars of all tunes, one tune per line: what ``longest_copy`` searches."""
    return "\n".join(joined(bars(tune)) for tune in tunes)


def longest_copy(tune: Tune, known: str) -> int:
    """The number of bars in the longest run of adjacent bars that is also in a tune of ``known``, see ``runs``."""
    own = bars(tune)
    longest = 0
    for start in range(len(own)):
        while start + longest < len(own) and joined(own[start : start + longest + 1]) in known:
            longest += 1
    return longest
