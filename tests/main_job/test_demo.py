"""The main job on the sample city: what `mingcha demo` leaves is what an office would get."""

from __future__ import annotations

import csv
import datetime
import email
import email.policy
import html
import io
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from db.models import (
    FINDING_FIELDS,
    PAIR_FIELDS,
    RECORD_FIELDS,
    SCORE_FIELDS,
    Coverage,
    Evidence,
    Finding,
    Mail,
    Publication,
    Submission,
)
from db.session import session_of
from db.settings import Workspace
from reports import words
from reports.data import OF_COLUMNS, SHOWN
from reports.words import CODES
from standard import privacy

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
]  # whole days of work on a busy machine
PERIOD = "2026-09"
JUDGED = set(CODES)


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(params=["demo", "demo_on_postgresql"])
def either(request: pytest.FixtureRequest) -> Any:
    return request.getfixturevalue(request.param)


def test_every_seeded_fault_is_found_and_nothing_lawful_is_accused(either: Any) -> None:
    codes = either.result["codes"]
    assert set(codes) >= JUDGED
    for code in JUDGED:
        line = codes[code]
        assert line["seeded"] > 0, code
        assert line["recall"] >= 0.99, (code, line["missed"])
        assert line["precision"] >= 0.99, (code, line["wrong"])
    assert either.result["lookalikes"]["seeded"] >= 12
    assert either.result["lookalikes"]["reported"] == []


def test_the_city_is_as_large_as_promised(demo: Any) -> None:
    counts = demo.result["counts"]
    assert counts["units"] >= 30
    assert counts["decisions"] >= 2000
    assert counts["published"] > 1000
    assert counts["submitted"] > 1000
    outcomes = counts["looks_by_outcome"]
    assert outcomes["complete"] > 300
    assert {"blocked", "unreachable", "column_missing", "column_empty"} <= set(outcomes)


def test_both_databases_judge_alike(demo: Any, demo_on_postgresql: Any) -> None:
    def findings(one: Any) -> list[tuple[Any, ...]]:
        rows = lines(one.run("findings", "--period", PERIOD, "--format", "jsonl"))
        # A dead link is named by its address, and each city is served at a port of its own.
        return sorted(
            ("" if r["code"] == "dead_link" else r["finding_id"], r["unit"], r["code"], r["level"], str(r["days_late"]))
            for r in rows
        )

    assert findings(demo) == findings(demo_on_postgresql)
    assert demo.run("scores", "--period", PERIOD) == demo_on_postgresql.run("scores", "--period", PERIOD)


def test_exports_have_the_contracts_keys(demo: Any) -> None:
    for arguments, fields in (
        (("findings", "--period", PERIOD, "--format", "jsonl"), FINDING_FIELDS),
        (("pairs", "--period", PERIOD), PAIR_FIELDS),
        (("scores", "--period", PERIOD), SCORE_FIELDS),
        (("records", "--source", "published"), RECORD_FIELDS),
        (("records", "--source", "submitted"), RECORD_FIELDS),
    ):
        rows = lines(demo.run(*arguments))
        assert rows
        assert all(tuple(row) == fields for row in rows)
        assert not any(value == "" for row in rows for value in row.values())
    text = demo.run("findings", "--period", PERIOD)
    assert text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(text.lstrip("\ufeff"))))
    assert not any(value.startswith(("=", "+", "-", "@")) for row in rows for value in row.values() if value)


def test_every_record_of_the_month_stands_in_exactly_one_line(demo: Any) -> None:
    pairs = lines(demo.run("pairs", "--period", PERIOD))
    for side, model in (("published", Publication), ("submitted", Submission)):
        standing = Counter(pair[side] for pair in pairs if pair[side])
        assert set(standing.values()) == {1}
        with session_of(demo.workspace) as session:
            month = session.scalars(
                select(model.record_id).where(model.decision_date.between("2026-09-01", "2026-09-30"))
            ).all()
        assert set(month) <= set(standing)
    assert {pair["verdict"] for pair in pairs} <= {
        "agreed", "differs", "not_submitted", "not_published", "not_due", "exempt", "unknown", "question",
    }  # fmt: skip


def test_unknown_costs_nothing_and_only_confirmed_findings_cost(demo: Any) -> None:
    findings = lines(demo.run("findings", "--period", PERIOD, "--format", "jsonl"))
    assert {f["state"] for f in findings if f["level"] in ("unknown", "question", "not_due", "exempt")} <= {
        "suspected",
        "exempt",
        "normal",
    }
    for unit, rows in _by_unit(lines(demo.run("scores", "--period", PERIOD))).items():
        applicable = [row for row in rows if row["points"] is not None]
        if rows[0]["total"] is None:  # nothing was due: counts are shown, no total is made up from what is left
            assert not rows[0]["ranked"], unit
            continue
        share = sum(row["points"] for row in applicable) / sum(row["max_points"] for row in applicable)
        assert rows[0]["total"] == pytest.approx(100 * share, abs=0.02), unit
        for row in rows:
            assert row["formula"]
            assert row["points"] is None or 0 <= row["points"] <= row["max_points"]
            if row["points"] is not None and row["points"] < row["max_points"] and row["indicator"] == "A1":
                assert any(
                    f["unit"] == unit and f["state"] == "confirmed" and f["code"] == "not_submitted" for f in findings
                )


