"""Decisions that are plainly in order, recognised at once; most of a country's.

A decision is settled when number and code single out one record on each side, both say the same, both came in time, and nothing else
(a register's line, an exemption, a defect, an unsure deadline) could have a word in it. Nothing remains to
be said about it: it is counted, gets its pair line, and goes no further. Whatever is in doubt here is merely judged the long way,
with the same result; so a condition may be stricter than the rule that it stands for, never laxer.

A check must say of itself that it has nothing to say about such decisions (`skips_settled`); while one does not, none is settled.
"""

from __future__ import annotations

from assessment.checks import all_checks
from assessment.differences import COMPARED
from assessment.engine import Column, Engine, F, Frame, all_of, any_of, join, no_day, yes
from assessment.facts import Facts, date_of, within

_COLUMNS = {
    "p": "string",
    "s": "string",
    "decision": "string",
    "kind": "string",
    "unit_id": "string",
    "decision_date": "date",
    "in_period": "boolean",
    "received_on": "date",
    "publish_due": "date",
    "report_due": "date",
    "required_fields": "bigint",
    "document_number": "string",
    "document_number_key": "string",
    "portal_id": "string",
    "p_case_key": "string",
    "p_licence_key": "string",
    "s_case_key": "string",
    "s_licence_key": "string",
}
_BOTH = (
    "kind",
    "document_number",
    "document_number_key",
    "unit_id",
    "filed_unit_id",
    "counterparty_type",
    "case_key",
    "licence_key",
    "publicity_until",
    "publish_exemption",
    "report_exemption",
    *(name for name in COMPARED if name != "counterparty_code"),
)
_SHOWN = ("portal_id", "stated_published_on", "first_seen", "last_seen", "absent_before", "gone_since", "copies")


def settle(engine: Engine, facts: Facts, allowed: bool = True) -> None:
    """Keep table `settled`: one row per settled decision, and per pair that lies outside the period (`in_period` false)."""
    if not allowed or not all(check.skips_settled for check in all_checks()):
        engine.values("settled", _COLUMNS, ())
        return
    engine.keep("settled", _settled(engine, facts).select(*_COLUMNS))


def settled_cases(engine: Engine, facts: Facts) -> Frame:
    """The settled decisions of the period with those columns of `cases` that sums over all decisions are made of."""
    as_of = F.lit(facts.as_of)

    def state(due: str) -> Column:
        return F.when(F.col(due) < as_of, F.lit("on_time")).otherwise(F.lit("not_due"))

    return (
        engine.table("settled")
        .where(F.col("in_period"))
        .withColumns(
            {
                "judged": F.lit(True),
                "has_p": F.lit(True),
                "has_s": F.lit(True),
                "person": F.lit(False),
                "verdict": F.lit("agreed"),
                "publish_state": state("publish_due"),
                "report_state": state("report_due"),
                "report_agreed": F.lit(False),
                "report_due_moved": F.col("report_due"),
                "count_pub": F.lit(1).cast("bigint"),
                "count_sub": F.lit(1).cast("bigint"),
            }
        )
    )


def all_cases(engine: Engine, facts: Facts, *names: str) -> Frame:
    """Those columns of every decision of the period, the settled ones among them."""
    return engine.table("cases").select(*names).unionByName(settled_cases(engine, facts).select(*names))


def _settled(engine: Engine, facts: Facts) -> Frame:
    """First both records beside each other, by what they say of themselves; then the days due of what is left."""
    pairs = engine.keep("plain_records", _beside(engine, facts))
    outside = pairs.where(~F.col("in_period")).withColumns({"publish_due": no_day(), "report_due": no_day()})
    inside = pairs.where(F.col("in_period"))
    units = engine.table("units").where(F.coalesce(F.col("level"), F.lit("")) != "vertical").select("unit_id", "clock")
    inside = join(inside, units, ["unit_id"], "inner")
    days = engine.table("deadlines").where(~F.col("provisional"))
    days = days.select(
        "clock", "kind", F.col("day").alias("decision_date"), "publish_due", "report_due", "minor_until", "term_until"
    )
    inside = join(inside, days, ["clock", "kind", "decision_date"], "inner")
    timely = [
        F.col("received_on") <= F.col("report_due"),
        F.col("shown_by") <= F.col("publish_due"),
        any_of(
            F.col("kind") != "penalty",
            ~yes(F.col("seen_last") > F.col("minor_until")) & ~yes(F.col("seen_last") > F.col("term_until")),
        ),
    ]
    inside = inside.where(all_of(*timely))
    ends = {"outage": ("decision_date", "received_on")}
    if facts.publish_outages:
        ends["outage_publish"] = ("decision_date", "seen_on")
    calendar = engine.table("calendar")
    for column, (first, last) in ends.items():
        for day in (first, last):
            at = calendar.select("clock", F.col("day").alias(day), F.col(column).alias(f"{column}_{day}"))
            inside = join(inside, at, ["clock", day], "inner")
        inside = inside.where(F.col(f"{column}_{first}") == F.col(f"{column}_{last}"))
    return inside.select(*_COLUMNS).unionByName(outside.select(*_COLUMNS))


