"""The standard in words: one page made from the data files, for people who must know what is asked, and of whom."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from standard import codes
from standard.editions import EDITIONS, sheets
from standard.fields import FIELDS, read_data
from standard.kinds import KINDS
from standard.obligations import load
from standard.rules import RULE_TABLE
from standard.templates import FORMATS, PORTAL_MINIMUM, TemplateColumn

_TYPES = {
    "text": "文字", "number": "文号", "name": "名称", "code": "代码表", "uscc": "统一社会信用代码", "identity": "证件号码", "date": "日期", "money": "金额"
}  # fmt: skip
_MARKS = {"M": "必", "O": "选", "E": "空", "C": "条", "-": ""}
_SEVERITIES = {"E": "错误", "W": "存疑", "I": "提示"}
_PROFILES = {"portal": "公示", "submission": "报送"}
_OWN = """## 本地的填报说明与列名

新的填报说明只要写数据，不改程序。在工作区建立 `standard/editions/*.yml`（版本）与 `standard/aliases/*.yml`（列名），
打开工作区时读入；有错一次全部说出，并提示最接近的写法。

```yaml
# standard/editions/2031.yml
fields:                                   # 现有要素之外的（可省）
  carbon_number: {label: 碳排放配额编号, type: text, max: 20}
editions:
  "2031":                                 # 版本名，不超过 16 个字
    basis: 示例文件〔2031〕1号
    extends: "2020"                       # 沿用另一版的列；不写则自己写全
    tells: {penalty: [碳排放配额编号]}    # 只有这一版才有的列名，凭它识别
    drop: {penalty: [CF_YXQ]}             # 沿用的列中不要的
    marks: {penalty: {CF_GSJZQ: MMM}}     # 沿用的列改填报标记：法人、个体工商户、自然人各一字母
    codes: {category: {罚款: [F1, 罚金], 警告: [F2]}}   # 本版自己的代码表：用语: [代码与别的写法]
    templates:
      penalty:                            # [代码, 列名, 要素, 填报标记, 最大长度]
        - [CF_TPF, 碳排放配额编号, carbon_number, MMO, 20]
```

```yaml
# standard/aliases/本市.yml
fields:
  counterparty: {penalty: [惩处对象全名], both: [主体称谓]}   # 要素: {类别: [列名]}
typos: {行正相对人: 行政相对人}                               # 错字: 正字
```

