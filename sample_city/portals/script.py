"""A page whose table exists only after its script ran: it fetches a token, then the rows that the token protects."""

from __future__ import annotations

import hashlib
import json

from sample_city import dress
from sample_city.city import City, Decision, Showing
from sample_city.plan import Portal
from sample_city.portals.shell import NOT_FOUND, Answer, page

DENIED = Answer(403, "application/json; charset=utf-8", json.dumps({"code": 403, "msg": "非法访问"}).encode())


def entry_path(portal: Portal) -> str:
    return "app/sgs.html"


def _token(portal: Portal) -> str:
    return hashlib.sha256(portal.id.encode()).hexdigest()[:24]


def answer(
    city: City, portal: Portal, path: str, query: dict[str, str], shown: list[tuple[Decision, Showing]]
) -> Answer:
    if path == entry_path(portal):
        return _page(city, portal)
    if path == "app/token":
        return Answer(
            content_type="application/json; charset=utf-8", body=json.dumps({"seed": _token(portal)[::-1]}).encode()
        )
    if path == "app/rows":
        if query.get("token") != _token(portal):
            return DENIED
        rows = [dress.row(decision, showing, i + 1) for i, (decision, showing) in enumerate(shown)]
        text = json.dumps({"head": dress.header(portal, portal.kind), "rows": rows}, ensure_ascii=False)
        return Answer(content_type="application/json; charset=utf-8", body=text.encode())
    return NOT_FOUND


def _page(city: City, portal: Portal) -> Answer:
    base = f"/{portal.id}/app"
    script = f"""<script>
window.addEventListener('DOMContentLoaded', async function () {{
  const seed = (await (await fetch('{base}/token')).json()).seed;
  const token = seed.split('').reverse().join('');
  const data = await (await fetch('{base}/rows?token=' + token)).json();
  const table = document.createElement('table');
  table.setAttribute('border', '1');
  for (const cells of [data.head].concat(data.rows)) {{
    const line = table.insertRow();
    for (const text of cells) {{ line.insertCell().textContent = text; }}
  }}
  document.getElementById('app').replaceChildren(table);
}});
</script>"""
    body = f'<h2>{portal.title}</h2><div id="app">正在加载……</div>{script}'
    return page(portal, city.units[portal.unit].name, portal.title, body)
