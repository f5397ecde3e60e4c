"""Who acts in the tests of the pool, and loans that were not repaid."""

import uuid
from datetime import UTC, date, datetime

from sqlalchemy.orm import Session

from kernel.ids import new_id
from kernel.web.principal import Duty, Principal, SeatView
from portals.financing.guarantees.pool import books, caps, compensation
from portals.financing.guarantees.pool.models import Compensation, Pool
from portals.financing.guarantees.pool.schemas import Hand, OverdueLoan, Paper
from portals.financing.guarantees.pool.states import Side

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
PAPERS = (Paper(title="催收记录", reference="CS-2026-0007"),)
GUARANTOR = "dongchu-guarantee"


def sitting(
    subject_id: int, *duties: Duty, department: str = "东楚银行", institution: int | None = 9001
) -> Principal:
    return Principal(
        subject_id=subject_id,
        name=f"经办{subject_id}",
        capacity="seat",
        acting_for=institution or subject_id,
        acting_for_name=department,
        seat=SeatView(
            id=subject_id,
            title="经办",
            division="420200",
            department=department,
            duties=frozenset(duties),
            institution=institution,
        ),
        scopes=frozenset({"rongtong", "zhengtong"}),
        acr="L2",
        client_id="test",
        grant_id=uuid.UUID(int=subject_id),
    )


def hand(side: Side, institution: str | None, subject_id: int) -> Hand:
    return Hand(side=side, institution=institution, principal=sitting(subject_id, "financing.work"))


BANK = hand("bank", "dongchu-bank", 1)
GUARANTEE = hand("guarantor", GUARANTOR, 2)
OFFICER = Hand(side="pool", principal=sitting(3, "financing.pool", department="财政局", institution=None))


def overdue(
    owed_fen: int = 1_000_000_01, *, guarantor: str | None = GUARANTOR, bank: str = "dongchu-bank"
) -> OverdueLoan:
    return OverdueLoan(
        loan_id=new_id(),
        firm_id=880001,
        bank_code=bank,
        guarantor_code=guarantor,
        owed_fen=owed_fen,
        overdue_since=date(2026, 9, 1),
    )


def pool_with(session: Session, fen: int, *, covered_fen: int = 200_000_000_00) -> Pool:
    """A pool with this much money and a cap (5 % of what is covered) for the bank."""
    pool = books.open_pool(session, "sme-pool", now=NOW)
    caps.put_in(session, pool, fen, "PZ-1", by=OFFICER, now=NOW)
    caps.approve(session, pool, "dongchu-bank", 2026, covered_fen, by=OFFICER, now=NOW)
    return pool


def compensated(session: Session, loan: OverdueLoan) -> Compensation:
    made = compensation.request(session, loan, PAPERS, pool_code="sme-pool", by=BANK, now=NOW)
    if loan.guarantor_code is not None:
        compensation.compensate(session, made.id, by=GUARANTEE, now=NOW)
    return made


def paid(session: Session, loan: OverdueLoan) -> Compensation:
    made = compensated(session, loan)
    holder = GUARANTEE if loan.guarantor_code else BANK
    assert compensation.claim(session, made.id, by=holder, now=NOW) == "claimed"
    return compensation.pay(session, made.id, by=OFFICER, now=NOW)
