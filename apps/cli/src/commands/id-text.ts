import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fromUtf8, once } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { diskFault, writeFileWhole } from '@anarq/files'
import type { IdentityFacts } from '@anarq/kernel'
import { type Command, type Context, UsageError } from '../command.ts'
import { shown, when } from '../terminal.ts'
import { describeLimits } from './child-limits.ts'

export type IdVerb = (
  context: Context,
  args: readonly string[],
  values: Parameters<Command['run']>[2],
) => Promise<number | undefined>

export function argument(args: readonly string[], what: string): string {
  if (args[1] === undefined) throw new UsageError(`Say ${what}.`)
  return args[1]
}

export function describe(one: IdentityFacts): string {
  const lines = [`${shown(one.name)}  ${one.kind}  ${one.status}  since ${when(one.createdMs)}`, one.did]
  const { child } = one
  if (child === undefined) return lines.join('\n')
  const ofAge = new Date(child.majorityMs).toISOString().slice(0, 10)
  lines.push(
    child.stage === 'adult'
      ? 'of age, with a key of its own'
      : `may act until ${when(child.delegatedUntilMs)} UTC without another renewal; of age on ${ofAge}`,
    `guardian: ${child.guardian}`,
    ...(child.stage === 'adult' ? [] : [describeLimits(child.limits)]),
  )
  return lines.join('\n')
}

export async function readTextFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((error: unknown) => {
    throw diskFault(error, path)
  })
}

/** Before something is made that can be made once only: that there is room for what comes of it. */
export function requireFree(...paths: readonly string[]): void {
  const taken = paths.find((path) => existsSync(path))
  if (taken === undefined) return
  throw new Fault('conflict.exists', `${taken} exists already. Nothing was made; choose another place.`)
}

/** One line of text; for this user's eyes alone where it is a secret. */
export async function saveText(
  path: string,
  text: string,
  { isSecret = false, isReplacing }: { isSecret?: boolean; isReplacing?: boolean | undefined } = {},
): Promise<void> {
  await writeFileWhole(path, isSecret ? { mode: 0o600 } : {}, once(fromUtf8(`${text}\n`)), { isReplacing })
}

/** A name as the name of a file in this folder. */
export function fileNameOf(name: string, ending: string): string {
  const plain = name.replace(/[^\p{L}\p{N}_-]+/gu, '-').replace(/^-+|-+$/g, '')
  return `${plain === '' ? 'child' : plain}.${ending}`
}
