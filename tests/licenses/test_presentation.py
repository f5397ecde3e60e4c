"""OpenID4VP: a counter or a consumer asks a wallet for what the purpose needs; hostile wallets get nowhere."""

import base64
import threading
from datetime import date, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from joserfc.jwk import ECKey
from litestar.testing import TestClient

from kernel.clock import FixedClock
from kernel.errors import Forbidden, Gone, InvalidInput
from kernel.house import House
from kernel.web.pages import Pages
from licenses import credential, keys, service, wallet
from licenses.app import create_app
from licenses.catalogue import licence_type
from licenses.issuance import offers, wallets
from licenses.models import Licence, LicenceUse
from licenses.presentation import queries
from licenses.presentation import service as presentation
from licenses.presentation.service import Asking
from licenses.schemas import Verification, Verifier
from licenses.sharing import consumers
from licenses.states import Operation
from licenses.uses import check_uses
from licenses.verification import verify_credential
from tests.licenses.samples import FIELDS
from tests.licenses.wallet_app import Wallet

TYPE = "driving-licence"
COUNTER = Verifier("黄石港区政务大厅3号窗口", is_known=True, purpose="counter")
SEAT = "seat:7"


@pytest.fixture
def driving(house: House, holder_here: int) -> Licence:
    with house.database.write() as session:
        return service.issue(
            session, house, type_id=TYPE, holder_id=holder_here, fields=FIELDS[TYPE], actor="test"
        )


@pytest.fixture
def holder_phone(house: House, phone: Wallet, holder_here: int, driving: Licence) -> Wallet:
    """With two copies of the driving licence."""
    with house.database.read() as session:
        made = offers.offer(session, house, [holder_here], driving.id, added_by=holder_here)
    phone.redeem(phone.offered(made.by_value), made.tx_code)
    assert phone.receive(TYPE, 2).status_code == 200
    return phone


def _ask(house: House, **more: Any) -> Asking:
    asked: dict[str, Any] = {
        "owner": SEAT,
        "verifier": COUNTER,
        "type_id": TYPE,
        "claims": queries.for_purpose(licence_type(TYPE), "counter"),
        "cause": "办理公交优待卡",
    }
    with house.database.write() as session:
        return presentation.ask(session, house, **(asked | more))


def _collect(house: House, asking: Asking, **more: Any) -> Verification:
    with house.database.read() as session:
        return presentation.collect(session, house, asking.handle, **({"owner": SEAT} | more))


def _uses(house: House, licence: Licence) -> list[LicenceUse]:
    with house.database.read() as session:
        statement = sa.select(LicenceUse).where(
            LicenceUse.licence_id == licence.id, LicenceUse.kind == "present"
        )
        return list(session.scalars(statement))


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_a_wallet_presents_what_the_counter_needs_and_no_more(
    house: House, holder_phone: Wallet, holder_here: int, driving: Licence, is_encrypted: bool
) -> None:
    asking = _ask(house, is_encrypted=is_encrypted)
    assert not presentation.is_answered(house, asking.handle, owner=SEAT)
    answer = holder_phone.present(asking.invocation)
    assert (answer.status_code, answer.json()) == (200, {})
    # On record before anybody has looked.
    [use] = _uses(house, driving)
    assert (use.verifier, use.is_verifier_known, use.fields) == (COUNTER.name, True, "holder_name,class")
    assert presentation.is_answered(house, asking.handle, owner=SEAT)
    seen = _collect(house, asking)
    assert (seen.result, seen.holder_name, seen.identifier) == ("valid", "章小芸", None)
    assert {field.id: field.value for field in seen.fields} == {"class": "C1"}
    with house.database.read() as session:
        told = wallet.uses_of(session, [holder_here], driving.id)
        assert [one.fields for one in told if one.kind == "present"] == [["持有人", "准驾车型"]]
        assert check_uses(session) == []
    with pytest.raises(Gone):
        _collect(house, asking)


