# %% [markdown]
# # 4. word2vec made fast
#
# The skip-gram of chapter 3 asks of every pair of words "which of all words is it?", and so it pays for the whole
# vocabulary each time. This chapter takes away what is not needed, one idea after the other, until a million words are
# read in a couple of seconds. At the end stand vectors that can be asked what is to king as woman is to man.
#
# ## What you will be able to do
#
# - say where the time of a softmax word2vec goes, and count it in multiplications;
# - write negative sampling forward and backward, and a sampler that draws the noise words;
# - thin out frequent words, and explain why this makes the vectors better and not only faster;
# - turn hundreds of pairs into three matrix products, and show that nothing but the order of the sums has changed;
# - find nearest words, answer analogies in two ways, and draw words in the plane;
# - say for which tasks ready-made vectors help much, and for which little.
#
# The words in this list are explained on the way. All cells together take less than a minute. The first one fetches
# what the others use.

# %%
import heapq
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np

from scratchnn import losses
from scratchnn.book.page import FULL, show
from scratchnn.datasets import load_imdb, plain_words, python_manual
from scratchnn.datasets.folder import find
from scratchnn.functions import sigmoid
from scratchnn.gradcheck import check, pair_problem
from scratchnn.layers.embedding import embedding_backward, embedding_forward
from scratchnn.plot import COLOURS, label, new_figure
from scratchnn.word2vec import KeyedVectors, cbow_block, outputs, skip_gram_block
from scratchnn.word2vec.blocks import SkipGramBlocks
from scratchnn.word2vec.corpus import Corpus
from scratchnn.word2vec.evaluation import evaluate_analogies, totals
from scratchnn.word2vec.huffman import HuffmanTree
from scratchnn.word2vec.plots import keep_apart, principal_components
from scratchnn.word2vec.projection import context_mean_backward, context_mean_forward
from scratchnn.word2vec.sampling import NoiseSampler, keep_probabilities
from scratchnn.word2vec.training import Word2VecTrainer

# %% [markdown]
# ## A small language with known answers
#
# To see whether vectors are good, one needs questions with known answers. So we make a language in which they are
# known. Its sentences speak of people, each word with a male and a female form (king, queen), and of countries with a
# capital, a river and a language. The words around "king" are those around "queen", with he and his in place of she
# and her; the words around "paris" are those around "rome", with another river and another language.

# %%
PEOPLE = [  # he, she, and two things that go with them
    ("king", "queen", "crown", "throne"),
    ("prince", "princess", "palace", "pony"),
    ("man", "woman", "office", "newspaper"),
    ("boy", "girl", "school", "ball"),
    ("father", "mother", "cradle", "family"),
    ("uncle", "aunt", "nephew", "visit"),
    ("actor", "actress", "stage", "film"),
    ("waiter", "waitress", "tray", "menu"),
    ("monk", "nun", "prayer", "chapel"),
    ("wizard", "witch", "spell", "broom"),
]
PLACES = [  # country, capital, river, language
    ("france", "paris", "seine", "french"),
    ("italy", "rome", "tiber", "italian"),
    ("spain", "madrid", "manzanares", "spanish"),
    ("germany", "berlin", "spree", "german"),
    ("england", "london", "thames", "english"),
    ("korea", "seoul", "han", "korean"),
    ("japan", "tokyo", "sumida", "japanese"),
    ("egypt", "cairo", "nile", "arabic"),
    ("russia", "moscow", "moskva", "russian"),
    ("portugal", "lisbon", "tagus", "portuguese"),
]
ABOUT_PEOPLE = [
    "the {who} took {his} {thing} and {he} smiled",
    "near the {thing} {name} met the {who} and {his} friend",
    "{name} says that the {who} lost the {thing} and {he} wept",
    "the {who} of the {thing} asked {name} for {his} hat",
    "{he} is a {who} with a {thing}",
]
ABOUT_COUNTRIES = [
    "the people of {country} speak {language} and till the fields",
    "the army of {country} guards the border by the {river}",
    "{name} sold grain from {country} in {language}",
    "the {river} waters the fields of {country}",
]
ABOUT_CAPITALS = [
    "the mayor of {capital} speaks {language} in the town hall",
    "{name} took the metro in {capital} along the {river}",
    "the streets of {capital} by the {river} are full of cafes",
    "in {capital} the cafes serve {name} in {language}",
]

# %% [markdown]
# The names are made of three syllables, and there are hundreds of them. As in any real text some occur often and most
# hardly ever: the second has half the share of the first, the third a third, and so on.


# %%
def make_names(rng, count):
    """``count`` distinct names of three syllables."""
    consonants, vowels, names = list("bdfgklmnprstvz"), list("aeiou"), []
    while len(names) < count:
        name = "".join(rng.choice(consonants) + rng.choice(vowels) for _ in range(3))
        if name not in names:
            names.append(name)
    return names


def make_language(rng, sentences):
    """So many sentences, and all names that may occur in them."""
    names = make_names(rng, 900)
    share = 1 / np.arange(1, len(names) + 1)
    text = []
    for name in rng.choice(names, sentences, p=share / share.sum()):
        if rng.random() < 0.5:
            male, female, *things = PEOPLE[rng.integers(len(PEOPLE))]
            who, his, he = [(male, "his", "he"), (female, "her", "she")][rng.integers(2)]
            template, thing = rng.choice(ABOUT_PEOPLE), rng.choice(things)
            text.append(template.format(who=who, his=his, he=he, thing=thing, name=name))
        else:
            country, capital, river, language = PLACES[rng.integers(len(PLACES))]
            place = {"country": country, "capital": capital, "river": river, "language": language}
            template = rng.choice([ABOUT_COUNTRIES, ABOUT_CAPITALS][rng.integers(2)])
            text.append(template.format(name=name, **place))
    return text, names


sentences, names = make_language(np.random.default_rng(0), 3000)
for sentence in sentences[:5]:
    print(sentence)

# %% [markdown]
# Words become ids as in chapter 2, the most frequent first.

# %%
found = Counter(word for sentence in sentences for word in sentence.split())
words = sorted(found, key=lambda word: (-found[word], word))  # equal counts in alphabetical order
ids = {word: k for k, word in enumerate(words)}
counts = np.array([found[word] for word in words])  # (V,)
text = [np.array([ids[word] for word in sentence.split()]) for sentence in sentences]
V, D = len(words), 30
print(f"{counts.sum():,} words of text, a vocabulary of V = {V}, vectors of D = {D} numbers")
print("most frequent:", ", ".join(f"{word} {found[word]:,}" for word in words[:8]))
print("words that occur once or twice:", (counts <= 2).sum())

# %% [markdown]
# ## The two bottlenecks
#
# Skip-gram in chapter 3 has two tables, called $A$ and $B$ there. Here they are $W_{in}$, which will be the word
# vectors, and $W_{out}$, needed only for training; both are $(V, D)$. For a word $v$ with the word $o$ near it:
#
# $$ h = \mathrm{onehot}(v) \, W_{in} \qquad z = h \, W_{out}^T \qquad L = - \log \mathrm{softmax}(z)_o \tag{1} $$
#
# Count **multiplications**, each with the addition that belongs to it; we call the two together a multiply-add. The
# first product has $V D$ of them, and its backward pass, $dW_{in} = \mathrm{onehot}(v)^T dh$, again $V D$. Nearly all
# of these multiply by zero. The second product has $V D$ forward and twice as many backward, for $dh = dz \, W_{out}$
# and $dW_{out} = dz^T h$, and the softmax raises $e$ to $V$ powers. None of these is zero, but it is a lot of work to
# learn that two words stood side by side.


# %%
def softmax_cost(V, D):
    """Multiply-adds of a pair, forward and backward: the one-hot products, and the output."""
    return 2 * V * D, 3 * V * D


print("D = 100       one-hot products   of these not by zero       output")
for size in (1_000, 10_000, 100_000):
    first, second = softmax_cost(size, 100)
    print(f"V = {size:>7,} {first:>18,} {2 * 100:>22,} {second:>12,}")

# %% [markdown]
# A text of a million words has some millions of pairs. So there are two bottlenecks, one at each table, and both grow
# with the vocabulary.
#
# ## First bottleneck: the embedding layer
#
# Chapter 3 has shown the way out of the first: the product with a one-hot vector *is* a row of the table. A layer
# that looks rows up, in place of multiplying, is called an **embedding layer** (임베딩 계층). Backward, the gradient
# of each row that was looked up goes to where it came from, and what comes to the same row is added up:
#
# $$ h_n = W_{v_n} \qquad dW_v = \sum_{n : \; v_n = v} dh_n \tag{2} $$


# %%
def look_up(v, W):
    """Rows of W (V, D) for ids v (N,)."""
    return W[v]  # (2)


def look_up_backward(dh, v, V):
    """Gradient by the table (V, D) from dh (N, D)."""
    dW = np.zeros((V, dh.shape[1]))
    np.add.at(dW, v, dh)  # (2), also right where an id stands twice
    return dW


rng = np.random.default_rng(0)
v = np.array([3, 1, 3, 0])  # word 3 twice
W, dh = rng.standard_normal((6, 2)), rng.standard_normal((4, 2))
onehot = np.eye(6)[v]  # (4, 6)
same = np.allclose(look_up(v, W), onehot @ W, rtol=0, atol=1e-12)
print("look-up and one-hot product are the same:", same)
print("and backward:", np.allclose(look_up_backward(dh, v, 6), onehot.T @ dh, rtol=0, atol=1e-12))

# %% [markdown]
# The cost of forward and backward together has come down from $2 V D$ multiply-adds to $D$ additions. One more thing
# is needed. Our `look_up_backward` fills a table of $V$ rows with zeros, and an update by it would touch all of them.
# The package's [`embedding_backward`](../scratchnn/layers/embedding.py) hands on the looked-up rows with their ids, a
# `RowGradient`, and the update writes only to these.

