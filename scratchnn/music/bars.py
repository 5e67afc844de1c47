"""Are the bars of a tune as long as its metre says?

The first and the last bar, and bars beside a repeat sign, a double bar or an ending, may be shorter: a tune often begins
with a part of a bar, which the last bar of a section leaves out. All other bars must be exactly as long as the metre, and
there must be at least two of these.
"""

from __future__ import annotations

from fractions import Fraction

from scratchnn.errors import DataError
from scratchnn.music.abc import Tune, fraction
from scratchnn.music.notes import events

LEAST = 2  # inner bars; a tune of fewer has nothing to check


def bar_fault(tune: Tune) -> str | None:
    """What is wrong with the bars of a tune, in a few words; None if all is right."""
    metre = fraction(tune.metre, "the metre", "tune")
    length, number, inner = Fraction(0), 0, 0
    before = "||"  # the sign before the bar
    try:
        written = list(events(tune))
    except DataError as error:
        return str(error)
    for event in written:
        if event.kind == "metre":
            metre = event.length
        length += event.length if event.kind in ("note", "rest") else 0
        if event.kind != "bar":
            continue
        if length:
            number += 1
            plain = before == event.sign == "|"
            inner += plain
            if length > metre or (plain and length < metre):
                return f"bar {number} has the length {length}, the metre is {metre}"
        length, before = Fraction(0), event.sign
    if length > metre:
        return f"the last bar has the length {length}, the metre is {metre}"
    return None if inner >= LEAST else f"only {inner} whole bars"
