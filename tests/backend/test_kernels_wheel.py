"""The CUDA sources are in the wheel, and the installed package reads them."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from scratchnn.backend.kernels import cells

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted(file.name for file in cells.files(cells.__package__).iterdir() if file.name.endswith((".cu", ".cuh")))


def test_the_installed_package_reads_its_kernels(tmp_path):
    pytest.importorskip("setuptools", minversion="70", reason="builds a wheel with setuptools, which is not installed")
    build = f"from setuptools import build_meta as b; print(b.build_wheel({str(tmp_path)!r}))"
    copy = tmp_path / "source"
    copy.mkdir()
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        (copy / name).write_bytes((ROOT / name).read_bytes())
    (copy / "scratchnn").symlink_to(ROOT / "scratchnn")
    subprocess.run([sys.executable, "-c", build], cwd=copy, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)  # what pip does with a wheel of Python files only
    read = (
        "from scratchnn.backend.kernels import cells; "
        "print(cells.__file__, *(len(cells.text(name)) for name in sys.argv[1:]))"
    )
    command = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(installed)!r}); {read}", *SOURCES]
    found = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, text=True).stdout.split()
    assert found[0].startswith(str(installed))
    assert list(map(int, found[1:])) == [len(cells.text(name)) for name in SOURCES]
    assert len(SOURCES) > 10
