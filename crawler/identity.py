"""A publication's identity: from raw fields only, so that better cleaning never changes it."""

from __future__ import annotations

import hashlib
import re
import unicodedata

from crawler.items import Seen

_YEAR = re.compile(r"[\[(〔【﹝〈《{「『〖](?:19|20)\d\d年?[\])〕】﹞〉》}」』〗]")
_HIDDEN = re.compile(r"[*×○某]")


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


def apart(name: str, seen: Seen) -> str | None:
    """The identity of a row beside others of the same `record_id` that are other decisions; None where there are none.

    A number of its own year and a whole name are one decision. A certificate keeps its number when it is changed, one
    party may be punished twice on a day, and 王* under one number may be several persons.
    """
    fields = seen.fields
    said = squeeze(fields.get("fine_yuan") or fields.get("content") or fields.get("content_and_basis"))
    parts = [name, said]
    if not _YEAR.search(squeeze(fields.get("document_number"))):
        day = fields.get("decision_date") or fields.get("authority_and_date")
        parts += [squeeze(day), squeeze(fields.get("case_name") or fields.get("licence_name"))]
    elif not _HIDDEN.search(squeeze(fields.get("counterparty"))):
        return None
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def squeeze(text: str | None) -> str:
    """Raw text without blanks and differences of width.

    >>> squeeze("示罚字 〔2026〕 １号")
    '示罚字〔2026〕1号'
    """
    return "".join(unicodedata.normalize("NFKC", text or "").split())
