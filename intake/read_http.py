"""Records of a JSON interface, page by page, with a token. Standard library only; certificates are verified.

An interface that answers an error as if it were an empty list would accuse every unit behind it: only an answer that is
understood, and has as many records as it says, counts as read to the end.
"""

from __future__ import annotations

import email.utils
import hashlib
import http.client
import json
import re
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from db.settings import Secret
from intake.mapping import Mapping
from intake.read_csv import decode
from intake.read_json import text_of
from standard import privacy
from standard.errors import Refused

_TRIES = 4
_MAX_BODY = 64 << 20
_MAX_PAGES = 100_000
_PAUSE_S = 0.5
_MAX_PAUSE_S = 60
_TIMEOUT_S = 30
_SLOW = 10  # a page may take so many times the time-out, a byte now and then
_CHUNK = 1 << 16
_HOPS = 5
_FINE = frozenset(
    ["0", "00", "000", "0000", "000000", "1", "200", "20000", "10000", "true", "ok", "success", "succeed", "s", "y"]
)
_STATES = ("code", "status", "success", "errcode", "resultcode", "returncode", "retcode", "state", "flag", "result")
_SAYS = ("message", "msg", "errmsg", "error", "info", "description")
_LINK = re.compile(r'<([^<>]*)>\s*;[^,]*\brel="?next\b')


class _Stay(urllib.request.HTTPRedirectHandler):
    """Redirects within the same server are followed; another one would be given the token: that is told instead."""

    max_redirections = _HOPS

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> Any:
        if req.get_method() != "GET" or not _same_server(req.full_url, newurl):
            return None
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def _same_server(old: str, new: str) -> bool:
    a, b = urllib.parse.urlsplit(old), urllib.parse.urlsplit(urllib.parse.urljoin(old, new))
    return (a.scheme, a.hostname, a.port) == (b.scheme, b.hostname, b.port) or (
        a.hostname == b.hostname and (a.scheme, b.scheme) == ("http", "https") and a.port is None and b.port is None
    )


@dataclass
class _Answer:
    """One page: its JSON and the address its Link header names next."""

    body: Any
    next: str | None


def read_http(mapping: Mapping, since: str | None, where: str) -> Iterator[dict[str, str]]:
    """Each record as texts by key. Raises Refused when the interface does not answer as the mapping says."""
    session = _Session(mapping, since, where)
    page = mapping.page
    seen: set[bytes] = set()
    read = 0
    at: str | None = None if page.kind in ("cursor", "link", "none") else str(page.first)
    short = (
        False  # the page before was not full: the last one, unless the server gives less at once than it is asked for
    )
    for turn in range(1, _MAX_PAGES + 1):
        answer = session.get(turn, at, beyond=short)
        if answer is None:
            return
        records = session.records(answer.body, turn)
        total = _whole(_dig(answer.body, mapping.total)) if mapping.total else None
        if records:
            digest = hashlib.sha256(json.dumps(records, sort_keys=True).encode()).digest()
            if digest in seen and short and total is None:
                return  # beyond the end some servers give the last page again
            if digest in seen:
                raise Refused(
                    f"{where}：接口第 {turn} 页与前面某页完全相同，可能不识别分页参数 {page.number}，请核对 page 设置"
                )
            seen.add(digest)
        for record in records:
            yield {str(key).encode("utf-8", "replace").decode(): text_of(value) for key, value in record.items()}
        read += len(records)
        short = len(records) < page.rows
        at = session.after(answer, turn, read)
        if at is None or not records or (total is not None and read >= total):
            if total is not None and read < total:
                raise Refused(
                    f"{where}：接口称共 {total} 条，读到第 {turn} 页只有 {read} 条，不能当作已读全，请核对 page 与 total 设置，"
                    "或联系接口方"
                )
            return
    raise Refused(f"{where}：接口超过 {_MAX_PAGES} 页，请核对 page 设置")


