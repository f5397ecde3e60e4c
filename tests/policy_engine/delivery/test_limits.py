"""Limits: so often and no oftener, so much a year and no more, wherever one asks and however many hands pay at once."""

from datetime import datetime

import msgspec
import pytest

from kernel import notices
from kernel.errors import Conflict
from policy_engine.delivery import service, views
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.models import CaseEvent
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.offers import repository as offers
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.ports import Recheck
from policy_engine.delivery.states import AwardState, OfferState, PaymentState
from policy_engine.delivery.terms import Limit, Terms, YearlyCap
from tests.policy_engine.delivery.city import (
    DAUGHTER,
    FIRM,
    GRANDMOTHER,
    HIRE,
    HIRING,
    NURSING,
    OTHER_FIRM,
    RETENTION,
    Office,
    agent,
    clerk,
    decider,
    federation,
    person,
)
from tests.policy_engine.delivery.stories import award_of, next_month, paid, payments_of
from tests.policy_engine.delivery.test_concurrency import together

ONCE = msgspec.structs.replace(NURSING, period="once")


def say(office: Office, terms: Terms, amount_fen: int = 10_000) -> None:
    """The policy's terms from now on, with money for it."""
    office.town.policies[terms.policy_id] = terms
    office.town.amounts[terms.policy_id] = amount_fen
    for year in (2026, 2027):
        office.budget(100_000_000, terms.policy_id, year=year)


def at(office: Office, year: int, month: int) -> None:
    office.clock.set(datetime(year, month, 15, 4, tzinfo=office.now.tzinfo))


def apply(office: Office, policy_id: str = "nursing", subject_id: int = GRANDMOTHER) -> Claim:
    with office.database.write() as session:
        return service.apply_anyway(
            session,
            office.ports,
            policy_id=policy_id,
            subject_id=subject_id,
            unit_id=None,
            principal=person(subject_id),
            declared={},
            evidence=[],
            account_id=None,
            now=office.now,
        )


def complete(office: Office, claim: Claim) -> None:
    with office.database.write() as session:
        award = session.get(Award, award_of(office, claim).id)
        assert award is not None
        award.state, award.end_reason = AwardState.ENDED, "completed"


def granted(office: Office, subject_id: int = GRANDMOTHER, policy_id: str = "nursing") -> Claim:
    return office.grant(apply(office, policy_id, subject_id))


def had_once(office: Office, policy_id: str = "nursing") -> Claim:
    claim = granted(office, policy_id=policy_id)
    complete(office, claim)
    return claim


def sums(office: Office) -> list[tuple[str, int]]:
    with office.database.read() as session:
        rows = session.query(Payment).order_by(Payment.period, Payment.created_at).all()
        return [(one.period, one.amount_fen) for one in rows if one.state != PaymentState.CANCELLED]


def kept_back(office: Office) -> list[tuple[str, str, str]]:
    """What the history says of limits: kind, period and reason."""
    with office.database.read() as session:
        rows = session.query(CaseEvent).order_by(CaseEvent.happened_at, CaseEvent.id).all()
        return [
            (one.kind, one.detail["period"], one.detail["reason"])
            for one in rows
            if one.kind.startswith(("award.limit_", "award.cap_"))
        ]


def test_each_of_several_limits_holds_and_says_from_when_again(office: Office) -> None:
    limits = (Limit(times=1, per="month"), Limit(times=2, per="year"), Limit(times=3, per="life"))
    say(office, msgspec.structs.replace(ONCE, limits=limits))
    at(office, 2026, 10)
    had_once(office)
    with pytest.raises(Conflict, match="本月的 1 次已经用完，自 2026-11-01 起"):
        apply(office)
    at(office, 2026, 11)
    had_once(office)
    at(office, 2026, 12)
    with pytest.raises(Conflict, match="本年度的 2 次已经用完，自 2027-01-01 起"):
        apply(office)
    at(office, 2027, 1)
    had_once(office)
    at(office, 2027, 5)
    with pytest.raises(Conflict, match="最多享受 3 次"):
        apply(office)
    assert [period for period, _ in sums(office)] == ["2026-10", "2026-11", "2027-01"]


