"""Are the bars of a tune as long as its metre says? Two checks.

The first one looks at the tune as it is written. The first and the last bar, and bars beside a repeat sign, a double bar or
an ending, may be shorter: a part often begins with an upbeat, and its last bar leaves out as much. All other bars must be
exactly as long as the metre, and there must be at least two of these.

The second one plays the tune with its repeats. The beat must go on: where a part ends with a short bar, what is played
next, often the upbeat of the same part, must complete it. Only the first and the last bar of the tune may be short.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from scratchnn.errors import DataError
from scratchnn.music.abc import Tune, fraction
from scratchnn.music.notes import events, unfold

LEAST = 2  # inner bars; a tune of fewer has nothing to check


def bar_fault(tune: Tune) -> str | None:
    """What is wrong with the bars of a tune, in a few words; None if all is right."""
    try:
        bars = list(bar_lengths(tune))
    except DataError as error:
        return str(error)
    inner = 0
    for number, (length, metre, plain) in enumerate(bars, start=1):
        plain = plain and number < len(bars)
        inner += plain
        if length > metre or (plain and length < metre):
            return f"bar {number} of {len(bars)} has the length {length}, the metre is {metre}"
    return None if inner >= LEAST else f"only {inner} whole bars"


def bar_lengths(tune: Tune) -> Iterator[tuple[Fraction, Fraction, bool]]:
    """Of each bar the length, the metre, and whether it is between two single bar lines."""
    metre = fraction(tune.metre, "the metre", "tune")
    length, before = Fraction(0), "||"
    for event in events(tune):
        if event.kind == "metre":
            metre = event.length
        elif event.kind != "bar":
            length += event.length
        else:
            if length:
                yield length, metre, before == event.sign == "|"
            length, before = Fraction(0), event.sign
    if length:
        yield length, metre, False


def beat_fault(tune: Tune) -> str | None:
    """Where the beat is lost when the tune is played with its repeats, in a few words; None if nowhere."""
    try:
        played = unfold(list(events(tune)))
        metre = fraction(tune.metre, "the metre", "tune")
    except DataError as error:
        return str(error)
    length, bar = Fraction(0), 1
    wrong = None  # with the bar that has ended; the last one may be short
    for event in played:
        if event.kind == "metre":
            metre = event.length
        elif event.kind != "bar":
            if wrong is not None:
                return wrong
            length += event.length
        elif length == metre or (bar == 1 and 0 < length < metre):  # a tune may begin with an upbeat
            length, bar = Fraction(0), bar + 1
        elif length > metre or (event.sign == "|" and length):
            wrong = f"bar {bar} as it is played has the length {length}, the metre is {metre}"
    if length > metre:
        return f"the last bar has the length {length}, the metre is {metre}"
    return None