def _by_unit(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    units: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        units.setdefault(row["unit"], []).append(row)
    return units


def test_assessing_again_gives_the_same_bytes(demo: Any) -> None:
    commands = (
        ("findings", "--period", PERIOD, "--format", "jsonl"),
        ("scores", "--period", PERIOD),
        ("pairs", "--period", PERIOD),
    )
    before = [demo.run(*arguments) for arguments in commands]
    demo.run("assess", "--period", PERIOD, "--as-of", "2026-10-12")
    assert [demo.run(*arguments) for arguments in commands] == before
    assert "完全一致" in demo.run("verify", "--period", PERIOD)


def test_every_finding_on_a_decision_carries_its_proof(demo: Any) -> None:
    with session_of(demo.workspace) as session:
        evidence = set(session.scalars(select(Evidence.id)))
    for finding in lines(demo.run("findings", "--period", PERIOD, "--format", "jsonl")):
        assert finding["basis"]
        assert finding["message"]
        if finding["code"] in ("published_late", "over_disclosed", "backdated", "not_submitted"):
            assert finding["evidence"] in evidence, finding
        if (
            finding["code"] in ("submitted_late", "published_late", "not_submitted", "not_published")
            and finding["level"] == "fail"
        ):
            assert finding["due_date"]
        if finding["code"] == "published_late" and finding["level"] == "fail":
            assert finding["days_late"] >= 1


def test_evidence_verifies_and_can_be_shown(demo: Any) -> None:
    assert "有问题 0 处" in demo.run("evidence", "verify")
    with session_of(demo.workspace) as session:
        row = session.scalars(select(Evidence).order_by(Evidence.id)).first()
    assert row is not None
    assert row.sha256 in demo.run("evidence", "show", row.id)


def test_warc_is_readable_by_standard_tools(demo: Any) -> None:
    from warcio.archiveiterator import ArchiveIterator

    files = sorted(demo.workspace.evidence.rglob("*.warc.gz"))
    assert files
    seen = 0
    for file in files[:20]:
        with file.open("rb") as stream:
            for record in ArchiveIterator(stream, check_digests="raise"):
                record.content_stream().read()
                seen += record.rec_type == "response"
    assert seen > 0


def test_reports_are_there_in_every_format(demo: Any) -> None:
    folder = demo.workspace.reports / PERIOD
    files = [f for f in folder.rglob("*") if f.is_file()]
    forms = Counter(f.suffix for f in files)
    assert min(forms[".html"], forms[".pdf"], forms[".xlsx"]) >= 30
    for file in files:
        if file.suffix == ".pdf":
            assert file.read_bytes().startswith(b"%PDF-")
        if file.suffix == ".html":
            text = file.read_text(encoding="utf-8")
            assert not re.search(r"""(src|href)=["']https?://""", text.replace("http://127.0.0.1", "")), file
            assert not privacy.find(re.sub(r"<[^>]*>", " ", text)), file


def test_ranking_mail_has_picture_attachments_and_no_personal_data(demo: Any) -> None:
    with session_of(demo.workspace) as session:
        mails = session.scalars(select(Mail)).all()
    assert mails
    assert {mail.state for mail in mails} == {"sent"}
    assert demo.result["counts"]["mails"] == len(mails)
    for mail in mails:
        message = email.message_from_string(mail.message, policy=email.policy.default)
        parts = list(message.walk())
        kinds = Counter(part.get_content_type() for part in parts)
        assert kinds["text/plain"] == 1
        assert kinds["image/png"] >= 1
        assert kinds["application/pdf"] == 1
        text = "".join(p.get_content() for p in parts if p.get_content_maintype() == "text")
        assert not privacy.find(re.sub(r"<[^>]*>", " ", text))


def test_sending_again_sends_nothing(demo: Any) -> None:
    with session_of(demo.workspace) as session:
        before = len(session.scalars(select(Mail)).all())
    demo.run("send", "ranking", "--period", PERIOD)  # the sink is gone: a second sending would fail
    with session_of(demo.workspace) as session:
        assert len(session.scalars(select(Mail)).all()) == before


def test_no_personal_number_is_stored_clear(demo: Any) -> None:
    """Permit numbers that look like citizens' numbers are left alone; citizens' numbers and mobiles are nowhere."""
    with session_of(demo.workspace) as session:
        for model in (Publication, Submission):
            for row in session.scalars(select(model)):
                texts = [str(getattr(row, name, None) or "") for name in RECORD_FIELDS if name not in _NOT_TEXT]
                texts += [str(text) for text in row.raw.values()]
                leaks = [leak for text in texts for leak in privacy.find(text)]
                assert leaks == [], row.record_id


_NOT_TEXT = {"licence_number", "document_number", "document_number_key", "url", "evidence", "record_id", "batch"}


def test_coverage_tells_each_portal_and_day(demo: Any) -> None:
    rows = lines(demo.run("coverage", "--period", PERIOD, "--format", "jsonl"))
    assert len(rows) == 30 * demo.result["counts"]["portals"]
    assert {row["outcome"] for row in rows} >= {"complete", "blocked", "not_looked"}
    with session_of(demo.workspace) as session:
        for look in session.scalars(select(Coverage).where(Coverage.outcome.not_in(("complete", "column_empty")))):
            assert look.reason
            assert look.who


# ---------------------------------------------------------------- a reader who has only the report

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
