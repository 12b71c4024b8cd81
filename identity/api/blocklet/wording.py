"""The language of what people read: English, and Chinese where a client asks for it.

What clients compare (`not login`, `verify sig failed`, the texts of a renewal) stays as it is, and
so do faults of a body's shape that have no words of their own here.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Final

from identity.api.blocklet.sent import Sent
from identity.errors import DomainError, Kind

ENGLISH: Final = "en"
_LOCALE: Final = re.compile(r"[A-Za-z0-9_-]{1,35}")


def locale(sent: Sent, given: Mapping[str, Any], query: Mapping[str, str]) -> str:
    """The language of messages: body, query, cookie `nf_lang`, Accept-Language."""
    wanted = (
        given.get("locale"),
        query.get("locale"),
        sent.cookies.get("nf_lang"),
        sent.headers.get("accept-language", "").partition(",")[0].partition(";")[0],
    )
    texts = (each.strip() for each in wanted if isinstance(each, str))
    return next((each for each in texts if _LOCALE.fullmatch(each)), ENGLISH)


def locale_of(sent: Sent, given: Mapping[str, Any]) -> str:
    """The same for a request that may be refused for its parameters."""
    query: Mapping[str, str] = {}
    with suppress(DomainError):
        query = sent.query()
    return locale(sent, given, query)


def is_chinese(language: str) -> bool:
    """Whether a language is Chinese in any of its forms; there is one text for all of them."""
    return language.lower().replace("_", "-").partition("-")[0] == "zh"


def said(text: str, language: str) -> str:
    """A text of ours in this language, as far as there are words for it."""
    if not is_chinese(language):
        return text
    if text in CHINESE:
        return CHINESE[text]
    for shape, chinese in _SHAPES:
        if found := shape.fullmatch(text):
            return chinese.format(*found.groups())
    return text


def of_refusal(refusal: DomainError, text: str, language: str) -> str:
    """What a refusal says, `text` in English; what has no words of its own is told by its kind."""
    if not is_chinese(language) or text in FIXED:
        return text
    own = said(text, language)
    if own != text:
        return own
    title = OF_CODES.get(refusal.code) or OF_KINDS[refusal.kind]
    # A detail names what is meant: better in English than not at all.
    return title if text == refusal.title else f"{title}({text})"


def chinese_prompt(action: str, scope: str, address: str, asker: str) -> str:
    """What somebody agrees to with a wallet, and for whom."""
    what = _DOES.get(action, "继续，应用：")
    return f"您即将{what} {scope}。请求来自 {address} 的 {asker or '一个程序'}。"


FIXED: Final = frozenset({"not login", "verify sig failed"})

CHINESE: Final[Mapping[str, str]] = {
    "A code was sent. Look for it in your mail.": "验证码已发送，请查收邮件。",
    "The address is verified.": "邮箱已验证。",
    "This address is verified.": "该邮箱已经验证过。",
    "This address can't be used.": "该邮箱无法使用。",
    "Invalid email format": "邮箱格式不正确",
    "A code was sent a moment ago. Look for it, or wait before you ask again.": (
        "验证码刚刚已发送，请查收，或稍后再试。"
    ),
    "verify code invalid": "验证码不正确",
    "one-time password needed": "需要一次性密码",
    "session expired": "会话已过期",
    "Your have been revoked access to this blocklet": "您对此应用的访问权限已被撤销",
    "User does not exist": "用户不存在",
    "User not found": "用户不存在",
    "Invalid user did or name": "用户 DID 或名称无效",
    "Invalid signature": "签名无效",
    "Login user info is invalid": "登录用户信息无效",
    "Invalid request": "无效的请求",
    "role name is required": "缺少角色名称",
    "role not found": "角色不存在",
    "Passport not found": "通行证不存在",
    "You have no such passport.": "您没有该通行证。",
    "This passport is not valid here.": "该通行证在此无效。",
    "Invitation mode is invalid": "邀请模式无效",
    "Invitation not found or invitation has been used": "邀请不存在或已被使用",
    "There is no such picture.": "图片不存在。",
    "You have no such account.": "您没有绑定该账户。",
    "This link is not valid.": "该链接无效。",
    "Session Id is required to check status": "缺少会话 ID，无法查询状态",
    "Session not found or expired": "会话不存在或已过期",
    "Challenge mismatch": "挑战码不匹配",
    "Invalid JWT token": "JWT 无效",
    "This was begun for another wallet.": "此操作是为另一个钱包发起的。",
    "The wallet's owner declined.": "钱包持有人已拒绝。",
    "The wallet is busy.": "钱包正忙。",
    "Access token found in multiple locations": "请求中有多个访问令牌",
    "Invalid request: csrf token mismatch, please refresh the page try again": (
        "无效的请求:CSRF 令牌不匹配，请刷新页面后重试"
    ),
    "An access key can't do this: it takes somebody who is signed in.": (
        "访问密钥不能执行此操作：需要已登录的用户。"
    ),
    "This takes another role: switch to a passport first.": "需要其他角色：请先切换通行证。",
    "Nobody here signs in with this yet. Ask for an invitation.": (
        "尚无用户使用此方式登录，请先获取邀请。"
    ),
    "We could not sign you in with this.": "无法使用此方式登录。",
    "This was used already, came too late, or belongs to something else. Begin anew.": (
        "该凭证已被使用、已过期或不属于此操作，请重新开始。"
    ),
    "componentId is required when login user": "登录用户时缺少 componentId",
}
"""What this face says in words of its own, and the texts that its clients see most."""

_SHAPES: Final = tuple(
    (re.compile(shape), chinese)
    for shape, chinese in (
        (r'"([^"]+)" is required', '缺少 "{0}"'),
        (r'"([^"]+)" is not allowed', '不允许 "{0}"'),
        (r'Expect "([^"]+)" to be valid did', '"{0}" 不是有效的 DID'),
        (r'"([^"]+)" must be one of \[(.+)\]', '"{0}" 必须是 [{1}] 之一'),
        (r"action not exist: (.*)", "操作不存在：{0}"),
        (r"Provider: (.*) is not supported", "不支持登录方式 {0}"),
        (r"Provider (.*) is not valid", "登录方式 {0} 无效"),
        (r'"avatar" is no picture that can be read', '"avatar" 不是可读取的图片'),
        (
            r'"avatar" must be a picture in a data URI, or its address',
            '"avatar" 必须是 data URI 图片或图片地址',
        ),
    )
)

OF_CODES: Final[Mapping[str, str]] = {
    "external-identity.taken": "该第三方账户已绑定其他用户",
    "invitation.needs-device": "该邀请需要在其链接页面上用设备接受",
    "invitation.waits": "需要他人审批，审批通过后请以同样方式登录",
    "name.taken": "该名称已被使用",
    "not-supported": "此服务器不支持该功能",
    "policy.denied": "策略不允许此操作",
    "provider.unusable": "该登录方式目前无法使用",
    "session.step-up-needed": "请先再次证明您的身份",
    "user.last-owner": "不能移除最后一位所有者",
    "user.last-way-in": "不能移除最后一种登录方式",
    "wallet.taken": "该钱包已属于其他账户",
    "http.method": "不支持该请求方法",
    "http.media-type": "不支持该内容类型",
    "http.too-large": "请求内容过大",
}
OF_KINDS: Final[Mapping[Kind, str]] = {
    Kind.INVALID: "请求无效",
    Kind.UNPROCESSABLE: "请求无法处理",
    Kind.UNAUTHENTICATED: "无法确认您的身份",
    Kind.FORBIDDEN: "没有权限",
    Kind.MISSING: "内容不存在",
    Kind.CONFLICT: "与现有内容冲突",
    Kind.GONE: "内容已失效",
    Kind.LIMITED: "请求过于频繁，请稍后再试",
    Kind.UNAVAILABLE: "服务暂时不可用，请稍后再试",
}
PASSPORT_IN_CHINESE: Final = "在 {} 使用的通行证"
NAME_IN_CHINESE: Final = "您希望 {} 如何称呼您"
_DOES: Final[Mapping[str, str]] = {
    "login": "登录",
    "invite": "接受邀请，加入",
    "bind-wallet": "把此钱包添加到您的账户，应用：",
    "verify-elevated": "确认是您本人，应用：",
    "destroy-self": "确认注销您的账户，应用：",
    "switch-passport": "切换您的角色，应用：",
    "issue-passport": "领取通行证，应用：",
}
