"""Real text that comes with every Python: no download, no extra licence, and the same text for the same Python version."""

from __future__ import annotations

import sysconfig
from pathlib import Path

from scratchnn.errors import DataError

EXCLUDED = {"test", "tests", "idle_test", "site-packages", "dist-packages", "__pycache__", "lib2to3"}


def python_sources() -> str:
    """The sources of the standard library without its tests, about 12 million characters, in alphabetical order."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    files = [f for f in sorted(folder.rglob("*.py")) if not EXCLUDED.intersection(f.relative_to(folder).parts)]
    if not files:
        raise DataError(f"this Python has no sources in {folder}; pass a text with --text FILE")
    return "\n".join(f.read_text(encoding="utf-8", errors="ignore") for f in files)


def python_manual() -> str:
    """English prose: the language reference that Python's ``help()`` shows, about half a million characters."""
    from pydoc_data.topics import topics

    return "\n".join(topics[name] for name in sorted(topics))
