"""A wallet of the OpenWallet Foundation's libraries receives a licence, presents one field, and learns of its end.

The libraries come by ``make interop``; the everyday tests speak the same protocols with a wallet written by hand.
"""

import json
import shutil
import subprocess
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import httpx
import pytest

import portals.tables
from identity import service as identity
from identity.clients.schemas import ClientSettings
from identity.clients.service import register
from identity.registry import service as registry
from kernel.house import House, open_house
from kernel.settings import Settings
from licenses import service
from licenses.issuance import offers, wallets
from licenses.models import Licence
from licenses.sharing import consumers
from licenses.states import Operation
from portals.main import build_apps, open_services
from tests.identity.conftest import Running, free_port
from tests.identity.relying_party import PASSWORD, Surfer, redirect_of
from tests.licenses.samples import FIELDS, id_number

HERE = Path(__file__).parent
TYPE = "driving-licence"
CALLBACK = "http://127.0.0.1:9/callback"
CLIENT = "owf-wallet"
assert portals.tables.METADATA

pytestmark = [
    pytest.mark.interop,
    pytest.mark.skipif(
        shutil.which("node") is None or not (HERE / "node_modules").is_dir(),
        reason="needs Node.js 20 and the libraries: make interop",
    ),
]


class ForeignWallet:
    """The wallet's process; it is given the trust anchor as a file, as its maker would."""

    def __init__(self, base: str, folder: Path) -> None:
        anchor = folder / "anchor.pem"
        anchor.write_bytes(httpx.get(f"{base}/licenses/trust/anchor.pem", trust_env=False).content)
        self._process = subprocess.Popen(
            ["node", str(HERE / "wallet.mjs"), str(anchor)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=HERE,
        )

    def do(self, action: str, **given: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"action": action, **given}) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer["error"]
        return answer

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()


