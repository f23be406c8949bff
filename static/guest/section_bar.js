/** Where a heading counts as read: this far below the row, in CSS pixels. */
const BELOW = 48;

/** Follows the menu in the row of its sections: marks the one that is being read, and keeps its link in sight. */
export class SectionBar {
  #bar; #waits = false;
  /** The id of the section that is marked. */ #current = '';

  /** @param {HTMLElement} bar with a link to each section */
  constructor(bar) {
    this.#bar = bar;
    // Once a frame, since a finger scrolls more often.
    addEventListener('scroll', () => this.#soon(), { passive: true });
    addEventListener('resize', () => this.#soon(), { passive: true });
  }

  get current() {
    return this.#current;
  }

  #soon() {
    if (this.#waits) return;
    this.#waits = true;
    requestAnimationFrame(() => {
      this.#waits = false;
      this.follow();
    });
  }

  /** Marks the section that is being read. Call it when the menu was drawn, too. */
  follow() {
    const read = this.#read();
    if (read === this.#current) return;
    const link = (/** @type {string} */ id) => this.#bar.querySelector(`[data-key="${CSS.escape(id)}"]`);
    link(this.#current)?.removeAttribute('aria-current');
    this.#current = read;
    const chip = link(read);
    if (!(chip instanceof HTMLElement)) return;
    chip.setAttribute('aria-current', 'true');
    this.#bar.scrollTo({ left: chip.offsetLeft - (this.#bar.clientWidth - chip.offsetWidth) / 2 });
  }

  /** @returns {string} the id of the section that is being read; empty above the first one */
  #read() {
    const sections = [...document.querySelectorAll('section.category')];
    const { scrollTop, clientHeight, scrollHeight } = document.documentElement;
    const line = this.#bar.getBoundingClientRect().bottom + BELOW;
    // The last ones may be too short to come up to the row.
    const isAtEnd = scrollTop > 0 && scrollTop + clientHeight >= scrollHeight - 2;
    const begun = isAtEnd ? sections : sections.filter((section) => section.getBoundingClientRect().top <= line);
    return begun.at(-1)?.getAttribute('data-key') ?? '';
  }
}
