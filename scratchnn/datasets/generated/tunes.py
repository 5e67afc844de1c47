"""Simple tunes in ABC notation, generated: reels in 4/4 and jigs in 6/8 of two parts, each of four bars and repeated.

A bar is an arpeggio or a run within one of the chords of degree 1, 4 and 5; parts end on the tonic. All bars are as long as
the metre says.
"""

from __future__ import annotations

import numpy as np

from scratchnn.errors import whole_number

KEYS = {"C": "CDEFGABcdefgab", "G": "GABcdefgabc'd'e'f'", "D": "DEFGABcdefgabc'", "F": "FGABcdefgabc'd'e'"}
PATTERNS = {
    "6/8": ([1] * 6, [2, 1, 2, 1], [3, 3], [2, 1, 3]),
    "4/4": ([1] * 8, [2, 1, 1, 2, 1, 1], [2, 2, 2, 2], [3, 1, 2, 2]),
}
CHORDS = (0, 3, 4)  # degrees of the scale, from the tonic


def letters(scale: str) -> list[str]:
    """The notes of a scale, each with its octave marks."""
    notes: list[str] = []
    for sign in scale:
        if sign == "'":
            notes[-1] += sign
        else:
            notes.append(sign)
    return notes


def generated_tunes(count: int, seed: int) -> str:
    """``count`` tunes as a text in ABC notation; the same count and seed give the same text."""
    rng = np.random.default_rng(whole_number(seed, "generated_tunes: seed", 0))
    tunes = []
    for number in range(1, whole_number(count, "generated_tunes: count") + 1):
        key, metre = str(rng.choice(list(KEYS))), str(rng.choice(list(PATTERNS)))
        scale = letters(KEYS[key])
        parts = [_part(scale, PATTERNS[metre], rng) for _ in range(2)]
        body = "\n".join(f"|:{'|'.join(bars)}:|" for bars in parts)
        tunes.append(f"X:{number}\nT:Tune {number}\nM:{metre}\nL:1/8\nK:{key}\n{body}\n")
    return "\n".join(tunes)


def _part(scale: list[str], patterns: tuple[list[int], ...], rng: np.random.Generator) -> list[str]:
    """Four bars; the third repeats the first."""
    bars = [_bar(scale, patterns, degree, rng) for degree in (0, rng.choice(CHORDS))]
    whole = sum(patterns[0])
    last = f"{scale[4]}{whole // 2}{scale[0]}{whole // 2}"
    return [*bars, bars[0], last]


def _bar(scale: list[str], patterns: tuple[list[int], ...], degree: int, rng: np.random.Generator) -> str:
    """One bar within the chord on a degree."""
    chord = [place for place in (degree, degree + 2, degree + 4, degree + 7) if place < len(scale)]
    lengths = patterns[rng.integers(len(patterns))]
    places = rng.choice(chord, len(lengths))
    return "".join(
        scale[place] + (str(length) if length > 1 else "") for place, length in zip(places, lengths, strict=True)
    )
