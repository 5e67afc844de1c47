"""Wrong answers to the exercises of chapter 9, as readers write them, with a part of the explanation for each."""

ENTITIES = """
def entities(tags):
    found = []
    for t, tag in enumerate(tags):
        before = tags[t - 1] if t else "O"
        if {goes_on}:
            found[-1] = (*found[-1][:2], t + 1)
        elif {begins}:
            found.append((tag[2:], t, t + 1))
    return {result}
"""
GOES_ON, BEGINS = 'tag[0] == "I" and before[2:] == tag[2:]', 'tag != "O"'
SCORES = """
def name_scores(predicted, true):
    right = sum(len(set(p) & set(t)) for p, t in zip(predicted, true))
    said, real = sum(map(len, predicted)), sum(map(len, true))
    P, R = right / max(said, 1), right / max(real, 1)
    return {}
"""
SCORE = """
def sequence_score(e, A, start, end, y):
    score = {ends}
    for t in range(len(y)):
        score = score + e[t, y[t]]
        if {inner}:
            score = score + {step}
    return score
"""
ENDS, STEP = "start[y[0]] + end[y[-1]]", "A[y[t - 1], y[t]]"
PARTITION = """
import numpy as np
def lse(x, axis=None):
    return {lse}
def log_partition(e, A, start, end):
    alpha = start + e[0]
    for t in range(1, len(e)):
        alpha = e[t] + lse(alpha[:, None] + {A}, axis=0)
    return lse({last})
"""
LSE, NAIVE = "np.logaddexp.reduce(x, axis=axis)", "np.log(np.exp(x).sum(axis=axis))"
VITERBI = """
def viterbi(e, A, start, end):
    d, pointers = start + e[0], []
    for t in range(1, len(e)):
        arriving = d[:, None] + {A}
        pointers.append(arriving.argmax(axis={axis}))
        d = e[t] + arriving.max(axis=0)
    y = [int(({last}).argmax())]
    for back in reversed(pointers):
        y.append(int(back[y[-1]]))
    return {result}
"""
GRADIENT = "import numpy as np\ndef emission_gradient(alpha, beta, log_Z, y):\n    one = np.eye(alpha.shape[1])[y]\n    return {}\n"

WRONG = {
    "9.1": [
        (ENTITIES.format(goes_on='before[2:] == tag[2:] != ""', begins=BEGINS, result="found"), "become one"),
        (ENTITIES.format(goes_on='tag[0] == "I" and before != "O"', begins=BEGINS, result="found"), "compare the types"),
        (
            ENTITIES.format(goes_on=GOES_ON, begins=BEGINS, result="[(k, a, b - 1) for k, a, b in found]"),
            "it has to be the token after it",
        ),
        (
            ENTITIES.format(
                goes_on=GOES_ON + " and found and found[-1][2] == t", begins='tag[0] == "B"', result="found"
            ),
            "but the I still begins a name",
        ),
        (
            ENTITIES.format(goes_on=GOES_ON, begins=BEGINS, result="[f for f in found if f[2] < len(tags)]"),
            "A name that ends with the sentence is lost",
        ),
        (ENTITIES.format(goes_on=GOES_ON, begins=BEGINS, result="found[:1]"), "expected"),
    ],
    "9.2": [
        (SCORES.format("R, P, 2 * right / max(said + real, 1)"), "Precision and recall are exchanged"),
        (SCORES.format("P, R, (P + R) / 2"), "F1 is the harmonic mean"),
        (
            "def name_scores(predicted, true):\n    a, b = {x for p in predicted for x in p}, {x for t in true for x in t}\n"
            "    n, m = sum(map(len, predicted)), sum(map(len, true))\n    r = len(a & b)\n"
            "    return r / max(n, 1), r / max(m, 1), 2 * r / max(n + m, 1)\n",
            "compare sentence by sentence",
        ),
        (
            SCORES.format("P, R, 2 * right / max(said + real, 1)").replace(
                "    right =", "    predicted, true = [[[x[1:] for x in s] for s in l] for l in (predicted, true)]\n    right ="
            ),
            "compare the type too",
        ),
        (SCORES.format("P, R, 2 * P * R / (P + R)"), "ZeroDivisionError"),
        (SCORES.format("P, R"), "has to return 3 values"),
    ],
    "9.3": [
        (SCORE.format(ends=ENDS, inner="t > 0", step="A[y[t], y[t - 1]]"), "Rows and columns of A are exchanged"),
        (SCORE.format(ends="0.0", inner="t > 0", step=STEP), "start and end are missing"),
        (SCORE.format(ends="start[y[0]]", inner="t > 0", step=STEP), "The end score of the last tag is missing"),
        (SCORE.format(ends=ENDS, inner="True", step=STEP), "one transition too many"),
        (SCORE.format(ends="start[y[0]] + end[y[0]]", inner="t > 0", step=STEP), "belongs to the last tag"),
        (SCORE.format(ends=ENDS, inner="t > 1", step=STEP), "expected"),
    ],
    "9.4": [
        (PARTITION.format(lse="x.max(axis=axis)", A="A", last="alpha + end"), "score of the best sequence"),
        (PARTITION.format(lse=NAIVE, A="A", last="alpha + end"), "overflow"),
        (PARTITION.format(lse=LSE.replace("axis=axis", "axis=axis or 0"), A="A.T", last="alpha + end"), "the wrong axis"),
        (PARTITION.format(lse=LSE.replace("axis=axis", "axis=axis or 0"), A="A", last="alpha"), "end scores are missing"),
        (PARTITION.format(lse=LSE.replace("axis=axis", "axis=axis or 0"), A="0 * np.eye(len(A))", last="alpha + end"), "A is"),
        (PARTITION.format(lse=LSE.replace("axis=axis", "axis=axis or 0"), A="A", last="alpha + 2 * end"), "expected"),
    ],
    "9.5": [
        ("def viterbi(e, A, start, end):\n    return [int(k) for k in e.argmax(axis=1)]\n", "by its emission alone"),
        (
            "def viterbi(e, A, start, end):\n    d = start + e[0]\n    y = [int(d.argmax())]\n    for t in range(1, len(e)):\n"
            "        d = e[t] + (d[:, None] + A).max(axis=0)\n        y.append(int(d.argmax()))\n    return y\n",
            "go back from the end with back pointers",
        ),
        (VITERBI.format(A="A", axis=0, last="d + end", result="y"), "The sequence is reversed"),
        (VITERBI.format(A="A.T", axis=0, last="d + end", result="y[::-1]"), "Rows and columns of A are exchanged"),
        (VITERBI.format(A="A", axis=0, last="d", result="y[::-1]"), "The end scores are missing"),
        (VITERBI.format(A="A", axis=1, last="d + end", result="y[::-1]"), "expected"),
    ],
    "9.6": [
        (GRADIENT.format("np.exp(alpha + beta - log_Z)"), "These are the marginals"),
        (GRADIENT.format("one - np.exp(alpha + beta - log_Z)"), "The sign is wrong"),
        (
            GRADIENT.format("np.exp(alpha - np.logaddexp.reduce(alpha, axis=1, keepdims=True)) - one"),
            "Only the beginnings are used",
        ),
        (GRADIENT.format("alpha + beta - log_Z - one"), "The exponential is missing"),
        (GRADIENT.format("np.exp(alpha) * np.exp(beta) / np.exp(log_Z) - one"), "overflows for long sentences"),
        (GRADIENT.format("np.exp(alpha + beta - log_Z) - 0.5 * one"), "expected"),
    ],
}
