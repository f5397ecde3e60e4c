"""One of several processes that scan the same code: ``python -m tests.licenses.scanning_process TOKEN SCANS < settings``.

Waits for a line on standard input before it begins, so that all begin at once; prints how many scans succeeded.
"""

import sys
import threading
from pathlib import Path

import msgspec

import identity.tables  # noqa: F401
from kernel.crypto import Vault
from kernel.errors import Gone
from kernel.house import House, open_house
from kernel.settings import Settings
from licenses import showing
from licenses.schemas import Verifier


class Place(msgspec.Struct):
    home: str
    database_url: str
    redis_url: str


def scan(house: House, token: str, successes: list[int]) -> None:
    try:
        with house.database.write(timeout=60) as session:
            verifier = Verifier("窗口", is_known=True, purpose="counter")
            showing.scan(session, house, token, verifier=verifier, cause="优待卡")
        successes.append(1)
    except Gone:
        return


def main() -> None:
    place = msgspec.json.decode(sys.stdin.readline(), type=Place)
    settings = Settings(
        home=Path(place.home), database_url=place.database_url, redis_url=place.redis_url, is_demo=True
    )
    house = open_house(settings)
    assert isinstance(house.vault, Vault)
    successes: list[int] = []
    token, count = sys.argv[1], int(sys.argv[2])
    threads = [threading.Thread(target=scan, args=(house, token, successes)) for _ in range(count)]
    print("ready", flush=True)
    sys.stdin.readline()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(len(successes), flush=True)
    house.database.close()
    house.ephemeral.close()


if __name__ == "__main__":
    main()
