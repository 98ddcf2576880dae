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

import datetime
from dataclasses import dataclass
from typing import Any

from assessment.engine import Column, Engine, F, Frame, Window, all_of, any_of, join, no_day, no_text, yes

STANDARD: dict[str, str] = {
    "subject": "string", "unit_id": "string", "kind": "string", "decision": "string", "document_number": "string",
    "counterparty": "string", "decision_date": "date", "due_date": "date", "published_from": "date",
    "published_to": "date", "received_at": "timestamp_ntz", "field": "string", "published_value": "string",
    "submitted_value": "string", "portal_id": "string", "url": "string", "evidence": "string", "published": "string",
    "submitted": "string", "rule": "string", "crawl": "string", "publish_basis": "string", "report_basis": "string",
    "publish_days": "bigint", "report_days": "bigint", "provisional": "boolean", "note": "string",
}  # fmt: skip

# Grounds beside those of obligations.yml; the registers and the catalogue name them.
GROUND_TITLES = {
    "register_exemption": "豁免清单登记", "catalogue_hidden": "目录载明不予公示", "credit_repair": "已信用修复",
    "withdrawal": "已说明撤下", "vertical": "垂直管理单位另行上报",
}  # fmt: skip

_WINDOWS = ("department", "government")  # 信用网站由平台供数，不作为单位公示与否的证明
_REACHED = ("complete", "partial", "column_empty", "column_missing")
_PROOF = ("complete", "column_empty")
_LIGHT = ("warning_only", "minor")  # not published by law; local rules differ on reporting them, so neither is demanded


@dataclass(frozen=True)
class Facts:
    """What holds for the whole period (meta.json)."""

    period: str
    first: datetime.date
    last: datetime.date
    as_of: datetime.date
    submissions_until: datetime.date | None
    catalogue_known: bool
    grounds: dict[str, str]  # every ground of exemption that is tested -> its title

    @classmethod
    def read(cls, meta: dict[str, Any]) -> Facts:
        until = meta["submissions_until"]
        day = datetime.date.fromisoformat
        return cls(
            meta["period"], day(meta["first"]), day(meta["last"]), day(meta["as_of"]),
            None if until is None else day(until), meta["catalogue_known"], GROUND_TITLES | meta["exemptions"],
        )  # fmt: skip


def make_cases(engine: Engine, facts: Facts) -> None:
    """All case tables, from the frozen inputs and the result of pairing."""
    _primaries(engine)
    base = engine.keep("case_base", _base(engine, facts))
    engine.keep("exempted", _exempted(engine, base, facts))
    engine.keep("compared", _compared(engine))
    engine.keep("differences", _differences(engine))
    engine.keep("publication_facts", _publication_facts(engine, base))
    engine.keep("publish_states", _publish_states(engine))
    engine.keep("cases", conform(_verdicts(_cases(engine, base, facts), facts)))
    engine.keep("publication_cases", conform(_publication_cases(engine)))
    engine.keep("defect_cases", conform(_defect_cases(engine)))
    engine.keep("duplicate_cases", conform(_duplicate_cases(engine)))
    engine.keep("difference_cases", conform(_difference_cases(engine)))
    engine.keep("portal_cases", conform(_portal_cases(engine, facts)))
    engine.keep("unit_cases", conform(_unit_cases(engine, facts)))
    engine.keep("item_cases", conform(_item_cases(engine, facts)))
    engine.keep("licence_cases", conform(_licence_cases(engine)))


def conform(frame: Frame) -> Frame:
    """The frame with every standard column; the missing ones are null."""
    missing = {name: F.lit(None).cast(kind) for name, kind in STANDARD.items() if name not in frame.columns}
    return frame.withColumns(missing) if missing else frame


def date_of(column: str) -> Column:
    return F.col(column).cast("date")


# ---------------------------------------------------------------- one row per decision

_SHARED = (
    "kind", "unit_id", "document_number", "document_number_key", "counterparty", "counterparty_key", "counterparty_type",
    "counterparty_code", "category", "content", "case_name", "licence_name", "fine_yuan", "confiscation_yuan",
    "decision_date", "publicity_until", "publish_exemption", "report_exemption",
)  # fmt: skip


