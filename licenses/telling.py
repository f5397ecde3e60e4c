"""Word about a licence to whoever sees to it: the holder, for a child the parents, for a ward the guardian as well."""

from collections.abc import Collection, Iterable
from datetime import date

from sqlalchemy.orm import Session

from identity.registry import service as registry
from kernel.house import House
from kernel.notices import notify
from kernel.notices.service import NewNotice, notify_all
from kernel.wording import Wording, worded
from licenses.catalogue import LicenceType, licence_type
from licenses.models import Licence
from licenses.trust import authority_named

ADULT_YEARS = 18
#: A licence that ends is told of so many days before its last one, the longest first.
REMIND_DAYS = (60, 7)


def tell(
    session: Session,
    house: House,
    kind: LicenceType,
    holder_id: int,
    *,
    title: Wording,
    body: Wording,
    path: str = "",
) -> None:
    """Into the inbox of each of them, with a link to ``path`` of their portal's wallet."""
    portal = "tong" if kind.holder == "person" else "rongtong"
    for one in sorted(readers_of(session, house, kind, holder_id)):
        notify(
            session,
            subject_id=one,
            kind="licence",
            title=title,
            body=body,
            link=f"/{portal}/wallet{path}",
            now=house.clock.now(),
        )


def announce(session: Session, house: House, licences: Iterable[Licence]) -> None:
    """Tell that each of these lies in the wallet now; for how many at once, the summons outside says once."""
    notify_all(
        session,
        [
            NewNotice(
                subject_id=one,
                kind="licence",
                title=worded("您有新的电子证照：%(licence)s", licence=kind.named),
                body=worded(
                    "%(authority)s签发了%(licence)s，可在卡包中出示。",
                    authority=authority_named(licence.issuer).named,
                    licence=kind.named,
                ),
                link=f"/{'tong' if kind.holder == 'person' else 'rongtong'}/wallet/{licence.id}",
            )
            for licence in licences
            for kind in [licence_type(licence.type_id)]
            for one in sorted(readers_of(session, house, kind, licence.holder_id))
        ],
        now=house.clock.now(),
    )


def readers_of(session: Session, house: House, kind: LicenceType, holder_id: int) -> Collection[int]:
    """A child has no inbox of its own; who has nobody is told all the same."""
    if kind.holder == "firm":
        return {holder_id}
    today = house.clock.today()
    parents = registry.related_to(session, "parent", holder_id, today)
    guardians = registry.related_to(session, "guardian", holder_id, today)
    if not parents and not guardians:
        return {holder_id}
    if _is_child(session, house, holder_id, today):
        return {*parents, *guardians}
    return {holder_id, *guardians}


def _is_child(session: Session, house: House, holder_id: int, today: date) -> bool:
    """Whoever bears no number yet and has parents is newly born."""
    born = registry.birth_date(session, holder_id, vault=house.vault)
    return born is None or today < registry.birthday(born, ADULT_YEARS)
