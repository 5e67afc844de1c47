"""Text into tokens, and back.

The level says what a token is:

    "char"     one character; in Korean, one syllable (음절)
    "letter"   the same, but a Korean syllable is split into its two or three letters (자모), see korean.py
    "word"     the text between white space; in Korean, the 어절. ``<eos>`` ends each line; LF, CRLF and CR are line ends

Unicode can write one text in several ways: é is one character or e with an accent, 한 is one syllable or three letters.
``tokenize`` converts every text to the composed form (NFC) first, also for a callable, so that files from different systems
give the same tokens; letters are then split from that form. Text that is already in NFC is not changed. Nothing else is
changed: neither case nor the characters that NFKC would replace (ﬁ, ①, ㄱ).
"""

from __future__ import annotations

import unicodedata
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from scratchnn.errors import DataError, whole_number
from scratchnn.text.files import split_lines
from scratchnn.text.korean import from_letters, to_letters
from scratchnn.text.vocabulary import END

LEVELS = ("char", "letter", "word")
Tokenizer = Callable[[str], Iterable[str]]


def tokenize(text: str, level: str | Tokenizer) -> Iterator[str]:
    """The tokens of a text, one by one.

    Args:
        text: in any Unicode form; it is converted to NFC.
        level: one of ``LEVELS``, or a callable that returns the tokens of a text (``str.split``: words without ``<eos>``).

    Raises:
        DataError: the level is unknown, or the callable does not return strings.
    """
    text = unicodedata.normalize("NFC", text)
    if callable(level):
        return _called(level, text)
    if level == "char":
        return iter(text)
    if level == "letter":
        return iter(to_letters(text))
    if level == "word":  # not a generator, which would add a tenth to the time of counting the words
        return chain.from_iterable(map(_words, split_lines(text)))
    raise DataError(f"unknown level {level!r}; choose one of {', '.join(LEVELS)}")


def _words(line: str) -> list[str]:
    """The words of a line, and ``<eos>``."""
    words = line.split()
    words.append(END)
    return words


def _called(tokenizer: Tokenizer, text: str) -> Iterator[str]:
    """The tokens that a callable returns, each checked."""
    name = getattr(tokenizer, "__name__", type(tokenizer).__name__)
    tokens = tokenizer(text)
    if not isinstance(tokens, Iterable):
        raise DataError(f"the tokenizer {name} must return an iterable of strings, got {tokens!r}")
    for token in tokens:
        if not isinstance(token, str):
            raise DataError(f"the tokenizer {name} must return strings, got the token {token!r}")
        yield token


def join_tokens(tokens: Iterable[str], level: str) -> str:
    """The inverse of ``tokenize``, except for the Unicode form and, at level ``"word"``, the amount of white space."""
    if level == "char":
        return "".join(tokens)
    if level == "letter":
        return from_letters("".join(tokens))
    if level != "word":
        raise DataError(f"unknown level {level!r}; tokens can be joined at one of the levels {', '.join(LEVELS)}")
    lines: list[list[str]] = [[]]
    for token in tokens:
        if token == END:
            lines.append([])
        else:
            lines[-1].append(token)
    return "\n".join(" ".join(line) for line in lines)


def ngrams(tokens: Iterable[str], n: int, separator: str = " ") -> Iterator[str]:
    """All sequences of ``n`` adjacent tokens, each joined to one string, which can be used like a token.

    Pairs of words: ``ngrams(words, 2)``; words and pairs: ``[*words, *ngrams(words, 2)]``. Three adjacent characters:
    ``ngrams(word, 3, "")``; the same with marked word ends: ``ngrams(f"<{word}>", 3, "")``. M tokens give
    max(M - n + 1, 0) strings.
    """
    whole_number(n, "ngrams: n")
    window: deque[str] = deque(maxlen=n)
    for token in tokens:
        window.append(token)
        if len(window) == n:
            yield separator.join(window)