def test_the_request_asks_for_the_whitelist_of_the_purpose(house: House, phone: Wallet) -> None:
    request = phone.asked(_ask(house).invocation)
    [asked] = request["dcql_query"]["credentials"]
    assert [one["path"] for one in asked["claims"]] == [["holder_name"], ["class"], ["portrait"]]
    # Not every licence has a photograph: the others are enough.
    assert asked["claim_sets"] == [["holder_name", "class", "portrait"], ["holder_name", "class"]]
    assert asked["meta"] == {"vct_values": [f"{house.settings.base_url}/licenses/types/{TYPE}/1"]}
    with house.database.read() as session:
        root = keys.root_certificate(session, house)
    identifier = base64.urlsafe_b64decode(asked["trusted_authorities"][0]["values"][0] + "==")
    assert identifier == root.extensions[0].value.public_bytes()[2:]
    for purpose, names in (
        ("anyone", ["class"]),
        ("police", ["holder_name", *licence_type(TYPE).disclosures["police"]]),
    ):
        assert list(queries.for_purpose(licence_type(TYPE), purpose)) == names  # type: ignore[arg-type]


def test_what_a_wallet_shows_beyond_the_question_is_not_looked_at(
    house: House, holder_phone: Wallet, driving: Licence
) -> None:
    asking = _ask(house)
    request = holder_phone.asked(asking.invocation)
    everything = [name for _text, name, _value in holder_phone.held[0].disclosures()]
    shown = holder_phone.presentation(holder_phone.held[0], request, disclose=everything)
    assert holder_phone.answer(request, shown).status_code == 200
    assert [field.id for field in _collect(house, asking).fields] == ["class"]
    assert _uses(house, driving)[0].fields == "holder_name,class"


def test_hostile_presentations_are_refused_and_do_not_spoil_the_request(
    house: House, holder_phone: Wallet, driving: Licence, clock: FixedClock
) -> None:
    held, other = holder_phone.held
    asking = _ask(house)
    request = holder_phone.asked(asking.invocation)

    def bent(**changes: Any) -> str:
        return holder_phone.presentation(held, request, **changes)

    good = bent()
    name = next(text for text, name, _value in held.disclosures() if name == "class")
    forged = base64.urlsafe_b64encode(b'["salt","class","A1"]').rstrip(b"=").decode()
    cases = {
        "for somebody else": bent(aud="x509_hash:another"),
        "for another request": bent(nonce="another"),
        "from long ago": bent(iat=holder_phone.now - 3600),
        "from the future": bent(iat=holder_phone.now + 3600),
        "by a foreign key": bent(signer=ECKey.generate_key("P-256")),
        "by the key of another copy": bent(signer=other.key),
        "with a digest of something else": bent(sd_hash="x"),
        "without key binding": good.rpartition("~")[0] + "~",
        "with a disclosure taken away": good.replace(f"{name}~", ""),
        "with a disclosure changed": good.replace(name, forged),
        "with less than was asked for": bent(disclose=["holder_name"]),
        "with the signature cut": "x" + good,
    }
    for number, (case, presented) in enumerate(cases.items()):
        if number % 8 == 7:  # A request bears ten tries.
            asking = _ask(house)
            request = holder_phone.asked(asking.invocation)
            good = bent()
        answer = holder_phone.answer(request, presented)
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request"), case
    assert holder_phone.answer(request, good, state="another").status_code == 400
    assert holder_phone.answer(request, good, vp_token={"other": [good]}).status_code == 400
    assert _uses(house, driving) == []
    assert holder_phone.answer(request, bent()).status_code == 200
    assert _collect(house, asking).result == "valid"


def test_a_licence_of_another_type_is_not_what_was_asked_for(
    house: House, holder_phone: Wallet, holder_here: int
) -> None:
    with house.database.write() as session:
        married = service.issue(
            session,
            house,
            type_id="marriage-certificate",
            holder_id=holder_here,
            fields=FIELDS["marriage-certificate"],
            actor="test",
        )
        made = offers.offer(session, house, [holder_here], married.id, added_by=holder_here)
    holder_phone.redeem(holder_phone.offered(made.by_value), made.tx_code)
    holder_phone.receive("marriage-certificate")
    answer = holder_phone.present(_ask(house).invocation)
    assert "type" in answer.json()["error_description"]


