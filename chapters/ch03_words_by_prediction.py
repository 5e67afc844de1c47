# %% [markdown] id="ch03-words-by-prediction"
# # 3. Words by prediction
#
# *The queen drinks the ...* You can guess how this goes on: *tea*, perhaps, or *milk*, but neither *street* nor *eats*.
# What does a network have to know in order to guess as well as you do? It has to know that tea and milk are things of one
# kind. This chapter makes networks guess words, first the word that follows, then the word in the middle, then the words
# around it, and looks at what they have learned on the way.
#
# The next cells train the second of these networks with the package, on a made-up language of 31 words. You do not have to
# understand the code yet; the chapter builds all of it.

# %%
from collections import Counter

import numpy as np

from scratchnn.book.examples import ch03 as examples
from scratchnn.book.figures import ch03 as figures
from scratchnn.book.page import FULL, show
from scratchnn.datasets import load_ptb
from scratchnn.functions import softmax
from scratchnn.gradcheck import check, pair_problem
from scratchnn.layers.embedding import embedding_backward, embedding_forward
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.optim import SGD, Adam
from scratchnn.text import Vocabulary, cooccurrence, count_vectors, tokenize
from scratchnn.word2vec import KeyedVectors
from scratchnn.word2vec.nnlm import NNLM, ngrams, nnlm_backward, nnlm_forward
from scratchnn.word2vec.outputs import FullSoftmax
from scratchnn.word2vec.textbook import CBOW, SkipGram

# %%
train_words, _ = examples.make_text(np.random.default_rng(0), 150)
test_words, test_surprise = examples.make_text(np.random.default_rng(1), 500)
vocabulary = Vocabulary.build(train_words, specials=())
train_ids, test_ids = vocabulary.encode(train_words), vocabulary.encode(test_words)
V = len(vocabulary)
# all words but "the", "a", "in" and the full stop
SHOWN = [word for group in examples.GROUPS.values() for word in group]


def cosines(table):
    """The cosines of all pairs of the words in SHOWN."""
    rows = table[vocabulary.encode(SHOWN)]
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return unit @ unit.T


# %%
model = CBOW(V, 8, FullSoftmax(V, 8), rng=np.random.default_rng(0)).astype(np.float64)
first_of_figure = [parameter.data.copy() for parameter in model.parameters()]
optimizer = SGD(model.parameters(), lr=1.0)
five = np.lib.stride_tricks.sliding_window_view(train_ids, 5)  # all runs of five words
around, middle = five[:, [0, 1, 3, 4]], five[:, 2]

order_rng = np.random.default_rng(0)
package_history, views = [], {"at the start": cosines(model.projection.W.data)}
for epoch in range(1, 41):
    order = order_rng.permutation(len(middle))
    batch_losses = []
    for start in range(0, len(order), 20):
        chosen = order[start : start + 20]
        batch_losses.append(model.forward(around[chosen], None, middle[chosen]))
        model.backward(1.0)
        optimizer.step()
        model.clear_gradients()
    package_history.append(np.mean(batch_losses))
    if epoch in (2, 40):
        views[f"after {epoch} rounds"] = cosines(model.projection.W.data)
show(
    figures.cosine_maps(views, examples.GROUPS),
    "3.1",
    "How alike the vectors of any two words are (red: alike). The network was only asked to guess "
    "hidden words from their neighbours. It was not told that there are animals, people, food, "
    "drinks and places, and yet they are there.",
)

# %% [markdown] id="ch03-able"
# ## What you will be able to do
#
# - turn counts into probabilities of the next word, and measure with one number how good they are;
# - explain why a one-hot vector times a matrix is a row look-up, and what that means for the matrix's gradient;
# - write the network of 2003 that predicts the next word, forward and backward, and check its gradients;
# - write two simpler networks, CBOW and skip-gram, that predict words from their neighbours;
# - show that the second of them sees only a table of counts;
# - find a common mistake in code for word vectors, which only some gradient checks reveal.
#
# From earlier chapters you need the network and the gradient check (chapter 1), and the vocabulary, the co-occurrence
# matrix and the cosine (chapter 2). All cells together take less than a minute. The little language is in
# [`examples/ch03.py`](../scratchnn/book/examples/ch03.py).
#
# | letter | meaning | shape |
# |--|--|--|
# | $T$, $t$ | words of a text; a position | |
# | $N$, $n$ | examples of a batch; one of them (in *n-gram* and $n - 1$: the number of words) | |
# | $V$; $v$, $w$, $u$ | words in the vocabulary; some of them | |
# | $c$ | a context, the words from which another is predicted | |
# | $C$, $S$ | counts, $C(c, w)$ or $C_{vw}$, and their sums by row | $(V, V)$, $(V,)$ |
# | $D$, $H$ | numbers in the vector of a word; hidden units | |
# | $E$; $A$, $B$ | tables of word vectors | $(V, D)$ |
# | $M$ | words around the target | |
# | $x$ | the vectors of a context, side by side | $(N, (n - 1) D)$ |
# | $a$, $h$ | sums of the hidden layer; the hidden vector | $(N, H)$ or $(N, D)$ |
# | $z$, $y$ | logits and probabilities of all words | $(N, V)$ |
# | target | the words to be guessed | $(N,)$ |

# %% [markdown] id="ch03-a-little-language"
# ## A little language
#
# To see what a model has learned, you need to know what there is to learn. So the text of this chapter follows a rule. A
# subject, an animal or a person, does something: all of them eat food and drink drinks, animals chase animals and sleep,
# people buy things, call people and walk. Every choice is made with equal probabilities.

# %%
show(
    figures.little_language(),
    "3.2",
    "The rule of the little language. Each sentence is a way from left to right; wherever there is "
    "a choice, all words that are allowed there are equally likely.",
)
print("training set:", " ".join(train_words[:20]), "...")
print(f"{len(train_ids)} words to train on, {len(test_ids)} to test on, V = {V} distinct words")

# %% [markdown] id="ch03-the-vocabulary-is-that-of-chapter"
# The [`Vocabulary`](../scratchnn/text/vocabulary.py) is that of chapter 2: each word has a number, its id, and the most
# frequent word has id 0.
#
# ## Counting
#
# A **language model** (언어 모델) gives a probability to every word that may come next. The obvious way is to count. Let
# $c$ be the context, here the words just before, and $C(c, w)$ the number of times that $w$ followed them in the training
# set. The share of those times is the **relative frequency** (상대도수), and it serves as $P(w \mid c)$, the probability of
# $w$ after $c$:
#
# $$ P(w \mid c) = \frac{C(c, w)}{\sum_u C(c, u)} \tag{1} $$
#
# A model that looks at $n$ words, $n - 1$ of context and the one that follows, is an n-gram model; $n$ is its order. With
# order 1 there is no context at all, and (1) is the share of the word in the text.


# %%
def runs(words, order):
    """All n-grams of a text, n = ``order``, as tuples."""
    return [tuple(words[t : t + order]) for t in range(len(words) - order + 1)]


