"""Who may read the served pages.

Definition
----------
==============  ======================================================================  =====================
how             who is let in                                                           name in the audit
==============  ======================================================================  =====================
loopback        everybody on this machine; only where the server listens on loopback    ``local``
token           who knows ``POSTCALL_TOKEN``: as a bearer token, or typed in once       ``token``
user header     who a reverse proxy has let in and named in ``pages.user_header``       the name in the header
==============  ======================================================================  =====================

A user header goes before a token. Off loopback one of the two is needed, or nothing is served.

Edge cases
----------
On loopback without a login a page of another site could reach the server through a name that it makes lead here; requests under
any other name than this machine's own are refused. A user header is believed only from the addresses of ``pages.proxies``.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from starlette.requests import Request

from postcall.errors import SettingsError

COOKIE = "postcall_session"
LOCAL, TOKEN = "local", "token"
MIN_TOKEN = 16
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class Access:
    """How readers are let in.

    Attributes
    ----------
    token
        They have to know; None for none.
    user_header
        In which a proxy names them; None for none.
    proxies
        Whose header is believed.
    """

    token: str | None = field(default=None, repr=False)
    user_header: str | None = None
    proxies: tuple[IPv4Address | IPv6Address, ...] = ()

    @property
    def is_open(self) -> bool:
        """Whether everybody on this machine is let in."""
        return self.token is None and self.user_header is None

    def viewer(self, request: Request) -> str | None:
        """Name of the reader; None for somebody who may not read."""
        if self.user_header is not None:
            return self._named(request)
        if self.token is not None:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            is_known = _same(given, self.token) or _same(request.cookies.get(COOKIE, ""), self.session)
            return TOKEN if is_known else None
        return LOCAL if is_loopback(_host_name(request)) else None

    @property
    def session(self) -> str:
        """What a browser keeps in place of the token."""
        return hmac.new((self.token or "").encode(), b"postcall session", hashlib.sha256).hexdigest()

    def knows(self, token: str) -> bool:
        """Whether somebody typed the right token."""
        return self.token is not None and _same(token, self.token)

    def _named(self, request: Request) -> str | None:
        name = request.headers.get(self.user_header or "", "").strip()
        is_proxy = request.client is not None and _address(request.client.host) in self.proxies
        is_name = 0 < len(name) <= LONGEST_NAME and name.isprintable()
        return name if is_proxy and is_name else None


def access_for(host: str, token: str | None, user_header: str | None, proxies: tuple[IPv4Address | IPv6Address, ...]) -> Access:
    """How readers are let in where the server listens at ``host``.

    Raises
    ------
    SettingsError
        Off loopback there must be a token or a user header; or the token is too short.
    """
    if token is not None and len(token) < MIN_TOKEN:
        raise SettingsError(
            f"POSTCALL_TOKEN has fewer than {MIN_TOKEN} characters", hint="`openssl rand -hex 24` makes a good one"
        )
    access = Access(token, user_header, proxies)
    if access.is_open and not is_loopback(host):
        raise SettingsError(
            f"on {host} others could read calls without a login, so nothing is served",
            hint="set POSTCALL_TOKEN, or pages.user_header behind a reverse proxy that knows the users; or listen on 127.0.0.1",
        )
    return access


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, seen from itself."""
    address = _address(host)
    return host.lower() == "localhost" if address is None else address.is_loopback


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _host_name(request: Request) -> str:
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())
