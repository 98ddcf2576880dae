"""及时性: reported and published within the working days the law gives, and never dated back."""

from collections.abc import Iterator

from assessment.checks.base import DEADLINE, Case, Outcome, check, fail, question, warn


@check(
    "submitted_late",
    dimension="timeliness",
    title="迟报",
    basis=DEADLINE,
    version=1,
    limit="report",
    cure="今后在作出决定之日起规定工作日内报送；如报送平台曾中断或首次报送被退回，请提供平台记录申请复核。",
)
def submitted_late(case: Case) -> Iterator[Outcome]:
    """决定信息报送到平台的日期晚于时限。时限自作出决定的次日起按工作日计算，调休上班日计入，法定节假日与平台中断日不计。"""
    judged = case.judged & case.has_s & case.report_free.isNull() & case.report_late
    yield question(
        judged & case.provisional,
        "应于 {due_date}（暂定，当年节假日安排尚未公布）前报送，{received_on} 收到，待日历公布后复核",
    )
    yield fail(
        judged,
        "{decision_date} 作出决定，应于 {due_date} 前（{report_days} 个工作日内）报送，实际 {received_on} 收到，迟 {days_late} 个工作日",
        days_late=case.report_days_late,
    )


@check(
    "published_late",
    dimension="timeliness",
    title="迟公示",
    basis=DEADLINE,
    version=1,
    limit="publish",
    cure="今后在作出决定之日起规定工作日内上网公示；如当时已在其他法定窗口公示，请提供网页记录申请复核。",
)
def published_late(case: Case) -> Iterator[Outcome]:
    """决定信息出现在网上的日期晚于时限。出现日期是一个区间（最近一次确认未见，首次见到]；只有整个区间都在时限之后，
    或网页自己标明的公示日期在时限之后，才认定为迟公示；区间跨过时限的只作疑问，由人复核。自然人信息不作此项评判。"""
    judged = case.judged & case.has_p & case.publish_free.isNull()
    late = judged & (case.seen_state == "late")
    yield question(late & case.provisional, "应于 {due_date}（暂定，当年节假日安排尚未公布）前公示，待日历公布后复核")
    yield fail(
        late & (case.publish_state == "late"),
        "{decision_date} 作出决定，应于 {due_date} 前（{publish_days} 个工作日内）公示，{published_from} 仍未见、{published_to} 首次见到"
        "（网页标注日期：{stated}），至少迟 {days_late} 个工作日",
        days_late=case.publish_days_late,
    )
    yield question(
        judged
        & case.decision_date.isNotNull()
        & (case.seen_state == "undecided")
        & (case.publish_state == "undecided"),
        "应于 {due_date} 前公示，公示时间在（{published_from}，{published_to}] 之间，跨过时限且网页未标可信日期，无法判定是否迟公示",
    )


@check(
    "backdated",
    dimension="timeliness",
    title="疑似倒签",
    basis="国办秘函〔2019〕19号（弄虚作假类情形）",
    version=1,
    over="publication_cases",
    cure="核对信息实际上网时间与网页标注日期；如系网站改版、迁移所致，请说明并附发布系统日志。",
)
def backdated(case: Case) -> Iterator[Outcome]:
    """网页标注的公示日期早于我们完整查看该栏目而未见此条信息的日期。仅提示疑点，由人核实，不作结论。"""
    yield warn(
        case.stated < case.absent_on,
        "网页标注 {stated} 公示，但 {published_from} 完整查看该栏目时尚无此条，{published_to} 才首次见到，标注日期疑似早于实际",
    )


@check(
    "past_term",
    dimension="timeliness",
    title="超期公示",
    basis="国办发〔2025〕22号；国家发展改革委令第36号；行政处罚法第四十八条",
    version=1,
    over="publication_cases",
    cure="立即停止公示该条信息，并检查同期信用修复、公示期满的信息是否一并撤下。",
)
def past_term(case: Case) -> Iterator[Outcome]:
    """公示期已满或信用修复后，信息仍在网上展示。信用修复后给予 7 个工作日的处理时间。"""
    yield warn(
        case.seen_last > case.repair_limit,
        "{x_repaired_on} 已作出信用修复决定，至 {seen_last} 仍在公示（已超过 7 个工作日）",
    )
    yield warn(case.seen_last > case.shown_until, "公示截止期为 {shown_until}，至 {seen_last} 仍在公示")


@check(
    "withdrawn_unexplained",
    dimension="timeliness",
    title="无故撤下",
    basis="行政处罚法第四十八条；国办发〔2025〕22号",
    version=1,
    over="publication_cases",
    cure="恢复公示，或在撤下登记表中填报撤下日期、原因与依据。",
)
def withdrawn_unexplained(case: Case) -> Iterator[Outcome]:
    """曾经公示的信息在公示期内消失，且没有信用修复、撤下说明、豁免登记，也不是栏目滚动更新所致。"""
    settled = case.x_repair.isNotNull() | case.x_withdrawal.isNotNull() | case.publish_free.isNotNull() | case.person
    rolled_off = case.decision_date.isNull() | case.oldest_shown.isNull() | (case.decision_date < case.oldest_shown)
    running = case.shown_until.isNull() | (case.shown_until >= case.gone_on)
    yield warn(
        case.gone_on.isNotNull() & ~settled & ~case.replaced & running & ~rolled_off,
        "{seen_last} 仍在公示，{gone_on} 完整查看该栏目时已不见，未见修复、撤下或豁免登记",
    )
