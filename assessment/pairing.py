"""Which publication and which submission are the same decision: named rules, from exact to near, one to one.

What people said comes first: two records they called the same decision are one (rule `human`), and two they told apart are never
brought together by any rule. Then what number and code single out on both sides (nearly everything) is paired at once; the rest
goes the long way, with the same result:

First the copies on each side fall together into decisions (one decision may be shown in several windows, or reported
twice). Then the levels run one after another over what the earlier ones left:

    human              a person said so
    number_code        same document number and same unified code
    number_name        same document number and same name (persons: surname, in order of date and amount)
    weak_number_code   year and serial of the number, code and unit agree; only the agency's word differs
    weak_number_name   the same with the name
    cross_number       one side's number is the other's licence number; name, unit and day agree
    number_unit        same document number, unit and day; the party is written differently
    code_date          one side has no number: code, unit, day and amount agree
    name_date          one side has no number: name, unit, day and amount agree

Every level numbers both sides within its key by record id, so the order of the input rows changes nothing. Where the key
does not single out one decision (the `_date` levels) the pair is marked ambiguous and a person looks at it. What is left
over but plainly belongs to a paired decision joins it under the rule `same_decision`.

A number that both sides bear out for one party on two or more days (a certificate renewed under its old number, a serial
without an agency's word) stands for so many decisions: there the day belongs to the number.
"""

from __future__ import annotations

from dataclasses import dataclass

from assessment.engine import Column, Engine, F, Frame, Window, all_of, join

NUMBERED = ("number_code", "number_name", "weak_number_code", "weak_number_name", "cross_number", "number_unit")
RULE_TITLES = {
    "human": "人工认定为同一决定",
    "number_code": "文号与统一社会信用代码相同",
    "number_name": "文号与相对人名称相同",
    "weak_number_code": "文号年份、序号与代码相同",
    "weak_number_name": "文号年份、序号与名称相同",
    "cross_number": "一方的文号即另一方的许可编号，名称、单位与决定日期相同",
    "number_unit": "文号、单位与决定日期相同（名称写法不同）",
    "code_date": "代码、单位、决定日期与金额相同（一方无文号）",
    "name_date": "名称、单位、决定日期与金额相同（一方无文号）",
    "same_decision": "同一决定的另一处记录",
    "single": "仅一方有记录",
}


_WEAKLY = ("kind", "unit_id", "weak", "day")


@dataclass(frozen=True)
class Level:
    """One pairing rule: equal `keys` pair, the n-th with the n-th. `without`: side, its blank column.

    `licence`: the side whose licence number is taken for its document number.
    """

    rule: str
    keys: tuple[str, ...]
    score: float
    without: tuple[str, str] | None = None
    licence: str | None = None


LEVELS = (
    Level("number_code", ("kind", "number", "code"), 1.0),
    Level("number_name", ("kind", "number", "party"), 0.98),
    Level("weak_number_code", ("kind", "weak", "code", "unit_id"), 0.95),
    Level("weak_number_name", ("kind", "weak", "party", "unit_id"), 0.92),
    # A licence without a number of its own bears that of its certificate, often on one side only.
    Level("cross_number", ("kind", "number", "name", "unit_id", "day"), 0.9, licence="submission"),
    Level("cross_number", ("kind", "number", "name", "unit_id", "day"), 0.9, licence="publication"),
    # Two different codes are two parties under one number, never one party written in two ways.
    Level("number_unit", ("kind", "number", "unit_id", "day"), 0.8, ("publication", "code")),
    Level("number_unit", ("kind", "number", "unit_id", "day"), 0.8, ("submission", "code")),
    Level("code_date", ("kind", "code", "unit_id", "day", "amount"), 0.75, ("publication", "number")),
    Level("code_date", ("kind", "code", "unit_id", "day", "amount"), 0.75, ("submission", "number")),
    Level("name_date", ("kind", "name", "unit_id", "day", "amount"), 0.7, ("publication", "number")),
    Level("name_date", ("kind", "name", "unit_id", "day", "amount"), 0.7, ("submission", "number")),
)


