"""A URL is judged before anything is sent: scheme, host and port."""

import pytest

from service.egress.client import EgressFailure, EgressPolicy, Reason, check_url


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "HTTPS://Example.COM/",
        "https://example.com:443/path?query=1#fragment",
        "https://example.com:8443/p%C3%A4th",
        "https://xn--bcher-kva.example/b\u00fccher",
        "https://my_tracker.example/",
        "https://93.184.216.34/",
        "https://[2606:2800:220:1::1]/",
        "https://1.example/",
    ],
)
def test_public_urls_may_be_called(url: str) -> None:
    check_url(url, EgressPolicy())


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com",
        "//example.com/",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "https:example.com",
        "https:/example.com",
        "https:///example.com",
        "https://example.com:22/",
        "https://example.com:80/",
        "https://example.com:0/",
        "https://example.com:/",
        "https://example.com:65979/",
        "https://example.com:443443443443/",
        "https://example.com:443@127.0.0.1/",
        "https://example.com:\uff14\uff14\uff13/",
        "https://example.com\\path",
        "https://example.com/a b",
        "https://example.com/a\\b",
        "https://example.com/\r\nHost: evil.example",
        "https://example.com/\x00",
        "https://example.com/\n",
        "\thttps://example.com/",
        "https://b\u00fccher.example/",
        "https://example.com/" + "a" * 4096,
    ],
)
def test_urls_that_may_not_be_called(url: str) -> None:
    with pytest.raises(EgressFailure) as failure:
        check_url(url, EgressPolicy())

    assert failure.value.reason is Reason.BLOCKED_ADDRESS
