"""From checks to findings: each row rendered in words a unit understands, with its basis and its proof."""

from __future__ import annotations

import hashlib
import json
import string
from collections.abc import Mapping, Sequence
from typing import Any

from assessment.checks import Check, all_checks
from assessment.checks.base import Outcome
from assessment.engine import Column, Engine, F, Frame, join, json_text, mapped, no_text, text, yes
from assessment.facts import STANDARD, Facts
from assessment.pairing import RULE_TITLES
from standard.fields import FIELDS
from standard.states import COSTING

# States in which a fail or warn costs points: confirmed by a person or by the settings, and everything after that.
CONFIRMED = COSTING
_UNKNOWN = F.lit("不详")
_EMPTY = F.lit("")
_NULL = F.lit("null")
_DAYS = ("decision_date", "due_date", "published_from", "published_to")
_TEXTS = (
    "basis",
    "code",
    "counterparty",
    "document_number",
    "evidence",
    "field",
    "finding_id",
    "kind",
    "level",
    "message",
    "portal_id",
    "published_value",
    "state",
    "submitted_value",
    "unit_id",
    "url",
)


def find(engine: Engine, facts: Facts, confirm: frozenset[str]) -> Frame:
    """Every finding of the period with its state and the parts of its proof; kept as table `found`."""
    labels = engine.values("field_labels", {"field": "string", "label_kind": "string", "label": "string"}, _labels())
    made: Frame | None = None
    for check in all_checks():
        part = _of(check, engine, facts, labels)
        made = part if made is None else made.unionByName(part)
    assert made is not None
    return engine.keep("found", _settled(engine, _identified(made, facts), confirm))


def told_checks(facts: Facts) -> dict[str, dict[str, Any]]:
    """code -> what holds for all findings of a check, said once in the period's summary: title, version, explanation for the
    unit, and `exemptions_tested`, every ground that was looked for."""
    return {
        check.id: {
            "title": check.title,
            "version": check.version,
            "explanation": check.explanation,
            "exemptions_tested": sorted(facts.grounds) if check.over in ("cases", "publication_cases") else [],
        }
        for check in all_checks()
    }


def finding_line(facts: Facts) -> Column:
    """Such a row as JSON, its keys in order."""
    parts: dict[str, Column] = {name: _json(F.col(name)) for name in _TEXTS}
    parts |= {name: F.coalesce(text(F.lit('"'), F.col(name).cast("string"), F.lit('"')), _NULL) for name in _DAYS}
    for name in _DAYS:
        parts[name] = F.when(F.col(name).isNull(), _NULL).otherwise(parts[name])
    parts |= {
        "days_late": F.coalesce(F.col("days_late").cast("string"), _NULL),
        "dimension": text(F.lit('"'), F.col("dimension"), F.lit('"')),
        "period": F.lit(_dumps(facts.period)),
        "proof": _proof(),
        "received_at": F.when(F.col("received_at").isNull(), _NULL).otherwise(
            text(F.lit('"'), _moment(F.col("received_at")), F.lit('"'))
        ),
    }
    return _object(parts)


def _proof() -> Column:
    """What survives an appeal: with what the summary says of the check, all of it. `ground` is the exemption that holds."""
    versions = {check.id: str(check.version) for check in all_checks()}
    titles = {rule: _dumps(title) for rule, title in RULE_TITLES.items()}
    parts: dict[str, Column] = {
        name: _json(F.col(name)) for name in ("crawl", "cure", "decision", "ground", "published", "rule", "submitted")
    }
    parts |= {
        "check": text(F.lit('"'), F.col("code"), F.lit('"')),
        "facts": F.col("facts"),
        "provisional": F.when(F.col("provisional"), F.lit("true")).otherwise(F.lit("false")),
        "registers": F.col("registers"),
        "rule_title": F.coalesce(mapped(F.col("rule"), titles, no_text()), _NULL),
        "subject": _json(F.col("subject")),
        "version": mapped(F.col("code"), versions, _NULL),
    }
    before = [name for name in parts if name < "review"]
    after = [name for name in parts if name > "review"]
    return text(
        F.lit("{"),
        _members({name: parts[name] for name in before}),
        F.when(F.col("review").isNull(), _EMPTY).otherwise(text(F.lit(', "review": '), F.col("review"))),
        F.lit(", "),
        _members({name: parts[name] for name in after}),
        F.lit("}"),
    )


# ---------------------------------------------------------------- one check


