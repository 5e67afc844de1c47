"""Results that are kept in a folder, so that a long comparison goes on where it was interrupted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from scratchnn.errors import DataError
from scratchnn.files import write_atomically


def make_folder(path: str | Path) -> Path:
    """The folder, made if it is missing."""
    out = Path(path)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DataError(f"cannot make {out}: {error.strerror or error}") from None
    return out


def kept(out: Path, name: str) -> dict[str, Any] | None:
    """The saved result of this name; None if there is none."""
    path = out / f"{name}.json"
    if not path.exists():
        return None
    try:
        result: dict[str, Any] = json.loads(path.read_bytes())
    except ValueError:
        raise DataError(f"{path} is damaged; remove it, and its contestant is trained again") from None
    return result


def check_same_run(out: Path, settings: dict[str, Any]) -> None:
    """Save the settings in the folder; raise ``DataError`` if it contains those of another run."""
    path = out / "settings.json"
    document = json.dumps(settings, indent=1).encode()
    if path.exists() and path.read_bytes() != document:
        raise DataError(f"{out} contains results of another text or of other settings; choose another --out")
    write_atomically(path, document)
