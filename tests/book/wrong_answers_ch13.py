"""Wrong answers to the exercises of chapter 13, as readers write them, with a part of the explanation for each."""

AUTO = """
import numpy as np
def autocorrelation(v, k):
    away = {away}
    if not away.any():
        return 0.0
    return {result}
"""
WINDOWS = """
import numpy as np
def make_windows(v, T, d):
    N = max(len(v) - {first}, 0)
    x = np.array([v[n : n + T]{order} for n in range(N)]).reshape(N, T)
    targets = np.array([v[n + {target}] for n in range(N)])
    return {result}
"""
SEASON = "def season_earlier(v, t, d, S):\n    return v[{}]\n"
SCALE = """
import numpy as np
def scale(x, train):
    part = {part}
    m, s = part.mean({axis}), part.std({axis})
    return {result}
"""
SAFE = "(x - m) / np.where(s > 0, s, 1)"
PINBALL = """
import numpy as np
def pinball_gradient(y, v, q):
    away = v[:, None] - y
    return {}
"""

WRONG = {
    "13.1": [
        (AUTO.format(away="v", result="away[: len(v) - k] @ away[k:] / (away @ away)"), "The mean is not subtracted"),
        (
            AUTO.format(away="v - v.mean()", result="away @ np.roll(away, -k) / (away @ away)"),
            "goes on at its beginning",
        ),
        (
            AUTO.format(away="v - v.mean()", result="(away[: len(v) - k] * away[k:]).mean() / (away ** 2).mean()"),
            "You divide each sum by its own number of terms",
        ),
        (
            "import numpy as np\ndef autocorrelation(v, k):\n    away = v - v.mean()\n"
            "    return away[: len(v) - k] @ away[k:] / (away @ away)\n",
            "A constant series divides by zero",
        ),
        (AUTO.format(away="v - v.mean()", result="away[: len(v) - k] @ away[k:] / len(v)"), "expected"),
    ],
    "13.2": [
        (
            WINDOWS.format(first="(T + d)", order="", target="T + d", result="x, targets"),
            "the window ends at row T - 1, not at row T",
        ),
        (
            WINDOWS.format(first="(T - 1 + d)", order="", target="T - 2 + d", result="x, targets"),
            "the answer leaks",
        ),
        (
            WINDOWS.format(first="(T - 1 + d)", order="", target="T - 1 + d", result="x[::T], targets[::T]"),
            "Your windows do not overlap",
        ),
        (
            WINDOWS.format(first="(T - 1 + d)", order="[::-1]", target="T - 1 + d", result="x, targets"),
            "in reverse order",
        ),
        (WINDOWS.format(first="(T + d)", order="", target="T - 1 + d", result="x, targets"), "The last window is missing"),
        (WINDOWS.format(first="(T - 1 + d)", order="", target="T - 1 + d", result="x"), "has to return 2 values"),
    ],
    "13.3": [
        (SEASON.format("t + d - S"), "one season earlier is still in the future"),
        (SEASON.format("t - S"), "not a season before the target"),
        (SEASON.format("t + d - S * (d // S + 1)"), "you go back one season too many"),
        (SEASON.format("t"), "This is the last value"),
        (SEASON.format("t + d"), "expected"),
    ],
    "13.4": [
        (SCALE.format(part="x", axis="axis=0", result=SAFE), "the test part has leaked into the inputs"),
        (SCALE.format(part="x[:train]", axis="", result="(x - m) / s"), "one mean and one deviation for all columns"),
        (SCALE.format(part="x[:train]", axis="axis=0", result="(x - m) / s"), "divides by zero"),
        (SCALE.format(part="x[:train]", axis="axis=0", result="x / np.where(s > 0, s, 1)"), "The mean is not subtracted"),
        (
            SCALE.format(part="x[:train]", axis="axis=0", result="(part - m) / np.where(s > 0, s, 1)"),
            "Only the training rows are returned",
        ),
        (
            SCALE.format(part="x[:train]", axis="axis=0", result=SAFE).replace("return", "x -= m\n    return"),
            "changes its argument x in place",
        ),
    ],
    "13.5": [
        (PINBALL.format("np.where(away > 0, q, q - 1) / away.size"), "The sign is wrong"),
        (PINBALL.format("np.where(away > 0, -q, 1 - q)"), "divide by their number"),
        (PINBALL.format("np.where(away > 0, -q, 1 - q) / len(y)"), "You divide by N only"),
        (PINBALL.format("np.where(away > 0, q - 1, q) / away.size"), "q and 1 - q are swapped"),
        (PINBALL.format("-np.sign(away) / 2 / away.size"), "the slope of the absolute error"),
        (PINBALL.format("np.maximum(q * away, (q - 1) * away) / away.size"), "expected"),
    ],
}
