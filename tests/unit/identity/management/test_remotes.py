"""`manage.py remotes` against a remote."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from tests import remotes
from tests.remote_stand_in import StandIn
from tests.remotes import House

pytestmark = pytest.mark.django_db(transaction=True)


def run(*arguments: str) -> str:
    output = io.StringIO()
    call_command("remotes", *arguments, "--scope", "acme", stdout=output)
    return output.getvalue()


@pytest.fixture
def house() -> House:
    return House.build()


def test_lists_compares_and_brings_into_step(house: House) -> None:
    with StandIn() as there:
        there.circle()
        house.link(there.url)
        house.carry()
        house.add("alice")
        remotes.settle()
        (row,) = json.loads(run("list", "--json"))
        assert (row["name"], row["status"], row["contexts"]) == ("elsewhere", "active", 1)
        assert "elsewhere  active" in run("list")
        assert "1 here, 1 there" in run("drift")
        there.circle().members.clear()
        with pytest.raises(CommandError, match="differ"):
            run("drift", "--remote", "elsewhere", "--context", "here")
        assert not there.members()
        assert "1 contexts" in run("resync")
        remotes.settle()
        assert there.members() == house.here()
        (told,) = json.loads(run("drift", "--json"))
        assert (told["missing"], told["here"]) == (0, 1)
        with pytest.raises(CommandError, match="no such context"):
            run("drift", "--context", "nowhere")


def test_tries_again_what_was_given_up(house: House) -> None:
    with StandIn() as there:
        key = remotes.key()
        there.put("stranger", key)
        house.link(there.url)
        house.carry()
        house.add("alice", key)
        remotes.settle()
        del there.circle().members["stranger"]
        assert "1 changes" in run("retry")
        remotes.settle()
        assert there.members() == house.here()


def test_says_why_a_remote_can_not_be_compared(house: House) -> None:
    with StandIn() as there:
        house.link(there.url)
        house.carry()
    with pytest.raises(CommandError, match="No connection"):
        run("drift")
