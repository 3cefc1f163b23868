/** The WebDAV door before the programs that people have: litmus, rclone and curl. */
import assert from 'node:assert/strict'
import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, open, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { createSeededRandom } from '@anarq/random/testing'

const run = promisify(execFile)
const judgeMsMax = 120_000

type Judge = { folder: string; env: Record<string, string> }
type Served = { url: string; secret: string; folder: string; memory(): Promise<number> }

test('litmus 0.13: 104 of 104 tests pass', async (t) => {
  const judge = await judgeOf(t, 'litmus')
  if (judge === undefined) return
  await withNode(async ({ url, secret, folder }) => {
    // It wants a file of its own beside it.
    await mkdir(join(folder, 'htdocs'))
    await writeFile(join(folder, 'htdocs', 'foo'), 'This is\na test file\nfor litmus testing.\n')
    let passed = 0
    for (const program of ['basic', 'copymove', 'props', 'locks', 'http'])
      passed += await passedBy(join(judge.folder, program), [`${url}/`, 'tool', secret], {
        cwd: folder,
        env: { ...process.env, ...judge.env },
      })
    assert.equal(passed, 104)
  })
})

test('rclone copies a tree in and out again, with names, times and contents, and finds nothing to do the second time', async (t) => {
  const judge = await judgeOf(t, 'rclone')
  if (judge === undefined) return
  await withNode(async ({ url, secret, folder }) => {
    const rclone = async (...args: string[]): Promise<string> => {
      const { stdout, stderr } = await run(
        join(judge.folder, 'rclone'),
        ['--config', join(folder, 'rclone.conf'), ...args],
        { timeout: judgeMsMax },
      )
      return stdout + stderr
    }
    const password = (await rclone('obscure', secret)).trim()
    await writeFile(
      join(folder, 'rclone.conf'),
      `[node]\ntype = webdav\nurl = ${url}\nvendor = nextcloud\nuser = tool\npass = ${password}\n`,
    )
    const [there, back] = [join(folder, 'there'), join(folder, 'back')]
    await makeTree(there)
    await rclone('copy', there, 'node:tree')
    await rclone('check', '--download', there, 'node:tree')
    await rclone('copy', 'node:tree', back)
    await rclone('check', '--download', back, 'node:tree')
    await rclone('check', there, back)
    assert.equal((await stat(join(back, 'old.txt'))).mtimeMs, oldMs)
    assert.match(await rclone('copy', '-v', there, 'node:tree'), /Transferred:\s+0 B/)
    // Within the node: moved and copied without coming by here.
    await rclone('moveto', 'node:tree/old.txt', 'node:tree/in/new.txt')
    await rclone('copy', 'node:tree/in', 'node:copied')
    await rclone('check', '--download', 'node:tree/in', 'node:copied')
    assert.equal(await rclone('cat', 'node:copied/new.txt'), 'old\n')
    // What is gone here goes there, and only that.
    await rm(join(there, 'in'), { recursive: true })
    await rclone('sync', there, 'node:tree')
    await rclone('check', '--download', there, 'node:tree')
    assert.match(await rclone('about', 'node:'), /Free:/)
  })
})

test('curl: a large file goes in and out in the memory of a small one, and one that breaks off leaves nothing', async (t) => {
  const curl = async (...args: string[]): Promise<string> =>
    (await run('curl', ['-sS', '--max-time', '300', ...args], { maxBuffer: 1 << 20 })).stdout
  if ((await curl('--version').catch(() => undefined)) === undefined) {
    t.skip('curl is not on the PATH. Install it and run this test again.')
    return
  }
  await withNode(async ({ url, secret, folder, memory }) => {
    const user = ['-u', `tool:${secret}`]
    const [small, large, back] = ['small', 'large', 'back'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ]
    await writeNoise(small, 32)
    await writeNoise(large, 256)
    const put = (path: string, name: string): Promise<string> =>
      curl(...user, '-T', path, '-o', '/dev/null', '-w', '%{http_code}', `${url}/${name}`)
    const get = (name: string): Promise<string> =>
      curl(...user, '-o', back, '-w', '%{http_code}', `${url}/${name}`)
    assert.equal(await put(small, 'small'), '201')
    assert.equal(await get('small'), '200')
    const before = await memory()
    assert.equal(await put(large, 'large'), '201')
    assert.equal(await put(large, 'large'), '204')
    assert.equal(await get('large'), '200')
    const grownBy = (await memory()) - before
    assert.ok(grownBy < 200 * 1024 * 1024, `${grownBy} bytes`)
    assert.ok((await readFile(large)).equals(await readFile(back)))
    assert.equal(await curl(...user, '-r', '5-9', `${url}/small`, '-o', back, '-w', '%{http_code}'), '206')
    assert.ok((await readFile(back)).equals((await readFile(small)).subarray(5, 10)))
    await assert.rejects(curl(...user, '--max-time', '1', '--limit-rate', '8M', '-T', large, `${url}/half`))
    const half = await curl(...user, '-I', '-o', '/dev/null', '-w', '%{http_code}', `${url}/half`)
    assert.equal(half, '404')
  })
})

