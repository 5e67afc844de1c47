# %% [markdown] id="ch05-recurrence-and-backpropagation-through-time"
# # 5. Recurrence and backpropagation through time
#
# *mr park met king*: is *park* a person or a place with trees? You know from the word before it, and you would know it
# anywhere in a sentence of any length. A network of the earlier chapters can do neither: its number of inputs is fixed, and
# what it learns about the second word it does not know about the ninth. How do you build a network that reads?
#
# Read one word at a time, and keep in mind what matters. The figure shows the idea, which is the thread of this book: AI as
# data transformation, in three parts. **Encode** each input as numbers, **summarise** over time in a state, **decode** an
# answer. Nearly every network from here on has these three parts, and this chapter is about the one in the middle: how the
# state is computed, and how gradients find their way back through it.

# %%
from itertools import pairwise

import numpy as np

from scratchnn.book.cells import print_errors
from scratchnn.book.examples import ch05 as examples
from scratchnn.book.examples import ch05_language as language
from scratchnn.book.figures import ch05 as figures
from scratchnn.book.page import FULL, show
from scratchnn.data import TokenStreams
from scratchnn.datasets.generated.number_words import in_words
from scratchnn.functions import one_hot, softmax
from scratchnn.models.language_model import LanguageModel, evaluate_text
from scratchnn.optim import SGD
from scratchnn.recurrent import rnn
from scratchnn.text import Vocabulary
from scratchnn.training import Trainer

# %%
show(
    figures.three_parts(),
    "5.1",
    "A network that reads. The boxes of one row do the same thing at every step, with the same "
    "weights. The orange arrows are the memory: all that is known at one step about "
    "the steps before.",
)

# %% [markdown] id="ch05-aims"
# ## What you will be able to do
#
# - say why a network with a fixed number of inputs is the wrong tool for sequences, and show it with an experiment;
# - translate between the letters of lectures ($W_{aa}$, $W_{ax}$, $W_{ya}$) and those of the code (`Wh`, `Wx`, `Wy`);
# - unroll a recurrent network, send gradients back through it by hand, and prove with a check that they are correct;
# - cut backpropagation through time into windows, and say what crosses the cut and what does not;
# - sort any task into one of five shapes of inputs and outputs, and train all five with one program;
# - train a language model, read its perplexity, and say which value it cannot go below.
#
# All cells together take less than a minute. From earlier chapters you need dense layers, one-hot vectors, softmax and
# cross-entropy, gradient descent (chapter 1), vocabularies and padding (chapter 2), language models and perplexity
# (chapter 3), and the embedding layer (chapter 4). What they built is imported from the package. Made-up data is in
# [`examples/ch05.py`](../scratchnn/book/examples/ch05.py), drawing in
# [`figures/ch05.py`](../scratchnn/book/figures/ch05.py).
#
# | letter | meaning | shape |
# |--|--|--|
# | $N, T, D, H$ | sequences of a batch, steps, numbers per input, neurons (units) | |
# | $V, K$ | words of the vocabulary, classes of an answer; in a language model $K = V$ | |
# | $x_t, h_t, z_t$ | inputs, hidden state, logits; $h_0$ is the state before step 1 | $(N, D)$, $(N, H)$, $(N, K)$ |
# | $W_x, W_h, b$ | weights and bias that make the state | $(D, H)$, $(H, H)$, $(H,)$ |
# | $W_y, b_y$ | weights and bias that make the logits | $(H, K)$, $(K,)$ |
# | $a_t$ | the argument of the tanh; in the lectures' equations (1) to (3), the state | $(N, H)$ |
# | $dy_t$ | gradient that reaches $h_t$ from the layers above | $(N, H)$ |
# | $\mathrm{target}_{nt}$ | the right class of sequence $n$ at step $t$; $-1$ is none | $(N, T)$ |
# | $M$ | as a count: targets of a batch, or words of a text | |
# | $S, p$ | words per stream, place in the text; $p$ with a word or a state is a probability | |

# %% [markdown] id="ch05-why-a-feed-forward-network-fails-on-sequences"
# ## Why a feed-forward network fails on sequences
#
# A **sequence** (시퀀스) is a list of things in order: the words of a sentence, the temperatures of a week. Each position
# in it is a **time step** (타임 스텝), whether or not it has to do with time. In the networks so far, numbers go from the
# inputs to the outputs and never back: each is a **feed-forward network** (순방향 신경망). Feed it a sentence, as one-hot
# vectors in a row, and two things go wrong.
#
# **Lengths.** With $V$ words in the vocabulary and $T$ words in the sentence there are $T V$ inputs. A layer of $H$ neurons
# has one weight for each input and each neuron, so it works for one value of $T$ only. You can pad short sentences with
# zeros up to a maximum length that is fixed in advance, but the weights of the last positions then see hardly anything but
# zeros, and their number grows with the length: for 50 words out of ten thousand, a layer of 100 neurons has 50 million.
#
# **What is learned at one position is not known at another**, because each position has weights of its own. Here is an
# experiment. In the sentences below, *park*, *bell*, *hill* and *king* are names after *mr* or *ms*, and plain words after
# *the*. The network has to decide for each word whether it is a name. All names in its training data are among the first
# six words. It is tested on other sentences, with names among the first six words or among the last six.
#
# > **Question.** Half of the words in question are names. What will the network score if the names are among the last six
# > words? Decide before you run the next two cells.
# >
# > <details><summary>Answer</summary>
# >
# > About one half, as if it guessed. The weights of the last positions were trained too, but they have only ever seen plain
# > words there.
# >
# > </details>

# %%
V, rng = len(examples.NAME_WORDS), np.random.default_rng(0)
first_half, second_half = (0, 2, 4), (6, 8, 10)
names_train = examples.sentences(rng, 1000, first_half)  # ids (1000, 12), and 1 at names
names_seen = examples.sentences(rng, 500, first_half)
names_new = examples.sentences(rng, 500, second_half)
for ids, is_name in (names_train, names_new):
    print(examples.name_in_capitals(ids[0], is_name[0]))

# %% [markdown] id="ch05-the-network-is-the-one"
# The network is the one from chapter 1, with tanh and with twelve pairs of outputs, one pair for each word. It is trained
# as in chapter 1, too, by `examples.train_feed_forward`. The score counts only the words that can be names. Half of them
# are names, so always giving the same answer scores one half.

# %%
network = examples.train_feed_forward(*names_train, rng)
names_tests = {"the first six words": names_seen, "the last six words": names_new}
for where, (ids, is_name) in names_tests.items():
    share = examples.names_right(examples.feed_forward(network, ids), ids, is_name)
    print(f"names among {where}: {share:.1%} right")

