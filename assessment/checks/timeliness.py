"""及时性: reported and published within the working days the law gives, and never dated back."""

from collections.abc import Iterator

from assessment.checks.base import DEADLINE, Case, Outcome, check, fail, other, question, warn
from assessment.engine import any_of, yes


@check(
    "submitted_late",
    dimension="timeliness",
    title="信息报送到平台晚于时限",
    basis=DEADLINE,
    version=2,
    skips_settled=True,
    limit="report",
    cure="今后在作出决定之日起规定工作日内报送；如报送平台曾中断或首次报送被退回，请提供平台记录申请复核。",
)
def submitted_late(case: Case) -> Iterator[Outcome]:
    """决定信息报送到平台的日期晚于时限。时限自作出决定的次日起按工作日计算，调休上班日计入，法定节假日与平台中断日不计；
    登记了补报约定的历史决定，在约定期限之前补报的不作迟报。"""
    judged = case.judged & case.has_s & case.report_free.isNull() & case.report_late
    yield other(
        "exempt",
        case.judged & case.has_s & case.report_free.isNull() & case.report_backfilled,
        "{decision_date} 作出决定，平台 {received_on} 收到，晚于通常时限，但在约定补报期限 {due_date} 之前，不作迟报；依据{b_words}",
    )
    yield question(
        judged & case.provisional,
        "{decision_date} 作出决定，最迟应于 {due_date} 报送（暂定：该年放假安排尚未公布），平台 {received_on} 收到，待日历公布后复核",
    )
    yield question(
        judged & case.report_disputed,
        "平台填报 {decision_date} 作出决定，按此最迟应于 {due_date} 报送，平台 {received_on} 收到；而网站公示的决定日期是 {p_decision_date}，"
        "按此没有超期，请先核对决定日期",
    )
    yield fail(
        judged,
        "{decision_date} 作出决定，最迟应于 {due_date} 报送（{report_days} 个工作日内{outage_note}），"
        "平台 {received_on} 收到，迟 {days_late} 个工作日",
        days_late=case.report_days_late,
    )


@check(
    "published_late",
    dimension="timeliness",
    title="信息上网晚于时限",
    basis=DEADLINE,
    version=3,
    skips_settled=True,
    limit="publish",
    cure="今后在作出决定之日起规定工作日内上网公示；如当时已在其他法定窗口公示，请提供网页记录申请复核。",
)
def published_late(case: Case) -> Iterator[Outcome]:
    """决定信息出现在网上的日期晚于时限。出现日期是一个区间（最近一次确认未见，首次见到]；只有整个区间都在时限之后，
    或网页自己标明的公示日期在时限之后，才认定为迟公示；区间跨过时限的只作疑问，由人复核。自然人信息不作此项评判。"""
    judged = case.judged & case.has_p & case.publish_free.isNull() & case.decision_date.isNotNull()
    late = judged & (case.seen_state == "late")
    unsure = judged & (case.seen_state == "undecided") & (case.publish_state == "undecided")
    yield question(
        late & case.provisional,
        "{decision_date} 作出决定，最迟应于 {due_date} 公示（暂定：该年放假安排尚未公布），{published_to} 首次见到，待日历公布后复核",
    )
    yield fail(
        late & (case.publish_state == "late") & (case.published_from > case.publish_due),
        "{decision_date} 作出决定，最迟应于 {due_date} 公示（{publish_days} 个工作日内{publish_outage_note}），{published_from} 完整查看该栏目时仍未见，"
        "{published_to} 首次见到（网页标注日期：{stated}），至少迟 {days_late} 个工作日",
        days_late=case.publish_days_late,
    )
    yield fail(
        late & (case.publish_state == "late"),
        "{decision_date} 作出决定，最迟应于 {due_date} 公示（{publish_days} 个工作日内{publish_outage_note}），网页自己标注 {stated} 公示，"
        "{published_to} 首次见到，至少迟 {days_late} 个工作日",
        days_late=case.publish_days_late,
    )
    yield question(
        unsure & case.corrected,
        "最迟应于 {due_date}{provisional_note} 公示，{published_to} 才首次见到；但时限之内该栏目有同一相对人、同一决定日期的另一条，"
        "此条出现时已不见，可能是更正文号后重发，请核实",
    )
    yield question(
        unsure & case.blind_elsewhere,
        "最迟应于 {due_date}{provisional_note} 公示，{published_to} 才首次见到；但本单位另有公示窗口在时限之后未能完整查看，"
        "不能排除已在那里按时公示，请提供网页记录",
    )
    yield question(
        unsure & case.published_from.isNull(),
        "最迟应于 {due_date}{provisional_note} 公示，{published_to} 首次查看该栏目时已在网上，此前没有查看记录，网页也没有可信的公示日期，"
        "无法判定是否迟公示",
    )
    yield question(
        unsure,
        "最迟应于 {due_date}{provisional_note} 公示，{published_from} 尚未见、{published_to} 已见到，上网时间跨过时限且网页没有可信的公示日期，"
        "无法判定是否迟公示",
    )


@check(
    "backdated",
    dimension="timeliness",
    title="标注的公示日期早于实际上网时间",
    basis="国办秘函〔2019〕19号（弄虚作假类情形）",
    version=1,
    skips_settled=True,
    over="publication_cases",
    cure="核对信息实际上网时间与网页标注日期；如系网站改版、迁移所致，请说明并附发布系统日志。",
)
def backdated(case: Case) -> Iterator[Outcome]:
    """网页标注的公示日期早于我们完整查看该栏目而未见此条信息的日期。仅提示疑点，由人核实，不作结论；
    整个栏目都按决定日期标注的，只作疑问。"""
    early = case.stated < case.absent_on
    yield question(
        early & case.dated_by_decision,
        "网页标注 {stated} 公示，{published_from} 尚未见、{published_to} 首次见到；该栏目的日期都与决定日期相同，可能标的就是决定日期，请核实",
    )
    yield warn(
        early,
        "网页标注 {stated} 公示，但 {published_from} 完整查看该栏目时尚无此条，{published_to} 才首次见到，标注日期疑似早于实际",
    )


