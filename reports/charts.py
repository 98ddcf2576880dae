"""Drawings by Altair and vl-convert: SVG inside pages, PNG inside mails. Colours mean the same everywhere.

Vega measures text with the typeface of `reports.fonts`, so nothing depends on what the machine has installed.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from reports import fonts
from reports.data import PeriodReport

GRADE_COLOURS = ["#2e7d5b", "#2f6496", "#c08a2b", "#a8322a"]  # best to worst, in the scheme's order
TIMELY = {"及时": "#2e7d5b", "迟报（迟公示）": "#d08a1d", "未报（未公示）": "#a8322a", "无法判定": "#b9c1c9"}
LOOKS = {
    "看全": "#2e7d5b", "部分看到": "#d9b44a", "无此栏目": "#7d5ba6", "被拦截或打不开": "#a8322a", "系统故障": "#5f6b76",
    "未查看": "#eceff2",
}  # fmt: skip
_INK, _SOFT, _GRID = "#1b2b3c", "#55606c", "#e3e8ed"
MOST_STRIPS = 60  # a heat strip with more lines than a page helps nobody


class Charts:
    """The drawings of one period; each is made when a template asks for it and then kept."""

    def __init__(self, p: PeriodReport) -> None:
        self.p = p
        self._svg: dict[str, Markup] = {}

    def ranking(self) -> Markup:
        """Totals of the ranked units, best first, coloured by grade."""
        return self._once("ranking", ranking(self.p))

    def timeliness(self) -> Markup:
        """On time, late, missing and undecided for each kind and clock."""
        return self._once("timeliness", timeliness(self.p))

    def coverage(self) -> Markup:
        """Every day's looks of each portal that was not always seen whole."""
        return self._once("coverage", coverage(self.p))

    def _once(self, name: str, spec: dict[str, Any] | None) -> Markup:
        if name not in self._svg:
            self._svg[name] = Markup("") if spec is None else svg(spec)
        return self._svg[name]


def svg(spec: dict[str, Any]) -> Markup:
    """A Vega-Lite specification as inline SVG; the typeface falls back to the reader's own."""
    _register(str(fonts.source().parent))
    import vl_convert

    text: str = vl_convert.vegalite_to_svg(spec)
    text = text.replace(f'font-family="{fonts.FAMILY}"', f'font-family="{fonts.STACK}"')
    text = re.sub(r' (aria-[a-z]+|role|class|pointer-events|xmlns:xlink|version)="[^"]*"', "", text)
    text = text.replace("<svg ", '<svg role="img" ', 1)
    return Markup(text)  # noqa: S704 - Vega escapes every text it draws


def png(spec: dict[str, Any], cache_folder: Path, scale: float = 2.0) -> bytes:
    """The same drawing as PNG, set in a static cut (the variable file would print in its thinnest weight)."""
    import json

    import vl_convert

    cut = fonts.cut(json.dumps(spec, ensure_ascii=False), cache_folder / "fonts")
    _register(str(cut.folder))
    renamed = json.loads(json.dumps(spec, ensure_ascii=False).replace(f'"{fonts.FAMILY}"', f'"{cut.family}"'))
    made: bytes = vl_convert.vegalite_to_png(renamed, scale=scale)
    return made


def ranking(p: PeriodReport) -> dict[str, Any] | None:
    import altair

    if not p.ranked:
        return None
    grades = [grade["name"] for grade in p.s["scheme"]["grades"]]
    rows = [
        {
            "place": number,
            "unit": f"{unit.rank_text}  {unit.name}",
            "total": unit.total,
            "text": unit.total_text,
            "grade": unit.grade,
        }
        for number, unit in enumerate(p.ranked)
    ]
    order = [row["unit"] for row in rows]
    base = altair.Chart(altair.Data(values=rows)).encode(
        y=altair.Y(
            "unit:N",
            sort=order,
            title=None,
            axis=altair.Axis(labelLimit=260, ticks=False, domain=False, labelPadding=6),
        ),
        x=altair.X(
            "total:Q",
            title=None,
            scale=altair.Scale(domain=[0, 100]),
            axis=altair.Axis(values=[0, 20, 40, 60, 80, 100]),
        ),
    )
    bars = base.mark_bar(height={"band": 0.66}).encode(
        color=altair.Color(
            "grade:N",
            scale=altair.Scale(domain=grades, range=_grade_range(len(grades))),
            legend=altair.Legend(title=None, orient="top", symbolType="square", direction="horizontal"),
        )
    )
    figures = base.mark_text(align="left", dx=4, fontSize=10).encode(text="text:N")
    return _finish(altair.layer(bars, figures), width=430, height=max(60, 16 * len(rows)))