# %%
y, cache = embedding_forward(v, W)
gradient = embedding_backward(dh, cache)
print(f"rows in the package's gradient: {len(gradient.rows)}; in the table: {len(W)}")
print("the package gives the same, forward:", np.allclose(y, look_up(v, W), rtol=0, atol=1e-12))
theirs = gradient.to_dense()  # as a table (V, D)
print("and backward:", np.allclose(theirs, look_up_backward(dh, v, 6), rtol=0, atol=1e-12))

# %% [markdown]
# CBOW takes the mean of the rows of the words around a place, each with the share $1/C$ where there are $C$ of them.
# Near the ends of a sentence there are fewer, and a mask says which are there. Backward, each row gets its share:
#
# $$ h_n = \sum_c a_{nc} W_{w_{nc}} \qquad dW_v = \sum_{n, c : \; w_{nc} = v} a_{nc} \, dh_n \tag{3} $$
#
# with $a_{nc} = 1/C_n$ where word $c$ is there and 0 where it is not. In the code `a[:, :, None]` has the shape
# (N, C, 1). So broadcasting multiplies each share with a whole row of $D$ numbers.

# %%
around = np.array([[2, 3, 5], [1, 1, 0]])  # (N, C)
there = np.array([[True, True, True], [True, True, False]])
dh = rng.standard_normal((2, 2))

a = there / there.sum(axis=1, keepdims=True)  # (N, C), True counts as 1
h = (a[:, :, None] * W[around]).sum(axis=1)  # (3)  (N, C, 1) * (N, C, D) -> (N, D)
dW = np.zeros_like(W)
np.add.at(dW, around, a[:, :, None] * dh[:, None, :])  # (3)

theirs, cache = context_mean_forward(around, there, W)
their_dW = context_mean_backward(dh, cache).to_dense()
print("the package gives the same, forward:", np.allclose(h, theirs, rtol=0, atol=1e-12))
print("and backward:", np.allclose(dW, their_dW, rtol=0, atol=1e-12))

# %% [markdown]
# ## Second bottleneck: negative sampling
#
# The softmax answers "which of the $V$ words is near this one?". We do not need that answer. We need vectors, and for
# them an easier question will do: "is this word truly near, or did somebody make it up?" It is asked about
# the true word and about $K$ words drawn at random, the noise, say five. This is **negative sampling** (네거티브
# 샘플링), an idea of Mikolov and others (2013).
#
# Each of the $K + 1$ words, $w_0$ being the true one, gets a score, and the sigmoid of chapter 1 makes a probability
# of "truly near" of it. The label $t$ is 1 for the true word and 0 for noise:
#
# $$ s_k = W_{out, \, w_k} \cdot h \tag{4} $$
# $$ L = - \sum_k \big( t_k \log \sigma(s_k) + (1 - t_k) \log (1 - \sigma(s_k)) \big) \tag{5} $$
#
# This is the cross-entropy of chapter 1 with two classes, yes and no, asked $K + 1$ times. A "no" costs
# $-\log(1 - \sigma(s)) = \log(1 + e^s)$, and a "yes" $-\log \sigma(s) = \log(1 + e^{-s}) = \log(1 + e^s) - s$. So each part
# of the sum is $\log(1 + e^{s_k}) - t_k s_k$. The derivative of $\log(1 + e^s)$ is $\sigma(s)$, and the gradient is as
# simple as that of the softmax, the probability given minus the one that should have been given. The rest are sums of
# products:
#
# $$ ds_k = \sigma(s_k) - t_k \tag{6} $$
# $$ dh = \sum_k ds_k \, W_{out, \, w_k} \qquad dW_{out, \, v} = \sum_{k : \; w_k = v} ds_k \, h \tag{7} $$

# %%
h, rows = rng.standard_normal(3), rng.standard_normal((4, 3))
t = np.array([1.0, 0.0, 0.0, 0.0])  # the first word is the true one
s = rows @ h  # (4)  (K + 1, D) @ (D,) -> (K + 1,)
by_five = -(t * np.log(sigmoid(s)) + (1 - t) * np.log(1 - sigmoid(s))).sum()  # (5)
shorter = (np.log1p(np.exp(s)) - t * s).sum()  # log1p(x) is log(1 + x)
print("scores", s.round(2), "probabilities of being truly near", sigmoid(s).round(2))
print(f"loss by (5) {by_five:.4f}, by log(1 + e^s) - t s {shorter:.4f}")

# %% [markdown]
# The cost is now $3 (K + 1) D$ multiply-adds for a pair, a third each for the scores, $dh$ and $dW_{out}$, whatever the
# size of the vocabulary.

# %%
K = 5
noise_cost = 3 * (K + 1) * 100
print(f"D = 100, K = {K}: {noise_cost:,} multiply-adds for a pair")
for size in (1_000, 10_000, 100_000):
    times = softmax_cost(size, 100)[1] / noise_cost
    print(f"V = {size:>7,}: the softmax needs {times:>9,.1f} times as many")

# %% [markdown]
# ### Which noise?
#
# Noise words are drawn by how often they occur, for noise that is all rare words would be too easy to tell. But if
# "the" takes one place in six, it would be one noise word in six, and the many rare words would hardly ever be asked
# about. Raising the counts to a power below 1 lifts the rare words a little. When the inventors tried it, the power
# 0.75 did clearly better than 1, and than 0, which makes all words alike:
#
# $$ P(v) = \frac{\mathrm{count}_v^{0.75}}{\sum_u \mathrm{count}_u^{0.75}} \tag{8} $$
#
# To draw by these probabilities, put pieces of the lengths $P(0), P(1), \ldots$ side by side on a line from 0 to 1.
# A random number between 0 and 1 falls on one of them. The ends of the pieces are the running sums of $P$ (`np.cumsum`).
# `np.searchsorted` finds the piece by halving the line again and again, for as many random numbers at once as one likes.


# %%
def noise_line(counts, power=0.75):
    """Right ends (V,) of the pieces, the last one at 1."""
    P = counts**power / (counts**power).sum()  # (8)
    ends = np.cumsum(P)
    return ends / ends[-1]


def draw_noise(ends, shape, rng):
    """Word ids of the given shape: how many pieces end at or before each random number."""
    return np.searchsorted(ends, rng.random(shape), side="right")


ends = noise_line(counts)
drawn = draw_noise(ends, 200_000, np.random.default_rng(0))
P_noise = np.diff(ends, prepend=0)
print("word      share of the text   P by (8)   share of 200,000 draws")
for word in ("the", "he", "king", "seine", words[-1]):
    share, drawn_share = counts[ids[word]] / counts.sum(), (drawn == ids[word]).mean()
    print(f"{word:<9} {share:>17.5f} {P_noise[ids[word]]:>10.5f} {drawn_share:>24.5f}")
same = np.array_equal(drawn, NoiseSampler(counts).draw(200_000, np.random.default_rng(0)))
print("the package's sampler draws the same words:", same)

# %% [markdown]
# ### When noise hits the target
#
# A noise word may happen to be the true word. Then one and the same row would be pulled towards $h$ and pushed away
# from it. One could draw again, which costs time; one could let it happen; or one leaves that draw out. The package
# does the last, as the original program does. A mask $m$ is 0 for a draw to be left out and 1 for all others, and
# every part of the loss and every $ds_k$ is multiplied by it.
#
# With the mask, and for $N$ pairs at once, whose losses are averaged:


# %%
def choices_forward(h, w, t, m, W):
    """Mean loss, and the cache, for h (N, D), words, labels and mask (N, 1 + K), W (V, D)."""
    rows = W[w]  # (N, 1 + K, D)
    s = (rows * h[:, None, :]).sum(axis=2)  # (4)  (N, 1 + K, D) * (N, 1, D), summed over D
    L = (m * (np.log1p(np.exp(s)) - t * s)).sum() / len(h)  # (5)
    return L, (h, w, t, m, rows, s, W)


def choices_backward(cache):
    """Gradients by h (N, D) and W (V, D)."""
    h, w, t, m, rows, s, W = cache
    ds = m * (sigmoid(s) - t) / len(h)  # (6)
    dh = (ds[:, :, None] * rows).sum(axis=1)  # (7)
    dW = np.zeros_like(W)
    np.add.at(dW, w, ds[:, :, None] * h[:, None, :])  # (7)
    return dh, dW


def against_noise(o, noise):
    """Words, labels and mask (N, 1 + K) for true words o (N,) and noise (N, K)."""
    w = np.concatenate([o[:, None], noise], axis=1)
    t = np.zeros(w.shape)
    t[:, 0] = 1
    m = np.ones(w.shape)
    m[:, 1:] = noise != o[:, None]  # False, which is 0, where noise hits its target
    return w, t, m


# %%
o = np.array([2, 4, 2])
noise = np.array([[5, 2, 5], [0, 3, 0], [4, 4, 1]])  # one hits its target, some stand twice
h, W = rng.standard_normal((3, 4)), rng.standard_normal((6, 4))
L, cache = choices_forward(h, *against_noise(o, noise), W)
dh, dW = choices_backward(cache)

layer = outputs.NegativeSampling(6, 4)
layer.W.data = W
package_L = layer.forward(h, o, noise)
package_dh = layer.backward(1.0)
package_dW = layer.W.grad.to_dense()
print("the package gives the same loss:", np.isclose(L, package_L, rtol=0, atol=1e-12))
print("the same dh:", np.allclose(dh, package_dh, rtol=0, atol=1e-12))
print("the same dW:", np.allclose(dW, package_dW, rtol=0, atol=1e-12))

# %% [markdown]
# And the gradient check of chapter 1, for each of the two arrays by each of its two methods.


# %%
def example_forward(h, W):
    """The loss of the example above, as a function of what can be changed a little."""
    return choices_forward(h, *against_noise(o, noise), W)


def example_backward(dL, cache):
    """The gradients above, times dL."""
    return tuple(dL * gradient for gradient in choices_backward(cache))


findings = check(pair_problem(example_forward, example_backward, {"h": h, "W": W}))
print(f"{len(findings)} comparisons, all right: {all(finding.ok for finding in findings)}")