/** How many tests one program of litmus ran; all of them passed, without a word of warning. */
async function passedBy(
  program: string,
  args: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
): Promise<number> {
  const said: string = await run(program, args, { ...options, timeout: judgeMsMax }).then(
    ({ stdout }) => stdout,
    (error: { stdout?: string }) => error.stdout ?? String(error),
  )
  const counts = /of (\d+) tests run: (\d+) passed/.exec(said)
  assert.ok(counts !== null && counts[1] === counts[2], `${program}:\n${said}`)
  assert.doesNotMatch(said, /WARNING|SKIPPED/)
  return Number(counts[1])
}

/** Undefined, and the test is skipped, where the program cannot be had. */
async function judgeOf(t: TestContext, name: string): Promise<Judge | undefined> {
  const finder = fileURLToPath(new URL('../../../tools/judge.ts', import.meta.url))
  const { stdout } = await run(process.execPath, [finder, name])
  const found = JSON.parse(stdout) as Judge | { missing: string }
  if (!('missing' in found)) return found
  t.skip(found.missing)
  return undefined
}

/** A node of its own on a temporary home; whatever happens, none of it is left, and no defect of ours stays unsaid. */
async function withNode(act: (served: Served) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-dav-'))
  const child = fork(fileURLToPath(new URL('dav-serve.ts', import.meta.url)), [join(folder, 'home')], {
    execArgv: [],
  })
  const ended = new AbortController()
  child.once('exit', () => ended.abort())
  /** A node that ends before it answers is a failure at once, not a wait. */
  const heard = async <T>(): Promise<T> => (await once(child, 'message', { signal: ended.signal }))[0] as T
  try {
    const { address, secret } = await heard<{ address: string; secret: string }>()
    const ask = <T>(message: string): Promise<T> => {
      child.send(message)
      return heard<T>()
    }
    const memory = async (): Promise<number> => (await ask<{ rssBytes: number }>('memory')).rssBytes
    await act({ url: `${address}/dav`, secret, folder, memory })
    assert.deepEqual(await ask('stop'), { faults: [] })
    await once(child, 'exit')
  } finally {
    child.kill()
    await rm(folder, { recursive: true, force: true, maxRetries: 3 })
  }
}

const oldMs = Date.UTC(2001, 1, 3, 4, 5, 6)

async function makeTree(root: string): Promise<void> {
  const inside = join(root, 'in', 'ünï çödé 100%')
  await mkdir(inside, { recursive: true })
  await mkdir(join(root, 'markup'), { recursive: true })
  await writeFile(join(root, 'old.txt'), 'old\n')
  await utimes(join(root, 'old.txt'), oldMs / 1000, oldMs / 1000)
  for (const name of ['<b>&"quotes\'.txt', 'a#b?c=d&e.txt', '%41%2f..txt', ' spaces ', 'emoji 🦉', ']]>'])
    await writeFile(join(root, 'markup', name), name)
  await writeFile(join(inside, 'empty'), '')
  for (let i = 0; i < 40; i += 1) await writeFile(join(inside, `file ${i}`), `${i}\n`.repeat(i))
  await writeNoise(join(root, 'in', 'large.bin'), 5)
  await cp(join(root, 'in', 'large.bin'), join(root, 'same.bin'))
}

async function writeNoise(path: string, mebibytes: number): Promise<void> {
  const random = createSeededRandom(mebibytes)
  const block = random.bytes(1024 * 1024)
  const file = await open(path, 'w')
  for (let i = 0; i < mebibytes; i += 1) {
    block.set(random.bytes(4096), (i * 7919) % (block.length - 4096))
    // Every mebibyte is another one, all the way through.
    for (let at = i; at < block.length; at += 4096) block[at] = ((block[at] as number) + i + 1) & 255
    await file.write(block)
  }
  await file.close()
}
