"""The one door: texts in, every column of a record out, with its defects."""

from __future__ import annotations

import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.models import RecordColumns
from standard import record
from standard.fields import FIELDS

D = datetime.date
TODAY = D(2026, 10, 12)
KEY = b"key of the tests"
PENALTY: dict[str, object] = {
    "counterparty": "示例市甲乙商贸有限公司", "counterparty_type": "法人及非法人组织", "counterparty_code": "91330000755918469E",
    "legal_representative": "王五", "document_number": "示市监罚字〔2026〕12号", "violation_type": "销售不合格食品",
    "facts": "当事人销售不合格食品", "basis": "《食品安全法》第一百二十四条", "category": "罚款", "content": "罚款5000元",
    "fine_yuan": "0.5", "decision_date": "2026/09/03", "penalty_valid_to": "2099/12/31", "publicity_until": "2027/09/03",
    "authority": "示例市市场监督管理局", "authority_code": "11420000MB15291767", "source_unit": "示例市市场监督管理局",
    "source_unit_code": "11420000MB15291767",
}  # fmt: skip
LICENCE: dict[str, object] = {
    "counterparty": "示例市甲乙商贸有限公司", "counterparty_type": "法人及非法人组织", "counterparty_code": "91330000755918469E",
    "legal_representative": "王五", "document_title": "准予许可决定书", "document_number": "示许〔2026〕7号", "category": "普通",
    "content": "食品经营", "decision_date": "2026/09/03", "valid_from": "2026/09/03", "valid_to": "2031/09/02",
    "authority": "示例市行政审批局", "authority_code": "11420000MB15291767", "status": "1", "source_unit": "示例市行政审批局",
    "source_unit_code": "11420000MB15291767",
}  # fmt: skip


def penalty(profile: str = "submission", edition: str | None = "2020", **changes: object) -> dict[str, Any]:
    return record.make("penalty", {**PENALTY, **changes}, profile=profile, edition=edition, today=TODAY, key=KEY)


def licence(**changes: object) -> dict[str, Any]:
    return record.make("licence", {**LICENCE, **changes}, profile="submission", edition="2020", today=TODAY, key=KEY)


def rules(made: dict[str, Any]) -> set[tuple[str, str, str]]:
    return {(defect["rule"], defect["field"], defect["severity"]) for defect in made["defects"]}


def test_every_column_is_there() -> None:
    columns = set(RecordColumns.__annotations__) - {"record_id"}
    assert set(penalty()) == columns


def test_clean_records_have_no_defects() -> None:
    assert penalty()["defects"] == []
    assert licence()["defects"] == []


def test_canonical_values() -> None:
    made = penalty(category="罚款;没收违法所得、没收非法财物", confiscation_yuan="0.02")
    assert made["fine_yuan"] == 5000.0 and made["confiscation_yuan"] == 200.0
    assert made["category"] == "罚款；没收违法所得、没收非法财物"
    assert made["decision_date"] == D(2026, 9, 3) and made["publicity_until"] == D(2027, 9, 3)
    assert (
        made["document_number_key"] == "示市监罚字〔2026〕12号" and made["document_number_weak"] == "示市监罚〔2026〕12"
    )
    assert made["counterparty_key"] == "示例市甲乙商贸有限公司" and made["counterparty_type"] == "organisation"
    assert licence()["status"] == "有效"


