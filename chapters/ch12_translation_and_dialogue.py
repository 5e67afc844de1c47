# %% [markdown] id="ch12-title"
# # 12. Translation and dialogue
#
# The two networks of chapter 11 rewrote dates: few characters, one right answer. A sentence is harder in three ways. It
# is made of words, there are very many of them, and new ones turn up every day. The most probable first word need not
# begin the most probable sentence. And often there is no single right answer, so how do you mark what comes out? What
# has to be added so that the same two networks translate, and talk?
#
# The next cell trains a translator from English to Korean on sentences of a small language that is made up for this
# chapter. Half of its subjects are invented names, and many of those in the test part never occur in the training part.

# %%
import copy
import shlex
import tempfile
from collections import Counter
from itertools import pairwise, product

import numpy as np

from scratchnn.book.examples import ch12 as examples
from scratchnn.book.examples import ch12_models as models
from scratchnn.book.figures import ch12 as figures
from scratchnn.book.moving import show_moving
from scratchnn.book.page import FULL, show
from scratchnn.cli import main
from scratchnn.core.nested import flatten
from scratchnn.functions import log_softmax
from scratchnn.gradcheck import check, pair_problem
from scratchnn.metrics import distinct_ngrams, exact_match
from scratchnn.models.encoder import LayerBridge
from scratchnn.text import SPECIALS
from scratchnn.text.counting import count_vectors
from scratchnn.text.pieces import learn_pieces, spaced_words

pairs = examples.translations(4200, seed=0)
train, test = pairs[:4000], pairs[4000:]
sources, references = map(list, zip(*test, strict=True))
for english, korean in train[:4]:
    print(f"{english:<52} {korean}")
by_pieces = models.Translator(train, pieces=160).learn(train, 400)
unfinished = copy.deepcopy(by_pieces)  # for later
by_pieces.learn(train, 900)
answers = by_pieces.answers(sources)
print(f"test sentences translated without any mistake: {exact_match(answers, references):.1%}")
show(
    figures.maps([by_pieces.map(source) for source in examples.shown(sources)]),
    "12.1",
    "Two sentences that the network has never seen, translated piece by piece (from top to "
    "bottom), and where it looks (dark). English has the verb in the middle, Korean at the "
    "end; the name is spelled out.",
)

# %% [markdown] id="ch12-aims"
# ## What you will be able to do
#
# - cut words into pieces by byte-pair encoding, and say what the size of the vocabulary trades against what;
# - say what a translator is made of: pieces, an encoder in both directions, a bridge, attention; and write the bridge
#   between the two directions and the decoder, forward and backward;
# - search with a beam, and say what its width and the length norm change, and what they do not;
# - compute BLEU by hand, and say what it cannot see;
# - explain why a network that talks prefers dull answers, and measure it;
# - say what pretrained vectors can do for a translator, and what they cannot;
# - find a beam search that forgets which state belongs to which beam.
#
# You need attention and greedy decoding (chapter 11), models in both directions (chapter 6), sampling (chapter 7), and
# perplexity (chapter 3). All cells together take about a minute.
#
# | letter | meaning | shape |
# |--|--|--|
# | $N$, $S$, $T$ | sentences in a batch; pieces of a source; pieces of a target | |
# | $V$ | pieces that can be written | |
# | $w_t$ | the $t$-th piece of a target | |
# | $B$ | width of the beam: beginnings that are kept | |
# | $r$, $\lambda$ | score of a whole answer; exponent of the length norm | |
# | $p_n$ | share of the $n$-grams of the answers that are in their references | |
# | $C$, $R$ | words in all answers; in all references | |
# | $u$, $v$ | last states of the encoder's two directions, with parts $h$ and $c$ | $(N, H)$ |
# | $H$, $z$, $h$, $m$, $\alpha$ | as in chapter 11 | |

# %% [markdown] id="ch12-words"
# ## Words are many
#
# What is a token? With characters, as in chapter 11, sequences get long and every step is one more chance for a
# mistake. With words, sequences are short, but Korean hangs particles and endings on its words, and each form is a word
# of its own:
# *책을*, *책이*, *책은*. Names come without end. And a model that chooses among known words can never write a new one.

# %%
known = [{word for side in train for word in side[k].split()} for k in (0, 1)]
for name, k in (("English", 0), ("Korean", 1)):
    new = [any(word not in known[k] for word in pair[k].split()) for pair in test]
    print(f"{name}: {len(known[k]):,} different words in 4,000 sentences", end="; ")
    print(f"{np.mean(new):.0%} of the test sentences contain a new one")