class _Session:
    """One reading of an interface."""

    def __init__(self, mapping: Mapping, since: str | None, where: str) -> None:
        self.mapping, self.where = mapping, where
        self.shown = mapping.address.split("?")[0]
        self.seconds = mapping.timeout_s or _TIMEOUT_S
        self.fixed = {
            name: Secret(text).reveal() if text.startswith("env:") else text for name, text in mapping.params.items()
        }
        if since is not None and mapping.since:
            self.fixed[mapping.since] = since
        self.headers = {"Accept": "application/json", "User-Agent": "mingcha"}
        self.secrets = [self.fixed[name] for name, text in mapping.params.items() if text.startswith("env:")]
        if mapping.token is not None:
            token = Secret(mapping.token).reveal()
            self.secrets.append(token)
            self.headers[mapping.header] = f"{mapping.scheme} {token}".strip()
        try:
            context = ssl.create_default_context(cafile=mapping.ca_file)
        except (ssl.SSLError, OSError) as error:
            raise Refused(f"{where}：ca_file 不是可用的证书（{error}），请提供 PEM 格式的根证书") from None
        self.opener = urllib.request.build_opener(_Stay(), urllib.request.HTTPSHandler(context=context))

    # ------------------------------------------------------------ pages

    def after(self, answer: _Answer, turn: int, read: int) -> str | None:
        """What asks for the next page; None when this was the last."""
        page = self.mapping.page
        if page.kind == "number":
            return str(page.first + turn)
        if page.kind == "offset":
            return str(page.first + read)
        if page.kind == "none":
            return None
        stated = _dig(answer.body, page.next) if page.next else answer.next
        if stated is None or stated is False or stated == "":
            return None
        if not isinstance(stated, (str, int)):
            raise Refused(f"{self.where}：接口返回中 {page.next} 不是下一页的游标或地址，请核对 page.next")
        return str(stated)

    def request(self, at: str | None) -> urllib.request.Request:
        mapping, page = self.mapping, self.mapping.page
        address = mapping.address
        asked: dict[str, str] = {} if page.kind == "none" or not page.size else {page.size: str(page.rows)}
        asked = {**self.fixed, **asked}
        if page.kind == "link" and at is not None:
            address = urllib.parse.urljoin(address, at)
            if not _same_server(mapping.address, address):
                other = urllib.parse.urlsplit(address).hostname
                raise Refused(
                    f"{self.where}：接口 {self.shown} 的下一页指向另一台服务器 {other}，为免泄露令牌未读取，请联系接口方"
                )
            asked = {}
        elif at is not None:
            asked[page.number] = at
        headers = dict(self.headers)
        body: bytes | None = None
        if mapping.method == "POST":
            headers["Content-Type"] = "application/json; charset=utf-8"
            numbers = {page.number, page.size} if page.kind in ("number", "offset") else {page.size}
            body = json.dumps({k: int(v) if k in numbers else v for k, v in asked.items()}, ensure_ascii=False).encode()
        elif mapping.method == "FORM":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode(asked).encode()
        elif asked:
            address += ("&" if "?" in address else "?") + urllib.parse.urlencode(asked)
        return urllib.request.Request(address, data=body, headers=headers)  # noqa: S310 - http and https only, checked

    def get(self, turn: int, at: str | None, beyond: bool = False) -> _Answer | None:
        """One page, asked for again while the server is only busy. Raises Refused, saying what to do.

        None: there is no such page, where that is likely (`beyond`).
        """
        where, shown = self.where, self.shown
        said, wait = "", 0.0
        for attempt in range(_TRIES):
            if attempt:
                time.sleep(max(wait, _PAUSE_S * 2**attempt))
            wait = 0.0
            try:
                with self.opener.open(self.request(at), timeout=self.seconds) as answer:
                    body = self.read(answer)
                    link = _LINK.search(answer.headers.get("Link") or "")
                return _Answer(self.parsed(body), link[1] if link else None)
            except urllib.error.HTTPError as error:
                wait = _asked_to_wait(error.headers.get("Retry-After"))
                error.close()
                if beyond and error.code in (400, 404, 416):
                    return None
                self.settled(error.code)
                said = f"返回 {error.code}" + ("（请求过于频繁）" if error.code == 429 else "")
            except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
                reason = getattr(error, "reason", error)
                if isinstance(reason, ssl.SSLCertVerificationError) or "CERTIFICATE" in str(reason):
                    raise Refused(
                        f"{where}：接口 {shown} 的证书无法验证（{getattr(reason, 'verify_message', None) or reason}），未发送令牌。"
                        "请核对地址；若用的是单位自建的证书，请在映射文件中写 ca_file: 根证书.pem"
                    ) from None
                said = f"没有应答（{self.hidden(str(reason))[:200]}）"
        raise Refused(
            f"{where}：接口 {shown} 第 {turn} 页 {_TRIES} 次都失败，{said}；已写入的不受影响，请稍后重新运行，会从断点继续"
        )

    def settled(self, code: int) -> None:
        """Raises Refused for an answer that asking again would not change."""
        where, shown = self.where, self.shown
        if code in (401, 407):
            raise Refused(
                f"{where}：接口 {shown} 不认令牌（{code}），可能有误或已过期，请更新 token 所指环境变量"
            ) from None
        if code == 403:
            raise Refused(f"{where}：接口 {shown} 拒绝访问（403），请向接口方申请权限或将本机加入白名单") from None
        if 300 <= code < 400:
            raise Refused(
                f"{where}：接口 {shown} 转向了别处（{code}），为免泄露令牌未跟随，请把 url 改为最终地址"
            ) from None
        if code < 500 and code not in (408, 425, 429):
            raise Refused(f"{where}：接口 {shown} 返回 {code}，请核对地址、method 与参数") from None

    def read(self, answer: Any) -> bytes:
        """The whole body, bounded in size and time."""
        until = time.monotonic() + self.seconds * _SLOW
        packed = (answer.headers.get("Content-Encoding") or "").lower() in ("gzip", "deflate")
        unpack = zlib.decompressobj(wbits=47) if packed else None
        body = bytearray()
        while chunk := answer.read1(_CHUNK):
            try:
                body += unpack.decompress(chunk, _MAX_BODY + 1) if unpack else chunk
            except zlib.error as error:
                raise OSError(f"压缩内容损坏：{error}") from None
            if len(body) > _MAX_BODY:
                raise Refused(f"{self.where}：接口 {self.shown} 一页超过 64 MB，请调小 page.rows")
            if time.monotonic() > until:
                raise TimeoutError(f"{self.seconds * _SLOW} 秒内没有传完一页")
        if answer.length:  # what was announced did not come
            raise http.client.IncompleteRead(bytes(body[:0]), answer.length)
        return bytes(body)

    def parsed(self, body: bytes) -> Any:
        text = decode(body)
        try:
            if text is None:
                raise ValueError("不是文本")
            return json.loads(text.lstrip("\ufeff"))
        except (ValueError, RecursionError) as error:
            page = body.lstrip()[:1] == b"<"
            what = "返回的是网页而不是 JSON，可能需要登录" if page else f"返回的不是 JSON（{str(error)[:100]}）"
            raise Refused(f"{self.where}：接口 {self.shown} {what}，请核对地址、令牌与参数") from None

    # ------------------------------------------------------------ records

    def records(self, body: Any, turn: int) -> list[dict[str, Any]]:
        """The records of one page. Raises Refused when the answer says an error, or has no list at all."""
        mapping, where = self.mapping, self.where
        found = _dig(body, mapping.rows) if mapping.rows else _first_list(body, 0)
        if not found:
            fault = _fault(body)
            if fault:
                raise Refused(
                    f"{where}：接口 {self.shown} 返回错误（{self.hidden(fault)[:200]}），没有数据，不能当作“无新增”，"
                    "请核对令牌与参数，或联系接口方"
                )
        if found is None and turn > 1:
            return []
        if found is None and mapping.total and _dig(body, mapping.total) in (0, "0"):
            return []
        if not isinstance(found, list) or any(not isinstance(item, dict) for item in found):
            keys = "、".join(str(key) for key in body)[:200] if isinstance(body, dict) else type(body).__name__
            raise Refused(
                f"{where}：接口返回中 {mapping.rows or '（未写 rows）'} 不是记录列表（返回的键：{keys}），"
                "请在 rows 写明列表所在的路径，如 data.list"
            )
        return found

    def hidden(self, text: str) -> str:
        for secret in self.secrets:
            if secret:
                text = text.replace(secret, "***")
        return privacy.mask(text)


