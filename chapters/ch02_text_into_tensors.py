# %% [markdown]
# # 2. Text into tensors
#
# A network takes arrays of numbers, and a text is a row of characters. This chapter cuts texts into pieces, numbers the
# pieces, and makes arrays of them: first arrays that only say which words stand where, then vectors that say something
# about what a text or a word means. Nothing is learned by slopes here; everything is done by counting.
#
# ## What you will be able to do
#
# - cut a text into words, characters, letters or n-grams, and say what each choice costs;
# - put texts of different lengths into one array and waste little of it;
# - do without a list of words by hashing, and predict how many words will collide;
# - find the documents that answer a question, with tf-idf and the cosine of an angle;
# - make vectors for words out of nothing but counts, such that similar words get similar vectors;
# - take a Korean syllable apart by arithmetic, and find out why two texts that look equal are not.
#
# You need chapter 1 for arrays, broadcasting and the matrix product. As there, each idea is first written in a few
# lines and then compared with the package. Besides small made-up sentences there is one real text that every Python
# carries: the reference manual behind `help()`. It differs a little from version to version of Python, and so do the
# outputs made from it.

# %%
import re
import time
import unicodedata

import numpy as np

from scratchnn import functions
from scratchnn.book.page import FULL, show
from scratchnn.datasets import load_ptb, python_manual
from scratchnn.plot import COLOURS, label, new_figure
from scratchnn.text import counting, korean, sequences, tokens, vectorizers
from scratchnn.text.vocabulary import Vocabulary
from scratchnn.word2vec.keyed_vectors import KeyedVectors

# %% [markdown]
# ## Tokens
#
# Each piece that is cut from a text is a **token** (토큰), and a large text to work on is a **corpus** (말뭉치).
# The simplest tokens are characters. The next simplest are words: whatever stands between white space. A special token,
# written `<eos>` for "end of sequence", takes the place of each line's end, which white space alone would lose.


# %%
def split_words(text):
    """What stands between white space, and ``<eos>`` at the end of each line."""
    found = []
    for line in text.splitlines():
        found += [*line.split(), "<eos>"]
    return found


text = "The cat sat on the mat.\nThe dog sat on the cat."
words = split_words(text)
print("words:", words[:7])
print("      ", words[7:])
print("characters:", list(text)[:12], "...")

same_words = words == list(tokens.tokenize(text, "word"))
same_characters = list(text) == list(tokens.tokenize(text, "char"))
print("the package gives the same:", same_words and same_characters)

# %% [markdown]
# Look at the words. `The` and `the` are two different tokens, and so are `mat.` with its full stop and a `mat` without.
# A machine that has learned something about one of them knows nothing about the other. So one often writes all letters
# small and cuts off punctuation marks. The package takes any function that gives tokens; here is one, with a regular
# expression: a run of letters, digits and underscores, or any other single character that is not white space.


