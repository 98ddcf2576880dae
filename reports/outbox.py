"""Mails leave from here, each once, whatever is killed when.

A mail is a row before it is a mail. Its way:

    waiting  --taken by a run-->  sending  --the server said 250-->  sent
       ^                             |  \\--the server said 5xx, or too many tries-->  failed
       \\---nothing was handed over---/

A mail counts as delivered for the receiving server from the moment it has read the end of DATA (the line with a single
dot). So just before that dot is sent, a mark is committed (`error` = UNCLEAR). A run that dies earlier has delivered
nothing: its mail is taken up again. A run that dies, or a connection that breaks, after the mark leaves a mail of which
nobody can know whether it arrived: it stays `sending`, is told on every run, and is never sent a second time by itself.
One lock file admits one delivering run at a time; whoever holds it knows that every `sending` row is a dead run's.
"""

from __future__ import annotations

import datetime
import fcntl
import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from db.clock import now
from db.models import Mail
from db.session import session_of
from db.settings import MailSettings, Workspace
from standard.errors import Refused

UNCLEAR = "正文已交出，未收到对方服务器的回执"
MOST_TRIES = 6
FIRST_WAIT = datetime.timedelta(minutes=5)  # then four times as long each: 20 min, 80 min, 5 h, 21 h
TIMEOUT_S = 30
_CRLF = re.compile(rb"\r\n|\r|\n")


@dataclass
class Delivery:
    """What one run did, recipient by recipient."""

    sent: list[str] = field(default_factory=list)
    postponed: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unclear: list[str] = field(default_factory=list)
    busy: bool = False

    @property
    def clean(self) -> bool:
        return not (self.postponed or self.failed or self.unclear or self.busy)

    def lines(self) -> list[str]:
        """For the person at the terminal."""
        if self.busy:
            return ["另一个进程正在投递邮件，本次不投递；稍后再运行即可，不会重复发送"]
        told = [f"已发送 {len(self.sent)} 封"]
        told += [f"暂未送达，稍后自动重试：{text}" for text in self.postponed]
        told += [f"发送失败，不再重试：{text}。请核对 units.yml 中的邮箱地址" for text in self.failed]
        told += [
            f"结果不明，不会自动重发：{text}。请向收件人核实，未收到的请转发 --dry-run 生成的 .eml"
            for text in self.unclear
        ]
        return told


def deliver(workspace: Workspace) -> Delivery:
    """Send every mail that is due. Harmless to run again, to run twice at once, and to kill.

    Raises Refused when no mail server is set.
    """
    settings = workspace.settings.mail
    if not settings.host:
        raise Refused("mingcha.yml：mail.host 未设置，无法发送邮件。请填写邮件服务器，或加 --dry-run 只生成 .eml 文件")
    done = Delivery()
    with _lock(workspace) as mine:
        if not mine:
            done.busy = True
            return done
        _recover(workspace, done)
        _send_due(workspace, settings, done)
    return done


def deliver_due(workspace: Workspace) -> str:
    """The clock's job: deliver what waits; nothing to do where nothing waits, mail server or not."""
    with session_of(workspace) as session:
        waiting = session.scalar(select(func.count()).select_from(Mail).where(Mail.state.in_(("waiting", "sending"))))
    return "；".join(deliver(workspace).lines()) if waiting else "没有待发邮件"


@contextmanager
def _lock(workspace: Workspace) -> Iterator[bool]:
    workspace.var.mkdir(parents=True, exist_ok=True)
    with (workspace.var / "outbox.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
            return
        yield True  # closing the file, or dying, releases the lock


def _recover(workspace: Workspace, done: Delivery) -> None:
    """What dead runs left: taken up again if nothing was handed over, told if nobody can know."""
    with session_of(workspace) as session:
        for mail in session.scalars(select(Mail).where(Mail.state == "sending").order_by(Mail.id)):
            if mail.error == UNCLEAR:
                done.unclear.append(f"{mail.recipient}《{mail.subject}》（{UNCLEAR}）")
            else:
                mail.state, mail.next_try_at = "waiting", None


def _send_due(workspace: Workspace, settings: MailSettings, done: Delivery) -> None:
    due = (Mail.state == "waiting") & or_(Mail.next_try_at.is_(None), Mail.next_try_at <= now())
    with session_of(workspace) as session:
        ids = list(session.scalars(select(Mail.id).where(due).order_by(Mail.id)))
    if not ids:
        return
    try:
        server = _connect(settings)
    except (OSError, smtplib.SMTPException) as error:
        for mail_id in ids:
            _postpone(workspace, mail_id, f"连不上邮件服务器 {settings.host}:{settings.port}（{_said(error)}）", done)
        return
    try:
        for mail_id in ids:
            server = _send_one(workspace, settings, server, mail_id, done)
    finally:
        server.close()


def _connect(settings: MailSettings) -> smtplib.SMTP:
    assert settings.host is not None
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if settings.tls and settings.port == 465:
        server = smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_S, context=context)
    else:
        server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)
        if settings.tls:
            server.starttls(context=context)
    server.ehlo_or_helo_if_needed()
    if settings.user and settings.secret is not None:
        server.login(settings.user, settings.secret.reveal())
    return server


