// The rules of the plain way, without I/O: they compute the new document and the event's patch from the state and a basket or a
// command.
import { randomUUID } from 'node:crypto';

const FOR_GUESTS = ['staff', 'manager', 'service'];
const IN_KITCHEN = ['kitchen', 'staff', 'manager'];

/** For each action: the roles that may take it, the statuses it starts from, the kind of its event, and its change. */
const ACTIONS = {
  accept: {
    roles: FOR_GUESTS,
    from: ['placed'],
    kind: 'order.accepted',
    change: (order, { minutes = 20 }, now) => ({ status: 'accepted', accepted_at: now.toISOString(), promised_at: promised(now, minutes) }),
  },
  promise: {
    roles: IN_KITCHEN,
    from: ['accepted', 'preparing'],
    kind: 'order.promised',
    change: (order, { minutes }, now) => ({ promised_at: promised(now, minutes) }),
  },
  ready: {
    roles: [...IN_KITCHEN, 'service'],
    from: ['accepted', 'preparing'],
    kind: 'order.ready',
    change: (order, command, now) => ({ status: 'ready', ready_at: now.toISOString(), items: itemsSetTo(order, 'done') }),
  },
  serve: {
    roles: FOR_GUESTS,
    from: ['ready'],
    kind: 'order.served',
    change: (order, command, now) => ({ status: 'served', served_at: now.toISOString(), closed_at: now.toISOString() }),
  },
  cancel: {
    roles: [...FOR_GUESTS, 'diner'],
    from: ['placed', 'accepted', 'preparing', 'ready'],
    kind: 'order.cancelled',
    change: (order, { reason = 'other' }, now) => ({ status: 'cancelled', closed_at: now.toISOString(), reason }),
  },
};

export class Refusal extends Error {
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function mayPlace(who) {
  return who.role === 'diner' || FOR_GUESTS.includes(who.role);
}

/** Returns whether a principal may see and change an order at all. */
export function owns(who, order) {
  return order.restaurant === who.restaurant && (who.role !== 'diner' || order.diner === who.sub);
}

/** Decides on a basket. Returns the new order, whose whole document becomes the event's patch. */
export function place(menu, basket, who, { position, number, now }) {
  const lines = basket.items.map((line) => [randomUUID(), itemOf(menu, line)]);
  const amount = lines.reduce((sum, [, item]) => sum + item.price.amount * item.quantity, 0);
  const document = {
    id: randomUUID(),
    restaurant: who.restaurant,
    number,
    position,
    status: 'placed',
    service: basket.service,
    ...(who.role === 'diner' && { diner: who.sub }),
    rush: false,
    placed_at: now.toISOString(),
    total: { amount, currency: menu.currency },
    items: Object.fromEntries(lines),
  };
  return { kind: 'order.placed', document, patch: document };
}

/** Decides on a command on an order. Returns the new document and its changes. */
export function act(order, command, who, { position, now }) {
  const action = ACTIONS[command.action];
  if (!action) throw new Refusal(422, 'invalid', 'unknown action');
  if (!action.roles.includes(who.role)) throw new Refusal(403, 'forbidden', 'your role may not do this');
  if (!order || !owns(who, order)) throw new Refusal(404, 'not_found', 'no such order');
  if (!action.from.includes(order.status)) {
    throw new Refusal(409, 'invalid_transition', `not possible while the order is ${order.status}`);
  }
  const patch = { position, ...action.change(order, command, now) };
  return { kind: action.kind, document: merged(order, patch), patch };
}

function promised(now, minutes) {
  if (!Number.isInteger(minutes) || minutes < 1 || minutes > 480) throw new Refusal(422, 'invalid', 'minutes: expected 1 to 480');
  return new Date(now.getTime() + minutes * 60_000).toISOString();
}

function itemsSetTo(order, status) {
  return Object.fromEntries(Object.keys(order.items).map((id) => [id, { status }]));
}

function itemOf(menu, { menu_item: id, quantity }) {
  const dish = menu.items[id];
  if (!dish?.available) throw new Refusal(422, 'invalid', 'a dish is sold out or not on the menu');
  if (!Number.isInteger(quantity) || quantity < 1 || quantity > 99) throw new Refusal(422, 'invalid', 'quantity: expected 1 to 99');
  return { menu_item: id, name: dish.name, quantity, station: dish.station, status: 'queued', price: dish.price };
}

/** Applies a merge patch (RFC 7396) without removals, which these rules never make. */
function merged(target, patch) {
  const result = { ...target };
  for (const [key, value] of Object.entries(patch)) {
    const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
    result[key] = isObject ? merged(result[key] ?? {}, value) : value;
  }
  return result;
}
