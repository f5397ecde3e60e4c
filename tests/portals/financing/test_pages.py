"""What a firm sees and does about financing in Rongtong: pages and API, the right person, clear refusals."""

import uuid

import msgspec
import pytest
import sqlalchemy as sa
from litestar import Litestar
from litestar.testing import TestClient

from kernel.errors import Unauthenticated
from kernel.house import House
from kernel.i18n import Translations, locale_folders
from kernel.web.bearer import Possession
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from policy_engine.decisions.service import DecisionRecords
from policy_engine.delivery.judging import EngineJudgements
from policy_engine.delivery.people import RegisteredPeople, known_facts
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.published import PublishedTerms
from policy_engine.policies.published import NOTHING, PublishedPolicies
from portals.financing.demands import repository
from portals.financing.demands.models import Demand
from portals.financing.products.library import product_library
from portals.financing.products.service import install
from portals.rongtong.app import create_app
from portals.services import Services
from tests.policy_engine.delivery.city import Bank, MeansCentre, Statements, Treasury
from tests.portals.financing.conftest import NOW, Firm
from tests.portals.zhengtong.conftest import PACKAGES, ROOT, Register, SilentExchange

PLAIN = ("dongchu-tax-credit", "fuhe-jobs", "tonglu-order", "guarantee-small")


class Rongtong:
    """The portal, and whoever comes with a token."""

    def __init__(self, house: House) -> None:
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
        self._tokens: dict[str, Principal] = {}
        services = Services(
            house=house,
            published=published,
            ports=ports,
            bank=Bank(),
            treasury=Treasury(),
            firms=Register(),
            exchange=SilentExchange(),
            means=MeansCentre(),
            statements=Statements(),
            resolve=self._resolve,
        )
        folders = {
            name: ROOT / "portals" / name / "templates" for name in ("rongtong", "shared", "financing")
        }
        spoken = [ROOT / "portals" / name for name in ("rongtong", "shared", "financing")]
        pages = Pages(folders, translations=Translations.load(locale_folders(*PACKAGES, *spoken)))
        self._app: Litestar = create_app(services, pages)

    def enter(self, there: Firm, *, language: str = "zh-CN", **changes: object) -> TestClient[Litestar]:
        principal = Principal(
            subject_id=there.agent,
            name="周小兰",
            capacity="enterprise",
            acting_for=there.number,
            acting_for_name=there.name,
            seat=None,
            scopes=frozenset({"rongtong", "licences", "financing"}),
            acr="L2",
            client_id="rongtong",
            grant_id=there.grant,
        )
        token = uuid.uuid4().hex
        self._tokens[token] = msgspec.structs.replace(principal, **changes)
        client = TestClient(self._app, base_url="http://dongchu.test")
        client.headers.update(
            {"authorization": f"Bearer {token}", "accept": "text/html", "accept-language": language}
        )
        client.follow_redirects = False
        return client

    def _resolve(self, token: str, possession: Possession | None = None) -> Principal:  # noqa: ARG002 (no proofs here)
        if token not in self._tokens:
            raise Unauthenticated("请先登录，再继续办理。")
        return self._tokens[token]


@pytest.fixture(scope="module")
def portal(market: House) -> Rongtong:
    return Rongtong(market)


@pytest.fixture
def known(there: Firm) -> Firm:
    """A firm with what products ask for, and products on offer."""
    with there.house.database.write() as session:
        entries = [one for one in product_library() if one.document.id in PLAIN]
        install(session, entries, published=NOTHING, now=NOW)
        there.learn(
            session,
            registered_division="420203007",
            registered_on="2019-05-01",
            firm_kind="企业",
            size="小型",
            revenue_last_year=800_000_000,
            insured_employees=20,
            is_dishonest=False,
            is_abnormal=False,
        )
    return there


FORM = {
    "amount": "50",
    "term_months": "12",
    "purpose": "working_capital",
    "repayment": "any",
    "routing": "open",
    "collateral": "none",
}


