"""What waits for a firm, as its first page of financing says it."""

from datetime import timedelta

from kernel import notices
from kernel.house import House
from portals.financing.banks import offers
from portals.financing.demands.models import Demand
from portals.financing.loans import service as loans
from portals.financing.overview import overview
from tests.portals.financing import lending


def test_what_waits_for_the_firm_follows_its_loan(house: House) -> None:
    now = house.clock.now()
    with house.database.write() as session:
        firm_id = lending.registered_firm(session, house)

        def waiting(days: int = 0) -> list[str]:
            later = now + timedelta(days=days)
            return [one.kind for one in overview(session, firm_id, vault=house.vault, now=later).waiting]

        assert waiting() == []
        (application,) = lending.posted(session, firm_id, now)
        offer_id = lending.offered(session, house, application)
        assert waiting() == ["choose_offer"]
        demand = session.get_one(Demand, application.demand_id)
        (letter,) = (one for one in notices.inbox(session, firm_id) if one.kind == "financing.offer")
        assert letter.title == "收到东楚银行的融资方案"
        assert letter.body.startswith(f"融资需求 {demand.number}：")
        offers.accept(session, offer_id, by=lending.borrower(firm_id), now=now)
        assert waiting() == []
        loan = lending.disbursed(session, house, firm_id, number="HT-002")
        assert waiting() == ["confirm_receipt"]
        loans.confirm_receipt(session, loan.id, by=lending.borrower(firm_id), now=now)
        assert waiting() == []
        assert waiting(days=20) == ["due"], "within fifteen days of the first instalment"
        found = overview(session, firm_id, vault=house.vault, now=now)
        (row,) = found.loans
        assert row.next_due_fen == loans.schedule_in(loan).instalments[0].total_fen
        assert len(found.demands) == 2