# %% [markdown] id="ch12-pieces"
# ## Pieces of words
#
# Something in between: frequent words whole, rare words in pieces, and single characters as a last resort. Then only a
# character that training never showed is unknown, and sequences stay short. Which pieces? **Byte-pair encoding**
# (바이트 쌍 인코딩) lets the text decide. It is
# a way to compress files (Gage, 1994), brought to translation by Sennrich, Haddow and Birch (2016):
#
# 1. Begin with characters as pieces.
# 2. Count the strings that two adjacent pieces of a word form:
#    $$ n(s) = \mathrm{how \; often \; two \; adjacent \; pieces \; together \; form \; the \; string} \; s \tag{1} $$
# 3. The string with the largest count becomes a new piece. Join it everywhere, and go back to 2.
#
# (Sennrich and others count pairs. In (1), *l* before *ow* and *lo* before *w* are counted together, because both form
# *low*.) It is how you would invent shorthand: what you write most often gets a sign of its own.
#
# > **Question.** The words are *low* (5 times), *lower* (2 times), *new* (6 times) and *newer* (3 times). Which string is
# > the first new piece?
# >
# > <details><summary>Answer</summary>
# >
# > *lo* and *ow* occur 7 times, *we* and *er* 5 times, *ne* and *ew* 9 times. Ties are broken by the alphabet: *ew*. (In
# > the code below each word has the space before it, which is a character too, so that the text can be put together
# > again; a space and *n* also occur 9 times, and the space comes first in the alphabet.)
# >
# > </details>


# %%
def merge(parts, ranks):
    """Join adjacent pieces, those that form the piece learned first, until no two form a piece."""
    while len(parts) > 1:
        formed = [a + b for a, b in pairwise(parts)]
        first = min(formed, key=lambda string: ranks.get(string, len(ranks)))
        if first not in ranks:
            break
        k = formed.index(first)
        parts = [*parts[:k], first, *parts[k + 2 :]]
    return parts


def byte_pairs(texts, size):
    """Special tokens, characters, then pieces in the order of learning: ``size`` in all."""
    counts = Counter(word for text in texts for word in spaced_words(text))
    letters = Counter(letter for word in counts.elements() for letter in word)
    pieces = [*SPECIALS, *sorted(letters, key=lambda letter: (-letters[letter], letter))]
    ranks = {piece: k for k, piece in enumerate(pieces)}
    cut = {word: list(word) for word in counts}  # each word in pieces
    while len(ranks) < size:
        formed = Counter()  # (1)
        for word, parts in cut.items():
            for a, b in pairwise(parts):
                formed[a + b] += counts[word]
        best = min(formed, key=lambda string: (-formed[string], string))
        if formed[best] < 2:
            break
        ranks[best] = len(ranks)
        cut = {word: merge(parts, ranks) for word, parts in cut.items()}
    return ranks


small = byte_pairs(["low"] * 5 + ["lower"] * 2 + ["new"] * 6 + ["newer"] * 3, 20)
print("learned in this order:", [piece for piece in small if len(piece) > 1 and piece[0] != "<"])
print("a word that never occurred:", merge(list(" lowew"), small))
korean = [target for _, target in train]
ranks = byte_pairs(korean[:500], 120)
print("the package gives the same:", list(ranks) == learn_pieces(korean[:500], 120).tokens)

# %% [markdown] id="ch12-sizes"
# How many pieces? Few pieces: long sequences, every piece well known. Many pieces: short sequences, rare pieces. The
# figure counts both on the Korean side. Two to ten thousand pieces are usual for small sets, thirty thousand for large
# ones.

# %%
sizes = [80, 100, 120, 160, 400]
lengths, rare, cuts = [], [], {}
for size in sizes:
    ranks = learn_pieces(korean, size).ids
    used = Counter()
    for text in korean:
        used.update(piece for word in spaced_words(text) for piece in merge(list(word), ranks))
    lengths.append(used.total() / len(korean))
    rare.append(np.mean([used[piece] < 20 for piece in ranks]))
    cuts[size] = merge(list(" 좋아하지"), ranks)
for size in sizes:
    print(f"{size:>4} pieces:", " | ".join(piece.replace(" ", "_") for piece in cuts[size]))
show(
    figures.piece_sizes(sizes, lengths, rare),
    "12.2",
    "More pieces make sentences shorter (left), and more of the pieces are rare, seen fewer "
    "than 20 times (right).",
)

# %% [markdown] id="ch12-model"
# ## The whole path
#
# The network of figure 12.1 is that of chapter 11: one direction, dot attention. For real sentences two changes pay.
# The encoder reads in both directions (chapter 6), so that $m_j$ knows the words on both sides of $j$; it then has $2H$
# numbers, and general or additive attention compares them with queries of $H$. And the encoder now ends in two states,
# each with a hidden and a cell part: $u$ of the forward layer after the last piece, and $v$ of the backward layer after
# the first. The decoder begins with one. A **bridge** (브리지) makes one out of two, with weights of its own for $h$ and
# for $c$:
#
# $$ h_0 = \tanh([u_h, v_h] \, W_h + b_h) \qquad c_0 = [u_c, v_c] \, W_c + b_c \tag{2} $$
#
# A cell state is not bounded by 1, so $c_0$ gets no tanh. Backward there is nothing new: two dense layers, one of them
# with a tanh behind it. What arrives at the pair is cut in the middle, and each half goes back into its own direction:
#
# $$ da = dh_0 \, (1 - h_0^2) \qquad dW_h = [u_h, v_h]^T da \qquad [du_h, dv_h] = da \, W_h^T \tag{3} $$
#
# and the same for $c$, with $dc_0$ in place of $da$.