def drafted(client: TestClient[Litestar]) -> str:
    answer = client.post("/rongtong/financing/demands", data=FORM)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].split("/")[4]


def test_products_are_judged_for_the_firm_and_explained(portal: Rongtong, known: Firm) -> None:
    client = portal.enter(known)
    page = client.get("/rongtong/financing/products").text
    assert "税融贷" in page
    detail = client.get("/rongtong/financing/products/dongchu-tax-credit").text
    assert "可以申请" in detail
    assert "8,000,000.00元" in detail
    for one in PLAIN:  # clauses with a per cent sign too, in both languages
        for language in ("zh-CN", "en"):
            page = client.get(f"/rongtong/financing/products/{one}", headers={"accept-language": language})
            assert page.status_code == 200
    assert client.get("/rongtong/financing/products/nothing").status_code == 404
    rows = client.get("/rongtong/api/v1/financing/products").json()
    found = {one["id"]: (one["verdict"], one["limit_fen"]) for one in rows}
    assert found["dongchu-tax-credit"] == ("eligible", 80_000_000)
    assert found["fuhe-jobs"] == ("unknown", None)


def test_a_demand_in_one_form_shows_who_would_be_asked(portal: Rongtong, known: Firm) -> None:
    client = portal.enter(known)
    demand_id = drafted(client)
    page = client.get(f"/rongtong/financing/demands/{demand_id}/banks").text
    assert "1. 富河银行" in page or "1. 东楚银行" in page
    answer = client.post(
        f"/rongtong/financing/demands/{demand_id}/banks",
        data={"items": ["identity", "contact", "registration", "tax"], "days": "90", "frequency": "once"},
    )
    assert answer.status_code == 303
    assert "authorization_details" in answer.headers["location"]
    assert "code_challenge_method=S256" in answer.headers["location"]


def test_a_demand_that_nobody_takes_is_told_why_product_by_product_and_changed(
    portal: Rongtong, known: Firm
) -> None:
    client = portal.enter(known)
    answer = client.post("/rongtong/financing/demands", data={**FORM, "term_months": "48"})
    asking = answer.headers["location"]
    page = client.get(asking).text
    assert "目前没有匹配的银行产品" in page
    assert "期限：这项产品借 1 至 12 个月" in page
    assert "担保：需要应收账款质押" in page
    english = client.get(asking, headers={"accept-language": "en"}).text
    assert "Term: this product lends for 1 to 12 months" in english
    lacking = {
        one["product_id"]: one["lacking"] for one in client.get(f"{asking_api(asking)}/banks").json()["rows"]
    }
    assert lacking["dongchu-tax-credit"] == []
    with known.house.database.write() as session:
        known.learn(session, is_dishonest=True)
    assert "企业还不满足：未列入严重失信名单" in client.get(asking).text
    with known.house.database.write() as session:
        known.learn(session, is_dishonest=False)
    change = asking.replace("/banks", "/change")
    assert 'value="48"' in client.get(change).text
    wrong = client.post(change, data={**FORM, "term_months": "forever"})
    assert (wrong.status_code, "整月数" in wrong.text, "改融资需求" in wrong.text) == (400, True, True)
    stranger = portal.enter(known, acting_for=known.number + 1)
    assert stranger.get(change).status_code == 404
    assert stranger.post(change, data=FORM).status_code == 404
    assert client.post(change, data=FORM).headers["location"] == asking
    assert "1. " in client.get(asking).text
    assert len(client.get("/rongtong/api/v1/financing/demands").json()) == 1
    client.post(change.replace("/change", "/withdraw"))
    assert client.get(change).status_code == 409
    assert client.post(change, data=FORM).status_code == 409


def asking_api(page: str) -> str:
    return page.replace("/rongtong/", "/rongtong/api/v1/").removesuffix("/banks")


