# %% [markdown] id="ch06-gates"
# # 6. Gates
#
# *The keys to the cabinet in the hall* ... *is* or *are*? You say *are* without thinking, because you kept one fact,
# several keys, while the words about the cabinet and the hall went by. The network of chapter 5 is bad at this: it
# rewrites its whole state at every word. How can a network keep a fact until it is needed? And how can it *learn* what to
# keep, if the answer comes fifty words later?
#
# The figure below is the chapter in one picture. To learn from a word far back, a gradient has to travel back to it. In a
# plain network something is lost at every step. With gates there is a way on which hardly anything is lost. You will
# measure both, build the gates by hand, and end with the tools of a good language model.

# %%
import numpy as np

from scratchnn import recurrent
from scratchnn.book import cells
from scratchnn.book.examples import ch06 as examples
from scratchnn.book.examples import ch06_language as language
from scratchnn.book.figures import ch06 as figures
from scratchnn.book.figures import ch06_cells as cell_figures
from scratchnn.book.figures import ch06_tables as tables
from scratchnn.book.moving import show_moving
from scratchnn.book.page import FULL, show
from scratchnn.core import Layer
from scratchnn.core.parameter import Parameter
from scratchnn.inspection.gradient_flow import gradient_norms
from scratchnn.layers import Dense, Dropout, Embedding
from scratchnn.models.language_model import evaluate_text
from scratchnn.optim import clip_by_norm
from scratchnn.recurrent import GRU, LSTM, RNN, Bidirectional
from scratchnn.text import tokenize

# %%
back = np.arange(9)
show(
    cell_figures.ways_back(0.55**back, 0.97**back),
    "6.1",
    "How much of a gradient arrives up to eight steps earlier, as the width of the arrows. Above, "
    "each step multiplies it by 0.55; below, by 0.97, the value of a gate that is nearly open. "
    "Both numbers are chosen for the picture; real ones follow.",
)

# %% [markdown] id="ch06-aims"
# ## What you will be able to do
#
# - measure how far back a gradient reaches, and explain why it vanishes or explodes;
# - clip gradients, and say what clipping does to the direction of a step;
# - write GRU and LSTM by hand, forward and backward, and prove with a gradient check that they are correct;
# - show that they learn from words so far back that a plain recurrent network can only guess;
# - build networks that read in both directions or have several layers, and apply dropout where it does no harm;
# - turn the loss of a model of characters into a perplexity per word.
#
# From earlier chapters you need the gradient check (chapter 1), embeddings and language models (chapters 3 and 4), the
# recurrent network, backpropagation through time and perplexity (chapter 5). The cells take about a minute. Of the three
# parts of chapter 5, encode, summarise over time, decode, this chapter is about the second.
#
# | letter | meaning | shape |
# |--|--|--|
# | $N, T, D, H$ | sequences, steps, inputs per step, units | |
# | $x_t, h_t, c_t$ | inputs, hidden state, cell state (the memory of an LSTM) at step $t$ | $(N, D)$, $(N, H)$, $(N, H)$ |
# | $a_t$ | what goes into the sigmoids and the tanh, one block of $H$ columns for each | $(N, B H)$ |
# | $W_x, W_h, b$ | weights and bias, with $B$ blocks of columns | $(D, B H)$, $(H, B H)$, $(B H,)$ |
# | $z_t, r_t$ | update gate and reset gate of a GRU | $(N, H)$ |
# | $i_t, f_t, o_t$ | input, forget and output gate of an LSTM | $(N, H)$ |
# | $n_t, g_t$ | candidate of a GRU, of an LSTM | $(N, H)$ |
# | $z$ | in a language model, where no GRU is near, the logits as always | $(N, T, V)$ |
# | $g, G$ | in "Clipping": the gradient as one long vector, the bound on its norm | |
# | $m$ | mask of a dropout layer | as the input |

# %% [markdown] id="ch06-gradients-that-vanish-and-explode"
# ## Gradients that vanish and explode
#
# Copy a page, copy the copy, and go on. Each copy is only a little paler than the one before, but the fiftieth is white;
# and if the machine darkens a little, the fiftieth is black. A gradient on its way back through time is such a copy of a
# copy.
#
# In chapter 5 the state was $h_t = \tanh(a_t)$ with $a_t = x_t W_x + h_{t-1} W_h + b$. Suppose that the loss depends
# on the last state only. Then the gradient goes back by one step like this:
#
# $$ dh_{t-1} = \left( dh_t \, (1 - h_t^2) \right) W_h^T \tag{1} $$
#
# Each step multiplies by a slope, $1 - h^2$, which is at most 1, and by the same matrix $W_h^T$. After $k$ steps the
# gradient has been multiplied by $k$ slopes and $k$ times by that matrix. How large is it then? The **norm** (노름) of
# an array is the square root of the sum of its squares, which is the length of a vector:
#
# $$ |g| = \sqrt{\sum_k g_k^2} \tag{2} $$
#
# Take the simplest matrix, $W_h = s Q$, where $s$ is a number and $Q$ is a rotation, which changes no norm. Ignore the
# slopes for a moment. Then
#
# $$ |dh_{T-k}| = s^k \, |dh_T| \tag{3} $$
#
# With $s = 0.9$ less than one hundredth is left after 50 steps; with $s = 1.1$ the norm is more than a hundred times as
# large. The first is the **vanishing gradient** (기울기 소실), the second the **exploding gradient** (기울기 폭발).
# The code below measures both in a real network, with its slopes, as
# [`gradient_flow.py`](../scratchnn/inspection/gradient_flow.py) in the package does for any recurrent layer.
#
# > **Question.** With $s = 1$, equation (3) says that the gradient keeps its size. Before you run the cell: will the
# > measured curve for $s = 1$ stay level, fall or rise?
# >
# > <details><summary>Answer</summary>
# >
# > It falls. The slopes $1 - h^2$ are below 1 wherever the state is not zero, and the product of fifty such factors is
# > small. For the curve to stay level, $s$ would have to make up for the mean slope exactly.
# >
# > </details>


# %%
def norm(*arrays):
    """Equation (2), over all entries of all arrays together."""
    return np.sqrt(sum((array**2).sum() for array in arrays))  # (2)


def rnn_gradient_norms(x, Wx, Wh, b, dh):
    """Norms (T + 1,) of the gradient with respect to the state 0 .. T steps before the last.

    x is (N, T, D); dh (N, H) is the gradient with respect to the last state.
    """
    states = [np.zeros(dh.shape)]
    for t in range(x.shape[1]):
        states.append(np.tanh(x[:, t] @ Wx + states[-1] @ Wh + b))
    norms = [norm(dh)]
    for h in reversed(states[1:]):
        dh = (dh * (1 - h**2)) @ Wh.T  # (1)  (N, H) @ (H, H) -> (N, H)
        norms.append(norm(dh))
    return np.array(norms)


rng = np.random.default_rng(0)
N, T, D, H = 8, 50, 4, 20
x = 0.5 * rng.standard_normal((N, T, D))
Wx, b, dh = rng.standard_normal((D, H)) / np.sqrt(D), np.zeros(H), rng.standard_normal((N, H))
Q = np.linalg.qr(rng.standard_normal((H, H)))[0]  # a rotation
scales = (0.5, 0.9, 1.0, 1.1, 2.0)
measured = {s: rnn_gradient_norms(x, Wx, s * Q, b, dh) for s in scales}
print("norm of the gradient 50 steps back, as a multiple of that at the last step")
for s, norms in measured.items():
    with_slopes, without = norms[-1] / norms[0], s**T
    print(f"  s = {s}: {with_slopes:.0e} with the slopes of tanh, {without:.0e} without, s^50")
