import { equalBytes } from '@anarq/bytes'
import { failed, type Outcome, ok } from '@anarq/fault'
import type { NodeId } from '../node-id.ts'
import type { Requests, Signing } from '../swarm/index.ts'
import type { World } from '../world.ts'
import { type Chain, electorsOf, extended, numberOf, readChain } from './chain.ts'
import type { Reference } from './descriptor.ts'
import type { Others, Place } from './ports.ts'
import type { Shelf } from './shelf.ts'

export type ReadingOptions = {
  readonly self: NodeId
  readonly world: World
  readonly signing: Signing
  readonly shelf: Shelf
  readonly place: Place
  readonly others: Others
  readonly requests: Requests
}

export type Reading = {
  /** The newest that those who keep it show. */
  read(reference: Reference, then: (outcome: Outcome<Chain>) => void): void
  /** The newest of one that is known. */
  refresh(chain: Chain, then: (chain: Chain) => void): void
  /** What one node has of it beyond what is known, of that id and in form, not yet proved. Undefined where it has nothing. */
  fetch(
    from: NodeId,
    id: Uint8Array,
    known: Chain | undefined,
    then: (chain: Chain | undefined) => void,
  ): void
}

/** A network's worth of nodes is not asked; so many of them are. */
const askedMax = 64
/** Who claims to be further than it can show may hold others up so often. */
const triesMax = 24
/** When two thirds answered, the others get so long. */
const graceMs = 500

/**
 * First who has how much, in a few bytes each; then the whole from whoever claims most. What is shown is checked step by step, so a
 * node can hide what it knows and cannot make anything up.
 */
export function createReading(options: ReadingOptions): Reading {
  const { self, shelf, place, others } = options

  function ask(id: Uint8Array, ids: readonly NodeId[], known: Chain | undefined, then: Asked): void {
    const asked = [...new Set(ids)].filter((one) => one !== self).slice(0, askedMax)
    numbers(options, asked, id, (claims, answered) =>
      climb(options, id, claims, known, (chain) => then(chain, answered)),
    )
  }

  const holdersOf = (chain: Chain): NodeId[] => {
    const { class: of, home } = chain.descriptor
    const near = of === 'public' ? others.ids().slice(0, 12) : (place.at(home) ?? []).map(({ id }) => id)
    return [...electorsOf(chain).map(({ id }) => id), ...near]
  }

  return {
    fetch: (from, id, known, then) => fetch(options, from, id, known, then),
    refresh(chain, then) {
      ask(chain.id, holdersOf(chain), chain, (newest) => then(newest ?? chain))
    },
    read({ class: of, id, home }, then) {
      const known = shelf.get(id)?.chain
      const finish = (ids: readonly NodeId[]): void =>
        ask(id, ids, known, (chain, answered) => then(outcomeOf(chain, answered > 0 || ids.length === 0)))
      if (known !== undefined) finish(holdersOf(known))
      else if (of === 'public') finish(others.ids())
      else place.find(home, finish)
    },
  }
}

type Asked = (chain: Chain | undefined, answered: number) => void
type Claims = readonly (readonly [NodeId, number])[]

function outcomeOf(chain: Chain | undefined, isAnswered: boolean): Outcome<Chain> {
  if (chain !== undefined && numberOf(chain) > 0) return ok(chain)
  return isAnswered
    ? failed(
        'missing.register',
        'Nobody who answers keeps this register: check the reference, or ask again later.',
      )
    : failed('unavailable.register', 'Nobody who could keep this register answers. Try again later.')
}

function fetch(
  { requests }: ReadingOptions,
  from: NodeId,
  id: Uint8Array,
  known: Chain | undefined,
  then: (chain: Chain | undefined) => void,
): void {
  const after = known === undefined ? 0 : numberOf(known)
  requests.ask(from, 'get', [id, after], (answer) => then(readAnswer(id, answer?.[0])))
}

/** How far each of them says it is, the furthest first. */
function numbers(
  { requests, world }: ReadingOptions,
  ids: readonly NodeId[],
  id: Uint8Array,
  then: (claims: Claims, answered: number) => void,
): void {
  const claims: [NodeId, number][] = []
  let answered = 0
  let waiting = ids.length
  let isOver = false
  const end = (): void => {
    if (isOver) return
    isOver = true
    const furthest = claims.sort(([, a], [, b]) => b - a)
    then(furthest, answered)
  }
  if (waiting === 0) world.after(0, end)
  for (const one of ids)
    requests.ask(one, 'number?', [id], (answer) => {
      waiting -= 1
      if (answer !== undefined) answered += 1
      const claim = answer?.[0]
      if (typeof claim === 'number' && Number.isSafeInteger(claim)) claims.push([one, claim])
      if (waiting === 0) end()
      else if (answered * 3 > ids.length * 2) world.after(graceMs, end)
    })
}

/** From the one who claims most down, until nobody claims more than was shown. */
function climb(
  options: ReadingOptions,
  id: Uint8Array,
  claims: Claims,
  known: Chain | undefined,
  then: (chain: Chain | undefined) => void,
): void {
  const [first, ...rest] = claims.slice(0, triesMax)
  const isPrivate = known?.descriptor.class === 'private'
  const least = known === undefined ? 0 : numberOf(known) + (isPrivate ? 0 : 1)
  if (first === undefined || first[1] < least) {
    then(known)
    return
  }
  fetch(options, first[0], id, known, (chain) => {
    const shown = chain && proved(options, known, chain)
    climb(options, id, rest, shown ?? known, then)
  })
}

function proved({ signing }: ReadingOptions, known: Chain | undefined, chain: Chain): Chain | undefined {
  try {
    return extended(known, chain, signing)
  } catch {
    return undefined
  }
}

function readAnswer(id: Uint8Array, answer: unknown): Chain | undefined {
  if (answer === undefined || answer === null) return undefined
  try {
    const chain = readChain(answer)
    return equalBytes(chain.id, id) ? chain : undefined
  } catch {
    return undefined
  }
}
