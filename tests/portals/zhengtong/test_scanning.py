"""扫码核验 on a seat: the police see more than a counter, others are kept out, and the holder's word is waited for."""

import uuid
from typing import Any

import pytest

from licenses import service, showing, wallet
from licenses.models import Licence
from tests.licenses.samples import FIELDS
from tests.portals.zhengtong.conftest import City, Enter


def _licence(city: City, type_id: str) -> Licence:
    with city.house.database.write() as session:
        return service.issue(
            session,
            city.house,
            type_id=type_id,
            holder_id=city.cast.agent,
            fields=FIELDS[type_id]
            | ({"file_number": uuid.uuid4().hex} if type_id == "driving-licence" else {}),
            actor="test",
        )


def _code(city: City, licence: Licence) -> str:
    with city.house.database.read() as session:
        holder = city.cast.agent
        token = showing.show(session, city.house, [holder], licence.id, holder).token
    return f"http://dongchu.test/licenses/scan/{token}"


def _sent(code: str) -> dict[str, Any]:
    return {"code": code, "cause": "现场检查"}


@pytest.mark.parametrize(("seat", "sees_file_number"), [("police", True), ("street", False)])
def test_each_seat_sees_what_its_duty_needs(
    enter: Enter, city: City, seat: str, sees_file_number: bool
) -> None:
    licence = _licence(city, "driving-licence")
    page = enter(seat).post("/zhengtong/scan", _sent(_code(city, licence)))
    assert page.status_code == 200
    assert "C1" in page.text
    assert ("档案编号" in page.text) == sees_file_number
    with city.house.database.read() as session:
        [use] = wallet.uses_of(session, [city.cast.agent], licence.id)
    assert (use.is_verifier_known, use.purpose) == (True, "现场检查")


def test_a_code_is_good_once(enter: Enter, city: City) -> None:
    code = _code(city, _licence(city, "driving-licence"))
    police = enter("police")
    assert police.post("/zhengtong/scan", _sent(code)).status_code == 200
    again = police.post("/zhengtong/scan", _sent(code))
    assert (again.status_code, "重新出示" in again.text) == (410, True)


def test_where_the_type_asks_the_holder_the_page_waits(enter: Enter, city: City) -> None:
    licence = _licence(city, "marriage-certificate")
    street = enter("street")
    waiting = street.post("/zhengtong/scan", _sent(_code(city, licence)))
    assert waiting.status_code == 303
    address = waiting.headers["location"]
    assert "等待对方同意" in street.get(address).text
    holder = city.cast.agent
    with city.house.database.read() as session:
        ask = showing.asked_of(session, city.house, holder, licence.id)
    assert ask is not None
    showing.answer(city.house, holder, licence.id, ask.ask, is_granted=True)
    assert "查看结果" in street.get(address).text
    seen = street.post(address)
    assert "2019年10月1日" in seen.text
    assert "程某" not in seen.text
    assert street.post(address).status_code == 410


def test_without_the_duty_nobody_scans(enter: Enter) -> None:
    page = enter("author").get("/zhengtong/scan")
    assert (page.status_code, "证照核验" in page.text) == (403, True)
    assert enter("police").post("/zhengtong/scan", {"code": "", "cause": "x"}).status_code == 400
