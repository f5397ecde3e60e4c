"""``dongchu system``: the outside systems (departments, bank, treasury, channels) from the shell.

They stand in the file that ``DONGCHU_CONNECTORS`` names. Tokens and keys are read from files, never from the command line,
where every other user of the machine could see them.
"""

import base64
import binascii
import importlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import click
import httpx
import msgspec

from connectors.events.departments import DEPARTMENTS
from connectors.events.feed import EventFeed
from connectors.events.signing import KEY_BYTES, SigningKey
from connectors.resilience import Watch
from connectors.resilience.states import label_of, states
from connectors.settings import SYSTEMS, ConnectorSettings, OutsideSystem, new_key, replace_file
from kernel import audit
from kernel.errors import OutsideFailure
from kernel.house import House, open_house
from kernel.tls import authorities
from portals.commands.environment import read_settings

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("system")
def system_commands() -> None:
    """Outside systems: departments, bank, treasury, exchange, SMS. They stand in the file DONGCHU_CONNECTORS names."""


@system_commands.command("list")
def list_systems() -> None:
    """Every system: whether it answers, until when it was read, and where it is."""
    with _opened() as house:
        known = _settings(house)
        with house.database.read() as session:
            found = states(session, Watch(house.ephemeral, house.clock), now=house.clock.now())
        for one in found:
            system = known.systems.get(one.system)
            if system is None:
                click.echo(f"{one.system:20} not connected")
                continue
            condition = "disabled" if system.is_disabled else one.condition
            read = f"{one.data_as_of:%Y-%m-%d %H:%M}" if one.data_as_of is not None else "-"
            click.echo(f"{one.system:20} {condition:10} read until {read:17} {system.base_url}")


@system_commands.command("connect")
@click.argument("name", type=click.Choice(SYSTEMS))
@click.option("--url", required=True, help="Its address, https.")
@click.option(
    "--token-file", required=True, type=_FILE, help="Holds the token that we show to it, on one line."
)
@click.option(
    "--signing-key-file",
    type=_FILE,
    help="Holds the key it signs its events with (base64 of 32 bytes). Without it one is made and shown once.",
)
def connect(name: str, url: str, token_file: Path, signing_key_file: Path | None) -> None:
    """Connect a system, or give it a new address, token or key. Former keys stop counting at once."""
    _check_address(url)
    token = _line_of(token_file)
    key = new_key() if signing_key_file is None else _key_in(signing_key_file)
    with _opened() as house:
        _change(
            house, name, OutsideSystem(base_url=url.rstrip("/"), token=token, signing_keys=(key,)), "connect"
        )
    click.echo(f"{name} is connected. Restart the server and its workers; then: dongchu system test {name}")
    if signing_key_file is None:
        click.echo(f"It signs its events with this key, shown once: {key.secret}")


@system_commands.command("test")
@click.argument("name", type=click.Choice(SYSTEMS))
def test(name: str) -> None:
    """Ask a system something that changes nothing; says what came back and how long it took."""
    with _opened() as house:
        system = _known(house, name)
    if system.is_disabled:
        raise click.ClickException(f"{name} is disabled. Run: dongchu system enable {name}")
    began = time.monotonic()
    said = _read_events(name, system) if name in DEPARTMENTS else _knock(system)
    click.echo(f"{name} {said} ({(time.monotonic() - began) * 1000:.0f} ms)")


@system_commands.command("disable")
@click.argument("name", type=click.Choice(SYSTEMS))
def disable(name: str) -> None:
    """Send nothing to a system and read nothing from it; what waits for it waits."""
    _switch(name, is_disabled=True)


@system_commands.command("enable")
@click.argument("name", type=click.Choice(SYSTEMS))
def enable(name: str) -> None:
    """Talk to a disabled system again."""
    _switch(name, is_disabled=False)


def _switch(name: str, *, is_disabled: bool) -> None:
    with _opened() as house:
        system = msgspec.structs.replace(_known(house, name), is_disabled=is_disabled)
        _change(house, name, system, "disable" if is_disabled else "enable")
    word = "disabled" if is_disabled else "enabled"
    click.echo(f"{name} is {word}. Restart the server and its workers.")