def _primaries(engine: Engine) -> None:
    published = engine.keep(
        "pubs", join(engine.table("publications"), engine.table("members_pub"), ["record_id"], "inner")
    )
    submitted = engine.keep(
        "subs", join(engine.table("submissions"), engine.table("members_sub"), ["record_id"], "inner")
    )
    engine.keep("primary_pub", _first(published, "first_seen", "p", (
        "portal_id", "url", "evidence", "first_crawl", "first_seen", "absent_before", "stated_published_on")))  # fmt: skip
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
    made = joined.withColumns(both | {
        "placed": placed,
        "person": yes(both["counterparty_type"] == "natural_person"),
        "has_p": F.col("p").isNotNull(), "has_s": F.col("s").isNotNull(),
    })  # fmt: skip
    within = _within("placed", facts)
    shown = any_of(
        yes(within),
        *(yes((F.col(f"{name}_to") >= F.lit(facts.first)) & (F.col(f"{name}_from") <= F.lit(facts.last))
              & any_of(yes(_within(f"{name}_from", facts)), yes(_within(f"{name}_to", facts)))) for name in ("count_pub", "count_sub")),
    )  # fmt: skip
    made = made.withColumns({"judged": yes(within), "shown": shown}).where(F.col("shown"))
    days = engine.table("deadlines").withColumnRenamed("day", "decision_date")
    return join(join(made, units, ["unit_id"], "left"), days, ["kind", "decision_date"], "left")


def _within(column: str, facts: Facts) -> Column:
    return (F.col(column) >= F.lit(facts.first)) & (F.col(column) <= F.lit(facts.last))


# ---------------------------------------------------------------- exemptions


def _exempted(engine: Engine, base: Frame, facts: Facts) -> Frame:
    """decision -> what the registers say about it."""
    entries = engine.table("registers").where(F.col("register").isin("exemptions", "repairs", "withdrawals")).select(
        "unit_id", "register", F.col("kind").alias("r_kind"), F.col("document_number_key").alias("r_number"),
        F.col("counterparty_key").alias("r_name"), F.col("counterparty_code").alias("r_code"), "effective_from",
        "effective_to", "ground", F.col("basis").alias("r_basis"),
    )  # fmt: skip
    names = base.select(
        "decision",
        "unit_id",
        "kind",
        "decision_date",
        "person",
        "document_number_key",
        "counterparty_key",
        "counterparty_code",
    )
    party = any_of(
        yes(F.col("r_name") == F.col("counterparty_key")), yes(F.col("r_code") == F.col("counterparty_code"))
    )
    by_number = yes(F.col("r_number") == F.col("document_number_key")) & any_of(
        F.col("r_name").isNull() & F.col("r_code").isNull(), party, F.col("person"), F.col("counterparty_key").isNull()
    )
    by_party = F.col("r_number").isNull() & party
    by_unit = all_of(
        F.col("register") == "exemptions",
        F.col("r_number").isNull(),
        F.col("r_name").isNull(),
        F.col("r_code").isNull(),
    )
    in_force = F.when(
        F.col("register") == "exemptions",
        any_of(F.col("effective_from").isNull(), F.col("effective_from") <= F.col("decision_date"))
        & any_of(F.col("effective_to").isNull(), F.col("effective_to") >= F.col("decision_date")),
    ).otherwise(any_of(F.col("effective_from").isNull(), F.col("effective_from") <= F.lit(facts.as_of)))
    fitting = join(names, entries, ["unit_id"], "inner").where(
        all_of(
            any_of(F.col("r_kind").isNull(), F.col("r_kind") == F.col("kind")),
            any_of(by_number, by_party, by_unit),
            yes(in_force),
        )  # fmt: skip
    )

    def least(register: str, column: str) -> Column:
        return F.min(F.when(F.col("register") == register, F.col(column)))

    words = F.concat_ws("；", "ground", "r_basis")
    fitting = fitting.withColumn("words", F.when(words == "", F.lit("已登记")).otherwise(words))
    return fitting.groupBy("decision").agg(
        least("exemptions", "words").alias("x_exemption"), least("withdrawals", "words").alias("x_withdrawal"),
        least("repairs", "words").alias("x_repair"), least("repairs", "effective_from").alias("x_repaired_on"),
    )  # fmt: skip


