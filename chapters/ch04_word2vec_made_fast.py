# %% [markdown] id="ch04-word2vec-made-fast"
# # 4. word2vec made fast
#
# "Which of these 100,000 words is it?" is a hard question to ask a million times, and the skip-gram of chapter 3 asks it
# of every pair of words. "Is it this one, or did I make it up?" is easy to ask. Can vectors that have only ever answered
# the easy question know as much as the others?
#
# They can, and this chapter measures it. It removes the cost of the hard question step by step, until a million words are
# read in a couple of seconds. At the end you have vectors that answer "man is to king as woman is to what?".

# %%
import numpy as np

from scratchnn.book.examples.ch04 import (
    PEOPLE,
    PLACES,
    make_analogies,
    make_language,
    open_corpus,
    questions_with_s,
    train_tagger,
    word_kinds,
)
from scratchnn.book.figures import ch04 as figures
from scratchnn.book.page import FULL, show
from scratchnn.datasets import load_imdb, plain_words, python_manual
from scratchnn.datasets.folder import find
from scratchnn.functions import sigmoid
from scratchnn.gradcheck import check, pair_problem
from scratchnn.layers.embedding import embedding_backward, embedding_forward
from scratchnn.text import Vocabulary
from scratchnn.word2vec import KeyedVectors, outputs
from scratchnn.word2vec.evaluation import evaluate_analogies, totals
from scratchnn.word2vec.huffman import HuffmanTree
from scratchnn.word2vec.sampling import NoiseSampler, keep_probabilities
from scratchnn.word2vec.training import Word2VecTrainer

# %%
show(
    figures.two_questions(words=24, noise=5, seed=0),
    "4.1",
    "What one pair of words costs. Left, the softmax gives a score to every word of the "
    "vocabulary. Right, negative sampling gives scores to the true word (green) and a few noise "
    "words (orange), however large the vocabulary is.",
)

# %% [markdown] id="ch04-aims"
# ## What you will be able to do
#
# - say where a softmax word2vec spends its time, and count it in multiplications;
# - write negative sampling forward and backward, and a sampler that draws the noise words;
# - thin out frequent words, and explain why this makes the vectors better and not only training faster;
# - find nearest words, answer analogies, and draw words in the plane;
# - say for which tasks pretrained vectors help much, and for which they help little;
# - turn hundreds of pairs into three matrix products, and show that only the order of the sums has changed.
#
# You need CBOW and skip-gram (chapter 3), the co-occurrence matrix and PMI (chapter 2), and softmax, sigmoid and the
# gradient check (chapter 1). The cells take less than a minute. Chapter 5 will divide every network into an encoding, a
# summary over time and a decoding; word vectors are the encoding. Sections marked *optional* can be left out at first.
#
# | letter | meaning | shape |
# |--|--|--|
# | $V, D$ | words of the vocabulary, numbers of a vector | |
# | $N, M$ | pairs at once, noise words per pair | |
# | $v, o$ | a word, and a word near it; as an index the id | $(N,)$ |
# | $W_{in}, W_{out}$ | the word vectors, and the table of the output, needed only for training | $(V, D)$ |
# | $h$ | the vectors of the words $v$ | $(N, D)$ |
# | $z$ | logits, if all words get a score | $(N, V)$ |
# | $s$, target | scores of the true word and of the noise; 1 for the true word, 0 for noise | $(N, 1 + M)$ |
# | $m$ | mask: 0 for what does not count | $(N, 1 + M)$ |
# | $P(v)$ | probability of word $v$ as noise | $(V,)$ |
# | $f_v, \theta$ | share of word $v$ in the text, threshold of subsampling | |
# | $x_v, u_v$ | vector of word $v$, the same at length 1 | $(D,)$ |

# %% [markdown] id="ch04-a-small-language-with-known-answers"
# ## A small language with known answers
#
# To judge vectors you need questions with known answers, so we make a language in which they are known
# ([`examples/ch04.py`](../scratchnn/book/examples/ch04.py)). Its sentences are about people (king, queen) and about
# countries, each with a capital, a river and a language. The words around "king" are those around "queen", with he and
# his in place of she and her; the words around "paris" are those around "rome", with another river and language. There
# are also hundreds of names. As in real text, some occur often and most hardly ever: the second has half the share of
# the first, the third a third, and so on.

# %%
sentences, names = make_language(np.random.default_rng(0), 3000)
print("people:", PEOPLE[0], "... places:", PLACES[0], "...")
for sentence in sentences[:4]:
    print(sentence)

vocabulary = Vocabulary.build(" ".join(sentences).split(), specials=())
words, ids = vocabulary.tokens, vocabulary.ids  # as in chapter 2, the most frequent word first
text = [vocabulary.encode(sentence.split()) for sentence in sentences]
counts = np.bincount(np.concatenate(text))  # (V,)
V, D = len(words), 30
print(f"{counts.sum():,} words of text, a vocabulary of V = {V}, vectors of D = {D} numbers")
frequent = ", ".join(f"{word} {count:,}" for word, count in zip(words[:8], counts, strict=False))
print("most frequent:", frequent)
print("words that occur once or twice:", (counts <= 2).sum())

# %% [markdown] id="ch04-the-two-bottlenecks"
# ## The two bottlenecks
#
# A pair of words teaches the network one small thing: these two occurred together. What is paid for it? The two tables
# of skip-gram, $A$ and $B$ in chapter 3, are called $W_{in}$ and $W_{out}$ here. For a word $v$ with the word $o$ near it:
#
# $$ h = \mathrm{onehot}(v) \, W_{in} \qquad z = h \, W_{out}^T \qquad L = - \log \mathrm{softmax}(z)_o \tag{1} $$
#
# Count the multiplications, each together with its addition; the two are called a multiply-add. The first product has
# $V D$ of them, and its backward pass, $dW_{in} = \mathrm{onehot}(v)^T dh$, again $V D$. Nearly all of these multiply
# by zero. The second product has $V D$ forward and twice as many backward, for $dh = dz \, W_{out}$ and
# $dW_{out} = dz^T h$, and the softmax computes $V$ exponentials. So there are two bottlenecks, one at each table. Both
# grow with the vocabulary, and a text of a million words has some millions of pairs.
#
# > **Question.** $V$ is 10,000 and $D$ is 100. How many multiply-adds does one pair cost at the output? And of those of the
# > one-hot products, how many do not multiply by zero?
# >
# > <details><summary>Answer</summary>
# >
# > $3 V D$ = 3,000,000 at the output. Of the 2,000,000 of the one-hot products only 200 do anything: one row of 100 numbers
# > forward and one backward.
# >
# > </details>

# %%
for size in (1_000, 10_000, 100_000):
    one_hot, output = 2 * size * 100, 3 * size * 100
    print(f"V = {size:>7,}: one-hot {one_hot:>10,}, output {output:>10,} multiply-adds")

