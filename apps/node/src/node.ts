import { mkdir, rename, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { createCedar } from '@anarq/cedar'
import { systemClock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import {
  createCacheFolder,
  createTwinFile,
  type Home,
  inspectHome,
  type LogFile,
  openHome,
  openLogFile,
  openReserve,
} from '@anarq/files'
import { createKernel, type Kernel, type KernelPorts, type Operations } from '@anarq/kernel'
import { openPacks } from '@anarq/packs'
import { systemRandom } from '@anarq/random'
import { createFeed, type Feed, type NetworkWays, type OthersFacts, observed } from '@anarq/sdk'
import { createSqliteView, holdLock } from '@anarq/sqlite'
import { createThreadSealer } from '@anarq/threads'
import { openBoundBlocks } from './bound-blocks.ts'
import { openKeptWay } from './net/kept-way.ts'
import type { Net, NetSettings } from './net/net.ts'
import { createNetSwitch } from './net/net-switch.ts'
import { version } from './version.ts'

export type NodeOptions = {
  /** The folder that everything lies in; made where it is missing, but for `mayMakeHome: false`. */
  home: string
  mayMakeHome?: boolean
  /** Damage that was seen and mended, or worked around. */
  onFault?: (fault: Fault) => void
  /** Files will be put or got at once: what seals and opens them starts now, beside the opening. */
  isBulkComing?: boolean
  /** A command that opens, acts and closes: what decides is compiled for few questions. */
  isOneCommand?: boolean
  /** Of a guess at the passphrase, where the home is made now; absent: the cost that qlock advises. */
  passphraseCost?: KernelPorts['passphraseCost']
  /** Of `beginUnlock`. */
  stretch?: KernelPorts['stretch'] | undefined
  /** How this node meets others. Without it nobody can reach it, and it reaches others when it opens what they shared. */
  net?: NetSettings | undefined
  /** As it was chosen on its screen, where `net` says nothing: for who runs it. One command writes down what is chosen, for the next. */
  meetsAsChosen?: boolean
}

export type Node = {
  readonly home: Home
  readonly kernel: Kernel
  readonly operations: Operations
  /** Hears of every change, whichever door it came by. */
  readonly feed: Feed
  readonly packs: Awaited<ReturnType<typeof openPacks>>
  /** The network that it is on now; undefined while locked, or before it had anything to do there. */
  net(): Net | undefined
  /** The same, once what the last unlocking began is done. */
  settledNet(): Promise<Net | undefined>
  /** How it stands towards other nodes, for people. */
  others(): OthersFacts
  /** How it is to meet others. */
  readonly ways: NetworkWays
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** Opens the home under its lock: `busy.home` when another process has it. */
export async function openNode({
  home: path,
  mayMakeHome = true,
  onFault = () => {},
  isBulkComing = false,
  isOneCommand = false,
  passphraseCost,
  stretch,
  net,
  meetsAsChosen = false,
}: NodeOptions): Promise<Node> {
  const home = await openHome(path, { mayMake: mayMakeHome })
  const lock = holdLock(home.lock)
  try {
    const sealer = createThreadSealer()
    if (isBulkComing) sealer.prepare()
    return await openLocked({
      home,
      sealer,
      isOneCommand,
      passphraseCost,
      stretch,
      net,
      meetsAsChosen,
      onFault,
      unlock: () => lock[Symbol.dispose](),
    })
  } catch (error) {
    lock[Symbol.dispose]()
    throw error
  }
}

type Locked = {
  isOneCommand: boolean
  passphraseCost: KernelPorts['passphraseCost']
  stretch: KernelPorts['stretch']
  net: NetSettings | undefined
  meetsAsChosen: boolean
  home: Home
  sealer: ReturnType<typeof createThreadSealer>
  onFault(fault: Fault): void
  unlock(): void
}

async function openLocked({
  home,
  sealer,
  isOneCommand,
  passphraseCost,
  stretch,
  net: settings,
  meetsAsChosen,
  onFault,
  unlock,
}: Locked): Promise<Node> {
  const packs = await openPacks({ directory: home.blocks, onFault })
  const bound = await openBoundBlocks({ path: home.bound, onFault })
  const reserve = await openReserve(home.reserve)
  const logs = createLogs(home)
  const wayFile = createTwinFile({ path: home.networkWay, what: 'How this node meets others', onFault })
  const net = createNetSwitch(settings ?? (await openKeptWay(wayFile, onFault)), {
    meetsAsChosen,
    heldFolder: home.held,
    branchesFolder: home.heldInBranches,
    keptFile: createTwinFile({ path: home.network, what: 'What this node knows of its network', onFault }),
    onFault,
  })
  const kernel = await createKernel({
    version,
    inspect: () => inspectHome(home),
    ports: {
      blocks: packs.blocks,
      heads: packs.heads,
      vault: createTwinFile({ path: home.vault, what: 'The key vault', onFault }),
      ...(passphraseCost === undefined ? {} : { passphraseCost }),
      ...(stretch === undefined ? {} : { stretch }),
      settings: createTwinFile({ path: home.settings, what: 'The settings of this home', onFault }),
      async room() {
        const [{ liveBytes, fileBytes, metaBytes }, disk] = await Promise.all([
          packs.stats(),
          statfs(home.root),
        ])
        const freeBytes = disk.bavail * disk.bsize
        return { liveBytes, fileBytes, metaBytes, freeBytes, diskBytes: disk.blocks * disk.bsize }
      },
      cache: createCacheFolder(home.cache),
      sealer,
      createPolicies: () => createCedar({ isBrief: isOneCommand }),
      createView: createSqliteView,
      openLog: logs.open,
      setAsideLog: logs.setAside,
      beginSweep: packs.beginSweep,
      compact: async (isLive, signal) => (await packs.compact(isLive, signal)).freedBytes,
      makeRoom: reserve.giveUp,
      peers: net.peers,
      neighbours: net.neighbours,
      branches: { bound, neighboursOf: net.neighboursOf },
      clock: systemClock,
      random: systemRandom,
      onFault,
    },
  })
  const feed = createFeed(systemClock)
  kernel.guardian.onAlert(() => feed.emit('guardian'))
  const stopFlows = tellOfFlows(kernel.guardian, feed)
  let closing: Promise<void> | undefined
  const closeAll = async (): Promise<void> => {
    stopFlows()
    await net.close()
    await kernel.close()
    await logs.close()
    await bound.close()
    await packs.close()
    unlock()
  }
  const close = (): Promise<void> => {
    closing ??= closeAll()
    return closing
  }
  await net.attach(kernel, feed)
  const operations = observed(kernel.operations, feed)
  return {
    home,
    kernel,
    operations,
    feed,
    packs,
    net: net.current,
    settledNet: net.settled,
    others: net.facts,
    ways: net,
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** A stage is a matter of milliseconds: whoever watches is told a few times a second, and of the last one always. */
const flowTellingMs = 250

function tellOfFlows({ onStage, onEnd }: Kernel['guardian'], feed: Feed): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const tell = (): void => {
    timer ??= setTimeout(() => {
      timer = undefined
      feed.emit('flows')
    }, flowTellingMs).unref()
  }
  const stops = [onStage(tell), onEnd(tell)]
  return () => {
    clearTimeout(timer)
    for (const stop of stops) stop()
  }
}

/** Each identity's log is a folder; it stays open for as long as the node runs. */
function createLogs(home: Home): {
  open(name: string): Promise<LogFile>
  setAside(name: string): Promise<void>
  close(): Promise<void>
} {
  const opened = new Map<string, Promise<LogFile>>()
  const folderOf = (name: string): string => {
    if (!/^[0-9a-f]{32}$/.test(name))
      throw new Fault('invalid.log', 'A log is named by 32 hexadecimal digits.')
    return join(home.audit, name)
  }
  return {
    open(name) {
      const folder = folderOf(name)
      const known =
        opened.get(name) ?? mkdir(folder, { recursive: true, mode: 0o700 }).then(() => openLogFile(folder))
      opened.set(name, known)
      return known
    },
    async setAside(name) {
      await (await opened.get(name))?.close()
      opened.delete(name)
      const folder = folderOf(name)
      await rename(folder, `${folder}.aside-${systemClock.nowMs()}`)
    },
    async close() {
      for (const log of opened.values()) await (await log).close()
    },
  }
}
