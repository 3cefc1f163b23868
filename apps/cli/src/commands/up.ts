import { setFlagsFromString } from 'node:v8'
import { type Command, numberOf } from '../command.ts'
import { readSecretFile } from '../terminal.ts'

const portDefault = 4600
/**
 * How fast V8's room for young objects grows. Starting makes many of them once, and the room that they got is never
 * given back: without this a node that only waits is a quarter larger.
 */
const growthWhileStarting = '--semi-space-growth-factor=1'
const growthDefault = '--semi-space-growth-factor=2'

export const up: Command = {
  usage: 'up [--port 4600] [--host 127.0.0.1] [--behind-tls NAME]',
  summary: 'Run the node until you stop it with Ctrl-C.',
  details: [
    'Tools come in below /dav with keys of their own (anarq key new). From other machines only where something before this',
    'node speaks TLS: --behind-tls NAME says that it does, and by which name the outside calls it.',
  ].join('\n'),
  options: { port: { type: 'string' }, host: { type: 'string' }, 'behind-tls': { type: 'string' } },
  async run({ terminal, home, passphraseFile, signal }, _args, values) {
    setFlagsFromString(growthWhileStarting)
    const { openNode } = await import('@anarq/node')
    const { serveNode } = await import('@anarq/node/serve')
    const node = await openNode({ home, onFault: (fault) => terminal.note(fault.message) })
    try {
      const { account } = node.operations
      let { state } = await account.status()
      if (state === 'locked' && (passphraseFile !== undefined || terminal.isInteractive)) {
        const passphrase =
          passphraseFile === undefined
            ? await terminal.askSecret('Passphrase: ')
            : readSecretFile(passphraseFile)
        await account.unlock({ passphrase })
        state = (await account.status()).state
      }
      const host = typeof values.host === 'string' ? values.host : '127.0.0.1'
      const served = await serveNode(node, {
        port: numberOf(values, 'port', { max: 65_535 }) ?? portDefault,
        host,
        behindTls: typeof values['behind-tls'] === 'string' ? values['behind-tls'] : undefined,
        onFault: (fault) => terminal.note(fault.message),
      })
      setFlagsFromString(growthDefault)
      terminal.result({ address: served.address, home, state }, welcome(served.address, home, state))
      await new Promise<void>((resolve) => {
        if (signal.aborted) resolve()
        signal.addEventListener('abort', () => resolve(), { once: true })
      })
      terminal.note('Stopping …')
      await served.close()
      return 0
    } finally {
      await node.close()
    }
  },
}

function welcome(address: string, home: string, state: string): string {
  const next =
    {
      empty: [
        `Open ${address} in your browser and make your identity. Or in another terminal:`,
        '  npx anarq init            make yours (it shows 24 words once)',
      ],
      waiting: [
        "It waits for a guardian's file. In another terminal, when you have it:",
        '  npx anarq id join FILE',
      ],
      locked: [
        `It is locked. Open ${address} in your browser, or in another terminal:`,
        '  npx anarq ls              any command asks for the passphrase',
      ],
      open: [
        `It is unlocked. Open ${address} in your browser, or in another terminal:`,
        '  npx anarq put FILE        keep a file, encrypted',
        '  npx anarq ls              see what is there',
      ],
    }[state] ?? []
  return [
    `AnarQ is running: ${address}`,
    `Its data lies in ${home}; the API is described at ${address}/api/docs`,
    '',
    ...next,
    '',
    'Ctrl-C stops it.',
  ].join('\n')
}