def _read_events(name: str, system: OutsideSystem) -> str:
    feed = EventFeed(label_of(name), system, name=name)
    try:
        page = feed.events_after("")
    except OutsideFailure as failure:
        raise click.ClickException(f"{name}: {failure.detail}") from failure
    finally:
        feed.close()
    return f"answers: {len(page.events)} events on its first page"


def _knock(system: OutsideSystem) -> str:
    """A GET of its address: no interface beyond HTTP is common to the others."""
    try:
        answer = httpx.get(
            system.base_url,
            headers={"authorization": f"Bearer {system.token}"},
            timeout=httpx.Timeout(system.answer_seconds, connect=system.connect_seconds),
            verify=authorities(trust_env=True),
        )
    except httpx.HTTPError as error:
        raise click.ClickException(f"{system.base_url} cannot be reached: {error}") from error
    if answer.status_code in (401, 403):
        raise click.ClickException(
            f"{system.base_url} answers {answer.status_code}: it does not take our token"
        )
    if answer.is_server_error:
        raise click.ClickException(f"{system.base_url} answers {answer.status_code}")
    return f"answers: HTTP {answer.status_code}"


@contextmanager
def _opened() -> Iterator[House]:
    importlib.import_module("portals.tables")
    house = open_house(read_settings())
    try:
        yield house
    finally:
        house.database.close()
        house.ephemeral.close()


def _file() -> Path:
    named = os.environ.get("DONGCHU_CONNECTORS")
    if not named:
        raise click.ClickException(
            "Set DONGCHU_CONNECTORS to the file that holds the outside systems; it is made when there is none."
            " Without it every system is played by the simulators."
        )
    return Path(named)


def _settings(house: House) -> ConnectorSettings:
    """What is in force; a file that is not there yet begins with the simulators."""
    environ = dict(os.environ)
    if not Path(environ.get("DONGCHU_CONNECTORS", "")).is_file():
        environ.pop("DONGCHU_CONNECTORS", None)
    try:
        return ConnectorSettings.from_environ(environ, house.settings.base_url, house.settings.home)
    except msgspec.MsgspecError as error:
        raise click.ClickException(f"{_file()} cannot be read: {error}") from error


def _known(house: House, name: str) -> OutsideSystem:
    system = _settings(house).systems.get(name)
    if system is None:
        raise click.ClickException(f"{name} is not connected. Run: dongchu system connect {name} --help")
    return system


def _change(house: House, name: str, system: OutsideSystem, action: str) -> None:
    path, known = _file(), _settings(house)
    changed = msgspec.structs.replace(known, systems={**known.systems, name: system})
    with house.database.write() as session:
        audit.record(
            session,
            actor="command",
            action=f"system.{action}",
            object_kind="outside_system",
            object_id=name,
            detail={"address": system.base_url},
            now=house.clock.now(),
        )
        replace_file(path, msgspec.json.format(msgspec.json.encode(changed), indent=2))


def _check_address(url: str) -> None:
    parts = urlsplit(url)
    is_loopback = parts.hostname in ("127.0.0.1", "::1", "localhost")
    if not parts.hostname or parts.scheme not in ("https", "http"):
        raise click.BadParameter("an address like https://data.example.gov.cn", param_hint="--url")
    if parts.scheme != "https" and not is_loopback:
        raise click.BadParameter("must be https: personal data goes there", param_hint="--url")


def _line_of(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    if not text or "\n" in text or not text.isascii() or not text.isprintable():
        raise click.ClickException(f"{path} must hold one line and nothing else")
    return text


def _key_in(path: Path) -> SigningKey:
    secret = _line_of(path)
    try:
        is_whole = len(base64.b64decode(secret, validate=True)) == KEY_BYTES
    except binascii.Error:
        is_whole = False
    if not is_whole:
        raise click.ClickException(f"{path} must hold the base64 of {KEY_BYTES} bytes")
    return SigningKey(secret)
