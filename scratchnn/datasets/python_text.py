"""Real text that every Python carries: no download, no licence question, the same for everybody with the same Python."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from scratchnn.errors import DataError

LEFT_OUT = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "lib2to3"}


def python_sources() -> str:
    """The standard library's own sources without its tests, about 12 million characters, in alphabetical order."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = [f for f in sorted(folder.rglob("*.py")) if not LEFT_OUT.intersection(f.relative_to(folder).parts)]
    if not files:
        raise DataError(f"this Python keeps no sources in {folder}; give a text with --text FILE")
    return "\n".join(f.read_text(encoding="utf-8", errors="ignore") for f in files)


def python_manual() -> str:
    """English prose: the language reference that Python's ``help()`` shows, about half a million characters."""
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics))
