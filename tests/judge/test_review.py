"""People's decisions: checked, kept, found again by every later run; a sealed period is revised, never overwritten."""

import datetime
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select

import cli
from assessment import run
from assessment.freeze import check_manifest, manifest_hash
from assessment.review import Ask, attach, decide, decide_pair, history, rejudge
from assessment.revision import revise
from assessment.run import assess, seal, verify
from db import clock
from db.models import Finding, Pair, PairDecision, PeriodRun, Review, Score
from db.session import session_of
from intake.worksheets import REVIEWS, read_form
from reports.review_sheet import COLUMNS, write_review_sheet
from standard.errors import Refused
from standard.states import STATES, STEPS, step_of

AS_OF = datetime.date(2026, 10, 12)


def fill(city: Any) -> None:
    """Twelve decisions: two published late, one never reported; one seen around its due day (a question)."""
    for n in range(1, 13):
        late = n <= 2
        city.publish(
            number=n, seen="2026-09-17" if late else "2026-09-03", absent="2026-09-14" if late else "2026-08-31"
        )
        if n != 5:
            city.submit(number=n)
    city.publish(number=30, absent="2026-09-08", seen="2026-09-14")  # due on the 10th: before or after, nobody knows
    city.submit(number=30)


@pytest.fixture(scope="module")
def once(whole_city: Any) -> Any:
    """The month of `fill`, judged once; every test works on a copy of its workspace."""
    whole_city.unit()
    whole_city.portal()
    whole_city.portal(
        "fgw_empty", dict.fromkeys(("2026-08-31", "2026-09-30", "2026-10-12"), "column_empty"), kind="licence"
    )
    whole_city.entry("catalogue", kind="penalty", item_name="违法经营案")
    fill(whole_city)
    whole_city.judge()
    return whole_city


@pytest.fixture
def judged(once: Any, tmp_path: Path) -> Any:
    return once.copied(tmp_path / "city")


def found(city: Any, code: str) -> list[Finding]:
    with session_of(city.workspace) as session:
        return list(session.scalars(select(Finding).where(Finding.code == code).order_by(Finding.finding_id)))


def total(city: Any) -> float | None:
    with session_of(city.workspace) as session:
        return session.scalar(select(Score.total).limit(1))


def reviews(city: Any) -> int:
    with session_of(city.workspace) as session:
        return session.scalar(select(func.count()).select_from(Review)) or 0


# ---------------------------------------------------------------- the table of states


def test_every_state_can_be_reached_and_left() -> None:
    assert {step.target for step in STEPS.values()} >= STATES.keys() - {"suspected"}
    for state in STATES:
        assert any(state in step.sources for step in STEPS.values()), state


@given(st.text())
def test_a_step_is_known_by_key_or_word_only(text: str) -> None:
    step = step_of(text)
    assert step is None or text.strip() in (step.label, step.key) or text.strip().lower() == step.key


# ---------------------------------------------------------------- deciding


def test_a_finding_declared_normal_costs_nothing_any_more_and_the_score_says_so(judged: Any) -> None:
    one = found(judged, "not_submitted")[0]
    before = total(judged)
    done = decide(judged.workspace, "2026-09", [Ask(one.finding_id, "正常", "纸质渠道已报")], by="张三")
    assert (done.written, done.same, done.states) == (1, 0, {"normal": 1})
    assert [(c.unit, c.before, c.after) for c in done.changes] == [("fgw", before, total(judged))]
    assert total(judged) > before
    [again] = found(judged, "not_submitted")
    assert again.state == "normal"
    assert again.proof["review"]["actor"] == "张三" and again.proof["review"]["reason"] == "纸质渠道已报"
    assert verify(judged.workspace, "2026-09") == []


def test_a_decision_survives_assessing_again(judged: Any) -> None:
    one = found(judged, "not_submitted")[0]
    decide(judged.workspace, "2026-09", [Ask(one.finding_id, "exempt", "涉密", "保密审查〔2026〕3号")], by="张三")
    after = total(judged)
    judged.assess()
    assert [f.state for f in found(judged, "not_submitted")] == ["exempt"]
    assert total(judged) == after


