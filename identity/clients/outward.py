"""Addresses that clients gave us, fetched without being led into our own house (SSRF).

Only https, or in a house that itself runs on loopback plain http to loopback. The name is resolved here, every address
it has must be one of the open internet, and the connection goes to exactly the address that was checked. No redirect is
followed, nothing big is read, and nobody waits long.
"""

import ipaddress
import socket
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpcore
import httpx

from identity.clients.checking import is_safe_uri
from kernel.errors import OutsideRefused, OutsideTimeout, OutsideUnavailable
from kernel.settings import Settings
from kernel.tls import authorities

CONNECT_SECONDS, ANSWER_SECONDS = 2.0, 4.0
LARGEST_ANSWER = 64 * 1024


class Outward:
    """One per process. Every call may raise ``OutsideFailure``; none is made inside a transaction."""

    def __init__(self, settings: Settings) -> None:
        host = urlsplit(settings.base_url).hostname or ""
        self._is_at_home = not settings.is_https and _is_loopback(host)
        transport = httpx.HTTPTransport(retries=0, verify=authorities())
        transport._pool = httpcore.ConnectionPool(  # httpx offers no other way to choose where a name leads
            ssl_context=authorities(),
            max_connections=16,
            max_keepalive_connections=0,
            network_backend=_CheckedBackend(may_loop=self._is_at_home),
        )
        self._http = httpx.Client(
            transport=transport,
            timeout=httpx.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
            follow_redirects=False,
            trust_env=False,
            headers={"user-agent": "dongchu-identity"},
        )

    def close(self) -> None:
        self._http.close()

    def get_json(self, address: str) -> Any:
        """A JSON document."""
        body = self._send("GET", address)
        try:
            return httpx.Response(200, content=body).json()
        except ValueError as error:
            raise OutsideRefused("对方地址给出的不是 JSON。", code="not_json") from error

    def post_form(self, address: str, form: dict[str, str]) -> None:
        """Tell something; any 2xx is heard."""
        self._send("POST", address, form)

    def post(self, address: str, body: bytes, headers: Mapping[str, str]) -> None:
        """Tell something in a form of the caller's own, signed by its headers; any 2xx is heard."""
        self._send("POST", address, body=body, headers=headers)

    def _send(
        self,
        method: str,
        address: str,
        form: dict[str, str] | None = None,
        *,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        self._check(address)
        try:
            with self._http.stream(method, address, data=form, content=body, headers=headers) as response:
                return _read(response)
        except (_NotOutside, httpx.UnsupportedProtocol) as error:
            raise OutsideRefused("这个地址不能访问。", code="address") from error
        except httpx.ConnectError as error:
            if isinstance(error.__cause__, _NotOutside):
                raise OutsideRefused("这个地址不能访问。", code="address") from error
            raise OutsideUnavailable("对方地址连接不上。") from error
        except httpx.TimeoutException as error:
            raise OutsideTimeout("对方没有按时答复。") from error
        except httpx.HTTPError as error:
            raise OutsideUnavailable("对方地址连接不上。") from error

    def _check(self, address: str) -> None:
        parts = urlsplit(address)
        if not is_safe_uri(address) or (parts.scheme != "https" and not self._is_at_home):
            raise OutsideRefused("这个地址不能访问。", code="address")


class _NotOutside(httpcore.ConnectError):
    """The name leads to a machine of ours, or to none that may be asked."""


class _CheckedBackend(httpcore.NetworkBackend):
    """Resolves, checks, and connects to what was checked; a second resolution could answer something else."""

    def __init__(self, *, may_loop: bool) -> None:
        self._inner = httpcore.SyncBackend()
        self._may_loop = may_loop

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        address = checked_address(host, port, may_loop=self._may_loop)
        return self._inner.connect_tcp(address, port, timeout, local_address, socket_options)

    def connect_unix_socket(self, *_args: Any, **_kwargs: Any) -> httpcore.NetworkStream:
        raise _NotOutside("no sockets of this machine")

    def sleep(self, seconds: float) -> None:
        self._inner.sleep(seconds)


def checked_address(host: str, port: int, *, may_loop: bool) -> str:
    """The first address of a name, if all its addresses may be asked. Raises ``httpcore.ConnectError``."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise httpcore.ConnectError(f"{host} has no address") from error
    addresses = [str(entry[4][0]) for entry in found]
    if not addresses or not all(_may_ask(address, may_loop=may_loop) for address in addresses):
        raise _NotOutside(f"{host} is not a machine outside")
    return addresses[0]


def _may_ask(address: str, *, may_loop: bool) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None)
    ip = mapped or ip
    if ip.is_loopback:
        return may_loop
    return ip.is_global and not ip.is_multicast


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _read(response: httpx.Response) -> bytes:
    if not response.is_success:
        if response.status_code >= 500 or response.status_code == 429:
            raise OutsideUnavailable("对方暂时不能受理。")
        raise OutsideRefused("对方没有接受。", code=f"http_{response.status_code}")
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise OutsideRefused("对方的答复过大。", code="too_large")
    return bytes(body)
