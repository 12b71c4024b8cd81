"""What browsers are told about pages and about answers to programs."""

from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from identity.web import security_headers

EXPECTED_ON_PAGES = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def directives(policy: str) -> dict[str, list[str]]:
    parts = [part.split() for part in policy.split(";")]
    return {name: sources for name, *sources in parts}


def test_runs_only_files_of_our_own() -> None:
    policy = directives(security_headers.CONTENT_SECURITY_POLICY)
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == ["'self'"]
    assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
    assert "unsafe" not in security_headers.CONTENT_SECURITY_POLICY


def test_is_on_every_page(client: Client) -> None:
    response = client.get("/nowhere", headers={"accept": "text/html"})
    assert response["Content-Security-Policy"] == security_headers.CONTENT_SECURITY_POLICY
    for name, value in EXPECTED_ON_PAGES.items():
        assert response[name] == value


def test_leaves_a_view_its_own_policy() -> None:
    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(headers={"Content-Security-Policy": "sandbox"})

    response = security_headers.middleware(view)(RequestFactory().get("/"))
    assert response.headers["Content-Security-Policy"] == "sandbox"
