# %% [markdown] id="ch09-title"
# # 9. One answer per token
#
# *Tolek shares fell. Tolek said that it was late. They moved to Tolek.* The same word is a company, a person and a town,
# and no dictionary can tell which. How can a network give an answer for **every** word, when each answer depends on the
# words before it, the words after it, the letters inside it, and even on the answers next to it? In chapter 8 a text got
# one label. Here each token gets one, and the labels have to fit together.
#
# The next two cells show where the chapter leads. They train the finished model for a few seconds and draw what it
# thinks of these three sentences. You will build every part of it.

# %%
from itertools import product

import numpy as np

from scratchnn import structured
from scratchnn.book.examples import ch09 as examples
from scratchnn.book.figures import ch09 as figures
from scratchnn.book.page import FULL, show
from scratchnn.core import Model
from scratchnn.functions import log_softmax, logsumexp, softmax
from scratchnn.gradcheck import check, pair_problem
from scratchnn.inspection.tags import plot_f1_by_sentences, plot_transitions
from scratchnn.layers import Dense, Embedding
from scratchnn.losses import softmax_cross_entropy_backward, softmax_cross_entropy_forward
from scratchnn.metrics import accuracy, entity_scores
from scratchnn.models.tagger import Tagger
from scratchnn.models.word_encoder import WordEncoder
from scratchnn.recurrent import LSTM, Bidirectional
from scratchnn.text import schemes, tokenize

names = examples.Names(train=examples.news(600, seed=0), test=examples.news(300, seed=1))
TAGS = examples.TAGS
SIZES = {"embedding_size": 24, "character_size": 12, "character_units": 24}

# %%
sizes = len(names.words), len(names.characters), len(TAGS)
goal = Tagger(*sizes, hidden_size=32, rng=np.random.default_rng(0), **SIZES)
goal_losses = examples.fit(goal, names, epochs=12)
lines = [
    "Tolek shares fell on Monday .",
    "Tolek said that it was late .",
    "They moved to Tolek last year .",
]
three = [(line.split(), ["O"] * len(line.split())) for line in lines]
*inputs, _ = names.batch(three)
with goal.evaluation():
    emissions = goal.forward(*inputs)  # (N, T, K): a score for each tag of each token
crf_weights = [p.data for p in (goal.crf.transitions, goal.crf.start, goal.crf.end)]
marginals = structured.crf_marginals(emissions, *crf_weights, inputs[1])
paths = goal.decode(emissions, inputs[1])
show(
    figures.trellises([words for words, _ in three], TAGS, marginals, paths),
    "9.1",
    "One word, three answers. Each column is a word, each row a possible tag: O for words outside "
    "of names, B and I for the beginning and the inside of a name. The darker a square, the more "
    "probable the tag; the line is the best sequence as a whole. The model has never met the "
    "word Tolek.",
)

# %% [markdown] id="ch09-aims"
# ## What you will be able to do
#
# - write names in a text as one tag per token, and read the names back out of the tags;
# - score a tagger by whole names, and say why the share of right tokens flatters it;
# - show by an experiment what the words on the right, and the letters inside a word, are good for;
# - derive a conditional random field, compute the sum over all tag sequences without writing them down, and go backward
#   through it: probabilities minus truth;
# - find the best sequence with the Viterbi algorithm, and prove both algorithms right by brute force;
# - get more out of a few hundred labelled sentences by starting from word vectors.
#
# The cells take about a minute together. You need LSTMs and reading in both directions (chapter 6), softmax and
# cross-entropy (chapter 1), padding (chapter 2), word vectors (chapters 3 and 4), and the idea of a class label from
# chapter 8. Among the shapes of chapter 5 this is **N:N in step**: one encoding per token goes in, the summary is
# kept at every step, and one answer per token is decoded.
#
# | letter | meaning | shape |
# |--|--|--|
# | $N, T, K$ | sentences, tokens of a sentence, tags | |
# | $D, H$ | numbers per word, units of an LSTM in each direction | |
# | $x_t, h_t$ | vector of word $t$, state after reading it in both directions | $(D,)$, $(2H,)$ |
# | $e_t$ | **emissions**: one score for each tag of token $t$; earlier chapters called them logits | $(K,)$ |
# | $e^{\dots}$ | with an exponent, $e$ is Euler's number, as always | |
# | $M, U$ | letters of a word, distinct words of a batch | |
# | $y_t$ | the tag of token $t$, a number from 0 to $K - 1$ | |
# | $A$ | transitions: $A[i, j]$ is the score of tag $j$ right after tag $i$ | $(K, K)$ |
# | $start, end$ | scores of the first and of the last tag | $(K,)$ |
# | $Z$ | the sum over all tag sequences | |
# | $\alpha_t, \beta_t$ | logarithms of sums over all beginnings, over all endings | $(K,)$ |
# | $\gamma_t$ | probability of each tag at token $t$ | $(K,)$ |
# | $d_t$ | score of the best beginning | $(K,)$ |
#
# The made-up sentences are in [`examples/ch09.py`](../scratchnn/book/examples/ch09.py), the code that only draws in
# [`figures/ch09.py`](../scratchnn/book/figures/ch09.py).
#
# ## Names as tags
#
# Giving each token a label is called **tagging** (태깅). The oldest kind finds the **part of speech** (품사) of each word:
# noun, verb, adjective. Every word has exactly one, so there is nothing to prepare. Finding names is different. A
# **named entity** (개체명) such as *Bank of Tolek* has several words, and most words are in no name at all. How do you
# turn pieces of a sentence into one label per token?
#
# You could label each word with the type of the name it is in: PER, LOC, ORG, or O for *outside*. But look at what
# happens in a list of guests without commas.
#
# > **Question.** A sentence contains *Mira Tovan Bo Kelek*, two persons side by side, and all four words have the label
# > PER. Can you get the two names back?
# >
# > <details><summary>Answer</summary>
# >
# > No. PER PER PER PER can mean one, two, three or four persons. The label has to say where a name *begins*. Four labels
# > B-PER I-PER B-PER I-PER say it: B for the beginning, I for the inside.
# >
# > </details>
#
# This scheme is called IOB2 (Tjong Kim Sang and Veenstra, 1999): the first token of every name has a B, its further
# tokens an I, everything else is O. With three types that makes $K = 7$ tags. Reading the names back is a loop over the
# tags. It has to take any sequence, also one that makes no sense, because a network can predict it: an I that continues
# nothing begins a name of its own.


