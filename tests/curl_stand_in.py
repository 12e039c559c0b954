"""As much of curl as the documents use, for machines without it; any other option is an error."""

import argparse
import sys

import httpx


def main() -> None:
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("url")
    parser.add_argument("-s", action="store_true")
    parser.add_argument("-X", dest="method")
    parser.add_argument("-H", dest="headers", action="append", default=[])
    parser.add_argument("-d", dest="data")
    given = parser.parse_args()
    answer = httpx.request(
        given.method or ("GET" if given.data is None else "POST"),
        given.url,
        headers=[tuple(header.split(": ", 1)) for header in given.headers],
        content=given.data,
        timeout=20,
        trust_env=False,
    )
    sys.stdout.write(answer.text)


if __name__ == "__main__":
    main()
