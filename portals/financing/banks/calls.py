"""One call to the banks' API: who calls, and that what is done counts once.

The same key with the same content gets the answer it got the first time (the Idempotency-Key HTTP header field, IETF
httpapi draft 7). The answer commits with what was done.
"""

import hashlib
import uuid
from collections.abc import Callable
from datetime import datetime

import msgspec
from litestar import Response
from sqlalchemy.orm import Session

from kernel.crypto import Vault
from kernel.errors import Conflict
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.web.requests import WebRequest
from portals.financing.banks import repository, views
from portals.financing.banks.actors import BankActor
from portals.financing.banks.signing import KEY
from portals.financing.loans import views as loan_views

JSON = "application/json"


class Call(msgspec.Struct, frozen=True):
    """What every handler of the banks' API is given."""

    house: House
    request: WebRequest
    actor: BankActor
    body: bytes

    @property
    def vault(self) -> Vault:
        return self.house.vault

    @property
    def now(self) -> datetime:
        return self.house.clock.now()

    def on_application(self, application_id: uuid.UUID, act: Callable[[Session], object]) -> Response[bytes]:
        """Do it once, and answer with the application as it is then."""

        def acted(session: Session) -> msgspec.Struct:
            act(session)
            return views.application_view(session, self.actor, application_id, vault=self.vault, now=self.now)

        return self.once(acted)

    def on_loan(self, act: Callable[[Session], uuid.UUID]) -> Response[bytes]:
        """Do it once, and answer with the loan as it is then; ``act`` says which one that is."""

        def acted(session: Session) -> msgspec.Struct:
            return loan_views.at_bank(session, self.actor, act(session), vault=self.vault, now=self.now)

        return self.once(acted)

    def once(self, act: Callable[[Session], msgspec.Struct]) -> Response[bytes]:
        """Do it in one transaction and answer with what it gives; a system's repeated call is not done again."""
        key = self.request.headers.get(KEY, "") if self.actor.is_system else ""
        named = f"{self.request.method} {self.request.url.path}\n".encode()
        digest = hashlib.sha256(named + self.body).digest()
        with self.house.database.write() as session:
            if key and not repository.begin_call(session, self.actor.code, key, digest, self.now):
                answer = _answer_of_then(session, self.actor.code, key, digest)
            else:
                answer = msgspec.json.encode(act(session))
                if key and (row := repository.call(session, self.actor.code, key)) is not None:
                    row.status, row.answer = 200, answer
        return Response(answer, media_type=JSON)


def _answer_of_then(session: Session, code: str, key: str, digest: bytes) -> bytes:
    known = repository.call(session, code, key)
    if known is None or known.digest != digest:
        raise Conflict(_("这个 Idempotency-Key 已用于另一个请求，请换一个。"))
    return known.answer
