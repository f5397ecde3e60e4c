"""A signer for tests, so that the log is tested without the keys of licences."""

import base64
import hmac
from hashlib import sha256

from sqlalchemy.orm import Session

from kernel.transparency.heads import Head, SignedHead, claimed


def sign(session: Session, payload: bytes, *, key: str = "key") -> SignedHead:
    body = base64.urlsafe_b64encode(payload).rstrip(b"=").decode()
    return SignedHead(jws=f"x.{body}.{_mac(body, key)}", sm2="00")


def read_head(signed: SignedHead) -> Head | None:
    _header, body, mac = signed.jws.split(".")
    return claimed(signed.jws) if hmac.compare_digest(mac, _mac(body, "key")) else None


def _mac(body: str, key: str) -> str:
    return hmac.new(key.encode(), body.encode(), sha256).hexdigest()
