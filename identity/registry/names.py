"""Whether a name as somebody typed it is the name that a register has: the same characters, however they are set."""

import unicodedata

#: The dot within a name is typed as whatever the keyboard offers; papers print it in as many ways.
_DOTS = frozenset("·•・‧∙⋅･.．。｡﹒")


def is_same_name(one: str, other: str) -> bool:
    """Width, case, blanks, the kind of dot and the variant of a rare character do not count; a character left out does."""
    return _folded(one) == _folded(other)


def _folded(name: str) -> str:
    return "".join(
        character
        for character in unicodedata.normalize("NFKC", name).casefold()
        if not character.isspace() and character not in _DOTS and not _is_variation(character)
    )


def _is_variation(character: str) -> bool:
    """A selector that picks a form of the character before it (Unicode 23.4)."""
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"
