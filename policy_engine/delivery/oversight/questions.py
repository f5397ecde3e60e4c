"""The ready questions, and what each of them finds in the books.

审计署 and 纪委 look for the same few things in every benefit: money after death, one account for many people, officials
on relief, two counties paying for one thing, relatives of whoever approved, an account changed just before the money
left. Finding something is no verdict: it is a question to whoever is responsible.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.i18n import N_
from kernel.web.principal import Duty
from policy_engine.delivery.oversight import evidence
from policy_engine.delivery.oversight.evidence import PaidThere
from policy_engine.delivery.ports import Ports
from policy_engine.policies import repository as policies
from policy_engine.policies.dependencies import feel_texts
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hashing import document_of
from policy_engine.profiles import repository as profiles

#: One account may receive for a household: more people than that are asked about.
MOST_ON_ONE_ACCOUNT = 3
#: An account this new when the order left is asked about.
SHORTLY = timedelta(days=7)
#: How far back orders are looked at.
LOOKED_BACK = timedelta(days=400)
CITY = "420200"
RELIEF = MappingProxyType(
    {"is_dibao": "低保家庭", "is_dibao_marginal": "低保边缘家庭", "is_tekun": "特困人员"}
)


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """One thing noticed. ``key`` is the same every night for the same thing; ``weight`` how much of it there is."""

    key: str
    weight: int
    division: str
    detail: dict[str, Any]
    subject_id: int | None = None
    claim_id: uuid.UUID | None = None
    official_id: int | None = None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """``asked`` is what the owner reads; ``duty`` who has to answer."""

    key: str
    title: str
    asked: str
    duty: Duty
    find: Callable[[Session, Ports, datetime], Iterator[Found]]


def paid_after_death(session: Session, _ports: Ports, _now: datetime) -> Iterator[Found]:
    """Months that began after the day of death; one case for each right."""
    late: dict[uuid.UUID, list[evidence.PaidToDead]] = defaultdict(list)
    for one in evidence.paid_to_dead(session):
        if one.period_starts_on > date.fromisoformat(one.died_on):
            late[one.award_id].append(one)
    for award_id, months in late.items():
        first = months[0]
        yield Found(
            key=str(award_id),
            weight=len(months),
            division=first.division,
            subject_id=first.subject_id,
            claim_id=first.claim_id,
            detail={
                "died_on": first.died_on,
                "periods": sorted(one.period for one in months),
                "total_fen": sum(one.amount_fen for one in months),
            },
        )


def one_account_many_people(session: Session, _ports: Ports, _now: datetime) -> Iterator[Found]:
    for one in evidence.crowded_accounts(session, MOST_ON_ONE_ACCOUNT):
        is_one_county = one.first_division[:6] == one.last_division[:6]
        yield Found(
            key=one.number_index.hex(),
            weight=one.people,
            division=one.first_division[:6] if is_one_county else CITY,
            detail={"people": one.people},
        )


def officials_on_relief(session: Session, ports: Ports, now: datetime) -> Iterator[Found]:
    """Relief in the household of somebody who sits on a post, as a register or a right here says."""
    relief = _relief_policies(session)
    for official_id, division in _officials(session, ports, now).items():
        home = ports.people.household_of(session, official_id)
        concerned = home.subject_ids | {official_id, home.id}
        for subject_id, one in profiles.load_subjects(session, {official_id, home.id}).items():
            for attribute in RELIEF:
                fact = one.facts.get(attribute)
                if fact is not None and fact.value is True:
                    yield Found(
                        key=f"{official_id}/{attribute}",
                        weight=1,
                        division=division,
                        subject_id=subject_id,
                        official_id=official_id,
                        detail={"fact": attribute},
                    )
        for award in evidence.live_awards_of(session, concerned):
            if award.policy_id in relief:
                yield Found(
                    key=f"{official_id}/{award.id}",
                    weight=1,
                    division=award.division,
                    subject_id=award.subject_id,
                    claim_id=award.claim_id,
                    official_id=official_id,
                    detail={"policy_id": award.policy_id},
                )


def paid_in_two_counties(session: Session, ports: Ports, _now: datetime) -> Iterator[Found]:
    """The same, or what may not go together, for one unit and period from two counties."""
    by_unit: dict[tuple[int, str], list[PaidThere]] = defaultdict(list)
    for one in evidence.paid_in_two_counties(session):
        by_unit[one.unit_id, one.period].append(one)
    periods: dict[tuple[int, str], list[PaidThere]] = defaultdict(list)
    for (unit_id, _), lines in by_unit.items():
        for policy_id in {one.policy_id for one in lines}:
            same = [one for one in lines if _is_same_thing(session, ports, policy_id, one)]
            if len({one.division[:6] for one in same}) > 1:
                periods[unit_id, "/".join(sorted({one.policy_id for one in same}))] += same
    for (unit_id, what), lines in periods.items():
        seen = {(one.policy_id, one.period, one.division): one for one in lines}.values()
        yield Found(
            key=f"{unit_id}/{what}"[:160],
            weight=len({one.period for one in seen}),
            division=CITY,
            subject_id=lines[0].subject_id,
            claim_id=lines[0].claim_id,
            detail={
                "counties": sorted({one.division[:6] for one in seen}),
                "periods": sorted({one.period for one in seen}),
                "total_fen": sum(one.amount_fen for one in seen),
            },
        )


def approvers_relatives(session: Session, ports: Ports, now: datetime) -> Iterator[Found]:
    """What somebody granted or paid to their household, parents or children."""
    today = business_date(now)
    for official_id in _officials(session, ports, now):
        kin = set(ports.people.household_of(session, official_id).subject_ids)
        kin |= ports.people.family_of(session, official_id, today)
        kin |= ports.people.wards_of(session, official_id, today)
        for one in evidence.granted_to(session, official_id, kin | {official_id}):
            yield Found(
                key=f"{official_id}/{one.claim_id}",
                weight=1,
                division=one.division,
                subject_id=one.subject_id,
                claim_id=one.claim_id,
                official_id=official_id,
                detail={"is_own": one.subject_id == official_id},
            )


def changed_shortly_before_payment(session: Session, _ports: Ports, now: datetime) -> Iterator[Found]:
    for one in evidence.changed_before_payment(session, now - LOOKED_BACK):
        age = (one.instructed_at or now) - one.account_at
        if age <= SHORTLY:
            yield Found(
                key=str(one.payment_id),
                weight=1,
                division=one.division,
                subject_id=one.subject_id,
                claim_id=one.claim_id,
                detail={"days": age.days, "periods": [one.period], "total_fen": one.amount_fen},
            )


QUESTIONS: Mapping[str, Question] = MappingProxyType(
    {
        one.key: one
        for one in (
            Question(
                key="paid_after_death",
                title=N_("去世后仍发放"),
                asked=N_("登记的去世日期之后仍有发放。请核实去世日期、停发时间，以及多发的款项怎么处理。"),
                duty="claim.decide",
                find=paid_after_death,
            ),
            Question(
                key="one_account",
                title=N_("一个账户多人收款"),
                asked=N_("同一账户为三人以上收款。请逐人核实是否本人同意、是否实际领到。"),
                duty="payment.approve",
                find=one_account_many_people,
            ),
            Question(
                key="officials_on_relief",
                title=N_("公职人员家庭享受救助"),
                asked=N_("在职人员或其共同生活的家人享受社会救助。请核实收入是否如实计算、审批是否回避。"),
                duty="claim.decide",
                find=officials_on_relief,
            ),
            Question(
                key="two_counties",
                title=N_("两地重复领取"),
                asked=N_("同一对象同一时段在两个区县领取同类待遇。请核实应由哪一地发放，并停发另一地。"),
                duty="claim.decide",
                find=paid_in_two_counties,
            ),
            Question(
                key="relatives",
                title=N_("经办人的亲属"),
                asked=N_("批准或支付的人与受益人是亲属。请说明为什么没有回避，并由他人重新核查。"),
                duty="claim.decide",
                find=approvers_relatives,
            ),
            Question(
                key="changed_account",
                title=N_("支付前刚换账户"),
                asked=N_("支付前七日内更换了收款账户。请核实是不是本人要求更换、有没有通知原号码。"),
                duty="payment.approve",
                find=changed_shortly_before_payment,
            ),
        )
    }
)


def _officials(session: Session, ports: Ports, now: datetime) -> dict[int, str]:
    """Who sits on a post now, with the county or city it belongs to."""
    found: dict[int, str] = {}
    for held in ports.people.held_seats(session, now):
        for one in held.holders:
            found.setdefault(one, held.seat.division)
    return found


def _relief_policies(session: Session) -> frozenset[str]:
    """Those that recognise need or build on it."""
    return frozenset(row.policy_id for row in policies.live_versions(session) if _is_relief(document_of(row)))


def _is_relief(document: PolicyDocument) -> bool:
    status = document.status
    if status is not None:
        return status.attribute is not None and status.attribute.rsplit(".", 1)[-1] in RELIEF
    texts: Iterable[str] = (text for _, text in feel_texts(document))
    return any(name in text and f"not({name}" not in text for text in texts for name in RELIEF.values())


def _is_same_thing(session: Session, ports: Ports, policy_id: str, other: PaidThere) -> bool:
    if other.policy_id == policy_id:
        return True
    terms = ports.terms(session, other.policy_id, other.policy_version)
    return policy_id in terms.rivals
