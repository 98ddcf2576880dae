"""Counts before scores: what every rate and every score is computed from, per unit and kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assessment import leads
from assessment.engine import Answer, Engine, F, Frame, join, yes
from assessment.facts import Facts, date_of, within
from assessment.findings import CONFIRMED
from assessment.scheme import Scheme
from assessment.settled import all_cases, settled_cases

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
COLUMNS = ("portals", "blind", "missing", "unreachable", "empty", "undated", "dead")
# Outcomes that say more about us than about the column.
_BLIND = {"blocked", "script_list", "link_out", "shell", "error"}
Counts = dict[str, int]


@dataclass
class Asked:
    """Every row the counts are made of, asked for at once, so that no table is made for them twice."""

    units: Answer
    cases: Answer
    submissions: Answer
    tallies: Answer  # unit, code, level, state, on_field -> n
    wrong: Answer  # unit -> confirmed wrong records, each once
    differing: Answer
    late: Answer  # unit, code -> confirmed, and beyond each of the scheme's own lines
    pairs: Answer
    elsewhere: Answer
    grounds: Answer
    looks: Answer
    portals: Answer
    items: Answer
    provisional: Answer
    leads: Answer
    number_gaps: Answer


def ask(engine: Engine, facts: Facts, scheme: Scheme, pairs: Frame) -> Asked:
    """From the case tables, table `found` and the pair rows."""
    found, cases = engine.table("found"), engine.table("cases")
    sure = F.col("level").isin("fail", "warn") & F.col("state").isin(*sorted(CONFIRMED))
    told = found.where(sure & (F.col("level") == "fail") & F.col("submitted").isNotNull())
    told = told.where(F.col("code").isin("field_missing", "field_invalid"))
    wrong = told.groupBy("unit_id").agg(
        F.count_distinct("submitted").alias("noncompliant"),
        F.sum(F.when(F.col("code") == "field_missing", 1).otherwise(0)).alias("missing_fields"),
    )
    differing = found.where(sure & (F.col("code") == "values_differ")).groupBy("unit_id")
    # `code>n`: late by the scheme's own line of n working days after the decision.
    taken = F.coalesce(F.col("limit_days"), F.lit(0)) + F.coalesce(F.col("days_late"), F.lit(0))
    late = found.where(sure & F.col("code").isin(*_LATE)).groupBy("unit_id", "code")
    beyond = [F.sum(F.when(taken > line, 1).otherwise(0)).alias(f"beyond_{line}") for line in sorted(scheme.late_lines)]
    settled = settled_cases(engine, facts)
    settled = settled.select(
        F.lit(False).alias("further"), "decision", F.col("p").alias("published"), F.col("s").alias("submitted")
    )
    rows = pairs.select(*settled.columns).unionByName(settled)
    rows = rows.groupBy("further").agg(
        F.count("decision").alias("pairs"),
        F.count("published").alias("publications"),
        F.count("submitted").alias("submissions"),
    )
    looks = (
        engine.table("coverage")
        .withColumn("looked_on", date_of("looked_at"))
        .where((F.col("looked_on") >= F.lit(facts.first)) & (F.col("looked_on") <= F.lit(facts.as_of)))
    )
    # Provisional as soon as any deadline of the period's days is, whether or not a decision of that day is known yet.
    days = engine.table("deadlines").where(within("day", facts) & F.col("provisional"))
    tallied = found.withColumn("on_field", F.col("field").isNotNull())
    tallied = tallied.groupBy("unit_id", "dimension", "code", "level", "state", "on_field").agg(
        F.count("subject").alias("n")
    )
    return Asked(
        engine.ask(engine.table("units"), ["unit_id"]),
        engine.ask(_of_cases(engine, facts), ["unit_id", "kind"]),
        engine.ask(_of_submissions(engine), ["unit_id", "kind"]),
        engine.ask(tallied, ["unit_id", "code", "level", "state", "on_field"]),
        engine.ask(wrong, ["unit_id"]),
        engine.ask(differing.agg(F.count_distinct("decision").alias("inconsistent")), ["unit_id"]),
        engine.ask(late.agg(F.count("subject").alias("all"), *beyond), ["unit_id", "code"]),
        engine.ask(rows, ["further"]),
        engine.ask(cases.where(~F.col("judged")).groupBy("judged").agg(F.count("decision").alias("n")), ["judged"]),
        engine.ask(_exempt_grounds(cases), ["why"]),
        engine.ask(looks, ["portal_id", "looked_at", "crawl_id"]),
        engine.ask(engine.table("portals").where(F.col("active")), ["portal_id"]),
        engine.ask(engine.table("unit_cases").select("subject", "item_count"), ["subject"]),
        engine.ask(days.groupBy("kind").agg(F.count("day").alias("days")), ["kind"]),
        engine.ask(leads.leads(engine, facts), leads.ORDER),
        engine.ask(leads.gaps(engine, facts), leads.GAP_ORDER),
    )


_LATE = ("submitted_late", "published_late")
NO_RECORDS: Counts = {"noncompliant": 0, "inconsistent": 0, "missing_fields": 0}


def records(asked: Asked) -> dict[str, Counts]:
    """unit -> what the scores count beside confirmed findings: wrong records, each once, and lateness by the scheme's lines."""
    made: dict[str, Counts] = {}
    for rows in (asked.wrong, asked.differing):
        for row in rows:
            counts = {name: int(value) for name, value in row.items() if name != "unit_id"}
            made.setdefault(row["unit_id"], {}).update(counts)
    for row in asked.late:
        for name, value in row.items():
            if name.startswith("beyond_"):
                made.setdefault(row["unit_id"], {})[f"{row['code']}>{name.removeprefix('beyond_')}"] = int(value)
    return made


