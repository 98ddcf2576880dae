"""The city itself: parties, decisions, what was shown where and when, what was reported when — and the truth.

    city = make(seed=1)
    city.decisions[0].showings      # on which column, from when, until when, with which stated date
    city.truth, city.lookalikes     # what a fair judge must find, and what it must not

A clean decision is published and reported within seven working days, completely and consistently, so that the looks of
`TIMELINE` (or the date a column states) prove it. Everything else is put there by `faults` and listed in the truth.
"""

from __future__ import annotations

import datetime
import random
from collections import Counter
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from sample_city import codes, plan, texts
from sample_city.plan import AS_OF, FIRST, LAST, TIMELINE, Portal, Unit, at
from standard.workdays import Calendar

START = datetime.date(2026, 7, 1)
DUE_DAYS = 7
OUTAGE = (datetime.date(2026, 9, 14), datetime.date(2026, 9, 16))  # the platform was down; no one could report
# Took no decision of this kind since the twentieth of August.
QUIET = (("donghu", "licence"), ("zrzyj", "penalty"), ("slj", "penalty"), ("wlj", "penalty"))
CREDIT_COUNTY = "donghu"  # its credit website shows what the platform was told
_DAY = datetime.timedelta(days=1)
_LAST_BEFORE_QUIET = datetime.date(2026, 8, 20)
_MONTH_WEIGHT = {7: 0.24, 8: 0.3, 9: 0.46}


@dataclass(frozen=True)
class Party:
    """Who a decision is addressed to. `type`: organisation | sole_trader | natural_person."""

    type: str
    name: str
    code: str  # unified code, or a person's citizen number
    representative: str | None


@dataclass
class Showing:
    """One decision on one column: from `at` until `until`, with the date the column states, and what is wrong with it."""

    portal: Portal
    at: datetime.datetime
    stated: datetime.date | None
    until: datetime.datetime | None = None
    overrides: dict[str, Any] = field(default_factory=dict)
    extra: dict[str, str] = field(default_factory=dict)  # further labels with their text
    twice: bool = False

    def visible(self, now: datetime.datetime) -> bool:
        return self.at <= now and (self.until is None or now < self.until)


@dataclass
class Sending:
    """One row sent to the platform at one moment. `unknown_unit`: it named a unit nobody knows and was refused."""

    at: datetime.datetime
    overrides: dict[str, Any] = field(default_factory=dict)
    unknown_unit: bool = False


@dataclass
class Decision:
    """One licence or penalty as the case file has it; amounts in yuan."""

    serial: int
    unit: Unit
    kind: str
    party: Party
    number: str
    date: datetime.date
    case_name: str
    category: str
    content: str
    basis: str
    facts: str | None = None
    violation: str | None = None
    fine: float | None = None
    confiscation: float | None = None
    revoked: str | None = None
    licence_name: str | None = None
    licence_number: str | None = None
    valid_from: datetime.date | None = None
    valid_to: datetime.date | None = None
    publicity_until: datetime.date | None = None
    due: datetime.date = AS_OF
    showings: list[Showing] = field(default_factory=list)
    sendings: list[Sending] = field(default_factory=list)
    marks: list[str] = field(default_factory=list)  # faults and look-alikes it carries

    @property
    def in_period(self) -> bool:
        return FIRST <= self.date <= LAST

    def values(self) -> dict[str, Any]:
        """Field -> value, unmasked and undressed; both sides start from here."""
        person = self.party.type == "natural_person"
        return {
            "document_number": self.number,
            "case_name": self.case_name,
            "counterparty": self.party.name,
            "counterparty_type": self.party.type,
            "counterparty_code": None if person else self.party.code,
            "person_id": self.party.code if person else None,
            "legal_representative": self.party.representative,
            "category": self.category,
            "facts": self.facts,
            "violation_type": self.violation,
            "basis": self.basis,
            "content": self.content,
            "fine_yuan": self.fine,
            "confiscation_yuan": self.confiscation,
            "revoked_licence": self.revoked,
            "licence_name": self.licence_name,
            "licence_number": self.licence_number,
            "decision_date": self.date,
            "valid_from": self.valid_from,
            "valid_to": self.valid_to,
            "publicity_until": self.publicity_until,
            "authority": self.unit.name,
            "remedy": texts.REMEDY,
        }


