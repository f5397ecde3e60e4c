"""Signing in through the province's identity and the network identity, played over real HTTP; and what must not work."""

import base64
import html
import itertools
import re
from datetime import timedelta
from typing import Any

import httpx
import msgspec
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from connectors.identity_providers.client import Attempt, IdentityProvider
from connectors.simulators import population
from connectors.simulators.store import Store
from identity.accounts import repository as accounts
from identity.registry import service as registry
from identity.upstream import repository
from kernel.errors import Forbidden
from tests.conftest import NOON
from tests.identity.conftest import City, World, id_number
from tests.identity.people import Someone, enter_by_phone, someone
from tests.identity.relying_party import Surfer

_NUMBERS = itertools.count(100)


def live_in(world: World | None, number: str, name: str) -> None:
    """Somebody whom the simulated providers know."""
    assert world is not None
    store = Store(world.home)
    person = population.SimulatedPerson(id_number=number, name=name, household_number="1", division="420203")
    population.load(store, [person])
    store.close()


def newcomer(city: City, name: str, born: str = "19900101") -> str:
    number = id_number(f"429900{born}{next(_NUMBERS):03d}")
    live_in(city.outside, number, name)
    return number


def resident(city: City, name: str = "周小兰", **options: bool) -> Someone:
    one = someone(city, name, **options)
    live_in(city.outside, one.id_number, name)
    return one


def at_provider(surfer: Surfer, provider: str, path: str | None = None) -> str:
    """Follow the link to the provider; the address there."""
    answer = surfer.http.get(path or f"/identity/upstream/{provider}")
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def choose(address: str, person: str) -> str:
    """Sign in at the provider as this person; where it leads back to."""
    with httpx.Client(trust_env=False, headers={"accept": "text/html"}) as there:
        page = there.get(address, params={**dict(httpx.URL(address).params), "q": person})
        forms = re.findall(r'<form class="form" action="([^"]+)" method="post".*?</form>', page.text, re.S)
        hidden = re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', page.text)
        form = {html.unescape(name): html.unescape(value) for name, value in hidden}
        answer = there.post(httpx.URL(address).join(forms[0]), data={**form, "person": person})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]


def enter(surfer: Surfer, provider: str, person: str, path: str | None = None) -> httpx.Response:
    return surfer.open(choose(at_provider(surfer, provider, path), person))


def test_the_province_opens_the_account_with_the_verified_number(there: City) -> None:
    one = resident(there)
    assert "周小兰" in enter(there.surfer(), "province", one.id_number).text
    with there.house.database.read() as session:
        assert len(repository.of_subject(session, one.subject_id)) == 1


def test_it_proves_the_real_name_of_an_account_that_had_none(there: City) -> None:
    one = resident(there, is_real_name=False)
    enter(there.surfer(), "province", one.id_number)
    with there.house.database.read() as session:
        account = accounts.get(session, one.subject_id)
        assert account is not None
        assert account.real_name_at is not None


def test_somebody_new_agrees_and_has_an_account(there: City) -> None:
    number = newcomer(there, "热孜万·吐尔逊")
    surfer = there.surfer()
    page = enter(surfer, "province", number)
    assert "第一次从这里登录" in page.text
    assert "热孜万" not in page.text  # masked: whoever holds the browser learns nothing
    assert "热孜万·吐尔逊" in surfer.submit(page, "/identity/upstream/settle").text
    assert "热孜万·吐尔逊" in enter(there.surfer(), "province", number).text


def test_a_child_is_led_to_its_parents(there: City) -> None:
    number = newcomer(there, "小满", born="20180101")
    surfer = there.surfer()
    answer = surfer.submit(enter(surfer, "province", number), "/identity/upstream/settle")
    assert answer.status_code == 400
    assert "监护人" in answer.text


def test_the_network_identity_asks_once_who_one_is(there: City) -> None:
    one = resident(there)
    surfer = there.surfer()
    page = enter(surfer, "network", one.id_number)
    assert "第一次用网号登录" in page.text
    wrong = surfer.submit(page, "/identity/upstream/settle", name="李四", id_number=one.id_number)
    assert wrong.status_code == 409
    page = surfer.submit(wrong, "/identity/upstream/settle", name="周小兰", id_number=one.id_number)
    assert "周小兰" in page.text
    assert "周小兰" in enter(there.surfer(), "network", one.id_number).text


def test_anothers_number_is_not_matched_however_right_the_name(there: City) -> None:
    """Knowing somebody's name and number does not open their account by one's own 网号."""
    victim, thief = resident(there, "陈桂英"), resident(there, "张三")
    surfer = there.surfer()
    page = enter(surfer, "network", thief.id_number)
    answer = surfer.submit(page, "/identity/upstream/settle", name="陈桂英", id_number=victim.id_number)
    assert answer.status_code == 409


def test_guesses_of_who_it_is_come_to_an_end(there: City) -> None:
    one = resident(there)
    surfer = there.surfer()
    page = enter(surfer, "network", one.id_number)
    statuses = [
        surfer.submit(page, "/identity/upstream/settle", name="李四", id_number=one.id_number).status_code
        for _ in range(7)
    ]
    assert statuses[0] == 409
    assert statuses[-1] == 429


def test_linking_from_the_security_page_is_for_the_same_person_only(there: City) -> None:
    one, other = resident(there), resident(there, "张三", has_phone=False)
    surfer = there.surfer()
    enter_by_phone(there, surfer, one.phone)
    surfer.submit(
        surfer.open("/identity/step-up"), "/identity/step-up/password", password="correct horse battery"
    )
    answer = enter(surfer, "network", other.id_number, "/identity/security/upstream/network")
    assert answer.status_code == 403
    page = enter(surfer, "network", one.id_number, "/identity/security/upstream/network")
    assert "解除关联" in page.text
    removed = re.search(r'action="(/identity/security/upstream/[^"]+/remove)"', page.text)
    assert removed is not None
    assert "解除关联" not in surfer.submit(page, removed.group(1)).text


