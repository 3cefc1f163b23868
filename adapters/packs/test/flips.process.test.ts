import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Fault } from '@anarq/fault'
import { openPacks, type Packs } from '@anarq/packs'
import type { Block } from '@anarq/qnt'
import { createSeededRandom } from '@anarq/random/testing'
import { feedOf, made, readFolder, writeFolder } from './made.ts'

const data = Array.from({ length: 30 }, (_, at) => made(at, 40 * at))
const meta = Array.from({ length: 12 }, (_, at) => made(100 + at, 90 * at))
const headCount = 3
const flipsEach = 70
const masks = [1, 2, 4, 8, 16, 32, 64, 128, 255]

test(`AQ-QERBEROS-4: ${3 * flipsEach} stores with one byte flipped open, miss at most the block that was hit, and report it`, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'anarq-flips-'))
  try {
    const { crashed, closed } = await writeStore(directory)
    const withoutIndex = new Map([...closed].filter(([name]) => !name.startsWith('blocks.db')))
    const random = createSeededRandom(20)
    const number = (below: number): number => Buffer.from(random.bytes(4)).readUInt32BE() % below
    for (const [kind, files] of Object.entries({ crashed, closed, withoutIndex })) {
      for (let at = 0; at < flipsEach; at += 1) {
        const name = [...files.keys()][at % files.size] as string
        const byte = number((files.get(name) as Buffer).length)
        const mask = masks[number(masks.length)] as number
        await check(
          directory,
          withFlip(files, name, byte, mask),
          name,
          `${kind}: ${name} byte ${byte} xor ${mask}`,
        )
      }
    }
  } finally {
    await rm(directory, { recursive: true })
  }
})

type Snapshots = { crashed: Map<string, Buffer>; closed: Map<string, Buffer> }

async function writeStore(directory: string): Promise<Snapshots> {
  const packs = await openPacks({ directory, onFault: assert.fail })
  await packs.blocks.put(data.slice(0, 20), 'data')
  await packs.blocks.put(meta.slice(0, 6), 'meta')
  for (let at = 0; at < headCount; at += 1) await putHead(packs, at)
  await packs.blocks.put(data.slice(20), 'data')
  await packs.blocks.put(meta.slice(6), 'meta')
  await packs.blocks.flush()
  const crashed = await readFolder(directory)
  await packs.close()
  return { crashed, closed: await readFolder(directory) }
}

async function putHead(packs: Packs, at: number): Promise<void> {
  await packs.heads.put(feedOf(at), { cid: (meta[at] as Block).cid, sequence: at + 1 })
}

function withFlip(
  files: ReadonlyMap<string, Buffer>,
  name: string,
  byte: number,
  mask: number,
): Map<string, Buffer> {
  const copy = Buffer.from(files.get(name) as Buffer)
  copy[byte] = (copy[byte] as number) ^ mask
  return new Map([...files, [name, copy]])
}

async function check(
  directory: string,
  files: Map<string, Buffer>,
  hit: string,
  what: string,
): Promise<void> {
  await writeFolder(directory, files)
  const faults: Fault[] = []
  const packs = await openPacks({ directory, onFault: (fault) => faults.push(fault) })
  try {
    for (const { cid, bytes } of meta) assert.deepEqual(await packs.blocks.get(cid), bytes, `meta: ${what}`)
    for (let at = 0; at < headCount; at += 1) {
      const heads = await packs.heads.get(feedOf(at))
      assert.deepEqual(heads, [{ cid: (meta[at] as Block).cid, sequence: at + 1 }], `heads: ${what}`)
    }
    const missed = await countMissed(packs, what)
    assert.ok(missed <= (hit.startsWith('data-') ? 1 : 0), `${missed} blocks missed: ${what}`)
    if (missed > 0) assert.ok(faults.length > 0, `reported: ${what}`)
  } finally {
    await packs.close()
  }
}

async function countMissed(packs: Packs, what: string): Promise<number> {
  let missed = 0
  for (const { cid, bytes } of data) {
    const back = await packs.blocks.get(cid).catch((error: unknown) => {
      assert.equal((error as Fault).code, 'damaged.block', what)
      return undefined
    })
    if (back === undefined) missed += 1
    else assert.deepEqual(back, bytes, what)
  }
  return missed
}
