"""The book: chapters run, notebooks match them, numbers in the text are computed, terms are in the glossary."""

import ast
import base64
import re
from collections import Counter

import pytest
from book import (
    CHAPTERS,
    ROOT,
    chapter_cells,
    identified_cells,
    markdown,
    notebook_cells,
    notebook_file,
    play,
    text_of,
)

MOST_LINES = 40  # of the printed text of one cell
MOST_COLUMNS = 100  # of code and printed text: a viewer cuts off longer lines
MOST_SECONDS = 90  # of CPU time with one thread
SECTIONS = ("What you will be able to do", "What goes wrong", "Exercises", "Where to read on")
SHOWING = ("show", "show_moving")
FULL_RUN = "> **Full run**"  # a paragraph of numbers that the quick run does not compute, with command, seed and date
MEASURED = "> **Measured**"  # ... that a program of the project has measured, with command and date
TERM = re.compile(r"\*\*([^*]+)\*\*\s\(([^)]*[가-힣][^)]*)\)")
NUMBER = re.compile(r"(?<![\d.,])(?:\d[\d,]*\.\d+(?!\.?\d)|\d{1,3}(?:,\d{3})+(?!\.?\d)|\d+(?=%))")

each_chapter = pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)


def glossary():
    """Rows of the glossary: English, Korean, symbol, chapter."""
    lines = (ROOT / "chapters" / "glossary.md").read_text(encoding="utf-8").splitlines()
    rows = [[part.strip() for part in line.strip("|").split("|")] for line in lines if line.startswith("|")]
    return rows[2:]  # after the header and the line below it


def paragraphs(source):
    return re.split(r"\n\s*\n", source)


# --- notebooks -------------------------------------------------------------------------------------------------------


@each_chapter
def test_notebook_matches_the_chapter(chapter):
    cells = [(cell["cell_type"], cell["source"]) for cell in notebook_cells(chapter)]
    assert cells == chapter_cells(chapter), f"python -m chapters.build {chapter.stem[:4]}"
    ids = [cell["id"] for cell in notebook_cells(chapter) if cell["cell_type"] == "markdown"]
    assert ids == [name for kind, name, _ in identified_cells(chapter) if kind == "markdown"]


def test_each_notebook_has_a_chapter():
    assert {path.name for path in (ROOT / "notebooks").glob("*.ipynb")} == {notebook_file(c).name for c in CHAPTERS}


def test_the_figures_of_the_readme_are_those_of_the_notebooks():
    shown = set(re.findall(r"\(notebooks/(\w+)\.png\)", (ROOT / "README.md").read_text(encoding="utf-8")))
    assert shown == {path.stem for path in (ROOT / "notebooks").glob("*.png")} != set()
    for chapter in CHAPTERS:
        if chapter.stem in shown:
            marked = [cell for cell in notebook_cells(chapter) if "# for the README" in cell["source"]]
            data = [output.get("data", {}) for cell in marked for output in cell["outputs"]]
            (picture,) = [part["image/png"] for part in data if "image/png" in part]
            assert base64.b64decode(picture) == (ROOT / "notebooks" / f"{chapter.stem}.png").read_bytes()


@each_chapter
def test_notebook_was_run_from_top_to_bottom(chapter):
    code = [cell for cell in notebook_cells(chapter) if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))


@each_chapter
def test_notebook_has_no_errors_and_no_warnings(chapter):
    outputs = [output for cell in notebook_cells(chapter) for output in cell.get("outputs", [])]
    assert not [output for output in outputs if output["output_type"] == "error"]
    assert not [output for output in outputs if output.get("name") == "stderr"]


@each_chapter
def test_notebook_prints_no_walls(chapter):
    for cell in notebook_cells(chapter):
        lines = "".join(map(text_of, cell.get("outputs", []))).splitlines()
        assert len(lines) <= MOST_LINES, cell["source"]
        assert all(len(line) <= MOST_COLUMNS for line in lines), cell["source"]


@each_chapter
def test_code_fits_the_page(chapter):
    code = [source for kind, source in chapter_cells(chapter) if kind == "code"]
    assert not [line for source in code for line in source.splitlines() if len(line) > MOST_COLUMNS]


@each_chapter
def test_notebook_shows_its_figures(chapter):
    found = 0
    for cell in notebook_cells(chapter):
        images = [output for output in cell.get("outputs", []) if "image/png" in output.get("data", {})]
        if cell["cell_type"] == "code" and re.search(r"^show\(", cell["source"], re.MULTILINE):
            assert images, cell["source"]
        found += len(images)
    assert found >= 3


