"""The wider kinds' own values, and the rules on words: canonical, masked, and never raising on any text."""

from __future__ import annotations

import datetime
import doctest
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standard import codes, dictionaries, editions, kinds, obligations, record, wider, wording
from standard.fields import FIELDS
from standard.kinds import KINDS, WIDER

TODAY = datetime.date(2026, 10, 12)
ROWS = st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text(max_size=40), max_size=14)


@pytest.mark.parametrize(
    "module", [wider, codes, kinds, wording, obligations, dictionaries], ids=lambda module: module.__name__
)
def test_examples_in_docstrings(module: ModuleType) -> None:
    assert doctest.testmod(module).failed == 0


@given(
    ROWS,
    st.sampled_from(sorted(KINDS)),
    st.sampled_from(["portal", "submission"]),
    st.sampled_from([None, *editions.EDITIONS]),
)
def test_any_row_of_any_kind_and_edition(texts: dict[str, str], kind: str, profile: str, edition: str | None) -> None:
    made = record.make(kind, texts, profile=profile, edition=edition, today=TODAY, key=b"k")
    if kind in WIDER:
        wider.complete(made, texts)
        assert set(made["own"]) <= set(FIELDS) and not set(made["own"]) & {"person_id", "representative_id"}
        assert len(made["content_hash"]) == 64 and len(wider.identity(kind, wider.nameless(texts), b"k")) == 32
    for defect in made["defects"]:
        assert defect["message"] and defect["cure"] and defect["severity"] in "EWI"


@given(st.text(max_size=60))
def test_any_word(text: str) -> None:
    codes.identity_type(text)
    codes.gateway_error(text)
    codes.category("penalty", text)
    kinds.named(text)
    kinds.told_by([text, text])
    for name in codes.LISTS:
        codes.listed(name, text)
    codes.spelled({"category": text}, {"category": {"F1": "罚款"}})


PERSON = {"counterparty": "张三丰", "person_id": "11010519491231002X", "case_name": "临时救助", "remark": "住址示例市幸福街12号楼",
          "amount_yuan": "0.08", "legal_representative": "李四", "decision_date": "2026/9/3", "content": "给张三丰发放800元"}  # fmt: skip


@pytest.mark.parametrize("profile", ["portal", "submission"])
def test_nothing_of_a_person_stays_in_a_payment(profile: str) -> None:
    made: dict[str, Any] = record.make("payment", PERSON, profile=profile, today=TODAY, key=b"k")
    wider.complete(made, PERSON)
    assert made["own"] == {"amount_yuan": 800.0} and made["case_name"] == "临时救助" and made["raw"] == {}
    assert made["counterparty_type"] == "natural_person" and made["counterparty_code"] is None
    assert not any(trace in str(made) for trace in ("张", "李四", "110105", "幸福街", "h:"))


def test_an_organisation_in_a_payment_and_a_person_in_a_red_list_stay_as_elsewhere() -> None:
    firm = record.make(
        "payment", {"counterparty": "示例市甲公司", "case_name": "补偿"}, profile="portal", today=TODAY, key=b"k"
    )
    wider.complete(firm, {"counterparty": "示例市甲公司", "case_name": "补偿"})
    assert firm["counterparty"] == "示例市甲公司" and firm["raw"]
    person = {field: text for field, text in PERSON.items() if field != "legal_representative"}
    hero = record.make("red_list", person, profile="portal", today=TODAY, key=b"k")
    wider.complete(hero, person)
    assert hero["counterparty"] == "张某某" and "张三丰" not in str(hero) and "11010519491231002X" not in str(hero)


def test_a_new_amount_is_a_new_version() -> None:
    hashes = set()
    for amount in ("1", "1.0", "2"):
        texts = {"counterparty": "示例市甲公司", "amount_yuan": amount}
        made = record.make("levy", texts, profile="submission", today=TODAY, key=b"k")
        wider.complete(made, texts)
        hashes.add(made["content_hash"])
    assert len(hashes) == 2
