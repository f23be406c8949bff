/** The smallest event interface that does the work: named events, one payload, a function to unsubscribe. */
export class Emitter {
  /** @type {Map<string, Set<(payload: any) => void>>} */
  #listeners = new Map();

  /**
   * @param {string} name
   * @param {(payload: any) => void} listener
   * @returns {() => void} unsubscribes
   */
  on(name, listener) {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(listener));
    return () => void listeners.delete(listener);
  }

  /**
   * A listener that throws must not cost the others, or the connection, their event: its error is reported
   * as an uncaught one.
   *
   * @param {string} name @param {unknown} [payload]
   */
  emit(name, payload) {
    for (const listener of [...(this.#listeners.get(name) ?? [])]) {
      try {
        listener(payload);
      } catch (error) {
        queueMicrotask(() => { throw error; });
      }
    }
  }
}
