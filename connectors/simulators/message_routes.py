"""The simulated gateways of short messages and mail and the simulated official account on WeChat, over HTTP.

What arrived can be read on the demonstrator's page. WeChat asks whose phone it is by a page of its own, where a
demonstrator picks one of three followers.
"""

import hmac
import secrets
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, RawBody
from litestar.response import Redirect

from connectors.mail.messages import MailMessage
from connectors.messaging.messages import Receipt, ShortMessage
from connectors.settings import OutsideSystem, WechatAccount
from connectors.simulators.faults import use_fault
from connectors.simulators.guards import fail_on_purpose, require_token
from connectors.simulators.refusals import Refused
from connectors.simulators.world import World
from connectors.wechat.messages import (
    OpenidAnswer,
    SendingAnswer,
    TemplateMessage,
    TokenAnswer,
    TokenQuestion,
)
from kernel.web.pages import Pages
from kernel.web.preferences import refuse_cross_site
from kernel.web.requests import WebRequest

FOLLOWERS = {
    "oDemo-follower-0001": "阿石的微信",
    "oDemo-follower-0002": "小楚的微信",
    "oDemo-follower-0003": "已取关的微信",
}
#: Follows no more: everything to them is refused, as the platform does (43004).
GONE = "oDemo-follower-0003"
CODE_SECONDS, TOKEN_SECONDS = 300.0, 7200


@post("/messages", status_code=200, sync_to_thread=True, summary="Send a short message")
def send_message(data: JSONBody[ShortMessage], world: NamedDependency[World]) -> Receipt:
    """Kept once per key; the demonstrator can read it on the page."""
    fault = use_fault(world.store, "messaging", "queued", "undeliverable")
    world.store.run(
        "INSERT OR IGNORE INTO short_message (key, phone, text, sent_at, status) VALUES (?, ?, ?, ?, ?)",
        data.key,
        data.phone,
        data.text,
        world.clock.now().isoformat(),
        fault.mode if fault is not None else "delivered",
    )
    return _receipt(world, data.key)


@get("/messages/{key:str}", sync_to_thread=True, summary="What became of a short message")
def query_message(key: FromPath[str], world: NamedDependency[World]) -> Receipt:
    """One that waits is delivered by the time somebody asks, unless a fault says otherwise."""
    fault = use_fault(world.store, "messaging", "queued", "undeliverable")
    world.store.run(
        "UPDATE short_message SET status = ? WHERE key = ? AND status = 'queued'",
        fault.mode if fault is not None else "delivered",
        key,
    )
    return _receipt(world, key)


def _receipt(world: World, key: str) -> Receipt:
    row = world.store.row("SELECT status FROM short_message WHERE key = ?", key)
    if row is None:
        raise Refused("message_unknown", "短信平台没有这条短信", status=404)
    return Receipt(key, row["status"])


@post("/messages", status_code=200, sync_to_thread=True, summary="Send a mail")
def send_mail(data: JSONBody[MailMessage], world: NamedDependency[World]) -> Receipt:
    """Kept once per key; the demonstrator can read it on the page."""
    fault = use_fault(world.store, "mail", "queued", "undeliverable")
    world.store.run(
        "INSERT OR IGNORE INTO mail (key, address, subject, text, sent_at, status) VALUES (?, ?, ?, ?, ?, ?)",
        data.key,
        data.address,
        data.subject,
        data.text,
        world.clock.now().isoformat(),
        fault.mode if fault is not None else "delivered",
    )
    return _mail_receipt(world, data.key)


@get("/messages/{key:str}", sync_to_thread=True, summary="What became of a mail")
def query_mail(key: FromPath[str], world: NamedDependency[World]) -> Receipt:
    """One that waits is delivered by the time somebody asks, unless a fault says otherwise."""
    fault = use_fault(world.store, "mail", "queued", "undeliverable")
    world.store.run(
        "UPDATE mail SET status = ? WHERE key = ? AND status = 'queued'",
        fault.mode if fault is not None else "delivered",
        key,
    )
    return _mail_receipt(world, key)


def _mail_receipt(world: World, key: str) -> Receipt:
    row = world.store.row("SELECT status FROM mail WHERE key = ?", key)
    if row is None:
        raise Refused("message_unknown", "邮件平台没有这封邮件", status=404)
    return Receipt(key, row["status"])


