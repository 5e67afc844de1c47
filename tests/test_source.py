"""The package's own source: nothing is written twice where files have much in common."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

import scratchnn

PACKAGE = Path(scratchnn.__file__).parent
EQUAL_LINES = 8


def code_lines(file):
    """Number and text of every line that is neither blank nor part of an import, without its indentation."""
    text = file.read_text(encoding="utf-8")
    imports = {
        number
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for number in range(node.lineno, node.end_lineno + 1)
    }
    lines = enumerate(text.splitlines(), 1)
    return [(number, line.strip()) for number, line in lines if line.strip() and number not in imports]


def repeated(files):
    """The places of every run of lines that occurs in more than one place."""
    places = defaultdict(list)
    for file in files:
        lines = code_lines(file)
        for k in range(len(lines) - EQUAL_LINES + 1):
            run = tuple(text for _, text in lines[k : k + EQUAL_LINES])
            places[run].append(f"{file.name}:{lines[k][0]}")
    return [found for found in places.values() if len(found) > 1]


@pytest.mark.parametrize("folder", ["recurrent", "commands"])
def test_no_eight_equal_lines_in_two_places(folder):
    assert repeated(sorted((PACKAGE / folder).glob("*.py"))) == []


def test_equal_lines_are_found_whatever_their_indentation(tmp_path):
    lines = [f"a{k} = {k}" for k in range(EQUAL_LINES)]
    one, other = tmp_path / "one.py", tmp_path / "other.py"
    one.write_text("import os\n" + "\n".join(lines))
    other.write_text("def f():\n" + "\n\n".join(f"    {line}" for line in lines))
    assert repeated([one, other]) == [["one.py:2", "other.py:2"]]
    other.write_text("\n".join(lines[1:]))
    assert repeated([one, other]) == []


def test_every_file_can_be_read_in_one_sitting():
    lengths = {file.name: len(file.read_text(encoding="utf-8").splitlines()) for file in PACKAGE.rglob("*.py")}
    assert {name: length for name, length in lengths.items() if length > 300} == {}


def test_names_of_test_files_are_unique():
    """Pytest imports them by their names: two files of one name stop the whole run, though not that of either folder."""
    names = [path.name for path in Path(__file__).parent.rglob("test_*.py")]
    assert sorted(names) == sorted(set(names))
