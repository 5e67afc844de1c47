"""Eisner and Chu-Liu/Edmonds: equal to trying every tree; what is a tree; bad input."""

from __future__ import annotations

import itertools
import time

import guarded
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.backend import arrays, backend_name, move, to_numpy
from scratchnn.errors import DataError, ShapeError
from scratchnn.structured import best_trees, check_tree, chu_liu_edmonds, crossing_arcs, eisner
from scratchnn.structured.biaffine import EXCLUDED

SEARCHES = {"eisner": (eisner, True), "chu_liu_edmonds": (chu_liu_edmonds, False)}
many = settings(max_examples=60, deadline=None)


def reaches_root(heads):
    """Whether following the heads from every word leads to the root: by counting steps, not by looking for cycles."""
    for word in range(1, len(heads) + 1):
        for _ in heads:
            word = heads[word - 1] if word else 0
        if word:
            return False
    return True


def projective_by_definition(heads):
    """Whether every word between a head and its dependent is below that head; the root's arc begins before word 1."""

    def below(word, ancestor):
        while word != ancestor and word:
            word = heads[word - 1]
        return word == ancestor

    return all(below(between, h) for d, h in enumerate(heads, start=1) for between in range(min(h, d) + 1, max(h, d)))


def all_trees(L, projective):
    """Every tree over L words of which exactly one has the root as its head."""
    for heads in itertools.product(range(L + 1), repeat=L):
        if heads.count(0) == 1 and reaches_root(heads) and (not projective or projective_by_definition(heads)):
            yield heads


TREES = {(L, projective): list(all_trees(L, projective)) for L in range(1, 6) for projective in (True, False)}


def score(scores, heads):
    return sum(scores[d, h] for d, h in enumerate(heads, start=1))


def test_the_number_of_trees():
    """L^(L - 1) trees with one root by Cayley's formula; of the projective ones 1, 2, 7, 30, 143 (OEIS A006013)."""
    assert [len(TREES[L, False]) for L in range(1, 6)] == [L ** (L - 1) for L in range(1, 6)]
    assert [len(TREES[L, True]) for L in range(1, 6)] == [1, 2, 7, 30, 143]


# --- against enumeration ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SEARCHES)
@given(
    L=st.integers(1, 5),
    kind=st.sampled_from(["normal", "large", "small", "ties", "root", "forbidden", "excluded"]),
    seed=st.integers(0, 2**32 - 1),
)
@many
def test_equal_to_enumeration(name, L, kind, seed):
    """Random scores, ties, arcs from the root that all words would like, and forbidden arcs."""
    search, projective = SEARCHES[name]
    rng = np.random.default_rng(seed)
    scores = rng.standard_normal((L + 1, L + 1))
    if kind == "large":
        scores *= 1e5
    elif kind == "small":
        scores *= 1e-30
    elif kind == "ties":
        scores = rng.integers(0, 3, scores.shape).astype(float)
    elif kind == "root":
        scores[:, 0] += 100
    elif kind == "forbidden":
        scores[rng.random(scores.shape) < 0.4] = -np.inf
    elif kind == "excluded":  # by a large number, as in ``possible_heads``
        scores[rng.random(scores.shape) < 0.4] = EXCLUDED
    scores[0] = np.nan  # the root's row is not used
    best = max(score(scores, heads) for heads in TREES[L, projective])
    if best == -np.inf:
        with pytest.raises(DataError, match=r"has no (projective )?tree of finite score; forbid fewer arcs$"):
            search(scores)
        return
    heads = search(scores)
    assert heads.shape == (L,)
    assert tuple(heads) in TREES[L, projective]
    assert score(scores, heads) == pytest.approx(best, rel=1e-9, abs=0)


@pytest.mark.parametrize("name", SEARCHES)
@pytest.mark.parametrize("L", [12, 40])
def test_a_tree_that_was_planted_is_found(name, L):
    """Longer sentences, whose trees cannot be enumerated: one tree whose arcs score more than all others."""
    search, projective = SEARCHES[name]
    for seed in range(5):
        rng = np.random.default_rng(seed)
        planted = random_projective_tree(rng, L) if projective else random_tree(rng, L)
        check_tree(planted, projective)
        scores = rng.standard_normal((L + 1, L + 1))
        scores[np.arange(1, L + 1), planted] += 10
        assert search(scores).tolist() == planted


