"""The best tree over the words of a sentence, given a score for every arc.

A tree gives each word d in 1 .. L one head h(d) in 0 .. L, such that every word is reached from the root 0, and exactly one
word has the root as its head. Its score is the sum of s[d, h(d)] over the words. Two searches find the best one:

    eisner            the best projective tree: no two arcs cross when drawn above the words
    chu_liu_edmonds   the best of all trees

Eisner (1996) builds spans of words i .. j. A complete span (C) has its head at one end, and all words inside it below that
head. An incomplete one (I) has an arc between its ends. right: the head is i; left: the head is j.

    I_right[i, j] = max_k C_right[i, k] + C_left[k + 1, j] + s[j, i]           k in i .. j - 1                     (1)
    I_left[i, j]  = max_k C_right[i, k] + C_left[k + 1, j] + s[i, j]           k in i .. j - 1                     (2)
    C_right[i, j] = max_k I_right[i, k] + C_right[k, j]                        k in i + 1 .. j                     (3)
    C_left[i, j]  = max_k C_left[i, k] + I_left[k, j]                          k in i .. j - 1                     (4)
    best tree     = max_k C_left[1, k] + s[k, 0] + C_right[k, L]               the root's only word k              (5)

All spans of one length are computed at once: each span is stored in a row by its first word and, where (1) to (4) need it
on the right, in a row by its last word, both by its length. A sum over k is then the sum of two slices.

Chu and Liu (1965) and Edmonds (1967) take the best head of every word. If these arcs have a cycle, it is contracted to one
node: an arc from h into the cycle at v scores s[v, h] - s[v, h(v)], what it costs to break the cycle there.

Each arc has two numbers here, compared by the first and, if this is equal, by the second: a penalty and the score. The
penalty is 0 for most arcs, -1 for one from the root, so that a tree with one arc from the root beats any with more, and
less than those of all arcs of a tree together for a forbidden one. The two are one complex number, since NumPy compares
complex numbers by the real part and then by the imaginary one. (A large number taken from the scores would rank the trees
in the same way, but would round the scores to few digits.)

Contracted in place, a cycle of K words takes K rows and K columns of the scores, so that a tree takes O(L^2) operations:
Tarjan, "Finding optimum branchings" (1977).

The searches run on the CPU, in float64, whatever array library holds the scores.
"""

from __future__ import annotations

import numpy as np

from scratchnn.backend import Array, backend_name, check_array, move, to_numpy
from scratchnn.errors import DataError, ShapeError
from scratchnn.recurrent.base import check_lengths


def best_trees(scores: Array, lengths: Array | None = None, projective: bool = True) -> Array:
    """The best tree of each sentence of a batch.

    Args:
        scores: arc scores (N, T + 1, T + 1): dependents in rows, heads in columns, position 0 the root.
        lengths: number of words of each sentence (N,); T if None.
        projective: whether arcs must not cross (``eisner``) or may (``chu_liu_edmonds``).

    Returns:
        The position of each word's head (N, T), 0 for the root and in the padding, in the array library of ``scores``.

    Raises:
        ShapeError: the scores are not (N, T + 1, T + 1), or the lengths not integers (N,).
        DataError: a length is not in 0 .. T, a score is NaN or plus infinity, or a sentence has no tree of finite score.
    """
    check_array(scores, "best_trees: scores")
    if scores.ndim != 3 or scores.shape[1] != scores.shape[2] or not scores.shape[1]:
        raise ShapeError(f"best_trees: scores must have shape (N, T + 1, T + 1), got {tuple(scores.shape)}")
    lengths = check_lengths(lengths, scores[:, 1:], "best_trees")
    N, S, _ = scores.shape
    counts = [S - 1] * N if lengths is None else to_numpy(lengths).tolist()
    search = eisner if projective else chu_liu_edmonds
    heads = np.zeros((N, S - 1), dtype=np.int64)
    for n, (matrix, L) in enumerate(zip(to_numpy(scores), counts, strict=True)):
        heads[n, :L] = search(matrix[: L + 1, : L + 1])
    return move(heads, backend_name(scores))


def _checked(scores: np.ndarray, owner: str) -> np.ndarray:
    """Scores (L + 1, L + 1) in float64, or an error."""
    if scores.ndim != 2 or scores.shape[0] != scores.shape[1] or not scores.size:
        raise ShapeError(f"{owner}: scores must have shape (L + 1, L + 1), got {tuple(scores.shape)}")
    arcs = scores[1:].astype(np.float64)
    if np.isnan(arcs).any() or (arcs == np.inf).any():
        raise DataError(f"{owner}: the scores contain NaN or plus infinity")
    return np.concatenate([np.zeros((1, len(scores))), arcs])  # the root's row is not used


