"""Chapter 7, generating."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare, separate
from scratchnn.book.exercises.registry import exercise

# --- 7.1 -------------------------------------------------------------------------------------------------------------


@exercise(
    "7.1",
    "predict four numbers",
    "predict()",
    hints=(
        "A dart at 0.65 lands where the running sum first passes 0.65. At temperature 1/2 every probability is squared, "
        "and the squares are divided by their sum.",
        "The nucleus needs 0.5 + 0.3, because 0.5 alone is below 0.7. Three words without a mistake: 0.9 x 0.9 x 0.9.",
    ),
)
def check_predict(answer: Answer) -> Iterator[str]:
    """Three tokens have the probabilities p = 0.5, 0.3, 0.2. Without running
    anything, predict four numbers and return them, in this order:

        token      the number (0, 1 or 2) of the token that u = 0.65 draws
        best       the probability of the first token at temperature 1/2
        size       how many tokens are in the nucleus of 0.7
        clean      the probability that a text of three words has no mistake,
                   if each word is a mistake with probability 0.1

    best may be off by 0.01, the others have to be exact.
    """
    names = ("token", "best", "size", "clean")
    right = {"token": 1.0, "best": 0.25 / 0.38, "size": 2.0, "clean": 0.9**3}
    wrong: dict[str, dict[float, str]] = {
        "token": {
            0.0: "u = 0.65 is above 0.5, so it passes the first token.",
            2.0: "The running sums are 0.5, 0.8 and 1: which of them is the first above 0.65? Counting starts at 0.",
        },
        "best": {
            0.25: "The squares do not sum to 1: divide 0.25 by the sum of all three squares.",
            0.5**0.5 / (0.5**0.5 + 0.3**0.5 + 0.2**0.5): "You have taken roots, which is temperature 2. At 1/2 the "
            "probabilities are squared.",
            1.0: "Temperature 0 would give 1. At 1/2 the others keep a share.",
            0.5: "This is the probability at temperature 1.",
        },
        "size": {
            1.0: "0.5 does not reach 0.7: one more token is needed.",
            3.0: "0.5 + 0.3 has already reached 0.7: the third token is left out.",
        },
        "clean": {
            0.7: "Mistakes are not subtracted: each word is right with probability 0.9, so multiply.",
            0.1**3: "This is the probability that all three words are mistakes.",
            1 - 0.9**3: "This is the probability of at least one mistake.",
            0.9: "This is the probability for a single word.",
        },
    }
    given = separate(answer(), answer.name, names)
    for name, value in zip(names, given, strict=True):
        number = float(np.ravel(value)[0]) if np.size(value) == 1 and isinstance(value, int | float | np.number) else np.nan
        if abs(number - right[name]) <= (0.01 if name == "best" else 1e-9):
            continue
        known = [text for made, text in wrong[name].items() if abs(number - made) < 0.006]
        yield known[0] if known else f"{name} is {value!r}, which is not right. Draw the pieces of the stick on paper."


# --- 7.2 -------------------------------------------------------------------------------------------------------------


def _running(p: np.ndarray) -> np.ndarray:
    """Running sums whose last one is 1."""
    sums = np.cumsum(p, axis=1)
    return sums / sums[:, -1:]


@exercise(
    "7.2",
    "draw a token",
    "draw(p, u)",
    hints=(
        "np.cumsum(p, axis=1) gives the running sums. The token is the first one whose running sum is above u.",
        "sums > u[:, None] is False, ..., False, True, ..., True in each row, and argmax(axis=1) finds the first True. "
        "Before that, divide by sums[:, -1:], so that there is always one.",
    ),
)
def check_draw(answer: Answer) -> Iterator[str]:
    """N rows of probabilities p (N, V) and N random numbers u (N,), from 0 up
    to but without 1, are given. Return the tokens (N,) that they draw: the
    first token at which the running sum of the row is above u. The rows may
    have been rounded, so that they sum to a little more or less than 1; divide
    them by their sum. A token with probability 0 is never drawn.

        draw(np.array([[0.5, 0.3, 0.2]]), np.array([0.6]))    gives [1]
    """

    def right(p: np.ndarray, u: np.ndarray) -> np.ndarray:
        return (_running(p) > u[:, None]).argmax(axis=1)

    mistakes: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
        "This is the most probable token: u is not used.": lambda p, u: p.argmax(axis=1),
        "You compare u with the probabilities. Compare it with their running sums.": lambda p, u: (p > u[:, None]).argmax(
            axis=1
        ),
        "You are one token too far: the first running sum above u belongs to the token that is drawn.": (
            lambda p, u: np.minimum((_running(p) > u[:, None]).argmax(axis=1) + 1, p.shape[1] - 1)
        ),
        "You take the last token whose running sum is below u. It is the one after that.": (
            lambda p, u: np.maximum((_running(p) > u[:, None]).argmax(axis=1) - 1, 0)
        ),
        "The rows share the first random number. Each row has its own: u[:, None].": (
            lambda p, u: (_running(p) > u[0]).argmax(axis=1)
        ),
    }
    rng = np.random.default_rng(0)
    trials = [
        (np.array([[0.5, 0.3, 0.2], [0.1, 0.2, 0.7]]), np.array([0.6, 0.05])),
        (rng.dirichlet(np.ones(6), 5), rng.random(5)),
        (np.array([[0.25, 0.5, 0.25], [0.2, 0.4, 0.4]]), np.array([0.9, 0.4])),
    ]
    extremes = {
        "The rows sum to less than 1 here. Above their sum no running sum is above u; without a division by the sum, "
        "argmax returns token 0.": (np.array([[0.33, 0.33, 0.33]]), np.array([0.995])),
        "A token with probability 0 is never drawn, not even for u = 0: the running sum has to be above u, not equal to "
        "it.": (np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5]]), np.array([0.0, 0.5])),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


# --- 7.3 and 7.4 -----------------------------------------------------------------------------------------------------


def _softmax(z: np.ndarray) -> np.ndarray:
    """Probabilities (V,)."""
    e = np.exp(z - z.max())
    return e / e.sum()


@exercise(
    "7.3",
    "temperature",
    "with_temperature(z, tau)",
    hints=(
        "Subtract the largest logit first; then divide by tau, take the exponentials, and divide by their sum.",
        "For tau = 0 return an array of zeros with a 1 at z.argmax(), before you divide. exp(-inf) is 0, as it should be "
        "for a forbidden token.",
    ),
)
def check_temperature(answer: Answer) -> Iterator[str]:
    """Logits z (V,) and a temperature tau, 0 or more. Return the probabilities
    (V,) by equation (3); with tau = 0 the most probable token, the first of
    equal ones, has probability 1. A logit of minus infinity forbids its token;
    at least one token is allowed.

        with_temperature(np.array([1.0, 0.0]), 0.5)    gives [0.881, 0.119]
    """

    def right(z: np.ndarray, tau: float) -> np.ndarray:
        if tau == 0:
            return np.eye(len(z))[z.argmax()]
        with np.errstate(over="ignore"):
            return _softmax((z - z.max()) / tau)

    mistakes = {
        "You multiply by the temperature; divide by it.": lambda z, tau: _softmax(z * tau),
        "The temperature divides the logits, not the probabilities: those are divided by their sum again, and the "
        "temperature cancels.": lambda z, tau: _softmax(z),
        "The probabilities do not sum to 1: divide by their sum.": lambda z, tau: np.exp(z / tau),
    }
    trials = [
        (np.array([1.0, 0.0]), 0.5),
        (np.array([2.0, 1.0, 0.5, 0.0, -1.0]), 2.0),
        (np.array([0.3, -0.2, 0.9]), 0.7),
    ]
    extremes = {
        "At temperature 0 the most probable token has probability 1; a division by 0 gives NaN.": (
            np.array([0.0, 2.0, 1.0]),
            0,
        ),
        "Of equally probable tokens, temperature 0 takes the first alone.": (np.array([1.0, 2.0, 2.0]), 0),
        "Large logits overflow: subtract the largest before the exponential.": (np.array([2000.0, 1999.0, 0.0]), 1.0),
        "A forbidden token has the logit minus infinity: its probability is 0, and the others stay finite.": (
            np.array([-np.inf, 1.0, 0.0]),
            0.5,
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


@exercise(
    "7.4",
    "top-k",
    "top_k(z, k)",
    hints=(
        "Find the k best with np.argsort(-z, kind='stable')[:k]; stable keeps equal logits in the order of their ids.",
        "Start from y = np.full(len(z), -np.inf), copy the logits of the k best, and take a softmax that subtracts the "
        "largest logit.",
    ),
)
def check_top_k(answer: Answer) -> Iterator[str]:
    """Logits z (V,) and k, at least 1. Return the probabilities (V,) of top-k
    sampling: softmax over the k tokens with the largest logits, 0 for the
    others. Of equal logits the lower ids are kept. k may be larger than V.

        top_k(np.array([0.0, 2.0, 1.0]), 2)    gives [0, 0.731, 0.269]
    """

    def kept(z: np.ndarray, order: np.ndarray) -> np.ndarray:
        y = np.full(len(z), -np.inf)
        y[order] = z[order]
        return _softmax(y)

    def right(z: np.ndarray, k: int) -> np.ndarray:
        return kept(z, np.argsort(-z, kind="stable")[:k])

    def raw(z: np.ndarray, k: int) -> np.ndarray:
        return np.where(right(z, k) > 0, _softmax(z), 0)

    mistakes = {
        "The probabilities do not sum to 1: divide what is left by its sum.": raw,
        "These are the k least probable tokens.": lambda z, k: kept(z, np.argsort(z, kind="stable")[:k]),
        "These are the k first tokens; sort by the logits.": lambda z, k: kept(z, np.arange(min(k, len(z)))),
        "The others are not left out: a logit of 0 is not a probability of 0. Set them to minus infinity.": (
            lambda z, k: _softmax(np.where(right(z, k) > 0, z, 0))
        ),
        "All k tokens have the same probability; they keep their proportions.": (
            lambda z, k: (right(z, k) > 0) / max((right(z, k) > 0).sum(), 1)
        ),
    }
    trials = [
        (np.array([0.0, 2.0, 1.0]), 2),
        (np.array([0.4, -1.0, 1.5, 0.2, 0.9]), 3),
        (np.array([-0.5, 0.1, -2.0, 0.7]), 3),
    ]
    extremes = {
        "With k above V all tokens stay.": (np.array([1.0, 0.0]), 5),
        "Of equal logits only k are kept, those with lower ids; a comparison with the k-th logit keeps them all.": (
            np.array([1.0, 2.0, 2.0, 2.0]),
            2,
        ),
        "Large logits overflow: subtract the largest before the exponential.": (np.array([1500.0, 1499.0, 2.0]), 2),
        "A forbidden token, with the logit minus infinity, has probability 0, also among the k best.": (
            np.array([-np.inf, 0.5, -np.inf]),
            2,
        ),
    }
    yield from compare(answer, right, mistakes, trials, extremes=extremes)
