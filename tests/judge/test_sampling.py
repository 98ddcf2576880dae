"""Spot checks: the published tables of sizes and intervals, a draw anybody can repeat, results that say how sure they are."""

import datetime
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlalchemy import select

import cli
from assessment import sampling
from assessment.intervals import clopper_pearson, defended, discovery_size, exact, kappa, sample_size, wilson
from assessment.sampling import Answer, answer, draw, rates
from db.models import SpotCheck, SpotCheckItem
from db.session import session_of
from intake.worksheets import read_ledger
from standard.errors import Refused

# The tables of the usual handbooks at 95 %, ±5 points: frame, n at p = 50 %, n at p = 10 %.
SIZES = [
    (100, 80, 59),
    (200, 132, 83),
    (500, 218, 109),
    (1000, 278, 122),
    (5000, 357, 135),
    (20000, 377, 138),
    (100000, 383, 139),
]
DISCOVERY = {
    100: [95, 78, 45, 25],
    200: [155, 105, 51, 27],
    500: [225, 129, 56, 28],
    1000: [258, 138, 57, 29],
    5000: [290, 147, 59, 29],
}
INTERVALS = [
    (0, 10, (0, 27.8), (0, 30.8)), (1, 10, (1.8, 40.4), (0.3, 44.5)), (0, 30, (0, 11.4), (0, 11.6)), (1, 30, (0.6, 16.7), (0.1, 17.2)),
    (3, 30, (3.5, 25.6), (2.1, 26.5)), (0, 60, (0, 6.0), (0, 6.0)), (5, 100, (2.2, 11.2), (1.6, 11.3)), (3, 385, (0.3, 2.3), (0.2, 2.3)),
    (10, 385, (1.4, 4.7), (1.3, 4.7)),
]  # fmt: skip
parts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def percent(bounds: tuple[float, float]) -> tuple[float, float]:
    return round(100 * bounds[0], 1), round(100 * bounds[1], 1)


@pytest.mark.parametrize(("frame", "half", "tenth"), SIZES)
def test_sizes(frame: int, half: int, tenth: int) -> None:
    assert (sample_size(frame), sample_size(frame, prior=0.1)) == (half, tenth)


@pytest.mark.parametrize("frame", DISCOVERY)
def test_discovery(frame: int) -> None:
    assert [discovery_size(frame, rate) for rate in (0.01, 0.02, 0.05, 0.1)] == DISCOVERY[frame]


@pytest.mark.parametrize(("found", "checked", "screen", "sure"), INTERVALS)
def test_intervals(found: int, checked: int, screen: tuple[float, float], sure: tuple[float, float]) -> None:
    assert percent(wilson(found, checked)) == screen
    assert percent(clopper_pearson(found, checked)) == sure


@given(parts)
def test_an_interval_holds_its_share_and_lies_within_nothing_and_everything(part: tuple[int, int]) -> None:
    found, checked = part
    for low, high in (wilson(found, checked), clopper_pearson(found, checked), exact(found, checked, checked * 3)):
        assert 0 <= low <= found / checked + 1e-9 and found / checked - 1e-9 <= high <= 1


@given(parts)
def test_everything_checked_leaves_no_doubt(part: tuple[int, int]) -> None:
    found, checked = part
    assert exact(found, checked, checked) == (found / checked, found / checked)


def test_a_finite_frame_is_surer_than_an_endless_one() -> None:
    low, high = defended(3, 30, 60)
    wide = clopper_pearson(3, 30)
    assert wide[0] <= low and high < wide[1]
    assert defended(3, 30, 10_000) == wide  # under a twentieth: no correction


def test_agreement() -> None:
    assert kappa([]) is None
    assert kappa([("right", "right")]) is None  # chance alone explains it
    assert kappa([("right", "right"), ("wrong", "wrong")]) == 1
    assert kappa([("right", "wrong"), ("wrong", "right")]) == -1


# ---------------------------------------------------------------- a check, from draw to rate


