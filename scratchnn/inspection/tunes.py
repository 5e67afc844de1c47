"""A figure of a tune."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scratchnn.music import Tune, tune_notes
from scratchnn.music.abc import fraction
from scratchnn.plot import COLOURS, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = ("C", "C♯", "D", "E♭", "E", "F", "F♯", "G", "A♭", "A", "B♭", "B")


def plot_piano_roll(tune: Tune) -> Figure:
    """The notes of a tune, repeats left out: time in bars to the right, pitch upwards."""
    notes = tune_notes(tune, repeats=False)
    bar = float(fraction(tune.metre, "the metre", "tune"))
    end = max((float(note.start + note.length) for note in notes), default=bar) / bar
    figure, axes = new_figure(min(max(5.0, 0.45 * end), 14.0), 3.4)
    for note in notes:
        start, length = float(note.start) / bar, float(note.length) / bar
        axes.barh(note.pitch, 0.94 * length, left=start, height=0.8, color=COLOURS[0])
    pitches = sorted({note.pitch for note in notes})
    axes.set_yticks(pitches, [f"{NAMES[pitch % 12]}{pitch // 12 - 1}" for pitch in pitches], fontsize=7)
    axes.set_xlim(0, end)
    axes.set_xlabel("time in bars")
    axes.set_ylabel("pitch")
    axes.set_title(f"a tune in {tune.key}, {tune.metre}")
    return figure
