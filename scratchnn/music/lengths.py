"""How long are the notes of a tune? Followed token by token.

    length    (number before the slash / number after it) x unit; "/" is 1/2, "//" is 1/4                          (1)
    tuplet    (3 : three notes in the time of two; (p : p in the time of q, with q of the standard's table         (2)
    broken    a>b : a x 3/2, b x 1/2; a>>b : a x 7/4, b x 1/4; a>>>b : a x 15/8, b x 1/8; < the other way round    (3)

A token never says how long a note is at last: a length, > or < may follow. ``latest`` is the length by the tokens so far.
Grace notes take no time. The notes of a chord begin together, and the first one says how long they are.
"""

from __future__ import annotations

import re
from fractions import Fraction

from scratchnn.music.abc import METRES, fraction, token_kind

TUPLETS = {2: 3, 3: 2, 4: 3, 6: 2, 8: 3}  # p notes in the time of q; 5, 7 and 9 depend on the metre


def multiple(text: str) -> Fraction:
    """Equation (1) without the unit."""
    number, slashes, divisor = re.fullmatch(r"(\d*)(/*)(\d*)", text).groups()  # type: ignore[union-attr]
    value = Fraction(int(number or 1))
    return value / (int(divisor) if divisor else 2 ** len(slashes)) if slashes else value


class Lengths:
    """Follows the tokens of a tune.

    Args:
        metre, unit: as in the header, ``"6/8"`` and ``"1/8"``.

    Attributes:
        metre, unit: in whole notes, now.
        latest: length of the latest note, rest or chord in whole notes.
        begins: whether the latest token was a note or rest that begins after the one before has ended.
    """

    def __init__(self, metre: str, unit: str):
        self.metre_name = metre  # as it is written: 6/8 has other tuplets than 3/4
        self.metre = fraction(metre, "the metre", "tune")
        self.unit = fraction(unit, "the unit", "tune")
        self.latest = Fraction(0)
        self.begins = False
        self.tuplet = (0, Fraction(1))  # notes that are left, and their factor
        self.broken = Fraction(1)  # factor of the next note
        self.chord = ""  # "[" before the first note of a chord, "]" after it
        self.grace = False  # between { and }
        self.takes_length = False  # only directly after a note, or after the ] of a chord
        self.takes_broken = False  # after a note, until the next one or a bar line

    def push(self, token: str) -> str:
        """Follow one token; its kind is returned, ``"grace"`` for all that is between { and }."""
        kind = token_kind(token)
        takes_length, self.takes_length = self.takes_length, False
        self.begins = False
        if self.grace or token == "{":
            self.grace = token != "}"
            return "grace"
        if kind in ("note", "rest"):
            self.begins = self.chord != "]"  # the notes of a chord begin together
            if self.begins:
                self.latest = (self.metre if token == "Z" else self.unit) * self._factor()  # Z: a whole bar
                self.takes_length = self.takes_broken = True
            self.chord = "]" if self.chord else ""
        elif kind == "length" and takes_length:
            self.latest *= multiple(token)
        elif kind == "broken" and self.takes_broken:
            self.latest *= self._break(token)
        elif kind == "tuplet":
            self._start_tuplet(token)
        elif token in "[]":
            self.takes_length = token == "]" == self.chord
            self.chord = "[" if token == "[" else ""
        elif kind in ("bar", "field", "inline"):
            self.takes_broken = False
            self.chord = ""
            if kind != "bar":
                self._change(token.strip("[]\n"))
        return kind

    def _factor(self) -> Fraction:
        """Equations (2) and (3) for the next note."""
        left, share = self.tuplet
        self.tuplet = (left - 1, share) if left > 1 else (0, Fraction(1))
        factor, self.broken = share * self.broken, Fraction(1)
        return factor

    def _break(self, token: str) -> Fraction:
        """Equation (3): the factor of the latest note; that of the next one is kept."""
        short = Fraction(1, 2 ** len(token))
        factor = 2 - short if token[0] == ">" else short
        self.broken, self.takes_broken = 2 - factor, False
        return factor

    def _start_tuplet(self, token: str) -> None:
        """Equation (2)."""
        p, q, r = ([int(part) if part else 0 for part in token[1:].split(":")] + [0, 0])[:3]
        beats, _, part = self.metre_name.partition("/")
        compound = part == "8" and int(beats) % 3 == 0
        q = q or TUPLETS.get(p, 3 if compound else 2)
        self.tuplet = r or p, Fraction(q, p)

    def _change(self, field: str) -> None:
        """A new metre or unit."""
        name, value = field[0], field[2:].strip()
        if name == "M":
            self.metre_name = METRES.get(value, value)
            self.metre = fraction(self.metre_name, "the metre", "tune")
        elif name == "L":
            self.unit = fraction(value, "the unit", "tune")
