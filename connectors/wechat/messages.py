"""What the official account's platform is asked and answers, by the names of its own interface.

It says no with status 200 and an ``errcode`` other than 0; a renewed access token is in ``access_token``.
"""

import msgspec


class TokenQuestion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``/cgi-bin/stable_token``: a token for the account's own calls, good for two hours."""

    appid: str
    secret: str
    grant_type: str = "client_credential"


class TokenAnswer(msgspec.Struct, frozen=True):
    access_token: str = ""
    expires_in: int = 0
    errcode: int = 0
    errmsg: str = ""


class OpenidAnswer(msgspec.Struct, frozen=True):
    """``/sns/oauth2/access_token``: who came back with a code; nothing but the openid is asked for (snsapi_base)."""

    openid: str = ""
    errcode: int = 0
    errmsg: str = ""


class TemplateWord(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    value: str


class TemplateMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``client_msg_id`` makes a repeated sending one message; ``data`` are the words of the template's blanks."""

    touser: str
    template_id: str
    client_msg_id: str
    data: dict[str, TemplateWord]


class SendingAnswer(msgspec.Struct, frozen=True):
    errcode: int
    errmsg: str = ""
    msgid: int = 0
