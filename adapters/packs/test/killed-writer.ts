import { writeSync } from 'node:fs'
import { equalBytes } from '@anarq/bytes'
import { digestOf } from '@anarq/ipld'
import { openPacks } from '@anarq/packs'
import type { Block } from '@anarq/qnt'
import { feedOf, made } from './made.ts'

/** Rounds that a compaction keeps: the one it runs in and those before it. */
export const roundsKept = 3
export const feed: Uint8Array = feedOf(0)

export function dataOf(round: number): Block[] {
  return Array.from({ length: 12 }, (_, at) => made(round * 100 + at, (round * 977 + at * 331) % 9000))
}

export function metaOf(round: number): Block[] {
  return Array.from({ length: 4 }, (_, at) => made(round * 100 + 50 + at, 300 + at))
}

/** Writes rounds until it is killed, and says each one that is durable. */
async function write(directory: string, firstRound: number): Promise<void> {
  const packs = await openPacks({ directory, onFault: () => {}, limits: { packBytesMax: 150_000 } })
  for (let round = firstRound; ; round += 1) {
    const [head, ...meta] = metaOf(round)
    await Promise.all([
      packs.blocks.put(dataOf(round), 'data'),
      packs.blocks.put([head as Block, ...meta], 'meta'),
    ])
    await packs.heads.put(feed, { cid: (head as Block).cid, sequence: round })
    writeSync(1, `${round}\n`)
    if (round % 4 === 0) {
      const live = Array.from({ length: roundsKept }, (_, at) => round - at).flatMap((r) => [
        ...dataOf(r),
        ...metaOf(r),
      ])
      await packs.compact((digest) => live.some(({ cid }) => equalBytes(digestOf(cid), digest)))
    }
  }
}

const [directory, firstRound] = process.argv.slice(2)
if (import.meta.main && directory !== undefined) await write(directory, Number(firstRound))
