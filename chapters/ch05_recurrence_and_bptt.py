# %% [markdown]
# # 5. Recurrence and backpropagation through time
#
# A sentence has no fixed length, and *mr park* is a name wherever it stands in it. The networks of the chapters before
# know neither. This chapter builds one that reads a sequence step by step and keeps what it has read in a state; it
# derives how gradients go back through all the steps, teaches the network five kinds of tasks, and ends with a model of
# a language whose score can be compared with the best score possible.
#
# ## What you will be able to do
#
# - say why a network with a fixed number of inputs is the wrong tool for sequences, and show it with an experiment;
# - translate between the letters of lectures ($W_{aa}$, $W_{ax}$, $W_{ya}$) and those of the code (`Wh`, `Wx`, `Wy`);
# - unroll a recurrent network, send gradients back through it by hand, and prove with a check that they are right;
# - cut backpropagation through time into windows, and say what goes on across the cut and what does not;
# - put any task into one of five shapes of inputs and outputs, and train all five with one program;
# - train a language model, read its perplexity, and say what number it cannot get below.
#
# All cells together take less than a minute. From the chapters before you need: dense layers, one-hot vectors, softmax
# and cross-entropy, gradient descent (chapter 1), vocabularies and padding (chapter 2), language models and perplexity
# (chapter 3), the embedding layer (chapter 4).

# %%
from itertools import pairwise

import numpy as np

from scratchnn import losses
from scratchnn.book.page import FULL, show
from scratchnn.core import Sequential
from scratchnn.data import TokenStreams
from scratchnn.datasets.ptb import load_ptb
from scratchnn.decoding import generate
from scratchnn.errors import DataError
from scratchnn.gradcheck import check, pair_problem
from scratchnn.layers import Dense
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.optim import SGD
from scratchnn.plot import COLOURS, label, new_figure
from scratchnn.recurrent import RNN, rnn
from scratchnn.text import Vocabulary, tokenize
from scratchnn.training import Trainer

# %% [markdown]
# ## Why a feed-forward network fails on sequences
#
# A **sequence** (시퀀스) is a list of things in an order: the words of a sentence, the letters of a word, the
# temperatures of a week. Each place in it is a **time step** (타임 스텝), whether or not it has to do with time. In the
# networks so far, numbers go from the inputs to the outputs and never back to a layer they came from; such a network is
# called a **feed-forward network** (순방향 신경망). Give it a sentence, its words as one-hot vectors one behind the
# other, and two things go wrong.
#
# ### Lengths
#
# With $V$ words in the vocabulary and $T$ words in a sentence there are $T V$ inputs. A layer of $H$ neurons has a
# weight for each input and each neuron, so it is made for one $T$ only.

# %%
vocabulary = "the mr ms park bell hill king saw met near by and".split()
V, H = len(vocabulary), 32
rng = np.random.default_rng(0)


def one_hot(ids, size=V):
    """Ids of any shape to vectors: one axis more, of length ``size``."""
    return np.eye(size)[ids]  # eye has ones on the diagonal: its row v is the one-hot vector of v


W1 = rng.standard_normal((12 * V, H))  # for sentences of twelve words
for T in (12, 13):
    x = one_hot(rng.integers(0, V, T)).reshape(1, T * V)
    try:
        print(f"{T} words: x is {x.shape}, W1 is {W1.shape}, x @ W1 is {(x @ W1).shape}")
    except ValueError:
        print(f"{T} words: x is {x.shape}, W1 is {W1.shape}, which does not fit")

print("weights of a layer of 100 neurons for sentences of 10,000 different words:")
for T in (1, 10, 50):
    print(f"    {T:>2} words long: {T * 10_000 * 100:>11,}")

# %% [markdown]
# One can fill up short sentences with zeros, up to a longest length that is fixed in advance. Then the shapes fit. But
# the number of weights grows with that length, and those for the last places see hardly anything but zeros.
#
# ### What is learned at one place is not known at another
#
# The second fault is worse. The word at place 2 and the word at place 9 have weights of their own. Here is an
# experiment. In the sentences below, *park*, *bell*, *hill* and *king* are names after *mr* or *ms*, and plain words
# after *the*. The network has to say for each word whether it is a name. All names that it learns from stand in the
# first six words. Then it is tested on sentences with names in the first six words, and on others with names in the
# last six.


# %%
def sentences(rng, N, name_places):
    """Ids (N, 12): a name and a plain use of such a word in each row; and (N, 12), 1 at names."""
    ids = rng.integers(7, V, (N, 12))  # saw, met, near, by, and
    is_name = np.zeros((N, 12), int)
    for n in range(N):
        place = rng.choice(name_places)
        ids[n, place : place + 2] = rng.integers(1, 3), rng.integers(3, 7)  # mr or ms, and a name
        is_name[n, place + 1] = 1
        other = rng.choice([k for k in range(0, 12, 2) if k != place])
        ids[n, other : other + 2] = 0, rng.integers(3, 7)  # the, and a word
    return ids, is_name


first_half, second_half = (0, 2, 4), (6, 8, 10)
names_train = sentences(rng, 1000, first_half)
names_seen, names_new = sentences(rng, 500, first_half), sentences(rng, 500, second_half)
for ids, is_name in (names_train, names_new):
    words = [vocabulary[k] for k in ids[0]]
    place = is_name[0].argmax()  # where the 1 is
    words[place] = words[place].upper()
    print(" ".join(words))


# %% [markdown]
# The network is that of chapter 1, with tanh and with twelve pairs of outputs, one pair for each word. The score
# counts only the words in question, half of which are names, so that one half is what one gets by always giving the
# same answer.


# %%
def softmax(z):
    """Chapter 1: probabilities along the last axis."""
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def feed_forward(parameters, ids):
    """Logits (N, 12, 2) for ids (N, 12), and the input and the hidden layer."""
    W1, b1, W2, b2 = parameters
    x = one_hot(ids).reshape(len(ids), -1)  # (N, 12 V)
    h = np.tanh(x @ W1 + b1)  # (N, 12 V) @ (12 V, H) -> (N, H)
    return (h @ W2 + b2).reshape(len(ids), 12, 2), x, h


def feed_forward_gradients(parameters, ids, t):
    """Gradients of the mean cross-entropy over all words, as in chapter 1."""
    z, x, h = feed_forward(parameters, ids)
    dz = ((softmax(z) - one_hot(t, 2)) / t.size).reshape(len(ids), -1)  # (N, 24)
    da = dz @ parameters[2].T * (1 - h * h)  # (N, H)
    return [x.T @ da, da.sum(axis=0), h.T @ dz, dz.sum(axis=0)]


# %%
def names_right(z, ids, is_name):
    """The share of the words in question for which the larger logit is the right one."""
    asked = (ids >= 3) & (ids < 7)
    return (z.argmax(axis=-1) == is_name)[asked].mean()


feed_forward_parameters = [
    rng.standard_normal((12 * V, H)) / np.sqrt(12 * V),
    np.zeros(H),
    rng.standard_normal((H, 24)) / np.sqrt(H),
    np.zeros(24),
]
for _ in range(1500):
    chosen = rng.integers(0, 1000, 32)
    ids, is_name = names_train[0][chosen], names_train[1][chosen]
    gradients = feed_forward_gradients(feed_forward_parameters, ids, is_name)
    for p, dp in zip(feed_forward_parameters, gradients, strict=True):
        p -= 2.0 * dp

names_tests = {"the first six words": names_seen, "the last six words": names_new}
for where, (ids, is_name) in names_tests.items():
    share = names_right(feed_forward(feed_forward_parameters, ids)[0], ids, is_name)
    print(f"names among {where}: {share:.1%} right")

# %% [markdown]
# It has learned the rule at the places where it has seen names, and nothing about the others. A reader who knows that
# *mr park* is a name knows it everywhere. What is learned should be shared by all places, and that means: the same
# weights at each of them.
#
# ## A recurrent neural network
#
# So read the words one after the other, with the same weights every time, and keep a vector that remembers what matters
# of everything read so far. This vector is the **hidden state** (은닉 상태), and the network a **recurrent neural
# network** (순환 신경망), RNN. *Recurrent* means that its output at one step is an input of the next.
#
# ### Notation
#
# Lectures write the length of the input sequence as $T_x$, that of the output as $T_y$, and number the steps in pointed
# brackets. An activation is called $a$, and vectors are columns:
#
# $$ a^{\langle t \rangle} = \tanh (W_{aa} \, a^{\langle t-1 \rangle} + W_{ax} \, x^{\langle t \rangle} + b_a) \tag{1} $$
# $$ \hat{y}^{\langle t \rangle} = \mathrm{softmax} (W_{ya} \, a^{\langle t \rangle} + b_y) \tag{2} $$
#
# with $a^{\langle 0 \rangle} = 0$. The first letter below a $W$ says what it helps to compute, the second what it is
# multiplied with: $W_{ax}$ makes an $a$ from an $x$. Two products can be made one. Put the two matrices side by side,
# which lectures write as $[W_{aa}, W_{ax}]$, and the two columns one above the other, written as $[a, x]$:
#
# $$ W_a = [W_{aa}, W_{ax}] $$
# $$ W_{aa} \, a^{\langle t-1 \rangle} + W_{ax} \, x^{\langle t \rangle}
#    = W_a \, [a^{\langle t-1 \rangle}, x^{\langle t \rangle}] \tag{3} $$
#
# In this book the rows of an array are examples, and the hidden state is called $h$, as in many papers. A row is a
# column transposed, and in the transpose of a product the factors change places, $(A B)^T = B^T A^T$. So (1) and (2)
# become, with $z$ for the logits before the softmax,
#
# $$ h_t = \tanh (x_t W_x + h_{t-1} W_h + b) \tag{4} $$
# $$ z_t = h_t W_y + b_y \tag{5} $$
#
# For $N$ examples of $D$ numbers each, $H$ neurons and $K$ classes:
#
# | lectures | shape | here | shape |
# |--|--|--|--|
# | $x^{\langle t \rangle}$, a column for each example | $(D, N)$ | $x_t$, a row for each example | $(N, D)$ |
# | $a^{\langle t \rangle}$ | $(H, N)$ | $h_t$ | $(N, H)$ |
# | $W_{ax}$ | $(H, D)$ | $W_x = W_{ax}^T$, `Wx` | $(D, H)$ |
# | $W_{aa}$ | $(H, H)$ | $W_h = W_{aa}^T$, `Wh` | $(H, H)$ |
# | $W_{ya}$ | $(K, H)$ | $W_y = W_{ya}^T$, `Wy` | $(H, K)$ |
# | $W_a = [W_{aa}, W_{ax}]$, side by side | $(H, H + D)$ | `Wh` on top of `Wx`, which is $W_a^T$ | $(H + D, H)$ |
#
# The cell computes one step of ten sequences in all three ways: (1), (3) and (4).

