/** The restaurant's rules name these controls differently from `data-do`. @type {Record<string, string>} */
const RULE_NAMES = {
  'ask-sold-out': 'set_availability', 'available': 'set_availability', 'ask-pause': 'set_pause', 'resume': 'set_pause',
  'ask-move': 'move', 'undo-change': 'undo', 'undo-round': 'void_item',
};

/** @type {Record<string, number>} */
const RANKS = { kitchen: 0, staff: 1, manager: 2 };

/** @type {Record<string, string>} */
const WORDS = { staff: 'The floor has to do this.', manager: 'A manager has to do this.' };

/** How often to read the rules, so that a page learns of a change before a refusal. */
const FRESH_MS = 60_000;

/** @param {{reason?: string}} error @returns {boolean} whether the restaurant asks for a higher role */
export function asksForRole({ reason }) {
  return reason === 'manager_required' || reason === 'staff_required';
}

/** The roles that the restaurant asks for. The server decides; the page marks what it would refuse. */
export class HouseRules {
  #read; #changed;
  /** @type {Record<string, string>} */ #least = {};

  /** @param {{read: () => Promise<any>, changed: () => void}} parts */
  constructor({ read, changed }) {
    this.#read = read;
    this.#changed = changed;
  }

  /** Reads the rules from time to time. */
  follow() {
    setInterval(() => this.refresh(), FRESH_MS);
  }

  /** Reads the rules. Keeps the last ones if there is no answer or the server has no rules. */
  async refresh() {
    const rules = await this.#read().catch(() => null);
    if (!rules) return;
    this.#least = rules.minimum_roles ?? {};
    this.#changed();
  }

  /**
   * @param {string} action @param {string} role @returns {string | undefined} the required role, if it is higher than this one
   */
  asked(action, role) {
    const least = this.#least[action];
    return (RANKS[least] ?? 0) > (RANKS[role] ?? 0) ? least : undefined;
  }

  /** Marks the controls that a role may not use. They can still be pressed. @param {Element} root @param {string} role */
  mark(root, role) {
    if (Object.keys(this.#least).length === 0 && !root.querySelector('[data-locked]')) return;
    for (const control of root.querySelectorAll('[data-action], [data-do]')) {
      const { action, do: does = '' } = /** @type {HTMLElement} */ (control).dataset;
      const least = this.asked(action ?? RULE_NAMES[does] ?? '', role);
      if (least === control.getAttribute('data-locked')) continue;
      if (least) control.setAttribute('data-locked', least);
      else control.removeAttribute('data-locked');
      if (least) control.setAttribute('aria-description', WORDS[least]);
      else control.removeAttribute('aria-description');
    }
  }
}
