"""The main job on the sample city, end to end: what `mingcha demo` does.

A workspace is made, the timeline is replayed day by day (the clock is set, the portals change, crawls run for real), the
platform's exports and the registers are imported when they would arrive, the month is assessed, scored, reported and mailed to
a local sink; then every finding is compared with the city's truth, and our own recall and precision are printed.

A demo that was killed goes on where it was when it is run again in the same folder: days already looked at are not looked at
again, and the look that was under way is resumed.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import shutil
import socket
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from assessment.run import assess
from crawler.launch import crawl
from crawler.registry import sync
from db.models import Coverage, Evidence, Finding, PeriodRun, Portal, Publication, Score, Submission, Unit
from db.session import session_of
from db.settings import Workspace
from intake.registers import import_register
from intake.submissions import import_submissions
from reports import export
from reports.build import build
from reports.mail import send
from reports.words import CODES, OUTCOMES
from sample_city.city import City, make
from sample_city.measure import measure
from sample_city.postbox import Postbox
from sample_city.server import Server
from standard.errors import Refused

PERIOD, AS_OF = "2026-09", datetime.date(2026, 10, 12)
BEFORE = "2026-08"  # assessed as well, so that the month's report can compare
_MARK, _PART = ".mingcha-demo.json", ".mingcha-demo.json.part"


class _Sink:
    """A mail server that keeps what it is given."""

    def __init__(self) -> None:
        self.mails: list[bytes] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.mails.append(envelope.content)
        return "250 OK"


class _Screen:
    """Tells what is going on: lines to stderr, the present step on a terminal only."""

    def __init__(self, quiet: bool) -> None:
        self.console = Console(stderr=True, highlight=False, markup=False)
        self.out = Console(highlight=False, markup=False, width=None if sys.stdout.isatty() else 110)
        self.quiet = quiet
        self.seconds: dict[str, float] = {}

    @contextlib.contextmanager
    def stage(self, key: str, title: str) -> Iterator[Any]:
        begin = time.monotonic()
        with self.console.status(title) as status:
            yield lambda text: status.update(f"{title}：{text}")
        self.seconds[key] = round(self.seconds.get(key, 0) + time.monotonic() - begin, 2)

    def say(self, text: str) -> None:
        self.console.print(text)


def run_demo(
    seed: int = 1,
    keep: Path | None = None,
    database: str | None = None,
    quiet: bool = False,
    quick: bool = False,
) -> dict[str, Any]:
    """Runs the whole demo; returns seconds per stage, counts, recall and precision per finding code.

    `keep` is the folder of the workspace; one that holds anything but an earlier demo is refused.
    """
    screen = _Screen(quiet)
    begin = time.monotonic()
    root, port = _folder(keep, seed)
    with screen.stage("city", "建造示例市"):
        city = make(seed)
    sink = _Sink()
    mail = Postbox(sink, data_size_limit=64 * 1024 * 1024)
    mail.start()
    old_now = os.environ.get("MINGCHA_NOW")
    try:
        with Server(city, port=port) as server:
            workspace = _prepare(root, city, seed, server.base_url, mail.port, database)
            screen.say(f"工作区 {root}　示例市 {len(city.units)} 个单位、{len(city.portals)} 个门户，种子 {seed}")
            exports = _replay(workspace, city, server, screen)
            _set_now(city.timeline[-1])
            _judge(workspace, screen)
            paths = _report(workspace, screen, ("html", "xlsx") if quick else ("html", "pdf", "xlsx"))
            with screen.stage("mail", "发送排名邮件到本地收件箱") as step:
                step("ranking")
                sent = send(workspace, "ranking", PERIOD)
    finally:
        mail.stop()
        _set_now(None) if old_now is None else os.environ.__setitem__("MINGCHA_NOW", old_now)
    result = _result(workspace, city, seed, screen, exports, len(sink.mails))
    result["seconds"]["total"] = round(time.monotonic() - begin, 2)
    _mark(root, seed, port=0, finished=True)
    _tell(workspace, result, city, paths, "；".join(sent.lines()), screen)
    return result


# ---------------------------------------------------------------- a workspace of its own


def _folder(keep: Path | None, seed: int) -> tuple[Path, int]:
    """The workspace's folder and the server's port; an unfinished demo of the same seed is continued at its own port."""
    if keep is None:
        return Path(tempfile.mkdtemp(prefix="mingcha-demo-")), 0
    root = keep.resolve()
    mark = root / _MARK
    if root.exists() and any(child.name != _PART for child in root.iterdir()):
        if not mark.is_file():
            raise Refused(f"{root}：目录里有别的东西，示例不会覆盖它；请换一个空目录")
        state = json.loads(mark.read_text(encoding="utf-8"))
        if state["seed"] == seed and not state["finished"] and _can_bind(state["port"]):
            return root, state["port"]
        # The mark last: killed in between, the folder is still known as a demo's.
        for child in sorted(root.iterdir(), key=lambda child: child == mark):
            shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()
    root.mkdir(parents=True, exist_ok=True)
    return root, 0


def _can_bind(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _mark(root: Path, seed: int, port: int, finished: bool) -> None:
    part = root / _PART
    part.write_text(json.dumps({"seed": seed, "port": port, "finished": finished}), encoding="utf-8")
    part.replace(root / _MARK)


def _prepare(root: Path, city: City, seed: int, base_url: str, mail_port: int, database: str | None) -> Workspace:
    _mark(root, seed, int(base_url.rsplit(":", 1)[1].strip("/")), finished=False)
    city.write_workspace(root, base_url)
    settings = root / "mingcha.yml"
    text = settings.read_text(encoding="utf-8")
    text += f"\nmail: {{host: 127.0.0.1, port: {mail_port}, tls: false, sender: xinyong@example.gov.cn}}\n"
    if database is not None:
        text += f"database: {json.dumps(database)}\n"
    settings.write_text(text, encoding="utf-8")
    workspace = Workspace.open(root)
    _set_now(city.timeline[0])
    sync(workspace)
    return workspace


def _set_now(moment: datetime.datetime | None) -> None:
    if moment is None:
        os.environ.pop("MINGCHA_NOW", None)
    else:
        os.environ["MINGCHA_NOW"] = moment.isoformat()


# ---------------------------------------------------------------- the stages


def _replay(workspace: Workspace, city: City, server: Server, screen: _Screen) -> int:
    """The timeline: on each day look at the portals, and import what arrived since the day before."""
    folder = workspace.root / "incoming"
    folder.mkdir(exist_ok=True)
    exports = sorted(city.platform_exports(folder), key=lambda e: (e.now, e.path.name))
    waiting = list(exports)
    for name, path in sorted(city.registers(folder).items()):
        with screen.stage("import", f"导入台账 {name}"):
            import_register(workspace, name, path)
    for number, day in enumerate(city.timeline, 1):
        while waiting and waiting[0].now <= day:
            _take(workspace, waiting.pop(0), screen)
        _set_now(day)
        server.set_now(day)
        done = _looked_at(workspace, day)
        with screen.stage("crawl", f"监测 {day:%m月%d日}（{number}/{len(city.timeline)}）") as step:
            if not done:
                crawl(workspace, everything=True, progress=step)
    for export_ in waiting:
        _take(workspace, export_, screen)
    return len(exports)


def _looked_at(workspace: Workspace, day: datetime.datetime) -> bool:
    """Whether every portal has its look of that day already (a demo that goes on after a kill)."""
    with session_of(workspace) as session:
        portals = session.scalar(select(func.count()).select_from(Portal).where(Portal.active))
        looks = session.scalar(select(func.count()).select_from(Coverage).where(Coverage.looked_at == day))
    return portals == looks


def _take(workspace: Workspace, export_: Any, screen: _Screen) -> None:
    _set_now(export_.now)
    with screen.stage("import", f"导入平台导出 {export_.path.name}") as step:
        import_submissions(workspace, [export_.path], received_at=export_.received_at, progress=step)


def _judge(workspace: Workspace, screen: _Screen) -> None:
    with screen.stage("assess", f"评估 {PERIOD}") as step:
        assess(workspace, BEFORE, as_of=AS_OF, progress=step)
        assess(workspace, PERIOD, as_of=AS_OF, progress=step)


def _report(workspace: Workspace, screen: _Screen, formats: tuple[str, ...]) -> list[Path]:
    paths: list[Path] = []
    with screen.stage("report", "生成报告") as step:
        for name in ("monthly", "ranking", "problems", "unit"):
            step(name)
            paths += build(workspace, name, PERIOD, formats=formats, progress=step)
    return paths


# ---------------------------------------------------------------- what came out


def _result(workspace: Workspace, city: City, seed: int, screen: _Screen, exports: int, mails: int) -> dict[str, Any]:
    with session_of(workspace) as session:
        found = list(export.findings(session, PERIOD))

        def count(model: Any) -> int:
            return int(session.scalar(select(func.count()).select_from(model)) or 0)

        counts = {
            "units": count(Unit), "portals": count(Portal), "decisions": len(city.decisions), "crawl_days": len(city.timeline),
            "looks": count(Coverage), "responses": count(Evidence), "published": count(Publication),
            "submitted": count(Submission), "platform_files": exports, "mails": mails, "findings": len(found),
            "findings_by_level": dict(sorted(Counter(f["level"] for f in found).items())),
            "looks_by_outcome": dict(sorted(session.execute(
                select(Coverage.outcome, func.count()).group_by(Coverage.outcome)).all())),
        }  # fmt: skip
    return {"seed": seed, "period": PERIOD, "as_of": AS_OF.isoformat(), "workspace": str(workspace.root),
            "seconds": screen.seconds, "counts": counts, **measure(found, city)}  # fmt: skip


def _tell(
    workspace: Workspace, result: dict[str, Any], city: City, paths: list[Path], sent: str, screen: _Screen
) -> None:
    out = screen.out if not screen.quiet else screen.console
    counts = result["counts"]
    out.print(f"\n示例市：{counts['units']} 个单位，{counts['portals']} 个门户，{counts['decisions']} 件决定；"
              f"{counts['crawl_days']} 个监测日，查看 {counts['looks']} 次，存证 {counts['responses']} 份")  # fmt: skip
    out.print("查看结果：" + "　".join(f"{OUTCOMES.get(k, k)} {n}" for k, n in counts["looks_by_outcome"].items()))
    with session_of(workspace) as session:
        out.print(_never_seen(session))
        out.print(_ranking(session))
        out.print(_by_code(session, result))
    look = result["lookalikes"]
    out.print(f"合法的相似情形 {look['seeded']} 件，误报 {len(look['reported'])} 件")
    for line in look["reported"]:
        out.print(f"  误报：{line}")
    out.print(f"邮件：{sent}；本地收件箱收到 {counts['mails']} 封")
    seconds = result["seconds"]
    out.print("用时（秒）：" + "　".join(f"{k} {v:.1f}" for k, v in seconds.items()))
    out.print(f"报告 {len(paths)} 份：{workspace.reports / PERIOD}")


def _never_seen(session: Any) -> Table:
    seen = set(session.scalars(select(Coverage.portal_id).where(Coverage.outcome.in_(("complete", "column_empty")))))
    table = Table(title="从未看全的门户（不作任何“未公示”认定）", title_justify="left")
    for name in ("门户", "单位", "最后一次结果", "原因"):
        table.add_column(name, overflow="fold")
    for portal, unit in session.execute(
        select(Portal, Unit.name)
        .join(Unit, Unit.id == Portal.unit_id)
        .where(Portal.id.not_in(seen))
        .order_by(Portal.id)
    ):
        last = session.scalars(
            select(Coverage).where(Coverage.portal_id == portal.id).order_by(Coverage.looked_at.desc()).limit(1)
        ).one()
        table.add_row(portal.id, unit, OUTCOMES.get(last.outcome, last.outcome), last.reason)
    return table


def _ranking(session: Any) -> Table:
    table = Table(title=f"{PERIOD} 排名（截至 {AS_OF}）", title_justify="left")
    for name, side in (
        ("名次", "right"),
        ("单位", "left"),
        ("得分", "right"),
        ("等次", "left"),
        ("问题（已查实）", "right"),
    ):
        table.add_column(name, justify=side)  # type: ignore[arg-type]
    confirmed = dict(session.execute(
        select(Finding.unit_id, func.count()).where(Finding.period == PERIOD, Finding.state == "confirmed")
        .group_by(Finding.unit_id)).all())  # fmt: skip
    rows = session.execute(
        select(Score.unit_id, Unit.name, Score.rank, Score.total, Score.grade)
        .join(Unit, Unit.id == Score.unit_id).where(Score.period == PERIOD, Score.ranked)
        .distinct().order_by(Score.rank, Unit.name)).all()  # fmt: skip
    units = session.get_one(PeriodRun, PERIOD).summary["units"]
    leads = {unit_id: unit.get("veto_leads") for unit_id, unit in units.items()}
    shown = rows if len(rows) <= 12 else [*rows[:6], None, *rows[-6:]]
    for row in shown:
        if row is None:
            table.add_row("…", "…", "…", "…", "…")
        else:
            unit_id, name, rank, total, grade = row
            mark = " *" if leads.get(unit_id) else ""
            table.add_row(str(rank), name + mark, f"{total:.2f}", grade or "", str(confirmed.get(unit_id, 0)))
    table.caption = "* 有单项否决线索，名次暂列，待人工认定"
    table.caption_justify = "left"
    return table


def _by_code(session: Any, result: dict[str, Any]) -> Table:
    table = Table(title="各类问题，与答案对照", title_justify="left")
    for name in ("问题", "代码", "设置", "查出", "查全率", "查准率"):
        table.add_column(name, justify="left" if name in ("问题", "代码") else "right")
    for code, line in result["codes"].items():
        table.add_row(
            CODES.get(code, code),
            code,
            str(line["seeded"]),
            str(line["found"]),
            _rate(line["recall"]),
            _rate(line["precision"]),
        )
    return table


def _rate(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"
