# %% [markdown] id="ch15-title"
# # 15. Where the time goes
#
# Two programs compute the same LSTM, forward and backward. They multiply the same numbers, and their results agree
# to twelve digits. One of them takes much longer than the other, although it does not compute more. So where does
# the time go?
#
# In this last chapter you write that LSTM four times, each time faster than before, and find the two costs that
# explain all four. The same two costs tell you when a second thread helps, and why a graphics card can be slower
# than a laptop. The harder half of the work is measuring. It is easy to fool yourself, and here you will do it on
# purpose, seven times.

# %%
import functools
import statistics
import subprocess
import sys
import time

import numpy as np

from scratchnn.backend.threads import threads_for
from scratchnn.book.cells import cell_arrays, cell_pair, lstm_layer, relative_errors
from scratchnn.book.examples import ch15 as examples
from scratchnn.book.examples import ch15_machines as machines
from scratchnn.book.examples.ch15 import Buffers, apart, counted, results
from scratchnn.book.figures import ch15 as figures
from scratchnn.book.page import FULL, show
from scratchnn.recurrent import lstm_backward, lstm_forward
from scratchnn.recurrent.lstm import lstm_step, lstm_step_backward

# %% [markdown] id="ch15-preview"
# The first figure compares the loop of chapter 6, one step after the other, with the LSTM layer of the package, for
# six sizes of the network. The third line is a limit: the time that the matrix products alone would take, at the
# speed of one large product on this machine. `cpu_ms` measures, and `in_rounds` compares; a later section says why in
# this way.


# %%
def cpu_ms(run, *arguments, seconds=0.2):
    """Milliseconds of processor time for ``run(*arguments)``, the median of five measurements."""
    with threads_for(0):  # one thread for products, unless the environment says otherwise
        run(*arguments)  # the first call is not measured
        start = time.process_time()
        run(*arguments)
        once = max(time.process_time() - start, 1e-7)
        repeats = max(1, round(seconds / 5 / once))
        measured = []
        for _ in range(5):
            start = time.process_time()
            for _ in range(repeats):
                run(*arguments)
            measured.append((time.process_time() - start) / repeats)
    return 1000 * statistics.median(measured)


def in_rounds(contestants, rounds=5):
    """Median milliseconds of each contestant (a function and its arguments), measured in turn."""
    times = {name: [] for name in contestants}
    for k in range(rounds):
        for name in list(contestants)[:: -1 if k % 2 else 1]:  # every second round in reverse
            times[name].append(cpu_ms(*contestants[name], seconds=0.1))
    return {name: statistics.median(measured) for name, measured in times.items()}


def operations(N, T, D, H):
    """Operations of the matrix products of an LSTM, forward and backward; see (2)."""
    return 2 * 3 * N * T * (D + H) * 4 * H


package = lstm_forward, lstm_backward
pairs = {"step by step": cell_pair(lstm_step, lstm_step_backward, states=2), "package": package}
a, b = np.ones((2, 1024, 1024), dtype=np.float32)
product = np.empty_like(a)
rate = 2 * 1024**3 / cpu_ms(np.matmul, a, b, product) * 1000  # R, operations per second
print(f"one large product: {rate / 1e9:.0f} GFLOP/s (10^9 operations per second)")
preview = {}  # milliseconds by H and program
for H in (8, 16, 32, 64, 128, 256):
    inputs = examples.lstm_arrays(20, 35, H, H)
    ms = in_rounds({name: (results, pair, *inputs) for name, pair in pairs.items()}, rounds=3)
    preview[H] = ms | {"products at full speed": operations(20, 35, H, H) / rate * 1000}
show(
    figures.answer(preview),
    "15.1",
    "The same LSTM on 20 sequences of 35 steps, forward and backward, for D = H inputs and units. "
    "Left: small networks take far longer than their matrix products. Right: how many times as "
    "long.",
)

# %% [markdown] id="ch15-able"
# Look at the left end. The smallest network has a thousandth of the multiplications of the largest, but it is far
# from a thousand times as fast. There the products take almost no time, and something else takes all of it. At the
# right end they are a good part of the time, and the gap between the two programs is narrower.
#
# ## What you will be able to do
#
# - count the operations and the calls of a program, and say which of the two its time comes from;
# - write an LSTM with one product for all steps, fused gates, arrays that are made once, and packed rows;
# - find the limit that no change of the program can pass, and say how much a faster part is worth (Amdahl's law);
# - decide between one thread and two;
# - explain what one kernel for all steps does on a graphics card, and write a small one in Python;
# - recognise seven ways to measure a wrong time, and read a table of benchmarks with its spread;
# - find a mistake that only the backward pass of the fast version has.
#
# You need cotangents (chapter 1), padded batches (chapter 2) and the LSTM (chapter 6). The quick run takes about half a
# minute. The tools of the chapter are in [`examples/ch15.py`](../scratchnn/book/examples/ch15.py) and
# [`ch15_machines.py`](../scratchnn/book/examples/ch15_machines.py), the code that draws or prints tables in
# [`figures/ch15.py`](../scratchnn/book/figures/ch15.py). Times depend on the machine and on what else it is doing, so
# the text says what is larger, and the cells print the milliseconds.
#
# | letter | meaning | shape or unit |
# |--|--|--|
# | $N$, $T$, $D$, $H$ | sequences, steps, inputs, units | |
# | $x$; $h_t$, $c_t$ | inputs; hidden state and cell state after step $t$ | $(N, T, D)$; $(N, H)$ |
# | $W_x$, $W_h$, $b$ | weights and biases, gates in the order o, i, f, g | $(D, 4H)$, $(H, 4H)$, $(4H,)$ |
# | $C$, $e$ | number of calls, and the fixed cost of one | seconds per call |
# | $F$, $R$ | number of operations, and how many the machine does in a second | |
# | $S$, $U$ | blocks that share the work on a graphics card, and the units of one | |
# | $N_t$, $P$ | sequences that have a step $t$, and the sum of all $N_t$ | |
# | $p$, $s$ | a part's share of the time, and how many times as fast it becomes | |
#
# In other chapters $C$, $F$, $R$, $S$, $U$, $p$ and $s$ have other meanings, and $e$ is the base of the exponential.
#
# ## A fee and a fare
#
# A ferry costs a fee for every crossing and a fare for every car. With one car on board, the fee is everything; with
# fifty, it hardly matters. Array libraries are ferries. Before `np.add` touches a single number, Python has to find
# the function, and NumPy has to look at the types and shapes of its arguments: the fee. Then each number costs its
# fare.
#
# $$ \text{time} \approx C \, e + \frac{F}{R} \tag{1} $$
#
# for $C$ calls with a fee of $e$ seconds each, and $F$ operations of which the machine does $R$ per second. How high
# is the fee? Measure one addition and one matrix product, from tiny arrays to large ones.


# %%
def microseconds(function, shapes):
    """Of one call with two arrays of each shape, and a third for the result: {n: microseconds}."""
    calls = {n: (function, *np.ones((3, *shape), dtype=np.float32)) for n, shape in shapes.items()}
    return {n: 1000 * ms for n, ms in in_rounds(calls, rounds=3).items()}


