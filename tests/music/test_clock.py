"""The clock of the bar: equal to the lengths of the notes, whatever the tokens."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.music import Tune, bar_fault, read_tunes, split_tokens
from scratchnn.music.abc import token_kind
from scratchnn.music.clock import CLOCKS, BarClock, clock_id
from scratchnn.music.notes import events

F = Fraction


def left_along(body, metre="4/4", unit="1/8"):
    """The clock after each token of a body."""
    clock = BarClock()
    return [clock.push(token) for token in split_tokens(Tune(metre, unit, "C", body).text())][3:]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A2B/", [7, 6, 5, F(11, 2)]),
        ("A>B", [7, F(13, 2), 6]),
        ("A<<B", [7, F(31, 4), 6]),
        ("A>|B", [7, F(13, 2), 8, F(15, 2)]),  # the next note, wherever it is
        ("(3ABc", [8, F(22, 3), F(20, 3), 6]),
        ("[A2c3]2", [8, 7, 6, 6, 6, 6, 4]),
        ("{ga}A", [8, 8, 8, 8, 7]),
        ("z2|x", [7, 6, 8, 7]),
        ("A[L:1/4]A", [7, F(7, 2), F(5, 2)]),  # in units of 1/4 now
        ("A[M:3/4]A", [7, 5, 4]),
        ("[M:3/4]Z|A", [6, 0, 6, 5]),  # Z is a bar of silence
        ("A8B", [7, 0, -1]),
    ],
)
def test_the_clock(body, expected):
    assert left_along(body) == expected


PIECES = [
    "A",
    "^c'",
    "2",
    "/",
    "3/2",
    "|",
    ":|",
    '"G"',
    " ",
    "(3",
    "(5",
    "z",
    "Z",
    "\n",
    "-",
    "~",
    ">",
    "<<",
    "{",
    "}",
    "[",
]
PIECES += ["]", "[M:6/8]", "[L:1/16]", "[K:D]"]


def assert_same(tune):
    """Before each bar line and at the end, the clock has counted the events of the bar."""
    counted, bar = [], F(0)
    for event in events(tune):
        if event.kind == "bar":
            counted.append(bar)
            bar = F(0)
        else:
            bar += event.length if event.kind in ("note", "rest") else 0
    clock, found = BarClock(), []
    for token in split_tokens(tune.text()):
        if token_kind(token) == "bar" and not clock.lengths.grace:
            found.append(clock.elapsed)
        clock.push(token)
    assert (found, clock.elapsed) == (counted, bar)


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
def test_the_clock_counts_the_notes_of_any_tokens(pieces):
    assert_same(Tune("4/4", "1/8", "C", "".join(pieces)))


def test_no_length_is_left_at_the_bar_lines_of_a_right_tune():
    for tune in read_tunes(generated_tunes(20, seed=2), "generated"):
        assert bar_fault(tune) is None
        assert_same(tune)
        clock = BarClock()
        for token in split_tokens(tune.text()):
            if token_kind(token) == "bar" and not token.startswith("|:"):
                assert clock.left() == 0
            clock.push(token)


def test_ids():
    assert clock_id(F(-2)) == clock_id(F(-100)) == 0
    assert clock_id(F(16)) == clock_id(F(100)) == CLOCKS - 1
    assert len({clock_id(F(k, 12)) for k in range(-24, 193)}) == CLOCKS
    assert clock_id(F(1, 2)) - clock_id(F(1, 3)) == 2
