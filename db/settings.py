"""The workspace and its settings (`mingcha.yml`): read once, strictly, with working defaults.

A secret is written `env:NAME`; it is resolved only when it is used, and prints as stars.
"""

from __future__ import annotations

import os
import secrets
import sys
from dataclasses import dataclass, field
from pathlib import Path

from standard.errors import Refused
from standard.strict_yaml import build_or_refuse, read_yaml


def _at_least(settings: object, least: int, *names: str) -> None:
    for name in names:
        if not getattr(settings, name) >= least:  # neither is "not a number"
            raise ValueError(f"{name} 不能小于 {least}，现为 {getattr(settings, name)}")


@dataclass(frozen=True)
class Region:
    code: str = "000000"
    name: str = "示例市"


@dataclass(frozen=True)
class CrawlSettings:
    """Politeness and limits. Seconds, connections, MiB, pages; `reread_days`: when an unchanged list entry is read again."""

    delay_s: float = 2.0
    per_host: int = 1
    hosts_at_once: int = 16
    timeout_s: float = 30.0
    retries: int = 3
    robots: bool = True
    user_agent: str | None = None
    max_body_mb: int = 64
    max_unpacked_mb: int = 256
    max_pages: int = 5000
    reread_days: int = 60

    def __post_init__(self) -> None:
        _at_least(self, 0, "delay_s", "retries")
        _at_least(
            self,
            1,
            "per_host",
            "hosts_at_once",
            "timeout_s",
            "max_body_mb",
            "max_unpacked_mb",
            "max_pages",
            "reread_days",
        )


@dataclass(frozen=True)
class EvidenceSettings:
    retain_days: int = 1095
    budget_gb: float = 50

    def __post_init__(self) -> None:
        _at_least(self, 1, "retain_days")
        _at_least(self, 0, "budget_gb")


@dataclass(frozen=True)
class ConfirmSettings:
    codes: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Secret:
    """A secret's address. `reveal()` is called only where it is used."""

    address: str

    def reveal(self) -> str:
        name = self.address.removeprefix("env:")
        value = os.environ.get(name)
        if value is None:
            raise Refused(f"mingcha.yml：{self.address} 指向的环境变量 {name} 未设置，请设置后再运行")
        return value

    def __repr__(self) -> str:
        return "******"


@dataclass(frozen=True)
class MailSettings:
    """`tls: true` on port 465 is implicit TLS, on another port STARTTLS."""

    host: str | None = None
    port: int = 465
    tls: bool = True
    user: str | None = None
    password: str | None = None  # "env:NAME"
    sender: str | None = None

    def __post_init__(self) -> None:
        if self.password is not None and not self.password.startswith("env:"):
            raise ValueError('password 不能写明文，请写成 "env:MINGCHA_MAIL_PASSWORD" 并设置该环境变量')

    @property
    def secret(self) -> Secret | None:
        return None if self.password is None else Secret(self.password)


@dataclass(frozen=True)
class ConsoleSettings:
    host: str = "127.0.0.1"
    port: int = 8600


@dataclass(frozen=True)
class Settings:
    region: Region = field(default_factory=Region)
    database: str = "sqlite"
    crawl: CrawlSettings = field(default_factory=CrawlSettings)
    evidence: EvidenceSettings = field(default_factory=EvidenceSettings)
    confirm: ConfirmSettings = field(default_factory=ConfirmSettings)
    mail: MailSettings = field(default_factory=MailSettings)
    console: ConsoleSettings = field(default_factory=ConsoleSettings)


@dataclass(frozen=True)
class Workspace:
    """A folder with everything one installation owns. `Workspace.open` refuses a folder that is none."""

    root: Path
    settings: Settings

    @classmethod
    def open(cls, root: Path | str) -> Workspace:
        root = Path(root).resolve()
        file = root / "mingcha.yml"
        if not file.is_file():
            raise Refused(f"{root}：不是工作区（缺少 mingcha.yml）。请用 mingcha init {root} 建立，或用 -w 指定工作区")
        settings = build_or_refuse(Settings, read_yaml(file), str(file))
        # The office's own editions and words; the module is slow to import, so only when there are or were any.
        if (root / "standard").is_dir() or "standard.additions" in sys.modules:
            from standard import additions

            additions.load(root / "standard")
        return cls(root, settings)

    @property
    def var(self) -> Path:
        return self.root / "var"

    @property
    def evidence(self) -> Path:
        return self.var / "evidence"

    @property
    def reports(self) -> Path:
        return self.var / "reports"

    @property
    def logs(self) -> Path:
        return self.var / "logs"

    @property
    def periods(self) -> Path:
        return self.var / "periods"

    @property
    def registry(self) -> Path:
        return self.root / "registry"

    @property
    def schemes(self) -> Path:
        return self.root / "schemes"

    @property
    def calendar(self) -> Path:
        return self.root / "calendar"

    @property
    def key(self) -> bytes:
        """The key of this installation's hashes of personal codes; made once, kept in var/key, never in git or a backup sent out."""
        file = self.var / "key"
        if not file.exists():
            self.var.mkdir(parents=True, exist_ok=True)
            fresh = self.var / f".key-{os.getpid()}"
            fresh.write_bytes(secrets.token_bytes(32))
            fresh.chmod(0o600)
            try:
                os.link(fresh, file)  # atomic: of two processes that start at once, one key wins
            except FileExistsError:
                pass
            fresh.unlink()
        return file.read_bytes()

    @property
    def database_url(self) -> str:
        """`sqlite` means var/mingcha.db; `env:NAME` is resolved; anything else is a SQLAlchemy URL."""
        text = self.settings.database
        if text == "sqlite":
            return f"sqlite:///{self.var / 'mingcha.db'}"
        return Secret(text).reveal() if text.startswith("env:") else text
