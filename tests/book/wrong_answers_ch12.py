"""Wrong answers to the exercises of chapter 12, as readers write them, with a part of the explanation for each."""

NEXT = """
from collections import Counter
def next_piece(words, counts):
    found = Counter()
    for parts, count in zip(words, counts):
        {loop}
    return {result}
"""
PAIRS = "for a, b in zip(parts, parts[1:]): found[a + b] += {}"
FIRST = "min(found, key=lambda s: (-found[s], s), default='')"
CUT = """
def cut(word, ranks):
    parts = list(word)
    while True:
        found = [(ranks[parts[k] + parts[k + 1]], k) for k in range(len(parts) - 1) if parts[k] + parts[k + 1] in ranks]
        if not found:
            return parts
        k = {k}
        parts = parts[:k] + [parts[k] + parts[k + 1]] + parts[k + 2:]
        {then}
"""
LONGEST = """
def cut(word, ranks):
    parts = []
    while word:
        end = max(e for e in range(1, len(word) + 1) if e == 1 or word[:e] in ranks)
        parts.append(word[:end])
        word = word[end:]
    return parts
"""
CLIPPED = """
from collections import Counter
def grams(words, n):
    return Counter(tuple(words[k:k + n]) for k in range(len(words) - n + 1))
def clipped(answers, references, n):
    both = said = 0
    for a, r in zip(answers, references):
        a, r = grams(a, n), grams(r, n)
        both += {both}
        said += {said}
    return {result}
"""
BEAM = """
import numpy as np
def beam_step(totals, gains, width):
    scores = {scores}
    best = np.argsort({sign}scores.ravel(), kind="stable")[:width]
    V = gains.shape[1]
    return {result}, scores.ravel()[best]
"""
ALL, BOTH = "totals[:, None] + gains", "best // V, best % V"
RANK = """
def rank(found, length_norm):
    def key(k):
        total, ids, ended = found[k]
        return {}
    return sorted(range(len(found)), key=key)
"""

WRONG = {
    "12.1": [
        (NEXT.format(loop=PAIRS.format("1"), result=FIRST), "Each word counts once in your result"),
        (
            NEXT.format(loop=PAIRS.format("count"), result="max(found, key=lambda s: (found[s], s), default='')"),
            "not the last",
        ),
        (NEXT.format(loop="for a in parts: found[a] += count", result=FIRST), "This is the most frequent piece"),
        (
            NEXT.format(loop=PAIRS.format("count"), result="min(found, key=lambda s: (found[s], s), default='')"),
            "This is the rarest string",
        ),
        (
            "from collections import Counter\ndef next_piece(words, counts):\n"
            "    parts = [p for word, n in zip(words, counts) for p in word * n]\n"
            "    found = Counter(a + b for a, b in zip(parts, parts[1:]))\n"
            "    return min(found, key=lambda s: (-found[s], s), default='')\n",
            "pieces never cross the end of a word",
        ),
        (NEXT.format(loop=PAIRS.format("count"), result="tuple(" + FIRST + ")"), "(tuple), expected ''"),
    ],
    "12.2": [
        (LONGEST, "You take the longest piece from the left"),
        (CUT.format(k="min(k for _, k in found)", then=""), "You join from left to right"),
        (CUT.format(k="max(found)[1]", then=""), "You join the piece that was learned last"),
        (CUT.format(k="min(found)[1]", then="return parts"), "You join once and stop"),
        ("def cut(word, ranks):\n    return list(word)\n", "expected ['low', 'er']"),
    ],
    "12.3": [
        (
            CLIPPED.format(both="sum(c for g, c in a.items() if g in r)", said="sum(a.values())", result="both, said"),
            "The counts are not clipped",
        ),
        (CLIPPED.format(both="len(set(a) & set(r))", said="len(a)", result="both, said"), "You count different n-grams"),
        (
            CLIPPED.format(both="sum((a & r).values())", said="sum(r.values())", result="both, said"),
            "which would be a recall",
        ),
        (
            "from collections import Counter\ndef clipped(answers, references, n):\n"
            "    pool = lambda texts: Counter(tuple(t[k:k + n]) for t in texts for k in range(len(t) - n + 1))\n"
            "    a, r = pool(answers), pool(references)\n"
            "    return sum((a & r).values()), sum(a.values())\n",
            "You pool all sentences first",
        ),
        (
            CLIPPED.format(both="sum((a & r).values())", said="sum(a.values())", result="both / max(said, 1)"),
            "has to return 2 values",
        ),
    ],
    "12.4": [
        (BEAM.format(scores="gains + 0", sign="-", result=BOTH), "The totals of the beginnings are left out"),
        (
            "import numpy as np\ndef beam_step(totals, gains, width):\n"
            "    scores = totals + gains.max(axis=1)\n    beams = np.argsort(-scores, kind='stable')[:width]\n"
            "    return beams, gains.argmax(axis=1)[beams], scores[beams]\n",
            "You continue each beginning once",
        ),
        (BEAM.format(scores=ALL, sign="-", result="best % V, best // V"), "Beams and tokens are swapped"),
        (BEAM.format(scores=ALL, sign="", result=BOTH), "These are the worst continuations"),
        (BEAM.format(scores="totals[:, None] * gains", sign="-", result=BOTH), "Log-probabilities are added"),
        (BEAM.format(scores=ALL, sign="-", result="best // len(totals), best % V"), "beams is"),
    ],
    "12.5": [
        (RANK.format("not ended, -total / max(len(ids), 1) ** length_norm"), "The end mark is not counted"),
        (RANK.format("not ended, -total"), "which favour short sequences"),
        (RANK.format("-total / (len(ids) + ended) ** length_norm"), "Sequences that were cut off come last"),
        (
            RANK.format("not ended, -total / (len(ids) + ended) ** length_norm").replace("key=key)", "key=key)[::-1]"),
            "The worst is first",
        ),
        (RANK.format("not ended, -total * (len(ids) + ended) ** length_norm"), "expected [1, 0]"),
    ],
}
