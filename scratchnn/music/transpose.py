"""A tune in another key.

Each letter moves by as many steps as the tonic, and keeps its accidental relative to the key:

    letter'      = letter + steps                                                                                  (1)
    accidental'  = accidental - key signature of letter + key signature of letter' in the new key                  (2)

A note without an accidental stays without one. Of the two ways, up or down, the shorter one is taken.
"""

from __future__ import annotations

import re
from functools import partial

from scratchnn.errors import DataError
from scratchnn.music.abc import KEY, Tune, sharps, split_tokens, token_kind
from scratchnn.music.notes import ACCIDENTALS, NOTE_PARTS, key_signature

LETTERS = "CDEFGAB"
SIGNS = {value: sign for sign, value in ACCIDENTALS.items()}
CHORD_ROOT = re.compile(r"([A-G])([#b]?)")
TONICS = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]  # major, -7 to 7 sharps


def major(key: str) -> str:
    """The tonic of the major key with the same signature."""
    return TONICS[sharps(key) + 7]


def moved_key(key: str, by: int) -> str:
    """The key of the same mode whose signature has ``by`` sharps more."""
    match = KEY.match(key)
    assert match is not None
    names = {sharps(name + match[3]): name for name in TONICS if abs(_count(name, match[3])) <= 7}
    wanted = sharps(key) + by
    if wanted not in names:
        raise DataError(f"the key {key!r} cannot be moved by {by} sharps: there are no more than 7")
    return names[wanted] + match[3]


def _count(name: str, mode: str) -> int:
    """Sharps of a key, 99 if there are too many."""
    try:
        return sharps(name + mode)
    except DataError:
        return 99


def transpose(tune: Tune, by: int) -> Tune:
    """The tune in the key whose signature has ``by`` sharps more (fewer if negative).

    Raises:
        DataError: the new key, or the key of a part, would have more than seven sharps or flats, or a note more than a
            double sharp or flat.
    """
    steps = 4 * by % 7  # one sharp more is a fifth higher: four letters
    steps -= 7 * (steps > 3)
    old, new = key_signature(tune.key), key_signature(moved_key(tune.key, by))
    body = []
    for token in split_tokens(tune.body):
        kind = token_kind(token)
        if kind == "note":
            token = _moved_note(token, steps, old, new)
        elif kind == "chord":
            token = CHORD_ROOT.sub(partial(_moved_root, steps=steps, old=old, new=new), token)
        elif kind in ("field", "inline") and token.lstrip("[").startswith("K"):
            key = token.strip("[]\n")[2:]
            token = token.replace(key, moved_key(key, by))
            old, new = key_signature(key), key_signature(moved_key(key, by))
        body.append(token)
    return Tune(tune.metre, tune.unit, moved_key(tune.key, by), "".join(body))


def _moved_note(token: str, steps: int, old: dict[str, int], new: dict[str, int]) -> str:
    """Equations (1) and (2) for a note."""
    accidental, letter, marks = NOTE_PARTS.fullmatch(token).groups()  # type: ignore[union-attr]
    place = LETTERS.index(letter.upper()) + 7 * (letter.islower() + marks.count("'") - marks.count(",")) + steps
    octave, moved = place // 7, LETTERS[place % 7]
    sign = "" if accidental is None else _sign(ACCIDENTALS[accidental] - old[letter.upper()] + new[moved], token)
    if octave >= 1:
        return sign + moved.lower() + "'" * (octave - 1)
    return sign + moved + "," * -octave


def _moved_root(match: re.Match[str], steps: int, old: dict[str, int], new: dict[str, int]) -> str:
    """Equations (1) and (2) for the root of a chord symbol."""
    letter, sign = match.groups()
    moved = LETTERS[(LETTERS.index(letter) + steps) % 7]
    altered = {"#": 1, "b": -1, "": 0}[sign] - old[letter] + new[moved]
    return moved + ("#" * altered if altered > 0 else "b" * -altered)


def _sign(accidental: int, token: str) -> str:
    """The sign of an accidental in front of a note."""
    if accidental not in SIGNS:
        raise DataError(f"the note {token} would need more than a double sharp or flat in this key")
    return SIGNS[accidental]
