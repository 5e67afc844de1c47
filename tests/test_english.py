"""Plain English: the patterns of DESIGN's table that a test can see. CONTRIBUTING.md has the style sheet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("scratchnn", "chapters", "benchmarks", "tests")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".md")) + [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
]
UNITS = "microseconds|milliseconds|seconds|bytes|numbers|steps|batches|lines|products|arrays|state|row|column"
WHOLES = "call|step|word|layer|sequence|epoch|token|gate|sentence|document"
SAY_INSTEAD = {
    r"[Gg]radients? by ((x|W|h|y|b|it)\b|the (input|output|logit|state|weight|final))": "the gradient with respect to x",
    r"\bwhere absent\b|\bwhere there (is|are) none\b": "if it is None; defaults to",
    rf"\b({UNITS}) an? ({WHOLES})\b": "per call, per layer",
    r"\b([Nn]obody|[Ww]hoever|[Ss]omebody)\b": "you, or the passive",
    r"\bends in infinity\b": "diverges, overflows",
    r"\bstands? (in|at|for itself|beside)\b": "is, contains",
}
QUOTED = {  # where such words are data, or are quoted as what not to write
    "scratchnn/datasets/generated/reviews.py",
    "tests/datasets/test_generated.py",
    "tests/test_english.py",
    "CONTRIBUTING.md",
}


@pytest.mark.parametrize("pattern", SAY_INSTEAD)
def test_the_words_of_the_table(pattern):
    found = []
    for path in FILES:
        name = path.relative_to(ROOT).as_posix()
        if name not in QUOTED:
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if re.search(pattern, line):
                    found.append(f"{name}:{number}: {line.strip()}")
    assert not found, f"write {SAY_INSTEAD[pattern]!r}:\n" + "\n".join(found)
