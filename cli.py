"""The command `mingcha`: one function a command, each a few lines over a stage.

Exit codes: 0 done; 1 done, with faults told; 2 the call or a file is wrong, nothing was written; 3 stopped by a fault of ours.
"""

from __future__ import annotations

import datetime
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
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
    except BrokenPipeError:  # `mingcha records | head`: the reader has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
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

    return Workspace.open(os.environ.get("MINGCHA_WORKSPACE") or ".")


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


_period = click.option("--period", required=True, metavar="期", help="月 2026-10、季 2026-Q3 或年 2026")
_unit = click.option("--unit", metavar="单位", help="单位的编号、名称或别名")
_out = click.option("-o", "--output", type=click.Path(path_type=Path), metavar="文件", help="写入文件（缺省：屏幕）")


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

    count = write(rows, fields, form, output)
    if output is not None:
        click.echo(f"已写入 {output}：{count} 行", err=True)


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
    for line in create(directory, shipped):
        click.echo(line)


@mingcha.group()
def registry() -> None:
    """单位与门户的登记表（registry/ 下的 YAML）。"""


@registry.command("check", epilog="示例：mingcha -w 我的城市 registry check")
@_workspace_option
def registry_check() -> int:
    """检查登记表，一次说出全部错误。"""
    from crawler.registry import check, load

    workspace = _workspace()
    faults = check(workspace)
    for fault in faults:
        click.echo(fault, err=True)
    if faults:
        click.echo(f"共 {len(faults)} 处错误，未作任何改动", err=True)
        return 2
    content = load(workspace)
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


@mingcha.command(epilog="示例：mingcha discover https://www.example.gov.cn/ --unit fgw")
@_workspace_option
@click.argument("url")
@_unit
def discover(url: str, unit: str | None) -> None:
    """从首页找出公示栏目（尚未提供）。"""
    raise NotYetAvailable(f"自动发现公示栏目（{url}）")


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
        click.echo(f"{result.portal}  {outcome}  页 {result.pages}  记录 {result.records}  {result.reason}".rstrip())
    unwell = [r for r in results if r.outcome not in ("complete", "column_empty")]
    click.echo(f"共 {len(results)} 个门户：完整 {len(results) - len(unwell)}，其余 {len(unwell)}")
    return 1 if unwell else 0


@mingcha.command(epilog="示例：mingcha extract 保存的网页.html --kind penalty --format table")
@click.argument("sources", nargs=-1, required=True, metavar="文件|目录|网址…")
@click.option(
    "--kind", type=click.Choice(["auto", "licence", "penalty"]), default="auto", show_default=True, help="信息类别"
)
@click.option("--base-url", metavar="网址", help="网页原来的地址，用来还原相对链接")
@_form("jsonl", "table")
def extract(sources: tuple[str, ...], kind: str, base_url: str | None, form: str) -> int:
    """从保存的网页或附件中读出记录，只输出到屏幕，不写入任何东西。"""
    from crawler.extract import extract_sources
    from db.models import RECORD_FIELDS
    from reports.export import write_line

    empty = 0
    table: list[dict[str, Any]] = []
    for line in extract_sources(sources, kind=kind, base_url=base_url):
        empty += "reason" in line
        if form == "jsonl":
            write_line(line, sys.stdout)
        else:
            table.append(line)
    if form == "table":
        from reports.export import write

        shown = ("url", "form", "kind", "document_number", "counterparty", "authority", "decision_date", "reason")
        write([{name: line.get(name) for name in (*RECORD_FIELDS, "reason")} for line in table], shown, "table")
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
    "--edition", type=click.Choice(["auto", "2015", "2018", "2020"]), default="auto", show_default=True, help="标准版本"
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


@mingcha.command(epilog="示例：mingcha template exemptions -o 豁免台账.xlsx")
@click.argument("name", type=click.Choice([*_REGISTERS, "registry"]), metavar="名称")
@_out
def template(name: str, output: Path | None) -> None:
    """写出一份空的台账模板，带示例行；registry 是单位与门户的登记模板。"""
    path = output or Path(f"{name}.xlsx")
    if name == "registry":
        from crawler.registry_workbook import write_template as write_registry

        write_registry(path)
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
@click.option("--code", metavar="代码", help="只要这一类问题，如 submitted_late")
@_form("csv", "jsonl", "xlsx")
@_out
def findings(period: str, unit: str | None, code: str | None, form: str, output: Path | None) -> None:
    """导出一期的问题清单。"""
    from db.models import FINDING_FIELDS
    from db.session import session_of
    from reports import export

    with session_of(_workspace()) as session:
        rows = export.findings(session, period, _find_unit(session, unit), code)
        _write_rows(rows, FINDING_FIELDS, form, output)


@mingcha.command(epilog="示例：mingcha records --source published --format csv -o 公示记录.csv")
@_workspace_option
@click.option("--source", type=click.Choice(["published", "submitted"]), required=True, help="公示的或报送的")
@click.option("--portal", metavar="门户", help="只要这个门户")
@_unit
@_form("jsonl", "csv")
@_out
def records(source: str, portal: str | None, unit: str | None, form: str, output: Path | None) -> None:
    """导出公示记录或报送记录。"""
    from db.models import RECORD_FIELDS, Portal
    from db.session import session_of
    from reports import export
    from standard.strict_yaml import nearest

    with session_of(_workspace()) as session:
        if portal is not None and session.get(Portal, portal) is None:
            raise Refused(f"没有门户“{portal}”{nearest(portal, [p for (p,) in session.query(Portal.id)])}")
        rows = export.records(session, source, portal, _find_unit(session, unit))
        _write_rows(rows, RECORD_FIELDS, form, output)


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
        _write_rows(export.scores(session, period), SCORE_FIELDS, form, output)


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
        fields = (
            export.COVERAGE_FIELDS if form != "table" else ("day", "portal", "outcome", "pages", "records", "reason")
        )
        _write_rows(rows, fields, form, output)


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
@click.argument("evidence_id", metavar="编号")
@click.option("-o", "--output", type=click.Path(path_type=Path), metavar="文件", help="把原始内容写入文件")
def evidence_show(evidence_id: str, output: Path | None) -> None:
    """显示一份证据的来历，或取出原始内容。"""
    from db.evidence import EvidenceStore
    from db.models import Evidence
    from db.session import session_of

    workspace = _workspace()
    with session_of(workspace) as session:
        row = session.get(Evidence, evidence_id)
        if row is None:
            raise Refused(f"没有证据 {evidence_id}：请从 findings 或 records 的 evidence 列复制完整编号")
        stored = EvidenceStore(workspace).get(session, evidence_id)
        for label, value in (
            ("编号", row.id), ("网址", row.url), ("状态", row.status), ("时间", row.fetched_at.isoformat()),
            ("类型", row.content_type), ("SHA-256", row.sha256), ("字节", row.size), ("门户", row.portal_id),
            ("查看", row.crawl_id), ("文件", f"{row.warc_file} @ {row.warc_offset}+{row.warc_length}"),
        ):  # fmt: skip
            click.echo(f"{label}：{value}")
    if output is not None:
        output.write_bytes(stored.body)
        click.echo(f"已写入 {output}")


@evidence.command("verify", epilog="示例：mingcha evidence verify")
@_workspace_option
def evidence_verify() -> int:
    """逐份核对证据的指纹。"""
    from sqlalchemy import func, select

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
    return 1 if faults else 0


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
