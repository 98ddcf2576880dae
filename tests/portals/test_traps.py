"""What goes wrong on real portals, trap by trap, served for real; each has its outcome.

Where each trap is served:

| trap | where |
| --- | --- |
| 4.1 瑞数, 加速乐, WZWS, WAF text, captcha, program trap | `test_a_challenge_is_blocked` |
| 4.1 rate ban: 403 or reset after tens of requests | `test_a_ban_in_the_middle_is_partial` |
| 4.1 403 on one of https and http | `test_the_other_scheme_is_tried_once` |
| 4.1 empty on first call | `test_what_is_empty_at_first_is_asked_again`, test_credit |
| 4.1 redirect shells, frames around another host | test_families (shell…), `test_frames_and_links_that_lead_away` |
| 4.1 soft 404 | test_looks (every failure has its name), `test_a_page_that_says_it_is_gone` |
| 4.1 old TLS, bad certificates | test_wire |
| 4.1 intranet links | test_trouble, `test_frames_and_links_that_lead_away` |
| 4.1 robots.txt, Retry-After, hours | test_courtesy, `test_the_hours_end_during_a_look` |
| 4.2 encodings, lost spaces, second html, layout tables, Word residue, odd tags | `test_markup_and_encodings` |
| 4.2 links: script calls, backslashes, braces and raw Chinese, text without extension | `test_links_of_every_kind` |
| 4.3 dates, and which of them is the decision's | `test_dates`, test_reading |
| 4.4 numbers, parties, results, authorities | `test_numbers_and_names` |
| 4.5 records that are no records | `test_what_is_no_record` |
| lists that are not in the HTML (CDATA, comment, template, Ajax) | test_families, test_looks |
"""

# ruff: noqa: E501 - pages stand here as their makers write them

from __future__ import annotations

import datetime
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import xlsxwriter
from sqlalchemy import select

from crawler.extract import tables
from crawler.launch import crawl
from crawler.listing import lines, next_page
from crawler.scripted import opened_lines
from db.models import Coverage, Publication
from db.session import session_of
from standard import values
from standard.outcomes import read_dead_link

sys.path.insert(0, str(Path(__file__).parent))
from columns import COUNT, day, decision, items, page, page_of, put_details, title

ROOT = Path(__file__).resolve().parents[2]


def looked(workspace: Any) -> dict[str, tuple[str, int, str]]:
    return {r.portal: (r.outcome, r.records, r.reason) for r in crawl(workspace, everything=True)}


def shown(workspace: Any, field: str) -> list[Any]:
    with session_of(workspace) as session:
        rows = session.scalars(select(Publication)).all()
        return sorted(getattr(row, field) for row in rows if getattr(row, field) is not None)


# ------------------------------------------------------------------ 4.1 challenge, block and shell pages

RUISHU = "<html><head><meta id='9DhefwqGPrzGxEp9hPaoag' content='x' r='m'><script r='m'>$_ts=window['$_ts'];if(!$_ts)$_ts={};</script></head><body></body></html>"
CHALLENGES = {
    "ruishu": (412, RUISHU), "ruishu202": (202, RUISHU), "ruishu200": (200, RUISHU),
    "jiasule": (521, "<script>document.cookie=('__jsl_clearance_s=')+'1';location.href=location.pathname</script>"),
    "wzws": (200, "<html><script src='/WZWSRELw.js'></script><script>var wzwschallenge='a';var wzwstemplate='b';</script></html>"),
    "waf": (200, "<html><body>访问被禁止</body></html>"), "often": (200, "<html><body>您的访问过于频繁，请稍后再试</body></html>"),
    "verify": (200, "<html><body>请完成安全验证</body></html>"), "english": (403, "<html>Request blocked</html>"),
    "captcha": (200, "<html><body><form><img src='/code.jpg'>请输入验证码<input name=code></form></body></html>"),
    "empty": (200, ""),
}  # fmt: skip


