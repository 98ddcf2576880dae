"""专栏运行: the disclosure column exists, opens, is not left empty; its links work; no window lacks what another shows."""

from collections.abc import Iterator

from assessment.checks.base import DEADLINE, Case, Outcome, check, fail, question, warn

_CENSUS = "国办发〔2015〕15号政府网站普查指标（站点可用性、空白栏目）"


@check(
    "column_missing",
    dimension="portals",
    title="登记的双公示专栏不存在",
    basis="国办发〔2015〕51号第十八条；发改电〔2015〕557号",
    version=3,
    skips_settled=True,
    over="portal_cases",
    cure="恢复双公示专栏；栏目地址已变更的，请告知新地址。",
)
def column_missing(case: Case) -> Iterator[Outcome]:
    """登记的专栏地址不存在。本期两次以上查看、前后至少七天，每次都明确答复不存在，才作此认定，期末以后的查看不计；
    登记过的网站停机、改版期间的查看不计。"""
    yield fail(
        (case.own_looks >= 2) & (case.looks_missing == case.own_looks) & (case.span >= 7),
        "“{note}”自 {published_from} 至 {own_until} 共查看 {own_looks} 次，网站每次都答复该页面不存在",
    )


@check(
    "column_unreachable",
    dimension="portals",
    title="专栏长时间打不开",
    basis=_CENSUS,
    version=3,
    skips_settled=True,
    over="portal_cases",
    cure="检查网站与栏目的访问情况，恢复正常访问。",
)
def column_unreachable(case: Case) -> Iterator[Outcome]:
    """专栏长时间打不开：前后至少七天（一周）、占查看次数 5% 以上，且同日其他网站可以打开（排除我方网络故障）；
    普查指标以 15 秒打不开为一次失败，本系统等得更久（缺省 30 秒，并多次重试）才记一次；期末以后的查看、登记过的网站停机、改版期间的查看不计。"""
    yield fail(
        (case.own_looks >= 3) & (case.span_unreachable >= 7) & (case.looks_unreachable * 20 > case.own_looks),
        "“{note}”自 {published_from} 至 {own_until} 查看 {own_looks} 次，{looks_unreachable} 次打不开，前后跨 {span_unreachable} 天；同日其他网站可正常访问",
    )


@check(
    "column_empty",
    dimension="portals",
    title="专栏没有内容，也没有零申报",
    basis=_CENSUS,
    version=1,
    skips_settled=True,
    over="portal_cases",
    cure="补充公示；本期确无决定的，提交零申报并在栏目中说明。",
)
def column_empty(case: Case) -> Iterator[Outcome]:
    """专栏每次查看都没有内容，且没有零申报。单位同期有应公示而到期的报送记录的作问题，没有的只作疑问。"""
    empty = (case.looks >= 1) & (case.looks_empty == case.looks) & ~case.declared
    yield fail(
        empty & case.told,
        "“{note}”自 {published_from} 至 {published_to} 查看 {looks} 次均为空白，而平台有该单位同期应公示的报送记录",
    )
    yield question(
        empty,
        "“{note}”自 {published_from} 至 {published_to} 查看 {looks} 次均为空白，没有零申报，请核实本期是否确无决定",
    )


