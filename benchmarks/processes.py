"""One process per measurement.

Two libraries in one process slow each other down, because NumPy's and PyTorch's threads compete for the same cores. Each
measurement is therefore a job: the name of a function, what to do (``case``) and how to measure it (``settings``). The job
is sent as JSON to a new Python process, which returns its result as JSON. The number of threads is set in the environment
of that process, where every library reads it when it is loaded.
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
INSTALL = {  # the name of each library, and the command that installs it
    "torch": ("PyTorch", "pip install torch"),
    "gensim": ("gensim", "pip install gensim"),
    "sacrebleu": ("sacrebleu", 'pip install -e ".[scores]"'),
    "sklearn": ("scikit-learn", 'pip install -e ".[text]"'),
}


def check_installed(module: str) -> None:
    """Raise ``DataError`` if the module is not installed; does not import it."""
    if importlib.util.find_spec(module) is None:
        name, command = INSTALL[module]
        raise DataError(f"{name} is not installed; get it with: {command}")


def environment(threads: int | None) -> dict[str, str]:
    """The environment of a child: that of this process, with ``threads`` threads, and TF32 off for CuPy.

    None leaves the number of threads to the rule of scratchnn, which needs an environment without such variables.
    """
    path = os.pathsep.join(part for part in (str(ROOT), os.environ.get("PYTHONPATH")) if part)
    others = {name: value for name, value in os.environ.items() if name not in THREADS}
    own = {} if threads is None else dict.fromkeys(THREADS, str(threads))
    return {**others, **own, "PYTHONPATH": path, "CUPY_TF32": "0"}


def run_job(function: str, case: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Run ``module:function`` on a case in a new process; returns its result.

    Raises:
        DataError: the child reported an error in the case, or was killed.
        RuntimeError: the child failed for another reason; the message contains its traceback.
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