adds = microseconds(np.add, {n: (n,) for n in (1, 10, 100, 1000, 10_000, 100_000)})
matmuls = microseconds(np.matmul, {n: (n, n) for n in (1, 4, 16, 32, 64, 128, 256)})
print(f"the fee: {adds[1]:.2f} microseconds for an addition, {matmuls[1]:.2f} for a product")
show(
    figures.fees(adds, matmuls, rate),
    "15.2",
    "Time of one call. Left: adding a hundred numbers costs about as much as adding one. Right: a "
    "product of matrices (n, n); dotted, the fare alone, at the speed of a large product.",
)

# %% [markdown] id="ch15-q-fee"
# > **Question.** A step of an LSTM with $N = 20$ and $H = 100$ adds arrays of 2000 numbers. Does it pay for the
# > numbers or for the call? And with $N = 256$ and $H = 512$?
# >
# > <details><summary>Answer</summary>
# >
# > For both: the left curve begins to rise there. In the large network an array has more than a hundred thousand
# > numbers, and the fee hardly matters.
# >
# > </details>
#
# ### Counting operations
#
# The fare is easy to count. At each of $T$ steps an LSTM multiplies $x_t$ (N, D) by $W_x$ (D, 4H) and $h_{t-1}$ (N, H)
# by $W_h$ (H, 4H). A product of (m, k) and (k, n) has $m k n$ multiplications and as many additions. Each product
# $Y = A B$ of the forward pass leads to *two* of the same size in the backward pass, $dA = dY B^T$ and
# $dB = A^T dY$. So
#
# $$ F = 2 \cdot 3 \cdot N T (D + H) \cdot 4 H \tag{2} $$
#
# floating-point operations, forward and backward. Everything else, such as sigmoids and sums, grows only with
# $N T H$, not with $H^2$; it is left out, here and in the benchmarks.
#
# Double $D$ and $H$, and $F$ becomes four times as large, but the number of calls $C$ stays as it is: the arrays become
# larger, there are no more of them. That is why the two programs of the first figure come closer on the right.

# %%
N, T, D, H = 20, 35, 100, 100  # the sizes of the next sections
F = operations(N, T, D, H)
arrays, cotangents = examples.lstm_arrays(N, T, D, H)
exact = examples.lstm_arrays(4, 7, 3, 5, np.float64)  # small arrays, to compare results
print(f"N, T, D, H = {N}, {T}, {D}, {H}: {F / 1e6:.0f} million operations, forward and backward")
print(f"at full speed: {F / rate * 1000:.1f} ms")

# %% [markdown] id="ch15-objects"
# ## First: an object for each step
#
# Begin with the most natural program. A step of the network is an object. It knows its weights, keeps what the
# backward pass will need, and has gradients of its own. Each gate has matrices of its own, as in the equations of
# chapter 6, for $k$ = o, i, f, g:
#
# $$ a_k = x_t W_{x,k} + h_{t-1} W_{h,k} + b_k \qquad o, i, f = \sigma(a_o), \sigma(a_i), \sigma(a_f) \qquad
# g = \tanh(a_g) \tag{3} $$
# $$ c_t = f \, c_{t-1} + i \, g \qquad h_t = o \, \tanh(c_t) \tag{4} $$
#
# Backward, with $dh_t$ and $dc_t$ as they arrive at step $t$ from above and from step $t + 1$:
#
# $$ dc_t \leftarrow dc_t + dh_t \, o \, (1 - \tanh^2(c_t)) \qquad dc_{t-1} = dc_t \, f \tag{5} $$
# $$ da_o = dh_t \tanh(c_t) \, o (1 - o) \quad da_i = dc_t \, g \, i (1 - i) \quad
# da_f = dc_t \, c_{t-1} f (1 - f) \quad da_g = dc_t \, i (1 - g^2) \tag{6} $$
# $$ \begin{aligned} dx_t &= \sum_k da_k W_{x,k}^T & dh_{t-1} &= \sum_k da_k W_{h,k}^T & & \\
# dW_{x,k} &= \sum_t x_t^T da_k & dW_{h,k} &= \sum_t h_{t-1}^T da_k & db_k &= \sum_t da_k \end{aligned} \tag{7} $$
#
# In (7) the sums over $k$ are over the gates of one step. Those over $t$ have the $da_k$ of each step. `cell_forward`
# and `cell_backward`, (4) to (6), will be used again by the second version.


# %%
def sigmoid(a):
    return 0.5 * np.tanh(0.5 * a) + 0.5


def cell_forward(o, i, f, g, c):
    """Equation (4): h_t and c_t, from c = c_{t-1}; all arrays (N, H)."""
    c_next = f * c + i * g
    return o * np.tanh(c_next), c_next


def cell_backward(dh, dc, o, i, f, g, c, c_next):
    """Equations (5) and (6): the list da_o, da_i, da_f, da_g, and dc_{t-1}; all arrays (N, H)."""
    tanh_c = np.tanh(c_next)
    dc = dc + dh * o * (1 - tanh_c**2)  # (5)
    da_o, da_i = dh * tanh_c * o * (1 - o), dc * g * i * (1 - i)  # (6)
    da_f, da_g = dc * c * f * (1 - f), dc * i * (1 - g**2)  # (6)
    return [da_o, da_i, da_f, da_g], dc * f


class Step:
    """One step as an object; Wx: four of (D, H), Wh: four of (H, H), b: four of (H,)."""

    def __init__(self, Wx, Wh, b):
        self.Wx, self.Wh, self.b = Wx, Wh, b
        self.dWx, self.dWh, self.db = ([np.zeros_like(W) for W in four] for four in (Wx, Wh, b))

    def forward(self, x, h, c):
        a = [x @ self.Wx[k] + h @ self.Wh[k] + self.b[k] for k in range(4)]  # (3)  four of (N, H)
        gates = sigmoid(a[0]), sigmoid(a[1]), sigmoid(a[2]), np.tanh(a[3])  # (3)
        h_next, c_next = cell_forward(*gates, c)
        self.cache = x, h, (*gates, c, c_next)
        return h_next, c_next

    def backward(self, dh, dc):
        x, h, rest = self.cache
        da, dc = cell_backward(dh, dc, *rest)
        for k in range(4):
            self.dWx[k] += x.T @ da[k]  # (7)  (D, N) @ (N, H) -> (D, H)
            self.dWh[k] += h.T @ da[k]  # (7)  (H, N) @ (N, H) -> (H, H)
            self.db[k] += da[k].sum(axis=0)  # (7)
        dx = sum(da[k] @ self.Wx[k].T for k in range(4))  # (7)  (N, H) @ (H, D) -> (N, D)
        dh = sum(da[k] @ self.Wh[k].T for k in range(4))  # (7)  (N, H) @ (H, H) -> (N, H)
        return dx, dh, dc


def objects_forward(x, h, c, Wx, Wh, b):
    """Outputs (N, T, H), the last state, and the steps, which are the cache."""
    four = [[part.copy() for part in np.split(W, 4, axis=-1)] for W in (Wx, Wh, b)]
    steps, ys = [Step(*four) for _ in range(x.shape[1])], []
    for t, step in enumerate(steps):
        h, c = step.forward(x[:, t], h, c)
        ys.append(h)
    return np.stack(ys, axis=1), (h, c), steps


