"""Access lists: what is written is what is read, and the last line that speaks decides."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from accounts.acl import decision, functions, grammar
from accounts.acl.decision import Verdict
from accounts.context_errors import AclInvalid

VALUES = st.text(
    st.characters(exclude_characters=" \n\r\0=", exclude_categories=["Cs"]), max_size=6
)
FUNCTIONS = sorted(functions.FUNCTIONS)


@st.composite
def lines(draw: st.DrawFn) -> str:
    verb = draw(st.sampled_from(["ALLOW", "DENY"]))
    if draw(st.booleans()):
        return f"{verb} {draw(st.sampled_from(sorted(functions.GROUPS)))}"
    name = draw(st.sampled_from(FUNCTIONS))
    known = sorted(functions.FUNCTIONS[name])
    named = draw(st.permutations(known))[: draw(st.integers(0, len(known)))]
    return " ".join([verb, name, *(f"{each}={draw(VALUES)}" for each in named)])


LISTS = st.lists(lines(), min_size=1, max_size=12).map("\n".join)


@st.composite
def calls(draw: st.DrawFn) -> tuple[str, dict[str, str]]:
    name = draw(st.sampled_from(FUNCTIONS))
    return name, {each: draw(VALUES) for each in sorted(functions.FUNCTIONS[name])}


def plainly(text: str, name: str, arguments: Mapping[str, str]) -> bool:
    """The rule, said once more: by words alone, without what the grammar makes of them."""
    allowed = False
    for line in text.split("\n"):
        verb, action, *rest = line.split(" ")
        wanted = dict(each.split("=") for each in rest)
        is_meant = name == action or name in functions.GROUPS.get(action, ())
        if is_meant and wanted.items() <= arguments.items():
            allowed = verb == "ALLOW"
    return allowed


@given(text=LISTS)
def test_what_is_read_is_what_is_written(text: str) -> None:
    read = grammar.parse(text)
    assert read.text == text
    assert grammar.parse(read.text) == read


@given(text=LISTS, call=calls())
def test_the_last_line_decides(text: str, call: tuple[str, dict[str, str]]) -> None:
    name, arguments = call
    assert decision.is_allowed(grammar.parse(text), name, arguments) == plainly(
        text, name, arguments
    )


@given(text=LISTS, call=calls())
def test_no_explanation_is_wrong(text: str, call: tuple[str, dict[str, str]]) -> None:
    acl = grammar.parse(text)
    name, arguments = call
    (told,) = (each for each in decision.explain(acl) if each.function == name)
    allowed = decision.is_allowed(acl, name, arguments)
    if told.verdict is not Verdict.DEPENDS:
        assert allowed == (told.verdict is Verdict.ALLOWED)
    deciding = [line for line in told.lines if line.covers(name, arguments)]
    assert allowed == bool(deciding and deciding[0].is_allowing)


@given(text=LISTS, noise=st.characters(exclude_categories=["Cs"]), place=st.integers(0, 400))
def test_a_list_with_noise_is_another_or_none(text: str, noise: str, place: int) -> None:
    at = place % (len(text) + 1)
    noisy = text[:at] + noise + text[at:]
    try:
        read = grammar.parse(noisy)
    except AclInvalid as refused:
        assert refused.facts["line"] >= 1
        return
    assert read.text == noisy


@given(text=st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read = grammar.parse(text)
    except AclInvalid:
        return
    assert read.text == text
