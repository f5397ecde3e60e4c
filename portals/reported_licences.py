"""A certificate that a department reports is a fact at once, and an e-licence in the holder's wallet."""

from collections.abc import Mapping, Sequence

from sqlalchemy.orm import Session

from connectors.events.forms import DepartmentEvent
from connectors.events.service import EVENT_TOPIC, open_event
from identity.registry import service as registry
from kernel.errors import Conflict, InvalidInput
from kernel.house import House
from kernel.outbox import Handler, Message, Together, enqueue, once
from licenses import repository
from licenses import service as licences
from licenses.catalogue import licence_type
from licenses.states import LicenceState, Operation, possible

#: Kind of event -> type of licence, and the kind of subject that holds it.
ISSUED = {
    "certificate_issued": ("disability-certificate", "person"),
    "firm_registered": ("business-licence", "firm"),
}
ENDED = {"certificate_cancelled": ("disability-certificate", "person")}
#: What follows an event of one of these kinds.
REPORTED = "licence.reported"


def with_licences(house: House, take_facts: Together) -> Mapping[str, Handler]:
    """The handler of department events, and that of the licences they report: facts first, a licence after them."""

    def pass_on(session: Session, messages: Sequence[Message]) -> None:
        for message in messages:
            if message.payload["kind"] in ISSUED or message.payload["kind"] in ENDED:
                enqueue(session, REPORTED, message.key, message.payload, now=house.clock.now())

    def take_licence(message: Message) -> None:
        with house.database.write() as session:
            if not once(session, REPORTED, message.message_id):
                return
            event = open_event(session, house.vault, message.payload)
            if event.kind in ISSUED:
                _issue(session, house, event)
            else:
                _cancel(session, house, event)

    return {EVENT_TOPIC: take_facts.followed_by(pass_on), REPORTED: take_licence}


def _issue(session: Session, house: House, event: DepartmentEvent) -> None:
    """What the certificate says becomes the licence's fields; one that does not fit our type waits for an official."""
    type_id, holder_kind = ISSUED[event.kind]
    holder_id = _holder(session, house, event, holder_kind)
    told = {change.attribute: change for change in event.changes}
    named = {
        field: told[attribute]
        for attribute, field in licence_type(type_id).facts.items()
        if attribute in told
    }
    fields = {field: change.value for field, change in named.items()}
    ends = [change.valid_until for change in named.values() if change.valid_until is not None]
    if holder_id is None:
        return
    nested = session.begin_nested()
    try:
        licences.issue(
            session,
            house,
            type_id=type_id,
            holder_id=holder_id,
            fields=fields,
            actor=f"connector:{event.source}",
            source_event=f"{event.source}:{event.event_id}",
            valid_until=min(ends, default=None),
        )
    except (InvalidInput, Conflict):
        nested.rollback()
        return
    nested.commit()


def _cancel(session: Session, house: House, event: DepartmentEvent) -> None:
    type_id, holder_kind = ENDED[event.kind]
    holder_id = _holder(session, house, event, holder_kind)
    licence = None if holder_id is None else repository.current_of(session, holder_id, type_id)
    if licence is not None and Operation.CANCEL in possible(LicenceState(licence.state)):
        actor = f"connector:{event.source}"
        licences.operate(session, house, licence.id, Operation.CANCEL, reason="发证机关注销", actor=actor)


def _holder(session: Session, house: House, event: DepartmentEvent, kind: str) -> int | None:
    subject = next((one for one in event.subjects if one.kind == kind and one.identifiers), None)
    if subject is None:
        return None
    identifier = subject.identifiers[0]
    scheme = "uscc" if identifier.scheme == "uscc" else "id_number"
    return registry.find_by_identifier(session, scheme, identifier.value, vault=house.vault)