def _hidden_items(engine: Engine, base: Frame) -> Frame:
    """Decisions whose item the unit's catalogue lawfully keeps from publication."""
    hidden = engine.table("registers").where((F.col("register") == "catalogue") & ~F.col("publish"))
    items = hidden.select("unit_id", "item_key").where(F.col("item_key").isNotNull()).distinct()
    return join(_items(base), items, ["unit_id", "item_key"], "inner").select("decision").distinct()


def _items(base: Frame) -> Frame:
    """decision, unit_id, item_key: every name under which either side states the item."""
    made: Frame | None = None
    for column in ("s_case_name", "s_licence_name", "p_case_name", "p_licence_name"):
        key = F.regexp_replace(F.col(column), "\\s", "")
        part = base.where(F.col(column).isNotNull()).select("decision", "unit_id", "kind", key.alias("item_key"))
        made = part if made is None else made.unionByName(part)
    assert made is not None
    return made


def _grounds() -> tuple[Column, Column, Column, Column]:
    """(absence from portals explained, absence from reports explained, publishing not required, reporting not required)."""
    by_law = F.coalesce(
        F.col("report_exemption"), F.when(F.col("publish_exemption").isin(*_LIGHT), F.col("publish_exemption"))
    )

    def first(*grounds: tuple[Column, Column]) -> Column:
        chosen = F.when(grounds[0][0], grounds[0][1])
        for condition, name in grounds[1:]:
            chosen = chosen.when(condition, name)
        return chosen.otherwise(no_text())

    register = (F.col("x_exemption").isNotNull(), F.lit("register_exemption"))
    settled = (
        (F.col("x_repair").isNotNull(), F.lit("credit_repair")), (F.col("x_withdrawal").isNotNull(), F.lit("withdrawal")),
    )  # fmt: skip
    hidden = (F.col("item_hidden"), F.lit("catalogue_hidden"))
    vertical = (yes(F.col("unit_level") == "vertical"), F.lit("vertical"))
    publish = (F.col("publish_exemption").isNotNull(), F.col("publish_exemption"))
    report = (by_law.isNotNull(), by_law)
    return (
        first(register, hidden, *settled, publish), first(register, *settled, report, vertical),
        first(register, hidden, publish), first(register, report, vertical),
    )  # fmt: skip


# ---------------------------------------------------------------- what we could see


def _sight(engine: Engine) -> Frame:
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
        part = seen.where(F.col("p_kind").isin(kind, "both")).groupBy("unit_id").agg(
            F.count("portal_id").alias("windows"),
            F.when(F.count("portal_id") == F.count("seen_whole"), F.min("seen_whole")).alias("proof_day"),
        ).withColumn("kind", F.lit(kind))  # fmt: skip
        made = part if made is None else made.unionByName(part)
    assert made is not None
    return made


def _attempts(engine: Engine) -> tuple[Frame, Frame]:
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


# ---------------------------------------------------------------- both sides compared

COMPARED = (
    "counterparty_code",
    "decision_date",
    "fine_yuan",
    "confiscation_yuan",
    "valid_from",
    "valid_to",
    "licence_number",
)


def _compared(engine: Engine) -> Frame:
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


def _differences(engine: Engine) -> Frame:
    """decision, field, both values, certain: one row per decision and differing field (the earliest publication that differs)."""
    compared = engine.table("compared")
    made: Frame | None = None
    for name in (*COMPARED, "counterparty"):
        mine, theirs = F.col(f"p_{name}"), F.col(f"s_{name}")
        differs = mine.isNotNull() & theirs.isNotNull() & _differ(name)
        part = compared.where(yes(differs)).select(
            "decision", F.lit(name).alias("field"), mine.cast("string").alias("published_value"),
            theirs.cast("string").alias("submitted_value"),
            (F.lit(name != "counterparty") & ~F.col("ambiguous")).alias("certain"),
            F.col("p_record_id").alias("published"), F.col("s_record_id").alias("submitted"),
            F.col("p_portal_id").alias("portal_id"), F.col("p_url").alias("url"), F.col("p_evidence").alias("evidence"),
            F.col("p_first_seen").alias("seen"), F.col("p_first_crawl").alias("crawl"),
        )  # fmt: skip
        made = part if made is None else made.unionByName(part)
    assert made is not None
    nth = F.row_number().over(Window.partitionBy("decision", "field").orderBy("seen", "published"))
    return made.withColumn("nth", nth).where(F.col("nth") == 1).drop("nth", "seen")


