"""Serving: everything in one process for a demo, chosen services behind a proxy, the worker on its own."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext

import click
from rich.console import Console
from rich.table import Table

from kernel.house import House, open_house
from kernel.migrations import is_current, migrate
from kernel.settings import Settings
from kernel.web.proxies import BehindProxies
from portals.commands.environment import read_settings, set_up_logging
from portals.server import AlreadyRunning, PortTaken, check_port, leave, only_one, serve
from portals.starting import starting

SERVICES = ("identity", "licenses", "connectors", "tong", "rongtong", "zhengtong", "public")


@click.command()
@click.option("--residents", type=click.IntRange(5_000, 200_000), default=20_000, show_default=True)
@click.option("--firms", type=click.IntRange(500, 20_000), default=2_000, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
def run(residents: int, firms: int, seed: int) -> None:
    """Start the demonstration: all services in this process on one port, with a fictional city.

    The first start makes the store and the city; later ones take seconds. Ctrl-C stops. Nothing here is official.
    """
    settings = read_settings(is_demo=True)
    if not settings.is_embedded:
        raise click.ClickException(
            "`dongchu run` is the embedded demo on SQLite. On PostgreSQL use `dongchu serve`."
        )
    set_up_logging()
    with _alone(settings):
        from portals.demo.city import make_city_once

        house = open_house(settings)
        migrate(house.database)
        make_city_once(house, residents=residents, firms=firms, seed=seed)
        _serve(house, SERVICES, has_worker=True, on_ready=lambda: _welcome(house))
    leave()


@click.command("serve")
@click.argument("names", nargs=-1, type=click.Choice(SERVICES))
def serve_portals(names: Sequence[str]) -> None:
    """Serve the named services (all of them without a name). On SQLite the worker runs inside."""
    settings = read_settings()
    set_up_logging()
    with _alone(settings, is_shared=not settings.is_embedded):
        house = _ready_house()
        _serve(
            house, names or SERVICES, has_worker=settings.is_embedded, on_ready=lambda: _say_address(house)
        )
    leave()


@click.command("worker")
@click.option("--threads", type=click.IntRange(1, 32), default=4, show_default=True)
def work(threads: int) -> None:
    """Do the background work of a PostgreSQL store; any number of these may run."""
    settings = read_settings()
    if settings.is_embedded:
        raise click.ClickException(
            "On SQLite the worker runs inside `dongchu run` and `dongchu serve`: the file has one writing process. "
            "For workers of their own set DONGCHU_DATABASE_URL to a PostgreSQL and DONGCHU_REDIS_URL to a Redis."
        )
    set_up_logging()
    with starting():
        from portals.joining import open_services
        from portals.transparency import build_sequencer
        from portals.worker import build_worker

        house = _ready_house()
        worker, sequencer = build_worker(open_services(house), threads=threads), build_sequencer(house)
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    worker.start()
    sequencer.start()
    click.echo("The worker is running. Ctrl-C stops it.")
    stopping.wait()
    worker.stop()
    sequencer.stop()


@contextmanager
def _alone(settings: Settings, *, is_shared: bool = False) -> Iterator[None]:
    """Hold the home and the port, or end with a sentence that says what is in the way."""
    try:
        with nullcontext() if is_shared else only_one(settings.home):
            check_port(settings.host, settings.port)
            yield
    except (AlreadyRunning, PortTaken) as error:
        raise click.ClickException(str(error)) from error


def _ready_house() -> House:
    house = open_house(read_settings())
    if not is_current(house.database):
        raise click.ClickException("The store is not at this version. Run: dongchu migrate")
    return house


def _serve(house: House, names: Sequence[str], *, has_worker: bool, on_ready: Callable[[], None]) -> None:
    with starting():
        from portals.joining import open_services
        from portals.main import build_apps
        from portals.transparency import build_sequencer
        from portals.worker import build_worker

        services = open_services(house)
        workers = [build_worker(services), build_sequencer(house)] if has_worker else []
        apps = build_apps(services, names)
    trusted = house.settings.trusted_proxies

    def ready() -> None:
        for worker in workers:
            worker.start()
        on_ready()

    try:
        app = BehindProxies(apps, trusted) if trusted else apps
        serve(app, house.settings.host, house.settings.port, on_ready=ready)
    finally:
        for worker in workers:
            worker.stop()
        house.ephemeral.close()
        house.database.close()


def _say_address(house: House) -> None:
    click.echo(f"Serving at {house.settings.base_url}")


def _welcome(house: House) -> None:
    """The table of addresses and demo logins."""
    from portals.demo.accounts import read_accounts

    console = Console(file=sys.stdout)
    base = house.settings.base_url
    places = Table(title="东楚 Dongchu · 演示 demonstration", title_justify="left")
    places.add_column("入口 Entrance")
    places.add_column("地址 Address", no_wrap=True)
    for name, path in (
        ("三个入口 all three", "/"),
        ("东楚通 residents", "/tong"),
        ("东楚融通 enterprises", "/rongtong"),
        ("东楚政通 civil servants", "/zhengtong"),
        ("证照查验 verification", "/licenses/verify"),
        ("模拟外部系统 simulated outside systems", "/simulators/"),
    ):
        places.add_row(name, base + path)
    console.print(places)
    accounts = read_accounts(house.settings.home)
    people = Table(
        title=f"演示账号 demo logins · 密码 password: {accounts[0].password}", title_justify="left"
    )
    for heading in ("登录名 Login", "入口", "姓名"):
        people.add_column(heading, no_wrap=True)
    people.add_column("角色 Part", overflow="fold")
    for one in accounts:
        people.add_row(one.login, one.portal, one.name, f"{one.part} {one.part_en}")
    console.print(people)
    console.print("Ctrl-C 停止 stops. 全部数据均为虚构 All data are fictional.")