def test_the_hash_says_whether_two_rows_say_the_same() -> None:
    assert penalty()["content_hash"] == penalty(decision_date="2026年9月3日", fine_yuan="0.500")["content_hash"]
    assert penalty()["content_hash"] != penalty(content="罚款5001元")["content_hash"]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"decision_date": "2026/12/03"}, ("D4", "decision_date", "E")),
        ({"decision_date": "1989/01/03", "document_number": "示市监罚12号"}, ("D5", "decision_date", "E")),
        ({"decision_date": "本月"}, ("D2", "decision_date", "E")),
        ({"publicity_until": "2026/09/01"}, ("D10", "publicity_until", "E")),
        ({"penalty_valid_to": "2026/09/01"}, ("D11", "penalty_valid_to", "W")),
        ({"document_number": "示市监罚字〔2023〕12号"}, ("D13", "document_number", "W")),
        ({"document_number": "示市监罚字〔2027〕12号"}, ("N1", "document_number", "E")),
        ({"document_number": "示市监罚字〔2026〕XXX号"}, ("N3", "document_number", "W")),
        ({"document_number": "示市监罚字号"}, ("N2", "document_number", "W")),
        ({"document_number": ""}, ("C2", "document_number", "E")),
        ({"basis": "无"}, ("C2", "basis", "E")),
        ({"basis": "按有关要求"}, ("X5", "basis", "W")),
        ({"fine_yuan": ""}, ("M3", "fine_yuan", "E")),
        ({"fine_yuan": "若干"}, ("M2", "fine_yuan", "E")),
        ({"fine_yuan": "-1"}, ("M2", "fine_yuan", "E")),
        ({"fine_yuan": "0.50000001"}, ("M1", "fine_yuan", "E")),
        ({"fine_yuan": "5000"}, ("M6", "fine_yuan", "W")),
        ({"fine_yuan": "20000"}, ("M7", "fine_yuan", "W")),
        ({"category": "没收违法所得"}, ("M4", "confiscation_yuan", "W")),
        ({"category": "吊销许可证件"}, ("M5", "revoked_licence", "E")),
        ({"category": "警告"}, ("M3", "category", "W")),
        ({"counterparty_code": "91330000755918469F"}, ("U2", "counterparty_code", "W")),
        ({"counterparty_code": "9133000075591846"}, ("U1", "counterparty_code", "E")),
        ({"counterparty_code": "9.11100001234568e+17"}, ("U7", "counterparty_code", "E")),
        ({"counterparty_code": "0" * 17 + "X"}, ("U3", "counterparty_code", "E")),
        ({"authority_code": "0" * 17 + "X"}, ("U3", "authority_code", "E")),
        ({"organisation_code": "MA1FL0LY9"}, ("U5", "organisation_code", "W")),
        ({"counterparty_type": "公司"}, ("T6", "counterparty_type", "E")),
        ({"counterparty_type": "个体工商户"}, ("T3", "counterparty_type", "W")),
        ({"person_id": "11010519491231002X"}, ("T2", "person_id", "E")),
        ({"counterparty": "示例市**公司"}, ("X2", "counterparty", "W")),
        ({"facts": "《食品安全法》第一百二十四条"}, ("X6", "facts", "W")),
    ],
)  # fmt: skip
def test_rules_of_penalties(changes: dict[str, object], expected: tuple[str, str, str]) -> None:
    assert expected in rules(penalty(**changes))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"valid_to": "2026/09/01"}, {("D6", "valid_to", "E"), ("D7", "valid_to", "W")}),
        ({"valid_from": "2026/08/01"}, {("D8", "valid_from", "I")}),
        ({"document_title": None}, {("C2", "document_title", "E")}),
        ({"document_number": "/", "licence_number": "JY11406000000001"}, set()),
        ({"valid_to": "2099/12/31"}, set()), ({"valid_to": "长期"}, {("D9", "valid_to", "I")}),
    ],
)  # fmt: skip
def test_rules_of_licences(changes: dict[str, object], expected: set[tuple[str, str, str]]) -> None:
    assert rules(licence(**changes)) == expected


def test_the_2015_edition_allows_the_word_empty() -> None:
    made = record.make("licence", {"document_number": "空"}, profile="submission", edition="2015", today=TODAY, key=KEY)
    assert ("C2", "document_number", "E") not in rules(made)


def test_sole_traders_may_use_the_filler_with_a_registration_number() -> None:
    made = penalty(
        counterparty_type="个体工商户", counterparty_code="0" * 17 + "X", registration_number="110108600000016"
    )
    assert made["counterparty_type"] == "sole_trader" and not any(rule[0] == "U3" for rule in rules(made))


def test_a_portal_is_asked_for_its_own_minimum_only() -> None:
    made = record.make(
        "penalty",
        {field: PENALTY[field] for field in ("document_number", "counterparty", "counterparty_code", "basis", "facts", "content", "authority")},
        profile="portal", today=TODAY, key=KEY,
    )  # fmt: skip
    assert {severity for _, _, severity in rules(made)} == {"W"}
    without = penalty("portal", None, basis="", counterparty_code="")
    missing = {
        defect["field"]
        for defect in without["defects"]
        if defect["code"] == "field_missing" and defect["severity"] == "E"
    }
    assert missing == {"basis", "counterparty_code"}


# ---------------------------------------------------------------- parties


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        ({"counterparty": "张三丰"}, "natural_person"), ({"counterparty": "张某某"}, "natural_person"),
        ({"counterparty": "王**"}, "natural_person"), ({"counterparty": "古丽娜尔·买买提"}, "natural_person"),
        ({"counterparty": "李记烧烤店"}, "organisation"), ({"counterparty": "示例市甲公司"}, "organisation"),
        ({"counterparty": "赵义", "counterparty_code": "92330206MA7FX69W9Y"}, "sole_trader"),
        ({"counterparty": "李记烧烤", "legal_representative": "李四"}, "organisation"),
        ({"counterparty": "李某某（未成年人，13岁）"}, "natural_person"), ({"counterparty": "李四，女"}, "natural_person"),
        ({"counterparty": "王某(驾驶员)"}, "natural_person"), ({"counterparty": "金利来（男装）"}, "organisation"),
        ({"counterparty": "示例客运（司机王某）"}, "organisation"), ({"counterparty": "示例市救助站（未成年人）"}, "organisation"),
        ({"counterparty": "张三丰", "counterparty_type": "01"}, "natural_person"),
        ({"counterparty": "张三丰", "person_id": "110105********002X"}, "natural_person"), ({}, None),
    ],
)  # fmt: skip
def test_kinds_of_parties(texts: dict[str, object], kind: str | None) -> None:
    made = record.make("penalty", texts, profile="portal", today=TODAY, key=KEY)
    assert made["counterparty_type"] == kind


