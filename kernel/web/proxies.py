"""Who really asks, when a proxy of ours stands in front: what is limited by address is limited by the asker's.

Behind a proxy every request comes from the proxy, so one busy hour would shut everybody out of what is counted by address
(wrong passwords, objections to a notice, checks of licences). ``DONGCHU_TRUSTED_PROXIES`` names the proxies; only from them
``X-Forwarded-For`` is believed, read from the right, so that what a visitor wrote in front of it counts for nothing. Without
the setting the header is never read: anybody could invent an address with it.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, TypeAlias

Address: TypeAlias = IPv4Address | IPv6Address
Network: TypeAlias = IPv4Network | IPv6Network
_Asgi: TypeAlias = Callable[[Any, Any, Any], Awaitable[None]]
#: A chain of proxies longer than this is nobody's.
MOST_HOPS = 20


def asker(peer: str, forwarded: Sequence[str], trusted: Sequence[Network]) -> str:
    """The address of whoever asked: the first from the right that is no proxy of ours; the peer's where none is told."""
    known = _address(peer)
    if known is None or not _is_within(known, trusted):
        return peer
    hops = [hop for line in forwarded for hop in line.split(",")]
    for hop in reversed(hops[-MOST_HOPS:]):
        address = _address(hop)
        if address is None:
            return str(known)  # who writes nonsense through our proxy is counted with the proxy
        known = address
        if not _is_within(address, trusted):
            break
    return str(known)


class BehindProxies:
    """An ASGI application whose ``scope["client"]`` is who asked."""

    def __init__(self, app: _Asgi, trusted: Iterable[str]) -> None:
        self._app, self._trusted = app, tuple(ip_network(one) for one in trusted)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] in ("http", "websocket") and scope.get("client"):
            peer, port = scope["client"]
            lines = [
                value.decode("latin-1") for name, value in scope["headers"] if name == b"x-forwarded-for"
            ]
            scope = {**scope, "client": (asker(peer, lines, self._trusted), port)}
        await self._app(scope, receive, send)


def _address(text: str) -> Address | None:
    """An address, with or without its port: ``203.0.113.7:443``, ``[2001:db8::1]:443``."""
    text = text.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def _is_within(address: Address, networks: Iterable[Network]) -> bool:
    return any(address in network for network in networks)