# %% [markdown]
# ### Another way out: a tree
#
# **Hierarchical softmax** (계층적 소프트맥스) is older (Morin and Bengio, 2005). It keeps the question "which word?" and
# answers it in steps. Put the words at the ends of a tree whose nodes have two branches each. To name a word is to go
# down from the root, the node at the top, and say "left" or "right" at each node: some $\log_2 V$ decisions in place of
# $V$ powers. Each of the $V - 1$ inner nodes has a row in the output table, and $\sigma(s)$ is the probability of going
# left there, $1 - \sigma(s)$ that of going right:
#
# $$ P(o \mid h) = \prod_k \sigma(s_k)^{t_k} \, (1 - \sigma(s_k))^{1 - t_k} \tag{9} $$
#
# over the nodes on the way to $o$, where $t_k$ is 1 if the way goes left and 0 if it goes right. Its negative
# logarithm is equation (5) once more, with nodes in place of words. So `choices_forward` computes it, too; the mask
# fills up the shorter ways.
#
# In a **Huffman tree** (허프만 트리) frequent words sit near the root. It is made by joining the two rarest nodes
# again and again until one is left, and no other tree has shorter ways on average (Huffman, 1952). A heap, from
# Python's `heapq`, hands out the rarest.


# %%
def huffman_ways(counts):
    """Each word's way down: pairs of an inner node (0 .. V - 2) and 1.0 for left, 0.0 for right."""
    heap = [(int(count), word) for word, count in enumerate(counts)]
    heapq.heapify(heap)
    below = [[word] for word in range(len(counts))]  # the words below each node, itself at first
    ways = [[] for _ in counts]
    for inner in range(len(counts) - 1):
        (count_a, a), (count_b, b) = heapq.heappop(heap), heapq.heappop(heap)
        for word in below[a]:
            ways[word].insert(0, (inner, 0.0))  # the new node comes first on the way
        for word in below[b]:
            ways[word].insert(0, (inner, 1.0))
        below.append(below[a] + below[b])
        heapq.heappush(heap, (count_a + count_b, len(below) - 1))
    return ways


def down_the_tree(ways, o):
    """Nodes, labels and mask (N, longest way) for words o (N,), as `choices_forward` takes them."""
    shape = len(o), max(len(way) for way in ways)
    w, t, m = np.zeros(shape, dtype=int), np.zeros(shape), np.zeros(shape)
    for n, word in enumerate(o):
        for k, (node, left) in enumerate(ways[word]):
            w[n, k], t[n, k], m[n, k] = node, left, 1
    return w, t, m


# %%
few = np.array([40, 20, 11, 5, 2, 1])
ways = huffman_ways(few)
for word, way in enumerate(ways):
    turns = " ".join("left" if left else "right" for _, left in way)
    print(f"word {word}, {few[word]:>2} times: {turns}")
h, nodes = rng.standard_normal((3, 4)), rng.standard_normal((5, 4))
each = [choices_forward(h[:1], *down_the_tree(ways, [word]), nodes)[0] for word in range(6)]
print(f"the probabilities of all words add up to {np.exp(-np.array(each)).sum():.6f}")

layer = outputs.HierarchicalSoftmax(few, 4)
layer.W.data = nodes
ours = choices_forward(h, *down_the_tree(ways, o), nodes)[0]
print("the package gives the same loss:", np.isclose(ours, layer.forward(h, o), rtol=0, atol=1e-12))

# %%
lengths = HuffmanTree(counts).lengths  # the package's tree of our language
mean_length = (counts * lengths).sum() / counts.sum()
ours = [len(way) for way in huffman_ways(counts)]
print("our tree has ways as long as the package's:", ours == lengths.tolist())
print(f'way to "the" {lengths[0]}, to the rarest words {lengths.max()}, mean {mean_length:.1f}')
print(f"log2 of V is {np.log2(V):.1f}")

figure, axes = new_figure(7, 3.6)
axes.set_axis_off()
places = {}  # of each inner node: over the middle of the words below it, as deep as its way is long
for node in range(len(few) - 1):
    below = [word for word, way in enumerate(ways) if node in dict(way)]
    depth = [passed for passed, _ in ways[below[0]]].index(node)
    places[node] = (np.mean(below), -depth)
for word, way in enumerate(ways):
    path = np.array([places[node] for node, _ in way] + [(word, -len(way))])
    axes.plot(path[:, 0], path[:, 1], color="grey", zorder=0)
    told = f"word {word}\n{few[word]} times"
    axes.text(word, -len(way), told, ha="center", va="top", fontsize=9)
for node, (x, y) in places.items():
    axes.plot(x, y, "o", markersize=22, color="white", markeredgecolor="black")
    axes.text(x, y, f"{node}", ha="center", va="center")
axes.set_title("A Huffman tree: six words below five inner nodes")
axes.margins(0.12, 0.2)
show(figure)

# %% [markdown]
# Of the two, negative sampling is easier to write. The authors of the program word2vec say that it is better for
# frequent words, and the tree for rare ones. What follows is about negative sampling.
#
# ## Frequent words: subsampling
#
# "the" stands near nearly every word, so that it says little about any of them; and yet most pairs have it or another
# such word in them. **Subsampling** (서브샘플링) skips words at random before the pairs are made, a frequent word
# more often than a rare one. Word $v$, with the share $f_v$ of the text, is kept with probability
#
# $$ P_{keep}(v) = \min \Big( 1, \Big( \sqrt{f_v / \theta} + 1 \Big) \frac{\theta}{f_v} \Big) \tag{10} $$
#
# The threshold $\theta$ is 0.001 or less. (This is what the original program does, and the library gensim after it. The
# paper has a slightly different formula: it skips with probability $1 - \sqrt{\theta / f_v}$.)


# %%
def keep_share(counts, threshold):
    """Equation (10) for each word (V,)."""
    f = counts / counts.sum()
    return np.minimum(1, (np.sqrt(f / threshold) + 1) * threshold / f)  # (10)


keep = keep_share(counts, 0.001)
print("word       share of the text     kept")
for word in ("the", "and", "he", "king", "seine", words[-1]):
    print(f"{word:<10} {counts[ids[word]] / counts.sum():>17.2%} {keep[ids[word]]:>8.1%}")
print(f"of all words of the text, {(keep * counts).sum() / counts.sum():.1%} are kept")
theirs = keep_probabilities(counts, 0.001)
print("the package gives the same:", np.allclose(keep, theirs, rtol=0, atol=1e-12))

# %%
figure, (left, right) = new_figure(10, 4, ncols=2)
rank = np.arange(1, V + 1)
for power, colour in zip((1.0, 0.75, 0.5, 0.0), COLOURS, strict=False):
    pieces = np.diff(noise_line(counts, power), prepend=0)
    named = f"power {power}" + (" (share of the text)" if power == 1 else "")
    left.loglog(rank, pieces, color=colour, label=named)
left.legend(fontsize=9)
label(left, "Noise: rare words lifted", "rank of the word (1 is the most frequent)", "probability")
share = np.logspace(-6, -0.5, 300)
for threshold, colour in zip((1e-2, 1e-3, 1e-4), COLOURS, strict=False):
    kept = np.minimum(1, (np.sqrt(share / threshold) + 1) * threshold / share)
    right.semilogx(share, 100 * kept, color=colour, label=f"threshold {threshold:g}")
the = counts[0] / counts.sum()
right.plot(the, 100 * keep[0], "o", color="black", label='"the" of our language')
right.legend(fontsize=9)
label(right, "Subsampling: frequent words thinned out", "share of the word in the text", "kept (%)")
show(figure)

# %% [markdown]
# A skipped word is not there at all. So the words that are left move together, and a window reaches further: in
# "the army of the north", with "of" and "the" skipped, army and north are neighbours. Fewer words to read, and more
# telling pairs: this makes training faster *and* the vectors better, as will be seen below.
#
# ### How far to look
#
# One more random choice. For each position the window is drawn anew, uniformly from 1 to its full size. A neighbour
# at distance $d$ is then used with probability $(\mathrm{window} - d + 1) / \mathrm{window}$, so near words count
# more than far ones, at no cost.


# %%
def pairs_in(line, reach):
    """Each id of a line with the ids near it, as far as the window of its place reaches."""
    pairs = []
    for place, b in enumerate(reach):
        for near in range(max(0, place - b), min(len(line), place + b + 1)):
            if near != place:
                pairs.append((line[place], line[near]))
    return pairs


def draw_pairs(text, keep, window, rng):
    """Ids of words v and of words o near them, (N,) each, for a text that is thinned out."""
    pairs = []
    for line in text:
        line = line[rng.random(len(line)) < keep[line]]  # (10): each word stays with its P_keep
        pairs += pairs_in(line, rng.integers(1, window + 1, len(line)))
    v, o = np.array(pairs).T
    return v, o


WINDOW = 5
all_pairs = draw_pairs(text, np.ones(V), WINDOW, np.random.default_rng(0))
pairs = draw_pairs(text, keep, WINDOW, np.random.default_rng(0))
for name, (v, o) in [("all words kept", all_pairs), ("thinned out", pairs)]:
    the = ((v == ids["the"]) | (o == ids["the"])).mean()
    print(f'{name:<15} {len(v):>8,} pairs; with "the" in them {the:.0%}')

# %% [markdown]
# ## Training
#
# The loop is that of chapter 3: pairs in random order, mini-batches, gradients, update. The learning rate falls on a
# straight line to zero, which lets the vectors settle at the end. The word vectors start small and random, the output
# table at zero.
#
# The function below is given the way to ask: `gradients(h, o, W_out, rng)` returns the loss, `dh` and `dW_out`. So
# the full softmax, the tree and negative sampling run in one and the same loop.


# %%
def train(gradients, rows_out, epochs=5, lr=2.0, batch=64):
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
            lr_now = lr * (1 - (epoch + start / len(order)) / epochs)  # on a line to zero
            L, dh, dW_out = gradients(W_in[v[chosen]], o[chosen], W_out, rng)
            np.add.at(W_in, v[chosen], -lr_now * dh)  # (2), only the rows that were looked up
            W_out -= lr_now * dW_out
            batch_losses.append(L)
        after.append(W_in.copy())
        history.append(np.mean(batch_losses))
        count += len(v)
    return {"W_in": W_in, "W_out": W_out, "after": after, "history": history, "pairs": count}


