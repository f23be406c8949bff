import { WORDS } from '../views/diner_words.js';
import { find, onAction } from '../views/dom.js';
import { OrderPage } from './order_page.js';
import { showInstead } from './page_state.js';
import { visitOf } from './visit.js';

const main = find('#main');
const order = decodeURIComponent(location.pathname.split('/').filter(Boolean).at(-1) ?? '');
const visit = visitOf(order);

onAction(main, 'data-do', (does) => {
  if (does === 'reload') location.reload();
});

if (visit?.place) {
  new OrderPage(visit, order).run();
} else {
  document.documentElement.dataset.connection = 'stopped';
  showInstead(main, { title: WORDS.notYours, hint: WORDS.notYoursHint, icon: 'screen' });
}
