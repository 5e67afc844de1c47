"""Building the notebooks: what is written, that building twice changes nothing, and what happens on an error."""

import importlib.util
import json

import pytest
from book import CHAPTERS, ROOT, chapter_cells

jupytext = pytest.importorskip("jupytext")
pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

SMALL = """\
# %% [markdown] id="ch01-a-chapter"
# # A chapter
#
# - of few words

# %% tags=["first"]
import os

from scratchnn.book.page import FULL, show
from scratchnn.plot import new_figure

# %%
print("first")
print(os.environ.get("SCRATCHNN_FULL"), FULL)
show(new_figure()[0], "1.1", "Nothing but axes.")

# %%
print("first")
print("last")
"""


@pytest.fixture
def build(tmp_path, monkeypatch):
    """The module ``chapters.build``, with its folders replaced by temporary ones."""
    spec = importlib.util.spec_from_file_location("build", ROOT / "chapters" / "build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name in ("CHAPTERS", "NOTEBOOKS"):
        (tmp_path / name.lower()).mkdir()
        monkeypatch.setattr(module, name, tmp_path / name.lower())
    return module


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_jupytext_reads_the_cells_that_the_tests_read(chapter):
    notebook = jupytext.read(chapter, fmt="py:percent")
    assert [(cell.cell_type, cell.source) for cell in notebook.cells] == chapter_cells(chapter)


def test_notebook_is_whole_and_the_same_every_time(build, monkeypatch, capfd):
    monkeypatch.setenv("SCRATCHNN_FULL", "1")  # a notebook contains the quick run even so
    (build.CHAPTERS / "ch01_small.py").write_text(SMALL, encoding="utf-8")
    path = build.NOTEBOOKS / "ch01_small.ipynb"
    assert build.main([]) == 0
    first = path.read_bytes()
    assert build.main(["ch01"]) == 0
    assert path.read_bytes() == first
    printed = capfd.readouterr()
    assert printed.out.count("notebooks/ch01_small.ipynb") == 2
    assert printed.err == ""  # the kernel does not warn of open connections
    text, imports, drawn, last = json.loads(first)["cells"]
    assert "".join(text["source"]) == "# A chapter\n\n- of few words"
    assert (imports["execution_count"], imports["outputs"]) == (1, [])
    stream, image, caption = drawn["outputs"]
    assert "".join(stream["text"]) == "first\nNone False\n"
    assert list(image["data"]) == ["image/png", "text/plain"]
    assert "".join(caption["data"]["text/markdown"]) == "**Figure 1.1.** Nothing but axes."
    assert "".join(last["outputs"][0]["text"]) == "first\nlast\n"
    assert imports["metadata"] == {"tags": ["first"]}
    assert all(cell["metadata"] == {} for cell in (text, drawn, last))
    assert text["id"] == "ch01-a-chapter"


def test_chapter_that_fails_leaves_its_notebook_unchanged(build, capsys):
    (build.CHAPTERS / "ch01_small.py").write_text("# %%\n1 / 0\n", encoding="utf-8")
    (build.NOTEBOOKS / "ch01_small.ipynb").write_text("as it was", encoding="utf-8")
    assert build.main([]) == 1
    assert (build.NOTEBOOKS / "ch01_small.ipynb").read_text(encoding="utf-8") == "as it was"
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_unknown_chapter(build):
    with pytest.raises(SystemExit, match="error: no chapter ch77"):
        build.main(["ch77"])
