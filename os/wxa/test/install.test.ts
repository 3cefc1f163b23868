import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import {
  areIdsAlike,
  areNamesAlike,
  compareVersions,
  decideInstall,
  type InstallDecision,
  type InstalledApp,
  skeletonOf,
} from '@anarq/wxa'
import fc from 'fast-check'
import { confusables } from '../src/alike.ts'
import { ada, type Draft, pack, publisher, readEntries, signedBy } from './apps.ts'

const bob = publisher(8)
type By = Parameters<typeof signedBy>[0]

async function decide(
  { by = ada, change = {} }: { by?: By | undefined; change?: Partial<Draft> },
  apps: readonly InstalledApp[] = [],
  system = '1.0.0',
): Promise<InstallDecision> {
  const read = await readEntries(signedBy(by, pack(change)).entries)
  return decideInstall(read, { apps, system })
}

async function installed(change: Partial<Draft> = {}, by: By = ada): Promise<InstalledApp> {
  const { manifest, publisher } = await readEntries(signedBy(by, pack(change)).entries)
  const { id, name, version, permissions } = manifest
  return {
    id,
    name,
    version,
    permissions: permissions.map((one) => one.id),
    ...(publisher === undefined ? {} : { publisher }),
  }
}

function codeOf(decision: InstallDecision): string {
  return decision.kind === 'refuse' ? decision.fault.code : decision.kind
}

test('[WX-APP-5] an app that is not there is installed, and asks for everything that it declares', async () => {
  const decision = await decide({})
  assert.equal(decision.kind, 'install')
  assert.deepEqual(decision.kind === 'install' && decision.asks.map(({ id }) => id), [
    'drive.read',
    'drive.write:/notes',
  ])
})

test('[WX-APP-5] an update that wants more is asked for that again, and for nothing else', async () => {
  const more = [
    { id: 'drive.read', why: 'To show your notes.' },
    { id: 'network:api.example.org', why: 'To fetch the weather.' },
  ]
  const decision = await decide({ change: { version: '1.3.0', permissions: more } }, [await installed()])
  assert.deepEqual(decision, {
    kind: 'update',
    from: '1.2.3',
    asks: [more[1]],
    gives: ['drive.write:/notes'],
  })
  const same = await decide({ change: { version: '1.3.0' } }, [await installed()])
  assert.deepEqual(same.kind === 'update' && same.asks, [])
})

test('an older version, and the same one, are refused', async () => {
  const apps = [await installed({ version: '2.0.0' })]
  assert.equal(codeOf(await decide({ change: { version: '1.9.9' } }, apps)), 'refused.downgrade')
  assert.equal(codeOf(await decide({ change: { version: '2.0.0-rc.1' } }, apps)), 'refused.downgrade')
  assert.equal(codeOf(await decide({ change: { version: '2.0.0' } }, apps)), 'conflict.installed')
  assert.equal(codeOf(await decide({ change: { version: '2.0.1' } }, apps)), 'update')
})

test('an update comes from the publisher of what is installed', async () => {
  const change = { version: '2.0.0' }
  assert.equal(codeOf(await decide({ by: bob, change }, [await installed()])), 'refused.publisher-changed')
  const { publisher: _, ...unsigned } = await installed()
  assert.equal(codeOf(await decide({ change }, [unsigned])), 'refused.publisher-changed')
  const nobody = await readEntries(pack(change).entries, { allowsUnsigned: true })
  assert.equal(
    codeOf(decideInstall(nobody, { apps: [await installed()], system: '1.0.0' })),
    'refused.publisher-changed',
  )
})

test('while an app is made, the same unsigned version is installed again and again', async () => {
  const { publisher: _, ...unsigned } = await installed()
  const again = await readEntries(pack().entries, { allowsUnsigned: true })
  assert.equal(codeOf(decideInstall(again, { apps: [unsigned], system: '1.0.0' })), 'update')
})

test('unsigned apps of a developer may be alike; one that looks like a part of the system is refused', async () => {
  const { publisher: _, ...other } = await installed({ id: 'org.example.notes2', name: 'Notes' })
  const unsigned = await readEntries(pack().entries, { allowsUnsigned: true })
  assert.equal(codeOf(decideInstall(unsigned, { apps: [other], system: '1.0.0' })), 'install')
  const builtIn = { ...other, isBuiltIn: true }
  assert.equal(codeOf(decideInstall(unsigned, { apps: [builtIn], system: '1.0.0' })), 'refused.id-alike')
})

test('a package that says who signed it and was not verified is refused', () => {
  const { manifest } = signedBy(ada, pack())
  assert.equal(codeOf(decideInstall({ manifest }, { apps: [], system: '1.0.0' })), 'refused.publisher')
})

