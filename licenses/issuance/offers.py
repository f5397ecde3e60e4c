"""Credential offers (OpenID4VCI §4): made by the holder, for one licence, good once and for ten minutes.

The pre-authorised code says that this holder, signed in here, lets one wallet have copies. Who photographs the code over a
shoulder lacks the transaction code, which is shown apart; five wrong ones end the offer.
"""

import hmac
import uuid
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import Conflict, InvalidInput
from kernel.house import House
from kernel.i18n import gettext as _
from kernel.ids import new_digits, new_token
from licenses.catalogue import licence_type
from licenses.issuance import repository
from licenses.issuance.errors import ProtocolError
from licenses.issuance.metadata import configuration_id, issuer_identifier
from licenses.jose import base64url
from licenses.models import Licence
from licenses.verification import check_licence
from licenses.wallet import owned

PRE_AUTHORIZED = "urn:ietf:params:oauth:grant-type:pre-authorized_code"
LIFE = timedelta(minutes=10)
TX_CODE_DIGITS = 6
TX_CODE_TRIES = 5
WALLETS_AT_MOST = 10
DEFAULT_NAME = "其他钱包"
_INVOKE = "openid-credential-offer://?"


class Offer(msgspec.Struct, frozen=True):
    """What the holder's page shows: one QR code or link, and the transaction code apart from it."""

    offer_uri: str
    by_reference: str
    by_value: str
    tx_code: str
    expires_at: datetime


class Allowed(msgspec.Struct, frozen=True):
    """What a code, and then an access token, stands for. ``grant_key`` keeps the requests of one wallet together;
    ``is_by_identifier``: the wallet was given a ``credential_identifier`` and names the licence by it. ``jkt``: the key that the
    token is bound to (DPoP)."""

    licence_id: uuid.UUID
    type_id: str
    holder_id: int
    added_by: int
    wallet_name: str
    grant_key: str
    client_id: str | None = None
    is_by_identifier: bool = False
    jkt: str | None = None


class _Kept(msgspec.Struct, frozen=True):
    allowed: Allowed
    tx_code_hash: bytes


def offer(
    session: Session,
    house: House,
    holder_ids: Collection[int],
    licence_id: uuid.UUID,
    *,
    added_by: int,
    wallet_name: str = "",
    has_tx_code: bool = True,
) -> Offer:
    """Raises ``Conflict`` for a licence that is not valid now, is only referred to here, or lies in ten wallets already."""
    licence = _addable(session, house, holder_ids, licence_id)
    if len(wallet_name) > 40:
        raise InvalidInput("钱包的名称最多40个字。")
    reference = new_token()
    code = _code(house, reference)
    tx_code = new_digits(TX_CODE_DIGITS) if has_tx_code else ""
    allowed = Allowed(
        licence_id=licence.id,
        type_id=licence.type_id,
        holder_id=licence.holder_id,
        added_by=added_by,
        wallet_name=wallet_name.strip() or DEFAULT_NAME,
        grant_key=new_token(),
    )
    kept = _Kept(allowed, _hashed(house, code, tx_code) if has_tx_code else b"")
    house.ephemeral.put(_key(house, code), msgspec.json.encode(kept), LIFE.total_seconds())
    document = _document(house, kept, code)
    uri = f"{issuer_identifier(house)}/issuance/offers/{reference}"
    return Offer(
        offer_uri=uri,
        by_reference=_INVOKE + urlencode({"credential_offer_uri": uri}),
        by_value=_INVOKE + urlencode({"credential_offer": msgspec.json.encode(document).decode()}),
        tx_code=tx_code,
        expires_at=house.clock.now() + LIFE,
    )


def document_at(house: House, reference: str) -> dict[str, Any] | None:
    """The offer that a wallet fetches; ``None`` when it is too old, or its code has been used."""
    code = _code(house, reference)
    found = house.ephemeral.get(_key(house, code))
    return None if found is None else _document(house, msgspec.json.decode(found, type=_Kept), code)


def redeem(house: House, code: str, tx_code: str | None, wanted: str | None = None) -> Allowed:
    """What the code stands for, once: of many wallets that send it exactly one succeeds (§6.3 for the refusals).

    ``wanted`` is the configuration that the wallet names, if it does.
    """
    key = _key(house, code)
    found = house.ephemeral.get(key)
    if found is None:
        raise ProtocolError("invalid_grant", "The pre-authorized code is unknown, expired or used.")
    kept = msgspec.json.decode(found, type=_Kept)
    if kept.tx_code_hash and tx_code is None:
        raise ProtocolError("invalid_request", "A tx_code is expected.")
    if not kept.tx_code_hash and tx_code is not None:
        raise ProtocolError("invalid_request", "No tx_code is expected.")
    if kept.tx_code_hash and not hmac.compare_digest(kept.tx_code_hash, _hashed(house, code, tx_code or "")):
        if house.ephemeral.increment(f"{key}:tries", LIFE.total_seconds()) >= TX_CODE_TRIES:
            house.ephemeral.delete(key)
        raise ProtocolError("invalid_grant", "The tx_code is wrong.")
    if wanted is not None and wanted != _configuration(kept.allowed):
        raise ProtocolError("invalid_authorization_details", "This credential was not offered.")
    if house.ephemeral.take(key) is None:
        raise ProtocolError("invalid_grant", "The pre-authorized code is unknown, expired or used.")
    return kept.allowed


def _addable(session: Session, house: House, holder_ids: Collection[int], licence_id: uuid.UUID) -> Licence:
    """Raises ``NotFound`` for somebody else's, ``Conflict`` for one that cannot be given out now."""
    licence = owned(session, holder_ids, licence_id)
    kind = licence_type(licence.type_id)
    if kind.is_reference:
        raise Conflict("这份证照由上级机关签发，请在签发机关的应用中添加。")
    if check_licence(session, house, licence).result != "valid":
        raise Conflict("这份证照现在不是有效状态，不能添加到其他钱包。")
    if repository.count_active(session, licence.id) >= WALLETS_AT_MOST:
        raise Conflict(_("这份证照已在%(count)s个钱包里，请先移除不用的。", count=WALLETS_AT_MOST))
    return licence


def _configuration(allowed: Allowed) -> str:
    return configuration_id(licence_type(allowed.type_id))


def _document(house: House, kept: _Kept, code: str) -> dict[str, Any]:
    issuer = issuer_identifier(house)
    asked = {
        "tx_code": {
            "input_mode": "numeric",
            "length": TX_CODE_DIGITS,
            "description": "在添加证照的页面上点“显示交易码”可以看到 / Shown on the page where you add the licence",
        }
    }
    return {
        "credential_issuer": issuer,
        "credential_configuration_ids": [_configuration(kept.allowed)],
        "grants": {
            "authorization_code": {"authorization_server": house.settings.issuer},
            PRE_AUTHORIZED: {
                "pre-authorized_code": code,
                **(asked if kept.tx_code_hash else {}),
                "authorization_server": issuer,
            },
        },
    }


def _code(house: House, reference: str) -> str:
    """The code follows from the address of the offer, so that neither of them is kept anywhere."""
    secret = house.vault.blind_index(reference, purpose="licences/pre-authorized-code")
    return base64url(secret)


def _key(house: House, code: str) -> str:
    return "licence-vci-code:" + house.vault.hash_token(code).hex()


def _hashed(house: House, code: str, tx_code: str) -> bytes:
    return house.vault.hash_token(f"{code}/{tx_code}")
