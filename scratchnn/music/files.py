"""A tune as a file that can be read, played or looked at: ABC notation, MIDI, sound or a piano roll."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import numpy as np

from scratchnn.errors import DataError
from scratchnn.files import check_new_file, same_place, write_atomically
from scratchnn.music.abc import Tune
from scratchnn.music.notes import Note, tune_notes
from scratchnn.music.piano_roll import plot_piano_roll
from scratchnn.plot import figure_bytes

ENDINGS = (".abc", ".mid", ".wav", ".png")
QUARTERS = 120  # quarter notes per minute
TICKS = 480  # of MIDI, per quarter note
RATE = 22_050  # samples of sound per second
DECAY = 0.996  # of a plucked string, per period
LONGEST = 900  # seconds of music; sound of that length needs some 300 MB of memory


def check_files(paths: Sequence[str]) -> None:
    """Raise ``DataError`` if a tune cannot be saved under each of these names, before anything is computed."""
    for place, path in enumerate(paths):
        check_new_file(path, "--out")
        if Path(path).suffix.lower() not in ENDINGS:
            raise DataError(f"{path}: a tune can be saved as {', '.join(ENDINGS)}")
        if Path(path).suffix.lower() == ".mid":
            _mido()
        if before := next((other for other in paths[:place] if same_place(other, path)), None):
            raise DataError(f"--out: {before} and {path} are the same file; name each file once")


def save_tune(paths: Sequence[str], tune: Tune) -> None:
    """Save a tune as ABC notation, MIDI, sound (both with repeats) or a piano roll, by the ending of each name.

    Raises:
        DataError: a name cannot be used, or the tune cannot be played. Then no file is written.
    """
    check_files(paths)
    contents = [content(Path(path).suffix.lower(), tune) for path in paths]
    for path, data in zip(paths, contents, strict=True):
        write_atomically(path, data)


def content(ending: str, tune: Tune) -> bytes:
    """What a file with one of ``ENDINGS`` contains."""
    if ending == ".abc":
        return tune.file().encode("utf-8")
    if ending == ".png":
        return figure_bytes(plot_piano_roll(tune))
    notes = tune_notes(tune)
    check_notes(notes)
    return midi(notes, tune) if ending == ".mid" else wav(notes)


def check_notes(notes: list[Note]) -> None:
    """Raise ``DataError`` for notes that MIDI does not have, and for a tune that lasts too long."""
    for note in notes:
        if not 0 <= note.pitch <= 127:
            raise DataError(f"a note of the tune has the pitch {note.pitch}; MIDI and sound have 0 to 127, C is 60")
        if (end := seconds(note.start + note.length)) > LONGEST:
            raise DataError(f"the tune lasts more than {int(end):,} seconds; MIDI and sound are written up to {LONGEST}")


def _mido():  # type: ignore[no-untyped-def]
    """The module that writes MIDI files."""
    try:
        import mido
    except ModuleNotFoundError:
        raise DataError('MIDI files need mido; pip install -e ".[music]"') from None
    return mido


def midi(notes: list[Note], tune: Tune) -> bytes:
    """A MIDI file with one track."""
    mido = _mido()
    numerator, denominator = (int(part) for part in tune.metre.split("/"))
    track = mido.MidiTrack()
    if denominator & (denominator - 1) == 0 and numerator < 256:  # what the event can hold
        track.append(mido.MetaMessage("time_signature", numerator=numerator, denominator=denominator))
    track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(QUARTERS)))
    changes = [(note.start, 1, note.pitch) for note in notes]
    changes += [(note.start + note.length, 0, note.pitch) for note in notes]
    now = 0
    for time, on, pitch in sorted(changes):  # at one time, notes end before others begin
        tick = round(time * 4 * TICKS)
        track.append(mido.Message("note_on" if on else "note_off", note=pitch, velocity=80 if on else 0, time=tick - now))
        now = tick
    file = mido.MidiFile(ticks_per_beat=TICKS, tracks=[track])
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def seconds(length: float | Fraction) -> float:
    """A length in whole notes in seconds."""
    return float(length * 4 * 60 / QUARTERS)


def sound(notes: list[Note]) -> np.ndarray:
    """The notes as plucked strings: samples between -1 and 1 (M,), ``RATE`` per second. Karplus and Strong (1983)."""
    end = max((float(note.start + note.length) for note in notes), default=0.0)
    samples = np.zeros(int(RATE * (seconds(end) + 0.5)))
    for note in notes:
        first = int(RATE * seconds(float(note.start)))
        string = pluck(440 * 2 ** ((note.pitch - 69) / 12), int(RATE * seconds(float(note.length))), note.pitch)
        samples[first : first + len(string)] += string
    loudest = np.abs(samples).max(initial=0.0)
    return samples / loudest * 0.9 if loudest else samples


def pluck(frequency: float, count: int, seed: int) -> np.ndarray:
    """``count`` samples of a string: a period of noise, each next one the average of its neighbours.

    The average delays by half a sample, so a string of p samples has the period p + 1/2. No p gives every pitch: the string
    is read at steps of (p + 1/2) frequency / RATE samples, between two samples by linear interpolation.
    """
    period = max(round(RATE / frequency - 0.5), 2)
    step = (period + 0.5) * frequency / RATE
    string = np.random.default_rng(seed).uniform(-1, 1, period)
    periods = []
    for _ in range(-(-int(count * step + 1) // period)):
        periods.append(string)
        string = DECAY * 0.5 * (string + np.roll(string, 1))
    whole = np.concatenate(periods)
    samples = np.interp(np.arange(count) * step, np.arange(len(whole)), whole)
    fade = min(count, RATE // 100)  # ten milliseconds, so that the end does not click
    samples[count - fade :] *= np.linspace(1, 0, fade)
    return samples


def wav(notes: list[Note]) -> bytes:
    """A WAV file of 16 bits, one channel."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes((sound(notes) * 32767).astype("<i2").tobytes())
    return buffer.getvalue()
