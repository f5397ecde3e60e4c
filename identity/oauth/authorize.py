"""The authorization endpoint as a decision: sign in first, choose a capacity, consent, or hand out the code.

Nothing is kept between the pages: the request travels in the address and is judged afresh at every step.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, cast

from authlib.common.urls import add_params_to_uri
from authlib.oauth2 import OAuth2Error
from authlib.oauth2.rfc6749 import InvalidRequestError
from authlib.oidc.core.errors import (
    AccountSelectionRequiredError,
    ConsentRequiredError,
    LoginRequiredError,
    RequestNotSupportedError,
    RequestURINotSupportedError,
)

from identity.accounts.assurance import LEVELS, is_at_least
from identity.accounts.officials import may_take_seat
from identity.capacity.schemas import CapacityOption
from identity.capacity.service import options_for
from identity.clients.models import OAuthClient
from identity.grants import repository as grant_rows
from identity.oauth import repository
from identity.oauth.models import Consent
from identity.oauth.rfc6749_code import CodeGrant, RequiredChallenge
from identity.oauth.server import Answer, EndUser, ProtocolRequest, ProtocolServer
from identity.oauth.token_response import IdToken
from identity.sessions.models import IdentitySession
from identity.trail import note
from kernel.errors import InvalidInput
from kernel.ids import new_id

CONSENT_LIFETIME = timedelta(days=365)
PROMPTS = frozenset({"none", "login", "consent", "select_account"})


@dataclass(frozen=True, slots=True)
class Step:
    """What comes next. ``answer`` is set for ``answer`` and ``issue``; the pages need the rest."""

    kind: Literal["answer", "login", "step_up", "choose", "consent", "no_capacity", "issue"]
    client: OAuthClient | None = None
    answer: Answer | None = None
    options: list[CapacityOption] = field(default_factory=list)
    option: CapacityOption | None = None
    scopes: list[str] = field(default_factory=list)
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person has said on our pages; only ever from a form with a valid CSRF token."""

    basis: str = ""
    decision: Literal["", "allow", "deny"] = ""


