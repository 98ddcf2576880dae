"""Pairing: each rule, one to one, each record in one line, whatever the order of the rows."""

import datetime
import random
from typing import Any

import pytest

from assessment.cases import make_cases
from assessment.engine import Engine
from assessment.facts import Facts
from assessment.freeze import TABLES, _write
from assessment.lines import pair_lines
from assessment.pairing import pair

D = datetime.date.fromisoformat
FACTS = Facts("2026-09", D("2026-09-01"), D("2026-09-30"), D("2026-10-12"), D("2026-10-12"), True, {})
NONE: dict[str, Any] = {"text": None, "day": None, "time": None, "number": None, "count": 0, "yes": False}


def record(table: str, **values: Any) -> dict[str, Any]:
    time = datetime.datetime(2026, 9, 3, 9)  # noqa: DTZ001 - frozen times are Shanghai wall time
    usual = {
        "kind": "penalty", "unit_id": "fgw", "decision_date": D("2026-09-01"), "fine_yuan": 100.0, "first_seen": time,
        "last_seen": time, "received_at": time, "portal_id": "a", "counterparty_type": "organisation", "copies": 1,
    }  # fmt: skip
    return {name: (usual | values).get(name, NONE[kind]) for name, kind in TABLES[table].items()}


def lines(tmp_path: Any, published: list[dict[str, Any]], submitted: list[dict[str, Any]]) -> list[dict[str, Any]]:
    engine = Engine()
    rows: dict[str, list[dict[str, Any]]] = {
        "publications": [record("publications", **row) for row in published],
        "submissions": [record("submissions", **row) for row in submitted],
        "units": [record("units", name="发改委", level="municipal", assessed=True, active=True)],
    }
    try:
        for name in TABLES:
            _write(tmp_path / f"{name}.parquet", TABLES[name], rows.get(name, []))
            engine.load(name, tmp_path / f"{name}.parquet")
        pair(engine)
        make_cases(engine, FACTS)
        return list(engine.rows(pair_lines(engine, FACTS), ["pair_id"]))
    finally:
        engine.close()


def row(
    id: str, number: str | None = None, code: str | None = None, name: str | None = None, **more: Any
) -> dict[str, Any]:
    return {
        "record_id": id, "document_number_key": number, "document_number_weak": number and number[-1], "counterparty_code": code,
        "counterparty_key": name,
    } | more  # fmt: skip


CASES: dict[str, tuple[list[dict[str, Any]], list[dict[str, Any]], list[tuple[str | None, str | None, str]]]] = {
    "number_and_code": ([row("p1", "n1", "c")], [row("s1", "n1", "c", "甲")], [("p1", "s1", "number_code")]),
    "number_and_name": ([row("p1", "n1", None, "甲")], [row("s1", "n1", "c", "甲")], [("p1", "s1", "number_name")]),
    "weak_number": ([row("p1", "市1", None, "甲")], [row("s1", "示1", None, "甲")], [("p1", "s1", "weak_number_name")]),
    "number_and_unit": ([row("p1", "n1", None, "甲")], [row("s1", "n1", None, "乙")], [("p1", "s1", "number_unit")]),
    "another_party_under_the_number": (
        [row("p1", "n1", "c1", "甲"), row("p2", "n1", "c2", "乙")], [row("s1", "n1", "c1", "甲")],
        [("p1", "s1", "number_code"), ("p2", None, "single")]),
    "two_codes_are_two_parties": (
        [row("p1", "n1", "c1", "甲")], [row("s1", "n1", "c2", "乙")], [("p1", None, "single"), (None, "s1", "single")]),
    "no_number_code": ([row("p1", None, "c")], [row("s1", "n1", "c")], [("p1", "s1", "code_date")]),
    "no_number_name": ([row("p1", None, None, "甲")], [row("s1", None, None, "甲")], [("p1", "s1", "name_date")]),
    "different_numbers_never_pair_by_date": (
        [row("p1", "n1", "c", "甲")], [row("s1", "n2", "c", "甲")], [("p1", None, "single"), (None, "s1", "single")]),
    "other_kind_never_pairs": (
        [row("p1", "n1", "c")], [row("s1", "n1", "c", kind="licence")], [("p1", None, "single"), (None, "s1", "single")]),
    "two_windows": ([row("p1", "n1", "c"), row("p2", "n1", "c", portal_id="b")], [row("s1", "n1", "c")],
                    [("p1", "s1", "number_code"), ("p2", None, "same_decision")]),
    "second_window_without_number": (
        [row("p1", "n1", "c", "甲"), row("p2", None, None, "甲", portal_id="b")], [row("s1", "n1", "c", "甲")],
        [("p1", "s1", "number_code"), ("p2", None, "same_decision")]),
    "renamed_party_in_second_window": (
        [row("p1", "n1", None, "旧"), row("p2", "n1", "c", "新", portal_id="b")], [row("s1", "n1", "c", "旧")],
        [("p1", "s1", "number_code"), ("p2", None, "same_decision")]),
    "several_parties_under_one_number": (
        [row("p1", "n1", "c1"), row("p2", "n1", "c2")], [row("s1", "n1", "c2"), row("s2", "n1", "c1")],
        [("p1", "s2", "number_code"), ("p2", "s1", "number_code")]),
    "two_persons_of_one_surname": (
        [row("p1", "n1", None, "p:张", fine_yuan=1.0), row("p2", "n1", None, "p:张", fine_yuan=2.0)],
        [row("s1", "n1", None, "p:张", fine_yuan=2.0), row("s2", "n1", None, "p:张", fine_yuan=1.0)],
        [("p1", "s2", "number_name"), ("p2", "s1", "number_name")]),
    "reported_twice": ([row("p1", "n1", "c")], [row("s1", "n1", "c"), row("s2", "n1", "c")],
                       [("p1", "s1", "number_code"), (None, "s2", "same_decision")]),
}  # fmt: skip


