"""Korean letters and syllables against Unicode's own tables."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.text.korean import from_letters, split_syllable, to_letters

SYLLABLES = "".join(chr(code) for code in range(0xAC00, 0xD7A4))


def test_every_modern_syllable_agrees_with_unicode():
    assert len(SYLLABLES) == 11172
    assert to_letters(SYLLABLES) == unicodedata.normalize("NFD", SYLLABLES)
    assert from_letters(to_letters(SYLLABLES)) == SYLLABLES


@pytest.mark.parametrize(
    ("syllable", "numbers"), [("가", (0, 0, 0)), ("한", (18, 0, 4)), ("글", (0, 18, 8)), ("힣", (18, 20, 27))]
)
def test_syllables_by_hand(syllable, numbers):
    assert split_syllable(syllable) == numbers


@settings(deadline=None, max_examples=50)
@given(st.text(st.sampled_from("가각힣한글 abcé1?\n") | st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3)))
def test_letters_and_back(text):
    assert from_letters(to_letters(text)) == unicodedata.normalize("NFC", text)


def test_letters_that_form_no_syllable_stay_separate():
    lone = "\u1100 \u1161\u11a8"  # an initial, a space, a vowel without an initial, a final without a vowel
    assert from_letters(lone) == lone
    assert from_letters("각\u11a8") == "각\u11a8"  # a syllable that already has a final


@settings(deadline=None, max_examples=50)
@given(st.text(st.sampled_from("가각힣 \u1100\u1112\u1113\u1161\u1175\u1176\u11a7\u11a8\u11c2\u11c3")))
def test_letters_in_any_order_are_put_together_as_unicode_does(letters):
    """In any order that a language model may sample."""
    assert from_letters(letters) == unicodedata.normalize("NFC", letters)


def test_composed_and_decomposed_input_give_the_same():
    assert to_letters(unicodedata.normalize("NFD", "한국어")) == to_letters("한국어")
