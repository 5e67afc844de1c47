"""What the stand-in for CuPy has, CuPy has, under the same names; needs CuPy, but no GPU."""

import ast
import importlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[1] / "shared" / "stand_in"
FILES = sorted(path.relative_to(FOLDER) for path in FOLDER.rglob("*.py") if path.stat().st_size)
OWN = {"cupy": {"Generator"}}  # which CuPy has elsewhere; the stand-in's `random` refers to it


@pytest.fixture(autouse=True)
def cupy():
    """CuPy itself."""
    module = pytest.importorskip("cupy", reason="CuPy is not installed")
    if not hasattr(module, "ndarray") or str(FOLDER) in str(module.__file__):
        pytest.skip("this is not CuPy itself")
    return module


def public(body: list[ast.stmt]) -> dict[str, ast.stmt]:
    """The public names that are defined in the body of a module or of a class."""
    found = {}
    for statement in body:
        if isinstance(statement, ast.FunctionDef | ast.ClassDef):
            found[statement.name] = statement
        elif isinstance(statement, ast.Assign):
            names = [part for target in statement.targets for part in getattr(target, "elts", [target])]
            found |= {name.id: statement for name in names if isinstance(name, ast.Name)}
    return {name: statement for name, statement in found.items() if not name.startswith("_")}


@pytest.mark.parametrize("file", FILES, ids=str)
def test_public_names(file):
    name = ".".join(file.with_suffix("").parts).removesuffix(".__init__")
    real = importlib.import_module(name)
    for defined, statement in public(ast.parse((FOLDER / file).read_text(encoding="utf-8")).body).items():
        if defined.isupper() and not hasattr(real, defined):
            continue  # a setting of the stand-in
        if defined in OWN.get(name, ()):
            continue
        assert hasattr(real, defined), (name, defined)
        for member in public(statement.body) if isinstance(statement, ast.ClassDef) else ():
            assert hasattr(getattr(real, defined), member), (name, defined, member)


def test_attributes_of_a_device(cupy):
    """CuPy makes them from the names that its ``runtime`` has."""
    tree = ast.parse((FOLDER / "cupy" / "cuda.py").read_text(encoding="utf-8"))
    held = [node for node in ast.walk(tree) if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)]
    keys = [ast.literal_eval(key) for node in held for key in node.value.keys]
    assert keys
    for key in keys:
        assert hasattr(cupy.cuda.runtime, f"cudaDevAttr{key}"), key
    assert hasattr(cupy.cuda.Device, "compute_capability")
