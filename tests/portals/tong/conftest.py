"""A small city with its policies in force, and residents in front of Tong."""

import uuid
from collections.abc import Callable, Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from identity.registry import service as registry
from kernel.i18n import Translations, locale_folders
from kernel.web.pages import Pages
from kernel.web.principal import Capacity, Principal
from portals.tong.app import create_app
from tests.portals.zhengtong.conftest import PACKAGES, ROOT, City

TEMPLATES = {
    "tong": ROOT / "portals" / "tong" / "templates",
    "shared": ROOT / "portals" / "shared" / "templates",
}
PORTALS = [ROOT / "portals" / "tong", ROOT / "portals" / "shared"]

#: A client for somebody of the cast; ``acting_for`` another makes them a proxy.
Enter = Callable[..., TestClient[Litestar]]


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = City(tmp_path_factory)
    yield made
    made.house.database.close()
    made.house.ephemeral.close()


@pytest.fixture(scope="session")
def app(city: City) -> Litestar:
    translations = Translations.load(locale_folders(*PACKAGES, *PORTALS))
    return create_app(city.services, Pages(TEMPLATES, translations=translations, is_demonstration=True))


@pytest.fixture
def enter(app: Litestar, city: City) -> Enter:
    """Clients are not opened: nothing of the app waits for its start, and two open ones would wait for each other."""

    def come(
        subject_id: int | None,
        *,
        acting_for: int | None = None,
        accept: str = "text/html",
        language: str = "zh-CN",
        scopes: tuple[str, ...] = ("tong", "licences"),
    ) -> TestClient[Litestar]:
        headers = {"accept": accept, "accept-language": language}
        if subject_id is not None:
            token = uuid.uuid4().hex
            city.tokens[token] = principal(city, subject_id, acting_for or subject_id, scopes)
            headers["authorization"] = f"Bearer {token}"
        client = TestClient(app, base_url="http://dongchu.test")
        client.headers.update(headers)
        return client

    return come


def principal(city: City, subject_id: int, acting_for: int, scopes: tuple[str, ...]) -> Principal:
    """Somebody as identity would say it."""
    with city.house.database.read() as session:
        names = registry.describe(session, [subject_id, acting_for], vault=city.house.vault)
    capacity: Capacity = "self" if acting_for == subject_id else "person"
    return Principal(
        subject_id=subject_id,
        name=names[subject_id].name,
        capacity=capacity,
        acting_for=acting_for,
        acting_for_name=names[acting_for].name,
        seat=None,
        scopes=frozenset(scopes),
        acr="1",
        client_id="tong",
        grant_id=uuid.uuid4(),
    )
