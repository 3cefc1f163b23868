import { readFile } from 'node:fs/promises'
import { fromUtf8, once } from '@anarq/bytes'
import { diskFault, writeFileWhole } from '@anarq/files'
import { verifyRegisterProof } from '@anarq/node/register-proof'
import type { RegisterChange, RegisterClassName, RegisterFacts, RegisterVersionFacts } from '@anarq/sdk'
import { type Context, type OptionSpec, textOf, textsOf, UsageError, type Values } from '../command.ts'
import { shown, table, when } from '../terminal.ts'

type Verb = (context: Context, args: readonly string[], values: Values) => Promise<number>

export const registerOptions: OptionSpec = {
  class: { type: 'string' },
  writer: { type: 'string', multiple: true },
  output: { type: 'string', short: 'o' },
}

const classes = ['private', 'protected', 'public'] as const satisfies readonly RegisterClassName[]

const verbs: Readonly<Record<string, Verb>> = {
  async set({ sdk, terminal }, args, values) {
    const [ref, value] = args
    if (ref === undefined || value === undefined)
      throw new UsageError(
        'Say which and what: anarq net register set NAME VALUE [--class private|protected|public]',
      )
    const facts = await (await sdk()).network.setRegister(changeOf(ref, value, values))
    terminal.result(facts, `${describe(facts)}\n\nGive others this to find it: ${facts.reference}`)
    return 0
  },
  async get({ sdk, terminal }, args) {
    const facts = await (await sdk()).network.register({ ref: refOf(args, 'get') })
    terminal.result(facts, facts.versions[0]?.value ?? '(sealed by its owner)')
    return 0
  },
  async history({ sdk, terminal }, args) {
    const facts = await (await sdk()).network.register({ ref: refOf(args, 'history') })
    terminal.result(facts, `${describe(facts)}\n${table(facts.versions.map(rowOf))}`)
    return 0
  },
  async list({ sdk, terminal }) {
    const facts = await (await sdk()).network.registers({})
    const { registers, key } = facts
    const rows = registers.map((one) => [
      shown(one.name ?? ''),
      one.class,
      `version ${one.versions[0]?.version ?? 0}`,
      one.isOwn ? 'own' : 'writer',
      one.reference,
    ])
    const listed = rows.length === 0 ? 'No registers yet: anarq net register set NAME VALUE' : table(rows)
    terminal.result(facts, `${listed}\n\nYour key, for who lets you write to theirs: ${key}`)
    return 0
  },
  async prove({ sdk, terminal }, args, values) {
    const made = await (await sdk()).network.proveRegister({ ref: refOf(args, 'prove') })
    const out = textOf(values, 'output')
    if (out === undefined) terminal.result(made, made.proof)
    else {
      await writeFileWhole(out, {}, once(fromUtf8(`${made.proof}\n`)))
      terminal.result(
        { saved: out },
        `The proof is in ${out}. Anybody can check it: anarq net register verify ${out}`,
      )
    }
    return 0
  },
  async verify({ terminal }, args) {
    const path = refOf(args, 'verify', 'FILE')
    const text = await readFile(path, 'utf8').catch((error: unknown) => {
      throw diskFault(error, path)
    })
    const checked = verifyRegisterProof(text)
    const rows = checked.register?.versions.map(rowOf) ?? []
    terminal.result(checked, [checked.sentence, ...(rows.length === 0 ? [] : [table(rows)])].join('\n'))
    return checked.isValid ? 0 : 1
  },
}

export const registerVerb: Verb = (context, [, name, ...args], values) => {
  const verb = verbs[name ?? '']
  if (verb === undefined)
    throw new UsageError(`Say what to do with registers: anarq net register ${Object.keys(verbs).join('|')}`)
  return verb(context, args, values)
}

function changeOf(ref: string, value: string, values: Values): RegisterChange {
  const given = textOf(values, 'class')
  const of = classes.find((one) => one === given)
  if (given !== undefined && of === undefined)
    throw new UsageError(`A register is ${classes.join(', ')}: not "${given}".`)
  const writers = textsOf(values, 'writer')
  return {
    ref,
    value,
    ...(of === undefined ? {} : { class: of }),
    ...(writers.length === 0 ? {} : { writers }),
  }
}

function refOf([ref]: readonly string[], verb: string, what = 'NAME|REFERENCE'): string {
  if (ref === undefined) throw new UsageError(`Say which one: anarq net register ${verb} ${what}`)
  return ref
}

function describe({ class: of, name, versions, electors, quorum }: RegisterFacts): string {
  const [last] = versions
  const what = `Version ${last?.version ?? 0} of the ${of} register ${shown(name ?? '(sealed)')} stands.`
  if (of === 'private') return `${what} Nobody had to agree.`
  return `${what} ${last?.signers.length ?? 0} of ${last?.of ?? 0} nodes signed it; the next needs ${quorum} of ${electors.length}.`
}

function rowOf({ version, atMs, writer, value, signers, of }: RegisterVersionFacts): string[] {
  return [
    `${version}`,
    when(atMs),
    `by ${writer.slice(0, 8)}`,
    of === 0 ? '' : `signed by ${signers.length} of ${of}: ${signers.map((id) => id.slice(0, 6)).join(' ')}`,
    shown(value ?? '(sealed)'),
  ]
}