def counts(seen, text, order):
    """C(c, w) and its sum over w, counted in ``seen``, for each n-gram of ``text``: two rows."""
    whole, context = Counter(runs(seen, order)), Counter()
    for ngram, number in whole.items():
        context[ngram[:-1]] += number  # the sum over u in (1)
    found = [(whole[ngram], context[ngram[:-1]]) for ngram in runs(text, order)]  # 0 if not seen
    return np.array(found).T


def relative_frequencies(seen, text, order):
    """Equation (1) for each n-gram of ``text``, counted in ``seen``; 0 if it does not occur."""
    both, context = counts(seen, text, order)
    return both / np.maximum(context, 1)  # (1)


# %%
pairs = Counter(runs(train_words, 2))
after_drinks = {pair[1]: count for pair, count in pairs.items() if pair[0] == "drinks"}
print("after 'drinks':", after_drinks)
for order in (1, 2, 3, 4, 5):
    new = np.mean(relative_frequencies(train_words, test_words, order) == 0)
    print(f"order {order}: {new:6.1%} of the test set's n-grams never occur in the training set")

# %% [markdown] id="ch03-perplexity"
# ### Perplexity
#
# How good is a language model? Imagine that it has to roll a die to guess the next word. The fewer faces the die has, the
# more the model knows. The **perplexity** (퍼플렉서티) is the number of faces. It is computed from the cross-entropy on a
# text, the mean of $-\log P$ over the words that actually came (chapter 1), by raising $e$ to it:
#
# $$ \mathrm{perplexity} = \exp \Big( - \frac{1}{T} \sum_{t=1}^{T} \log P(w_t \mid c_t) \Big) \tag{2} $$
#
# A model that always hesitates between ten words and gives each a probability of one tenth has perplexity 10. A model that
# knows nothing gives $1/V$ to each and has perplexity $V$. The rule of the little language has a perplexity too, and since
# its probabilities are the true ones, no model can be expected to reach less on a new text.
#
# > **Question.** The next cell counts with one, two, three and four words at a time, and measures the perplexity on the
# > training set and on the test set. Predict: what happens to each of the two as the context becomes longer?
# >
# > <details><summary>Answer</summary>
# >
# > On the training set it falls, and in the end below that of the rule itself: with a long context, the model knows the
# > text by heart. On the test set it becomes infinite, because a single word that was never seen after its context has the
# > probability 0.
# >
# > </details>


# %%
def perplexity(p):
    """Equation (2), for the probabilities (T,) that a model gave to the words of a text."""
    with np.errstate(divide="ignore"):  # log 0 is minus infinity, as it should be
        return np.exp(-np.log(p).mean())  # (2)


print("ten equal probabilities:", perplexity(np.full(7, 0.1)).round(6))
for order in (1, 2, 3, 4):
    old = perplexity(relative_frequencies(train_words, train_words, order))
    new = perplexity(relative_frequencies(train_words, test_words, order))
    print(f"order {order}: perplexity {old:.2f} on the training set, {new:.2f} on the test set")
rule = np.exp(test_surprise / len(test_words))  # (2)
print(f"the rule: {rule:.2f} on the test set")

# %% [markdown] id="ch03-the-longer-the-context"
# The longer the context, the better the model knows the training set by heart, until its perplexity is lower than that of
# the rule itself. But a single n-gram of the test set that was never seen has probability 0, and the perplexity is
# infinite. Never seen does not mean impossible: the number of n-grams grows as $V^n$, and no text is long enough to contain
# them all. The classic remedy is to mix orders, as you would question several witnesses: trust most the one who saw most,
# and where that one is silent, the others still have something to say:
#
# $$ P(w \mid c) = \frac{\sum_k a_k P_k(w \mid c)}{\sum_k a_k} \tag{3} $$
#
# where $P_k$ is (1) with order $k$, the weights $a_k$ are chosen by hand, and both sums leave out the orders whose context
# never occurred. This is one form of **smoothing** (평활화).


# %%
def mixture(seen, text, weights):
    """Equation (3): probabilities of the words of ``text``, with ``weights[k - 1]`` for order k."""
    most = len(weights)
    above = below = 0.0
    for order, weight in enumerate(weights, start=1):
        both, context = counts(seen, text[most - order :], order)  # the same last words for all k
        above = above + weight * both / np.maximum(context, 1)  # (3)
        below = below + weight * (context > 0)  # (3)
    return above / below


mixed = {}
for weights in ((0.1, 0.9), (0.1, 0.2, 0.3, 0.4)):
    mixed[weights] = perplexity(mixture(train_words, test_words, weights))
    value = mixed[weights]
    print(f"orders 1 to {len(weights)} with weights {weights}: {value:.2f} on the test set")
counting = min(mixed.values())

# %% [markdown] id="ch03-a-network-that-counts"
# ### A network that counts
#
# Now do the same by prediction. The simplest network for it has one layer and no bias: the one-hot vector of the previous
# word, times a matrix $Z$ of shape $(V, V)$, gives the logits of the word that follows. So row $v$ of $Z$ has the logits
# after word $v$, and $y_v = \mathrm{softmax}(Z_v)$ the probabilities.
#
# What will it learn? Every time that $w$ follows $v$, the gradient pulls the probabilities of row $v$ a little towards $w$.
# The row comes to rest where all pulls cancel, and that is where each probability equals the share of times that the word
# came. In formulas: let $C_{vw}$ be the number of times that $w$ follows $v$, $S_v$ the sum of row $v$, and $N$ the sum of
# all. By equation (18) of chapter 1, each pair of $v$ and $w$ gives row $v$ the gradient $y_v - \mathrm{onehot}(w)$,
# divided by $N$ for the mean. Row $v$ gets $S_v$ of these, and the one-hot vectors among them add up to $C_v$. So the loss
# and its gradient are
#
# $$ L = - \frac{1}{N} \sum_v \sum_w C_{vw} \log y_{vw} $$
# $$ dZ_v = \frac{1}{N} (S_v \, y_v - C_v) = \frac{S_v}{N} \Big( y_v - \frac{C_v}{S_v} \Big) \tag{4} $$
#
# The gradient is zero if $y_v$ equals $C_v / S_v$, which is the relative frequency (1). Trained long enough, this network
# arrives at the counts.

# %%
C = np.zeros((V, V))
for (v, w), number in pairs.items():
    C[vocabulary.ids[v], vocabulary.ids[w]] = number  # how often w follows v
S = C.sum(axis=1, keepdims=True)  # (V, 1)

Z = np.zeros((V, V))
for step in range(1, 10001):
    y = softmax(Z)
    Z -= 2 * (y - C / S)  # (4), each row with a learning rate of its own, 2 N / S
    if step in (1, 10, 100, 1000, 10000):
        off = abs(softmax(Z) - C / S).max()
        print(f"after {step:>5} steps the largest difference between y and C / S is {off:.4f}")

