"""Accounts, seats and delegations for the cast."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy.orm import Session

from identity import service as identity
from identity.registry import service as registry
from kernel.house import House
from portals.demo.accounts import PASSWORD, DemoAccount
from portals.demo.agency import create_agency
from portals.demo.banks import open_banks
from portals.demo.cast import Cast
from portals.demo.seats import SEATS


def create_accounts(
    session: Session, house: House, cast: Cast, phones: Mapping[int, str]
) -> list[DemoAccount]:
    """Accounts for the whole cast, seats for the officials, and who acts for whom; ``phones`` by subject number."""
    settling = _Settling(session, house, cast, phones)
    settling.people()
    settling.officials()
    settling.delegations()
    return settling.made


class _Settling:
    def __init__(self, session: Session, house: House, cast: Cast, phones: Mapping[int, str]) -> None:
        self.made: list[DemoAccount] = []
        self._session, self._house, self._cast, self._phones = session, house, cast, phones
        self._names = registry.describe(session, _everybody(cast), vault=house.vault)
        self._uscc = registry.identifier_of(session, cast.firm, vault=house.vault)
        self._logins: dict[int, str] = {}

    def people(self) -> None:
        cast = self._cast
        for key, part, part_en, subject_id, portal in (
            ("resident", "有待领待遇的居民", "resident with an offer", cast.resident, "/tong"),
            ("elder", "老人", "elderly resident", cast.elder, "/tong"),
            ("daughter", "女儿（可为老人代办）", "daughter acting for her", cast.daughter, "/tong"),
            ("parent", "宝宝的母亲", "parent of a baby", cast.parent, "/tong"),
            (
                "legal_representative",
                "企业法定代表人",
                "legal representative",
                cast.legal_representative,
                "/rongtong",
            ),
            ("agent", "企业经办人", "agent of the enterprise", cast.agent, "/rongtong"),
            (
                "accountant",
                "代账会计（为两家企业办事）",
                "accountant of two firms",
                cast.accountant,
                "/rongtong",
            ),
        ):
            self._add(key, part, part_en, subject_id, portal)

    def officials(self) -> None:
        """The banks' first, then the city's."""
        officials = self._cast.officials
        open_banks(self._session, self._house, officials[len(SEATS) :], self._add)
        for seat, official in zip(SEATS, officials[: len(SEATS)], strict=True):
            self._add(seat.key, seat.part, seat.part_en, official, "/zhengtong")
            number = identity.create_seat(
                self._session,
                division_code=seat.division,
                division_name=seat.division_name,
                department=seat.department,
                title=seat.title,
                department_en=seat.department_en,
                title_en=seat.title_en,
                duties=seat.duties,
            )
            identity.assign_seat(self._session, house=self._house, seat_id=number, subject_id=official)

    def delegations(self) -> None:
        cast, until = self._cast, self._house.clock.now() + timedelta(days=360)
        identity.grant_proxy(
            self._session,
            house=self._house,
            principal_id=cast.elder,
            agent_id=cast.daughter,
            relation="母亲",
            until_at=until,
        )
        identity.register_enterprise_member(
            self._session,
            house=self._house,
            firm_id=cast.firm,
            subject_id=cast.agent,
            role="agent",
            appointed_by=cast.legal_representative,
            until_at=until,
        )
        create_agency(self._session, self._house, cast)

    def _add(self, key: str, part: str, part_en: str, subject_id: int, portal: str) -> None:
        """One way in; whoever plays two parts has one account."""
        login, phone = self._logins.get(subject_id), self._phones.get(subject_id)
        if login is None:
            login = self._logins[subject_id] = f"demo-{key.replace('_', '-')}"
            identity.create_account(
                self._session,
                house=self._house,
                subject_id=subject_id,
                login_name=login,
                password=PASSWORD,
                phone=phone,
                is_real_name=True,
            )
        acts_for_firm = subject_id in (self._cast.legal_representative, self._cast.agent)
        self.made.append(
            DemoAccount(
                key,
                part,
                part_en,
                self._names[subject_id].name,
                login,
                PASSWORD,
                portal,
                registry.identifier_of(self._session, subject_id, vault=self._house.vault),
                self._uscc if acts_for_firm else "",
                phone or "",
            )
        )


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