def objects_backward(dy, dstate, steps):
    """Gradients dx, dh0, dc0, dWx, dWh, db; those of the weights are sums over all objects."""
    (dh, dc), dxs = dstate, []
    for t in reversed(range(len(steps))):
        dx, dh, dc = steps[t].backward(dh + dy[:, t], dc)
        dxs.append(dx)
    sums = []
    for name in ("dWx", "dWh", "db"):
        four = zip(*(getattr(step, name) for step in steps), strict=True)
        sums.append(np.concatenate([sum(parts) for parts in four], axis=-1))
    return np.stack(dxs[::-1], axis=1), dh, dc, *sums


# %% [markdown] id="ch15-compare"
# Each version has to give the same results as the package, forward and backward, with random cotangents for the
# outputs and the last state: `results` returns them all, and `apart` the largest difference between two lists of
# them. `counted` replaces the arrays by arrays that note what is done with them; views, such as slices and
# transposes, are not counted.


# %%
versions = {}


def introduce(name, *pair):
    """Note a version, compare it with the package on small arrays, and count its calls."""
    versions[name] = pair
    same = apart(results(pair, *exact), results(package, *exact)) < 1e-12
    print("the package gives the same:", same)
    calls, products = counted(pair, arrays, cotangents)
    print(f"{len(products)} matrix products, {calls} calls in all: {calls / T:.0f} per step")


introduce("objects", objects_forward, objects_backward)
weights = sum(W.nbytes for W in arrays[3:])
print(f"weights {weights / 1e6:.2f} MB, gradients of {T} objects {T * weights / 1e6:.1f} MB")

# %% [markdown] id="ch15-fused"
# More than a hundred calls per step, 24 of them products: eight forward, sixteen backward. Each pays the fee. And
# each object carries a full set of gradients, to be filled with zeros first and added up at the end.
#
# ## Second: one matrix for four gates, one product for all steps
#
# Two observations. **The four gates multiply the same $x_t$ and $h_{t-1}$.** Put their matrices side by side,
# $W_x = [W_{x,o}, W_{x,i}, W_{x,f}, W_{x,g}]$, and one product computes all four. That is called fusing, and it is
# why chapter 6 wrote its equations with $4H$ columns.
#
# **$x_t W_x$ waits for nothing.** All inputs are known before the first step. The $N T$ rows of all steps form one
# matrix, and a single product serves the whole sequence:
#
# $$ x \; (N T, D) \cdot W_x \; (D, 4H) \;\to\; (N T, 4H) \tag{8} $$

# %%
show(
    figures.fused(),
    "15.3",
    "Forward, at one step and over all of them. Above: eight small products per step. Below: one "
    "product for all steps, and one per step for what has to wait.",
)

# %% [markdown] id="ch15-q-wait"
# > **Question.** Why is there no such product for $h_{t-1} W_h$, of all steps at once?
# >
# > <details><summary>Answer</summary>
# >
# > $h_{t-1}$ is not known before step $t - 1$ is done. This is what "recurrent" costs: $T$ products that wait for
# > each other, however many multipliers the machine has. A convolution (chapter 14) has no such chain, and neither
# > has attention over given memories (chapter 11).
# >
# > </details>


# %%
def fused_forward(x, h, c, Wx, Wh, b):
    """As ``objects_forward``; the cache is a list of what each step keeps, and the weights."""
    N, T, D = x.shape
    from_x = (x.reshape(N * T, D) @ Wx + b).reshape(N, T, -1)  # (8)
    ys, kept = [], []
    for t in range(T):
        a = from_x[:, t] + h @ Wh  # (3)  (N, H) @ (H, 4H) -> (N, 4H)
        a_o, a_i, a_f, a_g = np.split(a, 4, axis=1)  # (N, 4H) -> four of (N, H)
        gates = sigmoid(a_o), sigmoid(a_i), sigmoid(a_f), np.tanh(a_g)  # (3)
        h_next, c_next = cell_forward(*gates, c)
        kept.append((x[:, t], h, (*gates, c, c_next)))
        h, c = h_next, c_next
        ys.append(h)
    return np.stack(ys, axis=1), (h, c), (kept, Wx, Wh)


def fused_backward(dy, dstate, cache):
    """As ``objects_backward``."""
    kept, Wx, Wh = cache
    dWx, dWh, db = np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(Wh[0])
    (dh, dc), dxs = dstate, []
    for t in reversed(range(len(kept))):
        x, h, rest = kept[t]
        four, dc = cell_backward(dh + dy[:, t], dc, *rest)
        da = np.concatenate(four, axis=1)  # 4 of (N, H) -> (N, 4H)
        dWx += x.T @ da  # (7)  (D, N) @ (N, 4H) -> (D, 4H)
        dWh += h.T @ da  # (7)  (H, N) @ (N, 4H) -> (H, 4H)
        db += da.sum(axis=0)  # (7)
        dxs.append(da @ Wx.T)  # (7)  (N, 4H) @ (4H, D) -> (N, D)
        dh = da @ Wh.T  # (7)  (N, 4H) @ (4H, H) -> (N, H)
    return np.stack(dxs[::-1], axis=1), dh, dc, dWx, dWh, db


introduce("fused", fused_forward, fused_backward)

# %% [markdown] id="ch15-placed"
# ## Third: arrays that are made once
#
# Every `a * b` asks for a new array. For small ones that is cheap, because NumPy and the C library keep freed memory
# at hand. Large ones come fresh from the operating system, in pages that are filled with zeros before you may write
# to them. The cell writes ones into 64 MB of fresh memory, and then again into the same.

# %%
fresh_ms, again_ms = np.median(machines.written_twice(16_000_000), axis=0)
print(f"64 MB written: fresh memory {fresh_ms:.1f} ms, the same memory again {again_ms:.1f} ms")

# %% [markdown] id="ch15-placed-how"
# So make the arrays once, and let each call write its result into its place: `np.multiply(a, b, out=c)`. The code
# names this version `placed`. And there is less to do in the loop:
#
# - **The weights' gradients.** In (7) they are sums over steps of small products. Put all $h_{t-1}$ below each other,
#   $N T$ rows, and the $da$ of all steps as well, (N T, 4H), and such a sum is a single product, (9) below. The same
#   holds for $dW_x$; and $dx$ is one product like (8).
# - **The slopes.** In (5) and (6) everything but $dh_t$ and $dc_t$ is known before the loop begins: $o (1 - o)$ and
#   the like. Compute these factors for all steps at once.
# - **Three sigmoids** are not calls of their own, since $\sigma(a) = (1 + \tanh(a / 2)) / 2$. Halve $a_o$, $a_i$, $a_f$,
#   and a single tanh computes all four gates.
#
# $$ dW_h = \sum_t h_{t-1}^T \, da_t \;\; \mathrm{in \; one \; product:} \;\; (H, N T) \cdot (N T, 4H) \to (H, 4H)
# \tag{9} $$
#
# Arrays have the step in front, $(T, N, \ldots)$, so that what belongs to a step is one piece of memory, and the
# gates are one behind the other, $(4, T, N, H)$. `Buffers`, in the examples, has them all. How many products are left?
# Forward $1 + T$, backward $T + 3$ (for $dx$, $dW_x$, $dW_h$): $2 T + 4 = 74$, down from $24 T = 840$.


