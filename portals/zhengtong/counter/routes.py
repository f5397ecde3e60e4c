"""The counter's pages: find somebody, act for them on paper, see who has to be visited."""

import uuid

from litestar import Response, get, post
from litestar.params import FromPath, FromQuery
from litestar.response import Redirect

from kernel.errors import Conflict, FieldError, InvalidInput, OutsideFailure
from kernel.i18n import gettext as _
from portals.zhengtong import forms, words
from portals.zhengtong.access import needs
from portals.zhengtong.counter import acts
from portals.zhengtong.exports import export
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_ASSIST = needs("counter.assist")


@get("/counter", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def counter(visit: Visiting) -> Response[str]:
    """One field: the number on the card."""
    return visit.page("zhengtong/counter/find.html", errors=(), identifier="")


@post("/counter", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def find(visit: Visiting, data: Form) -> Response[str] | Redirect:
    """By POST, so that no number stands in an address or a log."""
    identifier = forms.one(data, "identifier")
    kind = "id_number" if forms.one(data, "kind") != "uscc" else "uscc"
    try:
        key = acts.find(visit.services, visit.principal, kind, identifier)
    except InvalidInput as problem:
        return visit.page(
            "zhengtong/counter/find.html",
            status=400,
            errors=problem.errors,
            identifier=identifier,
        )
    return Redirect(f"/zhengtong/counter/people/{key}", status_code=303)


@get("/counter/people/{key:str}", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def person(visit: Visiting, key: FromPath[str]) -> Response[str]:
    """What was found for them, what moves, and what they may apply for."""
    return _person_page(visit, key)


@post(
    "/counter/people/{key:str}/applications",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_ASSIST],
)
def apply(visit: Visiting, key: FromPath[str], data: Form) -> Response[str] | Redirect:
    """Apply on paper."""
    try:
        claim_id = acts.apply(
            visit.services, visit.principal, key, forms.one(data, "policy"), _account(data), _paper(data)
        )
    except (InvalidInput, Conflict, OutsideFailure) as problem:
        errors = problem.at()
        return _person_page(visit, key, errors=errors, status=problem.status)
    return Redirect(f"/zhengtong/claims/{claim_id}?done=applied", status_code=303)


@post(
    "/counter/people/{key:str}/due/{award_id:uuid}",
    sync_to_thread=True,
    include_in_schema=False,
    guards=[MAY_ASSIST],
)
def name_heir(
    visit: Visiting, key: FromPath[str], award_id: FromPath[uuid.UUID], data: Form
) -> Response[str] | Redirect:
    """What was due to the dead is to go to the person at the counter."""
    try:
        acts.name_heir(
            visit.services,
            visit.principal,
            key,
            award_id,
            _account(data),
            forms.one(data, "ground"),
            forms.one(data, "heir_reference"),
        )
    except (InvalidInput, Conflict, OutsideFailure) as problem:
        errors = problem.at()
        return _person_page(visit, key, errors=errors, status=problem.status)
    return Redirect(f"/zhengtong/counter/people/{key}?done=heir", status_code=303)


@get("/counter/offers/{offer_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def offer(visit: Visiting, offer_id: FromPath[uuid.UUID]) -> Response[str]:
    """The offer as it is read out at the counter, with the account before anything is confirmed."""
    return _offer_page(visit, offer_id)


@post("/counter/offers/{offer_id:uuid}", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def confirm(visit: Visiting, offer_id: FromPath[uuid.UUID], data: Form) -> Response[str] | Redirect:
    """Confirm on paper."""
    try:
        claim_id = acts.confirm(visit.services, visit.principal, offer_id, _account(data), _paper(data))
    except (InvalidInput, Conflict, OutsideFailure) as problem:
        errors = problem.at()
        return _offer_page(visit, offer_id, errors=errors, status=problem.status)
    return Redirect(f"/zhengtong/claims/{claim_id}?done=confirmed", status_code=303)


@get("/counter/visits", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def visits(
    visit: Visiting,
    days: FromQuery[int] = acts.UNOPENED_DAYS,
    policy: FromQuery[str] = "",
    q: FromQuery[str] = "",
    page: FromQuery[int] = 1,
) -> Response[str]:
    """Offers nobody opened: a knock on the door."""
    kept, here = max(0, min(days, 365)), max(1, min(page, 20_000))
    found = acts.visits(
        visit.services,
        visit.principal,
        kept,
        acts.VisitFilter(policy=policy, words=q),
        limit=acts.VISITS_SHOWN + 1,
        offset=(here - 1) * acts.VISITS_SHOWN,
    )
    policies = acts.policies_to_visit_for(visit.services, visit.principal, kept)
    return visit.page(
        "zhengtong/counter/visits.html",
        visits=found[: acts.VISITS_SHOWN],
        here=here,
        last=here + (len(found) > acts.VISITS_SHOWN),
        policies=policies,
        total=sum(count for _policy, _title, count in policies),
        wanted={"policy": policy, "q": q},
        days=kept,
    )


@get("/counter/visits.csv", sync_to_thread=True, include_in_schema=False, guards=[MAY_ASSIST])
def visits_export(
    services: Given,
    principal: Said,
    days: FromQuery[int] = acts.UNOPENED_DAYS,
    policy: FromQuery[str] = "",
    q: FromQuery[str] = "",
) -> Response[str]:
    """The list to take along, as it is filtered."""
    wanted = acts.VisitFilter(policy=policy, words=q)
    header = [_("姓名"), _("地址所在辖区"), _("事项"), _("通知日期"), _("未打开天数"), _("有无账号")]
    rows = [
        [
            visit.name,
            visit.place,
            visit.title,
            visit.since,
            visit.days,
            _("有") if visit.has_account else _("无"),
        ]
        for visit in acts.visits(services, principal, max(0, min(days, 365)), wanted)
    ]
    with services.house.database.write() as session:
        return export(session, principal, "visits", header, rows, now=services.house.clock.now())


def _account(data: Sent) -> uuid.UUID | None:
    text = forms.one(data, "account")
    return forms.identified(text) if text else None


def _paper(data: Sent) -> acts.Authorisation:
    return acts.Authorisation(kind=forms.one(data, "authorisation"), reference=forms.one(data, "reference"))


def _person_page(
    visit: Visit, key: str, *, errors: tuple[FieldError, ...] = (), status: int = 200
) -> Response[str]:
    return visit.page(
        "zhengtong/counter/person.html",
        status=status,
        person=acts.person(visit.services, visit.principal, key),
        papers=[(one, _(label)) for one, label in words.AUTHORISATIONS.items()],
        grounds=[(one, _(label)) for one, label in words.HEIR_GROUNDS.items()],
        errors=errors,
    )


def _offer_page(
    visit: Visit, offer_id: uuid.UUID, *, errors: tuple[FieldError, ...] = (), status: int = 200
) -> Response[str]:
    shown = acts.offer(visit.services, visit.principal, offer_id)
    return visit.page(
        "zhengtong/counter/offer.html",
        status=status,
        offer=shown,
        papers=[(one, _(label)) for one, label in words.AUTHORISATIONS.items()],
        errors=errors,
        is_demonstration=shown.row.policy.is_demonstration,
    )


HANDLERS = [counter, find, person, apply, name_heir, offer, confirm, visits, visits_export]
