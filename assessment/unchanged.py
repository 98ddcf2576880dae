"""What of a period's frozen records still holds, so that only the units whose records were written since are read anew.

Beside the period's inputs lies units.json: for each unit and side the stamp of its records (db.models.Touched), how many there
are and the latest moment in them; the hashes of the files it speaks of; and a fingerprint of whatever else goes into a frozen
record (the law, the transfers of duties, this program). Where anything of it does not fit, everything is read: the result is the same,
byte for byte.
"""

from __future__ import annotations

import bisect
import datetime
import hashlib
import json
import os
import sys
from collections.abc import Collection, Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from db.models import Touched

SIDES = ("publications", "submissions")
FILES = (*SIDES, "defects")
_MOMENTS = {"publications": ("first_seen", "last_seen", "gone_since"), "submissions": ("received_at",)}
# From so many of all records on, one pass over the whole table is faster than picking out the units'.
_MANY = 0.25
_TRIGGERS = {
    "sqlite": "SELECT count(*) = 8 FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'touched_%'",
    "postgresql": "SELECT count(*) = 4 FROM pg_trigger WHERE tgname LIKE 'touched_%' AND tgenabled IN ('O', 'A')"
    " AND tgrelid IN (to_regclass('publication'), to_regclass('submission'))",
}


@dataclass
class Part:
    """One unit's records of one side."""

    stamp: str = ""
    rows: int = 0
    latest: str = ""


Parts = dict[str, dict[str, Part]]  # side -> unit -> what is known of it


@dataclass
class Known:
    """What is known of a frozen period."""

    fingerprint: str
    as_of: str
    files: dict[str, str] = field(default_factory=dict)
    parts: Parts = field(default_factory=lambda: {side: {} for side in SIDES})

    def stamp(self, stamps: dict[str, dict[str, str]]) -> None:
        for side in SIDES:
            for unit, stamp in stamps[side].items():
                self.parts[side].setdefault(unit, Part()).stamp = stamp

    def save(self, folder: Path, manifest: dict[str, str]) -> None:
        """Lay it beside the inputs, of which the manifest tells the hashes."""
        self.files = {name: manifest[f"{name}.parquet"] for name in FILES}
        folder.mkdir(parents=True, exist_ok=True)
        fresh = folder / f".units-{os.getpid()}"
        fresh.write_text(json.dumps(asdict(self), sort_keys=True) + "\n", encoding="utf-8")
        fresh.replace(folder / "units.json")

    @classmethod
    def load(cls, folder: Path, fingerprint: str) -> Known | None:
        """What is known of the period's inputs as they lie there; None where it does not fit them, or this program."""
        try:
            told = json.loads((folder / "units.json").read_text(encoding="utf-8"))
            if told["fingerprint"] != fingerprint:
                return None
            if any(_hash(folder / "inputs" / f"{name}.parquet") != told["files"][name] for name in FILES):
                return None
        except (FileNotFoundError, ValueError, KeyError):
            return None
        parts = {side: {unit: Part(**part) for unit, part in told["parts"][side].items()} for side in SIDES}
        return cls(fingerprint, told["as_of"], told["files"], parts)

    def changed(self, side: str, stamps: dict[str, str], as_of: datetime.date) -> set[str] | None:
        """The units whose records must be read anew; None: all of them."""
        parts = self.parts[side]
        until = min(self.as_of, as_of.isoformat())
        found = {unit for unit in parts.keys() | stamps.keys() if stamps.get(unit, "") != parts.get(unit, Part()).stamp}
        # What lies after the day of assessment was cut off, then or now.
        found |= {unit for unit, part in parts.items() if part.latest[:10] > until}
        total = sum(part.rows for part in parts.values())
        many = sum(part.rows for unit, part in parts.items() if unit in found) > _MANY * total
        return None if many else found