def test_a_challenge_is_blocked(site: Any, watch: Any) -> None:
    for name, (status, text) in CHALLENGES.items():
        site.put(f"/{name}", text, status=status)

    def for_browsers(handler: Any, asked: dict[str, str]) -> None:
        if "Chrome/" in handler.headers["User-Agent"]:
            handler.answer(page(f"<ul>{items(1, lambda n: f'/{n}.html')}</ul>"))
        else:
            handler.send_error(403)

    site.programs["/program"] = for_browsers
    names = [*CHALLENGES, "program"]
    found = looked(watch(*({"id": name, "url": f"{site.base}/{name}"} for name in names)))
    assert {name: outcome for name, (outcome, _, _) in found.items()} == dict.fromkeys(names, "blocked")
    assert all("无法看到栏目内容" in reason for _, _, reason in found.values())


def reset(handler: Any) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()
    handler.close_connection = True


@pytest.mark.parametrize("way", ["403", "reset"])
def test_a_ban_in_the_middle_is_partial(site: Any, watch: Any, way: str) -> None:
    asked_for: list[str] = []

    def detail(handler: Any, asked: dict[str, str]) -> None:
        asked_for.append(asked["id"])
        if len(asked_for) <= 15:
            handler.answer(decision(int(asked["id"])))
        elif way == "403":
            handler.send_error(403)
        else:
            reset(handler)

    site.programs["/show"] = detail
    site.put("/list", page(f"<ul>{items(1, lambda n: f'/show?id={n}', COUNT)}</ul>"))
    ((outcome, records, reason),) = looked(watch({"id": "a", "url": f"{site.base}/list"})).values()
    assert (outcome, records) == ("partial", 15) and "10 处内容没有读到" in reason


def test_the_other_scheme_is_tried_once(site: Any, watch: Any, certificate: Path) -> None:
    """403 on https and a page on http, or the other way round; what is refused on both is blocked."""
    site.speak_tls(certificate)

    def only(secure: bool) -> Any:
        def program(handler: Any, asked: dict[str, str]) -> None:
            if site.is_secure(handler) != secure:
                handler.send_error(403)
            else:
                handler.answer(page(f"<ul>{items(1, lambda n: f'/d/{n}.html', COUNT)}</ul>"))

        return program

    site.programs |= {
        "/plain": only(False),
        "/secure": only(True),
        "/none": lambda handler, asked: handler.send_error(403),
    }
    put_details(site, lambda n: f"/d/{n}.html")
    tls = {"unverified": True, "reason": "2026-09：测试站点的证书是自签的"}
    urls = {
        "plain": site.base.replace("http:", "https:") + "/plain",
        "secure": f"{site.base}/secure",
        "none": f"{site.base}/none",
    }
    workspace = watch(*({"id": name, "url": url, "tls": tls} for name, url in urls.items()))
    found = {name: (outcome, records) for name, (outcome, records, _) in looked(workspace).items()}
    assert found == {"plain": ("complete", COUNT), "secure": ("complete", COUNT), "none": ("blocked", 0)}
    assert site.seen.count("/none") == 2
    with session_of(workspace) as session:
        notes = {row.portal_id: "".join(row.notes) for row in session.scalars(select(Coverage))}
    assert "改用 http 读到" in notes["plain"] and "改用 https 读到" in notes["secure"]


def test_what_is_empty_at_first_is_asked_again(site: Any, watch: Any) -> None:
    calls: dict[str, int] = {}

    def late(handler: Any, asked: dict[str, str]) -> None:
        calls[handler.path] = calls.get(handler.path, 0) + 1
        if calls[handler.path] <= 2:
            handler.answer("")
        elif handler.path == "/late":
            handler.answer(page(f"<ul>{items(1, lambda n: f'/late?id={n}', COUNT)}</ul>"))
        else:
            handler.answer(decision(int(asked["id"])))

    site.programs["/late"] = late
    site.put("/never", "")
    found = looked(watch({"id": "late", "url": f"{site.base}/late"}, {"id": "never", "url": f"{site.base}/never"}))
    assert found["late"][:2] == ("complete", COUNT) and found["never"][0] == "blocked"
    assert site.seen.count("/never") == 4


