"""Decisions that are plainly in order are counted at once: the long way says the same of them, to the byte."""

from __future__ import annotations

import dataclasses
import datetime
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from assessment.cases import make_cases
from assessment.checks import all_checks
from assessment.engine import Engine
from assessment.facts import Facts
from assessment.freeze import TABLES
from assessment.pairing import pair
from assessment.run import judge
from db.clock import SHANGHAI

D = datetime.date.fromisoformat
SEEDS = range(4)
Change = Callable[[Any, random.Random, dict[str, Any], dict[str, Any]], None]


def both(**values: Any) -> Change:
    def change(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
        p.update(values)
        s.update(values)

    return change


def only(side: int, **values: Any) -> Change:
    return lambda city, draw, p, s: (p, s)[side].update(values)


def entry(register: str, **values: Any) -> Change:
    """A register's line that names the decision, or its party, or the whole unit."""

    def change(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
        named = draw.choice(
            [
                {"document_number": "number"},
                {"counterparty_key": "counterparty_key"},
                {"counterparty_code": "counterparty_code"},
            ]
        )
        about = {to: (s["number"] if of == "number" else s[of]) for to, of in named.items()}
        city.entry(register, **{"kind": s["kind"]} | about | values)

    return change


def defect(side: int) -> Change:
    what = [
        {
            "rule": "N3",
            "code": "field_missing",
            "field": "content",
            "severity": "E",
            "message": "没有填写",
            "cure": "补填",
        }
    ]
    return only(side, defects=what)


def beside(**values: Any) -> Change:
    """A lone record of the same party and day on either side, under another number unless `number` says otherwise."""

    def change(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
        shared = {name: value for name, value in s.items() if name not in ("number", "received")} | values
        number = shared.pop("number", f"示{city.here}另〔2026〕{draw.randrange(1, 9999)}号")
        if "gone_since" in values or draw.random() < 0.5:
            city.publish(number, **shared)
        else:
            city.submit(number, **shared)

    return change


def slipped(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
    """The same once more, with a slip in the number's last digit."""
    beside(number=f"{(s['number'] or '1号')[:-2]}{draw.randrange(10)}号")(city, draw, p, s)


def reworded(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
    """The same once more, with the number written otherwise."""
    beside(number=(s["number"] or "示另罚〔2026〕1号").replace("〔2026〕", "字〔2026〕0"))(city, draw, p, s)


def elsewhere_another_day(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
    """The same number once more on another unit's column, under another day."""
    shared = {name: value for name, value in s.items() if name not in ("number", "received", "decision_date")}
    city.publish(s["number"], **shared | {"unit_id": f"u{draw.randrange(10)}", "decision_date": D("2026-09-04")})


def refused(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
    city.refuse(draw.choice([s["number"], None]), s["counterparty_key"])


def elsewhere(side: int, name: str = "unit_id", what: str = "") -> Change:
    """Shown on another unit's column, shown as another's, or reported by another."""

    def change(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
        (p, s)[side][name] = f"u{draw.randrange(10)}{what}"

    return change


def transferred(city: Any, draw: random.Random, p: dict[str, Any], s: dict[str, Any]) -> None:
    """Now and then the unit's duty goes over to its neighbour."""
    if draw.random() < 0.05:
        day = D(draw.choice(["2026-08-01", "2026-09-02", "2026-09-20"]))
        city.entry("responsibilities", kind=draw.choice([None, s["kind"]]), effective_from=day,
                   data={"划入单位编号": f"u{(int(city.here[1:]) + 1) % 10}"})  # fmt: skip


def moment(text: str) -> datetime.datetime:
    return datetime.datetime.combine(D(text), datetime.time(9), SHANGHAI)


# What may happen to an ordinary decision; most of it must not be settled, and all of it must come out the same.
CHANGES: dict[str, Change] = {
    "nothing": both(),
    "nothing more": both(),
    "late report": only(1, received="2026-09-29"),
    "late on the web": only(0, seen="2026-09-29", absent="2026-09-25"),
    "span over the due day": only(0, seen="2026-09-29"),
    "own date in time": only(0, seen="2026-09-29", stated_published_on=D("2026-09-03")),
    "own date too early": only(0, stated_published_on=D("2026-08-01")),
    "own date after": only(0, stated_published_on=D("2026-10-30")),
    "another day": only(1, decision_date=D("2026-09-02")),
    "no day": both(decision_date=None),
    "last month": both(decision_date=D("2026-08-11")),
    "last year": both(decision_date=D("2025-12-11")),
    "not due": both(decision_date=D("2026-09-30")),
    "holiday": both(decision_date=D("2026-09-28")),
    "another fine": only(0, fine_yuan=2000.0),
    "no fine": only(0, fine_yuan=None),
    "another code": only(0, counterparty_code="91140600MA0GTXYZ9Z"),
    "no code": only(0, counterparty_code=None),
    "another name": only(1, counterparty="示例工贸有限公司", counterparty_key="示例工贸有限公司"),
    "person": both(
        counterparty_type="natural_person", counterparty="王某", counterparty_key="p:王", counterparty_code="h:1"
    ),
    "warning only": both(category="警告"),
    "placeholder": only(1, content="见附件"),
    "revoked": only(1, status="撤销"),
    "shown until": only(0, publicity_until=D("2026-09-20")),
    "told until": only(1, publicity_until=D("2026-09-20")),
    "gone": only(0, gone_since=moment("2026-10-05"), last_seen=moment("2026-09-20")),
    "copies": only(0, copies=2),
    "no number": only(0, number=None),
    "long ago": both(decision_date=D("2025-10-11"), licence_number="x"),
    "licence number": both(licence_number="JY1140600"),
    "other licence number": only(0, licence_number="JY2"),
    "validity": both(valid_from=D("2026-09-01"), valid_to=D("2031-08-31")),
    "other validity": only(0, valid_to=D("2030-01-01")),
    "guessed": only(0, confidence=0.4),
    "exempt": entry("exemptions"),
    "repaired": entry("repairs", effective_from=D("2026-09-10")),
    "withdrawn": entry("withdrawals", effective_from=D("2026-09-10")),
    "defect on the web": defect(0),
    "defect reported": defect(1),
    "another item": both(case_name="另一事项", licence_name="另一许可"),
    "another item on the web": only(0, case_name="另一事项", licence_name="另一许可"),
    "no item": both(case_name=None, licence_name=None),
    "one row for two": only(0, counterparty="甲公司、乙公司", counterparty_key="甲公司、乙公司"),
    "a lone record beside": beside(),
    "a lone record without number": beside(number=None),
    "a lone record that is gone": beside(gone_since=moment("2026-10-05"), last_seen=moment("2026-09-20")),
    "a slip of the pen": slipped,
    "written otherwise": reworded,
    "another unit and day": elsewhere_another_day,
    "under the certificate's number": only(0, number="JY1140600", licence_number=None),
    "doubled without a number": only(0, number=None, copies=2),
    "refused before": refused,
    "shown as another's": elsewhere(0),
    "filed by another": elsewhere(1),
    "on another's column": elsewhere(0, "portal_id", "_column"),
    "gone over": transferred,
    "in the future": both(decision_date=D("2026-10-20")),
    "reported beforehand": only(1, received="2026-08-20"),
    "never known absent": only(0, absent=None, seen="2026-10-10"),
    "own date on the day it was absent": only(
        0, seen="2026-09-29", absent="2026-09-05", stated_published_on=D("2026-09-05")
    ),
    "rounded": only(1, fine_yuan=1020.0),
    "in one sum": only(1, fine_yuan=600.0, confiscation_yuan=400.0),
    "half hidden code": only(0, counterparty_code="91140600******123X"),
    "a person on one side": only(0, counterparty_type="natural_person"),
    "amended": only(1, status="变更"),
}


def tangled(city: Any, seed: int) -> None:
    draw = random.Random(seed)
    for number in range(10):
        level = "vertical" if number == 8 else "municipal"
        city.unit(f"u{number}", level=level)
        city.portal()
        if number in (2, 3):  # a second window, of another channel or of the same
            city.portal(f"u{number}_more", channel="government" if number == 2 else "department")
        if number % 2:
            city.entry("catalogue", kind=None, item_name="违法经营案")
            city.entry("catalogue", kind="licence", item_name="食品经营许可", effective_from=D("2026-01-01"))
        if number == 0:  # lawfully not shown, by its own catalogue
            city.entry("catalogue", kind="penalty", item_name="违法经营案", data={"是否公示": "否"})
        if number == 4:
            city.entry("backfills", kind=None, effective_from=D("2026-01-01"), effective_to=D("2026-12-31"))
        if number == 5:
            city.entry("exemptions", kind="licence", effective_from=D("2026-01-01"))
        if number == 6 and seed % 2:
            city.entry(
                "outages",
                kind=None,
                effective_from=D("2026-09-03"),
                effective_to=D("2026-09-04"),
                ground="报送平台中断",
            )
        if number == 7 and seed % 2:
            city.entry(
                "outages", kind=None, effective_from=D("2026-09-03"), effective_to=D("2026-09-04"), ground="网站停机"
            )
        for serial in range(1, 40):
            one(city, draw, serial)


def one(city: Any, draw: random.Random, serial: int) -> None:
    kind = draw.choice(["penalty", "licence"])
    party = f"示例{draw.randrange(1000)}商贸有限公司"
    common: dict[str, Any] = {
        "kind": kind,
        "counterparty": party,
        "counterparty_key": party,
        "counterparty_code": f"91140600{draw.randrange(10**9):09}X",
    }
    if kind == "licence":
        common |= {
            "case_name": None,
            "licence_name": "食品经营许可",
            "category": "普通",
            "fine_yuan": None,
            "content": "准予许可食品经营",
        }
    number = f"示{city.here}{'罚' if kind == 'penalty' else '许'}〔2026〕{serial}号"
    p: dict[str, Any] = common | {"number": number, "confidence": 1.0}
    s: dict[str, Any] = common | {"number": number}
    for name in draw.sample(sorted(CHANGES), draw.choice([0, 0, 0, 1, 1, 2])):
        CHANGES[name](city, draw, p, s)
    shape = draw.random()
    if shape > 0.05:
        city.publish(p.pop("number"), **p)
    if shape < 0.95:
        city.submit(s.pop("number"), **s)
    if shape > 0.9 and "number" not in p and draw.random() < 0.3:
        city.publish(number, **p | {"portal_id": f"{city.here}_column", "url": "https://a.example/2"})


def settled_of(inputs: Path) -> list[dict[str, Any]]:
    engine = Engine()
    try:
        for name in TABLES:
            engine.load(name, inputs / f"{name}.parquet", TABLES[name])
        facts = Facts.read(json.loads((inputs / "meta.json").read_text(encoding="utf-8")))
        pair(engine)
        make_cases(engine, facts)
        return list(engine.rows(engine.table("settled"), ["decision"]))
    finally:
        engine.close()


@pytest.mark.parametrize(
    ("seed", "period", "as_of"),
    [
        *((seed, "2026-09", "2026-10-12") for seed in SEEDS),
        (4, "2026-09", "2026-09-20"),  # in its midst
        (5, "2026-Q3", "2027-10-10"),  # terms are over
        (6, "2026", "2026-10-09"),
    ],
)
def test_the_long_way_says_the_same(city: Any, seed: int, period: str, as_of: str) -> None:
    tangled(city, seed)
    city.judge(period, D(as_of))
    inputs = city.workspace.periods / period / "inputs"
    rows = settled_of(inputs)
    inside = sum(row["in_period"] for row in rows)
    if as_of == "2026-10-12":
        assert 30 < inside < len(rows) < 330
    assert judge(inputs).files() == judge(inputs, settling=False).files()


def test_a_check_that_may_speak_of_them_sees_every_decision(city: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    city.publish()
    city.submit()
    city.judge()
    inputs = city.workspace.periods / "2026-09" / "inputs"
    assert len(settled_of(inputs)) == 1
    first, *others = all_checks()
    open_minded = [dataclasses.replace(first, skips_settled=False), *others]
    monkeypatch.setattr("assessment.settled.all_checks", lambda: open_minded)
    assert settled_of(inputs) == []