# %% [markdown] id="ch04-first-bottleneck-the-embedding-layer"
# ## First bottleneck: the embedding layer
#
# Chapter 3 removed the first: a layer that looks up rows instead of multiplying by one-hot vectors is called an
# **embedding layer** (임베딩 계층). Backward, each gradient goes to the row it came from, and gradients for the same row
# are added:
#
# $$ h_n = W_{v_n} \qquad dW_v = \sum_{n : \; v_n = v} dh_n \tag{2} $$
#
# Forward and backward together now cost $D$ additions instead of $2 V D$ multiply-adds. The package's
# [`embedding_backward`](../scratchnn/layers/embedding.py) returns a `RowGradient`, the rows with their ids, so an update
# writes only to these rows.
#
# (The rest of the chapter uses skip-gram, which looks up one row per pair. CBOW takes the mean of the rows of the $C$
# words around a position, and near the ends of a sentence there are fewer. So each place $j$ gets a share: $a_{nj} = 1/C_n$
# if it has one of the $C_n$ words, and 0 if it is empty. Equation (2) becomes
#
# $$ h_n = \sum_j a_{nj} W_{w_{nj}} \qquad dW_v = \sum_{n, j : \; w_{nj} = v} a_{nj} \, dh_n \tag{3} $$
#
# which is [`projection.py`](../scratchnn/word2vec/projection.py).)

# %% [markdown] id="ch04-second-bottleneck-negative-sampling"
# ## Second bottleneck: negative sampling
#
# To learn what real banknotes look like, you need not be able to pick the right one out of 10,000. It is enough to be shown
# one real note and five forgeries, again and again, and to say which is which.
#
# The softmax answers "which of the $V$ words is near this one?". An easier question is enough to learn vectors: "is
# this word really near, or was it made up?" It is asked about the true word and about $M$ words drawn at random, the
# noise, say five. This is **negative sampling** (네거티브 샘플링), proposed by Mikolov and others (2013).
#
# Each of the $M + 1$ words, of which $w_0$ is the true one, gets a score, and the sigmoid of chapter 1 turns it into
# the probability of "really near". The target is 1 for the true word and 0 for noise:
#
# $$ s_k = W_{out, \, w_k} \cdot h \tag{4} $$
# $$ L = - \sum_k \big( \mathrm{target}_k \log \sigma(s_k) + (1 - \mathrm{target}_k) \log (1 - \sigma(s_k)) \big) \tag{5} $$
#
# This is the cross-entropy of chapter 1 with two classes, yes and no, asked $M + 1$ times. A "no" costs
# $-\log(1 - \sigma(s)) = \log(1 + e^s)$, and a "yes" $-\log \sigma(s) = \log(1 + e^{-s}) = \log(1 + e^s) - s$. So each
# term of the sum is $\log(1 + e^{s_k}) - \mathrm{target}_k s_k$. The derivative of $\log(1 + e^s)$ is $\sigma(s)$, so the
# gradient is that of the softmax again, the predicted probability minus the correct one:
#
# $$ ds_k = \sigma(s_k) - \mathrm{target}_k \tag{6} $$
# $$ dh = \sum_k ds_k \, W_{out, \, w_k} \qquad dW_{out, \, v} = \sum_{k : \; w_k = v} ds_k \, h \tag{7} $$
#
# The cost is $3 (M + 1) D$ multiply-adds per pair, a third each for the scores, $dh$ and $dW_{out}$, for any size of the
# vocabulary.

# %%
rng = np.random.default_rng(0)
h, rows = rng.standard_normal(3), rng.standard_normal((4, 3))
target = np.array([1.0, 0.0, 0.0, 0.0])  # the first word is the true one
s = rows @ h  # (4)  (M + 1, D) @ (D,) -> (M + 1,)
L = (np.log1p(np.exp(s)) - target * s).sum()  # (5); log1p(x) is log(1 + x)
print("scores", s.round(2), "probabilities of being really near", sigmoid(s).round(2))
print(f"loss {L:.4f}; gradients of the scores", (sigmoid(s) - target).round(2))  # (6)

M = 5
print(f"for V = 100,000 the softmax needs {100_000 / (M + 1):,.0f} times the multiply-adds")

# %% [markdown] id="ch04-which-noise"
# ### Which noise?
#
# Noise words are drawn by their frequency, because noise of rare words only would be too easy to recognize. But if
# "the" is one word in six of the text, it would be one noise word in six, and the many rare words would hardly ever be
# asked about. Raising the counts to a power below 1 makes rare words a little more likely. In the experiments of
# Mikolov and others the power 0.75 was clearly better than 1, and than 0, which makes all words equally likely:
#
# $$ P(v) = \frac{\mathrm{count}_v^{0.75}}{\sum_u \mathrm{count}_u^{0.75}} \tag{8} $$
#
# To draw by these probabilities, put pieces of the lengths $P(0), P(1), \ldots$ next to each other on a line from 0
# to 1. A random number between 0 and 1 falls on one of them. The right ends of the pieces are the running sums of $P$
# (`np.cumsum`), and `np.searchsorted` finds the pieces of any number of random numbers by binary search.


# %%
def noise_share(counts, power=0.75):
    """Equation (8) for each word (V,)."""
    return counts**power / (counts**power).sum()  # (8)


def draw_noise(ends, shape, rng):
    """Word ids of the given shape: how many pieces end at or before each random number."""
    return np.searchsorted(ends, rng.random(shape), side="right")


P_noise = noise_share(counts)
ends = np.cumsum(P_noise)
ends /= ends[-1]  # the last is 1 exactly
drawn = draw_noise(ends, 200_000, np.random.default_rng(0))
print("word      share of the text   P by (8)   share of 200,000 draws")
for word in ("the", "he", "king", "seine", words[-1]):
    share, drawn_share = counts[ids[word]] / counts.sum(), (drawn == ids[word]).mean()
    print(f"{word:<9} {share:>17.5f} {P_noise[ids[word]]:>10.5f} {drawn_share:>24.5f}")
same = np.array_equal(drawn, NoiseSampler(counts).draw(200_000, np.random.default_rng(0)))
print("the package's sampler draws the same words:", same)

# %% [markdown] id="ch04-when-noise-hits-the-target"
# ### Optional: when noise hits the target
#
# (You may skip the reason for the mask; the three functions of the next cell are used to the end of the chapter.)
# A noise word may happen to be the true word. Its row would then be pulled towards $h$ and pushed away from it at the
# same time. The package leaves such a draw out, as the original program does. A mask $m$ is 0 for it and 1 for all
# others; every term of the loss and every $ds_k$ is multiplied by it. For $N$ pairs at once, with the mean of their
# losses:


# %%
def choices_forward(h, w, target, m, W):
    """Mean loss, and the cache, for h (N, D), words, targets and mask (N, 1 + M), W (V, D)."""
    rows = W[w]  # (N, 1 + M, D)
    s = (rows * h[:, None, :]).sum(axis=2)  # (4)  (N, 1 + M, D) * (N, 1, D), summed over D
    L = (m * (np.log1p(np.exp(s)) - target * s)).sum() / len(h)  # (5)
    return L, (h, w, target, m, rows, s, W)


def choices_backward(dL, cache):
    """Gradients with respect to h (N, D) and W (V, D); dL, that of L itself, is 1 in training."""
    h, w, target, m, rows, s, W = cache
    ds = dL * m * (sigmoid(s) - target) / len(h)  # (6)
    dh = (ds[:, :, None] * rows).sum(axis=1)  # (7)
    dW = np.zeros_like(W)
    np.add.at(dW, w, ds[:, :, None] * h[:, None, :])  # (7)
    return dh, dW


def against_noise(o, noise):
    """Words, targets and mask (N, 1 + M) for true words o (N,) and noise (N, M)."""
    w = np.concatenate([o[:, None], noise], axis=1)
    target = np.zeros(w.shape)
    target[:, 0] = 1
    m = np.ones(w.shape)
    m[:, 1:] = noise != o[:, None]  # False, which is 0, if the noise hits its target
    return w, target, m


