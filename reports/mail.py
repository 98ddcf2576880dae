"""Mails of a period: the ranking for leaders, its problem list for each unit.

A mail is composed once, stored as a row (`reports.outbox`) and delivered once. It carries a plain-text part that says
everything by itself, an HTML part with the chart as an inline picture, and the report as xlsx and pdf.
The ranking names units only: no person and no counterparty stands in it.
"""

from __future__ import annotations

import hashlib
import mimetypes
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from db.clock import now
from db.models import FINDING_FIELDS, Mail, Unit
from db.session import session_of
from db.settings import Workspace
from reports import charts, export, outbox
from reports.build import build
from reports.data import PeriodReport, period_report
from reports.write_html import render
from standard.errors import NotYetAvailable, Refused

REPORTS = ("ranking", "problems")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")


@dataclass(frozen=True)
class Recipient:
    """One address and, for a unit's own list, the unit it is for."""

    address: str
    unit: str | None = None


@dataclass(frozen=True)
class Message:
    """One composed mail. `key` says what it is: report, period, unit, recipient."""

    key: str
    recipient: str
    subject: str
    text: str


@dataclass
class SendResult:
    """What `send` did."""

    composed: int = 0
    known: int = 0
    missing: list[str] = field(default_factory=list)
    files: list[Path] = field(default_factory=list)
    delivery: outbox.Delivery | None = None

    def lines(self) -> list[str]:
        """For the person at the terminal."""
        if self.delivery is None:
            told = [
                f"试运行：生成 {len(self.files)} 封邮件文件，未发送"
                + (f"：{self.files[0].parent}" if self.files else "")
            ]
        else:
            told = [f"新拟 {self.composed} 封，此前已拟 {self.known} 封（不重发）", *self.delivery.lines()]
        return told + self.missing

    @property
    def clean(self) -> bool:
        return not self.missing and (self.delivery is None or self.delivery.clean)


def send(
    workspace: Workspace,
    report: str,
    period: str,
    *,
    dry_run: bool = False,
    progress: Callable[[str], None] | None = None,
) -> SendResult:
    """Compose what was not composed yet and deliver what is due; `dry_run` writes .eml files and touches nothing else.

    Raises Refused when the period was not assessed, nobody is to be written to, or no mail server is set.
    """
    if report not in REPORTS:
        raise NotYetAvailable(f"邮件 {report}（可发送：{'、'.join(REPORTS)}）")
    if not dry_run and not workspace.settings.mail.host:
        raise Refused("mingcha.yml：mail.host 未设置，无法发送邮件。请填写邮件服务器，或加 --dry-run 只生成 .eml 文件")
    result = SendResult()
    with session_of(workspace) as session:
        p = period_report(session, workspace, period)
        units = list(session.scalars(select(Unit).where(Unit.active).order_by(Unit.position, Unit.id)))
        known = set(
            session.scalars(select(Mail.key).where(Mail.key.startswith(f"{report}:{period}:", autoescape=True)))
        )
    recipients, result.missing = recipients_of(report, p, units)
    if not recipients:
        raise Refused(*result.missing, f"没有可发送的收件人：请在 units.yml 的 contacts 中填写邮箱（{report}）")
    wanted = recipients if dry_run else [r for r in recipients if _key(report, period, r) not in known]
    result.known = len(recipients) - len(wanted)
    messages = list(compose(workspace, report, p, wanted, progress))
    if dry_run:
        folder = workspace.reports / period / "mail"
        folder.mkdir(parents=True, exist_ok=True)
        for message in messages:
            file = folder / (re.sub(r"[^\w.@-]", "_", message.key) + ".eml")
            file.write_text(message.text, encoding="ascii", newline="")
            result.files.append(file)
        return result
    with session_of(workspace) as session:
        rows = [
            Mail(key=m.key, recipient=m.recipient, subject=m.subject, message=m.text, state="waiting", tries=0, error="", created_at=now())
            for m in messages
        ]  # fmt: skip
        result.composed = outbox.put(session, rows)
    result.delivery = outbox.deliver(workspace)
    return result


