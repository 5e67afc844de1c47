"""Figures of captions: a map per word, covered regions, pictures without maps."""

from __future__ import annotations

import numpy as np
import pytest

from scratchnn.inspection.captions import DARKEST, MOST_WORDS, CaptionMap, plot_captions
from scratchnn.plot import save_figure

PICTURE = np.random.default_rng(0).integers(0, 256, (9, 12, 3)).astype(np.uint8)
WEIGHTS = np.array([[[0.1, 0.2, 0.3], [0.05, 0.05, 0.3]], [[0, 0, 1], [0, 0, 0.0]]])


def test_a_map_per_word(tmp_path):
    """A row of pixels is left over by pooling 9 rows into 2 regions of 4."""
    maps = [CaptionMap(PICTURE, ["red", "$"], WEIGHTS, 4, True), CaptionMap(PICTURE, ["<eos>"], WEIGHTS[1:], 4)]
    figure = plot_captions(maps)
    assert len(figure.axes) == 6
    titles = [axis.get_title() for axis in figure.axes]
    assert titles == ["true", "red 0.30", r"\$ 1.00", "", "<eos> 1.00", ""]
    for axis, weights in zip((figure.axes[1], figure.axes[4]), (WEIGHTS[0], WEIGHTS[1]), strict=True):
        picture, cover = (image.get_array() for image in axis.images)
        np.testing.assert_array_equal(picture, PICTURE)
        light = np.repeat(np.repeat(weights / weights.max(), 4, axis=0), 4, axis=1)
        np.testing.assert_allclose(cover[:8, :, 3], DARKEST * (1 - light), atol=1e-12)
        np.testing.assert_allclose(cover[8, :, 3], DARKEST)
        assert not cover[:, :, :3].any()
    assert not figure.axes[5].images
    save_figure(figure, tmp_path / "maps.png")
    assert (tmp_path / "maps.png").read_bytes().startswith(b"\x89PNG")


def test_references_are_below():
    one = CaptionMap(PICTURE, ["red"], WEIGHTS[:1], 4, False, "a blue $")
    (written,) = plot_captions([one]).axes[0].texts
    assert written.get_text() == r"reference: a blue \$"
    (axis,) = plot_captions([one._replace(weights=None)]).axes
    assert axis.get_title() == "false\nred\nreference: a blue \\$"


def test_long_captions_are_cut():
    words = [f"w{k}" for k in range(MOST_WORDS + 3)]
    figure = plot_captions([CaptionMap(PICTURE, words, np.ones((len(words), 2, 3)) / 6, 4)])
    assert len(figure.axes) == 1 + MOST_WORDS


def test_an_empty_caption():
    (axis,) = plot_captions([CaptionMap(PICTURE, [], np.zeros((0, 2, 3)), 4)]).axes
    assert len(axis.images) == 1


@pytest.mark.parametrize(("count", "axes"), [(1, 1), (5, 5), (7, 10)])
def test_pictures_without_attention(count, axes, tmp_path):
    words = "a red circle left of a blue square <eos>".split()
    figure = plot_captions([CaptionMap(PICTURE, words, true=k % 2 == 0) for k in range(count)])
    assert len(figure.axes) == axes
    assert figure.axes[0].get_title() == "true\na red circle left of a\nblue square <eos>"
    assert [len(axis.images) for axis in figure.axes] == [int(k < count) for k in range(axes)]
    save_figure(figure, tmp_path / "pictures.png")
