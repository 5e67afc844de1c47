# %% [markdown] id="ch02-text-into-tensors"
# # 2. Text into tensors
#
# *Cat* and *dog* never stand next to each other in the text below, and the computer is not told that both are animals. To a
# program, a word is a number in a list: *cat* may be word 6 and *dog* word 11. How can numbers know that a cat is more like
# a dog than like a book?
#
# The two cells below give the answer of this chapter. They count which words are near each other, with functions of the
# package, and compare. Nothing is learned by gradient descent in this chapter; everything is done by counting.

# %%
import re
import time
import unicodedata

import numpy as np

from scratchnn import functions
from scratchnn.book.examples import ch02 as examples
from scratchnn.book.figures import ch02 as figures
from scratchnn.book.page import FULL, show
from scratchnn.data import pad_sequences
from scratchnn.datasets import load_ptb, python_manual
from scratchnn.text import counting, korean, sequences, tokens, vectorizers
from scratchnn.text.vocabulary import Vocabulary
from scratchnn.word2vec.keyed_vectors import KeyedVectors

# %%
generated = examples.generate_text(np.random.default_rng(0), 1000)
print(" ".join(generated[:18]), "...")
generated_vocabulary = Vocabulary.build(generated, specials=())
generated_ids = generated_vocabulary.encode(generated)
company = counting.count_vectors(generated_ids, len(generated_vocabulary), window=2, size=8)

alike = {  # the cosines of all pairs of words, sorted by group
    "As numbers in a list": examples.group_cosines(np.eye(len(company)), generated_vocabulary),
    "By the company they keep": examples.group_cosines(company, generated_vocabulary),
}
show(
    figures.group_cosines(alike, examples.GROUPS),
    "2.1",
    "How alike any two words are (dark: alike). Left: with a number for each word, every word "
    "is like itself alone. Right: with vectors made by counting neighbours, words of one kind "
    "are alike, although the computer was not told which kinds there are.",
)

# %% [markdown] id="ch02-able"
# ## What you will be able to do
#
# - cut a text into words, characters, letters or n-grams, and say what each choice costs;
# - put texts of different lengths into one array and waste little of it;
# - find the documents that answer a question, with tf-idf and the cosine of an angle;
# - make vectors for words from nothing but counts, so that similar words get similar vectors;
# - replace the list of words by hashing, and predict how many words will collide;
# - take a Korean syllable apart by arithmetic, and find out why two texts that look equal are not equal.
#
# You need chapter 1 for arrays, broadcasting and the matrix product. The cells take less than a minute together. Made-up
# sentences are in [`examples/ch02.py`](../scratchnn/book/examples/ch02.py). One real text comes with every Python: the
# manual behind `help()`. It differs a little from version to version, and so do the outputs made from it.
#
# | letter | meaning | shape |
# |--|--|--|
# | $T$, $t$ | tokens of a text, or of the longest text of an array; one position | |
# | $N$, $n$ | texts or documents (in PMI: pairs of neighbours); one row | |
# | $V$; $v$, $w$ | words in the vocabulary; two of them | |
# | $x$ | the vector of a text: counts of its words | $(N, V)$ |
# | $C$, $S$ | counts of neighbours, and their sums by row | $(V, V)$, $(V,)$ |
# | $M$ | the table of PPMI values | $(V, V)$ |
# | $u_j$, $v_j$, $s_j$ | column, row and weight of a term of the SVD (here $v_j$ is no word) | $(V,)$, $(V,)$, () |
# | $U$ | the columns $u_1 \ldots u_k$ side by side: a vector per word | $(V, k)$ |
#
# Figure 2.2 is the chapter as a drawing. On the upper way, a text becomes one vector; on the lower way, a word does.

# %%
show(
    figures.way_of_a_text(),
    "2.2",
    "From a text to arrays, with the shape of each. Everything before the ids is strings; from "
    "there on it is arithmetic.",
)

# %% [markdown] id="ch02-tokens"
# ## Tokens
#
# Each piece that is cut from a text is a **token** (토큰), and a large text to work on is a **corpus** (말뭉치). The
# simplest tokens are characters. The next simplest are words: the pieces between white space. A special token, written
# `<eos>` for "end of sequence", marks the end of each line, which splitting at white space alone would lose.


# %%
def split_words(text):
    """The pieces between white space, and ``<eos>`` at the end of each line."""
    words = []
    for line in text.splitlines():
        words += [*line.split(), "<eos>"]
    return words


text = "The cat sat on the mat.\nThe dog sat on the cat."
words = split_words(text)
print("words:", words[:7], "...")
print("characters:", list(text)[:12], "...")

same_words = words == list(tokens.tokenize(text, "word"))
same_characters = list(text) == list(tokens.tokenize(text, "char"))
print("the package gives the same:", same_words and same_characters)

# %% [markdown] id="ch02-look-at-the-words"
# `The` and `the` are two different tokens, and so are `mat.` with its full stop and `mat` without one. What a network
# learns about one of them does not carry over to the other. So texts are often converted to lower case, and punctuation
# marks become tokens of their own. The package accepts any function that returns tokens. Here is one that uses a regular
# expression: a token is a run of letters, digits and underscores, or any other single character that is not white space.
#
# > **Question.** Into how many tokens will it cut `Don't stop.`? Write your answer down, then run the cell.
# >
# > <details><summary>Answer</summary>
# >
# > Into five: the apostrophe is neither a letter nor a digit nor white space, so it becomes a token of its own, and *don't*
# > falls apart. Look at what your tokenizer does to the words that matter to you.
# >
# > </details>


# %%
def words_and_marks(text):
    """Words in lower case, and each punctuation mark by itself."""
    return re.findall(r"\w+|[^\w\s]", text.lower())


print(list(tokens.tokenize(text, words_and_marks)))
print(list(tokens.tokenize("Don't stop.", words_and_marks)))
before, after = len(set(split_words(text))), len(set(words_and_marks(text)))
print(f"distinct tokens before: {before}, after: {after}")

# %% [markdown] id="ch02-something-is-lost-as-well"
# Something is lost as well: "Polish" and "polish" are now the same token. Every way of cutting is a choice.
#
# ### Characters or words?
#
# A text has few distinct characters, but a great many distinct words, and most of these are rare. Here is the manual, cut
# both ways.

# %%
manual = python_manual()
manual_tokens = {"characters": list(manual.lower()), "words": words_and_marks(manual)}
for name, sequence in manual_tokens.items():
    distinct, counts = np.unique(sequence, return_counts=True)  # how often each token occurs
    sizes = f"{len(sequence):>7,} tokens, {len(distinct):>5,} distinct ones"
    print(f"{name:<10} {sizes}, {(counts == 1).mean():.0%} of these occur only once")

