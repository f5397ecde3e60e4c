"""Which income does not count, test by test: as it is in force on a day; one seat proposes a change, another agrees."""

import uuid
from datetime import date, datetime
from typing import Any, Literal, cast

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.response import Redirect

from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import catalogue
from policy_engine.catalogue.divisions import prefix_of
from policy_engine.catalogue.income import Treatment, income_catalogue, treatment_on
from policy_engine.catalogue.parameters import STANDINGS, Standing
from policy_engine.delivery.means import income_rules, repository
from policy_engine.delivery.means.income_rules import CITY_DIGITS, NewRule
from policy_engine.delivery.means.models import IncomeRule
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong import forms
from portals.zhengtong.access import needs, seat_of
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_SEE = needs(
    "policy.author", "policy.publish", "claim.accept", "claim.joint_review", "claim.decide", "audit.read"
)
MAY_PROPOSE = needs("policy.author")
MAY_DECIDE = needs("policy.author", "policy.publish")
PATH = "/zhengtong/income-rules"
TREATMENTS: dict[str, str] = {
    "excluded": N_("不计入"),
    "counted": N_("计入（结束原来的不计入）"),
    "above": N_("超过一定数额的部分计入"),
}
STANDING_LABELS: dict[Standing, str] = {
    "official": N_("官方原文"),
    "press": N_("报刊转载"),
    "other_place": N_("其他地方的规定"),
    "unverified": N_("未核实"),
}
STATES: dict[str, str] = {
    "proposed": N_("等待另一席位审定"),
    "agreed": N_("已同意"),
    "refused": N_("未同意"),
    "withdrawn": N_("已撤回"),
}
Outcome = Literal["agree", "refuse", "withdraw"]
OUTCOMES: tuple[Outcome, ...] = ("agree", "refuse", "withdraw")
_FIELDS = (
    "test", "kind", "division", "since", "until", "treatment", "free_fen",
    "title", "document_number", "url", "standing", "reason",
)  # fmt: skip


