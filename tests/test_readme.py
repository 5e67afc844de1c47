"""The README: every block of code runs as it stands, and fits the page; every path and link leads somewhere."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from scratchnn.datasets import python_manual

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"(<!-- long -->\n)?```(\w+)\n(.*?)```", re.DOTALL)
BLOCKS = [(bool(match[1]), match[2], match[3]) for match in BLOCK.finditer(TEXT) if match[2] in ("sh", "python")]
WIDEST = 90
NO_ANSWER = "python -m scratchnn exercise 5.2 my_answer.py"  # the template has to be filled in: status 2


def commands(block):
    """The commands of a shell block, continued lines joined, without comments."""
    lines = re.sub(r" *\\\n *", " ", block).splitlines()
    return [line for line in (re.sub(r"\s*# .*", "", line).strip() for line in lines) if line]


@pytest.mark.parametrize("block", [block for _, _, block in BLOCKS])
def test_blocks_fit_the_page(block):
    assert max(map(len, block.splitlines())) <= WIDEST


def test_short_blocks_run_in_the_order_of_the_page(tmp_path):
    manual = python_manual()
    (tmp_path / "my.txt").write_text(manual[:6_000], encoding="utf-8")
    (tmp_path / "other.txt").write_text(manual[6_000:8_000], encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "PYTHONIOENCODING": "utf-8"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    ran = 0
    for long, language, block in BLOCKS:
        if long:
            continue
        for command in [block] if language == "python" else commands(block):
            if command.startswith("python -m scratchnn train") and "classifier" not in command:
                command += " --epochs 1"  # the last one counts; more of them would be more of the same
            words = [sys.executable, "-c", command] if language == "python" else ["bash", "-c", command]
            done = subprocess.run(words, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
            assert done.returncode == (2 if command == NO_ANSWER else 0), f"{command}\n{done.stdout}\n{done.stderr}"
            if "predict runs/reviews" in command:
                assert done.stdout == "bad\n"
            ran += 1
    assert ran > 15
    assert "The classifier answers `bad`." in TEXT
    assert {"mine", "python", "reviews", "numbers", "vectors"} <= {run.name for run in (tmp_path / "runs").iterdir()}


def test_long_blocks_name_commands_and_options_that_exist(capsys):
    """They take minutes, or files that are not here; their commands are parsed."""
    from scratchnn.cli import build_parser

    parsed = 0
    for long, language, block in BLOCKS:
        for command in commands(block) if long and language == "sh" else []:
            for part in command.split("&&"):
                words = part.split()
                if words[:3] == ["python", "-m", "scratchnn"]:
                    build_parser().parse_args(words[3:])
                    parsed += 1
    assert parsed > 10


def test_links_and_paths_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert target.startswith("https://") or (ROOT / target).exists(), target
    for path in re.findall(r"`((?:scratchnn|tests|chapters|benchmarks)/[\w/.]*)`", TEXT):
        assert (ROOT / path).exists(), path


def test_the_reading_order_is_as_long_as_it_says():
    part = TEXT[TEXT.index("### The package in a weekend") :]
    stated = int(re.search(r"About ([\d,]+) lines", part)[1].replace(",", ""))
    total = 0
    for row in re.findall(r"^\| .*scratchnn/.*$", part, re.MULTILINE):
        files = re.findall(r"\]\((scratchnn/[\w/.]+)\)", row)
        lines = sum(len((ROOT / file).read_text(encoding="utf-8").splitlines()) for file in files)
        if files:
            assert abs(lines - int(row.split("|")[-2])) <= 40, f"{row}: {lines}"
            total += lines
    assert abs(total - stated) <= 200
    assert 3500 < total < 4500
