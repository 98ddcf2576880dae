"""Why a decision may lawfully be absent or late: the law's own rows, the registers, the catalogue."""

from __future__ import annotations

from assessment.engine import Column, Engine, F, Frame, all_of, any_of, join, no_text, yes
from assessment.facts import Facts

_LIGHT = ("warning_only", "minor")  # not published by law; local rules differ on reporting them, so neither is demanded


def exempted(engine: Engine, base: Frame, facts: Facts) -> Frame:
    """decision -> what the registers say about it."""
    entries = (
        engine.table("registers")
        .where(F.col("register").isin("exemptions", "repairs", "withdrawals"))
        .select(
            "unit_id",
            "register",
            F.col("kind").alias("r_kind"),
            F.col("document_number_key").alias("r_number"),
            F.col("counterparty_key").alias("r_name"),
            F.col("counterparty_code").alias("r_code"),
            "effective_from",
            "effective_to",
            "ground",
            F.col("basis").alias("r_basis"),
        )
    )
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
    # A person's key is the surname alone: without a number only the code tells who is meant.
    by_party = F.col("r_number").isNull() & any_of(
        yes(F.col("r_name") == F.col("counterparty_key")) & ~F.col("person"),
        yes(F.col("r_code") == F.col("counterparty_code")),
    )
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
    ).otherwise(
        # A repair or withdrawal dated before the decision is that of an earlier decision of the same party.
        F.col("effective_from").isNull()
        | (
            (F.col("effective_from") <= F.lit(facts.as_of))
            & any_of(F.col("decision_date").isNull(), F.col("effective_from") >= F.col("decision_date"))
        )
    )
    fitting = join(names, entries, ["unit_id"], "inner").where(
        all_of(
            any_of(F.col("r_kind").isNull(), F.col("r_kind") == F.col("kind")),
            any_of(by_number, by_party, by_unit),
            yes(in_force),
        )
    )

    def least(register: str, column: str) -> Column:
        return F.min(F.when(F.col("register") == register, F.col(column)))

    words = F.concat_ws("；", "ground", "r_basis")
    fitting = fitting.withColumn("words", F.when(words == "", F.lit("已登记")).otherwise(words))
    return fitting.groupBy("decision").agg(
        least("exemptions", "words").alias("x_exemption"),
        least("withdrawals", "words").alias("x_withdrawal"),
        least("repairs", "words").alias("x_repair"),
        least("repairs", "effective_from").alias("x_repaired_on"),
    )


def hidden_items(engine: Engine, base: Frame) -> Frame:
    """Decisions whose item the unit's catalogue lawfully keeps from publication."""
    hidden = engine.table("registers").where((F.col("register") == "catalogue") & ~F.col("publish"))
    listed = hidden.select("unit_id", "item_key").where(F.col("item_key").isNotNull()).distinct()
    return join(items(base), listed, ["unit_id", "item_key"], "inner").select("decision").distinct()


def items(base: Frame) -> Frame:
    """decision, unit_id, item_key: every name under which either side states the item."""
    made: Frame | None = None
    for column in ("s_case_key", "s_licence_key", "p_case_key", "p_licence_key"):
        stated = base.where(F.col(column).isNotNull())
        part = stated.select("decision", "unit_id", "kind", F.col(column).alias("item_key"))
        made = part if made is None else made.unionByName(part)
    assert made is not None
    return made


def grounds() -> tuple[Column, Column, Column, Column]:
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
        (F.col("x_repair").isNotNull(), F.lit("credit_repair")),
        (F.col("x_withdrawal").isNotNull(), F.lit("withdrawal")),
    )
    hidden = (F.col("item_hidden"), F.lit("catalogue_hidden"))
    vertical = (yes(F.col("unit_level") == "vertical"), F.lit("vertical"))
    publish = (F.col("publish_exemption").isNotNull(), F.col("publish_exemption"))
    report = (by_law.isNotNull(), by_law)
    return (
        first(register, hidden, *settled, publish),
        first(register, *settled, report, vertical),
        first(register, hidden, publish),
        first(register, report, vertical),
    )
