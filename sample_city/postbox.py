"""A mail server on loopback whose port the system chooses: one that is looked for first may be taken before it is used."""

from __future__ import annotations

from typing import Any

from aiosmtpd.controller import Controller


class Postbox(Controller):  # type: ignore[misc]
    """Hands every mail to `handler`, in a thread of its own; `port` is known once it has started."""

    def __init__(self, handler: Any, **options: Any) -> None:
        super().__init__(handler, hostname="127.0.0.1", port=0, ready_timeout=60, **options)

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()