# %%
o = np.array([2, 4, 2])
noise = np.array([[5, 2, 5], [0, 3, 0], [4, 4, 1]])  # one hits its target, some occur twice
choices = against_noise(o, noise)
h, W = rng.standard_normal((3, 4)), rng.standard_normal((6, 4))
L, cache = choices_forward(h, *choices, W)
dh, dW = choices_backward(1.0, cache)

layer = outputs.NegativeSampling(6, 4)
layer.W.data = W
package_L, package_dh = layer.forward(h, o, noise), layer.backward(1.0)
pairs = (L, package_L), (dh, package_dh), (dW, layer.W.grad.to_dense())
print("the package gives the same:", all(np.allclose(*p, rtol=0, atol=1e-12) for p in pairs))


def example_forward(h, W):
    """The loss of the example as a function of the two arrays, for the check of chapter 1."""
    return choices_forward(h, *choices, W)


example = {"h": h, "W": W}
findings = check(pair_problem(example_forward, choices_backward, example))
print(f"{len(findings)} comparisons, all right: {all(finding.ok for finding in findings)}")

# %% [markdown] id="ch04-another-solution-a-tree"
# ### Optional: another solution, a tree
#
# **Hierarchical softmax** (계층적 소프트맥스) is older (Morin and Bengio, 2005). It keeps the question "which word?" and
# answers it in steps, as in the game of twenty questions, where each answer halves what is left. Make the words the
# leaves of a binary tree. To reach a word, start at the root and decide "left" or "right" at each node: some $\log_2 V$
# decisions instead of $V$ exponentials. Each of the $V - 1$ inner nodes has a row in the output table. The probability of
# going left there is $\sigma(s)$, that of going right $1 - \sigma(s)$:
#
# $$ P(o \mid h) = \prod_k \sigma(s_k)^{\mathrm{left}_k} \, (1 - \sigma(s_k))^{1 - \mathrm{left}_k} \tag{9} $$
#
# over the nodes on the path to $o$, where $\mathrm{left}_k$ is 1 if the path goes left and 0 if it goes right. Its negative
# logarithm is again equation (5), with nodes in place of words, so `choices_forward` computes it too; the mask fills up
# the shorter paths. In a **Huffman tree** (허프만 트리) frequent words are near the root. It is made by joining the two
# rarest nodes repeatedly until one is left, and no other tree has shorter paths on average (Huffman, 1952). The package's
# [`HuffmanTree`](../scratchnn/word2vec/huffman.py) makes it. Its method `paths` returns the nodes, targets and mask of
# some words, (N, longest path) each.


# %%
few = np.array([40, 20, 11, 5, 2, 1])
h, nodes = rng.standard_normal((3, 4)), rng.standard_normal((5, 4))
few_tree, tree = HuffmanTree(few), HuffmanTree(counts)  # counts: of our language
paths = [few_tree.paths(np.array([word])) for word in range(6)]
each = np.array([choices_forward(h[:1], *path, nodes)[0] for path in paths])
print(f"the probabilities of all words add up to {np.exp(-each).sum():.6f}")

layer = outputs.HierarchicalSoftmax(few, 4)
layer.W.data = nodes
L, _ = choices_forward(h, *few_tree.paths(o), nodes)
print("the package gives the same loss:", np.isclose(L, layer.forward(h, o), rtol=0, atol=1e-12))
mean_length = (counts * tree.lengths).sum() / counts.sum()
print(f'steps to "the": {tree.lengths[0]}, to the rarest words: {tree.lengths.max()}')
print(f"mean over the text: {mean_length:.1f}; log2 of V: {np.log2(V):.1f}")
show(
    figures.huffman_tree(few, few_tree),
    "4.2",
    "The most frequent word has the shortest path from the top. Each inner node asks one "
    "question, left or right.",
)

# %% [markdown] id="ch04-noise-or-tree"
# Of the two, negative sampling is easier to write. The authors of the program word2vec say that it is better for
# frequent words, and the tree for rare ones. The rest of the chapter uses negative sampling.
#
# ## Frequent words: subsampling
#
# A detective is not interested in people who are near every crime, such as the postman. In a text, "the" is near almost
# every word, so it says little about any of them; yet most pairs have it or another such word in them. **Subsampling**
# (서브샘플링) skips words at random before the pairs are made, frequent words more often than rare ones. Word $v$, with
# the share $f_v$ of the text, is kept with probability
#
# $$ P_{keep}(v) = \min \Big( 1, \Big( \sqrt{f_v / \theta} + 1 \Big) \frac{\theta}{f_v} \Big) \tag{10} $$
#
# The threshold $\theta$ is 0.001 or less. (The original program computes this, and so does the library gensim. The
# paper has a slightly different formula: it skips with probability $1 - \sqrt{\theta / f_v}$.)
#
# > **Question.** "the" is about every sixth word of our text, and $\theta$ is one thousandth. Of a hundred "the", roughly
# > how many are kept: 60, 8 or none? And of the rarest words?
# >
# > <details><summary>Answer</summary>
# >
# > About 8: $\theta / f$ is about 6 in a thousand, and the bracket in (10) makes it 14 times as much. The rarest words
# > are all kept; the formula would give more than 1.
# >
# > </details>


# %%
def keep_share(f, threshold):
    """Equation (10) for words with the shares f (V,) of the text."""
    return np.minimum(1, (np.sqrt(f / threshold) + 1) * threshold / f)  # (10)


f = counts / counts.sum()
keep = keep_share(f, 0.001)
print("word       share of the text     kept")
for word in ("the", "and", "he", "king", "seine", words[-1]):
    print(f"{word:<10} {f[ids[word]]:>17.2%} {keep[ids[word]]:>8.1%}")
print(f"of all words of the text, {(keep * counts).sum() / counts.sum():.1%} are kept")
same = np.allclose(keep, keep_probabilities(counts, 0.001), rtol=0, atol=1e-12)
print("the package gives the same:", same)

# %%
show(
    figures.noise_and_subsampling(noise_share, keep_share, counts, threshold=0.001),
    "4.3",
    "Left: the higher the power, the more often frequent words are drawn as noise. Right: "
    "the smaller the threshold, the more occurrences of frequent words are skipped.",
)

# %% [markdown] id="ch04-a-skipped-word-is-removed-before"
# A skipped word is removed before the windows are made, so a window reaches further: in "the army of the north", with
# "of" and "the" skipped, army and north are neighbours. There are fewer words to read, and the pairs say more. So
# training is faster *and* the vectors are better. The section on the trainer measures it.
#
# ### How far to look
#
# For each position the window is drawn anew, uniformly from 1 to its full size. A neighbour at distance $d$ is then
# used with probability $(\mathrm{window} - d + 1) / \mathrm{window}$, so near words count more than far ones, at no cost.


# %%
def pairs_in(line, reach):
    """Each id of a line with the ids near it, as far as the window at its position reaches."""
    pairs = []
    for place, b in enumerate(reach):
        for near in range(max(0, place - b), min(len(line), place + b + 1)):
            if near != place:
                pairs.append((line[place], line[near]))
    return pairs


def draw_pairs(text, keep, window, rng):
    """Ids of words v and of words o near them, (N,) each, after subsampling."""
    pairs = []
    for line in text:
        line = line[rng.random(len(line)) < keep[line]]  # (10): each word is kept with its P_keep
        pairs += pairs_in(line, rng.integers(1, window + 1, len(line)))
    v, o = np.array(pairs).T
    return v, o


