import { open } from 'node:fs/promises'
import { systemClock } from '@anarq/clock'
import { Fault } from '@anarq/fault'
import { diskFault, writeFileWhole } from '@anarq/files'
import { verifyBranchProof } from '@anarq/kernel'
import type { BranchHere } from '@anarq/sdk'
import { type Context, type OptionSpec, UsageError, type Values } from '../command.ts'
import { table, when } from '../terminal.ts'

type BranchVerb = (context: Context, args: readonly string[], values: Values) => Promise<number>

export const branchOptions: OptionSpec = {
  admin: { type: 'string', multiple: true },
  days: { type: 'string' },
  in: { type: 'string' },
  leaves: { type: 'boolean' },
  network: { type: 'string', multiple: true },
  output: { type: 'string', short: 'o' },
  outside: { type: 'boolean' },
  force: { type: 'boolean' },
  threshold: { type: 'string' },
}

export const branchDetails: readonly string[] = [
  'net branch new NAME        found a branch; what is in its folders stays with its members',
  '    --leaves               it may be given to others; with --outside it may be shared with them, too',
  '    --admin DID            who lets members in, for each one; --threshold N of them must sign',
  '    --network 10.0.0.0/8   where members must be reached, for each one',
  'net branch invite NAME     one line for whoever is to come in',
  'net branch join LINE       ask to come in',
  'net branch admit NAME NODE let a node in that asks (--days 365)',
  'net branch expel NAME NODE end the membership of a node',
  'net branch list | show NAME',
  'net branch keep FOLDER --in NAME   give it an empty folder: what is put there is kept by members alone',
  'net branch prove FOLDER -o FILE    signatures of who holds what lies there',
  'net branch verify FILE     check such a file, on any machine',
  'net branch leave NAME',
]

const proofBytesMax = 64 * 1024 * 1024

const verbs: Readonly<Record<string, BranchVerb>> = {
  async new({ sdk, terminal }, [name], values) {
    const wish = {
      name: need(name, 'net branch new NAME'),
      stays: values.leaves !== true && values.outside !== true,
      sharesOutside: values.outside === true,
      ...(values.admin === undefined ? {} : { admins: texts(values.admin) }),
      ...(values.threshold === undefined ? {} : { threshold: whole(values.threshold, '--threshold') }),
      ...(values.network === undefined ? {} : { networks: texts(values.network) }),
    }
    const facts = await (await sdk()).network.createBranch(wish)
    terminal.result(facts, `${describe(facts)}\n\nLet others in with: anarq net branch invite ${facts.name}`)
    return 0
  },
  async invite({ sdk, terminal }, [name]) {
    const made = await (await sdk()).network.inviteToBranch({ branch: need(name, 'net branch invite NAME') })
    terminal.result(
      made,
      `${made.invitation}\n\nGive this line to whoever is to come in. On their node: anarq net branch join LINE\nIt leads here until ${when(made.endsMs)}. Then let them in with: anarq net branch admit ${name} NODE`,
    )
    return 0
  },
  async join({ sdk, terminal }, [line]) {
    const facts = await (await sdk()).network.joinBranch({
      invitation: need(line, 'net branch join anarq-branch:…'),
    })
    terminal.result(facts, 'Asked. An admin of the branch lets this node in; see: anarq net branch list')
    return 0
  },
  async admit({ sdk, terminal }, [name, node], { days }) {
    const usage = 'net branch admit NAME NODE'
    const facts = await (await sdk()).network.admitToBranch({
      branch: need(name, usage),
      node: need(node, usage),
      ...(days === undefined ? {} : { days: whole(days, '--days') }),
    })
    terminal.result(facts, describe(facts))
    return 0
  },
  async expel({ sdk, terminal }, [name, node]) {
    const usage = 'net branch expel NAME NODE'
    const facts = await (await sdk()).network.expelFromBranch({
      branch: need(name, usage),
      node: need(node, usage),
    })
    terminal.result(facts, describe(facts))
    return 0
  },
  async list({ sdk, terminal }) {
    const all = await (await sdk()).network.branches({})
    terminal.result(
      all,
      all.length === 0
        ? 'There is no branch here. Found one (anarq net branch new NAME), or come into one (anarq net branch join LINE).'
        : table(
            all.map(({ id, name, state, members, folders }) => [
              name === '' ? id.slice(0, 16) : name,
              state,
              counted(members.length, 'member'),
              folders.join(', '),
            ]),
          ),
    )
    return 0
  },
  async show({ sdk, terminal }, [name]) {
    const facts = await (await sdk()).network.branch({ branch: need(name, 'net branch show NAME') })
    terminal.result(facts, describe(facts))
    return 0
  },
  async keep({ sdk, terminal }, [folder], values) {
    const usage = 'net branch keep FOLDER --in NAME'
    const branch = need(typeof values.in === 'string' ? values.in : undefined, usage)
    const facts = await (await sdk()).network.keepInBranch({ branch, folder: need(folder, usage) })
    terminal.result(
      facts,
      `What is put into ${folder} from now on is kept by members of ${facts.name} alone.`,
    )
    return 0
  },
  async leave({ sdk, terminal }, [name]) {
    const facts = await (await sdk()).network.leaveBranch({ branch: need(name, 'net branch leave NAME') })
    terminal.result(
      facts,
      `Left. What other members gave this node to hold is gone from here; what lies in your folders stays bound by the charter.`,
    )
    return 0
  },
  async prove({ sdk, terminal }, [folder], values) {
    const usage = 'net branch prove FOLDER -o FILE'
    const out = need(typeof values.output === 'string' ? values.output : undefined, usage)
    const { proof, ...facts } = await (await sdk()).network.proveBranch({ folder: need(folder, usage) })
    await writeFileWhole(out, {}, one(proof), { isReplacing: values.force === true })
    terminal.result(
      { ...facts, file: out },
      `${out}: ${counted(facts.blocks, 'block')} of ${facts.folder}; ${counted(facts.asked, 'other member')} asked. Anybody checks it with: anarq net branch verify ${out}`,
    )
    return 0
  },
  async verify({ terminal }, [file]) {
    const bytes = await readWhole(need(file, 'net branch verify FILE'))
    const report = verifyBranchProof(bytes, systemClock)
    const { charter, folder, owner, atMs, blocks, copiesLeast, holders, refusals } = report
    terminal.result(
      report,
      [
        `It holds: ${folder} of ${owner}, on ${when(atMs)}.`,
        `Branch ${charter.name} (${report.branch.slice(0, 16)}), charter ${charter.number}: content ${charter.stays ? 'stays with its members' : 'may leave'}.`,
        `${counted(blocks, 'block')}, each with ${counted(copiesLeast, 'signed holder')} or more, all of them members:`,
        table(
          holders.map(({ node, holder, blocks: held }) => [
            node.slice(0, 16),
            counted(held, 'block'),
            holder,
          ]),
        ),
        `${counted(refusals.count, 'refusal')} to others on record.`,
        'It shows what these members signed. That nobody copied a block by hand, no signature can show.',
      ].join('\n'),
    )
    return 0
  },
}

