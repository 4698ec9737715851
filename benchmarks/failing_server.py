"""A server of recordings that fails every n-th request, in the ways in which object stores do; for `benchmarks.faults`."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, unquote


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    folder = Path()
    every = 0
    requests = failed = 0
    lock = threading.Lock()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of connections that were broken off: that is what it is for."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        """Length and tag."""
        self._answer(with_body=False)

    def do_GET(self) -> None:
        """The list of the folder, a file, or the part of one that is asked for."""
        self._answer(with_body=True)

    def log_message(self, format: str, *arguments: object) -> None:  # as the base class names it
        """Say nothing."""

    def _answer(self, *, with_body: bool) -> None:
        server = self.server
        with server.lock:
            server.requests += 1
            number = server.requests
            is_failing = number % server.every == 0
            server.failed += is_failing
        name = unquote(self.path).strip("/")
        path = server.folder / name
        if is_failing and number // server.every % 2:
            self._send(503, b"SlowDown", "text/plain", with_body=with_body)
        elif is_failing:
            # Hangs up without a word.
            self.close_connection = True
            self.connection.close()
        elif not name:
            links = "".join(f'<a href="/{quote(one.name)}">{escape(one.name)}</a>\n' for one in sorted(server.folder.iterdir()))
            self._send(200, links.encode(), "text/html", with_body=with_body)
        elif not path.is_file():
            self._send(404, b"NoSuchKey", "text/plain", with_body=with_body)
        else:
            self._send(200, path.read_bytes(), "application/octet-stream", with_body=with_body)

    def _send(self, status: int, body: bytes, kind: str, *, with_body: bool) -> None:
        asked = self.headers.get("Range", "")
        length = len(body)
        if status == 200 and asked.startswith("bytes="):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            start, end = int(first), min(int(last or length - 1), length - 1)
            status, part = 206, body[start : end + 1]
        else:
            start, end, part = 0, length - 1, body
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(part)))
        self.send_header("Accept-Ranges", "bytes")
        if status == 206:
            self.send_header("Content-Range", f"bytes {start}-{end}/{length}")
        self.end_headers()
        if with_body:
            self.wfile.write(part)


@contextmanager
def serving(folder: Path, every: int) -> Iterator[tuple[str, _Server]]:
    """Serve a folder; gives its address, and the server, which counts.

    Parameters
    ----------
    folder
        Of the recordings.
    every
        Which requests fail: every n-th, by turns with 503 and by hanging up.
    """
    server = _Server(("127.0.0.1", 0), _Handler)
    server.folder, server.every = folder, every
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