# --- projective trees ------------------------------------------------------------------------------------------------


def eisner(scores: np.ndarray) -> np.ndarray:
    """The best projective tree for scores (L + 1, L + 1): the head of each word (L,). Minus infinity forbids an arc."""
    scores = _checked(scores, "eisner")
    L = len(scores) - 1
    if L == 0:
        return np.zeros(0, dtype=np.int64)
    words = scores[1:, 1:]  # from here on words are counted from 0
    by_first = {name: np.zeros((L, L)) for name in ("C_right", "C_left", "I_right")}  # [first word, length]
    by_last = {name: np.zeros((L, L)) for name in ("C_right", "C_left", "I_left")}  # [last word, length]
    split = {name: np.zeros((L, L), dtype=np.int64) for name in ("I", "C_right", "C_left")}  # [first word, length]: k - i
    for m in range(1, L):  # spans i .. j = i + m
        first, last = slice(0, L - m), slice(m, L)
        i, j = np.arange(L - m), np.arange(m, L)
        up, down = slice(0, m), slice(m - 1, None, -1)  # lengths 0 .. m - 1, and m - 1 .. 0
        up_one, down_one = slice(1, m + 1), slice(m, 0, -1)  # lengths 1 .. m, and m .. 1
        joined = by_first["C_right"][first, up] + by_last["C_left"][last, down]  # (L - m, m)
        split["I"][first, m] = k = joined.argmax(axis=1)
        best = joined[i, k]
        by_first["I_right"][first, m] = best + words[j, i]  # (1)
        by_last["I_left"][last, m] = best + words[i, j]  # (2)
        joined = by_first["I_right"][first, up_one] + by_last["C_right"][last, down]  # (3)
        split["C_right"][first, m] = k = joined.argmax(axis=1)
        by_first["C_right"][first, m] = by_last["C_right"][last, m] = joined[i, k]
        split["C_right"][first, m] += 1
        joined = by_first["C_left"][first, up] + by_last["I_left"][last, down_one]  # (4)
        split["C_left"][first, m] = k = joined.argmax(axis=1)
        by_first["C_left"][first, m] = by_last["C_left"][last, m] = joined[i, k]
    rooted = by_first["C_left"][0] + scores[1:, 0] + by_last["C_right"][L - 1, ::-1]  # (5)
    top = int(rooted.argmax())
    if rooted[top] == -np.inf:
        raise DataError("eisner: the sentence has no projective tree of finite score; forbid fewer arcs")
    return _follow(split, top, L)


def _follow(split: dict[str, np.ndarray], top: int, L: int) -> np.ndarray:
    """The heads (L,) of the tree whose root's word is ``top``, from the split points of the best spans."""
    heads = np.zeros(L, dtype=np.int64)
    spans = [("C_left", 0, top), ("C_right", top, L - 1)]
    while spans:
        kind, i, j = spans.pop()
        if i == j:
            continue
        if kind == "C_right":
            k = i + int(split["C_right"][i, j - i])
            heads[k] = i + 1
            spans += [("I", i, k), ("C_right", k, j)]
        elif kind == "C_left":
            k = i + int(split["C_left"][i, j - i])
            heads[k] = j + 1
            spans += [("C_left", i, k), ("I", k, j)]
        else:  # its arc has been set; what is below its two ends remains
            k = i + int(split["I"][i, j - i])
            spans += [("C_right", i, k), ("C_left", k + 1, j)]
    return heads


# --- all trees -------------------------------------------------------------------------------------------------------


def chu_liu_edmonds(scores: np.ndarray) -> np.ndarray:
    """The best tree for scores (L + 1, L + 1): the head of each word (L,). Minus infinity forbids an arc."""
    scores = _checked(scores, "chu_liu_edmonds")
    L = len(scores) - 1
    if L == 0:
        return np.zeros(0, dtype=np.int64)
    np.fill_diagonal(scores, -np.inf)
    finite = np.isfinite(scores[1:])
    pairs = np.zeros(scores.shape, dtype=np.complex128)
    pairs.imag[1:] = np.where(finite, scores[1:], 0)
    pairs.real[:, 0] = -1
    pairs.real[1:][~finite] = -1 - L  # L arcs from the root have -L
    heads = _best_heads(pairs)
    if not finite[np.arange(L), heads].all() or np.count_nonzero(heads == 0) != 1:
        raise DataError("chu_liu_edmonds: the sentence has no tree of finite score; forbid fewer arcs")
    return heads


