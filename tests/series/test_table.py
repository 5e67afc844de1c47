"""Tables of measurements: rows out of order, repeated, missing; columns of numbers and of text."""

from __future__ import annotations

import numpy as np
import pytest
from small_series import csv_text, hours

from scratchnn.errors import DataError
from scratchnn.series import read_table


def table_of(columns, **options):
    return read_table("f.csv", csv_text(columns), **options)


def test_a_plain_table():
    table = table_of({"time": hours(3), "load": [1, "NA", 3.5], "wind": ["N", "", " S "]})
    assert (table.names, table.count, str(table.step), table.notes) == (["load", "wind"], 3, "1 hour", [])
    np.testing.assert_array_equal(table.numbers("load"), [1, np.nan, 3.5])
    assert table.texts("wind") == ["N", None, "S"]
    assert (table.is_text("load"), table.is_text("wind")) == (False, True)
    assert table.times_after(2).astype(str).tolist() == ["2020-01-01T03:00:00", "2020-01-01T04:00:00"]
    assert repr(table) == "Table of f.csv: 3 rows, one every 1 hour, columns load, wind"


@pytest.mark.parametrize("header", ["Date Time", "datetime", "TIMESTAMP", "date", "ds"])
def test_columns_of_times_are_found_by_their_names(header):
    assert table_of({"load": [1, 2], header: hours(2)}).time_columns == [header]


def test_several_columns_make_a_time():
    parts = {"year": [2020, 2020], "month": [1, 1], "day": [1, 1], "hour": [22, 23], "load": [1, 2]}
    table = table_of(parts)
    assert table.time_columns == ["year", "month", "day", "hour"]
    assert table.names == ["load"]
    assert table.times_after(1).astype(str).tolist() == ["2020-01-02T00:00:00"]
    both = table_of({"Date": ["16/12/2006", "16/12/2006"], "Time": ["17:24:00", "17:25:00"], "load": [1, 2]})
    assert both.time_columns == ["Date", "Time"]
    assert str(both.step) == "1 minute"


def test_a_column_that_is_no_time_is_not_taken_for_one():
    table = table_of({"time": [0.1, 0.2], "load": [1, 2]})
    assert table.times is None
    assert table.names == ["time", "load"]
    assert table_of({"time": hours(2), "load": [1, 2]}, time_columns=[]).times is None


def test_rows_out_of_order_are_sorted_and_repeats_dropped():
    times = hours(5)
    table = table_of({"time": [times[k] for k in (0, 2, 1, 1, 3, 4)], "load": [0, 2, 1, 1, 3, 4]})
    np.testing.assert_array_equal(table.numbers("load"), [0, 1, 2, 3, 4])
    assert table.notes == [
        "f.csv: the row at line 4 is earlier than the one before it; rows were sorted",
        "f.csv: a row that repeats another one dropped, the first at line 5",
    ]


def test_missing_rows_have_no_values():
    times = hours(8)
    table = table_of({"time": [times[k] for k in (0, 1, 2, 5, 6, 7)], "load": [0, 1, 2, 5, 6, 7]})
    np.testing.assert_array_equal(table.numbers("load"), [0, 1, 2, np.nan, np.nan, 5, 6, 7])
    note = "f.csv: 2 rows are missing, the first after 2020-01-01 02:00; the values before are used as inputs"
    assert table.notes == [note]
    assert table.times.astype(str).tolist() == [time.replace(" ", "T") for time in times]


LOADS = {"load": [1, 2, 3, 4]}
T4 = hours(4)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "f.csv has no rows; a table has a header"),
        ("time,load\n", {}, "f.csv has no rows"),
        (csv_text({"time": T4, **LOADS})[:-3], {}, "the row at line 5 has 1 field, the header has 2"),
        (csv_text({"time": T4}), {}, "f.csv has no column besides the time"),
        ("load,load\n1,2\n", {}, "f.csv has 2 columns named 'load'"),
        (csv_text(LOADS), {"time_columns": ["when"]}, "f.csv has no column 'when' for the time; its columns are load"),
        (csv_text({"time": [T4[0], T4[1], T4[1], T4[2]], **LOADS}), {}, "lines 3 and 4 both have the time 2020-01-01 01"),
        (csv_text({"time": [*T4[:3], "2020-01-01 03:20"], **LOADS}), {},
         "line 5, 2020-01-01 03:20, is between two steps: most rows are 1 hour apart"),
        (csv_text({"time": [*T4[:3], "2020-02-01 03:00"], **LOADS}), {}, "744 of 748 rows are missing if one is expected"),
        (csv_text({"time": [*T4[:3], "soon"], **LOADS}), {}, "line 5, column 'time': 'soon' is not a time"),
        ("time,load\n2020-01-01,5\n", {}, "f.csv has one row; a step of time needs two"),
        ("year,month,day,load\n2020,1,1,5\n2020,1,x,6\n", {}, "line 3, column 'day': 'x' is not a number"),
        ("year,month,day,load\n2020,1,1,5\n2020,1,2.5,6\n", {}, "line 3, column 'day': '2.5' is not a whole number"),
        ("year,month,day,load\n2020,1,1,5\n2020,2,30,6\n", {}, "line 3, column 'year': there is no time 2020 2 30 0 0 0"),
    ],
)  # fmt: skip
def test_what_no_table_can_be_made_of(text, options, message):
    with pytest.raises(DataError, match=message):
        read_table("f.csv", text, **options)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("abc", "f.csv: line 4, column 'load': 'abc' is not a number"),
        ("12,5", "f.csv: line 4, column 'load': '12,5' is not a number"),
        ("inf", "f.csv: line 4, column 'load': 'inf' is infinite"),
        ("-Infinity", "column 'load': '-Infinity' is infinite"),
        ("1e999", "column 'load': '1e999' is infinite"),
    ],
)
def test_cells_that_are_no_numbers_are_named(cell, message):
    text = "time;load\n" + "".join(f"{time};{value}\n" for time, value in zip(T4, [1, 2, cell, 4], strict=True))
    with pytest.raises(DataError, match=message):
        read_table("f.csv", text).numbers("load")
