"""Files that a run can do without: its table and its figures. What prevents them is a warning, not the end of the run."""

from __future__ import annotations

import sys
from collections.abc import Callable


class Reports:
    """Writes them; the same warning is printed once in a run."""

    def __init__(self) -> None:
        self._printed: set[str] = set()

    def write(self, *writers: Callable[[], None]) -> None:
        """Call all ``writers``; what they raise becomes one line, printed to the standard error."""
        errors = []
        for writer in writers:
            try:
                writer()
            except Exception as error:  # whatever a drawing library, its settings or its fonts raise: the run goes on
                errors.append(" ".join(str(error).split()) or type(error).__name__)
        warning = "; ".join(dict.fromkeys(errors))
        if warning and warning not in self._printed:
            self._printed.add(warning)
            print(f"warning: {warning}; the model is not affected", file=sys.stderr, flush=True)
