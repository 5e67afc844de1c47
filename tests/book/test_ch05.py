"""Chapter 5: the cells compute what the text states."""

import numpy as np
import pytest
from book import markdown, play

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch05")


@pytest.fixture(scope="module")
def text():
    return markdown("ch05")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 7
    assert not [line for line in lines if line.endswith("False")]


def test_feed_forward_network_knows_only_the_places_it_has_seen(chapter, text):
    assert "so always giving the same answer scores one half" in text
    shares = [line.split()[-2] for line in chapter.printed.splitlines() if line.startswith("names among the")]
    seen, new, seen_by_rnn, new_by_rnn = (float(share.rstrip("%")) for share in shares)
    assert seen > 99
    assert 45 < new < 60
    assert seen_by_rnn > 99
    assert new_by_rnn > 99
    assert "All names in its training data are among the first six words" in text
    assert chapter.names_train[1][:, 6:].sum() == 0
    assert chapter.names_new[1][:, :6].sum() == 0


def test_the_word_before_decides_what_is_a_name(chapter):
    ids, is_name = chapter.names_new
    asked = np.argwhere((ids >= 3) & (ids < 7))
    assert len(asked) == 2 * len(ids)
    assert all(is_name[n, t] == (ids[n, t - 1] in (1, 2)) for n, t in asked)


def test_number_of_parameters_does_not_depend_on_the_length(chapter):
    D, H, K = chapter.V, 32, 2
    assert sum(p.size for p in chapter.names_parameters) == D * H + H * H + H + H * K + K  # (6), and the dense layer
    assert sum(p.data.size for p in chapter.network.parameters()) == 12 * D * H + H + H * 24 + 24


def test_table_of_notation(chapter):
    H, D, N = 4, 3, 10
    assert chapter.W_a.shape == (H, H + D)
    assert chapter.a.shape == (H, N)
    stacked_rows = np.concatenate([chapter.W_aa.T, chapter.W_ax.T])
    assert np.array_equal(stacked_rows, chapter.W_a.T)


def test_five_tasks_are_learned(chapter, text):
    assert list(chapter.scores) == ["1:1", "1:N", "N:1", "N:N", "N:M"]
    assert all(score > 0.9 for score in chapter.scores.values())
    assert "It is trained on numbers of 8 bits and tested on numbers of 50" in text
    assert "It is trained on 800 of the numbers below 1000 and tested on the other 200" in text
    assert len(chapter.numbers_known) == 800
    assert len(chapter.numbers_new) == 200
    assert not set(chapter.numbers_known) & set(chapter.numbers_new)


def test_numbers_in_words(chapter, text):
    assert "*nine hundred forty two* is four words" in text
    assert chapter.in_words(942) == "nine hundred forty two"
    assert chapter.in_words(40) == "forty"
    assert chapter.in_words(0) == "zero"
    assert chapter.in_words(700) == "seven hundred"
    assert len({chapter.in_words(number) for number in range(1000)}) == 1000


def test_jump_of_the_curve_comes_with_large_gradients(chapter, text):
    assert "for a few steps the gradient was more than ten times as large as usual" in text
    curve = chapter.curves["N:M"]
    jump = 800 + int(curve[800:1500].argmax())
    assert curve[jump] > 10 * np.median(curve[jump - 100 : jump - 20])
    rng = np.random.default_rng(0)
    parameters = chapter.first_parameters(rng, chapter.every_x.shape[2], 48, 11)
    rng, sizes = np.random.default_rng(0), []
    for _ in range(jump + 10):
        _, gradients, *_ = chapter.gradients_of_loss(parameters, *chapter.many_to_many_batch(rng))
        sizes.append(np.sqrt(sum((dp * dp).sum() for dp in gradients)))
        for p, dp in zip(parameters, gradients, strict=True):
            p -= 0.2 * dp
    assert max(sizes[jump - 20 :]) > 10 * np.median(sizes[jump - 100 : jump - 20])


def test_padding_changes_nothing(chapter, text):
    assert "what comes after it changes nothing" in text
    x, t = chapter.examples.many_to_one(np.random.default_rng(9), 8)
    L, gradients, *_ = chapter.gradients_of_loss(chapter.many_to_one, x, t)
    longer = np.concatenate([x, np.ones((8, 3, x.shape[2]))], axis=1)
    L_longer, gradients_longer, *_ = chapter.gradients_of_loss(
        chapter.many_to_one, longer, np.concatenate([t, np.full((8, 3), -1)], axis=1)
    )
    assert abs(L - L_longer) < 1e-12
    for dp, dp_longer in zip(gradients, gradients_longer, strict=True):
        np.testing.assert_allclose(dp, dp_longer, rtol=0, atol=1e-12)


def test_a_neuron_keeps_the_carry(chapter, text):
    assert "Where does it keep the carry?" in text
    assert abs(chapter.correlation[chapter.best]) > 0.8


