"""How departments and posts are called in English. Files keep the Chinese in which a post signed; who reads them in English
is told by the name that the post has now."""

from collections.abc import Mapping
from functools import cached_property

from sqlalchemy.orm import Session

from identity.seats import repository
from kernel.i18n import CHINESE, Named, current_locale


class PostNames:
    """The register of posts as a dictionary, read when the first name is looked up."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @cached_property
    def _english(self) -> Mapping[str, str]:
        return dict(repository.english_names(self._session))

    def named(self, name: str) -> Named:
        """Of a department, a post, or ``民政局·审定席``; what is none of these has no English name."""
        parts = name.split("·")
        if not all(part in self._english for part in parts):
            return Named(name)
        return Named(name, " · ".join(self._english[part] for part in parts))

    def said(self, name: str) -> str:
        """In the reader's language; in Chinese nothing is looked up."""
        return name if current_locale() == CHINESE else self.named(name).said


def post_names(session: Session) -> PostNames:
    """The one dictionary of this session, so that a list of a hundred files asks for it once."""
    found: PostNames = session.info.setdefault("post_names", PostNames(session))
    return found