# %%
def entities(tags):
    """The names in a sentence: a list of (type, first token, the token after the last one)."""
    found = []
    for t, tag in enumerate(tags):
        before = tags[t - 1] if t else "O"
        if tag[0] == "I" and before[2:] == tag[2:]:  # the same type goes on
            found[-1] = (*found[-1][:2], t + 1)
        elif tag != "O":
            found.append((tag[2:], t, t + 1))
    return found


for words, tags in names.train[:3]:
    print("  ".join(f"{word}/{tag}" for word, tag in zip(words, tags, strict=True)))
    print("   ", [(kind, " ".join(words[start:stop])) for kind, start, stop in entities(tags)])
print("nonsense still gives names:", entities(["O", "I-PER", "I-LOC", "B-LOC", "I-LOC"]))
everything = names.train + names.test
same = all(
    entities(tags) == [tuple(one) for one in schemes.entities(tags)] for _, tags in everything
)
print("the package gives the same:", same)

# %% [markdown] id="ch09-schemes"
# The package reads three schemes and learns in the most detailed of them, IOBES, which also marks the last token of a name
# and names of a single token. It says more about where a name may end. IOB2 is easier to read, so this chapter stays
# with it.
#
# ## Count names, not tokens
#
# Before building anything, decide how to judge it. The obvious score is the share of tokens whose tag is right. It has a
# flaw that you can see without a network. Take two bad taggers. The first always answers O. The second ends every name
# one word too early, so it loses names of one word. Neither is of any use for a list of the companies in the news.


# %%
def always_outside(tags):
    return ["O"] * len(tags)


def without_last(tags):
    """The right tags, except that each name ends one word too early."""
    changed = list(tags)
    for _, _, stop in entities(tags):
        changed[stop - 1] = "O"
    return changed


def f1(predicted, true):
    """The F1 of whole names in a list of sentences."""
    said, real = ([set(entities(tags)) for tags in part] for part in (predicted, true))
    both = sum(len(a & b) for a, b in zip(said, real, strict=True))
    return 2 * both / max(sum(map(len, said)) + sum(map(len, real)), 1)  # (1)


test_tags = [tags for _, tags in names.test]
cheats = {"always O": always_outside, "last word missed": without_last}
cheat_scores = {}
for name, cheat in cheats.items():
    predicted = [cheat(tags) for tags in test_tags]
    ids = [
        np.concatenate([names.tags.encode(tags) for tags in part])
        for part in (predicted, test_tags)
    ]
    cheat_scores[name] = accuracy(*ids), f1(predicted, test_tags)
    right, value = cheat_scores[name]
    print(f"{name:<17} {right:6.1%} of the tokens right, F1 {value:.3f}")
theirs = entity_scores(*([entities(tags) for tags in part] for part in (predicted, test_tags)))[1][
    "f1"
]
print("the package gives the same:", np.isclose(f1(predicted, test_tags), theirs))

# %% [markdown] id="ch09-f1"
# Most tokens are in no name, so O is right most of the time. That is why names are scored as wholes. A predicted name
# counts only if its first token, its last token **and** its type are right. With TP for the number of those,
#
# $$ F_1 = \frac{2 \, TP}{(\text{names predicted}) + (\text{names in the text})} \tag{1} $$
#
# It is the harmonic mean of the share of predicted names that are right (precision) and the share of true names that are
# found (recall), the same F1 as in chapter 8, with names in place of texts. One wrong token spoils its whole name. That
# is harsh, and it is what a reader of the result would say too.
#
# ## The network
#
# Now the network, from the bottom to the top. Each word becomes a vector $x_t$. An LSTM in each direction turns the
# vectors into states $h_t$, and a dense layer gives $K$ scores per token:
#
# $$ e_t = h_t W + b \tag{2} $$

# %%
show(
    figures.tagger_shapes(),
    "9.2",
    "The tagger with the shape of every array. The characters of each distinct word are read "
    "once, however often the word occurs; the arrow with the dot copies the result to each of its "
    "tokens.",
)

# %% [markdown] id="ch09-network"
# In code it is a `Model` of three lines forward and two lines backward. The package's `WordEncoder` makes the word
# vectors; what is in it comes two sections below. The loss here is the softmax cross-entropy of chapter 1, one per token,
# with padding left out of the mean. To compare what the words on the right contribute, the recurrent layer is an argument.


