"""The SQL for PostgreSQL: accepted by the server, and giving what the SQL of a file gives."""

from tests import queries
from tests.beside_server import BesideServer, connected
from tests.test_queries import Live
from tests.test_queries import live as live
from tests.test_queries import moment as moment


def test_every_query_gives_and_leaves_what_it_does_in_a_file(postgres_clinic: str, live: Live) -> None:
    """Values, their types and their order, and the whole table after each change."""
    with connected(postgres_clinic) as session:
        beside = BesideServer(session)
        with beside.compared():
            live()
    assert not beside.differences, "\n\n".join(beside.differences)
    assert {name for name, _ in queries.queries()} - beside.met == set(), "the day has to be longer"