# %%
show(
    figures.whole_path(),
    "12.3",
    "From a text to a text, as in the full run at the end of the chapter. Pieces and search are "
    "what this chapter adds. The quick run reads in one direction and needs no bridge.",
)


# %%
def bridge_forward(uh, vh, uc, vc, Wh, bh, Wc, bc):
    """Equation (2): h0 and c0 (N, H) from the last states of both directions, and the cache."""
    hidden, cell = np.concatenate([uh, vh], axis=1), np.concatenate([uc, vc], axis=1)  # (N, 2H)
    h0 = np.tanh(hidden @ Wh + bh)  # (2)  (N, 2H) @ (2H, H) -> (N, H)
    return h0, cell @ Wc + bc, (hidden, cell, h0, Wh, Wc)


def bridge_backward(dh0, dc0, cache):
    """Equation (3): the gradients of all eight arguments."""
    hidden, cell, h0, Wh, Wc = cache
    da = dh0 * (1 - h0**2)  # (3)
    duh, dvh = np.split(da @ Wh.T, 2, axis=1)  # (3)  (N, H) @ (H, 2H), cut in the middle
    duc, dvc = np.split(dc0 @ Wc.T, 2, axis=1)
    return duh, dvh, duc, dvc, hidden.T @ da, da.sum(axis=0), cell.T @ dc0, dc0.sum(axis=0)


rng = np.random.default_rng(0)
N, H = 5, 3
shapes = dict.fromkeys(("uh", "vh", "uc", "vc"), (N, H))
shapes |= {"Wh": (2 * H, H), "bh": (H,), "Wc": (2 * H, H), "bc": (H,)}
arrays = {name: rng.standard_normal(shape) for name, shape in shapes.items()}
findings = check(pair_problem(bridge_forward, bridge_backward, arrays))
print(f"gradient check: {len(findings)} comparisons, all right: {all(one.ok for one in findings)}")
*ours, cache = bridge_forward(**arrays)
gradients = bridge_backward(*ours, cache)  # any gradients will do, so take the outputs
uh, vh, uc, vc, *weights = arrays.values()
bridge = LayerBridge(H, 2, rng=rng)
for parameter, array in zip(bridge.parameters(), weights, strict=True):
    parameter.data, parameter.grad = array, np.zeros_like(array)
theirs = bridge.forward(((uh, uc), (vh, vc)))
(duh, duc), (dvh, dvc) = bridge.backward(tuple(ours))
package = [*theirs, duh, dvh, duc, dvc, *(parameter.grad for parameter in bridge.parameters())]
same = all(np.allclose(*both) for both in zip([*ours, *gradients], package, strict=True))
print("the package gives the same:", same)

# %% [markdown] id="ch12-words-or-pieces"
# ## Words or pieces?
#
# Here is the same network with words as tokens. Its list has the words that occur at least ten times in the training
# part; every other word is the one token `<unk>`, which can be read but is never written. It trains for 400 steps. The
# network of pieces had 400 steps, and then 900 more with a learning rate that began again; the last line of the output
# says how far it was before those.
#
# > **Question.** Suppose that training goes perfectly. What share of the test sentences can it get right, at most, and
# > what will it write where it does not know the name?
# >
# > <details><summary>Answer</summary>
# >
# > At most those whose words are all in its list, less than half of them here. Where the name is `<unk>`, it has learned
# > that the answer is `<unk>`, which it may not write; so it writes the next best thing, often a person that it knows.
# > The sentence is fluent, and is about another person.
# >
# > </details>

# %%
by_words = models.Translator(train).learn(train, 400)
written = {"words": by_words.answers(sources), "pieces": answers}
listed = np.array([by_words.covers(pair) for pair in test])
sizes = {name: len(one.target) for name, one in (("words", by_words), ("pieces", by_pieces))}
print(f"{listed.mean():.0%} of the test sentences have only words of the list")
for name, texts in written.items():
    hits = np.array([a == b for a, b in zip(texts, references, strict=True)])
    print(f"{sizes[name]} {name:<6} right: {hits[listed].mean():.1%} of these", end=", ")
    print(f"{hits[~listed].mean():.1%} of the others")
for k in np.flatnonzero(~listed)[:3]:
    print(f"\n{sources[k]}\n    right   {references[k]}")
    for name, texts in written.items():
        print(f"    {name:<7} {texts[k]}")
early = exact_match(unfinished.answers(sources), references)
print(f"\npieces, after 400 of their 1,300 steps: {early:.1%} of all sentences right")

