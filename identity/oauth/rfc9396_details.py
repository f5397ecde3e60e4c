"""Itemised authorisations (Rich Authorization Requests, RFC 9396): what exactly, not only what kind.

A type is a file in ``detail_types/``: its fields, and the words in which a person is asked. Nothing is known of a type
in code, so that a new one needs no release of the issuer. What a person allowed is kept in the grant, stands in tokens
and introspection, and can be narrowed at the token endpoint but never widened. It is asked anew every time.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias

import msgspec
from authlib.oauth2 import OAuth2Error

from identity.clients.models import OAuthClient

FOLDER = Path(__file__).parent / "detail_types"
MOST_DETAILS = 10
LONGEST_TEXT = 400
LONGEST_LIST = 50
#: RFC 9396 §2.2; every type may have them.
_SHARED = ("locations", "actions", "datatypes", "privileges")
_DEEPEST = 6

Detail: TypeAlias = dict[str, Any]
#: A value → its name by language.
Names: TypeAlias = Mapping[str, Mapping[str, str]]


class InvalidDetails(OAuth2Error):
    """RFC 9396 §5."""

    error = "invalid_authorization_details"


class FieldRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One field of a type; ``among`` lists the only values it may have."""

    kind: Literal["text", "texts", "number", "json"]
    is_required: bool = False
    among: tuple[str, ...] = ()


class DetailType(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``text`` by language, with the fields in it as ``%(name)s``; ``answered`` is what the token response adds (§7).

    ``withdrawn`` says where it is taken back, where that is not the page of all applications.
    """

    type: str
    text: dict[str, str]
    fields: dict[str, FieldRule]
    withdrawn: dict[str, str] = {}
    answered: dict[str, list[str]] = {}

    def told(self, detail: Detail, locale: str, names: Names) -> str:
        """What a person reads before they allow it: values by the names people know them by."""
        language = locale[:2]
        words = self.text.get(language, self.text["zh"])

        def named(value: Any) -> str:
            if isinstance(value, list):
                return ("、" if language == "zh" else ", ").join(named(one) for one in value)
            known = names.get(value) if isinstance(value, str) else None
            return known.get(language, known["zh"]) if known else _shown(value)

        return words % defaultdict(str, {name: named(value) for name, value in detail.items()})

    def answer(self, detail: Detail) -> Detail:
        """A granted detail as the token response gives it back."""
        known = defaultdict(str, {name: _shown(value) for name, value in detail.items()})
        return detail | {name: [text % known for text in texts] for name, texts in self.answered.items()}


class DetailTypes:
    """All types of this issuer. ``names`` say, by type, what values are called (a storey above knows its licences)."""

    def __init__(self, types: Iterable[DetailType], names: Mapping[str, Names] | None = None) -> None:
        self._types = {one.type: one for one in types}
        self._names = names or {}

    @classmethod
    def load(cls, folder: Path = FOLDER, names: Mapping[str, Names] | None = None) -> "DetailTypes":
        """Every file of a folder; a broken one stops the start, with its name."""
        files = sorted(folder.glob("*.yaml"))
        return cls((msgspec.yaml.decode(path.read_bytes(), type=DetailType) for path in files), names)

    @property
    def names(self) -> list[str]:
        return sorted(self._types)

    def read(self, text: str | None, client: OAuthClient) -> list[Detail] | None:
        """The details of a request, checked field by field; ``None`` without any. Raises ``InvalidDetails``."""
        if text is None:
            return None
        try:
            details = msgspec.json.decode(text)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidDetails("The authorization_details are not JSON.") from error
        if not isinstance(details, list) or not 0 < len(details) <= MOST_DETAILS:
            raise InvalidDetails(f"The authorization_details must be a list of 1 to {MOST_DETAILS} objects.")
        for detail in details:
            self._check(detail, client)
        return details

    def told(self, details: Sequence[Detail] | None, locale: str) -> list[str]:
        """One sentence for each."""
        return [
            self._types[one["type"]].told(one, locale, self._names.get(one["type"], {}))
            for one in details or ()
            if one["type"] in self._types
        ]

    def withdrawn(self, details: Sequence[Detail] | None, locale: str) -> str:
        """Where all of them are taken back; empty where that is where any consent is."""
        kinds = {one["type"] for one in details or ()}
        places = {
            self._types[kind].withdrawn.get(locale[:2], self._types[kind].withdrawn.get("zh", ""))
            for kind in kinds
            if kind in self._types
        }
        return places.pop() if len(places) == 1 else ""

    def answered(self, details: Sequence[Detail]) -> list[Detail]:
        """What a token response says of the details that were granted (§7)."""
        return [
            self._types[one["type"]].answer(one) if one["type"] in self._types else one for one in details
        ]

    def _check(self, detail: Any, client: OAuthClient) -> None:
        kind = self._types.get(str(detail.get("type"))) if isinstance(detail, dict) else None
        if kind is None:
            raise InvalidDetails("An entry of authorization_details has no known type.")
        if kind.type not in client.authorization_details_types:
            raise InvalidDetails("The client is not registered for this type of authorization_details.")
        rules = {**dict.fromkeys(_SHARED, FieldRule(kind="texts")), **kind.fields}
        for name, value in detail.items():
            if name != "type" and (name not in rules or not _fits(value, rules[name])):
                raise InvalidDetails(
                    "A field of authorization_details is unknown or has a value that does not fit."
                )
        if any(rule.is_required and name not in detail for name, rule in rules.items()):
            raise InvalidDetails("A required field of authorization_details is missing.")


def narrowed(asked: list[Detail] | None, granted: list[Detail] | None) -> list[Detail] | None:
    """What a token is for: all that was granted, or a part of it (§6). Raises ``InvalidDetails``."""
    if asked is None:
        return granted
    if any(one not in (granted or ()) for one in asked):
        raise InvalidDetails("More was asked for than was granted.")
    return asked


def _fits(value: Any, rule: FieldRule) -> bool:
    match rule.kind:
        case "text":
            return _is_text(value) and (not rule.among or value in rule.among)
        case "texts":
            is_list = isinstance(value, list) and 0 < len(value) <= LONGEST_LIST
            return is_list and all(_is_text(one) and (not rule.among or one in rule.among) for one in value)
        case "number":
            return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53
        case "json":
            return _is_shallow(value, _DEEPEST)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and value.isprintable()


def _is_shallow(value: Any, depth: int) -> bool:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return depth > 0 and all(_is_shallow(one, depth - 1) for one in value)
    return not isinstance(value, str) or value.isprintable()


def _shown(value: Any) -> str:
    return "、".join(str(one) for one in value) if isinstance(value, list) else str(value)