show(
    figures.frequencies(manual_tokens),
    "2.3",
    "Left: how often each token occurs, by rank; both axes are logarithmic. Right: how many "
    "distinct tokens have appeared so far. New characters soon end; new words do not.",
)

# %% [markdown] id="ch02-zipfs-law"
# On the left, where each tick mark along an axis is a factor of ten, the curve of the words is nearly a straight line.
# Zipf's law (1949) says that the word of rank 100 is about ten times as rare as the word of rank 10; here the factor is
# somewhat larger. On the right, new characters soon stop appearing, but new words never do. So however long a list of words
# you make, a new text will contain some that are not on it. That is the price of words. The price of characters is that a
# sentence becomes very long, and that a single character means nothing.
#
# ### n-grams
#
# Groups of neighbouring tokens are a compromise. An **n-gram** (n-그램) is a group of $n$ tokens that follow each other. A
# text of $T$ tokens has
#
# $$ T - n + 1 \tag{1} $$
#
# of them, since the last one has to start $n - 1$ tokens before the end. Pairs of words keep some of the order: "not good"
# is one token. Groups of characters show the parts of a word, even of a new one; `<` and `>` mark its beginning and end.


# %%
def ngrams(sequence, n, separator=" "):
    """All groups of ``n`` neighbours, each as one string."""
    starts = range(len(sequence) - n + 1)  # (1)
    return [separator.join(sequence[k : k + n]) for k in starts]


sentence = "the plot was not good".split()
print("pairs of words:       ", ngrams(sentence, 2))
print("groups of characters: ", ngrams("<unhappy>", 3, ""))
print("and of another word:  ", ngrams("<unhappily>", 3, ""))

# %% [markdown] id="ch02-unhappy-and-unhappily-are-different-words"
# `unhappy` and `unhappily` are different words, but five of their groups are the same.
#
# ## A vocabulary gives every token a number
#
# The list of the known tokens is the **vocabulary** (어휘). The position of a token in the list is its *id*. The most
# frequent tokens come first, equally frequent ones in alphabetical order, so that the same text always gives the same ids.
# Special tokens are at the front: `<pad>`, which the next section needs, and `<unk>`, "unknown", which replaces every
# token that is not on the list.


# %%
def build_vocabulary(sequence, size):
    """The two special tokens, and then the most frequent ones, ``size`` altogether."""
    counts = {}
    for token in sequence:
        counts[token] = counts.get(token, 0) + 1
    ordered = sorted(counts, key=lambda token: (-counts[token], token))
    return ["<pad>", "<unk>", *ordered[: size - 2]]


def encode(sequence, vocabulary):
    """The id of each token; the id of ``<unk>`` for a token that is not in the vocabulary."""
    ids = {token: k for k, token in enumerate(vocabulary)}
    return [ids.get(token, ids["<unk>"]) for token in sequence]


sequence = words_and_marks(text)
small = build_vocabulary(sequence, 7)
ids = encode(sequence, small)
print("vocabulary:", small)
print("ids:       ", ids)
print("decoded:   ", " ".join(small[k] for k in ids))
theirs = Vocabulary.build(sequence, specials=("<pad>", "<unk>"), max_size=7)
same = small == theirs.tokens and ids == theirs.encode(sequence).tolist()
print("the package gives the same:", same)

# %% [markdown] id="ch02-decoding-shows-the-cost"
# Decoding shows the cost of the limit: two words have become `<unk>`. How many tokens of a new text are unknown? Build
# vocabularies from the first half of the manual, and count the unknown tokens in the second half.

# %%
for name, size in (("words", 100), ("words", 1000), ("words", 10_000), ("characters", 10_000)):
    sequence = manual_tokens[name]
    half = len(sequence) // 2
    vocabulary = Vocabulary.build(sequence[:half], max_size=size)
    unknown = (vocabulary.encode(sequence[half:]) == vocabulary.unknown).mean()
    listed = f"limit {size:>6,}: {len(vocabulary):>5,} tokens in the list"
    print(f"{name:<10} {listed}, {unknown:7.3%} of the rest unknown")

# %% [markdown] id="ch02-almost-no-character-is-unknown"
# Almost no character is unknown, but no limit brings the unknown words down to zero.
#
# ## Sentences of different lengths
#
# The rows of an array all have one length, but sentences do not. The usual solution is **padding** (패딩): all rows get the
# length $T$ of the longest one, filled up with the id of `<pad>`. Keep the lengths, so that no later step mistakes the
# padding for text.


# %%
def pad(rows, value=0):
    """Lists of ids as one array (N, T), padded on the right, and their lengths (N,)."""
    lengths = np.array([len(row) for row in rows])
    ids = np.full((len(rows), lengths.max()), value)
    for row, sequence in zip(ids, rows, strict=True):
        row[: len(sequence)] = sequence  # row is a part of ids, not a copy
    return ids, lengths


lines = ["the cat sat", "the dog sat on the cat", "sat"]
vocabulary = Vocabulary.build(words_and_marks(" ".join(lines)))
rows = sequences.texts_to_sequences(lines, vocabulary, words_and_marks)  # the ids of each line
ids, lengths = pad(rows)
print("special tokens first:", vocabulary.tokens)
print(ids)
print("lengths:", lengths)

their_ids, their_lengths = pad_sequences(rows, padding_id=vocabulary.padding)
same = (ids == their_ids).all() and (lengths == their_lengths).all()
print("the package gives the same:", same)

# %% [markdown] id="ch02-share-of-padding"
# With $N$ rows, the share of the array that is padding, for which a network would compute in vain, is
#
# $$ 1 - \frac{\sum_n \mathrm{length}_n}{N \, T} \tag{2} $$
#
# > **Question.** 31 sentences of 10 tokens and one of 100 are padded into one batch. What share of the array is padding?
# >
# > <details><summary>Answer</summary>
# >
# > About seven eighths. The array has $32 \cdot 100 = 3200$ positions, and only 410 of them are tokens. Without the long
# > sentence, 310 positions would be enough.
# >
# > </details>
#
# A single long sentence lengthens all rows of its batch. The remedy is **bucketing** (버킷팅): put sentences of about the
# same length into the same batch. Here are 640 lengths drawn at random, most of them short, in batches of 32.


# %%
def padded_share(lengths, batches):
    """Equation (2) for several batches, each a list of row numbers."""
    positions = sum(len(batch) * lengths[batch].max() for batch in batches)
    return 1 - lengths.sum() / positions  # (2)


