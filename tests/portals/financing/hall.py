"""Rongtong and Zhengtong before firms, officers of institutions and officials, each with a token of their own."""

import uuid
from functools import cache
from typing import Any

from litestar import Litestar
from litestar.testing import TestClient

from kernel.errors import Unauthenticated
from kernel.house import House
from kernel.i18n import Translations, locale_folders
from kernel.web.bearer import Possession
from kernel.web.pages import Pages
from kernel.web.principal import Duty, Principal, SeatView
from policy_engine.decisions.service import DecisionRecords
from policy_engine.delivery.judging import EngineJudgements
from policy_engine.delivery.people import RegisteredPeople, known_facts
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.published import PublishedTerms
from policy_engine.policies.published import PublishedPolicies
from portals.financing.institutions import institution
from portals.rongtong.app import create_app as create_rongtong
from portals.services import Services
from portals.zhengtong.app import create_app as create_zhengtong
from tests.policy_engine.delivery.city import Bank, MeansCentre, Statements, Treasury
from tests.portals.zhengtong.conftest import PACKAGES, ROOT, Register, SilentExchange

_FOLDERS = {
    name: ROOT / "portals" / name / "templates" for name in ("rongtong", "zhengtong", "shared", "financing")
}
_FOLDERS["licenses"] = ROOT / "licenses" / "templates"


@cache
def _pages() -> Pages:
    """Templates and English, read once for all tests."""
    folders = locale_folders(*PACKAGES, ROOT / "portals")
    return Pages(_FOLDERS, translations=Translations.load(folders))


class Hall:
    def __init__(self, house: House) -> None:
        self.house = house
        self.published = PublishedPolicies()
        engine = EngineJudgements(self.published, house.clock)
        self._tokens: dict[str, Principal] = {}
        self.services = Services(
            house=house,
            published=self.published,
            ports=Ports(
                terms=PublishedTerms(),
                people=RegisteredPeople(house.vault),
                facts=known_facts,
                reevaluate=engine.reevaluate,
                reevaluate_many=engine.reevaluate_many,
                explain=engine.explain,
                records=DecisionRecords(house, self.published),
                vault=house.vault,
            ),
            bank=Bank(),
            treasury=Treasury(),
            statements=Statements(),
            firms=Register(),
            exchange=SilentExchange(),
            means=MeansCentre(),
            resolve=self._resolve,
        )
        pages = _pages()
        self._apps: dict[str, Litestar] = {
            "rongtong": create_rongtong(self.services, pages),
            "zhengtong": create_zhengtong(self.services, pages),
        }

    def firm(self, firm_id: int, *, language: str = "zh-CN") -> "Visitor":
        return self._enter("rongtong", _principal(7, firm_id, "enterprise", None), language)

    def officer(self, code: str, *duties: Duty, subject_id: int = 501) -> "Visitor":
        """On a seat of a bank or guarantor."""
        seat = SeatView(
            id=subject_id,
            title="客户经理",
            division="420200",
            department=institution(code).name,
            duties=frozenset(duties or ("financing.work",)),
            institution=9001,
        )
        return self._enter("rongtong", _principal(subject_id, 9001, "seat", seat), "zh-CN")

    def official(self, *duties: Duty, subject_id: int = 601) -> "Visitor":
        """On a seat of the city."""
        seat = SeatView(
            id=subject_id, title="监管岗", division="420200", department="金融局", duties=frozenset(duties)
        )
        return self._enter("zhengtong", _principal(subject_id, subject_id, "seat", seat), "zh-CN")

    def _enter(self, portal: str, principal: Principal, language: str) -> "Visitor":
        token = uuid.uuid4().hex
        self._tokens[token] = principal
        client = TestClient(self._apps[portal], base_url="http://dongchu.test")
        client.follow_redirects = False
        client.headers.update({"authorization": f"Bearer {token}", "accept-language": language})
        return Visitor(client, f"/{portal}")

    def _resolve(self, token: str, possession: Possession | None = None) -> Principal:  # noqa: ARG002
        if token not in self._tokens:
            raise Unauthenticated("请先登录，再继续办理。")
        return self._tokens[token]


class Visitor:
    """Paths are those inside the portal. ``page`` wants a page, the others JSON."""

    def __init__(self, client: TestClient[Litestar], base: str) -> None:
        self._client, self._base = client, base

    def page(self, path: str, status: int = 200) -> str:
        answer = self._client.get(self._base + path, headers={"accept": "text/html"})
        assert answer.status_code == status, answer.text
        return answer.text

    def send(self, path: str, status: int = 303, **form: str) -> str:
        answer = self._client.post(self._base + path, data=form, headers={"accept": "text/html"})
        assert answer.status_code == status, answer.text
        return answer.text

    def get(self, path: str, status: int = 200) -> Any:
        answer = self._client.get(f"{self._base}/api/v1{path}")
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, body: Any = None, status: int = 200) -> Any:
        answer = self._client.post(f"{self._base}/api/v1{path}", json=body or {})
        assert answer.status_code == status, answer.text
        return answer.json()

    def upload(self, path: str, form: dict[str, str], content: bytes, status: int = 303) -> str:
        """The form of a page with one PDF, by its own word."""
        answer = self._client.post(
            self._base + path,
            data=form,
            files={"file": ("contract.pdf", content, "application/pdf")},
            headers={"accept": "text/html"},
        )
        assert answer.status_code == status, answer.text
        return answer.text

    def send_file(self, path: str, content: bytes, status: int = 200) -> Any:
        """The same at the API: the PDF is the body."""
        headers = {"content-type": "application/pdf"}
        answer = self._client.post(f"{self._base}/api/v1{path}", content=content, headers=headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def raw(self, path: str) -> bytes:
        answer = self._client.get(self._base + path)
        assert answer.status_code == 200, answer.text
        return answer.content


def _principal(subject_id: int, acting_for: int, capacity: Any, seat: SeatView | None) -> Principal:
    return Principal(
        subject_id=subject_id,
        name="测试人",
        capacity=capacity,
        acting_for=acting_for,
        acting_for_name="某单位",
        seat=seat,
        scopes=frozenset({"rongtong", "zhengtong", "financing"}),
        acr="L2",
        client_id="test",
        grant_id=uuid.uuid4(),
    )
