"""Members, agencies, claims and the one to-do list, as their pages and their APIs offer them."""

import re
from collections.abc import Sequence
from datetime import date

import pytest

from identity.delegation import repository as delegations
from identity.delegation.claiming import RegisteredFirm
from identity.delegation.models import Membership
from identity.registry import service as registry
from identity.registry.schemas import RelationshipRow
from tests.identity.conftest import DAUGHTER_ID, MOTHER_ID, OFFICIAL_ID
from tests.portals.people.conftest import SCOPES, Square

USCC = "91429900MA4DEM92X7"
AGENCY = "东方山代账有限公司"
AGENT = {"name": "柯建国", "id_number": OFFICIAL_ID, "role": "agent", "months": "12"}
ADMINISTRATOR = {"name": "陈桂英", "id_number": MOTHER_ID, "role": "administrator", "months": "12"}


def ending(page: str, path: str) -> list[str]:
    return re.findall(rf'action="({path}/[0-9a-f-]+/end)"', page)


def test_the_head_appoints_an_administrator_who_appoints_an_agent_and_all_end_together(
    square: Square,
) -> None:
    people = square.people
    head = square.enter("rongtong", people.daughter, people.firm)
    assert head.post("/rongtong/members", data=ADMINISTRATOR).status_code == 303
    administrator = square.enter("rongtong", people.mother, people.firm)
    refused = administrator.post(
        "/rongtong/members", data=ADMINISTRATOR | {"name": "柯建国", "id_number": OFFICIAL_ID}
    )
    assert refused.status_code == 403
    assert "只有法定代表人" in refused.text
    assert administrator.post("/rongtong/members", data=AGENT).status_code == 303
    page = head.get("/rongtong/members").text
    assert "柯建国" in page
    assert "由陈桂英任命" in page
    assert OFFICIAL_ID not in page
    agent = square.enter("rongtong", people.official, people.firm)
    assert agent.get("/rongtong/members").status_code == 403
    assert 'href="/rongtong/members"' not in agent.get("/rongtong/todo").text
    assert 'href="/rongtong/members"' in head.get("/rongtong/todo").text
    first, second = ending(page, "/rongtong/members")
    assert agent.post(second.replace(second[18:54], first[18:54])).status_code == 404  # the administrator's
    assert head.post(first).status_code == 303
    assert "还没有成员" in head.get("/rongtong/members").text


def test_what_is_typed_wrongly_is_told_and_kept(square: Square) -> None:
    head = square.enter("rongtong", square.people.daughter, square.people.firm)
    for wrong, word in (
        ({"name": "别人"}, "对不上"),
        ({"months": "99"}, "请选择期限"),
        ({"role": "owner"}, "请选择角色"),
        ({"id_number": ""}, "身份证号码"),
    ):
        answer = head.post("/rongtong/members", data=AGENT | wrong)
        assert answer.status_code == 400
        assert word in answer.text
    assert 'value="别人"' in head.post("/rongtong/members", data=AGENT | {"name": "别人"}).text


@pytest.fixture
def agency(square: Square) -> int:
    """An accountancy whose head is the official of these tests."""
    with square.house.database.write() as session:
        made = registry.ensure(
            session,
            kind="firm",
            name=AGENCY,
            identifier_kind="uscc",
            identifier=USCC,
            vault=square.house.vault,
            now=square.house.clock.now(),
        )
        registry.load_relationships(
            session,
            [
                RelationshipRow(
                    kind="legal_representative",
                    from_subject=square.people.official,
                    to_subject=made,
                    source="test",
                    from_on=date(2026, 1, 1),
                    until_on=None,
                )
            ],
        )
    return made


