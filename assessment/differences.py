"""Both sides of one decision, field by field."""

from __future__ import annotations

from assessment.engine import Column, Engine, F, Frame, Window, any_of, join, yes

COMPARED = (
    "counterparty_code",
    "decision_date",
    "fine_yuan",
    "confiscation_yuan",
    "valid_from",
    "valid_to",
    "licence_number",
)


def compared(engine: Engine) -> Frame:
    """Each publication beside its decision's primary submission."""
    columns = (
        "record_id",
        *COMPARED,
        "counterparty_key",
        "counterparty",
        "portal_id",
        "url",
        "evidence",
        "first_seen",
        "first_crawl",
    )
    published = engine.table("pubs").select("decision", *(F.col(name).alias(f"p_{name}") for name in columns))
    submitted = join(
        engine.table("subs"), engine.table("primary_sub").select(F.col("s").alias("record_id")), ["record_id"], "inner"
    )
    told = submitted.select(
        "decision",
        *(F.col(name).alias(f"s_{name}") for name in ("record_id", *COMPARED, "counterparty_key", "counterparty")),
    )
    return join(join(published, told, ["decision"], "inner"), engine.table("decisions"), ["decision"], "inner")


def differences(engine: Engine) -> Frame:
    """decision, field, both values, certain: one row per decision and differing field (the earliest publication that differs)."""
    compared = engine.table("compared")
    made: Frame | None = None
    for name in (*COMPARED, "counterparty"):
        mine, theirs = F.col(f"p_{name}"), F.col(f"s_{name}")
        differs = mine.isNotNull() & theirs.isNotNull() & _differ(name)
        part = compared.where(yes(differs)).select(
            "decision",
            F.lit(name).alias("field"),
            mine.cast("string").alias("published_value"),
            theirs.cast("string").alias("submitted_value"),
            (F.lit(name != "counterparty") & ~F.col("ambiguous")).alias("certain"),
            F.col("p_record_id").alias("published"),
            F.col("s_record_id").alias("submitted"),
            F.col("p_portal_id").alias("portal_id"),
            F.col("p_url").alias("url"),
            F.col("p_evidence").alias("evidence"),
            F.col("p_first_seen").alias("seen"),
            F.col("p_first_crawl").alias("crawl"),
        )
        made = part if made is None else made.unionByName(part)
    assert made is not None
    nth = F.row_number().over(Window.partitionBy("decision", "field").orderBy("seen", "published"))
    return made.withColumn("nth", nth).where(F.col("nth") == 1).drop("nth", "seen")


def _differ(name: str) -> Column:
    mine, theirs = F.col(f"p_{name}"), F.col(f"s_{name}")
    if name in ("fine_yuan", "confiscation_yuan"):
        return F.abs(mine - theirs) > 0.01
    if name == "counterparty_code":  # a person's code is a keyed hash and often partly hidden on portals
        # nor do a half-hidden code, or an organisation code beside the unified code that contains it, differ
        hidden = any_of(mine.startswith("h:"), theirs.startswith("h:"), mine.contains("*"), theirs.contains("*"))
        within = any_of(F.upper(mine).contains(F.upper(theirs)), F.upper(theirs).contains(F.upper(mine)))
        return ~hidden & ~(within & (F.least(F.length(mine), F.length(theirs)) >= 9))
    if name == "licence_number":
        return _bare(mine) != _bare(theirs)
    if name == "counterparty":  # asked only where neither code nor name brought the two together
        return (
            (F.col("rule") == "number_unit")
            & (F.col("p_counterparty_key") != F.col("s_counterparty_key"))
            & any_of(F.col("p_counterparty_code").isNull(), F.col("s_counterparty_code").isNull())
        )
    return mine != theirs


def _bare(column: Column) -> Column:
    return F.upper(F.regexp_replace(column, "[\\s()（）\\[\\]【】〔〕－—-]", ""))
