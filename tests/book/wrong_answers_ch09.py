"""Wrong answers to the exercises of chapter 9, as readers write them, with a part of the explanation for each."""

STEPS = """
import numpy as np
def allowed_steps(tags):
    steps = np.array([[{fits} for tag in tags] for before in tags])
    return {steps}, np.array([{first} for tag in tags])
"""
FITS, FIRST = 'tag[0] != "I" or before[2:] == tag[2:]', 'tag[0] != "I"'
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
LSE, NAIVE = "np.logaddexp.reduce(x, axis=axis or 0)", "np.log(np.exp(x).sum(axis=axis))"
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
GRADIENT = """
import numpy as np
def emission_gradient(alpha, beta, log_Z, y):
    one = np.eye(alpha.shape[1])[y]
    return {}
"""

WRONG = {
    "9.1": [
        (STEPS.format(fits=FITS, steps="steps.T", first=FIRST), "Rows and columns are exchanged"),
        (STEPS.format(fits='tag[0] != "I" or before != "O"', steps="steps", first=FIRST), "compare the types"),
        (STEPS.format(fits='tag[0] != "I" or before == "B" + tag[1:]', steps="steps", first=FIRST), "three tokens"),
        (STEPS.format(fits=FITS, steps="steps", first="True"), "A sentence may not begin with an I"),
        (
            STEPS.format(
                fits='tag == "O" or (before[2:] == tag[2:] if tag[0] == "I" else before == "O")', steps="steps", first=FIRST
            ),
            "a B may follow anything",
        ),
        (STEPS.format(fits=FITS, steps="steps | True", first=FIRST), "the steps"),
    ],
    "9.2": [
        (PARTITION.format(lse="x.max(axis=axis)", A="A", last="alpha + end"), "score of the best sequence"),
        (PARTITION.format(lse=NAIVE, A="A", last="alpha + end"), "overflow"),
        (PARTITION.format(lse=LSE, A="A.T", last="alpha + end"), "the wrong axis"),
        (PARTITION.format(lse=LSE, A="A", last="alpha"), "end scores are missing"),
        (PARTITION.format(lse=LSE, A="0 * np.eye(len(A))", last="alpha + end"), "A is"),
        (PARTITION.format(lse=LSE, A="A", last="alpha + 2 * end"), "expected"),
    ],
    "9.3": [
        ("def viterbi(e, A, start, end):\n    return [int(k) for k in e.argmax(axis=1)]\n", "by its emission alone"),
        (
            "def viterbi(e, A, start, end):\n    d = start + e[0]\n    y = [int(d.argmax())]\n"
            "    for t in range(1, len(e)):\n        d = e[t] + (d[:, None] + A).max(axis=0)\n"
            "        y.append(int(d.argmax()))\n    return y\n",
            "go back from the end with back pointers",
        ),
        (VITERBI.format(A="A", axis=0, last="d + end", result="y"), "The sequence is reversed"),
        (VITERBI.format(A="A.T", axis=0, last="d + end", result="y[::-1]"), "Rows and columns of A are exchanged"),
        (VITERBI.format(A="A", axis=0, last="d", result="y[::-1]"), "The end scores are missing"),
        (VITERBI.format(A="A", axis=1, last="d + end", result="y[::-1]"), "expected"),
    ],
    "9.4": [
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
