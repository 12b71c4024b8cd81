"""One visit of the sign-in pages: which scope, which browser, whose session, for which application.

The browser's session is held by an access and a refresh token in cookies; each scope has its own.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import wraps
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.middleware.csrf import rotate_token
from django.template.response import TemplateResponse
from django.views.decorators.cache import never_cache

from identity.errors import DomainError
from identity.scoping import current
from identity.services import scopes
from identity.web import browser, client_ip, problems, scope_resolution, security_headers
from identity.web.browser import Mark
from sessions_app import return_addresses
from sessions_app.errors import TokenRefused
from sessions_app.services import (
    authorization_codes,
    rotation,
    sessions,
    theft,
    tokens,
)
from sessions_app.services.authorization_codes import Request, RequestFaulty
from sessions_app.services.first_factor import Arrival
from sessions_app.services.sessions import Checked, Origin
from sessions_app.services.tokens import Live


@dataclass
class Visit:
    """What is known of a visit. `live` is set when the session was begun or renewed by it.

    `is_stolen`: an alarm ended the session of which this browser holds a token.
    """

    http: HttpRequest
    slug: str
    mark: Mark
    now: datetime
    query: str = ""
    request: Request | None = None
    session: Checked | None = None
    live: Live | None = field(default=None, repr=False)
    is_over: bool = False
    is_stolen: bool = False

    @property
    def issuer(self) -> str:
        """Of the scope's tokens, and the beginning of the addresses of these pages."""
        return tokens.issuer(self.slug)

    @property
    def origin(self) -> Origin:
        """Where the browser is."""
        agent = self.http.META.get("HTTP_USER_AGENT", "")
        return Origin(address=client_ip.of(self.http.META), user_agent=agent)

    @property
    def arrival(self) -> Arrival:
        """For the services that sign in: the tokens are for our own pages and API."""
        return Arrival(self.origin, self.issuer, self.mark.digest)

    def link(self, path: str = "") -> str:
        """The address of one of these pages, with what the visit is about."""
        address = f"{self.issuer}/login{path}"
        return f"{address}?{self.query}" if self.query else address

    @property
    def passkey_link(self) -> str:
        """Where a passkey signs in."""
        return self.link("/passkey")

    @property
    def link_new(self) -> str:
        """Where somebody new makes an account."""
        return self.link("/new")

    def shown(
        self, template: str, *, status: int = 200, refusal: DomainError | None = None, **more: Any
    ) -> HttpResponse:
        """One page, which may send forms to itself and to where the application's user goes."""
        context = {"visit": self, "refusal": refusal, **more}
        told = problems.STATUS[refusal.kind] if refusal else status
        response = TemplateResponse(self.http, f"login/{template}.html", context, status=told)
        response.headers["Content-Security-Policy"] = self._policy()
        # What is asked for, and codes that come back, go nowhere with a click.
        response.headers["Referrer-Policy"] = "same-origin"
        return response

    def _policy(self) -> str:
        policy = security_headers.CONTENT_SECURITY_POLICY
        if self.request is None:
            return policy
        # Chromium asks for leave of each address that the answer to a form redirects to.
        origin = return_addresses.origin(self.request.redirect_uri)
        return policy.replace("form-action 'self'", f"form-action 'self' {origin}")


View = Callable[..., HttpResponse]


