"""One row per decision with every fact a check may ask for; beside it one table for each other thing that is judged.

    cases               one decision: both sides' primary records, deadlines, exemptions, what we could see, verdict
    publication_cases   one record on one portal
    defect_cases        one defective field of one record
    difference_cases    one field in which both sides of a decision differ
    portal_cases        one portal with its looks in the period
    item_cases          one catalogue item · unit_cases: one unit · licence_cases: one licence beside the catalogue

All of them carry the columns of `STANDARD`, from which a finding is made.
"""

from __future__ import annotations

from assessment.differences import compared, differences
from assessment.engine import Engine, F, Frame, Window, all_of, any_of, join, yes
from assessment.exemptions import exempted, grounds, hidden_items
from assessment.facts import Facts, conform, date_of, within
from assessment.other_cases import (
    defect_cases,
    difference_cases,
    duplicate_cases,
    item_cases,
    licence_cases,
    portal_cases,
    publication_cases,
    unit_cases,
)
from assessment.publishing import publication_facts, publish_states
from assessment.sight import attempts, sight, windows


def make_cases(engine: Engine, facts: Facts) -> None:
    """All case tables, from the frozen inputs and the result of pairing."""
    _primaries(engine)
    base = engine.keep("case_base", _base(engine, facts))
    engine.keep("exempted", exempted(engine, base, facts))
    engine.keep("compared", compared(engine))
    engine.keep("differences", differences(engine))
    engine.keep("windows", windows(engine))
    engine.keep("publication_facts", publication_facts(engine, base))
    engine.keep("publish_states", publish_states(engine))
    engine.keep("cases", conform(_verdicts(_cases(engine, base, facts), facts)))
    engine.keep("publication_cases", conform(publication_cases(engine)))
    engine.keep("defect_cases", conform(defect_cases(engine)))
    engine.keep("duplicate_cases", conform(duplicate_cases(engine)))
    engine.keep("difference_cases", conform(difference_cases(engine)))
    engine.keep("portal_cases", conform(portal_cases(engine, facts)))
    engine.keep("unit_cases", conform(unit_cases(engine, facts)))
    engine.keep("item_cases", conform(item_cases(engine, facts)))
    engine.keep("licence_cases", conform(licence_cases(engine)))


_SHARED = (
    "kind",
    "unit_id",
    "document_number",
    "document_number_key",
    "counterparty",
    "counterparty_key",
    "counterparty_type",
    "counterparty_code",
    "category",
    "content",
    "case_key",
    "licence_key",
    "fine_yuan",
    "confiscation_yuan",
    "decision_date",
    "publicity_until",
    "publish_exemption",
    "report_exemption",
)


def _primaries(engine: Engine) -> None:
    published = engine.keep(
        "pubs", join(engine.table("publications"), engine.table("members_pub"), ["record_id"], "inner")
    )
    submitted = engine.keep(
        "subs", join(engine.table("submissions"), engine.table("members_sub"), ["record_id"], "inner")
    )
    engine.keep(
        "primary_pub",
        _first(
            published,
            "first_seen",
            "p",
            ("portal_id", "url", "evidence", "first_crawl", "first_seen", "absent_before", "stated_published_on"),
        ),
    )
    engine.keep("primary_sub", _first(submitted, "received_at", "s", ("received_at",)))
    for name, members in (("count_pub", published), ("count_sub", submitted)):
        engine.keep(
            name,
            members.groupBy("decision").agg(
                F.count("record_id").alias(name),
                F.min("decision_date").alias(f"{name}_from"),
                F.max("decision_date").alias(f"{name}_to"),
            ),
        )


def _first(members: Frame, moment: str, letter: str, own: tuple[str, ...]) -> Frame:
    """The earliest record of each decision, its columns marked with the side's letter."""
    nth = F.row_number().over(Window.partitionBy("decision").orderBy(moment, "record_id"))
    chosen = members.withColumn("nth", nth).where(F.col("nth") == 1)
    return chosen.select(
        "decision", F.col("record_id").alias(letter), *(F.col(name).alias(f"{letter}_{name}") for name in _SHARED + own)
    )