def test_frames_and_links_that_lead_away(site: Any, watch: Any) -> None:
    site.put(
        "/frameset", "<html><frameset rows='*'><frame src='http://credit.example.com/list' name=main></frameset></html>"
    )
    site.put("/iframe", page("<iframe src='http://10.20.30.40/xzcf' width=100% height=900></iframe>"))
    line = "<li><a href='{}'>示例市第7号商贸有限公司未按规定公示价格案</a><span>2026-08-07</span></li>"
    site.put("/away", page(f"<ul>{line.format('http://mp.weixin.example.com/s/1')}</ul>"))
    site.put("/mixed", page(f"<ul>{items(1, lambda n: f'/d/{n}.html')}{line.format('http://192.168.7.7/7.html')}</ul>"))
    put_details(site, lambda n: f"/d/{n}.html")
    names = ("frameset", "iframe", "away", "mixed")
    workspace = watch(*({"id": name, "url": f"{site.base}/{name}"} for name in names))
    found = looked(workspace)
    assert {name: found[name][:2] for name in names} == {
        "frameset": ("link_out", 0), "iframe": ("link_out", 0), "away": ("link_out", 0), "mixed": ("partial", 10),
    }  # fmt: skip
    assert (
        "credit.example.com" in found["frameset"][2]
        and "内网" in found["iframe"][2]
        and "1 条指向外站" in found["mixed"][2]
    )
    with session_of(workspace) as session:
        notes = [read_dead_link(note) for row in session.scalars(select(Coverage)) for note in row.notes]
    assert [note["link"] for note in notes if note] == ["http://192.168.7.7/7.html"]
    assert not any("7.html" in path and "/d/" not in path for path in site.seen)


@pytest.mark.parametrize("words", ["页面不存在", "您访问的栏目不存在或已被删除", "404 Not Found", "该栏目已撤销"])
def test_a_page_that_says_it_is_gone(site: Any, watch: Any, words: str) -> None:
    site.put("/gone", f"<html><title>提示</title><body><h1>{words}</h1><a href='/'>返回首页</a></body></html>")
    ((outcome, _, reason),) = looked(watch({"id": "a", "url": f"{site.base}/gone"})).values()
    assert outcome == "soft_404" and reason


CLOCK = """
import datetime, sys
from pathlib import Path
from db import clock
clock.now = lambda: datetime.datetime.fromisoformat(Path(sys.argv[2]).read_text()).astimezone(clock.SHANGHAI)
from crawler import registry
from crawler.__main__ import work
from db.settings import Workspace
workspace = Workspace.open(sys.argv[1])
registry.sync(workspace)
work(workspace, ["a"], False)
"""


def test_the_hours_end_during_a_look(site: Any, watch: Any, tmp_path: Path) -> None:
    """The clock strikes while a detail is read: what was read is kept, the rest is left for the next look."""
    moment = tmp_path / "clock"
    moment.write_text("2026-09-07T05:59:30+08:00", encoding="ascii")

    def detail(handler: Any, asked: dict[str, str]) -> None:
        if asked["id"] == "20":
            moment.write_text("2026-09-07T06:00:10+08:00", encoding="ascii")
        handler.answer(decision(int(asked["id"])))

    site.programs["/show"] = detail
    site.put("/list", page(f"<ul>{items(1, lambda n: f'/show?id={n}', COUNT)}</ul>"))
    workspace = watch({"id": "a", "url": f"{site.base}/list", "hours": "22:00-06:00"}, crawl={"per_host": 1})
    command = [sys.executable, "-c", CLOCK, str(workspace.root), str(moment)]
    subprocess.run(command, cwd=ROOT, check=True, timeout=300, capture_output=True)
    with session_of(workspace) as session:
        (row,) = session.scalars(select(Coverage)).all()
    assert (row.outcome, row.records) == ("partial", 6) and "采集时段 22:00-06:00 已过" in row.reason
    assert sum(path.startswith("/show") for path in site.seen) == 6


# ------------------------------------------------------------------ 4.2 encodings, markup, links


def cells(number: str = "示市监罚字〔2026〕1号", date: str = "2026-07-14", **more: str) -> dict[str, str]:
    return {
        "行政处罚决定书文号": number, "行政相对人名称": "示例市长青商贸有限公司", "违法事实": "未按规定公示价格", "处罚内容": "罚款1000元",
        "处罚决定日期": date, "处罚机关": "示例市市场监督管理局", **more,
    }  # fmt: skip


def table(**more: str) -> str:
    return "<table>" + "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in cells(**more).items()) + "</table>"


def words(*lines: str) -> str:
    return "".join(f"<p>{line}</p>" for line in lines)


