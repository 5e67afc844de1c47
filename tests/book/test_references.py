"""What the book refers to exists: equations, figures and exercises by their numbers; and its tables are shown as tables."""

import re

import pytest
from book import CHAPTERS, ROOT, chapter_cells

from scratchnn.book.exercises import all_exercises

TAG = re.compile(r"\\tag\{(\d+)\}")
REFERENCE = re.compile(r"(?<![\w.\])])\((\d{1,2})\)((?:,? (?:to|and|or) \(\d{1,2}\)|, \(\d{1,2}\))*)(?: of chapter (\d+))?")
NAMED = re.compile(r"\b([Ff]igure|[Ee]xercise)s? (\d+\.\d+)(?: ?(?:to|and|or|,) (\d+\.\d+))?")
SHOWN = re.compile(r"^    \"(\d+\.\d+)\",|^    .*\), \"(\d+\.\d+)\", ", re.MULTILINE)

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def number_of(chapter):
    return int(chapter.stem[2:4])


def prose(chapter):
    """The text of a chapter, its comments and its docstrings on equations, one string per cell; without formulas."""
    for kind, source in chapter_cells(chapter):
        if kind == "markdown":
            source = re.sub(r"\$\$.*?\$\$|\$[^$]*\$|```.*?```|`[^`]*`", " ", source, flags=re.DOTALL)
        else:
            source = " ".join(re.findall(r"# .*|[Ee]quations? \(.*", source))
        yield " ".join(re.sub(r"^> ?", "", line) for line in source.splitlines())


def equations_named(text, own):
    """(chapter, equation) for each reference in a text of the chapter ``own``."""
    for first, others, chapter in REFERENCE.findall(text):
        for equation in [first, *re.findall(r"\d+", others)]:
            yield int(chapter or own), int(equation)


def existing():
    """Equations as (chapter, number), and the names of figures and exercises."""
    equations, figures = set(), set()
    for chapter in CHAPTERS:
        source = chapter.read_text(encoding="utf-8")
        equations |= {(number_of(chapter), int(tag)) for tag in TAG.findall(source)}
        figures |= {one or other for one, other in SHOWN.findall(source)}
    return equations, figures, set(all_exercises())


EQUATIONS, FIGURES, EXERCISES = existing()


@each_chapter
def test_equations_are_numbered_in_their_order(chapter):
    tags = [int(tag) for tag in TAG.findall(chapter.read_text(encoding="utf-8"))]
    assert tags == list(range(1, len(tags) + 1)) != []


@each_chapter
def test_equations_that_are_named_exist(chapter):
    named = {pair for text in prose(chapter) for pair in equations_named(text, number_of(chapter))}
    assert named != set()
    assert named - EQUATIONS == set()


@each_chapter
def test_most_equations_are_computed_or_named(chapter):
    """A number that is never used again is probably one that has moved away from its code."""
    own = number_of(chapter)
    named = {pair for text in prose(chapter) for pair in equations_named(text, own)}
    equations = {(number, tag) for number, tag in EQUATIONS if number == own}
    assert len(named & equations) >= 0.75 * len(equations)


def test_references_are_found():
    text = "By (3); from (7) to (10). Then (5) and (34) of chapter 6; f(5) and (1997) are no references."
    assert list(equations_named(text, 5)) == [(5, 3), (5, 7), (5, 10), (6, 5), (6, 34)]


PLACES = [
    *CHAPTERS,
    *(ROOT / name for name in ("README.md", "README.ko.md", "CONTRIBUTING.md", "chapters/glossary.md")),
    *sorted((ROOT / "scratchnn").rglob("*.py")),
]


def test_figures_and_exercises_that_are_named_exist():
    found, missing = {"figure": 0, "exercise": 0}, []
    for path in PLACES:
        text = re.sub(r"\s*\n(?:# )?(?:> )?\s*", " ", path.read_text(encoding="utf-8"))
        for kind, *names in NAMED.findall(text):
            found[kind.lower()] += 1
            known = FIGURES if kind.lower() == "figure" else EXERCISES
            missing += [f"{path.name}: {kind} {name}" for name in names if name and name not in known]
    assert missing == []
    assert min(found.values()) >= 20


@each_chapter
def test_no_table_is_inside_a_quote(chapter):
    """Not every viewer of notebooks shows it as a table."""
    text = [source for kind, source in chapter_cells(chapter) if kind == "markdown"]
    assert [line for source in text for line in source.splitlines() if re.match(r">\s*\|", line)] == []