# %%
def by_softmax(h, o, W_out, rng):
    """Equation (1) for h (N, D) and true words o (N,)."""
    L, cache = outputs.full_softmax_forward(h, o, W_out)
    return L, *outputs.full_softmax_backward(1.0, cache)


def by_noise(h, o, W_out, rng):
    """Equations (4) to (8)."""
    L, cache = choices_forward(h, *against_noise(o, draw_noise(ends, (len(o), K), rng)), W_out)
    return L, *choices_backward(cache)


def by_tree(h, o, W_out, rng):
    """Equations (4) to (7) for the nodes of equation (9)."""
    nodes, left, mask = tree.paths(o)
    L, cache = choices_forward(h, nodes, left, mask, W_out)
    return L, *choices_backward(cache)


tree = HuffmanTree(counts)
runs = {
    "full softmax": train(by_softmax, V, epochs=5),
    "tree": train(by_tree, V - 1, epochs=5),
    "negative sampling": train(by_noise, V, epochs=8),
}

# %%
cost = {  # multiply-adds for a pair
    "full softmax": 3 * V * D,
    "tree": 3 * D * tree.lengths[pairs[1]].mean(),
    "negative sampling": 3 * (K + 1) * D,
}
for name, run in runs.items():
    first, last = run["history"][0], run["history"][-1]
    spent = f"{run['pairs']:,} pairs, {cost[name] * run['pairs']:>13,.0f} multiply-adds"
    print(f"{name:<18} {spent}, loss {first:.2f} to {last:.2f}")
times = cost["full softmax"] / cost["negative sampling"]
print(f"for a pair, the softmax needs {times:.1f} times as many as negative sampling")

# %% [markdown]
# An easier question teaches less each time, so negative sampling gets more epochs. The losses cannot be compared: the
# first two ask which of all words it is, the third asks six questions of yes or no. (Knowing nothing costs the softmax
# $\log V$, and six questions $6 \log 2$.) What can be compared is what the vectors know.
#
# ### What negative sampling learns
#
# Before that, a look at what the scores become. Take one word $v$ and one word $o$. Among all questions about them,
# let the answer be yes $C_{vo}$ times; this is the entry of the co-occurrence matrix of chapter 2. As noise, $o$ is
# drawn about $K P(o)$ times for each of the $C_v$ pairs that $v$ has. The part of the loss that has their score $s$ in
# it is
#
# $$ C_{vo} \log(1 + e^{-s}) + C_v K P(o) \log(1 + e^s) $$
#
# Its derivative by $s$ is $- C_{vo} (1 - \sigma(s)) + C_v K P(o) \, \sigma(s)$. That is zero where
# $\sigma(s) / (1 - \sigma(s)) = C_{vo} / (C_v K P(o))$. The left side is $e^s$, so
#
# $$ s = \log \frac{C_{vo}}{C_v \, P(o)} - \log K \tag{11} $$
#
# The fraction is the share of $o$ among the words near $v$, over its share among the noise. Its logarithm is the
# pointwise mutual information of chapter 2, with $P(o)$ of equation (8). So predicting with noise and counting with PMI
# look for the same thing, but for a constant (Levy and Goldberg, 2014). A score is a product of two rows with $D$
# numbers each, so it can be reached only roughly, as with the singular value decomposition.
#
# Does it come out? The cell below prints a correlation. It would be 1 if all points lay on one rising line, and near 0
# if the learned scores had nothing to do with (11).

# %%
C = np.zeros((V, V))
for seed in range(5):
    np.add.at(C, draw_pairs(text, keep, WINDOW, np.random.default_rng(seed)), 1)  # count them
v, o = np.nonzero(C >= 20)  # pairs that are frequent enough
wanted = np.log(C[v, o] / (C.sum(axis=1)[v] * P_noise[o])) - np.log(K)  # (11)
run = runs["negative sampling"]
learned = (run["W_in"][v] * run["W_out"][o]).sum(axis=1)  # (4)
correlation = np.corrcoef(wanted, learned)[0, 1]
print(f"{len(v):,} pairs of words; correlation of (11) with the learned scores: {correlation:.2f}")

figure, axes = new_figure(6.5, 4.4)
axes.plot(wanted, learned, ".", color=COLOURS[0], alpha=0.3)
line = np.array([wanted.min(), wanted.max()])
axes.plot(line, line, color="black", label="both the same")
axes.legend()
label(axes, "What is learned is a PMI", "PMI less log K, by (11) (nats)", "learned score s")
show(figure)

# %% [markdown]
# The cloud on the right, below the line, holds the words that belong together most, such as france and seine. Their
# scores have to grow furthest, and eight epochs are too few for that. With three times as many the cloud reaches the
# line.
#
# ## Similarity and analogies
#
# How alike two words are is the cosine of their vectors, as in chapter 2. Give all vectors the length 1 first, and a
# cosine is a dot product: $u_v = x_v / |x_v|$ for the vector $x_v$ of word $v$.


# %%
def unit(x):
    """Rows of x (V, D) at length 1."""
    return x / np.sqrt((x**2).sum(axis=1, keepdims=True))


def nearest(word, x, count=4):
    """The words of the largest cosine with a word, among those that ``x`` has rows for."""
    cosines = unit(x) @ unit(x)[ids[word]]  # (V, D) @ (D,) -> (V,)
    cosines[ids[word]] = -np.inf  # not the word itself
    return [words[k] for k in np.argsort(-cosines)[:count]]


x = runs["negative sampling"]["W_in"]
usual = (counts >= 10).sum()  # the first rows: words that occur ten times or more
vectors = KeyedVectors(words[:usual], x[:usual])
same = True
for word in ("king", "paris", "tiber", "korean", "he"):
    near = nearest(word, x[:usual])
    same = same and near == [name for name, _ in vectors.most_similar(word, 4)]
    print(f"{word:<7}", ", ".join(near))
print("the package gives the same:", same)

# %% [markdown]
# Words of the same kind come near each other, a river to the rivers and a language to the languages, though no sentence
# ever said what kinds there are. Not only these: near paris there are words that stand beside it, such as mayor. Words
# that occur less than ten times have been left out. They have hardly moved from their random beginnings and may be near
# anything. For the same reason most programs leave words below a smallest count, five say, out of the vocabulary
# altogether.
#
# An **analogy** (유추) is a question such as "man is to king as woman is to ?". If the step from man to king is the
# same as that from woman to queen, then $u_{king} - u_{man} + u_{woman}$ comes out near $u_{queen}$. So the answer to
# "$a$ is to $b$ as $c$ is to ?" is the word with the largest cosine with $u_b - u_a + u_c$. As the length of that sum
# is the same for every word, we may as well compare
#
# $$ \mathrm{3CosAdd}: \qquad \arg\max_v \; \big( u_v \cdot u_b - u_v \cdot u_a + u_v \cdot u_c \big) \tag{12} $$
#
# where $\arg\max_v$ stands for the word $v$ for which what follows is largest. The answer should be near $b$ and $c$ and
# far from $a$. In a sum, one large cosine can drown the other two. Levy and
# Goldberg (2014) multiply instead, so that each of the three counts by its ratio; the cosines are first shifted to lie
# between 0 and 1, and a small $\varepsilon$ keeps the divisor from being zero:
#
# $$ \mathrm{3CosMul}: \qquad \arg\max_v \; \frac{r_{vb} \; r_{vc}}{r_{va} + \varepsilon} \tag{13} $$
#
# with $r_{vw} = (1 + u_v \cdot u_w) / 2$.
#
# The three given words are no answer; why that rule is needed will be seen.


# %%
def analogy(a, b, c, x, method="add", exclude=True):
    """The word d for which a is to b as c is to d."""
    u = unit(x)
    with_a, with_b, with_c = u @ u[ids[a]], u @ u[ids[b]], u @ u[ids[c]]  # (V,) each
    if method == "add":
        scores = with_b - with_a + with_c  # (12)
    else:
        r_a, r_b, r_c = (1 + with_a) / 2, (1 + with_b) / 2, (1 + with_c) / 2
        scores = r_b * r_c / (r_a + 0.001)  # (13)
    if exclude:
        scores[[ids[a], ids[b], ids[c]]] = -np.inf
    return words[scores.argmax()]


for a, b, c in [("man", "king", "woman"), ("france", "paris", "korea"), ("queen", "king", "witch")]:
    added, multiplied = analogy(a, b, c, x), analogy(a, b, c, x, "mul")
    print(f"{a} is to {b} as {c} is to {added} (3CosMul: {multiplied})")

# %% [markdown]
# Any two pairs of people make four such questions, and so do any two of places: either pair may come first, either way
# round. Here they all are, and the share that is answered rightly.


# %%
def make_questions(groups):
    """All (a, b, c, d) from the first two words of any two groups, both ways round."""
    found = []
    for a, b, *_ in groups:
        for c, d, *_ in groups:
            if a != c:
                found += [(a, b, c, d), (b, a, d, c)]
    return found


questions = {"people": make_questions(PEOPLE), "places": make_questions(PLACES)}


def accuracy(x, **options):
    """The share of questions answered rightly, for each kind; with options of `analogy`."""
    shares = {}
    for kind, asked in questions.items():
        right = [analogy(a, b, c, x, **options) == d for a, b, c, d in asked]
        shares[kind] = np.mean(right)
    return shares


def mean_accuracy(x, **options):
    """The mean over both kinds."""
    return np.mean(list(accuracy(x, **options).values()))


vectors = KeyedVectors(words, x)
same = all(
    analogy(a, b, c, x, method) == vectors.analogy(a, b, c, 1, method)[0][0]
    for method in ("add", "mul")
    for a, b, c, _ in questions["people"]
)
print("the package gives the same answers:", same)