layer = RNN(D, H, rng=rng)
layer.Wx.data, layer.Wh.data, layer.b.data = Wx, 1.1 * Q, b
theirs = gradient_norms(layer, x, dh)
print("the package gives the same:", np.allclose(theirs, measured[1.1], rtol=1e-9, atol=0))
show(
    figures.gradient_norms(measured),
    "6.2",
    "The size of the gradient on its way back, for five scales of the recurrent matrix. "
    "Left: a power of the scale. Right: measured; the slopes of tanh pull every curve down.",
)

# %% [markdown] id="ch06-the-slopes-pull-every-curve-down"
# The slopes pull every curve down, most of all for a large matrix, because then the states are large and tanh is flat
# there. No value of $s$ keeps the gradient at its size: the balance would have to hold at every step and for every input.
#
# What do you lose? The gradient of a weight is a sum over all steps. If $dh_t$ has vanished, step $t$ adds nothing to
# the sum: the network still learns from nearby inputs, but not from distant ones. If it has exploded, it dominates the
# sum, and one training step along it can end anywhere.
#
# ## Clipping
#
# Against explosion there is a simple remedy: go in the same direction, but not so far. Treat all gradients of a step as
# one long vector with the norm $|g|$. If it is longer than a bound $G$, called `max_norm` in code, shorten it to that
# bound. This is **gradient clipping** (기울기 클리핑):
#
# $$ g \leftarrow g \cdot \min \left( 1, \frac{G}{|g|} \right) \tag{4} $$
#
# All arrays get the same factor, so the step keeps its direction.


# %%
def clip(gradients, max_norm):
    """Equation (4): all arrays of the list, multiplied by one factor."""
    factor = min(1.0, max_norm / norm(*gradients))  # (4)
    return [g * factor for g in gradients]


unclipped = [rng.standard_normal((3, 4)), 50 * rng.standard_normal(4)]
clipped = clip(unclipped, 1.0)
print(f"norm before {norm(*unclipped):.1f}, clipped {norm(*clipped):.1f}")
parameters = [Parameter(np.zeros(g.shape)) for g in unclipped]
for p, g in zip(parameters, unclipped, strict=True):
    p.grad = g.copy()
clip_by_norm(parameters, 1.0)  # adds a millionth to the norm, so that it never divides by zero
pairs = zip(parameters, clipped, strict=True)
same = all(np.allclose(p.grad, g, rtol=0, atol=1e-6) for p, g in pairs)
print("the package gives the same:", same)

# %% [markdown] id="ch06-to-avoid-a-division-by-zero"
# What does a loss look like where the gradient explodes? The smallest recurrent network has one weight. Start with
# $h_0 = 1$ and repeat $h_t = w \, h_{t-1}$; after 30 steps $h_{30} = w^{30}$. Let the target be one half:
#
# $$ L = \frac{1}{2} \left( w^{30} - \frac{1}{2} \right)^2 \qquad
# \frac{dL}{dw} = \left( w^{30} - \frac{1}{2} \right) \cdot 30 \, w^{29} \tag{5} $$

# %%
wild = examples.descend(1.1, 1, lr=0.01)
tame = examples.descend(1.1, 40, lr=0.01, max_norm=1.0)
w = np.linspace(0.8, 1.12, 400)
L, _ = examples.loss_of_one_weight(w)  # (5)
at_start, after_wild, after_tame = map(examples.loss_of_one_weight, (1.1, wild[1], tame[-1]))
print(f"at w = 1.1: loss {at_start[0]:.0f}, gradient {at_start[1]:.0f}")
print(f"one step without clipping: w = {wild[1]:.1f}, loss {after_wild[0]:.0e}")
print(f"forty steps with clipping: w = {tame[-1]:.3f}, loss {after_tame[0]:.3f}")
show(
    figures.plain_and_wall(w, L, tame, examples.loss_of_one_weight(tame)[0]),
    "6.3",
    "The loss of the smallest recurrent network. On the left nearly no gradient, on the "
    "right a wall; clipping keeps the steps short enough to come down.",
)

# %% [markdown] id="ch06-on-the-left-is-a-plain"
# A step from the wall leaves the picture; with clipping the weight comes down, and jumps back and forth at the bottom. A
# smaller learning rate would let it settle.
#
# Clipping does not help against vanishing: what remains of a gradient after 50 steps is far smaller than what comes from
# nearby. What has to change is the *cell*, the part of the network that computes the new state from the input and the old
# state.

# %% [markdown] id="ch06-a-gate"
# ## A gate
#
# A plain recurrent network rewrites its whole state at each step. To remember a number for 50 steps it has to copy it
# 50 times through a matrix and a tanh. You would not take notes like that: you leave a line of your notebook as it is until
# there is a reason to change it.
#
# So let the network decide at each step, for each number of the state, how much of the old value to keep. That decision is
# a **gate** (게이트): a number between 0 (shut) and 1 (open), computed by a sigmoid from the input and the state.
#
# The **update gate** (업데이트 게이트) $z_t$ is the part of the old state that is kept. The rest is replaced by the
# **candidate** (후보 상태) $n_t$, which a plain recurrent network would take as its new state:
#
# $$ z_t = \sigma(x_t W_{x,z} + h_{t-1} W_{h,z} + b_z) \tag{6} $$
# $$ n_t = \tanh(x_t W_{x,n} + h_{t-1} W_{h,n} + b_n) \tag{7} $$
# $$ h_t = z_t \, h_{t-1} + (1 - z_t) \, n_t \tag{8} $$
#
# The products in (8) are entry by entry. With $z = 1$ a number of the new state is exactly the old one, for as many steps
# as the gate stays open. Andrew Ng's lectures call this the simplified GRU and write $\Gamma_u$ for $1 - z$, the part that
# is replaced. Since $1 - \sigma(a) = \sigma(-a)$, the two forms differ only in the sign of the gate's weights and bias.
#
# In code, one matrix holds the two blocks of columns, $W_x = [W_{x,z}, W_{x,n}]$, so that one product computes both, and
# `np.split` separates them again. With $a_t = [a_z, a_n]$ for the arguments of the sigmoid and the tanh:
#
# $$ a_t = x_t W_x + h_{t-1} W_h + b \tag{9} $$
#
# ### Backward
#
# Take $dh_t$, the gradient with respect to the new state, back through (8), a sum of two products. Each factor gets
# $dh_t$ times the other factor; $z$ occurs in both products, once with a minus sign:
#
# $$ dz = dh_t \, (h_{t-1} - n_t) \qquad dn = dh_t \, (1 - z_t) $$
#
# Then come the slopes of sigmoid and tanh (chapter 1):
#
# $$ da_z = dh_t \, (h_{t-1} - n_t) \, z_t \, (1 - z_t) \qquad da_n = dh_t \, (1 - z_t) \, (1 - n_t^2) \tag{10} $$
#
# $h_{t-1}$ was used twice, in (8) and in (9), so two gradients are added:
#
# $$ dh_{t-1} = dh_t \, z_t + da_t W_h^T \tag{11} $$
# $$ dx_t = da_t W_x^T \qquad dW_x = \sum_t x_t^T da_t \qquad
# dW_h = \sum_t h_{t-1}^T da_t \qquad db = \sum_t \sum_{\mathrm{rows}} da_t \tag{12} $$
#
# The rows of $da_t$ are the sequences of the batch. Compare (11) with (1). The first term is new: a way back without a
# matrix and without the slope of a tanh. Where the gate is open, the gradient passes unchanged.


