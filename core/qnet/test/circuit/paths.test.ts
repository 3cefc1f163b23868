import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { createSeededRandom } from '@anarq/random/testing'
import fc from 'fast-check'
import { createPaths, type PathOptions, parseGuardState, type RelayFacts } from '../../src/circuit/index.ts'
import { areApart, groupsOf, networkOf } from '../../src/circuit/relay-facts.ts'
import { sharesOf, spreadOf } from '../../src/circuit/spread.ts'

const dayMs = 86_400_000
const idOf = (at: number): NodeId => nodeIdOf(Uint8Array.of(at >> 8, at))

function relay(at: number, other: Partial<RelayFacts> = {}): RelayFacts {
  return {
    hop: { node: idOf(at), onionKey: new Uint8Array(32) },
    hosts: [`${11 + (at >> 8)}.${at & 255}.0.1`],
    neighbourhoods: [],
    isExit: true,
    declaredRate: 1e6,
    sinceMs: 0,
    ...other,
  }
}
const relaysOf = (count: number, each: (at: number) => Partial<RelayFacts> = () => ({})) =>
  Array.from({ length: count }, (_, at) => relay(at, each(at)))

function createLab(seed: number, relays: RelayFacts[], other: Partial<PathOptions> = {}) {
  let nowMs = 100 * dayMs
  const world = { clock: { nowMs: () => nowMs }, random: createSeededRandom(seed), after: () => () => {} }
  const paths = createPaths({ world, relays: () => relays, ...other })
  const place = new Map(relays.map(({ hop }, at) => [hop.node, at]))
  return {
    paths,
    choose: (last?: RelayFacts) => paths.choose(last)?.map(({ node }) => place.get(node) as number),
    pass(ms: number) {
      nowMs += ms
    },
  }
}

