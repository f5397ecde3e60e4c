"""Calls of a bank's system count once: the same key with the same content gets the answer it got the first time.

(The Idempotency-Key HTTP header field, IETF httpapi draft 7.) The answer commits with what was done.
"""

import hashlib
from collections.abc import Callable

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import Conflict
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.requests import WebRequest
from portals.financing.banks import repository
from portals.financing.banks.actors import BankActor
from portals.financing.banks.signing import KEY


def done_once(
    house: House, actor: BankActor, request: WebRequest, body: bytes, act: Callable[[Session], msgspec.Struct]
) -> bytes:
    """Do it in one transaction and give the answer as JSON; a system's repeated call is not done again."""
    key = request.headers.get(KEY, "") if actor.is_system else ""
    digest = hashlib.sha256(f"{request.method} {request.url.path}\n".encode() + body).digest()
    with house.database.write() as session:
        if key and not repository.begin_call(session, actor.code, key, digest, house.clock.now()):
            return _answer_of_then(session, actor.code, key, digest)
        answer = msgspec.json.encode(act(session))
        if key and (row := repository.call(session, actor.code, key)) is not None:
            row.status, row.answer = 200, answer
    return answer


def _answer_of_then(session: Session, code: str, key: str, digest: bytes) -> bytes:
    known = repository.call(session, code, key)
    if known is None or known.digest != digest:
        raise Conflict(_("这个 Idempotency-Key 已用于另一个请求，请换一个。"))
    return known.answer