# %%
print(f"{len(questions['people'])} questions about people, {len(questions['places'])} about places")
for name, run in runs.items():
    for method in ("add", "mul"):
        right = accuracy(run["W_in"], method=method)
        told = f"people {right['people']:.1%}, places {right['places']:.1%}"
        print(f"{name:<18} 3Cos{method.title()}: {told}")
print("right after each epoch of negative sampling, given words shut out, and let in:")
for epoch, table in enumerate(runs["negative sampling"]["after"], 1):
    shut_out, let_in = mean_accuracy(table), mean_accuracy(table, exclude=False)
    print(f"  epoch {epoch}: {shut_out:>6.1%} {let_in:>8.1%}")

# %% [markdown]
# The right column is a warning. A word is nearest to itself, and the step from $a$ to $b$ may be shorter than the way
# from $c$ to any other word. Then $u_b - u_a + u_c$ is still nearest to $c$ itself. Our language is so regular that
# its vectors get over this; those of real text do not, as the last section shows. When somebody reports analogies,
# ask whether the given words were shut out.
#
# Now the comparison we wanted: how many multiply-adds does each way need until the vectors know the answers?

# %%
figure, axes = new_figure(7, 4.2)
for (name, run), colour in zip(runs.items(), COLOURS, strict=False):
    spent = cost[name] * run["pairs"] * np.arange(1, len(run["after"]) + 1) / len(run["after"])
    right = [100 * mean_accuracy(table) for table in run["after"]]
    axes.semilogx(spent, right, "o-", color=colour, label=name)
axes.set_ylim(-3, 103)
axes.legend()
label(axes, "What an answer costs", "multiply-adds (a point for each epoch)", "analogies right (%)")
show(figure)

# %% [markdown]
# The curves of negative sampling and of the tree lie far to the left: in all their epochs they did less than a fiftieth
# of the work that the softmax did in its five.
#
# ### The plane
#
# Thirty numbers a word cannot be drawn. **Principal component analysis** (주성분 분석), PCA, finds the plane that
# keeps as much as a plane can. Take away the mean of the vectors, and let $X$ hold what is left. The singular value
# decomposition of chapter 2 sorts the directions by how far the points spread along them, and the first two rows of
# $V^T$ are the axes of the plane:
#
# $$ X = U \, \mathrm{diag}(s) \, V^T \qquad \mathrm{coordinates} = X \, V_{: 2} \tag{14} $$
#
# ($V$ is here the matrix of that chapter, not the size of the vocabulary, and $V_{: 2}$ its first two columns.) The
# spread is the sum of the squares in $X$, and $s_k^2 / \sum_j s_j^2$ is the share of it that direction $k$ holds.


# %%
def plane(points):
    """Coordinates (M, 2) of points (M, D), and the share of the spread along either axis."""
    X = points - points.mean(axis=0)
    _, s, Vt = np.linalg.svd(X, full_matrices=False)
    return X @ Vt[:2].T, s[:2] ** 2 / (s**2).sum()  # (14)


ours, shares = plane(unit(x)[:50])
theirs, package_shares = principal_components(unit(x)[:50])
same = np.allclose(abs(ours), abs(theirs), rtol=0, atol=1e-9)
print("the package gives the same, up to the sign of an axis:", same)
print("and the same shares:", np.allclose(shares, package_shares, rtol=0, atol=1e-12))

# %%
chosen = {
    "people": [word for row in PEOPLE for word in row[:2]],
    "places": [word for row in PLACES for word in row[:2]],
}
figure, panels = new_figure(10, 5, ncols=2)
for axes, (kind, members) in zip(panels, chosen.items(), strict=True):
    places, shares = plane(unit(x)[[ids[word] for word in members]])
    across, up = places.T
    for k in range(0, len(members), 2):  # a pair stands side by side in the list
        axes.plot(across[k : k + 2], up[k : k + 2], color="lightgrey", zorder=0)
    axes.scatter(across[::2], up[::2], s=14, color=COLOURS[0])
    axes.scatter(across[1::2], up[1::2], s=14, color=COLOURS[1])
    named = []
    for word, place in zip(members, places, strict=True):
        named.append(axes.annotate(word, place, (3, 3), textcoords="offset points", fontsize=8))
    axes.margins(0.15)
    first, second = (f"component {k + 1} ({shares[k]:.0%} of the spread)" for k in range(2))
    label(axes, kind, first, second)
    keep_apart(axes, named)  # so that no name stands on another
show(figure)

# %% [markdown]
# Male forms and countries are blue, female forms and capitals orange, and a grey line joins the two words of a pair.
# The lines between places are nearly parallel: the step from a capital to its country is much the same for all. Those
# between people point roughly the same way; the roles spread so far that two directions do not show all of it. That
# is why subtracting and adding answers the questions. In our language this is so because every pair differs in the
# same way. In real text it is roughly so for some relations and not at all for others.
#
# ## How the package makes it fast
#
# Even a good program that goes pair by pair is kept waiting by the memory more than by the multiplying. For each pair
# $K + 2$ rows are read from two big tables and written back, and each number that is read takes part in no more than a
# few multiply-adds. A processor can do dozens of them in the time that it takes to fetch a number from far away in
# memory. What it is best at are products of whole matrices, where each number is used many times.
#
# The way to get there (Ji and others, 2016) is to look at a **block** of neighbouring positions at once, 64 say.
# Their windows overlap, so the same words occur again and again as $v$ and as $o$; each row is fetched once. And all
# of them share one set of noise words, $G$ of them, drawn for the block. We need:
#
# - $X$ (M, D), the rows of $W_{in}$ for the $M$ distinct words of the block;
# - $Z$ (R, D), the rows of $W_{out}$ for the $R$ distinct words that stand around them or are noise;
# - $Y$ (M, R): $Y_{rc}$ is the number of pairs in which word $r$ of $X$ has word $c$ of $Z$ near it;
# - $n_r = \sum_c Y_{rc}$, the number of all pairs of word $r$;
# - $q_c$, the weight of word $c$ as noise: $K / G$ for each time that it was drawn. So the weights add up to $K$ for each
#   pair, as before, but they are spread over $G$ words.
#
# All scores are one product, and the loss is a sum over its entries:
#
# $$ S = X Z^T \tag{15} $$
# $$ Q_{rc} = Y_{rc} + (n_r - Y_{rc}) \, q_c \tag{16} $$
# $$ L = \sum_{rc} \big( Q_{rc} \log(1 + e^{S_{rc}}) - Y_{rc} S_{rc} \big) \tag{17} $$
#
# Why (16)? In $Y_{rc}$ pairs, $c$ is the true word for $r$, which costs $\log(1 + e^S) - S$ each. In the other
# $n_r - Y_{rc}$ pairs of $r$ it is noise with weight $q_c$, which costs $q_c \log(1 + e^S)$. (Where $c$ is the true
# word and is drawn as noise too, it is left out as noise. That is the $- Y_{rc}$.) The way back is as short:
#
# $$ dS = Q \cdot \sigma(S) - Y \qquad dX = dS \, Z \qquad dZ = dS^T X \tag{18} $$
#
# where $Q \cdot \sigma(S)$ goes entry by entry.


# %%
def block_forward(X, Z, Y, q):
    """Loss of a block, summed over its pairs: X (M, D), Z (R, D), Y (M, R), q (R,)."""
    S = X @ Z.T  # (15)  (M, D) @ (D, R) -> (M, R)
    Q = Y + (Y.sum(axis=1, keepdims=True) - Y) * q  # (16)
    L = (Q * np.log1p(np.exp(S)) - Y * S).sum()  # (17)
    return L, (X, Z, Y, Q, S)


def block_backward(cache):
    """Gradients by X (M, D) and Z (R, D)."""
    X, Z, Y, Q, S = cache
    dS = Q * sigmoid(S) - Y  # (18)
    return dS @ Z, dS.T @ X  # (18)


# %% [markdown]
# To fill $Y$ and $q$, the words of the block are numbered anew from 0, and the pairs are counted. The numbering is done by
# `np.unique`: with `return_inverse=True` it gives the distinct ids and, for each id that went in, its place among them.


# %%
def make_block(v, o, drawn):
    """Words of the rows of X and of Z, Y, and q, from pairs v, o (N,) and noise words (G,)."""
    rows, r = np.unique(v, return_inverse=True)
    columns, c = np.unique(np.concatenate([o, drawn]), return_inverse=True)
    Y = np.zeros((len(rows), len(columns)))
    np.add.at(Y, (r, c[: len(o)]), 1)  # one more for each pair
    q = np.bincount(c[len(o) :], minlength=len(columns)) * K / len(drawn)
    return rows, columns, Y, q


B = 64
thinned = [line[rng.random(len(line)) < keep[line]] for line in text]
stream = np.concatenate(thinned)[:B]  # the first 64 positions
reach = rng.integers(1, WINDOW + 1, B)
v, o = np.array(pairs_in(stream, reach)).T  # (N,) each
drawn = draw_noise(ends, B, rng)  # as many noise words
rows, columns, Y, q = make_block(v, o, drawn)

figure, axes = new_figure(8, 4)
image = axes.imshow(Y, cmap="Blues", aspect="auto", interpolation="nearest")
figure.colorbar(image, ax=axes, label="pairs", ticks=range(int(Y.max()) + 1))
axes.set_title(f"Y of a block: {len(v)} pairs of {len(rows)} by {len(columns)} distinct words")
axes.set_xlabel("column c: words around, and noise")
axes.set_ylabel("row r: words of the block")
show(figure)

# %% [markdown]
# Is it still the same loss? Equation (5), with all $G$ noise words asked about in each pair, and with the mask $K/G$ in
# place of 1 for the noise that counts, has to give the same sum and the same gradients. `choices_forward` can do that;
# `np.tile` lays the noise words down once for each pair.

# %%
W_in, W_out = rng.standard_normal((V, D)) / 4, rng.standard_normal((V, D)) / 4
L_block, cache = block_forward(W_in[rows], W_out[columns], Y, q)
dX, dZ = block_backward(cache)

