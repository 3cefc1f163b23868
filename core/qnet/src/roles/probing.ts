import { pick, uint32 } from '../chance.ts'
import type { NodeId } from '../node-id.ts'
import type { World } from '../world.ts'
import type { Asks } from './asks.ts'
import type { Message } from './messages.ts'

/**
 * One look at whether a node is there. After half of the looks others are asked too, so that a node which answers MasterNodes alone,
 * whom everybody knows, is seen to be there for nobody else. Others can only take away from what was seen: none of their lies makes
 * a node that is away be there.
 */
export type Probing = {
  /** `undefined`: nothing can be said, as when it is this node that reaches nobody. */
  look(at: NodeId, done: (isThere: boolean | undefined) => void): void
  /** For somebody else who asks. */
  lookFor(at: NodeId, done: (isThere: boolean) => void): void
}

export type ProbingOptions = {
  readonly world: World
  readonly self: NodeId
  readonly asks: Asks
  readonly timeoutMs: number
  send(to: NodeId, message: Message): void
  /** Nodes that answered this one, by whom looks go; MasterNodes are taken only where there are too few others. */
  witnesses(): readonly NodeId[]
  isMaster(id: NodeId): boolean
}

/** All of these have to see nobody: with a third of the network lying, an honest node is lied away once in 243 looks. */
const witnessesAsked = 5
/** Fewer could be lied away too easily: then looks are direct. */
const witnessesMin = 3
const controls = 3

export function createProbing({
  world,
  self,
  asks,
  timeoutMs,
  send,
  witnesses,
  isMaster,
}: ProbingOptions): Probing {
  const probe = (at: NodeId, done: (isThere: boolean) => void): void =>
    asks.ask(
      at,
      timeoutMs,
      (nonce) => send(at, { kind: 'probe', nonce }),
      (answer) => done(answer === true),
    )
  /** A link that broke takes a moment to be there again, which is not an Operator that is gone. */
  const probeTwice = (at: NodeId, done: (isThere: boolean) => void): void =>
    probe(at, (isThere) => {
      if (isThere) done(true)
      else probe(at, done)
    })
  const others = (at: NodeId): NodeId[] => {
    const all = witnesses().filter((id) => id !== self && id !== at)
    const plain = all.filter((id) => !isMaster(id))
    return pick(world.random, plain.length >= witnessesAsked ? plain : all, witnessesAsked)
  }
  /** Who reaches nobody else either has no line, and says nothing about others'. */
  const direct = (at: NodeId, done: (isThere: boolean | undefined) => void): void =>
    probeTwice(at, (isThere) => {
      if (isThere) {
        done(true)
        return
      }
      gather(others(at).slice(0, controls), probe, (answers) =>
        done(answers.includes(true) ? false : undefined),
      )
    })
  const askWitness = (at: NodeId) => (witness: NodeId, done: (isThere: boolean | undefined) => void) =>
    asks.ask(witness, 3 * timeoutMs, (nonce) => send(witness, { kind: 'look', nonce, at }), done)
  /** All at once, so that all see one moment. Whom nobody of them can speak against is there, as this node saw itself. */
  const byOthers = (at: NodeId, asked: readonly NodeId[], done: (isThere: boolean) => void): void =>
    gather(asked, askWitness(at), (answers) => {
      const against = answers.filter((one) => one === false).length
      done(answers.includes(true) || against < witnessesMin)
    })
  return {
    look: (at, done) =>
      direct(at, (isThere) => {
        const asked = others(at)
        const isAsked = asked.length >= witnessesMin && uint32(world.random) % 2 === 0
        if (isThere !== true || !isAsked) done(isThere)
        else byOthers(at, asked, done)
      }),
    lookFor: probeTwice,
  }
}

/** Asks all at once, and goes on when each has answered or not. */
function gather<T>(
  of: readonly NodeId[],
  ask: (id: NodeId, done: (answer: T) => void) => void,
  done: (answers: readonly T[]) => void,
): void {
  const answers: T[] = []
  if (of.length === 0) done(answers)
  for (const id of of)
    ask(id, (answer) => {
      answers.push(answer)
      if (answers.length === of.length) done(answers)
    })
}