# %%
N, D, H = 10, 3, 4
W_aa, W_ax = rng.standard_normal((H, H)), rng.standard_normal((H, D))
b_a = rng.standard_normal((H, 1))
x_column, a_before = rng.standard_normal((D, N)), rng.standard_normal((H, N))

a = np.tanh(W_aa @ a_before + W_ax @ x_column + b_a)  # (1)
W_a = np.hstack([W_aa, W_ax])  # (H, H + D)
a_stacked = np.tanh(W_a @ np.vstack([a_before, x_column]) + b_a)  # (3)


def rnn_step(x, h, Wx, Wh, b):
    """Equation (4): x (N, D) and the state before (N, H) give the state after (N, H)."""
    return np.tanh(x @ Wx + h @ Wh + b)  # (4)


h = rnn_step(x_column.T, a_before.T, W_ax.T, W_aa.T, b_a[:, 0])
print("a of the lectures:", a.shape, "and h of this book:", h.shape)
print("[W_aa, W_ax] has shape", W_a.shape)
print("stacked gives the same:", np.allclose(a_stacked, a, rtol=0, atol=1e-12))
print("rows give the same:", np.allclose(h.T, a, rtol=0, atol=1e-12))

h_package, _ = rnn.rnn_step(x_column.T, a_before.T, W_ax.T, W_aa.T, b_a[:, 0])
print("the package gives the same:", np.allclose(h, h_package, rtol=0, atol=1e-12))

# %% [markdown]
# $W_x$, $W_h$ and $b$ together have
#
# $$ D H + H H + H \tag{6} $$
#
# parameters, and the length of the sequence does not occur in this number.
#
# ## The unrolled graph
#
# To read $T$ steps, apply (4) $T$ times, starting from a state $h_0$, which is zero unless there is something to
# remember already. The figure draws the network in two ways. On the left it has a loop. On the right the loop is
# unrolled: a copy for each step. That makes it a computational graph as in chapter 1, with all arrows forward. Each of
# the three matrices occurs at every step, and it is the *same* matrix every time.


# %%
def node(axes, place, name, size=30, colour="black"):
    """A circle with a name in it."""
    axes.plot(*place, "o", markersize=size, color="white", markeredgecolor=colour, zorder=2)
    axes.text(*place, name, ha="center", va="center", zorder=3)


def arrow(axes, start, end, name="", colour="black", shift=(0.0, 0.0), **style):
    """An arrow between two places, with a name beside its middle."""
    properties = {"arrowstyle": "->", "color": colour, "shrinkA": 17, "shrinkB": 17} | style
    axes.annotate("", end, start, arrowprops=properties, zorder=1)
    middle = (np.array(start) + end) / 2 + shift
    axes.text(*middle, name, ha="center", va="center", color=colour, fontsize=9)


def empty_drawing(width, height, **options):
    """A figure without axes, one unit for each inch."""
    figure, axes = new_figure(width, height, **options)
    axes.set_axis_off()
    axes.set(xlim=(0, width), ylim=(0, height))
    return figure, axes


figure, axes = empty_drawing(10, 4)
for column, x_place in [("t", 1.0), ("1", 4.8), ("2", 6.6), ("3", 8.4)]:
    node(axes, (x_place, 0.5), f"$x_{column}$")
    node(axes, (x_place, 1.9), f"$h_{column}$")
    node(axes, (x_place, 3.3), f"$z_{column}$")
    arrow(axes, (x_place, 0.5), (x_place, 1.9), "Wx", COLOURS[0], (-0.25, 0))
    arrow(axes, (x_place, 1.9), (x_place, 3.3), "Wy", COLOURS[2], (-0.25, 0))
loop = {"connectionstyle": "arc3,rad=-3.5", "shrinkA": 0, "shrinkB": 0}
arrow(axes, (1.17, 2.05), (1.17, 1.75), "Wh", COLOURS[1], (0.75, 0), **loop)
axes.text(2.4, 1.9, "=", fontsize=20, ha="center", va="center")
node(axes, (3.2, 1.9), "$h_0$")
for start, end in [(3.2, 4.8), (4.8, 6.6), (6.6, 8.4)]:
    arrow(axes, (start, 1.9), (end, 1.9), "Wh", COLOURS[1], (0, 0.17))
arrow(axes, (8.4, 1.9), (9.8, 1.9), "Wh", COLOURS[1], (0, 0.17), shrinkB=5)
show(figure)

# %% [markdown]
# In code it is a loop. Backward will need the inputs and the states, so they are kept.


# %%
def rnn_forward(x, h0, Wx, Wh, b):
    """Inputs x (N, T, D) and h_0 (N, H) give all states (N, T, H), and the cache."""
    h = [h0]
    for t in range(x.shape[1]):
        h.append(rnn_step(x[:, t], h[-1], Wx, Wh, b))  # (4)
    h = np.stack(h, axis=1)  # (N, T + 1, H), h_0 first
    return h[:, 1:], (x, h, Wx, Wh)


N, T, D, H = 4, 6, 3, 5
x, h0 = rng.standard_normal((N, T, D)), rng.standard_normal((N, H))
Wx, Wh = rng.standard_normal((D, H)), rng.standard_normal((H, H)) / np.sqrt(H)
b = rng.standard_normal(H)
h, cache = rnn_forward(x, h0, Wx, Wh, b)
y, h_last, package_cache = rnn.rnn_forward(x, h0, Wx, Wh, b)
print("states:", h.shape, "parameters:", Wx.size + Wh.size + b.size)  # (6)
print("the package gives the same:", np.allclose(h, y, rtol=0, atol=1e-12))
longer, _ = rnn_forward(rng.standard_normal((N, 100, D)), h0, Wx, Wh, b)
print("a hundred steps with the same weights:", longer.shape)

# %% [markdown]
# The package's [`rnn.py`](../scratchnn/recurrent/rnn.py) returns the states as outputs `y` and the last of them once
# more, as the state to go on from.
#
# ## Backpropagation through time
#
# The unrolled graph is a computational graph, so the chain rule of chapter 1 applies as it stands. Its nodes are
# taken from the last to the first, which here means: back in time. That is **backpropagation through time** (시간
# 방향 역전파), BPTT. Two things are new, and both are the rule "use twice: the gradients are added" of chapter 1.
#
# **A state goes two ways.** $h_t$ is the output of step $t$: the layers above use it and send back a gradient, $dy_t$.
# And $h_t$ is an input of step $t + 1$, which sends back another. Write $a_t = x_t W_x + h_{t-1} W_h + b$ for what goes
# into the tanh (no longer the $a$ of the lectures). In $a_{t+1}$ the state $h_t$ is multiplied by $W_h$, so what comes
# back from there is $da_{t+1} W_h^T$, by (6) of chapter 1:
#
# $$ dh_t = dy_t + da_{t+1} W_h^T \tag{7} $$
#
# At the last step there is no second part, unless somebody has used the final state. Then back through the tanh, whose
# slope is $1 - h_t^2$, entry by entry, and through the product with $W_x$:
#
# $$ da_t = dh_t \, (1 - h_t^2) \tag{8} $$
# $$ dx_t = da_t W_x^T \tag{9} $$
#
# **A weight is used at every step.** So each weight collects one gradient from each step, and the bias one from each
# step $t$ and each row $n$ of the batch:
#
# $$ dW_x = \sum_t x_t^T da_t \qquad dW_h = \sum_t h_{t-1}^T da_t \qquad db = \sum_t \sum_n da_{nt} \tag{10} $$

# %%
figure, axes = empty_drawing(10, 4.2)
places = {0: 0.9, 1: 3.5, 2: 6.1, 3: 8.7}
for t, x_place in places.items():
    node(axes, (x_place, 2.1), f"$h_{t}$")
    if t:
        node(axes, (x_place, 0.5), f"$x_{t}$")
        arrow(axes, (x_place - 0.08, 0.5), (x_place - 0.08, 2.1), colour=COLOURS[0])
        arrow(axes, (x_place + 0.08, 2.1), (x_place + 0.08, 0.5), f"$dx_{t}$", COLOURS[1], (0.3, 0))
        arrow(axes, (x_place - 0.08, 2.1), (x_place - 0.08, 3.8), colour=COLOURS[0], shrinkB=4)
        top, state = (x_place + 0.08, 3.8), (x_place + 0.08, 2.1)
        arrow(axes, top, state, f"$dy_{t}$", COLOURS[1], (0.3, 0.2), shrinkA=4)
        before = places[t - 1]
        arrow(axes, (before, 2.18), (x_place, 2.18), colour=COLOURS[0])
        name = "$dh_0 = da_1 W_h^T$" if t == 1 else f"$da_{t} W_h^T$"
        arrow(axes, (x_place, 2.02), (before, 2.02), name, COLOURS[1], (0, -0.28))
axes.set_title("Forward blue, backward orange: two gradients arrive at $h_1$ and at $h_2$")
show(figure)

# %% [markdown]
# With one neuron and one input these are plain numbers, and one can follow them by hand. Let $W_x = 1$, $W_h = 0.5$,
# $b = 0$, let the network read 1, 0, 0, and let the loss be $L = h_3$. Then $dy_3 = 1$ and the other $dy_t$ are zero.