def stamps(session: Session) -> dict[str, dict[str, str]] | None:
    """side -> unit -> the stamp of its records; None where the database keeps none."""
    asked = _TRIGGERS[session.connection().dialect.name]
    if not session.scalar(text(asked)):
        return None
    found: dict[str, dict[str, str]] = {side: {} for side in SIDES}
    order = (Touched.source, Touched.unit_id, Touched.stamp)
    for source, unit, stamp in session.execute(select(*order).order_by(*order)):
        before = found[f"{source}s"].get(unit, "")
        found[f"{source}s"][unit] = hashlib.sha256(f"{before}|{stamp}".encode()).hexdigest()
    return found


def counted(parts: dict[str, Part], side: str, tables: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows, as the database has them; what they say of their units is added to the parts."""
    for rows in tables:
        latest = pc.max_element_wise(*(rows[name] for name in _MOMENTS[side]))
        grouped = pa.table({"unit": rows["unit_id"], "latest": latest}).group_by("unit")
        for row in grouped.aggregate([("latest", "max"), ("latest", "count")]).to_pylist():
            part = parts.setdefault(row["unit"], Part())
            part.rows += row["latest_count"]
            part.latest = max(part.latest, row["latest_max"].isoformat())
        yield rows


def merged(file: Path, units: Collection[str], fresh: list[pa.Table]) -> Iterator[pa.Table]:
    """The frozen records, in order of their ids, with those of the units taken out and their fresh ones put in."""
    frozen = pq.ParquetFile(file)
    names = frozen.schema_arrow.names
    new = in_order(pa.concat_tables([frozen.schema_arrow.empty_table(), *(rows.select(names) for rows in fresh)]))
    ids: list[str] = new["record_id"].to_pylist()
    done = 0
    for group in range(frozen.num_row_groups):
        rows = frozen.read_row_group(group)
        upto = bisect.bisect_right(ids, rows["record_id"][-1].as_py(), done)
        rows = rows.filter(pc.invert(_among(rows["filed_unit_id"], units)))
        yield in_order(pa.concat_tables([rows, new.slice(done, upto - done)])) if upto > done else rows
        done = upto
    yield new.slice(done)


def kept_defects(inputs: Path, side: str, units: Collection[str]) -> pa.Table:
    """The frozen defects of one side's records, but for those of the units."""
    rows = pq.read_table(inputs / "defects.parquet")
    rows = rows.filter(pc.equal(rows["source"], side.removesuffix("s")))
    if not units:
        return rows
    records = pq.read_table(inputs / f"{side}.parquet", columns=["record_id", "filed_unit_id"])
    away = records.filter(_among(records["filed_unit_id"], units))["record_id"].combine_chunks()
    return rows.filter(pc.invert(pc.is_in(rows["record_id"], value_set=away)))


def in_order(rows: pa.Table) -> pa.Table:
    """The rows in order of their records' ids, defects of one record in their own order."""
    keys = [(name, "ascending") for name in ("record_id", "position") if name in rows.column_names]
    return rows.take(pc.sort_indices(rows, sort_keys=keys))


def _among(texts: pa.ChunkedArray, values: Collection[str]) -> pa.ChunkedArray:
    return pc.is_in(texts, value_set=pa.array(sorted(values), pa.string()))


def fingerprint(root: Path, *parts: object) -> str:
    """A hash of what goes into a frozen record beside the record: these parts, the office's own standard, this program."""
    digest = hashlib.sha256(repr((parts, sys.version, pa.__version__)).encode())
    here = Path(__file__).resolve().parent.parent
    for folder in (here / "assessment", here / "db", here / "standard", root / "standard"):
        for file in sorted(folder.rglob("*")):
            if file.suffix in (".py", ".yml", ".yaml"):
                digest.update(file.name.encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def link(old: Path, new: Path) -> None:
    """The same file in another place; frozen files are never written again, so one copy serves both."""
    try:
        os.link(old, new)
    except OSError:
        new.write_bytes(old.read_bytes())


def _hash(file: Path) -> str:
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()