@dataclass(frozen=True)
class Expected:
    """One thing a fair judge must find. `document_number` is None when the record bears none; then party and date tell."""

    code: str
    level: str
    unit: str
    kind: str | None
    document_number: str | None
    field: str | None
    portal: str | None
    why: str
    counterparty: str | None = None
    decision_date: datetime.date | None = None


@dataclass(frozen=True)
class LookAlike:
    """One thing that looks like a fault and is lawful, or cannot be decided: no accusation with these codes."""

    unit: str
    kind: str | None
    document_number: str | None
    why: str
    forbidden: tuple[str, ...]
    portal: str | None = None


@dataclass(frozen=True)
class CatalogueLine:
    unit: Unit
    name: str
    category: str
    basis: str
    published: bool = True
    ground: str = ""


@dataclass
class City:
    """Everything there is to know. Made by `make`; nothing changes it afterwards."""

    seed: int
    calendar: Calendar
    units: dict[str, Unit]
    unit_codes: dict[str, str]
    decisions: list[Decision] = field(default_factory=list)
    catalogue: list[CatalogueLine] = field(default_factory=list)
    register_lines: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    truth: list[Expected] = field(default_factory=list)
    lookalikes: list[LookAlike] = field(default_factory=list)
    contacts: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)

    period = plan.PERIOD
    as_of = AS_OF
    timeline = TIMELINE

    @cached_property
    def portals(self) -> dict[str, Portal]:
        return {portal.id: portal for portal in plan.portals()}

    @cached_property
    def shown(self) -> dict[str, list[tuple[Decision, Showing]]]:
        """Column -> what it ever shows, newest first as lists do."""
        found: dict[str, list[tuple[Decision, Showing]]] = {portal: [] for portal in self.portals}
        for decision in self.decisions:
            for showing in decision.showings:
                found[showing.portal.id].append((decision, showing))
        for entries in found.values():
            entries.sort(key=lambda e: (e[1].stated or e[1].at.date(), e[0].serial), reverse=True)
        return found

    def visible(self, portal: Portal, now: datetime.datetime) -> list[tuple[Decision, Showing]]:
        """What a column shows at a moment, newest first."""
        if portal.state(now) != "open":
            return []
        oldest = None if portal.window is None else now.date() - portal.window * _DAY
        return [
            (decision, showing)
            for decision, showing in self.shown[portal.id]
            if showing.visible(now) and (oldest is None or decision.date >= oldest)
        ]

    def portals_of(self, unit: Unit, kind: str) -> list[Portal]:
        """Every column of the unit and of its county government that could show a decision of this kind."""
        owners = [unit] + ([self.units[unit.parent]] if unit.parent else [])
        return [p for owner in owners for p in owner.portals if p.kind in (kind, "both") and p.channel != "credit"]

    def looks(self, portal: Portal) -> list[datetime.datetime]:
        """The moments of the timeline at which a look at the column is complete."""
        return [moment for moment in TIMELINE if portal.proves(moment)]

    def report_due(self, decision: Decision, received: datetime.date) -> datetime.date:
        """The last day for reporting: later by the working days of an outage that lay between decision and receipt, or as
        late as was agreed for decisions of that day.
        """
        for line in self.register_lines.get("backfills", []):
            kind = "行政许可" if decision.kind == "licence" else "行政处罚"
            agreed = line["决定日期起"] <= decision.date.isoformat() <= line["决定日期止"]
            if (line["单位"], line["信息类别"]) == (decision.unit.name, kind) and agreed:
                return datetime.date.fromisoformat(line["约定补报期限"])
        days = [OUTAGE[0] + i * _DAY for i in range((OUTAGE[1] - OUTAGE[0]).days + 1)]
        lost = sum(1 for d in days if self.calendar.is_workday(d) and decision.date < d <= received)
        return self.calendar.add(decision.due, lost) if lost else decision.due

    def describe(self) -> dict[str, Any]:
        """Counts for the documentation: units, columns by family, decisions, faults, look-alikes."""
        due = [d for d in self.decisions if d.in_period and d.due < AS_OF]
        return {
            "seed": self.seed,
            "units": dict(sorted(Counter(u.level for u in self.units.values()).items())),
            "portals": dict(sorted(Counter(p.family for p in self.portals.values()).items())),
            "portal_fates": dict(sorted(Counter(p.fate for p in self.portals.values()).items())),
            "decisions": dict(sorted(Counter(d.kind for d in self.decisions).items())),
            "decisions_of_period": sum(d.in_period for d in self.decisions),
            "due_of_period": len(due),
            "parties": dict(sorted(Counter(d.party.type for d in self.decisions).items())),
            "showings": sum(len(d.showings) for d in self.decisions),
            "sendings": sum(len(d.sendings) for d in self.decisions),
            "faults": dict(sorted(Counter(e.code for e in self.truth).items())),
            "lookalikes": dict(sorted(Counter(e.why for e in self.lookalikes).items())),
        }

    def write_workspace(self, root: Path, base_url: str) -> None:
        """Write settings, registry and calendar of a workspace that watches this city at `base_url`."""
        from sample_city.workspace import write_workspace

        write_workspace(self, root, base_url)

    def platform_exports(self, folder: Path) -> list[Any]:
        """Write what the platform exported, in both editions; see `exports.Export`."""
        from sample_city.exports import write_exports

        return write_exports(self, folder)

    def registers(self, folder: Path) -> dict[str, Path]:
        """Write every register; name -> file."""
        from sample_city.registers import write_registers

        return write_registers(self, folder)


