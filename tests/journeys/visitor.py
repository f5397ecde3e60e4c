"""Somebody signed in without a browser: follows the same redirects and fills in the same forms over HTTP."""

import re
from html import unescape
from urllib.parse import urljoin

import httpx

from tests.journeys.conftest import Demo

_FORM = re.compile(r"<form[^>]*action=\"([^\"]*)\"[^>]*>(.*?)</form>", re.DOTALL)
_INPUT = re.compile(r"<input\b[^>]*>")
_ATTRIBUTE = re.compile(r"([a-z_-]+)=\"([^\"]*)\"")
_CSRF = re.compile(r'name="csrf_token" value="([^"]+)"')


def signed_in(demo: Demo, key: str, *, capacity: str = "") -> httpx.Client:
    """A client with the portal's cookie, and with the header that lets it post."""
    account = demo.account(key)
    client = demo.visitor(follow_redirects=True, timeout=60)
    page = client.get(f"{account['portal']}/login")
    page = submit(client, page, login=account["login"], password=account["password"])
    if "/identity/" in str(page.url):
        page = submit(client, page, **choice_of(page, capacity or account["name"]))
    assert page.url.path.startswith(account["portal"]), page.text[:2000]
    # Residents have a page of their own, officers of banks their products: each with a form.
    own = "/rongtong/bank/products" if account["portal"] == "/rongtong" else f"{account['portal']}/me"
    token = _CSRF.search(page.text) or _CSRF.search(client.get(own).text)
    assert token is not None, page.text[-3000:]
    client.headers["X-CSRF-Token"] = unescape(token[1])
    return client


def submit(client: httpx.Client, page: httpx.Response, **given: str) -> httpx.Response:
    """Send the first form of the page's main part that has these fields, hidden ones included."""
    main = page.text.partition("<main")[2]
    form = next(
        (one for one in _FORM.finditer(main) if all(f'name="{name}"' in one[2] for name in given)), None
    )
    assert form is not None, f"no such form on {page.url}: {page.text[:500]}"
    fields = {}
    for tag in _INPUT.findall(form[2]):
        attributes = {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}
        if attributes.get("type") == "hidden":
            fields[attributes["name"]] = attributes.get("value", "")
    address = urljoin(str(page.url), unescape(form[1]) or str(page.url))
    return client.post(address, data={**fields, **given})


def choice_of(page: httpx.Response, name: str) -> dict[str, str]:
    """The radio card whose label holds ``name``."""
    for label in re.findall(r"<label\b.*?</label>", page.text, re.DOTALL):
        value = re.search(r'name="basis"[^>]*value="([^"]*)"|value="([^"]*)"[^>]*name="basis"', label)
        if value and name in unescape(label):
            return {"basis": unescape(value[1] or value[2])}
    first = re.search(r'name="basis" value="([^"]*)"', page.text) or re.search(
        r'value="([^"]*)"[^>]*name="basis"', page.text
    )
    return {"basis": unescape(first[1])} if first else {}
