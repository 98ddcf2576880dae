"""A small city of rows for the judge: one unit, its two portals, looks on given days; tests add records and ask."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import itertools
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from assessment.run import assess
from db.clock import SHANGHAI
from db.models import (
    Base,
    Batch,
    Coverage,
    Finding,
    Pair,
    PeriodRun,
    Portal,
    Publication,
    RefusedRow,
    RegisterEntry,
    Score,
    Submission,
    Unit,
)
from db.session import session_of
from db.settings import Workspace
from standard.outcomes import dead_link
from standard.values import document_number_key, document_number_weak

AS_OF = datetime.date(2026, 10, 12)
Found = dict[str, tuple[list[str], list[str]]]
"""case -> findings as `code:level`, classes of its decisions"""


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(text)


def at(text: str, hour: int = 9) -> datetime.datetime:
    return datetime.datetime.combine(day(text), datetime.time(hour), SHANGHAI)


@dataclass
class Result:
    findings: list[dict[str, Any]]
    pairs: list[dict[str, Any]]
    scores: list[dict[str, Any]]
    run: PeriodRun

    def levels(self, code: str) -> list[str]:
        return [finding["level"] for finding in self.findings if finding["code"] == code]

    def accused(self) -> list[str]:
        return sorted({finding["code"] for finding in self.findings if finding["level"] in ("fail", "warn")})


@dataclass
class City:
    """Rows to be judged. `publish` and `submit` take only what differs from an ordinary penalty of 2026-09-01."""

    workspace: Workspace
    here: str = "fgw"  # the unit that rows belong to unless they say otherwise
    rows: dict[type[Base], list[dict[str, Any]]] = field(default_factory=dict)
    serial: itertools.count[int] = field(default_factory=itertools.count)

    def copied(self, root: Path) -> City:
        """This city with a workspace of its own: a test may change what was judged once for all of them."""
        shutil.copytree(self.workspace.root, root)
        return dataclasses.replace(self, workspace=Workspace.open(root))

    def add(self, model: type[Base], **values: Any) -> dict[str, Any]:
        self.rows.setdefault(model, []).append(values)
        return values

    def unit(self, id: str = "fgw", **values: Any) -> None:
        self.here = id
        self.add(Unit, **{"id": id, "name": f"示例市{id}局", "aliases": [], "level": "municipal", "parent": None, "contacts": {},
                          "assessed": True, "position": len(self.rows.get(Unit, [])), "active": True} | values)  # fmt: skip

    def portal(self, id: str | None = None, looks: dict[str, str] | None = None, **values: Any) -> None:
        id = id or f"{self.here}_column"
        self.add(Portal, **{"id": id, "unit_id": self.here, "kind": "both", "channel": "department", "title": "双公示专栏", "url": "https://a.example/",
                            "family": "wide_table", "render": "http", "every_hours": 24, "entry": {}, "active": True} | values)  # fmt: skip
        for text, outcome in (
            looks if looks is not None else {"2026-08-31": "complete", "2026-10-12": "complete"}
        ).items():
            self.look(id, text, outcome)

    def look(self, portal: str, text: str, outcome: str = "complete", dead: str = "", gone: bool = True) -> None:
        """`dead`: a link that this look could not open."""
        self.add(
            Coverage,
            crawl_id=f"{portal}-{text}",
            portal_id=portal,
            looked_at=at(text),
            outcome=outcome,
            reason="",
            who="",
            notes=[
                "列表写在注释里，由脚本显示",
                *([dead_link(dead, "HTTP 404" if gone else "HTTP 500", gone)] if dead else []),
            ],
        )

    def dead(self, days: list[str], whole: Sequence[str] = (), gone: bool = True) -> None:
        """The unit's column, with one link that could not be opened on these days; seen whole on the others."""
        self.portal(looks={"2026-08-31": "complete"} | dict.fromkeys(whole, "complete"))
        for text in days:
            self.look(f"{self.here}_column", text, "partial", "https://a.example/2026/1.htm", gone)

    def batch(self, text: str = "2026-10-12") -> None:
        self.add(Batch, id=f"b{text}", register="submissions", source="导出.xlsx", sha256=text, edition="2018", received_at=at(text, 8),
                 imported_at=at(text, 8))  # fmt: skip

    def entry(self, register: str, **values: Any) -> None:
        number = self.number(values.pop("document_number", None))
        self.add(RegisterEntry, **{"id": f"{register}{next(self.serial)}", "register": register, "unit_id": self.here, "kind": "penalty",
                 "document_number_key": document_number_key(number) if number else None, "counterparty_key": None, "counterparty_code": None,
                 "item_name": None, "effective_from": None, "effective_to": None, "period": None,
                 "ground": "零申报" if register == "declarations" else "依据材料", "basis": None, "data": {},
                 "batch": "b", "imported_at": at("2026-09-01")} | values)  # fmt: skip

    def refuse(self, given: str | int | None, party: str | None = None) -> None:
        number = self.number(given)
        self.add(RefusedRow, id=f"r{next(self.serial)}", batch="b2026-10-12", unit_id=self.here, kind="penalty",
                 document_number_key=document_number_key(number) if number else None, counterparty_key=party,
                 received_at=at("2026-09-05"), reasons=[], raw={})  # fmt: skip

    def publish(
        self,
        number: str | int | None = 1,
        seen: str = "2026-09-03",
        absent: str | None = "2026-08-31",
        **values: Any,
    ) -> None:
        portal = values.get("portal_id", f"{self.here}_column")
        self.add(Publication, **self.record("p", number) | {
            "portal_id": portal, "url": "https://a.example/1", "stated_published_on": None, "first_seen": at(seen), "last_seen": at("2026-10-12"),
            "absent_before": at(absent) if absent else None, "gone_since": None, "copies": 1, "first_crawl": f"{portal}-c1", "last_crawl": f"{portal}-c2",
            "evidence": "e1", "form": "wide_table", "warnings": []} | values)  # fmt: skip

    def submit(self, number: str | int | None = 1, received: str = "2026-09-03", **values: Any) -> None:
        self.add(Submission, **self.record("s", number) | {
            "received_at": at(received), "last_received_at": at(received), "batch": "b2026-10-12", "version": 1, "copies": 1,
            "warnings": []} | values)  # fmt: skip

    def number(self, number: str | int | None) -> str | None:
        return f"示{self.here}罚〔2026〕{number}号" if isinstance(number, int) else number

    def record(self, side: str, given: str | int | None) -> dict[str, Any]:
        number = self.number(given)
        return {
            "record_id": f"{side}{next(self.serial):04d}", "kind": "penalty", "unit_id": self.here, "document_number": number,
            "document_number_key": document_number_key(number) if number else None,
            "document_number_weak": document_number_weak(number) if number else None, "document_title": None, "case_name": "违法经营案",
            "counterparty": "示例商贸有限公司", "counterparty_key": "示例商贸有限公司", "counterparty_type": "organisation",
            "counterparty_code": "91140600MA0GTXYZ1A", "legal_representative": "王五", "category": "罚款", "facts": "违法经营",
            "violation_type": "违法经营", "basis": "法第一条", "content": "罚款1000元", "fine_yuan": 1000.0, "confiscation_yuan": None,
            "licence_name": None, "licence_number": None, "decision_date": day("2026-09-01"), "valid_from": None, "valid_to": None,
            "publicity_until": None, "authority": "示例市fgw局", "authority_code": None, "source_unit": None, "source_unit_code": None,
            "status": None, "remedy": None, "defects": [], "raw": {}, "content_hash": hashlib.sha256(b"x").hexdigest(),
        }  # fmt: skip

    def place(self, name: str, portal: bool = True, declared: bool = True, **unit: Any) -> Place:
        """A unit of its own for one case of many: a column seen whole before and after, a catalogue, a zero declaration."""
        self.unit(name, **unit)
        if portal:
            self.portal()
        if unit.get("assessed", True):
            self.entry("catalogue", item_name="违法经营案")
        if declared:
            self.entry("declarations", period="2026-09", kind=None)
        return Place(self, name)

    def found(self, names: Iterable[str], as_of: datetime.date = AS_OF, ignore: str = "") -> Found:
        """What one assessment says of each case: findings as `code:level`, those of a neighbour as `name/code:level`;
        classes. `ignore`: a code that is not told."""
        result = self.judge(as_of=as_of)
        made: Found = {name: ([], []) for name in names}

        def case_of(unit: str) -> str | None:
            return max((n for n in made if unit == n or unit.startswith(f"{n}_")), key=len, default=None)

        for finding in result.findings:
            name = case_of(finding["unit_id"])
            if name is not None and finding["code"] != ignore:
                beside = finding["unit_id"].removeprefix(name).removeprefix("_")
                made[name][0].append(f"{beside + '/' if beside else ''}{finding['code']}:{finding['level']}")
        for pair in result.pairs:
            name = case_of(pair["unit_id"])
            if name is not None:
                made[name][1].append(pair["verdict"])
        return {name: (sorted(found), sorted(set(classes))) for name, (found, classes) in made.items()}

    def store(self) -> None:
        with session_of(self.workspace) as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(table.delete())
            for model in (Unit, Portal, Coverage, Batch, RegisterEntry, RefusedRow, Publication, Submission):
                if self.rows.get(model):
                    session.execute(insert(model), self.rows[model])

    def judge(self, period: str = "2026-09", as_of: datetime.date = AS_OF) -> Result:
        self.store()
        return self.assess(period, as_of)

    def assess(self, period: str = "2026-09", as_of: datetime.date = AS_OF) -> Result:
        run = assess(self.workspace, period, as_of=as_of)
        with session_of(self.workspace) as session:

            def rows(model: type[Base], *order: Any) -> list[dict[str, Any]]:
                return [
                    {c.name: getattr(row, c.name) for c in model.__table__.columns}
                    for row in session.query(model).order_by(*order)
                ]

            return Result(
                rows(Finding, Finding.code, Finding.finding_id),
                rows(Pair, Pair.pair_id),
                rows(Score, Score.unit_id, Score.position),
                run,
            )


