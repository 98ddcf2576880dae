"""What we could see and what was attempted: no accusation without both."""

from __future__ import annotations

from assessment.engine import Engine, F, Frame, join
from assessment.facts import date_of

_WINDOWS = ("department", "government")  # 信用网站由平台供数，不作为单位公示与否的证明


_PROOF = ("complete", "column_empty")


def sight(engine: Engine) -> Frame:
    """unit_id, kind -> windows that could show its decisions, and the last day on which all of them were seen whole."""
    portals = engine.table("portals").where(F.col("active") & F.col("channel").isin(*_WINDOWS))
    units = engine.table("units")
    own = portals.select("portal_id", F.col("kind").alias("p_kind"), "unit_id")
    government = portals.where(F.col("channel") == "government").select(
        "portal_id", F.col("kind").alias("p_kind"), F.col("unit_id").alias("parent")
    )
    above = join(government, units.select("unit_id", "parent"), ["parent"], "inner").select(
        "portal_id", "p_kind", "unit_id"
    )
    could = engine.keep("could_show", own.unionByName(above).distinct())
    whole = engine.table("coverage").where(F.col("outcome").isin(*_PROOF))
    last = whole.groupBy("portal_id").agg(F.max(date_of("looked_at")).alias("seen_whole"))
    seen = join(could, last, ["portal_id"], "left")
    made: Frame | None = None
    for kind in ("licence", "penalty"):
        part = (
            seen.where(F.col("p_kind").isin(kind, "both"))
            .groupBy("unit_id")
            .agg(
                F.count("portal_id").alias("windows"),
                F.when(F.count("portal_id") == F.count("seen_whole"), F.min("seen_whole")).alias("proof_day"),
            )
            .withColumn("kind", F.lit(kind))
        )
        made = part if made is None else made.unionByName(part)
    assert made is not None
    return made


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
