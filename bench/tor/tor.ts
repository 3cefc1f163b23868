import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Tools } from '../tools.ts'
import { type Contender, makeFar, portsOf, type Setting } from './contender.ts'

/** One authority, three relays and a client of Tor's, in a network that nobody else is in (tor(1), TestingTorNetwork). */
export async function startTor(setting: Setting, program: string): Promise<Contender> {
  const { tools, firstPort } = setting
  await makeFar(setting)
  const authority = await createAuthority(tools, program, firstPort)
  const relays = [0, 1, 2].map((relay) => relayConfig(tools, authority.line, firstPort, relay))
  const ids = await Promise.all(relays.map((config) => fingerprint(tools, program, config)))
  await startNode(tools, program, authority.config)
  const pids = await Promise.all(relays.map((config) => startNode(tools, program, config)))
  const socksPort = firstPort + 25
  const client = nodeConfig(tools, 'client', authority.line, [
    `SocksPort 127.0.0.1:${socksPort}`,
    'ORPort 0',
    // The same path for every circuit, as the other side has.
    `EntryNodes ${ids[0]}`,
    `MiddleNodes ${ids[1]}`,
    `ExitNodes ${ids[2]}`,
    'StrictNodes 1',
    'LearnCircuitBuildTimeout 0',
    'CircuitBuildTimeout 60',
  ])
  pids.push(await startNode(tools, program, client))
  await bootstrapped(client)
  return { name: 'Tor', socksPort, pids }
}

type Config = { readonly folder: string; readonly file: string; readonly log: string }

/** Of the bootstrap of a client of a network that is itself just beginning. */
const bootstrapMsMax = 180_000
const pollMs = 250

async function createAuthority(
  tools: Tools,
  program: string,
  firstPort: number,
): Promise<{ readonly line: string; readonly config: Config }> {
  const [orPort, dirPort] = [firstPort + 20, firstPort + 21]
  const folder = join(tools.folder, 'authority')
  const keys = join(folder, 'keys')
  mkdirSync(keys, { recursive: true, mode: 0o700 })
  const file = (name: string): string => join(keys, `authority_${name}`)
  const passphrase = join(tools.folder, 'passphrase')
  writeFileSync(passphrase, 'of no use\n')
  const made = ['-i', file('identity_key'), '-s', file('signing_key'), '-c', file('certificate')]
  const command = ['tor-gencert', '--create-identity-key', '--passphrase-fd', '0', ...made]
  await tools.run([
    'sh',
    '-c',
    `exec "$@" < ${passphrase}`,
    'sh',
    ...command,
    '-m',
    '1',
    '-a',
    `127.0.0.1:${dirPort}`,
  ])
  const v3 = /^fingerprint ([0-9A-F]{40})$/m.exec(readFileSync(file('certificate'), 'utf8'))?.[1]
  const before = nodeConfig(tools, 'authority', `DirAuthority x 127.0.0.1:1 ${'F'.repeat(40)}`, [
    `ORPort ${orPort}`,
  ])
  const own = await fingerprint(tools, program, before)
  const line = `DirAuthority authority orport=${orPort} v3ident=${v3} 127.0.0.1:${dirPort} ${own}`
  const config = nodeConfig(tools, 'authority', line, [
    `ORPort 127.0.0.1:${orPort}`,
    `DirPort 127.0.0.1:${dirPort}`,
    'AuthoritativeDirectory 1',
    'V3AuthoritativeDirectory 1',
    'ContactInfo nobody@example.invalid',
    'ExitPolicy reject *:*',
    'TestingDirAuthVoteExit *',
    'TestingDirAuthVoteGuard *',
    'TestingDirAuthVoteHSDir *',
    'V3AuthNIntervalsValid 2',
    'TestingV3AuthInitialVotingInterval 10',
    'TestingV3AuthInitialVoteDelay 2',
    'TestingV3AuthInitialDistDelay 2',
    'V3AuthVotingInterval 60',
    'V3AuthVoteDelay 5',
    'V3AuthDistDelay 5',
    'TestingAuthDirTimeToLearnReachability 0',
    // Vegas, as the public network votes for.
    'ConsensusParams cc_alg=2',
  ])
  return { line, config }
}

/** It listens near and says that it is far: whoever dials it comes the long way. */
function relayConfig(tools: Tools, authority: string, firstPort: number, relay: number): Config {
  const { real, far } = portsOf(firstPort, relay)
  return nodeConfig(tools, `relay${relay}`, authority, [
    `ORPort 127.0.0.1:${far} NoListen`,
    `ORPort 127.0.0.1:${real} NoAdvertise`,
    relay === 2 ? 'ExitRelay 1' : 'ExitRelay 0',
    'ExitPolicyRejectPrivate 0',
    relay === 2 ? 'ExitPolicy accept *:*' : 'ExitPolicy reject *:*',
  ])
}

function nodeConfig(tools: Tools, name: string, authority: string, lines: readonly string[]): Config {
  const folder = join(tools.folder, name)
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const [file, log] = [join(folder, 'torrc'), join(folder, 'log')]
  const common = [
    'TestingTorNetwork 1',
    `DataDirectory ${folder}`,
    `Nickname ${name}`,
    'Address 127.0.0.1',
    'AssumeReachable 1',
    'RunAsDaemon 0',
    'ShutdownWaitLength 0',
    `Log notice file ${log}`,
    'SafeLogging 0',
    'EnforceDistinctSubnets 0',
    ...(lines.some((line) => line.startsWith('SocksPort')) ? [] : ['SocksPort 0']),
    authority,
  ]
  writeFileSync(file, `${[...common, ...lines].join('\n')}\n`)
  return { folder, file, log }
}

function torCommand(program: string, { file }: Config): string[] {
  // Nothing of this machine's own configuration.
  return [program, '--defaults-torrc', '/dev/null', '-f', file]
}

async function fingerprint(tools: Tools, program: string, config: Config): Promise<string> {
  const { stdout } = await tools.run([...torCommand(program, config), '--list-fingerprint', '--quiet'])
  const found = /([0-9A-F]{4} ?){10}/.exec(stdout)?.[0]
  if (found === undefined) throw new Error(`tor says no fingerprint: ${stdout}`)
  return found.replaceAll(' ', '')
}

async function startNode(tools: Tools, program: string, config: Config): Promise<number> {
  const service = await tools.serve([
    'sh',
    '-c',
    'echo started; exec "$@"',
    'sh',
    ...torCommand(program, config),
  ])
  return service.pid
}

async function bootstrapped({ log }: Config): Promise<void> {
  for (let waitedMs = 0; waitedMs < bootstrapMsMax; waitedMs += pollMs) {
    await new Promise((resolve) => setTimeout(resolve, pollMs))
    try {
      if (readFileSync(log, 'utf8').includes('Bootstrapped 100%')) return
    } catch {
      // It has not begun to write.
    }
  }
  const said = readFileSync(log, 'utf8').split('\n').slice(-8).join('\n')
  throw new Error(`Tor's client did not come up in ${bootstrapMsMax / 1000} s:\n${said}`)
}
