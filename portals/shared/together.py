"""叠加 for those whose affairs one sees: the best that can be had together, and what to give up for what."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec
from sqlalchemy.orm import Session

from kernel.i18n import gettext as _
from kernel.money import format_yuan
from kernel.web.principal import Principal
from policy_engine.delivery.awards import allowance
from policy_engine.delivery.awards.overlaps import rights_held
from policy_engine.delivery.claims.standing import subjects_of
from policy_engine.delivery.periods import beginning
from policy_engine.delivery.views.parts import for_name
from policy_engine.policies.document import Period, PolicyDocument
from policy_engine.policies.published import PublishedSet
from policy_engine.policies.stacking import (
    Bundle,
    LeftOut,
    Reason,
    Right,
    best_bundle,
    rules_of,
    yearly_fen,
)
from portals.services import Services
from portals.shared.families import cases_of, key_of


class Had(msgspec.Struct, frozen=True, kw_only=True):
    """A benefit that one of us could have or has, named in the reader's language.

    ``who`` stands for the one it is for, whose number stays inside.
    """

    policy_id: str
    title: str
    who: str
    for_name: str
    amount_fen: int
    period: Period
    yearly_fen: int
    is_held: bool


class PolicyName(msgspec.Struct, frozen=True, kw_only=True):
    policy_id: str
    title: str


class Without(msgspec.Struct, frozen=True, kw_only=True):
    """A benefit that the best choice goes without, why, and what having it all the same would cost in a year."""

    benefit: Had
    reason: Reason
    against: tuple[Had, ...]
    requires: tuple[PolicyName, ...]
    loss_fen: int | None
    sentence: str


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """``yearly_fen``: what the best choice brings in the next twelve months, single payments included."""

    taken: tuple[Had, ...]
    without: tuple[Without, ...]
    yearly_fen: int
    is_exact: bool


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One benefit beside those that it cannot be had with."""

    stands: Literal["better", "other"]
    rivals: tuple[Had, ...]
    sentence: str


def together(services: Services, principal: Principal) -> Together:
    """The best lawful choice of all that those one sees have or could have today."""
    with services.house.database.read() as session:
        return _View(session, services, principal).together()


def choice_on(found: Together, policy_id: str, who: str) -> Choice | None:
    """What to weigh before taking this one; None where nothing stands against it."""
    for one in found.without:
        if (one.benefit.policy_id, one.benefit.who) == (policy_id, who) and one.against:
            return Choice(stands="other", rivals=one.against, sentence=one.sentence)
    rivals = [one for one in found.without if _is_against(one, policy_id, who)]
    if not rivals:
        return None
    names = _listed(one.benefit.title for one in rivals)
    losses = [one.loss_fen for one in rivals if one.loss_fen]
    sentence = _("与“%(others)s”不能同时享受，按现在的信息，选这一项更合算。", others=names)
    if losses:
        sentence = _(
            "与“%(others)s”不能同时享受。按现在的信息，选这一项，一年多 %(yuan)s 元。",
            others=names,
            yuan=format_yuan(min(losses)),
        )
    return Choice(stands="better", rivals=tuple(one.benefit for one in rivals), sentence=sentence)


def _is_against(one: Without, policy_id: str, who: str) -> bool:
    is_rival = any((other.policy_id, other.who) == (policy_id, who) for other in one.against)
    return is_rival and one.reason in ("excluded", "lower") and not one.benefit.is_held


