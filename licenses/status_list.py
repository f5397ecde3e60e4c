"""The status of every credential in one small signed list (draft-ietf-oauth-status-list): two bits each, compressed."""

import base64
import zlib
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from kernel.house import House
from licenses import credential, keys, repository
from licenses.states import LicenceState, status_value

BITS = 2
LIFE = timedelta(minutes=5)
MEDIA_TYPE = "application/statuslist+jwt"


def pack(values: list[tuple[int, int]], length: int) -> bytes:
    """``length`` statuses of two bits, the lowest bits first (§4.1); those not named are 0."""
    packed = bytearray((length * BITS + 7) // 8)
    for index, value in values:
        packed[index * BITS // 8] |= value << (index * BITS % 8)
    return bytes(packed)


def status_list_token(session: Session, house: House, *, now: datetime) -> str:
    """The signed list as of now; a verifier may keep it for five minutes (``ttl``)."""
    states, highest = repository.status_values(session)
    values = [
        (index, status_value(LicenceState(state), is_superseded=is_superseded))
        for index, state, is_superseded in states
    ]
    packed = pack(values, highest + 1)
    compressed = base64.urlsafe_b64encode(zlib.compress(packed, 9)).rstrip(b"=").decode()
    key = keys.credential_key(session, house)
    claims = {
        "sub": f"{house.settings.base_url}/licenses/status/1",
        "iat": credential.epoch(now),
        "exp": credential.epoch(now + LIFE),
        "ttl": int(LIFE.total_seconds()),
        "status_list": {"bits": BITS, "lst": compressed},
    }
    return credential.sign(key, "statuslist+jwt", claims)
