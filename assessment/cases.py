"""One row per decision with every fact a check may ask for; beside it one table for each other thing that is judged.

    cases               one decision: both sides' primary records, deadlines, exemptions, what we could see, verdict
    publication_cases   one record on one portal
    defect_cases        one defective field of one record
    difference_cases    one field in which both sides of a decision differ
    portal_cases        one portal with its looks in the period · stale_cases: what of it is not renewed or not dated
    link_cases          one link of a portal that could not be opened
    window_cases        one window (department, government, credit) of a unit, with its decisions that do not stand in it
    item_cases          one catalogue item · unit_cases: one unit · licence_cases: one licence beside the catalogue

All of them carry the columns of `STANDARD`, from which a finding is made.
"""

from __future__ import annotations

from assessment.differences import compared, differences, window_differences
from assessment.engine import Engine, F, Frame, Window, all_of, any_of, join, yes
from assessment.exemptions import backfilled, exempted, grounds, hidden_items, transferred
from assessment.facts import Facts, conform, date_of, within
from assessment.other_cases import (
    defect_cases,
    difference_cases,
    duplicate_cases,
    item_cases,
    licence_cases,
    link_cases,
    portal_cases,
    publication_cases,
    stale_cases,
    unit_cases,
    window_cases,
)
from assessment.publishing import moved_by_outage, publication_facts, publish_states
from assessment.sight import attempts, channels, sight, windows


def make_cases(engine: Engine, facts: Facts) -> None:
    """All case tables, from the frozen inputs and the result of pairing."""
    _primaries(engine)
    base = engine.keep("case_base", _base(engine, facts))
    engine.keep("exempted", exempted(engine, base, facts))
    engine.keep("compared", compared(engine))
    engine.keep("differences", differences(engine, facts))
    engine.keep("channels", channels(engine))
    engine.keep("windows", windows(engine))
    engine.keep("window_differences", window_differences(engine, facts))
    engine.keep("publication_facts", publication_facts(engine, base, facts))
    engine.keep("publish_states", publish_states(engine))
    engine.keep("cases", conform(_verdicts(_cases(engine, base, facts), facts)))
    engine.keep("publication_cases", conform(publication_cases(engine, facts)))
    engine.keep("defect_cases", conform(defect_cases(engine)))
    engine.keep("duplicate_cases", conform(duplicate_cases(engine)))
    engine.keep("difference_cases", conform(difference_cases(engine)))
    engine.keep("portal_cases", conform(portal_cases(engine, facts)))
    engine.keep("stale_cases", conform(stale_cases(engine, facts)))
    engine.keep("link_cases", conform(link_cases(engine)))
    engine.keep("window_cases", conform(window_cases(engine, facts)))
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
            "count_pub",
            (
                "portal_id",
                "url",
                "evidence",
                "first_crawl",
                "first_seen",
                "absent_before",
                "stated_published_on",
                "filed_unit_id",
            ),
        ),
    )
    engine.keep("primary_sub", _first(submitted, "received_at", "s", "count_sub", ("received_at", "filed_unit_id")))


def _first(members: Frame, moment: str, letter: str, count: str, own: tuple[str, ...]) -> Frame:
    """The earliest record of each decision, its columns marked with the side's letter, and how many records there are.

    Most decisions have one record on a side: pairing says which surely do, and they take no window.
    """
    decision = Window.partitionBy("decision")
    nth = F.row_number().over(decision.orderBy(moment, "record_id"))
    several = members.where(~F.col("sole")).withColumns(
        {
            "nth": nth,
            count: F.count("record_id").over(decision),
            f"{count}_from": F.min("decision_date").over(decision),
            f"{count}_to": F.max("decision_date").over(decision),
        }
    )
    alone = members.where(F.col("sole")).withColumns(
        {
            count: F.lit(1).cast("bigint"),
            f"{count}_from": F.col("decision_date"),
            f"{count}_to": F.col("decision_date"),
        }
    )
    return (
        alone.unionByName(several.where(F.col("nth") == 1).drop("nth"))
        .withColumnRenamed("record_id", letter)
        .select(
            "decision",
            letter,
            count,
            f"{count}_from",
            f"{count}_to",
            *(F.col(name).alias(f"{letter}_{name}") for name in _SHARED + own),
        )
    )


def _base(engine: Engine, facts: Facts) -> Frame:
    joined = engine.table("decisions")
    for name in ("primary_pub", "primary_sub"):
        joined = join(joined, engine.table(name), ["decision"], "left")
    units = engine.table("units").select("unit_id", F.col("level").alias("unit_level"), "parent", "clock")
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
    made = _answering(engine, made)
    days = engine.table("deadlines").withColumnRenamed("day", "decision_date")
    placed_units = join(made, units, ["unit_id"], "left").withColumn("clock", F.coalesce(F.col("clock"), F.lit("")))
    timed = join(placed_units, days, ["clock", "kind", "decision_date"], "left")
    first_seen = F.coalesce(date_of("p_first_seen"), F.lit(facts.as_of))
    return moved_by_outage(engine, timed, "decision_date", "publish_due", first_seen, facts)