WINDOW = 5
all_pairs = draw_pairs(text, np.ones(V), WINDOW, np.random.default_rng(0))
pairs = draw_pairs(text, keep, WINDOW, np.random.default_rng(0))
for name, (v, o) in [("all words kept", all_pairs), ("subsampled", pairs)]:
    the = ((v == ids["the"]) | (o == ids["the"])).mean()
    print(f'{name:<15} {len(v):>8,} pairs; with "the" in them {the:.0%}')

# %% [markdown] id="ch04-training"
# ## Training
#
# The loop is that of chapter 3, with pairs that are drawn anew in each epoch, and a learning rate that decreases linearly
# to zero, which lets the vectors settle at the end. The argument `gradients(h, o, W_out, rng)` returns the loss, `dh` and
# `dW_out`, so the full softmax, the tree and negative sampling all run in the same loop.
#
# > **Question.** All scores are zero before the first step. What is the loss of a pair then, with the softmax and with
# > negative sampling?
# >
# > <details><summary>Answer</summary>
# >
# > The softmax guesses uniformly, which costs $\log V$, a little above 6 here. Each of the six yes-no questions gets the
# > answer one half, so their sum is $6 \log 2$, a little above 4. So the two losses cannot be compared.
# >
# > </details>


# %%
def train(gradients, rows_out, epochs, lr=2.0, batch=64):
    """Train on the small language: tables, vectors and loss after each epoch, number of pairs."""
    rng = np.random.default_rng(1)
    W_in, W_out = rng.uniform(-0.5 / D, 0.5 / D, (V, D)), np.zeros((rows_out, D))
    after, history, count = [], [], 0
    for epoch in range(epochs):
        v, o = draw_pairs(text, keep, WINDOW, rng)
        order = rng.permutation(len(v))
        batch_losses = []
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            lr_now = lr * (1 - (epoch + start / len(order)) / epochs)  # linearly to zero
            L, dh, dW_out = gradients(W_in[v[chosen]], o[chosen], W_out, rng)
            np.add.at(W_in, v[chosen], -lr_now * dh)  # (2), only the rows that were looked up
            W_out -= lr_now * dW_out
            batch_losses.append(L)
        after.append(W_in.copy())
        history.append(np.mean(batch_losses))
        count += len(v)
    return {"W_in": W_in, "W_out": W_out, "after": after, "history": history, "pairs": count}


def by_softmax(h, o, W_out, rng):
    """Equation (1) for h (N, D) and true words o (N,)."""
    L, cache = outputs.full_softmax_forward(h, o, W_out)
    return L, *outputs.full_softmax_backward(1.0, cache)


def by_noise(h, o, W_out, rng, backward=choices_backward):
    """Equations (4) to (8)."""
    L, cache = choices_forward(h, *against_noise(o, draw_noise(ends, (len(o), M), rng)), W_out)
    return L, *backward(1.0, cache)


def by_tree(h, o, W_out, rng):
    """Equations (4) to (7) for the nodes of equation (9)."""
    L, cache = choices_forward(h, *tree.paths(o), W_out)
    return L, *choices_backward(1.0, cache)


# %%
runs, cost = {}, {}
for name, gradients, rows_out, epochs, multiply_adds in [
    ("full softmax", by_softmax, V, 5, 3 * V * D),
    ("tree", by_tree, V - 1, 5, 3 * D * tree.lengths[pairs[1]].mean()),
    ("negative sampling", by_noise, V, 8, 3 * (M + 1) * D),
]:
    run = runs[name] = train(gradients, rows_out, epochs)
    cost[name] = multiply_adds  # per pair
    spent = f"{run['pairs']:,} pairs, {cost[name] * run['pairs']:>13,.0f} multiply-adds"
    print(f"{name:<18} {spent}, loss {run['history'][0]:.2f} to {run['history'][-1]:.2f}")
times = cost["full softmax"] / cost["negative sampling"]
print(f"per pair, the softmax needs {times:.1f} times as many as negative sampling")

# %% [markdown] id="ch04-an-easier-question-teaches-less-each"
# An easier question teaches less each time, so negative sampling gets more epochs. The losses cannot be compared: the
# first two ask which of all words it is, the third asks six yes-no questions. Compare what the vectors know instead.
#
# ### What negative sampling learns
#
# In plain words: a score ends up high if two words occur together more often than chance would have it, and low if less
# often. That is what the counts of chapter 2 measured, without any training. Here is why the two agree.
#
# Take one word $v$ and one word $o$. Of all questions about them, let the answer be yes $C_{vo}$ times, the entry of the
# co-occurrence matrix of chapter 2. As noise, $o$ is drawn about $M P(o)$ times for each of the $C_v$ pairs of $v$. The
# terms of the loss that contain their score $s$ are
#
# $$ C_{vo} \log(1 + e^{-s}) + C_v M P(o) \log(1 + e^s) $$
#
# The derivative with respect to $s$ is $- C_{vo} (1 - \sigma(s)) + C_v M P(o) \, \sigma(s)$. It is zero if
# $\sigma(s) / (1 - \sigma(s)) = C_{vo} / (C_v M P(o))$. The left side is $e^s$, so
#
# $$ s = \log \frac{C_{vo}}{C_v \, P(o)} - \log M \tag{11} $$
#
# The fraction is the share of $o$ among the words near $v$, divided by its share of the noise. Its logarithm is the
# pointwise mutual information of chapter 2, with $P(o)$ of equation (8). So, up to a constant, predicting with noise
# and counting with PMI aim at the same values (Levy and Goldberg, 2014). They are reached only approximately, as with the
# singular value decomposition, because a score is a product of two rows of $D$ numbers. The cell prints a correlation: 1 if
# all points are on one rising line, near 0 if (11) and the learned scores are unrelated.

# %%
C = np.zeros((V, V))
for seed in range(5):
    np.add.at(C, draw_pairs(text, keep, WINDOW, np.random.default_rng(seed)), 1)
v, o = np.nonzero(C >= 20)  # pairs that are frequent enough
wanted = np.log(C[v, o] / (C.sum(axis=1)[v] * P_noise[o])) - np.log(M)  # (11)
run = runs["negative sampling"]
learned = (run["W_in"][v] * run["W_out"][o]).sum(axis=1)  # (4)
correlation = np.corrcoef(wanted, learned)[0, 1]
print(f"{len(v):,} pairs of words; correlation of (11) with the learned scores: {correlation:.2f}")
show(
    figures.scores_and_pmi(wanted, learned),
    "4.4",
    "Each point is a pair of words. The scores that training finds lie near the line on "
    "which equation (11) predicts them.",
)

# %% [markdown] id="ch04-the-cloud-on-the-right"
# The cloud on the right, below the line, contains the words that belong together most, such as france and seine. Their
# scores have to grow furthest, and eight epochs are too few for that. With three times as many the cloud reaches the
# line.
#
# ## Similarity and analogies
#
# The similarity of two words is the cosine of their vectors, as in chapter 2. With all vectors scaled to length 1,
# $u_v = x_v / |x_v|$ for the vector $x_v$ of word $v$, it is a dot product. The package's
# [`KeyedVectors`](../scratchnn/word2vec/keyed_vectors.py) finds the words of the largest cosine.


# %%
def unit(x):
    """Rows of x (V, D) at length 1."""
    return x / np.sqrt((x**2).sum(axis=1, keepdims=True))


x = runs["negative sampling"]["W_in"]
usual = (counts >= 10).sum()  # the first rows: words that occur ten times or more
usual_vectors = KeyedVectors(words[:usual], x[:usual])
for word in ("king", "paris", "tiber", "korean", "he"):
    print(f"{word:<7}", ", ".join(near for near, _ in usual_vectors.most_similar(word, 4)))