def test_what_was_settled_for_the_month_holds_for_the_year(judged: Any) -> None:
    one = found(judged, "not_submitted")[0]
    decide(judged.workspace, "2026-09", [Ask(one.finding_id, "正常", "已核实")], by="张三")
    assess(judged.workspace, "2026", as_of=AS_OF)
    with session_of(judged.workspace) as session:
        year = session.scalars(select(Finding).where(Finding.period == "2026", Finding.code == "not_submitted")).one()
        assert year.finding_id != one.finding_id and year.state == "normal"
        assert [row.reason for row in history(session, year.finding_id)] == ["已核实"]


def test_a_column_excused_in_one_month_is_not_excused_in_the_next(judged: Any) -> None:
    [empty] = found(judged, "column_empty")
    decide(judged.workspace, "2026-09", [Ask(empty.finding_id, "normal", "本月确无许可")], by="张三")
    assess(judged.workspace, "2026-Q3", as_of=AS_OF)
    with session_of(judged.workspace) as session:
        asked = select(Finding).where(Finding.code == "column_empty")
        states = {row.period: row.state for row in session.scalars(asked)}
    assert states == {"2026-09": "normal", "2026-Q3": "suspected"}


def test_a_question_that_a_person_confirms_becomes_a_fail(judged: Any) -> None:
    def asked() -> Finding:
        return next(f for f in found(judged, "published_late") if (f.document_number or "").endswith("30号"))

    one = asked()
    assert (one.level, one.state) == ("question", "suspected")
    decide(judged.workspace, "2026-09", [Ask(one.finding_id, "查实")], by="张三")
    again = asked()
    assert (again.level, again.state, again.proof["review"]["level"]) == ("fail", "confirmed", "question")
    decide(judged.workspace, "2026-09", [Ask(one.finding_id, "撤回", "证据不足")], by="李四")
    assert (asked().level, asked().state) == ("question", "suspected")


def test_the_whole_way_from_confirmed_to_closed_and_back(judged: Any) -> None:
    one = found(judged, "not_submitted")[0]  # confirmed by the settings of this workspace
    way = {
        "通知": "notified",
        "申诉": "appealing",
        "维持": "confirmed",
        "报复核": "rechecking",
        "销号": "closed",
        "撤回": "rechecking",
    }
    for word, state in way.items():
        decide(judged.workspace, "2026-09", [Ask(one.finding_id, word, "理由")], by="张三")
        assert found(judged, "not_submitted")[0].state == state, word
    with session_of(judged.workspace) as session:
        assert [row.step for row in history(session, one.finding_id)] == [step_of(word).key for word in way]  # type: ignore[union-attr]


def test_the_same_decisions_again_change_nothing(judged: Any) -> None:
    asks = [Ask(f.finding_id, "正常", "已核实") for f in found(judged, "published_late") if f.level == "fail"]
    assert len(asks) == 2
    assert decide(judged.workspace, "2026-09", asks, by="张三").written == 2
    again = decide(judged.workspace, "2026-09", asks, by="张三")
    assert (again.written, again.same, again.changes) == (0, 2, [])
    assert reviews(judged) == 2


