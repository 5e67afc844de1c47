"""Chapter 14: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

from scratchnn.book.examples.ch14 import NOISE, SLOW_RISE, SUDDEN_RISE, one_event, two_events
from scratchnn.layers import Conv1D

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch14")


@pytest.fixture(scope="module")
def text():
    return markdown("ch14")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 6
    assert not [line for line in lines if line.endswith("False")]


def test_events():
    x, kinds = one_event(np.random.default_rng(0), 400, 30, 5, 5)
    for kind, event in enumerate((SLOW_RISE, SUDDEN_RISE)):
        mean = x[kinds == kind, :, 0].mean(axis=0)
        assert np.allclose(mean[5:12], event, rtol=0, atol=5 * NOISE / np.sqrt((kinds == kind).sum()))
        assert np.abs(mean[[0, 20]]).max() < 0.2
    assert sorted(SLOW_RISE) == sorted(SUDDEN_RISE)
    x, first = two_events(np.random.default_rng(0), 2000, 40)
    assert x.shape == (2000, 40, 1)
    assert 0.45 < first.mean() < 0.55
    last_step_of_first_half = x[:, 19, 0]
    assert last_step_of_first_half[first == 1].max() > last_step_of_first_half.mean() + 1  # an event may end there


def test_what_is_shared_is_known_everywhere(chapter, text):
    assert "In the training data the event is somewhere in the first half" in text
    each, shared = chapter.found["a weight per step"], chapter.found["stencils"]
    assert each["the first half"] > 0.75
    assert each["the second half"] < 0.6
    assert min(shared.values()) > 0.95
    assert abs(shared["the first half"] - shared["the second half"]) < 0.02  # no edge is in the way


def test_kernels_answer_to_the_events(chapter):
    padded = {kind: np.pad(event, 6) for kind, event in (("slow", SLOW_RISE), ("sudden", SUDDEN_RISE))}
    best = {k: np.max([p[t : t + 7] @ chapter.kernels for t in range(13)], axis=0) for k, p in padded.items()}
    difference = best["slow"] - best["sudden"]
    assert difference.max() > 1
    assert difference.min() < -1


def test_equal_kernels_hide_a_turned_one(chapter, text):
    assert "For kernels that are the same forwards and backwards" in text
    rng = np.random.default_rng(0)
    x, dy = rng.standard_normal((2, 9, 2)), rng.standard_normal((2, 7, 2))
    W = rng.standard_normal((3, 2, 2))
    W[2] = W[0]
    between_zeros = np.pad(dy, ((0, 0), (2, 2), (0, 0)))
    dx, _, _ = chapter.conv_backward(dy, (x, W))
    assert np.allclose(chapter.conv(between_zeros, W.transpose(0, 2, 1), 0)[0], dx)
    W[2] = -W[0]
    dx, _, _ = chapter.conv_backward(dy, (x, W))
    assert not np.allclose(chapter.conv(between_zeros, W.transpose(0, 2, 1), 0)[0], dx)


def test_numbers_of_steps(chapter, text):
    assert "(a) 8, (b) 4, (c) 10, (d) none: it spans 11 steps" in text
    steps = [chapter.out_steps(10, 3), chapter.out_steps(10, 3, stride=2)]
    steps += [chapter.out_steps(10, 3, dilation=4, zeros=8), chapter.out_steps(10, 3, dilation=5)]
    assert steps == [8, 4, 10, 0]
    for T in range(1, 15):
        for stride in (1, 2, 3):
            for dilation in (1, 2):
                layer = Conv1D(1, 1, 3, rng=np.random.default_rng(0), stride=stride, dilation=dilation)
                assert chapter.out_steps(T, 3, stride, dilation) == layer.out_lengths(np.array([T]))[0]


def test_receptive_fields(chapter, text):
    assert "24 steps need twelve layers, and a thousand steps five hundred" in text
    assert chapter.receptive_field([3] * 11, [1] * 11) < 24 <= chapter.receptive_field([3] * 12, [1] * 12)
    assert chapter.receptive_field([3] * 499, [1] * 499) < 1000 <= chapter.receptive_field([3] * 500, [1] * 500)
    assert "in ten rounds, with two players in each match, one winner stands for a thousand players" in text
    assert chapter.receptive_field([2] * 10, [2**k for k in range(10)]) == 1024
    assert chapter.measured == 31


def test_which_networks_use_the_order(chapter):
    scores = chapter.order_scores
    for name in ("kernels, maximum", "TCN, last step", "GRU, last state"):
        assert scores[name, "in order"] > 0.9
        assert scores[name, "shuffled"] < 0.7
    each = [scores["a weight per step", order] for order in ("in order", "shuffled")]
    assert abs(each[0] - each[1]) < 0.1
    assert max(each) < 0.7


def test_a_convolution_in_front_of_a_gru(chapter, text):
    assert "kernels with a global maximum can only guess" in text
    assert chapter.first_scores["kernels, maximum"] < 0.6
    assert chapter.first_scores["kernels, pooling, GRU"] > 0.95
    learned = {}
    for name, curve in chapter.first_curves.items():
        smooth = np.convolve(curve, np.ones(20) / 20, mode="valid")
        below = np.flatnonzero(smooth < 0.2)
        learned[name] = int(below[0]) if len(below) else len(smooth)
    assert "in fewer than half as many training steps" in text
    assert learned["kernels, pooling, GRU"] < learned["GRU"] / 2


def test_same_padding_sees_the_future(chapter, text):
    assert "the best mean squared error is the variance, 1" in text
    assert chapter.leak_losses["same"] < 0.2
    assert chapter.leak_losses["causal"] == pytest.approx(1, abs=0.1)
    assert chapter.latest == {"same": 22, "causal": 20}


def test_orders_of_the_command(chapter, text):
    errors = chapter.order_errors
    assert "in their order the hours suit it best, and reversed they suit it worst" in text
    assert errors["GRU", "forward"] < errors["GRU", "shuffled"] < errors["GRU", "reversed"]
    assert "the hours in order are the best choice with none" in text
    assert errors["Conv1D, maximum", "forward"] > min(e for (name, _), e in errors.items() if name == "Conv1D, maximum")
