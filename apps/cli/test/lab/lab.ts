import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type LabNode = {
  readonly name: string
  /** 10.x.0.1: each in a /16 of its own. */
  readonly address: string
  /** To the middle of the network: the way between two nodes is both of theirs. */
  readonly delayMs: number
  /** Of packets, from 0 to 1. */
  readonly loss: number
  /** Its packets go out under the address, with ports of the router's; nobody comes in who was not written to. */
  readonly router?: LabRouter
}

/** `cone`: a port inside is one port outside, for everybody. `symmetric`: another one for each that is written to. */
export type LabRouter = 'cone' | 'symmetric'

/** Network namespaces of their own, joined by a wire that delays, loses and cuts: see wire.py. */
export type Lab = {
  /** What to put before a command so that it runs in a node's namespace. */
  in(name: string): readonly string[]
  cut(...sides: readonly (readonly string[])[]): Promise<void>
  heal(): Promise<void>
  /** Another router for who is behind one: all that went through the old one is forgotten. */
  put(name: string, router: LabRouter): Promise<void>
  close(): Promise<void>
}

const unshare = ['--user', '--map-root-user', '--net', '--mount', '--fork', '--kill-child']
/** `ip netns` keeps names below /run, which is nobody else's in here. */
const inside = 'mount -t tmpfs none /run && mkdir -p /run/netns && exec python3 "$1"'

/** Why there is no lab here; undefined where there is one. */
export function whyNoLab(): string | undefined {
  const tried = spawnSync('unshare', [
    ...unshare,
    'sh',
    '-c',
    'ip link >/dev/null && test -w /dev/net/tun && python3 -c ""',
  ])
  return tried.status === 0
    ? undefined
    : 'Network namespaces, iproute2, TUN or Python are not to be had here.'
}

export async function openLab(nodes: readonly LabNode[]): Promise<Lab> {
  const script = join(import.meta.dirname, 'wire.py')
  const wire = spawn('unshare', [...unshare, 'sh', '-c', inside, 'sh', script], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const lines = createInterface({ input: wire.stdout })[Symbol.asyncIterator]()
  const say = async (line: string): Promise<void> => {
    wire.stdin.write(`${line}\n`)
    if ((await lines.next()).done === true) throw new Error('the wire of the lab ended')
  }
  await say(JSON.stringify({ nodes }))
  const pid = childOf(wire)
  return {
    in: (name) => [
      'nsenter',
      '-t',
      pid,
      '-U',
      '-m',
      '-n',
      '--preserve-credentials',
      'ip',
      'netns',
      'exec',
      name,
    ],
    cut: (...sides) => say(`cut ${sides.map((names) => names.join(' ')).join(' | ')}`),
    heal: () => say('heal'),
    put: (name, router) => say(`put ${name} ${router}`),
    async close() {
      wire.stdin.end()
      if (wire.exitCode === null) await once(wire, 'exit')
    },
  }
}

/** unshare forks: the one that is in the namespaces is its child. */
function childOf({ pid }: ChildProcess): string {
  const { stdout } = spawnSync('pgrep', ['-P', String(pid)], { encoding: 'utf8' })
  return stdout.trim()
}
