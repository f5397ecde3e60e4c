"""The authorization endpoint as a decision: sign in first, choose a capacity, consent, or hand out the code.

Nothing is kept between the pages: the request, or the handle of a pushed one, travels in the address and is judged afresh
at every step.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
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
from identity.oauth.keys import ALGS
from identity.oauth.models import Consent
from identity.oauth.openid_claims import ClaimsAsked, kept_claims, read_claims
from identity.oauth.openid_subjects import subject_name
from identity.oauth.rfc6749_code import CodeGrant, RequiredChallenge
from identity.oauth.rfc9396_details import Detail
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
    details: list[Detail] = field(default_factory=list)
    wanted: str = ""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the person has said on our pages; only ever from a form with a valid CSRF token."""

    basis: str = ""
    decision: Literal["", "allow", "deny"] = ""


class Authorization:
    """One request at the authorization endpoint. ``may_issue=False`` only looks, for the first, reading pass.

    ``pushed_at`` is when its client left it with us (RFC 9126); then nobody at the browser had a hand in it.
    """

    def __init__(
        self, server: ProtocolServer, parameters: dict[str, str], *, pushed_at: datetime | None = None
    ) -> None:
        server.register_grant(CodeGrant, [RequiredChallenge(required=True), IdToken(server)])
        self._server = server
        self._request = ProtocolRequest("GET", parameters, {})
        self._data = parameters
        self._pushed_at = pushed_at
        self._claims = ClaimsAsked()

    def check(self) -> None:
        """Judge the request alone, without anybody to answer it. Raises ``OAuth2Error``."""
        grant = self._server.get_consent_grant(self._request, None)
        self._checked_prompts(grant.redirect_uri)

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
        is_stale = sign_in is not None and (
            self._is_wanted_anew(sign_in, prompts) or self._is_too_old(sign_in, client, redirect_uri)
        )
        if sign_in is None or is_stale:
            if "none" in prompts:
                raise LoginRequiredError(redirect_uri=redirect_uri)
            return Step("login", client=client)
        self._check_person(sign_in, client, redirect_uri)
        if choices.decision == "deny":
            return self._answered(grant, None, client)
        if wanted := self._unmet_level(sign_in, client):
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
        scopes, details = self._to_consent(sign_in, client, choices, prompts, redirect_uri)
        if scopes or details:
            return Step("consent", client=client, option=option, scopes=scopes, details=details)
        if not may_issue:
            return Step("issue", client=client, option=option)
        if choices.decision == "allow" and not client.is_first_party:
            self._record_consent(sign_in, client)
        return self._answered(grant, EndUser(sign_in, option), client)

    def _checked_prompts(self, redirect_uri: str) -> frozenset[str]:
        """Everything Authlib leaves open about the request, judged once the redirect URI is known to be good."""
        data, client = self._data, cast(OAuthClient, self._request.client)
        if "request" in data:
            raise RequestNotSupportedError(redirect_uri=redirect_uri)
        if "request_uri" in data:
            raise RequestURINotSupportedError(redirect_uri=redirect_uri)
        if client.requires_par and self._pushed_at is None:
            raise InvalidRequestError("This client must push its requests.", redirect_uri=redirect_uri)
        if data.get("response_mode", "query") != "query":
            raise InvalidRequestError("The response_mode is not supported.", redirect_uri=redirect_uri)
        if len(data.get("nonce", "")) > 255:
            raise InvalidRequestError("The nonce is too long.", redirect_uri=redirect_uri)
        if len(data.get("dpop_jkt", "0" * 43)) != 43:
            raise InvalidRequestError("The dpop_jkt is not a thumbprint.", redirect_uri=redirect_uri)
        self._read_particulars(client, redirect_uri)
        prompts = frozenset(data.get("prompt", "").split())
        if not prompts <= PROMPTS or ("none" in prompts and len(prompts) > 1):
            raise InvalidRequestError("The prompt is not valid.", redirect_uri=redirect_uri)
        return prompts

    def _read_particulars(self, client: OAuthClient, redirect_uri: str) -> None:
        """What exactly is asked for, and which claims by name."""
        try:
            details = self._server.provider.details.read(self._data.get("authorization_details"), client)
        except OAuth2Error as error:
            error.redirect_uri = redirect_uri
            raise
        self._claims = read_claims(self._data.get("claims"), redirect_uri=redirect_uri)
        self._request.details = details
        self._request.claims = kept_claims(self._claims)

    def _is_wanted_anew(self, sign_in: IdentitySession, prompts: frozenset[str]) -> bool:
        """``prompt=login``: of a pushed request it is met by a sign-in since; of another, the page takes it away."""
        if "login" not in prompts:
            return False
        return self._pushed_at is None or sign_in.auth_at < self._pushed_at

    def _check_person(self, sign_in: IdentitySession, client: OAuthClient, redirect_uri: str) -> None:
        """The client may want one person and no other (Core §3.1.2.1 ``id_token_hint``, §5.5.1 ``sub``)."""
        vault = self._server.house.vault
        wanted = {self._claims.subject} - {""}
        hint = self._data.get("id_token_hint")
        if hint is not None:
            claims = self._server.keys.verified(hint, "JWT", ALGS)
            if claims is None or claims.get("aud") != client.client_id:
                raise InvalidRequestError("The id_token_hint is not valid.", redirect_uri=redirect_uri)
            wanted.add(str(claims.get("sub")))
        if wanted and wanted != {subject_name(vault, client, sign_in.subject_id)}:
            raise LoginRequiredError(redirect_uri=redirect_uri)

    def _unmet_level(self, sign_in: IdentitySession, client: OAuthClient) -> str:
        """The level asked for that this sign-in has not reached; "" when all is well (Core §3.1.2.1, ``acr_values``)."""
        named = self._claims.essential_levels or self._data.get("acr_values", "").split()
        asked = [value for value in named or client.default_acr_values if value in LEVELS]
        if not asked or any(is_at_least(sign_in.acr, value) for value in asked):
            return ""
        return min(asked)

    def _is_too_old(self, sign_in: IdentitySession, client: OAuthClient, redirect_uri: str) -> bool:
        text = self._data.get("max_age")
        if text is None and client.default_max_age is None:
            return False
        if text is not None and (not text.isdecimal() or len(text) > 9):
            raise InvalidRequestError("The max_age is not a number of seconds.", redirect_uri=redirect_uri)
        if self._pushed_at is not None and sign_in.auth_at >= self._pushed_at:
            return False  # they signed in for this very request
        most = client.default_max_age if text is None else int(text)
        return self._server.now - sign_in.auth_at > timedelta(seconds=most or 0)

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
        hinted = [option for option in options if option.basis == self._data.get("capacity_hint")]
        if hinted and client.is_first_party and "select_account" not in prompts:
            return hinted[0]  # the city's own portals say whom the person has just chosen there
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

    def _to_consent(
        self,
        sign_in: IdentitySession,
        client: OAuthClient,
        choices: Choices,
        prompts: frozenset[str],
        redirect_uri: str,
    ) -> tuple[list[str], list[Detail]]:
        """What must still be asked; the city's own portals are not third parties. Itemised things are asked always."""
        details = self._request.details or []
        if choices.decision == "allow" or (client.is_first_party and not details):
            return [], []
        asked = self._scopes_told
        given = repository.valid_consent(
            self._server.session, sign_in.subject_id, client.client_id, self._server.now
        )
        is_known = given is not None and set(asked) <= set(given.scope.split())
        if (is_known or client.is_first_party) and "consent" not in prompts and not details:
            return [], []
        if "none" in prompts:
            raise ConsentRequiredError(redirect_uri=redirect_uri)
        return asked, details

    @property
    def _scopes_told(self) -> list[str]:
        """The scopes asked for, and those that cover the claims asked for by name."""
        asked = (self._request.scope or "").split()
        return [*asked, *sorted(self._claims.scopes - set(asked))]

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
                scope=" ".join(self._scopes_told),
                authorization_details=self._request.details,
                claims=self._request.claims,
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