def sorted_batches(lengths, size):
    """Row numbers in the order of their lengths, cut into batches."""
    order = np.argsort(lengths, kind="stable")  # stable: equal lengths stay in their order
    return [order[start : start + size] for start in range(0, len(order), size)]


rng = np.random.default_rng(0)
lengths = rng.lognormal(2.5, 0.6, 640).astype(int) + 1
batches = {
    "original order": [np.arange(start, start + 32) for start in range(0, 640, 32)],
    "sorted by length": sorted_batches(lengths, 32),
}
shares = {name: padded_share(lengths, ordered) for name, ordered in batches.items()}
for name, share in shares.items():
    print(f"{name:<17} {share:.1%} of all positions are padding")

show(
    figures.padding(lengths, batches, shares),
    "2.4",
    "The same 640 sentences in batches of 32, each row one sentence: dark is text, light is "
    "padding. Sorted by length, hardly any padding remains.",
)

# %% [markdown] id="ch02-dark-is-text"
# If all sentences were always sorted together, each batch would contain the same sentences in every epoch. So the package's
# [`bucket_batches`](../scratchnn/data/padded.py) can first shuffle them, sort only within pools of some batches, and then
# shuffle the batches. That wastes more, but every epoch is different.

# %% [markdown] id="ch02-one-hot-vectors-sparse-and-dense"
# ## One-hot vectors, sparse and dense
#
# An id is a number, but you cannot calculate with it: word 6 is not twice word 3. The one-hot vector of chapter 1 avoids
# this. It has a one at the position of the id and zeros elsewhere, $V$ entries in all.

# %%
ids = np.array([2, 0, 3, 2])
print(functions.one_hot(ids, 5))  # a row for each id: (N,) gives (N, V)

# %% [markdown] id="ch02-what-is-a-one-hot-vector"
# What is a one-hot vector good for? In a product with a matrix $W$ it selects a row: in equation (1) of chapter 1, all
# terms of the sum but one are zero.
#
# $$ \mathrm{onehot}(v) \, W = W_v \tag{3} $$
#
# where $W_v$ is row $v$. So the code is `W[ids]`, without any multiplications by zero. Chapter 3 makes this a layer.

# %% [markdown] id="ch02-a-vector-in-which-nearly-all"
# A vector in which nearly all entries are zero is a **sparse vector** (희소 벡터). It can be stored as the positions and
# values of the few other entries. A **dense vector** (밀집 벡터) carries information at every position. A one-hot vector of
# ten thousand entries takes forty thousand bytes if all of them are stored, and eight if only the one is.

# %% [markdown] id="ch02-sparse-vectors-are-cheap-if-they"
# So sparse vectors are cheap. Their weakness is a different one: the dot product of two different one-hot vectors is
# always zero. `cat` is as far from `dog` as from `because`: that is the left panel of figure 2.1. The right
# panel is made in *Words by their company* and the sections after it.

# %% [markdown] id="ch02-documents-as-vectors"
# ## Documents as vectors
#
# Now make one vector of a whole text. A **bag of words** (단어 가방) counts how often each word of the vocabulary occurs
# and ignores the order, as if the words had been cut out and shaken in a bag. For the word $v$:
#
# $$ x_v = \mathrm{how \; often} \; v \; \mathrm{occurs \; in \; the \; document} \tag{4} $$
#
# It is the sum of the one-hot vectors of all its words. The counts of $N$ documents form an array of shape $(N, V)$. Here
# are six short documents:

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
    """Counts (N, V): a row for each document."""
    bags = np.zeros((len(documents), len(vocabulary)), dtype=int)
    for bag, words in zip(bags, documents, strict=True):
        for word in words:
            bag[vocabulary.ids[word]] += 1  # (4)
    return bags


bags = bag_of_words(documents, bag_vocabulary)
print(f"{len(bags)} documents, {V} words, {(bags == 0).mean():.0%} of the entries are zero")
rows = functions.one_hot(bag_vocabulary.encode(documents[0]), V)
print("a bag is a sum of one-hot vectors:", (rows.sum(axis=0) == bags[0]).all())
theirs = vectorizers.bag_of_words(documents, bag_vocabulary)
print("the package gives the same:", (bags == theirs).all())

# %% [markdown] id="ch02-term-document-matrix"
# Transposed, with a row for each word and a column for each document, the table is the **term-document matrix** (단어-문서
# 행렬).

# %%
show(
    figures.term_document(bags.T, bag_vocabulary.tokens),  # (V, N)
    "2.5",
    "The counts of every word in every document. Read a column to see what a document is "
    "about, and a row to see where a word is used.",
)

# %% [markdown] id="ch02-which-documents-are-alike-the-cosine"
# ### Which documents are alike? The cosine
#
# The *length* of a vector is $|x| = \sqrt{\sum_v x_v^2}$, by Pythagoras. If a document is copied twice into one text, its
# vector becomes twice as long, but the proportions of the words stay the same. So compare directions, not lengths.
# **Cosine similarity** (코사인 유사도) is the cosine of the angle between two vectors:
#
# $$ \cos(a, b) = \frac{a \cdot b}{|a| \, |b|} \tag{5} $$
#
# It is 1 for the same direction, 0 for vectors at right angles, which have no word in common, and -1 for opposite
# directions. Counts are never negative, so neither are their cosines.
#
# > **Question.** What is the cosine of the bags of `dog bites man` and `man bites dog`? And of `the cat` and `because of
# > rain`?
# >
# > <details><summary>Answer</summary>
# >
# > 1 and 0. The first two have the same counts, although one of them is news: a bag does not know the order. The others
# > have no word in common.
# >
# > </details>


# %%
def cosine(a, b):
    return (a * b).sum() / np.sqrt((a * a).sum() * (b * b).sum())  # (5)


a, b, c = np.array([3.0, 1.0]), np.array([6.0, 2.0]), np.array([1.0, 3.0])
print(f"cosine of a and b: {cosine(a, b):.2f}, of a and c: {cosine(a, c):.2f}")
show(
    figures.directions({"a": a, "b": b, "c": c}),
    "2.6",
    "Two vectors with the same proportions point in the same direction, whatever their "
    "lengths. The cosine compares directions only.",
)

# %% [markdown] id="ch02-tf-idf-rare-words-say-more"
# ### tf-idf: rare words say more
#
# The first two documents have three of their six words in common: `the`, `on` and `the`. That does not make them alike. A
# witness who tells the police that the thief had two eyes has told them nothing, but a scar is worth a lot. **tf-idf**
# (단어 빈도-역문서 빈도), short for term frequency times inverse document frequency, gives each word a weight. If
# $\mathrm{df}_v$ of $N$ documents contain the word $v$,
#
# $$ \mathrm{idf}_v = \log \frac{1 + N}{1 + \mathrm{df}_v} + 1 \tag{6} $$
# $$ r_v = x_v \, \mathrm{idf}_v \qquad y = \frac{r}{|r|} \tag{7} $$
#
# A word that is in every document gets the weight 1; the rarer a word is, the larger its weight. (The ones inside the
# logarithm prevent a division by zero.) The last step divides each vector by its length, so that the dot product of two of
# them is their cosine.


