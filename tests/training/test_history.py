"""What training records and shows: the history, the progress bar, the figure."""

from __future__ import annotations

import csv
import io
import math
import os
import re
import select

import numpy as np
import pytest

from scratchnn.data import TokenStreams
from scratchnn.metrics import perplexity
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD
from scratchnn.plot import save_figure
from scratchnn.training import Trainer
from scratchnn.training.figure import plot_history
from scratchnn.training.history import History, loss_alone

COLUMNS = ("epoch", "step", "targets", "loss", "perplexity", "validation_loss", "validation_perplexity")
COLUMNS += ("lr", "gradient_norm", "targets_per_second")


def trainer_of(lr=0.1, length=201, figures=None, **options):
    """Four streams of random ids, windows of five."""
    ids = np.random.default_rng(0).integers(0, 6, length).astype(np.int32)
    model = LanguageModel(6, embedding_size=8, hidden_size=8, rng=np.random.default_rng(0))
    if figures is not None:
        model.figures = figures
    return Trainer(model, SGD(model.parameters(), lr), TokenStreams(ids, 4, 5), **options)


# --- history ---------------------------------------------------------------------------------------------------------


def test_history_has_a_row_every_so_many_steps_and_one_at_the_end_of_each_epoch(tmp_path):
    trainer = trainer_of(length=4 * 35 + 1, record_every=3, validate=lambda: trainer.model.figures(1.5))
    history = trainer.fit(2)  # seven steps per epoch
    assert [(row["epoch"], row["step"]) for row in history.rows] == [(1, 3), (1, 6), (1, 7), (2, 10), (2, 13), (2, 14)]
    assert [row["targets"] for row in history.rows] == [60, 60, 20] * 2
    assert [row.get("validation_loss") for row in history.rows] == [None, None, 1.5] * 2
    assert [row.get("validation_perplexity") for row in history.rows] == [None, None, math.exp(1.5)] * 2
    assert all(row["perplexity"] == perplexity(row["loss"]) for row in history.rows)
    assert history.column("validation_loss") == ([7, 14], [1.5, 1.5])
    assert all(row["targets_per_second"] > 0 and row["gradient_norm"] > 0 for row in history.rows)
    history.write_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == COLUMNS
    assert [row["validation_loss"] for row in found] == ["", "", "1.5"] * 2
    for name in ("loss", "perplexity"):
        assert [float(row[name]) for row in found] == [row[name] for row in history.rows]


def test_history_gives_every_target_the_same_weight():
    history = History()
    history.add(1.0, 30, 2.0, 0.5)
    history.add(4.0, 10, 4.0, 1.5)
    history.add(0.0, 0, 0.0, 2.0)  # skipped: only its duration counts
    history.record(1, 3, 0.1)
    history.add(2.0, 20, 1.0, 1.0)
    history.record(1, 4, 0.1, {"loss": 7.0, "accuracy": 0.5})
    first = history.rows[0]
    assert (first["loss"], first["gradient_norm"], first["targets_per_second"]) == (1.75, 3.0, 10.0)
    assert (history.rows[1]["validation_loss"], history.rows[1]["validation_accuracy"]) == (7.0, 0.5)
    assert history.epoch_loss(1) == pytest.approx((30 + 40 + 40) / 60)
    assert math.isnan(history.epoch_loss(2))


def test_an_epoch_in_which_no_step_counts_has_no_loss():
    history = History(lambda loss: {"loss": loss, "perplexity": perplexity(loss)})
    history.add(0.0, 0, 0.0, 1.0)
    history.record(1, 1, 0.1)
    assert history.rows[0]["loss"] is None
    assert history.rows[0]["perplexity"] is None
    assert math.isnan(history.epoch_loss(1))
    assert history.column("loss") == ([], [])
    assert math.isnan(perplexity(history.epoch_loss(1)))


def test_history_survives_a_checkpoint_in_the_middle_of_a_row():
    whole, first = History(), History()
    for history in (whole, first):
        history.add(1.0, 3, 1.0, 1.0)
    second = History()
    second.load_state_dict(first.state_dict())
    for history in (whole, second):
        history.add(2.0, 5, 1.0, 1.0)
        history.record(1, 2, 0.1)
    assert second.rows == whole.rows


# --- what it shows ---------------------------------------------------------------------------------------------------


class Screen(io.StringIO):
    """A text stream that is a terminal or not."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(("terminal", "progress"), [(True, True), (True, False), (False, True)])
def test_the_progress_bar_is_shown_on_a_terminal_only(monkeypatch, terminal, progress):
    screen = Screen(terminal)
    monkeypatch.setattr("sys.stderr", screen)
    trainer_of(progress=progress).fit(2)
    assert bool(screen.getvalue()) == (terminal and progress)


@pytest.mark.parametrize(
    ("figures", "expected"),
    [(None, r"perplexity [56]\.\d+, [\d,]+ targets/s"), (loss_alone, r"loss 1\.\d+, [\d,]+ targets/s")],
)
def test_the_progress_bar_shows_how_good_and_how_fast(monkeypatch, figures, expected):
    """The last of the model's figures: for a language model, the perplexity."""
    screen = Screen(terminal=True)
    monkeypatch.setattr("sys.stderr", screen)
    trainer_of(lr=0.001, figures=figures, record_every=5).fit(1)
    last = screen.getvalue().rstrip().rpartition("\r")[2]
    assert "epoch 1/1: 100%" in last
    assert "10/10" in last
    assert re.search(expected, last), last
    assert len(last) <= 100


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_the_progress_bar_is_shown_on_a_terminal_that_does_not_report_its_size(monkeypatch):
    """Like a new pseudo-terminal, which reports zero columns and rows."""
    reader, writer = os.openpty()
    with open(writer, "w") as screen:
        monkeypatch.setattr("sys.stderr", screen)
        trainer_of().fit(1)
        screen.flush()
        shown = b""
        while select.select([reader], [], [], 1)[0]:  # the output arrives in pieces
            shown += os.read(reader, 4096)
    os.close(reader)
    assert b"epoch 1/1: 100%" in shown


