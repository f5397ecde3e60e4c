"""Files handed in by officials are taken by the worker, a stretch at a time, so that nothing else waits for them."""

import uuid
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from kernel.house import House
from kernel.outbox import Handler, Message, TryLater
from policy_engine.profiles.files.loading import Loading
from policy_engine.profiles.files.service import FILE_TOPIC

STRETCH = 15.0


def folder_of(house: House) -> Path:
    """Where files wait. Several machines share it, as they share the store."""
    return house.settings.home / "files"


def handlers(house: House) -> Mapping[str, Handler]:
    """What the worker calls, by topic."""

    def load(message: Message) -> None:
        file_id = uuid.UUID(message.payload["file_id"])
        path = folder_of(house) / str(file_id)
        loading = Loading(house.database, house.vault, house.clock, path, file_id)
        if not loading.run(seconds=STRETCH):
            raise TryLater(timedelta(0), "more rows to come")
        path.unlink(missing_ok=True)

    return {FILE_TOPIC: load}
