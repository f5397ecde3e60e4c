"""A holder, a firm, and a licence each."""

from collections.abc import Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

import identity.tables  # noqa: F401  tables that others refer to
from identity.registry import service as registry
from kernel.errors import Unauthenticated
from kernel.house import House
from kernel.web.bearer import Possession
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from licenses import service
from licenses.app import TEMPLATES, create_app
from licenses.models import Licence
from tests.licenses.wallet_app import Wallet

FIELDS = {"level": 1, "category": "肢体"}


def register(house: House, name: str = "章小芸", number: str = "11010519491231002X") -> int:
    """A person in the registry."""
    with house.database.write() as session:
        return registry.ensure(
            session,
            kind="person",
            name=name,
            identifier_kind="id_number",
            identifier=number,
            vault=house.vault,
            now=house.clock.now(),
        )


@pytest.fixture
def holder(any_house: House) -> int:
    return register(any_house)


@pytest.fixture
def holder_here(house: House) -> int:
    """On SQLite alone, for rules that no database changes."""
    return register(house)


@pytest.fixture
def certificate(any_house: House, holder: int) -> Licence:
    with any_house.database.write() as session:
        return service.issue(
            session,
            any_house,
            type_id="disability-certificate",
            holder_id=holder,
            fields=FIELDS,
            actor="connector:disabled_federation",
            source_event="disabled_federation:e-1",
        )


@pytest.fixture
def certificate_here(house: House, holder_here: int) -> Licence:
    with house.database.write() as session:
        return service.issue(
            session,
            house,
            type_id="disability-certificate",
            holder_id=holder_here,
            fields=FIELDS,
            actor="test",
        )


@pytest.fixture(scope="module")
def licence_pages() -> Pages:
    return Pages({"licenses": TEMPLATES})


class SignedIn:
    """Stands for the identity service: tokens that a test has made up, and whom they speak for."""

    def __init__(self) -> None:
        self.tokens: dict[str, Principal] = {}

    def __call__(self, token: str, possession: Possession | None = None) -> Principal:
        if token not in self.tokens or possession is not None:
            raise Unauthenticated("请先登录，再继续办理。")
        return self.tokens[token]


@pytest.fixture
def signed_in() -> SignedIn:
    return SignedIn()


@pytest.fixture
def service_here(house: House, licence_pages: Pages, signed_in: SignedIn) -> Iterator[TestClient[Litestar]]:
    """The licence service as its neighbours reach it."""
    app = create_app(house, licence_pages, resolve=signed_in)
    with TestClient(app, base_url=house.settings.base_url, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def phone(house: House, service_here: TestClient[Litestar]) -> Wallet:
    """A wallet that is nobody's here."""
    return Wallet(service_here, int(house.clock.now().timestamp()))