class RuleInForce(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of income is treated in one test on a day; ``source`` is empty where nothing leaves it out."""

    test: str
    test_label: str
    kind: str
    kind_label: str
    treatment: str
    treatment_label: str
    free_fen: int
    since: date | None
    until: date | None
    source: str
    document_number: str
    standing: str


class ChangeOfRule(msgspec.Struct, frozen=True, kw_only=True):
    """A proposed or decided change; ``is_mine``: proposed by the reader, so another has to decide it."""

    id: uuid.UUID
    test: str
    test_label: str
    kind: str
    kind_label: str
    place: str
    treatment_label: str
    free_fen: int
    since: date
    until: date | None
    title: str
    document_number: str
    url: str
    standing_label: str
    state: str
    state_label: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str
    decided_at: datetime | None
    reason: str
    is_mine: bool


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    outcome: Outcome
    reason: str = ""


def in_force(services: Services, principal: Principal, on: date) -> list[RuleInForce]:
    """Every test and kind as it stands in the seat's division on ``on``."""
    known, division = income_catalogue(), seat_of(principal).division
    with services.house.database.read() as session:
        rules = income_rules.treatments(session)
    return [
        _line(test.id, kind.id, treatment_on(rules, test.id, kind.id, division, on))
        for test in known.tests.values()
        for kind in known.kinds.values()
    ]


def changes(services: Services, principal: Principal) -> list[ChangeOfRule]:
    """What waits first, then the newest."""
    with services.house.database.read() as session:
        rows = repository.income_rules(session, "proposed", "agreed", "refused", "withdrawn")
    rows = sorted(rows, key=lambda one: (one.state != "proposed", -one.proposed_at.timestamp()))
    return [_change(one, principal) for one in rows]


def propose(services: Services, principal: Principal, rule: NewRule) -> ChangeOfRule:
    house = services.house
    with house.database.write() as session:
        row = income_rules.propose(
            session, services.ports, principal=principal, rule=rule, now=house.clock.now()
        )
        return _change(row, principal)


def decide(services: Services, principal: Principal, rule_id: uuid.UUID, decision: Decision) -> ChangeOfRule:
    house = services.house
    with house.database.write() as session:
        row = income_rules.decide(
            session,
            rule_id=rule_id,
            principal=principal,
            outcome=decision.outcome,
            reason=decision.reason,
            now=house.clock.now(),
        )
        return _change(row, principal)


@get("/income-rules", sync_to_thread=True, include_in_schema=False, guards=[MAY_SEE])
def rules_page(visit: Visiting, on: FromQuery[str] = "") -> Response[str]:
    return _page(visit, on)


@post("/income-rules", sync_to_thread=True, include_in_schema=False, guards=[MAY_PROPOSE])
def propose_form(visit: Visiting, data: Form) -> Response[str] | Redirect:
    try:
        propose(visit.services, visit.principal, _wanted(data))
    except (InvalidInput, Conflict, Forbidden) as problem:
        return _page(visit, "", data, problem)
    return Redirect(f"{PATH}?done=rule_proposed", status_code=303)


@post("/income-rules/{rule_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_DECIDE])
def decide_form(visit: Visiting, rule_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    outcome = forms.one(data, "outcome")
    try:
        if outcome not in OUTCOMES:
            raise InvalidInput(_("请选择同意、不同意或撤回。"))
        wanted = Decision(outcome=cast(Outcome, outcome), reason=forms.one(data, "reason"))
        decide(visit.services, visit.principal, rule_id, wanted)
    except (InvalidInput, Conflict, Forbidden) as problem:
        return _page(visit, "", data, problem)
    return Redirect(f"{PATH}?done=rule_{outcome}", status_code=303)


@get(
    "/income-rules",
    sync_to_thread=True,
    tags=["means"],
    summary="Which income counts in which means test on a day",
    guards=[MAY_SEE],
)
def list_rules(services: Given, principal: Said, on: FromQuery[date | None] = None) -> list[RuleInForce]:
    return in_force(services, principal, on or services.house.clock.today())


@get(
    "/income-rules/changes",
    sync_to_thread=True,
    tags=["means"],
    summary="Changes of the list, proposed and decided",
    guards=[MAY_SEE],
)
def list_changes(services: Given, principal: Said) -> list[ChangeOfRule]:
    return changes(services, principal)


@post(
    "/income-rules/changes",
    status_code=201,
    sync_to_thread=True,
    tags=["means"],
    summary="Propose that a kind of income does not count, or counts again, from a day on",
    guards=[MAY_PROPOSE],
)
def add_change(services: Given, principal: Said, data: JSONBody[NewRule]) -> ChangeOfRule:
    return propose(services, principal, data)


@post(
    "/income-rules/changes/{rule_id:uuid}/decision",
    status_code=200,
    sync_to_thread=True,
    tags=["means"],
    summary="Agree to what another seat proposed, refuse it, or take one's own proposal back",
    guards=[MAY_DECIDE],
)
def add_decision(
    services: Given, principal: Said, rule_id: FromPath[uuid.UUID], data: JSONBody[Decision]
) -> ChangeOfRule:
    return decide(services, principal, rule_id, data)


def _line(test: str, kind: str, rule: Treatment | None) -> RuleInForce:
    known = income_catalogue()
    treatment = "counted" if rule is None else _treatment(rule.counts, rule.free_fen)
    is_told = rule is not None
    return RuleInForce(
        test=test,
        test_label=known.tests[test].named.said,
        kind=kind,
        kind_label=known.kinds[kind].named.said,
        treatment=treatment,
        treatment_label=_("计入") if treatment == "counted" else _(TREATMENTS[treatment]),
        free_fen=rule.free_fen if is_told else 0,
        since=rule.since if is_told else None,
        until=rule.until if is_told else None,
        source=rule.source.title if is_told else "",
        document_number=(rule.source.document_number or "") if is_told else "",
        standing=_(STANDING_LABELS[rule.source.standing]) if is_told else "",
    )


def _treatment(counts: bool, free_fen: int) -> str:
    if not counts:
        return "excluded"
    return "above" if free_fen else "counted"


def _change(row: IncomeRule, principal: Principal) -> ChangeOfRule:
    known = income_catalogue()
    return ChangeOfRule(
        id=row.id,
        test=row.test,
        test_label=known.tests[row.test].named.said,
        kind=row.kind,
        kind_label=known.kinds[row.kind].named.said,
        place=division_name(row.division),
        treatment_label=_(TREATMENTS[_treatment(row.counts, row.free_fen)]),
        free_fen=row.free_fen,
        since=row.since,
        until=row.until,
        title=row.title,
        document_number=row.document_number or "",
        url=row.url,
        standing_label=_(STANDING_LABELS[cast(Standing, row.standing)]),
        state=row.state,
        state_label=_(STATES[row.state]),
        proposed_by=row.proposed_by_seat,
        proposed_at=row.proposed_at,
        decided_by=row.decided_by_seat or "",
        decided_at=row.decided_at,
        reason=row.reason or "",
        is_mine=row.proposed_by_id == principal.subject_id,
    )


def _wanted(data: Sent) -> NewRule:
    """What the form says. Raises ``InvalidInput`` for a day or a choice that is none."""
    treatment, standing = forms.one(data, "treatment"), forms.one(data, "standing")
    since, until = _day(forms.one(data, "since")), _day(forms.one(data, "until"))
    errors = [
        FieldError(name, what)
        for is_wrong, name, what in (
            (since is None, "since", _("请填写日期，如 2026-11-23")),
            (until is None and bool(forms.one(data, "until")), "until", _("请填写日期，如 2026-11-23")),
            (treatment not in TREATMENTS, "treatment", _("请选择一项。")),
            (standing not in STANDINGS, "standing", _("请选择依据的可靠程度。")),
        )
        if is_wrong
    ]
    if errors or since is None:
        raise InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)
    return NewRule(
        test=forms.one(data, "test"),
        kind=forms.one(data, "kind"),
        division=forms.one(data, "division"),
        since=since,
        until=until,
        treatment=cast(Any, treatment),
        free_fen=forms.fen(data, "free_fen") or 0,
        title=forms.one(data, "title"),
        document_number=forms.one(data, "document_number"),
        url=forms.one(data, "url"),
        standing=cast(Standing, standing),
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _page(
    visit: Visit, on: str, typed: Sent | None = None, problem: DongchuError | None = None
) -> Response[str]:
    known, seat, today = income_catalogue(), seat_of(visit.principal), visit.services.house.clock.today()
    day = _day(on) or today
    places = [
        (code, division_name(code))
        for code in catalogue().divisions
        if len(prefix_of(code)) <= CITY_DIGITS and code.startswith(prefix_of(seat.division))
    ]
    return visit.page(
        "zhengtong/policies/income_rules.html",
        status=200 if problem is None else problem.status,
        day=day,
        rules=in_force(visit.services, visit.principal, day),
        tests=[(one.id, one.named.said) for one in known.tests.values()],
        kinds=[(one.id, one.named.said) for one in known.kinds.values()],
        changes=changes(visit.services, visit.principal),
        places=places,
        treatments=[(key, _(label)) for key, label in TREATMENTS.items()],
        standings=[(key, _(label)) for key, label in STANDING_LABELS.items()],
        may_propose=visit.principal.has_duty("policy.author") and bool(places),
        may_decide=visit.principal.has_duty("policy.publish"),
        typed={name: forms.one(typed or {}, name) for name in _FIELDS},
        errors=() if problem is None else problem.errors or (FieldError("", problem.detail),),
    )


PAGES = [rules_page, propose_form, decide_form]
API = [list_rules, list_changes, add_change, add_decision]
