"""Wrong answers to the exercises of chapter 7, as readers write them, with a part of the explanation for each."""

PREDICT = "def predict():\n    return {}\n"
DRAW = """
import numpy as np
def draw(p, u):
    sums = np.cumsum(p, axis=1)
    {divide}
    return {result}
"""
DIVIDE, FIRST = "sums = sums / sums[:, -1:]", "(sums > u[:, None]).argmax(axis=1)"
TEMPERATURE = """
import numpy as np
def with_temperature(z, tau):
    {zero}
    e = {e}
    return {result}
"""
ZERO = "if tau == 0: return np.eye(len(z))[z.argmax()]"
TOP = """
import numpy as np
def top_k(z, k):
    best = {best}
    p = np.zeros(len(z))
    p[best] = {values}
    return {result}
"""
BEST, VALUES, SUM = "np.argsort(-z, kind='stable')[:k]", "np.exp(z[best] - z.max())", "p / p.sum()"
SCORE = """
import numpy as np
def log_probability(step, prompt, written):
    state, total = 0.0, 0.0
    {read}
    for token in written:
        {score}
        z, state = step(token, {state})
    return {result}
"""
READ = "for token in prompt: z, state = step(token, state)"
ADD = "total += z[token] - z.max() - np.log(np.exp(z - z.max()).sum())"
SHARED = """
def longest_shared(text, known):
    best = 0
    for s in {places}:
        for e in range(s + 1, len(text) + 1):
            if text[s:e] in known:
                best = max(best, {length})
    return best
"""

NUCLEUS = """
import numpy as np
def nucleus(p, q):
    order = {order}
    count = (np.cumsum(p[order]) < q).sum() + {more}
    y = np.zeros_like(p)
    y[order[:count]] = p[order[:count]]
    return {result}
"""

