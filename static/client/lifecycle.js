/**
 * Wakes a link when a phone's network or page comes back. Radios change and pages freeze without a word to the
 * socket; these events are the word.
 *
 * @param {{wake(): void}} bell
 * @param {any} target a `window`, or what behaves like one
 * @returns {() => void} stops following
 */
export function followLifecycle(bell, target) {
  const wake = () => bell.wake();
  const wakeWhenVisible = () => {
    if (target.document.visibilityState === 'visible') bell.wake();
  };
  // `offline` too: the link is tested at once, not when its heartbeat is due.
  const followed = /** @type {const} */ ([
    [target, 'online', wake],
    [target, 'offline', wake],
    [target, 'pageshow', wake],
    [target.document, 'visibilitychange', wakeWhenVisible],
    [target.document, 'resume', wake],
  ]);
  for (const [on, name, listener] of followed) on.addEventListener(name, listener);
  return () => {
    for (const [on, name, listener] of followed) on.removeEventListener(name, listener);
  };
}
