"""Solutions to the exercises of chapter 6."""

import numpy as np


# 6.1: one factor for all arrays, and never above 1
def clip_by_norm(dW, db, max_norm):
    norm = np.sqrt((dW**2).sum() + (db**2).sum())
    factor = min(1.0, max_norm / norm)
    return dW * factor, db * factor


# 6.2: equations (10) and the first term of (11)
def simplified_gru_backward(dh_next, h, z, n):
    da_z = dh_next * (h - n) * z * (1 - z)
    da_n = dh_next * (1 - z) * (1 - n**2)
    dh = dh_next * z
    return da_z, da_n, dh


# 6.3: equations (17) to (20)
def lstm_gates_backward(dh, dc_next, o, i, f, g, c_before, c):
    tanh_c = np.tanh(c)
    da_o = dh * tanh_c * o * (1 - o)
    dc = dc_next + dh * o * (1 - tanh_c**2)  # two gradients arrive at c
    da_i = dc * g * i * (1 - i)
    da_f = dc * c_before * f * (1 - f)
    da_g = dc * i * (1 - g**2)
    dc_before = dc * f
    return da_o, da_i, da_f, da_g, dc_before


# 6.4: each sequence within its own length
def reverse_sequences(x, lengths):
    y = x.copy()
    for n, length in enumerate(lengths):
        y[n, :length] = x[n, :length][::-1]
    return y


# 6.5: the loss of the whole text, divided by its number of words
def word_perplexity(char_loss, characters, words):
    return np.exp(char_loss * characters / words)
