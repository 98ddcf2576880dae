"""The case tables beside the decisions: publications, defects, duplicates, differences, portals, units, items, licences."""

from __future__ import annotations

from assessment.engine import Column, Engine, F, Frame, Window, any_of, join, no_day, no_text, yes
from assessment.exemptions import items
from assessment.facts import Facts, date_of

_REACHED = ("complete", "partial", "column_empty", "column_missing")


def publication_cases(engine: Engine) -> Frame:
    """Every publication of a judged decision, with what checks on its standing on the portal need."""
    facts = engine.table("publication_facts").where(F.col("judged"))
    oldest = (
        engine.table("publications")
        .where(F.col("gone_since").isNull())
        .groupBy("portal_id")
        .agg(
            F.min("decision_date").alias("oldest_shown"),
            F.min("stated_published_on").alias("oldest_stated"),
            F.min(date_of("first_seen")).alias("oldest_seen"),
        )
    )
    # A corrected entry is another record: same party and day on the same portal, first seen when the old one was gone.
    newer = (
        engine.table("publications")
        .where(
            F.col("gone_since").isNull() & F.col("decision_date").isNotNull() & F.col("counterparty_key").isNotNull()
        )
        .groupBy("portal_id", "kind", "counterparty_key", "decision_date")
        .agg(F.max("first_seen").alias("newest"))
    )
    still = (
        engine.table("pubs")
        .where(F.col("gone_since").isNull())
        .select("decision", "portal_id")
        .distinct()
        .withColumn("replaced", F.lit(True))
    )
    equal = F.when(F.col("stated_published_on") == F.col("decision_date"), 1).otherwise(0)
    dated = (
        engine.table("publications")
        .where(F.col("stated_published_on").isNotNull() & F.col("decision_date").isNotNull())
        .groupBy("portal_id")
        .agg(F.count("record_id").alias("dated"), F.sum(equal).alias("dated_alike"))
    )
    here = (
        engine.table("pubs")
        .groupBy("decision", "portal_id")
        .agg(F.count("record_id").alias("here"), F.min("record_id").alias("first_here"))
    )
    about = engine.table("cases").select(
        "decision",
        "publish_ground",
        "publish_free",
        "x_repair",
        "x_repaired_on",
        "x_withdrawal",
        "x_exemption",
        "report_basis",
        "report_days",
        "provisional",
    )
    joined = join(join(facts, oldest, ["portal_id"], "left"), still, ["decision", "portal_id"], "left")
    joined = join(join(joined, here, ["decision", "portal_id"], "left"), about, ["decision"], "left")
    joined = join(joined, dated, ["portal_id"], "left")
    joined = join(joined, newer, ["portal_id", "kind", "counterparty_key", "decision_date"], "left")
    calendar = engine.table("calendar")
    workdays = calendar.where(F.col("is_workday")).select(
        F.col("day").alias("repair_limit"), F.col("ordinal").alias("limit")
    )
    repaired = calendar.select(F.col("day").alias("x_repaired_on"), F.col("ordinal").alias("repaired_at"))
    joined = join(joined, repaired, ["x_repaired_on"], "left").withColumn("limit", F.col("repaired_at") + 7)
    return (
        join(joined, workdays, ["limit"], "left")
        .withColumns(
            {
                "subject": F.col("record_id"),
                "published": F.col("record_id"),
                "replaced": any_of(
                    yes(F.col("replaced")), yes(F.col("newest") > F.col("last_seen")) & ~F.col("person")
                ),
                # A column that shows the day of decision as its date says nothing about when it was published.
                "dated_by_decision": yes((F.col("dated") >= 5) & (F.col("dated_alike") * 10 >= F.col("dated") * 9)),
                "seen_last": date_of("last_seen"),
                "gone_on": date_of("gone_since"),
                "due_date": F.col("own_due"),
                "published_from": F.col("absent_on"),
                "published_to": F.col("seen_on"),
                "crawl": F.col("last_crawl"),
                "publish_basis": F.col("own_basis"),
                "publish_days": F.col("own_days"),
                "is_first_here": F.col("record_id") == F.col("first_here"),
            }
        )
        .drop("limit", "repaired_at")
    )


