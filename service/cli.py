"""What an operator types. Imports stand inside the commands, so that each of them starts fast."""

import sys
from collections.abc import Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Annotated, NoReturn, TextIO

import typer

if TYPE_CHECKING:
    from service.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, invoke_without_command=True)
token_app = typer.Typer(no_args_is_help=True, help="Service tokens.")
instance_app = typer.Typer(no_args_is_help=True, help="The work-management systems that this node fronts.")
app.add_typer(token_app, name="token")
app.add_typer(instance_app, name="instance")

UNSAFE = 2


@app.callback()
def parley(
    *,
    version: Annotated[bool, typer.Option("--version", help="Print the version, and nothing else.")] = False,
) -> None:
    """Parley: trusted connections between trackers."""
    from service.words import VERSION

    if version:
        typer.echo(VERSION)
        raise typer.Exit


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65_535)] = 8000,
    uds: Annotated[str | None, typer.Option(help="Unix socket to listen on, and on no port.")] = None,
    sandbox: Annotated[
        str | None,
        typer.Option(help="Slug of an instance of the sandbox, made at the first start with a token."),
    ] = None,
) -> None:
    """Serve the API and the pages, with the job worker inside (unless PARLEY_WORKER=false)."""
    import asyncio

    import uvicorn

    from service.commands.operations import first_instance, is_current, require_socket, require_usable
    from service.http.server import BoundedHttp
    from service.main import create_app

    settings = load_settings(logs=sys.stdout)
    with claim_or_exit(settings):
        with sentences():
            if uds is not None:
                require_socket(uds)
            if settings.resolved_database_url.startswith("sqlite") and not asyncio.run(is_current(settings)):
                _migrate(settings.resolved_database_url)
            asyncio.run(require_usable(settings))
            if sandbox is not None:
                typer.echo(asyncio.run(first_instance(settings, sandbox)), err=True)
        try:
            uvicorn.run(
                create_app(settings),
                host=host,
                port=port,
                uds=uds,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=True,
                forwarded_allow_ips=settings.forwarded_allow_ips,
                timeout_graceful_shutdown=30,
                http=BoundedHttp,
            )
        except OSError as fault:
            stop(f"The node cannot listen at {uds or port}: {fault.strerror}. Choose another place.")


@app.command()
def worker() -> None:
    """Do the jobs in a process of its own (PostgreSQL only: the SQLite file belongs to one process)."""
    import asyncio

    from service.commands.operations import require_usable
    from service.main import run_worker

    settings = load_settings(logs=sys.stdout)
    if settings.resolved_database_url.startswith("sqlite"):
        stop("With SQLite the worker runs inside `parley serve`. Use PostgreSQL to run it alone.")
    with sentences():
        asyncio.run(require_usable(settings))
    asyncio.run(run_worker(settings))


@app.command()
def migrate() -> None:
    """Bring the database to the newest revision."""
    settings = load_settings()
    with sentences():
        _migrate(settings.resolved_database_url)
    typer.echo("The database is at the newest revision.")


@app.command()
def new_sealing_key() -> None:
    """Print a fresh key for PARLEY_SEALING_KEYS. Keep it safe: without it, sealed secrets are lost."""
    from service.trust.sealing import new_key

    typer.echo(new_key())


@app.command()
def rotate_keys() -> None:
    """Seal every secret with the first key of PARLEY_SEALING_KEYS. The node may run meanwhile."""
    from service.commands import operations as command_line

    run_or_exit(command_line.rotate_keys(load_settings()))


@app.command()
def demo(
    *,
    once: Annotated[bool, typer.Option(help="End after the run instead of waiting for Ctrl-C.")] = False,
    port: Annotated[
        int | None, typer.Option(help="Port of the first node; the second has the next.", min=1, max=65_534)
    ] = None,
    redmine: Annotated[
        bool,
        typer.Option(help="Let the real Redmine of this machine take part, where Debian's is installed."),
    ] = False,
) -> None:
    """Start two nodes and set up connections between them, as a person and as a program."""
    import signal

    from service.demo.run import run_demo

    # Told to stop in any way, it stops both nodes first.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    raise typer.Exit(run_demo(once=once, port=port, redmine=redmine))


