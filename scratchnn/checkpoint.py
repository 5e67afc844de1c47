"""Arrays and plain values in one file: NumPy's ``.npz`` without pickle, written atomically.

The arrays stand under their own names. Everything else (numbers, strings, lists) is one JSON document, stored as an array
of bytes under the name ``meta``. Reading it runs no code, and a zip archive carries a checksum of every array, so damage
shows.
"""

from __future__ import annotations

import io
import json
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import Array, to_numpy
from scratchnn.errors import CheckpointError
from scratchnn.files import write_atomically

FORMAT = "scratchnn arrays 1"


def save_arrays(path: str | Path, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
    """Write ``arrays`` (from any device) and ``meta`` (what JSON can hold) to ``path``."""
    document = json.dumps({"format": FORMAT, **meta}).encode("utf-8")
    buffer = io.BytesIO()
    everything = {name: to_numpy(array) for name, array in arrays.items()}
    np.savez(buffer, allow_pickle=False, meta=np.frombuffer(document, dtype=np.uint8), **everything)
    write_atomically(path, buffer.getvalue())


def load_arrays(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What ``save_arrays`` wrote: the arrays by name, and the plain values."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            if not isinstance(archive, np.lib.npyio.NpzFile) or "meta" not in archive.files:
                raise CheckpointError(f"{path} was not written by scratchnn")
            arrays = {name: archive[name] for name in archive.files}
        meta = json.loads(arrays.pop("meta").tobytes())
    except OSError as error:
        raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from None
    except (ValueError, KeyError, EOFError, zipfile.BadZipFile, zlib.error) as error:
        if isinstance(error, CheckpointError):
            raise
        raise CheckpointError(f"{path} is damaged or was not written by scratchnn ({error})") from None
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise CheckpointError(f"{path} was not written by this version of scratchnn ({FORMAT!r})")
    return arrays, meta


def with_prefix(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The same arrays under ``prefix/name``."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def under_prefix(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The opposite: those whose name begins with ``prefix/``, without it."""
    return {name[len(prefix) + 1 :]: array for name, array in arrays.items() if name.startswith(f"{prefix}/")}


def split_state(state: Any, arrays: list[Array]) -> Any:
    """Nested tuples of arrays as nested lists of numbers, each the array's place in ``arrays``, which is appended to."""
    if state is None:
        return None
    if isinstance(state, tuple):
        return [split_state(part, arrays) for part in state]
    arrays.append(state)
    return len(arrays) - 1


def join_state(places: Any, arrays: list[Array]) -> Any:
    """The opposite of ``split_state``."""
    if places is None:
        return None
    return tuple(join_state(part, arrays) for part in places) if isinstance(places, list) else arrays[places]