test('no relay is drawn above the cap, and no draw is less uncertain than the floor, whatever the weights are', () => {
  const weights = fc.array(fc.oneof(fc.double({ min: 0, max: 1e12, noNaN: true }), fc.constant(0)), {
    minLength: 1,
    maxLength: 200,
  })
  const settings = fc.record({
    shareMax: fc.double({ min: 0.001, max: 1, noNaN: true }),
    evennessMin: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  fc.assert(
    fc.property(weights, settings, (all, limits) => {
      const shares = sharesOf(all, limits)
      const { entropyBits, floorBits, shareMost } = spreadOf(shares, limits)
      assert.ok(Math.abs(shares.reduce((sum, one) => sum + one, 0) - 1) < 1e-6)
      assert.ok(shareMost <= Math.min(1, Math.max(limits.shareMax, 1.5 / all.length)) + 1e-6)
      assert.ok(entropyBits >= floorBits - 1e-6)
    }),
    { seed: 11, numRuns: 300 },
  )
})

test('[QN-PRF-1] a relay that says it is a thousand times as fast as all others is drawn no oftener than the cap', () => {
  const relays = relaysOf(60, (at) => (at === 7 ? { declaredRate: 1e9 } : {}))
  const lab = createLab(1, relays)
  const counts = new Map<number, number>()
  for (let round = 0; round < 3000; round += 1) {
    const last = lab.choose()?.[2] as number
    counts.set(last, (counts.get(last) ?? 0) + 1)
  }
  const report = lab.paths.report()
  assert.ok(report.last.shareMost <= 0.1 + 1e-6)
  assert.ok(Math.max(...counts.values()) / 3000 < 0.125)
  assert.ok(counts.size > 50, 'every relay that fits is drawn by and by')
})

test('[QN-PRF-1] [AQ-QNET-5] measured latency and bandwidth decide, and entropy stays above its floor', () => {
  const relays = relaysOf(60)
  const lab = createLab(2, relays)
  // Odd ones are slow, every third is fast in bytes.
  for (const [at, { hop }] of relays.entries()) {
    const first = { node: idOf(9999), onionKey: new Uint8Array(32) }
    lab.paths.measured([first, hop], {
      rttMs: at % 2 === 1 ? 900 : 60,
      bytesPerSecond: at % 3 === 0 ? 4e6 : 1e6,
    })
  }
  const drawn: number[] = []
  for (let round = 0; round < 4000; round += 1) drawn.push(lab.choose()?.[2] as number)
  const share = (fits: (at: number) => boolean) => drawn.filter(fits).length / drawn.length
  assert.ok(share((at) => at % 2 === 0) > 0.7, `near ones: ${share((at) => at % 2 === 0)}`)
  assert.ok(share((at) => at % 2 === 1) > 0.03, 'far ones still are drawn')
  const [fast, usual] = [share((at) => at % 6 === 0), share((at) => at % 6 === 2)]
  assert.ok(fast > 1.8 * usual, `fast ${fast}, usual ${usual}`)
  const { last } = lab.paths.report()
  assert.ok(last.entropyBits >= last.floorBits - 1e-9)
  assert.ok(last.entropyBits < last.evenBits - 0.1)
  // What was reported is what was drawn: the entropy of 4,000 draws comes near it.
  const counts = [...Map.groupBy(drawn, (at) => at).values()].map((all) => all.length / drawn.length)
  const seen = -counts.reduce((sum, part) => sum + part * Math.log2(part), 0)
  assert.ok(Math.abs(seen - last.entropyBits) < 0.1, `${seen} seen, ${last.entropyBits} reported`)
})

test('what a relay says of itself counts up to what was measured of others', () => {
  const relays = relaysOf(40, (at) => ({ declaredRate: at === 3 ? 1e12 : 1e6 }))
  const lab = createLab(3, relays, { settings: { shareMax: 1, evennessMin: 0 } })
  const first = relays[0]!.hop
  for (const { hop } of relays.slice(10)) lab.paths.measured([first, hop], { bytesPerSecond: 2e6 })
  let drawn = 0
  for (let round = 0; round < 2000; round += 1) if (lab.choose()?.[2] === 3) drawn += 1
  assert.ok(drawn / 2000 < 0.06, `${drawn} of 2000`)
})

test('no two hops share a network, a family or a neighbourhood', () => {
  const word = fc.integer({ min: 0, max: 4 })
  const relays = fc.array(fc.record({ a: word, b: word, family: word, near: word, isExit: fc.boolean() }), {
    minLength: 3,
    maxLength: 30,
  })
  fc.assert(
    fc.property(relays, fc.integer(), (all, seed) => {
      const facts = all.map(({ a, b, family, near, isExit }, at) =>
        relay(at, {
          hosts: at % 3 === 0 ? [`2a0${a}:${b}::${at}`] : [`9.${a}.${b}.${at}`],
          ...(family > 1 ? { family: `${family}` } : {}),
          neighbourhoods: near > 1 ? [`${near}`] : [],
          isExit,
        }),
      )
      const lab = createLab(seed, facts)
      for (let round = 0; round < 5; round += 1) {
        const path = lab.choose()
        if (path === undefined) return
        const groups = path.map((at) => groupsOf(facts[at]!))
        assert.equal(path.length, 3)
        assert.ok(facts[path[2]!]?.isExit)
        for (const [i, j] of [
          [0, 1],
          [0, 2],
          [1, 2],
        ] as const)
          assert.ok(areApart(groups[i]!, groups[j]!), `${path} of ${JSON.stringify(all)}`)
      }
    }),
    { seed: 12, numRuns: 200 },
  )
})

test('networks are told by /16 of IPv4, /32 of IPv6 in every spelling, and the domain', () => {
  assert.equal(networkOf('93.184.216.34'), networkOf('93.184.1.1'))
  assert.notEqual(networkOf('93.184.216.34'), networkOf('93.185.216.34'))
  assert.equal(networkOf('2001:db8::1'), networkOf('2001:0DB8:ffff:1:2:3:4:5'))
  assert.notEqual(networkOf('2001:db8::1'), networkOf('2001:db9::1'))
  assert.equal(networkOf('2001::1'), networkOf('2001:0:0:0:0:0:0:2'))
  assert.equal(networkOf('a.relays.net'), networkOf('b.RELAYS.net'))
})

test('the first hop stays the same, the second is one of two, and both outlive a restart', () => {
  const relays = relaysOf(80)
  const lab = createLab(4, relays)
  const paths = Array.from({ length: 300 }, () => lab.choose() as number[])
  assert.equal(new Set(paths.map(([first]) => first)).size, 1)
  assert.equal(new Set(paths.map(([, second]) => second)).size, 2)
  assert.ok(new Set(paths.map(([, , last]) => last)).size > 40)
  const kept = parseGuardState(JSON.parse(JSON.stringify(lab.paths.guards)))
  const again = createLab(5, relays, { guards: kept })
  const later = Array.from({ length: 50 }, () => again.choose() as number[])
  assert.equal(later[0]?.[0], paths[0]?.[0])
  assert.deepEqual(new Set(later.map(([, second]) => second)), new Set(paths.map(([, second]) => second)))
})

test('across clients guards are drawn as evenly as reported', () => {
  const relays = relaysOf(40, (at) => ({ linkRttMs: at < 20 ? 20 : 200 }))
  const firsts: number[] = []
  for (let seed = 0; seed < 1500; seed += 1) firsts.push(createLab(seed, relays).choose()?.[0] as number)
  const { first } = createLab(0, relays).paths.report()
  const counts = [...Map.groupBy(firsts, (at) => at).values()].map((all) => all.length / firsts.length)
  const seen = -counts.reduce((sum, part) => sum + part * Math.log2(part), 0)
  assert.ok(Math.abs(seen - first.entropyBits) < 0.15, `${seen} seen, ${first.entropyBits} reported`)
  assert.ok(seen >= first.floorBits - 0.1)
  assert.ok(firsts.filter((at) => at < 20).length > 1000)
})

test('a guard that does not answer is passed over, and taken again when it may', () => {
  const relays = relaysOf(40)
  const lab = createLab(6, relays)
  const primary = lab.choose()?.[0] as number
  lab.paths.failed(idOf(primary))
  const next = lab.choose()?.[0] as number
  assert.notEqual(next, primary)
  lab.pass(11_000)
  assert.equal(lab.choose()?.[0], primary)
  lab.paths.failed(idOf(primary))
  lab.pass(11_000)
  assert.equal(lab.choose()?.[0], next, 'longer each time, and the second on the list instead')
  lab.paths.answered([{ node: idOf(primary), onionKey: new Uint8Array(32) }])
  assert.equal(lab.choose()?.[0], primary)
})

test('whoever blocks guards gets a client no further than eight of them', () => {
  const relays = relaysOf(100)
  const lab = createLab(7, relays)
  const met = new Set<number>()
  for (let round = 0; round < 60; round += 1) {
    const path = lab.choose()
    if (path === undefined) break
    met.add(path[0] as number)
    lab.paths.failed(idOf(path[0] as number))
  }
  assert.equal(met.size, 8)
  assert.equal(lab.choose(), undefined)
  lab.pass(2 * 3_600_000)
  assert.ok(met.has(lab.choose()?.[0] as number))
})

test('guards end by themselves: the second layer within 22 days, the first within 120', () => {
  const lab = createLab(8, relaysOf(60))
  const before = lab.choose() as number[]
  lab.pass(23 * dayMs)
  const later = lab.choose() as number[]
  assert.equal(later[0], before[0])
  assert.equal(lab.paths.guards.second.length, 2)
  assert.ok(
    lab.paths.guards.second.every(({ endMs }) => endMs > 123 * dayMs),
    'all of them are new',
  )
  lab.pass(121 * dayMs)
  lab.choose()
  assert.equal(lab.paths.guards.first.length, 1)
})

test('a path to a node that is wanted avoids what that node is near to, and there is none where too few are apart', () => {
  const relays = relaysOf(30)
  const lab = createLab(9, relays)
  const primary = lab.choose()?.[0] as number
  const wanted = relay(500, { hosts: [`${11 + (primary >> 8)}.${primary & 255}.77.1`], isExit: false })
  const path = lab.paths.choose(wanted)
  assert.equal(path?.[2]?.node, wanted.hop.node)
  assert.notEqual(path?.[0]?.node, idOf(primary))
  assert.equal(createLab(10, relaysOf(2)).choose(), undefined)
  assert.equal(createLab(10, []).choose(), undefined)
  assert.equal(
    createLab(
      10,
      relaysOf(9, () => ({ hosts: ['9.9.9.9'] })),
    ).choose(),
    undefined,
  )
  assert.equal(
    createLab(
      10,
      relaysOf(9, () => ({ isExit: false })),
    ).choose(),
    undefined,
  )
})

test('what was kept is parsed: anything else is refused and never thrown otherwise', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      try {
        parseGuardState(value)
      } catch (error) {
        assert.match((error as { code: string }).code, /^invalid\./)
      }
    }),
    { seed: 13 },
  )
  const many = Array.from({ length: 65 }, () => ({ node: idOf(1), endMs: 1 }))
  assert.throws(() => parseGuardState({ first: many, second: [] }), { code: 'invalid.guards' })
})