w, t, m = against_noise(o, np.tile(drawn, (len(o), 1)))  # (N, 1 + G)
m[:, 1:] *= K / len(drawn)
L_pairs, cache = choices_forward(W_in[v], w, t, m, W_out)
dh, dW_out = choices_backward(cache)
dW_in = look_up_backward(dh, v, V)
n = len(v)  # choices_forward took the mean over so many pairs, and the block their sum
print("pair by pair the loss is the same:", np.isclose(L_block, n * L_pairs, rtol=1e-12, atol=0))
print("and dX:", np.allclose(dX, n * dW_in[rows], rtol=0, atol=1e-10))
print("and dZ:", np.allclose(dZ, n * dW_out[columns], rtol=0, atol=1e-10))

# %%
S, scores_cache = skip_gram_block.skip_gram_scores_forward(W_in[rows], W_out[columns])
Q = skip_gram_block.skip_gram_weights(Y, Y.sum(axis=1), q)
their_L, loss_cache = skip_gram_block.skip_gram_loss_forward(S, Y, Q)
dS = skip_gram_block.skip_gram_loss_backward(1.0, loss_cache)
their_dX, their_dZ = skip_gram_block.skip_gram_scores_backward(dS, scores_cache)
print("the package gives the same loss:", np.isclose(L_block, their_L, rtol=1e-12, atol=0))
print("the same dX:", np.allclose(dX, their_dX, rtol=0, atol=1e-10))
print("the same dZ:", np.allclose(dZ, their_dZ, rtol=0, atol=1e-10))

# %% [markdown]
# Those functions are in [`skip_gram_block.py`](../scratchnn/word2vec/skip_gram_block.py). Filling $Y$ word by word in
# Python would take longer than the products. [`blocks.py`](../scratchnn/word2vec/blocks.py) prepares all blocks of a
# long piece of text together, with a few NumPy calls on arrays of all its pairs. It may put the words of a block into
# another order, so both are compared as tables of the whole vocabulary: `ours[np.ix_(rows, columns)]` stands for the
# entries where those rows and those columns meet.

# %%
sizes = {"window": WINDOW, "block": B, "vocabulary_size": V, "negative": K}
sentence = np.zeros(B, dtype=int)  # all of them in one sentence
package_block = SkipGramBlocks(stream, sentence, reach, drawn[None], **sizes).block(0)
ours, theirs = np.zeros((V, V)), np.zeros((V, V))
ours[np.ix_(rows, columns)] = Y
theirs[np.ix_(package_block.inputs, package_block.outputs)] = package_block.Y
print("the package counts the same pairs:", np.array_equal(ours, theirs))
ours, theirs = np.zeros(V), np.zeros(V)
ours[columns], theirs[package_block.outputs] = q, package_block.q
print("and has the same noise weights:", np.allclose(ours, theirs, rtol=0, atol=1e-6))

# %% [markdown]
# What does a block cost? Count for this block the multiply-adds of its three products, and the rows that are read and
# written; and the same for its pairs one by one.

# %%
M, R, N = len(rows), len(columns), len(v)
print("for a pair, in units of D     multiply-adds   rows moved   multiply-adds for a number moved")
for name, products, moved in [
    ("pair by pair, K = 5 noise words", 3 * (K + 1), 2 * (K + 2)),
    (f"in a block, G = {B} noise words", 3 * M * R / N, 2 * (M + R) / N),
    ("full softmax, pair by pair", 3 * V, 2 * (V + 1)),
]:
    print(f"{name:<33} {products:>8.1f} {moved:>12.1f} {products / moved:>16.1f}")
print(f"the full softmax needs {3 * V / (3 * M * R / N):.0f} times the multiply-adds of the block")

# %% [markdown]
# A surprise: the block does *more* multiply-adds than the pairs one by one, because it asks about every pair of words
# in it, not only about five noise words at a time. Yet it moves a small part of the rows, and it gets dozens of
# multiply-adds out of each number that it has fetched. That is the better bargain. And the scores are not wasted: each
# pair is told from all noise of its block.
#
# ### CBOW in blocks
#
# The means of equation (3) are a product as well, $H = A X$, with the shares $a$ in the rows of $A$. Each position $t$
# has one true word, with row $T_t$ of $W_{out}$. $N$ holds the rows of the block's noise words, and $R$ now their scores:
#
# $$ H = A X \qquad s_t = H_t \cdot T_t \qquad R = H N^T \tag{19} $$
# $$ L = \sum_t \log(1 + e^{-s_t}) + \sum_{tk} Q_{tk} \log(1 + e^{R_{tk}}) \tag{20} $$
# $$ ds_t = \sigma(s_t) - 1 \qquad dR_{tk} = Q_{tk} \, \sigma(R_{tk}) \tag{21} $$
# $$ dH_t = ds_t \, T_t + \sum_k dR_{tk} \, N_k \qquad dX = A^T dH \tag{22} $$
#
# where $Q_{tk}$ is the weight $K/G$ of noise word $k$, and 0 where it is the true word of position $t$.

# %%
targets, noise = np.array([3, 1, 4, 1]), np.array([7, 4, 9])  # (M,), (G,); word 4 is in both
A = np.array([[0.5, 0.5, 0, 0], [0, 0.5, 0, 0.5], [1, 0, 0, 0], [0.25, 0.25, 0.25, 0.25]])  # (M, U)
X, T, N = rng.standard_normal((4, D)) / 4, W_out[targets], W_out[noise]
Q = K / len(noise) * (targets[:, None] != noise)  # (M, G)

H = A @ X  # (19)
s, R = (H * T).sum(axis=1), H @ N.T  # (19)
L = np.log1p(np.exp(-s)).sum() + (Q * np.log1p(np.exp(R))).sum()  # (20)
ds, dR = sigmoid(s) - 1, Q * sigmoid(R)  # (21)
dX = A.T @ (ds[:, None] * T + dR @ N)  # (22)

w, t, m = against_noise(targets, np.tile(noise, (4, 1)))
m[:, 1:] *= K / len(noise)
mean, cache = choices_forward(H, w, t, m, W_out)
print("position by position the loss is the same:", np.isclose(L, 4 * mean, rtol=1e-12, atol=0))
print("and dX:", np.allclose(dX, A.T @ (4 * choices_backward(cache)[0]), rtol=0, atol=1e-12))

s, R, scores_cache = cbow_block.cbow_scores_forward(X, T, N, A)
their_L, loss_cache = cbow_block.cbow_loss_forward(s, R, Q)
ds, dR = cbow_block.cbow_loss_backward(1.0, loss_cache)
their_dX, _, _ = cbow_block.cbow_scores_backward(ds, dR, scores_cache)
print("the package gives the same loss:", np.isclose(L, their_L, rtol=1e-12, atol=0))
print("the same dX:", np.allclose(dX, their_dX, rtol=0, atol=1e-12))

# %% [markdown]
# ### The trainer
#
# [`Word2VecTrainer`](../scratchnn/word2vec/training.py) puts it all together. It reads a text file of any length piece
# by piece ([`corpus.py`](../scratchnn/word2vec/corpus.py)), thins it out, draws windows and noise for the whole piece,
# cuts it into blocks, and makes a step for each block ([`tables.py`](../scratchnn/word2vec/tables.py)): look up the
# rows, three products, write the rows back. The words of a block are distinct, so that writing back is a plain
# assignment and nothing gets lost.


