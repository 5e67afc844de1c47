# %% [markdown] id="ch11-title"
# # 11. Sequence to sequence
#
# *TUESDAY, SEPTEMBER 25, 1984* and *9/25/84* name the same day, and a calendar would write *1984-09-25* for both. The two
# sides differ in length, in order and in spelling, and no letter on the left belongs to exactly one letter on the
# right. How can a network read all of one sequence, and then write another one?
#
# Here is the answer in one picture. The next cell trains two networks that work together: one reads, the other writes.
# While the second one writes a character, it looks back at what the first one has read. The figure shows where it
# looks.

# %%
import shlex
import tempfile

import numpy as np

from scratchnn.attention import DotAttention
from scratchnn.book.examples import ch11 as examples
from scratchnn.book.figures import ch11 as figures
from scratchnn.book.page import FULL, show
from scratchnn.cli import main
from scratchnn.gradcheck import check, pair_problem
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.models.seq2seq import Seq2Seq
from scratchnn.recurrent import lstm_backward, lstm_forward

STEPS, EVERY = 900, 100  # of training with batches of 32 dates; test after every hundred
looking = examples.make_model(0, attention="dot")
right = {"attention": examples.learn(looking, STEPS, EVERY)}
reached = right["attention"][STEPS]
print(f"dates that are right as a whole, none of them seen in training: {reached:.1%}")
show(
    figures.maps(examples.date_maps(looking)),
    "11.1",
    "Three dates being rewritten, character by character, from top to bottom. A row shows "
    "where the network looks in the source (along the top) while it writes the character on "
    "the left. It was never told where the year is.",
)

# %% [markdown] id="ch11-aims"
# ## What you will be able to do
#
# - build an encoder and a decoder, and send the gradient from one back into the other;
# - say what the state carries from reader to writer, and measure what is lost with half of it;
# - train with the true tokens as inputs, write without them, and count whole answers with a single pass;
# - say why it can help to read a source backwards, or to show its summary at every step;
# - derive attention, forward and backward, for two kinds of scores, and prove both with a gradient check;
# - read a map of attention, and say what it does not prove;
# - find attention that looks at padding, a mistake that no gradient check can see.
#
# You need the embedding layer (chapter 4), the N:M shape of tasks and teacher forcing (chapter 5), the LSTM (chapter
# 6), and padding with lengths (chapter 2). All cells together take about a minute.
#
# | letter | meaning | shape |
# |--|--|--|
# | $N$, $S$, $T$ | sequences in a batch; steps of the source; steps of the target ($T_x$ and $T_y$ in chapter 5) | |
# | $D$, $H$, $V$ | numbers per embedding; units; tokens that can be written | |
# | $T_n$ | real tokens of the $n$-th target | |
# | $x_j$ | embedding of the $j$-th source token | $(N, D)$ |
# | $e_t$ | embedding of the decoder's input at step $t$ (with an exponent, as in $e^s$, it is Euler's number) | $(N, D)$ |
# | $m_j$ | the encoder's state after source token $j$; all of them are the **memory** (메모리) $m$ | $(N, H)$ |
# | $h_t$, $c_t$ | hidden state and cell state of the decoder | $(N, H)$ |
# | $w_t$ | the $t$-th token of the target | |
# | $q_t$, $k_j$ | query and key | $(N, H)$ |
# | $s_{tj}$, $\alpha_{tj}$ | score and weight of source token $j$ at target step $t$ | $(N)$ |
# | $\bar m_t$ | context vector, `context` in the code: a weighted mean of the $m_j$ | $(N, H)$ |
# | $\tilde h_t$ | what the decoder knows after looking, `h_tilde` | $(N, H)$ |
# | $z_t$ | logits | $(N, V)$ |
# | $U$, $W$ | weights of additive scores, with $A$ columns each; in the code, `W` is an embedding table | $(H, A)$ |
# | $b$, $v$ | bias and output weights of additive scores | $(A)$ |
# | $q'_t$, $u_{tj}$ | query of additive scores; its sum with a key, after the tanh | $(N, A)$ |
#
# The shapes are those of one step $t$ and one source token $j$. Over all steps one axis is added for each index: $m$ is
# $(N, S, H)$, $h$ is $(N, T, H)$, and $s$ is $(N, T, S)$.

# %% [markdown] id="ch11-two-networks"
# ## One network reads, another one writes
#
# In chapter 5 one network did both: it read *nine hundred forty two*, then a mark, and then it wrote digits. But
# reading and writing are different skills. A reader of English needs other weights than a writer of ISO dates. So use
# two networks. The **encoder** (인코더) reads the **source** (원본 시퀀스) and keeps no output at all, only its last
# state. The **decoder** (디코더) starts from that state and is a language model of the **target** (chapter 3): it gives a
# probability to each next token, and each token that is written is its next input.
#
# Think of a telephone call between two people who share no document. One has the letter in front of them. The other one
# has paper and pen. All that the second one will ever know about the letter is what the first one can say in one
# breath. That breath is the state. Its size is fixed, whether the letter has one line or twenty.

# %%
show(
    figures.two_networks("9/25/84", "1984"),
    "11.2",
    "Encoder and decoder, unrolled. The blue arrow is the only connection between them: the "
    "last hidden state and the last cell state of the encoder are the first ones of the "
    "decoder. The target is cut off after the year.",
)

