"""Wrong answers to the exercises of chapter 6, as readers write them, with a part of the explanation for each."""

CLIP = """
import numpy as np
def clip_by_norm(dW, db, max_norm):
    factor = {}
    return dW * factor, db * factor
"""
NORM = "np.sqrt((dW ** 2).sum() + (db ** 2).sum())"
GRU = "import numpy as np\ndef simplified_gru_backward(dh_next, h, z, n):\n    return {}\n"
LSTM = """
import numpy as np
def lstm_gates_backward(dh, dc_next, o, i, f, g, c_before, c):
    t = np.tanh(c)
    dc = {dc}
    return dh * t * o * (1 - o), dc * g * i * (1 - i), {da_f}, dc * i * (1 - g ** 2), {dc_before}
"""
DC, DA_F = "dc_next + dh * o * (1 - t ** 2)", "dc * c_before * f * (1 - f)"
REVERSE = """
import numpy as np
def reverse_sequences(x, lengths):
    y = {start}
    for n, length in enumerate(lengths):
        y[n, :length] = {part}
    return y
"""
WORDS = "import numpy as np\ndef word_perplexity(char_loss, characters, words):\n    return {}\n"

WRONG = {
    "6.1": [
        (
            "import numpy as np\ndef clip_by_norm(dW, db, max_norm):\n"
            "    return [g * min(1.0, max_norm / np.sqrt((g ** 2).sum())) for g in (dW, db)]\n",
            "You clip each array by its own norm",
        ),
        (CLIP.format(f"max_norm / {NORM}"), "are scaled up to max_norm"),
        (
            "import numpy as np\ndef clip_by_norm(dW, db, max_norm):\n"
            "    return [np.clip(g, -max_norm, max_norm) for g in (dW, db)]\n",
            "You clip each entry by itself",
        ),
        (CLIP.format(f"min(1.0, max_norm / {NORM[7:]})"), "The square root is missing"),
        (
            CLIP.format("min(1.0, max_norm / (np.sqrt((dW ** 2).sum()) + np.sqrt((db ** 2).sum())))"),
            "Norms do not add up",
        ),
        (CLIP.format(f"-min(1.0, max_norm / {NORM})"), "clip_by_norm(dW=[[3]], db=[4], max_norm=1): dW is [[-0.6]]"),
        (CLIP.format(f"min({NORM}, max_norm) / {NORM}"), "nothing may be divided by it"),
        (
            CLIP.format(f"min(1.0, max_norm / {NORM})").replace("return dW * factor", "dW *= factor\n    return dW"),
            "changes its argument dW in place: [[3]] becomes [[0.6]]",
        ),
    ],
    "6.2": [
        (
            GRU.format("dh_next * (h - n), dh_next * (1 - z), dh_next * z"),
            "the derivative of sigmoid or tanh is missing",
        ),
        (
            GRU.format("dh_next * (n - h) * z * (1 - z), dh_next * z * (1 - n ** 2), dh_next * (1 - z)"),
            "right for the other convention",
        ),
        (
            GRU.format("dh_next * h * z * (1 - z), dh_next * (1 - z) * (1 - n ** 2), dh_next * z"),
            "z occurs twice in the equation",
        ),
        (
            GRU.format("dh_next * (h - n) * (1 - z ** 2), dh_next * (1 - z) * n * (1 - n), dh_next * z"),
            "The derivatives are swapped",
        ),
        (GRU.format("dh_next * (h - n) * z * (1 - z), dh_next * (1 - z) * (1 - n ** 2)"), "has to return 3 values"),
        (
            GRU.format("dh_next * (h - n) * z * (1 - z), dh_next * (1 - z) * (1 - n ** 2), dh_next"),
            "dh has its largest error at",
        ),
    ],
    "6.3": [
        (LSTM.format(dc=DC[10:], da_f=DA_F, dc_before="dc * f"), "dc_next, is left out"),
        (LSTM.format(dc="dc_next", da_f=DA_F, dc_before="dc * f"), "Only dc_next reaches c"),
        (LSTM.format(dc="dc_next + dh * o", da_f=DA_F, dc_before="dc * f"), "the derivative of the tanh is missing"),
        (LSTM.format(dc=DC, da_f=DA_F.replace("c_before", "c"), dc_before="dc * f"), "not by the new one"),
        (LSTM.format(dc=DC, da_f=DA_F, dc_before="dc"), "multiply by f"),
        (LSTM.format(dc=DC, da_f=DA_F, dc_before="dc * i"), "dc_before has its largest error at"),
    ],
    "6.4": [
        ("def reverse_sequences(x, lengths):\n    return x[:, ::-1]\n", "You reverse the whole row"),
        (REVERSE.format(start="x.copy(); lengths = [max(lengths)] * len(x)", part="x[n, :length][::-1]"), "by the longest"),
        (REVERSE.format(start="x.copy()", part="x[n, :length, ::-1]"), "This reverses the numbers within each step"),
        (
            "def reverse_sequences(x, lengths):\n    return x[::-1]\n",
            "This reverses the sequences of the batch",
        ),
        (REVERSE.format(start="np.zeros_like(x)", part="x[n, :length][::-1]"), "the padding has changed"),
        (REVERSE.format(start="x.copy()", part="x[n, :length]"), "the result has its largest error at"),
        (REVERSE.format(start="x", part="x[n, :length][::-1].copy()"), "changes its argument x in place"),
        (
            "def reverse_sequences(x, lengths):\n    y = x.copy()\n    for n, length in enumerate(lengths):\n"
            "        part = x[n, length - 1 :: -1]\n        y[n, : len(part)] = part\n    return y\n",
            "A sequence of length 0 has no real steps",
        ),
    ],
    "6.5": [
        (WORDS.format("np.exp(char_loss)"), "This is the perplexity per character"),
        (WORDS.format("np.exp(char_loss) * characters / words"), "not the perplexity after it"),
        (WORDS.format("np.exp(char_loss * words / characters)"), "The factor is inverted"),
        (WORDS.format("char_loss * characters / words"), "This is the loss per word"),
        (WORDS.format("2 ** (char_loss * characters / words)"), "the base is e, not 2"),
        (WORDS.format("np.exp(char_loss * characters)"), "expected 148.413"),
    ],
}
