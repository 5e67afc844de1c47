# %% [markdown] id="ch14-title"
# # 14. Convolution over time
#
# A heartbeat looks the same whether it comes now or a minute later. A recurrent network can learn that, but it has
# to read one step after the other. Is there a network that finds a pattern wherever it is, and looks at all places
# at once?
#
# There is, and it is simpler than what you have built so far: take one small set of weights and slide it along the
# series, like a stencil. In this chapter you build it, forward and backward, and find out what it sees, what it
# cannot see, and how it works together with a recurrent network.

# %%
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from scratchnn import losses
from scratchnn.book.examples import ch14 as examples
from scratchnn.book.figures import ch14 as figures
from scratchnn.book.page import FULL, show
from scratchnn.core import Sequential
from scratchnn.gradcheck import check, pair_problem
from scratchnn.layers import Conv1D, Dense, GlobalMaxPool1D, MaxPool1D, ReLU
from scratchnn.layers.conv1d import conv1d_backward, conv1d_forward
from scratchnn.layers.pooling import max_pool1d_backward, max_pool1d_forward
from scratchnn.models.forecaster import Flatten, LastStep
from scratchnn.models.temporal_convolutions import TemporalConvolutions
from scratchnn.optim import Adam, clip_by_norm
from scratchnn.recurrent import GRU

# %% [markdown] id="ch14-preview"
# The task of the figure: each series is noise with one event in it, either a slow rise with a sudden fall, or a
# sudden rise with a slow fall. Which one is it? Both events consist of the same seven values. In the training data
# the event is somewhere in the first half of the series, and in the second half only in the test. Two networks learn
# it, one with a weight for each step, one with eight stencils of seven weights; all is explained below.
#
# One detail of the test: no event begins in the last 13 steps. At the very end the fall after a slow rise would lie
# outside of the series, and no method could recognise it.

# %%
T = 60


def learn(model, make_batch, steps, lr=0.01, seed=0):
    """Train on new batches (x, kinds) with softmax cross-entropy; returns the losses."""
    rng, history = np.random.default_rng(seed), []
    optimizer = Adam(model.parameters(), lr)
    for _ in range(steps):
        x, kinds = make_batch(rng)
        L, cache = losses.softmax_cross_entropy_forward(model.forward(x), kinds)
        model.backward(losses.softmax_cross_entropy_backward(1.0, cache))
        clip_by_norm(model.parameters(), 1.0)
        optimizer.step()
        model.clear_gradients()
        history.append(float(L))
    model.evaluate()
    return np.array(history)


def share_right(model, x, kinds):
    """The share of right answers."""
    return (model.forward(x).argmax(axis=1) == kinds).mean()