# %% [markdown] id="ch03-so-prediction-as-such-is-no"
# So prediction as such is no better than counting. A network with one number for each pair of words learns each pair
# separately and knows nothing about a pair it has not seen. What helps is to give it *fewer* numbers than there are pairs.
# Then words have to share them, and what is learned about one word also applies to similar words.
#
# ## What the embedding table is
#
# The words have to become vectors that are shorter than $V$. Give the one-hot vector to a dense layer without bias, with a
# matrix $W$ of shape $(V, D)$. In the sum of the matrix product only one term is not zero:
#
# $$ \mathrm{onehot}(v) \, W = W_v \tag{5} $$
#
# The product of a one-hot vector with $W$ *is* row $v$ of $W$. A one-hot vector is a finger that points at a row of a
# table. You do not have to multiply; you look the row up. So the weights of this layer are a table with a vector for each
# word, the **embedding** (임베딩) table, and training the layer trains the word vectors. Here are five words, one of them
# twice.

# %%
rng = np.random.default_rng(0)
W = rng.standard_normal((6, 3))  # a table of V = 6 words and D = 3 numbers each
ids = np.array([4, 1, 4, 0, 2])  # (T,)
X = np.eye(6)[ids]  # (T, V), one-hot

h = X @ W  # (T, V) @ (V, D) -> (T, D)
print(f"by the product: {X.size * W.shape[1]} multiplications; by the look-up: none")
print("both are the same:", np.array_equal(h, W[ids]))  # (5)

# %% [markdown] id="ch03-look-up-backward"
# And backward? By equation (6) of chapter 1 the gradient with respect to the second factor of a matrix product is $X^T dh$.
# A row of $X^T$ belongs to a word and has a one at each position where this word occurs. With $v_t$ for the id at position
# $t$:
#
# $$ dW = X^T dh \qquad \mathrm{that \; is} \qquad dW_v = \sum_{t : \; v_t = v} dh_t \tag{6} $$
#
# Each vector $dh_t$ goes back to the row that it came from. Three things follow.
#
# - A row whose word does not occur in the batch has gradient zero. SGD does not move it.
# - A word that occurs twice gets the *sum* of two gradients, like everything that is used twice.
# - There is no gradient with respect to the input. An id is a name and not a quantity; it cannot be a little larger.
#
# > **Question.** The table has six rows, and the five ids are 4, 1, 4, 0 and 2. Which rows of the gradient are zero, and
# > which row is the sum of two vectors?
# >
# > <details><summary>Answer</summary>
# >
# > Rows 3 and 5 are zero, since their words do not occur. Row 4 is the sum of $dh$ at the first and at the third position.
# >
# > </details>

# %%
dh = rng.standard_normal((5, 3))
dW_product = X.T @ dh  # (6)  (V, T) @ (T, D) -> (V, D)

dW = np.zeros_like(W)
for t in range(len(ids)):
    dW[ids[t]] += dh[t]  # (6), one word after the other
print("both are the same:", np.allclose(dW, dW_product, rtol=0, atol=1e-12))
print("rows that are zero:", np.flatnonzero(~dW.any(axis=1)))
show(
    figures.look_up(X, dW),
    "3.3",
    "A look-up is a product with one-hot vectors; its backward pass uses their transpose. "
    "The white rows of the gradient belong to words that did not occur.",
)

# %% [markdown] id="ch03-in-the-right-panel-blue"
# In the right panel (blue is below zero, red above), rows 3 and 5 are white: their words did not occur. With a vocabulary
# of 10,000 and a batch of 100 words nearly the whole table would be white. So the package does not make it:
# [`embedding_backward`](../scratchnn/layers/embedding.py) returns a `RowGradient`, which has only the ids and their
# vectors, and the optimizer changes these rows. `to_dense` fills in the zeros.

# %%
y, cache = embedding_forward(ids, W)
gradient = embedding_backward(dh, cache)
print(f"ids {gradient.ids} and rows {gradient.rows.shape} represent a table {gradient.shape}")
same = np.array_equal(y, h) and np.allclose(gradient.to_dense(), dW, rtol=0, atol=1e-12)
print("the package gives the same:", same)

# %% [markdown] id="ch03-the-neural-language-model"
# ## The neural language model
#
# In 2003 Bengio, Ducharme, Vincent and Jauvin combined these parts. Their network, NNLM for short, is the network of
# chapter 1 with a look-up in front. It predicts a word from the $n - 1$ words before it. Each of them is looked up in the
# same table $E$, of shape $(V, D)$, and the vectors are put side by side; that is the **projection layer** (투영층). Then
# come a hidden layer of $H$ units with a tanh, and an output for each word:
#
# $$ x = [E_{w_1}, \ldots, E_{w_{n-1}}] \tag{7} $$
# $$ a = x W_1 + b_1 \qquad h = \tanh(a) \tag{8} $$
# $$ z = h W_2 + b_2 \tag{9} $$
#
# with $W_1$ of shape $((n - 1) D, H)$ and $W_2$ of shape $(H, V)$. The loss is softmax and cross-entropy with the word that
# follows. Because of the shared table, what the network learns about "cat" as the last word of a context helps if "cat" is
# the second last. And if "cat" and "dog" have similar vectors, whatever it learns about one is nearly true of the other.
#
# > <details><summary>The letters of 2003</summary>
# >
# > In the paper, and in the package's [`nnlm.py`](../scratchnn/word2vec/nnlm.py), the table $E$ is called $C$, the hidden
# > layer has the weights $H$ and the bias $d$, and the output layer $U$ and $b$: the logits are $b + U \tanh(d + H x)$,
# > with vectors as columns. An optional matrix $W$ connects the projection layer directly to the logits.
# >
# > </details>

# %%
show(
    figures.neural_language_model(),
    "3.4",
    "Three words of context are looked up in one table; their vectors, side by side, are "
    "the input of the hidden layer.",
)

# %% [markdown] id="ch03-the-backward-pass"
# The backward pass is that of two dense layers and a tanh, as in chapter 1, and then of the look-up. The product with $1 -
# h^2$ is entry by entry:
#
# $$ dW_2 = h^T dz \qquad db_2 = \sum_n dz_n \tag{10} $$
# $$ da = (dz \, W_2^T) \cdot (1 - h^2) \qquad dW_1 = x^T da \qquad db_1 = \sum_n da_n \qquad dx = da \, W_1^T \tag{11} $$
#
# Then $dx$ is cut into its $n - 1$ pieces, each of which goes back to its row by (6):
#
# $$ dE_v = \mathrm{sum \; of \; the \; pieces \; of} \; dx \; \mathrm{that \; were \; looked \; up \; at} \; v \tag{12} $$
#
# The function `np.add.at(table, ids, rows)` computes the sum of (6): it adds each row at its id, one by one.


# %%
def network_forward(words, E, W1, b1, W2, b2):
    """Logits (N, V) for contexts (N, n-1), and the cache."""
    x = E[words].reshape(len(words), -1)  # (7)  (N, n-1, D) -> (N, (n-1) D)
    h = np.tanh(x @ W1 + b1)  # (8)  (N, H)
    z = h @ W2 + b2  # (9)  (N, V)
    return z, (words, x, h, E, W1, W2)


