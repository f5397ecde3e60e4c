"""What goes to the mail gateway (邮件平台)."""

import msgspec


class MailMessage(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One plain message, no attachment and no markup; sent again with the same key it is still one."""

    key: str
    address: str
    subject: str
    text: str
