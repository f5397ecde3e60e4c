"""What browsers download: named by content, kept for a year, light, and exactly what we vendored."""

import hashlib
import tomllib

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from kernel.web.pages import Pages
from kernel.web.static_files import STATIC_FOLDER, read_static

Client = TestClient[Litestar]
VENDORED = tomllib.loads((STATIC_FOLDER / "vendor" / "VENDORED.toml").read_text())["file"]


@pytest.mark.parametrize("file", VENDORED, ids=lambda file: file["path"])
def test_vendored_files_are_what_their_authors_released(file: dict[str, str]) -> None:
    folder = STATIC_FOLDER / "vendor"
    assert hashlib.sha256((folder / file["path"]).read_bytes()).hexdigest() == file["sha256"]
    assert (folder / file["licence_file"]).stat().st_size > 0


def test_every_vendored_file_is_declared() -> None:
    scripts = {path.name for path in (STATIC_FOLDER / "vendor").glob("*.js")}
    assert scripts == {file["path"] for file in VENDORED}


def test_content_is_kept_for_a_year_under_its_own_name(client: Client, pages: Pages) -> None:
    answer = client.get(pages.static.url("dongchu.css"))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert "--way" in answer.text


def test_an_unchanged_file_is_not_sent_again(client: Client, pages: Pages) -> None:
    url = pages.static.url("dongchu.js")
    tag = client.get(url).headers["etag"]
    answer = client.get(url, headers={"if-none-match": tag})
    assert (answer.status_code, answer.content) == (304, b"")


def test_an_old_name_gets_todays_content_without_the_year(client: Client) -> None:
    answer = client.get("/static/000000000000/mark.svg")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["nothing.css", "../pages.py", "vendor/VENDORED.toml", "%2e%2e/pages.py"])
def test_nothing_else_is_served(client: Client, path: str) -> None:
    assert client.get(f"/static/x/{path}").status_code == 404


def test_the_first_page_is_light(client: Client) -> None:
    """UX: first paint of any page under 100 kB compressed."""
    files = read_static()
    assert len(files["dongchu.css"].body) <= 40_000
    assert len(files["dongchu.js"].body) <= 8_000
    page = client.get("/style", headers={"accept-encoding": "identity"}).content
    needed = [files["dongchu.css"], files["dongchu.js"], files["vendor/htmx.min.js"]]
    assert len(page) / 5 + sum(len(file.compressed) for file in needed) < 100_000