def _differ(name: str) -> Column:
    mine, theirs = F.col(f"p_{name}"), F.col(f"s_{name}")
    if name in ("fine_yuan", "confiscation_yuan"):
        return F.abs(mine - theirs) > 0.01
    if name == "counterparty_code":  # a person's code is a keyed hash and often partly hidden on portals
        return ~mine.startswith("h:") & ~theirs.startswith("h:") & (F.upper(mine) != F.upper(theirs))
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


# ---------------------------------------------------------------- publishing in time


def _publication_facts(engine: Engine, base: Frame) -> Frame:
    """Per publication: its own deadline, and whether it certainly appeared in time, certainly late, or neither."""
    about = base.select(
        "decision", "judged", "person", "rule", F.col("s").alias("submitted"), F.col("s_decision_date").alias("told_day"),
        F.col("s_publicity_until").alias("told_until"), F.col("s_received_at").alias("received_at"), "has_s", "p",
    )  # fmt: skip
    days = engine.table("deadlines").select(
        "kind", F.col("day").alias("own_day"), F.col("publish_due").alias("own_due"), F.col("publish_basis").alias("own_basis"),
        F.col("publish_days").alias("own_days"), F.col("provisional").alias("own_provisional"),
    )  # fmt: skip
    joined = join(join(engine.table("pubs"), about, ["decision"], "inner").withColumns({
        "own_day": F.coalesce(F.col("decision_date"), F.col("told_day")),
        "seen_on": date_of("first_seen"), "absent_on": date_of("absent_before"), "stated": F.col("stated_published_on"),
        "shown_until": F.coalesce(F.col("publicity_until"), F.col("told_until")),
    }), days, ["kind", "own_day"], "left")  # fmt: skip
    credible = yes(F.col("stated") <= F.col("seen_on")) & any_of(
        F.col("absent_on").isNull(), yes(F.col("stated") >= F.col("absent_on"))
    )
    on_time = any_of(yes(F.col("seen_on") <= F.col("own_due")), credible & yes(F.col("stated") <= F.col("own_due")))
    late = ~on_time & any_of(yes(F.col("absent_on") > F.col("own_due")), yes(F.col("stated") > F.col("own_due")))
    floor = F.greatest(
        F.coalesce(F.col("absent_on"), F.col("stated")), F.coalesce(F.least("stated", "seen_on"), F.col("absent_on"))
    )
    judged = joined.withColumns({"on_time": on_time, "late": late, "late_from": floor})
    ordinals = engine.table("calendar").select(F.col("day"), F.col("ordinal"))
    return (
        join(
            join(
                judged,
                ordinals.select(F.col("day").alias("late_from"), F.col("ordinal").alias("at")),
                ["late_from"],
                "left",
            ),
            ordinals.select(F.col("day").alias("own_due"), F.col("ordinal").alias("by")),
            ["own_due"],
            "left",
        )
        .withColumn("publish_days_late", F.when(F.col("late"), F.col("at") - F.col("by")))
        .drop("at", "by")
    )


def _publish_states(engine: Engine) -> Frame:
    """Per decision: one window in time is enough (any lawful window serves); late only if every window was late."""
    made = engine.table("publication_facts").groupBy("decision").agg(
        F.max(F.when(F.col("on_time"), 1).otherwise(0)).alias("some_on_time"),
        F.min(F.when(F.col("late"), 1).otherwise(0)).alias("all_late"),
        F.min(F.col("publish_days_late")).alias("publish_days_late"),
    )  # fmt: skip
    state = F.when(F.col("some_on_time") == 1, "on_time").when(F.col("all_late") == 1, "late").otherwise("undecided")
    return made.select("decision", "publish_days_late", state.alias("seen_state"))


# ---------------------------------------------------------------- the cases


