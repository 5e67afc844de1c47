"""Two processes in one run folder: the second one gets one clear line, and the run of the first is unharmed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from small_text import SMALL, assert_one_line, contents, train, write_text

from scratchnn.errors import DataError
from scratchnn.files import write_atomically
from scratchnn.training.run_folder import RunFolder

LONG = [*SMALL[:-4], "--lr", "0.01", "--checkpoint-every", "1", "--epochs", "100000"]


def start(text, out):
    words = [sys.executable, "-m", "scratchnn", "train", "lm", *LONG, "--data", text, "--out", out, "--resume"]
    return subprocess.Popen([str(word) for word in words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def wait_for(path, process):
    deadline = time.monotonic() + 120
    while not path.exists():
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_the_second_process_is_refused_until_the_first_has_ended_or_was_killed(tmp_path, capsys, quick):
    text, out = write_text(tmp_path / "text.txt"), tmp_path / "run"
    first = start(text, out)
    try:
        wait_for(out / "checkpoint.npz", first)
        for options in (["--resume"], ["--resume", "--epochs", 5]):
            assert train("--data", text, "--out", out, *options) == 2
            assert_one_line(
                capsys, f"another process is training in {out}; wait until it has ended, or choose another --out"
            )
        assert first.poll() is None
        os.kill(first.pid, signal.SIGKILL)  # the system drops the lock with the process
    finally:
        first.kill()
        first.wait()
        first.stderr.close()
    (out / ".checkpoint.npz.0123abcd.part").write_bytes(b"cut off")  # as the killed process may leave one
    assert "checkpoint.npz" in contents(out)
    words = [sys.executable, "-m", "scratchnn", "train", "lm", "--resume", "--out", str(out), "--epochs", "1"]
    assert subprocess.run(words, capture_output=True).returncode == 0
    with RunFolder(out).locked():
        RunFolder(out).create(resume=True)
    assert train("--data", text, "--out", tmp_path / "other") == 0  # the lock leaves no file
    assert set(contents(tmp_path / "other")) == {
        "settings.json", "vocabulary.json", "model.npz", "checkpoint.npz", "history.csv", "loss.png"
    }  # fmt: skip


def test_a_lock_is_dropped_and_taken_again(tmp_path):
    one, other = RunFolder(tmp_path), RunFolder(tmp_path)
    with one.locked():
        with pytest.raises(DataError, match="another process is training in"), other.locked():
            pass
        with pytest.raises(DataError, match="another process is training in"), other.locked():
            pass
    with other.locked():
        pass
    with pytest.raises(DataError, match="another process"), one.locked(), other.locked():
        pass


def test_two_that_make_the_same_folder(tmp_path):
    """Neither was there at first. The slower one finds a folder that is locked, or a run that has ended."""
    one, other = RunFolder(tmp_path / "run"), RunFolder(tmp_path / "run")
    with other.locked(), one.locked():
        one.create(resume=False)
        with pytest.raises(DataError, match="another process is training in"):
            other.create(resume=True)
    with other.locked():
        pass
    late = RunFolder(tmp_path / "late")
    with late.locked():
        (tmp_path / "late").mkdir()
        (tmp_path / "late" / "settings.json").write_text("{}")
        with pytest.raises(DataError, match="already contains a run"):
            late.create(resume=True)


def test_files_of_a_killed_process_are_removed_under_the_lock_only(tmp_path):
    left = tmp_path / ".model.npz.89abcdef.part"
    left.write_bytes(b"cut off")
    RunFolder(tmp_path).create(resume=True)
    assert left.exists()
    folder = RunFolder(tmp_path)
    with folder.locked():
        folder.create(resume=True)
    assert not left.exists()


def test_a_file_system_without_locks(tmp_path, monkeypatch):
    fcntl = pytest.importorskip("fcntl")

    def no_locks(*arguments):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    folder = RunFolder(tmp_path)
    (tmp_path / ".model.npz.89abcdef.part").write_bytes(b"perhaps of another process")
    with folder.locked(), RunFolder(tmp_path).locked():
        folder.create(resume=False)
    assert len(list(tmp_path.iterdir())) == 1


def test_temporary_files_have_names_of_their_own(tmp_path):
    """Two writers of one file at once: one of both contents is complete, and neither fails."""
    path, errors = tmp_path / "a", []

    def write(byte):
        try:
            for _ in range(50):
                write_atomically(path, byte * 100_000)
        except DataError as error:
            errors.append(error)

    threads = [threading.Thread(target=write, args=(byte,)) for byte in (b"x", b"y")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert path.read_bytes() in (b"x" * 100_000, b"y" * 100_000)
    assert list(tmp_path.iterdir()) == [path]
