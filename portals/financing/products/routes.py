"""A bank's own products: what it keeps, drafts, puts on offer and takes off, as a page and as JSON.

How many firms a draft would reach is told as a number, never by name, and not at all where they are few.
"""

import uuid
from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from kernel.errors import Conflict, DongchuError, FieldError, Forbidden, InvalidInput
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing.access import on_an_institution_seat
from portals.financing.products.keeping import Products
from portals.financing.products.shelf import ShelfRow, ShelfVersion

Me = NamedDependency[Principal]
Form = URLEncodedBody[dict[str, str]]
Yaml = Annotated[str, msgspec.Meta(max_length=100_000)]
_GUARDS = [on_an_institution_seat("financing.work", "financing.approve")]
HOME = "/rongtong/bank/products"


class Upload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A product and its cases as YAML texts."""

    text: Yaml
    cases: Yaml


class Kept(msgspec.Struct, frozen=True):
    id: uuid.UUID


def handlers(products: Products) -> list[ControllerRouterHandler]:
    """``/bank/products`` and ``/api/v1/bank/products``."""
    return [*_pages(products), *_api(products)]


def _pages(products: Products) -> list[ControllerRouterHandler]:
    def shelf(
        request: WebRequest,
        principal: Principal,
        pages: Pages,
        typed: dict[str, str],
        problem: DongchuError | None = None,
    ) -> Response[str]:
        errors = [] if problem is None else list(problem.errors) or [FieldError("", problem.detail)]
        return pages.page(
            request,
            "financing/shelf.html",
            status=200 if problem is None else problem.status,
            rows=products.shelf(principal),
            typed=typed,
            errors=errors,
        )

    @get("/bank/products", guards=_GUARDS, sync_to_thread=True, include_in_schema=False)
    def shelf_page(request: WebRequest, principal: Me, pages: NamedDependency[Pages]) -> Response[str]:
        return shelf(request, principal, pages, {})

    @post("/bank/products", guards=_GUARDS, status_code=303, sync_to_thread=True, include_in_schema=False)
    def draft_form(
        request: WebRequest, data: Form, principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str] | Redirect:
        try:
            row_id = products.draft(principal, data.get("text", ""), data.get("cases", ""))
        except (InvalidInput, Conflict, Forbidden) as problem:
            return shelf(request, principal, pages, data, problem)
        return Redirect(f"{HOME}/{row_id}", status_code=303)

    @get("/bank/products/{row_id:uuid}", guards=_GUARDS, sync_to_thread=True, include_in_schema=False)
    def version_page(
        request: WebRequest, row_id: FromPath[uuid.UUID], principal: Me, pages: NamedDependency[Pages]
    ) -> Response[str]:
        return pages.page(
            request, "financing/shelf_version.html", version=products.version(principal, row_id)
        )

    @post(
        "/bank/products/{row_id:uuid}/publish",
        guards=_GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def publish_form(row_id: FromPath[uuid.UUID], principal: Me) -> Redirect:
        products.publish(principal, row_id)
        return Redirect(f"{HOME}/{row_id}", status_code=303)

    @post(
        "/bank/products/{row_id:uuid}/end",
        guards=_GUARDS,
        status_code=303,
        sync_to_thread=True,
        include_in_schema=False,
    )
    def end_form(row_id: FromPath[uuid.UUID], principal: Me) -> Redirect:
        products.end(principal, row_id)
        return Redirect(f"{HOME}/{row_id}", status_code=303)

    return [shelf_page, draft_form, version_page, publish_form, end_form]


def _api(products: Products) -> list[ControllerRouterHandler]:
    base = "/api/v1/bank/products"

    @get(base, guards=_GUARDS, sync_to_thread=True, summary="The institution's products, every version")
    def list_shelf(principal: Me) -> list[ShelfRow]:
        return products.shelf(principal)

    @get(
        f"{base}/{{row_id:uuid}}",
        guards=_GUARDS,
        sync_to_thread=True,
        summary="One version with its text and cases",
    )
    def get_shelf_version(row_id: FromPath[uuid.UUID], principal: Me) -> ShelfVersion:
        return products.version(principal, row_id)

    @post(
        base,
        guards=_GUARDS,
        sync_to_thread=True,
        summary="Draft a product: checked with line, reason and mend",
    )
    def draft_product(data: JSONBody[Upload], principal: Me) -> Kept:
        return Kept(products.draft(principal, data.text, data.cases))

    @post(
        f"{base}/{{row_id:uuid}}/publish",
        guards=_GUARDS,
        status_code=204,
        sync_to_thread=True,
        summary="Put a draft on offer; by another person on another seat than its author",
    )
    def publish_product(row_id: FromPath[uuid.UUID], principal: Me) -> None:
        products.publish(principal, row_id)

    @post(
        f"{base}/{{row_id:uuid}}/end",
        guards=_GUARDS,
        status_code=204,
        sync_to_thread=True,
        summary="Take it off offer",
    )
    def end_product(row_id: FromPath[uuid.UUID], principal: Me) -> None:
        products.end(principal, row_id)

    return [list_shelf, get_shelf_version, draft_product, publish_product, end_product]
