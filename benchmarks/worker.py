"""The child process: reads a job from standard input and writes its result to standard output; see ``processes``."""

from __future__ import annotations

import contextlib
import importlib
import json
import sys
from typing import Any

from scratchnn.errors import ScratchnnError


def work(job: dict[str, Any]) -> dict[str, Any]:
    """The result of ``module:function``; if it fails because of its input, a dict with the message as ``error``."""
    module, _, name = job["function"].partition(":")
    try:
        result: dict[str, Any] = getattr(importlib.import_module(module), name)(job["case"], job["settings"])
    except ScratchnnError as error:
        return {"error": str(error)}
    except MemoryError as error:
        return {"error": f"not enough memory for {job['case']} ({error})"}
    return result


if __name__ == "__main__":
    with contextlib.redirect_stdout(sys.stderr):  # only the result goes to standard output
        answer = work(json.load(sys.stdin))
    print(json.dumps(answer))
