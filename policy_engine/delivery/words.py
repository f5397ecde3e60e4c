"""What somebody has to write where delivery asks for words: not nothing, not a book."""

from kernel.errors import InvalidInput
from kernel.i18n import gettext as _

LONGEST_WORDS = 2000


def checked_words(text: str, missing: str) -> str:
    """The text without its margins. Raises ``InvalidInput`` with ``missing``, or for what is too long."""
    text = text.strip()
    if not text:
        raise InvalidInput(missing)
    if len(text) > LONGEST_WORDS:
        raise InvalidInput(_("文字过长，请控制在两千字以内。"))
    return text
