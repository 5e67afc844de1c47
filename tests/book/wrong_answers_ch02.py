"""Wrong answers to the exercises of chapter 2, as readers write them, with a part of the explanation for each."""

MEAN = """
import numpy as np
def masked_mean(x, lengths):
    N, T, D = x.shape
    mask = (np.arange(T) < lengths[:, None])[:, :, None]
    return {}
"""
TAKEN = "def expected_taken(V, size):\n    return {}\n"
TF_IDF = """
import numpy as np
def tf_idf(bags):
    N = len(bags)
    df = {df}
    with np.errstate(all="ignore"):
        idf = {idf}
    y = bags * idf
    return {y}
"""
DF, IDF = "(bags > 0).sum(axis=0)", "np.log((1 + N) / (1 + df)) + 1"
LENGTH_ONE = "y / np.sqrt((y * y).sum(axis=1, keepdims=True))"
LEFT = """
import numpy as np
def left_counts(ids, V, window):
    table = np.zeros((V, V), dtype=int)
    for k, v in enumerate(ids):
        for distance in {distances}:
            {add}
    return table
"""
DISTANCES, ADD = "range(1, window + 1)", "table[v, ids[k - distance]] += k >= distance"
PPMI = """
import numpy as np
def ppmi(C):
    S = C.sum(axis=1)
    N = S.sum()
    with np.errstate(all="ignore"):
        return {}
"""
TOPIC = """
import unicodedata
def topic(word):
    composed = unicodedata.normalize("NFC", word)
    return {}
"""