def random_projective_tree(rng, L):
    """A random root, and in each span left and right of a head again."""
    heads = [0] * L
    spans = [(1, L, 0)]
    while spans:
        low, high, head = spans.pop()
        if low > high:
            continue
        word = int(rng.integers(low, high + 1))
        heads[word - 1] = head
        spans += [(low, word - 1, word), (word + 1, high, word)]
    return heads


def random_tree(rng, L):
    """Words in a random order, each with an earlier one as its head."""
    order = (rng.permutation(L) + 1).tolist()
    heads = [0] * L
    for k, word in enumerate(order[1:], start=1):
        heads[word - 1] = order[int(rng.integers(k))]
    return heads


@pytest.mark.parametrize("L", [7, 15])
def test_the_best_of_all_trees_is_at_least_as_good_as_the_best_projective_one(L):
    """Also where the best heads have many cycles; if the best tree is projective, both searches find its score."""
    equal = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        scores = rng.standard_normal((L + 1, L + 1)) - abs(np.subtract.outer(np.arange(L + 1), np.arange(L + 1)))
        projective, free = eisner(scores), chu_liu_edmonds(scores)
        check_tree(projective, projective=True)
        check_tree(free)
        assert score(scores, free) >= score(scores, projective) - 1e-12
        if crossing_arcs(free) is None:
            equal += 1
            assert score(scores, free) == pytest.approx(score(scores, projective))
    assert equal


def spanning_tree(weights):
    """The edges of the heaviest spanning tree of a graph: Prim's algorithm, which contracts nothing."""
    best, edges = weights[0].copy(), set()
    nearest, outside = np.zeros(len(weights), dtype=int), set(range(1, len(weights)))
    while outside:
        node = max(outside, key=lambda v: best[v])
        outside.remove(node)
        edges.add(frozenset((node, int(nearest[node]))))
        closer = weights[node] > best
        best[closer], nearest[closer] = weights[node][closer], node
    return edges


@pytest.mark.parametrize("L", [30, 150])
def test_scores_that_are_the_same_in_both_directions(L):
    """Two words that prefer each other are a cycle, so there are many, one inside the other; the best tree is known.

    Its arcs are the edges of the heaviest spanning tree of the words, in whatever direction. Any word can be the root's.
    """
    for seed in range(3):
        rng = np.random.default_rng(seed)
        scores = rng.standard_normal((L + 1, L + 1))
        scores += scores.T
        heads = chu_liu_edmonds(scores).tolist()
        check_tree(heads)
        assert heads.index(0) == scores[1:, 0].argmax()
        found = {frozenset((d, h - 1)) for d, h in enumerate(heads) if h}
        assert found == spanning_tree(scores[1:, 1:])


@pytest.mark.parametrize("kind", ["equal", "random"])
def test_a_long_sentence_is_searched_quickly(kind):
    """In time that grows with the square of its length; with the cube, this one takes some 2.6 seconds of a processor."""
    scores = np.zeros((1201, 1201)) if kind == "equal" else np.random.default_rng(0).standard_normal((1201, 1201))
    scores += scores.T
    start = time.process_time()
    check_tree(chu_liu_edmonds(scores).tolist())
    assert time.process_time() - start < 1.3


def test_a_cycle_inside_a_cycle():
    """Words 1 and 2 prefer each other, then both 3: contracted twice before the root is reached."""
    scores = np.full((5, 5), -9.0)
    scores[1, 2] = scores[2, 1] = 10
    scores[3, 1] = 8
    scores[2, 3] = 9
    scores[1:, 0] = [0, 0, 1, 2]
    scores[4, 3] = 5
    heads = chu_liu_edmonds(scores)
    assert score(scores, heads) == max(score(scores, tree) for tree in all_trees(4, False))
    check_tree(heads)