def _beside(engine: Engine, facts: Facts) -> Frame:
    """Pairs of the period that say the same and that nothing else names; and the pairs that lie outside of it."""
    engine.keep("spoken_of", _spoken_of(engine, facts))
    sole = engine.table("plain_decisions").where(F.col("sole")).select("p", "s", "decision")
    both = join(_side(engine, "publications", "p", (*_BOTH, *_SHOWN)), sole, ["p"], "inner")
    both = join(both, _side(engine, "submissions", "s", (*_BOTH, "received_at", "required_fields")), ["s"], "inner")
    seen_on, absent_on = date_of("p_first_seen"), date_of("p_absent_before")
    stated, seen_last = F.col("p_stated_published_on"), date_of("p_last_seen")
    credible = yes(stated <= seen_on) & any_of(absent_on.isNull(), yes(stated >= absent_on))
    until = F.coalesce(F.col("p_publicity_until"), F.col("s_publicity_until"))
    same_day = (F.col("p_unit_id") == F.col("s_unit_id")) & (F.col("p_decision_date") == F.col("s_decision_date"))
    honest = [*_alike(), ~yes(stated < absent_on), ~yes(seen_last > until)]
    both = both.where(yes(same_day)).where(any_of(~within("s_decision_date", facts), yes(all_of(*honest))))
    both = both.select(
        "p",
        "s",
        "decision",
        F.col("s_kind").alias("kind"),
        F.col("s_unit_id").alias("unit_id"),
        F.col("s_decision_date").alias("decision_date"),
        F.col("s_document_number").alias("document_number"),
        F.col("s_document_number_key").alias("document_number_key"),
        F.col("p_portal_id").alias("portal_id"),
        F.col("s_required_fields").alias("required_fields"),
        *_ITEMS,
        within("s_decision_date", facts).alias("in_period"),
        date_of("s_received_at").alias("received_on"),
        seen_on.alias("seen_on"),
        # The day by which it was certainly shown: when we saw it, or what it says of itself where that can be so.
        F.least(seen_on, F.when(credible, stated)).alias("shown_by"),
        seen_last.alias("seen_last"),
    )
    named = engine.table("spoken_of")
    for letter in ("p", "s"):
        ids = named.where(F.col("side") == letter).select(F.col("record_id").alias(letter))
        both = join(both, ids, [letter], "left_anti")
    return both


def _side(engine: Engine, table: str, letter: str, names: tuple[str, ...]) -> Frame:
    return engine.table(table).select(
        F.col("record_id").alias(letter), *(F.col(name).alias(f"{letter}_{name}") for name in names)
    )


def _alike() -> list[Column]:
    """Both records say the same, and nothing of their own sets them apart."""
    same = [
        F.coalesce(F.col(f"p_{name}") == F.col(f"s_{name}"), F.lit(True))
        for name in COMPARED
        if name not in ("counterparty_code", "decision_date")
    ]
    plain = [F.col(f"{side}_{duty}_exemption").isNull() for side in ("p", "s") for duty in ("publish", "report")]
    own = [F.col(f"{side}_filed_unit_id") == F.col(f"{side}_unit_id") for side in ("p", "s")]
    firms = [~yes(F.col(f"{side}_counterparty_type") == "natural_person") for side in ("p", "s")]
    return [*same, *plain, *own, *firms, F.col("p_gone_since").isNull(), F.col("p_copies") == 1]


def _spoken_of(engine: Engine, facts: Facts) -> Frame:
    """side, record_id: the records of which something else may speak: a defect, a register's line, the catalogue."""
    registers = engine.table("registers")
    personal = registers.where(F.col("register").isin("exemptions", "repairs", "withdrawals"))
    nobody = all_of(
        *(F.col(name).isNull() for name in ("document_number_key", "counterparty_key", "counterparty_code"))
    )
    sweeping = registers.where(
        F.col("register").isin("backfills", "responsibilities") | ((F.col("register") == "exemptions") & nobody)
    )
    catalogue = registers.where(F.col("register") == "catalogue")
    hidden = catalogue.where(~F.col("publish"))
    listed = catalogue.where(F.col("item_key").isNotNull() & F.coalesce(F.col("kind") == "licence", F.lit(True)))
    # Licences are looked up in the catalogue of their day: here, in the lines that hold all through the period.
    always = listed.where(
        F.coalesce(F.col("effective_from") <= F.lit(facts.first), F.lit(True))
        & F.coalesce(F.col("effective_to") >= F.lit(facts.last), F.lit(True))
    )
    units = sweeping.select("unit_id").unionByName(sweeping.select(F.col("other_unit").alias("unit_id")))
    sets = [(personal.select(name), name) for name in ("document_number_key", "counterparty_key", "counterparty_code")]
    sets += [(hidden.select(F.col("item_key").alias(name)), name) for name in ("case_key", "licence_key")]
    sets += [(units, "unit_id")]
    made = engine.table("defective").select(
        F.when(F.col("source") == "publication", "p").otherwise("s").alias("side"), "record_id"
    )
    for table, letter in (("publications", "p"), ("submissions", "s")):
        for names, key in sets:
            found = join(engine.table(table), names.where(F.col(key).isNotNull()).distinct(), [key], "left_semi")
            made = made.unionByName(found.select(F.lit(letter).alias("side"), "record_id"))
    items = engine.table("submissions").where(F.col("kind") == "licence")
    items = items.select("record_id", "unit_id", F.coalesce(F.col("licence_key"), F.col("case_key")).alias("item_key"))
    items = join(items, listed.select("unit_id").distinct(), ["unit_id"], "left_semi")
    items = join(items, always.select("unit_id", "item_key").distinct(), ["unit_id", "item_key"], "left_anti")
    return made.unionByName(items.select(F.lit("s").alias("side"), "record_id")).distinct()


_ITEMS = ("p_case_key", "p_licence_key", "s_case_key", "s_licence_key")