def _send_one(
    workspace: Workspace, settings: MailSettings, server: smtplib.SMTP, mail_id: int, done: Delivery
) -> smtplib.SMTP:
    """One mail through an open connection; returns the connection to go on with."""
    mail = _take(workspace, mail_id)
    if mail is None:
        return server
    told = f"{mail.recipient}《{mail.subject}》"
    try:
        if server.sock is None:  # the last mail broke the connection
            server = _connect(settings)
        _hand_over(workspace, server, mail, settings)
    except _Unclear as error:
        server.close()
        done.unclear.append(f"{told}（{error}）")
    except smtplib.SMTPResponseException as error:
        _reset(server)
        if 500 <= error.smtp_code < 600:
            _settle(workspace, mail_id, "failed", _said(error))
            done.failed.append(f"{told}（{_said(error)}）")
        else:
            _postpone(workspace, mail_id, _said(error), done)
    except (OSError, smtplib.SMTPException) as error:
        server.close()
        _postpone(workspace, mail_id, _said(error), done)
    else:
        _settle(workspace, mail_id, "sent", "")
        done.sent.append(mail.recipient)
    return server


class _Unclear(Exception):
    """The end of DATA went out and no answer came back."""


def _hand_over(workspace: Workspace, server: smtplib.SMTP, mail: Mail, settings: MailSettings) -> None:
    """The SMTP dialogue step by step, because `sendmail` would hide on which side of the final dot it broke."""
    server.ehlo_or_helo_if_needed()
    _expect(server.mail(address_of(settings)), 250)
    _expect(server.rcpt(mail.recipient), 250, 251)
    _expect(server.docmd("DATA"), 354)
    body = _CRLF.sub(b"\r\n", mail.message.encode("ascii"))
    body = re.sub(rb"(?m)^\.", b"..", body)
    server.send(body if body.endswith(b"\r\n") else body + b"\r\n")
    _settle(workspace, mail.id, "sending", UNCLEAR)
    try:
        server.send(b".\r\n")
        code, answer = server.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise _Unclear(f"{UNCLEAR}：{_said(error)}") from None
    if code != 250:
        # The server read all of it and declined: nothing was delivered, so the mark is taken back.
        _settle(workspace, mail.id, "sending", "")
        raise smtplib.SMTPResponseException(code, answer)


def _expect(reply: tuple[int, bytes], *codes: int) -> None:
    if reply[0] not in codes:
        raise smtplib.SMTPResponseException(*reply)


def address_of(settings: MailSettings) -> str:
    """The sender's bare address; the user name when none is set."""
    return settings.sender or settings.user or "mingcha@localhost"


def _take(workspace: Workspace, mail_id: int) -> Mail | None:
    with session_of(workspace) as session:
        taken = session.execute(
            update(Mail)
            .where(Mail.id == mail_id, Mail.state == "waiting")
            .values(state="sending", error="", tries=Mail.tries + 1)
        )
        return session.get(Mail, mail_id) if taken.rowcount == 1 else None  # type: ignore[attr-defined]


def _settle(workspace: Workspace, mail_id: int, state: str, error: str) -> None:
    with session_of(workspace) as session:
        values: dict[str, object] = {"state": state, "error": error}
        if state == "sent":
            values["sent_at"] = now()
        session.execute(update(Mail).where(Mail.id == mail_id).values(**values))


def _postpone(workspace: Workspace, mail_id: int, error: str, done: Delivery) -> None:
    with session_of(workspace) as session:
        mail = session.get_one(Mail, mail_id)
        if mail.state == "waiting":  # the connection failed before any mail was taken
            mail.tries += 1
        mail.error = error
        told = f"{mail.recipient}《{mail.subject}》（{error}）"
        if mail.tries >= MOST_TRIES:
            mail.state = "failed"
            done.failed.append(told)
        else:
            mail.state, mail.next_try_at = "waiting", now() + FIRST_WAIT * 4 ** (mail.tries - 1)
            done.postponed.append(f"{told}，{mail.next_try_at:%m-%d %H:%M} 后重试")


def _reset(server: smtplib.SMTP) -> None:
    try:
        server.rset()
    except (OSError, smtplib.SMTPException):
        server.close()  # the next mail opens a connection of its own


def _said(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        answer = error.smtp_error
        text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else str(answer)
        return f"服务器答复 {error.smtp_code} {text}"
    return str(error) or type(error).__name__


def put(session: Session, mails: list[Mail]) -> int:
    """Store mails whose key is new; returns how many. The unique key makes a second run harmless."""
    keys = set(session.scalars(select(Mail.key).where(Mail.key.in_([mail.key for mail in mails]))))
    fresh = [mail for mail in mails if mail.key not in keys]
    session.add_all(fresh)
    return len(fresh)
