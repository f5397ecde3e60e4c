"""Copies of a licence for the keys of one wallet: each signed by itself, with a status of its own, dead when the licence is."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.audit import record
from kernel.house import House
from kernel.ids import new_id
from kernel.notices import notify
from kernel.wording import worded
from licenses import credential, keys
from licenses import repository as licences
from licenses.catalogue import LicenceType, licence_type
from licenses.issuance import repository
from licenses.issuance.errors import ProtocolError
from licenses.issuance.metadata import issuer_identifier
from licenses.issuance.models import LicenceCopy, LicenceWallet
from licenses.issuance.offers import WALLETS_AT_MOST, Allowed
from licenses.models import Licence
from licenses.schemas import Verifier
from licenses.status_list import Places
from licenses.type_metadata import AUTHORITY_CLAIM, COMMON_CLAIMS, type_claims
from licenses.uses import record_use
from licenses.verification import check_licence
from licenses.writing import content, number

#: A copy lives a year at most; then the wallet asks again.
COPY_LIFE = timedelta(days=365)
COPIES_AT_MOST = 50
_CHINA = ZoneInfo("Asia/Shanghai")


@dataclass(frozen=True, slots=True)
class Issued:
    """``notification_id`` is for the wallet alone; only its hash is kept."""

    credentials: list[str]
    notification_id: str


def issue_copies(session: Session, house: House, allowed: Allowed, jwks: list[dict[str, str]]) -> Issued:
    """One credential for each key, recorded as a use before anything leaves.

    Raises ``ProtocolError`` (``credential_request_denied``) for a licence that has ended since, or lies in too many wallets.
    """
    licence = licences.by_id(session, allowed.licence_id, for_update=True)
    if licence is None or licence.holder_id != allowed.holder_id:
        raise _denied("The licence is not the holder's any more.")
    if check_licence(session, house, licence).result != "valid":
        raise _denied("The licence is not valid any more.")
    wallet, notification_id = _wallet(session, house, licence, allowed)
    if repository.count_copies(session, wallet.id) + len(jwks) > COPIES_AT_MOST:
        raise _denied("This wallet has had as many copies as it may.")
    kind = licence_type(licence.type_id)
    said = _said(session, house, licence)
    cause = "添加到其他钱包"
    verifier = Verifier(wallet.name, is_known=wallet.client_id is not None, purpose="anyone")
    record_use(session, house, licence, kind="wallet", verifier=verifier, purpose=cause, fields=said)
    press = _Press.open(session, house, kind, licence, said)
    numbered = list(zip(repository.reserve(session, len(jwks)), jwks, strict=True))
    for sequence, jwk in numbered:
        session.add(
            LicenceCopy(
                sequence=sequence,
                wallet_id=wallet.id,
                key_thumbprint=ECKey.import_key(dict(jwk)).thumbprint(),
                issued_at=press.now,
                expires_at=press.expires_at,
            )
        )
    session.flush()
    return Issued([press.copy(sequence, jwk) for sequence, jwk in numbered], notification_id)


@dataclass(frozen=True, slots=True)
class _Press:
    """Prints copies of one licence, alike but for key, salts and status."""

    house: House
    key: ECKey
    x5c: list[str]
    places: Places
    claims: dict[str, Any]
    fields: Mapping[str, Any]
    decoys: int
    now: datetime
    expires_at: datetime

    @classmethod
    def open(
        cls, session: Session, house: House, kind: LicenceType, licence: Licence, fields: Mapping[str, Any]
    ) -> "_Press":
        key, now = keys.credential_key(session, house), house.clock.now()
        expires_at = _midnight_after(now + COPY_LIFE)
        if licence.valid_until is not None:
            expires_at = min(expires_at, _end_of(licence.valid_until))
        claims = {
            "iss": issuer_identifier(house),
            # To the hour: copies of one licence must not be known by the second they were made in (OpenID4VCI §15.4.1).
            "iat": credential.epoch(now.replace(minute=0, second=0, microsecond=0)),
            "exp": credential.epoch(expires_at),
            **type_claims(house.settings.base_url, kind, licence.schema_version),
            AUTHORITY_CLAIM: licence.issuer,
        }
        possible = len(kind.fields_of(licence.schema_version)) + len(COMMON_CLAIMS)
        return cls(
            house=house,
            key=key,
            x5c=keys.certificate_chain(session, house, key),
            places=Places.of(house, "wallets"),
            claims=claims,
            fields=fields,
            decoys=possible - len(fields),
            now=now,
            expires_at=expires_at,
        )

    def copy(self, sequence: int, jwk: dict[str, str]) -> str:
        claims = {**self.claims, "cnf": {"jwk": jwk}, "status": self.places.claim(sequence)}
        return credential.issue(self.key, claims, dict(self.fields), decoys=self.decoys, x5c=self.x5c)


def _wallet(session: Session, house: House, licence: Licence, allowed: Allowed) -> tuple[LicenceWallet, str]:
    """The same wallet for all requests with one token; the first one is told to the holder."""
    grant_key = house.vault.hash_token(allowed.grant_key)
    known = repository.by_grant(session, grant_key)
    if known is not None:
        if known.removed_at is not None:
            raise _denied("The holder has taken this licence out of the wallet.")
        return known, _notification_id(house, known.id)
    if repository.count_active(session, licence.id) >= WALLETS_AT_MOST:
        raise _denied("The licence lies in as many wallets as it may.")
    now, wallet_id = house.clock.now(), new_id()
    notification_id = _notification_id(house, wallet_id)
    wallet = LicenceWallet(
        id=wallet_id,
        licence_id=licence.id,
        added_by=allowed.added_by,
        client_id=allowed.client_id,
        name=allowed.wallet_name,
        grant_key=grant_key,
        notification_hash=house.vault.hash_token(notification_id),
        state="issued",
        added_at=now,
        removed_at=None,
    )
    session.add(wallet)
    session.flush()
    _tell(session, house, licence, wallet, allowed.added_by)
    return wallet, notification_id


def _tell(session: Session, house: House, licence: Licence, wallet: LicenceWallet, by: int) -> None:
    kind, now = licence_type(licence.type_id), house.clock.now()
    portal = "tong" if kind.holder == "person" else "rongtong"
    notify(
        session,
        subject_id=licence.holder_id,
        kind="licence",
        title=worded("您的%(licence)s已添加到“%(wallet)s”", licence=kind.named, wallet=wallet.name),
        body=worded("如果不是您本人操作，请马上在证照页面把它移除，移除后对方手里的副本立即失效。"),
        link=f"/{portal}/wallet/{licence.id}/wallets",
        now=now,
    )
    record(
        session,
        actor=f"holder:{by}",
        action="licence.wallet_added",
        object_kind="licence_wallet",
        object_id=wallet.id,
        detail={"licence": str(licence.id)},
        now=now,
    )


def _said(session: Session, house: House, licence: Licence) -> dict[str, Any]:
    """Every claim of a copy that can be withheld."""
    holder = registry.describe(session, [licence.holder_id], vault=house.vault)[licence.holder_id]
    return {
        **content(house, licence).fields,
        "holder_name": holder.name,
        "licence_number": number(house, licence),
        "licence_identifier": licence.identifier,
        "issued_on": licence.issued_on.isoformat(),
    }


def _notification_id(house: House, wallet_id: uuid.UUID) -> str:
    """The same at every request of a wallet, and kept nowhere."""
    return house.vault.blind_index(str(wallet_id), purpose="licences/notification-id").hex()


def _midnight_after(instant: datetime) -> datetime:
    return _end_of(instant.astimezone(_CHINA).date())


def _end_of(day: date) -> datetime:
    return datetime.combine(day, time.max.replace(microsecond=0), _CHINA).astimezone(UTC)


def _denied(description: str) -> ProtocolError:
    return ProtocolError("credential_request_denied", description)
