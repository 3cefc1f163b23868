import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Cid, cidOfDigest, digestOf, rawCodec } from '@anarq/ipld'
import { catchUp, createMemoryView, encodeRecord, type IndexRecord, readFile, type View } from '@anarq/qindex'
import { fileChange, folderChange, testDigest, testId, testKeys, testSigner } from '@anarq/qindex/testing'
import { verifyCid } from '@anarq/qlock'
import { collect, createFaultyBlocks, files, headOf, openReplica, rootOf, valuesOf } from './replica.ts'

const full = new Fault('unavailable.full', 'The disk is full. Make room, then try again.')

test('AQ-QINDEX-1: what is committed comes back by its id, after closing and opening again too', async () => {
  const first = await openReplica()
  assert.equal(first.index.head(), undefined)
  const info = await first.index.commit(files(200))
  assert.deepEqual([info.sequence, info.count, info.parents.length], [1, 200, 0])
  assert.equal(valuesOf(await first.index.get(testId(7))).name, 'file 7.txt')
  assert.equal(await first.index.get(testId('none')), undefined)
  await first.index.close()
  const second = await openReplica({ blocks: first.blocks, heads: first.heads })
  assert.deepEqual(headOf(second).cid.toString(), info.cid.toString())
  assert.equal(valuesOf(await second.index.get(testId(199))).name, 'file 199.txt')
  assert.equal((await collect(second.index.records())).length, 200)
  assert.deepEqual(second.faults, [])
})

test('a later write replaces the fields it names and leaves the others', async () => {
  const { index } = await openReplica()
  await index.commit([fileChange('a.txt', { set: { note: 'mine', 'tag/x': true } })])
  await index.commit([{ id: testId('a.txt'), kind: 'file', set: { name: 'b.txt', 'tag/x': null } }])
  const values = valuesOf(await index.get(testId('a.txt')))
  assert.deepEqual([values.name, values.note, values['tag/x']], ['b.txt', 'mine', null])
  await index.commit([
    { id: testId('a.txt'), kind: 'file', set: { name: 'c.txt' } },
    { id: testId('a.txt'), kind: 'file', set: { name: 'd.txt' } },
  ])
  assert.equal(
    valuesOf(await index.get(testId('a.txt'))).name,
    'd.txt',
    'within one commit the later word counts',
  )
})

test('a write counts even when the clock of the machine was set back', async () => {
  const { index, clock } = await openReplica()
  await index.commit([fileChange('a.txt', { set: { note: 'before' } })])
  clock.advance(-86_400_000)
  await index.commit([fileChange('a.txt', { set: { note: 'after' } })])
  assert.equal(valuesOf(await index.get(testId('a.txt'))).note, 'after')
  assert.equal(await index.verify((fault) => assert.fail(fault)).then(({ faults }) => faults), 0)
})

test('10,000 changes are one commit with one signature; one change more writes one path', async () => {
  const blocks = createFaultyBlocks()
  let signatures = 0
  const { index } = await openReplica({
    blocks,
    signer: {
      ...testSigner('me'),
      sign(...args) {
        signatures += 1
        return testSigner('me').sign(...args)
      },
    },
  })
  await index.commit(files(10_000))
  assert.deepEqual([signatures, index.head()?.count], [1, 10_000])
  const before = blocks.puts.length
  await index.commit([fileChange('one more.txt')])
  assert.ok(blocks.puts.length - before <= 5, 'a leaf, two or three inner nodes, the commit')
})

test('callers that wait share the next commit, each with its own answer', async () => {
  const { index } = await openReplica()
  const infos = await Promise.all(files(20).map((change) => index.commit([change])))
  assert.deepEqual([...new Set(infos.map(({ sequence }) => sequence))], [1], 'asked for at once')
  const running = index.commit(files(1, 100))
  await Promise.resolve()
  await Promise.resolve()
  const later = await Promise.all([index.commit(files(1, 200)), index.commit(files(1, 300))])
  assert.deepEqual([(await running).sequence, ...later.map(({ sequence }) => sequence)], [2, 3, 3])
  assert.equal(index.head()?.count, 23)
})

test('among callers of one commit the later written counts', async () => {
  const { index } = await openReplica()
  const note = (text: string) => index.commit([fileChange('a.txt', { set: { note: text } })])
  await Promise.all([note('first'), note('second'), note('third')])
  assert.equal(valuesOf(await index.get(testId('a.txt'))).note, 'third')
})

