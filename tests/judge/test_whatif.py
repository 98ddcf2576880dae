"""Another scheme or other obligations for a period that is kept: the difference by unit, from the frozen inputs alone."""

import datetime
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from assessment.run import seal, verify
from assessment.scheme import text_of as scheme_text
from assessment.whatif import other_inputs, whatif
from cli import mingcha
from db.models import Base
from db.session import session_of
from standard.errors import Refused
from standard.obligations import read as read_obligations
from standard.obligations import text_of

D = datetime.date.fromisoformat


@pytest.fixture(scope="module")
def sealed(whole_city: Any) -> Any:
    """Twelve decisions: one reported late by a few days, one by a month, one never; a warning alone; one not yet due under
    twenty days. Sealed, and every row of the database gone but the period's own."""
    city = whole_city
    city.unit()
    city.portal()
    city.entry("catalogue", item_name="违法经营案")
    for n in range(1, 13):
        values = {"category": "警告", "content": "警告", "fine_yuan": None} if n == 12 else {}
        city.publish(number=n, **values)
        if n != 3:
            city.submit(number=n, received={1: "2026-09-15", 2: "2026-10-09"}.get(n, "2026-09-03"), **values)
    city.submit(number=40, category="警告", content="警告", fine_yuan=None)
    city.submit(number=41, decision_date=D("2026-09-18"))
    city.judge()
    seal(city.workspace, "2026-09")
    with session_of(city.workspace) as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name in ("publication", "submission", "coverage", "register_entry", "batch"):
                session.execute(table.delete())
    return city


def law(tmp_path: Path, *changes: tuple[str, str]) -> Path:
    text = text_of(tmp_path)[0]
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    file = tmp_path / "other.yml"
    file.write_text(text, encoding="utf-8")
    return file


def items(rows: list[dict[str, Any]], unit: str | None = "fgw") -> dict[str, tuple[Any, Any]]:
    return {row["item"]: (row["before"], row["after"]) for row in rows if row["unit"] == unit}


def test_the_same_law_changes_nothing(sealed: Any, tmp_path: Path) -> None:
    assert whatif(sealed.workspace, "2026-09", obligations=law(tmp_path)).rows == []
    assert verify(sealed.workspace, "2026-09") == []


def test_twenty_days_for_reporting(sealed: Any, tmp_path: Path) -> None:
    """Late by three days is no longer late, by a month it is still; what is never reported is not due yet."""
    file = law(tmp_path, ("what: report, days: 7", "what: report, days: 20"))
    made = whatif(sealed.workspace, "2026-09", obligations=file)
    assert "报送 20 个工作日" in made.after and "报送 7 个工作日" in made.before
    found = items(made.rows)
    assert found["submitted_late"] == (2, 1)
    assert found["B2"][1] > found["B2"][0] and found["total"][1] > found["total"][0]
    assert items(made.rows, None)["report_late"] == (2, 1)
    assert "published_late" not in found and "not_published" not in found


def test_an_exemption_that_is_gone(sealed: Any, tmp_path: Path) -> None:
    """Without the rule of April 2026 a mere warning had to be published."""
    file = law(
        tmp_path,
        ("id: minor, title: 轻微失信行为的处罚原则上不公示, kind: penalty, from: publish, when: {only_families: [warning, criticism]}",
         "id: minor, title: 轻微失信行为的处罚原则上不公示, kind: penalty, from: publish, when: {only_families: [detention]}"),
    )  # fmt: skip
    made = whatif(sealed.workspace, "2026-09", obligations=file)
    assert items(made.rows)["not_published"] == (1, 2)
    assert items(made.rows, None)["exempt"] == (1, 0)


def test_an_exemption_that_begins_later(sealed: Any, tmp_path: Path) -> None:
    """In force from 2026-10-01: decisions of September are judged without it."""
    file = law(tmp_path, ("since: 2026-04-01, until: null, version: \"2026\", basis: \"国办发〔2025〕22号；国家发展改革委令第36号（2026-04-01起）\"",
                          "since: 2026-10-01, until: null, version: \"2026\", basis: \"示例\""))  # fmt: skip
    assert items(whatif(sealed.workspace, "2026-09", obligations=file).rows)["not_published"] == (1, 2)


