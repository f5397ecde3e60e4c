"""Template messages to followers of the city's official account, and the way a person shows which follower they are."""

import threading
import time
from typing import Final
from urllib.parse import urlencode

from connectors.messaging.messages import Receipt
from connectors.messaging.texts import check_text
from connectors.outside import Caller
from connectors.resilience import Watch
from connectors.settings import OutsideSystem, WechatAccount
from connectors.wechat.messages import (
    OpenidAnswer,
    SendingAnswer,
    TemplateMessage,
    TemplateWord,
    TokenAnswer,
    TokenQuestion,
)
from kernel.errors import OutsideRefused, OutsideUnavailable
from kernel.i18n import N_
from kernel.i18n import gettext as _

LABEL: Final = N_("微信公众号平台")
#: Renewed so long before it ends that no call arrives with one that has ended on the way.
EARLY_SECONDS = 300
TOKEN_ENDED = frozenset({40001, 40014, 42001})
BUSY = frozenset({-1, 45009, 45011})
SAME_AGAIN = 43116


class WechatClient:
    """Shared by threads. The access token is asked for once and kept until shortly before its end."""

    def __init__(
        self,
        system: OutsideSystem,
        account: WechatAccount,
        *,
        watch: Watch | None = None,
        first_pause: float = 0.1,
    ) -> None:
        self._system, self._account = system, account
        self._caller = Caller(LABEL, system, name="wechat", watch=watch, first_pause=first_pause)
        self._token, self._until = "", 0.0
        self._turning = threading.Lock()

    def authorize_address(self, redirect_uri: str, state: str) -> str:
        """Where the person's WeChat says who they are to us: an openid of this account alone, no name and no picture."""
        asked = {
            "appid": self._account.app_id,
            "redirect_uri": redirect_uri,
            "response_type": "code",
            "scope": "snsapi_base",
            "state": state,
        }
        base = self._account.authorize_base or self._system.base_url
        return f"{base}/connect/oauth2/authorize?{urlencode(asked)}#wechat_redirect"

    def openid_of(self, code: str) -> str:
        """Whose ``code`` it is; it works once. Raises ``OutsideRefused`` for a wrong or used one."""
        asked = {
            "appid": self._account.app_id,
            "secret": self._system.token,
            "code": code,
            "grant_type": "authorization_code",
        }
        answer = self._caller.read(f"/sns/oauth2/access_token?{urlencode(asked)}", OpenidAnswer)
        _check(answer.errcode, answer.errmsg)
        return answer.openid

    def send_message(self, openid: str, text: str, *, key: str) -> Receipt:
        """Send ``text`` in the account's template; the same ``key`` is one message.

        Nobody can ask the platform what became of it: handed over (``accepted``) is the last we hear. Raises
        ``InvalidInput`` when the text says more than it may, ``OutsideRefused`` when it will never arrive (no
        follower any more), another ``OutsideFailure`` when the platform fails.
        """
        check_text(text)
        words = {"thing1": TemplateWord(text)}
        message = TemplateMessage(openid, self._account.template_id, key, words)
        answer = self._send(message, key)
        if answer.errcode in TOKEN_ENDED:
            self._forget_token()
            answer = self._send(message, key)
        if answer.errcode != SAME_AGAIN:  # it has this one already
            _check(answer.errcode, answer.errmsg)
        return Receipt(key, "accepted")

    def receipt(self, key: str) -> Receipt:
        return Receipt(key, "accepted")

    def close(self) -> None:
        self._caller.close()

    def _send(self, message: TemplateMessage, key: str) -> SendingAnswer:
        path = f"/cgi-bin/message/template/send?{urlencode({'access_token': self._access_token()})}"
        return self._caller.change(path, SendingAnswer, message, key=key)

    def _access_token(self) -> str:
        with self._turning:
            if time.monotonic() >= self._until:
                question = TokenQuestion(self._account.app_id, self._system.token)
                answer = self._caller.read("/cgi-bin/stable_token", TokenAnswer, question=question)
                _check(answer.errcode, answer.errmsg)
                self._token = answer.access_token
                self._until = time.monotonic() + max(0, answer.expires_in - EARLY_SECONDS)
            return self._token

    def _forget_token(self) -> None:
        with self._turning:
            self._until = 0.0


def _check(errcode: int, errmsg: str) -> None:
    if errcode in BUSY:
        raise OutsideUnavailable(_(N_("%(system)s暂不受理，稍后会自动重试。"), system=_(LABEL)))
    if (
        errcode in TOKEN_ENDED
    ):  # a fresh one is refused too: our secret is wrong, which is nobody's message's fault
        raise OutsideUnavailable(_(N_("%(system)s暂不受理，稍后会自动重试。"), system=_(LABEL)))
    if errcode:
        raise OutsideRefused(
            _(N_("%(system)s未予受理：%(why)s"), system=_(LABEL), why=errmsg or str(errcode)),
            code=f"wechat_{errcode}",
        )
