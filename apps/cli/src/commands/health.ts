import { open, readFile } from 'node:fs/promises'
import { formatBytes, fromUtf8, once } from '@anarq/bytes'
import { asFault } from '@anarq/fault'
import { diskFault, writeFileWhole } from '@anarq/files'
import type { Finding, RestoreReport } from '@anarq/kernel'
import { verifyAuditProofFile } from '@anarq/node'
import { type Command, type Context, numberOf, textOf, UsageError } from '../command.ts'
import { shown, table, when } from '../terminal.ts'

type AuditVerb = (
  context: Context,
  args: readonly string[],
  values: Parameters<Command['run']>[2],
) => Promise<number>

const auditVerbs: Readonly<Record<string, AuditVerb>> = {
  async tail({ operations, terminal }, _args, values) {
    const limit = numberOf(values, 'limit', { min: 1, max: 100_000 }) ?? 20
    const object = textOf(values, 'object')
    const entries = await (await operations()).audit.tail({
      limit,
      ...(object === undefined ? {} : { object }),
    })
    terminal.result(
      entries,
      table(
        entries.map((one) => [
          String(one.index),
          when(one.atMs),
          one.verdict,
          one.action,
          one.code ?? '',
          one.object ?? '',
        ]),
      ),
    )
    return 0
  },
  async verify(context, args) {
    if (args[1] !== undefined) return verifyProof(context, args[1])
    const report = await (await context.operations()).audit.verify()
    const text = report.isWhole
      ? `The audit log is whole: ${report.size} entries.`
      : report.findings.join('\n')
    context.terminal.result(report, text)
    return report.isWhole ? 0 : 1
  },
  async prove({ operations, terminal }, args, values) {
    if (!/^\d+$/.test(args[1] ?? ''))
      throw new UsageError('Say which entry: its number, as "anarq audit tail" shows it.')
    const proof = await (await operations()).audit.prove(Number(args[1]))
    const out = textOf(values, 'output')
    const text = JSON.stringify(proof, undefined, 2)
    if (out === undefined) terminal.result(proof, text)
    else {
      await writeFileWhole(out, {}, once(fromUtf8(`${text}\n`)))
      terminal.result(
        { saved: out },
        `The proof is in ${out}. Anybody can check it: anarq audit verify ${out}`,
      )
    }
    return 0
  },
  async alerts({ operations, terminal }) {
    const alerts = await (await operations()).audit.alerts()
    terminal.result(
      alerts,
      alerts.length === 0
        ? 'No alerts.'
        : table(alerts.map((one) => [when(one.atMs), one.severity, one.kind, one.sentence])),
    )
    return 0
  },
}

async function verifyProof({ terminal }: Context, path: string): Promise<number> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    throw diskFault(error, path)
  })
  const checked = verifyAuditProofFile(text)
  terminal.result(checked, checked.sentence)
  return checked.isValid ? 0 : 1
}

export const audit: Command = {
  usage: 'audit tail|verify|prove ENTRY|alerts [-o FILE]',
  summary: 'The log of everything that happened: read it, check it, prove an entry to others.',
  options: { limit: { type: 'string' }, object: { type: 'string' }, output: { type: 'string', short: 'o' } },
  min: 1,
  max: 2,
  async run(context, args, values) {
    const verb = auditVerbs[args[0] ?? '']
    if (verb === undefined)
      throw new UsageError(`"audit ${args[0]}" is unknown: use ${Object.keys(auditVerbs).join(', ')}.`)
    return verb(context, args, values)
  },
}

export const verify: Command = {
  usage: 'verify [NAME|ID]',
  summary: 'Read everything (or one thing) and say what is damaged.',
  max: 1,
  async run({ operations, terminal, signal }, args) {
    const report = await (await operations()).health.verify(args[0], {
      signal,
      onProgress: ({ files, bytes }) => terminal.status(`${files} files, ${formatBytes(bytes)}`),
    })
    const isSound = report.findings.every(({ severity }) => severity !== 'error')
    const verdict = isSound ? 'All is well' : 'Not all is well'
    terminal.result(
      report,
      [
        ...report.findings.map(describeFinding),
        `${verdict}: ${report.files} files, ${formatBytes(report.bytes)} read.`,
      ].join('\n'),
    )
    return isSound ? 0 : 1
  },
}

