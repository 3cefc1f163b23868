/** Packages for tests, made by the command as a developer makes them. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const run = promisify(execFile)

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

/** The command, as one types it. */
export async function anarq(args: readonly string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [join(root, 'apps/cli/bin/anarq.js'), ...args])
  assert.notEqual(stdout, '')
  return stdout
}
