"""Financing from end to end over HTTP, each hand with its own sign-in: a decline that re-routes; consent taken back."""

import httpx
import pytest

from tests.journeys.conftest import Demo
from tests.journeys.visitor import signed_in, submit

pytestmark = [pytest.mark.journey, pytest.mark.timeout(300)]

API = "/rongtong/api/v1"


def post_demand(firm: httpx.Client, **given: str) -> str:
    """The form, the banks with the items ticked, the consent at the identity service; the demand's id."""
    form = {
        "amount": "30",
        "term_months": "12",
        "purpose": "working_capital",
        "repayment": "any",
        "collateral": "none",
        "routing": "rotation",
    }
    banks = firm.post("/rongtong/financing/demands", data={**form, **given})
    assert "选银行和授权" in banks.text, banks.text[:3000]
    items = ["identity", "contact", "registration", "public_credit", "tax"]
    address = str(banks.url)
    consent = firm.post(address, data={"items": items, "days": "30", "frequency": "until_expiry"})
    assert "/identity/authorize" in str(consent.url), consent.text[:2000]
    assert "营业收入（税务）" in consent.text
    there = submit(firm, consent, decision="allow")
    assert "/rongtong/financing/demands/" in str(there.url), there.text[:2000]
    assert "待银行受理" in there.text
    return there.url.path.rsplit("/", 1)[1]


def application_at(firm: httpx.Client, demand_id: str, bank: str) -> dict[str, str]:
    """The firm's view of one bank's part."""
    detail = firm.get(f"{API}/financing/demands/{demand_id}").json()
    return next(one for one in detail["applications"] if one["bank_code"] == bank)


def test_a_decline_asks_the_next_bank_with_a_reason_that_can_be_read(demo: Demo) -> None:
    firm, officer = signed_in(demo, "agent"), signed_in(demo, "bank_manager")
    demand_id = post_demand(firm, routing="named", wanted_bank="dongchu-bank")
    first = application_at(firm, demand_id, "dongchu-bank")
    declined = officer.post(
        f"{API}/bank/applications/{first['id']}/decline",
        json={"reason_code": "quota", "note": "本月该产品额度已经用完"},
    )
    assert declined.status_code in (200, 201, 204), declined.text
    page = firm.get(f"/rongtong/financing/demands/{demand_id}").text
    assert "本行该产品额度已用完" in page
    assert "本月该产品额度已经用完" in page
    detail = firm.get(f"{API}/financing/demands/{demand_id}").json()
    asked = [(one["position"], one["bank_code"]) for one in detail["applications"]]
    assert asked[0] == (1, "dongchu-bank")
    assert [position for position, _bank in asked][:2] == [1, 2]  # and whoever it is may have answered by now
    assert firm.post(f"/rongtong/financing/demands/{demand_id}/withdraw").status_code == 200


def test_after_the_firm_takes_its_consent_back_the_bank_reads_nothing(demo: Demo) -> None:
    firm, officer = signed_in(demo, "agent"), signed_in(demo, "bank_manager")
    demand_id = post_demand(firm, routing="named", wanted_bank="dongchu-bank")
    application = application_at(firm, demand_id, "dongchu-bank")["id"]
    file = officer.post(f"{API}/bank/applications/{application}/file")
    assert file.status_code in (200, 201), file.text
    assert file.json()["name"] == firm.get(f"{API}/financing/profile").json()["name"]
    other = signed_in(demo, "tonglu_manager")
    assert other.post(f"{API}/bank/applications/{application}/file").status_code == 404
    (given, *_older) = firm.get(f"{API}/financing/authorisations").json()
    assert [one["bank_name"] for one in given["accesses"]] == ["东楚银行"]
    log = firm.get("/rongtong/financing/authorisations").text
    assert "银行工作人员" in log
    taken = firm.post(f"/rongtong/financing/authorisations/{given['id']}/withdraw")
    assert taken.status_code == 200
    refused = officer.post(f"{API}/bank/applications/{application}/file")
    assert refused.status_code == 403
    assert "收回" in refused.json()["detail"]
    (given, *_older) = firm.get(f"{API}/financing/authorisations").json()
    assert len(given["accesses"]) == 1
    assert firm.post(f"/rongtong/financing/demands/{demand_id}/withdraw").status_code == 200
