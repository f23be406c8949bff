// What the modules of the library say to each other. Types alone: nothing loads this file at run time.

/**
 * What the library needs from around it. Times are ms; `now` is monotonic.
 *
 * @typedef {object} Surroundings
 * @property {new (url: string, protocols: string[]) => any} WebSocket
 * @property {typeof globalThis.fetch} fetch
 * @property {() => number} now
 * @property {() => number} random in [0, 1)
 * @property {(task: () => void, ms: number) => any} setTimeout
 * @property {(handle: any) => void} clearTimeout
 * @property {LockManager | null} locks shared by the tabs of a browser, where it has any
 * @property {any} BroadcastChannel a constructor, where there is one: heard by the other tabs
 */

/** @typedef {'connecting' | 'live' | 'checking' | 'catching-up' | 'offline' | 'stopped'} State */

/** @typedef {'websocket' | 'stream' | 'poll'} Transport */

/**
 * @typedef {object} Options
 * @property {string} url the server's origin, such as `location.origin`
 * @property {Tokens} tokens
 * @property {string} [slug] the restaurant's: without a WebSocket, orders are placed and waiters called under it
 * @property {IDBFactory | Storage | null} [storage] outlives a reload: unanswered commands and rooms are kept there
 * @property {string} [storageKey] whose they are: one for each principal, since an id is safe only for who made it
 * @property {boolean} [resume] reads what was kept before it connects, so that big rooms go on from their cursors;
 *   without it that is read when the link is up, or is not to be had
 * @property {Store} [session] such as `sessionStorage`, one that never throws: remembers the transport that got through, so that
 *   a reload begins with it
 * @property {LockManager | null} [locks] such as `navigator.locks`, which it is if nothing is given
 * @property {string} [version] the page's own, as its `<meta name="orderbell-version">` has it
 * @property {any} [WebSocket] a WebSocket constructor
 * @property {any} [BroadcastChannel] a BroadcastChannel constructor
 * @property {typeof globalThis.fetch} [fetch]
 * @property {() => number} [random] in [0, 1)
 * @property {() => number} [now] monotonic ms
 * @property {() => number} [wallClock] ms since 1970
 * @property {(task: () => void, ms: number) => any} [setTimeout]
 * @property {(handle: any) => void} [clearTimeout]
 */

/**
 * Where a connection gets its token. `refresh` rejects with code `unauthorized` when there is nothing left to
 * renew with: someone has to sign in again. `renewable: false` says that `refresh` never succeeds.
 *
 * @typedef {{get(): Promise<string>, refresh(): Promise<string>, renewable?: boolean}} Tokens
 */

/**
 * The part of Web Storage that is used.
 * @typedef {{getItem(key: string): string | null, setItem(key: string, value: string): void, removeItem(key: string): void}} Store
 */

/** @typedef {'commands' | 'rooms'} Table */

/** @typedef {{id: string, at: number, value: any}} Kept `at` is wall-clock ms; `value` can be cloned */

/**
 * What outlives a reload, by owner and id. Any call may reject, which costs the copy and nothing else.
 *
 * @typedef {object} Storage
 * @property {(table: Table, owner: string) => Promise<Kept[]>} read
 * @property {(table: Table, owner: string, kept: Kept) => Promise<void>} write
 * @property {(table: Table, owner: string, id?: string) => Promise<void>} remove without an id all of the owner's
 * @property {(table: Table, before: number) => Promise<void>} prune what is older, of every owner
 */

/** @typedef {{access_token: string, refresh_token?: string, expires_in: number}} TokenAnswer */

// Links

/**
 * One link to the server, whatever carries it: a WebSocket, streams or polls. Frames go in and out, the same on all.
 *
 * @typedef {object} Link
 * @property {(frame: any) => boolean} send false when it cannot be sent now
 * @property {() => void} wake page or network came back: a sign of life is asked for
 * @property {(resting: boolean) => void} rest nobody is looking: what costs the most may wait
 * @property {() => void} keep it was a trial, and is now the client's link
 * @property {(code: number) => void} close lets go; nothing more is told
 */

/**
 * How a link came to its end: a close code, and `refused` when the server itself said no before `welcome`.
 * @typedef {{code: number, reason?: string, retryAfterMs?: number, refused?: boolean}} End
 */

/** @typedef {{frame: (frame: any) => void, closed: (end: End) => void}} Ear what a link tells; `closed` once */

/** @typedef {{room: string, since?: number, epoch?: string | null}} Wish a room, and the cursor to go on from */

/**
 * What every link of a client shares.
 *
 * @typedef {object} Shared
 * @property {string} origin the server's
 * @property {string} [slug] the restaurant's
 * @property {Tokens} tokens
 * @property {Surroundings} around
 * @property {() => Wish[]} wishes the rooms, and from where
 * @property {Store} [session] remembers the transport that got through last
 */

/** @typedef {Shared & {token: string, resting: boolean, trial?: boolean, on: Ear}} LinkParts trial: beside another link */

/** @typedef {(parts: LinkParts) => Link} Opener */

/**
 * What a connection tells: `up` after `welcome`, and again when a better transport takes over; `frame` for every frame,
 * `down` when a link is lost or none could be opened, `stopped` when it will not come back by itself.
 *
 * @typedef {object} Listener
 * @property {(welcome: any) => void} up
 * @property {(frame: any) => void} frame
 * @property {(doubted: boolean) => void} doubt whether the server has been silent for too long; the link may still be alive
 * @property {(reason: string) => void} down
 * @property {(reason: string) => void} stopped
 */

// Rooms

/** What a room asks of its connection: nothing, the missed events, or everything anew. @typedef {'none' | 'resume' | 'snapshot'} Need */

/**
 * @typedef {object} SubscriptionWays
 * @property {(frame: any) => boolean} send
 * @property {() => void} renew asks for a new token
 * @property {() => void} settled a room has gone live, was refused, joined or left
 */

// Commands

/**
 * An unanswered command, as `Orderbell.pending` lists it: its own fields (`item`, `reason` …), and `at`, the
 * wall-clock ms of the touch. An order being placed has the action `place` and its `body`.
 *
 * @typedef {{id: string, action: string, at: number, order?: string, item?: string, rush?: boolean, body?: any}} Pending
 */

/** Who keeps a copy of what waits. @typedef {{added(frame: any, at: number): void, settled(id: string): void}} Keeper */

/** @typedef {{pending: Pending, frame: any, sent: boolean, tries: number, settle: {resolve(ack: any): void, reject(error: Error): void}[]}} Entry */

/**
 * @typedef {object} OutboxWays
 * @property {(frame: any) => boolean} send
 * @property {() => void} renew asks for a new token
 * @property {() => void} changed
 * @property {(outcome: {pending: Pending, ack?: any, error?: import('./codes.js').OrderbellError}) => void} answered
 * @property {() => number} wallClock ms since 1970
 * @property {() => number} random
 * @property {(task: () => void, ms: number) => any} setTimeout
 * @property {(handle: any) => void} clearTimeout
 */

export {};
