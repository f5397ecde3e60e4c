"""Who one can sign in as: accounts, seats and delegations for the cast, and the list that is printed."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import msgspec
from sqlalchemy.orm import Session

from identity import service as identity
from identity.registry import service as registry
from identity.seats import service as seats
from kernel.house import House
from kernel.ids import new_id
from kernel.web.principal import Duty, Principal, SeatView
from portals.demo.agency import create_agency
from portals.demo.banks import open_banks
from portals.demo.cast import COUNTY, STREET, STREET_NAME, Cast

PASSWORD = "dongchu-demo-2026"  # noqa: S105 (printed at every start: the demonstration hides nothing)
FILE = "demo-accounts.json"
CITY, CITY_NAME = "420200", "黄石市"
COUNTY_NAME = "黄石港区"
DAYE, DAYE_NAME = "420281", "大冶市"


class DemoAccount(msgspec.Struct, frozen=True):
    """One way in. ``key`` is what tests and scripts look it up by; ``identifier`` (fictional, as everything) is what the
    simulated outside systems know the person by, ``uscc`` the enterprise they act for; codes to ``phone`` show at
    ``/simulators/money``."""

    key: str
    part: str
    part_en: str
    name: str
    login: str
    password: str
    portal: str
    identifier: str
    uscc: str = ""
    phone: str = ""


class DemoSeat(msgspec.Struct, frozen=True):
    """A post of the demonstration and what it may do."""

    key: str
    part: str
    part_en: str
    division: str
    division_name: str
    department: str
    title: str
    duties: tuple[Duty, ...]


SEATS = (
    DemoSeat(
        "street",
        "街道经办",
        "street clerk",
        STREET,
        STREET_NAME,
        "民政办",
        f"{STREET_NAME}民政办经办席",
        ("claim.accept", "counter.assist", "licence.verify"),
    ),
    DemoSeat(
        "assistant",
        "街道帮办",
        "street assistant",
        STREET,
        STREET_NAME,
        "便民服务中心",
        f"{STREET_NAME}便民服务中心帮办席",
        ("counter.assist",),
    ),
    DemoSeat(
        "federation",
        "残联审核",
        "federation officer",
        COUNTY,
        COUNTY_NAME,
        "残联",
        "黄石港区残联审核席",
        ("claim.joint_review",),
    ),
    DemoSeat(
        "civil_affairs",
        "区民政审定",
        "civil-affairs officer",
        COUNTY,
        COUNTY_NAME,
        "民政局",
        "黄石港区民政局审定席",
        ("claim.decide",),
    ),
    DemoSeat(
        "civil_affairs_second",
        "区民政复核",
        "second civil-affairs officer",
        COUNTY,
        COUNTY_NAME,
        "民政局",
        "黄石港区民政局复核席",
        ("claim.decide",),
    ),
    DemoSeat(
        "health",
        "区卫健审定",
        "health officer",
        COUNTY,
        COUNTY_NAME,
        "卫健局",
        "黄石港区卫健局审定席",
        ("claim.decide",),
    ),
    DemoSeat(
        "science_accept",
        "大冶科技受理",
        "Daye science clerk",
        DAYE,
        DAYE_NAME,
        "科技局",
        "大冶市科技局受理席",
        ("claim.accept",),
    ),
    DemoSeat(
        "science_decide",
        "大冶科技审定",
        "Daye science officer",
        DAYE,
        DAYE_NAME,
        "科技局",
        "大冶市科技局审定席",
        ("claim.decide",),
    ),
    DemoSeat(
        "author",
        "政策起草",
        "policy author",
        CITY,
        CITY_NAME,
        "民政局",
        "市民政局政策起草席",
        ("policy.author",),
    ),
    DemoSeat(
        "publisher",
        "政策审批发布",
        "second publisher",
        CITY,
        CITY_NAME,
        "民政局",
        "市民政局政策审批席",
        ("policy.publish",),
    ),
    DemoSeat(
        "finance",
        "市财政支付",
        "finance officer",
        CITY,
        CITY_NAME,
        "财政局",
        "市财政局社会保障支付席",
        ("payment.approve",),
    ),
    DemoSeat(
        "licensing",
        "证照管理",
        "licence officer",
        CITY,
        CITY_NAME,
        "数据局",
        "市数据局电子证照席",
        ("licence.issue",),
    ),
    DemoSeat(
        "police",
        "民警执法",
        "police officer",
        COUNTY,
        COUNTY_NAME,
        "公安局",
        "黄石港区公安局执勤席",
        ("licence.verify",),
    ),
    DemoSeat("auditor", "审计", "auditor", CITY, CITY_NAME, "审计局", "市审计局审计席", ("audit.read",)),
    DemoSeat(
        "administrator",
        "系统管理",
        "administrator",
        CITY,
        CITY_NAME,
        "数据局",
        "市数据局系统管理席",
        ("admin.system",),
    ),
    DemoSeat(
        "security",
        "安全管理",
        "security administrator",
        CITY,
        CITY_NAME,
        "数据局",
        "市数据局安全管理席",
        ("admin.security",),
    ),
    DemoSeat(
        "labour_accept",
        "大冶人社受理",
        "Daye labour clerk",
        DAYE,
        DAYE_NAME,
        "人社局",
        "大冶市人社局受理席",
        ("claim.accept",),
    ),
    DemoSeat(
        "labour_decide",
        "大冶人社审定",
        "Daye labour officer",
        DAYE,
        DAYE_NAME,
        "人社局",
        "大冶市人社局审定席",
        ("claim.decide",),
    ),
    DemoSeat(
        "industry_accept",
        "大冶经信受理",
        "Daye industry clerk",
        DAYE,
        DAYE_NAME,
        "经信局",
        "大冶市经信局受理席",
        ("claim.accept",),
    ),
    DemoSeat(
        "industry_decide",
        "市经信审定",
        "city industry officer",
        CITY,
        CITY_NAME,
        "经信局",
        "市经信局审定席",
        ("claim.decide",),
    ),
    DemoSeat(
        "finance_decide",
        "市财政审定",
        "city finance, deciding",
        CITY,
        CITY_NAME,
        "财政局",
        "市财政局贴息审定席",
        ("claim.decide",),
    ),
    DemoSeat(
        "overseer",
        "融资监督",
        "overseer of financing",
        CITY,
        CITY_NAME,
        "地方金融管理局",
        "市地方金融管理局监管席",
        ("financing.oversee",),
    ),
    DemoSeat(
        "pool",
        "风险补偿资金池",
        "officer of the risk pool",
        CITY,
        CITY_NAME,
        "财政局",
        "市财政局资金池席",
        ("financing.pool",),
    ),
    DemoSeat(
        "lending_accept",
        "大冶金融受理",
        "Daye clerk for loan subsidies",
        DAYE,
        DAYE_NAME,
        "地方金融管理局",
        "大冶市地方金融管理局受理席",
        ("claim.accept",),
    ),
)


def create_accounts(
    session: Session, house: House, cast: Cast, phones: Mapping[int, str]
) -> list[DemoAccount]:
    """Accounts for the whole cast, seats for the officials, and who acts for whom; ``phones`` by subject number."""
    names = registry.describe(session, _everybody(cast), vault=house.vault)
    uscc = registry.identifier_of(session, cast.firm, vault=house.vault)
    made: list[DemoAccount] = []

    def add(key: str, part: str, part_en: str, subject_id: int, portal: str) -> None:
        login = f"demo-{key.replace('_', '-')}"
        known = next(
            (one for one in made if one.login != login and holders.get(one.login) == subject_id), None
        )
        if known is None:
            identity.create_account(
                session,
                house=house,
                subject_id=subject_id,
                login_name=login,
                password=PASSWORD,
                phone=phones.get(subject_id),
                is_real_name=True,
            )
            holders[login] = subject_id
        else:
            login = known.login
        number = registry.identifier_of(session, subject_id, vault=house.vault)
        firm = uscc if subject_id in (cast.legal_representative, cast.agent) else ""
        made.append(
            DemoAccount(
                key,
                part,
                part_en,
                names[subject_id].name,
                login,
                PASSWORD,
                portal,
                number,
                firm,
                phones.get(subject_id, ""),
            )
        )

    holders: dict[str, int] = {}
    add("resident", "有待领待遇的居民", "resident with an offer", cast.resident, "/tong")
    add("elder", "老人", "elderly resident", cast.elder, "/tong")
    add("daughter", "女儿（可为老人代办）", "daughter acting for her", cast.daughter, "/tong")
    add("parent", "宝宝的母亲", "parent of a baby", cast.parent, "/tong")
    add(
        "legal_representative",
        "企业法定代表人",
        "legal representative",
        cast.legal_representative,
        "/rongtong",
    )
    add("agent", "企业经办人", "agent of the enterprise", cast.agent, "/rongtong")
    add("accountant", "代账会计（为两家企业办事）", "accountant of two firms", cast.accountant, "/rongtong")
    open_banks(session, house, cast.officials[len(SEATS) :], add)
    for seat, official in zip(SEATS, cast.officials[: len(SEATS)], strict=True):
        add(seat.key, seat.part, seat.part_en, official, "/zhengtong")
        number = identity.create_seat(
            session,
            division_code=seat.division,
            division_name=seat.division_name,
            department=seat.department,
            title=seat.title,
            duties=seat.duties,
        )
        identity.assign_seat(session, house=house, seat_id=number, subject_id=official)
    until = house.clock.now() + timedelta(days=360)
    identity.grant_proxy(
        session, house=house, principal_id=cast.elder, agent_id=cast.daughter, relation="母亲", until_at=until
    )
    identity.register_enterprise_member(
        session,
        house=house,
        firm_id=cast.firm,
        subject_id=cast.agent,
        role="agent",
        appointed_by=cast.legal_representative,
        until_at=until,
    )
    create_agency(session, house, cast)
    return made


def principal_on(session: Session, house: House, cast: Cast, key: str) -> Principal:
    """The official on a demonstration seat, for what the demonstration does in their name while it is being made."""
    place = next(number for number, seat in enumerate(SEATS) if seat.key == key)
    subject_id = cast.officials[place]
    view: SeatView = seats.seats_of(session, subject_id, house.clock.now())[0].seat
    name = registry.describe(session, [subject_id], vault=house.vault)[subject_id].name
    return Principal(
        subject_id=subject_id,
        name=name,
        capacity="seat",
        acting_for=subject_id,
        acting_for_name=name,
        seat=view,
        scopes=frozenset({"zhengtong"}),
        acr="1",
        client_id="demo",
        grant_id=new_id(),
    )


def write_accounts(home: Path, accounts: list[DemoAccount]) -> None:
    (home / FILE).write_bytes(msgspec.json.format(msgspec.json.encode(accounts), indent=1))


def read_accounts(home: Path) -> list[DemoAccount]:
    """The cast of the store in ``home``; empty when none was made there."""
    path = home / FILE
    return msgspec.json.decode(path.read_bytes(), type=list[DemoAccount]) if path.exists() else []


def _everybody(cast: Cast) -> set[int]:
    return {
        cast.resident,
        cast.elder,
        cast.daughter,
        cast.parent,
        cast.legal_representative,
        cast.agent,
        cast.accountant,
        *cast.officials,
    }