# %% [markdown] id="ch04-words-of-the-same-kind-come"
# Words of the same kind come near each other, rivers near rivers and languages near languages, although no sentence
# says what kinds there are. Words that occur together are near too: mayor is near paris. Words that occur less than
# ten times are left out, because they have hardly moved from their random initial values and may be near anything.
#
# An **analogy** (유추) is a question such as "man is to king as woman is to ?". If the step from man to king is the same
# as that from woman to queen, then $u_{king} - u_{man} + u_{woman}$ is near $u_{queen}$. So the answer to "$a$ is to $b$
# as $c$ is to ?" is the word with the largest cosine with $u_b - u_a + u_c$. The length of that sum is the same for
# every word, so it is enough to compare
#
# $$ \mathrm{3CosAdd}: \qquad \arg\max_v \; \big( u_v \cdot u_b - u_v \cdot u_a + u_v \cdot u_c \big) \tag{12} $$
#
# where $\arg\max_v$ means the word $v$ with the largest value. The answer should be near $b$ and $c$ and far from $a$. (In
# a sum, one large cosine can outweigh the other two. Levy and Goldberg, 2014, multiply the three instead; their 3CosMul is
# `method="mul"` of the package's `analogy`.) The three given words are excluded from the answers; you will see why. Any two
# pairs of people make four such questions, and so do any two of places: either pair may come first, in either direction.
# First three of them, then all.


# %%
def analogy(a, b, c, vectors, exclude=True):
    """The word d for which a is to b as c is to d."""
    u, rows = vectors.unit, [vectors.ids[word] for word in (a, b, c)]  # u (V, D), at length 1
    with_a, with_b, with_c = u[rows] @ u.T  # (3, D) @ (D, V) -> (V,) each
    scores = with_b - with_a + with_c  # (12)
    if exclude:
        scores[rows] = -np.inf
    return vectors.words[scores.argmax()]


def share_right(vectors, questions, exclude=True):
    """The share of questions (a, b, c, d) whose answer is d."""
    answers = [analogy(a, b, c, vectors, exclude) for a, b, c, _ in questions]
    return np.mean([answer == d for answer, (*_, d) in zip(answers, questions, strict=True)])


questions = make_analogies(PEOPLE) + make_analogies(PLACES)


def accuracy(x, exclude=True):
    """The share of correct answers of word vectors x (V, D) to all questions."""
    return share_right(KeyedVectors(words, x), questions, exclude)


vectors = KeyedVectors(words, x)
for a, b, c in [("man", "king", "woman"), ("france", "paris", "korea"), ("queen", "king", "witch")]:
    print(f"{a} is to {b} as {c} is to {analogy(a, b, c, vectors)}")
same = all(analogy(*q[:3], vectors) == vectors.analogy(*q[:3], 1)[0][0] for q in questions)
print("the package gives the same answers:", same)

# %%
print(f"correct of {len(questions)} questions:")
for name, run in runs.items():
    print(f"  {name:<18} {accuracy(run['W_in']):.1%}")
print("after each epoch of negative sampling, given words excluded, and allowed:")
for epoch, table in enumerate(runs["negative sampling"]["after"], 1):
    excluded, allowed = accuracy(table), accuracy(table, exclude=False)
    print(f"  epoch {epoch}: {excluded:>6.1%} {allowed:>8.1%}")

# %% [markdown] id="ch04-the-right-column-is-a-warning"
# The right column is a warning. The step from $a$ to $b$ may be shorter than the distance from $c$ to any other word. Then
# $u_b - u_a + u_c$ is still nearest to $c$ itself. Our language is so regular that training overcomes this; the vectors of
# real text do not, as the section *Real text* shows. When you read results on analogies, check whether the given words were
# excluded.
#
# Now compare how many multiply-adds each output needs until the vectors know the answers.

# %%
curves = {}
for name, run in runs.items():
    spent = cost[name] * run["pairs"] * np.arange(1, len(run["after"]) + 1) / len(run["after"])
    curves[name] = (spent, [accuracy(table) for table in run["after"]])
show(
    figures.cost_of_answers(curves),
    "4.5",
    "Correct analogies by the number of multiplications and additions; each point is an "
    "epoch. The axis is logarithmic: the further left, the cheaper.",
)

# %% [markdown] id="ch04-the-curves-of-negative-sampling"
# The curves of negative sampling and of the tree are far to the left: in all their epochs they did less than a fiftieth
# of the work that the softmax did in its five.
#
# ### The plane
#
# To photograph a flock of birds, you would look for the side from which it is spread out most. A vector of thirty numbers
# cannot be drawn as it is either. **Principal component analysis** (주성분 분석), PCA, finds the plane that keeps as much
# of their spread as a plane can. Subtract the mean of the vectors, and let $X$ be the result. The singular value
# decomposition of chapter 2 sorts the directions by how far the points spread along them, and the first two rows of $V^T$
# span the plane:
#
# $$ X = U \, \mathrm{diag}(s) \, V^T \qquad \mathrm{coordinates} = X \, V_{: 2} \tag{13} $$
#
# (Here $V$ is the matrix of that chapter, not the size of the vocabulary.) The spread is the sum of the squares in $X$, and
# $s_k^2 / \sum_j s_j^2$ is the share of direction $k$.


# %%
def plane(points):
    """Coordinates (N, 2) of points (N, D), and the share of the spread along each axis."""
    X = points - points.mean(axis=0)
    _, s, Vt = np.linalg.svd(X, full_matrices=False)
    return X @ Vt[:2].T, s[:2] ** 2 / (s**2).sum()  # (13)


panels = {}
for kind, groups in (("people", PEOPLE), ("places", PLACES)):
    members = [word for row in groups for word in row[:2]]
    panels[kind] = (members, *plane(unit(x)[[ids[word] for word in members]]))
show(
    figures.word_map(panels),
    "4.6",
    "Word vectors in their plane of largest spread. A grey line joins the two words of a "
    "pair; look at whether the lines of one kind have the same direction.",
)

# %% [markdown] id="ch04-male-forms-and-countries-are-blue"
# Male forms and countries are blue, female forms and capitals orange, and a grey line joins the two words of a pair.
# The lines between places are nearly parallel: the step from a capital to its country is much the same for all. Those
# between people point roughly the same way; the roles spread so far that two directions cannot show all of it. This is
# why subtracting and adding answers the questions. In real text it holds roughly for some relations and not for others.

# %% [markdown] id="ch04-where-pretrained-vectors-help"
# ## Where pretrained vectors help
#
# Vectors that were trained on much plain text and are then used in another task are called **pretrained vectors**
# (사전 학습 벡터); using in one task what was learned in another is **transfer learning** (전이 학습). Does it pay?
# Take this task: classify a word of our language as a name, a person, a thing, a country, a capital, a river or a
# language, by a look-up in a table and a softmax with seven classes (`train_tagger` in
# [`examples/ch04.py`](../scratchnn/book/examples/ch04.py)). Compare three tables: random rows that are learned together
# with the softmax; the word vectors of this chapter, unchanged (*frozen*); and the same, trained further (*fine-tuned*).
# Each gets from ten to a thousand labelled words of the text, and is tested at other positions.
#
# > **Question.** Which of the three will be best with ten labelled words, and which with a thousand?
# >
# > <details><summary>Answer</summary>
# >
# > With ten, the frozen vectors, by far. With a thousand there is hardly a difference: almost every word that is asked
# > about has had a label by then.
# >
# > </details>

