"""Each simulated bank's own key: made once, in the simulated world's folder, where the city never looks."""

import os
from pathlib import Path
from typing import Any

import msgspec
from joserfc.jwk import ECKey

FOLDER = "simulated-banks"


def key_of(home: Path, code: str) -> ECKey:
    """The key by which a bank's system proves itself and signs."""
    path = home / FOLDER / f"{code}.json"
    if path.exists():
        return ECKey.import_key(msgspec.json.decode(path.read_bytes()))
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key = ECKey.generate_key("P-256", auto_kid=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(key.as_dict(private=True)))
    return key


def public_keys(home: Path, code: str) -> dict[str, Any]:
    """What the bank hands in when it is connected: a JWKS."""
    return {"keys": [key_of(home, code).as_dict(private=False)]}


def client_id_of(code: str) -> str:
    return f"bank-{code}"
