"""A refusal tells the way out, in every form in which it is told."""

from fastapi import FastAPI
from pydantic import SecretStr
from starlette.requests import Request

from service.main import create_app
from service.pages.refusals import refusal_page
from service.problems.tree import NameTaken, as_record
from service.settings import Environment, Settings
from service.trust.sealing import new_key

OWN_WAY_OUT = "Choose another slug."


def refusal() -> NameTaken:
    return NameTaken("Another instance has the slug {slug}.", slug="acme", fix=OWN_WAY_OUT)


def app() -> FastAPI:
    return create_app(
        Settings(
            env=Environment.DEVELOPMENT, public_url="http://127.0.0.1", sealing_keys=SecretStr(new_key())
        )
    )


def test_the_way_out_of_one_case_replaces_the_general_one_in_json() -> None:
    assert as_record(refusal(), "https://parley.example.com")["fix"] == OWN_WAY_OUT
    assert refusal().fix == OWN_WAY_OUT


def test_without_its_own_a_refusal_has_the_way_out_of_its_kind() -> None:
    assert NameTaken("Taken.").fix == NameTaken.fix
    assert as_record(NameTaken("Taken."), "https://parley.example.com")["fix"] == NameTaken.fix


def test_the_way_out_of_one_case_replaces_the_general_one_on_a_page() -> None:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b"", "app": app()}
    page = bytes(refusal_page(Request(scope), refusal()).body).decode()
    assert OWN_WAY_OUT in page
    assert NameTaken.fix not in page
