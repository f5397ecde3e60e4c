"""Which process of a run a test goes to, and what is begun first.

xdist's own ``loadgroup`` hands over the group in a name that pytest 9.2 no longer asks for, so that it groups nothing.
"""

import gc

import pytest
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

#: Whatever takes longest, so that both processes are busy to the end of a run; and whoever comes later finds the city made.
LONGEST_FIRST = ("tests/journeys/", "tests/portals/public/", "tests/policy_engine/delivery/")
#: One running demonstration serves all of a folder; a file that starts one of its own can go elsewhere.
ONE_SERVER, OWN_SERVER = "tests/journeys/", ("tests/journeys/test_killed.py",)


def together(nodeid: str) -> str:
    """What shares a name shares a process: a file, where what its tests use together is made once, or all journeys."""
    file = nodeid.partition("::")[0]
    return ONE_SERVER if file.startswith(ONE_SERVER) and file not in OWN_SERVER else file


class ByFile(LoadScopeScheduling):
    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByFile:
    return ByFile(config, log)


def pytest_configure() -> None:
    """What is imported and collected is there to stay: looking through it while it grows takes longer than it is worth."""
    gc.disable()


def pytest_collection_finish() -> None:
    """From here on only what tests make is looked through."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    begins = (place for place, folder in enumerate(LONGEST_FIRST) if item.nodeid.startswith(folder))
    return next(begins, len(LONGEST_FIRST))
