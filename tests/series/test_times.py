"""Times as people write them, the step between rows, and the calendar."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from scratchnn.errors import DataError
from scratchnn.series.times import Step, calendar, calendar_periods, find_step, parse_times, row_numbers, shown, written


def places(cells):
    return [f"line {k + 2}" for k in range(len(cells))]


def seconds(*cells):
    return np.array(cells, dtype="M8[s]")


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["2009-01-31"], "2009-01-31T00:00:00"),
        (["2009-01-31 00:10"], "2009-01-31T00:10:00"),
        (["2009-01-31T23:59:58Z"], "2009-01-31T23:59:58"),
        (["2009/1/5 7:05:00.000"], "2009-01-05T07:05:00"),
        (["1949-02"], "1949-02-01T00:00:00"),
        (["01.02.2009 00:10:00"], "2009-02-01T00:10:00"),
        (["1.2.2009"], "2009-02-01T00:00:00"),
        (["13/02/2009 04:00"], "2009-02-13T04:00:00"),
        (["02/13/2009"], "2009-02-13T00:00:00"),
        (["03/03/2009"], "2009-03-03T00:00:00"),
        (["01/02/2009", "13/02/2009"], "2009-02-01T00:00:00"),  # the second row decides
        (["01/02/2009", "02/13/2009"], "2009-01-02T00:00:00"),
        ([" 2008-02-29 "], "2008-02-29T00:00:00"),
    ],
)
def test_forms(cells, expected):
    assert parse_times(cells, places(cells))[0] == np.datetime64(expected, "s")


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["2009-01-31", "yesterday"], "line 3: 'yesterday' is not a time; write times as 2009-01-31 00:10:00"),
        (["now"], "line 2: 'now' is not a time"),
        (["2009-01-31 00:10+01:00"], "'2009-01-31 00:10.01:00' is not a time; .* without a time zone"),
        (["2009-02-29"], "line 2: there is no time '2009-02-29'"),
        (["2009-13-01"], "there is no time '2009-13-01'"),
        (["2009-01-01 24:00"], "there is no time '2009-01-01 24:00'"),
        (["2009-01-01 00:60"], "there is no time"),
        (["01/02/2009", "03/04/2009"], "line 2: day and month of '01/02/2009' are unclear"),
        (["13/13/2009"], "there is no time '13/13/2009'"),
    ],
)
def test_what_is_no_time(cells, message):
    with pytest.raises(DataError, match=message):
        parse_times(cells, places(cells))


def test_every_day_of_a_century_is_read_as_python_reads_it():
    day = datetime.date(1950, 1, 1)
    dates = [day + datetime.timedelta(days=k) for k in range(0, 36_525, 13)]
    found = parse_times([f"{d.day:02}.{d.month:02}.{d.year}" for d in dates], places(dates))
    assert found.astype("M8[D]").tolist() == dates


@pytest.mark.parametrize(
    ("times", "step", "text"),
    [
        (["2020-01-01T00", "2020-01-01T01", "2020-01-01T02"], (3600, "second"), "1 hour"),
        (["2020-01-01", "2020-01-02", "2020-01-05"], (86400, "second"), "1 day"),
        (["2020-01-01T00:00", "2020-01-01T00:10", "2020-01-01T00:20"], (600, "second"), "10 minutes"),
        (["2020-01-01", "2020-01-08", "2020-01-15"], (604800, "second"), "1 week"),
        (["2020-01-01", "2020-02-01", "2020-03-01"], (1, "month"), "1 month"),
        (["2020-01-31", "2020-02-29", "2020-03-31", "2020-06-30"], (1, "month"), "1 month"),
        (["2020-01-15", "2020-04-15", "2020-07-15"], (3, "month"), "3 months"),
    ],
)
def test_steps(times, step, text):
    found = find_step(seconds(*times))
    assert found == step
    assert str(found) == text


def test_rows_have_times_and_times_have_rows():
    hourly = Step(3600, "second")
    times = seconds("2020-02-28T22", "2020-02-28T23", "2020-02-29T00:30")
    assert row_numbers(times, hourly).tolist() == [0, 1, 2.5]
    assert (
        hourly.after(times[0], np.array([0, 3, 26]), 0).tolist()
        == seconds("2020-02-28T22", "2020-02-29T01", "2020-03-01").tolist()
    )
    monthly = Step(1, "month")
    ends = monthly.after(np.datetime64("2020-01-31T06", "s"), np.arange(-1, 3), 31)
    assert ends.tolist() == seconds("2019-12-31T06", "2020-01-31T06", "2020-02-29T06", "2020-03-31T06").tolist()


def test_seasons_in_rows():
    table = {(3600, "second"): (24, 168, 8760), (86400, "second"): (0, 7, 365), (604800, "second"): (0, 0, 0),
             (1, "month"): (0, 0, 12), (3, "month"): (0, 0, 4), (12, "month"): (0, 0, 0),
             (7000, "second"): (0, 86.4, 0)}  # fmt: skip
    for step, rows in table.items():
        found = [Step(*step).rows_in(period) for period in ("day", "week", "year")]
        assert found == [row if row == int(row) else 0 for row in rows]


def test_the_calendar_is_a_circle():
    times = seconds("2020-01-06T00", "2020-01-06T06", "2020-07-01T18", "2020-12-31T23")  # the first is a Monday
    found = calendar(times, ["day", "week", "year"])
    assert found.shape == (4, 6)
    np.testing.assert_allclose(found[:, ::2] ** 2 + found[:, 1::2] ** 2, 1)
    np.testing.assert_allclose(found[0, :4], [0, 1, 0, 1], atol=1e-12)
    np.testing.assert_allclose(found[1, :2], [1, 0], atol=1e-12)
    phase = (datetime.date(2020, 7, 1) - datetime.date(2020, 1, 1)).days + 0.75
    np.testing.assert_allclose(found[2, 4:], [np.sin(2 * np.pi * phase / 366), np.cos(2 * np.pi * phase / 366)])
    np.testing.assert_allclose(found[3, 4:], [0, 1], atol=1e-3)
    assert calendar(times, []).shape == (4, 0)
    assert calendar_periods(Step(3600, "second")) == ["day", "week", "year"]
    assert calendar_periods(Step(86400, "second")) == ["week", "year"]
    assert calendar_periods(Step(1, "month")) == ["year"]
    assert calendar_periods(Step(12, "month")) == []


def test_times_are_printed_as_short_as_they_are_clear():
    assert shown(np.datetime64("2020-01-01", "s")) == "2020-01-01"
    assert shown(np.datetime64("2020-01-01T06", "s")) == "2020-01-01 06:00"
    assert shown(np.datetime64("2020-01-01T06:00:01", "s")) == "2020-01-01 06:00:01"
    assert written(np.datetime64("2020-01-01", "s"), Step(3600, "second")) == "2020-01-01 00:00:00"
    assert written(np.datetime64("2020-01-01", "s"), Step(86400, "second")) == "2020-01-01"
