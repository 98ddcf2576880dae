"""Every rule by its id, with a row that breaks it and one that does not; every list of codes; both completeness profiles."""

# ruff: noqa: E501 - tables of data, one case a line

from __future__ import annotations

import datetime
from typing import Any

import pytest

from standard import codes, editions, record
from standard.rules import RULE_TABLE
from standard.values import (
    code,
    document_number_key,
    document_number_weak,
    organisation_code_ok,
    registration_number_ok,
    uscc_ok,
)

TODAY = datetime.date(2026, 10, 12)
FILLER = "0" * 17 + "X"
PENALTY = {
    "counterparty": "示例市甲乙商贸有限公司", "counterparty_type": "法人及非法人组织", "counterparty_code": "91330000755918469E",
    "legal_representative": "王五", "document_number": "示市监罚字〔2026〕12号", "violation_type": "违反食品安全法第三十四条",
    "facts": "销售超过保质期的食品一批", "basis": "《食品安全法》第一百二十四条", "category": "罚款", "content": "处罚款5000元",
    "fine_yuan": "0.5", "decision_date": "2026/09/03", "penalty_valid_to": "2099/12/31", "publicity_until": "2027/09/03",
    "authority": "示例市市场监督管理局", "authority_code": "11420000MB15291767", "source_unit": "示例市市场监督管理局",
    "source_unit_code": "11420000MB15291767",
}  # fmt: skip
LICENCE = {
    "counterparty": "示例市甲乙商贸有限公司", "counterparty_type": "法人及非法人组织", "counterparty_code": "91330000755918469E",
    "legal_representative": "王五", "document_title": "关于准予食品经营许可的决定", "document_number": "示审批许字〔2026〕12号", "category": "普通",
    "content": "准予食品经营", "decision_date": "2026/09/03", "valid_from": "2026/09/03", "valid_to": "2031/09/02", "authority": "示例市行政审批局",
    "authority_code": "11420000MB15291767", "status": "1", "source_unit": "示例市行政审批局", "source_unit_code": "11420000MB15291767",
}  # fmt: skip
PERSON = {
    "counterparty": "张三丰", "counterparty_type": "自然人", "counterparty_code": None, "legal_representative": None,
    "person_id_type": "身份证", "person_id": "11010519491231002X",
}  # fmt: skip
TRADER = {"counterparty_type": "个体工商户", "counterparty_code": "92330206MA7FX69W9Y"}
LEAK = {"remark": "身份证11010519491231002X"}

