"""A small generated language whose best possible perplexity is known.

Verbs agree with their subjects, and most words have two forms: *dog* and *dogs*, *chase* and *chases*. The generator adds
up the logarithms of the probabilities with which it chooses. Their negative mean per word is the entropy of the language,
estimated on the text: no model that predicts honestly has a lower expected loss.
"""

from __future__ import annotations

from typing import Any

import numpy as np

NOUNS = "dog cat bird horse king queen farmer teacher girl boy".split()
NOUNS += "river garden letter song window road ship star stone tree".split()
VERBS = "chase see like follow find draw hear know".split()
ADJECTIVES = "old small red quiet happy strange green cold".split()
NEAR = "near behind under beside".split()


def choose(rng: np.random.Generator, options: list[Any]) -> tuple[Any, float]:
    """One of the options, all equally probable, and the logarithm of its probability."""
    return options[rng.integers(len(options))], -np.log(len(options))


def noun_phrase(rng: np.random.Generator) -> tuple[list[str], bool, float]:
    """The words of a phrase, whether it is plural, and the logarithm of its probability."""
    plural, log_number = choose(rng, [False, True])
    article, log_article = choose(rng, ["the", "some"] if plural else ["the", "a"])
    words, log_p = [article], log_number + log_article - np.log(2)  # log 2: with or without an adjective
    if rng.integers(2):
        adjective, log_adjective = choose(rng, ADJECTIVES)
        words.append(adjective)
        log_p += log_adjective
    noun, log_noun = choose(rng, NOUNS)
    words.append(noun + "s" if plural else noun)
    return words, plural, log_p + log_noun


def make_text(seed: int, sentences: int) -> tuple[str, float]:
    """A text with one sentence per line, and the mean of -log p over its words; the end of a line counts as a word."""
    rng, lines, log_p, words = np.random.default_rng(seed), [], 0.0, 0
    for _ in range(sentences):
        sentence, plural, total = noun_phrase(rng)
        while rng.integers(2):  # one more phrase, with probability one half
            place, log_place = choose(rng, NEAR)
            inner, _, log_inner = noun_phrase(rng)
            sentence = [*sentence, place, *inner]
            total += log_place + log_inner - np.log(2)
        total -= np.log(2)  # the decision against another phrase
        verb, log_verb = choose(rng, VERBS)
        thing, _, log_thing = noun_phrase(rng)
        lines.append(" ".join([*sentence, verb if plural else verb + "s", *thing]))
        log_p, words = log_p + total + log_verb + log_thing, words + len(lines[-1].split()) + 1
    return "\n".join(lines) + "\n", float(-log_p / words)


def articles_right(text: str) -> float:
    """The share of *a* and *some* whose noun, next or after an adjective, has the correct number."""
    words, right = text.split(), []
    for k, word in enumerate(words[:-2]):
        noun = words[k + 2] if words[k + 1] in ADJECTIVES else words[k + 1]
        if word in ("a", "some"):
            right.append(noun in NOUNS if word == "a" else noun[:-1] in NOUNS)
    return float(np.mean(right))