# %% [markdown] id="ch12-words-or-pieces-after"
# The network of words makes no mistake in the sentences that it has the words for, with this seed and with two others.
# It has learned all that it can learn, and more than half of the sentences stay out of reach, whatever the training. A
# longer list would not help much: most of the 1,326 English words are names that occur once or twice, too rarely to
# learn how they are written in Korean. Pieces spell the new names without a mistake here, with a list three times as
# long, which is still short.
#
# The price is training. Words needed no more than 400 steps. Pieces have more to learn, above all how names are spelled:
# after 400 steps one sentence of the 200 was right (with the seeds 1 and 2 one in fifteen and one in three). After 1,300
# steps all are right, with seed 2 too, and 177 of 200 with seed 1.
#
# Now watch the network of pieces at work, piece by piece.
#
# > **Question.** Korean has the verb at the end. When the network writes the verb, where will it look?
# >
# > <details><summary>Answer</summary>
# >
# > Near the middle of the source, at the English verb, after it has already looked at the end. The order of the looks is
# > the order of the target. It was never told where the verb is.
# >
# > </details>

# %%
still, frames, size = figures.translation(by_pieces.map(examples.shown(sources)[0]))
show_moving(
    still,
    "12.4",
    "Attention on a translation. Above the source, below what has been written. The thicker a "
    "line, the larger the weight of that piece (seed 0). With the slider (in a running "
    "notebook): one written piece at a time.",
    frames,
    size,
)

# %% [markdown] id="ch12-bleu"
# Where the lines of verb, object and place cross, Korean has another order than English. But not every look goes to the
# word that is being translated. The first piece is written with a look at the end of the source, *는*, which marks the
# subject, with most of the weight on *a*, and on the right of figure 12.1 *학교에서* (at school) with nearly all of it on
# *yesterday*. The encoder reads from left to right, so its state at *yesterday* has just read *at school* too, and its
# state at *a* has read the whole name. With other seeds these looks go elsewhere: with seed 2, *학교에서* is written with a
# look at *school*. The caution of chapter 11 holds here too: a look is not a reason.
#
# ## How good is a translation?
#
# Exact match is too strict for real sentences: two good translators rarely write the same. The **BLEU score** (BLEU 점수)
# of Papineni and others (2002) counts how many of the $n$-grams of the answers occur in their references, for $n = 1$
# to 4, over the whole test set:
#
# $$ p_n = \frac{\sum \min(\mathrm{count \; in \; answer}, \mathrm{count \; in \; reference})}{\sum \mathrm{count \; in \;
#    answer}} \tag{4} $$
# $$ \mathrm{BLEU} = \min \big(1, e^{1 - R / C} \big) \cdot \Big( \prod_{n=1}^{4} p_n \Big)^{1/4} \tag{5} $$
#
# The minimum in (4) stops an answer like *the the the the* from winning. $C$ and $R$ are the numbers of words in all
# answers and in all references. The first factor of (5), the **brevity penalty** (짧은 문장 벌점), punishes answers that
# say only the sure half. It is a score of a whole test set, not a mean over its sentences.


# %%
def bleu(answers, references):
    """BLEU from 0 to 100, with words between spaces."""
    both, said = np.zeros(4), np.zeros(4)
    written = [text.split() for text in answers], [text.split() for text in references]
    for answer, reference in zip(*written, strict=True):
        for n in range(1, 5):
            found, wanted = (
                Counter(tuple(words[k : k + n]) for k in range(len(words) - n + 1))
                for words in (answer, reference)
            )
            both[n - 1] += (found & wanted).total()  # & takes the smaller count of each
            said[n - 1] += found.total()
    if both.min() == 0:
        return 0.0
    C, R = (sum(map(len, texts)) for texts in written)
    return float(100 * min(1, np.exp(1 - R / C)) * np.exp(np.log(both / said).mean()))  # (4), (5)


for name, texts in written.items():
    print(f"{name:<7} BLEU {bleu(texts, references):.2f}")
theirs = models.sacrebleu_score(answers, references)
print("sacrebleu gives the same:", np.isclose(bleu(answers, references), theirs, rtol=0, atol=1e-9))

# %% [markdown] id="ch12-bleu-limits"
# The network of words is wrong about the person in more than half of the sentences, and yet not far behind: a name is
# one word of many. BLEU cannot see synonyms either, or one wrong *not* in a long sentence. And it depends on how words
# are cut: put a space before each full stop and the same answers get another score, nearly two points more here. Post
# (2018) found as much between common ways to cut. So never compare BLEU across papers without knowing the tokenizer.
# sacrebleu, from that paper, cuts by itself and prints how; `evaluate` uses it where it is installed.

# %%
spaced = [[text.replace(".", " .") for text in texts] for texts in (written["words"], references)]
print(f"words, as written {bleu(written['words'], references):.2f}, ", end="")
print(f"with a space before each full stop {bleu(*spaced):.2f}")

