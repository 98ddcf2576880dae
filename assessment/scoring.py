"""From counts and a scheme to points: pure functions, every formula printed as it was computed.

Only confirmed findings cost points. Denominators never change with confirmation: what is not (yet) confirmed stays in the
numerator, so that a suspicion can neither cost a point nor make another fault weigh more.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from assessment.scheme import Indicator, Scheme

_RATES = {  # numerator's count, denominator's count, confirmed codes that take away from the full numerator
    "publish_on_time": ("publish_due", ("published_late", "not_published"), "到期应公示"),
    "report_on_time": ("report_due", ("submitted_late", "not_submitted"), "到期应报送"),
    "compliant": ("checked", ("noncompliant",), "报送记录"),
    "fields_filled": ("fields_required", ("missing_fields",), "应填要素"),
    "consistent": ("compared", ("inconsistent",), "两方比对"),
}


@dataclass(frozen=True)
class Basis:
    """What one unit is scored from: its counts, its confirmed findings, its columns and catalogue."""

    counts: Mapping[str, int]
    confirmed: Mapping[str, int]
    columns: Mapping[str, int]
    catalogue_items: int
    catalogue_known: bool
    rectified: Mapping[str, int]  # due, in_time, checked, passed


@dataclass(frozen=True)
class Line:
    """One indicator's result. `points` None: not applicable, its points are spread over the others."""

    indicator: Indicator
    points: float | None
    numerator: float | None
    denominator: float | None
    excluded: int | None
    formula: str


@dataclass(frozen=True)
class Result:
    lines: list[Line]
    total: float | None
    grade: str | None
    formula: str
    due: int


def score(scheme: Scheme, basis: Basis) -> Result:
    """The unit's lines and its total, rescaled to the full points where an indicator does not apply."""
    due = basis.counts["due"]
    small = due < scheme.minimum_due
    lines = [_line(one, basis, small, scheme.minimum_due) for one in scheme.indicators]
    applicable = [line for line in lines if line.points is not None]
    if due == 0 or len(applicable) == 0:
        return Result(lines, None, None, "没有到期的决定，不评分" if due == 0 else "没有适用的指标", due)
    got = sum(line.points or 0.0 for line in applicable)
    most = sum(line.indicator.points for line in applicable)
    total = round(got / most * scheme.full, 2)
    if most < scheme.full:
        names = "、".join(line.indicator.id for line in lines if line.points is None)
        formula = f"总分 = {_n(got)} ÷ {_n(most)} × {_n(scheme.full)} = {_n(total)}（{names} 不适用，按适用指标折算）"
    else:
        formula = f"总分 = {_n(got)}"
    return Result(lines, total, scheme.grade(total), formula, due)


def rank(scheme: Scheme, results: Mapping[str, Result]) -> dict[str, int | None]:
    """Rank by total; equal totals share a rank; units under the scheme's minimum of due records are not ranked."""
    ranked = {
        unit: result.total
        for unit, result in results.items()
        if result.total is not None and result.due >= scheme.minimum_due
    }
    return {
        unit: 1 + sum(other > ranked[unit] for other in ranked.values()) if unit in ranked else None for unit in results
    }


def rows(period: str, scheme: Scheme, results: Mapping[str, Result]) -> list[dict[str, Any]]:
    """Rows of table `score`."""
    ranks = rank(scheme, results)
    return [
        {
            "period": period,
            "unit_id": unit,
            "indicator": line.indicator.id,
            "position": position,
            "title": line.indicator.title,
            "scheme": scheme.name,
            "scheme_version": scheme.version,
            "total": result.total,
            "grade": result.grade,
            "rank": ranks[unit],
            "ranked": ranks[unit] is not None,
            "points": _float(line.points),
            "max_points": line.indicator.points,
            "numerator": _float(line.numerator),
            "denominator": _float(line.denominator),
            "excluded": line.excluded,
            "formula": line.formula,
        }
        for unit, result in sorted(results.items())
        for position, line in enumerate(result.lines, start=1)
    ]


# ---------------------------------------------------------------- one indicator


