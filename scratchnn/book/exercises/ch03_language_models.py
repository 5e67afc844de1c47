"""The exercises of chapter 3 on the sizes of models and on language models: 3.2 to 3.4."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scratchnn import losses
from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.functions import softmax


@exercise(
    "3.2",
    "the size of a neural language model",
    "count_nnlm(V, D, H, n, direct)",
    hints=(
        "Go through the network from below: the table, the hidden layer with its bias, the output layer with its bias.",
        "The hidden layer sees n - 1 vectors side by side, so it has (n - 1) D inputs. The direct weights lead from "
        "these inputs to the V outputs.",
    ),
)
def check_count_nnlm(answer: Answer) -> Iterator[str]:
    """Count the parameters of the neural language model. It has one table of V
    vectors with D numbers each, a context of n - 1 words, H hidden units and
    V outputs; the hidden layer and the output layer have biases. If direct is
    True, there is also one weight from each number of the projection layer to
    each output.

        count_nnlm(31, 4, 12, 4, False)    gives 683
    """

    def count(V: int, D: int, H: int, width: int, direct: bool) -> int:
        return V * D + width * H + H + H * V + V + (width * V if direct else 0)

    def right(V: int, D: int, H: int, n: int, direct: bool) -> int:
        return count(V, D, H, (n - 1) * D, direct)

    mistakes = {
        "There is one table for all positions of the context, not one per position.": lambda V, D, H, n, direct: (
            right(V, D, H, n, direct) + (n - 2) * V * D
        ),
        "The hidden layer sees n - 1 vectors side by side, so it has (n - 1) D inputs, not D.": lambda V, D, H, n, direct: (
            count(V, D, H, D, direct)
        ),
        "The context has n - 1 words; the n-th word is the one to predict.": lambda V, D, H, n, direct: count(
            V, D, H, n * D, direct
        ),
        "The biases are missing: H in the hidden layer and V in the output layer.": lambda V, D, H, n, direct: (
            right(V, D, H, n, direct) - H - V
        ),
        "The table is learned too: V D more parameters.": lambda V, D, H, n, direct: right(V, D, H, n, direct) - V * D,
        "The direct connections are missing: (n - 1) D V more weights if direct is True.": lambda V, D, H, n, direct: right(
            V, D, H, n, False
        ),
    }
    trials = [(31, 4, 12, 4, False), (10, 3, 5, 2, True), (100, 7, 11, 5, False), (50, 6, 9, 3, True)]
    yield from compare(answer, right, mistakes, trials)


@exercise(
    "3.3",
    "perplexity",
    "perplexity(z, target)",
    hints=(
        "Perplexity is e to the power of the mean loss, and the loss of a word is -log of its probability.",
        "log softmax is z - max - log(sum(exp(z - max))) in each row. Do not take the log of a probability: that may "
        "have become 0.",
    ),
)
def check_perplexity(answer: Answer) -> Iterator[str]:
    """Return the perplexity of a language model on a text of N words. Row n of
    z (N, V) contains the logits that the model gives to the V words of the
    vocabulary at position n; target (N,) contains the ids of the words of the
    text. Logits may be as large as 1000.

        perplexity(np.zeros((5, 8)), np.array([0, 3, 3, 7, 1]))    gives 8.0
    """

    def loss(z: np.ndarray, t: np.ndarray) -> float:
        return float(losses.softmax_cross_entropy_forward(z, t)[0])

    def right(z: np.ndarray, t: np.ndarray) -> float:
        return float(np.exp(loss(z, t)))

    def naive(z: np.ndarray, t: np.ndarray) -> float:
        with np.errstate(all="ignore"):
            e = np.exp(z)
            return float(np.exp(-np.log(e[np.arange(len(t)), t] / e.sum(axis=1)).mean()))

    mistakes = {
        "This is the loss itself; the perplexity is e to the power of the loss.": loss,
        "You raise e to the loss of each word and then average. Average the losses first, then raise e to the mean.": (
            lambda z, t: float((1 / softmax(z)[np.arange(len(t)), t]).mean())
        ),
        "The exponent is the mean loss of the words, not the sum of their losses.": (
            lambda z, t: float(np.exp(len(t) * loss(z, t)))
        ),
        "The base must match the logarithm: with natural logarithms it is e, not 2.": lambda z, t: float(2 ** loss(z, t)),
        "The sign is wrong: this is the typical probability of a word, 1 divided by the perplexity.": (
            lambda z, t: float(np.exp(-loss(z, t)))
        ),
        "exp overflows for large logits: subtract the largest logit of each row first; softmax stays the same.": naive,
    }
    extremes = {
        "Each row needs its own largest logit: if one row is far above another, exp is 0 everywhere in the lower one.": (
            np.array([[1000.0, 998.0], [-1000.0, -999.0]]),
            np.array([1, 0]),
        ),
        "A probability may be too small for a number, and its log is then infinite: compute log softmax directly.": (
            np.array([[800.0, 0.0], [0.0, 0.0]]),
            np.array([1, 0]),
        ),
    }
    rng = np.random.default_rng(0)
    trials = [(rng.standard_normal((N, V)), rng.integers(0, V, N)) for N, V in ((5, 8), (9, 4), (2, 2))]
    trials.append((np.array([[1000.0, 998.0], [999.0, 1000.0]]), np.array([1, 0])))
    yield from compare(answer, right, mistakes, trials, extremes=extremes)


@exercise(
    "3.4",
    "shapes on the way through CBOW",
    "cbow_shapes(N, M, V, D)",
    hints=(
        "The look-up adds an axis: one vector of D numbers for each id. The mean removes one. Which one?",
        "z has a logit for every word of the vocabulary. A gradient has the shape of its array: dA that of the table A.",
    ),
)
def check_cbow_shapes(answer: Answer) -> Iterator[str]:
    """Predict the shapes in CBOW for N examples with M words around each
    target, V words in the vocabulary and vectors of D numbers. Return a list of
    four tuples: the shapes of the vectors that were looked up (before the
    mean), of the hidden vectors h, of the logits z, and of dA, the gradient
    with respect to the table of word vectors.

        cbow_shapes(20, 4, 31, 8)    begins with (20, 4, 8)
    """

    def right(N: int, M: int, V: int, D: int) -> list:
        return [(N, M, D), (N, D), (N, V), (V, D)]

    mistakes = {
        "h still has one vector per place. The mean over the M places leaves one vector per example.": (
            lambda N, M, V, D: [(N, M, D), (N, M, D), (N, V), (V, D)]
        ),
        "The mean is over the M places, not over the D numbers of a vector: h has D numbers per example.": (
            lambda N, M, V, D: [(N, M, D), (N, M), (N, V), (V, D)]
        ),
        "There is one target per example, not one per place: z has V logits for each of the N examples.": (
            lambda N, M, V, D: [(N, M, D), (N, D), (N, M, V), (V, D)]
        ),
        "The target is one of V words, so z has V logits per example, not D.": (
            lambda N, M, V, D: [(N, M, D), (N, D), (N, D), (V, D)]
        ),
        "These are the rows that go back. They are added up in dA, which has the shape of the whole table.": (
            lambda N, M, V, D: [(N, M, D), (N, D), (N, V), (N * M, D)]
        ),
    }
    yield from compare(answer, right, mistakes, [(20, 4, 31, 8), (3, 2, 7, 5)])
