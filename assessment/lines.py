"""The pair lines: every record of the period in exactly one, each with its class and why."""

from __future__ import annotations

from assessment.engine import Column, Engine, F, Frame, join, json_text, mapped, no_text, text, yes
from assessment.facts import Facts
from assessment.pairing import RULE_TITLES
from standard.fields import FIELDS

_KINDS = ("licence", "penalty")
_FURTHER = "same_decision"
_AGREED = "两方均有，所比要素一致"


def pair_rows(engine: Engine) -> Frame:
    """decision, place, published, submitted, rule …: one row per decision, and one more for each further record of it."""
    about = engine.table("cases").select(
        "decision",
        "unit_id",
        "kind",
        "verdict",
        "judged",
        "decision_date",
        "publish_due",
        "report_due_moved",
        "proof_day",
        "provisional",
        "has_p",
        "has_s",
        "publish_ground",
        "report_ground",
        "ground_note",
        "attempted",
        "twin",
        "p",
        "s",
        "score",
        "rule",
        "count_pub",
        "count_sub",
    )
    first = about.withColumns({"published": F.col("p"), "submitted": F.col("s"), "place": F.lit(0)})
    more_p = join(
        engine.table("pubs").select("decision", F.col("record_id").alias("published")),
        about.where(F.col("count_pub") > 1),
        ["decision"],
        "inner",
    )
    more_s = join(
        engine.table("subs").select("decision", F.col("record_id").alias("submitted")),
        about.where(F.col("count_sub") > 1),
        ["decision"],
        "inner",
    )
    extra_p = more_p.where(F.col("published") != F.col("p")).withColumns({"submitted": no_text(), "place": F.lit(1)})
    extra_s = more_s.where(F.col("submitted") != F.col("s")).withColumns({"published": no_text(), "place": F.lit(2)})
    columns = [*about.columns, "published", "submitted", "place"]
    made = first.select(*columns).unionByName(extra_p.select(*columns)).unionByName(extra_s.select(*columns))
    further = F.col("place") > 0
    return made.withColumns(
        {
            "rule": F.when(further, F.lit(_FURTHER)).otherwise(F.col("rule")),
            "score": F.when(further, F.lit(None).cast("double")).otherwise(F.col("score")),
            "further": further,
        }
    )


_COLUMNS = (
    "decision",
    "kind",
    "unit_id",
    "published",
    "submitted",
    "rule",
    "score",
    "verdict",
    "fields",
    "explanation",
)


def pair_lines(engine: Engine, facts: Facts) -> Frame:
    """What the rows of table `pair` are made of, by `pair_id`; of settled decisions without words that all of them share."""
    rows = join(pair_rows(engine), _differing(engine), ["decision"], "left")
    fields = F.when(~F.col("further"), F.col("fields"))
    rows = rows.withColumns({"fields": fields, "explanation": _explain(facts)})
    settled = engine.table("settled").where(F.col("in_period")).withColumns(
        {
            "published": F.col("p"),
            "submitted": F.col("s"),
            "rule": F.lit("number_code"),
            "score": F.lit(1.0).cast("double"),
            "verdict": F.lit("agreed"),
            "fields": no_text(),
            "explanation": no_text(),
        }
    )  # fmt: skip
    every = rows.select(*_COLUMNS).unionByName(settled.select(*_COLUMNS))
    # Every record of the period stands in one line only: the record names the line.
    shown = text(F.lit("p:"), F.coalesce(F.col("published"), F.lit("")))
    mine = F.when(F.col("submitted").isNull(), shown).otherwise(F.concat(F.lit("s:"), F.col("submitted")))
    return every.withColumn("pair_id", mine)


def pair_line(facts: Facts) -> Column:
    """Such a row as JSON, its keys in order."""
    plainly = F.lit(f"按“{RULE_TITLES['number_code']}”配对：{_AGREED}")
    return text(
        F.lit('{"differing_fields": '),
        F.coalesce(F.col("fields"), F.lit("[]")),
        F.lit(', "explanation": '),
        json_text(F.coalesce(F.col("explanation"), plainly)),
        F.lit(', "kind": '),
        _json(F.col("kind")),
        F.lit(', "pair_id": "'),
        F.col("pair_id"),
        F.lit(f'", "period": "{facts.period}", "published": '),
        _json(F.col("published")),
        F.lit(', "rule": "'),
        F.col("rule"),
        F.lit('", "score": '),
        F.coalesce(F.col("score").cast("string"), F.lit("null")),
        F.lit(', "submitted": '),
        _json(F.col("submitted")),
        F.lit(', "unit_id": '),
        _json(F.col("unit_id")),
        F.lit(', "verdict": "'),
        F.col("verdict"),
        F.lit('"}'),
    )