def test_killed_between_the_decision_and_the_judgement_the_next_call_catches_up(
    judged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ask = Ask(found(judged, "not_submitted")[0].finding_id, "正常", "已核实")

    def killed(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("assessment.review.rejudge", killed)
    with pytest.raises(KeyboardInterrupt):
        decide(judged.workspace, "2026-09", [ask], by="张三")
    assert found(judged, "not_submitted")[0].state == "confirmed"
    monkeypatch.setattr("assessment.review.rejudge", rejudge)
    done = decide(judged.workspace, "2026-09", [ask], by="张三")
    assert (done.written, done.same) == (0, 1) and found(judged, "not_submitted")[0].state == "normal"


def test_everything_wrong_is_told_at_once_and_nothing_is_written(judged: Any) -> None:
    missing = found(judged, "not_submitted")[0]
    late, other = (f for f in found(judged, "published_late") if f.level == "fail")
    asks = [
        Ask("nonsense", "查实", where="表 第 3 行"),
        Ask(missing.finding_id, "豁兔", "x"),
        Ask(late.finding_id, "豁免", "", None),
        Ask(late.finding_id, "正常", "x"),
        Ask(other.finding_id, "销号"),
    ]
    with pytest.raises(Refused) as refused:
        decide(judged.workspace, "2026-09", asks, by="张三")
    told = "\n".join(refused.value.faults)
    for words in ("表 第 3 行：2026-09 没有问题“nonsense”", "没有处理“豁兔”，是否想写 豁免", "须写明理由", "须写明依据",
                  "已写过一次", "现为“已查实”，不能“销号”"):  # fmt: skip
        assert words in told, words
    assert reviews(judged) == 0


def test_who_decides_must_be_said(judged: Any) -> None:
    with pytest.raises(Refused, match="处理人"):
        decide(judged.workspace, "2026-09", [Ask("x", "查实")], by="  ")


def test_evidence_is_kept_under_its_hash(judged: Any, tmp_path: Path) -> None:
    file = tmp_path / "回函.pdf"
    file.write_bytes(b"%PDF-1.7 letter")
    words = attach(judged.workspace, str(file))
    assert words is not None and words.startswith("回函.pdf（SHA-256 ")
    digest = words.split("SHA-256 ")[1].rstrip("）")
    assert (judged.workspace.var / "review" / f"{digest}.pdf").read_bytes() == b"%PDF-1.7 letter"
    assert attach(judged.workspace, "晋保审〔2026〕3号") == "晋保审〔2026〕3号"


# ---------------------------------------------------------------- the sheet


def test_the_sheet_goes_out_and_comes_back(judged: Any, tmp_path: Path) -> None:
    file = tmp_path / "处理单.xlsx"
    with session_of(judged.workspace) as session:
        count = write_review_sheet(session, "2026-09", file)
    cells = CalamineWorkbook.from_path(file).get_sheet_by_index(0).to_python()
    heads = cells[1]
    assert heads == [column.title for column in COLUMNS] and count == len(cells) - 2
    place = {title: heads.index(title) for title in heads}
    marked = 0
    for row in cells[2:]:
        if row[place["问题"]] == "迟公示" and row[place["级别"]] == "问题":
            row[place["处理"]], row[place["理由"]] = "正常", "网站改版期间"
            marked += 1
    with xlsxwriter.Workbook(str(file)) as book:  # as Excel saves it
        sheet = book.add_worksheet("问题处理单")
        for number, row in enumerate(cells):
            sheet.write_row(number, 0, [str(cell) for cell in row])
    rows, _ = read_form(file, REVIEWS)
    assert len(rows) == marked == 2 and rows[0].where.startswith("处理单.xlsx 问题处理单 第 ")
    run = CliRunner().invoke(
        cli.mingcha, ["review", "import", str(file), "-w", str(judged.workspace.root), "--period", "2026-09", "--by", "张三"],
        catch_exceptions=False, standalone_mode=False,
    )  # fmt: skip
    assert "认定 2 条（正常 2）" in run.output and "→" in run.output
    assert [f.state for f in found(judged, "published_late") if f.level == "fail"] == ["normal", "normal"]
    with session_of(judged.workspace) as session:
        assert {row.batch is not None for row in session.scalars(select(Review))} == {True}


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["甲,乙", "1,2"], "未找到表头"),
        (["问题编号,处理,理由", ",查实,x"], "没有问题编号"),
        (["问题编号,处理,理由", "abc,,忘了选"], "“处理”是空的"),
    ],
)
def test_a_sheet_that_says_nothing_clear_is_refused(tmp_path: Path, lines: list[str], words: str) -> None:
    file = tmp_path / "处理单.csv"
    file.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(Refused, match=words):
        read_form(file, REVIEWS)


# ---------------------------------------------------------------- sealed periods


def test_a_sealed_period_is_revised_with_its_difference_and_the_old_one_kept(judged: Any) -> None:
    seal(judged.workspace, "2026-09")
    one = found(judged, "not_submitted")[0]
    folder = judged.workspace.periods / "2026-09"
    old = {name: (folder / "results" / name).read_bytes() for name in ("findings.jsonl", "scores.jsonl")}
    with pytest.raises(Refused, match="--revise"):
        decide(judged.workspace, "2026-09", [Ask(one.finding_id, "正常", "申诉成立")], by="张三")
    assert reviews(judged) == 0
    before = total(judged)
    decide(judged.workspace, "2026-09", [Ask(one.finding_id, "正常", "申诉成立")], by="张三", revising=True)
    assert total(judged) != before and found(judged, "not_submitted")[0].state == "normal"
    told = json.loads((folder / "revisions" / "1.json").read_text(encoding="utf-8"))
    assert (told["revision"], told["by"], told["reason"]) == (1, "张三", "申诉成立")
    assert [(row["unit"], row["before"], row["after"]) for row in told["difference"]["scores"]] == [
        ("fgw", before, total(judged))
    ]
    assert [row["fields"]["state"] for row in told["difference"]["changed"]] == [["confirmed", "normal"]]
    for name, content in old.items():
        assert (folder / "revisions" / "0" / "results" / name).read_bytes() == content
    assert verify(judged.workspace, "2026-09") == []
    with pytest.raises(Refused, match="封存"):
        assess(judged.workspace, "2026-09", as_of=AS_OF)
    (folder / "revisions" / "0" / "results" / "scores.jsonl").write_bytes(b"{}\n")
    assert any("revisions/0/results" in fault for fault in verify(judged.workspace, "2026-09"))


