"""OpenID4VCI: a holder adds a licence to a wallet; copies are bound, recorded, listed, and dead when either side ends them."""

import threading
import uuid
import zlib
from datetime import date, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey

from identity import service as identity
from kernel.clock import FixedClock
from kernel.errors import Conflict, NotFound
from kernel.house import House
from kernel.notices import inbox
from kernel.web.principal import Principal
from licenses import keys, service, wallet
from licenses.catalogue import licence_types
from licenses.credential import verify
from licenses.issuance import offers, wallets
from licenses.issuance.metadata import issuer_metadata
from licenses.models import Licence, LicenceUse
from licenses.states import Operation
from licenses.status_list import PLACES
from licenses.type_metadata import AUTHORITY_CLAIM, COMMON_CLAIMS
from licenses.uses import check_uses
from tests.licenses.conftest import SignedIn
from tests.licenses.samples import FIELDS
from tests.licenses.wallet_app import ISSUER, Held, Wallet, decoded, payload

TYPE = "driving-licence"


@pytest.fixture
def driving(house: House, holder_here: int) -> Licence:
    with house.database.write() as session:
        return service.issue(
            session, house, type_id=TYPE, holder_id=holder_here, fields=FIELDS[TYPE], actor="test"
        )


def _offer(house: House, holder: int, licence: Licence, **more: Any) -> offers.Offer:
    with house.database.read() as session:
        return offers.offer(session, house, [holder], licence.id, added_by=holder, **more)


def _added(house: House, phone: Wallet, holder: int, licence: Licence, copies: int = 1) -> Wallet:
    """The whole way once."""
    made = _offer(house, holder, licence, wallet_name="我的欧盟钱包")
    assert phone.redeem(phone.offered(made.by_reference), made.tx_code).status_code == 200
    assert phone.receive(licence.type_id, copies).status_code == 200
    return phone


