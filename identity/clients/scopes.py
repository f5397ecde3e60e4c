"""Every scope this city knows, in the words a consent page uses, and which ways of asking may have it."""

from identity.clients.schemas import CODE, DEVICE, REFRESH
from kernel.i18n import N_

#: What a person lets a client know or do.
SCOPES = {
    "openid": N_("确认您的登录"),
    "profile": N_("查看您的姓名"),
    "phone": N_("查看您的手机号"),
    "tong": N_("在东楚通为您办事"),
    "rongtong": N_("在东楚融通为企业办事"),
    "zhengtong": N_("在东楚政通履行岗位职责"),
    "licences": N_("查看和使用您的电子证照"),
    "financing": N_("为企业申请融资，查看银行的答复"),
    "members": N_("管理企业的成员、委托和小程序"),
}
#: What a service does in its own name, about nobody in particular; never part of a person's consent.
SERVICE_SCOPES = {
    "service": N_("以应用自身的名义访问"),
    "lending": N_("以银行的名义办理融资"),
}
#: The ways of asking that speak for a person, open to public clients too.
PERSONAL = (CODE, REFRESH, DEVICE)
#: What says who somebody is; it is not narrowed by what a capacity allows to do.
WHO = frozenset({"openid", "profile", "phone"})