# rule, field, severity | kind, profile, edition, a row that breaks it | what makes it right
CASES: list[tuple[str, str, str, str, str, str | None, dict[str, Any], dict[str, Any]]] = [
    ("C1", "basis", "E", "penalty", "portal", None, {"basis": None}, {}),
    ("C1", "remedy", "W", "penalty", "portal", None, {}, {"remedy": "可依法申请行政复议"}),
    ("C2", "basis", "E", "penalty", "submission", "2020", {"basis": "/"}, {}),
    ("C3", "counterparty_code", "E", "penalty", "submission", "2015", {"counterparty_code": None}, {"tax_number": "140602755918469"}),
    ("C4", "representative_id", "I", "penalty", "submission", "2020", {"representative_id_type": "身份证"}, {"representative_id": "11010519491231002X"}),
    ("U1", "counterparty_code", "E", "penalty", "submission", "2020", {"counterparty_code": "9133000075591846"}, {"counterparty_code": "91330000755918469E"}),
    ("U1", "counterparty_code", "E", "penalty", "submission", "2020", {"counterparty_code": "11010519491231002X"}, {"counterparty_code": "91330000755918469E"}),
    ("U2", "counterparty_code", "W", "penalty", "submission", "2020", {"counterparty_code": "91350100M0001TGQXM"}, {"counterparty_code": "91350100M000100Y43"}),
    ("U3", "counterparty_code", "E", "penalty", "submission", "2020", {**TRADER, "counterparty_code": FILLER}, {"registration_number": "310230001716146"}),
    ("U3", "authority_code", "E", "penalty", "submission", "2020", {"authority_code": FILLER}, {"authority_code": "11420000MB15291767"}),
    ("U5", "organisation_code", "W", "penalty", "submission", "2020", {"organisation_code": "MA1FL0LY9"}, {"organisation_code": "75591846-9"}),
    ("U6", "organisation_code", "W", "penalty", "submission", "2020", {"organisation_code": "755918460"}, {"organisation_code": "755918469"}),
    ("U7", "counterparty_code", "E", "penalty", "submission", "2020", {"counterparty_code": "9.133E+17"}, {"counterparty_code": "91330000755918469E"}),
    ("U8", "counterparty_code", "W", "penalty", "submission", "2020", {"counterparty_code": "B1330000755918469C"}, {"counterparty_code": "91330000755918469E"}),
    ("U9", "person_id", "W", "penalty", "submission", "2020", {**PERSON, "person_id": "110105194912310021"}, {"person_id": "11010519491231002X"}),
    ("U10", "registration_number", "I", "penalty", "submission", "2020", {"registration_number": "310230001716147"}, {"registration_number": "310230001716154"}),
    ("U11", "tax_number", "I", "penalty", "submission", "2020", {"tax_number": "1406"}, {"tax_number": "140602755918469"}),
    ("D1", "decision_date", "I", "penalty", "submission", "2020", {"decision_date": "2026年9月3日"}, {"decision_date": "2026/9/3"}),
    ("D2", "decision_date", "E", "penalty", "submission", "2020", {"decision_date": "本月"}, {"decision_date": "20260903"}),
    ("D3", "decision_date", "E", "penalty", "submission", "2020", {"decision_date": None}, {"decision_date": "2026/09/03"}),
    ("D4", "decision_date", "E", "penalty", "submission", "2020", {"decision_date": "2026/12/03"}, {"decision_date": "2026/10/12"}),
    ("D5", "decision_date", "E", "penalty", "submission", "2020", {"decision_date": "1900-01-01"}, {"decision_date": "2026/09/03"}),
    ("D5", "decision_date", "E", "penalty", "submission", "2020", {"decision_date": "1989/12/31"}, {"decision_date": "1990/01/01"}),
    ("D6", "valid_to", "E", "licence", "submission", "2020", {"valid_to": "2026/09/01"}, {"valid_to": "2026/09/03"}),
    ("D7", "valid_to", "W", "licence", "submission", "2020", {"valid_to": "2026/09/01"}, {"valid_to": "2026/09/03"}),
    ("D8", "valid_from", "I", "licence", "submission", "2020", {"valid_from": "2026/09/01"}, {"valid_from": "2026/09/03"}),
    ("D9", "valid_to", "I", "licence", "submission", "2020", {"valid_to": "无固定期限"}, {"valid_to": "2099-12-31"}),
    ("D10", "publicity_until", "E", "penalty", "submission", "2020", {"publicity_until": "2026/09/01"}, {"publicity_until": "2026/09/03"}),
    ("D11", "penalty_valid_to", "W", "penalty", "submission", "2020", {"penalty_valid_to": "2026/09/01"}, {"penalty_valid_to": "2026/09/03"}),
    ("D12", "updated_at", "W", "penalty", "submission", "2015", {"updated_at": "2026/09/01 10:00:00"}, {"updated_at": "2026/09/05 10:00:00"}),
    ("D13", "document_number", "W", "penalty", "submission", "2020", {"document_number": "示市监罚字〔2024〕12号"}, {"document_number": "示市监罚字〔2025〕12号"}),
    ("N1", "document_number", "E", "penalty", "submission", "2020", {"document_number": "示市监罚字〔2027〕12号"}, {}),
    ("N2", "document_number", "W", "penalty", "submission", "2020", {"document_number": "示市监罚字号"}, {}),
    ("N3", "document_number", "W", "penalty", "submission", "2020", {"document_number": "示市监罚字〔2026〕XXX号"}, {}),
    ("N4", "document_number", "W", "penalty", "portal", None, {"document_number": "示市监罚字〔2026〕12号" + "附" * 128}, {}),
    ("N5", "document_number", "W", "penalty", "submission", "2020", {"document_number": "违反《食品安全法》第34条"}, {"document_number": "示市监罚字《2026》12号"}),
    ("M1", "fine_yuan", "E", "penalty", "submission", "2020", {"fine_yuan": "0.50000001"}, {"fine_yuan": "0.500001"}),
    ("M2", "fine_yuan", "E", "penalty", "submission", "2020", {"fine_yuan": "若干"}, {"fine_yuan": "0.5"}),
    ("M2", "fine_yuan", "E", "penalty", "submission", "2020", {"fine_yuan": "-1"}, {"fine_yuan": "1"}),
    ("M2", "fine_yuan", "E", "penalty", "submission", "2020", {"fine_yuan": "1,234.5元"}, {"fine_yuan": "0.12345"}),
    ("M3", "fine_yuan", "E", "penalty", "submission", "2020", {"fine_yuan": None}, {"fine_yuan": "0.5"}),
    ("M3", "fine_yuan", "E", "penalty", "submission", "2020", {"fine_yuan": "0"}, {"fine_yuan": "0.5"}),
    ("M3", "category", "W", "penalty", "submission", "2020", {"category": "警告"}, {"category": "警告；罚款"}),
    ("M4", "confiscation_yuan", "W", "penalty", "submission", "2020", {"category": "罚款；没收违法所得、没收非法财物"}, {"confiscation_yuan": "0"}),
    ("M5", "revoked_licence", "E", "penalty", "submission", "2020", {"category": "罚款；吊销许可证件"}, {"revoked_licence": "食品经营许可证JY1"}),
    ("M6", "fine_yuan", "W", "penalty", "submission", "2020", {"fine_yuan": "5000"}, {"fine_yuan": "0.5"}),
    ("M7", "fine_yuan", "W", "penalty", "submission", "2020", {"fine_yuan": "10001"}, {"fine_yuan": "10000"}),
    ("M8", "fine_yuan", "I", "penalty", "portal", None, {"fine_yuan": "5000"}, {"fine_yuan": "5000元"}),
    ("T1", "counterparty_code", "E", "penalty", "submission", "2020", {**PERSON, "counterparty_code": "91330000755918469E"}, {"counterparty_code": None}),
    ("T1", "person_id", "E", "penalty", "submission", "2020", {**PERSON, "person_id": None}, {"person_id": "11010519491231002X"}),
    ("T2", "legal_representative", "E", "penalty", "submission", "2020", {"legal_representative": None}, {"legal_representative": "王五"}),
    ("T2", "person_id", "E", "penalty", "submission", "2020", {"person_id": "11010519491231002X"}, {"person_id": None}),
    ("T3", "counterparty_type", "W", "penalty", "submission", "2020", {"counterparty_code": "92330206MA7FX69W9Y"}, TRADER),
    ("T3", "counterparty_type", "W", "penalty", "submission", "2020", {"counterparty_type": "个体工商户"}, TRADER),
    ("T4", "counterparty", "W", "penalty", "submission", "2020", {"counterparty": "张三丰"}, {"counterparty": "示例市三丰商店"}),
    ("T5", "person_id_type", "W", "penalty", "submission", "2020", {**PERSON, "counterparty": "John Smith"}, {"counterparty": "张三丰"}),
    ("T6", "counterparty_type", "E", "penalty", "submission", "2020", {"counterparty_type": "公司"}, {"counterparty_type": "法人及非法人组织"}),
    ("X1", "counterparty", "W", "penalty", "submission", "2020", {"counterparty": "测试公司"}, {}),
    ("X2", "counterparty", "W", "penalty", "submission", "2020", {"counterparty": "示例市**公司"}, {}),
    ("X3", "content", "W", "penalty", "submission", "2020", {"content": "处罚款5000元&nbsp;<br>"}, {}),
    ("X4", "revoked_licence", "W", "penalty", "submission", "2020", {"revoked_licence": "证" * 201}, {"revoked_licence": "证" * 200}),
    ("X5", "basis", "W", "penalty", "submission", "2020", {"basis": "按有关要求"}, {}),
    ("X6", "facts", "W", "penalty", "submission", "2020", {"facts": "《食品安全法》第一百二十四条"}, {}),
    ("X7", "content", "W", "penalty", "submission", "2020", {"content": "罚"}, {}),
    ("X8", "facts", "W", "penalty", "submission", "2020", {"facts": "违法事实"}, {}),
    ("X9", "category", "I", "penalty", "submission", "2020", {"category": "其他", "fine_yuan": None}, {"category": "其他-补办"}),
    ("X10", "category", "I", "penalty", "submission", "2020", {"category": "不予行政处罚", "fine_yuan": None}, {"category": "警告"}),
    ("X10", "category", "I", "penalty", "submission", "2020", {"category": "其他-不予行政处罚", "fine_yuan": None}, {"category": "其他-补办"}),
    ("K1", "category", "W", "penalty", "submission", "2020", {"category": "责令改正并处理", "fine_yuan": None}, {"category": "其他-责令改正"}),
    ("K1", "category", "W", "licence", "submission", "2020", {"category": "食品"}, {"category": "普通许可"}),
    ("K1", "status", "W", "licence", "submission", "2020", {"status": "3"}, {"status": "有效"}),
    ("K1", "status", "W", "licence", "submission", "2018", {"status": "0"}, {"status": "2"}),
    ("K2", "category", "I", "penalty", "submission", "2020", {"category": "警告;罚款"}, {"category": "警告；罚款"}),
    ("K3", "authority", "W", "penalty", "submission", "2020", {"authority": "市监局"}, {"authority": "示例市市场监督管理局"}),
    ("K4", "person_id_type", "W", "penalty", "submission", "2020", {**PERSON, "person_id_type": "驾驶证"}, {"person_id_type": "01"}),
    ("P1", "remark", "E", "penalty", "portal", None, LEAK, {"remark": "身份证110***********002X"}),
]  # fmt: skip
READ_ONLY = {"D14", "M9"}  # how something is read, or where it is judged: no fault of a row
AT_IMPORT = {"U12"}  # needs the unit register: tests/files/test_agreement.py


