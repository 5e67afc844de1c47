# %% [markdown]
# # 5. Recurrence and backpropagation through time
#
# A sentence has no fixed length, and a word means the same wherever it stands. The networks of the chapters before know
# neither. This chapter builds one that reads a sequence step by step and keeps what it has read in a state; it derives
# how gradients go back through all the steps, teaches the network five kinds of tasks, and ends with a model of a
# language whose score can be compared with the best score possible.
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
# All cells together take less than a minute. From the chapters before you need: dense layers, softmax and
# cross-entropy, gradient descent (chapter 1), one-hot vectors and vocabularies (chapter 2), language models (chapter
# 3), the embedding layer (chapter 4).

# %%
from itertools import pairwise

import numpy as np

from scratchnn import losses
from scratchnn.core import Sequential
from scratchnn.datasets.ptb import load_ptb
from scratchnn.decoding import generate
from scratchnn.errors import DataError
from scratchnn.gradcheck import check, pair_problem
from scratchnn.layers import Dense
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.optim import SGD
from scratchnn.page import FULL, show
from scratchnn.plot import COLOURS, label, new_figure
from scratchnn.recurrent import RNN, rnn
from scratchnn.text import TokenStreams, Vocabulary, tokenize
from scratchnn.training import Trainer

# %% [markdown]
# ## Why a feed-forward network fails on sequences
#
# A **sequence** (시퀀스) is a list of things in an order: the words of a sentence, the letters of a word, the
# temperatures of a week. Each place in it is a **time step** (타임 스텝), whether or not it has to do with time. In the
# networks so far, numbers go from the inputs to the outputs and never back to a layer they came from; such a network is
# called a **feed-forward network** (순방향 신경망). Give it a sentence, each word as a one-hot vector, one behind the
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
    """Ids (...) to vectors (..., size)."""
    return np.eye(size)[ids]


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
# the number of weights grows with that length, and most of them see nothing but zeros most of the time.
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
    """Ids (N, 12) of sentences with one name and one plain use of such a word; and for each word, 1 for a name, 0 else."""
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
    print(" ".join(vocabulary[k].upper() if name else vocabulary[k] for k, name in zip(ids[0], is_name[0], strict=True)))


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
    dz = ((softmax(z) - np.eye(2)[t]) / t.size).reshape(len(ids), -1)  # (N, 24)
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
    gradients = feed_forward_gradients(feed_forward_parameters, names_train[0][chosen], names_train[1][chosen])
    for p, dp in zip(feed_forward_parameters, gradients, strict=True):
        p -= 2.0 * dp

for where, (ids, is_name) in [("the first six words", names_seen), ("the last six words", names_new)]:
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
# multiplied with: $W_{ax}$ makes an $a$ from an $x$. Two products can be made one. Write the two matrices side by side
# and the two vectors one above the other, for which lectures write
# $[W_{aa}, W_{ax}]$ and $[a, x]$:
#
# $$ W_a = [W_{aa}, W_{ax}] $$
# $$ W_{aa} \, a^{\langle t-1 \rangle} + W_{ax} \, x^{\langle t \rangle}
#    = W_a \, [a^{\langle t-1 \rangle}, x^{\langle t \rangle}] \tag{3} $$
#
# In this book the rows of an array are examples, and the hidden state is called $h$, as in most papers. A row is a
# column transposed, and in the transpose of a product the factors change places. So (1) and (2) become, with $z$ for
# the logits before the softmax,
#
# $$ h_t = \tanh (x_t W_x + h_{t-1} W_h + b) \tag{4} $$
# $$ z_t = h_t W_y + b_y \tag{5} $$
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
# The cell computes one step of ten sequences in all three ways.

# %%
N, D, H = 10, 3, 4
W_aa, W_ax, b_a = rng.standard_normal((H, H)), rng.standard_normal((H, D)), rng.standard_normal((H, 1))
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
# The number of parameters is
#
# $$ D H + H H + H \tag{6} $$
#
# and the length of the sequence does not occur in it.
#
# ## The unrolled graph
#
# To read $T$ steps, apply (4) $T$ times, starting from a state $h_0$, which is zero unless there is something to
# remember already. The figure draws the network in two ways. On the left it has a loop. On the right the loop is
# unrolled: a copy for each step. That makes it a computational graph as in chapter 1, with arrows in one direction,
# only that each of the three matrices occurs at every step. They are the *same* matrices.


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
for start in (3.2, 4.8, 6.6):
    arrow(axes, (start, 1.9), (start + (1.6 if start == 3.2 else 1.8), 1.9), "Wh", COLOURS[1], (0, 0.17))
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
Wx, Wh, b = rng.standard_normal((D, H)), rng.standard_normal((H, H)) / np.sqrt(H), rng.standard_normal(H)
h, cache = rnn_forward(x, h0, Wx, Wh, b)
y, h_last, package_cache = rnn.rnn_forward(x, h0, Wx, Wh, b)
print("states:", h.shape, "parameters:", Wx.size + Wh.size + b.size)
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
# **A state goes two ways.** $h_t$ is the output of step $t$, from where $dy_t$ comes back, the gradient by this output
# that the layers above send. And $h_t$ is an input of step $t + 1$, from where another gradient comes back. With
# $a_t = x_t W_x + h_{t-1} W_h + b$ and $da_t$ for the gradient by it,
#
# $$ dh_t = dy_t + da_{t+1} W_h^T \tag{7} $$
#
# At the last step there is no second part, unless somebody has used the final state. Then through the tanh, whose slope
# is $1 - h_t^2$, entry by entry:
#
# $$ da_t = dh_t \, (1 - h_t^2) \tag{8} $$
# $$ dx_t = da_t W_x^T \tag{9} $$
#
# **A weight is used at every step.** So each weight collects one gradient from each step:
#
# $$ dW_x = \sum_t x_t^T da_t \qquad dW_h = \sum_t h_{t-1}^T da_t \qquad db = \sum_t \sum_n da_t \tag{10} $$

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
        arrow(axes, (x_place + 0.08, 3.8), (x_place + 0.08, 2.1), f"$dy_{t}$", COLOURS[1], (0.3, 0.2), shrinkA=4)
        before = places[t - 1]
        arrow(axes, (before, 2.18), (x_place, 2.18), colour=COLOURS[0])
        name = "$dh_0 = da_1 W_h^T$" if t == 1 else f"$da_{t} W_h^T$"
        arrow(axes, (x_place, 2.02), (before, 2.02), name, COLOURS[1], (0, -0.28))
