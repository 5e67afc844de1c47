"""Wrong answers to the exercises of chapter 11, as readers write them, with a part of the explanation for each."""

SHAPES = "def shapes(N, S, T, D, H, V):\n    return {}\n"
FORCING = """
import numpy as np
def teacher_forcing(targets, begin, end, padding):
    inputs, outputs = {inputs}, {outputs}
    T = max(len(row) for row in inputs)
    fill = lambda rows: np.array([list(row) + [padding] * (T - len(row)) for row in rows])
    return fill(inputs), fill(outputs), {lengths}
"""
IN, OUT = "[[begin, *t] for t in targets]", "[[*t, end] for t in targets]"
ATTEND = """
import numpy as np
def attend(q, k, m, real):
    s = {s}
    e = np.exp(s - {largest})
    alpha = e / np.maximum(e.sum(axis={axis}, keepdims=True), 1e-300)
    {then}
    return alpha @ m, alpha
"""
S, MASKED = "q @ k.transpose(0, 2, 1)", "np.where(real[:, None], q @ k.transpose(0, 2, 1), -np.inf)"
SAFE = "np.nan_to_num(s.max(axis={}, keepdims=True), neginf=0)"
BACK = """
import numpy as np
def attend_backward(dcontext, alpha, q, k, m):
    dalpha = dcontext @ m.transpose(0, 2, 1)
    ds = {ds}
    dk = ds.transpose(0, 2, 1) @ q
    return ds @ k, dk, {dm}
"""
DS, DM = "alpha * (dalpha - (alpha * dalpha).sum(axis=2, keepdims=True))", "alpha.transpose(0, 2, 1) @ dcontext"
ADDITIVE = """
import numpy as np
def additive_scores_backward(ds, q, k, v):
    u = np.tanh(q[:, :, None] + k[:, None])
    da = {da}
    return da.{how}(axis=2), da.{how}(axis=1), {dv}
"""
DA, DV = "ds[..., None] * v * (1 - u * u)", "(ds[..., None] * u).sum(axis=(0, 1, 2))"
MATCH = """
import numpy as np
def exact_match(z, targets, lengths):
    right = z.argmax(axis=2) == targets
    real = np.arange(targets.shape[1]) < lengths[:, None]
    return {}
"""