def told(kind: str, profile: str, edition: str | None, changes: dict[str, Any]) -> list[dict[str, str]]:
    row = {**(PENALTY if kind == "penalty" else LICENCE), **changes}
    if edition == "2015":
        row = {
            **row,
            "case_name": "销售过期食品案",
            "region_code": "140600",
            "updated_at": row.get("updated_at", "2026/09/05 10:00:00"),
        }
        for name in (
            "violation_type",
            "authority_code",
            "source_unit",
            "source_unit_code",
            "penalty_valid_to",
            "counterparty_type",
        ):
            row.pop(name, None)
    texts = {field: text for field, text in row.items() if text is not None}
    made = record.make(kind, texts, money={"fine_yuan": None}, profile=profile, edition=edition, today=TODAY, key=b"k")
    defects: list[dict[str, str]] = made["defects"]
    return defects


@pytest.mark.parametrize(("kind", "edition"), [("penalty", "2020"), ("licence", "2020"), ("penalty", "2015")])
def test_a_good_row_breaks_no_rule(kind: str, edition: str) -> None:
    assert [d for d in told(kind, "submission", edition, {}) if d["severity"] != "I"] == []


@pytest.mark.parametrize(("kind", "changes"), [("penalty", PERSON), ("licence", PERSON), ("penalty", TRADER)])
def test_good_rows_of_other_subjects(kind: str, changes: dict[str, Any]) -> None:
    assert told(kind, "submission", "2020", changes) == []