def test_the_bar_never_shows_a_row_that_has_just_been_closed(monkeypatch):
    """At a step that is a multiple of both 10 and ``record_every`` it shows the row, not the empty one after it."""
    shown = []
    original = History.summary
    monkeypatch.setattr(History, "summary", lambda self: shown.append(self._count) or original(self))
    trainer_of(length=4 * 200 + 1, record_every=10).fit(1)
    assert shown == [200] * 4


def test_summary_in_words():
    with_perplexity = History(lambda loss: {"loss": loss, "perplexity": perplexity(loss)})
    for history, expected in ((with_perplexity, "perplexity 120"), (History(), "loss 4.787")):
        history.add(math.log(120.0), 700, 1.0, 0.05)
        assert history.summary() == f"{expected}, 14,000 targets/s"
        history.add(9999.0, 700, 1.0, 0.05)
    assert with_perplexity.summary() == "perplexity inf, 14,000 targets/s"  # exp(5002) is an overflow, not an error
    with_perplexity.record(1, 2, 0.1)
    assert with_perplexity.summary() == "perplexity nan, 0 targets/s"


def test_repr_shows_the_latest_figures():
    history = History()
    assert repr(history) == "History: no steps yet"
    history.add(2.0, 7, 1.0, 0.05)
    history.record(3, 1200, 0.1, {"loss": 2.5, "accuracy": 0.75})
    expected = "loss 2, validation loss 2.5, validation accuracy 0.75"
    assert repr(history) == f"History of 3 epoch(s), 1,200 steps: {expected}"


# --- the figure ------------------------------------------------------------------------------------------------------


def history_of(losses, figures=loss_alone):
    history = History(figures)
    for epoch, loss in enumerate(losses, start=1):
        for step in (2 * epoch - 1, 2 * epoch):
            history.add(loss, 10, 1.0, 1.0)
            history.record(epoch, step, 0.1, figures(loss + 0.1) if step % 2 == 0 else None)
    return history


@pytest.mark.parametrize("losses", [[9.0], [9.0, 8.9], [9.0, 5.0, 4.5, 4.4]])
def test_the_figure_has_titles_units_and_a_legend(tmp_path, losses):
    history = history_of(losses, lambda loss: {"loss": loss, "perplexity": perplexity(loss)})
    figure = plot_history(history, "Character LSTM", best_epoch=len(losses))
    loss, perplexities = figure.axes
    assert (loss.get_title(), perplexities.get_title()) == ("Character LSTM: loss", "Character LSTM: perplexity")
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("training step", "loss")
    assert perplexities.get_ylabel() == "perplexity"
    texts = [text.get_text() for text in loss.get_legend().get_texts()]
    assert texts == ["training", f"validation ({min(losses) + 0.1:.4g} in the best epoch)"]
    np.testing.assert_allclose(perplexities.lines[1].get_ydata(), np.exp(np.array(losses) + 0.1))
    texts = [text.get_text() for text in perplexities.get_legend().get_texts()]
    assert texts == ["training", f"validation ({math.exp(min(losses) + 0.1):,.4g} in the best epoch)"]
    assert list(loss.lines[1].get_xdata()) == [2 * epoch for epoch in range(1, len(losses) + 1)]
    save_figure(figure, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    for axis in (perplexities.yaxis, perplexities.xaxis):
        ticks = [label.get_text() for label in axis.get_ticklabels()]
        assert len(set(ticks)) == len(ticks) >= 3  # readable: several, all different, no powers of ten
        assert not any("$" in tick or "e" in tick for tick in ticks)


def test_a_figure_without_perplexity_and_one_of_nothing():
    figure = plot_history(history_of([3.0, 2.0]), "Classifier")
    assert len(figure.axes) == 1
    assert figure.axes[0].get_ylabel() == "loss"
    texts = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    assert texts == ["training", "validation"]  # no best epoch is named
    assert plot_history(History(), "Nothing").axes[0].get_legend() is None


def test_many_figures_are_drawn_in_rows_of_three():
    names = ["loss", "accuracy", "precision", "recall", "f1"]
    figure = plot_history(history_of([3.0, 2.0], lambda loss: dict.fromkeys(names, loss)), "Tagger")
    assert [axis.get_ylabel() for axis in figure.axes] == names
    assert figure.get_size_inches()[0] == 15
    assert len({axis.get_subplotspec().rowspan.start for axis in figure.axes}) == 2
