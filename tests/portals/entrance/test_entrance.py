"""The page at `/`: three doors, and senior mode on the first screen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar import Litestar
from litestar.testing import TestClient

import portals.entrance
from kernel.house import House
from kernel.i18n import Translations, locale_folders
from kernel.web.pages import Pages
from portals.entrance.routes import create_app

FOLDER = Path(portals.entrance.__file__).parent


@pytest.fixture
def client(house: House) -> Iterator[TestClient[Litestar]]:
    pages = Pages(
        {"entrance": FOLDER / "templates"},
        translations=Translations.load(locale_folders(FOLDER)),
        is_demonstration=True,
    )
    with TestClient(create_app(house, pages), base_url="http://dongchu.test") as opened:
        yield opened


def test_each_door_leads_to_its_portal(client: TestClient[Litestar]) -> None:
    page = client.get("/").text
    for door, name in (("/tong", "东楚通"), ("/rongtong", "东楚融通"), ("/zhengtong", "东楚政通")):
        assert f'<a href="{door}">{name}</a>' in page


def test_senior_mode_is_on_the_first_screen(client: TestClient[Litestar]) -> None:
    assert "换成长者版" in client.get("/").text
    client.post("/preferences", data={"senior": "1", "back": "/"})
    assert "data-senior" in client.get("/").text


def test_it_speaks_english(client: TestClient[Litestar]) -> None:
    page = client.get("/", headers={"accept-language": "en"}).text
    assert "Good policy finds you" in page
    assert "好政策" not in page


def test_the_style_guide_is_only_for_demonstrations(house: House) -> None:
    pages = Pages({"entrance": FOLDER / "templates"})
    with TestClient(create_app(house, pages)) as client:
        assert client.get("/style").status_code == 404