# %%
def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def simplified_step(x, h, Wx, Wh, b):
    """One step: x (N, D), h (N, H); Wx (D, 2H), Wh (H, 2H), b (2H,) with blocks of columns z, n."""
    a_z, a_n = np.split(x @ Wx + h @ Wh + b, 2, axis=1)  # (9)  (N, 2H) -> (N, H), (N, H)
    z, n = sigmoid(a_z), np.tanh(a_n)  # (6), (7)
    return z * h + (1 - z) * n, (x, h, z, n, Wx, Wh)  # (8)


def simplified_step_backward(dh_next, cache):
    """Gradients with respect to x, h, Wx, Wh and b."""
    x, h, z, n, Wx, Wh = cache
    da_z = dh_next * (h - n) * z * (1 - z)  # (10)
    da_n = dh_next * (1 - z) * (1 - n**2)  # (10)
    da = np.concatenate([da_z, da_n], axis=1)  # (N, 2H)
    dh = dh_next * z + da @ Wh.T  # (11)
    return da @ Wx.T, dh, x.T @ da, h.T @ da, da.sum(axis=0)  # (12)


# %% [markdown] id="ch06-the-loop-over-time"
# The loop over time is that of chapter 5, with the step as an argument. The package has it in
# [`recurrent/plain_loop.py`](../scratchnn/recurrent/plain_loop.py). Forward it keeps all outputs and caches; backward it
# starts at the last step and adds up the gradients of the weights. `cells.cell_pair` makes both from a step. A
# cell may have several states, so a state is a list of arrays, which contains only $h$ for now. In Python, `*state` on the
# left of an assignment takes all values that the other names leave over; in a call, it passes the members of a list as
# separate arguments:
#
# ```python
# for t in range(T):
#     *state, cache = step(x[:, t], *state, *weights)
# for t in reversed(range(T)):
#     dh, *others = dstate
#     dx_t, *rest = step_backward(dh + dy[:, t], *others, caches[t])
#     dstate, dweights = rest[: len(dstate)], rest[len(dstate) :]
# ```
#
# Each cell has to pass two tests, both in `cells.check_cell`: the gradient check, with random cotangents for all outputs
# and for the last state; and the comparison with the package, forward and backward. The gate also has to do its job. The
# last loop sets the bias of the update gate first to 8, so that it stays open, then to $-8$, so that it stays shut, and
# prints the mean change of an entry of the state after forty steps.
#
# > **Question.** Before you run the cell: roughly what fraction of a number is left after forty steps with the gate open,
# > if $\sigma(8)$ is about 1 - 1/3000? And with the gate shut?
# >
# > <details><summary>Answer</summary>
# >
# > Each step replaces about 1/3000, so after forty steps about 1/75 is replaced and the rest is left. With the gate shut,
# > nothing is left after a single step: the state is the latest candidate.
# >
# > </details>

# %%
simplified_pair = cells.cell_pair(simplified_step, simplified_step_backward)
package_pair = recurrent.gru_simplified_forward, recurrent.gru_simplified_backward
cells.check_cell(simplified_pair, package_pair, cells.cell_arrays(rng, blocks=2), rng)

for bias in (8.0, -8.0):
    kept = cells.cell_arrays(np.random.default_rng(1), blocks=2, T=40)
    kept["b"][:4] = bias  # the first H = 4 columns are those of z
    _, state, _ = simplified_pair[0](*kept.values())
    moved = abs(state[0] - kept["h0"]).mean()
    print(f"gate about {sigmoid(bias):.4f}: after 40 steps the state has moved by {moved:.3f}")

# %% [markdown] id="ch06-long-short-term-memory"
# ## Long short-term memory
#
# The **long short-term memory** (장단기 메모리), LSTM, of Hochreiter and Schmidhuber (1997) goes further. It has two
# states, and you can think of a notebook and a speaker. The **cell state** (셀 상태) $c_t$ is the notebook. The hidden
# state $h_t$ is what the cell says aloud: the part of the notebook that it shows to the layers above, and to itself at
# the next step.
#
# Three gates control the notebook. The **input gate** (입력 게이트) $i_t$ decides how much of the candidate $g_t$ is
# written into it, the **forget gate** (망각 게이트) $f_t$, which Gers and others added in 2000, how much of it is kept,
# and the **output gate** (출력 게이트) $o_t$ how much of it is said aloud.
#
# $$ a_t = x_t W_x + h_{t-1} W_h + b \qquad a_t = [a_o, a_i, a_f, a_g] \tag{13} $$
# $$ o_t = \sigma(a_o) \qquad i_t = \sigma(a_i) \qquad f_t = \sigma(a_f) \qquad g_t = \tanh(a_g) \tag{14} $$
# $$ c_t = f_t \, c_{t-1} + i_t \, g_t \tag{15} $$
# $$ h_t = o_t \, \tanh(c_t) \tag{16} $$
#
# In the simplified GRU one gate controls both keeping and writing, as $z$ and $1 - z$. Here $f$ and $i$ are independent: a
# cell can keep everything and add to it. Lectures write $\Gamma_f$, $\Gamma_u$ and $\Gamma_o$ for $f$, $i$ and $o$.
#
# > **Question.** A unit has to note a number at word 3, say nothing about it until word 50, and then say it. Which of its
# > gates must be open, and when?
# >
# > <details><summary>Answer</summary>
# >
# > $i$ at word 3 only; $f$ from word 4 on, up to word 50 (at word 3 it is shut, so that old notes are erased); $o$ at word
# > 50 only.
# >
# > </details>

# %%
show(
    cell_figures.lstm_step(),
    "6.4",
    "One step of an LSTM, forward and backward. Follow the thick line: the memory is multiplied by "
    "the forget gate, then added to, and meets no matrix and no tanh. The gradient comes back "
    "along the same line, and all it meets is one product with the forget gate.",
)

# %% [markdown] id="ch06-backward"
# Backward, read the lower half of figure 6.4 from right to left. Two gradients arrive, $dh_t$ and $dc_t$, the second from
# the next step. First go through (16), where $h$ is a product of $o$ and $\tanh(c)$. Because $c_t$ was used twice, the
# gradient that reaches it through $h$ is added to the one from the next step:
#
# $$ da_o = dh_t \, \tanh(c_t) \, o_t \, (1 - o_t) \tag{17} $$
# $$ dc_t \leftarrow dc_t + dh_t \, o_t \, (1 - \tanh^2(c_t)) \tag{18} $$
#
# Then go through (15), a sum of two products, with the slopes of the gates:
#
# $$ da_i = dc_t \, g_t \, i_t \, (1 - i_t) \qquad da_f = dc_t \, c_{t-1} \, f_t \, (1 - f_t) \qquad
# da_g = dc_t \, i_t \, (1 - g_t^2) \tag{19} $$
# $$ dc_{t-1} = dc_t \, f_t \qquad dh_{t-1} = da_t W_h^T \tag{20} $$
#
# The rest follows from (12). The first half of (20) is the point of the whole cell: the way back along the memory is
# one product with $f_t$, and nothing else.


# %%
def lstm_step(x, h, c, Wx, Wh, b):
    """One step: x (N, D), h, c (N, H); Wx (D, 4H), Wh (H, 4H), b (4H,) with blocks o, i, f, g."""
    a_o, a_i, a_f, a_g = np.split(x @ Wx + h @ Wh + b, 4, axis=1)  # (13)  (N, 4H) -> 4 of (N, H)
    o, i, f, g = sigmoid(a_o), sigmoid(a_i), sigmoid(a_f), np.tanh(a_g)  # (14)
    c_next = f * c + i * g  # (15)
    return o * np.tanh(c_next), c_next, (x, h, c, c_next, o, i, f, g, Wx, Wh)  # (16)