def _cases(engine: Engine, base: Frame, facts: Facts) -> Frame:
    hidden = _hidden_items(engine, base).withColumn("item_hidden_mark", F.lit(True))
    by_number, by_party = _attempts(engine)
    differing = (
        engine.table("differences")
        .groupBy("decision")
        .agg(
            F.max(F.when(F.col("certain"), 1).otherwise(0)).alias("differs_certainly"),
            F.count("field").alias("differences"),
        )
    )
    twins = engine.table("subs").where(F.col("decision_date").isNotNull()).groupBy("kind", "unit_id", "counterparty_key", "decision_date").agg(
        F.count("record_id").alias("twins"))  # fmt: skip
    joined = join(base, engine.table("exempted"), ["decision"], "left")
    for name, keys in ((hidden, ["decision"]), (differing, ["decision"]), (engine.table("publish_states"), ["decision"]),
                       (_sight(engine), ["unit_id", "kind"]), (by_number, ["document_number_key"]),
                       (by_party, ["unit_id", "counterparty_key"]),
                       (twins, ["kind", "unit_id", "counterparty_key", "decision_date"])):  # fmt: skip
        joined = join(joined, name, keys, "left")
    joined = engine.keep("case_facts", joined.withColumns({
        "item_hidden": yes(F.col("item_hidden_mark")), "received_on": date_of("s_received_at"),
        "attempted": any_of(yes(F.col("attempt_number")), yes(F.col("attempt_party"))),
    }).drop("item_hidden_mark", "attempt_number", "attempt_party"))  # fmt: skip
    absent_p, absent_s, free_p, free_s = _grounds()
    joined = engine.keep("case_grounds", joined.withColumns({
        "publish_ground": absent_p, "report_ground": absent_s, "publish_free": free_p, "report_free": free_s,
    }))  # fmt: skip
    return engine.keep("case_times", _times(engine, joined))


