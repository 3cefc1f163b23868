/** Packages for tests, made by the command as a developer makes them. */
import assert from 'node:assert/strict'
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../..', import.meta.url))
let commander: ChildProcess | undefined
let last: Promise<unknown> = Promise.resolve()

export type Changes = {
  readonly manifest?: Readonly<Record<string, unknown>>
  readonly files?: Readonly<Record<string, string>>
  readonly isUnsigned?: boolean
}

/** Packs a folder of `examples/`, or what lies in `files` alone, signed by the identity in use of this home. */
export async function packApp(
  home: string,
  example: string | undefined,
  changes: Changes = {},
): Promise<string> {
  const work = await mkdtemp(join(tmpdir(), 'anarq-app-'))
  const folder = join(work, 'app')
  if (example === undefined) await mkdir(folder)
  else await cp(join(root, 'examples', example), folder, { recursive: true })
  for (const [path, text] of Object.entries(changes.files ?? {})) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), text)
  }
  const place = join(folder, 'manifest.json')
  const before: object = example === undefined ? {} : JSON.parse(await readFile(place, 'utf8'))
  await writeFile(place, JSON.stringify({ ...before, ...changes.manifest }))
  const file = join(work, `${example ?? 'app'}.wxa`)
  await anarq([
    'app',
    'pack',
    folder,
    '-o',
    file,
    '--home',
    home,
    ...(changes.isUnsigned ? ['--unsigned'] : []),
  ])
  return file
}

/** The command, as one types it; in a process that takes one after another, since starting each takes most of the time. */
export async function anarq(args: readonly string[]): Promise<string> {
  const answer = last.then(() => runCommand(args))
  last = answer.catch(() => undefined)
  return answer
}

async function runCommand(args: readonly string[]): Promise<string> {
  commander ??= fork(join(root, 'apps/cli/test/fixtures/commander.ts'), {
    execArgv: [],
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  commander.ref()
  commander.channel?.ref()
  commander.send([...args])
  const ended = new AbortController()
  const end = (): void => ended.abort(new Error('the process that runs the commands ended'))
  commander.once('exit', end)
  const [said] = await once(commander, 'message', { signal: ended.signal })
  commander.off('exit', end)
  // It goes when this process does.
  commander.unref()
  commander.channel?.unref()
  const { code, out, err } = said as { code: number; out: Uint8Array; err: Uint8Array }
  assert.equal(code, 0, Buffer.from(err).toString())
  assert.notEqual(out.length, 0)
  return Buffer.from(out).toString()
}