# %%
def tf_idf(bags):
    """Counts (N, V) give weighted vectors (N, V) of length one, and the weights (V,)."""
    N = len(bags)
    df = (bags > 0).sum(axis=0)  # in how many documents, not how often
    idf = np.log((1 + N) / (1 + df)) + 1  # (6)
    r = bags * idf  # (7)
    return r / np.sqrt((r * r).sum(axis=1, keepdims=True)), idf  # (7)


weighted, idf = tf_idf(bags)
for word in ("the", "bank", "stocks", "mat"):
    df = (bags[:, bag_vocabulary.ids[word]] > 0).sum()
    print(f"{word:<6} in {df} of 6 documents: weight {idf[bag_vocabulary.ids[word]]:.2f}")
theirs = vectorizers.tf_idf(bags, vectorizers.inverse_document_frequency(bags))
print("the package gives the same:", np.allclose(weighted, theirs, rtol=0, atol=1e-12))

# %%
by_counts = np.array([[cosine(a, b) for b in bags] for a in bags])
by_tf_idf = weighted @ weighted.T
show(
    figures.document_cosines({"counts": by_counts, "tf-idf": by_tf_idf}),
    "2.7",
    "The cosine of each pair of documents. With counts, documents 0 and 1 look alike "
    "because of *the* and *on*; with tf-idf, the two stock reports 3 and 4 are closer.",
)

# %% [markdown] id="ch02-which-reports-are-alike"
# By counts, the cat on the mat and the dog on the road (documents 0 and 1) are more alike than the two reports from the
# stock market (3 and 4). With tf-idf it is the other way round.
#
# ### A small search engine
#
# A question is a short document; the best answer is the document with the largest cosine. The documents are now the
# manual's paragraphs of at least twenty words.

# %%
paragraphs = examples.paragraphs(manual, 20)
split = [re.findall("[a-z]+", paragraph.lower()) for paragraph in paragraphs]
manual_vocabulary = Vocabulary.build((word for words in split for word in words), specials=())
manual_bags = vectorizers.bag_of_words(split, manual_vocabulary)
manual_idf = vectorizers.inverse_document_frequency(manual_bags)
searchable = vectorizers.tf_idf(manual_bags, manual_idf)

for question in ("what is the remainder of a division", "the order of the keys in a dictionary"):
    query = vectorizers.bag_of_words([question.split()], manual_vocabulary)
    scores = searchable @ vectorizers.tf_idf(query, manual_idf)[0]
    print(question)
    for k in scores.argsort()[::-1][:3]:  # the indices of the three largest scores
        print(f"  {scores[k]:.2f}  {paragraphs[k][:90]}")

# %% [markdown] id="ch02-this-finds-words"
# This finds words, not meanings. A search for "removing" will not find a paragraph on "deleting": two words with the same
# meaning are as different as any two others.
#
# ## Words by their company
#
# "You shall know a word by the company it keeps", wrote J. R. Firth in 1957. That words in similar surroundings have
# similar meanings is the **distributional hypothesis** (분포 가설). You have never met the word *tesgüino*, but after
# "tesgüino makes you drunk" (a well-known example) you know what kind of thing it is.
#
# The surroundings of a word, up to some distance on each side, are its **context** (맥락); that distance is the **window**
# (윈도). The **co-occurrence matrix** (동시발생 행렬) counts which words occur in whose context:
#
# $$ C_{vw} = \mathrm{how \; often} \; w \; \mathrm{is \; at \; most \; window \; positions \; from} \; v \tag{8} $$
#
# Row $v$ of $C$ is a vector for the word $v$. You can think of a frame that slides along the text: the word in its middle
# gets a mark in its row for each word that the frame shows beside it.

# %%
show(
    figures.windows("the cat eats the bread .".split(), 2, (1, 2, 3)),
    "2.8",
    "A window of 2 at three positions. Orange: the word in the middle; blue: its context; to "
    "the right: what is added to the row of the word in the middle.",
)

# %% [markdown] id="ch02-the-frame-in-code"
# In code, with a window of 1 and a sentence of nine words:


# %%
def cooccurrence(ids, V, window):
    """Counts (V, V) of neighbours on both sides."""
    C = np.zeros((V, V), dtype=int)
    for k, v in enumerate(ids):
        for j in range(max(k - window, 0), min(k + window + 1, len(ids))):
            if j != k:
                C[v, ids[j]] += 1  # (8)
    return C


sequence = "you read a book and i read a letter .".split()
vocabulary = Vocabulary.build(sequence, specials=())
ids = vocabulary.encode(sequence)
C = cooccurrence(ids, len(vocabulary), window=1)
print("       ", " ".join(f"{word:>6}" for word in vocabulary.tokens))
for word, row in zip(vocabulary.tokens, C, strict=True):
    print(f"{word:>6}  " + " ".join(f"{count:>6}" for count in row))
book, letter = vocabulary.encode(["book", "letter"])
print(f"cosine of book and letter: {cosine(C[book], C[letter]):.2f}")
theirs = counting.cooccurrence(ids, len(vocabulary), window=1)
print("the package gives the same:", np.array_equal(C, theirs))

# %% [markdown] id="ch02-the-table-is-symmetric"
# The table is symmetric, $C = C^T$: if $w$ is near $v$, then $v$ is near $w$. The words `book` and `letter` never meet, yet
# the cosine of their rows is 0.50, because both of them are next to `a`.
#
# ### A text with known answers
#
# To judge such vectors, you need a text in which you know which words belong together, such as that of figure 2.1. It has
# seven groups of words; sentences are drawn from five patterns, such as *the animal eats the food* and *the person reads
# the writing*. Within a group, the first words are more frequent, as in real texts.
#
# > **Question.** With counts as vectors: is *cat* closer to *dog* or to *book*? And how close is *cat* to *book*, roughly:
# > near 0, near one half, or near 1? Think of the words that are next to each of them.
# >
# > <details><summary>Answer</summary>
# >
# > To *dog*, but only just: both cosines are near 1. Every noun of this text has *the* on its left, again and again, and
# > beside that count all others are small.
# >
# > </details>