# %% [markdown] id="ch12-search"
# ## The best beginning is not the beginning of the best
#
# Greedy decoding takes the most probable token and never looks back. Here is a small language whose sequences have two
# tokens, drawn as a tree.
#
# > **Question.** What does greedy decoding write in figure 12.5, and what is the most probable sequence?
# >
# > <details><summary>Answer</summary>
# >
# > Greedy takes *a* (6 in 10) and then *x* (4 in 10): 24 in 100. The most probable sequence is *b x*, 4 in 10 times 9 in
# > 10: 36 in 100. After *a* the probability is divided among several ways to go on, after *b* nearly all of it is in one.
# >
# > </details>

# %%
show(
    figures.tree(examples.TREE),
    "12.5",
    "Probabilities along the branches, and of each whole sequence at the right. Greedy "
    "decoding (orange) commits itself to the larger half. A beam of two (blue) keeps both "
    "beginnings.",
)

# %% [markdown] id="ch12-beam"
# Trying all sequences is out of the question: there are $V^T$ of them. **Beam search** (빔 탐색) keeps the $B$ best
# *beginnings*, continues each by every token, and keeps the $B$ best of those. A beginning that ends in `<eos>` is a
# found sequence and leaves the beam. How good is a beginning?
#
# $$ \log P(w_1 \dots w_t \mid \mathrm{source}) = \sum_{k=1}^{t} \log P(w_k \mid w_1 \dots w_{k-1}, \mathrm{source})
#    \tag{6} $$
#
# Every token makes (6) smaller, so among finished sequences it favours short ones. The **length norm** (길이 정규화)
# divides by the length to the power of $\lambda$, for finished sequences of $T$ tokens, `<eos>` included:
#
# $$ r = \frac{1}{T^\lambda} \log P(w_1 \dots w_T \mid \mathrm{source}) \tag{7} $$
#
# $\lambda = 0$ is the plain sum, $\lambda = 1$ the mean per token. When should the search stop? Here: when $B$
# sequences are found and no beginning, scored by (7) as it is, is ahead of the best of them. For $\lambda = 0$ nothing
# better can come then, since (6) only falls. For $\lambda > 0$ it is a rule of thumb: sure tokens could still raise a
# mean.


# %%
def beam_search(step, state, begin, end, width, limit, length_norm=1.0):
    """Found sequences of one source, the best first: pairs of a score (7) and ids without end.

    ``step`` takes ids (1, 1) and a state, and returns logits (1, V) and the next state.
    """
    beam = [(0.0, [begin], state)]  # a beginning: its sum (6), its ids, and its own state
    found = []
    for t in range(1, limit + 1):
        candidates = []
        for total, ids, before in beam:
            z, after = step(np.array([[ids[-1]]]), before)
            gains = log_softmax(z[0].astype(np.float64))  # (V,)
            # Only one of them can be the end, so with one more the beam still fills up.
            best = np.argsort(-gains, kind="stable")[: width + 1]
            candidates += [(total + gains[k], [*ids, int(k)], after) for k in best]  # (6)
        candidates.sort(key=lambda candidate: -candidate[0])
        for total, ids, _ in candidates[:width]:
            if ids[-1] == end:
                found.append((total / t**length_norm, ids[1:-1]))  # (7)
        beam = [candidate for candidate in candidates if candidate[1][-1] != end][:width]
        enough = len(found) >= width and max(found)[0] >= beam[0][0] / t**length_norm
        if enough:
            break
    found = found or [(total / t**length_norm, ids[1:]) for total, ids, _ in beam]
    return sorted(found, reverse=True)[:width]


# %% [markdown] id="ch12-beam-check"
# Is it right? With a beam wider than the number of sequences nothing is ever dropped, so it must find what an
# exhaustive search finds. A random language of four tokens and at most four steps has few enough sequences to try them
# all.

# %%
step = models.random_language(tokens=4, seed=0)
everything = []
for T in range(1, 5):
    for ids in product([0, 1, 2], repeat=T - 1):  # 3 ends a sequence
        z, state, total = *step(np.array([[0]]), None), 0.0
        for token in [*ids, 3]:
            total += log_softmax(z[0])[token]
            z, state = step(np.array([[token]]), state)
        everything.append((total, list(ids)))
score, ids = max(everything)
for width in (1, 2, 200):
    (total, best), *_ = beam_search(step, None, 0, 3, width, 4, length_norm=0.0)
    print(f"width {width:<3} log P {total:.3f}, ids {best}")
print(f"all {len(everything):<5} log P {score:.3f}, ids {ids}")
print("the widest beam has found the best of all:", best == ids)

source_ids = by_pieces.encode(sources[:8], by_pieces.source)
target = by_pieces.target
same = []
for ids, theirs in zip(source_ids, by_pieces.search(sources[:8], beam=4), strict=True):
    state = by_pieces.model.start(ids[None], np.array([len(ids)]))
    ours = beam_search(by_pieces.step, state, target.begin, target.end, 4, 40)
    same.append([ids for _, ids in ours] == [one.ids for one in theirs])
print("the package gives the same:", all(same))

