"""To a provider and back."""

from typing import Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect, QueryDict
from django.views.decorators.csrf import csrf_exempt

from accounts import social
from identity.errors import DomainError
from identity.pages.login import account, views, visit
from identity.pages.login.visit import Visit
from identity.web import client_ip
from identity.web.throttle import Throttle
from sessions_app.errors import ChallengeRefused
from sessions_app.services import provider_sign_in
from sessions_app.services.provider_sign_in import Asserted, Round, Wish

_ANSWERED: Final = ("state", "code", "iss", "error")
_MOST_ANSWER: Final = 4096
_STARTS: Final = Throttle(60, 60)


@visit.page
def start(seen: Visit, provider: str) -> HttpResponse:
    """On to the provider. A link, not a form: what it does is bound to the browser and no more."""
    if seen.http.method != "GET":
        return HttpResponseNotAllowed(["GET"])
    return HttpResponseRedirect(_address(seen, provider, Wish(query=seen.query)))


@visit.sent
def link(seen: Visit, provider: str) -> HttpResponse:
    """On to the provider to link an account there; a form with its token, and a fresh proof.

    The answer is a page that leads on by itself: a form may not lead to other sites here.
    """
    door = account.signed_in(seen).door
    try:
        provider_sign_in.require_linkable(authenticated_at=door.authenticated_at, now=seen.now)
        address = _address(seen, provider, Wish(linking=door.session_id))
    except DomainError as refusal:
        return account.shown(seen, refusal=refusal)
    return seen.shown("leading_on", address=address)


@csrf_exempt
@visit.page
def back(seen: Visit, provider: str) -> HttpResponse:
    """Back from the provider.

    One that answers by POST (Apple) comes without the browser's cookies, since it comes from
    another site; it is led once around to where they are sent.
    """
    if seen.http.method == "POST":
        told = urlencode(_answer(seen.http.POST))
        return HttpResponseRedirect(f"{seen.issuer}/login/back/{provider}?{told}")
    if seen.http.method != "GET":
        return HttpResponseNotAllowed(["GET", "POST"])
    answer = _answer(seen.http.GET)
    asked, wish = provider_sign_in.resume(
        slug=provider, state=answer.get("state", ""), browser=seen.mark.digest, now=seen.now
    )
    visit.read_query(seen, wish.query)
    try:
        asserted = social.prove(asked, answer)
        if wish.linking is not None:
            return _linked(seen, asked, asserted, wish)
        begun = provider_sign_in.sign_in(asked, asserted, arrival=seen.arrival, now=seen.now)
    except DomainError as refusal:
        if seen.session is not None:
            return account.shown(seen, refusal=refusal)
        return views.offered(seen, refusal=refusal)
    return views.finished(seen, begun)


def _linked(seen: Visit, asked: Round, asserted: Asserted, wish: Wish) -> HttpResponse:
    session = account.signed_in(seen)
    if session.door.session_id != wish.linking:
        raise ChallengeRefused
    provider_sign_in.link(
        asked,
        asserted,
        by=session.actor(seen.origin.address),
        authenticated_at=session.door.authenticated_at,
        now=seen.now,
    )
    return HttpResponseRedirect(f"{seen.issuer}/login")


def _address(seen: Visit, provider: str, wish: Wish) -> str:
    _STARTS.hit(client_ip.neighbourhood(seen.origin.address), now=int(seen.now.timestamp()))
    asked = provider_sign_in.begin(slug=provider, wish=wish, browser=seen.mark.digest, now=seen.now)
    return social.address(asked)


def _answer(sent: QueryDict) -> dict[str, str]:
    """What is read of a provider's answer: each thing once, and bounded."""
    answer = {}
    for name in _ANSWERED:
        values = sent.getlist(name)
        if len(values) > 1 or any(len(value) > _MOST_ANSWER for value in values):
            raise ChallengeRefused
        if values:
            answer[name] = values[0]
    return answer
