import { setFlagsFromString } from 'node:v8'
import type { Fault } from '@anarq/fault'
import type { NetSettings, Node } from '@anarq/node'
import { type Command, numberOf } from '../command.ts'
import { readSecretFile } from '../terminal.ts'
import { netOf } from './net-option.ts'

const portDefault = 4600
/**
 * How fast V8's room for young objects grows. Starting makes many of them once, and the room that they got is never
 * given back: without this a node that only waits is a quarter larger.
 */
const growthWhileStarting = '--semi-space-growth-factor=1'
const growthDefault = '--semi-space-growth-factor=2'

export const up: Command = {
  usage:
    'up [--port 4600] [--host 127.0.0.1] [--behind-tls NAME] [--net tcp://HOST:PORT|out [--outside HOST:PORT] [--role ROLE] [--guarantee 99] [--broker-limits LIMITS] [--give SIZE|none] [--socks PORT]]',
  summary: 'Run the node until you stop it with Ctrl-C.',
  details: [
    'Tools come in below /dav with keys of their own (anarq key new). From other machines only where something before this',
    'node speaks TLS: --behind-tls NAME says that it does, and by which name the outside calls it.',
    'Other nodes come in only where you say so: --net tcp://0.0.0.0:4610, and --outside HOST:PORT where they reach that by another',
    'address; tcp://[::]:4610 lets in IPv6 as well. What you share from then on can be opened on the nodes of those you share with, while',
    'yours runs and is unlocked.',
    '--net out is among other nodes and lets nobody in. See anarq help net for how to meet them.',
    'Among others, this node keeps copies for them in up to a tenth of the free disk, 10 GiB at most; --give 20G says how much. With',
    '--give none it keeps none and has no seat: others keep little for it, and that is what goes first when they have no room.',
    '--socks 9150 opens a SOCKS5 door on 127.0.0.1: what programs send there leaves by another node, over three relays.',
    '--role operator --guarantee 99 promises to be there for so much of the time; others measure it, and publish what they measured.',
    '--role relay passes circuits of others on; --role exit also lets them out, under your address: read docs/operators.md first.',
    '--role broker brings nodes together that nobody can dial, and passes on what it cannot read. What it gives for that:',
    '--broker-limits places=512,pairs=128,pace=262144,bytes=134217728,minutes=30 (pace in bytes a second; pace, bytes, minutes of a pair)',
  ].join('\n'),
  options: {
    port: { type: 'string' },
    host: { type: 'string' },
    'behind-tls': { type: 'string' },
    net: { type: 'string' },
    outside: { type: 'string' },
    role: { type: 'string', multiple: true },
    'broker-limits': { type: 'string' },
    guarantee: { type: 'string' },
    give: { type: 'string' },
    socks: { type: 'string' },
  },
  async run({ terminal, home, passphraseFile, signal }, _args, values) {
    setFlagsFromString(growthWhileStarting)
    const { openNode } = await import('@anarq/node')
    const { serveNode } = await import('@anarq/node/serve')
    const onFault = (fault: Fault): void => terminal.note(fault.message)
    const settings = netOf(values)
    const node = await openNode({ home, net: settings, meetsAsChosen: true, onFault })
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
      const net = await node.settledNet()
      const found = net && { id: net.id, address: net.address, socks: net.socks }
      terminal.result(
        { address: served.address, home, state, ...(found === undefined ? {} : { net: found }) },
        welcome(named(served.address), home, state, net, settings?.roles),
      )
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

/** By its name, where it has one: browsers keep passkeys for names, and for no address. */
function named(address: string): string {
  return address.replace('//127.0.0.1:', '//localhost:')
}

const servings: Readonly<Record<NonNullable<NetSettings['roles']>[number], string>> = {
  broker: 'It brings nodes together that nobody can dial',
  exit: 'It lets circuits of others out to the internet, under the address of this machine',
  operator: 'It is an Operator: others measure how much it is there (anarq net roles)',
  relay: 'It passes circuits of others on, to other nodes alone',
}

function welcome(
  address: string,
  home: string,
  state: string,
  net: ReturnType<Node['net']>,
  roles: NetSettings['roles'] = [],
): string {
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
    ...(net?.address === undefined ? [] : [`Other nodes reach it at ${net.address}`]),
    ...(net === undefined ? [] : roles.map((role) => servings[role])),
    ...(net?.socks === undefined
      ? []
      : [`Programs use circuits at ${net.socks}:  curl --socks5-hostname ${net.socks} https://example.org`]),
    '',
    ...next,
    '',
    'Ctrl-C stops it.',
  ].join('\n')
}
