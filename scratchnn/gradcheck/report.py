"""Gradient checks told to a reader: running them, a line for each array, a table of families, a figure, a document."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from scratchnn.gradcheck.engine import LIMITS, METHODS, Finding
from scratchnn.gradcheck.registry import Case
from scratchnn.plot import COLOURS, label, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMNS = 100
DRAWN_ZERO, DRAWN_INFINITY = 1e-17, 1e1  # where a logarithmic axis shows what has no place on it

Findings = list[tuple[str, Finding]]  # name of the case, finding


def check_cases(
    cases: Iterable[Case],
    methods: tuple[str, ...] = METHODS,
    device: str = "numpy",
    show: Callable[[str], None] | None = None,
) -> Findings:
    """Check all ``cases`` behind a progress bar (on a terminal); ``show`` gets the lines of each case as it ends."""
    findings: Findings = []
    with tqdm(list(cases), disable=None, unit="case", leave=False, ncols=COLUMNS, nrows=20) as bar:
        for case in bar:
            bar.set_postfix_str(case.name)
            found = case.check(methods, device)
            findings += [(case.name, finding) for finding in found]
            if show is not None:
                with tqdm.external_write_mode():
                    show("\n".join(case_lines(case.name, found, methods)))
    return findings


# --- lines -----------------------------------------------------------------------------------------------------------


def header(methods: tuple[str, ...]) -> str:
    """The line above the table."""
    return fit("case", "array", right_part("shape", [(method, "at") for method in methods], ""))


def case_lines(case: str, findings: list[Finding], methods: tuple[str, ...] = METHODS) -> list[str]:
    """One line for each array: errors by each method and where they are; what is wrong stands below it."""
    lines = []
    for name in dict.fromkeys(finding.array for finding in findings):
        by_method = {finding.method: finding for finding in findings if finding.array == name}
        cells = [
            (f"{by_method[m].error:.1e}", index_text(by_method[m].where)) if m in by_method else ("-", "") for m in methods
        ]
        rows = list(by_method.values())
        verdict = "ok" if all(row.ok for row in rows) else "FAIL"
        lines.append(fit(case, name, right_part(shape_text(rows[0].shape), cells, verdict)))
        lines += explanations(rows)
    return lines


def explanations(rows: list[Finding]) -> list[str]:
    """What stands below an array's line: its values where it fails, or why it is zero; methods that agree say it once."""
    told: dict[str, list[str]] = {}
    for row in rows:
        if text := row.note if row.ok else values(row):
            told.setdefault(text, []).append("" if row.ok else row.method)
    return [
        line
        for text, methods in told.items()
        for line in wrapped((f"{', '.join(methods)}: " if any(methods) else "") + text)
    ]


def values(finding: Finding) -> str:
    """The two values of a failing finding that differ most, and what is known about it."""
    if math.isnan(finding.analytic) and math.isnan(finding.numeric):
        return finding.note
    compared, against = {
        "written": ("after", "before"),
        "repeated": ("second", "first"),
        "twice": ("found", "twice one"),
    }.get(finding.method, ("analytic", "numeric"))
    at = index_text(finding.where)
    return f"{compared} {finding.analytic:.6e}, {against} {finding.numeric:.6e} at {at}; {finding.note}"


def wrapped(text: str) -> list[str]:
    """Lines of at most ``COLUMNS``, indented."""
    return textwrap.wrap(text, COLUMNS, initial_indent="    ", subsequent_indent="      ")


def right_part(shape: str, cells: list[tuple[str, str]], verdict: str) -> str:
    """All columns but the first two."""
    return " ".join([f"{shape:<9}", *(f"{error:>7} {where:<8}" for error, where in cells), f"{verdict:<4}"])


def fit(case: str, array: str, right: str) -> str:
    """A line of at most ``COLUMNS``: where names are too long, their beginnings make room."""
    room = COLUMNS - len(right) - 1
    name_room = max(room - max(len(array), 14) - 1, 24)
    name = shorten(case, name_room)
    width = max(len(name), min(name_room, 36))
    left = f"{name:<{width}} {shorten(array, room - width - 1)}"
    return f"{left:<{room}} {right}".rstrip()


def shorten(text: str, width: int) -> str:
    """The end of ``text``, which tells names apart."""
    return text if len(text) <= width else ".." + text[2 - width :]


def index_text(index: tuple[int, ...]) -> str:
    """``[2,0,1]``."""
    return "[" + ",".join(map(str, index)) + "]"


def shape_text(shape: tuple[int, ...]) -> str:
    """``(3,4,2)``."""
    return "(" + ",".join(map(str, shape)) + ")"


