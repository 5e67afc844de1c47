"""Bars that fit the terminal, bars and figures in notebooks, and how long a run takes."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import types

import pytest
from small_text import SMALL, write_text

from scratchnn import terminal
from scratchnn.plot import new_figure, plot_gradient_norms
from scratchnn.terminal import Estimate, duration, progress_bar, terminal_width, wrapped

needs_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")


def on_terminal(columns, *arguments):
    """What a command writes to a terminal of so many columns."""
    import fcntl
    import struct
    import termios

    reader, writer = os.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    shown = []

    def read():
        try:
            while block := os.read(reader, 4096):
                shown.append(block)
        except OSError:  # the other end was closed
            pass

    thread = threading.Thread(target=read)
    thread.start()
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    words = [sys.executable, "-m", "scratchnn", *map(str, arguments)]
    status = subprocess.run(words, stdout=writer, stderr=writer, stdin=subprocess.DEVNULL, env=environment).returncode
    os.close(writer)
    thread.join(60)
    os.close(reader)
    assert status == 0, b"".join(shown)
    return b"".join(shown).decode("utf-8")


@needs_terminal
def test_a_session_on_80_columns(tmp_path):
    """Bars of training, of word2vec and its count, of the gradient check; tables and lines of text."""
    text = write_text(tmp_path / "text.txt", lines=1000)
    os.symlink(text, tmp_path / "t")
    out = os.path.relpath(tmp_path)
    commands = [
        ["train", "lm", *SMALL, "--data", text, "--out", tmp_path / "lm"],
        ["train", "classifier", "--limit", 200, "--epochs", 1, "--bidirectional", "--layers", 2, "--out", tmp_path / "c"],
        ["train", "word2vec", "--data", text, "--epochs", 1, "--out", tmp_path / "w"],
        ["gradcheck", "lstm", "--method", "complex"],
    ]
    for words in commands:
        shown = on_terminal(80, *words)
        assert "100%" in shown or "word" in shown or "case" in shown
        lines = re.split("[\r\n]+", re.sub("\x1b\\[[0-9;]*[A-Za-z]", "", shown))
        too_long = [line for line in lines if len(line) > 80 and str(tmp_path) not in line and out not in line]
        assert too_long == [], too_long
        assert max(len(line) for line in lines if "%|" in line or "words [" in line or "word/s" in line) <= 79


@needs_terminal
def test_the_width_is_that_of_the_terminal_of_standard_error(monkeypatch):
    """Also if the standard output goes elsewhere, and whatever COLUMNS says."""
    import fcntl
    import struct
    import termios

    monkeypatch.setenv("COLUMNS", "300")
    reader, writer = os.openpty()
    with open(writer, "w") as screen:
        monkeypatch.setattr("sys.stderr", screen)
        assert terminal_width() == 300  # the terminal reports 0
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        assert terminal_width() == 80
        fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 132, 0, 0))
        assert terminal_width() == 132
    os.close(reader)


@pytest.mark.parametrize(("stated", "expected"), [(None, 100), ("0", 100), ("wide", 100), ("72", 72)])
def test_an_unknown_width(monkeypatch, stated, expected):
    monkeypatch.setattr("sys.stderr", None)
    monkeypatch.delenv("COLUMNS", raising=False)
    if stated is not None:
        monkeypatch.setenv("COLUMNS", stated)
    assert terminal_width() == expected


# --- notebooks -------------------------------------------------------------------------------------------------------


@pytest.fixture
def notebook(monkeypatch):
    """As if the code ran in a kernel."""
    shell = types.SimpleNamespace(kernel=None)
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: shell))


def test_in_a_notebook_the_bar_is_that_of_tqdm_auto_and_is_shown(notebook, monkeypatch):
    """There, standard error is not a terminal."""
    import tqdm.auto

    options = {}
    monkeypatch.setattr(tqdm.auto, "tqdm", lambda iterable, **given: options.update(given))
    progress_bar(total=3)
    assert (options["disable"], options["total"]) == (False, 3)
    bar = progress_bar(total=3, show=False)
    assert bar.disable
    assert options["disable"] is False  # the notebook's bar was not asked for


def test_elsewhere_than_on_a_terminal_no_bar_is_shown(capsys):
    list(progress_bar(range(3)))
    assert capsys.readouterr().err == ""


def test_a_figure_shows_itself_in_a_cell():
    """By the method that IPython asks each object for, without a backend of Matplotlib."""
    figure, axes = new_figure()
    axes.plot([1, 2])
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert plot_gradient_norms({"lstm": [1.0, 0.5]})._repr_png_().startswith(b"\x89PNG")


@pytest.mark.skipif(sys.platform == "win32", reason="the kernel needs a free port")
def test_a_notebook_shows_the_figure_and_the_bar(tmp_path, monkeypatch):
    """In a real kernel."""
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("ipykernel")
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path))
    cells = [
        "from scratchnn.plot import new_figure\nnew_figure()[0]",
        "from scratchnn.terminal import progress_bar\nfor k in progress_bar(range(3)): pass",
    ]
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    nbclient.NotebookClient(page, timeout=120, kernel_name="python3").execute()
    assert "image/png" in page.cells[0].outputs[-1]["data"]
    assert any("3/3" in str(output) for output in page.cells[1].outputs)


# --- lines and durations ---------------------------------------------------------------------------------------------


def test_long_lines_are_wrapped_and_words_stay_whole():
    text = "a line of some words " * 8 + "runs/a-name-with-hyphens"
    assert all(len(line) <= 80 for line in wrapped(text).splitlines())
    assert " ".join(wrapped(text).split()) == " ".join(text.split())
    assert wrapped("x" * 100) == "x" * 100


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.2, "1 second"), (40, "40 seconds"), (100, "2 minutes"), (3000, "50 minutes"), (12600, "3.5 hours")],
)
def test_durations(seconds, expected):
    assert duration(seconds) == expected


def test_the_estimate_is_said_once_after_the_first_seconds(capsys):
    """The first step took 20 seconds, all others 2 of them."""
    times = iter([20, 22, 24, 26, 28, 30])
    estimate = Estimate("3 epochs", 1500, clock=lambda: next(times))
    with progress_bar(total=9) as bar:
        for step in range(1, 7):
            estimate.update(step, bar)
            shown = capsys.readouterr().out
            assert shown == ("about 50 minutes for 3 epochs\n" if step == 4 else "")


def test_training_says_how_long_it_takes_without_a_terminal(tmp_path, capsys, monkeypatch, quick):
    from small_text import train

    monkeypatch.setattr(terminal, "ESTIMATE_AFTER", 0.0)
    assert train("--data", write_text(tmp_path / "t.txt"), "--epochs", 2, "--out", tmp_path / "run") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("about ") and line.endswith(" for 2 epochs")]
    assert train("--resume", "--epochs", 4, "--out", tmp_path / "run") == 0
    shown = capsys.readouterr().out
    assert shown.count("for the rest\n") == 1
