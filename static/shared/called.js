/**
 * @param {{ticket?: string, number: number}} order
 * @returns {string} what is called out for it: its ticket, which begins again each day, or where it has none its number
 */
export function called({ ticket, number }) {
  return ticket ?? String(number);
}

/** Whether an order waits for its time. A screen without a connection goes by its own clock. @param {any} order @param {number} now server ms */
export function isUpcoming({ upcoming, starts_at: at }, now) {
  return upcoming === true && now < Date.parse(at);
}
