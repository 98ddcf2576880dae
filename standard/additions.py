"""What an office adds to the standard without code: `standard/editions/*.yml` and `standard/aliases/*.yml` of its workspace.

A new 填报说明 is one file under `editions/` (shaped as standard/editions.yml, see `standard.editions.add`); words for columns
that only this city uses are a file under `aliases/`:

    fields:
      counterparty: {penalty: [惩处对象全名], both: [主体全名]}
    typos: {行正相对人: 行政相对人}

Both are read when the workspace is opened, strictly, and every fault of every file is told at once. What one process has
loaded belongs to the workspace it opened last.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from standard import aliases, editions, kinds
from standard.aliases import normalise
from standard.errors import Refused
from standard.fields import FIELDS, Alias, add_words, remove_fields, remove_words
from standard.strict_yaml import nearest, read_yaml

FOLDERS = ("editions", "aliases")
Signature = tuple[tuple[str, int, int], ...]


class _Loaded:
    """What is loaded at this moment."""

    folder: Path | None = None
    signature: Signature = ()
    editions: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    words: bool = False


def folder() -> Path | None:
    """The folder whose files are loaded, for processes started beside this one; None when there are none."""
    return _Loaded.folder if _Loaded.signature else None


def load(folder: Path) -> tuple[str, ...]:
    """Reads a workspace's own editions and words in place of those loaded before; gives the editions' names.

    Raises Refused with every fault of every file; then nothing of the folder is known.
    """
    files = _files(folder)
    signature = tuple((str(file), file.stat().st_mtime_ns, file.stat().st_size) for _, file in files)
    if signature == _Loaded.signature and (folder == _Loaded.folder or not signature):
        return _Loaded.editions
    unload()
    faults: list[str] = _misplaced(folder)
    added: list[str] = []
    before = set(FIELDS)
    for _, file in [pair for pair in files if pair[0] == "editions"]:
        try:
            added += editions.add(file)
        except Refused as refused:
            faults += refused.faults
    _Loaded.editions, _Loaded.fields = tuple(added), tuple(sorted(set(FIELDS) - before))
    words: list[Alias] = []
    typos: dict[str, str] = {}
    for _, file in [pair for pair in files if pair[0] == "aliases"]:
        try:
            _read_words(file, words, typos, faults)
        except Refused as refused:
            faults += refused.faults
    if faults:
        unload()
        raise Refused(*faults)
    if words or typos:
        add_words(words, typos)
        aliases.forget()
        _Loaded.words = True
    _Loaded.folder, _Loaded.signature = folder, signature
    return _Loaded.editions


def unload() -> None:
    """Forgets what was added."""
    if _Loaded.words:
        remove_words()
    if _Loaded.fields:
        remove_fields(_Loaded.fields)
    if _Loaded.editions or _Loaded.words:
        editions.remove(*_Loaded.editions)
    _Loaded.folder, _Loaded.signature, _Loaded.words = None, (), False
    _Loaded.editions = _Loaded.fields = ()


def _files(folder: Path) -> list[tuple[str, Path]]:
    if not folder.is_dir():
        return []
    return [
        (name, file)
        for name in FOLDERS
        for file in sorted((folder / name).glob("*.y*ml"))
        if file.suffix in (".yml", ".yaml") and file.is_file()
    ]


def _misplaced(folder: Path) -> list[str]:
    """Files that would be silently passed over."""
    if not folder.is_dir():
        return []
    faults = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir() and entry.name not in FOLDERS:
            faults.append(f"{entry}：没有这个目录{nearest(entry.name, FOLDERS)}")
        elif entry.is_file() and entry.suffix in (".yml", ".yaml"):
            faults.append(f"{entry}：请放到 {folder / 'editions'} 或 {folder / 'aliases'} 中")
    return faults


def _read_words(file: Path, words: list[Alias], typos: dict[str, str], faults: list[str]) -> None:
    content = read_yaml(file)
    if not isinstance(content, dict) or not content:
        faults.append(f"{file}：应有 fields 或 typos，写法见 docs/standard.md")
        return
    for key in content:
        if key not in ("fields", "typos"):
            faults.append(f"{file}：未知的键 {key}{nearest(str(key), ('fields', 'typos'))}")
    fields, slips = content.get("fields") or {}, content.get("typos") or {}
    if not isinstance(fields, dict) or not isinstance(slips, dict):
        faults.append(f"{file}：fields 与 typos 应为“键: 值”的映射")
        return
    for field, by_kind in fields.items():
        where = f"{file}：fields.{field}"
        if field not in FIELDS:
            faults.append(f"{where}：没有要素 {field}{nearest(str(field), FIELDS)}")
        elif not isinstance(by_kind, dict):
            faults.append(f"{where}：应写成 {{both: [列名]}} 或 {{penalty: [列名]}}")
        else:
            for kind, labels in by_kind.items():
                _labels_of(where, str(field), str(kind), labels, words, faults)
    for wrong, right in slips.items():
        if not isinstance(wrong, str) or not isinstance(right, str) or len(wrong) < 2:
            faults.append(f"{file}：typos.{wrong}：应为“错字: 正字”，错字至少两个字")
        else:
            typos[wrong] = right


def _labels_of(where: str, field: str, kind: str, labels: Any, words: list[Alias], faults: list[str]) -> None:
    valid = ("both", *kinds.KINDS)
    if kind not in valid:
        faults.append(f"{where}.{kind}：没有信息类别 {kind}{nearest(kind, valid)}")
        return
    if not isinstance(labels, list) or not all(isinstance(label, str) and label.strip() for label in labels):
        faults.append(f"{where}.{kind}：应为列名的列表，如 [惩处对象全名]")
        return
    for label in labels:
        of_kinds = (kind,) if kind != "both" else kinds.JUDGED
        taken = [held for one in of_kinds if (held := aliases.standard_field(label, one)) not in (None, field)]
        if taken:
            faults.append(
                f"{where}.{kind}：“{label}”是标准模板的列名，属于 {taken[0]}（{FIELDS[str(taken[0])].label}），不能改作 {field}"
            )
        elif not normalise(label)[0]:
            faults.append(f"{where}.{kind}：“{label}”去掉括号与说明后没有内容")
        else:
            words.append(Alias(label, field, kind))


__all__ = ["FOLDERS", "folder", "load", "unload"]