# %% [markdown] id="ch11-equations"
# A language model of chapter 3 splits the probability of a text into one factor per word. Now every factor also depends
# on the source:
#
# $$ P(w_1 \dots w_T \mid \mathrm{source}) = \prod_{t=1}^{T} P(w_t \mid w_1 \dots w_{t-1}, \mathrm{source}) \tag{1} $$
#
# The encoder reads, the decoder starts from its last state, and the output layer gives the logits:
#
# $$ (m_j, c^{\mathrm{enc}}_j) = \mathrm{LSTM}_{\mathrm{enc}}(x_j, (m_{j-1}, c^{\mathrm{enc}}_{j-1}))
#    \qquad j = 1 \dots S \tag{2} $$
# $$ (h_0, c_0) = (m_S, c^{\mathrm{enc}}_S) \tag{3} $$
# $$ (h_t, c_t) = \mathrm{LSTM}_{\mathrm{dec}}(e_t, (h_{t-1}, c_{t-1})) \qquad z_t = h_t W_o + b_o \tag{4} $$
# $$ L = - \frac{1}{\sum_n T_n} \sum_{n, t} \log \mathrm{softmax}(z_{nt})_{w_{nt}} \tag{5} $$
#
# The encoder starts from $m_0 = c^{\mathrm{enc}}_0 = 0$. The sum in (5) runs over the real tokens; padding does not count.
# Every target ends with an end mark, `<eos>`, which counts as a token: the decoder has to learn when to stop.
#
# ### The gradient crosses the bridge
#
# The loss never looks at the encoder. How does the encoder learn? By (3). The backward pass of the decoder's LSTM ends
# with $dh_0$ and $dc_0$, the gradients with respect to its first state. In chapter 5, truncated BPTT threw them away.
# Here they are all that the encoder gets to know about the loss:
#
# $$ (dm_S, dc^{\mathrm{enc}}_S) = (dh_0, dc_0) \tag{6} $$
#
# > **Question.** In a batch, sources have different lengths. At which step of a short source does the gradient (6) enter?
# >
# > <details><summary>Answer</summary>
# >
# > At its own last real step, not at the last step of the batch. A source that has ended takes no part in later steps: its
# > final state is kept, so the gradient with respect to it passes through them unchanged, and its outputs there are zero.
# > `lstm_forward` and `lstm_backward` take `lengths` and do this.
# >
# > </details>
#
# Both networks are the same two layers, an embedding table and an LSTM, so one pair of functions serves for both. The
# LSTM's pair is the one of chapter 6, in the package's fast form.


# %%
def reader_forward(parameters, ids, state, lengths):
    """States (N, T, H) and the last state, for ids (N, T): an embedding and an LSTM."""
    W, Wx, Wh, b = parameters
    h, last, cache = lstm_forward(W[ids], *state, Wx, Wh, b, lengths)  # (2) or (4)
    return h, last, (ids, W, cache)


def reader_backward(dh, dlast, cache):
    """The gradients of the four parameters, and of the first state."""
    ids, W, lstm_cache = cache
    dx, dh0, dc0, dWx, dWh, db = lstm_backward(dh, dlast, lstm_cache)
    dW = np.zeros(W.shape, dtype=dx.dtype)
    np.add.at(dW, ids, dx)  # a token that occurs twice gets both gradients
    return (dW, dWx, dWh, db), (dh0, dc0)


def seq2seq_forward(*parameters, batch):
    """The loss (5); four parameters of the encoder, four of the decoder, then Wo and bo."""
    source, source_lengths, read, lengths, targets = batch
    encoder, decoder, (Wo, bo) = parameters[:4], parameters[4:8], parameters[8:]
    zeros = np.zeros((len(source), len(encoder[2])))  # (N, H)
    m, state, encoder_cache = reader_forward(encoder, source, (zeros, zeros), source_lengths)  # (2)
    h, _, decoder_cache = reader_forward(decoder, read, state, lengths)  # (3), (4)
    z = h @ Wo + bo  # (4)  (N, T, H) @ (H, V) -> (N, T, V)
    real = np.arange(z.shape[1]) < lengths[:, None]  # (N, T)
    L, loss_cache = softmax_cross_entropy_forward(z, targets, real)  # (5)
    return L, (m.shape, encoder_cache, h, decoder_cache, Wo, loss_cache)


def seq2seq_backward(dL, cache):
    """The gradients of all ten parameters."""
    m_shape, encoder_cache, h, decoder_cache, Wo, loss_cache = cache
    dz = softmax_cross_entropy_backward(dL, loss_cache)
    dWo = h.reshape(-1, len(Wo)).T @ dz.reshape(-1, Wo.shape[1])  # (H, N T) @ (N T, V) -> (H, V)
    nothing = np.zeros((len(h), len(Wo)))  # the loss does not see the decoder's last state
    decoder, dstate = reader_backward(dz @ Wo.T, (nothing, nothing), decoder_cache)
    encoder, _ = reader_backward(np.zeros(m_shape), dstate, encoder_cache)  # (6)
    return *encoder, *decoder, dWo, dz.sum(axis=(0, 1))


# %% [markdown] id="ch11-checked"
# Is it right? The gradient check of chapter 1, on three pairs of unequal lengths, and a comparison with the package's
# [`Seq2Seq`](../scratchnn/models/seq2seq.py), which computes the same with layers: the loss and all ten gradients.


# %%
batch = examples.small_batch()
for name, array in zip(
    ("source", "source lengths", "read", "lengths", "targets"), batch, strict=True
):
    print(f"{name:<14}", *array.tolist())
arrays = examples.random_arrays("none", D=3, H=4)
findings = check(pair_problem(seq2seq_forward, seq2seq_backward, arrays, batch=batch))
print(f"gradient check: {len(findings)} comparisons, all right: {all(one.ok for one in findings)}")
L, cache = seq2seq_forward(*arrays.values(), batch=batch)
ours = L, *seq2seq_backward(1.0, cache)
theirs = examples.package_results("none", arrays, batch)
print("the package gives the same:", examples.same(ours, theirs))

