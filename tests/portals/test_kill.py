"""kill -9 at any instant, then `crawl` again: the same publications, evidence and coverage as an undisturbed run."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from warcio.archiveiterator import ArchiveIterator

from crawler.launch import crawl
from db.evidence import EvidenceStore
from db.models import Coverage, Crawl, Evidence, ListEntry, Publication
from db.session import session_of
from db.settings import Workspace

ROOT = Path(__file__).resolve().parents[2]
COMMAND = (
    "import sys; from crawler.launch import crawl; from db.settings import Workspace;"
    "crawl(Workspace.open(sys.argv[1]), everything=True)"
)
PLACES = {"warc_offset", "warc_length"}  # where in the file depends on which answer came first
TIMES = {"finished_at", "resumed"}
KILLS = 6


def rows(workspace: Workspace, table: Any, without: set[str] | frozenset[str] = frozenset()) -> list[dict[str, Any]]:
    names = [column.name for column in table.__table__.columns if column.name not in without]
    with session_of(workspace) as session:
        found = session.scalars(select(table).order_by(*table.__table__.primary_key.columns)).all()
    return [{name: getattr(row, name) for name in names} for row in found]


def state(workspace: Workspace) -> dict[str, Any]:
    return {
        "publications": rows(workspace, Publication), "evidence": rows(workspace, Evidence, PLACES),
        "coverage": rows(workspace, Coverage), "entries": rows(workspace, ListEntry), "crawls": rows(workspace, Crawl, TIMES),
    }  # fmt: skip


def portals(base: str) -> list[dict[str, Any]]:
    return [
        {"id": "a", "url": f"{base}/a/index.html", "family": "auto"},
        {"id": "b", "url": f"{base}/b/index.html", "family": "trs_static"},
        {"id": "w", "url": f"{base}/w", "family": "wide_table"},
    ]


def pids_in_group(group: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(fields[2]) == group and fields[0] != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="process groups as Linux has them")
def test_killed_at_any_instant_nothing_is_lost_or_doubled(site: Any, watch: Any) -> None:
    site.trs_list("/a", list(range(1, 23)))
    site.trs_list("/b", list(range(1, 8)))
    header = "<tr><th>行政处罚决定书文号</th><th>行政相对人名称</th><th>处罚内容</th><th>处罚决定日期</th></tr>"
    body = "".join(
        f"<tr><td>示罚〔2026〕{n}号</td><td>示例第{n}厂</td><td>警告</td><td>2026-09-01</td></tr>" for n in (1, 2, 3)
    )
    site.put("/w", f"<table>{header}{body}</table>")
    calm = watch(*portals(site.base), name="calm")
    crawl(calm, everything=True)
    wanted = state(calm)
    assert len(wanted["publications"]) == 32 and {c["outcome"] for c in wanted["coverage"]} == {"complete"}

    site.delay = 0.02
    chance = random.Random(20)
    workspace = watch(*portals(site.base), name="hurt")
    command = [sys.executable, "-c", COMMAND, str(workspace.root)]
    asked: list[int] = []
    for number in range(
        KILLS
    ):  # one crawl, killed again and again; `benchmarks/kill_crawl.py` does it 20 times on the city
        site.seen.clear()
        process = subprocess.Popen(command, cwd=ROOT, start_new_session=True, env=dict(os.environ))
        after = chance.randint(0, 12)
        while len(site.seen) < after and process.poll() is None:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.02))
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        asked.append(len(site.seen))
        with session_of(workspace) as session:
            running = list(session.scalars(select(Crawl.id).where(Crawl.state == "running")))
        for torn in [path for name in running for path in workspace.evidence.rglob(f"{name}.warc.gz")]:
            if number % 2:
                with torn.open("ab") as file:
                    file.write(b"\x1f\x8b\x08\x00torn")
    site.seen.clear()
    results = crawl(workspace, everything=True)
    assert {r.outcome for r in results} == {"complete"}
    assert state(workspace) == wanted
    assert len(site.seen) + sum(asked) < 40 + KILLS * 20  # what was kept was not fetched again
    with session_of(workspace) as session:
        assert EvidenceStore(workspace).verify(session) == []
    for path in workspace.evidence.rglob("*.warc.gz"):
        with path.open("rb") as file:
            assert len([r.content_stream().read() for r in ArchiveIterator(file, check_digests="raise")]) > 1


AT = """
import os, signal, sys
import crawler.__main__ as child
import crawler.launch as launch
from db.evidence import EvidenceStore, EvidenceWriter
from db.settings import Workspace
place, name, after = sys.argv[2].split()
owner = {"child": child, "launch": launch, "store": EvidenceStore, "writer": EvidenceWriter}[place]
step = getattr(owner, name)
def killed(*told, **more):
    found = step(*told, **more) if after == "after" else None
    os.killpg(0, signal.SIGKILL)
