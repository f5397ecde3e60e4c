"""The transparency log joined: who signs its heads, and where the records lie that it commits to."""

import portals.tables  # noqa: F401  half of the engine's tables would not fit together
from kernel.house import House
from kernel.transparency.recording import SIGNAL
from kernel.transparency.sequencer import Sequencer
from kernel.transparency.sources import Source
from licenses.log import sources as licences
from licenses.log.signing import head_signer
from policy_engine.decisions import logged as decisions
from policy_engine.delivery.ledger import logged as movements


def build_sequencer(house: House) -> Sequencer:
    """Appends what is recorded; woken at each commit that records."""
    sequencer = Sequencer(
        house.database,
        house.clock,
        address=f"{house.settings.base_url}/licenses/log",
        hash_name=house.settings.log_hash,
        sign=head_signer(house),
    )
    house.ephemeral.subscribe(SIGNAL, sequencer.wake)
    return sequencer


def logged_records() -> list[Source]:
    """Every package's records, for an examination of the whole log."""
    return [*licences.SOURCES, decisions.SOURCE, movements.SOURCE]
