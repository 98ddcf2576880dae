"""What works on this machine, what does not, what that costs and what to do. A head, beside the command."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Part:
    name: str
    works: bool
    says: str


def examine(root: str | None) -> Iterator[Part]:
    """Every part in turn; with a workspace (`root`, or the present folder) its database, registry and calendar as well."""
    version = ".".join(map(str, sys.version_info[:3]))
    yield Part("Python", sys.version_info >= (3, 11), f"{version}（需要 3.11 或更高）")
    yield _browser()
    yield _pdf()
    yield _font()
    place = Path(root or ".")
    if (place / "mingcha.yml").is_file():
        yield from _workspace(place)
    elif root:
        yield Part("工作区", False, f"{place} 不是工作区（缺少 mingcha.yml），请先运行 mingcha init {place}")


def _browser() -> Part:
    from crawler.browser import find_browser

    found = find_browser()
    if found is None:
        return Part(
            "浏览器",
            False,
            "没有找到：需要浏览器的门户将记为“未能查看”。装上 chromium-headless-shell 或设置 MINGCHA_BROWSER",
        )
    try:
        done = subprocess.run([str(found), "--version"], capture_output=True, text=True, timeout=120, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return Part("浏览器", False, f"{found} 不能运行（{error}）：需要浏览器的门户将记为“未能查看”")
    return Part("浏览器", True, f"{found}（{done.stdout.strip()}）")


def _pdf() -> Part:
    try:
        import weasyprint
    except OSError as error:
        missing = str(error).split(":")[0]
        return Part(
            "PDF",
            False,
            f"缺少系统库（{missing}）：报告只出 HTML 与 Excel。装上 libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0",
        )
    return Part("PDF", True, f"WeasyPrint {weasyprint.__version__}")


def _font() -> Part:
    if shutil.which("fc-list") is None:
        return Part("系统中文字体", False, "没有 fontconfig：网页截图中的汉字会是空框；报告自带字体，不受影响")
    done = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=120, check=False)
    names = sorted({line.split(",")[0] for line in done.stdout.splitlines() if line.strip()})
    if not names:
        return Part(
            "系统中文字体", False, "没有：网页截图中的汉字会是空框；报告自带字体，不受影响。装上 fonts-noto-cjk"
        )
    return Part("系统中文字体", True, "、".join(names[:2]))


def _workspace(place: Path) -> Iterator[Part]:
    from crawler.registry import check
    from db.clock import today
    from db.session import prepare
    from db.settings import Workspace
    from standard.errors import MingchaError
    from standard.workdays import Calendar

    try:
        workspace = Workspace.open(place)
        engine = prepare(workspace)
        yield Part("数据库", True, engine.url.render_as_string(hide_password=True))
    except MingchaError as error:
        yield Part("数据库", False, str(error))
        return
    faults = check(workspace)
    yield Part("登记表", not faults, f"{len(faults)} 处错误，运行 mingcha registry check 查看" if faults else "无误")
    try:
        calendar = Calendar.load(workspace.calendar)
    except MingchaError as error:
        yield Part("日历", False, str(error))
    else:
        year = today().year
        known = not calendar.provisional(today())
        says = (
            f"{year} 年以国务院办公厅通知为准"
            if known
            else f"{year} 年的放假通知尚未录入：期限均为暂定，请补 calendar/{year}.yml"
        )
        yield Part("日历", known, says)
    free = shutil.disk_usage(workspace.var).free / 1e9
    yield Part("磁盘", free > 1, f"剩余 {free:.1f} GB")
    mail = workspace.settings.mail
    yield Part("邮件", mail.host is not None, mail.host or "未设置 mail：排名与问题清单只能 --dry-run 生成文件")
