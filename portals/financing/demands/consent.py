"""The way to the identity service and back, for one authorisation: a client of its own, with an itemised question (RFC 9396).

A client apart from the portal's, so that consents for data never mix with sign-ins. What comes back is believed only if this very
person, for this very firm, set out from here: ``state`` is single use and holds both; the code is bound by PKCE.
"""

import base64
import hashlib
import uuid
from typing import Any
from urllib.parse import urlencode

import msgspec

from identity.clients import service as clients
from identity.clients.schemas import ClientSettings
from identity.grants import repository as grant_rows
from identity.oauth.rfc9396_details import Names
from kernel.errors import Forbidden
from kernel.house import House
from kernel.i18n import N_
from kernel.i18n import gettext as _
from kernel.ids import new_token
from kernel.web.bearer import ResolveToken
from kernel.web.oidc_client import portal_secret
from kernel.web.oidc_issuer import IssuerClient
from kernel.web.principal import Principal
from portals.financing.demands.authorisation import SCOPE, TYPE
from portals.financing.institutions import institutions
from portals.financing.products.views import PURPOSES
from portals.financing.profile.items import data_items

CLIENT = "financing-data"
CALLBACK = "/rongtong/financing/authorised"
SECONDS = 600
_FREQUENCIES: dict[str, dict[str, str]] = {
    "once": {"zh": "每家银行只看一次", "en": "each bank once"},
    "until_expiry": {"zh": "有效期内可多次查看", "en": "as often as needed"},
}
_PURPOSES_EN = {
    "working_capital": "working capital",
    "equipment": "equipment",
    "premises": "premises",
    "research": "research",
    "export": "import and export",
    "green": "saving energy",
    "refinancing": "renewing a loan",
}


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """Who set out, for which firm and demand."""

    verifier: str
    subject_id: int
    firm_id: int
    demand_id: uuid.UUID


class ConsentDesk:
    """One per app. ``begin`` leads to the identity service, ``complete`` takes what came back."""

    def __init__(self, house: House, resolve: ResolveToken) -> None:
        self._house = house
        self._resolve = resolve
        self._is_registered = False
        self._issuer = IssuerClient(
            house.settings.issuer,
            client_id=CLIENT,
            client_secret=portal_secret(house.vault, CLIENT),
            redirect_uri=f"{house.settings.base_url}{CALLBACK}",
        )

    def close(self) -> None:
        self._issuer.close()

    def begin(self, principal: Principal, demand_id: uuid.UUID, detail: dict[str, Any]) -> str:
        """The address to go to, in the capacity one is in already."""
        self._register()
        state, verifier = new_token(), new_token(384)
        attempt = Attempt(
            verifier=verifier,
            subject_id=principal.subject_id,
            firm_id=principal.acting_for,
            demand_id=demand_id,
        )
        self._house.ephemeral.put(_key(state), msgspec.json.encode(attempt), SECONDS)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        with self._house.database.read() as session:
            grant = grant_rows.get(session, principal.grant_id)
        parameters = {
            "response_type": "code",
            "client_id": CLIENT,
            "redirect_uri": self._issuer.redirect_uri,
            "scope": f"openid {SCOPE}",
            "state": state,
            "code_challenge": challenge.decode().rstrip("="),
            "code_challenge_method": "S256",
            "authorization_details": msgspec.json.encode([detail]).decode(),
        }
        if grant is not None:
            parameters["capacity_hint"] = grant.basis
        return f"{self._issuer.authorization_endpoint}?{urlencode(parameters)}"

    def complete(self, principal: Principal, query: dict[str, str]) -> tuple[uuid.UUID, Principal | None]:
        """The demand, and the consent as its token says it; none where it was refused.

        Raises ``Forbidden`` where it is not the answer to a question of this person's, or was taken already.
        """
        kept = self._house.ephemeral.take(_key(query.get("state", "")))
        attempt = None if kept is None else msgspec.json.decode(kept, type=Attempt)
        is_ours = query.get("iss", "") == self._house.settings.issuer  # RFC 9207 §2.4
        if (
            attempt is None
            or not is_ours
            or (attempt.subject_id, attempt.firm_id) != (principal.subject_id, principal.acting_for)
        ):
            raise Forbidden(_("这次授权不是从这里发起的，或者已经用过。请从融资需求页面重新授权。"))
        if "error" in query:
            return attempt.demand_id, None
        tokens = self._issuer.exchange_code(query.get("code", ""), attempt.verifier)
        return attempt.demand_id, self._resolve(tokens.access_token)

    def _register(self) -> None:
        """Bring the registration up to the settings, once per process."""
        if self._is_registered:
            return
        house = self._house
        settings = ClientSettings(
            name=N_("东楚融通融资数据授权"),
            redirect_uris=(self._issuer.redirect_uri,),
            scopes=("openid", SCOPE),
            capacities=("enterprise",),
            authorization_details_types=(TYPE,),
            is_first_party=True,
        )
        with house.database.write() as session:
            clients.register(
                session,
                CLIENT,
                settings,
                secret=portal_secret(house.vault, CLIENT),
                vault=house.vault,
                now=house.clock.now(),
            )
        self._is_registered = True


def names_of_details() -> Names:
    """What the consent page calls the values of a question."""
    return {
        **{code: {"zh": one.zh, "en": one.en} for code, one in data_items().items()},
        **{code: {"zh": one.name, "en": one.name_en} for code, one in institutions().items()},
        **{code: {"zh": zh, "en": _PURPOSES_EN[code]} for code, zh in PURPOSES.items()},
        **_FREQUENCIES,
    }


def _key(state: str) -> str:
    return f"financing/consent/{state[:80]}"