def _times(engine: Engine, joined: Frame) -> Frame:
    """The report deadline moved by platform outages between decision and receipt, and the working days of delay."""
    calendar = engine.table("calendar")

    def at(day: str, ordinal: str, outage: str) -> Frame:
        return calendar.select(F.col("day").alias(day), F.col("ordinal").alias(ordinal), F.col("outage").alias(outage))

    workdays = calendar.where(F.col("is_workday")).select(
        F.col("day").alias("moved_due"), F.col("ordinal").alias("moved")
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
    late = yes(F.col("received_on") > F.col("report_due_moved"))
    return timed.withColumns({
        "report_late": late, "report_days_late": F.when(late, F.col("received_ordinal") - F.col("moved")),
    }).drop("moved_due", "out_decided", "out_received", "out_due", "decided_at", "moved", "received_ordinal", "due_ordinal")  # fmt: skip


def _verdicts(cases: Frame, facts: Facts) -> Frame:
    """The class of each decision, and the state of each duty: what the counts and the pair lines are made of."""
    as_of = F.lit(facts.as_of)
    told_until = F.lit(facts.submissions_until).cast("date")
    both = F.col("has_p") & F.col("has_s")
    unsure = F.col("decision_date").isNull() | yes(F.col("provisional"))
    lost = F.col("document_number_key").isNull() & yes(F.col("twins") > 0)
    only_s, only_p = F.col("has_s") & ~F.col("has_p"), F.col("has_p") & ~F.col("has_s")
    unseen = any_of(F.col("proof_day").isNull(), ~yes(F.col("proof_day") > F.col("publish_due")))
    untold = ~yes(told_until > F.col("report_due"))
    verdict = (
        F.when(F.col("decision_date").isNull(), "question")
        .when(both & yes(F.col("differs_certainly") == 1), "differs")
        .when(both & any_of(F.col("ambiguous"), yes(F.col("differences") > 0)), "question")
        .when(both, "agreed")
        .when(only_s & F.col("publish_ground").isNotNull(), "exempt")
        .when(only_s & yes(F.col("publish_due") >= as_of), "not_due")
        .when(only_s & unseen, "unknown")
        .when(only_s & unsure, "question")
        .when(only_s, "not_published")
        .when(F.col("report_ground").isNotNull(), "exempt")
        .when(yes(F.col("report_due") >= as_of), "not_due")
        .when(untold, "unknown")
        .when(any_of(F.col("attempted"), lost, unsure), "question")
        .otherwise("not_submitted")
    )
    made = cases.withColumns({"verdict": verdict, "only_p": only_p, "only_s": only_s})
    due_p, due_s = yes(F.col("publish_due") < as_of), yes(F.col("report_due") < as_of)
    publish = (
        F.when(F.col("publish_free").isNotNull() | F.col("verdict").isin("exempt"), "exempt")
        .when(F.col("decision_date").isNull(), "undecided").when(~due_p, "not_due")
        .when(F.col("verdict") == "not_published", "missing").when(~F.col("has_p"), "undecided")
        .when(yes(F.col("provisional")) & (F.col("seen_state") == "late"), "undecided")
        .otherwise(F.coalesce(F.col("seen_state"), F.lit("undecided")))
    )  # fmt: skip
    report = (
        F.when(F.col("report_free").isNotNull() | (F.col("verdict").isin("exempt") & ~F.col("has_s")), "exempt")
        .when(F.col("decision_date").isNull(), "undecided").when(~due_s, "not_due")
        .when(F.col("verdict") == "not_submitted", "missing").when(~F.col("has_s"), "undecided")
        .when(F.col("report_late") & yes(F.col("provisional")), "undecided")
        .when(F.col("report_late"), "late").otherwise("on_time")
    )  # fmt: skip
    return made.withColumns({
        "publish_state": publish, "report_state": report, "subject": F.col("decision"), "published": F.col("p"),
        "submitted": F.col("s"), "received_at": F.col("s_received_at"), "portal_id": F.col("p_portal_id"),
        "url": F.col("p_url"), "evidence": F.col("p_evidence"), "crawl": F.col("p_first_crawl"),
        "published_from": date_of("p_absent_before"), "published_to": date_of("p_first_seen"),
        "ground_note": F.coalesce(F.col("x_exemption"), F.col("x_repair"), F.col("x_withdrawal")),
    })  # fmt: skip


# ---------------------------------------------------------------- the other tables


def _publication_cases(engine: Engine) -> Frame:
    """Every publication of a judged decision, with what checks on its standing on the portal need."""
    facts = engine.table("publication_facts").where(F.col("judged"))
    oldest = engine.table("publications").where(F.col("gone_since").isNull()).groupBy("portal_id").agg(
        F.min("decision_date").alias("oldest_shown"))  # fmt: skip
    still = (
        engine.table("pubs")
        .where(F.col("gone_since").isNull())
        .select("decision", "portal_id")
        .distinct()
        .withColumn("replaced", F.lit(True))
    )
    here = (
        engine.table("pubs")
        .groupBy("decision", "portal_id")
        .agg(F.count("record_id").alias("here"), F.min("record_id").alias("first_here"))
    )
    about = engine.table("cases").select(
        "decision", "publish_ground", "publish_free", "x_repair", "x_repaired_on", "x_withdrawal", "x_exemption", "report_basis", "report_days", "provisional")  # fmt: skip
    joined = join(join(facts, oldest, ["portal_id"], "left"), still, ["decision", "portal_id"], "left")
    joined = join(join(joined, here, ["decision", "portal_id"], "left"), about, ["decision"], "left")
    calendar = engine.table("calendar")
    workdays = calendar.where(F.col("is_workday")).select(
        F.col("day").alias("repair_limit"), F.col("ordinal").alias("limit")
    )
    repaired = calendar.select(F.col("day").alias("x_repaired_on"), F.col("ordinal").alias("repaired_at"))
    joined = join(joined, repaired, ["x_repaired_on"], "left").withColumn("limit", F.col("repaired_at") + 7)
    return join(joined, workdays, ["limit"], "left").withColumns({
        "subject": F.col("record_id"), "published": F.col("record_id"), "replaced": yes(F.col("replaced")),
        "seen_last": date_of("last_seen"), "gone_on": date_of("gone_since"), "due_date": F.col("own_due"),
        "published_from": F.col("absent_on"), "published_to": F.col("seen_on"), "crawl": F.col("last_crawl"),
        "publish_basis": F.col("own_basis"), "publish_days": F.col("own_days"),
        "is_first_here": F.col("record_id") == F.col("first_here"),
    }).drop("limit", "repaired_at")  # fmt: skip


def _defect_cases(engine: Engine) -> Frame:
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
        *common, "portal_id", "url", "evidence", F.col("last_crawl").alias("crawl"), date_of("absent_before").alias("published_from"),
        date_of("first_seen").alias("published_to"), F.lit(None).cast("timestamp_ntz").alias("received_at"),
        F.lit("publication").alias("source"), F.col("record_id").alias("published"), no_text().alias("submitted"),
    )  # fmt: skip
    submitted = engine.table("subs").select(
        *common, no_text().alias("portal_id"), no_text().alias("url"), no_text().alias("evidence"), no_text().alias("crawl"),
        no_day().alias("published_from"), no_day().alias("published_to"), "received_at", F.lit("submission").alias("source"),
        no_text().alias("published"), F.col("record_id").alias("submitted"),
    )  # fmt: skip
    records = join(published.unionByName(submitted), shown, ["decision"], "inner")
    return join(records, chosen, ["source", "record_id"], "inner").withColumns({
        "subject": F.col("record_id"), "note": F.col("defect_message"),
    }).drop("days")  # fmt: skip


