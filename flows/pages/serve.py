"""Reports, call pages and their sound over HTTP, for readers who are let in (`flows.pages.access`).

Conventions
-----------
==================================  =================================================================
address                             what
==================================  =================================================================
``/reports/``                       days that are published
``/reports/<date>/<name>.html``     a page of the day
``/reports/<date>/calls/<name>``    a published call page or its sound
``/call?id=<call_id>&date=<date>``  the page of any call of the store, made when it is asked for
``/audio?id=<call_id>&date=…``      its sound, with range requests
==================================  =================================================================

No part of an address becomes part of a path: dates are looked up among the published days, names in the day's manifest, call
ids in the tables. Whoever opens a call leaves a row in the audit first.

Edge cases
----------
Sound that is made when it is asked for is kept in a folder of this process while it serves, up to `KEPT_BYTES`, and goes with
it.
A browser asks for one sound in many pieces; of one reader and call a row of the audit stands for `LISTENING_S`.
"""

from __future__ import annotations

import hashlib
import tempfile
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, urlencode

import anyio
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from flows.pages.access import COOKIE, Access
from flows.pages.audit import PageAudit, What
from flows.pages.call_facts import CallFacts, NoSuchCall, read_call
from flows.pages.call_page import HeardSound, call_page, find_sound
from flows.pages.labels import Labels
from flows.pages.publish import CALLS, INDEX, Manifest, all_days_page, call_page_name, published_days, reports_folder
from flows.pages.sound import MEDIA_TYPES, SUFFIXES
from flows.pages.templates import digest_source, render, shared_style, source
from flows.redacted import personal_data_policy
from flows.settings import Settings
from postcall.errors import StorageError
from storage.tables import Tables

KEPT_BYTES = 512 << 20
LISTENING_S = 3600.0
WRONG_TOKEN_PAUSE_S = 1.0
LONGEST_FORM = 4096
OPEN_PATHS = ("/login", "/health")

REPORT_CSP = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; font-src data:; "
    "media-src 'self' blob:; worker-src blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Of pages of a day, which bring their own scripts: whatever they do, nothing leaves for any network."""
CALL_CSP = "frame-ancestors 'none'"
"""Of call pages and indexes, in addition to the policy that stands in them."""

HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-store",
}


def make_app(settings: Settings, access: Access) -> Starlette:
    """The web application of a store.

    Parameters
    ----------
    settings
        Store, recordings, language.
    access
        How readers are let in.
    """
    pages = _Pages(settings, access)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        try:
            yield
        finally:
            pages.close()

    return Starlette(
        routes=[
            Route("/", pages.start),
            Route("/health", pages.health),
            Route("/login", pages.login, methods=["GET", "POST"]),
            Route("/reports", pages.start),
            Route("/reports/", pages.days),
            Route("/reports/index.html", pages.days),
            Route("/reports/{day}/{file}", pages.report),
            Route("/reports/{day}/calls/{file}", pages.published_call),
            Route("/call", pages.call),
            Route("/audio", pages.audio),
        ],
        middleware=[Middleware(_Guard, access=access)],
        exception_handlers={HTTPException: pages.refused, StorageError: pages.broken},
        lifespan=lifespan,
    )


