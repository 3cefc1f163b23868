import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createKemKey, createSigner } from '@anarq/qlock'
import {
  canonicalJson,
  isMember,
  keysAt,
  keysOfEpoch,
  publicOfLog,
  readLogFile,
  resolveLog,
  writeLogFile,
} from '@anarq/squid'
import fc from 'fast-check'
import {
  appendLog,
  createLog,
  entryHash,
  genesisMs,
  type LogEntry,
  type LogFacts,
  type LogKeys,
  logEntriesMax,
} from '../src/did/key-log.ts'
import { codeOf, dayMs, isFault, messageOf } from './people.ts'

const startMs = genesisMs + 100 * dayMs
const nowMs = startMs + 30 * dayMs

function leaf(...numbers: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, i) => numbers[i] ?? 0)
}

/** `who` has signing keys by epoch and update keys by entry. */
function keysOf(who: number, epoch: number, entry: number): LogKeys {
  return {
    sign: createSigner(leaf(who, 1, epoch)),
    kemKey: createKemKey(leaf(who, 2, epoch)).publicKey,
    update: createSigner(leaf(who, 3, entry)),
    nextUpdateKey: createSigner(leaf(who, 3, entry + 1)).publicKey,
  }
}

const facts: LogFacts = { kind: 'organisation', epoch: 0, members: [], revokedDevices: [] }
const alice = 'did:peer:4zQmb7xLdVY9TXx8oov5XgpGUmGELgqiAV2699s43i6Qdm3M'
const bob = 'did:peer:4zQmd8CpeFPci817KDsbSAKWcXAE2mjvCQSasRewvbSF54Bd'
const named: LogFacts = { ...facts, members: [{ did: alice, role: 'owner' }] }

/** Four entries: made, a member named, keys rotated, another member. */
const { did, line: genesis } = createLog('organisation', keysOf(1, 0, 0))
const log: readonly string[] = fourEntries()

function fourEntries(): string[] {
  const lines = [genesis]
  const add = (epoch: number, facts: LogFacts, isNewEpoch = false) => {
    const nowMs = startMs + lines.length * dayMs
    lines.push(appendLog(lines, keysOf(1, epoch, lines.length), { facts, isNewEpoch, nowMs }))
  }
  add(0, named)
  add(1, { ...named, epoch: 1 }, true)
  add(1, { ...named, epoch: 1, members: [...named.members, { did: bob, role: 'member' }] })
  return lines
}

function change(line: string, edit: (entry: LogEntry & Record<string, unknown>) => object): string {
  return canonicalJson(edit(JSON.parse(line)))
}

/** The line with its name computed anew, as a forger would; the proofs stay what they were. */
function rename(line: string, number: number, previous: string, edit: (entry: LogEntry) => object): string {
  const entry = { ...JSON.parse(line), ...edit(JSON.parse(line)) } as LogEntry
  return canonicalJson({ ...entry, versionId: `${number}-${entryHash(entry, previous)}` })
}

function versionOf(line: string): string {
  return (JSON.parse(line) as LogEntry).versionId
}

test('the same keys give the same DID, other keys another; organisation and root differ', () => {
  assert.equal(createLog('organisation', keysOf(1, 0, 0)).did, did)
  assert.match(did, /^did:squid:Qm[1-9A-HJ-NP-Za-km-z]{44}$/)
  assert.notEqual(createLog('organisation', keysOf(2, 0, 0)).did, did)
  assert.notEqual(createLog('root', keysOf(1, 0, 0)).did, did)
})

test('a log resolves to current and former keys with the time each held', () => {
  const resolved = publicOfLog(log, { nowMs, did })
  assert.ok(resolved.ok, messageOf(resolved))
  const { epochs, verifyKey, members } = resolved.value
  assert.deepEqual(
    epochs.map(({ epoch, fromMs, untilMs }) => [epoch, fromMs, untilMs]),
    [
      [0, genesisMs, startMs + 2 * dayMs],
      [1, startMs + 2 * dayMs, undefined],
    ],
  )
  assert.deepEqual(verifyKey, keysOf(1, 1, 0).sign.publicKey)
  assert.deepEqual(keysAt(resolved.value, startMs)?.epoch, 0)
  assert.deepEqual(keysAt(resolved.value, startMs + 2 * dayMs)?.epoch, 1)
  assert.equal(keysAt(resolved.value, genesisMs - 1), undefined)
  assert.deepEqual(keysOfEpoch(resolved.value, 0)?.verifyKey, keysOf(1, 0, 0).sign.publicKey)
  assert.equal(members.length, 2)
  assert.ok(isMember(resolved.value, alice) && isMember(resolved.value, alice, 'owner'))
  assert.ok(!isMember(resolved.value, bob, 'owner') && !isMember(resolved.value, 'did:x:y'))
  assert.deepEqual(readLogFile(writeLogFile(log)), log)
})

