"""Crafted checkpoints and models: whatever the archive, its headers and its plain values say, one line of error."""

from __future__ import annotations

import io
import json
import shutil
import zipfile
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_text import assert_one_line, command
from training_cases import model_of, trainer_of

from scratchnn.errors import CheckpointError, DataError
from scratchnn.tasks.trained import load
from scratchnn.training.checkpoint import load_arrays, save_arrays

fuzz = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
DEEP = "[" * 100_000 + "]" * 100_000
numbers = st.one_of(st.integers(), st.sampled_from([-1, 2**63, 10**26, 10**400]), st.floats())
values = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=4)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=4), inner, max_size=3)),
    max_leaves=4,
)


def archive(path, members):
    """A stored zip archive of raw bytes by name."""
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)


def npy(header, data=b"", version=(1, 0)):
    """A NumPy file with any header."""
    raw = header if isinstance(header, bytes) else header.encode("utf-8", "surrogatepass")
    size = len(raw).to_bytes(2 if version[0] == 1 else 4, "little")
    return b"\x93NUMPY" + bytes(version) + size + raw + data


def meta(**more):
    """The plain values as a member."""
    document = json.dumps({"format": "scratchnn arrays 1", **more}).encode()
    buffer = io.BytesIO()
    np.save(buffer, np.frombuffer(document, dtype=np.uint8))
    return buffer.getvalue()


def trainer(path):
    """A trainer that keeps its checkpoint there."""
    return trainer_of(checkpoint=path, identity={"hidden": 8}, progress=False)


# --- headers ---------------------------------------------------------------------------------------------------------

HEADERS = [
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (100000000000000000000000000,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-2, -1), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': 2, }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': ('2',), }",
    "{'descr': '<f4', 'fortran_order': False, }",
    "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<q9', 'fortran_order': False, 'shape': (2,), }",
    "{'descr': [], 'fortran_order': False, 'shape': (2,), }",
    "{'descr': {'a': 1}, 'fortran_order': False, 'shape': (2,), }",
    "{'descr': ('<f4', (-1,)), 'fortran_order': False, 'shape': (2,), }",
    "{'descr': '|V0', 'fortran_order': False, 'shape': (100000000000000000000000000,), }",
    "{'descr': '<f4', 'fortran_order': 7, 'shape': (2,), }",
    "(" * 5000,
    "-" * 9000 + "1",
    "{'descr': ",
    "\0",
    "",
    "{" * 99 + "}" * 99,
    b"\xff\xfe\x00",
]


@pytest.mark.parametrize("header", HEADERS)
@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0), (9, 9)])
@pytest.mark.parametrize("name", ["a.npy", "meta.npy"])
def test_crafted_headers(tmp_path, header, version, name):
    archive(tmp_path / "a.npz", {"meta.npy": meta(arrays=["a"]), name: npy(header, b"12345678", version)})
    with pytest.raises(CheckpointError, match=r"a\.npz (is damaged or )?was not written by"):
        load_arrays(tmp_path / "a.npz")


@given(
    st.one_of(st.text(max_size=5), st.sampled_from(["<f4", "|O", "<M8[s]", "|V3", ">i8", "<U4", "|b1"]), values),
    st.one_of(st.lists(st.integers(-3, 2**70), max_size=3).map(tuple), values),
    values,
    st.binary(max_size=40),
    st.sampled_from([(1, 0), (2, 0), (3, 0)]),
)
@fuzz
def test_any_header(tmp_path, descr, shape, order, data, version):
    header = repr({"descr": descr, "fortran_order": order if isinstance(order, bool) else False, "shape": shape})
    archive(tmp_path / "a.npz", {"meta.npy": meta(arrays=["a"]), "a.npy": npy(header, data, version)})
    with suppress(CheckpointError):
        load_arrays(tmp_path / "a.npz")


@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6), st.booleans())
@fuzz
def test_any_bytes_changed(tmp_path, changes, cut):
    save_arrays(tmp_path / "a.npz", {"a": np.arange(3.0), "b": np.ones((2, 2), np.float32)}, {"kind": "x"})
    raw = bytearray((tmp_path / "a.npz").read_bytes())
    for place, byte in changes:
        raw[int(place * (len(raw) - 1))] = byte
    (tmp_path / "a.npz").write_bytes(raw[: int(changes[0][0] * len(raw))] if cut else raw)
    with suppress(CheckpointError):
        load_arrays(tmp_path / "a.npz")


# --- plain values ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [DEEP, f'{{"format": {DEEP}}}', "nul", '"text"', "[1]", "1e999", '{"a": 1', "\ud800"])
def test_crafted_documents(tmp_path, document):
    raw = document.encode("utf-8", "surrogatepass")
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': ({len(raw)},), }}"
    archive(tmp_path / "a.npz", {"meta.npy": npy(header, raw)})
    with pytest.raises(CheckpointError):
        load_arrays(tmp_path / "a.npz")


@pytest.mark.parametrize("names", [3, None, "a", {"a": 1}, [["a"]], ["a", "a"], []])
def test_names_of_arrays_that_are_not_those_of_the_archive(tmp_path, names):
    save_arrays(tmp_path / "a.npz", {"a": np.ones(2)}, {"arrays": names})
    with pytest.raises(CheckpointError, match="is damaged: it holds 1 of"):
        load_arrays(tmp_path / "a.npz")