def pair(engine: Engine) -> None:
    """From tables `publications` and `submissions` make `members_pub`, `members_sub` (record -> decision) and `decisions`.

    decisions: decision, rule, score, ambiguous. A decision's id is the least record id of its submissions, else of its
    publications, marked with the side. members: record_id, decision, and `sole`: surely the decision's only one of its side.
    """
    all_told, all_shown = _keys(engine, "submissions", "received_at"), _keys(engine, "publications", "first_seen")
    plain = engine.keep("plain_pairs", _plain(engine, all_shown, all_told))
    told = engine.keep(
        "open_told", join(all_told, plain.select(F.col("s").alias("record_id")), ["record_id"], "left_anti")
    )
    shown = engine.keep(
        "open_shown", join(all_shown, plain.select(F.col("p").alias("record_id")), ["record_id"], "left_anti")
    )
    reused = engine.keep("reused_numbers", _reused(shown, told))
    published = _bridge(engine, _copies(engine, "publications", _split(shown, reused)))
    submitted = engine.keep("grouped_submissions", _copies(engine, "submissions", _split(told, reused)))
    left_p = engine.keep("open_publications_0", _decisions_of(published))
    left_s = engine.keep("open_submissions_0", _decisions_of(submitted))
    whole_p, whole_s = left_p, left_s
    apart = _apart(engine, published, submitted)
    pairs: Frame | None = None
    for number in range(len(LEVELS) + 1):
        if number == 0:
            if engine.empty("pair_decisions"):
                continue
            found = _human(engine, published, submitted)
        else:
            found = _apply(LEVELS[number - 1], left_p, left_s, apart)
        made = engine.keep(f"level_{number}", found)
        pairs = made if pairs is None else pairs.unionByName(made)
        left_p = engine.keep(
            f"left_publications_{number}", join(left_p, made.select(F.col("p").alias("id")), ["id"], "left_anti")
        )
        left_s = engine.keep(
            f"left_submissions_{number}", join(left_s, made.select(F.col("s").alias("id")), ["id"], "left_anti")
        )
    assert pairs is not None
    paired = engine.keep("paired", pairs)
    blank = left_p.where(F.col("number").isNull()).select("kind", "unit_id", "day").distinct()
    ids_p, ids_s = (plain.select(F.col(letter).alias("record_id")) for letter in ("p", "s"))
    near_p, near_s = _near(all_shown, ids_p, _WEAKLY, left_s), _near(all_told, ids_s, _WEAKLY, left_p)
    near_s = near_s.unionByName(_near(all_told, ids_s, ("kind", "unit_id", "day"), blank))
    joined_p = engine.keep("joined_publications", _attach(engine, left_p, whole_s, paired, "s", apart, near_s))
    # Where a person paired two, the publication's own number may be the mistaken one: it draws in no further report.
    by_rule = paired.where(F.col("rule") != "human")
    joined_s = engine.keep("joined_submissions", _attach(engine, left_s, whole_p, by_rule, "p", apart, near_p))
    _result(engine, plain, published, submitted, paired, left_p, left_s, joined_p, joined_s)


def _plain(engine: Engine, shown: Frame, told: Frame) -> Frame:
    """p, s: records whose number stands once on each side, under one code.

    Nothing else can claim either of them at any level, so that most of a country needs no grouping and no windows.
    """
    keys = ("kind", "unit_id", "name", "day")
    blank = shown.where(F.col("number").isNull() & _complete(keys)).select(*keys).distinct()
    sides: list[Frame] = []
    for table, side in (("publications", shown), ("submissions", told)):
        coded = side.where(F.col("number").isNotNull() & F.col("code").isNotNull())
        times = (
            side.where(F.col("number").isNotNull()).groupBy("kind", "number").agg(F.count("record_id").alias("times"))
        )
        often = times.where(F.col("times") > 1).select("kind", "number")
        alone = join(coded, often, ["kind", "number"], "left_anti")
        if table == "publications":  # a window without a number column may show the same decision
            alone = join(alone, blank, list(keys), "left_anti")
        if not engine.empty("pair_decisions"):
            named = "published" if table == "publications" else "submitted"
            people = engine.table("pair_decisions").select(F.col(named).alias("record_id")).distinct()
            alone = join(alone, people, ["record_id"], "left_anti")
        sides.append(alone)
    left = sides[0].select("kind", "number", "code", F.col("record_id").alias("p"))
    right = sides[1].select("kind", "number", "code", F.col("record_id").alias("s"))
    return join(left, right, ["kind", "number", "code"], "inner").select("p", "s")