@check(
    "past_term",
    dimension="timeliness",
    title="公示期满或信用修复后仍在网上",
    basis="国办发〔2025〕22号；国家发展改革委令第36号；行政处罚法第四十八条",
    version=3,
    skips_settled=True,
    over="publication_cases",
    cure="立即停止公示该条信息，并检查同期信用修复、公示期满的信息是否一并撤下。",
)
def past_term(case: Case) -> Iterator[Outcome]:
    """公示期已满或信用修复后，信息仍在网上展示。信用修复后的处理时间、各类处罚的最长公示期按决定当日有效的规定（obligations.yml 的
    withdrawals、terms）：仅警告、通报批评的属轻微，最长三个月；其他处罚按最长的一类计，不在此内的一定期满。"""
    yield question(
        (case.seen_last > case.repair_limit) & case.repair_provisional,
        "{x_repaired_on} 已作出信用修复决定，最迟应于 {repair_limit}（暂定：该年放假安排尚未公布）停止公示，{seen_last} 查看时仍在网上，"
        "待日历公布后复核",
    )
    yield warn(
        case.seen_last > case.repair_limit,
        "{x_repaired_on} 已作出信用修复决定，最迟应于 {repair_limit}（{repair_days} 个工作日内）停止公示，{seen_last} 查看时仍在网上",
    )
    yield warn(case.seen_last > case.shown_until, "公示截止期为 {shown_until}，{seen_last} 查看时仍在网上")
    over = (case.seen_last > case.term_over) & ~case.person & (case.kind == "penalty")
    yield warn(
        over & case.minor,
        "{decision_date} 作出的仅警告、通报批评的处罚属轻微，最长公示至 {term_over}，{seen_last} 查看时仍在网上",
    )
    yield warn(over, "{decision_date} 作出的处罚最长公示至 {term_over}（{term_basis}），{seen_last} 查看时仍在网上")


@check(
    "withdrawn_unexplained",
    dimension="timeliness",
    title="公示期内的信息不见了，没有说明",
    basis="行政处罚法第四十八条；国办发〔2025〕22号",
    version=4,
    skips_settled=True,
    over="publication_cases",
    cure="恢复公示，或在撤下登记表中填报撤下日期、原因与依据。",
)
def withdrawn_unexplained(case: Case) -> Iterator[Outcome]:
    """曾经公示的信息在公示期内消失，且没有信用修复、撤下说明、豁免登记，也不是栏目滚动更新、更正重发、登记过的停机改版所致。
    整个栏目都空了的，可能是改版，只作疑问。"""
    settled = case.x_repair.isNotNull() | case.x_withdrawal.isNotNull() | case.publish_free.isNotNull() | case.person
    # Lists drop their oldest entries: by date of decision, by the date they show, or in the order we came to see them.
    rolled_off = any_of(
        yes(case.decision_date < case.oldest_shown),
        yes(case.stated < case.oldest_stated),
        yes(case.seen_on < case.oldest_seen),
    )
    running = case.shown_until.isNull() | (case.shown_until >= case.gone_on)
    gone = case.gone_on.isNotNull() & ~settled & ~case.replaced & running & case.decision_date.isNotNull()
    gone = gone & ~case.moved_on
    yield other(
        "exempt",
        gone & ~rolled_off & case.gone_words.isNotNull(),
        "{seen_last} 仍在公示，{gone_on} 查看时已不见，其间网站登记有停机或改版，不作撤下；依据{gone_words}",
    )
    yield question(
        gone & ~rolled_off & case.elsewhere,
        "{seen_last} 仍在公示，{gone_on} 完整查看该栏目时已不见，但同一决定仍在其他窗口公示，请核实是否有意撤下",
    )
    yield question(
        gone & case.oldest_shown.isNull(),
        "{seen_last} 仍在公示，{gone_on} 完整查看时整个栏目已没有任何信息，可能是改版或迁移，请说明",
    )
    yield question(
        gone & ~rolled_off & case.followed,
        "{seen_last} 仍在公示，{gone_on} 完整查看该栏目时已不见，同时出现同一相对人的另一条，可能已为变更或重新作出的决定所替代，请核实",
    )
    yield question(
        gone & ~rolled_off & case.revoked,
        "{seen_last} 仍在公示，{gone_on} 完整查看该栏目时已不见；报送或公示的状态注明该决定已撤销、无效或注销，请在撤下登记表中补记原因",
    )
    yield question(
        gone & ~rolled_off & (case.kind == "licence") & (case.valid_to < case.gone_on),
        "{seen_last} 仍在公示，{gone_on} 完整查看该栏目时已不见；许可有效期至 {valid_to}，可能因到期撤下，请核实",
    )
    yield question(
        gone & ~rolled_off & (case.kind == "penalty") & case.shown_until.isNull() & (case.least_until < case.gone_on),
        "{seen_last} 仍在公示，{gone_on} 完整查看该栏目时已不见；最短公示期已于 {least_until} 届满，没有注明公示截止期，可能因期满撤下，请核实",
    )
    yield warn(
        gone & ~rolled_off,
        "{seen_last} 仍在公示，{gone_on} 完整查看该栏目时已不见，没有修复、撤下或豁免登记，也不是列表滚动所致",
    )