# %% [markdown] id="ch12-width"
# The empty list `[]` is no mistake: in this random language the most probable sequence is the one that ends at once. The
# beams of 1 and 2 lost it in the first step, because their tokens were more probable than the end.
#
# The package's search ([`beam.py`](../scratchnn/beam.py)) does the same for many sources at once. All beams of all
# sources are rows of one batch, and after each step the rows are put in order again.
#
# Now the question that matters: does a wider beam translate better? The model is the same; only the search differs. To
# have something left to gain, take the model as it was after the first 400 steps of its training. Its learning rate had
# fallen to zero by then, as at the end of a training; the 900 steps after them began again with the full rate.

# %%
widths, norms, table = (1, 2, 4, 8), (0.0, 1.0), {}
print("width  norm    BLEU  exact   pieces   log P")
for norm in norms:
    for width in widths:
        found = [one[0] for one in unfinished.search(sources[:60], beam=width, length_norm=norm)]
        texts = [unfinished.text(one.ids) for one in found]
        count = np.array([len(one.ids) + one.ended for one in found])
        total = np.mean([one.score * T**norm for one, T in zip(found, count, strict=True)])
        row = (
            bleu(texts, references[:60]),
            exact_match(texts, references[:60]),
            count.mean(),
            total,
        )
        table[norm, width] = row
        print(f"{width:5} {norm:5.1f} {row[0]:7.2f} {row[1]:6.1%} {row[2]:8.2f} {row[3]:7.2f}")
show(
    figures.by_width(widths, table),
    "12.6",
    "A wider beam finds more probable translations: shorter ones without the length norm, slightly "
    "longer ones with it. BLEU gains two or three points (seed 0, sixty sentences).",
)

# %% [markdown] id="ch12-talk"
# Without the norm, what is found gets more probable with the width, as it usually does (a wider beam can lose a beginning
# that a narrower one has kept), and a little shorter; with the norm it is longer. That holds for the seeds 0, 1 and 2.
# BLEU hardly moves with two of them and rises by two or three points with seed 0. And hardly a sentence more is right as
# a whole. Where the model is wrong, a better search does not help much.
#
# Sixty sentences of a made-up language are few. The [README](../README.md#a-line-in-a-line-out) has the same experiment
# with a fully trained translator and a thousand real sentences: with the norm, a small beam gains about one point over
# greedy decoding, and a very wide one keeps it; without the norm, the very wide beam is no better than greedy decoding.
# A width of four or five is usual, and very wide beams have often been found to hurt (Koehn and Knowles, 2017).
#
# ## Talk
#
# A question and an answer are a source and a target. Nothing in the network has to change. But the data is of another
# kind: one question has many good answers. In the small talk of this chapter, *글쎄.* (well ...) fits every question and
# is said three times in ten. Two stock answers per question, such as *응, 정말 좋아해.* (yes, very much) and *아니, 별로 안
# 좋아해.* (no, not much), are said two times and one time in ten. The interesting answers share the other four in ten, but
# each single one is rare.

# %%
talk, log_p = examples.small_talk(3120, seed=0)
for question, answer in talk[:5]:
    print(f"{question:<18} {answer}")
talker = models.Translator(talk[:3000], pieces=200, units=48).learn(talk[:3000], 300)
questions, said = map(list, zip(*talk[3000:], strict=True))
pieces = sum(len(ids) + 1 for ids in talker.encode(said, talker.target))  # <eos> counts
best = -log_p[3000:].sum() / pieces
share = np.mean([answer == examples.DULL for _, answer in talk])
print(f"{share:.1%} of all {len(talk):,} answers are {examples.DULL}")
print(f"perplexity per piece {np.exp(talker.loss(talk[3000:])):.3f}", end=", ")
print(f"the best possible {np.exp(best):.3f}")

# %% [markdown] id="ch12-dull"
# That is an eighth of a nat per piece above the best possible: roughly, the model has learned what people say, and how
# often. Now let it speak.
#
# > **Question.** What will a wide beam answer, and how often?
# >
# > <details><summary>Answer</summary>
# >
# > *글쎄.*, nearly always, if its score is the plain sum (6): it is the most probable single answer to every question.
# > The better the search, the duller the talk.
# >
# > </details>

# %%
rng = np.random.default_rng(0)
ways = {"people": said}
ways["greedy"] = talker.answers(questions)
ways["beam 8"] = talker.answers(questions, beam=8, length_norm=0.0)
ways["beam 8, norm"] = talker.answers(questions, beam=8, length_norm=1.0)
ways["sampling"] = [talker.sample(question, rng) for question in questions]
kinds = {}
print(f"{'':<14}{examples.DULL:>6}  distinct-2   three answers")
for name, texts in ways.items():
    dull = np.mean([text == examples.DULL for text in texts])
    variety = distinct_ngrams([text.split() for text in texts], 2)
    kinds[name] = dull, variety
    print(f"{name:<14}{dull:>7.0%} {variety:>10.3f}    {' '.join(texts[:3])}")
show(
    figures.dull_answers(kinds),
    "12.7",
    "How often the answer is 글쎄, and how varied all answers are (distinct-2: different pairs "
    "of words over all pairs).",
)