# %% [markdown] id="ch11-half"
# ## Two numbers for every unit: h and c
#
# The state of an LSTM is a pair. $c$ is what the cell keeps, and $h = o \tanh(c)$ is what it shows of it (chapter 6).
# Train the network of this section on dates, without looking back. Then cut the bridge in half: hand over only $h$,
# with zeros for $c$, or only $c$.
#
# > **Question.** Which half can the decoder do without? Write down a guess before you run the cell.
# >
# > <details><summary>Answer</summary>
# >
# > $h$, more easily. The decoder's first step computes $c_1 = f c_0 + i g$: what is kept comes from $c_0$ directly, and
# > $h_0$ only helps to set the gates and $g$. But the network was trained with both, so it gets worse either way, with
# > each of three seeds. The cell prints by how much for seed 0.
# >
# > </details>


# %%
def right_with(model, batch, change):
    """The share of right dates if ``change(h, c)`` takes the place of the encoder's last state."""
    source, source_lengths, read, lengths, targets = batch
    with model.evaluation():
        state = model.encode(source, source_lengths)
        z, _ = model.decode(read, state._replace(cells=change(*state.cells)), lengths)
    return examples.share_right(z, targets, lengths)


plain = examples.make_model(0)
right["plain"] = examples.learn(plain, STEPS, EVERY)
tests = examples.held_out()
halves = {
    "h and c": lambda h, c: (h, c),
    "only c": lambda h, c: (0 * h, c),
    "only h": lambda h, c: (h, 0 * c),
}
handed_over = {name: right_with(plain, tests, change) for name, change in halves.items()}
for name, share in handed_over.items():
    print(f"{name:<8} handed over: {share:.1%} of the dates right")

# %% [markdown] id="ch11-teacher"
# ## With a teacher, and without
#
# In training the decoder reads the true tokens, whatever it would have written: teacher forcing, as in chapter 5. So
# the inputs of the decoder are the target moved by one step, with a begin mark `<bos>` in front:
#
# | | step 1 | step 2 | ... | step $T$ |
# |--|--|--|--|--|
# | reads | `<bos>` | $w_1$ | ... | $w_{T-1}$ |
# | has to predict | $w_1$ | $w_2$ | ... | `<eos>` |
#
# This makes training fast: all inputs are known before the first step, and no mistake spoils the steps after it. In use
# there is no teacher. The decoder writes its most probable token and reads it again: **greedy decoding** (chapter 7).


# %%
def write(model, source, most=12):
    """The tokens that the decoder writes for the source ids (S,), until it writes <eos>."""
    state = model.start(source[None], np.array([len(source)]))
    token, written = examples.BEGIN, []
    while len(written) < most:
        z, state = model.step(np.array([[token]]), state)  # (1, V)
        token = int(z[0].argmax())
        if token == examples.END:
            break
        written.append(token)
    return written


for source, target in examples.TEST[:5]:
    answer = "".join(examples.DIGITS.decode(write(plain, examples.LETTERS.encode(source))))
    print(f"{source:>30}  {answer:<10}  {'right' if answer == target else 'wrong: ' + target}")

# %% [markdown] id="ch11-one-pass"
# Writing is slow: step $t$ has to wait for step $t - 1$, and every step is a small product. For a score after each
# epoch that hurts.
#
# > **Question.** You want the share of sources that greedy decoding gets right as a whole. Do you have to write?
# >
# > <details><summary>Answer</summary>
# >
# > No. Run the decoder once, with the true tokens as inputs. If the most probable token is the right one at every step,
# > then greedy decoding reads exactly these inputs, and writes exactly the target. If it is wrong at some step, look at
# > the first such step: up to there, greedy decoding has read the true tokens, so it makes the same mistake.
# >
# > </details>

# %%
some = [part[:200] for part in tests]  # the first 200 dates
sources, source_lengths, _, lengths, targets = some
z = examples.forced_logits(plain, some)
forced = examples.share_right(z, targets, lengths)
tokens = examples.share_of_tokens(z, targets, lengths)
written = [write(plain, ids[:S]) for ids, S in zip(sources, source_lengths, strict=True)]
truth = [ids[: T - 1].tolist() for ids, T in zip(targets, lengths, strict=True)]  # without <eos>
free = np.mean([one == other for one, other in zip(written, truth, strict=True)])
print(f"right as a whole, written freely {free:.1%}, with the true tokens before {forced:.1%}")
print(f"single characters right, with the true ones before: {tokens:.1%}")

# %% [markdown] id="ch11-exposure"
# Look at the last two lines (seed 0): 94.5% of the characters are right, and not even half of the dates. Ten characters
# and an end mark all have to be right at once. Report what the user gets, which is the whole answer.
#
# One thing is different without a teacher. After its first mistake the decoder reads a token that was never there in
# training. Whether it recovers is another question, and the exact match does not ask it. In translation, where one wrong
# word should not spoil a whole sentence, it matters more.

# %% [markdown] id="ch11-reversed"
# ## Read it backwards, show it again
#
# Before attention there were two tricks that cost little or nothing. Both shorten a way.
#
# **Reverse the source.** Sutskever, Vinyals and Le (2014) fed their encoder the words of each sentence in reverse, and
# translations got much better. Their explanation: the first words of the source come to be near the first words of the
# target. The mean distance stays the same, but some distances become short, and once the network has learned those, the
# rest is easier. The figure shows the distances for a sum and for a date.

