"""Texts as sequences of ids.

From texts to one padded array:

    vocabulary = Vocabulary.build(token for text in texts for token in tokenize(text, "word"))
    sequences = texts_to_sequences(texts, vocabulary, "word")
    ids, lengths = pad_sequences(sequences, padding_id=vocabulary.padding)
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scratchnn.errors import DataError
from scratchnn.text.tokens import Tokenizer, tokenize
from scratchnn.text.vocabulary import BEGIN, END, Vocabulary


def texts_to_sequences(
    texts: Iterable[str],
    vocabulary: Vocabulary,
    level: str | Tokenizer = "word",
    bos: bool = False,
    eos: bool = False,
) -> list[np.ndarray]:
    """Each text as an array of ids (M,), int32.

    Args:
        texts: the texts, of any length.
        vocabulary: tokens and their ids.
        level: see ``tokenize``. At level ``"word"``, line ends inside a text become ``<eos>``, the end of its last line
            does not; see ``eos``.
        bos: whether each sequence begins with ``<bos>``.
        eos: whether it ends with ``<eos>``.

    Raises:
        DataError: ``texts`` is a single string, a text is none (None and NaN are what a table has where a text is missing),
            or the vocabulary lacks a token.
    """
    if isinstance(texts, str):
        raise DataError("texts_to_sequences takes a list of texts, got one string")
    for asked, token in ((bos, BEGIN), (eos, END)):
        if asked and token not in vocabulary:
            raise DataError(f"the vocabulary has no {token}; build it with {token} among the specials")
    first, last = [BEGIN] * bos, [END] * eos
    sequences = []
    for n, text in enumerate(texts):
        if not isinstance(text, str):
            raise DataError(
                f"texts_to_sequences: text {n} is {text!r:.40}, not a string; leave it out, or replace it by ''"
            )
        tokens = list(tokenize(text, level))
        if level == "word":
            tokens = tokens[:-1]  # without <eos> for the end of the last line
        sequences.append(vocabulary.encode(first + tokens + last))
    return sequences