def summary(findings: Findings, methods: tuple[str, ...], seconds: float) -> str:
    """The last line: counts, the worst error of each method with its limit, and the time it took."""
    arrays = {(case, finding.array) for case, finding in findings}
    failed = {(case, finding.array) for case, finding in findings if not finding.ok}
    worst = []
    for method in methods:
        errors = [finding.error for _, finding in findings if finding.method == method]
        if errors:
            worst.append(f"{method} {max(errors):.1e} ({LIMITS[method]:.0e})")
    cases = len({case for case, _ in findings})
    time = f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    return f"{cases} cases, {len(arrays)} arrays, {len(failed)} FAIL; worst (limit) {', '.join(worst)}; {time}"


def family_of(case: str) -> str:
    """The part of a case's name before the slash."""
    return case.partition("/")[0]


def family_table(findings: Findings) -> str:
    """One line for each family: cases, arrays, worst error of each method."""
    lines = [f"{'family':<24} {'cases':>5} {'arrays':>6}  " + " ".join(f"{method:>8}" for method in METHODS)]
    for family in dict.fromkeys(family_of(case) for case, _ in findings):
        own = [(case, finding) for case, finding in findings if family_of(case) == family]
        errors = [
            f"{max((f.error for _, f in own if f.method == method), default=math.nan):8.1e}".replace("nan", "-")
            for method in METHODS
        ]
        cases, arrays = len({case for case, _ in own}), len({(case, f.array) for case, f in own})
        verdict = "ok" if all(f.ok for _, f in own) else "FAIL"
        lines.append(f"{shorten(family, 24):<24} {cases:>5} {arrays:>6}  {' '.join(errors)}  {verdict}")
    return "\n".join(lines)


# --- figure and document ---------------------------------------------------------------------------------------------


def plot_findings(findings: Findings) -> Figure:
    """A row for each family, a dot for the largest relative error of each array by each method."""
    families = list(dict.fromkeys(family_of(case) for case, _ in findings))
    figure, axes = new_figure(9.0, 2.0 + 0.21 * len(families))
    methods = [method for method in METHODS if any(finding.method == method for _, finding in findings)]
    for k, method in enumerate(methods):
        points = [(families.index(family_of(case)), f) for case, f in findings if f.method == method]
        rows = [row + (k - (len(methods) - 1) / 2) * 0.3 for row, _ in points]  # one method's dots just below the other's
        errors = [drawn(finding.error) for _, finding in points]
        axes.scatter(errors, rows, s=14, color=COLOURS[k], alpha=0.6, linewidths=0, label=method, zorder=3)
        limit = LIMITS[method]
        axes.axvline(limit, color=COLOURS[k], linestyle="--", linewidth=1.2, label=f"limit, {method}: {limit:.0e}")
    failed = [(families.index(family_of(case)), drawn(finding.error)) for case, finding in findings if not finding.ok]
    if failed:
        rows, errors = [row for row, _ in failed], [error for _, error in failed]
        axes.scatter(errors, rows, s=60, marker="x", color="black", linewidths=1.2, label="fails", zorder=4)
    axes.set_xscale("log")
    axes.set_xlim(DRAWN_ZERO / 4, max(DRAWN_INFINITY if failed else 0, 1e-5))
    axes.set_yticks(range(len(families)), families, fontsize=8)
    axes.set_ylim(len(families) - 0.4, -0.6)
    note = f"an error of exactly 0 is drawn at {DRAWN_ZERO:.0e}"
    if any(finding.error > DRAWN_INFINITY for _, finding in findings):
        note += f", one above {DRAWN_INFINITY:.0f} at {DRAWN_INFINITY:.0f}"
    title = "Gradient checks: every array's largest relative error"
    label(axes, title, f"largest relative error of an array (log scale; {note})", "family of cases")
    figure.legend(loc="outside lower center", ncols=5, fontsize=8)
    return figure


def drawn(error: float) -> float:
    """Where an error stands on the axis."""
    return min(max(error, DRAWN_ZERO), DRAWN_INFINITY) if error == error else DRAWN_INFINITY


def document(findings: Findings, methods: tuple[str, ...], device: str, seconds: float) -> dict[str, Any]:
    """Everything as plain values for JSON; a number that is not finite becomes ``None``."""
    failed = {(case, finding.array) for case, finding in findings if not finding.ok}
    return {
        "methods": list(methods),
        "device": device,
        "limits": {method: LIMITS[method] for method in methods},
        "seconds": round(seconds, 3),
        "cases": len({case for case, _ in findings}),
        "arrays": len({(case, finding.array) for case, finding in findings}),
        "failed": len(failed),
        "findings": [
            {
                "case": case,
                "array": f.array,
                "shape": list(f.shape),
                "method": f.method,
                "error": finite(f.error),
                "where": list(f.where),
                "analytic": finite(f.analytic),
                "numeric": finite(f.numeric),
                "ok": f.ok,
                "note": f.note,
            }
            for case, f in findings
        ],
    }


def finite(value: float) -> float | None:
    """``value``, or ``None`` for NaN and infinity, which JSON does not have."""
    return value if math.isfinite(value) else None