MARKUP: dict[str, tuple[bytes, str]] = {
    "gbk_called_utf8": (f"<html><head><meta charset=utf-8></head><body>{table()}</body></html>".encode("gb18030"), "text/html; charset=utf-8"),
    "utf8_called_gbk": (f"<html><head><meta charset=gb2312></head><body>{table()}</body></html>".encode(), "text/html; charset=gb2312"),
    "big5": (f"<html><meta charset=big5><body>{table()}</body></html>".encode("gb18030"), "text/html"),
    "lost_spaces": (f"<html><body>{table(date='202 6年7月14日')}</body></html>".encode(), "text/html; charset=utf-8"),
    "question_marks": (f"<html><body>{table(date='2026?年7月?14日')}</body></html>".encode(), "text/html; charset=utf-8"),
    "second_html": (
        f"<!DOCTYPE html><html><body><div>公示</div><!DOCTYPE html><html><head><title>x</title></head><body>{table()}</body></html></body></html>".encode(),
        "text/html; charset=utf-8",
    ),
    "layout_table": (f"<html><body><table><tr><td><table><tr><td>{table()}</td></tr></table></td></tr></table></body></html>".encode(), "text/html; charset=utf-8"),
    "word_residue": (
        b"<html><body><table class=MsoNormalTable><tr></tr>"
        + "".join(
            f"<tr><td><p class=MsoNormal><span>{a[:2]}</span><span>{a[2:]}</span></p></td><td><p class=MsoNormal>"
            + "".join(f"<span lang=EN-US>{part}</span>" for part in (b[:3], b[3:6], b[6:8], b[8:9], b[9:]))
            + "</p></td></tr>"
            for a, b in cells().items()
        ).encode()
        + b"<tr><td></td><td></td></tr><tr></tr></table></body></html>",
        "text/html; charset=utf-8",
    ),
    "spanned_rows": (
        ("<html><body><table><tr><td rowspan=7>行政处罚</td></tr>" + "".join(f"<tr><td>{a}</td><td>{b}</td></tr>" for a, b in cells().items()) + "</table></body></html>").encode(),
        "text/html; charset=utf-8",
    ),
    "ucap_tags": (f"<html><body><UCAPTITLE>行政处罚决定书</UCAPTITLE><UCAPCONTENT>{table()}</UCAPCONTENT></body></html>".encode(), "text/html; charset=utf-8"),
    "upper_case": (table().replace("table", "TABLE").replace("<td>", "<TD ALIGN=left>").encode(), "text/html; charset=utf-8"),
}  # fmt: skip


def test_markup_and_encodings(site: Any, watch: Any) -> None:
    for name, (body, kind) in MARKUP.items():
        site.put(f"/{name}.html", body, kind)
        site.put(
            f"/{name}",
            page(
                f"<ul><li><a href='/{name}.html'>示例市长青商贸有限公司行政处罚决定书</a><span>2026-08-01</span></li></ul>"
            ),
        )
    workspace = watch(*({"id": name, "url": f"{site.base}/{name}"} for name in MARKUP))
    assert {name: found[:2] for name, found in looked(workspace).items()} == dict.fromkeys(MARKUP, ("complete", 1))
    with session_of(workspace) as session:
        for row in session.scalars(select(Publication)):
            told = (row.document_number, row.counterparty, row.decision_date, row.authority)
            assert told == (
                "示市监罚字〔2026〕1号",
                "示例市长青商贸有限公司",
                datetime.date(2026, 7, 14),
                "示例市市场监督管理局",
            ), row.portal_id


def book(path: Path, number: int) -> bytes:
    with xlsxwriter.Workbook(str(path)) as workbook:
        sheet = workbook.add_worksheet()
        for row, texts in enumerate((cells().keys(), cells(f"示市监罚字〔2026〕{number}号").values())):
            for column, text in enumerate(texts):
                sheet.write(row, column, text)
    return path.read_bytes()


