"""How a column words what it shows: labels, brackets, date and money styles, masked names — the measured dirt of portals."""

from __future__ import annotations

import datetime
import html
from typing import Any

from sample_city.city import Decision, Showing
from sample_city.plan import Portal

# fmt: off
# field -> label, in the order of the column; the sets follow templates and spellings met on real portals
_PENALTY: dict[str, dict[str, str]] = {
    "2018": {
        "counterparty": "行政相对人名称", "counterparty_code": "行政相对人代码_1(统一社会信用代码)", "legal_representative": "法定代表人",
        "document_number": "行政处罚决定书文号", "case_name": "案件名称", "violation_type": "违法行为类型", "facts": "违法事实",
        "basis": "处罚依据", "category": "处罚类别", "content": "处罚内容", "fine_yuan": "罚款金额",
        "confiscation_yuan": "没收违法所得、没收非法财物的金额", "revoked_licence": "暂扣或吊销证照名称及编号",
        "decision_date": "处罚决定日期", "publicity_until": "公示截止期", "authority": "处罚机关", "remedy": "救济渠道",
    },
    "2015": {
        "document_number": "行政处罚决定书文号", "case_name": "处罚名称", "category": "处罚类别1", "facts": "处罚事由", "basis": "处罚依据",
        "counterparty": "行政相对人名称", "counterparty_code": "行政相对人代码_1（统一社会信用代码）", "legal_representative": "法定代表人姓名",
        "content": "处罚结果", "decision_date": "处罚决定日期", "authority": "处罚机关", "remedy": "救济渠道",
    },
    "local": {
        "case_name": "案件名称", "document_number": "处罚决定书文号", "counterparty": "被处罚人名称", "counterparty_code": "统一社会信用代码",
        "legal_representative": "负责人姓名", "facts": "案由", "basis": "执法依据", "category": "处罚种类", "content": "处罚内容",
        "fine_yuan": "罚款金额", "revoked_licence": "暂扣或吊销证照名称及编号", "authority": "作出行政处罚决定机关名称",
        "decision_date": "作出行政处罚决定日期", "remedy": "救济途径",
    },
    "typo": {
        "document_number": "政处罚决定文书号", "case_name": "案件名称", "counterparty": "行政行对人名称", "counterparty_code": "统一社会代码",
        "legal_representative": "法定代表人姓名", "facts": "处罚是由", "basis": "处罚依据", "category": "处罚种类", "content": "处罚结果",
        "fine_yuan": "罚款金额", "confiscation_yuan": "没收违法所得金额", "revoked_licence": "暂扣或吊销证照名称及编号",
        "decision_date": "处罚时间", "authority": "处罚机关", "remedy": "救济渠道",
    },
}
_LICENCE: dict[str, dict[str, str]] = {
    "2018": {
        "counterparty": "行政相对人名称", "counterparty_code": "行政相对人代码_1(统一社会信用代码)", "legal_representative": "法定代表人",
        "case_name": "项目名称", "document_number": "行政许可决定文书号", "category": "许可类别", "licence_name": "许可证书名称",
        "licence_number": "许可编号", "content": "许可内容", "decision_date": "许可决定日期", "valid_from": "有效期自",
        "valid_to": "有效期至", "authority": "许可机关", "setting_basis": "设定依据",
    },
    "2015": {
        "document_number": "行政许可决定书文号", "case_name": "项目名称", "category": "审批类别", "content": "许可内容",
        "counterparty": "行政相对人名称", "counterparty_code": "行政相对人代码_1（统一社会信用代码）", "legal_representative": "法定代表人姓名",
        "licence_number": "许可证编号", "decision_date": "许可决定日期", "valid_from": "有效期自", "valid_to": "许可截止期",
        "authority": "许可机关", "setting_basis": "设定依据",
    },
}
# fmt: on
_TYPES = {"organisation": "法人及非法人组织", "sole_trader": "个体工商户", "natural_person": "自然人"}
_CN = "〇一二三四五六七八九"


def labels(portal: Portal, kind: str) -> dict[str, str]:
    """Field -> label of this column, the unit of money written into the label."""
    sets = _PENALTY if kind == "penalty" else _LICENCE
    chosen = dict(sets.get(portal.labels, sets["2018"]))
    unit = "（万元）" if portal.money == "wan" else "（元）"
    for field in ("fine_yuan", "confiscation_yuan"):
        if field in chosen:
            chosen[field] += unit
    return chosen


def chinese_number(value: int) -> str:
    if value < 10:
        return _CN[value]
    tens, ones = divmod(value, 10)
    return ("" if tens == 1 else _CN[tens]) + "十" + (_CN[ones] if ones else "")


def date_text(day: datetime.date, style: str) -> str:
    if style == "chinese":
        year = "".join(_CN[int(c)] for c in str(day.year))
        return f"{year}年{chinese_number(day.month)}月{chinese_number(day.day)}日"
    return {
        "cn": f"{day.year}年{day.month}月{day.day}日",
        "iso": day.isoformat(),
        "dots": f"{day.year}.{day.month}.{day.day}",
        "slash": f"{day.year}/{day.month}/{day.day}",
        "compact": f"{day:%Y%m%d}",
        "spaced": f"{day.year} 年 {day.month} 月 {day.day} 日",
        "stamp": f"{day.isoformat()} 00:00:00.0",
        "serial": day.isoformat(),
    }[style]


def person_name(name: str, style: str) -> str:
    return name[0] + {"某某": "某某" if len(name) > 2 else "某", "*": "*" * (len(name) - 1), "**": "**"}[style]


def money_text(amount: float, portal: Portal) -> str:
    if portal.money == "wan":
        return f"{amount / 10000:.6f}".rstrip("0").rstrip(".")
    return f"{amount:.1f}" if portal.dates == "stamp" else f"{amount:.0f}"


