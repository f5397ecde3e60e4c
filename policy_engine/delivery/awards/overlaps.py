"""兼得: which rights come first, exclude one another, or only the higher of them is paid, for one and the same unit.

Asked where an offer is made, where a claim begins, where a right is recognised and where a payment falls due; only the
last makes it certain that no period is paid twice, whatever came between.
"""

import uuid
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from kernel.clock import business_date
from kernel.errors import Conflict
from kernel.i18n import gettext as _
from kernel.wording import Month, worded
from policy_engine.delivery.awards import repository
from policy_engine.delivery.awards.history import log
from policy_engine.delivery.awards.models import Award
from policy_engine.delivery.cases.letters import tell
from policy_engine.delivery.cases.timeline import SYSTEM
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.payments import service as payments
from policy_engine.delivery.payments.models import Payment
from policy_engine.delivery.periods import next_start, window, window_start
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.states import AWARD, AwardState
from policy_engine.delivery.terms import PAYMENTS_A_YEAR, Period, Terms

SWITCHED = "switched_to_higher"


class Obstacle(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in the way: another right that is held, or (``case_number``) a claim to it that is under way."""

    policy_id: str
    title: str
    amount_fen: int | None
    period: Period
    is_excluded: bool
    case_number: str = ""

    @property
    def words(self) -> str:
        """Why not, for the person."""
        if self.case_number:
            return _(
                "“%(title)s”正在办理（办件编号 %(number)s），两项不能同时享受。要改办这一项，请先撤回那一件。",
                title=self.title,
                number=self.case_number,
            )
        if self.is_excluded:
            return _("已享受“%(title)s”，按规定两项不能同时享受。", title=self.title)
        return _("已享受“%(title)s”，两项只发较高的一项，那一项不低于这一项。", title=self.title)


def obstacle_to(
    session: Session, ports: Ports, terms: Terms, unit_id: int, amount_fen: int | None, *, on: date
) -> Obstacle | None:
    """The right that keeps ``terms`` from this unit on that day: one excluded, or one that pays as much or more."""
    for award in repository.awards_on_unit(session, terms.rivals, unit_id):
        other = ports.terms(session, award.policy_id, award.policy_version)
        if not _counts(award, other, on):
            continue
        is_excluded = award.policy_id in terms.excludes
        if is_excluded or _yearly(award.amount_fen, other) >= _yearly(amount_fen, terms):
            return Obstacle(
                policy_id=award.policy_id,
                title=other.named.said,
                amount_fen=award.amount_fen,
                period=other.period,
                is_excluded=is_excluded,
            )
    return None


class HeldRight(msgspec.Struct, frozen=True, kw_only=True):
    """A right that somebody has, as one weighs it against others. ``counts`` is False for one long paid out, which only
    what presupposes it still asks for."""

    policy_id: str
    unit_id: int
    subject_id: int
    amount_fen: int
    period: Period
    is_paid_out: bool
    counts: bool


def rights_held(session: Session, ports: Ports, subject_ids: Iterable[int], *, on: date) -> list[HeldRight]:
    """Rights to money of these subjects that run, or that were paid out once."""
    found = []
    for award in repository.awards_of(session, subject_ids):
        terms = ports.terms(session, award.policy_id, award.policy_version)
        is_paid_out = award.state == AwardState.ENDED
        if terms.period == "none" or (is_paid_out and award.end_reason != "completed"):
            continue
        found.append(
            HeldRight(
                policy_id=award.policy_id,
                unit_id=award.unit_id,
                subject_id=award.subject_id,
                amount_fen=award.amount_fen or 0,
                period=terms.period,
                is_paid_out=is_paid_out,
                counts=_counts(award, terms, on),
            )
        )
    return found


BesideKind = Literal["missing", "excluded", "higher", "lower"]
_ORDER: tuple[BesideKind, ...] = ("missing", "excluded", "higher", "lower")


class Beside(msgspec.Struct, frozen=True, kw_only=True):
    """Another benefit that a claim's decision has to look at: one that has to come first and does not stand, one that
    excludes it, one that pays as much or more, or a lower one that ends when this one is granted."""

    policy_id: str
    title: str
    words: str
    kind: BesideKind


def beside(
    session: Session,
    ports: Ports,
    terms: Terms,
    claim_id: uuid.UUID,
    unit_id: int,
    amount_fen: int | None,
    on: date,
) -> list[Beside]:
    """What the unit has, awaits or lacks that this claim cannot be decided without, what stands against it first."""
    found = [
        Beside(
            policy_id=first.policy_id,
            title=first.named.said,
            words=_("这项待遇以“%(title)s”为前提，对象还没有那一项。", title=first.named.said),
            kind="missing",
        )
        for first in _required_and_missing(session, ports, terms, unit_id)
    ]
    for award in repository.awards_on_unit(session, terms.rivals, unit_id):
        other = ports.terms(session, award.policy_id, award.policy_version)
        if award.claim_id != claim_id and _counts(award, other, on):
            found.append(_beside_award(award, other, terms, amount_fen))
    for claim in claim_rows.open_claims_on(session, terms.rivals, unit_id):
        if claim.id != claim_id:
            other = ports.terms(session, claim.policy_id, claim.policy_version)
            found.append(_beside_claim(claim, other, terms, amount_fen))
    return sorted(found, key=lambda one: (_ORDER.index(one.kind), one.policy_id))


def _weigh(
    policy_id: str, other_fen: int | None, other: Terms, terms: Terms, amount_fen: int | None
) -> BesideKind:
    if policy_id in terms.excludes:
        return "excluded"
    return "lower" if _yearly(other_fen, other) < _yearly(amount_fen, terms) else "higher"


def _beside_claim(claim: Claim, other: Terms, terms: Terms, amount_fen: int | None) -> Beside:
    kind = _weigh(claim.policy_id, claim.amount_fen, other, terms, amount_fen)
    number = claim.case_number or ""
    words = (
        _("也在办理中（办件编号 %(number)s），两项不能同时享受。", number=number)
        if kind == "excluded"
        else _("也在办理中（办件编号 %(number)s），两项只发较高的一项。", number=number)
    )
    return Beside(policy_id=claim.policy_id, title=other.named.said, words=words, kind=kind)


def _beside_award(award: Award, other: Terms, terms: Terms, amount_fen: int | None) -> Beside:
    kind = _weigh(award.policy_id, award.amount_fen, other, terms, amount_fen)
    words = {
        "excluded": _("对象已享受这一项，按规定两项不能同时享受。"),
        "lower": _("对象已享受这一项；两项只发较高的，批准后它停发，中间不断档。"),
        "higher": _("对象已享受这一项；两项只发较高的，它不低于现在申请的。"),
    }[kind]
    return Beside(policy_id=award.policy_id, title=other.named.said, words=words, kind=kind)


def refuse_without_required(session: Session, ports: Ports, terms: Terms, unit_id: int) -> None:
    """Raises ``Conflict`` naming the benefit that comes first: one that runs, or that was paid out."""
    for first in _required_and_missing(session, ports, terms, unit_id):
        raise Conflict(
            _("这项待遇以“%(title)s”为前提，请先办理那一项，批准后再办这一项。", title=first.named.said)
        )


def _required_and_missing(session: Session, ports: Ports, terms: Terms, unit_id: int) -> list[Terms]:
    granted = {
        award.policy_id
        for award in repository.awards_on_unit(session, terms.requires, unit_id)
        if award.state != AwardState.ENDED or award.end_reason == "completed"
    }
    return [ports.terms(session, policy_id) for policy_id in sorted(terms.requires - granted)]


def refuse_beside_others(
    session: Session, ports: Ports, terms: Terms, unit_id: int, amount_fen: int | None, *, now: datetime
) -> None:
    """Raises ``Conflict`` with the reason where a right or an open claim keeps this one from the unit.

    Nobody else begins a claim for the unit before this transaction ends.
    """
    if not terms.rivals:
        return
    repository.hold_unit(session, unit_id)
    obstacle = obstacle_to(session, ports, terms, unit_id, amount_fen, on=business_date(now))
    if obstacle is not None:
        raise Conflict(obstacle.words)
    for claim in claim_rows.open_claims_on(session, terms.excludes, unit_id):
        other = ports.terms(session, claim.policy_id, claim.policy_version)
        waiting = Obstacle(
            policy_id=claim.policy_id,
            title=other.named.said,
            amount_fen=claim.amount_fen,
            period=other.period,
            is_excluded=True,
            case_number=claim.case_number or "",
        )
        raise Conflict(waiting.words)


def end_lower(session: Session, ports: Ports, award: Award, terms: Terms, *, now: datetime) -> None:
    """A higher right was recognised: those of which only the higher is paid end with the month before it begins."""
    for lower in repository.lock_live_on_unit(session, terms.higher_of, award.unit_id):
        other = ports.terms(session, lower.policy_id, lower.policy_version)
        if _yearly(lower.amount_fen, other) >= _yearly(award.amount_fen, terms):
            continue
        before, lower.state = lower.state, AWARD.move(AwardState(lower.state), "end")
        lower.ends_on = award.starts_on - timedelta(days=1)
        lower.end_reason, lower.next_due_on, lower.state_reason = SWITCHED, None, None
        for payment in payment_rows.lock_not_instructed(session, lower.id):
            if payment.period_starts_on >= award.starts_on:
                payments.cancel(session, payment, SWITCHED, now=now)
        log(session, lower, "award.switched", SYSTEM, before, now=now, detail={"to": terms.title})
        tell(
            session,
            ports,
            lower.subject_id,
            "award.switched",
            worded("%(policy)s：改发较高的一项", policy=other.named),
            worded(
                "自 %(month)s 起改发“%(higher)s”，“%(lower)s”同时停发，中间不断档。",
                month=Month.of(award.starts_on),
                higher=terms.named,
                lower=other.named,
            ),
            link=f"/claims/{award.claim_id}",
            now=now,
        )


def payment_in_the_way(
    session: Session, ports: Ports, award: Award, terms: Terms, starts_on: date
) -> Payment | None:
    """Another right's payment to the unit for time that this period covers too; not yet ordered ones count as well.

    The unit is held (``allowance.hold``): nobody else makes a payment for it before this transaction ends.
    """
    if not terms.rivals:
        return None
    for payment in payment_rows.regular_payments_on(session, terms.rivals, award.unit_id):
        other = ports.terms(session, payment.policy_id, payment.policy_version)
        if _overlap(_span(terms, starts_on), _span(other, payment.period_starts_on)):
            return payment
    return None


def _counts(award: Award, terms: Terms, on: date) -> bool:
    """A right that runs counts; one that was paid out counts within the time for which it is granted once."""
    if award.state != AwardState.ENDED:
        return True
    is_paid_out = terms.period == "once" and award.end_reason == "completed"
    return is_paid_out and award.starts_on >= window_start(terms.stands_for, on)


def _yearly(amount_fen: int | None, terms: Terms) -> int:
    return (amount_fen or 0) * PAYMENTS_A_YEAR[terms.period]


def _span(terms: Terms, starts_on: date) -> tuple[date, date]:
    """The days a payment is for, the last excluded; a single payment stands for the time of its limit."""
    following = next_start(terms.period, starts_on)
    if following is not None:
        return starts_on, following
    return window(terms.stands_for, starts_on)


def _overlap(one: tuple[date, date], other: tuple[date, date]) -> bool:
    return one[0] < other[1] and other[0] < one[1]
