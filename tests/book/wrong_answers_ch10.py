"""Wrong answers to the exercises of chapter 10, as readers write them, with a part of the explanation for each."""

TREE = """
def is_tree(heads):
    for d in range(1, len(heads) + 1):
        steps = 0
        while d:
            d, steps = heads[d - 1], steps + 1
            if steps > len(heads):
                return False
    return {}
"""
BACK = """
def biaffine_backward(dS, X, Y, U, u):
    Q = {Q}
    dQ = {dQ}
    return {dX}, {dY}, {dU}, {du}
"""
RIGHT = {"Q": "X @ U + u", "dQ": "dS @ Y", "dX": "dQ @ U.T", "dY": "dS.T @ Q", "dU": "X.T @ dQ", "du": "dQ.sum(axis=0)"}
ATTACHMENT = """
def attachment(heads, labels, true_heads, true_labels):
    words = u = l = 0
    for sentence in zip(heads, labels, true_heads, true_labels):
        for h, name, true_h, true_name in zip(*sentence):
            words += 1
            u += h == true_h
            l += {test}
    return {result}
"""
TEST = 'h == true_h and name.split(":")[0] == true_name.split(":")[0]'
SHARES = "u / max(words, 1), l / max(words, 1)"
CROSS = "def cross(first, second):\n    (a, b), (c, d) = {}\n    return {}\n"
SORTED = "sorted(first), sorted(second)"
ENTER = """
def enter_cycle(S, heads, cycle, h):
    gains = [{} for v in cycle]
    best = max(range(len(cycle)), key=lambda k: gains[k])
    return gains[best], {}
"""

WRONG = {
    "10.1": [
        ("def is_tree(heads):\n    return heads.count(0) == 1\n", "Only the root is counted"),
        (TREE.format("len(heads) > 0"), "exactly one may"),
        (
            "def is_tree(heads):\n    pairs = [(d, h) for d, h in enumerate(heads, 1)]\n"
            "    return heads.count(0) == 1 and not any(d == h or (h, d) in pairs for d, h in pairs)\n",
            "a cycle can be longer",
        ),
        (TREE.format("heads.count(0) != 1").replace("False", "True"), "the wrong way round"),
        (TREE.format("heads.count(0) == 1 or not heads"), "A sentence without words"),
        (TREE.format("1"), "expected"),
    ],
    "10.2": [
        (BACK.format(**RIGHT | {"Q": "X @ U"}), "u is missing"),
        (BACK.format(**RIGHT | {"dQ": "dS.T @ Y", "dY": "dS @ Q"}), "dS is turned round"),
        (BACK.format(**RIGHT | {"dX": "dQ @ U", "dU": "dQ.T @ X"}), "U is on the wrong side"),
        (BACK.format(**RIGHT | {"du": "Y.sum(axis=0)"}), "du does not use dS"),
        (BACK.format(**RIGHT | {"du": "dQ.mean(axis=0)"}), "du"),
        (BACK.format(**RIGHT | {"dY": "dS.T @ X"}), ": dY "),
    ],
    "10.3": [
        (ATTACHMENT.format(test=TEST.partition(" and ")[2], result=SHARES), "needs the right head as well"),
        (ATTACHMENT.format(test=TEST, result="u / max(words, 1), l / max(u, 1)"), "a share of all words"),
        (ATTACHMENT.format(test="h == true_h and name == true_name", result=SHARES), "Subtypes are compared too"),
        (ATTACHMENT.format(test=TEST, result="l / max(words, 1), u / max(words, 1)"), "The two scores are exchanged"),
        (
            "import numpy as np\ndef attachment(*given):\n    shares = []\n    for s in zip(*given):\n"
            "        rows = [(h == t, h == t and a.split(':')[0] == b.split(':')[0]) for h, a, t, b in zip(*s)]\n"
            "        shares.append(np.mean(rows, axis=0) if rows else np.zeros(2))\n"
            "    return tuple(np.mean(shares, axis=0))\n",
            "You average over the sentences",
        ),
        (ATTACHMENT.format(test=TEST, result="u / (words + 1), l / (words + 1)"), "expected"),
    ],
    "10.4": [
        (CROSS.format("first, second", "a < c < b < d or c < a < d < b"), "sort the two ends first"),
        (CROSS.format(SORTED, "a <= c <= b <= d or c <= a <= d <= b"), "use < in place of <="),
        (CROSS.format(SORTED, "a < d and c < b"), "An arc inside another one"),
        (CROSS.format(SORTED, "a < c < b < d"), "The second one can begin first too"),
        (CROSS.format(SORTED, "not (a < c < b < d or c < a < d < b)"), "the wrong way round"),
        (CROSS.format(SORTED, "False"), "expected True"),
    ],
    "10.5": [
        (ENTER.format("S[v, h]", "cycle[best]"), "What v loses is missing"),
        (ENTER.format("S[h, v] - S[heads[v], v]", "cycle[best]"), "Rows and columns are exchanged"),
        (ENTER.format("S[v, heads[v]] - S[v, h]", "cycle[best]"), "the wrong sign"),
        (ENTER.format("S[v, h] - sum(S[w, heads[w]] for w in cycle)", "cycle[best]"), "keep their heads"),
        (ENTER.format("S[v, h] - S[v, heads[v]]", "best"), "a position in the sentence"),
        (ENTER.format("S[v, h] + S[v, heads[v]]", "cycle[best]"), "expected"),
    ],
}
