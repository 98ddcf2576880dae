"""专栏运行: the disclosure column exists, opens, and is not left empty."""

from collections.abc import Iterator

from assessment.checks.base import Case, Outcome, check, fail, question

_CENSUS = "国办发〔2015〕15号政府网站普查指标（站点可用性、空白栏目）"


@check(
    "column_missing",
    dimension="portals",
    title="登记的双公示专栏不存在",
    basis="国办发〔2015〕51号第十八条；发改电〔2015〕557号",
    version=1,
    over="portal_cases",
    cure="恢复双公示专栏；栏目地址已变更的，请告知新地址。",
)
def column_missing(case: Case) -> Iterator[Outcome]:
    """登记的专栏地址不存在。本期两次以上查看、前后至少七天，每次都明确答复不存在，才作此认定。"""
    yield fail(
        (case.looks >= 2) & (case.looks_missing == case.looks) & (case.span >= 7),
        "“{note}”自 {published_from} 至 {published_to} 共查看 {looks} 次，网站每次都答复该页面不存在",
    )


@check(
    "column_unreachable",
    dimension="portals",
    title="专栏长时间打不开",
    basis=_CENSUS,
    version=1,
    over="portal_cases",
    cure="检查网站与栏目的访问情况，恢复正常访问。",
)
def column_unreachable(case: Case) -> Iterator[Outcome]:
    """专栏长时间打不开：前后至少七天、占查看次数 5% 以上，且同日其他网站可以打开（排除我方网络故障）。"""
    yield fail(
        (case.looks >= 3) & (case.span_unreachable >= 7) & (case.looks_unreachable * 20 > case.looks),
        "“{note}”自 {published_from} 至 {published_to} 查看 {looks} 次，{looks_unreachable} 次打不开，前后跨 {span_unreachable} 天；同日其他网站可正常访问",
    )


@check(
    "column_empty",
    dimension="portals",
    title="专栏没有内容，也没有零申报",
    basis=_CENSUS,
    version=1,
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
