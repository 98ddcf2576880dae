"""Mails: what they say, and that each leaves exactly once — with a real mail server on loopback."""

from __future__ import annotations

import asyncio
import datetime
import email
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from db.clock import now
from db.models import Finding, Mail
from db.session import session_of
from db.settings import Workspace
from reports import outbox
from reports.mail import send
from sample_city.postbox import Postbox
from standard.errors import NotYetAvailable, Refused


class Server:
    """A mail server that keeps what it took, and can refuse, hang or hang up."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.refuse: dict[str, str] = {}  # recipient -> answer to RCPT
        self.at_rcpt: Callable[[], None] | None = None
        self.after_data: Callable[[], None] | None = None
        self.drop_after_data = False
        self.controller = Postbox(self)

    @property
    def port(self) -> int:
        return int(self.controller.port)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        if self.at_rcpt:
            await asyncio.to_thread(self.at_rcpt)
        if address in self.refuse:
            return self.refuse[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken.append(email.message_from_bytes(envelope.content, policy=default))  # type: ignore[arg-type]
        self.recipients += envelope.rcpt_tos
        if self.after_data:
            await asyncio.to_thread(self.after_data)
        if self.drop_after_data:
            server.transport.abort()
        return "250 taken"


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    made.controller.start()
    yield made
    made.controller.stop()


def workspace_for(month: Any, root: Path, port: int) -> Workspace:
    made: Workspace = month.workspace(
        root, f"mail: {{host: 127.0.0.1, port: {port}, tls: false, sender: shuanggongshi@city.example}}\n"
    )
    return made


def queue(workspace: Workspace, *recipients: str) -> None:
    with session_of(workspace) as session:
        outbox.put(
            session,
            [
                Mail(key=f"ranking:2026-09:{to}", recipient=to, subject="排名", state="waiting", tries=0, error="", created_at=now(),
                     message=f"Subject: x\r\nTo: {to}\r\n\r\nfirst line\r\n.starts with a dot\r\n")
                for to in recipients
            ],
        )  # fmt: skip


def states(workspace: Workspace) -> dict[str, str]:
    with session_of(workspace) as session:
        return {mail.recipient: mail.state for mail in session.scalars(select(Mail))}


def test_ranking_goes_once_to_each_leader_and_stands_alone(month: Any, server: Server, tmp_path: Path) -> None:
    workspace = workspace_for(month, tmp_path, server.port)
    month.store(workspace, month.rows())
    first = send(workspace, "ranking", "2026-09")
    assert first.composed == 18 and first.delivery is not None and len(first.delivery.sent) == 18
    assert sorted(server.recipients) == sorted(f"leader{n}@gov.example" for n in range(18))
    again = send(workspace, "ranking", "2026-09")
    assert again.composed == 0 and again.known == 18 and len(server.taken) == 18
    mail = server.taken[0]
    assert mail["Subject"] == "示例市2026年9月双公示单位得分排名"
    assert mail["From"].addresses[0].addr_spec == "shuanggongshi@city.example"
    plain = mail.get_body(("plain",))
    html = mail.get_body(("html",))
    assert plain is not None and html is not None
    text, page = plain.get_content(), html.get_content()
    for said in ("前三", "后三", "n=", "数据量<10，不参与排名", "不扣分", "较上期", "无法判定"):
        assert said in text
    attached = {part.get_filename(): part for part in mail.iter_attachments()}
    assert set(attached) == {"示例市2026年9月双公示单位得分排名.xlsx", "示例市2026年9月双公示单位得分排名.pdf"}
    assert attached["示例市2026年9月双公示单位得分排名.pdf"].get_content().startswith(b"%PDF")
    (picture,) = [part for part in mail.walk() if part.get_content_type() == "image/png"]
    assert picture["Content-ID"].strip("<>") in page and picture.get_content().startswith(b"\x89PNG")
    raw = mail.as_bytes(policy=mail.policy.clone(linesep="\r\n"))
    assert raw.isascii() and b"filename*=utf-8''" in raw.replace(b"\r\n ", b"").lower().replace(
        b"filename*0*=", b"filename*="
    )
    with session_of(workspace) as session:
        persons = set(session.scalars(select(Finding.counterparty).distinct())) | {"高　远", "林　溪", "0349-2000000"}
    assert not [person for person in persons if person and (person in text or person in page)]


def test_dry_run_writes_files_and_nothing_else(month: Any, tmp_path: Path) -> None:
    workspace = month.workspace(tmp_path)
    month.store(workspace, month.rows())
    result = send(workspace, "ranking", "2026-09", dry_run=True)
    assert len(result.files) == 18 and all(file.suffix == ".eml" for file in result.files)
    parsed = email.message_from_bytes(result.files[0].read_bytes(), policy=default)  # type: ignore[arg-type]
    assert parsed["To"] == "leader0@gov.example"
    assert states(workspace) == {}
    with pytest.raises(Refused, match=r"mail\.host"):
        send(workspace, "ranking", "2026-09")
    with pytest.raises(NotYetAvailable):
        send(workspace, "monthly", "2026-09", dry_run=True)


def test_each_unit_gets_only_its_own_problems(month: Any, server: Server, tmp_path: Path) -> None:
    workspace = workspace_for(month, tmp_path, server.port)
    rows = month.rows()
    keep = {"u01", "u02"}
    month.store(workspace, [row for row in rows if not isinstance(row, Finding) or row.unit_id in keep])
    result = send(workspace, "problems", "2026-09")
    assert result.composed == 4
    assert sorted(server.recipients) == [
        "liaison0@gov.example",
        "liaison1@gov.example",
        "reporter0@gov.example",
        "reporter1@gov.example",
    ]
    for mail in server.taken:
        unit = "示例市发展和改革委员会" if "0@" in mail["To"] else "示例市教育局"
        assert unit in mail["Subject"]
        assert all(unit in (part.get_filename() or "") for part in mail.iter_attachments())


def test_refused_for_now_is_tried_again_later(
    month: Any, server: Server, tmp_path: Path, now: Callable[[str], None]
) -> None:
    workspace = workspace_for(month, tmp_path, server.port)
    now("2026-10-12T09:00:00+08:00")
    queue(workspace, "a@gov.example", "b@gov.example", "c@gov.example")
    server.refuse = {"a@gov.example": "451 come back later", "b@gov.example": "550 no such user"}
    first = outbox.deliver(workspace)
    assert first.sent == ["c@gov.example"] and "451" in first.postponed[0] and "550" in first.failed[0]
    server.refuse = {}
    now("2026-10-12T09:04:00+08:00")
    assert outbox.deliver(workspace).sent == []
    now("2026-10-12T09:06:00+08:00")
    assert outbox.deliver(workspace).sent == ["a@gov.example"]
    assert states(workspace) == {"a@gov.example": "sent", "b@gov.example": "failed", "c@gov.example": "sent"}
    assert sorted(server.recipients) == ["a@gov.example", "c@gov.example"]
    assert server.taken[0].get_content().splitlines() == ["first line", ".starts with a dot"]


def test_no_server_there_waits_longer_each_time_and_gives_up(
    month: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = workspace_for(month, tmp_path, 1)
    moment = datetime.datetime.fromisoformat("2026-10-12T09:00:00+08:00")
    waits = []
    monkeypatch.setenv("MINGCHA_NOW", moment.isoformat())
    queue(workspace, "a@gov.example")
    for _ in range(outbox.MOST_TRIES):
        monkeypatch.setenv("MINGCHA_NOW", moment.isoformat())
        told = outbox.deliver(workspace)
        with session_of(workspace) as session:
            mail = session.scalars(select(Mail)).one()
        if mail.state == "waiting":
            assert mail.next_try_at is not None and "连不上邮件服务器" in told.postponed[0]
            waits.append((mail.next_try_at - moment).total_seconds() / 60)
            moment = mail.next_try_at
    assert waits == [5, 20, 80, 320, 1280] and states(workspace) == {"a@gov.example": "failed"}


def test_answer_lost_after_the_end_of_data_is_told_and_never_sent_twice(
    month: Any, server: Server, tmp_path: Path
) -> None:
    workspace = workspace_for(month, tmp_path, server.port)
    queue(workspace, "a@gov.example", "b@gov.example")
    server.drop_after_data = True
    first = outbox.deliver(workspace)
    assert first.sent == [] and len(first.unclear) == 2
    server.drop_after_data = False
    again = outbox.deliver(workspace)
    assert again.sent == [] and len(again.unclear) == 2 and len(server.taken) == 2


CHILD = "import sys; from db.settings import Workspace; from reports import outbox; outbox.deliver(Workspace.open(sys.argv[1]))"


@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_while_sending(moment: str, month: Any, server: Server, tmp_path: Path) -> None:
    """kill -9 before the end of DATA: sent exactly once by the next run. After it: taken once, told, not sent again."""
    workspace = workspace_for(month, tmp_path, server.port)
    queue(workspace, "a@gov.example")
    reached, go = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        go.wait(300)

    setattr(server, "at_rcpt" if moment == "before" else "after_data", hold)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path)], cwd=Path(__file__).parents[2], env=dict(os.environ)
    )
    try:
        assert reached.wait(300)
        assert outbox.deliver(workspace).busy, "a second run does not touch what the first holds"
    finally:
        child.kill()
        child.wait(300)
        go.set()
    server.at_rcpt = server.after_data = None
    time.sleep(0.1)
    assert states(workspace) == {"a@gov.example": "sending"}
    told = outbox.deliver(workspace)
    assert len(server.taken) == 1
    assert (told.sent, len(told.unclear)) == ((["a@gov.example"], 0) if moment == "before" else ([], 1))