def timeliness(p: PeriodReport) -> dict[str, Any] | None:
    import altair

    rows: list[dict[str, Any]] = []
    order = []
    for kind, title in (("licence", "行政许可"), ("penalty", "行政处罚")):
        counts = p.totals[kind]
        for clock, name in (("report", "报送"), ("publish", "公示")):
            figures = [getattr(counts, f"{clock}_{part}") for part in ("on_time", "late", "missing", "undecided")]
            if sum(figures) == 0:
                continue
            line = f"{title}·{name}（n={sum(figures):,}）"
            order.append(line)
            for place, (state, figure) in enumerate(zip(TIMELY, figures, strict=True)):
                # A figure too narrow for its bar would run into its neighbour; the table beside the chart has it.
                shown = f"{figure:,}" if figure / sum(figures) >= 0.05 else ""
                rows.append({"line": line, "state": state, "place": place, "n": figure, "shown": shown})
    if not rows:
        return None
    base = altair.Chart(altair.Data(values=rows)).encode(
        y=altair.Y(
            "line:N",
            sort=order,
            title=None,
            axis=altair.Axis(labelLimit=260, ticks=False, domain=False, labelPadding=6),
        ),
        order=altair.Order("place:Q"),
    )
    bars = base.mark_bar(height={"band": 0.62}).encode(
        x=altair.X("n:Q", stack="normalize", title=None, axis=altair.Axis(format="%", tickCount=5)),
        color=altair.Color(
            "state:N",
            scale=altair.Scale(domain=list(TIMELY), range=list(TIMELY.values())),
            legend=altair.Legend(title=None, orient="top", symbolType="square", direction="horizontal"),
        ),
    )
    figures_ = base.mark_text(fontSize=10, color="white").encode(
        x=altair.X("n:Q", stack="normalize", bandPosition=0.5),
        text="shown:N",
        detail="place:Q",
    )
    return _finish(altair.layer(bars, figures_), width=430, height=26 * len(order))


def coverage(p: PeriodReport) -> dict[str, Any] | None:
    import altair

    shown = p.imperfect[:MOST_STRIPS]
    days = p.look_days
    if not shown or not days:
        return None
    rows = []
    for portal in shown:
        by_day = {look.day: look.group for look in portal.looks}  # the last look of a day stands for it
        for day in days:
            rows.append({"portal": f"{portal.unit}·{portal.title}（{portal.channel}）", "id": portal.id, "day": f"{day:%m-%d}",
                         "group": by_day.get(day, "未查看")})  # fmt: skip
    order = list(dict.fromkeys(row["portal"] for row in rows))
    chart = altair.Chart(altair.Data(values=rows)).mark_rect(stroke="white", strokeWidth=1.5).encode(
        y=altair.Y("portal:N", sort=order, title=None, axis=altair.Axis(labelLimit=330, ticks=False, domain=False, labelPadding=6)),
        x=altair.X("day:O", sort=[f"{day:%m-%d}" for day in days], title=None,
                   axis=altair.Axis(orient="top", labelAngle=0, ticks=False, domain=False, labelOverlap=True)),
        color=altair.Color("group:N", scale=altair.Scale(domain=list(LOOKS), range=list(LOOKS.values())),
                           legend=altair.Legend(title=None, orient="bottom", symbolType="square", direction="horizontal")),
    )  # fmt: skip
    return _finish(chart, width=min(420, max(40 * len(days), 80)), height=17 * len(order))


def _grade_range(n: int) -> list[str]:
    return GRADE_COLOURS[:n] if n <= len(GRADE_COLOURS) else GRADE_COLOURS + ["#5f6b76"] * (n - len(GRADE_COLOURS))


def _finish(chart: Any, *, width: int, height: int) -> dict[str, Any]:
    configured = (
        chart.properties(width=width, height=height)
        .configure(font=fonts.FAMILY, background="white", padding=2)
        .configure_view(stroke=None)
        .configure_axis(labelColor=_INK, labelFontSize=11, gridColor=_GRID, domainColor=_GRID, tickColor=_GRID)
        .configure_legend(labelColor=_INK, labelFontSize=11, symbolSize=90)
        .configure_text(color=_INK)
    )
    spec: dict[str, Any] = configured.to_dict()
    return spec


@cache
def _register(folder: str) -> None:
    import vl_convert

    vl_convert.register_font_directory(folder)