test('after a rotation, the keys from before sign no update any more', async () => {
  const someone = publisher(11)
  const first = await installed({}, someone)
  const stolen = signedBy(someone, pack({ version: '9.0.0' }))
  someone.keyring.rotate(someone.keyring.current())
  const second = await installed({ version: '1.3.0' }, someone)
  const state = (app: InstalledApp) => ({ apps: [app], system: '1.0.0' })
  const read = await readEntries(stolen.entries)
  assert.equal(codeOf(decideInstall(read, state(second))), 'refused.publisher-log')
  assert.equal(codeOf(decideInstall(read, state(first))), 'update', 'nobody has heard of the rotation yet')
  const fresh = await decide({ by: someone, change: { version: '1.4.0' } }, [second])
  assert.equal(codeOf(fresh), 'update')
})

test('what is built in is not replaced', async () => {
  const builtIn = { ...(await installed({}, bob)), isBuiltIn: true }
  assert.equal(codeOf(await decide({}, [builtIn])), 'refused.built-in')
})

test('an app for a later system is refused', async () => {
  assert.equal(codeOf(await decide({ change: { minimumSystem: '1.0.1' } })), 'refused.system')
  assert.equal(codeOf(await decide({ change: { minimumSystem: '1.0.0' } })), 'install')
})

const ids: readonly (readonly [a: string, b: string, areAlike: boolean])[] = [
  ['org.example.notes', 'org.example.notes', false],
  ['org.example.notes', 'org.example.note', true],
  ['org.example.notes', 'org.example.nutes', true],
  ['org.example.notes', 'org.example.noets', true],
  ['org.example.notes', 'org.exarnple.notes', true],
  ['org.example.notes', 'org.examp1e.n0tes', true],
  ['org.example.notes', 'org.example.no-tes', true],
  ['org.example.notes', 'com.example.notes', true],
  ['org.notes', 'com.notes', false],
  ['org.example.notes', 'org.example.mail', false],
  ['org.example.notes', 'org.example.notebook', false],
]

for (const [a, b, areAlike] of ids) {
  test(`the id ${b} is ${areAlike ? '' : 'not '}taken for ${a}`, async () => {
    assert.equal(areIdsAlike(a, b), areAlike)
    assert.equal(areIdsAlike(b, a), areAlike)
    if (!areAlike || a === b) return
    const other = await installed({ id: a, name: 'Something' }, bob)
    assert.equal(codeOf(await decide({ change: { id: b } }, [other])), 'refused.id-alike')
    assert.equal(
      codeOf(await decide({ by: bob, change: { id: b } }, [other])),
      'install',
      'of the same publisher',
    )
  })
}

const names: readonly (readonly [a: string, b: string, areAlike: boolean])[] = [
  ['Qdrive', 'Qdrive', true],
  ['Qdrive', 'QDrive', true],
  ['Qdrive', 'Q drive', true],
  ['Qdrive', 'Qdriѵe', true],
  ['Qdrive', 'Qdrivé', true],
  ['Qdrive', 'Ԛԁгіνе', true],
  ['Qdrive', 'Qclrive', true],
  ['Wallet', 'VVallet', true],
  ['Mail', 'Mai1', true],
  ['Mail', 'Rnail', true],
  ['Mail', 'Ｍａｉｌ', true],
  ['Mail', 'Ma!l', true],
  ['Qdrive', 'Qdrive!', true],
  ['Qdrive', 'Qdrive™', true],
  ['Qdrive', '★ Qdrive ★', true],
  ['Qdrive', 'Qmail', false],
  ['Notes', 'Notas', false],
  ['☂', '☂', true],
  ['☂', '☃', false],
]

for (const [a, b, areAlike] of names) {
  test(`the name ${b} is ${areAlike ? '' : 'not '}taken for ${a}`, async () => {
    assert.equal(areNamesAlike(a, b), areAlike)
    assert.equal(areNamesAlike(b, a), areAlike)
    if (!areAlike) return
    const builtIn = { ...(await installed({ id: 'system.other.thing', name: a }, bob)), isBuiltIn: true }
    assert.equal(
      codeOf(await decide({ change: { name: b.normalize('NFC') } }, [builtIn])),
      'refused.name-alike',
    )
  })
}

test('folding what is folded changes nothing, for any name', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => areNamesAlike(name, name)))
})

test('versions are in the order of semver.org, for any two', () => {
  const order = [
    '1.0.0-alpha',
    '1.0.0-alpha.1',
    '1.0.0-alpha.beta',
    '1.0.0-beta',
    '1.0.0-beta.2',
    '1.0.0-beta.11',
    '1.0.0-rc.1',
    '1.0.0',
    '1.0.1',
    '1.1.0',
    '10.0.0',
  ]
  for (const [i, a] of order.entries())
    for (const [j, b] of order.entries())
      assert.equal(Math.sign(compareVersions(a, b)), Math.sign(i - j), `${a} ${b}`)
  assert.ok(skeletonOf('') === '')
})

test('the table of what looks alike is the one in the document, and each of it is what normal forms leave', () => {
  const document = readFileSync(new URL('../../../docs/formats/wxa.md', import.meta.url), 'utf8')
  for (const [letter, others] of confusables) {
    assert.ok(document.includes(`\n${letter}  ${[...others].join(' ')}\n`), letter)
    for (const other of others) {
      assert.equal(other.normalize('NFKD').toLowerCase(), other)
      assert.equal(skeletonOf(other), letter)
    }
  }
})
