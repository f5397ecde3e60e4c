"""The products on offer, ready to be matched: read again only when something was published or ended.

Beside the products stand the policies of the city whose statuses they name (创业担保贷款小微企业), so that the engine
works them out on the way. Only statuses of firms pass the check (``loading``): one row of facts is all that is needed.
"""

import threading
from collections.abc import Iterable, Mapping
from datetime import date
from functools import cached_property

import msgspec
from sqlalchemy.orm import Session

from policy_engine.policies.compiled import CompiledPolicies, compile_policies
from policy_engine.policies.dependencies import with_statuses_below
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.published import (
    PublishedPolicies,
    PublishedPolicy,
    PublishedSet,
    publish_documents,
)
from portals.financing.products import repository
from portals.financing.products.document import ProductDocument, as_policy
from portals.financing.products.loading import standing_of


class OfferedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """One published version, and the same as the engine takes it."""

    document: ProductDocument
    policy: PolicyDocument
    is_demonstration: bool

    @property
    def key(self) -> str:
        return f"{self.document.id}@{self.document.version}"

    def is_on_offer(self, day: date) -> bool:
        until = self.document.valid_until
        return self.document.valid_from <= day and (until is None or day <= until)


class OfferedSet(msgspec.Struct, frozen=True, dict=True):
    """All products on offer in order of institution and id; ``engine`` holds them with the statuses below them."""

    products: tuple[OfferedProduct, ...]
    engine: PublishedSet

    @cached_property
    def by_id(self) -> Mapping[str, OfferedProduct]:
        return {one.document.id: one for one in self.products}

    @cached_property
    def published(self) -> Mapping[str, PublishedPolicy]:
        """As the engine holds them, by product id: what an explanation starts from."""
        return {one.document.id: one for one in self.engine.policies if one.document.id in self.by_id}

    @cached_property
    def _days(self) -> "dict[date, tuple[tuple[OfferedProduct, ...], CompiledPolicies, tuple[int, ...]]]":
        return {}

    def on(self, day: date) -> "tuple[tuple[OfferedProduct, ...], CompiledPolicies, tuple[int, ...]]":
        """The products of a day, what the engine compiled of them, and each one's place among its answers."""
        found = self._days.get(day)
        if found is None:
            products = tuple(one for one in self.products if one.is_on_offer(day))
            in_force = [one.document for one in self.engine.effective_on(day)]
            compiled = compile_policies(in_force, day)
            places = {key: place for place, key in enumerate(compiled.kinds["firm"].keys)}
            found = (products, compiled, tuple(places[one.key] for one in products))
            self._days.clear()  # one day is asked for at a time
            self._days[day] = found
        return found


def offered_set(products: Iterable[ProductDocument], city: PublishedSet) -> OfferedSet:
    """Products beside the policies of the city that they stand on. Raises ``StatusLoop``."""
    offered = tuple(
        OfferedProduct(document=one, policy=as_policy(one), is_demonstration=standing_of(one) != "official")
        for one in sorted(products, key=lambda one: (one.institution, one.id))
    )
    documents = [one.policy for one in offered]
    below = with_statuses_below(documents, city.documents, city.statuses) - {one.id for one in documents}
    standings = {one.document.id: one.standing for one in city.policies}
    engine = publish_documents(
        [
            *((city.documents[one], standings[one]) for one in sorted(below)),
            *((one.policy, standing_of(one.document)) for one in offered),
        ]
    )
    return OfferedSet(offered, engine)


class OfferedProducts:
    """The current set, read again only when products or the city's policies changed. One per process; safe between threads."""

    def __init__(self, policies: PublishedPolicies) -> None:
        self._policies = policies
        self._mutex = threading.Lock()
        self._kept: tuple[object, OfferedSet] | None = None

    def current(self, session: Session) -> OfferedSet:
        """The set as of this session's view of the database."""
        city = self._policies.current(session)
        mark = (city.epoch, repository.mark_of_change(session))
        with self._mutex:
            if self._kept is not None and self._kept[0] == mark:
                return self._kept[1]
        documents = [repository.document_of(row) for row in repository.live(session)]
        loaded = offered_set(documents, city)
        with self._mutex:
            self._kept = (mark, loaded)
        return loaded
