import { mkdir, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { writeRandom, writeShifted } from '../inputs.ts'
import { type ProcessFacts, processFacts, type Tools } from '../tools.ts'
import { type Anarq, type AnarqHome, openServed } from './anarq.ts'
import type { Figures, InputName, RowId, Sample } from './figures.ts'
import type { Contender, ContenderName, Store } from './store.ts'

export type Bench = {
  readonly tools: Tools
  readonly anarq: Anarq
  readonly contenders: readonly Contender[]
  readonly rounds: number
  readonly figures: Figures
  /** What is going on, for whoever waits. */
  note(text: string): void
}

type Opened = { readonly contender: Contender; readonly store: Store }

/**
 * Puts an input and gets it back: in each round every contender in turn with a fresh repository, then every one gets.
 * What came back is compared with what was put. `after` works on while the repositories stand.
 */
export async function measureInput(
  bench: Bench,
  input: { name: InputName; path: string },
  after: (opened: readonly Opened[]) => Promise<void> = async () => {},
): Promise<void> {
  const contenders = bench.contenders.filter(({ isRepository }) => isRepository || input.name !== 'files')
  for (let round = 1; round <= bench.rounds; round += 1) {
    bench.note(`${input.name}, round ${round} of ${bench.rounds}`)
    const folder = join(bench.tools.folder, 'round')
    const opened: Opened[] = []
    await mkdir(folder)
    try {
      for (const contender of contenders) {
        const store = await contender.open(join(folder, contender.name.replaceAll(/\W+/g, '-')))
        opened.push({ contender, store })
        await sample(bench, `put-${input.name}`, contender.name, async () => {
          const run = await store.put(input.path)
          return { ...run, storedBytes: await store.storedBytes() }
        })
      }
      for (const { contender, store } of opened) {
        const out = join(bench.tools.folder, 'gotten', `${input.name}-${round}-${contender.name}`)
        await getBack(bench, input, { name: contender.name, store, out })
      }
      await after(opened)
    } finally {
      for (const { store } of opened) await store.close()
      await rm(folder, { recursive: true })
    }
  }
}

/**
 * Ten thousand files stay until the end of the benchmark: without a journal, ext4 does not give a deleted file's number to a
 * new one for minutes, and looks at each of them for each new file, so that whoever came next would pay.
 */
async function getBack(
  bench: Bench,
  input: { name: InputName; path: string },
  { name, store, out }: { name: ContenderName; store: Store; out: string },
): Promise<void> {
  await mkdir(out, { recursive: true })
  await sample(bench, `get-${input.name}`, name, () => store.get(basename(input.path), out))
  await bench.tools.run(['diff', '-rq', input.path, join(out, basename(input.path))])
  if (input.name !== 'files') await rm(out, { recursive: true })
}

/** Puts again what is there: as it is, read anew, and with one byte more at its start. */
export function putOnceMore(bench: Bench, path: string): (opened: readonly Opened[]) => Promise<void> {
  return async (opened) => {
    const folder = join(bench.tools.folder, 'shifted')
    await mkdir(folder)
    const shifted = join(folder, basename(path))
    await writeShifted(shifted, path)
    const stores = opened.filter(({ contender }) => contender.isRepository)
    const each = async (row: RowId, work: (store: Store) => Promise<Sample>): Promise<void> => {
      for (const { contender, store } of stores) await sample(bench, row, contender.name, () => work(store))
    }
    await each('again', (store) => store.put(path))
    await each('thorough', (store) => store.put(path, { isThorough: true }))
    await each('shifted', (store) => store.put(shifted))
    await rm(folder, { recursive: true })
  }
}

/** One large input, once for each: what counts is the memory that it takes. */
export async function measureLarge(bench: Bench, path: string): Promise<void> {
  for (const contender of bench.contenders) {
    bench.note(`large, ${contender.name}`)
    const folder = join(bench.tools.folder, 'large')
    const store = await contender.open(folder)
    try {
      await sample(bench, 'put-large', contender.name, () => store.put(path))
    } finally {
      await store.close()
      await rm(folder, { recursive: true })
    }
  }
}

/** Lets one more reader in, each round: to a small object and to a large one. */
export async function measureShare(bench: Bench, large: string, isServedToo: boolean): Promise<void> {
  const small = join(bench.tools.folder, 'small.bin')
  await writeRandom(small, 1024 * 1024, 3)
  const folder = (name: string): string => join(bench.tools.folder, name)
  const alone = await bench.anarq.openHome(folder('share-alone'))
  const served = isServedToo ? await openServed(bench.anarq, folder('share-served')) : undefined
  const homes: [ContenderName, AnarqHome][] = [['anarq', alone]]
  if (served !== undefined) homes.push(['anarq, node running', served.home])
  try {
    for (const [, home] of homes) await home.command('put', small, large)
    for (let round = 1; round <= bench.rounds; round += 1) {
      bench.note(`share, round ${round} of ${bench.rounds}`)
      for (const [name, home] of homes) {
        const reader = `reader-${round}`
        await home.command('id', 'new', '--kind', 'sub', '--name', reader)
        const rows = [
          ['share-small', small],
          ['share-large', large],
        ] as const
        // Each goes first as often as the other: whoever comes second finds another machine.
        for (const [row, path] of round % 2 === 0 ? rows.toReversed() : rows) {
          const ping = join(home.folder, `${row}-${round}.ping`)
          await sample(bench, row, name, () =>
            home.command('share', `/${basename(path)}`, '--with', reader, '-o', ping),
          )
        }
      }
    }
  } finally {
    await served?.close()
    for (const [, home] of homes) await rm(home.folder, { recursive: true })
  }
}

const idleMs = 10_000

/** Of a node with an open identity, ten seconds after its start. Rejects when it does not come up. */
export async function measureIdle({ tools, anarq, note }: Bench): Promise<ProcessFacts | undefined> {
  note('idle node')
  const home = await anarq.openHome(join(tools.folder, 'idle'))
  const service = await home.up()
  try {
    await wait(idleMs)
    return processFacts(service.pid)
  } finally {
    await service.stop()
    await rm(home.folder, { recursive: true })
  }
}

async function sample(
  bench: Bench,
  row: RowId,
  contender: ContenderName,
  work: () => Promise<Sample>,
): Promise<void> {
  await bench.tools.settle()
  const result = await work()
  bench.figures.add(row, contender, result)
  bench.note(`  ${row}  ${contender}  ${(result.wallMs / 1000).toFixed(2)} s`)
}
