"""Chapter 10, a tree over the tokens."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from scratchnn.book.exercises.answer import Answer, compare
from scratchnn.book.exercises.registry import exercise
from scratchnn.metrics import attachment_scores
from scratchnn.structured import biaffine_backward
from scratchnn.structured.trees import find_cycle

# --- 10.1 ------------------------------------------------------------------------------------------------------------


@exercise(
    "10.1",
    "is it a tree?",
    "is_tree(heads)",
    hints=(
        "There are two conditions: exactly one 0, and from every word you arrive at 0 if you keep going to the head.",
        "Walk upwards from each word, d = heads[d - 1], and count the steps. A walk of more than len(heads) steps never "
        "ends: it goes round a cycle.",
    ),
)
def check_is_tree(answer: Answer) -> Iterator[str]:
    """heads[d - 1] is the head of word d, a number from 0 to len(heads), where
    0 is the root. Return True if every word is below the root and exactly one
    word has the root as its head, else False. Without words there is no tree.

        is_tree([2, 0, 2])    gives True
        is_tree([0, 3, 2])    gives False: words 2 and 3 form a cycle
    """

    def right(heads: list[int]) -> bool:
        return heads.count(0) == 1 and not find_cycle([0, *heads])

    def pairs_only(heads: list[int]) -> bool:
        return heads.count(0) == 1 and not any(h == d or (h and heads[h - 1] == d) for d, h in enumerate(heads, start=1))

    mistakes = {
        "Only the root is counted. A sentence with one root can still contain a cycle.": lambda heads: heads.count(0) == 1,
        "Several words have the root as their head, and you accept it: exactly one may.": (
            lambda heads: bool(heads) and not find_cycle([0, *heads])
        ),
        "You find cycles of one or two words only; a cycle can be longer.": pairs_only,
        "The answer is the wrong way round.": lambda heads: not right(heads),
        "A sentence without words has no word below the root, so it is no tree.": (lambda heads: not heads or right(heads)),
    }
    lists: tuple[list[int], ...] = (
        [2, 0, 2],
        [0, 3, 2],
        [0],
        [0, 0, 1],
        [2, 3, 1],
        [0, 3, 4, 2],
        [1, 0],
        [2, 3, 4, 0],
        [4, 1, 1, 0],
        [],
    )
    yield from compare(answer, right, mistakes, [(list(heads),) for heads in lists])


# --- 10.2 ------------------------------------------------------------------------------------------------------------


@exercise(
    "10.2",
    "biaffine scores backward",
    "biaffine_backward(dS, X, Y, U, u)",
    hints=(
        "Write the forward pass in two lines, Q = X @ U + u and S = Q @ Y.T, and go back through them in reverse order.",
        "dQ = dS @ Y and dY = dS.T @ Q. Then X, U and u get the gradients of a dense layer with the output Q.",
    ),
)
def check_biaffine_backward(answer: Answer) -> Iterator[str]:
    """The arc scores of one sentence are S = (X U + u) Y^T, with X and Y
    (T + 1, D), U (D, D) and u (D,), which is added to every row. Given dS
    (T + 1, T + 1), dependents in rows, return dX, dY, dU and du, in this order.
    """

    def right(dS: np.ndarray, X: np.ndarray, Y: np.ndarray, U: np.ndarray, u: np.ndarray) -> tuple:
        dX, dY, dU, du = biaffine_backward(dS[None], (X[None], Y[None], U, (X @ U + u)[None]))
        return dX[0], dY[0], dU, du

    def no_bias(dS: np.ndarray, X: np.ndarray, Y: np.ndarray, U: np.ndarray, u: np.ndarray) -> tuple:
        return right(dS, X, Y, U, 0 * u)

    def turned(dS: np.ndarray, X: np.ndarray, Y: np.ndarray, U: np.ndarray, u: np.ndarray) -> tuple:
        return right(dS.T, X, Y, U, u)

    def not_turned_U(dS: np.ndarray, X: np.ndarray, Y: np.ndarray, U: np.ndarray, u: np.ndarray) -> tuple:
        _, dY, dU, du = right(dS, X, Y, U, u)
        return dS @ Y @ U, dY, dU.T, du

    def from_heads(dS: np.ndarray, X: np.ndarray, Y: np.ndarray, U: np.ndarray, u: np.ndarray) -> tuple:
        dX, dY, dU, _ = right(dS, X, Y, U, u)
        return dX, dY, dU, Y.sum(axis=0)

    mistakes = {
        "u is missing: heads get a gradient through u as well, since each row of Q is x U + u.": no_bias,
        "dS is turned round: its rows are dependents, its columns heads.": turned,
        "U is on the wrong side: dX = dQ U^T and dU = X^T dQ.": not_turned_U,
        "du does not use dS: it is the sum of the rows of dQ.": from_heads,
    }
    rng = np.random.default_rng(0)
    shapes = [((S, S), (S, D), (S, D), (D, D), (D,)) for S, D in ((4, 3), (2, 5), (1, 2))]
    trials = [tuple(rng.standard_normal(shape) for shape in one) for one in shapes]
    yield from compare(answer, right, mistakes, trials, ("dX", "dY", "dU", "du"))


# --- 10.3 ------------------------------------------------------------------------------------------------------------


@exercise(
    "10.3",
    "attachment scores",
    "attachment(heads, labels, true_heads, true_labels)",
    hints=(
        "Count over all words of all sentences: how many heads are right, and for how many are head and label right?",
        "A label of Universal Dependencies may have a subtype: compare label.partition(':')[0]. Divide both counts by the "
        "number of words, or return zeros if there are none.",
    ),
)
def check_attachment(answer: Answer) -> Iterator[str]:
    """All arguments are lists with one list per sentence: predicted heads and
    labels, true heads and labels. Return the unlabelled attachment, the share
    of all words whose head is right, and the labelled one, the share of all
    words whose head and label are right. Labels are compared without their
    subtype: nmod:poss is nmod. Without words, both are 0.

        attachment([[2, 0]], [["det", "root"]], [[2, 0]], [["amod", "root"]])
            gives 1.0, 0.5
    """

    def right(heads: list, labels: list, true_heads: list, true_labels: list) -> tuple:
        scores = attachment_scores(heads, labels, true_heads, true_labels)
        return scores["unlabelled"], scores["labelled"]

    def flat(parts: list) -> list:
        return [one for part in parts for one in part]

    def only_label(heads: list, labels: list, true_heads: list, true_labels: list) -> tuple:
        same = [a.partition(":")[0] == b.partition(":")[0] for a, b in zip(flat(labels), flat(true_labels), strict=True)]
        return right(heads, labels, true_heads, true_labels)[0], float(np.mean(same)) if same else 0.0

    def of_right(heads: list, labels: list, true_heads: list, true_labels: list) -> tuple:
        unlabelled, labelled = right(heads, labels, true_heads, true_labels)
        return unlabelled, labelled / unlabelled if unlabelled else 0.0

    def by_sentence(*given: list) -> tuple:
        each = [right(*([part] for part in one)) for one in zip(*given, strict=True)]
        return tuple(np.mean(each, axis=0)) if each else (0.0, 0.0)

    def subtypes(heads: list, labels: list, true_heads: list, true_labels: list) -> tuple:
        kept = [[[name.replace(":", "_") for name in part] for part in side] for side in (labels, true_labels)]
        return right(heads, kept[0], true_heads, kept[1])

    mistakes: dict[str, Callable[..., tuple]] = {
        "The labelled score needs the right head as well as the right label.": only_label,
        "The labelled score is a share of all words, not of the words whose head is right.": of_right,
        "You average over the sentences. Every word counts once, so count over all words first.": by_sentence,
        "Subtypes are compared too: nmod:poss and nmod are the same label here.": subtypes,
        "The two scores are exchanged: the unlabelled one comes first.": lambda *given: right(*given)[::-1],
    }
    trials = [
        ([[2, 0]], [["det", "root"]], [[2, 0]], [["amod", "root"]]),
        (
            [[2, 0, 2], [0, 1]],
            [["nmod", "root", "obj"], ["root", "obl"]],
            [[2, 0, 1], [0, 1]],
            [["nmod:poss", "root", "obj"], ["root", "obj"]],
        ),
        ([[0, 3, 1, 3]], [["root", "a", "b", "c:x"]], [[2, 0, 1, 3]], [["nsubj", "root", "b", "c"]]),
        ([[]], [[]], [[]], [[]]),
    ]
    yield from compare(answer, right, mistakes, trials, ("unlabelled", "labelled"))


# --- 10.4 ------------------------------------------------------------------------------------------------------------


@exercise(
    "10.4",
    "crossing arcs",
    "cross(first, second)",
    hints=(
        "Draw two arcs above a line. When does one have exactly one of its ends inside the other?",
        "Sort the ends, (a, b) with a < b and (c, d) with c < d. They cross if a < c < b < d or c < a < d < b.",
    ),
)
def check_cross(answer: Answer) -> Iterator[str]:
    """Each argument is an arc, a tuple (dependent, head) of two different
    positions. Return True if the two arcs cross when they are drawn above the
    sentence, else False. Arcs that share an end do not cross, nor does an arc
    that lies inside another one.

        cross((1, 3), (2, 4))    gives True
        cross((4, 2), (3, 2))    gives False
    """

    def ends(first: tuple, second: tuple) -> tuple:
        return *sorted(first), *sorted(second)

    def right(first: tuple, second: tuple) -> bool:
        a, b, c, d = ends(first, second)
        return a < c < b < d or c < a < d < b

    def unsorted(first: tuple, second: tuple) -> bool:
        (a, b), (c, d) = first, second
        return a < c < b < d or c < a < d < b

    def touching(first: tuple, second: tuple) -> bool:
        a, b, c, d = ends(first, second)
        return a <= c <= b <= d or c <= a <= d <= b

    def overlap(first: tuple, second: tuple) -> bool:
        a, b, c, d = ends(first, second)
        return a < d and c < b

    def one_side(first: tuple, second: tuple) -> bool:
        a, b, c, d = ends(first, second)
        return a < c < b < d

    mistakes: dict[str, Callable[..., bool]] = {
        "Arcs that point to the left are missed: a head can be on either side, so sort the two ends first.": unsorted,
        "Arcs that share an end count as crossing. They only touch: use < in place of <=.": touching,
        "An arc inside another one counts as crossing; one end has to be inside and the other outside.": overlap,
        "You look for the case where the first arc begins first. The second one can begin first too.": one_side,
        "The answer is the wrong way round.": lambda *arcs: not right(*arcs),
    }
    pairs = [((1, 3), (2, 4)), ((4, 2), (3, 2)), ((4, 2), (1, 3)), ((1, 5), (4, 2)), ((1, 2), (3, 4)), ((3, 6), (5, 1))]
    pairs += [((2, 0), (1, 2)), ((3, 0), (1, 4)), ((2, 5), (5, 7)), ((5, 2), (7, 3))]
    yield from compare(answer, right, mistakes, pairs)


# --- 10.5 ------------------------------------------------------------------------------------------------------------


@exercise(
    "10.5",
    "what it costs to enter a cycle",
    "enter_cycle(S, heads, cycle, h)",
    hints=(
        "If the arc from h goes to word v of the cycle, v loses its head in the cycle, and the others keep theirs. What "
        "does the sum of scores gain, and what does it lose?",
        "For each v in the cycle: S[v, h] - S[v, heads[v]]. The largest of these is the score, and its v the place.",
    ),
)
def check_enter_cycle(answer: Answer) -> Iterator[str]:
    """S[d, h] is the score of the arc from head h to dependent d, shape (T + 1,
    T + 1), heads[d] the best head of position d, cycle a list of words that
    form a cycle by these heads, and h a position outside of it. Return the
    score of the arc from h to the contracted cycle, by equation (11), and the
    word at which it enters, in this order. A score can be -inf.
    """

    def best(values: dict[int, float]) -> tuple:
        v = max(values, key=values.__getitem__)
        return float(values[v]), v

    def right(S: np.ndarray, heads: list[int], cycle: list[int], h: int) -> tuple:
        return best({v: S[v, h] - S[v, heads[v]] for v in cycle})

    def plain(S: np.ndarray, heads: list[int], cycle: list[int], h: int) -> tuple:
        return best({v: S[v, h] for v in cycle})

    def turned(S: np.ndarray, heads: list[int], cycle: list[int], h: int) -> tuple:
        return best({v: S[h, v] - S[heads[v], v] for v in cycle})

    def negative(S: np.ndarray, heads: list[int], cycle: list[int], h: int) -> tuple:
        return best({v: S[v, heads[v]] - S[v, h] for v in cycle})

    def whole(S: np.ndarray, heads: list[int], cycle: list[int], h: int) -> tuple:
        return best({v: S[v, h] - sum(S[w, heads[w]] for w in cycle) for v in cycle})

    mistakes = {
        "What v loses is missing: subtract the score of its head in the cycle.": plain,
        "Rows and columns are exchanged: S[d, h] has the dependent first.": turned,
        "The difference has the wrong sign: the new arc is a gain, the old one a loss.": negative,
        "Only the arc of v is replaced; the other words of the cycle keep their heads.": whole,
        "The second value has to be the word v, a position in the sentence, not its place in the list.": (
            lambda S, heads, cycle, h: (right(S, heads, cycle, h)[0], cycle.index(right(S, heads, cycle, h)[1]))
        ),
    }
    trials = []
    for seed, cycle, h in ((0, [2, 4], 0), (1, [1, 3, 5], 2), (2, [5, 3], 4)):
        S = np.random.default_rng(seed).standard_normal((6, 6)).round(3)
        heads = [0] * 6
        for k, v in enumerate(cycle):
            heads[v] = cycle[k - 1]
            S[v, heads[v]] += 4.0 + k
        if seed == 2:
            S[5, h] = -np.inf
        trials.append((S, heads, cycle, h))
    yield from compare(answer, right, mistakes, trials, ("the score", "the word"))
