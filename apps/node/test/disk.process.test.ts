import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { toHex } from '@anarq/bytes'
import type { PutItem } from '@anarq/flows'
import { openNode } from '@anarq/node'
import { readAll, withDiskHome } from './disk-home.ts'
import { bytesOf, fileItem, itemsOf, noise, passphrase, someDay, textOf } from './world.ts'

const lock = 'zanzibar-second-lock'
const content = 'Quixotic-zephyrs-jolt the vexed-wyvern.\n'
/** Everything that only the owner may ever see. */
const secrets = {
  name: 'Kryptonomikon-xylophagous',
  folder: 'Folder-of-brontosaurs',
  innerFolder: 'Innermost-quokka',
  tag: 'tag-ozymandias',
  content: 'Quixotic-zephyrs-jolt',
  lockedContent: 'Buried-under-baobab',
  sharedName: 'Shared-with-nobody-else',
  identity: 'Persona-gribouillis',
  former: 'Renamed-from-this-pangolin',
  trashed: 'Trashed-platypus-memoir',
  linkTarget: 'Where-the-narwhal-points',
  passphrase,
  lock,
} as const

function items(): AsyncIterable<readonly PutItem[]> {
  const folder = `${secrets.folder}/${secrets.innerFolder}`
  return itemsOf(
    { kind: 'folder', path: secrets.folder, modifiedMs: someDay },
    fileItem(`${folder}/${secrets.name}.txt`, content.repeat(50)),
    fileItem(`${folder}/${secrets.sharedName}.txt`, content),
    fileItem(`${folder}/noise.bin`, noise(3_000_000)),
    fileItem(`${folder}/${secrets.former}.txt`, 'x'),
    fileItem(`${folder}/${secrets.trashed}.txt`, 'y'),
    fileItem(`${folder}/link`, secrets.linkTarget, { type: 'inode/symlink' }),
  )
}

/** As it is, in both forms of UTF-16, in base64 at each of its three places, and in hexadecimal. */
function spellings(text: string): Buffer[] {
  const raw = Buffer.from(text)
  const wide = Buffer.from(text, 'utf16le')
  const base64 = [0, 1, 2].map((shift) => {
    const padded = Buffer.concat([Buffer.alloc(shift), raw]).toString('base64')
    // What stands at the borders mixes with what is beside it.
    return padded.slice(shift === 0 ? 0 : 4, -4)
  })
  const hex = raw.toString('hex')
  const texts = [
    ...base64,
    ...base64.map((each) => each.replaceAll('+', '-').replaceAll('/', '_')),
    hex,
    hex.toUpperCase(),
  ]
  return [raw, wide, Buffer.from(wide).swap16(), ...texts.map((each) => Buffer.from(each))]
}

async function assertOpaque(home: string, all: Readonly<Record<string, string>>): Promise<void> {
  const files = await readAll(home)
  assert.ok(files.size > 8)
  for (const [what, text] of Object.entries(all)) {
    for (const spelling of spellings(text)) {
      for (const [path, bytes] of files) {
        assert.ok(!bytes.includes(spelling), `${what} can be read in ${path}: ${spelling.toString('latin1')}`)
        assert.ok(!path.includes(text), `${what} can be read in the name ${path}`)
      }
    }
  }
}

test('AQ-QLOCK-4, AQ-ENC-3, AQ-QINDEX-2, AQ-QINDEX-3, AQ-QDRIVE-3: nothing in the home can be read: no name, tag, content, identity or word, open or closed', async () => {
  await withDiskHome(async (home) => {
    await using node = await home.open()
    const { drive, identities, sharing, account } = node.operations
    await drive.put(items(), { tags: [secrets.tag] })
    await drive.put(itemsOf(fileItem('locked.txt', `${secrets.lockedContent} tree`)), { lock })
    const other = await identities.create({ kind: 'sub', name: secrets.identity })
    await drive.move(`/${secrets.folder}/${secrets.innerFolder}/${secrets.former}.txt`, { name: 'now.txt' })
    await drive.remove(`/${secrets.folder}/${secrets.innerFolder}/${secrets.trashed}.txt`)
    const shared = await drive.entry(`${secrets.sharedName}.txt`)
    const { ping } = await sharing.share(shared.id, {
      with: secrets.identity,
      purpose: 'a-purpose-of-tapirs',
    })
    await identities.use(secrets.identity)
    await textOf(await sharing.open(ping, { purpose: 'a-purpose-of-tapirs' }))
    await identities.rotate(secrets.identity)
    await identities.use('alice')
    await drive.find({ text: 'zephyrs' })
    const all = {
      ...secrets,
      did: home.did,
      otherDid: other.did,
      purpose: 'a-purpose-of-tapirs',
      action: 'object.put',
      object: shared.id,
      ...Object.fromEntries(
        home.words
          .split(' ')
          .flatMap((word, i, every) => (i < 23 ? [[`words ${i}`, `${word} ${every[i + 1]}`]] : [])),
      ),
    }
    await assertOpaque(home.path, all)
    await account.lock()
    await assertOpaque(home.path, all)
    await node.close()
    await assertOpaque(home.path, all)
  })
})

test('two homes with the same content share no block: nobody can test for what another has', async () => {
  const digests = new Set<string>()
  for (const name of ['one', 'two']) {
    await withDiskHome(async (home) => {
      await using node = await home.open()
      await node.operations.drive.put(items())
      for await (const { cid } of node.packs.blocks.list()) {
        const digest = toHex(cid.multihash.digest)
        assert.ok(!digests.has(digest), 'a block of both')
        digests.add(digest)
      }
      await node.close()
    }, name)
  }
})