def _json(column: Column) -> Column:
    return F.coalesce(json_text(column), F.lit("null"))


def _differing(engine: Engine) -> Frame:
    """decision -> its differing fields as a JSON list, and as words for each kind, in the order of the fields' names."""
    names = sorted([*_compared(), "counterparty"])
    flags = [F.max(F.when(F.col("field") == name, 1).otherwise(0)).alias(f"is_{name}") for name in names]
    grouped = engine.table("differences").groupBy("decision").agg(*flags)

    def listed(words: dict[str, str], separator: str) -> Column:
        return F.concat_ws(separator, *(F.when(F.col(f"is_{name}") == 1, F.lit(words[name])) for name in names))

    labels = {
        kind: {name: FIELDS[name].label_for(kind) if name in FIELDS else name for name in names} for kind in _KINDS
    }
    return grouped.select(
        "decision",
        text(F.lit("["), listed({name: f'"{name}"' for name in names}, ", "), F.lit("]")).alias("fields"),
        *(listed(labels[kind], "、").alias(f"labels_{kind}") for kind in _KINDS),
    )


def _compared() -> tuple[str, ...]:
    from assessment.differences import COMPARED

    return COMPARED


def _explain(facts: Facts) -> Column:
    # A pairing rule is named where the line itself pairs; a further record says that it follows the first.
    named = F.when(
        F.col("rule") == _FURTHER, F.lit(f"{RULE_TITLES[_FURTHER]}，与主记录同一结论：")
    ).when(
        F.col("has_p") & F.col("has_s"),
        mapped(F.col("rule"), {rule: f"按“{title}”配对：" for rule, title in RULE_TITLES.items()}, F.lit("")),
    ).otherwise(F.lit(""))  # fmt: skip
    elsewhere = F.when(F.col("judged"), F.lit("")).otherwise(F.lit("；决定日期不在本期，在其所属期评判"))
    return text(named, _why(facts), elsewhere)


def _why(facts: Facts) -> Column:
    has_s, both = F.col("has_s"), F.col("has_p") & F.col("has_s")
    ground = F.when(has_s, F.col("publish_ground")).otherwise(F.col("report_ground"))
    note = F.coalesce(F.col("ground_note"), F.lit(""))
    labels = F.coalesce(
        F.when(F.col("kind") == "licence", F.col("labels_licence")).otherwise(F.col("labels_penalty")), F.lit("")
    )
    day = F.when(has_s, F.col("publish_due")).otherwise(F.col("report_due_moved")).cast("string")
    unsure = F.when(yes(F.col("provisional")), F.lit("（暂定）")).otherwise(F.lit(""))
    due = text(F.coalesce(day, F.lit("不详")), unsure)
    question = (
        F.when(F.col("decision_date").isNull(), F.lit("没有可用的决定日期，需人工核实"))
        .when(yes(F.col("attempted")) & ~has_s, F.lit("平台有被退回的报送记录，需人工核实"))
        .when(
            yes(F.col("twin")),
            F.lit("另一方有同一相对人、同一天的记录，但文号不同或缺少文号，可能是同一决定，需人工核实"),
        )
        .when(
            both & (labels != ""),
            text(F.lit("两条记录是否为同一决定尚不确定（"), labels, F.lit("不同），需人工核实")),
        )
        .when(both, F.lit("两条记录是否为同一决定尚不确定，需人工核实"))
        .otherwise(F.lit("识别要素不足或时限为暂定，需人工核实"))
    )
    verdict = F.col("verdict")
    return (
        F.when(verdict == "agreed", F.lit(_AGREED))
        .when(verdict == "question", question)
        .when(verdict == "differs", text(F.lit("两方均有，"), labels, F.lit("不同")))
        .when(verdict == "not_submitted", text(F.lit("网上有、平台无，报送时限 "), due, F.lit(" 已过")))
        .when(
            verdict == "not_published",
            text(F.lit("平台有、网上无，公示时限 "), due, F.lit(" 已过，全部窗口在其后均完整查看过")),
        )
        .when(verdict == "not_due", text(F.lit("时限 "), due, F.lit(f" 至 {facts.as_of} 尚未过")))
        .when(
            verdict == "exempt",
            text(
                F.lit("仅一方有，属可不公示或不报送情形："),
                mapped(ground, facts.grounds, F.lit("")),
                F.when(note != "", text(F.lit("　"), note)).otherwise(F.lit("")),
            ),
        )
        .when(has_s, F.lit("时限之后未能完整查看全部公示窗口，无法判定"))
        .otherwise(F.lit("平台数据未覆盖报送时限之后，无法判定"))
    )