# %%
C = counting.cooccurrence(generated_ids, len(generated_vocabulary), window=2)
print(f"{len(generated):,} words, {len(generated_vocabulary)} distinct ones: table {C.shape}")
cat, dog, book = generated_vocabulary.encode(("cat", "dog", "book"))


def print_cosines(vectors):
    to_dog, to_book = (cosine(vectors[cat], vectors[other]) for other in (dog, book))
    print(f"cosine of cat and dog: {to_dog:.2f}, of cat and book: {to_book:.2f}")


print_cosines(C)

# %% [markdown] id="ch02-cat-and-dog-are-close"
# `cat` and `dog` are close, as they should be. But `cat` and `book` are close as well, because of `the`. If you meet a
# colleague at work, that means nothing; if you meet on another continent, there is a story behind it. The useful
# information is not how often two words meet, but how much more often they meet than by chance.
#
# ## More often than by chance
#
# Let $S_v = \sum_w C_{vw}$ be the total number of neighbours of the word $v$, and $N = \sum_v S_v$ the number of all pairs
# of neighbours. If neighbours were drawn at random, a share $S_w / N$ of the neighbours of $v$ would be $w$, and you would
# expect $S_v S_w / N$ meetings. The logarithm of the ratio of the actual number to the expected number is the **pointwise
# mutual information** (점별 상호정보량), PMI:
#
# $$ \mathrm{PMI}_{vw} = \log_2 \frac{C_{vw} \, N}{S_v \, S_w} \tag{9} $$
#
# It is 0 if they meet as often as by chance, 1 if twice as often, 2 if four times as often, and negative if they avoid each
# other; the unit of logarithms to base 2 is the bit. For example, in a corpus with $N = 100000$, let `coffee` have 100
# neighbours, `the` 6000 and `cup` 80, and let `coffee` meet `the` 12 times and `cup` 8 times. By counts `the` is closer to
# `coffee`; PMI gives 1.00 to `the` and 6.64 to `cup`.
#
# Pairs that never meet would have a PMI of minus infinity, although most of them have not met merely by accident. So only
# values above zero are kept, as **positive pointwise mutual information** (양의 점별 상호정보량), PPMI:
#
# $$ \mathrm{PPMI}_{vw} = \max(\mathrm{PMI}_{vw}, 0) \tag{10} $$


# %%
def ppmi(C):
    """Counts (V, V) give values (V, V); pairs that never meet have 0."""
    S = C.sum(axis=1)
    N = S.sum()
    values = np.zeros(C.shape)
    for v, w in np.argwhere(C > 0):  # the pairs that meet
        values[v, w] = max(np.log2(C[v, w] * N / (S[v] * S[w])), 0)  # (9), (10)
    return values


for name, met, neighbours in (("the", 12, 6000), ("cup", 8, 80)):
    print(f"PMI of coffee and {name}: {np.log2(met * 100_000 / (100 * neighbours)):.2f}")  # (9)
M = ppmi(C)
print_cosines(M)
print("the package gives the same:", np.allclose(M, counting.ppmi(C), rtol=0, atol=1e-5))

# %% [markdown] id="ch02-now-cat-is-close-to-dog"
# Now `cat` is close to `dog` and nearly at a right angle to `book`. The figure shows the cosines of all pairs of words.

# %%
panels = {}
for name, vectors in (("counts", C), ("PPMI", M)):
    inside, outside = examples.mean_cosines(vectors, generated_vocabulary)
    title = f"{name}: {inside:.2f} within groups, {outside:.2f} between"
    panels[title] = examples.group_cosines(vectors, generated_vocabulary)
show(
    figures.group_cosines(panels, examples.GROUPS),
    "2.9",
    "The cosines of all pairs of words, sorted by group. With counts all words are alike; "
    "with PPMI the groups appear as dark squares on the diagonal.",
)

# %% [markdown] id="ch02-by-counts-every-word-is-close"
# By counts every word is close to every other. By PPMI the groups are clearly visible. Animals and food have something in
# common too, since both are next to `eats`; so have persons and writing, next to `reads`.
#
# ## Fewer numbers: the singular value decomposition
#
# The vectors still have as many entries as there are words, most of them zero, and each entry describes only a single
# neighbour. But the neighbours themselves form groups: a word that occurs with `bread` also occurs with `rice`. A few
# numbers, one for each such pattern, should be enough.
#
# Think of a stack of transparent slides. The lowest one shows the roughest outline of a picture; every further slide adds
# a correction, each fainter than the one before. The first few are enough to recognise the picture. Here the picture is
# the table $M$, and a slide is the simplest kind of table there is. Take a column $u$ and a row $v^T$, both of length one.
# Their product $u v^T$ is a whole table, with $u_i v_j$ in row $i$ and column $j$: every row of it is the same row $v^T$,
# more or less strongly. The **singular value decomposition** (특잇값 분해), SVD, writes a matrix as a sum of such tables,
# each with a weight, the largest first:
#
# $$ M = \sum_j s_j \, u_j v_j^T \qquad s_1 \ge s_2 \ge \ldots \ge 0 \tag{11} $$
#
# All the columns $u_j$ are at right angles to each other, and so are the $v_j$. The weights $s_j$ are the **singular
# values** (특잇값). No sum of $k$ such tables approximates $M$ better, by the sum of squared errors, than the first $k$
# terms (Eckart and Young, 1936). In this approximation, each row of $M$ is a mixture of the $k$ patterns $v_1$ to $v_k$.
# Row $i$ of $U$, which has the columns $u_1$ to $u_k$, says how much of each is in row $i$ of $M$: our dense vector for
# word $i$.
#
# > **Question.** Words of one group are nearly interchangeable in the text, and there are seven groups. About how many
# > terms will be enough for a good copy of $M$?
# >
# > <details><summary>Answer</summary>
# >
# > Words of one group have nearly the same neighbours, so there are about as many different rows of $M$ as groups, and as
# > many patterns are enough. Eight terms leave less than a seventh of the squared sum, as you will see.
# >
# > </details>
#
# How can you find $u_1$? Begin with any $u$ and multiply, again and again:
#
# $$ u \leftarrow M (M^T u), \;\; \mathrm{then \; divide \; by \; its \; length} \tag{12} $$
#
# In plain words: the multiplication stretches every part of $u$, but the part along $u_1$ most of all, so after many rounds
# nothing else is left. Vectors at right angles have the dot product 0, and each $u_j$ and $v_j$ has the dot product 1 with
# itself. So (11) gives $M^T u_j = s_j v_j$ and $M v_j = s_j u_j$, and together $M (M^T u_j) = s_j^2 u_j$: in a mixture of
# all the $u_j$, each round of (12) multiplies the part along $u_j$ by $s_j^2$. To find the next one, do the same, but
# subtract the parts along those already found.