def defect_cases(engine: Engine) -> Frame:
    """One row per record, code and field: the gravest defect, with every rule that found it."""
    shown = engine.table("cases").where(F.col("judged")).select("decision", F.col("publish_days").alias("days"))
    severity = F.when(F.col("severity") == "E", 1).when(F.col("severity") == "W", 2).otherwise(3)
    keys = Window.partitionBy("source", "record_id", "code", "field")
    graded = engine.table("defects").withColumn("grade", severity)
    chosen = (
        graded.withColumn("nth", F.row_number().over(keys.orderBy("grade", "position")))
        .where(F.col("nth") == 1)
        .drop("nth", "position")
    )
    chosen = (
        chosen.withColumnRenamed("code", "defect_code")
        .withColumnRenamed("message", "defect_message")
        .withColumnRenamed("rule", "defect_rule")
    )
    common = ("record_id", "decision", "unit_id", "kind", "document_number", "counterparty", "decision_date")
    published = engine.table("pubs").select(
        *common,
        "portal_id",
        "url",
        "evidence",
        F.col("last_crawl").alias("crawl"),
        date_of("absent_before").alias("published_from"),
        date_of("first_seen").alias("published_to"),
        F.lit(None).cast("timestamp_ntz").alias("received_at"),
        F.lit("publication").alias("source"),
        F.col("record_id").alias("published"),
        no_text().alias("submitted"),
    )
    submitted = engine.table("subs").select(
        *common,
        no_text().alias("portal_id"),
        no_text().alias("url"),
        no_text().alias("evidence"),
        no_text().alias("crawl"),
        no_day().alias("published_from"),
        no_day().alias("published_to"),
        "received_at",
        F.lit("submission").alias("source"),
        no_text().alias("published"),
        F.col("record_id").alias("submitted"),
    )
    records = join(published.unionByName(submitted), shown, ["decision"], "inner")
    return (
        join(records, chosen, ["source", "record_id"], "inner")
        .withColumns(
            {
                "subject": F.col("record_id"),
                "note": F.col("defect_message"),
            }
        )
        .drop("days")
    )


def duplicate_cases(engine: Engine) -> Frame:
    """One row per decision and place (the platform, or one portal) with the number of its records there."""
    told = (
        engine.table("subs")
        .groupBy("decision")
        .agg(F.count("record_id").alias("places"), F.min("record_id").alias("record"))
        .withColumn("portal", no_text())
        .withColumn("note", F.lit("平台"))
    )
    shown = (
        engine.table("pubs")
        .where(F.col("gone_since").isNull())
        .groupBy("decision", "portal_id")
        .agg(F.sum("copies").alias("places"), F.min("record_id").alias("record"))
        .withColumnRenamed("portal_id", "portal")
        .withColumn("note", F.lit("同一栏目"))
    )
    columns = ("decision", F.col("places").cast("bigint").alias("places"), "record", "portal", "note")
    both = told.select(*columns).unionByName(shown.select(*columns)).where(F.col("places") > 1)
    about = engine.table("cases").where(F.col("judged")).drop("subject", "portal_id", "note")
    joined = join(both, about, ["decision"], "inner")
    return joined.withColumns(
        {
            "subject": F.concat(F.col("decision"), F.lit("|"), F.coalesce(F.col("portal"), F.lit("platform"))),
            "portal_id": F.col("portal"),
        }
    )


def difference_cases(engine: Engine) -> Frame:
    about = (
        engine.table("cases")
        .where(F.col("judged"))
        .select(
            "decision",
            "unit_id",
            "kind",
            "document_number",
            "counterparty",
            "decision_date",
            "received_at",
            "rule",
            "published_from",
            "published_to",
        )
    )
    return join(engine.table("differences"), about, ["decision"], "inner").withColumn("subject", F.col("decision"))