WRONG = {
    "2.1": [
        (MEAN.format("x.mean(axis=1)"), "The padding is counted"),
        (MEAN.format("(x * mask).mean(axis=1)"), "the sum is divided by T"),
        (MEAN.format("x.sum(axis=1) / lengths[:, None]"), "only the division uses the lengths"),
        (
            "import numpy as np\ndef masked_mean(x, lengths):\n"
            "    return np.stack([row[: n + 1].mean(axis=0) for row, n in zip(x, lengths)])\n",
            "One position too many",
        ),
        (MEAN.format("(x * mask).sum(axis=1)"), "This is the sum; divide it"),
        (MEAN.format("(x * mask).sum() / lengths.sum()"), "the result has shape (), expected (1, 1)"),
        (
            "import numpy as np\ndef masked_mean(x, lengths):\n    y = np.zeros_like(x[:, 0])\n"
            "    for n, length in enumerate(lengths):\n        y[n] = x[n, :length].mean(axis=0)\n    return y\n",
            "make the result from floats",
        ),
        (
            "import numpy as np\ndef masked_mean(x, lengths):\n    for row, n in zip(x, lengths):\n        row[n:] = 0\n"
            "    return x.sum(axis=1) / lengths[:, None]\n",
            "masked_mean changes its argument x in place: [[[2], [4], [9]]] becomes [[[2], [4], [0]]]",
        ),
    ],
    "2.2": [
        (TF_IDF.format(df="bags.sum(axis=0)", idf=IDF, y=LENGTH_ONE), "count bags > 0"),
        (TF_IDF.format(df=DF, idf=IDF, y="y"), "The last step is missing"),
        (TF_IDF.format(df=DF, idf=IDF, y="y / y.sum(axis=1, keepdims=True)"), "Each row is divided by its sum"),
        (TF_IDF.format(df=DF, idf=IDF, y=LENGTH_ONE.replace("axis=1", "axis=0")), "The columns have norm 1 here"),
        (TF_IDF.format(df=DF, idf=IDF[:-4], y=LENGTH_ONE), "The + 1 after the logarithm is missing"),
        (TF_IDF.format(df=DF, idf="np.log(N / df) + 1", y=LENGTH_ONE), "Inside the logarithm, both ones are missing"),
        (TF_IDF.format(df=DF, idf="1 / df", y=LENGTH_ONE), "tf_idf(bags=[[2, 0], [1, 1]]): the result is"),
        (TF_IDF.format(df=DF, idf="np.log((1 + N) / df * (df / (1 + df))) + 1", y=LENGTH_ONE), "so df may be 0"),
    ],
    "2.3": [
        (
            "import numpy as np\ndef left_counts(ids, V, window):\n    table = np.zeros((V, V), dtype=int)\n"
            "    for k, v in enumerate(ids):\n"
            "        for place in range(max(k - window, 0), min(k + window + 1, len(ids))):\n"
            "            table[v, ids[place]] += place != k\n    return table\n",
            "You count the words on both sides",
        ),
        (LEFT.format(distances=DISTANCES, add="table[ids[k - distance], v] += k >= distance"), "are swapped"),
        (LEFT.format(distances=DISTANCES, add="table[v, ids[k - distance]] += 1"), "The text wraps around"),
        (LEFT.format(distances="range(1, window)", add=ADD), "The window is one position too short"),
        (LEFT.format(distances="range(window + 1)", add=ADD), "A word is not its own neighbour"),
        (LEFT.format(distances="[window]", add=ADD), "You count only the farthest position"),
        (
            "import numpy as np\ndef left_counts(ids, V, window):\n    table = np.zeros((V, V), dtype=int)\n"
            "    for d in range(1, window + 1):\n        table[ids[d:], ids[:-d]] += 1\n    return table\n",
            "use np.add.at or a loop",
        ),
        (
            LEFT.format(distances=DISTANCES, add="table[v, ids[k - distance]] -= k >= distance"),
            "left_counts(ids=[0, 1, 2], V=3, window=1): the result has its largest error at (1, 0): -1, expected 1",
        ),
        (
            "import numpy as np\ndef left_counts(ids, V, window):\n    table = np.zeros((V, V), dtype=int)\n"
            "    for k in range(1, len(ids) if len(ids) > window else 0):\n"
            "        for w in ids[max(k - window, 0) : k]:\n            table[ids[k], w] += 1\n    return table\n",
            "The text may be shorter than the window",
        ),
        (
            "import numpy as np\ndef left_counts(ids, V, window):\n    table = np.zeros((V, V), dtype=int)\n"
            "    for k in range(1, len(ids)):\n        for w in ids[max(k - window, 0) : k]:\n"
            "            table[ids[k], w] += 1\n    return table if len(ids) else np.zeros((0, 0))\n",
            "A text without words has a table of zeros",
        ),
    ],
    "2.4": [
        (PPMI.format("np.log2(C * N / (S[:, None] * S))"), "log(0) is minus infinity"),
        (
            PPMI.format("np.where(C > 0, np.log2(C * N / (S[:, None] * S)), 0)"),
            "PPMI replaces these by 0",
        ),
        (PPMI.format("np.maximum(np.log(C * N / (S[:, None] * S)), 0)"), "equation (9) uses base 2"),
        (PPMI.format("np.maximum(np.log2(C * len(C) / (S[:, None] * S)), 0)"), "not the number of words V"),
        (PPMI.format("np.maximum(np.log2(C * N / S[:, None] ** 2), 0)"), "The denominator needs the sums of both words"),
        (PPMI.format("C * N / (S[:, None] * S)"), "The logarithm is missing"),
        (PPMI.format("np.maximum(np.log2(C / (S[:, None] * S)), 1)"), "the result is [[1, 1], [1, 1]]"),
    ],
    "2.5": [
        (TAKEN.format("size * (1 - 1 / size) ** V"), "This is the number of empty places"),
        (TAKEN.format("1 - (1 - 1 / size) ** V"), "This is the fraction of occupied places"),
        (TAKEN.format("size * (1 - (1 - 1 / size) ** (V - 1))"), "equation (14) has V - 1 because"),
        (TAKEN.format("V * (1 - 1 / size) ** (V - 1)"), "a place shared by two words is occupied as well"),
        (TAKEN.format("min(V, size)"), "or of places if that is smaller"),
        (TAKEN.format("V / size"), "expected_taken(V=1, size=100): the result is 0.01, expected 1"),
    ],
    "2.6": [
        (TOPIC.format("composed + ('는' if (ord(composed[-1]) - 44032) % 28 else '은')"), "are swapped"),
        (TOPIC.format("composed + ('은' if (ord(composed[0]) - 44032) % 28 else '는')"), "The last syllable decides"),
        (TOPIC.format("composed + '는'"), "Every word gets the same particle"),
        (TOPIC.format("word + ('은' if (ord(word[-1]) - 44032) % 28 else '는')"), "Words in form D go wrong"),
        (
            TOPIC.format("word + ('은' if (ord(composed[-1]) - 44032) % 28 else '는')"),
            "the result has to be in form C",
        ),
        (TOPIC.format("'은' if (ord(composed[-1]) - 44032) % 28 else '는'"), "the result is '은' (str), expected '학생은'"),
    ],
}
