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


def runs(tunes: Iterable[Tune]) -> set[tuple[str, ...]]:
    """All runs of adjacent bars of the tunes."""
    found = set()
    for tune in tunes:
        known = bars(tune)
        found |= {known[a:b] for a in range(len(known)) for b in range(a + 1, len(known) + 1)}
    return found


def longest_copy(tune: Tune, known: set[tuple[str, ...]]) -> int:
    """The number of bars in the longest run that is also in ``known``, see ``runs``."""
    own = bars(tune)
    longest = 0
    for start in range(len(own)):
        while own[start : start + longest + 1] in known and start + longest < len(own):
            longest += 1
    return longest
