"""The small language of chapter 5, whose best possible perplexity is known, and the two runs on the Penn Treebank."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scratchnn.data import TokenStreams
from scratchnn.datasets.ptb import load_ptb
from scratchnn.errors import DataError
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.optim import SGD
from scratchnn.text import Vocabulary, tokenize
from scratchnn.training import Trainer

# --- a language with known probabilities -----------------------------------------------------------------------------

Choices = list[tuple[str, float, str]]  # word, its probability, the state after it

ONE, MANY = "dog cat girl boy".split(), "dogs cats girls boys".split()
ADJECTIVES = "small old young".split()
VERBS = {"one": (["sleeps", "runs"], ["sees", "hears"])}  # verbs without an object; verbs with an object
VERBS["many"] = (["sleep", "run"], ["see", "hear"])


def choices(words: list[str], probability: float, after: str) -> Choices:
    """The words share the probability; ``after`` is the state after them."""
    return [(word, probability / len(words), after) for word in words]


def verbs(number: str, probability: float) -> Choices:
    """Half of the probability for the verbs without an object, half for those with one."""
    alone, with_object = VERBS[number]
    return choices(alone, probability / 2, "end") + choices(with_object, probability / 2, "object")


GRAMMAR: dict[str, Choices] = {
    "start": choices(["the"], 0.6, "the") + choices(["a"], 0.4, "a"),
    "the": [
        *choices(ADJECTIVES, 0.3, "the old"),
        *choices(ONE, 0.35, "one"),
        *choices(MANY, 0.35, "many"),
    ],
    "the old": choices(ONE, 0.5, "one") + choices(MANY, 0.5, "many"),
    "a": choices(ADJECTIVES, 0.3, "a old") + choices(ONE, 0.7, "one"),
    "a old": choices(ONE, 1.0, "one"),
    "object": choices(["the"], 0.6, "object the") + choices(["a"], 0.4, "object a"),
    "object the": choices(ONE + MANY, 1.0, "end"),
    "object a": choices(ONE, 1.0, "end"),
    "end": choices(["."], 0.8, "start") + choices(["and"], 0.2, "start"),
}
for _number in ("one", "many"):
    GRAMMAR[_number] = choices(["near"], 0.4, f"{_number} near") + verbs(_number, 0.6)
    GRAMMAR[f"{_number} near"] = choices(["the"], 1.0, f"{_number} near the")
    GRAMMAR[f"{_number} near the"] = choices(ONE + MANY, 1.0, f"{_number} near it")
    GRAMMAR[f"{_number} near it"] = verbs(_number, 1.0)


def make_text(rng: np.random.Generator, M: int) -> tuple[list[str], np.ndarray]:
    """A text of M words in this language, and the logarithm of each word's probability (M,)."""
    state, text, logarithms = "start", [], []
    for _ in range(M):
        words, probabilities, after = zip(*GRAMMAR[state], strict=True)
        k = rng.choice(len(words), p=probabilities)
        text.append(words[k])
        logarithms.append(np.log(probabilities[k]))
        state = after[k]
    return text, np.array(logarithms)


# --- its entropy -----------------------------------------------------------------------------------------------------


def stationary(ids: Mapping[str, int]) -> tuple[np.ndarray, np.ndarray]:
    """The grammar as a table, and the shares of the time that a long text is in each state.

    Args:
        ids: the number of each of the V words.

    Returns:
        The probability (S, V, S) that a word comes in a state, with the state after it; the shares (S,).
    """
    states = list(GRAMMAR)
    table = np.zeros((len(states), len(ids), len(states)))
    for s, rows in enumerate(GRAMMAR.values()):
        for word, p, after in rows:
            table[s, ids[word], states.index(after)] += p
    shares = np.full(len(states), 1 / len(states))
    for _ in range(2000):
        # the mean of before and after: shares that move in a cycle would never settle
        shares = (shares + shares @ table.sum(axis=1)) / 2
    return table, shares


def entropy(p: np.ndarray, weights: np.ndarray | float = 1.0) -> float:
    """Equation (18) of the chapter: the sum of - weights * p * log p; entries with p = 0 add nothing."""
    return float(-(weights * p * np.log(np.where(p > 0, p, 1))).sum())


def best_losses(ids: Mapping[str, int]) -> dict[str, float]:
    """The lowest mean loss, in nats, for four kinds of knowledge; ``ids`` numbers the V words."""
    table, pi = stationary(ids)
    emit = table.sum(axis=2)  # (S, V), each word in each state
    single = pi @ emit  # (V,), each word
    # pi (S,) and table (S, V, S) give a word with the state after it, (V, S); then (V, S) @ (S, V)
    after_one = np.tensordot(pi, table, axes=1) @ emit / single[:, None]  # (V, V), each word after a word
    return {
        "nothing": float(np.log(len(ids))),
        "how frequent each word is": entropy(single),
        "the last word": entropy(after_one, single[:, None]),
        "all words so far": entropy(emit, pi[:, None]),  # (18)
    }


# --- the full run ----------------------------------------------------------------------------------------------------


def treebank() -> tuple[str, str, str]:
    """Training, validation and test text of the Penn Treebank.

    Raises:
        SystemExit: with one line that says what to do if the files are missing.
    """
    try:
        train, valid, test = (load_ptb(split) for split in ("train", "valid", "test"))
    except DataError as error:
        raise SystemExit(f"error: {error}") from None
    return train, valid, test


def repeat_the_book() -> None:
    """Two runs on the Penn Treebank with settings of *Deep Learning from Scratch 2*; prints their perplexities."""
    train, _, test = (list(tokenize(text, "word")) for text in treebank())
    few, whole = Vocabulary.build(train[:1000], specials=()), Vocabulary.build(train, specials=())
    few_ids = few.encode(train[:1000])
    report("a thousand words", few_ids, few_ids, N=10, T=5, lr=0.1, epochs=100)
    report("the whole text", whole.encode(train), whole.encode(test), N=20, T=35, lr=5.0, epochs=4, max_norm=0.25)


def report(
    name: str,
    ids: np.ndarray,
    test_ids: np.ndarray,
    N: int,
    T: int,
    lr: float,
    epochs: int,
    max_norm: float | None = None,
    size: int = 100,
) -> tuple[float, float]:
    """Train the package's RNN language model (seed 0) and print its perplexities.

    Args:
        name: of the run, for the printed lines.
        ids, test_ids: the text for training and the one for the test.
        N, T, lr, epochs, max_norm: streams, steps of a window, learning rate, epochs, and the bound of clipping.
        size: numbers per word, and units.

    Returns:
        The training perplexity of the last epoch, and that on the test text.
    """
    words = int(ids.max()) + 1
    model = LanguageModel(words, embedding_size=size, hidden_size=size, cell="rnn", rng=np.random.default_rng(0))
    optimizer, batches = SGD(model.parameters(), lr=lr), TokenStreams(ids, N, T)
    history = Trainer(model, optimizer, batches, max_norm=max_norm, progress=False).fit(epochs)
    first, last = (float(np.exp(history.epoch_loss(epoch))) for epoch in (1, epochs))
    test = float(np.exp(evaluate_text(model, test_ids)[0]))
    print(f"{name}, {epochs} epochs, {words:,} different words; training perplexity")
    print(f"{first:.2f} in the first epoch, {last:.2f} in the last; test {test:.2f}")
    return last, test