def lstm_step_backward(dh_next, dc_next, cache):
    """Gradients with respect to x, h, c, Wx, Wh and b."""
    x, h, c, c_next, o, i, f, g, Wx, Wh = cache
    tanh_c = np.tanh(c_next)
    da_o = dh_next * tanh_c * o * (1 - o)  # (17)
    dc = dc_next + dh_next * o * (1 - tanh_c**2)  # (18)
    da_i = dc * g * i * (1 - i)  # (19)
    da_f = dc * c * f * (1 - f)  # (19)
    da_g = dc * i * (1 - g**2)  # (19)
    da = np.concatenate([da_o, da_i, da_f, da_g], axis=1)  # (N, 4H)
    return da @ Wx.T, da @ Wh.T, dc * f, x.T @ da, h.T @ da, da.sum(axis=0)  # (20), (12)


lstm_pair = cells.cell_pair(lstm_step, lstm_step_backward, states=2)
package_pair = recurrent.lstm_forward, recurrent.lstm_backward
cells.check_cell(lstm_pair, package_pair, cells.cell_arrays(rng, blocks=4, states=2), rng)

# %% [markdown] id="ch06-the-forget-bias"
# ### The forget bias
#
# Along the memory the gradient is multiplied by $f_t$ at each step. At the start of training the weights are small, and
# $f_t$ is about $\sigma(b_f)$, one half with a bias of zero. After $k$ steps the gradient that comes along the memory is
# down to
#
# $$ |dc_{t-k}| \approx \sigma(b_f)^k \, |dc_t| \tag{21} $$
#
# So it vanishes again. The cure costs nothing: start the bias of the forget gate, the **forget bias** (망각 편향), at 1
# or more. Then the cell remembers until it learns to forget.
#
# Equation (21) follows one way, $dc_{t-1} = dc_t f_t$. A gradient has others: from $c_t$ through $h$ and the gates of the
# next step. So measure both: the way along $c$ by itself, and all ways together.

# %%
x, dc = 0.1 * rng.standard_normal((8, 50, 10)), rng.standard_normal((8, 20))
dstate = np.zeros_like(dc), dc  # the loss depends on the last c, not on the last h
bias_norms, along_norms = {}, {}
print("left of the gradient 50 steps back")
for bias in (0.0, 1.0, 2.0):
    layer = LSTM(10, 20, rng=np.random.default_rng(0), forget_bias=bias)
    layer.astype(np.float64)
    total = bias_norms[bias] = gradient_norms(layer, x, dstate)
    along = along_norms[bias] = examples.norms_along_memory(lstm_step, layer, x, dc)  # (20)
    expected, left, left_all = sigmoid(bias) ** 50, along[-1] / along[0], total[-1] / total[0]
    print(f"  forget bias {bias:.0f}: by (21) {expected:.0e}, along c {left:.0e}", end=", ")
    print(f"all ways {left_all:.0e}")
show(
    figures.forget_biases(bias_norms, along_norms, {bias: sigmoid(bias) for bias in bias_norms}),
    "6.5",
    "The gradient along an untrained LSTM for three forget biases. Left, the way along the memory "
    "alone: equation (21) is right about it. Right, all ways together: more arrives, and again the "
    "higher the bias, the farther back.",
)

# %% [markdown] id="ch06-the-measured-gradient-is-larger-than"
# Along $c$ alone the measured gradient is where equation (21) puts it. All ways together bring more: a little of it leaves
# the memory through $h$, passes a gate, and joins again further back. With a bias of 2 the sum even grows. Either way, the
# higher the bias, the farther back the gradient reaches.

# %% [markdown] id="ch06-the-gated-recurrent-unit"
# ## The gated recurrent unit
#
# The **gated recurrent unit** (게이트 순환 유닛), GRU, of Cho and others (2014) came after the LSTM and is smaller: one
# state, and one gate more than the simplified form, whose candidate always sees the old state. The **reset gate** (리셋
# 게이트) $r_t$ decides how much of it is visible; where it is shut, the candidate depends on the input alone, as at the
# start of a new sentence.
#
# $$ z_t = \sigma(x_t W_{x,z} + h_{t-1} W_{h,z} + b_z) \qquad r_t = \sigma(x_t W_{x,r} + h_{t-1} W_{h,r} + b_r) \tag{22} $$
# $$ k_t = r_t \, h_{t-1} \qquad n_t = \tanh(x_t W_{x,n} + k_t W_{h,n} + b_n) \tag{23} $$
# $$ h_t = z_t \, h_{t-1} + (1 - z_t) \, n_t \tag{24} $$
#
# Backward, (24) gives $da_z$ and $da_n$ of (10) again. From $a_n$ the gradient goes on to $k$, and through the product
# $k = r h$ to $r$:
#
# $$ dk_t = da_n W_{h,n}^T \qquad da_r = dk_t \, h_{t-1} \, r_t \, (1 - r_t) \tag{25} $$
#
# $h_{t-1}$ was used four times: in (24), in $k$, and by both gates. In figure 6.6 the arrow into
# the lower left box counts for two of them.
#
# $$ dh_{t-1} = dh_t \, z_t + dk_t \, r_t + da_z W_{h,z}^T + da_r W_{h,r}^T \tag{26} $$
#
# The rest is (12), with one exception: $W_{h,n}$ was multiplied by $k_t$, so $dW_{h,n} = \sum_t k_t^T da_n$.

# %%
show(
    cell_figures.gru_step(),
    "6.6",
    "One step of a GRU, forward and backward. The thick line is the state: multiplied by the "
    "update gate, then added to. The lower way leads through the reset gate into the candidate.",
)


# %%
def gru_step(x, h, Wx, Wh, b):
    """One step: x (N, D), h (N, H); Wx (D, 3H), Wh (H, 3H), b (3H,) with blocks z, r, n."""
    H = h.shape[1]
    a = x @ Wx + b  # (N, D) @ (D, 3H) -> (N, 3H)
    from_h = h @ Wh[:, : 2 * H]  # (N, H) @ (H, 2H) -> (N, 2H)
    z = sigmoid(a[:, :H] + from_h[:, :H])  # (22)
    r = sigmoid(a[:, H : 2 * H] + from_h[:, H:])  # (22)
    k = r * h  # (23)
    n = np.tanh(a[:, 2 * H :] + k @ Wh[:, 2 * H :])  # (23)
    return z * h + (1 - z) * n, (x, h, z, r, k, n, Wx, Wh)  # (24)


def gru_step_backward(dh_next, cache):
    """Gradients with respect to x, h, Wx, Wh and b."""
    x, h, z, r, k, n, Wx, Wh = cache
    H = h.shape[1]
    da_z = dh_next * (h - n) * z * (1 - z)  # (10)
    da_n = dh_next * (1 - z) * (1 - n**2)  # (10)
    dk = da_n @ Wh[:, 2 * H :].T  # (25)
    da_r = dk * h * r * (1 - r)  # (25)
    da_zr = np.concatenate([da_z, da_r], axis=1)  # (N, 2H)
    dh = dh_next * z + dk * r + da_zr @ Wh[:, : 2 * H].T  # (26)
    da = np.concatenate([da_zr, da_n], axis=1)  # (N, 3H)
    dWh = np.concatenate([h.T @ da_zr, k.T @ da_n], axis=1)  # (12) with k for the candidate
    return da @ Wx.T, dh, x.T @ da, dWh, da.sum(axis=0)  # (12)


arrays = cells.cell_arrays(rng, blocks=3)
package_pair = recurrent.gru_reset_before_forward, recurrent.gru_reset_before_backward
cells.check_cell(cells.cell_pair(gru_step, gru_step_backward), package_pair, arrays, rng)