axes.set_title("Forward in blue, backward in orange: two gradients arrive at $h_1$ and $h_2$ and are added")
show(figure)


# %%
def rnn_backward(dy, cache):
    """From the gradient by all states (N, T, H): dx (N, T, D), dh_0 (N, H), dWx, dWh, db."""
    x, h, Wx, Wh = cache
    dx, dWx, dWh = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape)
    db = np.zeros(len(Wh))
    from_later = np.zeros(dy[:, 0].shape)  # (N, H), da_{t+1} Wh^T
    for t in reversed(range(x.shape[1])):  # h[:, t] is the state before step t, h[:, t + 1] the one after it
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
# cotangent for `dy`. Then with the package's backward pass, which also takes the gradient by the final state (here
# zero); and give our own pair to the package's checker.


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
    """Print the largest relative error for each array; ``backward`` takes what ``rnn_backward`` takes."""
    _, cache = rnn_forward(*arrays.values())
    for (name, array), a in zip(arrays.items(), backward(v, cache), strict=True):

        def number_at(changed, name=name):
            return (v * rnn_forward(**(arrays | {name: changed}))[0]).sum()

        n = numerical_gradient(number_at, array)
        error = abs(a - n).max() / np.maximum(abs(a), abs(n)).max()
        print(f"{name:<2} {a.shape!s:<9} largest relative error {'below 1e-6' if error < 1e-6 else f'{error:.2f}   WRONG'}")


gradient_check(rnn_backward)

pairs = zip(rnn_backward(v, cache), rnn.rnn_backward(v, np.zeros((N, H)), package_cache), strict=True)
print("the package gives the same:", all(np.allclose(ours, theirs, rtol=0, atol=1e-12) for ours, theirs in pairs))
findings = check(pair_problem(rnn_forward, rnn_backward, arrays))
print(f"the package's checker: {len(findings)} comparisons, all right: {all(finding.ok for finding in findings)}")

# %% [markdown]
# ### Back to the names
#
# A dense layer (5) on each state, softmax and cross-entropy, and the network can learn. Not every step need have an
# answer, so a target of $-1$ will mean "nothing is asked here". The loss is the mean over the targets that count, $M$
# of them. The target of sequence $n$ at step $t$ is written $t_{nt}$, as the right class was $t$ in chapter 1:
#
# $$ L = - \frac{1}{M} \sum_{\mathrm{asked}} \log y_{t_{nt}} \qquad y = \mathrm{softmax}(z_{nt}) $$
#
# $$ dz_{nt} = \frac{1}{M} (y - \mathrm{onehot}(t_{nt})) \;\; \mathrm{where \; asked, \; else} \;\; 0 \tag{11} $$
#
# $$ dy_t = dz_t W_y^T \qquad dW_y = \sum_t h_t^T dz_t \qquad db_y = \sum_t \sum_n dz_t \tag{12} $$


# %%
def first_parameters(rng, D, H, K):
    """Wx (D, H), Wh (H, H), b (H,), Wy (H, K), by (K,)."""
    Wx = rng.standard_normal((D, H)) / np.sqrt(D)
    Wh = np.linalg.qr(rng.standard_normal((H, H)))[0]  # a rotation: it neither stretches nor shrinks the state
    Wy = rng.standard_normal((H, K)) / np.sqrt(H)
    return [Wx, Wh, np.zeros(H), Wy, np.zeros(K)]


def predict(parameters, x, h0=None):
    """Logits (N, T, K) for x (N, T, D), and the cache."""
    Wx, Wh, b, Wy, by = parameters
    h, cache = rnn_forward(x, np.zeros((len(x), len(Wh))) if h0 is None else h0, Wx, Wh, b)
    return h @ Wy + by, (h, cache)  # (5)  (N, T, H) @ (H, K) -> (N, T, K)


def gradients_of_loss(parameters, x, t):
    """The loss (11) and its gradients by all parameters; t (N, T) holds classes, -1 where nothing is asked."""
    Wy = parameters[3]
    z, (h, cache) = predict(parameters, x)
    y = softmax(z)
    asked = t >= 0  # (N, T)
    L = -np.log(y[asked, t[asked]]).mean()  # (11)
    dz = (y - np.eye(len(Wy.T))[t]) * asked[..., None] / asked.sum()  # (11)  (N, T, K)
    dWy = h.reshape(-1, len(Wy)).T @ dz.reshape(-1, len(Wy.T))  # (12)  (H, N T) @ (N T, K) -> (H, K)
    _, _, dWx, dWh, db = rnn_backward(dz @ Wy.T, cache)  # (12), then (7) to (10)
    return L, [dWx, dWh, db, dWy, dz.sum(axis=(0, 1))]


