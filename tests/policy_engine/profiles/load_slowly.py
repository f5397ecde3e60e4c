"""A process of its own that takes a file a few rows at a time, for the test that kills it: ``python -m … FILE``."""

import os
import sys
from pathlib import Path

from kernel.clock import FixedClock
from kernel.house import open_house
from kernel.settings import Settings
from policy_engine.profiles.files import loading, service
from tests.policy_engine.profiles.conftest import AS_OF, NOON


def main(path: Path) -> None:
    loading.CHUNK = 40
    house = open_house(Settings.from_environ(os.environ), FixedClock(NOON))
    with house.database.write() as session:
        file = service.register(
            session,
            path,
            source="human_resources",
            name=path.name,
            observed_on=AS_OF,
            today=AS_OF,
            by=None,
            now=NOON,
        )
    loading.Loading(house.database, house.vault, house.clock, path, file.id).run()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