# %%
def largest_singular_vectors(M, k, steps=500):
    """Columns u_1 to u_k (rows, k) and the singular values (k,), by equation (12)."""
    rng = np.random.default_rng(0)
    U, s = np.zeros((len(M), k)), np.zeros(k)
    for j in range(k):
        u = rng.standard_normal(len(M))
        for _ in range(steps):
            u = M @ (M.T @ u)  # (12)
            u -= U @ (U.T @ u)  # remove the parts along those already found
            u /= np.sqrt((u * u).sum())  # (12)
        U[:, j] = u
        s[j] = np.sqrt(((M.T @ u) ** 2).sum())  # the length of s_j v_j
    return U, s


U, s = largest_singular_vectors(M, 8)
print("singular values:", s.round(2))
print("NumPy finds the same:", np.allclose(s, np.linalg.svd(M)[1][:8], rtol=0, atol=1e-3))

# %% [markdown] id="ch02-a-column-may-have-the-opposite"
# Here are the first three terms, with the words in the order of the groups, and the others, such as `the`, at the end.

# %%
order = examples.group_order(generated_vocabulary)
show(
    figures.rank_one_tables(M, U[:, :3], order),
    "2.10",
    "The PPMI table, and the first three tables of which it is the sum; red is above zero, blue "
    "below. The strip on the left of each is its column, the strip above its row: each table is "
    "nothing but the two multiplied. A column and its row may change their signs together.",
)

# %% [markdown] id="ch02-how-much-is-in-the-first-terms"
# How much of $M$ is in the first $k$ terms? Since $u_j^T M = s_j v_j^T$, their sum is $U_k (U_k^T M)$, where $U_k$ has the
# first $k$ columns of $U$.


# %%
def first_terms(k):
    """The sum of the first k terms of equation (11)."""
    return U[:, :k] @ (U[:, :k].T @ M)  # (11)


errors = [((M - first_terms(k)) ** 2).sum() / (M**2).sum() for k in range(9)]
tables = {"PPMI matrix": M, "$k = 2$": first_terms(2), "$k = 8$": first_terms(8)}
show(
    figures.approximations(tables, order, errors),
    "2.11",
    "The PPMI matrix, and what the first two and the first eight terms of the SVD keep of "
    "it. Right: the error that remains after k terms.",
)

# %%
print(f"numbers per word: {M.shape[1]} in the PPMI matrix, {U.shape[1]} in the dense vectors")
for name, vectors in (("counts", C), ("PPMI", M), ("SVD", U)):
    inside, outside = examples.mean_cosines(vectors, generated_vocabulary)
    print(f"{name:<7} mean cosine within groups {inside:.2f}, between groups {outside:.2f}")

# %% [markdown] id="ch02-eight-numbers-for-each-word-contain"
# Eight numbers for each word contain nearly all the information. Some words of a group had few neighbours in common before,
# because each was seen only a few times; now they share patterns.
#
# ## Real text: the nearest words
#
# With vectors for words you can ask for the nearest words, those with the largest cosine. The package's
# [`KeyedVectors`](../scratchnn/word2vec/keyed_vectors.py) finds them.
#
# Now apply the three steps, counts, PPMI and SVD, to real text. The quick run uses the manual, with its 700 most frequent
# words. With `SCRATCHNN_FULL=1` it uses the Penn Treebank, articles from the Wall Street Journal with 10,000 distinct
# words, from the folder that `SCRATCHNN_DATA` names.

# %%
if FULL:
    corpus, V, window, size = list(tokens.tokenize(load_ptb("train"), "word")), 10_000, 2, 100
    queries = ("you", "year", "car", "toyota")
else:
    corpus, V, window, size = re.findall("[a-z]+", manual.lower()), 700, 2, 50
    queries = ("true", "integer", "import", "raise")

start = time.perf_counter()
vocabulary = Vocabulary.build(corpus, specials=("<unk>",), max_size=V)
near = counting.cooccurrence(vocabulary.encode(corpus), len(vocabulary), window)
above_chance = counting.ppmi(near)
vectors = counting.svd_vectors(above_chance, size)
if FULL:
    seconds = time.perf_counter() - start
    print(f"{len(corpus):,} words, {len(vocabulary):,} distinct: {seconds:.0f} s")

tables = {"counts": near, "PPMI": above_chance, "SVD": vectors}
for word in queries:
    print(word)
    for name, table in tables.items():
        neighbours = KeyedVectors(vocabulary.tokens, table).most_similar(word, 5)
        print(f"  {name:<7} " + ", ".join(f"{other} {value:.2f}" for other, value in neighbours))

