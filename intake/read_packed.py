"""The files of a rar or 7z archive that was submitted: whole, or refused in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from containers import ABSENT, PART, PASSWORD, TOO_LARGE, TOO_MANY, Fault
from containers.packed import RAR, members
from standard.errors import Refused

_UNPACK = "请解压后导入，或改用 zip 压缩"


def unpacked(
    content: bytes, where: str, wanted: Callable[[str], bool], limit: int, most: int
) -> Iterator[tuple[str, bytes | None]]:
    """Every file by its name; None for one that is not `wanted`. Raises Refused when it cannot be unpacked whole."""
    kind = "RAR" if content.startswith(RAR) else "7z"
    try:
        for name, found in members(content, wanted, limit, most):
            if isinstance(found, Fault):
                raise _refused(found, f"{where} 内的 {name}", kind, limit, most)
            yield name, found
    except Fault as fault:
        raise _refused(fault, where, kind, limit, most) from None
    except ImportError:
        raise Refused(f"{where}：是 {kind} 压缩包，本机没有安装解压组件，{_UNPACK}") from None


def _refused(fault: Fault, where: str, kind: str, limit: int, most: int) -> Refused:
    told = {
        PASSWORD: f"设有密码，{_UNPACK}",
        PART: f"是分卷压缩，缺少其他卷，{_UNPACK}",
        ABSENT: f"没有解出内容，压缩包可能已损坏，{_UNPACK}",
        TOO_LARGE: f"解压后超过 {limit >> 20} MB，请分批导入，或在 mingcha.yml 中调大 crawl.max_unpacked_mb",
        TOO_MANY: f"压缩包内文件超过 {most} 个，请分批导入",
    }
    return Refused(
        f"{where}：{told.get(fault.kind) or f'{kind} 压缩包已损坏或版本不支持（{fault.detail}），{_UNPACK}'}"
    )
