/**
 * @param {{ticket?: string, number: number}} order
 * @returns {string} the number that staff call out: the ticket, which starts again each day, or the order's number if it has no
 * ticket
 */
export function called({ ticket, number }) {
  return ticket ?? String(number);
}

/**
 * Whether an order waits for its time. Without a connection, a screen decides by its own clock. @param {any} order @param
 * {number} now server ms
 */
export function isUpcoming({ upcoming, starts_at: at }, now) {
  return upcoming === true && now < Date.parse(at);
}