def network_backward(dz, cache):
    """Gradients with respect to E, W1, b1, W2 and b2."""
    words, x, h, E, W1, W2 = cache
    dW2 = h.T @ dz  # (10)
    db2 = dz.sum(axis=0)  # (10)
    da = (dz @ W2.T) * (1 - h**2)  # (11)
    dW1 = x.T @ da  # (11)
    db1 = da.sum(axis=0)  # (11)
    dx = da @ W1.T  # (11)  (N, (n-1) D)
    dE = np.zeros_like(E)
    np.add.at(dE, words.reshape(-1), dx.reshape(-1, E.shape[1]))  # (12)
    return dE, dW1, db1, dW2, db2


def cross_entropy(z, target):
    """Chapter 1's loss of logits z (N, V) for words (N,), and its gradient with respect to z."""
    L, cache = softmax_cross_entropy_forward(z, target)
    return L, softmax_cross_entropy_backward(1.0, cache)


# %% [markdown] id="ch03-the-packages-pair-is-in-nnlm"
# The gradient check of chapter 1 checks our pair, and the package's has to give the same.


# %%
def first_parameters(rng, V, D, H, n):
    """E (V, D), W1 ((n-1) D, H), b1 (H,), W2 (H, V), b2 (V,): random weights, zero biases."""
    E = 0.1 * rng.standard_normal((V, D))
    W1 = rng.standard_normal(((n - 1) * D, H)) / np.sqrt((n - 1) * D)
    W2 = rng.standard_normal((H, V)) / np.sqrt(H)
    return [E, W1, np.zeros(H), W2, np.zeros(V)]


words = np.array([[4, 1, 4], [0, 4, 5]])  # word 4 three times, words 2 and 3 never
first = first_parameters(rng, V=6, D=3, H=4, n=4)
parameters = [p + 0.3 * rng.standard_normal(p.shape) for p in first]  # no bias stays zero
z, cache = network_forward(words, *parameters)
v = rng.standard_normal(z.shape)  # a random cotangent in place of dz
gradients = network_backward(v, cache)

package_z, package_cache = nnlm_forward(words, *parameters)
# the last of its gradients, ignored here, is that of the direct connections
package_dE, *package_rest, _ = nnlm_backward(v, package_cache)
both = zip((z, *gradients), (package_z, package_dE.to_dense(), *package_rest), strict=True)
same = all(np.allclose(ours, package, rtol=0, atol=1e-12) for ours, package in both)
print("the package gives the same:", same)

# %%
named = dict(zip(("E", "W1", "b1", "W2", "b2"), parameters, strict=True))
findings = check(pair_problem(lambda *p: network_forward(words, *p), network_backward, named))
print(f"{len(findings)} comparisons, all right: {all(finding.ok for finding in findings)}")

# %% [markdown] id="ch03-training-it"
# ### Training it
#
# The text is cut into all its n-grams: $n - 1$ words of context, and the word that follows as the correct answer. For the
# little language take $n = 4$, vectors of $D = 4$ numbers, and $H = 12$ hidden units.


# %%
def make_ngrams(ids, n):
    """Contexts (N, n-1) and the words that follow (N,)."""
    N = len(ids) - n + 1
    return np.array([ids[t : t + n - 1] for t in range(N)]), ids[n - 1 :]


train_contexts, train_targets = make_ngrams(train_ids, 4)
test_contexts, test_targets = make_ngrams(test_ids, 4)


def measure(parameters):
    """Perplexity on the training and the test set: equation (2), e to the mean loss."""
    sets = ((train_contexts, train_targets), (test_contexts, test_targets))
    return [np.exp(cross_entropy(network_forward(c, *parameters)[0], w)[0]) for c, w in sets]


def train(parameters, epochs, lr, batch=20, seed=0):
    """SGD in place; the results of ``measure`` before the first epoch and after each."""
    rng = np.random.default_rng(seed)
    curve = [measure(parameters)]
    for _ in range(epochs):
        order = rng.permutation(len(train_targets))
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            z, cache = network_forward(train_contexts[chosen], *parameters)
            _, dz = cross_entropy(z, train_targets[chosen])
            for p, dp in zip(parameters, network_backward(dz, cache), strict=True):
                p -= lr * dp
        curve.append(measure(parameters))
    return np.array(curve)  # (epochs + 1, 2)


# %%
parameters = first_parameters(np.random.default_rng(0), V, D=4, H=12, n=4)
curve = train(parameters, epochs=40, lr=0.2)
size = sum(p.size for p in parameters)
print(f"{size} parameters; a table of all 4-grams would have {V**4:,} entries")
print(f"perplexity on the test set: {curve[0, 1]:.2f} before training, {curve[-1, 1]:.2f} after")
print(f"counting gave {counting:.2f}; the rule itself has {rule:.2f}")
show(
    figures.counting_and_predicting(curve, mixed, rule),
    "3.5",
    "Perplexity by epoch, on both parts of the text. The grey lines are two mixtures of "
    "n-gram counts, the black line is the rule that made the text: nothing can be better.",
)

# %% [markdown] id="ch03-the-network-comes-much-nearer"
# The network comes much nearer to the rule than counting does, although it is small. The reason is in the contexts that the
# training set does not have. Take all 4-grams of the test set that were never seen, and look at the probability that each
# model gives to the word that came.

# %%
unseen = relative_frequencies(train_words, test_words, 4) == 0
by_counting = mixture(train_words, test_words, (0.1, 0.2, 0.3, 0.4))
y = softmax(network_forward(test_contexts, *parameters)[0])  # (N, V)
by_network = y[np.arange(len(test_targets)), test_targets]

print(f"never seen: {unseen.sum()} of {len(unseen)} 4-grams; perplexity on these and the others:")
for name, p in (("counting, orders 1 to 4:", by_counting), ("network:", by_network)):
    print(f"  {name:<24} {perplexity(p[unseen]):6.2f} and {perplexity(p[~unseen]):.2f}")
print("some of them, with the probability of the last word by counting and by the network:")
for t in np.flatnonzero(unseen)[:5]:
    print(f"  {' '.join(test_words[t : t + 4]):<24} {by_counting[t]:.3f} {by_network[t]:.3f}")

# %% [markdown] id="ch03-if-there-is-a-count"
# If there is a count, counting is nearly as good. If there is none, the network still knows what kind of word has to come,
# since it treats words with similar vectors alike. Are the vectors similar? The function `cosines` of the first cells
# compares them as chapter 2 did.
#
# > **Question.** The network has two vectors for each word: its row of $E$, used when the word is part of the context, and
# > its column of $W_2$, used when the word is to be predicted. Food, drinks and places are all followed by a full stop.
# > Which of the two tables can tell them apart?
# >
# > <details><summary>Answer</summary>
# >
# > The columns of $W_2$. In a context, bread, milk and garden all announce the same thing, the end of the sentence, and $E$
# > need not tell them apart. As words to be predicted they are different: one comes after "eats the", another after "drinks
# > the", the third after "in the".
# >
# > </details>


