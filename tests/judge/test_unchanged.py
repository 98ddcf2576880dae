"""Only the units whose records were written since are read anew; every byte is as if everything had been.

A small city lives through chance: batches, looks, corrections, register lines, decisions of people, other days of assessment. After
each step its inputs are frozen twice, with what is known of the last freezing and without.
"""

from __future__ import annotations

import datetime
import json
import random
import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from alembic import command
from sqlalchemy import delete, func, insert, select, text, update

from assessment import freeze as freezing
from assessment import unchanged
from assessment.freeze import freeze
from assessment.periods import Period
from assessment.run import assess, fresh_place, verify
from assessment.scheme import text_of
from db import columns as db_columns
from db.clock import SHANGHAI
from db.migrations import config_of
from db.models import Coverage, PairDecision, Publication, RegisterEntry, Review, Submission, Unit
from db.session import _prepared, prepare, session_of, upsert

UNITS = ("aj", "bj", "cj", "dj", "ej", "fj")
PERIOD = Period.parse("2026-09")
AS_OF = datetime.date(2026, 10, 12)
NOON = datetime.datetime(2026, 10, 12, 12, tzinfo=SHANGHAI)


@pytest.fixture(autouse=True)
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of a few rows, as many as a million records have; and a unit of six is not yet many."""
    monkeypatch.setattr(freezing, "BATCH", 7)
    monkeypatch.setattr(db_columns, "BATCH", 5)
    monkeypatch.setattr(unchanged, "_MANY", 0.6)


@pytest.fixture
def ways(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often a side was linked, merged or read whole."""
    counted: Counter[str] = Counter()
    changed = unchanged.Known.changed

    def told(self: unchanged.Known, *given: Any) -> set[str] | None:
        units = changed(self, *given)
        counted["whole" if units is None else "merged" if units else "linked"] += 1
        return units

    monkeypatch.setattr(unchanged.Known, "changed", told)
    return counted


def peopled(city: Any, draw: random.Random) -> Any:
    """Units with records on both sides, some defective."""
    city.rows.clear()
    city.batch()
    for unit in UNITS:
        city.unit(unit)
        city.portal()
        for serial in range(draw.randrange(4, 10)):
            defects = [{"code": "field_missing", "field": "basis", "severity": "E", "message": "缺"}] * draw.randrange(
                3
            )
            city.publish(serial, seen=draw.choice(("2026-09-03", "2026-10-10")), defects=draw.choice(([], defects)))
            if draw.random() < 0.8:
                city.submit(
                    serial, received=draw.choice(("2026-09-03", "2026-10-11")), defects=draw.choice(([], defects))
                )
    city.store()
    return city