test('a caller whose request is at fault fails alone', async () => {
  const { index } = await openReplica()
  await index.commit([fileChange('a.txt')])
  const wrong = { ...folderChange('a'), id: testId('a.txt') }
  const [good, conflict, malformed, better] = await Promise.allSettled([
    index.commit(files(1, 1)),
    index.commit([wrong]),
    index.commit([{ id: testId('x'), kind: 'file', set: { a: Number.NaN } }]),
    index.commit(files(1, 2), { batch: [testDigest(1)] }),
  ])
  assert.equal(good.status, 'fulfilled')
  assert.equal(better.status, 'fulfilled')
  assert.equal((conflict as PromiseRejectedResult).reason.code, 'conflict.kind')
  assert.equal((malformed as PromiseRejectedResult).reason.code, 'invalid.change')
  assert.equal(index.head()?.count, 3)
  await assert.rejects(index.commit([fileChange('big', { set: { words: 'x'.repeat(3_000_000) } })]), {
    code: 'limit.record',
  })
  await assert.rejects(index.commit([], { batch: [new Uint8Array(31)] }), { code: 'invalid.digest' })
})

test('a caller that leaves before its commit begins is not in it', async () => {
  const { index } = await openReplica()
  const controller = new AbortController()
  const [stays, leaves] = [
    index.commit(files(1, 1)),
    index.commit(files(1, 2), { signal: controller.signal }),
  ]
  controller.abort()
  await assert.rejects(leaves, { code: 'cancelled.aborted' })
  assert.equal((await stays).count, 1)
  await assert.rejects(index.commit(files(1, 3), { signal: controller.signal }), {
    code: 'cancelled.aborted',
  })
  assert.equal(index.head()?.count, 1)
})

test('AQ-FIN-10: a commit that fails midway leaves the index as it was, and the next one works', async () => {
  for (const step of ['put', 'flush', 'heads'] as const) {
    const blocks = createFaultyBlocks()
    const replica = await openReplica({ blocks })
    await replica.index.commit(files(100))
    const before = rootOf(replica)
    const kept = { ...replica.heads }
    if (step === 'heads') replica.heads.put = () => Promise.reject(full)
    else blocks.refuse(step, full)
    const failing = await Promise.allSettled([
      replica.index.commit(files(1, 500)),
      replica.index.commit(files(1, 600)),
    ])
    for (const one of failing)
      assert.equal((one as PromiseRejectedResult).reason.code, 'unavailable.full', step)
    assert.equal(rootOf(replica), before)
    assert.equal(await replica.index.get(testId(500)), undefined)
    blocks.refuse('put', undefined)
    blocks.refuse('flush', undefined)
    Object.assign(replica.heads, kept)
    const reopened = await openReplica({ blocks, heads: replica.heads })
    assert.equal(rootOf(reopened), before, 'on disk too')
    await replica.index.commit(files(1, 700))
    assert.deepEqual(
      [replica.index.head()?.count, valuesOf(await replica.index.get(testId(700))).name],
      [101, 'file 700.txt'],
    )
    assert.equal((await replica.index.verify((fault) => assert.fail(fault))).records, 101)
  }
})

test('blocks are durable before the head is, and the head before the caller hears of it', async () => {
  const events: string[] = []
  const blocks = createFaultyBlocks()
  const replica = await openReplica({
    blocks: {
      ...blocks,
      async put(some, blockClass) {
        events.push(`put ${blockClass}`)
        await blocks.put(some, blockClass)
      },
      async flush() {
        events.push('flush')
      },
    },
  })
  const put = replica.heads.put
  replica.heads.put = async (...args) => {
    await put(...args)
    events.push('head')
  }
  await replica.index.commit(files(2), { batch: [testDigest(1)] }).then(() => events.push('answer'))
  assert.deepEqual(events, ['put meta', 'put meta', 'flush', 'head', 'answer'])
})

test('what the last commit wrote is given once as it was, and after that, and across other commits, as it is read', async () => {
  const { index } = await openReplica()
  const facts = async (root: Uint8Array | undefined) =>
    (await collect(index.changesSince(root))).map((record) => [toHex(record.id), encodeRecord(record)]).sort()
  await index.commit(files(300))
  assert.deepEqual(await facts(undefined), await facts(undefined))
  const first = index.head()?.root
  await index.commit([
    { id: testId(7), kind: 'file', set: { note: 'mine', 'tag/x': true } },
    fileChange('new.txt'),
    { id: testId(8), kind: 'file', set: { name: 'other.txt' } },
    { id: testId(8), kind: 'file', set: { 'tag/y': true } },
  ])
  const given = await facts(first)
  assert.equal(given.length, 3)
  assert.deepEqual(await facts(first), given)
  await index.commit([fileChange('newer.txt')])
  assert.equal((await facts(first)).length, 4)
  const second = index.head()?.root
  await index.commit([fileChange('newest.txt')])
  assert.equal((await facts(first)).length, 5)
  assert.equal((await facts(second)).length, 1)
})

