"""One spelling for each URL, the one that own URLs are recognised by."""

import pytest

from service.instances.addresses import check_instance_url, check_return_urls, egress_policy
from service.problems.tree import UrlNotAllowed, ValidationFailed
from service.settings import Settings
from service.trust.sealing import new_key

SPELLINGS = {
    "https://Tracker.Example": "https://tracker.example",
    "HTTPS://tracker.example:443/": "https://tracker.example",
    "https://tracker.example:8443/jira/": "https://tracker.example:8443/jira",
    "http://127.0.0.1:80/": "http://127.0.0.1",
    "https://tracker.example/a%20b?x=1#y": "https://tracker.example/a%20b",
    "https://bücher.example/": "https://xn--bcher-kva.example",
    "https://[2001:DB8:0::1]/": "https://[2001:db8::1]",
    " https://tracker.example/~team ": "https://tracker.example/~team",
    "tracker.example/a//b/./c/..": "https://tracker.example/a/b",
}
PRODUCTION = {"public_url": "https://parley.example", "sealing_keys": new_key()}


def _settings(**more: object) -> Settings:
    return Settings.model_validate({**PRODUCTION, **more})


@pytest.mark.parametrize("url", SPELLINGS)
def test_a_url_is_stored_in_one_spelling(url: str) -> None:
    settings = _settings(
        env="development", public_url="http://127.0.0.1:8000", egress_allow_cidrs="2001:db8::/32"
    )
    assert check_instance_url(url, settings) == SPELLINGS[url] == check_instance_url(SPELLINGS[url], settings)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https://a@tracker.example",
        "https://@tracker.example",
        "https://tracker.example:0",
        "https://tracker.example:port",
        "https://tracker.example\\@evil.example",
        "https://tracker\n.example",
        "https://[::1",
        "https://☃️.-",
    ],
)
def test_what_has_many_readings_is_refused(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        check_instance_url(url, _settings())


def test_an_operator_may_open_a_private_network() -> None:
    with pytest.raises(UrlNotAllowed):
        check_instance_url("https://10.1.2.3", _settings())
    opened = _settings(egress_allow_cidrs="10.0.0.0/8")
    assert check_instance_url("https://10.1.2.3/", opened) == "https://10.1.2.3"


def test_http_is_for_loopback_in_development() -> None:
    development = _settings(env="development", public_url="http://127.0.0.1:8000")
    assert check_instance_url("http://127.0.0.1:3000/", development) == "http://127.0.0.1:3000"
    assert check_return_urls(["http://localhost:3000/done"], development) == ["http://localhost:3000/done"]
    for settings in (_settings(), development):
        with pytest.raises(ValidationFailed):
            check_return_urls(["http://app.example/done"], settings)
    with pytest.raises(ValidationFailed):
        check_return_urls(["http://localhost:3000/done"], _settings())


def test_development_on_a_public_address_is_as_strict_as_production() -> None:
    assert not egress_policy(_settings(env="development")).development
    assert egress_policy(_settings(env="development", public_url="http://127.0.0.1:8000")).development
