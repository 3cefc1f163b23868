import { concatBytes } from '@anarq/bytes'
import type { Clock } from '@anarq/clock'
import type { Fault } from '@anarq/fault'
import { createLocalSealer } from '@anarq/flows'
import { cidOfDigest, digestOf, rawCodec } from '@anarq/ipld'
import { createMemoryLog, type LogStore } from '@anarq/qerberos'
import { createMemoryHeads, createMemoryView } from '@anarq/qindex'
import { createMemoryBlocks } from '@anarq/qnt'
import type { Policies } from '@anarq/qonsent'
import type { Random } from '@anarq/random'
import type { KernelPorts } from './ports.ts'

/** What lies in memory alone cannot be taken and guessed at. */
const passphraseCost = { memoryKiB: 8, passes: 1, lanes: 1 }

/** Memory, as if it were a small disk. */
const diskBytes = 1024 ** 3

export type MemoryPortsOptions = {
  clock: Clock
  random: Random
  createPolicies: () => Policies
  onFault?: (fault: Fault) => void
}

/** A whole home in memory: opened again with the same ports, a kernel finds everything it left. */
export function createMemoryPorts({
  clock,
  random,
  createPolicies,
  onFault = () => {},
}: MemoryPortsOptions): KernelPorts {
  const blocks = createMemoryBlocks()
  const logs = new Map<string, LogStore>()
  const cached = new Map<string, Uint8Array>()
  const small = (): KernelPorts['vault'] => {
    let held: Uint8Array | undefined
    return {
      read: async () => held,
      write: async (bytes) => {
        held = bytes.slice()
      },
    }
  }
  return {
    blocks: {
      ...blocks,
      async putSealed(sealed, blockClass) {
        const counts = { blocks: 0, bytes: 0 }
        for (const { codec, digest, parts } of sealed) {
          const cid = cidOfDigest(codec, digest)
          if (await blocks.has(cid)) continue
          const bytes = concatBytes(...parts)
          counts.blocks += 1
          counts.bytes += bytes.length
          await blocks.put([{ cid, bytes }], blockClass)
        }
        return counts
      },
      async readInto(digest, into) {
        const block = await blocks.get(cidOfDigest(rawCodec, digest))
        if (block?.length !== into.length) return false
        into.set(block)
        return true
      },
      readMany: async (digests) => digests.map(() => undefined),
    },
    heads: createMemoryHeads(),
    vault: small(),
    settings: small(),
    async room() {
      const sizes = { data: 0, meta: 0 }
      for await (const { bytes, blockClass } of blocks.list()) sizes[blockClass] += bytes
      const all = sizes.data + sizes.meta
      return { liveBytes: all, fileBytes: all, metaBytes: sizes.meta, freeBytes: diskBytes - all, diskBytes }
    },
    passphraseCost,
    cache: {
      read: async (name) => cached.get(name)?.slice(),
      write: async (name, bytes) => void cached.set(name, bytes.slice()),
    },
    sealer: createLocalSealer({ random }),
    createPolicies,
    createView: createMemoryView,
    async openLog(name) {
      const log = logs.get(name) ?? createMemoryLog()
      logs.set(name, log)
      return log
    },
    async setAsideLog(name) {
      logs.delete(name)
    },
    beginSweep() {},
    async compact(isLive) {
      let freed = 0
      const dead = []
      for await (const { cid, bytes } of blocks.list()) {
        if (isLive(digestOf(cid))) continue
        dead.push(cid)
        freed += bytes
      }
      await blocks.delete(dead)
      return freed
    },
    clock,
    random,
    onFault,
  }
}