test('a thief of the daily signing key cannot write to the log: the next update key was promised by its hash', () => {
  const thief = keysOf(9, 5, 0)
  const stolen = keysOf(1, 1, log.length - 1)
  const takeover = { facts: { ...named, epoch: 2, members: [] }, isNewEpoch: true, nowMs }
  const attempts: LogKeys[] = [
    { ...thief, sign: stolen.sign, update: stolen.sign },
    { ...thief, update: thief.update },
    // Even the update key of the last entry is worth nothing once that entry is out.
    { ...thief, update: stolen.update },
  ]
  for (const keys of attempts) {
    const outcome = resolveLog([...log, appendLog(log, keys, takeover)], { nowMs })
    assert.equal(codeOf(outcome), 'refused.log')
    assert.match(messageOf(outcome), /^Entry 5 .* another update key than the one promised/)
  }
})

test('nobody can claim keys that he does not hold', () => {
  const victim = keysOf(1, 0, 0)
  const { line } = createLog('root', {
    ...keysOf(9, 0, 0),
    sign: { ...keysOf(9, 0, 0).sign, publicKey: victim.sign.publicKey },
  })
  const outcome = resolveLog([line], { nowMs })
  assert.match(messageOf(outcome), /^Entry 1 .* carries a signature that its key did not make/)
})

test('a log that was forged, reordered, cut in the middle or signed by others is refused, saying where and why', () => {
  const [one = '', two = '', three = '', four = ''] = log
  const thief = keysOf(9, 1, 1)
  const asThief = appendLog(
    [one],
    { ...keysOf(1, 0, 1), update: { ...thief.update, publicKey: keysOf(1, 0, 1).update.publicKey } },
    { facts: named, isNewEpoch: false, nowMs },
  )
  const cases: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['empty', [], /empty/],
    ['reordered', [one, three, two, four], /^Entry 2 .* number 3/],
    ['cut in the middle', [one, two, four], /^Entry 3 .* number 4/],
    [
      'without its first entry',
      [two, three, four],
      /^Entry 1 .* (method|identifier|unknown field|cannot be read)/,
    ],
    ['an entry twice', [one, two, two], /^Entry 3 .* number 2/],
    [
      'changed',
      [one, change(two, (e) => ({ ...e, versionTime: '2026-05-01T00:00:00Z' }))],
      /^Entry 2 .* was changed/,
    ],
    [
      'changed and renamed',
      [
        one,
        rename(two, 2, versionOf(one), (e) => ({ state: { ...e.state, anarq: { ...named, members: [] } } })),
      ],
      /^Entry 2 .* carries a signature/,
    ],
    ['signed by a thief', [one, asThief], /^Entry 2 .* carries a signature/],
    [
      'changed genesis',
      [change(one, (e) => ({ ...e, versionTime: '2026-01-02T00:00:00Z' }))],
      /^Entry 1 .* identifier is not its hash/,
    ],
    ['unsigned', [one, change(two, (e) => ({ ...e, proof: [] }))], /^Entry 2 .* signatures it needs/],
    [
      'proof of another suite',
      [one, change(two, (e) => ({ ...e, proof: [{ ...e.proof?.[0], cryptosuite: 'eddsa-jcs-2022' }] }))],
      /^Entry 2 .* signed in another way/,
    ],
    ['not JSON', [one, '{'], /^Entry 2 .* cannot be read/],
    ['white space', [one, ` ${two}`], /^Entry 2 .* cannot be read/],
    ['a field more', [one, change(two, (e) => ({ ...e, extra: 1 }))], /^Entry 2 .* unknown field/],
  ]
  for (const [name, lines, pattern] of cases) {
    const outcome = resolveLog(lines, { nowMs })
    assert.match(messageOf(outcome), pattern, name)
  }
})

test('an entry that its own keys signed is still refused where it breaks the rules', () => {
  const lines = [genesis]
  const by = (epoch: number, facts: LogFacts, isNewEpoch = false): string =>
    appendLog(lines, keysOf(1, epoch, 1), { facts, isNewEpoch, nowMs })
  const twice = { did: alice, role: 'member' as const }
  const cases: readonly (readonly [string, RegExp])[] = [
    [by(1, named), /keys without beginning the next epoch/],
    [by(0, { ...named, epoch: 1 }, true), /keys without beginning the next epoch/],
    [by(1, { ...named, epoch: 2 }, true), /keys without beginning the next epoch/],
    [by(1, { ...named, epoch: 1 }), /signatures it needs/],
    [by(0, { ...named, kind: 'root', members: [] }), /into another kind/],
    [by(0, { ...named, kind: 'root' }), /gives members to a person/],
    [by(0, { ...named, members: [twice, twice] }), /names a member twice/],
    [by(0, { ...named, members: [{ did: 'bob', role: 'member' }] }), /malformed part/],
    [by(0, { ...named, members: [{ did: bob, role: 'king' as 'owner' }] }), /unknown role/],
    [by(0, { ...named, revokedDevices: ['x'] }), /malformed part/],
  ]
  for (const [line, pattern] of cases) {
    const outcome = resolveLog([genesis, line], { nowMs })
    assert.match(messageOf(outcome), pattern)
    assert.deepEqual(outcome.ok ? undefined : outcome.fault.data, { entry: 2 })
  }
})

