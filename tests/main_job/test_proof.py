"""Each finding of the demo, opened by a reader who has only the report: rule, dates, interval, evidence, pairing rule."""

from __future__ import annotations

import datetime
import html
import re
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from db.models import Finding
from db.session import session_of
from db.settings import Workspace
from reports import words
from reports.data import OF_COLUMNS, SHOWN

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
PERIOD = "2026-09"
NO_PROOF_NEEDED = {"catalogue_missing", "silent_item"}  # what is lacking is a register's line, not a page


def bare(text: str) -> str:
    return re.sub(r"\s+", "", text)


def listed(workspace: Workspace) -> dict[str, tuple[dict[str, Any], list[str]]]:
    """finding id -> its row of the problem sheet, and what must stand beside it in every format."""
    with session_of(workspace) as session:
        found = {
            row.finding_id: row
            for row in session.scalars(select(Finding).where(Finding.period == PERIOD, Finding.level.in_(SHOWN)))
        }
    file = workspace.reports / PERIOD / "示例市2026年9月双公示监测问题清单.xlsx"
    _, _, head, *lines = CalamineWorkbook.from_path(str(file)).get_sheet_by_name("问题清单").to_python()
    rows = {line["问题标识"]: line for line in (dict(zip(head, cells, strict=True)) for cells in lines)}
    assert rows.keys() == found.keys()
    return {key: (rows[key], expected(found[key])) for key in rows}


def expected(finding: Finding) -> list[str]:
    """The rule, the dates, the interval and the pairing rule, as far as the finding has them."""
    said = [finding.basis, finding.message]
    said += [words.iso(day) for day in (finding.decision_date, finding.due_date, finding.received_at) if day]
    if finding.code not in OF_COLUMNS:
        said.append(words.interval(finding.published_from, finding.published_to))
    if (finding.proof or {}).get("rule_title"):
        said.append(finding.proof["rule_title"])
    return [text for text in said if text]


def pdf_text(file: Path) -> str:
    document = pypdfium2.PdfDocument(str(file))
    try:
        return "".join(page.get_textpage().get_text_bounded() for page in document)
    finally:
        document.close()


def parts(text: str, numbers: list[str]) -> dict[str, str]:
    """What stands between each number and the next."""
    places = [text.index(number) for number in numbers]
    assert places == sorted(places)
    return {
        number: text[start:end] for number, start, end in zip(numbers, places, [*places[1:], len(text)], strict=True)
    }


def test_the_sheet_holds_the_proof_of_every_finding(demo: Any) -> None:
    for row, said in listed(demo.workspace).values():
        cells = "\n".join(words.iso(cell) if isinstance(cell, datetime.date) else str(cell) for cell in row.values())
        for text in said:
            assert text in cells, (row["编号"], text)
        assert row["依据"] and row["检查项与版本"] and row["整改办法"], row["编号"]
        code = row["检查项与版本"].split(" ")[0]
        assert row["证据"] or code in NO_PROOF_NEEDED, row["编号"]


@pytest.mark.parametrize("form", ["html", "pdf"])
def test_the_printed_list_holds_the_proof_of_every_finding(form: str, demo: Any) -> None:
    rows = listed(demo.workspace)
    file = demo.workspace.reports / PERIOD / f"示例市2026年9月双公示监测问题清单.{form}"
    if form == "html":
        page = re.sub(r'<td class="x-only.*?</td>', "", file.read_text(encoding="utf-8"), flags=re.DOTALL)
        text = bare(html.unescape(re.sub(r"<[^>]+>", "", page)))
    else:
        text = bare(pdf_text(file))
    numbers = sorted(row["编号"] for row, _ in rows.values())
    beside = parts(text, numbers)
    for row, said in rows.values():
        for what in (*said, row["证据"]):
            short = bare(what)[:200]
            assert short in beside[row["编号"]], (row["编号"], what, beside[row["编号"]])


def test_a_scorecard_names_a_lead_to_a_veto_first(demo: Any) -> None:
    cards = [file.read_text(encoding="utf-8") for file in (demo.workspace.reports / PERIOD).glob("评分卡_*.html")]
    leading = [card for card in cards if "待人工认定的单项否决线索：过度公开" in card]
    assert leading
    for card in leading:
        body = card[card.index("<tbody>", card.index('<table class="problems">')) :]
        assert "过度公开" in body[: body.index("</tr>")]
