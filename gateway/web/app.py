"""The web application: routes, who may ask, what is answered."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

from tandem.gateway.configuration.web import Web
from tandem.gateway.operator.desk import Desk
from tandem.gateway.web.alarms import AlarmList
from tandem.gateway.web.metrics import CONTENT_TYPE, Metrics
from tandem.gateway.web.view import View

STATIC: Final = Path(__file__).parent / "static"
PERIOD: Final = 0.5
"""Seconds between looks of a page at the gateway."""
_COOKIE: Final = "tandem-token"
_ORDERS: Final = ("block", "unblock", "reset")
#: Nothing from elsewhere, nothing inline: what a number or name contains is never run.
_HEADERS: Final = (
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
)
_ENCODER: Final = msgspec.json.Encoder()


@dataclass
class Sources:
    """Where the application has its answers from."""

    desk: Desk
    metrics: Metrics
    alarms: AlarmList
    view: View
    clocks: Callable[[], tuple[float, float]]
    """Time of the machines, and seconds since 1970."""
    healthy: Callable[[], bool]
    carry_out: Callable[[], None]
    """After an order: have the node's effects carried out."""


def application(configuration: Web, sources: Sources) -> Starlette:
    """The application."""

    async def page(request: Request) -> Response:
        token = request.query_params.get("token")
        if token is None:
            return FileResponse(STATIC / "index.html")
        response = RedirectResponse("/", 303)  # away with the token from the address and the history
        response.set_cookie(_COOKIE, token, httponly=True, samesite="strict")
        return response

    async def metrics(_: Request) -> Response:
        return Response(sources.metrics.text(), media_type=CONTENT_TYPE)

    async def alarms(_: Request) -> Response:
        return _json({"active": list(sources.alarms.active.values()), "cleared": list(sources.alarms.cleared)})

    async def health(_: Request) -> Response:
        """200 as long as calls are taken, else 503: for load balancers and supervisors."""
        good = sources.healthy()
        return _json({"status": "ok" if good else "not taking calls"}, 200 if good else 503)

    async def state(_: Request) -> Response:
        return _json(sources.view.snapshot(*sources.clocks(), configuration.changes))

    async def live(request: Request) -> Response:
        """What the page shows, sent whenever it differs (server-sent events)."""

        async def events() -> AsyncIterator[bytes]:
            last = b""
            while not await request.is_disconnected():
                snapshot = sources.view.snapshot(*sources.clocks(), configuration.changes)
                text = _ENCODER.encode(snapshot)
                differs = _ENCODER.encode(snapshot | {"time": 0})
                if differs != last:
                    last = differs
                    yield b"data: " + text + b"\n\n"
                else:
                    yield b": nothing new\n\n"
                await asyncio.sleep(PERIOD)

        return StreamingResponse(events(), media_type="text/event-stream")

    async def order(request: Request) -> Response:
        """Block, unblock or reset a circuit; the answer is that of the command."""
        if not configuration.changes:
            return _json({"error": "this page may not change anything; set `changes = true` in [web]"}, 403)
        try:
            wanted = msgspec.json.decode(await request.body(), type=dict[str, str])
            what, trunk, circuit = wanted["order"], wanted["trunk"], wanted["circuit"]
        except (msgspec.MsgspecError, KeyError):
            return _json({"error": "wanted: order, trunk, circuit"}, 400)
        if what not in _ORDERS or not {*trunk, *circuit}.isdisjoint(" \t\r\n"):
            return _json({"error": f"order should be one of {', '.join(_ORDERS)}"}, 400)
        answer: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        who = f"web {request.client.host if request.client else ''}"
        sources.desk.run(f"circuit {what} {trunk} {circuit}", who, answer.set_result)
        sources.carry_out()
        text = (await answer).strip()
        return _json({"answer": text}, 409 if text.startswith("-ERR") else 200)

    return Starlette(
        routes=[
            Route("/", page),
            Route("/metrics", metrics),
            Route("/alarms", alarms),
            Route("/health", health),
            Route("/state", state),
            Route("/live", live),
            Route("/order", order, methods=["POST"]),
            Mount("/static", StaticFiles(directory=STATIC)),
        ],
        middleware=[Middleware(_Door, token=configuration.token)],
    )


class _Door:
    """Lets in who says the token; adds the headers that keep a browser from doing what it should not."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if not self._may_enter(request):
            text = "say the token: Authorization: Bearer TOKEN, or /?token=TOKEN in a browser\n"
            await Response(text, 401, {"WWW-Authenticate": "Bearer"}, "text/plain")(scope, receive, send)
            return

        async def with_headers(message: dict[str, object]) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_HEADERS]  # type: ignore[misc]
            await send(message)

        passed: Callable[[dict[str, object]], Awaitable[None]] = with_headers
        await self._app(scope, receive, passed)  # type: ignore[arg-type]

    def _may_enter(self, request: Request) -> bool:
        path = request.url.path
        if not self._token or path == "/health":
            return self._is_ours(request)
        said = request.headers.get("authorization", "").removeprefix("Bearer ")
        said = said or request.cookies.get(_COOKIE, "")
        if path == "/" and not said:
            said = request.query_params.get("token", "")
        return hmac.compare_digest(said.encode(), self._token) and self._is_ours(request)

    @staticmethod
    def _is_ours(request: Request) -> bool:
        """An order comes from our own page: what another site has a browser send names that site."""
        if request.method == "GET":
            return True
        origin = request.headers.get("origin")
        return origin is None or origin.partition("://")[2] == request.headers.get("host")


def _json(value: object, status: int = 200) -> Response:
    return Response(_ENCODER.encode(value), status, media_type="application/json")
