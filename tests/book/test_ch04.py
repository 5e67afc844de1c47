"""Chapter 4: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import ROOT, markdown, play

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch04")


@pytest.fixture(scope="module")
def text():
    return markdown("ch04")


def printed_after(chapter, start, count):
    """So many lines of what was printed, after the one that begins with ``start``."""
    lines = chapter.printed.splitlines()
    first = next(k for k, line in enumerate(lines) if line.startswith(start))
    return lines[first + 1 : first + 1 + count]


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 8
    assert not [line for line in lines if line.endswith("False")]


def test_the_language(chapter, text):
    assert 'if "the" is one word in six of the text' in text
    assert 1 / 6.5 < chapter.counts[chapter.ids["the"]] / chapter.counts.sum() < 1 / 5.5
    assert "There are also hundreds of names" in text
    assert len(set(chapter.names) & set(chapter.words)) > 200
    assert "the second has half the share of the first, the third a third" in text
    fixed = {word for groups in (chapter.PEOPLE, chapter.PLACES) for row in groups for word in row}
    assert not fixed & set(chapter.names)


def test_costs(chapter, text):
    assert "The first product has $V D$ of them" in text
    assert chapter.cost["full softmax"] == 3 * chapter.V * chapter.D
    assert "$3 (M + 1) D$ multiply-adds per pair" in text
    assert chapter.cost["negative sampling"] == 3 * 6 * chapter.D
    assert "some $\\log_2 V$ decisions" in text
    assert 0.5 * np.log2(chapter.V) < chapter.mean_length < np.log2(chapter.V)


def test_noise_is_lifted_for_rare_words(chapter, text):
    assert "makes rare words a little more likely" in text
    share = chapter.counts / chapter.counts.sum()
    assert chapter.P_noise[0] < share[0]
    assert chapter.P_noise[-1] > share[-1]
    expected = chapter.P_noise * 200_000
    observed = np.bincount(chapter.draw_noise(chapter.ends, 200_000, np.random.default_rng(9)), minlength=chapter.V)
    chi_squared = ((observed - expected) ** 2 / expected).sum()
    assert abs(chi_squared - (chapter.V - 1)) < 5 * np.sqrt(2 * (chapter.V - 1))


def test_most_pairs_have_a_frequent_word(chapter, text):
    assert "most pairs have it or another such word in them" in text
    v, o = chapter.all_pairs
    assert ((v < 10) | (o < 10)).mean() > 0.6  # one of the ten most frequent
    v, o = chapter.pairs
    assert ((v < 10) | (o < 10)).mean() < 0.4


def test_window_shrinks_with_distance(chapter, text):
    assert r"used with probability $(\mathrm{window} - d + 1) / \mathrm{window}$" in text
    line = [np.arange(40) for _ in range(2000)]
    v, o = chapter.draw_pairs(line, np.ones(40), 5, np.random.default_rng(0))
    inside = (v >= 5) & (v < 35)
    shares = np.bincount(abs(v - o)[inside], minlength=6)[1:] / (2 * 30 * 2000)
    assert shares == pytest.approx([1, 0.8, 0.6, 0.4, 0.2], abs=0.01)


def test_knowing_nothing(chapter, text):
    assert r"The softmax guesses uniformly, which costs $\log V$, a little above 6 here" in text
    assert 6 < np.log(chapter.V) < 6.5
    assert r"so their sum is $6 \log 2$, a little above 4" in text.replace("> ", "")
    zeros = np.zeros((chapter.V, chapter.D))
    o = np.array([3, 4])
    rng = np.random.default_rng(0)
    h = rng.standard_normal((2, chapter.D))
    assert chapter.by_softmax(h, o, zeros, rng)[0] == pytest.approx(np.log(chapter.V))
    noise = np.array([[5, 6, 7, 8, 9], [5, 6, 7, 8, 9]])
    assert chapter.choices_forward(h, *chapter.against_noise(o, noise), zeros)[0] == pytest.approx(6 * np.log(2))


def test_scores_are_pmi_roughly(chapter, text):
    assert np.corrcoef(chapter.wanted, chapter.learned)[0, 1] > 0.7
    assert "contains the words that belong together most, such as france and seine" in text
    v, o = np.nonzero(chapter.C >= 20)
    cloud = chapter.wanted > 1.6
    assert (chapter.ids["france"], chapter.ids["seine"]) in list(zip(v[cloud], o[cloud], strict=True))
    assert (chapter.learned[cloud] < chapter.wanted[cloud]).all()
    assert "eight epochs are too few for that. With three times as many the cloud reaches the line" in text
    longer = chapter.train(chapter.by_noise, chapter.V, epochs=3 * 8)
    learned = (longer["W_in"][v] * longer["W_out"][o]).sum(axis=1)
    assert abs((learned - chapter.wanted)[cloud].mean()) < 0.3 < abs((chapter.learned - chapter.wanted)[cloud].mean())


def test_words_of_a_kind_are_near(chapter, text):
    assert "rivers near rivers and languages near languages" in text
    vectors = chapter.usual_vectors
    assert np.array_equal(vectors.vectors, chapter.x[: chapter.usual].astype(np.float32))

    def nearest(word):
        return {near for near, _ in vectors.most_similar(word, 4)}

    assert nearest("tiber") <= {row[2] for row in chapter.PLACES}
    assert nearest("korean") <= {row[3] for row in chapter.PLACES}
    assert "Words that occur together are near too: mayor is near paris" in text
    assert "mayor" in nearest("paris")
    assert "Words that occur less than ten times are left out" in text
    assert chapter.counts[chapter.usual - 1] >= 10 > chapter.counts[chapter.usual]


def test_all_three_ways_answer_and_the_softmax_is_dearest(chapter, text):
    for run in chapter.runs.values():
        assert chapter.accuracy(run["W_in"]) > 0.9
    spent = {name: chapter.cost[name] * run["pairs"] for name, run in chapter.runs.items()}
    assert "less than a fiftieth of the work that the softmax did in its five" in text
    assert len(chapter.runs["full softmax"]["after"]) == 5
    assert spent["full softmax"] > 50 * max(spent["tree"], spent["negative sampling"])
    assert "the first two ask which of all words it is, the third asks six yes-no questions" in text
    assert "so negative sampling gets more epochs" in text
    assert chapter.runs["negative sampling"]["pairs"] > chapter.runs["full softmax"]["pairs"]


def test_questions(chapter, text):
    assert "Any two pairs of people make four such questions, and so do any two of places" in text
    pairs = len(chapter.PEOPLE) * (len(chapter.PEOPLE) - 1) // 2
    assert len(chapter.PLACES) == len(chapter.PEOPLE)
    assert len(set(chapter.questions)) == len(chapter.questions) == 2 * 4 * pairs


def test_kinds_of_words(chapter, text):
    assert "as a name, a person, a thing, a country, a capital, a river or a language" in text
    members = (chapter.names[0], "queen", "throne", "france", "paris", "seine", "french")
    assert [chapter.kind_of[chapter.ids[word]] for word in (*members, "the")] == [0, 1, 2, 3, 4, 5, 6, -1]
    assert (chapter.kind_of >= 0).sum() == len({*chapter.names} & {*chapter.words}) + 4 * len(
        [*chapter.PEOPLE, *chapter.PLACES]
    )


def test_given_words_have_to_be_excluded(chapter, text):
    assert "The right column is a warning" in text
    assert "Our language is so regular that training overcomes this" in text
    after = chapter.runs["negative sampling"]["after"]
    assert chapter.accuracy(after[2]) > chapter.accuracy(after[2], exclude=False) + 0.1
    assert chapter.accuracy(after[-1], exclude=False) > 0.9


def test_steps_between_places_are_parallel(chapter, text):
    assert "The lines between places are nearly parallel" in text
    assert "Those between people point roughly the same way" in text
    u = chapter.unit(chapter.x)
    for groups, least in ((chapter.PLACES, 0.9), (chapter.PEOPLE, 0.4)):
        points, _ = chapter.plane(u[[chapter.ids[word] for row in groups for word in row[:2]]])
        steps = chapter.unit(points[1::2] - points[::2])
        assert np.sqrt((steps.mean(axis=0) ** 2).sum()) > least


def test_blocks_do_more_products_and_move_less(chapter, text):
    assert "the block does *more* multiply-adds than the pairs one by one" in text
    assert "it gets dozens of multiply-adds out of each number" in text
    pairs, block, _ = (list(map(float, line.split()[-3:])) for line in printed_after(chapter, "per pair, in units", 3))
    assert block[0] > pairs[0]
    assert 10 * block[1] < pairs[1]
    assert block[2] > 24


def test_subsampling_makes_the_trainer_better(chapter, text):
    assert "the same model reads all words in each epoch, more than twice as many, in smaller blocks" in text
    assert (chapter.keep * chapter.counts).sum() < chapter.counts.sum() / 2
    rows = [line.split() for line in printed_after(chapter, "model      subsampling", 4)]
    scores = {(row[0], row[1]): float(row[-1].rstrip("%")) for row in rows}
    blocks = {(row[0], row[1]): int(row[2]) for row in rows}
    for model in ("skipgram", "cbow"):
        assert scores[model, "0.001"] > 90
        assert scores[model, "0.001"] > scores[model, "none"] + 5
    assert "Subsampling helps for the third time" in text
    assert "The trainer takes smaller blocks if one word makes up much of the text" in text
    assert blocks["skipgram", "none"] < blocks["skipgram", "0.001"] == 64


def test_speed_table_is_that_of_the_readme(chapter, text):
    """Rows of the README: text, ours and gensim's and their ratio for skip-gram, the same for CBOW."""
    assert "100 dimensions, a window of 5 and 5 noise words" in text
    assert "python -m benchmarks word2vec --against gensim" in text
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    unquoted = " ".join(text.replace("> ", "").split())
    for name in ("Penn Treebank, 887,521 words", "IMDb, 23,268,433 words"):
        (row,) = [line for line in readme.splitlines() if line.startswith(f"| {name}")]
        cells = [cell.strip(" *") for cell in row.strip("|").split("|")[1:]]
        skipgram, cbow = ("package {}, gensim {}, ratio {}".format(*three) for three in (cells[:3], cells[3:]))
        assert f"{name}. Skip-gram: {skipgram}. CBOW: {cbow}." in unquoted
        ours_sg, gensim_sg, _, ours_cbow, gensim_cbow, _ = (float(cell.replace(",", "")) for cell in cells)
        assert ours_sg > gensim_sg
        assert ours_cbow < gensim_cbow
        assert min(ours_sg, ours_cbow) > 500_000
        assert min(ours_cbow, gensim_cbow) > 200 * 920
    assert "made 920 words per second" in text
    assert "2026-11-21" in text
    assert "(2026-11-21)" in readme
    assert "a million words are read in a couple of seconds" in text
    assert "the package is ahead of gensim" in text
    assert "gensim is ahead" in text
    assert "hundreds of times as fast as the book's program" in text