class Place:
    """What one case of many sees of the city: its own unit, and neighbours named after it."""

    def __init__(self, city: City, own: str) -> None:
        self.city, self.own = city, own

    def __getattr__(self, name: str) -> Any:
        return getattr(self.city, name)

    def other(self, name: str) -> str:
        return f"{self.own}_{name}"

    def neighbour(self, name: str) -> None:
        self.city.place(self.other(name))
        self.city.here = self.own

    def local(self, day: str) -> None:
        """A holiday of this unit alone."""
        folder: Path = self.city.workspace.calendar
        folder.mkdir(exist_ok=True)
        text = f"year: 2026\nnotice: 东湖自治县节日\nunits: [{self.own}]\nholidays: [{day}]\n"
        (folder / "donghu.yml").write_text(text, encoding="utf-8")


def open_workspace(root: Path) -> Workspace:
    (root / "mingcha.yml").write_text(
        "confirm: {codes: [submitted_late, not_submitted, not_published, published_late]}\n", encoding="utf-8"
    )
    return Workspace.open(root)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return open_workspace(tmp_path)


def ordinary(city: City) -> None:
    """One portal of the current unit, seen whole before and after, and its catalogue."""
    city.portal()
    city.entry("catalogue", kind="penalty", item_name="违法经营案")


@pytest.fixture
def city(workspace: Workspace) -> City:
    """One ordinary unit, and an export of the platform up to the day of assessment."""
    made = City(workspace)
    made.unit()
    made.batch()
    ordinary(made)
    return made


@pytest.fixture(scope="module")
def made_city() -> Callable[[Path], City]:
    """Makes a city without units in a folder."""
    return lambda root: City(open_workspace(root))


@pytest.fixture(scope="module")
def whole_city(tmp_path_factory: pytest.TempPathFactory) -> City:
    """A city of many units, one for each case of a test module; it is assessed once."""
    made = City(open_workspace(tmp_path_factory.mktemp("city")))
    made.batch()
    return made
