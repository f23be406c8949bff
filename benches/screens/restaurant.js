/**
 * A restaurant inside the page. It replaces `WebSocket` before the page's own modules run, so the measurement covers only
 * the page, not a server or a network. Answers every command after a tick, and sends its event after the answer.
 */
(() => {
  const { OPEN, READY, DONE } = window.RUSH;
  const RESTAURANT = 'r1';
  const DISHES = ['Beef rezala', 'Chicken roast', 'Fuchka', 'Borhani', 'Firni', 'Kacchi biryani'];
  const STATIONS = ['hot', 'hot', 'cold', 'bar', 'cold', 'hot'];
  const at = (minutes) => new Date(Date.now() + minutes * 60_000).toISOString();
  const STAMPS = { accept: 'accepted_at', ready: 'ready_at', serve: 'served_at' };
  const STATUS = { accept: 'accepted', ready: 'ready', serve: 'served', start: 'preparing', finish_item: 'preparing' };

  function order(number, status) {
    const items = {};
    for (let line = 0; line < 3 + (number % 3); line += 1) {
      const dish = (number + line) % DISHES.length;
      items[`${number}-${line}`] = {
        name: DISHES[dish], quantity: 1 + (line % 3), station: STATIONS[dish], status: status === 'served' ? 'done' : 'queued',
        menu_item: `m${dish}`, price: { amount: 25000, currency: 'BDT' }, ...(line === 1 && { options: ['Extra spicy'] }),
        ...(number % 7 === 0 && line === 0 && { note: 'Not too much salt, please' }),
      };
    }
    const age = status === 'served' ? -5 : -(number % 30) / 2;
    return {
      id: `o${number}`, number, status, service: 'dine_in', table: String(1 + (number % 40)), rush: number % 11 === 0, position: number,
      placed_at: at(age - 2), accepted_at: at(age), ...(number % 2 === 0 && { promised_at: at(age + 25) }),
      ...(status === 'served' && { ready_at: at(age), served_at: at(age) }), items, total: { amount: 75000, currency: 'BDT' },
    };
  }

  const done = Array.from({ length: DONE }, (_, index) => order(index + 1, 'served'));
  const open = Array.from({ length: OPEN + READY }, (_, index) => order(DONE + index + 1, index < OPEN ? 'accepted' : 'ready'));
  const documents = new Map([...done, ...open].map((one) => [one.id, one]));
  let position = 10_000;

  window.WebSocket = class {
    readyState = 0;

    constructor() {
      window.restaurant = this;
      setTimeout(() => {
        this.readyState = 1;
        this.push({
          type: 'welcome', connection: 'c1', epoch: 'e1', role: 'staff', restaurant: RESTAURANT, expires_at: at(600), server_time: at(0),
          limits: { frame_bytes: 65536, rooms: 16, messages_per_second: 1000, heartbeat_ms: 15000 },
        });
      });
    }

    push(frame) {
      this.onmessage?.({ data: JSON.stringify(frame) });
    }

    send(text) {
      const frame = JSON.parse(text);
      if (frame.type === 'subscribe') this.#enter(frame.room);
      if (frame.type === 'command') setTimeout(() => this.#command(frame));
    }

    close() {}

    #enter(room) {
      this.room = room.startsWith('menu:') ? this.room : room;
      const menu = { id: 'menu', restaurant: RESTAURANT, position, paused: false, categories: {}, items: {} };
      const rooms = room.startsWith('menu:') ? [menu] : [...documents.values()].filter(({ status }) => status !== 'served');
      this.push({ type: 'snapshot', room, position, documents: rooms, ...(room.startsWith('floor:') && { calls: {}, displays: {} }) });
      this.push({ type: 'live', room, position });
      // Orders that were served while the page was open stay in the room.
      if (!room.startsWith('menu:')) for (const one of done) this.#event('order.placed', one.id, one, room);
    }

    #command({ id, action, order: target, item }) {
      const before = documents.get(target);
      const items = Object.fromEntries(Object.keys(before.items).filter((one) => action === 'ready' || one === item).map((one) => [one, { status: 'done' }]));
      const patch = { status: STATUS[action] ?? before.status, ...(STAMPS[action] && { [STAMPS[action]]: at(0) }), items };
      this.push({ type: 'ack', id, order: target, position: position + 1, already: false });
      this.change(target, patch, `order.${action}`);
    }

    /** Changes an order as another screen would. */
    change(target, patch, kind = 'item.finished') {
      const before = documents.get(target);
      const items = { ...before.items };
      for (const [id, fields] of Object.entries(patch.items ?? {})) items[id] = { ...items[id], ...fields };
      documents.set(target, { ...before, ...patch, items });
      this.#event(kind, target, patch, this.room);
    }

    #event(kind, target, patch, room) {
      const prev = position;
      position += 1;
      this.push({
        type: 'event', room, prev, position,
        event: { id: `e${position}`, kind, order: target, at: at(0), by: { role: 'kitchen' }, patch: { ...patch, position } },
      });
    }
  };
})();
