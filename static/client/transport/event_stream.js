/** Parses `text/event-stream` (WHATWG HTML, "Parsing an event stream") from pieces cut anywhere. */
export class EventStream {
  #rest = '';
  /** Whether the last piece ended with CR. An LF at the beginning of the next one belongs to it. */
  #endsWithCr = false;
  /** @type {string[]} */ #data = [];

  /**
   * @param {string} text the next piece
   * @returns {string[]} the data of the messages that it completes
   */
  push(text) {
    const begins = this.#endsWithCr && text.startsWith('\n') ? 1 : 0;
    if (text !== '') this.#endsWithCr = text.endsWith('\r');
    const lines = (this.#rest + text.slice(begins)).split(/\r\n|\n|\r/);
    this.#rest = /** @type {string} */ (lines.pop());
    return lines.map((line) => this.#line(line)).filter((data) => data !== null);
  }

  /**
   * @param {string} line
   * @returns {string | null} the data of the message that the line ends, if it ends one
   */
  #line(line) {
    if (line === '') {
      const data = this.#data.splice(0);
      return data.length > 0 ? data.join('\n') : null;
    }
    // The frames repeat what `id`, `event` and `retry` say. A line that begins with a colon is a
    // comment.
    if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5));
    return null;
  }
}
