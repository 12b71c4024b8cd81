"""The editor of access lists: presets, a check by line, and what a list as written allows."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.acl.grammar import EVERYTHING, LONGEST
from accounts.admin import acl_words, acting, context_members
from accounts.admin.context_forms import AclForm, PlainMemberForm
from accounts.context_errors import AclInvalid
from identity.admin import site
from identity.errors import DomainError
from identity.pages import staff_acts
from identity.pages.staff_session import recently_proved

CHECK: Final = "check"
PRESET: Final = "preset"
_PRESETS: Final = {preset.key: preset.text for preset in acl_words.PRESETS}


@dataclass(frozen=True, slots=True)
class Words:
    """What stands on a page with the editor."""

    title: str
    lead: str
    button: str
    done: str
    back: str
    back_name: str


def page(
    request: HttpRequest,
    make: type[AclForm | PlainMemberForm],
    words: Words,
    submit: Callable[[dict[str, Any]], Any],
    text: str = EVERYTHING,
) -> HttpResponse:
    """A form with an access list; checked or filled from a preset, nothing is sent to the door.

    `text` is the list that stands there at first.
    """
    form = make(initial={"acl": text})
    if request.method == "POST":
        is_sent = CHECK not in request.POST and PRESET not in request.POST
        form = make(request.POST) if is_sent else _kept(request, make)
        text = _clean(str(form["acl"].value() or ""))
        if is_sent and form.is_valid():
            answer = _submitted(request, form, words, submit)
            if answer is not None:
                return answer
    around = {
        **site.each_context(request),
        **asdict(words),
        "form": form,
        "presets": acl_words.PRESETS,
        "reading": acl_words.read(text),
        "is_open": True,
        "explain": reverse("admin:acl_explain"),
    }
    return TemplateResponse(request, "admin/acl_form.html", around)


@recently_proved
def edit(request: HttpRequest, context_id: UUID, row_id: UUID) -> HttpResponse:
    """Change what a member may do."""
    by = acting.require(request, "members:edit")
    member = context_members.found(context_id, row_id)
    named = {"context": member.context.public_id, "member": member.member_id}
    words = Words(
        title=f"Access list of {member.member_id}",
        lead="Each line allows or denies a function or a group; the last line that fits decides.",
        button="Save",
        done="The access list is changed.",
        back=reverse(context_members.PAGE, args=[context_id, row_id]),
        back_name=member.member_id,
    )

    def submit(data: dict[str, Any]) -> Any:
        return staff_acts.submit(
            command="member.set-acl", details={**named, **data}, by=by, now=datetime.now(UTC)
        )

    return page(request, AclForm, words, submit, member.acl)


@require_POST
def explain(request: HttpRequest) -> HttpResponse:
    """What a list as it is written would allow, for the script of the editor."""
    acting.require(request, "members:list")
    text = _clean(request.POST.get("acl", "")[: 2 * LONGEST])
    around = {"reading": acl_words.read(text), "is_open": False}
    return TemplateResponse(request, "admin/acl_reading.html", around)


def _kept(request: HttpRequest, make: type[AclForm | PlainMemberForm]) -> AclForm | PlainMemberForm:
    """What was written, not judged; with a preset in place of the list if one was pressed."""
    written = {name: request.POST.get(name, "") for name in make.base_fields}
    chosen = _PRESETS.get(request.POST.get(PRESET, ""))
    return make(initial=written if chosen is None else {**written, "acl": chosen})


def _submitted(
    request: HttpRequest,
    form: AclForm | PlainMemberForm,
    words: Words,
    submit: Callable[[dict[str, Any]], Any],
) -> HttpResponse | None:
    try:
        answer = submit(form.cleaned_data)
    except DomainError as refusal:
        form.add_error("acl" if isinstance(refusal, AclInvalid) else None, str(refusal))
        return None
    staff_acts.report(request, answer, done=words.done)
    return HttpResponseRedirect(words.back)


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip()


VIEWS: Final[Mapping[str, tuple[str, Callable[..., HttpResponse]]]] = MappingProxyType(
    {
        "acl_explain": ("access-lists/explain", explain),
        "member_acl": ("<uuid:context_id>/members/<uuid:row_id>/access-list", edit),
    }
)
