"""Series of measurements that cannot be forecast: one clear line with row and column, and nothing left behind."""

from __future__ import annotations

import json
import shutil

import pytest
from small_series import csv_text, hours, small_table, train_series, write_series
from small_text import assert_one_line, command

pytestmark = pytest.mark.usefixtures("quick")


def changed(column, row, cell, count=240):
    """The small table with another cell; its line in the file is ``row`` + 2."""
    table = small_table(count)
    table[column] = [cell if k == row else value for k, value in enumerate(table[column])]
    return csv_text(table)


def without(column):
    return csv_text({name: cells for name, cells in small_table().items() if name != column})


TIMES = hours(240)
FILES = {
    "empty": "",
    "header": "time,load,wind\n",
    "short": csv_text(small_table(10)),
    "few": csv_text(small_table(60)),
    "flat": csv_text({**small_table(), "load": [5] * 240}),
    "no_target": csv_text({**small_table(), "load": ["NA"] * 240}),
    "infinite": changed("wind", 7, "inf"),
    "minus_infinite": changed("load", 200, "-inf"),
    "huge": changed("load", 7, "1e300"),
    "huge_later": changed("wind", 230, "-1e200"),
    "rounded": csv_text({**small_table(), "load": [0.3 if k % 2 else 0.1 + 0.2 for k in range(240)]}),
    "no_first_time": changed("time", 0, ""),
    "a_word": changed("wind", 9, "calm"),
    "a_word_as_target": changed("load", 9, "high"),
    "words": csv_text({**small_table(), "load": [f"w{k}" for k in range(240)]}),
    "names": csv_text(small_table(240, place=[f"p{k}" for k in range(240)])),
    "another_row": changed("time", 5, TIMES[4]),
    "between": changed("time", 5, "2020-01-01 04:30:00"),
    "irregular": csv_text({**small_table(8), "time": [TIMES[k] for k in (0, 1, 2, 50, 91, 131, 173, 239)]}),
    "no_time": changed("time", 5, "later"),
    "no_date": changed("time", 5, "2020-02-30 05:00:00"),
    "ragged": csv_text(small_table()) + "2020-01-11 00:00:00,5\n",
    "quotes": csv_text(small_table()) + '2020-01-11 00:00:00,5,"6\n',
    "twice": csv_text(small_table()).replace("wind", "load", 1),
}
BAD = [  # file, options, what the message contains
    ("nowhere", [], "cannot read nowhere.csv: No such file or directory"),
    ("empty", [], "empty.csv has no rows; a table has a header with the names of the columns, and one row per time"),
    ("header", [], "header.csv has no rows"),
    ("short", [], "a window needs 13 rows (lookback 12, delay 1, horizon 1), but the training section ends after 6 rows"),
    ("few", ["--lookback", 50], "a window needs 51 rows (lookback 50, delay 1, horizon 1), but the training section"),
    ("few", ["--horizon", 10], "the validation section has no 10 rows with a target in sequence; use more rows"),
    ("flat", [], "the target 'load' has the same value in all training rows, or none; there is nothing"),
    ("no_target", [], "the target 'load' has the same value in all training rows, or none; there is nothing to learn"),
    ("infinite", [], "infinite.csv: line 9, column 'wind': 'inf' is infinite"),
    ("minus_infinite", [], "minus_infinite.csv: line 202, column 'load': '-inf' is infinite"),
    ("huge", [], "huge.csv: line 9, column 'load': '1e300' is infinite or beyond 1e+30"),
    ("huge_later", [], "huge_later.csv: line 232, column 'wind': '-1e200' is infinite or beyond 1e+30"),
    ("rounded", [], "the target 'load' has the same value in all training rows, or none; there is nothing"),
    ("no_first_time", [], "no_first_time.csv: line 2, column 'time'"),
    ("a_word", [], "a_word.csv: line 11, column 'wind': 'calm' is not a number"),
    ("a_word_as_target", [], "line 11, column 'load': 'high' is not a number"),
    ("words", [], "the target 'load' is a column of text; choose a column of numbers"),
    ("names", ["--columns", "place"], "the column 'place' contains 168 different texts, such as 'p0'; at most 20 are enc"),
    ("another_row", [], "another_row.csv: lines 6 and 7 both have the time 2020-01-01 04:00 but other values"),
    ("between", [], "line 7, 2020-01-01 04:30, is between two steps: most rows are 1 hour apart, from 2020-01-01 on"),
    ("irregular", [], "232 of 240 rows are missing if one is expected every 1 hour; bring all rows to one step"),
    ("no_time", [], "no_time.csv: line 7, column 'time': 'later' is not a time; write times as 2009-01-31 00:10:00"),
    ("no_date", [], "line 7, column 'time': there is no time '2020-02-30 05:00:00'"),
    ("ragged", [], "ragged.csv: the row at line 242 has 2 fields, the header has 3"),
    ("quotes", [], "quotes.csv: the row at line 242 is damaged"),
    ("twice", [], "twice.csv has 2 columns named 'load'; give each its own name"),
]


