"""Outside systems fail: how one failing system is kept from taking others, or us, down with it, and how all see it."""

from connectors.resilience.breaker import Breaker
from connectors.resilience.guard import Guard, NotAdmitted, Watch

__all__ = ["Breaker", "Guard", "NotAdmitted", "Watch"]
