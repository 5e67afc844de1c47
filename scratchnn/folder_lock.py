"""A lock on a folder, so that two processes do not write the same files. A process that ends or is killed loses it.

The lock is advisory: readers need none. Where the file system has no locks, none is taken.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from scratchnn.errors import DataError

try:
    import fcntl

    msvcrt: Any = None
except ImportError:  # Windows
    import msvcrt

FILE = ".lock"  # on Windows, where a folder cannot be locked; the system removes it with the lock


class FolderLock:
    """The lock of one folder.

    Args:
        path: the folder.
        message: what to say if another process has the lock.

    Attributes:
        asked: whether ``acquire`` has been called.
    """

    def __init__(self, path: Path, message: str):
        self.path, self.message = path, message
        self.asked = False
        self._file: int | None = None  # open as long as the lock is held

    @property
    def held(self) -> bool:
        """Whether no other process can have the lock."""
        return self._file is not None

    def acquire(self) -> None:
        """Take the lock of a folder that exists.

        Raises:
            DataError: another process has it.
        """
        self.asked = True
        try:
            if msvcrt is None:
                self._file = os.open(self.path, os.O_RDONLY)  # a lock on the folder itself leaves no file behind
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            else:
                flags = os.O_RDWR | os.O_CREAT | os.O_TEMPORARY  # type: ignore[attr-defined]
                self._file = os.open(self.path / FILE, flags)
                msvcrt.locking(self._file, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            opened = self._file is not None
            self.release()
            if opened and (msvcrt is not None or isinstance(error, BlockingIOError)):
                raise DataError(self.message) from None

    def release(self) -> None:
        """Drop the lock, if it is held."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
