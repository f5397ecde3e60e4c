"""By the calendar: a quarter that is over is settled and calculated for every loan; what is over is closed."""

import uuid
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from kernel.clock import business_date
from kernel.house import House
from kernel.i18n import N_
from kernel.notices import notify
from kernel.outbox import Handler, Message, Schedule
from kernel.wording import worded
from policy_engine.policies.published import PublishedPolicies
from portals.financing.institutions import institutions, subject_of
from portals.financing.loans.models import Loan
from portals.financing.subsidies import repository, service
from portals.financing.subsidies.counting import label_of, quarter_of
from portals.financing.subsidies.reading import begun_before, book_of

SETTLE: Final = "financing.subsidies"
SCHEDULES: Final = (Schedule(SETTLE, timedelta(hours=1)),)
#: Loans settled in one transaction.
CHUNK: Final = 100
_TO_FILE = N_("上季度贴息已算好，请核对后申报")
_TO_FILE_BODY = N_("企业不用填写材料。点开查看每笔贷款的结息和可贴息利息。")


def handlers(house: House, published: PublishedPolicies) -> Mapping[str, Handler]:
    """What the worker calls, by topic."""

    def settle_quarter(_message: Message) -> None:
        now = house.clock.now()
        settle_last_quarter(house, published, now=now)
        with house.database.write() as session:
            service.close_ended(session, now=now)
            service.reopen_appealed(session, now=now)

    return {SETTLE: settle_quarter}


def settle_last_quarter(house: House, published: PublishedPolicies, *, now: datetime) -> int:
    """The quarter before the one of today, for every loan that ran in it and is not filed yet; how many."""
    first, following = last_quarter(business_date(now))
    with house.database.read() as session:
        running = begun_before(session, following, first)
        done = repository.filed(session, running, label_of(first))
    waiting = [one for one in running if one not in done]
    for start in range(0, len(waiting), CHUNK):
        _settle(house, published, waiting[start : start + CHUNK], first, following, now)
    return len(waiting)


def last_quarter(today: date) -> tuple[date, date]:
    first, _following = quarter_of(today)
    return quarter_of(first - timedelta(days=1))


def _settle(
    house: House,
    published: PublishedPolicies,
    loan_ids: list[uuid.UUID],
    first: date,
    following: date,
    now: datetime,
) -> None:
    banks: set[str] = set()
    with house.database.write() as session:
        in_force = published.current(session)
        for loan in session.scalars(sa.select(Loan).where(Loan.id.in_(loan_ids)).order_by(Loan.id)):
            book = book_of(session, loan)
            if book is not None:
                known = repository.of_quarter(session, loan.id, label_of(first))
                was_ready = known is not None and known.state == "calculated"
                row = service.settle(session, in_force, book, first, following, now=now)
                if row.state == "calculated" and not was_ready:
                    banks.add(row.bank_code)
        for code in sorted(banks & set(institutions())):
            subject_id = subject_of(session, code)
            if subject_id is not None:
                notify(
                    session,
                    subject_id=subject_id,
                    kind="financing.subsidies_to_file",
                    title=worded(_TO_FILE),
                    body=worded(_TO_FILE_BODY),
                    link="/rongtong/bank/subsidies",
                    now=now,
                )