class OfficialAccount:
    """The platform's side of the city's account; codes and tokens live as long as the process."""

    def __init__(self, system: OutsideSystem, account: WechatAccount) -> None:
        self._secret, self._account = system.token, account
        self._codes: dict[str, tuple[str, float]] = {}
        self._tokens: dict[str, float] = {}

    def is_ours(self, app_id: str, secret: str) -> bool:
        known = f"{self._account.app_id}/{self._secret}"
        return hmac.compare_digest(f"{app_id}/{secret}".encode("utf-8", "replace"), known.encode())

    def grant(self, openid: str) -> str:
        code = secrets.token_urlsafe(24)
        self._codes[code] = openid, time.monotonic() + CODE_SECONDS
        return code

    def redeem(self, code: str) -> str | None:
        openid, until = self._codes.pop(code, ("", 0.0))
        return openid if until > time.monotonic() else None

    def new_token(self) -> str:
        token = secrets.token_urlsafe(32)
        self._tokens[token] = time.monotonic() + TOKEN_SECONDS
        return token

    def knows_token(self, token: str) -> bool:
        return self._tokens.get(token, 0.0) > time.monotonic()

    def asked(self, given: dict[str, str]) -> dict[str, str]:
        """The request, if it is one that this account may make."""
        names = ("appid", "redirect_uri", "response_type", "scope", "state")
        asked = {name: given.get(name, "") for name in names}
        is_known = asked["appid"] == self._account.app_id and asked["scope"] == "snsapi_base"
        if not is_known or not asked["redirect_uri"].endswith("/callback"):
            raise Refused("invalid_request", "授权请求不完整", status=400)
        return asked


def wechat_router(account: OfficialAccount) -> Router:
    """``/simulators/wechat``: the interface's own paths, and the page that a phone would show."""

    @get("/connect/oauth2/authorize", sync_to_thread=True, include_in_schema=False)
    def ask(request: WebRequest, pages: NamedDependency[Pages]) -> Response[str]:
        return pages.page(
            request,
            "connectors/wechat.html",
            asked=account.asked(dict(request.query_params)),
            followers=FOLLOWERS,
        )

    @post("/connect/oauth2/authorize", status_code=303, sync_to_thread=True, include_in_schema=False)
    def choose(request: WebRequest, body: RawBody) -> Redirect:
        refuse_cross_site(request)
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        asked = account.asked(form)
        answer = {"state": asked["state"]}
        if form.get("openid", "") in FOLLOWERS:
            answer["code"] = account.grant(form["openid"])
        return Redirect(f"{asked['redirect_uri']}?{urlencode(answer)}", status_code=303)

    @get("/sns/oauth2/access_token", sync_to_thread=True, summary="Whose code is it?")
    def openid(request: WebRequest) -> OpenidAnswer:
        given = request.query_params
        if not account.is_ours(given.get("appid", ""), given.get("secret", "")):
            return OpenidAnswer(errcode=40125, errmsg="invalid appsecret")
        found = account.redeem(given.get("code", ""))
        if found is None:
            return OpenidAnswer(errcode=40029, errmsg="invalid code")
        return OpenidAnswer(openid=found)

    @post(
        "/cgi-bin/stable_token",
        status_code=200,
        sync_to_thread=True,
        summary="A token for the account's calls",
    )
    def token(data: JSONBody[TokenQuestion]) -> TokenAnswer:
        if not account.is_ours(data.appid, data.secret):
            return TokenAnswer(errcode=40125, errmsg="invalid appsecret")
        return TokenAnswer(access_token=account.new_token(), expires_in=TOKEN_SECONDS)

    @post(
        "/cgi-bin/message/template/send",
        status_code=200,
        sync_to_thread=True,
        summary="Send a template message",
    )
    def send(
        request: WebRequest, data: JSONBody[TemplateMessage], world: NamedDependency[World]
    ) -> SendingAnswer:
        """Kept once per ``client_msg_id``."""
        if not account.knows_token(request.query_params.get("access_token", "")):
            return SendingAnswer(errcode=42001, errmsg="access_token expired")
        if use_fault(world.store, "wechat", "undeliverable") or data.touser == GONE:
            return SendingAnswer(errcode=43004, errmsg="require subscribe")
        text = "；".join(word.value for word in data.data.values())
        row = (data.client_msg_id, data.touser, data.template_id, text, world.clock.now().isoformat())
        with world.store.transaction():
            if world.store.row("SELECT 1 FROM wechat_message WHERE key = ?", data.client_msg_id):
                return SendingAnswer(errcode=43116, errmsg="client_msg_id repeated")
            world.store.run(
                "INSERT INTO wechat_message (key, openid, template_id, text, sent_at) VALUES (?, ?, ?, ?, ?)",
                *row,
            )
        return SendingAnswer(errcode=0, errmsg="ok", msgid=secrets.randbelow(2**53))

    return Router(
        "/wechat",
        route_handlers=[ask, choose, openid, token, send],
        before_request=fail_on_purpose("wechat"),
        tags=["wechat"],
    )


def message_routers(system: OutsideSystem, account: WechatAccount) -> list[Router]:
    gateways: dict[str, list[Any]] = {
        "messaging": [send_message, query_message],
        "mail": [send_mail, query_mail],
    }
    return [
        *(
            Router(
                f"/{name}",
                route_handlers=routes,
                guards=[require_token(name)],
                before_request=fail_on_purpose(name),
                tags=[name],
            )
            for name, routes in gateways.items()
        ),
        wechat_router(OfficialAccount(system, account)),
    ]
