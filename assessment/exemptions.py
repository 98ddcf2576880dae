"""Why a decision may lawfully be absent or late: the law's own rows, the registers, the catalogue."""

from __future__ import annotations

from assessment.engine import Column, Engine, F, Frame, Window, all_of, any_of, join, no_text, yes
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
            "words",
            yes(F.col("ground").contains("社会影响")).alias("doubtful"),
        )
    )
    names = _names(base)
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

    # Whether a penalty has "a certain social effect" nobody has defined: such a line excuses nothing, it raises a question.
    doubt = F.min(F.when(F.col("doubtful") & (F.col("register") == "exemptions"), F.col("words")))
    firm = F.min(F.when(~F.col("doubtful") & (F.col("register") == "exemptions"), F.col("words")))
    return fitting.groupBy("decision").agg(
        firm.alias("x_exemption"),
        doubt.alias("x_doubt"),
        least("withdrawals", "words").alias("x_withdrawal"),
        least("repairs", "words").alias("x_repair"),
        least("repairs", "effective_from").alias("x_repaired_on"),
    )


def _names(base: Frame) -> Frame:
    """Each decision under every unit that may have registered something about it: who answers, and who filed it."""
    own = (
        "decision",
        "kind",
        "decision_date",
        "person",
        "document_number_key",
        "counterparty_key",
        "counterparty_code",
    )
    made = base.select(*own, "unit_id")
    filed = F.coalesce(F.col("p_filed_unit_id"), F.col("unit_id"))
    other = F.coalesce(F.col("s_filed_unit_id"), F.col("unit_id"))
    p = base.where(filed != F.col("unit_id")).select(*own, F.col("p_filed_unit_id").alias("unit_id"))
    s = base.where(all_of(other != F.col("unit_id"), other != filed)).select(
        *own, F.col("s_filed_unit_id").alias("unit_id")
    )
    return made.unionByName(p).unionByName(s)


def backfilled(engine: Engine, base: Frame) -> Frame:
    """decision -> the last day up to which it was agreed to be reported late, and the line that says so."""
    agreed = (
        engine.table("registers")
        .where((F.col("register") == "backfills") & F.col("agreed_until").isNotNull())
        .select(
            "unit_id",
            F.col("kind").alias("b_kind"),
            "effective_from",
            "effective_to",
            "agreed_until",
            F.col("words").alias("b_words"),
            F.col("entry_id").alias("b_entry"),
        )
    )
    fitting = join(_names(base), agreed, ["unit_id"], "inner").where(
        all_of(
            any_of(F.col("b_kind").isNull(), F.col("b_kind") == F.col("kind")),
            yes(F.col("effective_from") <= F.col("decision_date")),
            yes(F.col("effective_to") >= F.col("decision_date")),
        )
    )
    nth = F.row_number().over(Window.partitionBy("decision").orderBy(F.col("agreed_until").desc(), F.col("b_entry")))
    return fitting.withColumn("nth", nth).where(F.col("nth") == 1).select("decision", "agreed_until", "b_words")


def transferred(engine: Engine, base: Frame) -> Frame:
    """decision -> the line by which its duty went over, where one unit filed it and the other answers for it."""
    lines = (
        engine.table("registers")
        .where((F.col("register") == "responsibilities") & F.col("other_unit").isNotNull())
        .select(
            F.col("entry_id").alias("t_entry"),
            F.col("unit_id").alias("t_old"),
            F.col("other_unit").alias("t_new"),
            F.col("kind").alias("t_kind"),
            F.col("effective_from").alias("t_day"),
            F.col("words").alias("t_words"),
        )
    )
    parts: Frame | None = None
    for left, right in (("t_old", "t_new"), ("t_new", "t_old")):
        part = lines.withColumns({"unit_id": F.col(left), "t_other": F.col(right)})
        parts = part if parts is None else parts.unionByName(part)
    assert parts is not None
    filed = [
        engine.table(name).select("decision", F.col("filed_unit_id").alias("t_other")) for name in ("pubs", "subs")
    ]
    beside = join(base.select("decision", "unit_id", "kind", "decision_date"), parts, ["unit_id"], "inner").where(
        any_of(F.col("t_kind").isNull(), F.col("t_kind") == F.col("kind"))
    )
    both = join(beside, filed[0].unionByName(filed[1]), ["decision", "t_other"], "inner")
    nth = F.row_number().over(Window.partitionBy("decision").orderBy(F.col("t_day").desc(), F.col("t_entry")))
    chosen = both.withColumn("nth", nth).where(F.col("nth") == 1)
    return chosen.select("decision", F.col("t_words").alias("transfer_words"))


def hidden_items(engine: Engine, base: Frame) -> Frame:
    """Decisions whose item the unit's catalogue of their day lawfully keeps from publication, with the line's words."""
    hidden = engine.table("registers").where((F.col("register") == "catalogue") & ~F.col("publish"))
    listed = hidden.where(F.col("item_key").isNotNull()).select(
        "unit_id", "item_key", "effective_from", "effective_to", F.col("words").alias("h_words")
    )
    fitting = join(items(base), listed, ["unit_id", "item_key"], "inner").where(valid_on("decision_date"))
    return fitting.groupBy("decision").agg(F.min("h_words").alias("x_hidden"))


def valid_on(day: str) -> Column:
    """Whether a register's line was in force on the day in that column; of an unknown day, it is taken to have been."""
    return all_of(
        F.coalesce(F.col("effective_from") <= F.col(day), F.lit(True)),
        F.coalesce(F.col("effective_to") >= F.col(day), F.lit(True)),
    )


def items(base: Frame) -> Frame:
    """decision, unit_id, item_key: every name under which either side states the item."""
    made: Frame | None = None
    for column in ("s_case_key", "s_licence_key", "p_case_key", "p_licence_key"):
        stated = base.where(F.col(column).isNotNull())
        part = stated.select("decision", "unit_id", "kind", "decision_date", F.col(column).alias("item_key"))
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
