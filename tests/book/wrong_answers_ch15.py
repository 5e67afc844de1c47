"""Wrong answers to the exercises of chapter 15, as readers write them, with a part of the explanation for each."""

COUNT = "def count_operations(lengths, D, H, gates):\n    return {}\n"
FASTEST = "import numpy as np\ndef fastest(calls, operations, fee, rate):\n    return int(np.{})\n"
GATES = """
import numpy as np
def four_gates(a):
    N, H = len(a), a.shape[1] // 4
    parts = {parts}
    return np.concatenate([{sigmoid}, {candidate}])
"""
RIGHT_PARTS = "a.reshape(N, 4, H).transpose(1, 0, 2)"
SIGMOID, CANDIDATE = "0.5 * np.tanh(0.5 * parts[:3]) + 0.5", "np.tanh(parts[3:])"
PACK = """
import numpy as np
def pack(x, lengths):
    N, T, D = x.shape
    order = {order}
    rows = [x[n, t] for t in range(T) for n in order if {condition}]
    return {result}
"""
RIGHT_ORDER = "np.argsort(-lengths, kind='stable')"
RIGHT_ROWS = {"condition": "t < lengths[n]", "result": "np.array(rows).reshape(-1, D)"}
UNPACK = """
import numpy as np
def unpack(rows, lengths, T):
    order = {order}
    x = np.zeros((len(lengths), {steps}, rows.shape[1]))
    places = {places}
    for (n, t), row in zip(places, rows):
        x[n, t] = row
    return {result}
"""
STEP_AFTER_STEP = "[(n, t) for t in range(T) for n in order if t < lengths[n]]"
RIGHT_UNPACK = {"order": RIGHT_ORDER, "steps": "T", "places": STEP_AFTER_STEP, "result": "x"}
ROUNDS = """
import numpy as np
def compare_rounds(ours, theirs):
    o, t = np.{middle}(ours, axis=1), np.{middle}(theirs, axis=1)
    return {ratio}, {low}, {high}
"""
RIGHT_ROUNDS = {"middle": "median", "ratio": "np.median(t) / np.median(o)", "low": "(t / o).min()", "high": "(t / o).max()"}