# %%
def open_corpus(lines, smallest_count):
    """A corpus of the package, from sentences in memory."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "text.txt")
        path.write_text("\n".join(lines), encoding="utf-8")
        return Corpus([path], smallest_count)


corpus = open_corpus(sentences, 1)
print("the same words in the same order:", corpus.vocabulary.tokens == words)
print("model      subsampling   loss at the end   people    places")
options = {"epochs": 8, "size": D, "seed": 0, "progress": False}
for model, sample in [("skipgram", 0), ("skipgram", 0.001), ("cbow", 0), ("cbow", 0.001)]:
    trainer = Word2VecTrainer(corpus, model, sample=sample, **options)
    right = accuracy(trainer.fit().vectors)
    told = f"{trainer.rows[-1]['loss']:>15.2f} {right['people']:>10.1%} {right['places']:>9.1%}"
    print(f"{model:<10} {sample or 'none':<11} {told}")

# %% [markdown]
# In the lines without subsampling the same model reads all words in each epoch, more than twice as many, and knows
# less for it.
#
# ### The speed table
#
# How fast is it, beside others? gensim is a library for word vectors that many use; its inner loops are compiled. This
# command trains gensim and the package on the same text in turn, each in a process of its own with one thread, and
# prints words per second and their ratio:
#
# ```sh
# python -m benchmarks word2vec --against gensim
# ```
#
# Below is what it printed on a machine with two cores, on 2026-11-21, for two texts: the training text of the Penn
# Treebank, and, with `--text`, the film reviews of the last section. There are 100 dimensions, a window of 5 and 5 noise
# words, and gensim has one worker, as it calls its threads. For comparison there is the program of Saito's book, CBOW on
# the Penn Treebank. It makes the embedding layer and negative sampling as we did at first, in batches of a hundred
# words, and its update goes over every row of both tables each time. It was timed on another day, so only the size of
# its figure counts.

# %%
measured = {  # words per second: the package, gensim
    f"Penn Treebank ({887_521:,} words), skip-gram": (760_038, 442_982),
    f"Penn Treebank ({887_521:,} words), CBOW": (820_302, 1_311_793),
    f"film reviews ({23_268_433:,} words), skip-gram": (694_869, 286_381),
    f"film reviews ({23_268_433:,} words), CBOW": (752_872, 1_033_987),
}
book_CBOW = 920
print(f"{'words per second':<42} {'the package':>11} {'gensim':>10} {'ratio':>6}")
for name, (ours, theirs) in measured.items():
    print(f"{name:<42} {ours:>11,} {theirs:>10,} {ours / theirs:>6.2f}")
print(f"the book's CBOW: {book_CBOW} words per second")

# %% [markdown]
# In skip-gram, where each position makes many pairs, blocks have much to save, and the package is ahead of gensim. In
# CBOW each position asks about one true word only. A program that goes from position to position has little to do, and
# gensim is ahead. Both are hundreds of times as fast as the book's program, which was written to be read. Another machine
# gives other figures. Speed is worth nothing if the vectors get worse for it; the [README](../README.md) compares them,
# too.
#
# ## Where ready-made vectors help
#
# Vectors that were trained on much plain text, and are then used in another task, are called **pretrained vectors**
# (사전 학습 벡터); to carry over what was learned in one task to another is **transfer learning** (전이 학습). Does it
# pay? Let us try. The task: say of a word of our language whether it is a name, a person, a thing, a country, a
# capital, a river or a language. A word is looked up in a table, and a softmax with seven classes follows. Three
# tables: random rows that are learned together with the softmax; the word vectors of this chapter, kept as they are
# (*frozen*); and the word vectors, learned on (*fine-tuned*). Each gets from ten to a thousand labelled words,
# drawn from places of the text, and is asked about words at other places.

# %%
male_and_female = [word for row in PEOPLE for word in row[:2]]
things = [word for row in PEOPLE for word in row[2:]]
countries, capitals, rivers, languages = ([row[k] for row in PLACES] for k in range(4))
kind_of = np.full(V, -1)  # -1 for words such as "the", which have no kind
kinds = (names, male_and_female, things, countries, capitals, rivers, languages)
for kind, members in enumerate(kinds):
    kind_of[[ids[word] for word in members if word in ids]] = kind
labelled = np.concatenate(text)
labelled = labelled[kind_of[labelled] >= 0]  # all places of the text whose word has a kind


def train_tagger(table, v, learn_table, steps=300, lr=2.0):
    """The kind of each word (V,), by a softmax behind a table (V, D), trained on words v (N,)."""
    table, U, b = table.copy(), np.zeros((table.shape[1], 7)), np.zeros(7)
    for _ in range(steps):
        h = table[v]
        _, cache = losses.softmax_cross_entropy_forward(h @ U + b, kind_of[v])
        dz = losses.softmax_cross_entropy_backward(1.0, cache)  # (N, 7)
        if learn_table:
            np.add.at(table, v, -lr * dz @ U.T)  # (2)
        U -= lr * h.T @ dz
        b -= lr * dz.sum(axis=0)
    return (table @ U + b).argmax(axis=1)


# %%
start = rng.standard_normal((V, D)) / np.sqrt(D)
tables = {
    "random, learned": (start, True),
    "pretrained, frozen": (unit(x), False),
    "pretrained, fine-tuned": (unit(x), True),
}
amounts = (10, 30, 100, 300, 1000)
shares_by_table = {name: [] for name in tables}
for name, (table, learn_table) in tables.items():
    for amount in amounts:
        right = []  # of four draws
        for seed in range(4):
            order = np.random.default_rng(seed).permutation(labelled)
            known, asked = order[:amount], order[-4000:]
            found = train_tagger(table, known, learn_table)
            right.append((found[asked] == kind_of[asked]).mean())
        shares_by_table[name].append(np.mean(right))
print("labelled words          ", "".join(f"{amount:>8,}" for amount in amounts))
for name, row in shares_by_table.items():
    print(f"{name:<24}", "".join(f"{share:>8.1%}" for share in row))

# %%
figure, axes = new_figure(7, 4.2)
for (name, row), colour in zip(shares_by_table.items(), COLOURS, strict=False):
    axes.semilogx(amounts, 100 * np.array(row), "o-", color=colour, label=name)
axes.set_ylim(0, 103)
axes.legend(loc="lower right")
label(axes, "Which kind of word is it?", "labelled words to learn from", "right elsewhere (%)")
show(figure)

# %% [markdown]
# With few labels the word vectors are far ahead: who has been told that "seine" is a river, and knows that "tiber" is
# near "seine", can do without a label for "tiber". A random table knows only the words that it has been told about.
# Fine-tuning with few labels does harm here: the rows of the labelled words move, and those of their neighbours stay.
# With many labels nearly every word that will be asked about has been seen, and the head start is gone.
#
# The same has been found in real tasks.
#
# - **Little labelled text: much help.** Labels are made by hand, so a task such as finding the names of people and
#   places in a text has some hundred thousand labelled words, and plain text is there by the billion. Pretrained vectors
#   made names and phrases easier to find (Turian and others, 2010), and the roles of words in a sentence (Collobert and
#   others, 2011). Of the four parts whose effect Lample and others (2016) measured in their name finder, pretrained
#   vectors brought most. Parsers, which find out which word belongs to which, start from them as well (Chen and Manning,
#   2014).
# - **Much text of its own: little help.** A language model learns from plain text itself. Whatever the vectors know is
#   in its own text too, and it needs no labels. A translator learns from millions of sentence pairs. Here pretrained
#   vectors have been less useful, as Andrew Ng says in his course (2018), above all where the task has much data of its
#   own. Kocmi and Bojar (2017) compared them with random beginnings on four tasks, and found them a little better, above
#   all in the speed of learning. Qi and others (2018) took languages for which there is little text to learn from. There
#   the gain can be large, most of all where the translator without them is poor, but not too poor.
#
# Ng sums it up in a rule: carry over from a task with much data to one with little.
#
# ## What goes wrong
#
# > **What goes wrong.** The loss of negative sampling says little. It is a sum of yes-no questions whose difficulty
# > depends on the noise, so it can look good when something is wrong. In the first case below the curve gives nothing
# > away and the gradient check does; in the second the gradient is right, and a look at the cosines reveals all. The
# > third is the one that the loss does show, and soon.
#
# **The mask is forgotten on the way back.** Forward leaves out the noise that hits its target; backward does not, and
# pushes the true word away now and then.


# %%
def faulty_backward(cache):
    """``choices_backward`` with the mask left out."""
    h, w, t, _, rows, s, W = cache
    ds = (sigmoid(s) - t) / len(h)  # (6) without m
    dh = (ds[:, :, None] * rows).sum(axis=1)  # (7)
    dW = np.zeros_like(W)
    np.add.at(dW, w, ds[:, :, None] * h[:, None, :])  # (7)
    return dh, dW


def by_noise_faulty(h, o, W_out, rng):
    """``by_noise`` with the faulty backward pass."""
    L, cache = choices_forward(h, *against_noise(o, draw_noise(ends, (len(o), K), rng)), W_out)
    return L, *faulty_backward(cache)


right, faulty = runs["negative sampling"], train(by_noise_faulty, V, epochs=8)
print("loss in each epoch, right: ", " ".join(f"{L:.2f}" for L in right["history"]))
print("mask forgotten in backward:", " ".join(f"{L:.2f}" for L in faulty["history"]))

# %%
o = np.array([2, 4, 2])  # as in the gradient check of the right one
noise = np.array([[5, 2, 5], [0, 3, 0], [4, 4, 1]])
h, W = rng.standard_normal((3, 4)), rng.standard_normal((6, 4))
problem = pair_problem(example_forward, lambda dL, cache: faulty_backward(cache), {"h": h, "W": W})
for finding in check(problem):
    print(f"{finding.array:<3} {finding.method:<12} {'right' if finding.ok else 'WRONG'}")

# %% [markdown]
# **Without noise.** If it is enough to say yes to the true word, why ask about noise at all?


# %%
def by_truth_alone(h, o, W_out, rng):
    """No noise: equations (4) to (7) with the true word only."""
    yes = np.ones((len(o), 1))
    L, cache = choices_forward(h, o[:, None], yes, yes, W_out)
    return L, *choices_backward(cache)


def all_cosines(run):
    """The cosine of every word with every other, of words that occur ten times or more."""
    u = unit(run["W_in"])[:usual]
    return (u @ u.T)[np.triu_indices(usual, 1)]  # the entries above the diagonal: each pair once


alone = train(by_truth_alone, V, epochs=8)
print("loss in each epoch, without noise:", " ".join(f"{L:.3f}" for L in alone["history"]))
for name, run in [("with noise", right), ("without noise", alone)]:
    told = f"analogies right {mean_accuracy(run['W_in']):.1%}"
    print(f"{name:<14} mean cosine of two words {all_cosines(run).mean():.2f}, {told}")

# %%
figure, (losses_axes, cosines_axes) = new_figure(10, 4, ncols=2)
epochs = np.arange(1, 9)
drawn_runs = [("right", right, "o-"), ("mask forgotten", faulty, "s--"), ("no noise", alone, "o-")]
for (title, run, style), colour in zip(drawn_runs, COLOURS, strict=False):
    losses_axes.plot(epochs, run["history"], style, color=colour, label=title)
    heights, edges = np.histogram(all_cosines(run), np.linspace(-0.25, 1.0001, 61), density=True)
    cosines_axes.stairs(heights, edges, color=colour, label=title)
losses_axes.legend()
label(losses_axes, "Three losses that fall", "epoch", "mean loss (nats)")
cosines_axes.legend(loc="upper left")
label(cosines_axes, "How alike two words are", "cosine of two word vectors", "density")
show(figure)

# %% [markdown]
# The curves of the right program and of the forgotten mask lie one on the other. The loss without noise is the best of
# all, close to zero: say yes to everything. Nearly all vectors have turned the
# same way, every word is like every other, and a third of the analogies are lost. The noise is not there to make the
# work harder; it is what keeps words apart.
#
# **Blocks too large.** A block adds up what all its pairs ask for and makes one step. A word that occurs many times in
# it is moved by the sum, computed from where it stood at the start. If the sum is too large, the step goes beyond the
# goal, and the next one further back. Here are blocks of three sizes, each stepped on again and again with the learning
# rate 0.05. The loss is the package's, whose form of $\log(1 + e^s)$ does not overflow where $s$ is large.


# %%
def step_on(size, steps=39, lr=0.05):
    """The loss of a pair before each step on one and the same block, and after the last."""
    v, o = all_pairs[0][:size], all_pairs[1][:size]  # nothing thinned out
    rows, columns, Y, q = make_block(v, o, draw_noise(ends, 64, np.random.default_rng(0)))
    X, Z = np.random.default_rng(0).standard_normal((2, V, D)) / np.sqrt(D)
    X, Z, curve = X[rows], Z[columns], []
    for _ in range(steps + 1):
        S, scores_cache = skip_gram_block.skip_gram_scores_forward(X, Z)
        Q = skip_gram_block.skip_gram_weights(Y, Y.sum(axis=1), q)
        L, loss_cache = skip_gram_block.skip_gram_loss_forward(S, Y, Q)
        curve.append(L / size)
        if L / size > 1000:
            break
        dS = skip_gram_block.skip_gram_loss_backward(1.0, loss_cache)
        dX, dZ = skip_gram_block.skip_gram_scores_backward(dS, scores_cache)
        X, Z = X - lr * dX, Z - lr * dZ
    return curve


figure, axes = new_figure(7, 4)
for size, colour in zip((100, 300, 1000), COLOURS, strict=False):
    curve = step_on(size)
    end = f"{curve[-1]:.2f}" if curve[-1] <= 1000 else "more than 1000"
    told = f"loss of a pair {curve[0]:.2f} at first, {end} after {len(curve) - 1} steps"
    print(f"{size:>5} pairs: {told}")
    axes.semilogy(curve, color=colour, label=f"{size} pairs in a block")
axes.legend()
label(axes, "A block, stepped on again and again", "step", "loss of a pair (nats)")
show(figure)

# %% [markdown]
# So the trainer looks at the most frequent word first. It keeps the number of pairs that pull at this word in one step,
# times the learning rate, below a limit, and takes smaller blocks where one word makes up much of the text.

# %%
for sample in (0, 0.001):
    allowed = Word2VecTrainer(corpus, "skipgram", size=D, sample=sample, progress=False).block
    print(f"subsampling {sample or 'none':<6} the trainer takes blocks of {allowed} positions")

# %% [markdown]
# Fewer words to read, better vectors, larger blocks: subsampling helps here for the third time.
#
# ## Real text
#
# Now a text that nobody made for the purpose. The quick run takes the manual that every Python carries. Set
# `SCRATCHNN_FULL=1` to take 100,000 film reviews instead, 23 million words (the data set IMDb; `SCRATCHNN_DATA` names
# the folder where it lies).

# %%
if FULL:
    splits = ("train", "test", "unsup")
    lines = [plain_words(review) for split in splits for review in load_imdb(split)[0]]
    settings = {"size": 100, "sample": 1e-3, "epochs": 2}
    shown = ("good", "terrible", "actor", "french", "zombie", "soundtrack")
    asked = [
        ("man", "king", "woman"),
        ("father", "son", "mother"),
        ("france", "french", "italy"),
        ("good", "better", "bad"),
    ]
else:
    lines = [plain_words(paragraph) for paragraph in python_manual().split("\n\n")]
    settings = {"size": 50, "sample": 1e-4, "epochs": 20}
    shown = ("integer", "string", "exception", "true", "left", "bytes")
    asked = [("integer", "integers", "string"), ("class", "classes", "method")]

trainer = Word2VecTrainer(open_corpus(lines, 5), "skipgram", **settings, seed=0, progress=False)
real = trainer.fit()
print(f"{trainer.words:,} words read in {trainer.epoch} epochs; {len(real):,} word vectors")
for word in shown:
    print(f"{word:<11}", ", ".join(near for near, _ in real.most_similar(word, 6)))
for a, b, c in asked:
    answers = ", ".join(answer for answer, _ in real.analogy(a, b, c, 4))
    print(f"{a} is to {b} as {c} is to: {answers}")

# %% [markdown]
# Whether this is any good, a person can judge by reading. For a number, here is one relation that every English text
# has: words with and without an s at the end (string and strings, return and returns). Both forms have to be among the
# more frequent words. The questions are answered with the given words shut out, and let in. The full run also asks the
# questions that Mikolov and others (2013) published, which are known as the Google analogies.


# %%
def questions_with_s(vectors, first=400, count=400):
    """Questions (a, b, c, d) such as (string, strings, object, objects), of frequent words."""
    usual = set(vectors.words[: 8 * first])
    long = [word for word in vectors.words[:first] if len(word) > 3]
    pairs = [(word, word + "s") for word in long if word + "s" in usual]
    rng, questions = np.random.default_rng(0), []
    for _ in range(count):
        i, j = rng.choice(len(pairs), 2, replace=False)
        questions.append((*pairs[i], *pairs[j]))
    return questions


def share_right(vectors, questions, exclude):
    """3CosAdd over all words, with the three given words shut out or let in."""
    asked = np.array([[vectors.ids[word] for word in question] for question in questions])  # (Q, 4)
    a, b, c = vectors.unit[asked[:, :3].T]  # (Q, D) each
    scores = (b - a + c) @ vectors.unit.T  # (12)  (Q, D) @ (D, V) -> (Q, V)
    if exclude:
        scores[np.arange(len(asked))[:, None], asked[:, :3]] = -np.inf  # three in each row
    return (scores.argmax(axis=1) == asked[:, 3]).mean()


with_s = questions_with_s(real)
print("the first questions:", "; ".join(" ".join(question) for question in with_s[:2]))
print(f"right of {len(with_s)}, given words shut out: {share_right(real, with_s, True):.1%}")
print(f"right of {len(with_s)}, given words let in:   {share_right(real, with_s, False):.1%}")
if FULL:
    google = find("wordsim", ["questions-words.txt.gz", "questions-words.txt"])
    for result in totals(evaluate_analogies(real, google, restrict=30_000)):
        print(f"Google analogies, {result.name}: {result.accuracy:.1%} of {result.covered:,}")

# %% [markdown]
# The manual is a small text, and it shows. Most of the near words make sense, but few questions are answered; millions
# of words make the difference.
#
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch04_word2vec_made_fast.py`, seed 0, 2 epochs of 23,268,433 words,
# > 100 dimensions, 2026-11-21): nearest to "good" are decent, great, bad, fine; to "terrible" horrible, dreadful,
# > horrendous; to "actor" performer, thespian, comedian, actress; to "zombie" horror, werewolf, splatter; to
# > "soundtrack" music, score, synthesizer. Man is to king as woman is to queen; father is to son as mother is to
# > daughter; france is to french as italy is to italian; good is to better as bad is to worse. Of the questions with
# > and without s 27.3% are right, and 5.8% if the given words are let in. Of the Google analogies whose words are
# > among the 30,000 most frequent 25.7% are right (18.2% of the semantic ones, 27.1% of the syntactic ones). In print
# > for a text of this length, 24 million words of news, with 100 dimensions and the 30,000 most frequent words:
# > 19.4%, by CBOW (Mikolov, Chen, Corrado and Dean, 2013, table 2). News has more to say of capitals and currencies
# > than film reviews have, and the questions that are left differ, so the two can only be compared roughly.
#
# In both texts fewer answers are right when the given words are let in.
#
# ## Exercises
#
# ```sh
# python -m scratchnn exercise 4                          # the list
# python -m scratchnn exercise 4.1 --template > my_answer.py
# python -m scratchnn exercise 4.1 my_answer.py           # is it right, and if not, what is off?
# ```
#
# - **4.1** The backward pass of an embedding layer, where ids stand more than once.
# - **4.2** Noise words from random numbers between 0 and 1.
# - **4.3** The gradients of negative sampling for one pair, with noise that may hit its target.
# - **4.4** How likely a word is to be kept when frequent words are thinned out.
# - **4.5** An analogy by 3CosAdd.
# - **4.6** The gradients of a whole block.
#
# Solutions are in [`chapters/solutions/ch04.py`](../chapters/solutions/ch04.py). To train on a text of your own:
# `python -m scratchnn train word2vec --text FILE --model skipgram --out DIR`, and then
# `python -m scratchnn similar DIR WORD` and `python -m scratchnn analogy DIR man king woman`.
#
# ## What comes next
#
# A word vector is the same wherever its word stands. And to all ways of this chapter a sentence is words near each other,
# in no order: "dog bites man" and "man bites dog" make the same pairs. Chapter 5 reads words one after the other and
# remembers what came before.
#
# Sources: Mikolov, Chen, Corrado and Dean, "Efficient Estimation of Word Representations in Vector Space" (2013).
# Mikolov, Sutskever, Chen, Corrado and Dean, "Distributed Representations of Words and Phrases and their
# Compositionality" (2013), for negative sampling and subsampling. Mikolov, Yih and Zweig, "Linguistic Regularities in
# Continuous Space Word Representations" (2013), for analogies. Morin and Bengio, "Hierarchical Probabilistic Neural
# Network Language Model" (2005). Huffman, "A Method for the Construction of Minimum-Redundancy Codes" (1952). Levy
# and Goldberg, "Neural Word Embedding as Implicit Matrix Factorization" (2014), and "Linguistic Regularities in
# Sparse and Explicit Word Representations" (2014). Ji, Satish, Li and Dubey, "Parallelizing Word2Vec in Shared and
# Distributed Memory" (2016). Pearson, "On Lines and Planes of Closest Fit to Systems of Points in Space" (1901).
# Turian, Ratinov and Bengio, "Word Representations: A Simple and General Method for Semi-Supervised Learning" (2010).
# Collobert, Weston, Bottou, Karlen, Kavukcuoglu and Kuksa, "Natural Language Processing (Almost) from Scratch"
# (2011). Chen and Manning, "A Fast and Accurate Dependency Parser using Neural Networks" (2014). Lample, Ballesteros,
# Subramanian, Kawakami and Dyer, "Neural Architectures for Named Entity Recognition" (2016). Kocmi and Bojar, "An
# Exploration of Word Embedding Initialization in Deep-Learning Tasks" (2017). Qi, Sachan, Felix, Padmanabhan and
# Neubig, "When and Why are Pre-trained Word Embeddings Useful for Neural Machine Translation?" (2018). Ng, *Sequence
# Models* (course, 2018). Saito, *Deep Learning from Scratch 2* (2018): its chapter 4 has the embedding layer and
# negative sampling for CBOW.