def test_every_rule_has_its_examples() -> None:
    assert {told.rule for told in RULE_TABLE.values()} == {case[0] for case in CASES} | READ_ONLY | AT_IMPORT
    national = {f"D{n}" for n in range(1, 15)} | {f"M{n}" for n in range(1, 10)} | {f"T{n}" for n in range(1, 7)}
    assert national <= {told.rule for told in RULE_TABLE.values()}  # the ids of the domain paper


@pytest.mark.parametrize(
    ("rule", "field", "severity", "kind", "profile", "edition", "wrong", "right"),
    CASES,
    ids=[f"{case[0]}-{case[1]}-{number}" for number, case in enumerate(CASES)],
)
def test_a_rule_is_broken_and_kept(
    rule: str, field: str, severity: str, kind: str, profile: str, edition: str | None, wrong: dict[str, Any],
    right: dict[str, Any],
) -> None:  # fmt: skip
    found = [d for d in told(kind, profile, edition, wrong) if (d["rule"], d["field"]) == (rule, field)]
    assert len(found) >= 1 and {d["severity"] for d in found} == {severity}
    for defect in found:
        assert defect["message"] and defect["cure"] and "{" not in defect["message"] + defect["cure"]
        assert defect["code"] in ("field_missing", "field_invalid", "over_disclosed")
    mended = {**wrong, **right} if right else {}
    assert (rule, field) not in {(d["rule"], d["field"]) for d in told(kind, profile, edition, mended)}


