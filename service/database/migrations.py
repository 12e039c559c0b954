"""How a database gets to the migration that this code needs. Costs memory, so it is imported where it is needed."""

from alembic import command
from alembic.config import Config
from alembic.util import CommandError

from service.database.revisions import SCRIPTS, UnknownRevision
from service.database.single_process import database_file, keep_private


def migration_config(url: str) -> Config:
    """Return the alembic configuration of this database."""
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS))
    config.attributes["url"] = url
    return config


def migrate(url: str) -> None:
    """Bring the database to the newest revision, in an event loop of its own; raises UnknownRevision."""
    if file := database_file(url):
        keep_private(file)
    try:
        command.upgrade(migration_config(url), "head")
    except CommandError as error:
        raise UnknownRevision(str(error)) from error
