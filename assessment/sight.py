"""What we could see and what was attempted: no accusation without both."""

from __future__ import annotations

from assessment.engine import Engine, F, Frame, join
from assessment.facts import date_of

_WINDOWS = ("department", "government")  # 信用网站由平台供数，不作为单位公示与否的证明


_PROOF = ("complete", "column_empty")


def windows(engine: Engine) -> Frame:
    """unit_id, kind, portal_id, seen_whole: each window that could show the unit's decisions, and its last whole look."""
    return engine.table("channels").where(F.col("channel").isin(*_WINDOWS)).drop("channel")


def channels(engine: Engine) -> Frame:
    """The same of all three channels, credit websites among them, with the channel.

    They are the unit's own columns, those of the government (and of the credit office) above it, and every column that has
    shown decisions of the unit (a licensing bureau's, an aggregated one).
    """
    portals = engine.table("portals").where(F.col("active"))
    units = engine.table("units")
    own = portals.select("portal_id", F.col("kind").alias("p_kind"), "unit_id")
    government = portals.where(F.col("channel").isin("government", "credit")).select(
        "portal_id", F.col("kind").alias("p_kind"), F.col("unit_id").alias("parent")
    )
    above = join(government, units.select("unit_id", "parent"), ["parent"], "inner").select(
        "portal_id", "p_kind", "unit_id"
    )
    city = units.where((F.col("level") == "municipal") & F.col("parent").isNull()).select(
        F.col("unit_id").alias("parent"), F.lit("city").alias("of")
    )
    of_city = units.where(F.col("level").isin("municipal", "institution") & F.col("parent").isNull())
    beside = join(
        join(government, city, ["parent"], "inner"),
        of_city.select("unit_id", F.lit("city").alias("of")),
        ["of"],
        "inner",
    ).select("portal_id", "p_kind", "unit_id")
    shown = engine.table("publications").select("portal_id", "unit_id").distinct()
    elsewhere = join(portals.select("portal_id", F.col("kind").alias("p_kind")), shown, ["portal_id"], "inner")
    # Where a duty went from one unit to another, either one's columns may show its decisions.
    moved = (
        engine.table("registers")
        .where((F.col("register") == "responsibilities") & F.col("other_unit").isNotNull())
        .select(F.col("unit_id").alias("old"), F.col("other_unit").alias("new"))
        .distinct()
    )
    there = moved.select(F.col("old").alias("holder"), F.col("new").alias("unit_id")).unionByName(
        moved.select(F.col("new").alias("holder"), F.col("old").alias("unit_id"))
    )
    held = own.select("portal_id", "p_kind", F.col("unit_id").alias("holder"))
    neighbours = join(held, there, ["holder"], "inner").select("portal_id", "p_kind", "unit_id")
    could = own.unionByName(above).unionByName(beside).unionByName(elsewhere).unionByName(neighbours)
    could = join(could.distinct(), portals.select("portal_id", "channel"), ["portal_id"], "inner")
    could = engine.keep("could_show", could)
    whole = engine.table("coverage").where(F.col("outcome").isin(*_PROOF))
    last = whole.groupBy("portal_id").agg(
        F.max(date_of("looked_at")).alias("seen_whole"), F.max("crawl_id").alias("whole_crawl")
    )
    seen = join(could, last, ["portal_id"], "left")
    made: Frame | None = None
    for kind in ("licence", "penalty"):
        part = seen.where(F.col("p_kind").isin(kind, "both")).drop("p_kind").withColumn("kind", F.lit(kind))
        made = part if made is None else made.unionByName(part)
    assert made is not None
    return made


def sight(engine: Engine) -> Frame:
    """unit_id, kind -> windows that could show its decisions, and the last day on which all of them were seen whole."""
    return (
        engine.table("windows")
        .groupBy("unit_id", "kind")
        .agg(
            F.count("portal_id").alias("windows"),
            F.when(F.count("portal_id") == F.count("seen_whole"), F.min("seen_whole")).alias("proof_day"),
            F.array_join(F.sort_array(F.collect_list("whole_crawl")), "、").alias("proof_looks"),
        )
    )


def attempts(engine: Engine) -> tuple[Frame, Frame]:
    """Refused rows as attempts: by document number, and by party where the row bore no number."""
    refused = engine.table("refused")
    by_number = refused.where(F.col("document_number_key").isNotNull()).select("document_number_key").distinct()
    by_party = refused.where(
        F.col("document_number_key").isNull() & F.col("counterparty_key").isNotNull() & F.col("unit_id").isNotNull()
    )
    return (
        by_number.withColumn("attempt_number", F.lit(True)),
        by_party.select("unit_id", "counterparty_key").distinct().withColumn("attempt_party", F.lit(True)),
    )