def number_text(number: str, portal: Portal) -> str:
    opening, closing = portal.brackets[0], portal.brackets[1]
    text = number.replace("〔", opening).replace("〕", closing)
    return text.replace("号", " 号") if portal.dates == "spaced" else text


def values(decision: Decision, showing: Showing) -> dict[str, Any]:
    """What the column shows of the decision, before dressing; None where it shows nothing."""
    found = decision.values()
    found["setting_basis"] = found["basis"] if decision.kind == "licence" else None
    return found | showing.overrides


def fields(decision: Decision, showing: Showing) -> dict[str, str]:
    """Field -> text as it stands on the column."""
    portal, found = showing.portal, values(decision, showing)
    person = decision.party.type == "natural_person"
    texts: dict[str, str] = {}
    for field in labels(portal, decision.kind):
        value = found.get(field)
        if value is None:
            texts[field] = ""
        elif isinstance(value, datetime.date):
            texts[field] = date_text(value, portal.dates)
        elif isinstance(value, float):
            texts[field] = money_text(value, portal)
        elif field == "counterparty" and person:
            texts[field] = person_name(value, portal.mask)
        elif field == "document_number" and field not in showing.overrides:
            texts[field] = number_text(value, portal)
        else:
            texts[field] = str(value)
    return texts


def type_text(kind_of_party: str) -> str:
    return _TYPES.get(kind_of_party, kind_of_party)


def title(decision: Decision, showing: Showing) -> str:
    """The title of its notice; the number stands in it only where the column shows numbers."""
    texts = fields(decision, showing)
    if decision.kind == "licence":
        return f"关于准予{texts['counterparty']}{decision.case_name}的决定"
    if texts["document_number"] and showing.portal.form in ("text", "mixed"):
        return f"{decision.case_name}行政处罚决定书（{texts['document_number']}）"
    return f"{decision.case_name}行政处罚决定书"


def labelled(decision: Decision, showing: Showing) -> list[tuple[str, str]]:
    """Label and text, as the column lists them; empty ones stay, as on real pages."""
    texts = fields(decision, showing)
    pairs = [(label, texts[field]) for field, label in labels(showing.portal, decision.kind).items()]
    return pairs + list(showing.extra.items())


def key_value(decision: Decision, showing: Showing, columns: int) -> str:
    """A table of labels and values, two or four columns wide."""
    pairs = labelled(decision, showing)
    per_row = columns // 2
    rows = []
    for start in range(0, len(pairs), per_row):
        part = pairs[start : start + per_row]
        span = f' colspan="{columns - 1}"' if len(part) < per_row else ""
        rows.append(
            "<tr>"
            + "".join(
                f'<td class="name" width="20%">{html.escape(label)}</td><td{span}>{html.escape(text)}</td>'
                for label, text in part
            )
            + "</tr>"
        )
    return f'<table border="1" cellspacing="0" class="info">{"".join(rows)}</table>'


def lines(decision: Decision, showing: Showing) -> str:
    return "".join(
        f"<p>{html.escape(label)}：{html.escape(text)}</p>" for label, text in labelled(decision, showing) if text
    )


def decision_text(decision: Decision, showing: Showing) -> str:
    """The decision itself, as prose."""
    t, v = fields(decision, showing), values(decision, showing)
    person = decision.party.type == "natural_person"
    day = date_text(v["decision_date"], "cn")
    head = [
        f'<p align="center"><strong>{decision.unit.name}</strong></p>',
        '<p align="center"><strong>行政处罚决定书</strong></p>',
        f'<p align="center">{html.escape(t["document_number"])}</p>',
        f"<p>当事人：{html.escape(t['counterparty'])}</p>",
    ]
    if not person:
        head += [
            f"<p>统一社会信用代码：{t['counterparty_code']}</p>",
            f"<p>法定代表人：{t['legal_representative']}</p>",
        ]
    body = [
        f"<p>案由：{html.escape(t['case_name'])}。</p>",
        f"<p>{html.escape(t['facts'])}。以上事实有现场检查笔录、询问笔录、现场照片等证据证实。</p>",
        f"<p>依据{html.escape(t['basis'])}的规定，本机关决定对当事人作出如下行政处罚：{html.escape(t['content'])}。</p>",
        f"<p>{html.escape(t['remedy'])}。逾期不履行的，本机关将依法申请人民法院强制执行。</p>",
        f'<p align="right">{html.escape(t["authority"])}</p>',
        f'<p align="right">{day}</p>',
    ]
    return "".join(head + body)


def body(decision: Decision, showing: Showing) -> str:
    """The body of its notice in the form of the column; `mixed` columns show prose and tables in turn."""
    form = showing.portal.form
    if form == "mixed":
        form = "text" if decision.serial % 2 and decision.kind == "penalty" else "kv2"
    if form == "text" and decision.kind == "penalty":
        return decision_text(decision, showing)
    if form == "lines":
        return lines(decision, showing)
    return key_value(decision, showing, 4 if form == "kv4" else 2)


def header(portal: Portal, kind: str, *, ordinal: bool = True) -> list[str]:
    """The header of a wide table: ordinal, labels, and 公示日期 where the column is dated."""
    found = (["序号"] if ordinal else []) + list(labels(portal, kind).values())
    return found + (["公示日期"] if portal.dated else [])


def row(decision: Decision, showing: Showing, ordinal: int | None) -> list[str]:
    """One row of a wide table, in the order of `header`."""
    cells = ([] if ordinal is None else [str(ordinal)]) + list(fields(decision, showing).values())
    if showing.portal.dated:
        cells.append(date_text(showing.stated, showing.portal.dates) if showing.stated else "")
    return cells