# %% [markdown] id="ch06-there-is-a-third-form"
# There is a third form. In (23) the candidate's product has to wait for the reset gate. cuDNN, a library for graphics
# cards, applies the gate *after* the product, so that one product serves all three blocks:
#
# $$ n_t = \tanh(x_t W_{x,n} + b_n + r_t \, (h_{t-1} W_{h,n} + b_h)) \tag{27} $$
#
# The package's `GRU` layer offers all three as `form="simplified"`, `"reset_before"` and `"reset_after"`; the last is
# the default. Weights trained in one form are useless in another. Deriving the backward pass of (27) on paper is a good
# exercise; the package's is in [`gru_reset_after.py`](../scratchnn/recurrent/gru_reset_after.py).
#
# A cell with $B$ blocks has $B (D H + H^2 + H)$ parameters: one block for the plain network, two for the simplified
# GRU, three for the GRU, four for the LSTM.

# %% [markdown] id="ch06-long-range-agreement"
# ## Long-range agreement
#
# Does that matter? In English the verb agrees with its subject, however many words stand between them:
#
# *near the dogs, the* **key** *behind the trees beside the rivers* **is**
#
# Every noun between the two can be singular or plural, and each is nearer to the verb. To read such a sentence you have
# to note the number of the one noun that counts, keep it, and ignore the others. The sentences below are generated. They
# begin with up to two phrases before a comma. Then comes the subject, after it any number of phrases of three words each,
# and the question is whether *is* or *are* comes next.
#
# The network has an embedding, one recurrent layer of 32 units, and a dense layer with two outputs on the last state: the
# shape N:1 of chapter 5. In the package a network is a class, a `Layer` that calls other layers; `push` keeps what the
# backward pass will need, and `pop` returns it. Gradients are clipped, and the optimizer is Adam (chapter 3); data and
# loop are in [`examples/ch06.py`](../scratchnn/book/examples/ch06.py). All three cells get the same data, learning rate and
# number of steps. One run proves little, so each network is trained from three starts, with the seeds 0, 1 and 2.
#
# > **Question.** Sentences with up to 12, 24 and 48 words between subject and verb, three cells. Predict the table before
# > you run the cells: who can still do it, and what will the ones that cannot score?
# >
# > <details><summary>Answer</summary>
# >
# > Half of the verbs are *is*, so a network that has learned nothing scores about one half. That is where the plain network
# > ends with 48 words, from every start. With 24 it depends on the start. GRU and LSTM do not notice the distance.
# >
# > </details>

# %%
for between in (1, 3):
    ids, number = examples.agreement(np.random.default_rng(0), 2, 1, between)
    for n in (0, 1):
        print(" ".join(examples.LEXICON[k] for k in ids[n]), "...", ("is", "are")[number[n]])


class Agreement(Layer):
    """Ids (N, T) to two logits (N, 2)."""

    def __init__(self, cell, rng):
        super().__init__()
        self.embedding = Embedding(len(examples.LEXICON), 16, rng=rng)
        self.cell = cell(16, 32, rng=rng)
        self.output = Dense(32, 2, rng=rng)

    def forward(self, ids):
        h, _ = self.cell.forward(self.embedding.forward(ids))  # (N, T, H)
        self.push(h.shape)
        return self.output.forward(h[:, -1])

    def backward(self, dlogits):
        dh = self.output.backward(dlogits)  # (N, H)
        dy = np.zeros(self.pop(), dtype=dh.dtype)  # (N, T, H)
        dy[:, -1] = dh  # the loss depends on the last state only
        dx, _ = self.cell.backward(dy)
        self.embedding.backward(dx)
        return dx


# %%
CELLS = {"RNN": RNN, "GRU": GRU, "LSTM": LSTM}
longest = (1, 2, 4, 8, 16) if FULL else (4, 8, 16)  # phrases in between, of three words each
agreement_seeds, agreement_steps = (range(5), 2000) if FULL else (range(3), 500)
every = agreement_steps // 25  # steps between two looks at the gradient
agreement_models, watches, shares = examples.train_cells(  # models and watches: longest sentences
    Agreement, CELLS, longest, agreement_seeds, agreement_steps + 1, every
)
print(tables.right_verbs(longest, shares))

# %% [markdown] id="ch06-the-recurrent-network-learns-the-task"
# The recurrent network learns the task as long as the sentences are short, so it can represent the answer. With 48 words in
# between it can only guess, from every start. At 24 words it is a matter of luck: one start finds the rule and another does
# not, and a network that has found it may lose it again some steps later. GRU and LSTM are not affected by the distance.
#
# Is the gradient the reason? While the networks learned the longest sentences, a `Watch` measured every 20 steps how far
# the gradient reaches back, in sentences with 19 phrases between subject and verb.

# %%
reach_norms = {name: np.array([watch.norms for watch in group]) for name, group in watches.items()}
before = {name: table[:, 0] for name, table in reach_norms.items()}  # (seeds, T + 1)
# from step 100 on
during = {name: np.median(table[:, 5:], axis=1) for name, table in reach_norms.items()}
print(tables.gradient_left(before, during, 48, 5 * every))
starts, slopes = [Agreement(RNN, np.random.default_rng(seed)) for seed in agreement_seeds], {}
for when, group in (("before", starts), ("after", agreement_models["RNN"])):
    slopes[when] = np.array([examples.mean_slope(model) for model in group])
    print(f"RNN, mean slope of tanh {when} training:", slopes[when].round(2))
show(
    figures.agreement([3 * most for most in longest], shares, before, during),
    "6.7",
    "Left: correct verbs by distance, with a point for each seed. Middle and right: the gradient "
    "on its way back through the sentence, before training and while the networks learn (the "
    "median from step 100 on), one line per seed.",
)

# %% [markdown] id="ch06-before-training-the-recurrent-network"
# Before training the recurrent network is not worse at all. Its $W_h$ starts as a rotation, its states are small, and the
# slopes of the tanh are near 1. But that does not last. To distinguish words it learns larger weights and uses the flat
# ends of the tanh, and then the gradient is gone. It is not gone for good: as the weights change, it jumps up and down by
# many powers of ten, and at some steps it is back for a moment. That is why the figure shows a median. By the median, the
# gated cells are ahead by a factor of more than a hundred thousand, from every start. The GRU starts with its gates half
# open, and its gradient shrinks faster than that of the others. The difference is that gates can *learn* to pass the
# gradient on: a gate can be open for one word and shut for the next; a matrix is the same for all.
#
# **The setting decides.** `python -m scratchnn tour` draws the same curves for untrained cells, and there the plain network
# loses its gradient at once. The tour feeds random inputs of size 1, which drive the states to the flat ends of the tanh
# from the start; the embedded words of an untrained network here are far smaller. The next cell measures both, then shows
# one training step by step.
#
# > **Question.** When, do you think, does the plain network lose its gradient: slowly over all 500 steps, or early, and at
# > which loss? And the GRU, which starts with a gradient of almost nothing?
# >
# > <details><summary>Answer</summary>
# >
# > Move the slider. The plain network's gradient is gone within the first two hundred steps, while its loss is still that
# > of guessing: it loses the long way before it has learned anything. In the GRU the gradient grows first, and only
# > afterwards does the loss fall. A network learns what its gradient can reach.
# >
# > </details>

