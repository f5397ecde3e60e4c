"""The national sharing operations and the consumers' own API, over HTTP."""

import base64
import uuid
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from kernel.house import House
from kernel.web.pages import Pages
from licenses import service, showing
from licenses.app import TEMPLATES, create_app
from licenses.catalogue import licence_type
from licenses.models import Licence, LicenceUse
from licenses.sharing import consumers, grants
from licenses.states import Operation
from tests.licenses.samples import FIELDS

NUMBER = "11010519491231002X"
CAUSE = "办理老年人优待证"
PURPOSE = "核对社会保障卡"


class Desk:
    """A registered consumer in front of the service, and the holder it asks about."""

    def __init__(self, house: House, client: TestClient[Litestar], holder: int) -> None:
        self.house, self.client, self.holder = house, client, holder
        with house.database.write() as session:
            made, self.secret = consumers.register(
                session, house, name="黄石市民政局", kind="department", actor="test"
            )
            self.access_id = made.access_id
            self.consumer = made
            for type_id, fields in (
                ("social-security-card", ["bank"]),
                ("driving-licence", ["class", "first_issued_on"]),
            ):
                consumers.entitle(
                    session,
                    house,
                    made,
                    type_id=type_id,
                    purpose=PURPOSE,
                    basis="《湖北省优待老年人规定》",
                    fields=fields,
                    since=date(2026, 1, 1),
                    actor="test",
                )

    def issue(self, type_id: str) -> Licence:
        with self.house.database.write() as session:
            return service.issue(
                session,
                self.house,
                type_id=type_id,
                holder_id=self.holder,
                fields=FIELDS[type_id],
                actor="test",
            )

    def call(self, operation: str, **data: Any) -> dict[str, Any]:
        head = {"accessId": self.access_id, "accessToken": self.secret}
        sent = {"head": head, "data": {"useCause": CAUSE} | data}
        response = self.client.post(f"/licenses/share/{operation}", json=sent)
        assert response.status_code == 200
        return response.json()

    def status(self, operation: str, **data: Any) -> str:
        return self.call(operation, **data)["head"]["status"]

    def uses(self) -> list[LicenceUse]:
        with self.house.database.read() as session:
            return list(session.scalars(sa.select(LicenceUse)))

    @property
    def basic(self) -> dict[str, str]:
        pair = base64.b64encode(f"{self.access_id}:{self.secret}".encode()).decode()
        return {"authorization": f"Basic {pair}"}


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages({"licenses": TEMPLATES})


@pytest.fixture
def desk(house: House, holder_here: int, pages: Pages) -> Iterator[Desk]:
    app = create_app(house, pages)
    with TestClient(app, base_url="http://dongchu.test", raise_server_exceptions=False) as client:
        yield Desk(house, client, holder_here)


def test_an_unconditional_type_is_shared_by_entitlement_with_its_national_names(desk: Desk) -> None:
    licence = desk.issue("social-security-card")
    code = licence_type("social-security-card").code
    for answer in (
        desk.call("queryCertInfo", licenseCode=licence.identifier),
        desk.call("queryCertInfoByHolderCode", holderCode=NUMBER, certTypeCode=code),
    ):
        data = answer["data"]
        assert answer["head"]["status"] == "0"
        assert (data["ZZBS"], data["CZZT"], data["KZ_FWYH"]) == (licence.identifier, "**芸", "演示银行")
        assert "KZ_KHHSW" not in data
    uses = desk.uses()
    assert [(use.kind, use.purpose, use.fields) for use in uses] == [("share", CAUSE, "bank")] * 2