# %%
def three_steps(wh):
    """The states h_0 to h_3 of one neuron that reads 1, 0, 0."""
    states = [0.0]
    for x_t in (1.0, 0.0, 0.0):
        states.append(np.tanh(x_t + states[-1] * wh))  # (4) with Wx = 1, b = 0
    return states


hs, wh, dwh, later = three_steps(0.5), 0.5, 0.0, 0.0
for t, dy_t in [(3, 1.0), (2, 0.0), (1, 0.0)]:
    dh_t = dy_t + later  # (7)
    da_t = dh_t * (1 - hs[t] ** 2)  # (8)
    dwh += hs[t - 1] * da_t  # (10)
    later = da_t * wh  # (7)
    print(f"step {t}: dh {dh_t:.3f}  da {da_t:.3f}  h before {hs[t - 1]:.3f}", end="")
    print(f"  to dWh {hs[t - 1] * da_t:.3f}")
difference = (three_steps(0.5 + 1e-5)[3] - three_steps(0.5 - 1e-5)[3]) / 2e-5
print(f"dWh, all steps together: {dwh:.3f}; by central differences: {difference:.3f}")

# %% [markdown]
# Now the same for whole batches and matrices.


# %%
def rnn_backward(dy, cache):
    """From the gradient by all states (N, T, H): dx (N, T, D), dh_0 (N, H), dWx, dWh, db."""
    x, h, Wx, Wh = cache
    dx, dWx, dWh = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape)
    db = np.zeros(len(Wh))
    from_later = np.zeros(dy[:, 0].shape)  # (N, H), da_{t+1} Wh^T
    # Python counts from 0, and h begins with h_0: step t leads from h[:, t] to h[:, t + 1]
    for t in reversed(range(x.shape[1])):
        dh = dy[:, t] + from_later  # (7)
        da = dh * (1 - h[:, t + 1] ** 2)  # (8)
        dx[:, t] = da @ Wx.T  # (9)  (N, H) @ (H, D) -> (N, D)
        dWx += x[:, t].T @ da  # (10)  (D, N) @ (N, H) -> (D, H)
        dWh += h[:, t].T @ da  # (10)  (H, N) @ (N, H) -> (H, H)
        db += da.sum(axis=0)  # (10)
        from_later = da @ Wh.T  # (7)
    return dx, from_later, dWx, dWh, db


# %% [markdown]
# Are these lines right? As in chapter 1, compare them with central differences of the forward pass, with a random
# cotangent for `dy`. Then compare them with the package's backward pass, which also takes the gradient by the final
# state (here zero), and give our own pair to the package's checker.


# %%
def numerical_gradient(f, x, h=1e-5):
    """Chapter 1: central differences of the number f(x) by every entry of x."""
    gradient = np.zeros(x.shape)
    for k in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[k] += h
        below[k] -= h
        gradient[k] = (f(above) - f(below)) / (2 * h)
    return gradient


arrays = {"x": x, "h0": h0, "Wx": Wx, "Wh": Wh, "b": b}
v = rng.standard_normal(h.shape)  # the cotangent


def gradient_check(backward):
    """The largest relative error for each array; ``backward`` is called as ``rnn_backward`` is."""
    _, cache = rnn_forward(*arrays.values())
    for (name, array), a in zip(arrays.items(), backward(v, cache), strict=True):

        def number_at(changed, name=name):
            with_change = arrays | {name: changed}  # the other arrays as they are
            return (v * rnn_forward(**with_change)[0]).sum()

        n = numerical_gradient(number_at, array)
        error = abs(a - n).max() / np.maximum(abs(a), abs(n)).max()
        told = "below 1e-6" if error < 1e-6 else f"{error:.2f}   WRONG"
        print(f"{name:<2} {a.shape!s:<9} largest relative error {told}")


gradient_check(rnn_backward)

# %%
ours = rnn_backward(v, cache)
theirs = rnn.rnn_backward(v, np.zeros((N, H)), package_cache)
same = [np.allclose(*pair, rtol=0, atol=1e-12) for pair in zip(ours, theirs, strict=True)]
print("the package gives the same:", all(same))
findings = check(pair_problem(rnn_forward, rnn_backward, arrays))
all_right = all(finding.ok for finding in findings)
print(f"the package's checker: {len(findings)} comparisons, all right: {all_right}")

# %% [markdown]
# ### Back to the names
#
# A dense layer (5) on each state, softmax and cross-entropy, and the network can learn. The target of sequence $n$ at
# step $t$ is written $t_{nt}$, as the right class was $t$ in chapter 1. Not every step need have one: in code a target
# of $-1$ means "nothing is asked here", and a mask $m_{nt}$ is 1 where something is asked and 0 elsewhere. The loss is
# the mean over the $M$ targets that count. With $y_{nt} = \mathrm{softmax}(z_{nt})$, and (18) of chapter 1 for $dz$:
#
# $$ L = - \frac{1}{M} \sum_{n,t} m_{nt} \log y_{nt}[t_{nt}]
#    \qquad dz_{nt} = \frac{m_{nt}}{M} (y_{nt} - \mathrm{onehot}(t_{nt})) \tag{11} $$
#
# Then back through the dense layer, whose weights are used at every step, too:
#
# $$ dy_t = dz_t W_y^T \qquad dW_y = \sum_t h_t^T dz_t \qquad db_y = \sum_t \sum_n dz_{nt} \tag{12} $$
#
# Weights start as small random numbers, except $W_h$: it starts as a rotation, a matrix that turns a vector and
# neither stretches nor shrinks it. As the state is multiplied by $W_h$ at every step, this is a good start; chapter 6
# shows what happens with others. The function `qr` makes one out of random numbers.


# %%
def first_parameters(rng, D, H, K):
    """Wx (D, H), Wh (H, H), b (H,), Wy (H, K), by (K,)."""
    Wx = rng.standard_normal((D, H)) / np.sqrt(D)
    Wh, _ = np.linalg.qr(rng.standard_normal((H, H)))  # a rotation
    Wy = rng.standard_normal((H, K)) / np.sqrt(H)
    return [Wx, Wh, np.zeros(H), Wy, np.zeros(K)]


def predict(parameters, x, h0=None):
    """Logits (N, T, K) for x (N, T, D), and the cache."""
    Wx, Wh, b, Wy, by = parameters
    if h0 is None:
        h0 = np.zeros((len(x), len(Wh)))  # (N, H)
    h, cache = rnn_forward(x, h0, Wx, Wh, b)
    return h @ Wy + by, (h, cache)  # (5)  (N, T, H) @ (H, K) -> (N, T, K)


# %%
def gradients_of_loss(parameters, x, t):
    """The loss (11) and its gradients by all parameters; t (N, T), -1 where nothing is asked."""
    Wy = parameters[3]
    H, K = Wy.shape
    z, (h, cache) = predict(parameters, x)
    y = softmax(z)
    asked = t >= 0  # (N, T), the mask m
    L = -np.log(y[asked, t[asked]]).mean()  # (11): of each step that is asked, its target's y
    # (N, T, K) * (N, T, 1); the mask also takes out what a target of -1 has put into one_hot
    dz = (y - one_hot(t, K)) * asked[..., None] / asked.sum()  # (11)
    # one product adds up over sequences and steps: (H, N T) @ (N T, K) -> (H, K)
    dWy = h.reshape(-1, H).T @ dz.reshape(-1, K)  # (12)
    _, _, dWx, dWh, db = rnn_backward(dz @ Wy.T, cache)  # (12), then (7) to (10)
    return L, [dWx, dWh, db, dWy, dz.sum(axis=(0, 1))]


def train(parameters, make_batch, steps, lr, seed=0):
    """Change ``parameters`` in place by ``steps`` steps of gradient descent; the loss of each."""
    rng = np.random.default_rng(seed)
    history = []
    for _ in range(steps):
        L, gradients = gradients_of_loss(parameters, *make_batch(rng))
        for p, dp in zip(parameters, gradients, strict=True):
            p -= lr * dp
        history.append(L)
    return np.array(history)


# %%
def names_batch(rng):
    """Thirty-two of the sentences that the feed-forward network learned from."""
    chosen = rng.integers(0, 1000, 32)
    return one_hot(names_train[0][chosen]), names_train[1][chosen]


names_parameters = first_parameters(np.random.default_rng(0), V, 32, 2)
train(names_parameters, names_batch, steps=500, lr=0.5)
print("parameters: feed-forward", sum(p.size for p in feed_forward_parameters), end=", ")
print("recurrent", sum(p.size for p in names_parameters))
for where, (ids, is_name) in names_tests.items():
    share = names_right(predict(names_parameters, one_hot(ids))[0], ids, is_name)
    print(f"names among {where}: {share:.1%} right")

# %% [markdown]
# It has never seen a name in the last six words either, but it does not know that they are the last six. The weights
# that have learned what *mr* means are there at every step.
#
# ## Five shapes of tasks
#
# Let $T_x$ be the number of inputs and $T_y$ that of outputs. Lectures sort tasks by the two into five shapes; N and M
# stand for "many" here.
#
# | shape | lengths | example here |
# |--|--|--|
# | 1:1 | $T_x = T_y = 1$ | a picture of a digit to the digit |
# | 1:N | $T_x = 1$ | a picture of a digit to its name, letter by letter |
# | N:1 | $T_y = 1$ | a review to good or bad |
# | N:N, in step | $T_x = T_y$, an output for each input | adding two numbers, digit by digit |
# | N:M | $T_x$ and $T_y$ differ, the outputs come after the whole input | a number in words to its digits |


