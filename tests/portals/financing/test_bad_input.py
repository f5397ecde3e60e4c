"""What no bank lends and no calendar has, at each door where it could be written: what a person reads, and what a program."""

import uuid
from typing import Any

import pytest
from sqlalchemy.orm import Session

from kernel.house import House
from portals.financing.banks import offers
from portals.financing.banks.repository import offers_of
from portals.financing.demands.models import Application
from portals.financing.loans import repository as loan_rows
from tests.portals.financing import lending
from tests.portals.financing.hall import Hall, Visitor

LOAN, OFFER, CONTRACT, DISBURSE = "loan", "offer", "contract", "disburse"
OFFERED = {"amount": "500000", "rate": "3.45", "term_months": "12", "method": "one_off", "valid_days": "15"}
SAID = {"amount_fen": 50_000_000, "rate_bp": 345, "term_months": 12, "method": "one_off"}
DEMANDED = {
    "amount": "50",
    "term_months": "12",
    "purpose": "working_capital",
    "repayment": "any",
    "collateral": "none",
    "routing": "rotation",
}


class Doors:
    """One firm with a loan, and three applications that wait for an offer, a contract and the money."""

    def __init__(self, hall: Hall) -> None:
        self.hall = hall
        house, now = hall.house, hall.house.clock.now()
        with house.database.write() as session:
            firm_id = lending.registered_firm(session, house)
            self.places = {LOAN: f"/loans/{lending.disbursed(session, house, firm_id).id}"}
            for name in (OFFER, CONTRACT, DISBURSE):
                (application,) = lending.posted(session, firm_id, now)
                self._prepare(session, house, application, name)
                self.places[name] = f"/applications/{application.id}"
        self.firm = hall.firm(firm_id)
        self.officer = hall.officer(lending.FIRST, "financing.work", "financing.approve")

    def _prepare(self, session: Session, house: House, application: Application, until: str) -> None:
        if until == OFFER:
            lending.approved(session, house, application)
            return
        offer_id = lending.offered(session, house, application)
        offers.accept(session, offer_id, by=lending.borrower(application.firm_id), now=house.clock.now())
        if until == DISBURSE:
            lending.contracted(session, house, application, "HT-9")

    def left(self) -> tuple[int, int]:
        """Offers of the first application and repayments of the loan: nothing half-done stays."""
        with self.hall.house.database.read() as session:
            number = {name: uuid.UUID(place.rpartition("/")[2]) for name, place in self.places.items()}
            return (
                len(offers_of(session, number[OFFER])),
                len(loan_rows.repayments_of(session, number[LOAN])),
            )


@pytest.fixture
def doors(house: House) -> Doors:
    return Doors(Hall(house))


def test_officers_read_on_the_page_what_is_wrong_and_how_to_mend_it(doors: Doors) -> None:
    repaid = {"on_day": "2026-11-23", "principal": "100", "reference": "H1"}
    paid_out = {"paid_on": "2026-11-23", "reference": "F1"}
    renewed = {
        "contract_number": "XD-1",
        "renewed_on": "2026-11-23",
        "term_months": "12",
        "renewal_rate": "3.30",
    }
    extended = {"months": "6", "agreed_on": "2026-11-23"}
    cases: list[tuple[str, str, dict[str, str], dict[str, str], str]] = [
        (OFFER, "offer", OFFERED, {"rate": "400"}, "比率应为0到100之间"),
        (OFFER, "offer", OFFERED, {"rate": "40"}, "年利率"),
        (OFFER, "offer", OFFERED, {"rate": "-3"}, "比率应为0到100之间"),
        (OFFER, "offer", OFFERED, {"rate": "很低"}, "比率应为0到100之间"),
        (OFFER, "offer", OFFERED, {"amount": "-5"}, "金额应为大于零的数"),
        (OFFER, "offer", OFFERED, {"amount": "1e300"}, "金额应为大于零的数"),
        (OFFER, "offer", OFFERED, {"amount": "99999999999"}, "金额"),
        (OFFER, "offer", OFFERED, {"term_months": "9" * 5000}, "请填写整数"),
        (OFFER, "offer", OFFERED, {"term_months": "0" * 5000}, "请填写整数"),
        (OFFER, "offer", OFFERED, {"term_months": "1200"}, "期限"),
        (OFFER, "offer", OFFERED, {"method": "whenever"}, "请选择还款方式"),
        (DISBURSE, "disbursement", paid_out, {"paid_on": "2026-02-31"}, "没有这一天：2026-02-31"),
        (DISBURSE, "disbursement", paid_out, {"paid_on": "1926-11-23"}, "放款日期应在签约之后"),
        (LOAN, "repayments", repaid, {"on_day": "2026-02-31"}, "没有这一天：2026-02-31"),
        (LOAN, "repayments", repaid, {"principal": "-100"}, "金额应为大于零的数"),
        (LOAN, "repayments", repaid, {"principal": "9999999999"}, "不能超过"),
        (LOAN, "repayments", repaid, {"reference": "还款#1"}, "编号应为1至40个"),
        (LOAN, "overdue", {}, {"since": "2026-02-31"}, "没有这一天：2026-02-31"),
        (LOAN, "extension", extended, {"agreed_on": "2026-02-31"}, "没有这一天"),
        (LOAN, "extension", extended, {"months": "-6"}, "请填写整数"),
        (LOAN, "extension", extended, {"months": "900"}, "展期最长12个月"),
        (LOAN, "extension", extended, {"extension_rate": "400"}, "比率应为0到100之间"),
        (LOAN, "renewal", renewed, {"renewal_rate": "400"}, "比率应为0到100之间"),
        (LOAN, "renewal", renewed, {"renewal_rate": "90"}, "年利率应当在0到24%之间"),
        (LOAN, "renewal", renewed, {"renewed_on": "2026-02-31"}, "没有这一天"),
    ]
    before = doors.left()
    for door, act, form, wrong, said in cases:
        status = 409 if (door, act) == (LOAN, "overdue") and "02-31" not in str(wrong) else 400
        page = doors.officer.send(f"/bank{doors.places[door]}/{act}", status, **{**form, **wrong})
        assert said in page, (act, wrong)
        assert "error-summary" in page, (act, wrong)
    assert doors.left() == before