# ---------------------------------------------------------------- what people said


def _said(engine: Engine, published: Frame, submitted: Frame, same: bool) -> Frame:
    """p, s: the decisions of the records that people called the same, or told apart."""
    said = engine.table("pair_decisions").where(F.col("same") if same else ~F.col("same"))
    said = said.select(F.col("published").alias("rp"), F.col("submitted").alias("rs"))
    of_p = published.select(F.col("record_id").alias("rp"), F.col("group").alias("p"))
    of_s = submitted.select(F.col("record_id").alias("rs"), F.col("group").alias("s"))
    return join(join(said, of_p, ["rp"], "inner"), of_s, ["rs"], "inner").select("p", "s").distinct()


def _apart(engine: Engine, published: Frame, submitted: Frame) -> Frame | None:
    """What people told apart; None when nobody did."""
    if engine.empty("pair_decisions"):
        return None
    return engine.keep("told_apart", _said(engine, published, submitted, same=False))


def _human(engine: Engine, published: Frame, submitted: Frame) -> Frame:
    """One to one as well: of several that were called the same, the least ids pair, and the rest follow by the rules."""
    said = _said(engine, published, submitted, same=True)
    apart = engine.table("told_apart")
    said = join(said, apart, ["p", "s"], "left_anti")
    by_p, by_s = (
        F.row_number().over(Window.partitionBy(one).orderBy(other)) for one, other in (("p", "s"), ("s", "p"))
    )
    first = said.withColumn("nth_p", by_p).where(F.col("nth_p") == 1).withColumn("nth_s", by_s)
    return first.where(F.col("nth_s") == 1).select(
        "p",
        "s",
        F.lit("human").alias("rule"),
        F.lit(1.0).alias("score"),
        F.lit(False).alias("ambiguous"),
    )


# ---------------------------------------------------------------- copies of one side


def _keys(engine: Engine, table: str, moment: str) -> Frame:
    """The columns that pairing looks at."""
    side = engine.table(table)
    place = F.col("portal_id") if "portal_id" in side.columns else F.lit("")
    made = side.select(
        "record_id",
        "kind",
        "unit_id",
        F.col("document_number_key").alias("number"),
        F.col("document_number_weak").alias("weak"),
        as_number(F.col("licence_number")).alias("licence"),
        F.col("counterparty_code").alias("code"),
        F.col("counterparty_key").alias("name"),
        F.col("decision_date").alias("day"),
        F.coalesce(F.col("fine_yuan"), F.lit(-1.0).cast("double")).alias("amount"),
        F.col(moment).alias("moment"),
        place.alias("place"),
        F.coalesce(F.col("counterparty_key").startswith("p:"), F.lit(False)).alias("person"),
    )
    return made.withColumn("who", F.coalesce(F.col("code"), F.col("name")))


def as_number(licence: Column) -> Column:
    """A licence number as `document_number_key` writes one that has no year in brackets: no blanks, a final 号."""
    bare = F.upper(F.regexp_replace(licence, "[\\s\u3000]", ""))
    return F.when(F.regexp_like(bare, F.lit("[0-9]$")), F.concat(bare, F.lit("号"))).otherwise(bare)