# %%
def draw_shape(axes, title, inputs, outputs, steps, fed_back=()):
    """A row of states; which steps have an input, an output, an output that is the next input."""
    axes.set_axis_off()
    axes.set(xlim=(-0.8, 4.8), ylim=(-0.6, 2.9), title=title)
    ends = {"shrinkA": 7, "shrinkB": 7}
    for t in range(steps):
        x_place = t + (5 - steps) / 2 - 0.5
        below, state, above = (x_place, 0), (x_place, 1.1), (x_place, 2.2)
        next_state = (x_place + 1, 1.1)
        node(axes, state, "", 12)
        if t + 1 < steps:
            arrow(axes, state, next_state, colour=COLOURS[1], **ends)
        if t in inputs:
            node(axes, below, "", 12, COLOURS[0])
            arrow(axes, below, state, colour=COLOURS[0], **ends)
        if t in outputs:
            node(axes, above, "", 12, COLOURS[2])
            arrow(axes, state, above, colour=COLOURS[2], **ends)
        if t in fed_back:
            arrow(axes, above, next_state, colour="grey", linestyle="--", **ends)


figure, panels = new_figure(10, 2.4, ncols=5)
draw_shape(panels[0], "1:1", {0}, {0}, 1)
draw_shape(panels[1], "1:N", {0}, {0, 1, 2, 3}, 4, {0, 1, 2})
draw_shape(panels[2], "N:1", {0, 1, 2, 3}, {3}, 4)
draw_shape(panels[3], "N:N in step", {0, 1, 2, 3}, {0, 1, 2, 3}, 4)
draw_shape(panels[4], "N:M", {0, 1, 2}, {2, 3, 4}, 5, {2, 3})
show(figure)

# %% [markdown]
# Inputs are blue, states black, outputs green; a dashed arrow is an output that becomes the next input. The one
# function `gradients_of_loss` trains all five. The targets say which steps have an output, with $-1$ at the others;
# where there is no input, $x_t$ is zero.
#
# ### 1:1, a picture of a digit
#
# A pocket calculator shows digits with seven bars that are light or dark. Our pictures have a number for each bar, with
# some noise. One step from the state zero is $\tanh(x W_x + b)$ and a dense layer on it: the network of chapter 1, with
# tanh in place of the sigmoid.

# %%
BARS = "1110111 0010010 1011101 1011011 0111010 1101011 1101111 1010010 1111111 1111011".split()
BARS = np.array([[float(bar) for bar in digit] for digit in BARS])  # (10, 7)


def pictures(rng, N):
    """Noisy bars (N, 7) of random digits, and the digits (N,)."""
    digits = rng.integers(0, 10, N)
    return BARS[digits] + 0.25 * rng.standard_normal((N, 7)), digits


def one_to_one_batch(rng, N=32):
    x, digits = pictures(rng, N)
    return x[:, None], digits[:, None]  # (N, 1, 7), (N, 1)


figure, panels = new_figure(8, 1.7, ncols=10)
segments = [((0, 2), (1, 2)), ((0, 1), (0, 2)), ((1, 1), (1, 2)), ((0, 1), (1, 1))]
segments += [((0, 0), (0, 1)), ((1, 0), (1, 1)), ((0, 0), (1, 0))]  # where the seven bars lie
pixels = BARS + 0.25 * np.random.default_rng(0).standard_normal((10, 7))
for axes, bars in zip(panels, pixels, strict=True):
    axes.set_axis_off()
    axes.set_aspect("equal")
    for ((x1, y1), (x2, y2)), dark in zip(segments, bars, strict=True):
        grey = str(1 - np.clip(dark, 0.05, 1))  # "0" is black, "1" is white
        axes.plot([x1, x2], [y1, y2], color=grey, linewidth=5)
show(figure)

# %%
curves, scores = {}, {}
one_to_one = first_parameters(np.random.default_rng(0), 7, 16, 10)
curves["1:1"] = train(one_to_one, one_to_one_batch, steps=1500, lr=0.5)
x, t = one_to_one_batch(np.random.default_rng(1), 1000)
scores["1:1"] = (predict(one_to_one, x)[0].argmax(axis=-1) == t).mean()
nearest = ((x - BARS) ** 2).sum(axis=-1).argmin(axis=1)  # (1000, 10) -> (1000,)
print(f"digits read right: {scores['1:1']:.1%}; ", end="")
print(f"by the nearest of the ten clean pictures: {(nearest == t[:, 0]).mean():.1%}")

# %% [markdown]
# The noise makes some digits look like others. As it is equally strong at every bar, and all digits are equally
# frequent, nobody can do better in the long run than to take the nearest clean picture. The network has never seen a
# clean one.
#
# ### 1:N, a picture to a word
#
# Now the network has to write the digit's name: *t h r e e* and an end mark, here a full stop. The picture comes in at
# the first step. The output of a step is a probability for each letter, and one of them is chosen and written. For the
# network to know which, that letter is the input of the next step. In training the input is the *right* letter instead,
# whatever the network would have written. This is **teacher forcing** (교사 강요). It saves the network from going on
# after its own nonsense while it knows nothing.

# %%
NAMES = "zero one two three four five six seven eight nine".split()
LETTERS = sorted(set("".join(NAMES))) + ["."]
END = len(LETTERS) - 1


def one_to_many_batch(rng, N=32):
    """Inputs (N, 6, 7 + letters): picture, then letters; targets (N, 6): letters, end mark, -1."""
    bars, digits = pictures(rng, N)
    x = np.zeros((N, 6, 7 + len(LETTERS)))
    t = np.full((N, 6), -1)
    x[:, 0, :7] = bars
    for n, digit in enumerate(digits):
        word = [LETTERS.index(letter) for letter in NAMES[digit] + "."]
        t[n, : len(word)] = word
        for step, letter in enumerate(word[:-1]):
            x[n, step + 1, 7 + letter] = 1  # teacher forcing: one step later, the right letter
    return x, t


one_to_many = first_parameters(np.random.default_rng(0), 7 + len(LETTERS), 32, len(LETTERS))
curves["1:N"] = train(one_to_many, one_to_many_batch, steps=2500, lr=0.3)
print(f"loss at the end: {curves['1:N'][-100:].mean():.3f} nats per letter")


# %% [markdown]
# When it is used there is no teacher. The network reads what there is to read, takes its most probable letter, feeds it
# back in, and so on until it writes the end mark.


# %%
def write(parameters, x, feed, end, most=8):
    """Read x (T, D), then write ids; ``feed(id)`` (D,) is the input of the step after an id."""
    Wx, Wh, b, Wy, by = parameters
    h = np.zeros(len(Wh))
    for x_t in x:
        h = rnn_step(x_t, h, Wx, Wh, b)  # (4)
    written = []
    while len(written) < most:
        k = int((h @ Wy + by).argmax())  # (5)
        if k == end:
            break
        written.append(k)
        h = rnn_step(feed(k), h, Wx, Wh, b)  # (4)
    return written


def feed_letter(k):
    return np.concatenate([np.zeros(7), np.eye(len(LETTERS))[k]])


bars, digits = pictures(np.random.default_rng(1), 1000)
inputs = np.concatenate([bars, np.zeros((1000, len(LETTERS)))], axis=1)[:, None]  # (1000, 1, D)
written = ["".join(LETTERS[k] for k in write(one_to_many, x, feed_letter, END)) for x in inputs]
scores["1:N"] = np.mean([word == NAMES[digit] for word, digit in zip(written, digits, strict=True)])
print("written:", " ".join(written[:10]))
print(f"whole names right: {scores['1:N']:.1%}")

# %% [markdown]
# ### N:1, a review to one answer
#
# A review is good if it says *very good* or *not bad*, and bad if it says *not good* or *very bad*. Each one also says
# *very long* or *not long*, which does not matter. So it is not enough to look which words occur; one has to see which
# of them stand together. Reviews have 4 to 12 words. To put them into one array, the short ones are filled up with
# zeros at the end, the padding of chapter 2. The only target stands at the last word, and what comes after it changes
# nothing: the padding costs time, but it has no part in any gradient.

# %%
REVIEW = "the film was and so it not very good bad long".split()


def reviews(rng, N):
    """Ids (N, 12), of which the first ``lengths`` (N,) count, and 1 for a good review, else 0."""
    ids = rng.integers(0, 6, (N, 12))
    lengths = rng.integers(4, 13, N)
    good = np.zeros(N, int)
    for n in range(N):
        # two places for two words each, one behind the other
        first = rng.integers(0, lengths[n] - 3)
        second = rng.integers(first + 2, lengths[n] - 1)
        opinion, matter = rng.permutation([first, second])
        word, adjective = rng.integers(0, 2, 2)  # not or very; good or bad
        ids[n, opinion : opinion + 2] = 6 + word, 8 + adjective
        ids[n, matter : matter + 2] = rng.integers(6, 8), 10
        good[n] = word != adjective  # very good, not bad
    return ids, lengths, good


def many_to_one_batch(rng, N=32):
    ids, lengths, good = reviews(rng, N)
    filled = np.arange(12) < lengths[:, None]  # (12,) and (N, 1) -> (N, 12), True at words
    x = one_hot(ids, len(REVIEW)) * filled[..., None]  # (N, 12, D)
    t = np.full((N, 12), -1)
    t[np.arange(N), lengths - 1] = good
    return x, t


ids, lengths, good = reviews(np.random.default_rng(8), 4)
for n in range(4):
    print(" ".join(REVIEW[k] for k in ids[n, : lengths[n]]), "->", ("bad", "good")[good[n]])
many_to_one = first_parameters(np.random.default_rng(0), len(REVIEW), 24, 2)
curves["N:1"] = train(many_to_one, many_to_one_batch, steps=3000, lr=0.1)
x, t = many_to_one_batch(np.random.default_rng(1), 1000)
scores["N:1"] = (predict(many_to_one, x)[0].argmax(axis=-1) == t)[t >= 0].mean()
print(f"reviews understood: {scores['N:1']:.1%}")

# %% [markdown]
# ### N:N in step, adding numbers
#
# Two numbers in binary digits come in, the lowest digits first: two bits at each step. Out comes the bit of the sum.
# The network has to find out that there is something to carry, and keep it in its state. It learns with numbers of 8
# bits and is tested with numbers of 50.