# %% [markdown] id="ch05-the-network-has-learned-the-rule"
# The network has learned the rule at the positions where it has seen names, and nothing about the others. What is learned
# should be shared by all positions, and that means using the same weights at each of them.
#
# ## A recurrent neural network
#
# Think of how you would take in a long story over the telephone: you do not record it, you keep a page of notes, and with
# each sentence you bring the page up to date. The page never gets longer, and your way of keeping it is the same from the
# first sentence to the last.
#
# So read the words one after another, with the same weights every time, and keep a vector that remembers what matters of
# everything read so far. This vector is the **hidden state** (은닉 상태). Since the state of one step is an input of the
# next, the network is called a **recurrent neural network** (순환 신경망), or RNN.
#
# ### Notation
#
# Lectures write the length of the input sequence as $T_x$, that of the output as $T_y$, and put the number of the step in
# angle brackets. An activation is called $a$, and vectors are columns:
#
# $$ a^{\langle t \rangle} = \tanh (W_{aa} \, a^{\langle t-1 \rangle} + W_{ax} \, x^{\langle t \rangle} + b_a) \tag{1} $$
# $$ \hat{y}^{\langle t \rangle} = \mathrm{softmax} (W_{ya} \, a^{\langle t \rangle} + b_y) \tag{2} $$
#
# with $a^{\langle 0 \rangle} = 0$. The first subscript of a $W$ names what it helps to compute, the second what it is
# multiplied by: $W_{ax}$ makes an $a$ from an $x$. The two products can be written as one, with the matrices side by side,
# $W_a = [W_{aa}, W_{ax}]$, and the columns stacked, written $[a, x]$:
#
# $$ W_{aa} \, a^{\langle t-1 \rangle} + W_{ax} \, x^{\langle t \rangle}
#    = W_a \, [a^{\langle t-1 \rangle}, x^{\langle t \rangle}] \tag{3} $$
#
# In this book the rows of an array are examples, and the hidden state is called $h$, as in many papers. A row is a
# transposed column, and transposing a product reverses the order of the factors, $(A B)^T = B^T A^T$. So (1) and (2)
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
# The next cell computes one step of ten sequences in all three ways: (1), (3) and (4).

# %%
N, D, H = 10, 3, 4
W_aa, W_ax = rng.standard_normal((H, H)), rng.standard_normal((H, D))
b_a = rng.standard_normal((H, 1))
x_column, a_before = rng.standard_normal((D, N)), rng.standard_normal((H, N))
a = np.tanh(W_aa @ a_before + W_ax @ x_column + b_a)  # (1)
W_a = np.hstack([W_aa, W_ax])  # (H, H + D)
a_stacked = np.tanh(W_a @ np.vstack([a_before, x_column]) + b_a)  # (3)


def rnn_step(x, h, Wx, Wh, b):
    """Equation (4): the next state (N, H) for inputs x (N, D) and the previous state (N, H)."""
    return np.tanh(x @ Wx + h @ Wh + b)  # (4)


h = rnn_step(x_column.T, a_before.T, W_ax.T, W_aa.T, b_a[:, 0])
print("a of the lectures:", a.shape, "and h of this book:", h.shape)
print("stacked gives the same:", np.allclose(a_stacked, a, rtol=0, atol=1e-12))
print("rows give the same:", np.allclose(h.T, a, rtol=0, atol=1e-12))

# %% [markdown] id="ch05-counting-the-weights"
# $W_x$, $W_h$ and $b$ together have
#
# $$ D H + H H + H \tag{6} $$
#
# parameters. This number does not depend on the length of the sequence.
#
# ## The unrolled graph
#
# To read $T$ steps, apply (4) $T$ times, starting from a state $h_0$. This state is zero unless there is already
# something to remember. On the left of the figure the network has a loop. On the right the loop is unrolled into one copy
# per step, which makes it a computational graph as in chapter 1: all arrows point forward.

# %%
show(
    figures.unrolled(),
    "5.2",
    "A recurrent network with its loop, and the same network unrolled over three steps. "
    "Arrows of one colour are the same matrix.",
)

# %% [markdown] id="ch05-in-code-it-is-a-loop"
# In code it is a loop, which keeps the inputs and the states for the backward pass.
#
# > **Question.** With $D = 3$ inputs and $H = 5$ neurons, how many parameters are there by (6)? And what shape will the
# > states have if the same weights read 100 steps instead of 6?
# >
# > <details><summary>Answer</summary>
# >
# > 3 · 5 + 5 · 5 + 5 = 45, for any length. The states of $N = 4$ sequences are then (4, 100, 5).
# >
# > </details>


# %%
def rnn_forward(x, h0, Wx, Wh, b):
    """All states (N, T, H) for inputs x (N, T, D) and h_0 (N, H), and the cache."""
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

# %% [markdown] id="ch05-the-packages-rnn"
# The package's [`rnn.py`](../scratchnn/recurrent/rnn.py) also returns the last state by itself, to go on from.
#
# ## Backpropagation through time
#
# In plain words: the loss complains about an answer, the complaint goes to the state that gave it, and each state passes
# on to the one before it whatever part of the complaint is not its own fault. Along the way every use of a weight notes
# how that weight should have been, and at the end the notes are added up.
#
# The unrolled graph is a computational graph, so the chain rule of chapter 1 applies. Its nodes are visited from the last
# to the first, which here means back in time. This is **backpropagation through time** (시간 방향 역전파), or BPTT. Two
# things are new. Both come from a rule of chapter 1: if a number is used twice, its gradients add up.
#
# **A state is used twice.** The layers above use $h_t$ and send back a gradient, $dy_t$. And $h_t$ is an input of step
# $t + 1$, which sends back another gradient. Write $a_t = x_t W_x + h_{t-1} W_h + b$ for the argument of the tanh (no
# longer the $a$ of the lectures). In $a_{t+1}$ the state $h_t$ is multiplied by $W_h$, so the gradient from there is
# $da_{t+1} W_h^T$, by (6) of chapter 1:
#
# $$ dh_t = dy_t + da_{t+1} W_h^T \tag{7} $$
#
# At the last step the second term is missing, unless the final state is used as well. Next, go back through the tanh,
# whose slope is $1 - h_t^2$ for each entry, and through the product with $W_x$:
#
# $$ da_t = dh_t \, (1 - h_t^2) \tag{8} $$
# $$ dx_t = da_t W_x^T \tag{9} $$
#
# **A weight is used at every step.** So it receives one gradient from each step, and the bias one from each step $t$ and
# each row $n$ of the batch:
#
# $$ dW_x = \sum_t x_t^T da_t \qquad dW_h = \sum_t h_{t-1}^T da_t \qquad db = \sum_t \sum_n da_{nt} \tag{10} $$

