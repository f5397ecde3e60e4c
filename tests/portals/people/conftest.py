"""A few people and firms in front of Tong and Rongtong; no city behind them."""

import uuid
from functools import cache

import msgspec
import pytest
from litestar import Litestar
from litestar.testing import TestClient

from identity.clients.portals import PORTALS, ensure_portals
from identity.registry import service as registry
from kernel.errors import Unauthenticated
from kernel.house import House
from kernel.i18n import Translations, locale_folders
from kernel.web.bearer import Possession
from kernel.web.pages import Pages
from kernel.web.principal import Capacity, Principal
from policy_engine.decisions.service import DecisionRecords
from policy_engine.delivery.judging import EngineJudgements
from policy_engine.delivery.people import RegisteredPeople, known_facts
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.published import PublishedTerms
from policy_engine.policies.published import PublishedPolicies
from portals import rongtong, tong
from portals.rongtong.app import create_app as create_rongtong
from portals.services import Services
from portals.tong.app import create_app as create_tong
from tests.identity.conftest import People, settle
from tests.policy_engine.delivery.city import Bank, MeansCentre, Statements, Treasury
from tests.portals.zhengtong.conftest import PACKAGES, ROOT, Register, SilentExchange

assert rongtong
assert tong


SCOPES = {portal: frozenset(scopes) for portal, (_, scopes, _) in PORTALS.items()}


@cache
def pages_of_people() -> Pages:
    names = ("tong", "rongtong", "shared", "financing")
    folders = {name: ROOT / "portals" / name / "templates" for name in names}
    spoken = [ROOT / "portals" / name for name in names]
    return Pages(folders, translations=Translations.load(locale_folders(*PACKAGES, *spoken)))


class Square:
    """The two portals, and whoever stands before them."""

    def __init__(self, house: House) -> None:
        self.house = house
        with house.database.write() as session:
            ensure_portals(session, house=house)
        self.people: People = settle(house)
        self.register = Register()
        self._tokens: dict[str, Principal] = {}
        published = PublishedPolicies()
        engine = EngineJudgements(published, house.clock)
        ports = Ports(
            terms=PublishedTerms(),
            people=RegisteredPeople(house.vault),
            facts=known_facts,
            reevaluate=engine.reevaluate,
            reevaluate_many=engine.reevaluate_many,
            explain=engine.explain,
            records=DecisionRecords(house, published),
            vault=house.vault,
        )
        services = Services(
            house=house,
            published=published,
            ports=ports,
            bank=Bank(),
            treasury=Treasury(),
            firms=self.register,
            exchange=SilentExchange(),
            means=MeansCentre(),
            statements=Statements(),
            resolve=self._resolve,
        )
        pages = pages_of_people()
        self._apps: dict[str, Litestar] = {
            "tong": create_tong(services, pages),
            "rongtong": create_rongtong(services, pages),
        }

    def enter(
        self,
        portal: str,
        subject_id: int,
        acting_for: int | None = None,
        *,
        client_id: str = "",
        scopes: frozenset[str] | None = None,
        language: str = "zh-CN",
    ) -> TestClient[Litestar]:
        """Somebody at a portal, for themselves, for another person, or for a firm."""
        with self.house.database.read() as session:
            views = registry.describe(session, [subject_id, acting_for or subject_id], vault=self.house.vault)
        concerned = views[acting_for or subject_id]
        capacity: Capacity = "self"
        if acting_for is not None:
            capacity = "enterprise" if concerned.kind == "firm" else "person"
        principal = Principal(
            subject_id=subject_id,
            name=views[subject_id].name,
            capacity=capacity,
            acting_for=concerned.subject_id,
            acting_for_name=concerned.name,
            seat=None,
            scopes=scopes or SCOPES[portal],
            acr="L2",
            client_id=client_id or portal,
            grant_id=uuid.uuid4(),
        )
        token = uuid.uuid4().hex
        self._tokens[token] = msgspec.structs.replace(principal)
        client = TestClient(self._apps[portal], base_url="http://dongchu.test")
        client.headers.update(
            {"authorization": f"Bearer {token}", "accept": "text/html", "accept-language": language}
        )
        client.follow_redirects = False
        return client

    def _resolve(self, token: str, possession: Possession | None = None) -> Principal:  # noqa: ARG002 (no proofs here)
        if token not in self._tokens:
            raise Unauthenticated("请先登录，再继续办理。")
        return self._tokens[token]


@pytest.fixture
def square(house: House) -> Square:
    return Square(house)