def make(seed: int = 1) -> City:
    """The city of a seed, with its faults and its truth. The same seed gives the same city."""
    from sample_city.faults import seed_faults

    rng = random.Random(seed)
    units = {unit.id: unit for unit in plan.units()}
    heads = {"institution": "12"}
    city = City(
        seed,
        Calendar.load(),
        units,
        {unit.id: codes.unified_code(rng, heads.get(unit.level, "11"), unit.area) for unit in units.values()},
    )
    for unit in units.values():
        city.contacts[unit.id] = _contacts(unit, rng)
        _decide(city, unit, rng)
        city.catalogue += [CatalogueLine(unit, item.name, item.category, item.basis) for item in _items(unit)]
    for decision in city.decisions:
        decision.due = city.calendar.add(decision.date, DUE_DAYS)
        _publish(city, decision, rng)
        _report(city, decision, rng)
        _pass_on(city, decision)
    seed_faults(city, random.Random(seed + 1000))
    return city


def _contacts(unit: Unit, rng: random.Random) -> dict[str, dict[str, str]]:
    return {
        role: {
            "name": texts.person(rng),
            "phone": f"0000-{rng.randrange(2000000, 8999999)}",
            "email": f"{role}@{unit.id.replace('_', '-')}.city.invalid",
        }
        for role in ("leader", "liaison", "reporter")
    }


