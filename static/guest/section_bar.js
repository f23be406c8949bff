/** A heading counts as read when it is this far below the row, in CSS pixels. */
const BELOW = 48;

/** Marks the section that is being read in the row of the menu's sections, and keeps its link visible. */
export class SectionBar {
  #bar; #waits = false;
  /** The id of the section that is marked. */ #current = '';

  /** @param {HTMLElement} bar with a link to each section */
  constructor(bar) {
    this.#bar = bar;
    // At most once a frame, since scroll events may come more often.
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

  /** Marks the section that is being read. Call it after the menu was drawn, too. */
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
    // At the end of the page, the last sections may be too short to reach the row.
    const isAtEnd = scrollTop > 0 && scrollTop + clientHeight >= scrollHeight - 2;
    const begun = isAtEnd ? sections : sections.filter((section) => section.getBoundingClientRect().top <= line);
    return begun.at(-1)?.getAttribute('data-key') ?? '';
  }
}
