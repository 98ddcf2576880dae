"""全面性: what was decided is both reported and shown; each decision is counted once."""

from collections.abc import Iterator

from assessment.checks.base import DEADLINE, Case, Outcome, check, fail, other, question, warn


@check(
    "not_submitted",
    dimension="completeness",
    title="漏报",
    basis=DEADLINE,
    version=1,
    limit="report",
    cure="补报该条信息；如依法不予报送，请在豁免清单中登记理由、依据与审批文号；如已报送，请提供回执。",
)
def not_submitted(case: Case) -> Iterator[Outcome]:
    """网上已公示、已过报送时限，而平台至今没有收到。平台数据尚未覆盖到时限之后的、曾报送被退回的、属豁免情形的，不作漏报。"""
    alone = case.judged & case.only_p
    yield other(
        "exempt", alone & (case.verdict == "exempt"), "网上有而平台无，属不予报送情形：{ground_title} {ground_note}"
    )
    yield other("not_due", alone & (case.verdict == "not_due"), "报送时限 {due_date} 未过，暂不评判")
    yield other(
        "unknown",
        alone & (case.verdict == "unknown"),
        "平台数据截至 {told_until}，未覆盖报送时限 {due_date} 之后，无法判定",
    )
    yield question(
        alone & (case.verdict == "question") & case.attempted,
        "平台未收到合格数据，但有被退回的报送记录，请核实首次报送时间与退回原因",
    )
    yield question(alone & (case.verdict == "question"), "平台中未找到对应记录，但本条缺少文号、日期等识别要素，请核实")
    yield fail(
        alone & (case.verdict == "not_submitted"),
        "{published_to} 已在网上公示，应于 {due_date} 前（{report_days} 个工作日内）报送，平台至 {told_until} 未收到",
    )


@check(
    "not_published",
    dimension="completeness",
    title="未公示",
    basis=DEADLINE,
    version=1,
    limit="publish",
    cure="在本单位或本级政府网站双公示专栏补充公示；如依法不予公开，请在豁免清单中登记；如已公示，请提供网址。",
)
def not_published(case: Case) -> Iterator[Outcome]:
    """平台已有、已过公示时限，而该单位可公示此类信息的全部窗口在时限之后都被完整查看过，均未见到。
    任何一个窗口没有看全，就不作未公示；自然人、轻微处罚、已修复、已登记豁免的不作未公示。"""
    alone = case.judged & case.only_s
    yield other(
        "exempt", alone & (case.verdict == "exempt"), "平台有而网上无，属可不公示情形：{ground_title} {ground_note}"
    )
    yield other("not_due", alone & (case.verdict == "not_due"), "公示时限 {due_date} 未过，暂不评判")
    yield other(
        "unknown", alone & (case.verdict == "unknown"), "时限 {due_date} 之后未能完整查看该单位的全部公示窗口，无法判定"
    )
    yield question(alone & (case.verdict == "question"), "网上未找到对应公示，但本条缺少识别要素或时限为暂定，请核实")
    yield fail(
        alone & (case.verdict == "not_published"),
        "{decision_date} 作出决定，应于 {due_date} 前（{publish_days} 个工作日内）公示，{proof_day} 完整查看全部 {windows} 个公示窗口均未见",
    )


@check(
    "duplicate",
    dimension="completeness",
    title="重复",
    basis="双公示数据归集校验要求（同一决定一条记录）",
    version=1,
    over="duplicate_cases",
    cure="保留一条正确记录，撤销其余重复记录；如系变更决定，请在备注中说明。",
)
def duplicate(case: Case) -> Iterator[Outcome]:
    """同一决定在平台报送了两条以上不同的记录，或在同一栏目公示了两处以上。"""
    yield warn(case.places > 1, "同一决定在{note}共有 {places} 条记录")
