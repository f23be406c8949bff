"""All cases, by the parts of docs/protocol.md."""

from . import commands, connections, patches, rooms, sessions, transports
from .registry import CASES

__all__ = ["CASES", "commands", "connections", "patches", "rooms", "sessions", "transports"]
