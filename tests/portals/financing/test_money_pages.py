"""Offers compared, guarantees, compensation, pool, subsidies and oversight at their doors: pages, API, and who stays out."""

import io
import uuid
import zipfile
from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.clock import FixedClock
from kernel.house import House
from portals.financing.costs.statement import Charge
from portals.financing.loans import service as loans
from portals.financing.loans.models import Loan
from portals.financing.loans.schemas import Disbursement, Overdue
from tests.portals.financing import lending
from tests.portals.financing.hall import Hall

OTHER, GUARANTOR = "cihu-rural", "dongchu-guarantee"


@pytest.fixture
def hall(house: House) -> Hall:
    return Hall(house)


class Offered:
    """A firm with two offers: one of a low rate and a dear fee, one plain."""

    def __init__(self, hall: Hall) -> None:
        house, now = hall.house, hall.house.clock.now()
        with house.database.write() as session:
            self.firm_id = lending.registered_firm(session, house)
            first, second = lending.posted(session, self.firm_id, now, lending.FIRST, OTHER)
            self.application_id, self.demand_id = first.id, first.demand_id
            dear = Charge(name="账户管理费", amount_fen=1_000_000)
            self.dear = lending.offered(session, house, second, rate_bp=320, charges=(dear,))
            self.plain = lending.offered(session, house, first, needs_guarantee=True, rate_bp=345)


def lent(hall: Hall, offered: Offered) -> Loan:
    """The guaranteed offer paid out."""
    house, now = hall.house, hall.house.clock.now()
    with house.database.write() as session:
        application = session.get_one(lending.Application, offered.application_id)
        lending.contracted(session, house, application)
        paid = Disbursement(paid_on=house.clock.today(), reference="FK-1")
        return loans.disburse(session, lending.manager(), application.id, paid, vault=house.vault, now=now)


def test_offers_are_compared_by_what_they_cost_in_all(hall: Hall) -> None:
    offered = Offered(hall)
    firm = hall.firm(offered.firm_id)
    found = firm.get(f"/financing/demands/{offered.demand_id}/comparison")
    assert [one["offer"]["id"] for one in found["offers"]] == [str(offered.plain), str(offered.dear)]
    cheap, dear = found["offers"]
    assert cheap["statement"]["all_in"]["compounded_bp"] < dear["statement"]["all_in"]["compounded_bp"]
    assert (cheap["is_cheapest"], dear["is_cheapest"]) == (True, False)
    assert [line["name"] for line in cheap["statement"]["lines"]] == [
        "利息",
        "担保费（按上限估算）",
        "担保费补贴",
    ]
    page = firm.page(f"/financing/demands/{offered.demand_id}/compare")
    assert page.index("东楚银行") < page.index("磁湖农村商业银行")
    assert "成本最低" in page
    assert "Compare" in hall.firm(offered.firm_id, language="en").page(
        f"/financing/demands/{offered.demand_id}/compare"
    )
    stranger = hall.firm(424242)
    stranger.get(f"/financing/demands/{offered.demand_id}/comparison", 404)
    stranger.get(f"/financing/offers/{offered.plain}/costs", 404)
    stranger.page(f"/financing/offers/{offered.plain}", 404)
    stranger.post(f"/financing/offers/{offered.plain}/accept", status=404)


def test_the_calculator_answers_and_refuses_by_field(hall: Hall) -> None:
    offered = Offered(hall)
    firm = hall.firm(offered.firm_id)
    at = f"/financing/offers/{offered.dear}"
    assert "综合融资成本清单" in firm.page(at)
    assert "少付的利息" in firm.page(f"{at}?on=2027-05-23&amount=100000&fee=0.5&keep=instalment")
    early = firm.post(f"{at}/early-repayments", {"on": "2027-05-23", "fee_bp": 50})
    assert early["schedule"]["instalments"][-1]["balance_fen"] == 0
    for query, word in (
        ("on=2027-02-31", "没有这一天"),
        ("on=2027-05-23&amount=-5", "金额应为大于零的数"),
        ("on=2027-05-23&amount=99999999", "不超过所欠本金"),
        ("on=2027-05-23&fee=400", "比率应为0到100之间"),
        ("on=2020-01-01", "提前还款日应当在放款之后"),
    ):
        assert word in firm.page(f"{at}?{query}", 400)
    firm.post(f"{at}/early-repayments", {"on": "2027-02-31"}, 400)
    firm.post(f"{at}/early-repayments", {"on": "2027-05-23", "amount_fen": -1}, 400)