def train(parameters, make_batch, steps, lr, seed=0):
    """Change ``parameters`` in place by ``steps`` steps of gradient descent; returns the loss of each."""
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
for where, (ids, is_name) in [("the first six words", names_seen), ("the last six words", names_new)]:
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
# | shape | | example here |
# |--|--|--|
# | 1:1 | $T_x = T_y = 1$ | a picture of a digit to the digit |
# | 1:N | $T_x = 1$ | a picture of a digit to its name, letter by letter |
# | N:1 | $T_y = 1$ | a review to good or bad |
# | N:N, in step | $T_x = T_y$, an output for each input | adding two numbers, digit by digit |
# | N:M | an output of any length after the whole input | a number in words to its digits |


# %%
def draw_shape(axes, title, inputs, outputs, steps, fed_back=()):
    """States in a row; ``inputs`` and ``outputs`` are the steps that have one; ``fed_back`` those whose output is input."""
    axes.set_axis_off()
    axes.set(xlim=(-0.8, 4.8), ylim=(-0.6, 2.9), title=title)
    for t in range(steps):
        x_place = t + (5 - steps) / 2 - 0.5
        node(axes, (x_place, 1.1), "", 12)
        if t + 1 < steps:
            arrow(axes, (x_place, 1.1), (x_place + 1, 1.1), colour=COLOURS[1], shrinkA=7, shrinkB=7)
        if t in inputs:
            node(axes, (x_place, 0), "", 12, COLOURS[0])
            arrow(axes, (x_place, 0), (x_place, 1.1), colour=COLOURS[0], shrinkA=7, shrinkB=7)
        if t in outputs:
            node(axes, (x_place, 2.2), "", 12, COLOURS[2])
            arrow(axes, (x_place, 1.1), (x_place, 2.2), colour=COLOURS[2], shrinkA=7, shrinkB=7)
        if t in fed_back:
            arrow(axes, (x_place, 2.2), (x_place + 1, 1.1), colour="grey", shrinkA=7, shrinkB=7, linestyle="--")


figure, panels = new_figure(10, 2.4, ncols=5)
draw_shape(panels[0], "1:1", {0}, {0}, 1)
draw_shape(panels[1], "1:N", {0}, {0, 1, 2, 3}, 4, {0, 1, 2})
draw_shape(panels[2], "N:1", {0, 1, 2, 3}, {3}, 4)
draw_shape(panels[3], "N:N in step", {0, 1, 2, 3}, {0, 1, 2, 3}, 4)
draw_shape(panels[4], "N:M", {0, 1, 2}, {2, 3, 4}, 5, {2, 3})
show(figure)

# %% [markdown]
# Inputs are blue, states black, outputs green; a dashed arrow is an output that becomes the next input. The one
# function `gradients_of_loss` trains all five. Which steps have an output is said by the targets, with $-1$ at the
# others; where there is no input, $x_t$ is zero.
#
# ### 1:1, a picture of a digit
#
# A pocket calculator shows digits with seven bars that are light or dark. Our pictures have a number for each bar, with
# some noise. One step from the state zero is $\tanh(x W_x + b)$ and a dense layer on it: the network of chapter 1.

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
    for (start, end), light in zip(segments, bars, strict=True):
        axes.plot(*zip(start, end, strict=True), color=str(1 - np.clip(light, 0.05, 1)), linewidth=5)
show(figure)

# %%
curves, scores = {}, {}
one_to_one = first_parameters(np.random.default_rng(0), 7, 16, 10)
curves["1:1"] = train(one_to_one, one_to_one_batch, steps=1500, lr=0.5)
x, t = one_to_one_batch(np.random.default_rng(1), 1000)
scores["1:1"] = (predict(one_to_one, x)[0].argmax(axis=-1) == t).mean()
nearest = ((x - BARS) ** 2).sum(axis=-1).argmin(axis=1)  # (1000, 10) -> (1000,)
print(
    f"digits read right: {scores['1:1']:.1%}; by the nearest of the ten clean pictures: {(nearest == t[:, 0]).mean():.1%}"
)

# %% [markdown]
# The noise makes some digits look like others. With this kind of noise nobody can do better in the long run than to
# take the nearest clean picture, which the network has never seen.
#
# ### 1:N, a picture to a word
#
# Now the network has to write the digit's name: *t h r e e* and an end mark, here a full stop. The picture comes in at
# the first step. Afterwards the input is the letter that the network has just written; for otherwise it would not know
# which of its letters it has decided for. In training we give it the *right* letter instead, whatever it said. This is
# **teacher forcing** (교사 강요). It saves the network from going on after its own nonsense while it knows nothing.

# %%
NAMES = "zero one two three four five six seven eight nine".split()
LETTERS = sorted(set("".join(NAMES))) + ["."]
END = len(LETTERS) - 1


def one_to_many_batch(rng, N=32):
    """Inputs x (N, 6, 7 + letters): a picture, then letters; t (N, 6): letters, the end mark, then -1."""
    bars, digits = pictures(rng, N)
    x = np.zeros((N, 6, 7 + len(LETTERS)))
    t = np.full((N, 6), -1)
    x[:, 0, :7] = bars
    for n, digit in enumerate(digits):
        word = [LETTERS.index(letter) for letter in NAMES[digit] + "."]
        t[n, : len(word)] = word
        x[n, np.arange(1, len(word)), 7 + np.array(word[:-1])] = 1  # teacher forcing: the right letter of the step before
    return x, t