def _base(engine: Engine, facts: Facts) -> Frame:
    joined = engine.table("decisions")
    for name in ("primary_pub", "primary_sub", "count_pub", "count_sub"):
        joined = join(joined, engine.table(name), ["decision"], "left")
    units = engine.table("units").select("unit_id", F.col("level").alias("unit_level"), "parent")
    both = {name: F.coalesce(F.col(f"s_{name}"), F.col(f"p_{name}")) for name in _SHARED}
    placed = F.coalesce(
        both["decision_date"], F.col("p_stated_published_on"), date_of("s_received_at"), date_of("p_first_seen")
    )
    made = joined.withColumns(
        both
        | {
            "placed": placed,
            "person": yes(both["counterparty_type"] == "natural_person"),
            "has_p": F.col("p").isNotNull(),
            "has_s": F.col("s").isNotNull(),
        }
    )
    in_period = within("placed", facts)
    shown = any_of(
        yes(in_period),
        *(
            yes(
                (F.col(f"{name}_to") >= F.lit(facts.first))
                & (F.col(f"{name}_from") <= F.lit(facts.last))
                & any_of(yes(within(f"{name}_from", facts)), yes(within(f"{name}_to", facts)))
            )
            for name in ("count_pub", "count_sub")
        ),
    )
    made = made.withColumns({"judged": yes(in_period), "shown": shown}).where(F.col("shown"))
    days = engine.table("deadlines").withColumnRenamed("day", "decision_date")
    return join(join(made, units, ["unit_id"], "left"), days, ["kind", "decision_date"], "left")


def _cases(engine: Engine, base: Frame, facts: Facts) -> Frame:
    hidden = hidden_items(engine, base).withColumn("item_hidden_mark", F.lit(True))
    by_number, by_party = attempts(engine)
    differing = (
        engine.table("differences")
        .groupBy("decision")
        .agg(
            F.max(F.when(F.col("certain"), 1).otherwise(0)).alias("differs_certainly"),
            F.count("field").alias("differences"),
        )
    )
    joined = join(base, engine.table("exempted"), ["decision"], "left")
    for name, keys in (
        (hidden, ["decision"]),
        (differing, ["decision"]),
        (engine.table("publish_states"), ["decision"]),
        (sight(engine), ["unit_id", "kind"]),
        (by_number, ["document_number_key"]),
        (by_party, ["unit_id", "counterparty_key"]),
        (_twins(engine, base), ["decision"]),
    ):
        joined = join(joined, name, keys, "left")
    joined = engine.keep(
        "case_facts",
        joined.withColumns(
            {
                "item_hidden": yes(F.col("item_hidden_mark")),
                "received_on": date_of("s_received_at"),
                "attempted": any_of(yes(F.col("attempt_number")), yes(F.col("attempt_party"))),
            }
        ).drop("item_hidden_mark", "attempt_number", "attempt_party"),
    )
    absent_p, absent_s, free_p, free_s = grounds()
    joined = engine.keep(
        "case_grounds",
        joined.withColumns(
            {
                "publish_ground": absent_p,
                "report_ground": absent_s,
                "publish_free": free_p,
                "report_free": free_s,
            }
        ),
    )
    return engine.keep("case_times", _times(engine, joined, facts))