WRONG = {
    "7.1": [
        (PREDICT.format("2, 0.25 / 0.38, 2, 0.9 ** 3"), "which of them is the first above 0.65?"),
        (PREDICT.format("1, 0.25, 2, 0.9 ** 3"), "The squares do not sum to 1"),
        (PREDICT.format("1, 0.25 / 0.38, 1, 0.9 ** 3"), "one more token is needed"),
        (PREDICT.format("1, 0.25 / 0.38, 2, 0.7"), "Mistakes are not subtracted"),
        (PREDICT.format("1, 0.25 / 0.38, 2, 1 - 0.9 ** 3"), "at least one mistake"),
        (PREDICT.format("1, 'two thirds', 2, 0.9 ** 3"), "best is 'two thirds', which is not right"),
    ],
    "7.2": [
        (DRAW.format(divide=DIVIDE, result="p.argmax(axis=1)"), "the most probable token: u is not used"),
        (DRAW.format(divide=DIVIDE, result="(p > u[:, None]).argmax(axis=1)"), "Compare it with their running sums"),
        (DRAW.format(divide=DIVIDE, result="(sums > u[0]).argmax(axis=1)"), "The rows share the first random number"),
        (DRAW.format(divide="", result=FIRST), "argmax returns token 0"),
        (DRAW.format(divide=DIVIDE, result="(sums >= u[:, None]).argmax(axis=1)"), "A token with probability 0 is never"),
        (
            DRAW.format(divide=DIVIDE, result="np.maximum((sums > u[:, None]).argmax(axis=1) - 1, 0)"),
            "It is the one after that",
        ),
    ],
    "7.3": [
        (TEMPERATURE.format(zero=ZERO, e="np.exp(z * tau)", result="e / e.sum()"), "You multiply by the temperature"),
        (
            TEMPERATURE.format(zero=ZERO, e="np.exp(z - z.max()) / tau", result="e / e.sum()"),
            "the temperature cancels",
        ),
        (TEMPERATURE.format(zero=ZERO, e="np.exp(z / tau)", result="e / e.sum()"), "Large logits overflow"),
        (
            TEMPERATURE.format(zero="", e="np.exp((z - z.max()) / tau)", result="e / e.sum()"),
            "a division by 0 gives NaN",
        ),
        (
            TEMPERATURE.format(
                zero="if tau == 0: return (z == z.max()) / (z == z.max()).sum()",
                e="np.exp((z - z.max()) / tau)",
                result="e / e.sum()",
            ),
            "takes the first alone",
        ),
        (TEMPERATURE.format(zero=ZERO, e="np.exp(z / tau)", result="e"), "divide by their sum"),
        (
            TEMPERATURE.format(
                zero=ZERO, e="np.exp(np.maximum(z - z.max(), -50) / tau)", result="np.maximum(e, 0.01) / e.sum()"
            ),
            "expected",
        ),
        (
            TEMPERATURE.format(zero=ZERO, e="np.exp((z - z.mean()) / tau)", result="e / e.sum()"),
            "its probability is 0",
        ),
    ],
    "7.4": [
        (TOP.format(best=BEST, values="np.exp(z[best]) / np.exp(z).sum()", result="p"), "divide what is left by its sum"),
        (TOP.format(best="np.argsort(z, kind='stable')[:k]", values=VALUES, result=SUM), "the k least probable"),
        (TOP.format(best="np.arange(min(k, len(z)))", values=VALUES, result=SUM), "the k first tokens"),
        (TOP.format(best="z >= np.sort(z)[-min(k, len(z))]", values=VALUES, result=SUM), "Of equal logits only k are kept"),
        (TOP.format(best=BEST, values="np.exp(z[best])", result=SUM), "Large logits overflow"),
        (TOP.format(best=BEST, values="1.0", result=SUM), "they keep their proportions"),
        (
            "import numpy as np\ndef top_k(z, k):\n    best = np.argsort(-z, kind='stable')[:k]\n"
            "    y = np.zeros(len(z))\n    y[best] = z[best]\n    e = np.exp(y - y.max())\n    return e / e.sum()\n",
            "The others are not left out",
        ),
        (
            "import numpy as np\ndef top_k(z, k):\n    best = np.argsort(-z, kind='stable')[:k]\n"
            "    if len(best) < k:\n        return np.full(len(z), 1 / k)\n"
            "    p = np.zeros(len(z))\n    p[best] = np.exp(z[best] - z.max())\n    return p / p.sum()\n",
            "With k above V all tokens stay",
        ),
        (
            TOP.format(best=BEST, values="np.exp(np.maximum(z[best], -5) - z.max())", result=SUM),
            "has probability 0, also among the k best",
        ),
    ],
    "7.5": [
        (
            SCORE.format(read=READ, score=ADD, state="0.0", result="total").replace("(token, state)", "(token, 0.0)"),
            "The state is not carried on",
        ),
        (
            SCORE.format(read=READ + "\n    z, state = step(prompt[-1], state)", score=ADD, state="state", result="total"),
            "read twice",
        ),
        (
            SCORE.format(
                read=READ, score="z, state = step(token, state); " + ADD + "; continue", state="state", result="total"
            ),
            "before you score it",
        ),
        (SCORE.format(read=READ, score=ADD, state="state", result="total / max(len(written), 1)"), "the mean per token"),
        (SCORE.format(read=READ, score=ADD, state="state", result="-total"), "The sign is wrong"),
        (
            SCORE.format(
                read="z, state = step(prompt[0], state)\n    written = prompt[1:] + written",
                score=ADD,
                state="state",
                result="total",
            ),
            "The tokens of the prompt count",
        ),
        (
            SCORE.format(read=READ, score=ADD.replace("total +=", "total += np.exp(") + ")", state="state", result="total"),
            "You add probabilities",
        ),
        (
            SCORE.format(
                read=READ, score="p = np.exp(z) / np.exp(z).sum(); total += np.log(p[token])", state="state", result="total"
            ),
            "Large logits overflow",
        ),
    ],
    "7.6": [
        (SHARED.format(places="[0]", length="e - s"), "begin at the beginning of the text"),
        (SHARED.format(places="range(len(text))", length="e - s - 1"), "You are one short"),
        ("def longest_shared(text, known):\n    return sum(a in known for a in text)\n", "wherever they are"),
        (
            "def longest_shared(text, known):\n    run = best = 0\n    for a, b in zip(text, known):\n"
            "        run = run + 1 if a == b else 0\n        best = max(best, run)\n    return best\n",
            "at the same place in both texts",
        ),
        (
            "def longest_shared(text, known):\n    words, best = text.split(), 0\n    for s in range(len(words)):\n"
            "        for e in range(s + 1, len(words) + 1):\n            piece = ' '.join(words[s:e])\n"
            "            if f' {piece} ' in f' {known} ':\n                best = max(best, len(piece))\n    return best\n",
            "a piece may begin and end within a word",
        ),
        (
            SHARED.replace("best = 0", "best = 0 if text else -1").format(places="range(len(text))", length="e - s"),
            "An empty",
        ),
        (
            SHARED.replace("return best", "return best if best < len(text) or not text else 0").format(
                places="range(len(text))", length="e - s"
            ),
            "The whole text is shared",
        ),
    ],
    "7.7": [
        (NUCLEUS.format(order="np.argsort(-p)", more=0, result="y / max(y.sum(), 1e-300)"), "it belongs to the nucleus"),
        (NUCLEUS.format(order="np.argsort(-p)", more=1, result="y"), "The probabilities do not sum to 1"),
        (NUCLEUS.format(order="np.argsort(p)", more=1, result="y / y.sum()"), "You start from the least probable"),
        (NUCLEUS.format(order="np.arange(len(p))", more=1, result="y / y.sum()"), "in the order of their ids"),
        (
            "import numpy as np\ndef nucleus(p, q):\n    y = np.where(p >= 1 - q, p, 0)\n    return y / y.sum()\n",
            "You compare each probability with 1 - q",
        ),
        (
            NUCLEUS.format(order="np.argsort(-p)", more=2, result="y / y.sum()"),
            "nucleus(p=[0.3, 0.7], q=0.5): the result is",
        ),
        (
            NUCLEUS.replace("< q)", "<= q)").format(order="np.argsort(-p)", more=1, result="y / y.sum()"),
            "If the sum is exactly q, it has reached q",
        ),
        (
            "import numpy as np\ndef nucleus(p, q):\n    order = np.argsort(-p)\n"
            "    count = np.argmax(np.cumsum(p[order]) >= q) + 1\n    y = np.zeros_like(p)\n"
            "    y[order[:count]] = p[order[:count]]\n    return y / y.sum()\n",
            "With q = 1 every token stays",
        ),
    ],
}
