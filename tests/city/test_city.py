"""The city is what its description says, the same for the same seed, and its codes satisfy the national rules."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from reports.words import CODES
from sample_city import codes, plan, texts
from sample_city.city import City, make
from standard.privacy import find
from standard.values import document_number_key, uscc_ok


@pytest.fixture(scope="module")
def city() -> City:
    return make(1)


def test_size(city: City) -> None:
    levels = Counter(unit.level for unit in city.units.values())
    assert len(city.units) >= 30 and levels["county"] >= 3 and levels["institution"] == levels["vertical"] == 1
    assert len(city.portals) >= 40
    assert len(city.decisions) >= 2000
    persons = sum(d.party.type != "organisation" for d in city.decisions) / len(city.decisions)
    assert 0.2 <= persons <= 0.3


def test_the_same_seed_gives_the_same_city(city: City) -> None:
    again = make(1)
    assert again.decisions == city.decisions and again.truth == city.truth and again.lookalikes == city.lookalikes
    assert make(2).truth != city.truth


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_every_judged_code_is_seeded_often_enough(seed: int) -> None:
    counts = Counter(e.code for e in make(seed).truth)
    for code in (
        "submitted_late",
        "published_late",
        "not_submitted",
        "not_published",
        "field_missing",
        "field_invalid",
        "values_differ",
        "over_disclosed",
        "past_term",
        "backdated",
        "withdrawn_unexplained",
        "duplicate",
        "outside_catalogue",
        "silent_item",
    ):
        assert counts[code] >= 5, code
    for code in ("column_missing", "column_unreachable"):
        assert counts[code] >= 1, code
    for code in ("catalogue_missing", "column_empty", "column_stale", "dead_link", "channel_missing"):
        assert counts[code] >= 2, code
    assert counts.keys() == CODES.keys()


@pytest.mark.parametrize("seed", [1, 3, 6])
def test_every_kind_of_column_fault_has_its_lawful_look_alike(seed: int) -> None:
    spared = {code for look in make(seed).lookalikes for code in look.forbidden}
    assert {
        "column_missing",
        "column_unreachable",
        "column_empty",
        "column_stale",
        "dead_link",
        "channel_missing",
    } <= spared


def test_units_differ(city: City) -> None:
    faults = Counter(e.unit for e in city.truth)
    assert sum(unit.care == 0 and faults[unit.id] == 0 for unit in city.units.values()) >= 5
    assert max(faults.values()) >= 15
    due = Counter(d.unit.id for d in city.decisions if d.in_period and d.due < plan.AS_OF)
    assert any(0 < n < 10 for n in due.values()) and max(due.values()) > 60


def test_no_number_names_two_decisions_of_different_kind_or_unit(city: City) -> None:
    owners: dict[str, set[tuple[str, str]]] = {}
    for d in city.decisions:
        owners.setdefault(document_number_key(d.number) or "", set()).add((d.unit.id, d.kind))
    assert all(len(found) == 1 for found in owners.values())


def test_codes_are_valid() -> None:
    rng = random.Random(5)
    for head in ("91", "92", "11", "12"):
        for _ in range(200):
            code = codes.unified_code(rng, head, "140602")
            assert uscc_ok(code), code
            assert not uscc_ok(codes.failing_code(code))


def test_persons_codes_are_found_and_permit_numbers_are_not() -> None:
    rng = random.Random(6)
    for _ in range(100):
        assert [leak.kind for leak in find("身份证号：" + codes.person_code(rng, "140602"))] != []
        assert find("编号 " + codes.permit_number(rng, "140602", plan.FIRST)) == []


@pytest.mark.parametrize(
    ("yuan", "text"),
    [
        (200, "贰佰元整"),
        (5200, "伍仟贰佰元整"),
        (10500, "壹万零伍佰元整"),
        (305, "叁佰零伍元整"),
        (100000, "壹拾万元整"),
        (20010, "贰万零壹拾元整"),
    ],
)
def test_capitals(yuan: int, text: str) -> None:
    assert texts.capitals(yuan) == text
