import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Fault } from '@anarq/fault'
import { openPacks } from '@anarq/packs'
import { createSeededRandom } from '@anarq/random/testing'
import { dataOf, feed, metaOf, roundsKept } from './killed-writer.ts'

const kills = 25
const writer = join(import.meta.dirname, 'killed-writer.ts')

test(`a writer killed ${kills} times at any moment, compaction included, loses nothing that was flushed`, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-kills-'))
  const directory = join(folder, 'store')
  await mkdir(directory)
  const random = createSeededRandom(7)
  let durable = 0
  try {
    for (let kill = 0; kill < kills; kill += 1) {
      const lifeMs = (random.bytes(1)[0] as number) / 4
      durable = Math.max(durable, await writeUntilKilled(directory, durable + 1, lifeMs))
      // Now and then the index is lost as well.
      if (kill % 5 === 4) await rm(join(directory, 'blocks.db'), { force: true })
      await check(directory, durable, kill % 5 === 4)
    }
    assert.ok(durable > kills, `${durable} rounds were written`)
  } finally {
    await rm(folder, { recursive: true })
  }
})

/** Kills the writer so long after its first durable round, and returns its last one. */
async function writeUntilKilled(directory: string, firstRound: number, lifeMs: number): Promise<number> {
  const child = spawn(process.execPath, [writer, directory, String(firstRound)], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_COMPILE_CACHE: join(directory, '..', 'compiled') },
  })
  let said = ''
  let isDoomed = false
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text
    if (!isDoomed) setTimeout(() => child.kill('SIGKILL'), lifeMs)
    isDoomed = true
  })
  await new Promise((resolve) => child.on('close', resolve))
  return Number(said.trim().split('\n').at(-1) ?? 0)
}

async function check(directory: string, durable: number, isIndexLost: boolean): Promise<void> {
  const faults: Fault[] = []
  const packs = await openPacks({ directory, onFault: (fault) => faults.push(fault) })
  try {
    for (let round = Math.max(1, durable - roundsKept + 2); round <= durable; round += 1) {
      for (const { cid, bytes } of [...dataOf(round), ...metaOf(round)]) {
        assert.deepEqual(await packs.blocks.get(cid), bytes, `round ${round} of ${durable}`)
      }
    }
    const newest = (await packs.heads.get(feed))[0]?.sequence ?? 0
    assert.ok(newest === durable || newest === durable + 1, `head ${newest} after ${durable}`)
    for await (const { damaged } of packs.scrub()) assert.deepEqual(damaged, [])
    assert.deepEqual(
      faults.map(({ code }) => code),
      isIndexLost ? ['damaged.index'] : [],
    )
  } finally {
    await packs.close()
  }
}
