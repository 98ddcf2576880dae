"""合规性: every field that must be there is there, well formed, and shows no more of a person than the law allows.

The rules themselves are pure functions of `standard`, applied when a value came in; here their defects become findings.
"""

from collections.abc import Iterator

from assessment.checks.base import Case, Outcome, check, fail, question, warn

_TEMPLATE = "发改办财金〔2018〕424号填报说明及数据归集校验规则"


@check(
    "field_missing",
    dimension="content",
    title="应当填写的内容没有填写",
    basis=_TEMPLATE,
    version=2,
    skips_settled=True,
    over="defect_cases",
    cure="补全该要素后重新报送或更正公示。",
)
def field_missing(case: Case) -> Iterator[Outcome]:
    """应当填写的要素为空。平台报送按所用模板的必填项，网站公示按最低公示要素；网站缺失只作提醒。"""
    missing = case.defect_code == "field_missing"
    grave = missing & (case.severity == "E")
    yield question(grave & case.guessed, "从图片或不规范的页面上没有读到：{note}，请对照网页核实")
    yield fail(grave & (case.source == "submission"), "{received_at} 收到的报送记录：{note}")
    yield warn(grave, "网上公示的内容：{note}（{published_to} 首次见到）")
    yield question(missing & (case.severity == "W"), "{where}“{field_label}”疑似缺失，请核实：{note}")


@check(
    "field_invalid",
    dimension="content",
    title="内容的格式或逻辑一定不对",
    basis=_TEMPLATE,
    version=3,
    skips_settled=True,
    over="defect_cases",
    cure="更正该要素后重新报送或更正公示；如原文确实如此，请说明并附决定书。",
)
def field_invalid(case: Case) -> Iterator[Outcome]:
    """要素的格式或逻辑一定不对（如决定日期晚于当天、类别含罚款而无金额）。仅校验位不符等可能属实的情形、只写“见决定书”“略”等占位文字的，只作疑问。"""
    invalid = case.defect_code == "field_invalid"
    yield question(
        invalid & (case.severity == "E") & case.guessed,
        "从图片或不规范的页面上读到的“{field_label}”不合规：{note}，请对照网页核实",
    )
    yield fail(invalid & (case.severity == "E"), "{where}“{field_label}”不合规：{note}")
    yield question(invalid & (case.severity == "W"), "{where}“{field_label}”存疑，请核实：{note}")


@check(
    "over_disclosed",
    dimension="content",
    title="网上露出了个人信息",
    basis="个人信息保护法第二十八条；政府信息公开条例第十五条",
    version=2,
    skips_settled=True,
    over="defect_cases",
    cure="立即遮盖或撤下其中的个人信息，并检查同栏目的其他信息。",
)
def over_disclosed(case: Case) -> Iterator[Outcome]:
    """网上公示的内容含有未经遮盖的身份证号、手机号、银行卡号等个人信息。本系统只存遮盖后的内容，不留原号码。"""
    shown = (case.defect_code == "over_disclosed") & (case.source == "publication")
    yield question(
        shown & (case.severity != "I") & case.guessed,
        "从图片或不规范的页面上读到疑似个人信息，请尽快对照网页核实：{note}",
    )
    yield question(shown & (case.severity == "W"), "网上公示的“{field_label}”疑似含个人信息，请核实：{note}")
    yield fail(shown & (case.severity != "I"), "网上公示的内容露出个人信息：{note}（{published_to} 首次见到）")
