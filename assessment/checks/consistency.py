"""准确性: what the portal shows and what the platform was told are the same."""

from collections.abc import Iterator

from assessment.checks.base import Case, Outcome, check, fail, question


@check(
    "values_differ",
    dimension="consistency",
    title="同一决定在网站与平台上的内容不同",
    basis="发改办财金〔2018〕424号（数据质量要求）",
    version=3,
    skips_settled=True,
    over="difference_cases",
    cure="对照决定书原件，更正网站公示或平台报送中错误的一方。",
)
def values_differ(case: Case) -> Iterator[Outcome]:
    """同一决定在网站与平台上的同一要素不同；平台没有而两个公示窗口（本部门、政府、信用网站）所示不同的，作疑问。
    只比较双方都填写的要素；代码相同而名称不同不算；金额按元比较，差 0.01 元以内不算。"""
    yield question(
        case.other_title.isNotNull(),
        "“{field_label}”在两个公示窗口不同：一处为“{published_value}”，“{other_title}”为“{submitted_value}”，平台没有该条可对，请核实",
    )
    yield fail(
        case.certain,
        "“{field_label}”网站为“{published_value}”，平台为“{submitted_value}”（两条记录因{rule_title}而配对）",
    )
    yield question(
        ~case.certain,
        "“{field_label}”网站为“{published_value}”，平台为“{submitted_value}”，两条记录是否为同一决定尚不确定，请核实",
    )
