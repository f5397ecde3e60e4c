"""People and officials in a process of their own, which may be killed in the middle of anything: whoever comes next looks
at where each claim stands and goes on from there. ``python -m benchmarks.chaos.hands FIRST COUNT``"""

import contextlib
import os
import sys
import time

import sqlalchemy as sa

import portals.tables  # noqa: F401  every table of the house
from benchmarks.claims_through import Machine
from benchmarks.made_rights import FIRST_PERSON, POLICY
from kernel.errors import DongchuError
from kernel.house import open_house
from kernel.settings import Settings
from policy_engine.delivery.claims.models import Claim
from policy_engine.delivery.offers import repository as offers


def main(first: str, count: str) -> None:
    house = open_house(Settings.from_environ(os.environ))
    machine = Machine(house)
    people = range(FIRST_PERSON + int(first), FIRST_PERSON + int(first) + int(count))
    for one in people:
        while not _is_through(machine, one):
            time.sleep(0.2)


def _is_through(machine: Machine, one: int) -> bool:
    """One more step of somebody's claim; True when nothing is left to do by hand."""
    with machine.house.database.read() as session:
        offer = offers.find_offer(session, POLICY.id, one, one)
        claim = session.scalar(sa.select(Claim).where(Claim.subject_id == one, Claim.policy_id == POLICY.id))
    with contextlib.suppress(DongchuError, sa.exc.DBAPIError):
        if offer is None:
            machine.offer([one])
        elif claim is None:
            machine.confirm(one)
        elif claim.state == "submitted":
            machine.act(claim.id, "accept")
        elif claim.state == "review":
            machine.act(claim.id, "grant")
        else:
            return True
        return _is_through(machine, one)
    return False


if __name__ == "__main__":
    main(*sys.argv[1:3])
