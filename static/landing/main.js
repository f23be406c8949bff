import { readDemo } from '../shared/demo.js';
import { find, h, render, setText } from '../shared/dom.js';
import { unreachedWords } from '../shared/format.js';
import { recallLocal } from '../shared/storage.js';

/** The states that the three small screens go through, once. The animation is short enough to need no pause button. */
const SCENES = ['placed', 'accepted', 'preparing', 'ready'];
const SCENE_MS = 1_100;

const table = recallLocal('table', null);
if (table && isInstalled()) location.replace(`/t/${encodeURIComponent(table)}`);

playScene();
offerDemo();

/** Whether the page was opened from a home screen. There a guest wants the last table, and the links for staff are hidden. */
function isInstalled() {
  return matchMedia('(display-mode: standalone)').matches;
}

function playScene() {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return;
  const scene = find('#scene');
  SCENES.forEach((status, at) => setTimeout(() => { scene.dataset.status = status; }, at * SCENE_MS));
}

/** Shows the links that anyone may open, on a demonstration. Elsewhere the page stays as it is. */
async function offerDemo() {
  const { dataset } = document.documentElement;
  const foot = find('#foot');
  const demo = await readDemo((since) => {
    dataset.connection = 'offline';
    setText(foot, unreachedWords(since));
  });
  dataset.connection = 'live';
  setText(foot, '');
  if (demo) showDemo(demo);
}

/** @param {{table_url?: string, people?: {username: string, password: string, role: string}[]}} demo */
function showDemo({ table_url: tableUrl, people }) {
  if (tableUrl) showTable(tableUrl);
  if (people) showPeople(people);
  if (people && tableUrl) find('#demo').hidden = false;
  find('#foot').textContent = people
    ? 'This is a demonstration: everybody may sign in, and everything may be tried.'
    : 'This is a demonstration. Its sign-ins and table codes were printed when it was started.';
}

/** @param {string} url */
function showTable(url) {
  find('#diner-how').textContent = 'Scan this code with a phone, or open the table here, beside the other two.';
  // The printed address may use another name of this server; from here, its path is enough.
  render(find('#diner-door'), h('a.button.button--primary', { href: new URL(url, location.href).pathname }, 'Open the table'));
  const code = find('#code');
  render(code, h('img', { src: '/api/v1/demo/qr.svg', alt: `QR code of ${url}`, width: 148, height: 148 }));
  code.hidden = false;
}

/** @param {{username: string, password: string, role: string}[]} people */
function showPeople(people) {
  const list = find('#people');
  render(list, people.map(({ username, password }) => [h('dt', {}, username), h('dd', {}, password)]));
  list.hidden = false;
}
