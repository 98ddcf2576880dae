"""A workspace's birth, its backup and its return."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterable
from pathlib import Path

from sqlalchemy.engine import make_url

from db.settings import Workspace
from standard.errors import NotYetAvailable, Refused

MINGCHA_YML = """\
# 明察的设置。每个键都有可用的缺省值；写错的键会被指出。密码一律写成 env:变量名。
region: {code: "000000", name: 示例市}
database: sqlite                     # 或 postgresql+psycopg://用户@主机/库，或 env:变量名
crawl: {delay_s: 2, per_host: 1, hosts_at_once: 16, timeout_s: 30, retries: 3, robots: true}
evidence: {retain_days: 1095, budget_gb: 50}
confirm: {codes: []}                 # 不经人工即算“已查实”的问题代码，如 [submitted_late]
# mail: {host: smtp.example.gov.cn, port: 465, tls: true, user: u, password: "env:MINGCHA_MAIL_PASSWORD", sender: u@example.gov.cn}
console: {host: 127.0.0.1, port: 8600}
"""
UNITS_YML = """\
# 被监测的单位。照下面的样子写，然后运行 mingcha registry check
region: {code: "000000", name: 示例市}
units: []
#  - id: fgw
#    name: 示例市发展和改革委员会
#    aliases: [示例市发改委]
#    level: municipal                 # municipal | county | county_department | institution | vertical
#    contacts:
#      leader: {name: 张三, email: leader@example.gov.cn}
"""
PORTALS_YML = """\
# 公示栏目。照下面的样子写，然后运行 mingcha registry check
[]
#- id: fgw_penalties
#  unit: fgw
#  kind: penalty                     # licence | penalty | both
#  channel: department               # department | government | credit
#  title: 行政处罚公示
#  url: https://www.example.gov.cn/xzcf/
"""
_FILES = {"mingcha.yml": MINGCHA_YML, "registry/units.yml": UNITS_YML, "registry/portals/portals.yml": PORTALS_YML}
_FOLDERS = ("registry/portals", "schemes", "calendar", "var")
_LEAVE_OUT = ("var/key", "var/locks", "var/cache")  # the key of hashed personal codes never travels in a backup


def create(root: Path, schemes: Iterable[Path] = ()) -> list[str]:
    """Makes a workspace, or completes one; files that exist are left alone. Says what it did, one line each."""
    if root.exists() and not root.is_dir():
        raise Refused(f"{root}：已存在且不是目录，请换一个目录名")
    said = []
    for folder in _FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    wanted = dict(_FILES)
    for scheme in schemes:
        wanted[f"schemes/{scheme.name}"] = scheme.read_text(encoding="utf-8")
    for name, text in wanted.items():
        file = root / name
        if file.exists():
            said.append(f"保留 {file}")
        else:
            file.write_text(text, encoding="utf-8")
            said.append(f"写入 {file}")
    Workspace.open(root)
    said.append(f"工作区已就绪：{root}。下一步：填写 registry/，运行 mingcha -w {root} registry check")
    return said


def backup(workspace: Workspace, file: Path) -> str:
    """The whole workspace in one tar.gz; the database is copied consistently while others write. Whole or not at all."""
    url = make_url(workspace.database_url)
    if url.get_backend_name() != "sqlite":
        raise NotYetAvailable("PostgreSQL 数据库的备份（请用 pg_dump，并另行打包工作区目录）")
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_name(f".{file.name}.part")
    database = Path(url.database or "")
    with tempfile.TemporaryDirectory(dir=file.parent) as folder:
        copy = Path(folder) / "mingcha.db"
        if database.exists():
            source, target = sqlite3.connect(database), sqlite3.connect(copy)
            with source, target:
                source.backup(target)
            source.close()
            target.close()
        try:
            count = 0
            with tarfile.open(part, "w:gz", compresslevel=6) as tar:
                for path in sorted(workspace.root.rglob("*")):
                    name = path.relative_to(workspace.root).as_posix()
                    if path.is_symlink() or not path.is_file() or path.resolve() in (file.resolve(), part.resolve()):
                        continue
                    if any(name == out or name.startswith(out + "/") for out in _LEAVE_OUT):
                        continue
                    if path.name.startswith(database.name) and path.parent == database.parent:
                        continue  # the database and its -wal, -shm come as the consistent copy
                    if folder in str(path):
                        continue
                    tar.add(path, arcname=name, recursive=False)
                    count += 1
                if copy.exists():
                    tar.add(copy, arcname="var/mingcha.db", recursive=False)
                    count += 1
            os.replace(part, file)
        finally:
            part.unlink(missing_ok=True)
    return f"已备份 {count} 个文件到 {file}（{file.stat().st_size / 1e6:.1f} MB；不含 var/key，请另行妥善保管）"


def _unpack(tar: tarfile.TarFile, folder: Path) -> None:
    """Plain files below `folder`, nothing else. (tarfile's own "data" filter is missing from Python 3.11.2, Debian 12's.)"""
    for member in tar:
        target = (folder / member.name).resolve()
        if not member.isfile() or not target.is_relative_to(folder.resolve()) or target == folder.resolve():
            raise tarfile.TarError(f"其中有不该有的内容 {member.name!r}")
        target.parent.mkdir(parents=True, exist_ok=True)
        content = tar.extractfile(member)
        assert content is not None  # it is a plain file
        with content, target.open("xb") as out:
            shutil.copyfileobj(content, out)


def restore(file: Path, root: Path) -> str:
    """Unpacks a backup into an empty folder; a folder with anything in it is refused."""
    if not file.is_file():
        raise Refused(f"{file}：没有这个备份文件")
    if root.exists() and any(root.iterdir()):
        raise Refused(f"{root}：不是空目录。恢复只写入空目录，以免覆盖现有数据；请用 -w 指定一个新目录")
    root.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{root.name}-", dir=root.parent))
    try:
        try:
            with tarfile.open(file, "r:gz") as tar:
                _unpack(tar, staging)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise Refused(f"{file}：不是完好的备份（{error}），未写入任何内容") from None
        if not (staging / "mingcha.yml").is_file():
            raise Refused(f"{file}：其中没有 mingcha.yml，不是明察的备份，未写入任何内容")
        if root.exists():
            root.rmdir()
        staging.chmod(0o755)
        os.replace(staging, root)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return f"已恢复到 {root}；请把 var/key 放回原处，否则个人信息的比对会从头开始"
