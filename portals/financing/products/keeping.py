"""What an officer may do with the institution's products, one transaction each."""

import uuid

from kernel.errors import NotFound
from kernel.i18n import gettext as _
from kernel.web.principal import Principal
from portals.financing.access import institution_of
from portals.financing.products import repository, service
from portals.financing.products.models import Product
from portals.financing.products.reaching import Reaches
from portals.financing.products.shelf import ShelfRow, ShelfVersion, shelf_row
from portals.services import Services

#: Fewer than so many could be guessed by name.
FEWEST_TOLD = 10


class Products:
    """Of the institution on whose seat one sits."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._house = services.house
        self._reaches = Reaches(services.house.settings.home / "snapshot")

    def shelf(self, principal: Principal) -> list[ShelfRow]:
        office = institution_of(principal, "financing.work", "financing.approve")
        with self._house.database.read() as session:
            rows = repository.of_institution(session, office.code)
            return [_row(one, principal) for one in rows]

    def version(self, principal: Principal, row_id: uuid.UUID) -> ShelfVersion:
        """Raises ``NotFound`` for another institution's."""
        office = institution_of(principal, "financing.work", "financing.approve")
        today = self._house.clock.today()
        with self._house.database.read() as session:
            row = repository.find(session, row_id)
            if row is None or row.bank_code != office.code:
                raise NotFound(_("没有找到这项产品。"))
            city = self._services.published.current(session)
            counts = self._reaches.of(session, row, city, today)
            return ShelfVersion(
                row=_row(row, principal), text=row.source_text, cases=row.cases_text, reach=_reach(*counts)
            )

    def draft(self, principal: Principal, text: str, cases_text: str) -> uuid.UUID:
        with self._house.database.write() as session:
            published = self._services.published.current(session)
            row = service.save_draft(
                session,
                text=text,
                cases_text=cases_text,
                actor=principal,
                published=published,
                now=self._house.clock.now(),
            )
            return row.id

    def publish(self, principal: Principal, row_id: uuid.UUID) -> None:
        with self._house.database.write() as session:
            published = self._services.published.current(session)
            service.publish(
                session, row_id, actor=principal, published=published, now=self._house.clock.now()
            )

    def end(self, principal: Principal, row_id: uuid.UUID) -> None:
        with self._house.database.write() as session:
            service.end(session, row_id, actor=principal, now=self._house.clock.now())


def _row(row: Product, principal: Principal) -> ShelfRow:
    return shelf_row(
        row,
        subject_id=principal.subject_id,
        seat_id=None if principal.seat is None else principal.seat.id,
        may_approve=principal.has_duty("financing.approve"),
    )


def _reach(eligible: int, unknown: int) -> str:
    """Counts only, and none that a name could be guessed from."""

    def told(count: int) -> str:
        return str(count) if count >= FEWEST_TOLD or count == 0 else _("不足 %(few)d", few=FEWEST_TOLD)

    return _("全市符合 %(fit)s 家，还差信息 %(open)s 家", fit=told(eligible), open=told(unknown))
