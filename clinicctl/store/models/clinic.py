"""The tables of the clinic itself: settings and counters."""

from sqlmodel import CheckConstraint, Field, SQLModel

from clinicctl.store.models.base import table


class Setting(SQLModel, table=True):
    """One setting of the clinic."""

    __tablename__ = "settings"
    name: str = Field(primary_key=True)
    value: str


class Counter(SQLModel, table=True):
    """The last number given to a kind of record.

    It only rises, so that no number is given twice.
    """

    __tablename__ = "counters"
    __table_args__ = (CheckConstraint("value >= 0", name="ck_counters_value"),)
    name: str = Field(primary_key=True)
    value: int


settings = table(Setting)
counters = table(Counter)
