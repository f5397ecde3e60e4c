"""What practice asks of means checks, of the list of income and of locked accounts, on its pages: by two people where it
takes two; accessible at a desk, on a phone, in senior mode and in English; and through the API's doors."""

import socket
import uuid
from collections.abc import Iterator, Sequence
from datetime import datetime

import msgspec
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect
from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.errors import Conflict
from kernel.i18n import Translations, locale_folders
from kernel.web.pages import Pages
from kernel.web.principal import Principal
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.claims.service import begin_automatically
from policy_engine.delivery.means import answers, repository, service
from policy_engine.delivery.offers.models import Offer
from policy_engine.delivery.ports import IncomePart, MeansAnswer, Ports
from policy_engine.delivery.states import OfferState
from policy_engine.profiles.models import Profile
from portals.entrance.routes import create_app as create_entrance
from portals.server import PathApps
from portals.tong.app import create_app as create_tong
from portals.zhengtong.app import create_app
from tests.identity.conftest import Running
from tests.policy_engine.delivery.city import official, person
from tests.portals.tong.conftest import PORTALS as TONG
from tests.portals.tong.conftest import TEMPLATES as TONG_TEMPLATES
from tests.portals.zhengtong.conftest import PACKAGES, PORTALS, ROOT, TEMPLATES, City, Enter
from tests.portals.zhengtong.test_closing_in_browser import complaints

pytestmark = pytest.mark.journey

RULES, LOCKS = "/zhengtong/income-rules", "/zhengtong/system/locks"
#: Wages count, an old person's allowance does not, and what nobody named does.
ANSWERS = {
    "social_insurance": MeansAnswer(monthly_income_fen=90_000, income=(IncomePart("wages", 90_000),)),
    "subsidies": MeansAnswer(
        monthly_income_fen=7_000, income=(IncomePart("old_age_allowance", 6_000),), assets_fen=50_000
    ),
}
WAV = b"RIFF" + (2048).to_bytes(4, "little") + b"WAVEfmt " + bytes(2048)


def seat(number: int, *duties: str) -> Principal:
    return official(number, *duties, division="420200", department="民政局")  # type: ignore[arg-type]


SEATS = {
    "clerk": seat(7_301, "claim.accept", "claim.decide", "counter.assist"),
    "author": seat(7_302, "policy.author"),
    "publisher": seat(7_303, "policy.publish"),
    "first": seat(7_304, "admin.security"),
    "second": seat(7_305, "admin.security"),
}


def checked(city: City) -> uuid.UUID:
    """A check of the household of somebody's claim, to which all have agreed and whose sources have answered."""
    house, ports = city.house, city.services.ports
    with house.database.write() as session:
        is_person = sa.select(Profile.subject_id).where(Profile.kind == "person")
        offers = session.scalars(
            sa.select(Offer)
            .where(
                Offer.policy_id == "disability-nursing",
                Offer.state == OfferState.OFFERED,
                Offer.subject_id == Offer.unit_id,
                Offer.subject_id.in_(is_person),
            )
            .order_by(Offer.id.desc())
        ).all()
        now = house.clock.now()
        claim = first_claim(session, ports, offers, now=now)
        check = service.open_check(session, ports, claim_id=claim.id, principal=SEATS["clerk"], now=now)
        session.flush()
        for one in repository.consents(session, check.id):
            service.say(
                session, ports, check_id=check.id, principal=person(one.subject_id), agrees=True, now=now
            )
        for inquiry in repository.inquiries(session, check.id):
            answer = ANSWERS.get(inquiry.source, MeansAnswer())
            answers.take_answer(session, ports, check.id, inquiry.id, answer, "", now=now)
        return check.id


def first_claim(session: Session, ports: Ports, offers: Sequence[Offer], *, now: datetime) -> Claim:
    """Of the first offer that stands: tests of other files share the city and may have given somebody the right."""
    for offer in offers:
        terms = ports.terms(session, offer.policy_id, offer.policy_version)
        try:
            with session.begin_nested():
                return begin_automatically(session, ports, offer, terms, now=now)
        except Conflict:
            continue
    raise AssertionError("no offer stands")


@pytest.fixture(scope="module")
def check_id(city: City) -> uuid.UUID:
    return checked(city)


def member_of(city: City, check_id: uuid.UUID) -> Principal:
    """One of the household, for themselves."""
    with city.house.database.read() as session:
        return person(repository.consents(session, check_id)[0].subject_id)


