"""The commands, imported: what the server that forks their processes has in memory."""

from importlib import import_module

from tests.faults.commands import COMMANDS

for command in COMMANDS.values():
    import_module(command.words[0])