class Killed(BaseException):
    """As by SIGKILL: nobody catches it, and nothing is committed."""


class Steps:
    """Counts what is done to files, and ends everything just before one of these steps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.until = self.done = 0
        for owner, name in ((shutil, "copytree"), (shutil, "rmtree"), (os, "link"), (Path, "rename"), (Path, "rmdir")):
            monkeypatch.setattr(owner, name, self.counted(getattr(owner, name)))

    def counted(self, step: Any) -> Any:
        def do(*told: Any, **more: Any) -> Any:
            if not Path(told[0]).name.startswith("."):  # what lies in our own way is cleared away by whoever comes next
                self.done += 1
                if self.done == self.until:
                    raise Killed
            return step(*told, **more)

        return do

    def killed(self, until: int, what: Callable[[], object]) -> bool:
        """Whether it was ended before its so-manieth step."""
        self.until, self.done = until, 0
        try:
            what()
        except Killed:
            return True
        finally:
            self.until = 0
        return False


def judged_once(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """The same inputs are judged only once, to save time."""
    judge, made = run.judge, dict[str, run.Judgement]()

    def once(inputs: Path, *_: object) -> run.Judgement:
        key = manifest_hash(inputs)
        made[key] = made.get(key) or judge(inputs)
        return made[key]

    monkeypatch.setattr(name, once)


def test_an_assessment_killed_at_any_step_leaves_nothing_that_counts(
    judged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = judged.workspace.periods / "2026-09"
    assess(judged.workspace, "2026-09", as_of=AS_OF)
    old = manifest_hash(folder / "inputs"), run.results_hash(folder / "results")
    steps, number = Steps(monkeypatch), 1
    judged_once(monkeypatch, "assessment.run.judge")
    later = AS_OF + datetime.timedelta(days=60)
    while steps.killed(number, lambda: assess(judged.workspace, "2026-09", as_of=later)):
        assess(judged.workspace, "2026-09", as_of=AS_OF)
        assert (manifest_hash(folder / "inputs"), run.results_hash(folder / "results")) == old, number
        number += 1
    assert number > 5 and (manifest_hash(folder / "inputs"), run.results_hash(folder / "results")) != old
    assert verify(judged.workspace, "2026-09") == []


def test_a_revision_killed_at_any_step_is_made_or_is_not(judged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(judged.workspace, "2026-09")
    folder = judged.workspace.periods / "2026-09"
    one = found(judged, "not_submitted")[0]
    steps = Steps(monkeypatch)

    def decided() -> object:
        return decide(judged.workspace, "2026-09", [ask], by="张三", revising=True)

    def put_right() -> PeriodRun:
        with session_of(judged.workspace) as session:
            run.put_right(folder, row := run.run_of(session, "2026-09"))
        return row

    judged_once(monkeypatch, "assessment.revision.judge")
    ask = Ask(one.finding_id, "正常", "申诉成立")
    number = 1
    while steps.killed(number, decided):
        again = 1
        while steps.killed(again, put_right):  # killed in turn while it puts right what was left
            again += 1
        row = put_right()
        assert row.inputs_sha256 == manifest_hash(folder / "inputs") and check_manifest(folder / "inputs") == []
        assert row.results_sha256 == run.results_hash(folder / "results")
        assert (folder / "revisions" / "1.json").is_file() == (row.revision == 1)
        if row.revision == 1:
            break
        number += 1
    assert number > 8 and row.revision == 1 and not (folder / "revisions" / "1").exists()
    told = json.loads((folder / "revisions" / "1.json").read_text(encoding="utf-8"))
    assert (told["by"], told["reason"]) == ("张三", "申诉成立") and verify(judged.workspace, "2026-09") == []


def test_a_revision_takes_in_what_became_known_later(judged: Any) -> None:
    seal(judged.workspace, "2026-09")
    with pytest.raises(Refused, match="完全相同"):
        revise(judged.workspace, "2026-09", by="张三", reason="看看")
    with session_of(judged.workspace) as session:
        from db.models import Submission

        values = {
            c.name: getattr(session.scalars(select(Submission).limit(1)).one(), c.name)
            for c in Submission.__table__.columns
        }
        missing = found(judged, "not_submitted")[0]
        values |= {"record_id": "s-later", "document_number": missing.document_number}
        number = missing.document_number or ""
        from standard.values import document_number_key, document_number_weak

        values |= {
            "document_number_key": document_number_key(number),
            "document_number_weak": document_number_weak(number),
        }
        session.add(Submission(**values))
    run, made = revise(judged.workspace, "2026-09", by="张三", reason="平台补传")
    assert run.revision == 1 and [row["code"] for row in made.gone] == ["not_submitted"]
    assert made.pairs.get("not_submitted -> agreed") == 1
    assert verify(judged.workspace, "2026-09") == []


@pytest.mark.parametrize(
    ("by", "reason", "words"), [("", "x", "经办人"), ("张三", " ", "理由"), ("张三", "x", "尚未封存")]
)
def test_a_revision_needs_a_name_a_reason_and_a_seal(judged: Any, by: str, reason: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        revise(judged.workspace, "2026-09", by=by, reason=reason)


# ---------------------------------------------------------------- pairs


def test_a_word_on_a_pair_is_kept_and_said_again_only_when_it_changes(judged: Any) -> None:
    from db.models import Publication, Submission

    with session_of(judged.workspace) as session:
        one, two = (session.scalars(select(model.record_id).limit(1)).one() for model in (Publication, Submission))
    with pytest.raises(Refused, match="没有公示记录 x"):
        decide_pair(judged.workspace, "x", two, False, by="张三", reason="两起")
    for same in (False, False, True):
        decide_pair(judged.workspace, one, two, same, by="张三", reason="两起")
    with session_of(judged.workspace) as session:
        assert [row.same for row in session.scalars(select(PairDecision).order_by(PairDecision.id))] == [False, True]
        assert all(row.at <= clock.now() for row in session.scalars(select(PairDecision)))


def test_a_word_on_a_pair_of_a_sealed_period_says_what_to_do_and_does_it(judged: Any) -> None:
    """Told apart after the sealing: the command names the periods; revised, the two stand alone and the difference says so."""
    root = str(judged.workspace.root)
    with session_of(judged.workspace) as session:
        pair = session.scalars(
            select(Pair).where(Pair.published.is_not(None), Pair.submitted.is_not(None), Pair.rule != "human").limit(1)
        ).one()
        one, two = pair.published, pair.submitted
    assert one is not None and two is not None
    run = CliRunner().invoke
    asked = ["review", "pair", "-w", root, one, two, "--different", "--by", "张三", "--reason", "两起案件"]
    told = run(cli.mingcha, asked)
    assert told.exit_code == 0 and "2026-09：运行 mingcha assess --period 2026-09 后生效" in told.output
    seal(judged.workspace, "2026-09")
    told = run(cli.mingcha, asked)
    assert "2026-09 已封存：请运行 mingcha revise --period 2026-09" in told.output
    told = run(cli.mingcha, ["revise", "-w", root, "--period", "2026-09", "--by", "张三", "--reason", "两起案件"])
    assert told.exit_code == 0, told.output
    with session_of(judged.workspace) as session:
        lines = session.scalars(select(Pair).where((Pair.published == one) | (Pair.submitted == two))).all()
        assert len(lines) == 2 and all(line.published is None or line.submitted is None for line in lines)
    folder = judged.workspace.periods / "2026-09" / "revisions"
    classes = json.loads((folder / "1.json").read_text(encoding="utf-8"))["difference"]["pairs"]
    assert sum(classes.values()) == 2 and all(change.startswith(f"{pair.verdict} -> ") for change in classes)
    assert verify(judged.workspace, "2026-09") == []