# %%
noise = np.random.default_rng(5).standard_normal((50, 63, 16)).astype(np.float32)
untrained = {name: Agreement(cell, np.random.default_rng(0)) for name, cell in CELLS.items()}
embedded = untrained["RNN"].embedding.W.data.std()
print(f"untrained, left of the gradient 48 steps back; inputs of the size {embedded:.2f} or 1")
for name, model in untrained.items():
    small, large = (examples.norms_back(model.cell, noise * size)[48] for size in (embedded, 1))
    print(f"{name:<5} small inputs {small:.0e}, inputs of size 1 {large:.0e}")

lost = np.argmax(reach_norms["RNN"][:, :, 57] < 1e-4, axis=1)  # at the subject, for each seed
print(tables.when_lost(lost, every, watches["RNN"]))
losses_of_one = {name: group[0].losses for name, group in watches.items()}
norms_of_one = {name: table[0] for name, table in reach_norms.items()}
steps = range(0, agreement_steps + 1, every)
still, frames, size = figures.reach_while_learning(steps, norms_of_one, losses_of_one, words=57)
show_moving(
    still,
    "6.8",
    "The norm of the gradient against the way back in time, while three networks learn (seed 0). "
    "Still picture: three training steps. With the slider: many more, and the losses on the right: "
    "a network learns the task only if its gradient reaches the subject.",
    frames,
    size,
    start=10,
)

# %% [markdown] id="ch06-which-noun-decides"
# Do the trained networks really use the subject? Take sentences with eight phrases in between, change the number of one
# noun, and count how often the answer changes. It should change if the noun is the subject, and only then.

# %%
answer_changes = {
    name: np.array([[examples.answers_changed(m, place) for place in range(10)] for m in models])
    for name, models in agreement_models.items()
}
print(tables.deciding_noun(answer_changes))
show(
    figures.deciding_noun(answer_changes),
    "6.9",
    "Answers that change if one noun changes its number: means of the seeds, with a point for "
    "each. Only the subject should matter.",
)

# %% [markdown] id="ch06-what-the-memory-holds"
# What is in the memory meanwhile? Let the LSTM read one sentence twice, with the subject in the singular and in the
# plural. All other words are the same. `examples.read_in_either_number` does that with `lstm_step`, and keeps all
# memories and gates.
#
# > **Question.** At which word do the two memories part? And do the gates of the two sentences stay equal?
# >
# > <details><summary>Answer</summary>
# >
# > At the subject. Until then both networks have read the same words, so every number is the same. From then on their
# > states differ, and since the gates are computed from the state, the gates differ as well.
# >
# > </details>

# %%
lstm = agreement_models["LSTM"][0]
words, memory, kept = examples.read_in_either_number(lstm, lstm_step)
comma = kept[0, 3].mean()  # word 4 of the sentence
others = np.delete(kept[0], 3, axis=0).mean()
print(f"mean forget gate at the comma {comma:.2f}, at the other words {others:.2f}")
apart = abs(memory[0] - memory[1]).max(axis=-1)  # (T,)
subject = int(np.flatnonzero(apart)[0])
print(f"the memories part at word {subject + 1}, {words[subject][0]} or {words[subject][1]}")
print(f"the largest difference is {apart[subject]:.2f} there and {apart[-1]:.2f} at the verb")
still, frames, size = figures.two_memories(words, memory, kept)
show_moving(  # for the README
    still,
    "6.10",
    "An LSTM reads a sentence with the subject in the singular and in the plural. Still picture: "
    "forget gates that open (dark) and shut along the sentence, and where the two memories differ. "
    "With the slider: the memory, one pair of bars per unit (blue singular, orange plural), and "
    "below it the forget gates; a long bar keeps, a short one forgets.",
    frames,
    size,
    start=len(words) - 1,
)

