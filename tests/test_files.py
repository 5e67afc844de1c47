"""Files are complete or absent, whatever the disk does."""

from __future__ import annotations

import errno
import io
import os

import numpy as np
import pytest

from scratchnn.errors import DataError
from scratchnn.files import check_new_file, write_atomically
from scratchnn.training.checkpoint import save_arrays


def full(*args, **kwargs):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullFile(io.FileIO):
    """Takes a few bytes, then the disk is full."""

    def write(self, data):
        super().write(bytes(data)[:100])
        full()


@pytest.mark.parametrize("failing", ["os.replace", "os.fsync", "write"])
def test_a_failing_disk_keeps_the_old_file_and_leaves_no_other(tmp_path, monkeypatch, failing):
    path = tmp_path / "checkpoint.npz"
    save_arrays(path, {"a": np.arange(500)}, {})
    old = path.read_bytes()
    if failing == "write":
        monkeypatch.setattr("scratchnn.files.open", lambda path, mode: FullFile(path, mode), raising=False)
    else:
        monkeypatch.setattr(failing, full)
    with pytest.raises(DataError, match=r"cannot write .*checkpoint.npz: No space left on device"):
        save_arrays(path, {"a": np.arange(900)}, {})
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupted_write_keeps_the_old_file(tmp_path, monkeypatch):
    def interrupt(*args):
        raise KeyboardInterrupt

    path = tmp_path / "a.txt"
    write_atomically(path, b"old")
    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_bytes_are_on_the_disk_before_the_name_points_to_them(tmp_path, monkeypatch):
    order = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr("os.fsync", lambda number: (order.append(os.fstat(number).st_size), fsync(number)))
    monkeypatch.setattr("os.replace", lambda a, b: (order.append("replace"), replace(a, b)))
    write_atomically(tmp_path / "a.txt", b"hello")
    assert order == [5, "replace"]


@pytest.mark.parametrize("path", ["missing/a.txt", "file/a.txt", "x" * 300, "folder"])
def test_a_path_that_is_not_writable_gives_one_clear_line(tmp_path, path):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(DataError, match="cannot write"):
        write_atomically(tmp_path / path, b"text")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["file", "folder"]


def test_a_new_file_is_free_and_plain(tmp_path):
    (tmp_path / "old").touch()
    for name, fault in (("old", "already exists"), ("none/new", "there is no folder"), ("new.gz", "without .gz")):
        with pytest.raises(DataError, match=fault):
            check_new_file(str(tmp_path / name), "--out")
    check_new_file(str(tmp_path / "new"), "--out")
