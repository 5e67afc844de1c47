"""Chapter 6: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

from scratchnn.book.cells import relative_errors
from scratchnn.book.examples.ch06 import LEXICON, agreement, norms_back, reach
from scratchnn.book.examples.ch06_language import make_text, noun_phrase

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch06")


@pytest.fixture(scope="module")
def text():
    return markdown("ch06")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 11
    assert not [line for line in lines if line.endswith("False")]


def test_powers_after_fifty_steps(chapter, text):
    assert "With $s = 0.9$ less than one hundredth is left after 50 steps" in text
    assert len(chapter.measured[0.9]) == 51
    assert 0.9**50 < 0.01
    assert "with $s = 1.1$ the norm is more than a hundred times as large" in text
    assert 1.1**50 > 100


def test_no_scale_keeps_the_gradient(chapter, text):
    assert "No value of $s$ keeps the gradient at its size" in text
    kept = [norms[-1] / norms[0] for norms in chapter.measured.values()]
    assert all(ratio < 1e-2 or ratio > 1e1 for ratio in kept)
    assert "The slopes pull every curve down" in text
    assert all(ratio <= s**50 for s, ratio in zip(chapter.scales, kept, strict=True))


def test_clipping_by_norm_keeps_the_direction(chapter):
    assert chapter.norm(*chapter.clipped) == pytest.approx(1)
    before, after = (np.concatenate([g.ravel() for g in group]) for group in (chapter.unclipped, chapter.clipped))
    assert before @ after == pytest.approx(chapter.norm(before) * chapter.norm(after))


def test_the_wall(chapter, text):
    assert "A step from the wall leaves the picture; with clipping the weight comes down" in text
    assert chapter.wild[1] < -10
    assert abs(chapter.tame[-1] - 0.5 ** (1 / 30)) < 0.011
    h = 1e-6
    for w in (0.9, 1.05):
        slope = (chapter.examples.loss_of_one_weight(w + h)[0] - chapter.examples.loss_of_one_weight(w - h)[0]) / (2 * h)
        assert chapter.examples.loss_of_one_weight(w)[1] == pytest.approx(slope, rel=1e-6)


def test_gates_shut_at_the_comma(chapter, text):
    assert "stop the slider at the step that reads it: most forget gates shut there" in text
    assert LEXICON[agreement(np.random.default_rng(1), 1, 1, 2)[0][0, 3]] == ","
    assert chapter.comma < 0.6 * chapter.others
    assert (chapter.kept[0, 3] < 0.5).mean() > 0.6


def test_two_memories_part_at_the_subject(chapter, text):
    assert "At the subject. Until then both networks have read the same words, so every number is the same" in text
    assert chapter.subject == 5  # under the cars , the book
    assert (chapter.apart[: chapter.subject] == 0).all()
    assert (chapter.apart[chapter.subject :] > 0).all()
    assert "since the gates are computed from the state, the gates differ as well" in text.replace("> ", "")
    assert (chapter.kept[0] == chapter.kept[1]).all(axis=-1).tolist() == [
        k < chapter.subject for k in range(len(chapter.apart))
    ]


def test_turned_update_gate(text):
    assert "Since $1 - \\sigma(a) = \\sigma(-a)$" in text
    a = np.linspace(-5, 5, 11)
    assert np.allclose(1 - 1 / (1 + np.exp(-a)), 1 / (1 + np.exp(a)), rtol=0, atol=1e-15)


def test_blocks_of_parameters(chapter, text):
    assert "one block for the plain network, two for the simplified GRU, three for the GRU, four for the LSTM" in text
    for cell, blocks in ((chapter.RNN, 1), (chapter.LSTM, 4)):
        layer = cell(100, 100, rng=np.random.default_rng(0))
        assert sum(p.data.size for p in layer.parameters()) == blocks * 20_100
    for form, blocks, second_bias in (("simplified", 2, 0), ("reset_before", 3, 0), ("reset_after", 3, 100)):
        layer = chapter.GRU(100, 100, rng=np.random.default_rng(0), form=form)
        assert sum(p.data.size for p in layer.parameters()) == blocks * 20_100 + second_bias
    assert "the last is the default" in text
    assert chapter.GRU(2, 2, rng=np.random.default_rng(0)).form == "reset_after"


def test_forget_bias(chapter, text):
    assert "the higher the bias, the farther back the gradient reaches" in text
    ratios = [norms[-1] / norms[0] for norms in chapter.bias_norms.values()]
    assert ratios == sorted(ratios)
    assert "With a bias of 2 the sum even grows" in text
    assert ratios[-1] > 1
    assert "Along $c$ alone the measured gradient is where equation (21) puts it" in text
    assert "All ways together bring more" in text
    for bias, ratio in zip(chapter.bias_norms, ratios, strict=True):
        along = chapter.along_norms[bias]
        guess = chapter.sigmoid(bias) ** 50
        assert along[-1] / along[0] == pytest.approx(guess, rel=0.5)
        assert ratio > 10 * along[-1] / along[0]


def test_gated_cells_learn_what_the_plain_one_does_not(chapter, text):
    """For every seed."""
    assert "The recurrent network learns the task as long as the sentences are short" in text
    assert chapter.shares["RNN"][:, 0].min() > 0.95
    assert "GRU and LSTM are not affected by the distance" in text
    assert min(chapter.shares["GRU"].min(), chapter.shares["LSTM"].min()) > 0.95
    assert "With 48 words in between it can only guess, from every start" in text
    assert chapter.shares["RNN"][:, -1].max() < 0.65
    assert "a network that has found it may lose it again some steps later" in text  # 24 words, seed 1: 0.94, then 0.58


def test_sentences(chapter, text):
    assert "after it any number of phrases of three words each" in text
    ids, number = agreement(np.random.default_rng(0), 100, 2, 5)
    assert ids.shape == (100, 6 + 3 + 15)
    assert number.mean() == 0.5
    assert ((ids[:, 8] >= 14) == number).all()
    assert (ids[:, 6] == LEXICON.index(",")).all()
    assert "in sentences with 19 phrases" in text
    assert chapter.shares["RNN"].shape == (3, 3)


def test_gradients_before_and_during_training(chapter, text):
    assert "Before training the recurrent network is not worse at all" in text
    before, during = ({name: n[:, 48] for name, n in both.items()} for both in (chapter.before, chapter.during))
    assert (before["RNN"] > np.maximum(before["GRU"], before["LSTM"])).all()
    assert before["RNN"][1] == reach(chapter.Agreement(chapter.RNN, np.random.default_rng(1)))[48]
    assert "The GRU starts with its gates half open, and its gradient shrinks faster than that of the others" in text
    assert (before["GRU"] < before["LSTM"]).all()
    assert "the gated cells are ahead by a factor of more than a hundred thousand, from every start" in text
    assert (np.minimum(during["GRU"], during["LSTM"]) > 1e5 * during["RNN"]).all()
    assert "it jumps up and down by many powers of ten" in text
    jumps = chapter.reach_norms["RNN"][:, 5:, 48]
    assert (jumps.max(axis=1) > 1e6 * jumps.min(axis=1)).all()
    assert "the slopes of the tanh are near 1" in text
    assert chapter.slopes["before"].min() > 0.8 > 0.6 > chapter.slopes["after"].max()


def test_the_setting_of_the_tour(chapter, text):
    assert "The tour feeds random inputs of size 1, which drive the states to the flat ends of the tanh" in text
    cell = chapter.untrained["RNN"].cell
    small, large = (norms_back(cell, chapter.noise * size)[48] for size in (chapter.embedded, 1))
    assert small > 1e5 * large
    assert "the embedded words of an untrained network here are far smaller" in text
    assert chapter.embedded < 0.2


def test_the_gradient_while_learning(chapter, text):
    text = text.replace("> ", "")
    assert "The plain network's gradient is gone within the first two hundred steps, while its loss is still" in text
    for k, watch in zip(chapter.lost, chapter.watches["RNN"], strict=True):
        assert 0 < k * chapter.every <= 200
        assert watch.losses[k] > 0.6
    assert "In the GRU the gradient grows first, and only afterwards does the loss fall" in text
    for table, watch in zip(chapter.reach_norms["GRU"], chapter.watches["GRU"], strict=True):
        grown, learned = np.argmax(table[:, 57] > 1e-3), np.argmax(np.array(watch.losses) < 0.1)
        assert 0 < grown <= learned


def test_which_noun_decides(chapter, text):
    assert "GRU and LSTM answer by the subject, 24 words before the verb" in text
    for name in ("GRU", "LSTM"):
        changes = chapter.answer_changes[name]
        assert changes[:, 1].min() > 0.95
        assert np.delete(changes, 1, axis=1).max() < 0.05
    assert "The plain network does not listen to the subject in any of them" in text
    assert chapter.answer_changes["RNN"][:, 1].max() < 0.1


def test_influence(chapter):
    assert not np.triu(chapter.one_way, 1).any()
    assert (chapter.two_ways > 0).all()


def test_generated_text_and_its_best_score(chapter, text):
    assert "most words have two forms" in text
    assert make_text(0, 500)[0] == chapter.train_text
    lowest = min(curves[:, :, 1].min() for curves in chapter.overfitting.values())
    assert np.exp(chapter.best) < lowest
    sentence, _, log_p = noun_phrase(np.random.default_rng(0))
    assert log_p == pytest.approx(-np.log(2 * 2 * 2 * (8 if len(sentence) == 3 else 1) * 20))


def test_dropout(chapter, text):
    assert "with $p = 0.3$ that is rare after ten" in text
    assert chapter.draws.all(axis=1).mean() == pytest.approx(0.7**10, abs=0.006)


def test_overfitting_and_what_helps(chapter, text):
    """For every seed."""
    last = {name: curves[:, -1] for name, curves in chapter.overfitting.items()}  # (seeds, 2)
    lowest = {name: curves[:, :, 1].min(axis=1) for name, curves in chapter.overfitting.items()}
    assert "The plain model ends far below the language itself on the text that it was trained on" in text
    assert last["plain"].shape == (3, 2)
    assert last["plain"][:, 0].max() < 0.7 * np.exp(chapter.best)
    assert "On new text its curve turns and rises" in text
    rise = {name: last[name][:, 1] / lowest[name] for name in last}
    assert rise["plain"].min() > 1.2
    assert "With dropout or with tied weights the rise is smaller" in text
    assert (np.maximum(rise["tied"], rise["dropout 0.5"]) < rise["plain"]).all()
    assert "With both there is hardly any in these forty epochs" in text
    assert chapter.overfitting["plain"].shape[1] == 40
    assert rise["dropout 0.5, tied"].max() < 1.02
    assert "the curve ends below the lowest point of the plain one, from each of the three starts" in text
    assert (last["dropout 0.5, tied"][:, 1] < lowest["plain"]).all()


def test_settings_of_the_full_run(chapter, text):
    assert "embedding and hidden state of 100, 20 streams, windows of 35 steps" in text
    assert "four epochs. Its forget bias is 0" in text
    assert "134.70, 133.20 and 134.01, a mean of 133.97" in text
    assert np.mean([134.70, 133.20, 134.01]) == pytest.approx(133.97, abs=0.005)
    texts = chapter.train_text, make_text(2, 100)[0], chapter.test_text
    model, ids, valid = chapter.language.like_the_book(texts, 0, size=32, streams=10, window=20, lr=2.0)
    assert len(valid) == 4
    assert valid[-1] < 0.6 * valid[0]
    assert chapter.np.exp(chapter.evaluate_text(model, ids)[0]) < 20


def test_dropped_gradient_learns_but_is_found(chapter, text):
    assert "In the end its answers are right" in text
    assert min(map(min, chapter.faulty_shares.values())) > 0.95
    assert "It only takes longer, with each of the three seeds" in text
    assert (np.array(chapter.learned_after["dc dropped"]) > np.array(chapter.learned_after["right"])).all()
    assert "Everything is wrong" in text
    arrays = chapter.cells.cell_arrays(np.random.default_rng(0), 4, 2)
    assert min(relative_errors(chapter.forgetful_pair, arrays).values()) > 0.1
    assert max(relative_errors(chapter.lstm_pair, arrays).values()) < 1e-6


def test_one_step_hides_the_dropped_gradient(chapter, text):
    assert "both backward passes give the same numbers" in text
    arrays = chapter.cells.cell_arrays(np.random.default_rng(0), blocks=4, states=2, T=1)
    y, _, caches = chapter.lstm_pair[0](*arrays.values())
    zeros = np.zeros_like(arrays["h0"]), np.zeros_like(arrays["c0"])
    right, dropped = (pair[1](np.ones_like(y), zeros, caches) for pair in (chapter.lstm_pair, chapter.forgetful_pair))
    assert all(map(np.array_equal, right, dropped))
    assert all(gradient.any() for gradient in right)


def test_half_of_the_state(chapter, text):
    assert "A perplexity that is a little higher" in text
    whole, broken = np.array(chapter.whole_perplexity), np.array(chapter.broken_perplexity)
    assert len(whole) == 3
    assert ((whole < broken) & (broken < 1.5 * whole)).all()