one_to_many = first_parameters(np.random.default_rng(0), 7 + len(LETTERS), 32, len(LETTERS))
curves["1:N"] = train(one_to_many, one_to_many_batch, steps=2500, lr=0.3)
print(f"loss at the end: {curves['1:N'][-100:].mean():.3f} nats per letter")


# %% [markdown]
# When it is used there is no teacher. The network reads what there is to read, takes its most probable letter, feeds it
# back in, and so on until it writes the end mark.


# %%
def write(parameters, x, feed, end, most=8):
    """Read x (T, D), then write ids; ``feed(id)`` (D,) is the input that an id becomes at the next step."""
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
# A review is good if it says *very good* or *not bad*. Each one also says *very long* or *not long*, which does not
# matter. So it is not enough to look which words occur; one has to see which of them stand together. Reviews have 4
# to 12 words. To put them into one array, the short ones are filled up with zeros at the end, the padding of chapter
# 2. The only target stands at the last word, and what comes after it changes nothing: the padding costs time, but no
# gradient.

# %%
REVIEW = "the film was and so it not very good bad long".split()


def reviews(rng, N):
    """Ids (N, 12), of which the first ``lengths`` (N,) count, and whether each review is good (N,)."""
    ids = rng.integers(0, 6, (N, 12))
    lengths = rng.integers(4, 13, N)
    good = np.zeros(N, int)
    for n in range(N):
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
    x = one_hot(ids, len(REVIEW)) * (np.arange(12) < lengths[:, None])[..., None]  # (N, 12, D)
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
    """Inputs x (N, bits, 2), two numbers, lowest bits first, the highest 0; t (N, bits), their sum."""
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
first, second, total = (sum(int(bit) << k for k, bit in enumerate(bits)) for bits in (*x[0].T, answer))
print(f"for example: {first} + {second} = {total}")

# %% [markdown]
# Where does it keep the carry? Compute the true carries, and look for the neuron whose output goes with them most
# closely. The measure is the correlation, which is $1$ or $-1$ for numbers that go up and down together or against each
# other.

# %%
x, t = in_step_batch(np.random.default_rng(5), 200, bits=30)
h = predict(in_step, x)[1][0]  # (200, 30, 16)
carry = np.zeros((200, 31))
for k in range(30):
    carry[:, k + 1] = x[:, k].sum(axis=1) + carry[:, k] >= 2
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
SMALL = NAMES + "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
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
    start = len(given) - 1  # where the mark stands, the first digit is to come out
    every_x[number, : len(given)] = given
    every_x[number, start + 1 : start + 1 + len(digits)] = [feed_digit(k) for k in digits]  # teacher forcing
    every_t[number, start : start + 1 + len(digits)] = [*digits, GO]

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
# One network reads and writes here. Later in the book the two become two networks with weights of their own.

# %%
figure, axes = new_figure(8, 4)
for (shape, curve), colour in zip(curves.items(), COLOURS, strict=False):
    smooth = np.convolve(curve, np.ones(50) / 50, mode="valid")
    axes.plot(np.arange(50, len(curve) + 1), smooth, color=colour, label=f"{shape}: {scores[shape]:.1%} right at the end")
axes.set_yscale("log")
axes.legend(fontsize=9)
label(axes, "Five shapes, one program", "training step", "loss (nats), mean of 50 steps")
show(figure)

# %% [markdown]
# A curve may jump up on its way, as that of N:M does here: for a few steps the gradient was so large that gradient
# descent overshot the valley. Chapter 6 says where such gradients come from, and what to do.
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
print("the same losses in twenty steps:", np.allclose(package_curve, curves["N:M"][:20], rtol=0, atol=1e-9))

# %% [markdown]
# ## Truncated BPTT
#
# A text is one long sequence. The Penn Treebank, a collection of newspaper text that we shall come to, has 929,589
# words. Backpropagation through all of it would have to keep every state until it comes back, and it would make one
# single step of learning for all that work.
#
# So cut the sequence into windows of $T$ steps. Forward, nothing is cut: the state at the end of a window is the first
# state of the next one. Backward, the gradient stops at the beginning of each window, and the parameters are changed at
# once. This is **truncated BPTT** (절단 BPTT).
#
# $$ h_0 \;\; \mathrm{of \; window} \;\; k + 1 \;\; \mathrm{is} \;\; h_T \;\; \mathrm{of \; window} \;\; k \tag{13} $$
#
# The gradient $dh_0$, which says how this state should have been, is thrown away.

# %%
words_of_ptb = 929_589
print(
    f"states of 100 numbers, four bytes each, for {words_of_ptb:,} words: {words_of_ptb * 100 * 4 / 1e6:.0f} million bytes"
)
print(f"for windows of 35 words of 20 sequences side by side:        {20 * 35 * 100 * 4 / 1e6:.2f} million bytes")

