"""Ways in beside the password: a code to the phone, registration with a real-name check, an app as second factor."""

import re
from datetime import timedelta

import httpx
import pytest

from identity.accounts import rfc6238
from tests.identity.conftest import CHILD_ID, DAUGHTER_ID, NEWCOMER_ID, City
from tests.identity.people import ask_for_code, enter_by_phone, phone_code, someone
from tests.identity.relying_party import PASSWORD, Surfer, TokenClient, claims_of, mini_attempt, obtain_code


def register(city: City, surfer: Surfer, phone: str, **form: str) -> httpx.Response:
    return surfer.submit(enter_by_phone(city, surfer, phone), "/identity/register", **form)


def secret_on(page: httpx.Response) -> str:
    found = re.search(r"[A-Z2-7]{32}", page.text)
    assert found is not None
    return found.group()


def enrol_app(city: City, surfer: Surfer) -> str:
    """Bind an authenticator app to whoever is signed in; its secret."""
    page = surfer.open("/identity/security/totp")
    secret = secret_on(page)
    code = rfc6238.code_at(secret, rfc6238.step_of(city.clock.now()))
    assert "已绑定" in surfer.submit(page, "/identity/security/totp", code=code).text
    return secret


def test_a_code_to_the_phone_signs_in(there: City) -> None:
    one = someone(there, "周小兰")
    assert "周小兰" in enter_by_phone(there, there.surfer(), one.phone).text