export const doctor: Command = {
  usage: 'doctor',
  summary: 'Look at the installation: disk, rights, copies, clock.',
  async run({ operations, terminal }) {
    const findings = await (await operations()).health.doctor()
    terminal.result(findings, findings.map(describeFinding).join('\n'))
    return findings.some(({ severity }) => severity === 'error') ? 1 : 0
  },
}

function describeFinding({ severity, what, path, advice }: Finding): string {
  const mark = { info: 'ok  ', warning: 'look', error: 'BAD ' }[severity]
  return `${mark} ${path === undefined ? '' : `${shown(path)}: `}${what}${advice === undefined ? '' : ` ${advice}`}`
}

export const backup: Command = {
  usage: 'backup OUT [--force]',
  summary: 'Write everything, sealed as it lies, to one file.',
  options: { force: { type: 'boolean' } },
  min: 1,
  async run({ operations, terminal, signal }, args, values) {
    const path = args[0] as string
    let bytes = 0
    const { health } = await operations()
    await writeFileWhole(
      path,
      { mode: 0o600 },
      counted(health.backup(signal), (more) => {
        bytes += more
        terminal.status(formatBytes(bytes))
      }),
      { isReplacing: values.force === true },
    )
    terminal.result(
      { saved: path, bytes },
      `Backup: ${path} (${formatBytes(bytes)}). Try it once: anarq restore-backup ${path} --home SOME-EMPTY-FOLDER`,
    )
    return 0
  },
}

export const restoreBackup: Command = {
  usage: 'restore-backup IN',
  summary: 'Bring a backup back, into a home that is empty; of a damaged one all that is whole.',
  min: 1,
  async run(context, args) {
    const { bare, terminal, signal } = context
    const path = args[0] as string
    // Where it is refused, nobody reads the file to its end.
    await using file = await open(path).catch((error: unknown) => {
      throw diskFault(error, path)
    })
    const operations = await bare()
    const report = await operations.health.restoreBackup(
      file.createReadStream({ highWaterMark: 1024 * 1024 }),
      signal,
    )
    const back = `Back: ${report.blocks} blocks, ${formatBytes(report.bytes)}.`
    if (report.damagedParts > 0) return restoredInPart(context, report, back)
    terminal.result(report, `${back} Unlock it with the passphrase that it had.`)
    return 0
  },
}

/** The names of files are sealed: with the passphrase it is said which of them miss something. */
async function restoredInPart(
  { operations, terminal, signal }: Context,
  report: RestoreReport,
  back: string,
): Promise<number> {
  terminal.note(
    `Damaged parts of this backup, which stayed out: ${report.damagedParts}. All the rest is back. Where you have another copy of the backup, restore that one into another folder.`,
  )
  let findings: readonly Finding[] | undefined
  try {
    findings = (await (await operations()).health.verify(undefined, { signal })).findings
  } catch (error) {
    terminal.note(asFault(error).message)
  }
  const lines = findings?.map(describeFinding) ?? ['Which files miss something: anarq verify']
  if (findings?.length === 0) lines.push('Every file that the index names is whole.')
  terminal.result({ ...report, findings }, [...lines, back].join('\n'))
  return 1
}

export const compact: Command = {
  usage: 'compact',
  summary: 'Free the room of what no version needs any more.',
  async run({ operations, terminal, signal }) {
    const { freedBytes } = await (await operations()).health.compact(signal)
    terminal.result({ freedBytes }, `${formatBytes(freedBytes)} freed.`)
    return 0
  },
}

async function* counted(
  source: AsyncIterable<Uint8Array>,
  onBytes: (bytes: number) => void,
): AsyncIterable<Uint8Array> {
  for await (const bytes of source) {
    onBytes(bytes.length)
    yield bytes
  }
}
