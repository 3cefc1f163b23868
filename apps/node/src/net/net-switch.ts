import { createTurns } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import type { BranchPorts, Kernel, Neighbours, Peers } from '@anarq/kernel'
import type { Feed, NetworkWay, NetworkWayFacts, NetworkWays, OthersFacts } from '@anarq/sdk'
import { listEveryMsDefault, patienceMs } from './keeping-times.ts'
import { type KeptWay, settingsOf, wayOf } from './kept-way.ts'
import type { Net, NetOptions, NetSettings } from './net.ts'
import { authorityOf } from './scope.ts'

export type NetSwitch = NetworkWays & {
  /** For the kernel, which is made before there is a net. */
  readonly peers: Peers
  readonly neighbours: Neighbours
  readonly neighboursOf: BranchPorts['neighboursOf']
  /** The net that is up now. */
  current(): Net | undefined
  /** The same, once what the last change of the lock began is done. */
  settled(): Promise<Net | undefined>
  /** How it stands towards others, for people. */
  facts(): OthersFacts
  /** Follows the lock from here on: a locked node is on no network. Resolves when it listens, where it should and can. */
  attach(kernel: Kernel, feed: Feed): Promise<void>
  close(): Promise<void>
}

/** As the swarm has it, which is loaded with the network. */
const copiesDefault = 6

/** A node that is among others is so while it is unlocked; any other goes out when it has something to ask. */
export function createNetSwitch(
  /** Said by the line that started it, or kept and open to be chosen anew. */
  given: NetSettings | KeptWay,
  {
    keptFile,
    heldFolder,
    branchesFolder,
    meetsAsChosen,
    onFault,
  }: Pick<NetOptions, 'branchesFolder' | 'heldFolder' | 'keptFile' | 'onFault'> & {
    readonly meetsAsChosen: boolean
  },
): NetSwitch {
  const chosen = 'current' in given ? given : undefined
  const settingsFor = (way: NetworkWay): NetSettings => (meetsAsChosen ? settingsOf(way) : {})
  let settings: NetSettings = 'current' in given ? settingsFor(given.current()) : given
  let kernel: Kernel | undefined
  let opening: Promise<Net> | undefined
  let net: Net | undefined
  /** What the one before still writes is written before the next begins. */
  let closing: Promise<void> = Promise.resolve()
  /** The last change of the lock, as it is followed. */
  let following: Promise<void> = Promise.resolve()
  let turn = 0
  let detach = (): void => {}
  let onChanged = (): void => {}

  const open = (): Promise<Net> => {
    if (kernel === undefined)
      return Promise.reject(new Fault('unavailable.peer', 'This node is still starting.'))
    opening ??= openNow(kernel)
    return opening
  }
  const openNow = async (owner: Kernel): Promise<Net> => {
    const mine = turn
    try {
      await closing
      // Loaded when it is needed: most commands never are on a network.
      const { openNet } = await import('./net.ts')
      const opened = await openNet({
        kernel: owner,
        keptFile,
        heldFolder,
        branchesFolder,
        onFault,
        onChanged: () => onChanged(),
        ...settings,
      })
      // Where it was locked meanwhile, `down` closes this one.
      if (mine === turn) net = opened
      return opened
    } catch (error) {
      if (mine === turn) opening = undefined
      throw error
    }
  }
  const there = (): Omit<Neighbours, 'reach'> => {
    const keeping = net?.keeping
    if (keeping !== undefined) return keeping
    throw new Fault(
      'unavailable.neighbours',
      'This node is on no network now: unlock it, or choose how it meets others: anarq net way out.',
    )
  }
  const down = async (): Promise<void> => {
    const was = opening
    turn += 1
    opening = undefined
    net = undefined
    closing = closing.then(async () => (await was?.catch(() => undefined))?.close()).catch(onFault)
    await closing
  }
  const follow = async (): Promise<void> => {
    const state = (await kernel?.operations.account.status())?.state
    if (state !== 'open') await down()
    else if (settings.isAmongOthers === true) await open()
  }

  const use = (next: NetSettings): Promise<void> => {
    const turned = following.then(async () => {
      settings = next
      await down()
      await follow()
    })
    following = turned.catch(() => {})
    return turned
  }
  const get = (): NetworkWayFacts =>
    chosen === undefined ? wayOf(settings) : { ...chosen.current(), isFixed: false }
  const inTurn = createTurns()
  const set = async (way: NetworkWay): Promise<NetworkWayFacts> => {
    if (chosen === undefined)
      throw new Fault(
        'refused.network-way',
        'The line that started this node says how it meets others, and that holds while it runs. Start it without --net, and choose here.',
      )
    try {
      await use(settingsFor(way))
      await chosen.write(way)
    } catch (error) {
      await use(settingsFor(chosen.current())).catch(onFault)
      throw error
    } finally {
      onChanged()
    }
    return get()
  }

  return {
    get,
    set: (way) => inTurn(() => set(way)),
    peers: {
      async places() {
        await following
        return (await net?.places()) ?? []
      },
      ask: async (places, question, signal) => (await open()).ask(places, question, signal),
      greet: async (places, signal) => (await open()).greet(places, signal),
    },
    neighbours: {
      copies: settings.keeping?.swarm?.copies ?? copiesDefault,
      isThere: () => net?.keeping?.isThere() ?? false,
      reach: async (invitation, signal) => (await open()).reach(invitation, signal),
      count: async (...asked) => there().count(...asked),
      listEveryMs: settings.keeping?.listEveryMs ?? listEveryMsDefault,
      patienceMs,
      held: () => net?.keeping?.held(),
      putList: async (...asked) => there().putList(...asked),
      put: async (...asked) => there().put(...asked),
      get: async (...asked) => there().get(...asked),
      putHead: async (...asked) => there().putHead(...asked),
      heads: async (...asked) => there().heads(...asked),
    },
    neighboursOf: (branch) => net?.branches?.neighboursOf(branch),
    current: () => net,
    async settled() {
      await following
      return net
    },
    facts: () => factsOf(settings, net),
    async attach(owner, feed) {
      kernel = owner
      onChanged = () => feed.emit('network')
      detach = feed.on(({ topic }) => {
        if (topic === 'lock') following = follow().catch((error: Fault) => onFault(error))
      })
      await follow()
    },
    async close() {
      detach()
      await down()
      kernel = undefined
    },
  }
}

function factsOf({ listen, outside }: NetSettings, net: Net | undefined): OthersFacts {
  if (listen === undefined) return { state: 'going-out' }
  if (net?.address === undefined) return { state: 'not-listening', wanted: listen }
  const here = { state: 'listening', address: net.address } as const
  return outside === undefined ? here : { ...here, outside: authorityOf(outside) }
}