# %%
def nearest_in_group(table):
    """The share of words whose nearest word is in their own group."""
    cosine = cosines(table)
    np.fill_diagonal(cosine, -2)  # no word is nearest to itself
    sizes = [len(group) for group in examples.GROUPS.values()]
    group = np.repeat(np.arange(len(sizes)), sizes)
    return (group[cosine.argmax(axis=1)] == group).mean()


E, W1, b1, W2, b2 = parameters
maps = {
    "rows of $E$: words that are looked at": cosines(E),
    "columns of $W_2$: words that are predicted": cosines(W2.T),
}
show(
    figures.cosine_maps(maps, examples.GROUPS),
    "3.6",
    "The cosines of all pairs of words, by the table that is looked up and by the table "
    "that predicts. Look for the squares on the diagonal: words of one group.",
)
by_E, by_W2 = nearest_in_group(E), nearest_in_group(W2.T)
print(f"nearest word of the same group: {by_E:.0%} by E, {by_W2:.0%} by W2")

# %% [markdown] id="ch03-the-network-was-given-no-groups"
# The network was given no groups. The vectors of $E$ say what a word lets you expect next. That animals and people do
# different things shows in the blocks at the upper left, and nothing else has to show. The columns of $W_2$ say *where* a
# word is expected: milk after "drinks the". There all groups show.
#
# ## CBOW: the word in the middle
#
# If you want the vectors and not a language model, the network can be simpler, and it can look at more than the past.
# Mikolov, Chen, Corrado and Dean (2013) proposed two such models. Both consist of two tables: $A$, of shape $(V, D)$, has
# the word vectors, and $B$, of the same shape, turns a hidden vector into logits. There is no tanh and no bias.
#
# The first is CBOW, "continuous bag of words". It is the exercise in a language course: fill in the gap. It guesses a word,
# the **target** (타깃), from the $M$ words around it. As in the bag of words of chapter 2 their order does not count: the
# hidden vector is the mean of their vectors.
#
# $$ h_n = \frac{1}{M} \sum_{m=1}^{M} A_{w_{nm}} \tag{13} $$
# $$ z = h B^T \tag{14} $$
#
# where $w_{nm}$ is the word at place $m$ of example $n$. Books often draw this with one-hot vectors: by (5) the mean of $M$
# of them times $A$ is the same. The loss is softmax and cross-entropy over all words, a **full softmax** (전체 소프트맥스).

# %%
show(
    figures.cbow_and_skip_gram(),
    "3.7",
    "CBOW predicts one word from its neighbours; skip-gram predicts each neighbour from one "
    "word. Both have a table for the input and a table for the output.",
)

# %% [markdown] id="ch03-the-backward-pass-starts"
# The backward pass starts from the $dz$ of the cross-entropy. Each of the $M$ words has the share $1/M$ in the mean, so
# each gets that share of $dh$, and the shares of repeated words are added:
#
# $$ dh = dz \, B \qquad dB = dz^T h \tag{15} $$
# $$ dA_v = \sum_{n, m : \; w_{nm} = v} \frac{1}{M} \, dh_n \tag{16} $$

# %%
show(
    figures.cbow_shapes(),
    "3.8",
    "CBOW with the shape of every array. The mean removes the axis of the M places; on the way "
    "back, each place gets its share, and the shares are added at the ids of their words.",
)


# %%
def cbow_forward(contexts, targets, A, B):
    """Mean loss of contexts (N, M) and targets (N,), and the cache."""
    h = A[contexts].mean(axis=1)  # (13)  (N, M, D) -> (N, D)
    L, dz = cross_entropy(h @ B.T, targets)  # (14)  (N, D) @ (D, V) -> (N, V)
    return L, (contexts, h, dz, A, B)


def cbow_backward(cache):
    """Gradients with respect to A and B."""
    contexts, h, dz, A, B = cache
    dh = dz @ B  # (15)  (N, V) @ (V, D) -> (N, D)
    dB = dz.T @ h  # (15)  (V, N) @ (N, D) -> (V, D)
    M = contexts.shape[1]
    rows = np.repeat(dh / M, M, axis=0)  # (N M, D), each row M times
    dA = np.zeros_like(A)
    np.add.at(dA, contexts.reshape(-1), rows)  # (16)
    return dA, dB


def windows(ids, reach):
    """The ``reach`` neighbours on both sides of a word (N, 2 reach), and the word itself (N,)."""
    N = len(ids) - 2 * reach
    around = [ids[k : k + N] for k in range(2 * reach + 1) if k != reach]
    return np.stack(around, axis=1), ids[reach : reach + N]


contexts, targets = windows(train_ids, reach=2)
print("contexts", contexts.shape, "targets", targets.shape)
for n in range(3):
    print(f"  {' '.join(vocabulary.decode(contexts[n])):<24} -> {vocabulary.tokens[targets[n]]}")

# %% [markdown] id="ch03-first-check-it-on-random-tables"
# First check it on random tables, against a product with one-hot vectors.

# %%
rng = np.random.default_rng(0)
A, B = rng.standard_normal((V, 4)), rng.standard_normal((V, 4))
some = slice(0, 10)
L, cache = cbow_forward(contexts[some], targets[some], A, B)
dA, dB = cbow_backward(cache)

X = np.eye(V)[contexts[some]].mean(axis=1)  # (N, V), the mean of one-hot vectors
L_onehot, dz = cross_entropy(X @ A @ B.T, targets[some])
same = np.isclose(L, L_onehot) and np.allclose(dA, X.T @ (dz @ B), rtol=0, atol=1e-12)
print("one-hot vectors give the same:", same)

# %% [markdown] id="ch03-first-tables"
# For training, $A$ starts with small random numbers and $B$ with zeros.
#
# > **Question.** What is the loss of the very first batch, before anything has been learned? And which of the two tables
# > does not move in the first step?
# >
# > <details><summary>Answer</summary>
# >
# > All logits are zero, so every word has the probability $1/V$, the loss is $\log V$, and in the first step only $B$
# > moves: by (15), $dh = dz \, B$ is zero as long as $B$ is zero, so nothing arrives at $A$.
# >
# > </details>


# %%
def first_tables(rng, D):
    """A (V, D) and B (V, D)."""
    return [rng.uniform(-0.5 / D, 0.5 / D, (V, D)), np.zeros((V, D))]


def descend(tables, inputs, targets, forward, backward, epochs, lr, batch=20, seed=0):
    """SGD in place; the mean loss of each epoch."""
    rng = np.random.default_rng(seed)
    history = []
    for _ in range(epochs):
        order = rng.permutation(len(targets))
        batch_losses = []
        for start in range(0, len(order), batch):
            chosen = order[start : start + batch]
            L, cache = forward(inputs[chosen], targets[chosen], *tables)
            for table, gradient in zip(tables, backward(cache), strict=True):
                table -= lr * gradient
            batch_losses.append(L)
        history.append(np.mean(batch_losses))
    return np.array(history)


