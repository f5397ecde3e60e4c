"""One row for each report, the newest only."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from kernel.database import Base, UtcDateTime


class Report(Base):
    """``content`` is JSON, as the report's own module writes and reads it."""

    __tablename__ = "report"

    name: Mapped[str] = mapped_column(sa.String(32), primary_key=True)
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)
    content: Mapped[bytes] = mapped_column(sa.LargeBinary)