def test_a_presentation_is_accepted_once_also_of_many_at_once(
    house: House, holder_phone: Wallet, driving: Licence
) -> None:
    request = holder_phone.asked(_ask(house).invocation)
    presented = holder_phone.presentation(holder_phone.held[0], request)
    results: list[int] = []
    threads = [
        threading.Thread(target=lambda: results.append(holder_phone.answer(request, presented).status_code))
        for _ in range(8)
    ]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (sorted(results), len(_uses(house, driving))) == ([200] + [400] * 7, 1)
    again = holder_phone.http.get(request["response_uri"].replace("responses", "requests").split(":8000")[1])
    assert again.status_code == 404


def test_the_status_is_read_when_it_is_presented_and_when_it_is_seen(
    house: House, holder_phone: Wallet, driving: Licence
) -> None:
    before, after = _ask(house), _ask(house)
    holder_phone.present(before.invocation)
    with house.database.write() as session:
        service.operate(session, house, driving.id, Operation.REVOKE, reason="x", actor="test")
    holder_phone.present(after.invocation)
    for asking in (before, after):
        seen = _collect(house, asking)
        assert (seen.result, seen.fields, "撤销" in seen.reasons[0]) == ("not_valid", [], True)
        assert seen.holder_name != "章小芸"


def test_a_copy_that_was_taken_back_or_has_expired_does_not_count(
    house: House, holder_phone: Wallet, holder_here: int, driving: Licence, clock: FixedClock
) -> None:
    asking = _ask(house)
    holder_phone.present(asking.invocation)
    with house.database.write() as session:
        [held] = wallets.wallets_of(session, [holder_here], driving.id)
        wallets.remove_wallet(session, house, [holder_here], driving.id, held.id, by=holder_here)
    seen = _collect(house, asking)
    assert (seen.result, "移除" in seen.reasons[0]) == ("not_valid", True)
    clock.move(timedelta(days=400))
    holder_phone.now = int(clock.now().timestamp())
    expired = _ask(house)
    assert holder_phone.present(expired.invocation).status_code == 200
    seen = _collect(house, expired)
    assert (seen.result, "过期" in seen.reasons[0]) == ("not_valid", True)


def test_a_wallet_may_refuse(house: House, phone: Wallet, holder_here: int) -> None:
    asking = _ask(house)
    request = phone.asked(asking.invocation)
    sent = {"error": "access_denied", "state": request["state"]}
    assert phone.http.post(request["response_uri"].split(":8000")[1], data=sent).status_code == 200
    with pytest.raises(Forbidden):
        _collect(house, asking)


def test_the_result_is_for_whoever_asked_alone(house: House, holder_phone: Wallet) -> None:
    asking = _ask(house)
    holder_phone.present(asking.invocation)
    for stranger in ("seat:8", "consumer:7"):
        with pytest.raises(Gone):
            _collect(house, asking, owner=stranger)
        with pytest.raises(Gone):
            presentation.is_answered(house, asking.handle, owner=stranger)
    assert _collect(house, asking).result == "valid"


def test_on_one_device_the_result_needs_the_code_that_came_back(house: House, holder_phone: Wallet) -> None:
    with pytest.raises(InvalidInput):
        _ask(house, return_uri="javascript:alert(1)")
    asking = _ask(house, return_uri="https://app.example/back?case=1")
    lead_to = holder_phone.present(asking.invocation).json()["redirect_uri"]
    assert lead_to.startswith("https://app.example/back?case=1&response_code=")
    with pytest.raises(Forbidden):
        _collect(house, asking)
    assert _collect(house, asking, response_code=lead_to.rsplit("=", 1)[1]).result == "valid"


