"""One call makes the documents of one report: render, print, read back into sheets."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from db.clock import SHANGHAI
from db.models import PeriodRun
from db.session import session_of
from db.settings import Workspace
from reports.charts import Charts
from reports.data import PeriodReport, UnitReport, period_report
from reports.whole import whole
from reports.write_html import Template, render_report, template, wording
from reports.write_pdf import NoPdf, write_pdfs
from reports.write_xlsx import write_xlsx
from standard.errors import NotYetAvailable, Refused
from standard.strict_yaml import nearest

FORMATS = ("html", "pdf", "xlsx")
_LATER = {"annual": "年度考核汇总（report annual）", "docx": "Word 格式（--format docx）"}
_FORBIDDEN = str.maketrans({char: "_" for char in '\\/:*?"<>|\n\r\t'})


@dataclass(frozen=True)
class Document:
    """One rendered document: its HTML and its name without ending."""

    name: str
    title: str
    html: str


def build(
    workspace: Workspace,
    report: str,
    period: str,
    *,
    unit: str | None = None,
    formats: Sequence[str] = FORMATS,
    out: Path | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Make a report's files and return their paths.

    `unit` narrows a report of scope unit to one unit (id or name); without it every assessed unit gets its own.
    Raises Refused when the period was not assessed or a name is wrong (nothing is written then), NotYetAvailable for
    what comes later, and NoPdf, after HTML and xlsx stand, when the PDF writer's system libraries are missing.
    """
    header = _checked(report, unit, formats)
    with session_of(workspace) as session:
        p = period_report(session, workspace, period)
    folder = out if out is not None else workspace.reports / period
    documents = render(report, header, p, unit)
    written: list[Path] = []
    tell = progress or (lambda text: None)
    if "html" in formats:
        written += [_save(folder / f"{document.name}.html", document.html) for document in documents]
    if "xlsx" in formats:
        made = datetime.datetime.combine(p.run.as_of, datetime.time(), SHANGHAI)
        for document in documents:
            file = folder / f"{document.name}.xlsx"
            written.append(write_xlsx(document.html, file, title=document.title, made=made))
    if "pdf" in formats:
        try:
            pages = [(document.html, folder / f"{document.name}.pdf") for document in documents]
            for number, file in enumerate(
                write_pdfs(pages, workspace.var / "cache", p.text + wording(), header.one_page), 1
            ):
                written.append(file)
                tell(f"PDF {number}/{len(pages)}：{file.name}")
        except NoPdf as error:
            done = "、".join(file.name for file in written[:3]) + ("等" if len(written) > 3 else "")
            raise NoPdf(error.cause if not done else f"{error.cause}；已生成 {done}") from None
    return written


def build_due(workspace: Workspace) -> str:
    """The clock's job: the shipped reports of every period that was assessed since its reports were last made."""
    made: list[str] = []
    with session_of(workspace) as session:
        runs = {run.period: run.results_sha256 for run in session.scalars(select(PeriodRun).order_by(PeriodRun.period))}
    for period, results in runs.items():
        mark = workspace.reports / period / ".results"  # which results the files there show
        if mark.is_file() and mark.read_text(encoding="utf-8") == results:
            continue
        for report in ("monthly", "ranking", "problems", "unit"):
            build(workspace, report, period)
        mark.write_text(results, encoding="utf-8")
        made.append(period)
    return f"已生成报告：{'、'.join(made)}" if made else "没有新的评估结果"


def render(report: str, header: Template, p: PeriodReport, unit: str | None) -> list[Document]:
    """The report's documents as HTML: one, or one for each unit."""
    charts = Charts(p)
    if header.scope == "period":
        return [_document(report, header, p, None, charts)]
    lines = [p.find(unit)] if unit is not None else [line for line in p.units if line.assessed]
    return [_document(report, header, p, p.of_unit(line), charts) for line in lines]


def _document(report: str, header: Template, p: PeriodReport, u: UnitReport | None, charts: Charts) -> Document:
    values = {"period": p.label, "region": p.region, "unit": u.line.name if u else ""}
    name = header.file.format(**values).translate(_FORBIDDEN)
    return Document(name, f"{p.region}{p.label}{header.title}", render_report(report, p, u, charts))


def _checked(report: str, unit: str | None, formats: Sequence[str]) -> Template:
    for name in (report, *formats):
        if name in _LATER:
            raise NotYetAvailable(_LATER[name])
    header = template(report)
    faults = [f"--format：不支持 {name}{nearest(name, FORMATS)}" for name in formats if name not in FORMATS]
    faults += [
        f"--format：{report} 不提供 {name}" for name in formats if name in FORMATS and name not in header.formats
    ]
    if not formats:
        faults.append(f"--format：至少写一种，可用 {'、'.join(header.formats)}")
    if unit is not None and header.scope != "unit":
        faults.append(f"--unit：报告 {report} 不分单位；单位评分卡请用 mingcha report unit --unit {unit}")
    if faults:
        raise Refused(*faults)
    return header


def _save(file: Path, text: str) -> Path:
    with whole(file) as part:
        part.write_text(text, encoding="utf-8")
    return file