def _status(phone: Wallet, held: Held) -> int:
    """As a verifier reads it who knows only the credential."""
    place = held.claims["status"]["status_list"]
    answer = phone.http.get(place["uri"].removeprefix("http://127.0.0.1:8000"))
    assert answer.headers["content-type"] == "application/statuslist+jwt"
    claims = payload(answer.text)
    assert (claims["sub"], claims["status_list"]["bits"]) == (place["uri"], 2)
    packed = zlib.decompress(decoded(claims["status_list"]["lst"]))
    assert len(packed) == PLACES // 4
    return packed[place["idx"] // 4] >> place["idx"] % 4 * 2 & 3


def test_a_wallet_receives_copies_bound_to_its_own_keys(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    _added(house, phone, holder_here, driving, copies=3)
    with house.database.read() as session:
        public = keys.public_credential_keys(session)
    for held in phone.held:
        verified = verify(held.credential, public.get)
        assert verified.claims["cnf"]["jwk"] == held.key.as_dict(private=False) | {}
        assert held.fields() == FIELDS[TYPE] | {
            "holder_name": "章小芸",
            "licence_number": "11010519491231002X",
            "licence_identifier": driving.identifier,
            "issued_on": "2026-11-23",
        }
        assert (held.claims["iss"], held.claims[AUTHORITY_CLAIM]) == (ISSUER, driving.issuer)
        assert "licence" not in held.claims
    places = [held.claims["status"]["status_list"]["idx"] for held in phone.held]
    assert len(set(places)) == 3
    assert sorted(places) != list(range(min(places), min(places) + 3))


def test_two_copies_share_nothing_that_two_verifiers_could_compare(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    first, second = _added(house, phone, holder_here, driving, copies=2).held
    own = {"cnf", "status", "_sd"}
    assert {one for one in first.claims if first.claims[one] != second.claims[one]} == own
    assert not set(first.claims["_sd"]) & set(second.claims["_sd"])
    # As many digests as the type has fields, whether this licence has them or not.
    assert len(first.claims["_sd"]) == len(licence_types()[TYPE].fields) + len(COMMON_CLAIMS)
    assert first.claims["iat"] % 3600 == 0


def test_the_holder_sees_the_wallet_and_the_use_at_once_and_can_take_it_back(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    [held] = _added(house, phone, holder_here, driving).held
    assert _status(phone, held) == 0
    with house.database.read() as session:
        [seen] = wallets.wallets_of(session, [holder_here], driving.id)
        [use] = wallet.uses_of(session, [holder_here], driving.id)
        titles = [one.title for one in inbox(session, holder_here)]
    assert (seen.name, seen.copies, seen.state, seen.is_name_known) == ("我的欧盟钱包", 1, "issued", False)
    assert (use.kind, "证照编号" in use.fields, "准驾车型" in use.fields) == ("wallet", True, True)
    assert "您的机动车驾驶证已添加到“我的欧盟钱包”" in titles
    with house.database.write() as session:
        wallets.remove_wallet(session, house, [holder_here], driving.id, seen.id, by=holder_here)
    assert _status(phone, held) == 1
    with house.database.write() as session, pytest.raises(Conflict):
        wallets.remove_wallet(session, house, [holder_here], driving.id, seen.id, by=holder_here)
    assert phone.receive(TYPE).json()["error"] == "credential_request_denied"
    with house.database.read() as session:
        assert check_uses(session) == []


def test_nobody_removes_or_offers_what_is_not_theirs(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    _added(house, phone, holder_here, driving)
    with house.database.write() as session:
        [seen] = wallets.wallets_of(session, [holder_here], driving.id)
        with pytest.raises(NotFound):
            wallets.remove_wallet(session, house, [holder_here + 1], driving.id, seen.id, by=1)
        with pytest.raises(NotFound):
            offers.offer(session, house, [holder_here + 1], driving.id, added_by=1)


@pytest.mark.parametrize(
    ("operation", "status"), [(Operation.WITHHOLD, 2), (Operation.CANCEL, 1), (Operation.REVOKE, 1)]
)
def test_copies_die_with_the_licence(
    house: House, phone: Wallet, holder_here: int, driving: Licence, operation: Operation, status: int
) -> None:
    [held] = _added(house, phone, holder_here, driving).held
    with house.database.write() as session:
        service.operate(session, house, driving.id, operation, reason="x", actor="test")
    assert _status(phone, held) == status
    assert phone.receive(TYPE).json()["error"] == "credential_request_denied"


def test_a_copy_of_a_replaced_licence_says_so(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    [held] = _added(house, phone, holder_here, driving).held
    with house.database.write() as session:
        service.change(session, house, driving.id, FIELDS[TYPE] | {"class": "B1"}, actor="test")
    assert _status(phone, held) == 3


def test_a_code_is_good_once_also_for_many_at_once(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    made = _offer(house, holder_here, driving, has_tx_code=False)
    offer = phone.offered(made.by_value)
    results: list[int] = []

    def redeem() -> None:
        results.append(Wallet(phone.http, phone.now).redeem(offer, None).status_code)

    threads = [threading.Thread(target=redeem) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(results) == [200] + [400] * 7
    assert phone.redeem(offer, None).json()["error"] == "invalid_grant"
    assert phone.http.get(made.offer_uri.removeprefix("http://127.0.0.1:8000")).status_code == 404


def test_the_transaction_code_is_asked_for_and_five_wrong_ones_end_the_offer(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    made = _offer(house, holder_here, driving)
    offer = phone.offered(made.by_reference)
    assert offer["grants"][offers.PRE_AUTHORIZED]["tx_code"]["length"] == len(made.tx_code)
    assert made.tx_code not in made.by_value
    assert phone.redeem(offer, None).json()["error"] == "invalid_request"
    wrong = f"{(int(made.tx_code) + 1) % 1_000_000:06d}"
    answers = [phone.redeem(offer, wrong).json()["error"] for _ in range(5)]
    assert answers == ["invalid_grant"] * 5
    assert phone.redeem(offer, made.tx_code).json()["error"] == "invalid_grant"
    plain = phone.offered(_offer(house, holder_here, driving, has_tx_code=False).by_value)
    assert phone.redeem(plain, "123456").json()["error"] == "invalid_request"


def test_offers_and_tokens_are_short_lived_and_kept_as_hashes(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    made = _offer(house, holder_here, driving)
    offer = phone.offered(made.by_value)
    phone.redeem(offer, made.tx_code)
    secrets = [
        offer["grants"][offers.PRE_AUTHORIZED]["pre-authorized_code"],
        phone.access_token,
        made.tx_code,
    ]
    kept = str(getattr(house.ephemeral, "_values"))  # noqa: B009
    assert not any(one in kept for one in secrets)
    assert phone.request({}, token="made-up").headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert phone.http.post("/licenses/issuance/credential", json={}).headers["www-authenticate"] == "Bearer"


def test_wallets_that_ask_by_authorization_details_name_the_licence(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    detail = (
        f'[{{"type":"openid_credential","credential_configuration_id":"{TYPE}","locations":["{ISSUER}"]}}]'
    )
    made = _offer(house, holder_here, driving)
    offer = phone.offered(made.by_value)
    other = detail.replace(TYPE, "marriage-certificate")
    refused = phone.redeem(offer, made.tx_code, authorization_details=other)
    assert refused.json()["error"] == "invalid_authorization_details"
    [granted] = phone.redeem(offer, made.tx_code, authorization_details=detail).json()[
        "authorization_details"
    ]
    [identifier] = granted["credential_identifiers"]
    key = ECKey.generate_key("P-256")
    assert phone.ask(TYPE, [phone.proof(key, phone.nonce())]).json()["error"] == "invalid_credential_request"
    sent = {"credential_identifier": "another", "proofs": {"jwt": [phone.proof(key, phone.nonce())]}}
    assert phone.request(sent).json()["error"] == "unknown_credential_identifier"
    assert phone.request(sent | {"credential_identifier": identifier}).status_code == 200


def test_a_proof_must_be_fresh_for_us_and_by_the_key_it_names(
    phone: Wallet, house: House, holder_here: int, driving: Licence
) -> None:
    made = _offer(house, holder_here, driving)
    phone.redeem(phone.offered(made.by_value), made.tx_code)
    nonce, key, other = phone.nonce(), ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    bent: dict[str, list[str]] = {
        "of another audience": [phone.proof(key, nonce, aud="https://elsewhere.example")],
        "too old": [phone.proof(key, nonce, iat=phone.now - 3600)],
        "without a time": [phone.proof(key, nonce, iat=None)],
        "without a nonce": [phone.proof(key, None)],
        "of another type": [phone.proof(key, nonce, header={"typ": "JWT"})],
        "with a private key": [phone.proof(key, nonce, header={"jwk": key.as_dict(private=True)})],
        "with a foreign key": [phone.proof(key, nonce, header={"jwk": other.as_dict(private=False)})],
        "named twice": [phone.proof(key, nonce, header={"kid": "did:example:1#0"})],
        "of somebody anonymous who is named": [phone.proof(key, nonce, iss="a-client")],
        "twice the same key": [phone.proof(key, nonce), phone.proof(key, nonce)],
        "unreadable": ["a.b.c"],
        "too many": [phone.proof(ECKey.generate_key("P-256"), nonce) for _ in range(11)],
        "none": [],
    }
    for case, proofs in bent.items():
        answer = phone.ask(TYPE, proofs)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_proof"), case
        assert answer.headers["cache-control"] == "no-store"
    with house.database.read() as session:
        assert session.scalar(sa.select(sa.func.count()).select_from(LicenceUse)) == 0
    assert phone.ask(TYPE, [phone.proof(key, nonce)]).status_code == 200


def test_a_nonce_is_ours_fresh_and_used_once(
    phone: Wallet, house: House, clock: FixedClock, holder_here: int, driving: Licence
) -> None:
    made = _offer(house, holder_here, driving)
    phone.redeem(phone.offered(made.by_value), made.tx_code)
    nonce, key = phone.nonce(), ECKey.generate_key("P-256")
    assert phone.ask(TYPE, [phone.proof(key, "made-up")]).json()["error"] == "invalid_nonce"
    flipped = ("A" if nonce[0] != "A" else "B") + nonce[1:]
    assert phone.ask(TYPE, [phone.proof(key, flipped)]).json()["error"] == "invalid_nonce"
    assert phone.ask(TYPE, [phone.proof(key, nonce)]).status_code == 200
    assert phone.ask(TYPE, [phone.proof(key, nonce)]).json()["error"] == "invalid_nonce"
    late = phone.nonce()
    clock.move(timedelta(seconds=301))
    phone.now += 301
    assert phone.ask(TYPE, [phone.proof(key, late)]).json()["error"] == "invalid_nonce"


def test_requests_are_refused_in_the_words_of_the_specification(
    phone: Wallet, house: House, holder_here: int, driving: Licence
) -> None:
    made = _offer(house, holder_here, driving)
    phone.redeem(phone.offered(made.by_value), made.tx_code)
    proofs = [phone.proof(ECKey.generate_key("P-256"), phone.nonce())]
    cases: list[tuple[dict[str, Any], str]] = [
        ({"credential_configuration_id": "no-such-type"}, "unknown_credential_configuration"),
        ({"credential_configuration_id": "marriage-certificate"}, "insufficient_scope"),
        ({"credential_configuration_id": None}, "invalid_credential_request"),
        ({"credential_identifier": "x"}, "invalid_credential_request"),
        ({"credential_configuration_id": ["x"]}, "invalid_credential_request"),
        ({"credential_response_encryption": {"enc": "A128GCM"}}, "invalid_encryption_parameters"),
        ({"proofs": None}, "invalid_proof"),
        ({"proofs": {"attestation": ["x"]}}, "invalid_proof"),
    ]
    for sent, error in cases:
        answer = phone.ask(TYPE, proofs, **sent)
        assert answer.json()["error"] == error, sent
        assert answer.status_code == (403 if error == "insufficient_scope" else 400)
    assert phone.request("not an object").json()["error"] == "invalid_credential_request"


def test_what_the_wallet_did_not_keep_ends(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    [held] = _added(house, phone, holder_here, driving).held
    assert phone.notify("credential_accepted").status_code == 204
    assert phone.notify("credential_accepted").status_code == 204
    assert _status(phone, held) == 0
    assert phone.notify("credential_accepted", "made-up").json()["error"] == "invalid_notification_id"
    assert phone.notify("credential_sold").json()["error"] == "invalid_notification_request"
    assert phone.notify("credential_deleted").status_code == 204
    assert phone.notify("credential_deleted").status_code == 204
    assert _status(phone, held) == 1
    with house.database.read() as session:
        [seen] = wallets.wallets_of(session, [holder_here], driving.id)
    assert seen.state == "deleted"


def test_a_licence_lies_in_ten_wallets_at_most(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    for _ in range(offers.WALLETS_AT_MOST):
        _added(house, phone, holder_here, driving)
    with pytest.raises(Conflict):
        _offer(house, holder_here, driving)


def test_what_is_only_referred_to_or_has_ended_is_not_offered(
    house: House, holder_here: int, driving: Licence
) -> None:
    with house.database.write() as session:
        service.operate(session, house, driving.id, Operation.WITHHOLD, reason="x", actor="test")
    with pytest.raises(Conflict):
        _offer(house, holder_here, driving)
    with house.database.write() as session:
        referred = service.issue(
            session,
            house,
            type_id="resident-id",
            holder_id=holder_here,
            fields=FIELDS["resident-id"],
            actor="connector:public_security",
        )
    with pytest.raises(Conflict):
        _offer(house, holder_here, referred)
    assert "resident-id" not in issuer_metadata(house)["credential_configurations_supported"]


def test_a_copy_ends_with_the_licence_and_after_a_year_at_most(
    house: House, phone: Wallet, holder_here: int
) -> None:
    ends = date(2027, 3, 1)
    for until in (ends, date(2030, 1, 1)):
        with house.database.write() as session:
            licence = service.issue(
                session,
                house,
                type_id="food-permit",
                holder_id=holder_here,
                fields=FIELDS["food-permit"],
                actor="test",
                valid_until=until,
            )
        _added(house, phone, holder_here, licence)
    first, second = [held.claims["exp"] for held in phone.held]
    assert first == 1_803_916_799  # 2027-03-01 23:59:59 in Huangshi
    assert 365 * 86_400 <= second - phone.now < 366 * 86_400


def test_every_type_can_be_added_and_names_no_claim_twice() -> None:
    common = {one.id for one in COMMON_CLAIMS} | {AUTHORITY_CLAIM}
    registered = {"iss", "iat", "exp", "nbf", "sub", "cnf", "vct", "status", "_sd", "_sd_alg"}
    for kind in licence_types().values():
        for version in kind.versions:
            assert not {field.id for field in version.fields} & (common | registered), kind.id


def _principal(holder: int, **more: Any) -> Principal:
    plain = Principal(
        subject_id=holder,
        name="章小芸",
        capacity="self",
        acting_for=holder,
        acting_for_name="章小芸",
        seat=None,
        scopes=frozenset({"licences"}),
        acr="L2",
        client_id="owf-wallet",
        grant_id=uuid.uuid4(),
    )
    return msgspec.structs.replace(plain, **more)


def test_a_wallet_that_its_holder_signed_in_gets_what_was_allowed_and_nothing_else(
    house: House, phone: Wallet, signed_in: SignedIn, holder_here: int, driving: Licence
) -> None:
    with house.database.write() as session:
        identity.register_client(
            session,
            house=house,
            client_id="owf-wallet",
            name="开源钱包",
            redirect_uris=["https://wallet.example/cb"],
            secret=None,
            scopes=("licences",),
        )
    detail = {"type": "openid_credential", "credential_configuration_id": TYPE, "locations": [ISSUER]}
    signed_in.tokens = {
        "by scope": _principal(holder_here),
        "by detail": _principal(holder_here, scopes=frozenset({"openid"}), details=(detail,)),
        "for nothing": _principal(holder_here, scopes=frozenset({"openid"})),
        "on a seat": _principal(holder_here, capacity="seat"),
        "somebody else's": _principal(holder_here + 1),
    }
    key = ECKey.generate_key("P-256")

    def asked(token: str, **sent: Any) -> tuple[int, str]:
        phone.access_token = token
        proofs = [phone.proof(key, phone.nonce(), iss="owf-wallet")]
        answer = phone.ask(sent.pop("configuration", TYPE), proofs, **sent)
        return answer.status_code, answer.json().get("error", "")

    named = {"configuration": None, "credential_identifier": TYPE}
    assert asked("by scope") == (200, "")
    assert asked("by detail", **named) == (200, "")
    assert asked("by detail") == (400, "invalid_credential_request")
    married = {"configuration": None, "credential_identifier": "marriage-certificate"}
    assert asked("by detail", **married) == (400, "unknown_credential_identifier")
    assert asked("by scope", configuration="marriage-certificate") == (400, "credential_request_denied")
    assert asked("by scope", **named) == (400, "unknown_credential_identifier")
    assert asked("for nothing") == (403, "insufficient_scope")
    assert asked("on a seat") == (403, "insufficient_scope")
    assert asked("somebody else's") == (400, "credential_request_denied")
    assert asked("made-up") == (401, "invalid_token")
    with house.database.read() as session:
        seen = wallets.wallets_of(session, [holder_here], driving.id)
    assert [(one.name, one.is_name_known, one.copies) for one in seen] == [("开源钱包", True, 1)] * 2


def test_a_token_that_is_bound_to_a_key_needs_its_proof(
    house: House, phone: Wallet, holder_here: int, driving: Licence
) -> None:
    made = _offer(house, holder_here, driving, has_tx_code=False)
    code = phone.offered(made.by_value)["grants"][offers.PRE_AUTHORIZED]["pre-authorized_code"]
    key, thief = ECKey.generate_key("P-256"), ECKey.generate_key("P-256")
    proof = phone.dpop(key, "/licenses/issuance/token")
    sent = {"grant_type": offers.PRE_AUTHORIZED, "pre-authorized_code": code}
    wrong = phone.http.post("/licenses/issuance/token", data=sent, headers={"DPoP": proof + "x"})
    assert (wrong.status_code, wrong.json()["error"]) == (400, "invalid_dpop_proof")
    answer = phone.http.post("/licenses/issuance/token", data=sent, headers={"DPoP": proof}).json()
    assert answer["token_type"] == "DPoP"
    token, path = answer["access_token"], "/licenses/issuance/credential"

    def asked(scheme: str, proof: str | None) -> int:
        nonce = phone.nonce()
        body = {"credential_configuration_id": TYPE, "proofs": {"jwt": [phone.proof(key, nonce)]}}
        headers = {"authorization": f"{scheme} {token}"} | ({} if proof is None else {"DPoP": proof})
        return phone.http.post(path, json=body, headers=headers).status_code

    assert asked("Bearer", None) == 401
    assert asked("DPoP", phone.dpop(thief, path, token)) == 401
    assert asked("DPoP", phone.dpop(key, path, "another")) == 400
    good = phone.dpop(key, path, token)
    assert asked("DPoP", good) == 200
    assert asked("DPoP", good) == 400