# %% [markdown] id="ch12-dull-why"
# The beam of 8 always says *글쎄.*, as predicted (seed 0; with seed 2, in 95 of 100 answers). It is a single word, so
# there are no pairs of words and distinct-2 is 0. In the test part people say it in 38 of 100 answers, a little more than
# one expects of 120 draws of three in ten (in all 3,120 pairs it is 29.5%). With the length norm the beam prefers longer
# answers, which is no cure: distinct-2 stays near zero with all three seeds, because they are the same few answers again
# and again.
#
# Li and others (2016) found the same in networks that had read the subtitles of films: *I don't know*, whatever the
# question. It is no fault of the network, whose probabilities are nearly right; its perplexity says so. The mistake is
# in the question that we ask it. The most probable answer is the right thing to ask for if one answer is right, as in
# translation. Where many are right, draw one (chapter 7): temperature, top-k and nucleus apply here without a change.
#
# So also report the right figure. BLEU compares with one of many good answers and means little here. Perplexity on
# held-out pairs is fair, and the variety of answers is worth a line.

# %% [markdown] id="ch12-pretrained"
# ## Do pretrained vectors help?
#
# In chapter 8, word vectors learned from much text helped a classifier with few labels. Do they help a translator? Take
# vectors of 48 numbers from eight thousand English sentences without translations (PPMI and SVD, chapter 2), and put
# them into the encoder's table; the other numbers of the table stay random. Compare with random starts, with few pairs
# and with many, and with three seeds.

# %%
monolingual = [source for source, _ in examples.translations(8000, seed=1)]
scores = {}
for count, steps in ((250, 250), (4000, 400)):
    for name in ("random", "pretrained"):
        for seed in (0, 1, 2):
            model = models.Translator(train[:count], seed=seed)
            if name == "pretrained":
                ids = np.concatenate(model.encode(monolingual, model.source))
                vectors = count_vectors(ids, len(model.source), 2, 48)  # (V, 48)
                words = model.model.source.W.data  # (V, D)
                words[:, :48] = vectors / vectors.std() * words.std()
            texts = model.learn(train[:count], steps).answers(sources)
            hits = np.array([a == b for a, b in zip(texts, references, strict=True)])
            simple = np.array([model.covers(pair) for pair in test])
            row = bleu(texts, references), hits[simple].mean(), np.exp(model.loss(test))
            scores.setdefault((count, name), []).append(row)
        print(f"{count:>4} pairs, {name:<10} BLEU", end="")
        print("".join(f"{row[0]:6.1f}" for row in scores[count, name]), end="; listed words only,")
        print(" right", " ".join(f"{row[1]:.0%}" for row in scores[count, name]))

# %% [markdown] id="ch12-pretrained-why"
# With 250 pairs the vectors help with each of the three seeds: a table that already knows that *two* and *three* are used
# alike need not find it out from a handful of sentences. With 4,000 pairs there is nothing left to help with: the pairs
# themselves say all that is needed about these words. The names, where every sentence goes wrong, are no matter of
# vectors: how *masida* is written in Korean is in its letters.
#
# There is reason to expect less of them than in classification. A classifier gets one label per text; what it knows
# about a rare word has to come from elsewhere. A translator gets a whole sentence as its answer, and every word of it
# is tied to a word on the other side, again and again. And vectors say which words occur in similar places, *red* and
# *white*. For many classes these are the same; a translator has to tell exactly those apart. Qi and others (2018)
# measured it on real languages: large gains where pairs are few (but enough to train at all), and less the more there
# are.

# %% [markdown] id="ch12-wrong"
# ## What goes wrong
#
# > **What goes wrong.** In a batched beam search, row 2 may continue row 0. Then the *state* of row 0 has to move to row 2
# > as well. If you forget it, the search goes on with the tokens of one beam and the memory of another. Greedy decoding
# > is right, every gradient is right, and with wider beams the results get worse.
#
# That looks like a property of beams: many papers report that very wide beams translate worse. Here it is a mistake.
# The package's search takes the function that reorders states as an argument, so it is easy to break.


# %%
def forgetful(state, rows):
    """The states stay where they are, unless the number of rows changes."""
    stay = len(rows) == len(flatten(state.cells)[0])
    return unfinished.model.select(state, np.arange(len(rows)) if stay else rows)


some, some_references = sources[:40], references[:40]
print("width     right  forgetful")
for width in (1, 2, 4):
    row = []
    for select in (unfinished.model.select, forgetful):
        found = models.search_one_by_one(unfinished, some, width, select)
        row.append(bleu([unfinished.text(one.ids) for one in found], some_references))
    print(f"{width:5} {row[0]:9.2f} {row[1]:10.2f}")

# %% [markdown] id="ch12-wrong-check"
# The check that finds it: the search *claims* a score for what it has found. Compute the score of the same tokens in
# one pass with teacher forcing, and compare.