@check(
    "column_stale",
    dimension="portals",
    title="专栏长期没有新内容，或内容不标日期",
    basis="国办发〔2015〕15号政府网站普查指标（栏目不更新、无日期视为未更新）",
    version=1,
    skips_settled=True,
    over="stale_cases",
    cure="有新决定的及时公示；确无决定的，提交零申报，并在栏目中说明；列表补标公示日期。",
)
def column_stale(case: Case) -> Iterator[Outcome]:
    """专栏在本期（或登记的更新期限内）没有任何新内容，也没有零申报。没有业务时栏目静止是正常的，所以只作疑问，零申报即可消除；
    普查指标“两周、六个月”的更新时限不适用于双公示栏目。内容都不标日期的，无法核对是否更新，也作疑问。"""
    undated = case.field.isNotNull()
    yield question(
        undated & case.undated & (case.standing >= 5),
        "“{note}”现有 {standing} 条内容都没有决定日期，也没有公示日期，无法核对更新情况，请补标日期",
    )
    quiet = ~undated & (case.standing >= 1) & ~case.undated & ~case.declared
    yield question(
        quiet & case.fresh_days.isNotNull() & (case.quiet_days > case.fresh_days),
        "“{note}”最新一条内容的日期是 {published_from}，至 {published_to} 完整查看时已 {quiet_days} 天没有新内容"
        "（登记的更新期限为 {fresh_days} 天），没有零申报，请核实",
    )
    yield question(
        quiet & case.nothing_new & case.ended & case.newest.isNull(),
        "“{note}”有内容，但一年内没有新内容，没有零申报，请核实本期是否确无决定",
    )
    yield question(
        quiet & case.nothing_new & case.ended & case.told,
        "“{note}”最新一条内容的日期是 {published_from}，本期没有新内容，而平台有该单位同期应公示的报送记录，请核实",
    )
    yield question(
        quiet & case.nothing_new & case.ended,
        "“{note}”最新一条内容的日期是 {published_from}，本期没有新内容，没有零申报，请核实本期是否确无决定",
    )


@check(
    "dead_link",
    dimension="portals",
    title="专栏中的链接或附件打不开",
    basis="国办发〔2015〕15号政府网站普查指标（链接可用性、附件下载）",
    version=1,
    skips_settled=True,
    over="link_cases",
    cure="修复链接或重新上传附件；内容已撤下的，从列表中一并移除。",
)
def dead_link(case: Case) -> Iterator[Outcome]:
    """专栏列表中的链接或附件打不开：两次以上查看、前后至少七天都打不开，且最近一次查看时仍打不开，才作认定，偶然一次不算。
    网站明确答复不存在的作提醒；网站出错、没有应答的，可能是一时故障，只作疑问。登记过的停机、改版期间不计。"""
    lasting = (case.looks >= 2) & (case.span >= 7) & case.still
    yield warn(
        lasting & (case.always_gone == 1),
        "“{note}”中的链接自 {published_from} 至 {published_to} 查看 {looks} 次都打不开（{why}）：{url}",
    )
    yield question(
        lasting,
        "“{note}”中的链接自 {published_from} 至 {published_to} 查看 {looks} 次都没有打开（{why}），可能是网站故障，请核实：{url}",
    )


@check(
    "channel_missing",
    dimension="portals",
    title="应有的公示窗口中没有这些决定",
    basis=DEADLINE,
    version=1,
    skips_settled=True,
    over="window_cases",
    cure="在缺少的窗口补充公示；如当地只要求其中一个窗口，请在 obligations.yml 的 windows 中写明。",
)
def channel_missing(case: Case) -> Iterator[Outcome]:
    """决定已在一个窗口公示，而另一个应有的窗口（本部门网站、政府网站、信用网站）在时限之后完整查看仍未见到。哪些窗口是应有的，按
    obligations.yml 的 windows 分类别、分日期确定：写明必须（strict）的作提醒，其余只作疑问，因为在任何一个法定窗口公示即为公示。
    没有登记、没有看全的窗口不作此项；自然人、豁免、已修复、已撤下的决定不计。"""
    some = case.not_there > 0
    yield warn(
        some & (case.strictly == 1),
        "{in_all} 条已公示的决定中，有 {not_there} 条在{note}（{windows} 个栏目，最近一轮 {proof_day} 完整查看）未见：{examples}",
    )
    yield question(
        some,
        "{in_all} 条已公示的决定中，有 {not_there} 条在{note}（{windows} 个栏目，最近一轮 {proof_day} 完整查看）未见：{examples}；"
        "在任何一个法定窗口公示即为公示，请核对该窗口是否也应公示",
    )
