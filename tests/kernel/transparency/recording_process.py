"""Records and appends until it is killed; prints a line after each head."""

import os
import uuid

from kernel.clock import SystemClock
from kernel.house import open_house
from kernel.settings import Settings
from kernel.transparency import Recorded, record_many
from kernel.transparency.sequencer import Sequencer
from tests.kernel.transparency.signing import sign

house = open_house(Settings.from_environ(os.environ), SystemClock())
house.database.create_all()
sequencer = Sequencer(house.database, house.clock, address="x", hash_name="sha-256", sign=sign)
while True:
    with house.database.write() as session:
        records = [Recorded("test.record", uuid.uuid4(), {}) for _ in range(5)]
        record_many(session, records, now=house.clock.now())
    sequencer.append_all()
    print("head", flush=True)
