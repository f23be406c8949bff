// Types that the modules of the library share. Nothing loads this file at run time.

/**
 * The functions of the browser that the library uses. Times are ms; `now` is monotonic.
 *
 * @typedef {object} Environment
 * @property {new (url: string, protocols: string[]) => any} WebSocket
 * @property {typeof globalThis.fetch} fetch
 * @property {() => number} now
 * @property {() => number} random in [0, 1)
 * @property {(task: () => void, ms: number) => any} setTimeout
 * @property {(handle: any) => void} clearTimeout
 * @property {LockManager | null} locks shared by the tabs of a browser; null if it has none
 * @property {any} BroadcastChannel a constructor, or null; its messages reach the other tabs
 */

/** @typedef {'connecting' | 'live' | 'checking' | 'catching-up' | 'offline' | 'stopped'} State */

/** @typedef {'websocket' | 'stream' | 'poll'} Transport */

/**
 * @typedef {object} Options
 * @property {string} url the server's origin, such as `location.origin`
 * @property {Tokens} tokens
 * @property {string} [slug] the restaurant's; needed to place orders and to call waiters without a WebSocket
 * @property {IDBFactory | Storage | null} [storage] stores unanswered commands and rooms across reloads
 * @property {string} [storageKey] the owner of stored commands and rooms: another for each principal, since a command's id belongs
 *   to its principal
 * @property {boolean} [resume] reads the storage before it connects, so that large rooms resume from their cursors;
 *   otherwise it reads the storage once the link is up, or cannot be opened
 * @property {Store} [session] such as `sessionStorage`, in a form that never throws; remembers the transport that got through, so
 *   that a reload begins with it
 * @property {LockManager | null} [locks] by default `navigator.locks`
 * @property {string} [version] the page's version, the content of its `<meta name="orderbell-version">`
 * @property {any} [WebSocket] a WebSocket constructor
 * @property {any} [BroadcastChannel] a BroadcastChannel constructor
 * @property {typeof globalThis.fetch} [fetch]
 * @property {() => number} [random] in [0, 1)
 * @property {() => number} [now] monotonic ms
 * @property {() => number} [wallClock] ms since 1970
 * @property {(frame: any) => any} [stamp] adds to each command and order what the sender always adds
 * @property {(pending: Pending) => boolean} [holds] whether a command is not to be sent yet; `release` looks again
 * @property {(task: () => void, ms: number) => any} [setTimeout]
 * @property {(handle: any) => void} [clearTimeout]
 */

/**
 * A source of tokens for a connection. `refresh` rejects with code `unauthorized` if the token cannot be renewed and somebody
 * has to sign in again. `renewable: false` says that `refresh` never succeeds.
 *
 * @typedef {{get(): Promise<string>, refresh(): Promise<string>, renewable?: boolean}} Tokens
 */

/**
 * The part of Web Storage that the library uses.
 * @typedef {{getItem(key: string): string | null, setItem(key: string, value: string): void, removeItem(key: string): void}} Store
 */

/** @typedef {'commands' | 'rooms'} Table */

/** @typedef {{id: string, at: number, value: any}} Kept `at` is wall-clock ms; `value` can be cloned */

/**
 * Storage that outlives a reload, by owner and id. Any call may reject; then only the copy is lost.
 *
 * @typedef {object} Storage
 * @property {(table: Table, owner: string) => Promise<Kept[]>} read
 * @property {(table: Table, owner: string, kept: Kept) => Promise<void>} write
 * @property {(table: Table, owner: string, id?: string) => Promise<void>} remove without an id, all of the owner's
 * @property {(table: Table, before: number) => Promise<void>} prune removes what is older, of every owner
 */

/** @typedef {{access_token: string, refresh_token?: string, expires_in: number}} TokenAnswer */

// Links

/**
 * A link to the server, over a WebSocket, streams or polls. All carry the same frames.
 *
 * @typedef {object} Link
 * @property {(frame: any) => boolean} send false if the frame cannot be sent now
 * @property {() => void} wake the page or the network has come back: pings the server
 * @property {(resting: boolean) => void} rest the page is hidden or shown: a hidden one polls less often
 * @property {() => void} keep ends the trial: this is now the client's link
 * @property {(code: number) => void} close releases the link; no event follows
 */

/**
 * How a link ended: a close code, and `refused` if the server itself refused it before `welcome`.
 * @typedef {{code: number, reason?: string, retryAfterMs?: number, refused?: boolean}} End
 */

/** @typedef {{frame: (frame: any) => void, closed: (end: End) => void}} LinkEvents the listener of a link; `closed` is called once */

/** @typedef {{room: string, since?: number, epoch?: string | null}} Subscription a room, and the cursor to resume from */

/**
 * The parts that all links of a client share.
 *
 * @typedef {object} Shared
 * @property {string} origin the server's
 * @property {string} [slug] the restaurant's
 * @property {Tokens} tokens
 * @property {Environment} env
 * @property {() => Subscription[]} cursors of the rooms, to resume from
 * @property {Store} [session] remembers the transport that got through last
 */

/**
 * `trial`: the link is opened beside another one.
 * @typedef {Shared & {token: string, resting: boolean, trial?: boolean, on: LinkEvents}} LinkParts
 */

/** @typedef {(parts: LinkParts) => Link} Opener */

/**
 * The listener of a connection. `up` follows `welcome`, and comes again when a better transport takes over; `frame` comes for
 * every frame, `down` when a link is lost or none could be opened, `stopped` when the connection will not retry by itself.
 *
 * @typedef {object} Listener
 * @property {(welcome: any) => void} up
 * @property {(frame: any) => void} frame
 * @property {(doubted: boolean) => void} doubt whether the server has been silent for too long; the link may still be alive
 * @property {(reason: string) => void} down
 * @property {(reason: string) => void} stopped
 */

// Rooms

/** What a room needs from the server: nothing, the missed events, or a snapshot. @typedef {'none' | 'resume' | 'snapshot'} Need */

/**
 * @typedef {object} SubscriptionHooks
 * @property {(frame: any) => boolean} send
 * @property {() => void} renew requests a new token
 * @property {() => void} settled a room became live, was refused, joined or left
 */

// Commands

/**
 * An unanswered command, as `Orderbell.pending` lists it: its own fields (`item`, `reason` …), `at`, the wall-clock ms of the
 * touch, and `stuck`, whether there is no link or its answer is overdue. An order being placed has the action `place` and its `body`.
 *
 * @typedef {{id: string, action: string, at: number, stuck: boolean, order?: string, visit?: string, item?: string, rush?: boolean, body?: any, shift?: string}} Pending
 */

/** Stores copies of unanswered commands. @typedef {{added(frame: any, at: number): void, settled(id: string): void}} Keeper */

/** @typedef {{pending: Pending, frame: any, sent: boolean, tries: number, settle: {resolve(ack: any): void, reject(error: Error): void}[], patience: any}} Entry patience: a timer */

/**
 * @typedef {object} OutboxHooks
 * @property {(frame: any) => boolean} send
 * @property {(pending: Pending) => boolean} [holds] whether a command is not to be sent yet
 * @property {() => void} renew requests a new token
 * @property {() => void} changed
 * @property {() => void} overdue the server owes an answer, and may be gone
 * @property {(outcome: {pending: Pending, ack?: any, error?: import('./codes.js').OrderbellError}) => void} answered
 * @property {() => number} wallClock ms since 1970
 * @property {() => number} random
 * @property {(task: () => void, ms: number) => any} setTimeout
 * @property {(handle: any) => void} clearTimeout
 */

export {};