# %%
def in_step_batch(rng, N=32, bits=8):
    """Two numbers (N, bits, 2), lowest bits first, the highest 0; and their sum (N, bits)."""
    x = rng.integers(0, 2, (N, bits, 2))
    x[:, -1] = 0
    powers = 2 ** np.arange(bits)
    total = (x * powers[:, None]).sum(axis=(1, 2))  # (N,), as whole numbers
    return x.astype(float), total[:, None] // powers % 2


in_step = first_parameters(np.random.default_rng(0), 2, 16, 2)
curves["N:N"] = train(in_step, in_step_batch, steps=1500, lr=0.3)
x, t = in_step_batch(np.random.default_rng(1), 1000, bits=50)
scores["N:N"] = (predict(in_step, x)[0].argmax(axis=-1) == t).all(axis=1).mean()
print(f"sums of 50 bits without any mistake: {scores['N:N']:.1%}")

x, _ = in_step_batch(np.random.default_rng(4), 1)
answer = predict(in_step, x)[0].argmax(axis=-1)[0]
powers = 2 ** np.arange(8)
first, second = (x[0].T @ powers).astype(int)  # (2, 8) @ (8,) -> (2,)
print(f"for example: {first} + {second} = {answer @ powers}")

# %% [markdown]
# Where does it keep the carry? Compute the true carries, and look for the neuron whose state goes with them most
# closely. The measure is the correlation: near 1 for two rows of numbers that go up and down together, near $-1$ if one
# goes down where the other goes up, near 0 if they have nothing to do with each other.

# %%
x, t = in_step_batch(np.random.default_rng(5), 200, bits=30)
h = predict(in_step, x)[1][0]  # (200, 30, 16)
carry = np.zeros((200, 31))
for k in range(30):
    carry[:, k + 1] = x[:, k].sum(axis=1) + carry[:, k] >= 2  # two ones or three: carry one
# corrcoef gives a table of all pairs of its two rows; at [0, 1] stands the first with the second
correlation = [np.corrcoef(h[..., k].ravel(), carry[:, 1:].ravel())[0, 1] for k in range(16)]
best = int(np.argmax(np.abs(correlation)))
print(f"neuron {best} and the carry: correlation {correlation[best]:.2f}")

figure, axes = new_figure(9, 3.2)
axes.step(np.arange(1, 31), carry[0, 1:], where="mid", color="grey", label="carry, computed")
axes.plot(np.arange(1, 31), h[0, :, best], "o-", color=COLOURS[0], label=f"state of neuron {best}")
axes.legend(loc="lower left", fontsize=9)
label(axes, "One neuron remembers the carry", "time step (bits, lowest first)", "value")
show(figure)

# %% [markdown]
# ### N:M, words to digits
#
# *nine hundred forty two* are four words, 942 has three digits; *forty* is one word for two digits. The output cannot
# begin before the input is over, and its length is not known from the start. The network first reads all words, then a
# mark that says "now write", and from then on it writes as in 1:N. It learns with 800 numbers below 1000; the other 200
# it has never seen.

# %%
TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
SMALL = NAMES + TEENS
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
NUMBER_WORDS = [*SMALL, *TENS, "hundred"]
GO = 10  # after the ten digits: the mark "now write" as an input, the end mark as an output


