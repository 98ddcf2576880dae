"""Canonical values and validity: records a second on one core, beside a bare loop that only NFKC-normalises each cell.

    python benchmarks/bench_standard.py [--records N] [--rounds N]

The rows are made here: two kinds, three subject types, names, codes and numbers that do not repeat, authorities and
categories that do, and the dirt that submissions have (brackets, widths, blanks, four forms of dates, 元 in an amount,
missing cells, personal numbers). Both loops run in turn in one process, so that a slower machine shows in both. The
slowest part is told by name.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import random
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from standard import codes, privacy, record, values

TODAY = datetime.date(2026, 10, 12)
KEY = b"benchmark"
_PLACES = list("朔平怀山应右云城浑灵广阳天左代繁")
_WORDS = list("恒泰瑞丰华盛鑫源顺达宏远嘉禾永康百信诚和安利通联众星晨海天德")
_TRADES = [
    "商贸",
    "餐饮管理",
    "建筑工程",
    "煤炭运销",
    "机械制造",
    "农业开发",
    "物业服务",
    "医药",
    "环保科技",
    "物流",
    "食品",
    "装饰",
]
_BUREAUS = [
    "市场监督管理局",
    "生态环境局",
    "交通运输局",
    "应急管理局",
    "卫生健康委员会",
    "住房和城乡建设局",
    "行政审批服务管理局",
]
_SURNAMES = list("赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨")
_ACTS = ["销售不符合食品安全标准的食品", "未取得许可从事经营活动", "超标排放大气污染物", "未按规定进行安全生产教育培训", "发布虚假广告",
         "擅自改变土地用途", "超限运输", "未建立进货查验记录制度"]  # fmt: skip
_LAWS = ["《中华人民共和国食品安全法》第一百二十四条第一款第（一）项", "《中华人民共和国大气污染防治法》第九十九条", "《中华人民共和国安全生产法》第九十七条",
         "《中华人民共和国广告法》第五十五条", "《公路安全保护条例》第六十四条"]  # fmt: skip
_CATEGORIES = [
    "罚款",
    "罚款",
    "罚款；没收违法所得、没收非法财物",
    "警告",
    "警告；罚款",
    "责令停产停业",
    "其他-责令改正",
]
_ITEMS = ["食品经营许可", "道路运输经营许可", "建筑施工企业安全生产许可", "排污许可", "公共场所卫生许可", "取水许可"]


def made_rows(count: int, seed: int = 1) -> list[tuple[str, dict[str, object]]]:
    """(kind, texts by field) of so many varied submissions of the merged template."""
    chance = random.Random(seed)
    units = [
        (f"{place}{'区' if n % 2 else '县'}{bureau}", _uscc(chance, "11"))
        for n, place in enumerate(_PLACES)
        for bureau in _BUREAUS
    ]
    return [_row(chance, number, chance.choice(units)) for number in range(count)]


def _row(chance: random.Random, number: int, unit: tuple[str, str]) -> tuple[str, dict[str, object]]:
    day = datetime.date(2025, 10, 1) + datetime.timedelta(chance.randrange(370))
    texts: dict[str, object] = dict(_party(chance))
    kind = "penalty" if chance.random() < 0.6 else "licence"
    opening, closing = chance.choice(["〔〕"] * 6 + ["[]", "（）", "【】", "﹝﹞"])
    texts |= {
        "document_number": f"{unit[0][:2]}{'罚字' if kind == 'penalty' else '许字'}{opening}{day.year}{closing}{chance.choice(['', '', '第'])}{number + 1}号",
        "decision_date": _written(chance, day), "authority": unit[0], "authority_code": unit[1], "source_unit": unit[0],
        "source_unit_code": unit[1], "remark": chance.choice(["", "", "/", "无", f"经办人已复核{number}"]),
    }  # fmt: skip
    texts |= _penalty(chance, day, number) if kind == "penalty" else _licence(chance, day, number)
    if chance.random() < 0.03:
        texts[chance.choice(list(texts))] = chance.choice(["", "无", "/", "不详", "　", "见决定书"])
    return kind, texts


def _penalty(chance: random.Random, day: datetime.date, number: int) -> dict[str, object]:
    category, act, fine = chance.choice(_CATEGORIES), chance.choice(_ACTS), chance.randrange(1, 400) * 50
    taken = chance.randrange(1, 9000) / 100
    return {
        "violation_type": act, "category": category, "basis": chance.choice(_LAWS),
        "facts": f"经查，当事人于{day.year}年{chance.randint(1, 12)}月在经营场所{act}，货值{chance.randrange(10, 99999)}元，"
                 f"检查时现场查获{chance.randrange(2, 300)}件，当事人对上述事实无异议，案件编号{number:06d}。",
        "content": f"{category}，罚款{fine}元" if "罚款" in category else f"给予{category}",
        "fine_yuan": (f"{fine / 10000:g}" if chance.random() < 0.95 else f"{fine}元") if "罚款" in category else "",
        "confiscation_yuan": f"{taken / 10000:g}" if "没收" in category else "",
        "penalty_valid_to": "2099/12/31", "publicity_until": _written(chance, day + datetime.timedelta(365)),
    }  # fmt: skip


def _licence(chance: random.Random, day: datetime.date, number: int) -> dict[str, object]:
    item = chance.choice(_ITEMS)
    return {
        "document_title": f"准予{item}决定书", "category": chance.choice(["普通", "普通", "核准", "登记", "其他-备案"]), "licence_name": f"{item}证",
        "licence_number": f"JY{chance.randrange(10**13, 10**14)}", "content": f"{item}：{chance.choice(_TRADES)}，面积{chance.randrange(20, 3000)}平方米",
        "valid_from": _written(chance, day), "valid_to": "长期" if chance.random() < 0.1 else _written(chance, day + datetime.timedelta(1825)),
        "status": "1",
    }  # fmt: skip


def _party(chance: random.Random) -> dict[str, object]:
    person = chance.choice(_SURNAMES) + "".join(chance.choice(_WORDS) for _ in range(chance.randint(1, 2)))
    dice = chance.random()
    if dice < 0.12:
        return {
            "counterparty": person,
            "counterparty_type": "自然人",
            "person_id_type": "身份证",
            "person_id": _identity(chance),
        }
    place, word = chance.choice(_PLACES), "".join(chance.choice(_WORDS) for _ in range(2))
    if dice < 0.35:
        name = f"{place}县{word}{chance.choice(['烧烤店', '超市', '理发店', '药房'])}{chance.choice(['', '（个体工商户）'])}"
        return {
            "counterparty": name,
            "counterparty_type": "个体工商户",
            "counterparty_code": _uscc(chance, "92"),
            "legal_representative": person,
        }
    name = f"{place}市{word}{chance.choice(_TRADES)}有限公司{chance.choice([''] * 6 + [' ', '（城南分公司）', '(城南分公司)'])}"
    code = _uscc(chance, "91")
    code = code.lower() if chance.random() < 0.02 else f" {code}" if chance.random() < 0.02 else code
    return {
        "counterparty": name, "counterparty_type": "法人及非法人组织", "counterparty_code": code, "legal_representative": person,
        "organisation_code": code.strip().upper()[8:17] if chance.random() < 0.2 else "",
    }  # fmt: skip


def _uscc(chance: random.Random, head: str) -> str:
    body = head + f"1406{chance.randrange(1, 30):02d}" + "".join(chance.choice(values.USCC_ALPHABET) for _ in range(9))
    return body + (values.uscc_check(body) or "0")


def _identity(chance: random.Random) -> str:
    birth = datetime.date(1950, 1, 1) + datetime.timedelta(chance.randrange(20_000))
    digits = f"1406{chance.randrange(2, 30):02d}{birth:%Y%m%d}{chance.randrange(1000):03d}"
    return digits + next(c for c in "0123456789X" if privacy.identity_number_ok(digits + c))


def _written(chance: random.Random, day: datetime.date) -> str:
    form = chance.choice(["%Y/%m/%d"] * 6 + ["%Y-%m-%d", "%Y-%m-%d 00:00:00", "%Y.%m.%d", "%Y年%m月%d日"])
    return day.strftime(form)


def per_second(work: Callable[[], None], count: int) -> float:
    """How many a second, in time of this process."""
    started = time.process_time()
    work()
    return count / (time.process_time() - started)


def make_all(rows: Sequence[tuple[str, dict[str, object]]], profile: str) -> None:
    """Every row through the one door."""
    edition = "2020" if profile == "submission" else None
    for kind, texts in rows:
        record.make(kind, texts, profile=profile, edition=edition, today=TODAY, key=KEY)


def normalise_all(rows: Sequence[tuple[str, dict[str, object]]]) -> None:
    """The bare loop: every cell to NFKC, nothing else."""
    for _, texts in rows:
        for text in texts.values():
            unicodedata.normalize("NFKC", str(text))


def parts(rows: Sequence[tuple[str, dict[str, object]]]) -> list[tuple[str, Callable[[], None]]]:
    """The work of each part alone, over the cells that it meets."""
    cells = [[text for text in texts.values()] for _, texts in rows]

    def over(field: str, convert: Callable[[Any], object]) -> Callable[[], None]:
        return lambda: [None for _, texts in rows if convert(texts.get(field)) == ""] and None

    return [
        ("clean_text（全部单元格）", lambda: [None for row in cells for x in row if values.clean_text(x) == ""] and None),
        ("文号", over("document_number", values.document_number_key)), ("名称", over("counterparty", values.name_key)),
        ("代码", over("counterparty_code", values.code)), ("校验码", over("counterparty_code", lambda x: values.uscc_ok(values.code(x)))),
        ("日期", over("decision_date", values.date)), ("金额", over("fine_yuan", lambda x: values.yuan(x, "wan"))),
        ("类别", over("category", lambda x: codes.category("penalty", x))),
        ("个人信息", lambda: [None for row in cells if privacy.may_leak("\n".join(map(str, row)))] and None),
    ]  # fmt: skip


def one_round(turn: int, count: int) -> None:
    """Both loops in turn over new rows: nothing is remembered from the round before."""
    rows = made_rows(count, seed=turn)
    gc.freeze()  # as an import does: the rows of the benchmark are none of the garbage collector's business
    bare = per_second(lambda: normalise_all(rows), count)
    for profile in ("submission", "portal"):
        speed = per_second(partial(make_all, rows, profile), count)
        print(f"第 {turn} 轮 {profile:10} {speed:9,.0f} 条/秒；仅 NFKC {bare:9,.0f} 条/秒；慢 {bare / speed:.1f} 倍")


def main(arguments: list[str]) -> int:
    """Print records a second for make(), the bare loop, and each part."""
    parser = argparse.ArgumentParser(description="规范取值与校验的速度（单核）")
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    asked = parser.parse_args(arguments)
    for turn in range(1, asked.rounds + 1):
        one_round(turn, asked.records)
    rows = made_rows(asked.records, seed=99)
    for name, work in parts(rows):
        print(f"  {name:16} {per_second(work, len(rows)):12,.0f} 条/秒")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