# %%
show(
    figures.distances(examples.distances()),
    "11.3",
    "Source and target on both sides of a bar, with an arc from each digit of a sum, or each part "
    "of a date, to the place where it is needed first. (The hundreds, 6 + 5, give two digits; the "
    "arc leads to the first.) Reversing brings the first digits of a sum close to the answer. In a "
    "date the year is last in the source and first in the target: there the order as it is has the "
    "short arc.",
)

# %% [markdown] id="ch11-peeky"
# **Show the summary at every step.** In figure 11.2 the decoder gets the encoder's state once, at the start, and has to
# carry it along while it writes. A **peeky decoder** (엿보기 디코더), as *Deep Learning from Scratch 2* calls it, sees the
# encoder's last hidden state $m_S$ at every step, beside its input, and again at the output:
#
# $$ (h_t, c_t) = \mathrm{LSTM}([e_t, m_S], (h_{t-1}, c_{t-1})) \qquad z_t = [h_t, m_S] \, W_o + b_o \tag{7} $$
#
# Forward, $m_S$ is copied $2T$ times, and once more into $h_0$ (3). You know since chapter 1 what that means for the
# backward pass: all these gradients are added up. One vector gets feedback from every step, over a short way.

# %% [markdown] id="ch11-four"
# Here are all of them on the dates, with the same sizes, the same batches and the same number of steps.
#
# > **Question.** Before you run the cell: which of the four will be first, and is the reversed one ahead of the plain one
# > or behind? Figure 11.3 has a hint.
# >
# > <details><summary>Answer</summary>
# >
# > The network of figure 11.1, with attention, is first. For dates, reversing makes the first arc longer, the one to the
# > year, so expect no help from it. Figure 11.4 shows what came.
# >
# > </details>

# %%
for name, options in {"reversed": {}, "peeky": {"peeky": True}}.items():
    model = examples.make_model(0, **options)
    right[name] = examples.learn(model, STEPS, EVERY, reverse=name == "reversed")
for name in ("plain", "reversed", "peeky", "attention"):
    print(f"{name:<10}", " ".join(f"{share:6.1%}" for share in right[name].values()))
show(
    figures.curves(right, "Dates that are not in the training part"),
    "11.4",
    "Whole dates right, by training step (seed 0).",
)

# %% [markdown] id="ch11-bottleneck"
# Attention needs the fewest steps, then the peeky decoder, and then there is a gap; that holds for the seeds 0, 1 and 2.
# The reversed source is behind the plain one with the seeds 0 and 2 and level with it with seed 1: no help with any of
# them, as the arcs of figure 11.3 suggest for dates. A trick that helps one task can hurt another. Before you reverse,
# ask what is needed first.
#
# ## The bottleneck
#
# Three of the four have one thing in common: what the decoder knows of the source is one state. One breath has to carry
# everything. Cho and others (2014) saw translations fall apart as sentences got longer, because the state has the same
# size for 10 words and for 50.
#
# But the encoder has computed much more than its last state. It has a state after *every* token, $m_1 \dots m_S$, and
# $m_j$ knows best about the tokens around $j$. We threw all but one away. Keep them, and let the decoder look things up
# while it writes: the person with the letter stays on the phone, and may be asked again before every word.
#
# This is **attention** (어텐션), from Bahdanau, Cho and Bengio (2015).
#
# ## A table that is looked up softly
#
# A Python dictionary compares a query with its keys. One key is equal to it, and you get that key's value. Vectors are
# never quite equal, and a choice of one entry has no gradient. So make all of it soft. Compare the query with *every*
# key, turn the scores into weights by a softmax, and return the weighted mean of *all* values:
#
# $$ s_{tj} = q_t \cdot k_j \tag{8} $$
# $$ \alpha_{tj} = \frac{e^{s_{tj}}}{\sum_{i \; \mathrm{real}} e^{s_{ti}}} \;\; \mathrm{for \; real} \; j \qquad
#    \alpha_{tj} = 0 \;\; \mathrm{where \; the \; source \; is \; padded} \tag{9} $$
# $$ \bar m_t = \sum_j \alpha_{tj} \, m_j \tag{10} $$
#
# The **query** (질의) is what the decoder wants to know, its state $h_t$. A **key** (키) is what it is compared with, one
# for each source token. In **dot attention** (내적 어텐션) the keys are the states $m_j$ themselves. The result $\bar m_t$
# is the **context vector** (컨텍스트 벡터).

# %%
show(
    figures.attention_shapes(),
    "11.5",
    "Attention with the shapes of its arrays. Everything that depends on both sequences has "
    "the shape (N, T, S).",
)

# %% [markdown] id="ch11-small-numbers"
# First with numbers that you can follow: one query, three keys of two numbers.
#
# > **Question.** The query is $(2, 0)$, the keys are $(1, 0)$, $(0, 1)$ and $(-1, 0)$. Which weight is largest, and is it
# > nearer to one half or to one?
# >
# > <details><summary>Answer</summary>
# >
# > The first, and it is nearer to one. The scores are 2, 0 and $-2$, and the weights are proportional to $e^2$, $1$ and
# > $e^{-2}$. So the first weight is $e^2 / (e^2 + 1 + e^{-2})$, nearly nine tenths. The cell below prints all three.
# >
# > </details>


# %%
def attend_forward(q, k, m, real):
    """Context vectors (N, T, C) of queries (N, T, H), keys (N, S, H) and memory (N, S, C).

    ``real`` (N, S) is false where the source is padded.
    """
    s = q @ k.transpose(0, 2, 1)  # (8)  (N, T, H) @ (N, H, S) -> (N, T, S)
    s = np.where(real[:, None], s, -np.inf)  # e to the power of minus infinity is 0
    e = np.exp(s - s.real.max(axis=2, keepdims=True))
    alpha = e / e.sum(axis=2, keepdims=True)  # (9)
    return alpha @ m, (alpha, q, k, m)  # (10)  (N, T, S) @ (N, S, C) -> (N, T, C)


