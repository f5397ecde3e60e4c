"""One contract for each department, held against its simulator and against our client alike.

``contracts/<system>.json`` has a sample of every kind of message as the department documents it. The simulator must
answer with the same fields; the client must read the sample. So neither can drift from the paper, nor from the other.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from connectors.clients import CLIENTS
from connectors.events.departments import DEPARTMENTS
from connectors.outside import Caller
from connectors.settings import ConnectorSettings, OutsideSystem
from connectors.simulators.actions import from_page
from connectors.simulators.app import create_app
from connectors.simulators.faults import Fault, set_fault
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from kernel.clock import FixedClock
from kernel.errors import OutsideRefused, OutsideTimeout, OutsideUnavailable
from kernel.web.pages import Pages
from tests.conftest import NOON
from tests.connectors.conftest import FIRM, MOTHER, PERSON, free_port, populate, serving
from tests.connectors.test_mapping import BEFORE, TYPED, find

CONTRACTS = Path(__file__).parent / "contracts"
#: Which demonstrator's action makes a department send which kind.
MAKES = {
    "birth_registered": "register-birth",
    "household_moved": "move-household",
    "death_registered": "register-death",
    "death_withdrawn": "withdraw-death",
    "relief_recognised": "recognise-relief",
    "relief_ended": "end-relief",
    "means_checked": "check-means",
    "orphan_recognised": "recognise-orphan",
    "orphan_ended": "end-orphan",
    "care_need_assessed": "assess-care-need",
    "cremation_recorded": "record-cremation",
    "marriage_registered": "register-marriage",
    "unemployment_registered": "register-unemployment",
    "unemployment_ended": "end-unemployment",
    "hire_recorded": "record-hire",
    "hire_ended": "end-hire",
    "skill_certificate_issued": "issue-skill-certificate",
    "hard_to_employ_recognised": "recognise-hard-to-employ",
    "premium_posted": "post-premium",
    "firm_premium_settled": "settle-firm-premium",
    "layoffs_reported": "report-layoffs",
    "certificate_issued": "issue-certificate",
    "certificate_cancelled": "cancel-certificate",
    "birth_certified": "certify-birth",
    "severe_illness_confirmed": "confirm-illness",
    "student_enrolled": "enrol-student",
    "student_left": "leave-school",
    "hardship_recognised": "recognise-hardship",
    "student_loan_reported": "report-student-loan",
    "home_registered": "register-home",
    "lease_filed": "file-lease",
    "public_rental_queued": "queue-for-rental",
    "homes_brokered": "report-brokered",
    "deed_tax_paid": "pay-deed-tax",
    "premium_collected": "collect-premium",
    "revenue_declared": "declare-revenue",
    "firm_registered": "register-firm",
    "legal_representative_changed": "change-representative",
    "firm_standing_changed": "change-standing",
    "hi_tech_recognised": "recognise-hi-tech",
    "hi_tech_revoked": "revoke-hi-tech",
    "technology_sme_listed": "list-technology-sme",
    "firm_sized": "size-firm",
    "speciality_recognised": "recognise-speciality",
    "above_scale_reported": "report-above-scale",
    "green_factory_recognised": "recognise-green-factory",
}
DEATHS = {"register-death", "withdraw-death", "record-cremation"}
KINDS = [(system, kind) for system in CLIENTS for kind in DEPARTMENTS[system].readings]


def sample(system: str, kind: str) -> dict[str, Any]:
    return msgspec.json.decode((CONTRACTS / f"{system}.json").read_bytes())[kind]


def shape(value: Any) -> Any:
    """Names and kinds of fields, whatever their values; a null may stand for a text."""
    if isinstance(value, dict):
        return {name: shape(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "text" if value is None else type(value).__name__.replace("str", "text")


class Town:
    """The simulated departments behind real HTTP."""

    def __init__(self, world: World, outside: ConnectorSettings) -> None:
        self.world = world
        self.outside = outside
        self.subjects: dict[str, str] = {}

    def record(self, kind: str) -> str:
        """Make the department record this kind about somebody, once; about whom, by identifier."""
        if kind not in self.subjects:
            action = find(MAKES[kind])
            before = BEFORE.get(action.id)
            if before is not None:
                self.record(next(one for one, made_by in MAKES.items() if made_by == before))
            who = PERSON if action.id in DEATHS else MOTHER  # in whatever order: the rest is about the living
            about = {"id_number": who} if action.about == "person" else {"uscc": FIRM}
            action.make(self.world.desk, from_page(action.form, about | TYPED.get(action.id, {})))
            row = self.world.store.row(
                "SELECT identifier FROM record WHERE kind = ? ORDER BY number DESC LIMIT 1", kind
            )
            assert row is not None
            self.subjects[kind] = row["identifier"]
        return self.subjects[kind]

    def ask(self, system: str, body: Any, **headers: str) -> httpx.Response:
        """Without our client: what any program on the other side of the contract would see."""
        there = self.outside.systems[system]
        token = headers.get("authorization", f"Bearer {there.token}")
        return httpx.post(f"{there.base_url}/records", json=body, headers={"authorization": token})


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, pages: Pages) -> Iterator[Town]:
    home, port = tmp_path_factory.mktemp("town"), free_port()
    outside = ConnectorSettings.embedded(f"http://127.0.0.1:{port}", home)
    settings = SimulatorSettings(
        home=home, outside=outside, events_url="http://127.0.0.1:9", is_pushing=False
    )
    world = World(settings, FixedClock(NOON))
    populate(world)
    with serving(create_app(settings, FixedClock(NOON), world=world, pages=pages), port):
        yield Town(world, outside)


def test_every_kind_of_message_has_a_sample_and_no_sample_is_left_over() -> None:
    for system in CLIENTS:
        samples = msgspec.json.decode((CONTRACTS / f"{system}.json").read_bytes())
        assert set(samples) == set(DEPARTMENTS[system].readings), system


@pytest.mark.parametrize(("system", "kind"), KINDS)
def test_the_simulator_answers_as_the_contract_says(town: Town, system: str, kind: str) -> None:
    identifier = town.record(kind)
    if "/" in identifier:  # a hire is found by firm and person together: nobody asks for one alone
        answer = town.world.desk.newest(system, identifier, (kind,))
        assert answer is not None
        assert shape(msgspec.json.decode(answer["message"])) == shape(sample(system, kind))
        return
    answered = town.ask(system, {"identifier": identifier, "kinds": [kind]})
    assert answered.status_code == 200
    assert answered.json()["kind"] == kind
    assert shape(answered.json()["record"]) == shape(sample(system, kind))


@pytest.mark.parametrize(("system", "kind"), KINDS)
def test_our_client_reads_what_the_contract_says(system: str, kind: str) -> None:
    content = {"as_of": "2026-11-23T12:00:00+08:00", "kind": kind, "record": sample(system, kind)}
    client = answering(system, httpx.Response(200, json=content))
    found = client.latest(MOTHER, kind)
    assert found is not None
    assert found.as_of == NOON
    assert msgspec.json.decode(msgspec.json.encode(found.message)) == sample(system, kind)
    assert found.meaning.subjects
    client.close()


def test_client_and_simulator_agree_over_the_wire(town: Town) -> None:
    asked = 0
    for system, kind in KINDS:
        identifier = town.record(kind)
        if "/" in identifier:
            continue
        client = CLIENTS[system](town.outside.systems[system], first_pause=0.01)
        found = client.latest(identifier, kind)
        client.close()
        assert found is not None, kind
        assert found.kind == kind
        assert (found.as_of, bool(found.meaning.subjects)) == (NOON, True)
        asked += 1
    assert asked > 40


def test_nothing_on_record_is_an_answer_and_a_wrong_token_is_not(town: Town) -> None:
    client = CLIENTS["education"](town.outside.systems["education"], first_pause=0.001)
    assert client.latest("990201200001010000", "student_enrolled") is None
    client.close()
    assert (
        town.ask(
            "education", {"identifier": MOTHER, "kinds": ["student_left"]}, authorization="no"
        ).status_code
        == 401
    )
    assert town.ask("education", {"identifier": "'; --", "kinds": ["student_left"]}).status_code == 400
    assert town.ask("education", {"identifier": MOTHER, "kinds": []}).status_code == 400
    stranger = msgspec.structs.replace(town.outside.systems["education"], token="wrong")
    client = CLIENTS["education"](stranger, first_pause=0.001)
    with pytest.raises(OutsideUnavailable):
        client.latest(MOTHER, "student_enrolled")
    client.close()


def test_a_short_outage_is_ridden_out_and_a_long_one_is_named(town: Town) -> None:
    identifier = town.record("firm_sized")
    client = CLIENTS["industry"](town.outside.systems["industry"], first_pause=0.001)
    set_fault(town.world.store, "industry", Fault(mode="down", times=2))
    assert client.latest(identifier, "firm_sized") is not None
    set_fault(town.world.store, "industry", Fault(mode="down"))
    with pytest.raises(OutsideUnavailable) as down:
        client.latest(identifier, "firm_sized")
    set_fault(town.world.store, "industry", Fault())
    client.close()
    assert "经信" in down.value.detail


@pytest.mark.parametrize(
    ("answer", "failure"),
    [
        (httpx.Response(200, json={"as_of": "yesterday"}), OutsideTimeout),
        (httpx.Response(200, content=b"<html>"), OutsideTimeout),
        (
            httpx.Response(
                200, json={"as_of": "2026-11-23T12:00:00Z", "kind": "student_left", "record": {"xm": 1}}
            ),
            OutsideTimeout,
        ),
        (
            httpx.Response(200, json={"as_of": "2026-11-23T12:00:00Z", "kind": "other", "record": {}}),
            OutsideTimeout,
        ),
        (httpx.Response(500), OutsideTimeout),
        (httpx.Response(429), OutsideUnavailable),
        (httpx.Response(422, json={"code": "no", "message": "不行"}), OutsideRefused),
    ],
)
def test_no_answer_is_taken_for_what_it_is_not(answer: httpx.Response, failure: type[Exception]) -> None:
    client = answering("education", answer)
    with pytest.raises(failure):
        client.latest(MOTHER, "student_left")
    client.close()


def answering(system: str, response: httpx.Response) -> Any:
    """Our client before a department that always answers this."""
    there = OutsideSystem(base_url="http://department.test", token="t", signing_keys=())
    client = CLIENTS[system](there)
    client.caller.close()

    def answer(request: httpx.Request) -> httpx.Response:
        assert MOTHER not in str(request.url)
        return httpx.Response(response.status_code, content=response.content)

    client.caller = Caller(client.LABEL, there, first_pause=0.001, transport=httpx.MockTransport(answer))
    return client
