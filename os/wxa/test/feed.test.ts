import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8, toUtf8 } from '@anarq/bytes'
import { canonicalJson } from '@anarq/squid'
import {
  addToFeed,
  checkFeed,
  checkFeedPackage,
  type FeedEntry,
  feedBytes,
  feedEntryOf,
  parseFeed,
  type SignedFeed,
  signFeed,
  type UnsignedFeed,
  verifyFeed,
} from '@anarq/wxa'
import { ada, codeOf, pack, publisher, readEntries, signedBy, someDay } from './apps.ts'

const bytes = fromUtf8('stands for the package')
const found = await readEntries(signedBy(ada, pack()).entries)
const entry = feedEntryOf(found, bytes)

function signed(feed: UnsignedFeed, by: ReturnType<typeof publisher> = ada): SignedFeed {
  using identity = by.open()
  return signFeed(feed, {
    identity: identity.public(),
    name: 'Ada',
    nowMs: someDay,
    sign: (message, context) => identity.signer.sign(message, context),
  })
}

const feed = signed(addToFeed(undefined, entry))

test('[WX-DEV-10] a feed is what its publisher signed, and reads back as it was written', () => {
  const read = parseFeed(feedBytes(feed))
  assert.deepEqual(read, feed)
  assert.equal(verifyFeed(read, { nowMs: someDay }).did, found.publisher?.did)
  assert.deepEqual(
    [read.sequence, read.apps[0]?.id, read.apps[0]?.file],
    [1, 'org.example.notes', 'org.example.notes-1.2.3.wxa'],
  )
})

test('a feed with anything changed, or in another spelling, is refused', async () => {
  const text = toUtf8(feedBytes(feed))
  const changed = { ...feed, apps: [{ ...entry, description: 'Something else.' }] }
  assert.equal(await codeOf(() => verifyFeed(changed, { nowMs: someDay })), 'refused.signature')
  assert.equal(
    await codeOf(() => verifyFeed({ ...feed, sequence: 2 }, { nowMs: someDay })),
    'refused.signature',
  )
  const other = signed(addToFeed(undefined, entry), publisher(8))
  const stolen = { ...feed, publisher: other.publisher }
  assert.equal(await codeOf(() => verifyFeed(stolen, { nowMs: someDay })), 'refused.signature')
  for (const spelling of [` ${text}`, text.replace('{', '{ '), text.slice(0, -1)])
    assert.match(await codeOf(() => parseFeed(fromUtf8(spelling))), /^invalid\./)
})

test('each field of a feed is checked, and the file is named that is wrong', async () => {
  const of =
    (change: object): (() => unknown) =>
    () =>
      parseFeed(fromUtf8(canonicalJson({ ...feed, ...change })))
  const entries = (change: Partial<Record<keyof FeedEntry, unknown>>): object => ({
    apps: [{ ...entry, ...change }],
  })
  for (const change of [
    { feed: 2 },
    { sequence: 0 },
    { sequence: 1.5 },
    { more: 1 },
    { signature: 'x' },
    { apps: [entry, entry] },
    entries({ file: '../x.wxa' }),
    entries({ file: 'a/x.wxa' }),
    entries({ file: 'x.zip' }),
    entries({ id: 'X' }),
    entries({ version: '1' }),
    entries({ category: 'other' }),
    entries({ bytes: 1e12 }),
    entries({ sha256: 'AA' }),
    entries({ name: 'A\u202eb' }),
  ])
    assert.equal(await codeOf(of(change)), 'invalid.feed', JSON.stringify(change))
  assert.throws(of({ sequence: 0 }), /"sequence" in feed\.json/)
  assert.match(await codeOf(of(entries({ file: 'con.wxa' }))), /^refused\.path/)
})

test('a feed only goes forward, and there is one of each number', async () => {
  const at = (sequence: number, sha256 = 'a', log: readonly string[] = ['1', '2']) => ({
    did: 'd',
    sequence,
    sha256,
    log,
  })
  checkFeed(at(1), undefined)
  checkFeed(at(2), at(1))
  checkFeed(at(2), at(2))
  checkFeed(at(3, 'b', ['1', '2', '3']), at(2))
  assert.equal(await codeOf(() => checkFeed(at(1), at(2))), 'refused.feed-older')
  assert.equal(await codeOf(() => checkFeed(at(2, 'b'), at(2))), 'refused.feed-twice')
  assert.equal(await codeOf(() => checkFeed(at(3, 'b', ['1']), at(2))), 'refused.publisher-log')
})

test('the next feed has the app once, in a later version, and a higher number', async () => {
  const next = signed(addToFeed(feed, { ...entry, version: '1.3.0', file: 'org.example.notes-1.3.0.wxa' }))
  assert.deepEqual([next.sequence, next.apps.map(({ version }) => version)], [2, ['1.3.0']])
  const more = addToFeed(next, { ...entry, id: 'org.example.atlas', file: 'atlas.wxa' })
  assert.deepEqual(
    more.apps.map(({ id }) => id),
    ['org.example.atlas', 'org.example.notes'],
  )
  for (const version of ['1.2.3', '1.2.3-beta.1'])
    assert.equal(await codeOf(() => addToFeed(feed, { ...entry, version })), 'conflict.feed-version')
})

test('a package is taken from a feed only where it is the one that is named, of the same publisher', async () => {
  checkFeedPackage(feed, entry, { package: found, bytes })
  const eve = await readEntries(signedBy(publisher(8), pack()).entries)
  assert.equal(
    await codeOf(() => checkFeedPackage(feed, entry, { package: eve, bytes })),
    'refused.feed-foreign',
  )
  const newer = await readEntries(signedBy(ada, pack({ version: '2.0.0' })).entries)
  for (const wrong of [
    { package: newer, bytes },
    { package: found, bytes: fromUtf8('stands for another one') },
  ])
    assert.equal(await codeOf(() => checkFeedPackage(feed, entry, wrong)), 'refused.feed-entry')
  const unsigned = await readEntries(pack().entries, { allowsUnsigned: true })
  assert.equal(
    await codeOf(() => checkFeedPackage(feed, entry, { package: unsigned, bytes })),
    'refused.feed-foreign',
  )
})