def _reused(shown: Frame, told: Frame) -> Frame:
    """kind, number, who, day: the days of numbers that stand for several decisions of one party.

    That is so where both sides bear the number out on more than one day; and where they bear it out for one unit while
    another unit has it on another day and for another fine (市监罚字〔2026〕7号 of two counties names no place).
    """
    keys = ("kind", "number", "who", "day")
    places = (*keys, "unit_id")
    own_p = shown.where(_complete(keys) & ~F.col("person")).select(*places, "amount").distinct()
    own_s = told.where(_complete(keys)).select(*places, "amount").distinct()
    both = join(_borne(shown.where(~F.col("person")), keys), _borne(told, keys), list(keys), "inner")
    days = F.count("day").over(Window.partitionBy("kind", "number", "who"))
    renewed = both.withColumn("days", days).where(F.col("days") > 1).select(*keys)
    every = own_p.unionByName(own_s).groupBy(*places).agg(F.max("amount").alias("amount"))
    ends = every.groupBy("kind", "number", "who").agg(F.min("unit_id").alias("first"), F.max("unit_id").alias("last"))
    mixed = ends.where(F.col("first") != F.col("last")).select("kind", "number", "who")
    several = join(every, mixed, ["kind", "number", "who"], "left_semi")
    whole = join(join(several, own_p, list(places), "left_semi"), own_s, list(places), "left_semi")
    others = several.select(
        "kind", "number", "who", *(F.col(name).alias(f"{name}_2") for name in (*places[3:], "amount"))
    )
    apart = join(whole, others, ["kind", "number", "who"], "inner")
    same = (F.col("amount") >= 0) & (F.col("amount_2") == F.col("amount"))
    other = (F.col("day_2") != F.col("day")) & (F.col("unit_id_2") != F.col("unit_id"))
    apart = apart.where(other & ~same).select(*keys)
    return renewed.unionByName(apart).distinct().withColumn("reused", F.lit(True))


def _borne(side: Frame, keys: tuple[str, ...]) -> Frame:
    """What one side bears out: its numbers, and those of its licences, which the other side may have for numbers."""
    licences = side.drop("number").withColumnRenamed("licence", "number")
    return side.select(*keys).unionByName(licences.select(*keys)).where(_complete(keys)).distinct()


def _split(side: Frame, reused: Frame) -> Frame:
    for name in ("number", "licence"):
        dated = F.concat(F.col(name), F.lit("#"), F.col("day").cast("string"))
        marked = join(side, reused.withColumnRenamed("number", name), ["kind", name, "who", "day"], "left")
        side = marked.withColumn(name, F.when(F.col("reused"), dated).otherwise(F.col(name))).drop("reused")
    return side.drop("who")


def _copies(engine: Engine, table: str, base: Frame) -> Frame:
    """Every record with `group`: the least record id of the decision it belongs to on its own side."""
    # Masked persons of one surname under one number are different people; their dates and amounts tell them apart.
    nth = F.row_number().over(
        Window.partitionBy("place", "kind", "number", "name").orderBy("day", "amount", "record_id")
    )
    party = F.when(F.col("person"), F.concat(F.col("name"), F.lit("#"), nth.cast("string"))).otherwise(F.col("name"))
    base = engine.keep(f"keys_{table}", base.withColumn("party", party))
    by_code = _least("record_id", ("kind", "number", "code"))
    by_name = _least("by_code", ("kind", "number", "party"))
    weakly = _least("exactly", (*_WEAKLY, "whom"))  # the same number, written in another way
    return (
        base.withColumns({"by_code": by_code, "whom": F.coalesce(F.col("code"), F.col("party"))})
        .withColumn("by_name", by_name)
        .withColumn("exactly", F.min("by_name").over(Window.partitionBy("by_code")))
        .withColumn("weakly", weakly)
        .withColumn("group", F.min("weakly").over(Window.partitionBy("exactly")))
        .drop("by_code", "by_name", "whom", "exactly", "weakly")
    )


def _least(column: str, keys: tuple[str, ...]) -> Column:
    """The least value among rows with equal keys; a row that lacks a key keeps its own."""
    return F.when(_complete(keys), F.min(column).over(Window.partitionBy(*keys))).otherwise(F.col(column))


def _complete(keys: tuple[str, ...]) -> Column:
    return all_of(*(F.col(key).isNotNull() for key in keys))


