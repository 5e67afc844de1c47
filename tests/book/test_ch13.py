"""Chapter 13: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

from scratchnn.book.examples.ch13 import PEAK, SHADE, best_quantiles, random_walk, sun
from scratchnn.datasets.generated import generated_solar
from scratchnn.datasets.generated.solar import NOISE
from scratchnn.metrics import mean_absolute_error
from scratchnn.series import read_table

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch13")


@pytest.fixture(scope="module")
def text():
    return markdown("ch13")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    lines = [line for line in lines if "sees the future" not in line and "learns before" not in line]
    assert len(lines) >= 7
    assert not [line for line in lines if line.endswith("False")]


# --- the made-up data ------------------------------------------------------------------------------------------------


def test_the_sun_and_the_clouds_are_those_of_the_generated_roof():
    table = read_table("solar", generated_solar(2000, seed=3))
    power, cloud = table.numbers("power"), table.numbers("cloud")
    noise = power[1:] - PEAK * sun(2000)[1:] * (1 - SHADE * cloud[:-1])
    assert noise.std() == pytest.approx(NOISE, rel=0.05)
    assert abs(noise.mean()) < 0.05


def test_nothing_is_better_than_the_best_quantiles():
    power = read_table("solar", generated_solar(6000, seed=4)).numbers("power")
    best = best_quantiles(power, 3, [0.1, 0.5, 0.9])
    truth, found = power[100:], best[97:-3]
    inside = (truth >= found[:, 0]) & (truth <= found[:, 2])
    assert inside.mean() == pytest.approx(0.8, abs=0.02)
    error = mean_absolute_error(found[:, 1], truth)
    rng = np.random.default_rng(0)
    for other in (
        found[:, 1] + 0.2,
        found[:, 1] - 0.2,
        0.9 * found[:, 1],
        found[:, 1] + 0.3 * rng.standard_normal(len(found)),
    ):
        assert mean_absolute_error(other, truth) > error
    future = power.copy()
    future[3000:] += 1.0
    assert np.array_equal(best_quantiles(future, 3, [0.5])[:3000], best[:3000, [1]])  # it does not see the future


def test_random_walk_has_independent_steps():
    steps = np.diff(random_walk(5000, seed=1))
    assert abs(np.corrcoef(steps[:-1], steps[1:])[0, 1]) < 0.05
    assert steps.std() == pytest.approx(1, rel=0.05)


# --- looking, windows, baselines -------------------------------------------------------------------------------------


def test_periods(chapter, text):
    assert "A wave with a period of 24 hours would be as deep at midnight as it is high at noon" in text
    peaks = sorted(chapter.cycles[np.argsort(-chapter.spectrum)[:3]])
    assert peaks == [1, 2, 4]
    assert chapter.highest == 1  # neighbours are alike
    assert chapter.lags[12] < 0 < chapter.lags[48] < chapter.lags[24]
    wave = 3 * np.sin(2 * np.pi * np.arange(240) / 24 + 1.0)
    assert "If the series is a wave of height 3 kW" in text
    assert chapter.amplitude(wave, 1 / 24) == pytest.approx(3)
    assert chapter.amplitude(wave, 1 / 12) == pytest.approx(0, abs=1e-9)
    assert "From noon to noon the correlation is far from 0 and far from 1" in text
    assert 0.25 < chapter.day_to_day[1] < 0.6
    assert abs(chapter.day_to_day[3]) < 0.15


def test_windows(chapter, text):
    assert "6,132 - 29 = 6,103" in text
    assert chapter.train_x.shape == (6132 - 29, 24, 3)
    x, v = chapter.make_windows(np.arange(40.0)[:, None], np.arange(40.0), 4, 3, 10, 20)
    assert np.array_equal(v, np.arange(10, 20))
    assert np.array_equal(x[0, :, 0], [4, 5, 6, 7])
    assert np.array_equal(x[-1, :, 0], [13, 14, 15, 16])


def test_order_of_the_forecasts(chapter, text):
    errors = chapter.errors
    assert "*As now* is the worst by far" in text
    assert errors["as now"] > 2 * errors["a day earlier"]
    assert errors["best possible"] < errors["GRU"] < errors["ridge"] < errors["the usual value"]


# --- the network -----------------------------------------------------------------------------------------------------


def test_dropout(chapter, text):
    assert "With one mask all entries are still 1" in text
    assert np.allclose(chapter.left["one mask"], 1, rtol=0, atol=1e-6)
    last = chapter.left["new masks"][:, -1]
    assert (last > 0).mean() < 0.05
    assert "the few that are left have grown at each step" in text
    assert np.allclose(last[last > 0], 1.25**24, rtol=1e-3)
    curves = chapter.dropout_curves
    assert curves["no dropout"][-1] < curves["one mask"][-1]
    assert 0.85 * curves["no dropout"][-1] < chapter.learned_error < curves["no dropout"][-1]


def test_variants(chapter):
    errors = chapter.errors
    assert errors["GRU, reversed"] > errors["ridge"] > errors["GRU"]
    assert errors["GRU, shuffled"] > 1.05 * errors["GRU"]
    assert errors["GRU, squared error"] < 0.95 * errors["ridge"]
    for name in ("GRU, two layers", "GRU, two directions"):
        assert errors[name] == pytest.approx(errors["GRU"], rel=0.05)


def test_minimum_of_the_pinball_loss_is_the_quantile(chapter):
    for level, values in chapter.mean_losses.items():
        at = chapter.constants[int(np.argmin(values))]
        assert at == pytest.approx(np.quantile(chapter.sample, level), abs=0.011)


def test_coverage(chapter, text):
    bounds = chapter.intervals
    inside = {k: (chapter.test_v >= b[:, 0]) & (chapter.test_v <= b[:, 1]) for k, b in bounds.items()}
    for name in bounds:
        assert 0.75 < inside[name].mean() < 0.85
    constant, network = inside["ridge, constant width"], inside["network"]
    assert constant[chapter.noon].mean() < 0.5
    assert constant[chapter.night].mean() > 0.95
    assert network[chapter.noon].mean() > 0.68
    assert network[chapter.night].mean() < 0.9
    widths = np.diff(bounds["network"], axis=1)[:, 0]
    assert "more than three times as wide at noon" in text
    assert widths[chapter.noon].mean() > 3 * widths[chapter.night].mean()


def test_random_walk(chapter):
    assert chapter.level_correlation > 0.99
    assert abs(chapter.change_correlation) < 0.1
    assert chapter.walk_errors["GRU"] > 0.99 * chapter.walk_errors["last value"]


def test_leaks(chapter, text):
    leaks, last = chapter.leaks, chapter.walk_errors["last value"]
    assert "The scale is worth nothing here" in text
    assert leaks["scale from all rows"] == pytest.approx(leaks["scale from the training part"], rel=1e-3)
    assert leaks["means of the last five"] > 0.98 * last
    assert leaks["means of two before to two after"] < last / 3
    honest, leaking = chapter.split_errors["split by time"], chapter.split_errors["split at random"]
    assert honest[0] > honest[1]
    assert leaking[0] < leaking[1] / 2
    seen = {name: chapter.sees_the_future(prepare, chapter.walk, 3400) for name, prepare in chapter.preparations.items()}
    assert list(seen.values()) == [False, True, False, True]


def test_the_command(chapter):
    assert chapter.command_errors["this model"][0] < 0.5
    assert chapter.command_errors["ridge"][0] == pytest.approx(0.638, abs=0.001)