class _View:
    def __init__(self, session: Session, services: Services, principal: Principal) -> None:
        self._session = session
        self._services = services
        self._published: PublishedSet = services.published.current(session)
        self._today = services.house.clock.today()
        self._had: dict[tuple[str, int], Had] = {}
        self._rights: dict[tuple[str, int], Right] = {}
        self._granted: set[tuple[str, int]] = set()
        self._used_up: list[Without] = []
        subjects = subjects_of(session, services.ports, principal, services.house.clock.now())
        self._find_held(subjects)
        self._find_possible(subjects)

    def together(self) -> Together:
        rules = rules_of(self._published.documents.values())
        found: Bundle = best_bundle(self._rights.values(), rules, self._granted)
        shown = [one for one in found.taken if not one.is_paid_out]
        return Together(
            taken=tuple(self._had[one.key] for one in shown),
            without=(*(self._without(one) for one in found.left_out), *self._used_up),
            yearly_fen=found.yearly_fen - rules.worth([one for one in found.taken if one.is_paid_out]),
            is_exact=found.is_exact,
        )

    def _find_held(self, subjects: frozenset[int]) -> None:
        for one in rights_held(self._session, self._services.ports, subjects, on=self._today):
            document = self._published.documents.get(one.policy_id)
            if not one.counts or document is None:
                self._granted.add((one.policy_id, one.unit_id))
                continue
            right = Right(
                policy_id=one.policy_id,
                unit_id=one.unit_id,
                subject_id=one.subject_id,
                yearly_fen=0 if one.period == "none" else yearly_fen(one.amount_fen, one.period),
                household_id=self._services.ports.people.household_of(self._session, one.subject_id).id,
                is_held=True,
                is_paid_out=one.is_paid_out,
            )
            self._add(right, document, one.amount_fen)

    def _find_possible(self, subjects: frozenset[int]) -> None:
        for case in cases_of(self._session, self._services, subjects):
            for policy, subject in case.policies_on():
                document, judgement = policy.document, case.judge(policy, subject)
                if document.benefit is None or subject.subject_id not in subjects:
                    continue
                if judgement.verdict != "eligible" or judgement.defect or not judgement.amount_fen:
                    continue
                key = (document.id, subject.unit_id)
                known = self._rights.get(key)
                if known is not None and not known.is_paid_out:
                    continue
                worth = yearly_fen(judgement.amount_fen, document.benefit.period, judgement.periods)
                right = Right(
                    policy_id=document.id,
                    unit_id=subject.unit_id,
                    subject_id=subject.subject_id,
                    yearly_fen=worth,
                    household_id=case.family.owner.subject_id,
                )
                if self._is_used_up(right, document, judgement.amount_fen) or known is not None:
                    continue
                self._add(right, document, judgement.amount_fen)

    def _is_used_up(self, right: Right, document: PolicyDocument, amount_fen: int) -> bool:
        """Whether a limit leaves nothing of it now; then it is told, with the day from which it can be had again if any."""
        terms = self._services.ports.terms(self._session, document.id, document.version)
        reached = allowance.used_up(
            self._session,
            self._services.ports,
            terms,
            right.subject_id,
            right.unit_id,
            on=beginning(terms, self._today),
        )
        if reached is None:
            return False
        left = Without(
            benefit=self._had_of(right, document, amount_fen),
            reason="limit",
            against=(),
            requires=(),
            loss_fen=None,
            sentence=reached.words,
        )
        self._used_up.append(left)
        return True

    def _add(self, right: Right, document: PolicyDocument, amount_fen: int) -> None:
        self._rights[right.key] = right
        self._had[right.key] = self._had_of(right, document, amount_fen)

    def _had_of(self, right: Right, document: PolicyDocument, amount_fen: int) -> Had:
        return Had(
            policy_id=right.policy_id,
            title=_title(document),
            who=key_of(self._services.house.vault, right.unit_id),
            for_name=for_name(self._session, self._services.ports, right.subject_id, right.unit_id),
            amount_fen=amount_fen,
            period=document.benefit.period if document.benefit is not None else "once",
            yearly_fen=right.yearly_fen,
            is_held=right.is_held or right.is_paid_out,
        )

    def _without(self, left: LeftOut) -> Without:
        against = tuple(self._had[one.key] for one in left.against)
        requires = tuple(
            PolicyName(policy_id=one.id, title=_title(one))
            for one in (self._published.documents.get(id) for id in left.requires)
            if one is not None
        )
        return Without(
            benefit=self._had[left.right.key],
            reason=left.reason,
            against=against,
            requires=requires,
            loss_fen=left.loss_fen,
            sentence=_why(left, against, requires),
        )


def _why(left: LeftOut, against: Sequence[Had], requires: Sequence[PolicyName]) -> str:
    names = _listed(one.title for one in against)
    match left.reason:
        case "requires":
            return _(
                "要先有“%(others)s”，批准后这一项才能办。", others=_listed(one.title for one in requires)
            )
        case "limit":
            return _("这项待遇有份数限制，份数已经留给金额较高的。")
        case "lower":
            reason = _("与“%(others)s”只发较高的一项。", others=names)
        case "excluded":
            reason = _("与“%(others)s”不能同时享受。", others=names)
    return reason + _price(left)


def _price(left: LeftOut) -> str:
    if left.loss_fen is None:
        return ""
    if left.loss_fen == 0:
        return _("两种选法一年一样多，由您决定。")
    return _("选这一项，一年少 %(yuan)s 元；选哪一项由您决定。", yuan=format_yuan(left.loss_fen))


def _title(document: PolicyDocument) -> str:
    return document.named.said


def _listed(titles: Iterable[str]) -> str:
    return _("”和“").join(titles)
