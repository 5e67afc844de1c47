"""Scales: of the training rows alone, saved as they are, the same inputs afterwards."""

from __future__ import annotations

import json

import numpy as np
import pytest
from small_series import csv_text, hours, small_table

from scratchnn.errors import DataError
from scratchnn.series import Scale, Section, read_table
from scratchnn.series.scale import filled
from scratchnn.series.section import split_rows


def table_of(columns):
    return read_table("f.csv", csv_text(columns))


def test_mean_and_deviation_are_those_of_the_training_rows():
    columns = small_table(100)
    changed = {**columns, "load": [*columns["load"][:60], *(value * 50 for value in columns["load"][60:])]}
    scales = [Scale.fit(table_of(part), 60, "load", None, True) for part in (columns, changed)]
    assert scales[0] == scales[1]
    load = np.array(columns["load"])[:60]
    assert (scales[0].target.mean, scales[0].target.deviation) == pytest.approx((load.mean(), load.std()))
    inputs, target = scales[0].apply(table_of(columns))
    assert inputs.dtype == np.float32
    assert inputs.shape == (100, 8)
    np.testing.assert_allclose(inputs[:60, :2].mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(inputs[:60, :2].std(axis=0), 1, atol=1e-6)
    np.testing.assert_allclose(scales[0].in_units(inputs[:, 0]), target, atol=1e-5)
    np.testing.assert_allclose(scales[0].scaled(target), inputs[:, 0], atol=1e-5)


def test_missing_values_are_the_last_ones_before_and_the_mean_at_the_beginning():
    table = table_of({"time": hours(6), "load": ["", 2, "NA", "null", 5, 6], "wind": ["", "N", "", "S", "", "N"]})
    scale = Scale.fit(table, 6, "load", None, False)
    assert scale.names() == ["load", "wind=N", "wind=S"]
    inputs, target = scale.apply(table)
    mean, deviation = np.mean([2, 5, 6]), np.std([2, 5, 6])
    np.testing.assert_allclose(inputs[:, 0], (np.array([mean, 2, 2, 2, 5, 6]) - mean) / deviation, rtol=1e-6)
    np.testing.assert_array_equal(inputs[:, 1:], [[0, 0], [1, 0], [1, 0], [0, 1], [0, 1], [1, 0]])
    np.testing.assert_array_equal(target, [np.nan, 2, np.nan, np.nan, 5, 6])
    unknown = table_of({"time": hours(2), "load": [1, 2], "wind": ["W", "S"]})
    np.testing.assert_array_equal(scale.apply(unknown)[0][:, 1:], [[0, 0], [0, 1]])
    assert filled(np.array([[np.nan], [3.0], [np.nan]]), missing=-1.0)[:, 0].tolist() == [-1, 3, 3]


def test_skewed_columns_are_read_as_logarithms_but_not_the_target():
    rng = np.random.default_rng(0)
    rain = np.exp(3 * rng.standard_normal(100)).round(4)
    table = table_of(small_table(100, rain=rain.tolist(), balance=(rain - 1).tolist()))
    scale = Scale.fit(table, 60, "load", None, False)
    assert [column.logarithm for column in scale.columns] == [False, False, True, False]
    assert table.notes == ["f.csv: read as logarithms, since a few values are very large: rain"]
    logarithms = np.log1p(rain)
    expected = (logarithms - logarithms[:60].mean()) / logarithms[:60].std()
    np.testing.assert_allclose(scale.apply(table)[0][:, 2], expected, rtol=1e-5, atol=1e-5)
    below = table_of(small_table(4, rain=[-5, 0, 1, 2], balance=[0, 1, 2, 3]))
    inputs = scale.apply(below)[0][:, 2]
    assert inputs[0] == inputs[1] < inputs[2]
    target = Scale.fit(table, 60, "rain", None, False).target
    assert (target.logarithm, target.mean) == (False, pytest.approx(rain[:60].mean()))


def test_what_is_left_out_is_noted():
    more = {
        "No": list(range(1, 101)),
        "flat": [3] * 60 + [4] * 40,
        "word": [f"w{k}" for k in range(100)],
        "none": ["NA"] * 100,
        "side": ["left", "right"] * 50,
    }
    table = table_of(small_table(100, **more))
    scale = Scale.fit(table, 60, "load", None, False)
    assert scale.names() == ["load", "wind", "side=left", "side=right"]
    [note] = table.notes
    assert note.startswith("f.csv: columns left out: No (counts the rows), flat (the same in all training rows), word (")
    assert "contains 60 different texts, such as 'w0'; at most 20 are encoded), none (the same" in note
    assert Scale.fit(table_of(small_table(100, **more)), 60, "load", ["No"], False).names() == ["load", "No"]


@pytest.mark.parametrize(
    ("target", "names", "with_calendar", "message"),
    [
        ("power", None, False, "f.csv has no column 'power'; choose with --target; its columns are load, wind, word"),
        ("load", ["rain"], False, "f.csv has no column 'rain'; choose with --columns"),
        ("load", ["word"], False, "the column 'word' contains 60 different texts, .*; leave it out of --columns"),
        ("word", None, False, "the target 'word' is a column of text; choose a column of numbers"),
        (
            "flat",
            None,
            False,
            "the target 'flat' has the same value in all training rows, or none; there is nothing",
        ),
    ],
)
def test_columns_that_cannot_be_read(target, names, with_calendar, message):
    table = table_of(small_table(100, word=[f"w{k}" for k in range(100)], flat=[1] * 100))
    with pytest.raises(DataError, match=message):
        Scale.fit(table, 60, target, names, with_calendar)


def test_the_calendar_needs_times():
    with pytest.raises(
        DataError, match=r"--calendar needs times, but f.csv has none; name their column with --time-column"
    ):
        Scale.fit(table_of({"load": [1, 2, 3]}), 2, "load", None, True)


def test_another_table_must_have_the_columns_and_the_step():
    scale = Scale.fit(table_of(small_table(100)), 60, "load", None, False)
    with pytest.raises(
        DataError, match=r"f.csv has no column 'wind', which the run was trained with; its columns are load"
    ):
        scale.apply(table_of({"time": hours(4), "load": [1, 2, 3, 4]}))
    with pytest.raises(DataError, match="has one row every 2 hours, but the run was trained with one row every 1 hour"):
        scale.apply(table_of({**small_table(4), "time": hours(4, step=2)}))
    with pytest.raises(DataError, match=r"f.csv has no times, but the run was trained with one row every 1 hour"):
        scale.apply(read_table("f.csv", csv_text(small_table(4)), []))
    with pytest.raises(DataError, match="line 3, column 'wind': 'gale' is not a number"):
        scale.apply(table_of({**small_table(4), "wind": [1, "gale", 2, 3]}))


def test_saved_and_loaded(tmp_path):
    table = table_of(small_table(100, side=["links", "실"] * 50))
    scale = Scale.fit(table, 60, "load", None, True)
    scale.save(tmp_path / "scale.json")
    again = Scale.load(tmp_path / "scale.json")
    assert again == scale
    assert again.digest() == scale.digest()
    assert repr(scale).startswith("Scale of load from wind, side=links, side=실, sine of the day")
    for array, other in zip(scale.apply(table), again.apply(table), strict=True):
        np.testing.assert_array_equal(array, other)


@pytest.mark.parametrize(
    "change",
    [{"format": "scratchnn scale 9"}, {"columns": []}, {"periods": ["moon"]}, {"step": [1]}, {"time_columns": None},
     {"columns": [{}]}],
)  # fmt: skip
def test_a_damaged_file_is_one_line(tmp_path, change):
    path = tmp_path / "scale.json"
    Scale.fit(table_of(small_table(100)), 60, "load", None, False).save(path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(DataError, match=r"scale.json is damaged: "):
        Scale.load(path)


# --- sections --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("step", "delay", "horizon"), [(1, 1, 1), (2, 5, 3)])
def test_windows_of_sections_do_not_share_targets_and_look_only_back(step, delay, horizon):
    table = table_of(small_table(100))
    begin, end = split_rows(table, 0.2, 0.1)
    assert (begin, end) == (70, 90)
    valid = Section.of("valid", table, Scale.fit(table, begin, "load", None, False), begin, end)
    sizes = {"lookback": 8, "step": step, "delay": delay, "horizon": horizon}
    counts = []
    for section in (valid.part("train", 0, begin), valid, valid.part("test", end, 100)):
        windows = section.windows(4, sizes)
        first = windows.starts + windows.last + windows.delay
        assert first.min() == max(section.begin, windows.last + delay)
        assert first.max() + horizon == section.end
        counts.append(windows.count)
    assert counts[1:] == [20 - horizon + 1, 10 - horizon + 1]


def test_missing_targets_are_never_forecast():
    columns = small_table(40)
    columns["load"] = [*columns["load"][:20], "NA", *columns["load"][21:]]
    table = table_of(columns)
    section = Section.of("all", table, Scale.fit(table, 40, "load", None, False), 0, 40)
    windows = section.windows(4, {"lookback": 4, "step": 1, "delay": 1, "horizon": 2})
    first = windows.starts + 4
    assert 19 not in first
    assert 20 not in first
    assert windows.count == 40 - 5 - 2
    assert not np.isnan(windows.pick(windows.starts)[1]).any()
    assert section.known(0.0)[20] == section.target[19]


@pytest.mark.parametrize(("valid", "test"), [(0.0, 0.1), (0.5, 0.5), (-0.1, 0.1), (0.2, -0.1), (float("nan"), 0.1)])
def test_shares_must_leave_rows_to_learn_from(valid, test):
    with pytest.raises(DataError, match=r"--valid-share .* and --test-share .* must be"):
        split_rows(table_of(small_table(100)), valid, test)
