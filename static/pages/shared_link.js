const PARAMETER = 'share';

/**
 * The token of a shared link: in the fragment, which no server sees, when the link was opened just now; then in this
 * tab alone, and no longer in the address.
 *
 * @param {string} order its id
 * @param {{hash: string, pathname: string}} place @param {Storage} store
 * @returns {string | null} null where the order was not shared
 */
export function sharedToken(order, place, store) {
  const key = `orderbell.shared.${order}`;
  const given = new URLSearchParams(place.hash.slice(1)).get(PARAMETER);
  if (given) {
    history.replaceState(history.state, '', place.pathname);
    store.setItem(key, given);
  }
  return store.getItem(key);
}

/** @param {string} origin @param {string} order its id @param {string} token @returns {string} a link for somebody else */
export function linkTo(origin, order, token) {
  return `${origin}/orders/${order}#${PARAMETER}=${token}`;
}