# %%
kind_of = word_kinds(words, names)  # (V,): 0 to 6; -1 for words such as "the", which have no kind
labelled = np.concatenate(text)
labelled = labelled[kind_of[labelled] >= 0]  # all positions of the text whose word has a kind
tables = {  # each with whether it is trained
    "random, learned": (rng.standard_normal((V, D)) / np.sqrt(D), True),
    "pretrained, frozen": (unit(x), False),
    "pretrained, fine-tuned": (unit(x), True),
}
amounts = (10, 30, 100, 300, 1000)
shares_by_table = {name: [] for name in tables}
print("labelled words          ", "".join(f"{amount:>8,}" for amount in amounts))
for name, (table, learn_table) in tables.items():
    for amount in amounts:
        right = []  # of four draws
        for seed in range(4):
            order = np.random.default_rng(seed).permutation(labelled)
            known, asked = order[:amount], order[-4000:]
            found = train_tagger(table, known, kind_of[known], learn_table)
            right.append((found[asked] == kind_of[asked]).mean())
        shares_by_table[name].append(np.mean(right))
    print(f"{name:<24}", "".join(f"{share:>8.1%}" for share in shares_by_table[name]))
show(
    figures.kinds_of_words(amounts, shares_by_table),
    "4.7",
    "Correct answers by the amount of labelled words. The advantage of pretrained vectors "
    "is largest where labels are few.",
)

# %% [markdown] id="ch04-with-few-labels-the-word-vectors"
# With few labels the word vectors are far ahead: a model that has the label "river" for "seine", and knows that "tiber"
# is near "seine", needs no label for "tiber". A random table knows only the words it has labels for. Fine-tuning with
# few labels does harm here: the rows of the labelled words move, and those of their neighbours stay. With many labels
# nearly every word of the test has been seen, and the advantage is gone. Studies of real tasks have found the same.
#
# - **Little labelled text: much help.** Labels are made by hand, so a task such as finding the names of people and
#   places has some hundred thousand labelled words, while plain text is available by the billion. Pretrained vectors
#   helped to find names and phrases (Turian and others, 2010). Of the four parts whose effect Lample and others (2016)
#   measured in their name finder, they helped most. Chapter 9 measures it again.
# - **Much text of its own: little help.** A language model learns from plain text, which contains whatever the vectors
#   know, and a translator from millions of sentence pairs. Kocmi and Bojar (2017) compared pretrained vectors with random
#   initial values on four tasks and found them a little better, mainly in the speed of learning. For languages with
#   little text the gain can be large, most of all if the translator without them is poor, but not too poor (Qi and
#   others, 2018). Chapter 12 comes back to this.
#
# Andrew Ng sums it up in his course (2018): transfer from a task with much data to one with little.

# %% [markdown] id="ch04-how-the-package-makes-it-fast"
# ## Optional: how the package makes it fast
#
# If you cook for one guest after the other, you walk to the pantry for each. Cook for all of them at once, and you walk
# once.
#
# A program that processes pair by pair waits for memory more than for arithmetic. For each pair it reads $M + 2$ rows of
# two big tables and writes them back, and uses each number in only a few multiply-adds. A processor can do dozens of them
# in the time it takes to fetch a number from main memory, so it is best at matrix products, where each number is used
# many times.
#
# The solution (Ji and others, 2016) is to process a **block** of neighbouring positions at once, say 64. Their windows
# overlap, so the same words occur repeatedly as $v$ and as $o$; each row is fetched once. All of them share one set of
# $G$ noise words, drawn for the block. We need:
#
# - $X$ (U, D), the rows of $W_{in}$ for the $U$ distinct words of the block;
# - $Z$ (R, D), the rows of $W_{out}$ for the $R$ distinct words that are around them or are noise;
# - $Y$ (U, R): $Y_{rc}$ is the number of pairs in which word $r$ of $X$ has word $c$ of $Z$ near it;
# - $n_r = \sum_c Y_{rc}$, the number of all pairs of word $r$;
# - $q_c$, the weight of word $c$ as noise: $M / G$ for each time that it was drawn, so that they add up to $M$ as before.
#
# All scores are one product, and the loss is a sum over its entries:
#
# $$ S = X Z^T \tag{14} $$
# $$ Q_{rc} = Y_{rc} + (n_r - Y_{rc}) \, q_c \tag{15} $$
# $$ L = \sum_{rc} \big( Q_{rc} \log(1 + e^{S_{rc}}) - Y_{rc} S_{rc} \big) \tag{16} $$
# $$ dS = Q \cdot \sigma(S) - Y \qquad dX = dS \, Z \qquad dZ = dS^T X \tag{17} $$
#
# Why (15)? In $Y_{rc}$ pairs, $c$ is the true word for $r$, which costs $\log(1 + e^S) - S$ each. In the other
# $n_r - Y_{rc}$ pairs of $r$ it is noise with weight $q_c$, which costs $q_c \log(1 + e^S)$. (Where it is the true word, it
# is left out as noise.) The product $Q \cdot \sigma(S)$ is elementwise. To fill $Y$ and $q$, `np.unique` renumbers the
# words of the block from 0: with `return_inverse=True` it returns the distinct ids and the position of each given id.


# %%
def block_forward(X, Z, Y, q):
    """Loss of a block, summed over its pairs: X (U, D), Z (R, D), Y (U, R), q (R,)."""
    S = X @ Z.T  # (14)  (U, D) @ (D, R) -> (U, R)
    Q = Y + (Y.sum(axis=1, keepdims=True) - Y) * q  # (15)
    L = (Q * np.logaddexp(0, S) - Y * S).sum()  # (16), log(e^0 + e^S) without overflow
    return L, (X, Z, Y, Q, S)


def block_backward(cache):
    """Gradients with respect to X (U, D) and Z (R, D)."""
    X, Z, Y, Q, S = cache
    dS = Q * sigmoid(S) - Y  # (17)
    return dS @ Z, dS.T @ X  # (17)


def make_block(v, o, drawn):
    """Words of the rows of X and of Z, Y, and q, from pairs v, o (N,) and noise words (G,)."""
    rows, r = np.unique(v, return_inverse=True)
    columns, c = np.unique(np.concatenate([o, drawn]), return_inverse=True)
    Y = np.zeros((len(rows), len(columns)))
    np.add.at(Y, (r, c[: len(o)]), 1)  # one more for each pair
    q = np.bincount(c[len(o) :], minlength=len(columns)) * M / len(drawn)
    return rows, columns, Y, q


# %%
B = 64
kept_words = np.concatenate([line[rng.random(len(line)) < keep[line]] for line in text])
stream = kept_words[:B]  # the first 64 positions
reach = rng.integers(1, WINDOW + 1, B)
v, o = np.array(pairs_in(stream, reach)).T  # (N,) each
drawn = draw_noise(ends, B, rng)  # as many noise words as positions
rows, columns, Y, q = make_block(v, o, drawn)
show(
    figures.block_counts(Y),
    "4.8",
    "The pairs of one block as a table. Most of it is empty: each word has met only a few "
    "of the others.",
)

# %% [markdown] id="ch04-is-it-still-the-same-loss"
# Is it still the same loss? Equation (5), with all $G$ noise words in each pair, and with the mask $M/G$ in place of 1
# for the noise that counts, has to give the same sum and the same gradients. `choices_forward` can compute it; `np.tile`
# repeats the noise words for each pair. And what does a block cost? The second cell counts the multiply-adds of its
# products, and the rows that are read and written, and compares with the pairs one by one.


