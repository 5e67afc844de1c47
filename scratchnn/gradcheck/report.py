"""Reports of gradient checks: one line per array, a table of families, a figure, a JSON document."""

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

COLUMNS = 80
DRAWN_ZERO, DRAWN_INFINITY = 1e-17, 1e1  # errors beyond these are drawn here; a logarithmic axis has no zero

Findings = list[tuple[str, Finding]]  # name of the case, finding


def check_cases(
    cases: Iterable[Case],
    methods: tuple[str, ...] = METHODS,
    device: str = "numpy",
    show: Callable[[str], None] | None = None,
) -> Findings:
    """Check all ``cases``, with a progress bar on a terminal; ``show`` is called with the lines of each case as it ends."""
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
    return fit("case, array", right_part("shape", [(method, "at") for method in methods], ""))


def case_lines(case: str, findings: list[Finding], methods: tuple[str, ...] = METHODS) -> list[str]:
    """The name of the case, then one line per array with its errors and their positions, then explanations if it fails."""
    failed = any(not finding.ok for finding in findings)
    lines = [f"{shorten(case, COLUMNS - 5):<{COLUMNS - 4}}{'FAIL' if failed else ''}".rstrip()]
    for name in dict.fromkeys(finding.array for finding in findings):
        by_method = {finding.method: finding for finding in findings if finding.array == name}
        cells = [
            (f"{by_method[m].error:.1e}", index_text(by_method[m].where)) if m in by_method else ("-", "") for m in methods
        ]
        rows = list(by_method.values())
        verdict = "ok" if all(row.ok for row in rows) else "FAIL"
        lines.append(fit(name, right_part(shape_text(rows[0].shape), cells, verdict), indent="  "))
        lines += explanations(rows)
    return lines


def explanations(rows: list[Finding]) -> list[str]:
    """The lines below an array: its values if it fails, or why its gradient is zero; the same text only once."""
    methods_by_text: dict[str, list[str]] = {}
    for row in rows:
        if text := row.note if row.ok else values(row):
            methods_by_text.setdefault(text, []).append("" if row.ok else row.method)
    return [
        line
        for text, methods in methods_by_text.items()
        for line in wrapped((f"{', '.join(methods)}: " if any(methods) else "") + text)
    ]


def values(finding: Finding) -> str:
    """The two values of a failing finding at its largest error, and the note of the finding."""
    if math.isnan(finding.analytic) and math.isnan(finding.numeric):
        return finding.note
    compared, against = {
        "written": ("after", "before"),
        "repeated": ("second", "first"),
        "twice": ("two passes", "twice one pass"),
    }.get(finding.method, ("analytic", "numeric"))
    at = index_text(finding.where)
    return f"{compared} {finding.analytic:.6e}, {against} {finding.numeric:.6e} at {at}; {finding.note}"


def wrapped(text: str) -> list[str]:
    """Lines of at most ``COLUMNS`` characters, indented."""
    return textwrap.wrap(text, COLUMNS, initial_indent="    ", subsequent_indent="      ")


def right_part(shape: str, cells: list[tuple[str, str]], verdict: str) -> str:
    """All columns but the first."""
    return " ".join([f"{shape:<9}", *(f"{error:>7} {where:<8}" for error, where in cells), f"{verdict:<4}"])


def fit(name: str, right: str, indent: str = "") -> str:
    """A line of at most ``COLUMNS`` characters; the beginning of a long name is cut off."""
    width = COLUMNS - len(right) - 1
    return f"{indent + shorten(name, width - len(indent)):<{width}} {right}".rstrip()


def shorten(text: str, width: int) -> str:
    """The end of ``text``, which distinguishes names better than the beginning."""
    return text if len(text) <= width else ".." + text[2 - width :]


def index_text(index: tuple[int, ...]) -> str:
    """``[2,0,1]``."""
    return "[" + ",".join(map(str, index)) + "]"


def shape_text(shape: tuple[int, ...]) -> str:
    """``(3,4,2)``."""
    return "(" + ",".join(map(str, shape)) + ")"


def summary(findings: Findings, methods: tuple[str, ...], seconds: float) -> str:
    """The last two lines: counts and the time; the largest error of each method with its limit."""
    arrays = {(case, finding.array) for case, finding in findings}
    failed = {(case, finding.array) for case, finding in findings if not finding.ok}
    worst = []
    for method in methods:
        errors = [finding.error for _, finding in findings if finding.method == method]
        if errors:
            worst.append(f"{method} {max(errors):.1e} (limit {LIMITS[method]:.0e})")
    cases = counted(len({case for case, _ in findings}), "case")
    time = f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    counts = f"{cases}, {counted(len(arrays), 'array')}, {len(failed)} FAIL in {time}"
    return f"{counts}\nlargest error: {', '.join(worst)}"


def counted(number: int, noun: str) -> str:
    """``1 case``, ``2 cases``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def family_of(case: str) -> str:
    """The part of a case's name before the slash."""
    return case.partition("/")[0]


def family_table(findings: Findings) -> str:
    """One line per family: the numbers of cases and arrays, and the largest error of each method."""
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
    """One row per family, with a dot for the largest relative error of each array by each method."""
    families = list(dict.fromkeys(family_of(case) for case, _ in findings))
    figure, axes = new_figure(9.0, 2.0 + 0.21 * len(families))
    methods = [method for method in METHODS if any(finding.method == method for _, finding in findings)]
    for k, method in enumerate(methods):
        points = [(families.index(family_of(case)), f) for case, f in findings if f.method == method]
        rows = [row + (k - (len(methods) - 1) / 2) * 0.3 for row, _ in points]  # methods one below the other
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
        note += f", an error above {DRAWN_INFINITY:.0f} at {DRAWN_INFINITY:.0f}"
    title = "Gradient checks: the largest relative error of every array"
    label(axes, title, f"largest relative error of an array (log scale; {note})", "family of cases")
    figure.legend(loc="outside lower center", ncols=5, fontsize=8)
    return figure


def drawn(error: float) -> float:
    """The position of an error on the axis."""
    return min(max(error, DRAWN_ZERO), DRAWN_INFINITY) if error == error else DRAWN_INFINITY


def document(findings: Findings, methods: tuple[str, ...], device: str, seconds: float) -> dict[str, Any]:
    """All findings as plain values for JSON; numbers that are not finite become None."""
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
    """``value``, or None for NaN and infinity, which JSON cannot represent."""
    return value if math.isfinite(value) else None
