"""Tunes in ABC notation, and their tokens.

A file contains tunes with a blank line between them. A tune is a header and a body:

    X:1                    number; begins a tune
    T:The Tenpenny Bit     title
    M:6/8                  metre: a bar has the length 6/8; C is 4/4, C| is 2/2
    L:1/8                  unit: a note without a number is 1/8 of a whole note; by the metre if there is none
    K:G                    key; ends the header
    |:"G"B2d dBd|e2f g3:|  body: bar lines, chord symbols, notes and lengths

Only metre, unit and key are kept of the header. Of the body, other fields (P:, [N: ...]) and comments (%) are left out, and
a line that ends in a backslash is joined to the next one. A clef beside a key is left out. Lines between two tunes are free
text and are ignored.

A token is a note with its accidental and octave (^c'), a rest, a length (3/2), a bar line, a chord symbol ("Em"), a change
of metre, unit or key, or another single sign. ``"".join(split_tokens(text)) == text``.

Source: the ABC music standard 2.1, abcnotation.com/wiki/abc:standard:v2.1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from scratchnn.errors import DataError

NOTE = r"(?:\^\^|\^|__|_|=)?[A-Ga-g][,']*"
BAR = r"\[\|:*\d?|:*\|+[|\]:]*\d?|::+|\[\d"  # [| [|: :|| |: |] :: and the endings [1 |2
TOKEN = re.compile(
    rf"""(?P<field>(?:(?<=\n)|^)[MLK]:[^\n]*\n?)|(?P<inline>\[[MLK]:[^\]\n]*\])|(?P<bar>{BAR})|(?P<chord>"[^"\n]*")|
    (?P<note>{NOTE})|(?P<rest>[zxZ])|(?P<length>\d+/?\d*|/+\d*)|(?P<tuplet>\(\d(?::\d?){{0,2}})|
    (?P<decoration>![^!\n]+!|[~.HLMOPSTuv])|(?P<broken>>+|<+)|(?P<sign>[\[\](){{}}\-`])|(?P<space>[ \t]+)|
    (?P<line>\n)""",
    re.VERBOSE | re.ASCII,
)
LENGTH = re.compile(r"[0-9]{0,3}(/{0,9}|/[1-9][0-9]{0,2})")  # of the lengths that TOKEN finds, those that can be played
OLD_CHORD = re.compile(r"\+([^+\"\n]+)\+")  # +ceg+, of ABC before 2.0, is written [ceg] now
FIELD = re.compile(r"[MLK]:|[A-Za-z+]:(?![|:])")  # a:| is music
INLINE = re.compile(r"\[([A-Za-z]):([^\]\n]*)\]")
METRES = {"C": "4/4", "C|": "2/2"}
FIFTHS = {letter: number for number, letter in enumerate("FCGDAEB", start=-1)}  # sharps in the major key of a letter
MODES = {"": 0, "maj": 0, "ion": 0, "mix": -1, "dor": -2, "m": -3, "min": -3, "aeo": -3, "phr": -4, "loc": -5, "lyd": 1}
KEY = re.compile(r"([A-G])([#b]?)\s*([A-Za-z]*)")
CLEF = re.compile(r"(?:clef=)?(?:treble|alto|tenor|bass)[1-5]?|clef=(?:none|perc)|middle=\S+|stafflines=\d+")


@dataclass(frozen=True)
class Tune:
    """One tune.

    Attributes:
        metre: as in ``"6/8"``.
        unit: length of a note without a number, as in ``"1/8"``.
        key: as in ``"G"`` or ``"Em"``.
        body: lines of music, each with its line end.
    """

    metre: str
    unit: str
    key: str
    body: str

    def text(self) -> str:
        """The tune as a model reads it: three header lines and the body."""
        return f"M:{self.metre}\nL:{self.unit}\nK:{self.key}\n{self.body}"

    def file(self, number: int = 1, title: str = "") -> str:
        """The tune as a file in ABC notation."""
        return f"X:{number}\nT:{title}\n{self.text()}"


def fraction(text: str, what: str, place: str) -> Fraction:
    """A metre or unit above zero as a fraction of a whole note."""
    match = re.fullmatch(r"([0-9]{1,3})/([0-9]{1,3})", text)
    if match is None or not int(match[1]) or not int(match[2]):
        raise DataError(f"{place}: {what} {text[:12]!r} is not a fraction such as 6/8")
    return Fraction(int(match[1]), int(match[2]))


def sharps(key: str, place: str = "key") -> int:
    """Number of sharps in a key, negative for flats: G has 1, Dm -1.

    Raises:
        DataError: the key or its mode is unknown, or would need more than seven sharps or flats.
    """
    match = KEY.fullmatch(key)
    mode = match[3].lower() if match else ""
    mode = mode if mode in MODES else mode[:3]
    if match is None or mode not in MODES:
        raise DataError(f"{place}: unknown key {key!r}; a key is a letter A to G, # or b, and a mode, as in G, F#m, Ddor")
    count = FIFTHS[match[1]] + {"": 0, "#": 7, "b": -7}[match[2]] + MODES[mode]
    if abs(count) > 7:
        raise DataError(f"{place}: the key {key!r} needs {abs(count)} sharps or flats; there are no more than 7")
    return count


def split_tokens(text: str, place: str = "text", first_line: int = 1) -> list[str]:
    """The tokens of a text of header lines and music; ``first_line`` is the number of its first line, for messages.

    Raises:
        DataError: with the line, for a character that is not ABC notation.
    """
    tokens, end = [], 0
    for match in TOKEN.finditer(text):
        if match.start() != end:
            break
        tokens.append(match.group())
        end = match.end()
    if end != len(text):
        line = text.count("\n", 0, end) + first_line
        raise DataError(f"{place}: line {line}: {text[end : end + 10].partition(chr(10))[0]!r} is not ABC notation")
    return tokens


def token_kind(token: str) -> str:
    """Which group of ``TOKEN`` a token belongs to: ``"note"``, ``"bar"``, ``"length"`` ..."""
    match = TOKEN.fullmatch(token)
    assert match is not None
    return str(match.lastgroup)


def read_tunes(text: str, place: str) -> list[Tune]:
    """All tunes of a text.

    Args:
        text: the content of a file.
        place: its name, for messages.

    Raises:
        DataError: with the line, for a tune without metre or key, with an unknown key, or with something that is not
            music in its body; or if there is no tune.
    """
    tunes = []
    lines: list[tuple[int, str]] = []
    for number, line in enumerate([*text.splitlines(), ""], start=1):
        if line.strip():
            lines.append((number, line.rstrip()))
            continue
        starts = [k for k, (_, found) in enumerate(lines) if found.startswith("X:")]
        for first, last in pairwise([*starts, len(lines)]):
            tunes.append(read_tune(lines[first:last], place))
        lines = []
    if not tunes:
        raise DataError(f"{place}: no tune in ABC notation; a tune begins with a line X:1")
    return tunes


def read_tune(lines: list[tuple[int, str]], place: str) -> Tune:
    """One tune from its numbered lines."""
    header: dict[str, str] = {}
    body = ""
    where = f"{place}: line {lines[0][0]}"
    for number, line in lines:
        line = line.split("%")[0].rstrip()
        at = f"{place}: line {number}"
        if FIELD.match(line):
            name, value = line[0], line[2:].strip()
            if name in "MLK":
                value = field_value(name, value, at)
                if "K" in header:
                    body += ("" if body.endswith("\n") or not body else "\n") + f"{name}:{value}\n"
                else:
                    header[name] = value
            continue
        if not line:
            continue
        if "K" not in header:
            raise DataError(f"{at}: music before the key; the header of a tune ends with a line K:")
        line = without_fields(OLD_CHORD.sub(r"[\1]", line), at).rstrip()
        if not line:
            continue
        check_tokens(split_tokens(line.rstrip("\\"), place, number), at)
        body += line[:-1] if line.endswith("\\") else line + "\n"
    if "M" not in header or "K" not in header:
        raise DataError(f"{where}: this tune has no {'metre (M:)' if 'M' not in header else 'key (K:)'}")
    if not body:
        raise DataError(f"{where}: this tune has no music")
    short = fraction(header["M"], "the metre", where) < Fraction(3, 4)  # the standard's default unit
    return Tune(header["M"], header.get("L", "1/16" if short else "1/8"), header["K"], body.rstrip("\n") + "\n")


def check_tokens(tokens: list[str], place: str) -> None:
    """Raise ``DataError`` for a length that no note has, a tuplet of fewer than two notes, or > or < without a note."""
    can_change = False  # whether > or < may follow
    for token in tokens:
        kind = token_kind(token)
        if kind == "length" and not LENGTH.fullmatch(token):
            raise DataError(f"{place}: the length {token[:12]!r} cannot be played; numbers go up to 999, and none is /0")
        if kind == "tuplet" and ("0" in token or token[1] == "1"):
            raise DataError(f"{place}: {token!r} is no tuplet; it begins with the number of its notes, (2 to (9")
        if kind == "broken" and (len(token) > 3 or not can_change):
            raise DataError(f"{place}: {token[:12]!r} is no broken rhythm; one to three of > or < come after a note")
        if kind in ("note", "rest", "bar", "inline", "broken"):
            can_change = kind in ("note", "rest")


def without_fields(line: str, place: str) -> str:
    """A line with the fields inside it as they are used; those that are no metre, unit or key are left out."""

    def used(match: re.Match[str]) -> str:
        name, value = match.groups()
        return f"[{name}:{field_value(name, value.strip(), place)}]" if name in "MLK" else ""

    while (changed := INLINE.sub(used, line)) != line:  # what is left out may have been inside another field
        line = changed
    return line


def field_value(name: str, value: str, place: str) -> str:
    """The value of a metre, unit or key as it is used: C as 4/4, a key without its clef.

    Raises:
        DataError: the value cannot be used.
    """
    if name == "K":
        words = [word for word in value.split() if not CLEF.fullmatch(word)]
        if other := [word for word in words if set(word) & set("^_=")]:
            raise DataError(
                f"{place}: the key {value!r} has {other[0]!r}; leave it out, and write accidentals before the notes"
            )
        value = " ".join(words)
        sharps(value, place)
    elif name == "M" and value == "none":
        raise DataError(f"{place}: the metre 'none' has no bars; give one such as 4/4")
    else:
        value = METRES.get(value, value) if name == "M" else value
        fraction(value, "the metre" if name == "M" else "the unit", place)
    return value
