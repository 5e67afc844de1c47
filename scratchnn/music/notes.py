"""The notes of a tune: what sounds when.

    length    (number before the slash / number after it) x unit; "/" is 1/2, "//" is 1/4                          (1)
    tuplet    (3 : three notes in the time of two; (p : p in the time of q, with q of the standard's table         (2)
    broken    a>b : a x 3/2, b x 1/2; a<b the other way round                                                      (3)
    pitch     60 + semitones of the letter + 12 x octaves + accidental, as in MIDI: C is 60, c is 72               (4)

The accidental is the one in front of the note; else the latest one in front of the same note in this bar; else that of the
key. Tied notes sound as one. Repeats and endings are played out by ``unfold``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction

from scratchnn.music.abc import METRES, Tune, fraction, sharps, split_tokens, token_kind

SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
SHARP_ORDER = "FCGDAEB"
ACCIDENTALS = {"^": 1, "^^": 2, "_": -1, "__": -2, "=": 0}
TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # p notes in the time of q; 5, 7 and 9 depend on the metre
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


def multiple(text: str) -> Fraction:
    """Equation (1) without the unit."""
    number, slashes, divisor = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore[union-attr]
    value = Fraction(int(number or 1))
    return value / (int(divisor) if divisor else 2 ** len(slashes)) if slashes else value


@dataclass
class Reader:
    """Tokens into events."""

    key: dict[str, int]
    unit: Fraction
    metre: str  # as it is written: 6/8 has other tuplets than 3/4
    accidentals: dict[str, int] = field(default_factory=dict)
    tuplet: tuple[int, Fraction] = (0, Fraction(1))  # notes that are left, and their factor
    broken: Fraction = Fraction(1)  # factor of the next note

    def pitch(self, token: str) -> int:
        """Equation (4)."""
        accidental, letter, marks = NOTE_PARTS.fullmatch(token).groups()  # type: ignore[union-attr]
        octave = int(letter.islower()) + marks.count("'") - marks.count(",")
        place = f"{letter.upper()}{octave}"
        if accidental is not None:
            self.accidentals[place] = ACCIDENTALS[accidental]
        altered = self.accidentals.get(place, self.key[letter.upper()])
        return 60 + SEMITONES[letter.upper()] + 12 * octave + altered

    def factor(self) -> Fraction:
        """Equations (2) and (3) for the next note."""
        left, share = self.tuplet
        self.tuplet = (left - 1, share) if left > 1 else (0, Fraction(1))
        factor, self.broken = share * self.broken, Fraction(1)
        return factor

    def start_tuplet(self, token: str) -> None:
        """Equation (2)."""
        p, q, r = ([int(part) if part else 0 for part in token[1:].split(":")] + [0, 0])[:3]
        beats, _, part = self.metre.partition("/")
        compound = part == "8" and int(beats) % 3 == 0
        q = q or TUPLETS.get(p, 3 if compound else 2)
        self.tuplet = r or p, Fraction(q, max(p, 1))

    def change(self, token: str) -> None:
        """A new metre, unit or key inside the tune."""
        name, value = token.strip("[]\n")[0], token.strip("[]\n")[2:].strip()
        if name == "K":
            self.key, self.accidentals = key_signature(value), {}
        elif name == "L":
            self.unit = fraction(value, "the unit", "tune")
        else:
            self.metre = METRES.get(value, value)


def events(tune: Tune) -> Iterator[Event]:
    """The events of a tune as they are written; grace notes are left out."""
    reader = Reader(key_signature(tune.key), fraction(tune.unit, "the unit", "tune"), tune.metre)
    tokens = [(token_kind(token), token) for token in split_tokens(tune.body)]
    k = 0
    waiting: Event | None = None  # a note that "-", ">" or "<" may still change
    while k < len(tokens):
        kind, token = tokens[k]
        k += 1
        if token == "{":  # grace notes take no time
            while k < len(tokens) and tokens[k][1] != "}":
                k += 1
        elif kind in ("note", "rest") or (token == "[" and k < len(tokens) and tokens[k][0] in ("note", "rest")):
            pitches, length, k = sound(reader, tokens, k - 1)
            if waiting is not None:
                yield waiting
            waiting = Event("note" if pitches else "rest", length * reader.unit * reader.factor(), pitches)
        elif token == "-" and waiting is not None:
            waiting = Event(waiting.kind, waiting.length, waiting.pitches, tied=True)
        elif token in "<>" and waiting is not None:
            first = Fraction(3, 2) if token == ">" else Fraction(1, 2)
            waiting = Event(waiting.kind, waiting.length * first, waiting.pitches)
            reader.broken = 2 - first
        elif kind == "tuplet":
            reader.start_tuplet(token)
        elif kind in ("bar", "field", "inline"):
            if waiting is not None:
                yield waiting
            waiting = None
            if kind == "bar":
                reader.accidentals = {}
                yield Event("bar", sign=token)
            else:
                reader.change(token)
                yield Event("metre", length=fraction(reader.metre, "the metre", "tune"))
    if waiting is not None:
        yield waiting


def sound(reader: Reader, tokens: list[tuple[str, str]], k: int) -> tuple[tuple[int, ...], Fraction, int]:
    """Pitches and multiple of the unit of a note, rest or chord [ceg] at token ``k``, and where to go on."""
    pitches, length = [], Fraction(1)
    inside = tokens[k][1] == "["
    k += inside
    first = True
    while k < len(tokens) and tokens[k][0] in ("note", "rest"):
        kind, token = tokens[k]
        if kind == "note":
            pitches.append(reader.pitch(token))
        k += 1
        if k < len(tokens) and tokens[k][0] == "length":
            length = multiple(tokens[k][1]) if first else length  # a chord is as long as its first note
            k += 1
        first = False
        if not inside:
            return tuple(pitches), length, k
    if k < len(tokens) and tokens[k][1] == "]":
        k += 1
        if k < len(tokens) and tokens[k][0] == "length":
            length *= multiple(tokens[k][1])
            k += 1
    return tuple(pitches), length, k


def unfold(written: list[Event]) -> list[Event]:
    """The events in the order in which they are played: what is between repeat signs twice, with its endings 1 and 2."""
    played: list[Event] = []
    start, turn, k = 0, 1, 0  # where a repeat goes back to, whether it is played the first or the second time, the place
    while k < len(written):
        sign = written[k].sign
        ending = int(sign[-1]) if sign[-1:].isdigit() else 0
        if sign.startswith(":") and turn == 1:
            k, turn = start, 2
            continue
        if ending and ending != turn:  # go on with the other ending
            k = next((j for j in range(k + 1, len(written)) if written[j].sign.endswith(str(turn))), len(written))
            continue
        played.append(written[k])
        k += 1
        if sign.endswith(":") or sign in ("||", "|]") or (sign.startswith(":") and not ending):
            start, turn = k, 1
    return played


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