def in_world(world: str, one: dict[str, Any]) -> dict[str, Any]:
    """The row in a small world of its own: nothing of it can meet a row of another world."""
    moved = one | {
        "record_id": f"{world}/{one['record_id']}",
        "unit_id": world,
        "portal_id": f"{world}/{one.get('portal_id', 'a')}",
    }
    for key in ("document_number_key", "counterparty_code"):
        moved[key] = f"{world}/{one[key]}" if one[key] else None
    return moved


def of_world(made: list[dict[str, Any]], world: str) -> list[dict[str, Any]]:
    return [line for line in made if line["unit_id"] == world]


@pytest.fixture(scope="module")
def paired(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """Every case judged in one run, each in its own world."""
    sides: list[list[dict[str, Any]]] = [
        [in_world(name, one) for name, case in CASES.items() for one in case[side]] for side in (0, 1)
    ]
    return lines(tmp_path_factory.mktemp("cases"), *sides)


@pytest.mark.parametrize("name", CASES)
def test_pairs(name: str, paired: list[dict[str, Any]]) -> None:
    def bare(id: str | None) -> str | None:
        return id and id.removeprefix(f"{name}/")

    made = [(bare(line["published"]), bare(line["submitted"]), line["rule"]) for line in of_world(paired, name)]
    assert sorted(made, key=str) == sorted(CASES[name][2], key=str)


def test_ambiguous_pairs_are_questions(tmp_path: Any) -> None:
    made = lines(tmp_path, [row("p1", None, "c"), row("p2", None, "c")], [row("s1", None, "c"), row("s2", None, "c")])
    assert [line["verdict"] for line in made] == ["question", "question"]


DAYS = [D("2026-09-01"), D("2026-09-03"), D("2026-08-31"), D("2026-07-01"), None]


def some(chance: random.Random, side: str, world: str) -> list[dict[str, Any]]:
    """Up to seven rows of few values, so that keys meet often."""
    return [
        in_world(world, row(
            f"{side}{n}", chance.choice(["n1", "n2", "m1", None]), chance.choice(["c1", "c2", None]), chance.choice(["甲", "乙", "p:张", None]),
            portal_id=chance.choice("ab"), fine_yuan=chance.choice([1.0, 2.0]), decision_date=chance.choice(DAYS)))
        for n in range(chance.randrange(8))
    ]  # fmt: skip


def test_order_changes_nothing_and_each_record_stands_once(tmp_path: Any) -> None:
    chance = random.Random(20260901)
    worlds = [f"w{n:02d}" for n in range(60)]
    published, submitted = ([one for world in worlds for one in some(chance, side, world)] for side in "ps")
    first = lines(tmp_path, published, submitted)
    assert len({line["rule"] for line in first}) >= 7
    for _ in range(2):
        chance.shuffle(published)
        chance.shuffle(submitted)
        assert lines(tmp_path, published, submitted) == first
    for side, given_rows in (("published", published), ("submitted", submitted)):
        stood = [line[side] for line in first if line[side] is not None]
        assert len(stood) == len(set(stood))
        of_period = {r["record_id"] for r in given_rows if r["decision_date"] and r["decision_date"].month == 9}
        assert of_period <= set(stood)
    primaries = [line for line in first if line["rule"] not in ("single", "same_decision")]
    assert all(line["published"] and line["submitted"] for line in primaries)
