"""What the limits of a policy leave: how many more times it may be had, and how much money of the year's cap.

Asked where an offer is made, where a claim begins and where a payment falls due. Only the last makes it certain that
no limit is passed, whatever came between: whoever makes the payment holds everything that shares the limit.
"""

from collections.abc import Iterable, Iterator
from datetime import date

import msgspec
from sqlalchemy.orm import Session

from kernel.errors import Conflict
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.money import format_yuan
from kernel.wording import Wording, worded
from policy_engine.delivery.awards import repository
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.periods import window
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.terms import PAYMENTS_A_YEAR, Limit, LimitPer, Terms, YearlyCap

#: Calendar windows of a limit in a year: a right paid no oftener than its limit allows never meets it.
_WINDOWS_A_YEAR: dict[LimitPer, int] = {"month": 12, "quarter": 4, "year": 1}
_PER: dict[LimitPer, str] = {
    "month": N_("每月"),
    "quarter": N_("每季度"),
    "year": N_("每年"),
    "life": N_("一共"),
}


class Reached(msgspec.Struct, frozen=True, kw_only=True):
    """A limit that leaves nothing; ``again_on`` is the day its next window begins, None where it never does."""

    limit: Limit | YearlyCap
    again_on: date | None

    @property
    def words(self) -> str:
        """Why not now, and from when again, for the person."""
        day = f"{self.again_on:%Y-%m-%d}" if self.again_on is not None else ""
        if isinstance(self.limit, YearlyCap):
            yuan = format_yuan(self.limit.amount_fen)
            return _("本年度累计已达上限 %(yuan)s 元，自 %(day)s 起可以再申请。", yuan=yuan, day=day)
        times = self.limit.times
        match self.limit.per:
            case "life":
                return _("这项待遇最多享受 %(times)d 次，次数已经用完。", times=times)
            case "year":
                return _("本年度的 %(times)d 次已经用完，自 %(day)s 起可以再申请。", times=times, day=day)
            case "quarter":
                return _("本季度的 %(times)d 次已经用完，自 %(day)s 起可以再申请。", times=times, day=day)
            case "month":
                return _("本月的 %(times)d 次已经用完，自 %(day)s 起可以再申请。", times=times, day=day)

    @property
    def reason(self) -> Wording:
        """The same as the files keep it."""
        if isinstance(self.limit, YearlyCap):
            reached = worded("年度累计上限 %(yuan)s元", yuan=format_yuan(self.limit.amount_fen))
        else:
            reached = worded(
                "%(per)s最多 %(times)s 次", per=worded(_PER[self.limit.per]), times=self.limit.times
            )
        if self.again_on is None:
            return reached
        return reached + worded("，自 %(day)s 起恢复", day=self.again_on)


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a payment may be made; ``reached`` is what keeps the rest back."""

    amount_fen: int
    reached: Reached | None = None


class LeftOfYear(msgspec.Struct, frozen=True, kw_only=True):
    """What the tightest cap leaves of the year in which a right would begin."""

    cap: YearlyCap
    left_fen: int

    @property
    def words(self) -> str:
        """For who is offered a right: how far it will go this year."""
        cap, left = format_yuan(self.cap.amount_fen), format_yuan(self.left_fen)
        return _("本年度累计上限 %(cap)s 元，本年度还可领取 %(left)s 元。", cap=cap, left=left)


def left_of_year(
    session: Session, ports: Ports, terms: Terms, subject_id: int, unit_id: int, amount_fen: int, *, on: date
) -> LeftOfYear | None:
    """What a cap leaves of the year's payments of this amount; None where all of them may be made."""
    payments = 1 if terms.period == "once" else PAYMENTS_A_YEAR[terms.period]
    found: LeftOfYear | None = None
    for cap in terms.yearly_caps:
        left = max(_left_of(session, ports, cap, subject_id, unit_id, on), 0)
        if left < min(amount_fen * payments, found.left_fen if found else left + 1):
            found = LeftOfYear(cap=cap, left_fen=left)
    return found


def hold(session: Session, ports: Ports, rights: Iterable[tuple[Terms, int, int]]) -> None:
    """Until this transaction ends nobody else uses up what these (terms, subject, unit) share with other rights.

    All at once and in one order for everybody, before any row of the books: who waits here holds nothing of them.
    """
    keys: set[int] = set()
    for terms, subject_id, unit_id in rights:
        keys.update(_keys(session, ports, terms, subject_id, unit_id))
    for key in sorted(keys):
        repository.hold_unit(session, key)