# %%
show(
    figures.backward_pass(),
    "5.3",
    "Forward in blue, backward in orange. Two gradients arrive at each state: one from its "
    "own output, one from the next step.",
)

# %% [markdown] id="ch05-with-one-neuron-and-one-input"
# With one neuron and one input these are plain numbers, which you can follow by hand. Let $W_x = 1$, $W_h = 0.5$,
# $b = 0$, let the network read 1, 0, 0, and let the loss be $L = h_3$. Then $dy_3 = 1$ and the other $dy_t$ are zero.
#
# > **Question.** $dW_h$ gets a share from each of the three steps. One of the shares is exactly zero. Which, and why?
# >
# > <details><summary>Answer</summary>
# >
# > That of step 1. There $W_h$ was multiplied by $h_0 = 0$, so no change of $W_h$ changes anything at that step.
# >
# > </details>

# %%
states, wh = [0.0], 0.5
for x_t in (1.0, 0.0, 0.0):
    states.append(np.tanh(x_t + states[-1] * wh))  # (4) with Wx = 1, b = 0
dwh, later, back = 0.0, 0.0, {}
for t, dy_t in [(3, 1.0), (2, 0.0), (1, 0.0)]:
    dh_t = dy_t + later  # (7)
    da_t = dh_t * (1 - states[t] ** 2)  # (8)
    dwh += states[t - 1] * da_t  # (10)
    later = da_t * wh  # (7)
    back[t] = dh_t, da_t, states[t - 1] * da_t
print(f"dWh, all steps together: {dwh:.3f}")
show(
    figures.step_by_step(states, back),
    "5.4",
    "Backpropagation through time, one step per row. On its way back the gradient shrinks by the "
    "slope of the tanh and by $W_h$, and leaves a share for $dW_h$ at each step.",
)

# %% [markdown] id="ch05-now-the-same-for-whole-batches"
# Now the same for whole batches and matrices. Are the lines correct? As in chapter 1, compare them with central differences
# of the forward pass, with a random cotangent for `dy`; `print_errors`, in [`cells.py`](../scratchnn/book/cells.py), does
# that. Its error is the largest difference in an
# array, divided by the largest entry. (Chapter 1 divided entry by entry. That is stricter, but an entry that happens to be
# close to zero then looks wrong because of rounding alone.) The package's backward pass takes one argument more, the
# gradient with respect to the final state, which is zero here.


# %%
def rnn_backward(dy, cache):
    """From dy (N, T, H), with respect to all states: dx (N, T, D), dh_0 (N, H), dWx, dWh, db."""
    x, h, Wx, Wh = cache
    dx, dWx, dWh = np.zeros(x.shape), np.zeros(Wx.shape), np.zeros(Wh.shape)
    db = np.zeros(len(Wh))
    from_later = np.zeros(dy[:, 0].shape)  # (N, H), da_{t+1} Wh^T
    # Python counts from 0, and h begins with h_0: this step leads from h[:, t] to h[:, t + 1]
    for t in reversed(range(x.shape[1])):
        dh = dy[:, t] + from_later  # (7)
        da = dh * (1 - h[:, t + 1] ** 2)  # (8)
        dx[:, t] = da @ Wx.T  # (9)  (N, H) @ (H, D) -> (N, D)
        dWx += x[:, t].T @ da  # (10)  (D, N) @ (N, H) -> (D, H)
        dWh += h[:, t].T @ da  # (10)  (H, N) @ (N, H) -> (H, H)
        db += da.sum(axis=0)  # (10)
        from_later = da @ Wh.T  # (7)
    return dx, from_later, dWx, dWh, db


arrays = {"x": x, "h0": h0, "Wx": Wx, "Wh": Wh, "b": b}
print_errors((rnn_forward, rnn_backward), arrays)
v = rng.standard_normal(h.shape)  # a cotangent
ours = rnn_backward(v, cache)
theirs = rnn.rnn_backward(v, np.zeros((N, H)), package_cache)
same = [np.allclose(*pair, rtol=0, atol=1e-12) for pair in zip(ours, theirs, strict=True)]
print("the package gives the same:", all(same))

# %% [markdown] id="ch05-back-to-the-names"
# ### Back to the names
#
# The backward pass is right, so the network can learn. What is missing is a loss. Put a dense layer (5) on each state,
# and add softmax and cross-entropy. Not every step needs a target: in code $-1$ stands for no target, and a mask $m_{nt}$
# is 1 at steps with a target and 0 elsewhere. The loss is the mean over the $M$ targets. With
# $y_{nt} = \mathrm{softmax}(z_{nt})$, and (18) of chapter 1 for $dz$:
#
# $$ L = - \frac{1}{M} \sum_{n,t} m_{nt} \log y_{nt}[\mathrm{target}_{nt}]
#    \qquad dz_{nt} = \frac{m_{nt}}{M} (y_{nt} - \mathrm{onehot}(\mathrm{target}_{nt})) \tag{11} $$
#
# The gradient then goes back through the dense layer, whose weights are used at every step, too:
#
# $$ dy_t = dz_t W_y^T \qquad dW_y = \sum_t h_t^T dz_t \qquad db_y = \sum_t \sum_n dz_{nt} \tag{12} $$
#
# Weights start as small random numbers, except $W_h$. It starts as a rotation, which turns a vector and neither stretches
# nor shrinks it: a good start for a matrix that is applied at every step. Chapter 6 shows what happens with others. The
# function `qr` makes a rotation out of random numbers.


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


def gradients_of_loss(parameters, x, targets, h0=None, backward=rnn_backward):
    """The loss (11), its gradients with respect to all parameters and to x, and the last state.

    The targets (N, T) are -1 at steps without one.
    """
    Wy = parameters[3]
    H, K = Wy.shape
    z, (h, cache) = predict(parameters, x, h0)
    y = softmax(z)
    mask = targets >= 0  # (N, T), m
    L = -np.log(y[mask, targets[mask]]).mean()  # (11), the probability of each target
    # (N, T, K) * (N, T, 1); a target of -1 counts as class 0 in one_hot, and the mask removes it
    dz = (y - one_hot(np.maximum(targets, 0), K)) * mask[..., None] / mask.sum()  # (11)
    # one product adds up over sequences and steps: (H, N T) @ (N T, K) -> (H, K)
    dWy = h.reshape(-1, H).T @ dz.reshape(-1, K)  # (12)
    dx, _, dWx, dWh, db = backward(dz @ Wy.T, cache)  # (12), then (7) to (10)
    return L, [dWx, dWh, db, dWy, dz.sum(axis=(0, 1))], dx, h[:, -1]