def changed(document, path, value):
    """A copy with another value at some place below the top."""
    copy = json.loads(json.dumps(document))
    place = copy
    while True:
        keys = list(place) if isinstance(place, dict) else range(len(place))
        key = list(keys)[path.pop(0) % len(keys)]
        if not path or not isinstance(place[key], dict | list) or not place[key]:
            place[key] = value
            return copy
        place = place[key]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("fuzz") / "checkpoint.npz"
    trainer(path).fit(1)
    return load_arrays(path)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=4), values)
@fuzz
def test_any_plain_value_in_a_checkpoint(tmp_path, checkpoint, path, value):
    """It is refused, or it is one that training can go on with."""
    arrays, document = checkpoint
    save_arrays(tmp_path / "c.npz", arrays, changed(document, path, value))
    with suppress(CheckpointError, DataError):
        trainer(tmp_path / "c.npz").resume()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"epoch": "1"}, "its epoch is '1'"),
        ({"step": -1}, "its step is -1"),
        ({"position": 10**26}, "its position is 100000000000000000000000000"),
        ({"best_epoch": True}, "its best_epoch is True"),
        ({"best": {"loss": []}}, "its best is"),
        ({"history": {"rows": [3], "open": [0, 0, 0, 0, 0]}}, "was not written by scratchnn"),
        ({"history": {"rows": [], "open": 3}}, "was not written by scratchnn"),
        ({"history": []}, "was not written by scratchnn"),
        ({"identity": [1]}, "was not written by scratchnn"),
    ],
)
def test_plain_values_of_another_kind(tmp_path, checkpoint, change, message):
    arrays, document = checkpoint
    save_arrays(tmp_path / "c.npz", arrays, document | change)
    other = trainer(tmp_path / "c.npz")
    with pytest.raises(CheckpointError, match=message):
        other.resume()
    assert other.step == 0


@pytest.mark.parametrize("dtype", ["?", "i4", "u1", "M8[s]", "m8[s]", "c8", "U3", "S3", "V4"])
def test_weights_of_a_type_that_no_weight_has(tmp_path, trained, dtype, capsys):
    run = shutil.copytree(trained / "char", tmp_path / "run")
    arrays, document = load_arrays(run / "model.npz")
    first = next(iter(arrays))
    save_arrays(run / "model.npz", arrays | {first: np.zeros(arrays[first].shape, dtype)}, document)
    assert command("sample", run) == 2
    assert_one_line(capsys, f"parameter {first!r} has dtype")
    model = model_of()
    model.load_state_dict({name: array.astype(np.float64) for name, array in model.state_dict().items()})  # is a weight


@given(st.lists(st.integers(0, 50), min_size=1, max_size=3), values)
@fuzz
def test_any_plain_value_in_a_model(tmp_path, trained, path, value):
    run = tmp_path / "run"
    if not run.exists():
        shutil.copytree(trained / "char", run)
    arrays, document = load_arrays(trained / "char" / "model.npz")
    save_arrays(run / "model.npz", arrays, changed(document, path, value))
    with suppress(CheckpointError, DataError):
        load(run)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=2), values)
@fuzz
def test_any_value_in_the_settings(tmp_path, trained, path, value):
    run = tmp_path / "run"
    if not run.exists():
        shutil.copytree(trained / "char", run)
    document = json.loads((trained / "char" / "settings.json").read_text())
    (run / "settings.json").write_text(json.dumps(changed(document, path, value)))
    with suppress(CheckpointError, DataError):
        load(run)


@pytest.mark.parametrize("name", ["settings.json", "vocabulary.json"])
@pytest.mark.parametrize("wrap", ["{}", '{{"format": "scratchnn vocabulary 1", "kind": {}}}'])
def test_json_nested_a_hundred_thousand_deep(run_folder, capsys, name, wrap):
    (run_folder / name).write_text(wrap.format(DEEP))
    assert command("sample", run_folder) == 2
    assert_one_line(capsys, name)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"cell": []}, "--cell must be a string, got []"),
        ({"cell": {}}, "--cell must be a string, got {}"),
        ({"hidden_size": 1e26}, "--hidden must be a whole number"),
        ({"level": None}, "--level must be a string, got None"),
        ({"data": {"a": 1}}, "--data must be a list of strings"),
        ({"lr": [1]}, "--lr must be a number, got [1]"),
        ({"tied": 1}, "--tie must be true or false, got 1"),
        ({"data": ["a\0b"]}, "cannot read a\0b: embedded null byte"),
        ({"data": ["x" * 300]}, "File name too long"),
        ({"data": ["\ud800"]}, "cannot read"),
    ],
)
def test_settings_of_a_wrong_kind_at_resume(run_folder, capsys, change, message):
    document = json.loads((run_folder / "settings.json").read_text())
    (run_folder / "settings.json").write_text(json.dumps(document | change))
    assert command("train", "lm", "--resume", "--out", run_folder, "--epochs", 2) == 2
    assert_one_line(capsys, message)
