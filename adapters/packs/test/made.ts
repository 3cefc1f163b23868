import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fault } from '@anarq/fault'
import { type cborCodec, rawCodec } from '@anarq/ipld'
import { openPacks, type PackOptions, type Packs } from '@anarq/packs'
import { cidOf } from '@anarq/qlock'
import type { Block } from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'

/** A block that follows from its number. */
export function made(
  number: number,
  bytes = 600,
  codec: typeof rawCodec | typeof cborCodec = rawCodec,
): Block {
  const content = createSeededRandom(number).bytes(bytes)
  return { cid: cidOf(codec, content), bytes: content }
}

export function feedOf(number: number): Uint8Array {
  return createSeededRandom(1_000_000 + number).bytes(16)
}

export type TestStore = {
  readonly directory: string
  readonly faults: Fault[]
  packs: Packs
  reopen(): Promise<void>
}

/** A store in a folder of its own, gone afterwards. */
export async function withStore(
  act: (store: TestStore) => Promise<void>,
  options: Partial<PackOptions> = {},
): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'anarq-packs-'))
  const faults: Fault[] = []
  const open = (): Promise<Packs> =>
    openPacks({ directory, onFault: (fault) => faults.push(fault), ...options })
  const store: TestStore = {
    directory,
    faults,
    packs: await open(),
    async reopen() {
      await store.packs.close()
      store.packs = await open()
    },
  }
  try {
    await act(store)
  } finally {
    await store.packs.close()
    await rm(directory, { recursive: true })
  }
}

export async function readFolder(directory: string): Promise<Map<string, Buffer>> {
  const files = new Map<string, Buffer>()
  for (const name of (await readdir(directory)).sort()) files.set(name, await readFile(join(directory, name)))
  return files
}

/** The folder as it was, whatever happened in it. */
export async function writeFolder(directory: string, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const name of await readdir(directory)) await rm(join(directory, name), { recursive: true })
  for (const [name, bytes] of files) await writeFile(join(directory, name), bytes)
}

/** Changes one byte where `bytes` are in the file. */
export async function spoil(path: string, bytes: Uint8Array, offset = 7): Promise<void> {
  const file = await readFile(path)
  const at = file.indexOf(bytes)
  if (at < 0) throw new Error(`not in ${path}`)
  file[at + offset] = (file[at + offset] as number) ^ 0x10
  await writeFile(path, file)
}
