/** What goes wrong around a home: damage in it, strange things in the folders that are put, a disk without room. */
import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import {
  appendFile,
  chmod,
  copyFile,
  mkdir,
  readdir,
  readFile,
  readlink,
  statfs,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import type { EntryFacts, PutReport, VerifyReport } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { openShell, type Shell } from './shell.ts'

type Folder = {
  readonly files: number
  readonly skipped: readonly { readonly path: string; readonly code: string }[]
}

let shell: Shell

before(async () => {
  shell = await openShell()
  await shell.begin('alice')
  await shell.up()
})
after(() => shell.close())

suite('damage', () => {
  test('AQ-FOUT-4, AQ-QERBEROS-4: a damaged file is named by verify, and by a get of its folder that gives all the others; a backup keeps them', async () => {
    const home = join(shell.root, 'damaged home')
    const random = createSeededRandom(11)
    await shell.begin('alice', home)
    for (const name of ['a', 'b', 'c']) await shell.write(`three/${name}.bin`, random.bytes(200_000))
    await shell.json(['put', 'three'], { home })
    const pack = join(home, 'blocks/data-000001.pack')
    const bytes = await readFile(pack)
    const at = Math.floor(bytes.length / 2)
    bytes[at] = (bytes[at] as number) ^ 1
    await writeFile(pack, bytes)

    const { findings } = await shell.json<VerifyReport>(['verify'], { home, code: 1 })
    assert.deepEqual(
      findings.map(({ severity, path }) => [severity, path]),
      [['error', '/three/b.bin']],
    )
    const got = await shell.json<Folder>(['get', '/three', '-o', 'three out'], { home, code: 1 })
    assert.deepEqual([got.files, got.skipped.map(({ path }) => path)], [2, ['/three/b.bin']])
    assert.deepEqual((await readdir(shell.path('three out'))).sort(), ['a.bin', 'c.bin'])
    for (const name of ['a.bin', 'c.bin']) {
      const [kept, back] = await Promise.all([
        readFile(shell.path(`three/${name}`)),
        readFile(shell.path(`three out/${name}`)),
      ])
      assert.ok(kept.equals(back), name)
    }
    assert.match(await shell.fails(['get', '/three/b.bin', '-o', 'b.bin'], { home }), /^damaged\./)
    assert.ok(!(await readdir(shell.folder)).includes('b.bin'))

    await shell.json(['backup', 'damaged.backup'], { home })
    const elsewhere = { home: join(shell.root, 'restored from damaged') }
    await shell.json(['restore-backup', 'damaged.backup'], elsewhere)
    const restored = await shell.json<Folder>(['get', '/three', '-o', 'three back'], {
      ...elsewhere,
      code: 1,
    })
    assert.deepEqual([restored.files, restored.skipped.map(({ path }) => path)], [2, ['/three/b.bin']])
  })

  for (const isBesideNode of [false, true]) {
    const way = isBesideNode ? 'beside a node' : 'without a node'
    const folder = isBesideNode ? 'beside' : 'without'
    test(`${way}, what verify found damaged is mended by putting it again, and nothing new stands on it`, async () => {
      const home = join(shell.root, `mended ${folder}`)
      const random = createSeededRandom(12)
      await shell.begin('alice', home)
      if (isBesideNode) await shell.up(home)
      for (const name of ['a', 'b']) await shell.write(`${folder}/${name}.bin`, random.bytes(200_000))
      await shell.json(['put', folder], { home })
      const pack = join(home, 'blocks/data-000001.pack')
      const bytes = await readFile(pack)
      for (const part of [1 / 4, 3 / 4]) {
        const at = Math.floor(bytes.length * part)
        bytes[at] = (bytes[at] as number) ^ 1
      }
      await writeFile(pack, bytes)
      const findings = async (code: number): Promise<(string | undefined)[]> => {
        const report = await shell.json<VerifyReport>(['verify'], { home, code })
        return report.findings.map(({ path }) => path)
      }
      assert.deepEqual((await findings(1)).sort(), [`/${folder}/a.bin`, `/${folder}/b.bin`])

      const again = await shell.json<PutReport>(
        ['put', `${folder}/a.bin`, '--to', `/${folder}`, '--thorough'],
        { home },
      )
      assert.deepEqual([again.unchanged, again.newBlocks], [1, 1])
      assert.deepEqual(await findings(1), [`/${folder}/b.bin`])
      await copyFile(shell.path(`${folder}/b.bin`), shell.path(`${folder}/another.bin`))
      const another = await shell.json<PutReport>(['put', `${folder}/another.bin`], { home })
      assert.equal(another.newBlocks, 1)
      assert.deepEqual(await findings(0), [])
      const got = await shell.run(['get', `/${folder}/b.bin`, '-o', '-'], { home })
      assert.ok(got.bytes.equals(await readFile(shell.path(`${folder}/b.bin`))))
    })
  }

  test('AQ-FOUT-4: a damaged backup brings back what is whole and names the rest; one damaged at its beginning leaves nothing', async () => {
    const home = join(shell.root, 'backed up')
    const random = createSeededRandom(13)
    await shell.begin('alice', home)
    for (const name of ['a', 'b', 'c']) await shell.write(`kept/${name}.bin`, random.bytes(200_000))
    await shell.json(['put', 'kept'], { home })
    await shell.json(['backup', 'whole.backup'], { home })
    const whole = await readFile(shell.path('whole.backup'))
    const withBadBytes = async (name: string, at: number): Promise<void> => {
      const bytes = Buffer.from(whole)
      for (let i = at; i < at + 8; i += 1) bytes[i] = (bytes[i] as number) ^ 0x55
      await shell.write(name, bytes)
    }
    await withBadBytes('bad.backup', whole.length - 300_000)
    await withBadBytes('headless.backup', 200)

    const elsewhere = { home: join(shell.root, 'in part') }
    assert.equal(await shell.fails(['restore-backup', 'headless.backup'], elsewhere), 'damaged.backup')
    assert.deepEqual(await readdir(join(elsewhere.home, 'audit')), [])
    const report = await shell.json<{ damagedParts: number; findings: VerifyReport['findings'] }>(
      ['restore-backup', 'bad.backup'],
      { ...elsewhere, code: 1 },
    )
    assert.equal(report.damagedParts, 1)
    assert.equal(report.findings.length, 1)
    const lost = report.findings[0]?.path as string
    assert.match(lost, /^\/kept\/[abc]\.bin$/)
    const got = await shell.json<Folder>(['get', '/kept', '-o', 'kept out'], { ...elsewhere, code: 1 })
    assert.deepEqual([got.files, got.skipped.map(({ path }) => path)], [2, [lost]])
    await shell.json(['put', 'kept', '--thorough'], elsewhere)
    assert.deepEqual((await shell.json<VerifyReport>(['verify'], elsewhere)).findings, [])

    // Without the passphrase nobody can name them.
    const nobody = await shell.run(['restore-backup', 'bad.backup'], {
      home: join(shell.root, 'unnamed'),
      passphraseFile: await shell.write('wrong', 'not the passphrase\n'),
    })
    assert.equal(nobody.code, 1)
    assert.match(nobody.out, /anarq verify/)
  })

  test('AQ-QOMPRESS-8: a folder in which one file has a second lock gives the others without its passphrase', async () => {
    const lock = await shell.write('one lock', 'the second passphrase\n')
    await shell.write('mixed/open.txt', 'open')
    await shell.json(['put', 'mixed'])
    await shell.write('mixed/locked.txt', 'locked')
    await shell.json(['put', 'mixed/locked.txt', '--to', '/mixed', '--lock-file', lock])
    const got = await shell.json<Folder>(['get', '/mixed', '-o', 'mixed out'], { code: 1 })
    assert.deepEqual(
      [got.files, got.skipped.map(({ path, code }) => [path, code])],
      [1, [['/mixed/locked.txt', 'refused.lock']]],
    )
    assert.equal(
      (await shell.json<Folder>(['get', '/mixed', '-o', 'mixed all', '--lock-file', lock])).files,
      2,
    )
  })
})

suite('strange things in a folder', () => {
  test('loops of links, pipes, sockets, devices and names that are not Unicode each get a sentence; the rest is kept', async (t) => {
    const folder = shell.path('strange')
    await mkdir(join(folder, 'deep'), { recursive: true })
    await shell.write('strange/good.txt', 'good')
    await shell.write('strange/deep/good too.txt', 'good too')
    await symlink('..', join(folder, 'deep/loop'))
    await symlink('itself', join(folder, 'itself'))
    await symlink('/etc/passwd', join(folder, 'outside'))
    execFileSync('mkfifo', [join(folder, 'pipe')])
    await writeFile(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.of(0xe9)]), 'latin-1')
    if (process.getuid?.() === 0) execFileSync('mknod', [join(folder, 'device'), 'c', '1', '3'])
    else t.diagnostic('no device: this user may not make one')

    const report = await shell.json<PutReport>(['put', 'strange'], { code: 1 })
    const skipped = Object.fromEntries(report.skipped.map(({ path, code }) => [path, code]))
    assert.equal(skipped['strange/pipe'], 'invalid.kind')
    assert.equal(skipped['strange/caf\u00e9'], 'invalid.name')
    for (const { sentence } of report.skipped) assert.match(sentence, /^\S.*\.$/)
    assert.equal(report.files, 5)
    await shell.json(['get', '/strange', '-o', 'strange out'])
    assert.equal(await readFile(shell.path('strange out/deep/good too.txt'), 'utf8'), 'good too')
    assert.equal(await readlink(shell.path('strange out/deep/loop')), '..')
    assert.equal(await readlink(shell.path('strange out/outside')), '/etc/passwd')
    for (const name of ['strange/pipe', '/dev/null']) {
      const single = await shell.json<PutReport>(['put', name], { code: 1 })
      assert.deepEqual([single.files, single.skipped.map(({ code }) => code)], [0, ['invalid.kind']], name)
    }
  })

  test('a file that is written to while it is read is left out with a sentence, and kept when it rests', async () => {
    await shell.write('changing/rests.txt', 'rests')
    const path = await shell.write('changing/grows.bin', Buffer.alloc(40_000_000))
    let isOver = false
    const growing = (async () => {
      while (!isOver) {
        await appendFile(path, 'more')
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    })()
    const report = await shell.json<PutReport>(['put', 'changing'], { code: 1 }).finally(() => {
      isOver = true
    })
    await growing
    assert.deepEqual(
      [report.files, report.skipped.map((one) => [one.path, one.code])],
      [1, [['changing/grows.bin', 'conflict.changing']]],
    )
    assert.deepEqual(
      (await shell.json<EntryFacts[]>(['ls', '/changing'])).map(({ name }) => name),
      ['rests.txt'],
    )
    assert.equal((await shell.json<PutReport>(['put', 'changing'])).files, 1)
  })

  test('a get never follows a link that lies where it writes', async () => {
    await shell.write('safe/inner/file.txt', 'new')
    await shell.json(['put', 'safe'])
    const victim = await shell.write('victim/file.txt', 'untouched')
    await mkdir(shell.path('trap'))
    await symlink(shell.path('victim'), shell.path('trap/inner'))
    assert.equal(await shell.fails(['get', '/safe', '-o', 'trap', '--force']), 'conflict.exists')
    assert.equal(await readFile(victim, 'utf8'), 'untouched')
  })

  test('files that may not be read are left out with a sentence; a home that may not be written says so', async (t) => {
    const uid = process.getuid?.() === 0 ? 65_534 : undefined
    const folder = shell.path('guarded')
    await shell.write('guarded/open.txt', 'open')
    await shell.write('guarded/closed.txt', 'closed')
    await shell.write('guarded/closed folder/inside.txt', 'inside')
    await chmod(join(folder, 'closed.txt'), 0)
    await chmod(join(folder, 'closed folder'), 0)
    const theirs = join(shell.root, 'their home')
    await shell.begin('their', theirs)
    if (uid !== undefined) {
      await chmod(shell.root, 0o755)
      execFileSync('chown', ['-R', `${uid}:${uid}`, theirs])
    }
    const as = { home: theirs, ...(uid === undefined ? {} : { uid }) }
    const began = await shell.run(['id', 'list'], as)
    if (began.code !== 0) {
      t.skip(`another user cannot run the command here: ${began.err}`)
      return
    }
    const report = await shell.json<PutReport>(['put', 'guarded'], { ...as, code: 1 })
    assert.deepEqual(report.skipped.map(({ path, code }) => [path, code]).sort(), [
      ['guarded/closed folder', 'unavailable.permission'],
      ['guarded/closed.txt', 'unavailable.permission'],
    ])
    assert.equal((await shell.run(['get', '/guarded/open.txt', '-o', '-'], as)).out, 'open')
    await chmod(join(folder, 'closed.txt'), 0o644)
    await chmod(join(folder, 'closed folder'), 0o755)
    await chmod(shell.folder, 0o555)
    assert.equal(
      await shell.fails(['get', '/guarded/open.txt', '-o', 'no right here.txt'], as),
      'unavailable.permission',
    )
    await chmod(shell.folder, 0o755)
    await chmod(theirs, 0o500)
    await chmod(join(theirs, 'blocks'), 0o500)
    const code = await shell.fails(['put', 'guarded/open.txt', '--to', '/new'], as).catch(String)
    assert.match(code, /^unavailable\./)
  })

  test('a full disk is said so; nothing is lost, nothing is half there, and with room again it goes on', async (t) => {
    const disk = join(shell.root, 'small disk')
    await mkdir(disk)
    const mount = (options: string): boolean =>
      spawnSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk]).status === 0
    if (!mount('size=6m')) {
      t.skip('this user may not mount a small disk')
      return
    }
    try {
      const home = join(disk, 'home')
      const random = createSeededRandom(5)
      await shell.begin('small', home)
      const small = random.bytes(300_000)
      await shell.write('full/small.bin', small)
      await shell.json(['put', 'full/small.bin'], { home })
      await shell.write('full/large.bin', random.bytes(20_000_000))
      assert.equal(await shell.fails(['put', 'full/large.bin'], { home }), 'unavailable.full')
      const names = async () => (await shell.json<EntryFacts[]>(['ls'], { home })).map(({ name }) => name)
      await fillDisk(disk)
      const hasNoRoom = async (): Promise<boolean> => (await statfs(disk)).bavail === 0
      assert.ok(await hasNoRoom())
      assert.deepEqual(await names(), ['small.bin'])
      assert.ok((await shell.run(['get', 'small.bin', '-o', '-'], { home })).bytes.equals(small))
      await shell.json(['get', 'small.bin', '-o', 'from a full disk.bin'], { home })
      assert.deepEqual((await shell.json<VerifyReport>(['verify'], { home })).findings, [])
      await shell.json(['doctor'], { home })
      await shell.json(['audit', 'tail'], { home })
      assert.equal(
        await shell.fails(['put', 'full/small.bin', '--to', '/again'], { home }),
        'unavailable.full',
      )
      assert.match((await shell.run(['put', 'full/large.bin'], { home })).err, /takes up to \d.* MiB more/)
      assert.ok(await hasNoRoom())
      // What the puts left lies at the end: it goes without any room.
      assert.ok((await shell.json<{ freedBytes: number }>(['compact'], { home })).freedBytes > 1_000_000)
      assert.deepEqual(await names(), ['small.bin'])
      assert.ok(mount('remount,size=64m'))
      assert.equal((await shell.json<PutReport>(['put', 'full/large.bin'], { home })).files, 1)
      assert.deepEqual((await names()).sort(), ['large.bin', 'small.bin'])
      assert.deepEqual((await shell.json<VerifyReport>(['verify'], { home })).findings, [])
      // With all of it in use there is the room that is held for this.
      await fillDisk(disk)
      assert.equal(await shell.fails(['rm', 'small.bin'], { home }), 'unavailable.full')
      await shell.json(['rm', 'large.bin', '--forever'], { home })
      assert.ok((await shell.json<{ freedBytes: number }>(['compact'], { home })).freedBytes > 19_000_000)
      assert.deepEqual(await names(), ['small.bin'])
      assert.deepEqual((await shell.json<VerifyReport>(['verify'], { home })).findings, [])
    } finally {
      execFileSync('umount', [disk])
    }
  })
})

/** To the last byte. */
async function fillDisk(disk: string): Promise<void> {
  const { bavail, bsize } = await statfs(disk)
  await writeFile(join(disk, `filler ${bavail}`), Buffer.alloc(bavail * bsize))
}
