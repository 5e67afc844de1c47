"""Text into tokens, and back.

A level names what a token is:

    "char"     one character; of Korean text, one syllable (음절)
    "letter"   the same, but a Korean syllable is taken apart into its two or three letters (자모), see korean.py
    "word"     what stands between white space, in Korean the 어절; ``<eos>`` closes each line

Unicode can write one text in several ways: é is one character or e with an accent, 한 is one syllable or three letters.
``tokenize`` brings every text to the composed form first (NFC), for a callable as well, so that files from different
systems give the same tokens; letters are then taken from that form. Text that is in NFC already passes as it stands.
Nothing else is changed: neither case, nor what NFKC would replace (ﬁ, ①, ㄱ).
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from scratchnn.errors import DataError, whole_number
from scratchnn.text.korean import from_letters, to_letters
from scratchnn.text.vocabulary import END

LEVELS = ("char", "letter", "word")
Tokenizer = Callable[[str], Iterable[str]]


def tokenize(text: str, level: str | Tokenizer) -> Iterator[str]:
    """The tokens of a text, one by one.

    Args:
        text: in any Unicode form; brought to NFC.
        level: one of ``LEVELS``, or a callable that gives the tokens of a text (``str.split``: words without ``<eos>``).
    """
    text = unicodedata.normalize("NFC", text)
    if callable(level):
        return _called(level, text)
    if level == "char":
        return iter(text)
    if level == "letter":
        return iter(to_letters(text))
    if level == "word":  # no generator: that alone takes a tenth of the time of counting the words
        return chain.from_iterable(map(_words, text.splitlines()))
    raise DataError(f"unknown level {level!r}; choose one of {', '.join(LEVELS)}")


def _words(line: str) -> list[str]:
    """The words of a line, and ``<eos>``."""
    words = line.split()
    words.append(END)
    return words


def _called(tokenizer: Tokenizer, text: str) -> Iterator[str]:
    """The tokens that a callable gives, each looked at."""
    name = getattr(tokenizer, "__name__", type(tokenizer).__name__)
    tokens = tokenizer(text)
    if not isinstance(tokens, Iterable):
        raise DataError(f"the tokenizer {name} must give strings one by one, got {tokens!r}")
    for token in tokens:
        if not isinstance(token, str):
            raise DataError(f"the tokenizer {name} must give strings, got the token {token!r}")
        yield token


def join_tokens(tokens: Iterable[str], level: str) -> str:
    """Readable text: the opposite of ``tokenize``, up to Unicode form and, at level ``"word"``, white space."""
    if level == "char":
        return "".join(tokens)
    if level == "letter":
        return from_letters("".join(tokens))
    if level != "word":
        raise DataError(f"tokens can be joined at one of the levels {', '.join(LEVELS)}, not {level!r}")
    lines: list[list[str]] = [[]]
    for token in tokens:
        if token == END:
            lines.append([])
        else:
            lines[-1].append(token)
    return "\n".join(" ".join(line) for line in lines)


def ngrams(tokens: Iterable[str], n: int, joint: str = " ") -> Iterator[str]:
    """Each ``n`` tokens that follow each other, joined to one string, so that they may stand wherever tokens do.

    Of words ``ngrams(words, 2)``; words and pairs ``[*words, *ngrams(words, 2)]``. Of characters ``ngrams(word, 3, "")``,
    with marks for the ends of a word ``ngrams(f"<{word}>", 3, "")``. M tokens give M - n + 1, or none.
    """
    whole_number(n, "ngrams: n")
    window: deque[str] = deque(maxlen=n)
    for token in tokens:
        window.append(token)
        if len(window) == n:
            yield joint.join(window)