def portal_cases(engine: Engine, facts: Facts) -> Frame:
    """Each active portal of the two windows, with its looks from the first day of the period to `as_of`."""
    looks = (
        engine.table("coverage")
        .withColumn("looked_on", date_of("looked_at"))
        .where((F.col("looked_on") >= F.lit(facts.first)) & (F.col("looked_on") <= F.lit(facts.as_of)))
    )
    reached = (
        looks.where(F.col("outcome").isin(*_REACHED)).groupBy("looked_on").agg(F.count("portal_id").alias("others"))
    )
    seen = join(looks, reached, ["looked_on"], "left")
    fair = (F.col("outcome") == "unreachable") & yes(F.col("others") > 0)
    missing, empty = F.col("outcome") == "column_missing", F.col("outcome") == "column_empty"
    counted = seen.groupBy("portal_id").agg(
        F.count("crawl_id").alias("looks"),
        F.sum(F.when(missing, 1).otherwise(0)).alias("looks_missing"),
        F.sum(F.when(empty, 1).otherwise(0)).alias("looks_empty"),
        F.sum(F.when(fair, 1).otherwise(0)).alias("looks_unreachable"),
        F.datediff(F.max("looked_on"), F.min("looked_on")).alias("span"),
        F.datediff(F.max(F.when(fair, F.col("looked_on"))), F.min(F.when(fair, F.col("looked_on")))).alias(
            "span_unreachable"
        ),
        F.max("crawl_id").alias("crawl"),
        F.min("looked_on").alias("published_from"),
        F.max("looked_on").alias("published_to"),
    )
    portals = engine.table("portals").where(F.col("active") & F.col("kind").isin("licence", "penalty", "both"))
    joined = join(portals, counted, ["portal_id"], "inner")
    # Only decisions that had to be shown by now: persons, exempt ones and those not yet due leave a column lawfully blank.
    told = (
        engine.table("cases")
        .where(
            F.col("judged") & F.col("has_s") & F.col("publish_state").isin("on_time", "late", "missing", "undecided")
        )
        .where(~F.col("person") & F.col("decision_date").isNotNull())
        .select("unit_id", F.col("kind").alias("t_kind"))
        .distinct()
    )
    declared = (
        engine.table("registers")
        .where((F.col("register") == "declarations") & F.col("covers_period"))
        .select("unit_id", F.col("kind").alias("d_kind"))
        .distinct()
    )
    kinds = joined.select("portal_id", "unit_id", F.col("kind").alias("k"))

    def fits(column: str) -> Column:
        return any_of(F.col(column).isNull(), F.col("k") == "both", F.col(column) == F.col("k"))

    with_records = (
        join(kinds, told, ["unit_id"], "inner")
        .where(fits("t_kind"))
        .select("portal_id")
        .distinct()
        .withColumn("told", F.lit(True))
    )
    with_declaration = (
        join(kinds, declared, ["unit_id"], "inner")
        .where(fits("d_kind"))
        .select("portal_id")
        .distinct()
        .withColumn("declared", F.lit(True))
    )
    joined = join(join(joined, with_records, ["portal_id"], "left"), with_declaration, ["portal_id"], "left")
    return joined.withColumns(
        {
            "subject": F.col("portal_id"),
            "told": yes(F.col("told")),
            "declared": yes(F.col("declared")),
            "note": F.col("title"),
        }
    )


def unit_cases(engine: Engine, facts: Facts) -> Frame:
    items = (
        engine.table("registers")
        .where(F.col("register") == "catalogue")
        .groupBy("unit_id")
        .agg(F.count("entry_id").alias("items"))
    )
    units = join(engine.table("units").where(F.col("active") & F.col("assessed")), items, ["unit_id"], "left")
    return units.withColumns(
        {
            "subject": F.col("unit_id"),
            "item_count": F.coalesce(F.col("items"), F.lit(0)),
            "catalogue_known": F.lit(facts.catalogue_known),
            "note": F.col("name"),
        }
    )