@pytest.fixture(scope="module")
def once(whole_city: Any) -> Any:
    """Two units of 60 and 12 decisions, judged once; every test works on a copy of its workspace."""
    for unit, count in (("fgw", 60), ("gaj", 12)):
        whole_city.unit(unit)
        whole_city.portal()
        for n in range(1, count + 1):
            whole_city.publish(number=n)
            whole_city.submit(number=n)
    whole_city.judge()
    return whole_city


@pytest.fixture
def judged(once: Any, tmp_path: Path) -> Any:
    return once.copied(tmp_path / "city")


def items(city: Any, check: SpotCheck) -> list[SpotCheckItem]:
    with session_of(city.workspace) as session:
        asked = select(SpotCheckItem).where(SpotCheckItem.check_id == check.id).order_by(SpotCheckItem.position)
        return list(session.scalars(asked))


def test_a_draw_is_repeatable_stratified_and_kept(judged: Any) -> None:
    one = draw(judged.workspace, "2026-09", "submissions", by="张三", seed="2026-09-抽查", size=18)
    assert one.strata == {"fgw": [60, 15], "gaj": [12, 3]}
    drawn = items(judged, one)
    assert len(drawn) == 18 and sum(item.again for item in drawn) == 2
    again = draw(judged.workspace, "2026-09", "submissions", by="李四", seed="2026-09-抽查", size=18)
    assert again.id == one.id and again.actor == "张三"
    other = draw(judged.workspace, "2026-09", "submissions", by="张三", seed="另一个种子", size=18)
    assert other.id != one.id and {i.item for i in items(judged, other)} != {i.item for i in drawn}


def test_small_units_are_checked_whole_when_each_unit_is_to_be_judged(judged: Any) -> None:
    check = draw(judged.workspace, "2026-09", "publications", by="张三", seed="s", per_unit=True)
    assert check.strata == {"fgw": [60, sample_size(60, prior=0.1)], "gaj": [12, 12]}


@given(
    st.dictionaries(st.text("abc", min_size=1, max_size=3), st.integers(1, 400), min_size=1, max_size=12),
    st.integers(1, 900),
)
def test_a_sample_is_shared_out_to_the_last_line(sizes: dict[str, int], size: int) -> None:
    made = sampling._allot(sizes, size, per_unit=False)
    assert sum(made.values()) == min(sum(sizes.values()), max(size, len(sizes)))
    assert all(1 <= made[unit] <= sizes[unit] for unit in sizes)


def test_results_rates_and_agreement(judged: Any) -> None:
    check = draw(judged.workspace, "2026-09", "submissions", by="张三", seed="s", size=18, share_again=0.5)
    lines = items(judged, check)
    mine = [item for item in lines if item.unit_id == "fgw"]
    wrong, gone, outside = mine[0].item, mine[1].item, mine[2].item
    words = {wrong: "有误", gone: "未提供", outside: "不属抽查范围"}
    answers = [Answer(item.item, words.get(item.item, "属实"), "看过原件") for item in lines]
    assert answer(judged.workspace, check.id, answers, by="王五") == 18
    assert answer(judged.workspace, check.id, answers, by="王五") == 0
    twice = [item for item in lines if item.again]
    assert (
        answer(
            judged.workspace, check.id, [Answer(item.item, words.get(item.item, "属实")) for item in twice], by="赵六"
        )
        == 9
    )
    with session_of(judged.workspace) as session:
        units, whole, agreement = rates(session, check.id)
    assert [(r.unit_id, r.checked, r.wrong, r.not_produced, r.outside) for r in units] == [
        ("fgw", 14, 2, 1, 1),
        ("gaj", 3, 0, 0, 0),
    ]
    assert units[0].rate == pytest.approx(2 / 14)
    assert whole.rate == pytest.approx((60 * 2 / 14 + 12 * 0) / 72)  # strata by their sizes, not by what was drawn
    assert units[0].defended is not None and units[0].defended[0] < 2 / 14 < units[0].defended[1]
    assert agreement in (None, 1.0)


