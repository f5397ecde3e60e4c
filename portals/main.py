"""The composition root of what is served: every application under one port. ``joining`` makes what they share."""

from collections.abc import Collection, Mapping
from pathlib import Path

from litestar import Litestar

import connectors.app
import connectors.simulators.app
import identity.app
import licenses.app
import portals.entrance.routes
import portals.public.app
import portals.rongtong.app
import portals.tong.app
import portals.zhengtong.app
from connectors.simulators.settings import SimulatorSettings
from identity.oauth.provider import open_provider
from identity.oauth.rfc9396_details import Names
from identity.oauth.routes import root_metadata_handler
from kernel.house import House
from kernel.i18n import Translations, locale_folders
from kernel.web.pages import Pages
from licenses.catalogue import licence_types
from licenses.issuance.routes import root_metadata_handlers
from portals.financing.demands import consent as financing
from portals.joining import open_services
from portals.outside import outside_of
from portals.server import PathApps
from portals.services import Services

__all__ = ["SERVICES", "TEMPLATES", "build_apps", "open_pages", "open_services"]

ROOT = Path(__file__).parent.parent
#: Template prefix -> the folder that holds it.
TEMPLATES = {
    "connectors": ROOT / "connectors" / "simulators" / "templates",
    "entrance": ROOT / "portals" / "entrance" / "templates",
    "financing": ROOT / "portals" / "financing" / "templates",
    "identity": ROOT / "identity" / "templates",
    "licenses": ROOT / "licenses" / "templates",
    "public": ROOT / "portals" / "public" / "templates",
    "rongtong": ROOT / "portals" / "rongtong" / "templates",
    "shared": ROOT / "portals" / "shared" / "templates",
    "tong": ROOT / "portals" / "tong" / "templates",
    "zhengtong": ROOT / "portals" / "zhengtong" / "templates",
}
SERVICES = ("identity", "licenses", "connectors", "tong", "rongtong", "zhengtong", "public")


def open_pages(house: House) -> Pages:
    """Every package's templates and English, read once."""
    return Pages(
        TEMPLATES,
        translations=Translations.load(locale_folders(*_packages())),
        is_demonstration=house.settings.is_demo,
    )


def build_apps(services: Services, names: Collection[str] = SERVICES) -> PathApps:
    """The services of one process by the first segment of their path. The simulators are there in a demo only."""
    house = services.house
    pages = open_pages(house)
    outside = outside_of(house)
    makers = {
        "identity": lambda: identity.app.create_app(
            house, pages, outside=outside, detail_names=_names_of_details()
        ),
        "licenses": lambda: licenses.app.create_app(house, pages),
        "connectors": lambda: connectors.app.create_app(house, pages=pages, outside=outside),
        "tong": lambda: portals.tong.app.create_app(services, pages),
        "rongtong": lambda: portals.rongtong.app.create_app(services, pages),
        "zhengtong": lambda: portals.zhengtong.app.create_app(services, pages),
        "public": lambda: portals.public.app.create_app(services, pages),
    }
    apps: dict[str, Litestar] = {"/": portals.entrance.routes.create_app(house, pages)}
    apps.update({f"/{name}": makers[name]() for name in names})
    metadata = [root_metadata_handler(open_provider(house))] if "identity" in names else []
    if "licenses" in names:
        metadata += root_metadata_handlers(house)
    if metadata:
        apps["/.well-known"] = Litestar(metadata, openapi_config=None, logging_config=None)
    if house.settings.is_demo:
        world = SimulatorSettings.embedded(house.settings.home, house.settings.base_url, outside)
        apps["/simulators"] = connectors.simulators.app.create_app(world, house.clock, pages=pages)
    return PathApps(apps)


def _names_of_details() -> Mapping[str, Names]:
    """What a person reads when a wallet asks for a licence: its name, not its id."""
    return {
        "openid_credential": {
            kind.id: {"zh": kind.name, "en": kind.label_en} for kind in licence_types().values()
        },
        financing.TYPE: financing.names_of_details(),
    }


def _packages() -> list[Path]:
    """Every folder that may hold a catalogue of English."""
    tops = ("kernel", "connectors", "identity", "licenses", "policy_engine", "portals")
    return [path.parent for top in tops for path in sorted((ROOT / top).rglob("locale")) if path.is_dir()]