def _twins(engine: Engine, base: Frame) -> Frame:
    """Lone decisions that may well be one with a record of the other side: same party, unit and day.

    Either one of the two has no number; or both stand alone with the same amount (without one, the same item) and long
    numbers that differ by a digit or two; or the entry is gone since. Perhaps one decision with a mistyped number: too
    little to pair them, too much to accuse anybody; a person looks.
    """
    keys = ("kind", "unit_id", "decision_date")
    lone = base.where(F.col("has_p") != F.col("has_s")).select(
        "decision",
        *keys,
        "has_p",
        "document_number_key",
        F.col("fine_yuan").alias("amount"),
        F.coalesce(F.col("case_key"), F.col("licence_key")).alias("item"),
        F.col("counterparty_key").alias("name"),
        F.col("counterparty_code").alias("code"),
        "person",
    )
    lone = engine.keep("lone_decisions", lone.where(F.col("decision_date").isNotNull()))
    standing = engine.table("pubs").where(F.col("gone_since").isNull()).select("decision").distinct()
    lone = join(lone, standing.withColumn("standing", F.lit(True)), ["decision"], "left")
    records: Frame | None = None
    for table, shown in (("pubs", True), ("subs", False)):
        part = engine.table(table).select(
            F.col("decision").alias("other"),
            *keys,
            F.lit(shown).alias("other_p"),
            F.col("document_number_key").alias("other_number"),
            F.col("fine_yuan").alias("other_amount"),
            F.coalesce(F.col("case_key"), F.col("licence_key")).alias("other_item"),
            F.col("counterparty_key").alias("other_name"),
            F.col("counterparty_code").alias("other_code"),
        )
        records = part if records is None else records.unionByName(part)
    assert records is not None
    records = join(
        records, base.select(F.col("decision").alias("other"), (F.col("has_p") & F.col("has_s")).alias("whole")),
        ["other"], "left",
    )  # fmt: skip
    beside = join(lone, records, list(keys), "inner").where(F.col("has_p") != F.col("other_p"))
    same = any_of(
        yes(F.col("name") == F.col("other_name")) & ~F.col("person"), yes(F.col("code") == F.col("other_code"))
    )
    numberless = any_of(F.col("document_number_key").isNull(), F.col("other_number").isNull())
    unpriced = F.col("amount").isNull() & F.col("other_amount").isNull()
    number, other_number = F.col("document_number_key"), F.col("other_number")
    mistyped = all_of(
        F.length(number) == F.length(other_number),
        F.levenshtein(number, other_number) <= 2,
        F.regexp_like(number, F.lit("[0-9]{3,}号?$")),
    )
    alike = (
        yes(mistyped)
        & ~yes(F.col("whole"))
        & any_of(yes(F.col("amount") == F.col("other_amount")), unpriced & yes(F.col("item") == F.col("other_item")))
    )
    return (
        beside.where(all_of(same, any_of(numberless, alike, F.col("has_p") & F.col("standing").isNull())))
        .select("decision")
        .distinct()
        .withColumn("twin", F.lit(True))
    )


def _times(engine: Engine, joined: Frame, facts: Facts) -> Frame:
    """The report deadline moved by platform outages between decision and receipt (or today), and the days of delay."""
    calendar = engine.table("calendar")

    def at(day: str, ordinal: str, outage: str) -> Frame:
        return calendar.select(F.col("day").alias(day), F.col("ordinal").alias(ordinal), F.col("outage").alias(outage))

    workdays = calendar.where(F.col("is_workday")).select(
        F.col("day").alias("moved_due"), F.col("ordinal").alias("moved")
    )
    # What was never received is measured up to the day of assessment.
    joined = joined.withColumns(
        {
            "received": F.col("received_on"),
            "received_on": F.coalesce(F.col("received_on"), F.lit(facts.as_of)),
        }
    )
    timed = join(
        join(
            join(joined, at("decision_date", "decided_at", "out_decided"), ["decision_date"], "left"),
            at("received_on", "received_ordinal", "out_received"),
            ["received_on"],
            "left",
        ),
        at("report_due", "due_ordinal", "out_due"),
        ["report_due"],
        "left",
    )
    outage = F.coalesce(F.greatest(F.col("out_received") - F.col("out_decided"), F.lit(0)), F.lit(0))
    timed = timed.withColumn("outage_days", outage).withColumn("moved", F.col("due_ordinal") + F.col("outage_days"))
    timed = join(timed, workdays, ["moved"], "left").withColumn(
        "report_due_moved", F.coalesce(F.col("moved_due"), F.col("report_due"))
    )
    late = yes(F.col("received") > F.col("report_due_moved"))
    return timed.withColumns(
        {
            "received_on": F.col("received"),
            "report_late": late,
            "report_days_late": F.when(late, F.col("received_ordinal") - F.col("moved")),
        }
    ).drop(
        "moved_due", "out_decided", "out_received", "out_due", "decided_at", "moved", "received_ordinal", "due_ordinal",
        "received",
    )  # fmt: skip