def test_what_a_later_limit_forbids_is_not_offered_until_its_time_is_over(office: Office) -> None:
    limits = (Limit(times=5, per="life"), Limit(times=1, per="quarter"))
    say(office, msgspec.structs.replace(ONCE, limits=limits))
    had_once(office)
    assert office.reconcile(office.effect()).offered == 0
    with office.database.read() as session:
        assert offers.find_offer(session, "nursing", GRANDMOTHER, GRANDMOTHER) is None
    at(office, 2027, 1)
    assert office.reconcile(office.effect(sequence=11)).offered == 1


def test_a_right_that_ended_before_anything_was_paid_was_not_had(office: Office) -> None:
    say(office, ONCE)
    claim = granted(office)
    with office.database.write() as session:
        award = session.get(Award, award_of(office, claim).id)
        assert award is not None
        award.state, award.end_reason = AwardState.ENDED, "mistaken"
    with pytest.raises(Conflict):  # its payment is on its way
        apply(office)
    with office.database.write() as session:
        session.query(Payment).update({"state": PaymentState.CANCELLED})
    assert apply(office).state == "submitted"


def test_a_limit_of_the_subject_counts_all_its_units_and_claims_under_way(any_office: Office) -> None:
    limits = (Limit(times=2, per="year", scope="subject"),)
    say(any_office, msgspec.structs.replace(HIRING, limits=limits, funding="entitlement"))
    account_id = any_office.account(FIRM)
    any_office.reconcile(*(any_office.effect("hiring", FIRM, unit) for unit in (1001, 1002, 1003)))
    waiting = [any_office.offer("hiring", FIRM, unit) for unit in (1001, 1002, 1003)]
    results = together(lambda hand: any_office.confirm(waiting[hand], account_id, agent(7, FIRM)).unit_id, 3)
    refused = [one for one in results if isinstance(one, Conflict)]
    assert len(refused) == 1
    assert "2027-01-01" in refused[0].detail


def test_a_running_right_leaves_out_the_periods_beyond_its_limit(office: Office) -> None:
    say(office, msgspec.structs.replace(NURSING, limits=(Limit(times=2, per="year"), Limit(times=3))))
    claim = granted(office)
    for _ in range(4):
        next_month(office)
    assert [period for period, _ in sums(office)] == ["2026-11", "2026-12", "2027-01"]
    assert kept_back(office) == [
        ("award.limit_reached", "2027-02", "一共最多 3 次"),
        ("award.limit_reached", "2027-03", "一共最多 3 次"),
    ]
    assert award_of(office, claim).state == AwardState.ACTIVE


def test_the_caps_last_payment_is_what_is_left_and_the_new_year_begins_anew(office: Office) -> None:
    cap = YearlyCap(amount_fen=15_000, policies=frozenset({"nursing"}))
    say(office, msgspec.structs.replace(NURSING, yearly_caps=(cap,)))
    at(office, 2026, 10)
    claim = granted(office)
    for _ in range(3):
        next_month(office)
    assert sums(office) == [("2026-10", 10_000), ("2026-11", 5_000), ("2027-01", 10_000)]
    assert [(kind, period) for kind, period, _ in kept_back(office)] == [
        ("award.cap_lowers", "2026-11"),
        ("award.cap_reached", "2026-12"),
    ]
    with office.database.read() as session:
        detail = views.claim_detail(session, office.ports, claim.id, person(GRANDMOTHER), now=office.now)
        told = {one.text: one.reason for one in detail.timeline}
        letters = [one.body for one in notices.inbox(session, GRANDMOTHER) if "已到上限" in one.title]
    assert told["本年度金额已达上限，本期不发"] == "年度累计上限 150元，自 2027年1月1日 起恢复"
    assert len(letters) == 2


