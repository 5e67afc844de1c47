"""Chapter 11: what its text says is what its cells compute."""

import numpy as np
import pytest
from book import markdown, play

from scratchnn.book.examples.ch11 import FIELDS, SHOWN, TEST, TRAIN, distances, places

pytestmark = pytest.mark.chapters


@pytest.fixture(scope="module")
def chapter():
    return play("ch11")


@pytest.fixture(scope="module")
def text():
    return markdown("ch11")


def test_every_comparison_came_out_equal(chapter):
    lines = [line for line in chapter.printed.splitlines() if line.endswith(("True", "False"))]
    assert len(lines) >= 8
    assert not [line for line in lines if line.endswith("False")]


def test_no_test_date_is_in_the_training_part():
    assert not {target for _, target in TRAIN} & {target for _, target in TEST}


def test_places_are_those_of_year_month_and_day():
    for source, parts in zip(SHOWN, (("1984", "SEPTEMBER", "25"), ("1999", "may", "7"), ("84", "9", "25")), strict=True):
        where = places(source)
        assert tuple("".join(source[k] for k in where[name]) for name in FIELDS) == parts


def test_distances_lead_to_the_same_characters():
    for name, (source, target, needs) in distances().items():
        if "date" in name:
            assert {(source[j], target[t]) for j, t in needs} == {("1", "1"), ("9", "0"), ("2", "2")}


def test_weights_of_the_small_example(chapter):
    e = np.exp([2, 0, -2])
    assert f"weights [{' '.join(f'{w:.3f}' for w in e / e.sum())}]" in chapter.printed


def test_order_of_the_four_networks(chapter, text):
    assert "Attention needs the fewest steps, then the peeky decoder, and then there is a gap" in text
    reached = {
        name: next((step for step, share in curve.items() if share > 0.5), 9999) for name, curve in chapter.right.items()
    }
    assert reached["attention"] < reached["peeky"] < reached["plain"]
    assert "The reversed source is behind the plain one with the seeds 0" in text
    assert chapter.right["reversed"][chapter.STEPS] < chapter.right["plain"][chapter.STEPS]


def test_half_of_the_state(chapter):
    shares = chapter.handed_over
    assert shares["only h"] < shares["h and c"]
    assert shares["only c"] < shares["h and c"]


def test_writing_and_one_pass_agree(chapter, text):
    assert "Do you have to write?" in text
    assert chapter.free == chapter.forced
    assert chapter.tokens > chapter.forced


def test_scores_grow_with_the_square_root(chapter):
    assert np.allclose(chapter.spread, np.sqrt(chapter.sizes), rtol=0.05)
    assert chapter.hardest[0] < chapter.hardest[-1]
    assert chapter.hardest[-1] > 0.9


def test_weights_are_on_the_field_that_is_written(chapter):
    for name, row in chapter.fields.items():
        assert max(row, key=row.get) in (name, "other")


def test_padding_changes_only_the_network_without_a_mask(chapter):
    assert len(set(chapter.wide["with mask"])) == 1
    assert chapter.wide["no mask"][-1] < chapter.wide["no mask"][0]


def test_softmax_gradient_sums_to_zero(chapter):
    rng = np.random.default_rng(0)
    alpha = rng.dirichlet(np.ones(5), (2, 3))
    dalpha = rng.standard_normal((2, 3, 5))
    ds = alpha * (dalpha - (alpha * dalpha).sum(axis=2, keepdims=True))
    assert abs(ds.sum(axis=2)).max() < 1e-12