# %%
class WordByWord(Model):
    """Ids of words and characters -> emissions (N, T, K); each token is tagged by itself."""

    def __init__(self, data, both_ways=True, reader="lstm", seed=0):
        super().__init__()
        rng = np.random.default_rng(seed)
        sizes = len(data.words), len(data.characters)
        self.encoder = WordEncoder(*sizes, **SIZES, reader=reader, rng=rng)
        D = self.encoder.units
        if both_ways:
            self.recurrent = Bidirectional(LSTM(D, 32, rng=rng), LSTM(D, 32, rng=rng))
        else:
            self.recurrent = LSTM(D, 64, rng=rng)  # as many outputs, from left to right only
        self.output = Dense(64, len(TAGS), rng=rng)

    def forward(self, words, lengths, forms, characters, sizes):
        x = self.encoder.forward(words, forms, characters, sizes)  # (N, T, D)
        h, _ = self.recurrent.forward(x, lengths=lengths)  # (N, T, 2H)
        return self.output.forward(h)  # (2)  (N, T, K)

    def backward(self, de):
        dx, _ = self.recurrent.backward(self.output.backward(de))
        self.encoder.backward(dx)

    def loss(self, batch, state):
        *inputs, tags = batch
        real = np.arange(tags.shape[1]) < inputs[1][:, None]  # (N, T): not padding
        L, cache = softmax_cross_entropy_forward(self.forward(*inputs), tags, real)
        self.push(cache)
        return L, int(inputs[1].sum()), None

    def backward_loss(self, dL=1.0):
        self.backward(softmax_cross_entropy_backward(dL, self.pop()))

    def decode(self, e, lengths):
        return e.argmax(axis=2)


def tag(model, data, tagged):
    """The tags that a model gives to words of sentences; ``data`` has its vocabularies."""
    *inputs, _ = data.batch(tagged)
    with model.evaluation():
        ids = model.decode(model.forward(*inputs), inputs[1])
    return data.tags_of(ids, inputs[1])


def score(model, data, tagged):
    return f1(tag(model, data, tagged), [tags for _, tags in tagged])


# %% [markdown] id="ch09-why-both-directions"
# ## Why both directions
#
# The made-up news of this chapter says what a name is in one of three places, and each sentence uses only one of them:
#
# - *They moved to* **Tolek** *last year.* The evidence is on the **left**.
# - **Tolek** *shares fell on Monday.* It is on the **right**; reading from left to right, the network has to answer before
#   it has seen it.
# - *Few had heard of* **Mardaburg***.* Nothing around the word helps; the evidence is its **spelling**.
#
# In the first two kinds, endings are misleading on purpose: a person can be called Mardaburg. All names are invented for
# each sentence, so that hardly any test name occurs in training.
#
# > **Question.** Three networks are trained: one reads from left to right with characters, one in both directions without
# > characters, one in both directions with characters. Which kind of sentence will each of the first two fail on? Decide
# > before you run the cell.
# >
# > <details><summary>Answer</summary>
# >
# > The first has no access to the right, so it has to guess there. The second sees a new name as `<unk>`, the same for
# > all new names, so it has to guess where only the spelling helps. Only the third has all three kinds of evidence.
# >
# > </details>

# %%
kinds = {kind: examples.news(200, seed=2, kind=kind) for kind in ("left", "right", "spelling")}
readers = {
    "left to right, characters": {"both_ways": False},
    "both directions, no characters": {"reader": "none"},
    "both directions, characters": {},
}
SEEDS = (0, 1, 2)
evidence, word_models = {}, {}
for name, options in readers.items():
    for seed in SEEDS:
        model = WordByWord(names, **options, seed=seed)
        examples.fit(model, names, epochs=12, seed=seed)
        evidence[name, seed] = [score(model, names, tagged) for tagged in kinds.values()]
        word_models[name, seed] = model
    rows = np.array([evidence[name, seed] for seed in SEEDS])
    print(
        f"{name:<31}",
        "  ".join(f"{kind} {s:.2f}" for kind, s in zip(kinds, rows.mean(axis=0), strict=True)),
    )
show(
    figures.evidence(list(kinds), readers, evidence, SEEDS),
    "9.3",
    "F1 on new sentences by where the evidence is; a dot is one of three seeds. Each network "
    "fails where it cannot look.",
)

# %% [markdown] id="ch09-characters"
# The picture is the argument. A network that reads from left to right is the right tool for a language model, which must
# not see the next word. A tagger has the whole sentence in front of it, so there is no reason to hide half of it.
#
# ## Characters inside words
#
# What does the network know about a word that it has never seen? With a table of word vectors: nothing. But the word is
# not a blank. It has a capital letter, an ending, perhaps a digit or a hyphen. So let a second, smaller network read it
# letter by letter. With $x'_1 \dots x'_M$ for the vectors of its $M$ letters, the inputs of that network,
#
# $$ r = [\text{last state of an LSTM over } x'_1 \dots x'_M, \text{ last state of an LSTM over } x'_M \dots x'_1] \qquad
# x_t = [W_e[w_t], \, r] \tag{3} $$
#
# The left part of $x_t$ says *what* the word is, the right part *how it is written*. A batch contains many words more
# than once, so the package reads each distinct form of a batch only once, shape $(U, M)$ for $U$ forms, and copies the
# result to its tokens. Copying forward means adding backward, as for the embedding in chapter 4: the gradient of a form
# is the sum over its tokens. The figure of shapes above has this as the arrow with the dot.
#
# What has the reader learned? Take its vectors of three invented words, and find the words in names of the training part
# whose vectors are nearest by cosine (seed 0).

# %%
speller = word_models["both directions, characters", 0].encoder.reader
pairs = [pair for words, tags in names.train for pair in zip(words, tags, strict=True)]
forms = sorted({word for word, tag in pairs if tag != "O" and len(word) > 4})


def spelled(words):
    """The vectors (U, C) that the reader of characters gives to words, scaled to length 1."""
    _, _, _, characters, sizes, _ = names.batch([(words, ["O"] * len(words))])
    speller.evaluate()
    r = speller.forward(characters, sizes)  # one row per distinct word, in order
    speller.train()
    return r / np.linalg.norm(r, axis=1, keepdims=True)


asked = ["Zabaton", "Wilgoco", "Nurini"]
cosines = spelled(asked) @ spelled(forms).T
for word, row in zip(asked, cosines, strict=True):
    print(f"{word:<10} is spelled like", ", ".join(forms[k] for k in np.argsort(-row)[:5]))
