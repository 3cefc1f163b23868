import { compareBytes, equalBytes } from '@anarq/bytes'
import { Fault, failed, type Outcome, ok } from '@anarq/fault'
import type { SigningKey } from '@anarq/qlock'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { type Chain, electorsOf, lastOf, numberOf, sortElectors, withVersion } from './chain.ts'
import {
  type Descriptor,
  encodeDescriptor,
  hashOfElectors,
  mayWrite,
  nameBytesMax,
  type RegisterClass,
  searchName,
  writersMax,
} from './descriptor.ts'
import { type Entry, encodeEntry, hashOfEntry, valueBytesMax, writeEntry } from './entry.ts'
import type { Message } from './messages.ts'
import type { CurrentElectors, Place } from './ports.ts'
import type { RegistersSettings } from './settings.ts'
import type { Shelf } from './shelf.ts'

export type WritingKey = Pick<SigningKey, 'publicKey' | 'sign'>

export type WritingOptions = {
  readonly self: NodeId
  readonly world: World
  readonly settings: RegistersSettings
  readonly shelf: Shelf
  readonly place: Place
  readonly current: CurrentElectors
  send(to: NodeId, kind: Message['kind'], ...body: readonly unknown[]): void
  adopt(chain: Chain, done?: (isDurable: boolean) => void): void
  /** To this node itself, as an elector. */
  offer(chain: Chain, entry: Entry): void
  refresh(chain: Chain, then: (chain: Chain) => void): void
  tell(chain: Chain): void
}

export type Founding = {
  readonly class: RegisterClass
  readonly name: Uint8Array
  readonly value: Uint8Array
  readonly writers?: readonly Uint8Array[]
  readonly key: WritingKey
}

export type Change = { readonly id: Uint8Array; readonly value: Uint8Array; readonly key: WritingKey }

type Then = (outcome: Outcome<Chain>) => void

/** Done when the version stands: at once for a private register, else when its electors decided. */
export type Writing = {
  /** A new register. One of this class, owner and name is another one each time: look first. */
  create(founding: Founding, then: Then): void
  change(change: Change, then: Then): void
}

type Pending = { readonly entry: Entry; then: Then; stop(): void }

const triesAtOnce = 2000

export function createWriting(
  options: WritingOptions,
): Writing & { moved(chain: Chain): void; isPending(chain: Chain): boolean; stop(): void } {
  const { self, world, settings, shelf, place, current, send, adopt } = options
  const pending = new Map<string, Pending>()

  function finish(name: string, outcome: Outcome<Chain>): void {
    const one = pending.get(name)
    pending.delete(name)
    one?.stop()
    one?.then(outcome)
  }

  function write(chain: Chain, value: Uint8Array, key: WritingKey, then: Then): void {
    const last = lastOf(chain)?.entry
    const atMs = Math.max(world.clock.nowMs(), last?.atMs ?? 0)
    const previous = last === undefined ? chain.id : hashOfEntry(last)
    const entry = writeEntry(chain, { version: (last?.version ?? 0) + 1, previous, value, atMs }, key)
    if (chain.descriptor.class !== 'private') {
      propose(chain, entry, then)
      return
    }
    const next = withVersion(chain, { entry, certificate: undefined })
    adopt(next, (isDurable) => {
      if (isDurable) options.tell(next)
      then(
        isDurable
          ? ok(next)
          : failed(
              'unavailable.disk',
              'The disk did not keep the change. See that it has room, and try again.',
            ),
      )
    })
  }

  /** Tells every elector, again and again, until this node hears what was decided. */
  function propose(chain: Chain, entry: Entry, then: Then): void {
    const name = chain.id.toHex()
    const endMs = world.clock.nowMs() + settings.offerMsMax
    let stopTimer = (): void => {}
    pending.set(name, { entry, then, stop: () => stopTimer() })
    const tell = (): void => {
      const now = shelf.get(chain.id)?.chain ?? chain
      if (world.clock.nowMs() > endMs) {
        finish(
          name,
          failed(
            'unavailable.quorum',
            'Not enough of those who decide on this register answered. It may still come to be: look before you try again.',
          ),
        )
        return
      }
      stopTimer = world.after(settings.offerMs, tell)
      const founders = now.founders.map(({ publicKey }) => publicKey)
      for (const { id } of electorsOf(now))
        if (id !== self) send(id, 'offer', encodeDescriptor(now.descriptor), founders, encodeEntry(entry))
      options.offer(now, entry)
    }
    tell()
  }

  function found({ key, value, ...founding }: Founding, then: Then): void {
    const fields = foundedBy(founding, key, place, current)
    const search = searchName(fields.descriptor, settings.workBits, world.random)
    const step = (): void => {
      const named = search.step(triesAtOnce)
      if (named === undefined) {
        world.after(0, step)
        return
      }
      const chain: Chain = { ...named, founders: fields.founders, links: [], versions: [] }
      adopt(chain)
      write(chain, value, key, then)
    }
    step()
  }

  return {
    create(founding, then) {
      try {
        found(founding, then)
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        then({ ok: false, fault: error })
      }
    },
    change({ id, value, key }, then) {
      const held = shelf.get(id)?.chain
      const fault = refusedChange(held, value, key, pending.has(id.toHex()))
      if (held === undefined || fault !== undefined) {
        then({ ok: false, fault: fault ?? missing() })
        return
      }
      const begin = (chain: Chain): void => {
        if (numberOf(chain) > numberOf(shelf.get(id)?.chain ?? held)) adopt(chain)
        if (pending.has(id.toHex())) then({ ok: false, fault: busy() })
        else write(shelf.get(id)?.chain ?? chain, value, key, then)
      }
      // Who decides on it knows the last version; who does not asks first, so as not to propose what is long past.
      if (held.descriptor.class === 'private' || electorsOf(held).some((one) => one.id === self)) begin(held)
      else options.refresh(held, begin)
    },
    moved(chain) {
      const name = chain.id.toHex()
      const one = pending.get(name)
      const outcome = one && outcomeOf(chain, one.entry)
      if (outcome !== undefined) finish(name, outcome)
    },
    isPending: ({ id }) => pending.has(id.toHex()),
    stop() {
      for (const name of [...pending.keys()])
        finish(name, failed('cancelled.stopped', 'This node stopped before the change was decided.'))
    },
  }
}

