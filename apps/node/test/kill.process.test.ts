import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Content, Operations } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { type DiskHome, withDiskHome } from './disk-home.ts'
import { type Act, contentOf, perform, type Told } from './fixtures/acts.ts'
import { bytesOf } from './world.ts'

/** How often a process is killed, over all homes. */
const kills = Number(process.env.ANARQ_KILLS ?? 100)
/** At once: one a core. */
const lanes = 2
/** What is in a home grows with each kill, and so does the work of comparing it. */
const killsAHome = 25
/** What a kill damaged stays damaged: everything is read and checked so often, and after the last one; else what is new. */
const killsAVerify = 5
/** As the command does: none of them lives until compiling WebAssembly better would pay. */
const busyNode = ['--wasm-tiering-budget=1000000000', join(import.meta.dirname, 'fixtures/busy-node.ts')]

/** A process dies so long after it began, or after it told of the first act of a kind. */
type Moment = { readonly after: Act['kind'] | 'start'; readonly ms: number }
/** Longest lives, in times of what the quickest act took on this machine: most die in their first act, some in a later one. */
const lives = [3, 6, 12, 24]
const openingMs = 300
const moments: readonly Moment['after'][] = [
  ...(['put', 'put', 'put', 'put', 'rotate', 'rotate', 'revoke', 'revoke'] as const),
  ...(['share', 'trash', 'restore', 'start'] as const),
]

type Version = { readonly seed: number; readonly bytes: number }
type FileState = { readonly versions: readonly Version[]; readonly isTrashed: boolean }

/** What is in a home, as far as it was told. */
type State = {
  readonly files: ReadonlyMap<string, FileState>
  readonly grants: ReadonlyMap<string, 'active' | 'revoked'>
  /** By name of the identity. */
  readonly epochs: Readonly<Record<string, number>>
}

const nothing: State = { files: new Map(), grants: new Map(), epochs: { alice: 0, bob: 0 } }
/** In the place of a grant's id that was never told. */
const untold = 'untold'

test(`AQ-FIN-10: killed ${kills} times at any moment of put, share, revoke, trash and rotate, a home has everything that was acknowledged and nothing else`, async (t) => {
  const startedMs = performance.now()
  const counts = new Map<string, number>()
  const homes = Array.from({ length: Math.ceil(kills / killsAHome) }, (_, home) => home)
  const lane = async (): Promise<void> => {
    for (let number = homes.shift(); number !== undefined; number = homes.shift()) {
      const rounds = Math.min(killsAHome, kills - number * killsAHome)
      await withDiskHome((home) => killAgainAndAgain(home, number as number, rounds, counts))
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  const seconds = (performance.now() - startedMs) / 1000
  const done = [...counts].map(([what, count]) => `${count} ${what}`).join(', ')
  t.diagnostic(`${kills} kills in ${seconds.toFixed(1)} s: ${done}`)
  if (kills >= 100) for (const kind of ['put', 'rotate', 'revoke']) assert.ok(counts.has(`in ${kind}`), done)
})

async function killAgainAndAgain(
  home: DiskHome,
  number: number,
  rounds: number,
  counts: Map<string, number>,
): Promise<void> {
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  const random = createSeededRandom(number + 1)
  const below = (max: number): number => new DataView(random.bytes(4).buffer).getUint32(0) % max
  const contents: Contents = new Map()
  const begun = await begin(home)
  let { state } = begun
  for (let round = 0; round < rounds; round += 1) {
    const seed = number * 1000 + round + 1
    const after = moments[below(moments.length)] as Moment['after']
    const lifeMs = begun.actMs * (lives[below(lives.length)] as number)
    const moment = { after, ms: below(Math.ceil(after === 'start' ? openingMs : lifeMs)) }
    const told = await runUntilKilled(home, seed, moment)
    const what = `home ${number}, kill ${round}, last told: ${JSON.stringify(told.at(-1))}`
    const isThorough = (round + 1) % killsAVerify === 0 || round + 1 === rounds
    try {
      if (isThorough) contents.clear()
      state = await check(home, state, told, { below, isThorough, contents })
    } catch (error) {
      throw new Error(what, { cause: error })
    }
    const inFlight = told.at(-1)
    count(
      inFlight?.told === 'begin'
        ? `in ${inFlight.act.kind}`
        : inFlight === undefined
          ? 'while opening'
          : 'between',
    )
    for (const one of told) if (one.told === 'done') count(`${one.act.kind} done`)
  }
}

/** Gives the home something to trash, restore, share, revoke and write again. */
async function begin(home: DiskHome): Promise<{ state: State; actMs: number }> {
  await using node = await home.open()
  await node.operations.identities.create({ kind: 'sub', name: 'bob' })
  const files = [0, 1, 2, 3, 4, 5].map((seed) => ({ name: `file ${seed}.bin`, seed, bytes: 20_000 * seed }))
  const acts: readonly Act[] = [
    { kind: 'put', files },
    ...[0, 1, 2, 3].map((number): Act => ({ kind: 'share', name: `file ${number}.bin` })),
    { kind: 'trash', name: 'file 5.bin' },
    { kind: 'put', files: [{ name: 'file 0.bin', seed: 6, bytes: 3000 }] },
  ]
  let state = nothing
  let actMs = Number.POSITIVE_INFINITY
  for (const act of acts) {
    const startedMs = performance.now()
    state = after(state, act, await perform(node.operations, act))
    // The quickest: one that this machine held up would give every process a long life.
    actMs = Math.min(actMs, performance.now() - startedMs)
  }
  return { state, actMs }
}

/** What the process told before it died. */
async function runUntilKilled({ path, root }: DiskHome, seed: number, moment: Moment): Promise<Told[]> {
  const child = spawn(process.execPath, [...busyNode, path, String(seed), moment.after], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(root, 'compiled') },
  })
  let out = ''
  let err = ''
  let isDoomed = false
  const kill = (): void => {
    isDoomed = true
    setTimeout(() => child.kill('SIGKILL'), moment.ms)
  }
  if (moment.after === 'start') kill()
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (!isDoomed && out.includes('"told":"begin"')) kill()
  })
  const signal = await new Promise((resolve) => child.on('close', (_, name) => resolve(name)))
  assert.equal(signal, 'SIGKILL', `it ended by itself: ${err}`)
  const lines = out.split('\n')
  // The last one is empty, or was cut by the kill.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Told)
}