def _fault(body: Any) -> str | None:
    """What an answer says went wrong, when one of its states is none of success."""
    if not isinstance(body, dict):
        return None
    for key, value in body.items():
        if str(key).lower().replace("_", "") in _STATES and isinstance(value, (str, int, float, bool)):
            if str(value).strip().lower() in _FINE:
                continue
            said = next((str(text) for name, text in body.items() if str(name).lower() in _SAYS and text), "")
            return f"{key} {value}{'：' + said if said else ''}"
    return None


def _asked_to_wait(text: str | None) -> float:
    """Seconds of a Retry-After header, bounded."""
    if text is None:
        return 0.0
    if text.strip().isdigit():
        return min(float(text), _MAX_PAUSE_S)
    with suppress(ValueError, TypeError):
        return min(max(email.utils.parsedate_to_datetime(text).timestamp() - time.time(), 0.0), _MAX_PAUSE_S)
    return 0.0


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isdigit():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _dig(body: Any, path: str | None) -> Any:
    for key in (path or "").split("."):
        body = body.get(key) if isinstance(body, dict) else None
    return body


def _first_list(body: Any, depth: int) -> Any:
    if isinstance(body, list):
        return body
    if isinstance(body, dict) and depth < 5:
        for value in body.values():
            found = _first_list(value, depth + 1)
            if isinstance(found, list):
                return found
    return None
