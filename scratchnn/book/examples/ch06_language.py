"""The small language of chapter 6, whose best possible perplexity is known, and language models trained on a text.

Verbs agree with their subjects, and most words have two forms, *dog* and *dogs*, *chase* and *chases*. The generator
adds up the logarithms of the probabilities with which it chooses. Their negative mean per word estimates the entropy of
the language: no model that predicts honestly has a lower expected loss.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from scratchnn.book.examples.ch05_language import treebank
from scratchnn.data import TokenStreams
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.optim import SGD, Adam
from scratchnn.text import UNKNOWN, Vocabulary, tokenize
from scratchnn.training import Trainer

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


def fit(
    text: str, new_text: str, level: str, epochs: int, window: int, seed: int = 0, **settings: Any
) -> tuple[LanguageModel, Vocabulary, np.ndarray]:
    """A language model trained on a text of ``level`` tokens, its vocabulary, and a curve (epochs, 2).

    The curve is the loss in nats per token after each epoch, on the first 1000 tokens of the text and of the new text, read
    in ten rows of 100.
    """
    vocabulary = Vocabulary.build(tokenize(text, level), specials=(UNKNOWN,))
    ids = [vocabulary.encode(tokenize(part, level)) for part in (text, new_text)]
    model = LanguageModel(len(vocabulary), rng=np.random.default_rng(seed), **settings)
    curve: list[list[float]] = []

    def after_epoch(trainer: Trainer) -> None:
        model.evaluate()
        rows = [(part[:1000].reshape(10, 100), part[1:1001].reshape(10, 100)) for part in ids]
        curve.append([float(model.loss(both, None)[0]) for both in rows])
        model.train()

    batches, optimizer = TokenStreams(ids[0], 10, window), Adam(model.parameters(), 0.005)
    Trainer(model, optimizer, batches, max_norm=1.0, seed=seed, on_epoch=after_epoch, progress=False).fit(epochs)
    model.evaluate()
    return model, vocabulary, np.array(curve)


def learn_little(
    text: str, new_text: str, variants: Mapping[str, Mapping[str, Any]], seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Perplexities (seeds, 40 epochs, 2) on a text and on new text of models of words with 64 units, for each variant."""
    size = {"embedding_size": 64, "hidden_size": 64}
    curves = {
        name: [fit(text, new_text, "word", 40, 20, seed=seed, **size, **options)[2] for seed in seeds]
        for name, options in variants.items()
    }
    return {name: np.exp(curve) for name, curve in curves.items()}


def like_the_book(
    texts: tuple[str, str, str], seed: int, size: int, streams: int, window: int, lr: float
) -> tuple[LanguageModel, np.ndarray, list[float]]:
    """An LSTM trained as in *Deep Learning from Scratch 2*, chapter 6: forget bias 0, plain SGD, clipped at 0.25, 4 epochs.

    Args:
        texts: for training, validation and test.
        seed: of the model and of the trainer.
        size, streams, window, lr: numbers per word and units; texts read side by side; steps per window; learning rate.

    Returns:
        The model, the ids of the test text, and the validation perplexity after each epoch.
    """
    vocabulary = Vocabulary.build(tokenize(texts[0], "word"), specials=(UNKNOWN,), max_size=10_000)
    train_ids, valid_ids, test_ids = (vocabulary.encode(tokenize(text, "word")) for text in texts)
    rng = np.random.default_rng(seed)
    model = LanguageModel(len(vocabulary), embedding_size=size, hidden_size=size, forget_bias=0.0, rng=rng)
    reached: list[float] = []

    def note(trainer: Trainer) -> None:
        reached.append(float(np.exp(evaluate_text(model, valid_ids)[0])))

    batches, optimizer = TokenStreams(train_ids, streams, window), SGD(model.parameters(), lr)
    Trainer(model, optimizer, batches, seed=seed, max_norm=0.25, on_epoch=note, progress=False).fit(4)
    return model, test_ids, reached


def repeat_the_book(seeds: Sequence[int]) -> None:
    """``like_the_book`` on the Penn Treebank with the book's settings; prints the perplexities of each seed."""
    texts, reached = treebank(), []
    for seed in seeds:
        model, test_ids, valid = like_the_book(texts, seed, size=100, streams=20, window=35, lr=20.0)
        reached.append(float(np.exp(evaluate_text(model, test_ids)[0])))
        print(f"seed {seed}, validation perplexity after each epoch:", " ".join(f"{p:.2f}" for p in valid))
        print(f"seed {seed}, test perplexity {reached[-1]:.2f}")
    print(f"mean: {np.mean(reached):.2f}")


def perplexity_without_c(model: LanguageModel, ids: np.ndarray, window: int) -> float:
    """The perplexity of a text (M,) read in windows, if only h passes from one to the next: c starts from zero."""
    model.evaluate()
    total, state = 0.0, None
    for start in range(0, len(ids) - 1, window):
        part = ids[None, start : start + window + 1]
        if state is not None:
            state = tuple((h, np.zeros_like(c)) for h, c in state)  # a pair (h, c) for each layer
        loss, count, state = model.loss((part[:, :-1], part[:, 1:]), state)
        total += float(loss) * count
    return float(np.exp(total / (len(ids) - 1)))
