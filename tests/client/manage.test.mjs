import assert from 'node:assert/strict';
import { test } from 'node:test';
import { AutoAcceptSection } from '../../static/manager/auto_accept.js';
import { conditions } from '../../static/manager/auto_accept_view.js';
import { joined } from '../../static/manager/audit.js';
import { actionWords, who } from '../../static/manager/audit_view.js';
import { KeysSection } from '../../static/manager/api_keys.js';
import { faultWords } from '../../static/manager/webhooks_view.js';
import { dayAfter, dayOf, offsetsOf } from '../../static/manager/days.js';
import { TablesSection } from '../../static/manager/tables.js';
import { isThisDevice } from '../../static/manager/tables_view.js';
import { bodyOf, draftOf, findItem, move, pricePattern, priceText, putItem, readPrice, stationsOf, wrongGroup } from '../../static/manager/menu_draft.js';

const price = (amount) => ({ amount, currency: 'BDT' });

/** Returns a menu of two headings and three dishes, whose order differs from that of their ids. */
function menu() {
  const item = (id, name, category, sort, more = {}) => [id, { id, name, category, sort, price: price(900), station: 'hot', available: true, options: {}, ...more }];
  return {
    currency: 'BDT',
    categories: { b: { name: 'Mains', sort: 1 }, a: { name: 'Drinks', sort: 2 } },
    items: Object.fromEntries([
      item('1', 'Rezala', 'b', 2, { description: 'Slow', photo: '/r.jpg', options: { o: { name: 'spicy', price: price(50) } } }),
      item('2', 'Roast', 'b', 1, { available: false, until: '2026-11-24T12:00:00.000Z' }),
      item('3', 'Lassi', 'a', 1, { station: 'bar' }),
    ]),
  };
}

test('three hundred tables are drawn a few times while their pictures arrive, not three hundred times', async () => {
  const tables = Array.from({ length: 300 }, (_, at) => ({ id: String(at), label: String(at), url: `https://house.test/t/${at}` }));
  let draws = 0;
  let pictures = 0;
  const answers = { '/tables': { tables }, '/limited': { limited: [] } };
  const call = async (_method, path) => {
    if (path in answers) return answers[path];
    pictures += 1;
    return '<svg/>';
  };
  await new TablesSection({ restaurant: {}, username: 'manager', call, changed: () => { draws += 1; } }).load();
  const ends = Date.now() + 5_000;
  while (draws < 12 && Date.now() < ends) await new Promise((resolve) => setTimeout(resolve, 1));
  assert.equal(pictures, 300);
  assert.equal(draws, 12, 'for the list, ten times for pictures, and for the last');
});

test('keys are listed also on a node without webhooks, and each fault of a webhook has words', async () => {
  const section = (webhooks) => new KeysSection({
    restaurant: {}, username: 'manager', changed: () => {},
    call: async (_method, path) => (path === '/webhooks' ? webhooks() : { api_keys: [{ id: 'k', name: 'POS' }] }),
  });
  const failing = (code) => () => { throw Object.assign(new Error(code), { code }); };
  for (const [webhooks, expected] of [[() => ({ webhooks: [{ id: 'w' }] }), 1], [failing('not_found'), 0]]) {
    const keys = section(webhooks);
    await keys.load();
    assert.deepEqual([keys.error, keys.data.keys.length, keys.data.webhooks.length], [null, 1, expected]);
  }
  const lost = section(failing('offline'));
  await lost.load();
  assert.equal(lost.error.code, 'offline', 'no answer is not an empty list');
  assert.equal(faultWords({ code: 'timed_out' }), 'it does not answer in time');
  assert.equal(faultWords({ code: 'refused', status: 503 }), 'it answers with status 503');
});

test('a draft has the order that guests see, and its body equals the menu except for what is sold out', () => {
  const draft = draftOf(menu());
  assert.deepEqual(draft.map(({ name, items }) => [name, items.map((item) => item.name)]), [['Mains', ['Roast', 'Rezala']], ['Drinks', ['Lassi']]]);
  assert.deepEqual(stationsOf(draft), ['bar', 'hot']);
  const { categories, items } = bodyOf(draft, 'BDT');
  const expected = menu();
  assert.deepEqual(categories, expected.categories);
  for (const item of Object.values(expected.items)) {
    for (const left of ['id', 'available', 'until']) delete item[left];
  }
  assert.deepEqual(items, expected.items);
});

