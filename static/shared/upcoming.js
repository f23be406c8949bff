/** Whether an order waits for its time. A screen without a connection goes by its own clock. @param {any} order @param {number} now server ms */
export function isUpcoming({ upcoming, starts_at: at }, now) {
  return upcoming === true && now < Date.parse(at);
}