def test_every_text_cell_has_an_id_of_its_own():
    """An edition in another language refers to the cells by these ids."""
    ids = []
    for chapter in CHAPTERS:
        own = [name for kind, name, _ in identified_cells(chapter) if kind == "markdown"]
        assert [name for name in own if not name.startswith(f"{chapter.stem[:4]}-")] == [], "a text cell without its id"
        ids += [name for _, name, _ in identified_cells(chapter) if name]
    assert [name for name, count in Counter(ids).items() if count > 1] == []
    assert max(map(len, ids)) <= 64  # the limit of the notebook format


@each_chapter
def test_figures_have_numbers_and_captions(chapter):
    """``show(figure, "8.2", "Look at ...")``: numbers from 1 upwards, and a caption of whole sentences."""
    calls = [node for node in ast.walk(ast.parse(chapter.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    shown = sorted((c for c in calls if ast.unparse(c.func) in SHOWING), key=lambda call: call.lineno)
    numbers, captions = zip(*([*map(ast.literal_eval, call.args[1:3])] for call in shown), strict=True)
    assert list(numbers) == [f"{int(chapter.name[2:4])}.{k + 1}" for k in range(len(shown))]
    assert [text for text in captions if len(text) < 30 or not text.endswith(".")] == []


# --- the text --------------------------------------------------------------------------------------------------------


@each_chapter
def test_sections_that_every_chapter_has(chapter):
    headings = re.findall(r"^# #+ (.*)$", chapter.read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in SECTIONS if not any(name in heading for heading in headings)] == []


@each_chapter
def test_numbers_in_the_text_are_computed(chapter):
    """Each number with a decimal point, a thousands comma or a percent sign is also in some code or output."""
    cells = notebook_cells(chapter)
    shown = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "code")
    shown += "\n".join(text_of(output) for cell in cells for output in cell.get("outputs", []))
    computed = set(NUMBER.findall(shown))
    text = [p for kind, source in chapter_cells(chapter) if kind == "markdown" for p in paragraphs(source)]
    stated = {
        number for p in text if not p.startswith((FULL_RUN, MEASURED)) for number in NUMBER.findall(without_references(p))
    }
    assert stated <= computed, f"stated but not computed: {sorted(stated - computed)}"


def without_references(text):
    """The text without headings, links, versions, and numbers of exercises and figures, which are not computed."""
    text = re.sub(r"^#+ .*$", "", text, flags=re.MULTILINE)
    named = r"[Ee]xercises? \d+\.\d+(?: (?:to|and) \d+\.\d+)?|\*\*\d+\.\d+\*\*|\"\d+\.\d+\"|[Ff]igures? \d+\.\d+"
    return re.sub(rf"\]\([^)]*\)|{named}|Python \d+\.\d+", "", text)


@each_chapter
def test_full_runs_and_measurements_say_how_and_when(chapter):
    for kind, source in chapter_cells(chapter):
        for paragraph in paragraphs(source) if kind == "markdown" else []:
            if paragraph.startswith(FULL_RUN):
                assert "SCRATCHNN_FULL=1 python " in paragraph
                assert "seed" in paragraph
                assert re.search(r"\b20\d\d-\d\d-\d\d\b", paragraph)
            if paragraph.startswith(MEASURED):
                assert re.search(r"python -m (scratchnn|benchmarks) ", paragraph)
                assert re.search(r"\b20\d\d-\d\d-\d\d\b", paragraph)


@each_chapter
def test_links_lead_somewhere(chapter):
    for kind, source in chapter_cells(chapter):
        for target in re.findall(r"\]\(([^)#]+)\)", source) if kind == "markdown" else []:
            assert target.startswith("https://") or (chapter.parent / target).exists(), target


def test_glossary_and_chapters_agree():
    """The terms with a Korean name in the chapters are those in the glossary, with the chapter that introduces them."""
    written = {}
    for chapter in CHAPTERS:
        for english, korean in TERM.findall(markdown(chapter.stem)):
            term = english.lower()
            first = written.setdefault(term, (korean, str(int(chapter.name[2:4]))))
            assert first[0] == korean, f"{term} is {first[0]} in chapter {first[1]} and {korean} in {chapter.stem}"
    listed = {english.lower(): (korean, number) for english, korean, _, number in glossary()}
    assert written == listed


def test_glossary_is_in_order():
    names = [row[0].lower() for row in glossary()]
    assert names == sorted(set(names))


# --- running ---------------------------------------------------------------------------------------------------------


@pytest.mark.chapters
@each_chapter
def test_chapter_runs_as_a_script(chapter):
    played = play(chapter.stem)
    assert played.seconds < MOST_SECONDS
    assert len(played.figures) >= 3
    for figure in played.figures:
        for axes in figure.axes:
            if axes.axison:
                assert axes.get_xlabel() or axes.get_ylabel(), f"no axis labels: {axes.get_title()!r}"
