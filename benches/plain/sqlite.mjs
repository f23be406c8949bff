// The store on SQLite, as better-sqlite3's documentation recommends: WAL, statements prepared once, a transaction function.
import Database from 'better-sqlite3';
import { SCHEMA, restaurants } from './schema.mjs';

export function openSqlite(path, count) {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL'); // an answered command survives a power failure
  db.exec(SCHEMA);
  const sql = prepare(db);
  db.transaction(() => {
    for (const { id, slug, menu } of restaurants(count)) {
      sql.addRestaurant.run(id, slug, menu);
      sql.addFeed.run(id);
    }
  })();
  const commit = db.transaction((work) => commitWith(sql, work));
  return {
    menu: async (slug) => sql.menu.get(slug),
    order: async (restaurant, id) => sql.order.get(restaurant, id),
    commit: async (work) => commit.immediate(work),
    close: async () => db.close(),
  };
}

function prepare(db) {
  return {
    addRestaurant: db.prepare('INSERT INTO restaurants (id, slug, menu) VALUES (?, ?, ?) ON CONFLICT DO NOTHING'),
    addFeed: db.prepare('INSERT INTO feeds (restaurant, head, next_number) VALUES (?, 0, 1) ON CONFLICT DO NOTHING'),
    menu: db.prepare('SELECT id, menu FROM restaurants WHERE slug = ?'),
    menuOf: db.prepare('SELECT menu FROM restaurants WHERE id = ?'),
    answer: db.prepare('SELECT fingerprint, answer FROM commands WHERE restaurant = ? AND sub = ? AND id = ?'),
    feed: db.prepare('SELECT head, next_number FROM feeds WHERE restaurant = ?'),
    order: db.prepare('SELECT document FROM orders WHERE restaurant = ? AND id = ?'),
    addOrder: db.prepare('INSERT INTO orders (restaurant, id, status, document) VALUES (?, ?, ?, ?)'),
    setOrder: db.prepare('UPDATE orders SET status = ?, document = ? WHERE restaurant = ? AND id = ?'),
    addEvent: db.prepare(
      'INSERT INTO events (restaurant, position, id, kind, order_id, at, by_role, command, patch) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)',
    ),
    addAnswer: db.prepare('INSERT INTO commands (restaurant, sub, id, fingerprint, answer, at) VALUES (?, ?, ?, ?, ?, ?)'),
    advance: db.prepare('UPDATE feeds SET head = ?, next_number = ? WHERE restaurant = ?'),
  };
}

function commitWith(sql, work) {
  const { restaurant } = work;
  const known = sql.answer.get(restaurant, work.sub, work.id);
  if (known) return work.repeat(known);
  const feed = sql.feed.get(restaurant);
  const isNew = work.order === undefined;
  const row = isNew ? sql.menuOf.get(restaurant) : sql.order.get(restaurant, work.order);
  const done = work.decide(isNew ? row.menu : row?.document, { position: feed.head + 1, number: feed.next_number });
  const { event, status, document } = done;
  if (isNew) sql.addOrder.run(restaurant, event.order, status, document);
  else sql.setOrder.run(status, document, restaurant, event.order);
  sql.addEvent.run(restaurant, done.position, event.id, event.kind, event.order, event.at, event.by.role, event.command, JSON.stringify(event.patch));
  sql.addAnswer.run(restaurant, work.sub, work.id, work.fingerprint, done.answer, event.at);
  sql.advance.run(done.position, feed.next_number + (isNew ? 1 : 0), restaurant);
  return done;
}