@pytest.mark.parametrize(
    ("rule", "kept", "lost"),
    [("C3", "2015", "2020"), ("T6", "2020", "2018"), ("C4", "2020", "2018")],
)  # fmt: skip
def test_rules_of_one_edition(rule: str, kept: str, lost: str) -> None:
    changes = {"counterparty_code": None, "counterparty_type": "公司", "representative_id_type": "身份证"}

    def rules(edition: str) -> set[str]:
        texts = {k: v for k, v in {**PENALTY, **changes}.items() if v is not None}
        made = record.make("penalty", texts, profile="submission", edition=edition, today=TODAY, key=b"k")
        return {d["rule"] for d in made["defects"]}

    assert rule in rules(kept) and rule not in rules(lost)


def test_the_filler_is_for_named_traders_only() -> None:
    def broken(**changes: Any) -> bool:
        return any(d["rule"] == "U3" for d in told("penalty", "submission", "2020", changes))

    assert broken(counterparty_code=FILLER)  # an organisation
    assert broken(counterparty_code=FILLER, registration_number="310230001716146")
    assert broken(**{**TRADER, "counterparty_code": FILLER})  # no registration number
    assert not broken(**{**TRADER, "counterparty_code": FILLER, "registration_number": "310230001716146"})


# ---------------------------------------------------------------- check digits and document numbers: the paper's own vectors


@pytest.mark.parametrize(
    "code",
    ["91230500MA1B3N1N2M", "11230500001755309F", "91330000755918469E", "91320105780688132K", "9135010026017703XW", "92330206MA7FX69W9Y",
     "91350100M000100Y43", "11420000MB15291767"],
)  # fmt: skip
def test_unified_codes_that_pass(code: str) -> None:
    assert uscc_ok(code)


@pytest.mark.parametrize("code", ["91350100M0001TGQXM", "91350211M0000XUF46", "91350203M0001FUE2P", FILLER])
def test_codes_that_fail(code: str) -> None:
    assert not uscc_ok(code)


def test_other_check_digits() -> None:
    assert all(organisation_code_ok(code(text) or "") for text in ("D2143569X", "MA1FL0LY9", "75591846-9"))
    assert all(map(registration_number_ok, ["310230001716146", "310230001716154", "110108000000016"]))
    assert not registration_number_ok("310230001716147")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("朔市监罚字〔2021〕12号", "朔市监罚字〔2021〕12号"), ("石市监处罚〔2022〕120 号", "石市监处罚〔2022〕120号"), ("市场【2019】1号", "市场〔2019〕1号"),
        ("(邯)药当行罚[2006]25号", "(邯)药当行罚〔2006〕25号"), ("慈税罚（2018）40号", "慈税罚〔2018〕40号"), ("海税简罚(2020)211号", "海税简罚〔2020〕211号"),
        ("嘉公（交）决字[2026]第330200410053741号", "嘉公(交)决字〔2026〕330200410053741号"), ("文号：豫环罚字〔2021〕1", "豫环罚字〔2021〕1号"),
    ],
)  # fmt: skip
def test_document_numbers_of_the_wild(text: str, key: str) -> None:
    assert document_number_key(text) == key


