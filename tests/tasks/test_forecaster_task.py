"""``train forecaster``, ``evaluate`` and ``predict`` as they would be typed: errors in units, simple forecasts, times."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest
from small_series import csv_text, hours, small_table, train_series, values_of, write_series
from small_text import command, make_quick

from scratchnn.tasks.forecast_report import standard_error
from scratchnn.tasks.trained import load

pytestmark = pytest.mark.usefixtures("quick")


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """A folder with a series and two runs on it, to be read and copied, never changed."""
    folder = tmp_path_factory.mktemp("series")
    write_series(folder / "load.csv")
    with pytest.MonkeyPatch.context() as monkeypatch:
        make_quick(monkeypatch)
        data = ["--data", folder / "load.csv", "--target", "load"]
        assert train_series(*data, "--out", folder / "plain") == 0
        options = ["--delay", 3, "--horizon", 4, "--quantiles", 0.1, 0.5, 0.9, "--calendar", "--step", 2]
        assert train_series(*data, *options, "--out", folder / "quantiles") == 0
    return folder


def rows_of(text):
    return list(csv.reader(io.StringIO(text)))


# --- train -----------------------------------------------------------------------------------------------------------


def test_train_says_what_it_reads_and_how_good_simple_forecasts_are(tmp_path, capsys):
    write_series(tmp_path / "f.csv", {"No": list(range(1, 241)), **small_table()})
    assert train_series("--data", tmp_path / "f.csv", "--target", "load", "--calendar", "--out", tmp_path / "run") == 0
    output = re.sub(r"\s+", " ", capsys.readouterr().out)
    assert "columns left out: No (counts the rows) forecast of load from load, wind, sine of the day, cosine of" in output
    found = re.search(
        r"validation mae of simple forecasts: last value ([\d.]+), a day earlier ([\d.]+), a week earlier", output
    )
    real = np.array(small_table()["load"])
    targets = np.arange(168, 204)
    assert float(found[1]) == pytest.approx(np.abs(real[targets] - real[targets - 1]).mean(), abs=1e-4)
    assert float(found[2]) == pytest.approx(np.abs(real[targets] - real[targets - 24]).mean(), abs=1e-4)
    assert "156 windows to learn, 36 to validate" in output
    assert re.search(r"epoch 2: training loss [\d.]+, validation loss [\d.]+, validation mae [\d.]+", output)
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert {"scale.json", "baselines.json", "model.npz", "history.csv"} <= names


def test_the_layout_of_the_jena_weather_works_as_it_is(tmp_path, capsys):
    """Chollet's file: dotted dates, units in the names of columns, ten minutes; a window of ten days, one row per hour."""
    count = 4400
    times = np.datetime64("2009-01-01T00:10", "s") + 600 * np.arange(count)
    stamps = [f"{t[8:10]}.{t[5:7]}.{t[:4]} {t[11:]}" for t in times.astype(str)]
    degrees = (values_of(count) - 15).round(2).tolist()
    columns = {"Date Time": stamps, '"p (mbar)"': (990 + values_of(count, 1)).round(2).tolist(), '"T (degC)"': degrees}
    write_series(tmp_path / "jena.csv", columns)
    options = ["--target", "T (degC)", "--lookback", 1440, "--step", 6, "--delay", 144, "--epochs", 1]
    assert train_series("--data", tmp_path / "jena.csv", *options, "--out", tmp_path / "run") == 0
    output = capsys.readouterr().out
    assert "forecast of T (degC) from T (degC), p (mbar)" in output
    model = load(tmp_path / "run").model
    assert (model.config["width"], model.config["input_size"]) == (240, 2)
    assert command("predict", tmp_path / "run", "--data", tmp_path / "jena.csv") == 0
    rows = rows_of(capsys.readouterr().out)
    after = (times[-1] + 600 * np.arange(1, 145)).astype(str)
    assert rows[0] == ["time", "T (degC) forecast"]
    assert [row[0] for row in rows[1:]] == [time.replace("T", " ") for time in after]


def test_the_target_may_be_the_only_column_of_numbers(tmp_path, capsys):
    table = small_table()
    write_series(tmp_path / "f.csv", {"time": table["time"], "load": table["load"]})
    assert train_series("--data", tmp_path / "f.csv", "--out", tmp_path / "run") == 0
    assert load(tmp_path / "run").settings["target"] == "load"