def test_links_of_every_kind(site: Any, watch: Any, tmp_path: Path) -> None:
    """Calls with the id in the argument, `onclick`, `./dxal/..`, backslashes, braces and Chinese in queries, endings that lie."""
    name = "双公示处罚2018.11.23.xls"
    hrefs = {
        1: "javascript:show('1')", 2: "#\" onclick=\"queryDetail('2')", 3: "./dxal/../d/3.html", 4: "\\d\\4.html",
        5: f"getfile.do?id={{6F9619FF-8B86}}&filename={name}&type=db", 6: "/d/6.html?名称=处罚", 7: "//{host}/d/7.html",
    }  # fmt: skip
    lines = "".join(
        f'<li><a href="{href.replace("{host}", site.base.removeprefix("http://"))}">{title(n)}</a> <span>{day(n)}</span></li>'
        for n, href in hrefs.items()
    )
    attached = "<li><a href='/with.html'>8月行政处罚信息公示表</a> <span>2026-08-28</span></li><li><a href='/plain.html'>7月行政处罚信息公示表</a> <span>2026-07-28</span></li>"
    script = "<script>function show(id){window.open('/d/'+id+'.html');} function queryDetail(k){location.href='/d/'+k+'.html'}</script>"
    site.put("/list/", page(f"<ul>{lines}{attached}</ul>{script}"))
    for n in (1, 2, 3, 4, 7):
        site.put(f"/{'list/' if n == 3 else ''}d/{n}.html", decision(n))
    site.put("/d/6.html?%E5%90%8D%E7%A7%B0=%E5%A4%84%E7%BD%9A", decision(6))
    asked_for: list[dict[str, str]] = []

    def getfile(handler: Any, asked: dict[str, str]) -> None:
        asked_for.append(asked)
        handler.answer(book(tmp_path / "a.xlsx", 5), "application/octet-stream")

    site.programs["/list/getfile.do"] = getfile
    site.put(
        "/with.html",
        page("<div class=TRS_Editor><p>见附件</p><a href='/f/P020260828.xls'>行政处罚信息公示表（8月）</a></div>"),
    )  # the ending is in the address only
    site.put("/f/P020260828.xls", book(tmp_path / "b.xlsx", 8), "text/html")  # and both it and the type are wrong
    site.put(
        "/plain.html", page("<div class=TRS_Editor><p>见附件</p><a href='/download?fileId=9'>7月公示表.xlsx</a></div>")
    )  # in the words only
    site.put("/download?fileId=9", book(tmp_path / "c.xlsx", 9), "application/octet-stream")
    workspace = watch({"id": "a", "url": f"{site.base}/list/"})
    ((outcome, records, reason),) = looked(workspace).values()
    assert (outcome, records, reason) == ("complete", 9, "")
    assert shown(workspace, "document_number") == [f"示市监罚字〔2026〕{n}号" for n in range(1, 10)]
    assert asked_for == [{"id": "{6F9619FF-8B86}", "filename": name, "type": "db"}]
    assert any(quote("双公示处罚", safe="") in path for path in site.seen)


# ------------------------------------------------------------------ 4.3 dates

DATES = {
    "2018年3月8日": "2018-03-08", "20180309": "2018-03-09", "2018/3/10": "2018-03-10", "2018 年 3月 11日": "2018-03-11", "2018.3.12": "2018-03-12",
    "2018-03-13": "2018-03-13", "二〇一八年三月十四日": "2018-03-14", "43174": "2018-03-15", "2018-03-16 00:00:00.0": "2018-03-16",
    "二○一八年三月十七日": "2018-03-17", "２０１８年３月１８日": "2018-03-18", "014年7月23日": None, "": None,
}  # fmt: skip


def wide(rows: list[dict[str, str]]) -> str:
    head = "".join(f"<th>{label}</th>" for label in rows[0])
    body = "".join("<tr>" + "".join(f"<td>{text}</td>" for text in row.values()) + "</tr>" for row in rows)
    return page(f"<table><tr>{head}</tr>{body}</table>")


