import type { World } from '../world.ts'
import type { Place } from './place.ts'
import type { Account, Standing } from './standing.ts'
import type { BlockNote, Store } from './store.ts'

/**
 * Why a holder did not take a block: it has no room (`full`), whoever it is for has its share here (`share`), or the disk
 * failed (`disk`).
 */
export type Refusal = 'disk' | 'full' | 'share'

export type Holding = {
  /** `done` is told nothing where it is durable. */
  keep(home: Place, key: Uint8Array, bytes: Uint8Array, done: (why: Refusal | undefined) => void): void
  forget(note: BlockNote): void
  bytes(): number
  tick(): void
}

export type HoldingOptions = {
  readonly world: World
  readonly store: Store
  readonly standing: Pick<Standing, 'accountOf'>
  readonly bytesMax: number
  /** One node that has a seat gets at most this part of it: 1 / so much. */
  readonly seatedPart: number
}

/** Of all that is held: most for a node that has no seat, and for all of those together. */
const strangerPart = 64
const strangersPart = 8

/**
 * Who gives comes first: the owner's node has a seat among neighbours that challenge it, or it is a stranger with a newcomer's
 * allowance, and the first to go when there is no room for those who give. Shares are counted anew each tick, as seats change.
 */
export function createHolding({ world, store, standing, bytesMax, seatedPart }: HoldingOptions): Holding {
  const storing = new Map<string, ((why: Refusal | undefined) => void)[]>()
  const ofHome = new Map<string, number>()
  const homes = new Map<string, Place>()
  let held = 0
  let ofAccount = new Map<string, number>()
  let ofStrangers = 0

  const count = ({ home }: Pick<BlockNote, 'home'>, bytes: number): void => {
    held += bytes
    const name = home.toHex()
    homes.set(name, home)
    ofHome.set(name, (ofHome.get(name) ?? 0) + bytes)
  }
  const charge = ({ name, isSeated }: Account, bytes: number): void => {
    ofAccount.set(name, (ofAccount.get(name) ?? 0) + bytes)
    if (!isSeated) ofStrangers += bytes
  }
  function recount(): void {
    ofAccount = new Map()
    ofStrangers = 0
    for (const [name, bytes] of ofHome) {
      if (bytes === 0) {
        ofHome.delete(name)
        homes.delete(name)
      } else charge(standing.accountOf(homes.get(name) as Place), bytes)
    }
  }

  function refusalOf(account: Account, bytes: number): Refusal | undefined {
    const part = bytesMax / (account.isSeated ? seatedPart : strangerPart)
    if ((ofAccount.get(account.name) ?? 0) + bytes > part) return 'share'
    if (!account.isSeated && ofStrangers + bytes > bytesMax / strangersPart) return 'share'
    if (held + bytes <= bytesMax) return undefined
    return account.isSeated && makeRoom(held + bytes - bytesMax) ? undefined : 'full'
  }

  /** Strangers' blocks go, some more than needed, since finding them takes a look at all. */
  function makeRoom(bytes: number): boolean {
    if (ofStrangers < bytes) return false
    const untilBytes = Math.max(0, held - Math.max(bytes, Math.min(ofStrangers, bytesMax / strangerPart)))
    for (const note of [...store.notes()]) {
      if (held <= untilBytes) break
      if (!standing.accountOf(note.home).isSeated) forget(note)
    }
    recount()
    return true
  }

  function forget(note: BlockNote): void {
    if (store.find(note) === undefined) return
    count(note, -note.bytes)
    store.delete(note)
  }

  for (const note of store.notes()) count(note, note.bytes)
  recount()
  return {
    keep(home, key, bytes, done) {
      const name = `${key.toHex()}${home.toHex()}`
      const waiting = storing.get(name)
      if (waiting !== undefined) {
        waiting.push(done)
        return
      }
      const note: BlockNote = { key, home, bytes: bytes.length, wantedMs: world.clock.nowMs(), goesMs: 0 }
      const before = store.find(note)
      if (before !== undefined) {
        if (before.goesMs !== 0) store.renew(note)
        done(undefined)
        return
      }
      const account = standing.accountOf(home)
      const refusal = refusalOf(account, bytes.length)
      if (refusal !== undefined) {
        done(refusal)
        return
      }
      count(note, bytes.length)
      charge(account, bytes.length)
      const all = [done]
      storing.set(name, all)
      store.put(note, bytes, (isDurable) => {
        storing.delete(name)
        if (!isDurable) count(note, -bytes.length)
        for (const one of all) one(isDurable ? undefined : 'disk')
      })
    },
    forget,
    bytes: () => held,
    tick: recount,
  }
}