def in_words(number):
    """942 as ["nine", "hundred", "forty", "two"]."""
    if number < 20:
        return [SMALL[number]]
    if number < 100:
        first, rest = [TENS[number // 10 - 2]], number % 10
    else:
        first, rest = [SMALL[number // 100], "hundred"], number % 100
    return first + (in_words(rest) if rest else [])


def feed_digit(k):
    return np.concatenate([np.zeros(len(NUMBER_WORDS)), np.eye(11)[k]])


def read_words(number):
    """Inputs (words + 1, D): the words, one-hot, and the mark."""
    words = [one_hot(NUMBER_WORDS.index(word), len(NUMBER_WORDS) + 11) for word in in_words(number)]
    return np.array([*words, feed_digit(GO)])


every_x, every_t = np.zeros((1000, 8, len(NUMBER_WORDS) + 11)), np.full((1000, 8), -1)
for number in range(1000):
    given, digits = read_words(number), [int(digit) for digit in str(number)]
    every_x[number, : len(given)] = given
    start = len(given) - 1  # where the mark stands, the first digit is to come out
    end = start + len(digits)  # and here the end mark
    every_x[number, start + 1 : end + 1] = [feed_digit(k) for k in digits]  # teacher forcing
    every_t[number, start : end + 1] = [*digits, GO]

# %%
shuffled = np.random.default_rng(0).permutation(1000)
numbers_known, numbers_new = shuffled[:800], shuffled[800:]


def many_to_many_batch(rng):
    chosen = rng.choice(numbers_known, 32)
    return every_x[chosen], every_t[chosen]


many_to_many = first_parameters(np.random.default_rng(0), len(NUMBER_WORDS) + 11, 48, 11)
curves["N:M"] = train(many_to_many, many_to_many_batch, steps=4000, lr=0.2)

right = []
for number in numbers_new:
    digits = write(many_to_many, read_words(number), feed_digit, GO)
    right.append(digits == [int(digit) for digit in str(number)])
    if len(right) <= 4:
        print(" ".join(in_words(number)), "->", "".join(map(str, digits)))
scores["N:M"] = np.mean(right)
print(f"numbers never seen, right to the last digit: {scores['N:M']:.1%}")

# %% [markdown]
# Here one network reads and writes. Programs that translate often have two, with weights of their own: the state in
# which the first has read everything is the one from which the second begins.

# %%
figure, axes = new_figure(8, 4)
for (shape, curve), colour in zip(curves.items(), COLOURS, strict=False):
    smooth = np.convolve(curve, np.ones(50) / 50, mode="valid")  # means of 50 neighbours
    name = f"{shape}: {scores[shape]:.1%} right at the end"
    axes.plot(np.arange(50, len(curve) + 1), smooth, color=colour, label=name)
axes.set_yscale("log")
axes.legend(fontsize=9)
label(axes, "Five shapes, one program", "training step", "loss (nats), mean of 50 steps")
show(figure)

# %% [markdown]
# A curve may jump up on its way, as that of N:M does here: for a few steps the gradient was more than ten times as large
# as usual, and gradient descent overshot the valley. Chapter 6 says where such gradients come from, and what to do.
#
# ### The same with the package
#
# The layers [`RNN`](../scratchnn/recurrent/rnn.py) and `Dense` hold the parameters; the loss takes a mask that says
# which targets count. With the same start and the same batches, the losses on the number words have to be the same.

# %%
recurrent = RNN(len(NUMBER_WORDS) + 11, 48, rng=rng)
dense = Dense(48, 11, rng=rng)
layers = Sequential(recurrent, dense)  # a list of parameters, for the optimizer
layers.astype(np.float64)
start = first_parameters(np.random.default_rng(0), len(NUMBER_WORDS) + 11, 48, 11)
for parameter, value in zip(layers.parameters(), start, strict=True):
    parameter.data = value
optimizer = SGD(layers.parameters(), lr=0.2)

batch_rng, package_curve = np.random.default_rng(0), []
for _ in range(20):
    x, t = many_to_many_batch(batch_rng)
    y, _ = recurrent.forward(x)
    L, loss_cache = losses.softmax_cross_entropy_forward(dense.forward(y), t, mask=t >= 0)
    recurrent.backward(dense.backward(losses.softmax_cross_entropy_backward(1.0, loss_cache)))
    optimizer.step()
    layers.clear_gradients()
    package_curve.append(L)
same = np.allclose(package_curve, curves["N:M"][:20], rtol=0, atol=1e-9)
print("the same losses in twenty steps:", same)

# %% [markdown]
# ## Truncated BPTT
#
# A text is one long sequence. The Penn Treebank, the newspaper text of chapter 2, has 929,589 words. To go back through
# all of it, one would have to keep every state, and all that work would make one single step of learning.
#
# So cut the sequence into windows of $T$ steps. Forward, nothing is cut: the state at the end of a window is the first
# state of the next one. Backward, the gradient stops at the beginning of each window, and the parameters are changed at
# once. This is **truncated BPTT** (절단 BPTT).
#
# $$ h_0 \;\; \mathrm{of \; window} \;\; k + 1 \;\; \mathrm{is} \;\; h_T \;\; \mathrm{of \; window} \;\; k \tag{13} $$
#
# The gradient $dh_0$, which says how this state should have been, is thrown away.

# %%
print("memory for states of 100 numbers, four bytes each")
for name, states in [("929,589 words", 929_589), ("windows of 35 words, 20 side by side", 35 * 20)]:
    print(f"    {name:<37} {states * 100 * 4 / 1e6:6.2f} million bytes")

figure, axes = empty_drawing(10, 2.9)
for k, t in enumerate((1, 2, 3, 4, 5, 6)):
    x_place = 1.8 + 1.35 * k + (0.35 if t > 3 else 0)
    node(axes, (x_place, 1.3), f"$h_{t}$")
    before = 0.5 if t == 1 else x_place - 1.35 - (0.35 if t == 4 else 0)
    arrow(axes, (before, 1.38), (x_place, 1.38), colour=COLOURS[0], shrinkA=6 if t == 1 else 17)
    if t not in (1, 4):
        arrow(axes, (x_place, 1.22), (before, 1.22), colour=COLOURS[1])
    top, state = (x_place + 0.07, 2.6), (x_place + 0.07, 1.3)
    arrow(axes, top, state, f"$dy_{t}$", COLOURS[1], (0.27, 0.2), shrinkA=4)
for x_place in (1.12, 5.35):
    axes.plot([x_place, x_place], [0.4, 2.3], "--", color="grey")
    axes.plot(x_place + 0.15, 1.18, "x", color=COLOURS[1], markersize=9, markeredgewidth=2)
axes.text(3.2, 0.35, "window 1", ha="center")
axes.text(7.5, 0.35, "window 2", ha="center")
axes.set_title("States (blue) pass from window to window, gradients (orange) do not")
show(figure)

# %% [markdown]
# What does the cut do to the gradient? Take sixty steps, whole and in windows. The states come out the same. The
# gradient would be the same, too, if one went through the windows from the last to the first and handed $dh_0$ of each
# to the one before. That is what truncated BPTT leaves out.

# %%
N, T, D, H = 8, 60, 3, 10
Wx, Wh, b, _, _ = first_parameters(rng, D, H, 1)
x, long_dy = rng.standard_normal((N, T, D)), rng.standard_normal((N, T, H))
h, cache = rnn_forward(x, np.zeros((N, H)), Wx, Wh, b)
_, _, _, whole_dWh, _ = rnn_backward(long_dy, cache)


def in_windows(width, long_dy, hand_back=False):
    """States (N, T, H) and dWh, in windows; with ``hand_back``, dh_0 goes to the window before."""
    state, caches, states = np.zeros((N, H)), [], []
    for start in range(0, T, width):
        part, cache = rnn_forward(x[:, start : start + width], state, Wx, Wh, b)
        state = part[:, -1]  # (13)
        states.append(part)
        caches.append(cache)
    dWh, dh0 = np.zeros((H, H)), np.zeros((N, H))
    for k in reversed(range(len(caches))):
        dy = long_dy[:, k * width : (k + 1) * width].copy()
        if hand_back:
            dy[:, -1] += dh0  # truncated BPTT throws it away
        _, dh0, _, part, _ = rnn_backward(dy, caches[k])
        dWh += part
    return np.concatenate(states, axis=1), dWh


states, handed_back = in_windows(10, long_dy, hand_back=True)
same_states = np.allclose(states, h, rtol=0, atol=1e-12)
same_gradient = np.allclose(handed_back, whole_dWh, rtol=0, atol=1e-12)
print("in windows of ten, the states are the same:", same_states)
print("with dh_0 handed back, so is the gradient: ", same_gradient)

# %% [markdown]
# And how far off is it if nothing is handed back? Take the length of the difference, which is the root of the sum of
# the squares of its entries, as a share of the length of the whole gradient.


# %%
def length(g):
    """The root of the sum of the squares of all entries."""
    return np.sqrt((g * g).sum())


widths = (1, 2, 3, 5, 10, 15, 20, 30, 60)
off = np.zeros(len(widths))
for _ in range(20):  # the mean over twenty random gradients
    dy = rng.standard_normal((N, T, H))
    whole = rnn_backward(dy, cache)[3]
    off += [length(in_windows(width, dy)[1] - whole) / length(whole) / 20 for width in widths]
print(f"windows of 5 steps: {off[3]:.0%} off; of 30 steps: {off[7]:.0%} off")

figure, axes = new_figure(7, 3.6)
axes.plot(widths, 100 * off, "o-", color=COLOURS[1])
axes.set_ylim(bottom=0)
label(axes, "What the cut takes away from dWh", "window T (steps)", "off the whole gradient (%)")
show(figure)

# %% [markdown]
# The longer the windows, the better the gradient. And what lies further back than the window? The network may still
# *use* it, because the state carries it across the cut. It only cannot learn *through* the cut that something there
# should have been remembered.
#
# ### Streams
#
# To have $N$ examples in a batch, let $N$ readers begin at $N$ places of the text, and each read on from where it has
# stopped. Of a text of $M$ ids $w_p$, reader $n$ begins at place $nL$ with $L = \lfloor (M - 1) / N \rfloor$, the whole
# part of the quotient. In step $k$ it reads the ids at the places $p$, and the target of each is the id after it:
#
# $$ p = n L + k T + t, \;\; t = 0 \ldots T - 1 \qquad x_{nt} = w_p \qquad \mathrm{target}_{nt} = w_{p+1} \tag{14} $$
#
# An epoch has $\lfloor L / T \rfloor$ steps, and $k$ counts on in the next one; who comes to the end of the text goes on
# at its beginning. The batches must keep their order, since the state of row $n$ belongs to the text of row $n$.


# %%
def stream_batch(ids, N, T, k):
    """Step k: inputs and targets (N, T) of the text ids (M,)."""
    L = (len(ids) - 1) // N
    p = L * np.arange(N)[:, None] + k * T + np.arange(T)  # (14)  (N, 1) + (T,) -> (N, T)
    p = p % (len(ids) - 1)  # behind the end comes the beginning
    return ids[p], ids[p + 1]


letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
for k in range(2):
    inputs, targets = stream_batch(letters, 3, 4, k)
    print(f"step {k}: inputs", *("".join(row) for row in inputs), end="   ")
    print("targets", *("".join(row) for row in targets))

ids = rng.integers(0, 100, 1000)
streams = TokenStreams(ids, 10, 7)
ours = [stream_batch(ids, 10, 7, k) for k in range(len(streams))]
theirs = [streams.batch(0, k) for k in range(len(streams))]
print(f"the package gives the same {len(ours)} batches:", np.array_equal(ours, theirs))

# %% [markdown]
# ## A language model
#
# A language model gives a probability to every word that may come next (chapter 3). With it, a whole text has a
# probability, too: that of its first word, times that of the second after the first, and so on:
#
# $$ P(w_1, \ldots, w_M) = P(w_1) \; P(w_2 \mid w_1) \cdots P(w_M \mid w_1, \ldots, w_{M-1}) \tag{15} $$
#
# Each word depends on all the words so far. The network of chapter 3 saw a fixed number of them, as any feed-forward
# network does. A recurrent network has read them all: what it knows of them is in its state, and softmax gives a
# probability to each word of the vocabulary. That is the shape N:N in step, with the next word as the target. The words
# come in through an embedding layer (chapter 4), as rows of a table $W_e$:
#
# $$ e_t = W_e[w_t] \qquad h_t = \tanh(e_t W_x + h_{t-1} W_h + b) \qquad z_t = h_t W_y + b_y \tag{16} $$
#
# ### Perplexity
#
# The loss is the mean cross-entropy of the next words, in nats. Raise $e$ to it, and you have the perplexity of
# chapter 3:
#
# $$ L = - \frac{1}{M} \sum_t \log P(w_{t+1} \mid w_1, \ldots, w_t) \qquad \mathrm{perplexity} = e^L \tag{17} $$
#
# A model with perplexity 4 is as uncertain about the next word as if it had to choose between four that are equally
# probable. Never in doubt and always right would be 1.

# %%
print("probabilities of the words that came")
for p in ([0.25, 0.25, 0.25, 0.25], [1.0, 1.0, 1.0, 1.0], [0.5, 0.9, 0.1, 0.5]):
    L = np.log(1 / np.array(p)).mean()  # (17); the logarithm of 1 / p is - log p
    print(f"    {p!s:<24}  loss {L:.3f}, perplexity {np.exp(L):.2f}")

# %% [markdown]
# ### A language whose best score is known
#
# How low can it get? A real text does not tell. So let us make a language of our own. The table says, for each state
# of a sentence, which words may come, with what probability, and in which state the sentence is afterwards. A subject
# is *one* or *many*, and its verb has to agree with it: *the dog sleeps*, *the dogs sleep*, also with three words in
# between: *the dog near the cats sleeps*.

# %%
ONE, MANY = "dog cat girl boy".split(), "dogs cats girls boys".split()
ADJECTIVES = "small old young".split()
VERBS = {"one": (["sleeps", "runs"], ["sees", "hears"])}  # verbs that stand alone; with an object
VERBS["many"] = (["sleep", "run"], ["see", "hear"])


def choices(words, probability, after):
    """The words share the probability; ``after`` is the state after them."""
    return [(word, probability / len(words), after) for word in words]


def verbs(number, probability):
    """Half of the probability for the verbs that stand alone, half for those with an object."""
    alone, with_object = VERBS[number]
    return choices(alone, probability / 2, "end") + choices(with_object, probability / 2, "object")


GRAMMAR = {
    "start": choices(["the"], 0.6, "the") + choices(["a"], 0.4, "a"),
    "the": [
        *choices(ADJECTIVES, 0.3, "the old"),
        *choices(ONE, 0.35, "one"),
        *choices(MANY, 0.35, "many"),
    ],
    "the old": choices(ONE, 0.5, "one") + choices(MANY, 0.5, "many"),
    "a": choices(ADJECTIVES, 0.3, "a old") + choices(ONE, 0.7, "one"),
    "a old": choices(ONE, 1.0, "one"),
    "object": choices(["the"], 0.6, "object the") + choices(["a"], 0.4, "object a"),
    "object the": choices(ONE + MANY, 1.0, "end"),
    "object a": choices(ONE, 1.0, "end"),
    "end": choices(["."], 0.8, "start") + choices(["and"], 0.2, "start"),
}
for number in ("one", "many"):
    GRAMMAR[number] = choices(["near"], 0.4, f"{number} near") + verbs(number, 0.6)
    GRAMMAR[f"{number} near"] = choices(["the"], 1.0, f"{number} near the")
    GRAMMAR[f"{number} near the"] = choices(ONE + MANY, 1.0, f"{number} near it")
    GRAMMAR[f"{number} near it"] = verbs(number, 1.0)

lexicon = Vocabulary.build((word for rows in GRAMMAR.values() for word, _, _ in rows), specials=())
print(f"{len(GRAMMAR)} states, {len(lexicon)} words")


# %%
def make_text(rng, M):
    """Ids (M,) of a text in this language, and the logarithm of each word's probability (M,)."""
    state, ids, logarithms = "start", [], []
    for _ in range(M):
        words, probabilities, after = zip(*GRAMMAR[state], strict=True)
        k = rng.choice(len(words), p=probabilities)
        ids.append(lexicon.ids[words[k]])
        logarithms.append(np.log(probabilities[k]))
        state = after[k]
    return np.array(ids), np.array(logarithms)


train_ids, _ = make_text(np.random.default_rng(0), 30_000)
test_ids, test_logarithms = make_text(np.random.default_rng(1), 5_000)
for sentence in " ".join(lexicon.decode(train_ids[:60])).split(" . ")[:5]:
    print(sentence + " .")

# %% [markdown]
# Nobody can foresee what the language itself leaves to chance. Suppose that the next word is $w$ with probability $p_w$
# and that a model says $y_w$. Its gradient by the logits is $y - \mathrm{onehot}(w)$ (chapter 1), in the mean over the
# words that may come $y - p$, and that is zero where $y = p$: the best that one can say is the true probability. It
# costs $- \log p_w$ with probability $p_w$, in the mean $- \sum_w p_w \log p_w$. This is the **entropy** (엔트로피) of
# the choice. In our language the words so far always tell the state. If $p_{sw}$ are the probabilities in state $s$ and
# $\pi_s$ is the share of the time that a text is in this state, the mean over a long text is
#
# $$ \mathrm{entropy} = - \sum_s \pi_s \sum_w p_{sw} \log p_{sw} \tag{18} $$
#
# and no model's loss can be lower in the long run. To find $\pi$, begin with any shares and go on from word to word
# with the probabilities of the table; after many words the shares do not change any more.

# %%
states = list(GRAMMAR)
move = np.zeros((len(states), len(states)))  # from state to state
emit = np.zeros((len(states), len(lexicon)))  # probability of each word in each state
for s, rows in enumerate(GRAMMAR.values()):
    for word, p, after in rows:
        move[s, states.index(after)] += p
        emit[s, lexicon.ids[word]] += p
pi = np.full(len(states), 1 / len(states))
for _ in range(2000):
    # the mean of before and after: shares that go round in a circle would never come to rest
    pi = (pi + pi @ move) / 2
print("one word later the shares are the same:", np.allclose(pi @ move, pi, rtol=0, atol=1e-12))

# %% [markdown]
# The same formula says how well one can do who knows less: with $V$ equal chances, with the frequency of each word, or
# with the probabilities after the last word, where the last word takes the place of the state.


# %%
def entropy(p, weights=1.0):
    """Equation (18): the sum of - weights * p * log p; where p is 0, nothing is added."""
    return -(weights * p * np.log(np.where(p > 0, p, 1))).sum()


single = pi @ emit  # probability of each word
pairs = np.zeros((len(lexicon), len(lexicon)))  # that one word comes and then the other
for s, rows in enumerate(GRAMMAR.values()):
    for word, p, after in rows:
        pairs[lexicon.ids[word]] += pi[s] * p * emit[states.index(after)]
after_one = pairs / single[:, None]  # probability of each next word after a word
floors = {
    "nothing": np.log(len(lexicon)),
    "how frequent each word is": entropy(single),
    "the last word": entropy(after_one, single[:, None]),
    "all words so far": entropy(emit, pi[:, None]),  # (18)
}
for known, floor in floors.items():
    print(f"best perplexity if one knows {known:<28} {np.exp(floor):6.2f}")
best_possible = np.exp(-test_logarithms.mean())
print(f"{'the language itself, on our test text':<57} {best_possible:6.2f}")

# %% [markdown]
# Between 4.67 and 3.45 lies what a model can gain from a memory of more than one word. The last line is the score of
# the true probabilities on the very text on which we shall test: with some thousand words, luck plays a part, too.
#
# ### Training
#
# Forward and backward are those of the five tasks, with an embedding layer in front, whose gradient is added up by
# word, and with a first state that comes in and a last state that goes out.


# %%
def language_forward(parameters, ids, h0):
    """Equation (16): logits (N, T, V) for ids (N, T), and the cache."""
    We, *others = parameters
    z, cache = predict(others, We[ids], h0)  # (16)
    return z, cache


def language_gradients(parameters, ids, t, h0, backward=rnn_backward):
    """The loss (17) of one window, its gradients by all parameters, and the last state."""
    We, _, Wh, _, Wy, by = parameters
    z, (h, cache) = language_forward(parameters, ids, h0)
    y = softmax(z)
    right = np.take_along_axis(y, t[..., None], axis=-1)  # (N, T, 1), of each step its target's y
    L = -np.log(right).mean()  # (17)
    dz = (y - one_hot(t, len(by))) / t.size  # (11)
    dWy = h.reshape(-1, len(Wh)).T @ dz.reshape(-1, len(by))  # (12)
    # (12), then (7) to (10); dh_0, the second result, is thrown away (13)
    de, _, dWx, dWh, db = backward(dz @ Wy.T, cache)
    dWe = np.zeros(We.shape)
    np.add.at(dWe, ids, de)  # chapter 4: what comes to the same row is added up
    return L, [dWe, dWx, dWh, db, dWy, dz.sum(axis=(0, 1))], h[:, -1]


def perplexity_of(parameters, ids):
    """Perplexity on a text (M,), read from its beginning to its end."""
    z, _ = language_forward(parameters, ids[None, :-1], np.zeros((1, len(parameters[2]))))
    y = softmax(z[0])  # (M - 1, V)
    return np.exp(-np.log(y[np.arange(len(y)), ids[1:]]).mean())  # (17)


def first_language_parameters(seed, D=16, H=32):
    """We (V, D), and those of ``first_parameters``."""
    rng = np.random.default_rng(seed)
    We = 0.1 * rng.standard_normal((len(lexicon), D))
    return [We, *first_parameters(rng, D, H, len(lexicon))]


# %%
def train_language(parameters, epochs, N=10, T=10, lr=0.5, backward=rnn_backward):
    """Truncated BPTT; returns the training perplexity and the test perplexity of each epoch."""
    steps = (len(train_ids) - 1) // N // T
    state, history = np.zeros((N, len(parameters[2]))), []
    for epoch in range(epochs):
        epoch_losses = []
        for k in range(steps):
            ids, t = stream_batch(train_ids, N, T, epoch * steps + k)
            # (13): the state of this window is the first state of the next
            L, gradients, state = language_gradients(parameters, ids, t, state, backward)
            for p, dp in zip(parameters, gradients, strict=True):
                p -= lr * dp
            epoch_losses.append(L)
        history.append((np.exp(np.mean(epoch_losses)), perplexity_of(parameters, test_ids)))
    return np.array(history)


language_parameters = first_language_parameters(0)
language_history = train_language(language_parameters, epochs=10)
reached = language_history[-1, 1]
print(f"perplexity before training {perplexity_of(first_language_parameters(0), test_ids):.2f}")
print(f"on the test text after one epoch {language_history[0, 1]:.2f}, after ten {reached:.2f}")
above = reached / best_possible - 1
print(f"the language itself: {best_possible:.2f}; the network is {above:.1%} above it")

# %%
figure, axes = new_figure(8, 4.4)
epochs = np.arange(1, 11)
for column, name in enumerate(["network, training text", "network, test text"]):
    curve = language_history[:, column]
    axes.plot(epochs, curve, "o-", color=COLOURS[column], markersize=4, label=name)
for known, style in [("the last word", "--"), ("all words so far", "-")]:
    floor = np.exp(floors[known])
    name = f"best if one knows {known}: {floor:.2f}"
    axes.axhline(floor, color="grey", linestyle=style, label=name)
axes.set_ylim(3, 6)
axes.legend(fontsize=9)
label(axes, "A language model and the language", "epoch", "perplexity")
show(figure)  # for the README

# %% [markdown]
# The training curve begins higher because it is the mean over an epoch, in which the network is still learning. The
# test text is read after each epoch, and its curve is the one that counts. After one epoch it is below the best that is
# possible with the last word alone, so the network remembers more than that. It comes close to the floor of the
# language, and can only get below it by luck with a short test text.
#
# ### The same with the package
#
# [`LanguageModel`](../scratchnn/models/language_model.py) is equation (16),
# [`TokenStreams`](../scratchnn/text/streams.py) gives the batches (14), and [`Trainer`](../scratchnn/training/trainer.py) is
# the loop: it passes the state on, and `backward_loss` throws $dh_0$ away.

# %%
model = LanguageModel(len(lexicon), embedding_size=16, hidden_size=32, cell="rnn", rng=rng)
model.astype(np.float64)
for parameter, value in zip(model.parameters(), first_language_parameters(0), strict=True):
    parameter.data = value
optimizer, batches = SGD(model.parameters(), lr=0.5), TokenStreams(train_ids, 10, 10)
history = Trainer(model, optimizer, batches, progress=False).fit(10)
package_perplexities = np.exp([history.epoch_loss(epoch) for epoch in range(1, 11)])
same = np.allclose(package_perplexities, language_history[:, 0], rtol=1e-6)
print("the same perplexities in ten epochs:", same)
L, count = evaluate_text(model, test_ids)
print(f"on the {count:,} words of the test text:", f"{np.exp(L):.2f}")

# %% [markdown]
# A model that gives probabilities can also speak: draw the next word by its probability, feed it in, draw again.

# %%
spoken = generate(model, lexicon.encode(["."]), 60, np.random.default_rng(0))
for sentence in " ".join(lexicon.decode(spoken)).split(" . ")[:6]:
    print(sentence + " .")

# %% [markdown]
# ## On a real text
#
# The full run leaves our small language for the Penn Treebank, 929,589 words with 10,000 different ones. It takes two
# experiments from Saito's book *Deep Learning from Scratch 2*: an RNN on the first thousand words, from its chapter 5,
# and the whole text with settings from its chapter 6, where the book has an LSTM, the subject of our next chapter, in
# the place of the RNN. In this second run all gradients of a step together, as one vector, are shortened to the length
# `max_norm` if they are longer. That is called clipping, and the next chapter says why it is needed.


# %%
def run_language_model(ids, test_ids, size, embedding, hidden, N, T, lr, epochs, max_norm=None):
    """Train the package's RNN model; returns the perplexity of each epoch, and on the test text."""
    rng = np.random.default_rng(0)
    model = LanguageModel(size, embedding_size=embedding, hidden_size=hidden, cell="rnn", rng=rng)
    optimizer, batches = SGD(model.parameters(), lr=lr), TokenStreams(ids, N, T)
    history = Trainer(model, optimizer, batches, max_norm=max_norm, progress=False).fit(epochs)
    L, _ = evaluate_text(model, test_ids)
    return np.exp([history.epoch_loss(epoch + 1) for epoch in range(epochs)]), np.exp(L)


# %%
if FULL:
    try:
        ptb = {split: list(tokenize(load_ptb(split), "word")) for split in ("train", "test")}
    except DataError as error:
        raise SystemExit(f"error: {error}") from None
    words = Vocabulary.build(ptb["train"], specials=())
    few = Vocabulary.build(ptb["train"][:1000], specials=())
    few_ids = few.encode(ptb["train"][:1000])
    whole_ids, whole_test_ids = words.encode(ptb["train"]), words.encode(ptb["test"])
    small = {"embedding": 100, "hidden": 100, "N": 10, "T": 5, "lr": 0.1, "epochs": 100}
    large = {"embedding": 100, "hidden": 100, "N": 20, "T": 35, "lr": 5.0, "epochs": 4}
    runs = {
        "a thousand words, 100 epochs": (few_ids, few_ids, few, small),
        "the whole text, 4 epochs": (whole_ids, whole_test_ids, words, large | {"max_norm": 0.25}),
    }
else:
    settings = {"embedding": 16, "hidden": 32, "N": 10, "T": 10, "lr": 0.5, "epochs": 5}
    runs = {"our own language, 5 epochs": (train_ids, test_ids, lexicon, settings)}

for name, (learned, tested, words, settings) in runs.items():
    each, last = run_language_model(learned, tested, len(words), **settings)
    print(f"{name}, {len(words):,} different words; perplexity in training")
    print(f"{each[0]:.2f} in the first epoch, {each[-1]:.2f} in the last; test {last:.2f}")

# %% [markdown]
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch05_recurrence_and_bptt.py`, `SCRATCHNN_DATA` names the folder
# > with the text; seed 0, one core, 2026-11-21): the first thousand words, perplexity on these words themselves:
# > 417.76 in the first epoch, 3.53 in the hundredth. The book's own program for them, `ch05/train_custom_loop.py`, has
# > the same settings; run by us with NumPy's seed 0, it went from 401.41 to 5.25. The whole text, four epochs: training
# > 467.64 in the first, 169.80 in the fourth, test **187.00**. In print: 136 on the test text, by an LSTM of the same
# > size with a learning rate of 20. With that rate our RNN went astray within its first hundred steps, and with 10 as
# > well, so it had 5. Everything else is as in the book: 100 numbers for a word, 100 for the state, 20 streams, windows
# > of 35 words, gradients shortened to a length of 0.25.
#
# That one knows a thousand words by heart after a hundred epochs says little about language; the test text is what
# counts. There the RNN is far behind the LSTM. The smaller learning rate that it needs may be a reason, and what it
# cannot remember may be another; this run cannot tell them apart. Chapter 6 takes up both.
#
# ## What goes wrong
#
# > **What goes wrong.** A weight that is used many times collects many gradients. Write `=` for `+=`, and only one of
# > them is left, and nothing crashes. And a state that is handed from batch to batch is right only if the batches
# > follow each other. Shuffle them, and again nothing crashes. Only the first of these two is found by a gradient
# > check.
#
# ### A gradient that is replaced, not added to


# %%
def replacing_backward(dy, cache):
    """``rnn_backward`` with = in place of += in equation (10)."""
    x, h, Wx, Wh = cache
    dx, from_later = np.zeros(x.shape), np.zeros(dy[:, 0].shape)
    for t in reversed(range(x.shape[1])):
        da = (dy[:, t] + from_later) * (1 - h[:, t + 1] ** 2)  # (7), (8)
        dx[:, t] = da @ Wx.T  # (9)
        dWx = x[:, t].T @ da  # (10) without the sum
        dWh = h[:, t].T @ da  # (10) without the sum
        db = da.sum(axis=0)  # (10) without the sum over steps
        from_later = da @ Wh.T  # (7)
    return dx, from_later, dWx, dWh, db


replaced_history = train_language(first_language_parameters(0), 10, backward=replacing_backward)
print(f"test perplexity: right {reached:.2f}, replaced {replaced_history[-1, 1]:.2f}")

# %% [markdown]
# A difference that small is explained away at once: another start, another learning rate. In the left panel of the
# figure below, the wrong network learns a little later and arrives at the same place. The check sees it:

# %%
gradient_check(replacing_backward)

# %% [markdown]
# The gradients by $x$ and $h_0$ are right, so the way back through time is right. Wrong are the three that are sums
# over time. The mistake is in equation (10).
#
# ### A state that belongs to another text
#
# Shuffled mini-batches were a good thing in chapter 1. Here is the same training with one line changed: the windows
# come in random order. The state is still passed on, but now it is the memory of some other place of the text.


# %%
def train_in_any_order(parameters, epochs, N=10, T=10, lr=0.5, pass_on=True):
    """``train_language`` with shuffled windows; each begins with the last state, or with zero."""
    rng, steps = np.random.default_rng(0), (len(train_ids) - 1) // N // T
    zero = np.zeros((N, len(parameters[2])))
    state, history = zero, []
    for _ in range(epochs):
        epoch_losses = []
        for k in rng.permutation(steps):  # the one line
            ids, t = stream_batch(train_ids, N, T, k)
            h0 = state if pass_on else zero
            L, gradients, state = language_gradients(parameters, ids, t, h0)
            for p, dp in zip(parameters, gradients, strict=True):
                p -= lr * dp
            epoch_losses.append(L)
        history.append((np.exp(np.mean(epoch_losses)), perplexity_of(parameters, test_ids)))
    return np.array(history)


shuffled_history = train_in_any_order(first_language_parameters(0), 10)
reset_history = train_in_any_order(first_language_parameters(0), 10, pass_on=False)
print("training perplexity after ten epochs")
print(f"    in order, state passed on          {language_history[-1, 0]:.2f}")
print(f"    shuffled, state from zero          {reset_history[-1, 0]:.2f}")
print(f"    shuffled, state of another place   {shuffled_history[-1, 0]:.2f}")

# %%
figure, (left, right) = new_figure(10, 4, ncols=2)
label(left, "Replaced, not added: test text", "epoch", "perplexity")
label(right, "Shuffled: training text", "epoch", "perplexity")
floor = np.exp(floors["all words so far"])
for axes, column in [(left, 1), (right, 0)]:
    axes.plot(epochs, language_history[:, column], color=COLOURS[0], label="right")
    axes.axhline(floor, color="grey", linestyle="--", label="the language itself")
    axes.set_ylim(3.2, 5.5)
left.plot(epochs, replaced_history[:, 1], color=COLOURS[1], label="= in place of +=")
right.plot(epochs, reset_history[:, 0], color=COLOURS[2], label="shuffled, state from zero")
name = "shuffled, state of another place"
right.plot(epochs, shuffled_history[:, 0], color=COLOURS[1], label=name)
left.legend()
right.legend()
show(figure)

# %% [markdown]
# The orange curve on the right falls and comes to rest, as curves do. A gradient check finds nothing, because every
# gradient is right: it is the right gradient of a wrong question. What tells is the comparison. No memory at all is
# better than this one, so what it remembers cannot be right. In the end only a look at the batches themselves proves
# it: the next batch has to begin with the words that were the last targets.


# %%
def batches_follow(order, N=10, T=10):
    """Whether the first inputs of each batch are the last targets of the batch before."""
    batches = [stream_batch(train_ids, N, T, k) for k in order]
    return all((after[0][:, 0] == before[1][:, -1]).all() for before, after in pairwise(batches))


steps = (len(train_ids) - 1) // 10 // 10
orders = {"in order": range(steps), "shuffled": np.random.default_rng(0).permutation(steps)}
for name, order in orders.items():
    print(f"{name}: batches {'follow' if batches_follow(order) else 'DO NOT follow'} each other")

# %% [markdown]
# ## Exercises
#
# ```sh
# python -m scratchnn exercise 5                          # the list
# python -m scratchnn exercise 5.1 --template > my_answer.py
# python -m scratchnn exercise 5.1 my_answer.py           # is it right, and if not, what is off?
# ```
#
# - **5.1** From the stacked matrix of a lecture, $[W_{aa}, W_{ax}]$, to the states in rows.
# - **5.2** Weights, found by hand, for one recurrent neuron that remembers.
# - **5.3** Backpropagation through time for a network whose state goes past the tanh as well.
# - **5.4** The gradient of the loss where sequences have several lengths.
# - **5.5** The batches of truncated BPTT.
# - **5.6** Perplexity from the losses of unequal pieces.
#
# Solutions are in [`chapters/solutions/ch05.py`](../chapters/solutions/ch05.py). To hunt a mistake in a recurrent
# layer, try `python -m scratchnn gradcheck --break rnn`.
#
# ## What comes next
#
# Equations (7) and (8) multiply the gradient at each step back by $W_h^T$ and by a slope of at most 1. What happens
# to it over a hundred steps? Chapter 6 measures it, and builds cells with gates that keep it alive.
#
# Sources: Elman, "Finding Structure in Time" (1990). Werbos, "Backpropagation Through Time: What It Does and How to
# Do It" (1990). Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network
# Trajectories" (1990), for truncation. Williams and Zipser, "A Learning Algorithm for Continually Running Fully
# Recurrent Neural Networks" (1989), for teacher forcing. Shannon, "A Mathematical Theory of Communication" (1948), for
# the entropy of a language. Mikolov and others, "Recurrent Neural Network Based Language Model" (2010). Saito, *Deep
# Learning from Scratch 2* (2018), chapters 5 and 6. The five shapes are drawn after Karpathy, "The Unreasonable
# Effectiveness of Recurrent Neural Networks" (2015). From Ng's lectures, *Sequence Models* (2018), are the notation
# with $W_{aa}$ and the two faults of a feed-forward network.