def _bridge(engine: Engine, published: Frame) -> Frame:
    """A window without a number column shows a decision that another window shows with its number: same party, unit, day.

    Only where each window shows that party on that day once; else nothing can tell the decisions apart.
    """
    keys = ("kind", "unit_id", "name", "day")
    counted = engine.keep(
        "counted_publications",
        published.withColumn("here", F.count("record_id").over(Window.partitionBy(*keys, "place"))),
    )
    window = Window.partitionBy(*keys)
    numbered = F.when(F.col("number").isNotNull(), F.col("group"))
    looked = counted.withColumn("most", F.max("here").over(window)).withColumn(
        "bridge", F.coalesce(F.min(numbered).over(window), F.min("group").over(window))
    )
    alone = _complete(keys) & F.col("number").isNull() & (F.col("most") == 1) & ~F.col("person")
    bridged = looked.withColumn("group", F.when(alone, F.col("bridge")).otherwise(F.col("group")))
    return engine.keep("grouped_publications", bridged.drop("here", "most", "bridge"))


_OF_DECISION = ("kind", "unit_id", "number", "weak", "licence", "code", "name", "party")


def _decisions_of(side: Frame) -> Frame:
    """One row per decision of one side, with the keys any of its records bears."""
    return (
        side.groupBy("group")
        .agg(
            *(
                F.min(name).alias(name)
                for name in ("kind", "unit_id", "number", "weak", "licence", "code", "name", "party", "day")
            ),
            F.max("amount").alias("amount"),
        )
        .withColumnRenamed("group", "id")
    )


# ---------------------------------------------------------------- levels


def _apply(level: Level, published: Frame, submitted: Frame, apart: Frame | None) -> Frame:
    """The pairs of one level: p, s, rule, score, ambiguous."""
    left = _numbered(published, level, "publication", "p")
    right = _numbered(submitted, level, "submission", "s")
    met = join(left, right, [*level.keys, "n"], "inner")
    if apart is not None:
        met = join(met, apart, ["p", "s"], "left_anti")
    return met.select(
        "p",
        "s",
        F.lit(level.rule).alias("rule"),
        F.lit(level.score).cast("double").alias("score"),
        ((F.col("many_p") > 1) | (F.col("many_s") > 1)).alias("ambiguous"),
    )


def _numbered(side: Frame, level: Level, name: str, letter: str) -> Frame:
    if level.licence == name:
        side = side.withColumn("number", F.col("licence"))
    complete = _complete(level.keys)
    if level.without is not None and level.without[0] == name:
        complete = complete & F.col(level.without[1]).isNull()
    window = Window.partitionBy(*level.keys)
    return side.where(complete).select(
        *level.keys,
        F.col("id").alias(letter),
        F.row_number().over(window.orderBy("id")).alias("n"),
        F.count("id").over(window).alias(f"many_{letter}"),
    )


# ---------------------------------------------------------------- what belongs to a paired decision


def _near(side: Frame, plain: Frame, keys: tuple[str, ...], left: Frame) -> Frame:
    """Decisions found at once to which a leftover with equal keys may belong."""
    close = join(side, left.where(_complete(keys)).select(*keys).distinct(), list(keys), "left_semi")
    return join(close, plain, ["record_id"], "left_semi").select(
        F.col("record_id").alias("id"), *_OF_DECISION[:-1], F.col("name").alias("party"), "day", "amount"
    )