def test_natural_persons_are_never_stored_clear() -> None:
    made = record.make(
        "penalty",
        {"counterparty": "张三丰", "person_id": "11010519491231002X", "facts": "张三丰酒后驾驶，电话13800138000", "case_name": "张三丰酒驾案"},
        profile="portal", today=TODAY, key=KEY, raw={"当事人": "张三丰", "住址": "示例市，13800138000", "身份证": "11010519491231002X"},
    )  # fmt: skip
    stored = str({name: value for name, value in made.items()})
    for secret in ("张三丰", "11010519491231002X", "13800138000"):
        assert secret not in stored
    assert made["counterparty"] == "张某某" and made["counterparty_key"] == "p:张"
    assert made["counterparty_code"].startswith("h:")
    told = [(d["code"], d["field"]) for d in made["defects"] if d["code"] == "over_disclosed"]
    assert told == [("over_disclosed", "person_id"), ("over_disclosed", "facts")]


def test_both_inlets_speak_one_language_of_persons() -> None:
    shown = record.make("penalty", {"counterparty": "张某某"}, profile="portal", today=TODAY, key=KEY)
    told = penalty(counterparty="张三丰", counterparty_type="自然人", counterparty_code=None, legal_representative=None,
                   person_id_type="身份证", person_id="11010519491231002X")  # fmt: skip
    assert shown["counterparty_key"] == told["counterparty_key"] == "p:张"
    assert told["defects"] == []


def test_submissions_may_carry_what_portals_may_not() -> None:
    made = penalty(representative_id_type="身份证", representative_id="11010519491231002X")
    assert made["defects"] == [] and "11010519491231002X" not in str(made)


def test_party_of_a_register_speaks_the_same_language() -> None:
    assert record.party("示例市甲乙商贸有限公司（个体工商户）", None, KEY)[1] == "示例市甲乙商贸有限公司"
    assert record.party("张三丰", "11010519491231002X", KEY)[1] == "p:张"


# ---------------------------------------------------------------- combined cells


def test_combined_cells_are_split() -> None:
    made = record.make(
        "penalty",
        {"authority_and_date": "示例市市场监督管理局 2026年9月3日", "category_and_basis": "罚款，依据《食品安全法》"},
        profile="portal", today=TODAY, key=KEY,
    )  # fmt: skip
    assert made["authority"] == "示例市市场监督管理局" and made["decision_date"] == D(2026, 9, 3)
    assert made["basis"] == made["content"] == "罚款，依据《食品安全法》"
    told = {"authority_and_date": "示县农业局于2026年1月4日作出行政处罚决定书"}
    made = record.make("penalty", told, profile="portal", today=TODAY, key=KEY)
    assert made["authority"] == "示县农业局" and made["decision_date"] == D(2026, 1, 4)


def test_terms_are_read_from_one_cell_and_from_years() -> None:
    made = record.make("licence", {"valid_range": "2026-09-03至2031-09-02"}, profile="portal", today=TODAY, key=KEY)
    assert (made["valid_from"], made["valid_to"]) == (D(2026, 9, 3), D(2031, 9, 2))
    made = record.make(
        "penalty", {"decision_date": "2026-08-31", "publicity_until": "6个月"}, profile="portal", today=TODAY, key=KEY
    )
    assert made["publicity_until"] == D(2027, 2, 28)


def test_a_portals_unit_of_money_comes_from_its_label() -> None:
    texts = {"fine_yuan": "5000"}
    assert (
        record.make("penalty", texts, money={"fine_yuan": "yuan"}, profile="portal", today=TODAY, key=KEY)["fine_yuan"]
        == 5000
    )
    assert record.make("penalty", texts, profile="portal", today=TODAY, key=KEY)["fine_yuan"] is None


def test_a_portals_code_column_may_hold_older_codes() -> None:
    made = record.make("penalty", {"counterparty_code": "75591846-9"}, profile="portal", today=TODAY, key=KEY)
    assert made["counterparty_code"] is None
    assert not any(field == "counterparty_code" for _, field, _ in rules(made))


# ---------------------------------------------------------------- any text

TEXTS = st.one_of(
    st.none(),
    st.text(max_size=40),
    st.sampled_from([str(v) for v in (*PENALTY.values(), *LICENCE.values())]),
    st.integers(),
    st.floats(),
    st.dates(),
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*FIELDS, "unheard_of"]), TEXTS), st.sampled_from(["licence", "penalty"]),
       st.sampled_from(["portal", "submission"]), st.sampled_from([None, "2015", "2018", "2020", "1999"]))  # fmt: skip
def test_make_never_raises_and_is_repeatable(
    texts: dict[str, object], kind: str, profile: str, edition: str | None
) -> None:
    first = record.make(kind, texts, profile=profile, edition=edition, today=TODAY, key=KEY)
    assert first == record.make(kind, texts, profile=profile, edition=edition, today=TODAY, key=KEY)
    for defect in first["defects"]:
        assert defect["code"] in ("field_missing", "field_invalid", "over_disclosed")
        assert defect["severity"] in "EWI" and defect["message"] and defect["cure"]
