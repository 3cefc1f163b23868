import type { NodeId } from '../node-id.ts'
import { type Agreement, type Certificate, createAgreement, type Signing } from '../swarm/index.ts'
import type { World } from '../world.ts'
import { type Chain, electorsOf, lastOf, numberOf, readStep, type Step, subjectOf } from './chain.ts'
import { type Entry, follows, hashOfEntry, isWritten } from './entry.ts'
import type { Judging } from './judging.ts'
import type { RegistersSettings } from './settings.ts'
import type { Held, Shelf } from './shelf.ts'

export type DecidingOptions = {
  readonly self: NodeId
  readonly world: World
  readonly signing: Signing
  readonly settings: RegistersSettings
  readonly shelf: Shelf
  readonly judging: Judging
  send(to: NodeId, id: Uint8Array, number: number, part: readonly unknown[]): void
  decided(chain: Chain, step: Step, certificate: Certificate): void
}

/** This node's part in deciding the next step of each register that it is an elector of. */
export type Deciding = {
  /** A version that its writer wants to be the next. */
  offer(chain: Chain, entry: Entry): void
  receive(from: NodeId, chain: Chain, number: number, part: readonly unknown[]): 'ahead' | 'behind' | 'taken'
  /** The register is at another step now: what was being decided is. */
  moved(chain: Chain): void
  /** True where there is nothing to decide. */
  tick(held: Held): boolean
  stop(): void
}

/** Of one register: more than the writers that race, and no more than somebody can make us check. */
const candidatesMax = 4

type Candidate = { readonly entry: Entry; readonly untilMs: number }

/** The next step of one register, while it is being decided. */
type Open = {
  readonly number: number
  agreement: Agreement | undefined
  candidates: Candidate[]
  attempts: number
  /** When another elector last took part. */
  heardMs: number
}

export function createDeciding(options: DecidingOptions): Deciding {
  const { self, world, settings, shelf, judging } = options
  const opens = new Map<string, Open>()

  const isElector = (chain: Chain): boolean => electorsOf(chain).some(({ id }) => id === self)

  function openOf(chain: Chain): Open {
    const name = chain.id.toHex()
    const number = numberOf(chain) + 1
    const known = opens.get(name)
    if (known?.number === number) return known
    known?.agreement?.end()
    const last = lastOf(chain)?.entry
    const candidates = known?.candidates.filter(({ entry }) => follows(chain, entry, last)) ?? []
    const heardMs = world.clock.nowMs()
    const open: Open = { number, agreement: undefined, candidates, attempts: 0, heardMs }
    opens.set(name, open)
    return open
  }

  function agreementOf(chain: Chain): Agreement | undefined {
    const open = openOf(chain)
    const voted = shelf.voted(chain.id)
    // What this node voted for later steps it voted after it had seen this one: it was in here already, and forgot.
    if (!isElector(chain) || (voted !== undefined && voted.number > open.number)) return undefined
    open.agreement ??= agreementOn(chain, open, options)
    return open.agreement
  }

  /** Whether there is anything to decide; if so, it begins. */
  function look(chain: Chain): void {
    const isWanted = openOf(chain).candidates.length > 0 || judging.isDue(chain, false)
    if (isWanted) agreementOf(chain)?.start()
  }

  return {
    offer(chain, entry) {
      if (!isElector(chain)) return
      const { candidates } = openOf(chain)
      const name = hashOfEntry(entry).toHex()
      if (!candidates.some((one) => hashOfEntry(one.entry).toHex() === name)) {
        const isTaken = candidates.length < candidatesMax && judging.isNext(chain, entry)
        if (!isTaken || !isWritten(chain, entry)) return
        candidates.push({ entry, untilMs: world.clock.nowMs() + 2 * settings.offerMsMax })
      }
      look(chain)
    },
    receive(from, chain, number, part) {
      const open = openOf(chain)
      if (number !== open.number) return number > open.number ? 'behind' : 'ahead'
      open.heardMs = world.clock.nowMs()
      agreementOf(chain)?.receive(from, part)
      return 'taken'
    },
    moved: look,
    tick({ chain }) {
      const open = openOf(chain)
      const nowMs = world.clock.nowMs()
      open.candidates = open.candidates.filter(({ untilMs }) => untilMs > nowMs)
      look(chain)
      // Somebody may have what did not come here: whoever does not take part holds the others up.
      const isQuiet = nowMs - open.heardMs > settings.offerMsMax
      const isIdle = isQuiet && open.candidates.length === 0 && !judging.isDue(chain, false)
      const voted = shelf.voted(chain.id)
      // What somebody may have decided already is brought to its end; what nobody wants any more is not.
      const isLocked = voted?.number === open.number && voted.ballot.lock !== undefined
      if (isIdle && isLocked) agreementOf(chain)?.start()
      else if (isIdle) {
        open.agreement?.end()
        open.agreement = undefined
      }
      return isIdle && !isLocked
    },
    stop() {
      for (const { agreement } of opens.values()) agreement?.end()
      opens.clear()
    },
  }
}

function agreementOn(chain: Chain, open: Open, options: DecidingOptions): Agreement {
  const { self, world, signing, settings, shelf, judging, send } = options
  const { number } = open
  const voted = shelf.voted(chain.id)
  return createAgreement({
    subject: subjectOf(chain.id, number),
    electorate: electorsOf(chain),
    self,
    world,
    signing,
    roundMs: settings.roundMs,
    kept: voted?.number === number ? voted.ballot : undefined,
    keep: (ballot, then) =>
      shelf.vote(chain.id, { number, ballot }, (isDurable) => {
        if (isDurable) then()
      }),
    send: (to, part) => send(to, chain.id, number, part),
    propose() {
      const attempt = open.attempts
      open.attempts += 1
      return judging.proposal(chain, open.candidates[0]?.entry, attempt)
    },
    accepts: (value) => judging.accepts(chain, number, value),
    decided(value, certificate) {
      const step = readStep(chain.id, value)
      if (step !== undefined) options.decided(chain, step, certificate)
    },
  })
}