def page(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A view `(visit, …)` inside its scope, at the one host of these pages, never stored."""

    @never_cache
    @wraps(view)
    def visited(request: HttpRequest, slug: str = "", **named: Any) -> HttpResponse:
        del slug  # the address as a whole says which scope it is
        now = datetime.now(UTC)
        named_by = scope_resolution.of_environ(request.META)
        try:
            scope = scope_resolution.resolve(named_by, now=now)
        except DomainError as refusal:
            return _of_no_scope(request, refusal)
        if elsewhere := _elsewhere(request, scope.slug):
            return elsewhere
        with current.in_scope(scope.scope_id):
            visit = Visit(request, scope.slug, browser.mark(request.COOKIES), now)
            _read_session(visit)
            response = _read_request(visit) or _answered(view, visit, named)
            if isinstance(response, TemplateResponse):
                response.render()
            return _with_cookies(visit, response)

    return visited


def sent(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """A `page` that a form leads to: it takes POST alone."""

    @wraps(view)
    def posted(visit: Visit, **named: Any) -> HttpResponse:
        if visit.http.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        return view(visit, **named)

    return page(posted)


def begin(visit: Visit, session: Any) -> None:
    """Take a session that was just begun as this browser's; the one before it ends.

    The browser gets new cookies and a new token against forged forms: nothing that was known
    before the sign-in is of use after it.
    """
    if visit.session is not None:
        before = visit.session
        by = before.actor(visit.origin.address)
        sessions.replace(
            session_id=before.door.session_id, by_session=session, by=by, now=visit.now
        )
    visit.live = sessions.live(session, scope_slug=visit.slug)
    rotate_token(visit.http)


def onward(visit: Visit) -> HttpResponse:
    """Where somebody goes who is signed in: back to the application with a code, or to the page."""
    known = visit.live or (visit.session.door if visit.session else None)
    if visit.request is None or known is None:
        return HttpResponseRedirect(f"{visit.issuer}/login")
    address = authorization_codes.issue(
        visit.request,
        user_id=known.user_id,
        session_id=known.session_id,
        issuer=visit.issuer,
        now=visit.now,
    )
    return HttpResponseRedirect(address)


def read_query(visit: Visit, query: str) -> None:
    """Take up what the page was asked with when a round began. Raises ReturnRefused."""
    visit.query = query
    given = parse_qs(query, keep_blank_values=True, max_num_fields=20)
    visit.request = authorization_codes.requested(given, issuer=visit.issuer)


def _of_no_scope(request: HttpRequest, refusal: DomainError) -> HttpResponse:
    """The address leads to no scope that lets people in: told to people as a page."""
    if not problems.is_person(request):
        raise refusal
    status = problems.STATUS[refusal.kind]
    return TemplateResponse(request, "login/no_scope.html", {"stopped": refusal}, status=status)


def _elsewhere(request: HttpRequest, slug: str) -> HttpResponse | None:
    """Marks and sessions belong to one host: that which providers send people back to."""
    if request.method != "GET" or request.get_host() == urlsplit(settings.BASE_URL).netloc:
        return None
    query = request.META.get("QUERY_STRING", "")
    _, path = scope_resolution.split_path(request.path_info)
    return HttpResponseRedirect(f"{tokens.issuer(slug)}{path}{'?' if query else ''}{query}")


def _read_request(visit: Visit) -> HttpResponse | None:
    query = visit.http.META.get("QUERY_STRING", "")
    try:
        given = parse_qs(query, keep_blank_values=True, max_num_fields=20)
        visit.request = authorization_codes.requested(given, issuer=visit.issuer)
    except RequestFaulty as fault:
        return HttpResponseRedirect(fault.address)
    except (DomainError, ValueError) as refusal:
        known = refusal if isinstance(refusal, DomainError) else None
        return visit.shown("stopped", status=400, refusal=known)
    visit.query = query if visit.request else ""
    return None


def _answered(view: View, visit: Visit, named: Mapping[str, Any]) -> HttpResponse:
    try:
        return view(visit, **named)
    except RequestFaulty as fault:
        return HttpResponseRedirect(fault.address)
    except DomainError as refusal:
        return visit.shown("stopped", refusal=refusal)


def _read_session(visit: Visit) -> None:
    access, refresh = (visit.http.COOKIES.get(name, "") for name in _names(visit.slug))
    visit.session = _checked(visit, access)
    if visit.session is None and refresh:
        _renew(visit, refresh)


def _checked(visit: Visit, access: str) -> Checked | None:
    if not access:
        return None
    try:
        return sessions.check(
            access, audience=visit.issuer, address=visit.origin.address, now=visit.now
        )
    except TokenRefused:
        return None


def _renew(visit: Visit, token: str) -> None:
    try:
        renewed = rotation.redeem(token, audience=visit.issuer, origin=visit.origin, now=visit.now)
    except TokenRefused:
        visit.is_over = True
        visit.is_stolen = theft.ended(token, audience=visit.issuer, now=visit.now)
        return
    seconds = renewed.settings.access_minutes * 60
    access = tokens.access(renewed.live, seconds=seconds, now=visit.now)
    visit.live, visit.session = renewed.live, _checked(visit, access)


def _with_cookies(visit: Visit, response: HttpResponse) -> HttpResponse:
    if visit.mark.cookie:
        value = visit.mark.cookie.partition("=")[2].partition(";")[0]
        _set(response, browser.name(), value, browser.SECONDS)
    access, refresh = _names(visit.slug)
    if visit.live is not None:
        seconds = scopes.settings().access_minutes * 60
        left = int((visit.live.expires_at - visit.now).total_seconds())
        token = tokens.access(visit.live, seconds=seconds, now=visit.now)
        _set(response, access, token, min(seconds, left))
        _set(response, refresh, tokens.refresh(visit.live, now=visit.now), left)
    elif visit.is_over and (isinstance(response, TemplateResponse) or not visit.is_stolen):
        # The tokens of a stolen session go with the first page, which says so.
        for name in (access, refresh):
            _set(response, name, "", 0)
    return response


def _set(response: HttpResponse, name: str, value: str, seconds: int) -> None:
    response.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        httponly=True,
        samesite="Lax",
        secure=settings.IS_PRODUCTION,
    )


def _names(slug: str) -> tuple[str, str]:
    """Of the cookies with the two tokens; over https no subdomain can set them."""
    prefix = "__Host-" if settings.IS_PRODUCTION else ""
    return f"{prefix}countersign-access-{slug}", f"{prefix}countersign-refresh-{slug}"