def _items(unit: Unit) -> tuple[texts.Item, ...]:
    """The unit's licence items; a unit with few licences has few, so that each is used in every month."""
    return texts.BUSINESS[unit.business].items[: max(1, unit.licences // 14)]


def _working_days(calendar: Calendar) -> dict[int, list[datetime.date]]:
    days = [START + i * _DAY for i in range((LAST - START).days + 1)]
    return {month: [d for d in days if d.month == month and calendar.is_workday(d)] for month in _MONTH_WEIGHT}


def _decide(city: City, unit: Unit, rng: random.Random) -> None:
    business, days = texts.BUSINESS[unit.business], _working_days(city.calendar)
    for kind, count in (("penalty", unit.penalties), ("licence", unit.licences)):
        if count == 0:
            continue
        months = rng.choices(list(_MONTH_WEIGHT), list(_MONTH_WEIGHT.values()), k=count)
        months[:6] = [9] * min(6, count)
        if (unit.id, kind) in QUIET:
            months = [7, 8] * (count // 2)
        dates = sorted(rng.choice(days[month]) for month in months)
        if (unit.id, kind) in QUIET:
            dates = [min(day, _LAST_BEFORE_QUIET) for day in dates]
        items = _items(unit)
        turn, serial, previous = 0, rng.randrange(1, 80), None
        for day in dates:
            party = _party(unit, kind, business, rng)
            shared = (
                previous is not None
                and previous.date == day
                and previous.party.type == party.type == "organisation"
                and kind == "penalty"
                and rng.random() < 0.2
            )
            serial += 0 if shared else 1
            word = "罚字" if kind == "penalty" else "许字"
            number = f"{unit.prefix}{business.abbreviation}{word}〔2026〕{serial}号"
            if kind == "penalty":
                offence = rng.choice(business.offences)
                decision = _penalty(city, unit, party, number, day, offence, rng)
            else:
                decision = _licence(city, unit, party, number, day, items[turn % len(items)], rng)
                turn += 1
            city.decisions.append(decision)
            previous = decision


def _party(unit: Unit, kind: str, business: texts.Business, rng: random.Random) -> Party:
    area = unit.area if unit.area != plan.REGION_CODE else rng.choice(("140602", "140621", "140622"))
    place = unit.place if unit.place != plan.REGION_NAME else "示例市" + rng.choice(("", "东湖区", "西岭县", "北原县"))
    draw = rng.random()
    if draw < unit.persons * (1 if kind == "penalty" else 0.5):
        return Party("natural_person", texts.person(rng), codes.person_code(rng, area), None)
    if draw < unit.persons + unit.traders:
        return Party("sole_trader", texts.shop(rng, place), codes.unified_code(rng, "92", area), texts.person(rng))
    trade = rng.choice(business.trades)
    return Party(
        "organisation", texts.company(rng, place, trade), codes.unified_code(rng, "91", area), texts.person(rng)
    )


def penalty_content(fine: float | None, confiscation: float | None, revoked: str | None, warned: bool) -> str:
    parts = ["责令改正"] + (["给予警告"] if warned else [])
    if confiscation:
        parts.append(f"没收违法所得人民币{texts.capitals(int(confiscation))}（{int(confiscation)}元）")
    if fine:
        parts.append(f"处以罚款人民币{texts.capitals(int(fine))}（{int(fine)}元）")
    return "，".join(parts + ([f"暂扣{revoked}三个月"] if revoked else []))


def _penalty(
    city: City, unit: Unit, party: Party, number: str, day: datetime.date, offence: texts.Offence, rng: random.Random
) -> Decision:
    category = rng.choice(offence.categories)
    if party.type == "natural_person" and category not in (texts.FINE, texts.WARNED_FINE):
        category = texts.FINE
    fine = float(rng.randrange(offence.low, offence.high + 1, 100))
    confiscation = float(rng.randrange(100, 9000, 10)) if "没收" in category else None
    revoked = f"食品药品经营许可证（{rng.randrange(10**7, 10**8)}）" if "暂扣" in category else None
    shown = party.name if party.type != "natural_person" else party.name[0] + "某某"
    return Decision(
        len(city.decisions) + 1,
        unit,
        "penalty",
        party,
        number,
        day,
        f"{shown}{offence.act}案",
        category,
        penalty_content(fine, confiscation, revoked, "警告" in category),
        offence.basis,
        facts=offence.facts,
        violation=offence.act,
        fine=fine,
        confiscation=confiscation,
        revoked=revoked,
        publicity_until=day.replace(year=day.year + 1),
    )


def _licence(
    city: City, unit: Unit, party: Party, number: str, day: datetime.date, item: texts.Item, rng: random.Random
) -> Decision:
    serial = len(city.decisions) + 1
    if item.name == "建筑工程施工许可证":
        licence_number = codes.permit_number(rng, unit.area if unit.area != plan.REGION_CODE else "140602", day)
    else:
        licence_number = f"JY{unit.area}{serial:06d}"
    return Decision(
        serial,
        unit,
        "licence",
        party,
        number,
        day,
        item.name,
        item.category,
        item.scope,
        item.basis,
        licence_name=item.name,
        licence_number=licence_number,
        valid_from=day,
        valid_to=day.replace(year=day.year + item.years) - _DAY,
    )


def working_hour(day: datetime.date, rng: random.Random) -> datetime.datetime:
    """A moment of a working day after the morning's look."""
    return at(day, rng.randrange(10, 18), rng.randrange(60))


def appears(city: City, portal: Portal, day: datetime.date) -> datetime.date:
    """The day on which a decision handed in on `day` is shown: monthly spreadsheets grow on Tuesdays and Fridays."""
    if portal.family != "attachment_list":
        return day
    while day.weekday() not in (1, 4) or not city.calendar.is_workday(day):
        day += _DAY
    return day


def provable(city: City, portal: Portal, decision: Decision, day: datetime.date) -> bool:
    """What is handed in on this day is shown to be in time: by a look not after the due day, or by the date stated."""
    if portal.dated and portal.family != "attachment_list":
        return day <= decision.due
    shown = appears(city, portal, day)
    return any(shown < look.date() <= decision.due for look in city.looks(portal))


def show(city: City, portal: Portal, day: datetime.date, rng: random.Random) -> Showing:
    """A showing from that day on."""
    day = appears(city, portal, day)
    moment = at(day, 17, 30) if portal.family == "attachment_list" else working_hour(day, rng)
    return Showing(portal, moment, day if portal.dated else None)


def _publish(city: City, decision: Decision, rng: random.Random) -> None:
    """Show the decision on its unit's column within the time limit, and some on the county government's as well."""
    unit = decision.unit
    person = decision.party.type == "natural_person"
    if person and rng.random() < 0.4:
        decision.marks.append("person_hidden")
        return
    own = [p for p in unit.portals if p.kind in (decision.kind, "both") and p.channel != "credit"]
    columns = own + ([p for p in city.portals_of(unit, decision.kind) if p not in own] if rng.random() < 0.3 else [])
    for portal in columns:
        if portal.fate != "open":
            continue
        days = [
            city.calendar.add(decision.date, n) for n in rng.choices((1, 2, 3, 4, 5, 6), (5, 6, 5, 3, 2, 1), k=4)
        ] + [city.calendar.add(decision.date, n) for n in (1, 2, 3)]
        day = next((d for d in days if provable(city, portal, decision, d)), days[-1])
        if portal.stopped is None or day < portal.stopped:
            decision.showings.append(show(city, portal, day, rng))


def sending_days(city: City, decision: Decision) -> list[datetime.date]:
    """The days on which the unit could report in time: weekly files for the 2018 template, any working day for 2020."""
    if decision.unit.edition == "2018":
        return [d for d in plan.FILE_DAYS if decision.date < d <= decision.due]
    days = [city.calendar.add(decision.date, n) for n in range(1, DUE_DAYS + 1)]
    return [d for d in days if not OUTAGE[0] <= d <= OUTAGE[1]]


def _report(city: City, decision: Decision, rng: random.Random) -> None:
    if decision.unit.level == "vertical":
        return
    days = sending_days(city, decision)
    day = rng.choice(days[:-1] or days)
    if day > AS_OF or at(day, 18) > at(AS_OF, 8):
        return  # not yet due, and not yet sent
    decision.sendings.append(Sending(sent_at(decision, day, rng)))


def _pass_on(city: City, decision: Decision) -> None:
    """What the platform was told of a county's organisations stands on its credit website from the next working day."""
    if decision.unit.parent == CREDIT_COUNTY and decision.showings and decision.party.type != "natural_person":
        portal = city.portals[f"{CREDIT_COUNTY}_credit"]
        for sending in decision.sendings:
            day = city.calendar.add(sending.at.date(), 1)
            decision.showings.append(Showing(portal, at(day, 8), None))


def sent_at(decision: Decision, day: datetime.date, rng: random.Random) -> datetime.datetime:
    """The moment of a row: that of its file in the 2018 template, its own in the 2020 one."""
    return at(day, 17) if decision.unit.edition == "2018" else working_hour(day, rng)