print("letters of a Korean word:", " ".join(tokenize("서울역에서", "letter")))

# %% [markdown] id="ch09-korean"
# The neighbours do not only share an ending: *-ton*, *-burg* and *-ville* are near each other, since all three say *place*.
# Endings that mean the same have come together, as words did in chapter 3. In Korean this matters even more. A particle
# such as 에서 (*at, from*) is written together with its noun, so 서울역에서 is one token, and the part of the sentence that
# says *this is where it happened* is inside the word. For Korean the package can also split syllables into letters (jamo,
# chapter 2), as the last line shows.
#
# ## Answers that do not fit together
#
# For parts of speech, choosing word by word works well. For names it has a weakness. Each token gets its best tag,
# whether or not it fits the tag next to it. In IOB2 an I may follow only a B or an I of its own type. How often does a
# network break this rule? It matters most where it is least sure, so train it on the first hundred sentences only.


# %%
def may_follow(before, tag):
    """Whether IOB2 allows ``tag`` right after ``before``, which is O before the sentence."""
    return tag[0] != "I" or (before != "O" and before[2:] == tag[2:])


def broken(predicted):
    """The number of places where a tag follows one that it must not follow."""
    return sum(
        not may_follow(a, b) for tags in predicted for a, b in zip(["O", *tags], tags, strict=False)
    )


few = examples.Names(train=examples.news(100, seed=0), test=names.test)
word_by_word, comparison = {}, {}
for seed in SEEDS:
    word_by_word[seed] = WordByWord(few, seed=seed)
    examples.fit(word_by_word[seed], few, epochs=15, seed=seed)
    found = tag(word_by_word[seed], few, few.test)
    comparison["softmax", seed] = f1(found, test_tags), broken(found)
    print(f"seed {seed}: {broken(found)} broken rules in {len(found)} sentences")
wrong = [(words, tags) for (words, _), tags in zip(few.test, found, strict=True) if broken([tags])]
for words, tags in wrong[:3]:
    pairs = zip(words, tags, strict=True)
    print("   ", *(word if tag == "O" else f"{word}/{tag}" for word, tag in pairs))

# %% [markdown] id="ch09-crf-idea"
# *Which type?* is a close call there, and the tokens of one name decide it separately, like two people who fill in one
# form without talking to each other. You could repair the output afterwards, but the network would not learn
# from it. It is better to let it judge **whole sequences**.
#
# ## A score for a whole sequence
#
# Keep the emissions, and add a table $A$ of $K \times K$ numbers for pairs of neighbouring tags, plus a score for the
# first and one for the last tag. A sequence $y_1 \dots y_T$ gets everything along its way:
#
# $$ \mathrm{score}(y) = start[y_1] + \sum_{t=1}^{T} e_t[y_t] + \sum_{t=2}^{T} A[y_{t-1}, y_t] + end[y_T] \tag{4} $$
#
# And a softmax over **all sequences** turns the scores into probabilities. This is a **conditional random field** (조건부
# 무작위장), CRF, in its linear form:
#
# $$ P(y) = \frac{e^{\mathrm{score}(y)}}{Z} \qquad Z = \sum_{\text{all } y'} e^{\mathrm{score}(y')} \qquad
# L = -\log P(y) = \log Z - \mathrm{score}(y) \tag{5} $$
#
# Nothing else is new. With $A$, $start$ and $end$ at zero it is the old model: the exponential of a sum is a product,
# and $P(y)$ falls apart into one softmax per token. Here are (4) and (5) with two tags and three tokens, small enough to
# write down all eight sequences.


# %%
def sequence_score(e, A, start, end, y):
    """Equation (4) for emissions (T, K) and tags (T,)."""
    score = start[y[0]] + end[y[-1]] + sum(e[t, y[t]] for t in range(len(e)))
    return score + sum(A[y[t - 1], y[t]] for t in range(1, len(e)))  # (4)


def all_sequences(e, A, start, end):
    """Every tag sequence, and their scores (K^T,)."""
    T, K = e.shape
    sequences = list(product(range(K), repeat=T))
    return sequences, np.array([sequence_score(e, A, start, end, y) for y in sequences])


small_e = np.array([[1.0, 0.0], [0.2, 0.0], [0.0, 0.5]])  # (3, 2)
small_A = np.array([[1.0, -1.0], [-1.0, 1.0]])  # equal neighbours are welcome
nothing = np.zeros(2)
sequences, scores = all_sequences(small_e, small_A, nothing, nothing)
for y, s, p in zip(sequences, scores, softmax(scores), strict=True):
    print("tags", *y, f" score {s:5.1f}  P(y) {p:.3f}")
print(f"log Z by enumeration {logsumexp(scores):.4f}")
apart = log_softmax(small_e)[range(3), [0, 0, 1]].sum()
_, flat = all_sequences(small_e, 0 * small_A, nothing, nothing)
at_zero = small_e[range(3), [0, 0, 1]].sum() - logsumexp(flat)
print("with A = 0 it is one softmax per token:", np.isclose(apart, at_zero))

# %% [markdown] id="ch09-count"
# > **Question.** Token by token, the best tags of this example are 0, 0, 1: look at the rows of `small_e`. Why is
# > another sequence the most probable one in the list above?
# >
# > <details><summary>Answer</summary>
# >
# > 0, 0, 0. The last token prefers tag 1 by 0.5, but the change from 0 to 1 costs 2 compared with staying. The neighbours
# > outvote it.
# >
# > </details>
#
# There is a catch, and it is in the word *all*. Ten words with seven tags have $7^{10}$ sequences.

# %%
for T in (3, 10, 25):
    print(f"{T:>2} words: {7**T:>30,} sequences, but {T * 7 * 7:>5,} steps from tag to tag")