def test_refusing_there_costs_nothing_here(there: City) -> None:
    surfer = there.surfer()
    page = surfer.open(choose(at_provider(surfer, "province"), "nobody"))
    assert page.status_code == 502
    assert "换一种方式" in page.text
    assert "获取验证码" in page.text  # every other way stands there


def test_an_answer_counts_once_and_only_in_the_browser_that_left(there: City) -> None:
    one = resident(there)
    surfer, thief = there.surfer(), there.surfer()
    back = choose(at_provider(surfer, "province"), one.id_number)
    thief.open("/identity/login")
    assert thief.open(back).status_code == 410  # login CSRF: another's answer planted in this browser
    assert "周小兰" in surfer.open(back).text
    assert surfer.open(back).status_code == 410


def test_answers_are_not_mixed_up_between_providers(there: City) -> None:
    one = resident(there)
    surfer = there.surfer()
    back = choose(at_provider(surfer, "province"), one.id_number)
    assert surfer.open(back.replace("/upstream/province/", "/upstream/network/")).status_code == 410
    other = there.surfer()
    back = httpx.URL(choose(at_provider(other, "province"), one.id_number))
    evil = back.copy_set_param("iss", str(back.params["iss"]).replace("province", "network"))
    assert other.open(str(evil)).status_code == 403


def test_nobody_is_found_by_name_or_phone(there: City) -> None:
    """A person elsewhere with the same name, and whose phone is an account's here, is a stranger."""
    resident(there, "王秀英")
    number = newcomer(there, "王秀英")
    assert "第一次从这里登录" in enter(there.surfer(), "province", number).text


def test_a_locked_account_stays_locked(there: City) -> None:
    one = resident(there)
    with there.house.database.write() as session:
        accounts.get(session, one.subject_id).state = "locked"  # type: ignore[union-attr]
    assert enter(there.surfer(), "province", one.id_number).status_code == 401


class Forger:
    """A provider whose every answer can be bent."""

    def __init__(self, world: World) -> None:
        system = world.settings.identity_providers["province_identity"]
        self.client = IdentityProvider("province", system, redirect_uri="http://127.0.0.1/callback")
        self.key = self.published = ECKey.generate_key("P-256", auto_kid=True)
        self.issuer = system.base_url
        self.attempt = Attempt(state="s", nonce="n", verifier="v" * 50)
        self.claims: dict[str, Any] = {
            "iss": self.issuer,
            "sub": "X",
            "aud": "dongchu",
            "iat": int(NOON.timestamp()),
            "exp": int((NOON + timedelta(minutes=5)).timestamp()),
            "nonce": "n",
        }

    def answer(self, **bend: Any) -> httpx.MockTransport:
        claims = {name: value for name, value in {**self.claims, **bend}.items() if value is not None}
        token = jwt.encode({"alg": "ES256", "kid": self.key.kid}, claims, self.key)
        if bend.get("alg") == "none":
            head = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
            token = f"{head}.{token.split('.')[1]}."
        bodies = {
            "openid-configuration": {
                "issuer": bend.get("discovered", self.issuer),
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/jwks",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
            },
            "token": {"access_token": "a", "id_token": token},
            "jwks": {"keys": [self.published.as_dict(private=False)]},
            "userinfo": {
                "sub": bend.get("told", "X"),
                "xm": "周小兰",
                "gmsfhm": id_number("42990019900101100"),
                "rzdj": bend.get("level", 4),
            },
        }
        return httpx.MockTransport(
            lambda request: httpx.Response(
                200, content=msgspec.json.encode(bodies[request.url.path.rsplit("/", 1)[-1]])
            )
        )

    def complete(self, **bend: Any) -> None:
        self.client._http.close()
        self.client._http = httpx.Client(transport=self.answer(**bend))
        given = {"code": "c", "state": "s", "iss": self.issuer}
        try:
            self.client.complete(self.attempt, given, now=NOON)
        finally:
            self.client.close()


def test_a_sound_answer_passes(world: World) -> None:
    Forger(world).complete()


@pytest.mark.parametrize(
    "bend",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "somebody-else"},
        {"aud": ["dongchu", "somebody-else"]},
        {"iss": "https://evil.example"},
        {"exp": int((NOON - timedelta(hours=1)).timestamp())},
        {"sub": None},
        {"alg": "none"},
        {"told": "Y"},
        {"level": 1},
        {"discovered": "https://evil.example"},
    ],
    ids=lambda bend: next(iter(bend)),
)
def test_a_bent_answer_is_refused(world: World, bend: dict[str, Any]) -> None:
    with pytest.raises(Forbidden):
        Forger(world).complete(**bend)


def test_a_signature_by_an_unpublished_key_is_refused(world: World) -> None:
    forger = Forger(world)
    forger.published = ECKey.generate_key("P-256", auto_kid=True)
    with pytest.raises(Forbidden):
        forger.complete()


def test_the_subject_of_an_account_is_read_from_its_number_only(there: City) -> None:
    """A link made once does not outlive a change of whom it stands for."""
    one, other = resident(there), resident(there, "李四")
    enter(there.surfer(), "province", one.id_number)
    with there.house.database.write() as session:
        link = repository.of_subject(session, one.subject_id)[0]
        link.subject_id = other.subject_id
    assert enter(there.surfer(), "province", one.id_number).status_code == 403
    with there.house.database.read() as session:
        vault = there.house.vault
        assert registry.identifier_of(session, other.subject_id, vault=vault) == other.id_number
