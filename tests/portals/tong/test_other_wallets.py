"""添加到其他钱包, as a resident meets it: a code, a list, and the way back."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from licenses import service
from licenses.issuance import copies, offers
from licenses.models import Licence
from tests.licenses.samples import FIELDS
from tests.portals.tong.conftest import Enter
from tests.portals.zhengtong.conftest import City

TYPE = "driving-licence"
#: A wallet's public key; that it holds it is proved elsewhere.
JWK = {
    "kty": "EC",
    "crv": "P-256",
    "x": "nUWAoAv3XZith8E7i19OdaxOLYFOwM-Z2EuM02TirT4",
    "y": "HskHU8BjUi1U9Xqi7Swmj8gwAK_0xkcDjEW_71SosEY",
}


@pytest.fixture
def licence(city: City) -> Licence:
    with city.house.database.write() as session:
        return service.issue(
            session,
            city.house,
            type_id=TYPE,
            holder_id=city.cast.parent,
            fields=FIELDS[TYPE],
            actor="test",
        )


def _scanned(city: City, link: str, tx_code: str) -> None:
    """What a wallet does with the code: the token's answer and the copies."""
    reference = parse_qs(urlsplit(link).query)["credential_offer_uri"][0].rsplit("/", 1)[1]
    document: Any = offers.document_at(city.house, reference)
    code = document["grants"][offers.PRE_AUTHORIZED]["pre-authorized_code"]
    with city.house.database.write() as session:
        copies.issue_copies(session, city.house, offers.redeem(city.house, code, tx_code), [JWK])


def test_a_resident_adds_a_licence_to_another_wallet_sees_it_and_takes_it_back(
    city: City, enter: Enter, licence: Licence
) -> None:
    parent, path = enter(city.cast.parent), f"/tong/wallet/{licence.id}/wallets"
    assert path in parent.get(f"/tong/wallet/{licence.id}").text
    assert "还没有添加到其他钱包" in parent.get(path).text
    api = f"/tong/api/v1/licences/{licence.id}"
    shown = parent.post(path, data={"name": "旧手机"})
    assert (shown.status_code, "显示交易码" in shown.text) == (200, True)
    assert "openid-credential-offer://?credential_offer=" in shown.text
    made = parent.post(f"{api}/offers", json={"name": "旧手机"}).json()
    _scanned(city, made["by_reference"], made["tx_code"])
    page = parent.get(path).text
    assert "旧手机（您起的名）" in page
    [found] = re.findall(rf'action="({path}/[^"]+)"', page)
    assert parent.post(found, follow_redirects=False).status_code == 303
    assert "已移除" in parent.get(path).text
    assert parent.post(found).status_code == 409
    [listed] = parent.get(f"{api}/wallets").json()
    assert (listed["state"], listed["copies"]) == ("removed", 1)
    uses = parent.get(f"/tong/wallet/{licence.id}").text
    assert "旧手机（自报）" in uses


def test_others_and_proxies_add_nothing(city: City, enter: Enter, licence: Licence) -> None:
    api = f"/tong/api/v1/licences/{licence.id}"
    stranger = enter(city.cast.elder, accept="application/json")
    assert stranger.post(f"{api}/offers", json={}).status_code == 404
    assert stranger.get(f"{api}/wallets").status_code == 404
    proxy = enter(city.cast.elder, acting_for=city.cast.parent, accept="application/json")
    assert proxy.post(f"{api}/offers", json={}).status_code == 403
    assert proxy.get(f"{api}/wallets").status_code == 200
    page = enter(city.cast.elder, acting_for=city.cast.parent).get(f"/tong/wallet/{licence.id}/wallets")
    assert "生成添加码" not in page.text
    without = enter(city.cast.parent, scopes=("tong",), accept="application/json")
    assert without.post(f"{api}/offers", json={}).status_code == 403


def test_pages_speak_english(city: City, enter: Enter, licence: Licence) -> None:
    reader = enter(city.cast.parent, language="en")
    page = reader.get(f"/tong/wallet/{licence.id}/wallets").text
    assert "Add to another wallet" in page
    assert "Scan it with the wallet" in reader.post(f"/tong/wallet/{licence.id}/wallets", data={}).text
