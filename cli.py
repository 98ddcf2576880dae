"""The command `mingcha`: one function a command, each a few lines over a stage.

Exit codes: 0 done; 1 done, with faults told; 2 the call or a file is wrong, nothing was written; 3 stopped by a fault of ours.
"""

from __future__ import annotations

import datetime
import json
import os
import stat
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NoReturn

import click

from standard.errors import MingchaError, NotYetAvailable, Refused

# ---------------------------------------------------------------- Chinese help and errors


class _Formatter(click.HelpFormatter):
    """click's help in Chinese."""

    _headings = {"Options": "选项", "Commands": "命令", "Arguments": "参数"}  # noqa: RUF012 - constant

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        super().write_usage(prog, args.replace("[OPTIONS]", "[选项]").replace("COMMAND [ARGS]...", "命令 …"), "用法：")

    def write_heading(self, heading: str) -> None:
        super().write_heading(self._headings.get(heading, heading))


click.Context.formatter_class = _Formatter


class _ChineseHelp(click.Command):
    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = "显示本说明并退出"
        return option


class _Group(_ChineseHelp, click.Group):
    command_class = _ChineseHelp
    group_class = type  # groups below are of the same class


def _usage_message(error: click.UsageError) -> str:
    if isinstance(error, click.NoSuchOption):
        hint = f"，是否想写 {error.possibilities[0]}？" if error.possibilities else ""
        return f"没有选项 {error.option_name}{hint}"
    if isinstance(error, click.MissingParameter):
        name = error.param.get_error_hint(error.ctx) if error.param and error.ctx else error.param_hint
        return f"缺少参数 {name}"
    if isinstance(error, click.BadParameter):
        name = error.param.get_error_hint(error.ctx) if error.param and error.ctx else error.param_hint
        choices = getattr(error.param.type, "choices", None) if error.param else None
        hint = f"，可用：{'、'.join(map(str, choices))}" if choices else f"（{error.message}）"
        return f"参数 {name} 的值不对{hint}"
    text = error.message
    for english, chinese in (
        ("No such command", "没有命令"), ("Got unexpected extra argument", "多余的参数"), ("Missing command", "缺少命令"),
        ("requires an argument", "缺少它的值"),
    ):  # fmt: skip
        text = text.replace(english, chinese)
    return text.rstrip(".")


def main(args: Sequence[str] | None = None) -> NoReturn:
    """Runs one command and leaves with its exit code; every error becomes words."""
    try:
        code = mingcha.main(args=args, prog_name="mingcha", standalone_mode=False)
    except click.exceptions.Exit as leave:
        code = leave.exit_code
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "mingcha"
        click.echo(f"{where}：{_usage_message(error)}\n用法见：{where} --help", err=True)
        code = 2
    except (click.Abort, KeyboardInterrupt):
        click.echo("已中断；已写入的内容完好，可再次运行继续", err=True)
        code = 3
    except MingchaError as error:
        click.echo(str(error), err=True)
        code = 2
    except SystemExit:  # so click leaves, with 1, when the reader has enough: `mingcha records | head`
        code = 0
    except Exception as error:
        click.echo(f"程序出错：{type(error).__name__}：{error}\n{_log_fault()}", err=True)
        code = 3
    sys.exit(code or 0)


def _log_fault() -> str:
    """Keeps the traceback where the operator finds it."""
    text = traceback.format_exc()
    root = os.environ.get("MINGCHA_WORKSPACE", ".")
    if (Path(root) / "mingcha.yml").is_file():
        file = Path(root) / "var" / "logs" / "errors.log"
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with file.open("a", encoding="utf-8") as log:
                log.write(f"{datetime.datetime.now().astimezone().isoformat()}\n{' '.join(sys.argv[1:])}\n{text}\n")
            return f"详情已记入 {file}，请连同此文件反馈"
        except OSError:
            pass
    return text


# ---------------------------------------------------------------- what commands share


