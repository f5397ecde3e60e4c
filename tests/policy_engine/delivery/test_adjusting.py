"""A new amount reaches coming periods at once, past ones as arrears, and never takes money back by itself."""

from datetime import date

import pytest

from kernel.errors import Conflict
from policy_engine.delivery import service
from policy_engine.delivery.awards.adjusting import Adjusted
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.ports import Recheck
from policy_engine.delivery.recovery.models import Overpayment
from tests.policy_engine.delivery.city import GRANDMOTHER, Office, decider
from tests.policy_engine.delivery.stories import award_of, next_month, paid, payments_of


def adjust(office: Office, claim: Claim) -> Adjusted:
    with office.database.write() as session:
        return service.adjust_award(
            session,
            office.ports,
            award_id=award_of(office, claim).id,
            principal=decider(),
            reason="按2026年标准调整",
            now=office.now,
        )


def now_pays(office: Office, amount_fen: int) -> None:
    office.town.rechecks["nursing", GRANDMOTHER] = Recheck(
        verdict="eligible", amount_fen=amount_fen, sequence=9
    )


def test_a_raised_standard_pays_only_the_difference_of_each_month(office: Office) -> None:
    claim = paid(office)
    next_month(office)
    now_pays(office, 12_000)
    assert adjust(office, claim).arrears_fen == 4_000
    rows = sorted((one.period, one.kind, one.amount_fen, one.state) for one in payments_of(office, claim))
    assert rows == [
        ("2026-11", "regular", 10_000, "paid"),
        ("2026-11", "top_up", 2_000, "reserved"),
        ("2026-12", "regular", 10_000, "reserved"),
        ("2026-12", "top_up", 2_000, "reserved"),
    ]
    next_month(office)
    assert payments_of(office, claim)[-1].amount_fen == 12_000


def test_adjusting_again_adds_nothing(office: Office) -> None:
    claim = paid(office)
    now_pays(office, 12_000)
    adjust(office, claim)
    assert adjust(office, claim).arrears_fen == 0


def test_a_lower_amount_shrinks_what_has_not_left_and_asks_about_the_rest(office: Office) -> None:
    claim = paid(office)
    next_month(office)
    now_pays(office, 7_000)
    done = adjust(office, claim)
    assert (done.arrears_fen, done.overpaid_fen) == (0, 3_000)
    assert [(one.state, one.amount_fen) for one in payments_of(office, claim)] == [
        ("paid", 10_000),
        ("reserved", 7_000),
    ]
    with office.database.read() as session:
        [found] = session.query(Overpayment).all()
        assert (found.cause, found.amount_fen, found.state) == ("adjusted", 3_000, "noticed")
        assert service.defects(session) == []
    assert adjust(office, claim).overpaid_fen == 0


def test_an_uncertain_right_is_not_adjusted(office: Office) -> None:
    claim = paid(office)
    office.town.lose("nursing", GRANDMOTHER, "unknown")
    with pytest.raises(Conflict, match="不能确定金额"):
        adjust(office, claim)


def test_all_that_a_standard_raised_are_adjusted_at_once(office: Office) -> None:
    claims = [paid(office)]
    office.reconcile(office.effect(sequence=30, amount_fen=12_000))
    now_pays(office, 12_000)
    with office.database.write() as session:
        done = service.adjust_raised(
            session,
            office.ports,
            principal=decider(),
            policy_id="nursing",
            reason="2026年标准",
            now=office.now,
        )
    assert [one.arrears_fen for one in done] == [2_000]
    assert award_of(office, claims[0]).rematched_amount_fen is None


def test_a_paid_top_up_counts_as_paid(office: Office) -> None:
    claim = paid(office)
    now_pays(office, 12_000)
    adjust(office, claim)
    now_pays(office, 13_000)
    assert adjust(office, claim).arrears_fen == 1_000
    kinds = sorted(one.kind for one in payments_of(office, claim))
    assert kinds == ["regular", "top_up", "top_up.2"]
    assert date(2026, 11, 1) == payments_of(office, claim)[0].period_starts_on
