/**
 * What somebody shared, fetched from their node by another one: a large file, and a folder of small ones, beside `rclone`
 * copying the same from `rclone serve sftp`, which seals the way and neither decides who may nor checks what comes. Also the
 * time from an invitation to a node that is among others.
 *
 *     npm run bench two-nodes -- [--size MiB] [--files N] [--rounds N]
 */
import { randomBytes } from 'node:crypto'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type AnarqHome, createAnarq } from './data-path/anarq.ts'
import { writeRandom, writeRandomFiles } from './inputs.ts'
import { findRclone, freePort, obscured } from './rclone.ts'
import { markdown, median, ratio, spread } from './table.ts'
import { createTools, processors, type Service } from './tools.ts'

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1024' },
    files: { type: 'string', default: '10000' },
    rounds: { type: 'string', default: '3' },
  },
})
const bytes = Number(values.size) * 1024 * 1024
const files = Number(values.files)
const fileBytes = 4096
const names = ['large', 'small'] as const
type Name = (typeof names)[number]
type Sample = { readonly wallMs: number; readonly cpuMs: number }
const programs = ['anarq', 'rclone, sftp'] as const
const samples: Record<Name, Record<(typeof programs)[number], Sample[]>> = {
  large: { anarq: [], 'rclone, sftp': [] },
  small: { anarq: [], 'rclone, sftp': [] },
}
const joinsMs: number[] = []

const rclone = findRclone()
const tools = createTools()
const anarq = await createAnarq(tools)
const inputs = join(tools.folder, 'inputs')
await mkdir(inputs)
await writeRandom(join(inputs, 'large'), bytes, 1)
await writeRandomFiles(join(inputs, 'small'), files, fileBytes, 2)

const owner = await anarq.openHome(join(tools.folder, 'owner'), 'owner')
await owner.command('put', join(inputs, 'large'), join(inputs, 'small'))
const ownerNode = await owner.up(['--net', 'tcp://127.1.0.1:0'])
try {
  for (let round = 1; round <= Number(values.rounds); round += 1) {
    await fetchByAnarq(round)
    await fetchByRclone()
  }
} finally {
  await ownerNode.stop()
}
print()

/** Each time by somebody new, who has nothing of it yet. */
async function fetchByAnarq(round: number): Promise<void> {
  const folder = join(tools.folder, `reader-${round}`)
  const reader = await anarq.openHome(folder, `reader ${round}`)
  const { did, card } = await facts(reader)
  await owner.command('id', 'learn', card)
  await reader.command('id', 'learn', (await facts(owner)).card)
  const node = await reader.up(['--net', 'tcp://127.2.0.1:0'])
  try {
    for (const name of names) {
      const ping = join(folder, `${name}.ping`)
      await owner.command('share', `/${name}`, '--with', did, '-o', ping)
      await measure(name, 'anarq', () => reader.command('open', ping, '-o', join(folder, name)))
      await proveSame(name, join(folder, name))
    }
    // Last: from then on both keep each other's copies.
    joinsMs.push(await joinBy(reader))
  } finally {
    await node.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

async function fetchByRclone(): Promise<void> {
  const { service, config } = await serveSftp()
  const into = join(tools.folder, 'copied')
  try {
    for (const name of names) {
      await measure(name, 'rclone, sftp', () =>
        tools.run([rclone, '--config', config, 'copy', `from:${name}`, join(into, name)]),
      )
    }
  } finally {
    await service.stop()
    await rm(into, { recursive: true, force: true })
  }
}

async function serveSftp(): Promise<{ service: Service; config: string }> {
  const port = await freePort()
  const password = randomBytes(12).toString('hex')
  const address = `127.0.0.1:${port}`
  const server = [
    `exec "${rclone}" serve sftp --addr ${address} --user bench --pass "$BENCH_PASSWORD" "${inputs}" 2>&1`,
  ]
  const service = await tools.serve(['sh', '-c', ...server], { env: { BENCH_PASSWORD: password } })
  const config = join(tools.folder, 'rclone.conf')
  const lines = [
    '[from]',
    'type = sftp',
    'host = 127.0.0.1',
    `port = ${port}`,
    'user = bench',
    `pass = ${obscured(rclone, password)}`,
  ]
  await writeFile(config, `${lines.join('\n')}\n`, { mode: 0o600 })
  return { service, config }
}

async function measure(
  name: Name,
  program: (typeof programs)[number],
  act: () => Promise<{ wallMs: number; cpuMs: number | undefined }>,
): Promise<void> {
  await tools.settle()
  const cpu = processors()
  const run = await act()
  const sample = { wallMs: run.wallMs, cpuMs: cpu() + (run.cpuMs ?? Number.NaN) }
  samples[name][program].push(sample)
  console.error(
    `  ${name}  ${program}  ${(sample.wallMs / 1000).toFixed(2)} s, ${(sample.cpuMs / 1000).toFixed(2)} s of processors`,
  )
}

async function proveSame(name: Name, into: string): Promise<void> {
  await tools.run(['diff', '-r', '-q', join(inputs, name), into])
}

/** From the command to the node that is among others. */
async function joinBy(reader: AnarqHome): Promise<number> {
  const made = await owner.command('net', 'invite')
  const { invitation } = JSON.parse(made.stdout) as { invitation: string }
  const { wallMs } = await reader.command('net', 'join', invitation)
  return wallMs
}

async function facts(home: AnarqHome): Promise<{ did: string; card: string }> {
  const { stdout } = await home.command('id', 'show')
  return JSON.parse(stdout) as { did: string; card: string }
}

function print(): void {
  const rows = names.flatMap((name) => {
    const own = median(samples[name].anarq.map(({ wallMs }) => wallMs))
    return programs.map((program) => {
      const of = samples[name][program]
      const wallMs = median(of.map((one) => one.wallMs)) ?? Number.NaN
      const rate =
        name === 'large'
          ? `${(bytes / 1000 / wallMs).toFixed(0)} MB/s`
          : `${((files / wallMs) * 1000).toFixed(0)} files/s`
      return [
        `${name === 'large' ? `${values.size} MiB` : `${files} files of 4 KiB`}: ${program}`,
        spread(of.map((one) => one.wallMs)),
        rate,
        ratio(wallMs, own),
        spread(of.map(({ cpuMs }) => cpuMs)),
      ]
    })
  })
  const heads = ['fetched by', 'time: median (least–most)', 'rate', 'time ÷ anarq', 'processors']
  console.log(`\n${markdown(heads, rows)}\n`)
  console.log(`From the command \`net join\` to its end: ${spread(joinsMs)}.`)
}
