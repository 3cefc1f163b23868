import type { Operations } from '@anarq/kernel'
import type { NetSettings } from '@anarq/node'
import type { OpenApps } from '@anarq/node/apps'
import type { Sdk } from '@anarq/sdk'
import { readSecretFile, type Terminal } from './terminal.ts'

export type Connection = {
  operations(): Promise<Operations>
  bare(net?: NetSettings): Promise<Operations>
  /** The SDK as the person, with an open identity: for what lies above the kernel, such as apps. */
  sdk(): Promise<Sdk>
  /** Whether what was asked for went to a node that runs here. */
  isBesideNode(): Promise<boolean>
  close(): Promise<void>
}

export type ConnectOptions = {
  home: string
  passphraseFile: string | undefined
  terminal: Terminal
  isBulkComing: boolean
  signal: AbortSignal
}

type Opened = { operations: Operations; isNode: boolean; sdk(): Promise<Sdk>; close(): Promise<void> }

/**
 * A running node is used through its socket in the home folder, which only this user may open; without one the
 * home is opened here, under its lock. Nothing happens before a command asks.
 */
export function connect({
  home,
  passphraseFile,
  terminal,
  isBulkComing,
  signal,
}: ConnectOptions): Connection {
  let opened: Promise<Opened> | undefined
  let read: string | undefined
  const passphrase =
    passphraseFile === undefined ? undefined : () => (read ??= readSecretFile(passphraseFile))
  const connection: Connection = {
    async bare(net) {
      opened ??= open({ home, terminal, isBulkComing, signal, net, mayMakeHome: true })
      return (await opened).operations
    },
    async operations() {
      opened ??= open({ home, terminal, isBulkComing, signal, passphrase, mayMakeHome: false })
      const { operations } = await opened
      const { state } = await operations.account.status()
      if (state === 'locked') {
        const given = passphrase?.() ?? (await terminal.askSecret('Passphrase: '))
        await operations.account.unlock({ passphrase: given })
      }
      return operations
    },
    async sdk() {
      await connection.operations()
      return (await (opened as Promise<Opened>)).sdk()
    },
    isBesideNode: async () => (await opened)?.isNode === true,
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
  return connection
}

type OpenOptions = Omit<ConnectOptions, 'passphraseFile'> & {
  /** Where it need not be typed: its slow key begins before all else is loaded. */
  passphrase?: (() => string) | undefined
  net?: NetSettings | undefined
  mayMakeHome: boolean
}

async function open({
  home,
  terminal,
  isBulkComing,
  signal,
  passphrase,
  net,
  mayMakeHome,
}: OpenOptions): Promise<Opened> {
  const { reachNode } = await import('@anarq/http/client')
  const running = await reachNode(home, { signal })
  if (running !== undefined)
    return {
      ...running,
      isNode: true,
      sdk: async () => (await import('@anarq/sdk/client')).createSdk(running.call),
    }
  const headStart =
    passphrase && (await (await import('@anarq/node/head-start')).beginUnlock(home, passphrase))
  try {
    const { openNode } = await import('@anarq/node')
    const node = await openNode({
      home,
      mayMakeHome,
      isBulkComing,
      isOneCommand: true,
      onFault: (fault) => terminal.note(fault.message),
      stretch: headStart?.stretch,
      net,
    })
    let apps: Promise<OpenApps> | undefined
    return {
      operations: node.operations,
      isNode: false,
      async sdk() {
        apps ??= import('@anarq/node/apps').then(({ openApps }) => openApps(node))
        const { dispatcher } = await apps
        const { createSdk } = await import('@anarq/sdk/client')
        return createSdk((method, params) => dispatcher.call({ kind: 'person' }, method, params))
      },
      async close() {
        await (await apps)?.close()
        await node.close().finally(headStart?.close)
      },
    }
  } catch (error) {
    headStart?.close()
    throw error
  }
}
