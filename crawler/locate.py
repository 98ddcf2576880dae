"""From a record back to where it stands: the page or attachment, the row, and the label each value stood under."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from crawler import extract
from crawler.identity import apart, record_id
from crawler.items import Seen
from crawler.registry import portal_of
from db.evidence import EvidenceStore
from db.models import Evidence, Portal, Publication
from standard import kinds


@dataclass(frozen=True)
class Located:
    """Where a published record was seen. `row` counts the records of its page from 1; None: read from data of a script."""

    record_id: str
    evidence: str
    url: str | None
    attachment: str | None
    row: int | None
    rows: int | None
    values: dict[str, str]  # label as it stood -> text as it stood (personal data masked)

    def lines(self) -> list[str]:
        """For people."""
        where = f"第 {self.row} 条（该页共 {self.rows} 条）" if self.row else "由页面脚本的数据读出，没有行号"
        said = [
            f"记录：{self.record_id}",
            f"页面：{self.url or ''}",
            f"附件：{self.attachment or '无'}",
            f"位置：{where}",
        ]
        return said + [f"　{label}：{text}" for label, text in self.values.items()]


def locate(session: Session, store: EvidenceStore, identity: str) -> Located | None:
    """Where the record of this id was seen; None when no portal showed it. Raises as `EvidenceStore.get`."""
    publication = session.get(Publication, identity)
    if publication is None or publication.evidence is None:
        return None
    evidence = session.get(Evidence, publication.evidence)
    stored = store.get(session, publication.evidence)
    row: int | None = None
    rows: int | None = None
    if evidence is not None and stored is not None:
        portal = portal_of(session.get_one(Portal, publication.portal_id).entry, publication.portal_id)
        kind = portal.kind if portal.kind in kinds.KINDS else "auto"
        reading = extract.read(
            stored.body, stored.url, stored.content_type, kind, title=publication.document_title or "",
            lookups=portal.lookups.columns,
        )  # fmt: skip
        found = [number for number, seen in enumerate(reading.rows, start=1) if _is(session, portal.id, seen, identity)]
        if found:
            row, rows = found[0], len(reading.rows)
    return Located(
        identity, publication.evidence, publication.url, publication.attachment, row, rows, dict(publication.raw)
    )


def _is(session: Session, portal_id: str, seen: Seen, identity: str) -> bool:
    """Whether a row is the record of this id; a row that stands apart is no record of the id it would share."""
    name = record_id(portal_id, seen)
    own = apart(name, seen)
    if own is not None and own == identity:
        return True
    return name == identity and (own is None or session.get(Publication, own) is None)
