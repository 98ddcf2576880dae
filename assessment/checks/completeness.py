"""全面性: what was decided is both reported and shown; each decision is counted once."""

from collections.abc import Iterator

from assessment.checks.base import DEADLINE, Case, Outcome, check, fail, other, question, warn


@check(
    "not_submitted",
    dimension="completeness",
    title="网上已公示，平台没有收到",
    basis=DEADLINE,
    version=3,
    skips_settled=True,
    limit="report",
    cure="补报该条信息；如依法不予报送，请在豁免清单中登记理由、依据与审批文号；如已报送，请提供回执。",
)
def not_submitted(case: Case) -> Iterator[Outcome]:
    """网上已公示、已过报送时限，而平台至今没有收到。平台数据尚未覆盖到时限之后的、曾报送被退回的、属豁免情形的，不作漏报。"""
    alone = case.judged & case.only_p
    yield other("exempt", alone & (case.verdict == "exempt"), "网上有而平台无，属不要求报送的情形：{ground_words}")
    yield other(
        "not_due",
        alone & (case.verdict == "not_due") & (case.days_left <= 0),
        "网上已公示，平台尚未收到；最迟应于 {due_date}{provisional_note} 报送，期限就到，时限未过，暂不评判",
    )
    yield other(
        "not_due",
        alone & (case.verdict == "not_due"),
        "网上已公示，平台尚未收到；最迟应于 {due_date}{provisional_note} 报送，还有 {days_left} 个工作日，时限未过，暂不评判",
    )
    yield other(
        "unknown",
        alone & (case.verdict == "unknown") & case.told_until.isNull(),
        "最迟应于 {due_date}{provisional_note} 报送，而手头还没有平台数据，无法判定",
    )
    yield other(
        "unknown",
        alone & (case.verdict == "unknown"),
        "最迟应于 {due_date}{provisional_note} 报送，而手头的平台数据只到 {told_until}，没有覆盖时限之后，无法判定",
    )
    yield question(
        alone & (case.verdict == "question") & case.attempted,
        "平台未收到合格数据，但有被退回的报送记录，请核实首次报送时间与退回原因",
    )
    yield question(
        alone & (case.verdict == "question") & case.twin,
        "平台没有这一条，但有同一天的另一条记录（文号不同、没有文号，或一条列了多个相对人），可能是同一决定，请核对文号",
    )
    yield question(
        alone & (case.verdict == "question") & case.provisional,
        "平台未收到；最迟应于 {due_date} 报送（暂定：该年放假安排尚未公布），待日历公布后复核",
    )
    yield question(alone & (case.verdict == "question"), "平台中未找到对应记录，但本条没有可用的决定日期，请核实")
    yield fail(
        alone & (case.verdict == "not_submitted"),
        "{decision_date} 作出决定，最迟应于 {due_date} 报送（{report_days} 个工作日内{outage_note}）；{published_to} 已见网上公示，"
        "平台数据至 {told_until} 没有该条",
    )


@check(
    "not_published",
    dimension="completeness",
    title="平台已有，各公示窗口均未见",
    basis=DEADLINE,
    version=2,
    skips_settled=True,
    limit="publish",
    cure="在本单位或本级政府网站双公示专栏补充公示；如依法不予公开，请在豁免清单中登记；如已公示，请提供网址。",
)
def not_published(case: Case) -> Iterator[Outcome]:
    """平台已有、已过公示时限，而该单位可公示此类信息的全部窗口在时限之后都被完整查看过，均未见到。
    任何一个窗口没有看全，就不作未公示；自然人、轻微处罚、已修复、已登记豁免的不作未公示。"""
    alone = case.judged & case.only_s
    yield other("exempt", alone & (case.verdict == "exempt"), "平台有而网上无，属可以不公示的情形：{ground_words}")
    yield other(
        "not_due",
        alone & (case.verdict == "not_due") & (case.days_left <= 0),
        "平台已收到，网上尚未见；最迟应于 {due_date}{provisional_note} 公示，期限就到，时限未过，暂不评判",
    )
    yield other(
        "not_due",
        alone & (case.verdict == "not_due"),
        "平台已收到，网上尚未见；最迟应于 {due_date}{provisional_note} 公示，还有 {days_left} 个工作日，时限未过，暂不评判",
    )
    yield other(
        "unknown",
        alone & (case.verdict == "unknown"),
        "最迟应于 {due_date}{provisional_note} 公示，时限之后未能完整查看该单位的全部公示窗口，无法判定",
    )
    yield question(
        alone & (case.verdict == "question") & case.twin,
        "网上没有这一条，但有同一天的另一条公示或后来的另一条报送（文号不同、没有文号，或一条列了多个相对人），可能是同一决定，请核对文号",
    )
    yield question(
        alone & (case.verdict == "question") & case.revoked,
        "网上未见；报送的状态注明该决定已撤销、无效或注销，是否还应公示请核实",
    )
    yield question(
        alone & (case.verdict == "question") & case.provisional,
        "网上未见；最迟应于 {due_date} 公示（暂定：该年放假安排尚未公布），待日历公布后复核",
    )
    yield question(
        alone & (case.verdict == "question") & case.x_doubt.isNotNull(),
        "网上未见；单位登记为不具有一定社会影响，是否应当公示请核实；依据{x_doubt}",
    )
    yield question(alone & (case.verdict == "question"), "网上未找到对应公示，但本条没有可用的决定日期，请核实")
    yield fail(
        alone & (case.verdict == "not_published"),
        "{decision_date} 作出决定，最迟应于 {due_date} 公示（{publish_days} 个工作日内{publish_outage_note}）；"
        "时限之后完整查看过该单位全部 {windows} 个公示窗口"
        "（最近一轮 {proof_day}），均未见",
    )


@check(
    "duplicate",
    dimension="completeness",
    title="同一决定报送或公示了多条",
    basis="双公示数据归集校验要求（同一决定一条记录）",
    version=4,
    skips_settled=True,
    over="duplicate_cases",
    cure="保留一条正确记录，撤销其余重复记录；如系变更决定，请在备注中说明。",
)
def duplicate(case: Case) -> Iterator[Outcome]:
    """同一决定在平台报送了两条以上不同的记录，或在同一栏目公示了两处以上。职责划转时新旧两个单位各报一条的、上级系统重复推送的、
    变更或更正决定替代原决定的，不作重复；栏目不列文号或只列证书编号、姓名已遮盖的，可能是几个决定，只作疑问。"""
    yield other(
        "exempt",
        case.both_filed,
        "同一决定由新旧两个单位各报送一条，属职责划转交接，不作重复，请协商保留一条；依据{transfer_words}",
    )
    yield other(
        "exempt",
        case.each_filed_one,
        "同一决定由 {filers} 个单位各报送一条，可能是上级系统重复推送，按一条计，请协商保留一条",
    )
    yield other(
        "exempt",
        case.versions,
        "同一文号在{note}有 {places} 条记录，其中有变更、更正或撤销的决定，按版本接续，不作重复",
    )
    yield question(
        (case.places > 1) & (case.unnumbered == 1),
        "{note}有 {places} 条记录难以分辨（没有带年份的决定书文号，或姓名已遮盖而文号相同），是重复还是几个决定，请核实",
    )
    yield warn(case.places > 1, "同一决定（按文号、相对人认定）在{note}共有 {places} 条记录")
