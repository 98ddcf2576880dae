"""The chain of days: what is changed, added or taken away afterwards is told, and the first broken day is named first."""

from __future__ import annotations

import datetime
import json
from pathlib import Path

import pytest

from db.chain import Chain, seal_days
from db.clock import SHANGHAI
from db.evidence import EvidenceStore
from db.models import Crawl, Evidence, Finding, Portal, Publication, Unit
from db.retention import tidied
from db.session import session_of
from db.settings import Workspace
from standard.errors import Refused


def day(number: int) -> datetime.datetime:
    return datetime.datetime(2026, 9, number, 9, tzinfo=SHANGHAI)


def look(workspace: Workspace, number: int, size: int = 10) -> str:
    """One finished look of that day; the id of its only page."""
    store = EvidenceStore(workspace)
    writer = store.open(f"p-{number}", "p", day(number))
    body = f"<p>{number}</p>".encode() + bytes(number * 7 % 251 for _ in range(size))
    identity = writer.put(
        method="GET", url=f"http://a/{number}", status=200, headers=[], body=body, fetched_at=day(number)
    )
    with session_of(workspace) as session:
        if session.get(Unit, "u") is None:
            session.add(Unit(id="u", name="示例局", level="municipal", aliases=[], contacts={}))
            session.flush()
            session.add(
                Portal(id="p", unit_id="u", kind="penalty", channel="department", title="处罚", url="http://a/",
                       family="auto", render="http", every_hours=24, entry={"id": "p", "unit": "u", "kind": "penalty", "title": "处罚", "url": "http://a/"})
            )  # fmt: skip
            session.flush()
        session.add(Crawl(id=f"p-{number}", portal_id="p", started_at=day(number), state="finished", resumed=0))
        session.flush()
        store.index(session, writer)
    writer.close()
    return identity