def test_a_guarantee_is_asked_for_and_issued_and_the_city_bears_its_part(hall: Hall) -> None:
    offered = Offered(hall)
    firm, guarantor = hall.firm(offered.firm_id), hall.officer(GUARANTOR)
    pool = hall.official("financing.pool")
    pool.post("/financing/pool/funds", {"amount_fen": 10_000_000, "reference": "PZ-1", "purpose": "fees"})
    asks = f"/financing/applications/{offered.application_id}/guarantee"
    assert "接受银行方案后才能申请担保" in firm.page(asks)
    firm.send(f"/financing/offers/{offered.plain}/accept")
    demand = f"/financing/demands/{offered.demand_id}"
    assert f'href="/rongtong{asks}"' in firm.page(demand)
    firm.send(asks, 400, guarantor="dongchu-bank")
    firm.send(asks, guarantor=GUARANTOR)
    assert "看担保办到哪一步" in firm.page(demand)
    firm.send(asks, 409, guarantor=GUARANTOR)
    hall.officer("dongchu-bank").get("/guarantor/guarantees", 403)
    (one,) = guarantor.get("/guarantor/guarantees")
    assert one["number"] in guarantor.page("/guarantor")
    for fee in (40_000, -1):
        guarantor.post(f"/guarantor/guarantees/{one['id']}/issue", {"fee_bp": fee}, 400)
    assert "不超过1%" in guarantor.page(f"/guarantor/{one['id']}")
    guarantor.send(f"/guarantor/{one['id']}/issue", fee="0.8")
    guarantor.post(f"/guarantor/guarantees/{one['id']}/issue", {"fee_bp": 80}, 409)
    (issued,) = firm.get(f"/financing/applications/{offered.application_id}/guarantees")
    # 500,000 yuan for a year: 0.8 % is 4,000 yuan, of which the firm pays 0.5 %.
    assert (issued["fee_fen"], issued["firm_fee_fen"], issued["subsidy_fen"]) == (400_000, 250_000, 150_000)
    assert "2,500元" in firm.page(asks)
    costs = firm.get(f"/financing/offers/{offered.plain}/costs")
    assert [line["amount_fen"] for line in costs["statement"]["lines"][1:]] == [400_000, -150_000]
    assert pool.get("/financing/pool")["balances"]["fee_paid"] == 150_000


def test_a_refused_guarantee_says_why_and_another_may_be_asked(hall: Hall) -> None:
    offered = Offered(hall)
    firm, guarantor = hall.firm(offered.firm_id), hall.officer(GUARANTOR)
    firm.send(f"/financing/offers/{offered.plain}/accept")
    asks = f"/financing/applications/{offered.application_id}/guarantee"
    firm.send(asks, guarantor=GUARANTOR)
    (one,) = guarantor.get("/guarantor/guarantees")
    guarantor.send(f"/guarantor/{one['id']}/refuse", 400, reason="because")
    guarantor.send(f"/guarantor/{one['id']}/refuse", reason="industry", note="本机构不承接")
    assert "本机构不承接" in firm.page(asks)
    firm.send(asks, guarantor=GUARANTOR)


def test_a_default_goes_through_compensation_and_pool(hall: Hall, clock: FixedClock) -> None:
    offered = Offered(hall)
    firm, guarantor, bank = (
        hall.firm(offered.firm_id),
        hall.officer(GUARANTOR, subject_id=502),
        hall.officer(lending.FIRST),
    )
    pool, overseer = hall.official("financing.pool"), hall.official("financing.oversee", subject_id=602)
    pool.send("/financing/pool/funds", amount="1000000", reference="PZ-1", purpose="losses")
    firm.send(f"/financing/offers/{offered.plain}/accept")
    firm.send(f"/financing/applications/{offered.application_id}/guarantee", guarantor=GUARANTOR)
    guarantor.send(f"/guarantor/{guarantor.get('/guarantor/guarantees')[0]['id']}/issue", fee="0.5")
    loan = lent(hall, offered)
    clock.set(datetime(2027, 1, 5, 4, tzinfo=UTC))
    with hall.house.database.write() as session:
        said = Overdue(since=date(2026, 12, 24))
        loans.report_overdue(
            session, lending.manager(), loan.id, said, vault=hall.house.vault, now=clock.now()
        )
    asked = {"loan_id": str(loan.id), "papers": [{"title": "催收函", "reference": "CS-1"}]}
    bank.post("/bank/compensations", asked, 409)
    assert "合同HT-001" in bank.page("/bank/compensations")
    clock.move(timedelta(days=60))
    bank.send("/bank/compensations", 400, loan=str(loan.id), title=" ", reference="CS-1")
    hall.officer(OTHER, subject_id=509).post("/bank/compensations", asked, 404)
    bank.send("/bank/compensations", loan=str(loan.id), title="催收函", reference="CS-1")
    (one,) = bank.get("/bank/compensations")
    at = f"/bank/compensations/{one['id']}"
    hall.officer(OTHER, subject_id=509).page(at, 404)
    hall.officer(OTHER, subject_id=509).post(f"{at}/compensate", status=404)
    bank.send(f"{at}/compensate", 403)
    guarantor.send(f"{at}/compensate")
    with hall.house.database.read() as session:
        assert session.get_one(Loan, loan.id).state == "compensated"
    guarantor.send(f"{at}/claim", 409)
    pool.send("/financing/pool/caps", 400, bank=lending.FIRST, year="31 February", covered="1")
    pool.send("/financing/pool/caps", bank=lending.FIRST, year="2027", covered="5000000")
    guarantor.send(f"{at}/claim")
    overseer.post(f"/financing/compensations/{one['id']}/pay", status=403)
    pool.send(f"/financing/compensations/{one['id']}/pay")
    guarantor.send(f"{at}/recover", 400, amount="-1", reference="HK-1")
    guarantor.send(f"{at}/recover", amount="100000", reference="HK-1")
    guarantor.send(f"{at}/recover", 409, amount="100000", reference="HK-1")
    pool.send(f"/financing/compensations/{one['id']}/write_off", reason="企业已破产清算完毕")
    final = pool.get("/financing/compensations")[0]
    assert (final["state"], final["recovered_fen"]) == ("written_off", 10_000_000)
    assert sum(share["borne_fen"] for share in final["shares"]) == final["loss_fen"]
    for page in ("/financing/pool", f"/financing/compensations/{one['id']}", "/financing/oversight"):
        overseer.page(page)
    assert "已核销" in guarantor.page(at)
    table = overseer.get("/financing/oversight?first=2026-11-01&last=2027-03-31")["banks"]
    line = next(one for one in table if one["bank_code"] == lending.FIRST)
    assert (line["loans"], line["compensated_fen"], line["applications"]) == (1, final["loss_fen"], 1)