test('the home belongs to its user alone: no other may look into it, nor at its files', async (t) => {
  if (process.platform === 'win32') {
    t.skip('no POSIX rights here')
    return
  }
  await withDiskHome(async (home) => {
    assert.equal((await stat(home.path)).mode & 0o077, 0)
    for (const name of ['vault.a', 'vault.b'])
      assert.equal((await stat(join(home.path, name))).mode & 0o077, 0, name)
  })
})

test('whatever can be made again is made again: the index of blocks, the caches and the lock may all be deleted', async () => {
  await withDiskHome(async (home) => {
    await using first = await home.open()
    await first.operations.drive.put(items(), { tags: [secrets.tag] })
    await first.operations.drive.put(itemsOf(fileItem('b.txt', 'one')))
    await first.operations.drive.put(itemsOf(fileItem('b.txt', 'two', { modifiedMs: someDay })))
    const before: string[] = []
    for await (const { path, id, bytes } of first.operations.drive.walk('/'))
      before.push(`${path} ${id} ${bytes}`)
    await first.close()

    const gone = (await readdir(home.path, { recursive: true })).filter((name) =>
      /\.db|^cache[/\\]/.test(name),
    )
    assert.ok(gone.some((name) => name.endsWith('blocks.db')))
    for (const name of gone) await rm(join(home.path, name), { recursive: true, force: true })
    await rm(join(home.path, 'cache'), { recursive: true, force: true })

    await using again = await home.open()
    const { drive, health } = again.operations
    const after: string[] = []
    for await (const { path, id, bytes } of drive.walk('/')) after.push(`${path} ${id} ${bytes}`)
    assert.deepEqual(after, before)
    assert.deepEqual(await bytesOf((await drive.get('noise.bin')).stream), noise(3_000_000))
    assert.equal(await textOf(await drive.get('b.txt', { version: 1 })), 'one')
    assert.equal((await drive.find({ tag: secrets.tag })).length, 6)
    assert.equal((await drive.find({ text: 'xylophagous' })).length, 1)
    assert.deepEqual((await health.verify()).findings, [])
    await again.close()
  })
})

test('AQ-QLOCK-4: a search index that was saved in the cache is sealed, and one that was changed is made anew', async () => {
  await withDiskHome(async (home) => {
    await using first = await home.open()
    await first.operations.drive.put(items())
    await first.close()
    const cached = (await readdir(join(home.path, 'cache'))).filter((name) => !name.startsWith('.'))
    for (const name of cached) await writeFile(join(home.path, 'cache', name), noise(5000))
    await using again = await home.open()
    assert.equal((await again.operations.drive.find({ text: 'xylophagous' })).length, 1)
    assert.deepEqual((await again.operations.health.verify()).findings, [])
    await again.close()
  })
})

test('what was found damaged is whole again once it is put again', async () => {
  await withDiskHome(async (home) => {
    const files = () =>
      itemsOf(...['a', 'b', 'c'].map((name, i) => fileItem(`${name}.bin`, noise(90_000, i + 1))))
    const first = await home.open()
    await first.operations.drive.put(files())
    await first.close()
    const pack = join(home.path, 'blocks/data-000001.pack')
    const bytes = await readFile(pack)
    bytes[150_000] = (bytes[150_000] as number) ^ 1
    await writeFile(pack, bytes)

    await using again = await home.open()
    const { drive, health } = again.operations
    assert.deepEqual(
      (await health.verify()).findings.map(({ path }) => path),
      ['/b.bin'],
    )
    await drive.put(files(), { isThorough: true })
    assert.deepEqual((await health.verify()).findings, [])
    assert.deepEqual(await bytesOf((await drive.get('/b.bin')).stream), noise(90_000, 2))
    assert.equal((await drive.entry('/b.bin')).versions, 1)
  })
})

test('one process at a time: a second one is told who has the home, in this process or another, and gets it afterwards', async () => {
  await withDiskHome(async (home) => {
    const held = await openNode({ home: home.path })
    await assert.rejects(openNode({ home: home.path }), { code: 'busy.home' })
    assert.match(await tryOpen(home.path), new RegExp(`^busy\\.home .*process ${process.pid}`))
    await held.close()
    assert.equal(await tryOpen(home.path), 'open')

    const child = spawnTry(home.path)
    assert.equal(await firstLine(child), 'open')
    await assert.rejects(openNode({ home: home.path }), { code: 'busy.home' })
    child.kill('SIGKILL')
    await once(child, 'close')
    const after = await openNode({ home: home.path })
    await after.close()
  })
})

function spawnTry(home: string) {
  return spawn(process.execPath, [join(import.meta.dirname, 'fixtures/try-open.ts'), home], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
}

async function tryOpen(home: string): Promise<string> {
  const child = spawnTry(home)
  const line = await firstLine(child)
  child.stdin.end()
  if (child.exitCode === null) await once(child, 'close')
  return line
}

async function firstLine({ stdout }: ReturnType<typeof spawnTry>): Promise<string> {
  let text = ''
  for await (const part of stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += part
    if (text.includes('\n')) break
  }
  return text.split('\n')[0] ?? ''
}

test('a home where a folder should be a file, or the reverse, is refused with a sentence', async () => {
  await withDiskHome(async (home) => {
    await rm(join(home.path, 'vault.a'))
    await rm(join(home.path, 'vault.b'))
    await mkdir(join(home.path, 'vault.a'))
    await assert.rejects(openNode({ home: home.path }), ({ code, message }: Error & { code: string }) => {
      assert.match(code, /^(invalid|damaged)\./)
      assert.match(message, /vault/)
      return true
    })
    await assert.rejects(
      openNode({ home: join(home.path, 'vault.a', '..', 'lock.db') }),
      ({ message }: Error) => {
        assert.match(message, /lock\.db/)
        return true
      },
    )
  })
})
