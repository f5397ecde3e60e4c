"""A guaranteed loan in the demonstration's store, as the banks' own services leave it: where the story of its money begins."""

import uuid
from datetime import date, timedelta

from identity.registry import service as registry
from kernel.clock import ShiftedClock, business_date
from kernel.house import House, open_house
from kernel.settings import Settings
from portals.financing.banks import offers
from portals.financing.guarantees import repository as guarantees
from portals.financing.guarantees import service as guarantee_service
from portals.financing.loans import repository as loan_rows
from portals.financing.loans import service as loans
from portals.financing.loans.models import Loan
from portals.financing.loans.schemas import Disbursement, NewRepayment, Overdue
from tests.journeys.conftest import Demo
from tests.portals.financing import lending
from tests.portals.financing.guarantees.stories import GUARANTOR, sitting

BANK = "dongchu-bank"


class Lender:
    """The bank's and the guarantor's hands until the money is out; what the bank books afterwards."""

    def __init__(self, demo: Demo) -> None:
        home = demo.home
        settings = Settings(home=home, database_url=f"sqlite:///{home / 'dongchu.db'}", is_demo=True)
        self.house: House = open_house(settings, ShiftedClock(home / "clock-shift"))
        self.uscc = demo.account("legal_representative")["uscc"]

    def close(self) -> None:
        self.house.database.close()
        self.house.ephemeral.close()

    def offer(self, code: str, **changes: object) -> tuple[uuid.UUID, uuid.UUID]:
        """A demand of the firm with one bank's offer; the demand and the offer."""
        house, now = self.house, self.house.clock.now()
        with house.database.write() as session:
            firm_id = self.firm_id
            (application,) = lending.posted(session, firm_id, now, code)
            return application.demand_id, lending.offered(session, house, application, **changes)

    @property
    def firm_id(self) -> int:
        with self.house.database.read() as session:
            found = registry.find_by_identifier(session, "uscc", self.uscc, vault=self.house.vault)
        assert found is not None
        return found

    def lend(self) -> uuid.UUID:
        """A startup guarantee loan of 500,000 yuan at 3.45 %, interest every month, paid out today."""
        house, now, firm_id = self.house, self.house.clock.now(), self.firm_id
        number = uuid.uuid4().hex[:8].upper()
        with house.database.write() as session:
            (application,) = lending.posted(session, firm_id, now, BANK)
            terms = {"method": "interest_first", "is_startup_guaranteed": True, "needs_guarantee": True}
            offer_id = lending.offered(session, house, application, **terms)
            offers.accept(session, offer_id, by=lending.borrower(firm_id), now=now)
            asks = sitting(9_007)
            firm = type(asks)(
                **{
                    name: getattr(asks, name)
                    for name in asks.__struct_fields__
                    if name not in ("acting_for", "capacity", "seat")
                },
                acting_for=firm_id,
                capacity="enterprise",
                seat=None,
            )
            guarantee = guarantee_service.request(session, application.id, GUARANTOR, by=firm, now=now)
            guarantee_service.issue(session, guarantee.id, 50, code=GUARANTOR, by=sitting(9_008), now=now)
            assert guarantees.issued_for(session, application.id) is not None
            lending.contracted(session, house, application, f"HT-{number}")
            paid = Disbursement(paid_on=business_date(now), reference=f"FK-{number}")
            loan = loans.disburse(
                session, lending.manager(), application.id, paid, vault=house.vault, now=now
            )
            return loan.id

    def book_interest(self, loan_id: uuid.UUID, instalments: int) -> None:
        """The first instalments came in on the days on which they were due."""
        with self.house.database.write() as session:
            loan = session.get_one(Loan, loan_id)
            for one in loans.schedule_in(loan).instalments[:instalments]:
                came = NewRepayment(
                    on_day=one.due_on, reference=f"LX-{one.due_on:%Y%m%d}", interest_fen=one.interest_fen
                )
                loans.repay(
                    session,
                    lending.manager(),
                    loan_id,
                    came,
                    vault=self.house.vault,
                    now=self.house.clock.now(),
                )

    def report_overdue(self, loan_id: uuid.UUID) -> date:
        """The next instalment did not come."""
        with self.house.database.write() as session:
            loan = loan_rows.at_bank(session, loan_id, BANK)
            assert loan is not None
            assert loan.next_due_on is not None
            since = loan.next_due_on + timedelta(days=1)
            loans.report_overdue(
                session,
                lending.manager(),
                loan_id,
                Overdue(since=since),
                vault=self.house.vault,
                now=self.house.clock.now(),
            )
            return since
