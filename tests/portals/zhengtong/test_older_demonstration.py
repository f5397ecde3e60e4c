"""A demonstration that an older version made gets what it lacks at the next start, once, and loses nothing."""

from collections.abc import Iterator

import msgspec
import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from identity.delegation.models import Mandate, Membership
from kernel.house import House
from policy_engine.delivery.ledger.models import Budget
from policy_engine.policies.models import Policy, PolicyApproval, PolicyVersion
from portals.demo.cast import Cast
from portals.demo.city import bring_up_to_date
from portals.demo.upgrading import EDITION, READY, edition_of
from portals.financing.products.models import Product
from tests.made_once import copied
from tests.portals.zhengtong.conftest import _make, _open

LACKED = "tech-loan-interest"


@pytest.fixture
def older(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """As made before there was financing: no products, one policy less, and nobody who may ask for a loan."""
    house = _open(copied("office", _make, tmp_path_factory))
    home = house.settings.home
    with house.database.write() as session:
        session.execute(sa.delete(Product))
        versions = sa.select(PolicyVersion.id).where(PolicyVersion.policy_id == LACKED)
        session.execute(sa.delete(PolicyApproval).where(PolicyApproval.version_id.in_(versions)))
        session.execute(sa.delete(PolicyVersion).where(PolicyVersion.policy_id == LACKED))
        session.execute(sa.delete(Policy).where(Policy.id == LACKED))
        for one in (*session.scalars(sa.select(Membership)), *session.scalars(sa.select(Mandate))):
            one.scopes = [scope for scope in one.scopes if scope != "financing"]
    (home / READY).write_text("ready\n", encoding="ascii")
    yield house
    house.database.close()
    house.ephemeral.close()


def _products(session: Session) -> list[tuple[str, str]]:
    return sorted((one.product_id, one.state) for one in session.scalars(sa.select(Product)))


def test_an_older_store_gets_what_it_lacks_once(older: House) -> None:
    home = older.settings.home
    cast = msgspec.json.decode((home / "demo-cast.json").read_bytes(), type=Cast)
    assert edition_of(home) == 1
    bring_up_to_date(older)
    assert edition_of(home) == EDITION
    with older.database.write() as session:
        first = _products(session)
        assert len(first) >= 15
        assert session.get(Policy, LACKED) is not None
        assert session.scalar(sa.select(sa.func.count()).where(Budget.policy_id == LACKED)) == 2
        (agent,) = session.scalars(sa.select(Membership).where(Membership.subject_id == cast.agent))
        mandates = session.scalars(sa.select(Mandate).where(Mandate.principal_id == cast.firm)).all()
        assert mandates
        assert all("financing" in one.scopes for one in (agent, *mandates))
        # A bank takes one of its products off offer, the firm's head narrows the agent's rights: that stays.
        session.scalars(sa.select(Product)).first().state = "ended"  # type: ignore[union-attr]
        agent.scopes = ["rongtong"]
    changed = [one for one in first if one[1] == "published"]
    bring_up_to_date(older)
    with older.database.read() as session:
        assert len([one for one in _products(session) if one[1] == "published"]) == len(changed) - 1
        (agent,) = session.scalars(sa.select(Membership).where(Membership.subject_id == cast.agent))
        assert agent.scopes == ["rongtong"]


def test_a_step_that_was_broken_off_is_taken_again(older: House) -> None:
    """The edition is written last: whatever was done by then is found and left alone."""
    bring_up_to_date(older)
    with older.database.read() as session:
        known = _products(session)
    (older.settings.home / READY).write_text("1\n", encoding="ascii")
    bring_up_to_date(older)
    with older.database.read() as session:
        assert _products(session) == known
