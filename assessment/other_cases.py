"""The case tables beside the decisions: publications, defects, duplicates, differences, portals, units, items, licences."""

from __future__ import annotations

from assessment.engine import Column, Engine, F, Frame, Window, all_of, any_of, join, no_day, no_text, yes
from assessment.exemptions import items, valid_on
from assessment.facts import GUESSED, Facts, date_of, unnumbered
from assessment.settled import all_cases, settled_cases

_REACHED = ("complete", "partial", "column_empty", "column_missing")
_READ = ("complete", "partial", "column_empty")
_NAMED = 5  # document numbers that a finding about many decisions names


def publication_cases(engine: Engine, facts: Facts) -> Frame:
    """Every publication of a judged decision, with what checks on its standing on the portal need."""
    seen = engine.table("publication_facts").where(F.col("judged"))
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
    alike = ["portal_id", "kind", "counterparty_key", "decision_date"]
    gone = seen.where(F.col("gone_since").isNotNull()).select(*alike).distinct()
    newer = (
        join(engine.table("publications").where(F.col("gone_since").isNull()), gone, alike, "left_semi")
        .groupBy(*alike)
        .agg(F.max("first_seen").alias("newest"))
    )
    # So may a decision that changes another one: a number and a day of its own, shown from when the old one was gone.
    party = ["portal_id", "kind", "counterparty_key"]
    span = [*party, "last_seen", "gone_since"]  # moments of looks: few, however many decisions a party has
    lost = seen.where(F.col("gone_since").isNotNull() & ~F.col("person")).select(*span).distinct()
    came = join(engine.table("publications"), lost.select(*party).distinct(), party, "left_semi")
    came = came.select(*party, F.col("first_seen").alias("came")).distinct()
    followed = join(lost, came, party, "inner")
    followed = followed.where((F.col("came") > F.col("last_seen")) & (F.col("came") <= F.col("gone_since")))
    followed = followed.select(*span).distinct().withColumn("followed", F.lit(True))
    still = (
        engine.table("pubs")
        .where(F.col("gone_since").isNull())
        .select("decision", "portal_id")
        .distinct()
        .withColumn("replaced", F.lit(True))
    )
    channel = engine.table("portals").select("portal_id", "channel", F.col("active").alias("registered"))
    standing = join(
        engine.table("pubs").where(F.col("gone_since").isNull()).select("decision", "portal_id"), channel, ["portal_id"]
    )
    in_channel = standing.select("decision", "channel").distinct().withColumn("same_channel", F.lit(True))
    elsewhere = standing.select("decision").distinct().withColumn("elsewhere", F.lit(True))
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
        "transfer_words",
        "report_basis",
        "report_days",
        "provisional",
        "revoked",
    )
    joined = join(join(seen, oldest, ["portal_id"], "left"), still, ["decision", "portal_id"], "left")
    joined = join(join(joined, here, ["decision", "portal_id"], "left"), about, ["decision"], "left")
    joined = join(joined, dated, ["portal_id"], "left")
    joined = join(join(joined, newer, alike, "left"), followed, span, "left")
    joined = join(join(joined, channel, ["portal_id"], "left"), in_channel, ["decision", "channel"], "left")
    joined = join(joined, elsewhere, ["decision"], "left")
    terms = engine.table("deadlines").select(
        "clock", "kind", F.col("day").alias("own_day"), "minor_until", "term_until", "term_basis", "least_until"
    )
    joined = join(joined, terms, ["clock", "kind", "own_day"], "left")
    calendar = engine.table("calendar")
    workdays = calendar.where(F.col("is_workday")).select(
        "clock",
        F.col("day").alias("repair_limit"),
        F.col("ordinal").alias("limit"),
        F.col("provisional").alias("repair_provisional"),
    )
    repaired = calendar.select("clock", F.col("day").alias("x_repaired_on"), F.col("ordinal").alias("repaired_at"))
    joined = join(joined, repaired, ["clock", "x_repaired_on"], "left").withColumn(
        "limit", F.col("repaired_at") + facts.repair_days
    )
    joined = join(joined, _gone_in_outage(engine), ["record_id"], "left")
    return (
        join(joined, workdays, ["clock", "limit"], "left")
        .withColumns(
            {
                "subject": F.col("record_id"),
                "published": F.col("record_id"),
                "replaced": any_of(
                    yes(F.col("replaced")), yes(F.col("newest") > F.col("last_seen")) & ~F.col("person")
                ),
                "followed": yes(F.col("followed")) & ~F.col("person"),
                # A column that shows the day of decision as its date says nothing about when it was published.
                "dated_by_decision": yes((F.col("dated") >= 5) & (F.col("dated_alike") * 10 >= F.col("dated") * 9)),
                "repair_days": F.lit(facts.repair_days),
                # A column that moved, or another column of the same window: what stands there was not withdrawn.
                "moved_on": any_of(
                    yes(F.col("same_channel")), yes(F.col("elsewhere")) & ~F.coalesce(F.col("registered"), F.lit(True))
                ),
                "elsewhere": yes(F.col("elsewhere")),
                "term_over": F.when(
                    F.coalesce(F.col("publish_exemption"), F.lit("")).isin("minor"), F.col("minor_until")
                ).otherwise(F.col("term_until")),
                "minor": yes(F.col("publish_exemption") == "minor"),
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


def _website_outages(engine: Engine) -> Frame:
    """portal_id, o_from, o_to, o_words: when a portal's website was down or rebuilt, as its unit or the city registered."""
    outages = engine.table("registers").where(
        (F.col("register") == "outages") & F.col("duty").isin("publish", "both") & F.col("effective_from").isNotNull()
    )
    lines = outages.select(
        F.col("unit_id").alias("o_unit"),
        F.col("effective_from").alias("o_from"),
        F.coalesce(F.col("effective_to"), F.col("effective_from")).alias("o_to"),
        F.col("words").alias("o_words"),
        F.lit("all").alias("one"),
    )
    units = engine.table("units").select("unit_id", "parent")
    portals = join(engine.table("portals").select("portal_id", "unit_id"), units, ["unit_id"], "left")
    beside = join(portals.withColumn("one", F.lit("all")), lines, ["one"], "inner")
    return beside.where(
        any_of(
            F.col("o_unit").isNull(), yes(F.col("o_unit") == F.col("unit_id")), yes(F.col("o_unit") == F.col("parent"))
        )
    ).select("portal_id", "o_from", "o_to", "o_words")


def _gone_in_outage(engine: Engine) -> Frame:
    """record_id -> the line about a website that was down or rebuilt when the record was no longer found."""
    gone = engine.table("pubs").where(F.col("gone_since").isNotNull())
    gone = gone.select("record_id", "portal_id", date_of("gone_since").alias("day"), date_of("last_seen").alias("seen"))
    within_outage = join(gone, engine.keep("website_outages", _website_outages(engine)), ["portal_id"], "inner").where(
        (F.col("o_to") >= F.col("seen")) & (F.col("o_from") <= F.col("day"))
    )
    return within_outage.groupBy("record_id").agg(F.min("o_words").alias("gone_words"))


def defective(engine: Engine) -> Frame:
    """source, record_id: every record with a defect of any weight."""
    columns = ("source", "record_id")
    return (
        engine.table("defects").select(*columns).unionByName(engine.table("placeholders").select(*columns)).distinct()
    )


def defect_cases(engine: Engine) -> Frame:
    """One row per record, code and field: the gravest defect, with every rule that found it."""
    shown = engine.table("cases").where(F.col("judged")).select("decision", F.col("publish_days").alias("days"))
    severity = F.when(F.col("severity") == "E", 1).when(F.col("severity") == "W", 2).otherwise(3)
    keys = Window.partitionBy("source", "record_id", "code", "field")
    graded = engine.table("defects").unionByName(engine.table("placeholders")).withColumn("grade", severity)
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
        yes(F.col("confidence") < GUESSED).alias("guessed"),
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
        F.lit(False).alias("guessed"),
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


# A text that fills the field and says nothing.
_PLACEHOLDER = (
    "^(详?见(附件|附表|决定书|文书|原文|链接|正文|网页)?.{0,4}|同上|略|从略|测试.{0,4}|待(补充|完善|定)|[xX*＊×.。…?？-]{1,9}|"
    "依法(处理|处罚|许可|办理)?|无内容|[0-9a-zA-Z]{1,3})[。.]?$"
)


def placeholders(engine: Engine) -> Frame:
    """Rows of `defects` for records whose decided content is a placeholder: a question, never more."""
    made: Frame | None = None
    for source, table in (("publication", "publications"), ("submission", "submissions")):
        short = engine.table(table).where(F.length("content") <= 12)
        part = short.where(yes(F.regexp_like(F.col("content"), F.lit(_PLACEHOLDER))))
        part = part.select(
            F.lit(source).alias("source"),
            "record_id",
            F.lit(1000).cast("bigint").alias("position"),
            F.lit("G1").alias("rule"),
            F.lit("field_invalid").alias("code"),
            F.lit("content").alias("field"),
            F.lit("W").alias("severity"),
            F.concat(F.lit("只写了“"), F.col("content"), F.lit("”，没有实际内容")).alias("message"),
            F.lit("写明决定的实际内容").alias("cure"),
        )
        made = part if made is None else made.unionByName(part)
    assert made is not None
    return made


def duplicate_cases(engine: Engine) -> Frame:
    """One row per decision and place (the platform, or one portal) with the number of its records there."""
    told = (
        engine.table("subs")
        .groupBy("decision")
        .agg(
            F.count("record_id").alias("places"),
            F.count_distinct("filed_unit_id").alias("filers"),
            F.sum(_amended()).alias("amended"),
            F.lit(0).alias("unnumbered"),
            F.min("record_id").alias("record"),
        )
        .withColumn("portal", no_text())
        .withColumn("note", F.lit("平台"))
    )
    shown = (
        engine.table("pubs")
        .where(F.col("gone_since").isNull())
        .groupBy("decision", "portal_id")
        .agg(
            F.sum("copies").alias("places"),
            F.lit(1).alias("filers"),
            F.sum(_amended()).alias("amended"),
            F.max(F.when(any_of(unnumbered(), perhaps_several()), 1).otherwise(0)).alias("unnumbered"),
            F.min("record_id").alias("record"),
        )
        .withColumnRenamed("portal_id", "portal")
        .withColumn("note", F.lit("同一栏目"))
    )
    columns = (
        "decision",
        F.col("places").cast("bigint").alias("places"),
        "filers",
        "amended",
        "unnumbered",
        "record",
        "portal",
        "note",
    )
    both = told.select(*columns).unionByName(shown.select(*columns)).where(F.col("places") > 1)
    about = engine.table("cases").where(F.col("judged")).drop("subject", "portal_id", "note")
    joined = join(both, about, ["decision"], "inner")
    return joined.withColumns(
        {
            "subject": F.concat(F.col("decision"), F.lit("|"), F.coalesce(F.col("portal"), F.lit("platform"))),
            # While a duty goes over, the old and the new unit may both report the decision.
            "both_filed": all_of(
                F.col("transfer_words").isNotNull(), F.col("filers") > 1, F.col("places") == F.col("filers")
            ),
            "each_filed_one": all_of(
                F.col("transfer_words").isNull(), F.col("filers") > 1, F.col("places") == F.col("filers")
            ),
            "versions": (F.col("amended") >= 1) & (F.col("places") - F.col("amended") <= 1),
            "portal_id": F.col("portal"),
        }
    )


def perhaps_several() -> Column:
    """A row in several places of a column that may be as many decisions: no number of its own year, or a hidden person."""
    return (F.col("copies") > 1) & any_of(unnumbered(), yes(F.col("counterparty_type") == "natural_person"))


def _amended() -> Column:
    """1 for a record that says of itself that it changes, corrects or revokes an earlier one."""
    said = any_of(
        yes(F.regexp_like(F.col("status"), F.lit("变更|更正|撤销"))),
        yes(F.regexp_like(F.col("document_title"), F.lit("变更决定|更正|撤销决定|补正"))),
    )
    return F.when(said, 1).otherwise(0)


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
    told = engine.table("differences").withColumn("other_title", no_text())
    shown = engine.table("window_differences").withColumn("submitted", no_text())
    both = told.unionByName(shown.select(*told.columns))
    return join(both, about, ["decision"], "inner").withColumn("subject", F.col("decision"))


def portal_cases(engine: Engine, facts: Facts) -> Frame:
    """Each active portal of the two windows, with its looks from the first day of the period to `as_of`."""
    looks = (
        engine.table("coverage")
        .withColumn("looked_on", date_of("looked_at"))
        .where((F.col("looked_on") >= F.lit(facts.first)) & (F.col("looked_on") <= F.lit(facts.as_of)))
    )
    # A website that was registered as down or being rebuilt is not judged by what was seen of it on those days.
    down = join(
        looks.select("crawl_id", "portal_id", "looked_on"), engine.table("website_outages"), ["portal_id"], "inner"
    )
    down = down.where((F.col("looked_on") >= F.col("o_from")) & (F.col("looked_on") <= F.col("o_to")))
    looks = engine.keep("fair_looks", join(looks, down.select("crawl_id").distinct(), ["crawl_id"], "left_anti"))
    reached = (
        looks.where(F.col("outcome").isin(*_REACHED)).groupBy("looked_on").agg(F.count("portal_id").alias("others"))
    )
    seen = join(looks, reached, ["looked_on"], "left")
    fair = (F.col("outcome") == "unreachable") & yes(F.col("others") > 0)
    missing, empty = F.col("outcome") == "column_missing", F.col("outcome") == "column_empty"
    # What fails after the period's last day is the next period's; but what is due late in it is published after it.
    within = F.col("looked_on") <= F.lit(facts.last)
    own_day, fault_day = F.when(within, F.col("looked_on")), F.when(within & fair, F.col("looked_on"))
    counted = seen.groupBy("portal_id").agg(
        F.count("crawl_id").alias("looks"),
        F.sum(F.when(within, 1).otherwise(0)).alias("own_looks"),
        F.sum(F.when(within & missing, 1).otherwise(0)).alias("looks_missing"),
        F.sum(F.when(empty, 1).otherwise(0)).alias("looks_empty"),
        F.sum(F.when(within & fair, 1).otherwise(0)).alias("looks_unreachable"),
        F.datediff(F.max(own_day), F.min(own_day)).alias("span"),
        F.datediff(F.max(fault_day), F.min(fault_day)).alias("span_unreachable"),
        F.max("crawl_id").alias("crawl"),
        F.min("looked_on").alias("published_from"),
        F.max("looked_on").alias("published_to"),
        F.max(own_day).alias("own_until"),
    )
    portals = engine.table("portals").where(F.col("active") & F.col("kind").isin("licence", "penalty", "both"))
    joined = join(portals, counted, ["portal_id"], "inner")
    # Only decisions that had to be shown by now: persons, exempt ones and those not yet due leave a column lawfully blank.
    names = ("judged", "has_s", "publish_state", "person", "decision_date", "unit_id", "kind")
    told = (
        all_cases(engine, facts, *names)
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


def stale_cases(engine: Engine, facts: Facts) -> Frame:
    """A column twice: whether anything new came (field null), and whether its entries bear dates (field: the date's)."""
    shown = (
        engine.table("publications")
        .where(F.col("gone_since").isNull())
        .withColumns(
            {
                "about": F.when(F.col("decision_date") <= F.lit(facts.as_of), F.col("decision_date")),
                "dated": F.when(F.col("stated_published_on") <= F.lit(facts.as_of), F.col("stated_published_on")),
            }
        )
        .groupBy("portal_id")
        .agg(
            F.count("record_id").alias("standing"),
            F.count("decision_date").alias("with_day"),
            F.count("stated_published_on").alias("with_date"),
            F.greatest(F.max("about"), F.max("dated")).alias("newest"),
        )
    )
    whole = (
        engine.table("fair_looks")
        .where(F.col("outcome") == "complete")
        .groupBy("portal_id")
        .agg(F.max("looked_on").alias("whole_on"), F.max("records").alias("records_read"))
    )
    columns = engine.table("portal_cases").drop("published_from", "published_to", "field")
    joined = join(join(columns, whole, ["portal_id"], "inner"), shown, ["portal_id"], "left")
    joined = joined.withColumns(
        {
            "standing": F.greatest(
                F.coalesce(F.col("standing"), F.lit(0)), F.coalesce(F.col("records_read"), F.lit(0))
            ),
            "quiet_days": F.datediff(F.col("whole_on"), F.col("newest")),
            "ended": F.lit(facts.as_of > facts.last),
            "published_from": F.col("newest"),
            "published_to": F.col("whole_on"),
            "undated": yes((F.col("with_day") == 0) & (F.col("with_date") == 0)),
            "nothing_new": all_of(
                F.coalesce(F.col("newest") < F.lit(facts.first), F.lit(True)), F.col("whole_on") >= F.lit(facts.last)
            ),
        }
    )
    fresh = joined.withColumn("field", no_text())
    return fresh.unionByName(joined.withColumn("field", F.lit("stated_published_on")))


def link_cases(engine: Engine) -> Frame:
    """One row per portal and link that could not be opened, with the looks that tried it and whether it was so to the end."""
    looks = engine.table("fair_looks")
    last = looks.where(F.col("outcome").isin(*_READ)).groupBy("portal_id").agg(F.max("looked_on").alias("read_on"))
    failed = join(
        engine.table("links").drop("portal_id", "looked_at"),
        looks.select("crawl_id", "portal_id", "looked_on"),
        ["crawl_id"],
        "inner",
    )
    counted = failed.groupBy("portal_id", "link").agg(
        F.count("crawl_id").alias("looks"),
        F.min("looked_on").alias("published_from"),
        F.max("looked_on").alias("published_to"),
        F.min(F.when(F.col("gone"), 1).otherwise(0)).alias("always_gone"),
        F.max("why").alias("why"),
        F.max("crawl_id").alias("crawl"),
    )
    portals = engine.table("portals").where(F.col("active") & F.col("kind").isin("licence", "penalty", "both"))
    joined = join(join(counted, portals.drop("url"), ["portal_id"], "inner"), last, ["portal_id"], "inner")
    return joined.withColumns(
        {
            "subject": F.concat(F.col("portal_id"), F.lit("|"), F.col("link")),
            "url": F.col("link"),
            "note": F.col("title"),
            "span": F.datediff(F.col("published_to"), F.col("published_from")),
            "still": yes(F.col("published_to") == F.col("read_on")),
        }
    )


def window_cases(engine: Engine, facts: Facts) -> Frame:
    """unit, kind, channel: decisions that stand in another window, and how many of them do not stand in this one.

    Only windows that obligations.yml asks for on the day of the decision, that are registered, and that were seen whole after
    the due day; only decisions that had to be shown by then.
    """
    own = ("decision", "unit_id", "kind", "decision_date", "document_number", "publish_due")
    shown = engine.table("cases").where(
        F.col("judged") & F.col("has_p") & F.col("publish_state").isin("on_time", "late", "undecided")
    )
    shown = shown.where(
        ~F.col("person") & F.col("publish_ground").isNull() & yes(F.col("publish_due") < F.lit(facts.as_of))
    )
    settled = settled_cases(engine, facts).where(F.col("publish_due") < F.lit(facts.as_of))
    seen = (
        engine.table("channels")
        .groupBy("unit_id", "kind", "channel")
        .agg(
            F.count("portal_id").alias("windows"),
            F.when(F.count("portal_id") == F.count("seen_whole"), F.min("seen_whole")).alias("proof_day"),
            F.array_join(F.sort_array(F.collect_list("whole_crawl")), "、").alias("proof_looks"),
            F.min("portal_id").alias("portal_id"),
        )
    )
    places = engine.table("portals").select("portal_id", "channel")
    there = join(engine.table("pubs").select("decision", "portal_id"), places, ["portal_id"], "inner")
    there = there.select("decision", "channel").distinct().withColumn("there", F.lit(True))
    beside = _asked(engine, shown.select(*own), seen)
    beside = join(beside, there, ["decision", "channel"], "left").withColumn("absent", F.col("there").isNull())
    # A settled decision stands in one place only.
    place = places.select("portal_id", F.col("channel").alias("place"))
    settled = join(settled.select(*own, "portal_id"), place, ["portal_id"], "left").drop("portal_id")
    apart = _asked(engine, settled, seen).withColumn("absent", ~yes(F.col("place") == F.col("channel")))
    beside = beside.drop("there").unionByName(apart.drop("place"))
    keys = ("unit_id", "kind", "channel")
    counted = beside.groupBy(*keys).agg(
        F.count("decision").alias("in_all"),
        F.sum(F.when(F.col("absent"), 1).otherwise(0)).cast("bigint").alias("not_there"),
        F.max(F.when(F.col("strict") & F.col("absent"), 1).otherwise(0)).alias("strictly"),
        F.min("window_basis").alias("publish_basis"),
        F.max("windows").alias("windows"),
        F.min("proof_day").alias("proof_day"),
        F.min("proof_looks").alias("proof_looks"),
        F.min("portal_id").alias("portal_id"),
    )
    nth = F.row_number().over(Window.partitionBy(*keys).orderBy("document_number", "decision"))
    named = beside.where(F.col("absent") & F.col("document_number").isNotNull()).withColumn("nth", nth)
    examples = F.array_join(F.sort_array(F.collect_list("document_number")), "、").alias("examples")
    few = named.where(F.col("nth") <= _NAMED).groupBy(*keys).agg(examples)
    joined = join(counted, few, list(keys), "left")
    words = F.when(F.col("channel") == "department", "本部门网站").when(F.col("channel") == "credit", "信用网站")
    return joined.withColumns(
        {
            "subject": F.concat(F.col("unit_id"), F.lit("|"), F.col("kind"), F.lit("|"), F.col("channel")),
            "note": words.otherwise("政府网站"),
            "examples": F.coalesce(F.col("examples"), F.lit("均无文号")),
        }
    )


def _asked(engine: Engine, shown: Frame, seen: Frame) -> Frame:
    """Each of these decisions beside each window that had to show it and was seen whole after its due day."""
    asked = join(shown, engine.table("windows_asked"), ["kind"], "inner").where(
        (F.col("decision_date") >= F.col("since")) & F.coalesce(F.col("decision_date") < F.col("until"), F.lit(True))
    )
    asked = join(asked, seen, ["unit_id", "kind", "channel"], "inner")
    return asked.where(yes(F.col("proof_day") > F.col("publish_due")))


def unit_cases(engine: Engine, facts: Facts) -> Frame:
    items = (
        engine.table("registers")
        .where(F.col("register") == "catalogue")
        .groupBy("unit_id")
        .agg(
            F.sum(F.when(_in_force(facts), 1).otherwise(0)).cast("bigint").alias("items"),
            F.count("entry_id").alias("items_ever"),
        )
    )
    units = join(engine.table("units").where(F.col("active") & F.col("assessed")), items, ["unit_id"], "left")
    return units.withColumns(
        {
            "subject": F.col("unit_id"),
            "item_count": F.coalesce(F.col("items"), F.lit(0)),
            "items_other": F.coalesce(F.col("items_ever"), F.lit(0)) - F.coalesce(F.col("items"), F.lit(0)),
            "catalogue_known": F.lit(facts.catalogue_known),
            "note": F.col("name"),
        }
    )


def item_cases(engine: Engine, facts: Facts) -> Frame:
    """Catalogue items in force, with whether the period has a record of theirs; and licences against the catalogue."""
    catalogue = engine.table("registers").where((F.col("register") == "catalogue") & F.col("item_key").isNotNull())
    catalogue = join(catalogue, engine.table("units").where(F.col("active")).select("unit_id"), ["unit_id"], "inner")
    in_force = catalogue.where(_in_force(facts))
    own = (
        "judged",
        "unit_id",
        "kind",
        "decision",
        "decision_date",
        "s_case_key",
        "s_licence_key",
        "p_case_key",
        "p_licence_key",
    )
    everything = all_cases(engine, facts, *own).where(F.col("judged"))
    stated = items(everything).select("unit_id", F.col("item_key").alias("stated_key"))
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
    busy = everything.where(F.col("kind") == "penalty").select("unit_id").distinct()
    joined = join(joined, busy.withColumn("busy", F.lit(True)), ["unit_id"], "left")
    # What went over to another unit in or before the period is silent here for good reason.
    moved = engine.table("registers").where(
        (F.col("register") == "responsibilities") & (F.col("effective_from") <= F.lit(facts.last))
    )
    moved = moved.select("unit_id", F.col("kind").alias("m_kind"), F.col("item_key").alias("m_item"))
    gone = join(joined.select("entry_id", "unit_id", "kind", "item_key"), moved, ["unit_id"], "inner").where(
        any_of(F.col("m_kind").isNull(), yes(F.col("m_kind") == F.col("kind")))
        & any_of(F.col("m_item").isNull(), _near("item_key", "m_item"))
    )
    joined = join(joined, gone.select("entry_id").distinct().withColumn("moved", F.lit(True)), ["entry_id"], "left")
    alive = any_of(yes(F.col("used")), yes(F.col("busy")) & yes(F.col("kind") == "penalty"), yes(F.col("moved")))
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


def _in_force(facts: Facts) -> Column:
    """Whether the line holds on any day of the period."""
    return all_of(
        F.coalesce(F.col("effective_from") <= F.lit(facts.last), F.lit(True)),
        F.coalesce(F.col("effective_to") >= F.lit(facts.first), F.lit(True)),
    )


def _near(one: str, other: str) -> Column:
    """A certificate is named after its item (食品经营许可 · 食品经营许可证): one name within the other is the same item."""
    return F.col(one).contains(F.col(other)) | F.col(other).contains(F.col(one))


def licence_cases(engine: Engine) -> Frame:
    """Licences of units that had a licence catalogue on their day, with whether any item they state stood in it."""
    catalogue = engine.table("registers").where(
        (F.col("register") == "catalogue")
        & F.col("item_key").isNotNull()
        & F.coalesce(F.col("kind") == "licence", F.lit(True))
    )
    licences = engine.table("cases").where(F.col("judged") & (F.col("kind") == "licence"))
    licences = licences.where(F.col("report_exemption").isNull())  # what is no licence at all stands in no list of them
    stated = items(licences)
    own = catalogue.select(
        "unit_id", F.col("item_key").alias("listed_key"), "effective_from", "effective_to"
    ).distinct()
    inside = join(stated, own, ["unit_id"], "inner").where(valid_on("decision_date"))
    inside = inside.withColumn("near", F.when(_near("item_key", "listed_key"), 1).otherwise(0))
    # An item that went over may still stand in the other unit's catalogue.
    moved = engine.table("registers").where(
        (F.col("register") == "responsibilities")
        & F.col("other_unit").isNotNull()
        & F.coalesce(F.col("kind") == "licence", F.lit(True))
    )
    there = moved.select("unit_id", F.col("other_unit").alias("neighbour")).unionByName(
        moved.select(F.col("other_unit").alias("unit_id"), F.col("unit_id").alias("neighbour"))
    )
    theirs = catalogue.select(F.col("unit_id").alias("neighbour"), F.col("item_key").alias("listed_key")).distinct()
    beside = join(join(stated, there.distinct(), ["unit_id"], "inner"), theirs, ["neighbour"], "inner")
    spared = beside.where(_near("item_key", "listed_key")).select("decision").distinct()
    inside = inside.groupBy("decision").agg(F.max("near").alias("listed_here"), F.min("item_key").alias("item"))
    inside = join(inside, spared.withColumn("spared", F.lit(True)), ["decision"], "left")
    marked = join(licences.drop("note"), inside, ["decision"], "inner")
    return marked.withColumns(
        {"listed": F.when(F.col("spared"), F.lit(1)).otherwise(F.col("listed_here")), "note": F.col("item")}
    )