def test_dates(site: Any, watch: Any) -> None:
    rows = [
        cells(f"示市监罚字〔2026〕{n}号", printed, 公示截止期="2099-12-31") for n, printed in enumerate(DATES, start=1)
    ]
    site.put("/w", wide(rows))
    together = {label: text for label, text in cells().items() if label not in ("处罚决定日期", "处罚机关")}
    site.put(
        "/together", wide([together | {"处罚机关及处罚日期": "示例市农业局2018年1月25日"}] * 2)
    )  # both in one cell
    site.put(
        "/letter",
        page(
            words(
                "行政处罚决定书", "示市监罚字〔2026〕77号", "当事人：示例市长青商贸有限公司", "2026年5月6日，本局执法人员对当事人进行了检查，5月20日送达了行政处罚告知书。",
                "当事人未按规定公示价格，违反了《中华人民共和国价格法》第十三条。", "本局决定罚款1000元，自收到本决定书之日起15日内缴纳。", "示例市市场监督管理局", "2026年7月14日", "（此件主动公开）",
                "抄送：示例市人民政府办公室，2026年7月20日印发",
            )
        ),
    )  # fmt: skip
    site.put(
        "/sheet",
        page(
            words(
                "当场处罚决定书",
                "示市监罚字〔2026〕78号",
                "当事人：示例市长青商贸有限公司",
                "决定给予警告。",
                "示例市市场监督管理局",
            )
        ),
    )
    entries = [{"id": name, "url": f"{site.base}/{name}"} for name in ("w", "together", "letter", "sheet")]
    workspace = watch(*entries)
    assert {name: found[:2] for name, found in looked(workspace).items()} == {
        "w": ("complete", len(DATES)), "together": ("complete", 1), "letter": ("complete", 1), "sheet": ("complete", 1),
    }  # fmt: skip
    with session_of(workspace) as session:
        rows = session.scalars(select(Publication)).all()
    found = {row.document_number: row.decision_date for row in rows if row.portal_id == "w"}
    expected = {
        f"示市监罚字〔2026〕{n}号": told and datetime.date.fromisoformat(told)
        for n, told in enumerate(DATES.values(), start=1)
    }
    assert found == expected
    others = {row.portal_id: (row.decision_date, row.authority) for row in rows if row.portal_id != "w"}
    assert others == {
        "together": (datetime.date(2018, 1, 25), "示例市农业局"),
        "letter": (datetime.date(2026, 7, 14), "示例市市场监督管理局"),
        "sheet": (None, "示例市市场监督管理局"),  # it prints none: the column's date is not its
    }


# ------------------------------------------------------------------ 4.4 numbers and names

NUMBERS = (
    "示市监罚字〔2026〕1号", "示市监罚字[2026]2号", "示市监罚字（2026）3号", "示市监罚字【2026】4号", "示市监罚字﹝2026﹞5号", "示市监罚字［2026］6号",
    "示市监罚字{2026}7号", "示市监罚字2026 8号", "〔2026〕示市监罚字第9号", "2026年示运违决字第010号", "20260714000000012", "无",
)  # fmt: skip


def test_numbers_and_names(site: Any, watch: Any) -> None:
    rows = [cells(number, 案件名称=f"第{n}号案") for n, number in enumerate(NUMBERS, start=1)]
    site.put("/w", wide(rows))
    parties = {
        "示例县农村信用合作联社（杜某、游某）": "示例县农村信用合作联社", "示例 市长青商 贸有限公司": "示例市长青商贸有限公司", "王小明（示例小吃店）": None,
    }  # fmt: skip
    site.put(
        "/p",
        wide(
            [
                cells(f"示市监罚字〔2026〕{n}号") | {"行政相对人名称": party, "处罚机关": "示例市食 品药品监 督管理局"}
                for n, party in enumerate(parties, start=21)
            ]
        ),
    )
    site.put(
        "/title",
        page(
            "<ul><li><a href='/t.html'>示例市长青商贸有限公司行政处罚决定书（示环罚字〔2026〕31号）</a><span>2026-08-01</span></li></ul>"
        ),
    )
    site.put(
        "/t.html",
        page(
            "<h1>示例市长青商贸有限公司行政处罚决定书（示环罚字〔2026〕31号）</h1>"
            + words(
                "当事人：示例市长青商贸有限公司", "我局于2026年6月1日向你公司送达了《行政处罚事先告知书》（示环罚告字〔2026〕18号）。", "我局决定对你公司处罚款人民币贰万元整。",
                "示例市生态环境局", "2026年7月14日",
            )
        ),
    )  # fmt: skip
    workspace = watch(*({"id": name, "url": f"{site.base}/{name}"} for name in ("w", "p", "title")))
    found = looked(workspace)
    assert {name: told[:2] for name, told in found.items()} == {
        "w": ("complete", len(NUMBERS)), "p": ("complete", 3), "title": ("complete", 1),
    }  # fmt: skip
    with session_of(workspace) as session:
        rows = session.scalars(select(Publication)).all()
    keys = [
        values.document_number_key(row.document_number or "")
        for row in sorted((row for row in rows if row.portal_id == "w"), key=lambda row: int(row.case_name[1:-2]))
    ]
    assert keys[:7] == [
        values.document_number_key(f"示市监罚字〔2026〕{n}号") for n in range(1, 8)
    ]  # however its brackets are written
    assert all(keys[7:11]) and len(set(keys)) == len(NUMBERS) and keys[11] is None
    assert {row.document_number for row in rows} >= {
        "示市监罚字【2026】4号",
        "示市监罚字{2026}7号",
    }  # shown as it was printed
    read = {row.document_number: row for row in rows}
    assert read["示市监罚字〔2026〕21号"].counterparty.startswith("示例县农村信用合作联社")
    assert read["示市监罚字〔2026〕22号"].counterparty == "示例市长青商贸有限公司"
    assert {row.authority for row in rows if row.portal_id == "p"} == {"示例市食品药品监督管理局"}
    (letter,) = (row for row in rows if row.portal_id == "title")
    assert (letter.document_number, letter.fine_yuan) == ("示环罚字〔2026〕31号", 20000)


