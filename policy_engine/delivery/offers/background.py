"""What must be known before matches change offers, read for a whole batch at once."""

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy.orm import Session

from policy_engine.delivery.awards import repository as award_rows
from policy_engine.delivery.claims import repository as claim_rows
from policy_engine.delivery.offers import repository
from policy_engine.delivery.offers.repository import Key
from policy_engine.delivery.periods import window_start
from policy_engine.delivery.ports import Ports
from policy_engine.delivery.terms import Terms
from policy_engine.matching.effects import MatchEffect

Version = tuple[str, int]


class Background:
    """Offers and live awards are locked, in one order for everybody; ``claimed`` are (policy, unit) under a claim."""

    def __init__(self, session: Session, ports: Ports, effects: Sequence[MatchEffect], today: date) -> None:
        self._session = session
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
        self._granted: dict[Version, Mapping[int, int]] = {}

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

    def times_granted(self, terms: Terms, unit_id: int) -> int:
        """How many awards the unit has had in the time for which the policy counts them."""
        version = (terms.policy_id, terms.version)
        if version not in self._granted:
            since = window_start(terms.limit_per, self._today)
            self._granted[version] = repository.awards_counted(
                self._session, terms.policy_id, self._units_of(terms), since
            )
        return self._granted[version].get(unit_id, 0)

    def _units_of(self, terms: Terms) -> set[int]:
        return {one.unit_id for one in self._effects if self.terms_of(one) is terms}


def key_of(effect: MatchEffect) -> Key:
    return (effect.policy_id, effect.subject_id, effect.unit_id)
