"""What pages and the API do with policies, each in one transaction."""

import uuid
from datetime import date

from kernel.errors import InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Duty, Principal
from policy_engine.catalogue import catalogue, encloses
from policy_engine.delivery.offers.repository import count_by_state
from policy_engine.policies import repository, service
from policy_engine.policies.cases import load_cases, run_cases
from policy_engine.policies.checking import check_document
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hashing import document_of
from policy_engine.policies.loading import load_document
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.problems import DocumentRefused
from policy_engine.policies.published import PublishedSet
from policy_engine.policies.states import STATE_LABELS, Action, PolicyState, actions_from
from portals.services import Services
from portals.zhengtong.policies.schemas import (
    CaseLine,
    CheckedTexts,
    HandLine,
    PolicyFile,
    PolicyLine,
    ProblemLine,
)

MOST_LISTED = 500
_DUTY_OF: dict[Action, Duty] = {"submit": "policy.author"}
#: Where the second hand must be another person on another seat than the author's.
_SECOND_HAND = frozenset({"approve", "publish", "widen"})
NEEDS_NOTE = frozenset({"send_back", "suspend", "recall"})


def listed(services: Services, *, state: str = "", words: str = "") -> list[PolicyLine]:
    """Versions, the newest change first."""
    known = state if state in {one.value for one in PolicyState} else ""
    today = services.house.clock.today()
    with services.house.database.read() as session:
        rows = repository.latest_versions(session, state=known, limit=MOST_LISTED)
        lines = [_line(row, today) for row in rows]
    return [line for line in lines if not words or words in line.title or words in line.policy_id]


def file_of(services: Services, principal: Principal, version_id: uuid.UUID) -> PolicyFile:
    """A version with its cases run, its hands, and what this seat may do with it. ``NotFound`` for no such version."""
    today = services.house.clock.today()
    with services.house.database.read() as session:
        row = _required(repository.find_version(session, version_id))
        document = document_of(row)
        published = services.published.current(session)
        hands = repository.approvals_of(session, version_id)
        others = repository.versions_of(session, row.policy_id)
        reached = count_by_state(session, row.policy_id)
    return PolicyFile(
        line=_line(row, today),
        document=document,
        versions=tuple(_line(other, today) for other in others),
        hands=tuple(
            HandLine(action=hand.action, seat_title=hand.seat_title, note=hand.note, at=hand.at)
            for hand in hands
        ),
        cases=_cases_run(row.cases_text, document, published),
        reached=reached,
        actions=tuple(_actions(row, document, principal)),
        is_own_draft=row.author_id == principal.subject_id,
        content_hash=row.content_hash.hex(),
    )


def texts_of(services: Services, version_id: uuid.UUID) -> tuple[str, str]:
    """The document and its cases as they were uploaded."""
    with services.house.database.read() as session:
        row = _required(repository.find_version(session, version_id))
        return row.source_text, row.cases_text


def take_in(services: Services, principal: Principal, text: str, cases_text: str) -> uuid.UUID:
    """An upload as a draft. Raises ``DocumentRefused`` with every problem."""
    house = services.house
    with house.database.write() as session:
        version = service.save_draft(
            session,
            text=text,
            cases_text=cases_text,
            actor=principal,
            published=services.published.current(session),
            now=house.clock.now(),
        )
        return version.id


def checked(services: Services, text: str, cases_text: str) -> CheckedTexts:
    """Both texts looked at as an upload would be, the cases run; nothing is kept."""
    with services.house.database.read() as session:
        published = services.published.current(session)
    title = ""
    try:
        loaded = load_document(text)
        title = loaded.document.title
        problems = check_document(loaded.document, catalogue(), published, source=loaded.source)
        if problems:
            raise DocumentRefused(problems)
        cases = _cases_run(cases_text, loaded.document, published) if cases_text.strip() else ()
    except DocumentRefused as refused:
        return CheckedTexts(title=title, problems=problems_of(refused, text, cases_text), cases=())
    return CheckedTexts(title=title, problems=[], cases=cases)