# Columns of `found` beside the standard ones.
_OWN = (
    "code",
    "dimension",
    "level",
    "message",
    "basis",
    "days_late",
    "ground",
    "registers",
    "facts",
    "cure",
    "limit_days",
)
_KEPT = (
    *(name for name in STANDARD if name not in ("publish_basis", "report_basis", "publish_days", "report_days", "note")),
    *_OWN,
)  # fmt: skip


def _of(check: Check, engine: Engine, facts: Facts, labels: Frame) -> Frame:
    names = engine.table(check.over).columns
    outcomes = check.outcomes()
    rows = check.apply(engine, names)
    if any("{field_label}" in outcome.message for outcome in outcomes):
        rows = join(
            rows.withColumn("label_kind", F.coalesce(F.col("kind"), _EMPTY)), labels, ["field", "label_kind"], "left"
        )
    has = frozenset(rows.columns)
    rows = rows.withColumn("due_date", _due(check))
    basis = F.lit(check.basis)
    if check.limit is not None:
        basis = F.coalesce(F.col(f"{check.limit}_basis"), basis)
    words = _Words(facts, has)
    return rows.withColumns(
        {
            "code": F.lit(check.id),
            "dimension": F.lit(check.dimension),
            "level": _by_outcome(outcomes, [F.lit(outcome.level) for outcome in outcomes]),
            "message": _by_outcome(outcomes, [words.fill(outcome.message) for outcome in outcomes]),
            "basis": basis,
            "published_value": _bare(F.col("published_value")),
            "submitted_value": _bare(F.col("submitted_value")),
            "ground": _ground(check, has),
            "registers": _object_of({name: F.col(column) for name, column in _LINES.items() if column in has}),
            "facts": _facts(check, has),
            "limit_days": _limit(check, has),
            "cure": F.when(yes(F.col("cure") != ""), F.col("cure")).otherwise(F.lit(check.cure))
            if "cure" in has
            else F.lit(check.cure),
            "provisional": yes(F.col("provisional")),
        }
    ).select(*_KEPT)


def _by_outcome(outcomes: Sequence[Outcome], values: Sequence[Column]) -> Column:
    if len(values) == 1:
        return values[0]
    return mapped(F.col("outcome"), dict(enumerate(values[:-1])), values[-1])


def _due(check: Check) -> Column:
    return F.col({"report": "report_due_moved", "publish": "publish_due", None: "due_date"}[check.limit])


def _ground(check: Check, has: frozenset[str]) -> Column:
    if check.limit == "publish":
        return F.col("publish_ground") if "publish_ground" in has else no_text()
    if check.limit is None:
        return no_text()
    ground = F.col("report_ground") if "report_ground" in has else no_text()
    if "report_backfilled" not in has:
        return ground
    return F.coalesce(ground, F.when(yes(F.col("report_backfilled")), F.lit("backfill")))


_LINES = {
    "exemptions": "x_exemption",
    "repairs": "x_repair",
    "withdrawals": "x_withdrawal",
    "catalogue": "x_hidden",
    "backfills": "b_words",
    "responsibilities": "transfer_words",
    "outages": "gone_words",
}
_FACTS = (
    "outage_days",
    "windows",
    "proof_day",
    "proof_looks",
    "severity",
    "defect_rule",
    "looks",
    "days_left",
)


def _limit(check: Check, has: frozenset[str]) -> Column:
    name = f"{check.limit}_days"
    return F.col(name) if check.limit is not None and name in has else F.lit(None).cast("bigint")


def _facts(check: Check, has: frozenset[str]) -> Column:
    members = {name: F.col(name).cast("string") for name in _FACTS if name in has}
    if check.limit is not None and f"{check.limit}_days" in has:
        members["limit_days"] = F.col(f"{check.limit}_days").cast("string")
    if "publish_outage_days" in has:
        days = F.col("publish_outage_days")
        members["publish_outage_days"] = F.when(yes(days != 0), days.cast("string"))
    return _object_of(members)


