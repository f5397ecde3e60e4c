"""The city of the officials' tests, read by anybody from outside."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from kernel.i18n import Translations, locale_folders
from kernel.web.pages import Pages
from policy_engine.delivery.register.service import keep
from portals.public.app import create_app
from tests.portals.zhengtong.conftest import PACKAGES, ROOT, City
from tests.portals.zhengtong.conftest import city as city


@pytest.fixture(scope="module")
def public(city: City) -> Iterator[TestClient[Litestar]]:
    pages = Pages(
        {"public": ROOT / "portals" / "public" / "templates"},
        translations=Translations.load(locale_folders(*PACKAGES, ROOT / "portals" / "public")),
        is_demonstration=True,
    )
    keep(city.house.database, city.services.ports, now=city.house.clock.now())
    with TestClient(create_app(city.services, pages), base_url="http://dongchu.test") as opened:
        yield opened
