"""The exercises of chapter 7 on written texts, and on the nucleus: 7.5 to 7.7."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise

Step = Callable[[int, float], tuple[np.ndarray, float]]  # a token and a state: logits (V,) and the next state

# --- 7.5 -------------------------------------------------------------------------------------------------------------


def small_network(seed: int, V: int) -> Step:
    """A step function whose logits depend on all tokens so far, through a state of one number."""
    table = np.random.default_rng(seed).standard_normal((V, V))

    def step(token: int, state: float) -> tuple[np.ndarray, float]:
        state = float(np.tanh(0.7 * state + 0.5 * token - 0.6))
        return table[token] + 2 * state * np.arange(V), state

    return step


def sure_network(token: int, state: float) -> tuple[np.ndarray, float]:
    """Logits of a thousand, for a step that is nearly certain."""
    return np.array([1000.0, 0.0, -1000.0]) if token == 0 else np.array([0.0, 1000.0, 990.0]), state


@exercise(
    "7.5",
    "the log-probability of a written text",
    "log_probability(step, prompt, written)",
    hints=(
        "Read the prompt token by token and keep the state. The logits after its last token predict the first written one.",
        "After the prompt, for each written token: add its log-probability, z[token] minus the logarithm of the sum of "
        "exp(z); then feed it in, z, state = step(token, state). Subtract z.max() inside the exponential and add it again.",
    ),
)
def check_log_probability(answer: Answer) -> Iterator[str]:
    """The check of a sampling loop. step(token, state) gives the logits (V,) of
    the next token and the next state; the first state is 0.0. A network has
    read the list prompt, which has at least one token, and has written the list
    written after it. Return the logarithm of the probability of written after
    prompt: the sum of log p over the written tokens, 0.0 if there are none. The
    tokens of the prompt do not count.
    """

    def log_softmax(z: np.ndarray) -> np.ndarray:
        return z - z.max() - np.log(np.exp(z - z.max()).sum())

    def total(step: Step, prompt: list, written: list, fault: str = "") -> float:
        found = 0.0
        z, state = step(prompt[0], 0.0)
        for token in prompt[1:]:
            found += log_softmax(z)[token] if fault == "whole" else 0.0
            z, state = step(token, 0.0 if fault == "forget" else state)
        if fault == "twice":
            z, state = step(prompt[-1], state)
        for token in written:
            before = z
            z, state = step(token, 0.0 if fault == "forget" else state)
            score = log_softmax(z if fault == "late" else before)[token]
            found += np.exp(score) if fault == "power" else score
        return float(found)

    def right(step: Step, prompt: list, written: list) -> float:
        return total(step, prompt, written)

    mistakes: dict[str, Callable[..., float]] = {
        "The last token of the prompt is read twice: its logits are those of the last step of the prompt.": partial(
            total, fault="twice"
        ),
        "The state is not carried on: pass the state that step returns to the next step.": partial(total, fault="forget"),
        "The tokens of the prompt count in your sum; only written ones do.": partial(total, fault="whole"),
        "You feed a token in before you score it. Its probability comes from the logits before it.": partial(
            total, fault="late"
        ),
        "You add probabilities; add their logarithms.": partial(total, fault="power"),
        "This is the mean per token; return the sum.": (
            lambda step, prompt, written: total(step, prompt, written) / max(len(written), 1)
        ),
        "The sign is wrong: a log-probability is never above 0.": lambda step, prompt, written: (
            -total(step, prompt, written)
        ),
    }
    trials = [
        (small_network(0, 3), [0], [1, 2]),
        (small_network(1, 4), [3, 1, 2], [0, 0, 3]),
        (small_network(2, 4), [2, 2], [1, 3, 1, 0]),
    ]
    extremes = {
        "Large logits overflow, or a probability becomes 0 and its logarithm minus infinity: compute z[token] minus the "
        "logarithm of the sum, with z.max() subtracted inside.": (sure_network, [0], [2, 2, 1]),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


# --- 7.6 -------------------------------------------------------------------------------------------------------------


def _runs(text: str, known: str) -> list[int]:
    """The shared run at each place of a text."""
    found = []
    for place in range(len(text)):
        length = 0
        while place + length < len(text) and text[place : place + length + 1] in known:
            length += 1
        found.append(length)
    return found


@exercise(
    "7.6",
    "the longest shared piece",
    "longest_shared(text, known)",
    hints=(
        "A piece of a text is text[s : s + n], and `piece in known` says whether it occurs there. Which n would you try at "
        "a place s, if a piece of length best has been found before?",
        "best = 0; for each place s: while s + best < len(text) and text[s : s + best + 1] in known: best += 1. "
        "Return best.",
    ),
)
def check_longest_shared(answer: Answer) -> Iterator[str]:
    """Return the length of the longest piece of text, any characters side by
    side, that occurs exactly so in known; 0 if not even one character does.

        longest_shared("the cat sat", "a cat sits")    gives 6: " cat s"
    """

    def right(text: str, known: str) -> int:
        return max(_runs(text, known), default=0)

    def from_the_start(text: str, known: str) -> int:
        return next((n for n in range(len(text), 0, -1) if text[:n] in known), 0)

    def same_places(text: str, known: str) -> int:
        best = run = 0
        for a, b in zip(text, known, strict=False):
            run = run + 1 if a == b else 0
            best = max(best, run)
        return best

    def words(text: str, known: str) -> int:
        parts, there = text.split(), f" {' '.join(known.split())} "
        pieces = [" ".join(parts[s:e]) for s in range(len(parts)) for e in range(s + 1, len(parts) + 1)]
        return max((len(piece) for piece in pieces if f" {piece} " in there), default=0)

    mistakes = {
        "You only try pieces that begin at the beginning of the text.": from_the_start,
        "The piece need not be at the same place in both texts.": same_places,
        "You compare whole words; a piece may begin and end within a word.": words,
        "You are one short: the piece itself counts with its last character.": lambda text, known: max(
            right(text, known) - 1, 0
        ),
        "You count the characters that are shared, wherever they are.": lambda text, known: sum(a in known for a in text),
    }
    trials = [
        ("the cat sat", "a cat sits"),
        ("xxabcdx", "zabcy abcd"),
        ("of the string of", "the value of the strings"),
        ("banana", "ananas"),
    ]
    extremes = {
        "An empty text has no piece: the result is 0.": ("", "anything"),
        "The whole text is shared.": ("abc", "zabcz"),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


# --- 7.7 -------------------------------------------------------------------------------------------------------------


@exercise(
    "7.7",
    "nucleus sampling",
    "nucleus(p, q)",
    hints=(
        "Sort the tokens by probability, most probable first: np.argsort(-p). Then look at the running sums.",
        "Keep as many tokens as have a running sum below q, and one more. Set the others to zero, and divide by the sum.",
    ),
)
def check_nucleus(answer: Answer) -> Iterator[str]:
    """The array p (V,) contains the probabilities of V tokens, all different.
    Nucleus sampling keeps the smallest number of most probable tokens whose
    probabilities sum to at least q, and never draws the others. Return the
    probabilities (V,) to draw with: zero for the tokens that are left out, and
    1 in total.

        nucleus(np.array([0.1, 0.6, 0.3]), 0.8)    gives [0, 2/3, 1/3]
    """

    def draw_from(order: np.ndarray, p: np.ndarray, q: float, extra: int = 1) -> np.ndarray:
        count = int((np.cumsum(p[order]) < q).sum()) + extra
        y = np.zeros_like(p)
        y[order[:count]] = p[order[:count]]
        return y / max(y.sum(), 1e-300)

    def right(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(-p), p, q)

    def one_short(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(-p), p, q, extra=0)

    def raw(p: np.ndarray, q: float) -> np.ndarray:
        return np.where(right(p, q) > 0, p, 0)

    def ascending(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.argsort(p), p, q)

    def by_id(p: np.ndarray, q: float) -> np.ndarray:
        return draw_from(np.arange(len(p)), p, q)

    def threshold(p: np.ndarray, q: float) -> np.ndarray:
        y = np.where(p >= 1 - q, p, 0)
        return y / max(y.sum(), 1e-300)

    mistakes = {
        "The token with which the sum reaches q is left out; it belongs to the nucleus.": one_short,
        "The probabilities do not sum to 1: divide by their sum.": raw,
        "You start from the least probable tokens; sort in descending order.": ascending,
        "Tokens are taken in the order of their ids; sort by probability first.": by_id,
        "You compare each probability with 1 - q. Compare the sum of the most probable ones with q instead.": threshold,
    }
    trials = [
        (np.array([0.1, 0.6, 0.3]), 0.8),
        (np.array([0.05, 0.4, 0.2, 0.25, 0.1]), 0.7),
        (np.array([0.12, 0.08, 0.5, 0.21, 0.09]), 0.65),
        (np.array([0.3, 0.7]), 0.5),
    ]
    extremes = {
        "If the sum is exactly q, it has reached q: no further token is needed.": (
            np.array([0.25, 0.5, 0.1875, 0.0625]),
            0.75,
        ),
        "With q = 1 every token stays, although rounding may leave the sum of all a little below 1.": (
            np.array([0.1, 0.2, 0.7]),
            1.0,
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)