def _difference_cases(engine: Engine) -> Frame:
    about = engine.table("cases").where(F.col("judged")).select(
        "decision", "unit_id", "kind", "document_number", "counterparty", "decision_date", "received_at", "rule",
        "published_from", "published_to",
    )  # fmt: skip
    return join(engine.table("differences"), about, ["decision"], "inner").withColumn("subject", F.col("decision"))


def _duplicate_cases(engine: Engine) -> Frame:
    """One row per decision and place (the platform, or one portal) with the number of its records there."""
    told = engine.table("subs").groupBy("decision").agg(
        F.count("record_id").alias("places"), F.min("record_id").alias("record")
    ).withColumn("portal", no_text()).withColumn("note", F.lit("平台"))  # fmt: skip
    shown = engine.table("pubs").where(F.col("gone_since").isNull()).groupBy("decision", "portal_id").agg(
        F.sum("copies").alias("places"), F.min("record_id").alias("record")
    ).withColumnRenamed("portal_id", "portal").withColumn("note", F.lit("同一栏目"))  # fmt: skip
    columns = ("decision", F.col("places").cast("bigint").alias("places"), "record", "portal", "note")
    both = told.select(*columns).unionByName(shown.select(*columns)).where(F.col("places") > 1)
    about = engine.table("cases").where(F.col("judged")).drop("subject", "portal_id", "note")
    joined = join(both, about, ["decision"], "inner")
    return joined.withColumns({
        "subject": F.concat(F.col("decision"), F.lit("|"), F.coalesce(F.col("portal"), F.lit("platform"))), "portal_id": F.col("portal"),
    })  # fmt: skip


def _portal_cases(engine: Engine, facts: Facts) -> Frame:
    """Each active portal of the two windows, with its looks from the first day of the period to `as_of`."""
    looks = engine.table("coverage").withColumn("looked_on", date_of("looked_at")).where(
        (F.col("looked_on") >= F.lit(facts.first)) & (F.col("looked_on") <= F.lit(facts.as_of)))  # fmt: skip
    reached = looks.where(F.col("outcome").isin(*_REACHED)).groupBy("looked_on").agg(
        F.count("portal_id").alias("others"))  # fmt: skip
    seen = join(looks, reached, ["looked_on"], "left")
    fair = (F.col("outcome") == "unreachable") & yes(F.col("others") > 0)
    missing, empty = F.col("outcome") == "column_missing", F.col("outcome") == "column_empty"
    counted = seen.groupBy("portal_id").agg(
        F.count("crawl_id").alias("looks"), F.sum(F.when(missing, 1).otherwise(0)).alias("looks_missing"),
        F.sum(F.when(empty, 1).otherwise(0)).alias("looks_empty"), F.sum(F.when(fair, 1).otherwise(0)).alias("looks_unreachable"),
        F.datediff(F.max("looked_on"), F.min("looked_on")).alias("span"),
        F.datediff(F.max(F.when(fair, F.col("looked_on"))), F.min(F.when(fair, F.col("looked_on")))).alias("span_unreachable"),
        F.max("crawl_id").alias("crawl"), F.min("looked_on").alias("published_from"), F.max("looked_on").alias("published_to"),
    )  # fmt: skip
    portals = engine.table("portals").where(F.col("active") & F.col("kind").isin("licence", "penalty", "both"))
    joined = join(portals, counted, ["portal_id"], "inner")
    told = (
        engine.table("subs")
        .where(_within("decision_date", facts))
        .select("unit_id", F.col("kind").alias("t_kind"))
        .distinct()
    )
    declared = engine.table("registers").where((F.col("register") == "declarations") & F.col("covers_period")).select(
        "unit_id", F.col("kind").alias("d_kind")).distinct()  # fmt: skip
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
    return joined.withColumns({
        "subject": F.col("portal_id"), "told": yes(F.col("told")), "declared": yes(F.col("declared")), "note": F.col("title"),
    })  # fmt: skip