@pytest.fixture
def days(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> dict[int, str]:
    """Four days of looks, three of them over and sealed."""
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-04T12:00:00+08:00")
    made = {number: look(workspace, number) for number in (1, 2, 3, 4)}
    assert [d.day for d in seal_days(workspace)] == [1, 2, 3]
    assert seal_days(workspace) == []
    return made


def file(workspace: Workspace, number: int, name: str = "") -> Path:
    return workspace.evidence / f"2026/09/{number:02}" / (name or f"p-{number}.warc.gz")


def faults(workspace: Workspace) -> list[str]:
    with session_of(workspace) as session:
        return EvidenceStore(workspace).verify(session)


def test_a_chain_that_nobody_touched_holds(workspace: Workspace, days: dict[int, str]) -> None:
    assert faults(workspace) == []
    head = Chain(workspace.evidence).head()
    assert head is not None and head[0].day == 3
    assert json.loads(file(workspace, 2, "manifest.json").read_text())["previous"]["day"] == "2026-09-01"


def test_the_first_broken_day_is_named_first(workspace: Workspace, days: dict[int, str]) -> None:
    manifest = file(workspace, 2, "manifest.json")
    forged = json.loads(manifest.read_text())
    forged["files"][0]["sha256"] = "0" * 64
    manifest.write_text(json.dumps(forged))
    found = faults(workspace)
    assert "2026-09-02" in found[0] and "与清单不符" in found[0]
    assert any("2026-09-03" in fault and "所接的 2026-09-02" in fault for fault in found)
    assert not any("2026-09-01" in fault for fault in found)


def test_a_manifest_taken_away_breaks_the_next_day(workspace: Workspace, days: dict[int, str]) -> None:
    file(workspace, 1, "manifest.json").unlink()
    assert "2026-09-02" in faults(workspace)[0]


def test_files_added_changed_or_taken_away(workspace: Workspace, days: dict[int, str]) -> None:
    file(workspace, 1, "x.warc.gz").write_bytes(b"")
    file(workspace, 2).write_bytes(file(workspace, 2).read_bytes() + b"x")
    file(workspace, 3).unlink()
    told = " ".join(faults(workspace))
    assert "x.warc.gz 不在清单中" in told and "p-2.warc.gz 的内容与清单不符" in told and "p-3.warc.gz 不见了" in told


def test_a_day_with_a_look_under_way_is_not_sealed(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-09T12:00:00+08:00")
    for number in (1, 2, 3):
        look(workspace, number)
    with session_of(workspace) as session:
        session.get_one(Crawl, "p-2").state = "running"
    assert [d.day for d in seal_days(workspace)] == [1]
    with session_of(workspace) as session:
        session.get_one(Crawl, "p-2").state = "finished"
    assert [d.day for d in seal_days(workspace)] == [2, 3]


def test_a_look_that_broke_off_for_ever_holds_nothing_up_and_is_evidence(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its portal is watched no more, so that no look ever says that it is dead."""
    made = {number: look(workspace, number) for number in (1, 2)}
    with session_of(workspace) as session:
        session.get_one(Crawl, "p-1").state = "running"
        session.delete(session.get_one(Evidence, made[1]))
    whole = file(workspace, 1).read_bytes()
    file(workspace, 1).write_bytes(whole + b"\x1f\x8b\x08\x00torn")
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-07T12:00:00+08:00")
    assert seal_days(workspace) == []
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-30T12:00:00+08:00")
    assert [d.day for d in seal_days(workspace)] == [1, 2]
    assert file(workspace, 1).read_bytes() == whole and faults(workspace) == []
    with session_of(workspace) as session:
        assert session.get_one(Evidence, made[1]).crawl_id == "p-1"


def settings(workspace: Workspace, text: str) -> Workspace:
    (workspace.root / "mingcha.yml").write_text(text, encoding="utf-8")
    return Workspace.open(workspace.root)


def publication(identity: str, evidence: str, gone: datetime.datetime | None) -> Publication:
    return Publication(
        record_id=identity, kind="penalty", portal_id="p", unit_id="u", first_seen=day(1), last_seen=day(1),
        first_crawl="p-1", last_crawl="p-1", form="key_value", evidence=evidence, gone_since=gone,
    )  # fmt: skip


def test_what_is_old_goes_and_what_is_cited_stays(
    workspace: Workspace, days: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_of(workspace) as session:
        session.add(publication("shown", days[1], None))
        session.add(publication("gone", days[2], day(3)))
    monkeypatch.setenv("MINGCHA_NOW", "2026-12-01T12:00:00+08:00")
    done = tidied(settings(workspace, "evidence: {retain_days: 30}"))
    assert done.removed == ["2026/09/02/p-2.warc.gz", "2026/09/03/p-3.warc.gz", "2026/09/04/p-4.warc.gz"]
    assert file(workspace, 1).is_file() and not file(workspace, 2).exists()
    assert any("清理 3 个文件" in line for line in done.lines())
    assert faults(workspace) == []  # what was removed by the rules is no fault …
    with session_of(workspace) as session, pytest.raises(Refused, match="按保存规则清理"):
        EvidenceStore(workspace).get(session, days[2])
    book = workspace.evidence / "removed.jsonl"
    look(workspace, 30)  # … and the removals themselves are in the chain
    monkeypatch.setenv("MINGCHA_NOW", "2026-12-02T12:00:00+08:00")
    seal_days(workspace)
    book.write_text(book.read_text().replace("超过保存期", "磁盘坏了"))
    assert any("removed.jsonl" in fault for fault in faults(workspace))


@pytest.mark.parametrize("cite", ["finding", "look"])
def test_evidence_of_a_finding_is_never_removed(
    workspace: Workspace, days: dict[int, str], monkeypatch: pytest.MonkeyPatch, cite: str
) -> None:
    with session_of(workspace) as session:
        session.add(
            Finding(period="2026-09", finding_id="f", unit_id="u", code="dead_link", level="fail", dimension="openness",
                    basis="", message="", state="suspected", evidence=days[2] if cite == "finding" else None,
                    proof={"proof_looks": "p-1、p-2"} if cite == "look" else {})
        )  # fmt: skip
    monkeypatch.setenv("MINGCHA_NOW", "2030-01-01T12:00:00+08:00")
    done = tidied(workspace)
    assert file(workspace, 2).is_file() and not file(workspace, 3).exists()
    assert done.cited > 0


def test_a_budget_takes_the_oldest_and_says_what_it_could_not_free(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINGCHA_NOW", "2026-09-09T12:00:00+08:00")
    made = {number: look(workspace, number) for number in (1, 2, 3)}
    sizes = {number: file(workspace, number).stat().st_size for number in made}
    with session_of(workspace) as session:
        session.add(publication("shown", made[1], None))
    done = tidied(settings(workspace, f"evidence: {{budget_gb: {(sizes[1] + sizes[3]) / 1e9:.9f}}}"))
    assert done.removed == ["2026/09/02/p-2.warc.gz"] and done.over <= 0
    with session_of(workspace) as session:
        session.add(publication("shown too", made[3], None))
    done = tidied(settings(workspace, "evidence: {budget_gb: 0.000000001}"))
    assert done.removed == [] and done.over > 0 and "调大 evidence.budget_gb" in done.lines()[-1]


def test_a_removal_that_was_killed_is_finished(
    workspace: Workspace, days: dict[int, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = file(workspace, 2).read_bytes()
    Chain(workspace.evidence).remove("2026/09/02/p-2.warc.gz", "试")
    file(workspace, 2).write_bytes(kept)  # as if killed between the book and the disk
    tidied(workspace)
    assert not file(workspace, 2).exists() and faults(workspace) == []


def test_a_removal_killed_while_it_was_written_down_is_none(workspace: Workspace, days: dict[int, str]) -> None:
    chain, book = Chain(workspace.evidence), workspace.evidence / "removed.jsonl"
    chain.remove("2026/09/01/p-1.warc.gz", "试")
    with book.open("ab") as torn:
        torn.write(b'{"file": "2026/09/02/p-2.wa')
    assert chain.removed().keys() == {"2026/09/01/p-1.warc.gz"} and faults(workspace) == []
    chain.remove("2026/09/02/p-2.warc.gz", "试")
    assert len(chain.removed()) == 2 and len(book.read_bytes().splitlines()) == 2 and faults(workspace) == []


def test_pictures_are_resources(workspace: Workspace) -> None:
    from warcio.archiveiterator import ArchiveIterator

    store = EvidenceStore(workspace)
    writer = store.open("p-1", "p", day(1))
    put = {"status": 200, "headers": [("content-type", "image/png")], "fetched_at": day(1), "content_type": "image/png"}
    identity = writer.put(method="PICTURE", url="http://a/", body=b"\x89PNG\r\n\r\n", **put)  # type: ignore[arg-type]
    with session_of(workspace) as session:
        store.index(session, writer)
    rows = list(writer.rows())
    writer.close()
    again = store.open("p-1", "p", day(1))
    assert list(again.rows()) == rows
    again.close()
    with writer.path.open("rb") as opened:
        kinds = [(r.rec_type, r.rec_headers.get_header("WARC-Target-URI")) for r in ArchiveIterator(opened)]
    assert kinds[1] == ("resource", "urn:view:http://a/")
    with session_of(workspace) as session:
        stored = store.get(session, identity)
        assert stored is not None and stored.body == b"\x89PNG\r\n\r\n" and stored.url == "http://a/"
        assert session.get_one(Evidence, identity).content_type == "image/png"
        assert store.verify(session) == []
