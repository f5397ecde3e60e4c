"""Asking a wallet, judging what it sends, and telling whoever asked, once."""

import hmac
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.errors import Forbidden, Gone, InvalidInput
from kernel.house import House
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.ids import new_token
from licenses import keys
from licenses import repository as licences
from licenses.catalogue import licence_type
from licenses.credential import Credential, NotGenuine, epoch
from licenses.issuance.errors import ProtocolError
from licenses.issuance.metadata import issuer_identifier
from licenses.issuance.repository import copy_in_wallet
from licenses.models import Licence
from licenses.presentation import requests, transactions
from licenses.presentation.key_binding import NotBound, verify_presentation
from licenses.presentation.queries import QUERY_ID, required
from licenses.presentation.transactions import Asked, Open, Outcome
from licenses.schemas import Verification, Verifier
from licenses.status_list import Places
from licenses.type_metadata import HOLDER_NAME, type_uri
from licenses.uses import record_use
from licenses.verification import check_licence

_EXPIRED = N_("钱包里的这份副本已经过期，请持有人重新添加。")
_REMOVED = N_("持有人已把这份证照从这个钱包移除。")
_LONGEST_TOKEN = 40_000


class Asking(msgspec.Struct, frozen=True):
    """``invocation`` goes into a QR code or a link; ``handle`` collects the result and is for whoever asked alone."""

    handle: str
    invocation: str
    request_uri: str
    client_id: str
    seconds: int


def ask(
    session: Session,
    house: House,
    *,
    owner: str,
    verifier: Verifier,
    type_id: str,
    claims: tuple[str, ...],
    cause: str,
    basis: str = "",
    is_encrypted: bool = True,
    return_uri: str = "",
) -> Asking:
    """Open a request. ``claims`` come from a whitelist (``queries.for_purpose``, an entitlement), never from a form.

    With a ``return_uri`` the wallet leads the browser back there with a ``response_code``, without which the result is not
    given: who only relayed the request to somebody else's wallet has no use of it.
    """
    if return_uri and not _is_safe(return_uri):
        raise InvalidInput("返回地址应为 https 地址。")
    if licence_type(type_id).is_reference:
        raise InvalidInput("这种证照由上级机关签发，请用签发机关的方式核验。")
    reference, handle = new_token(), new_token()
    result_key = transactions.result_key_of(house, handle)
    reader = keys.reader_key(session, house)
    asked = Asked(
        owner=owner,
        reader=reader.kid or "",
        chain=tuple(keys.certificate_chain(session, house, reader)),
        verifier=verifier,
        type_id=type_id,
        claims=claims,
        cause=cause,
        basis=basis,
        nonce=new_token(),
        result_key=result_key,
        decryption_key=requests.new_decryption_key(house, result_key) if is_encrypted else None,
        return_uri=return_uri,
    )
    transactions.put_asked(house, reference, asked)
    client, uri = requests.client_id(asked.chain), requests.request_uri(house, reference)
    invocation = requests.invocation(client, uri)
    transactions.put_open(house, result_key, Open(owner, invocation, type_id, cause))
    return Asking(handle, invocation, uri, client, transactions.SECONDS)


def receive(session: Session, house: House, reference: str, parameters: Mapping[str, str]) -> str:
    """The wallet's answer (OpenID4VP §8.2). The use is recorded in this transaction, before anybody is told anything.

    Where the wallet shall lead the browser to, or "". Raises ``ProtocolError`` for an answer that does not count; the request
    stays open then, so that a stranger who saw the code cannot spoil it.
    """
    asked = transactions.asked_by(house, reference)
    if asked is None or not transactions.may_try(house, reference):
        raise ProtocolError("invalid_request", "The request is unknown, answered or expired.")
    response = _opened(house, asked, parameters)
    if response.get("state") != reference:
        raise ProtocolError("invalid_request", "state is not that of the request.")
    if isinstance(response.get("error"), str):
        outcome, licence = Outcome(owner=asked.owner, refusal=str(response["error"])[:60]), None
    else:
        presented = _presented(session, house, asked, response.get("vp_token"))
        outcome, licence = _judged(session, house, asked, presented)
    if not transactions.close(house, reference):
        raise ProtocolError("invalid_request", "The request is unknown, answered or expired.")
    if licence is not None:
        record_use(
            session,
            house,
            licence,
            kind="present",
            verifier=asked.verifier,
            purpose=asked.cause,
            basis=asked.basis,
            fields=outcome.claims,
        )
    code = new_token() if asked.return_uri else ""
    hashed = house.vault.hash_token(code) if code else b""
    transactions.put_outcome(house, asked.result_key, msgspec.structs.replace(outcome, response_code=hashed))
    joint = "&" if urlsplit(asked.return_uri).query else "?"
    return f"{asked.return_uri}{joint}response_code={code}" if code else ""


def is_answered(house: House, handle: str, *, owner: str) -> bool:
    """Raises ``Gone`` for a request that has lapsed, was collected, or is somebody else's."""
    shown(house, handle, owner=owner)
    return transactions.outcome_at(house, transactions.result_key_of(house, handle)) is not None


def shown(house: House, handle: str, *, owner: str) -> Open:
    """The code to show again. Raises ``Gone`` like ``is_answered``."""
    found = transactions.open_at(house, transactions.result_key_of(house, handle), owner)
    if found is None:
        raise Gone("这次查验已经结束，请重新发起。")
    return found


