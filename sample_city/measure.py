"""Findings laid beside the truth: recall and precision of every code, and look-alikes that were accused."""

from __future__ import annotations

import datetime
from collections import defaultdict
from typing import Any

from sample_city.city import City, Expected, LookAlike
from standard.values import document_number_key

ACCUSING = ("fail", "warn")


def measure(findings: list[dict[str, Any]], city: City) -> dict[str, Any]:
    """Compare findings (keys of the contract) with the truth.

    A finding counts when it accuses, or asks (level question) under a code whose truth is a question. Per code:
    seeded, found, recall, precision, missed, wrong; beside them the look-alikes that were accused.
    """
    asked = {e.code for e in city.truth if e.level == "question"}
    counted = [f for f in findings if f["level"] in ACCUSING or (f["level"] == "question" and f["code"] in asked)]
    truth: dict[str, list[Expected]] = defaultdict(list)
    for expected in city.truth:
        truth[expected.code].append(expected)
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for finding in counted:
        said[finding["code"]].append(finding)
    codes: dict[str, Any] = {}
    for code in sorted(truth.keys() | said.keys()):
        found = [e for e in truth[code] if any(_fits(f, e) for f in said[code])]
        right = [f for f in said[code] if any(_fits(f, e) for e in truth[code])]
        codes[code] = {
            "seeded": len(truth[code]),
            "found": len(found),
            "reported": len(said[code]),
            "recall": round(len(found) / len(truth[code]), 4) if truth[code] else None,
            "precision": round(len(right) / len(said[code]), 4) if said[code] else None,
            "missed": [_expected(e) for e in truth[code] if e not in found],
            "wrong": [_finding(f) for f in said[code] if f not in right],
        }
    reported = [_lookalike(look, f) for look in city.lookalikes for f in counted if _accused(f, look)]
    return {
        "codes": codes,
        "lookalikes": {"seeded": len(city.lookalikes), "reported": reported},
        "lookalikes_reported": reported,
    }


def _number(text: Any) -> str | None:
    return document_number_key(text) if text else None


def _date(value: Any) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, str) and value:
        return datetime.date.fromisoformat(value[:10])
    return value if isinstance(value, datetime.date) else None


def _fits(finding: dict[str, Any], expected: Expected) -> bool:
    """The finding says what the truth says: same unit, kind, field, and decision or column; equally grave."""
    if finding["unit"] != expected.unit or (finding["level"] == "question") != (expected.level == "question"):
        return False
    if expected.kind is not None and finding.get("kind") not in (expected.kind, "both", None):
        return False
    if expected.field is not None and finding.get("field") not in (expected.field, None):
        return False
    if expected.document_number is None:
        return expected.portal is None or finding.get("portal") == expected.portal
    if finding.get("document_number"):
        return _number(finding["document_number"]) == _number(expected.document_number)
    return finding.get("counterparty") == expected.counterparty and _date(finding.get("decision_date")) in (
        expected.decision_date,
        None,
    )


def _accused(finding: dict[str, Any], look: LookAlike) -> bool:
    if finding["code"] not in look.forbidden or finding["unit"] != look.unit:
        return False
    if look.kind is not None and finding.get("kind") not in (look.kind, None):
        return False
    if look.document_number is None:
        return look.portal is None or finding.get("portal") == look.portal
    return bool(finding.get("document_number")) and _number(finding["document_number"]) == _number(look.document_number)


def _expected(e: Expected) -> dict[str, Any]:
    return {
        "unit": e.unit,
        "kind": e.kind,
        "document_number": e.document_number,
        "field": e.field,
        "portal": e.portal,
        "why": e.why,
    }


def _finding(f: dict[str, Any]) -> dict[str, Any]:
    return {
        key: str(f[key]) if f.get(key) is not None else None
        for key in ("level", "unit", "kind", "document_number", "field", "portal", "message")
    }


def _lookalike(look: LookAlike, f: dict[str, Any]) -> dict[str, Any]:
    return {
        "why": look.why,
        "document_number": look.document_number,
        "portal": look.portal,
        **{"code": f["code"]},
        **_finding(f),
    }