/** Hashes of contents that were read, by the entity tag of their version, which never has another content. */
type Contents = Map<string, string>
type Checking = {
  readonly below: (max: number) => number
  readonly isThorough: boolean
  readonly contents: Contents
}

/** Opens the home, compares it with what must and what may be there, and gives what is. */
async function check(
  home: DiskHome,
  before: State,
  told: readonly Told[],
  { below, isThorough, contents }: Checking,
): Promise<State> {
  let sure = before
  for (const one of told) if (one.told === 'done') sure = after(sure, one.act, one.grant)
  const last = told.at(-1)
  const candidates = last?.told === 'begin' ? [sure, after(sure, last.act, untold)] : [sure]
  await using node = await home.open()
  const { operations } = node
  const seen = await observe(operations, contents)
  const index = candidates.findIndex((candidate) => isSame(candidate, seen))
  if (index < 0) {
    const texts = candidates.map(describe)
    assert.deepEqual(describe(seen), texts[0], `nor does it fit: ${JSON.stringify(texts[1])}`)
  }
  const state = withToldGrant(candidates[index] as State, seen)
  await readOneOldVersion(operations, state, below)
  const { findings } = isThorough ? await operations.health.verify() : { findings: [] }
  assert.deepEqual(
    findings.filter(({ severity }) => severity === 'error'),
    [],
  )
  // A kill between the two copies of a small file leaves one of them old: that is told, and mended.
  const faults = home.faults.filter(({ code }) => code !== 'damaged.twin-copy')
  assert.deepEqual(
    faults.map(({ message }) => message),
    [],
  )
  return state
}

function after(state: State, act: Act, grant: string | undefined): State {
  const files = new Map(state.files)
  const grants = new Map(state.grants)
  switch (act.kind) {
    case 'put':
      for (const { name, seed, bytes } of act.files) {
        files.set(name, {
          versions: [...(files.get(name)?.versions ?? []), { seed, bytes }],
          isTrashed: false,
        })
      }
      return { ...state, files }
    case 'trash':
    case 'restore':
      files.set(act.name, { ...(files.get(act.name) as FileState), isTrashed: act.kind === 'trash' })
      return { ...state, files }
    case 'share':
      grants.set(grant ?? untold, 'active')
      return { ...state, grants }
    case 'revoke':
      grants.set(act.grant, 'revoked')
      return { ...state, grants }
    case 'rotate':
      return { ...state, epochs: { ...state.epochs, [act.who]: (state.epochs[act.who] ?? 0) + 1 } }
    default:
      return act satisfies never
  }
}

