"""Law 12 and the order of the modules: each imports only from those below it, wherever in a file the import is."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import scratchnn
from scratchnn.models import MODELS
from scratchnn.tasks.registry import KINDS

ROOT = Path(scratchnn.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))
# From the ground up. The gradient checks of a package (``checks.py``, ``word_checks.py``) belong to its users, not to the
# package itself.
ORDER = """
    __init__ errors files folder_lock terminal backend notebook_figure plot core functions losses metrics layers recurrent
    attention structured optim gradcheck lesson your_layer text music datasets data series training inspection decoding beam
    models
    word2vec tasks checks book doctor commands cli __main__
""".split()


def module_name(path):
    return ".".join(("scratchnn", *path.relative_to(ROOT).with_suffix("").parts)).removesuffix(".__init__")


def imported(path):
    """Every module of the package that a file imports, also inside functions and for type checking."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "scratchnn")
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == "scratchnn":
            for alias in node.names:
                below = ROOT.joinpath(*node.module.split(".")[1:], alias.name)
                is_module = below.is_dir() or below.with_suffix(".py").is_file()
                yield f"{node.module}.{alias.name}" if is_module else node.module


def level(module):
    """Place in ``ORDER``."""
    parts = module.split(".")[1:]
    if not parts:
        return 0
    return ORDER.index("checks" if parts[-1].endswith("checks") else parts[0])


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_a_module_imports_only_from_those_below_it(path):
    own = module_name(path)
    above = [name for name in imported(path) if level(name) > level(own)]
    assert above == []


def test_every_folder_is_a_package():
    """Without ``__init__.py`` a folder works from a checkout, but is left out when the package is installed."""
    assert {path.parent for path in FILES} == {path.parent for path in FILES if path.name == "__init__.py"}


def test_every_module_has_its_place():
    assert {module_name(path).split(".")[1] for path in FILES if path.parent != ROOT} <= set(ORDER)
    assert {path.stem for path in ROOT.glob("*.py")} <= set(ORDER)


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_only_commands_read_arguments_and_only_tasks_name_models(path):
    """Law 12: below ``commands`` nothing reads argparse, below ``tasks`` nothing imports a particular model."""
    own = module_name(path)
    if level(own) < ORDER.index("commands"):
        assert "import argparse" not in path.read_text(encoding="utf-8")
    if level(own) < ORDER.index("models"):
        assert [name for name in imported(path) if name.startswith("scratchnn.models.")] == []


def test_kinds_are_imported_only_when_they_are_used():
    """Neither the package nor its command line imports a task, a model or matplotlib before it is asked for."""
    for module in ("scratchnn", "scratchnn.cli"):
        script = f"import sys, {module}; print(*sys.modules)"
        loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
        kinds = {module for module, _ in KINDS.values()}
        assert not kinds & set(loaded)
        assert "matplotlib" not in loaded


def test_every_public_name_can_be_imported():
    for name in scratchnn._MODULES:
        assert getattr(scratchnn, name) is not None
    assert set(scratchnn._MODULES) <= set(dir(scratchnn))
    assert set(MODELS) <= set(scratchnn._MODULES)  # every model that can be saved
    with pytest.raises(AttributeError, match="has no attribute 'LSTMM'"):
        scratchnn.LSTMM  # noqa: B018
