/** Locks of RFC 4918, section 6, as a pure state machine: a table in, a table out, and time as an argument. */
export type Lock = {
  readonly token: string
  /** A path without a slash at its end; what is below it begins with it and a slash. */
  readonly root: string
  /** Depth infinity: all below it too, also what comes later. */
  readonly isDeep: boolean
  readonly scope: 'exclusive' | 'shared'
  /** The key that made it: nobody else may use its token. */
  readonly by: string
  /** What the client says of itself, as XML. */
  readonly owner: string
  readonly timeoutMs: number
  readonly untilMs: number
}

export type LockTable = readonly Lock[]

export type LockRequest = Omit<Lock, 'untilMs'>

export type LockOutcome =
  | { readonly table: LockTable; readonly lock: Lock }
  | { readonly conflict: Lock }
  | { readonly isFull: true }

export const lockLimits = { all: 10_000, ofOne: 1000 }

/** What a request would change, for `lockAgainst`. */
export type Change = {
  readonly path: string
  /** It takes away, or replaces, everything below too. */
  readonly isDeep: boolean
  /** Its folder gets or loses a member. */
  readonly isMembership: boolean
}

export function withoutExpired(table: LockTable, nowMs: number): LockTable {
  return table.some(({ untilMs }) => untilMs <= nowMs)
    ? table.filter(({ untilMs }) => untilMs > nowMs)
    : table
}

export function takeLock(before: LockTable, request: LockRequest, nowMs: number): LockOutcome {
  const table = withoutExpired(before, nowMs)
  const near = request.isDeep
    ? [...locksOn(table, request.root), ...locksBelow(table, request.root)]
    : locksOn(table, request.root)
  const conflict = near.find(({ scope }) => scope === 'exclusive' || request.scope === 'exclusive')
  if (conflict !== undefined) return { conflict }
  const own = table.filter(({ by }) => by === request.by).length
  if (table.length >= lockLimits.all || own >= lockLimits.ofOne) return { isFull: true }
  const lock = { ...request, untilMs: nowMs + request.timeoutMs }
  return { table: [...table, lock], lock }
}

/** Undefined where the token is of no lock of this key that is on the path. */
export function refreshLock(
  before: LockTable,
  { token, path, by, timeoutMs }: { token: string; path: string; by: string; timeoutMs: number },
  nowMs: number,
): { table: LockTable; lock: Lock } | undefined {
  const table = withoutExpired(before, nowMs)
  const old = locksOn(table, path).find((lock) => lock.token === token && lock.by === by)
  if (old === undefined) return undefined
  const lock = { ...old, timeoutMs, untilMs: nowMs + timeoutMs }
  return { table: table.map((one) => (one === old ? lock : one)), lock }
}

/** As `refreshLock`. */
export function releaseLock(
  before: LockTable,
  { token, path, by }: { token: string; path: string; by: string },
  nowMs: number,
): LockTable | undefined {
  const table = withoutExpired(before, nowMs)
  const lock = locksOn(table, path).find((one) => one.token === token && one.by === by)
  return lock === undefined ? undefined : table.filter((one) => one !== lock)
}

/** After what was there is gone: its own locks too, unless something else took its place. */
export function dropLocks(
  table: LockTable,
  path: string,
  { isReplaced }: { isReplaced: boolean },
): LockTable {
  return table.filter(({ root }) => !(root.startsWith(`${path}/`) || (root === path && !isReplaced)))
}

/** Those that hold for a path: its own, and deep ones above it. */
export function locksOn(table: LockTable, path: string): Lock[] {
  return table.filter(({ root, isDeep }) => root === path || (isDeep && path.startsWith(`${root}/`)))
}

/** Those whose root lies below a path. */
export function locksBelow(table: LockTable, path: string): Lock[] {
  return table.filter(({ root }) => root.startsWith(`${path}/`))
}

/** The first lock whose token is missing among the ones that this key submits; undefined where the change may be made. */
export function lockAgainst(
  table: LockTable,
  { path, isDeep, isMembership }: Change,
  { tokens, by }: { tokens: ReadonlySet<string>; by: string },
): Lock | undefined {
  const places = [
    path,
    ...(isMembership ? [path.slice(0, path.lastIndexOf('/'))] : []),
    ...(isDeep ? locksBelow(table, path).map(({ root }) => root) : []),
  ]
  for (const place of places) {
    const locks = locksOn(table, place)
    const isHeld = (lock: Lock): boolean => lock.by === by && tokens.has(lock.token)
    const exclusive = locks.find((lock) => lock.scope === 'exclusive' && !isHeld(lock))
    if (exclusive !== undefined) return exclusive
    const shared = locks.filter(({ scope }) => scope === 'shared')
    if (shared.length > 0 && !shared.some(isHeld)) return shared[0]
  }
  return undefined
}
