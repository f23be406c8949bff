import { auditView } from './audit_view.js';
import { Section } from './section.js';

const PAGE = 50;

/** The record of who did what: the newest entries, and older ones page by page. */
export class AuditSection extends Section {
  #kind = '';

  async read() {
    const kind = this.#kind;
    const page = await this.#page('');
    // If another kind was chosen meanwhile, its own answer will follow.
    return kind === this.#kind ? joined(page, this.data) : this.data;
  }

  view() {
    return auditView(this.data, this.#kind);
  }

  /** @param {string} name */
  act(name) {
    if (name === 'older') this.#older();
    if (name === 'all-kinds') this.#show('');
  }

  /** @param {HTMLElement} field */
  typed(field) {
    if (!(field instanceof HTMLSelectElement) || field.name !== 'kind') return;
    this.#show(field.value);
  }

  /** @param {string} kind */
  #show(kind) {
    this.#kind = kind;
    this.data = undefined;
    this.context.changed();
    this.load();
  }

  /** @param {string} after */
  #page(after) {
    const kind = this.#kind ? `&kind=${this.#kind}` : '';
    return this.context.call('GET', `/audit?limit=${PAGE}${kind}${after && `&after=${encodeURIComponent(after)}`}`);
  }

  async #older() {
    const { audit, next } = this.data;
    await this.attempt(async () => {
      const page = await this.#page(next);
      if (this.data?.next === next) this.data = { audit: [...audit, ...page.audit], next: page.next };
    });
  }
}

/**
 * Joins the newest page with the known entries. Returns only the page if there is a gap between them.
 *
 * @param {{audit: {id: string}[], next?: string}} page @param {{audit: {id: string}[], next?: string} | undefined} known
 */
export function joined(page, known) {
  const last = page.audit.at(-1);
  const meets = known?.audit.findIndex(({ id }) => id === last?.id) ?? -1;
  if (!known || meets < 0) return page;
  return { audit: [...page.audit, ...known.audit.slice(meets + 1)], next: known.next };
}
