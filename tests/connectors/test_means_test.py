"""The means-test centre over HTTP: handed in once, answered when its source has had its days, by nobody unknown."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from connectors.means_test.client import MeansTestClient
from connectors.means_test.messages import SOURCES, MeansInquiry, Source
from connectors.settings import ConnectorSettings
from connectors.simulators.app import TEMPLATES, create_app
from connectors.simulators.means_routes import DAYS
from connectors.simulators.settings import SimulatorSettings
from connectors.simulators.world import World
from kernel.clock import FixedClock
from kernel.errors import OutsideRefused
from kernel.web.pages import Pages
from tests.conftest import NOON
from tests.connectors.conftest import PERSON, free_port, populate, serving

CLOCK = FixedClock(NOON)


@pytest.fixture(scope="module")
def centre(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MeansTestClient]:
    home: Path = tmp_path_factory.mktemp("centre")
    port = free_port()
    outside = ConnectorSettings.embedded(f"http://127.0.0.1:{port}", home)
    settings = SimulatorSettings(
        home=home, outside=outside, events_url="http://127.0.0.1:9", is_pushing=False
    )
    world = World(settings, CLOCK)
    populate(world)
    pages = Pages({"connectors": TEMPLATES}, is_demonstration=True)
    with serving(create_app(settings, CLOCK, world=world, pages=pages), port):
        client = MeansTestClient(outside.systems["means_test"], first_pause=0.001)
        yield client
        client.close()


def number_of(source: Source) -> str:
    return f"HD-test-{SOURCES.index(source)}"


def inquiry(source: Source = "tax", id_number: str = PERSON) -> MeansInquiry:
    return MeansInquiry(number_of(source), source, id_number, "柳如是", "HD420203-1", "低保")


def test_each_source_answers_in_its_own_time_and_the_same_again(centre: MeansTestClient) -> None:
    CLOCK.set(NOON)
    assert {centre.submit(inquiry(source)).state for source in SOURCES} == {"pending"}
    CLOCK.move(timedelta(days=DAYS["tax"]))
    answered = {source: centre.query(number_of(source)).state for source in SOURCES}
    assert answered == {
        "social_insurance": "answered",
        "subsidies": "answered",
        "tax": "answered",
        "housing": "pending",
        "banks": "pending",
    }
    CLOCK.move(timedelta(days=3))
    first = centre.query(number_of("banks"))
    assert first.state == "answered"
    assert first.assets is not None
    assert centre.submit(inquiry("banks")) == first, "handed in again is the same inquiry"
    assert centre.query("HD-nobody-asked").state == "unknown"


def test_a_number_is_for_one_inquiry_and_one_person(centre: MeansTestClient) -> None:
    centre.submit(inquiry("tax"))
    with pytest.raises(OutsideRefused):
        centre.submit(MeansInquiry(number_of("tax"), "banks", PERSON, "柳如是", "HD420203-1", "低保"))
    with pytest.raises(OutsideRefused) as refused:
        centre.submit(MeansInquiry("HD-test-other", "tax", "999999197001010018", "无", "HD420203-1", "低保"))
    assert refused.value.code == "person_unknown"
