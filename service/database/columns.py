"""How values are stored: column types that are the same on both databases, names of constraints, sealed secrets."""

from enum import StrEnum
from typing import Protocol

from sqlalchemy import JSON, Enum, MetaData
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import SQLModel

from service.trust.sealing import Sealer

JSON_COLUMN = JSON().with_variant(JSONB(), "postgresql")

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention


def enum_column(kind: type[StrEnum]) -> Enum:
    """Return the column type that stores an enum by value, as text, on both databases."""
    return Enum(
        kind,
        native_enum=False,
        create_constraint=False,
        length=40,
        values_callable=lambda members: [member.value for member in members],
    )


def seal(sealer: Sealer, kind: type[SQLModel], row_id: str, column: str, plain: str) -> str:
    """Return the text as this column of this row keeps it: in any other place it cannot be opened."""
    return sealer.seal(plain.encode(), f"{kind.__tablename__}.{column}.{row_id}")


class RowWithId(Protocol):
    """A row that a secret can be bound to."""

    id: str


def unseal(sealer: Sealer, row: RowWithId, column: str) -> str:
    """Return what this column of this row keeps; raises SealBroken."""
    table: str = type(row).__tablename__  # type: ignore[attr-defined]
    return sealer.open(getattr(row, column) or "", f"{table}.{column}.{row.id}").decode()
