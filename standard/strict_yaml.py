"""YAML into dataclasses, strictly: every unknown, missing or mistyped key is told, with file, entry, key and nearest name.

One reader serves `mingcha.yml`, `units.yml`, portals, families' `Options`, schemes and calendars.

    class Delay: seconds: int = 2
    faults: list[str] = []
    build(Delay, {"second": 3}, where="mingcha.yml", faults=faults)   # faults: mingcha.yml：未知的键 second，是否想写 seconds？
"""

from __future__ import annotations

import dataclasses
import datetime
import difflib
import types
import typing
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import yaml

from standard.errors import Refused

T = TypeVar("T")
_YAML_LIMIT = 16 * 1024 * 1024  # a registry of 2,000 portals is under 2 MB; larger is not a settings file

try:
    from yaml import CSafeLoader as _BaseLoader
except ImportError:  # pragma: no cover - PyYAML built without libyaml
    from yaml import SafeLoader as _BaseLoader  # type: ignore[assignment]


class _Loader(_BaseLoader):
    """Safe loader that refuses a key written twice (YAML itself would silently keep the last) and keeps dates as text."""


def _mapping(loader: Any, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
    seen: set[Any] = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node, deep=True)
        if isinstance(key, (list, dict)):
            raise yaml.constructor.ConstructorError(None, None, "键必须是文字", key_node.start_mark)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"键 {key} 写了两次", key_node.start_mark)
        seen.add(key)
    loader.flatten_mapping(node)
    return {loader.construct_object(k, deep=True): loader.construct_object(v, deep=True) for k, v in node.value}


def _timestamp(loader: Any, node: yaml.ScalarNode) -> Any:
    """A date; one that does not exist (2026-13-01) stays text, and whoever wants a date says where it stands."""
    try:
        return loader.construct_yaml_timestamp(node)
    except ValueError:
        return loader.construct_scalar(node)


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _timestamp)
_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def read_yaml(path: Path) -> Any:
    """The content of one YAML file. Raises Refused naming file, line and cure when it cannot be read."""
    return parse_yaml(read_text(path), str(path))


def read_text(path: Path) -> str:
    """The text of one settings file. Raises Refused when it cannot be read."""
    try:
        if path.stat().st_size > _YAML_LIMIT:
            raise Refused(f"{path}：文件超过 16 MB，不像配置文件，请检查")
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise Refused(f"{path}：文件不存在，请先运行 mingcha init 建立工作区，或检查路径") from None
    except UnicodeDecodeError as error:
        raise Refused(f"{path}：不是 UTF-8 编码（第 {error.start} 字节），请用 UTF-8 另存") from None
    except OSError as error:
        raise Refused(f"{path}：无法读取（{error.strerror}）") from None


def parse_yaml(text: str, where: str) -> Any:
    """The content of YAML text; `where` names it in the message."""
    try:
        return yaml.load(text, Loader=_Loader)  # noqa: S506 - a SafeLoader subclass
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"第 {mark.line + 1} 行第 {mark.column + 1} 列" if mark else "位置不明"
        raise Refused(
            f"{where}：{line} 不是合法的 YAML（{getattr(error, 'problem', None) or error}），请检查缩进、冒号与引号"
        ) from None
    except (ValueError, RecursionError) as error:
        raise Refused(f"{where}：内容无法解析（{error}）") from None


def nearest(word: str, words: typing.Iterable[str]) -> str:
    """A hint `，是否想写 X？` for the nearest valid name, or the list of valid names when none is near."""
    choices = sorted(str(w) for w in words)
    close = difflib.get_close_matches(str(word), choices, n=1, cutoff=0.5)
    if close:
        return f"，是否想写 {close[0]}？"
    return f"，可用：{'、'.join(choices[:20])}" if choices else ""


