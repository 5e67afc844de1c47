"""What happened during training: one row every so many steps, and one at the end of each epoch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from scratchnn.files import write_atomically

FIRST, LAST = ("epoch", "step", "targets"), ("lr", "gradient_norm", "targets_per_second")
VALIDATION = "validation_"  # prefix of the columns with figures of the validation part

Figures = Callable[[float], dict[str, float]]  # a mean loss -> named figures, the loss among them


def loss_alone(loss: float) -> dict[str, float]:
    """The figures of a model that reports nothing but its loss."""
    return {"loss": loss}


class History:
    """Rows of named values; losses are means over the targets of the steps since the row before.

    Args:
        figures: the figures that follow from a mean loss, such as the perplexity; ``Model.figures``.

    Attributes:
        rows: one dict per row: ``epoch``, ``step``, ``targets``, the training figures (``loss``, ...), the validation
            figures (``validation_loss``, ...; only at the end of an epoch), ``lr``, ``gradient_norm`` and
            ``targets_per_second``. A figure is ``None`` if no step counted.
    """

    def __init__(self, figures: Figures = loss_alone) -> None:
        self.figures = figures
        self.rows: list[dict[str, Any]] = []
        self._clear()

    def __repr__(self) -> str:
        """Epochs, steps and the latest figures, in one line."""
        if not self.rows:
            return "History: no steps yet"
        last = self.rows[-1]
        names = [name for name in self.columns() if name not in FIRST + LAST]
        shown = [f"{name.replace('_', ' ')} {last[name]:.4g}" for name in names if last.get(name) is not None]
        return f"History of {last['epoch']} epoch(s), {last['step']:,} steps: {', '.join(shown)}"

    def _clear(self) -> None:
        self._loss, self._count, self._norm, self._steps, self._seconds = 0.0, 0, 0.0, 0, 0.0

    def add(self, loss: float, count: int, norm: float, seconds: float) -> None:
        """Count one step: its mean loss over ``count`` targets, its gradient norm and its duration in seconds.

        A skipped step has a count of 0; only its duration counts.
        """
        self._loss += loss * count  # Python floats: a float32 sum would stop growing
        self._count += count
        if count:
            self._norm += norm
            self._steps += 1
        self._seconds += seconds

    def record(self, epoch: int, step: int, lr: float, validation: Mapping[str, float] | None = None) -> None:
        """Close a row with what was counted since the last one, and the figures of the validation part, if any."""
        names = self.figures(math.nan)
        training = self.figures(self._loss / self._count) if self._count else dict.fromkeys(names)
        self.rows.append(
            {
                "epoch": epoch,
                "step": step,
                "targets": self._count,
                **training,
                **{VALIDATION + name: value for name, value in (validation or {}).items()},
                "lr": lr,
                "gradient_norm": self._norm / max(self._steps, 1),
                "targets_per_second": self._count / self._seconds if self._seconds else 0.0,
            }
        )
        self._clear()

    def summary(self) -> str:
        """The row that is being counted, in a few words: its last training figure, and targets per second."""
        name, value = list(self.figures(self._loss / self._count if self._count else math.nan).items())[-1]
        return f"{name} {value:.4g}, {self._count / self._seconds if self._seconds else 0.0:,.0f} targets/s"

    def columns(self) -> list[str]:
        """The names of all values that occur, in order: position, training figures, validation figures, the rest."""
        names = dict.fromkeys(name for row in self.rows for name in row)
        figures = [name for name in names if name not in FIRST + LAST]
        return [*FIRST, *sorted(figures, key=lambda name: name.startswith(VALIDATION)), *LAST]

    def column(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and values of one column, without the rows that have no such value."""
        rows = [row for row in self.rows if row.get(name) is not None]
        return [row["step"] for row in rows], [row[name] for row in rows]

    def epoch_loss(self, epoch: int) -> float:
        """Mean training loss over one epoch, each target with the same weight; NaN if no step counted."""
        rows = [row for row in self.rows if row["epoch"] == epoch and row["loss"] is not None]
        targets = sum(row["targets"] for row in rows)
        return sum(row["loss"] * row["targets"] for row in rows) / targets if targets else math.nan

    def table(self) -> bytes:
        """What ``write_csv`` writes."""
        return table_of(self.columns(), self.rows)

    def write_csv(self, path: str | Path) -> None:
        """Write all rows as a CSV file with a header."""
        write_atomically(path, self.table())

    def state_dict(self) -> dict[str, Any]:
        """Rows, and what was counted since the last one."""
        return {"rows": self.rows, "open": [self._loss, self._count, self._norm, self._steps, self._seconds]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Restore what ``state_dict`` returned."""
        self.rows = list(state["rows"])
        self._loss, self._count, self._norm, self._steps, self._seconds = state["open"]


def table_of(columns: Sequence[str], rows: list[dict[str, Any]]) -> bytes:
    """Rows as a CSV file with a header; a value that is missing or ``None`` is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
