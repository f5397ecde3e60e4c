"""Every answer explained, per reader: clause by clause, and what would have to change.

``explain`` tells one policy for one subject, ``near_misses`` what one thing keeps away.
"""

from policy_engine.matching.explanation.explaining import explain, near_misses
from policy_engine.matching.explanation.reading import facts_read, standards_called
from policy_engine.matching.explanation.schemas import (
    ChangeSet,
    ClauseExplained,
    Explanation,
    FactChanged,
    FactLine,
    NearMiss,
    ParameterLine,
)
from policy_engine.matching.explanation.situation import Situation, changed_family

__all__ = [
    "ChangeSet",
    "ClauseExplained",
    "Explanation",
    "FactChanged",
    "FactLine",
    "NearMiss",
    "ParameterLine",
    "Situation",
    "changed_family",
    "explain",
    "facts_read",
    "near_misses",
    "standards_called",
]
