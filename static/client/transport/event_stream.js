/** Reads `text/event-stream` (WHATWG HTML, section 9.2) as it comes in, in pieces cut anywhere. */
export class EventStream {
  #rest = '';
  /** @type {string[]} */ #data = [];

  /**
   * @param {string} text what came
   * @returns {string[]} the data of the messages it completes
   */
  push(text) {
    const lines = (this.#rest + text).split('\n');
    this.#rest = /** @type {string} */ (lines.pop());
    return lines.map((line) => this.#line(line.endsWith('\r') ? line.slice(0, -1) : line)).filter((data) => data !== null);
  }

  /** @param {string} line @returns {string | null} the data of a message that ends with it */
  #line(line) {
    if (line === '') {
      const data = this.#data.splice(0);
      return data.length > 0 ? data.join('\n') : null;
    }
    // `id`, `event` and `retry` say nothing that the frames do not; a line that begins with a colon is a comment.
    if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    return null;
  }
}
