"""Storeys below name attributes as data, because they may not look up: here their words are held against the catalogue."""

from licenses.catalogue import licence_types
from policy_engine.catalogue import catalogue


def require_known_attributes() -> None:
    """Stop the start, by name, when a licence type speaks of an attribute that cannot be a fact. Raises ValueError."""
    faults = []
    for licence in licence_types().values():
        for attribute_id in sorted(licence.attributes()):
            try:
                is_derived = catalogue().attribute(attribute_id).derived is not None
            except KeyError:
                faults.append(f"{licence.id}: the catalogue has no attribute {attribute_id}")
                continue
            if is_derived:
                faults.append(f"{licence.id}: {attribute_id} is computed and cannot be stated")
    if faults:
        raise ValueError("; ".join(faults))
