"""三员分立: whoever runs the system gives nobody rights, whoever gives rights runs nothing, whoever audits does neither.

GB/T 22239 level 3 asks for three administrators. Here the one of the system makes posts, the one of security seats
people on them, so that neither alone can give anybody a right; and the auditor only reads.
"""

from collections.abc import Collection, Iterable

from kernel.errors import Conflict, FieldError, InvalidInput
from kernel.i18n import N_

#: What a bank's post is for, and all it is for.
OF_INSTITUTIONS = frozenset({"financing.work", "financing.approve"})
ADMINISTRATION = frozenset({"admin.system", "admin.security", "audit.read"})
AUDIT = "audit.read"


def check_post(duties: Collection[str], *, is_of_institution: bool = False) -> None:
    """Raises ``InvalidInput`` for a post that no one person may hold, or that is not for such an office to have."""
    wanted = set(duties)
    if is_of_institution and not wanted <= OF_INSTITUTIONS:
        what = N_("金融机构的席位只能有融资办理和融资审批职责")
        raise InvalidInput("职责设置有误，请按提示修改。", errors=[FieldError("duties", what)])
    if not is_of_institution and wanted & OF_INSTITUTIONS:
        what = N_("融资办理和融资审批只能设在金融机构的席位上")
        raise InvalidInput("职责设置有误，请按提示修改。", errors=[FieldError("duties", what)])
    administrative = ADMINISTRATION.intersection(duties)
    if len(administrative) > 1:
        what = N_("系统管理、安全管理、审计查阅必须分设在不同席位")
        raise InvalidInput("职责设置有误，请按提示修改。", errors=[FieldError("duties", what)])
    if AUDIT in duties and len(set(duties)) > 1:
        what = N_("审计席位只能查阅，不能有其他职责")
        raise InvalidInput("职责设置有误，请按提示修改。", errors=[FieldError("duties", what)])


def check_person(held: Iterable[Collection[str]], wanted: Collection[str]) -> None:
    """Raises ``Conflict`` when somebody with these posts may not have one with the duties ``wanted`` as well."""
    others = [set(duties) for duties in held]
    administrative = ADMINISTRATION.intersection(wanted).union(*(ADMINISTRATION & one for one in others))
    if len(administrative) > 1:
        raise Conflict("系统管理、安全管理、审计查阅不能由同一个人担任。请另选他人，或先让对方离开原席位。")
    if others and AUDIT in set(wanted).union(*others):
        raise Conflict("审计人员不能兼任其他席位。请另选他人，或先让对方离开原席位。")
