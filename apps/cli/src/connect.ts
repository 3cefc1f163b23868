import type { Operations } from '@anarq/kernel'
import { readSecretFile, type Terminal } from './terminal.ts'

export type Connection = {
  operations(): Promise<Operations>
  bare(): Promise<Operations>
  close(): Promise<void>
}

export type ConnectOptions = {
  home: string
  passphraseFile: string | undefined
  terminal: Terminal
  isBulkComing: boolean
}

/**
 * A running node is used through its socket in the home folder, which only this user may open; without one the
 * home is opened here, under its lock. Nothing happens before a command asks.
 */
export function connect({ home, passphraseFile, terminal, isBulkComing }: ConnectOptions): Connection {
  let opened: Promise<{ operations: Operations; close(): Promise<void> }> | undefined
  const bare = async (): Promise<Operations> => {
    opened ??= open({ home, terminal, isBulkComing })
    return (await opened).operations
  }
  return {
    bare,
    async operations() {
      const operations = await bare()
      const { state } = await operations.account.status()
      if (state === 'locked') {
        const passphrase =
          passphraseFile === undefined
            ? await terminal.askSecret('Passphrase: ')
            : readSecretFile(passphraseFile)
        await operations.account.unlock({ passphrase })
      }
      return operations
    },
    async close() {
      await (await opened?.catch(() => undefined))?.close()
    },
  }
}

async function open({
  home,
  terminal,
  isBulkComing,
}: Omit<ConnectOptions, 'passphraseFile'>): Promise<{ operations: Operations; close(): Promise<void> }> {
  const { reachNode } = await import('@anarq/http/client')
  const running = await reachNode(home)
  if (running !== undefined) return running
  const { openNode } = await import('@anarq/node')
  return openNode({
    home,
    isBulkComing,
    isOneCommand: true,
    onFault: (fault) => terminal.note(fault.message),
  })
}