# %% [markdown] id="ch09-forward"
# ## The forward algorithm
#
# How can you add up more numbers than there are grains of sand, exactly? Think of a town whose streets form a grid. In
# how many ways can you walk from the station to the museum, if you never turn back? You do not draw all routes. You write
# at each crossing how many routes lead *there*: it is the sum of the numbers at the crossings just before it. One sweep
# through the town, and the number at the museum is the answer.
#
# The tags of a sentence are such a town. A crossing is a tag at a token, and a route is a tag sequence.

# %%
show(
    figures.lattice(),
    "9.4",
    "The town of tag sequences: three tags, four tokens, and one of the 81 routes in bold. What "
    "is written at a crossing needs only the crossings in the column before it.",
)

# %% [markdown] id="ch09-forward-equations"
# Let $\alpha_t[j]$ be the logarithm of the sum of $e^{\mathrm{score}}$ over all beginnings $y_1 \dots y_t$ that end in
# tag $j$. Every such beginning is a shorter one, ending in some tag $i$, plus a step from $i$ to $j$ and the emission of
# $j$. That is the whole **forward algorithm** (전방 알고리즘):
#
# $$ \alpha_1[j] = start[j] + e_1[j] \qquad
# \alpha_t[j] = e_t[j] + \log \sum_i e^{\alpha_{t-1}[i] + A[i, j]} \tag{6} $$
# $$ \log Z = \log \sum_j e^{\alpha_T[j] + end[j]} \tag{7} $$
#
# Everything stays in logarithms, because $e^{\mathrm{score}}$ of a long sentence overflows. For the logarithm of a sum
# of exponentials, `logsumexp` uses the trick of chapter 1's stable softmax: subtract the largest before, add it after.


# %%
def forward_algorithm(e, A, start, end):
    """All alpha (T, K) and log Z."""
    alpha = [start + e[0]]  # (6)
    for t in range(1, len(e)):
        arriving = alpha[-1][:, None] + A  # (K, K): from tag i (row) to tag j (column)
        alpha.append(e[t] + logsumexp(arriving.T))  # (6)  the sum over i
    return np.array(alpha), logsumexp(alpha[-1] + end)  # (7)


rng = np.random.default_rng(0)
T, K = 6, 4
e, A = rng.standard_normal((T, K)), rng.standard_normal((K, K))
start, end = rng.standard_normal(K), rng.standard_normal(K)
sequences, scores = all_sequences(e, A, start, end)
alpha, log_Z = forward_algorithm(e, A, start, end)
print(f"{len(sequences):,} sequences one by one {logsumexp(scores):.10f}")
print(f"forward algorithm, {T} steps     {log_Z:.10f}")
huge = forward_algorithm(1000 + e, A, start, end)[1]
print("scores of a thousand do no harm:", np.isclose(huge, 6000 + log_Z))

# %% [markdown] id="ch09-viterbi"
# ## The Viterbi algorithm
#
# After training you need one answer: the sequence with the highest score. The same walk through the town finds it. Write
# at each crossing the *best* score of a route to it, not the sum, and remember where that route came from. In (6) the
# maximum takes the place of the logarithm of the sum of exponentials; nothing else changes. This is the **Viterbi
# algorithm** (비터비 알고리즘), from 1967:
#
# $$ d_1[j] = start[j] + e_1[j] \qquad d_t[j] = e_t[j] + \max_i \left( d_{t-1}[i] + A[i, j] \right) \tag{8} $$
# $$ y_T = \mathrm{argmax}_j (d_T[j] + end[j]) \qquad
# y_{t-1} = \mathrm{argmax}_i \left( d_{t-1}[i] + A[i, y_t] \right) \tag{9} $$


# %%
def viterbi(e, A, start, end):
    """The best tags (T,)."""
    d, pointers = start + e[0], []
    for t in range(1, len(e)):
        arriving = d[:, None] + A  # (K, K)
        pointers.append(arriving.argmax(axis=0))  # (9) for every tag j
        d = e[t] + arriving.max(axis=0)  # (8)
    y = [int((d + end).argmax())]  # (9)
    for back in reversed(pointers):
        y.append(int(back[y[-1]]))
    return y[::-1]


best = sequences[scores.argmax()]
print("best of all sequences:", *best, " Viterbi:", *viterbi(e, A, start, end))
token_by_token = e.argmax(axis=1)
print("token by token:       ", *token_by_token)
many = rng.standard_normal((200, T, K))
mine = [viterbi(one, A, start, end) for one in many]
print("the package gives the same:", np.array_equal(mine, structured.viterbi(many, A, start, end)))

# %% [markdown] id="ch09-gradient"
# ## Backward: probabilities minus truth
#
# To train, you need the gradient of $L = \log Z - \mathrm{score}(y)$. The second part is easy: $\mathrm{score}(y)$ adds
# up the entries that the true sequence uses, so its gradient is 1 for each of them, once per use. What about $\log Z$?
#
# It is a log of a sum of exponentials of the scores of all sequences, and you know the derivative of that from chapter 1:
# it is the softmax, here $P(y')$. By the chain rule, take any one number, say the emission of tag $j$ at token $t$. It is
# in the score of every sequence that has tag $j$ at token $t$, with derivative 1, and in no other:
#
# $$ \frac{\partial \log Z}{\partial e_t[j]} = \sum_{y'} P(y') \, [y'_t = j] = P(y_t = j) = \gamma_t[j] \tag{10} $$
#
# where $[\dots]$ is 1 if the statement is true, else 0. **The gradient of $\log Z$ is a probability.** It is called the
# **marginal** (주변 확률) of tag $j$ at token $t$. So the gradient of the loss is
#
# $$ de_t[j] = \gamma_t[j] - [y_t = j] \qquad
# dA[i, j] = \sum_{t=2}^{T} P(y_{t-1} = i, y_t = j) - (\text{uses of } i \to j \text{ in } y) \tag{11} $$
# $$ dstart = de_1 \qquad dend = de_T \tag{12} $$
#
# It has the form of the softmax gradient of chapter 1: what the model expects less what is true. Only the probabilities
# are harder to get, because they are sums over all sequences. For a tag at token $t$ you need all
# beginnings up to it, which is $\alpha_t$, and all endings after it. The endings are the same walk through the town, from
# the museum back to the station:
#
# $$ \beta_T[i] = end[i] \qquad \beta_t[i] = \log \sum_j e^{A[i, j] + e_{t+1}[j] + \beta_{t+1}[j]} \tag{13} $$
# $$ \gamma_t[j] = e^{\alpha_t[j] + \beta_t[j] - \log Z} \qquad
# P(y_{t-1} = i, y_t = j) = e^{\alpha_{t-1}[i] + A[i, j] + e_t[j] + \beta_t[j] - \log Z} \tag{14} $$


