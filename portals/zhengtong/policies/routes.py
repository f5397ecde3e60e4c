"""Policies: the list, the document on one page, and the acts on it."""

import uuid
from typing import Annotated

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from litestar.response import Redirect

from kernel.errors import FieldError, InvalidInput
from kernel.i18n import gettext as _
from policy_engine.delivery.states import LABELS, OfferState
from policy_engine.policies.reviewing import Review
from policy_engine.policies.states import STATE_LABELS, PolicyState
from portals.shared.places import division_name
from portals.zhengtong import forms, words
from portals.zhengtong.access import needs, on_a_seat
from portals.zhengtong.exports import export
from portals.zhengtong.forms import Form
from portals.zhengtong.policies import acts
from portals.zhengtong.reach import Reach, ReachEstimate
from portals.zhengtong.visit import Given, Said, Visit, Visiting

#: The way of a version to those it is for.
_WAY = (
    PolicyState.DRAFT,
    PolicyState.IN_REVIEW,
    PolicyState.DECOMPOSED,
    PolicyState.VERIFIED,
    PolicyState.APPROVED,
    PolicyState.PUBLISHED,
    PolicyState.EFFECTIVE,
)


@get("/policies", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def policies(
    visit: Visiting, of_state: Annotated[str, QueryParameter(name="state")] = "", q: FromQuery[str] = ""
) -> Response[str]:
    """Every version with its state and standing."""
    return visit.page(
        "zhengtong/policies/list.html",
        lines=acts.listed(visit.services, state=of_state, words=q.strip()),
        state=of_state,
        q=q,
        states=[(one.value, _(label)) for one, label in STATE_LABELS.items()],
        standings=words.STANDINGS,
        audiences=words.AUDIENCES,
        renewals=acts.renewals(visit.services),
        today=visit.services.house.clock.today(),
        may_write=visit.principal.has_duty("policy.author"),
    )


@get("/policies.csv", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def policies_export(
    services: Given,
    principal: Said,
    of_state: Annotated[str, QueryParameter(name="state")] = "",
    q: FromQuery[str] = "",
) -> Response[str]:
    """The list as CSV."""
    header = [
        _("政策编号"),
        _("版本"),
        _("名称"),
        _("状态"),
        _("依据情况"),
        _("施行日期"),
        _("失效日期"),
        _("覆盖比例"),
    ]
    rows = [
        [
            line.policy_id,
            line.version,
            line.title,
            line.state_label,
            _(words.STANDINGS[line.standing]),
            line.effective_from,
            line.effective_to,
            f"{line.rollout_permille / 10:g}%",
        ]
        for line in acts.listed(services, state=of_state, words=q.strip())
    ]
    with services.house.database.write() as session:
        return export(session, principal, "policies", header, rows, now=services.house.clock.now())


@get("/policies/{version_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def policy(visit: Visiting, version_id: FromPath[uuid.UUID]) -> Response[str]:
    """Clauses beside FEEL, cases and their outcomes, sources, versions, who put a hand to it, whom it reached."""
    return _policy_page(visit, version_id)


@get("/policies/{version_id:uuid}/reach", sync_to_thread=True, include_in_schema=False, guards=[on_a_seat])
def reach_page(
    visit: Visiting, reach: NamedDependency[Reach], version_id: FromPath[uuid.UUID]
) -> Response[str]:
    """How many it would reach and what that costs; before publishing, this page carries the button."""
    file = acts.file_of(visit.services, visit.principal, version_id)
    problem, estimate = _estimated(reach, version_id)
    return visit.page(
        "zhengtong/policies/reach.html",
        file=file,
        estimate=estimate,
        problem=problem,
        periods=words.PERIODS,
        is_demonstration=file.line.is_demonstration,
    )


@post(
    "/policies/{version_id:uuid}/{action:str}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[needs("policy.author", "policy.publish", "payment.approve")],
)
def act(
    visit: Visiting,
    version_id: FromPath[uuid.UUID],
    action: FromPath[str],
    reach: NamedDependency[Reach],
    data: Form,
) -> Response[str] | Redirect:
    """One step in the life of a version."""
    note = forms.one(data, "note")
    findings = Review(**{field: forms.one(data, field) for field in Review.__struct_fields__})
    try:
        acts.move(visit.services, reach, visit.principal, version_id, action, note=note, findings=findings)
    except InvalidInput as problem:
        return _policy_page(
            visit,
            version_id,
            errors=problem.at("note"),
            detail=problem.detail,
            chosen=action,
            note=note,
            findings=findings,
            status=400,
        )
    return Redirect(f"/zhengtong/policies/{version_id}?done=policy", status_code=303)


def _policy_page(
    visit: Visit,
    version_id: uuid.UUID,
    *,
    errors: tuple[FieldError, ...] = (),
    detail: str = "",
    chosen: str = "",
    note: str = "",
    findings: Review | None = None,
    status: int = 200,
) -> Response[str]:
    file = acts.file_of(visit.services, visit.principal, version_id)
    return visit.page(
        "zhengtong/policies/policy.html",
        status=status,
        file=file,
        errors=errors,
        detail=detail,
        chosen=chosen,
        note=note,
        findings=findings or Review(legality="", fair_competition="", funds=""),
        actions=words.POLICY_ACTIONS,
        notes=words.POLICY_NOTES,
        needs_note=acts.NEEDS_NOTE,
        review_fields=words.REVIEW_FIELDS,
        standings=words.STANDINGS,
        audiences=words.AUDIENCES,
        periods=words.PERIODS,
        funds=words.FUNDS,
        kinds=words.BUDGET_KINDS,
        limit_words=words.LIMITS,
        cap_words=words.YEARLY_CAPS,
        offer_labels={state.value: _(LABELS[state]) for state in OfferState},
        division_name=division_name,
        stages=[_(STATE_LABELS[one]) for one in _WAY],
        stage=_WAY.index(state) + 1 if (state := PolicyState(file.line.state)) in _WAY else None,
        is_draft=state == PolicyState.DRAFT,
        may_write=visit.principal.has_duty("policy.author"),
        is_demonstration=file.line.is_demonstration,
    )


def _estimated(reach: Reach, version_id: uuid.UUID) -> tuple[str, ReachEstimate | None]:
    """The estimate, or why there is none."""
    try:
        return "", reach.of_version(version_id)
    except InvalidInput as problem:
        return problem.detail, None


HANDLERS = [policies, policies_export, policy, reach_page, act]
