"""When a child turns 14 and 18: by the number it bears, or for a newborn without one by when its parents were entered."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from identity.registry import service as registry
from identity.registry.models import Relationship
from kernel.crypto import Vault


@dataclass(frozen=True, slots=True)
class Majority:
    turns_14_on: date
    comes_of_age_on: date


def of_child(session: Session, parenthood: Relationship, *, vault: Vault) -> Majority:
    born = registry.birth_date(session, parenthood.to_subject, vault=vault) or parenthood.from_on
    return Majority(registry.birthday(born, 14), registry.birthday(born, 18))