def test_weaker_keys() -> None:
    assert document_number_weak("朔市监罚字〔2021〕012号") == document_number_weak("朔市监罚〔2021〕12号")
    assert document_number_weak("朔市监罚〔2021〕1O号") == document_number_weak("朔市监罚〔2021〕10号")


# ---------------------------------------------------------------- lists of codes (4)


@pytest.mark.parametrize(
    ("word", "spellings"),
    [("普通", "0|01|普通|普通许可"), ("特许", "1|02|特许许可"), ("认可", "2|03"), ("核准", "3|04|核准许可"), ("登记", "4|05"), ("其他", "5|06|其他"), ("其他-告知承诺", "其他-告知承诺")],
)  # fmt: skip
def test_categories_of_licences(word: str, spellings: str) -> None:
    assert {codes.category("licence", spelling) for spelling in spellings.split("|")} == {word}


@pytest.mark.parametrize(
    ("code", "word", "family"),
    [
        ("0", "警告", "warning"), ("1", "罚款", "fine"), ("2", "没收违法所得、没收非法财物", "confiscation"), ("3", "责令停产停业", "suspension"),
        ("4", "暂扣或者吊销许可证、暂扣或者吊销执照", "licence"), ("5", "行政拘留", "detention"), ("6", "其他", "other"),
    ],
)  # fmt: skip
def test_categories_of_penalties(code: str, word: str, family: str) -> None:
    assert codes.category("penalty", code) == word and codes.penalty_families(word) == (family,)


@pytest.mark.parametrize(
    ("word", "family"),
    [
        ("通报批评", "criticism"), ("暂扣许可证件", "licence"), ("降低资质等级", "licence"), ("吊销许可证件", "licence"), ("限制开展生产经营活动", "suspension"),
        ("责令停产停业", "suspension"), ("责令关闭", "suspension"), ("限制从业", "suspension"), ("行政拘留", "detention"), ("没收违法所得", "confiscation"),
        ("没收非法财物", "confiscation"), ("暂扣许可证", "licence"), ("吊销营业执照", "licence"), ("其他-不予行政处罚", "none"), ("其他-免于处罚", "none"),
    ],
)  # fmt: skip
def test_words_of_the_newer_law(word: str, family: str) -> None:
    assert family in codes.penalty_families(word)


def test_several_categories_and_the_trap_of_the_comma() -> None:
    assert codes.category("penalty", "警告、没收违法所得、没收非法财物") == "警告；没收违法所得、没收非法财物"
    assert codes.category("penalty", "警告;其他-其他") == "警告；其他-其他"
    assert (
        codes.category("penalty", "罚款,暂扣或者吊销许可证、暂扣或者吊销执照")
        == "罚款；暂扣或者吊销许可证、暂扣或者吊销执照"
    )


def test_identity_papers_and_subjects() -> None:
    words = ["身份证", "护照号", "港澳居民来往内地通行证", "台湾居民来往大陆通行证", "外国人永久居留身份证"]
    for number, word in enumerate(words, start=1):
        assert [codes.identity_type(text) for text in (str(number), f"0{number}", word)] == [word] * 3
    subjects = {"法人及非法人组织": "organisation", "个体工商户": "sole_trader", "自然人": "natural_person", "01": "natural_person", "02": "organisation",
                "03": "organisation", "04": "sole_trader"}  # fmt: skip
    assert {text: codes.subject_type(text) for text in subjects} == subjects


def test_the_same_status_means_two_things() -> None:
    assert [codes.status("2015", text) for text in ("0", "1", "2", "3")] == ["正常", "撤销", "异议", "其他"]
    assert [codes.status(edition, text) for edition in ("2018", "2020") for text in ("1", "2")] == ["有效", "无效"] * 2


