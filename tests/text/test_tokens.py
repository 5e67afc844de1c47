"""Text into tokens and back: levels, Unicode forms, Korean, callables, n-grams."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import DataError
from scratchnn.text import LEVELS, Vocabulary, join_tokens, ngrams, tokenize


def test_tokens_by_hand():
    assert list(tokenize("ab\n c", "char")) == ["a", "b", "\n", " ", "c"]
    expected = ["no", "it", "was", "<eos>", "<eos>", "n't", "black", "<eos>"]
    assert list(tokenize(" no  it was\n\n n't black", "word")) == expected
    assert join_tokens(["no", "it", "<eos>", "<eos>", "was", "<eos>"], "word") == "no it\n\nwas\n"
    assert join_tokens(["<eos>", "no"], "word") == "\nno"
    assert [list(tokenize("", level)) for level in LEVELS] == [[], [], []]


def test_korean_tokens_by_hand():
    text = "한국어, 값\n"
    assert list(tokenize(text, "char")) == ["한", "국", "어", ",", " ", "값", "\n"]  # syllables
    found = list(tokenize(text, "letter"))
    assert found == ["ᄒ", "ᅡ", "ᆫ", "ᄀ", "ᅮ", "ᆨ", "ᄋ", "ᅥ", ",", " ", "ᄀ", "ᅡ", "ᆹ", "\n"]
    assert found[:3] == ["\u1112", "\u1161", "\u11ab"]
    assert list(tokenize(text, "word")) == ["한국어,", "값", "<eos>"]  # 어절


@pytest.mark.parametrize("level", [*LEVELS, str.split, list])
def test_composed_and_decomposed_text_have_the_same_tokens(level):
    for text in ("한국어 café Å\n", "\u212b \uf914"):  # the last two are replaced in every normal form
        forms = [unicodedata.normalize(form, text) for form in ("NFC", "NFD")]
        assert list(tokenize(forms[0], level)) == list(tokenize(forms[1], level)) == list(tokenize(text, level))


@pytest.mark.parametrize("text", ["①ﬁㄱ½ İıßẞ", "ABC abc"])
def test_nothing_but_the_unicode_form_is_changed(text):
    assert list(tokenize(text, "char")) == list(tokenize(text, "letter")) == list(text)


def test_unknown_levels_are_refused():
    with pytest.raises(DataError, match="unknown level 'byte'; choose one of char, letter, word"):
        list(tokenize("abc", "byte"))
    for level in ("byte", str.split):
        message = r"^unknown level .*; tokens can be joined at one of the levels char, letter, word$"
        with pytest.raises(DataError, match=message):
            join_tokens(["a"], level)


korean = st.text(st.sampled_from("가각힣ㄱé \n\u0301\u1100\u1112\u1161\u1175\u11a8\u11c2\u11c3\u1176\u115f"))


@pytest.mark.parametrize("level", ["char", "letter"])
@given(text=st.text() | korean)
@settings(max_examples=50, deadline=None)
def test_characters_and_letters_survive_the_round_trip(level, text):
    tokens = list(tokenize(text, level))
    assert join_tokens(tokens, level) == unicodedata.normalize("NFC", text)
    if tokens:
        vocabulary = Vocabulary.build(tokens)
        assert vocabulary.decode(vocabulary.encode(tokens)) == tokens


class Silent:
    def __call__(self, text):
        return None


def test_a_callable_is_a_tokenizer():
    assert list(tokenize("to  be\nor", str.split)) == ["to", "be", "or"]
    assert list(tokenize("e\u0301", lambda text: (c for c in text))) == ["é"]
    assert list(tokenize("ab", str.upper)) == ["A", "B"]

    def pairs(text):
        return ngrams(tokenize(text, "char"), 2, "")

    assert list(tokenize("abc", pairs)) == ["ab", "bc"]


@pytest.mark.parametrize(
    ("tokenizer", "message"),
    [
        (lambda text: [text, 7], "the tokenizer <lambda> must return strings, got the token 7"),
        (str.encode, "the tokenizer encode must return strings, got the token 97"),
        (len, "the tokenizer len must return an iterable of strings, got 3"),
        (Silent(), "the tokenizer Silent must return an iterable of strings, got None"),
    ],
)
def test_a_callable_that_does_not_return_strings_is_refused(tokenizer, message):
    with pytest.raises(DataError) as caught:
        list(tokenize("abc", tokenizer))
    assert str(caught.value) == message


def test_tokens_come_one_by_one():
    def endless(text):
        while True:
            yield text

    assert list(islice(tokenize("a", endless), 3)) == ["a", "a", "a"]
    assert list(islice(ngrams(tokenize("a", endless), 2), 2)) == ["a a", "a a"]


def test_n_grams_by_hand():
    words = "to be or not".split()
    assert list(ngrams(words, 1)) == words
    assert list(ngrams(words, 2)) == ["to be", "be or", "or not"]
    assert list(ngrams(words, 4)) == ["to be or not"]
    assert list(ngrams(words, 5)) == list(ngrams([], 1)) == []
    assert list(ngrams("<be>", 3, "")) == ["<be", "be>"]
    assert list(ngrams(tokenize("나는 책", "char"), 2, "")) == ["나는", "는 ", " 책"]
    for n in (0, 1.5):
        with pytest.raises(DataError, match=f"ngrams: n must be a whole number of 1 or more, got {n}"):
            list(ngrams(words, n))


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 5))
@settings(max_examples=50, deadline=None)
def test_n_grams_are_the_windows_of_the_text(tokens, n):
    found = list(ngrams(tokens, n, "-"))
    assert found == ["-".join(tokens[k : k + n]) for k in range(len(tokens) - n + 1)]


words = st.text(st.characters(categories=["L", "N", "P", "S"]), min_size=1, max_size=4)


@given(st.lists(words | st.just("<eos>")))
@settings(max_examples=50, deadline=None)
def test_words_survive_the_round_trip(tokens):
    """Except for the end of the last line, which tokenize adds if it is missing."""
    text = join_tokens(tokens, "word")
    assert "  " not in text
    assert "\n " not in text
    expected = tokens if not tokens or tokens[-1] == "<eos>" else [*tokens, "<eos>"]
    assert list(tokenize(text, "word")) == [unicodedata.normalize("NFC", token) for token in expected]


def test_the_package_needs_no_optional_library():
    code = "import sys, scratchnn.text; print({'scipy', 'sklearn', 'matplotlib', 'cupy'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "set()\n"