class Authorization:
    """One request at the authorization endpoint. ``may_issue=False`` only looks, for the first, reading pass."""

    def __init__(self, server: ProtocolServer, parameters: dict[str, str]) -> None:
        server.register_grant(CodeGrant, [RequiredChallenge(required=True), IdToken(server)])
        self._server = server
        self._request = ProtocolRequest("GET", parameters, {})
        self._data = parameters

    def decide(self, sign_in: IdentitySession | None, choices: Choices, *, may_issue: bool) -> Step:
        """The next step; errors that may go back to the client are redirects, all others an answer with a body."""
        try:
            return self._decide(sign_in, choices, may_issue)
        except OAuth2Error as error:
            error.state = self._data.get("state")
            return Step("answer", answer=self._with_issuer(self._server.refuse(error)))

    def _decide(self, sign_in: IdentitySession | None, choices: Choices, may_issue: bool) -> Step:
        user = EndUser(sign_in) if sign_in else None
        grant = self._server.get_consent_grant(self._request, user)
        redirect_uri, client = grant.redirect_uri, cast(OAuthClient, self._request.client)
        prompts = self._checked_prompts(redirect_uri)
        if sign_in is None or "login" in prompts or self._is_too_old(sign_in, redirect_uri):
            if "none" in prompts:
                raise LoginRequiredError(redirect_uri=redirect_uri)
            return Step("login", client=client)
        if choices.decision == "deny":
            return self._answered(grant, None, client)
        if wanted := self._unmet_level(sign_in):
            if "none" in prompts:
                raise LoginRequiredError(redirect_uri=redirect_uri)
            return Step("step_up", client=client, wanted=wanted)
        options = options_for(
            self._server.session,
            sign_in.subject_id,
            capacities=client.capacities,
            vault=self._server.house.vault,
            now=self._server.now,
        )
        if not options:
            if "none" in prompts:
                raise AccountSelectionRequiredError(redirect_uri=redirect_uri)
            return Step("no_capacity", client=client)
        option = self._chosen(options, choices, prompts, sign_in, client, redirect_uri)
        if option is None:
            return Step("choose", client=client, options=options)
        if option.capacity == "seat" and not may_take_seat(
            self._server.session, sign_in, house=self._server.house, now=self._server.now
        ):
            if "none" in prompts:
                raise LoginRequiredError(redirect_uri=redirect_uri)
            return Step("step_up", client=client)
        scopes = self._scopes_to_consent(sign_in, client, choices, prompts, redirect_uri)
        if scopes:
            return Step("consent", client=client, option=option, scopes=scopes)
        if not may_issue:
            return Step("issue", client=client, option=option)
        if choices.decision == "allow" and not client.is_first_party:
            self._record_consent(sign_in, client)
        return self._answered(grant, EndUser(sign_in, option), client)

    def _checked_prompts(self, redirect_uri: str) -> frozenset[str]:
        """Everything Authlib leaves open about the request, judged once the redirect URI is known to be good."""
        data = self._data
        if "request" in data:
            raise RequestNotSupportedError(redirect_uri=redirect_uri)
        if "request_uri" in data:
            raise RequestURINotSupportedError(redirect_uri=redirect_uri)
        if data.get("response_mode", "query") != "query":
            raise InvalidRequestError("The response_mode is not supported.", redirect_uri=redirect_uri)
        if len(data.get("nonce", "")) > 255:
            raise InvalidRequestError("The nonce is too long.", redirect_uri=redirect_uri)
        prompts = frozenset(data.get("prompt", "").split())
        if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
            raise InvalidRequestError("The prompt is not valid.", redirect_uri=redirect_uri)
        return prompts

    def _unmet_level(self, sign_in: IdentitySession) -> str:
        """The level asked for that this sign-in has not reached; "" when all is well (Core §3.1.2.1, ``acr_values``)."""
        asked = [value for value in self._data.get("acr_values", "").split() if value in LEVELS]
        if not asked or any(is_at_least(sign_in.acr, value) for value in asked):
            return ""
        return min(asked)

    def _is_too_old(self, sign_in: IdentitySession, redirect_uri: str) -> bool:
        text = self._data.get("max_age")
        if text is None:
            return False
        if not text.isdecimal() or len(text) > 9:
            raise InvalidRequestError("The max_age is not a number of seconds.", redirect_uri=redirect_uri)
        return self._server.now - sign_in.auth_at > timedelta(seconds=int(text))

    def _chosen(
        self,
        options: list[CapacityOption],
        choices: Choices,
        prompts: frozenset[str],
        sign_in: IdentitySession,
        client: OAuthClient,
        redirect_uri: str,
    ) -> CapacityOption | None:
        """The option the person named, the only one there is, or silently the one they are in already."""
        if choices.basis:
            named = next((option for option in options if option.basis == choices.basis), None)
            if named is None:
                raise InvalidInput("这个身份已经不能使用，请重新选择。")
            return named
        if len(options) == 1 and "select_account" not in prompts:
            return options[0]
        if "none" in prompts:
            current = grant_rows.latest_of(
                self._server.session, sid=sign_in.sid, client_id=client.client_id, now=self._server.now
            )
            same = [option for option in options if current and option.basis == current.basis]
            if not same:
                raise AccountSelectionRequiredError(redirect_uri=redirect_uri)
            return same[0]
        return None

    def _scopes_to_consent(
        self,
        sign_in: IdentitySession,
        client: OAuthClient,
        choices: Choices,
        prompts: frozenset[str],
        redirect_uri: str,
    ) -> list[str]:
        """What must still be asked; the city's own portals are not third parties."""
        if client.is_first_party or choices.decision == "allow":
            return []
        asked = (self._request.scope or "").split()
        given = repository.valid_consent(
            self._server.session, sign_in.subject_id, client.client_id, self._server.now
        )
        if given and set(asked) <= set(given.scope.split()) and "consent" not in prompts:
            return []
        if "none" in prompts:
            raise ConsentRequiredError(redirect_uri=redirect_uri)
        return asked

    def _record_consent(self, sign_in: IdentitySession, client: OAuthClient) -> None:
        """Kept until withdrawn, a year at most; a wider one replaces it."""
        note(
            self._server.session,
            "consent.give",
            "client",
            client.client_id,
            now=self._server.now,
            by=sign_in.subject_id,
            scope=self._request.scope,
        )
        repository.withdraw_consents(
            self._server.session, sign_in.subject_id, client.client_id, self._server.now
        )
        repository.add(
            self._server.session,
            Consent(
                consent_id=new_id(),
                subject_id=sign_in.subject_id,
                client_id=client.client_id,
                scope=self._request.scope or "",
                given_at=self._server.now,
                expires_at=self._server.now + CONSENT_LIFETIME,
                withdrawn_at=None,
            ),
        )

    def _answered(self, grant: Any, user: EndUser | None, client: OAuthClient) -> Step:
        made = self._server.create_authorization_response(self._request, grant_user=user, grant=grant)
        answer = cast(Answer, made)
        return Step("answer", client=client, answer=self._with_issuer(answer))

    def _with_issuer(self, answer: Answer) -> Answer:
        """RFC 9207 §2: ``iss`` on every redirect, of success and of error."""
        if not answer.location:
            return answer
        location = add_params_to_uri(answer.location, [("iss", self._server.house.settings.issuer)])
        return Answer(answer.status, answer.body, {**answer.headers, "Location": location})
