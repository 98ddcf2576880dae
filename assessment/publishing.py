"""When a publication appeared: an interval, judged only where all of it, or the portal's own date, decides."""

from __future__ import annotations

from assessment.engine import Column, Engine, F, Frame, any_of, join, yes
from assessment.facts import Facts, date_of


def moved_by_outage(
    engine: Engine, frame: Frame, start: str, due: str, reference: Column, facts: Facts, into: str | None = None
) -> Frame:
    """The frame with `due` moved on by the outage's working days between `start` and the day when the duty was done.

    The columns: `into` (else `due` itself) and `outage_days` for reporting, `publish_outage_days` for publishing.
    """
    publishing = into is None
    days = "publish_outage_days" if publishing else "outage_days"
    if publishing and not facts.publish_outages:
        return frame.withColumn(days, F.lit(0).cast("bigint"))
    column = "outage_publish" if publishing else "outage"
    calendar = engine.table("calendar")
    at_start = calendar.select("clock", F.col("day").alias(start), F.col(column).alias("out_start"))
    at_done = calendar.select("clock", F.col("day").alias("done_on"), F.col(column).alias("out_done"))
    at_due = calendar.select("clock", F.col("day").alias(due), F.col("ordinal").alias("ordinal_due"))
    workdays = calendar.where(F.col("is_workday")).select(
        "clock", F.col("ordinal").alias("ordinal_due"), F.col("day").alias("day_moved")
    )
    timed = join(frame.withColumn("done_on", reference), at_start, ["clock", start], "left")
    timed = join(join(timed, at_done, ["clock", "done_on"], "left"), at_due, ["clock", due], "left")
    lost = F.coalesce(F.greatest(F.col("out_done") - F.col("out_start"), F.lit(0)), F.lit(0))
    timed = timed.withColumn(days, lost).withColumn("ordinal_due", F.col("ordinal_due") + F.col(days))
    timed = join(timed, workdays, ["clock", "ordinal_due"], "left")
    return timed.withColumn(into or due, F.coalesce(F.col("day_moved"), F.col(due))).drop(
        "done_on", "out_start", "out_done", "ordinal_due", "day_moved"
    )


def publication_facts(engine: Engine, base: Frame, facts: Facts) -> Frame:
    """Per publication: its own deadline, and whether it certainly appeared in time, certainly late, or neither."""
    about = base.select(
        "decision",
        "judged",
        "person",
        "rule",
        "clock",
        "answers",
        F.col("s").alias("submitted"),
        F.col("s_decision_date").alias("told_day"),
        F.col("s_publicity_until").alias("told_until"),
        F.col("s_received_at").alias("received_at"),
        "has_s",
        "p",
    )
    days = engine.table("deadlines").select(
        "clock",
        "kind",
        F.col("day").alias("own_day"),
        F.col("publish_due").alias("own_due"),
        F.col("publish_basis").alias("own_basis"),
        F.col("publish_days").alias("own_days"),
        F.col("provisional").alias("own_provisional"),
    )
    joined = join(
        join(engine.table("pubs"), about, ["decision"], "inner").withColumns(
            {
                # Where the two sides state different days, the later one: late is what is late by either.
                "own_day": F.greatest(F.col("decision_date"), F.col("told_day")),
                "seen_on": date_of("first_seen"),
                "absent_on": date_of("absent_before"),
                "stated": F.col("stated_published_on"),
                "shown_until": F.coalesce(F.col("publicity_until"), F.col("told_until")),
            }
        ),
        days,
        ["clock", "kind", "own_day"],
        "left",
    )
    joined = joined.withColumn("unit_id", F.coalesce(F.col("answers"), F.col("unit_id"))).drop("answers")
    joined = moved_by_outage(engine, joined, "own_day", "own_due", F.col("seen_on"), facts)
    credible = yes(F.col("stated") <= F.col("seen_on")) & any_of(
        F.col("absent_on").isNull(), yes(F.col("stated") >= F.col("absent_on"))
    )
    on_time = any_of(yes(F.col("seen_on") <= F.col("own_due")), credible & yes(F.col("stated") <= F.col("own_due")))
    # A date after the day it was first seen cannot be true and proves nothing.
    own_date = yes(F.col("stated") > F.col("own_due")) & yes(F.col("stated") <= F.col("seen_on"))
    late = ~on_time & any_of(yes(F.col("absent_on") > F.col("own_due")), own_date)
    floor = F.greatest(
        F.coalesce(F.col("absent_on"), F.col("stated")), F.coalesce(F.least("stated", "seen_on"), F.col("absent_on"))
    )
    judged = joined.withColumns({"on_time": on_time, "late": late, "late_from": floor})
    ordinals = engine.table("calendar").select("clock", "day", "ordinal", "is_workday")
    begun = F.col("ordinal") + F.when(F.col("is_workday"), 0).otherwise(1)  # a day off: the working day it misses
    return (
        join(
            join(
                judged,
                ordinals.select("clock", F.col("day").alias("late_from"), begun.alias("at")),
                ["clock", "late_from"],
                "left",
            ),
            ordinals.select("clock", F.col("day").alias("own_due"), F.col("ordinal").alias("by")),
            ["clock", "own_due"],
            "left",
        )
        .withColumn("publish_days_late", F.when(F.col("late"), F.col("at") - F.col("by")))
        .drop("at", "by")
    )