def test_an_agencys_people_find_their_clients_in_one_list(square: Square, agency: int) -> None:
    people = square.people
    head = square.enter("rongtong", people.daughter, people.firm)
    wanted = {"agency_name": AGENCY, "uscc": USCC, "agency_months": "12"}
    assert head.post("/rongtong/mandates", data=wanted).status_code == 303
    assert AGENCY in head.get("/rongtong/members").text
    accountant = square.enter("rongtong", people.official, agency)
    page = accountant.get("/rongtong/members").text
    assert "磁湖演示科技有限公司" in page
    assert "磁湖演示科技有限公司" not in accountant.get("/rongtong/todo").text
    (assigning,) = re.findall(r'action="(/rongtong/mandates/[0-9a-f-]+/workers)"', page)
    assert head.post(assigning, data={"member": "head"}).status_code == 404
    assert accountant.post(assigning, data={"member": "nobody"}).status_code == 400
    assert accountant.post(assigning, data={"member": "head"}).status_code == 303
    todo = accountant.get("/rongtong/todo").text
    assert "切换到磁湖演示科技有限公司" in todo
    assert 'name="capacity" value="assignment:' in todo
    listed = accountant.get("/rongtong/api/v1/todo").json()
    assert {one["name"] for one in listed} == {AGENCY, "磁湖演示科技有限公司"}
    stranger = square.enter("rongtong", people.official, agency, client_id="mini-app")
    assert stranger.get("/rongtong/api/v1/todo").status_code == 403
    (ended,) = ending(head.get("/rongtong/members").text, "/rongtong/mandates")
    assert head.post(ended).status_code == 303
    assert "磁湖演示科技有限公司" not in accountant.get("/rongtong/todo").text


def test_each_power_over_a_firm_is_a_scope_of_its_own(square: Square) -> None:
    """What a sign-in, a delegation or an app was not given is shut, by page and by program."""
    people = square.people
    head = square.enter("rongtong", people.daughter, people.firm)
    assert head.post("/rongtong/members", data=ADMINISTRATOR).status_code == 303
    assert head.post("/rongtong/members", data=AGENT | {"may_finance": "1"}).status_code == 303
    assert "可办融资" in head.get("/rongtong/members").text
    given = {one.subject_id: set(one.scopes) for one in options_of(square, people.firm)}
    assert given == {
        people.mother: {"rongtong", "members"},
        people.official: {"rongtong", "financing"},
    }
    doors = {
        "members": ("/members", "/apps", "/api/v1/members", "/api/v1/apps"),
        "financing": ("/financing", "/api/v1/financing/demands"),
        "licences": ("/wallet", "/api/v1/licences"),
    }
    for missing, paths in doors.items():
        without = square.enter(
            "rongtong", people.daughter, people.firm, scopes=SCOPES["rongtong"] - {missing}
        )
        for path in paths:
            assert head.get(f"/rongtong{path}").status_code == 200, path
            assert without.get(f"/rongtong{path}").status_code == 403, path
        home = without.get("/rongtong/todo").text
        assert f'href="/rongtong/{missing}"' not in home, missing


def options_of(square: Square, firm_id: int) -> Sequence[Membership]:
    with square.house.database.read() as session:
        return delegations.live_memberships(session, square.house.clock.now(), firm_id=firm_id)


def test_members_by_api_are_those_of_the_firm_one_acts_for(square: Square, agency: int) -> None:
    people = square.people
    head = square.enter("rongtong", people.daughter, people.firm)
    sent = {**AGENT, "months": 6}
    order = head.post("/rongtong/api/v1/members", json=sent)
    assert order.status_code == 201, order.text
    (member,) = order.json()["members"]
    other = square.enter("rongtong", people.official, agency)
    assert other.post(f"/rongtong/api/v1/members/{member['id']}/end").status_code == 404
    assert head.post(f"/rongtong/api/v1/members/{member['id']}/end").status_code == 204
    assert head.get("/rongtong/api/v1/members").json()["members"] == []
    alone = square.enter("rongtong", people.daughter)
    assert alone.get("/rongtong/api/v1/members").status_code == 403


