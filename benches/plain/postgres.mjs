// The store on PostgreSQL, as pg's documentation recommends: a pool, one client for a whole transaction, named statements.
import pg from 'pg';
import { SCHEMA, restaurants } from './schema.mjs';

const POOL = 10;

pg.types.setTypeParser(pg.types.builtins.INT8, Number);

export async function openPostgres(url, count) {
  const pool = new pg.Pool({ connectionString: url, max: POOL });
  await pool.query(SCHEMA);
  for (const { id, slug, menu } of restaurants(count)) {
    await pool.query('INSERT INTO restaurants (id, slug, menu) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING', [id, slug, menu]);
    await pool.query('INSERT INTO feeds (restaurant, head, next_number) VALUES ($1, 0, 1) ON CONFLICT DO NOTHING', [id]);
  }
  return {
    menu: (slug) => one(pool, 'menu', [slug]),
    order: (restaurant, id) => one(pool, 'order', [restaurant, id]),
    commit: (work) => commit(pool, work),
    close: () => pool.end(),
  };
}

const SQL = {
  menu: 'SELECT id, menu FROM restaurants WHERE slug = $1',
  menuOf: 'SELECT menu FROM restaurants WHERE id = $1',
  answer: 'SELECT fingerprint, answer FROM commands WHERE restaurant = $1 AND sub = $2 AND id = $3',
  feed: 'SELECT head, next_number FROM feeds WHERE restaurant = $1 FOR UPDATE',
  order: 'SELECT document FROM orders WHERE restaurant = $1 AND id = $2',
  addOrder: 'INSERT INTO orders (restaurant, id, status, document) VALUES ($1, $2, $3, $4)',
  setOrder: 'UPDATE orders SET status = $3, document = $4 WHERE restaurant = $1 AND id = $2',
  addEvent:
    'INSERT INTO events (restaurant, position, id, kind, order_id, at, by_role, command, patch) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)',
  addAnswer: 'INSERT INTO commands (restaurant, sub, id, fingerprint, answer, at) VALUES ($1, $2, $3, $4, $5, $6)',
  advance: 'UPDATE feeds SET head = $2, next_number = $3 WHERE restaurant = $1',
};

async function one(client, name, values) {
  const { rows } = await client.query({ name, text: SQL[name], values });
  return rows[0];
}

async function commit(pool, work) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    const done = await commitWith(client, work);
    await client.query('COMMIT');
    return done;
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    client.release();
  }
}

async function commitWith(client, work) {
  const { restaurant } = work;
  const feed = await one(client, 'feed', [restaurant]); // locks the feed until the commit, so that a restaurant's commands run one at a time
  const known = await one(client, 'answer', [restaurant, work.sub, work.id]);
  if (known) return work.repeat(known);
  const isNew = work.order === undefined;
  const row = isNew ? await one(client, 'menuOf', [restaurant]) : await one(client, 'order', [restaurant, work.order]);
  const done = work.decide(isNew ? row.menu : row?.document, { position: feed.head + 1, number: feed.next_number });
  const { event, status, document } = done;
  await one(client, isNew ? 'addOrder' : 'setOrder', [restaurant, event.order, status, document]);
  const patch = JSON.stringify(event.patch);
  const values = [restaurant, done.position, event.id, event.kind, event.order, event.at, event.by.role, event.command, patch];
  await one(client, 'addEvent', values);
  await one(client, 'addAnswer', [restaurant, work.sub, work.id, work.fingerprint, done.answer, event.at]);
  await one(client, 'advance', [restaurant, done.position, feed.next_number + (isNew ? 1 : 0)]);
  return done;
}
