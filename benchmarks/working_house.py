"""A house whose worker works beside whoever measures it, and a port for it."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from kernel.house import House
from kernel.outbox import Handler, Worker
from policy_engine.delivery import service
from policy_engine.delivery.payments import runs
from portals.joining import open_services


@contextmanager
def working(house: House) -> Iterator[None]:
    services = open_services(house)
    handlers: dict[str, Handler] = {
        "policy.rollout": lambda _message: None,
        **service.build_handlers(house.database, house.clock, house.vault, services.ports, services.treasury),
    }
    worker = Worker(house.database, house.clock, handlers, threads=2, long_topics=(runs.TOPIC, "payment.due"))
    house.ephemeral.subscribe("outbox", worker.wake)
    worker.start()
    try:
        yield
    finally:
        worker.stop(60)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
