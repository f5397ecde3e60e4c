"""A claim as its own people read it, and what they may do about it: supplement, appeal, take back. The same in both portals."""

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from litestar import Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, JSONBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, InvalidInput, OutsideFailure
from kernel.i18n import gettext as _
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from policy_engine.delivery.awards.schemas import AwardView
from policy_engine.delivery.claims.schemas import ClaimDetail, ClaimRow
from policy_engine.delivery.payments.schemas import PaymentView
from portals.routing import routes
from portals.services import Services
from portals.shared import ages, evidence
from portals.shared.benefits import Benefits, Form, Me, Words
from portals.shared.records import record_api, record_page

#: What a form is shown again for, with the words that were typed; anything else is a page of its own.
ON_THE_FORM = (InvalidInput, Conflict, OutsideFailure)
#: As many payments as two years of a monthly benefit.
MOST_PAYMENTS = 24


Given = NamedDependency[Services]
Ours = NamedDependency[Benefits]


@dataclass(frozen=True, slots=True)
class Reading:
    """Somebody before one of their claims, and the page that shows it."""

    request: WebRequest
    pages: Pages
    services: Services
    benefits: Benefits
    principal: Principal
    portal: str

    def show(
        self, claim_id: uuid.UUID, problem: DongchuError | None = None, words: str = ""
    ) -> Response[str]:
        return self.pages.page(
            self.request,
            "shared/claim.html",
            status=problem.status if problem is not None else 200,
            claim=self.benefits.claim(self.principal, claim_id),
            ages=ages.of_claim(self.services, claim_id),
            errors=told(problem),
            words=words,
        )

    def act(self, claim_id: uuid.UUID, act: Callable[[], None], words: str = "") -> Response[str] | Redirect:
        """Do it, or show the claim again with what was wrong and what was typed."""
        try:
            act()
        except ON_THE_FORM as problem:
            return self.show(claim_id, problem, words)
        return Redirect(f"/{self.portal}/claims/{claim_id}", status_code=303)


def reading_of(
    request: WebRequest,
    pages: NamedDependency[Pages],
    services: Given,
    benefits: Ours,
    principal: Me,
    portal: NamedDependency[str],
) -> Reading:
    """The dependency ``reading``."""
    return Reading(request, pages, services, benefits, principal, portal)


def page_handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """``/claims`` and ``/claims/{id}`` with their buttons."""
    own = routes(
        pages=PAGES,
        services=services,
        benefits=Benefits(services),
        portal=portal,
        reading=Provide(reading_of, sync_to_thread=False),
    )
    return [record_page(services), *evidence.pages_of(services, portal), *own]


def api_handlers(services: Services, portal: str) -> Sequence[ControllerRouterHandler]:
    """Claims, the rights that came of them and their payments as JSON."""
    own = routes(api=API, scope=portal, services=services, benefits=Benefits(services))
    return [record_api(services, portal), *evidence.api_of(services, portal), *own]


@get("/claims", sync_to_thread=True, include_in_schema=False)
def claims_page(
    request: WebRequest, principal: Me, pages: NamedDependency[Pages], benefits: Ours
) -> Response[str]:
    return pages.page(
        request,
        "shared/claims.html",
        claims=benefits.claims(principal),
        awards=benefits.awards(principal),
        payments=benefits.payments(principal)[:MOST_PAYMENTS],
    )


@get("/claims/{claim_id:uuid}", sync_to_thread=True, include_in_schema=False)
def claim_page(claim_id: FromPath[uuid.UUID], reading: NamedDependency[Reading]) -> Response[str]:
    return reading.show(claim_id)


@post("/claims/{claim_id:uuid}/appeal", status_code=303, sync_to_thread=True, include_in_schema=False)
def appeal_form(
    claim_id: FromPath[uuid.UUID],
    data: Form,
    principal: Me,
    benefits: Ours,
    reading: NamedDependency[Reading],
) -> Response[str] | Redirect:
    words = data.get("words", "")
    return reading.act(claim_id, lambda: benefits.appeal(principal, claim_id, words), words)


@post("/claims/{claim_id:uuid}/supplement", status_code=303, sync_to_thread=True, include_in_schema=False)
def supplement_form(
    claim_id: FromPath[uuid.UUID],
    data: Form,
    principal: Me,
    benefits: Ours,
    reading: NamedDependency[Reading],
) -> Response[str] | Redirect:
    words = data.get("words", "")
    return reading.act(claim_id, lambda: benefits.supplement(principal, claim_id, words), words)


@post("/claims/{claim_id:uuid}/withdraw", status_code=303, sync_to_thread=True, include_in_schema=False)
def withdraw_form(
    claim_id: FromPath[uuid.UUID], principal: Me, benefits: Ours, reading: NamedDependency[Reading]
) -> Response[str] | Redirect:
    return reading.act(claim_id, lambda: benefits.withdraw(principal, claim_id))


@get("/claims", sync_to_thread=True, summary="Claims, the newest first")
def list_claims(principal: Me, benefits: Ours) -> list[ClaimRow]:
    return benefits.claims(principal)


@get(
    "/claims/{claim_id:uuid}",
    sync_to_thread=True,
    summary="One claim with its timeline",
)
def get_claim(claim_id: FromPath[uuid.UUID], principal: Me, benefits: Ours) -> ClaimDetail:
    return benefits.claim(principal, claim_id)


@get(
    "/claims/{claim_id:uuid}/sources",
    sync_to_thread=True,
    summary="How old the data behind a claim are, source by source",
)
def get_claim_sources(
    claim_id: FromPath[uuid.UUID], principal: Me, services: Given, benefits: Ours
) -> tuple[ages.DataAge, ...]:
    benefits.claim(principal, claim_id)
    return ages.of_claim(services, claim_id)


@post(
    "/claims/{claim_id:uuid}/appeal",
    status_code=204,
    sync_to_thread=True,
    summary="Object to a refusal",
)
def appeal_claim(claim_id: FromPath[uuid.UUID], data: JSONBody[Words], principal: Me, benefits: Ours) -> None:
    benefits.appeal(principal, claim_id, data.text)


@post(
    "/claims/{claim_id:uuid}/supplement",
    status_code=204,
    sync_to_thread=True,
    summary="Supplement a claim that waits for it",
)
def supplement_claim(
    claim_id: FromPath[uuid.UUID], data: JSONBody[Words], principal: Me, benefits: Ours
) -> None:
    benefits.supplement(principal, claim_id, data.text)


@post(
    "/claims/{claim_id:uuid}/withdraw",
    status_code=204,
    sync_to_thread=True,
    summary="Take a claim back before it is decided",
)
def withdraw_claim(claim_id: FromPath[uuid.UUID], principal: Me, benefits: Ours) -> None:
    benefits.withdraw(principal, claim_id)


@get("/awards", sync_to_thread=True, summary="Rights in force and their payments")
def list_awards(principal: Me, benefits: Ours) -> list[AwardView]:
    return benefits.awards(principal)


@get("/payments", sync_to_thread=True, summary="Payments, the newest first")
def list_payments(principal: Me, benefits: Ours) -> list[PaymentView]:
    return benefits.payments(principal)


def told(problem: DongchuError | None) -> list[FieldError]:
    """What the summary above a form says of a problem."""
    if problem is None:
        return []
    return list(problem.errors) or [FieldError("", _(problem.detail))]


PAGES = [claims_page, claim_page, appeal_form, supplement_form, withdraw_form]
API = [
    list_claims,
    get_claim,
    get_claim_sources,
    appeal_claim,
    supplement_claim,
    withdraw_claim,
    list_awards,
    list_payments,
]