class City:
    """Identity and licences on one port, with one holder and a consumer."""

    def __init__(self, house: House, base: str) -> None:
        self.house, self.base = house, base
        with house.database.write() as session:
            now = house.clock.now()
            self.holder = registry.ensure(
                session,
                kind="person",
                name="章小芸",
                identifier_kind="id_number",
                identifier=id_number(7),
                vault=house.vault,
                now=now,
            )
            identity.create_account(
                session,
                house=house,
                subject_id=self.holder,
                login_name="xiaoyun",
                password=PASSWORD,
                is_real_name=True,
            )
            consumer, secret = consumers.register(
                session, house, name="租车行", kind="mini-app", actor="test"
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
        self.basic = (consumer.access_id, secret)

    def issue(self) -> Licence:
        with self.house.database.write() as session:
            return service.issue(
                session, self.house, type_id=TYPE, holder_id=self.holder, fields=FIELDS[TYPE], actor="test"
            )

    def offer(self, licence: Licence) -> offers.Offer:
        with self.house.database.read() as session:
            return offers.offer(session, self.house, [self.holder], licence.id, added_by=self.holder)

    def ask(self, **more: Any) -> dict[str, Any]:
        sent = {"type_id": TYPE, "purpose": "租车", "fields": ["class"], **more}
        answer = httpx.post(
            f"{self.base}/licenses/api/v1/presentations", json=sent, auth=self.basic, trust_env=False
        )
        assert answer.status_code == 201, answer.text
        return answer.json()

    def result(self, asking: dict[str, Any]) -> dict[str, Any]:
        address = f"{self.base}/licenses/api/v1/presentations/{asking['handle']}/result"
        answer = httpx.post(address, json={}, auth=self.basic, trust_env=False)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    home, port = tmp_path_factory.mktemp("interop"), free_port()
    base = f"http://127.0.0.1:{port}"
    settings = Settings(
        home=home,
        database_url=f"sqlite:///{home / 'dongchu.db'}",
        port=port,
        base_url=base,
        issuer=f"{base}/identity",
        is_demo=True,
    )
    house = open_house(settings)
    house.database.create_all()
    running = Running(build_apps(open_services(house), ("identity", "licenses")), port)
    yield City(house, base)
    running.stop()
    house.database.close()
    house.ephemeral.close()


@pytest.fixture
def wallet(city: City, tmp_path: Path) -> Iterator[ForeignWallet]:
    made = ForeignWallet(city.base, tmp_path)
    yield made
    made.close()


@pytest.mark.parametrize("is_encrypted", [True, False])
def test_pre_authorised_a_licence_goes_out_one_field_comes_back_and_its_end_is_seen(
    city: City, wallet: ForeignWallet, is_encrypted: bool
) -> None:
    licence = city.issue()
    offer = city.offer(licence)
    link = offer.by_reference if is_encrypted else offer.by_value
    received = wallet.do("receive", offer=link, txCode=offer.tx_code, copies=3, isBound=is_encrypted)
    assert received["tokenType"] == ("DPoP" if is_encrypted else "Bearer")
    assert (received["isSigned"], received["held"], received["claims"]["class"]) == (True, 3, "C1")
    assert wallet.do("verify") == {"verified": True, "status": 0}
    with city.house.database.read() as session:
        [seen] = wallets.wallets_of(session, [city.holder], licence.id)
    assert (seen.state, seen.copies) == ("accepted", 3)

    asking = city.ask(is_encrypted=is_encrypted)
    presented = wallet.do("present", invocation=asking["invocation"])
    assert presented == {"version": 100, "client": "x509_hash", "asked": ["class"], "status": 200}
    assert city.result(asking)["fields"] == {"class": "C1"}

    with city.house.database.write() as session:
        service.operate(session, city.house, licence.id, Operation.CANCEL, reason="遗失", actor="test")
    ended = wallet.do("verify")
    assert (ended["verified"], ended["status"]) == (False, 1), ended
    again = city.ask(is_encrypted=is_encrypted)
    wallet.do("present", invocation=again["invocation"])
    result = city.result(again)
    assert (result["result"], result["fields"]) == ("not_valid", {})


@pytest.mark.parametrize("is_itemised", [True, False])
def test_authorisation_code_the_holder_signs_in_and_lets_the_wallet_have_it(
    city: City, wallet: ForeignWallet, is_itemised: bool
) -> None:
    settings = ClientSettings(
        name="开源钱包",
        redirect_uris=(CALLBACK,),
        auth_method="none",
        scopes=("openid", "licences"),
        requires_par=True,
        requires_dpop=True,
        authorization_details_types=("openid_credential",),
    )
    with city.house.database.write() as session:
        register(session, CLIENT, settings, secret=None, vault=city.house.vault, now=city.house.clock.now())
    licence = city.issue()
    scope = "openid" if is_itemised else "licences"
    begun = wallet.do(
        "authorize",
        offer=city.offer(licence).by_reference,
        clientId=CLIENT,
        redirectUri=CALLBACK,
        scope=scope,
        isItemised=is_itemised,
    )
    assert "urn%3Aietf%3Aparams%3Aoauth%3Arequest_uri" in begun["url"]
    surfer = Surfer(city.base)
    page = surfer.sign_in(surfer.open(begun["url"].removeprefix(city.base)), "xiaoyun")
    if not page.is_redirect:
        page = surfer.submit(page, "authorize", decision="allow")
    address, back = redirect_of(page)
    surfer.close()
    assert (address, back["iss"]) == (CALLBACK, city.house.settings.issuer)
    received = wallet.do("redeem", code=back["code"], copies=2)
    assert (received["tokenType"], received["isItemised"]) == ("DPoP", is_itemised)
    assert (received["held"], received["claims"]["class"]) == (2, "C1")
    with city.house.database.read() as session:
        seen = wallets.wallets_of(session, [city.holder], licence.id)[0]
    assert (seen.name, seen.is_name_known, seen.state, seen.copies) == ("开源钱包", True, "accepted", 2)
    asking = city.ask()
    wallet.do("present", invocation=asking["invocation"])
    assert city.result(asking)["result"] == "valid"