# %%
def gate_by_gate(a):
    """(N, 4H) -> (4, N, H), a view of the same memory."""
    return a.reshape(len(a), 4, -1).transpose(1, 0, 2)


def step_in_place(a, gates, c, c_next, tanh_c, h_next, spare):
    """Equations (3) and (4), from a (N, 4H) and c_{t-1}, into gates (4, N, H) and others."""
    a[:, : 3 * c.shape[1]] *= 0.5
    np.tanh(gate_by_gate(a), out=gates)  # (3)
    sigmoids = gates[:3]
    sigmoids *= 0.5
    sigmoids += 0.5
    o, i, f, g = gates
    np.multiply(f, c, out=c_next)
    c_next += np.multiply(i, g, out=spare)  # (4)
    np.multiply(o, np.tanh(c_next, out=tanh_c), out=h_next)  # (4)


def step_back_in_place(slopes, slope_c, f, dh, dc, da, spare):
    """Equations (5) and (6), from slopes (4, N, H), which are overwritten, into da (N, 4H), dc."""
    slope_o, slopes_ifg = slopes[0], slopes[1:]
    slope_o *= dh  # (6)
    dc += np.multiply(slope_c, dh, out=spare)  # (5)
    slopes_ifg *= dc  # (6)
    dc *= f  # (5)
    gate_by_gate(da)[...] = slopes


def compute_slopes(gates, c, tanh_c, slopes, slope_c):
    """The factors of dh_t and dc_t in (5) and (6), for all steps at once."""
    o, i, f, g = gates
    np.multiply(tanh_c * o, 1 - o, out=slopes[0])
    np.multiply(g * i, 1 - i, out=slopes[1])
    np.multiply(c * f, 1 - f, out=slopes[2])
    np.multiply(i, 1 - g * g, out=slopes[3])
    np.multiply(o, 1 - tanh_c * tanh_c, out=slope_c)


def placed_forward(x, h0, c0, Wx, Wh, b, buffers=None):
    """As ``fused_forward``, into ``buffers`` (new ones if None), which hold the cache as well."""
    (N, T, D), H = x.shape, len(Wh)
    B = buffers or Buffers(x, H)
    B.x[...], B.h[0], B.c[0] = x.transpose(1, 0, 2), h0, c0
    np.matmul(B.x.reshape(T * N, D), Wx, out=B.from_x.reshape(T * N, 4 * H))  # (8)
    B.from_x += b
    for t in range(T):
        a = np.matmul(B.h[t], Wh, out=B.from_h)  # (N, H) @ (H, 4H) -> (N, 4H)
        a += B.from_x[t]
        step_in_place(a, B.gates[:, t], B.c[t], B.c[t + 1], B.tanh_c[t], B.h[t + 1], B.spare)
    return B.h[1:].transpose(1, 0, 2).copy(), (B.h[T].copy(), B.c[T].copy()), (B, Wx, Wh)


def placed_backward(dy, dstate, cache):
    """As ``fused_backward``."""
    B, Wx, Wh = cache
    (T, N, D), H = B.x.shape, len(Wh)
    compute_slopes(B.gates, B.c[:-1], B.tanh_c, B.slopes, B.slope_c)
    (dh, dc), f = (part.copy() for part in dstate), B.gates[2]
    WhT = Wh.T.copy()  # in the order of its rows, for the products of the loop
    for t in reversed(range(T)):
        dh += dy[:, t]
        step_back_in_place(B.slopes[:, t], B.slope_c[t], f[t], dh, dc, B.da[t], B.spare)
        np.matmul(B.da[t], WhT, out=dh)  # (7)  (N, 4H) @ (4H, H) -> (N, H)
    rows, da = B.x.reshape(T * N, D), B.da.reshape(T * N, 4 * H)
    h_before = B.h[:-1].reshape(T * N, H)
    np.matmul(da, Wx.T, out=B.dx.reshape(T * N, D))  # (7)  (N T, 4H) @ (4H, D) -> (N T, D)
    dWx, dWh, db = rows.T @ da, h_before.T @ da, da.sum(axis=0)  # (9)
    return B.dx.transpose(1, 0, 2).copy(), dh, dc, dWx, dWh, db


introduce("placed", placed_forward, placed_backward)

# %% [markdown] id="ch15-packed"
# ## Fourth: only the rows that live
#
# Real batches are padded: sequences of different lengths are filled up to the longest (chapter 2). A program that
# computes all $N T$ rows spends part of its time on padding, and has to mask it afterwards. If lengths are spread
# evenly from 1 to $T$, about half of the work is for nothing.
#
# Here is a way without masks. Sort the sequences, the longest first. Those that still have a step $t$ are then the
# first $N_t$ rows, and a step is computed on these rows only: a slice, not a copy. Put the rows of all steps one
# after the other, and an array over time has $P = \sum_t N_t$ rows. This is called **packing** (패킹). You write `pack`
# and `unpack` in the exercises; until then the chapter takes those of the examples.

# %%
show(
    figures.packed(np.array([3, 5, 1, 2])),
    "15.4",
    "Four sequences of lengths 3, 5, 1 and 2. Left: padded, 20 rows of which 9 are padding. "
    "Middle: sorted, with the number of rows that have each step. Right: the packed rows.",
)


# %%
def lay_out(lengths):
    """The order of the sequences, longest first, and for each step its packed rows, a slice."""
    counts = (lengths > np.arange(lengths.max(initial=0))[:, None]).sum(axis=1)  # all N_t
    steps = [slice(end - N_t, end) for end, N_t in zip(np.cumsum(counts), counts, strict=True)]
    return np.argsort(-lengths, kind="stable"), steps


def packed_forward(x, h0, c0, Wx, Wh, b, lengths):
    """As ``placed_forward``, for sequences of different ``lengths`` (N,)."""
    T, (order, steps) = x.shape[1], lay_out(lengths)
    rows = examples.pack(x, lengths)  # (N, T, D) -> (P, D)
    from_x = rows @ Wx + b  # (8)  (P, D) @ (D, 4H) -> (P, 4H)
    gates, kept = np.empty_like(rows, shape=(2, 4, len(rows), len(Wh)))
    h_before, c_before, tanh_c, y = kept  # (P, H) each
    h, c, spare = h0[order], c0[order], np.empty_like(h0)
    for now in steps:
        N_t = now.stop - now.start
        h_t, c_t = h[:N_t], c[:N_t]  # views: a step changes these rows of h and c only
        h_before[now], c_before[now] = h_t, c_t
        a = h_t @ Wh  # (N_t, H) @ (H, 4H) -> (N_t, 4H)
        a += from_x[now]
        step_in_place(a, gates[:, now], c_t, c_t, tanh_c[now], h_t, spare[:N_t])
        y[now] = h_t
    place = np.argsort(order)  # back to the order of the batch
    cache = rows, h_before, c_before, gates, tanh_c, Wx, Wh, lengths, T
    return examples.unpack(y, lengths, T), (h[place], c[place]), cache