figure, axes = empty_drawing(10, 2.9)
for k, t in enumerate((1, 2, 3, 4, 5, 6)):
    x_place = 1.8 + 1.35 * k + (0.35 if t > 3 else 0)
    node(axes, (x_place, 1.3), f"$h_{t}$")
    before = 0.5 if t == 1 else x_place - 1.35 - (0.35 if t == 4 else 0)
    arrow(axes, (before, 1.38), (x_place, 1.38), colour=COLOURS[0], shrinkA=6 if t == 1 else 17)
    if t not in (1, 4):
        arrow(axes, (x_place, 1.22), (before, 1.22), colour=COLOURS[1])
    arrow(axes, (x_place + 0.07, 2.6), (x_place + 0.07, 1.3), f"$dy_{t}$", COLOURS[1], (0.27, 0.2), shrinkA=4)
for x_place in (1.12, 5.35):
    axes.plot([x_place, x_place], [0.4, 2.3], "--", color="grey")
    axes.plot(x_place + 0.15, 1.18, "x", color=COLOURS[1], markersize=9, markeredgewidth=2)
axes.text(3.2, 0.35, "window 1", ha="center")
axes.text(7.5, 0.35, "window 2", ha="center")
axes.set_title("States (blue) pass from window to window, gradients (orange) do not")
show(figure)

# %% [markdown]
# What does the cut do to the gradient? Take sixty steps and compute both. The states come out the same. The gradient
# would be the same, too, if the windows were gone through from the last to the first, with $dh_0$ of each handed to the
# one before. It is this that truncated BPTT leaves out.

# %%
N, T, D, H = 8, 60, 3, 10
Wx, Wh, b, _, _ = first_parameters(rng, D, H, 1)
x, long_dy = rng.standard_normal((N, T, D)), rng.standard_normal((N, T, H))
h, cache = rnn_forward(x, np.zeros((N, H)), Wx, Wh, b)
_, _, _, whole_dWh, _ = rnn_backward(long_dy, cache)


def in_windows(width, long_dy, hand_back=False):
    """States (N, T, H) and dWh, computed in windows; with ``hand_back``, dh_0 goes to the window before."""
    state, caches, states = np.zeros((N, H)), [], []
    for start in range(0, T, width):
        part, cache = rnn_forward(x[:, start : start + width], state, Wx, Wh, b)
        state = part[:, -1]  # (13)
        states.append(part)
        caches.append(cache)
    dWh, dh0 = np.zeros((H, H)), np.zeros((N, H))
    for k in reversed(range(len(caches))):
        dy = long_dy[:, k * width : (k + 1) * width].copy()
        dy[:, -1] += dh0 * hand_back  # (13): thrown away, unless it is handed back
        _, dh0, _, part, _ = rnn_backward(dy, caches[k])
        dWh += part
    return np.concatenate(states, axis=1), dWh


states, handed_back = in_windows(10, long_dy, hand_back=True)
print("in windows of ten, the states are the same:", np.allclose(states, h, rtol=0, atol=1e-12))
print("the gradient handed back is the same:      ", np.allclose(handed_back, whole_dWh, rtol=0, atol=1e-12))

# %%
widths = (1, 2, 3, 5, 10, 15, 20, 30, 60)
off = np.zeros(len(widths))
for _ in range(20):  # the mean over twenty random gradients
    dy = rng.standard_normal((N, T, H))
    whole = rnn_backward(dy, cache)[3]
    off += [np.linalg.norm(in_windows(width, dy)[1] - whole) / np.linalg.norm(whole) / 20 for width in widths]
print(f"windows of 5 steps: {off[3]:.0%} off; of 30 steps: {off[7]:.0%} off")

figure, axes = new_figure(7, 3.6)
axes.plot(widths, 100 * off, "o-", color=COLOURS[1])
axes.set_ylim(bottom=0)
label(axes, "What the cut takes away from dWh", "window T (steps)", "distance from the whole gradient (%)")
show(figure)

# %% [markdown]
# The longer the windows, the better the gradient. And what lies further back than the window? The network may still
# *use* it, because the state carries it across the cut. It only cannot learn *through* the cut that something there
# should have been remembered.
#
# ### Streams
#
# To have $N$ examples in a batch, let $N$ readers begin at $N$ places of the text, and each read on from where it has
# stopped. Of a text of $M$ ids $w_p$, reader $n$ begins at $nL$ with $L = \lfloor (M - 1) / N \rfloor$, the whole
# part of the quotient. In step $k$ it reads the ids at the places $p$, and the target of each is the id after it:
#
# $$ p = n L + k T + t, \;\; t = 0 \ldots T - 1 \qquad x_{nt} = w_p \qquad \mathrm{target}_{nt} = w_{p+1} \tag{14} $$
#
# and at the end of the text it goes on at its beginning. An epoch has $\lfloor L / T \rfloor$ steps. The batches must
# keep their order, since the state of row $n$ belongs to the text of row $n$.


# %%
def stream_batch(ids, N, T, k):
    """Step k: inputs and targets (N, T) of the text ids (M,)."""
    L = (len(ids) - 1) // N
    p = L * np.arange(N)[:, None] + k * T + np.arange(T)  # (14)  (N, 1) + (T,) -> (N, T)
    p = p % (len(ids) - 1)
    return ids[p], ids[p + 1]


letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
for k in range(2):
    inputs, targets = stream_batch(letters, 3, 4, k)
    print(f"step {k}: inputs", ["".join(row) for row in inputs], "targets", ["".join(row) for row in targets])

ids = rng.integers(0, 100, 1000)
streams = TokenStreams(ids, 10, 7)
same = [np.array_equal(stream_batch(ids, 10, 7, k), streams.batch(0, k)) for k in range(len(streams))]
print(f"the package gives the same {len(streams)} batches:", all(same))

