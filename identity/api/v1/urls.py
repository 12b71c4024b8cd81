"""Addresses of this face: `/v1/…`, each also under `/s/<slug>/`, made from the table."""

from collections import defaultdict

from django.urls import URLPattern, path, re_path

from identity.api.v1 import documents, problem_pages, views
from identity.api.v1.route import PLACEHOLDER, Route
from identity.api.v1.table import TABLE

_by_path: dict[str, dict[str, Route]] = defaultdict(dict)
for _route in TABLE.routes:
    _by_path[_route.path][_route.method] = _route

urlpatterns: list[URLPattern] = [
    *(
        path("v1" + PLACEHOLDER.sub(r"<str:\1>", each), views.of_path(each, routes))
        for each, routes in _by_path.items()
    ),
    path("v1/openapi.json", documents.openapi, name="v1-openapi"),
    path("v1/docs/", documents.browse, name="v1-docs"),
    re_path("^v1/", views.anything),
    path("problems/", problem_pages.index, name="problems"),
    path("problems/<str:code>", problem_pages.problem, name="problem"),
]
