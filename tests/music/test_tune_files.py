"""Three tunes as files, read back by others: MIDI by mido, sound by ``wave``; and the figure of a tune."""

from __future__ import annotations

import wave
from fractions import Fraction

import numpy as np
import pytest

from scratchnn.datasets.generated.tunes import generated_tunes
from scratchnn.music import Tune, read_tunes, tune_notes
from scratchnn.music.files import RATE, save_tune, seconds
from scratchnn.music.piano_roll import plot_piano_roll, times_of_bar_lines

F = Fraction
JIG = Tune("6/8", "1/8", "G", '|:"G"B2d dBd|e2f g3:|\n')
REEL = Tune("4/4", "1/8", "D", "d>e|:(3fgfe2 [Ac]2z2|A>>Bc-c4[1z2d>e:|2z4|]\n")
TUNES = {"jig": JIG, "reel": REEL, "generated": read_tunes(generated_tunes(1, seed=0), "generated")[0]}
each_tune = pytest.mark.parametrize("name", TUNES)


@each_tune
def test_midi_has_the_lengths_of_the_notes(name, tmp_path):
    mido = pytest.importorskip("mido", reason="needs the extra music")
    save_tune([str(tmp_path / "tune.mid")], TUNES[name])
    found, sounding, now = [], {}, 0
    file = mido.MidiFile(str(tmp_path / "tune.mid"))
    for message in file.tracks[0]:
        now += message.time
        if message.type == "note_on":
            sounding[message.note] = now
        elif message.type == "note_off":
            start = sounding.pop(message.note)
            found.append((F(start, 4 * file.ticks_per_beat), message.note, F(now - start, 4 * file.ticks_per_beat)))
    notes = sorted((note.start, note.pitch, note.length) for note in tune_notes(TUNES[name]))
    assert sorted(found) == notes  # exactly: 480 ticks per quarter hold triplets and thirty-seconds
    assert sounding == {}


@each_tune
def test_sound_has_the_lengths_of_the_notes(name, tmp_path):
    save_tune([str(tmp_path / "tune.wav")], TUNES[name])
    with wave.open(str(tmp_path / "tune.wav")) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
    notes = tune_notes(TUNES[name])
    end = max(note.start + note.length for note in notes)
    assert len(samples) == int(RATE * (seconds(end) + 0.5))
    sounds = np.zeros(len(samples), dtype=bool)
    for note in notes:
        first, last = (int(RATE * seconds(time)) for time in (note.start, note.start + note.length))
        assert np.abs(samples[first : first + RATE // 50].astype(int)).max() > 1000  # each one is struck
        sounds[first : last + 1] = True
    assert not samples[~sounds].any()  # rests, and half a second at the end, are silent


@each_tune
def test_a_piano_roll_has_a_bar_per_note(name, tmp_path):
    tune = TUNES[name]
    figure = plot_piano_roll(tune)
    drawn = {
        (round(8 * row + patch.get_x(), 6), round(patch.get_y() + patch.get_height() / 2))
        for row, axes in enumerate(figure.axes)
        for patch in axes.patches
    }
    assert drawn == {(round(float(note.start), 6), note.pitch) for note in tune_notes(tune, repeats=False)}
    save_tune([str(tmp_path / "tune.png")], tune)
    assert (tmp_path / "tune.png").read_bytes().startswith(b"\x89PNG")


def test_bar_lines_are_where_the_tune_has_them():
    times, end = times_of_bar_lines(JIG)
    assert times == [(0, "|:"), (F(6, 8), "|"), (F(12, 8), ":|")]
    assert end == F(12, 8)


def test_a_tune_of_rests_has_a_piano_roll_without_notes():
    (axes,) = plot_piano_roll(Tune("4/4", "1/8", "C", "z8|\n")).axes
    assert len(axes.patches) == 0
