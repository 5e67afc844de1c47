"""Korean syllables (음절) and their letters (자모).

Unicode has a code for each of the 11,172 modern syllables, ordered by their letters:

    code = 0xAC00 + (initial * 21 + vowel) * 28 + final                                                            (1)

with 19 initial consonants, 21 vowels and 28 finals, where final 0 means that there is no final. Inverting (1) gives the
letters. They are written here as conjoining jamo (U+1100 .., U+1161 .., U+11A8 ..), where an initial ㄱ and a final ㄱ are
different characters, so that the syllables can be restored without ambiguity. Unicode's normal forms do the same: a text in
letters is in form D, a text in syllables in form C (The Unicode Standard, section 3.12).
"""

from __future__ import annotations

import unicodedata
from functools import cache

FIRST_SYLLABLE, LAST_SYLLABLE = 0xAC00, 0xD7A3
INITIALS, VOWELS, FINALS = 19, 21, 28
FIRST_INITIAL, FIRST_VOWEL, BEFORE_FINALS = 0x1100, 0x1161, 0x11A7


def split_syllable(syllable: str) -> tuple[int, int, int]:
    """Numbers of the initial, the vowel and the final of one syllable: the inverse of equation (1)."""
    number = ord(syllable) - FIRST_SYLLABLE
    return number // (VOWELS * FINALS), number // FINALS % VOWELS, number % FINALS


@cache
def letters_of(character: str) -> str:
    """The two or three letters of a syllable; any other character unchanged."""
    if not FIRST_SYLLABLE <= ord(character) <= LAST_SYLLABLE:
        return character
    initial, vowel, final = split_syllable(character)
    return chr(FIRST_INITIAL + initial) + chr(FIRST_VOWEL + vowel) + (chr(BEFORE_FINALS + final) if final else "")


def to_letters(text: str) -> str:
    """Every syllable as its two or three letters, all other characters unchanged. The text is converted to NFC first."""
    return "".join(map(letters_of, unicodedata.normalize("NFC", text)))


def from_letters(letters: str) -> str:
    """The inverse: an initial, a vowel and, if present, a final in succession become one syllable, equation (1)."""
    text: list[str] = []
    for letter in letters:
        code = ord(letter)
        before = ord(text[-1]) if text else 0
        vowel, final = code - FIRST_VOWEL, code - BEFORE_FINALS
        if 0 <= vowel < VOWELS and 0 <= before - FIRST_INITIAL < INITIALS:
            text[-1] = chr(FIRST_SYLLABLE + ((before - FIRST_INITIAL) * VOWELS + vowel) * FINALS)
        elif 0 < final < FINALS and FIRST_SYLLABLE <= before <= LAST_SYLLABLE and (before - FIRST_SYLLABLE) % FINALS == 0:
            text[-1] = chr(before + final)
        else:
            text.append(letter)
    return "".join(text)