@pytest.fixture(scope="module")
def site(city: City, check_id: uuid.UUID) -> Iterator[str]:
    everybody = {**SEATS, "member": member_of(city, check_id)}
    for key, principal in everybody.items():
        scope = "tong" if key == "member" else "zhengtong"
        city.tokens[f"rules-{key}"] = msgspec.structs.replace(principal, scopes=frozenset({scope}))
    translations = Translations.load(locale_folders(*PACKAGES, *PORTALS, *TONG))
    app = create_app(city.services, Pages(TEMPLATES, translations=translations, is_demonstration=True))
    residents = create_tong(city.services, Pages(TONG_TEMPLATES, translations=translations))
    folders = {"entrance": ROOT / "portals" / "entrance" / "templates"}
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    entrance = create_entrance(city.house, Pages(folders))
    running = Running(PathApps({"/": entrance, "/zhengtong": app, "/tong": residents}), port)
    yield f"http://127.0.0.1:{port}"
    running.stop()


def window(
    browser: Browser,
    site: str,
    who: str,
    *,
    width: int = 1280,
    locale: str = "zh-CN",
    is_senior: bool = False,
) -> Page:
    context = browser.new_context(
        reduced_motion="reduce",
        extra_http_headers={"authorization": f"Bearer rules-{who}"},
        base_url=site,
        viewport={"width": width, "height": 900},
        locale=locale,
    )
    if is_senior:
        context.add_cookies([{"name": "dongchu_senior", "value": "1", "url": site}])
    return context.new_page()


def account_holder(city: City) -> tuple[str, str]:
    """Somebody of the demonstration who has an account."""
    with city.house.database.read() as session:
        number = city.cast.daughter
        name = registry.describe(session, [number], vault=city.house.vault)[number].name
        return name, registry.identifier_of(session, number, vault=city.house.vault)


def test_two_people_change_the_list_and_lock_an_account(
    browser: Browser, site: str, city: City, check_id: uuid.UUID
) -> None:
    name, id_number = account_holder(city)
    author = window(browser, site, "author")
    author.goto(RULES)
    author.get_by_label("收入", exact=True).select_option("wages")
    author.get_by_label("自哪天起").fill("2026-12-01")
    author.get_by_label("依据的文件名称").fill("关于必要就业成本扣减的通知")
    author.get_by_role("button", name="提出").click()
    expect(author.locator("main")).to_contain_text("请填写文件公布的网址")
    author.get_by_label("公布的网址").fill("https://www.huangshi.gov.cn/x")
    author.get_by_role("button", name="提出").click()
    author.wait_for_url("**/income-rules?done=*")
    author.context.close()
    first = window(browser, site, "first")
    first.goto(LOCKS)
    first.get_by_label("姓名").fill(name)
    first.get_by_label("身份证号码").fill(id_number)
    first.get_by_label("情况和凭据").fill("本人到窗口，报案回执 2026-7")
    first.get_by_role("button", name="提出").click()
    first.wait_for_url("**/locks?done=*")
    expect(first.get_by_role("button", name="锁定", exact=True)).to_have_count(0)
    first.context.close()
    walk(browser, site, check_id)
    publisher = window(browser, site, "publisher")
    publisher.goto(RULES)
    publisher.get_by_role("button", name="同意", exact=True).click()
    publisher.wait_for_url("**/income-rules?done=*")
    publisher.goto(f"{RULES}?on=2026-12-01")
    expect(publisher.locator("main")).to_contain_text("关于必要就业成本扣减的通知")
    publisher.context.close()
    second = window(browser, site, "second", locale="en")
    second.goto(LOCKS)
    second.get_by_role("button", name="Lock", exact=True).click()
    second.wait_for_url("**/locks?done=*")
    expect(second.get_by_role("button", name="Lock", exact=True)).to_have_count(0)
    second.context.close()


def walk(browser: Browser, site: str, check_id: uuid.UUID) -> None:
    """Every page as each of its readers may have it."""
    wrong: dict[str, list[str]] = {}
    pages = (
        ("publisher", RULES),
        ("author", RULES),
        ("second", LOCKS),
        ("clerk", f"/zhengtong/means/{check_id}"),
        ("clerk", f"/zhengtong/means/{check_id}/withdrawal"),
        ("member", f"/tong/means/{check_id}"),
    )
    for width, is_senior, locale in ((1280, False, "zh-CN"), (390, False, "en"), (1280, True, "zh-CN")):
        for who, path in pages:
            page = window(browser, site, who, width=width, locale=locale, is_senior=is_senior)
            page.goto(path)
            page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
            found = complaints(page, is_senior=is_senior)
            wrong.update({f"{path} {who} {width} {locale} {is_senior}": found} if found else {})
            page.context.close()
    assert wrong == {}