keys = np.array([[[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]])  # (1, 3, 2)
context, cache = attend_forward(np.array([[[2.0, 0.0]]]), keys, keys, np.ones((1, 3), dtype=bool))
print("weights", np.round(cache[0][0, 0], 3), "context", np.round(context[0, 0], 3))

# %% [markdown] id="ch11-attention-backward"
# ### Backward
#
# Go back through (10), (9) and (8). In (10) each weight multiplies a row of the memory, so each gets the other as its
# factor. A row $m_j$ is used by all $T$ queries, and their gradients add up:
#
# $$ d\alpha_{tj} = d\bar m_t \cdot m_j \qquad dm_j = \sum_t \alpha_{tj} \, d\bar m_t \tag{11} $$
#
# The softmax (9) needs care, because each score changes *all* weights of its row. Chapter 1 had softmax and
# cross-entropy in one step; here it is alone. Raising $s_{tj}$ raises $\alpha_{tj}$ and lowers the others:
#
# $$ \frac{\partial \alpha_{ti}}{\partial s_{tj}} = \alpha_{ti} \, ([i = j] - \alpha_{tj}) $$
#
# Multiply by $d\alpha_{ti}$ and sum over $i$:
#
# $$ ds_{tj} = \alpha_{tj} \Big( d\alpha_{tj} - \sum_i \alpha_{ti} \, d\alpha_{ti} \Big) \tag{12} $$
#
# In words: a score should rise if its row of the memory would have helped *more than the present mixture does*. The sum
# is what the mixture gives. Where $\alpha_{tj} = 0$, and padding is such a place, nothing flows. Finally (8) is a
# product:
#
# $$ dq_t = \sum_j ds_{tj} \, k_j \qquad dk_j = \sum_t ds_{tj} \, q_t \tag{13} $$
#
# > **Question.** What is $\sum_j ds_{tj}$?
# >
# > <details><summary>Answer</summary>
# >
# > Zero. $\sum_j \alpha_{tj} d\alpha_{tj} - (\sum_j \alpha_{tj}) \sum_i \alpha_{ti} d\alpha_{ti} = 0$, because the
# > weights sum to 1. Adding the same number to all scores changes nothing, so the gradient in that direction must be
# > zero. It makes a good quick test of your own code.
# >
# > </details>


# %%
def attend_backward(dcontext, cache):
    """The gradients with respect to queries, keys and memory."""
    alpha, q, k, m = cache
    dalpha = dcontext @ m.transpose(0, 2, 1)  # (11)  (N, T, C) @ (N, C, S) -> (N, T, S)
    dm = alpha.transpose(0, 2, 1) @ dcontext  # (11)  (N, S, T) @ (N, T, C) -> (N, S, C)
    ds = alpha * (dalpha - (alpha * dalpha).sum(axis=2, keepdims=True))  # (12)
    dq = ds @ k  # (13)  (N, T, S) @ (N, S, H) -> (N, T, H)
    dk = ds.transpose(0, 2, 1) @ q  # (13)  (N, S, T) @ (N, T, H) -> (N, S, H)
    return dq, dk, dm


rng = np.random.default_rng(0)
N, T, S, H, C = 3, 4, 5, 6, 2
shapes = {"q": (N, T, H), "k": (N, S, H), "m": (N, S, C)}
arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
real = np.arange(S) < np.array([5, 3, 1])[:, None]  # three sources of 5, 3 and 1 tokens
findings = check(pair_problem(attend_forward, attend_backward, arrays, real=real))
print(f"gradient check: {len(findings)} comparisons, all right: {all(one.ok for one in findings)}")
context, cache = attend_forward(*arrays.values(), real)
ours = context, *attend_backward(np.ones_like(context), cache)
theirs = examples.package_attention(np.ones_like(context), *arrays.values(), real)
print("the package gives the same:", examples.same(ours, theirs))

# %% [markdown] id="ch11-additive"
# ## Another score: a small network
#
# A dot product needs queries and keys of one size, and compares them number by number. Bahdanau and others asked a
# small network instead: **additive attention** (덧셈 어텐션). Its parameters are two matrices $U$ and $W$, a bias $b$ and
# a vector $v$. With $q'_t = h_t U$ and $k_j = m_j W + b$, both of $A$ numbers,
#
# $$ u_{tj} = \tanh(q'_t + k_j) \qquad s_{tj} = u_{tj} \cdot v \tag{14} $$
#
# Equations (9) to (12) do not care where the scores come from. Only the way from $ds$ to query, key and $v$ is new:
#
# $$ da_{tj} = ds_{tj} \, v \, (1 - u_{tj}^2) \qquad dq'_t = \sum_j da_{tj} \qquad dk_j = \sum_t da_{tj} \qquad
#    dv = \sum_{t, j} ds_{tj} \, u_{tj} \tag{15} $$
#
# $da_{tj}$ is the gradient with respect to the argument of the tanh. The products of $q'$ and $k$ with $U$ and $W$ are
# dense layers, which you have.


# %%
def additive_forward(q, k, v):
    """Scores (N, T, S) of q (N, T, A), k (N, S, A) and v (A,)."""
    u = np.tanh(q[:, :, None] + k[:, None])  # (14)  (N, T, 1, A) + (N, 1, S, A) -> (N, T, S, A)
    return u @ v, (u, v)  # (14)  (N, T, S, A) @ (A,) -> (N, T, S)


def additive_backward(ds, cache):
    """The gradients with respect to q, k and v."""
    u, v = cache
    da = ds[..., None] * v * (1 - u * u)  # (15)  (N, T, S, A)
    return da.sum(axis=2), da.sum(axis=1), (ds[..., None] * u).sum(axis=(0, 1, 2))  # (15)


arrays = {name: arrays[name] for name in ("q", "k")} | {"v": rng.standard_normal(H)}
findings = check(pair_problem(additive_forward, additive_backward, arrays))
print(f"gradient check: {len(findings)} comparisons, all right: {all(one.ok for one in findings)}")
s, cache = additive_forward(*arrays.values())
ds = rng.standard_normal(s.shape)
theirs = examples.package_additive(ds, *arrays.values())
print("the package gives the same:", examples.same((s, *additive_backward(ds, cache)), theirs))
print(f"the largest array has {cache[0].size:,} numbers, the scores have {s.size:,}")

# %% [markdown] id="ch11-additive-memory"
# The array $u$ has $N T S A$ numbers, $A$ times as many as the scores. For 64 sentences of 30 words and 256 units that
# is 15 million numbers, kept until the backward pass. The package computes $u$ for one query at a time, and once more
# in the backward pass ([`attention/scores.py`](../scratchnn/attention/scores.py)): a little more work, and a fraction
# of the memory.
#
# Between the two is **general attention** (일반 어텐션) of Luong, Pham and Manning (2015): a dot product with keys
# $k_j = m_j W$. It costs one dense layer, fits sizes that differ, and can turn the states before it compares them.
#
# > **Question.** Let the numbers in $q$ and $k$ be independent, with mean 0 and variance 1. How large are the scores
# > $q \cdot k$ typically, and what does that do to the softmax if $H$ grows?
# >
# > <details><summary>Answer</summary>
# >
# > A sum of $H$ products, each with variance 1, has a standard deviation of $\sqrt{H}$. With large scores the softmax
# > chooses one entry, and then (12) is almost zero: the layer cannot learn where else to look. Vaswani and others (2017)
# > therefore divide by $\sqrt{H}$. The entries of an LSTM's hidden state lie between $-1$ and 1, and their variance is
# > well below 1, so the division is usually left out.
# >
# > </details>

# %%
sizes, spread, hardest = [4, 16, 64, 256], [], []
for units in sizes:
    queries, keys = rng.standard_normal((500, 1, units)), rng.standard_normal((500, 10, units))
    s = queries @ keys.transpose(0, 2, 1)  # (500, 1, 10)
    _, cache = attend_forward(queries, keys, keys, np.ones((500, 10), dtype=bool))
    spread.append(s.std())
    hardest.append(cache[0].max(axis=2).mean())
print("standard deviation of the scores:", *np.round(spread, 1))
print("largest of ten weights, mean:    ", *np.round(hardest, 2))
show(
    figures.softmax_of_products(sizes, spread, hardest),
    "11.6",
    "Random queries and keys of variance 1. Left: scores grow like the square root of the "
    "number of units. Right: with many units one of ten weights takes nearly everything.",
)

# %% [markdown] id="ch11-decoder"
# ## A decoder that looks
#
# Where does the context vector go? In Luong's form, the state $h_t$ asks, and both together give a new vector:
#
# $$ \tilde h_t = \tanh([h_t, \bar m_t] \, W_c + b_c) \qquad z_t = \tilde h_t W_o + b_o \tag{16} $$
#
# Nothing else changes. $h_t$ does not depend on what was looked up before, so all queries of a target are known at once
# and attention is a few large products. (With **input feeding** (입력 피딩), $\tilde h_{t-1}$ is an input of the next
# step; then it has to go step by step.)
#
# The backward pass has one new thing. In the network without attention the memory got no gradient except at its end.
# Now every $m_j$ gets one, as a value and, in dot attention, as a key:
#
# $$ dm_j \leftarrow dm_j + dk_j \qquad \mathrm{and} \; (6) \; \mathrm{as \; before} \tag{17} $$
#
# So there are two ways back from decoder to encoder: the long one through the state, and a direct one from every step
# of the target to every step of the source. That is the point. The direct way is one step long, however far apart they
# are.


# %%
def attention_seq2seq_forward(*parameters, batch):
    """The loss (5) with dot attention; encoder (4), decoder (4), then Wc, bc, Wo, bo."""
    source, source_lengths, read, lengths, targets = batch
    encoder, decoder, (Wc, bc, Wo, bo) = parameters[:4], parameters[4:8], parameters[8:]
    zeros = np.zeros((len(source), len(encoder[2])))
    m, state, encoder_cache = reader_forward(encoder, source, (zeros, zeros), source_lengths)
    h, _, decoder_cache = reader_forward(decoder, read, state, lengths)
    real = np.arange(source.shape[1]) < source_lengths[:, None]  # (N, S)
    context, attention_cache = attend_forward(h, m, m, real)  # (8) to (10)
    both = np.concatenate([h, context], axis=2)  # (N, T, 2H)
    h_tilde = np.tanh(both @ Wc + bc)  # (16)
    z = h_tilde @ Wo + bo  # (16)
    L, loss_cache = softmax_cross_entropy_forward(
        z, targets, np.arange(z.shape[1]) < lengths[:, None]
    )
    return L, (encoder_cache, decoder_cache, attention_cache, both, Wc, h_tilde, Wo, loss_cache)


def attention_seq2seq_backward(dL, cache):
    """The gradients of all twelve parameters."""
    encoder_cache, decoder_cache, attention_cache, both, Wc, h_tilde, Wo, loss_cache = cache
    H = len(Wo)
    dz = softmax_cross_entropy_backward(dL, loss_cache)
    da = dz @ Wo.T * (1 - h_tilde**2)  # (N, T, H), back through the tanh of (16)
    dboth = da @ Wc.T  # (N, T, H) @ (H, 2H) -> (N, T, 2H)
    dq, dk, dm = attend_backward(dboth[:, :, H:], attention_cache)
    nothing = np.zeros((len(dz), H))
    decoder, dstate = reader_backward(dboth[:, :, :H] + dq, (nothing, nothing), decoder_cache)
    encoder, _ = reader_backward(dm + dk, dstate, encoder_cache)  # (17), (6)
    dWc = both.reshape(-1, 2 * H).T @ da.reshape(-1, H)
    dWo = h_tilde.reshape(-1, H).T @ dz.reshape(-1, Wo.shape[1])
    return *encoder, *decoder, dWc, da.sum(axis=(0, 1)), dWo, dz.sum(axis=(0, 1))


arrays = examples.random_arrays("dot", D=3, H=4)
pair = attention_seq2seq_forward, attention_seq2seq_backward
findings = check(pair_problem(*pair, arrays, batch=batch))
print(f"gradient check: {len(findings)} comparisons, all right: {all(one.ok for one in findings)}")
L, cache = attention_seq2seq_forward(*arrays.values(), batch=batch)
ours = L, *attention_seq2seq_backward(1.0, cache)
theirs = examples.package_results("dot", arrays, batch)
print("the package gives the same:", examples.same(ours, theirs))

# %% [markdown] id="ch11-maps"
# ## Reading the maps
#
# The weights $\alpha$ are numbers that you can look at, and figure 11.1 did. Now count. While the network writes the
# four digits of the year, how much of its weight is on the characters that say the year? And the same for month and
# day, over all test dates.

# %%
fields = examples.weight_on_fields(looking)
names = [*fields, "rest"]
print(f"{'while it writes the':<20}" + "".join(f"{'weight on ' + name:>18}" for name in names))
for name, row in fields.items():
    print(f"{name:<20}" + "".join(f"{weight:>18.0%}" for weight in row.values()))

# %% [markdown] id="ch11-maps-caution"
# The network was told pairs of lines, nothing else. That the year is at the end, and that *SEPTEMBER* and *9* say the
# same, it has found out by itself. Go back to figure 11.1 (seed 0). Of *SEPTEMBER* it reads mostly the P and the T: no
# other month begins like this, so there is no need to read on. (The S alone could still begin *SATURDAY* or *SUNDAY*.)
# With other seeds it reads other letters of the word. But why is so much of the weight on none of the three fields while
# it writes the day, with each seed that was tried?
#
# So two cautions. First, the encoder of this chapter reads in one direction, so $m_j$ knows everything up to $j$. In
# *may 7, 1999* the day is read mostly at the comma: only there is it certain that the day has one digit. Reading the map as
# "the comma means 7" is wrong. With an encoder in both directions every $m_j$ knows the whole line, and maps get harder to
# read. Second, a weight says what was *averaged*, not what *decided*. Jain and Wallace (2019) found quite different
# weights with the same answers. A map is a good place to start asking, not a proof.

# %% [markdown] id="ch11-wrong"
# ## What goes wrong
#
# > **What goes wrong.** Attention without a mask looks at padding. Its gradients are correct, its loss falls, and its
# > answers change with the batch that a source happens to be in. And a bridge that hands over $h$ but not $c$ also has
# > correct gradients, of another network.
#
# ### It looks at padding
#
# Leave out the line with `-np.inf`. The encoder's outputs after the end of a source are zero, so their scores are 0 and
# they get some weight; the context vector is diluted, the more the longer the padding is. In training, batches have
# sources of similar length and nearly no padding. So train without the mask, and then add columns of padding to the test
# batch.


# %%
class Unmasked(DotAttention):
    """Dot attention that takes padded steps for real ones."""

    def prepare(self, m, lengths=None):
        return super().prepare(m)  # without the lengths, every step is real


unmasked = examples.make_model(0, attention="dot")
unmasked.decoder.attention = Unmasked(64, 64)
right["no mask"] = examples.learn(unmasked, STEPS, EVERY)
columns, wide = [0, 5, 10, 20, 40], {"with mask": [], "no mask": []}
for name, model in zip(wide, (looking, unmasked), strict=True):
    wide[name] = [examples.right_in_wide_batch(model, more) for more in columns]
    print(f"{name:<10}", " ".join(f"{share:6.1%}" for share in wide[name]))
show(
    figures.padded_batches(columns, wide),
    "11.7",
    "The same test dates, with columns of padding added to their batch. With a mask nothing "
    "changes.",
)

# %% [markdown] id="ch11-wrong-check"
# The check that finds it takes a line, and it works for every layer that takes lengths: *an answer must not depend on
# padding*. Compute one source alone and in a wider batch.

# %%
for name, model in {"with mask": looking, "no mask": unmasked}.items():
    off = examples.change_by_padding(model)
    print(f"{name:<10} largest change of a logit by ten columns of padding: {off:.1e}")

# %% [markdown] id="ch11-wrong-c"
# ### Half a bridge
#
# In section *Two numbers for every unit* the network was trained with both halves. What if only $h$ was ever handed
# over? In code that treats every state as one array, a single `state[0]` does this. Every gradient is correct, because
# nothing flows through $c$ in either direction.


# %%
class HalfBridge(Seq2Seq):
    """Hands over h, and zeros for c."""

    def encode(self, source, lengths):
        state = super().encode(source, lengths)
        h, c = state.cells
        return state._replace(cells=(h, np.zeros_like(c)))

    def encode_backward(self, dlast, dm):
        dh, dc = dlast
        super().encode_backward((dh, np.zeros_like(dc)), dm)


half = examples.make_model(0, kind=HalfBridge)
right["only h"] = examples.learn(half, STEPS, EVERY)
for name in ("plain", "only h"):
    print(f"{name:<8}", " ".join(f"{share:6.1%}" for share in right[name].values()))

# %% [markdown] id="ch11-wrong-c-check"
# With both halves nearly half of the dates are right by now with seed 0 (a tenth and three tenths with the seeds 1 and
# 2); with $h$ alone practically none with any of the three. From outside it looks like a network that is too small or has
# not trained for long enough, and you would look for the mistake in the wrong place. The check: *look at what arrives*.
# A number that is the same for every source says nothing about it.

# %%
for name, model in {"plain": plain, "only h": half}.items():
    with model.evaluation():
        h, c = model.encode(*tests[:2]).cells
    arrives = f"h {h.std(axis=0).mean():.3f}, c {c.std(axis=0).mean():.3f}"
    print(f"{name:<8} standard deviation over the sources, mean of the units: {arrives}")

# %% [markdown] id="ch11-headline"
# ## The headline
#
# The quick run had a few hundred steps with 64 units. The full run takes the two sets of *Deep Learning from Scratch
# 2*, chapters 7 and 8: fifty thousand dates, and as many sums of numbers of up to three digits. The program of the book
# splits both at random; here no date and no question of the test part occurs in the training part. The commands are
# those of the [README](../README.md); `python -m scratchnn data list` says where the files belong.

# %%
COMMANDS = """
train seq2seq --data dates --embed 16 --hidden 128 --batch 128 --lr 0.001 --clip 5 --epochs 10
    --bidirectional --attention general --out {folder}/dates
evaluate {folder}/dates --data dates:test
train seq2seq --data addition --embed 32 --hidden 192 --batch 64 --lr 0.003 --schedule cosine
    --epochs 25 --bidirectional --attention general --out {folder}/addition
evaluate {folder}/addition --data addition:test
"""
if FULL:
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS.strip().replace("\n    ", " ").splitlines():
            if main(shlex.split(command.format(folder=folder))):
                raise SystemExit(f"error: this command failed: {command}")

# %% [markdown] id="ch11-full-run"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch11_sequence_to_sequence.py`, `SCRATCHNN_DATA` names the folder with
# > both sets; seed 0, one thread of a busy machine, 2026-11-27): dates, exact match 1.000 on the 4,042 test dates after
# > ten epochs, 5 minutes; addition, exact match 1.000 on 4,973 questions after 25 epochs, 18 minutes. The epoch was
# > chosen on the validation part. In the book, the peeky network with reversed sources reaches about 0.98 on the sums;
# > it is smaller, and has no attention.
#
# In chapter 5's table of shapes this is the last row, N:M, and all of the row: a sentence to its translation, a
# question to an answer (chapter 12), a text to its summary, a film's pictures to a sentence. Encoding, a temporal
# summary, decoding; and attention is a summary that is made anew for every token.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the
# next call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("11.3", attend)  # your function: is it right, and if not, what is wrong?
# hint("11.3")
# solution("11.3")
# ```
#
# In a shell, an answer is a file:
#
# ```sh
# python -m scratchnn exercise 11                         # the list
# python -m scratchnn exercise 11.3 --template > my_answer.py
# python -m scratchnn exercise 11.3 my_answer.py
# ```
#
# - **11.1** Predict the shapes of five arrays.
# - **11.2** Inputs, targets and lengths for teacher forcing.
# - **11.3** Attention forward, with a mask that survives every case.
# - **11.4** Attention backward: queries, keys and memory.
# - **11.5** Additive scores, backward.
# - **11.6** The exact match of greedy decoding, without writing.
#
# The solutions are in [`ch11.py`](../scratchnn/book/solutions/ch11.py). To practise finding a mistake, try
# `python -m scratchnn gradcheck --break attention`.
#
# ## Where to read on
#
# - Sutskever, Vinyals and Le, "Sequence to Sequence Learning with Neural Networks" (2014): the section *Reversing the
#   Source Sentences*.
# - Cho and others, "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation"
#   (2014), and Cho and others, "On the Properties of Neural Machine Translation: Encoder-Decoder Approaches" (2014), on
#   long sentences.
# - Bahdanau, Cho and Bengio, "Neural Machine Translation by Jointly Learning to Align and Translate" (2015): additive
#   attention and its maps.
# - Luong, Pham and Manning, "Effective Approaches to Attention-based Neural Machine Translation" (2015): section 3 has
#   the scores of this chapter and input feeding.
# - Vaswani and others, "Attention Is All You Need" (2017): the section *Scaled Dot-Product Attention* divides the scores
#   by $\sqrt{H}$, and the whole paper asks what is left if the recurrence is taken out.
# - Jain and Wallace, "Attention is not Explanation" (2019), and the reply by Wiegreffe and Pinter, "Attention is not not
#   Explanation" (2019).
#
# *Deep Learning from Scratch 2* (Saitoh, 2018) has the sums and the dates in its chapters 7 and 8.
#
# ## What comes next
#
# Characters of a date are easy: there are few of them, and there is one right answer. In chapter 12 the same two
# networks translate sentences and answer in Korean. Words are many and many are rare, several answers are right, and
# the most probable next word is not always the beginning of the most probable sentence.
