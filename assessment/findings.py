"""From checks to findings: each row rendered in words a unit understands, with its basis and its proof."""

from __future__ import annotations

import datetime
import hashlib
import string
from collections.abc import Iterator
from typing import Any

from assessment.checks import Check, all_checks
from assessment.engine import Engine
from assessment.facts import Facts
from assessment.pairing import RULE_TITLES
from standard.fields import FIELDS

# States in which a fail or warn costs points: confirmed by a person or by the settings, and everything after that.
CONFIRMED = ("confirmed", "notified", "rectifying", "appealing", "rechecking", "closed", "returned", "overdue")
_CONTRACT = (
    "document_number",
    "counterparty",
    "decision_date",
    "published_from",
    "published_to",
    "received_at",
    "field",
    "published_value",
    "submitted_value",
    "portal_id",
    "url",
    "evidence",
)


def find(engine: Engine, facts: Facts, confirm: frozenset[str]) -> list[dict[str, Any]]:
    """Every finding of the period as a row of table `finding`, ordered by code and id."""
    reviews = {row["finding_id"]: row["state"] for row in engine.rows(engine.table("reviews"), ["finding_id"])}
    made = [finding for check in all_checks() for finding in _of(check, engine, facts)]
    for finding in made:
        finding["state"] = _state(finding, reviews, confirm)
    return sorted(made, key=lambda finding: (finding["code"], finding["finding_id"]))


def finding_id(facts: Facts, code: str, unit_id: str, kind: str | None, subject: str) -> str:
    """The same thing found again has the same id, so that people's decisions on it are found again too."""
    return hashlib.sha256("|".join((facts.period, code, unit_id, kind or "", subject)).encode()).hexdigest()[:32]


def _of(check: Check, engine: Engine, facts: Facts) -> Iterator[dict[str, Any]]:
    outcomes = check.outcomes()
    names = engine.table(check.over).columns
    for row in engine.rows(check.apply(engine, names), ["subject", "unit_id", "field", "decision"]):
        outcome = outcomes[row["outcome"]]
        row["due_date"] = _due(check, row)
        basis = row[f"{check.limit}_basis"] if check.limit is not None else None
        subject = row["subject"] if row["field"] is None else f"{row['subject']}|{row['field']}"
        yield {
            "period": facts.period,
            "finding_id": finding_id(facts, check.id, row["unit_id"], row["kind"], subject),
            "unit_id": row["unit_id"],
            "kind": row["kind"],
            "code": check.id,
            "level": outcome.level,
            "dimension": check.dimension,
            **{name: row[name] for name in _CONTRACT},
            **{name: _shown_value(row[name]) for name in ("published_value", "submitted_value")},
            "due_date": row["due_date"],
            "days_late": row["days_late"],
            "basis": basis or check.basis,
            "message": _Words().vformat(outcome.message, (), _shown(row, facts)),
            "proof": _proof(check, row, facts),
        }


def _due(check: Check, row: dict[str, Any]) -> datetime.date | None:
    if check.limit == "report":
        return row["report_due_moved"]  # type: ignore[no-any-return]
    if check.limit == "publish":
        return row["publish_due"]  # type: ignore[no-any-return]
    return row["due_date"]  # type: ignore[no-any-return]


def _state(finding: dict[str, Any], reviews: dict[str, str], confirm: frozenset[str]) -> str:
    """The latest decision of a person; else confirmed by the settings; else what the level itself says."""
    if finding["finding_id"] in reviews:
        return reviews[finding["finding_id"]]
    if finding["level"] in ("fail", "warn") and finding["code"] in confirm:
        return "confirmed"
    return {"exempt": "exempt", "not_due": "normal"}.get(finding["level"], "suspected")


class _Words(string.Formatter):
    """Fills `{name}`; what is unknown reads 不详 and never `None`."""

    def format_field(self, value: Any, format_spec: str) -> str:
        return "不详" if value is None else str(value)


def _shown(row: dict[str, Any], facts: Facts) -> dict[str, Any]:
    shown = {name: _shown_value(value) for name, value in row.items()}
    ground = row.get("publish_ground") if row.get("only_s") else row.get("report_ground")
    note = row.get("ground_note")
    label = FIELDS[row["field"]].label_for(row["kind"]) if row["field"] in FIELDS else row["field"]
    return shown | {
        "field_label": label,
        "told_until": facts.submissions_until,
        "ground_words": f"{facts.grounds.get(ground or '', '')}{f'（{note}）' if note else ''}",
        "outage_note": f"，已扣除平台中断 {row['outage_days']} 个工作日" if row.get("outage_days") else "",
        "where": {"publication": "网上公示的", "submission": "报送记录的"}.get(str(row.get("source")), ""),
        "rule_title": RULE_TITLES.get(row["rule"] or "", "要素相同"),
        "stated": _shown_value(row.get("stated") or row.get("p_stated_published_on")) or "未标注",
        "published_from": row["published_from"] or "首次查看之前",
    }


def _shown_value(value: Any) -> Any:
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%d %H:%M").removesuffix(" 00:00")
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, str) and value.endswith(".0") and value[:-2].isdigit():
        return value[:-2]
    return value


def _proof(check: Check, row: dict[str, Any], facts: Facts) -> dict[str, Any]:
    """What survives an appeal. `exemptions_tested` names every ground that was looked for, `ground` the one that holds."""
    tested = sorted(facts.grounds) if check.over in ("cases", "publication_cases") else []
    ground = row.get("publish_ground") if check.limit == "publish" else row.get("report_ground")
    numbers = {
        name: row.get(name)
        for name in ("outage_days", "windows", "proof_day", "proof_looks", "severity", "defect_rule", "looks")
    }
    return {
        "check": check.id,
        "version": check.version,
        "subject": row["subject"],
        "decision": row["decision"],
        "published": row["published"],
        "submitted": row["submitted"],
        "rule": row["rule"],
        "rule_title": RULE_TITLES.get(row["rule"] or ""),
        "crawl": row["crawl"],
        "exemptions_tested": tested,
        "ground": ground if check.limit is not None else None,
        "provisional": bool(row["provisional"]),
        "explanation": check.explanation,
        "cure": row.get("cure") or check.cure,
        "facts": {name: str(value) for name, value in numbers.items() if value is not None},
    }