setattr(owner, name, killed)
launch.crawl(Workspace.open(sys.argv[1]), everything=True)
"""


@pytest.mark.parametrize(
    "moment",
    ["launch _choose before", "store open before", "store open after", "writer put before", "writer put after", "child settle before",
     "child settle after", "store index after", "child announce before", "child announce after", "writer close before"],
)  # fmt: skip
def test_killed_between_two_steps(site: Any, watch: Any, moment: str) -> None:
    site.trs_list("/a", [1, 2])
    entry = {"id": "a", "url": f"{site.base}/a/index.html", "family": "trs_static"}
    calm, hurt = watch(entry, name="calm"), watch(entry, name="hurt")
    crawl(calm, everything=True)
    command = [sys.executable, "-c", AT, str(hurt.root), moment]
    assert subprocess.run(command, cwd=ROOT, start_new_session=True, check=False).returncode == -signal.SIGKILL
    assert [result.outcome for result in crawl(hurt, everything=True)] == ["complete"]
    assert state(hurt) == state(calm)
    with session_of(hurt) as session:
        assert EvidenceStore(hurt).verify(session) == []


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the child asks the kernel to die with its parent")
def test_a_killed_parent_takes_its_children_with_it(site: Any, watch: Any) -> None:
    site.trs_list("/a", list(range(1, 40)))
    site.delay = 0.1
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html"}, crawl={"per_host": 1})
    process = subprocess.Popen(
        [sys.executable, "-c", COMMAND, str(workspace.root)], cwd=ROOT, start_new_session=True, env=dict(os.environ)
    )
    while len(site.seen) < 3:
        time.sleep(0.01)
    assert len(pids_in_group(process.pid)) == 2  # the command and its child
    process.kill()  # only the parent
    process.wait()
    deadline = time.monotonic() + 60
    while pids_in_group(process.pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert pids_in_group(process.pid) == []


def test_what_was_interrupted_long_ago_is_another_look(site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    site.trs_list("/a", [1])
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html"})
    crawl(workspace, everything=True)
    with session_of(workspace) as session:
        session.scalars(select(Crawl)).one().state = "running"
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-10T09:00:00+08:00")
    assert [r.outcome for r in crawl(workspace, resume=True)] == ["complete"]
    with session_of(workspace) as session:
        assert [(c.state, c.resumed) for c in session.scalars(select(Crawl).order_by(Crawl.started_at))] == [
            ("abandoned", 0), ("finished", 0),
        ]  # fmt: skip
        assert [c.outcome for c in session.scalars(select(Coverage).order_by(Coverage.looked_at))] == [
            "error",
            "complete",
        ]


def test_a_look_that_goes_on_after_hours_sees_that_the_list_was_changed(
    site: Any, watch: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first page comes from evidence; what was taken from the list meanwhile moved the other pages up."""
    site.trs_list("/a", list(range(1, 13)))
    workspace = watch({"id": "a", "url": f"{site.base}/a/index.html"})
    crawl(workspace, everything=True)
    with session_of(workspace) as session:
        session.scalars(select(Crawl)).one().state = "running"
    site.trs_list("/a", [*range(1, 10), 11, 12])
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-07T11:00:00+08:00")
    site.seen.clear()
    (result,) = crawl(workspace, resume=True)
    assert result.outcome == "partial" and "撤下" in result.reason
    assert [path for path in site.seen if path != "/robots.txt"] == ["/a/index.html"]