/** `undefined` until the register has come to that version. */
function outcomeOf(chain: Chain, entry: Entry): Outcome<Chain> | undefined {
  if ((lastOf(chain)?.entry.version ?? 0) < entry.version) return undefined
  const stands = chain.versions.find((one) => one.entry.version === entry.version)
  const isOurs = stands !== undefined && equalBytes(hashOfEntry(stands.entry), hashOfEntry(entry))
  return isOurs
    ? ok(chain)
    : failed(
        'conflict.register',
        'Another change of this register came first, and stands. Look at it, and change it again if you still want to.',
      )
}

function foundedBy(
  { class: of, name, writers = [] }: Omit<Founding, 'key' | 'value'>,
  { publicKey }: WritingKey,
  place: Place,
  current: CurrentElectors,
): { descriptor: Omit<Descriptor, 'work'>; founders: Chain['founders'] } {
  if (name.length === 0 || name.length > nameBytesMax)
    throw new Fault('invalid.register-name', `A register's name has 1 to ${nameBytesMax} bytes.`)
  if (writers.length > writersMax || (of === 'private' && writers.length > 0))
    throw new Fault(
      'invalid.register-writers',
      `At most ${writersMax} others may write to a register, and nobody to a private one.`,
    )
  const home = place.own()
  const draft: Descriptor = {
    class: of,
    owner: publicKey.slice(),
    name,
    writers: [...writers].sort(compareBytes),
    home: home ?? new Uint8Array(32),
    founders: new Uint8Array(of === 'private' ? 0 : 32),
    work: new Uint8Array(8),
  }
  if (home === undefined) throw nobody('This node has no neighbourhood yet. Try again in a minute.')
  if (of === 'private') return { descriptor: draft, founders: [] }
  const now = current(draft)
  if (now === undefined || now.length === 0)
    throw nobody(
      of === 'public'
        ? 'Nobody can decide on a public register before the network has agreed on its relays twice. Try again in an hour.'
        : 'This node has no neighbourhood yet. Try again in a minute.',
    )
  const founders = sortElectors(now)
  return { descriptor: { ...draft, founders: hashOfElectors(founders) }, founders }
}

function refusedChange(
  held: Chain | undefined,
  value: Uint8Array,
  { publicKey }: WritingKey,
  isPending: boolean,
): Fault | undefined {
  if (held === undefined) return missing()
  if (!mayWrite(held.descriptor, publicKey))
    return new Fault(
      'refused.register-writer',
      'Only its owner, and whom it named when it was made, may write to this register.',
    )
  if (value.length > valueBytesMax)
    return new Fault(
      'limit.register-value',
      `A register holds at most ${valueBytesMax} bytes: keep more in the drive, and its name here.`,
    )
  return isPending ? busy() : undefined
}

function busy(): Fault {
  return new Fault('busy.register', 'Another change of this register is being decided. Wait for it.')
}

function missing(): Fault {
  return new Fault(
    'missing.register',
    'This node keeps no such register. Look it up first: anarq net register get REFERENCE',
  )
}

function nobody(message: string): Fault {
  return new Fault('unavailable.electors', message)
}