def recipients_of(report: str, p: PeriodReport, units: list[Unit]) -> tuple[list[Recipient], list[str]]:
    """Who is written to, and which unit has nobody to write to. Every distinct leader gets one ranking."""
    found: dict[Recipient, None] = {}
    missing = []
    concerned = {tally.unit_id for tally in p.tallies}
    for unit in units:
        if report == "ranking":
            roles = {"leader": "分管领导"}
        elif unit.id in concerned:
            roles = {"liaison": "联络员", "reporter": "信息报送责任人"}
        else:
            continue
        addresses = [str(((unit.contacts or {}).get(role) or {}).get("email") or "").strip() for role in roles]
        good = [address for address in addresses if _ADDRESS.fullmatch(address)]
        bad = [address for address in addresses if address and not _ADDRESS.fullmatch(address)]
        for address in good:
            found[Recipient(address.lower(), None if report == "ranking" else unit.id)] = None
        missing += [f"units.yml：{unit.name} 的邮箱 {address} 不是有效地址，未发送" for address in bad]
        if not good and not bad:
            missing.append(f"units.yml：{unit.name} 未填写{'、'.join(roles.values())}的邮箱，未发送")
    return list(found), missing


def compose(
    workspace: Workspace,
    report: str,
    p: PeriodReport,
    recipients: list[Recipient],
    progress: Callable[[str], None] | None = None,
) -> Iterator[Message]:
    """One message for each recipient; attachments and picture are made once for all who get the same."""
    cache = workspace.var / "cache"
    picture = None
    if recipients and report == "ranking":
        spec = charts.ranking(p)
        picture = None if spec is None else charts.png(spec, cache)
    attached: dict[str | None, list[tuple[str, bytes]]] = {}
    for recipient in recipients:
        if recipient.unit not in attached:
            attached[recipient.unit] = _attachments(workspace, report, p.key, recipient.unit)
        yield _message(workspace, report, p, recipient, picture, attached[recipient.unit])
        if progress:
            progress(f"已拟邮件：{recipient.address}")


def _attachments(workspace: Workspace, report: str, period: str, unit: str | None) -> list[tuple[str, bytes]]:
    with TemporaryDirectory() as folder:
        name = "unit" if unit else report
        files = build(workspace, name, period, unit=unit, formats=("xlsx", "pdf"), out=Path(folder))
        if unit and (warning := _due_soon(workspace, period, unit, Path(folder))):
            files.append(warning)
        return [(file.name, file.read_bytes()) for file in files]


def _due_soon(workspace: Workspace, period: str, unit: str, folder: Path) -> Path | None:
    """The early warning for the unit, beside its problems: what is not late yet. None when there is nothing."""
    with session_of(workspace) as session:
        rows = list(export.due_soon(session, period, unit))
    if not rows:
        return None
    file = folder / f"{period}-{rows[0]['unit_name']}-临近期限预警.xlsx"
    export.write(rows, (*FINDING_FIELDS, "days_left"), "xlsx", file)
    return file


def _message(
    workspace: Workspace,
    report: str,
    p: PeriodReport,
    recipient: Recipient,
    picture: bytes | None,
    attachments: list[tuple[str, bytes]],
) -> Message:
    settings = workspace.settings.mail
    u = p.of_unit(p.find(recipient.unit)) if recipient.unit else None
    key = _key(report, p.key, recipient)
    mark = hashlib.sha256(key.encode()).hexdigest()[:24]
    sender = outbox.address_of(settings)
    domain = sender.rpartition("@")[2] or "localhost"
    subject = f"{p.region}{p.label}双公示" + (f"监测问题清单（{u.line.name}）" if u else "单位得分排名")
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = subject
    mail["From"] = Address(f"{p.region}双公示监测", addr_spec=sender)
    mail["To"] = Address(addr_spec=recipient.address)
    mail["Date"] = format_datetime(now())
    mail["Message-ID"] = f"<{mark}@{domain}>"  # the same mail keeps its id, so a server may drop a double of it
    mail["Auto-Submitted"] = "auto-generated"
    values = {"p": p, "u": u, "subject": subject, "picture": f"chart-{mark}@{domain}" if picture else None,
              "attachments": [name for name, _ in attachments]}  # fmt: skip
    mail.set_content(render(f"mail_{report}.txt.j2", **values), cte="base64")
    mail.add_alternative(render(f"mail_{report}.html.j2", **values), subtype="html", cte="base64")
    if picture:
        page = mail.get_body(("html",))
        assert isinstance(page, EmailMessage)
        cid = f"<{values['picture']}>"
        page.add_related(picture, "image", "png", cid=cid, filename="ranking.png", disposition="inline")
    for name, data in attachments:
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        if name.endswith(".xlsx"):
            kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
        mail.add_attachment(data, *kind.split("/", 1), filename=name)
    for number, part in enumerate(part for part in mail.walk() if part.is_multipart()):
        part.set_boundary(f"=_{mark}_{number}")  # equal content gives equal bytes
    return Message(key, recipient.address, subject, mail.as_bytes().decode("ascii"))


def _key(report: str, period: str, recipient: Recipient) -> str:
    return ":".join(part for part in (report, period, recipient.unit, recipient.address) if part)