def _verdicts(cases: Frame, facts: Facts) -> Frame:
    """The class of each decision, and the state of each duty: what the counts and the pair lines are made of."""
    as_of = F.lit(facts.as_of)
    told_until = F.lit(facts.submissions_until).cast("date")
    both = F.col("has_p") & F.col("has_s")
    unsure = F.col("decision_date").isNull() | yes(F.col("provisional"))
    twin = yes(F.col("twin"))
    only_s, only_p = F.col("has_s") & ~F.col("has_p"), F.col("has_p") & ~F.col("has_s")
    unseen = any_of(F.col("proof_day").isNull(), ~yes(F.col("proof_day") > F.col("publish_due")))
    untold = ~yes(told_until > F.col("report_due_moved"))
    verdict = (
        F.when(F.col("decision_date").isNull(), "question")
        .when(both & yes(F.col("differs_certainly") == 1), "differs")
        .when(both & any_of(F.col("ambiguous"), yes(F.col("differences") > 0)), "question")
        .when(both, "agreed")
        .when(only_s & F.col("publish_ground").isNotNull(), "exempt")
        .when(only_s & yes(F.col("publish_due") >= as_of), "not_due")
        .when(only_s & unseen, "unknown")
        .when(only_s & any_of(twin, unsure), "question")
        .when(only_s, "not_published")
        .when(F.col("report_ground").isNotNull(), "exempt")
        .when(yes(F.col("report_due_moved") >= as_of), "not_due")
        .when(untold, "unknown")
        .when(any_of(F.col("attempted"), twin, unsure), "question")
        .otherwise("not_submitted")
    )
    made = cases.withColumns({"verdict": verdict, "only_p": only_p, "only_s": only_s, "twin": twin})
    due_p, due_s = yes(F.col("publish_due") < as_of), yes(F.col("report_due_moved") < as_of)
    publish = (
        F.when(F.col("publish_free").isNotNull() | F.col("verdict").isin("exempt"), "exempt")
        .when(F.col("decision_date").isNull(), "undecided")
        .when(~due_p, "not_due")
        .when(F.col("verdict") == "not_published", "missing")
        .when(~F.col("has_p"), "undecided")
        .when(yes(F.col("provisional")) & (F.col("seen_state") == "late"), "undecided")
        .otherwise(F.coalesce(F.col("seen_state"), F.lit("undecided")))
    )
    report = (
        F.when(F.col("report_free").isNotNull() | (F.col("verdict").isin("exempt") & ~F.col("has_s")), "exempt")
        .when(F.col("decision_date").isNull(), "undecided")
        .when(~due_s, "not_due")
        .when(F.col("verdict") == "not_submitted", "missing")
        .when(~F.col("has_s"), "undecided")
        .when(F.col("report_late") & yes(F.col("provisional")), "undecided")
        .when(F.col("report_late"), "late")
        .otherwise("on_time")
    )
    return made.withColumns(
        {
            "publish_state": publish,
            "report_state": report,
            "subject": F.col("decision"),
            "published": F.col("p"),
            "submitted": F.col("s"),
            "received_at": F.col("s_received_at"),
            "portal_id": F.col("p_portal_id"),
            "url": F.col("p_url"),
            "evidence": F.col("p_evidence"),
            "crawl": F.col("p_first_crawl"),
            "published_from": date_of("p_absent_before"),
            "published_to": date_of("p_first_seen"),
            "ground_note": F.coalesce(F.col("x_exemption"), F.col("x_repair"), F.col("x_withdrawal")),
        }
    )