def _line(one: Indicator, basis: Basis, small: bool, minimum: int) -> Line:
    rules = {
        "missing": _missing,
        "rate": _rate,
        "steps": _rate,
        "catalogue": _catalogue,
        "columns": _columns,
        "rectification": _rectification,
        "findings": _findings,
    }
    line = rules[one.rule](one, basis, small, minimum)
    return line if line.points is None else replace(line, points=round(min(max(line.points, 0.0), one.points), 2))


def _missing(one: Indicator, basis: Basis, small: bool, minimum: int) -> Line:
    code, due = ("not_submitted", "report_due") if one.of == "report" else ("not_published", "publish_due")
    denominator, missing = basis.counts[due], min(basis.confirmed.get(code, 0), basis.counts[due])
    excluded = _excluded(basis, one.of or "report")
    if denominator == 0:
        return _not_applicable(one, denominator, excluded, "没有到期的决定")
    by_record = one.per_record * missing
    by_rate = one.points * (missing / denominator) / one.slope
    if small:
        points = one.points - by_record
        formula = f"{_n(one.points)} − {_n(one.per_record)} × {missing} = {_n(max(points, 0))}（到期不足 {minimum} 条，只按条扣分）"
    else:
        points = one.points - max(by_record, by_rate)
        formula = (
            f"{_n(one.points)} − max({_n(one.per_record)} × {missing}, {_n(one.points)} × {missing}/{denominator} ÷ {one.slope:.0%})"
            f" = {_n(max(points, 0))}"
        )
    return Line(one, points, missing, denominator, excluded, formula + _open(basis, one.of or "report"))


def _rate(one: Indicator, basis: Basis, small: bool, minimum: int) -> Line:
    due, codes, words = _RATES[one.of or ""]
    denominator = basis.counts[due]
    if one.late_after is not None:  # the scheme's own line: late only beyond it; what is missing stays missing
        codes = tuple(f"{code}>{one.late_after}" if code.endswith("_late") else code for code in codes)
        words += f"（超过 {one.late_after} 个工作日计迟）"
    lost = min(sum(basis.confirmed.get(code, 0) for code in codes), denominator)
    numerator = denominator - lost
    duty = {"publish_on_time": "publish", "report_on_time": "report"}.get(one.of or "")
    excluded = _excluded(basis, duty) if duty else 0
    if denominator == 0:
        return _not_applicable(one, denominator, excluded, f"没有{words}")
    if small:
        return _not_applicable(
            one, denominator, excluded, f"到期不足 {minimum} 条，{words} {denominator}，只计数不计率", numerator
        )
    rate = numerator / denominator
    if one.rule == "steps":
        share = next((share for bound, share in sorted(one.steps, key=lambda s: -s[0]) if rate >= bound), 0.0)
        formula = (
            f"{numerator}/{denominator} = {rate:.2%}，得 {_n(one.points)} × {share:.0%} = {_n(one.points * share)}"
        )
        return Line(one, one.points * share, numerator, denominator, excluded, formula)
    if rate >= one.full_at:
        points = one.points
        formula = f"{numerator}/{denominator} = {rate:.2%} ≥ {one.full_at:.0%}，得 {_n(points)}"
    else:
        points = one.points * rate
        formula = f"{_n(one.points)} × {numerator}/{denominator} = {_n(points)}（{rate:.2%} < {one.full_at:.0%}）"
    return Line(one, points, numerator, denominator, excluded, formula + (_open(basis, duty) if duty else ""))


def _catalogue(one: Indicator, basis: Basis, small: bool, minimum: int) -> Line:
    if not basis.catalogue_known:
        return _not_applicable(one, None, None, "目录清单尚未导入")
    missing = basis.confirmed.get("catalogue_missing", 0)
    silent = min(basis.confirmed.get("silent_item", 0), basis.catalogue_items)
    rest = one.points - one.share
    if missing:
        return Line(one, 0.0, 0, 1, None, f"无目录，0 × {_n(one.points)} = 0")
    items = max(basis.catalogue_items, 1)
    points = one.share + rest * (items - silent) / items
    formula = f"{_n(one.share)} + {_n(rest)} × {items - silent}/{items} = {_n(points)}"
    return Line(one, points, basis.catalogue_items - silent, basis.catalogue_items, None, formula)


