"""Helping somebody at the counter: found by their number, acted for on paper, and every look recorded.

A found person is known to pages by a key that lives half an hour and belongs to the official who looked: the
registry's number never stands in an address.
"""

import uuid
from datetime import date, timedelta
from typing import cast

import msgspec
from sqlalchemy.orm import Session

from identity.delegation import street
from identity.registry import service as registry
from identity.registry.identifiers import IdentifierKind
from kernel import audit
from kernel.clock import business_date
from kernel.errors import FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.ids import new_token
from kernel.web.principal import Principal
from policy_engine.catalogue import encloses
from policy_engine.delivery import service as delivery
from policy_engine.delivery.accounts.schemas import AccountView
from policy_engine.delivery.accounts.service import choices_for
from policy_engine.delivery.awards.schemas import DueToFamily
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.schemas import ClaimRow
from policy_engine.delivery.offers import repository as offer_rows
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.offers.schemas import OfferDetail
from policy_engine.delivery.states import LABELS, OfferState
from policy_engine.delivery.views.parts import account_view, claim_row, for_name, titles_said
from policy_engine.delivery.views.personal import offer_detail
from policy_engine.delivery.views.rights import dues_of
from policy_engine.delivery.views.work import NAMES_OPENED
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong.access import seat_of
from portals.zhengtong.counter import repository
from portals.zhengtong.words import AUTHORISATIONS

FOUND_SECONDS = 30 * 60.0
UNOPENED_DAYS = 7
MOST_VISITS = 300
VISITS_SHOWN = 50
LONGEST_REFERENCE = 60
_SHOWN = (OfferState.OFFERED, OfferState.UNKNOWN, OfferState.DECLINED, OfferState.LAPSED)


class CounterOffer(msgspec.Struct, frozen=True, kw_only=True):
    """An offer of the person at the counter."""

    id: uuid.UUID
    policy_id: str
    title: str
    for_name: str
    state: str
    state_label: str
    amount_fen: int | None
    period: str
    is_demonstration: bool


class PolicyChoice(msgspec.Struct, frozen=True, kw_only=True):
    """A policy one may apply for at the counter."""

    policy_id: str
    title: str