# %%
def crf_forward(e, A, start, end, y):
    """The loss (5) of one sentence with emissions (T, K) and tags y (T,), and the cache."""
    alpha, log_Z = forward_algorithm(e, A, start, end)
    return log_Z - sequence_score(e, A, start, end, y), (alpha, log_Z, e, A, end, y)  # (5)


def crf_backward(dL, cache):
    """Gradients with respect to e (T, K), A (K, K), start and end (K,)."""
    alpha, log_Z, e, A, end, y = cache
    de, dA, beta = np.empty_like(e), np.zeros_like(A), end  # (13)
    for t in reversed(range(len(e))):
        de[t] = np.exp(alpha[t] + beta - log_Z)  # (14)
        de[t, y[t]] -= 1  # (11)
        if t > 0:
            step = A + e[t] + beta  # (K, K)
            dA += np.exp(alpha[t - 1][:, None] + step - log_Z)  # (14)
            dA[y[t - 1], y[t]] -= 1  # (11)
            beta = logsumexp(step)  # (13)  the sum over j
    return dL * de, dL * dA, dL * de[0], dL * de[-1]  # (12)


y = (0, 3, 1, 1, 2, 0)
arrays = {"e": e, "A": A, "start": start, "end": end}
findings = check(pair_problem(crf_forward, crf_backward, arrays, y=y))
print("gradient check:", len(findings), "comparisons, all right:", all(f.ok for f in findings))
L, cache = crf_forward(*arrays.values(), y)
de, dA, dstart, dend = crf_backward(1.0, cache)
P, table = softmax(scores), np.array(sequences)  # (K^T,), (K^T, T)
enumerated = np.stack([[P[table[:, t] == j].sum() for j in range(K)] for t in range(T)])  # (10)
truth = np.eye(K)[list(y)]
same = np.allclose(enumerated - truth, de)
print("marginals by enumeration, minus truth, are the gradient:", same)
package_L, package_cache = structured.crf_forward(e[None], A, start, end, np.array([y]))
theirs = structured.crf_backward(float(T), package_cache)  # the package's loss is per token
same = np.isclose(T * package_L, L) and np.allclose(theirs[0][0], de) and np.allclose(theirs[1], dA)
print("the package gives the same:", same)

# %% [markdown] id="ch09-gradient-figure"
# Here is the gradient of the model from the head of the chapter for a sentence that says nothing about its name, which has
# an ending of no type. In truth, let it be a person. A training step pushes red squares down and blue ones up.

# %%
doubtful = "Few had heard of Maran .".split()
person = names.tags.encode(["O", "O", "O", "O", "B-PER", "O"])
*inputs, _ = names.batch([(doubtful, ["O"] * 6)])
with goal.evaluation():
    doubtful_e = goal.forward(*inputs)[0].astype(np.float64)  # (T, K)
weights = [w.astype(np.float64) for w in crf_weights]
L, cache = crf_forward(doubtful_e, *weights, person)
doubtful_gradient = crf_backward(1.0, cache)[0]
person_truth = np.eye(len(TAGS))[person]
flat_rows = np.allclose(doubtful_gradient.sum(axis=1), 0)
print(f"loss {L:.2f}; rows of the gradient sum to zero:", flat_rows)
expected = doubtful_gradient + person_truth
show(
    figures.expected_less_true(doubtful, TAGS, expected, person_truth, doubtful_gradient),
    "9.5",
    "The gradient with respect to the emissions (right) is what the model expects (left) less "
    "what is true (middle). Where both agree, nothing is left to learn.",
)

# %% [markdown] id="ch09-no-beta"
# > **Question.** Every row of that gradient sums to zero. Why must it?
# >
# > <details><summary>Answer</summary>
# >
# > Add the same number to all emissions of a token. Every sequence has exactly one tag there, so all scores grow by that
# > number and no probability changes. The loss is flat in this direction, and the sum of the row is the slope.
# >
# > </details>
#
# The package goes backward without $\beta$: it applies the chain rule to (6) itself and gets the marginals of token
# $t - 1$ from those of token $t$. It also takes a whole padded batch per step. [`crf.py`](../scratchnn/structured/crf.py)
# has the equations; there, $L$ is the length of a sentence, since the sentences of a batch have different ones.
#
# ## Training with it
#
# Replace the loss of `WordByWord` by that of a CRF layer, and its argmax by Viterbi. It takes four new lines: the
# layer, its loss, its gradient and its search.


# %%
class WithCRF(WordByWord):
    """The same network, judged by whole sequences."""

    def __init__(self, data, **options):
        super().__init__(data, **options)
        self.crf = structured.CRF(len(TAGS))

    def loss(self, batch, state):
        *inputs, tags = batch
        return self.crf.loss(self.forward(*inputs), tags, inputs[1]), int(inputs[1].sum()), None

    def backward_loss(self, dL=1.0):
        self.backward(self.crf.backward(dL))

    def decode(self, e, lengths):
        return self.crf.decode(e, lengths)