class _Words:
    """Fills `{name}` in messages: a column of the case, or one of the words below; what is unknown reads 不详."""

    def __init__(self, facts: Facts, has: frozenset[str]) -> None:
        self.facts = facts
        self.has = has

    def fill(self, message: str) -> Column:
        parts: list[Column] = []
        for literal, name, _, _ in string.Formatter().parse(message):
            if literal:
                parts.append(F.lit(literal))
            if name:
                parts.append(F.coalesce(self.word(name), _UNKNOWN))
        return text(*parts)

    def word(self, name: str) -> Column:
        own = getattr(self, f"_{name}", None)
        return own() if own is not None else _shown(name)

    def _field_label(self) -> Column:
        return F.coalesce(F.col("label"), F.col("field"))

    def _told_until(self) -> Column:
        return F.col("told_until").cast("string")

    def _ground_words(self) -> Column:
        report = F.col("report_ground") if "report_ground" in self.has else no_text()
        publish = F.col("publish_ground") if "publish_ground" in self.has else no_text()
        ground = F.when(yes(F.col("only_s")), publish).otherwise(report) if "only_s" in self.has else report
        words = mapped(ground, self.facts.grounds, _EMPTY)
        if "ground_note" not in self.has:
            return words
        note = F.col("ground_note")
        return text(words, F.when(yes(note != ""), text(F.lit("（"), note, F.lit("）"))).otherwise(_EMPTY))

    def _outage_note(self) -> Column:
        """Why the report's due day is not the ordinary one."""
        moved = _EMPTY
        if "outage_days" in self.has:
            days = F.col("outage_days")
            told = text(F.lit("，已扣除平台中断 "), days.cast("string"), F.lit(" 个工作日"))
            moved = F.when(yes(days != 0), told).otherwise(_EMPTY)
        if "report_agreed" not in self.has:
            return moved
        agreed = text(
            F.lit("，按"), F.col("b_words"), F.lit("，约定补报期限 "), F.col("agreed_until").cast("string")
        )  # fmt: skip
        return F.when(yes(F.col("report_agreed")), agreed).otherwise(moved)

    def _publish_outage_note(self) -> Column:
        if "publish_outage_days" not in self.has:
            return _EMPTY
        days = F.col("publish_outage_days")
        told = text(F.lit("，已扣除网站停机 "), days.cast("string"), F.lit(" 个工作日"))
        return F.when(yes(days != 0), told).otherwise(_EMPTY)

    def _provisional_note(self) -> Column:
        return F.when(yes(F.col("provisional")), F.lit("（暂定）")).otherwise(_EMPTY)

    def _where(self) -> Column:
        if "source" not in self.has:
            return _EMPTY
        return mapped(F.col("source"), {"publication": "网上公示的", "submission": "报送记录的"}, _EMPTY)

    def _rule_title(self) -> Column:
        return mapped(F.col("rule"), RULE_TITLES, F.lit("要素相同"))

    def _stated(self) -> Column:
        known = [_shown(name) for name in ("stated", "p_stated_published_on") if name in self.has]
        return F.coalesce(*known, F.lit("未标注"))

    def _published_from(self) -> Column:
        return F.coalesce(F.col("published_from").cast("string"), F.lit("首次查看之前"))


def _shown(name: str) -> Column:
    """The column's value as a message says it."""
    kind = STANDARD.get(name)
    if kind == "timestamp_ntz":
        minutes = F.substring(F.col(name).cast("string"), 1, 16)
        return F.regexp_replace(minutes, " 00:00$", "")
    if kind in ("date", "bigint"):
        return F.col(name).cast("string")
    return _bare(F.col(name).cast("string"))


def _bare(column: Column) -> Column:
    """Whole amounts without their `.0`."""
    return F.regexp_replace(column, "^([0-9]+)\\.0$", "\\1")


def _labels() -> list[tuple[str, str, str]]:
    return [
        (name, kind, field.label_for(kind or None))
        for name, field in FIELDS.items()
        for kind in ("", "licence", "penalty")
    ]


# ---------------------------------------------------------------- who it is, and what people decided


def finding_id(facts: Facts, code: str, unit_id: str, kind: str | None, subject: str) -> str:
    """The same thing found again has the same id, so that people's decisions on it are found again too."""
    return hashlib.sha256("|".join((facts.period, code, unit_id, kind or "", subject)).encode()).hexdigest()[:32]


def thing_of(finding: Mapping[str, Any]) -> str | None:
    """The finding without its period: what was settled for the month holds for the quarter and the year as well.

    Only for what was found on one decision: a column that was empty in September says nothing of October.
    """
    proof = finding["proof"]
    if proof["decision"] is None:
        return None
    parts = (finding["code"], finding["unit_id"], finding["kind"] or "", proof["subject"], finding["field"] or "")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]


