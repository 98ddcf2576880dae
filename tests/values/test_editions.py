"""The standard as data: templates, their sheets and needs, the wider kinds, and an edition that nobody foresaw."""

from __future__ import annotations

import datetime
import doctest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from standard import aliases, consistency, editions, kinds, record
from standard.aliases import kind_of, match
from standard.errors import Refused
from standard.fields import FIELDS
from standard.rules import PROFILES, RULE_TABLE

TODAY = datetime.date(2026, 10, 12)


def labels(columns: tuple[editions.TemplateColumn, ...]) -> list[str]:
    return [column.label for column in columns]


def fields(header: list[str], kind: str | None) -> list[str | None]:
    return [column.field if column else None for column in match(header, kind)]


@pytest.mark.parametrize("module", [kinds, consistency], ids=lambda m: m.__name__)
def test_examples_in_docstrings(module: Any) -> None:
    assert doctest.testmod(module).failed == 0


# ---------------------------------------------------------------- the national templates


@pytest.mark.parametrize(
    ("edition", "kind", "counts"),
    [
        ("2015", "licence", {"": 18}), ("2015", "penalty", {"": 20}), ("2018", "licence", {"法人": 24, "自然人": 18}),
        ("2018", "penalty", {"法人": 26, "自然人": 20}), ("2020", "licence", {"": 28}), ("2020", "penalty", {"": 30}),
    ],
)  # fmt: skip
def test_the_templates_have_as_many_columns_as_the_standard(edition: str, kind: str, counts: dict[str, int]) -> None:
    found = editions.sheets(edition, kind)
    assert {name: len(columns) for name, columns in found.items()} == counts
    for columns in found.values():
        assert editions.recognise(labels(columns), kind) == edition
        assert len({column.code for column in columns}) == len(columns)


@pytest.mark.parametrize("key", editions.EDITIONS)
def test_every_column_says_who_fills_it_and_how_long_it_may_be(key: str) -> None:
    for columns in editions.EDITIONS[key].templates.values():
        for column in columns:
            assert column.field in FIELDS and column.max is not None and 0 < column.max <= 5000
            assert FIELDS[column.field].type in editions.FORMATS
            assert len(column.who) == 3


def test_variants_of_2015_are_told_apart() -> None:
    for variant in ("2015-jiangsu", "2015-zhejiang"):
        for kind in ("licence", "penalty"):
            columns = editions.EDITIONS[variant].templates[kind]
            assert editions.recognise(labels(columns), kind) == variant
            assert fields(labels(columns), kind) == [column.field for column in columns]
    assert "2015" in editions.family_of("2015-jiangsu") and "2015" in editions.family_of("2015-zhejiang")
    assert len(editions.EDITIONS["2015-jiangsu"].templates["licence"]) == 20


def test_newer_columns_are_read_beside_the_template() -> None:
    header = labels(editions.EDITIONS["2020"].templates["penalty"])
    assert fields([*header, "cf_cfws", "cf_cfwsh"], "penalty")[-2:] == ["document_title", None]  # the number is there
    assert fields(["cf_cfwsh", "cf_cfws"], "penalty") == ["document_number", "document_title"]


def test_same_label_other_meaning() -> None:
    assert fields(["行政相对人代码_2(组织机构代码)", "行政相对人代码_2(工商注册号)"], "licence") == [
        "organisation_code",
        "registration_number",
    ]
    for edition, shown in (("2015", "撤销"), ("2018", "有效"), ("2015-jiangsu", "撤销")):
        made = record.make("licence", {"status": "1"}, profile="submission", edition=edition, today=TODAY, key=b"k")
        assert made["status"] == shown


def test_what_2015_became_is_written_down() -> None:
    old, new = editions.EDITIONS["2015"].templates, editions.EDITIONS["2018"].templates
    became = {line.old: line for line in editions.EDITIONS["2018"].crosswalk}
    later = {column.code for columns in new.values() for column in columns}
    for columns in old.values():
        for column in columns:
            assert column.code in became or column.code in later, f"nobody says what became of {column.code}"
    assert {line.new for line in became.values()} - {None} <= later
    assert became["CF_CFMC"].new is None and became["XK_XMMC"].new == "XK_XKWS" and became["CF_CFLB2"].new == "CF_CFLB"
    assert (became["XK_XDR_ZDM"].new, became["XK_XDR_GSDJ"].new) == ("XK_XDR_ZZJG", "XK_XDR_GSZC")  # order swapped
    careful = {line.old for line in became.values() if line.caution}
    assert careful >= {
        "XK_XMMC",
        "XK_XDR_ZDM",
        "XK_XDR_SFZ",
        "XK_JZQ",
        "CF_CFMC",
        "CF_CFLB1",
        "CF_SY",
        "DFBM",
        "SJC",
        "XK_ZT",
    }