def test_a_run_can_start_from_another_one_and_keeps_its_scale(runs, tmp_path, capsys):
    more = small_table(300)
    more["load"] = [2 * value for value in more["load"]]
    write_series(tmp_path / "more.csv", more)
    arguments = ["--data", tmp_path / "more.csv", "--from", runs / "plain", "--out", tmp_path / "run"]
    assert command("train", "forecaster", *arguments, "--epochs", 1) == 0
    assert (tmp_path / "run" / "scale.json").read_bytes() == (runs / "plain" / "scale.json").read_bytes()
    printed = " ".join(capsys.readouterr().out.split())
    errors = json.loads((tmp_path / "run" / "baselines.json").read_text())["errors"]
    assert errors != json.loads((runs / "plain" / "baselines.json").read_text())["errors"]  # those of the new series
    assert f"validation mae of simple forecasts: last value {errors['last value']:.4f}" in printed
    assert command("evaluate", tmp_path / "run", "--data", tmp_path / "more.csv") == 0
    assert "rows that the run of --from was trained on may be among these" in capsys.readouterr().out
    assert command("train", "forecaster", *arguments[:-1], tmp_path / "other", "--horizon", 2) == 2
    assert "its model was trained with --horizon 1, not 2" in capsys.readouterr().err


def test_what_is_done_to_rows_at_prediction_is_said(runs, tmp_path, capsys):
    table = small_table()
    shuffled = {name: [*cells[5:], *cells[:5]] for name, cells in table.items()}
    write_series(tmp_path / "shuffled.csv", shuffled)
    assert command("predict", runs / "plain", "--data", tmp_path / "shuffled.csv") == 0
    output = capsys.readouterr()
    assert "shuffled.csv: " in output.err
    assert command("predict", runs / "plain", "--data", runs / "load.csv") == 0
    same = capsys.readouterr()
    assert same.err == ""
    assert same.out == output.out


def test_rows_without_times_are_all_forecast_if_the_file_has_changed(tmp_path, capsys):
    table = {name: cells for name, cells in small_table().items() if name != "time"}
    write_series(tmp_path / "f.csv", table)
    assert train_series("--data", tmp_path / "f.csv", "--target", "load", "--out", tmp_path / "run") == 0
    write_series(tmp_path / "longer.csv", {name: [*cells, cells[0]] for name, cells in table.items()})
    for name, said in (("f.csv", False), ("longer.csv", True)):
        capsys.readouterr()
        assert command("evaluate", tmp_path / "run", "--data", tmp_path / name) == 0
        assert ("without times, rows of the training data cannot be told apart" in capsys.readouterr().out) == said