def packed_backward(dy, dstate, cache):
    """As ``placed_backward``."""
    rows, h_before, c_before, gates, tanh_c, Wx, Wh, lengths, T = cache
    order, steps = lay_out(lengths)
    slopes, slope_c = np.empty_like(gates), np.empty_like(tanh_c)
    compute_slopes(gates, c_before, tanh_c, slopes, slope_c)
    dy_rows, da = examples.pack(dy, lengths), np.empty_like(rows, shape=(len(rows), 4 * len(Wh)))
    dh, dc = (part[order] for part in dstate)
    WhT, spare = Wh.T.copy(), np.empty_like(dh)
    for now in reversed(steps):
        N_t = now.stop - now.start
        dh_t, dc_t, f = dh[:N_t], dc[:N_t], gates[2, now]
        dh_t += dy_rows[now]
        step_back_in_place(slopes[:, now], slope_c[now], f, dh_t, dc_t, da[now], spare[:N_t])
        np.matmul(da[now], WhT, out=dh_t)  # (7)  (N_t, 4H) @ (4H, H) -> (N_t, H)
    place = np.argsort(order)
    dx = examples.unpack(da @ Wx.T, lengths, T)
    dWx, dWh, db = rows.T @ da, h_before.T @ da, da.sum(axis=0)  # (9)
    return dx, dh[place], dc[place], dWx, dWh, db


# %% [markdown] id="ch15-packed-alone"
# What should the results be? Those that each sequence has *alone*, in a batch of one without padding; the gradients
# of the weights are the sums of theirs. `one_by_one` in the examples computes them with the third version.

# %%
few = np.array([4, 7, 0, 2])  # one sequence is empty
packed_pair = packed_forward, packed_backward
ours = results(packed_pair, *exact, few)
alone = examples.one_by_one(lambda *inputs: results(versions["placed"], *inputs), *exact, few)
print("the same as each sequence alone:", apart(ours, alone) < 1e-12)
print("the package gives the same:", apart(ours, results(package, *exact, few)) < 1e-12)

wide = examples.lstm_arrays(64, 35, 128, 128)
lengths = np.random.default_rng(1).integers(1, 36, 64)  # (N,), from 1 to T
rows = {"padded": 64 * 35, "packed": int(lengths.sum())}
reused = Buffers(wide[0][0], 128)
padded = results, versions["placed"], *wide, reused
wide_ms = in_rounds({"padded": padded, "packed": (results, packed_pair, *wide, lengths)})
for name, ms in wide_ms.items():
    speed, real = operations(1, rows[name], 128, 128) / ms / 1e6, lengths.sum() / ms
    print(f"{name}: {rows[name]} rows, {ms:.1f} ms, {speed:.0f} GFLOP/s", end=", ")
    print(f"{real:.0f} real steps per millisecond")

# %% [markdown] id="ch15-packed-after"
# Backward, a short sequence joins in late. Its gradients with respect to the last state wait in its rows of `dh` and
# `dc` from the beginning, because steps beyond its length work on other rows. No mask, no special case.
#
# The gain is not quite the share of padding: a step with one row pays the same fees as a step with all of them.
# The package packs in the same way ([`steps.py`](../scratchnn/recurrent/steps.py)); its layers accept `lengths`.
#
# ## The account
#
# Now measure the first three versions: their time, their speed in operations per second and its share of the speed $R$
# of one large product, and the memory that they take at most. (The fourth is not in the list: with lengths it does
# less, and a comparison has to be of equal work.) Two more measurements show the two costs of (1) apart:
#
# - *the fees*: the same version with $N = D = H = 1$, which makes the same calls with almost nothing to compute;
# - *the products alone*: the same matrix products, and nothing around them.

# %%
account, passes, alone = {}, {}, {}
for name, pair in versions.items():
    calls, products = counted(pair, arrays, cotangents)
    most = machines.most_memory(results, pair, arrays, cotangents)
    account[name] = {"products": len(products), "calls": calls, "MB": most / 1e6}
    buffers = (Buffers(arrays[0], H),) if name == "placed" else ()
    passes[name] = results, pair, arrays, cotangents, *buffers
    alone[name] = (examples.products_alone(products, np.float32),)
one_number = examples.lstm_arrays(1, T, 1, 1)
fees = in_rounds({name: (results, pair, *one_number) for name, pair in versions.items()})
times, alone = in_rounds(passes), in_rounds(alone)
for name, row in account.items():
    row |= {"ms": times[name], "fees": fees[name], "alone": alone[name]}
figures.print_account(account, F, rate)
show(
    figures.account(account, matmuls[1] / 1000, F / rate * 1000),
    "15.5",
    "Where the time of each version goes: the fees of its calls, its matrix products without their "
    "fees, and the rest: the other operations. The dashed line is the limit of the first figure.",
)

# %% [markdown] id="ch15-account-after"
# All versions do the same multiplications, and yet even their products alone do not take the same time: many small
# products are slower than few large ones. The fees shrink faster still, and so does the rest: fewer calls, fewer fresh
# arrays, fewer passes over the same numbers.
#
# Look at the memory as well. The first version takes the most, for gradients that are only going to be added up. The
# third takes more than the second, for the slopes and gates of all steps. Time is often bought with memory.
#
# ### Amdahl's law
#
# How much is it worth to make one part faster? If a part has the share $p$ of the time and becomes $s$ times as
# fast, the whole becomes faster by the factor
#
# $$ \frac{1}{(1 - p) + p / s} \tag{10} $$
#
# That is **Amdahl's law** (암달의 법칙), and its message is the limit for $s \to \infty$: never more than
# $1 / (1 - p)$. Before you spend a week on a part, measure its share.
# For example, if the products are a third of the time and become three times as fast, the gain is
# $1 / (2/3 + 1/9) = 9/7$, not even a third; with products that take no time it is $3/2$.


# %%
def amdahl(p, s):
    """Equation (10)."""
    return 1 / (1 - p + p / s)


for name, row in account.items():
    share = min(row["alone"] / row["ms"], 1)
    faster = amdahl(share, 2)
    print(f"{name:<9} products {share:.0%}; twice as fast: the whole {faster:.2f} times as fast")

# %% [markdown] id="ch15-threads"
# ## A second thread
#
# Most computers have several cores. A **thread** (스레드) is a part of a program that can run on a core of its own, and
# OpenBLAS, the library behind NumPy's matrix products, can divide a product among several. Two threads, half the time?
# Waking a thread up and waiting for it is a fee again, and by (10) only the products become faster. And if another
# program needs one of the cores, the thread that is done waits for the other one, and keeps its core busy.
#
# The table is from [`benchmarks/README.md`](../benchmarks/README.md), measured by `python -m benchmarks threads` on
# two cores: milliseconds per training step, the machine alone and beside one busy program. A gain above 1 means that
# the second thread helps. "Products" are the multiply-adds of a mean product in millions, "rule" is the number of
# threads that the package chooses, and "bits" says whether one and two threads give the same result to the last bit.

# %%
labels = "letters, 32 x 64, H 64", "letters, 32 x 64, H 256", "10,000 words, 20 x 35, H 650"
machines.print_benchmark("| products", *labels)