def test_a_word_is_taken_back_on_its_page_with_the_recording(
    browser: Browser, site: str, city: City, enter: Enter
) -> None:
    check_id = checked(city)
    page = window(browser, site, "clerk")
    page.goto(f"/zhengtong/means/{check_id}")
    expect(page.locator("main")).to_contain_text("计入的家庭月收入")
    page.get_by_role("link", name="登记撤回").click()
    expect(page.locator("main")).to_contain_text("全家的核对到此结束")
    page.get_by_label("口述并录音录像").check()
    page.get_by_label("撤回书或录音录像的存档编号").fill("核撤2026-1")
    page.get_by_text("不能签字的，填见证人").click()
    page.get_by_label("为什么不能签字").fill("不识字")
    page.get_by_label("见证人姓名").fill("邻居甲")
    page.get_by_label("见证人身份").fill("邻居")
    page.get_by_label("录音录像文件").set_input_files(
        {"name": "说的话.wav", "mimeType": "audio/wav", "buffer": WAV}
    )
    page.get_by_role("button", name="登记撤回").click()
    page.wait_for_url(f"**/means/{check_id}?done=*")
    expect(page.locator("main")).to_contain_text("听录音")
    page.context.close()
    program = enter(SEATS["clerk"], accept="application/json")
    seen = program.get(f"/zhengtong/api/v1/means/{check_id}").json()
    (file,) = [one for member in seen["members"] for one in member["recordings"]]
    heard = program.get(f"/zhengtong/api/v1/means/{check_id}/recordings/{file['id']}")
    assert (heard.status_code, heard.headers["content-type"], heard.content) == (200, "audio/wav", WAV)
    assert heard.headers["cache-control"] == "no-store"
    stranger = enter(seat(7_306, "payment.approve"), accept="application/json")
    assert stranger.get(f"/zhengtong/api/v1/means/{check_id}/recordings/{file['id']}").status_code == 403
    sent = {"place": 0, "paper": "核撤2026-2"}
    again = program.post(f"/zhengtong/api/v1/means/{check_id}/withdrawals", json=sent)
    assert again.status_code == 409, again.text


def test_the_doors_of_the_list_and_of_locks(city: City, enter: Enter) -> None:
    program = {key: enter(principal, accept="application/json") for key, principal in SEATS.items()}
    wanted = {
        "test": "housing",
        "kind": "scholarship",
        "division": "420200",
        "since": "2026-01-01",
        "treatment": "excluded",
        "title": "通知",
        "url": "https://www.huangshi.gov.cn/y",
    }
    api = "/zhengtong/api/v1/income-rules"
    assert program["publisher"].post(f"{api}/changes", json=wanted).status_code == 403
    made = program["author"].post(f"{api}/changes", json=wanted)
    assert made.status_code == 201, made.text
    decision = f"{api}/changes/{made.json()['id']}/decision"
    assert program["clerk"].post(decision, json={"outcome": "agree"}).status_code == 403
    assert program["publisher"].post(decision, json={"outcome": "agree"}).status_code == 200
    assert program["publisher"].post(decision, json={"outcome": "agree"}).status_code == 409
    rules = {(one["test"], one["kind"]): one for one in program["clerk"].get(f"{api}?on=2026-06-01").json()}
    assert rules["housing", "scholarship"]["treatment"] == "excluded"
    assert rules["social_relief", "wages"]["treatment"] == "counted"
    name, id_number = account_holder(city)
    lock = {"name": name, "id_number": id_number, "action": "lock", "ground": "order", "reason": "文书号"}
    locks = "/zhengtong/api/v1/account-locks"
    is_locked = any(
        one["action"] == "lock" and one["state"] == "done" for one in program["first"].get(locks).json()
    )
    lock["action"] = "unlock" if is_locked else "lock"
    for key, status in (("clerk", 403), ("first", 201)):
        assert program[key].post(locks, json=lock).status_code == status
    assert program["first"].post(locks, json={**lock, "name": "不是他"}).status_code == 400
    waiting = next(one for one in program["second"].get(locks).json() if one["state"] == "proposed")
    assert name not in waiting["person"]
    decided = {
        key: program[key].post(f"{locks}/{waiting['id']}/decision", json={"outcome": "refuse"})
        for key in ("first", "second")
    }
    assert {key: one.status_code for key, one in decided.items()} == {"first": 403, "second": 200}
