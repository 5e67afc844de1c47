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
from scratchnn.models.language_model import LanguageModel, perplexity
from scratchnn.optim import SGD
from scratchnn.plot import save_figure
from scratchnn.training import Trainer
from scratchnn.training.figure import plot_history
from scratchnn.training.history import COLUMNS, History


def trainer_of(lr=0.1, length=201, **options):
    """Four streams of random ids, windows of five."""
    ids = np.random.default_rng(0).integers(0, 6, length).astype(np.int32)
    model = LanguageModel(6, embedding_size=8, hidden_size=8, rng=np.random.default_rng(0))
    return Trainer(model, SGD(model.parameters(), lr), TokenStreams(ids, 4, 5), **options)


# --- history ---------------------------------------------------------------------------------------------------------


def test_history_has_a_row_every_so_many_steps_and_one_at_the_end_of_each_epoch(tmp_path):
    trainer = trainer_of(length=4 * 35 + 1, record_every=3, validate=lambda: {"loss": 1.5})
    history = trainer.fit(2)  # seven steps an epoch
    assert [(row["epoch"], row["step"]) for row in history.rows] == [(1, 3), (1, 6), (1, 7), (2, 10), (2, 13), (2, 14)]
    assert [row["targets"] for row in history.rows] == [60, 60, 20] * 2
    assert [row["validation_loss"] for row in history.rows] == [None, None, 1.5] * 2
    assert all(row["targets_per_second"] > 0 and row["gradient_norm"] > 0 for row in history.rows)
    history.write_csv(tmp_path / "history.csv")
    with open(tmp_path / "history.csv", newline="", encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert tuple(found[0]) == COLUMNS
    assert [row["validation_loss"] for row in found] == ["", "", "1.5"] * 2
    assert [float(row["loss"]) for row in found] == [row["loss"] for row in history.rows]


def test_history_weighs_every_target_alike():
    history = History()
    history.add(1.0, 30, 2.0, 0.5)
    history.add(4.0, 10, 4.0, 1.5)
    history.add(0.0, 0, 0.0, 2.0)  # left out: only its time counts
    history.record(1, 3, 0.1)
    history.add(2.0, 20, 1.0, 1.0)
    history.record(1, 4, 0.1, 7.0)
    first = history.rows[0]
    assert (first["loss"], first["gradient_norm"], first["targets_per_second"]) == (1.75, 3.0, 10.0)
    assert history.epoch_loss(1) == pytest.approx((30 + 40 + 40) / 60)
    assert math.isnan(history.epoch_loss(2))


def test_an_epoch_without_a_single_step_that_counts_has_no_loss():
    history = History()
    history.add(0.0, 0, 0.0, 1.0)
    history.record(1, 1, 0.1)
    assert history.rows[0]["loss"] is None
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
    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal


@pytest.mark.parametrize(("terminal", "progress"), [(True, True), (True, False), (False, True)])
def test_the_progress_bar_is_shown_on_a_terminal_only(monkeypatch, terminal, progress):
    screen = Screen(terminal)
    monkeypatch.setattr("sys.stderr", screen)
    trainer_of(progress=progress, perplexity=True).fit(2)
    assert bool(screen.getvalue()) == (terminal and progress)


@pytest.mark.parametrize(
    ("perplexity_shown", "expected"), [(True, r"perplexity [56]\.\d, [\d,]+ tokens/s"), (False, "loss 1.")]
)
def test_the_progress_bar_shows_how_good_and_how_fast(monkeypatch, perplexity_shown, expected):
    screen = Screen(terminal=True)
    monkeypatch.setattr("sys.stderr", screen)
    trainer_of(lr=0.001, perplexity=perplexity_shown, record_every=5).fit(1)
    last = screen.getvalue().rstrip().rpartition("\r")[2]
    assert "epoch 1/1: 100%" in last
    assert "10/10" in last
    assert re.search(expected, last), last
    assert len(last) <= 100


@pytest.mark.skipif(not hasattr(os, "openpty"), reason="no pseudo-terminals here")
def test_the_progress_bar_is_shown_on_a_terminal_that_does_not_tell_its_size(monkeypatch):
    """As a new pseudo-terminal: no columns, no rows."""
    reader, writer = os.openpty()
    with open(writer, "w") as screen:
        monkeypatch.setattr("sys.stderr", screen)
        trainer_of().fit(1)
        screen.flush()
        shown = b""
        while select.select([reader], [], [], 1)[0]:  # what was written arrives piece by piece
            shown += os.read(reader, 4096)
    os.close(reader)
    assert b"epoch 1/1: 100%" in shown


def test_the_bar_never_tells_of_a_row_that_has_just_been_closed(monkeypatch):
    """At a step that is a multiple of both 10 and ``record_every`` it shows the row, not the empty one after it."""
    shown = []
    original = History.summary
    monkeypatch.setattr(History, "summary", lambda self, p: shown.append(self._count) or original(self, p))
    trainer_of(length=4 * 200 + 1, record_every=10).fit(1)
    assert shown == [200] * 4


def test_summary_in_words():
    history = History()
    history.add(math.log(120.0), 700, 1.0, 0.05)
    assert history.summary(perplexity=True) == "perplexity 120.0, 14,000 tokens/s"
    assert history.summary(perplexity=False) == "loss 4.787, 14,000 targets/s"
    history.add(9999.0, 700, 1.0, 0.05)
    assert history.summary(perplexity=True).startswith("perplexity 5184705528587")  # exp(50), not an overflow


# --- the figure ------------------------------------------------------------------------------------------------------


def history_of(losses):
    history = History()
    for epoch, loss in enumerate(losses, start=1):
        for step in (2 * epoch - 1, 2 * epoch):
            history.add(loss, 10, 1.0, 1.0)
            history.record(epoch, step, 0.1, loss + 0.1 if step % 2 == 0 else None)
    return history


@pytest.mark.parametrize("losses", [[9.0], [9.0, 8.9], [9.0, 5.0, 4.5, 4.4]])
def test_the_figure_has_titles_units_and_a_legend(tmp_path, losses):
    figure = plot_history(history_of(losses), "Character LSTM")
    loss, perplexities = figure.axes
    assert (loss.get_title(), perplexities.get_title()) == ("Character LSTM: loss", "Character LSTM: perplexity")
    assert (loss.get_xlabel(), loss.get_ylabel()) == ("training step", "loss (nats per token)")
    assert perplexities.get_ylabel() == "perplexity"
    texts = [text.get_text() for text in loss.get_legend().get_texts()]
    assert texts == ["training", f"validation (lowest {min(losses) + 0.1:.4g})"]
    np.testing.assert_allclose(perplexities.lines[1].get_ydata(), np.exp(np.array(losses) + 0.1))
    assert list(loss.lines[1].get_xdata()) == [2 * epoch for epoch in range(1, len(losses) + 1)]
    save_figure(figure, tmp_path / "loss.png")
    assert (tmp_path / "loss.png").read_bytes().startswith(b"\x89PNG")
    for axis in (perplexities.yaxis, perplexities.xaxis):
        ticks = [label.get_text() for label in axis.get_ticklabels()]
        assert len(set(ticks)) == len(ticks) >= 3  # readable: several, all different, no powers of ten
        assert not any("$" in tick or "e" in tick for tick in ticks)


def test_a_figure_without_perplexity_and_one_of_nothing():
    figure = plot_history(history_of([3.0, 2.0]), "Classifier", perplexity=False)
    assert len(figure.axes) == 1
    assert figure.axes[0].get_ylabel() == "loss"
    assert plot_history(History(), "Nothing").axes[0].get_legend() is None