def test_gradients_of_the_loss(chapter):
    rng = np.random.default_rng(0)
    parameters = chapter.first_parameters(rng, 3, 4, 3)
    x, t = rng.standard_normal((2, 3, 3)), np.array([[0, -1, 2], [-1, 1, 1]])
    _, gradients, dx, last = chapter.gradients_of_loss(parameters, x, t)
    for k, dp in enumerate([*gradients, dx]):
        values = [*parameters, x]

        def loss_at(change, index, k=k, values=values):
            moved = [value.copy() for value in values]
            moved[k][index] += change
            return chapter.gradients_of_loss(moved[:5], moved[5], t)[0]

        differences = [(loss_at(1e-5, index) - loss_at(-1e-5, index)) / 2e-5 for index in np.ndindex(values[k].shape)]
        np.testing.assert_allclose(dp.ravel(), differences, rtol=0, atol=1e-8)
    assert np.array_equal(last, chapter.predict(parameters, x)[1][0][:, -1])


def test_longer_windows_give_better_gradients(chapter, text):
    assert "The longer the windows, the better the gradient. A window as long as the sequence loses nothing." in text
    assert all(np.diff(chapter.off) < 0)
    assert chapter.off[-1] == pytest.approx(0, abs=1e-12)


def test_floors_of_the_language(chapter, text):
    """The entropy (18) is the mean cost of the true probabilities on a long text."""
    _, logarithms = chapter.language.make_text(np.random.default_rng(7), 50_000)
    assert -logarithms.mean() == pytest.approx(chapter.floors["all words so far"], rel=0.01)
    last, everything = (np.exp(chapter.floors[key]) for key in ("the last word", "all words so far"))
    assert f"Between {last:.2f} and {everything:.2f} lies" in text
    table, pi = chapter.language.stationary(chapter.lexicon.ids)
    np.testing.assert_allclose(pi @ table.sum(axis=1), pi, rtol=0, atol=1e-12)
    end = {word: (probability, after) for word, probability, after in chapter.GRAMMAR["end"]}
    assert end == {".": (4 / 5, "start"), "and": (1 / 5, "start")}
    assert 'a full stop comes with probability 4/5 and *and* with probability 1/5, and both lead to `"start"`' in text
    for rows in chapter.GRAMMAR.values():
        words, probabilities, _ = zip(*rows, strict=True)
        assert len(set(words)) == len(words)  # so the words determine the state, and (18) is the entropy of the language
        assert sum(probabilities) == pytest.approx(1)


def test_language_model_comes_close_to_the_language(chapter, text):
    assert "After one epoch it is below the best that is possible with the last word alone" in text
    assert chapter.language_history[0, 1] < np.exp(chapter.floors["the last word"])
    assert 1 < chapter.reached / chapter.best_possible < 1.06


def test_verbs_agree_in_what_the_model_says(chapter):
    words = chapter.lexicon.tokens
    right = wrong = 0
    for subject, verbs, others in [
        ("dog", chapter.language.VERBS["one"], chapter.language.VERBS["many"]),
        ("dogs", chapter.language.VERBS["many"], chapter.language.VERBS["one"]),
    ]:
        for between in ([], ["near", "the", "cat"], ["near", "the", "cats"]):
            ids = chapter.lexicon.encode([".", "the", subject, *between])
            We, *rest = chapter.language_parameters
            z, _ = chapter.predict(rest, We[ids[None]])
            probabilities = dict(zip(words, chapter.softmax(z[0, -1]), strict=True))
            right += sum(probabilities[verb] for verb in [*verbs[0], *verbs[1]])
            wrong += sum(probabilities[verb] for verb in [*others[0], *others[1]])
    assert right > 5 * wrong


def test_replaced_gradient_looks_innocent_and_is_found(chapter, text):
    assert "A difference that small is easy to explain away" in text
    assert abs(chapter.replaced_history[-1, 1] - chapter.language_history[-1, 1]) < 0.1
    wrong = [line.split()[0] for line in chapter.printed.splitlines() if line.endswith("WRONG")]
    assert wrong == ["Wx", "Wh", "b"]
    assert "The gradients with respect to $x$ and $h_0$ are right" in text


@pytest.mark.parametrize("seed", [1, 2])
def test_both_mistakes_from_other_starts(chapter, seed):
    start, order = chapter.first_language_parameters, [np.random.default_rng(seed).permutation for _ in range(2)]
    right = chapter.train_language(start(seed), 10)
    replaced = chapter.train_language(start(seed), 10, chapter.examples.replacing_backward)
    assert abs(replaced[-1, 1] - right[-1, 1]) < 0.1
    shuffled = chapter.train_language(start(seed), 10, order=order[0])
    reset = chapter.train_language(start(seed), 10, order=order[1], pass_on=False)
    assert right[-1, 0] < reset[-1, 0] < shuffled[-1, 0]
    assert right[0, 1] < np.exp(chapter.floors["the last word"])


def test_a_wrong_memory_is_worse_than_none(chapter, text):
    assert "No memory at all is better than this one" in text
    assert chapter.language_history[-1, 0] + 0.1 < chapter.reset_history[-1, 0] < chapter.shuffled_history[-1, 0] - 0.05
    assert chapter.batches_follow(range(50))
    assert not chapter.batches_follow([0, 2, 1, 3])


def test_the_full_run_as_a_small_one(chapter, capsys):
    last, test = chapter.language.report("small", chapter.train_ids[:3000], chapter.test_ids[:500], 10, 10, 0.5, 4, size=16)
    assert 3 < last < 15
    assert 3 < test < 15
    assert "24 different words" in capsys.readouterr().out


def test_slopes_in_the_outlook(chapter, text):
    assert "by a slope of at most 1" in text
    h = np.tanh(np.linspace(-5, 5, 101))
    assert (1 - h * h).max() == 1