def test_every_ground_of_the_law_is_found_again(city: Any, tmp_path: Path) -> None:
    """What the frozen records say of their exemptions, and what is computed from them anew, is the same."""
    person = {
        "counterparty": "张某",
        "counterparty_key": "p:张",
        "counterparty_type": "natural_person",
        "counterparty_code": None,
    }
    licence = {"kind": "licence", "fine_yuan": None, "category": "普通", "content": "准予许可"}
    for number, values in enumerate(
        (
            {}, person, {"category": "警告", "content": "警告"}, {"category": "警告；罚款"}, {"content": "适用简易程序，罚款50元"}, {"category": "不予处罚"},
            {"document_title": "责令改正通知书"}, {"content": "责令改正，罚款5000元"}, licence, licence | {"content": "不予许可"},
            licence | {"content": "准予许可；不予许可的另行通知"}, licence | {"case_name": "食品经营备案"}, licence | {"licence_name": "公共服务事项"},
            licence | {"document_title": "准予注销许可决定书"}, {"decision_date": None}, {"category": "警告", "decision_date": D("2026-03-31")},
        )
    ):  # fmt: skip
        rest = {"counterparty_key": f"公司{number}", "counterparty_code": None} | values
        city.publish(number=f"示罚〔2026〕{number}号", **rest)
        city.submit(number=f"示罚〔2026〕{number + 100}号", **rest | {"counterparty_key": f"企业{number}"})
    city.publish(number="示简罚〔2026〕9号")
    city.judge()
    inputs = city.workspace.periods / "2026-09" / "inputs"
    text = text_of(tmp_path)[0]
    other_inputs(inputs, tmp_path, None, text, read_obligations(text, "x"))
    for name in ("publications", "submissions", "deadlines", "windows_asked"):
        before, after = (pq.read_table(folder / f"{name}.parquet") for folder in (inputs, tmp_path))
        assert after.column_names == before.column_names and after.to_pylist() == before.to_pylist(), name
    grounds = set(pq.read_table(inputs / "publications.parquet")["report_exemption"].to_pylist())
    assert grounds == {
        None,
        "simple_procedure",
        "not_a_penalty",
        "other_act",
        "not_granted",
        "not_a_licence",
        "cancelled_licence",
    }


def test_another_scheme(sealed: Any, tmp_path: Path) -> None:
    """A line of twenty days in the scheme alone: the findings stay, their price changes."""
    text = scheme_text(None, tmp_path)[0].replace(
        "of: report_on_time, full_at: 0.95}", "of: report_on_time, full_at: 0.95, late_after: 20}"
    )
    file = tmp_path / "scheme.yml"
    file.write_text(text, encoding="utf-8")
    found = items(whatif(sealed.workspace, "2026-09", scheme=file).rows)
    assert set(found) == {"B2", "total"} | ({"grade"} & found.keys())
    before, after = found["B2"]
    # Of 12 due reports one is missing and two are late; of the two one is late beyond twenty days.
    assert (before, after) == (15 * 9 / 12, 15 * 10 / 12)


def test_the_command(sealed: Any, tmp_path: Path) -> None:
    file = law(tmp_path, ("what: report, days: 7", "what: report, days: 20"))
    call = [
        "whatif",
        "-w",
        str(sealed.workspace.root),
        "--period",
        "2026-09",
        "--obligations",
        str(file),
        "--format",
        "jsonl",
    ]
    result = CliRunner().invoke(mingcha, call)
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {"unit", "unit_name", "item", "title", "before", "after", "change"} == set(rows[0])
    assert next(row for row in rows if row["item"] == "submitted_late")["change"] == -1


@pytest.mark.parametrize(("scheme", "obligations", "words"), [
    (None, None, "至少给一个"), ("没有.yml", None, "文件不存在"), (None, "limits: []\n", "缺少必填的键 version"),
    ("name: x\n", None, "缺少必填的键"),
])  # fmt: skip
def test_wrong_calls_are_refused(
    sealed: Any, tmp_path: Path, scheme: str | None, obligations: str | None, words: str
) -> None:
    def file(text: str | None, name: str) -> Path | None:
        if text is None:
            return None
        place = tmp_path / name
        if ":" in text:
            place.write_text(text, encoding="utf-8")
        return place

    with pytest.raises(Refused, match=words):
        whatif(sealed.workspace, "2026-09", scheme=file(scheme, "s.yml"), obligations=file(obligations, "o.yml"))


def test_altered_inputs_are_refused(city: Any, tmp_path: Path) -> None:
    city.publish()
    city.judge()
    scheme = city.workspace.periods / "2026-09" / "inputs" / "obligations.yml"
    scheme.write_text(scheme.read_text(encoding="utf-8") + "#", encoding="utf-8")
    with pytest.raises(Refused, match=r"obligations.yml：内容与冻结时不同"):
        whatif(city.workspace, "2026-09", obligations=law(tmp_path))
