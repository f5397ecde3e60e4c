"""The city's own three clients, registered by the identity service itself."""

from sqlalchemy.orm import Session

from identity.clients.service import register_client
from kernel.house import House
from kernel.web.oidc_client import portal_secret

#: Portal → its name, its own scopes, and the capacities one may take in it (``capacity.service.options_for``).
PORTALS: dict[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "tong": ("东楚通", ("tong", "licences"), ("self", "person")),
    "rongtong": (
        "东楚融通",
        ("rongtong", "licences", "financing", "members"),
        ("enterprise", "institution_seat"),
    ),
    "zhengtong": ("东楚政通", ("zhengtong",), ("seat",)),
}


def ensure_portals(session: Session, *, house: House) -> None:
    """Bring the registrations up to the settings; called at every start."""
    base = house.settings.base_url
    for portal, (name, scopes, capacities) in PORTALS.items():
        register_client(
            session,
            client_id=portal,
            name=name,
            redirect_uris=[f"{base}/{portal}/callback"],
            post_logout_redirect_uris=[f"{base}/"],
            secret=portal_secret(house.vault, portal),
            scopes=("openid", "profile", *scopes),
            capacities=capacities,
            is_first_party=True,
            vault=house.vault,
            now=house.clock.now(),
        )
