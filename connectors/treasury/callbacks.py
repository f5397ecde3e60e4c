"""What the treasury calls back: not a fact about anybody, so it does not take the common form of events."""

import msgspec

from connectors.events.forms import Envelope
from connectors.treasury.messages import OrdersSettled, OrderStatusChanged
from connectors.wire import UnmappableError

EVENT_TYPE = "order_status_changed"
BATCH_EVENT_TYPE = "orders_settled"


def read_callback(envelope: Envelope) -> OrderStatusChanged | OrdersSettled:
    """Raises ``UnmappableError`` or ``msgspec.ValidationError``."""
    if envelope.event_type == BATCH_EVENT_TYPE:
        return msgspec.json.decode(envelope.data, type=OrdersSettled)
    if envelope.event_type != EVENT_TYPE:
        raise UnmappableError(f"event_type: only {EVENT_TYPE} and {BATCH_EVENT_TYPE} are known")
    return msgspec.json.decode(envelope.data, type=OrderStatusChanged)