此后表头自动识别，也可写明 `mingcha import submissions 文件 --edition 2031`；空白模板：`mingcha template submissions --edition 2031`。
填报标记：M 必填，O 选填，E 不填，C 按条件（见校验规则），- 该类主体的表中没有这一列。
"""


def page() -> str:
    """The whole page in Markdown."""
    return "\n".join(
        [
            "# 数据标准\n",
            _intro(),
            _OWN,
            *_editions(),
            *_kinds(),
            *_codes(),
            *_portal(),
            *_rules(),
            *_duties(),
            *_fields(),
        ]
    )


def _intro() -> str:
    words = read_data("aliases.yml")
    labels = sum(len(many) for kinds in words["fields"].values() for many in kinds.values())
    keys = sum(len(field.codes) for field in FIELDS.values())
    return (
        f"{len(FIELDS)} 个要素，{len(EDITIONS)} 个版本的模板，{len(KINDS)} 类信息，{labels} 个列名别名，{keys} 个代码与接口键名（不分大小写，"
        f"有无下划线都认），{len(RULE_TABLE)} 条校验规则。全部是数据文件，见 `standard/*.yml`。国家《填报说明》与《归集校验规则》原文未公开，"
        "以下据公开资料整理；各处长度不一，取最大，超过只提示。\n"
    )


def _row(*cells: object) -> str:
    return "| " + " | ".join(str(cell).replace("|", "／").replace("\n", " ") for cell in cells) + " |"


def _head(*cells: str) -> list[str]:
    return [_row(*cells), _row(*["---"] * len(cells))]


def _editions() -> Iterator[str]:
    yield "## 模板\n"
    for key, edition in EDITIONS.items():
        if key == "proposed":
            continue
        yield (
            f"### {key}\n\n依据：{edition.basis}。" + (f"在 {edition.extends} 之后。" if edition.extends else "") + "\n"
        )
        for kind in edition.templates:
            for name, columns in sheets(key, kind).items():
                yield f"**{KINDS[kind].label}{f'（{name}）' if name else ''}**，{len(columns)} 列；识别：{'、'.join(edition.tells[kind])}\n"
                yield from _columns(columns)
            for column in edition.optional.get(kind, ()):
                yield f"另有可选列：`{column.code}` {column.label}\n"
        if edition.crosswalk:
            yield "**与前一版的对照**\n"
            yield from _head("旧代码", "新代码", "注意")
            for line in edition.crosswalk:
                yield _row(f"`{line.old}`", "（无）" if line.new is None else f"`{line.new}`", line.caution)
            yield ""


def _columns(columns: tuple[TemplateColumn, ...]) -> Iterator[str]:
    yield from _head("序", "代码", "列名", "法人", "个体", "自然人", "类型", "长度", "格式")
    for place, column in enumerate(columns, start=1):
        kind = FIELDS[column.field].type
        marks = [_MARKS[mark] for mark in column.who]
        yield _row(place, f"`{column.code}`", column.label, *marks, _TYPES[kind], column.max or "", FORMATS[kind])
    yield ""


def _kinds() -> Iterator[str]:
    yield "## 信息类别\n"
    yield (
        "许可与处罚参加双公示比对；其余各类同样读取、校验、计数（`mingcha records --kind red_list`、`--count`），不参加比对。"
        "国家未公布其字段表，模板为本系统建议。\n"
    )
    yield from _head("类别", "含义", "识别用的列名与键名", "要求")
    for key, kind in KINDS.items():
        note = (
            "参加比对"
            if kind.judged
            else "由台账登记，公示栏目可读"
            if kind.register
            else "自然人只计数、不留个人信息"
            if kind.impersonal
            else "计数"
        )
        yield _row(f"`{key}`", kind.label, "、".join(kind.tells), note)
    yield ""
    for kind_key, columns in EDITIONS["proposed"].templates.items():
        yield f"### {KINDS[kind_key].label} `{kind_key}`\n"
        yield from _columns(columns)


def _codes() -> Iterator[str]:
    yield "## 代码表\n"
    yield f"许可类别：{'、'.join(codes.category_words('licence'))}（也可写“普通许可”等，或代码 0—5、01—06）\n"
    yield f"处罚类别：{'、'.join(codes.category_words('penalty'))}；几种用全角分号分隔，其他写作“其他-具体名称”\n"
    yield f"主体类别：{'、'.join(codes.SUBJECT_WORDS.values())}\n"
    yield f"证件类型：{'、'.join(f'{number} {word}' for number, word in enumerate(codes.IDENTITY_WORDS, start=1))}；其他写作“其他-具体名称”\n"
    yield from _head("代码表", "代码与用语")
    for name, entries in codes.LISTS.items():
        yield _row(f"`{name}`", "；".join(f"{code} {word}" for code, word in entries.items()))
    yield _row("`gateway_errors`", "；".join(f"{code} {word}" for code, word in codes.GATEWAY_ERRORS.items()))
    yield ""


def _portal() -> Iterator[str]:
    yield "## 公示栏目最低要素\n"
    yield from _head("类别", "要素", "任一即可", "程度")
    for kind, lines in PORTAL_MINIMUM.items():
        for line in lines:
            asked = "缺则提请人工核实" if line.soft else "缺则为要素缺失"
            yield _row(
                KINDS[kind].label, line.label, "、".join(f"`{field}`" for field in line.fields),
                asked + ("" if line.persons else "；自然人不要求"),
            )  # fmt: skip
    yield ""


def _rules() -> Iterator[str]:
    yield "## 校验规则\n"
    yield from _head("编号", "名称", "程度", "版本", "适用决定日期", "提示", "处理办法", "出处")
    for told in RULE_TABLE.values():
        severity = "；".join(f"{_PROFILES[profile]} {_SEVERITIES[grade]}" for profile, grade in told.severity.items())
        span = f"{told.since or ''}—{told.until or ''}" if told.since or told.until else "不限"
        yield _row(
            told.rule, told.title, severity or "不是行的错误", "、".join(sorted(told.editions)) or "各版", span, told.message, told.cure,
            told.origin,
        )  # fmt: skip
    yield ""


def _duties() -> Iterator[str]:
    law = load()
    words = {"publish": "公示", "report": "报送", "both": "公示与报送", "withdraw": "撤下", "count_late": "计为迟报"}
    kinds = {"licence": "行政许可", "penalty": "行政处罚", "both": "许可与处罚"}
    classes = {"minor": "轻微", "general": "一般", "serious": "严重"}
    yield f"## 法定义务（{law.version}）\n"
    yield from _head("事项", "适用", "要求", "施行", "依据")
    for limit in law.limits:
        yield _row(f"{words[limit.what]}时限", kinds[limit.kind], f"{limit.days} 个工作日", _span(limit), limit.basis)
    for exemption in law.exemptions:
        yield _row(
            exemption.title, kinds[exemption.kind], f"免于{words[exemption.duty]}", _span(exemption), exemption.basis
        )
    for term in law.terms:
        months = f"{term.min_months}—{term.max_months} 个月"
        yield _row("公示期", f"{classes[term.cls]}失信的处罚", months, _span(term), term.basis)
    for gone in law.withdrawals:
        ground = {"repaired": "信用修复后", "annulled": "决定被变更、撤销后"}[gone.ground]
        yield _row("停止公示", ground, f"{gone.days} 个工作日内", _span(gone), gone.basis)
    channels = {"department": "本部门网站", "government": "政府网站", "credit": "信用网站"}
    for window in law.windows:
        asked = "未见作问题" if window.strict else "未见作疑问"
        yield _row(
            "公示窗口", kinds[window.kind], f"{channels[window.channel]}（{asked}）", _span(window), window.basis
        )
    for regime in law.regimes:
        days = "未规定日数" if regime.days is None else f"{regime.days} 个工作日"
        note = f"（{regime.note}）" if regime.note else ""
        yield _row(f"另行规定：{regime.title}", words[regime.what], days, _span(regime), regime.basis + note)
    yield ""


def _span(row: Any) -> str:
    return ("待核" if row.since is None else f"{row.since} 起") + (f"，{row.until} 前" if row.until else "")


def _fields() -> Iterator[str]:
    yield "## 要素\n"
    yield from _head("要素", "名称", "类型", "最大长度", "是记录的列", "代码与接口键名")
    for key, field in FIELDS.items():
        names = dict.fromkeys([field.licence, field.penalty, field.label, *field.labels.values()])
        shown = "、".join(name for name in names if name)
        yield _row(
            f"`{key}`", shown, _TYPES[field.type], field.max, "是" if field.column else "", "、".join(f"`{code}`" for code in field.codes)
        )  # fmt: skip
    yield ""
