"""Where the house stands: read once from the environment, then passed down; nothing else reads the environment."""

from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The few things that differ between an embedded demo and a city in production."""

    home: Path
    database_url: str
    redis_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    base_url: str = "http://127.0.0.1:8000"
    issuer: str = "http://127.0.0.1:8000/identity"
    is_demo: bool = False
    master_key: str | None = None
    log_hash: Literal["sha-256", "sm3"] = "sha-256"
    log_anchor: Path | None = None
    trusted_proxies: tuple[str, ...] = ()

    @property
    def is_embedded(self) -> bool:
        """One process does everything: SQLite, with the worker inside."""
        return self.database_url.startswith("sqlite")

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def is_loopback(self) -> bool:
        """Only this machine's own browsers come here."""
        return urlsplit(self.base_url).hostname in ("127.0.0.1", "::1", "localhost")

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> "Settings":
        """Read ``DONGCHU_*``; what is not set gets the embedded default.

        ``DONGCHU_MASTER_KEY`` (base64, 32 bytes) replaces the key file that an embedded start makes for itself.
        ``DONGCHU_LOG_ANCHOR`` names the file that heads of the transparency log are anchored in, best on another
        machine's disk; ``DONGCHU_LOG_HASH`` (``sha-256`` or ``sm3``) is chosen once, before the log begins.
        ``DONGCHU_TRUSTED_PROXIES`` (``10.0.0.1, 192.168.0.0/16``) says whose ``X-Forwarded-For`` is believed: nobody's,
        where it is not set.
        """
        home = Path(environ.get("DONGCHU_HOME", "var")).resolve()
        port = _port_named(environ.get("DONGCHU_PORT", "8000"))
        base_url = environ.get("DONGCHU_BASE_URL", f"http://127.0.0.1:{port}").rstrip("/")
        anchor = environ.get("DONGCHU_LOG_ANCHOR")
        return cls(
            home=home,
            database_url=environ.get("DONGCHU_DATABASE_URL", f"sqlite:///{home / 'dongchu.db'}"),
            redis_url=environ.get("DONGCHU_REDIS_URL"),
            host=environ.get("DONGCHU_HOST", "127.0.0.1"),
            port=port,
            base_url=base_url,
            issuer=environ.get("DONGCHU_ISSUER", f"{base_url}/identity"),
            is_demo=environ.get("DONGCHU_DEMO", "") == "1",
            master_key=environ.get("DONGCHU_MASTER_KEY"),
            log_hash=_hash_named(environ.get("DONGCHU_LOG_HASH", "sha-256")),
            log_anchor=None if anchor is None else Path(anchor).resolve(),
            trusted_proxies=_networks_named(environ.get("DONGCHU_TRUSTED_PROXIES", "")),
        )


def _port_named(text: str) -> int:
    try:
        return int(text)
    except ValueError as error:
        raise ValueError(f"DONGCHU_PORT must be a number: {error}") from error


def _networks_named(text: str) -> tuple[str, ...]:
    found = tuple(filter(None, (one.strip() for one in text.split(","))))
    for one in found:
        try:
            ip_network(one)
        except ValueError as error:
            raise ValueError(f"DONGCHU_TRUSTED_PROXIES: {one} is no address or network ({error})") from error
    return found


def _hash_named(name: str) -> Literal["sha-256", "sm3"]:
    if name not in ("sha-256", "sm3"):
        raise ValueError(f"DONGCHU_LOG_HASH is sha-256 or sm3, not {name}")
    return name
