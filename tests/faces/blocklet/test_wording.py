"""Chinese where a client asks for it: refusals, messages, and what wallets show."""

import ast
import re
from pathlib import Path

import pytest

from identity.api import blocklet
from identity.api.blocklet import errors, exchange_words, wording
from tests.faces.blocklet.browser import SERVICE, Browser, Wallet
from tests.faces.blocklet.exchange import Page, Phone
from tests.matrix.test_errors import every_error

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ROOM = Path(blocklet.__file__).parent
# Clients compare these.
AS_THEY_ARE = {
    *("RefreshToken should not be empty", "User session is logout"),
    *("invalid token type undefined", "login_token is required", "x-csrf-token is required"),
}


def texts() -> set[str]:
    """Every text that the face says in words of its own, where it says it or by name."""
    found: set[str] = set()
    for path in sorted(ROOM.rglob("*.py")):
        tree = ast.parse(path.read_text())
        names = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.AnnAssign | ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name)
        }
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call) or not node.args:
                continue
            called = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            first = node.args[0]
            if called in {"said", "worded"} and isinstance(first, ast.Constant):
                found.add(str(first.value))
            if called in {"said", "worded"} and isinstance(first, ast.Name):
                found.update({names[first.id]} if first.id in names else ())
    return found


def test_finds_what_the_face_says() -> None:
    assert {"session expired", "role not found", "User session is logout"} < texts()


def test_has_chinese_for_all_that_the_face_says() -> None:
    assert {each for each in texts() if wording.said(each, "zh") == each} <= AS_THEY_ARE


@every_error
def test_has_chinese_for_every_refusal(known) -> None:
    text = errors.message(known(), "zh-CN")
    assert CHINESE.search(text) or text in wording.FIXED
    assert not CHINESE.search(errors.message(known(), "de"))


def test_a_detail_is_kept_where_it_has_no_words() -> None:
    from identity.errors import Invalid

    assert errors.message(Invalid("Only this."), "zh").endswith("(Only this.)")


@pytest.mark.parametrize("action", exchange_words.DOES)
def test_has_a_prompt_in_chinese_for_every_action(action) -> None:
    text = wording.chinese_prompt(action, "Acme", "192.0.2.1", "")
    assert "Acme" in text
    assert "继续" not in text


@pytest.mark.parametrize("locale", ["zh", "zh-CN", "zh_TW", "ZH"])
def test_answers_in_the_language_of_the_body_the_query_the_cookie_and_the_header(
    world, locale
) -> None:
    browser = Browser(world)
    asked = {"action": "x", "locale": locale}
    assert browser.post("user/email/login", asked).json["error"] == "操作不存在\uff1ax"
    query = {"locale": locale, "vcId": "x", "userDid": Wallet.of().did}
    assert browser.get("passport/status", query=query).json["error"] == "通行证不存在"
    # A body that is refused still says in which language.
    faulty = browser.post("user/email/login", {"action": 5, "locale": locale})
    assert faulty.status == 400
    header = browser.post("user/email/login", {"action": "x"}, accept_language=f"{locale},en;q=0.5")
    assert CHINESE.search(header.json["error"])
    cookie = Browser(world, cookies={"nf_lang": locale})
    assert CHINESE.search(cookie.post("user/email/login", {"action": "x"}).json["error"])
    first = browser.post("user/email/login", {"action": "x", "locale": "en"}, accept_language="zh")
    assert first.json["error"] == "action not exist: x"


def test_what_clients_compare_stays(world) -> None:
    browser = Browser(world)
    query = {"locale": "zh"}
    assert browser.get("did/session", query=query).json == {"error": "not login"}
    assert browser.post("user/login", {"locale": "zh"}).json == "verify sig failed"
    answer = browser.post("did/refreshSession", query=query)
    assert (answer.status, answer.text) == (400, "RefreshToken should not be empty")


def test_a_wallet_shows_the_language_of_the_page(world, bob) -> None:
    page = Page(Browser(world))
    page.begin(locale="zh")
    phone = Phone(Browser(world), Wallet.of(), page)
    asked = phone.scan()["requestedClaims"][0]["description"]
    assert "登录" in asked
    assert "192.0.2.10" in asked
    assert phone.sign(token="a.b.c")["errorMessage"] == "JWT 无效"
    phone.scan()
    further = phone.sign()["requestedClaims"][0]
    assert "称呼" in further["description"]
    other = Phone(Browser(world), bob.wallet, page, dict(phone.asked))
    assert other.sign()["errorMessage"] == "挑战码不匹配"
    phone.sign(action="declineAuth")
    assert page.status().json["error"] == "钱包持有人已拒绝。"


def test_no_refusal_is_hidden_by_a_body_that_cannot_be_read(world) -> None:
    browser = Browser(world)
    answer = browser._sent("POST", f"{SERVICE}/api/user/email/login", b"{", {}, {}, None)
    assert answer.status == 400