# %%
def train(parameters, make_batch, steps, lr):
    """Change ``parameters`` in place by gradient descent; return the loss at each step."""
    rng, history = np.random.default_rng(0), []
    for _ in range(steps):
        L, gradients, _, _ = gradients_of_loss(parameters, *make_batch(rng))
        for p, dp in zip(parameters, gradients, strict=True):
            p -= lr * dp
        history.append(L)
    return np.array(history)


def names_batch(rng):
    """Thirty-two of the sentences that the feed-forward network was trained on."""
    chosen = rng.integers(0, 1000, 32)
    return one_hot(names_train[0][chosen], V), names_train[1][chosen]


names_parameters = first_parameters(np.random.default_rng(0), V, 32, 2)
train(names_parameters, names_batch, steps=500, lr=0.5)
print("parameters: feed-forward", sum(p.data.size for p in network.parameters()), end=", ")
print("recurrent", sum(p.size for p in names_parameters))
for where, (ids, is_name) in names_tests.items():
    share = examples.names_right(predict(names_parameters, one_hot(ids, V))[0], ids, is_name)
    print(f"names among {where}: {share:.1%} right")

# %% [markdown] id="ch05-this-network-has-never-seen"
# This network has never seen a name among the last six words either. But the weights that have learned what *mr* means
# are used at every step.
#
# ## Five shapes of tasks
#
# Lectures sort tasks into five shapes by the numbers of inputs and outputs, $T_x$ and $T_y$. N and M stand for "many" here.
#
# | shape | lengths | encoding | temporal summary | decoding | example here |
# |--|--|--|--|--|--|
# | 1:1 | $T_x = T_y = 1$ | a picture | one step | one answer | a picture of a digit to the digit |
# | 1:N | $T_x = 1$ | a picture | grows while it writes | a word, and again | a digit to its name, letter by letter |
# | N:1 | $T_y = 1$ | each word | the last state | one answer | a review to good or bad |
# | N:N, in step | $T_x = T_y$ | each pair of bits | every state | one answer per step | adding two numbers |
# | N:M | $T_x$, $T_y$ differ | each word | the state after reading | a digit, and again | a number in words to digits |
#
# The same three questions place any other task: what is one input, what is kept over time, what is the answer?
#
# - **Summarising a text** is N:M with a short M. Chapter 11 has the parts.
# - **Describing a video** is N:M as well: one input is a frame, made into numbers by a network for pictures.
# - **Forecasting a price** is N:1: one input is a row of numbers of one day, and what is decoded is a number, not a class.
#   Chapter 13 shows what can be forecast and what cannot.
#
# > **Question.** Which shape: the language of a text; a melody to its chords, bar by bar; English to Korean; a photo to a
# > sentence; the temperature of tomorrow?
# >
# > <details><summary>Answer</summary>
# >
# > N:1; N:N in step; N:M; 1:N; N:1 again, with a number for an answer.
# >
# > </details>

# %%
show(
    figures.task_shapes(),
    "5.5",
    "The five shapes of tasks: inputs in blue, states in black, outputs in green. A dashed "
    "arrow feeds an output back as the next input.",
)

# %% [markdown] id="ch05-one-to-one-a-digit"
# The one function `gradients_of_loss` trains all five. A target of $-1$ means no output; where there is no input, $x_t$ is
# zero.
#
# ### 1:1, a picture of a digit
#
# A pocket calculator shows digits with seven bars that are light or dark. Each picture here has one noisy number per bar,
# and the noise makes some digits look like others. One step from the state zero is $\tanh(x W_x + b)$ and a dense layer:
# the network of chapter 1, with tanh for the sigmoid.


# %%
noise = 0.25 * np.random.default_rng(0).standard_normal((10, 7))
show(
    figures.digits(examples.BARS + noise), "5.6", "The ten digits, made of seven bars, with noise."
)
curves, scores = {}, {}
one_to_one = first_parameters(np.random.default_rng(0), 7, 16, 10)
curves["1:1"] = train(one_to_one, examples.one_to_one, steps=1500, lr=0.5)
x, targets = examples.one_to_one(np.random.default_rng(1), 1000)
scores["1:1"] = (predict(one_to_one, x)[0].argmax(axis=-1) == targets).mean()
print(f"digits classified correctly: {scores['1:1']:.1%}")

# %% [markdown] id="ch05-one-to-many-a-digit-to-a-word"
# ### 1:N, a picture to a word
#
# Now the network has to write the digit's name: *t h r e e* and an end mark, here a full stop. The picture is the input
# of the first step. The output of each step is a probability for each letter, and one of the letters is written. The
# network has to know which, so that letter is the input of the next step. During training the input is the *right* letter
# instead, whatever the network would have written. This is **teacher forcing** (교사 강요). Without it, a network that
# knows nothing yet would have to continue from its own nonsense. In use there is no teacher: `write` feeds back the most
# probable letter, until the end mark.

# %%
LETTERS, END = examples.LETTERS, examples.END  # END is the id of the end mark
feed_letter = np.eye(7 + len(LETTERS))[7:]  # row k: the input (D,) that says letter k, no picture


def teacher_forcing(read, answer, feed, steps):
    """Inputs (steps, D) and targets (steps,) for one example.

    The network first reads ``read`` (T, D), then writes ``answer``, ids of which the last is the
    end mark. ``feed`` (ids, D) has a row for each id: the input of the step after it.
    """
    x, targets = np.zeros((steps, read.shape[1])), np.full(steps, -1)
    x[: len(read)] = read
    start = len(read) - 1  # the last step that reads is the first that writes
    end = start + len(answer)
    x[start + 1 : end] = feed[answer[:-1]]  # one step later, the right id
    targets[start:end] = answer
    return x, targets


def one_to_many_batch(rng, N=32):
    """Inputs (N, 6, 7 + letters): picture, then letters; targets (N, 6): letters, end mark, -1."""
    read, names, _ = examples.pictures_and_names(rng, N)
    forced = [teacher_forcing(read[n], names[n], feed_letter, 6) for n in range(N)]
    return tuple(map(np.array, zip(*forced, strict=True)))


one_to_many = first_parameters(np.random.default_rng(0), 7 + len(LETTERS), 32, len(LETTERS))
curves["1:N"] = train(one_to_many, one_to_many_batch, steps=2500, lr=0.3)
print(f"loss at the end: {curves['1:N'][-100:].mean():.3f} nats per letter")


def write(parameters, read, feed, end, most=8):
    """Read ``read`` (T, D), then write ids; ``feed`` (ids, D) as in ``teacher_forcing``."""
    Wx, Wh, b, Wy, by = parameters
    h = np.zeros(len(Wh))
    for x_t in read:
        h = rnn_step(x_t, h, Wx, Wh, b)  # (4)
    written = []
    while len(written) < most:
        k = int((h @ Wy + by).argmax())  # (5)
        if k == end:
            break
        written.append(k)
        h = rnn_step(feed[k], h, Wx, Wh, b)  # (4)
    return written


