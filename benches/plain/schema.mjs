// The tables, in SQL for both databases, and the restaurants of every new database.

export const SCHEMA = `
  CREATE TABLE IF NOT EXISTS restaurants (id TEXT PRIMARY KEY, slug TEXT NOT NULL UNIQUE, menu TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS feeds (restaurant TEXT PRIMARY KEY, head BIGINT NOT NULL, next_number BIGINT NOT NULL);
  CREATE TABLE IF NOT EXISTS orders (
    restaurant TEXT NOT NULL, id TEXT NOT NULL, status TEXT NOT NULL, document TEXT NOT NULL, PRIMARY KEY (restaurant, id)
  );
  CREATE INDEX IF NOT EXISTS orders_of_status ON orders (restaurant, status, id);
  CREATE TABLE IF NOT EXISTS events (
    restaurant TEXT NOT NULL, position BIGINT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, order_id TEXT NOT NULL,
    at TEXT NOT NULL, by_role TEXT NOT NULL, command TEXT NOT NULL, patch TEXT NOT NULL, PRIMARY KEY (restaurant, position)
  );
  CREATE INDEX IF NOT EXISTS events_of_order ON events (restaurant, order_id, position);
  CREATE TABLE IF NOT EXISTS commands (
    restaurant TEXT NOT NULL, sub TEXT NOT NULL, id TEXT NOT NULL, fingerprint TEXT NOT NULL, answer TEXT NOT NULL,
    at TEXT NOT NULL, PRIMARY KEY (restaurant, sub, id)
  );
  CREATE INDEX IF NOT EXISTS commands_by_age ON commands (at);
`;

const DISH = '00000000-0000-4000-a000-000000000001';

/** Returns the restaurants `bench-0`, `bench-1` … with a menu of one dish. */
export function restaurants(count) {
  return Array.from({ length: count }, (_, number) => {
    const id = `00000000-0000-4000-9000-${String(number).padStart(12, '0')}`;
    const dish = { id: DISH, name: 'Beef rezala', price: { amount: 900, currency: 'BDT' }, station: 'hot', available: true };
    return { id, slug: `bench-${number}`, menu: JSON.stringify({ restaurant: id, currency: 'BDT', items: { [DISH]: dish } }) };
  });
}