def _best_heads(scores: np.ndarray) -> np.ndarray:
    """The heads (L,) of the best tree with any number of arcs from the root; ``scores`` is used as scratch space.

    The scores are compared by their real parts and, where these are equal, by their imaginary parts.
    """
    np.fill_diagonal(scores, -np.inf)
    heads = scores.argmax(axis=1)
    heads[0] = 0
    done = [True] + [False] * (len(heads) - 1)  # nodes that lead to the root, or are contracted
    levels = []
    for start in range(1, len(heads)):
        path = [] if done[start] else [start]
        while path:
            head = int(heads[path[-1]])
            if done[head]:
                for node in path:
                    done[node] = True
                path = []
            elif head in path:
                place = path.index(head)
                levels.append(_contract(scores, heads, np.array(path[place:])))
                for node in path[place + 1 :]:
                    done[node] = True
                path = path[: place + 1]
            else:
                path.append(head)
    for cycle, before, enter, leave in reversed(levels):
        first, head = cycle[0], heads[cycle[0]]
        heads = np.where(heads == first, leave, heads)
        heads[cycle] = before
        heads[enter[head]] = head  # breaks the cycle
    return heads[1:]


def _contract(scores: np.ndarray, heads: np.ndarray, cycle: np.ndarray) -> tuple[np.ndarray, ...]:
    """Contract a cycle to its first node, in ``scores`` and in ``heads``.

    Returns:
        The nodes of the cycle and their heads, and for each node outside: where its arc enters the cycle, and which node of
        the cycle its head is.
    """
    first, before = cycle[0], heads[cycle]
    entering = scores[cycle] - scores[cycle, before][:, None]  # (K, S)
    leaving = scores[:, cycle]  # (S, K)
    scores[:, cycle] = -np.inf
    scores[:, first] = leaving.max(axis=1)
    scores[first] = entering.max(axis=0)
    scores[first, cycle] = -np.inf
    heads[np.isin(heads, cycle)] = first
    heads[first] = scores[first].argmax()
    return cycle, before, cycle[entering.argmax(axis=0)], cycle[leaving.argmax(axis=1)]


# --- what is a tree --------------------------------------------------------------------------------------------------


def find_cycle(heads: list[int]) -> list[int]:
    """The nodes of a cycle in ``heads``, whose entry 0 is ignored; empty if every node leads to node 0."""
    seen = [0] * len(heads)  # the node from which a walk came by first
    for start in range(1, len(heads)):
        node = start
        while node and not seen[node]:
            seen[node] = start
            node = heads[node]
        if node and seen[node] == start:
            cycle = [node]
            while heads[cycle[-1]] != node:
                cycle.append(heads[cycle[-1]])
            return cycle
    return []


def crossing_arcs(heads: list[int]) -> tuple[int, int] | None:
    """Two words whose arcs cross when drawn above the sentence, or None if the tree is projective.

    ``heads`` is as in ``check_tree``. The arc from the root counts: it begins before the first word.
    """
    arcs = [(min(h, d), max(h, d), d) for d, h in enumerate(heads, start=1)]
    for a, (left, right, d) in enumerate(arcs):
        for other_left, other_right, other in arcs[:a]:
            if left < other_left < right < other_right or other_left < left < other_right < right:
                return other, d
    return None


def check_tree(heads: list[int], projective: bool = False, owner: str = "tree") -> None:
    """Raise unless ``heads`` is a tree.

    Args:
        heads: the head of each word 1 .. L, 0 for the root.
        projective: whether crossing arcs are an error.
        owner: what the message begins with, such as a file and a line.

    Raises:
        DataError: a head is outside 0 .. L, more than one word has the root as its head, there is a cycle (there is one if
            no word has the root as its head), or arcs cross although they must not.
    """
    heads = [int(h) for h in heads]
    L = len(heads)
    for d, h in enumerate(heads, start=1):
        if not 0 <= h <= L:
            raise DataError(f"{owner}: the head of word {d} is {h}, outside 0 .. {L}")
    roots = [d for d, h in enumerate(heads, start=1) if h == 0]
    if len(roots) > 1:
        raise DataError(f"{owner}: words {roots[0]} and {roots[1]} both have the root as their head")
    if (cycle := find_cycle([0, *heads])) and len(cycle) == 1:
        raise DataError(f"{owner}: word {cycle[0]} is its own head")
    if cycle:
        raise DataError(f"{owner}: words {', '.join(map(str, sorted(cycle)))} form a cycle")
    if projective and (crossing := crossing_arcs(heads)):
        raise DataError(f"{owner}: the arcs of words {crossing[0]} and {crossing[1]} cross")