def publish_states(engine: Engine) -> Frame:
    """Per decision: one window in time is enough (any lawful window serves); late only if every window was late.

    A window that we could not see whole after the due day may have shown it in time: then nobody knows.
    """
    made = (
        engine.table("publication_facts")
        .groupBy("decision")
        .agg(
            F.max(F.when(F.col("on_time"), 1).otherwise(0)).alias("some_on_time"),
            F.min(F.when(F.col("late"), 1).otherwise(0)).alias("all_late"),
            F.min(F.col("publish_days_late")).alias("publish_days_late"),
        )
    )
    made = join(made, _blind(engine), ["decision"], "left").withColumn("blind_elsewhere", yes(F.col("blind")))
    made = join(made, _corrected(engine), ["decision"], "left").withColumn("corrected", yes(F.col("was_there")))
    late = (F.col("all_late") == 1) & ~F.col("blind_elsewhere") & ~F.col("corrected")
    state = F.when(F.col("some_on_time") == 1, "on_time").when(late, "late").otherwise("undecided")
    return made.select("decision", "publish_days_late", "blind_elsewhere", "corrected", state.alias("seen_state"))


def _corrected(engine: Engine) -> Frame:
    """Decisions shown late that may have stood there in time under a mistyped number: such an entry, which nobody reported,
    of the same party and day on the same portal went when this one came."""
    keys = ["portal_id", "kind", "counterparty_key", "decision_date"]
    gone = engine.table("pubs").where(F.col("gone_since").isNotNull())
    gone = gone.where(~yes(F.col("counterparty_type") == "natural_person"))
    gone = join(gone, engine.table("subs").select("decision").distinct(), ["decision"], "left_anti")
    gone = gone.select(*keys, date_of("first_seen").alias("was_seen"), F.col("last_seen").alias("was_last"))
    late = engine.table("publication_facts").where(F.col("late")).select("decision", "own_due", "first_seen", *keys)
    beside = join(late, gone, keys, "inner")
    beside = beside.where((F.col("was_seen") <= F.col("own_due")) & (F.col("was_last") < F.col("first_seen")))
    return beside.select("decision").distinct().withColumn("was_there", F.lit(True))


def _blind(engine: Engine) -> Frame:
    """Decisions shown late for which another window of the unit was not seen whole after the due day."""
    facts = engine.table("publication_facts")
    late = facts.where(F.col("late")).select("decision", "unit_id", "kind", "own_due").distinct()
    others = join(late, engine.table("windows"), ["unit_id", "kind"], "inner")
    others = join(others, facts.select("decision", "portal_id").distinct(), ["decision", "portal_id"], "left_anti")
    unseen = others.where(~yes(F.col("seen_whole") > F.col("own_due")))
    return unseen.select("decision").distinct().withColumn("blind", F.lit(True))
