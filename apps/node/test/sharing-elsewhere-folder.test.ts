/** A folder of another node: one decision for the whole, each thing judged when its page is asked for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { equalBytes, fromUtf8 } from '@anarq/bytes'
import { hasCode } from '@anarq/fault'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import type { Operations } from '@anarq/kernel'
import { until } from './net-world.ts'
import { createTwo, type Two } from './two-homes.ts'
import { bytesOf, fileItem, itemsOf } from './world.ts'

const text = (path: string): Uint8Array => fromUtf8(`what stands in ${path}`)

async function sharedFolder(two: Two, paths: readonly string[], uses?: number) {
  await two.alice.drive.put(itemsOf(...paths.map((path) => fileItem(path, text(path)))), { isThorough: true })
  const { did } = await two.bob.identities.show('bob')
  const terms = uses === undefined ? { with: did } : { with: did, uses }
  return two.alice.sharing.share((paths[0] as string).split('/')[0] as string, terms)
}

async function listed(operations: Operations, ping: Uint8Array, only?: string): Promise<string[]> {
  const paths: string[] = []
  for await (const { path } of operations.sharing.walk(ping, { only })) paths.push(path)
  return paths
}

async function read(
  operations: Operations,
  ping: Uint8Array,
  only?: string,
): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for await (const item of operations.sharing.readTree(ping, { only }))
    if ('content' in item) files.set(item.entry.path, await bytesOf(item.content.stream))
  return files
}

test('[WX-PNG-3] a folder opens on another node whole, in part, and as a list, and nothing readable crosses the wire but names', async () => {
  const two = await createTwo()
  const paths = ['plans/a.txt', 'plans/deep/b.txt', 'plans/deep/c.txt']
  const { ping } = await sharedFolder(two, [...paths, 'secret.txt'])
  const [first] = two.wire.splice(0)
  assert.equal(first, undefined)
  assert.deepEqual(
    (await listed(two.bob, ping)).sort(),
    ['plans', 'plans/a.txt', 'plans/deep', ...paths.slice(1)].sort(),
  )
  const all = await read(two.bob, ping)
  assert.deepEqual([...all.keys()].sort(), paths)
  for (const path of paths) assert.ok(equalBytes(all.get(path) as Uint8Array, text(path)))
  assert.deepEqual([...(await read(two.bob, ping, 'deep')).keys()].sort(), paths.slice(1))
  assert.deepEqual([...(await read(two.bob, ping, 'deep/b.txt')).keys()], ['plans/deep/b.txt'])
  for (const { answer } of two.wire) assert.ok(!Buffer.from(answer).includes('what stands in'))
  await assert.rejects(listed(two.bob, ping, '../secret.txt'), { code: 'invalid.path' })
  await assert.rejects(listed(two.bob, ping, 'secret.txt'), { code: 'missing.object' })
  await assert.rejects(two.bob.sharing.open(ping), { code: 'invalid.kind' })
})

test('[AQ-QOMPRESS-8] what has a second lock is told by the list, which costs no use, and opens with its passphrase', async () => {
  const two = await createTwo()
  const lock = 'a second passphrase'
  await two.alice.drive.put(itemsOf(fileItem('plans/deed.txt', text('deed'))), { lock, isThorough: true })
  const { ping } = await sharedFolder(two, ['plans/open.txt'], 1)
  for (let i = 0; i < 3; i += 1) {
    const locked: string[] = []
    for await (const { path, isLocked } of two.bob.sharing.walk(ping))
      if (isLocked === true) locked.push(path)
    assert.deepEqual(locked, ['plans/deed.txt'])
  }
  const files: string[] = []
  for await (const item of two.bob.sharing.readTree(ping, { lock }))
    if ('content' in item) files.push(Buffer.from(await bytesOf(item.content.stream)).toString())
  assert.deepEqual(files.sort(), ['what stands in deed', 'what stands in plans/open.txt'])
  await assert.rejects(listed(two.bob, ping), { code: 'refused.used-up' })
})

test('[AQ-QONSENT-4] the whole of a folder is one use, however many pages it has', async () => {
  const two = await createTwo()
  const paths = Array.from({ length: 300 }, (_, at) => `many/${String(at).padStart(3, '0')}.txt`)
  const { ping } = await sharedFolder(two, paths, 1)
  assert.equal((await read(two.bob, ping)).size, 300)
  const pages = two.wire.filter(
    ({ question }) => (decodeCbor(question, 'q') as { ask: string }).ask === 'next',
  )
  assert.ok(pages.length >= 2)
  await assert.rejects(read(two.bob, ping), { code: 'refused.used-up' })
})

test('[WX-PNG-6] what is taken back while it is read ends there', async () => {
  const two = await createTwo()
  const paths = Array.from({ length: 300 }, (_, at) => `many/${String(at).padStart(3, '0')}.txt`)
  const { ping, grant } = await sharedFolder(two, paths)
  const seen: string[] = []
  await assert.rejects(
    async () => {
      for await (const { entry } of two.bob.sharing.readTree(ping)) {
        if (seen.length === 10) await two.alice.sharing.revoke(grant.id)
        seen.push(entry.path)
      }
    },
    { code: 'refused.revoked' },
  )
  // The page that it was on, and the one that was on its way by then.
  assert.ok(seen.length <= 2 * 128)
})

test('a page counts once: asked for again, out of turn, by a name that is nobody’s, or after a lock, it is refused', async () => {
  const two = await createTwo()
  const paths = Array.from({ length: 300 }, (_, at) => `many/${String(at).padStart(3, '0')}.txt`)
  const { ping } = await sharedFolder(two, paths)
  const items = two.bob.sharing.walk(ping)[Symbol.asyncIterator]()
  await items.next()
  // The second page is asked for while the first is taken.
  await until(() => two.wire.length === 2)
  const { walk } = decodeCbor((two.wire[0] as { answer: Uint8Array }).answer, 'a') as { walk: Uint8Array }
  const code = async (name: Uint8Array, page: number): Promise<unknown> => {
    const answer = await two.aliceKernel.answer(encodeCbor({ ask: 'next', walk: name, page }))
    return (decodeCbor(answer, 'a') as { code?: string }).code
  }
  assert.equal(await code(walk, 1), 'missing.walk')
  assert.equal(await code(walk, 3), 'missing.walk')
  assert.equal(await code(new Uint8Array(16), 2), 'missing.walk')
  assert.equal(await code(walk, 2), undefined)
  assert.equal(await code(walk, 2), 'missing.walk')
  await two.alice.account.lock()
  assert.equal(await code(walk, 2), 'unavailable.owner')
})

test('what another node says lies in its folder cannot leave the folder, nor be another file than it says', async () => {
  const two = await createTwo()
  const { ping } = await sharedFolder(two, ['plans/a.txt', 'plans/b.txt'])
  type Item = Record<string, unknown>
  const lies: ((items: Item[]) => Item[])[] = [
    (items) => items.map((item) => ({ ...item, path: `plans/../../${String(item.path)}` })),
    (items) => items.map((item) => ({ ...item, path: `/${String(item.path)}` })),
    (items) => items.map((item) => ({ ...item, kind: 'link' })),
    (items) => items.map((item) => ({ ...item, bytes: -1 })),
    (items) => items.map(({ handed: _, ...item }) => item),
    (items) => items.map((item) => ('handed' in item ? { ...item, id: new Uint8Array(16) } : item)),
    (items) => {
      const [one, other] = items.filter((item) => 'handed' in item)
      return items.map((item) => (item === one ? { ...item, handed: other?.handed } : item))
    },
    (items) => Array.from({ length: 129 }, () => items[0] as Item),
  ]
  for (const lie of lies) {
    two.change((answer) => {
      const fields = decodeCbor(answer, 'a') as { is: string; items?: Item[] }
      return fields.items === undefined ? answer : encodeCbor({ ...fields, items: lie(fields.items) })
    })
    await assert.rejects(
      read(two.bob, ping),
      (error) => hasCode(error, 'invalid') || hasCode(error, 'refused'),
      String(lie),
    )
  }
})

test('content that came with a page and is not what was named is asked for by its name', async () => {
  const two = await createTwo()
  const { ping } = await sharedFolder(two, ['plans/a.txt'])
  two.change((answer) => {
    if (answer[0] === 0) return answer
    const fields = decodeCbor(answer, 'a') as { items?: { handed?: object }[] }
    const items = fields.items?.map((item) =>
      item.handed === undefined ? item : { ...item, handed: { ...item.handed, block: new Uint8Array(100) } },
    )
    return encodeCbor({ ...fields, items })
  })
  const files = await read(two.bob, ping)
  assert.ok(equalBytes(files.get('plans/a.txt') as Uint8Array, text('plans/a.txt')))
  assert.equal(two.wire.length, 2)
})
