"""Writes the generated pages of docs/ from the code: commands, data, checks, families.    python tools/write_docs.py [--check]

A test runs it with --check, so a page can never be older than what it describes.
"""

from __future__ import annotations

import inspect
import pkgutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import click  # noqa: E402

import cli  # noqa: E402
from assessment.checks import NOT_JUDGED, all_checks  # noqa: E402
from db import models  # noqa: E402
from reports import other_records  # noqa: E402
from reports.words import CODES, LEVELS, OUTCOMES, STATES, VERDICTS  # noqa: E402
from standard import describe  # noqa: E402

NOTE = "<!-- 本页由 tools/write_docs.py 从程序生成，请勿手改；改程序后运行 make docs -->\n\n"


def commands() -> str:
    """One section a command, with its help as a user sees it."""
    lines = ["# 命令\n", "退出码：0 完成；1 完成，但有问题已告知；2 调用或文件有误，未写入任何内容；3 程序自身故障。\n"]

    def walk(command: click.Command, path: str, parent: click.Context | None) -> None:
        context = click.Context(command, info_name=path.rsplit(" ", 1)[-1], parent=parent)
        context.terminal_width = context.max_content_width = 100
        if not isinstance(command, click.Group) or parent is None:
            lines.append(f"## {path}\n\n```text\n{command.get_help(context).rstrip()}\n```\n")
        if isinstance(command, click.Group):
            for name in sorted(command.commands):
                walk(command.commands[name], f"{path} {name}", context)

    walk(cli.mingcha, "mingcha", None)
    return "\n".join(lines)


def data() -> str:
    """The keys of every export and the words of every code."""
    lines = [
        "# 数据\n",
        "CSV 为带 BOM 的 UTF-8，JSON Lines 为 UTF-8 每行一个对象，日期 ISO 8601，未知为空或 null，金额单位元，时区 Asia/Shanghai。\n",
    ]
    for title, fields in (
        ("记录 records、extract", models.RECORD_FIELDS), ("问题 findings", models.FINDING_FIELDS),
        ("各类条数 records --count", other_records.COUNT_FIELDS), ("配对 pairs", models.PAIR_FIELDS), ("得分 scores", models.SCORE_FIELDS),
    ):  # fmt: skip
        lines.append(f"## {title}\n\n`{', '.join(fields)}`\n")
    for title, words in (
        ("问题代码 code", CODES), ("级别 level", LEVELS), ("状态 state", STATES), ("归类 verdict", VERDICTS), ("查看结果 outcome", OUTCOMES),
    ):  # fmt: skip
        lines.append(f"## {title}\n\n| 代码 | 含义 |\n| --- | --- |")
        lines += [f"| `{key}` | {word} |" for key, word in words.items()]
        lines.append("")
    return "\n".join(lines)


def checks() -> str:
    """Every check: what it says, on which law, what the unit does about it."""
    lines = ["# 检查\n", "只有“已查实”的问题与警示才扣分；看不见、未到期、豁免一概不扣分。\n"]
    for check in all_checks():
        lines.append(
            f"## {CODES.get(check.id, check.title)} `{check.id}`\n\n{check.title}\n\n- 维度：{check.dimension}　版本：{check.version}\n- 依据：{check.basis}\n"
            f"- 说明：{check.explanation}\n- 怎么办：{check.cure}\n"
            + "".join(f"- 例：{each.said}：{LEVELS.get(each.level or '', '不作问题')}\n" for each in check.examples)
        )
    if NOT_JUDGED:
        lines.append("尚未判定：" + "、".join(f"{CODES.get(code, code)} `{code}`" for code in NOT_JUDGED) + "\n")
    return "\n".join(lines)


def families() -> str:
    """Every family's own recipe."""
    import crawler.spiders
    from crawler.spiders.base import PortalSpider

    lines = ["# 建站系统（family）\n", "登记表里写 `family: auto` 即自动识别；也可写下面的名字。\n"]
    for module in sorted(m.name for m in pkgutil.iter_modules(crawler.spiders.__path__)):
        found = __import__(f"crawler.spiders.{module}", fromlist=["*"])
        for value in vars(found).values():
            if (
                inspect.isclass(value)
                and issubclass(value, PortalSpider)
                and value is not PortalSpider
                and value.__module__ == found.__name__
            ):
                lines.append(f"## {module}\n\n```text\n{inspect.cleandoc(value.__doc__ or '')}\n```\n")
    return "\n".join(lines)


PAGES = {
    "standard.md": describe.page,
    "commands.md": commands,
    "data.md": data,
    "checks.md": checks,
    "families.md": families,
}


def main() -> int:
    stale = []
    for name, page in PAGES.items():
        file, text = ROOT / "docs" / name, NOTE + page()
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            stale.append(name)
            if "--check" not in sys.argv:
                file.parent.mkdir(exist_ok=True)
                file.write_text(text, encoding="utf-8")
    print(f"docs: {'stale' if '--check' in sys.argv else 'written'}: {', '.join(stale)}" if stale else "docs: fresh")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    sys.exit(main())
