"""Names and codes across records (data-standard 5.1): the national gateway refuses a name and a code that do not belong
together (error 1001). Without its register only our own records can be compared; who holds many of them asks here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Disagreement:
    """One code with several names (`by` "code"), or one name with several codes (`by` "name")."""

    by: str
    key: str
    others: tuple[str, ...]


def disagreements(parties: Iterable[tuple[str | None, str | None]]) -> list[Disagreement]:
    """Codes with two names and names with two codes, among (counterparty_key, counterparty_code) of records.

    Persons (`p:`, `h:`) are left out: many share a surname.

    >>> disagreements([("甲公司", "91A"), ("甲公司", "91B"), ("乙公司", "91B")])  # doctest: +NORMALIZE_WHITESPACE
    [Disagreement(by='code', key='91B', others=('乙公司', '甲公司')),
     Disagreement(by='name', key='甲公司', others=('91A', '91B'))]
    """
    names: dict[str, set[str]] = {}
    codes: dict[str, set[str]] = {}
    for name, code in parties:
        if name is None or code is None or name.startswith("p:") or code.startswith("h:"):
            continue
        names.setdefault(code, set()).add(name)
        codes.setdefault(name, set()).add(code)
    found = [Disagreement("code", code, tuple(sorted(held))) for code, held in sorted(names.items()) if len(held) > 1]
    return found + [
        Disagreement("name", name, tuple(sorted(held))) for name, held in sorted(codes.items()) if len(held) > 1
    ]
