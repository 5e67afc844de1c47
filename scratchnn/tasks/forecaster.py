"""``forecaster``: the next values of a series of measurements, one row per step of time in a CSV file."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from scratchnn.backend import backend_name, move, to_numpy
from scratchnn.core import Model
from scratchnn.data import SeriesWindows
from scratchnn.datasets.generated.solar import generated_solar
from scratchnn.datasets.weather import load_weather
from scratchnn.errors import DataError, whole_number
from scratchnn.metrics import mean_absolute_error, root_mean_squared_error
from scratchnn.models.forecaster import LOSSES, ORDERS, READERS, Forecaster, check_quantiles
from scratchnn.recurrent.cells import CELLS
from scratchnn.series import Baselines, Scale, Section, Table, read_table
from scratchnn.series.baselines import target_rows
from scratchnn.series.section import split_rows
from scratchnn.tasks.forecast_report import figure_of, forecast_lines, score_lines
from scratchnn.tasks.report_figure import saved
from scratchnn.tasks.task import Data, Task
from scratchnn.tasks.trained import Trained
from scratchnn.terminal import wrapped
from scratchnn.text import read_text
from scratchnn.text.files import split_lines
from scratchnn.training.run_folder import Parts
from scratchnn.training.settings import Setting, Values

GENERATED, HOURS = "solar", 8760
KNOWN_TARGETS = {GENERATED: "power", "weather:beijing": "TEMP", "weather:melbourne": "Temp"}
BATCH = 512  # windows side by side in evaluation
WINDOW = ("lookback", "step", "delay", "horizon")
ARCHITECTURE = (
    "hidden_size", "reader", "order", "cell", "layers", "bidirectional", "kernel_size", "pool", "dropout",
    "recurrent_dropout", "error",
)  # fmt: skip
SOURCES = "CSV file with a header, weather:beijing, weather:melbourne, or solar, generated (default)"


class ForecasterTask(Task):
    """A series of measurements, one of which is to be forecast."""

    name = "forecaster"
    title = "a forecaster"
    description = "Train a forecaster of a series: measurements in a CSV file, one row per step of time."
    own = (
        Setting("--data", "data", None, SOURCES, metavar="FILE", identity=False),
        Setting("--target", "target", None, "column to forecast (default: if there is only one)", metavar="NAME"),
        Setting("--columns", "columns", None, "other columns to read (default: all)", metavar="NAME", many=True),
        Setting(
            "--time-column",
            "time_columns",
            None,
            "column of the time, or several (default: guessed)",
            metavar="NAME",
            many=True,
        ),
        Setting("--calendar", "calendar", False, "read the time of day, week and year as well", bool),
        Setting("--lookback", "lookback", 48, "rows that a forecast looks back on", int, "ROWS"),
        Setting("--step", "step", 1, "read one row of the window in so many", int, "ROWS"),
        Setting("--delay", "delay", 1, "rows from the last one read to the first forecast", int, "ROWS"),
        Setting("--horizon", "horizon", 1, "rows to forecast", int, "ROWS"),
        Setting("--valid-share", "valid_share", 0.15, "part of the rows for validation", float, "PART", inherited=False),
        Setting(
            "--test-share", "test_share", 0.15, "the last part, never read in training", float, "PART", inherited=False
        ),
        Setting("--reader", "reader", "recurrent", "layers that read the window", metavar="READER", choices=READERS),
        Setting("--cell", "cell", "gru", "recurrent cell", choices=tuple(CELLS)),
        Setting("--hidden", "hidden_size", 32, "units of each layer", int, "H"),
        Setting("--layers", "layers", 1, "recurrent layers, or convolutions of conv", int, "L"),
        Setting("--bidirectional", "bidirectional", False, "read in both directions", bool),
        Setting("--kernel", "kernel_size", 3, "steps that a convolution looks at", int, "K"),
        Setting("--pool", "pool", 3, "steps that conv-recurrent pools", int, "P"),
        Setting("--order", "order", "forward", "order of the rows of a window", choices=ORDERS),
        Setting("--dropout", "dropout", 0.0, "dropout between layers", float, "P", inherited=False),
        Setting("--recurrent-dropout", "recurrent_dropout", 0.0, "dropout of the state", float, "P", inherited=False),
        Setting("--error", "error", "absolute", "error that training makes small", choices=tuple(LOSSES), inherited=False),
        Setting("--quantiles", "quantiles", [], "forecast these quantiles, such as 0.1 0.5 0.9", metavar="Q", many=True),
    )
    prediction = (Setting("--all", "all", False, "also the rows of the file that can be forecast", bool),)
    defaults: ClassVar = {"epochs": 20, "batch_size": 128}
    rates: ClassVar = {"adam": 0.002}
    metric = "mae"
    shown = ("loss", "mae")
    part_names = ("scale", "baselines")
    model = Forecaster

    def complete(self, settings: Values) -> None:
        """The median is among the quantiles, and a window has at least one row."""
        if settings["step"] > settings["lookback"]:
            raise DataError(f"--step {settings['step']} leaves no row in a --lookback of {settings['lookback']}")
        levels = quantiles_of(settings)
        check_quantiles(levels)
        if levels and 0.5 not in levels:
            raise DataError(f"--quantiles must contain 0.5, the forecast itself, got {' '.join(settings['quantiles'])}")

    # --- data --------------------------------------------------------------------------------------------------------

    def read(self, settings: Values, parts: Parts | None = None) -> Data:
        """The three sections of a series, a scale of the first one, and simple forecasts to compare with."""
        place, text = source_of(settings["data"])
        table = read_table(place, text, settings["time_columns"] if parts is None else parts["scale"].time_columns)
        begin, end = split_rows(table, settings["valid_share"], settings["test_share"])
        if parts is None:
            settings["target"] = target_of(settings, table)
            scale = Scale.fit(table, begin, settings["target"], settings["columns"], settings["calendar"])
        else:
            scale = parts["scale"]
        valid = Section.of("the validation section", table, scale, begin, end)
        train = valid.part("the training section", 0, begin)
        windows, valid_windows = (self.windows(part, settings) for part in (train, valid))
        baselines = Baselines.fit(windows, valid_windows, valid, scale, quantiles_of(settings))
        settings["seen"] = end if table.times is None else str(table.times[end - 1])
        simple = ", ".join(f"{name} {error:.4f}" for name, error in baselines.errors.items())
        notes = [
            *table.notes,
            f"forecast of {scale.target.name} from {', '.join(scale.names())}",
            f"validation mae of simple forecasts: {simple}",
            f"{windows.count:,} windows to learn, {valid_windows.count:,} to validate",
        ]
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        return Data({"scale": scale, "baselines": baselines}, train, valid, digest, "\n".join(notes))

    def windows(self, section: Section, settings: Values) -> SeriesWindows:
        """The windows of a section, by the settings."""
        sizes = {name: settings[name] for name in WINDOW}
        return section.windows(settings["batch_size"], sizes, settings["seed"])

    def config(self, settings: Values, parts: Parts) -> dict[str, Any]:
        """Sizes of the windows, and the architecture."""
        chosen = {name: settings[name] for name in ARCHITECTURE if name in settings}
        width = settings["lookback"] // settings["step"]
        sizes = {"input_size": len(parts["scale"].names()), "width": width, "horizon": settings["horizon"]}
        return {**sizes, **chosen, "quantiles": quantiles_of(settings)}

    def batches(self, train: Section, settings: Values, parts: Parts) -> SeriesWindows:
        """Windows, in another order in each epoch."""
        return self.windows(train, settings)

    # --- use ---------------------------------------------------------------------------------------------------------

    def evaluate(self, model: Model, examples: Section, settings: Values, parts: Parts) -> dict[str, float]:
        """The mean loss, scaled; mean absolute and root mean squared error in the target's unit."""
        windows = self.windows(examples, settings)
        loss, y = forecast(model, windows)
        forecasts = middle(parts["scale"].in_units(y), model)
        targets = examples.target[target_rows(windows)]
        mae, rmse = mean_absolute_error(forecasts, targets), root_mean_squared_error(forecasts, targets)
        return {"loss": loss, "mae": mae, "rmse": rmse}

    def examples(self, files: Sequence[str], settings: Values, parts: Parts) -> Section:
        """The rows of a file that training has not seen: those after its validation section, all if there are none."""
        if len(files) > 1:
            raise DataError(f"a series is one file; evaluate {files[0]} and {files[1]} one after the other")
        place, text = source_of(files[0])
        table = read_table(place, text, parts["scale"].time_columns)
        begin = 0
        same = settings.get("data_digest") == hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if table.times is not None:
            begin = int((table.times <= seen_time(settings)).sum())
        elif same:
            begin = whole_number(settings.get("seen"), "settings.json: seen")
        else:
            table.notes.append(f"{place}: without times, rows of the training data cannot be told apart; all are forecast")
        if settings.get("start") is not None:
            table.notes.append(f"{place}: rows that the run of --from was trained on may be among these")
        if begin >= table.count:
            table.notes.append(f"{place}: all rows are from the time of training and validation; all of them are forecast")
            begin = 0
        return Section.of("the file", table, parts["scale"], begin, table.count)

    def report(self, trained: Trained, files: Sequence[str]) -> Iterator[str]:
        """Errors of the model and of the simple forecasts; a figure is saved in the run folder."""
        settings, scale, baselines = trained.settings, trained.parts["scale"], trained.parts["baselines"]
        section = self.examples(files, settings, trained.parts)
        windows = self.windows(section, settings)
        yield from section.table.notes
        rows = target_rows(windows)
        levels = trained.model.config["quantiles"]
        y = scale.in_units(forecast(trained.model, windows)[1])
        forecasts = {"this model": middle(y, trained.model), **baselines.forecasts(windows, section, scale)}
        first, last = (section.table.row_name(int(row)) for row in (rows[0, 0], rows[-1, -1]))
        yield f"{windows.count:,} forecasts of {scale.target.name}, {first} to {last}"
        quantiles = y if levels else None
        yield from score_lines(forecasts, section.target[rows], windows, baselines, quantiles, levels)
        figure = figure_of(forecasts, section, rows, windows, baselines.best, scale.target.name, quantiles)
        yield saved(figure, Path(trained.place) / "forecast.png", "figure")

    def read_input(self, trained: Trained, file: str) -> list[str]:
        """The lines of a file or of a known set; what was done to its rows is printed on standard error."""
        place, text = source_of(file)
        notes = read_table(place, text, trained.parts["scale"].time_columns).notes
        print(*map(wrapped, notes), sep="\n", end="\n" if notes else "", file=sys.stderr)
        return split_lines(text)

    def predict(self, trained: Trained, lines: Iterable[str], options: Values) -> Iterator[str]:
        """A CSV file with the forecasts beyond the last row of the lines, which are those of a CSV file."""
        settings, scale = trained.settings, trained.parts["scale"]
        table = read_table("the input", "".join(f"{line}\n" for line in lines), scale.time_columns)
        section = Section.of("the input", table, scale, 0, table.count)
        sizes = {name: settings[name] for name in WINDOW}
        last = (sizes["lookback"] // sizes["step"] - 1) * sizes["step"]
        if table.count <= last:
            raise DataError(
                f"the input has {table.count:,} rows; a forecast looks back on {last + 1:,}, so add earlier ones"
            )
        if np.isnan(section.target[table.count - last - 1 :]).all():
            raise DataError(f"the last {last + 1:,} rows have no value of {scale.target.name!r}; add measurements")
        first = last + sizes["delay"] if options["all"] else table.count
        ends, ahead = origins(first, table.count, sizes["delay"], sizes["horizon"])
        starts = np.unique(ends) - last
        unknown = sizes["delay"] + sizes["horizon"] - 1  # rows that the last windows forecast; zeros in their place
        series = np.pad(section.inputs, ((0, unknown), (0, 0)))
        windows = SeriesWindows(series, np.pad(section.scaled, (0, unknown)), BATCH, **sizes, starts=starts)
        y = scale.in_units(forecast(trained.model, windows)[1])
        chosen = y[np.searchsorted(starts, ends - last), ahead - sizes["delay"]]
        measured = section.target if options["all"] else None
        yield from forecast_lines(table, ends + ahead, chosen, scale.target, trained.model.config["quantiles"], measured)


def seen_time(settings: Values) -> np.datetime64:
    """The time of the last row that training or validation has seen."""
    try:
        return np.datetime64(str(settings.get("seen")))
    except ValueError:
        raise DataError(f"settings.json: seen must be a time, got {settings.get('seen')!r}") from None


def source_of(data: str | None) -> tuple[str, str]:
    """The place and the text of a CSV file, of a part of ``weather``, or of the generated series, ``solar``."""
    if data is None or (data == GENERATED and not os.path.exists(data)):
        return GENERATED, generated_solar(HOURS, seed=0)
    name, _, part = data.partition(":")
    if name == "weather" and not os.path.exists(data):
        part = part or "beijing"
        return f"weather:{part}", load_weather(part)
    return data, read_text(data)


def target_of(settings: Values, table: Table) -> str:
    """The target that is given, that of a known set, or the only column of numbers."""
    if settings["target"] is not None:
        return str(settings["target"])
    numbers = [name for name in table.names if not table.is_text(name)]
    if table.place in KNOWN_TARGETS:
        return KNOWN_TARGETS[table.place]
    if len(numbers) == 1:
        return numbers[0]
    raise DataError(f"{table.place}: choose the column to forecast with --target; columns of numbers: {', '.join(numbers)}")


def quantiles_of(settings: Values) -> list[float]:
    """The quantiles as numbers."""
    try:
        return [float(level) for level in settings.get("quantiles", [])]
    except ValueError:
        raise DataError(f"--quantiles must be numbers, got {' '.join(settings['quantiles'])}") from None


def forecast(model: Model, windows: SeriesWindows) -> tuple[float, np.ndarray]:
    """The mean loss, scaled, and the scaled forecasts (K, h), or (K, h, Q), of all windows in their order."""
    assert isinstance(model, Forecaster)
    name = backend_name(model.output.W.data)
    starts = np.arange(windows.count) if windows.starts is None else windows.starts
    total, found = 0.0, []
    with model.evaluation():
        for k in range(0, len(starts), BATCH):
            x, targets = (move(part, name) for part in windows.pick(starts[k : k + BATCH]))
            y = model.forward(x)
            total += float(to_numpy(model.score(y, targets)[0])) * len(x)
            found.append(to_numpy(y))
    y = np.concatenate(found)
    return total / len(starts), np.sort(y, axis=-1) if y.ndim == 3 else y  # quantiles that cross are put in order


def middle(y: np.ndarray, model: Model) -> np.ndarray:
    """The forecasts (K, h) themselves: those of the median if there are quantiles (K, h, Q)."""
    return y[:, :, model.config["quantiles"].index(0.5)] if y.ndim == 3 else y


def origins(first: int, count: int, delay: int, horizon: int) -> tuple[np.ndarray, np.ndarray]:
    """The rows from ``first`` on that can be forecast, each as the last known row and the number of rows ahead of it.

    Each is forecast from the latest row possible. Beyond the last row a = ``count`` - 1, these are the rows a + 1 ..
    a + ``delay`` + ``horizon`` - 1.
    """
    rows = np.arange(first, count + delay + horizon - 1)
    ends = np.minimum(rows - delay, count - 1)
    return ends, rows - ends


KIND = ForecasterTask()