# %% [markdown]
# ## A language model
#
# A language model (chapter 3) says how probable a text is. The probability of a text is that of its first word, times
# that of the second after the first, and so on:
#
# $$ P(w_1, \ldots, w_M) = P(w_1) \; P(w_2 \mid w_1) \cdots P(w_M \mid w_1, \ldots, w_{M-1}) \tag{15} $$
#
# So all it needs is the probability of the next word after the words so far. The model of chapter 3 saw a fixed
# number of them, like any feed-forward network. A recurrent network is made for all: the words so far are in its
# state, and softmax gives a probability to each word of the vocabulary. That is the shape N:N in step, with the next
# word as the target. The words come in as rows of an embedding table $W_e$ (chapter 4):
#
# $$ e_t = W_e[w_t] \qquad h_t = \tanh(e_t W_x + h_{t-1} W_h + b) \qquad z_t = h_t W_y + b_y \tag{16} $$
#
# ### Perplexity
#
# The loss is the mean cross-entropy of the next words, in nats. Raise $e$ to it, and you have the perplexity:
#
# $$ L = - \frac{1}{M} \sum_t \log P(w_{t+1} \mid w_1, \ldots, w_t) \qquad \mathrm{perplexity} = e^L \tag{17} $$
#
# It is a number of words: a model with perplexity 4 is as uncertain about the next word as if it had to choose between
# four that are equally probable. Never in doubt and always right would be 1; giving every one of $V$ words the same
# probability is $V$.

# %%
for probabilities in ([0.25, 0.25, 0.25, 0.25], [1.0, 1.0, 1.0, 1.0], [0.5, 0.9, 0.1, 0.5]):
    L = -np.log(probabilities).mean() + 0.0
    print(f"probabilities {probabilities} of the words that came: loss {L:.3f}, perplexity {np.exp(L):.2f}")

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
VERBS = {"one": (["sleeps", "runs"], ["sees", "hears"]), "many": (["sleep", "run"], ["see", "hear"])}


def choices(words, probability, after):
    """The words share the probability; ``after`` is the state after them."""
    return [(word, probability / len(words), after) for word in words]


def verbs(number, probability):
    alone, with_object = VERBS[number]
    return choices(alone, probability / 2, "end") + choices(with_object, probability / 2, "object")