@token_app.command("create")
def create_token(
    name: Annotated[str, typer.Option(help="What the token is for.")] = "command line",
    scope: Annotated[
        list[str] | None, typer.Option(help="A scope; repeat it. All scopes without it.")
    ] = None,
    instance: Annotated[list[str] | None, typer.Option(help="Slug of an instance; repeat it.")] = None,
    *,
    all_instances: Annotated[bool, typer.Option(help="Every instance of the node, future ones too.")] = False,
) -> None:
    """Make a service token and print it: it is shown only now."""
    from service.commands import operations as command_line

    if bool(instance) == all_instances:
        stop("Say for which instances: --instance SLUG (repeat it), or --all-instances.")
    run_or_exit(command_line.create_token(load_settings(), name, scope, instance))


@token_app.command("list")
def list_tokens() -> None:
    """Show every token: its id, name, instances, scopes, and when it was used; no secret, for there is none."""
    from service.commands import listing

    run_or_exit(listing.token_lines(load_settings()))


@token_app.command("revoke")
def revoke_token(token_id: Annotated[str, typer.Argument(help="Its id, as `token list` shows it.")]) -> None:
    """End a token: it opens nothing any more."""
    from service.commands import listing

    run_or_exit(listing.take_back(load_settings(), token_id))


@instance_app.command("list")
def list_instances() -> None:
    """Show every instance: its slug, node URL, platform, address, and whether other nodes reach it."""
    from service.commands import listing

    run_or_exit(listing.instance_lines(load_settings()))


@instance_app.command("add")
def add_instance(
    slug: Annotated[str, typer.Option(help="Its name in URLs; it never changes.")],
    name: Annotated[str, typer.Option(help="Its name for people.")],
    platform: Annotated[str, typer.Option(help="For example redmine.")],
    url: Annotated[str, typer.Option(help="Its address.")] = "",
    *,
    private: Annotated[bool, typer.Option(help="Other nodes cannot reach this node.")] = False,
) -> None:
    """Add an instance; print its node URL and, only now, a token for it."""
    from service.commands import operations as command_line

    run_or_exit(command_line.add_instance(load_settings(), slug, name, platform, url, private=private))


@instance_app.command("rotate-key")
def rotate_instance_key(
    slug: Annotated[str, typer.Argument(help="The instance.")],
    *,
    emergency: Annotated[
        bool, typer.Option(help="Sign with a fresh key now, and refuse all older ones.")
    ] = False,
) -> None:
    """Publish the instance's next key, which signs in 24 hours; print all of its keys."""
    from service.commands import operations as command_line
    from service.instance_keys.rotation import RotationKind

    kind = RotationKind.EMERGENCY if emergency else RotationKind.PLANNED
    run_or_exit(command_line.rotate_instance_key(load_settings(), slug, kind))


@contextmanager
def claim_or_exit(settings: "Settings") -> Iterator[None]:
    """Own the SQLite file for the life of this process, or say who does."""
    from service.database.single_process import AlreadyOwned, claim_database

    with ExitStack() as stack:
        try:
            with sentences():
                stack.enter_context(claim_database(settings.resolved_database_url))
        except AlreadyOwned as owned:
            stop(str(owned))
        yield


def load_settings(logs: TextIO | None = None) -> "Settings":
    """Return the settings, or end with one sentence for each value that is missing or unsafe.

    What a short command prints is read by scripts, so its logs go to standard error unless told otherwise.
    """
    from pydantic import ValidationError

    from service.http.logs import configure
    from service.settings import Settings

    try:
        settings = Settings()
    except ValidationError as error:
        for fault in error.errors():
            name = f"PARLEY_{fault['loc'][0]}".upper()
            typer.echo(f"{name}: {fault['msg'].removeprefix('Value error, ')}", err=True)
        raise typer.Exit(UNSAFE) from None
    configure(settings.log_level, logs or sys.stderr)
    return settings


def _migrate(url: str) -> None:
    from service.database.migrations import migrate

    migrate(url)


def stop(sentence: str) -> NoReturn:
    """End with this sentence and the exit code for a wrong call."""
    typer.echo(sentence, err=True)
    raise typer.Exit(UNSAFE)


def run_or_exit(work: Coroutine[None, None, str]) -> None:
    """Run a short command and print what it returns, or end with a sentence and the way out."""
    import asyncio

    with sentences():
        typer.echo(asyncio.run(work))


@contextmanager
def sentences() -> Iterator[None]:
    """End with a sentence where the call, the database or the keys do not fit; a traceback is for our own faults."""
    from service.commands.operations import UNUSABLE, explain
    from service.problems.tree import Problem

    try:
        yield
    except (Problem, ValueError, *UNUSABLE) as fault:
        stop(explain(fault))


def main() -> None:
    """Run the command line."""
    app()


if __name__ == "__main__":
    main()
