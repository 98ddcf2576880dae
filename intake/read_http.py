"""Records of a JSON interface, page by page, with a token. Standard library only; certificates are verified."""

from __future__ import annotations

import hashlib
import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

from db.settings import Secret
from intake.mapping import Mapping
from intake.read_json import text_of
from standard.errors import Refused

_TRIES = 3
_MAX_BODY = 64 << 20
_MAX_PAGES = 100_000
_PAUSE_S = 0.5


class _Stay(urllib.request.HTTPRedirectHandler):
    """Another address would be given the token: a redirect is told, not followed."""

    def redirect_request(self, req: Any, fp: Any, code: int, msg: str, headers: Any, newurl: str) -> None:
        return None


def read_http(mapping: Mapping, since: str | None, where: str) -> Iterator[dict[str, str]]:
    """Each record as texts by key. Raises Refused when the interface does not answer as the mapping says."""
    opener = urllib.request.build_opener(_Stay())
    seen: set[bytes] = set()
    read = 0
    for turn in range(_MAX_PAGES):
        number = mapping.page.first + turn
        body = _get(opener, mapping, number, since, where)
        records = _records(body, mapping, where)
        if not records:
            return
        digest = hashlib.sha256(json.dumps(records, sort_keys=True).encode()).digest()
        if digest in seen:
            raise Refused(
                f"{where}：接口第 {number} 页与前面某页完全相同，可能不识别页码参数 {mapping.page.number}，请核对 page 设置"
            )
        seen.add(digest)
        for record in records:
            yield {str(key).encode("utf-8", "replace").decode(): text_of(value) for key, value in record.items()}
        read += len(records)
        total = _dig(body, mapping.total) if mapping.total else None
        if isinstance(total, int) and not isinstance(total, bool):
            if read >= total:
                return
        elif len(records) < mapping.page.rows:
            return
    raise Refused(f"{where}：接口超过 {_MAX_PAGES} 页，请核对 page 设置")


def _get(opener: urllib.request.OpenerDirector, mapping: Mapping, number: int, since: str | None, where: str) -> Any:
    asked = {**mapping.params, mapping.page.number: str(number), mapping.page.size: str(mapping.page.rows)}
    if since is not None and mapping.since:
        asked[mapping.since] = since
    address = mapping.address
    shown = address.split("?")[0]
    url = address + ("&" if "?" in address else "?") + urllib.parse.urlencode(asked)
    headers = {"Accept": "application/json", "User-Agent": "mingcha"}
    if mapping.token is not None:
        headers[mapping.header] = f"{mapping.scheme} {Secret(mapping.token).reveal()}".strip()
    said = ""
    for attempt in range(_TRIES):
        if attempt:
            time.sleep(_PAUSE_S * 2**attempt)
        try:
            request = urllib.request.Request(url, headers=headers)  # noqa: S310 - http and https only, checked
            with opener.open(request, timeout=mapping.timeout_s) as answer:
                body = answer.read(_MAX_BODY + 1)
            if len(body) > _MAX_BODY:
                raise Refused(f"{where}：接口 {shown} 一页超过 64 MB，请调小 page.rows")
            return json.loads(body)
        except urllib.error.HTTPError as error:
            error.close()
            if error.code in (401, 403):
                raise Refused(
                    f"{where}：接口 {shown} 拒绝了令牌（{error.code}），请检查 token 所指环境变量与接口权限"
                ) from None
            if 300 <= error.code < 400:
                raise Refused(
                    f"{where}：接口 {shown} 转向了别处（{error.code}），为免泄露令牌未跟随，请把 url 改为最终地址"
                ) from None
            if error.code < 500 and error.code != 429:
                raise Refused(f"{where}：接口 {shown} 返回 {error.code}，请核对地址与参数") from None
            said = f"返回 {error.code}"
        except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
            reason = getattr(error, "reason", error)
            if "CERTIFICATE" in str(reason):
                raise Refused(
                    f"{where}：接口 {shown} 的证书无法验证（{reason}），请安装单位的根证书或更正地址"
                ) from None
            said = f"没有应答（{reason}）"
        except (ValueError, RecursionError) as error:
            raise Refused(f"{where}：接口 {shown} 返回的不是 JSON（{str(error)[:100]}），请核对地址") from None
    raise Refused(
        f"{where}：接口 {shown} 第 {number} 页 {_TRIES} 次都失败，{said}；已写入的不受影响，请稍后重新运行，会从断点继续"
    )


def _records(body: Any, mapping: Mapping, where: str) -> list[dict[str, Any]]:
    found = _dig(body, mapping.rows) if mapping.rows else _first_list(body, 0)
    if found is None:
        found = []
    if not isinstance(found, list) or any(not isinstance(item, dict) for item in found):
        raise Refused(
            f"{where}：接口返回中 {mapping.rows or '（未写 rows）'} 不是记录列表，请在 rows 写明列表所在的路径，如 data.list"
        )
    return found


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