def count(units: Iterable[Mapping[str, Any]], *counted: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Counts]]:
    """unit -> licence | penalty | all -> COUNTS, for every active unit and every unit that has cases."""
    made = {row["unit_id"]: _empty() for row in units if row["active"]}
    for rows in counted:
        for row in rows:
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


def _of_cases(engine: Engine, facts: Facts) -> Frame:
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
    names = ("judged", "unit_id", "kind", "decision", "verdict", "has_p", "has_s", "person", "count_pub", "count_sub")
    return (
        all_cases(engine, facts, *names, "publish_state", "report_state")
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
    rows = rows.drop("unit_id").withColumnRenamed("case_unit", "unit_id")
    columns = ("record_id", "unit_id", "kind", "required_fields", "missing")
    settled = engine.table("settled").where(F.col("in_period")).withColumn("record_id", F.col("s"))
    settled = settled.withColumn("missing", F.lit(None).cast("bigint"))
    missing = F.coalesce(F.col("missing"), F.lit(0))
    return (
        rows.select(*columns)
        .unionByName(settled.select(*columns))
        .groupBy("unit_id", "kind")
        .agg(
            F.count("record_id").alias("checked"),
            F.sum(F.when(F.col("missing").isNull(), 1).otherwise(0)).alias("compliant"),
            F.sum("required_fields").alias("fields_required"),
            F.sum(F.col("required_fields") - missing).alias("fields_filled"),
        )
    )


# ---------------------------------------------------------------- the summary


def tally(tallies: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int]]:
    """code -> level -> n."""
    made: dict[str, dict[str, int]] = {}
    for row in tallies:
        levels = made.setdefault(row["code"], {})
        levels[row["level"]] = levels.get(row["level"], 0) + row["n"]
    return {code: dict(sorted(levels.items())) for code, levels in sorted(made.items())}