def test_arrears_of_a_raised_standard_stop_at_the_cap(office: Office) -> None:
    cap = YearlyCap(amount_fen=23_000, policies=frozenset({"nursing"}))
    office.town.policies["nursing"] = msgspec.structs.replace(NURSING, yearly_caps=(cap,))
    claim = paid(office)
    next_month(office)
    office.town.rechecks["nursing", GRANDMOTHER] = Recheck(verdict="eligible", amount_fen=12_000, sequence=9)
    for expected in (3_000, 0):
        with office.database.write() as session:
            adjusted = service.adjust_award(
                session,
                office.ports,
                award_id=award_of(office, claim).id,
                principal=decider(),
                reason="按2026年标准调整",
                now=office.now,
            )
        assert adjusted.arrears_fen == expected
    assert sum(one.amount_fen for one in payments_of(office, claim)) == 23_000


def share_a_cap(office: Office, amount_fen: int) -> None:
    """Two single payments of 100 yuan that a household may have only so much of a year."""
    office.town.households["home"] = frozenset({GRANDMOTHER, DAUGHTER})
    cap = YearlyCap(amount_fen=amount_fen, scope="household", policies=frozenset({"nursing", "emergency"}))
    for policy_id in ("nursing", "emergency"):
        say(office, msgspec.structs.replace(ONCE, policy_id=policy_id, yearly_caps=(cap,)))


def limits_in_file(office: Office, claim: Claim) -> list[str]:
    """What the official reads of limits before deciding."""
    with office.database.read() as session:
        file = views.claim_file(session, office.ports, claim.id, clerk(), now=office.now)
        return [one.words for one in file.beside if one.kind == "limit"]


def test_a_households_cap_holds_over_its_members_and_policies(office: Office) -> None:
    share_a_cap(office, 15_000)
    granted(office, GRANDMOTHER, "nursing")
    waiting = apply(office, "nursing", DAUGHTER)
    assert limits_in_file(office, waiting) == []
    granted(office, DAUGHTER, "emergency")
    assert sorted(amount for _, amount in sums(office)) == [5_000, 10_000]
    with pytest.raises(Conflict, match="本年度累计已达上限 150 元，自 2027-01-01 起"):
        apply(office, "emergency", GRANDMOTHER)
    assert limits_in_file(office, waiting) == ["本年度累计已达上限 150 元，自 2027-01-01 起可以再申请。"]
    award = award_of(office, office.grant(waiting))  # begun while something was left
    assert (award.state, award.end_reason) == (AwardState.ENDED, "limit_reached")
    assert len(sums(office)) == 2


def test_an_offer_says_what_the_cap_leaves_of_the_year(office: Office) -> None:
    share_a_cap(office, 15_000)
    granted(office, DAUGHTER, "nursing")
    office.reconcile(office.effect())
    with office.database.read() as session:
        (row,) = views.inbox_offers(session, office.ports, person(GRANDMOTHER), now=office.now)
        letter = notices.inbox(session, GRANDMOTHER)[0]
    assert (row.amount_fen, row.payable_fen, row.first_fen) == (10_000, 5_000, 5_000)
    assert row.cap_note == "本年度累计上限 150 元，本年度还可领取 50 元。"
    assert "以本年度累计上限内为准" in letter.body


def test_an_offer_within_its_cap_says_nothing_of_it(office: Office) -> None:
    share_a_cap(office, 25_000)
    granted(office, DAUGHTER, "nursing")
    office.reconcile(office.effect())
    with office.database.read() as session:
        (row,) = views.inbox_offers(session, office.ports, person(GRANDMOTHER), now=office.now)
    assert (row.payable_fen, row.cap_note, row.first_fen) == (None, "", 10_000)


