"""What was asked and answered when, signed, so that whoever relied on it can prove it later."""

from typing import Any

import msgspec
from joserfc.errors import JoseError
from sqlalchemy.orm import Session

from kernel.errors import InvalidInput
from kernel.house import House
from kernel.i18n import gettext as _
from licenses import credential, keys
from licenses.issuance.metadata import public_jwks
from licenses.jose import header_of, payload_of
from licenses.schemas import Verification

TYPE = "licence-verification+jwt"
LONGEST = 40_000


class ReportFile(msgspec.Struct, frozen=True):
    """``verification`` in the open and ``report``, the same as a JWS (ES256); ``keys`` for convenience: whose they are only
    ``/licenses/jwks`` can say."""

    verification: dict[str, Any]
    report: str
    keys: list[dict[str, Any]]


def signed_report(session: Session, house: House, answer: Verification) -> str:
    """The answer as a JWS that proves later what was asked and answered when."""
    claims = {
        "iss": f"{house.settings.base_url}/licenses",
        "iat": credential.epoch(answer.checked_at),
        "verification": msgspec.to_builtins(answer),
    }
    return credential.sign(keys.credential_key(session, house), TYPE, claims)


def report_file(session: Session, report: str) -> ReportFile:
    """A report of ours to take away. Raises ``InvalidInput`` for anything else, so that nothing foreign is handed out."""
    try:
        header = header_of(report[:LONGEST])
        key = keys.public_credential_keys(session).get(str(header.get("kid", "")))
        if key is None or header.get("typ") != TYPE:
            raise ValueError("not a report of ours")
        claims: dict[str, Any] = msgspec.json.decode(payload_of(report, key))
    except (JoseError, msgspec.DecodeError, ValueError) as error:
        raise InvalidInput(_("这不是本市签发的查验报告，请重新查验。")) from error
    return ReportFile(claims["verification"], report, public_jwks(session))
