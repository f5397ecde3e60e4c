"""The officials' portal under ``/zhengtong``: pages for people, ``/zhengtong/api/v1`` for programs."""

from collections.abc import Mapping
from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide

from kernel.i18n import gettext as _
from kernel.web.bearer import require
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from kernel.web.requests import WebRequest
from portals.financing import zhengtong as financing
from portals.portal import create_portal
from portals.services import Services
from portals.shared import evidence
from portals.zhengtong.access import on_a_seat
from portals.zhengtong.clients import api as clients_api
from portals.zhengtong.clients import routes as clients
from portals.zhengtong.counter import api as counter_api
from portals.zhengtong.counter import papers as counter_papers
from portals.zhengtong.counter import proofing
from portals.zhengtong.counter import routes as counter
from portals.zhengtong.desk import api as desk_api
from portals.zhengtong.desk import batches as desk_batches
from portals.zhengtong.desk import hands as desk_hands
from portals.zhengtong.desk import means as desk_means
from portals.zhengtong.desk import means_withdrawal as desk_means_withdrawal
from portals.zhengtong.desk import ratings as desk_ratings
from portals.zhengtong.desk import routes as desk
from portals.zhengtong.findings import routes as findings
from portals.zhengtong.licences import api as licences_api
from portals.zhengtong.licences import presenting, scanning
from portals.zhengtong.licences import routes as licences
from portals.zhengtong.navigation import side_bar
from portals.zhengtong.organisation import api as organisation_api
from portals.zhengtong.organisation import locking as organisation_locking
from portals.zhengtong.organisation import routes as organisation
from portals.zhengtong.payments import api as payments_api
from portals.zhengtong.payments import closing, opening, reconciling
from portals.zhengtong.payments import routes as payments
from portals.zhengtong.payments import runs as payment_runs
from portals.zhengtong.policies import api as policies_api
from portals.zhengtong.policies import editor, income_rules, vocabulary
from portals.zhengtong.policies import routes as policies
from portals.zhengtong.policies import simulation as policies_simulation
from portals.zhengtong.policies import upload as policies_upload
from portals.zhengtong.reach import Reach
from portals.zhengtong.rights import api as rights_api
from portals.zhengtong.rights import routes as rights
from portals.zhengtong.sources import api as sources_api
from portals.zhengtong.sources import exchange as sources_exchange
from portals.zhengtong.sources import files as sources_files
from portals.zhengtong.sources import objections as sources_objections
from portals.zhengtong.sources import quality as sources_quality
from portals.zhengtong.sources import routes as sources
from portals.zhengtong.trail import api as trail_api
from portals.zhengtong.trail import routes as trail
from portals.zhengtong.visit import visit_of
from portals.zhengtong.words import DONE

SCOPE = "zhengtong"


def create_app(services: Services, pages: Pages) -> Litestar:
    """The portal with everything it needs; handlers may name ``services`` and ``reach``, pages ``visit``."""
    return create_portal(
        services.house,
        pages,
        services.resolve,
        portal="zhengtong",
        title="东楚政通 Dongchu Zhengtong",
        handlers=[_pages(services), _api(services)],
        dependencies={"services": services, "reach": Reach(services.house, services.published)},
        context_of=beside_every_page,
    )


def _pages(services: Services) -> Router:
    return Router(
        "/",
        route_handlers=[
            *desk.HANDLERS,
            Router("/", route_handlers=evidence.pages_of(services, SCOPE), guards=[on_a_seat]),
            *desk_batches.HANDLERS,
            *desk_hands.PAGES,
            *desk_means.PAGES,
            *desk_means_withdrawal.PAGES,
            *desk_ratings.PAGES,
            *findings.PAGES,
            *policies_upload.HANDLERS,
            *editor.PAGES,
            *policies.HANDLERS,
            *policies_simulation.HANDLERS,
            *vocabulary.PAGES,
            *income_rules.PAGES,
            *payments.HANDLERS,
            *opening.HANDLERS,
            *closing.PAGES,
            *reconciling.PAGES,
            *payment_runs.PAGES,
            *rights.HANDLERS,
            *counter.HANDLERS,
            *counter_papers.PAGES,
            *proofing.PAGES,
            *licences.HANDLERS,
            *scanning.HANDLERS,
            *presenting.HANDLERS,
            *trail.HANDLERS,
            *organisation.HANDLERS,
            *organisation_locking.PAGES,
            *clients.HANDLERS,
            *sources.HANDLERS,
            *sources_files.PAGES,
            *sources_objections.PAGES,
            *sources_quality.PAGES,
            *sources_exchange.PAGES,
            *financing.PAGES,
        ],
        guards=[require(scope=SCOPE)],
        dependencies={"visit": Provide(visit_of, sync_to_thread=False)},
    )


def _api(services: Services) -> Router:
    return Router(
        "/api/v1",
        route_handlers=[
            *desk_api.HANDLERS,
            *evidence.api_of(services, SCOPE, prefix=""),
            *desk_hands.API,
            *desk_means.API,
            *desk_means_withdrawal.API,
            *desk_ratings.API,
            *findings.API,
            *policies_api.HANDLERS,
            *editor.API,
            *vocabulary.API,
            *income_rules.API,
            *payments_api.HANDLERS,
            *opening.API_HANDLERS,
            *closing.API,
            *reconciling.API,
            *payment_runs.API,
            *rights_api.HANDLERS,
            *counter_api.HANDLERS,
            *counter_papers.API,
            *proofing.API,
            *licences_api.HANDLERS,
            *presenting.API,
            *trail_api.HANDLERS,
            *organisation_api.HANDLERS,
            *organisation_locking.API,
            *clients_api.HANDLERS,
            *sources_api.HANDLERS,
            *sources_files.API,
            *sources_objections.API,
            *sources_quality.API,
            *sources_exchange.API,
            *financing.API,
        ],
        guards=[require(scope=SCOPE), on_a_seat],
    )


def beside_every_page(request: WebRequest, principal: Principal | None) -> Mapping[str, Any]:
    """What every page shows: the side bar of the seat, and what was just done."""
    seat = None if principal is None else principal.seat
    done = DONE.get(request.query_params.get("done", ""), "")
    return {
        "duties": side_bar(seat) if seat is not None else [],
        "flashes": [{"text": _(done), "tone": "good"}] if done else [],
    }
