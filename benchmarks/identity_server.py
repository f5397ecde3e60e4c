"""The identity service alone in a process of its own, as ``dongchu serve identity`` runs it, beside a bare hello.

``python -m benchmarks.identity_server HOME DATABASE_URL PORT``
"""

import sys
from pathlib import Path

from litestar import Litestar, get

from identity.app import LOCALE, TEMPLATES, create_app
from kernel.house import open_house
from kernel.i18n import Translations
from kernel.settings import Settings
from kernel.web.pages import Pages
from portals.server import PathApps, serve


@get("/hello", sync_to_thread=True)
def hello() -> str:
    return "hello"


def settings_of(home: Path, database_url: str, port: int) -> Settings:
    base = f"http://127.0.0.1:{port}"
    return Settings(home=home, database_url=database_url, port=port, base_url=base, issuer=f"{base}/identity")


def main(home: str, database_url: str, port: str) -> None:
    house = open_house(settings_of(Path(home), database_url, int(port)))
    pages = Pages({"identity": TEMPLATES}, translations=Translations.load([LOCALE]))
    apps = {
        "/": Litestar([hello], openapi_config=None, logging_config=None),
        "/identity": create_app(house, pages),
    }
    serve(PathApps(apps), "127.0.0.1", int(port))


if __name__ == "__main__":
    main(*sys.argv[1:4])