# %%
W_in, W_out = rng.standard_normal((V, D)) / 4, rng.standard_normal((V, D)) / 4
L, cache = block_forward(W_in[rows], W_out[columns], Y, q)
dX, dZ = block_backward(cache)

h, rows_cache = embedding_forward(v, W_in)
w, target, m = against_noise(o, np.tile(drawn, (len(o), 1)))  # every pair with all noise words
m[:, 1:] *= M / len(drawn)
mean, cache = choices_forward(h, w, target, m, W_out)
N = len(v)  # the loss of choices_forward is the mean over N pairs, that of the block the sum
dh, dW_out = choices_backward(N, cache)
dW_in = embedding_backward(dh, rows_cache).to_dense()
triples = (L, N * mean), (dX, dW_in[rows]), (dZ, dW_out[columns])
same = all(np.allclose(*p, rtol=1e-12, atol=1e-10) for p in triples)
print("pair by pair the loss and both gradients are the same:", same)

# %%
U, R = len(rows), len(columns)
print("per pair, in units of D       multiply-adds   rows moved   multiply-adds per number moved")
for name, products, moved in [
    ("pair by pair, M = 5 noise words", 3 * (M + 1), 2 * (M + 2)),
    (f"in a block, G = {B} noise words", 3 * U * R / N, 2 * (U + R) / N),
    ("full softmax, pair by pair", 3 * V, 2 * (V + 1)),
]:
    print(f"{name:<33} {products:>8.1f} {moved:>12.1f} {products / moved:>16.1f}")
print(f"the full softmax needs {3 * V / (3 * U * R / N):.0f} times the multiply-adds of the block")

# %% [markdown] id="ch04-more-work-but-faster"
# A surprise: the block does *more* multiply-adds than the pairs one by one, because it asks about every pair of words in
# it, not only about five noise words at a time. Yet it moves a small part of the rows, and it gets dozens of
# multiply-adds out of each number it fetches, which is faster on balance. The package's functions are in
# [`skip_gram_block.py`](../scratchnn/word2vec/skip_gram_block.py). For CBOW the means of equation (3) are a product as
# well; see [`cbow_block.py`](../scratchnn/word2vec/cbow_block.py).

# %% [markdown] id="ch04-the-trainer"
# ### The trainer
#
# [`Word2VecTrainer`](../scratchnn/word2vec/training.py) combines all of this. It reads a text file of any length piece
# by piece ([`corpus.py`](../scratchnn/word2vec/corpus.py)), subsamples it, draws windows and noise for the whole piece,
# cuts it into blocks ([`blocks.py`](../scratchnn/word2vec/blocks.py)), and makes one step per block: look up the rows,
# three products, write the rows back. A step adds up the gradients of all its pairs, so a block must not be too large: a
# word that occurs in it many times would overshoot. The trainer takes smaller blocks if one word makes up much of the text.


# %%
corpus = open_corpus(sentences, 1)
print("the same words in the same order:", corpus.vocabulary.tokens == words)
print("model      subsampling   block   analogies")
options = {"epochs": 8, "size": D, "seed": 0, "progress": False}
for model, sample in [("skipgram", 0), ("skipgram", 0.001), ("cbow", 0), ("cbow", 0.001)]:
    trainer = Word2VecTrainer(corpus, model, sample=sample, **options)
    right = accuracy(trainer.fit().vectors)
    print(f"{model:<10} {sample or 'none':<11} {trainer.block:>7} {right:>11.1%}")

# %% [markdown] id="ch04-reading-without-subsampling"
# In the lines without subsampling the same model reads all words in each epoch, more than twice as many, in smaller
# blocks, and learns less from them. Subsampling helps for the third time: fewer words to read, better vectors, larger
# blocks.
#
# ### The speed, measured
#
# How fast is this compared with others? gensim is a widely used library for word vectors with compiled inner loops. The
# benchmark trains gensim and the package on the same text in turn, each in its own process with one thread.
#
# > **Measured** (`python -m benchmarks word2vec --against gensim`, and with `--text` the film reviews of the
# > section *Real text*; a machine with two cores, 2026-11-21; 100 dimensions, a window of 5 and 5 noise words, one thread
# > each): words per second.
# >
# > - Penn Treebank, 887,521 words. Skip-gram: package 760,038, gensim 442,982, ratio 1.72. CBOW: package 820,302, gensim
# >   1,311,793, ratio 0.63.
# > - IMDb, 23,268,433 words. Skip-gram: package 694,869, gensim 286,381, ratio 2.43. CBOW: package 752,872, gensim
# >   1,033,987, ratio 0.73.
# >
# > The program of Saitoh's book, CBOW on the Penn Treebank, made 920 words per second on another day. It has the embedding
# > layer and negative sampling as we wrote them at first, takes batches of a hundred words, and updates every row of both
# > tables each time.

# %% [markdown] id="ch04-in-skip-gram-each-position-makes"
# In skip-gram each position makes many pairs, so blocks save much, and the package is ahead of gensim. In CBOW each
# position asks about one true word only, a program that goes from position to position has little to do, and gensim is
# ahead. Both are hundreds of times as fast as the book's program, which was written to be read. Other machines give
# other figures. Speed is worth nothing if the vectors get worse; the [README](../README.md) compares them too.

# %% [markdown] id="ch04-what-goes-wrong"
# ## What goes wrong
#
# > **What goes wrong.** The loss of negative sampling says little. It is a sum of yes-no questions whose difficulty
# > depends on the noise, so it can look good when something is wrong. In the first case below the curve shows nothing
# > and the gradient check finds the fault; in the second the gradient is right and the cosines reveal it.
#
# **The mask is forgotten in the backward pass.** The forward pass leaves out the noise that hits its target; the
# backward pass does not, and sometimes pushes the true word away.


# %%
def faulty_backward(dL, cache):
    """``choices_backward`` with the mask left out."""
    h, w, target, _, *rest = cache
    return choices_backward(dL, (h, w, target, 1.0, *rest))


right = runs["negative sampling"]
faulty = train(lambda *given: by_noise(*given, faulty_backward), V, epochs=8)
print("loss in each epoch, right: ", " ".join(f"{L:.2f}" for L in right["history"]))
print("mask forgotten in backward:", " ".join(f"{L:.2f}" for L in faulty["history"]))
for finding in check(pair_problem(example_forward, faulty_backward, example)):
    print(f"{finding.array:<3} {finding.method:<12} {'right' if finding.ok else 'WRONG'}")

# %% [markdown] id="ch04-without-noise-if-it-is-enough"
# **Without noise.** If it is enough to say yes to the true word, why ask about noise at all?
#
# > **Question.** Without noise, every question has the answer yes. What will the loss do, and what is the cheapest way
# > for the model to get there?
# >
# > <details><summary>Answer</summary>
# >
# > The loss goes to zero. It is enough to say yes to everything, and for that all vectors only have to point the same way.
# >
# > </details>


# %%
def by_truth_alone(h, o, W_out, rng):
    """No noise: equations (4) to (7) with the true word only."""
    yes = np.ones((len(o), 1))
    L, cache = choices_forward(h, o[:, None], yes, yes, W_out)
    return L, *choices_backward(1.0, cache)


def all_cosines(run):
    """The cosines of all pairs of words that occur ten times or more."""
    u = unit(run["W_in"])[:usual]
    return (u @ u.T)[np.triu_indices(usual, 1)]  # the entries above the diagonal: each pair once