def in_first_half(rng, N=64):
    return examples.one_event(rng, N, T, 0, T // 2 - 7)


rng = np.random.default_rng(0)
one_per_step = Sequential(Flatten(), Dense(T, 32, rng=rng), ReLU(), Dense(32, 2, rng=rng))
stencils = Sequential(
    Conv1D(1, 8, 7, rng=rng, padding="causal"), ReLU(), GlobalMaxPool1D(), Dense(8, 2, rng=rng)
)
tests = {
    "the first half": examples.one_event(np.random.default_rng(1), 1000, T, 0, T // 2 - 7),
    "the second half": examples.one_event(np.random.default_rng(2), 1000, T, T // 2, T - 14),
}
found = {}
for name, model in {"a weight per step": one_per_step, "stencils": stencils}.items():
    learn(model, in_first_half, 400)
    found[name] = {where: share_right(model, x, kinds) for where, (x, kinds) in tests.items()}
    parameters = sum(p.data.size for p in model.parameters())
    print(f"{name:<18} {parameters:>5,} parameters", end="; right in ")
    print(", ".join(f"{where} {share:.1%}" for where, share in found[name].items()))
kernels = stencils.layers[0].W.data[:, 0]  # (K, H)
show(
    figures.answer(*(part[:2] for part in tests["the first half"]), kernels, found),
    "14.1",
    "Left: two series of the task. Middle: the two learned stencils that look most like the "
    "events; the network was never shown them. Right: only what is shared by all places is "
    "known at places without training data.",
)

# %% [markdown] id="ch14-able"
# ## What you will be able to do
#
# - write a convolution over time as a loop, and as one matrix product;
# - derive its backward pass, and see that it is two convolutions again;
# - compute the number of steps after padding, stride, dilation and pooling, also for a batch of several lengths;
# - say what an output depends on, and measure it;
# - test whether a network uses the order of the steps;
# - put a convolution in front of a GRU, and know what that saves.
#
# You need the gradient check (chapter 1), the GRU (chapter 6), and windows and forecasts (chapter 13). The quick
# run takes about a minute. Made-up data is in [`examples/ch14.py`](../scratchnn/book/examples/ch14.py), the code
# that only draws in [`figures/ch14.py`](../scratchnn/book/figures/ch14.py).
#
# | letter | meaning | shape |
# |--|--|--|
# | $x$ | $N$ series of $T$ steps with $D$ numbers each | $(N, T, D)$ |
# | $W$, $b$ | weights of $H$ kernels with $K$ taps, and their biases | $(K, D, H)$, $(H,)$ |
# | $y$ | outputs, $T'$ steps | $(N, T', H)$ |
# | $k$ | a tap, one of the $K$ steps that a kernel spans, $0 \ldots K - 1$ | |
# | $s$, $\delta$ | stride and dilation | |
# | $p$ | zeros before the first step | |
# | $R$ | the number of steps that an output depends on | |
#
# In earlier chapters $K$ was the number of classes; here classes have no letter.
#
# ## One kernel, sliding
#
# A **kernel** (커널) is a small array of weights, for a few steps in a row. Lay it on the first $K$ steps of the
# series, multiply each number by the weight above it, and add everything up: one output. Move it on by one step,
# and again. For $t = 0 \ldots T - K$, with $H$ kernels at once:
#
# $$ y_t = b + \sum_{k=0}^{K-1} x_{t+k} W_k \tag{1} $$
#
# Each $x_{t+k}$ has $D$ numbers and each $W_k$ is a matrix $(D, H)$, so $y_t$ has $H$ numbers: how well each of the
# $H$ patterns fits at this place. This is a **convolution** (합성곱) over time, `Conv1D`. The weights are the same at
# each place, as those of a recurrent network are the same at each step; but no place has to wait for another.
#
# Mathematicians call (1) a cross-correlation. In their convolution the kernel is turned around. For a network that
# learns its kernels there is no difference, but the turned kernel comes back in the backward pass.

# %%
show(
    figures.sliding(),
    "14.2",
    "A kernel with K = 3 taps on a series with D = 2 numbers per step. Each window of K steps "
    "becomes one step with H numbers. There are T - K + 1 places for the kernel.",
)


# %%
def conv_loop(x, W, b):
    """Equation (1), place after place: x (N, T, D), W (K, D, H), b (H,) give y (N, T', H)."""
    N, T, _ = x.shape
    K, _, H = W.shape
    y = np.zeros((N, T - K + 1, H))
    for t in range(T - K + 1):
        y[:, t] = b  # (1)
        for k in range(K):
            y[:, t] += x[:, t + k] @ W[k]  # (1)  (N, D) @ (D, H) -> (N, H)
    return y


rng = np.random.default_rng(0)
N, D, H, K = 4, 2, 3, 5
x, W, b = rng.standard_normal((N, 12, D)), rng.standard_normal((K, D, H)), rng.standard_normal(H)
y = conv_loop(x, W, b)
print("x", x.shape, "W", W.shape, "y", y.shape)
theirs, package_cache = conv1d_forward(x, W, b)
print("the package gives the same:", np.allclose(y, theirs, rtol=0, atol=1e-12))

# %% [markdown] id="ch14-rows"
# ### All places at once
#
# The loop makes $T' K$ small products. One big product is much faster than many small ones (chapter 15 measures
# that). Copy each window into a row of its own, all $K D$ numbers side by side. The rows of all windows of all
# series form a matrix, the kernels form another, and one product does it all:
#
# $$ X \; (N T', K D) \cdot W \; (K D, H) \;\to\; y \; (N T', H) \tag{2} $$
#
# The price is memory: almost every number of the series is copied $K$ times. In the literature the trick is called
# im2col, since it turns pieces of an image into columns; here they are rows.


# %%
def window_rows(x, K):
    """All windows of K steps of x (N, T, D) as rows (N, T', K D)."""
    N, T, D = x.shape
    places = np.arange(T - K + 1)[:, None] + np.arange(K)  # (T', K)
    return x[:, places].reshape(N, T - K + 1, K * D)  # (N, T', K, D) -> (N, T', K D)


def conv(x, W, b):
    """Equation (2): outputs (N, T', H) and the cache."""
    K, D, H = W.shape
    return window_rows(x, K) @ W.reshape(K * D, H) + b, (x, W)  # (2)


rows = window_rows(x, K)
print("rows", rows.shape, "kernels", W.reshape(K * D, H).shape)
print("one product gives the same:", np.allclose(conv(x, W, b)[0], y, rtol=0, atol=1e-12))
print(f"numbers in x {x.size}, in its windows {rows.size}")

# %% [markdown] id="ch14-backward"
# ## The backward pass is a correlation
#
# The gradient $dy$ arrives, $(N, T', H)$. Nothing new is needed: each term of (1) is a product, and a number that
# is used several times collects several gradients.
#
# **A weight is used at every place.** $W_k$ meets $x_{t+k}$ at each $t$, so
#
# $$ dW_k = \sum_t x_{t+k}^T \, dy_t \qquad db = \sum_t dy_t \tag{3} $$
#
# summed over the batch as well. Look at (3) and (1): the series and $dy$ are laid over each other, moved by $k$,
# multiplied and added up. The gradient of a correlation is a correlation of the inputs with $dy$.
#
# **A step is used by every window that contains it.** Step $j$ is tap $k$ of the window that begins at $t = j - k$.
# So
#
# $$ dx_j = \sum_{k=0}^{K-1} dy_{j-k} W_k^T \tag{4} $$
#
# where $dy_t$ counts as zero outside $0 \ldots T' - 1$. Here the index runs *backwards*, $j - k$. Count the taps
# from the other end, $K - 1 - k$ for $k$, and (4) has the form of (1): with $dy$ between $K - 1$ zeros on both
# sides in place of $x$, and with the kernel turned around in time and transposed, $W_{K-1-k}^T$. So the same
# function `conv` computes it.

# %%
show(
    figures.backward(),
    "14.3",
    "Step $x_2$ is the last tap of the window of $y_0$, the middle tap of $y_1$, and the first "
    "of $y_2$: three gradients arrive, through the taps in reverse order.",
)


# %%
def conv_backward(dy, cache):
    """Gradients dx (N, T, D), dW (K, D, H), db (H,) from dy (N, T', H)."""
    x, W = cache
    K, D, H = W.shape
    drows = dy.reshape(-1, H)  # (N T', H)
    dW = window_rows(x, K).reshape(-1, K * D).T @ drows  # (3)  (K D, N T') @ (N T', H) -> (K D, H)
    between_zeros = np.pad(dy, ((0, 0), (K - 1, K - 1), (0, 0)))  # (N, T' + 2 (K - 1), H)
    turned = W[::-1].transpose(0, 2, 1)  # (K, H, D)
    dx, _ = conv(between_zeros, turned, 0)  # (4)  (N, T, D)
    return dx, dW.reshape(K, D, H), drows.sum(axis=0)  # (3)


findings = check(pair_problem(conv, conv_backward, {"x": x, "W": W, "b": b}))
print(f"gradient check: {len(findings)} comparisons, all right:", all(f.ok for f in findings))
dy = rng.standard_normal(y.shape)
both = zip(conv_backward(dy, (x, W)), conv1d_backward(dy, package_cache), strict=True)
same = all(np.allclose(ours, theirs, rtol=0, atol=1e-12) for ours, theirs in both)
print("the package gives the same:", same)


# %% [markdown] id="ch14-q-turned"
# > **Question.** You forget to turn the kernel around in (4). For which kernels does the gradient check notice
# > nothing?
# >
# > <details><summary>Answer</summary>
# >
# > For kernels that are the same forwards and backwards, $W_k = W_{K-1-k}$: a moving average, for example, and
# > every kernel with $K = 1$. So a test with constant weights finds nothing; random weights do.
# >
# > </details>
#
# ## How many steps are left?
#
# A kernel with $K$ taps has only $T - K + 1$ places. If outputs are to keep the length, put zeros around the
# series, which is called padding as well. Two more numbers change the outputs:
#
# - the **stride** (스트라이드) $s$: the kernel moves on by $s$ steps at a time;
# - the **dilation** (팽창) $\delta$: its taps are $\delta$ steps apart, so that it spans $\delta (K - 1) + 1$ steps.
#
# With $p$ zeros before the series and $p'$ after it, the last window begins at most at step
# $T + p + p' - \delta (K - 1) - 1$, so
#
# $$ T' = \left\lfloor \frac{T + p + p' - \delta (K - 1) - 1}{s} \right\rfloor + 1 \tag{5} $$
#
# or 0 if this is negative. Three paddings have names. *Valid* adds nothing. *Same* adds $\delta (K - 1)$ zeros,
# half before and half after, so that $T' = T$ if the stride is 1. *Causal* adds all of them before: then output $t$
# depends on no step after $t$, which a forecast needs.
#
# > **Question.** A series has $T = 10$ steps. How many outputs does a kernel with $K = 3$ have for (a) valid, (b)
# > valid with stride 2, (c) causal with dilation 4, (d) valid with dilation 5?
# >
# > <details><summary>Answer</summary>
# >
# > (a) 8, (b) 4, (c) 10, (d) none: it spans 11 steps. The next cell prints them.
# >
# > </details>


# %%
def out_steps(T, K, stride=1, dilation=1, zeros=0):
    """Equation (5), with ``zeros`` = p + p'."""
    return max((T + zeros - dilation * (K - 1) - 1) // stride + 1, 0)  # (5)


cases = {
    "valid": {},
    "valid, stride 2": {"stride": 2},
    "causal, dilation 4": {"padding": "causal", "dilation": 4},
    "valid, dilation 5": {"dilation": 5},
    "same": {"padding": "same"},
}
for name, options in cases.items():
    layer = Conv1D(1, 1, 3, rng=rng, **options)
    padding, dilation = options.get("padding", "valid"), options.get("dilation", 1)
    zeros = 0 if padding == "valid" else dilation * 2
    ours = out_steps(10, 3, options.get("stride", 1), dilation, zeros)
    theirs = int(layer.out_lengths(np.array([10]))[0])
    print(f"{name:<19} T = 10, K = 3: T' = {ours:>2}, the package's out_lengths gives {theirs:>2}")

# %% [markdown] id="ch14-lengths"
# In a batch of several lengths each series has its own $T'$. If a layer after the convolution still used the old
# lengths, it would take padding for data. So each layer of the package that changes the number of steps says what
# becomes of the lengths, in `out_lengths`, and `Sequential` passes them on. A series in a padded batch must have
# exactly the outputs that it has alone; the next cell puts a thousand into the padding to make sure.

# %%
layers = [Conv1D(2, 3, 5, rng=rng, padding="causal", stride=2), ReLU(), Conv1D(3, 3, 3, rng=rng)]
network = Sequential(*layers)
network.evaluate()
lengths = np.array([20, 13])
padded = rng.standard_normal((2, 20, 2))
padded[1, 13:] = 1000.0
y = network.forward(padded, lengths)
alone = network.forward(padded[1:, :13])
print("lengths", lengths, "after each layer", end=" ")
print(layers[0].out_lengths(lengths), "and", network.out_lengths(lengths))
real = network.out_lengths(lengths)[1]
print("alone the second series has outputs", alone.shape, end=", ")
print("the same as in the batch:", np.allclose(y[1:, :real], alone, rtol=0, atol=1e-5))

# %% [markdown] id="ch14-pooling"
# ## Pooling
#
# The outputs of a kernel say how well its pattern fits at each place. Often it is enough to know how well it fits
# *somewhere nearby*. **Pooling** (풀링) takes a window of outputs and keeps one number of each unit: the mean, or, in
# **max pooling** (최댓값 풀링), the largest. The usual stride is the length of the window, so a series becomes shorter
# by that factor.
#
# $$ y_t = \max_{k} \; x_{s t + k} \qquad dx_j = \sum_{t \,:\, j_t = j} dy_t \tag{6} $$
#
# where $j_t$ is the place of the maximum of window $t$.
#
# Only the largest number had a say in the output, so only it gets the gradient. If two are equal, one of them has
# to be chosen; the package takes the first, as PyTorch does.


# %%
def max_pool(x, K):
    """Equation (6) with stride K: x (N, T, D) to (N, T', D), and the cache."""
    N, T, D = x.shape
    whole = x[:, : T // K * K]  # steps after the last whole window are dropped
    blocks = whole.reshape(N, T // K, K, D)
    first = blocks.argmax(axis=2)[:, :, None]  # (N, T', 1, D), the first of the largest
    return np.take_along_axis(blocks, first, axis=2)[:, :, 0], (first, K, x.shape)  # (6)


def max_pool_backward(dy, cache):
    """The gradient with respect to x (N, T, D)."""
    first, K, (N, T, D) = cache
    blocks = np.zeros((N, T // K, K, D))
    np.put_along_axis(blocks, first, dy[:, :, None], axis=2)  # (6)
    dx = np.zeros((N, T, D))
    dx[:, : T // K * K] = blocks.reshape(N, -1, D)
    return dx


x = rng.integers(0, 4, (2, 11, 3)).astype(float)  # small integers: many are equal
y, cache = max_pool(x, 3)
dy = rng.standard_normal(y.shape)
theirs, package_cache = max_pool1d_forward(x, 3)
same = np.array_equal(y, theirs)
same = same and np.array_equal(max_pool_backward(dy, cache), max_pool1d_backward(dy, package_cache))
print("x", x.shape, "pooled", y.shape, "the package gives the same:", same)

# %% [markdown] id="ch14-global"
# If the window is the whole series, $T' = 1$: **global max pooling** (전역 최댓값 풀링) says how well each pattern fits at
# its best place, and forgets where that was. That is what the network of the first figure does, and why it works in
# the second half: the kernels slide over all places, and the maximum does not care which one it was. A sequence
# goes in and one vector comes out, the shape N:1 of chapter 5: the kernels encode, the maximum sums up the time, a
# dense layer decodes.
#
# ## How far an output sees
#
# A forecast from 24 hours needs outputs that see 24 steps. A kernel with $K = 3$ sees three. Put a second layer on
# the first, and each of its taps sees three: five steps in all. Each layer adds $\delta (K - 1)$ steps. The number
# of steps that an output depends on is its **receptive field** (수용 영역):
#
# $$ R = 1 + \sum_l \delta_l (K_l - 1) \qquad \mathrm{if \; all \; strides \; are \; 1} \tag{7} $$
#
# (A layer with a stride $s$, pooling included, makes each step after it count for $s$ steps of the input.)
#
# With dilation 1 everywhere, 24 steps need twelve layers, and a thousand steps five hundred. But if each layer
# doubles the dilation, 1, 2, 4, 8 ..., then $R$ doubles with each layer: $R = 1 + (K - 1)(2^B - 1)$ after $B$
# layers (van den Oord and others, 2016). Think of a knock-out tournament: in ten rounds, with two players in each
# match, one winner stands for a thousand players.

# %%
show(
    figures.dilated(),
    "14.4",
    "Three causal layers with K = 2. Above: dilation 1, the last output sees four steps. Below: "
    "dilations 1, 2, 4, and it sees eight, each by one path.",
)


# %%
def receptive_field(kernel_sizes, dilations):
    """Equation (7)."""
    pairs = zip(kernel_sizes, dilations, strict=True)
    return 1 + sum(dilation * (K - 1) for K, dilation in pairs)  # (7)


def steps_seen(layer, T, D):
    """On how many steps the last output depends, measured by its gradient."""
    layer.astype(np.float64)
    y = layer.forward(np.random.default_rng(0).standard_normal((1, T, D)))
    dy = np.zeros_like(y)
    dy[:, -1] = 1
    return int((abs(layer.backward(dy)).sum(axis=(0, 2)) > 0).sum())


for name, dilations in {"plain": (1, 1, 1, 1), "dilated": (1, 2, 4, 8)}.items():
    layers = [Conv1D(2, 2, 3, rng=rng, padding="causal", dilation=d) for d in dilations]
    measured = steps_seen(Sequential(*layers), 100, 2)
    print(
        f"{name:<8} K = 3, dilations {dilations}: R = {receptive_field([3] * 4, dilations)}",
        end=", ",
    )
    print(f"measured {measured}")
tcn = TemporalConvolutions(2, 8, 3, 24, rng=rng)
dilations = [2**k for k in range(len(tcn.blocks)) for _ in range(2)]
reach = receptive_field([3] * len(dilations), dilations)
print(f"TCN for 24 steps: {len(tcn.blocks)} blocks of two layers, R = {reach}", end=", ")
print("the package gives the same:", reach == tcn.reach(len(tcn.blocks), 3))

# %% [markdown] id="ch14-tcn"
# The network of the last line is a **temporal convolutional network** (시간 합성곱 신경망), or TCN (Bai, Kolter and Koltun,
# 2018). Its blocks have two causal layers each and add their input to their output, so that the gradient has a way
# past them, as it has past the gates of a GRU. It is in
# [`temporal_convolutions.py`](../scratchnn/models/temporal_convolutions.py).
#
# ## Does the order matter? A test
#
# A network may be trained well and ignore the order of what it reads. A test shows it: shuffle the steps, *in the
# same way in all series*, and train again. No number is lost. What gets worse had used the order.
#
# Four networks answer the question of the first figure, which event it is. Here the event is anywhere.
#
# > **Question.** What do you expect of each: a weight per step, kernels with a global maximum, a TCN whose last
# > step is used, and a GRU? Which of them can a fixed shuffling not harm at all?
# >
# > <details><summary>Answer</summary>
# >
# > A weight per step: nothing changes but chance; its weights can be shuffled in the same way. Kernels:
# > neighbouring steps are not neighbours any longer, so there is no pattern to find. A TCN and a GRU read all steps
# > in an order; after shuffling they can still reach each step, but the pattern is spread over the series.
# >
# > </details>

# %%
SHUFFLED = np.random.default_rng(5).permutation(T)


def anywhere(rng, N=64):
    return examples.one_event(rng, N, T, 0, T - 7)


def shuffled(rng, N=64):
    x, kinds = anywhere(rng, N)
    return x[:, SHUFFLED], kinds


def makers(rng):
    """The networks by name."""
    conv = Conv1D(1, 8, 7, rng=rng, padding="causal")
    return {
        "a weight per step": [Flatten(), Dense(T, 32, rng=rng), ReLU(), Dense(32, 2, rng=rng)],
        "kernels, maximum": [conv, ReLU(), GlobalMaxPool1D(), Dense(8, 2, rng=rng)],
        "TCN, last step": [
            TemporalConvolutions(1, 8, 3, T, rng=rng),
            LastStep(),
            Dense(8, 2, rng=rng),
        ],
        "GRU, last state": [GRU(1, 16, rng=rng, return_sequences=False), Dense(16, 2, rng=rng)],
    }


order_scores = {}
for name in makers(rng):
    for order, make_batch in {"in order": anywhere, "shuffled": shuffled}.items():
        model = Sequential(*makers(np.random.default_rng(0))[name])
        learn(model, make_batch, 300)
        order_scores[name, order] = share_right(model, *make_batch(np.random.default_rng(1), 1000))
    print(f"{name:<18} in order {order_scores[name, 'in order']:.1%}", end=", ")
    print(f"shuffled {order_scores[name, 'shuffled']:.1%}")
show(
    figures.orders(order_scores),
    "14.5",
    "Which event? With the steps in order, and shuffled in the same way in all series. Guessing "
    "is right in half of the cases.",
)

# %% [markdown] id="ch14-front"
# The first network does not care about the order, and it is not much better than guessing either way. (Its two shares
# are not equal, because each weight starts at another step of the series: that is chance, as between two seeds.) It
# would have to learn the event again at each of 54 places, and 300 batches are too few for that. The other three
# depend on the order so much that without it they lose most of what they knew: two of them guess or nearly so, and the
# TCN is not far above that. The seeds 1 and 2 say the same. For an event, neighbours are what matters.
#
# That is not so for every series. The full run at the end of this chapter repeats the test on the weather, and
# there the TCN does not mind a shuffled window at all (one run, seed 0).
#
# ## A convolution in front of a GRU
#
# Now a longer series, 160 steps, with *both* events in it, one in each half. Which comes first?
#
# Kernels with a global maximum cannot answer. Both events are there in every series, and the maximum forgets where.
# A GRU alone can in principle, but it has to recognise a shape of seven steps in noise *and* keep the answer for a
# hundred steps. Divide the work: kernels recognise shapes, pooling shortens the series by a factor of eight, and a
# GRU reads what is left, in order.

# %%
show(
    figures.front(),
    "14.6",
    "Kernels find shapes, pooling shortens the series, a GRU keeps the order.",
)
LONG = 160


def which_first(rng, N=32):
    return examples.two_events(rng, N, LONG)


def long_makers(rng):
    conv = [Conv1D(1, 8, 7, rng=rng, padding="causal"), ReLU()]
    after = [GRU(8, 16, rng=rng, return_sequences=False), Dense(16, 2, rng=rng)]
    return {
        "kernels, maximum": [*conv, GlobalMaxPool1D(), Dense(8, 2, rng=rng)],
        "GRU": [GRU(1, 16, rng=rng, return_sequences=False), Dense(16, 2, rng=rng)],
        "kernels, pooling, GRU": [*conv, MaxPool1D(8), *after],
    }


first_scores, first_curves = {}, {}
for name in long_makers(rng):
    model = Sequential(*long_makers(np.random.default_rng(0))[name])
    first_curves[name] = learn(model, which_first, 400)
    first_scores[name] = share_right(model, *which_first(np.random.default_rng(1), 1000))
    recurrent_steps = {"kernels, maximum": 0, "GRU": LONG}.get(name, LONG // 8)
    print(f"{name:<22} {recurrent_steps:>3} recurrent steps, {first_scores[name]:.1%} right")
show(
    figures.first(first_curves, first_scores),
    "14.7",
    "Which event comes first? Loss by training step, mean of 20 steps.",
)

# %% [markdown] id="ch14-wrong"
# As expected, kernels with a global maximum can only guess. The GRU alone gets there. With kernels and pooling in front
# of it, it gets there in fewer than half as many training steps (also with the seeds 1 and 2), and each of these has 20
# recurrent steps instead of 160. Chapter 15 shows why that is what counts: products over all steps at once are fast, and
# steps that wait for each other are slow.
#
# The same is done wherever a sequence is long and its shapes are short: sound, a day of seconds, the characters of
# a text. A video is a sequence of pictures; a convolution over each picture makes a vector of it, and then this
# chapter applies unchanged.
#
# ## What goes wrong
#
# > **What goes wrong.** The padding *same* puts half of its zeros after the series. So an output in the middle sees
# > half of its window *after* its own step. For a label of a whole series that is fine, and even wanted. For a
# > forecast at every step it is a leak, and the loss is wonderful.
#
# Train a small network to forecast the next value of a series at every step, $y_t \approx x_{t+1}$. The series is
# pure noise: nothing can be forecast, and the best mean squared error is the variance, 1. Only the word *same* or
# *causal* differs.


# %%
def noise_forecaster(padding, steps=300):
    """The mean squared error on new noise after training, and the network."""
    rng = np.random.default_rng(0)
    model = Sequential(Conv1D(1, 16, 5, rng=rng, padding=padding), ReLU(), Dense(16, 1, rng=rng))
    optimizer = Adam(model.parameters(), 0.01)
    for step in range(steps + 1):
        noise = rng.standard_normal((32, 41, 1)).astype(np.float32)
        L, cache = losses.mean_squared_error_forward(model.forward(noise[:, :-1]), noise[:, 1:])
        if step < steps:
            model.backward(losses.mean_squared_error_backward(1.0, cache))
            optimizer.step()
            model.clear_gradients()
    model.discard_caches()
    return float(L), model


def latest_step_seen(model, t=20, T=40):
    """The latest step on which output t depends, by its gradient."""
    model.astype(np.float64)
    y = model.forward(np.random.default_rng(0).standard_normal((1, T, 1)))
    dy = np.zeros_like(y)
    dy[:, t] = 1
    return int(np.flatnonzero(abs(model.backward(dy)[0, :, 0]))[-1])


leak_losses, latest = {}, {}
for padding in ("same", "causal"):
    leak_losses[padding], model = noise_forecaster(padding)
    latest[padding] = latest_step_seen(model)
    print(f"{padding:<7} mean squared error {leak_losses[padding]:.3f}", end="; ")
    print(f"output 20 sees step {latest[padding]} at the latest")

# %% [markdown] id="ch14-wrong-after"
# The first network looks like a miracle. It copies the answer, which lies one step ahead in its own window. The
# check takes one line: the gradient of output $t$ with respect to all inputs must be zero after $t$. It is the
# check of chapter 13 in another form: there the future was changed and the past was watched.
#
# ## The headline: the order test on real data
#
# Chapter 13 forecast the temperature of Beijing. How much do its networks use the order of the hours? The command
# has the option `--order`, which turns the windows around or shuffles them. The full run trains four networks with
# three orders each; the quick run takes the solar roof of chapter 13 and two of them.

# %%
weather = "--data weather --delay 24 --calendar --schedule cosine --epochs 4"
roof = "--data solar --columns power --calendar --delay 6 --lookback 24 --lr 0.005 --epochs 2"
readers = {
    "GRU": "",
    "GRU, two directions": "--bidirectional",
    "Conv1D, maximum": "--reader conv --layers 2 --kernel 5",
    "TCN": "--reader tcn",
}
if not FULL:
    readers = {name: readers[name] for name in ("GRU", "Conv1D, maximum")}


def validation_error(options):
    """The lowest validation error of ``train forecaster`` with these options."""
    with TemporaryDirectory() as folder:
        run = str(Path(folder) / "run")
        command = [sys.executable, "-m", "scratchnn", "train", "forecaster", *options.split()]
        child = subprocess.run([*command, "--out", run], capture_output=True, text=True)
        if child.returncode:
            raise SystemExit(child.stderr)
    (line,) = [line for line in child.stdout.splitlines() if line.startswith("best validation mae")]
    return float(line.split()[3])


order_errors = {}
for name, options in readers.items():
    for order in ("forward", "reversed", "shuffled"):
        chosen = f"{weather if FULL else roof} {options} --order {order} --seed 0"
        order_errors[name, order] = validation_error(chosen)
    row = "  ".join(
        f"{order} {order_errors[name, order]:.3f}" for order in ("forward", "reversed", "shuffled")
    )
    print(f"{name:<20} {row}")

# %% [markdown] id="ch14-full"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch14_convolution_over_time.py`, with the folder of the weather
# > data in SCRATCHNN_DATA; seed 0, 4 epochs, one thread, 2026-11-27): validation error in degrees, forward,
# > reversed and shuffled. GRU: 2.225, 2.600, 2.525. GRU in two directions: 2.223, 2.215, 2.509. Two convolutions
# > with a global maximum: 2.577, 2.341, 2.549. TCN: 2.269, 2.307, 2.250. Ridge, which has a weight for each hour
# > and so does not depend on their order, has 2.149. The benchmark `python -m benchmarks forecaster --quality
# > --orders` runs the same commands side by side.
#
# A GRU that reads the latest hour first has forgotten much of it at the end. In two directions it does not care
# which end is first. The maximum over time cannot tell when something was. It is far behind with the hours in their
# order, but not in every order: with reversed windows it is ahead of the GRU in one direction. Why these suit it best,
# the numbers do not say. The last step of the TCN reaches each hour by a path of its own, so it can learn any fixed
# order. And no network of this list beats ridge. The one of chapter 13 that does, by three percent, had ten epochs
# instead of four, longer windows, dropout and three quantiles.
#
# The quick run on the roof shows the same for the GRU: in their order the hours suit it best, and reversed they suit it
# worst, with each of the seeds 0, 1 and 2. For the kernels with a maximum, the hours in order are the best choice with
# none of the three, and which order is worst depends on the seed. The rows above are single runs with seed 0, so a
# difference of a percent or two says little.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step,
# the next call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("14.1", conv1d)  # your function: is it right, and if not, what is wrong?
# hint("14.1")
# solution("14.1")
# ```
#
# In a shell, an answer is a file:
#
# ```sh
# python -m scratchnn exercise 14                          # the list
# python -m scratchnn exercise 14.1 --template > my_answer.py
# python -m scratchnn exercise 14.1 my_answer.py
# ```
#
# - **14.1** The convolution itself, also for a series that is too short.
# - **14.2** The gradient with respect to the inputs.
# - **14.3** The number of steps after any convolution.
# - **14.4** The backward pass of max pooling.
# - **14.5** How many layers does it take to see so many steps?
#
# Solutions are in [`scratchnn/book/solutions/ch14.py`](../scratchnn/book/solutions/ch14.py). To hunt a mistake in a
# convolution, try `python -m scratchnn gradcheck --break conv1d`.
#
# ## Where to read on
#
# - Waibel and others, "Phoneme Recognition Using Time-Delay Neural Networks" (1989): convolutions over time for
#   speech.
# - LeCun and others, "Gradient-Based Learning Applied to Document Recognition" (1998), section II: convolution,
#   pooling, and why weights are shared.
# - van den Oord and others, "WaveNet: A Generative Model for Raw Audio" (2016), section 2: causal and dilated
#   convolutions.
# - Bai, Kolter and Koltun, "An Empirical Evaluation of Generic Convolutional and Recurrent Networks for Sequence
#   Modeling" (2018), section 3, for the TCN.
# - Kim, "Convolutional Neural Networks for Sentence Classification" (2014): kernels over words with a global
#   maximum.
# - Dumoulin and Visin, "A Guide to Convolution Arithmetic for Deep Learning" (2016): all formulas like (5), with
#   drawings.
#
# ## What comes next
#
# You have rewritten a loop as one big product, and it gave the same numbers. Chapter 15 asks how much faster that
# is, where the time of a training step goes, and how to measure it without fooling yourself.
