import { Api, isAnswering } from '../client/api.js';
import { Account } from '../shared/account.js';
import { backClosesSheets } from '../shared/back.js';
import { confirmPassword } from '../shared/confirm_password.js';
import { find, onAction, render, setText } from '../shared/dom.js';
import { checkForm, forgive } from '../shared/form_check.js';
import { unreachedWords } from '../shared/format.js';
import { keepFocus } from '../shared/keep_focus.js';
import { followVersion, readOwnPage } from '../shared/new_version.js';
import { closeSheet } from '../shared/sheet.js';
import { accountButton } from '../shared/staff_bar.js';
import { setTheme, theme } from '../shared/theme.js';
import { isUnreached, retryDelay } from '../shared/unreached.js';
import { KeysSection } from './api_keys.js';
import { AuditSection } from './audit.js';
import { AutoAcceptSection } from './auto_accept.js';
import { HoursSection } from './hours.js';
import { MenuSection } from './menu.js';
import { MANAGE_TABS, failedView, loadingView, manageTabs, notManagerView } from './parts.js';
import { PeopleSection } from './people.js';
import { ReportSection } from './report.js';
import { ScreensSection } from './screens.js';
import { TablesSection } from './tables.js';

/** How often to read the open section while the server can be reached. */
const FRESH_MS = 30_000;
/** How often to ask whether the server answers, so that "Connected" is never older than this. */
const PROBE_MS = 10_000;

const SECTIONS = {
  menu: MenuSection, hours: HoursSection, orders: AutoAcceptSection, tables: TablesSection, people: PeopleSection, screens: ScreensSection, keys: KeysSection, report: ReportSection,
  audit: AuditSection,
};

/** @typedef {keyof typeof SECTIONS} SectionName */

/** The manager's page: one section at a time, each read when it is opened. */
export class ManageDesk {
  #session; #api; #account;
  /** @type {Map<SectionName, import('./section.js').Section>} */ #sections = new Map();
  /** @type {SectionName} */ #open = 'menu';
  #refused = false;
  /** When the server became unreachable, ms since 1970; null while it can be reached. @type {number | null} */ #lostAt = null;
  /** How many attempts have been made to reach it. */ #attempts = 0;
  /** The timer of the next attempt. @type {any} */ #next;
  /** @type {(how: 'signed-out' | 'expired') => void} */ #end = () => {};

  /** @param {import('../shared/staff_session.js').Session} session */
  constructor(session) {
    this.#session = session;
    this.#api = new Api({ url: location.origin, tokens: session.tokens });
    this.#account = new Account(session);
  }

