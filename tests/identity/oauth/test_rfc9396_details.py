"""Itemised authorisations: checked field by field, read out to the person, kept in the grant, never widened."""

import json
from pathlib import Path
from typing import Any

import pytest

from identity.clients.models import OAuthClient
from identity.oauth.rfc9068_access_token import TokenResolver
from identity.oauth.rfc9396_details import DetailTypes, InvalidDetails
from tests.identity.oauth.conftest import Clients
from tests.identity.relying_party import (
    CALLBACK,
    Attempt,
    authorize_url,
    claims_of,
    obtain_code,
    redirect_of,
)

ONE = {"type": "openid_credential", "credential_configuration_id": "disability-certificate"}
TWO = {"type": "openid_credential", "credential_configuration_id": "driving-licence"}


def told(*details: dict[str, str]) -> list[dict[str, Any]]:
    """As a token response names them, with the names by which they are fetched (OpenID4VCI §6.2)."""
    return [{**one, "credential_identifiers": [one["credential_configuration_id"]]} for one in details]


def itemised() -> Attempt:
    return Attempt("itemised", CALLBACK, "openid")


def test_what_a_person_allowed_stands_in_tokens_and_introspection(clients: Clients) -> None:
    client = clients.of("itemised")
    asked = json.dumps([ONE, TWO])
    tokens = clients.tokens(itemised(), client, authorization_details=asked)
    assert tokens["authorization_details"] == told(ONE, TWO)
    assert claims_of(tokens["access_token"])["authorization_details"] == [ONE, TWO]
    known = client.post("introspect", token=tokens["access_token"]).json()
    assert known["authorization_details"] == [ONE, TWO]
    assert TokenResolver(clients.city.house)(tokens["access_token"]).details == (ONE, TWO)
    refreshed = client.refresh(tokens["refresh_token"], authorization_details=json.dumps([TWO])).json()
    assert refreshed["authorization_details"] == told(TWO)
    again = client.refresh(refreshed["refresh_token"])
    assert again.json()["authorization_details"] == told(ONE, TWO)
    three = {**ONE, "credential_configuration_id": "marriage-certificate"}
    wider = client.refresh(again.json()["refresh_token"], authorization_details=json.dumps([three]))
    assert wider.json()["error"] == "invalid_authorization_details"


def test_the_person_reads_each_item_and_is_asked_every_time(clients: Clients) -> None:
    surfer, attempt = clients.city.surfer(), itemised()
    asked = {"authorization_details": json.dumps([ONE])}
    obtain_code(surfer, attempt, **asked)
    page = surfer.open(authorize_url(itemised().parameters(**asked)))
    assert "把电子凭证“disability-certificate”存入您的钱包" in page.text
    silent = surfer.http.get(authorize_url(itemised().parameters(prompt="none", **asked)))
    assert redirect_of(silent)[1]["error"] == "consent_required"
    assert redirect_of(surfer.submit(page, "authorize", decision="deny"))[1]["error"] == "access_denied"


@pytest.mark.parametrize(
    "details",
    [
        "{}",
        "[]",
        "[1]",
        "nonsense",
        "[" * 900,
        '[{"type": "unknown"}]',
        '[{"type": ["openid_credential"]}]',
        '[{"type": "openid_credential"}]',
        '[{"type": "openid_credential", "credential_configuration_id": 1}]',
        '[{"type": "openid_credential", "credential_configuration_id": "x", "more": 1}]',
        '[{"type": "openid_credential", "credential_configuration_id": "x", "locations": "y"}]',
        '[{"type": "openid_credential", "credential_configuration_id": "x", "claims": [[[[[[[[1]]]]]]]]}]',
        json.dumps([{**ONE, "credential_configuration_id": "x" * 500}]),
        json.dumps([ONE] * 11),
    ],
)
def test_what_does_not_fit_its_type_goes_back_with_the_error(clients: Clients, details: str) -> None:
    answer = clients.city.surfer().http.get(
        authorize_url(itemised().parameters(authorization_details=details))
    )
    assert redirect_of(answer)[1]["error"] == "invalid_authorization_details"


def test_only_registered_clients_may_ask_for_a_type(clients: Clients) -> None:
    attempt = Attempt("mini-app", CALLBACK, "openid")
    asked = attempt.parameters(authorization_details=json.dumps([ONE]))
    answer = clients.city.surfer().http.get(authorize_url(asked))
    assert redirect_of(answer)[1]["error"] == "invalid_authorization_details"


def test_a_new_type_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "financing.yaml").write_text(
        "type: financing\n"
        "text: { zh: '把%(figures)s给%(bank)s看', en: 'Show %(figures)s to %(bank)s' }\n"
        "fields:\n"
        "  bank: { kind: text, is_required: true, among: [甲银行, 乙银行] }\n"
        "  figures: { kind: texts, is_required: true }\n"
        "  most_yuan: { kind: number }\n",
        encoding="utf-8",
    )
    types = DetailTypes.load(tmp_path)
    client = OAuthClient(authorization_details_types=["financing"])
    good: dict[str, Any] = {
        "type": "financing",
        "bank": "甲银行",
        "figures": ["纳税", "用电"],
        "most_yuan": 5,
    }
    details = types.read(json.dumps([good]), client)
    assert types.told(details, "zh_Hans_CN") == ["把纳税、用电给甲银行看"]
    assert types.told(details, "en") == ["Show 纳税, 用电 to 甲银行"]
    named = DetailTypes.load(tmp_path, {"financing": {"甲银行": {"zh": "黄石甲银行", "en": "Bank One"}}})
    assert named.told(details, "en") == ["Show 纳税, 用电 to Bank One"]
    bents: list[dict[str, Any]] = [
        {"bank": "丙银行"},
        {"figures": []},
        {"most_yuan": True},
        {"most_yuan": 1.5},
    ]
    for bent in bents:
        with pytest.raises(InvalidDetails):
            types.read(json.dumps([good | bent]), client)


def test_data_for_banks_is_taken_back_where_the_firm_finds_it() -> None:
    types = DetailTypes.load()
    detail = [{"type": "financing_data"}]
    assert "融资—数据授权" in types.withdrawn(detail, "zh_Hans_CN")
    assert "Data authorisations" in types.withdrawn(detail, "en")
    assert types.withdrawn([*detail, {"type": "openid_credential"}], "en") == ""
    assert types.withdrawn(None, "en") == ""