def test_wrong_answers_are_all_told_and_none_is_kept(judged: Any) -> None:
    check = draw(judged.workspace, "2026-09", "submissions", by="张三", seed="s", size=4, share_again=0)
    one, two = (item.item for item in items(judged, check)[:2])
    answer(judged.workspace, check.id, [Answer(one, "属实")], by="王五")
    with pytest.raises(Refused) as refused:
        answer(
            judged.workspace,
            check.id,
            [Answer(two, "属实"), Answer(two, "也许"), Answer("x", "属实"), Answer(one, "有误")],
            by="赵六",
        )
    told = "\n".join(refused.value.faults)
    assert "没有核查结果“也许”" in told and "x 不在抽查" in told and "已由 王五 核查" in told
    assert [item.outcome for item in items(judged, check)][:2] == ["right", None]


def test_a_ledger_finds_what_no_list_shows(judged: Any) -> None:
    rows = [{"单位": "示例市fgw局", "决定书文号": f"示罚〔2026〕{n}号", "行政相对人名称": "甲"} for n in (1, 2, 2)]
    check = draw(judged.workspace, "2026-09", "ledger", by="张三", seed="s", ledger=rows)
    assert check.strata == {"fgw": [2, 2]}  # the same decision written twice is one line
    with pytest.raises(Refused, match="第 2 行：单位“外星局”不在单位名录中"):
        draw(judged.workspace, "2026-09", "ledger", by="张三", seed="s", ledger=[{"单位": "外星局", "决定书文号": "1"}])


@pytest.mark.parametrize(
    ("values", "words"),
    [({"frame": "submission"}, "是否想写 submissions"), ({"by": ""}, "抽查人"), ({"seed": " "}, "种子"), ({"size": 0}, "至少 1 条"),
     ({"frame": "ledger"}, "是空的")],
)  # fmt: skip
def test_a_draw_that_cannot_be_is_refused(judged: Any, values: dict[str, Any], words: str) -> None:
    given = {"frame": "submissions", "by": "张三", "seed": "s"} | values
    with pytest.raises(Refused, match=words):
        draw(judged.workspace, "2026-09", given.pop("frame"), **given)


def test_answers_carry_their_time(judged: Any) -> None:
    check = draw(judged.workspace, "2026-09", "submissions", by="张三", seed="s", size=2)
    answer(judged.workspace, check.id, [Answer(items(judged, check)[0].item, "right")], by="王五")
    assert isinstance(items(judged, check)[0].at, datetime.datetime)


def test_the_worksheet_goes_out_and_comes_back(judged: Any, tmp_path: Path) -> None:
    def run(*args: str) -> str:
        given = [*args, "-w", str(judged.workspace.root)]
        return CliRunner().invoke(cli.mingcha, given, catch_exceptions=False, standalone_mode=False).output

    file = tmp_path / "核查表.xlsx"
    said = run(
        "sample",
        "draw",
        "submissions",
        "--period",
        "2026-09",
        "--seed",
        "s",
        "--by",
        "张三",
        "--size",
        "8",
        "-o",
        str(file),
    )
    check = said.split("抽查 ")[1].split("：")[0]
    cells = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    heads = cells[1]
    assert heads[:3] == ["抽查编号", "序号", "单位"] and heads[-2:] == ["核查结果", "核查说明"] and len(cells) == 10
    for number, row in enumerate(cells[2:]):
        row[heads.index("核查结果")] = "有误" if number == 0 else "属实"
    with xlsxwriter.Workbook(str(file)) as book:  # as Excel saves it
        sheet = book.add_worksheet("核查表")
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, [str(cell) for cell in row])
    assert "读入 8 条，其中新填或改动 8 条" in run("sample", "import", str(file), "--check", check, "--by", "王五")
    told = run("sample", "rates", check)
    assert "合计（按层加权）：框 72，抽 8，核 8，有误 1" in told and "Wilson 2.2% 至 47.1%" in told


def test_a_ledger_is_read_by_its_heads(tmp_path: Path) -> None:
    file = tmp_path / "台账.csv"
    file.write_text("案件台账\n单位,决定书文号,行政相对人名称\n甲局,示罚〔2026〕1号,乙公司\n", encoding="gbk")
    assert read_ledger(file) == [
        {"单位": "甲局", "决定书文号": "示罚〔2026〕1号", "行政相对人名称": "乙公司", "决定日期": ""}
    ]
    file.write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(Refused, match="未找到表头"):
        read_ledger(file)
