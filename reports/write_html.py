"""Templates to HTML: one self-contained page, style and drawings inside, nothing loaded from anywhere.

A template opens with a YAML header (the README of its folder is this docstring):

    {#---
    title: 双公示监测问题清单          title of page and sheet file
    scope: period                      period: one document; unit: one document per unit
    formats: [html, pdf, xlsx]         what it may be made as
    one_page: false                    true: in print, elements of class give-1, then give-2, give way until it is one page
    file: "{period}双公示监测问题清单"  file name without ending; {period}, {region}, {unit}
    ---#}
    {% extends "base.html.j2" %}

It is given `p` (reports.data.PeriodReport), `u` (UnitReport, scope unit only) and `charts`; it holds no arithmetic.
Every `<table data-sheet="名称">` becomes a sheet of the Excel file (reports.write_xlsx says how cells are typed).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Literal

import jinja2
from markupsafe import Markup

from reports import fonts, words
from reports.charts import Charts
from reports.data import PeriodReport, UnitReport
from standard.errors import Refused
from standard.strict_yaml import build_or_refuse, nearest, parse_yaml

_HEADER = re.compile(r"\A\{#---\n(.*?)\n---#\}", re.DOTALL)


@dataclass(frozen=True)
class Template:
    """The header of one report template."""

    title: str
    file: str
    scope: Literal["period", "unit"] = "period"
    one_page: bool = False
    formats: list[str] = field(default_factory=lambda: ["html", "pdf", "xlsx"])


@cache
def templates() -> dict[str, Template]:
    """Every report there is: templates with a header, by the name of their file."""
    found = {}
    for entry in sorted(resources.files("reports").joinpath("templates").iterdir(), key=lambda e: e.name):
        header = _HEADER.match(entry.read_text(encoding="utf-8")) if entry.name.endswith(".html.j2") else None
        if header:
            where = f"reports/templates/{entry.name}"
            found[entry.name.removesuffix(".html.j2")] = build_or_refuse(Template, parse_yaml(header[1], where), where)
    return found


@cache
def wording() -> str:
    """Every character our own templates and word lists may print."""
    folder = resources.files("reports")
    files = [entry for entry in folder.joinpath("templates").iterdir() if entry.name.endswith(".j2")]
    files += [folder.joinpath("words.py"), folder.joinpath("data.py")]
    return "".join(sorted(set("".join(file.read_text(encoding="utf-8") for file in files))))


def template(report: str) -> Template:
    """The header of one report. Raises Refused with the nearest name."""
    if report not in templates():
        raise Refused(f"没有名为 {report} 的报告{nearest(report, templates())}")
    return templates()[report]


def render(name: str, **values: Any) -> str:
    """A template of the folder, rendered with these values."""
    return environment().get_template(name).render(**values).strip() + "\n"


def render_report(report: str, p: PeriodReport, u: UnitReport | None, charts: Charts) -> str:
    """One document as one HTML page."""
    header = template(report)
    return render(f"{report}.html.j2", p=p, u=u, charts=charts, header=header, report=report)


@cache
def environment() -> jinja2.Environment:
    """The one Jinja environment: escaping on, a name that does not exist is an error."""
    made = jinja2.Environment(
        loader=jinja2.PackageLoader("reports", "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    css = resources.files("reports").joinpath("templates", "report.css").read_text(encoding="utf-8")
    made.globals.update(css=Markup(css), font_stack=Markup(fonts.STACK), words=words)  # noqa: S704 - our own files
    made.filters.update(
        num=words.number,
        plain=words.plain, pct=words.percent, day=words.day, iso=words.iso, change=words.change,
        link=_link,
    )  # fmt: skip
    return made


def _link(url: str) -> str:
    """An address fit for href: only http and https; a portal's `javascript:` never becomes a link."""
    return url if re.match(r"https?://", url, re.IGNORECASE) else ""