def _name_workspace(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
    if value is not None:
        os.environ["MINGCHA_WORKSPACE"] = str(Path(value).resolve())


_workspace_option = click.option(
    "-w", "--workspace", metavar="目录", expose_value=False, callback=_name_workspace, is_eager=True,
    help="工作区目录（缺省：环境变量 MINGCHA_WORKSPACE，否则当前目录）",
)  # fmt: skip


def _workspace() -> Any:
    from db.settings import Workspace

    workspace = Workspace.open(os.environ.get("MINGCHA_WORKSPACE") or ".")
    if workspace.settings.confirm.codes:  # a misspelt one would confirm nothing, and nobody would notice
        from reports.words import CODES
        from standard.strict_yaml import nearest

        for code in workspace.settings.confirm.codes:
            if code not in CODES:
                where = f"{workspace.root / 'mingcha.yml'}：confirm.codes"
                raise Refused(f"{where}：没有问题代码 {code}{nearest(code, CODES)}")
    return workspace


def _period_of(_: click.Context, __: click.Parameter, value: str) -> str:
    from assessment.periods import Period

    return Period.parse(value).key


def _code(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from reports.export import DUE_SOON
    from reports.words import CODES
    from standard.strict_yaml import nearest

    if value is not None and value not in (known := (*CODES, DUE_SOON)):  # an empty list would look like "no findings"
        raise Refused(f"--code：没有问题代码“{value}”{nearest(value, known)}")
    return value


def _writable(_: click.Context, __: click.Parameter, value: Path | None) -> Path | None:
    """A file that cannot be written is refused before any work is done."""
    if value is not None:
        above = next(folder for folder in value.absolute().parents if folder.exists())
        if value.is_dir() or not above.is_dir() or not os.access(value if value.exists() else above, os.W_OK):
            raise Refused(f"{value}：不能写成文件（是目录，或所在目录不可写），请换一个文件名")
    return value


def _day(_: click.Context, __: click.Parameter, value: str | None) -> datetime.date | None:
    if value is None:
        return None
    try:
        return datetime.date.fromisoformat(value)
    except ValueError:
        raise Refused(f"“{value}”不是日期，请写成 2026-10-20") from None


def _moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime.datetime | None:
    from db.clock import local

    if value is None:
        return None
    try:
        return local(datetime.datetime.fromisoformat(value))
    except ValueError:
        raise Refused(f"“{value}”不是时间，请写成 2026-10-20T09:00:00+08:00 或 2026-10-20") from None


def _kind(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    from standard.kinds import KINDS
    from standard.strict_yaml import nearest

    if value is not None and value not in KINDS:
        known = "、".join(f"{key}（{kind.label}）" for key, kind in KINDS.items())
        raise Refused(f"没有信息类别“{value}”{nearest(value, KINDS)}；可用：{known}")
    return value


def _kind_or_auto(ctx: click.Context, param: click.Parameter, value: str) -> str:
    return value if value == "auto" else _kind(ctx, param, value) or value


_period = click.option(
    "--period", required=True, callback=_period_of, metavar="期", help="月 2026-10、季 2026-Q3 或年 2026"
)
_unit = click.option("--unit", metavar="单位", help="单位的编号、名称或别名")
_out = click.option(
    "-o", "--output", type=click.Path(path_type=Path), callback=_writable, metavar="文件", help="写入文件（缺省：屏幕）"
)


def _form(*choices: str) -> Callable[..., Any]:
    return click.option(
        "--format", "form", type=click.Choice(choices), default=choices[0], show_default=True, help="输出格式"
    )


class _Progress:
    """Progress on a terminal's error stream; silent when piped."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._width = 0

    def __call__(self, text: str) -> None:
        if self._live:
            from rich.cells import cell_len

            text = "".join(c if c.isprintable() else " " for c in text)[:150]
            pad = max(0, self._width - cell_len(text))
            sys.stderr.write(f"\r{text}{' ' * pad}")
            sys.stderr.flush()
            self._width = cell_len(text)

    def done(self) -> None:
        if self._live and self._width:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._width = 0


def _find_unit(session: Any, unit: str | None) -> str | None:
    from db.units import UnitIndex
    from standard.strict_yaml import nearest

    if unit is None:
        return None
    index = UnitIndex.load(session)
    found = index.find(unit)
    if found is None:
        raise Refused(
            f"没有单位“{unit}”{nearest(unit, [*index.units, *index.names()])}（先运行 mingcha registry sync）"
        )
    return found


def _write_rows(rows: Iterable[dict[str, Any]], fields: Sequence[str], form: str, output: Path | None) -> None:
    from reports.export import write

    progress = _Progress()
    follows = _shows_no_rows(output)

    def told(count: int) -> None:
        if follows and count % 10_000 == 0:
            progress(f"已写出 {count} 行" if count else "正在读取……")

    told(0)
    try:
        count = write(rows, fields, form, output, told)
    finally:
        progress.done()
    if output is not None:
        click.echo(f"已写入 {output}：{count} 行", err=True)


def _shows_no_rows(output: Path | None) -> bool:
    """They go to a file: on a screen, or in a pager behind a pipe, progress would stand among them."""
    if output is not None:
        return True
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except OSError:  # no real file: what a test put there
        return False


# ---------------------------------------------------------------- the commands


@click.group(cls=_Group, epilog="示例：mingcha init 我的城市 && mingcha -w 我的城市 doctor")
@_workspace_option
@click.version_option(package_name="mingcha", message="明察 mingcha %(version)s", help="显示版本并退出")
def mingcha() -> None:
    """明察：双公示监测评估系统。

    定期读取各部门、各县区的行政许可与行政处罚公示栏目，与报送市信用平台的数据比对，找出迟报、漏报、要素不全，
    按方案评分，生成 HTML、PDF、Excel 报告。
    """


@mingcha.command(epilog="示例：mingcha demo --keep demo-city")
@click.option("--seed", type=int, default=1, show_default=True, help="示例市的随机种子")
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="目录",
    help="保留工作区与报告的目录（缺省：临时目录，跑完保留并告知）",
)
@click.option(
    "--json", "as_json", is_flag=True, help="最后输出一个 JSON 对象：各阶段秒数、数量、各类问题的查全率与查准率"
)
@click.option("--database", metavar="地址", help="改用此数据库（如 postgresql+psycopg://…），缺省 SQLite")
@click.option("--quick", is_flag=True, help="报告不印 PDF，快一些")
def demo(seed: int, keep: Path | None, as_json: bool, database: str | None, quick: bool) -> int:
    """在自带的示例市上完整跑一遍：监测、取证、比对、评估、报告、发信，并对照答案检验自己。"""
    from sample_city.demo import run_demo

    result = run_demo(seed=seed, keep=keep, database=database, quiet=as_json, quick=quick)
    if as_json:
        click.echo(json.dumps(result, ensure_ascii=False))
    return 0


@mingcha.command(epilog="示例：mingcha init /srv/mingcha")
@click.argument("directory", type=click.Path(path_type=Path), metavar="目录")
def init(directory: Path) -> None:
    """建立一个工作区：设置、单位与门户登记表、评分方案、日历。已有的文件一概不动。"""
    import assessment.schemes
    from db.workspace import create

    shipped = sorted(Path(assessment.schemes.__path__[0]).glob("*.yml"))
    try:
        said = create(directory, shipped)
    except OSError as error:
        raise Refused(f"{directory}：建不成工作区（{error.strerror}），请换一个可写的目录") from None
    for line in said:
        click.echo(line)


@mingcha.group()
def registry() -> None:
    """单位与门户的登记表（registry/ 下的 YAML）。"""


@registry.command("check", epilog="示例：mingcha -w 我的城市 registry check")
@_workspace_option
def registry_check() -> int:
    """检查登记表，一次说出全部错误。"""
    from crawler.registry import check, load
    from standard.values import uscc_ok

    workspace = _workspace()
    faults = check(workspace)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        click.echo(f"共 {len(faults)} 处错误，未作任何改动", err=True)
        return 2
    content = load(workspace)
    for unit in content.units:
        if unit.uscc and not uscc_ok(unit.uscc):
            click.echo(f"提醒：units.yml：{unit.id}：uscc：{unit.uscc} 校验位不符，请核对（不影响使用）", err=True)
    click.echo(f"登记表无误：{len(content.units)} 个单位，{len(content.portals)} 个门户")
    return 0


@registry.command("sync", epilog="示例：mingcha -w 我的城市 registry sync")
@_workspace_option
def registry_sync() -> None:
    """把登记表写入数据库；从表中删去的单位与门户停用，历史保留。"""
    from crawler.registry import sync

    done = sync(_workspace())
    for what, added, changed, retired in (
        ("单位", done.units_added, done.units_changed, done.units_retired),
        ("门户", done.portals_added, done.portals_changed, done.portals_retired),
    ):
        click.echo(f"{what}：新增 {added}，变更 {changed}，停用 {retired}")


@registry.command("import", epilog="示例：mingcha registry import 单位与门户.xlsx")
@_workspace_option
@click.argument("file", type=click.Path(path_type=Path), metavar="文件.xlsx")
def registry_import(file: Path) -> None:
    """从一个工作簿（单位、门户两张表）写成登记表；有错全部说出，一字不写。空白模板：mingcha template registry。"""
    from crawler.registry_workbook import import_workbook

    done = import_workbook(_workspace(), file)
    click.echo(f"已写成登记表：{done.units} 个单位，{done.portals} 个门户。下一步：mingcha registry sync")


@registry.command("export", epilog="示例：mingcha registry export 单位与门户.xlsx")
@_workspace_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="文件.xlsx")
def registry_export(file: Path) -> None:
    """把登记表写成一个工作簿，改好后可以再导入。"""
    from crawler.registry_workbook import export_workbook

    done = export_workbook(_workspace(), file)
    click.echo(f"已写入 {file}：{done.units} 个单位，{done.portals} 个门户")


@mingcha.command(epilog="示例：mingcha discover https://www.example.gov.cn/ --unit fgw > registry/portals/fgw.yml")
@_workspace_option
@click.argument("url", metavar="首页网址")
@_unit
@click.option("--allow-host", "hosts", multiple=True, metavar="主机", help="还可以读的其他主机（可多次）")
def discover(url: str, unit: str | None, hosts: tuple[str, ...]) -> int:
    """从单位首页找出公示栏目，认出站型，试读，输出可登记的条目（注释写明依据）；不写入任何东西。"""
    from crawler.discover import check_address, entries_of
    from crawler.discover import discover as search
    from crawler.registry import load
    from db.units import name_key

    check_address(url)
    workspace = _workspace()
    registry = load(workspace)
    names = {name_key(each.name): each.id for each in registry.units} | {each.id: each.id for each in registry.units}
    names |= {name_key(a if isinstance(a, str) else a.name): each.id for each in registry.units for a in each.aliases}
    identity = names.get(name_key(unit)) if unit else None
    if unit and identity is None:
        from standard.strict_yaml import nearest

        raise Refused(f"--unit：登记中没有单位 {unit}{nearest(unit, [*names])}")
    progress = _Progress()
    found = search(
        url, unit=identity, settings=workspace.settings.crawl, allowed=hosts, taken=[p.id for p in registry.portals],
        known=[p.url for p in registry.portals], names=names, progress=progress,
    )  # fmt: skip
    progress.done()
    click.echo(entries_of(found), nl=False)
    return 0 if any(column.usable and column.id for column in found.columns) else 1


@mingcha.command(epilog="示例：mingcha crawl --all    或    mingcha crawl fgw_penalties")
@_workspace_option
@click.argument("portals", nargs=-1, metavar="[门户]…")
@click.option("--due", is_flag=True, help="只读到期的门户（缺省）")
@click.option("--all", "everything", is_flag=True, help="读全部门户")
@click.option("--resume", is_flag=True, help="只续读上次中断的")
def crawl(portals: tuple[str, ...], due: bool, everything: bool, resume: bool) -> int:
    """读取公示栏目：先存证，后解析。中断后再次运行会自动续读。"""
    from crawler.launch import crawl as launch
    from reports.words import OUTCOMES

    if sum((bool(portals), due, everything, resume)) > 1:
        raise Refused("门户名、--due、--all、--resume 只能用一种")
    progress = _Progress()
    results = launch(
        _workspace(), list(portals) or None, due=due or not (portals or everything or resume), everything=everything,
        resume=resume, progress=progress,
    )  # fmt: skip
    progress.done()
    for result in results:
        outcome = OUTCOMES.get(result.outcome, "正由另一进程读取")
        family = f"  站型 {result.family}" if result.family else ""
        click.echo(
            f"{result.portal}  {outcome}{family}  页 {result.pages}  记录 {result.records}  {result.reason}".rstrip()
        )
    unwell = [r for r in results if r.outcome not in ("complete", "column_empty")]
    click.echo(f"共 {len(results)} 个门户：完整 {len(results) - len(unwell)}，其余 {len(unwell)}")
    return 1 if unwell else 0


@mingcha.command(epilog="示例：mingcha extract 保存的网页.html --kind penalty --format table")
@click.argument("sources", nargs=-1, required=True, metavar="文件|目录|网址…")
@click.option(
    "--kind", default="auto", show_default=True, callback=_kind_or_auto, metavar="类别",
    help="auto、licence、penalty，或 red_list 等其他类别",
)  # fmt: skip
@click.option("--base-url", metavar="网址", help="网页原来的地址，用来还原相对链接")
@_form("jsonl", "table")
def extract(sources: tuple[str, ...], kind: str, base_url: str | None, form: str) -> int:
    """从保存的网页或附件中读出记录，只输出到屏幕，不写入任何东西。"""
    from crawler.extract import extract_sources
    from reports.export import EXTRACT_COLUMNS, write, write_line

    lines = extract_sources(sources, kind=kind, base_url=base_url)
    if form == "table":
        write(({name: line.get(name) for name in EXTRACT_COLUMNS} for line in lines), EXTRACT_COLUMNS, form)
    else:
        for line in lines:
            write_line(line, sys.stdout)
    return 0


@mingcha.group("import")
def import_() -> None:
    """导入报送数据与各类台账。"""


@import_.command("submissions", epilog="示例：mingcha import submissions 平台导出202609.xlsx --received-at 2026-10-08")
@_workspace_option
@click.argument("sources", nargs=-1, required=True, metavar="来源…")
@_unit
@click.option("--received-at", callback=_moment, metavar="时间", help="文件无“提供日期”列时，以此为报送时间")
@click.option(
    "--edition",
    default="auto",
    show_default=True,
    metavar="版本",
    help="标准版本：auto、2015、2018、2020，或工作区 standard/editions/ 中的版本",
)
def import_submissions(
    sources: tuple[str, ...], unit: str | None, received_at: datetime.datetime | None, edition: str
) -> int:
    """导入报送到平台的数据（xlsx、xls、csv、json、zip、目录，或数据库、接口的映射文件 .yml），逐行交代，给出回执。"""
    from db.session import session_of
    from intake.submissions import import_submissions as take

    workspace = _workspace()
    with session_of(workspace) as session:
        unit = _find_unit(session, unit)
    for source in sources:
        if "://" in source:
            raise Refused(
                f"{source.split('://')[0]}://…：数据库和接口请写成映射文件（.yml），再导入该文件；写法见 docs/workspace.md"
            )
    progress = _Progress()
    receipts = take(
        workspace, [Path(s) for s in sources], unit=unit, received_at=received_at, edition=edition, progress=progress
    )
    progress.done()
    return _tell(receipts)


def _tell(receipts: Iterable[Any]) -> int:
    refused = 0
    for receipt in receipts:
        click.echo(
            f"{receipt.source}：读入 {receipt.rows} 行，新增 {receipt.accepted}，更新 {receipt.updated}，"
            f"重复 {receipt.duplicate}，退回 {receipt.refused}" + (f"；回执 {receipt.path}" if receipt.path else "")
        )
        for note in receipt.notes:
            click.echo(f"  {note}")
        for line in receipt.on_screen():
            click.echo(f"  {line}")
        refused += receipt.refused
    return 1 if refused else 0


def _register_command(name: str, title: str) -> None:
    @import_.command(name, help=f"导入{title}。", epilog=f"示例：mingcha import {name} {title}.xlsx")
    @_workspace_option
    @click.argument("file", type=click.Path(path_type=Path), metavar="文件")
    @_unit
    @click.option("--by", metavar="姓名", help="登记人（缺省：当前系统账号）")
    def command(file: Path, unit: str | None, by: str | None) -> int:
        from db.session import session_of
        from intake.registers import import_register

        workspace = _workspace()
        with session_of(workspace) as session:
            unit = _find_unit(session, unit)
        return _tell([import_register(workspace, name, file, unit=unit, by=by)])


_REGISTERS = {
    "catalogue": "事项目录", "exemptions": "豁免台账", "repairs": "信用修复台账", "declarations": "零申报等声明",
    "withdrawals": "撤下台账", "outages": "平台故障台账", "backfills": "补报约定台账", "responsibilities": "职责划转台账",
}  # fmt: skip
for _name, _title in _REGISTERS.items():
    _register_command(_name, _title)


@mingcha.group()
def registers() -> None:
    """台账：列出与导出。"""


@registers.command(
    "show",
    epilog="示例：mingcha registers show exemptions    或    mingcha registers show catalogue --unit fgw -o 目录.xlsx --format xlsx",
)
@_workspace_option
@click.argument("name", type=click.Choice(list(_REGISTERS)), metavar="名称")
@_unit
@click.option("--all", "everything", is_flag=True, help="已撤销的也列出")
@click.option("--history", is_flag=True, help="每一条的历次旧版本也列出")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "xlsx", "jsonl"]),
    default="table",
    show_default=True,
    help="格式",
)
@_out
def registers_show(
    name: str, unit: str | None, everything: bool, history: bool, form: str, output: Path | None
) -> None:
    """列出一种台账：每一条的内容、登记人、时间、来源；csv、xlsx 改好后可以原样再导入。"""
    from db.session import session_of
    from intake.registers import listed

    workspace = _workspace()
    with session_of(workspace) as session:
        unit = _find_unit(session, unit)
    columns, lines = listed(workspace, name, unit=unit, everything=everything, history=history)
    _write_rows(lines, columns, form, output)


@mingcha.command(
    epilog="示例：mingcha template exemptions -o 豁免台账.xlsx    或    mingcha template submissions --edition 2020"
)
@_workspace_option
@click.argument("name", metavar="名称")
@click.option(
    "--edition", default="2020", show_default=True, metavar="版本", help="报送模板的标准版本（名称为 submissions 时）"
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), callback=_writable, metavar="文件", help="缺省：名称.xlsx"
)
def template(name: str, edition: str, output: Path | None) -> None:
    """写出一份空的模板：各类台账（带示例行），registry（单位与门户），submissions（报送数据），或 red_list 等另行计数的类别。"""
    from standard.kinds import SUBMITTED, WIDER
    from standard.strict_yaml import nearest

    others = [kind for kind in WIDER if kind in SUBMITTED]
    names = [*_REGISTERS, "registry", "submissions", *others]
    if name not in names:
        raise Refused(f"没有模板“{name}”{nearest(name, names)}")
    path = output or Path(f"{name}.xlsx")
    if output is None and path.exists():
        raise Refused(f"{path}：已有这个文件，可能填过，不覆盖；请用 -o 另取文件名")
    if name == "registry":
        from crawler.registry_workbook import write_template as write_registry

        write_registry(path)
    elif name in others or name == "submissions":
        from intake.submission_template import write_template as write_submissions

        if (Path(os.environ.get("MINGCHA_WORKSPACE") or ".") / "mingcha.yml").is_file():
            _workspace()  # its own editions
        if name == "submissions":
            write_submissions(path, edition)
        else:
            write_submissions(path, "proposed", name)
    else:
        from intake.registers import write_template

        write_template(name, path)
    click.echo(f"已写入 {path}")


@mingcha.command(epilog="示例：mingcha assess --period 2026-09 --as-of 2026-10-20")
@_workspace_option
@_period
@click.option("--as-of", callback=_day, metavar="日期", help="评估截止日（缺省：今天）")
@click.option("--scheme", type=click.Path(path_type=Path), metavar="文件", help="评分方案（缺省：schemes/default.yml）")
def assess(period: str, as_of: datetime.date | None, scheme: Path | None) -> None:
    """评估一期：冻结输入、配对、检查、评分。"""
    from assessment.run import assess as judge

    progress = _Progress()
    run = judge(_workspace(), period, as_of=as_of, scheme=scheme, progress=progress)
    progress.done()
    click.echo(
        f"{period} 已评估（截至 {run.as_of}，方案 {run.scheme} {run.scheme_version}）：结果指纹 {run.results_sha256[:16]}"
    )


@mingcha.command(epilog="示例：mingcha findings --period 2026-09 --code submitted_late --format xlsx -o 迟报.xlsx")
@_workspace_option
@_period
@_unit
@click.option(
    "--code",
    callback=_code,
    metavar="代码",
    help="只要这一类问题，如 submitted_late；due_soon 为临近期限预警：只有一方有、尚未到期的决定及剩余工作日",
)
@_form("csv", "jsonl", "xlsx", "table")
@_out
def findings(period: str, unit: str | None, code: str | None, form: str, output: Path | None) -> None:
    """导出一期的问题清单。"""
    from db.models import FINDING_FIELDS
    from db.session import session_of
    from reports import export

    with session_of(_workspace()) as session:
        rows = export.findings(session, period, _find_unit(session, unit), code)
        fields = export.FINDING_COLUMNS if form == "table" else FINDING_FIELDS
        if code == export.DUE_SOON:
            fields = (*fields, "days_left")
        _write_rows(rows, fields, form, output)


@mingcha.command(
    epilog="示例：mingcha records --source published --format csv -o 公示记录.csv    或    mingcha records --count"
)
@_workspace_option
@click.option("--source", type=click.Choice(["published", "submitted"]), help="公示的或报送的（许可、处罚须写明）")
@click.option("--kind", callback=_kind, metavar="类别", help="只要这一类信息，如 penalty、red_list、inspection")
@click.option("--portal", metavar="门户", help="只要这个门户")
@_unit
@click.option("--count", is_flag=True, help="不列记录，只列每单位每类信息的条数")
@_form("jsonl", "csv", "table")
@_out
def records(
    source: str | None, kind: str | None, portal: str | None, unit: str | None, count: bool, form: str,
    output: Path | None,
) -> None:  # fmt: skip
    """导出公示记录或报送记录；红榜、黑榜、检查等另行计数的信息用 --kind。"""
    from db.models import RECORD_FIELDS, Portal
    from db.session import session_of
    from reports import export, other_records
    from standard.kinds import KINDS
    from standard.strict_yaml import nearest

    with session_of(_workspace()) as session:
        if portal is not None and session.get(Portal, portal) is None:
            raise Refused(f"没有门户“{portal}”{nearest(portal, [p for (p,) in session.query(Portal.id)])}")
        unit = _find_unit(session, unit)
        fields: Sequence[str] = RECORD_FIELDS
        rows: Iterable[dict[str, Any]]
        if count:
            rows = other_records.counts(session, kind, unit)
            fields = other_records.COUNT_COLUMNS if form == "table" else other_records.COUNT_FIELDS
        elif kind is not None and not KINDS[kind].judged:
            rows, fields = other_records.records(session, kind, source, portal, unit), other_records.fields(kind)
        elif source is None:
            raise Refused("许可与处罚记录须写明 --source published 或 --source submitted")
        else:
            rows = export.records(session, source, portal, unit, kind)
        if form == "table" and not count:
            rows, fields = export.with_names(session, rows), export.RECORD_COLUMNS[source]
        _write_rows(rows, fields, form, output)


@mingcha.command(epilog="示例：mingcha pairs --period 2026-09")
@_workspace_option
@_period
@_form("jsonl", "csv")
@_out
def pairs(period: str, form: str, output: Path | None) -> None:
    """导出一期的配对结果：每条记录恰在一行。"""
    from db.models import PAIR_FIELDS
    from db.session import session_of
    from reports import export

    with session_of(_workspace()) as session:
        _write_rows(export.pairs(session, period), PAIR_FIELDS, form, output)


@mingcha.command(epilog="示例：mingcha scores --period 2026-09 --format table")
@_workspace_option
@_period
@_form("jsonl", "csv", "table")
@_out
def scores(period: str, form: str, output: Path | None) -> None:
    """导出一期的得分：每单位每指标一行，含分子、分母与算式。"""
    from db.models import SCORE_FIELDS
    from db.session import session_of
    from reports import export

    with session_of(_workspace()) as session:
        fields = export.SCORE_COLUMNS if form == "table" else SCORE_FIELDS
        _write_rows(export.scores(session, period), fields, form, output)


@mingcha.command(epilog="示例：mingcha coverage --period 2026-09 --format csv")
@_workspace_option
@_period
@_form("table", "jsonl", "csv")
@_out
def coverage(period: str, form: str, output: Path | None) -> None:
    """查看账：每个门户每天是否看过、看全。"""
    from assessment.periods import Period
    from db.clock import today
    from db.session import session_of
    from reports import export

    span = Period.parse(period)
    with session_of(_workspace()) as session:
        rows = export.coverage(session, span.first, min(span.last, today()))
        if form == "table":
            _write_rows(export.coverage_read(rows), export.COVERAGE_COLUMNS, form, output)
        else:
            _write_rows(rows, export.COVERAGE_FIELDS, form, output)


@mingcha.command(epilog="示例：mingcha report monthly --period 2026-09 --format html,pdf,xlsx")
@_workspace_option
@click.argument("report", type=click.Choice(["monthly", "unit", "ranking", "problems", "annual"]), metavar="报告")
@_period
@_unit
@click.option(
    "--format", "formats", default="html,pdf,xlsx", show_default=True, help="格式，逗号分隔：html,pdf,xlsx,docx"
)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, file_okay=False), metavar="目录", help="缺省：var/reports/<期>/"
)
def report(report: str, period: str, unit: str | None, formats: str, output: Path | None) -> None:
    """生成报告：monthly 通报、unit 评分卡、ranking 排名、problems 问题清单、annual 年度。"""
    from db.session import session_of
    from reports.build import build

    wanted = tuple(part.strip() for part in formats.split(",") if part.strip())
    workspace = _workspace()
    with session_of(workspace) as session:
        unit = _find_unit(session, unit)
    progress = _Progress()
    paths = build(workspace, report, period, unit=unit, formats=wanted, out=output, progress=progress)
    progress.done()
    for path in paths:
        click.echo(str(path))


@mingcha.command(epilog="示例：mingcha seal --period 2026-09")
@_workspace_option
@_period
def seal(period: str) -> None:
    """封存一期：此后不再改写，更正另成修订。"""
    from assessment.run import seal as freeze

    freeze(_workspace(), period)
    click.echo(f"{period} 已封存")


@mingcha.command(epilog="示例：mingcha whatif --period 2026-09 --obligations 二十日.yml")
@_workspace_option
@_period
@click.option("--scheme", type=click.Path(path_type=Path), metavar="文件", help="另一套评分方案")
@click.option(
    "--obligations", type=click.Path(path_type=Path), metavar="文件", help="另一份义务文件（格式同 obligations.yml）"
)
@_form("table", "jsonl", "csv")
@_out
def whatif(period: str, scheme: Path | None, obligations: Path | None, form: str, output: Path | None) -> None:
    """试算：用另一套方案或时限评判已冻结的一期，列出各单位的差别；不存任何结果。"""
    from assessment.whatif import FIELDS
    from assessment.whatif import whatif as judge

    progress = _Progress()
    made = judge(_workspace(), period, scheme=scheme, obligations=obligations, progress=progress)
    progress.done()
    click.echo(f"原：{made.before}\n试：{made.after}\n{len(made.rows)} 处差别", err=True)
    _write_rows(made.rows, FIELDS, form, output)


@mingcha.command(epilog="示例：mingcha verify --period 2026-09")
@_workspace_option
@_period
def verify(period: str) -> int:
    """用冻结的输入重算一期，逐字节比较。"""
    from assessment.run import verify as recompute

    differences = recompute(_workspace(), period)
    for difference in differences:
        click.echo(difference, err=True)
    click.echo(f"{period}：重算结果{'不一致' if differences else '完全一致'}")
    return 1 if differences else 0


@mingcha.group()
def review() -> None:
    """人工认定：查实、正常、豁免、申诉、销号……每一步记下谁、何时、为何，重新评估后依然有效。"""


_by = click.option("--by", required=True, metavar="姓名", help="处理人")
_revise = click.option("--revise", "revising", is_flag=True, help="该期已封存时，把认定作为一次修订")


@review.command("export", epilog="示例：mingcha review export --period 2026-09 --unit fgw -o 处理单.xlsx")
@_workspace_option
@_period
@_unit
@click.option("--code", callback=_code, metavar="代码", help="只要这一类问题，如 not_published")
@click.option("--open", "open_only", is_flag=True, help="只要还是“疑似”的")
@click.option("-o", "--output", type=click.Path(path_type=Path), callback=_writable, required=True, metavar="文件.xlsx")
def review_export(period: str, unit: str | None, code: str | None, open_only: bool, output: Path) -> None:
    """写出处理单：在 Excel 中逐行选择处理、填写理由，再用 review import 导回。"""
    from db.session import session_of
    from reports.review_sheet import write_review_sheet

    with session_of(_workspace()) as session:
        unit = _find_unit(session, unit)
        count = write_review_sheet(session, period, output, unit=unit, code=code, open_only=open_only)
    click.echo(f"已写入 {output}：{count} 条")


@review.command("import", epilog="示例：mingcha review import 处理单.xlsx --period 2026-09 --by 张三")
@_workspace_option
@click.argument("file", type=click.Path(path_type=Path), metavar="文件.xlsx")
@_period
@_by
@_revise
def review_import(file: Path, period: str, by: str, revising: bool) -> None:
    """导入填好的处理单；有错全部说出，一条不写。"""
    from assessment.review import Ask, attach
    from intake.worksheets import REVIEWS, read_form

    workspace = _workspace()
    rows, batch = read_form(file, REVIEWS)
    asks = [
        Ask(row.key, row.mark, row.beside["理由"], row.beside["依据"], attach(workspace, row.beside["佐证"]), row.where)
        for row in rows
    ]
    _decide(workspace, period, asks, by, revising, batch)


@review.command(
    "set",
    epilog="示例：mingcha review set 3f2a… --period 2026-09 --step 豁免 --by 张三 --reason 涉密 --basis 保密审查〔2026〕3号",
)
@_workspace_option
@click.argument("findings", nargs=-1, required=True, metavar="问题编号…")
@_period
@click.option(
    "--step",
    required=True,
    metavar="处理",
    help="查实、正常、豁免、通知、整改、申诉、维持、报复核、销号、退回、逾期、撤回",
)
@_by
@click.option("--reason", default="", metavar="文字", help="理由")
@click.option("--basis", metavar="文字", help="依据：法律条款或审批文号（豁免必填）")
@click.option("--evidence", metavar="文件或文字", help="佐证：文件会按指纹存入 var/review/")
@_revise
def review_set(
    findings: tuple[str, ...], period: str, step: str, by: str, reason: str, basis: str | None, evidence: str | None,
    revising: bool,
) -> None:  # fmt: skip
    """处理一条或几条问题，并说出得分的前后变化。"""
    from assessment.review import Ask, attach

    workspace = _workspace()
    shown = attach(workspace, evidence)
    _decide(workspace, period, [Ask(one, step, reason, basis, shown) for one in findings], by, revising)


def _decide(
    workspace: Any, period: str, asks: Sequence[Any], by: str, revising: bool, batch: str | None = None
) -> None:
    from assessment.review import decide
    from standard.states import STATES

    progress = _Progress()
    done = decide(workspace, period, asks, by=by, batch=batch, revising=revising, progress=progress)
    progress.done()
    states = "，".join(f"{STATES[state].label} {count}" for state, count in sorted(done.states.items()))
    click.echo(
        f"{done.period}：认定 {done.written} 条{f'（{states}）' if states else ''}，此前已认定而无变化 {done.same} 条"
    )
    _tell_scores(done.changes)


def _tell_scores(changes: Iterable[Any]) -> None:
    def points(value: float | None) -> str:
        return "不评分" if value is None else f"{value:g}"

    def place(value: int | None) -> str:
        return "不排名" if value is None else f"第 {value} 名"

    for one in changes:
        click.echo(
            f"  {one.unit_name}：{points(one.before)} → {points(one.after)}，{place(one.rank_before)} → {place(one.rank_after)}"
        )


@review.command("show", epilog="示例：mingcha review show 3f2a…")
@_workspace_option
@click.argument("finding_id", metavar="问题编号")
def review_show(finding_id: str) -> None:
    """一条问题的全部认定：何时、谁、做了什么、为何。"""
    from assessment.review import history
    from db.session import session_of
    from standard.states import STATES, STEPS

    with session_of(_workspace()) as session:
        rows = history(session, finding_id)
        if not rows:
            click.echo("还没有人工认定")
        for row in rows:
            step = STEPS[row.step].label if row.step in STEPS else ""
            state = STATES[row.state].label if row.state in STATES else row.state
            extra = "".join(f"；{what}：{text}" for what, text in (("依据", row.basis), ("佐证", row.evidence)) if text)
            click.echo(f"{row.at:%Y-%m-%d %H:%M}  {row.actor}  {step} → {state}  {row.reason}{extra}".rstrip())


@review.command(
    "pair", epilog="示例：mingcha review pair 公示记录编号 报送记录编号 --different --by 张三 --reason 两起案件"
)
@_workspace_option
@click.argument("published", metavar="公示记录编号")
@click.argument("submitted", metavar="报送记录编号")
@click.option("--same/--different", "same", required=True, default=None, help="是同一决定 / 不是同一决定")
@_by
@click.option("--reason", required=True, metavar="文字", help="理由")
def review_pair(published: str, submitted: str, same: bool, by: str, reason: str) -> None:
    """认定两条记录是否为同一决定，优先于一切配对规则。重新评估后生效；已封存的评估期须修订（mingcha revise）。"""
    from assessment.review import decide_pair, periods_of
    from db.session import session_of

    workspace = _workspace()
    decide_pair(workspace, published, submitted, same, by=by, reason=reason)
    with session_of(workspace) as session:
        periods = periods_of(session, published, submitted)
    click.echo("已记下" if periods else "已记下；下次评估起生效")
    for period, sealed in periods:
        if sealed:
            click.echo(
                f"{period} 已封存：请运行 mingcha revise --period {period} --by 经办人 --reason 理由，作为该期的修订生效"
                "（按同一截至日重新汇总今天所知，差异逐条写明，原件保留）"
            )
        else:
            click.echo(f"{period}：运行 mingcha assess --period {period} 后生效")


@mingcha.group()
def sample() -> None:
    """抽查：抽样、核查表、结果、误差区间与双人一致性。"""


@sample.command("draw", epilog="示例：mingcha sample draw submissions --period 2026-09 --seed 2026年9月抽查 --by 张三")
@_workspace_option
@click.argument("frame", type=click.Choice(["submissions", "publications", "findings", "ledger"]), metavar="抽样框")
@_period
@click.option("--seed", required=True, metavar="文字", help="随机种子：同一抽样框、同一种子，抽出的总是同一批")
@_by
@click.option("--size", type=int, metavar="条数", help="样本量（缺省：按 95% 置信、±5 个百分点计算）")
@click.option("--per-unit", is_flag=True, help="样本量按单位计（缺省：全市分层）")
@click.option("--ledger", type=click.Path(path_type=Path), metavar="文件", help="单位案件台账（抽样框为 ledger 时）")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), callback=_writable, metavar="文件.xlsx", help="写出核查表"
)
def sample_draw(
    frame: str, period: str, seed: str, by: str, size: int | None, per_unit: bool, ledger: Path | None, output: Path | None
) -> None:  # fmt: skip
    """抽样：submissions 报送、publications 公示、findings 系统查出的问题、ledger 单位案件台账。"""
    from assessment.sampling import draw
    from db.session import session_of
    from intake.worksheets import read_ledger
    from reports.check_sheet import write_check_sheet

    if (frame == "ledger") != (ledger is not None):
        raise Refused("抽样框 ledger 须用 --ledger 给出单位案件台账，其他抽样框不用")
    workspace = _workspace()
    rows = read_ledger(ledger) if ledger is not None else []
    check = draw(workspace, period, frame, by=by, seed=seed, size=size, per_unit=per_unit, ledger=rows)
    whole, drawn = (sum(pair[place] for pair in check.strata.values()) for place in (0, 1))
    click.echo(f"抽查 {check.id}：抽样框 {whole} 条，抽出 {drawn} 条，指纹 {check.frame_sha256[:16]}")
    if output is not None:
        with session_of(workspace) as session:
            write_check_sheet(session, check.id, output)
        click.echo(f"核查表已写入 {output}")


@sample.command("sheet", epilog="示例：mingcha sample sheet 2026-09-submissions-1a2b3c4d -o 核查表.xlsx")
@_workspace_option
@click.argument("check", metavar="抽查")
@click.option("--again", is_flag=True, help="双人复核的那一部分（不显示第一人的结果）")
@click.option("-o", "--output", type=click.Path(path_type=Path), callback=_writable, required=True, metavar="文件.xlsx")
def sample_sheet(check: str, again: bool, output: Path) -> None:
    """写出一次抽查的核查表。"""
    from db.session import session_of
    from reports.check_sheet import write_check_sheet

    with session_of(_workspace()) as session:
        count = write_check_sheet(session, check, output, again=again)
    click.echo(f"已写入 {output}：{count} 条")


@sample.command(
    "import", epilog="示例：mingcha sample import 核查表.xlsx --check 2026-09-submissions-1a2b3c4d --by 王五"
)
@_workspace_option
@click.argument("file", type=click.Path(path_type=Path), metavar="文件.xlsx")
@click.option("--check", required=True, metavar="抽查", help="抽查编号")
@_by
def sample_import(file: Path, check: str, by: str) -> None:
    """导入填好的核查表；第二个人的结果记在旁边，用来算一致性。"""
    from assessment.sampling import Answer, answer
    from intake.worksheets import CHECKS, read_form

    rows, _ = read_form(file, CHECKS)
    changed = answer(
        _workspace(), check, [Answer(row.key, row.mark, row.beside["核查说明"], row.where) for row in rows], by=by
    )
    click.echo(f"读入 {len(rows)} 条，其中新填或改动 {changed} 条")


@sample.command("rates", epilog="示例：mingcha sample rates 2026-09-submissions-1a2b3c4d")
@_workspace_option
@click.argument("check", metavar="抽查")
def sample_rates(check: str) -> None:
    """差错率与 95% 区间：Wilson 供阅读，精确区间供扣分；样本按单位分层加权；双人一致性 Kappa。"""
    from assessment.sampling import rates
    from db.models import Unit
    from db.session import session_of

    def bounds(pair: tuple[float, float] | None) -> str:
        return "—" if pair is None else f"{pair[0]:.1%} 至 {pair[1]:.1%}"

    with session_of(_workspace()) as session:
        units, whole, agreement = rates(session, check)
        names = {unit.id: unit.name for unit in session.query(Unit)}
    for rate in (*units, whole):
        name = "合计（按层加权）" if rate.unit_id is None else names.get(rate.unit_id, rate.unit_id)
        share = "—" if rate.rate is None else f"{rate.rate:.1%}"
        click.echo(
            f"{name}：框 {rate.frame}，抽 {rate.drawn}，核 {rate.checked}，有误 {rate.wrong}（未提供 {rate.not_produced}），"
            f"差错率 {share}，Wilson {bounds(rate.screen)}，精确 {bounds(rate.defended)}"
        )
    click.echo(f"双人一致性 Kappa：{'—' if agreement is None else f'{agreement:.2f}'}")


@mingcha.command(epilog="示例：mingcha revise --period 2026-09 --by 张三 --reason 补录平台故障台账")
@_workspace_option
@_period
@_by
@click.option("--reason", required=True, metavar="文字", help="为何修订")
def revise(period: str, by: str, reason: str) -> None:
    """修订已封存的一期：按今天所知重新评估并再次封存，原件保留，差异写明。"""
    from assessment.revision import revise as again
    from db.models import Unit
    from db.session import session_of

    workspace = _workspace()
    progress = _Progress()
    run, made = again(workspace, period, by=by, reason=reason, progress=progress)
    progress.done()
    with session_of(workspace) as session:
        names = {unit.id: unit.name for unit in session.query(Unit)}
    click.echo(
        f"{run.period} 第 {run.revision} 次修订已封存：问题新增 {len(made.new)}，消失 {len(made.gone)}，变化 {len(made.changed)}；"
        f"差异见 {workspace.periods / run.period / 'revisions' / f'{run.revision}.json'}"
    )
    for row in made.scores:
        click.echo(f"  {names.get(row['unit'], row['unit'])}：{row['before']} → {row['after']}")


@mingcha.command(epilog="示例：mingcha send ranking --period 2026-09 --dry-run")
@_workspace_option
@click.argument("report", type=click.Choice(["ranking", "problems"]), metavar="报告")
@_period
@click.option("--dry-run", is_flag=True, help="只生成邮件文件，不发送")
def send(report: str, period: str, dry_run: bool) -> int:
    """发送邮件：ranking 排名给各单位领导，problems 问题清单给各单位自己。只发一次。"""
    from reports.mail import send as post

    progress = _Progress()
    result = post(_workspace(), report, period, dry_run=dry_run, progress=progress)
    progress.done()
    for line in result.lines():
        click.echo(line)
    return 0 if result.clean else 1


@mingcha.group()
def evidence() -> None:
    """证据：每次取得的网页与附件。"""


@evidence.command("show", epilog="示例：mingcha evidence show 3f2a…")
@_workspace_option
@click.argument("identity", metavar="编号")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), callback=_writable, metavar="文件", help="把原始内容写入文件"
)
def evidence_show(identity: str, output: Path | None) -> None:
    """显示一份证据，或一条公示记录所在的页面、行与列名；可取出原始内容。"""
    from crawler.locate import locate
    from db.evidence import EvidenceStore
    from db.models import Evidence
    from db.session import session_of

    workspace = _workspace()
    with session_of(workspace) as session:
        store = EvidenceStore(workspace)
        row = session.get(Evidence, identity)
        if row is None:
            found = locate(session, store, identity)
            if found is None:
                raise Refused(
                    f"没有证据或公示记录 {identity}：请从 findings 或 records 的 evidence、record_id 列复制完整编号"
                )
            for line in (*found.lines(), *_appearance(session, identity)):
                click.echo(line)
            row = session.get_one(Evidence, found.evidence)
        stored = store.get(session, row.id)
        assert stored is not None  # its row is there
        for label, value in (
            ("编号", row.id), ("网址", row.url), ("状态", row.status), ("时间", row.fetched_at.isoformat()),
            ("类型", row.content_type), ("SHA-256", row.sha256), ("字节", row.size), ("门户", row.portal_id),
            ("查看", row.crawl_id), ("文件", f"{row.warc_file} @ {row.warc_offset}+{row.warc_length}"),
        ):  # fmt: skip
            click.echo(f"{label}：{value}")
    if output is not None:
        output.parent.mkdir(parents=True, exist_ok=True)
        output.write_bytes(stored.body)
        click.echo(f"已写入 {output}")


def _appearance(session: Any, record_id: str) -> Iterator[str]:
    """When a record was seen and no longer seen, and every different original of the page or attachment it stands in."""
    from sqlalchemy import select

    from db.models import Coverage, Evidence, Publication

    seen = session.get_one(Publication, record_id)
    yield f"首次看到：{seen.first_seen.isoformat()}（查看 {seen.first_crawl}）"
    yield f"此前看全而未见：{seen.absent_before.isoformat() if seen.absent_before else '无'}"
    yield f"最近看到：{seen.last_seen.isoformat()}（查看 {seen.last_crawl}）"
    if seen.gone_since is not None:
        looks = select(Coverage.crawl_id).where(
            Coverage.portal_id == seen.portal_id, Coverage.looked_at == seen.gone_since
        )
        yield f"看全而不再见：{seen.gone_since.isoformat()}（查看 {session.scalars(looks).first()}）"
    address = session.get_one(Evidence, seen.evidence).url
    if address not in (seen.url, seen.attachment):  # an interface's answer differs from look to look
        return
    here = (Evidence.portal_id == seen.portal_id, Evidence.url == address, Evidence.status == 200)
    originals = session.scalars(select(Evidence).where(*here).order_by(Evidence.fetched_at.desc()))
    versions = {original.sha256: original for original in originals}  # of equal ones the first
    if len(versions) > 1:
        yield f"原件先后有 {len(versions)} 个不同版本（mingcha evidence show 编号 -o 文件 可取出）："
        for original in sorted(versions.values(), key=lambda original: original.fetched_at):
            yield f"　{original.fetched_at.isoformat()}  {original.id}"


@evidence.command("verify", epilog="示例：mingcha evidence verify")
@_workspace_option
def evidence_verify() -> int:
    """核对证据链（按日封存，首个断开的日子先说），再逐份核对指纹。"""
    from sqlalchemy import func, select

    from db.chain import Chain
    from db.evidence import EvidenceStore
    from db.models import Evidence
    from db.session import session_of

    workspace = _workspace()
    with session_of(workspace) as session:
        faults = list(EvidenceStore(workspace).verify(session))
        count = session.scalar(select(func.count()).select_from(Evidence))
    for fault in faults:
        click.echo(str(fault), err=True)
    click.echo(f"证据 {count} 份，有问题 {len(faults)} 处")
    head = Chain(workspace.evidence).head()
    if head is not None:
        click.echo(f"证据链封存至 {head[0]}，链首 {head[1]}，请抄录备查")
    return 1 if faults else 0


@evidence.command("tidy", epilog="示例：mingcha evidence tidy")
@_workspace_option
def evidence_tidy() -> None:
    """封存已过去的各日，再按保留期与磁盘上限清理；被引用的证据不删。时钟每夜自动做。"""
    from db.retention import tidied

    for line in tidied(_workspace()).lines():
        click.echo(line)


@mingcha.command(epilog="示例：mingcha schedule    或    mingcha schedule --list")
@_workspace_option
@click.option("--list", "only_list", is_flag=True, help="只列出作业与下次时间")
def schedule(only_list: bool) -> None:
    """运行时钟：按时读取、评估、出报告、发信。"""
    import logging

    from scheduler import run, timetable

    workspace = _workspace()
    if only_list:
        for name, function, when in timetable(workspace):
            click.echo(f"{name:<10} {function:<32} 下次 {when:%Y-%m-%d %H:%M}" if when else name)
        return
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    run(workspace)


@mingcha.command(epilog="示例：mingcha serve")
@_workspace_option
def serve() -> None:
    """网页控制台（尚未提供）。"""
    raise NotYetAvailable("网页控制台 serve")


@mingcha.command(epilog="示例：mingcha worker")
@_workspace_option
def worker() -> None:
    """多机工作进程（尚未提供）。"""
    raise NotYetAvailable("多机工作进程 worker")


@mingcha.command(epilog="示例：mingcha backup 备份20261020.tar.gz")
@_workspace_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="文件")
def backup(file: Path) -> None:
    """备份整个工作区（SQLite）：设置、数据库、证据、报告，运行中也可以。"""
    from db.workspace import backup as save

    click.echo(save(_workspace(), file))


@mingcha.command(epilog="示例：mingcha -w /srv/新工作区 restore 备份20261020.tar.gz")
@_workspace_option
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False), metavar="文件")
def restore(file: Path) -> None:
    """把备份恢复到一个空目录。"""
    from db.workspace import restore as load

    click.echo(load(file, Path(os.environ.get("MINGCHA_WORKSPACE") or ".")))


@mingcha.command(epilog="示例：mingcha doctor")
@_workspace_option
@click.option("--missing", is_flag=True, help="只列出缺少的部分及其后果")
def doctor(missing: bool) -> int:
    """体检：哪些部分可用，哪些不可用，怎么办。"""
    from mingcha_doctor import examine

    faults = 0
    for part in examine(os.environ.get("MINGCHA_WORKSPACE")):
        faults += not part.works
        if not (missing and part.works):
            click.echo(f"{'✓' if part.works else '✗'} {part.name}：{part.says}")
    return 1 if faults else 0


for _command in list(mingcha.commands.values()):
    assert _command.help, _command.name
if __name__ == "__main__":
    main()