inputs, _, digits = examples.pictures_and_names(np.random.default_rng(1), 1000)
written = ["".join(LETTERS[k] for k in write(one_to_many, x, feed_letter, END)) for x in inputs]
right = [word == examples.DIGIT_NAMES[digit] for word, digit in zip(written, digits, strict=True)]
scores["1:N"] = np.mean(right)
print("written:", " ".join(written[:10]))
print(f"whole names right: {scores['1:N']:.1%}")

# %% [markdown] id="ch05-many-to-one-a-review"
# ### N:1, a review to one answer
#
# A review is good if it says *very good* or *not bad*, and bad if it says *not good* or *very bad*. Each one also says
# *very long* or *not long*, which does not matter. So what counts is which words follow each other. Reviews have 4 to 12
# words; short ones are padded with zeros at the end (chapter 2). The only target is at the last word, and what comes
# after it changes nothing: padding costs time but has no part in any gradient.

# %%
ids, lengths, good = examples.reviews(np.random.default_rng(8), 4)
for n in range(4):
    words = [examples.REVIEW_WORDS[k] for k in ids[n, : lengths[n]]]
    print(*words, "->", ("bad", "good")[good[n]])
many_to_one = first_parameters(np.random.default_rng(0), len(examples.REVIEW_WORDS), 24, 2)
curves["N:1"] = train(many_to_one, examples.many_to_one, steps=3000, lr=0.1)
x, targets = examples.many_to_one(np.random.default_rng(1), 1000)
scores["N:1"] = (predict(many_to_one, x)[0].argmax(axis=-1) == targets)[targets >= 0].mean()
print(f"reviews classified correctly: {scores['N:1']:.1%}")

# %% [markdown] id="ch05-in-step-adding-numbers"
# ### N:N in step, adding numbers
#
# The input is two binary numbers, lowest digits first: two bits at each step. The output is the bit of the sum. The
# network has to discover the carry and keep it in its state. It is trained on numbers of 8 bits and tested on numbers of
# 50. Where does it keep the carry? Look for the neuron whose state follows the true carries most closely. The measure is
# the correlation: near 1 for two rows of numbers that rise and fall together, near $-1$ if one rises where the other
# falls, and near 0 if the two are unrelated.

# %%
in_step = first_parameters(np.random.default_rng(0), 2, 16, 2)
curves["N:N"] = train(in_step, examples.sums, steps=1500, lr=0.3)
x, targets = examples.sums(np.random.default_rng(1), 1000, bits=50)
scores["N:N"] = (predict(in_step, x)[0].argmax(axis=-1) == targets).all(axis=1).mean()
print(f"sums of 50 bits without any mistake: {scores['N:N']:.1%}")
x, _ = examples.sums(np.random.default_rng(5), 200, bits=30)
h, carry = predict(in_step, x)[1][0], examples.carries(x)  # (200, 30, 16), (200, 30)
# corrcoef returns a table of all pairs of its two rows; [0, 1] is the first with the second
correlation = [np.corrcoef(h[..., k].ravel(), carry.ravel())[0, 1] for k in range(16)]
best = int(np.argmax(np.abs(correlation)))
print(f"neuron {best} and the carry: correlation {correlation[best]:.2f}")
show(
    figures.carry(carry[0], h[0, :, best], best),
    "5.7",
    "The carry of an addition, and the state of the neuron that follows it most closely. "
    "The network was never told that a carry exists.",
)

# %% [markdown] id="ch05-many-to-many-words-to-digits"
# ### N:M, words to digits
#
# *nine hundred forty two* is four words, 942 has three digits. The output cannot begin before the input ends, and its
# length is not known at the start. The network reads all words, then a mark that means "now write", and then it writes as
# in 1:N. It is trained on 800 of the numbers below 1000 and tested on the other 200.

# %%
GO, SYMBOLS = examples.GO, examples.SYMBOLS  # the mark "now write", which also ends; and D
feed_digit = np.eye(SYMBOLS)[-11:]  # row k: the input (D,) for digit k, or the mark
every = []
for number in range(1000):
    answer = [*map(int, str(number)), GO]
    every.append(teacher_forcing(examples.read_words(number), answer, feed_digit, 8))
every_x, every_t = map(np.array, zip(*every, strict=True))  # (1000, 8, D) and (1000, 8)
shuffled = np.random.default_rng(0).permutation(1000)
numbers_known, numbers_new = shuffled[:800], shuffled[800:]


def many_to_many_batch(rng):
    chosen = rng.choice(numbers_known, 32)
    return every_x[chosen], every_t[chosen]


many_to_many = first_parameters(np.random.default_rng(0), SYMBOLS, 48, 11)
curves["N:M"] = train(many_to_many, many_to_many_batch, steps=4000, lr=0.2)

right = []
for number in numbers_new:
    digits = write(many_to_many, examples.read_words(number), feed_digit, GO)
    right.append(digits == [*map(int, str(number))])
    if len(right) <= 4:
        print(in_words(number), "->", "".join(map(str, digits)))
scores["N:M"] = np.mean(right)
print(f"numbers never seen, right to the last digit: {scores['N:M']:.1%}")
show(
    figures.loss_curves(curves, scores),
    "5.8",
    "The losses of the five tasks, all trained by the same function. The axis is logarithmic.",
)

# %% [markdown] id="ch05-here-one-network-reads-and-writes"
# Here one network reads and writes. Chapter 11 has one network for each: the second starts from the state in which the
# first has read everything.
#
# A loss curve may jump up during training, as that of N:M does here: for a few steps the gradient was more than ten times
# as large as usual, and gradient descent overshot the valley. Chapter 6 explains such gradients and the remedy.

# %% [markdown] id="ch05-truncated-bptt"
# ## Truncated BPTT
#
# A text is one long sequence. The Penn Treebank, the newspaper text of chapter 2, has nearly a million words. To go back
# through all of it, you would have to keep every state, and all that work would give a single step of learning.
#
# So cut the sequence into windows of $T$ steps, and update the parameters after each. Forward, nothing is cut: the state at
# the end of a window is the first state of the next one. Backward, the gradient stops at the beginning of each window.
# This is **truncated BPTT** (절단 BPTT).
#
# $$ h_0 \;\; \mathrm{of \; window} \;\; k + 1 \;\; \mathrm{is} \;\; h_T \;\; \mathrm{of \; window} \;\; k \tag{13} $$
#
# The gradient $dh_0$, which says how this state should have been different, is discarded.

