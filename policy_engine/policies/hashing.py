"""The SM3 digest of a document, by which a published version proves that it has not changed."""

from typing import Any

import msgspec

from kernel.crypto import sm3
from kernel.errors import Conflict
from policy_engine.policies.document import PolicyDocument
from policy_engine.policies.models import PolicyVersion


def content_of(document: PolicyDocument) -> dict[str, Any]:
    """The document as plain JSON values."""
    return msgspec.to_builtins(document)


def content_hash(content: dict[str, Any]) -> bytes:
    """SM3 over the JSON with sorted keys, so that it does not depend on how a database keeps JSON."""
    return sm3(msgspec.json.encode(content, order="sorted"))


def document_of(version: PolicyVersion) -> PolicyDocument:
    """The typed document of a stored version. Raises ``Conflict`` when the row was changed behind our back."""
    if content_hash(version.document) != version.content_hash:
        raise Conflict("政策文件与登记的摘要不一致，已停止使用。请联系系统管理员核查。")
    return msgspec.convert(version.document, PolicyDocument)
