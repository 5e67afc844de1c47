"""Figures that move: small, without requests, with a still picture, and a script that a browser can run."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from scratchnn.book import moving, page
from scratchnn.plot import new_figure

FRAMES = [moving.bar(0, 10, 5, -4, "red") + moving.text(0, 0, f"step {k} </script> <&>") for k in range(3)]
BROWSER = """
const made = [];
function element(name) {
  const e = {name, style: "", children: [], attributes: {}};
  e.setAttribute = (key, value) => { e.attributes[key] = value; };
  e.replaceChildren = (...children) => { e.children = children; };
  made.push(e);
  return e;
}
const place = element("div");
globalThis.document = {
  getElementById: (name) => (name === "moving-ch08-figure-3" ? place : null),
  createElement: element,
  createElementNS: (space, name) => element(name),
};
let tick = null;
globalThis.setInterval = (f) => { tick = f; return 1; };
globalThis.clearInterval = () => { tick = null; };
"""
CHECKS = """
const [button, slider, picture] = place.children;
const seen = [picture.innerHTML];
slider.value = 0; slider.oninput(); seen.push(picture.innerHTML);
button.onclick(); tick(); seen.push(picture.innerHTML, button.textContent);
tick(); seen.push(picture.innerHTML, button.textContent, String(tick));
console.log(JSON.stringify([seen, slider.max, picture.attributes.viewBox]));
"""


@pytest.fixture
def made():
    """The piece of a page for three frames."""
    picture = page.png(new_figure(2, 2)[0])
    return moving.html(picture, "8.3", 'A "caption".', FRAMES, (90, 30), 1)


def script_of(made):
    return made.partition("<script>")[2].partition("</script>")[0]


def test_it_makes_no_request_and_has_a_still_picture(made):
    assert made.startswith('<div id="moving-ch08-figure-3"><img alt="A &quot;caption&quot;." src="data:image/png;base64,')
    assert made.count("</script>") == 1  # not even in a text
    without_namespace = made.replace("http://www.w3.org/2000/svg", "")
    assert not [word for word in ("http", "fetch", "import", "XMLHttp", "require") if word in without_namespace]
    assert len(moving.SCRIPT.strip().splitlines()) <= 50


def test_the_script_shows_one_frame_at_a_time(made, tmp_path):
    node = shutil.which("node")
    if node is None:
        pytest.skip("needs node")
    (tmp_path / "page.js").write_text(BROWSER + script_of(made) + CHECKS, encoding="utf-8")
    done = subprocess.run([node, tmp_path / "page.js"], capture_output=True, text=True, check=True, timeout=60)

    seen, last, box = json.loads(done.stdout)
    assert seen == [FRAMES[1], FRAMES[0], FRAMES[1], "stop", FRAMES[2], "play", "null"]
    assert (last, box) == (2, "0 0 90 30")


def test_texts_are_escaped():
    assert (
        moving.text(1, 2, "<b>&")
        == '<text x="1" y="2" font-size="14" text-anchor="start" fill="black">&lt;b&gt;&amp;</text>'
    )
    assert moving.line((1, 2), (3, 4.5), 2, "red") == (
        '<line x1="1" y1="2" x2="3" y2="4.5" stroke="red" stroke-width="2"/>'
    )
    assert moving.bar(1, 10, 2, -4, "red") == '<rect x="1" y="6" width="2" height="4" fill="red"/>'


def test_a_figure_that_is_too_large_is_refused():
    picture = page.png(new_figure(2, 2)[0])
    with pytest.raises(ValueError, match=r"figure 8.3 has 1,\d{3},\d{3} bytes; use fewer or simpler frames"):
        moving.html(picture, "8.3", "A caption.", FRAMES * 2000, (90, 30), 0)


def test_a_script_saves_a_page_beside_the_still_picture(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    moving.show_moving(new_figure(2, 2)[0], "8.3", "A caption.", FRAMES, (90, 30), 1)
    printed = capsys.readouterr().out.replace("\\", "/")
    assert printed == "figure 8.3: figures/ch08-figure-3.png\nfigure 8.3, moving: figures/ch08-figure-3.html\n"
    assert "moving-ch08-figure-3" in (tmp_path / "figures" / "ch08-figure-3.html").read_text(encoding="utf-8")
