"""The wider kinds beside 双公示 (kinds.yml): the values that only they have, and what may be kept of the persons in them.

They are read through the same door as licences and penalties (`standard.record.make`); what is no column of a record stands
in `own`. They are validated and counted, and never compared.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from standard import privacy, record, values
from standard.editions import EDITIONS
from standard.fields import FIELDS
from standard.kinds import KINDS

# Found in texts that name nobody: what may be kept of a kind that is mostly about natural persons.
_IMPERSONAL = frozenset(
    ["kind", "document_number", "document_number_key", "document_number_weak", "case_name", "category", "basis",
     "decision_date", "valid_from", "valid_to", "publicity_until", "authority", "authority_code", "source_unit",
     "source_unit_code", "status", "counterparty_type"]
)  # fmt: skip
_IMPERSONAL_OWN = frozenset(["amount_yuan", "recipients", "item_code", "check_year", "place_name", "page_address"])
_NEVER_OWN = frozenset(
    ["person_id", "person_id_type", "representative_id", "representative_id_type", "ordinal", "reporting_unit",
     "received_at", "report_status", "error_reason", "stated_published_on"]
)  # fmt: skip


@lru_cache(maxsize=64)
def own_fields(kind: str) -> tuple[str, ...]:
    """The fields of that kind's templates that are no columns of a record, in template order."""
    found = (column.field for edition in EDITIONS.values() for column in edition.templates.get(kind, ()))
    return tuple(dict.fromkeys(field for field in found if not FIELDS[field].column and field not in _NEVER_OWN))


def own(kind: str, texts: Mapping[str, object], money: Mapping[str, str | None] | None = None) -> dict[str, Any]:
    """The values of the fields that are no columns, canonical: dates ISO, amounts in yuan, texts masked.

    Never raises on any text. An amount without a unit is in 万元, as the templates say.

    >>> own("levy", {"amount_yuan": "1.5", "pay_by": "2026年9月1日", "counterparty": "甲公司"})
    {'amount_yuan': 15000.0, 'pay_by': '2026-09-01'}
    >>> own("ruling", {"respondent": "李四"})
    {'respondent': '李某'}
    """
    units = money or {}
    found: dict[str, Any] = {}
    for field in sorted(texts.keys() & FIELDS.keys()):
        entry = FIELDS[field]
        text = values.clean_text(texts[field])
        if entry.column or field in _NEVER_OWN or text is None:
            continue
        if entry.type == "money":
            found[field] = values.yuan(text, units.get(field) or "wan")
        elif entry.type == "date":
            day = values.date(text)
            found[field] = text if day is None else day.isoformat()
        elif entry.type == "name":
            person = record.party(text, None, b"")[0] == "natural_person"
            found[field] = privacy.mask_person(text) if person else privacy.mask(text)
        else:
            found[field] = privacy.mask(text)
    return {field: value for field, value in found.items() if value is not None}


def without_persons(kind: str, row: dict[str, Any], own_values: dict[str, Any]) -> None:
    """Of a natural person in a kind such as 行政给付 nothing is kept: the record stays to be counted, without anybody in it.

    `row` and `own_values` are changed in place. An organisation (补偿 to a firm) stays as it is.
    """
    if not KINDS[kind].impersonal:
        return
    if row.get("counterparty_type") in ("organisation", "sole_trader"):
        # A person beside a column of representatives passes for a firm elsewhere; here the name must say that it is one.
        if record.party(row.get("counterparty"), None, b"")[0] != "natural_person":
            return
        row["counterparty_type"] = "natural_person"
    for name in record.COLUMNS:
        if name not in _IMPERSONAL:
            row[name] = None
    row["raw"] = {}
    row["defects"] = [defect for defect in row.get("defects", []) if defect["field"] in _IMPERSONAL | _IMPERSONAL_OWN]
    for name in own_values.keys() - _IMPERSONAL_OWN:
        del own_values[name]


def content_hash(row_hash: str, own_values: Mapping[str, Any]) -> str:
    """A record's hash with the values that are no columns: a new amount is a new version."""
    said = json.dumps(own_values, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(f"{row_hash}\x1f{said}".encode("utf-8", "replace")).hexdigest()


def identity(kind: str, given: str, key: bytes) -> str:
    """The identity of a row without what could be guessed from it: persons stand in it, so it is made with our key."""
    return hmac.digest(key, f"{kind}|{given}".encode("utf-8", "replace"), "sha256").hex()[:32]


def complete(row: dict[str, Any], texts: Mapping[str, object], money: Mapping[str, str | None] | None = None) -> None:
    """A record of a wider kind made whole, in place: `own` added, persons of an impersonal kind left out, its hash anew."""
    kind = row["kind"]
    row["own"] = own(kind, texts, money)
    without_persons(kind, row, row["own"])
    row["content_hash"] = content_hash(row["content_hash"], row["own"])


def nameless(texts: Mapping[str, object]) -> str:
    """What tells a row apart that has neither a number nor a party: all it says. Empty when it has one of them."""
    if texts.get("document_number") or texts.get("counterparty"):
        return ""
    return json.dumps({field: str(text) for field, text in texts.items()}, ensure_ascii=False, sort_keys=True)