# %% [markdown] id="ch02-nearest-words-by-counts"
# By counts, the nearest words agree in grammar more than in meaning: a noun is near other nouns that occur among the same
# small words, whatever they mean. By PPMI and SVD the nearest words are of the same field, as `false` is for `true`.
#
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch02_text_into_tensors.py`, Penn Treebank, 929,589 words, window 2, size
# > 100, seed 0 of the decomposition, 2026-11-21): 19 seconds for all three steps on two busy cores. By counts the nearest
# > to car are network, job, group, computer and strategy, all at 0.87. Below are the nearest by SVD, and those in print
# > (Saitoh, 2018, section 2.4.5, same corpus, window and size; his seed is not fixed).
# > - you: i 0.65, me 0.60, we 0.57, anybody 0.54, do 0.53; in print i 0.70, we 0.70, 've 0.55, do 0.53, else 0.51.
# > - car: auto 0.57, cars 0.52, luxury 0.51, vehicle 0.49, truck 0.47; in print luxury 0.62, auto 0.62, cars 0.57, vehicle
# >   0.50, corsica 0.47.
# > - toyota: motor 0.73, motors 0.65, honda 0.63, mazda 0.60, lexus 0.58; in print motor 0.74, nissan 0.68, motors 0.65,
# >   honda 0.63, lexus 0.60.

# %% [markdown] id="ch02-hashing"
# ## Hashing: no list at all
#
# A vocabulary has to be built, stored, and shipped with the network. **Hashing** (해싱) does without it. It is a cloakroom
# without an attendant who remembers you: the hook for your coat is computed from your name. The place of a word is computed
# from its characters:
#
# $$ \mathrm{place}(w) = \mathrm{hash}(w) \;\; \mathrm{mod} \;\; \mathrm{size} \tag{13} $$
#
# where mod is the remainder of a division, and hash turns the word into one large number, such that different words nearly
# always get different numbers. Every word gets a place, even one that has never been seen before.


# %%
def simple_hash(word, size):
    """A place for a word, computed from its bytes."""
    number = 0
    for byte in word.encode("utf-8"):
        number = (31 * number + byte) % 2**32  # never more than 32 bits
    return number % size  # (13)


for word in ("cat", "cats", "dog", "고양이"):
    ours, theirs = simple_hash(word, 1000), vectorizers.hash_word(word, 1000)
    print(f"{word}: place {ours} of 1000, by the package's hash {theirs}")

# %% [markdown] id="ch02-the-package-uses-another-well-known"
# The package uses another well-known hash, CRC-32, which the standard library implements in C; its
# [`hashed_bags`](../scratchnn/text/vectorizers.py) makes bags of words without a vocabulary. Why not Python's own `hash`?
# For strings it changes with every start of Python: tomorrow, all the weights would belong to other words.
#
# ### Collisions
#
# If two words get the same place, this is a **collision** (충돌), and nothing can tell them apart. How often does it
# happen? Assign each of $V$ words to a random place and look at one of them. Another word misses its place with probability
# $1 - 1/\mathrm{size}$, and all the $V - 1$ others with the product of that many factors. So the expected share of words
# that collide is
#
# $$ 1 - \left( 1 - \frac{1}{\mathrm{size}} \right)^{V - 1} \tag{14} $$
#
# If there are many more places than words, it is close to $V / \mathrm{size}$. To reduce the collisions to one word in a
# hundred, you need a hundred times as many places as words.


# %%
def expected_collisions(V, size):
    return 1 - (1 - 1 / size) ** (V - 1)  # (14)


manual_words = sorted(set(manual_tokens["words"]))
sizes = 2 ** np.arange(7, 21)
measured = [vectorizers.measured_collisions(manual_words, size) for size in sizes]
expected = expected_collisions(len(manual_words), sizes)
show(
    figures.collisions(sizes, expected, measured, len(manual_words)),
    "2.12",
    "The share of words that have to share their place in the table. The hash function "
    "follows the curve that equation (14) predicts for pure chance.",
)

# %% [markdown] id="ch02-the-measured-shares-lie"
# The measured shares lie on the predicted curve: a good hash is as good as chance. With as many places as words, nearly two
# thirds of the words collide. Do not confuse (14), the share of words, with the probability that there is *any* collision.
# With 23 words in 365 places, 5.9% of the words are expected to collide, yet the probability of at least one collision is
# 50.7%. This is known as the birthday paradox: among 23 people, two are likely to have the same birthday.

# %%
none = np.prod(1 - np.arange(23) / 365)  # each word misses the 0, 1 ... 22 places that are taken
print(f"expected share of 23 words in 365 places: {expected_collisions(23, 365):.1%}")
print(f"probability that there is any collision:  {1 - none:.1%}")

# %% [markdown] id="ch02-korean-text"
# ## Korean text
#
# Most of this chapter was about tokens between white space. In Korean such a token is an **eojeol** (어절): a word together
# with the particles and endings that are attached to it. 학교 is a school, 학교에서 is "at the school", and 학교를 is the
# school as the object of the sentence. For a vocabulary of eojeol they are three unrelated tokens.
#
# ### A syllable is a number
#
# A Korean character is one **syllable** (음절), written as a block of two or three letters, the **jamo** (자모): an initial
# consonant, a vowel, and possibly a final consonant. There are 19 initials, 21 vowels, and 28 finals, if "none" is counted
# as one. Unicode, which gives each character in the world a number, contains all the 11,172 possible syllables in the order
# of their letters. So the number of a syllable can be computed:
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
    """The syllable with these letters."""
    return chr(44032 + (initial * 21 + vowel) * 28 + final)  # (15)


count = len(INITIALS) * len(VOWELS) * len(FINALS)
print(f"{len(INITIALS)} x {len(VOWELS)} x {len(FINALS)} = {count:,} syllables")
for syllable in "한국어":
    initial, vowel, final = take_apart(syllable)
    letters = f"{INITIALS[initial]} {VOWELS[vowel]} {FINALS[final] or 'none'}"
    print(f"{syllable}: number {ord(syllable)}, letters {letters}")

every = [chr(code) for code in range(44032, 44032 + 11172)]
same = all(put_together(*take_apart(syllable)) == syllable for syllable in every)
same &= all(take_apart(syllable) == korean.split_syllable(syllable) for syllable in every)
print("the package gives the same:", same)

# %% [markdown] id="ch02-the-letters-in-this-cell"
# The letters in this cell are those of a keyboard, where an initial ㄱ and a final ㄱ are the same. In a running text,
# ㄱㅏㄱㅏ might be 가가, or 각 followed by a single ㅏ. So the package's level `"letter"` uses another Unicode set, in
# which initials and finals are different characters.

# %% [markdown] id="ch02-which-tokens-for-korean"
# ### Which tokens for Korean?
#
# To see the cost of each level, generate Korean sentences. Some particles have two forms: 은 after a consonant, 는 after a
# vowel.

# %%
rng = np.random.default_rng(0)
korean_text = [examples.korean_sentence(rng) for _ in range(1000)]
new_text = [examples.korean_sentence(rng) for _ in range(200)]
print("\n".join(korean_text[:3]))

# %% [markdown] id="ch02-read-more-and-more-of-these"
# Read more and more of these sentences: what share of the tokens of 200 new ones is unknown, at each of three levels?
#
# > **Question.** There are 15 persons, 12 places, 18 things and 10 verbs in these sentences, each with some particles or
# > endings. Which of the three curves of distinct tokens will rise longest: eojeol, syllables or letters? And which will be
# > the first to stop?
# >
# > <details><summary>Answer</summary>
# >
# > The eojeol rise longest: every combination of a word and a particle is one more. The letters stop first: after a few
# > sentences nearly all of them have appeared.
# >
# > </details>

# %%
levels = {"eojeol": str.split, "syllables": "char", "letters": "letter"}


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

read = (1, 3, 10, 30, 100, 300, 1000)
distinct = {}
for name, level in levels.items():
    distinct[name] = [len(set(all_tokens(korean_text[:n], level))) for n in read]
show(
    figures.korean_levels(read, distinct),
    "2.13",
    "Distinct tokens by the number of Korean sentences read, at three levels. The curve of "
    "the eojeol keeps rising: every new combination of a noun and a particle is one more.",
)

# %% [markdown] id="ch02-every-noun-occurs-with-every-particle"
# Every noun occurs with every particle, so the number of eojeol is a product; the number of syllables is hardly more than a
# sum. There are few distinct letters from the start, but a sentence has more of them. A good compromise is n-grams of
# syllables: 학교에서 and 학교를 have 학교 in common.

# %% [markdown] id="ch02-one-text-two-spellings"
# ### One text, two spellings
#
# Unicode can write 한 in two ways: as one syllable, or as three letters that the screen draws as one block. Both look the
# same. Converting a text to one of the forms is called **Unicode normalization** (유니코드 정규화). Form C, or NFC, has
# composed syllables; form D, or NFD, has letters. Most Korean text is in form C, but file names from a Mac, for instance,
# are often in form D. (In the same way, é may be one character, or e and an accent.)

# %%
composed = unicodedata.normalize("NFC", "한국어")
taken_apart = unicodedata.normalize("NFD", "한국어")
print(f"{composed}: {len(composed)} characters; {taken_apart}: {len(taken_apart)} characters")
print("form D is what the package calls letters:", taken_apart == korean.to_letters(composed))
same = list(tokens.tokenize(taken_apart, "char")) == list(composed)
print("as tokens they are the same:", same)

# %% [markdown] id="ch02-the-last-line-is-true-because"
# The last line is true because the package's `tokenize` converts every text to form C before anything else.
#
# ## What goes wrong
#
# > **What goes wrong.** Leave out that one conversion, and nothing crashes. Training works, and so does the test set from
# > the same machine. Then reviews arrive that were typed elsewhere, and the results are no better than tossing a coin.
#
# Here are film reviews, good and bad, and a [classifier](../scratchnn/book/examples/ch02.py) as simple as possible: the
# score of each word is the logarithm of how much more often it occurred in good reviews than in bad ones, and if the scores
# of a review add up to zero or more, it is called good. It splits at white space and normalizes nothing.

# %%
word_scores = examples.train_classifier(*examples.reviews(np.random.default_rng(0), 500))
texts, good = examples.reviews(np.random.default_rng(1), 400)
from_elsewhere = [unicodedata.normalize("NFD", text) for text in texts]
print("a review from here and from elsewhere:", texts[0], "/", from_elsewhere[0])
for name, tested in (("from here", texts), ("from elsewhere", from_elsewhere)):
    print(f"{name:<15} accuracy {examples.evaluate(tested, good, word_scores)[0]:.1%}")

# %%
percent = np.arange(0, 101, 10)
curve = []
for share in percent:
    cut = len(texts) * share // 100
    curve.append(examples.evaluate(from_elsewhere[:cut] + texts[cut:], good, word_scores))
accuracies, unknown_shares = np.array(curve).T
show(
    figures.two_spellings(percent, accuracies, unknown_shares),
    "2.14",
    "The same reviews, more and more of them in the other Unicode form. The blue curve "
    "alone looks like a bad classifier; the orange one shows the cause.",
)

# %% [markdown] id="ch02-look-at-the-blue-curve-alone"
# With the blue curve alone you would look for faults in the classifier. The orange curve reveals the cause. In form D every
# word is unknown, so the scores add up to 0 and every review is classified as good. *Always print the share of unknown
# tokens.* It takes one line, and it detects a wrong spelling, encoding, language or tokenizer at once. The repair takes one
# line as well:

# %%
normalized = [unicodedata.normalize("NFC", text) for text in from_elsewhere]
share, unknown = examples.evaluate(normalized, good, word_scores)
print(f"normalized to form C first: accuracy {share:.1%}, {unknown:.1%} of the words unknown")

# %% [markdown] id="ch02-ppmi-overrates-accidental-pairs"
# ### PPMI overrates accidental pairs
#
# The second trap looks innocent too: a table of the most strongly associated pairs of words. PMI divides by how often words
# occur. If both words of a pair occur only once, and near each other, that meeting was very unlikely by chance, and their
# PMI is about as large as a PMI can be.

# %%
sequence = re.findall("[a-z]+", manual.lower())
clouds = {}
for min_count, title in ((1, "All words"), (20, "Words that occur at least 20 times")):
    one, other, counts, values = examples.strongest_pairs(sequence, min_count)
    clouds[title] = counts, values
    print(title)
    for k in range(6):
        print(f"  {one[k]} {other[k]}: met {counts[k]}x, PPMI {values[k]:.1f}")

show(
    figures.pairs(clouds),
    "2.15",
    "Each point is a pair of words. Left: the highest PPMI belongs to pairs that met least "
    "often. Right: without the rare words, the strongest pairs have met many times.",
)

# %% [markdown] id="ch02-rare-pairs"
# On the left, the top of the cloud is its left edge: the strongest pairs are those that met least. On the right, the rare
# words are not in the vocabulary, and the strongest pairs met many times. A list of the strongest pairs means nothing
# without their counts.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the next
# call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("2.1", masked_mean)  # your function: is it right, and if not, what is wrong?
# hint("2.1")
# solution("2.1")
# ```
#
# In a shell, `python -m scratchnn exercise 2` lists them, and `python -m scratchnn learn` goes through them in order
# (chapter 1).
#
# - **2.1** The mean vector of each sentence, without the padding.
# - **2.2** tf-idf from a table of counts.
# - **2.3** A co-occurrence matrix that looks to the left only.
# - **2.4** PPMI without a loop.
# - **2.5** The number of places of a hash table that at least one word takes.
# - **2.6** The Korean particle 은 or 는, by the last syllable.
#
# The solutions are in [`ch02.py`](../scratchnn/book/solutions/ch02.py).
#
# ## Where to read on
#
# - Church and Hanks, "Word Association Norms, Mutual Information, and Lexicography" (1990): pointwise mutual information
#   for words. Bullinaria and Levy, "Extracting Semantic Representations from Word Co-occurrence Statistics" (2007): why
#   only its positive part is kept, with many measurements.
# - Firth, "A Synopsis of Linguistic Theory" (1957), and Harris, "Distributional Structure" (1954): words by their company.
#   Eckart and Young, "The Approximation of One Matrix by Another of Lower Rank" (1936): the best sum of $k$ tables.
# - Spärck Jones, "A Statistical Interpretation of Term Specificity" (1972): inverse document frequency. Zipf, *Human
#   Behavior and the Principle of Least Effort* (1949).
# - Weinberger and others, "Feature Hashing for Large Scale Multitask Learning" (2009): bags of words without a list.
# - *The Unicode Standard*, "Conjoining Jamo Behavior": equation (15), and the letters of Korean.
# - Saitoh, *Deep Learning from Scratch 2* (2018): its chapter 2 makes word vectors from the Penn Treebank in the same three
#   steps.
#
# ## What comes next
#
# Counting processes the whole corpus first and compresses it afterwards; if a new sentence arrives, everything starts
# again. Chapter 3 does the opposite: a small network predicts a word from its neighbours, one example after the other, and
# the vectors are what it learns along the way.
