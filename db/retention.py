"""How long evidence is kept (`evidence: {retain_days, budget_gb}`): what nobody cites any more goes, oldest first.

Never removed: evidence of a finding, of a record that was compared in an assessed period, of a record that a portal still
shows, of a look that a finding names. Whole files go, for a file is one link of the chain (`db.chain`); each is written down
as removed, with its hash, before it goes.
"""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from db import clock
from db.chain import Chain, seal_days
from db.models import Crawl, Evidence, Finding, Pair, Publication
from db.session import session_of
from db.settings import Workspace


@dataclass(frozen=True)
class Tidied:
    """What one run did."""

    sealed: list[datetime.date]
    removed: list[str]
    freed: int
    kept: int  # bytes that remain
    cited: int  # of them: bytes that may not go
    over: int  # bytes above the budget that could not be freed

    def lines(self) -> list[str]:
        """For people."""
        said = [f"封存 {len(self.sealed)} 天"] if self.sealed else []
        if self.removed:
            said.append(f"清理 {len(self.removed)} 个文件，腾出 {_size(self.freed)}")
        said.append(f"现存 {_size(self.kept)}，其中仍被引用 {_size(self.cited)}")
        if self.over > 0:
            said.append(
                f"仍超出预算 {_size(self.over)}：其余证据被问题、比对或在示记录引用，或当天尚未封存，不能清理，请调大 evidence.budget_gb 或扩充磁盘"
            )
        return said


def tidy(workspace: Workspace) -> str:
    """The clock's job: seal the days that are over, then remove what may go."""
    return "；".join(tidied(workspace).lines())


def tidied(workspace: Workspace) -> Tidied:
    """Seal and remove; what was done."""
    sealed = seal_days(workspace)
    chain = Chain(workspace.evidence)
    for name in chain.removed():
        (workspace.evidence / name).unlink(missing_ok=True)  # written down as removed, then killed
    sizes = {
        path.relative_to(workspace.evidence).as_posix(): path.stat().st_size
        for path in sorted(workspace.evidence.glob("*/*/*/*.warc.gz"))
    }
    with session_of(workspace) as session:
        cited = _cited(session)
    closed = {f"{day:%Y/%m/%d}" for day in chain.sealed()}
    settings = workspace.settings.evidence
    oldest = f"{clock.today() - datetime.timedelta(days=settings.retain_days):%Y/%m/%d}"
    total, budget = sum(sizes.values()), int(settings.budget_gb * 1e9)
    removed: list[str] = []
    freed = 0
    for name, size in sizes.items():  # by day, then by name
        day = name.rpartition("/")[0]
        if name in cited or day not in closed:
            continue
        if day < oldest:
            reason = f"超过保存期 {settings.retain_days} 天"
        elif total - freed > budget:
            reason = f"超出磁盘预算 {settings.budget_gb:g} GB"
        else:
            continue
        chain.remove(name, reason)
        removed.append(name)
        freed += size
    kept = total - freed
    held = sum(size for name, size in sizes.items() if name in cited)
    return Tidied(sealed, removed, freed, kept, held, kept - budget)


def _cited(session: Session) -> set[str]:
    """The files that somebody still cites."""
    files: set[str] = set()
    compared = select(Pair.published).where(Pair.published.is_not(None))
    for identities in (
        select(Finding.evidence).where(Finding.evidence.is_not(None)),
        select(Publication.evidence).where(Publication.gone_since.is_(None), Publication.evidence.is_not(None)),
        select(Publication.evidence).where(Publication.record_id.in_(compared), Publication.evidence.is_not(None)),
    ):
        files.update(session.scalars(select(Evidence.warc_file).where(Evidence.id.in_(identities)).distinct()))
    crawls = {
        name
        for proof in session.scalars(select(Finding.proof))
        for value in (proof or {}).values()
        if isinstance(value, str)
        for name in value.split("、")
    }
    crawls.update(session.scalars(select(Crawl.id).where(Crawl.state == "running")))
    for identity, file in session.execute(select(Evidence.crawl_id, Evidence.warc_file).distinct()):
        if identity in crawls:
            files.add(file)
    return files


def _size(count: int) -> str:
    for unit, factor in (("GB", 1e9), ("MB", 1e6)):
        if count >= factor:
            return f"{count / factor:.1f} {unit}"
    return f"{count / 1e3:.0f} KB"