def test_two_grants_at_one_moment_never_pass_the_cap(any_office: Office) -> None:
    share_a_cap(any_office, 15_000)
    claims = [
        apply(any_office, policy_id, subject_id)
        for policy_id, subject_id in (
            ("nursing", GRANDMOTHER),
            ("emergency", DAUGHTER),
            ("nursing", DAUGHTER),
        )
    ]
    for claim in claims:
        any_office.act(claim, clerk(), "accept")
        any_office.act(claim, federation(), "recommend")
    results = together(lambda hand: any_office.act(claims[hand], decider(), "grant").state, 3)
    assert results == ["granted"] * 3
    assert sorted(amount for _, amount in sums(any_office)) == [5_000, 10_000]


def test_what_the_system_begins_by_itself_stops_at_the_limit_without_an_error(office: Office) -> None:
    cap = YearlyCap(amount_fen=500_000, policies=frozenset({"retention"}))
    say(office, msgspec.structs.replace(RETENTION, limits=(Limit(times=9),), yearly_caps=(cap,)), 500_000)
    office.reconcile(office.effect("retention", FIRM))
    with office.database.read() as session:
        (claim,) = session.query(Claim).all()
    office.act(claim, decider(), "grant")
    complete(office, claim)
    assert office.reconcile(office.effect("retention", FIRM, sequence=11)).offered == 0
    at(office, 2027, 2)
    assert office.reconcile(office.effect("retention", FIRM, sequence=12)).offered == 1


def test_of_many_units_in_one_batch_no_more_claims_begin_by_themselves_than_the_subject_may_have(
    office: Office,
) -> None:
    limits = (Limit(times=2, per="year", scope="subject"),)
    say(office, msgspec.structs.replace(RETENTION, limits=limits), 500_000)
    result = office.reconcile(*(office.effect("retention", FIRM, unit) for unit in (1001, 1002, 1003)))
    assert result.offered == 2
    with office.database.read() as session:
        assert session.query(Claim).count() == 2


def test_a_wider_publication_passes_over_what_was_applied_for_or_had_since(office: Office) -> None:
    say(office, msgspec.structs.replace(RETENTION, rollout_permille=0), 500_000)
    office.reconcile(*(office.effect("retention", one) for one in (FIRM, OTHER_FIRM, HIRE)))
    office.town.policies["retention"] = RETENTION
    with office.database.write() as session:
        first, second = (
            service.apply_anyway(
                session,
                office.ports,
                policy_id="retention",
                subject_id=firm,
                unit_id=None,
                principal=agent(7, firm),
                declared={},
                evidence=[],
                account_id=None,
                now=office.now,
            )
            for firm in (FIRM, OTHER_FIRM)
        )
    office.act(first, decider(), "grant", amount_fen=500_000)
    complete(office, first)
    with office.database.write() as session:
        page = service.widen_rollout(session, office.ports, policy_id="retention", after=None, now=office.now)
        assert page.changed == 1
        assert sorted(one.subject_id for one in session.query(Claim).all()) == sorted(
            (FIRM, OTHER_FIRM, HIRE)
        )
    assert office.offer("retention", OTHER_FIRM).state == OfferState.MATCHED
    assert second.subject_id == OTHER_FIRM


def test_two_payments_falling_due_at_one_moment_never_pass_the_cap(any_office: Office) -> None:
    any_office.town.households["home"] = frozenset({GRANDMOTHER, DAUGHTER})
    cap = YearlyCap(amount_fen=25_000, scope="household", policies=frozenset({"nursing"}))
    say(any_office, msgspec.structs.replace(NURSING, yearly_caps=(cap,)))
    for subject_id in (GRANDMOTHER, DAUGHTER):
        granted(any_office, subject_id)
    at(any_office, 2026, 12)

    def one_of_them(_hand: int) -> int:
        with any_office.database.write() as session:
            return service.create_due_payments(
                session, any_office.ports, until=any_office.clock.today(), now=any_office.now, limit=1
            )

    assert together(one_of_them, 2) == [1, 1]
    assert sorted(amount for _, amount in sums(any_office)) == [5_000, 10_000, 10_000]