WRONG = {
    "15.1": [
        (COUNT.format("3 * int(lengths.sum()) * (D + H) * gates * H"), "You count multiply-adds"),
        (COUNT.format("2 * int(lengths.sum()) * (D + H) * gates * H"), "This is the forward pass only"),
        (COUNT.format("4 * int(lengths.sum()) * (D + H) * gates * H"), "so three in all, not two"),
        (COUNT.format("6 * len(lengths) * int(lengths.max()) * (D + H) * gates * H"), "Padding is counted"),
        (COUNT.format("6 * int(lengths.sum()) * (D + H) * H"), "The gates are left out"),
        (COUNT.format("6 * int(lengths.sum()) * D * gates * H"), "The recurrent product is left out"),
        (COUNT.format("6 * max(int(lengths.sum()), 1) * (D + H) * gates * H"), "without sequences needs no operations"),
        (COUNT.format("int(lengths.sum())"), "expected 12"),
    ],
    "15.2": [
        (FASTEST.format("argmin(operations)"), "You look at the operations only"),
        (FASTEST.format("argmin(calls)"), "You look at the calls only"),
        (FASTEST.format("argmin(calls * fee + operations * rate)"), "operations / rate, not operations * rate"),
        (FASTEST.format("argmax(calls * fee + operations / rate)"), "take argmin, not argmax"),
        (FASTEST.format("int64(0)"), "expected"),
    ],
    "15.3": [
        (
            GATES.format(parts=RIGHT_PARTS, sigmoid="0.5 * np.tanh(parts[:3]) + 0.5", candidate=CANDIDATE),
            "halve a before the tanh as well",
        ),
        (
            GATES.format(parts=RIGHT_PARTS, sigmoid=SIGMOID, candidate="np.tanh(0.5 * parts[3:])"),
            "without halving",
        ),
        (
            GATES.format(parts=RIGHT_PARTS, sigmoid=SIGMOID, candidate="0.5 * np.tanh(0.5 * parts[3:]) + 0.5"),
            "All four are sigmoids",
        ),
        (
            GATES.format(parts="a.reshape(N, H, 4).transpose(2, 0, 1)", sigmoid=SIGMOID, candidate=CANDIDATE),
            "not interleaved",
        ),
        (GATES.format(parts="a.reshape(4, N, H)", sigmoid=SIGMOID, candidate=CANDIDATE), "are mixed up"),
        (
            GATES.format(parts=RIGHT_PARTS, sigmoid="np.exp(parts[:3]) / (1 + np.exp(parts[:3]))", candidate=CANDIDATE),
            "Large numbers overflow in exp",
        ),
        (
            "import numpy as np\ndef four_gates(a):\n    if not len(a):\n        return np.zeros((4, 0))\n"
            "    parts = a.reshape(len(a), 4, -1).transpose(1, 0, 2)\n"
            f"    return np.concatenate([{SIGMOID}, {CANDIDATE}])\n",
            "A batch may be empty",
        ),
        (GATES.format(parts=RIGHT_PARTS, sigmoid=SIGMOID, candidate="parts[3:]"), "expected"),
    ],
    "15.4": [
        (
            "import numpy as np\ndef pack(x, lengths):\n    order = np.argsort(-lengths, kind='stable')\n"
            "    return np.concatenate([x[n, : lengths[n]] for n in order])\n",
            "step after step",
        ),
        (PACK.format(order="range(N)", **RIGHT_ROWS), "The sequences are not sorted"),
        (PACK.format(order="np.argsort(lengths, kind='stable')", **RIGHT_ROWS), "The shortest sequence comes first"),
        (PACK.format(order="np.argsort(lengths, kind='stable')[::-1]", **RIGHT_ROWS), "have changed places"),
        (PACK.format(order=RIGHT_ORDER, **{**RIGHT_ROWS, "condition": "True"}), "There are rows of padding"),
        (PACK.format(order=RIGHT_ORDER, **{**RIGHT_ROWS, "result": "np.array(rows)"}), "the result is (0, D)"),
        (PACK.format(order=RIGHT_ORDER, **{**RIGHT_ROWS, "condition": "t < lengths[n] - 1"}), "expected"),
    ],
    "15.5": [
        (UNPACK.format(**{**RIGHT_UNPACK, "result": f"x[{RIGHT_ORDER}]"}), "still sorted by length"),
        (
            UNPACK.format(**{**RIGHT_UNPACK, "places": "[(n, t) for n in order for t in range(lengths[n])]"}),
            "sequence after sequence",
        ),
        (UNPACK.format(**{**RIGHT_UNPACK, "order": "range(len(lengths))"}), "in the order of the batch"),
        (UNPACK.format(**{**RIGHT_UNPACK, "steps": "lengths.max()"}), "it has to have T"),
        (
            UNPACK.format(**{**RIGHT_UNPACK, "result": "x if len(rows) else np.zeros((len(lengths), 0, 3))"}),
            "If there are no rows",
        ),
        (UNPACK.format(**{**RIGHT_UNPACK, "result": "-x"}), "expected"),
    ],
    "15.6": [
        (ROUNDS.format(**{**RIGHT_ROUNDS, "middle": "mean", "ratio": "t.mean() / o.mean()"}), "You take means"),
        (ROUNDS.format(**{**RIGHT_ROUNDS, "middle": "min", "ratio": "t.min() / o.min()"}), "the lucky ones"),
        (
            ROUNDS.format(middle="median", ratio="np.median(o) / np.median(t)", low="(o / t).min()", high="(o / t).max()"),
            "upside down",
        ),
        (
            ROUNDS.format(**{**RIGHT_ROUNDS, "low": "(theirs / ours).min()", "high": "(theirs / ours).max()"}),
            "that of single repeats",
        ),
        (
            ROUNDS.format(**{**RIGHT_ROUNDS, "low": "t.min() / o.max()", "high": "t.max() / o.min()"}),
            "compares different rounds",
        ),
        (ROUNDS.format(**{**RIGHT_ROUNDS, "ratio": "np.median(theirs) / np.median(ours)"}), "not the median of the rounds"),
        (ROUNDS.format(**{**RIGHT_ROUNDS, "ratio": "1.0"}), "expected"),
    ],
}
