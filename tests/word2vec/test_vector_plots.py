"""Figures of word vectors: the projection, and labels whose characters all have a glyph."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.errors import BackendError, DataError, ScratchnnWarning
from scratchnn.plot import drawable, font_families, new_figure, save_figure
from scratchnn.word2vec import KeyedVectors
from scratchnn.word2vec.plots import plot_similarity, plot_words, principal_components

WORDS = ["king", "queen", "$", "a_b^c", "Å", "слово"]


def vectors_of(words, D=6):
    return KeyedVectors(words, np.random.default_rng(0).standard_normal((len(words), D)).astype(np.float32))


def saved(figure, path):
    """Draw the figure; a missing glyph is a warning in matplotlib and an error here."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        save_figure(figure, path)
    assert path.read_bytes().startswith(b"\x89PNG")


def labels(axes):
    """The texts on the axes and beside them."""
    return {text.get_text() for text in [*axes.texts, *axes.get_xticklabels(), *axes.get_yticklabels()]}


@given(st.integers(2, 12), st.integers(1, 9), st.integers(0, 2**31))
@settings(max_examples=30, deadline=None)
def test_principal_components_are_eigenvectors_of_the_covariance(W, D, seed):
    points = np.random.default_rng(seed).standard_normal((W, D)) * 3 + 5
    places, shares = principal_components(points)
    values = np.linalg.eigvalsh(np.cov(points.T, bias=True).reshape(D, D))[::-1]
    expected = np.append(values, 0)[:2]
    np.testing.assert_allclose(places.T @ places / W, np.diag(expected), atol=1e-9)
    np.testing.assert_allclose(shares, expected / values.sum(), atol=1e-9)


def test_a_plane_is_kept_as_it_is():
    flat = (
        np.random.default_rng(1).standard_normal((9, 2))
        @ np.linalg.qr(np.random.default_rng(2).standard_normal((5, 5)))[0][:2]
    )
    places, shares = principal_components(flat)
    between = np.linalg.norm(flat[:, None] - flat[None], axis=2)
    np.testing.assert_allclose(np.linalg.norm(places[:, None] - places[None], axis=2), between, atol=1e-12)
    assert shares.sum() == pytest.approx(1)


def test_words_in_the_plane(tmp_path):
    figure = plot_words(vectors_of(WORDS), WORDS)
    saved(figure, tmp_path / "plane.png")
    [axes] = figure.axes
    assert set(WORDS) <= labels(axes)
    assert "principal component 1 (" in axes.get_xlabel()


def test_labels_do_not_cover_each_other():
    """Four points so close that their labels would overlap if all were on the same side, and two distant points."""
    words = ["one", "two", "three", "four", "up", "right"]
    table = np.array([[1, 0, 0]] * 4 + [[0, 1, 0], [0, 0, 1]], dtype=np.float32)
    table[:4, 1] += np.array([0, 0.01, 0.02, 0.03], dtype=np.float32)
    figure = plot_words(KeyedVectors(words, table), words)
    figure.draw_without_rendering()
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert [box.count_overlaps(boxes[:k]) for k, box in enumerate(boxes)] == [0] * 6


def test_heat_map(tmp_path):
    vectors = vectors_of(WORDS)
    figure = plot_similarity(vectors, WORDS)
    saved(figure, tmp_path / "map.png")
    axes = figure.axes[0]
    np.testing.assert_allclose(axes.images[0].get_array(), vectors.unit @ vectors.unit.T)
    assert {*WORDS, f"{vectors.similarity('king', '$'):.2f}"} <= labels(axes)


def test_many_words(tmp_path):
    words = [f"word{k}" for k in range(34)]
    saved(plot_similarity(vectors_of(words), words), tmp_path / "map.png")
    saved(plot_words(vectors_of(words, D=1), words), tmp_path / "line.png")