# %% [markdown] id="ch06-gru-and-lstm-answer"
# Look at the comma, in the still picture at its column, or stop the slider at the step that reads it: most forget gates
# shut there, and open again after it. The network has found out that what comes before a comma does not decide about the
# verb, and clears its notebook.
#
# GRU and LSTM answer by the subject, 24 words before the verb, and no other noun can mislead them. That holds for all
# three starts. The plain network does not listen to the subject in any of them. What it listens to instead is up to the
# start: the noun next to the verb, as a hurried reader might, a little to all of them, or none.
#
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch06_gates.py`, seeds 0 to 4, 2000 steps, 2026-11-21): with 3, 6
# > and 12 words in between, all three cells get 100.0% of the verbs right. With 24 and 48 words the plain network gets
# > 69.9% and 59.1%, averaged over the five seeds; GRU and LSTM get 100.0% at both distances.
#
# So with more steps and a lucky start, a plain network may get a little farther. The other two need no luck.
#
# ## In both directions
#
# The state at a word depends on the words before it and on nothing else. For many tasks the words after it matter as
# much: in *he said Teddy bears are on sale* and *he said Teddy Roosevelt was a president*, only the next word shows
# whether *Teddy* is a person. If the whole sequence is available from the start, a second layer can read it from right to
# left. Concatenate the states of the two layers, and each position has seen everything. This is a **bidirectional
# recurrent neural network** (양방향 순환 신경망):
#
# $$ y_t = [u_t, v_t] \qquad u = F(x) \qquad v = \mathrm{rev}(B(\mathrm{rev}(x))) \tag{28} $$
#
# The two layers $F$ and $B$ have separate weights. The function rev reverses the order of the steps. In a batch with
# several lengths, it reverses each sequence within its own length; otherwise $B$ would begin in the padding.
#
# Which outputs depend on which inputs? The norm of the gradient of each output with respect to each input shows it, here
# for one sequence of eight steps, in one direction and in both.


# %%
def reverse(x, lengths):
    """The real steps of each sequence of x (N, T, D) in reverse order; padding stays in place."""
    y = x.copy()
    for n, length in enumerate(lengths):
        y[n, :length] = x[n, :length][::-1]
    return y


N, T, D, H = 2, 6, 3, 4
x, lengths = rng.standard_normal((N, T, D)), np.array([6, 4])
forward_layer, backward_layer = LSTM(D, H, rng=rng), LSTM(D, H, rng=rng)
both = Bidirectional(forward_layer, backward_layer)
both.astype(np.float64)
y, _ = both.forward(x, lengths=lengths)

u, _ = forward_layer.forward(x, lengths=lengths)
v, _ = backward_layer.forward(reverse(x, lengths), lengths=lengths)
ours = np.concatenate([u, reverse(v, lengths)], axis=-1)  # (28)  (N, T, 2H)
both.discard_caches()
print("two layers of", H, "units make outputs of shape", y.shape)
print("the package gives the same:", np.allclose(ours, y, rtol=0, atol=1e-12))

# %%
x = rng.standard_normal((1, 8, D))
one_way, two_ways = cells.influence(forward_layer, x), cells.influence(both, x)
directions = {"one direction": one_way, "both directions": two_ways}
show(
    figures.influence(directions),
    "6.11",
    "Which input has an influence on which output. An LSTM in one direction sees the past "
    "only; in both directions it sees everything.",
)

# %% [markdown] id="ch06-a-language-model-must-not-be"
# A language model must not be bidirectional: it would see the word that it has to predict.
#
# ## Several layers
#
# The outputs of a recurrent layer are a sequence, so another recurrent layer can read them. That is a **deep recurrent
# neural network** (심층 순환 신경망). Two or three layers are usual.
#
# $$ y^1 = R^1(x) \qquad y^l = R^l(y^{l-1}) \tag{29} $$
#
# In the package this is `Stacked`.

# %% [markdown] id="ch06-a-small-language"
# ## A small language
#
# For the rest of the chapter you need a text. A generated one has the advantage that its best perplexity is known: the
# generator, in [`ch06_language.py`](../scratchnn/book/examples/ch06_language.py), adds up the logarithms of the
# probabilities of its choices. Verbs agree with their subjects, and most words have two forms, *dog* and *dogs*, *chase*
# and *chases*. `language.fit` trains a language model of the package on such a text, by truncated BPTT as in chapter 5.

# %%
train_text, _ = language.make_text(0, 500)
test_text, best = language.make_text(1, 500)  # best: mean of -log p over words and line ends
print(*train_text.splitlines()[:3], sep="\n")
print(f"characters {len(train_text):,}, words {len(list(tokenize(train_text, 'word'))):,}")
print(f"best perplexity per word: {np.exp(best):.2f}")

# %% [markdown] id="ch06-dropout"
# ## Dropout
#
# A team in which one player does everything is lost when that player is ill. So train with some players missing, different
# ones every time, and all of them have to learn the game.
#
# A model with many parameters and little text memorises the text. The loss on the training text keeps falling, while
# the loss on new text rises: **overfitting** (과적합). **Dropout** (드롭아웃) makes memorising harder. During training
# it sets each number of a layer's output to zero with probability $p$, drawn anew at each training step, so that no
# neuron can rely on another particular one. The other numbers are divided by $1 - p$, so that the mean stays the same.
# When the network is used, nothing is dropped.
#
# $$ y = x \, m \qquad m = 0 \;\; \mathrm{with \; probability} \;\; p, \;\; \mathrm{else} \;\; \frac{1}{1 - p} \tag{30} $$
# $$ dx = dy \, m \tag{31} $$


# %%
def dropout_forward(x, p, rng):
    """The output and the mask, for x of any shape."""
    m = (rng.random(x.shape) >= p) / (1 - p)  # (30)
    return x * m, m


x, dy = np.ones((1000, 20)), rng.standard_normal((1000, 20))
y, m = dropout_forward(x, 0.3, np.random.default_rng(0))
print(f"values {np.unique(y).round(3)}, mean {y.mean():.3f}, zeros {(y == 0).mean():.1%}")
layer = Dropout(0.3, rng=np.random.default_rng(0))
print("the package gives the same:", np.allclose(layer.forward(x), y, rtol=0, atol=1e-12), end=", ")
print("and backward:", np.allclose(layer.backward(dy), dy * m, rtol=0, atol=1e-12))  # (31)

# %% [markdown] id="ch06-where-to-put-it"
# ### Where to put it
#
# Dropout does no harm between layers (Zaremba and others, 2014): on the embedded words, between two recurrent layers,
# before the output. It does harm on the way through time. A number of the state that has to be kept for $k$ steps would
# have to survive $k$ draws, and with $p = 0.3$ that is rare after ten.
#
# Gal and Ghahramani (2016) found a solution: draw one mask for each sequence and use *the same one at every step*. Then
# a number is either dropped from start to end or kept from start to end. This is **recurrent dropout** (순환 드롭아웃).
# In the package it acts on $h_{t-1}$ where that enters the product with $W_h$.

# %%
draws = np.random.default_rng(0).random((10_000, 10)) >= 0.3
print(f"a new mask each step: {draws.all(axis=1).mean():.1%} of the numbers survive ten steps")
print(f"one mask for all:     {draws[:, 0].mean():.1%}")

# %% [markdown] id="ch06-weight-tying"
# ## Weight tying
#
# A language model has two large tables: the embedding $W_e$ with a row for each word, and the output layer with a
# column for each word. Both describe the same words. **Weight tying** (가중치 공유) uses one table for both (Press and
# Wolf, 2017):
#
# $$ e_t = W_e[w_t] \qquad z_t = h_t W_e^T + b \tag{32} $$
#
# The table is used twice, so its gradient is a sum of two: the rows of the embedding layer, and the transpose of the
# dense layer's weight gradient.
#
# $$ dW_e = \mathrm{rows \; of} \; de_t + \sum_t dz_t^T h_t \tag{33} $$
#
# The code below proves that, and then tries dropout and tying on little text, the first 100 lines: an LSTM that is far
# too large for them, the same with tied weights, with dropout, and with both, each from three starts.

# %%
V, H = 6, 4
table, ids = rng.standard_normal((V, H)), np.array([2, 5, 2])
dz = rng.standard_normal((3, V))
e = table[ids]  # (32)  (3,) -> (3, H)
z = e @ table.T  # (32)  (3, H) @ (H, V) -> (3, V); no cell in between, so h = e
de = dz @ table  # (3, V) @ (V, H) -> (3, H)
dtable = dz.T @ e  # (33)  (V, 3) @ (3, H) -> (V, H)
for word, row in zip(ids, de, strict=True):
    dtable[word] += row  # (33)

embedding = Embedding(V, H, table=table)
output = Dense(H, V, rng=rng, tied=embedding.W)
embedding.W.data, output.b.data = table, np.zeros(V)  # in 64 bits
same = np.allclose(output.forward(embedding.forward(ids)), z, rtol=0, atol=1e-12)
embedding.backward(output.backward(dz))
same = same and np.allclose(embedding.W.dense_gradient(), dtable, rtol=0, atol=1e-12)
print("the package gives the same:", same)

# %%
few_lines = "\n".join(train_text.splitlines()[:100]) + "\n"
variants = {"plain": {}, "tied": {"tied": True}, "dropout 0.5": {"dropout": 0.5}}
variants["dropout 0.5, tied"] = {"dropout": 0.5, "tied": True}
overfitting = language.learn_little(few_lines, test_text, variants, range(3))
print(tables.overfitting(overfitting))
show(
    figures.overfitting(overfitting, np.exp(best)),
    "6.12",
    "Four models of the same short text, three starts each. Left: the text they learn from; the "
    "plain model comes below the dashed line, so it has memorised. Right: new text.",
)

# %% [markdown] id="ch06-the-plain-model-ends-far-below"
# The plain model ends far below the language itself on the text that it was trained on. No honest prediction can do
# that; the model has memorised the text. On new text its curve turns and rises. You can stop at the lowest point. With
# dropout or with tied weights the rise is smaller. With both there is hardly any in these forty epochs, and the curve ends
# below the lowest point of the plain one, from each of the three starts.
#
# ## Characters or words
#
# A token can be a character as well as a word (chapter 2). A model of characters has a small vocabulary and small
# tables, and no unknown words. But its sequences are longer: a word has several characters, so everything has to be
# remembered for that many times more steps.
#
# You cannot compare the two perplexities directly, because a character is easier to guess than a word. You can compare
# the loss of the whole text, which is the same text for both. If $M_c$ characters make $M_w$ words, line ends included,
# a loss of $L_c$ per character is
#
# $$ L_w = L_c \, \frac{M_c}{M_w} \qquad \mathrm{perplexity \; per \; word} = e^{L_w} \tag{34} $$
#
# Chapter 7 trains both and compares them, and shows how a network writes: by drawing one token after the other.

# %% [markdown] id="ch06-perplexity-against-the-books"
# ## Perplexity against the book's
#
# *Deep Learning from Scratch 2* trains an LSTM language model on the Penn Treebank in its chapter 6: embedding and
# hidden state of 100, 20 streams, windows of 35 steps, plain gradient descent with a learning rate of 20, gradients
# clipped at 0.25, four epochs. Its forget bias is 0. `language.repeat_the_book` does the same with the package.

# %%
if FULL:
    language.repeat_the_book(seeds=(0, 1, 2))

# %% [markdown] id="ch06-full-run"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch06_gates.py`, seeds 0, 1 and 2, with the folder of the Penn
# > Treebank in SCRATCHNN_DATA, 2026-11-21): on the test text the book's model reaches a perplexity of 136. Ours reaches
# > 134.70, 133.20 and 134.01, a mean of 133.97. Two earlier versions of the package, which differ only in rounding, gave
# > means of 135.43 and 135.12 with the same seeds; single runs ranged from 134.24 to 136.80.
#
# So the digits after the decimal point mean nothing here. The commands that do the same in a shell are in the
# [README](../README.md).
#
# ## What goes wrong
#
# > **What goes wrong.** The way back along the memory is one term in one line, the $dc_t$ from the next step in (18).
# > Without it the LSTM still trains. It has become a network that remembers, but learns only indirectly what to
# > remember. And a state of two parts can be passed on incompletely.
#
# ### The memory's gradient dropped
#
# `lstm_layer`, in [`cells.py`](../scratchnn/book/cells.py), makes a layer of the package that computes with your own
# pair. Give it the correct pair and a wrong one, and train both on the agreement of verbs over up to 24 words.


