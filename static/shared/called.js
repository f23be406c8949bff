/**
 * @param {{ticket?: string, number: number}} order
 * @returns {string} what is called out for it: its ticket, which begins again each day, or where it has none its number
 */
export function called({ ticket, number }) {
  return ticket ?? String(number);
}