# %%
def words_and_marks(text):
    """Words in small letters, and each mark by itself."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


print(list(tokens.tokenize(text, words_and_marks)))
before, after = len(set(split_words(text))), len(set(words_and_marks(text)))
print(f"distinct tokens before: {before}, after: {after}")

# %% [markdown]
# Something is lost as well: "Polish" and "polish" are now one. Every way of cutting is a choice.
#
# ### Characters or words?
#
# A text has many characters, but only a few different ones. It has fewer words, but a great many different ones, and
# most of these are rare. Here is the manual, cut both ways.

# %%
manual = python_manual()
manual_tokens = {"characters": list(manual.lower()), "words": words_and_marks(manual)}
for name, found in manual_tokens.items():
    # each distinct token, and how often it occurs
    distinct, counts = np.unique(found, return_counts=True)
    once = (counts == 1).mean()
    print(
        f"{name:<10} {len(found):>7,} tokens, {len(distinct):>5,} distinct ones, "
        f"{once:.0%} of these occur only once"
    )

# %%
figure, (left, right) = new_figure(10, 4, ncols=2)
for (name, found), colour in zip(manual_tokens.items(), COLOURS, strict=False):
    _, first, counts = np.unique(found, return_index=True, return_counts=True)
    counts = np.sort(counts)[::-1]  # the largest first
    left.loglog(np.arange(1, len(counts) + 1), counts, color=colour, label=name)
    first = np.sort(first)  # the places where a token is met for the first time
    right.loglog(first + 1, np.arange(1, len(first) + 1), color=colour, label=name)
left.legend()
right.legend()
label(left, "Few tokens are frequent, many are rare", "rank by frequency", "how often it occurs")
label(right, "New characters end, new words do not", "tokens read", "distinct tokens met so far")
show(figure)

# %% [markdown]
# On the left, where each mark along an axis is a factor of ten, the curve of the words is nearly a straight line.
# Zipf's law (1949) says that the word of rank 100 is about ten times as rare as the word of rank 10; here it is
# somewhat more. The law holds, roughly, for texts of all kinds. On the right, new characters soon stop coming, but new
# words never do. So however long a list of words we make, a new text will have some that are not on it. That is the
# price of words; the price of characters is that a sentence becomes very long, and that a single one of them means
# nothing.
#
# ### n-grams
#
# In between lie groups of neighbours. An **n-gram** (n-그램) is $n$ tokens that follow each other. A text of $M$ tokens
# has
#
# $$ M - n + 1 \tag{1} $$
#
# of them, since the last one has to start $n - 1$ places before the end. Pairs of words keep some of the order:
# "not good" is one token. Groups of characters show what a word is built of, also a word that is new. To mark its
# beginning and end, one writes it between `<` and `>`.


# %%
def ngrams(found, n, joint=" "):
    """All groups of ``n`` neighbours, each as one string."""
    return [joint.join(found[k : k + n]) for k in range(len(found) - n + 1)]  # (1)


sentence = "the plot was not good".split()
print("pairs of words:       ", ngrams(sentence, 2))
print("groups of characters: ", ngrams("<unhappy>", 3, ""))
print("and of another word:  ", ngrams("<unhappily>", 3, ""))
print("the package gives the same:", ngrams(sentence, 2) == list(tokens.ngrams(sentence, 2)))

# %% [markdown]
# `unhappy` and `unhappily` are different words, but five of their groups are the same.
#
# ## A vocabulary gives every token a number
#
# The list of the tokens that we know is the **vocabulary** (어휘). A token's place in the list is its *id*. The most
# frequent tokens come first, and where two are equally frequent the alphabet decides, so that the same text always
# gives the same ids. In front stand special tokens: `<pad>`, which the next section needs, and `<unk>`, "unknown",
# which stands for every token that is not on the list. (The package adds two more unless told otherwise: `<bos>` and
# `<eos>`, the beginning and the end of a sequence.)


# %%
def build_vocabulary(found, size):
    """The two special tokens, and then the most frequent ones, ``size`` altogether."""
    counts = {}
    for token in found:
        counts[token] = counts.get(token, 0) + 1
    ordered = sorted(counts, key=lambda token: (-counts[token], token))
    return ["<pad>", "<unk>", *ordered[: size - 2]]


def encode(found, vocabulary):
    """The id of each token; that of ``<unk>`` where it has none."""
    ids = {token: k for k, token in enumerate(vocabulary)}
    return [ids.get(token, ids["<unk>"]) for token in found]


found = words_and_marks(text)
small = build_vocabulary(found, 7)
ids = encode(found, small)
print("vocabulary:", small)
print("ids:       ", ids)
print("read back: ", " ".join(small[k] for k in ids))

theirs = Vocabulary.build(found, specials=("<pad>", "<unk>"), max_size=7)
same = small == theirs.tokens and ids == theirs.encode(found).tolist()
print("the package gives the same:", same)

# %% [markdown]
# Reading back shows what the limit costs: two words have become `<unk>`. How many will it be in a text that was not
# there when the list was made? Build vocabularies from the first half of the manual, and count unknown tokens in the
# second.

# %%
for name, size in (("words", 100), ("words", 1000), ("words", 10_000), ("characters", 10_000)):
    found = manual_tokens[name]
    half = len(found) // 2
    vocabulary = Vocabulary.build(found[:half], max_size=size)
    unknown = (vocabulary.encode(found[half:]) == vocabulary.unknown).mean()
    print(
        f"{name:<10} limit {size:>6,}: {len(vocabulary):>5,} tokens in the list, "
        f"{unknown:7.3%} of the rest unknown"
    )

# %% [markdown]
# Hardly any character is unknown, and no limit brings the unknown words down to zero.
#
# ## Sentences of different lengths
#
# An array has rows of one length, sentences have not. The usual way out is **padding** (패딩): all rows get the
# length $T$ of the longest one, and what is empty is filled with the id of `<pad>`. One keeps the lengths, so that
# later on nobody takes the filling for text.


# %%
def pad(rows, value=0):
    """Lists of ids as one array (N, T), filled up on the right, and their lengths (N,)."""
    lengths = np.array([len(row) for row in rows])
    ids = np.full((len(rows), lengths.max()), value)
    for row, given in zip(ids, rows, strict=True):
        row[: len(given)] = given  # row is a part of ids, not a copy
    return ids, lengths


lines = ["the cat sat", "the dog sat on the cat", "sat"]
vocabulary = Vocabulary.build(words_and_marks(" ".join(lines)))
rows = sequences.texts_to_sequences(lines, vocabulary, words_and_marks)  # the ids of each line
ids, lengths = pad(rows)
print("special tokens first:", vocabulary.tokens)
print(ids)
print("lengths:", lengths)

their_ids, their_lengths = sequences.pad_sequences(rows, padding_id=vocabulary.padding)
same = (ids == their_ids).all() and (lengths == their_lengths).all()
print("the package gives the same:", same)

# %% [markdown]
# With $N$ rows, the share of the array that is filling, and on which a network would compute for nothing, is
#
# $$ 1 - \frac{\sum_n \mathrm{length}_n}{N \, T} \tag{2} $$
#
# A single long sentence makes all the others in its batch long. The remedy is **bucketing** (버킷팅): put sentences of
# about the same length into the same batch. Here are 640 lengths drawn at random, most of them short and a few long,
# in batches of 32.


# %%
def padded_share(lengths, batches):
    """Equation (2) for several batches, each a list of positions."""
    places = sum(len(batch) * lengths[batch].max() for batch in batches)
    return 1 - lengths.sum() / places  # (2)


def sorted_batches(lengths, size):
    """Positions in the order of their lengths, cut into batches."""
    order = np.argsort(lengths, kind="stable")  # stable: equal lengths stay in their order
    return [order[start : start + size] for start in range(0, len(order), size)]


rng = np.random.default_rng(0)
lengths = rng.lognormal(2.5, 0.6, 640).astype(int) + 1
as_they_come = [np.arange(start, start + 32) for start in range(0, 640, 32)]
by_length = sorted_batches(lengths, 32)
shares = {
    "as they come": padded_share(lengths, as_they_come),
    "sorted by length": padded_share(lengths, by_length),
}
for name, share in shares.items():
    print(f"{name:<17} {share:.1%} of all places are filling")

theirs = sequences.bucket_batches(lengths, 32)
same = all((ours == other).all() for ours, other in zip(by_length, theirs, strict=True))
print("the package gives the same:", same)

# %%
figure, panels = new_figure(10, 4.2, ncols=2, sharey=True)
both = (as_they_come, by_length)
for axes, (name, share), batches in zip(panels, shares.items(), both, strict=True):
    image = np.zeros((640, lengths.max()))
    for k, batch in enumerate(batches):
        for n, length in enumerate(lengths[batch]):
            image[32 * k + n, : lengths[batch].max()] = 0.35  # filling
            image[32 * k + n, :length] = 1  # tokens
    axes.imshow(image, aspect="auto", cmap="Blues", vmin=0, vmax=1.2, interpolation="nearest")
    axes.set(title=f"{name}: {share:.1%} filling", xlabel="place in the row (tokens)")
    axes.set_ylabel("sentence, batch by batch")
show(figure)

# %% [markdown]
# Dark is text, light is filling, white is not computed at all. If the batches were always sorted over everything, each
# epoch would see the same sentences together. So the package can first shuffle them, sort only within pools of some
# batches, and then shuffle the batches. That wastes more, and no epoch is like another.

# %%
pooled = sequences.bucket_batches(lengths, 32, rng=np.random.default_rng(1), pool=10)
share = padded_share(lengths, pooled)
print(f"shuffled, sorted in pools of 10 batches: {share:.1%} of all places are filling")

# %% [markdown]
# ## One-hot vectors, sparse and dense
#
# An id is a number, but not one to calculate with: word 6 is not twice word 3. Chapter 1 had a form without such
# accidents, the one-hot vector, with a one at the place of the id and zeros elsewhere. It has as many entries as the
# vocabulary has tokens, $V$.


# %%
def one_hot(ids, V):
    """A row for each id: (M,) gives (M, V)."""
    rows = np.zeros((len(ids), V))
    for row, k in zip(rows, ids, strict=True):
        row[k] = 1
    return rows


ids = np.array([2, 0, 3, 2])
print(one_hot(ids, 5))
print("the package gives the same:", (one_hot(ids, 5) == functions.one_hot(ids, 5)).all())

# %% [markdown]
# What is a one-hot vector good for? In a product with a matrix $W$ it picks a row: in equation (1) of chapter 1 all
# terms of the sum are zero but one.
#
# $$ \mathrm{onehot}(v) \, W = W_v \tag{3} $$
#
# where $W_v$ is row $v$. So one writes `W[ids]` and leaves the multiplying by zeros out. Chapter 3 will make that a
# layer.

# %%
W = rng.standard_normal((5, 3))
same = np.allclose(one_hot(ids, 5) @ W, W[ids], rtol=0, atol=1e-12)  # (3)
print("the product picks rows of W:", same)

# %% [markdown]
# A vector in which nearly all entries are zero is a **sparse vector** (희소 벡터). It can be stored as the places and
# values of the few others. A **dense vector** (밀집 벡터) has something to say at every place. With 10,000 words and
# numbers of four bytes:

# %%
V, size = 10_000, 100
print(f"one-hot, written out:        {4 * V:>6,} bytes")
print(f"one-hot, place and value:    {4 + 4:>6,} bytes")
print(f"dense vector of {size} numbers: {4 * size:>6,} bytes")

# %% [markdown]
# Sparse vectors are cheap if one stores them well. What they lack is something else. The dot product of two different
# one-hot vectors is always zero: `cat` is as far from `dog` as from `because`. The second half of this chapter is about
# dense vectors in which `cat` and `dog` are close.
#
# ## Hashing: no list at all
#
# A vocabulary has to be built, stored, and carried along with the network. One can do without. **Hashing** (해싱)
# computes a place directly from the characters of a word:
#
# $$ \mathrm{place}(w) = \mathrm{hash}(w) \;\; \mathrm{mod} \;\; \mathrm{size} \tag{4} $$
#
# where mod is the remainder of a division, and hash makes one large number of the word, such that different words
# nearly always get different numbers. Any word gets a place, also one that nobody has seen before.


# %%
def simple_hash(word, size):
    """A place for a word, made from its bytes."""
    number = 0
    for byte in word.encode("utf-8"):
        number = (31 * number + byte) % 2**32  # never more than 32 bits
    return number % size  # (4)


for word in ("cat", "cats", "dog", "고양이"):
    ours, theirs = simple_hash(word, 1000), vectorizers.hash_word(word, 1000)
    print(f"{word}: place {ours} of 1000, by the package's hash {theirs}")

# %% [markdown]
# The package uses another well-known hash, CRC-32, which the standard library has in C. Why not Python's own `hash`?
# For strings it changes with every start of Python: all the weights would belong to other words tomorrow.
#
# ### Collisions
#
# Two words may get the same place, a **collision** (충돌), and then they cannot be told apart. How often? Take one word
# among $V$, and let all of them fall anywhere at random. Another word misses its place with probability
# $1 - 1/\mathrm{size}$. All the $V - 1$ others miss it with the product of that many factors. So the expected share of
# words that collide is
#
# $$ 1 - \left( 1 - \frac{1}{\mathrm{size}} \right)^{V - 1} \tag{5} $$
#
# If there is much more room than words, it is close to $V / \mathrm{size}$. For one word in a hundred to collide, there
# have to be a hundred times as many places as words.


# %%
def expected_collisions(V, size):
    return 1 - (1 - 1 / size) ** (V - 1)  # (5)


def measured_collisions(words, size, hash_word):
    """The share of the distinct ``words`` that share their place."""
    places = np.array([hash_word(word, size) for word in words])
    taken = np.bincount(places, minlength=size)  # how many words each place has
    return (taken[places] > 1).mean()


letters = np.array(list("abcdefghijklmnopqrstuvwxyz"))
# random words of 4 to 9 letters; a set keeps only one of those that are drawn twice
invented = sorted({"".join(rng.choice(letters, rng.integers(4, 10))) for _ in range(5000)})
print(f"{len(invented):,} invented words")
for size in (1_000, 10_000, 100_000, 500_000):
    expected = expected_collisions(len(invented), size)
    ours = measured_collisions(invented, size, simple_hash)
    package = vectorizers.measured_collisions(invented, size)
    print(
        f"{size:>7,} places: expected {expected:5.1%}, measured with ours {ours:5.1%}, "
        f"with CRC-32 {package:5.1%}"
    )

ours = measured_collisions(invented, 10_000, vectorizers.hash_word)
theirs = vectorizers.measured_collisions(invented, 10_000)
our_expected = expected_collisions(5000, 10_000)
their_expected = vectorizers.expected_collisions(5000, 10_000)
print("the package gives the same:", ours == theirs and np.isclose(our_expected, their_expected))

# %%
manual_words = sorted(set(manual_tokens["words"]))
sizes = 2 ** np.arange(7, 21)
measured = {
    "our hash": [measured_collisions(manual_words, size, simple_hash) for size in sizes],
    "CRC-32": [measured_collisions(manual_words, size, vectorizers.hash_word) for size in sizes],
}
figure, axes = new_figure(7, 4.2)
expected = [100 * expected_collisions(len(manual_words), size) for size in sizes]
axes.plot(sizes, expected, color="black", label="equation (5)")
for (name, values), marker, colour in zip(measured.items(), "ox", COLOURS, strict=False):
    axes.plot(sizes, 100 * np.array(values), marker, color=colour, label=f"measured, {name}")
axes.axvline(len(manual_words), color="grey", linestyle="--", label="as many places as words")
axes.set_xscale("log", base=2)
axes.legend()
label(axes, "The words of the manual, hashed", "places", "words that share their place (%)")
show(figure)

# %% [markdown]
# The measured shares lie on the predicted curve: a good hash is as good as chance. With as many places as words,
# nearly two thirds of the words collide. Do not mistake (5), the share, for the chance that there is *any* collision.
# With 23 words in 365 places, 5.9% of the words are expected to collide, yet the chance of at least one collision is
# 50.7%. This is known as the birthday paradox: among 23 people, two are likely to have the same birthday.

# %%
none = np.prod(1 - np.arange(23) / 365)  # each word misses the 0, 1 ... 22 places that are taken
print(f"expected share of 23 words in 365 places:  {expected_collisions(23, 365):.1%}")
print(f"chance that there is any collision at all: {1 - none:.1%}")

# %% [markdown]
# ## Documents as vectors
#
# Now a whole text as one vector. A **bag of words** (단어 가방) counts how often each word of the vocabulary occurs,
# and forgets the order, as if the words had been cut out and shaken in a bag. For the word $v$:
#
# $$ x_v = \mathrm{how \; often} \; v \; \mathrm{occurs \; in \; the \; document} \tag{6} $$
#
# It is the sum of the one-hot vectors of all its words. With $D$ documents and $V$ words in the vocabulary, the counts
# make an array of shape $(D, V)$. Six short documents:

# %%
documents = [
    "the cat sat on the mat".split(),
    "the dog ran on the road".split(),
    "my dog and my cat play on grass".split(),
    "the bank raised rates and stocks fell".split(),
    "stocks rose as the bank cut rates".split(),
    "a dog sat on the river bank".split(),
]
bag_vocabulary = Vocabulary.build((word for words in documents for word in words), specials=())
V = len(bag_vocabulary)


def bag_of_words(documents, vocabulary):
    """Counts (D, V): a row for each document."""
    bags = np.zeros((len(documents), len(vocabulary)), dtype=int)
    for bag, words in zip(bags, documents, strict=True):
        for word in words:
            bag[vocabulary.ids[word]] += 1  # (6)
    return bags


bags = bag_of_words(documents, bag_vocabulary)
print(f"{len(bags)} documents, {V} words, {(bags == 0).mean():.0%} of the entries are zero")
rows = one_hot(bag_vocabulary.encode(documents[0]), V)
print("a bag is a sum of one-hot vectors:", (rows.sum(axis=0) == bags[0]).all())
theirs = vectorizers.bag_of_words(documents, bag_vocabulary)
print("the package gives the same:", (bags == theirs).all())

# %% [markdown]
# Hashing does it without the vocabulary: the count goes to the place of equation (4). Here with 16 places only, so
# there are collisions.

# %%
hashed = np.zeros((len(documents), 16), dtype=int)
for bag, words in zip(hashed, documents, strict=True):
    for word in words:
        bag[vectorizers.hash_word(word, 16)] += 1  # (4)
print("the first document in 16 places:", hashed[0])
print("the package gives the same:", (hashed == vectorizers.hashed_bags(documents, 16)).all())

# %% [markdown]
# Turned round, with a row for each word and a column for each document, the table is the **term-document matrix**
# (단어-문서 행렬). A column says what a document is about; a row says where a word is used.

# %%
term_document = bags.T  # (V, D)
theirs = vectorizers.term_document_matrix(documents, bag_vocabulary)
print("the package gives the same:", (term_document == theirs).all())

figure, axes = new_figure(6.5, 6)
axes.imshow(term_document, cmap="Blues", vmin=0, vmax=3, aspect="auto")
for (v, d), count in np.ndenumerate(term_document):
    if count:
        axes.text(d, v, count, ha="center", va="center", fontsize=8)
axes.set(title="Term-document matrix", xlabel="document", ylabel="word")
axes.set_yticks(range(V), bag_vocabulary.tokens, fontsize=8)
show(figure)

# %% [markdown]
# ### Which documents are alike? The cosine
#
# The *length* of a vector is $|x| = \sqrt{\sum_v x_v^2}$, by Pythagoras. A document copied out twice has a vector
# twice as long, but the same words in the same proportions: the direction counts, not the length. **Cosine
# similarity** (코사인 유사도) is the cosine of the angle between two vectors:
#
# $$ \cos(a, b) = \frac{a \cdot b}{|a| \, |b|} \tag{7} $$
#
# It is 1 for the same direction, 0 for vectors at right angles, which have no word in common, and -1 for opposite ones.
# Counts are never negative, so neither are their cosines.


# %%
def cosine(a, b):
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())  # (7)


a, b, c = np.array([3.0, 1.0]), np.array([6.0, 2.0]), np.array([1.0, 3.0])
print(f"cosine of a and b: {cosine(a, b):.2f}, of a and c: {cosine(a, c):.2f}")
ours = cosine(bags[0], bags[1])
theirs = functions.cosine_similarity(bags[0].astype(float), bags[1].astype(float))
print("the package gives the same:", np.isclose(ours, theirs, rtol=0, atol=1e-12))

figure, axes = new_figure(6.5, 3.8)
for arrow, name, colour, width in zip((a, b, c), "abc", COLOURS, (4, 2, 2), strict=False):
    style = {"arrowstyle": "->", "color": colour, "linewidth": width}
    axes.annotate("", arrow, (0, 0), arrowprops=style)
    axes.text(arrow[0] + 0.12, arrow[1] + 0.12, name, color=colour, fontsize=13)
axes.set(xlim=(0, 7), ylim=(0, 3.6))
axes.set_aspect("equal")
label(axes, "a and b point the same way, c does not", "count of one word", "count of another")
show(figure)

# %% [markdown]
# ### tf-idf: rare words tell more
#
# The first two documents have three of their six words in common: `the`, `on` and `the`. Nobody would say that this
# makes them alike. A word that is everywhere says little about any document. **tf-idf** (단어 빈도-역문서 빈도), short
# for term frequency times inverse document frequency, gives each word a weight. If $\mathrm{df}_v$ of $D$ documents
# contain the word $v$,
#
# $$ \mathrm{idf}_v = \log \frac{1 + D}{1 + \mathrm{df}_v} + 1 \tag{8} $$
# $$ z_v = x_v \, \mathrm{idf}_v \qquad y = \frac{z}{|z|} \tag{9} $$
#
# A word in every document gets the weight 1, and the rarer it is the more it gets. The ones inside the logarithm keep
# it from dividing by zero. The last step divides each vector by its length, so that the dot product of two of them is
# their cosine.


# %%
def tf_idf(bags):
    """Counts (D, V) give weighted vectors (D, V) of length one, and the weights (V,)."""
    D = len(bags)
    df = (bags > 0).sum(axis=0)  # in how many documents, not how often
    idf = np.log((1 + D) / (1 + df)) + 1  # (8)
    z = bags * idf  # (9)
    return z / np.sqrt((z * z).sum(axis=1, keepdims=True)), idf  # (9)


weighted, idf = tf_idf(bags)
for word in ("the", "bank", "stocks", "mat"):
    df = (bags[:, bag_vocabulary.ids[word]] > 0).sum()
    print(f"{word:<6} in {df} of 6 documents: weight {idf[bag_vocabulary.ids[word]]:.2f}")
theirs = vectorizers.tf_idf(bags, vectorizers.inverse_document_frequency(bags))
print("the package gives the same:", np.allclose(weighted, theirs, rtol=0, atol=1e-12))

# %%
by_counts = np.array([[cosine(a, b) for b in bags] for a in bags])
by_tf_idf = weighted @ weighted.T

figure, panels = new_figure(10, 4.3, ncols=2)
for axes, cosines, title in zip(panels, (by_counts, by_tf_idf), ("counts", "tf-idf"), strict=True):
    axes.imshow(cosines, cmap="Blues", vmin=0, vmax=1.3)
    for (i, j), value in np.ndenumerate(cosines):
        axes.text(j, i, f"{value:.2f}", ha="center", va="center", fontsize=9)
    axes.set(title=f"Cosines of the six documents by {title}", xlabel="document", ylabel="document")
show(figure)

# %% [markdown]
# By counts, the cat on the mat and the dog on the road (documents 0 and 1) are more alike than the two reports from the
# stock market (3 and 4). With tf-idf it is the other way round.
#
# ### A small search engine
#
# A question is a short document. Weight it like the others, and the best answer is the document of the largest cosine.
# The documents are now the manual's paragraphs of twenty words and more.

# %%
blocks = [" ".join(block.split()) for block in manual.split("\n\n")]
blocks = dict.fromkeys(blocks)  # each block once, as the keys of a dict
paragraphs = [block for block in blocks if len(block.split()) >= 20]
split = [re.findall("[a-z]+", paragraph.lower()) for paragraph in paragraphs]
manual_vocabulary = Vocabulary.build((word for words in split for word in words), specials=())
manual_bags = vectorizers.bag_of_words(split, manual_vocabulary)
manual_idf = vectorizers.inverse_document_frequency(manual_bags)
searchable = vectorizers.tf_idf(manual_bags, manual_idf)

for question in ("what is the remainder of a division", "the order of the keys in a dictionary"):
    asked = vectorizers.bag_of_words([question.split()], manual_vocabulary)
    scores = searchable @ vectorizers.tf_idf(asked, manual_idf)[0]
    print(question)
    for k in scores.argsort()[::-1][:3]:  # the places of the three largest scores
        print(f"  {scores[k]:.2f}  {paragraphs[k][:90]}")

# %% [markdown]
# This finds words, not meanings. Who asks for "removing" will not be shown a paragraph on "deleting": as long as each
# word has a place of its own, two words that mean the same are as different as any two others.
#
# ## Words by their company
#
# "You shall know a word by the company it keeps", wrote J. R. Firth in 1957. That words in similar surroundings have
# similar meanings is the **distributional hypothesis** (분포 가설). You have never met the word *tesgüino*, but after
# "a bottle of tesgüino is on the table" and "tesgüino makes you drunk" (a well-known example) you know what kind of
# thing it is.
#
# The surroundings of a word, up to some distance on each side, are its **context** (맥락); that distance is the
# **window** (윈도). The **co-occurrence matrix** (동시발생 행렬) counts who stands in whose context:
#
# $$ C_{vw} = \mathrm{how \; often} \; w \; \mathrm{stands \; at \; most \; window \; places \; from} \; v \tag{10} $$
#
# Row $v$ of $C$ is a vector for the word $v$, a description of its company.


# %%
def cooccurrence(ids, V, window):
    """Counts (V, V) of neighbours on both sides."""
    C = np.zeros((V, V), dtype=int)
    for k, v in enumerate(ids):
        for place in range(max(k - window, 0), min(k + window + 1, len(ids))):
            if place != k:
                C[v, ids[place]] += 1  # (10)
    return C


found = "you read a book and i read a letter .".split()
vocabulary = Vocabulary.build(found, specials=())
ids = vocabulary.encode(found)
C = cooccurrence(ids, len(vocabulary), window=1)
print("       ", " ".join(f"{word:>6}" for word in vocabulary.tokens))
for word, row in zip(vocabulary.tokens, C, strict=True):
    print(f"{word:>6}  " + " ".join(f"{count:>6}" for count in row))
book, letter = vocabulary.encode(["book", "letter"])
print(f"cosine of book and letter: {cosine(C[book], C[letter]):.2f}")
theirs = counting.cooccurrence(ids, len(vocabulary), window=1)
print("the package gives the same:", np.array_equal(C, theirs))

# %% [markdown]
# The table is symmetric, $C = C^T$: if $w$ is near $v$, then $v$ is near $w$. The words `book` and `letter` never meet,
# yet the cosine of their rows is 0.50, because both of them stand beside `a`.
#
# ### A text with known answers
#
# To see whether such vectors are any good we need a text in which we know what belongs together. So let us make one.
# There are seven groups of words; sentences are drawn from five patterns, and within a group the first words are more
# frequent, as in real texts.

# %%
groups = {
    "animal": "cat dog fox wolf bear horse".split(),
    "person": "king queen girl boy nurse judge".split(),
    "food": "bread rice soup fish fruit cake".split(),
    "writing": "book letter story poem song map".split(),
    "place": "park house garden street forest town".split(),
    "eat": "eats bites smells tastes".split(),
    "read": "reads writes knows forgets".split(),
}
patterns = [
    "the animal eat the food .".split(),
    "the person read the writing .".split(),
    "the person eat the food .".split(),
    "the animal sleeps in the place .".split(),
    "the person works in the place .".split(),
]


def make_text(rng, sentences):
    """Words of so many sentences, one after the other."""
    made = []
    for _ in range(sentences):
        for word in patterns[rng.integers(len(patterns))]:
            if word in groups:  # the name of a group stands for one of its words
                weights = 1 / np.arange(1, len(groups[word]) + 1)
                word = str(rng.choice(groups[word], p=weights / weights.sum()))
            made.append(word)
    return made


# %%
made = make_text(np.random.default_rng(0), 1000)
print(" ".join(made[:20]), "...")
made_vocabulary = Vocabulary.build(made, specials=())
C = cooccurrence(made_vocabulary.encode(made), len(made_vocabulary), window=2)
print(f"{len(made):,} words, {len(made_vocabulary)} distinct ones; the matrix is {C.shape}")
for pair in (("cat", "dog"), ("cat", "book")):
    v, w = made_vocabulary.encode(pair)
    print(f"cosine of {pair[0]} and {pair[1]}: {cosine(C[v], C[w]):.2f}")

# %% [markdown]
# `cat` and `dog` are close, as they should be. But `cat` and `book` are close as well. Both stand next to `the`, again
# and again, and that drowns everything else. What we would like to know is not how often two words meet, but how much
# more often than by chance.
#
# ## More often than by chance
#
# Let $S_v = \sum_w C_{vw}$ be how many neighbours the word $v$ has altogether, and $N = \sum_v S_v$. If neighbours were
# drawn at random, a share $S_w / N$ of the neighbours of $v$ would be $w$, and one would expect $S_v S_w / N$ meetings.
# The logarithm of how many times more there are is the **pointwise mutual information** (점별 상호정보량), PMI:
#
# $$ \mathrm{PMI}_{vw} = \log_2 \frac{C_{vw} \, N}{S_v \, S_w} \tag{11} $$
#
# It is 0 if they meet as often as by chance, 1 if twice as often, 2 if four times, and negative if they avoid each
# other; the unit of logarithms to base 2 is the bit. For example, in a corpus with $N = 100000$, let `coffee` have 100
# neighbours, `the` 6000 and `cup` 80. If `coffee` meets `the` 12 times and `cup` 8 times:

# %%
N = 100_000
print(f"coffee and the: PMI {np.log2(12 * N / (100 * 6000)):.2f}")  # (11)
print(f"coffee and cup: PMI {np.log2(8 * N / (100 * 80)):.2f}")

# %% [markdown]
# By counts `the` is closer to `coffee`; PMI gives 1.00 to `the` and 6.64 to `cup`.
#
# Pairs that never meet would have a PMI of minus infinity. In a small corpus that says nothing: it is mere accident
# that most pairs of words have not met. So only what is above chance is kept, as **positive pointwise mutual
# information** (양의 점별 상호정보량), PPMI:
#
# $$ \mathrm{PPMI}_{vw} = \max(\mathrm{PMI}_{vw}, 0) \tag{12} $$


# %%
def ppmi(C):
    """Counts (V, V) give values (V, V); pairs that never meet have 0."""
    S = C.sum(axis=1)
    N = S.sum()
    values = np.zeros(C.shape)
    for v, w in np.argwhere(C > 0):  # the pairs that meet
        values[v, w] = max(np.log2(C[v, w] * N / (S[v] * S[w])), 0)  # (11), (12)
    return values


M = ppmi(C)
for pair in (("cat", "dog"), ("cat", "book")):
    v, w = made_vocabulary.encode(pair)
    print(f"cosine of {pair[0]} and {pair[1]}: {cosine(M[v], M[w]):.2f}")
print("the package gives the same:", np.allclose(M, counting.ppmi(C), rtol=0, atol=1e-5))

# %% [markdown]
# Now `cat` is close to `dog` and at a right angle, or nearly, to `book`. Below are the cosines of all pairs of words,
# with each group together.

# %%
by_group = made_vocabulary.encode(word for members in groups.values() for word in members)
# the number of the group of each of these words: 0 0 0 0 0 0 1 1 1 1 1 1 2 ...
group_of = np.repeat(np.arange(len(groups)), [len(members) for members in groups.values()])


def unit_rows(vectors):
    """Every row divided by its length; a row of zeros stays."""
    lengths = np.sqrt((vectors * vectors).sum(axis=1, keepdims=True))
    return vectors / np.where(lengths > 0, lengths, 1)


def mean_cosines(vectors):
    """Mean cosine of two words of one group, and of two words of different groups."""
    unit = unit_rows(vectors[by_group])
    cosines = unit @ unit.T
    same = group_of[:, None] == group_of
    itself = np.eye(len(same), dtype=bool)
    return cosines[same & ~itself].mean(), cosines[~same].mean()


figure, panels = new_figure(10, 5, ncols=2)
# the middle of each group, where its name will stand
middles = [np.flatnonzero(group_of == g).mean() for g in range(len(groups))]
for axes, vectors, name in zip(panels, (C, M), ("counts", "PPMI"), strict=True):
    unit = unit_rows(vectors[by_group])
    image = axes.imshow(unit @ unit.T, cmap="Blues", vmin=0, vmax=1)
    inside, outside = mean_cosines(vectors)
    axes.set_title(f"{name}: {inside:.2f} within groups, {outside:.2f} between")
    axes.set(xlabel="word", ylabel="word")
    axes.set_xticks(middles, groups, rotation=45)
    axes.set_yticks(middles, groups)
figure.colorbar(image, ax=panels, label="cosine similarity", shrink=0.8)
show(figure)

# %% [markdown]
# By counts every word is close to every other. By PPMI the groups stand out. Animals and food have something in common
# too, since both stand beside `eats`; so have persons and writing, beside `reads`.
#
# ## Fewer numbers: the singular value decomposition
#
# The vectors still have as many entries as there are words, most of them zero, and each entry stands for a single
# word of the company. But the company is itself made of groups: who is seen with `bread` is seen with `rice`. A few
# numbers, one for each such pattern, should do.
#
# Take a column $u$ and a row $v^T$, both of length one. Their product $u v^T$ is a whole table, with $u_i v_j$ in row
# $i$ and column $j$. The **singular value decomposition** (특잇값 분해), SVD, writes a matrix as a sum of such
# tables, each with a weight, the largest first:
#
# $$ M = \sum_j s_j \, u_j v_j^T = U \, \mathrm{diag}(s) \, V^T \qquad s_1 \ge s_2 \ge \ldots \ge 0 \tag{13} $$
#
# where $\mathrm{diag}(s)$ has the $s_j$ on its diagonal and zeros elsewhere. All the columns $u_j$ of $U$ are at right
# angles to each other, and so are the $v_j$. The weights $s_j$ are the **singular values** (특잇값). The first $k$
# terms are the best approximation to $M$, by the sum of squared errors, that any $k$ such tables can give (Eckart and
# Young, 1936). Each row of $M$ is then a mixture of the $k$ patterns $v_1$ to $v_k$; into row $i$ goes $s_j$ times
# $U_{ij}$ of the pattern $v_j$. Row $i$ of $U$, without the weights, is our dense vector for word $i$. (Here $V$ is the
# matrix with the columns $v_j$; everywhere else in this chapter it is the number of words.)
#
# How does one find $u_1$? Begin with any $u$ and multiply, again and again:
#
# $$ u \leftarrow M (M^T u), \;\; \mathrm{then \; divide \; by \; its \; length} \tag{14} $$
#
# Why? Vectors at right angles have the dot product 0, and each $u_j$ and $v_j$ has 1 with itself. So (13) gives
# $M^T u_j = s_j v_j$ and $M v_j = s_j u_j$, and together $M (M^T u_j) = s_j^2 u_j$. In a mixture of all the $u_j$, each
# round of (14) multiplies the part along $u_j$ by $s_j^2$. The largest soon outgrows the others, and what is left is
# $u_1$. For the next one do the same, but take away the part along those that have been found.


# %%
def largest_singular_vectors(M, k, steps=500):
    """Columns u_1 to u_k (rows, k) and the singular values (k,), by equation (14)."""
    rng = np.random.default_rng(0)
    U, s = np.zeros((len(M), k)), np.zeros(k)
    for j in range(k):
        u = rng.standard_normal(len(M))
        for _ in range(steps):
            u = M @ (M.T @ u)  # (14)
            u -= U @ (U.T @ u)  # nothing along those that have been found
            u /= np.sqrt((u * u).sum())  # (14)
        U[:, j] = u
        s[j] = np.sqrt(((M.T @ u) ** 2).sum())  # the length of s_j v_j
    return U, s


U, s = largest_singular_vectors(M, 8)
print("singular values:", s.round(2))
print("NumPy finds the same ones:", np.allclose(s, np.linalg.svd(M)[1][:8], rtol=0, atol=1e-3))

dots = U.T @ counting.svd_vectors(M, 8)
same = np.allclose(abs(dots), np.eye(8), rtol=0, atol=1e-2)
print("the package gives the same vectors:", same)

# %% [markdown]
# A column $u_j$ may come out with its sign turned, if $v_j$ is turned too; that changes no cosine. So the last line
# looks at the dot products of our columns with the package's: 1 or -1 for the same column, 0 for two different ones.
#
# How much of $M$ is in the first $k$ terms? Since $u_j^T M = s_j v_j^T$, their sum is $U_k (U_k^T M)$, where $U_k$ has
# the first $k$ columns of $U$.


# %%
def first_terms(k):
    """The sum of the first k terms of equation (13)."""
    return U[:, :k] @ (U[:, :k].T @ M)  # (13)


errors = [((M - first_terms(k)) ** 2).sum() / (M**2).sum() for k in range(9)]
# the words of each group together, and those of no group last
order = np.concatenate([by_group, np.setdiff1d(np.arange(len(M)), by_group)])

figure, panels = new_figure(10, 3.4, ncols=4, width_ratios=[1, 1, 1, 1.2])
tables = {"PPMI matrix": M, "k = 2": first_terms(2), "k = 8": first_terms(8)}
for axes, (title, table) in zip(panels, tables.items(), strict=False):
    axes.imshow(table[order][:, order], cmap="Blues", vmin=0, vmax=M.max())
    axes.set(title=title, xlabel="word of the company", ylabel="word")
panels[3].plot(range(9), 100 * np.array(errors), "o-", color="black")
panels[3].set_ylim(bottom=0)
label(panels[3], "What is missing", "patterns k", "squared error (%)")
show(figure)

# %%
print(f"numbers for each word: {M.shape[1]} in the PPMI matrix, {U.shape[1]} in the dense vectors")
for name, vectors in (("counts", C), ("PPMI", M), ("SVD", U)):
    inside, outside = mean_cosines(vectors)
    print(f"{name:<7} mean cosine within groups {inside:.2f}, between groups {outside:.2f}")

# %% [markdown]
# Eight numbers for each word say nearly all that there is. Words of a group that had few neighbours in common before,
# because each was seen only a few times, now share patterns.
#
# ## Real text: the nearest words
#
# With vectors for words one can ask for the nearest ones, those of the largest cosine.


# %%
def nearest(word, vocabulary, vectors, count):
    """The ``count`` words of largest cosine with ``word``, and their cosines."""
    unit = unit_rows(vectors)
    cosines = unit @ unit[vocabulary.ids[word]]
    best = [k for k in cosines.argsort()[::-1] if vocabulary.tokens[k] != word]
    return [(vocabulary.tokens[k], float(cosines[k])) for k in best[:count]]


ours = nearest("king", made_vocabulary, U, 5)
theirs = KeyedVectors(made_vocabulary.tokens, U).most_similar("king", 5)
print("king:", ", ".join(f"{word} {value:.2f}" for word, value in ours))
same_words = [word for word, _ in ours] == [word for word, _ in theirs]
close = np.allclose([value for _, value in ours], [value for _, value in theirs], rtol=0, atol=1e-5)
print("the package gives the same:", same_words and close)

# %% [markdown]
# Now the same three steps on real text. In the quick run it is the manual, with its 700 most frequent words. With
# `SCRATCHNN_FULL=1` it is the Penn Treebank, articles from the Wall Street Journal with 10,000 distinct words, which
# lies in the folder that `SCRATCHNN_DATA` names.

# %%
if FULL:
    corpus, V, window, size = list(tokens.tokenize(load_ptb("train"), "word")), 10_000, 2, 100
    asked = ("you", "year", "car", "toyota")
else:
    corpus, V, window, size = re.findall("[a-z]+", manual.lower()), 700, 2, 50
    asked = ("true", "integer", "import", "raise")

start = time.perf_counter()
vocabulary = Vocabulary.build(corpus, specials=("<unk>",), max_size=V)
near = counting.cooccurrence(vocabulary.encode(corpus), len(vocabulary), window)
above_chance = counting.ppmi(near)
vectors = counting.svd_vectors(above_chance, size)
if FULL:
    seconds = time.perf_counter() - start
    print(f"{len(corpus):,} words, {len(vocabulary):,} distinct: {seconds:.0f} s")

tables = {"counts": near.astype(np.float32), "PPMI": above_chance, "SVD": vectors}
for word in asked:
    print(word)
    for name, table in tables.items():
        found = nearest(word, vocabulary, table, 5)
        print(f"  {name:<7} " + ", ".join(f"{other} {value:.2f}" for other, value in found))

# %% [markdown]
# By counts, what agrees is the grammar more than the meaning: a noun is near to other nouns that stand among the same
# small words, whatever they mean. By PPMI and SVD the nearest words are of the same field, as `false` is for `true`.
#
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch02_text_into_tensors.py`, Penn Treebank, 929,589 words, window 2,
# > size 100, seed 0 of the decomposition, 2026-11-21): 19 seconds for all three steps on two busy cores. By counts the
# > nearest to car are network, job, group, computer and strategy, all at 0.87. Below are the nearest by SVD, and those
# > in print (Saito, 2018, section 2.4.5, same corpus, window and size). His differ a little: the method draws random
# > numbers, and his seed is not fixed.
# > - you: i 0.65, me 0.60, we 0.57, anybody 0.54, do 0.53; in print i 0.70, we 0.70, 've 0.55, do 0.53, else 0.51.
# > - year: month 0.70, earlier 0.62, last 0.62, quarter 0.61, june 0.61; in print month 0.73, quarter 0.66, last 0.62,
# >   earlier 0.61, next 0.60.
# > - car: auto 0.57, cars 0.52, luxury 0.51, vehicle 0.49, truck 0.47; in print luxury 0.62, auto 0.62, cars 0.57,
# >   vehicle 0.50, corsica 0.47.
# > - toyota: motor 0.73, motors 0.65, honda 0.63, mazda 0.60, lexus 0.58; in print motor 0.74, nissan 0.68, motors
# >   0.65, honda 0.63, lexus 0.60.
#
# ## Korean text
#
# Most of the above was about tokens between white space. In Korean such a token is an **eojeol** (어절): a word
# together with the particles and endings that are glued to it. 학교 is a school, 학교에서 is "at the school", 학교를
# makes it the object of the sentence. For a vocabulary of eojeol they are three unrelated tokens. Other languages
# have this too, but English hardly does.
#
# ### A syllable is a number
#
# A Korean character is one **syllable** (음절), written as a block of two or three letters, the **jamo** (자모): an
# initial consonant, a vowel, and perhaps a final consonant. There are 19 initials, 21 vowels, and 28 finals, if
# "none" is counted as one. Unicode, which gives each character of the world a number, has all the 11,172 possible
# syllables in the order of their letters. So the number of a syllable can be computed:
#
# $$ \mathrm{code} = 44032 + (\mathrm{initial} \cdot 21 + \mathrm{vowel}) \cdot 28 + \mathrm{final} \tag{15} $$
#
# and taken apart again by division with remainder.

# %%
INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
FINALS = ["", *"ㄱㄲㄳㄴㄵㄶㄷㄹㄺㄻㄼㄽㄾㄿㅀㅁㅂㅄㅅㅆㅇㅈㅊㅋㅌㅍㅎ"]


def take_apart(syllable):
    """Numbers of the initial, the vowel and the final."""
    rest, final = divmod(ord(syllable) - 44032, 28)  # (15)
    initial, vowel = divmod(rest, 21)  # (15)
    return initial, vowel, final


def put_together(initial, vowel, final):
    """The syllable of these numbers."""
    return chr(44032 + (initial * 21 + vowel) * 28 + final)  # (15)


count = len(INITIALS) * len(VOWELS) * len(FINALS)
print(f"{len(INITIALS)} x {len(VOWELS)} x {len(FINALS)} = {count:,} syllables")
for syllable in "한국어":
    initial, vowel, final = take_apart(syllable)
    letters = f"{INITIALS[initial]} {VOWELS[vowel]} {FINALS[final] or 'none'}"
    print(f"{syllable}: number {ord(syllable)}, letters {letters}")

every = [chr(code) for code in range(44032, 44032 + 11172)]
back = all(put_together(*take_apart(syllable)) == syllable for syllable in every)
print("taken apart and put together:", back)
same = all(take_apart(syllable) == korean.split_syllable(syllable) for syllable in every)
print("the package gives the same:", same)

# %% [markdown]
# The letters in this cell are those of a keyboard, where an initial ㄱ and a final ㄱ are the same. Joined to a text
# they would be ambiguous: ㄱㅏㄱㅏ may be 가가, or 각 followed by a lonely ㅏ. So the package writes letters with
# another set that Unicode has, in which initials, vowels and finals are different characters; its level `"letter"`
# gives these. Their numbers are usually written to base 16, with `0x` in front: the initials begin at `0x1100`, the
# vowels at `0x1161`, and final number $n$ has the number `0x11a7` $+\; n$.

# %%
word = "한국어"
letters = list(tokens.tokenize(word, "letter"))
numbers = [hex(ord(letter)) for letter in letters]
print(f"{word}: {len(word)} syllables, {len(letters)} letters, numbers {', '.join(numbers)}")

ours = []
for syllable in word:
    initial, vowel, final = take_apart(syllable)
    ours += [chr(0x1100 + initial), chr(0x1161 + vowel)]
    if final:
        ours.append(chr(0x11A7 + final))
print("the package gives the same:", ours == letters)
print("and back:", korean.from_letters("".join(letters)) == word)

# %% [markdown]
# ### Which tokens for Korean?
#
# To see what each level costs, let us make Korean sentences: a noun with a particle, a place, an object with a
# particle, a verb with an ending. Some particles have two forms: 은 after a consonant, 는 after a vowel.


# %%
def has_final(word):
    """Whether the last syllable ends in a consonant."""
    return take_apart(word[-1])[2] > 0


def with_particle(word, pair):
    """The first form of the particle after a consonant, the second after a vowel."""
    after_consonant, after_vowel = pair.split("/")
    return word + (after_consonant if has_final(word) else after_vowel)


people = "고양이 강아지 학생 선생님 의사 아이 친구 어머니 아버지 동생 할머니 경찰".split()
people += "가수 농부 기자".split()
places = "학교 집 공원 병원 시장 도서관 바다 산 식당 역 가게 마을".split()
things = "책 편지 사과 물 그림 사진 신문 우산 모자 의자 공 시계 가방 꽃 빵 열쇠 지도 연필".split()
stems = "찾 받 잡 놓 숨기 던지 만지 고르 사 옮기".split()
who = "은/는 이/가 도/도 만/만 까지/까지".split()
where = "에서 에서는 에서도 에서만".split()
what = "을/를 도/도 만/만 까지/까지 부터/부터".split()
endings = ["고 있다", "고 싶다", "지 않는다", "지 못한다", "겠다", "네"]


# %%
def korean_sentence(rng):
    """Somebody, somewhere, something, and a verb."""

    def one(choices):
        return str(rng.choice(choices))

    person = with_particle(one(people), one(who))
    place = one(places) + one(where)
    thing = with_particle(one(things), one(what))
    return f"{person} {place} {thing} {one(stems)}{one(endings)}"


rng = np.random.default_rng(0)
korean_text = [korean_sentence(rng) for _ in range(1000)]
print("\n".join(korean_text[:3]))

# %% [markdown]
# Read more and more of these sentences. How many distinct tokens are there at each of the three levels, and which share
# of the tokens of 200 new sentences is unknown?

# %%
levels = {"eojeol": str.split, "syllables": "char", "letters": "letter"}
new_text = [korean_sentence(rng) for _ in range(200)]


def all_tokens(lines, level):
    """The tokens of several lines in one list."""
    return [token for line in lines for token in tokens.tokenize(line, level)]


print("unknown after reading")
for n in (30, 100, 1000):
    parts = []
    for name, level in levels.items():
        vocabulary = Vocabulary.build(all_tokens(korean_text[:n], level))
        unknown = vocabulary.encode(all_tokens(new_text, level)) == vocabulary.unknown
        parts.append(f"{unknown.mean():5.1%} of the {name}")
    print(f"{n:>5} sentences: " + ", ".join(parts))

# %%
read = (1, 3, 10, 30, 100, 300, 1000)
distinct = {}
for name, level in levels.items():
    distinct[name] = [len(set(all_tokens(korean_text[:n], level))) for n in read]

figure, axes = new_figure(7, 4)
for (name, counts), colour in zip(distinct.items(), COLOURS, strict=False):
    axes.loglog(read, counts, "o-", color=colour, label=name)
axes.legend()
label(axes, "Korean at three levels", "sentences read", "distinct tokens")
show(figure)

# %% [markdown]
# Every noun comes with every particle, so the number of eojeol is a product; the number of syllables is hardly more
# than a sum. Letters are few from the start, but a sentence has more of them. A good middle way is n-grams of
# syllables: the forms of one word have some of them in common.

# %%
forms = ["학교에서", "학교를", "병원에서", "병원을"]
pieces = [list(tokens.ngrams(f"<{form}>", 2, "")) for form in forms]
print(forms[0], pieces[0])

print("cosines by pairs of syllables; by whole eojeol, all but the ones would be 0")
vocabulary = Vocabulary.build((piece for found in pieces for piece in found), specials=())
unit = unit_rows(vectorizers.bag_of_words(pieces, vocabulary).astype(float))
for form, row in zip(forms, unit @ unit.T, strict=True):
    print(" ".join(f"{value:.2f}" for value in row), form)

# %% [markdown]
# ### One text, two spellings
#
# Unicode can write 한 in two ways: as one syllable, or as three letters that the screen draws as one block. Both look
# the same. To bring a text to one of the forms is called **Unicode normalization** (유니코드 정규화). Form C, or NFC,
# has composed syllables; form D, NFD, has letters. Most Korean text is in form C, but file names from a Mac, for
# instance, are often in form D. It is not only Korean: é may be one character, or e and an accent.

# %%
composed = unicodedata.normalize("NFC", "한국어")
taken_apart = unicodedata.normalize("NFD", "한국어")
equal = "yes" if composed == taken_apart else "no"
print(f"{len(composed)} characters and {len(taken_apart)} characters; equal: {equal}")
print("form D is what the package calls letters:", taken_apart == korean.to_letters(composed))
same = list(tokens.tokenize(taken_apart, "char")) == list(composed)
print("as tokens they are the same:", same)

# %% [markdown]
# The last line is so because the package's `tokenize` brings every text to form C first, before anything else looks
# at it.
#
# ## What goes wrong
#
# > **What goes wrong.** Leave that one line out, and nothing crashes. Training works, the test set from the same
# > machine works. Then somebody sends reviews that were typed elsewhere, and the results are as good as a coin.
#
# Here are film reviews, good and bad, from a few words. The judge is as simple as it gets: each word is worth the
# logarithm of how much more often it was in good reviews than in bad ones, the worths are added up, and from zero on
# the review is called good.


# %%
def reviews(rng, count):
    """Sentences, and whether each is good (1) or bad (0)."""
    nouns = "배우 음악 이야기 화면 대사 결말 연출 장면".split()
    adverbs = "정말 너무 아주".split()
    bad_words = "지루하다 엉성하다 유치하다 시끄럽다".split()
    good_words = "훌륭하다 재미있다 아름답다 따뜻하다".split()
    good = rng.integers(0, 2, count)
    made = []
    for t in good:
        subject = with_particle(str(rng.choice(nouns)), "이/가")
        adverb, adjective = rng.choice(adverbs), rng.choice(good_words if t else bad_words)
        made.append(f"{subject} {adverb} {adjective}")
    return made, good


def train_judge(texts, good):
    """What each word is worth."""
    counts = {}
    for text, t in zip(texts, good, strict=True):
        for word in text.split():  # without normalization
            if word not in counts:
                counts[word] = [1, 1]  # not from zero, so that nothing is divided by zero
            counts[word][t] += 1
    return {word: np.log(in_good / in_bad) for word, (in_bad, in_good) in counts.items()}


def judge(texts, good, worth):
    """The share of reviews judged rightly, and the share of words that are unknown."""
    guesses = [sum(worth.get(word, 0) for word in text.split()) >= 0 for text in texts]
    unknown = [word not in worth for text in texts for word in text.split()]
    return (np.array(guesses) == good).mean(), np.mean(unknown)


worth = train_judge(*reviews(np.random.default_rng(0), 500))
texts, good = reviews(np.random.default_rng(1), 400)
from_elsewhere = [unicodedata.normalize("NFD", text) for text in texts]
print("a review from here:     ", texts[0])
print("the one from elsewhere: ", from_elsewhere[0])
for name, given in (("from here", texts), ("from elsewhere", from_elsewhere)):
    print(f"{name:<15} judged rightly: {judge(given, good, worth)[0]:.1%}")

# %%
percent = np.arange(0, 101, 10)
curve = []
for share in percent:
    cut = len(texts) * share // 100
    curve.append(judge(from_elsewhere[:cut] + texts[cut:], good, worth))
right_share, unknown_share = np.array(curve).T

figure, axes = new_figure(7, 4)
axes.plot(percent, 100 * right_share, "o-", color=COLOURS[0], label="judged rightly")
axes.plot(percent, 100 * unknown_share, "o-", color=COLOURS[1], label="unknown words")
axes.axhline(50, color="grey", linestyle="--", label="a coin")
axes.legend()
label(axes, "The same reviews in another spelling", "reviews in form D (%)", "share (%)")
show(figure)

# %% [markdown]
# Look at the blue curve alone. A test result that is somewhat lower than that of training is what one expects, and
# one would look for faults in the judge. It is the orange curve that gives it away. In form D every word is unknown,
# so the worths add up to 0 and each review is called good. *Always print the share of unknown tokens.* It costs a
# line, and it finds wrong spelling, wrong encoding, wrong language and wrong tokenizer at once. The mending costs a
# line as well:

# %%
mended = [unicodedata.normalize("NFC", text) for text in from_elsewhere]
share, unknown = judge(mended, good, worth)
print(f"brought to form C first: {share:.1%} judged rightly, {unknown:.1%} of the words unknown")

# %% [markdown]
# ### PPMI loves accidents
#
# The second trap looks innocent too: a table of the pairs that belong together most. PMI divides by how often words
# occur, so what happens to words that occur once? If both of a pair have been seen one single time, and near each
# other, that meeting was very unlikely by chance, and their PMI is about the largest that there is. (The package's
# `pair_counts` gives the matrix $C$ in sparse form: the rows, columns and counts of the pairs that meet.)

# %%
found = re.findall("[a-z]+", manual.lower())


def strongest_pairs(min_count):
    """All pairs v before w in the alphabet: their words, counts and PPMI, the strongest first."""
    vocabulary = Vocabulary.build(found, specials=("<unk>",), min_count=min_count)
    rows, columns, counts = counting.pair_counts(vocabulary.encode(found), len(vocabulary), 2)
    values = counting.ppmi_of_pairs(rows, columns, counts, len(vocabulary))
    names = np.array(vocabulary.tokens)
    known = (rows != vocabulary.unknown) & (columns != vocabulary.unknown)
    kept = np.flatnonzero(known & (names[rows] < names[columns]))  # the places of these pairs
    best = kept[np.argsort(-values[kept], kind="stable")]
    return names[rows[best]], names[columns[best]], counts[best], values[best]


for min_count in (1, 20):
    print("all words" if min_count == 1 else f"words that occur at least {min_count} times")
    one, other, counts, values = strongest_pairs(min_count)
    for k in range(6):
        print(f"  {one[k]} {other[k]}: met {counts[k]}x, PPMI {values[k]:.1f}")

# %%
figure, panels = new_figure(10, 3.8, ncols=2, sharex=True, sharey=True)
for axes, min_count in zip(panels, (1, 20), strict=True):
    _, _, counts, values = strongest_pairs(min_count)
    axes.semilogx(counts, values, ".", color=COLOURS[0], alpha=0.2, markersize=4)
    title = "All words" if min_count == 1 else f"Words that occur at least {min_count} times"
    label(axes, title, "times that the pair met", "PPMI (bits)")
show(figure)

# %% [markdown]
# On the left, the top of the cloud is its left edge: the strongest pairs are those that met least. In the right panel
# the rare words have been left out of the vocabulary, and the strongest pairs met many times. A list of best pairs
# means nothing without their counts.
#
# ## Exercises
#
# ```sh
# python -m scratchnn exercise 2                          # the list
# python -m scratchnn exercise 2.1 --template > my_answer.py
# python -m scratchnn exercise 2.1 my_answer.py           # is it right, and if not, what is off?
# ```
#
# - **2.1** The mean vector of each sentence, without the padding.
# - **2.2** How many places of a hash table are taken by at least one word.
# - **2.3** tf-idf from a table of counts.
# - **2.4** A co-occurrence matrix that looks to the left only.
# - **2.5** PPMI without a loop.
# - **2.6** The Korean particle 은 or 는, by the last syllable.
#
# Solutions are in [`chapters/solutions/ch02.py`](../chapters/solutions/ch02.py). The package's files are short enough
# to read: [`tokens.py`](../scratchnn/text/tokens.py), [`vocabulary.py`](../scratchnn/text/vocabulary.py),
# [`sequences.py`](../scratchnn/text/sequences.py), [`vectorizers.py`](../scratchnn/text/vectorizers.py),
# [`counting.py`](../scratchnn/text/counting.py) and [`korean.py`](../scratchnn/text/korean.py).
#
# ## What comes next
#
# Counting looks at the whole corpus first and compresses it afterwards, and when a new sentence arrives, everything
# begins again. Chapter 3 turns it round: a small network guesses a word from its neighbours, one example after the
# other, and the vectors are what it learns on the way.
#
# Sources: Zipf, *Human Behavior and the Principle of Least Effort* (1949). Firth, "A Synopsis of Linguistic Theory"
# (1957). Harris, "Distributional Structure" (1954). Eckart and Young, "The Approximation of One Matrix by Another of
# Lower Rank" (1936). Spärck Jones, "A Statistical Interpretation of Term Specificity" (1972). Church and Hanks, "Word
# Association Norms, Mutual Information, and Lexicography" (1990). Bullinaria and Levy, "Extracting Semantic
# Representations from Word Co-occurrence Statistics" (2007). Weinberger et al., "Feature Hashing for Large Scale
# Multitask Learning" (2009). Saito, *Deep Learning from Scratch 2* (2018): its chapter 2 makes word vectors from the
# Penn Treebank in the same three steps. *The Unicode Standard*, "Conjoining Jamo Behavior", for equation (15).
