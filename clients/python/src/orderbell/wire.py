"""The types of documents and frames. The server may add fields, kinds and values at any time."""

from typing import Any, NotRequired, TypedDict

JsonObject = dict[str, Any]
"""A JSON object, for fields that have no type below."""


class Money(TypedDict):
    """An amount in minor units."""

    amount: int
    currency: str


class Item(TypedDict):
    """A line of an order."""

    menu_item: str
    name: str
    quantity: int
    station: NotRequired[str]
    status: str
    price: Money
    options: NotRequired[list[str]]
    note: NotRequired[str]
    allergy: NotRequired[bool]
    held: NotRequired[bool]
    round: NotRequired[int]


class Order(TypedDict):
    """An order's document. docs/protocol.md lists the fields that are missing here."""

    id: str
    restaurant: str
    number: int
    position: int
    status: str
    service: str
    placed_at: str
    total: Money
    items: dict[str, Item]
    table: NotRequired[str]
    note: NotRequired[str]
    guest_name: NotRequired[str]
    external_id: NotRequired[str]
    promised_at: NotRequired[str]
    reason: NotRequired[str]
    detail: NotRequired[str]


class Ack(TypedDict):
    """The answer to a command that took effect."""

    id: str
    position: int
    changed: bool
    document: JsonObject


class Saved(TypedDict):
    """A room's state as JSON, to continue from after a restart of the program."""

    cursor: int
    epoch: str
    tag: NotRequired[str | None]
    documents: list[JsonObject]
    calls: JsonObject
    displays: JsonObject
    menu: JsonObject | None
