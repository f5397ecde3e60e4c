"""A small city with its policies in force, and officials on seats in front of the portal."""

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from httpx import Response
from litestar import Litestar
from litestar.testing import TestClient

import portals.tables
from connectors.exchange.messages import ExchangeAnswer, ExchangeQuestion
from identity.delegation.claiming import RegisteredFirm
from kernel.clock import FixedClock
from kernel.errors import OutsideFailure, Unauthenticated
from kernel.house import House, open_house
from kernel.i18n import Translations, locale_folders
from kernel.settings import Settings
from kernel.web.bearer import Possession
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from policy_engine.decisions.service import DecisionRecords
from policy_engine.delivery.judging import EngineJudgements
from policy_engine.delivery.people import RegisteredPeople, known_facts
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.published import PublishedTerms
from policy_engine.policies.published import PublishedPolicies
from portals.demo.cast import Cast
from portals.demo.city import make_city
from portals.demo.seats import principal_on
from portals.services import Services
from portals.zhengtong.app import create_app
from tests.conftest import NOON
from tests.made_once import copied, never_wait_for_the_disk
from tests.policy_engine.delivery.city import Bank, MeansCentre, Statements, Treasury

ROOT = Path(portals.tables.__file__).parent.parent
TEMPLATES = {
    "zhengtong": ROOT / "portals" / "zhengtong" / "templates",
    "licenses": ROOT / "licenses" / "templates",
    "shared": ROOT / "portals" / "shared" / "templates",
}
PORTALS = [ROOT / "portals" / "zhengtong", ROOT / "portals" / "shared"]
PACKAGES = [ROOT / name for name in ("kernel", "identity", "licenses", "policy_engine", "connectors")]


def _open(home: Path) -> House:
    settings = Settings(home=home, database_url=f"sqlite:///{home / 'dongchu.db'}", is_demo=True)
    house = open_house(settings, FixedClock(NOON))
    never_wait_for_the_disk(house.database)
    return house


def _make(home: Path) -> None:
    house = _open(home)
    house.database.create_all()
    make_city(house, residents=6000, firms=400, seed=7, step=lambda _what, _share: None)
    house.database.close()
    house.ephemeral.close()


class Register:
    """The register of firms as tests want it: ``firms`` by code, ``heads`` the id number of who represents each."""

    def __init__(self) -> None:
        self.firms: dict[str, RegisteredFirm] = {}
        self.heads: dict[str, str] = {}

    def find_firm(self, uscc: str) -> RegisteredFirm | None:
        return self.firms.get(uscc)

    def is_legal_representative(self, uscc: str, id_number: str) -> bool:
        return self.heads.get(uscc) == id_number


class SilentExchange:
    """The provincial exchange as a test wants it: what it knows by identifier, and what it was asked."""

    def __init__(self) -> None:
        self.known: dict[str, dict[str, str]] = {}
        self.asked: list[ExchangeQuestion] = []
        self.failure: OutsideFailure | None = None

    def ask(self, question: ExchangeQuestion) -> ExchangeAnswer:
        self.asked.append(question)
        if self.failure is not None:
            raise self.failure
        return ExchangeAnswer(
            question.query_id, f"R-{question.query_id}", NOON, self.known.get(question.identifier, {})
        )


class City:
    """One city for all tests of the portal; each test works on claims and versions of its own."""

    def __init__(self, factory: pytest.TempPathFactory) -> None:
        home = copied("office", _make, factory)
        self.house = _open(home)
        self.clock = self.house.clock
        self.cast = msgspec.json.decode((home / "demo-cast.json").read_bytes(), type=Cast)
        self.tokens: dict[str, Principal] = {}
        published = PublishedPolicies()
        engine = EngineJudgements(published, self.clock)
        self.services = Services(
            house=self.house,
            published=published,
            ports=Ports(
                terms=PublishedTerms(),
                people=RegisteredPeople(self.house.vault),
                facts=known_facts,
                reevaluate=engine.reevaluate,
                reevaluate_many=engine.reevaluate_many,
                explain=engine.explain,
                records=DecisionRecords(self.house, published),
                vault=self.house.vault,
            ),
            bank=Bank(),
            treasury=Treasury(),
            statements=Statements(),
            firms=Register(),
            exchange=SilentExchange(),
            means=MeansCentre(),
            resolve=self.resolve,
        )

    def resolve(self, token: str, possession: Possession | None = None) -> Principal:  # noqa: ARG002
        if token not in self.tokens:
            raise Unauthenticated("请先登录，再继续办理。")
        return self.tokens[token]

    def official(self, key: str) -> Principal:
        """Whoever sits on the demonstration seat of this key."""
        with self.house.database.read() as session:
            return principal_on(session, self.house, self.cast, key)


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[City]:
    made = City(tmp_path_factory)
    yield made
    made.house.database.close()
    made.house.ephemeral.close()


class Visitor:
    """Somebody in front of the portal, signed in with a token."""

    def __init__(self, client: TestClient[Litestar], headers: dict[str, str]) -> None:
        self._client = client
        self._headers = headers

    def get(self, path: str) -> Response:
        return self._client.get(path, headers=self._headers, follow_redirects=False)

    def post(self, path: str, sent: dict[str, Any] | None = None, *, json: Any = None) -> Response:
        """A form, or JSON."""
        if json is not None:
            return self._client.post(path, json=json, headers=self._headers, follow_redirects=False)
        return self._client.post(path, data=sent or {}, headers=self._headers, follow_redirects=False)

    def upload(self, path: str, files: dict[str, Any]) -> Response:
        return self._client.post(path, files=files, headers=self._headers, follow_redirects=False)


Enter = Callable[..., Visitor]


@pytest.fixture(scope="session")
def client(city: City) -> Iterator[TestClient[Litestar]]:
    pages = Pages(
        TEMPLATES,
        translations=Translations.load(locale_folders(*PACKAGES, *PORTALS)),
        is_demonstration=True,
    )
    app = create_app(city.services, pages)
    with TestClient(app, base_url="http://dongchu.test", raise_server_exceptions=False) as opened:
        yield opened


@pytest.fixture
def enter(client: TestClient[Litestar], city: City) -> Enter:
    """Come in on the demonstration seat of this key; None: nobody, "resident": somebody without a seat."""

    def come(key: str | Principal | None, *, accept: str = "text/html", language: str = "zh-CN") -> Visitor:
        headers = {"accept": accept, "accept-language": language}
        if key is not None:
            if isinstance(key, Principal):
                principal = msgspec.structs.replace(key, scopes=frozenset({"zhengtong"}))
            else:
                principal = city.official("author" if key == "resident" else key)
            if key == "resident":
                principal = msgspec.structs.replace(principal, capacity="self", seat=None)
            token = uuid.uuid4().hex
            city.tokens[token] = principal
            headers["authorization"] = f"Bearer {token}"
        return Visitor(client, headers)

    return come
