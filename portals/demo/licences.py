"""What the cast has in the wallet from the first day: licences that say what the departments have on record already."""

from sqlalchemy.orm import Session

from kernel.house import House
from licenses import service as licences
from licenses.catalogue import licence_type
from policy_engine.profiles.service import load_family
from portals.demo.cast import Cast


def issue_licences(session: Session, house: House, cast: Cast) -> None:
    """A disability certificate and a business licence, each with the facts of its holder."""
    for type_id, holder_id in (("disability-certificate", cast.resident), ("business-licence", cast.firm)):
        known = load_family(session, holder_id).subject(holder_id).facts
        fields = {
            field: known[attribute.partition(".")[2]].value
            for attribute, field in licence_type(type_id).facts.items()
        }
        actor = f"connector:{licence_type(type_id).department}"
        licences.issue(session, house, type_id=type_id, holder_id=holder_id, fields=fields, actor=actor)
