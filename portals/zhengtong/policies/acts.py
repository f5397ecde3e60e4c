"""What pages and the API do with policies, each in one transaction."""

import uuid
from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

from kernel.errors import InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Duty, Principal
from policy_engine.catalogue import catalogue, encloses
from policy_engine.delivery.offers.repository import count_by_state
from policy_engine.matching.simulation import shadow_figures
from policy_engine.policies import repository, reviewing, service
from policy_engine.policies.cases import load_cases, run_cases
from policy_engine.policies.checking import check_document
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.hashing import document_of
from policy_engine.policies.hints import hints_for
from policy_engine.policies.loading import load_document
from policy_engine.policies.models import PolicyVersion
from policy_engine.policies.problems import DocumentRefused, Problem
from policy_engine.policies.published import PublishedSet
from policy_engine.policies.reviewing import Review
from policy_engine.policies.states import STATE_LABELS, Action, PolicyState, actions_from, stored_as
from portals.services import Services
from portals.zhengtong.policies.renewing import RENEWAL_NOTICE
from portals.zhengtong.policies.schemas import (
    CaseLine,
    CheckedTexts,
    HandLine,
    PolicyFile,
    PolicyLine,
    ProblemLine,
)
from portals.zhengtong.reach import Reach

MOST_LISTED = 500
#: Whose an act is, where it is not the publisher's alone.
_DUTIES_OF: dict[Action, tuple[Duty, ...]] = {
    "submit": ("policy.author",),
    "verify": ("policy.author", "policy.publish"),
    "shadow": ("policy.publish", "payment.approve"),
    "fund": ("payment.approve",),
    "evaluate": ("policy.author",),
}
#: Where the second hand must be another person on another seat than the author's.
_SECOND_HAND = frozenset({"review", "fund", "approve", "publish", "widen"})
NEEDS_NOTE = frozenset({"send_back", "fund", "suspend", "recall", "revoke", "evaluate"})


def listed(services: Services, *, state: str = "", words: str = "") -> list[PolicyLine]:
    """Versions, the newest change first."""
    wanted = PolicyState(state) if state in {one.value for one in PolicyState} else None
    today = services.house.clock.today()
    with services.house.database.read() as session:
        stored = stored_as(wanted) if wanted is not None else ()
        rows = repository.latest_versions(session, states=stored, limit=MOST_LISTED)
        lines = [_line(row, today) for row in rows]
    return [
        line
        for line in lines
        if wanted in (None, line.state) and (not words or words in line.title or words in line.policy_id)
    ]


def renewals(services: Services) -> list[PolicyLine]:
    """Versions that end soon, or have ended, and after which nobody has begun another: each is a task for an author."""
    today = services.house.clock.today()
    with services.house.database.read() as session:
        return [
            _line(row, today) for row in repository.ending_versions(session, until=today + RENEWAL_NOTICE)
        ]


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
            HandLine(
                action=hand.action,
                seat_title=hand.seat_title,
                note=hand.note,
                detail=hand.detail or {},
                at=hand.at,
            )
            for hand in hands
        ),
        cases=_cases_run(row.cases_text, document, published),
        reached=reached,
        actions=tuple(_actions(row, document, principal, today)),
        is_own_draft=row.author_id == principal.subject_id,
        content_hash=row.content_hash.hex(),
    )


def texts_of(services: Services, version_id: uuid.UUID) -> tuple[str, str]:
    """The document and its cases as they were uploaded."""
    with services.house.database.read() as session:
        row = _required(repository.find_version(session, version_id))
        return row.source_text, row.cases_text


def number_to_write(services: Services, version_id: uuid.UUID) -> int:
    """The version that an edit of this one becomes: itself while it is a draft, else the next."""
    with services.house.database.read() as session:
        row = _required(repository.find_version(session, version_id))
        newest = repository.versions_of(session, row.policy_id)[0]
        return row.version if row.state == PolicyState.DRAFT else newest.version + 1


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
    hints: list[ProblemLine] = []
    try:
        loaded = load_document(text)
        title = loaded.document.title
        hints = _lines(hints_for(loaded.document, source=loaded.source), text, cases_text)
        problems = check_document(loaded.document, catalogue(), published, source=loaded.source)
        if problems:
            raise DocumentRefused(problems)
        cases = _cases_run(cases_text, loaded.document, published) if cases_text.strip() else ()
    except DocumentRefused as refused:
        return CheckedTexts(
            title=title, problems=problems_of(refused, text, cases_text), hints=hints, cases=()
        )
    return CheckedTexts(title=title, problems=[], hints=hints, cases=cases)


def problems_of(refused: DocumentRefused, text: str, cases_text: str) -> list[ProblemLine]:
    """The problems with the lines they stand at, by line."""
    return _lines(refused.problems, text, cases_text)


def _lines(problems: Iterable[Problem], text: str, cases_text: str) -> list[ProblemLine]:
    lines = []
    for problem in problems:
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


def move(
    services: Services,
    reach: Reach,
    principal: Principal,
    version_id: uuid.UUID,
    action: str,
    *,
    note: str = "",
    findings: Review | None = None,
) -> None:
    """One step in the life of a version. ``findings`` belong to a review; a shadow run is made here and kept."""
    house = services.house
    figures = _shadow_run(reach, version_id) if action == "shadow" else {}
    with house.database.write() as session:
        published = services.published.current(session)
        given: dict[str, Any] = {"actor": principal, "now": house.clock.now()}
        match action:
            case "review":
                findings = findings or Review(legality="", fair_competition="", funds="")
                reviewing.review(session, version_id, published=published, findings=findings, **given)
            case "verify":
                reviewing.verify(session, version_id, published=published, **given)
            case "approve":
                reviewing.approve(session, version_id, published=published, note=note, **given)
            case "shadow":
                reviewing.note_shadow_run(session, version_id, figures=figures, **given)
            case _ if action in _WITH_NOTE:
                _WITH_NOTE[action](session, version_id, note=note, **given)
            case _ if action in _PLAIN:
                _PLAIN[action](session, version_id, **given)
            case _:
                raise InvalidInput(_("请选择一种办理方式。"))


_WITH_NOTE: dict[str, Callable[..., PolicyVersion]] = {
    "send_back": reviewing.send_back,
    "fund": reviewing.fund,
    "suspend": service.suspend,
    "recall": service.recall,
    "revoke": service.revoke,
    "evaluate": service.evaluate,
}
_PLAIN: dict[str, Callable[..., PolicyVersion]] = {
    "submit": reviewing.submit,
    "publish": service.publish,
    "widen": service.widen,
    "resume": service.resume,
    "archive": service.archive,
}


def _shadow_run(reach: Reach, version_id: uuid.UUID) -> dict[str, int | str | None]:
    """The figures of a shadow run of now, as they are kept with the hand of whoever saw them."""
    return shadow_figures(reach.simulate(version_id, {}))


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
        state=(state := row.state_on(today)).value,
        state_label=_(STATE_LABELS[state]),
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


def _actions(row: PolicyVersion, document: PolicyDocument, principal: Principal, today: date) -> list[Action]:
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
        for action in actions_from(row.state_on(today))
        if any(principal.has_duty(duty) for duty in _DUTIES_OF.get(action, ("policy.publish",)))
        and not (action in _SECOND_HAND and is_author)
        and not (action == "widen" and row.is_full)
        and not (action == "fund" and document.benefit is None)
    ]
