"""The roles of every command: none is without, and each role may do what its table says."""

from clinicctl.desk import operations, roles
from clinicctl.desk.operations import Operation
from clinicctl.statuses import Role
from tests.every_write import commands


def test_every_command_has_its_roles_and_no_role_is_left_over() -> None:
    assert roles.COMMANDS.keys() == {words for words, _ in commands()}


def test_a_manager_may_do_everything() -> None:
    assert [words for words, each in roles.COMMANDS.items() if Role.MANAGER not in each.roles] == []
    declared = [each for each in vars(operations).values() if isinstance(each, Operation)]
    assert [each.name for each in declared if Role.MANAGER not in each.roles] == []