test('groups of options are edited as a tree, and sent flat', () => {
  const option = (name, group, more = {}) => ({ name, price: price(0), ...(group && { group }), ...more });
  const grouped = menu();
  Object.assign(grouped.items['1'], {
    options: { o: option('spicy'), f: option('fries', 's', { sort: 2, default: true }), r: option('rice', 's', { sort: 1 }), k: option('ketchup', 'n', { sort: 1 }) },
    groups: { x: { name: 'Extras', sort: 2, min: 0, max: 3 }, s: { name: 'Side', sort: 1, min: 1, max: 1 }, n: { name: 'Sauce', sort: 1, min: 1, max: 1, under: 'f' } },
  });
  grouped.items['1'].options.e = option('egg', 'x', { sort: 1 });
  const draft = draftOf(grouped);
  const { options, groups } = draft[0].items[1];
  assert.deepEqual(options, [{ id: 'o', name: 'spicy', amount: 0 }]);
  assert.deepEqual(groups.map(({ name, options: own }) => [name, own.map(({ name: of, preset, groups: nested }) => [of, preset, nested?.[0].name])]),
    [['Side', [['rice', undefined, undefined], ['fries', true, 'Sauce']]], ['Extras', [['egg', undefined, undefined]]]]);
  const { items } = bodyOf(draft, 'BDT', true);
  assert.deepEqual([items['1'].options, items['1'].groups], [grouped.items['1'].options, grouped.items['1'].groups]);
  assert.deepEqual(items['2'].groups, {});
  assert.equal(Object.hasOwn(bodyOf(draft, 'BDT').items['1'], 'groups'), false, 'an older server would refuse the field');
});

test('a group from which nothing can be chosen is named', () => {
  const group = (min, max, options) => [{ name: 'Side', min, max, options: options.map((preset) => ({ amount: 0, preset })) }];
  assert.equal(wrongGroup(group(1, 1, [true, false])), null);
  assert.match(wrongGroup(group(2, 1, [false, false])), /At least/);
  assert.match(wrongGroup(group(0, 1, [])), /needs 1/);
  assert.match(wrongGroup(group(0, 1, [true, true])), /at most 1/);
  assert.match(wrongGroup([{ ...group(0, 1, [false])[0], options: [{ amount: 0, groups: group(3, 3, [false]) }] }]), /needs 3/);
});

test('moved, added and removed entries are numbered again', () => {
  const draft = draftOf(menu());
  move(draft, 'a', -1);
  move(draft[1].items, '1', -1);
  move(draft[1].items, '1', -1);
  const { category, item } = findItem(draft, '3');
  putItem(draft, { ...item, name: 'Sweet lassi' }, 'b');
  assert.equal(category.items.length, 0);
  const body = bodyOf(draft, 'BDT');
  assert.deepEqual([body.categories.a.sort, body.categories.b.sort], [1, 2]);
  assert.deepEqual(['1', '2', '3'].map((id) => [body.items[id].sort, body.items[id].category]), [[1, 'b'], [2, 'b'], [3, 'b']]);
  putItem(draft, { ...item, name: 'Salt lassi' }, 'b');
  assert.equal(bodyOf(draft, 'BDT').items['3'].name, 'Salt lassi');
  assert.equal(findItem(draft, 'nothing'), null);
});

test('a price is read as people write it, in the decimals of its currency', () => {
  const read = { '4.50': 450, '4,5': 450, '12': 1200, '': 0, '.5': 50, '0.05': 5, '10000000': 1_000_000_000 };
  for (const [text, amount] of Object.entries(read)) assert.equal(readPrice(text, 'BDT'), amount, text);
  for (const bad of ['4.505', '-1', '1e3', 'four', '1.2.3', '10000000.01']) assert.equal(readPrice(bad, 'BDT'), null, bad);
  assert.equal(readPrice('450', 'JPY'), 450);
  assert.equal(readPrice('4.5', 'JPY'), null);
  assert.deepEqual([priceText(450, 'BDT'), priceText(450, 'JPY'), priceText(5, 'BDT')], ['4.50', '450', '0.05']);
});

test('a price field accepts exactly what can be read as a price', () => {
  for (const currency of ['BDT', 'JPY', 'KWD']) {
    const pattern = new RegExp(`^(?:${pricePattern(currency)})$`, 'v');
    for (const text of ['4.50', '4,5', ' 12 ', '', '.5', '4.505', '4.5055', '-1', '1e3', 'four', '1.2.3', '12.']) {
      assert.equal(pattern.test(text), readPrice(text, currency) !== null, `${currency} ${text}`);
    }
  }
});

