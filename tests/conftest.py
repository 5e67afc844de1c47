"""Which tests are skipped, and runs of ``train lm`` that tests read, copy, or damage without affecting others."""

from __future__ import annotations

import shutil

import pytest
from small_text import make_quick, train, write_text


def pytest_collection_modifyitems(config, items):
    """Run what takes minutes only if ``-m`` asks for it: the whole book, checks of the CUDA kernels."""
    for marker in ("chapters", "kernels", "kernel_mutants"):
        if marker not in config.getoption("-m"):
            for item in items:
                if item.get_closest_marker(marker):
                    item.add_marker(pytest.mark.skip(reason=f"python -m pytest -m {marker} runs it"))


@pytest.fixture
def quick(monkeypatch):
    """Training in this process without waiting for the disk and drawing figures, which take time and are not tested."""
    make_quick(monkeypatch)


@pytest.fixture
def text(tmp_path):
    """A file of sixty lines."""
    return write_text(tmp_path / "text.txt")


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A folder with a text and two runs on it, ``char`` and ``word``: to be read and copied, never changed."""
    folder = tmp_path_factory.mktemp("trained")
    text = write_text(folder / "text.txt")
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        for level in ("char", "word"):
            assert train("--text", text, "--level", level, "--out", folder / level) == 0
    return folder


@pytest.fixture
def run_folder(trained, tmp_path):
    """A run on words that a test may change."""
    return shutil.copytree(trained / "word", tmp_path / "run")