test('changesSince gives what differs from a root, and everything for a root that is not known', async () => {
  const { index } = await openReplica()
  await index.commit(files(500))
  const root = index.head()?.root
  await index.commit([...files(2, 1000), fileChange('renamed.txt', { id: testId(3) })])
  const names = (await collect(index.changesSince(root))).map((record) => valuesOf(record).name)
  assert.deepEqual(names.sort(), ['file 1000.txt', 'file 1001.txt', 'renamed.txt'])
  assert.deepEqual(await collect(index.changesSince(index.head()?.root)), [])
  assert.equal((await collect(index.changesSince(undefined))).length, 502)
  assert.equal((await collect(index.changesSince(testDigest('unknown')))).length, 502)
})

test('AQ-QINDEX-14: a view follows the index, and leads from a name to the CID of its content', async () => {
  const { index } = await openReplica()
  const view = createMemoryView()
  await index.commit([
    folderChange('photos'),
    ...files(3000),
    fileChange('beach.jpg', { parent: testId('photos') }),
  ])
  assert.equal(await catchUp(view, index), 3002)
  assert.deepEqual(view.root(), index.head()?.root)
  await index.commit([fileChange('later.txt')])
  assert.equal(await catchUp(view, index), 1)
  assert.equal(await catchUp(view, index), 0)
  const [found] = view.search({ text: 'beach' })
  assert.ok(found !== undefined)
  const [version] = readFile((await index.get(found.id)) as IndexRecord).versions
  assert.deepEqual(version && digestOf(version.cid), testDigest('beach.jpg'))
})

test('a view of a state that the index has lost is emptied and filled again', async () => {
  const blocks = createFaultyBlocks()
  const { index, heads } = await openReplica({ blocks })
  const view = createMemoryView()
  await index.commit(files(50))
  const { cid } = await index.commit([fileChange('lost.txt')])
  await catchUp(view, index)
  blocks.lose(cid)
  const reopened = await openReplica({ blocks, heads })
  const unemptied = { ...view, clear: undefined }
  delete (unemptied as { clear?: undefined }).clear
  await assert.rejects(catchUp(unemptied as unknown as View, reopened.index), { code: 'conflict.view' })
  assert.equal(await catchUp(view, reopened.index), 50)
  assert.equal(view.entry(testId('lost.txt')), undefined)
  assert.equal(view.count(), 50)
})

test('history is told newest first and leads back to the beginning', async () => {
  const { index } = await openReplica()
  for (let i = 0; i < 5; i += 1) await index.commit(files(1, i))
  const sequences = (await collect(index.history())).map(({ sequence }) => sequence)
  assert.deepEqual(sequences, [5, 4, 3, 2, 1])
})

test('AQ-QINDEX-6, AQ-QINDEX-7: every block of an index is fetched by its CID and is what the CID names', async () => {
  const { index, blocks } = await openReplica()
  await index.commit(files(1000), { batch: [testDigest(1)] })
  let seen = 0
  for await (const cid of index.reachable()) {
    const bytes = await blocks.get(cid)
    assert.ok(bytes !== undefined && verifyCid(cid, bytes))
    assert.equal(cid.code, rawCodec)
    seen += 1
  }
  assert.ok(seen > 20)
})

test('what an index grew by since any of its heads is all that it stands on and did not then, and each changed record with what it was', async () => {
  const here = await openReplica()
  const { index, blocks } = here
  const reached = async () => new Set((await collect(index.reachable())).map((cid) => toHex(digestOf(cid))))
  const held = async () => new Map((await collect(index.records())).map((one) => [toHex(one.id), one]))
  const states: { cid: Cid; reached: Set<string>; held: Map<string, IndexRecord> }[] = []
  const elsewhere = await openReplica({ blocks, name: 'b' })
  for (let i = 0; i < 24; i += 1) {
    await index.commit(files(1 + ((i * 37) % 90), i * 11), { batch: [testDigest(i)] })
    // Another device wrote apart, and is taken in.
    await elsewhere.index.commit(files(3, 5000 + i))
    if (i % 5 === 4) await index.merge(headOf(elsewhere).cid)
    const { cid } = headOf(here)
    states.push({ cid, reached: await reached(), held: await held() })
  }
  const now = states.at(-1)
  for (const { cid, reached: before, held: then } of states) {
    const grown = await collect(index.grown(cid))
    const cids = grown.flatMap((one) => ('cid' in one ? toHex(digestOf(one.cid)) : []))
    const all = new Set([...before, ...cids])
    assert.deepEqual(
      [...(now?.reached ?? [])].filter((one) => !all.has(one)),
      [],
    )
    const changed = grown.flatMap((one) => ('record' in one ? one : []))
    for (const { record, before: was } of changed) assert.deepEqual(was, then.get(toHex(record.id)))
    const ids = new Set(changed.map(({ record }) => toHex(record.id)))
    for (const [id, record] of now?.held ?? [])
      assert.ok(ids.has(id) || isDeepStrictEqual(then.get(id), record))
  }
  assert.deepEqual(await collect(index.grown((now as { cid: Cid }).cid)), [])
})