alone = train(by_truth_alone, V, epochs=8)
print("loss in each epoch, without noise:", " ".join(f"{L:.3f}" for L in alone["history"]))
for name, run in [("with noise", right), ("without noise", alone)]:
    correct = f"analogies right {accuracy(run['W_in']):.1%}"
    print(f"{name:<14} mean cosine of two words {all_cosines(run).mean():.2f}, {correct}")
three = {"right": right, "mask forgotten": faulty, "no noise": alone}
compared = {name: (run["history"], all_cosines(run)) for name, run in three.items()}
show(
    figures.losses_and_cosines(compared),
    "4.9",
    "Left: three losses that all fall. Right: what they hide. Without noise words, nearly "
    "all vectors point in the same direction.",
)

# %% [markdown] id="ch04-the-curves-of-the-correct-program"
# The curves of the correct program and of the forgotten mask coincide. The loss without noise is the best of all, close
# to zero: the model says yes to everything. Nearly all vectors point the same way, every word is like every other, and
# a third of the analogies are lost. The noise is not there to make the task harder; it keeps words apart.
#
# ## Real text
#
# Now a text that was not made for the purpose. The quick run uses the manual that comes with Python; `SCRATCHNN_FULL=1`
# 100,000 film reviews, 23 million words (the data set IMDb; `SCRATCHNN_DATA` names its folder).

# %%
if FULL:
    splits = ("train", "test", "unsup")
    lines = [plain_words(review) for split in splits for review in load_imdb(split)[0]]
    settings = {"size": 100, "sample": 1e-3, "epochs": 2}
    shown = ("good", "terrible", "actor", "french", "zombie", "soundtrack")
    asked = "man king woman; father son mother; france french italy; good better bad"
else:
    lines = [plain_words(paragraph) for paragraph in python_manual().split("\n\n")]
    settings = {"size": 50, "sample": 1e-4, "epochs": 20}
    shown = ("integer", "string", "exception", "true", "left", "bytes")
    asked = "integer integers string; class classes method"

trainer = Word2VecTrainer(open_corpus(lines, 5), "skipgram", **settings, seed=0, progress=False)
real = trainer.fit()
print(f"{trainer.words:,} words read in {trainer.epoch} epochs; {len(real):,} word vectors")
for word in shown:
    print(f"{word:<11}", ", ".join(near for near, _ in real.most_similar(word, 6)))
for a, b, c in map(str.split, asked.split(";")):
    answers = ", ".join(answer for answer, _ in real.analogy(a, b, c, 4))
    print(f"{a} is to {b} as {c} is to: {answers}")

# %% [markdown] id="ch04-you-can-judge-these-by-reading"
# You can judge these by reading. For a number, use one relation that every English text has: frequent words with and
# without an s at the end (string and strings, return and returns), with the given words excluded, and allowed. The full
# run also asks the questions published by Mikolov and others (2013), which are known as the Google analogies.


# %%
with_s = questions_with_s(real)
print("the first questions:", "; ".join(" ".join(question) for question in with_s[:2]))
print(f"right of {len(with_s)}, given words excluded: {share_right(real, with_s, True):.1%}")
print(f"right of {len(with_s)}, given words allowed:  {share_right(real, with_s, False):.1%}")
if FULL:
    google = find("wordsim", ["questions-words.txt.gz", "questions-words.txt"])
    for result in totals(evaluate_analogies(real, google, restrict=30_000)):
        print(f"Google analogies, {result.name}: {result.accuracy:.1%} of {result.covered:,}")

# %% [markdown] id="ch04-the-manual-is-a-small-text"
# The manual is a small text, and it shows. Most of the near words make sense, but few questions are answered; that takes
# millions of words.
#
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch04_word2vec_made_fast.py`, seed 0, 2 epochs of 23,268,433 words,
# > 100 dimensions, 2026-11-21): nearest to "good" are decent, great, bad, fine; to "terrible" horrible, dreadful,
# > horrendous; to "actor" performer, thespian, comedian; to "soundtrack" music, score, synthesizer. Man is to king as
# > woman is to queen; france is to french as italy is to italian; good is to better as bad is to worse. Of the questions
# > with and without s 27.3% are right, and 5.8% if the given words are allowed. Of the Google analogies whose words are
# > among the 30,000 most frequent 25.7% are right (18.2% of the semantic ones, 27.1% of the syntactic ones). The
# > published value for a text of this length, 24 million words of news, with 100 dimensions and the 30,000 most
# > frequent words is 19.4%, by CBOW (Mikolov, Chen, Corrado and Dean, 2013, table 2). News says more about capitals and
# > currencies than film reviews do, and the remaining questions differ, so the two are only roughly comparable.
#
# In both texts fewer answers are right if the given words are allowed.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the next
# call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("4.1", merge_rows)  # your function: is it right, and if not, what is wrong?
# hint("4.1")
# solution("4.1")
# ```
#
# In a shell, `python -m scratchnn exercise 4` lists them, and `python -m scratchnn learn` goes through them in order
# (chapter 1).
#
# - **4.1** The gradient of an embedding layer as a few rows, without a table of zeros; ids may be repeated.
# - **4.2** Noise words from random numbers between 0 and 1.
# - **4.3** The gradients of negative sampling for one pair, with noise that may hit its target.
# - **4.4** The probability that subsampling keeps a word.
# - **4.5** An analogy by 3CosAdd.
# - **4.6** The gradients of a whole block.
#
# The solutions are in [`ch04.py`](../scratchnn/book/solutions/ch04.py). To train on a text of your own:
# `python -m scratchnn train word2vec --data FILE --model skipgram --out DIR`, and then
# `python -m scratchnn similar DIR WORD` and `python -m scratchnn analogy DIR man king woman`.
#
# ## Where to read on
#
# - Mikolov, Chen, Corrado and Dean, "Efficient Estimation of Word Representations in Vector Space" (2013), section 3:
#   CBOW and skip-gram.
# - Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their
#   Compositionality" (2013), section 2: the tree, negative sampling and subsampling, in this order.
# - Levy and Goldberg, "Neural Word Embedding as Implicit Matrix Factorization" (2014): equation (11). By the same authors,
#   "Linguistic Regularities in Sparse and Explicit Word Representations" (2014): 3CosMul.
# - Ji, Satish, Li and Dubey, "Parallelizing Word2Vec in Shared and Distributed Memory" (2016): the blocks.
# - Turian, Ratinov and Bengio, "Word Representations: A Simple and General Method for Semi-Supervised Learning" (2010), and
#   Qi, Sachan, Felix, Padmanabhan and Neubig, "When and Why are Pre-trained Word Embeddings Useful for Neural Machine
#   Translation?" (2018): when vectors help.
#
# Also used: Mikolov, Yih and Zweig, "Linguistic Regularities in Continuous Space Word Representations" (2013). Morin and
# Bengio, "Hierarchical Probabilistic Neural Network Language Model" (2005). Huffman, "A Method for the Construction of
# Minimum-Redundancy Codes" (1952). Pearson, "On Lines and Planes of Closest Fit to Systems of Points in Space" (1901).
# Lample and others, "Neural Architectures for Named Entity Recognition" (2016). Kocmi and Bojar, "An Exploration of Word
# Embedding Initialization in Deep-Learning Tasks" (2017). Ng, *Sequence Models* (course, 2018). Saitoh, *Deep Learning from
# Scratch 2* (2018), chapter 4.
#
# ## What comes next
#
# A word vector is the same wherever its word occurs. And in every model of this chapter a sentence is a set of words
# near each other, in no order: "dog bites man" and "man bites dog" make the same pairs. Chapter 5 reads words one after
# the other and remembers what came before.
