"""Chapter 1: its text agrees with what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch01")


@pytest.fixture(scope="module")
def text():
    return markdown("ch01")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 10
    assert not [line for line in lines if line.endswith("False")]


def test_number_of_parameters(chapter, text):
    assert f"a network of {chapter.count} numbers" in text
    D, H, K = 2, 10, 3
    assert rf"Ours has $2 \cdot 10 + 10 + 10 \cdot 3 + 3 = {D * H + H + H * K + K}$" in text
    assert chapter.count == D * H + H + H * K + K == sum(p.data.size for p in chapter.model.parameters())


def test_errors_of_differences(chapter, text):
    """One-sided: ten times smaller for a step ten times smaller; central: a hundred times. Best near 1e-5."""
    assert (
        "the error of one-sided differences becomes ten times smaller, and that of central differences a hundred times"
        in text
    )
    k = int(np.argmin(abs(chapter.steps - 1e-3)))
    assert chapter.forward_error[k + 1] / chapter.forward_error[k] == pytest.approx(10, rel=0.05)
    assert chapter.central_error[k + 1] / chapter.central_error[k] == pytest.approx(100, rel=0.05)
    assert "A step near $10^{-5}$ is a good choice" in text
    assert 1e-7 < chapter.steps[int(np.argmin(chapter.central_error))] < 1e-4
    assert chapter.central_error[0] > 1e-4


def test_perceptron_learns_and_and_or_only(chapter, text):
    assert "AND and OR are learned after a few epochs; XOR is not learned at all" in text
    for gate in ("AND", "OR"):
        w, b, mistakes = chapter.train_perceptron(chapter.corners, chapter.gates[gate], 12)
        assert mistakes[-6:] == [0] * 6
        assert (w == chapter.learned[gate][0]).all()
        assert b == chapter.learned[gate][1]
    assert min(chapter.train_perceptron(chapter.corners, chapter.gates["XOR"], 1000)[2]) > 0
    assert "A point exactly on the border has the sum zero, so its answer is 0" in text
    assert chapter.step(np.zeros(1)) == 0
    assert chapter.two_layers(chapter.corners)[1].tolist() == chapter.gates["XOR"].tolist()


def test_hidden_layer_moves_the_crosses_to_one_point(chapter, text):
    assert "The hidden layer has moved both crosses to one point" in text
    hidden, _ = chapter.two_layers(chapter.corners)
    assert hidden[1].tolist() == hidden[2].tolist()


def test_slopes_of_activations(chapter, text):
    assert "one quarter in the middle and less everywhere else" in text
    x = np.linspace(-30, 30, 6001)
    sigmoid_slope, tanh_slope, relu_slope = (slope for _, slope in chapter.activations.values())
    slopes = sigmoid_slope(x)
    assert slopes.max() == sigmoid_slope(0.0) == 0.25
    assert (slopes > 0).all()
    assert "The tanh saturates too, but its slope is 1 in the middle" in text
    assert tanh_slope(x).max() == tanh_slope(0.0) == 1
    assert "Programs take one of the two (here 0)" in text
    assert relu_slope(np.zeros(1)) == 0


def test_softmax_example(chapter, text):
    first, second, third = chapter.softmax(np.array([2.0, 1.0, 0.1]))
    assert f"the logits 2.0, 1.0 and 0.1 become {first:.3f}, {second:.3f} and {third:.3f}" in text
    assert "With larger differences the probabilities become more unequal" in text
    twice = chapter.softmax(np.array([4.0, 2.0, 0.2]))
    assert twice[0] > first
    assert twice[2] < third


def test_downhill(chapter, text):
    places = np.linspace(-3, 3, 60001)
    best = places[chapter.hills(places).argmin()]
    assert chapter.paths[0.1][-1] == pytest.approx(best, abs=0.01)
    assert chapter.hills(chapter.paths[0.3][-1]) > chapter.hills(best) + 1
    assert "there is one step per epoch" in text
    assert "With four at a time there are ten steps per epoch" in text
    assert [len(path) - 1 for path in chapter.line_paths.values()] == [3, 30]


def test_figure_of_the_chapter(chapter, text):
    """One layer cannot learn the spiral, one hidden layer can."""
    assert "they train two networks of the package, which differ in a single layer" in text
    (_, straight), (_, bent) = chapter.answered.values()
    assert straight < 0.6 < 0.9 < bent


def test_last_layer_draws_straight_borders_between_the_arms(chapter, text):
    assert "Two numbers are enough to draw them" in text
    z = chapter.z_test - chapter.z_test.mean(axis=1, keepdims=True)
    assert np.linalg.matrix_rank(z, tol=1e-9) == 2
    assert (z.argmax(axis=1) == chapter.target_test).mean() > 0.9
    assert chapter.h_test.shape == (300, 10)


def test_network_learns(chapter):
    assert chapter.history[0] == pytest.approx(np.log(3), abs=0.1)
    assert chapter.accuracy(chapter.parameters, chapter.x_test, chapter.target_test) > 0.9


def test_zero_weights_stay_alike(chapter, text):
    assert "get the same gradient, and stay the same forever" in text
    zeros = [np.zeros_like(p) for p in chapter.first_parameters(np.random.default_rng(0))]
    chapter.train(zeros, epochs=5)
    assert abs(zeros[0] - zeros[0][:, :1]).max() < 1e-12
    assert abs(zeros[2] - zeros[2][:1]).max() < 1e-12


def test_forgotten_slope_looks_like_learning_but_is_found(chapter, text):
    assert "looks like a network that learns" in text
    assert chapter.faulty_history[-1] < 0.8 < chapter.faulty_history[0]
    assert chapter.faulty_history[-1] > 3 * chapter.history[-1]
    wrong = [line.split()[0] for line in chapter.printed.splitlines() if line.endswith("WRONG")]
    assert wrong == ["x", "W1", "b1"]
    assert "$W_1$, $b_1$ and $x$ are wrong" in text


def test_forgotten_slope_keeps_the_signs_of_one_example(chapter, text):
    assert "the contribution of a single example to the gradients still has the correct signs" in text
    for n in range(0, 300, 25):
        z, cache = chapter.network_forward(chapter.x_train[n : n + 1], *chapter.faulty_parameters)
        _, dz = chapter.cross_entropy(z, chapter.target_train[n : n + 1])
        right, faulty = chapter.network_backward(dz, cache)[1:], chapter.faulty_backward(dz, cache)[1:]
        assert all((np.sign(a) == np.sign(b)).all() for a, b in zip(right, faulty, strict=True))


def test_three_of_five_learning_rates_fail(chapter, text):
    assert "five learning rates, three of which fail" in text
    start = chapter.printed.index("learning rate   loss")
    accuracies = [float(line.split()[-1].rstrip("%")) for line in chapter.printed[start:].splitlines()[1:6]]
    assert [accuracy > 90 for accuracy in accuracies] == [False, False, True, True, False]


@pytest.mark.parametrize("seed", [1, 2])
def test_the_same_happens_from_other_starts(chapter, seed):
    """What the text says about learning, the forgotten factor and the learning rates, for two more seeds."""

    def trained(backward=chapter.network_backward, lr=1.0):
        parameters = chapter.first_parameters(np.random.default_rng(seed))
        history = chapter.train(parameters, backward, lr=lr, seed=seed)
        return history, chapter.accuracy(parameters, chapter.x_test, chapter.target_test)

    history, right = trained()
    assert history[0] == pytest.approx(np.log(3), abs=0.1)
    assert right > 0.9
    faulty, _ = trained(chapter.faulty_backward)
    assert 2 * history[-1] < faulty[-1] < 0.9 < faulty[0]
    losses = {lr: trained(lr=lr)[0] for lr in (0.01, 0.1, 5.0, 30.0)}
    assert losses[0.01][-1] > losses[0.1][-1] > 2 * history[-1] > 2 * losses[5.0][-1]
    assert losses[30.0][-1] > np.log(3)
    assert np.diff(losses[0.1]).max() < 0.02 < np.diff(losses[5.0]).max()  # smooth curves, ragged curves


def test_beyond_ten_neurons_more_add_little(chapter, text):
    assert "beyond ten, more neurons add little" in text
    mean = {H: np.mean(shares) for H, shares in chapter.results.items()}
    assert mean[1] < mean[2] < mean[3] < mean[5] < mean[10]
    assert abs(mean[50] - mean[10]) < 0.03
