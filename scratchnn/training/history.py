"""What happened during training: one row every so many steps, one at the end of each epoch."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from scratchnn.files import write_atomically

COLUMNS = ("epoch", "step", "targets", "loss", "validation_loss", "lr", "gradient_norm", "targets_per_second")


class History:
    """Rows of ``COLUMNS``; losses in nats (or the loss's own unit), means over the steps since the row before.

    Attributes:
        rows: the rows so far; ``validation_loss`` is ``None`` except at the end of an epoch, and ``loss`` where no step
            counted.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self._clear()

    def _clear(self) -> None:
        self._loss, self._count, self._norm, self._steps, self._seconds = 0.0, 0, 0.0, 0, 0.0

    def add(self, loss: float, count: int, norm: float, seconds: float) -> None:
        """Count one step: its mean loss over ``count`` targets, gradient norm and duration in seconds.

        A step that was left out has a count of 0; of it only the time counts.
        """
        self._loss += loss * count  # Python floats: a float32 sum would stop growing
        self._count += count
        if count:
            self._norm += norm
            self._steps += 1
        self._seconds += seconds

    def record(self, epoch: int, step: int, lr: float, validation_loss: float | None = None) -> None:
        """Close a row with what was counted since the last one."""
        row = {
            "epoch": epoch,
            "step": step,
            "targets": self._count,
            "loss": self._loss / self._count if self._count else None,
            "validation_loss": validation_loss,
            "lr": lr,
            "gradient_norm": self._norm / max(self._steps, 1),
            "targets_per_second": self._count / self._seconds if self._seconds else 0.0,
        }
        self.rows.append(row)
        self._clear()

    def summary(self, perplexity: bool) -> str:
        """The row that is being counted, in a few words: loss or perplexity, and targets per second."""
        loss = self._loss / self._count if self._count else math.nan
        rate = self._count / self._seconds if self._seconds else 0.0
        quality = f"perplexity {math.exp(min(loss, 50)):.1f}" if perplexity else f"loss {loss:.4g}"
        return f"{quality}, {rate:,.0f} tokens/s" if perplexity else f"{quality}, {rate:,.0f} targets/s"

    def column(self, name: str) -> tuple[list[int], list[float]]:
        """Steps and values of one column, without the rows that have none."""
        rows = [row for row in self.rows if row[name] is not None]
        return [row["step"] for row in rows], [row[name] for row in rows]

    def epoch_loss(self, epoch: int) -> float:
        """Mean training loss over one epoch, each target counted alike; not a number where none was counted."""
        rows = [row for row in self.rows if row["epoch"] == epoch and row["loss"] is not None]
        targets = sum(row["targets"] for row in rows)
        return sum(row["loss"] * row["targets"] for row in rows) / targets if targets else math.nan

    def write_csv(self, path: str | Path) -> None:
        """All rows as a CSV file with a header."""
        write_rows(path, COLUMNS, self.rows)

    def state_dict(self) -> dict[str, Any]:
        """Rows, and what was counted since the last one."""
        return {"rows": self.rows, "open": [self._loss, self._count, self._norm, self._steps, self._seconds]}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take over what ``state_dict`` gave."""
        self.rows = list(state["rows"])
        self._loss, self._count, self._norm, self._steps, self._seconds = state["open"]


def write_rows(path: str | Path, columns: Sequence[str], rows: list[dict[str, Any]]) -> None:
    """Rows by the names of their columns as a CSV file with a header; ``None`` is left empty."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_atomically(path, text.getvalue().encode("utf-8"))