def confirmed(tallies: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """code -> how many cost points: fail or warn, and confirmed or beyond."""
    counter: Counter[str] = Counter()
    for row in tallies:
        if row["level"] in ("fail", "warn") and row["state"] in CONFIRMED:
            counter[row["code"]] += row["n"]
    return dict(sorted(counter.items()))


def lines(pairs: Iterable[Mapping[str, Any]], elsewhere: int) -> dict[str, int]:
    """Of the rows of `pair`: how many there are, and the records in them."""
    made = {"pairs": 0, "same_decision": 0, "elsewhere": elsewhere, "publications": 0, "submissions": 0}
    for row in pairs:
        made["pairs"] += row["pairs"]
        made["same_decision"] += row["pairs"] if row["further"] else 0
        made["publications"] += row["publications"]
        made["submissions"] += row["submissions"]
    return made


def _exempt_grounds(cases: Frame) -> Frame:
    ground = F.when(F.col("has_s"), F.col("publish_ground")).otherwise(F.col("report_ground"))
    exempt = cases.where(F.col("judged") & (F.col("verdict") == "exempt")).withColumn("why", ground)
    return exempt.groupBy("why").agg(F.count("decision").alias("n"))


def exempt_grounds(rows: Iterable[Mapping[str, Any]], facts: Facts) -> dict[str, dict[str, Any]]:
    return {row["why"]: {"title": facts.grounds[row["why"]], "n": row["n"]} for row in rows}


def coverage(
    looks: Iterable[Mapping[str, Any]], units: Iterable[Mapping[str, Any]], portals: Sequence[Mapping[str, Any]]
) -> dict[str, Any]:
    """What we could see: looks of the period by outcome, portals never seen whole, last complete look of each."""
    by_portal: dict[str, dict[str, int]] = {}
    last_reason: dict[str, str] = {}
    last_complete: dict[str, str | None] = {}
    unread = 0
    for look in looks:
        outcomes = by_portal.setdefault(look["portal_id"], {})
        outcomes[look["outcome"]] = outcomes.get(look["outcome"], 0) + 1
        last_reason[look["portal_id"]] = look["reason"]
        unread += look["unread"] or 0
        if look["outcome"] in ("complete", "column_empty"):
            last_complete[look["portal_id"]] = look["looked_on"].isoformat()
    names = {row["unit_id"]: row["name"] for row in units}
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
    portals: Iterable[Mapping[str, Any]], tallies: Iterable[Mapping[str, Any]], seen: Mapping[str, Any]
) -> tuple[dict[str, int], dict[str, dict[str, int]]]:
    """Columns by state: of the whole city, and unit -> COLUMNS (confirmed faults only)."""
    found = [row for row in tallies if row["dimension"] == "portals" and row["level"] in ("fail", "warn")]
    units: dict[str, dict[str, int]] = {}
    blind = {entry["portal"]: entry["outcomes"] for entry in seen["never_complete"]}
    known: set[str] = set()
    for row in portals:
        if row["kind"] not in (*KINDS, "both"):
            continue
        mine = units.setdefault(row["unit_id"], dict.fromkeys(COLUMNS, 0))
        mine["portals"] += 1
        # Blocked, not understood or never looked at: nothing can be said of it, good or bad.
        mine["blind"] += set(blind.get(row["portal_id"], ())) <= _BLIND and row["portal_id"] in blind
        known.add(row["portal_id"])
    for row in found:
        fault = row["code"].removeprefix("column_").removesuffix("_link")
        if fault == "stale":  # silence alone costs nothing; entries without any date do
            fault = "undated" if row["on_field"] else ""
        if row["state"] in CONFIRMED and row["unit_id"] in units and fault in COLUMNS:
            units[row["unit_id"]][fault] += row["n"]
    return {
        "portals": len(known),
        "reached": len(known - blind.keys()),
        **{
            name: sum(row["n"] for row in found if row["code"] == f"column_{name}")
            for name in ("missing", "unreachable", "empty")
        },
        "blocked": sum("blocked" in outcomes for portal, outcomes in blind.items() if portal in known),
    }, units
