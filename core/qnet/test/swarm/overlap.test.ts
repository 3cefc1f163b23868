import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createCard } from '@anarq/qnet/swarm'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import type { Card } from '../../src/swarm/card.ts'
import { isGreater, mayCut, verdictOn } from '../../src/swarm/overlap.ts'
import { doOverlap, isUnder } from '../../src/swarm/place.ts'
import { nextViews, type View } from '../../src/swarm/view.ts'

const rules = { seedOf: () => new Uint8Array(32), workBits: 0 }
const random = createSeededRandom(3)
const cards: readonly Card[] = Array.from({ length: 120 }, () =>
  createCard(random.bytes(32), 1, rules, random),
)

function viewOf(prefix: string, epoch: number, members: readonly Card[]): View {
  return { prefix, epoch, members: members.slice(0, 25).map((card, seat) => ({ ...card, seat })) }
}

/** A view of a part of the space, of some of the nodes whose place is there. */
const views = (from: number, to: number): fc.Arbitrary<View> =>
  fc
    .tuple(
      fc.constantFrom('', '0', '1', '00', '01', '10'),
      fc.integer({ min: 1, max: 60 }),
      fc.subarray([...cards.slice(from, to)], { minLength: 12 }),
    )
    .map(([prefix, epoch, some]) =>
      viewOf(
        prefix,
        epoch,
        some.filter(({ place }) => isUnder(place, prefix)),
      ),
    )
    .filter(({ members }) => members.length > 0)

test('of two views of one part of the space one is the greater, whoever compares them', () => {
  fc.assert(
    fc.property(views(0, 120), views(0, 120), (a, b) => {
      const isSame = a.prefix === b.prefix && a.epoch === b.epoch && a.members.length === b.members.length
      if (!doOverlap(a.prefix, b.prefix)) return
      if (isSame && a.members.every(({ id }, i) => b.members[i]?.id === id)) return
      assert.notEqual(isGreater(a, b), isGreater(b, a))
    }),
    { seed: 1, numRuns: 500 },
  )
})

test('a division makes nobody lesser: the greater side of a cut is the greater in each of its halves that has more', () => {
  fc.assert(
    fc.property(fc.integer({ min: 14, max: 25 }), fc.integer({ min: 9, max: 24 }), (many, come) => {
      const mine = viewOf('', 9, cards.slice(0, many))
      const other = viewOf('', 90, cards.slice(60, 60 + 12))
      const halves = nextViews(mine, { joins: cards.slice(30, 30 + come), leaves: new Set() })
      for (const half of halves) {
        const there = other.members.filter(({ place }) => isUnder(place, half.prefix)).length
        // A small one inside another comes in, whatever it has.
        const isSmall =
          half.prefix !== '' && half.members.length <= 8 && other.members.length > half.members.length
        assert.equal(
          isGreater(half, other),
          !isSmall &&
            (half.members.length > there || (half.members.length === there && half.epoch > other.epoch)),
        )
      }
    }),
    { seed: 2, numRuns: 300 },
  )
})

test('nobody goes where it is not named, and nobody to a deep place that a few made up', () => {
  const mine = viewOf('', 5, cards.slice(0, 10))
  const self = cards[0] as Card
  const greater = viewOf('', 5, cards.slice(40, 60))
  assert.equal(verdictOn(mine, greater, self.id), 'ask')
  assert.equal(verdictOn(mine, viewOf('', 5, [self, ...cards.slice(40, 60)]), self.id), 'adopt')
  assert.equal(verdictOn(greater, mine, cards[41]?.id as never), 'tell')
  // Made up by somebody who searched for keys beside one node.
  let deep = ''
  while (deep.length < 6)
    deep += (self.place[deep.length >> 3] as number) & (0x80 >> (deep.length & 7)) ? '1' : '0'
  const stranger = cards.slice(60).find(({ place }) => isUnder(place, deep.slice(0, 1))) as Card
  const desert: View = {
    prefix: deep,
    epoch: 1_000_000,
    members: [
      { ...self, seat: 0 },
      { ...stranger, seat: 1 },
    ],
  }
  assert.equal(verdictOn(mine, desert, self.id), 'tell')
})

test('a part of the space is given up only to a neighbourhood that is no small one, and when nobody here belongs there', () => {
  const here = cards.filter(({ place }) => isUnder(place, '1'))
  const there = cards.filter(({ place }) => isUnder(place, '00'))
  const mine = viewOf('', 5, here.slice(0, 12))
  const other = viewOf('00', 5, there.slice(0, 12))
  assert.equal(mayCut(mine, other, new Set()), true)
  assert.equal(mayCut(mine, viewOf('00', 5, there.slice(0, 8)), new Set()), false)
  const mixed = viewOf('', 5, [...here.slice(0, 8), there[20] as Card])
  assert.equal(mayCut(mixed, other, new Set()), false)
  assert.equal(mayCut(mixed, other, new Set([(there[20] as Card).id])), true)
  const left = nextViews(mixed, { joins: [], leaves: new Set([(there[20] as Card).id]), cut: '00' })
  assert.deepEqual(
    left.map(({ prefix, members }) => [prefix, members.length]),
    [['1', 8]],
  )
})