test('a day is a day in the time zone of the device, and follows clock changes', () => {
  const { TZ } = process.env;
  process.env.TZ = 'America/New_York';
  try {
    assert.equal(dayOf(new Date('2026-11-25T01:30:00Z')), '2026-11-24', 'dinner counts for its own day');
    assert.deepEqual(['2026-11-30', '2026-03-01'].map((day) => dayAfter(day, day.endsWith('30') ? 1 : -1)), ['2026-12-01', '2026-02-28']);
    assert.equal(dayAfter('2026-10-31', 1), '2026-11-01');
    assert.deepEqual(offsetsOf('2026-11-01'), { begin: -240, end: -300 }, 'a day of 25 hours');
    assert.deepEqual(offsetsOf('2026-11-02'), { begin: -300, end: -300 });
  } finally {
    if (TZ === undefined) delete process.env.TZ;
    else process.env.TZ = TZ;
  }
});

test('an entry of the audit says in words who did what, and with which result', () => {
  const said = (entry) => actionWords({ outcome: 'done', ...entry });
  assert.equal(said({ action: 'reject', label: '12', reason: 'too_busy' }), 'Rejected order 12: Too busy');
  assert.equal(said({ action: 'set_availability', label: 'Rezala', value: 'sold_out' }), 'Availability of Rezala (sold out)');
  assert.equal(said({ action: 'ready', label: '12', outcome: 'stale' }), 'Bumped order 12: too late: it had changed');
  assert.equal(said({ action: 'something_new', outcome: 'odd' }), 'something_new: odd', 'a newer server may use other words');
  assert.deepEqual([who({ name: 'karim', role: 'staff' }), who({ name: 'staff', role: 'staff' }), who({ role: 'service', sub: '0193a5f0-7c1e' }), who({})], ['karim, staff', 'staff', 'service 0193a5f0', 'Not signed in']);
});

test('the newest page is joined to the entries read before, or replaces them if they do not meet', () => {
  const page = (next, ...ids) => ({ audit: ids.map((id) => ({ id })), next });
  assert.deepEqual(joined(page('2', '5', '4', '3', '2'), page('0', '3', '2', '1', '0')), page('0', '5', '4', '3', '2', '1', '0'));
  assert.deepEqual(joined(page('8', '9', '8'), page('0', '3', '2', '1', '0')), page('8', '9', '8'));
  assert.deepEqual(joined(page(undefined), undefined), page(undefined));
});

test('an address that only this device can open is recognized', () => {
  for (const place of ['127.0.0.1:8080', 'localhost', 'localhost:8080', '[::1]:8080']) assert.ok(isThisDevice(place), place);
  for (const place of ['orders.example', '192.168.1.20:8080', 'localhost.example', '']) assert.ok(!isThisDevice(place), place);
});

test('a rule is told condition by condition, and what is absent is said, too', () => {
  const house = { zone: 'UTC', currency: 'BDT', tables: ['1', '2'] };
  assert.deepEqual(conditions({ minutes: 1 }, house), [
    'Promised: 1 minute', 'At all tables, and without one', 'Of any size', 'Not with a note or an allergy: somebody reads it first',
  ]);
  const [, tables, size, notes] = conditions({ minutes: 20, tables: ['1', '2'], most_portions: 6, most_total: 90_000, notes: true }, house);
  assert.equal(tables, 'Only at table 1, 2');
  assert.match(size, /^Up to 6 dishes and up to .*900/);
  assert.match(notes, /^Also with a note or an allergy/);
});

test('a change of the rule for new orders keeps the roles and its hours', async () => {
  const sent = [];
  const rules = { minimum_roles: { cancel: 'manager' }, auto_accept: { minutes: 20, hours: [{ days: ['mon'], from: '11:00', until: '14:00' }] }, version: 'v1' };
  const answers = { '/rules': rules, '/menu': { currency: 'BDT' }, '/tables': { tables: [{ label: '1' }] } };
  const call = async (method, path, options) => {
    if (method === 'PUT') sent.push(options);
    return answers[path];
  };
  const section = new AutoAcceptSection({ restaurant: {}, username: 'manager', call, changed: () => {} });
  await section.load();
  assert.deepEqual(section.data.tables, ['1']);
  section.attempt = (work) => work();
  await section.act('remove-span', { dataset: { span: '0' } });
  await section.act('stop-auto', { dataset: {} });
  assert.deepEqual(JSON.parse(JSON.stringify(sent)), [
    { body: { minimum_roles: { cancel: 'manager' }, auto_accept: { minutes: 20 } }, headers: { 'if-match': '"v1"' } },
    { body: { minimum_roles: { cancel: 'manager' } }, headers: { 'if-match': '"v1"' } },
  ]);
});