  /** @returns {Promise<'signed-out' | 'expired'>} */
  run() {
    const { restaurant, role } = this.#session;
    find('#restaurant-name').textContent = restaurant.name;
    this.#refused = role !== 'manager';
    this.#listen();
    this.#show();
    return new Promise((resolve) => { this.#end = resolve; });
  }

  #listen() {
    backClosesSheets();
    keepFocus(document.body);
    onAction(document.body, 'data-do', (name, control) => this.#do(name, control));
    document.body.addEventListener('submit', (event) => {
      const form = /** @type {HTMLFormElement} */ (event.target);
      if (!form.dataset.form) return;
      event.preventDefault();
      if (checkForm(form)) this.#section().submit(form.dataset.form, form);
    });
    document.body.addEventListener('input', (event) => {
      forgive(event.target);
      this.#section().typed(/** @type {HTMLElement} */ (event.target));
    });
    addEventListener('hashchange', () => this.#show());
    addEventListener('beforeunload', (event) => {
      if (this.#isUnsaved) event.preventDefault();
    });
    addEventListener('online', () => this.#again());
    setInterval(() => this.#refresh(), FRESH_MS);
    setInterval(() => this.#probe(), PROBE_MS);
    followVersion(readOwnPage(), () => !this.#isUnsaved && !document.querySelector('dialog[open]'));
  }

  get #isUnsaved() {
    return [...this.#sections.values()].some((section) => section.unsaved);
  }

  /** Reads the open section again after the server was unreachable. */
  #again() {
    clearTimeout(this.#next);
    this.#next = undefined;
    if (this.#lostAt !== null) this.#section().load();
  }

  #tryLater() {
    if (this.#next) return;
    this.#next = setTimeout(() => this.#again(), retryDelay(this.#attempts));
    this.#attempts += 1;
  }

  /** Reads the open section again, for the changes of others and to detect a lost server. */
  #refresh() {
    if (this.#refused || this.#lostAt !== null || document.hidden || document.querySelector('dialog[open]')) return;
    this.#section().load();
  }

  /** Detects a lost server before the next reading, even while a sheet is open. */
  async #probe() {
    if (document.documentElement.dataset.connection !== 'live' || document.hidden) return;
    if (await isAnswering({ origin: location.origin, env: { fetch } })) return;
    this.#connection('offline');
  }

  #section() {
    let section = this.#sections.get(this.#open);
    if (section) return section;
    section = new SECTIONS[this.#open]({
      restaurant: this.#session.restaurant, username: this.#session.username,
      call: (method, path, options) => this.#call(method, path, options), changed: () => this.#draw(),
    });
    this.#sections.set(this.#open, section);
    return section;
  }

  #show() {
    const name = location.hash.slice(1);
    this.#open = /** @type {SectionName} */ (name in SECTIONS ? name : 'menu');
    document.title = `${MANAGE_TABS[this.#open].words} · Orderbell`;
    if (this.#refused) document.documentElement.dataset.connection = 'stopped';
    else this.#section().load();
    this.#draw();
    // On a phone the tabs scroll sideways.
    find('#tabs').querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    scrollTo({ top: 0 });
  }

  /**
   * Makes a call, and derives the state of the connection and of the session from its answer.
   * @param {string} method @param {string} path below the restaurant's
   * @param {{body?: unknown, headers?: Record<string, string>, as?: 'json' | 'text', deadlineMs?: number}} [options]
   */
  async #call(method, path, options) {
    const whole = path.startsWith('/api/') ? path : `/api/v1/restaurants/${encodeURIComponent(this.#session.restaurant.slug)}${path}`;
    try {
      const answer = await this.#confirmed(() => this.#api.request(method, whole, options));
      this.#connection('live');
      return answer;
    } catch (error) {
      const { code, reason } = /** @type {{code: string, reason?: string}} */ (error);
      if (code === 'unauthorized') this.#end('expired');
      this.#connection(isUnreached(error) ? 'offline' : 'live');
      if (code === 'forbidden' && !reason) this.#refused = true;
      throw error;
    }
  }

  /**
   * Repeats the work after the person confirms the password, if the server asks for that.
   * @param {() => Promise<any>} work
   */
  async #confirmed(work) {
    try {
      return await work();
    } catch (error) {
      if (/** @type {any} */ (error).code !== 'confirm_password') throw error;
      if (await confirmPassword(this.#session.tokens, 'This could be used to take over the restaurant, so your password is asked for again.')) return work();
      throw Object.assign(new Error('nothing was changed: your password was not confirmed'), { code: 'confirm_password' });
    }
  }

  /** @param {'live' | 'offline'} state */
  #connection(state) {
    document.documentElement.dataset.connection = state;
    setText(find('#connection'), state === 'live' ? 'Connected' : 'Offline');
    if (state === 'live') {
      this.#lostAt = null;
      this.#attempts = 0;
    } else {
      this.#lostAt ??= Date.now();
      this.#tryLater();
    }
    this.#drawOffline();
  }

  /** @param {string} name @param {HTMLElement} control */
  #do(name, control) {
    /** @type {Record<string, () => void>} */
    const actions = {
      'account': () => this.#account.open({
        name: this.#session.restaurant.name, username: this.#session.username, theme: theme(), link: { href: '/staff', text: 'Orders on the floor' },
      }),
      'theme': () => { setTheme(control.dataset.themeName ?? ''); closeSheet(); },
      'close': () => closeSheet(),
      'again': () => this.#section().load(),
      'sign-out': () => this.#signOut(),
    };
    if (actions[name]) actions[name]();
    else this.#section().act(name, control);
  }

  #signOut() {
    // The person wants to leave, so unsaved changes must not ask a second time.
    this.#sections.clear();
    this.#end('signed-out');
  }

  #draw() {
    const unsaved = Object.fromEntries([...this.#sections].map(([name, section]) => [name, section.unsaved]));
    find('#connection').hidden = this.#refused;
    render(find('#tabs'), this.#refused ? [] : manageTabs(this.#open, unsaved));
    render(find('#controls'), accountButton());
    render(find('#main'), this.#content());
    if (!this.#refused && this.#section().data !== undefined) this.#section().drawn();
    this.#drawOffline();
  }

  /** Shows the banner, unless the section shows its own error because it has no data. */
  #drawOffline() {
    const banner = find('#offline');
    banner.hidden = this.#lostAt === null || this.#section().data === undefined;
    if (!banner.hidden) setText(banner, `${unreachedWords(/** @type {number} */ (this.#lostAt))} What you see may be old.`);
  }

  #content() {
    if (this.#refused) return notManagerView(this.#session.username, this.#session.setup);
    const section = this.#section();
    if (section.data !== undefined) return section.view();
    return section.error ? failedView(section.error, this.#lostAt) : loadingView(MANAGE_TABS[this.#open].words);
  }
}
