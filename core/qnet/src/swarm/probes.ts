import { fromBase32 } from '@anarq/bytes'
import { readBytes, readInt } from '@anarq/ipld'
import { type NodeId, textOfNodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import { fraction, pick } from './chance.ts'

export type ProbesOptions = {
  readonly world: World
  readonly self: NodeId
  members(): readonly NodeId[]
  send(to: NodeId, kind: string, ...body: readonly unknown[]): void
  /** Rides on every probe and answer, so that who has an older view notices. */
  tag(): readonly [epoch: number, tag: Uint8Array]
  onTag(from: NodeId, epoch: number, tag: Uint8Array): void
  readonly timeoutMs: number
  /** How many ticks a member that nobody reaches stays a suspect before it counts as gone. */
  readonly suspectTicks: number
}

/** What one node saw of another: probes answered, of probes sent. */
export type Uptime = { readonly answered: number; readonly sent: number }

export type Probes = {
  /** Once a probe period: one probe, and one step nearer to gone for each suspect. */
  tick(): void
  receive(from: NodeId, kind: string, body: readonly unknown[]): boolean
  isGone(id: NodeId): boolean
  isSuspect(id: NodeId): boolean
  gone(): readonly NodeId[]
  latencyMs(id: NodeId): number | undefined
  uptime(id: NodeId): Uptime
  /** Counting begins anew, as at the beginning of a period. */
  restartUptime(): void
}

type State = { suspectTicks: number; latencyMs: number | undefined; answered: number; sent: number }
type Pending = {
  readonly subject: NodeId
  readonly sentMs: number
  stop(): void
  readonly forOther?: readonly [NodeId, number]
}

const helpers = 3
const pendingMax = 256

/**
 * Failure detection after SWIM (Das, Gupta, Motivala 2002): a probe a period whatever the number of members, and three
 * others asked before anybody is suspected. A suspicion convinces nobody: whoever hears one probes for itself, so that no
 * lie throws an honest member out. Ticks are counted, not time: a clock that jumps kills nobody.
 */
export function createProbes({
  world,
  self,
  members,
  send,
  tag,
  onTag,
  timeoutMs,
  suspectTicks,
}: ProbesOptions): Probes {
  const states = new Map<NodeId, State>()
  const pending = new Map<number, Pending>()
  let nonce = 0
  let row: NodeId[] = []

  const stateOf = (id: NodeId): State => {
    const state = states.get(id) ?? { suspectTicks: 0, latencyMs: undefined, answered: 0, sent: 0 }
    states.set(id, state)
    return state
  }

  function probe(subject: NodeId, failed: () => void, forOther?: readonly [NodeId, number]): void {
    if (pending.size >= pendingMax) return
    nonce = (nonce + 1) >>> 0
    const number = nonce
    const stop = world.after(timeoutMs, () => {
      pending.delete(number)
      failed()
    })
    pending.set(number, { subject, sentMs: world.clock.nowMs(), stop, ...(forOther && { forOther }) })
    send(subject, 'ping', number, ...tag())
  }

  function probeByOthers(subject: NodeId): void {
    const others = members().filter((id) => id !== self && id !== subject && !isSuspect(id))
    for (const id of pick(others, helpers, world.random)) send(id, 'probe', nonce, fromBase32(subject))
    const before = stateOf(subject).answered
    world.after(timeoutMs * 2, () => {
      if (stateOf(subject).answered > before || isSuspect(subject) || !members().includes(subject)) return
      suspect(subject)
      for (const id of members()) if (id !== self && id !== subject) send(id, 'suspect', fromBase32(subject))
    })
  }

  const suspect = (id: NodeId): void => {
    const state = stateOf(id)
    if (state.suspectTicks === 0) state.suspectTicks = 1
  }
  const isSuspect = (id: NodeId): boolean => (states.get(id)?.suspectTicks ?? 0) > 0
  const isGone = (id: NodeId): boolean => (states.get(id)?.suspectTicks ?? 0) > suspectTicks

  function heard(id: NodeId): void {
    const state = stateOf(id)
    state.suspectTicks = 0
    state.answered += 1
  }

  function onAck(from: NodeId, number: number): void {
    const wait = pending.get(number)
    if (wait === undefined || wait.subject !== from) return
    pending.delete(number)
    wait.stop()
    const tookMs = Math.max(0, world.clock.nowMs() - wait.sentMs)
    const state = stateOf(from)
    state.latencyMs = state.latencyMs === undefined ? tookMs : state.latencyMs * 0.8 + tookMs * 0.2
    heard(from)
    if (wait.forOther !== undefined) send(wait.forOther[0], 'reached', fromBase32(from))
  }

  return {
    tick() {
      const present = members().filter((id) => id !== self)
      for (const id of states.keys()) if (!present.includes(id)) states.delete(id)
      for (const id of present) {
        const state = states.get(id)
        if (state === undefined || state.suspectTicks === 0) continue
        state.suspectTicks += 1
        probe(id, () => {})
      }
      if (row.length === 0) row = [...present].sort(() => fraction(world.random) - 0.5)
      const subject = row.pop()
      if (subject === undefined || !present.includes(subject)) return
      stateOf(subject).sent += 1
      probe(subject, () => probeByOthers(subject))
    },
    receive(from, kind, body) {
      if (kind === 'ping' || kind === 'ack') {
        const number = readInt(body[0], 'a number')
        const epoch = readInt(body[1], 'an epoch')
        const theirs = readBytes(body[2], 'a tag', { length: 8 })
        if (kind === 'ping') send(from, 'ack', number, ...tag())
        else onAck(from, number)
        onTag(from, epoch, theirs)
      } else if (kind === 'probe') {
        const subject = textOfNodeId(readBytes(body[1], 'a node', { length: 32 }))
        if (members().includes(subject) && members().includes(from))
          probe(subject, () => {}, [from, readInt(body[0], 'a number')])
      } else if (kind === 'reached') {
        const subject = textOfNodeId(readBytes(body[0], 'a node', { length: 32 }))
        if (members().includes(from) && members().includes(subject)) heard(subject)
      } else if (kind === 'suspect') {
        const subject = textOfNodeId(readBytes(body[0], 'a node', { length: 32 }))
        const isMine = members().includes(subject) && members().includes(from) && subject !== self
        if (isMine && !isSuspect(subject)) probe(subject, () => suspect(subject))
      } else return false
      return true
    },
    isGone,
    isSuspect,
    gone: () => members().filter(isGone),
    latencyMs: (id) => states.get(id)?.latencyMs,
    uptime(id) {
      const { answered = 0, sent = 0 } = states.get(id) ?? {}
      return { answered: Math.min(answered, sent), sent }
    },
    restartUptime() {
      for (const state of states.values()) Object.assign(state, { answered: 0, sent: 0 })
    },
  }
}