@pytest.mark.parametrize(("subject", "mark"), [("organisation", "E"), ("sole_trader", "E"), ("natural_person", "M")])
def test_who_must_fill_what(subject: str, mark: str) -> None:
    assert dict(editions.needs("2020", "penalty", subject).marks)["person_id"] == mark
    assert ("legal_representative" in editions.needs("2020", "penalty", subject).must) == (mark == "E")


def test_a_batch_of_several_editions_is_asked_what_its_first_one_asks() -> None:
    for kind in ("licence", "penalty"):
        assert (
            editions.required("2018、2020", kind, "organisation")
            == editions.required("2018", kind, "organisation")
            != ()
        )


def test_an_organisation_of_2015_gives_one_code_at_least() -> None:
    def asked(**codes: str) -> bool:
        made = record.make(
            "penalty",
            {"counterparty": "示例市甲公司", **codes},
            profile="submission",
            edition="2015",
            today=TODAY,
            key=b"k",
        )
        return any(defect["rule"] == "C3" for defect in made["defects"])

    assert asked() and not asked(tax_number="140602755918469") and not asked(counterparty_code="91330000755918469E")


# ---------------------------------------------------------------- the wider kinds


@pytest.mark.parametrize("kind", kinds.WIDER)
def test_a_submission_of_a_wider_kind_is_read_validated_and_counted(kind: str) -> None:
    columns = editions.EDITIONS["proposed"].templates[kind]
    assert kind_of(labels(columns), wider=True) == kind and editions.recognise(labels(columns), kind) == "proposed"
    assert fields(labels(columns), kind) == [column.field for column in columns]
    empty = record.make(kind, {"remark": "仅备注"}, profile="submission", today=TODAY, key=b"k")
    missing = {defect["field"] for defect in empty["defects"] if defect["code"] == "field_missing"}
    assert missing == {field for field in editions.required("proposed", kind, None)}
    assert empty["kind"] == kind and kinds.KINDS[kind].label
    shown = record.make(kind, {"remark": "仅备注"}, profile="portal", today=TODAY, key=b"k")
    assert any(defect["rule"] == "C1" for defect in shown["defects"])


def test_real_tables_of_red_and_black_lists_are_read() -> None:
    assert fields(["荣誉名称", "表彰文件号", "认定机关全称", "认定日期", "公示截止期", "当前状态"], "red_list") == [
        "case_name", "document_number", "authority", "decision_date", "publicity_until", "status",
    ]  # fmt: skip
    assert fields(["RDRQ", "RDDW", "RDWH", "ZYSXSS", "ZCDZ"], "black_list") == [
        "decision_date", "authority", "document_number", "facts", "registered_address",
    ]  # fmt: skip
    header = ["认定单位", "认定文号", "注册地址", "法定代表人", "主要失信事实", "确认严重失信日期", "公示截止期"]
    assert kind_of(header, wider=True) == "black_list" and None not in fields(header, "black_list")


def test_amounts_of_a_levy_are_checked() -> None:
    made = record.make(
        "levy", {"amount_yuan": "若干", "counterparty": "示例市甲公司"}, profile="submission", today=TODAY, key=b"k"
    )
    assert ("M2", "amount_yuan") in {(defect["rule"], defect["field"]) for defect in made["defects"]}


def test_parties_beside_the_counterparty_are_masked_too() -> None:
    made = record.make("ruling", {"claimant": "张三丰", "respondent": "李四", "content": "张三丰与李四的土地归集体"},
                       profile="portal", today=TODAY, key=b"k")  # fmt: skip
    assert "张三丰" not in str(made) and "李四" not in str(made)


def test_kinds_of_portals_are_those_of_the_contract() -> None:
    assert kinds.CHANNELS[:6] == ("licence", "penalty", "both", "catalogue", "red_list", "black_list")
    assert set(kinds.CHANNELS) == {*kinds.KINDS, "both"}
    assert set(kinds.JUDGED) == {"licence", "penalty"}


# ---------------------------------------------------------------- a format of tomorrow needs data, not code

