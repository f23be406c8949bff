/**
 * Passes the page's lifecycle on to a link. A socket does not show that the network has changed, or that the page was hidden,
 * frozen or kept for the back button; these events do.
 *
 * @param {{wake(): void, rest(): void, freeze(): void}} bell
 * @param {any} target a `window`, or an object with the same events
 * @returns {() => void} stops following
 */
export function followLifecycle(bell, target) {
  const { document } = target;
  const wake = () => bell.wake();
  const freeze = () => bell.freeze();
  const look = () => (document.visibilityState === 'visible' ? bell.wake() : bell.rest());
  /**
   * Wakes the link of a page that was kept and comes back; a page shown for the first time has no link yet. @param {{persisted:
   * boolean}} event
   */
  const wakeWhenKept = ({ persisted }) => persisted && bell.wake();
  const followed = /** @type {const} */ ([
    [target, 'online', wake],
    // `offline` too: the link is tested at once, not when its heartbeat is due.
    [target, 'offline', wake],
    [target, 'pageshow', wakeWhenKept],
    // A page with an open connection is not kept for the back button.
    [target, 'pagehide', freeze],
    [document, 'visibilitychange', look],
    [document, 'freeze', freeze],
    [document, 'resume', wake],
  ]);
  for (const [on, name, listener] of followed) on.addEventListener(name, listener);
  return () => {
    for (const [on, name, listener] of followed) on.removeEventListener(name, listener);
  };
}