def test_another_font_is_found_for_characters_that_the_first_lacks(tmp_path):
    """Characters that only another font of matplotlib has."""
    from matplotlib.font_manager import findfont
    from matplotlib.ft2font import FT2Font

    def drawn(family):
        return {chr(code) for code in FT2Font(findfont(family)).get_charmap()}

    only = "".join(sorted(drawn("STIXGeneral") - drawn("DejaVu Sans")))[:3]
    assert len(only) == 3
    assert len(font_families("abc")) == len(font_families("слово")) == 1
    assert len(font_families(only)) > 1
    assert not any("Last Resort" in family for family in font_families(only + "\uffff"))  # it only draws boxes
    words = [*only, "a" + only]
    saved(plot_words(vectors_of(words), words), tmp_path / "plane.png")
    saved(plot_similarity(vectors_of(words), words), tmp_path / "map.png")


NOBODY_HAS = "\U000f1234\U000f1235"  # private characters


@pytest.mark.parametrize("plot", [plot_words, plot_similarity])
def test_characters_that_no_font_has_are_escaped_and_named_in_one_line(tmp_path, plot):
    words = ["king", NOBODY_HAS, "a" + NOBODY_HAS]
    with pytest.warns(ScratchnnWarning) as found:
        figure = plot(vectors_of(words), words)
    [warning] = found
    assert str(warning.message).startswith(
        "no installed font has the characters \U000f1234 \U000f1235; install one that has them"
    )
    saved(figure, tmp_path / "figure.png")  # without a box, of which matplotlib would warn
    assert {r"\U000f1234\U000f1235", r"a\U000f1234\U000f1235"} <= labels(figure.axes[0])


def test_any_figure_is_saved_without_boxes(tmp_path):
    figure, axes = new_figure()
    axes.set_title("title " + NOBODY_HAS)
    with pytest.warns(ScratchnnWarning, match="no installed font has the characters"):
        save_figure(figure, tmp_path / "figure.png")
    assert axes.get_title() == r"title \U000f1234\U000f1235"
    saved(figure, tmp_path / "figure.png")


def test_a_font_that_was_installed_since_is_found(tmp_path, monkeypatch):
    """A font that matplotlib's remembered list lacks: the one with the STIX characters."""
    from matplotlib import font_manager
    from matplotlib.ft2font import FT2Font

    def drawn(entries):
        return {chr(code) for entry in entries for code in FT2Font(entry.fname).get_charmap()}

    every = [entry for entry in font_manager.fontManager.ttflist if not entry.name.startswith("Last Resort")]
    stix = [entry for entry in every if entry.name.startswith("STIX")]
    others = [entry for entry in every if entry not in stix]
    only = min(drawn(stix) - drawn(others))
    monkeypatch.setattr(font_manager.fontManager, "ttflist", others)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / "broken.ttf"), *(e.fname for e in stix)])
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    shown, families = drawable([only])
    assert shown == [only]
    assert any(name.startswith("STIX") for name in families)


def test_korean_labels(tmp_path):
    words = ["왕", "여왕", "남자", "여자", "queen"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if len(font_families("왕여남자")) == 1:
            pytest.skip("no font with Korean letters is installed")
    saved(plot_words(vectors_of(words), words), tmp_path / "plane.png")
    saved(plot_similarity(vectors_of(words), words), tmp_path / "map.png")


def test_t_sne(tmp_path):
    pytest.importorskip("sklearn", reason="needs scikit-learn")
    words = [f"word{k}" for k in range(12)]
    figure = plot_words(vectors_of(words), words, "tsne", seed=3)
    saved(figure, tmp_path / "tsne.png")
    places = figure.axes[0].collections[0].get_offsets()
    assert places.shape == (12, 2)
    assert np.isfinite(places).all()


def test_t_sne_without_scikit_learn(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.manifold", None)  # as if it were not installed
    with pytest.raises(BackendError, match=r"\.\[text\]") as error:
        plot_words(vectors_of(WORDS), WORDS, "tsne")
    assert "\n" not in str(error.value)


def test_bad_input():
    vectors = vectors_of(WORDS)
    with pytest.raises(DataError, match="unknown projection 'umap'"):
        plot_words(vectors, WORDS, "umap")
    with pytest.raises(DataError, match="3 distinct words or more, got 2"):
        plot_words(vectors, ["king", "queen", "king"])
    with pytest.raises(DataError, match="2 distinct words or more, got 1"):
        plot_similarity(vectors, ["king"])
    with pytest.raises(DataError, match="'quen' is not among the 6 words; closest spellings: queen"):
        plot_similarity(vectors, ["king", "quen"])
