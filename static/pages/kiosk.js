/** What turns a browser's page into a screen on a wall. */

/** A dark screen shows no tickets. The lock is lost whenever the page is hidden, so it is taken again. */
export function keepAwake() {
  const take = async () => {
    if (document.visibilityState !== 'visible') return;
    try {
      await navigator.wakeLock?.request('screen');
    } catch {
      // Low battery, or a page without a secure origin: the tablet's own settings decide then.
    }
  };
  document.addEventListener('visibilitychange', take);
  take();
}

export function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

/**
 * Calls back once the browser has really painted what was drawn before the call. The first frame is the one that
 * will show it; when the second begins, the first is on the glass. A hidden page never calls back.
 *
 * @param {() => void} task
 */
export function afterPaint(task) {
  requestAnimationFrame(() => requestAnimationFrame(task));
}
