"""Reports of gradient checks: one line per array, tables of families, a JSON document."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Callable, Iterable
from typing import Any

from scratchnn.gradcheck.engine import LIMITS, METHODS, Finding
from scratchnn.gradcheck.properties import PROPERTIES, REFUSED
from scratchnn.gradcheck.registry import Case
from scratchnn.terminal import WIDTH as COLUMNS
from scratchnn.terminal import progress_bar

LEGEND = (
    "ok: holds in every case of the family that it applies to",
    "1 output: there is no other output whose cotangent could be None",
    "refused: an error in place of a result",
    "fixed: the shape of the case belongs to what it checks",
    "no T, no batch, no lengths: the inputs have no such axis or argument",
    "raises: the reader's code raises an error at this size",
)

Findings = list[tuple[str, Finding]]  # name of the case, finding


def check_cases(
    cases: Iterable[Case],
    methods: tuple[str, ...] = METHODS,
    device: str = "numpy",
    show: Callable[[str], None] | None = None,
    directions: int = 0,
) -> Findings:
    """Check all ``cases``, with a progress bar on a terminal.

    Args:
        cases: what to check.
        methods, device: how and where.
        show: called with the lines of each case as it ends.
        directions: check along so many random directions; entry by entry if 0.
    """
    findings: Findings = []
    with progress_bar(list(cases), unit="case", leave=False) as bar:
        for case in bar:
            bar.set_postfix_str(case.name)
            found = case.check_directions(directions, methods, device) if directions else case.check(methods, device)
            findings += [(case.name, finding) for finding in found]
            if show is not None:
                with bar.external_write_mode():
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
        "bits": ("second run", "first run"),
        "None": ("with None", "with zeros"),
        "layout": ("other layout", "contiguous"),
        "linear": ("of the sum", "sum of both"),
    }.get(finding.method, ("analytic", "numeric"))
    at = f" at {index_text(finding.where)}" if finding.where else ""
    return f"{compared} {finding.analytic:.6e}, {against} {finding.numeric:.6e}{at}; {finding.note}"


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
    """``[2,0,1]``; nothing for a scalar or a direction."""
    return "[" + ",".join(map(str, index)) + "]" if index else ""


def shape_text(shape: tuple[int, ...]) -> str:
    """``(3,4,2)``."""
    return "(" + ",".join(map(str, shape)) + ")"


def summary(findings: Findings, methods: tuple[str, ...], seconds: float, noun: str = "array") -> str:
    """The last two lines: counts, of arrays or of directions, and the time; the largest error of each method."""
    arrays = {(case, finding.array) for case, finding in findings}
    failed = {(case, finding.array) for case, finding in findings if not finding.ok}
    worst = []
    for method in methods:
        errors = [finding.error for _, finding in findings if finding.method == method]
        if errors:
            worst.append(f"{method} {max(errors):.1e} (limit {LIMITS[method]:.0e})")
    cases = counted(len({case for case, _ in findings}), "case")
    time = f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    counts = f"{cases}, {counted(len(arrays), noun)}, {len(failed)} FAIL in {time}"
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


def property_table(cases: Iterable[Case], device: str = "numpy") -> tuple[str, bool]:
    """One line per family, one column per property, and a legend; and whether no property fails."""
    words: dict[str, dict[str, list[str]]] = {}
    for case in cases:
        row = words.setdefault(case.family, {name: [] for name in PROPERTIES})
        for name, outcome in case.properties(device).items():
            row[name].append(outcome.word)
    widths = [max(len(name), *(len(summed(row[name])) for row in words.values())) for name in PROPERTIES]
    family_width = COLUMNS - sum(widths) - len(widths)

    def line(first: str, cells: Iterable[str]) -> str:
        padded = [f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=True)]
        return " ".join([f"{shorten(first, family_width):<{family_width}}", *padded]).rstrip()

    table = [line("family", PROPERTIES)]
    table += [line(family, (summed(row[name]) for name in PROPERTIES)) for family, row in words.items()]
    right = not any("FAIL" in cells for row in words.values() for cells in row.values())
    return "\n".join([*table, "", *(text for item in LEGEND for text in wrapped(item))]), right


def summed(words: list[str]) -> str:
    """The word for a family: the gravest of its cases, or why the property does not apply to the first."""
    return next((word for word in ("FAIL", "ok", REFUSED) if word in words), words[0])


# --- document --------------------------------------------------------------------------------------------------------


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
