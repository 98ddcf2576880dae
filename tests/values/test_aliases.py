"""Labels to fields: templates, portals, interfaces, slips of the pen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from standard import editions
from standard.aliases import kind_of, match, normalise


def fields(labels: list[str], kind: str | None = None, **more: object) -> list[str | None]:
    return [column.field if column else None for column in match(labels, kind, **more)]  # type: ignore[arg-type]


@pytest.mark.parametrize("edition", editions.NAMES)
@pytest.mark.parametrize("kind", ["licence", "penalty"])
def test_every_template_is_understood_by_label_and_by_code(edition: str, kind: str) -> None:
    columns = editions.EDITIONS[edition].templates[kind]
    expected = [column.field for column in columns]
    assert fields([column.label for column in columns]) == expected
    for spell in (str, str.lower, lambda code: code.replace("_", "").lower()):
        assert fields([spell(column.code) for column in columns], kind) == expected
    assert kind_of([column.label for column in columns]) == kind
    assert editions.recognise([column.label for column in columns], kind) == edition
    assert editions.recognise([column.code for column in columns], kind) in (edition, "2018")


def test_organisation_sheets_of_2018_are_recognised() -> None:
    columns = [c.label for c in editions.EDITIONS["2018"].templates["penalty"] if c.who[0] != "-"]
    assert len(columns) == 26 and editions.recognise(columns, "penalty") == "2018"
    assert editions.recognise(["行政相对人名称", "备注"], "penalty") is None


@pytest.mark.parametrize(
    ("label", "field"),
    [
        ("代码＿4（税务登记码）", "tax_number"), ("代码-1（统一社会信用代码）", "counterparty_code"), ("代码——2（组织机构代码）", "organisation_code"),
        ("行政相对人代码_5居民身份证号）", "person_id"), ("处罚是由", "facts"), ("行政行对人名称", "counterparty"), ("当权状态", "status"),
        ("* 行政 处罚决定书文号（必填）", "document_number"), ("处罚生效期【格式：yyyyMMdd(例如:20160101)】", "decision_date"),
        ("示例局案件信息公开表（五）被处罚单位名称（自然人姓名）", "counterparty"), ("处罚机关 Permission Authority", "authority"),
        ("做出处罚的机关名称和日期", "authority_and_date"), ("二、处罚结果：", "content"), ("法定代表人/负责人（企业填写）", "legal_representative"),
        ("案号", "document_number"), ("心情", None), ("当事人销售劣质农药产品一案，经本机关依法调查，现查明", None), ("", None),
    ],
)  # fmt: skip
def test_labels_of_penalties(label: str, field: str | None) -> None:
    assert fields([label], "penalty") == [field]


def test_guessing_never_crosses_the_kinds() -> None:
    assert fields(["处罚机关名", "许可机关名"], "licence")[0] is None
    assert fields(["许可机关", "处罚机关"], "penalty") == [None, "authority"]


def test_money_knows_its_unit() -> None:
    labels = ["罚款金额（万元）", "没收金额(元)", "罚款金额"]
    assert [column.money for column in match(labels[:2], "penalty") if column] == ["wan", "yuan"]
    assert match([labels[2]], "penalty")[0].money is None  # type: ignore[union-attr]
    assert match(["cfNrFk"])[0].money == "wan"  # type: ignore[union-attr]


def test_what_has_two_meanings_is_decided_by_its_neighbours() -> None:
    assert fields(["文号", "处罚单位", "单位名称"], "penalty") == ["document_number", "counterparty", None]
    rows = [["示罚〔2026〕1号", "示例市市场监督管理局", "甲公司"]] * 3
    assert fields(["文号", "处罚单位", "单位名称"], "penalty", samples=rows) == [
        "document_number",
        "authority",
        "counterparty",
    ]
    assert fields(["法人名称", "法定代表人"], "licence")[0] == "counterparty"
    assert fields(["行政相对人名称", "法人名称"], "licence") == ["counterparty", "legal_representative"]
    assert fields(["处罚决定日期", "处罚生效期"], "penalty") == ["decision_date", "effective_date"]
    assert fields(["许可机关", "许可证号", "文号", "有效期"], "licence") == [
        "authority",
        "licence_number",
        "document_number",
        "valid_range",
    ]


def test_agency_code_after_the_agency() -> None:
    labels = ["行政相对人名称", "统一社会信用代码", "处罚机关", "统一社会信用代码"]
    assert fields(labels, "penalty") == ["counterparty", "counterparty_code", "authority", "authority_code"]


def test_a_field_is_given_once_and_two_categories_are_two() -> None:
    assert fields(["处罚类别1", "处罚类别2", "处罚种类"], "penalty") == ["category", "category_2", None]
    assert fields(["处罚机构", "处罚部门"], "penalty") == ["authority", None]


def test_own_lookups_win() -> None:
    assert fields(["流水", "当事人"], "penalty", lookups={"流水": "document_number"}) == [
        "document_number",
        "counterparty",
    ]


def test_borrowed_templates() -> None:
    labels = ["行政许可决定书文号", "处罚事由", "处罚机关", "行政相对人名称"]
    assert fields(labels, "penalty") == ["document_number", "facts", "authority", "counterparty"]


@given(st.lists(st.text(max_size=30), max_size=12), st.sampled_from([None, "licence", "penalty"]))
def test_any_labels(labels: list[str], kind: str | None) -> None:
    columns = match(labels, kind, [labels])
    assert len(columns) == len(labels)
    found = [column.field for column in columns if column]
    assert len(found) == len(set(found))
    editions.recognise(labels, kind)
    for label in labels:
        normalise(label)
