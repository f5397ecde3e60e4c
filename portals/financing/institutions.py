"""Who lends and who guarantees: the institutions by their codes.

An institution's seats are those of the department with its name, as identity keeps them; so an officer who leaves has
lost everything at once, here too.
"""

from functools import cache
from pathlib import Path
from typing import Literal

import msgspec
import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.seats.models import Department
from kernel.errors import NotFound
from kernel.i18n import Named
from kernel.i18n import gettext as _
from kernel.web.principal import SeatView


class Institution(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bank or a guarantor; ``division`` is where it serves (``420200`` is the whole city)."""

    code: str
    name: str
    name_en: str
    kind: Literal["bank", "guarantor"]
    division: str
    phone: str

    @property
    def title(self) -> str:
        return self.named.said

    @property
    def named(self) -> Named:
        return Named(self.name, self.name_en)


@cache
def institutions() -> dict[str, Institution]:
    """By code, in the order of the file."""
    text = Path(__file__).with_name("institutions.yaml").read_bytes()
    return {one.code: one for one in msgspec.yaml.decode(text, type=list[Institution])}


def institution(code: str) -> Institution:
    """Raises ``NotFound``."""
    found = institutions().get(code)
    if found is None:
        raise NotFound(_("没有找到这家机构。"))
    return found


def of_seat(seat: SeatView | None) -> Institution | None:
    """The institution whose seat this is."""
    if seat is None or seat.institution is None:
        return None
    return next((one for one in institutions().values() if one.name == seat.department), None)


def subject_of(session: Session, code: str) -> int | None:
    """The institution's own subject number, in whose inbox its people read; none before it has a desk at the city."""
    return session.scalar(
        sa.select(Department.institution_id)
        .where(Department.name == institution(code).name, Department.institution_id.is_not(None))
        .limit(1)
    )
