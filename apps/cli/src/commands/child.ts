import { Fault } from '@anarq/fault'
import type { ChildFiles, IdentityFacts } from '@anarq/kernel'
import { type Context, numberOf, textOf, UsageError, type Values } from '../command.ts'
import { shown, when } from '../terminal.ts'
import { newPassphrase } from './account.ts'
import { limitsOf } from './child-limits.ts'
import {
  argument,
  describe,
  fileNameOf,
  type IdVerb,
  readTextFile,
  requireFree,
  saveText,
} from './id-text.ts'

/** On the child's own device, in an empty home. */
export const enrol: IdVerb = async (context, _args, values) => {
  const name = needed(values, 'name', 'A device is enrolled for a child: give its --name N.')
  const { account } = await context.bare()
  const { state } = await account.status()
  if (state !== 'empty')
    throw new Fault(
      'conflict.identity',
      'This home is taken: it has an identity, or waits for a guardian already. Use another folder with --home.',
    )
  const path = textOf(values, 'output') ?? fileNameOf(name, 'device')
  requireFree(path)
  const passphrase = await newPassphrase(context)
  const { device } = await account.enrol({ name, passphrase })
  await saveText(path, device)
  context.terminal.result(
    { name, device: path },
    [
      `This device has its keys. Carry ${path} to the guardian (it is no secret), who runs:`,
      `  anarq id new --kind child --name ${shown(name)} --birth YYYY-MM-DD --device ${path}`,
      'and take in what comes back with: anarq id join FILE',
    ].join('\n'),
  )
  return 0
}

/** On the child's own device: the identity, a renewal, or at majority the key. */
export const join: IdVerb = async ({ operations, terminal }, args) => {
  const file = await readTextFile(argument(args, "the guardian's file"))
  const one = await (await operations()).account.join({ file })
  terminal.result(one, describe(one))
  return 0
}

export const newChild: IdVerb = async (context, _args, values) => {
  const name = needed(values, 'name', 'A new identity needs --name N.')
  const birthMs = birthOf(
    needed(values, 'birth', 'A child needs --birth YYYY-MM-DD: limits and coming of age depend on it.'),
  )
  const path = needed(
    values,
    'device',
    'A child needs --device FILE: what its own device made with anarq id enrol.',
  )
  const limits = limitsOf(values)
  const device = await readTextFile(path)
  const second = textOf(values, 'second')
  const make = async (): Promise<IdentityFacts & ChildFiles> =>
    (await context.operations()).identities.createChild({ name, birthMs, device, second, limits })
  return handOver(context, values, name, make)
}

export const recoverChild: IdVerb = async (context, args, values) => {
  const ref = argument(args, 'which child')
  const device = await readTextFile(
    needed(values, 'device', "Give --device FILE: what the child's new device made with anarq id enrol."),
  )
  const guardianShare = await readTextFile(
    needed(
      values,
      'share',
      "Give --share FILE: the second guardian's share, two of three bring the key back.",
    ),
  )
  const second = textOf(values, 'second')
  return handOver(context, values, ref, async () =>
    (await context.operations()).identities.recover(ref, { device, guardianShare, second }),
  )
}

export const renew: IdVerb = async ({ operations, terminal }, args, values) => {
  const ref = argument(args, 'which child')
  const limits = limitsOf(values)
  const days = numberOf(values, 'days', { min: 1, max: 7 })
  const { delegation, ...one } = await (await operations()).identities.renew(ref, { limits, days })
  const path = textOf(values, 'output') ?? fileNameOf(one.name, 'renewal')
  await saveText(path, delegation, { isReplacing: true })
  const until = when(one.child?.delegatedUntilMs ?? 0)
  terminal.result(
    { ...one, delegation: path },
    `${describe(one)}\nCarry ${path} to the device, which acts until ${until} UTC after: anarq id join ${path}`,
  )
  return 0
}

/** The guardian's, or with a share the second guardian's. */
export const release: IdVerb = async ({ operations, terminal }, args, values) => {
  const share = textOf(values, 'share')
  const guardianShare = share === undefined ? undefined : await readTextFile(share)
  const ref = guardianShare === undefined ? argument(args, 'which child') : (args[1] ?? '')
  const { identities } = await operations()
  const { release: file } =
    guardianShare === undefined ? await identities.release(ref) : await identities.releaseShare(guardianShare)
  const path = textOf(values, 'output') ?? fileNameOf(ref, 'release')
  await saveText(path, file, { isReplacing: true })
  terminal.result(
    { release: path },
    `Carry ${path} to the device, which has its own key after: anarq id join ${path}`,
  )
  return 0
}

export const lend: IdVerb = async ({ operations, terminal }, args, values) => {
  const share = await readTextFile(argument(args, "the file with your share of a child's key"))
  const path = textOf(values, 'output') ?? 'lent.share'
  requireFree(path)
  const to = textOf(values, 'to')
  const { guardianShare } = await (await operations()).identities.lendShare(share, { to })
  await saveText(path, guardianShare, { isSecret: true })
  terminal.result(
    { guardianShare: path },
    `Carry ${path} to the guardian. With both shares the child's key can be put together.`,
  )
  return 0
}

/** What is carried to the child's device and to the second guardian, each in a file of its own. */
async function handOver(
  { terminal }: Context,
  values: Values,
  name: string,
  make: () => Promise<IdentityFacts & ChildFiles>,
): Promise<number> {
  const invitationPath = textOf(values, 'output') ?? fileNameOf(name, 'invitation')
  const sharePath = textOf(values, 'share-out') ?? fileNameOf(name, 'share')
  requireFree(invitationPath, sharePath)
  const { invitation, guardianShare, ...one } = await make()
  await saveText(invitationPath, invitation)
  await saveText(sharePath, guardianShare, { isSecret: true })
  const whose = textOf(values, 'second')
  terminal.result(
    { ...one, invitation: invitationPath, guardianShare: sharePath },
    [
      describe(one),
      '',
      `Carry ${invitationPath} to the child's device, which takes it in with: anarq id join ${invitationPath}`,
      whose === undefined
        ? `Give ${sharePath} to a second guardian, or print it and keep it elsewhere; then take it off this machine. With yours it brings the child's key back.`
        : `Give ${sharePath} to the second guardian; nobody else can open it.`,
    ].join('\n'),
  )
  return 0
}

function birthOf(text: string): number {
  const ms = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(ms) || !new Date(ms).toISOString().startsWith(text))
    throw new UsageError('--birth takes a date such as 2015-06-30.')
  return ms
}

function needed(values: Values, name: string, sentence: string): string {
  const value = textOf(values, name)
  if (value === undefined) throw new UsageError(sentence)
  return value
}