# %% [markdown] id="ch15-threads-after"
# Alone, the second thread gains nothing for the smallest products and about half for the large ones. Beside a busy
# program it *loses* in every row, at worst more than half of the speed.
#
# The package has a rule on sizes ([`products.py`](../scratchnn/training/products.py),
# [`threads.py`](../scratchnn/backend/threads.py)): one thread if the mean matrix product of a training step has fewer
# than 24 million multiply-adds, otherwise all cores. The rule does not ask how busy the machine is, on purpose: two
# threads take sums in another order, the last digits change, and if the load decided, the same seed would not give the
# same numbers. What the rule is worth, from the same page: the tour of the package, beside one busy program, takes 204 s
# with two threads and 129 s by the rule. This chapter measures with one thread, which other programs disturb least.
#
# ## A graphics card: the fee goes up, the fare goes down
#
# A graphics card, a **GPU** (그래픽 처리 장치), is a very large ferry. An H100 has 132 multiprocessors with 128
# units each, and each unit does a multiplication and an addition per clock cycle. A function that runs on it is
# called a kernel (not the kernel of chapter 14), and starting one is a **launch** (실행). A launch costs the processor
# some microseconds, more in a library than without; take five. In CuPy or PyTorch, each array operation is at least
# one launch. So count.

# %%
CLOCK, LAUNCH = 1.98e9, 5e-6  # cycles per second; seconds per launch, assumed
peak = 132 * 128 * 2 * CLOCK
print(f"peak of an H100 in float32: {peak / 1e12:.0f} TFLOP/s (10^12 operations per second)")
print(f"arithmetic at the peak: {1e6 * F / peak:.0f} microseconds")
figures.print_launches(account, LAUNCH, F / peak)
more, steps_more = operations(256, 50, 512, 512), 50
launches = account["placed"]["calls"] / T * steps_more * LAUNCH
print(f"N, T, D, H = 256, 50, 512, 512, placed: launches {1000 * launches:.1f} ms", end=", ")
print(f"arithmetic {1000 * more / peak:.1f} ms")

# %% [markdown] id="ch15-launches-after"
# Compare with the account above: by this count, the card gains little or nothing for the first version. It makes
# thousands of crossings with a handful of cars each, and the arithmetic would be over in the time of one launch. Even
# for a network with hundreds of times as much arithmetic, in the last line, the launches of the third version take
# longer. Writing the gates of a step as one kernel (fusing, once more) leaves two launches per step, a product and the
# rest. The package does that for very large layers, and even then a step costs about 30 microseconds of the processor's
# time ([`step_by_step.py`](../scratchnn/backend/kernels/step_by_step.py)).
#
# ### One kernel for all steps
#
# What if one launch did all $T$ steps? Then the fee is paid once. A kernel is run by many threads at the same time, in
# groups called blocks; let there be one block per multiprocessor. Each block has a small, fast memory of its own, the
# **shared memory** (공유 메모리), so called because the threads of the block share it. The plan:
#
# - The units are divided among the blocks. Each block loads the columns of $W_h$ that belong to its units **once**,
#   and keeps them for the whole sequence.
# - At each step a block reads the whole $h_{t-1}$, computes $h_t$ of its own units, and hands them on to the others
#   through an array in the memory of the card, the exchange.
# - The blocks meet at a counter. Each of the $S$ blocks adds 1 when it has handed on its part, at first that of $h_0$;
#   none begins step $t$ before the counter has reached $t S$.

# %%
show(
    figures.one_kernel(),
    "15.6",
    "One kernel for all steps, with three blocks. Left: who keeps what. Right: time goes to the "
    "right; no block begins a step before the counter says that all have handed on their part.",
)

# %% [markdown] id="ch15-blocks"
# Here it is in Python: a block is a thread, the exchange an array, the counter a number with a lock (`Group` in the
# examples). There are two exchange arrays, used in turn. With a single one, a fast block would write its part of $h_t$
# over the $h_{t-1}$ that a slow one is still reading. With two, it would have to be a step ahead to do so, and the
# counter does not allow that.


