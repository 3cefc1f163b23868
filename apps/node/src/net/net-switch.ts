import { Fault } from '@anarq/fault'
import type { Kernel, Peers } from '@anarq/kernel'
import type { Feed } from '@anarq/sdk'
import type { Net, NetOptions, NetSettings } from './net.ts'

export type NetSwitch = {
  /** For the kernel, which is made before there is a net. */
  readonly peers: Peers
  /** The net that is up now. */
  current(): Net | undefined
  /** Follows the lock from here on: a locked node is on no network. Resolves when it listens, where it should and can. */
  attach(kernel: Kernel, feed: Feed): Promise<void>
  close(): Promise<void>
}

/** A node that is among others is so while it is unlocked; any other goes out when it has something to ask. */
export function createNetSwitch(
  settings: NetSettings,
  { keptFile, onFault }: Pick<NetOptions, 'keptFile' | 'onFault'>,
): NetSwitch {
  let kernel: Kernel | undefined
  let opening: Promise<Net> | undefined
  let net: Net | undefined
  let detach = (): void => {}

  const open = (): Promise<Net> => {
    if (kernel === undefined)
      return Promise.reject(new Fault('unavailable.peer', 'This node is still starting.'))
    opening ??= openNow(kernel)
    return opening
  }
  const openNow = async (owner: Kernel): Promise<Net> => {
    try {
      // Loaded when it is needed: most commands never are on a network.
      const { openNet } = await import('./net.ts')
      net = await openNet({ kernel: owner, keptFile, onFault, ...settings })
      return net
    } catch (error) {
      opening = undefined
      throw error
    }
  }
  const down = async (): Promise<void> => {
    const was = opening
    opening = undefined
    net = undefined
    await (await was?.catch(() => undefined))?.close()
  }
  const follow = async (): Promise<void> => {
    const state = (await kernel?.operations.account.status())?.state
    if (state !== 'open') await down()
    else if (settings.isAmongOthers === true) await open()
  }

  return {
    peers: {
      places: () => net?.places() ?? [],
      ask: async (places, question, signal) => (await open()).ask(places, question, signal),
    },
    current: () => net,
    async attach(owner, feed) {
      kernel = owner
      detach = feed.on(({ topic }) => {
        if (topic === 'lock') follow().catch((error: Fault) => onFault(error))
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
