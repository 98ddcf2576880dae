"""目录管理: the unit's catalogue exists, covers what it does, and silence is declared."""

from collections.abc import Iterator

from assessment.checks.base import Case, Outcome, check, other, question, warn

_BASIS = "国办发〔2015〕51号第十八条；双公示目录管理要求"


@check(
    "catalogue_missing",
    dimension="catalogue",
    title="没有编制或报送双公示目录",
    basis=_BASIS,
    version=2,
    skips_settled=True,
    over="unit_cases",
    cure="编制并报送本单位双公示事项目录。",
)
def catalogue_missing(case: Case) -> Iterator[Outcome]:
    """被评估单位在本期没有任何有效的双公示目录事项。整个目录尚未导入时无法判定，不作此项；
    只有其他年度的目录的，可能是新版尚未导入，只作疑问。"""
    yield other("unknown", (case.item_count == 0) & ~case.catalogue_known, "目录清单尚未导入，无法判定")
    yield question(
        (case.item_count == 0) & (case.items_other > 0),
        "{note}在本期没有有效的目录事项，只有其他时期的 {items_other} 项，请核对是否有新版目录尚未导入",
    )
    yield warn(case.item_count == 0, "已导入的目录清单中没有{note}的任何双公示事项")


@check(
    "outside_catalogue",
    dimension="catalogue",
    title="许可事项不在本单位目录内",
    basis=_BASIS,
    version=2,
    skips_settled=True,
    over="licence_cases",
    cure="核对事项名称；确属本单位事项的，补充进目录，名称写法与目录一致。",
)
def outside_catalogue(case: Case) -> Iterator[Outcome]:
    """许可事项不在作出决定当日有效的本单位许可目录之内。当日没有许可目录的，不作此项；职责划转所涉两个单位的目录都算。"""
    yield warn(case.listed == 0, "许可事项“{note}”不在作出决定当日有效的本单位目录内")


@check(
    "silent_item",
    dimension="catalogue",
    title="目录内事项本期没有记录，也没有零申报",
    basis=_BASIS,
    version=2,
    skips_settled=True,
    over="item_cases",
    cure="本期确无此类决定的，提交零申报；有决定的，补充公示与报送。",
)
def silent_item(case: Case) -> Iterator[Outcome]:
    """目录内应公示的事项本期没有任何记录，也没有零申报。没有业务是正常的，只作疑问；本期未结束的、
    已划转给其他单位的，不作此项。"""
    yield question(
        case.publish & ~case.used & ~case.declared & case.ended, "目录事项“{note}”本期没有公示或报送记录，也没有零申报"
    )