# %%
def block(s, S, group, from_x, h0, c0, Wh, y):
    """What block s of S does: all T steps of its units, into its part of y (N, T, H)."""
    T, H = from_x.shape[1], len(Wh)
    mine = slice(s * H // S, (s + 1) * H // S)  # its units
    of_mine = np.arange(4 * H).reshape(4, H)[:, mine].ravel()  # their columns in all four gates
    my_Wh = Wh[:, of_mine]  # (H, 4U), loaded once
    c = c0[:, mine]
    group.exchange[0][:, mine] = h0[:, mine]
    group.arrive()
    for t in range(T):
        group.wait((t + 1) * S)  # t begins at 0 here
        a = from_x[:, t, of_mine] + group.exchange[t % 2] @ my_Wh  # (N, H) @ (H, 4U) -> (N, 4U)
        a_o, a_i, a_f, a_g = np.split(a, 4, axis=1)
        h, c = cell_forward(sigmoid(a_o), sigmoid(a_i), sigmoid(a_f), np.tanh(a_g), c)
        group.exchange[(t + 1) % 2][:, mine] = h
        y[:, t, mine] = h
        group.arrive()


def one_kernel(x, h0, c0, Wx, Wh, b, S=3, waiting=True):
    """Outputs (N, T, H), by S blocks; without ``waiting`` the blocks run one after the other."""
    y, group = np.zeros((*x.shape[:2], len(Wh))), machines.Group(*h0.shape, waiting)
    from_x = x @ Wx + b  # (8), one product before the kernel
    group.launch(block, S, from_x, h0, c0, Wh, y)
    return y


y, _, _ = placed_forward(*exact[0])
print("three blocks give the same as one program:", abs(one_kernel(*exact[0]) - y).max() < 1e-12)
unwaited = abs(one_kernel(*exact[0], waiting=False) - y).max()
print(f"without the counter the outputs are off by up to {unwaited:.2f}")

# %% [markdown] id="ch15-kernel-after"
# The package's kernels do this in CUDA, forward and backward, for every cell
# ([`all_steps.cuh`](../scratchnn/backend/kernels/all_steps.cuh)). A whole sequence needs a handful of launches: one
# product and one kernel forward, one kernel and three products backward
# ([`recurrent.py`](../scratchnn/backend/kernels/recurrent.py)). By the package's estimate, a step of the network with
# $N = 20$ and $H = 100$ takes about 4000 clock cycles of an H100, two microseconds, and 3000 of them are the meeting at
# the counter ([`split.py`](../scratchnn/backend/kernels/split.py)): a fee again, but a much lower one. The idea ends
# where $W_h$ no longer fits: the shared memories of all multiprocessors of an H100 together hold about 30 MB.
#
# That was counting and estimating. Here is a measurement, from [`benchmarks/README.md`](../benchmarks/README.md), "On a
# GPU" (`python -m benchmarks gpu-check`): a layer forward and backward on an H200, which has as many multiprocessors as
# an H100 and more memory. The ratio is PyTorch's time over ours, with its spread.

# %%
sizes = "20, 35, 100, 100", "20, 35, 650, 650", "256, 50, 512, 512"
machines.print_benchmark("N, T, D, H | LSTM: ours", *sizes)

# %% [markdown] id="ch15-gpu-measured"
# Read it with (1). In the first row the arithmetic is about one percent, and by the estimate the 70 steps, forward and
# backward, take about 140 of the 540 microseconds. What is left must be fees: Python, and the few launches. In the last
# row the arithmetic is more than half of the time, and little is left to gain.
#
# ## How to measure without fooling yourself
#
# All times so far came from `cpu_ms`, and you had no reason to trust it. Here are seven ways to get a wrong time, each
# with the wrong and the right one.
#
# **1. The first call.** It loads libraries and asks for memory, which comes fresh. So warm up: call once or a few
# times, and do not count these. The cell starts a new process and times its first pass through an LSTM layer, and the
# later ones.
#
# **2. The wrong clock.** The clock on the wall says how long you wait; the clock of the process counts only the time in
# which a core works for your program. On a busy machine they differ a lot, and only the second says something about the
# program. But it does not see waiting, and it adds up the times of all threads.
#
# **3. Reading the clock too early.** A GPU works in the background: a launch returns at once. `Device` does the same.
#
# **4. Dead code.** In Python, `map` and generators such as `(f(x) for x in xs)` do nothing until you ask for a
# result, and a compiler removes what is never read. Look at a result before you believe a time.


# %%
def stopwatch(run, clock=time.perf_counter):
    """Milliseconds of one call, the median of five."""
    measured = []
    for _ in range(5):
        start = clock()
        run()
        measured.append(1000 * (clock() - start))
    return statistics.median(measured)


work = functools.partial(np.matmul, a, b)  # the large product of the first figure
with threads_for(0):
    wall = stopwatch(lambda: time.sleep(0.05))
    processor = stopwatch(lambda: time.sleep(0.05), time.process_time)
    device = machines.Device()
    too_early = stopwatch(lambda: device.launch(work))
    device.synchronise()
    finished = stopwatch(lambda: (device.launch(work), device.synchronise()))
    lazy = stopwatch(lambda: (work() for _ in range(3)))
    done = stopwatch(lambda: [work() for _ in range(3)])
first, *later = machines.passes_of_a_new_process()
print(f"1. first and later:     {first:.1f} ms and {statistics.median(later):.1f} ms")
print(f"2. wall and processor:  {wall:.1f} ms and {processor:.1f} ms, for a nap of 50 ms")
print(f"3. launched, finished:  {too_early:.3f} ms and {finished:.1f} ms")
print(f"4. promised and done:   {lazy:.3f} ms and {done:.1f} ms")

# %% [markdown] id="ch15-traps-more"
# **5. The mean.** Another program takes the core for a moment, and one measurement in ten is some twenty times as long.
# The mean says more about the other program than about yours; the **median** (중앙값), the value in the middle, does not
# notice. (Neither does the smallest value, but it picks the lucky moments.)
#
# **6. One after the other.** A machine becomes warm and slows down, or a neighbour on the same hardware wakes up. If
# all runs of one contestant come before all runs of the other, the second pays for it. Run them in turn, in rounds, and
# let the other one begin in every second round.
#
# To show these two, the right answer has to be known, so the next cell makes times up: a job of 10 ms with
# interruptions, and a machine that each job makes a little slower, on which both contestants do *the same* job.

# %%
rng = np.random.default_rng(0)
interrupted = 10 + 200 * (rng.random(50) < 0.1)  # milliseconds, made up
print(f"5. mean {interrupted.mean():.1f} ms, median {np.median(interrupted):.1f} ms", end="; ")
print("undisturbed it takes 10 ms")
orders = {"all of A, then all of B": "A" * 20 + "B" * 20, "in turn": "ABBA" * 10}
contests = {name: machines.contest(order) for name, order in orders.items()}
for name, times in contests.items():
    ratio = np.median(times["B"]) / np.median(times["A"])
    print(f"6. {name:<24} B takes {ratio:.2f} times as long as A")
show(
    figures.contests(contests),
    "15.7",
    "Two equal contestants on a machine that slows down; the dashed lines are their medians. One "
    "after the other, B looks slower. In turn, with A and B beginning alternately, they are equal.",
)

# %% [markdown] id="ch15-different-work"
# **7. Different work.** The most common one, since both programs are measured correctly. Is the training pass
# compared with a forward pass that keeps nothing? Is one of them padded? Look again at the two lines of "padded" and
# "packed", above the account. In operations per second the padded version looks as good or better: its products are
# larger, and it computes its padding at a splendid speed. In real steps per second it is far behind. Operations per
# second say how well a program uses the machine, not how soon you have your result. Measure what you want to have.
#
# Now read `cpu_ms` and `in_rounds` again, at the top of the chapter: a call to warm up, enough repeats, the clock of the
# process, one thread, the median; in turn, every second round in reverse. Against unequal work they cannot help you.
#
# ## Reading the benchmark tables
#
# [`benchmarks/README.md`](../benchmarks/README.md) compares the package with PyTorch by these rules: rounds in
# alternating order, medians, and a process of its own for each measurement, because NumPy and PyTorch in one process
# slow each other down. Take two rows of it.

# %%
machines.print_benchmark("N, T, D, H | LSTM | LSTM, share", "20, 35, 100, 100", "geometric mean")
print()
machines.print_benchmark("| ratio | spread", "language model step, D = H = 100")
README_SHARE = 0.43  # of the peak, in the first row
print(f"\na share of {README_SHARE:.0%}: the limit is {1 / README_SHARE:.1f} times as fast")

# %% [markdown] id="ch15-reading"
# **The first row** is our LSTM at the sizes of this chapter.
#
# - *What is one step?* The README says it: a layer forward from a zero state, and backward for inputs and parameters,
#   with two threads. No loss, no optimizer.
# - *Which way is better?* The ratio is PyTorch's time divided by ours, so 0.79 means that ours takes longer. Read it in
#   the other direction and you have invented a victory.
# - *How far from the limit?* The share of the peak is 43%, by (2) and one large product, as in this chapter. So on that
#   machine, at this size, even a program that does nothing but multiply is only 2.3 times as fast as ours.
# - *How sure?* Between rounds the ratio varied by about a fifth in the median row, says the text around the table. The
#   second digit of 0.79 is not worth an argument.
# - *What does the mean say?* The geometric mean takes "twice as fast" and "half as fast" as opposites. It describes these
#   seven sizes, not yours. Look for the row that is closest to yours.
#
# **The second row** is a whole training step of a language model with the same layer. The ratio is 1.13 now, although
# the LSTM in it is slower. That is Amdahl's law in a table. The profile at the end of the README says that at this size
# the products of the output layer, with its 10,000 words, are more than half of the step, and those of the LSTM less
# than a tenth. But look at the spread, 0.98 .. 1.30: in at least one round PyTorch was ahead.
#
# > **Question.** You read: "our LSTM is 30 times as fast as PyTorch's". What do you ask?
# >
# > <details><summary>Answer</summary>
# >
# > At which sizes? Forward only, or with all gradients? How many threads each, and was the clock read after the work
# > was done? How many rounds, in which order, and what is the spread? And, before all others: do the two give the
# > same numbers?
# >
# > </details>
#
# ## What goes wrong
#
# > **What goes wrong.** Each trick of this chapter leaves the outputs right and gives you a chance to ruin the
# > gradients. Nothing crashes, and the loss goes down.
#
# The buffers are the finest trap. They hold the cache of the backward pass, and the next call writes over them.
# This is fine as long as each forward pass is followed by its backward pass. Now let a network read *two* sequences
# with the same layer, and then go backward through both. The task: each sequence has two marked numbers; predict the
# sum of the first pair minus the sum of the second (`learn_difference` in the examples). `lstm_layer` makes a layer of
# a pair of functions.


# %%
shared = {}  # buffers by the shape and the dtype of the inputs


def thrifty_forward(x, *rest):
    """``placed_forward`` with the same buffers at each call."""
    buffers = shared.setdefault((x.shape, x.dtype), Buffers(x, len(rest[3])))
    return placed_forward(x, *rest, buffers)


forwards = {"new buffers": placed_forward, "the same buffers": thrifty_forward}
difference_losses = {}
for name, forward in forwards.items():
    cell = lstm_layer((forward, placed_backward))
    difference_losses[name] = [examples.learn_difference(cell, seed) for seed in range(3)]
    ends = ", ".join(f"{history[-50:].mean():.4f}" for history in difference_losses[name])
    starts = np.mean([history[:20].mean() for history in difference_losses[name]])
    print(f"{name:<17} loss at first {starts:.2f}, at last {ends} (seeds 0, 1, 2)")
show(
    figures.differences(difference_losses),
    "15.8",
    "The same network, the same outputs; only the second reuses the memory of its cache too "
    "early. It learns something, but slowly and with relapses. Three seeds each.",
)

# %% [markdown] id="ch15-wrong-after"
# The second network learns *something*, since the gradient of the second sequence is right, and that of the first
# is at least a gradient. Without the blue curves you would try other learning rates.
#
# Does the gradient check find it? Not the usual one: a check calls forward and backward once.


# %%
checks, small_arrays = {}, cell_arrays(np.random.default_rng(0), blocks=4, states=2)
for name, forward in forwards.items():
    errors = relative_errors((forward, placed_backward), small_arrays)
    twice = examples.right_if_called_twice(forward, placed_backward, *exact)
    checks[name] = max(errors.values()) < 1e-6, twice
    print(f"{name:<17} gradient check of one call right: {checks[name][0]}", end="; ")
    print("two calls, then backward: " + ("right" if checks[name][1] else "WRONG"))

# %% [markdown] id="ch15-wrong-check"
# The check that finds it calls the layer twice before it goes back, as the package's tests do with every recurrent layer
# ([`test_recurrent_layers.py`](../tests/recurrent/test_recurrent_layers.py)). The package's buffers have *one owner*
# ([`buffers.py`](../scratchnn/backend/buffers.py)): a forward pass takes a lease on them, its backward pass ends the
# lease, and only then may another pass have them.
#
# Another slip that (9) invites: take the rows of $h_1 \ldots h_T$ instead of $h_0 \ldots h_{T-1}$. The shapes fit, the
# outputs are right, and so are all gradients but one: only $dW_h$ is wrong. This slip the gradient check finds at once,
# since it looks at every array by itself.
#
# The rule behind both: check a fast version against a slow one that you trust, *result by result*, forward and
# backward, with random cotangents for everything that comes out, with lengths, and with two calls.
#
# ## The headline
#
# The full run measures the LSTM and a training step of a language model beside PyTorch, with the rules of this
# chapter; it needs a clone of the repository, `pip install torch`, and a quiet machine.

# %%
if FULL and machines.BENCHMARKS.exists():
    command = "-m benchmarks lstm lm --against torch --rounds 5".split()
    subprocess.run([sys.executable, *command], cwd=machines.BENCHMARKS.parents[1], check=True)
else:
    print("measured in the full run only")

# %% [markdown] id="ch15-full"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch15_where_the_time_goes.py`, which runs `python -m benchmarks lstm
# > lm --against torch --rounds 5`; inputs drawn with seed 0; the figures are those of `benchmarks/README.md`, measured
# > on two cores on 2026-11-21): PyTorch's time over ours, the geometric mean of seven sizes, is 0.86 for the LSTM (0.82,
# > 0.83 and 0.84 in three other runs of that day), with 0.61 at the least and 1.13 at the most. For a training step of
# > the language model it is 1.13, 1.02 and 1.09 with 100, 200 and 650 units.
#
# An LSTM written in NumPy, without a compiler, takes about a sixth longer on average than a library written for speed,
# and at one size it is ahead. That is not because NumPy is fast. It is because most of what is left is matrix products.
#
# ## The whole book in one picture
#
# Chapter 5 has a table of five shapes, and every task since was one of its rows. What they have in common is one
# picture: data becomes vectors, vectors become a summary along time, and a summary becomes an answer.

# %%
show(
    figures.book(),
    "15.9",
    "Encoding, temporal summary, decoding, with the chapters in which you built each part. What "
    "this chapter adds is below: what each part costs.",
)

# %% [markdown] id="ch15-exercises"
# You have built each of these parts by hand, forward and backward, and checked it. And now you know what they cost:
# what can be done for all steps at once is cheap, and what has to wait is not.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the
# next call a larger one. No checker looks at a clock.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("15.1", count_operations)  # your function: is it right, and if not, what is wrong?
# hint("15.1")
# solution("15.1")
# ```
#
# In a shell, an answer is a file:
#
# ```sh
# python -m scratchnn exercise 15                          # the list
# python -m scratchnn exercise 15.1 --template > my_answer.py
# python -m scratchnn exercise 15.1 my_answer.py
# ```
#
# - **15.1** Count the operations of any recurrent layer, with lengths.
# - **15.2** Which program is the fastest, by (1)?
# - **15.3** Four gates with a single tanh.
# - **15.4** Pack a batch.
# - **15.5** Unpack it again.
# - **15.6** The ratio of two contestants, and its spread.
#
# The solutions are in [`ch15.py`](../scratchnn/book/solutions/ch15.py).
#
# ## Where to read on
#
# - Amdahl, "Validity of the Single Processor Approach to Achieving Large Scale Computing Capabilities" (1967).
# - Williams, Waterman and Patterson, "Roofline: An Insightful Visual Performance Model for Multicore Architectures"
#   (2009): operations against bytes, the third cost, which (1) leaves out.
# - Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008): how OpenBLAS's products use the
#   caches.
# - Appleyard, Kocisky and Blunsom, "Optimizing Performance of Recurrent Neural Networks on GPUs" (2016): big products,
#   fused gates, many layers at once.
# - Diamos and others, "Persistent RNNs: Stashing Recurrent Weights On-Chip" (2016): one kernel for all steps.
# - Hoefler and Belli, "Scientific Benchmarking of Parallel Computing Systems" (2015): twelve rules for honest numbers.
#
# ## The end
#
# This was the last chapter. What is left is in the package: every layer you met has a file that opens with its
# equations, and a gradient check that you may break on purpose (`python -m scratchnn gradcheck --break lstm`). Now
# write a layer that is not in it. `python -m scratchnn gradcheck --template > my_layer.py` gives you a file to start
# from, and `python -m scratchnn gradcheck my_layer.py:MyGRU` checks it. If the check passes, and if you have measured
# your layer in turn with the one it is to replace, it is as good as anything in this book.
