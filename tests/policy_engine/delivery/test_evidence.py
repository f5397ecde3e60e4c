"""Where a payment's money went is in the transparency log: who may read it, and what cannot be changed unseen."""

import msgspec
import pytest
import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from kernel.errors import NotFound
from kernel.transparency.examination import Examination
from licenses.log.evidence import check
from licenses.log.signing import HeadReader, log_keys
from policy_engine.delivery import views
from policy_engine.delivery.accounts.models import PayeeAccount
from policy_engine.delivery.ledger import logged
from policy_engine.delivery.ledger.models import LedgerTransaction
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.models import Payment
from portals.transparency import build_sequencer
from tests.policy_engine.delivery.city import GRANDMOTHER, MOTHER, Office, finance, official, person
from tests.policy_engine.delivery.stories import paid, payments_of


def _findings(office: Office) -> list[str]:
    with office.database.read() as session:
        return Examination([logged.SOURCE], HeadReader(log_keys(session)), None).run(session).findings


@pytest.fixture
def payment(office: Office) -> Payment:
    (made,) = payments_of(office, paid(office))
    build_sequencer(office.house).append_all()
    return made


def test_each_movement_of_a_payment_has_evidence_with_the_account(office: Office, payment: Payment) -> None:
    payee = person(GRANDMOTHER)
    with office.database.read() as session:
        trail = views.payment_trail(session, office.ports, payment.id, payee, now=office.now)
        assert [one.kind for one in trail.movements] == ["reserve", "instruct", "pay"]
        account = session.get_one(PayeeAccount, payment.account_id)
        files = []
        for moved in trail.movements:
            file = views.movement_evidence(session, office.ports, payment.id, moved.id, payee, now=office.now)
            assert check(msgspec.json.encode(file), log_keys(session)).defects == []
            assert file.content["amount_fen"] == moved.amount_fen == payment.amount_fen
            assert file.content["payee_account"] == account.masked
            assert moved.account is not None
            assert moved.account.id == account.id
            files.append(file)
        said = {**files[-1].content, "payee_account": "****0000"}
        changed = msgspec.structs.replace(files[-1], content=said)
        assert check(msgspec.json.encode(changed)).defects != []


def test_only_those_who_may_see_a_payment_get_its_evidence(office: Office, payment: Payment) -> None:
    seats = (finance(), official(8001, "claim.decide", division="429000"))
    with office.database.read() as session:

        def moved(who: object) -> int:
            trail = views.payment_trail(session, office.ports, payment.id, who, now=office.now)  # type: ignore[arg-type]
            return len(trail.movements)

        assert moved(seats[0]) == 3
        for stranger in (person(MOTHER + 1000), seats[1]):
            with pytest.raises(NotFound):
                moved(stranger)
        other = session.scalars(
            sa.select(LedgerTransaction.id).where(LedgerTransaction.payment_id.is_(None))
        ).first()
        assert other is not None
        with pytest.raises(NotFound):  # an appropriation is no movement of this payment
            views.movement_evidence(
                session, office.ports, payment.id, other, person(GRANDMOTHER), now=office.now
            )


def test_another_account_under_a_booked_payment_is_noticed(office: Office, payment: Payment) -> None:
    assert _findings(office) == []
    elsewhere = office.account(MOTHER, number="6222020111222299999")
    with (
        office.database.write() as session
    ):  # a later order may go elsewhere: what moved before stays as it was
        session.execute(sa.update(Payment).where(Payment.id == payment.id).values(account_id=elsewhere))
    assert _findings(office) == []
    with office.database.write() as session:
        moved = sa.update(LedgerTransaction).where(LedgerTransaction.kind == "pay")
        session.execute(moved.values(payee_account_id=elsewhere))
    (finding,) = _findings(office)
    assert finding.endswith("was changed")
    with office.database.write() as session:
        account = sa.update(PayeeAccount).where(PayeeAccount.id == payment.account_id)
        session.execute(account.values(number_index=b"another"))
    assert len(_findings(office)) == 3


def test_a_payment_that_was_lowered_before_it_left_is_still_as_its_movements_said(any_office: Office) -> None:
    """Some records are written before the lowering and some after it: both are worked out again as they were."""
    office = any_office
    office.budget(10_000_000)
    claim = office.grant(office.claimed())
    (reserved,) = payments_of(office, claim)
    for by_fen in (1_000, 500):
        with office.database.write() as session:
            payment = session.get_one(Payment, reserved.id)
            payments.lower(session, payment, by_fen, "按最新信息", now=office.now)
    office.approve()
    build_sequencer(office.house).append_all()
    assert _findings(office) == []
    with office.database.write() as session:
        session.execute(sa.update(Payment).where(Payment.id == reserved.id).values(amount_fen=1))
    assert len(_findings(office)) == 4  # reserved, lowered twice, instructed
