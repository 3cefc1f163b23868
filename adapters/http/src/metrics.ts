import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Kernel } from '@anarq/kernel'
import type { StoreStats } from './context.ts'

export type Metrics = {
  onAnswer(method: string, route: string, status: number, seconds: number): void
  /** Prometheus text format 0.0.4 (https://prometheus.io/docs/instrumenting/exposition_formats/). */
  render(): Promise<string>
  close(): void
}

export const metricsType = 'text/plain; version=0.0.4; charset=utf-8'

type Sample = {
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
  readonly suffix?: string
}
type Family = {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'summary'
  readonly help: string
  readonly samples: readonly Sample[]
}
type Answers = Map<string, { labels: Record<string, string>; count: number; seconds: number }>

const lagResolutionMs = 20

export function createMetrics({
  kernel,
  stats,
}: {
  kernel: Pick<Kernel, 'guardian' | 'keeping' | 'operations'>
  stats: () => Promise<StoreStats>
}): Metrics {
  const answers: Answers = new Map()
  const lag = monitorEventLoopDelay({ resolution: lagResolutionMs })
  lag.enable()
  return {
    onAnswer(method, route, status, seconds) {
      const key = `${method} ${route} ${status}`
      const known = answers.get(key)
      if (known === undefined)
        answers.set(key, { labels: { method, route, status: String(status) }, count: 1, seconds })
      else {
        known.count += 1
        known.seconds += seconds
      }
    },
    async render() {
      const families = [
        ...processFamilies(lag),
        ...httpFamilies(answers),
        ...guardianFamilies(kernel),
        ...storeFamilies(await stats()),
        ...heldFamilies(kernel),
        ...(await accountFamilies(kernel)),
      ]
      return families.map(textOf).join('')
    },
    close: () => void lag.disable(),
  }
}

function processFamilies(lag: ReturnType<typeof monitorEventLoopDelay>): Family[] {
  const { user, system } = process.cpuUsage()
  const seconds = (nanoseconds: number): number => (Number.isNaN(nanoseconds) ? 0 : nanoseconds / 1e9)
  return [
    gauge('process_resident_memory_bytes', 'Memory of this process.', process.memoryUsage.rss()),
    gauge(
      'process_start_time_seconds',
      'When this process started, in seconds since 1970.',
      performance.timeOrigin / 1000,
    ),
    counter('process_cpu_seconds_total', 'Processor time used.', [{ value: (user + system) / 1e6 }]),
    gauge(
      'nodejs_eventloop_lag_mean_seconds',
      'How late the event loop is on average.',
      Math.max(0, seconds(lag.mean) - lagResolutionMs / 1000),
    ),
    gauge(
      'nodejs_eventloop_lag_p99_seconds',
      'How late it is in the worst of a hundred cases.',
      Math.max(0, seconds(lag.percentile(99)) - lagResolutionMs / 1000),
    ),
  ]
}

function httpFamilies(answers: Answers): Family[] {
  const all = [...answers.values()]
  const samples = all.flatMap(({ labels, count, seconds }): Sample[] => [
    { suffix: '_sum', labels, value: seconds },
    { suffix: '_count', labels, value: count },
  ])
  return [
    counter(
      'anarq_http_requests_total',
      'Requests answered.',
      all.map(({ labels, count }) => ({ labels, value: count })),
    ),
    {
      name: 'anarq_http_request_seconds',
      type: 'summary',
      help: 'Time from a request to the end of its answer.',
      samples,
    },
  ]
}

function guardianFamilies({ guardian }: Pick<Kernel, 'guardian'>): Family[] {
  const { flows, alerts, alertsUntaken, identities, decoys } = guardian.status()
  const kinds = Object.entries(flows)
  return [
    counter(
      'anarq_flows_begun_total',
      'Flows begun, by kind.',
      kinds.map(([kind, { begun }]) => ({ labels: { kind }, value: begun })),
    ),
    counter(
      'anarq_flows_ended_total',
      'Flows ended, by kind and verdict; breached ones are among the refused.',
      kinds.flatMap(([kind, counts]) =>
        (['ok', 'refused', 'failed', 'breached'] as const).map((verdict) => ({
          labels: { kind, verdict },
          value: counts[verdict],
        })),
      ),
    ),
    counter('anarq_alerts_total', 'Alerts since the start.', [{ value: alerts }]),
    counter('anarq_alerts_untaken_total', 'Alerts that no log took.', [{ value: alertsUntaken }]),
    gauge('anarq_watched_identities', 'Identities that the guardian counts.', identities),
    gauge('anarq_decoys', 'Decoys laid out.', decoys),
  ]
}

function storeFamilies({ blocks, liveBytes, fileBytes, damaged }: StoreStats): Family[] {
  return [
    gauge('anarq_blocks', 'Blocks stored.', blocks),
    gauge('anarq_block_live_bytes', 'Bytes of blocks in use, second copies included.', liveBytes),
    gauge('anarq_block_file_bytes', 'Bytes that their files take on the disk.', fileBytes),
    counter('anarq_blocks_damaged_total', 'Blocks found damaged since the start.', [{ value: damaged }]),
  ]
}

/** What this machine holds for others, where it is on a network. */
function heldFamilies({ keeping }: Pick<Kernel, 'keeping'>): Family[] {
  const facts = keeping.held()
  if (facts === undefined) return []
  return [
    gauge('anarq_held_blocks', 'Blocks held for other nodes.', facts.blocks),
    gauge('anarq_held_bytes', 'Bytes held for other nodes.', facts.bytes),
    gauge('anarq_held_bytes_max', 'Bytes that this node gives to others.', facts.bytesMax),
  ]
}

async function accountFamilies({
  operations: { account, audit },
}: Pick<Kernel, 'operations'>): Promise<Family[]> {
  const { state } = await account.status()
  const open = gauge('anarq_open', '1 while the vault is unlocked.', state === 'open' ? 1 : 0)
  if (state !== 'open') return [open]
  const [last] = await audit.tail({ limit: 1 })
  return [
    open,
    gauge(
      'anarq_audit_entries',
      'Entries of the audit log of the identity in use.',
      last === undefined ? 0 : last.index + 1,
    ),
  ]
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: 'gauge', help, samples: [{ value }] }
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, samples }
}

function textOf({ name, type, help, samples }: Family): string {
  const lines = samples.map(({ labels = {}, value, suffix = '' }) => {
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`)
    return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${value}\n`
  })
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join('')}`
}

function escaped(text: string): string {
  return text.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}