class _Guard:
    """Lets readers in, and puts the security headers on every response."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("content-security-policy", f"default-src 'none'; {CALL_CSP}")
            await send(message)

        request = Request(scope)
        viewer = self._access.viewer(request)
        scope["state"] = {**scope.get("state", {}), "viewer": viewer}
        if viewer is None and not (request.url.path in OPEN_PATHS and not self._access.is_open):
            await self._turned_away(request)(scope, receive, guarded)
            return
        await self._app(scope, receive, guarded)

    def _turned_away(self, request: Request) -> Response:
        wants_page = "text/html" in request.headers.get("accept", "") and request.method == "GET"
        if self._access.token is not None and self._access.user_header is None and wants_page:
            asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
            return RedirectResponse(f"/login?{urlencode({'next': asked})}", status_code=303)
        return PlainTextResponse("not allowed", status_code=401 if not self._access.is_open else 403)


class _Pages:
    """The endpoints. What blocks runs in threads, which is what Starlette does with plain functions."""

    def __init__(self, settings: Settings, access: Access) -> None:
        self._settings = settings
        self._access = access
        self._labels = Labels(settings.pages.language)
        self._folder = reports_folder(settings.store, settings.pages)
        self._tables = Tables(settings.store)
        self._audit = PageAudit(settings.store)
        self._sounds = _Sounds()
        self._listening: dict[tuple[str, str, date], float] = {}

    def close(self) -> None:
        self._sounds.close()

    # ── simple pages ─────────────────────────────────────────────────────────

    def start(self, _: Request) -> Response:
        return RedirectResponse("/reports/", status_code=303)

    def health(self, _: Request) -> Response:
        return PlainTextResponse("ok")

    async def login(self, request: Request) -> Response:
        if self._access.token is None:
            raise HTTPException(404)
        if request.method == "GET":
            return self._login_page(_inside(request.query_params.get("next", "")), is_wrong=False)
        form = await _typed(request)
        asked = _inside(form.get("next", ""))
        if not self._access.knows(form.get("token", "")):
            await anyio.sleep(WRONG_TOKEN_PAUSE_S)
            return self._login_page(asked, is_wrong=True)
        response = RedirectResponse(asked, status_code=303)
        is_https = request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
        response.set_cookie(COOKIE, self._access.session, httponly=True, samesite="strict", secure=is_https, path="/")
        return response

    def _login_page(self, asked: str, *, is_wrong: bool) -> Response:
        style = shared_style() + source("login.css")
        policy = f"default-src 'none'; style-src {digest_source(style)}; img-src data:; form-action 'self'; base-uri 'none'"
        return HTMLResponse(
            render("login.html.j2", self._labels, next=asked, is_wrong=is_wrong),
            status_code=401 if is_wrong else 200,
            headers={"content-security-policy": f"{policy}; {CALL_CSP}"},
        )

    # ── what is published ────────────────────────────────────────────────────

    def days(self, _: Request) -> Response:
        return _page(all_days_page(self._folder, self._labels))

    def report(self, request: Request) -> Response:
        _, folder, manifest = self._published(request)
        file = request.path_params["file"]
        if file == INDEX:
            return FileResponse(folder / INDEX, media_type="text/html", headers={"content-security-policy": CALL_CSP})
        for entry in manifest.reports.values():
            if file == f"{entry.name}.html":
                path = folder / f"{entry.name}.html"
                return FileResponse(path, media_type="text/html", headers={"content-security-policy": REPORT_CSP})
        raise HTTPException(404)

    def published_call(self, request: Request) -> Response:
        """A published page or its sound; a dashboard's link to a call that was not published leads to the page made for it."""
        file = request.path_params["file"]
        try:
            day, folder, manifest = self._published(request)
        except HTTPException:
            return self._to_call(request.path_params["day"], file)
        for entry in manifest.calls.values():
            if file == f"{entry.name}.html":
                self._note(request, "page", entry.call_id, day)
                path = folder / CALLS / f"{entry.name}.html"
                return FileResponse(path, media_type="text/html", headers={"content-security-policy": CALL_CSP})
            if entry.audio is not None and file == entry.audio:
                self._note(request, "audio", entry.call_id, day)
                kind = next(kind for kind, suffix in SUFFIXES.items() if entry.audio.endswith(suffix))
                return FileResponse(folder / CALLS / entry.audio, media_type=MEDIA_TYPES[kind])
        return self._to_call(day.isoformat(), file)

    def _to_call(self, asked: str, file: str) -> Response:
        name, suffix = Path(file).stem, Path(file).suffix
        try:
            day = date.fromisoformat(asked)
        except ValueError:
            raise HTTPException(404) from None
        if suffix == ".html" and day.isoformat() == asked and "call_contact" in self._tables.names():
            known = self._tables.scan("call_contact", columns=["call_id"], first=day, last=day)["call_id"].to_pylist()
            for call_id in known:
                if call_page_name(call_id) == name:
                    return RedirectResponse(f"/call?{urlencode({'id': call_id, 'date': asked})}", status_code=303)
        raise HTTPException(404)

    def _published(self, request: Request) -> tuple[date, Path, Manifest]:
        asked = request.path_params["day"]
        for day in published_days(self._folder):
            if day.isoformat() == asked:
                folder = self._folder / day.isoformat()
                return day, folder, Manifest.read(folder)
        raise HTTPException(404)

    # ── any call ─────────────────────────────────────────────────────────────

    def call(self, request: Request) -> Response:
        facts = self._facts(request)
        self._note(request, "page", facts.call_id, facts.day)
        heard, _ = self._sound(facts)
        address = f"/audio?{urlencode({'id': facts.call_id, 'date': facts.day.isoformat()})}"
        settings = self._settings.pages.model_copy(update={"embed_audio": False})
        manuals = self._settings.manuals or ()
        hidden = personal_data_policy(self._settings)
        page = call_page(facts, heard, settings, self._labels, manuals=manuals, audio_address=address, personal_data=hidden)
        return _page(page.html)

    def audio(self, request: Request) -> Response:
        facts = self._facts(request)
        self._note(request, "audio", facts.call_id, facts.day)
        heard, path = self._sound(facts)
        if heard.sound is None or path is None:
            raise HTTPException(404)
        return FileResponse(path, media_type=MEDIA_TYPES[heard.sound.audio_format])

    def _facts(self, request: Request) -> CallFacts:
        call_id, asked = request.query_params.get("id", ""), request.query_params.get("date")
        try:
            day = date.fromisoformat(asked) if asked else None
            return read_call(self._tables, call_id, day)
        except (NoSuchCall, ValueError) as error:
            raise HTTPException(404) from error

    def _sound(self, facts: CallFacts) -> tuple[HeardSound, Path | None]:
        sha256 = str(facts.one("stage_recording").get("sha256", ""))
        key = f"{sha256}.{self._settings.pages.audio_format}" if sha256 else ""
        return self._sounds.get(key, lambda: find_sound(facts, self._settings))

    # ── audit, refusals ──────────────────────────────────────────────────────

    def _note(self, request: Request, what: What, call_id: str, day: date) -> None:
        viewer = request.state.viewer
        if what == "audio":
            now, who = time.monotonic(), (viewer, call_id, day)
            if now - self._listening.get(who, -LISTENING_S) < LISTENING_S:
                return
            self._listening = {one: at for one, at in self._listening.items() if now - at < LISTENING_S}
            self._audit.add(viewer, what, call_id, day)
            self._listening[who] = now
            return
        self._audit.add(viewer, what, call_id, day)

    async def refused(self, _: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        return PlainTextResponse(self._labels.get("login.not_found" if status == 404 else "login.not_allowed"), status)

    async def broken(self, _: Request, error: Exception) -> Response:
        # What the store says may name its folders; the reader needs none of it.
        return PlainTextResponse(self._labels.get("login.unavailable"), 503)


class _Sounds:
    """Sound of calls that were asked for, in a folder of this process; the longest unasked go first."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="postcall-serve-")
        self._kept: OrderedDict[str, tuple[HeardSound, Path | None]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: str, make: Callable[[], HeardSound]) -> tuple[HeardSound, Path | None]:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            heard = make()
            if not key or heard.sound is None:
                return heard, None
            path = Path(self._folder.name) / hashlib.sha256(key.encode()).hexdigest()
            path.write_bytes(heard.sound.audio)
            self._kept[key] = heard, path
            while len(self._kept) > 1 and self._bytes() > KEPT_BYTES:
                _, (_, old) = self._kept.popitem(last=False)
                if old is not None:
                    old.unlink(missing_ok=True)
            return self._kept[key]

    def close(self) -> None:
        self._folder.cleanup()

    def _bytes(self) -> int:
        return sum(len(heard.sound.audio) for heard, _ in self._kept.values() if heard.sound is not None)


def _page(html: str) -> Response:
    return HTMLResponse(html, headers={"content-security-policy": CALL_CSP})


async def _typed(request: Request) -> dict[str, str]:
    """Fields of a form; the one there is needs no more than `LONGEST_FORM`."""
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > LONGEST_FORM:
            raise HTTPException(413)
    return dict(parse_qsl(body.decode("utf-8", errors="replace")))


def _inside(address: str) -> str:
    """An address of this server, whatever was asked for: never one that leads elsewhere."""
    is_inside = address.startswith("/") and not address.startswith(("//", "/\\")) and address.isprintable()
    return address if is_inside else "/reports/"
