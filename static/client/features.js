/**
 * Features that a browser may lack or refuse. With cookies blocked, in a sandbox or under a policy, reading some of them
 * throws, which would leave a page blank. So all code reads them here.
 */
export const features = {
  /** @returns {LockManager | null} missing on plain http */
  locks: () => probe(() => globalThis.navigator?.locks),
  /** @returns {typeof globalThis.BroadcastChannel | null} */
  BroadcastChannel: () => probe(() => globalThis.BroadcastChannel),
  /** @returns {IDBFactory | null} */
  indexedDB: () => probe(() => globalThis.indexedDB),
  /** @returns {ServiceWorkerContainer | null} missing on plain http */
  serviceWorker: () => probe(() => globalThis.navigator?.serviceWorker),
  /** @returns {WakeLock | null} missing on plain http */
  wakeLock: () => probe(() => globalThis.navigator?.wakeLock),
  /** @returns {typeof globalThis.AudioContext | null} */
  AudioContext: () => probe(() => globalThis.AudioContext),
  /** @returns {typeof globalThis.Notification | null} */
  Notification: () => probe(() => globalThis.Notification),
  /** @returns {typeof globalThis.PushManager | null} */
  PushManager: () => probe(() => globalThis.PushManager),
};

/** @template T @param {() => T | undefined} look @returns {T | null} */
function probe(look) {
  try {
    return look() ?? null;
  } catch {
    return null;
  }
}
