"""What stands in a value's cell beside the value: a paper's name before its number, a label, a date behind the authority.

The value is taken out only where what remains is known words; what the cell said whole is kept with the row's other cells.
"""

from __future__ import annotations

import re

from crawler.extract import decision_text
from crawler.items import Seen

_AROUND_NUMBER = re.compile(
    r"[《》（）()：:、，,；;\s]|行政|处罚|许可|税务|当场|简易|决定书?|文书|书?文?号|编号|案号|已?送达|已?公示"
)
_LABEL = re.compile(r"^(?:单位|企业|公司|当事人|被处罚人)?(?:名称|姓名)\s*[：:]\s*")
_SEAL = re.compile(r"\s*[（(](?:盖?印?章|公章|盖章处)[）)]$")
_BEHIND = frozenset("日0123456789）)")  # how a date or a seal behind an authority ends
_PERSON_AND_PAPER = re.compile(
    r"^([\u4e00-\u9fa5]{1,2}\s*[\u4e00-\u9fa5]{1,2})(?:[（(][\u4e00-\u9fa5]{1,8}[）)])?[\s（(，,：:]*(?:身份证(?:号码?)?[：:]?\s*)?(\d{6}[\d*＊xX]{9,12})[）)]?$"
)
_ENDS_PAPER = frozenset("0123456789xX*＊）)")


def tidy(seen: Seen) -> None:
    """Leaves in the fields that name a decision what belongs to them."""
    fields = seen.fields
    text = fields.get("document_number", "")
    if text and (text[-1] != "号" or "决定" in text) and (number := _number(text)) is not None:
        _put(seen, "document_number", number)
    text = fields.get("counterparty", "")
    if text[-1:] in _ENDS_PAPER:
        _person_without_paper(seen, text)
    if ("：" in text or ":" in text or "以下简称" in text) and len(party := _party(text)) >= 2:
        _put(seen, "counterparty", party)
    text = fields.get("authority", "")
    if text[-1:] in _BEHIND or "：" in text:
        _authority(seen, text)


def _put(seen: Seen, name: str, text: str) -> None:
    if text != seen.fields[name]:
        seen.others.setdefault(f"{seen.labels[name]}（原文）", seen.fields[name])
        seen.fields[name] = text


def _number(text: str) -> str | None:
    """The one number of a cell that says nothing else than what paper it is of."""
    found = decision_text.numbers_in(text)
    if len(found) != 1:
        return None
    rest = "".join(text.split()).replace(found[0], "", 1)
    return found[0] if rest and not _AROUND_NUMBER.sub("", rest) else None


def _party(text: str) -> str:
    return decision_text.name_alone(_LABEL.sub("", text.strip()))


def _person_without_paper(seen: Seen, text: str) -> None:
    """A person printed together with the number of an identity paper (张某460002********4110) is named without it."""
    match = _PERSON_AND_PAPER.match(text)
    if match is not None:
        seen.fields["counterparty"] = match[1]
        if "person_id" not in seen.fields:
            seen.fields["person_id"], seen.labels["person_id"] = match[2], f"{seen.labels['counterparty']}（证件号码）"


def _authority(seen: Seen, text: str) -> None:
    """An authority with its label, its seal, or the day of decision behind it."""
    bare = _SEAL.sub("", text).rpartition("：")[2].strip()
    signed = decision_text.signed(bare)
    if signed is not None and "decision_date" not in seen.fields:
        seen.fields["decision_date"], seen.labels["decision_date"] = signed[1], f"{seen.labels['authority']}（日期）"
    bare = signed[0] if signed is not None else bare
    if bare != text and decision_text.is_authority(bare):
        _put(seen, "authority", bare)
