"""The identity service as one web app: the issuer at ``/identity``."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from authlib.oauth2.rfc6749.grants import BaseGrant
from litestar import Litestar
from litestar.datastructures import State
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from connectors.resilience import Watch
from connectors.settings import ConnectorSettings
from identity import tables
from identity.accounts.factor_routes import factor_handlers
from identity.accounts.hall import EntryHall
from identity.accounts.registration import registration_handlers
from identity.accounts.routes import login_handlers
from identity.accounts.step_up import step_up_handlers
from identity.browser import Browser
from identity.clients.portals import ensure_portals
from identity.contacts.routes import contact_handlers
from identity.oauth.device_pages import device_handlers
from identity.oauth.openid_routes import client_registration_handlers, userinfo_handlers
from identity.oauth.pages import oauth_page_handlers
from identity.oauth.provider import open_provider
from identity.oauth.rfc9068_access_token import TokenResolver
from identity.oauth.rfc9396_details import Names
from identity.oauth.routes import protocol_handlers
from identity.outside import Outside, providers_of
from identity.passkeys.routes import passkey_handlers
from identity.proofing.routes import face_handlers
from identity.qr.routes import qr_handlers
from identity.recovery.routes import recovery_handlers
from identity.sessions.api import security_api
from identity.sessions.consent_routes import consent_handlers
from identity.sessions.routes import security_handlers
from identity.upstream.routes import upstream_handlers
from kernel.house import House
from kernel.web.bearer import Doorkeeper
from kernel.web.pages import Pages
from kernel.web.problems import exception_handlers
from kernel.web.requests import WebRequest
from kernel.web.security_headers import add_security_headers

TEMPLATES = Path(__file__).parent / "templates"
LOCALE = Path(__file__).parent / "locale"
LARGEST_BODY = 64 * 1024


def create_app(
    house: House,
    pages: Pages,
    *,
    outside: ConnectorSettings | None = None,
    grants: tuple[type[BaseGrant], ...] = (),
    detail_names: Mapping[str, Names] | None = None,
) -> Litestar:
    """Everything under ``/identity``. Its first start makes the signing keys and registers the city's portals.

    Without ``outside`` the simulators that the same process serves carry codes and check names. ``grants`` are more ways
    to a token, of storeys above; ``detail_names`` what the values of itemised authorisations are called.
    """
    provider, browser = open_provider(house, grants=grants, detail_names=detail_names), Browser(house)
    bound = pages.for_portal("identity")
    systems = outside or ConnectorSettings.embedded(house.settings.base_url, house.settings.home)
    watch = Watch(house.ephemeral, house.clock)
    hall = EntryHall(house, bound, browser, Outside(systems, watch))
    providers = providers_of(systems, house.settings.issuer, watch)
    hall.providers = tuple(providers)

    def prepare() -> None:
        provider.keys.prepare()
        with house.database.write() as session:
            ensure_portals(session, house=house)

    return Litestar(
        path="/identity",
        route_handlers=[
            *protocol_handlers(provider),
            *userinfo_handlers(provider),
            *client_registration_handlers(provider),
            *oauth_page_handlers(provider, bound, browser),
            *device_handlers(provider, bound, browser),
            *login_handlers(hall),
            *registration_handlers(hall),
            *step_up_handlers(hall),
            *factor_handlers(hall),
            *contact_handlers(hall),
            *passkey_handlers(hall),
            *qr_handlers(hall),
            *upstream_handlers(hall, providers),
            *recovery_handlers(hall),
            *face_handlers(hall),
            *consent_handlers(hall),
            security_api(hall),
            *security_handlers(house, bound, browser, tuple(providers)),
        ],
        on_startup=[prepare],
        on_shutdown=[
            hall.outside.close,
            provider.outward.close,
            *(upstream.close for upstream in providers.values()),
        ],
        state=State({"hall": hall, "doorkeeper": Doorkeeper(TokenResolver(house))}),
        exception_handlers=exception_handlers(bound, sign_in=_sign_in),
        before_send=[add_security_headers],
        logging_config=None,
        request_max_body_size=LARGEST_BODY,
        openapi_config=OpenAPIConfig(
            title="Dongchu identity",
            version="1",
            path="/schema",
            render_plugins=[JsonRenderPlugin()],
        ),
    )


def _sign_in(_request: WebRequest) -> str:
    """Our own pages ask for a sign-in by the login page; it leads back to the security page."""
    return f"/identity/login?{urlencode({'next': ''})}"


__all__ = ["LOCALE", "TEMPLATES", "create_app", "tables"]