/** What people see: name, latest content by its hash, how many versions, trash, grants, epochs. */
type Seen = {
  readonly files: ReadonlyMap<string, string>
  readonly grants: ReadonlyMap<string, string>
  readonly epochs: Readonly<Record<string, number>>
}

async function observe({ drive, sharing, identities }: Operations, contents: Contents): Promise<Seen> {
  const files = new Map<string, string>()
  const hashOf = async ({ etag, bytes, stream }: Content): Promise<string> => {
    const hash = contents.get(etag) ?? textOfContent(await bytesOf(stream))
    assert.ok(hash.startsWith(`${bytes} bytes `))
    contents.set(etag, hash)
    return hash
  }
  for await (const item of drive.readTree('/')) {
    if (!('content' in item)) continue
    const { path, versions } = item.entry
    files.set(path.slice(1), fileText(await hashOf(item.content), versions, false))
  }
  for (const { id, name, versions } of await drive.find({ isTrashed: true, limit: 1000 })) {
    files.set(name, fileText(textOfContent(await bytesOf((await drive.get(id)).stream)), versions, true))
  }
  const grants = new Map((await sharing.grants('out')).map(({ id, state }) => [id, state]))
  const epochs = Object.fromEntries((await identities.list()).map(({ name, epoch }) => [name, epoch]))
  return { files, grants, epochs }
}

function textOfContent(content: Uint8Array): string {
  return `${content.length} bytes ${createHash('sha256').update(content).digest('hex').slice(0, 16)}`
}

function fileText(content: string, versions: number, isTrashed: boolean): string {
  return `${content}, ${versions} versions${isTrashed ? ', trashed' : ''}`
}

function seenOf({ files, grants, epochs }: State): Seen {
  const texts = [...files].map(([name, { versions, isTrashed }]) => {
    const content = textOfContent(contentOf(versions.at(-1) as Version))
    return [name, fileText(content, versions.length, isTrashed)] as const
  })
  return { files: new Map(texts), grants, epochs }
}

function isSame(state: State, seen: Seen): boolean {
  return JSON.stringify(describe(state)) === JSON.stringify(describe(withoutUntold(seen, state)))
}

/** A grant whose id was never told is known by there being exactly one more than was told. */
function withoutUntold(seen: Seen, { grants }: State): Seen {
  const others = [...seen.grants].filter(([id]) => !grants.has(id))
  if (!grants.has(untold) || others.length !== 1) return seen
  const [id, state] = others[0] as [string, string]
  const renamed = new Map([...seen.grants, [untold, state] as const])
  renamed.delete(id)
  return { ...seen, grants: renamed }
}

function withToldGrant(state: State, seen: Seen): State {
  if (!state.grants.has(untold)) return state
  const grants = new Map(state.grants)
  grants.delete(untold)
  for (const id of seen.grants.keys()) if (!grants.has(id)) grants.set(id, 'active')
  return { ...state, grants }
}

function describe(state: State | Seen): { files: string[]; grants: string[]; epochs: string } {
  const { files, grants, epochs } = isSeen(state) ? state : seenOf(state)
  return {
    files: [...files].map(([name, text]) => `${name}: ${text}`).sort(),
    grants: [...grants].map(([id, text]) => `${id}: ${text}`).sort(),
    epochs: `alice ${epochs.alice}, bob ${epochs.bob}`,
  }
}

function isSeen(state: State | Seen): state is Seen {
  const [first] = state.files.values()
  return first === undefined || typeof first === 'string'
}

async function readOneOldVersion(
  { drive }: Operations,
  { files }: State,
  below: (max: number) => number,
): Promise<void> {
  const present = [...files].filter(([, { isTrashed }]) => !isTrashed)
  if (present.length === 0) return
  const [name, { versions }] = present[below(present.length)] as [string, FileState]
  const number = below(versions.length)
  const content = await bytesOf((await drive.get(`/${name}`, { version: number + 1 })).stream)
  assert.deepEqual(content, contentOf(versions[number] as Version), `version ${number + 1} of ${name}`)
}
