"""The ``claims`` parameter (OpenID Connect Core §5.5): single claims by name, in the id_token or from userinfo."""

from typing import Any

import msgspec
from authlib.oauth2.rfc6749 import InvalidRequestError

#: Claims that can be asked for by name → the scope whose consent covers them ("" where nothing is told of anybody).
ASKABLE = {
    "name": "profile",
    "capacity": "profile",
    "acting_for_name": "profile",
    "phone_number": "phone",
    "phone_number_verified": "phone",
    "acr": "",
    "amr": "",
    "auth_time": "",
    "sub": "",
}
MOST_CLAIMS = 20


class ClaimsAsked(msgspec.Struct, frozen=True, kw_only=True):
    """By place; unknown claims are left out (§5.5: they are to be ignored)."""

    id_token: dict[str, dict[str, Any] | None] = {}
    userinfo: dict[str, dict[str, Any] | None] = {}

    @property
    def scopes(self) -> set[str]:
        """The scopes under which a person is asked about them."""
        return {ASKABLE[name] for name in (*self.id_token, *self.userinfo)} - {""}

    @property
    def essential_levels(self) -> list[str]:
        """The ``acr`` values without one of which the client will not have it (§5.5.1.1)."""
        wanted = self.id_token.get("acr") or {}
        if not wanted.get("essential"):
            return []
        values = [wanted["value"]] if "value" in wanted else wanted.get("values", [])
        return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []

    @property
    def subject(self) -> str:
        """The one ``sub`` that will do, "" for any."""
        wanted = (self.id_token.get("sub") or {}).get("value") or (self.userinfo.get("sub") or {}).get(
            "value"
        )
        return wanted if isinstance(wanted, str) else ""


def read_claims(text: str | None, *, redirect_uri: str) -> ClaimsAsked:
    """Raises ``InvalidRequestError`` for what is not the structure of §5.5."""
    if text is None:
        return ClaimsAsked()
    try:
        asked = msgspec.json.decode(text, type=dict[str, Any])
        places = {
            place: msgspec.convert(
                {} if asked.get(place) is None else asked[place], dict[str, dict[str, Any] | None]
            )
            for place in ("id_token", "userinfo")
        }
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise InvalidRequestError(
            "The claims parameter cannot be read.", redirect_uri=redirect_uri
        ) from error
    kept = {
        place: {name: how for name, how in list(wanted.items())[:MOST_CLAIMS] if name in ASKABLE}
        for place, wanted in places.items()
    }
    return ClaimsAsked(**kept)


def kept_claims(asked: ClaimsAsked) -> dict[str, Any] | None:
    """What a grant remembers: the names, by place."""
    if not asked.id_token and not asked.userinfo:
        return None
    return {"id_token": sorted(asked.id_token), "userinfo": sorted(asked.userinfo)}
