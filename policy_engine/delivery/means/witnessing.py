"""Agreement of somebody who cannot sign: a thumbprint on the paper, or spoken words on a recording, before a witness.

民法典 Art. 143 asks that the will is the person's own and Art. 135 lets it take any form; practice at the counter (社会救助
经办) is that the paper is read out, the person puts a thumb to it or says yes on a recording, and somebody who is neither
the official nor of the household signs as witness. Why the person cannot sign, who witnessed it and the digest of the
recording are sealed: they may tell of an illness, and the digest shows later that the file was not exchanged.
"""

import re
from collections.abc import Collection
from typing import Final, Literal

import msgspec

from kernel.crypto import Vault
from kernel.errors import FieldError, InvalidInput
from kernel.i18n import N_
from kernel.i18n import gettext as _
from policy_engine.delivery.means.recordings import SealedRecording

Way = Literal["paper", "thumb", "voice"]
#: How somebody agrees at a counter.
WAYS: Final[dict[Way, str]] = {"paper": N_("本人签字"), "thumb": N_("捺指印"), "voice": N_("口述并录音录像")}
LONGEST_NAME, LONGEST_STANDING, LONGEST_WHY = 50, 40, 100
_SHA256 = re.compile(r"[0-9a-f]{64}")


class Witnessed(msgspec.Struct, frozen=True, kw_only=True):
    """``standing``: what the witness is to them (村干部, 邻居); ``digest``: SHA-256 of the recording, for spoken words."""

    witness: str
    standing: str
    why: str
    digest: str = ""


def checked(way: Way, said: Witnessed | None, *, interested: Collection[str]) -> Witnessed | None:
    """The same, trimmed. Raises ``InvalidInput`` naming each field; ``interested`` may not witness it."""
    if way not in WAYS:
        raise _wrong([FieldError("way", _("请选择本人怎么表示的。"))])
    if way == "paper":
        return None
    given = said or Witnessed(witness="", standing="", why="")
    tidy = Witnessed(
        witness=given.witness.strip(),
        standing=given.standing.strip(),
        why=given.why.strip(),
        digest=given.digest.strip().lower(),
    )
    errors = [
        FieldError(name, what)
        for name, value, longest, what in (
            ("witness", tidy.witness, LONGEST_NAME, _("请填写见证人姓名。")),
            ("standing", tidy.standing, LONGEST_STANDING, _("请写明见证人的身份，如村干部、邻居。")),
            ("why", tidy.why, LONGEST_WHY, _("请写明为什么不能签字（100字以内）。")),
        )
        if not 0 < len(value) <= longest or not value.isprintable()
    ]
    if tidy.witness in interested:
        errors.append(FieldError("witness", _("见证人不能是经办人或这户的成员。")))
    if way == "voice" and not _SHA256.fullmatch(tidy.digest):
        errors.append(FieldError("digest", _("请上传录音录像；存在别处的，填写它的 SHA-256 摘要（64 位）。")))
    if way == "thumb" and tidy.digest:
        errors.append(FieldError("digest", _("捺指印的不用填摘要。")))
    if errors:
        raise _wrong(errors)
    return tidy


def with_digest(way: Way, said: Witnessed | None, recording: SealedRecording | None) -> Witnessed | None:
    """A file that is here has its own digest; one that is filed elsewhere is known by the digest that was given."""
    if recording is None:
        return said
    if way != "voice":
        what = _("只有口述的要录音录像。")
        raise _wrong([FieldError("recording", what)])
    given = said or Witnessed(witness="", standing="", why="")
    if given.digest.strip() and given.digest.strip().lower() != recording.sha256.hex():
        raise _wrong([FieldError("digest", _("填写的摘要和上传的文件不一致；上传了文件的不用填。"))])
    return msgspec.structs.replace(given, digest=recording.sha256.hex())


def seal(vault: Vault, consent_id: object, said: Witnessed) -> bytes:
    return vault.seal(msgspec.json.encode(said).decode(), context=_context(consent_id))


def opened(vault: Vault, consent_id: object, sealed: bytes | None) -> Witnessed | None:
    if sealed is None:
        return None
    return msgspec.json.decode(vault.open(sealed, context=_context(consent_id)), type=Witnessed)


def _wrong(errors: list[FieldError]) -> InvalidInput:
    return InvalidInput(_("有几处填得不对，请按提示修改。"), errors=errors)


def _context(consent_id: object) -> str:
    return f"means_consent/witnessed_sealed/{consent_id}"
