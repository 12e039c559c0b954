"""What a person does at the one step of the README that needs a browser: `python scripted_browser.py URL`."""

import sys
from contextlib import closing

from service.demo.run import DemoBrowser

ALICE = {"login": "alice", "password": "alice-sandbox"}


def main(start_url: str) -> None:
    """Sign in here, start, sign in there, accept."""
    with closing(DemoBrowser()) as browser:
        browser.open(start_url)
        browser.submit(ALICE)
        browser.submit()
        browser.submit(ALICE)
        browser.submit(button="accept")
        assert browser.url == start_url, browser.page


if __name__ == "__main__":
    main(sys.argv[1])
