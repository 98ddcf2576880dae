"""A publication's identity: from raw fields only, so that better cleaning never changes it."""

from __future__ import annotations

import hashlib
import unicodedata

from crawler.items import Seen


def record_id(portal: str, seen: Seen) -> str:
    """Portal, kind, raw number and raw party; the date where there is no number; the matter where there is no party too."""
    fields = seen.fields
    number, party = squeeze(fields.get("document_number")), squeeze(fields.get("counterparty"))
    parts = [portal, seen.kind, number, party]
    if not number:
        parts.append(squeeze(fields.get("decision_date") or fields.get("authority_and_date")))
    if not number and not party:
        parts.append(squeeze(fields.get("case_name") or fields.get("licence_name")))
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def squeeze(text: str | None) -> str:
    """Raw text without blanks and differences of width.

    >>> squeeze("示罚字 〔2026〕 １号")
    '示罚字〔2026〕1号'
    """
    return "".join(unicodedata.normalize("NFKC", text or "").split())