GRAMMAR = {
    "start": choices(["the"], 0.6, "the") + choices(["a"], 0.4, "a"),
    "the": choices(ADJECTIVES, 0.3, "the old") + choices(ONE, 0.35, "one") + choices(MANY, 0.35, "many"),
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
    """Ids (M,) of a text in this language, and the logarithm of the probability of each word (M,)."""
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
# Nobody can foresee what the language itself leaves to chance. In state $s$ the best guess is the true probability
# $p$ of each word, and the mean loss is then $- \sum_w p_w \log p_w$. This is the **entropy** (엔트로피) of the
# choice. If $\pi_s$ is the share of the time that the text is in state $s$, the mean over a long text is
#
# $$ \mathrm{entropy} = - \sum_s \pi_s \sum_w p_w \log p_w \tag{18} $$
#
# and no model's loss can be lower in the long run. Let $\pi$ be any shares; one word later they are others, and after
# many words they do not change any more.

# %%
states = list(GRAMMAR)
move = np.zeros((len(states), len(states)))  # from state to state
emit = np.zeros((len(states), len(lexicon)))  # probability of each word in each state
pairs = np.zeros((len(lexicon), len(lexicon)))  # probability of each two words that follow each other
for s, rows in enumerate(GRAMMAR.values()):
    for word, p, after in rows:
        move[s, states.index(after)] += p
        emit[s, lexicon.ids[word]] += p
pi = np.full(len(states), 1 / len(states))
for _ in range(2000):
    pi = (pi + pi @ move) / 2  # half a step: shares that go round in a circle would never come to rest
for s, rows in enumerate(GRAMMAR.values()):
    for word, p, after in rows:
        pairs[lexicon.ids[word]] += pi[s] * p * emit[states.index(after)]


def entropy(p, weights=1.0):
    """- sum of weights * log p over all entries where p is not zero."""
    return -(weights * p * np.log(np.where(p > 0, p, 1))).sum()


single = pi @ emit  # probability of each word
after_one = pairs / single[:, None]  # probability of each next word after a word
floors = {
    "nothing": np.log(len(lexicon)),
    "how frequent each word is": entropy(single),
    "the last word": entropy(after_one, single[:, None]),
    "all words so far": entropy(emit, pi[:, None]),  # (18)
}
for known, floor in floors.items():
    print(f"best perplexity if one knows {known:<28} {np.exp(floor):6.2f}")
print(f"the language itself, on our test text                    {np.exp(-test_logarithms.mean()):6.2f}")

# %% [markdown]
# Between 4.67 and 3.45 lies what a model can gain from a memory of more than one word. The last line is the true
# probabilities' score on the very text on which we shall test; a text of some thousand words is a matter of luck, too.
#
# ### Training
#
# Forward and backward are those of the five tasks, with an embedding in front, whose gradient is added up by word, and
# with a first state that comes in and a last state that goes out.


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
    L = -np.log(np.take_along_axis(y, t[..., None], axis=-1)).mean()  # (17)
    dz = (y - np.eye(len(by))[t]) / t.size  # (11)
    dWy = h.reshape(-1, len(Wh)).T @ dz.reshape(-1, len(by))  # (12)
    de, _, dWx, dWh, db = backward(dz @ Wy.T, cache)  # (12), then (7) to (10); dh_0 is thrown away (13)
    dWe = np.zeros(We.shape)
    np.add.at(dWe, ids, de)  # chapter 4
    return L, [dWe, dWx, dWh, db, dWy, dz.sum(axis=(0, 1))], h[:, -1]


def perplexity_of(parameters, ids):
    """Perplexity on a text (M,), read from its beginning to its end."""
    z, _ = language_forward(parameters, ids[None, :-1], np.zeros((1, len(parameters[2]))))
    y = softmax(z[0])  # (M - 1, V)
    return np.exp(-np.log(y[np.arange(len(y)), ids[1:]]).mean())  # (17)


def first_language_parameters(seed, D=16, H=32):
    rng = np.random.default_rng(seed)
    return [0.1 * rng.standard_normal((len(lexicon), D)), *first_parameters(rng, D, H, len(lexicon))]


# %%
def train_language(parameters, epochs, N=10, T=10, lr=0.5, backward=rnn_backward):
    """Truncated BPTT; returns the training perplexity and the test perplexity of each epoch."""
    steps = (len(train_ids) - 1) // N // T
    state, history = np.zeros((N, len(parameters[2]))), []
    for epoch in range(epochs):
        epoch_losses = []
        for k in range(steps):
            ids, t = stream_batch(train_ids, N, T, epoch * steps + k)
            L, gradients, state = language_gradients(parameters, ids, t, state, backward)  # the state is passed on
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
best_possible = np.exp(-test_logarithms.mean())
print(f"the language itself: {best_possible:.2f}; the network is {reached / best_possible - 1:.1%} above it")

# %%
figure, axes = new_figure(8, 4.4)
axes.plot(np.arange(1, 11), language_history[:, 0], "o-", color=COLOURS[0], markersize=4, label="network, training text")
axes.plot(np.arange(1, 11), language_history[:, 1], "o-", color=COLOURS[1], markersize=4, label="network, test text")
for (known, floor), style in zip(list(floors.items())[2:], ("--", "-"), strict=True):
    axes.axhline(np.exp(floor), color="grey", linestyle=style, label=f"best if one knows {known}: {np.exp(floor):.2f}")
axes.set_ylim(3, 6)
axes.legend(fontsize=9)
label(axes, "A language model and the language", "epoch", "perplexity")
show(figure)  # for the README

# %% [markdown]
# After one epoch it is below the best that is possible with the last word alone, so it remembers more than that. It
# comes close to the floor of the language, and it can never be below it except by the luck of a short test text.
#
# ### The same with the package
#
# [`LanguageModel`](../scratchnn/models/language_model.py) is equation (16),
# [`TokenStreams`](../scratchnn/text/streams.py) gives the batches (14), and [`Trainer`](../scratchnn/training.py) is
# the loop: it passes the state on, and `backward_loss` throws $dh_0$ away.

# %%
model = LanguageModel(len(lexicon), embedding_size=16, hidden_size=32, cell="rnn", rng=rng)
model.astype(np.float64)
for parameter, value in zip(model.parameters(), first_language_parameters(0), strict=True):
    parameter.data = value
trainer = Trainer(model, SGD(model.parameters(), lr=0.5), TokenStreams(train_ids, 10, 10), progress=False)
history = trainer.fit(10)
package_perplexities = np.exp([history.epoch_loss(epoch) for epoch in range(1, 11)])
L, count = evaluate_text(model, test_ids)
print("the same perplexities in ten epochs:", np.allclose(package_perplexities, language_history[:, 0], rtol=1e-6))
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
# The full run leaves our small language for the Penn Treebank: 929,589 words of a newspaper, 10,000 different ones.
# It takes the two experiments of the book *Deep Learning from Scratch 2* that fit this chapter: an RNN on the first
# thousand words, as in its chapter 5, and on the whole text with the settings of its chapter 6. There the book has an
# LSTM, the subject of our next chapter, in the place of the RNN. To keep the steps short where the gradient is large,
# gradients of a norm above `max_norm` are scaled down to it; that is called clipping, and the next chapter says why
# it is needed.


# %%
def run_language_model(train_ids, test_ids, size, embedding, hidden, N, T, lr, epochs, max_norm=None, seed=0):
    """Train the package's RNN language model; returns the perplexities of training, and on the test text."""
    model = LanguageModel(size, embedding_size=embedding, hidden_size=hidden, cell="rnn", rng=np.random.default_rng(seed))
    batches = TokenStreams(train_ids, N, T)
    trainer = Trainer(model, SGD(model.parameters(), lr=lr), batches, max_norm=max_norm, progress=False)
    history = trainer.fit(epochs)
    return np.exp([history.epoch_loss(epoch + 1) for epoch in range(epochs)]), np.exp(evaluate_text(model, test_ids)[0])


# %%
if FULL:
    try:
        ptb = {split: list(tokenize(load_ptb(split), "word")) for split in ("train", "test")}
    except DataError as error:
        raise SystemExit(f"error: {error}") from None
    words, few = Vocabulary.build(ptb["train"], specials=()), Vocabulary.build(ptb["train"][:1000], specials=())
    ptb_ids, few_ids = words.encode(ptb["train"]), few.encode(ptb["train"][:1000])
    book = {"embedding": 100, "hidden": 100}
    runs = {
        "a thousand words, 100 epochs": (few_ids, few_ids, len(few), book | {"N": 10, "T": 5, "lr": 0.1, "epochs": 100}),
        "the whole text, 4 epochs": (
            ptb_ids,
            words.encode(ptb["test"]),
            len(words),
            book | {"N": 20, "T": 35, "lr": 5.0, "epochs": 4, "max_norm": 0.25},
        ),
    }
else:
    settings = {"embedding": 16, "hidden": 32, "N": 10, "T": 10, "lr": 0.5, "epochs": 5}
    runs = {"our own language, 5 epochs": (train_ids, test_ids, len(lexicon), settings)}

for name, (learned, tested, size, settings) in runs.items():
    each, last = run_language_model(learned, tested, size, **settings)
    print(f"{name}, {size:,} words: training {each[0]:.2f} in the first epoch, {each[-1]:.2f} in the last; test {last:.2f}")

# %% [markdown]
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch05_recurrence_and_bptt.py`, `SCRATCHNN_DATA` names the folder
# > with the text; seed 0, one core, 2026-11-21): the first thousand words, perplexity on these words themselves:
# > 417.76 in the first epoch, 3.53 in the hundredth. In print: from above 300 to near 1, with the same settings. The
# > whole text, four epochs: training 467.64 in the first, 169.80 in the fourth, test **187.00**. In print: 136 on the
# > test text, by an LSTM of the same size with a learning rate of 20. With that rate our RNN went astray within its
# > first hundred steps, and with 10 as well, so it had 5. Everything else is as in the book: 100 numbers for a word,
# > 100 for the state, 20 streams, windows of 35 words, gradients of a norm above 0.25 scaled down to it.
#
# That one knows a thousand words by heart after a hundred epochs says little about language; the test text is what
# counts. There the RNN is far behind the LSTM, for two reasons that this run cannot tell apart: the smaller learning
# rate that it needs, and what it cannot remember. Chapter 6 takes up both.
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
print(f"test perplexity: right {language_history[-1, 1]:.2f}, replaced {replaced_history[-1, 1]:.2f}")

# %% [markdown]
# A difference that small is explained away at once: another start, another learning rate. There is nothing to see in
# the left panel of the figure below. The check sees it:

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
def train_in_any_order(parameters, epochs, N=10, T=10, lr=0.5, carry=True):
    """``train_language`` with shuffled windows; the state is passed on, or starts from zero in each window."""
    rng, steps = np.random.default_rng(0), (len(train_ids) - 1) // N // T
    state, history = np.zeros((N, len(parameters[2]))), []
    for _ in range(epochs):
        epoch_losses = []
        for k in rng.permutation(steps):  # the one line
            ids, t = stream_batch(train_ids, N, T, k)
            L, gradients, state = language_gradients(parameters, ids, t, state * carry)
            for p, dp in zip(parameters, gradients, strict=True):
                p -= lr * dp
            epoch_losses.append(L)
        history.append((np.exp(np.mean(epoch_losses)), perplexity_of(parameters, test_ids)))
    return np.array(history)


shuffled_history = train_in_any_order(first_language_parameters(0), 10)
reset_history = train_in_any_order(first_language_parameters(0), 10, carry=False)
print("training perplexity after ten epochs")
print(f"    in order, state passed on          {language_history[-1, 0]:.2f}")
print(f"    shuffled, state from zero          {reset_history[-1, 0]:.2f}")
print(f"    shuffled, state of another place   {shuffled_history[-1, 0]:.2f}")

# %%
figure, (left, right) = new_figure(10, 4, ncols=2)
for axes, column, title in ((left, 1, "Replaced, not added: test text"), (right, 0, "Shuffled: training text")):
    axes.plot(np.arange(1, 11), language_history[:, column], color=COLOURS[0], label="right")
    axes.axhline(np.exp(floors["all words so far"]), color="grey", linestyle="--", label="the language itself")
    label(axes, title, "epoch", "perplexity")
    axes.set_ylim(3.2, 5.5)
left.plot(np.arange(1, 11), replaced_history[:, 1], color=COLOURS[1], label="= in place of +=")
right.plot(np.arange(1, 11), reset_history[:, 0], color=COLOURS[2], label="shuffled, state from zero")
right.plot(np.arange(1, 11), shuffled_history[:, 0], color=COLOURS[1], label="shuffled, state of another place")
left.legend()
right.legend()
show(figure)

# %% [markdown]
# The orange curve on the right falls and comes to rest, as curves do. A gradient check finds nothing, because every
# gradient is right: it is the right gradient of a wrong question. What tells is the comparison. A wrong memory must
# not be worse than no memory, and here it is. In the end only a look at the batches themselves proves it: the next
# batch has to begin with the words that were the last targets.


# %%
def batches_follow(order, N=10, T=10):
    """Whether the first inputs of each batch are the last targets of the batch before."""
    batches = [stream_batch(train_ids, N, T, k) for k in order]
    return all((after[0][:, 0] == before[1][:, -1]).all() for before, after in pairwise(batches))


steps = (len(train_ids) - 1) // 10 // 10
for name, order in [("in order", range(steps)), ("shuffled", np.random.default_rng(0).permutation(steps))]:
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
# Trajectories" (1990), for truncation. Shannon, "A Mathematical Theory of Communication" (1948), for the entropy of a
# language. Mikolov and others, "Recurrent Neural Network Based Language Model" (2010). Saito, *Deep Learning from
# Scratch 2* (2018), chapters 5 and 6. The five shapes are drawn after Karpathy, "The Unreasonable Effectiveness of
# Recurrent Neural Networks" (2015), the notation with $W_{aa}$ is that of Ng's lectures on sequence models (2018).
