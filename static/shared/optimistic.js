/**
 * Predicts the state of an order from its unanswered commands: a bump shows at the touch, even offline. The server's document
 * decides. A refused command leaves `pending`, and its prediction disappears with it.
 */

/**
 * @typedef {{order?: string, action: string, item?: string, line?: any, course?: number, only?: string[], quantity?: number, rush?: boolean, due_at?: string, reason?: string, detail?: string, stuck?: boolean}} Waiting
 */

/** Whether a cook still has work to do on a line. @param {any} item */
export function isOwed(item) {
  return (item.status === 'queued' && !item.held) || item.status === 'cooking';
}

/**
 * Lists the lines to cook that the person sees, so that the command does not change lines that were added meanwhile.
 * @param {[string, any][]} lines @returns {{only?: string[]}} the fields for `start` or `ready`
 */
export function onlyOwed(lines) {
  const only = lines.filter(([, item]) => isOwed(item)).map(([id]) => id);
  return only.length > 0 ? { only } : {};
}

/**
 * @param {any} order a document; stays unchanged
 * @param {Waiting[]} pending oldest first
 * @param {string} [station] the station that this screen's token is bound to
 * @returns {any} the document itself, or a changed copy with `pending: true`, with `stuck` if a command is stuck, and with
 * `pending` on the touched items
 */
export function withPending(order, pending, station) {
  const mine = pending.filter((command) => command.order === order.id);
  if (mine.length === 0) return order;
  const guess = { ...order, pending: true, stuck: mine.some(({ stuck }) => stuck), items: { ...order.items } };
  for (const command of mine) GUESSES[command.action]?.(guess, command, station);
  return guess;
}

/** @type {Record<string, (order: any, command: Waiting, station?: string) => void>} */
const GUESSES = {
  accept: (order) => { order.status = 'accepted'; },
  reject: (order, why) => refuse(order, 'rejected', why),
  cancel: (order, why) => refuse(order, 'cancelled', why),
  serve: (order, { course }) => {
    if (course === undefined) order.status = 'served';
    else for (const id of linesOf(order, { course })) bring(order, id);
  },
  serve_item: (order, { item = '' }) => bring(order, item),
  fire: (order, lines) => hold(order, linesOf(order, lines), false),
  hold: (order, lines) => hold(order, linesOf(order, lines), true),
  rush: (order, { rush }) => { order.rush = rush; },
  start_now: (order) => { order.upcoming = false; },
  reschedule: (order, { due_at: due }) => { order.due_at = due; },
  start: (order, { only }, station) => {
    each(order, station, (item) => item.status === 'queued' && !item.held && 'cooking', only);
    order.status = 'preparing';
  },
  ready: (order, { only }, station) => {
    each(order, station, (item) => item.status !== 'voided' && !item.held && 'done', only);
    settle(order);
  },
  recall: (order, _, station) => {
    // Served dishes stay served, unless the whole order was served.
    const isServed = order.status === 'served';
    each(order, station, (item) => item.status === 'done' && (isServed || !item.served_at) && 'cooking');
    order.status = 'preparing';
  },
  start_item: (order, { item }) => { set(order, item, 'cooking'); settle(order); },
  finish_item: (order, { item }) => { set(order, item, 'done'); settle(order); },
  recall_item: (order, { item }) => { set(order, item, 'cooking'); settle(order); },
  change_item: (order, { item = '', line: { quantity, note, allergy } }) => {
    if (order.items[item]) order.items[item] = { ...order.items[item], quantity, note, allergy, pending: true };
  },
  void_item: (order, { item = '', quantity, ...why }) => {
    const rest = quantity ? order.items[item]?.quantity - quantity : 0;
    if (rest > 0) order.items[item] = { ...order.items[item], quantity: rest, pending: true };
    else {
      set(order, item, 'voided');
      if (order.items[item]) refuse(order.items[item], 'voided', why);
    }
  },
};

/** @param {any} thing an order or a line @param {string} status @param {{reason?: string, detail?: string}} why */
function refuse(thing, status, { reason, detail }) {
  Object.assign(thing, { status, ...(reason && { reason }), ...(detail && { detail }) });
}

/**
 * @param {any} order @param {string | undefined} station @param {(item: any) => string | false} next
 * @param {string[]} [only] ids of the lines to change; all if absent
 */
function each(order, station, next, only) {
  for (const [id, item] of Object.entries(order.items)) {
    const status = (!station || item.station === station) && (!only || only.includes(id)) && next(item);
    if (status) set(order, id, status);
  }
}

/** @param {any} order @param {string | undefined} id @param {string} status */
function set(order, id, status) {
  if (!id || !order.items[id]) return;
  const { served_at: at, ...item } = order.items[id];
  order.items[id] = { ...item, ...(at && status === 'done' && { served_at: at }), status, pending: true };
}

/** @param {any} order @param {{item?: string, course?: number}} lines @returns {string[]} ids */
function linesOf(order, { item, course }) {
  return item ? [item] : Object.entries(order.items).filter(([, line]) => line.course?.number === course).map(([id]) => id);
}

/** @param {any} order @param {string[]} ids @param {boolean} held */
function hold(order, ids, held) {
  for (const id of ids) {
    const line = order.items[id];
    if (line?.status === 'queued') order.items[id] = { ...line, held, pending: true };
  }
}

/** @param {any} order @param {string} id */
function bring(order, id) {
  const line = order.items[id];
  if (line?.status === 'done' && !line.served_at) order.items[id] = { ...line, served_at: order.placed_at, pending: true };
}

/** Makes an order ready once none of its dishes is open. @param {any} order */
function settle(order) {
  const owed = Object.values(order.items).some((item) => item.status === 'queued' || item.status === 'cooking');
  order.status = owed ? 'preparing' : 'ready';
}