def test_a_reached_cap_is_a_conflict_that_stays_noted(hall: Hall, clock: FixedClock) -> None:
    pool, bank = hall.official("financing.pool"), hall.officer(lending.FIRST)
    with hall.house.database.write() as session:
        firm_id = lending.registered_firm(session, hall.house)
        loan = lending.disbursed(session, hall.house, firm_id)
    pool.post("/financing/pool/funds", {"amount_fen": 100_000_000, "reference": "PZ-1"})
    pool.post("/financing/pool/caps", {"bank_code": lending.FIRST, "year": 2027, "covered_fen": 1_000_000})
    clock.set(datetime(2027, 3, 30, 4, tzinfo=UTC))
    with hall.house.database.write() as session:
        said = Overdue(since=date(2026, 12, 24))
        loans.report_overdue(
            session, lending.manager(), loan.id, said, vault=hall.house.vault, now=clock.now()
        )
    asked = {"loan_id": str(loan.id), "papers": [{"title": "催收函", "reference": "CS-1"}]}
    made = bank.post("/bank/compensations", asked, 201)
    assert made["state"] == "compensated"
    bank.post(f"/bank/compensations/{made['id']}/claim", status=409)
    (cap,) = pool.get("/financing/pool")["caps"]
    assert (cap["used_fen"], cap["stopped_at"] is not None) == (0, True)
    assert "已熔断" in pool.page("/financing/pool")


def test_oversight_counts_exports_and_keeps_others_out(hall: Hall) -> None:
    Offered(hall)
    overseer = hall.official("financing.oversee")
    found = overseer.get("/financing/oversight")["banks"]
    assert len(found) == 6
    assert [one["applications"] for one in found][:3] == [1, 1, 0]
    assert found[0]["accept_hours"] == 0
    assert found[2]["approval_permille"] is None
    text = overseer.raw("/financing/oversight.csv").decode()
    assert text.startswith("\ufeff银行,申请数")
    assert len(text.strip().splitlines()) == 7
    with zipfile.ZipFile(io.BytesIO(overseer.raw("/financing/oversight.xlsx"))) as book:
        assert "东楚银行" in book.read("xl/worksheets/sheet1.xml").decode()
    assert "没有这一天" in overseer.page("/financing/oversight?first=2026-02-31", 400)
    overseer.get("/financing/oversight?first=2026-05-01&last=2026-04-01", 400)
    for other in (hall.official("claim.accept"), hall.official("financing.pool")):
        other.page("/financing/oversight", 403)
        other.get("/financing/oversight", 403)
    own = hall.officer(lending.FIRST).get("/bank/standing")
    assert own["bank_code"] == lending.FIRST


def test_subsidies_are_shown_to_whom_they_concern(hall: Hall) -> None:
    nobody = uuid.uuid4()
    assert "还没有贴息" in hall.firm(880001).page("/financing/subsidies")
    bank = hall.officer(lending.FIRST)
    assert "没有待申报的贴息" in bank.page("/bank/subsidies")
    bank.post("/bank/subsidies/filings", {"ids": [str(nobody)]}, 404)
    bank.post("/bank/subsidies/filings", {"ids": []}, 400)
    bank.send("/bank/subsidies", 409)
    hall.officer(GUARANTOR).page("/bank/subsidies", 403)
    hall.official("financing.oversee").page("/financing/subsidies")
    hall.firm(880001).page("/bank/subsidies", 403)