class Chance:
    """What may happen to a city between two assessments."""

    def __init__(self, city: Any, draw: random.Random) -> None:
        self.city, self.draw = city, draw
        self.as_of = AS_OF

    def step(self) -> str:
        names = [name for name in dir(self) if name.startswith("do_")]
        name = self.draw.choice(names)
        self.city.rows.clear()
        self.city.here = self.draw.choice(UNITS)
        with session_of(self.city.workspace) as session:
            getattr(self, name)(session)
        return name

    def _one(self, session: Any, model: Any) -> str:
        return self.draw.choice(sorted(session.scalars(select(model.record_id))))

    def do_batch(self, session: Any) -> None:
        """One unit reports anew: some rows new, some corrected."""
        for serial in self.draw.sample(range(20), 4):
            self.city.submit(serial, received="2026-10-08", basis=self.draw.choice(("法第一条", "法第二条")))
        rows = self.city.rows[Submission]
        for row in rows:
            row["record_id"] = f"s{row['document_number']}"
        upsert(session, Submission.__table__, rows)

    def do_duplicates(self, session: Any) -> None:
        """The same rows came again, later: only their times and copies change."""
        late = datetime.datetime(2026, 10, self.draw.randrange(9, 15), 9, tzinfo=SHANGHAI)
        changed = update(Submission).where(Submission.unit_id == self.city.here)
        session.execute(changed.values(last_received_at=late, copies=Submission.copies + 1))

    def do_look(self, session: Any) -> None:
        """One portal is looked at: a record is gone, a new one there, the rest still shown."""
        portal, day = f"{self.city.here}_column", f"2026-10-{self.draw.randrange(10, 15)}"
        self.city.look(portal, f"{day} {self.draw.random()}"[:10])
        look = self.city.rows[Coverage][0] | {"crawl_id": f"{portal}-{self.draw.random()}"}
        self.city.publish(self.draw.randrange(20, 40), seen=day)
        session.execute(insert(Coverage), [look])
        session.execute(insert(Publication), self.city.rows[Publication])
        shown = update(Publication).where(Publication.portal_id == portal)
        session.execute(shown.values(last_seen=look["looked_at"]))
        session.execute(shown.where(Publication.record_id < "p0010").values(gone_since=look["looked_at"]))

    def do_correct(self, session: Any) -> None:
        """A record turns out to be another unit's."""
        model = self.draw.choice((Publication, Submission))
        name = self._one(session, model)
        session.execute(update(model).where(model.record_id == name).values(unit_id=self.draw.choice(UNITS)))

    def do_remove(self, session: Any) -> None:
        model = self.draw.choice((Publication, Submission))
        session.execute(delete(model).where(model.record_id == self._one(session, model)))

    def do_by_hand(self, session: Any) -> None:
        """Somebody writes into the database past this program."""
        name = self._one(session, Publication)
        session.execute(
            text("UPDATE publication SET fine_yuan = 0.1, defects = '[]' WHERE record_id = :id"), {"id": name}
        )

    def do_register(self, session: Any) -> None:
        self.city.entry(
            self.draw.choice(("exemptions", "repairs", "withdrawals")), document_number=self.draw.randrange(9)
        )
        self._enter(session)

    def do_transfer(self, session: Any) -> None:
        """A duty goes over: owners of frozen records change although no record does."""
        self.city.entry(
            "responsibilities", effective_from=datetime.date(2026, 8, 1), data={"划入单位编号": self.draw.choice(UNITS)}
        )
        self._enter(session)

    def _enter(self, session: Any) -> None:
        rows = [row | {"id": f"{row['id']}-{self.draw.random()}"} for row in self.city.rows[RegisterEntry]]
        session.execute(insert(RegisterEntry), rows)

    def do_rename(self, session: Any) -> None:
        session.execute(update(Unit).where(Unit.id == self.city.here).values(name=f"示例市{self.draw.random()}局"))

    def do_review(self, session: Any) -> None:
        session.add(Review(finding_id=f"f{self.draw.randrange(5)}", thing="t", state="confirmed", actor="甲",
                           at=NOON))  # fmt: skip

    def do_pair(self, session: Any) -> None:
        session.add(PairDecision(published=self._one(session, Publication), submitted=self._one(session, Submission),
                                 same=self.draw.random() < 0.5, actor="甲", at=NOON))  # fmt: skip

    def do_nothing(self, session: Any) -> None:
        pass

    def do_another_day(self, session: Any) -> None:
        self.as_of = AS_OF + datetime.timedelta(days=self.draw.randrange(-6, 4))

    def do_law(self, session: Any) -> None:
        """The office changes a row of its own obligations.yml."""
        here, shipped = (
            self.city.workspace.root / "obligations.yml",
            Path(freezing.read_obligations.__code__.co_filename),
        )
        old = (here if here.is_file() else shipped.with_name("obligations.yml")).read_text(encoding="utf-8")
        here.write_text(f"{old}\n# {self.draw.random()}\n", encoding="utf-8")


def frozen(city: Any, as_of: datetime.date, folder: Path) -> dict[str, str]:
    scheme = text_of(None, city.workspace.schemes)[0]
    with session_of(city.workspace) as session:
        freeze(session, city.workspace, PERIOD, as_of, scheme, folder, None)
    return dict(json.loads((folder / "manifest.json").read_text(encoding="utf-8")))


def both(city: Any, as_of: datetime.date, tmp_path: Path) -> tuple[dict[str, str], dict[str, str]]:
    """The manifests of the inputs frozen with what is known, which then take the place of the period's, and without."""
    place = city.workspace.periods / PERIOD.key
    with_known = frozen(city, as_of, fresh := fresh_place(place))
    kept = (place / "units.json").read_bytes()
    (place / "units.json").unlink()
    whole = frozen(city, as_of, tmp_path / "whole")
    (place / "units.json").write_bytes(kept)
    shutil.rmtree(tmp_path / "whole")
    shutil.rmtree(place / "inputs", ignore_errors=True)
    fresh.rename(place / "inputs")
    return with_known, whole


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_every_byte_is_as_read_whole(city: Any, tmp_path: Path, seed: int, ways: Counter[str]) -> None:
    draw = random.Random(seed)
    chance = Chance(peopled(city, draw), draw)
    both(city, AS_OF, tmp_path)
    for _ in range(10):
        done = chance.step()
        with_known, whole = both(city, chance.as_of, tmp_path)
        assert with_known == whole, done
    assert ways["linked"] > 0
    assert ways["merged"] + ways["whole"] > 0


@pytest.mark.parametrize(
    ("happens", "sides"),
    [
        ("do_nothing", ("linked", "linked")),
        ("do_review", ("linked", "linked")),
        ("do_register", ("linked", "linked")),
        ("do_batch", ("linked", "merged")),
        ("do_look", ("merged", "linked")),
        ("do_by_hand", ("merged", "linked")),
        ("do_transfer", ()),
        ("do_law", ()),
    ],
)
def test_what_is_read_anew(city: Any, tmp_path: Path, happens: str, sides: tuple[str, ...], ways: Counter[str]) -> None:
    chance = Chance(peopled(city, random.Random(1)), random.Random(1))
    frozen(city, AS_OF, city.workspace.periods / PERIOD.key / "inputs")
    city.rows.clear()
    city.here = "bj"
    with session_of(city.workspace) as session:
        getattr(chance, happens)(session)
    with_known, whole = both(city, AS_OF, tmp_path)
    assert with_known == whole
    assert ways == Counter(sides)