def build(cls: type[T], data: Any, where: str, faults: list[str], *, ignore: frozenset[str] = frozenset()) -> T | None:
    """Build dataclass `cls` from a mapping. Appends every fault to `faults`; returns None if any fault was added.

    A field's metadata may carry `key` (its name in YAML when it differs) and `choices` (the allowed values).
    """
    before = len(faults)
    if data is None:
        data = {}
    if not isinstance(data, dict):
        faults.append(f"{where}：应为“键: 值”的映射，实为 {_kind(data)}")
        return None
    hints, fields = _shape(cls)  # type: ignore[arg-type]
    for key in data:
        if key not in fields and key not in ignore:
            faults.append(f"{where}：未知的键 {key}{nearest(str(key), fields)}")
    values: dict[str, Any] = {}
    for key, field in fields.items():
        required = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if key not in data:
            if required:
                faults.append(f"{where}：缺少必填的键 {key}")
            continue
        values[field.name] = _convert(hints[field.name], data[key], f"{where}：{key}", faults, field.metadata)
    if len(faults) > before:
        return None
    try:
        return cls(**values)
    except ValueError as error:  # a dataclass may check itself in __post_init__
        faults.append(f"{where}：{error}")
        return None


@lru_cache(maxsize=256)
def _shape(cls: type) -> tuple[dict[str, Any], dict[str, dataclasses.Field[Any]]]:
    """A dataclass's types and its fields by their names in YAML: found once, for lists have hundreds of entries."""
    return typing.get_type_hints(cls), {f.metadata.get("key", f.name): f for f in dataclasses.fields(cls) if f.init}


def build_or_refuse(cls: type[T], data: Any, where: str) -> T:
    """As `build`, but raises Refused with all faults."""
    faults: list[str] = []
    built = build(cls, data, where, faults)
    if built is None:
        raise Refused(*faults)
    return built


def _kind(value: Any) -> str:
    names = {dict: "映射", list: "列表", str: f"文字“{value}”", bool: f"真假值 {value}", type(None): "空"}
    return names.get(type(value), f"{value!r}")


def _convert(hint: Any, value: Any, where: str, faults: list[str], metadata: typing.Mapping[str, Any]) -> Any:
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        if value is None and type(None) in args:
            return None
        rest = [a for a in args if a is not type(None)]
        for option in rest[:-1]:
            trial: list[str] = []
            converted = _convert(option, value, where, trial, metadata)
            if not trial:
                return converted
        return _convert(rest[-1], value, where, faults, metadata)
    if origin is list:
        if not isinstance(value, list):
            faults.append(f"{where}：应为列表，实为 {_kind(value)}")
            return None
        return [_convert(args[0], v, f"{where}[{i + 1}]", faults, metadata) for i, v in enumerate(value)]
    if origin is dict:
        if not isinstance(value, dict):
            faults.append(f"{where}：应为“键: 值”的映射，实为 {_kind(value)}")
            return None
        return {str(k): _convert(args[1], v, f"{where}.{k}", faults, {}) for k, v in value.items()}
    if origin is typing.Literal:
        if value not in args:
            faults.append(f"{where}：不能是 {value}{nearest(str(value), [str(a) for a in args])}")
        return value
    if dataclasses.is_dataclass(hint):
        return build(typing.cast(type, hint), value, where, faults)
    if hint is datetime.date:
        return _date(value, where, faults)
    if hint is str:
        if isinstance(value, (datetime.date, datetime.datetime)):
            return value.isoformat()
        if isinstance(value, bool) or not isinstance(value, (str, int, float)):
            faults.append(f"{where}：应为文字，实为 {_kind(value)}")
            return None
        if not isinstance(value, str):
            faults.append(f"{where}：应为文字，{value!r} 会被当作数字而丢掉前导零，请加引号")
            return None
        choices = metadata.get("choices")
        if choices and value not in choices:
            faults.append(f"{where}：不能是 {value}{nearest(value, choices)}")
        return value
    if hint is bool:
        if not isinstance(value, bool):
            faults.append(f"{where}：应为 true 或 false，实为 {_kind(value)}")
        return value
    if hint is int:
        if isinstance(value, bool) or not isinstance(value, int):
            faults.append(f"{where}：应为整数，实为 {_kind(value)}")
            return None
        return value
    if hint is float:
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            faults.append(f"{where}：应为数字，实为 {_kind(value)}")
            return None
        return float(value)
    raise TypeError(f"strict_yaml cannot build {hint!r}")


def _date(value: Any, where: str, faults: list[str]) -> datetime.date | None:
    if isinstance(value, datetime.datetime):
        return value.date()
    if isinstance(value, datetime.date):
        return value
    try:
        return datetime.date.fromisoformat(str(value))
    except ValueError:
        faults.append(f"{where}：应为日期（如 2026-09-30），实为 {_kind(value)}")
        return None
