import { isOwed } from '../views/kitchen_model.js';

/** Turns what a cook touches into commands. */
export class KitchenCommands {
  #bell; #station;
  /** The items that were done before a ticket was bumped: an undo gives exactly this back. @type {Map<string, string[]>} */
  #doneBefore = new Map();

  /** The order bumped last, for the undo key. @type {string | undefined} */
  lastBumped;

  /** @param {{bell: any, station?: string}} parts station: the one the token is bound to */
  constructor({ bell, station }) {
    this.#bell = bell;
    this.#station = station;
  }

  /**
   * @param {string} action @param {import('../views/kitchen_model.js').Ticket} ticket
   * @param {{item?: string, filter?: string, undo?: boolean}} [how] filter: an unbound screen that looks at one station;
   *   undo: takes back the bump that this screen has just made
   */
  act(action, ticket, { item, filter, undo = false } = {}) {
    if (item) this.#send({ action, order: ticket.id, item });
    else if (filter && !this.#station) this.#byItem(action, ticket);
    else this.#whole(action, ticket, undo);
  }

  /** @param {string} action @param {import('../views/kitchen_model.js').Ticket} ticket @param {boolean} undo */
  #whole(action, ticket, undo) {
    if (action === 'ready') {
      this.lastBumped = ticket.id;
      this.#doneBefore.set(ticket.id, idsOf(ticket, (one) => one.status === 'done'));
    }
    this.#send({ action, order: ticket.id });
    if (action !== 'recall') return;
    const restore = undo ? this.#doneBefore.get(ticket.id) ?? [] : [];
    this.#doneBefore.delete(ticket.id);
    for (const item of restore) this.#send({ action: 'finish_item', order: ticket.id, item });
  }

  /** The server would act on every station's items, the cook sees one station's. @param {string} action @param {import('../views/kitchen_model.js').Ticket} ticket */
  #byItem(action, ticket) {
    if (action === 'ready') this.lastBumped = ticket.id;
    /** @type {Record<string, [string, (item: any) => boolean]>} */
    const each = {
      start: ['start_item', (item) => item.status === 'queued'],
      ready: ['finish_item', isOwed],
      recall: ['recall_item', (item) => item.status === 'done'],
    };
    const [itemAction, wanted] = each[action];
    for (const item of idsOf(ticket, wanted)) this.#send({ action: itemAction, order: ticket.id, item });
  }

  /** A refusal comes with the connection's `answer` event, after a reload too: there it is shown. @param {any} command */
  #send(command) {
    this.#bell.command(command).catch(() => {});
  }
}

/** @param {import('../views/kitchen_model.js').Ticket} ticket @param {(item: any) => boolean} wanted */
function idsOf(ticket, wanted) {
  return ticket.items.filter(([, item]) => wanted(item)).map(([id]) => id);
}