export async function branchVerb(context: Context, args: readonly string[], values: Values): Promise<number> {
  const verb = verbs[args[1] ?? '']
  if (verb === undefined)
    throw new UsageError(`"net branch ${args[1] ?? ''}" is unknown: use ${Object.keys(verbs).join(', ')}.`)
  return verb(context, args.slice(2), values)
}

function describe(facts: BranchHere): string {
  const { id, name, state, stays, sharesOutside, networks, admins, threshold, members, folders } = facts
  if (name === '') return `This node waits to be let into the branch ${id.slice(0, 16)}.`
  const content = stays
    ? 'stays with its members'
    : sharesOutside
      ? 'may be shared with others'
      : 'may leave, and is not shared with others'
  return [
    `${name} (${id.slice(0, 16)}): this node is ${state === 'member' ? 'a member' : state}.`,
    `What is in its folders ${content}.`,
    ...(networks.length === 0 ? [] : [`Members are reached in ${networks.join(', ')}.`]),
    `${threshold} of ${counted(admins.length, 'admin')} let members in: ${admins.join(', ')}`,
    table(
      members.map(({ node, holder, untilMs, isSelf, isAdmitted, signers }) => [
        node.slice(0, 16),
        isAdmitted ? `until ${when(untilMs)}` : `${signers} of ${threshold} signed`,
        isSelf ? 'this node' : facts.others.includes(node) ? 'there' : '',
        holder,
      ]),
    ),
    ...facts.applicants.map(({ node, holder }) => `Asks to come in: ${node}  ${holder}`),
    ...(folders.length === 0 ? [] : [`Folders of this drive: ${folders.join(', ')}`]),
    `Held here for others of it: ${counted(facts.held.blocks, 'block')}.`,
  ].join('\n')
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`
}

function need(value: string | undefined, usage: string): string {
  if (value !== undefined && value !== '') return value
  throw new UsageError(`Say it whole: anarq ${usage}`)
}

function whole(value: Values[string], option: string): number {
  const number = Number(value)
  if (Number.isSafeInteger(number) && number > 0) return number
  throw new UsageError(`${option} takes a number from 1 on.`)
}

function texts(value: NonNullable<Values[string]>): string[] {
  return (Array.isArray(value) ? value : [value]).map(String)
}

async function readWhole(path: string): Promise<Uint8Array> {
  try {
    await using file = await open(path)
    const { size } = await file.stat()
    if (size > proofBytesMax) throw new Fault('limit.branch-proof', 'This file is too large to be a proof.')
    return new Uint8Array(await file.readFile())
  } catch (error) {
    throw diskFault(error, path)
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
