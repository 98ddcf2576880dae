"""Both sides of one decision, field by field."""

from __future__ import annotations

from assessment.engine import Column, Engine, F, Frame, Window, all_of, any_of, join, yes
from assessment.facts import GUESSED, Facts, unnumbered

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
        "unit_id",
        *COMPARED,
        "counterparty_key",
        "counterparty",
        "portal_id",
        "url",
        "evidence",
        "first_seen",
        "first_crawl",
        "confidence",
        "copies",
    )
    # What bears only a certificate's number may stand there several times as well, each of them a decision of its own.
    there = F.sum("copies").over(Window.partitionBy("decision", "portal_id"))
    several = engine.table("pubs").withColumn("copies", F.when(unnumbered(), there).otherwise(F.col("copies")))
    published = several.select("decision", *(F.col(name).alias(f"p_{name}") for name in columns))
    submitted = join(
        engine.table("subs"), engine.table("primary_sub").select(F.col("s").alias("record_id")), ["record_id"], "inner"
    )
    told = submitted.select(
        "decision",
        *(
            F.col(name).alias(f"s_{name}")
            for name in ("record_id", "unit_id", *COMPARED, "counterparty_key", "counterparty")
        ),
    )
    return join(join(published, told, ["decision"], "inner"), engine.table("decisions"), ["decision"], "inner")


def differences(engine: Engine, facts: Facts) -> Frame:
    """decision, field, both values, certain: one row per decision and differing field (the earliest publication that differs)."""
    return _differing(engine.table("compared"), facts)


def window_differences(engine: Engine, facts: Facts) -> Frame:
    """The same of two windows that show one decision, where the platform has none; what stands as `submitted_value` is the
    other window's, and `other_title` names that window. Where the platform has it, every window is compared with it."""
    lone = join(engine.table("pubs"), engine.table("primary_sub").select("decision"), ["decision"], "left_anti")
    first = engine.table("primary_pub").select("decision", F.col("p").alias("s_record_id"))
    own = ("record_id", "unit_id", *COMPARED, "counterparty_key", "counterparty")
    earliest = engine.table("publications").select(
        *(F.col(name).alias(f"s_{name}") for name in own),
        F.col("portal_id").alias("s_portal_id"),
        F.col("confidence").alias("s_confidence"),
    )
    other = join(first, earliest, ["s_record_id"], "inner")
    columns = (*own, "portal_id", "url", "evidence", "first_seen", "first_crawl", "confidence", "copies")
    shown = lone.select("decision", *(F.col(name).alias(f"p_{name}") for name in columns))
    beside = join(shown, other, ["decision"], "inner").where(F.col("p_portal_id") != F.col("s_portal_id"))
    beside = beside.withColumns({"rule": F.lit("same_decision"), "ambiguous": F.lit(True)})
    beside = engine.keep("windows_compared", beside)
    titles = engine.table("portals").select(
        F.col("portal_id").alias("s_portal_id"), F.col("title").alias("other_title")
    )
    found = _differing(beside, facts)
    names = join(first, other.select("s_record_id", "s_portal_id"), ["s_record_id"], "inner")
    return join(join(found, names.drop("s_record_id"), ["decision"], "inner"), titles, ["s_portal_id"], "inner").drop(
        "s_portal_id"
    )


def _differing(compared: Frame, facts: Facts) -> Frame:
    made: Frame | None = None
    for name in (*COMPARED, "counterparty"):
        mine, theirs = F.col(f"p_{name}"), F.col(f"s_{name}")
        differs = mine.isNotNull() & theirs.isNotNull() & _differ(name, facts)
        part = compared.where(yes(differs)).select(
            "decision",
            F.lit(name).alias("field"),
            mine.cast("string").alias("published_value"),
            theirs.cast("string").alias("submitted_value"),
            all_of(
                F.lit(name != "counterparty"),
                ~F.col("ambiguous"),
                ~yes(F.col("p_confidence") < GUESSED),
                F.col("p_copies") == 1,  # what stands there several times may say several things
                ~_rounded(name),
                ~yes(
                    all_of(
                        F.col("p_unit_id") != F.col("s_unit_id"), F.col("p_decision_date") != F.col("s_decision_date")
                    )
                ),
            ).alias("certain"),
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


def _differ(name: str, facts: Facts) -> Column:
    mine, theirs = F.col(f"p_{name}"), F.col(f"s_{name}")
    if name == "decision_date" and facts.date_tolerance_days:  # 送达、生效、印发 days, as far as was agreed
        return F.abs(F.datediff(mine, theirs)) > facts.date_tolerance_days
    if name == "fine_yuan":  # one side may state fine and confiscation in one sum
        return (F.abs(mine - theirs) > 0.01) & ~_summed("p", "s") & ~_summed("s", "p")
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
            & ~any_of(_masked("p_counterparty"), _masked("s_counterparty"))
        )
    return mine != theirs


def _rounded(name: str) -> Column:
    """One side may have rounded the amount to hundreds of yuan, as 万元 with two places: a person looks."""
    if name not in ("fine_yuan", "confiscation_yuan"):
        return F.lit(False)
    mine, theirs = F.col(f"p_{name}"), F.col(f"s_{name}")
    whole = [(amount / 100).cast("bigint") * 100 == amount for amount in (mine, theirs)]
    return yes((whole[0] != whole[1]) & (F.abs(mine - theirs) < 50))


def _summed(one: str, other: str) -> Column:
    """One side's fine is what the other states as fine and confiscation, and it states no confiscation of its own."""
    parts = F.col(f"{other}_fine_yuan") + F.col(f"{other}_confiscation_yuan")
    return F.col(f"{one}_confiscation_yuan").isNull() & yes(F.abs(F.col(f"{one}_fine_yuan") - parts) <= 0.01)


def _masked(column: str) -> Column:
    """A name that is partly hidden, as it may be where somebody's rights are at stake."""
    return yes(F.regexp_like(F.col(column), F.lit("[*＊×某]")))


def _bare(column: Column) -> Column:
    return F.upper(F.regexp_replace(column, "[\\s()（）\\[\\]【】〔〕－—-]", ""))