# %%
show(
    figures.windows(),
    "5.9",
    "Truncated BPTT: the states pass from one window to the next, the gradients stop at the cut.",
)

# %% [markdown] id="ch05-what-does-the-cut-do"
# How far off is the gradient because of the cut? The next cell computes it for sixty steps, once as a whole and once in
# windows, and takes the difference of the two. The length of an array is the root of the sum of the squares of its entries.
# The length of the difference, divided by that of the whole gradient, is the answer.
#
# > **Question.** Windows of 10 steps: can the network use a word that it read 15 steps ago? Can it learn to remember it?
# >
# > <details><summary>Answer</summary>
# >
# > Use it, yes: the state crosses the cut. Learn to remember it, only indirectly: no gradient from here reaches the step
# > where it was read. If it is remembered, it is because remembering paid off within some window.
# >
# > </details>

# %%
N, T, D, H = 8, 60, 3, 10
Wx, Wh, b, _, _ = first_parameters(rng, D, H, 1)
x, zero = rng.standard_normal((N, T, D)), np.zeros((N, H))


def gradient_in_windows(width, dy):
    """The gradient dWh for dy (N, T, H), by truncated BPTT."""
    state, dWh = zero, np.zeros((H, H))
    for start in range(0, T, width):
        steps = slice(start, start + width)
        h, cache = rnn_forward(x[:, steps], state, Wx, Wh, b)
        dWh += rnn_backward(dy[:, steps], cache)[3]  # dh_0 is discarded
        state = h[:, -1]  # (13)
    return dWh


widths = (1, 2, 3, 5, 10, 15, 20, 30, 60)
off, length = np.zeros(len(widths)), np.linalg.norm
for _ in range(20):  # the mean over twenty random gradients
    dy = rng.standard_normal((N, T, H))
    whole = gradient_in_windows(T, dy)
    off += [length(gradient_in_windows(width, dy) - whole) / length(whole) / 20 for width in widths]
print(f"windows of 5 steps: {off[3]:.0%} off; of 30 steps: {off[7]:.0%} off")
show(
    figures.cut(widths, off),
    "5.10",
    "What the cut costs: how far the gradient of Wh is off, by the length of the window. "
    "Long windows lose little.",
)

# %% [markdown] id="ch05-the-longer-the-windows"
# The longer the windows, the better the gradient. A window as long as the sequence loses nothing.
#
# ### Streams
#
# To put $N$ examples into a batch, let $N$ readers begin at $N$ positions of the text, and let each continue where it
# stopped. In a text of $M$ ids $w_p$, reader $n$ begins at position $nS$ with $S = \lfloor (M - 1) / N \rfloor$, the
# quotient rounded down. In step $k$ it reads the ids at the positions $p$; the target of each is the id after it:
#
# $$ p = n S + k T + t, \;\; t = 0 \ldots T - 1 \qquad x_{nt} = w_p \qquad \mathrm{target}_{nt} = w_{p+1} \tag{14} $$
#
# An epoch has $\lfloor S / T \rfloor$ steps, and $k$ keeps counting in the next epoch; a reader that reaches the end of
# the text continues at its beginning. The batches must keep their order: the state of row $n$ belongs to its text.


# %%
def stream_batch(ids, N, T, k):
    """Step k: inputs and targets (N, T) of the text ids (M,)."""
    S = (len(ids) - 1) // N
    p = S * np.arange(N)[:, None] + k * T + np.arange(T)  # (14)  (N, 1) + (T,) -> (N, T)
    p = p % (len(ids) - 1)  # after the end comes the beginning
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

# %% [markdown] id="ch05-a-language-model"
# ## A language model
#
# A language model gives a probability to every possible next word (chapter 3). With it, a whole text has a probability,
# too: that of its first word, times that of the second given the first, and so on:
#
# $$ P(w_1, \ldots, w_M) = P(w_1) \; P(w_2 \mid w_1) \cdots P(w_M \mid w_1, \ldots, w_{M-1}) \tag{15} $$
#
# Each word depends on all the words so far. The network of chapter 3 saw a fixed number of them. A recurrent network has
# read them all: what it knows about them is in its state, and softmax gives a probability to each word of the vocabulary.
# That is the shape N:N in step, with the next word as the target. The words enter through an embedding layer (chapter 4),
# as rows of a table $W_e$:
#
# $$ e_t = W_e[w_t] \qquad h_t = \tanh(e_t W_x + h_{t-1} W_h + b) \qquad z_t = h_t W_y + b_y \tag{16} $$
#
# ### Perplexity
#
# The loss is the mean cross-entropy of the next words, in nats. Raise $e$ to this power for the perplexity of chapter 3:
#
# $$ L = - \frac{1}{M} \sum_t \log P(w_{t+1} \mid w_1, \ldots, w_t) \qquad \mathrm{perplexity} = e^L \tag{17} $$
#
# A model with perplexity 4 is as uncertain about the next word as if it had to choose between four equally probable
# words. A model that is always certain and always right has perplexity 1.
#
# ### A language whose best score is known
#
# You cannot predict a throw of a die, however well you know the die: the best you can do is to know the odds. A text is
# partly such a throw. How low can the perplexity get? For a real text this is unknown, so here is a made-up language for
# which it is known. Its table `GRAMMAR`, in [`ch05_language.py`](../scratchnn/book/examples/ch05_language.py), lists for
# each state of a sentence which words may come, with what probability, and which state the sentence is in afterwards. After
# a complete sentence, for example, the state is `"end"`: a full stop comes with probability 4/5 and *and* with probability
# 1/5, and both lead to `"start"`. Verbs have to agree with their subjects: *the dog sleeps*, *the dogs sleep*, even with
# three words in between: *the dog near the cats sleeps*.

# %%
GRAMMAR = language.GRAMMAR
words = (word for rows in GRAMMAR.values() for word, _, _ in rows)
lexicon = Vocabulary.build(words, specials=())
print(f"{len(GRAMMAR)} states, {len(lexicon)} words")
train_text, _ = language.make_text(np.random.default_rng(0), 30_000)
test_text, test_logarithms = language.make_text(np.random.default_rng(1), 5_000)
train_ids, test_ids = lexicon.encode(train_text), lexicon.encode(test_text)
for sentence in " ".join(train_text[:60]).split(" . ")[:5]:
    print(sentence + " .")

