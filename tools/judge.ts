// `node tools/judge.ts litmus|rclone`: where an outside program is that judges ours, as a line of JSON. It is looked for on
// the PATH; where it is not there and this is Debian, its packages are fetched without root and unpacked into .cache/.
// `{"missing": "…"}` says how to get it where neither works.
import { execFileSync } from 'node:child_process'
import {
  accessSync,
  constants,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

type Judge = { readonly packages: readonly string[]; find(root: string): Found | undefined }
/** `folder` holds the programs; `env` is what they need besides. */
type Found = { readonly folder: string; readonly env: Readonly<Record<string, string>> }

const cache = fileURLToPath(new URL('../.cache/judges', import.meta.url))
const fetchMsMax = 120_000

const judges: Readonly<Record<string, Judge>> = {
  litmus: {
    packages: ['litmus', 'libneon27-gnutls'],
    find(root) {
      const folder = ['usr/libexec/litmus', 'libexec/litmus', 'usr/lib/litmus']
        .map((path) => join(root, path))
        .find((path) => existsSync(join(path, 'basic')))
      const library = globSync(join(root, 'usr/lib/*/libneon-gnutls.so.27'))[0]
      if (folder === undefined) return undefined
      return { folder, env: library === undefined ? {} : { LD_LIBRARY_PATH: dirname(library) } }
    },
  },
  rclone: {
    packages: ['rclone'],
    find(root) {
      const folder = ['usr/bin', 'bin']
        .map((path) => join(root, path))
        .find((path) => canRun(join(path, 'rclone')))
      return folder === undefined ? undefined : { folder, env: {} }
    },
  },
}

const [name = ''] = process.argv.slice(2)
const judge = judges[name]
if (judge === undefined) {
  console.error(`Say which: ${Object.keys(judges).join(', ')}.`)
  process.exit(2)
}
console.log(
  JSON.stringify(onPath(name, judge) ?? kept(name, judge) ?? fetched(name, judge) ?? missing(name, judge)),
)

function onPath(program: string, { find }: Judge): Found | undefined {
  const folder = (process.env.PATH ?? '').split(delimiter).find((path) => canRun(join(path, program)))
  // A program in /usr/bin has its own under /usr.
  return folder === undefined ? undefined : (find(dirname(folder)) ?? find(dirname(dirname(folder))))
}

function kept(program: string, { find }: Judge): Found | undefined {
  return find(join(cache, program))
}

function fetched(program: string, { packages, find }: Judge): Found | undefined {
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, `${program}-`))
  try {
    const options = { cwd: folder, timeout: fetchMsMax, stdio: 'ignore' } as const
    execFileSync('apt-get', ['download', ...packages], options)
    for (const file of readdirSync(folder).filter((one) => one.endsWith('.deb'))) {
      execFileSync('dpkg', ['-x', file, 'root'], options)
    }
    // Whole or not at all: two tests may do this at once.
    renameSync(join(folder, 'root'), join(cache, program))
  } catch {
    // No Debian, no network, or another was faster: what is there now says.
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
  return find(join(cache, program))
}

function missing(program: string, { packages }: Judge): { missing: string } {
  return {
    missing: `${program} is not on the PATH and could not be fetched. Install it (on Debian: apt-get install ${packages.join(' ')}) and run this test again.`,
  }
}

function canRun(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