def test_a_consent_posts_the_demand_and_a_program_can_do_all_of_it(portal: Rongtong, known: Firm) -> None:
    client = portal.enter(known)
    base = "/rongtong/api/v1/financing"
    wish = {"amount_fen": 30_000_000, "term_months": 12, "purpose": "working_capital"}
    demand_id = client.post(f"{base}/demands", json=wish).json()["demand_id"]
    chosen = {"items": ["identity", "contact", "registration"]}
    asked = client.post(f"{base}/demands/{demand_id}/authorisation", json=chosen).json()
    assert client.post(f"{base}/authorisations").status_code == 403
    consented = portal.enter(known, details=tuple(asked["authorization_details"]))
    assert consented.post(f"{base}/authorisations").status_code == 201
    detail = client.get(f"{base}/demands/{demand_id}").json()
    assert detail["row"]["state"] == "routed"
    assert {one["state"] for one in detail["applications"]} == {"routed"}
    with known.house.database.read() as session:
        demand = session.scalars(sa.select(Demand).where(Demand.firm_id == known.number)).one()
        assert demand.is_first_loan is True  # nobody knows of any loan of this firm
    page = client.get(f"/rongtong/financing/demands/{demand_id}").text
    assert "待银行受理" in page
    assert "已送到银行" not in page
    given = client.get(f"{base}/authorisations").json()[0]
    assert client.post(f"{base}/authorisations/{given['id']}/withdraw").status_code == 204
    assert not client.get(f"{base}/authorisations").json()[0]["is_live"]
    assert "收回" in client.get(f"/rongtong/financing/demands/{demand_id}").text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"amount": "-5"}, "1,000 元至 10 亿元"),
        ({"amount": "999999999"}, "1,000 元至 10 亿元"),
        ({"amount": "abc"}, "请填写金额"),
        ({"amount": "1e99"}, "请填写金额"),
        ({"term_months": "400"}, "1 至 360 个月"),
        ({"term_months": "twelve"}, "整月数"),
        ({"purpose": "gambling"}, "请从列表中选择"),
        ({"collateral": "my word"}, "至少选择一种担保方式"),
        ({"routing": "named"}, "先送哪家银行"),
        ({"purpose_note": "长" * 501}, "500 字以内"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(
    portal: Rongtong, known: Firm, changes: dict[str, str], told: str
) -> None:
    client = portal.enter(known)
    answer = client.post("/rongtong/financing/demands", data={**FORM, **changes})
    assert answer.status_code == 400
    assert told in answer.text
    with known.house.database.read() as session:
        assert repository.demands_of(session, known.number) == []


def test_nobody_else_sees_it_and_only_firms_come_in(portal: Rongtong, known: Firm) -> None:
    demand_id = drafted(portal.enter(known))
    stranger = portal.enter(known, acting_for=known.number + 1)
    for path in ("", "/banks"):
        assert stranger.get(f"/rongtong/financing/demands/{demand_id}{path}").status_code == 404
    assert stranger.post(f"/rongtong/financing/demands/{demand_id}/withdraw").status_code == 404
    person = portal.enter(known, capacity="self")
    assert person.get("/rongtong/financing/products").status_code == 403


def test_the_profile_names_sources_and_where_to_object(portal: Rongtong, known: Firm) -> None:
    client = portal.enter(known, language="en")
    page = client.get("/rongtong/financing/profile").text
    assert "Public credit information" in page
    assert "/rongtong/facts/firm.is_dishonest" in page
    profile = client.get("/rongtong/api/v1/financing/profile").json()
    credit = {one["fact"]["attribute"]: one["tone"] for one in profile["credit"]}
    assert credit == {
        "firm.is_dishonest": "good",
        "firm.is_abnormal": "good",
        "firm.has_serious_violation": "wait",
    }
    assert "dongchu-tax-credit" in str(profile["health"]["could"])
    assert any("fuhe-jobs" in one["href"] for one in profile["health"]["near"])


def test_a_consent_that_was_not_begun_here_is_not_taken(portal: Rongtong, known: Firm) -> None:
    client = portal.enter(known)
    answer = client.get("/rongtong/financing/authorised?state=x&code=y&iss=http://127.0.0.1")
    assert answer.status_code == 403
