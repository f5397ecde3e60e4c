"""For whom a token is meant (RFC 8707 ``resource``, RFC 8693 ``audience``): the city's own services, unless said otherwise."""

from collections.abc import Mapping

from authlib.oauth2 import OAuth2Error

from identity.clients.models import OAuthClient
from kernel.settings import Settings


class InvalidTarget(OAuth2Error):
    """RFC 8707 §2."""

    error = "invalid_target"


def audience_asked(form: Mapping[str, str], client: OAuthClient, settings: Settings) -> str:
    """The one audience named, among those this client was registered for. Raises ``InvalidTarget``."""
    named = {one for one in (form.get("audience"), form.get("resource")) if one}
    if len(named) > 1:
        raise InvalidTarget("Name one audience or resource.")
    allowed = client.audiences or [settings.base_url]
    asked = named.pop() if named else allowed[0]
    if asked not in allowed:
        raise InvalidTarget("The client is not registered for this audience.")
    return asked