def test_programs_read_the_field_and_the_reason(doors: Doors) -> None:
    repaid = {"on_day": "2026-11-23", "reference": "H1", "principal_fen": 100}
    paid_out = {"paid_on": "2026-11-23", "reference": "F1"}
    renewed = {"contract_number": "XD-1", "on_day": "2026-11-23", "term_months": 12, "rate_bp": 330}
    extended = {"months": 6, "agreed_on": "2026-11-23"}
    cases: list[tuple[str, str, dict[str, Any], dict[str, Any], str]] = [
        (OFFER, "offers", SAID, {"rate_bp": 40_000}, "rate_bp"),
        (OFFER, "offers", SAID, {"rate_bp": -1}, "rate_bp"),
        (OFFER, "offers", SAID, {"rate_bp": "3.45%"}, "rate_bp"),
        (OFFER, "offers", SAID, {"amount_fen": -1}, "amount_fen"),
        (OFFER, "offers", SAID, {"amount_fen": 10**18}, "amount_fen"),
        (OFFER, "offers", SAID, {"amount_fen": 10**40}, "amount_fen"),
        (OFFER, "offers", SAID, {"term_months": 1200}, "term_months"),
        (DISBURSE, "disbursement", paid_out, {"paid_on": "2026-02-31"}, "paid_on"),
        (DISBURSE, "disbursement", paid_out, {"due_day": 32}, "due_day"),
        (LOAN, "repayments", repaid, {"on_day": "2026-02-31"}, "on_day"),
        (LOAN, "repayments", repaid, {"principal_fen": -1}, "principal_fen"),
        (LOAN, "repayments", repaid, {"principal_fen": 10**30}, "principal_fen"),
        (LOAN, "overdue", {}, {"since": "2026-02-31"}, "since"),
        (LOAN, "extension", extended, {"months": -6}, "months"),
        (LOAN, "extension", extended, {"agreed_on": "2026-02-31"}, "agreed_on"),
        (LOAN, "renewal", renewed, {"rate_bp": 40_000}, "rate_bp"),
    ]
    before = doors.left()
    for door, act, body, wrong, where in cases:
        answer = doors.officer.post(f"/bank{doors.places[door]}/{act}", {**body, **wrong}, 400)
        assert (
            where in {one["where"].removeprefix("$.") for one in answer["errors"]}
            or where in answer["detail"]
        ), (act, wrong, answer)
    assert doors.left() == before


def test_a_firm_reads_what_its_demand_cannot_be(doors: Doors) -> None:
    before = doors.firm.get("/financing/demands")
    for wrong, said in (
        ({"amount": "-50"}, "金额应在"),
        ({"amount": "0"}, "金额应在"),
        ({"amount": "999999999"}, "金额应在"),
        ({"amount": "1e400"}, "请填写金额"),
        ({"amount": "五十"}, "请填写金额"),
        ({"term_months": "-12"}, "请填写整月数"),
        ({"term_months": "9999"}, "期限"),
        ({"purpose": "yacht"}, "请从列表中选择"),
    ):
        page = doors.firm.send("/financing/demands", 400, **{**DEMANDED, **wrong})
        assert said in page, wrong
    body = {"amount_fen": 50_000_000, "term_months": 12, "purpose": "working_capital"}
    for change in ({"amount_fen": -1}, {"amount_fen": 10**16}, {"term_months": 0}, {"purpose": "yacht"}):
        assert doors.firm.post("/financing/demands", {**body, **change}, 400)["detail"]
    assert doors.firm.get("/financing/demands") == before


class TestContracts:
    """The file of a contract: on the officer's page and at the API."""

    FORM = {"number": "HT-77", "signed_on": "2026-11-23"}  # noqa: RUF012

    @staticmethod
    def page(officer: Visitor, place: str, content: bytes, status: int, **form: str) -> str:
        return officer.upload(f"/bank{place}/contract", {**TestContracts.FORM, **form}, content, status)

    def test_what_is_no_pdf_is_told_beside_the_field(self, doors: Doors) -> None:
        place = doors.places[CONTRACT]
        for content in (b"<html>not a contract</html>", b"%PDF-1.7\nbroken", b"PK\x03\x04"):
            page = self.page(doors.officer, place, content, 400)
            assert "error-summary" in page
            assert "PDF" in page
            refused = doors.officer.send_file(f"/bank{place}/documents", content, 400)
            assert "PDF" in refused["detail"]

    def test_the_thirty_first_of_february_is_no_day_to_sign(self, doors: Doors) -> None:
        place = doors.places[CONTRACT]
        assert "没有这一天" in self.page(doors.officer, place, lending.pdf(), 400, signed_on="2026-02-31")
        body = {"number": "HT-77", "signed_on": "2026-02-31", "document_id": str(uuid.uuid4())}
        refused = doors.officer.post(f"/bank{place}/contract", body, 400)
        assert "signed_on" in str(refused["errors"])

    def test_too_much_is_refused_before_it_is_read(self, doors: Doors) -> None:
        place = doors.places[CONTRACT]
        big = b"%PDF-1.7" + bytes(22 * 1024 * 1024)
        assert "过大" in self.page(doors.officer, place, big, 413)
        assert doors.officer.send_file(f"/bank{place}/documents", big, 413)["detail"]
