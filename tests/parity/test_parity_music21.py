"""Tunes whose bars the check accepts, as music21 reads them: the same bars, notes and lengths."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from small_text import command

from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.datasets.music import load_music
from scratchnn.errors import DataError
from scratchnn.music import Tune, bar_fault, read_tunes, tune_notes
from scratchnn.music.bars import bar_lengths
from scratchnn.tasks.trained import load
from scratchnn.tasks.tunes import draw_tune, readable

music21 = pytest.importorskip("music21", reason='music21 is not installed: pip install -e ".[scores]"')
pytestmark = [pytest.mark.parity, pytest.mark.usefixtures("quick")]

F = Fraction


def bars_of(tune):
    """The length of each bar that has notes or rests, in whole notes, as music21 reads it; and the notes."""
    score = music21.converter.parseData(tune.file(), format="abc")
    bars, notes = [], []
    for bar in score.recurse().getElementsByClass(music21.stream.Measure):
        parts = [part for part in bar.notesAndRests if not isinstance(part, music21.harmony.ChordSymbol)]
        if length := sum((F(part.quarterLength) for part in parts), F(0)) / 4:
            bars.append(length)
        notes += [pitch.midi for part in parts for pitch in getattr(part, "pitches", ())]
    return bars, notes


def assert_same(tune):
    assert bar_fault(tune) is None
    bars, pitches = bars_of(tune)
    assert bars == [length for length, _, _ in bar_lengths(tune)]
    untied = Tune(tune.metre, tune.unit, tune.key, tune.body.replace("-", ""))
    assert pitches == [note.pitch for note in tune_notes(untied, repeats=False)]


def accepted(tunes, count):
    """The first tunes that the check accepts."""
    found = [tune for tune in tunes if bar_fault(tune) is None][:count]
    assert len(found) == count
    return found
