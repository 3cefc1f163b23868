import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import fc from 'fast-check'
import { createHistory } from '../../src/roles/history.ts'
import { hashOfSet, linkOf, ownSet, type StateLink, type StateSet, sortIds } from '../../src/state-set.ts'

const nodes = Array.from({ length: 24 }, (_, n) => nodeIdOf(new Uint8Array(32).fill(n + 1)))
type Step = { readonly set: StateSet; readonly hash: Uint8Array; readonly link: StateLink }

/** States of a network whose nodes come and go: each period with the nodes whose bits are set, some periods left out. */
function chainOf(periods: readonly (readonly [skip: number, who: number])[]): readonly Step[] {
  const steps: Step[] = []
  let base = ownSet(sortIds(nodes.slice(0, 3)))
  let period = 100
  for (const [skip, who] of periods) {
    period += 1 + skip
    const ids = sortIds(nodes.filter((_, n) => (who >> n) & 1))
    const came = ids.filter((id) => !base.ids.includes(id))
    const seed = new Uint8Array(32).fill(period & 0xff)
    const set: StateSet = { period, seed, before: hashOfSet(base), ids, came }
    steps.push({ set, hash: hashOfSet(set), link: linkOf(set, base) })
    base = set
  }
  return steps
}

const chains = fc.array(fc.tuple(fc.nat(2), fc.nat(0xff_ffff)), { minLength: 2, maxLength: 20 }).map(chainOf)

/** Asks until there is nothing more to know. */
function learn(newest: Step, links: ReadonlyMap<string, StateLink>, periods = 1_000) {
  const found: StateSet[] = []
  const learned: [Uint8Array, StateLink][] = []
  const history = createHistory({
    periods,
    found: (set) => found.push(set),
    learned: (hash, link) => learned.push([hash, link]),
  })
  history.begin(newest.set, newest.link)
  for (let hash = history.wanted(); hash !== undefined; hash = history.wanted()) {
    const link = links.get(toHex(hash))
    if (link === undefined || history.offer(hash, [link]) === 0) break
  }
  return { history, found, learned }
}
const linksOf = (steps: readonly Step[]) => new Map(steps.map(({ hash, link }) => [toHex(hash), link]))

test('[SW-ROL-4] from one state that is trusted, every set before it is found again, whoever gives the links, and after a restart without anybody', () => {
  fc.assert(
    fc.property(chains, (steps) => {
      const newest = steps.at(-1) as Step
      const { history, found, learned } = learn(newest, linksOf(steps))
      assert.deepEqual(found, steps.map(({ set }) => set).toReversed())
      assert.equal(history.wanted(), undefined)
      const links = steps.map(({ link }) => link).toReversed()
      assert.deepEqual(history.from(newest.hash, 64), links)
      assert.deepEqual(history.from(newest.hash, 1), links.slice(0, 1))
      const again: StateSet[] = []
      const restarted = createHistory({ periods: 1_000, found: (set) => again.push(set), learned() {} })
      for (const [hash, link] of learned) restarted.restore(hash, link)
      restarted.begin(newest.set, newest.link)
      assert.deepEqual(again, found)
    }),
    { numRuns: 60 },
  )
})

test('[SW-ROL-4] [SW-SEC-2] a link that says anything else of the past leads nowhere', () => {
  const other = nodeIdOf(new Uint8Array(32).fill(99))
  const changes: ((link: StateLink) => StateLink)[] = [
    (link) => ({ ...link, seed: new Uint8Array(32).fill(200) }),
    (link) => ({ ...link, before: new Uint8Array(32).fill(200) }),
    (link) => ({ ...link, period: link.period + 1 }),
    (link) => ({ ...link, came: [...link.came, other] as NodeId[] }),
    (link) => ({ ...link, gone: sortIds([...link.gone, other]) }),
  ]
  fc.assert(
    fc.property(chains, fc.nat(), fc.constantFrom(...changes), (steps, where, change) => {
      const at = where % (steps.length - 1)
      const links = new Map(linksOf(steps))
      const forged = steps[at] as Step
      links.set(toHex(forged.hash), change(forged.link))
      const { found } = learn(steps.at(-1) as Step, links)
      assert.deepEqual(
        found,
        steps
          .slice(at)
          .map(({ set }) => set)
          .toReversed(),
      )
    }),
    { numRuns: 100 },
  )
})

test('what is out of the window is neither asked for nor held', () => {
  const steps = chainOf(Array.from({ length: 40 }, (_, n) => [0, 0xf << (n % 8)]))
  const newest = steps.at(-1) as Step
  const { history, found } = learn(newest, linksOf(steps), 10)
  assert.equal(found.length, 11)
  assert.equal(history.wanted(), undefined)
  // Each new state pushes an old one out, and nothing is followed twice.
  const more = chainOf(Array.from({ length: 60 }, (_, n) => [0, 0xf << (n % 8)])).slice(40)
  for (const { set, link } of more) history.begin(set, link)
  assert.equal(found.length, 11 + 2 * more.length)
  assert.equal([...history.all()].length, 10)
})
