"""Where output goes: the width of the terminal, progress bars there and in notebooks, durations and long lines."""

from __future__ import annotations

import os
import sys
import textwrap
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from tqdm import tqdm

WIDTH = 80  # characters in a line of text
UNKNOWN_WIDTH = 100  # of a progress bar, if the terminal does not report its own
ESTIMATE_AFTER = 5.0  # seconds


def in_notebook() -> bool:
    """Whether the code runs in a Jupyter kernel, in a notebook or in the cells of an editor."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return hasattr(shell, "kernel")


def terminal_width() -> int:
    """Columns of the terminal that shows the standard error, where bars are drawn; ``UNKNOWN_WIDTH`` if unknown."""
    try:
        reported = os.get_terminal_size(sys.stderr.fileno()).columns
    except (AttributeError, OSError, ValueError):  # no stream, no terminal, a closed stream
        reported = 0
    stated = os.environ.get("COLUMNS", "")
    return reported or (int(stated) if stated.isdecimal() else 0) or UNKNOWN_WIDTH


def progress_bar(iterable: Iterable[Any] | None = None, *, show: bool = True, **options: Any) -> Any:
    """A tqdm bar as wide as the terminal; in a notebook, a bar of the notebook.

    Args:
        iterable: what to go through, if anything.
        show: whether to show the bar on a terminal and in a notebook; elsewhere it is never shown.
        options: of ``tqdm``: ``total``, ``desc``, ``unit`` ...
    """
    # The last column stays free: a terminal may begin a new line after it.
    options |= {"ncols": terminal_width() - 1, "disable": None if show else True}  # None: only on a terminal
    options["nrows"] = 20  # given, so that a terminal that does not report its size shows the bar too
    if not show or not in_notebook():
        return tqdm(iterable, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without the package ipywidgets it warns, and draws a bar of text
        from tqdm import auto  # imports asyncio, which takes time and is not needed elsewhere

    return auto.tqdm(iterable, **{**options, "ncols": None, "disable": not show})


def wrapped(text: str) -> str:
    """The text in lines of at most ``WIDTH`` characters, the second and all others indented."""
    return textwrap.fill(text, WIDTH, subsequent_indent="  ", break_long_words=False, break_on_hyphens=False)


def duration(seconds: float) -> str:
    """About how long, in one unit: ``40 seconds``, ``50 minutes``, ``3.5 hours``."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} second{'s' if round(seconds) > 1 else ''}"
    if seconds < 90 * 60:
        return f"{round(seconds / 60)} minutes"
    return f"{seconds / 3600:.1f} hours"


class Estimate:
    """Says once, after the first seconds, how long the whole work takes.

    Args:
        what: the work, as in ``3 epochs``.
        total: its amount.
        clock: the time in seconds.
    """

    def __init__(self, what: str, total: float, clock: Callable[[], float] = time.monotonic):
        self.what, self.total, self.clock = what, total, clock
        self._first: tuple[float, float] | None = None  # time and amount after the first report
        self._said = False

    def update(self, done: float, bar: Any) -> None:
        """Report how much is done; the first report only starts the clock, since first steps are slower than others.

        The line is printed above the bar, or without one to the standard output.
        """
        if self._said:
            return
        now = self.clock()
        if self._first is None:
            self._first = now, done
            return
        seconds, amount = now - self._first[0], done - self._first[1]
        if seconds >= ESTIMATE_AFTER and amount > 0:
            self._said = True
            with bar.external_write_mode():
                print(f"about {duration(seconds / amount * self.total)} for {self.what}", flush=True)
