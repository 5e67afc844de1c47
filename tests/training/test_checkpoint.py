"""Checkpoints: arrays and values survive, no code is executed, damage is always noticed."""

from __future__ import annotations

import json
import os
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scratchnn.core.nested import fill, flatten, outline
from scratchnn.data import TokenStreams
from scratchnn.errors import CheckpointError
from scratchnn.models.language_model import LanguageModel
from scratchnn.optim import SGD, Adam, Plateau
from scratchnn.training import Trainer
from scratchnn.training.checkpoint import load_arrays, save_arrays, under_prefix, with_prefix

DTYPES = ["?", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8", "c8", "c16", ">f4"]


def same(a, b):
    """Equal to the last bit, dtype and shape included."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


# --- what goes in comes out ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (1, 1), (2, 0, 3), (4, 5)])
def test_round_trip_of_every_dtype_and_shape(tmp_path, dtype, shape):
    array = np.random.default_rng(0).integers(0, 2, shape).astype(dtype)
    save_arrays(tmp_path / "a.npz", {"a": array}, {})
    loaded, _ = load_arrays(tmp_path / "a.npz")
    assert same(loaded["a"], array)


def test_special_numbers_layouts_and_names(tmp_path):
    grid = np.random.default_rng(0).standard_normal((6, 8)).astype("float32")
    arrays = {
        "special": np.array([np.nan, np.inf, -np.inf, -0.0, 5e-324]),
        "scalar": np.float32(0.1),
        "transposed": grid.T,
        "every second": grid[::2, ::3],
        "file": np.arange(2),  # names that np.savez would take for its own arguments
        "allow_pickle": np.arange(3),
        "layers.0/Wx": grid,
        "한국어 ü": grid[0],
    }
    meta = {
        "number": 0.1,
        "big": 2**60,
        "none": None,
        "text": "한\n\x00",
        "list": [1, [2, {"a": True}]],
        "nan": float("inf"),
    }
    save_arrays(tmp_path / "a.npz", arrays, meta)
    loaded, loaded_meta = load_arrays(tmp_path / "a.npz")
    assert list(loaded) == list(arrays)
    assert all(same(loaded[name], np.asarray(array)) for name, array in arrays.items())
    assert loaded["transposed"].strides == grid.T.strides  # the layout determines the bits of a product
    assert {key: loaded_meta[key] for key in meta} == meta


def test_the_same_arrays_give_the_same_bytes_and_numpy_can_read_them(tmp_path):
    arrays = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(1)}
    for name in ("x.npz", "y.npz"):
        save_arrays(tmp_path / name, arrays, {"k": 1})
        os.utime(tmp_path / name, (0, 0))
    assert (tmp_path / "x.npz").read_bytes() == (tmp_path / "y.npz").read_bytes()
    with np.load(tmp_path / "x.npz", allow_pickle=False) as archive:
        assert same(archive["a"], arrays["a"])


def test_an_array_cannot_take_the_place_of_the_plain_values(tmp_path):
    with pytest.raises(CheckpointError, match="no array can be called 'meta'"):
        save_arrays(tmp_path / "a.npz", {"meta": np.arange(3)}, {})
    assert not list(tmp_path.iterdir())


def test_prefixes_are_each_other_s_opposite():
    arrays = {"a": np.arange(2), "b/c": np.arange(3)}
    everything = with_prefix("model", arrays) | with_prefix("models", {"a": np.arange(4)})
    assert under_prefix("model", everything) == arrays


parts = st.none() | st.integers(0, 99).map(np.asarray)
states = st.recursive(parts, lambda parts: st.lists(parts, max_size=3).map(tuple), max_leaves=8)


@given(states)
@settings(max_examples=50, deadline=None)
def test_nested_states_survive(state):
    assert fill(json.loads(json.dumps(outline(state))), flatten(state)) == state


# --- foreign and damaged files ---------------------------------------------------------------------------------------


def write_npz(path, **arrays):
    with open(path, "wb") as file:
        np.savez(file, **arrays)


def write_npy(path):
    with open(path, "wb") as file:
        np.save(file, np.arange(3))


def write_zip(path, name, content):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)


OWN = b'{"format": "scratchnn arrays 1"}'
FOREIGN = {
    "object array": lambda path: write_npz(path, meta=np.array([{"a": 1}], dtype=object)),
    "npz of another program": lambda path: write_npz(path, W=np.ones(3)),
    "npz with another meta": lambda path: write_npz(path, meta=np.frombuffer(b'{"format": "mine"}', dtype=np.uint8)),
    "npz whose meta is no document": lambda path: write_npz(path, meta=np.frombuffer(b"\xff\x00", dtype=np.uint8)),
    "npz whose meta is a number": lambda path: write_npz(path, meta=np.frombuffer(b"17", dtype=np.uint8)),
    "compressed npz": lambda path: np.savez_compressed(path, meta=np.frombuffer(OWN, dtype=np.uint8)),
    "single array": write_npy,
    "text": lambda path: path.write_text("perplexity 100\n" * 20),
    "empty file": lambda path: path.write_bytes(b""),
    "zip of other things": lambda path: write_zip(path, "meta.npy", "no array"),
}


@pytest.mark.parametrize("kind", FOREIGN)
def test_a_foreign_file_is_refused(tmp_path, kind):
    path = tmp_path / "checkpoint.npz"
    FOREIGN[kind](path)
    with pytest.raises(CheckpointError, match=r"written by|damaged") as caught:
        load_arrays(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_pickle_is_not_even_opened(tmp_path):
    """An object array whose unpickling would leave a trace."""

    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "executed"),)

    write_npz(tmp_path / "trap.npz", meta=np.array([Trap()], dtype=object))
    with pytest.raises(CheckpointError, match="damaged or was not written by scratchnn"):
        load_arrays(tmp_path / "trap.npz")
    assert not (tmp_path / "executed").exists()


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(CheckpointError, match=r"cannot read .*none.npz: No such file"):
        load_arrays(tmp_path / "none.npz")
    with pytest.raises(CheckpointError, match=r"cannot read .*: Is a directory"):
        load_arrays(tmp_path)


@pytest.fixture
def written(tmp_path):
    """The bytes of a small checkpoint, and a function: are other bytes refused? If not, it checks that they load right."""
    arrays = {
        "model/W": np.random.default_rng(0).standard_normal((3, 2)),
        "t": np.array(7),
        "carried/0": np.ones(2, "float32"),
    }
    path = tmp_path / "checkpoint.npz"
    save_arrays(path, arrays, {"epoch": 3, "identity": {"hidden": 2}})
    meta = load_arrays(path)[1]

    def refused(data):
        path.write_bytes(data)
        try:
            loaded, loaded_meta = load_arrays(path)
        except CheckpointError:
            return True
        assert loaded_meta == meta
        assert list(loaded) == list(arrays)
        assert all(same(loaded[name], array) for name, array in arrays.items())
        return False

    return path.read_bytes(), refused


def test_a_file_cut_off_anywhere_is_refused(written):
    data, refused = written
    assert not refused(data)
    assert all(refused(data[:length]) for length in range(len(data)))


@pytest.mark.parametrize("flip", [0x01, 0x08, 0xFF])
def test_a_changed_byte_is_refused_or_was_without_meaning(written, flip):
    """Bytes without meaning are those of zip's time stamps and attributes: with them the arrays load, and are the same."""
    data, refused = written
    outcomes = []
    for place in range(len(data)):
        changed = bytearray(data)
        changed[place] ^= flip
        outcomes.append(refused(bytes(changed)))
    assert sum(outcomes) > len(data) / 2


def test_bytes_overwritten_with_zeros_are_refused(written):
    """As after a crash of a file system."""
    data, refused = written
    assert all(refused(data[:start] + bytes(len(data) - start)) for start in range(0, len(data) - 8, 16))


# --- checkpoints of another run --------------------------------------------------------------------------------------


def trainer(path, hidden=3, layers=1, identity=None, optimizer=SGD, schedule=None):
    model = LanguageModel(5, embedding_size=4, hidden_size=hidden, layers=layers, rng=np.random.default_rng(0))
    ids = np.random.default_rng(1).integers(0, 5, 41).astype(np.int32)
    steps = optimizer(model.parameters(), 0.1)
    return Trainer(
        model,
        steps,
        TokenStreams(ids, 2, 10),
        schedule=None if schedule is None else schedule(steps),
        validate=lambda: {"loss": 1.0},
        checkpoint=path,
        identity=identity,
    )


@pytest.mark.parametrize(
    ("written_by", "read_by", "message"),
    [
        ({}, {"hidden": 4}, r"'cells.layers.0.Wx' has shape \(4, 12\) in the saved state, \(4, 16\) here"),
        ({}, {"layers": 2}, "lacks parameter 'cells.layers.1.Wx'"),
        ({"layers": 2}, {}, "unknown parameter 'cells.layers.1.Wx'"),
        ({"identity": {"cell": "rnn"}}, {"identity": {"cell": "gru"}}, "written with cell = 'rnn', this run has 'gru'"),
        ({}, {"identity": {"cell": "gru"}}, "written with cell = None, this run has 'gru'"),
        ({"optimizer": SGD}, {"optimizer": Adam}, "written with optimizer = 'SGD', this run has 'Adam'"),
        ({"schedule": Plateau}, {}, "written with schedule = 'Plateau', this run has None"),
        ({}, {"schedule": Plateau}, "written with schedule = None, this run has 'Plateau'"),
    ],
)
def test_a_checkpoint_of_another_run_is_refused_and_changes_nothing(tmp_path, written_by, read_by, message):
    path = tmp_path / "checkpoint.npz"
    trainer(path, **written_by).fit(1)
    other = trainer(path, **read_by)
    before = {name: value.copy() for name, value in other.model.state_dict().items()}
    with pytest.raises(CheckpointError, match=message):
        other.resume()
    assert all(same(value, before[name]) for name, value in other.model.state_dict().items())
    assert other.step == 0


def test_identity_is_compared_as_json_would_give_it_back(tmp_path):
    path = tmp_path / "checkpoint.npz"
    identity = {"sizes": (3, 4), 5: None, "rate": 0.1}
    trainer(path, identity=identity).fit(1)
    assert trainer(path, identity=identity).resume()


def test_a_model_file_is_no_checkpoint(tmp_path):
    path = tmp_path / "model.npz"
    save_arrays(path, {"W": np.ones(2)}, {"kind": "LanguageModel"})
    with pytest.raises(CheckpointError, match=r"model.npz is not a training checkpoint"):
        trainer(path).resume()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"trainer": None}, "was written by scratchnn 0.1, whose runs cannot be resumed by this version; .* another --out"),
        ({"trainer": "Word2VecTrainer"}, "is a checkpoint of Word2VecTrainer, not of Trainer"),
        ({"identity": None}, "is not a training checkpoint"),
    ],
)
def test_a_checkpoint_of_an_older_version_or_another_trainer_is_refused(tmp_path, change, message):
    path = tmp_path / "checkpoint.npz"
    trainer(path).fit(1)
    arrays, meta = load_arrays(path)
    save_arrays(path, arrays, {name: value for name, value in (meta | change).items() if value is not None})
    other = trainer(path)
    with pytest.raises(CheckpointError, match=message):
        other.resume()
    assert other.step == 0


def test_without_a_checkpoint_there_is_nothing_to_resume(tmp_path):
    assert not trainer(tmp_path / "checkpoint.npz").resume()
    assert not trainer(None).resume()
    assert not trainer(tmp_path / ("x" * 300)).resume()  # a name that no file can have