def test_pretrained_vectors_help_where_labels_are_few(chapter, text):
    assert "With few labels the word vectors are far ahead" in text
    assert "With many labels nearly every word" in text
    assert "Fine-tuning with few labels does harm here" in text
    assert "from ten to a thousand labelled words" in text
    assert (chapter.amounts[0], chapter.amounts[-1]) == (10, 1000)
    assert len(chapter.labelled) >= 1000 + 4000  # those asked about are not among those labelled
    random, frozen, tuned = chapter.shares_by_table.values()
    assert frozen[0] > random[0] + 0.25
    assert frozen[0] > tuned[0] > random[0]
    assert abs(frozen[-1] - random[-1]) < 0.03


def test_forgotten_mask_looks_innocent_but_is_found(chapter, text):
    assert "In the first case below the curve shows nothing" in text
    right = np.array(chapter.runs["negative sampling"]["history"])
    assert abs(np.array(chapter.faulty["history"]) - right).max() < 0.03
    assert [line.split()[-1] for line in printed_after(chapter, "mask forgotten in backward", 4)] == ["WRONG"] * 4


def test_without_noise_the_loss_is_best_and_the_vectors_worst(chapter, text):
    assert "The loss without noise is the best of all, close to zero" in text
    assert chapter.alone["history"][-1] < 0.1
    u = chapter.unit(chapter.alone["W_in"])[: chapter.usual]
    assert (u @ u.T).mean() > 0.9
    assert "a third of the analogies are lost" in text
    assert 0.2 < 1 - chapter.accuracy(chapter.alone["W_in"]) < 0.45


def test_excluding_matters_in_real_text(chapter, text):
    assert "real text do not, as the section *Real text* shows" in text
    excluded, allowed = (chapter.share_right(chapter.real, chapter.with_s, exclude) for exclude in (True, False))
    assert excluded > allowed
    assert chapter.trainer.words > 500_000


def test_order_within_a_window_does_not_matter(chapter, text):
    assert '"dog bites man" and "man bites dog" make the same pairs' in text
    reach = [5, 5, 5]
    assert sorted(chapter.pairs_in([0, 1, 2], reach)) == sorted(chapter.pairs_in([2, 1, 0], reach))