# %%
def forgetful_step_backward(dh_next, dc_next, cache):
    """``lstm_step_backward`` without the gradient that comes back along the memory."""
    return lstm_step_backward(dh_next, 0.0, cache)  # (18) without dc_next


forgetful_pair = cells.cell_pair(lstm_step, forgetful_step_backward, states=2)
faulty_shares, learned_after, curves = {}, {}, {}
for name, pair in {"right": lstm_pair, "dc dropped": forgetful_pair}.items():
    curves[name], learned_after[name], faulty_shares[name] = examples.time_to_learn(
        Agreement, cells.lstm_layer(pair), 8, seeds=range(3)
    )
    right = " ".join(f"{share:.1%}" for share in faulty_shares[name])
    print(f"{name:<10} loss below 0.1 from step {learned_after[name]}; right {right}")
show(
    figures.dropped_gradient(curves),
    "6.13",
    "The correct LSTM and one without the gradient of its memory, for three seeds. All learn; look "
    "at how long it takes. A curve ends when its network has learned.",
)

# %% [markdown] id="ch06-learning-without-the-memorys-gradient"
# It learns. In the end its answers are right, because some of the gradient still comes back through $h$ and the gates. It
# only takes longer, with each of the three seeds. If you saw only the orange curves, you would not look for a mistake; you
# would try other learning rates. The gradient check needs no training at all.

# %%
arrays = cells.cell_arrays(np.random.default_rng(0), blocks=4, states=2)
for name, pair in {"right": lstm_pair, "dc dropped": forgetful_pair}.items():
    print(name)
    cells.print_errors(pair, arrays)

# %% [markdown] id="ch06-what-the-check-says"
# Everything is wrong, because every gradient in the table depends on $dc$, at least in part. This check covers five steps.
# A check of a single step, with the loss on its output $h$ alone, would have found nothing: there is no next step, so the
# dropped term is zero and both backward passes give the same numbers. A check has to reach what it is meant to check.

# %% [markdown] id="ch06-half-of-the-state-handed-on"
# ### Half of the state handed on
#
# The second mistake occurs between two windows of a text, or between two networks, one of which reads and one of which
# writes: $h$ is passed on, and $c$ starts from zero. A gradient check finds nothing. To find the mistake, compute the same
# sequence as a whole and in two parts. The last lines show the effect in three models of words, which read new text in
# windows of five words.

# %%
x, h0, c0, *weights = cells.cell_arrays(np.random.default_rng(0), blocks=4, states=2, T=10).values()
whole, _, _ = lstm_pair[0](x, h0, c0, *weights)
_, (h, c), _ = lstm_pair[0](x[:, :5], h0, c0, *weights)
for name, second_state in (("h and c handed on", (h, c)), ("c dropped", (h, np.zeros_like(c)))):
    rest, _, _ = lstm_pair[0](x[:, 5:], *second_state, *weights)
    off = abs(rest - whole[:, 5:]).max()
    print(f"{name:<18} outputs of the second half are off by {off:.3f} at most")

whole_perplexity, broken_perplexity, size = [], [], {"embedding_size": 64, "hidden_size": 64}
for seed in range(3):
    model, vocabulary, _ = language.fit(few_lines, test_text, "word", 20, 20, seed=seed, **size)
    new_ids = vocabulary.encode(tokenize(test_text, "word"))[:2000]
    whole_perplexity.append(np.exp(evaluate_text(model, new_ids, 5)[0]))
    broken_perplexity.append(language.perplexity_without_c(model, new_ids, 5))
print("perplexity with h and c handed on", np.round(whole_perplexity, 2))
print("with c dropped                   ", np.round(broken_perplexity, 2))

# %% [markdown] id="ch06-a-perplexity-that-is-a-little"
# A perplexity that is a little higher looks like a model that is a little worse. In the package a state is one value,
# for the LSTM the pair (h, c), and every function that takes a state takes all of it.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the next
# call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("6.1", clip_by_norm)  # your function: is it right, and if not, what is wrong?
# hint("6.1")
# solution("6.1")
# ```
#
# In a shell, `python -m scratchnn exercise 6` lists them, and `python -m scratchnn learn` goes through them in order
# (chapter 1). Once exercises 1.3 and 1.4, exercise 3.1, exercise 6.1 and exercise 6.3 are right, it trains an LSTM on
# the agreement of verbs with your own backward pass.
#
# - **6.1** Clip two gradients, with one bound on the norm of both together.
# - **6.2** Go back through a step of the simplified GRU, up to the gates.
# - **6.3** Go back through a step of the LSTM, up to the gates and the old memory.
# - **6.4** Reverse sequences of several lengths.
# - **6.5** From the loss of a model of characters to a perplexity per word.
#
# The solutions are in [`ch06.py`](../scratchnn/book/solutions/ch06.py). To practise finding a mistake in a cell
# with gates, try `python -m scratchnn gradcheck --break lstm` or `--break gru`.
#
# ## Where to read on
#
# - Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997). Its section 3 derives why gradients vanish, section 4 the
#   cell that keeps them. Gers, Schmidhuber and Cummins, "Learning to Forget" (2000), adds the forget gate.
# - Bengio, Simard and Frasconi, "Learning Long-Term Dependencies with Gradient Descent Is Difficult" (1994): why a network
#   that stores something safely has a vanishing gradient.
# - Pascanu, Mikolov and Bengio, "On the Difficulty of Training Recurrent Neural Networks" (2013): the wall of figure 6.3,
#   and clipping by the norm.
# - Cho and others, "Learning Phrase Representations Using RNN Encoder-Decoder for Statistical Machine Translation" (2014),
#   with the GRU in its section on the hidden unit.
# - Jozefowicz, Zaremba and Sutskever, "An Empirical Exploration of Recurrent Network Architectures" (2015): thousands of
#   other cells, and the forget bias.
# - Zaremba, Sutskever and Vinyals, "Recurrent Neural Network Regularization" (2014), and Gal and Ghahramani, "A
#   Theoretically Grounded Application of Dropout in Recurrent Neural Networks" (2016): where dropout goes.
# - Linzen, Dupoux and Goldberg, "Assessing the Ability of LSTMs to Learn Syntax-Sensitive Dependencies" (2016): the
#   agreement of verbs in real text.
#
# Also used: Schuster and Paliwal, "Bidirectional Recurrent Neural Networks" (1997). Srivastava and others, "Dropout"
# (2014). Press and Wolf, "Using the Output Embedding to Improve Language Models" (2017). Saitoh, *Deep Learning from
# Scratch 2* (2018), chapter 6. Ng's lectures on sequence models (2018).
#
# ## What comes next
#
# With gates a network can carry information from the beginning of a sentence to its end. Now it can write (chapter 7),
# read a whole text and give one answer about it (chapter 8), label each of its words (chapter 9), or read in one language
# and write in another (chapters 11 and 12).