def _columns(one: Indicator, basis: Basis, small: bool, minimum: int) -> Line:
    columns = basis.columns
    blind = columns["blind"]
    seen = columns["portals"] - blind
    if columns["portals"] == 0:
        return _not_applicable(one, 0, None, "没有登记的专栏")
    if seen <= 0:
        return _not_applicable(one, 0, blind, f"专栏 {blind} 个本期均被拦截或未能查看，无法判定")
    note = f"专栏 {seen} 个" + (f"，另有 {blind} 个未能查看、不计" if blind else "")
    broken = columns["missing"] + columns["unreachable"]
    good = max(seen - broken - columns["empty"], 0)
    if broken:
        return Line(one, 0.0, good, seen, blind, f"{note}；缺失或长期不可用 {broken} 个，得 0")
    off = f" − {_n(one.per_empty)} × {columns['empty']}"
    points = one.points - one.per_empty * columns["empty"]
    for each, fault, words in ((one.per_dead, "dead", "打不开的链接"), (one.per_undated, "undated", "不标日期的列表")):
        if each and columns[fault]:
            points -= each * columns[fault]
            off += f" − {_n(each)} × {columns[fault]}"
            note += f"，{words} {columns[fault]} 个"
    formula = f"{_n(one.points)}{off} = {_n(max(points, 0))}（{note}）"
    return Line(one, points, good, seen, blind, formula)


def _findings(one: Indicator, basis: Basis, small: bool, minimum: int) -> Line:
    """Numerator: confirmed findings of the codes; denominator: the unit's decisions, which they are among."""
    n = sum(basis.confirmed.get(code, 0) for code in one.codes)
    points = one.points - one.per_record * n
    formula = f"{_n(one.points)} − {_n(one.per_record)} × {n} = {_n(max(points, 0))}"
    return Line(one, points, n, basis.counts["decisions"], None, formula)


def _rectification(one: Indicator, basis: Basis, small: bool, minimum: int) -> Line:
    due, checked = basis.rectified["due"], basis.rectified["checked"]
    if basis.counts["due"] == 0:
        return _not_applicable(one, 0, None, "没有到期的决定，没有可整改的内容")
    if sum(basis.confirmed.values()) == 0:
        return Line(one, one.points, 0, 0, None, f"没有查实问题，得 {_n(one.points)}")
    if due == 0 or checked == 0:
        return _not_applicable(one, due, None, "查实问题的整改尚未到期或尚未复核")
    rest = one.points - one.share
    in_time, passed = basis.rectified["in_time"], basis.rectified["passed"]
    points = one.share * in_time / due + rest * passed / checked
    formula = f"{_n(one.share)} × {in_time}/{due} + {_n(rest)} × {passed}/{checked} = {_n(points)}"
    return Line(one, points, in_time, due, None, formula)


def _not_applicable(
    one: Indicator, denominator: float | None, excluded: int | None, why: str, numerator: float | None = None
) -> Line:
    return Line(one, None, numerator, denominator, excluded, f"不适用：{why}")


def _excluded(basis: Basis, duty: str) -> int:
    """Decisions outside the denominator: not due, exempt, or not decidable by what we saw."""
    return basis.counts["decisions"] - basis.counts[f"{duty}_due"]


def _open(basis: Basis, duty: str) -> str:
    """How many findings of this duty are not confirmed and therefore cost nothing."""
    missing, late = {"report": ("not_submitted", "submitted_late"), "publish": ("not_published", "published_late")}[
        duty
    ]
    found = basis.counts[f"{duty}_missing"] + basis.counts[f"{duty}_late"]
    waiting = max(found - basis.confirmed.get(missing, 0) - basis.confirmed.get(late, 0), 0)
    return f"；另有 {waiting} 条未查实，未扣分" if waiting else ""


def _n(value: float) -> str:
    """At most two decimals, none that say nothing.

    >>> _n(15.0), _n(13.8)
    ('15', '13.8')
    """
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _float(value: float | None) -> float | None:
    return None if value is None else float(value)
