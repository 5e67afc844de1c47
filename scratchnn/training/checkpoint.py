"""Arrays and plain values in one file: NumPy's ``.npz`` without pickle, written atomically.

Each array has its own name, and ``np.load`` can read it. Everything else (numbers, strings, lists) is one JSON document,
stored as an array of bytes under the name ``meta``. Reading it runs no code. Damage is found: a zip archive has a checksum
of every array, and the document names all arrays. The same arrays give the same bytes, without time stamps.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from scratchnn.backend import Array, to_numpy
from scratchnn.errors import CheckpointError, ScratchnnError
from scratchnn.files import write_atomically

FORMAT = "scratchnn arrays 1"
META = "meta"
READ_HEADER = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}


def save_arrays(path: str | Path, arrays: Mapping[str, Array], meta: Mapping[str, Any]) -> None:
    """Write ``arrays`` (from any device, none of them called ``meta``) and ``meta`` (what JSON can hold) to ``path``."""
    if META in arrays:
        raise CheckpointError(f"no array can be called {META!r}, the name of the plain values")
    document = json.dumps({"format": FORMAT, "arrays": list(arrays), **meta}).encode("utf-8")
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, array in {META: np.frombuffer(document, dtype=np.uint8), **arrays}.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as file:
                np.lib.format.write_array(file, to_numpy(array), allow_pickle=False)
    with buffer.getbuffer() as data:  # not a copy: a checkpoint may be large
        write_atomically(path, data)


def load_arrays(path: str | Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """What ``save_arrays`` wrote: the arrays by name, and the plain values.

    Raises:
        CheckpointError: the file cannot be read, is damaged, or was not written by this version.
    """
    with damage_in(path):
        try:
            with zipfile.ZipFile(path) as archive:
                arrays = {info.filename.removesuffix(".npy"): _read_array(archive, info) for info in archive.infolist()}
        except OSError as error:
            raise CheckpointError(f"cannot read {path}: {error.strerror or error}") from None
        meta = json.loads(arrays.pop(META).tobytes()) if META in arrays else None
    if not isinstance(meta, dict) or meta.get("format") != FORMAT:
        raise CheckpointError(f"{path} was not written by this version of scratchnn ({FORMAT!r})")
    names = meta.get("arrays", list(arrays))
    if names != list(arrays):
        raise CheckpointError(
            f"{path} is damaged: it has {len(arrays)} of {len(names) if isinstance(names, list) else '?'} arrays"
        )
    return arrays, meta


@contextmanager
def damage_in(path: str | Path | None) -> Iterator[None]:
    """One line for anything that a damaged or crafted file makes the code inside raise.

    What the code reads was checked only in part, and zipfile, NumPy, or the objects that take saved values may raise any
    exception for the rest.
    """
    try:
        yield
    except ScratchnnError:
        raise
    except MemoryError:  # of the machine: sizes are compared with the bytes that are there
        raise
    except Exception as error:
        text = f"{type(error).__name__}: {error}"
        raise CheckpointError(f"{path} is damaged or was not written by scratchnn ({text:.200})") from error


def _read_array(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> np.ndarray:
    """One array. All its bytes are read, and so checked, before any of them is believed."""
    if info.compress_type != zipfile.ZIP_STORED:
        raise zipfile.BadZipFile(f"{info.filename} is compressed")
    file = io.BytesIO(archive.read(info))
    read_header = READ_HEADER.get(np.lib.format.read_magic(file))
    if read_header is None:
        raise ValueError(f"{info.filename} has a header of another version")
    try:
        shape, _, dtype = read_header(file)
    except MemoryError:  # what Python's parser raises for a header that is nested too deeply
        raise ValueError(f"{info.filename} has a header that cannot be parsed") from None
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(file.getbuffer()) - file.tell():
        raise ValueError(f"{info.filename} has {len(file.getbuffer()):,} bytes, which is not what its header says")
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def with_prefix(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The same arrays under ``prefix/name``."""
    return {f"{prefix}/{name}": array for name, array in arrays.items()}


def under_prefix(prefix: str, arrays: Mapping[str, Array]) -> dict[str, Array]:
    """The opposite: those whose name begins with ``prefix/``, without it."""
    return {name[len(prefix) + 1 :]: array for name, array in arrays.items() if name.startswith(f"{prefix}/")}