crf_models = {}
for seed in SEEDS:
    crf_models[seed] = WithCRF(few, seed=seed)
    examples.fit(crf_models[seed], few, epochs=15, seed=seed)
    found = tag(crf_models[seed], few, few.test)
    comparison["CRF", seed] = f1(found, test_tags), broken(found)
    for name in ("softmax", "CRF"):
        value, count = comparison[name, seed]
        print(f"seed {seed}, {name:<8} F1 {value:.3f}, {count:>2} broken rules")
crf = crf_models[0].crf
show(
    plot_transitions(crf.transitions.data, crf.start.data, crf.end.data, TAGS),
    "9.6",
    "What the CRF has learned about the order of tags (seed 0), from the tag in the row to the "
    "tag in the column. Blue steps are welcome, above all those from a B to an I of its own type; "
    "red ones are avoided.",
)

# %% [markdown] id="ch09-allowed"
# With each of the three seeds, the CRF breaks fewer rules and has the higher F1. Nothing in the loss says that I-PER
# must not follow O. The CRF has seen that it never does, and lowered the score of that step. As a CRF only *learns* the
# rules, it may still break one where the emissions are strong. So the package also passes the rules to the search:
# steps that are not allowed get the score minus infinity in (8), and no best path can use them. Training does not need
# this.
#
# On the full English news below (seed 0), where both networks have far more to learn from, the CRF is ahead by 1.7
# points of F1, less than the 5 points on average here. There its search also had the rules, and a part of the 1.7 may
# be theirs.
#
# ## What goes wrong
#
# > **What goes wrong.** The forward algorithm and the Viterbi algorithm are two programs over one table $A$. If they
# > disagree about its rows and columns, or about where a sentence ends, the training loss is right, the gradient check
# > passes, and the answers are worse than they could be.
#
# Here is the classic: in Viterbi, `A` is read with rows and columns exchanged. Training is not touched at all.


# %%
def wrong_viterbi(e, A, start, end):
    """Viterbi that takes A[i, j] for the step from j to i."""
    return viterbi(e, A.T, start, end)


def decode_with(search, model, tagged):
    """The tags that a search finds for the emissions of a trained model."""
    *inputs, _ = few.batch(tagged)
    with model.evaluation():
        emissions = model.forward(*inputs).astype(np.float64)
    crf = model.crf
    weights = [p.data.astype(np.float64) for p in (crf.transitions, crf.start, crf.end)]
    pairs = zip(emissions, inputs[1], strict=True)
    return [[TAGS[k] for k in search(e[:T], *weights)] for e, T in pairs], emissions, weights


search_scores = {}
for seed in SEEDS:
    for name, search in {"right": viterbi, "A exchanged": wrong_viterbi}.items():
        found, emissions, weights = decode_with(search, crf_models[seed], few.test)
        worse = 0
        for one, tags, true in zip(emissions, found, test_tags, strict=True):
            said, real = (names.tags.encode(part) for part in (tags, true))
            value = [sequence_score(one[: len(true)], *weights, y) for y in (said, real)]
            worse += bool(value[0] < value[1] - 1e-6)
        search_scores[name, seed] = f1(found, test_tags), worse
        print(f"seed {seed}, {name:<12} F1 {search_scores[name, seed][0]:.3f}", end=", ")
        print(f"the true tags score higher than the 'best' ones in {worse} sentences")

# %% [markdown] id="ch09-wrong-search"
# The last column is the check. A search for the best sequence may return a wrong answer, but never one with a lower score
# than some sequence that you can name, for instance the true one. It costs a line, it needs no training, and it has to be
# zero. The other check is the one you have seen: compare with enumeration on sizes where that is possible, with $A$ not
# symmetric, or exchanging it changes nothing.
#
# The second classic is padding. A batch of sentences with different lengths is padded to the longest. If the forward
# algorithm walks on into the padding, or the end scores are added at the last column of the array rather than at the last
# token, a short sentence gets another loss in a long batch. So compute it alone and in company.

# %%
short, long = rng.standard_normal((3, K)), rng.standard_normal((6, K))
padded = np.concatenate([short, rng.standard_normal((3, K))])  # anything in the padding
batch = np.stack([padded, long])  # (2, 6, K)
alone = forward_algorithm(short, A, start, end)[1]
in_company = structured.crf_log_partition(batch, A, start, end, np.array([3, 6]))[0]
walked_on = forward_algorithm(padded, A, start, end)[1]
print(f"alone {alone:.4f}, in a batch {in_company:.4f}, without lengths {walked_on:.4f}")

# %% [markdown] id="ch09-transfer"
# ## Five hundred sentences
#
# Labelling sentences word by word takes time; unlabelled text costs nothing. In chapter 4 word
# vectors were trained on plain text; here they pay off. If *Zabaton* is used like *Kelek* in thousands of unlabelled
# sentences, both have similar vectors, and a tagger that has learned about *Kelek* knows about *Zabaton* as well.
#
# For the experiment the names come from a fixed list and are spelled without any hint, so what counts is whether the
# word is known. Vectors are trained on 6000 sentences without their tags. Then taggers learn from a few tagged sentences,
# with these vectors as the start of their embedding, or without.
#
# > **Question.** Where will the two curves be close together, with few or with many labelled sentences?
# >
# > <details><summary>Answer</summary>
# >
# > With many. What the vectors bring is knowledge about words that the labelled part has not shown. The more words it
# > shows, the less there is to bring.
# >
# > </details>