def _answering(engine: Engine, made: Frame) -> Frame:
    """Where the two sides name two units between which the duty went over: who answered on the day of the decision."""
    between = all_of(
        yes(F.col("s_unit_id") != F.col("p_unit_id")),
        F.col("has_p"),
        F.col("has_s"),
    )
    apart = made.where(between).select("decision", "kind", "decision_date", "s_unit_id", "p_unit_id")
    lines = (
        engine.table("registers")
        .where((F.col("register") == "responsibilities") & F.col("other_unit").isNotNull())
        .select(
            F.col("unit_id").alias("t_old"),
            F.col("other_unit").alias("t_new"),
            F.col("kind").alias("t_kind"),
            F.col("effective_from").alias("t_day"),
            F.col("entry_id").alias("t_entry"),
        )
    )
    found: Frame | None = None
    for old, new in (("s_unit_id", "p_unit_id"), ("p_unit_id", "s_unit_id")):
        side = apart.withColumns({"t_old": F.col(old), "t_new": F.col(new)})
        part = join(side, lines, ["t_old", "t_new"], "inner").where(
            any_of(F.col("t_kind").isNull(), F.col("t_kind") == F.col("kind"))
        )
        part = part.select(
            "decision",
            "t_day",
            "t_entry",
            F.when(F.col("decision_date") < F.col("t_day"), F.col("t_old")).otherwise(F.col("t_new")).alias("answers"),
        )
        found = part if found is None else found.unionByName(part)
    assert found is not None
    nth = F.row_number().over(Window.partitionBy("decision").orderBy(F.col("t_day").desc(), F.col("t_entry")))
    chosen = found.withColumn("nth", nth).where(F.col("nth") == 1).select("decision", "answers")
    joined = join(made, chosen, ["decision"], "left")
    return joined.withColumn("unit_id", F.coalesce(F.col("answers"), F.col("unit_id")))


def _cases(engine: Engine, base: Frame, facts: Facts) -> Frame:
    hidden = hidden_items(engine, base)
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
        (backfilled(engine, base), ["decision"]),
        (transferred(engine, base), ["decision"]),
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
                "item_hidden": F.col("x_hidden").isNotNull(),
                "received_on": date_of("s_received_at"),
                "attempted": any_of(yes(F.col("attempt_number")), yes(F.col("attempt_party"))),
            }
        ).drop("attempt_number", "attempt_party"),
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
    # What was never received is measured up to the day of assessment.
    reference = F.coalesce(F.col("received_on"), F.lit(facts.as_of))
    timed = moved_by_outage(engine, joined, "decision_date", "report_due", reference, facts, into="report_due_moved")
    # What both sides agreed to report later is due on the agreed day; the ordinary day tells whether that was needed.
    agreed = yes(F.col("agreed_until") > F.col("report_due_moved"))
    over = yes(F.col("received_on") > F.col("report_due_moved"))
    timed = timed.withColumns(
        {
            "report_backfilled": agreed & over & yes(F.col("received_on") <= F.col("agreed_until")),
            "report_agreed": agreed,
            "report_due_moved": F.when(agreed, F.col("agreed_until")).otherwise(F.col("report_due_moved")),
        }
    )
    timed = timed.withColumn("today", F.lit(facts.as_of))
    ordinals = engine.table("calendar").select("clock", "day", "ordinal")
    for day, name in (
        ("received_on", "received_ordinal"),
        ("report_due_moved", "due_ordinal"),
        ("publish_due", "publish_ordinal"),
        ("today", "today_ordinal"),
    ):
        at = ordinals.select("clock", F.col("day").alias(day), F.col("ordinal").alias(name))
        timed = join(timed, at, ["clock", day], "left")
    late = yes(F.col("received_on") > F.col("report_due_moved"))
    return timed.withColumns(
        {
            "report_late": late,
            "report_days_late": F.when(late, F.col("received_ordinal") - F.col("due_ordinal")),
            # Working days after today up to the due day of the side that has nothing yet; 0: today is the last one.
            "days_left": F.when(F.col("has_s"), F.col("publish_ordinal")).otherwise(F.col("due_ordinal"))
            - F.col("today_ordinal"),
        }
    ).drop("received_ordinal", "due_ordinal", "publish_ordinal", "today_ordinal", "today")


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
        .when(only_s & any_of(twin, unsure, F.col("x_doubt").isNotNull()), "question")
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
        F.when(
            F.col("report_free").isNotNull()
            | F.col("report_backfilled")
            | (F.col("verdict").isin("exempt") & ~F.col("has_s")),
            "exempt",
        )
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
            # In the order in which `grounds` picks them, so that the words are those of the ground.
            "ground_note": F.coalesce(
                F.col("x_exemption"),
                F.when(F.col("has_s") & ~F.col("has_p"), F.col("x_hidden")),
                F.col("x_repair"),
                F.col("x_withdrawal"),
            ),
        }
    )