TOMORROW = """
fields:
  carbon_number: {label: 碳排放配额编号, type: text, max: 20}
editions:
  "2031":
    basis: 示例文件〔2031〕1号
    extends: "2020"
    tells: {penalty: [碳排放配额编号, 信用修复指引]}
    templates:
      penalty:
        - [CF_TPF, 碳排放配额编号, carbon_number, MMO, 20]
        - [CF_XYXF, 信用修复指引, remedy, MMM, 200]
        - [CF_QTMC, 惩处对象全名, counterparty, MMM, 200]
"""


@pytest.fixture
def tomorrow(tmp_path: Path) -> Iterator[str]:
    file = tmp_path / "2031.yml"
    file.write_text(TOMORROW, encoding="utf-8")
    (key,) = editions.add(file)
    yield key
    editions.remove(key)
    editions.remove_fields(["carbon_number"])


def test_a_made_up_edition_is_recognised_and_read(tomorrow: str) -> None:
    header = [
        "惩处对象全名",
        *labels(editions.EDITIONS["2020"].templates["penalty"])[1:],
        "碳排放配额编号",
        "信用修复指引",
    ]
    assert editions.recognise(header, "penalty") == tomorrow
    assert fields(header, "penalty")[0] == "counterparty"
    assert fields(header, "penalty")[-2:] == ["carbon_number", "remedy"]
    assert fields(["CF_TPF"], "penalty") == ["carbon_number"]
    made = record.make(
        "penalty", {"counterparty": "示例市甲公司"}, profile="submission", edition=tomorrow, today=TODAY, key=b"k"
    )
    told = {defect["field"]: defect["message"] for defect in made["defects"] if defect["rule"] == "C2"}
    assert told["carbon_number"] == "碳排放配额编号未填写" and "remedy" in told
    long = record.make(
        "penalty", {"carbon_number": "9" * 21}, profile="submission", edition=tomorrow, today=TODAY, key=b"k"
    )
    assert ("X4", "carbon_number") in {(defect["rule"], defect["field"]) for defect in long["defects"]}


def test_without_it_nothing_of_it_is_known() -> None:
    assert fields(["碳排放配额编号"], "penalty") == [None] and "2031" not in editions.EDITIONS
    assert aliases.normalise("惩处对象全名")[0] == "惩处对象全名"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("editions: {}", "editions"), ('editions: {"2020": {}}', "已经存在"),
        ('editions: {"2031": {basis: x, tells: {penalty: [y]}, templates: {penalty: [[A, B, fein_yuan, MMM]]}}}', "fine_yuan"),
        ('editions: {"2031": {basis: x, tells: {penalty: [y]}, templates: {penalty: [[A, B, facts, XX]]}}}', "三个字母"),
        ('editions: {"2031": {basis: x, tells: {}, templates: {penalty: [[A, B, facts, MMM]]}}}', "tells"),
        ('editions: {"2031": {basis: x, extends: "2019", tells: {}, templates: {}}}', "2019"),
    ],
)  # fmt: skip
def test_faults_of_an_edition_are_told_and_nothing_is_added(text: str, said: str, tmp_path: Path) -> None:
    before = list(editions.EDITIONS)
    (tmp_path / "x.yml").write_text(text, encoding="utf-8")
    with pytest.raises(Refused, match=said):
        editions.add(tmp_path / "x.yml")
    assert list(editions.EDITIONS) == before


# ---------------------------------------------------------------- the table of rules


@pytest.mark.parametrize("key", RULE_TABLE)
def test_every_rule_says_what_to_do(key: str) -> None:
    told = RULE_TABLE[key]
    assert told.title and told.message and told.cure and told.origin
    assert set(told.severity) <= set(PROFILES) and set(told.severity.values()) <= set("EWI")
    assert told.severity or key in ("D14", "M9")  # these say how something is read, or where it is judged
    assert told.editions <= set(editions.EDITIONS) and told.kinds <= set(kinds.KINDS)
    assert told.holds(TODAY)


def test_a_rule_of_one_edition_is_not_asked_of_another() -> None:
    def rules(edition: str) -> set[str]:
        made = record.make(
            "penalty", {"counterparty_type": "公司"}, profile="submission", edition=edition, today=TODAY, key=b"k"
        )
        return {defect["rule"] for defect in made["defects"]}

    assert "T6" in rules("2020") and "T6" not in rules("2018") and "T6" not in rules("2015")


def test_names_and_codes_that_disagree() -> None:
    parties = [("甲公司", "91A"), ("甲公司", "91A"), ("p:张", "h:1"), ("p:张", "h:2"), (None, "91A"), ("乙公司", "91B")]
    assert consistency.disagreements(parties) == []
    assert [d.by for d in consistency.disagreements([*parties, ("丙公司", "91A")])] == ["code"]
