"""How every program of this folder ends: its exit status, and one line for bad input."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from scratchnn.cli import prepare_streams
from scratchnn.errors import ScratchnnError


def finish(program: Callable[[], object]) -> int:
    """Run it; returns the exit status: 0, 2 for bad input, 130 if interrupted, 141 on a closed pipe."""
    prepare_streams()
    try:
        program()
        sys.stdout.flush()
        return 0
    except ScratchnnError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # the output was piped into a program that has ended, such as ``head``
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 130