test('time goes forward in a log and never into the future', () => {
  const line = appendLog([genesis], keysOf(1, 0, 1), { facts: named, isNewEpoch: false, nowMs: startMs })
  assert.equal(
    codeOf(resolveLog([genesis, line], { nowMs: startMs - 300_000 })),
    'ok',
    'within the skew of clocks',
  )
  assert.match(
    messageOf(resolveLog([genesis, line], { nowMs: startMs - 301_000 })),
    /^Entry 2 .* in the future/,
  )
  const next = appendLog([genesis, line], keysOf(1, 0, 2), {
    facts,
    isNewEpoch: false,
    nowMs: startMs - 1000,
  })
  assert.equal(
    (JSON.parse(next) as LogEntry).versionTime,
    new Date(startMs + 1000).toISOString().replace('.000', ''),
  )
  assert.throws(
    () => appendLog([genesis, line], keysOf(1, 0, 2), { facts, isNewEpoch: false, nowMs: genesisMs }),
    isFault('refused.clock'),
  )
})

test('a log that was seen longer before, or otherwise, is refused by who remembers its last entry', () => {
  const known = versionOf(log[2] ?? '')
  assert.equal(codeOf(resolveLog(log, { nowMs, known })), 'ok')
  assert.match(messageOf(resolveLog(log.slice(0, 2), { nowMs, known })), /cut back or forked/)
  const fork = appendLog(log.slice(0, 2), keysOf(1, 0, 2), { facts, isNewEpoch: false, nowMs })
  assert.match(messageOf(resolveLog([...log.slice(0, 2), fork], { nowMs, known })), /cut back or forked/)
  assert.equal(codeOf(resolveLog(log, { nowMs, known: 'nonsense' })), 'refused.log')
  assert.equal(codeOf(resolveLog(log, { nowMs, did: alice })), 'refused.log')
})

test('nothing follows the entry that ends an identity', () => {
  const end = appendLog([genesis], keysOf(1, 0, 1), { facts, isNewEpoch: false, isLast: true, nowMs })
  const ended = resolveLog([genesis, end], { nowMs })
  assert.ok(ended.ok && ended.value.hasEnded, messageOf(ended))
  const after = appendLog([genesis, end], keysOf(1, 0, 2), { facts, isNewEpoch: false, nowMs })
  assert.match(messageOf(resolveLog([genesis, end, after], { nowMs: nowMs + dayMs })), /^Entry 3 .* ended/)
})

test('JSON of any other shape is refused as malformed, never as a defect', () => {
  const [one = '', two = ''] = log
  const values = [null, 0, '', [], {}, [null]]
  for (const line of [one, two]) {
    for (const name of ['versionId', 'versionTime', 'parameters', 'state', 'proof']) {
      for (const value of values) {
        const broken = change(line, (entry) => ({ ...entry, [name]: value }))
        const code = codeOf(resolveLog(line === one ? [broken] : [one, broken], { nowMs }))
        assert.match(code, /^(refused|invalid)\./, `${name} ${JSON.stringify(value)}`)
      }
    }
  }
  for (const line of ['null', '0', '[]', '{}', '"x"'])
    assert.match(codeOf(resolveLog([line], { nowMs })), /^(refused|invalid)\./)
})

test('limits hold: entries of a log, size of an entry', () => {
  assert.equal(codeOf(resolveLog(new Array(logEntriesMax + 1).fill(genesis), { nowMs })), 'limit.log')
  assert.equal(codeOf(resolveLog(log, { nowMs, entriesMax: 3 })), 'limit.log')
  assert.equal(codeOf(resolveLog([genesis, 'x'.repeat(65_537)], { nowMs })), 'limit.log')
})

test('AQ-SQUID-19: one changed character anywhere in a log is noticed', () => {
  const whole = log.join('\n')
  fc.assert(
    fc.property(fc.nat({ max: whole.length - 1 }), fc.constantFrom('A', '7', '"', ' '), (at, character) => {
      fc.pre(whole[at] !== character)
      const changed = `${whole.slice(0, at)}${character}${whole.slice(at + 1)}`
      assert.notEqual(codeOf(resolveLog(changed.split('\n'), { nowMs })), 'ok')
    }),
    { numRuns: 60 },
  )
})
