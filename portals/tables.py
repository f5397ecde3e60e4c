"""Every table of every storey, so that the metadata is whole before it is created, migrated or compared."""

import connectors.events.models
import identity.tables
import kernel.audit
import kernel.notices.models
import kernel.outbox.models
import kernel.transparency.models
import kernel.web.sessions
import licenses.issuance.models
import licenses.models
import policy_engine.decisions.models
import policy_engine.delivery.models
import policy_engine.matching.models
import policy_engine.policies.models
import policy_engine.profiles.exchange.models
import policy_engine.profiles.files.models
import policy_engine.profiles.models
import policy_engine.profiles.objections.models
import policy_engine.profiles.quality.models
import portals.financing.tables
from kernel.database import Base

METADATA = Base.metadata

__all__ = [
    "METADATA",
    "connectors",
    "identity",
    "kernel",
    "licenses",
    "policy_engine",
    "portals",
]