# ------------------------------------------------------------------ 4.5 records that are no records

NOT_RECORDS = (
    "示例市市场监督管理局行政处罚事项", "行政处罚目录", "关于示例厂不服处罚的行政复议决定书", "行政处罚事先告知书", "行政处罚决定书送达公告", "典型案例发布", "现场检查记录：未发现违法行为",
    "8月份行政处罚零申报", "行政处罚执行情况", "行政处罚裁量基准", "示例项目环评批前公示", "行政许可受理公示", "关于示例厂环评的复函意见", "关于注销食品经营许可证的公告",
)  # fmt: skip


def test_what_is_no_record(site: Any, watch: Any) -> None:
    lines = "".join(
        f"<li><a href='/n/{n}.html'>{name}</a><span>2026-08-{n + 1:02d}</span></li>"
        for n, name in enumerate(NOT_RECORDS)
    )
    site.put("/list", page(f"<ul>{lines}</ul>"))
    for n, name in enumerate(NOT_RECORDS):
        site.put(
            f"/n/{n}.html",
            page(f"<h1>{name}</h1>" + words(f"{name}。特此说明。", "示例市市场监督管理局", "2026年8月1日")),
        )
    site.put("/zero", page("<ul><li><a href='/z.html'>2026年8月行政处罚信息公示</a><span>2026-08-31</span></li></ul>"))
    site.put("/z.html", page("<h1>2026年8月行政处罚信息公示</h1><p>本月无行政处罚信息。</p>"))
    workspace = watch({"id": "a", "url": f"{site.base}/list"}, {"id": "z", "url": f"{site.base}/zero"})
    assert {name: found[:2] for name, found in looked(workspace).items()} == {
        "a": ("complete", 0),
        "z": ("complete", 0),
    }
    with session_of(workspace) as session:
        counted = {row.portal_id: row.not_records for row in session.scalars(select(Coverage))}
        assert counted == {"a": len(NOT_RECORDS), "z": 1} and session.scalars(select(Publication)).all() == []


def test_a_page_of_many_links_costs_no_square_of_their_number() -> None:
    links = "<a href='/x_2.html' onclick=\"show('2')\">2</a>" * 20_000
    body = f"<ul><li>2026-08-01 {links}</li></ul><script>function show(id){{location.href='/x_'+id;}}</script>"
    tree = tables.parse(body)
    began = time.process_time()
    assert lines(tree, "http://x.example/") == [] and next_page(tree, "http://x.example/", 1) is None
    assert opened_lines(tree, body, "http://x.example/") == []
    assert time.process_time() - began < 30  # seconds; the square takes minutes


def test_pages_of_a_list_are_those_of_its_end() -> None:
    """What the other tests rely on: the last page of the made-up columns is shorter than the others."""
    assert [len(page_of(number)) for number in (1, 2, 3, 4)] == [10, 10, 5, 0]
