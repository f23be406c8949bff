"""Follows an Orderbell server's rooms, and sends commands that are safe to send again."""

from .client import Orderbell, new_id
from .codes import OrderbellError
from .merge_patch import merge_patch
from .room import Room
from .room_state import Change
from .tokens import FileStore, FixedToken, MemoryStore, SessionTokens, Tokens, TokenStore
from .wire import Ack, Item, JsonObject, Money, Order, Saved

__all__ = [
    "Ack",
    "Change",
    "FileStore",
    "FixedToken",
    "Item",
    "JsonObject",
    "MemoryStore",
    "Money",
    "Order",
    "Orderbell",
    "OrderbellError",
    "Room",
    "Saved",
    "SessionTokens",
    "TokenStore",
    "Tokens",
    "merge_patch",
    "new_id",
]