# %% [markdown] id="ch05-no-model-can-predict-what"
# No model can predict what the language itself leaves to chance. Suppose that the next word is $w$ with probability
# $p_w$, and that a model gives it the probability $y_w$. The gradient with respect to the logits is
# $y - \mathrm{onehot}(w)$ (chapter 1). Its mean over the possible words is $y - p$, which is zero where $y = p$: the best
# possible prediction is the true probability. It costs $- \log p_w$ with probability $p_w$, on average
# $- \sum_w p_w \log p_w$. This is the **entropy** (엔트로피) of the choice. In this language the words so far always
# determine the state. If $p_{sw}$ are the probabilities in state $s$ and $\pi_s$ is the share of the time that a text is
# in this state, the mean over a long text is
#
# $$ \mathrm{entropy} = - \sum_s \pi_s \sum_w p_{sw} \log p_{sw} \tag{18} $$
#
# and no model's loss can be lower in the long run. (`language.best_losses` finds $\pi$: it starts from equal shares and
# moves from word to word until they no longer change.) The same formula gives the best score of a model that knows less:
# only that there are $V$ words, or how frequent each word is, or the probabilities after the last word, with the last word
# in the place of the state.
#
# > **Question.** The language has 24 words. Before you run the cell: what is the perplexity of a model that knows nothing
# > but that? In which order will the other three come?
# >
# > <details><summary>Answer</summary>
# >
# > 24: as uncertain as between 24 equally probable words. Then the frequencies, then the last word, then all words so far.
# > Who knows more is never worse.
# >
# > </details>

# %%
floors = language.best_losses(lexicon.ids)  # (18)
for known, floor in floors.items():
    print(f"best perplexity if you know {known:<29} {np.exp(floor):6.2f}")
best_possible = np.exp(-test_logarithms.mean())
print(f"{'the language itself, on our test text':<57} {best_possible:6.2f}")

# %% [markdown] id="ch05-what-memory-can-gain"
# Between 4.67 and 3.45 lies what a model can gain from a memory of more than one word. The last line is the score of the
# true probabilities on the test text itself, where luck plays a part, too.
#
# ### Training
#
# Forward and backward are those of the five tasks, with two additions: an embedding layer in front, whose gradient is
# added up by word, and a first state that comes in and a last state that goes out.


# %%
def language_gradients(parameters, ids, targets, h0, backward=rnn_backward):
    """The loss (17) of a window, its gradients with respect to all parameters, the last state."""
    We, *others = parameters
    # (16); the gradient with respect to h0 is discarded (13)
    L, gradients, de, last = gradients_of_loss(others, We[ids], targets, h0, backward)
    dWe = np.zeros(We.shape)
    np.add.at(dWe, ids, de)  # chapter 4: gradients for the same row are added
    return L, [dWe, *gradients], last


def perplexity_of(parameters, ids):
    """Perplexity on a text (M,), read from its beginning to its end."""
    z, _ = predict(parameters[1:], parameters[0][ids[None, :-1]])  # (16), from the state zero
    y = softmax(z[0])  # (M - 1, V)
    return np.exp(-np.log(y[np.arange(len(y)), ids[1:]]).mean())  # (17)


def first_language_parameters(seed, D=16, H=32):
    """We (V, D), and those of ``first_parameters``."""
    rng = np.random.default_rng(seed)
    We = 0.1 * rng.standard_normal((len(lexicon), D))
    return [We, *first_parameters(rng, D, H, len(lexicon))]


def train_language(parameters, epochs, backward=rnn_backward, order=None, pass_on=True):
    """Truncated BPTT; returns the training perplexity and the test perplexity of each epoch.

    For the last experiments of the chapter: ``order(steps)`` gives an order of the windows of an
    epoch, and without ``pass_on`` each window begins with the state zero.
    """
    N, T, lr = 10, 10, 0.5
    steps = (len(train_ids) - 1) // N // T
    zero = np.zeros((N, len(parameters[2])))
    history = []
    for epoch in range(epochs):
        state, epoch_losses = zero, []
        for k in epoch * steps + np.arange(steps) if order is None else order(steps):
            ids, targets = stream_batch(train_ids, N, T, k)
            # (13): the state of this window is the first state of the next
            h0 = state if pass_on else zero
            L, gradients, state = language_gradients(parameters, ids, targets, h0, backward)
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
show(
    figures.language_model(language_history, floors),
    "5.11",
    "A language model beside the best perplexity that any model can reach, which is known "
    "for this language. The dashed line is the best for a model that sees one word only.",
)

# %% [markdown] id="ch05-the-training-curve-begins-higher-because"
# The training curve begins higher because it is the mean over an epoch during which the network is still learning. The
# curve of the test text is the one that counts. After one epoch it is below the best that is possible with the last word
# alone, so the network remembers more than that, and it comes close to the floor of the language.
#
# ### The same with the package
#
# In the package the layers [`RNN`](../scratchnn/recurrent/rnn.py) and `Dense` hold the parameters. They are parts of
# [`LanguageModel`](../scratchnn/models/language_model.py), equation (16);
# [`TokenStreams`](../scratchnn/data/streams.py) gives the batches (14), and [`Trainer`](../scratchnn/training/trainer.py)
# is the loop: it passes the state on, and `backward_loss` discards $dh_0$.
#
# One thing is easily missed. A new text is read from the state zero. If training only ever carries its state on, it starts
# from zero once and never again, and the first words of a new text may be predicted badly. So each epoch starts from zero
# here, and in the package each stream also restarts with a small probability before any other window. `restart=0` leaves
# that out, so that both programs do the same.

# %%
model = LanguageModel(len(lexicon), embedding_size=16, hidden_size=32, cell="rnn", rng=rng)
model.astype(np.float64)
for parameter, value in zip(model.parameters(), first_language_parameters(0), strict=True):
    parameter.data = value
optimizer, batches = SGD(model.parameters(), lr=0.5), TokenStreams(train_ids, 10, 10, restart=0)
history = Trainer(model, optimizer, batches, progress=False).fit(10)
package_perplexities = np.exp([history.epoch_loss(epoch) for epoch in range(1, 11)])
same = np.allclose(package_perplexities, language_history[:, 0], rtol=1e-6)
print("the same perplexities in ten epochs:", same)
L, count = evaluate_text(model, test_ids)
print(f"on the {count:,} words of the test text:", f"{np.exp(L):.2f}")

# %% [markdown] id="ch05-on-a-real-text"
# ## On a real text
#
# `language.repeat_the_book` uses the Penn Treebank instead of the small language. It repeats two experiments from Saitoh's
# book *Deep Learning from Scratch 2*. The first is an RNN on the first thousand words, from its chapter 5. The second is
# the whole text with settings from its chapter 6, where the book uses an LSTM, the subject of our next chapter. In it, all
# gradients of a step together, as one vector, are shortened to the length `max_norm` if they are longer. This is called
# clipping; the next chapter says why.

# %%
if FULL:
    language.repeat_the_book()

