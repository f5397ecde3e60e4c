"""Passwords: Argon2id in a bounded pool, so that a flood of logins cannot take the machine's memory or time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

from kernel.errors import FieldError, InvalidInput, Unavailable
from kernel.i18n import N_

SHORTEST, LONGEST = 8, 128
PATIENCE_SECONDS = 4.0
_BUSY = N_("现在登录的人较多，请稍等几秒再试。")


class PasswordPool:
    """``slots`` hashes at a time, ``queue`` callers waiting; beyond that ``Unavailable`` with a time to come back.

    A quarter of the queue is kept for those in a place or browser that their account knows: strangers who flood the
    login page fill the rest and leave owners a way in.
    t=2, m=19 MiB, p=1: the second recommendation of OWASP's password storage guide.
    """

    def __init__(self, *, slots: int = 2, queue: int = 32) -> None:
        self._hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
        self._slots = threading.BoundedSemaphore(slots)
        self._places = threading.BoundedSemaphore(slots + queue)
        self._strangers = threading.BoundedSemaphore(slots + queue - queue // 4)
        self._decoy = self._hasher.hash("nobody's password")

    def hash(self, password: str) -> str:
        with self._slot():
            return self._hasher.hash(password)

    def is_right(self, password_hash: str | None, password: str, *, is_known_place: bool = False) -> bool:
        """Whether the password fits; ``None`` (no such account) takes just as long and is never right."""
        with self._slot() if is_known_place else self._strangers_slot():
            try:
                self._hasher.verify(password_hash or self._decoy, password)
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False
        return password_hash is not None

    @contextmanager
    def _strangers_slot(self) -> Iterator[None]:
        if not self._strangers.acquire(blocking=False):
            raise Unavailable(_BUSY, retry_after=5)
        try:
            with self._slot():
                yield
        finally:
            self._strangers.release()

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._places.acquire(blocking=False):
            raise Unavailable(_BUSY, retry_after=5)
        try:
            if not self._slots.acquire(timeout=PATIENCE_SECONDS):
                raise Unavailable(_BUSY, retry_after=5)
            try:
                yield
            finally:
                self._slots.release()
        finally:
            self._places.release()


def check_new_password(password: str, *, login_name: str) -> None:
    """NIST SP 800-63B §5.1.1: length counts, composition rules do not. Raises ``InvalidInput``."""
    if not SHORTEST <= len(password) <= LONGEST or not password.isprintable():
        raise InvalidInput(
            "填写的内容有误，请按提示修改。",
            errors=[FieldError("password", N_("密码应为8至128个可显示的字符"))],
        )
    if login_name and login_name.lower() in password.lower():
        raise InvalidInput(
            "填写的内容有误，请按提示修改。", errors=[FieldError("password", N_("密码中不要包含登录名"))]
        )
