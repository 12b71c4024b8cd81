"""Pages on which staff get in: the steps of signing in, re-authentication, scopes, own sign-in.

They stand outside `Site.admin_view`: nobody has chosen a scope on them yet. Each says itself who
may see it.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import wraps
from typing import Any, Final

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from identity.admin.signing_in import SignInForm
from identity.errors import DomainError
from identity.pages import own_sign_in, scope_choice, signing_in, staff_passkeys, staff_session
from identity.scoping import current

View = Callable[..., HttpResponse]
_INDEX: Final = "admin:index"


def urls(site: admin.AdminSite) -> list[URLPattern]:
    """The addresses of these pages."""
    pages: list[tuple[str, View, str]] = [
        ("one-time-password/", _Pages(site).second_step, "one_time_password"),
        ("reauthenticate/", for_known(_Pages(site).reauthenticate), "reauthenticate"),
        ("scope/", for_signed_in(_Pages(site).choose_scope), "scope"),
        ("sign-in/", for_signed_in(_Pages(site).own), "own_sign_in"),
        ("sign-in/one-time-password/", for_known(_Pages(site).set_up), "set_up_one_time_password"),
        ("sign-in/one-time-password/qr.svg", for_known(_Pages(site).picture), "one_time_picture"),
        ("sign-in/recovery-codes/", for_signed_in(_Pages(site).renew), "recovery_codes"),
    ]
    return [path(address, never_cache(view), name=name) for address, view, name in pages]


def sign_in(site: admin.AdminSite, request: HttpRequest) -> HttpResponse:
    """The first step: scope, user name and password."""
    if request.method == "GET" and staff_session.is_signed_in(request):
        return HttpResponseRedirect(reverse(_INDEX))
    wanted = staff_session.local(
        request.POST.get("next") or request.GET.get("next"), reverse(_INDEX)
    )
    form = SignInForm(request, data=request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        has_begun = signing_in.password_accepted(request, form.get_user(), wanted)
        due = reverse("admin:one_time_password")
        return HttpResponseRedirect(wanted if has_begun else due)
    return sign_in_page(site, request, form, wanted)


def sign_in_page(
    site: admin.AdminSite, request: HttpRequest, form: SignInForm, wanted: str, refusal: str = ""
) -> HttpResponse:
    """The page of the first step; `refusal` is what a passkey met."""
    context = {
        **site.each_context(request),
        "title": "Sign in",
        "app_path": reverse("admin:login"),
        "username": request.user.get_username(),
        "form": form,
        "next": wanted,
        "refusal": refusal,
    }
    return TemplateResponse(request, "admin/sign_in.html", context)


def shown(site: admin.AdminSite, request: HttpRequest, template: str, **more: Any) -> HttpResponse:
    """One of these pages."""
    context = {**site.each_context(request), **more}
    answer = TemplateResponse(request, f"admin/{template}.html", context)
    actor = getattr(request, "actor", None)
    if actor is None:
        return answer.render()
    # The frame around the page is that of the scope one works in.
    with current.in_scope(actor.scope_id):
        return answer.render()


def second_step_page(
    site: admin.AdminSite, request: HttpRequest, form: Any, refusal: str = ""
) -> HttpResponse:
    """The page of the second step, for who is half signed in."""
    user: Any = signing_in.half_signed_in(request)
    return shown(
        site,
        request,
        "one_time_password",
        title="One more step",
        form=form,
        asks_code=user.one_time_password_id is not None,
        may_passkey=staff_passkeys.may_finish(request),
        was_passkey=signing_in.passkey_of_half(request) is not None,
        refusal=refusal,
        back=reverse("admin:login"),
    )


def proof_page(
    site: admin.AdminSite, request: HttpRequest, form: Any, wanted: str, refusal: str = ""
) -> HttpResponse:
    """The page on which who is signed in shows it again."""
    return shown(
        site,
        request,
        "reauthenticate",
        title="Show that it is you",
        form=form,
        next=wanted,
        back=reverse(_INDEX),
        refusal=refusal,
        may_passkey=any(each.is_usable for each in staff_passkeys.own(request)),
    )


class _Pages:
    """The pages with the frame of one site around them."""

    def __init__(self, site: admin.AdminSite) -> None:
        self.site = site

    def second_step(self, request: HttpRequest) -> HttpResponse:
        """The one-time password of who gave a right password just before."""
        user = signing_in.half_signed_in(request)
        if user is None:
            return HttpResponseRedirect(reverse("admin:login"))
        wanted = staff_session.local(signing_in.wanted(request), reverse(_INDEX))
        form = signing_in.CodeForm(request.POST or None)
        if form.is_valid() and signing_in.code_accepted(request, user, form):
            return HttpResponseRedirect(wanted)
        return second_step_page(self.site, request, form)

    def reauthenticate(self, request: HttpRequest) -> HttpResponse:
        """Password, and code where there is a generator, of who is signed in already."""
        wanted = staff_session.local(
            request.POST.get("next") or request.GET.get("next"), reverse(_INDEX)
        )
        has_generator = request.user.one_time_password_id is not None  # type: ignore[union-attr]
        form = signing_in.ProofForm(request.POST or None, asks_code=has_generator)
        if form.is_valid() and signing_in.proved_again(request, form):
            return HttpResponseRedirect(wanted)
        return proof_page(self.site, request, form, wanted)

    def choose_scope(self, request: HttpRequest) -> HttpResponse:
        """The scopes that one may work in, a page at a time."""
        error = ""
        if request.method == "POST":
            if staff_session.choose(request, request.POST.get("scope", "")):
                return HttpResponseRedirect(reverse(_INDEX))
            error = "Choose one of these scopes."
        found = scope_choice.window(
            request.user, search=request.GET.get("q", ""), after=request.GET.get("after", "")
        )
        return self._shown(
            request, "choose_scope", title="Choose a scope", found=found, error=error
        )

    def own(self, request: HttpRequest) -> HttpResponse:
        """One's own sign-in: what is set up."""
        return self._shown(
            request,
            "staff_sign_in",
            title="Your sign-in",
            state=own_sign_in.state(request),
            passkeys=staff_passkeys.own(request),
            may_add=staff_passkeys.are_possible(request),
        )

    @staff_session.recently_proved
    def set_up(self, request: HttpRequest) -> HttpResponse:
        """Make a secret, show it, and take it into use with its first code."""
        form = own_sign_in.FirstCodeForm(request.POST if "code" in request.POST else None)
        if request.method == "POST" and "code" not in request.POST:
            own_sign_in.begin(request)
            return HttpResponseRedirect(reverse("admin:set_up_one_time_password"))
        if form.is_valid():
            codes = own_sign_in.confirmed(request, form)
            if codes is not None:
                return self._codes(request, codes)
        waiting = own_sign_in.begun(request)
        return self._shown(
            request,
            "one_time_password_set_up",
            title="Set up one-time passwords",
            form=form if waiting else None,
            begun=waiting,
            back=reverse("admin:own_sign_in"),
            back_name="Your sign-in",
            is_due=staff_session.is_enrolment_due(request),
        )

    def picture(self, request: HttpRequest) -> HttpResponse:
        """The waiting secret as a QR code, for its owner alone and for ten minutes."""
        waiting = own_sign_in.begun(request)
        if waiting is None or not staff_session.is_recent(request, datetime.now(UTC)):
            return HttpResponse(status=404)
        return HttpResponse(own_sign_in.picture(request, waiting), content_type="image/svg+xml")

    @staff_session.recently_proved
    def renew(self, request: HttpRequest) -> HttpResponse:
        """Ask once, then make new recovery codes and show them in this one answer."""
        if request.method == "POST":
            try:
                return self._codes(request, own_sign_in.renewed(request))
            except DomainError as refusal:
                messages.error(request, str(refusal))
                return HttpResponseRedirect(reverse("admin:own_sign_in"))
        return self._shown(
            request,
            "staff_renew_codes",
            title="New recovery codes",
            back=reverse("admin:own_sign_in"),
            back_name="Your sign-in",
        )

    def _codes(self, request: HttpRequest, codes: list[str]) -> HttpResponse:
        return self._shown(request, "recovery_codes", title="Recovery codes", codes=codes)

    def _shown(self, request: HttpRequest, template: str, **more: Any) -> HttpResponse:
        return shown(self.site, request, template, **more)


def for_signed_in(view: View) -> View:
    """A view of who gave all that signing in asks for."""
    return _for(staff_session.is_signed_in, view)


def for_known(view: View) -> View:
    """A view of whose account is known; something may still be due."""
    return _for(staff_session.is_known, view)


def _for(may: Callable[[HttpRequest], bool], view: View) -> View:
    @wraps(view)
    def checked(request: HttpRequest, **named: Any) -> HttpResponse:
        if not may(request):
            due = staff_session.is_enrolment_due(request)
            name = "admin:set_up_one_time_password" if due else "admin:login"
            return HttpResponseRedirect(reverse(name))
        actor = staff_session.actor_of(request)
        if actor is not None:
            request.actor = actor  # type: ignore[attr-defined]
        return view(request, **named)

    return checked