@pytest.mark.parametrize(("name", "options", "message"), BAD)
def test_files_that_cannot_be_learned_from(tmp_path, monkeypatch, capsys, name, options, message):
    monkeypatch.chdir(tmp_path)
    if name in FILES:
        (tmp_path / f"{name}.csv").write_text(FILES[name])
    assert train_series("--data", f"{name}.csv", "--target", "load", *options, "--out", "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--target", "power"], "f.csv has no column 'power'; choose with --target; its columns are load, wind"),
        ([], "f.csv: choose the column to forecast with --target; columns of numbers: load, wind"),
        (["--target", "load", "--columns", "rain"], "f.csv has no column 'rain'; choose with --columns"),
        (
            ["--target", "load", "--time-column", "when"],
            "f.csv has no column 'when' for the time; its columns are time, load",
        ),
        (["--target", "load", "--time-column", "wind"], "f.csv: line 2, column 'wind': "),
        (["--target", "load", "--lookback", 0], "--lookback must be a whole number of 1 or more, got 0"),
        (["--target", "load", "--lookback", 5, "--step", 6], "--step 6 leaves no row in a --lookback of 5"),
        (["--target", "load", "--delay", 0], "--delay must be a whole number of 1 or more, got 0"),
        (
            ["--target", "load", "--valid-share", 0.9],
            "--valid-share 0.9 and --test-share 0.15 must be above 0 and 0 or",
        ),
        (
            ["--target", "load", "--quantiles", "0.1", "0.9"],
            "--quantiles must contain 0.5, the forecast itself, got 0.1",
        ),
        (["--target", "load", "--quantiles", "half"], "--quantiles must be numbers, got half"),
        (["--target", "load", "--quantiles", "0.5", "1.5"], "quantiles must be between 0 and 1 and increase, got 0.5, 1.5"),
        (["--target", "load", "--reader", "rnn"], "argument --reader: invalid choice: 'rnn'"),
        (["--target", "load", "--recurrent-dropout", 1], "the dropout probability must be 0 or more and below 1, got 1.0"),
        (["--target", "load", "--reader", "conv-recurrent", "--pool", 13], "a window of 12 steps cannot be pooled by 13"),
    ],
)
def test_settings_that_do_not_fit(tmp_path, monkeypatch, capsys, options, message):
    monkeypatch.chdir(tmp_path)
    write_series(tmp_path / "f.csv")
    assert train_series("--data", "f.csv", *options, "--out", "run") == 2
    assert_one_line(capsys, message)
    assert not (tmp_path / "run").exists()


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A trained run, never changed."""
    folder = tmp_path_factory.mktemp("run")
    write_series(folder / "f.csv")
    assert train_series("--data", folder / "f.csv", "--target", "load", "--out", folder / "run") == 0
    return folder / "run"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "has no rows; a table has a header"),
        (without("wind"), "has no column 'wind', which the run was trained with; its columns are load"),
        (without("time"), "has no column 'time' for the time; its columns are load, wind"),
        (
            csv_text({**small_table(), "time": hours(240, step=2)}),
            "has one row every 2 hours, but the run was trained with",
        ),
        (changed("wind", 3, "inf"), "line 5, column 'wind': 'inf' is infinite"),
        (changed("wind", 3, "calm"), "line 5, column 'wind': 'calm' is not a number"),
        (changed("time", 3, "noon"), "line 5, column 'time': 'noon' is not a time"),
    ],
)
def test_files_that_cannot_be_forecast(run, tmp_path, monkeypatch, capsys, text, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.csv").write_text(text)
    for verb in ("predict", "evaluate"):
        assert command(verb, run, "--data", "new.csv") == 2
        assert_one_line(capsys, message)


def test_files_that_are_too_short_to_be_forecast(run, tmp_path, capsys):
    write_series(tmp_path / "new.csv", small_table(11))
    assert command("predict", run, "--data", tmp_path / "new.csv") == 2
    assert_one_line(capsys, "the input has 11 rows; a forecast looks back on 12, so add earlier ones")
    assert command("evaluate", run, "--data", tmp_path / "new.csv") == 2
    assert_one_line(capsys, "a window needs 13 rows (lookback 12, delay 1, horizon 1), but it has 11 rows")
    assert command("evaluate", run, "--data", tmp_path / "new.csv", tmp_path / "other.csv") == 2
    assert_one_line(capsys, "a series is one file")


def test_a_window_without_a_measurement_is_not_forecast(run, tmp_path, capsys):
    table = small_table()
    table["load"] = [value if k < 228 else "" for k, value in enumerate(table["load"])]
    write_series(tmp_path / "new.csv", table)
    assert command("predict", run, "--data", tmp_path / "new.csv") == 2
    assert capsys.readouterr().err.splitlines()[-1].endswith("the last 12 rows have no value of 'load'; add measurements")


@pytest.mark.parametrize("seen", ["hello", None])
def test_a_damaged_time_of_the_last_row(run, tmp_path, capsys, seen):
    shutil.copytree(run, tmp_path / "run")
    settings = json.loads((run / "settings.json").read_text())
    (tmp_path / "run" / "settings.json").write_text(json.dumps({**settings, "seen": seen}))
    assert command("evaluate", tmp_path / "run", "--data", run.parent / "f.csv") == 2
    assert_one_line(capsys, "settings.json: seen must be a time, got")


def test_known_sets_that_are_not_there(run, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("SCRATCHNN_DATA", str(tmp_path))
    assert train_series("--data", "weather:paris", "--out", tmp_path / "out") == 2
    assert_one_line(capsys, "weather has no part 'paris'; choose from weather:beijing, weather:melbourne")
    assert train_series("--data", "weather", "--out", tmp_path / "out") == 2
    assert_one_line(capsys, "no pollution.csv or pollution.csv.gz in")
