"""Facts of one subject and those related to it, by catalogue key: what an evaluation stands on.

Raw scaled values as everywhere; ``None`` is absent, a missing key unknown, a missing relation unknown.
"""

from collections.abc import Mapping
from typing import Any

import msgspec

from policy_engine.catalogue.attributes import EntityKind


class SubjectFacts(msgspec.Struct, frozen=True):
    """``facts`` by key (``birth_date``), ``related`` by relation name (``家庭``, ``成员``), ``statuses`` by FEEL name.

    A derived key in ``facts`` (``age``) stands instead of its computation.
    """

    kind: EntityKind
    facts: Mapping[str, Any]
    related: Mapping[str, "SubjectFacts | tuple[SubjectFacts, ...]"] = {}
    statuses: Mapping[str, bool | None] = {}