# %%
off = {}
for name, select in {"right": unfinished.model.select, "forgetful": forgetful}.items():
    found = models.search_one_by_one(unfinished, some, 4, select)
    claimed = np.array([one.score for one in found])
    computed = np.array(
        [models.forced_score(unfinished, s, one) for s, one in zip(some, found, strict=True)]
    )
    off[name] = abs(claimed - computed).max()
    print(f"{name:<10} largest difference of claimed and computed score: {off[name]:.1e}")

# %% [markdown] id="ch12-headline"
# ## The headline
#
# The full run learns to translate captions of photographs from English to German (Multi30k), and to answer questions in
# Korean (Song's chatbot data), with the commands below. `python -m scratchnn data list` says where the files belong.

# %%
COMMANDS = """
train seq2seq --data multi30k:en-de --level piece --lower --vocabulary 5000 --cell gru
    --hidden 256 --embed 128 --bidirectional --attention additive --input-feeding --tie
    --dropout 0.35 --best-by loss --batch 64 --lr 0.0015 --schedule cosine --epochs 28
    --out {folder}/en-de
evaluate {folder}/en-de --data multi30k:en-de:test
train seq2seq --data chatbot --level piece --lower --vocabulary 2000 --bidirectional
    --attention general --tie --best-by loss --schedule cosine --lr 0.002 --batch 16
    --embed 256 --hidden 512 --dropout 0.5 --epochs 24 --out {folder}/chatbot
evaluate {folder}/chatbot --data chatbot:test
"""
if FULL:
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS.strip().replace("\n    ", " ").splitlines():
            if main(shlex.split(command.format(folder=folder))):
                raise SystemExit(f"error: this command failed: {command}")

# %% [markdown] id="ch12-exercises"
# > **Full run** (`SCRATCHNN_FULL=1 python chapters/ch12_translation_and_dialogue.py`, `SCRATCHNN_DATA` names the folder
# > with both sets; seed 0, one thread of a busy machine, 88 minutes for the first two commands, 2026-11-27): English to
# > German on the 1,000 captions of the test part of 2016, greedy decoding: BLEU 36.72, chrF 62.68 (sacrebleu 2.6.0, lower
# > case, tokenizer 13a), perplexity 6.52 per piece. The epoch was chosen by the validation loss, and the test part was
# > read once.
#
# The other two commands train a network that answers questions in Korean. How well that goes, with twenty answers as they
# came, is in [benchmarks/README.md](../benchmarks/README.md#dialogue-in-korean). The full run deletes its run folders. To
# talk to a network, run the third command yourself, after `python -m scratchnn`, with an `--out` of your own, and give that
# folder to `python -m scratchnn predict`.
#
# In chapter 5's table of shapes both are N:M. A summary of a text is N:M with a short M, and the captions of a film are
# N:M with pictures instead of words. Encoding, temporal summary, decoding: the parts stay the same, and what you have
# added here belongs to the last of them.
#
# ## Exercises
#
# Write each answer as a function in a new cell, and check it there. The first call of `hint` gives a small step, the
# next call a larger one.
#
# ```python
# from scratchnn.book.exercises import check, hint, solution
#
# check("12.4", beam_step)  # your function: is it right, and if not, what is wrong?
# hint("12.4")
# solution("12.4")
# ```
#
# In a shell, an answer is a file:
#
# ```sh
# python -m scratchnn exercise 12                         # the list
# python -m scratchnn exercise 12.4 --template > my_answer.py
# python -m scratchnn exercise 12.4 my_answer.py
# ```
#
# - **12.1** Which string becomes the next piece?
# - **12.2** Cut a new word into known pieces.
# - **12.3** The clipped precision of BLEU.
# - **12.4** One step of beam search.
# - **12.5** Rank found sequences with a length norm.
#
# The solutions are in [`ch12.py`](../scratchnn/book/solutions/ch12.py).
#
# ## Where to read on
#
# - Sennrich, Haddow and Birch, "Neural Machine Translation of Rare Words with Subword Units" (2016): section 3 has the
#   algorithm of the pieces.
# - Papineni, Roukos, Ward and Zhu, "BLEU: a Method for Automatic Evaluation of Machine Translation" (2002), and Post, "A
#   Call for Clarity in Reporting BLEU Scores" (2018).
# - Wu and others, "Google's Neural Machine Translation System" (2016): section 7 on the length norm, with another
#   formula than (7), and a penalty for source words that attention has left out.
# - Koehn and Knowles, "Six Challenges for Neural Machine Translation" (2017): one of the six is that wide beams translate
#   worse.
# - Vinyals and Le, "A Neural Conversational Model" (2015), and Li and others, "A Diversity-Promoting Objective Function
#   for Neural Conversation Models" (2016), on dull answers.
# - Qi and others, "When and Why are Pre-trained Word Embeddings Useful for Neural Machine Translation?" (2018).
#
# ## What comes next
#
# So far the steps of a sequence were tokens. In chapter 13 they are hours and days: numbers that were measured,
# and the network has to say what comes next, and how sure it is.
