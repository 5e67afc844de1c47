"""Figures of sequence to sequence: maps of attention with their tokens, runs by epoch."""

from __future__ import annotations

import io
import warnings

import numpy as np
import pytest

from scratchnn import plot
from scratchnn.errors import DataError
from scratchnn.inspection.alignments import AlignmentMap, plot_alignments, plot_by_epoch, visible
from scratchnn.plot import save_figure


def map_of(source, target, seed=0):
    weights = np.random.default_rng(seed).random((len(target), len(source)))
    return AlignmentMap(weights / weights.sum(axis=1, keepdims=True), source, target)


def labels(axis):
    return [[text.get_text() for text in side] for side in (axis.get_xticklabels(), axis.get_yticklabels())]


@pytest.mark.parametrize(("count", "axes"), [(1, 1), (2, 2), (3, 4), (4, 4)])
def test_one_map_per_pair(count, axes, tmp_path):
    maps = [map_of([" two", " dogs", "."], [" zwei", " Hunde", ".", "<eos>"], seed) for seed in range(count)]
    figure = plot_alignments(maps)
    assert len(figure.axes) == axes
    for axis, one in zip(figure.axes, maps, strict=False):
        assert labels(axis) == [["two", "dogs", "."], ["zwei", "Hunde", ".", "<eos>"]]
        np.testing.assert_array_equal(axis.images[0].get_array(), one.weights)
    assert [axis.axison for axis in figure.axes] == [k < count for k in range(axes)]
    save_figure(figure, tmp_path / "map.png")
    assert (tmp_path / "map.png").read_bytes().startswith(b"\x89PNG")


def test_an_empty_source_and_spaces():
    figure = plot_alignments([map_of([], ["a", " ", "<eos>"])])
    assert labels(figure.axes[0]) == [[], ["a", "_", "<eos>"]]
    assert [visible(token) for token in (" the", " ", "x$", "a" * 30)] == ["the", "_", r"x\$", "a" * 15 + "…"]
    figure.savefig(io.BytesIO())


@pytest.mark.parametrize(("sources", "targets"), [(121, 3), (3, 121), (5000, 100)])
def test_sides_that_no_figure_can_show_are_refused(sources, targets):
    maps = [map_of(["a"], ["b"]), map_of(["a"] * sources, ["b"] * targets)]
    with pytest.raises(DataError, match=f"at most 120 tokens per side, got {max(sources, targets):,}; give a shorter line"):
        plot_alignments(maps)


def test_characters_without_a_glyph_are_escaped_with_one_warning(monkeypatch):
    """Neither boxes in the figure nor a warning for each label."""
    monkeypatch.setattr(plot, "_find_fonts", lambda text: (["DejaVu Sans"], {c for c in text if not c.isascii()}))
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        figure = plot_alignments([map_of(["나는", "밥"], ["I", "밥", "<eos>"])])
        figure.savefig(io.BytesIO())
    assert len(found) == 1
    assert str(found[0].message).startswith("no installed font has the characters 나 는 밥")
    assert labels(figure.axes[0])[1] == ["I", r"\ubc25", "<eos>"]


def test_runs_by_epoch():
    figure = plot_by_epoch({"plain": [0.1, 0.2], "attention": [0.5, 0.9, 0.8], "none": []}, "Exact match", "share")
    (axis,) = figure.axes
    assert [line.get_ydata().tolist() for line in axis.lines] == [[0.1, 0.2], [0.5, 0.9, 0.8], []]
    assert [text.get_text() for text in axis.get_legend().get_texts()] == [
        "plain (0.2000)",
        "attention (0.9000)",
        "none (0.0000)",
    ]
    assert (axis.get_title(), axis.get_xlabel(), axis.get_ylabel()) == ("Exact match", "epoch", "share")