cbow = (contexts, targets, cbow_forward, cbow_backward)
cbow_tables = [table.copy() for table in first_of_figure]  # the tables of Figure 3.1
cbow_history = descend(cbow_tables, *cbow, epochs=40, lr=1.0)
first, last = cbow_history[[0, -1]]
print(f"loss: log V = {np.log(V):.2f}; first epoch {first:.2f}, last epoch {last:.2f}")
print(f"nearest word of the same group: {nearest_in_group(cbow_tables[0]):.0%}")

# %% [markdown] id="ch03-the-packages-cbow-is-a-projection"
# These were the first tables and the batches of figure 3.1. The package's [`CBOW`](../scratchnn/word2vec/textbook.py),
# which it was made with, is a projection followed by an output. It also takes a mask, which says which of the $M$ places
# are filled, so that words near the ends of a text, with fewer neighbours, need not be left out; there it was `None`.

# %%
same = np.allclose(package_history[:5], cbow_history[:5], rtol=0, atol=1e-9)
print("the package gives the same losses:", same)

# %% [markdown] id="ch03-skip-gram-the-words-around"
# ## Skip-gram: the words around
#
# The second model reverses the question. Given the word in the middle, guess each of the words around it, one by one. Every
# pair of neighbours is an example of its own, and the hidden vector is one row of the table:
#
# $$ h_n = A_{v_n} \tag{17} $$
#
# where $v_n$ is the word in the middle. The rest is (14) and (15), and the gradient with respect to $A$ is that of the
# look-up, (6). A text of $T$ words has about $2 r T$ such pairs for a window of $r$.
#
# > **Question.** Both models are trained on the same text for 40 epochs. Which of them ends with the lower loss, and does
# > that mean that it is better?
# >
# > <details><summary>Answer</summary>
# >
# > CBOW ends lower, and it means nothing of the kind. Four neighbours together say much about the word in the middle; one
# > word says little about a single neighbour, which may be any of the four. CBOW has the easier question.
# >
# > </details>


# %%
def skip_gram_forward(centres, targets, A, B):
    """Mean loss of centres (N,) and targets (N,), and the cache."""
    h = A[centres]  # (17)
    L, dz = cross_entropy(h @ B.T, targets)  # (14)
    return L, (centres, h, dz, A, B)


def skip_gram_backward(cache):
    """Gradients with respect to A and B."""
    centres, h, dz, A, B = cache
    dA = np.zeros_like(A)
    np.add.at(dA, centres, dz @ B)  # (15), (6)
    return dA, dz.T @ h  # (15)


def pairs_of(ids, reach):
    """Every word with every neighbour at most ``reach`` away: centres and targets, (N,) each."""
    left = [ids[:-k] for k in range(1, reach + 1)]  # the left words of all pairs at distance k
    right = [ids[k:] for k in range(1, reach + 1)]  # and the right words
    return np.concatenate(left + right), np.concatenate(right + left)


centres, neighbours = pairs_of(train_ids, reach=2)
print(f"{len(train_ids)} words make {len(centres)} pairs")

# %%
A, B = rng.standard_normal((V, 4)), rng.standard_normal((V, 4))
L, cache = skip_gram_forward(centres[:50], neighbours[:50], A, B)
model = SkipGram(V, 4, FullSoftmax(V, 4), rng=rng).astype(np.float64)
model.projection.W.data, model.output.W.data = A, B
package_L = model.forward(centres[:50], neighbours[:50])
model.backward(1.0)
theirs = [parameter.dense_gradient() for parameter in model.parameters()]
both = zip(skip_gram_backward(cache), theirs, strict=True)
same = [np.allclose(ours, package, rtol=0, atol=1e-12) for ours, package in both]
print("the package gives the same:", np.isclose(L, package_L) and all(same))

# %%
skip_gram = (centres, neighbours, skip_gram_forward, skip_gram_backward)
skip_tables = first_tables(np.random.default_rng(0), D=8)
skip_history = descend(skip_tables, *skip_gram, epochs=40, lr=1.0)
print(f"loss: {skip_history[0]:.2f} in the first epoch, {skip_history[-1]:.2f} in the last")
print(f"nearest word of the same group: {nearest_in_group(skip_tables[0]):.0%}")
show(
    figures.two_questions(skip_history, cbow_history, V),
    "3.9",
    "Both losses fall, but they must not be compared: they answer questions of different "
    "difficulty.",
)

# %% [markdown] id="ch03-the-two-losses-must-not-be"
# The two losses must not be compared. A loss is good or bad only relative to the best possible loss for its question, and
# for skip-gram we can compute exactly what that is.
#
# ## Counting against predicting
#
# Skip-gram treats a pair of words the same wherever it occurs. So group its examples: let $C_{vw}$ be the number of times
# that $w$ is a neighbour of $v$, the table of co-occurrences of chapter 2. With $Z = A B^T$ as the logits of all words at
# once, its loss is exactly that of the network that counts:
#
# $$ L = - \frac{1}{N} \sum_v \sum_w C_{vw} \log y_{vw}, \qquad y_v = \mathrm{softmax}(Z_v), \qquad Z = A B^T \tag{18} $$
#
# Skip-gram never sees the text, only a table of counts. And its loss cannot fall below that of the counts themselves, with
# $C_{vw} / S_v$ in place of $y_{vw}$, since (4) is zero there.

# %%
C = cooccurrence(train_ids, V, window=2)  # (V, V), the package's counts, as in chapter 2
S = C.sum(axis=1, keepdims=True)  # (V, 1)
N = C.sum()
print("as many counts as pairs:", len(centres) == N)

A, B = skip_tables
y = softmax(A @ B.T)  # (V, V)
from_counts = -(C * np.log(y)).sum() / N  # (18)
from_pairs, _ = skip_gram_forward(centres, neighbours, A, B)
print("both losses are the same:", np.isclose(from_counts, from_pairs))

met = C > 0  # pairs that never occur add nothing to the loss
lowest = -(C[met] * np.log((C / S)[met])).sum() / N
print(f"skip-gram has reached {from_pairs:.3f}; the counts themselves have {lowest:.3f}")

# %% [markdown] id="ch03-two-things-keep"
# Two things keep it from the counts. One is the training: its steps are large and its batches small, so that it keeps
# moving around the minimum. The other is the number of dimensions. $Z = A B^T$ is the product of a tall narrow table and a
# wide low one, as in the SVD of chapter 2, and not every table of logits can be written so. To see the second effect alone,
# use all pairs in every step. With $dZ$ from (4) and the gradients of a matrix product, here is the whole of skip-gram,
# without a text:
#
# $$ dZ = \frac{1}{N} (S \, y - C) \qquad dA = dZ \, B \qquad dB = dZ^T A \tag{19} $$


# %%
def fit_counts(C, D, steps=4000, lr=1.0, seed=0):
    """Skip-gram trained on a table of counts, all at once: A, B and the loss at the end."""
    A, B = first_tables(np.random.default_rng(seed), D)
    S, N = C.sum(axis=1, keepdims=True), C.sum()
    for _ in range(steps):
        dZ = (S * softmax(A @ B.T) - C) / N  # (19)
        dA, dB = dZ @ B, dZ.T @ A  # (19)
        A -= lr * dA
        B -= lr * dB
    return A, B, -(C * np.log(softmax(A @ B.T))).sum() / N


