"""The web server: who is let in, what can be asked for, and what is noted."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import uvicorn
from starlette.testclient import TestClient

from flows.demonstration import DAY
from flows.pages import serve
from flows.pages.access import COOKIE, Access, access_for
from flows.pages.audit import FILE_NAME, PageAudit
from flows.pages.labels import Labels
from flows.pages.publish import call_page_name, publish_day
from flows.pages.serve import make_app
from flows.pages.settings import PageSettings
from flows.pages.worst_calls import publish_calls
from flows.settings import Settings
from postcall.errors import SettingsError

TOKEN = "a-token-of-enough-characters"
PROXIES = (ip_address("127.0.0.1"),)
CALL = "04-interruptions"
OPEN = Access()

Client = Callable[..., TestClient]


@pytest.fixture
def settings(night_settings: Settings, tmp_path: Path) -> Settings:
    """The demo night with reports of its own and an audit that may be written."""
    store = tmp_path / "store"
    store.mkdir()
    (store / "tables").symlink_to(night_settings.store / "tables")
    pages = PageSettings(calls_a_day=2)
    return night_settings.model_copy(update={"store": store, "pages": pages})


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    clients: list[TestClient] = []

    def connect(access: Access = OPEN, *, host: str = "127.0.0.1:8075", peer: str = "127.0.0.1", **more: Any) -> TestClient:
        app = make_app(settings, access)
        made = TestClient(app, base_url=f"http://{host}", client=(peer, 50_000), follow_redirects=False, **more)
        made.__enter__()
        clients.append(made)
        return made

    yield connect
    for one in clients:
        one.__exit__(None, None, None)


# ── who is let in ────────────────────────────────────────────────────────────


@pytest.mark.parametrize("host", ["127.0.0.1:8075", "localhost:8075", "[::1]:8075", "localhost"])
def test_on_this_machine_nobody_logs_in(client: Client, host: str) -> None:
    assert client(host=host).get("/reports/").status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8075", "10.0.0.5:8075", "127.0.0.1.evil.example"])
def test_another_name_for_this_machine_is_refused(client: Client, settings: Settings, host: str) -> None:
    for path in ("/reports/", f"/call?id={CALL}", "/health", "/login"):
        assert client(host=host).get(path).status_code == 403
    assert PageAudit(settings.store).rows() == []


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "calls.example"])
def test_elsewhere_nothing_is_served_without_a_login(host: str) -> None:
    with pytest.raises(SettingsError, match="without a login"):
        access_for(host, None, None, PROXIES)
    assert access_for(host, TOKEN, None, PROXIES).token == TOKEN
    assert access_for(host, None, "X-Forwarded-User", PROXIES).user_header == "X-Forwarded-User"


def test_a_short_token_is_refused() -> None:
    with pytest.raises(SettingsError, match="fewer than 16"):
        access_for("127.0.0.1", "short", None, PROXIES)


def test_the_token_opens_as_a_bearer_token_and_is_asked_for_in_a_browser(client: Client, settings: Settings) -> None:
    app = client(Access(TOKEN), host="calls.example", peer="10.0.0.9")
    assert app.get("/reports/").status_code == 401
    assert app.get("/reports/", headers={"authorization": "Bearer wrong-token-of-characters"}).status_code == 401
    assert app.get("/reports/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    asked = app.get("/call?id=x%26y", headers={"accept": "text/html"})
    assert (asked.status_code, asked.headers["location"]) == (303, "/login?next=%2Fcall%3Fid%3Dx%2526y")
    assert TOKEN not in repr(Access(TOKEN))
    app.get(f"/call?id={CALL}", headers={"authorization": f"Bearer {TOKEN}"})
    assert [row.viewer for row in PageAudit(settings.store).rows()] == ["token"]


def test_logging_in(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serve, "WRONG_TOKEN_PAUSE_S", 0)
    app = client(Access(TOKEN), host="calls.example")
    assert "<form" in app.get("/login?next=/call").text
    wrong = app.post("/login", data={"token": "x" * 20, "next": "/reports/"})
    assert wrong.status_code == 401 and COOKIE not in wrong.cookies
    right = app.post("/login", data={"token": TOKEN, "next": f"/call?id={CALL}"})
    assert (right.status_code, right.headers["location"]) == (303, f"/call?id={CALL}")
    cookie = right.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and TOKEN not in cookie
    assert app.get(right.headers["location"]).status_code == 200


def test_a_form_that_is_no_login_is_refused(client: Client) -> None:
    assert client(Access(TOKEN), host="calls.example").post("/login", content=b"x" * 5000).status_code == 413


@pytest.mark.parametrize("address", ["https://evil.example", "//evil.example", "/\\evil.example", "reports", "/a\r\nb: c", ""])
def test_logging_in_leads_nowhere_else(client: Client, address: str) -> None:
    app = client(Access(TOKEN), host="calls.example")
    assert app.post("/login", data={"token": TOKEN, "next": address}).headers["location"] == "/reports/"


def test_a_proxy_names_the_reader_and_nobody_else_can(client: Client, settings: Settings) -> None:
    access = Access(user_header="X-Forwarded-User", proxies=PROXIES)
    by_proxy = client(access, host="calls.example")
    assert by_proxy.get("/reports/").status_code == 401
    assert by_proxy.get("/reports/", headers={"X-Forwarded-User": "  "}).status_code == 401
    assert by_proxy.get("/reports/", headers={"X-Forwarded-User": "anna"}).status_code == 200
    around = client(access, host="calls.example", peer="10.0.0.9")
    assert around.get("/reports/", headers={"X-Forwarded-User": "anna"}).status_code == 401
    by_proxy.get(f"/call?id={CALL}", headers={"X-Forwarded-User": "anna"})
    assert [(row.viewer, row.what, row.call_id) for row in PageAudit(settings.store).rows()] == [("anna", "page", CALL)]


# ── what can be asked for ────────────────────────────────────────────────────


def test_a_call_page_finds_its_sound_and_says_so_to_the_audit(client: Client, settings: Settings) -> None:
    app = client()
    page = app.get("/call", params={"id": CALL})
    address = f"/audio?id={CALL}&date={DAY.isoformat()}"
    assert page.status_code == 200 and f'src="{address.replace("&", "&amp;")}"' in page.text
    audio = app.get(address)
    assert (audio.status_code, audio.headers["content-type"]) == (200, "audio/flac")
    assert audio.content.startswith(b"fLaC") and audio.headers["accept-ranges"] == "bytes"
    rows = PageAudit(settings.store).rows()
    assert [(row.viewer, row.what, row.call_id, row.call_date) for row in rows] == [
        ("local", "page", CALL, DAY),
        ("local", "audio", CALL, DAY),
    ]


def test_parts_of_a_sound_can_be_asked_for(client: Client, settings: Settings) -> None:
    app = client()
    address = f"/audio?id={CALL}"
    whole = app.get(address).content
    part = app.get(address, headers={"range": "bytes=1000-1999"})
    assert part.status_code == 206 and part.content == whole[1000:2000]
    assert part.headers["content-range"] == f"bytes 1000-1999/{len(whole)}"
    assert app.get(address, headers={"range": "bytes=-10"}).content == whole[-10:]
    assert app.get(address, headers={"range": f"bytes={len(whole)}-"}).status_code == 416
    # One listening, however many pieces it takes.
    assert [row.what for row in PageAudit(settings.store).rows()] == ["audio"]


def test_every_page_opened_is_noted_each_time(client: Client, settings: Settings) -> None:
    app = client()
    for _ in range(3):
        app.get(f"/call?id={CALL}")
    assert [row.what for row in PageAudit(settings.store).rows()] == ["page"] * 3


def test_a_call_that_cannot_be_noted_is_not_shown(client: Client, settings: Settings) -> None:
    (settings.store / FILE_NAME).mkdir()
    answer = client(raise_server_exceptions=False).get(f"/call?id={CALL}")
    assert answer.status_code == 503
    assert str(settings.store) not in answer.text


def test_published_pages_are_served_with_their_sound(client: Client, settings: Settings) -> None:
    first, second = publish_calls(settings, DAY)
    with publish_day(settings.store / "reports", DAY, Labels("en")) as pages:
        pages.add_report("01_overview", "<p>overview</p>", "Overview")
    app = client()
    assert f'href="{DAY.isoformat()}/index.html"' in app.get("/reports/").text
    assert "Overview" in app.get(f"/reports/{DAY.isoformat()}/index.html").text
    report = app.get(f"/reports/{DAY.isoformat()}/01_overview.html")
    assert report.text == "<p>overview</p>" and "connect-src" not in report.headers["content-security-policy"]
    assert report.headers["content-security-policy"].startswith("default-src 'none'")
    assert app.get(f"/reports/{DAY.isoformat()}/calls/{first}.html").status_code == 200
    part = app.get(f"/reports/{DAY.isoformat()}/calls/{second}.flac", headers={"range": "bytes=0-3"})
    assert (part.status_code, part.content, part.headers["content-type"]) == (206, b"fLaC", "audio/flac")
    noted = [(row.what, row.call_id) for row in PageAudit(settings.store).rows()]
    assert noted == [("page", first), ("audio", second)]


def test_a_link_to_a_call_that_was_not_published_leads_to_its_page(client: Client, settings: Settings) -> None:
    published = publish_calls(settings.model_copy(update={"pages": PageSettings(calls_a_day=1)}), DAY)
    assert CALL not in published
    app = client()
    answer = app.get(f"/reports/{DAY.isoformat()}/calls/{call_page_name(CALL)}.html")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/call?id={CALL}&date={DAY.isoformat()}")
    assert PageAudit(settings.store).rows() == []
    shutil.rmtree(settings.store / "reports")
    assert app.get(f"/reports/{DAY.isoformat()}/calls/{call_page_name(CALL)}.html").status_code == 303


@pytest.mark.parametrize(
    "path",
    [
        "/reports/../ledger.sqlite",
        "/reports/..%2f..%2fledger.sqlite",
        "/reports/%2e%2e/%2e%2e/etc/passwd",
        "/reports/2026-03-02/../../ledger.sqlite",
        "/reports/2026-03-02/..%2f..%2fledger.sqlite",
        "/reports/2026-03-02/%2e%2e%2f%2e%2e%2fledger.sqlite",
        "/reports/2026-03-02/manifest.json",
        "/reports/2026-03-02/.publish.lock",
        "/reports/2026-03-02/calls/..%2fmanifest.json",
        "/reports/2026-03-02/calls/%2e%2e%2f%2e%2e%2f%2e%2e%2fledger.sqlite",
        "/reports/2026-03-02/calls/secret.html",
        "/reports/2026-03-02//etc/passwd",
        "/reports/20260302/index.html",
        "/reports/2026-03-01/index.html",
        "/reports/..%5c..%5cledger.sqlite/index.html",
        "/call?id=../../ledger.sqlite",
        "/call?id=" + quote("' or 1=1 --"),
        "/call?id=",
        "/call",
        f"/call?id={CALL}&date=2026-03-01",
        f"/call?id={CALL}&date=never",
        "/audio?id=%2fetc%2fpasswd",
        "/audio?id=" + quote("04-interruptions.opus"),
        "/ledger.sqlite",
        "/call?id=%00",
    ],
)
def test_nothing_else_can_be_asked_for(client: Client, settings: Settings, path: str) -> None:
    publish_calls(settings, DAY)
    (settings.store / "ledger.sqlite").write_text("secret", encoding="utf-8")
    (settings.store / "reports" / DAY.isoformat() / "calls" / "secret.html").write_text("secret", encoding="utf-8")
    answer = client(raise_server_exceptions=False).get(path)
    assert answer.status_code == 404
    assert "secret" not in answer.text and "root:" not in answer.text
    assert PageAudit(settings.store).rows() == []


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_nothing_can_be_changed(client: Client, method: str) -> None:
    for path in ("/reports/", f"/call?id={CALL}", f"/audio?id={CALL}"):
        assert client().request(method, path).status_code == 405


def test_a_call_without_a_recording_has_a_page_and_no_sound(client: Client) -> None:
    app = client()
    assert app.get("/call?id=17-abandoned").status_code == 200
    assert app.get("/audio?id=17-abandoned").status_code == 404


def test_every_answer_has_the_security_headers(client: Client, settings: Settings) -> None:
    publish_calls(settings, DAY)
    app = client()
    for path in (
        "/",
        "/reports/",
        f"/reports/{DAY.isoformat()}/index.html",
        f"/call?id={CALL}",
        f"/audio?id={CALL}",
        "/nowhere",
    ):
        headers = app.get(path).headers
        assert "frame-ancestors 'none'" in headers["content-security-policy"], path
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert "server" not in headers


def test_sounds_are_kept_up_to_a_limit_and_not_after_the_server(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(serve, "KEPT_BYTES", 1_000_000)
    monkeypatch.setattr(serve.tempfile, "tempdir", str(tmp_path / "kept"))
    (tmp_path / "kept").mkdir()
    with TestClient(make_app(settings, OPEN), base_url="http://localhost") as app:
        first = app.get("/audio?id=01-good-service").content
        app.get("/audio?id=04-interruptions")
        [folder] = (tmp_path / "kept").iterdir()
        assert folder.stat().st_mode & 0o077 == 0
        assert len(list(folder.iterdir())) == 1
        assert app.get("/audio?id=01-good-service").content == first
    assert list((tmp_path / "kept").iterdir()) == []


# ── in a browser, and from the command line ──────────────────────────────────


@pytest.fixture
def address(settings: Settings) -> Iterator[str]:
    """A server on this machine."""
    config = uvicorn.Config(make_app(settings, OPEN), host="127.0.0.1", port=0, log_level="warning", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        threading.Event().wait(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=10)


def test_a_served_call_plays_from_where_one_clicks(
    address: str, open_page: Callable[..., Any], facts_of: Callable[[str], Any]
) -> None:
    seen = open_page(f"{address}/call?id={CALL}")
    [word] = [row for row in facts_of(CALL).all("stage_word") if row["position"] == 30]
    assert seen.click_time(".w[data-w='30']") == pytest.approx(word["start_ms"] / 1000, abs=0.05)
    assert seen.complaints == []
    assert all(one.startswith((address, "data:", "blob:")) for one in seen.asked)


def test_one_goes_from_the_days_to_a_call_and_hears_it(address: str, open_page: Callable[..., Any], settings: Settings) -> None:
    publish_calls(settings, DAY)
    seen = open_page(f"{address}/")
    seen.page.click("td a")
    seen.page.click(".calls td a")
    assert seen.click_time(".at >> nth=0") >= 0
    assert seen.complaints == []


def test_the_command_refuses_to_serve_where_others_could_read(postcall: Callable[..., Any], tmp_path: Path) -> None:
    ended = postcall("serve", "--host", "0.0.0.0", "--store", tmp_path)
    assert ended.code == 2
    assert "without a login" in ended.err and "POSTCALL_TOKEN" in ended.err


def test_the_command_serves_on_this_machine(
    postcall: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}
    monkeypatch.setattr(uvicorn, "run", lambda app, **options: given.update(options))
    ended = postcall("serve", "--store", tmp_path, "--port", "9000")
    assert ended.code == 0 and "http://127.0.0.1:9000/reports/" in ended.out
    assert (given["host"], given["port"], given["access_log"], given["proxy_headers"]) == ("127.0.0.1", 9000, False, False)