def test_further_lists_and_errors_of_gateways() -> None:
    assert codes.listed("disclosure_scope", "1") == "社会公开" and codes.listed("severity_2015", "2") == "较重"
    assert codes.listed("source_way", "3") == "Excel" and codes.listed("item_type", "06") == "行政检查"
    assert "名称与代码不一致" in str(codes.gateway_error("1001")) and codes.gateway_error("3001") is None


# ---------------------------------------------------------------- the two profiles of completeness (8)


@pytest.mark.parametrize(
    ("kind", "label", "soft"),
    [
        ("licence", "行政许可决定书文号", False), ("licence", "设定依据", True), ("licence", "项目名称", False), ("licence", "相对人统一社会信用代码", False),
        ("licence", "审批部门", False), ("licence", "行政相对人名称", True), ("licence", "许可决定日期", True),
        ("penalty", "行政处罚决定书文号", False), ("penalty", "执法依据", False), ("penalty", "案件名称", True), ("penalty", "相对人统一社会信用代码", False),
        ("penalty", "处罚事由", False), ("penalty", "作出处罚决定的部门", False), ("penalty", "处罚结果", False), ("penalty", "救济渠道", True),
        ("penalty", "行政相对人名称", True), ("penalty", "处罚决定日期", True),
    ],
)  # fmt: skip
def test_what_a_portal_must_show(kind: str, label: str, soft: bool) -> None:
    (line,) = [line for line in editions.portal_minimum(kind) if line.label == label]
    assert line.soft == soft and line.persons == (label != "相对人统一社会信用代码")
    made = record.make(kind, {"remark": "空"}, profile="portal", today=TODAY, key=b"k")
    (defect,) = [d for d in made["defects"] if d["message"] == f"未公示{label}"]
    assert defect["severity"] == ("W" if soft else "E")


def test_what_is_asked_only_on_the_portal_is_not_asked_of_submissions() -> None:
    asked = {field for kind in ("licence", "penalty") for field in editions.required("2020", kind, "organisation")}
    assert not asked & {"setting_basis", "case_name", "remedy"}


def test_a_code_stored_as_a_number_is_told_once_and_is_nobodys_key() -> None:
    row = {**PENALTY, "counterparty_code": "9.13300007559185E+17"}
    made = record.make("penalty", row, profile="submission", edition="2020", today=TODAY, key=b"k")
    assert made["counterparty_code"] is None
    assert [d["rule"] for d in made["defects"] if d["field"] == "counterparty_code"] == ["U7"]


@pytest.mark.parametrize("code", ["9133 0000 7559 1846 9E", "91330000-7559-1846-9E"])
def test_a_code_is_measured_without_blanks_and_hyphens(code: str) -> None:
    row = {**PENALTY, "counterparty_code": code}
    made = record.make("penalty", row, profile="submission", edition="2020", today=TODAY, key=b"k")
    assert made["counterparty_code"] == "91330000755918469E"
    assert not [d for d in made["defects"] if d["field"] == "counterparty_code"]


def test_one_column_for_the_papers_of_persons_and_firms() -> None:
    row = {**PENALTY, "counterparty_code": None, "person_id": "91330000755918469E"}
    texts = {field: text for field, text in row.items() if text is not None}
    made = record.make("penalty", texts, profile="submission", edition=None, today=TODAY, key=b"k")
    assert made["counterparty_code"] == "91330000755918469E" and made["counterparty_type"] == "organisation"


@pytest.mark.parametrize(
    ("kind", "edition", "cure"),
    [
        ("penalty", "2018", "请按2018年模板"),
        ("penalty", "2015-jiangsu", "请按2015年模板"),
        ("black_list", None, "请按“黑榜（严重失信）”模板"),
    ],
)
def test_what_is_missing_is_told_by_the_name_of_its_template(kind: str, edition: str | None, cure: str) -> None:
    made = record.make(kind, {"counterparty": "甲公司"}, profile="submission", edition=edition, today=TODAY, key=b"k")
    missing = [d["cure"] for d in made["defects"] if d["rule"] in ("C2", "D3")]
    assert missing and all(told.startswith(cure) for told in missing)
