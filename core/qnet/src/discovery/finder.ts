import { equalBytes } from '@anarq/bytes'
import type { NodeId } from '../node-id.ts'
import { textOfNodeId } from '../node-id.ts'
import type { NodeRecord } from '../record/index.ts'
import type { Asks } from './asks.ts'
import type { Directory } from './directory.ts'
import { idBytes, isNearer } from './distance.ts'
import type { Intake } from './intake.ts'
import { createLookup } from './lookup.ts'
import { foundPerMessage, type Message } from './messages.ts'
import {
  createPointerStore,
  keyOfPointer,
  parsePointer,
  type SignedPointer,
  type VerifyPointer,
} from './pointers.ts'
import type { Routing } from './routing.ts'
import type { DiscoverySettings } from './settings.ts'

/** Look-ups by id and by key, and the pointers that lie near their keys. */
export type Finder = {
  /** The record of this node, newest of what was found; `undefined` where nobody knows it. */
  find(id: NodeId, done: (record: NodeRecord | undefined) => void): void
  /** The nodes nearest to a target that answered. */
  nearest(target: Uint8Array, done: (ids: readonly NodeId[]) => void): void
  /** Stores it with the nodes nearest to its key; `done` hears how many were told. */
  publish(signed: SignedPointer, done: (told: number) => void): void
  /** The newest that its subject signed, of all that were found. */
  resolve(subject: string, done: (signed: SignedPointer | undefined) => void): void
  receive(from: NodeId, message: Extract<Message, { kind: 'find' | 'get' | 'put' }>): void
  readonly pointers: number
}

export type FinderOptions = {
  readonly self: NodeId
  readonly directory: Directory
  readonly routing: Routing
  readonly intake: Intake
  readonly asks: Asks
  readonly settings: DiscoverySettings
  nowMs(): number
  send(to: NodeId, message: Message): void
  verifyPointer: VerifyPointer
  blame(from: NodeId, error: unknown): void
  failed(id: NodeId): void
  /** A true record, whether it is held or not: the wire is to find the way to this node. */
  met(record: NodeRecord): void
}

const holdersMax = 8
const lookupsMax = 64
const verifyingMax = 64
/** A record is believed to be the newest once so many have given it. */
const findersEnough = 2

export function createFinder(options: FinderOptions): Finder {
  const { self, directory, routing } = options
  const store = createPointerStore(self, options.settings.pointersMax)

  const run = createRunner(options)
  const verify = createVerifier(options.verifyPointer)

  return {
    get pointers() {
      return store.size
    },
    find(id, done) {
      const held = directory.get(id)?.record
      if (held !== undefined) {
        done(held)
        return
      }
      let newest: NodeRecord | undefined
      let times = 0
      const record = (one: NodeRecord): void => {
        if (one.id !== id) return
        times += 1
        if (newest === undefined || one.sequence > newest.sequence) newest = one
      }
      const search = { ...nothing, kind: 'find' as const, target: idBytes(id), record }
      run({ ...search, isFound: () => times >= findersEnough }, () => done(newest))
    },
    nearest: (target, done) => run({ ...nothing, kind: 'find', target }, done),
    publish(signed, done) {
      run({ ...nothing, kind: 'find', target: keyOfPointer(signed.pointer.subject) }, (ids) => {
        store.put(signed, options.nowMs(), options.settings.skewMs)
        for (const id of ids) options.send(id, { kind: 'put', pointer: signed.bytes })
        done(ids.length)
      })
    },
    resolve(subject, done) {
      const target = keyOfPointer(subject)
      const found: SignedPointer[] = []
      const pointer = (signed: SignedPointer): void => {
        const isTimely = signed.pointer.subject === subject && signed.pointer.expiresMs >= options.nowMs()
        if (isTimely && !found.some((one) => equalBytes(one.bytes, signed.bytes))) found.push(signed)
      }
      const own = store.get(target, options.nowMs())
      if (own !== undefined) pointer(own)
      run({ ...nothing, kind: 'get', target, pointer }, () => {
        const newestFirst = found.sort((a, b) => b.pointer.sequence - a.pointer.sequence)
        firstTrue(newestFirst, verify, done)
      })
    },
    receive(from, message) {
      if (message.kind !== 'put') {
        answer(
          options,
          from,
          message,
          message.kind === 'get' ? store.get(message.target, options.nowMs()) : undefined,
        )
        return
      }
      const signed = parsePointer(message.pointer)
      const key = keyOfPointer(signed.pointer.subject)
      const nearer = routing.closest(key, 2 * holdersMax + 1)
      // Far from here others are to hold it: what is thrown at everybody would fill everybody.
      const isFar = nearer.length > 2 * holdersMax && !isNearer(key, self, nearer.at(-1) as NodeId)
      if (isFar || !store.wouldTake(signed, options.nowMs(), options.settings.skewMs)) return
      verify(signed, (isTrue) => {
        if (isTrue) store.put(signed, options.nowMs(), options.settings.skewMs)
        else options.blame(from, 'refused.signature')
      })
    },
  }
}