def test_a_firm_is_claimed_by_its_code_and_left_again(square: Square) -> None:
    people = square.people
    me = square.enter("tong", people.daughter)
    assert "磁湖演示科技有限公司" in me.get("/tong/me/enterprises").text
    code = "92429900MA4DEM72XB"
    answer = me.post("/tong/me/enterprises", data={"uscc": code})
    assert answer.status_code == 400
    assert "没有找到由您担任负责人" in answer.text
    square.register.firms[code] = RegisteredFirm(
        uscc=code, name="周记豆丝坊", form="sole_proprietor", is_dissolved=False, head_office_uscc=None
    )
    square.register.heads[code] = DAUGHTER_ID
    assert me.post("/tong/me/enterprises", data={"uscc": code}).status_code == 303
    page = me.get("/tong/me/enterprises").text
    assert "周记豆丝坊" in page
    assert "经营者" in page
    assert me.post("/tong/me/enterprises", data={"uscc": "短"}).status_code == 400
    proxy = square.enter("tong", people.daughter, people.baby)
    assert proxy.post("/tong/me/enterprises", data={"uscc": code}).status_code == 403
    head = square.enter("rongtong", people.daughter, people.firm)
    assert head.post("/rongtong/members", data=AGENT).status_code == 303
    worker = square.enter("tong", people.official)
    (leaving,) = re.findall(
        r'action="(/tong/me/enterprises/membership/[^"]+/leave)"', worker.get("/tong/me/enterprises").text
    )
    assert square.enter("tong", people.mother).post(leaving).status_code == 404
    assert worker.post(leaving).status_code == 303
    assert "还没有企业" in worker.get("/tong/me/enterprises").text


def test_a_firm_nobody_has_said_anything_about_yet_has_its_desk_all_the_same(square: Square) -> None:
    """Claimed a minute ago, or an agency: the register knows it, no department has sent a fact."""
    head = square.enter("rongtong", square.people.daughter, square.people.firm)
    for path in ("/", "/policies", "/todo", "/claims", "/wallet", "/enterprise"):
        page = head.get(f"/rongtong{path}".rstrip("/"))
        assert page.status_code == 200, (path, page.text[:300])
    assert "还没有这家企业的信息" in page.text
    assert head.get("/rongtong/api/v1/near-misses").json() == []
    assert head.get("/rongtong/api/v1/facts").json() == []


def test_a_mini_app_is_asked_for_and_its_secret_drawn_by_its_firm_alone(square: Square) -> None:
    people = square.people
    head = square.enter("rongtong", people.daughter, people.firm)
    app = {
        "client_id": "lake-app",
        "name": "磁湖小程序",
        "redirect_uris": "https://lake.example/callback",
        "scope_openid": "1",
        "scope_profile": "1",
        "purpose": "湖区导览和优惠",
    }
    refused = head.post("/rongtong/apps", data=app | {"redirect_uris": "javascript:alert(1)"})
    assert refused.status_code == 400
    assert head.post("/rongtong/apps", data=app | {"client_id": "tong"}).status_code == 400
    assert head.post("/rongtong/apps", data=app).status_code == 303
    assert "待审核" in head.get("/rongtong/apps").text
    assert (
        head.post("/rongtong/apps/lake-app/secret", data={}).status_code == 404
    )  # not before it is approved
    assert square.enter("rongtong", people.official, people.firm).get("/rongtong/apps").status_code == 403
    (listed,) = head.get("/rongtong/api/v1/apps").json()
    assert listed["wanted"]["client_id"] == "lake-app"


def test_english_pages_speak_english(square: Square) -> None:
    people = square.people
    head = square.enter("rongtong", people.daughter, people.firm, language="en")
    assert "Members and authorisations" in head.get("/rongtong/members").text
    assert "All firms" in head.get("/rongtong/todo").text
    assert (
        "Claim a firm"
        in square.enter("tong", people.daughter, language="en").get("/tong/me/enterprises").text
    )
