"""The issuer's keys: made on first need, sealed in the database, found by anyone who verifies."""

import uuid

import msgspec
import sqlalchemy as sa
from joserfc.jwk import ECKey
from sqlalchemy.orm import Session

from kernel.house import House
from kernel.ids import new_id
from licenses.document.certificate import new_certificate
from licenses.models import LicenceKey
from licenses.seal import SoftwareSigner

#: Opened once in a process: a key's id stands for the same key for ever.
_opened: dict[uuid.UUID, ECKey] = {}
_opened_seals: dict[uuid.UUID, SoftwareSigner] = {}


def credential_key(session: Session, house: House) -> ECKey:
    """The ES256 key that signs credentials now."""
    row = _active(session, "ES256")
    if row is not None:
        if row.id not in _opened:
            parameters = {"kid": str(row.id)}
            _opened[row.id] = ECKey.import_key(msgspec.json.decode(_private(row, house)), parameters)
        return _opened[row.id]
    key = ECKey.generate_key("P-256")
    identity = new_id()
    private = msgspec.json.encode(key.as_dict(private=True)).decode()
    public = msgspec.json.encode(key.as_dict(private=False)).decode()
    _add(session, house, "ES256", private, public, identity)
    return ECKey.import_key(key.as_dict(private=True), {"kid": str(identity)})


def seal_signer(session: Session, house: House) -> SoftwareSigner:
    """The SM2 key that seals licences now."""
    row = _active(session, "SM2")
    if row is not None:
        if row.id not in _opened_seals:
            _opened_seals[row.id] = SoftwareSigner(_private(row, house).encode())
        return _opened_seals[row.id]
    private = SoftwareSigner.generate()
    signer = SoftwareSigner(private)
    _add(session, house, "SM2", private.decode(), signer.public_pem, new_id())
    return signer


def document_key(session: Session, house: House) -> tuple[bytes, bytes]:
    """The key and certificate that sign documents now, PEM."""
    row = _active(session, "X509")
    if row is not None:
        return _private(row, house).encode(), row.public.encode()
    name = "黄石市电子证照服务" + ("（演示）" if house.settings.is_demo else "")
    private, certificate = new_certificate(name, house.clock.now())
    _add(session, house, "X509", private.decode(), certificate.decode(), new_id())
    return private, certificate


def document_certificates(session: Session) -> list[bytes]:
    """Every certificate that ever signed documents, PEM."""
    rows = session.scalars(sa.select(LicenceKey.public).where(LicenceKey.algorithm == "X509"))
    return [one.encode() for one in rows]


def public_credential_keys(session: Session) -> dict[str, ECKey]:
    """Every ES256 key that ever signed, by ``kid``: old credentials stay verifiable."""
    rows = session.scalars(sa.select(LicenceKey).where(LicenceKey.algorithm == "ES256"))
    return {
        str(row.id): ECKey.import_key(msgspec.json.decode(row.public), {"kid": str(row.id)}) for row in rows
    }


def public_seal_keys(session: Session) -> list[str]:
    """Every SM2 public key that ever sealed, PEM."""
    statement = sa.select(LicenceKey.public).where(LicenceKey.algorithm == "SM2")
    return list(session.scalars(statement.order_by(LicenceKey.created_at.desc())))


def _active(session: Session, algorithm: str) -> LicenceKey | None:
    statement = sa.select(LicenceKey).where(
        LicenceKey.algorithm == algorithm, LicenceKey.retired_at.is_(None)
    )
    return session.scalar(statement.order_by(LicenceKey.created_at.desc()).limit(1))


def _private(row: LicenceKey, house: House) -> str:
    return house.vault.open(row.private_sealed, context=f"licence_key/private/{row.id}")


def _add(session: Session, house: House, algorithm: str, private: str, public: str, identity: object) -> None:
    session.add(
        LicenceKey(
            id=identity,
            algorithm=algorithm,
            private_sealed=house.vault.seal(private, context=f"licence_key/private/{identity}"),
            public=public,
            created_at=house.clock.now(),
        )
    )
    session.flush()
