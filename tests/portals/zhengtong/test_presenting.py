"""请对方从钱包出示, on a seat: the wallet is asked for what the duty needs, and the answer is for this seat alone."""

import pytest
from joserfc.jwk import ECKey
from litestar.testing import TestClient

from kernel.web.pages import Pages
from licenses import service, wallet
from licenses.app import TEMPLATES as LICENCE_TEMPLATES
from licenses.app import create_app as create_licences
from licenses.issuance import copies, offers
from licenses.models import Licence
from licenses.presentation import service as presentation
from licenses.states import Operation
from portals.zhengtong.access import seat_of
from tests.licenses.samples import FIELDS
from tests.licenses.wallet_app import Held, Wallet
from tests.portals.zhengtong.conftest import City, Enter

TYPE = "driving-licence"


@pytest.fixture
def licence(city: City) -> Licence:
    with city.house.database.write() as session:
        return service.issue(
            session,
            city.house,
            type_id=TYPE,
            holder_id=city.cast.agent,
            fields=FIELDS[TYPE] | {"file_number": "4202-7"},
            actor="test",
        )


@pytest.fixture
def phone(city: City, licence: Licence) -> Wallet:
    """The person's own wallet, with one copy."""
    key = ECKey.generate_key("P-256")
    with city.house.database.write() as session:
        made = offers.offer(session, city.house, [city.cast.agent], licence.id, added_by=city.cast.agent)
        code = offers.document_at(city.house, made.offer_uri.rsplit("/", 1)[1])
        assert code is not None
        redeemed = offers.redeem(
            city.house, code["grants"][offers.PRE_AUTHORIZED]["pre-authorized_code"], made.tx_code
        )
        jwk = {name: str(value) for name, value in key.as_dict(private=False).items()}
        [credential] = copies.issue_copies(session, city.house, redeemed, [jwk]).credentials
    app = create_licences(city.house, Pages({"licenses": LICENCE_TEMPLATES}), resolve=city.resolve)
    http = TestClient(app, base_url=city.house.settings.base_url)
    return Wallet(http, int(city.clock.now().timestamp()), [Held(credential, key)])


@pytest.mark.parametrize(("seat", "sees_file_number"), [("police", True), ("street", False)])
def test_each_seat_asks_for_what_its_duty_needs(
    enter: Enter, city: City, phone: Wallet, licence: Licence, seat: str, sees_file_number: bool
) -> None:
    officer = enter(seat)
    made = officer.post("/zhengtong/api/v1/presentations", json={"type_id": TYPE, "cause": "现场检查"}).json()
    path = f"/zhengtong/present/{made['handle']}"
    waiting = officer.get(path)
    assert (waiting.headers["refresh"], "档案编号" in waiting.text) == ("2", sees_file_number)
    assert phone.present(made["invocation"]).status_code == 200
    title = seat_of(city.official(seat)).title
    with city.house.database.read() as session:
        uses = wallet.uses_of(session, [city.cast.agent], licence.id)
    [use] = [one for one in uses if (one.kind, one.verifier) == ("present", title)]
    assert (use.is_verifier_known, use.purpose, "档案编号" in use.fields) == (
        True,
        "现场检查",
        sees_file_number,
    )
    assert "可以查看了" in officer.get(path).text
    other = enter("street" if seat == "police" else "police")
    assert other.get(path).status_code == 410
    assert other.post(path).status_code == 410
    seen = officer.post(path)
    assert (seen.status_code, "证照真实有效" in seen.text, "C1" in seen.text) == (200, True, True)
    assert ("4202-7" in seen.text) == sees_file_number
    assert officer.post(path).status_code == 410


def test_the_page_shows_the_code_and_what_has_ended_does_not_count(
    enter: Enter, city: City, phone: Wallet, licence: Licence
) -> None:
    officer = enter("street")
    assert "/zhengtong/present" in officer.get("/zhengtong/scan").text
    assert (
        officer.post("/zhengtong/present", {"type_id": "resident-id", "cause": "现场检查"}).status_code == 400
    )
    assert officer.post("/zhengtong/present", {"type_id": TYPE, "cause": "x"}).status_code == 400
    begun = officer.post("/zhengtong/present", {"type_id": TYPE, "cause": "现场检查"})
    assert begun.status_code == 303
    address = begun.headers["location"]
    assert "<svg" in officer.get(address).text
    principal = city.official("street")
    owner = f"seat:{seat_of(principal).id}:{principal.subject_id}"
    shown = presentation.shown(city.house, address.rsplit("/", 1)[1], owner=owner)
    with city.house.database.write() as session:
        service.operate(session, city.house, licence.id, Operation.REVOKE, reason="x", actor="test")
    phone.present(shown.invocation)
    seen = officer.post(address).text
    assert "请不要凭这份证照办理业务" in seen
    assert "C1" not in seen


def test_without_the_duty_nobody_asks(enter: Enter) -> None:
    author = enter("author")
    assert author.get("/zhengtong/present").status_code == 403
    sent = {"type_id": TYPE, "cause": "现场检查"}
    assert author.post("/zhengtong/api/v1/presentations", json=sent).status_code == 403