sizes = (1, 2, 3, 4, 6, 8, 16, V)
fitted = {D: fit_counts(C, D) for D in sizes}
losses = [fitted[D][2] for D in sizes]
show(
    figures.narrow_vectors(sizes, losses, lowest),
    "3.10",
    "Skip-gram's loss by the number of dimensions. With more dimensions it approaches the "
    "loss of the counts themselves, which is the lowest possible.",
)
for D, (A, _, loss) in fitted.items():
    share = nearest_in_group(A)
    print(f"D = {D:>2}: loss {loss:.3f}, nearest word of the same group {share:.0%}")

# %% [markdown] id="ch03-with-one-dimension-the-words"
# With one dimension the words are on a line, and the vectors can express little. With eight, hardly anything of the table
# is lost. (The training by batches of pairs above stayed higher with the same eight.) A narrow table is not a defect: it
# has to express in few numbers what a word has in common with others, and so similar words come together.
#
# So which is better, counting or predicting? Both see the same table. Counting takes its logarithms, cuts off what is below
# chance and keeps the largest singular values; predicting fits probabilities. Baroni, Dinu and Kruszewski (2014) compared
# the two on many tasks and found predicting better. Levy, Goldberg and Dagan (2015) found that much of the difference was
# due to settings, which could be transferred to counting. There are practical differences:
#
# - Counting needs the whole table, $V^2$ numbers at worst, and an SVD of it. Predicting takes a mini-batch at a time, and
#   with new text it need not start again.
# - Predicting is not limited to a table. The neural language model sees the order of the words, and the networks of
#   chapters 5 and 6 see whole sentences.

# %%
counted = count_vectors(train_ids, V, window=2, size=8)  # PPMI and SVD, as in chapter 2
tables = {
    "PPMI and SVD": counted,
    "CBOW, table A": cbow_tables[0],
    "skip-gram, table A": skip_tables[0],
}
for title, table in tables.items():
    print(f"{title:<18} nearest word of the same group: {nearest_in_group(table):.0%}")
show(
    figures.cosine_maps(
        {title: cosines(table) for title, table in tables.items()}, examples.GROUPS
    ),
    "3.11",
    "Three ways to make vectors, by counting and by predicting. All of them find the groups "
    "of the little language.",
)

# %% [markdown] id="ch03-all-three-find-the-groups"
# All three find the groups of the little language. Real text has no such clear groups, and you have to measure how good
# vectors are; chapter 4 does so.
#
# ## What goes wrong
#
# > **What goes wrong.** The gradient with respect to a table has to add up what comes back to the same row. In NumPy it is
# > tempting to write `dA[ids] += rows`. That line reads the rows, adds, and writes them back, once for each position: if an
# > id occurs twice, the second result overwrites the first. No error is raised, and the loss goes down.


# %%
def faulty_backward(cache):
    """``cbow_backward`` with the rows of repeated words overwritten instead of added."""
    contexts, h, dz, A, B = cache
    dh = dz @ B  # (15)
    M = contexts.shape[1]
    rows = np.repeat(dh / M, M, axis=0)  # (N M, D)
    dA = np.zeros_like(A)
    dA[contexts.reshape(-1)] += rows  # (16) without its sum; dA[i] = dA[i] + rows is the same
    return dA, dz.T @ h


faulty_cbow = (contexts, targets, cbow_forward, faulty_backward)
right_tables, faulty_tables = (first_tables(np.random.default_rng(0), D=8) for _ in range(2))
right_history = descend(right_tables, *cbow, epochs=60, lr=3.0, batch=100)
faulty_history = descend(faulty_tables, *faulty_cbow, epochs=60, lr=3.0, batch=100)
right, faulty = right_history[-1], faulty_history[-1]
print(f"loss in the last epoch: {right:.2f} with the sum, {faulty:.2f} without")
print(f"nearest word of the same group, without the sum: {nearest_in_group(faulty_tables[0]):.0%}")
show(
    figures.forgotten_sum(right_history, faulty_history, V),
    "3.12",
    "CBOW with the gradients of repeated words added, and with all but the last lost. Seen "
    "alone, the orange curve looks like learning.",
)

# %% [markdown] id="ch03-the-orange-curve"
# The orange curve, seen alone, looks like that of a model which learns, and its vectors are good. You might try more
# dimensions, or another learning rate, or more epochs. The frequent words suffer most, since they occur many times in every
# batch and all of their gradients but one are lost; and those are "the", "a" and the full stop, whose vectors you rarely
# look at. The larger the batch, the more is lost. The gradient check of chapter 1 finds the fault.


# %%
def check_tables(backward, contexts, targets):
    """Compare CBOW's gradients with central differences; name the words whose rows are wrong."""
    rng = np.random.default_rng(0)
    tables = [rng.standard_normal((V, 3)), rng.standard_normal((V, 3))]
    _, cache = cbow_forward(contexts, targets, *tables)
    for name, table, gradient in zip("AB", tables, backward(cache), strict=True):
        differences = np.zeros_like(table)
        for k in np.ndindex(table.shape):  # each entry of the table
            value = table[k]
            table[k] = value + 1e-5
            above, _ = cbow_forward(contexts, targets, *tables)
            table[k] = value - 1e-5
            below, _ = cbow_forward(contexts, targets, *tables)
            table[k] = value
            differences[k] = (above - below) / 2e-5
        wrong = (abs(gradient - differences) > 1e-6 * abs(differences).max()).any(axis=1)  # (V,)
        found = " ".join(vocabulary.decode(np.flatnonzero(wrong)))
        print(f"d{name}: {'WRONG for ' + found if found else 'right'}")


batch_contexts, batch_targets = contexts[:6], targets[:6]
print("six examples:")
check_tables(cbow_backward, batch_contexts, batch_targets)
print("the same, with the faulty backward pass:")
check_tables(faulty_backward, batch_contexts, batch_targets)

# %% [markdown] id="ch03-the-words-named-are-those"
# The words named are those that occur more than once in the six contexts. There is a second trap: a check in which every
# word occurs once finds nothing. Examples made by hand are often of this kind, with ids 0, 1, 2, 3.

# %%
occurs = Counter(batch_contexts.reshape(-1).tolist())
twice = sorted(word for word, number in occurs.items() if number > 1)
repeated = " ".join(vocabulary.decode(twice))
print("more than once in these contexts:", repeated)
print("the faulty backward pass, in a check with ids 0 to 7:")
check_tables(faulty_backward, np.arange(8).reshape(2, 4), batch_targets[:2])

# %% [markdown] id="ch03-so-when-you-check-a-look"
# So when you check a look-up, repeat an id. (The package's own checks do, inside one example and across two.)
#
# ## What it costs
#
# Let $V$ and $D$ be as large as in real use, with $M = 10$ words around. How many multiplications does one example of CBOW
# take?

