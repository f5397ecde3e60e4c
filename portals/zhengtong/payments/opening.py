"""Opening a budget for a policy in force: until there is one, its rights are granted and their money waits."""

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import FromQuery, JSONBody
from litestar.response import Redirect
from sqlalchemy.orm import Session

from kernel import audit
from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput, NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from policy_engine.catalogue import encloses
from policy_engine.delivery import service as delivery
from policy_engine.delivery.ledger import repository as ledger
from policy_engine.policies.document import PolicyDocument
from portals.services import Services
from portals.shared.places import division_name
from portals.zhengtong import forms
from portals.zhengtong.access import needs, seat_of
from portals.zhengtong.forms import Form, Sent
from portals.zhengtong.payments import acts
from portals.zhengtong.visit import Given, Said, Visit, Visiting

MAY_PAY = needs("payment.approve")
#: Who keeps books of its own: the city, and the two counties with a treasury.
FISCAL_AUTHORITIES = ("420200", "420222", "420281")
LONGEST_APPROPRIATION = 64


class NewBudget(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``appropriation`` is the account in the fiscal authority's own books; ``amount_fen`` its first sum."""

    policy_id: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    division: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{6}$")]
    year: Annotated[int, msgspec.Meta(ge=2000, le=2200)]
    appropriation: Annotated[str, msgspec.Meta(min_length=1, max_length=LONGEST_APPROPRIATION)]
    amount_fen: Annotated[int, msgspec.Meta(gt=0, lt=10**14)]


def divisions_of(principal: Principal) -> list[str]:
    """The fiscal authorities whose books the seat may open: its own, and those inside its division."""
    own = seat_of(principal).division
    return [one for one in FISCAL_AUTHORITIES if encloses(own, one)]


def payable(session: Session, services: Services) -> list[PolicyDocument]:
    """Policies in force that pay money."""
    published = services.published.current(session).effective_on(services.house.clock.today())
    documents = [one.document for one in published if one.document.benefit and one.document.funding]
    return sorted(documents, key=lambda document: document.title)


def open_budget(services: Services, principal: Principal, asked: NewBudget) -> acts.Books:
    """Open it with its first appropriation; those who waited are served. Raises ``Conflict`` where there is one."""
    house, now = services.house, services.house.clock.now()
    with house.database.write() as session:
        document = next((one for one in payable(session, services) if one.id == asked.policy_id), None)
        if document is None or document.funding is None or asked.division not in divisions_of(principal):
            raise NotFound(_("没有找到您要的内容。"))
        fund = document.funding.fund
        known = ledger.find_budget(session, asked.policy_id, asked.division, fund, asked.year)
        if known is not None and known.division == asked.division:
            raise Conflict(_("这项政策在该地该年度已有预算，请改用“登记拨款”。"))
        budget = delivery.open_budget(
            session,
            policy_id=document.id,
            division=asked.division,
            year=asked.year,
            appropriation=asked.appropriation.strip(),
            kind=document.funding.kind,
            amount_fen=asked.amount_fen,
            fund_source=fund,
            now=now,
        )
        audit.record(
            session,
            actor=principal,
            action="budget.open",
            object_kind="budget",
            object_id=budget.id,
            detail={"policy_id": document.id, "amount_fen": asked.amount_fen, "year": asked.year},
            now=now,
        )
    return acts.books(services, principal)


@get("/payments/budgets/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def new_budget(visit: Visiting, policy: FromQuery[str] = "") -> Response[str]:
    """Which policy, whose books, which year, how much."""
    return _page(visit, {"policy": policy})


@post("/payments/budgets/new", sync_to_thread=True, include_in_schema=False, guards=[MAY_PAY])
def add_budget_by_form(visit: Visiting, data: Form) -> Response[str] | Redirect:
    try:
        open_budget(visit.services, visit.principal, _asked(data))
    except (InvalidInput, Conflict) as problem:
        return _page(visit, data, problem)
    return Redirect("/zhengtong/payments/budgets?done=opened", status_code=303)


@post("/budgets", sync_to_thread=True, tags=["payments"], summary="Open a budget", guards=[MAY_PAY])
def add_budget(services: Given, principal: Said, data: JSONBody[NewBudget]) -> acts.Books:
    return open_budget(services, principal, data)


def _asked(data: Sent) -> NewBudget:
    errors = []
    for name, words in (
        ("policy", _("请选择政策。")),
        ("division", _("请选择财政。")),
        ("appropriation", _("请填写预算科目。")),
        ("amount", _("请填写金额。")),
    ):
        if not forms.one(data, name):
            errors.append(FieldError(name, words))
    year = forms.one(data, "year")
    if not (year.isascii() and year.isdigit() and 2000 <= int(year) <= 2200):
        errors.append(FieldError("year", _("年度应写作 2026。")))
    if len(forms.one(data, "appropriation")) > LONGEST_APPROPRIATION:
        errors.append(FieldError("appropriation", _("科目应在64个字以内。")))
    amount_fen = forms.fen(data, "amount") if not errors else None
    if errors or amount_fen is None:
        raise InvalidInput(_("请补全预算信息。"), errors=errors)
    return NewBudget(
        policy_id=forms.one(data, "policy"),
        division=forms.one(data, "division"),
        year=int(year),
        appropriation=forms.one(data, "appropriation"),
        amount_fen=amount_fen,
    )


def _page(visit: Visit, sent: Sent, problem: DongchuError | None = None) -> Response[str]:
    with visit.services.house.database.read() as session:
        policies = [(one.id, one.title) for one in payable(session, visit.services)]
    names = ("policy", "division", "year", "appropriation", "amount")
    typed = {name: forms.one(sent, name) for name in names}
    typed["year"] = typed["year"] or str(visit.services.house.clock.today().year)
    errors = () if problem is None else problem.at()
    return visit.page(
        "zhengtong/payments/new_budget.html",
        status=200 if problem is None else problem.status,
        policies=policies,
        divisions=[(one, division_name(one)) for one in divisions_of(visit.principal)],
        typed=typed,
        errors=errors,
    )


HANDLERS = [new_budget, add_budget_by_form]
API_HANDLERS = [add_budget]