def test_a_code_works_once_and_only_in_the_browser_that_asked(there: City) -> None:
    one = someone(there, "周小兰")
    asked, thief = there.surfer(), there.surfer()
    page = ask_for_code(asked, one.phone)
    code = phone_code(there, one.phone)
    other = thief.open("/identity/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', other.text)
    assert token is not None
    stolen = {"csrf_token": token.group(1), "phone": one.phone, "code": code}
    assert thief.http.post("/identity/login/code/check", data=stolen).status_code == 401
    assert "周小兰" in asked.submit(page, "/identity/login/code/check", code=code).text
    again = there.surfer(cookies=dict(asked.http.cookies))
    assert again.submit(page, "/identity/login/code/check", code=code).status_code in (401, 403)


def test_five_wrong_codes_burn_the_right_one(there: City) -> None:
    one = someone(there, "周小兰")
    surfer = there.surfer()
    page = ask_for_code(surfer, one.phone)
    right = phone_code(there, one.phone)
    wrong = f"{(int(right) + 1) % 1_000_000:06d}"
    for _ in range(5):
        assert surfer.submit(page, "/identity/login/code/check", code=wrong).status_code == 401
    assert surfer.submit(page, "/identity/login/code/check", code=right).status_code == 401


def test_a_second_code_waits_a_minute(there: City) -> None:
    one = someone(there, "周小兰")
    surfer = there.surfer()
    ask_for_code(surfer, one.phone)
    refused = ask_for_code(surfer, one.phone)
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"


def test_a_strangers_requests_leave_the_owner_a_code(there: City) -> None:
    """Whoever floods a phone from elsewhere uses up their own share, not that of a browser the owner has used."""
    one = someone(there, "周小兰")
    owner = there.surfer()
    enter_by_phone(there, owner, one.phone)
    quota = there.app.state.hall.quotas
    for _ in range(40):
        try:
            quota.spend("code/phone", one.phone, limit=12)
        except Exception:  # noqa: S112 - what matters is that the count is used up
            continue
    owner.http.cookies.delete("dongchu_identity_session")
    assert ask_for_code(owner, one.phone).status_code == 200


def test_known_and_unknown_phones_read_the_same(there: City) -> None:
    one = someone(there, "周小兰")
    pages = []
    for phone in (one.phone, "13922220001"):
        page = ask_for_code(there.surfer(), phone)
        assert page.status_code == 200
        pages.append(re.sub(r'(value|content)="[^"]*"|139\S*', "", page.text))
    assert pages[0] == pages[1]


def test_somebody_new_registers_with_name_and_number(there: City) -> None:
    surfer = there.surfer()
    form = {"name": "阿依古丽·买买提", "id_number": NEWCOMER_ID, "password": ""}
    page = register(there, surfer, "13922220002", **form)
    assert "阿依古丽·买买提" in page.text
    assert NEWCOMER_ID not in page.text
    assert "阿依古丽" in enter_by_phone(there, there.surfer(), "13922220002").text


def test_a_wrong_name_and_a_taken_number_read_the_same(there: City) -> None:
    texts = []
    for phone, name, number in (
        ("13900001235", "周小兰", DAUGHTER_ID),  # has an account
        ("13900001236", "李四", DAUGHTER_ID),  # another's name
        ("13900001237", "李四", NEWCOMER_ID),
    ):
        page = register(there, there.surfer(), phone, name=name, id_number=number, password="")
        assert page.status_code == 409
        texts.append(re.sub(r'(value|content)="[^"]*"', "", page.text))
    assert len(set(texts)) == 1


def test_a_mistyped_number_is_told_beside_its_field_and_the_summary_leads_there(there: City) -> None:
    surfer = there.surfer()
    page = enter_by_phone(there, surfer, "13922220777")
    wrong = NEWCOMER_ID[:-1] + ("0" if NEWCOMER_ID[-1] != "0" else "1")
    page = surfer.submit(page, "/identity/register", name="阿依古丽·买买提", id_number=wrong)
    assert page.status_code == 400
    assert re.search(r'href="#[^"]*id_number"', page.text), re.findall('href="#[^"]*"', page.text)
    field = page.text.partition('name="id_number"')
    assert 'aria-invalid="true"' in field[0][-400:] + field[2][:400]
    assert "末位校验码不符，可能有一位输错，请对照证件逐位核对。" in page.text


def test_a_child_under_14_is_led_to_its_parents(there: City) -> None:
    form = {"name": "买买提小满", "id_number": CHILD_ID, "password": ""}
    page = register(there, there.surfer(), "13922220003", **form)
    assert page.status_code == 400
    assert "监护人" in page.text


def test_a_ticket_of_one_browser_is_worth_nothing_in_another(there: City) -> None:
    page = enter_by_phone(there, there.surfer(), "13922220004")
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    thief = there.surfer()
    token = re.search(r'name="csrf_token" value="([^"]+)"', thief.open("/identity/login").text)
    assert ticket is not None
    assert token is not None
    form = {"csrf_token": token.group(1), "ticket": ticket.group(1), "name": "李四", "id_number": NEWCOMER_ID}
    assert thief.http.post("/identity/register", data=form).status_code == 410


def test_levels_follow_what_was_proved(there: City) -> None:
    one = someone(there, "周小兰")
    other_one = someone(there, "陈桂英", is_real_name=False, has_phone=False)
    levels = []
    client = TokenClient(there.issuer)
    for login in (other_one.login, one.login):
        surfer, attempt = there.surfer(), mini_attempt()
        answer = client.redeem(attempt, obtain_code(surfer, attempt, login)["code"]).json()
        levels.append(claims_of(answer["id_token"])["acr"])
    assert levels == ["L1", "L2"]


def test_a_client_asks_for_a_level_and_the_person_proves_more(there: City) -> None:
    one = someone(there, "周小兰")
    surfer, attempt = there.surfer(), mini_attempt()
    page = surfer.open("/identity/authorize", **attempt.parameters(acr_values="L3"))
    page = surfer.sign_in(page, one.login)
    assert "/identity/step-up" in str(page.url)
    page = surfer.submit(page, "/identity/step-up/send")
    page = surfer.submit(page, "/identity/step-up/sms", code=phone_code(there, one.phone))
    page = surfer.submit(page, "authorize", decision="allow")
    code = dict(httpx.URL(page.headers["location"]).params)["code"]
    answer = TokenClient(there.issuer).redeem(attempt, code).json()
    assert claims_of(answer["id_token"])["acr"] == "L3"


def test_the_highest_level_needs_a_counter_and_says_so(there: City) -> None:
    one = someone(there, "周小兰")
    surfer = there.surfer()
    page = surfer.open("/identity/authorize", **mini_attempt().parameters(acr_values="L4"))
    assert "窗口" in surfer.sign_in(page, one.login).text


def test_an_app_is_bound_by_showing_that_it_works_and_no_code_works_twice(there: City) -> None:
    holder = someone(there, "柯建国", has_phone=False)
    surfer = there.surfer()
    surfer.sign_in(surfer.open("/identity/login"), holder.login)
    secret = enrol_app(there, surfer)
    there.clock.move(timedelta(minutes=1))
    code = rfc6238.code_at(secret, rfc6238.step_of(there.clock.now()))
    results = []
    for _ in range(2):
        one = there.surfer()
        one.sign_in(one.open("/identity/login"), holder.login)
        page = one.submit(one.open("/identity/step-up"), "/identity/step-up/otp", code=code)
        results.append(page.status_code)
    assert results == [200, 401]


def test_a_seat_asks_for_the_second_factor_its_holder_has(there: City) -> None:
    holder = someone(there, "柯建国", has_phone=False)
    surfer = there.surfer()
    surfer.sign_in(surfer.open("/identity/login"), holder.login)
    secret = enrol_app(there, surfer)
    fresh = there.surfer()
    fresh.sign_in(fresh.open("/identity/login"), holder.login)
    page = fresh.open("/identity/step-up")
    assert "动态码" in page.text
    there.clock.move(timedelta(minutes=1))
    code = rfc6238.code_at(secret, rfc6238.step_of(there.clock.now()))
    assert fresh.submit(page, "/identity/step-up/otp", code=code).status_code == 200


def test_wrong_second_factors_come_to_an_end(there: City) -> None:
    holder = someone(there, "柯建国", has_phone=False)
    surfer = there.surfer()
    surfer.sign_in(surfer.open("/identity/login"), holder.login)
    enrol_app(there, surfer)
    guesser = there.surfer()
    guesser.sign_in(guesser.open("/identity/login"), holder.login)
    page = guesser.open("/identity/step-up")
    statuses = [guesser.submit(page, "/identity/step-up/otp", code="000000").status_code for _ in range(8)]
    assert statuses[0] == 401
    assert statuses[-1] == 429


def test_a_new_password_ends_every_other_sign_in(there: City) -> None:
    other_one = someone(there, "陈桂英", is_real_name=False, has_phone=False)
    here, elsewhere = there.surfer(), there.surfer()
    for surfer in (here, elsewhere):
        surfer.sign_in(surfer.open("/identity/login"), other_one.login)
    page = here.open("/identity/security/password")
    here.submit(page, "/identity/security/password", password="another long one")
    assert "/identity/login" in str(elsewhere.open("/identity/security").url)
    assert here.open("/identity/security").status_code == 200
    again = there.surfer()
    assert again.sign_in(again.open("/identity/login"), other_one.login, PASSWORD).status_code == 401
    assert (
        again.sign_in(again.open("/identity/login"), other_one.login, "another long one").status_code == 200
    )


def test_changing_the_password_asks_for_all_the_proof_there_is(there: City) -> None:
    one = someone(there, "周小兰")
    surfer = there.surfer()
    surfer.sign_in(surfer.open("/identity/login"), one.login)
    assert "/identity/step-up" in str(surfer.open("/identity/security/password").url)


def test_a_new_phone_counts_once_it_has_answered(there: City) -> None:
    other_one = someone(there, "陈桂英", is_real_name=False, has_phone=False)
    surfer = there.surfer()
    surfer.sign_in(surfer.open("/identity/login"), other_one.login)
    page = surfer.submit(surfer.open("/identity/security/phone"), "/phone/send", phone="13922220005")
    surfer.submit(page, "/identity/security/phone", code=phone_code(there, "13922220005"))
    assert "陈桂英" in enter_by_phone(there, there.surfer(), "13922220005").text


def test_a_family_behind_one_phone_says_who_is_there(there: City) -> None:
    one = someone(there, "周小兰")
    other_one = someone(there, "陈桂英", is_real_name=False, has_phone=False)
    surfer = there.surfer()
    surfer.sign_in(surfer.open("/identity/login"), other_one.login)
    page = surfer.submit(surfer.open("/identity/security/phone"), "/phone/send", phone=one.phone)
    surfer.submit(page, "/identity/security/phone", code=phone_code(there, one.phone))
    page = enter_by_phone(there, there.surfer(), one.phone)
    assert "您是哪一位" in page.text
    assert "周小兰" not in page.text
    assert "*兰" in page.text


@pytest.mark.parametrize(
    ("at", "code"),
    [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (2000000000, "279037")],
)
def test_one_time_passwords_are_those_of_rfc_6238(at: int, code: str) -> None:
    """Appendix B, cut to six digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert rfc6238.code_at(secret, at // 30) == code