def _attach(
    engine: Engine, left: Frame, other: Frame, paired: Frame, letter: str, apart: Frame | None, near: Frame
) -> Frame:
    """Leftovers of one side that plainly are a decision already paired on the other side: id, target (its `letter`)."""
    found_before = join(other, paired.select(F.col(letter).alias("id")), ["id"], "inner")
    known = engine.keep(f"known_{letter}", found_before.unionByName(near))
    ways: list[tuple[str, ...]] = [("kind", "number", "code"), ("kind", "number", "party")]
    ways += [(*_WEAKLY, "code"), (*_WEAKLY, "party")]  # the same number, written in another way
    if (
        letter == "s"
    ):  # a further window without a number column; further submissions without number are decisions of their own
        ways += [("kind", "unit_id", "name", "day"), ("kind", "unit_id", "code", "day")]
    found: Frame | None = None
    for keys in ways:
        mine = left.where(_complete(keys))
        if not {"number", "weak"} & set(keys):
            mine = mine.where(F.col("number").isNull())
        targets = known.where(_complete(keys)).groupBy(*keys).agg(F.min("id").alias("target"))
        made = join(mine, targets, list(keys), "inner").select("id", "target")
        if apart is not None:  # what was told apart from a record is told apart from its decision
            mine_, theirs = ("p", "s") if letter == "s" else ("s", "p")
            barred = apart.select(F.col(mine_).alias("id"), F.col(theirs).alias("target"))
            made = join(made, barred, ["id", "target"], "left_anti")
        found = made if found is None else found.unionByName(made)
    assert found is not None
    return found.groupBy("id").agg(F.min("target").alias("target"))


def _result(
    engine: Engine,
    plain: Frame,
    published: Frame,
    submitted: Frame,
    paired: Frame,
    left_p: Frame,
    left_s: Frame,
    joined_p: Frame,
    joined_s: Frame,
) -> None:
    def named(column: str, letter: str) -> Column:
        return F.concat(F.lit(letter), F.col(column))

    of_p = (
        paired.select(F.col("p").alias("group"), named("s", "s:").alias("decision"))
        .unionByName(joined_p.select(F.col("id").alias("group"), named("target", "s:").alias("decision")))
        .unionByName(
            join(left_p, joined_p.select("id"), ["id"], "left_anti").select(
                F.col("id").alias("group"), named("id", "p:").alias("decision")
            )
        )
    )
    found = paired.select("p", "s").unionByName(plain)
    to_s = join(joined_s.select(F.col("id"), F.col("target").alias("p")), found, ["p"], "inner")
    lone_s = join(left_s, joined_s.select("id"), ["id"], "left_anti")
    of_s = (
        lone_s.select("id")
        .unionByName(paired.select(F.col("s").alias("id")))
        .select(F.col("id").alias("group"), named("id", "s:").alias("decision"))
        .unionByName(to_s.select(F.col("id").alias("group"), named("s", "s:").alias("decision")))
    )
    many_p = join(published, engine.keep("groups_pub", of_p), ["group"], "inner").select("record_id", "decision")
    many_s = join(submitted, engine.keep("groups_sub", of_s), ["group"], "inner").select("record_id", "decision")
    many_p, many_s = engine.keep("open_members_pub", many_p), engine.keep("open_members_sub", many_s)
    # A window without a number column that joined a decision found at once is a second record of it.
    touched = many_p.unionByName(many_s).select("decision").distinct()
    one = plain.select("p", "s", named("s", "s:").alias("decision"))
    also = join(one, touched.withColumn("also", F.lit(True)), ["decision"], "left")
    also = engine.keep("plain_decisions", also.withColumn("sole", F.col("also").isNull()).drop("also"))
    for name, letter, many in (("members_pub", "p", many_p), ("members_sub", "s", many_s)):
        alone = also.select(F.col(letter).alias("record_id"), "decision", "sole")
        engine.keep(name, alone.unionByName(many.withColumn("sole", F.lit(False))))
    ids = many_p.select("decision").unionByName(many_s.select("decision")).distinct()
    ids = join(ids, one.select("decision"), ["decision"], "left_anti")
    rules = paired.select(named("s", "s:").alias("decision"), "rule", "score", "ambiguous")
    slow = join(ids, rules, ["decision"], "left").select(
        "decision",
        F.coalesce(F.col("rule"), F.lit("single")).alias("rule"),
        "score",
        F.coalesce(F.col("ambiguous"), F.lit(False)).alias("ambiguous"),
    )
    fast = one.select(
        "decision", F.lit("number_code").alias("rule"), F.lit(1.0).alias("score"), F.lit(False).alias("ambiguous")
    )
    engine.keep("decisions", slow.unionByName(fast))