def problems_of(refused: DocumentRefused, text: str, cases_text: str) -> list[ProblemLine]:
    """The problems with the lines they stand at, by line."""
    lines = []
    for problem in refused.problems:
        is_case = problem.where.startswith("cases")
        source = (cases_text if is_case else text).splitlines()
        at = source[problem.line - 1] if 0 < problem.line <= len(source) else ""
        lines.append(
            ProblemLine(
                file="cases" if is_case else "document",
                line=problem.line,
                where=problem.where,
                reason=problem.reason,
                mend=problem.mend,
                text=at.strip()[:160],
            )
        )
    return sorted(lines, key=lambda one: (one.file == "cases", one.line))


def move(services: Services, principal: Principal, version_id: uuid.UUID, action: str, note: str) -> None:
    """Submit, send back, approve, publish, widen, suspend, resume or recall."""
    house, now = services.house, services.house.clock.now()
    with house.database.write() as session:
        if action == "submit":
            service.submit(session, version_id, actor=principal, now=now)
        elif action == "send_back":
            service.send_back(session, version_id, actor=principal, note=note, now=now)
        elif action == "approve":
            published = services.published.current(session)
            service.approve(session, version_id, actor=principal, published=published, note=note, now=now)
        elif action == "publish":
            service.publish(session, version_id, actor=principal, now=now)
        elif action == "widen":
            service.widen(session, version_id, actor=principal, now=now)
        elif action == "suspend":
            service.suspend(session, version_id, actor=principal, note=note, now=now)
        elif action == "resume":
            service.resume(session, version_id, actor=principal, now=now)
        elif action == "recall":
            service.recall(session, version_id, actor=principal, note=note, now=now)
        else:
            raise InvalidInput(_("请选择一种办理方式。"))


def _required(row: PolicyVersion | None) -> PolicyVersion:
    if row is None:
        raise NotFound(_("没有找到这个政策版本。"))
    return row


def _line(row: PolicyVersion, today: date) -> PolicyLine:
    return PolicyLine(
        version_id=row.id,
        policy_id=row.policy_id,
        version=row.version,
        title=row.title,
        audience=row.audience,
        state=row.state,
        state_label=_(STATE_LABELS[PolicyState(row.state)]),
        standing=row.standing,
        is_demonstration=row.is_demonstration,
        is_expired=row.effective_to is not None and row.effective_to < today,
        rollout_permille=row.rollout_permille,
        effective_from=row.effective_from,
        effective_to=row.effective_to,
        updated_at=row.updated_at,
    )


def _cases_run(text: str, document: PolicyDocument, published: PublishedSet) -> tuple[CaseLine, ...]:
    """Every case run now, against what is in force now."""
    cases = load_cases(text, document, published.statuses)
    return tuple(
        CaseLine(
            name=case.name,
            as_of=case.as_of,
            verdict=outcome.judgement.verdict,
            amount_fen=outcome.judgement.amount_fen,
            difference=outcome.difference,
        )
        for case, outcome in zip(cases, run_cases(document, cases, published.statuses), strict=True)
    )


def _actions(row: PolicyVersion, document: PolicyDocument, principal: Principal) -> list[Action]:
    """What this seat may do from here: by state, duty, place, and never both hands by one."""
    seat = principal.seat
    if seat is None:
        return []
    place = document.jurisdiction
    if not (encloses(seat.division, place) or encloses(place, seat.division)):
        return []
    is_author = row.author_id == principal.subject_id or row.author_seat_id == seat.id
    return [
        action
        for action in actions_from(PolicyState(row.state))
        if principal.has_duty(_DUTY_OF.get(action, "policy.publish"))
        and not (action in _SECOND_HAND and is_author)
        and not (action == "widen" and row.is_full)
    ]
