"""How the simulated outside world behaves and where it reports to."""

from pathlib import Path

import msgspec

from connectors.settings import ConnectorSettings


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``events_url`` is where events are pushed; ``payout_seconds`` how long the bank takes for a payout.

    ``city_url`` is where banks' systems find the city.
    """

    home: Path
    outside: ConnectorSettings
    events_url: str
    payout_seconds: float = 1.0
    is_pushing: bool = True
    longest_pause: float = 5.0
    city_url: str = ""

    @classmethod
    def embedded(
        cls, home: Path, base_url: str, outside: ConnectorSettings | None = None
    ) -> "SimulatorSettings":
        """For one process that serves both the system and the world around it."""
        return cls(
            home=home,
            outside=outside or ConnectorSettings.embedded(base_url, home),
            events_url=f"{base_url}/connectors/events",
            city_url=base_url,
        )
