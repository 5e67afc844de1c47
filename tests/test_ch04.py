"""Chapter 4: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

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


def mean_right(chapter, table, **options):
    return np.mean(list(chapter.accuracy(table, **options).values()))


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 25
    assert not [line for line in lines if line.endswith("False")]


def test_the_language(chapter, text):
    assert 'if "the" takes one place in six' in text
    assert 1 / 6.5 < chapter.counts[chapter.ids["the"]] / chapter.counts.sum() < 1 / 5.5
    assert "there are hundreds of them" in text
    assert len(set(chapter.names) & set(chapter.words)) > 200
    assert "the second has half the share of the first, the third a third" in text
    fixed = {word for groups in (chapter.PEOPLE, chapter.PLACES) for row in groups for word in row}
    assert not fixed & set(chapter.names)


def test_costs(chapter, text):
    assert "The first product has $V D$ of them" in text
    assert chapter.softmax_cost(7, 3) == (2 * 7 * 3, 3 * 7 * 3)
    assert "$3 (K + 1) D$ multiply-adds for a pair" in text
    assert chapter.cost["negative sampling"] == 3 * 6 * chapter.D
    assert "some $\\log_2 V$ decisions" in text
    assert 0.5 * np.log2(chapter.V) < chapter.mean_length < np.log2(chapter.V)


def test_noise_is_lifted_for_rare_words(chapter, text):
    assert "lifts the rare words a little" in text
    share = chapter.counts / chapter.counts.sum()
    assert chapter.P_noise[0] < share[0]
    assert chapter.P_noise[-1] > share[-1]
    expected = chapter.P_noise * 200_000
    observed = np.bincount(chapter.draw_noise(chapter.ends, 200_000, np.random.default_rng(9)), minlength=chapter.V)
    chi_squared = ((observed - expected) ** 2 / expected).sum()
    assert abs(chi_squared - (chapter.V - 1)) < 5 * np.sqrt(2 * (chapter.V - 1))


def test_window_shrinks_with_distance(chapter, text):
    assert r"used with probability $(\mathrm{window} - d + 1) / \mathrm{window}$" in text
    line = [np.arange(40) for _ in range(2000)]
    v, o = chapter.draw_pairs(line, np.ones(40), 5, np.random.default_rng(0))
    inside = (v >= 5) & (v < 35)
    shares = np.bincount(abs(v - o)[inside], minlength=6)[1:] / (2 * 30 * 2000)
    assert shares == pytest.approx([1, 0.8, 0.6, 0.4, 0.2], abs=0.01)


def test_knowing_nothing(chapter, text):
    assert r"Knowing nothing costs $\log V$ and $6 \log 2$" in text
    zeros = np.zeros((chapter.V, chapter.D))
    o = np.array([3, 4])
    rng = np.random.default_rng(0)
    h = rng.standard_normal((2, chapter.D))
    assert chapter.by_softmax(h, o, zeros, rng)[0] == pytest.approx(np.log(chapter.V))
    noise = np.array([[5, 6, 7, 8, 9], [5, 6, 7, 8, 9]])
    assert chapter.choices_forward(h, *chapter.against_noise(o, noise), zeros)[0] == pytest.approx(6 * np.log(2))


def test_scores_are_pmi_roughly(chapter):
    assert np.corrcoef(chapter.wanted, chapter.learned)[0, 1] > 0.7


def test_all_three_ways_answer_and_the_softmax_is_dearest(chapter, text):
    assert "100 dimensions, window 5 and 5 noise words" in text
    for run in chapter.runs.values():
        assert mean_right(chapter, run["W_in"]) > 0.9
    spent = {name: chapter.cost[name] * run["pairs"] for name, run in chapter.runs.items()}
    assert spent["full softmax"] > 20 * max(spent["tree"], spent["negative sampling"])
    assert "the first two ask which of all words it is, the third asks six questions" in text
    assert "so negative sampling gets more epochs" in text
    assert chapter.runs["negative sampling"]["pairs"] > chapter.runs["full softmax"]["pairs"]


def test_given_words_have_to_be_shut_out(chapter, text):
    assert "The right column is a warning" in text
    assert "Our language is so regular that its vectors get over this" in text
    after = chapter.runs["negative sampling"]["after"]
    assert mean_right(chapter, after[2]) > mean_right(chapter, after[2], exclude=False) + 0.1
    assert mean_right(chapter, after[-1], exclude=False) > 0.9


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
    pairs, block, _ = (list(map(float, line.split()[-3:])) for line in printed_after(chapter, "for a pair, in units", 3))
    assert block[0] > pairs[0]
    assert 10 * block[1] < pairs[1]
    assert block[2] > 24


def test_subsampling_makes_the_trainer_better(chapter, text):
    assert "the same model reads all words in each epoch, more than twice as many, and knows less for it" in text
    assert (chapter.keep * chapter.counts).sum() < chapter.counts.sum() / 2
    rows = [line.split() for line in printed_after(chapter, "model      subsampling", 4)]
    scores = {(row[0], row[1]): sum(float(part.rstrip("%")) for part in row[-2:]) / 2 for row in rows}
    for model in ("skipgram", "cbow"):
        assert scores[model, "0.001"] > 90
        assert scores[model, "0.001"] > scores[model, "none"] + 5
    assert "Subsampling helps here for the third time" in text
    allowed = [int(line.split()[-2]) for line in chapter.printed.splitlines() if "the trainer takes blocks of" in line]
    assert allowed[0] < allowed[1] == 64


def test_speed_table(chapter, text):
    assert list(chapter.measured.values()) == [920, 727_000, 210_000]
    assert "929,589 words" in text


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
    assert "In the first case below the curve gives nothing" in text
    right = np.array(chapter.runs["negative sampling"]["history"])
    assert abs(np.array(chapter.faulty["history"]) - right).max() < 0.03
    assert [line.split()[-1] for line in printed_after(chapter, "mask forgotten in backward", 4)] == ["WRONG"] * 4


def test_without_noise_the_loss_is_best_and_the_vectors_worst(chapter, text):
    assert "The loss without noise is the best of all, close to zero" in text
    assert chapter.alone["history"][-1] < 0.1
    u = chapter.unit(chapter.alone["W_in"])[: chapter.usual]
    assert (u @ u.T).mean() > 0.9
    assert "a third of the analogies are lost" in text
    assert 0.2 < 1 - mean_right(chapter, chapter.alone["W_in"]) < 0.45


def test_large_blocks_diverge(chapter):
    ends = [line for line in chapter.printed.splitlines() if "pairs: loss of a pair" in line]
    assert ["more than" in line for line in ends] == [False, True, True]


def test_shutting_out_matters_in_real_text(chapter, text):
    assert "those of real text do not, as the last section shows" in text
    shut_out, let_in = (chapter.share_right(chapter.real, chapter.with_s, exclude) for exclude in (True, False))
    assert shut_out > let_in
    assert chapter.trainer.words > 500_000