# %% [markdown] id="ch05-full-run"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch05_recurrence_and_bptt.py`, `SCRATCHNN_DATA` names the folder
# > with the text; seed 0, one core, 2026-11-21): the first thousand words, perplexity on these words themselves:
# > 417.76 in the first epoch, 3.53 in the hundredth. The book's own program for them, `ch05/train_custom_loop.py`, has
# > the same settings; with NumPy's seed 0 it went from 401.41 to 5.25 when we ran it. The whole text, four epochs:
# > training 467.64 in the first, 169.80 in the fourth, test **187.00**. The book reports 136 on the test text, for an
# > LSTM of the same size with a learning rate of 20. With that rate our RNN diverged within its first hundred steps,
# > and also with 10, so it was trained with 5. Everything else is as in the book.
#
# That the first network knows a thousand words by heart says little about language; the test text is what counts. There
# the RNN is far behind the LSTM. One possible reason is the smaller learning rate that it needs, and another is what it
# cannot remember; this run cannot tell them apart. Chapter 6 takes up both.
#
# ## What goes wrong
#
# > **What goes wrong.** A weight that is used many times receives many gradients. If you write `=` for `+=`, only one
# > of them is left. And a state that is passed from batch to batch is right only if the batches follow each other. If you
# > shuffle them, it is not. Neither mistake crashes, and a gradient check finds only the first.
#
# ### A gradient that is replaced, not added to
#
# `examples.replacing_backward` differs from `rnn_backward` in the three lines of equation (10):
#
# ```python
# dWx = x[:, t].T @ da
# dWh = h[:, t].T @ da
# db = da.sum(axis=0)
# ```

# %%
replaced_history = train_language(first_language_parameters(0), 10, examples.replacing_backward)
print(f"test perplexity: right {reached:.2f}, replaced {replaced_history[-1, 1]:.2f}")
print_errors((rnn_forward, examples.replacing_backward), arrays)

# %% [markdown] id="ch05-a-difference-that-small-is-easy"
# A difference that small is easy to explain away: another start, another learning rate. But the check sees the mistake.
# The gradients with respect to $x$ and $h_0$ are right, so the way back through time is right. The three wrong ones are
# sums over time. The mistake is in equation (10).
#
# ### A state that belongs to another text
#
# Shuffled mini-batches were a good thing in chapter 1. Here is the training with the windows in random order. The state is
# still passed on, but now it is the memory of another place in the text.

# %%
order = np.random.default_rng(0).permutation  # of the numbers of all windows, new in each epoch
shuffled_history = train_language(first_language_parameters(0), 10, order=order)
order = np.random.default_rng(0).permutation  # the same orders again
reset_history = train_language(first_language_parameters(0), 10, order=order, pass_on=False)
print("training perplexity after ten epochs")
print(f"    in order, state passed on          {language_history[-1, 0]:.2f}")
print(f"    shuffled, state from zero          {reset_history[-1, 0]:.2f}")
print(f"    shuffled, state of another place   {shuffled_history[-1, 0]:.2f}")
floor = np.exp(floors["all words so far"])
show(
    figures.mistakes(language_history, replaced_history, shuffled_history, reset_history, floor),
    "5.12",
    "Two mistakes, and the right program for comparison. Seen alone, both orange curves "
    "look like learning.",
)

# %% [markdown] id="ch05-the-orange-curve-on-the-right"
# The orange curve on the right falls and settles, as loss curves do. A gradient check finds nothing: this is the correct
# gradient of the wrong problem. The comparison shows the mistake. No memory at all is better than this one, so what it
# remembers cannot be right. The proof is a look at the batches themselves: the inputs of each batch have to begin with the
# last targets of the batch before.


# %%
def batches_follow(order, N=10, T=10):
    """Whether the first inputs of each batch are the last targets of the batch before."""
    batches = [stream_batch(train_ids, N, T, k) for k in order]
    return all((after[0][:, 0] == before[1][:, -1]).all() for before, after in pairwise(batches))


steps = (len(train_ids) - 1) // 10 // 10
print("in order, batches follow each other:", batches_follow(range(steps)))
shuffled_steps = np.random.default_rng(0).permutation(steps)
print("shuffled, they follow each other: ", "yes" if batches_follow(shuffled_steps) else "NO")

# %% [markdown] id="ch05-exercises"
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the next
# call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("5.1", states_from_stacked)  # your function: is it right, and if not, what is wrong?
# hint("5.1")
# solution("5.1")
# ```
#
# In a shell, `python -m scratchnn exercise 5` lists them, and `python -m scratchnn learn` goes through them in order
# (chapter 1). Once exercise 1.3, exercise 3.1, exercise 5.1 and exercises 5.3 to 5.6 are right, it trains a language model
# with your own functions.
#
# - **5.1** From the stacked matrix of a lecture, $[W_{aa}, W_{ax}]$, to the states in rows.
# - **5.2** Weights, found by hand, for one recurrent neuron that remembers.
# - **5.3** Backpropagation through time for a network whose state also goes past the tanh.
# - **5.4** The gradient of the loss for sequences of several lengths.
# - **5.5** The batches of truncated BPTT.
# - **5.6** Perplexity from the losses of unequal pieces.
#
# The solutions are in [`ch05.py`](../scratchnn/book/solutions/ch05.py). To hunt a mistake in a recurrent layer,
# try `python -m scratchnn gradcheck --break rnn`.
#
# ## Where to read on
#
# - Elman, "Finding Structure in Time" (1990): the network of this chapter, and what its states learn about words.
# - Werbos, "Backpropagation Through Time: What It Does and How to Do It" (1990): equations (7) to (10), in general.
# - Williams and Peng, "An Efficient Gradient-Based Algorithm for On-Line Training of Recurrent Network Trajectories"
#   (1990): truncation. Williams and Zipser, "A Learning Algorithm for Continually Running Fully Recurrent Neural
#   Networks" (1989): teacher forcing.
# - Shannon, "A Mathematical Theory of Communication" (1948), part I: the entropy of a language.
# - Mikolov and others, "Recurrent Neural Network Based Language Model" (2010).
# - Karpathy, "The Unreasonable Effectiveness of Recurrent Neural Networks" (2015): the five shapes are drawn after it.
#   Saitoh, *Deep Learning from Scratch 2* (2018), chapters 5 and 6. The notation with $W_{aa}$ and the two problems of a
#   feed-forward network are from Ng's lectures, *Sequence Models* (2018).
#
# ## What comes next
#
# Equations (7) and (8) multiply the gradient at each step back by $W_h^T$ and by a slope of at most 1. What happens to it
# over a hundred steps? Chapter 6 measures it, and builds cells with gates that keep the gradient alive.
