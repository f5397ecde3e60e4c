"""What a licence is made of: identifier, credential, seal and sealed content, the same for one and for a hundred thousand."""

import uuid
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import msgspec
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.clock import business_date
from kernel.house import House
from kernel.ids import new_digits, new_id
from licenses import credential, keys
from licenses.catalogue import LicenceType
from licenses.identifier import LicenceIdentifier, parse_identifier
from licenses.models import Licence
from licenses.schemas import Content
from licenses.seal import Signer
from licenses.states import LicenceState
from licenses.status_list import Places
from licenses.type_metadata import type_claims

#: Drawn after the day. With ten, two in five bulk issues of a hundred thousand would draw one twice; with sixteen, in
#: ten thousand such days not one.
SERIAL_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Writer:
    """Signs in the name of this house; opened once for a transaction."""

    house: House
    key: ECKey
    signer: Signer
    places: Places
    now: datetime

    @classmethod
    def open(cls, session: Session, house: House) -> "Writer":
        key, signer = keys.credential_key(session, house), keys.seal_signer(session, house)
        return cls(house, key, signer, Places.of(house, "licences"), house.clock.now())

    def row(
        self,
        kind: LicenceType,
        *,
        issuer: str,
        holder_id: int,
        number: str,
        fields: dict[str, Any],
        status_index: int,
        former: Licence | None,
        source_event: str | None,
        valid_until: date | None = None,
        seal: Callable[[bytes], object] | None = None,
    ) -> dict[str, Any]:
        """The columns of a new licence, signed by both keys; the caller inserts it. ``seal`` may put the SM2 signature
        off: what it returns stands in the place of the seal until the caller puts the seal there."""
        licence_id, today = new_id(), business_date(self.now)
        until = valid_until or (None if kind.valid_years is None else years_later(today, kind.valid_years))
        identifier = str(_identifier(kind, issuer, today, former))
        sd_jwt = credential.issue(self.key, self._claims(kind, identifier, status_index, until), fields)
        text = msgspec.json.encode(Content(fields, sd_jwt)).decode()
        vault = self.house.vault
        return {
            "id": licence_id,
            "status_index": status_index,
            "identifier": identifier,
            "type_id": kind.id,
            "schema_version": kind.version,
            "issuer": issuer,
            "holder_id": holder_id,
            "state": LicenceState.VALID.value,
            "issued_on": today,
            "valid_until": until,
            "previous_id": None if former is None else former.id,
            "source_event": source_event,
            "created_at": self.now,
            "number_sealed": vault.seal(number, context=f"licence/number/{licence_id}"),
            "content_sealed": vault.seal(text, context=f"licence/content/{licence_id}"),
            "seal": (seal or self.signer.sign)(seal_payload(identifier, sd_jwt)),
        }

    def _claims(
        self, kind: LicenceType, identifier: str, status_index: int, until: date | None
    ) -> dict[str, Any]:
        base_url = self.house.settings.base_url
        return {
            "iss": f"{base_url}/licenses",
            "iat": credential.epoch(self.now),
            **type_claims(base_url, kind, kind.version),
            "licence": identifier,
            "status": self.places.claim(status_index),
            **({} if until is None else {"valid_until": until.isoformat()}),
        }


def _identifier(kind: LicenceType, issuer: str, today: date, former: Licence | None) -> LicenceIdentifier:
    """The next version of what the same authority issued before, else a serial of its own."""
    if former is not None and former.issuer == issuer:
        return parse_identifier(former.identifier, is_strict=False).next_version()
    return LicenceIdentifier(kind.code, issuer, f"{today:%Y%m%d}{new_digits(SERIAL_DIGITS)}")


def number_of(session: Session, house: House, kind: LicenceType, holder_id: int) -> str:
    """A disability number is the citizen's number and two more digits; a firm's licence bears its credit code."""
    return numbers_of(session, house, kind, [holder_id])[holder_id]


def numbers_of(
    session: Session, house: House, kind: LicenceType, holder_ids: Collection[int]
) -> dict[int, str]:
    """``number_of`` for many, by holder."""
    rule = kind.number
    if not (rule.is_holder_identifier or rule.prefix_holder_identifier):
        return {one: new_digits(16) for one in holder_ids}
    identifiers = registry.identifiers_of(session, holder_ids, vault=house.vault)
    if rule.is_holder_identifier:
        return identifiers
    return {one: identifier + new_digits(2) for one, identifier in identifiers.items()}


def content(house: House, licence: Licence) -> Content:
    """Open what is sealed in a licence; the caller has checked who asks."""
    text = house.vault.open(licence.content_sealed, context=f"licence/content/{licence.id}")
    return msgspec.json.decode(text, type=Content)


def number(house: House, licence: Licence) -> str:
    """The licence number 证照编号; the caller has checked who asks."""
    return house.vault.open(licence.number_sealed, context=f"licence/number/{licence.id}")


def seal_payload(identifier: str, sd_jwt: str) -> bytes:
    """What the SM2 seal covers: the identifier and the credential."""
    return f"{identifier}\n{sd_jwt}".encode()


def facts_payload(
    kind: LicenceType,
    *,
    act_id: uuid.UUID,
    holder_id: int,
    valid_until: date | None,
    fields: dict[str, Any] | None,
    number: str,
    now: datetime,
) -> dict[str, Any] | None:
    """What the engine is told of a licence after an act on it, ``None`` when there is nothing to tell. Each act is news of
    its own, however soon it follows the last. Facts that end with the licence end on its last day."""
    values = kind.stated(fields, number)
    if not values:
        return None
    ends = valid_until if fields is not None and not kind.keep_facts_when_ended else None
    return {
        "subject_id": holder_id,
        "source": kind.department,
        "event_id": f"licence-act:{act_id}",
        "observed_at": now.isoformat(),
        "valid_until": None if ends is None else ends.isoformat(),
        "values": values,
    }


def years_later(day: date, years: int) -> date:
    try:
        return day.replace(year=day.year + years)
    except ValueError:  # 29 February
        return day.replace(year=day.year + years, day=28)
