"""The order of units, portals, looks and files never changes a byte of the results.

(The order of rows in the frozen inputs is tested in test_human_pairs.)
"""

from __future__ import annotations

import csv
import datetime
import random
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from assessment.run import assess, results_hash
from crawler.registry import sync
from db.clock import SHANGHAI
from db.models import Coverage, Publication
from db.session import session_of
from intake.registers import import_register
from intake.submissions import import_submissions
from sample_city.exports import columns

UNITS = {"aj": "示例市甲局", "yj": "示例市乙局", "bj": "示例市丙局"}
PARTY = ("示例商贸有限公司", "91140600MA0GTXYZ1A")
Row = dict[str, str]


def row(unit: str, serial: int, received: str, **values: str) -> Row:
    return {
        "counterparty": PARTY[0], "counterparty_type": "法人及非法人组织", "counterparty_code": PARTY[1],
        "legal_representative": "王五", "document_number": f"示{unit}罚字〔2026〕{serial}号", "violation_type": "违法经营",
        "facts": "违法经营", "basis": "法第一条", "category": "罚款", "content": "罚款1000元", "fine_yuan": "0.1",
        "decision_date": "2026/09/01", "publicity_until": "2027/09/01", "authority": UNITS[unit],
        "source_unit": UNITS[unit], "reporting_unit": UNITS[unit], "received_at": received,
    } | values  # fmt: skip


def files() -> dict[str, list[Row]]:
    """Four exports: first reports, a correction, another spelling, refused rows, one that both the unit and another filed."""
    first = [row(unit, n, "2026-09-04 10:00:00") for unit in UNITS for n in range(1, 5)]
    second = [row(unit, n, "2026-09-11 10:00:00") for unit in UNITS for n in range(4, 8)]
    second += [
        row("aj", 1, "2026-09-11 10:00:00", basis="法第二条"),
        row("yj", 2, "2026-09-11 10:00:00", fine_yuan="0.2"),
    ]
    third = [row("bj", n, "2026-09-25 10:00:00") for n in (8, 9)]
    third += [row("aj", 3, "2026-09-25 10:00:00", document_number="示aj罚字[2026]第3号")]
    third += [
        row(
            "yj",
            9,
            "2026-09-09 10:00:00",
            reporting_unit="没有的单位",
            source_unit="没有的单位",
            authority="没有的单位",
        )
    ]
    fourth = [row("yj", 9, "2026-10-08 10:00:00"), row("aj", 1, "2026-09-04 10:00:00")]
    fourth += [row("aj", 2, "2026-10-08 10:00:00", reporting_unit=UNITS["bj"], source_unit=UNITS["bj"])]
    return {"一.csv": first, "二.csv": second, "三.csv": third, "四.csv": fourth}


def write_csv(file: Path, rows: list[Row]) -> Path:
    head = columns("2020", "penalty")
    with file.open("w", encoding="utf-8-sig", newline="") as text:
        writer = csv.writer(text)
        writer.writerow([label for _, label in head])
        writer.writerows([[line.get(name, "") for name, _ in head] for line in rows])
    return file


def results(root: Path, made_city: Any, draw: random.Random) -> str:
    """Everything taken in in an order that `draw` chooses, then judged: the hash of the results."""
    root.mkdir()
    city = made_city(root)
    workspace = city.workspace
    units = list(UNITS)
    draw.shuffle(units)
    (root / "registry" / "portals").mkdir(parents=True)
    entries = [{"id": unit, "name": UNITS[unit], "level": "municipal"} for unit in units]
    (root / "registry" / "units.yml").write_text(
        yaml.safe_dump(
            {"region": {"code": "140600", "name": "示例市"}, "units": entries}, allow_unicode=True, sort_keys=False
        ),
        encoding="utf-8",
    )
    portals = [
        {"id": f"{unit}_{name}", "unit": unit, "kind": "penalty", "title": "行政处罚公示", "url": f"https://{unit}.example/{name}",
         "channel": channel}
        for unit in units for name, channel in (("own", "department"), ("city", "government"))
    ]  # fmt: skip
    draw.shuffle(portals)
    for number, entry in enumerate(portals):
        file = root / "registry" / "portals" / f"{number}.yml"
        file.write_text(yaml.safe_dump([entry], allow_unicode=True), encoding="utf-8")
    sync(workspace)
    for portal in portals:
        for text in ("2026-08-31", "2026-10-12"):
            city.look(portal["id"], text)
    for place, unit in enumerate(UNITS):
        city.here = unit
        for serial in (1, 2, 3, 4, 5, 8, 10):
            number = f"示{unit}罚字〔2026〕{serial}号"
            for name in ("own", "city")[: 1 + serial % 2]:
                values = {"record_id": f"p{place}{serial}{name}", "authority": UNITS[unit]}
                city.publish(number, portal_id=f"{unit}_{name}", **values)
    for model in (Coverage, Publication):
        draw.shuffle(city.rows[model])
        with session_of(workspace) as session:
            session.execute(insert(model), city.rows[model])
    told = [write_csv(root / name, rows) for name, rows in files().items()]
    draw.shuffle(told)
    until = datetime.datetime(2026, 10, 12, 8, tzinfo=SHANGHAI)
    groups = [told] if draw.random() < 0.5 else [[file] for file in told]
    for group in groups:
        import_submissions(workspace, group, received_at=until)
    lines = [f"示例市{letter}局,行政处罚,2026-09,零申报,无,2026-10-09" for letter in "甲乙"]
    draw.shuffle(lines)
    register = root / "声明.csv"
    register.write_text("\n".join(["单位,信息类别,所属期,声明类型,说明,声明日期", *lines]), encoding="utf-8")
    import_register(workspace, "declarations", register)
    assess(workspace, "2026-09", as_of=datetime.date(2026, 10, 12))
    return results_hash(workspace.periods / "2026-09" / "results")


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, made_city: Any) -> str:
    root = tmp_path_factory.mktemp("order") / "first"
    found = results(root, made_city, random.Random(0))
    text = (root / "var" / "periods" / "2026-09" / "results" / "findings.jsonl").read_text(encoding="utf-8")
    for code in ("submitted_late", "not_submitted", "not_published", "values_differ", "duplicate"):
        assert f'"code": "{code}"' in text, code
    return found


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(1, 10**6))
def test_order_changes_no_byte(
    seed: int, expected: str, made_city: Any, tmp_path_factory: pytest.TempPathFactory
) -> None:
    assert results(tmp_path_factory.mktemp("order") / "again", made_city, random.Random(seed)) == expected