# %%
print(f"{'V':>9} {'D':>4} {'one-hot products':>17} {'look-ups':>9} {'all logits':>12}")
for size, D in ((V, 8), (10_000, 100), (1_000_000, 300)):
    print(f"{size:>9,} {D:>4} {10 * size * D:>17,} {0:>9} {size * D:>12,}")

# %% [markdown] id="ch03-the-look-up-removes-the-first"
# The look-up removes the first column. The last column remains, forward and twice more backward, and with it $V$
# exponentials: to learn that "milk" comes here, the full softmax computes with every word of the vocabulary. Chapter 4
# shows how to avoid that.
#
# ## A real text
#
# The Penn Treebank, PTB, is newspaper text with nearly a million words to train on, 10,000 of them distinct, on which
# language models have been compared for many years. It has a third part beside the training and the test set, the
# **validation set** (검증 데이터), which is used while settings are still being chosen. With `SCRATCHNN_FULL=1` the next
# cells train the package's model on it; `SCRATCHNN_DATA` names the folder with the text. Otherwise they train on a longer
# text of the little language.
#
# The optimizer is not SGD but Adam, which adapts the learning rate of every single parameter to the size of its past
# gradients (equations in [`optimizers.py`](../scratchnn/optim/optimizers.py)). That helps with rare words, whose rows
# seldom get a gradient.

# %%
if FULL:
    real_train, real_valid = (list(tokenize(load_ptb(part), "word")) for part in ("train", "valid"))
    n, D, H = 5, 60, 100
    batch, lr, rounds = 400, 0.002, 3
    weights, asked = (0.25, 0.45, 0.3), ("monday", "john", "three", "said")
else:
    real_train, _ = examples.make_text(np.random.default_rng(2), 1000)
    real_valid = test_words
    n, D, H = 4, 4, 12
    batch, lr, rounds = 20, 0.01, 3
    weights, asked = (0.1, 0.2, 0.3, 0.4), ()

real_vocabulary = Vocabulary.build(real_train, specials=())
real_train_ids = real_vocabulary.encode(real_train)
real_valid_ids = real_vocabulary.encode(real_valid)
print(f"{len(real_train):,} words to train on, {len(real_valid):,} to validate")
print(f"{len(real_vocabulary):,} distinct words")


# %%
def valid_perplexity(model, ids, batch=400):
    """Equation (2) for the package's model, a batch at a time."""
    words, targets = ngrams(ids, model.order)
    model.evaluate()  # nothing is kept for a backward pass
    total = 0.0
    for start in range(0, len(targets), batch):
        L, number, _ = model.loss((words[start : start + batch], targets[start : start + batch]))
        total += float(L) * number
    model.train()  # back to training
    return np.exp(total / len(targets))


# %%
rng = np.random.default_rng(0)
model = NNLM(len(real_vocabulary), D, H, order=n, rng=rng, direct=False)
optimizer = Adam(model.parameters(), lr=lr)
real_contexts, real_targets = ngrams(real_train_ids, n)
for epoch in range(rounds):
    order = rng.permutation(len(real_targets))
    for start in range(0, len(order), batch):
        chosen = order[start : start + batch]
        model.loss((real_contexts[chosen], real_targets[chosen]))
        model.backward_loss()
        optimizer.step()
        model.clear_gradients()
    optimizer.lr /= 2
    print(f"epoch {epoch + 1}: perplexity {valid_perplexity(model, real_valid_ids):.2f}")
real_counting = perplexity(mixture(real_train, real_valid, weights))
print(f"counting, orders 1 to {len(weights)}: {real_counting:.2f}")

vectors = KeyedVectors(real_vocabulary.tokens, model.C.data)
for word in asked:
    print(f"nearest to {word!r}:", ", ".join(other for other, _ in vectors.most_similar(word, 5)))

# %% [markdown] id="ch03-full-run"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch03_words_by_prediction.py`, seed 0, 2026-11-21): four words of
# > context, 60 numbers per word, 100 hidden neurons. Perplexity on PTB's validation set after the first, second and third
# > epoch: 194.56, 169.91, 163.47. Counting, orders 1 to 3 mixed: 190.47. Published values (Mikolov, 2012, table 4.1), on
# > another part of PTB, its test set: 165.2 for counting of order 3 with the smoothing of Good and Turing, 141.2 for order
# > 5 with that of Kneser and Ney, 140.2 for a network of this kind. Nearest to "three" are two, four, five, several, six;
# > nearest to "john" are william, richard, peter, steven, robert.
#
# Even this short training is well ahead of our mixture of counts. Counting can do better than our mixture: with the
# smoothing of Kneser and Ney it equals a network of this kind. Networks that are not limited to a fixed number of words are
# better still; they are the subject of chapters 5 and 6.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the next
# call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("3.1", embedding_gradient)  # your function: is it right, and if not, what is wrong?
# hint("3.1")
# solution("3.1")
# ```
#
# In a shell, `python -m scratchnn exercise 3` lists them, and `python -m scratchnn learn` goes through them in order
# (chapter 1).
#
# - **3.1** The backward pass of a look-up, from equation (6).
# - **3.2** The number of parameters of the neural language model, including direct connections.
# - **3.3** The perplexity of a text, from logits as large as 1000.
# - **3.4** Predict the shapes on the way through CBOW.
# - **3.5** The backward pass of CBOW's mean, with a mask for missing words.
# - **3.6** The examples of skip-gram, including the ends of the text.
#
# The solutions are in [`ch03.py`](../scratchnn/book/solutions/ch03.py). The package checks all models of this chapter with
# `python -m scratchnn gradcheck nnlm cbow skip-gram embedding`.
#
# ## Where to read on
#
# - Bengio, Ducharme, Vincent and Jauvin, "A Neural Probabilistic Language Model" (2003): the network of this chapter, in
#   the letters of the footnote, and why a table of counts cannot be enough.
# - Mikolov, Chen, Corrado and Dean, "Efficient Estimation of Word Representations in Vector Space" (2013), section 3.1 for
#   CBOW and section 3.2 for skip-gram.
# - Baroni, Dinu and Kruszewski, "Don't Count, Predict!" (2014), and Levy, Goldberg and Dagan, "Improving Distributional
#   Similarity with Lessons Learned from Word Embeddings" (2015): the two sides of the question in the section on counting.
# - Marcus, Santorini and Marcinkiewicz, "Building a Large Annotated Corpus of English: The Penn Treebank" (1993), and
#   Mikolov, *Statistical Language Models Based on Neural Networks* (2012): the text, and how language models are compared
#   on it.
# - Saitoh, *Deep Learning from Scratch 2* (2018): its chapter 3 presents CBOW and skip-gram in this form.
#
# ## What comes next
#
# Half of the work is done: a look-up replaces the product with one-hot vectors. The other half, the softmax over all words,
# is still there. Chapter 4 replaces its question "which of all words?" by "this word or noise?", trains on real text, and
# asks the vectors what is to king as woman is to man.