# --- a batch ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SEARCHES)
def test_a_batch_equals_sentence_by_sentence(name):
    search, projective = SEARCHES[name]
    rng = np.random.default_rng(0)
    scores = rng.standard_normal((4, 7, 7)).astype(np.float32)
    lengths = np.array([6, 1, 0, 4])
    for n, L in enumerate(lengths):
        scores[n, L + 1 :] = scores[n, :, L + 1 :] = np.nan  # the padding plays no part
    before = scores.copy()
    heads = best_trees(scores, lengths, projective)
    assert heads.shape == (4, 6)
    for n, L in enumerate(lengths):
        assert heads[n, :L].tolist() == search(scores[n, : L + 1, : L + 1]).tolist()
        assert not heads[n, L:].any()
    np.testing.assert_array_equal(scores, before)
    np.testing.assert_array_equal(best_trees(scores[:1], None, projective), heads[:1])


def test_a_batch_on_another_device_comes_back_there(monkeypatch):
    monkeypatch.setattr(arrays, "BACKENDS", ["numpy", "cupy", "guarded"])
    scores = np.random.default_rng(0).standard_normal((2, 5, 5))
    heads = best_trees(move(scores, "guarded"), move(np.array([4, 2]), "guarded"))
    assert backend_name(heads) == guarded.__name__
    np.testing.assert_array_equal(to_numpy(heads), best_trees(scores, np.array([4, 2])))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: best_trees(np.zeros((2, 3, 4))), ShapeError, r"best_trees: scores must have shape \(N, T \+ 1, T \+ 1\)"),
        (lambda: best_trees(np.zeros((3, 3))), ShapeError, "best_trees: scores must have shape"),
        (lambda: best_trees(np.zeros((1, 3, 3)), [3]), DataError, r"best_trees: lengths must be between 0 and T = 2"),
        (lambda: best_trees(np.zeros((1, 3, 3)), [1, 1]), ShapeError, "best_trees: lengths must be integers of shape"),
        (lambda: eisner(np.zeros((3, 2))), ShapeError, r"eisner: scores must have shape \(L \+ 1, L \+ 1\), got \(3, 2\)"),
        (lambda: chu_liu_edmonds(np.zeros(3)), ShapeError, "chu_liu_edmonds: scores must have shape"),
        (lambda: eisner(np.full((3, 3), np.nan)), DataError, "eisner: the scores contain NaN or plus infinity"),
        (lambda: chu_liu_edmonds(np.full((3, 3), np.inf)), DataError, "chu_liu_edmonds: the scores contain NaN or plus"),
        (lambda: eisner(np.full((3, 3), -np.inf)), DataError, "eisner: the sentence has no projective tree of finite"),
        (lambda: chu_liu_edmonds(np.full((3, 3), -np.inf)), DataError, "chu_liu_edmonds: the sentence has no tree of"),
    ],
)
def test_bad_scores_are_one_clear_line(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", SEARCHES)
def test_no_words(name):
    assert SEARCHES[name][0](np.zeros((1, 1))).shape == (0,)


# --- what is a tree --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("L", [1, 2, 3, 4])
def test_check_tree_accepts_exactly_the_trees(L):
    for heads in itertools.product(range(L + 1), repeat=L):
        for projective in (True, False):
            if heads in TREES[L, projective]:
                check_tree(heads, projective)
            else:
                with pytest.raises(DataError, match="tree: "):
                    check_tree(heads, projective)


@pytest.mark.parametrize(
    ("heads", "message"),
    [
        ([2, 3, 0, 5], "gold: the head of word 4 is 5, outside 0 .. 4"),
        ([2, -1], "gold: the head of word 2 is -1, outside 0 .. 2"),
        ([0, 1, 0], "gold: words 1 and 3 both have the root as their head"),
        ([0, 3, 4, 2], "gold: words 2, 3, 4 form a cycle"),
        ([1], "gold: word 1 is its own head"),
        ([3, 4, 0, 3], "gold: the arcs of words 1 and 2 cross"),
        ([0, 4, 1, 1], "gold: the arcs of words 2 and 3 cross"),
    ],
)
def test_what_is_no_tree(heads, message):
    with pytest.raises(DataError) as caught:
        check_tree(heads, projective=True, owner="gold")
    assert str(caught.value) == message


def test_crossing_arcs_are_refused_only_if_asked():
    check_tree([3, 4, 0, 3])
    check_tree([])
    check_tree(np.array([2, 0]), projective=True)
    assert crossing_arcs([3, 4, 0, 3]) == (1, 2)
    assert crossing_arcs([2, 0, 2]) is None