def test_a_consumer_asks_within_its_registration_and_learns_one_field(
    house: House, holder_phone: Wallet, driving: Licence
) -> None:
    with house.database.write() as session:
        consumer, secret = consumers.register(
            session, house, name="租车行小程序", kind="mini-app", actor="test"
        )
        consumers.entitle(
            session,
            house,
            consumer,
            type_id=TYPE,
            purpose="租车",
            basis="合同",
            fields=["class"],
            since=date(2026, 1, 1),
            actor="test",
        )
    basic = base64.b64encode(f"{consumer.access_id}:{secret}".encode()).decode()
    client, headers = holder_phone.http, {"authorization": f"Basic {basic}"}
    path, sent = "/licenses/api/v1/presentations", {"type_id": TYPE, "purpose": "租车", "fields": ["class"]}
    assert client.post(path, json=sent).status_code == 401
    assert client.post(path, json=sent | {"purpose": "别的"}, headers=headers).status_code == 403
    beyond = client.post(path, json=sent | {"fields": ["class", "portrait"]}, headers=headers)
    assert (beyond.status_code, beyond.json()["errors"][0]["what"]) == (400, "portrait")
    made = client.post(path, json=sent, headers=headers).json()
    state = client.get(f"{path}/{made['handle']}", headers=headers).json()
    assert state == {"state": "waiting"}
    assert holder_phone.present(made["invocation"]).status_code == 200
    got = client.post(f"{path}/{made['handle']}/result", json={}, headers=headers).json()
    assert (got["result"], got["fields"], got["licence_name"]) == ("valid", {"class": "C1"}, "机动车驾驶证")
    assert "章小芸" not in str(got)
    assert driving.identifier not in str(got)
    assert client.post(f"{path}/{made['handle']}/result", json={}, headers=headers).status_code == 410
    [use] = _uses(house, driving)
    assert (use.verifier, use.purpose, use.basis, use.fields) == ("租车行小程序", "租车", "合同", "class")


def test_a_copy_pasted_on_the_verification_page_proves_nothing_about_who_shows_it(
    house: House, holder_phone: Wallet, driving: Licence
) -> None:
    held = holder_phone.held[0]
    request = holder_phone.asked(_ask(house).invocation)
    for text in (held.credential, holder_phone.presentation(held, request)):
        with house.database.read() as session:
            answer = verify_credential(session, house, text)
        assert (answer.result, answer.fields, answer.holder_name) == ("undetermined", [], None)
    assert credential.without_key_binding("a.b.c~d~") == "a.b.c~d~"


def test_the_whole_way_on_both_databases(any_house: House, holder: int, licence_pages: Pages) -> None:
    """Sequences, status lists and single use are the database's and the store's, not SQLite's alone."""
    with any_house.database.write() as session:
        licence = service.issue(
            session, any_house, type_id=TYPE, holder_id=holder, fields=FIELDS[TYPE], actor="test"
        )
        made = offers.offer(session, any_house, [holder], licence.id, added_by=holder)
    app = create_app(any_house, licence_pages)
    with TestClient(app, base_url=any_house.settings.base_url) as http:
        phone = Wallet(http, int(any_house.clock.now().timestamp()))
        phone.redeem(phone.offered(made.by_reference), made.tx_code)
        assert phone.receive(TYPE, 3).status_code == 200
        assert phone.receive(TYPE, 2).status_code == 200
        places = {one.claims["status"]["status_list"]["idx"] for one in phone.held}
        assert len(places) == 5
        asking = _ask(any_house)
        assert phone.present(asking.invocation).status_code == 200
        assert _collect(any_house, asking).result == "valid"
        before = http.get("/licenses/status/wallets/1").headers["etag"]
        with any_house.database.write() as session:
            service.operate(session, any_house, licence.id, Operation.REVOKE, reason="x", actor="test")
        assert http.get("/licenses/status/wallets/1").headers["etag"] != before
        again = _ask(any_house)
        phone.present(again.invocation)
        assert _collect(any_house, again).result == "not_valid"