class PersonAtCounter(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands there, and what concerns them. ``key`` names them for half an hour, for this official alone."""

    key: str
    name: str
    masked_identifier: str
    place: str
    offers: tuple[CounterOffer, ...]
    claims: tuple[ClaimRow, ...]
    accounts: tuple[AccountView, ...]
    policies: tuple[PolicyChoice, ...]
    dues: tuple[DueToFamily, ...] = ()


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody to visit: an offer that was not opened."""

    offer_id: uuid.UUID
    name: str
    place: str
    title: str
    since: date
    days: int
    has_account: bool


class VisitFilter(msgspec.Struct, frozen=True, kw_only=True):
    """``words``: part of a name; of so many as ``NAMES_OPENED``, those longest unopened."""

    policy: str = ""
    words: str = ""


class Authorisation(msgspec.Struct, frozen=True, kw_only=True):
    """On what paper the counter acts: its kind, and the number under which it is filed."""

    kind: str
    reference: str


class _Found(msgspec.Struct, frozen=True):
    subject_id: int
    official_id: int


def find(services: Services, principal: Principal, kind: str, identifier: str) -> str:
    """The key of the person with this number, inside the seat's division. Raises ``InvalidInput`` for nobody here."""
    house, now = services.house, services.house.clock.now()
    seat = seat_of(principal)
    problem = _("本辖区没有查到这个证件号码，请核对后再试；外辖区的群众请联系其所在街道。")
    if kind not in ("id_number", "uscc"):
        raise InvalidInput(problem, errors=[FieldError("identifier", problem)])
    with house.database.write() as session:
        subject_id = registry.find_by_identifier(
            session, cast(IdentifierKind, kind), identifier, vault=house.vault
        )
        if subject_id is None or not _is_here(session, services, seat.division, subject_id):
            raise InvalidInput(problem, errors=[FieldError("identifier", problem)])
        audit.record(
            session,
            actor=principal,
            action="counter.find",
            object_kind="subject",
            object_id=subject_id,
            now=now,
        )
    key = new_token(128)
    house.ephemeral.put(
        _place(key), msgspec.json.encode(_Found(subject_id, principal.subject_id)), FOUND_SECONDS
    )
    return key


def person(services: Services, principal: Principal, key: str) -> PersonAtCounter:
    """What concerns the person found. ``NotFound`` when the key is another's or too old."""
    subject_id = found(services, principal, key)
    house, now = services.house, services.house.clock.now()
    with house.database.read() as session:
        view = registry.describe(session, [subject_id], vault=house.vault)[subject_id]
        wards = services.ports.people.wards_of(session, subject_id, business_date(now))
        subjects = {subject_id, *wards}
        choices = choices_for(
            session,
            services.ports,
            subject_id,
            relation="counter",
            reader_id=principal.subject_id,
            now=now,
        )
        return PersonAtCounter(
            key=key,
            name=view.name,
            masked_identifier=view.masked_identifier,
            place=division_name(services.ports.people.division_of(session, subject_id)),
            offers=tuple(
                _counter_offer(session, services, offer)
                for offer in offer_rows.offers_of(session, subjects, _SHOWN)
            ),
            claims=tuple(
                claim_row(session, services.ports, claim, now)
                for claim in claim_rows.claims_of(session, subjects)
            ),
            accounts=tuple(account_view(account, now) for account in choices),
            policies=_policies(session, services, is_firm=view.kind == "firm"),
            dues=tuple(dues_of(session, services.ports, subject_id, now=now)),
        )


def name_heir(
    services: Services,
    principal: Principal,
    key: str,
    award_id: uuid.UUID,
    account_id: uuid.UUID | None,
    ground: str,
    reference: str,
) -> None:
    """Enter whom the person's dead leave what was due to. The account is checked with the bank first."""
    subject_id = found(services, principal, key)
    if account_id is None:
        raise InvalidInput(
            _("请先选择收款账户。"), errors=[FieldError("heir_account", _("请先选择收款账户。"))]
        )
    _ask_bank(services, account_id)
    with services.house.database.write() as session:
        delivery.name_heir(
            session,
            services.ports,
            award_id=award_id,
            principal=principal,
            heir_id=subject_id,
            account_id=account_id,
            ground=ground,
            reference=reference,
            now=services.house.clock.now(),
        )


def offer(services: Services, principal: Principal, offer_id: uuid.UUID) -> OfferDetail:
    house = services.house
    with house.database.read() as session:
        return offer_detail(session, services.ports, offer_id, principal, now=house.clock.now())


def confirm(
    services: Services,
    principal: Principal,
    offer_id: uuid.UUID,
    account_id: uuid.UUID | None,
    paper: Authorisation,
) -> uuid.UUID:
    """Confirm an offer on paper; the paper stands in the claim's file. The account is checked with the bank first."""
    _check(paper)
    house, now = services.house, services.house.clock.now()
    offer(services, principal, offer_id)
    _ask_bank(services, account_id)
    with house.database.write() as session:
        claim = delivery.confirm(
            session,
            services.ports,
            offer_id=offer_id,
            principal=principal,
            account_id=account_id,
            now=now,
        )
        _file_paper(session, services, principal, claim, paper)
        return claim.id


def apply(
    services: Services,
    principal: Principal,
    key: str,
    policy_id: str,
    account_id: uuid.UUID | None,
    paper: Authorisation,
) -> uuid.UUID:
    """Apply on paper for the person found, whatever the engine says."""
    _check(paper)
    subject_id = found(services, principal, key)
    house, now = services.house, services.house.clock.now()
    _ask_bank(services, account_id)
    with house.database.write() as session:
        claim = delivery.apply_anyway(
            session,
            services.ports,
            policy_id=policy_id,
            subject_id=subject_id,
            unit_id=None,
            principal=principal,
            declared={},
            evidence=[],
            account_id=account_id,
            now=now,
        )
        _file_paper(session, services, principal, claim, paper)
        return claim.id


def visits(
    services: Services,
    principal: Principal,
    days: int = UNOPENED_DAYS,
    wanted: VisitFilter | None = None,
    *,
    limit: int = MOST_VISITS,
    offset: int = 0,
) -> list[Visit]:
    """Offers unopened for so many days in the seat's division, the oldest first."""
    house, now = services.house, services.house.clock.now()
    division, before = seat_of(principal).division, now - timedelta(days=days)
    policy, words = (wanted.policy, wanted.words.strip()) if wanted is not None else ("", "")
    with house.database.read() as session:
        subjects = None
        if words:
            found = repository.subjects_unopened(
                session, division, before=before, limit=NAMES_OPENED, policy_id=policy
            )
            named = services.ports.people.names_of(session, found)
            subjects = [number for number, name in named.items() if words in name]
        rows = repository.unopened(
            session,
            division,
            before=before,
            limit=limit,
            offset=offset,
            policy_id=policy,
            subjects=subjects,
        )
        names = services.ports.people.names_of(session, {offer.subject_id for offer, _known in rows})
        return [
            Visit(
                offer_id=offer.id,
                name=names.get(offer.subject_id, ""),
                place=division_name(offer.division),
                title=services.ports.terms(session, offer.policy_id, offer.policy_version).named.said,
                since=business_date(offer.updated_at),
                days=(business_date(now) - business_date(offer.updated_at)).days,
                has_account=has_account,
            )
            for offer, has_account in rows
        ]


def policies_to_visit_for(services: Services, principal: Principal, days: int) -> list[tuple[str, str, int]]:
    """(policy, its title, how many offers of it nobody opened) in the seat's division."""
    before = services.house.clock.now() - timedelta(days=days)
    with services.house.database.read() as session:
        found = repository.policies_unopened(session, seat_of(principal).division, before=before)
        titles = titles_said(session, services.ports, [policy_id for policy_id, _count in found])
        return [(one, titles[one], count) for one, count in found]


def _is_here(session: Session, services: Services, division: str, subject_id: int) -> bool:
    try:
        return encloses(division, services.ports.people.division_of(session, subject_id))
    except NotFound:
        return False


def found(services: Services, principal: Principal, key: str) -> int:
    """Whom this key names, for the official who looked. Raises ``NotFound``."""
    kept = services.house.ephemeral.get(_place(key)) if key.isascii() and len(key) <= 64 else None
    known = msgspec.json.decode(kept, type=_Found) if kept is not None else None
    if known is None or known.official_id != principal.subject_id:
        raise NotFound(_("查询已过期，请重新输入证件号码。"))
    return known.subject_id


def _place(key: str) -> str:
    return f"zhengtong:counter:{key}"


def _counter_offer(session: Session, services: Services, offer: Offer) -> CounterOffer:
    terms = services.ports.terms(session, offer.policy_id, offer.policy_version)
    return CounterOffer(
        id=offer.id,
        policy_id=offer.policy_id,
        title=terms.title,
        for_name=for_name(session, services.ports, offer.subject_id, offer.unit_id),
        state=offer.state,
        state_label=_(LABELS[OfferState(offer.state)]),
        amount_fen=offer.amount_fen,
        period=terms.period,
        is_demonstration=terms.is_demonstration,
    )


def _policies(session: Session, services: Services, *, is_firm: bool) -> tuple[PolicyChoice, ...]:
    """What is in force today for persons (or firms) and paid for themselves."""
    today = services.house.clock.today()
    audience = ("firm",) if is_firm else ("person",)
    chosen = {
        one.document.id: one.document.title
        for one in services.published.current(session).effective_on(today)
        if one.document.audience in audience
        and one.document.each == "self"
        and (one.document.status is None or one.document.status.nature != "definition")
    }
    return tuple(PolicyChoice(policy_id=key, title=title) for key, title in sorted(chosen.items()))


def _ask_bank(services: Services, account_id: uuid.UUID | None) -> None:
    """Outside any transaction."""
    house = services.house
    if account_id is not None:
        delivery.verify_account(
            house.database, house.vault, services.bank, account_id, clock_now=house.clock.now
        )


def _check(paper: Authorisation) -> None:
    errors = []
    if paper.kind not in AUTHORISATIONS:
        errors.append(FieldError("authorisation", _("请选择授权的方式。")))
    if not paper.reference or len(paper.reference) > LONGEST_REFERENCE:
        errors.append(FieldError("reference", _("请填写授权书的归档编号（60字以内）。")))
    if errors:
        raise InvalidInput(_("代办须有本人的书面授权。"), errors=errors)


def _file_paper(
    session: Session, services: Services, principal: Principal, claim: Claim, paper: Authorisation
) -> None:
    """The authorisation goes into the file for the next stages, and into the audit trail."""
    if paper.kind == "on_file":
        _require_on_file(session, services, principal, claim, paper)
    entry = {"title": AUTHORISATIONS[paper.kind], "reference": paper.reference}
    if entry not in claim.evidence:
        claim.evidence = [*claim.evidence, entry]
    audit.record(
        session,
        actor=principal,
        action="counter.authorised",
        object_kind="claim",
        object_id=claim.id,
        detail={"kind": paper.kind, "reference": paper.reference},
        now=services.house.clock.now(),
    )


def _require_on_file(
    session: Session, services: Services, principal: Principal, claim: Claim, paper: Authorisation
) -> None:
    """A paper that was filed for this very seat and is in force today."""
    filed = street.authorisations_on_file(
        session,
        principal_id=claim.subject_id,
        seat_id=seat_of(principal).id,
        now=services.house.clock.now(),
    )
    if paper.reference not in {one.document for one in filed}:
        problem = _("本席位没有这份存档的授权书，或已到期、被撤回。")
        raise InvalidInput(problem, errors=[FieldError("reference", problem)])
