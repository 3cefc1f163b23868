import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Operations } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { type DiskHome, withDiskHome } from './disk-home.ts'
import { type Act, contentOf, type Told } from './fixtures/acts.ts'
import { bytesOf } from './world.ts'

/** How often a process is killed, over all homes. */
const kills = Number(process.env.ANARQ_KILLS ?? 100)
/** Homes at once: one a core. */
const lanes = 2
const busyNode = join(import.meta.dirname, 'fixtures/busy-node.ts')

/** What the time of a kill is counted from: most die at work, some in their first act, some while they open. */
type Moment = 'start' | 'begin' | 'done'
const moments: readonly Moment[] = ['start', 'begin', 'begin', 'done', 'done', 'done', 'done', 'done']

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
  await Promise.all(
    Array.from({ length: lanes }, (_, lane) =>
      withDiskHome((home) => killAgainAndAgain(home, lane, Math.ceil(kills / lanes), counts)),
    ),
  )
  const seconds = (performance.now() - startedMs) / 1000
  const done = [...counts].map(([what, count]) => `${count} ${what}`).join(', ')
  t.diagnostic(`${kills} kills in ${seconds.toFixed(1)} s: ${done}`)
})

async function killAgainAndAgain(
  home: DiskHome,
  lane: number,
  rounds: number,
  counts: Map<string, number>,
): Promise<void> {
  const count = (what: string): void => void counts.set(what, (counts.get(what) ?? 0) + 1)
  const random = createSeededRandom(lane + 1)
  const below = (max: number): number => new DataView(random.bytes(4).buffer).getUint32(0) % max
  const first = await home.open()
  await first.operations.identities.create({ kind: 'sub', name: 'bob' })
  await first.close()
  let state = nothing
  for (let round = 0; round < rounds; round += 1) {
    const seed = lane * 1000 + round + 1
    const moment = { after: moments[below(moments.length)] as Moment, ms: 5 + below(395) }
    const told = await runUntilKilled(home, seed, moment)
    const what = `home ${lane}, kill ${round}, last told: ${JSON.stringify(told.at(-1))}`
    try {
      state = await check(home, state, told, below)
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

/** What the process told before it died. */
async function runUntilKilled(
  { path, root }: DiskHome,
  seed: number,
  moment: { after: Moment; ms: number },
): Promise<Told[]> {
  const child = spawn(process.execPath, [busyNode, path, String(seed)], {
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
    if (!isDoomed && out.includes(`"told":"${moment.after}"`)) kill()
  })
  const signal = await new Promise((resolve) => child.on('close', (_, name) => resolve(name)))
  assert.equal(signal, 'SIGKILL', `it ended by itself: ${err}`)
  const lines = out.split('\n')
  // The last one is empty, or was cut by the kill.
  return lines.slice(0, -1).map((line) => JSON.parse(line) as Told)
}

/** Opens the home, compares it with what must and what may be there, and gives what is. */
async function check(
  home: DiskHome,
  before: State,
  told: readonly Told[],
  below: (max: number) => number,
): Promise<State> {
  let sure = before
  for (const one of told) if (one.told === 'done') sure = after(sure, one.act, one.grant)
  const last = told.at(-1)
  const candidates = last?.told === 'begin' ? [sure, after(sure, last.act, untold)] : [sure]
  await using node = await home.open()
  const { operations } = node
  const seen = await observe(operations)
  const index = candidates.findIndex((candidate) => isSame(candidate, seen))
  if (index < 0) {
    const texts = candidates.map(describe)
    assert.deepEqual(describe(seen), texts[0], `nor does it fit: ${JSON.stringify(texts[1])}`)
  }
  const state = withToldGrant(candidates[index] as State, seen)
  await readOneOldVersion(operations, state, below)
  const { findings } = await operations.health.verify()
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

async function observe({ drive, sharing, identities }: Operations): Promise<Seen> {
  const files = new Map<string, string>()
  for await (const item of drive.readTree('/')) {
    if (!('content' in item)) continue
    const { path, versions } = item.entry
    files.set(path.slice(1), fileText(await bytesOf(item.content.stream), versions, false))
  }
  for (const { id, name, versions } of await drive.find({ isTrashed: true, limit: 1000 })) {
    files.set(name, fileText(await bytesOf((await drive.get(id)).stream), versions, true))
  }
  const grants = new Map((await sharing.grants('out')).map(({ id, state }) => [id, state]))
  const epochs = Object.fromEntries((await identities.list()).map(({ name, epoch }) => [name, epoch]))
  return { files, grants, epochs }
}

function fileText(content: Uint8Array, versions: number, isTrashed: boolean): string {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 16)
  return `${content.length} bytes ${hash}, ${versions} versions${isTrashed ? ', trashed' : ''}`
}

function seenOf({ files, grants, epochs }: State): Seen {
  const texts = [...files].map(([name, { versions, isTrashed }]) => {
    const content = contentOf(versions.at(-1) as Version)
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