def item_cases(engine: Engine, facts: Facts) -> Frame:
    """Catalogue items in force, with whether the period has a record of theirs; and licences against the catalogue."""
    catalogue = engine.table("registers").where((F.col("register") == "catalogue") & F.col("item_key").isNotNull())
    catalogue = join(catalogue, engine.table("units").where(F.col("active")).select("unit_id"), ["unit_id"], "inner")
    in_force = catalogue.where(
        F.coalesce(F.col("effective_from") <= F.lit(facts.last), F.lit(True))
        & F.coalesce(F.col("effective_to") >= F.lit(facts.first), F.lit(True))
    )
    stated = items(engine.table("cases").where(F.col("judged"))).select(
        "unit_id", F.col("item_key").alias("stated_key")
    )
    # A record named like one item of the unit is of that item; only a name that equals none may lie within another's.
    named = in_force.select("unit_id", F.col("item_key").alias("stated_key")).distinct()
    stated = join(stated.distinct(), named.withColumn("named", F.lit(True)), ["unit_id", "stated_key"], "left")
    beside = join(in_force.select("entry_id", "unit_id", "item_key"), stated, ["unit_id"], "inner")
    of_item = (F.col("item_key") == F.col("stated_key")) | (F.col("named").isNull() & _near("item_key", "stated_key"))
    used = beside.where(of_item).select("entry_id").distinct().withColumn("used", F.lit(True))
    declared = (
        engine.table("registers")
        .where((F.col("register") == "declarations") & F.col("covers_period"))
        .select("unit_id", F.col("kind").alias("d_kind"))
        .distinct()
    )
    quiet = join(
        in_force.select("entry_id", "unit_id", F.col("kind").alias("k")), declared, ["unit_id"], "inner"
    ).where(any_of(F.col("k").isNull(), F.col("d_kind").isNull(), F.col("k") == F.col("d_kind")))
    quiet = quiet.select("entry_id").distinct().withColumn("declared", F.lit(True))
    joined = join(join(in_force, used, ["entry_id"], "left"), quiet, ["entry_id"], "left")
    # Penalties name their case, not the catalogue's item: any penalty of the unit shows that the item is alive.
    busy = engine.table("cases").where(F.col("judged") & (F.col("kind") == "penalty")).select("unit_id").distinct()
    joined = join(joined, busy.withColumn("busy", F.lit(True)), ["unit_id"], "left")
    alive = any_of(yes(F.col("used")), yes(F.col("busy")) & yes(F.col("kind") == "penalty"))
    return (
        joined.withColumn("used", alive)
        .withColumns(
            {
                "subject": F.concat(F.col("unit_id"), F.lit("|"), F.col("item_key")),
                "declared": yes(F.col("declared")),
                "ended": F.lit(facts.as_of > facts.last),
                "note": F.col("item_name"),
                "nth": F.row_number().over(Window.partitionBy("unit_id", "item_key").orderBy("entry_id")),
            }
        )
        .where(F.col("nth") == 1)
        .drop("basis", "ground", "nth")
    )


def _near(one: str, other: str) -> Column:
    """A certificate is named after its item (食品经营许可 · 食品经营许可证): one name within the other is the same item."""
    return F.col(one).contains(F.col(other)) | F.col(other).contains(F.col(one))


def licence_cases(engine: Engine) -> Frame:
    """Licences of units that have a licence catalogue, with whether any item they state stands in it."""
    catalogue = engine.table("registers").where(
        (F.col("register") == "catalogue")
        & F.col("item_key").isNotNull()
        & F.coalesce(F.col("kind") == "licence", F.lit(True))
    )
    licences = engine.table("cases").where(F.col("judged") & (F.col("kind") == "licence"))
    stated = items(licences)
    listed = catalogue.select("unit_id", F.col("item_key").alias("listed_key")).distinct()
    inside = (
        join(stated, listed, ["unit_id"], "inner")
        .groupBy("decision")
        .agg(
            F.max(F.when(_near("item_key", "listed_key"), 1).otherwise(0)).alias("listed"),
            F.min("item_key").alias("item"),
        )
    )
    has = catalogue.select("unit_id").distinct()
    marked = join(join(licences.drop("note"), inside, ["decision"], "inner"), has, ["unit_id"], "inner")
    return marked.withColumn("note", F.col("item"))