WRONG = {
    "11.1": [
        (
            SHAPES.format("(N, S, D), (N, H), (N, T, S), (N, T, 2 * H), (N, T, V)"),
            "Embeddings of D numbers",
        ),
        (SHAPES.format("(N, S, H), (N, H), (N, T, S), (N, T, H), (N, T, V)"), "The context vector has as many numbers"),
        (SHAPES.format("(N, H), (N, H), (N, T, S), (N, T, 2 * H), (N, T, V)"), "has lost its axis of time"),
        (SHAPES.format("(N, S, H), (N, 2 * H), (N, T, S), (N, T, 2 * H), (N, T, V)"), "c is half of the state"),
        (SHAPES.format("(N, S, H), (N, H), (N, S, S), (N, T, 2 * H), (N, T, V)"), "not one with itself"),
        (SHAPES.format("(N, S, H), (N, H), (N, S, T), (N, T, 2 * H), (N, T, V)"), "T comes before S"),
        (
            SHAPES.format("(N, S, H), (N, H), (N, T, S), (N, T, 2 * H), (N, T, H)"),
            "expected (2, 4, 11)",
        ),
        (SHAPES.format("(N, S, H), (N, H), (N, T, S), (N, T, 2 * H)"), "has to return 5 values"),
    ],
    "11.2": [
        (FORCING.format(inputs=OUT, outputs=OUT, lengths="np.array([len(t) + 1 for t in targets])"), "are the same"),
        (
            FORCING.format(
                inputs="[[begin, *t, end] for t in targets]",
                outputs="[[begin, *t, end] for t in targets]",
                lengths="np.array([len(t) for t in targets])",
            ),
            "Both marks are in both arrays",
        ),
        (
            FORCING.format(
                inputs="[[begin, *t][:max(len(t), 1)] for t in targets]",
                outputs="[t or [padding] for t in targets]",
                lengths="np.array([len(t) for t in targets])",
            ),
            "The end mark is missing",
        ),
        (
            "import numpy as np\ndef teacher_forcing(targets, begin, end, padding):\n"
            "    T = max(map(len, targets)) + 1\n"
            "    inputs = [[begin, *t] + [padding] * (T - 1 - len(t)) for t in targets]\n"
            "    outputs = [list(t) + [padding] * (T - 1 - len(t)) + [end] for t in targets]\n"
            "    return np.array(inputs), np.array(outputs), np.full(len(targets), T)\n",
            "right after the last token of its own target",
        ),
        (FORCING.format(inputs=IN, outputs=OUT, lengths="np.array([len(t) for t in targets])"), "lengths is"),
        (FORCING.format(inputs=IN, outputs=OUT, lengths="None").replace(", None", ""), "has to return 3 values"),
    ],
    "11.3": [
        (ATTEND.format(s=S, largest="s.max(axis=2, keepdims=True)", axis=2, then=""), "The weights ignore real"),
        (
            ATTEND.format(
                s="np.where(real[:, None], " + S + ", 0)", largest="s.max(axis=2, keepdims=True)", axis=2, then=""
            ),
            "A score of 0 is not a weight of 0",
        ),
        (
            ATTEND.format(s=S, largest="s.max(axis=2, keepdims=True)", axis=2, then="alpha = alpha * real[:, None]"),
            "no longer sum to 1",
        ),
        (
            ATTEND.format(
                s=MASKED.replace("(0, 2, 1)", "(0, 2, 1) / q.shape[2] ** 0.5"), largest=SAFE.format(2), axis=2, then=""
            ),
            "the square root of H",
        ),
        (ATTEND.format(s=MASKED, largest=SAFE.format(1), axis=1, then=""), "The softmax runs over the queries"),
        (ATTEND.format(s=MASKED, largest="0", axis=2, then=""), "exp overflows for large scores"),
        (
            ATTEND.format(s=MASKED, largest="s.max(axis=2, keepdims=True)", axis=2, then=""),
            "A source without a real step gives nan",
        ),
    ],
    "11.4": [
        (BACK.format(ds="dalpha", dm=DM), "The softmax is missing"),
        (BACK.format(ds="alpha * dalpha", dm=DM), "The sum in (12) is missing"),
        (BACK.format(ds="alpha * (1 - alpha) * dalpha", dm=DM), "every score changes all weights of its row"),
        (
            BACK.format(ds="alpha * (dalpha - dalpha.sum(axis=2, keepdims=True))", dm=DM),
            "each term of the sum is multiplied by its weight",
        ),
        (BACK.format(ds=DS, dm=DM + " + (dk if dk.shape == m.shape else 0)"), "dm contains dk as well"),
        (BACK.format(ds=DS.replace("axis=2", "axis=1"), dm=DM), "dq has its largest error at"),
    ],
    "11.5": [
        (ADDITIVE.format(da="ds[..., None] * v * np.ones_like(u)", how="sum", dv=DV), "The slope of the tanh"),
        (ADDITIVE.format(da="ds[..., None] * (1 - u * u)", how="sum", dv=DV), "v is missing"),
        (ADDITIVE.format(da=DA, how="mean", dv=DV), "Gradients of something that is used several times add up"),
        (
            ADDITIVE.format(da=DA, how="sum", dv="(ds[..., None] * (q[:, :, None] + k[:, None])).sum(axis=(0, 1, 2))"),
            "v multiplies tanh(q + k), not q + k",
        ),
        (ADDITIVE.format(da=DA, how="sum", dv=DV.replace("* u)", ")")), "dv has shape (1,), expected (2,)"),
    ],
    "11.6": [
        (MATCH.format("right.all(axis=1).mean()"), "Padded steps count in your result"),
        (MATCH.format("right[real].mean()"), "the share of single tokens"),
        (
            MATCH.format("(right | (np.arange(targets.shape[1]) >= lengths[:, None] - 1)).all(axis=1).mean()"),
            "The end mark counts",
        ),
        (MATCH.format("right[np.arange(len(z)), lengths - 1].mean()"), "You look at the last step only"),
        (MATCH.format("float((right | ~real).all())"), "This is 1 only if all targets are right"),
    ],
}
