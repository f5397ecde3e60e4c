"""Counter, payments, licences, trail, and who is kept out."""

import pytest

from identity.accounts import repository as accounts
from identity.registry import service as registry
from portals.zhengtong.exports import csv_text, safe_cell
from tests.portals.zhengtong.conftest import City, Enter

KEPT_OUT = [
    ("author", "/zhengtong/payments", "支付审批"),
    ("author", "/zhengtong/counter", "窗口帮办"),
    ("author", "/zhengtong/licences", "证照签发"),
    ("author", "/zhengtong/audit", "审计查阅"),
    ("auditor", "/zhengtong/system/letters", "系统管理"),
    ("street", "/zhengtong/policies/new", "政策起草"),
]


@pytest.mark.parametrize(("seat", "path", "duty"), KEPT_OUT)
def test_the_refusal_names_the_duty(enter: Enter, seat: str, path: str, duty: str) -> None:
    answer = enter(seat).get(path)
    assert answer.status_code == 403
    assert duty in answer.text


def test_without_a_seat_one_reads_what_to_do(enter: Enter) -> None:
    answer = enter("resident").get("/zhengtong")
    assert answer.status_code == 403
    assert "切换身份" in answer.text
    assert enter("resident").get("/zhengtong/policies").status_code == 403
    assert enter("resident", accept="application/json").get("/zhengtong/api/v1/claims").status_code == 403


def test_nobody_is_led_to_sign_in(enter: Enter) -> None:
    assert enter(None).get("/zhengtong").status_code == 303
    assert enter(None, accept="application/json").get("/zhengtong/api/v1/claims").status_code == 401


def test_somebody_of_the_street_is_found_at_the_counter(enter: Enter, city: City) -> None:
    with city.house.database.read() as session:
        number = registry.identifier_of(session, city.cast.elder, vault=city.house.vault)
    seat = enter("street")
    found = seat.post("/zhengtong/counter", {"kind": "id_number", "identifier": number})
    assert found.status_code == 303
    address = found.headers["location"]
    assert number not in address
    page = seat.get(address).text
    assert number not in page
    assert "代为申请" in page
    assert enter("auditor").get(address).status_code == 403


def test_who_somebody_is_is_checked_at_the_counter(enter: Enter, city: City) -> None:
    with city.house.database.read() as session:
        number = registry.identifier_of(session, city.cast.elder, vault=city.house.vault)
    seat = enter("street")
    address = seat.post("/zhengtong/counter", {"kind": "id_number", "identifier": number}).headers["location"]
    assert "当面核验" in seat.get(f"{address}/proof").text
    seen = {
        "level": "L4",
        "first": "id_card",
        "first_tail": number[-4:],
        "first_until": "2036-01-31",
        "second": "household_book",
        "second_tail": "0077",
        "slip": "HY-2026-0001",
    }
    refused = seat.post(f"{address}/proof", seen)
    assert refused.status_code == 400
    assert "比对本人和证件照片" in refused.text
    assert seat.post(f"{address}/proof", {**seen, "compared": "1"}).status_code == 303
    with city.house.database.read() as session:
        account = accounts.get(session, city.cast.elder)
        assert account is not None
        assert account.in_person_at == city.house.clock.now()


def test_a_wrong_number_comes_back_to_the_form(enter: Enter) -> None:
    answer = enter("street").post("/zhengtong/counter", {"identifier": "420000000000000000"})
    assert answer.status_code == 400
    assert "没有查到" in answer.text


def test_visits_list_offers_unopened(enter: Enter) -> None:
    answer = enter("street", accept="application/json").get("/zhengtong/api/v1/counter/visits?days=0")
    assert answer.status_code == 200


