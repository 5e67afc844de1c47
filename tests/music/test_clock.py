"""The clock of the bar: equal to the lengths of the notes, whatever the tokens; where bars and parts end."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.music import Tune, bar_fault, beat_fault, read_tunes, split_tokens, tune_notes
from scratchnn.music.abc import token_kind
from scratchnn.music.clock import CLOCKS, LEAST, MOST, SIZE, STEPS, BarClock
from scratchnn.music.lengths import Lengths

F = Fraction


def clock_along(body, metre="4/4", unit="1/8"):
    """What is left of the bar, and of the part, after each token of a body, in units."""
    clock, found = BarClock(), []
    for token in split_tokens(Tune(metre, unit, "C", body).text()):
        clock.push(token)
        left, close = clock.ids()
        found.append((F(left + LEAST, STEPS), F(close + LEAST - SIZE, STEPS)))
    return found[3:]


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
        ("A8|B7|c", [7, 0, 8, 7, 1, 8, 7]),  # a single bar line begins a bar even after a short one
        ("A8|B7:|c|d", [7, 0, 8, 7, 1, 1, 0, 8, 7]),  # at a repeat sign a short bar goes on
        ("A8||B7||c|", [7, 0, 8, 7, 1, 1, 0, 8]),
        ("A8|[1B7:|[2B7||c", [7, 0, 8, 8, 7, 1, 1, 8, 7, 1, 1, 0]),  # both endings begin at one place in the bar
    ],
)
def test_what_is_left_of_the_bar(body, expected):
    assert [left for left, _ in clock_along(body)] == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("A8|B7", [7, 0, 8, 7, 1]),  # no upbeat: as what is left of the bar
        ("A|B8|c7:|", [7, 7, 6, -1, 7, 6, 0, 0]),  # the upbeat of 1 will be played again
        ("|:A|B8|c7:|d2|e", [8, 7, 7, 6, -1, 7, 6, 0, 0, -1, -2, 6, 5]),  # then one of 2
        ("A|B7||c8|d", [7, 7, 6, 0, 0, -1, -2, 8, 7]),  # a part without an upbeat; no count is below -2
    ],
)
def test_what_is_left_of_the_part(body, expected):
    assert [close for _, close in clock_along(body)] == expected


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
PIECES += ["]", "[M:6/8]", "[L:1/16]", "[K:D]", "|:", "||", "[1", "[2", "::"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40))
@example(["[", "|:", "A"])  # [|: is one sign
@example(["[", "|", "2", "A"])  # so is [|2, the second ending
@example(["[", "A", "^c'", "-"])  # one note of an open chord is tied to the last note
def test_any_tokens_take_as_long_as_their_notes(pieces):
    """The steps of the clock between two bar lines add up to the end of the notes; no token makes the clock fail."""
    clock, time, before = BarClock(), F(0), F(0)
    tune = Tune("4/4", "1/8", "C", "".join(["z", *pieces, "|A"]))
    for token in split_tokens(tune.text()):
        if not (token_kind(token) == "bar" and not clock.lengths.grace):
            clock.push(token)
            time += clock.elapsed - before
        else:
            clock.push(token)
        before = clock.elapsed
        assert all(SIZE * k <= number < SIZE * (k + 1) for k, number in enumerate(clock.ids()))
    last = tune_notes(tune, repeats=False)
    if not clock.lengths.grace:
        assert time == max(note.start + note.length for note in last)  # a tie makes an earlier note the longer one


def test_no_length_is_left_at_the_bar_lines_of_a_right_tune():
    for tune in read_tunes(generated_tunes(20, seed=2), "generated"):
        assert bar_fault(tune) is beat_fault(tune) is None
        clock = BarClock()
        for token in split_tokens(tune.text()):
            if token_kind(token) == "bar" and not token.startswith("|:"):
                assert clock.ids() == (-LEAST, SIZE - LEAST)
            clock.push(token)


def test_far_counts_have_the_ids_at_the_ends():
    clock = BarClock()
    assert clock.ids() == (8 * STEPS - LEAST, SIZE + 8 * STEPS - LEAST)
    clock.lengths = Lengths("99/4", "1/8")
    assert clock.ids() == (MOST - LEAST, CLOCKS - 1)
    clock.elapsed = F(99)
    assert clock.ids() == (0, SIZE)
