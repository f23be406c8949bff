/** Turns a browser's page into a wall screen. */

import { features } from '../client/features.js';

/**
 * Keeps the screen on: a dark screen shows nothing and may not ring. The browser drops the lock when the page is hidden or the
 * battery is low, so the page takes it again when it is visible and on each touch.
 */
export function keepAwake() {
  /** @type {WakeLockSentinel | undefined} */ let lock;
  const take = async () => {
    if (document.visibilityState !== 'visible' || lock?.released === false) return;
    try {
      lock = await features.wakeLock()?.request('screen');
    } catch {
      // The battery is low, or the page is not in a secure context: the tablet's own settings decide then.
    }
  };
  for (const name of ['visibilitychange', 'pointerdown']) document.addEventListener(name, take);
  take();
}

export function toggleFullScreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else document.documentElement.requestFullscreen?.().catch(() => {});
}

/**
 * Calls back once the browser has painted everything that was drawn before the call. That is when the second animation frame
 * begins. A hidden page never calls back.
 *
 * @param {() => void} task
 */
export function afterPaint(task) {
  requestAnimationFrame(() => requestAnimationFrame(task));
}