def _identified(found: Frame, facts: Facts) -> Frame:
    """With `finding_id` and `thing`: the ids of the two functions above, as expressions."""
    bar, kind = F.lit("|"), F.coalesce(F.col("kind"), _EMPTY)
    field = F.when(F.col("field").isNull(), _EMPTY).otherwise(text(bar, F.col("field")))
    identity = text(
        F.lit(f"{facts.period}|"), F.col("code"), bar, F.col("unit_id"), bar, kind, bar, F.col("subject"), field
    )
    thing = text(
        F.col("code"), bar, F.col("unit_id"), bar, kind, bar, F.col("subject"), bar, F.coalesce(F.col("field"), _EMPTY)
    )
    return found.withColumns(
        {
            "finding_id": F.substring(F.sha2(identity, 256), 1, 32),
            "thing": F.when(F.col("decision").isNotNull(), F.substring(F.sha2(thing, 256), 1, 32)),
        }
    )


def _settled(engine: Engine, found: Frame, confirm: frozenset[str]) -> Frame:
    """The state: a person's latest decision; else confirmed by the settings; else what the level itself says.

    A person's decision is the latest on the finding, or on the same thing in another period. A question that a person
    confirmed is a question no longer: its level becomes `fail`, and the proof says who answered.
    """
    of_itself = F.lit("suspected")
    if confirm:
        sure = F.col("level").isin("fail", "warn") & F.col("code").isin(*sorted(confirm))
        of_itself = F.when(sure, F.lit("confirmed")).otherwise(of_itself)
    of_itself = F.when(F.col("level") == "exempt", F.lit("exempt")).when(
        F.col("level") == "not_due", F.lit("normal")
    ).otherwise(of_itself)  # fmt: skip
    if engine.empty("reviews"):
        return found.withColumns({"state": of_itself, "review": no_text()}).drop("thing")
    reviews = engine.table("reviews")
    on_finding = reviews.groupBy("finding_id").agg(F.max("seq").alias("seq_finding"))
    on_thing = reviews.where(F.col("thing").isNotNull()).groupBy("thing").agg(F.max("seq").alias("seq_thing"))
    joined = join(join(found, on_finding, ["finding_id"], "left"), on_thing, ["thing"], "left")
    latest = F.greatest(
        F.coalesce(F.col("seq_finding"), F.col("seq_thing")), F.coalesce(F.col("seq_thing"), F.col("seq_finding"))
    )
    named = reviews.select(
        "seq", *(F.col(name).alias(f"r_{name}") for name in ("state", "actor", "reason", "basis", "at"))
    )
    joined = join(joined.withColumn("seq", latest), named, ["seq"], "left")
    decided = F.col("r_state").isNotNull()
    answered = (F.col("level") == "question") & yes(F.col("r_state").isin(*sorted(CONFIRMED)))
    words = _object_of(
        {
            "actor": F.col("r_actor"),
            "at": _moment(F.col("r_at")),
            "basis": F.col("r_basis"),
            "level": F.col("level"),
            "reason": F.col("r_reason"),
        }
    )
    return joined.withColumns(
        {
            "state": F.coalesce(F.col("r_state"), of_itself),
            "review": F.when(decided, words),
            "level": F.when(answered, F.lit("fail")).otherwise(F.col("level")),
        }
    ).drop("thing", "seq", "seq_finding", "seq_thing", "r_state", "r_actor", "r_reason", "r_basis", "r_at")


# ---------------------------------------------------------------- JSON as expressions


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


def _json(column: Column) -> Column:
    return F.coalesce(json_text(column), _NULL)


def _moment(column: Column) -> Column:
    """2026-09-03T09:00:00, with six digits where there is a fraction of a second."""
    words = F.replace(column.cast("string"), F.lit(" "), F.lit("T"))
    return F.when(words.contains("."), F.rpad(words, 26, "0")).otherwise(words)


def _members(parts: Mapping[str, Column]) -> Column:
    pieces: list[Column] = []
    for number, name in enumerate(sorted(parts)):
        pieces += [F.lit(f'{", " if number else ""}"{name}": '), parts[name]]
    return text(*pieces)


def _object(parts: Mapping[str, Column]) -> Column:
    return text(F.lit("{"), _members(parts), F.lit("}"))


def _object_of(members: Mapping[str, Column]) -> Column:
    """An object of those texts that are there."""
    pieces = [
        F.when(members[name].isNotNull(), text(F.lit(f'"{name}": '), json_text(members[name])))
        for name in sorted(members)
    ]
    return text(F.lit("{"), F.concat_ws(", ", *pieces), F.lit("}")) if pieces else F.lit("{}")


__all__ = ["CONFIRMED", "find", "finding_id", "finding_line", "thing_of", "told_checks"]
