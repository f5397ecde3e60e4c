"""What must be known before matches change offers, read for a whole batch at once."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from policy_engine.delivery.awards import allowance
from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.offers import repository
from policy_engine.delivery.offers.repository import Key
from policy_engine.delivery.payments import repository as payment_rows
from policy_engine.delivery.periods import beginning, window
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.terms import Limit, Terms
from policy_engine.matching.effects import MatchEffect

Version = tuple[str, int]


class Background:
    """Offers and live awards are locked, in one order for everybody; ``claimed`` are (policy, unit) under a claim."""

    def __init__(self, session: Session, ports: Ports, effects: Sequence[MatchEffect], today: date) -> None:
        self._session = session
        self._ports = ports
        self._effects = effects
        self._today = today
        units = {(effect.policy_id, effect.unit_id) for effect in effects}
        self.offers = repository.lock_offers_of(session, [key_of(effect) for effect in effects])
        self.live = award_rows.lock_live(session, units)
        self.claimed = claim_rows.units_under_claim(session, units)
        named = {(effect.policy_id, effect.version) for effect in effects}
        self._terms = {version: ports.terms(session, *version) for version in sorted(named)}
        fresh = {
            effect.subject_id
            for effect in effects
            if effect.verdict == "eligible" and key_of(effect) not in self.offers
        }
        self.divisions: Mapping[int, str] = ports.people.divisions_of(session, fresh) if fresh else {}
        self._with_rivals: dict[Version, set[int]] = {}
        self._beginnings: dict[Version, date] = {}
        self._had: dict[tuple[str, int, Limit], Mapping[int, int]] = {}

    def terms_of(self, effect: MatchEffect) -> Terms:
        return self._terms[effect.policy_id, effect.version]

    def has_rival(self, effect: MatchEffect, terms: Terms) -> bool:
        """Whether the unit has, or had, any right that may keep this one away."""
        if not terms.rivals:
            return False
        version = (terms.policy_id, terms.version)
        if version not in self._with_rivals:
            self._with_rivals[version] = repository.units_awarded(
                self._session, terms.rivals, self._units_of(terms)
            )
        return effect.unit_id in self._with_rivals[version]

    def is_used_up(self, terms: Terms, subject_id: int, unit_id: int) -> bool:
        """Whether a limit of the policy would leave nothing of the right if it began today."""
        if terms.period == "none":
            return False
        day = self._beginning_of(terms)
        # Claims under way, money and what others of a household were paid are asked one by one, times all at once.
        is_shared = bool(terms.yearly_caps) or any(limit.scope == "subject" for limit in terms.held_to)
        if not (terms.period == "once" and is_shared) and not any(
            self._times(terms, limit, day).get(unit_id if limit.scope == "unit" else subject_id, 0)
            for limit in terms.held_to
        ):
            return False
        found = allowance.used_up(self._session, self._ports, terms, subject_id, unit_id, on=day)
        return found is not None

    def _beginning_of(self, terms: Terms) -> date:
        version = (terms.policy_id, terms.version)
        if version not in self._beginnings:
            self._beginnings[version] = beginning(terms, self._today)
        return self._beginnings[version]

    def _times(self, terms: Terms, limit: Limit, day: date) -> Mapping[int, int]:
        """How often the limit's own was granted or paid, of all units or subjects of the batch at once."""
        if terms.period != "once" and limit.per != "life":
            return {}
        key = (terms.policy_id, terms.version, limit)
        if key not in self._had:
            of_it = [one for one in self._effects if self.terms_of(one) is terms]
            numbers = {one.unit_id if limit.scope == "unit" else one.subject_id for one in of_it}
            count = award_rows.times_granted if terms.period == "once" else payment_rows.times_paid
            self._had[key] = count(
                self._session, terms.policy_id, limit.scope, numbers, window(limit.per, day)
            )
        return self._had[key]

    def _units_of(self, terms: Terms) -> set[int]:
        return {one.unit_id for one in self._effects if self.terms_of(one) is terms}


def key_of(effect: MatchEffect) -> Key:
    return (effect.policy_id, effect.subject_id, effect.unit_id)