def test_a_licence_is_issued_and_revoked(enter: Enter, city: City) -> None:
    with city.house.database.read() as session:
        number = registry.identifier_of(session, city.cast.agent, vault=city.house.vault)
    seat = enter("licensing")
    sent = {"type": "disability-certificate", "identifier": number, "level": "2", "category": "肢体"}
    assert seat.post("/zhengtong/licences/new", sent | {"level": "9"}).status_code == 400
    made = seat.post("/zhengtong/licences/new", sent)
    assert made.status_code == 303
    address = made.headers["location"].split("?")[0]
    assert "变更状态" in seat.get(address).text
    assert seat.post(address, {"operation": "revoke", "reason": ""}).status_code == 400
    assert seat.post(address, {"operation": "revoke", "reason": "签发有误"}).status_code == 303
    assert "撤销" in seat.get(address).text
    assert seat.post(address, {"operation": "revoke", "reason": "再次"}).status_code == 409


def test_an_appropriation_is_booked_once_per_document(enter: Enter) -> None:
    program = enter("finance", accept="application/json")
    budget = program.get("/zhengtong/api/v1/books").json()["budgets"][0]["budget"]
    sent = {"amount_fen": 100_00, "reference": "黄财社〔2026〕12号"}
    path = f"/zhengtong/api/v1/budgets/{budget['id']}/appropriations"
    for _again in range(2):
        books = program.post(path, json=sent).json()
    after = next(line["budget"] for line in books["budgets"] if line["budget"]["id"] == budget["id"])
    assert after["appropriated_fen"] == budget["appropriated_fen"] + 100_00
    assert books["defects"] == []


def test_nothing_chosen_is_no_batch(enter: Enter) -> None:
    assert enter("finance").post("/zhengtong/payments/batches", {}).status_code == 400


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+1", "@SUM(A1)", "\t=1", " =1", "＝1"])
def test_no_cell_runs_as_a_formula(text: str) -> None:
    assert safe_cell(text).startswith("'")
    assert "'" in csv_text(["a"], [[text]])


def test_the_interface_is_described(enter: Enter) -> None:
    described = enter("author", accept="application/json").get("/zhengtong/schema/openapi.json").json()
    paths = described["paths"]
    assert all("/api/v1/" in path for path in paths)
    assert all(one.get("summary") for path in paths.values() for one in path.values())


def test_an_appropriation_is_reduced_by_what_is_not_set_aside(enter: Enter) -> None:
    program = enter("finance", accept="application/json")
    budget = program.get("/zhengtong/api/v1/books").json()["budgets"][0]["budget"]
    path = f"/zhengtong/api/v1/budgets/{budget['id']}/reductions"
    sent = {"amount_fen": budget["available_fen"] + 1, "reference": "黄财社〔2026〕90号"}
    assert program.post(path, json=sent).status_code == 409
    for _again in range(2):
        books = program.post(path, json={"amount_fen": 100, "reference": "黄财社〔2026〕91号"}).json()
    after = next(line["budget"] for line in books["budgets"] if line["budget"]["id"] == budget["id"])
    assert after["available_fen"] == budget["available_fen"] - 100


def test_a_year_is_previewed_and_not_closed_before_december(enter: Enter) -> None:
    """Who may carry it out, and what then happens, is held where closing is decided (``delivery.test_closing``)."""
    page, program = enter("finance"), enter("finance", accept="application/json")
    shown = page.get("/zhengtong/payments/closing")
    assert shown.status_code == 200
    budget = program.get("/zhengtong/api/v1/books").json()["budgets"][0]["budget"]
    which = {name: budget[name] for name in ("division", "year", "fund_source")}
    asked = "&".join(f"{name}={value}" for name, value in which.items())
    seen = program.get(f"/zhengtong/api/v1/closings/preview?{asked}").json()
    assert budget["id"] in {line["budget_id"] for line in seen["lines"]}
    assert seen["obstacles"]
    preview = page.get(
        f"/zhengtong/payments/closing/{which['year']}/{which['division']}/{which['fund_source']}"
    )
    assert seen["obstacles"][0] in preview.text
    refused = program.post("/zhengtong/api/v1/closings", json=which | {"surplus": "withdraw"})
    assert refused.status_code == 409
    assert page.get("/zhengtong/payments/closing/2026/310000/fiscal").status_code == 404
    assert enter("author").get("/zhengtong/payments/closing").status_code == 403
