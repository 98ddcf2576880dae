"""A grid filled from an interface: {"code": 0, "count": N, "data": [{"cf_wsh": …}]}, page and limit as parameters."""

from __future__ import annotations

import json

from sample_city import dress
from sample_city.city import City, Decision, Showing
from sample_city.plan import Portal
from sample_city.portals.shell import NOT_FOUND, Answer, page

API = "api/publicity/list"
# fmt: off
KEYS = {
    "penalty": {
        "counterparty": "cf_xdr_mc", "counterparty_code": "cf_xdr_shxym", "legal_representative": "cf_frdb", "document_number": "cf_wsh",
        "case_name": "cf_ajmc", "violation_type": "cf_wfxw", "facts": "cf_sy", "basis": "cf_yj", "category": "cf_cflb",
        "content": "cf_nr", "fine_yuan": "cf_nr_fk", "confiscation_yuan": "cf_nr_wfff", "revoked_licence": "cf_nr_zkdx",
        "decision_date": "cf_jdrq", "publicity_until": "cf_gsjzq", "authority": "cf_cfjg",
    },
    "licence": {
        "counterparty": "xk_xdr_mc", "counterparty_code": "xk_xdr_shxym", "legal_representative": "xk_frdb", "case_name": "xk_xmmc",
        "document_number": "xk_wsh", "category": "xk_xklb", "licence_name": "xk_xkzs", "licence_number": "xk_xkbh",
        "content": "xk_nr", "decision_date": "xk_jdrq", "valid_from": "xk_yxqz", "valid_to": "xk_yxqzi", "authority": "xk_xkjg",
    },
}
# fmt: on


def entry_path(portal: Portal) -> str:
    return "publicity/index.html"


def answer(
    city: City, portal: Portal, path: str, query: dict[str, str], shown: list[tuple[Decision, Showing]]
) -> Answer:
    if path == entry_path(portal):
        return _shell(city, portal)
    if path != API:
        return NOT_FOUND
    number, limit = query.get("page", "1"), query.get("limit", "10")
    if not number.isdigit() or not limit.isdigit() or int(number) < 1:
        return NOT_FOUND
    rows = [_row(*e) for e in shown for _ in range(2 if e[1].twice else 1)]
    size = min(int(limit), 100) or 10
    part = rows[(int(number) - 1) * size : int(number) * size]
    text = json.dumps({"code": 0, "msg": "", "count": len(rows), "data": part}, ensure_ascii=False)
    return Answer(content_type="application/json; charset=utf-8", body=text.encode())


def _row(decision: Decision, showing: Showing) -> dict[str, str | None]:
    texts = dress.fields(decision, showing)
    row: dict[str, str | None] = {key: texts.get(field) or None for field, key in KEYS[decision.kind].items()}
    for field, label in (("remedy", "救济渠道"), ("setting_basis", "设定依据")):
        if texts.get(field):
            row[label] = texts[field]
    row["id"] = str(decision.serial)
    row["gsrq"] = dress.date_text(showing.stated, showing.portal.dates) if showing.stated else None
    return row


def _shell(city: City, portal: Portal) -> Answer:
    kind = "penalty" if portal.kind == "penalty" else "licence"
    labels = dress.labels(portal, kind)
    columns = ", ".join(
        f"{{field: '{key}', title: '{labels[field]}'}}" for field, key in KEYS[kind].items() if field in labels
    )
    script = (
        f"<script>layui.use('table', function(){{ var table = layui.table; table.render({{ elem: '#grid', method: 'get', "
        f"url: '/{portal.id}/{API}', page: true, limit: {portal.per_page}, request: {{pageName: 'page', limitName: 'limit'}}, "
        f"cols: [[{columns}]] }}); }});</script>"
    )
    body = f'<h2>{portal.title}</h2><table id="grid" lay-filter="grid"></table>{script}'
    return page(
        portal,
        city.units[portal.unit].name,
        portal.title,
        body,
        scripts='<script src="/static/layui/layui.js"></script>\n',
    )