# %%
listed = examples.gazetteer(names=80)
plain_text = examples.news(6000, seed=10, namer=listed)
vectors = examples.vectors_of(plain_text, size=24)
labelled = examples.news(800, seed=11, namer=listed)
tested = examples.news(300, seed=12, namer=listed)
counts, transfer = (50, 200, 800), {"none": [], "vectors": []}
for count in counts:
    for name, runs in transfer.items():
        more = vectors.words if name == "vectors" else ()
        part = examples.Names(labelled[:count], tested, more, min_count=1)
        runs.append([])
        for seed in SEEDS:
            rng = np.random.default_rng(seed)
            sizes = len(part.words), len(part.characters), len(TAGS)
            model = Tagger(*sizes, hidden_size=32, rng=rng, **SIZES | {"reader": "none"})
            if name == "vectors":
                start_from = Embedding.from_vectors(part.words, vectors, rng=rng)
                model.encoder.embedding.W.data = start_from.W.data
            examples.fit(model, part, epochs=max(6, 1600 // count), seed=seed)
            runs[-1].append(score(model, part, tested))
    without, with_vectors = (np.mean(runs[-1]) for runs in transfer.values())
    print(f"{count:>3} sentences: F1 without vectors {without:.2f}, with {with_vectors:.2f}")
show(
    plot_f1_by_sentences(counts, transfer),
    "9.7",
    "F1 against the number of labelled sentences; each dot is a seed. With vectors from "
    "unlabelled text, 200 labelled sentences do what 800 do without them.",
)

# %% [markdown] id="ch09-headline"
# With 800 sentences the curves nearly meet. But the gap is widest with 200 sentences, not with 50. Vectors say which
# words are used alike; what the words around a name say about it has to be learned from labels, and with 50 sentences
# that may still be missing.
#
# ## The headline
#
# The real thing is the English news text of the CoNLL-2003 shared task, with names of persons, places, organisations,
# and others. With the package it is one call. The quick run scores the model of figure 9.1 on the made-up test
# sentences; the full run takes the real news, and repeats the experiment with 500 sentences. Both print precision, recall
# and F1 per type, and *micro*, the same over the names of all types together.

# %%
if FULL:
    examples.newspaper(lr=0.002, lr_of_few=0.003)
else:
    examples.print_scores(tag(goal, names, names.test), test_tags)

# %% [markdown] id="ch09-full-run"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch09_one_answer_per_token.py`, one thread, 2026-11-27). CoNLL-2003, all
# > 14,041 training sentences, no pretrained vectors, seed 0: with the CRF an entity F1 of **0.858** on the test part, token
# > by token 0.841. Lample and others (2016) report 0.836 for a network of this kind without pretrained vectors.
# > With 500 of the sentences and the CRF, seed 0: F1 0.496 from random word vectors, **0.638** from the GloVe vectors of
# > 7,844 words (50 numbers each). The shares of right tokens of these two are 0.894 and 0.926, and always answering O
# > has 0.825 already: token accuracy hides what F1 shows.
# > Parts of speech, token by token, with the commands of the README's section on tagging and seed 0: accuracy 0.951 on the
# > English Web Treebank, with characters, and 0.931 on the Korean Kaist treebank, with letters.
#
# The same on the command line:
#
# ```sh
# python -m scratchnn train tagger --data conll2003 --valid conll2003:valid --epochs 20 \
#     --batch 16 --lr 0.002 --schedule cosine --out RUN      # --output softmax: token by token
# python -m scratchnn evaluate RUN --data conll2003:test
# python -m scratchnn train tagger --data conll2003 --valid conll2003:valid --limit 500 \
#     --epochs 12 --batch 16 --lr 0.003 --schedule cosine --embed 50 --seed S \
#     --vectors glove.6B.50d.txt --out FEW                   # without --vectors: from nothing
# ```
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the next
# call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("9.1", allowed_steps)  # your function: is it right, and if not, what is wrong?
# hint("9.1")
# solution("9.1")
# ```
#
# In a shell, an answer is a file:
#
# ```sh
# python -m scratchnn exercise 9                        # the list
# python -m scratchnn exercise 9.1 --template > my_answer.py
# python -m scratchnn exercise 9.1 my_answer.py
# ```
#
# - **9.1** What may follow what: the steps that IOB2 allows.
# - **9.2** The forward algorithm, for scores of any size.
# - **9.3** The Viterbi algorithm, with steps that are forbidden.
# - **9.4** The gradient with respect to the emissions.
#
# The solutions are in [`ch09.py`](../scratchnn/book/solutions/ch09.py). To hunt a mistake in a CRF, try
# `python -m scratchnn gradcheck --break crf`.
#
# ## Where to read on
#
# - Lafferty, McCallum and Pereira, "Conditional Random Fields: Probabilistic Models for Segmenting and Labeling Sequence
#   Data" (2001): the first CRF, and why it beats models that decide step by step.
# - Rabiner, "A Tutorial on Hidden Markov Models and Selected Applications in Speech Recognition" (1989): the forward,
#   backward and Viterbi algorithms at leisure.
# - Huang, Xu and Yu, "Bidirectional LSTM-CRF Models for Sequence Tagging" (2015), section 2, and Lample and others, "Neural
#   Architectures for Named Entity Recognition" (2016), section 2, and section 4 for characters read by LSTMs: the model of
#   this chapter.
# - Ma and Hovy, "End-to-end Sequence Labeling via Bi-directional LSTM-CNNs-CRF" (2016), section 2: characters read by a
#   convolution.
# - Tjong Kim Sang and De Meulder, "Introduction to the CoNLL-2003 Shared Task" (2003): the data and how it is scored.
#
# ## What comes next
#
# A chain of tags is the simplest structure over a sentence. Who sees whom with what is not a chain: it is a tree. Chapter
# 10 scores every pair of words, finds the best tree, and shows what happens if each word chooses its head alone.
