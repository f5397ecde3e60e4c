"""Where the outside systems are and which keys are shared with them.

Embedded, everything points to the simulators of the same process and keys are made once under the home; in
production a file named by ``DONGCHU_CONNECTORS`` says both.
"""

import base64
import os
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from connectors.events.signing import KEY_BYTES, SigningKey

SYSTEMS = (
    "public_security",
    "civil_affairs",
    "disabled_federation",
    "social_insurance",
    "health",
    "education",
    "housing",
    "tax",
    "market_regulation",
    "technology",
    "industry",
    "banks",
    "treasury",
    "messaging",
    "mail",
    "wechat",
    "exchange",
    "means_test",
)
#: OpenID providers beside ours; ``token`` is our client secret there. A house without them works just as well.
IDENTITY_PROVIDERS = ("province_identity", "network_identity")
_KEYS_FILE = "connectors.json"


class OutsideSystem(msgspec.Struct, frozen=True, kw_only=True):
    """One system: its address, the token we show to it, and the keys it signs its events with.

    ``is_disabled``: an operator took it out of service; nothing is sent to it until it is enabled again.
    """

    base_url: str
    token: str
    signing_keys: tuple[SigningKey, ...]
    connect_seconds: float = 2.0
    answer_seconds: float = 5.0
    is_disabled: bool = False

    def __repr__(self) -> str:
        """Without the token: settings end up in tracebacks."""
        return f"OutsideSystem({self.base_url!r})"


class WechatAccount(msgspec.Struct, frozen=True, kw_only=True):
    """The city's official account there, and the template whose one blank (``thing1``) takes our sentence.

    ``authorize_base``: where people's WeChat is asked who they are, when that is another host than the interface's.
    """

    app_id: str = "dongchu"
    template_id: str = "summons"
    authorize_base: str = ""


class ConnectorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """All outside systems by id (see ``SYSTEMS``), and the identity providers one may sign in through."""

    systems: dict[str, OutsideSystem]
    identity_providers: dict[str, OutsideSystem] = {}
    wechat_account: WechatAccount = WechatAccount()

    @classmethod
    def from_environ(cls, environ: Mapping[str, str], base_url: str, home: Path) -> "ConnectorSettings":
        """``DONGCHU_CONNECTORS`` names a JSON file of this structure; without it, the simulators at ``base_url``."""
        path = environ.get("DONGCHU_CONNECTORS")
        if path:
            return msgspec.json.decode(Path(path).read_bytes(), type=cls)
        return cls.embedded(base_url, home)

    @classmethod
    def embedded(cls, base_url: str, home: Path) -> "ConnectorSettings":
        """Every system played by the simulators under ``<base_url>/simulators``, keys kept in ``<home>/keys``."""
        keys = _keys_at(home / "keys")

        def played(name: str) -> OutsideSystem:
            return OutsideSystem(
                base_url=f"{base_url}/simulators/{name}",
                token=keys[name].token,
                signing_keys=keys[name].signing_keys,
            )

        return cls(
            systems={name: played(name) for name in SYSTEMS},
            identity_providers={name: played(name) for name in IDENTITY_PROVIDERS},
        )


class SystemKeys(msgspec.Struct, frozen=True):
    token: str
    signing_keys: tuple[SigningKey, ...]


def rotate(home: Path, system: str, *, now: datetime, overlap: timedelta) -> SigningKey:
    """Give a system a new signing key; the former ones stay good until ``now + overlap``."""
    keys = _keys_at(home / "keys")
    fresh = SigningKey(_secret())
    former = tuple(SigningKey(key.secret, key.until or now + overlap) for key in keys[system].signing_keys)
    still_live = tuple(key for key in former if key.is_live(now))
    keys[system] = SystemKeys(keys[system].token, (fresh, *still_live))
    _write(home / "keys", keys)
    return fresh


def _keys_at(folder: Path) -> dict[str, SystemKeys]:
    path = folder / _KEYS_FILE
    known: dict[str, SystemKeys] = {}
    if path.exists():
        known = msgspec.json.decode(path.read_bytes(), type=dict[str, SystemKeys])
    missing = [name for name in (*SYSTEMS, *IDENTITY_PROVIDERS) if name not in known]
    if missing:  # a home from before these systems were spoken to
        known |= {name: SystemKeys(secrets.token_urlsafe(32), (SigningKey(_secret()),)) for name in missing}
        _write(folder, known)
    return known


def _write(folder: Path, keys: dict[str, SystemKeys]) -> None:
    replace_file(folder / _KEYS_FILE, msgspec.json.encode(keys))


def replace_file(path: Path, content: bytes) -> None:
    """In one step, so that a reader never sees half of it; for its owner alone."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


def new_key() -> SigningKey:
    return SigningKey(_secret())


def _secret() -> str:
    return base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
