import { toHex } from '@anarq/bytes'
import type { NodeId } from '../node-id.ts'
import { groupOfHost, type NodeAddress } from '../record/index.ts'
import type { World } from '../world.ts'
import { type Control, nonceBytes, type ProbeOutcome } from './messages.ts'

/**
 * Can others dial this node? It asks some, in different networks, to dial it back with a number, and hears the number at its
 * door or does not. Who is asked dials only the host that the asker's link comes from, once, and rarely: nobody can be made
 * to send anything to a third party. What it cannot tell: a router that filters by address alone lets in those who are asked,
 * since its host has a link to them; one that filters by port, as nearly all do for TCP, does not.
 */
export type Reachability = 'reachable' | 'unknown' | 'unreachable'

export type Prober = {
  /** Asks these, at most one of a network; `done` hears what came of it. */
  ask(addresses: readonly NodeAddress[], peers: readonly NodeId[], done: (result: Reachability) => void): void
  /** At our door somebody dialled and showed this number. */
  arrived(nonce: Uint8Array): void
  receive(from: NodeId, message: Extract<Control, { kind: 'probe' | 'probed' }>): void
}

export type ProberOptions = {
  readonly world: World
  /** The address that the peer's link comes from, as we see it. */
  observed(peer: NodeId): NodeAddress | undefined
  groupOf(peer: NodeId): string
  tell(to: NodeId, message: Control): void
  /** To be dialled once, shown the number, and hung up. */
  dialBack(address: NodeAddress, nonce: Uint8Array): void
}

const askedMax = 4
const timeoutMs = 15_000
/** Dials that we make for others: one of a network in a while, and few in all. */
const dialsPerGroupMs = 30_000
const dialsPerMinuteMax = 20
const groupsMax = 1024

type Question = { readonly from: NodeId; outcome: ProbeOutcome | undefined; hasArrived: boolean }

export function createProber(options: ProberOptions): Prober {
  const { world } = options
  const open = new Map<string, Question>()
  const groups = new Map<string, number>()
  let dialsLately = 0

  const mayDial = (host: string): boolean => {
    const group = groupOfHost(host)
    const agoMs = world.clock.nowMs() - (groups.get(group) ?? Number.NEGATIVE_INFINITY)
    if ((agoMs >= 0 && agoMs < dialsPerGroupMs) || dialsLately >= dialsPerMinuteMax) return false
    groups.delete(group)
    groups.set(group, world.clock.nowMs())
    if (groups.size > groupsMax) groups.delete(groups.keys().next().value as string)
    dialsLately += 1
    world.after(60_000, () => {
      dialsLately -= 1
    })
    return true
  }
  const answer = (from: NodeId, nonce: Uint8Array, addresses: readonly NodeAddress[]): ProbeOutcome => {
    const host = options.observed(from)?.host
    const address = addresses.find((one) => one.host === host)
    if (address === undefined) return 'foreign'
    if (!mayDial(address.host)) return 'busy'
    options.dialBack(address, nonce)
    return 'dialled'
  }
  return {
    ask(addresses, peers, done) {
      const ofGroups = [...Map.groupBy(peers, options.groupOf).values()].map(([first]) => first as NodeId)
      const questions = ofGroups.slice(0, askedMax).map((from) => {
        const nonce = world.random.bytes(nonceBytes)
        const question: Question = { from, outcome: undefined, hasArrived: false }
        open.set(toHex(nonce), question)
        options.tell(from, { kind: 'probe', nonce, addresses })
        return { nonce, question }
      })
      world.after(timeoutMs, () => {
        for (const { nonce } of questions) open.delete(toHex(nonce))
        done(judge(questions.map(({ question }) => question)))
      })
    },
    arrived(nonce) {
      const question = open.get(toHex(nonce))
      if (question !== undefined) question.hasArrived = true
    },
    receive(from, message) {
      if (message.kind === 'probe') {
        const outcome = answer(from, message.nonce, message.addresses)
        options.tell(from, { kind: 'probed', nonce: message.nonce, outcome })
        return
      }
      const question = open.get(toHex(message.nonce))
      if (question?.from === from) question.outcome = message.outcome
    },
  }
}

/** Two that came through are enough, since one may lie in the same house; two that were dialled in vain say no. */
function judge(questions: readonly Question[]): Reachability {
  const arrived = questions.filter(({ hasArrived }) => hasArrived).length
  const inVain = questions.filter(({ hasArrived, outcome }) => !hasArrived && outcome === 'dialled').length
  if (arrived >= 2) return 'reachable'
  return inVain >= 2 || (inVain === 1 && arrived === 0 && questions.length === 1) ? 'unreachable' : 'unknown'
}