def used_up(
    session: Session,
    ports: Ports,
    terms: Terms,
    subject_id: int,
    unit_id: int,
    *,
    on: date,
    are_claims_counted: bool = True,
) -> Reached | None:
    """The limit that would leave nothing of a right beginning on that day; other claims under way may count as granted.

    A right that runs on for years is kept away only by a limit for life: any other passes, and it is paid again.
    """
    for limit in terms.held_to:
        if terms.period == "once":
            times = _times_granted(session, terms, limit, subject_id, unit_id, on)
            if limit.scope == "subject" and are_claims_counted:
                times += claim_rows.count_open_besides(session, terms.policy_id, subject_id, unit_id)
        elif limit.per == "life" and terms.period != "none":
            times = _times_paid(session, terms, limit, subject_id, unit_id, on)
        else:
            continue
        if times >= limit.times:
            return _reached(limit, on)
    if terms.period == "once":
        for cap in terms.yearly_caps:
            if _left_of(session, ports, cap, subject_id, unit_id, on) <= 0:
                return _reached(cap, on)
    return None


def refuse_used_up(
    session: Session, ports: Ports, terms: Terms, subject_id: int, unit_id: int, *, on: date
) -> None:
    """Raises ``Conflict`` that says which limit is reached and from when the right can be had again."""
    hold(session, ports, [(terms, subject_id, unit_id)])
    reached = used_up(session, ports, terms, subject_id, unit_id, on=on)
    if reached is not None:
        raise Conflict(reached.words)


def of_payment(session: Session, ports: Ports, award: Award, terms: Terms, starts_on: date) -> Allowance:
    """What may be paid for a period that has no payment yet. What shares a limit is held."""
    amount_fen = award.amount_fen or 0
    for limit in _binding(terms):
        times = _times_paid(session, terms, limit, award.subject_id, award.unit_id, starts_on)
        if times >= limit.times:
            return Allowance(amount_fen=0, reached=_reached(limit, starts_on))
    return within_caps(session, ports, award, terms, starts_on, amount_fen)


def within_caps(
    session: Session, ports: Ports, award: Award, terms: Terms, starts_on: date, amount_fen: int
) -> Allowance:
    """As much of the amount as the caps of the period's year leave. What shares a cap is held."""
    allowed = Allowance(amount_fen=amount_fen)
    for cap in terms.yearly_caps:
        left = max(_left_of(session, ports, cap, award.subject_id, award.unit_id, starts_on), 0)
        if left < allowed.amount_fen:
            allowed = Allowance(amount_fen=left, reached=_reached(cap, starts_on))
    return allowed


def binds(terms: Terms) -> bool:
    """Whether a payment of these terms can meet a limit at all."""
    return bool(terms.yearly_caps) or any(_binding(terms))


def _binding(terms: Terms) -> Iterator[Limit]:
    for limit in terms.held_to:
        is_met_by_itself = (
            terms.period != "once"
            and limit.scope == "unit"
            and limit.per != "life"
            and limit.times * _WINDOWS_A_YEAR[limit.per] >= PAYMENTS_A_YEAR[terms.period]
        )
        if not is_met_by_itself:
            yield limit


def _times_granted(
    session: Session, terms: Terms, limit: Limit, subject_id: int, unit_id: int, on: date
) -> int:
    number = unit_id if limit.scope == "unit" else subject_id
    found = repository.times_granted(session, terms.policy_id, limit.scope, [number], window(limit.per, on))
    return found.get(number, 0)


def _times_paid(session: Session, terms: Terms, limit: Limit, subject_id: int, unit_id: int, on: date) -> int:
    number = unit_id if limit.scope == "unit" else subject_id
    found = payment_rows.times_paid(session, terms.policy_id, limit.scope, [number], window(limit.per, on))
    return found.get(number, 0)


def _left_of(session: Session, ports: Ports, cap: YearlyCap, subject_id: int, unit_id: int, on: date) -> int:
    year = window("year", on)
    if cap.scope == "unit":
        spent = payment_rows.paid_to_unit(session, cap.policies, unit_id, year)
    else:
        subjects = {subject_id}
        if cap.scope == "household":
            subjects |= ports.people.household_of(session, subject_id).subject_ids
        spent = payment_rows.paid_to_subjects(session, cap.policies, subjects, year)
    return cap.amount_fen - spent


def _keys(session: Session, ports: Ports, terms: Terms, subject_id: int, unit_id: int) -> Iterator[int]:
    scopes = {limit.scope for limit in terms.held_to} - {"unit"} | {cap.scope for cap in terms.yearly_caps}
    if terms.rivals or "unit" in scopes:
        yield unit_id
    if "subject" in scopes:
        yield subject_id
    if "household" in scopes:
        yield ports.people.household_of(session, subject_id).id


def _reached(limit: Limit | YearlyCap, on: date) -> Reached:
    per: LimitPer = "year" if isinstance(limit, YearlyCap) else limit.per
    return Reached(limit=limit, again_on=None if per == "life" else window(per, on)[1])
