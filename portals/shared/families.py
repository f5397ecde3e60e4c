"""The families of those whose affairs one sees, ready to be judged; and keys for their members, whose numbers stay inside."""

from datetime import date

from sqlalchemy.orm import Session

from kernel.crypto import Vault
from kernel.errors import NotFound
from policy_engine.matching.evaluation import FamilyCase
from policy_engine.policies.published import PublishedSet
from policy_engine.profiles.service import load_family
from portals.services import Services


def key_of(vault: Vault, unit_id: int) -> str:
    """Short enough for an address, and nothing to try numbers out with."""
    return vault.blind_index(str(unit_id), purpose="tong/standing").hex()[:20]


def cases_of(session: Session, services: Services, subjects: frozenset[int]) -> list[FamilyCase]:
    """One case for each family among the subjects; who has no profile yet is left out."""
    published, today = services.published.current(session), services.house.clock.today()
    families: dict[int, FamilyCase] = {}
    for subject_id in sorted(subjects):
        if any(one.subject_id == subject_id for case in families.values() for one in case.family):
            continue
        case = _case(session, subject_id, published, today)
        if case is not None:
            families[case.family.owner.subject_id] = case
    return list(families.values())


def _case(session: Session, subject_id: int, published: PublishedSet, today: date) -> FamilyCase | None:
    try:
        return FamilyCase(load_family(session, subject_id), published, today)
    except NotFound:
        return None
