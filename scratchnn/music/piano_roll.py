"""A figure of a tune: a piano roll."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from scratchnn.music.abc import Tune
from scratchnn.music.notes import events, tune_notes
from scratchnn.plot import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")
PER_LINE = 8.0  # whole notes in one row of the figure
REPEATS, SINGLE = "0.25", "0.8"  # greys of bar lines


def plot_piano_roll(tune: Tune) -> Figure:
    """The notes of a tune as they are written, repeats not played out: time to the right, pitch upwards, a row per line.

    Bar lines are where the tune has them; those with a repeat sign, and double ones, are dark.
    """
    notes = tune_notes(tune, repeats=False)
    bar_lines, end = times_of_bar_lines(tune)
    rows = max(1, -int(-float(end) // PER_LINE))
    figure, axes = new_figure(11.0, 0.8 + 2.0 * rows, nrows=rows, squeeze=False, sharex=True, sharey=True)
    pitches = [note.pitch for note in notes] or [60]
    for row, axis in enumerate(axes[:, 0]):
        first = row * PER_LINE
        for time, sign in bar_lines:
            if first <= time <= first + PER_LINE:
                axis.axvline(float(time) - first, color=SINGLE if sign == "|" else REPEATS, linewidth=1, zorder=0)
        for note in notes:
            if first <= note.start < first + PER_LINE:
                start, length = float(note.start) - first, float(note.length)
                axis.barh(note.pitch, 0.94 * length, left=start, height=0.8, align="center", color=COLOURS[0])
        axis.set_ylim(min(pitches) - 1, max(pitches) + 1)
        shown = sorted(set(pitches))
        axis.set_yticks(shown, [f"{NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch in shown], fontsize=6)
        axis.set_xlim(0, PER_LINE)
        axis.set_ylabel("pitch")
    axes[-1, 0].set_xlabel("time in whole notes, in rows of 8; grey lines are bar lines, dark ones repeats and double bars")
    axes[0, 0].set_title(f"a tune in {tune.key}, {tune.metre}")
    return figure


def times_of_bar_lines(tune: Tune) -> tuple[list[tuple[Fraction, str]], Fraction]:
    """The time of each bar line in whole notes, with its sign; and the time at which the tune ends."""
    time, found = Fraction(0), []
    for event in events(tune):
        if event.kind == "bar":
            found.append((time, event.sign))
        elif event.kind != "metre":
            time += event.length
    return found, time
