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
from assessment.engine import Column, Engine, F, Frame, Window, all_of, any_of, join, yes
from assessment.exemptions import backfilled, exempted, grounds, hidden_items, transferred
from assessment.facts import Facts, conform, date_of, within
from assessment.other_cases import (
    defect_cases,
    defective,
    difference_cases,
    duplicate_cases,
    item_cases,
    licence_cases,
    link_cases,
    perhaps_several,
    placeholders,
    portal_cases,
    publication_cases,
    stale_cases,
    unit_cases,
    window_cases,
)
from assessment.pairing import as_number
from assessment.publishing import moved_by_outage, publication_facts, publish_states
from assessment.settled import settle
from assessment.sight import attempts, channels, sight, windows


def make_cases(engine: Engine, facts: Facts, settling: bool = True) -> None:
    """All case tables, from the frozen inputs and the result of pairing; without `settling`, every decision goes the long way."""
    engine.keep("channels", channels(engine))
    engine.keep("placeholders", placeholders(engine))
    engine.keep("defective", defective(engine))
    settle(engine, facts, settling)
    _primaries(engine)
    base = engine.keep("case_base", _base(engine, facts))
    engine.keep("exempted", exempted(engine, base, facts))
    engine.keep("compared", compared(engine))
    engine.keep("differences", differences(engine, facts))
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
    """The records that are judged: tables `pubs` and `subs`, and of each decision the earliest on either side."""
    settled = engine.table("settled")
    published, submitted = (
        engine.keep(
            name,
            join(
                engine.table(table),
                join(
                    engine.table(members), settled.select(F.col(letter).alias("record_id")), ["record_id"], "left_anti"
                ),
                ["record_id"],
                "inner",
            ),
        )
        for name, table, members, letter in (
            ("pubs", "publications", "members_pub", "p"),
            ("subs", "submissions", "members_sub", "s"),
        )
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
    joined = join(engine.table("decisions"), engine.table("settled").select("decision"), ["decision"], "left_anti")
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
    told = engine.values("told", {"unit_id": "string", "own_until": "date"}, facts.told_until.items())
    joined = join(joined, told, ["unit_id"], "left")
    until = F.coalesce(F.col("own_until"), F.lit(facts.submissions_until).cast("date"))
    joined = joined.withColumn("told_until", until).drop("own_until")
    for name, keys in (
        (backfilled(engine, base), ["decision"]),
        (transferred(engine, base), ["decision"]),
        (hidden, ["decision"]),
        (differing, ["decision"]),
        (engine.table("publish_states"), ["decision"]),
        (sight(engine), ["unit_id", "kind"]),
        (by_number, ["document_number_key"]),
        (by_party, ["unit_id", "counterparty_key"]),
        (_twins(engine, base, facts), ["decision"]),
        (_revoked(engine), ["decision"]),
    ):
        joined = join(joined, name, keys, "left")
    joined = engine.keep(
        "case_facts",
        joined.withColumns(
            {
                "item_hidden": F.col("x_hidden").isNotNull(),
                "received_on": date_of("s_received_at"),
                "attempted": any_of(yes(F.col("attempt_number")), yes(F.col("attempt_party"))),
                "revoked": yes(F.col("revoked")),
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


_REVOKED = "撤销|撤回|无效|注销|吊销|作废"


def _revoked(engine: Engine) -> Frame:
    """Decisions of which either side says itself that they hold no longer."""
    said = yes(F.regexp_like("status", F.lit(_REVOKED)))
    records = [engine.table(name).where(said).select("decision") for name in ("pubs", "subs")]
    return records[0].unionByName(records[1]).distinct().withColumn("revoked", F.lit(True))


def _twins(engine: Engine, base: Frame, facts: Facts) -> Frame:
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
        "s_received_at",
    )
    standing = engine.table("pubs").where(F.col("gone_since").isNull()).select("decision").distinct()
    lone = join(lone, standing.withColumn("standing", F.lit(True)), ["decision"], "left")
    lone = engine.keep("lone_decisions", lone.where(F.col("decision_date").isNotNull()))
    records = _records(engine.table("pubs"), True).unionByName(_records(engine.table("subs"), False))
    records = records.unionByName(_settled_records(engine, lone, facts))
    records = join(
        records, base.select(F.col("decision").alias("other"), (F.col("has_p") & F.col("has_s")).alias("whole")),
        ["other"], "left",
    )  # fmt: skip
    records = engine.keep("other_records", records)
    by_name = join(lone.where(~F.col("person")), records.withColumn("name", F.col("other_name")), [*keys, "name"])
    by_code = join(lone, records.withColumn("code", F.col("other_code")), [*keys, "code"])
    beside = by_name.unionByName(by_code.select(*by_name.columns)).where(F.col("has_p") != F.col("other_p"))
    numberless = any_of(F.col("document_number_key").isNull(), F.col("other_number").isNull())
    unpriced = F.col("amount").isNull() & F.col("other_amount").isNull()
    mistyped = _mistyped(F.col("document_number_key"), F.col("other_number"))
    alike = (
        yes(mistyped)
        & ~yes(F.col("whole"))
        & any_of(yes(F.col("amount") == F.col("other_amount")), unpriced & yes(F.col("item") == F.col("other_item")))
    )
    found = beside.where(any_of(numberless, alike, F.col("has_p") & F.col("standing").isNull())).select("decision")
    # One row for several parties (甲公司、乙公司; 甲公司等3家), which the other side states one by one.
    joint = records.where(F.col("other_many")).withColumn("document_number_key", F.col("other_number"))
    joint = join(lone, joint, [*keys, "document_number_key"]).where(F.col("has_p") != F.col("other_p"))
    found = found.unionByName(joint.select("decision")).unionByName(_slips(engine, lone))
    return found.unionByName(_among_several(engine, lone)).distinct().withColumn("twin", F.lit(True))


def _among_several(engine: Engine, lone: Frame) -> Frame:
    """Lone reports that one row in several places of a column may show: it bears their number, or that of their licence."""
    keys = ["kind", "unit_id", "name", "number"]
    several = engine.table("pubs").where(perhaps_several()).select(
        "kind", "unit_id", F.col("counterparty_key").alias("name"), F.col("document_number_key").alias("number")
    )  # fmt: skip
    mine = lone.where(~F.col("has_p")).select(*keys[:3], "decision", F.col("document_number_key").alias("number"))
    licences = engine.table("subs").select("decision", as_number(F.col("licence_number")).alias("number"))
    mine = mine.unionByName(join(mine.drop("number"), licences, ["decision"], "inner"))
    return join(mine, several.distinct(), keys, "left_semi").select("decision")


def _slips(engine: Engine, lone: Frame) -> Frame:
    """Lone reports that were made again later under a number that differs by a digit or two and that the website shows."""
    mine = lone.where(~F.col("has_p")).select(
        "decision", "kind", "unit_id", "decision_date", "document_number_key", "amount", "s_received_at",
        F.col("name").alias("counterparty_key"),
    )  # fmt: skip
    again = engine.table("submissions").select(
        "kind", "unit_id", "decision_date", "counterparty_key", "fine_yuan", "received_at",
        F.col("document_number_key").alias("other_number"),
    )  # fmt: skip
    beside = join(mine, again, ["kind", "unit_id", "decision_date", "counterparty_key"]).where(
        yes(F.col("received_at") > F.col("s_received_at"))
        & any_of(yes(F.col("amount") == F.col("fine_yuan")), F.col("amount").isNull() & F.col("fine_yuan").isNull())
        & yes(_mistyped(F.col("document_number_key"), F.col("other_number")))
    )
    shown = engine.table("publications").select("kind", F.col("document_number_key").alias("other_number"))
    return join(beside, shown, ["kind", "other_number"], "left_semi").select("decision")


def _mistyped(number: Column, other: Column) -> Column:
    return all_of(
        F.length(number) == F.length(other),
        F.levenshtein(number, other) <= 2,
        F.regexp_like(number, F.lit("[0-9]{3,}号?$")),
    )


def _records(table: Frame, shown: bool) -> Frame:
    return table.select(
        F.col("decision").alias("other"),
        "kind",
        "unit_id",
        "decision_date",
        F.lit(shown).alias("other_p"),
        F.col("document_number_key").alias("other_number"),
        F.col("fine_yuan").alias("other_amount"),
        F.coalesce(F.col("case_key"), F.col("licence_key")).alias("other_item"),
        F.col("counterparty_key").alias("other_name"),
        F.col("counterparty_code").alias("other_code"),
        yes(F.regexp_like("counterparty", F.lit(_MANY))).alias("other_many"),
    )


_MANY = "、|等[0-9一二三四五六七八九十]*(家|户|人|名|个|单位|企业|公司)"


def _settled_records(engine: Engine, lone: Frame, facts: Facts) -> Frame:
    """The same of settled decisions, as far as one of them can be a lone decision's twin.

    They have a number and stand on both sides: only what has none itself, is gone, or lies outside the period asks for them.
    """
    apart = any_of(
        F.col("document_number_key").isNull(),
        F.col("has_p") & F.col("standing").isNull(),
        ~within("decision_date", facts),
    )
    keys = ["kind", "unit_id", "decision_date"]
    near = join(engine.table("settled"), lone.where(apart).select(*keys).distinct(), keys, "left_semi")
    near = engine.keep("settled_near", near.select("p", "s", "decision"))
    made: list[Frame] = []
    for table, letter in (("publications", "p"), ("submissions", "s")):
        ids = near.select(F.col(letter).alias("record_id"), "decision")
        made.append(_records(join(engine.table(table), ids, ["record_id"], "inner"), letter == "p"))
    return made[0].unionByName(made[1])


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
    # What comes on a day off after the due day is late by the working day that it missed: one that has begun counts.
    reached = F.col("ordinal") + F.when(F.col("is_workday"), 0).otherwise(1)
    begun = engine.table("calendar").select(
        "clock", F.col("day").alias("received_on"), reached.alias("received_ordinal")
    )
    timed = join(timed, begun, ["clock", "received_on"], "left")
    ordinals = engine.table("calendar").select("clock", "day", "ordinal")
    for day, name in (
        ("report_due_moved", "due_ordinal"),
        ("publish_due", "publish_ordinal"),
        ("today", "today_ordinal"),
        ("decision_date", "own_ordinal"),
        ("p_decision_date", "shown_ordinal"),
    ):
        at = ordinals.select("clock", F.col("day").alias(day), F.col("ordinal").alias(name))
        timed = join(timed, at, ["clock", day], "left")
    late = yes(F.col("received_on") > F.col("report_due_moved"))
    days_late = F.col("received_ordinal") - F.col("due_ordinal")
    return timed.withColumns(
        {
            "report_late": late,
            "report_days_late": F.when(late, days_late),
            # Late by the day that the platform was told, in time by the later one that the website states.
            "report_disputed": late & yes(days_late <= F.col("shown_ordinal") - F.col("own_ordinal")),
            # Working days after today up to the due day of the side that has nothing yet; 0: today is the last one.
            "days_left": F.when(F.col("has_s"), F.col("publish_ordinal")).otherwise(F.col("due_ordinal"))
            - F.col("today_ordinal"),
        }
    ).drop(
        "received_ordinal", "due_ordinal", "publish_ordinal", "today_ordinal", "today", "own_ordinal", "shown_ordinal"
    )


def _verdicts(cases: Frame, facts: Facts) -> Frame:
    """The class of each decision, and the state of each duty: what the counts and the pair lines are made of."""
    as_of = F.lit(facts.as_of)
    both = F.col("has_p") & F.col("has_s")
    unsure = F.col("decision_date").isNull() | yes(F.col("provisional"))
    twin = yes(F.col("twin"))
    only_s, only_p = F.col("has_s") & ~F.col("has_p"), F.col("has_p") & ~F.col("has_s")
    unseen = any_of(F.col("proof_day").isNull(), ~yes(F.col("proof_day") > F.col("publish_due")))
    untold = ~yes(F.col("told_until") > F.col("report_due_moved"))
    verdict = (
        F.when(F.col("decision_date").isNull(), "question")
        .when(both & yes(F.col("differs_certainly") == 1), "differs")
        .when(both & any_of(F.col("ambiguous"), yes(F.col("differences") > 0)), "question")
        .when(both, "agreed")
        .when(only_s & F.col("publish_ground").isNotNull(), "exempt")
        .when(only_s & yes(F.col("publish_due") >= as_of), "not_due")
        .when(only_s & unseen, "unknown")
        .when(only_s & any_of(twin, unsure, F.col("x_doubt").isNotNull(), F.col("revoked")), "question")
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
        .when(F.col("report_late") & any_of(yes(F.col("provisional")), F.col("report_disputed")), "undecided")
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
