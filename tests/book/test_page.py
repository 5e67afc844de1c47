"""Showing a figure: a script saves it and says where, and the bytes are the same every time."""

import numpy as np
import pytest

from scratchnn.book import page
from scratchnn.errors import DataError
from scratchnn.plot import new_figure


def drawn():
    figure, axes = new_figure(4, 3)
    axes.imshow(np.linspace(-1, 1, 300).reshape(10, 30), cmap="RdBu_r")
    return figure


def test_a_script_saves_its_figures_and_says_where(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page.show(drawn(), "8.12", "A ramp.")
    assert capsys.readouterr().out.replace("\\", "/") == "figure 8.12: figures/ch08-figure-12.png\n"
    assert (tmp_path / "figures" / "ch08-figure-12.png").read_bytes() == page.png(drawn())


def test_a_script_saves_a_sound_and_says_where(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    page.play_sound(b"RIFF", "ch08-tune")
    assert capsys.readouterr().out.replace("\\", "/") == "sound: figures/ch08-tune.wav\n"
    assert (tmp_path / "figures" / "ch08-tune.wav").read_bytes() == b"RIFF"


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "figures").write_text("a file")
    with pytest.raises(DataError, match="cannot make the folder figures for figures: File exists"):
        page.show(drawn(), "8.1", "A ramp.")


def test_colours_survive_the_palette():
    """At most 256 colours, and no colour far from the one that was drawn."""
    from io import BytesIO

    from PIL import Image

    full = BytesIO()
    drawn().savefig(full, format="png", dpi=page.DPI)
    small = Image.open(BytesIO(page.png(drawn())))
    assert small.size == (4 * page.DPI, 3 * page.DPI)
    off = np.asarray(small.convert("RGB"), float) - np.asarray(Image.open(full).convert("RGB"), float)
    assert abs(off).mean() < 2
    assert abs(off).max() < 64  # where a line is smoothed