test('one change of a large index is little to look at', async () => {
  const large = await openReplica()
  const { index } = large
  await index.commit(files(20_000))
  const { cid } = headOf(large)
  await index.commit(files(1, 777))
  const grown = await collect(index.grown(cid))
  assert.equal(grown.filter((one) => 'record' in one).length, 1)
  assert.ok(grown.length < 12, `${grown.length}`)
  await assert.rejects(collect(index.grown(cidOfDigest(rawCodec, testDigest(1)))), { code: 'missing.block' })
})

test('the index needs no name of a block but those it reaches: the rest can go', async () => {
  const { index, blocks, heads } = await openReplica()
  for (let i = 0; i < 40; i += 1)
    await index.commit([...files(3, i * 3), fileChange('often', { set: { note: `${i}` } })], {
      batch: [testDigest(i)],
    })
  const used = new Set<string>()
  for await (const cid of index.reachable({ tries: 1 })) used.add(toHex(digestOf(cid)))
  const all = await collect(blocks.list())
  const unused = all.filter(({ cid }) => !used.has(toHex(digestOf(cid))))
  assert.ok(unused.length > 10, 'old nodes of the trie')
  await blocks.delete(unused.map(({ cid }) => cid))
  const reopened = await openReplica({ blocks, heads })
  assert.deepEqual(reopened.faults, [])
  const checked = await reopened.index.verify((fault) => assert.fail(fault))
  assert.deepEqual(checked, { commits: 40, records: 121, faults: 0 })
  assert.ok((await reopened.index.proof(testDigest(0))) !== undefined)
  assert.equal(
    (await collect(reopened.index.reachable({ tries: 100 }))).length > 0,
    true,
    'older tries that are gone do not stop it',
  )
})

test('a folder made under one name in one place has one id on all devices, across epochs', async () => {
  const [a, b, c] = await Promise.all([
    openReplica({ name: 'a' }),
    openReplica({ name: 'b', keys: testKeys('me', 1) }),
    openReplica({ identity: 'another' }),
  ])
  const id = a.index.folderId(null, 'Photos')
  assert.equal(id.length, 16)
  assert.deepEqual(b.index.folderId(null, 'Photos'), id)
  assert.deepEqual(a.index.folderId(null, 'Cafe\u0301'), a.index.folderId(null, 'Caf\u00e9'))
  const others = [
    a.index.folderId(null, 'photos'),
    a.index.folderId(id, 'Photos'),
    a.index.folderId(null, 'Photos', 1),
    c.index.folderId(null, 'Photos'),
  ]
  assert.equal(new Set([id, ...others].map((one) => toHex(one))).size, 5)
  assert.throws(() => a.index.folderId(null, 'a/b'), { code: 'invalid.name' })
})

test('who left before a closed index refused it is told once: no rejection is left that nobody hears', async () => {
  const { index } = await openReplica()
  await index.close()
  const unheard: unknown[] = []
  const hear = (reason: unknown): void => void unheard.push(reason)
  process.prependListener('unhandledRejection', hear)
  try {
    await assert.rejects(index.commit(files(1), { signal: AbortSignal.abort() }), { code: 'refused.closed' })
    const page = new AbortController()
    await assert.rejects(index.commit(files(1), { signal: page.signal }), { code: 'refused.closed' })
    page.abort()
    await new Promise((resolve) => setImmediate(resolve))
    assert.deepEqual(unheard, [])
  } finally {
    process.removeListener('unhandledRejection', hear)
  }
})

test('a closed index takes no more, and closing waits for what was asked', async () => {
  const { index } = await openReplica()
  const running = index.commit(files(1))
  await index.close()
  assert.equal((await running).count, 1)
  await assert.rejects(index.commit(files(1, 2)), { code: 'refused.closed' })
  await assert.rejects(index.merge(cidOfDigest(rawCodec, testDigest(1))), { code: 'refused.closed' })
})
