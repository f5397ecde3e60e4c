"""The environment as commands read it: settings, and logging that never shows an address with a code in it."""

import logging
import os

import click

from kernel.settings import Settings


def read_settings(*, is_demo: bool | None = None) -> Settings:
    """``DONGCHU_*`` as settings; ``is_demo`` overrides what they say."""
    environ = dict(os.environ)
    if is_demo is not None:
        environ["DONGCHU_DEMO"] = "1" if is_demo else "0"
    try:
        return Settings.from_environ(environ)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def set_up_logging() -> None:
    """Warnings and worse to standard error. Clients log whole URLs, which may hold one-time codes: not those."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    for name in ("httpx", "httpcore", "authlib"):
        logging.getLogger(name).setLevel(logging.WARNING)