def test_nothing_is_shared_that_cannot_be_put_on_record(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    licence = desk.issue("social-security-card")

    def no_log(*_: object, **__: object) -> None:
        raise RuntimeError("the log cannot be written")

    monkeypatch.setattr("licenses.uses.commit_to", no_log)
    head = {"accessId": desk.access_id, "accessToken": desk.secret}
    sent = {"head": head, "data": {"useCause": CAUSE, "licenseCode": licence.identifier}}
    answer = desk.client.post("/licenses/share/queryCertInfo", json=sent)
    assert answer.status_code == 500
    assert "演示银行" not in answer.text
    assert desk.uses() == []


def test_the_codes_are_the_national_ones(desk: Desk) -> None:
    licence = desk.issue("social-security-card")
    good = {"licenseCode": licence.identifier}
    assert desk.status("queryCertInfo", **good, useCause="") == "12"
    assert desk.status("queryCertInfo", **good, useCause="长" * 201) == "102"
    assert desk.status("queryCertInfo") == "12"
    assert desk.status("queryCertInfo", licenseCode="1.2.3") == "102"
    assert desk.status("queryCertInfo", licenseCode=7) == "102"
    assert desk.status("queryCertInfoByHolderCode", holderCode=NUMBER, certTypeCode="9") == "113"
    assert (
        desk.status(
            "queryCertInfoByHolderCode", holderCode="1", certTypeCode=licence_type("driving-licence").code
        )
        == "10"
    )
    assert desk.status("dropTables", **good) == "102"
    desk.secret += "x"
    assert desk.status("queryCertInfo", **good) == "11"
    assert desk.uses() == []


def test_a_conditional_type_needs_the_holders_lasting_grant_too(desk: Desk) -> None:
    licence = desk.issue("driving-licence")
    code = {"licenseCode": licence.identifier}
    assert desk.status("queryCertInfo", **code) == "10"
    request = desk.client.post(
        "/licenses/api/v1/requests",
        json={"holder": NUMBER, "type_id": "driving-licence", "purpose": PURPOSE, "fields": ["class"]},
        headers=desk.basic,
    ).json()
    with desk.house.database.write() as session:
        grants.decide(
            session,
            desk.house,
            [desk.holder],
            uuid.UUID(request["id"]),
            fields=["class"],
            duration="standing",
        )
    data = desk.call("queryCertInfo", **code)["data"]
    assert ("KZ_ZJCX" in data, "KZ_CCLZRQ" in data) == (True, False)
    with desk.house.database.write() as session:
        grants.withdraw(session, desk.house, [desk.holder], uuid.UUID(request["id"]))
    assert desk.status("queryCertInfo", **code) == "10"
    assert len(desk.uses()) == 1


def test_without_an_entitlement_or_after_its_end_a_licence_looks_like_none(desk: Desk) -> None:
    other = desk.issue("employment-certificate")
    revoked = desk.issue("social-security-card")
    with desk.house.database.write() as session:
        service.operate(session, desk.house, revoked.id, Operation.CANCEL, reason="x", actor="test")
    answers = [desk.call("queryCertInfo", licenseCode=one.identifier) for one in (other, revoked)]
    made_up = desk.call(
        "queryCertInfo",
        licenseCode="1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000403.001.U",
    )
    assert answers == [made_up, made_up]


def test_comparing_gives_no_value_away(desk: Desk) -> None:
    licence = desk.issue("social-security-card")
    code = {"licenseCode": licence.identifier}
    answer = desk.call("verifyCertInfo", **code, certInfo={"KZ_FWYH": "别的银行"})["data"]
    assert answer == {"isValid": True, "matches": {"KZ_FWYH": False}}
    assert desk.status("verifyCertInfo", **code, certInfo={"KZ_KHHSW": "1234"}) == "102"
    assert desk.status("verifyCertInfo", **code, certInfo={}) == "12"


def test_a_shown_code_is_scanned_once_by_a_counter(desk: Desk) -> None:
    licence = desk.issue("social-security-card")
    with desk.house.database.read() as session:
        token = showing.show(session, desk.house, [desk.holder], licence.id, desk.holder).token
    assert desk.call("queryCertInfoByQRcode", qrCode=token)["data"]["result"] == "valid"
    assert desk.status("queryCertInfoByQRcode", qrCode=token) == "10"


def test_a_file_is_verified(desk: Desk) -> None:
    licence = desk.issue("social-security-card")
    sd_jwt = service.content(desk.house, licence).sd_jwt
    assert desk.call("verifyFile", file=sd_jwt)["data"]["result"] == "valid"
    assert desk.call("verifyFile", file=sd_jwt[:-30])["data"]["result"] == "not_valid"


def test_the_consumers_api_asks_looks_and_uses(desk: Desk) -> None:
    desk.issue("driving-licence")
    path = "/licenses/api/v1/requests"
    sent = {"holder": NUMBER, "type_id": "driving-licence", "purpose": PURPOSE, "fields": ["class"]}
    assert desk.client.post(path, json=sent).status_code == 401
    bad = {"authorization": "Basic !!"}
    assert desk.client.post(path, json=sent, headers=bad).status_code == 401
    made = desk.client.post(path, json=sent, headers=desk.basic).json()
    used = desk.client.post(f"{path}/{made['id']}/uses", headers=desk.basic)
    assert (made["state"], used.status_code) == ("asked", 403)
    with desk.house.database.write() as session:
        grants.decide(
            session, desk.house, [desk.holder], uuid.UUID(made["id"]), fields=["class"], duration="once"
        )
    assert desk.client.get(f"{path}/{made['id']}", headers=desk.basic).json()["state"] == "granted"
    used = desk.client.post(f"{path}/{made['id']}/uses", headers=desk.basic)
    assert (used.status_code, used.json()["fields"]) == (201, {"class": "C1"})
    assert desk.client.post(f"{path}/{made['id']}/uses", headers=desk.basic).status_code == 403


def test_the_catalogue_is_open_to_read(desk: Desk) -> None:
    listed = desk.client.get("/licenses/api/v1/types").json()["datasets"]
    assert len(listed) == 14
    [card] = [one for one in listed if one["identifier"] == "social-security-card"]
    assert card["access_rights"] == "unconditional"
    assert card["versions"][0]["fields"][1]["sensitivity"] == "sensitive"


def test_the_sharing_interface_answers_nonsense_with_4xx(desk: Desk) -> None:
    for sent in (
        b"{}",
        b'{"head": {}}',
        b'{"head": {"accessId": "a", "accessToken": "b"}, "data": []}',
        b"[",
    ):
        answer = desk.client.post(
            "/licenses/share/queryCertInfo", content=sent, headers={"content-type": "application/json"}
        )
        assert answer.status_code == 400


def test_copies_are_downloaded_once_and_remarked(desk: Desk) -> None:
    licence = desk.issue("social-security-card")
    code = {"licenseCode": licence.identifier}
    file = desk.call("downloadFile", **code)["data"]["file"]
    checked = desk.call("verifyFile", file=file)["data"]
    assert (checked["result"], checked["made_for"]) == ("valid", f"黄石市民政局：{CAUSE}")
    assert [field["id"] for field in checked["fields"]] == ["bank"]
    type_code = licence_type("social-security-card").code
    by_holder = desk.call("downloadUrlsByHolderCode", holderCode=NUMBER, certTypeCode=type_code)
    for url in (desk.call("downloadUrl", **code)["data"]["url"], *by_holder["data"]["urls"]):
        path = "/licenses" + url.partition("/licenses")[2]
        assert desk.client.get(path).content.startswith(b"%PDF-")
        assert desk.client.get(path).status_code == 410
    remarks = desk.call("getCertRemarkInfo", **code)["data"]["remarks"]
    assert [one["JZJZZSY"] for one in remarks] == [CAUSE] * 3