def test_forecasts_have_the_digits_that_the_deviation_gives_a_meaning(tmp_path, capsys):
    table = small_table()
    write_series(tmp_path / "f.csv", {**table, "load": [1_234_567 + value for value in table["load"]]})
    assert train_series("--data", tmp_path / "f.csv", "--target", "load", "--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert command("predict", tmp_path / "run", "--data", tmp_path / "f.csv", "--all") == 0
    rows = rows_of(capsys.readouterr().out)[1:-1]
    assert [float(row[1]) for row in rows[-200:]] == pytest.approx([1_234_567 + v for v in table["load"][-200:]], abs=1e-6)
    assert len({row[2] for row in rows}) > len(rows) / 2


def test_the_generated_series_is_known_by_its_name(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("scratchnn.tasks.forecaster.HOURS", 800)
    assert train_series("--lookback", 6, "--epochs", 1, "--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert command("predict", tmp_path / "run", "--data", "solar") == 0
    assert capsys.readouterr().out.startswith("time,power forecast")


# --- evaluate --------------------------------------------------------------------------------------------------------


def table_of(output):
    """MAE and RMSE by name."""
    lines = [line for line in output.splitlines() if re.search(r"\d\.\d{4} *\d*\.?\d* +\d+\.\d{4}$", line)]
    return {line[:20].strip(): (float(line[20:].split()[0]), float(line.split()[-1])) for line in lines}


def test_evaluate_forecasts_the_rows_that_training_has_not_seen(runs, capsys):
    assert command("evaluate", runs / "plain", "--data", runs / "load.csv") == 0
    output = capsys.readouterr().out
    times, real = hours(240), np.array(small_table()["load"])
    assert f"36 forecasts of load, {times[204][:-3]} to {times[239][:-3]}" in output
    targets = np.arange(204, 240)
    errors = {"last value": real[targets] - real[targets - 1], "a day earlier": real[targets] - real[targets - 24],
              "a week earlier": real[targets] - real[targets - 168]}  # fmt: skip
    assert command("predict", runs / "plain", "--data", runs / "load.csv", "--all") == 0
    forecasts = {row[0]: float(row[2]) for row in rows_of(capsys.readouterr().out)[1:]}
    errors["this model"] = real[targets] - np.array([forecasts[times[row]] for row in targets])
    found = table_of(output)
    assert list(found) == ["this model", "last value", "a day earlier", "a week earlier", "ridge"]
    for name, error in errors.items():
        assert found[name] == pytest.approx((np.abs(error).mean(), np.sqrt((error**2).mean())), abs=2e-4), name
    assert (runs / "plain" / "forecast.png").read_bytes().startswith(b"\x89PNG")
    assert max(map(len, output.splitlines())) <= 80 + len(str(runs))


def test_evaluate_of_other_rows(runs, tmp_path, capsys):
    """A later file is forecast as a whole, an earlier one too; the figures are those of load(...).evaluate."""
    for first, name in (("2021-06-01T00", "later.csv"), ("2019-06-01T00", "earlier.csv")):
        write_series(tmp_path / name, {**small_table(), "time": hours(240, first)})
        assert command("evaluate", runs / "plain", "--data", tmp_path / name) == 0
        output = capsys.readouterr().out
        assert "228 forecasts of load" in output
        note = "all rows are from the time of training and validation; all of them are forecast"
        assert (note in output) == (name == "earlier.csv")
        figures = load(runs / "plain").evaluate(tmp_path / name)
        assert table_of(output)["this model"] == pytest.approx((figures["mae"], figures["rmse"]), abs=1e-4)


def test_rows_without_times_are_numbered(tmp_path, capsys):
    table = small_table()
    write_series(tmp_path / "f.csv", {"load": table["load"], "wind": table["wind"]})
    assert train_series("--data", tmp_path / "f.csv", "--target", "load", "--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert command("evaluate", tmp_path / "run", "--data", tmp_path / "f.csv") == 0
    assert "36 forecasts of load, row 205 to row 240" in capsys.readouterr().out
    assert command("predict", tmp_path / "run", "--data", tmp_path / "f.csv") == 0
    rows = rows_of(capsys.readouterr().out)
    assert [row[0] for row in rows] == ["row", "241"]


def test_intervals_are_evaluated_beside_constant_ones(runs, capsys):
    assert command("evaluate", runs / "quantiles", "--data", runs / "load.csv") == 0
    lines = capsys.readouterr().out.splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("quantiles"))
    assert lines[start].split() == ["quantiles", "error", "in", "0.1", "..", "0.9"]
    names = [line[:20].strip() for line in lines[start + 1 : start + 6]]
    assert names == ["this model", "last value", "a day earlier", "a week earlier", "ridge"]
    for line in lines[start + 1 : start + 6]:
        error, inside = line[20:].split()
        assert 0 < float(error) < 5
        assert 0 <= float(inside.rstrip("%")) <= 100


def test_standard_errors_are_those_of_blocks():
    errors = np.arange(12.0).reshape(12, 1)
    means = errors[:10, 0].reshape(2, 5).mean(axis=1)
    assert standard_error(errors, 5) == pytest.approx(means.std(ddof=1) / np.sqrt(2))
    assert standard_error(errors, 1) == pytest.approx(errors.std(ddof=1) / np.sqrt(12))
    assert np.isnan(standard_error(errors, 7))


# --- predict ---------------------------------------------------------------------------------------------------------


def test_predict_goes_on_beyond_the_file(runs, capsys):
    assert command("predict", runs / "quantiles", "--data", runs / "load.csv") == 0
    rows = rows_of(capsys.readouterr().out)
    assert rows[0] == ["time", "load 0.1", "load 0.5", "load 0.9"]
    assert [row[0] for row in rows[1:]] == hours(246)[240:]  # delay 3, horizon 4: up to 6 rows ahead
    for row in rows[1:]:
        low, middle, high = map(float, row[1:])
        assert low <= middle <= high


def test_each_row_is_forecast_from_the_latest_row_that_allows_it(runs, tmp_path, capsys):
    """By hand: shorten the file, and look at the rows that follow."""
    trained = load(runs / "quantiles")
    text = (runs / "load.csv").read_text().splitlines()
    whole = rows_of("\n".join(trained.predict(text)))[1:]
    for cut, index in ((0, 2), (1, 1), (2, 0)):  # row 240 + index is delay 3 ahead of the last row of the shorter file
        shorter = rows_of("\n".join(trained.predict(text[: len(text) - cut])))[1:]
        assert shorter[2][0] == whole[index][0]
        assert shorter[2][1:] == whole[index][1:]
    beside = rows_of("\n".join(trained.predict(text, all=True)))
    assert beside[0] == ["time", "load", "load 0.1", "load 0.5", "load 0.9"]
    assert len(beside) - 1 == 246 - (10 + 3)  # a window of six rows in steps of two ends with row 10; then delay 3
    assert beside[-6:] == [[row[0], "", *row[1:]] for row in whole]
    assert float(beside[1][1]) == pytest.approx(small_table()["load"][13], rel=1e-5)


def test_predict_from_lines_and_from_standard_input_is_the_same(runs, monkeypatch, capsys):
    assert command("predict", runs / "plain", "--data", runs / "load.csv") == 0
    expected = capsys.readouterr().out
    assert expected.splitlines() == load(runs / "plain").predict((runs / "load.csv").read_text().splitlines())
    stdin = io.TextIOWrapper(io.BytesIO((runs / "load.csv").read_bytes()))
    monkeypatch.setattr("sys.stdin", stdin)
    assert command("predict", runs / "plain") == 0
    assert capsys.readouterr().out == expected


def test_a_new_process_gives_the_same_output(runs, capsys):
    for verb in ("predict", "evaluate"):
        words = [verb, str(runs / "quantiles"), "--data", str(runs / "load.csv")]
        assert command(*words) == 0
        here = capsys.readouterr().out
        there = subprocess.run([sys.executable, "-m", "scratchnn", *words], capture_output=True, text=True, check=True)
        assert there.stdout == here


def test_gaps_and_missing_values_at_prediction(runs, tmp_path, capsys):
    table = small_table()
    kept = [k for k in range(240) if k not in (100, 101, 239)]
    broken = {name: [column[k] for k in kept] for name, column in table.items()}
    broken["load"][-1] = "NA"
    write_series(tmp_path / "broken.csv", broken)
    assert command("predict", runs / "plain", "--data", tmp_path / "broken.csv", "--all") == 0
    rows = {row[0]: row for row in rows_of(capsys.readouterr().out)}
    times = hours(240)
    assert rows[times[100]][1] == rows[times[238]][1] == ""
    assert float(rows[times[102]][1]) == pytest.approx(table["load"][102], rel=1e-5)
    assert list(rows)[-1] == times[239]


def test_months_go_on_with_months(tmp_path, capsys):
    months = (np.datetime64("1949-01", "M") + np.arange(120)).astype(str).tolist()
    values = (values_of(120) + np.arange(120) / 10).round(3).tolist()
    write_series(tmp_path / "f.csv", {"Month": months, "passengers": values})
    assert train_series("--data", tmp_path / "f.csv", "--horizon", 3, "--calendar", "--out", tmp_path / "run") == 0
    assert "a year earlier" in capsys.readouterr().out
    assert command("predict", tmp_path / "run", "--data", tmp_path / "f.csv") == 0
    assert [row[0] for row in rows_of(capsys.readouterr().out)[1:]] == ["1959-01-01", "1959-02-01", "1959-03-01"]


def test_the_generated_series_has_a_name(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("scratchnn.tasks.forecaster.HOURS", 300)
    assert train_series("--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert command("evaluate", tmp_path / "run", "--data", "solar") == 0
    assert "45 forecasts of power, 2021-01-11 15:00 to 2021-01-13 11:00" in capsys.readouterr().out


# --- learning --------------------------------------------------------------------------------------------------------


def test_a_wave_is_learned(tmp_path, capsys):
    """A network forecasts a noiseless product of two waves far better than the last value."""
    count = 600
    t = np.arange(count)
    columns = {"x": (np.sin(0.3 * t) * np.sin(0.07 * t)).round(5).tolist()}
    write_series(tmp_path / "f.csv", columns)
    options = ["--hidden", 16, "--lr", 0.01, "--epochs", 15, "--batch", 32, "--schedule", "cosine"]
    assert train_series("--data", tmp_path / "f.csv", *options, "--out", tmp_path / "run") == 0
    capsys.readouterr()
    assert command("evaluate", tmp_path / "run", "--data", tmp_path / "f.csv") == 0
    found = table_of(capsys.readouterr().out)
    assert found["this model"][0] < 0.2 * found["last value"][0]


def test_a_damaged_part_is_one_line(runs, tmp_path, capsys):
    run = shutil.copytree(runs / "plain", tmp_path / "run")
    text = (run / "scale.json").read_text()
    (run / "scale.json").write_text(text.replace('"mean": ', '"mean": 1'))
    assert command("predict", run, "--data", runs / "load.csv") == 2
    assert "scale.json is not the one that model.npz was trained with" in capsys.readouterr().err
    (run / "scale.json").write_text("{")
    assert command("predict", run, "--data", runs / "load.csv") == 2
    assert "scale.json is damaged" in capsys.readouterr().err


def test_text_columns_are_read_in_quotes(tmp_path, capsys):
    sky = ["clear, calm", "cloudy"] * 120
    text = csv_text(small_table(240, sky=[f'"{one}"' for one in sky]))
    (tmp_path / "f.csv").write_text(text)
    assert train_series("--data", tmp_path / "f.csv", "--target", "load", "--out", tmp_path / "run") == 0
    assert load(tmp_path / "run").parts["scale"].names() == ["load", "wind", "sky=clear, calm", "sky=cloudy"]