def test_assessed_again_after_a_batch_it_verifies(city: Any, ways: Counter[str]) -> None:
    draw = random.Random(3)
    chance = Chance(peopled(city, draw), draw)
    assess(city.workspace, PERIOD.key, as_of=AS_OF)
    city.rows.clear()
    with session_of(city.workspace) as session:
        chance.do_batch(session)
    assess(city.workspace, PERIOD.key, as_of=AS_OF)
    assert ways == {"linked": 1, "merged": 1}
    assert verify(city.workspace, PERIOD.key) == []


def test_a_frozen_file_that_was_altered_is_not_used(city: Any, tmp_path: Path, ways: Counter[str]) -> None:
    peopled(city, random.Random(1))
    inputs = city.workspace.periods / PERIOD.key / "inputs"
    frozen(city, AS_OF, inputs)
    table = pq.read_table(inputs / "publications.parquet")
    pq.write_table(table.slice(1), inputs / "publications.parquet")
    with_known, whole = both(city, AS_OF, tmp_path)
    assert with_known == whole
    assert ways == {}


def test_without_its_triggers_everything_is_read(city: Any, tmp_path: Path, ways: Counter[str]) -> None:
    peopled(city, random.Random(1))
    frozen(city, AS_OF, city.workspace.periods / PERIOD.key / "inputs")
    with session_of(city.workspace) as session:
        session.execute(text("DROP TRIGGER touched_publication_update_new"))
        session.execute(update(Publication).values(content="改"))
    assert frozen(city, AS_OF, tmp_path / "again")["publications.parquet"] is not None
    assert ways == {}
    assert set(pq.read_table(tmp_path / "again" / "publications.parquet")["content"].to_pylist()) == {"改"}


def test_an_older_copy_of_an_older_database_is_another_database(city: Any, tmp_path: Path, ways: Counter[str]) -> None:
    """Both were there before there were stamps; each gets its own when it is brought up to date."""
    peopled(city, random.Random(1))

    def older(*statements: str) -> None:
        with prepare(city.workspace).begin() as connection:
            command.downgrade(config_of(connection), "-1")
            for statement in statements:
                connection.exec_driver_sql(statement)
        _prepared.clear()

    older()
    frozen(city, AS_OF, city.workspace.periods / PERIOD.key / "inputs")
    older("UPDATE publication SET content = '改' WHERE unit_id = 'bj'")
    with_known, whole = both(city, AS_OF, tmp_path)
    assert with_known == whole
    assert ways == {"whole": 2}


def test_postgresql_keeps_stamps_too(
    city: Any, tmp_path: Path, postgresql: Any, made_city: Callable[[Path], Any], ways: Counter[str]
) -> None:
    if postgresql is None:
        pytest.skip("no PostgreSQL here")
    draw = random.Random(5)
    root = tmp_path / "pg"
    root.mkdir()
    other = made_city(root)
    (root / "mingcha.yml").write_text(f"database: {postgresql.database()}\n", encoding="utf-8")
    other.workspace = type(other.workspace).open(root)
    chance = Chance(peopled(other, draw), draw)
    both(other, AS_OF, tmp_path)
    for _ in range(8):
        done = chance.step()
        with_known, whole = both(other, chance.as_of, tmp_path)
        assert with_known == whole, done
    assert ways["linked"] > 0 and ways["merged"] > 0
    with session_of(other.workspace) as session:
        session.execute(text("TRUNCATE submission"))
    with_known, whole = both(other, chance.as_of, tmp_path)
    assert with_known == whole


def test_both_databases_freeze_alike(
    city: Any, tmp_path: Path, postgresql: Any, made_city: Callable[[Path], Any]
) -> None:
    if postgresql is None:
        pytest.skip("no PostgreSQL here")
    peopled(city, random.Random(2))
    root = tmp_path / "pg"
    root.mkdir()
    other = made_city(root)
    (root / "mingcha.yml").write_text(
        (city.workspace.root / "mingcha.yml").read_text(encoding="utf-8") + f"database: {postgresql.database()}\n",
        encoding="utf-8",
    )
    other.workspace = type(other.workspace).open(root)
    other.rows = city.rows
    other.store()
    assert frozen(other, AS_OF, tmp_path / "one") == frozen(city, AS_OF, tmp_path / "two")
    with session_of(other.workspace) as session:
        assert session.scalar(select(func.count()).select_from(Publication)) > 20
