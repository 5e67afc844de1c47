"""One process for each measurement.

Two libraries in one process disturb each other: NumPy's threads and PyTorch's wait for the same cores, and either looks
slow. So a measurement is a job: the name of a function, what to do (``case``) and how to measure it (``settings``), handed
as JSON to a fresh Python, which hands its result back as JSON. The number of threads is set in its environment, where every
library looks for it when it is loaded.
"""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from scratchnn.errors import DataError

ROOT = Path(__file__).resolve().parent.parent
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
INSTALL = {  # what somebody types who lacks an opponent
    "torch": ("PyTorch", "pip install torch"),
    "gensim": ("gensim", "pip install gensim"),
    "sklearn": ("scikit-learn", 'pip install -e ".[text]"'),
}


def check_installed(module: str) -> None:
    """Raise ``DataError`` where the module is missing, without importing it."""
    if importlib.util.find_spec(module) is None:
        name, command = INSTALL[module]
        raise DataError(f"{name} is not installed; get it with: {command}")


def environment(threads: int) -> dict[str, str]:
    """The child's environment: this one's, with so many threads, and TF32 off for CuPy."""
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    return {**os.environ, **dict.fromkeys(THREADS, str(threads)), "PYTHONPATH": path, "CUPY_TF32": "0"}


def run_job(function: str, case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Run ``module:function`` on a case in a fresh process; returns its result.

    Raises:
        DataError: the child refused the case, or was killed.
        RuntimeError: the child failed for another reason; its own traceback is in the message.
    """
    job = {"function": function, "case": case, "settings": settings}
    child = subprocess.run(
        [sys.executable, "-m", "benchmarks.worker"],
        input=json.dumps(job),
        capture_output=True,
        text=True,
        env=environment(settings["threads"]),
    )
    if child.returncode < 0:
        raise DataError(f"{function} was killed by signal {-child.returncode}; not enough memory? Use smaller sizes")
    try:
        result: dict[str, Any] = json.loads(child.stdout)
    except ValueError:
        raise RuntimeError(f"{function} failed on {case}:\n{child.stderr}") from None
    if "error" in result:
        raise DataError(result["error"])
    return result
