"""The tokens that a classifier reads of a text: words or characters, cut to a length, and runs of adjacent ones.

With runs of up to N tokens (``--ngrams N``), a mean of embeddings can tell "not good" from "good": Joulin, Grave,
Bojanowski and Mikolov, "Bag of tricks for efficient text classification" (2016).
"""

from __future__ import annotations

from scratchnn.text import ngrams, tokenize
from scratchnn.text.words import plain_tokens
from scratchnn.training.settings import Values

LEVELS = ("plain", "word", "char", "letter")


def tokens_of(text: str, settings: Values) -> list[str]:
    """The tokens of a text.

    Args:
        text: the text.
        settings: of the run: ``level``, one of ``LEVELS``; ``max_length``, unlimited if missing; ``ngrams``, 1 if
            missing.
    """
    level = settings["level"]
    tokens = list(tokenize(text, plain_tokens if level == "plain" else level))
    if level == "word":
        tokens = tokens[:-1]  # without the <eos> at the end of the text
    tokens = shortened(tokens, settings.get("max_length") or len(tokens))
    separator = " " if level in ("plain", "word") else ""
    runs = [run for n in range(2, settings.get("ngrams", 1) + 1) for run in ngrams(tokens, n, separator)]
    return tokens + runs


def shortened(tokens: list[str], most: int) -> list[str]:
    """At most ``most`` tokens, half from the start, half from the end, since reviews begin and end with their judgement."""
    if len(tokens) <= most:
        return tokens
    head = most // 2
    return tokens[:head] + tokens[len(tokens) - (most - head) :]
