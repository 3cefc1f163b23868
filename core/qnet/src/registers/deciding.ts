import { equalBytes } from '@anarq/bytes'
import type { NodeId } from '../node-id.ts'
import { type Agreement, type Certificate, createAgreement, faultsOf, type Signing } from '../swarm/index.ts'
import type { World } from '../world.ts'
import {
  type Chain,
  electorsOf,
  encodeStep,
  lastOf,
  linksMax,
  numberOf,
  readStep,
  type Step,
  sortElectors,
  subjectOf,
} from './chain.ts'
import { hashOfElectors } from './descriptor.ts'
import { type Entry, follows, hashOfEntry, isWritten } from './entry.ts'
import type { CurrentElectors } from './ports.ts'
import type { RegistersSettings } from './settings.ts'
import type { Held, Shelf } from './shelf.ts'

export type DecidingOptions = {
  readonly self: NodeId
  readonly world: World
  readonly signing: Signing
  readonly settings: RegistersSettings
  readonly shelf: Shelf
  readonly current: CurrentElectors
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
type Open = {
  readonly number: number
  agreement: Agreement | undefined
  candidates: Candidate[]
  proposals: number
  /** When another elector last took part. */
  heardMs: number
}

export function createDeciding(options: DecidingOptions): Deciding {
  const { self, world, signing, settings, shelf, current, send } = options
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
    const open: Open = {
      number,
      agreement: undefined,
      candidates,
      proposals: 0,
      heardMs: world.clock.nowMs(),
    }
    opens.set(name, open)
    return open
  }

  function agreementOf(chain: Chain): Agreement | undefined {
    const open = openOf(chain)
    const voted = shelf.voted(chain.id)
    // What this node voted for later steps it voted after it had seen this one: it was in here already, and forgot.
    if (!isElector(chain) || (voted !== undefined && voted.number > open.number)) return undefined
    open.agreement ??= createAgreement({
      subject: subjectOf(chain.id, open.number),
      electorate: electorsOf(chain),
      self,
      world,
      signing,
      roundMs: settings.roundMs,
      kept: voted?.number === open.number ? voted.ballot : undefined,
      keep: (ballot, then) =>
        shelf.vote(chain.id, { number: open.number, ballot }, (isDurable) => {
          if (isDurable) then()
        }),
      send: (to, part) => send(to, chain.id, open.number, part),
      propose: () => propose(chain, open),
      accepts: (value) => isAcceptable(chain, open.number, value),
      decided(value, certificate) {
        const step = readStep(chain.id, value)
        if (step !== undefined) options.decided(chain, step, certificate)
      },
    })
    return open.agreement
  }

  function propose(chain: Chain, { number, candidates, proposals }: Open): Uint8Array | undefined {
    const now = current(chain.descriptor)
    const [candidate] = candidates
    const move = isDue(chain, now, candidate !== undefined) ? (now as NonNullable<typeof now>) : undefined
    openOf(chain).proposals = proposals + 1
    // Where the others do not see the same electors yet, a change need not wait for it.
    if (move !== undefined && (proposals % 2 === 0 || candidate === undefined))
      return encodeStep(chain.id, { number, electors: sortElectors(move) })
    return candidate && encodeStep(chain.id, { number, entry: candidate.entry })
  }

  function isAcceptable(chain: Chain, number: number, value: Uint8Array): boolean {
    const step = readStep(chain.id, value)
    if (step?.number !== number) return false
    if ('entry' in step)
      return follows(chain, step.entry, lastOf(chain)?.entry) && isWritten(chain, step.entry)
    const now = current(chain.descriptor)
    if (now === undefined || shelf.isFull() || chain.links.length >= linksMax) return false
    return isSame(step.electors, sortElectors(now)) && !isSame(step.electors, electorsOf(chain))
  }

  /** Its time is its writer's word; that it is about now is what the electors sign with it. */
  function isNext(chain: Chain, entry: Entry): boolean {
    const offMs = Math.abs(entry.atMs - world.clock.nowMs())
    return offMs <= settings.skewMs && follows(chain, entry, lastOf(chain)?.entry)
  }

  /** Whether there is anything to decide; if so, it begins. */
  function look(chain: Chain): void {
    const { candidates } = openOf(chain)
    if (candidates.length > 0 || isDue(chain, current(chain.descriptor), false)) agreementOf(chain)?.start()
  }

  return {
    offer(chain, entry) {
      if (!isElector(chain)) return
      const { candidates } = openOf(chain)
      const name = hashOfEntry(entry).toHex()
      const isKnown = candidates.some((one) => hashOfEntry(one.entry).toHex() === name)
      if (
        !isKnown &&
        (!isNext(chain, entry) || candidates.length >= candidatesMax || !isWritten(chain, entry))
      )
        return
      if (!isKnown) candidates.push({ entry, untilMs: world.clock.nowMs() + 2 * settings.offerMsMax })
      look(chain)
    },
    receive(from, chain, number, part) {
      const next = numberOf(chain) + 1
      if (number !== next) return number > next ? 'behind' : 'ahead'
      openOf(chain).heardMs = world.clock.nowMs()
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
      const isIdle =
        isQuiet && open.candidates.length === 0 && !isDue(chain, current(chain.descriptor), false)
      const voted = shelf.voted(chain.id)
      // What somebody may have decided already is brought to its end; what nobody wants any more is not.
      const isLocked = voted?.number === open.number && voted.ballot.lock !== undefined
      if (isIdle && isLocked) agreementOf(chain)?.start()
      else if (isIdle && open.agreement !== undefined) {
        open.agreement.end()
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

/**
 * Whether others should decide from now on. Each such step is a certificate more for ever, so it waits until half of those who may
 * fail are gone, or there could be half as many again. A public change first goes to the committee of its period.
 */
export function isDue(
  chain: Chain,
  now: readonly { readonly id: NodeId; readonly publicKey: Uint8Array }[] | undefined,
  isChanging: boolean,
): boolean {
  const { links, descriptor } = chain
  const electors = electorsOf(chain)
  if (now === undefined || electors.length === 0 || links.length >= linksMax || numberOf(chain) === 0)
    return false
  if (now.length === 0) return false
  const there = new Set(now.map(({ id }) => id))
  const gone = electors.filter(({ id }) => !there.has(id)).length
  if (gone > 0 && 2 * gone > faultsOf(electors.length)) return true
  if (2 * now.length >= 3 * electors.length) return true
  const isOther = gone > 0 || now.length !== electors.length
  return descriptor.class === 'public' && isChanging && isOther
}

function isSame(
  a: readonly { readonly publicKey: Uint8Array }[],
  b: readonly { readonly publicKey: Uint8Array }[],
): boolean {
  return equalBytes(hashOfElectors(a), hashOfElectors(b))
}
