"""Counts before scores: what every rate and every score is computed from, per unit and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from assessment.engine import Engine, F, Frame, join, yes
from assessment.facts import Facts, date_of
from assessment.findings import CONFIRMED

VERDICTS = ("agreed", "differs", "not_submitted", "not_published", "not_due", "exempt", "unknown", "question")
STATES = ("on_time", "late", "missing", "undecided")
COUNTS = (
    "decisions",
    *VERDICTS,
    "published",
    "published_person",
    "submitted",
    "submitted_person",
    "records_published",
    "records_submitted",
    "report_due",
    *(f"report_{state}" for state in STATES),
    "publish_due",
    *(f"publish_{state}" for state in STATES),
    "checked",
    "compliant",
    "fields_required",
    "fields_filled",
    "compared",
    "consistent",
    "due",
)
KINDS = ("licence", "penalty")
COLUMNS = ("portals", "blind", "missing", "unreachable", "empty")
# Outcomes that say more about us than about the column.
_BLIND = {"blocked", "script_list", "link_out", "shell", "error"}
Counts = dict[str, int]


def count(engine: Engine) -> dict[str, dict[str, Counts]]:
    """unit -> licence | penalty | all -> COUNTS, for every active unit and every unit that has cases."""
    made = {row["unit_id"]: _empty() for row in engine.rows(engine.table("units").where(F.col("active")), ["unit_id"])}
    for frame in (_of_cases(engine), _of_submissions(engine)):
        for row in engine.rows(frame, ["unit_id", "kind"]):
            kinds = made.setdefault(row["unit_id"], _empty())
            for name, value in row.items():
                if name in COUNTS:
                    kinds[row["kind"]][name] += int(value or 0)
    for kinds in made.values():
        for name in COUNTS:
            kinds["all"][name] = sum(kinds[kind][name] for kind in KINDS)
    return dict(sorted(made.items()))


def total(units: Iterable[Mapping[str, Counts]]) -> dict[str, Counts]:
    """The sum over units."""
    made = _empty()
    for kinds in units:
        for kind, counts in kinds.items():
            for name in COUNTS:
                made[kind][name] += counts[name]
    return made


def _empty() -> dict[str, Counts]:
    return {kind: dict.fromkeys(COUNTS, 0) for kind in (*KINDS, "all")}


def _of_cases(engine: Engine) -> Frame:
    def number(condition: Any, name: str) -> Any:
        return F.sum(F.when(yes(condition), 1).otherwise(0)).alias(name)

    duties = [
        number(F.col(f"{duty}_state") == state, f"{duty}_{state}") for duty in ("report", "publish") for state in STATES
    ]
    due = [
        number(F.col(f"{duty}_state").isin("on_time", "late", "missing"), f"{duty}_due")
        for duty in ("report", "publish")
    ]
    either = F.col("report_state").isin("on_time", "late", "missing") | F.col("publish_state").isin(
        "on_time", "late", "missing"
    )
    both = F.col("verdict").isin("agreed", "differs")
    return (
        engine.table("cases")
        .where(F.col("judged"))
        .groupBy("unit_id", "kind")
        .agg(
            F.count("decision").alias("decisions"),
            *(number(F.col("verdict") == verdict, verdict) for verdict in VERDICTS),
            number(F.col("has_p"), "published"),
            number(F.col("has_p") & F.col("person"), "published_person"),
            number(F.col("has_s"), "submitted"),
            number(F.col("has_s") & F.col("person"), "submitted_person"),
            F.sum(F.coalesce(F.col("count_pub"), F.lit(0))).alias("records_published"),
            F.sum(F.coalesce(F.col("count_sub"), F.lit(0))).alias("records_submitted"),
            *duties,
            *due,
            number(either, "due"),
            number(both, "compared"),
            number(F.col("verdict") == "agreed", "consistent"),
        )
    )


def _of_submissions(engine: Engine) -> Frame:
    """合规率 and 字段完整率 are about what was reported: every submitted record of the period."""
    judged = engine.table("cases").where(F.col("judged")).select("decision", F.col("unit_id").alias("case_unit"))
    grave = engine.table("defects").where((F.col("source") == "submission") & (F.col("severity") == "E"))
    wrong = (
        grave.where(F.col("code").isin("field_missing", "field_invalid"))
        .groupBy("record_id")
        .agg(F.sum(F.when(F.col("code") == "field_missing", 1).otherwise(0)).alias("missing"))
    )
    rows = join(join(engine.table("subs"), judged, ["decision"], "inner"), wrong, ["record_id"], "left")
    missing = F.coalesce(F.col("missing"), F.lit(0))
    return (
        rows.groupBy("case_unit", "kind")
        .agg(
            F.count("record_id").alias("checked"),
            F.sum(F.when(F.col("missing").isNull(), 1).otherwise(0)).alias("compliant"),
            F.sum("required_fields").alias("fields_required"),
            F.sum(F.col("required_fields") - missing).alias("fields_filled"),
        )
        .withColumnRenamed("case_unit", "unit_id")
    )


# ---------------------------------------------------------------- the summary


def tally(findings: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """code -> level -> n."""
    made: dict[str, dict[str, int]] = {}
    for finding in findings:
        levels = made.setdefault(finding["code"], {})
        levels[finding["level"]] = levels.get(finding["level"], 0) + 1
    return {code: dict(sorted(levels.items())) for code, levels in sorted(made.items())}


def confirmed(findings: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """code -> how many cost points: fail or warn, and confirmed or beyond."""
    counter = Counter(
        finding["code"]
        for finding in findings
        if finding["level"] in ("fail", "warn") and finding["state"] in CONFIRMED
    )
    return dict(sorted(counter.items()))


def lines(pairs: Iterable[Mapping[str, Any]], elsewhere: int) -> dict[str, int]:
    made = {"pairs": 0, "same_decision": 0, "elsewhere": elsewhere, "publications": 0, "submissions": 0}
    for pair in pairs:
        made["pairs"] += 1
        made["same_decision"] += pair["rule"] == "same_decision"
        made["publications"] += pair["published"] is not None
        made["submissions"] += pair["submitted"] is not None
    return made


def exempt_grounds(engine: Engine, facts: Facts) -> dict[str, dict[str, Any]]:
    ground = F.when(F.col("has_s"), F.col("publish_ground")).otherwise(F.col("report_ground"))
    exempt = engine.table("cases").where(F.col("judged") & (F.col("verdict") == "exempt")).withColumn("why", ground)
    rows = engine.rows(exempt.groupBy("why").agg(F.count("decision").alias("n")), ["why"])
    return {row["why"]: {"title": facts.grounds[row["why"]], "n": row["n"]} for row in rows}


def coverage(engine: Engine, facts: Facts) -> dict[str, Any]:
    """What we could see: looks of the period by outcome, portals never seen whole, last complete look of each."""
    looks = (
        engine.table("coverage")
        .withColumn("looked_on", date_of("looked_at"))
        .where((F.col("looked_on") >= F.lit(facts.first)) & (F.col("looked_on") <= F.lit(facts.as_of)))
    )
    by_portal: dict[str, dict[str, int]] = {}
    last_reason: dict[str, str] = {}
    last_complete: dict[str, str | None] = {}
    unread = 0
    for look in engine.rows(looks, ["portal_id", "looked_at", "crawl_id"]):
        outcomes = by_portal.setdefault(look["portal_id"], {})
        outcomes[look["outcome"]] = outcomes.get(look["outcome"], 0) + 1
        last_reason[look["portal_id"]] = look["reason"]
        unread += look["unread"] or 0
        if look["outcome"] in ("complete", "column_empty"):
            last_complete[look["portal_id"]] = look["looked_on"].isoformat()
    names = {row["unit_id"]: row["name"] for row in engine.rows(engine.table("units"), ["unit_id"])}
    portals = list(engine.rows(engine.table("portals").where(F.col("active")), ["portal_id"]))
    outcomes_all = Counter({})  # type: Counter[str]
    for outcomes in by_portal.values():
        outcomes_all.update(outcomes)
    return {
        "looks": sum(outcomes_all.values()),
        "by_outcome": dict(sorted(outcomes_all.items())),
        "portals": len(portals),
        "never_complete": [
            {
                "portal": row["portal_id"],
                "title": row["title"],
                "unit": row["unit_id"],
                "unit_name": names.get(row["unit_id"]),
                "looks": sum(by_portal.get(row["portal_id"], {}).values()),
                "outcomes": dict(sorted(by_portal.get(row["portal_id"], {}).items())),
                "last_reason": last_reason.get(row["portal_id"], "本期没有查看"),
            }
            for row in portals
            if row["portal_id"] not in last_complete
        ],
        "last_complete": {row["portal_id"]: last_complete.get(row["portal_id"]) for row in portals},
        "unread": unread,
    }


def columns(
    engine: Engine, findings: Iterable[Mapping[str, Any]], seen: Mapping[str, Any]
) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Columns by state: of the whole city, and unit -> COLUMNS (confirmed faults only)."""
    found = [f for f in findings if f["dimension"] == "portals" and f["level"] in ("fail", "warn")]
    portals = engine.table("portals").where(F.col("active") & F.col("kind").isin(*KINDS, "both"))
    units: dict[str, dict[str, int]] = {}
    blind = {entry["portal"]: entry["outcomes"] for entry in seen["never_complete"]}
    known: set[str] = set()
    for row in engine.rows(portals, ["portal_id"]):
        mine = units.setdefault(row["unit_id"], dict.fromkeys(COLUMNS, 0))
        mine["portals"] += 1
        # Blocked, not understood or never looked at: nothing can be said of it, good or bad.
        mine["blind"] += set(blind.get(row["portal_id"], ())) <= _BLIND and row["portal_id"] in blind
        known.add(row["portal_id"])
    for finding in found:
        fault = finding["code"].removeprefix("column_")
        if finding["state"] in CONFIRMED and finding["unit_id"] in units and fault in COLUMNS:
            units[finding["unit_id"]][fault] += 1
    return {
        "portals": len(known),
        "reached": len(known - blind.keys()),
        **{name: sum(f["code"] == f"column_{name}" for f in found) for name in ("missing", "unreachable", "empty")},
        "blocked": sum("blocked" in outcomes for portal, outcomes in blind.items() if portal in known),
    }, units
