"""The notes of a tune: what sounds when.

    pitch     60 + semitones of the letter + 12 x octaves + accidental, as in MIDI: C is 60, c is 72               (1)

The accidental is the one in front of the note; else the latest one in front of the same letter in the same octave in this
bar; else that of the key. Lengths are those of ``Lengths``. Tied notes sound as one. Repeats and endings are played out by
``unfold``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from scratchnn.music.abc import Tune, sharps, split_tokens
from scratchnn.music.lengths import Lengths

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARP_ORDER = "FCGDAEB"
ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
NOTE_PARTS = re.compile(r"(\^\^|\^|__|_|=)?([A-Ga-g])([,']*)")


@dataclass(frozen=True)
class Note:
    """A note: pitch as in MIDI, start and length in whole notes."""

    pitch: int
    start: Fraction
    length: Fraction


@dataclass(frozen=True)
class Event:
    """A part of a tune: ``"note"`` or ``"rest"`` with pitches and length, ``"bar"`` with its sign, ``"metre"``."""

    kind: str
    length: Fraction = Fraction(0)
    pitches: tuple[int, ...] = ()
    tied: bool = False
    sign: str = ""


def key_signature(key: str) -> dict[str, int]:
    """The accidental of each letter: 1 for a sharp, -1 for a flat, 0 else."""
    count = sharps(key)
    altered = SHARP_ORDER[:count] if count >= 0 else SHARP_ORDER[count:]
    return {letter: (1 if count > 0 else -1) if letter in altered else 0 for letter in SEMITONES}


class Pitches:
    """The pitches of notes in a key, with the accidentals of the bar so far."""

    def __init__(self, key: str):
        self.change(key)

    def change(self, key: str) -> None:
        """A new key."""
        self.key = key_signature(key)
        self.bar_line()

    def bar_line(self) -> None:
        """Accidentals hold until the end of a bar."""
        self.accidentals: dict[str, int] = {}

    def pitch(self, token: str) -> int:
        """Equation (1)."""
        accidental, letter, marks = NOTE_PARTS.fullmatch(token).groups()  # type: ignore[union-attr]
        octave = int(letter.islower()) + marks.count("'") - marks.count(",")
        place = f"{letter.upper()}{octave}"
        if accidental is not None:
            self.accidentals[place] = ACCIDENTALS[accidental]
        altered = self.accidentals.get(place, self.key[letter.upper()])
        return 60 + SEMITONES[letter.upper()] + 12 * octave + altered


def events(tune: Tune) -> Iterator[Event]:
    """The events of a tune as they are written; grace notes are left out."""
    lengths, pitches = Lengths(tune.metre, tune.unit), Pitches(tune.key)
    waiting: Event | None = None  # a note or rest that the next tokens may still change
    for token in split_tokens(tune.body):
        kind = lengths.push(token)
        if kind in ("bar", "field", "inline") or lengths.begins:
            if waiting is not None:
                yield waiting
            waiting = Event("rest") if lengths.begins else None
        if waiting is not None:
            sounds = (pitches.pitch(token),) if kind == "note" else ()
            waiting = replace(
                waiting,
                kind="note" if sounds else waiting.kind,
                length=lengths.latest,
                pitches=waiting.pitches + sounds,
                tied=waiting.tied or token == "-",
            )
        elif kind == "bar":
            pitches.bar_line()
            yield Event("bar", sign=token)
        elif kind in ("field", "inline"):
            field = token.strip("[]\n")
            if field[0] == "K":
                pitches.change(field[2:].strip())
            yield Event("metre", length=lengths.metre)
    if waiting is not None:
        yield waiting


def unfold(written: list[Event]) -> list[Event]:
    """The events in the order in which they are played: repeats with their endings, in turn."""
    played: list[Event] = []
    start, turn, k = 0, 1, 0  # where a repeat goes back to, which time this part is played, the place
    while k < len(written):
        sign = written[k].sign
        if sign.startswith(":") and (turn == 1 or following_ending(written, k) == turn + 1):
            played.append(written[k])
            k, turn = start, turn + 1
            continue
        if ending(sign) not in (0, turn):
            k = find_ending(written, k + 1, turn)
            continue
        played.append(written[k])
        k += 1
        if sign.endswith(":") or sign in ("||", "|]") or (sign.startswith(":") and not ending(sign)):
            start, turn = k, 1
    return played


def ending(sign: str) -> int:
    """The number of the ending that a bar line begins, 0 if none."""
    return int(sign[-1]) if sign[-1:].isdigit() else 0


def following_ending(written: list[Event], k: int) -> int:
    """The number of the ending that begins at the bar line ``k``, or at one directly after it."""
    return ending(written[k].sign) or (ending(written[k + 1].sign) if k + 1 < len(written) else 0)


def find_ending(written: list[Event], k: int, turn: int) -> int:
    """From ``k`` on, where the ending ``turn`` of this part begins; if there is none, where the part ends."""
    while k < len(written):
        sign = written[k].sign
        is_end = sign.startswith(":") or sign.endswith(":") or sign in ("||", "|]")
        if ending(sign) == turn or (is_end and not following_ending(written, k)):
            return k
        k += 1
    return k


def tune_notes(tune: Tune, repeats: bool = True) -> list[Note]:
    """The notes of a tune, by start.

    Args:
        tune: what to play.
        repeats: whether repeats and endings are played out.
    """
    written = list(events(tune))
    time = Fraction(0)
    notes: list[Note] = []
    held: dict[int, int] = {}  # pitch -> place in notes of a tied note
    for event in unfold(written) if repeats else written:
        if event.kind not in ("note", "rest"):
            continue
        held_now = {}
        for pitch in event.pitches:
            if pitch in held:
                place = held[pitch]
                notes[place] = Note(pitch, notes[place].start, notes[place].length + event.length)
            else:
                place = len(notes)
                notes.append(Note(pitch, time, event.length))
            held_now[pitch] = place
        held = held_now if event.tied else {}
        time += event.length
    return notes