def _unit_cases(engine: Engine, facts: Facts) -> Frame:
    items = (
        engine.table("registers")
        .where(F.col("register") == "catalogue")
        .groupBy("unit_id")
        .agg(F.count("entry_id").alias("items"))
    )
    units = join(engine.table("units").where(F.col("active") & F.col("assessed")), items, ["unit_id"], "left")
    return units.withColumns({
        "subject": F.col("unit_id"), "item_count": F.coalesce(F.col("items"), F.lit(0)), "catalogue_known": F.lit(facts.catalogue_known),
        "note": F.col("name"),
    })  # fmt: skip


def _item_cases(engine: Engine, facts: Facts) -> Frame:
    """Catalogue items in force, with whether the period has a record of theirs; and licences against the catalogue."""
    catalogue = engine.table("registers").where((F.col("register") == "catalogue") & F.col("item_key").isNotNull())
    in_force = catalogue.where(
        F.coalesce(F.col("effective_from") <= F.lit(facts.last), F.lit(True))
        & F.coalesce(F.col("effective_to") >= F.lit(facts.first), F.lit(True))
    )
    used = (
        _items(engine.table("cases").where(F.col("judged")))
        .select("unit_id", "item_key")
        .distinct()
        .withColumn("used", F.lit(True))
    )
    declared = engine.table("registers").where((F.col("register") == "declarations") & F.col("covers_period")).select(
        "unit_id", F.col("kind").alias("d_kind")).distinct()  # fmt: skip
    quiet = join(in_force.select("entry_id", "unit_id", F.col("kind").alias("k")), declared, ["unit_id"], "inner").where(
        any_of(F.col("k").isNull(), F.col("d_kind").isNull(), F.col("k") == F.col("d_kind")))  # fmt: skip
    quiet = quiet.select("entry_id").distinct().withColumn("declared", F.lit(True))
    joined = join(join(in_force, used, ["unit_id", "item_key"], "left"), quiet, ["entry_id"], "left")
    return joined.withColumns({
        "subject": F.concat(F.col("unit_id"), F.lit("|"), F.col("item_key")), "used": yes(F.col("used")), "declared": yes(F.col("declared")),
        "note": F.col("item_name"),
        "nth": F.row_number().over(Window.partitionBy("unit_id", "item_key").orderBy("entry_id")),
    }).where(F.col("nth") == 1).drop("basis", "ground", "nth")  # fmt: skip


def _licence_cases(engine: Engine) -> Frame:
    """Licences of units that have a licence catalogue, with whether any item they state stands in it."""
    catalogue = engine.table("registers").where(
        (F.col("register") == "catalogue")
        & F.col("item_key").isNotNull()
        & F.coalesce(F.col("kind") == "licence", F.lit(True))
    )
    licences = engine.table("cases").where(F.col("judged") & (F.col("kind") == "licence"))
    stated = _items(licences)
    inside = (
        join(
            stated,
            catalogue.select("unit_id", "item_key").distinct().withColumn("listed", F.lit(1)),
            ["unit_id", "item_key"],
            "left",
        )
        .groupBy("decision")
        .agg(F.max(F.coalesce(F.col("listed"), F.lit(0))).alias("listed"), F.min("item_key").alias("item"))
    )
    has = catalogue.select("unit_id").distinct()
    marked = join(join(licences.drop("note"), inside, ["decision"], "inner"), has, ["unit_id"], "inner")
    return marked.withColumn("note", F.col("item"))