def collect(
    session: Session, house: House, handle: str, *, owner: str, response_code: str = ""
) -> Verification:
    """The result, once, with the licence's state as of now. Raises ``Gone``, or ``Forbidden`` after a no."""
    key = transactions.result_key_of(house, handle)
    waiting = transactions.outcome_at(house, key)
    if waiting is None or waiting.owner != owner:
        raise Gone("这次查验已经结束，请重新发起。")
    if waiting.response_code and not hmac.compare_digest(
        waiting.response_code, house.vault.hash_token(response_code)
    ):
        raise Forbidden("返回的核对码不对，可能不是在这台设备上出示的。")
    outcome = transactions.take_outcome(house, key)
    if outcome is None:
        raise Gone("这次查验已经结束，请重新发起。")
    if outcome.licence_id is None:
        raise Forbidden("对方没有同意出示，或者钱包里没有这种证照。")
    licence = licences.by_id(session, outcome.licence_id)
    if licence is None:
        raise Gone("这次查验已经结束，请重新发起。")
    return _told(session, house, licence, outcome)


def _opened(house: House, asked: Asked, parameters: Mapping[str, str]) -> Mapping[str, Any]:
    """The response parameters, decrypted where encryption was asked for (§8.3); a refusal may come in the clear (§8.3.1)."""
    key = requests.decryption_key(house, asked)
    if key is None or ("error" in parameters and "response" not in parameters):
        token = parameters.get("vp_token")
        return parameters if token is None else {**parameters, "vp_token": _decoded(token)}
    encrypted = parameters.get("response")
    if encrypted is None:
        raise ProtocolError("invalid_request", "An encrypted response is expected.")
    try:
        algorithms = [requests.KEY_AGREEMENT, *requests.ENCRYPTIONS]
        opened = jwe.decrypt_compact(encrypted, key, algorithms=algorithms)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise ProtocolError("invalid_request", "The response cannot be decrypted.") from error
    content = _decoded(opened.plaintext or b"")
    if not isinstance(content, dict):
        raise ProtocolError("invalid_request", "The response cannot be read.")
    return content


def _decoded(text: str | bytes) -> Any:
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise ProtocolError("invalid_request", "The response cannot be read.") from error


def _presented(session: Session, house: House, asked: Asked, vp_token: object) -> Credential:
    """The one presentation that was asked for, genuine and bound (§8.6). Raises ``ProtocolError``."""
    given = vp_token.get(QUERY_ID) if isinstance(vp_token, dict) and len(vp_token) == 1 else None
    if not isinstance(given, list) or len(given) != 1 or not isinstance(given[0], str):
        raise ProtocolError(
            "invalid_request", "vp_token must hold one presentation for the one credential asked for."
        )
    if len(given[0]) > _LONGEST_TOKEN:
        raise ProtocolError("invalid_request", "The presentation is too long.")
    try:
        presented = verify_presentation(
            given[0],
            keys.public_credential_keys(session).get,
            audience=requests.client_id(asked.chain),
            nonce=asked.nonce,
            now=house.clock.now(),
        )
    except NotGenuine as error:
        raise ProtocolError("invalid_request", f"The credential is not genuine: {error}.") from error
    except NotBound as error:
        raise ProtocolError("invalid_request", f"The key binding does not hold: {error}.") from error
    kind = licence_type(asked.type_id)
    types = {type_uri(house.settings.base_url, kind, one.number) for one in kind.versions}
    if presented.claims.get("vct") not in types or presented.claims.get("iss") != issuer_identifier(house):
        raise ProtocolError("invalid_request", "The credential is not of the type that was asked for.")
    missing = [one for one in required(kind, asked.claims) if one not in presented.fields]
    if missing:
        raise ProtocolError("invalid_request", f"Claims are missing: {', '.join(missing)}.")
    return presented


def _judged(session: Session, house: House, asked: Asked, presented: Credential) -> tuple[Outcome, Licence]:
    """Which licence it is a copy of, and whether the copy itself has ended. What was not asked for is not looked at."""
    sequence = Places.of(house, "wallets").sequence_of(presented.claims)
    found = None if sequence is None else copy_in_wallet(session, sequence)
    if found is None:
        raise ProtocolError("invalid_request", "The credential is not a copy that was given to a wallet.")
    _copy, wallet, licence = found
    problem = ""
    if int(presented.claims.get("exp", 0)) <= epoch(house.clock.now()):
        problem = _EXPIRED
    elif wallet.removed_at is not None:
        problem = _REMOVED
    claims = tuple(one for one in asked.claims if one in presented.fields)
    outcome = Outcome(
        owner=asked.owner, licence_id=licence.id, copy_sequence=sequence, claims=claims, problem=problem
    )
    return outcome, licence


def _told(session: Session, house: House, licence: Licence, outcome: Outcome) -> Verification:
    """Both signatures, the trust list, state and dates of the licence behind the copy, and what was disclosed of it."""
    answer = check_licence(session, house, licence, disclosed=outcome.claims)
    problems = [outcome.problem] if outcome.problem else _ended_since(session, outcome)
    if problems:
        reasons = [_(one) for one in problems]
        answer = msgspec.structs.replace(
            answer, result="not_valid", reasons=[*answer.reasons, *reasons], fields=[]
        )
    name = None
    if HOLDER_NAME.id in outcome.claims:
        described = registry.describe(session, [licence.holder_id], vault=house.vault)[licence.holder_id]
        name = described.name if answer.result == "valid" else answer.holder_name
    return msgspec.structs.replace(answer, identifier=None, holder_name=name, valid_until=None)


def _ended_since(session: Session, outcome: Outcome) -> list[str]:
    found = copy_in_wallet(session, outcome.copy_sequence or 0)
    return [_REMOVED] if found is None or found[1].removed_at is not None else []


def _is_safe(uri: str) -> bool:
    parts = urlsplit(uri)
    if len(uri) > 500 or not uri.isascii() or not uri.isprintable() or parts.fragment or "@" in parts.netloc:
        return False
    is_local = parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    return bool(parts.netloc) and (parts.scheme == "https" or is_local)
