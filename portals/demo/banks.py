"""The six fictional banks and the guarantor of the demonstration: registered, with officers on their seats, three of them
with systems of their own that the simulated world runs.
"""

from collections.abc import Callable

from sqlalchemy.orm import Session

from connectors.simulators.lenders.keys import client_id_of, public_keys
from identity import service as identity
from identity.registry import service as registry
from kernel.house import House
from kernel.web.principal import Duty
from portals.financing.banks import connecting
from portals.financing.institutions import institutions

#: Credit codes under a division that was never assigned (GB 32100, check digits right).
CREDIT_CODES = {
    "dongchu-bank": "91429999DCB0000179",
    "cihu-rural": "91429999DCB0000254",
    "tonglu-bank": "91429999DCB000033Y",
    "xisai-village": "91429999DCB000041R",
    "fuhe-bank": "91429999DCB00005XH",
    "yangxin-rural": "91429999DCB000068H",
    "dongchu-guarantee": "91429999DCB000076C",
}
#: Institution, key of the login, part, part in English, title, title in English, duties.
OFFICERS: tuple[tuple[str, str, str, str, str, str, tuple[Duty, ...]], ...] = (
    (
        "dongchu-bank",
        "bank_manager",
        "东楚银行客户经理",
        "client manager, Bank of Dongchu",
        "客户经理席",
        "client manager",
        ("financing.work",),
    ),
    (
        "dongchu-bank",
        "bank_approver",
        "东楚银行审批人",
        "approver, Bank of Dongchu",
        "授信审批席",
        "credit approver",
        ("financing.approve",),
    ),
    (
        "cihu-rural",
        "rural_manager",
        "磁湖农商行客户经理",
        "client manager, Cihu Rural",
        "客户经理席",
        "client manager",
        ("financing.work",),
    ),
    (
        "cihu-rural",
        "rural_approver",
        "磁湖农商行审批人",
        "approver, Cihu Rural",
        "授信审批席",
        "credit approver",
        ("financing.approve",),
    ),
    (
        "tonglu-bank",
        "tonglu_manager",
        "铜绿山银行客户经理",
        "client manager, Tonglushan",
        "客户经理席",
        "client manager",
        ("financing.work",),
    ),
    (
        "tonglu-bank",
        "tonglu_approver",
        "铜绿山银行审批人",
        "approver, Tonglushan",
        "授信审批席",
        "credit approver",
        ("financing.approve",),
    ),
    (
        "dongchu-guarantee",
        "guarantee_manager",
        "融资担保经办",
        "officer of the guarantor",
        "担保经办席",
        "guarantee officer",
        ("financing.work",),
    ),
    (
        "dongchu-guarantee",
        "guarantee_approver",
        "融资担保审批",
        "approver of the guarantor",
        "担保审批席",
        "guarantee approver",
        ("financing.approve",),
    ),
)
#: Banks whose own systems call the API; how they behave is set at ``/simulators/lenders/<code>/behaviour``.
SYSTEMS = ("fuhe-bank", "xisai-village", "yangxin-rural")

AddAccount = Callable[[str, str, str, int, str], None]


def open_banks(session: Session, house: House, people: tuple[int, ...], add: AddAccount) -> None:
    """Register all institutions, seat ``people`` on the posts of ``OFFICERS``, connect the systems."""
    numbers = {code: _register(session, house, code) for code in institutions()}
    for (code, key, part, part_en, title, title_en, duties), person in zip(OFFICERS, people, strict=True):
        add(key, part, part_en, person, "/rongtong")
        found = institutions()[code]
        seat = identity.create_seat(
            session,
            division_code="420200",
            division_name="黄石市",
            department=found.name,
            title=f"{found.name}{title}",
            department_en=found.name_en,
            title_en=title_en,
            duties=duties,
            institution_id=numbers[code],
        )
        identity.assign_seat(session, house=house, seat_id=seat, subject_id=person)
    for code in SYSTEMS:
        connecting.connect(
            session,
            code,
            client_id=client_id_of(code),
            jwks=public_keys(house.settings.home, code),
            webhook_url=f"{house.settings.base_url}/simulators/lenders/{code}/events",
            vault=house.vault,
            now=house.clock.now(),
        )


def _register(session: Session, house: House, code: str) -> int:
    return registry.ensure(
        session,
        kind="institution",
        name=institutions()[code].name,
        identifier_kind="uscc",
        identifier=CREDIT_CODES[code],
        vault=house.vault,
        now=house.clock.now(),
    )