type Search = {
  readonly kind: 'find' | 'get'
  readonly target: Uint8Array
  isFound(): boolean
  pointer(signed: SignedPointer): void
  record(record: NodeRecord): void
}

const nothing: Pick<Search, 'isFound' | 'pointer' | 'record'> = {
  isFound: () => false,
  pointer: () => {},
  record: () => {},
}

type Run = (search: Search, done: (ids: readonly NodeId[]) => void) => void

/** Runs look-ups, a bounded number at a time. */
function createRunner(options: FinderOptions): Run {
  const { self, directory, routing, asks } = options
  let running = 0
  return (search, done) => {
    if (running >= lookupsMax) {
      done([])
      return
    }
    running += 1
    const start = routing.closest(search.target, 24).flatMap((id) => directory.get(id) ?? [])
    const lookup = createLookup({
      target: search.target,
      self,
      start: start.map(({ record, group }) => ({ id: record.id, group })),
    })
    let isOver = false
    const ask = (id: NodeId): void =>
      asks.ask(
        id,
        (nonce) => ({ kind: search.kind, nonce, target: search.target }),
        (answer) => {
          if (answer?.kind === 'found') lookup.answered(id, takeFound(options, id, answer, search))
          else lookup.failed(id)
          if (answer === undefined) options.failed(id)
          step()
        },
      )
    const step = (): void => {
      if (isOver) return
      for (const id of lookup.next()) ask(id)
      if (isOver || !(lookup.isDone || search.isFound())) return
      isOver = true
      running -= 1
      done(lookup.closest())
    }
    step()
  }
}

/** At most so many questions to the host at a time; what is beyond is not believed. */
function createVerifier(verifyPointer: VerifyPointer): VerifyPointer {
  let verifying = 0
  return (signed, verdict) => {
    if (verifying >= verifyingMax) {
      verdict(false)
      return
    }
    verifying += 1
    let isOver = false
    verifyPointer(signed, (isTrue) => {
      if (isOver) return
      isOver = true
      verifying -= 1
      verdict(isTrue)
    })
  }
}

/** The records of an answer that are true, so that the look-up goes on with them. */
function takeFound(
  { intake, blame, met }: FinderOptions,
  from: NodeId,
  found: Extract<Message, { kind: 'found' }>,
  search: Search,
): NodeRecord[] {
  try {
    if (found.pointer !== undefined) search.pointer(parsePointer(found.pointer))
    const records = found.records.flatMap((bytes) => intake.take(bytes, from) ?? [])
    for (const record of records) {
      search.record(record)
      met(record)
    }
    return records
  } catch (error) {
    blame(from, error)
    return []
  }
}

function answer(
  { directory, routing, send }: FinderOptions,
  to: NodeId,
  { nonce, target }: { nonce: number; target: Uint8Array },
  pointer: SignedPointer | undefined,
): void {
  const exact = directory.get(textOfNodeId(target))
  const near = routing.closest(target, foundPerMessage).flatMap((id) => directory.get(id) ?? [])
  const entries = exact === undefined ? near : [exact, ...near.filter((entry) => entry !== exact)]
  const records = entries
    .filter(({ record }) => record.id !== to)
    .slice(0, foundPerMessage)
    .map(({ record }) => record.bytes)
  send(to, { kind: 'found', nonce, records, pointer: pointer?.bytes })
}

function firstTrue(
  candidates: readonly SignedPointer[],
  verify: (signed: SignedPointer, verdict: (isTrue: boolean) => void) => void,
  done: (signed: SignedPointer | undefined) => void,
): void {
  const [first, ...rest] = candidates
  if (first === undefined) {
    done(undefined)
    return
  }
  verify(first, (isTrue) => (isTrue ? done(first) : firstTrue(rest, verify, done)))
}
