import { toHex } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import type { Authorised, Signed } from '@anarq/flows'
import type { Cid } from '@anarq/ipld'
import { verifyEd25519 } from '@anarq/qlock'
import { type ParsedPing, type Ping, parsePing, pingContext, verifyPing } from '@anarq/qnt'
import { type AccessRequest, type Command, checkChain, isFresh, standingOf } from '@anarq/qonsent'
import { signAs } from '../authority.ts'
import type { Directory } from '../directory.ts'
import { aboutOf } from '../drive/about.ts'
import { type Found, isShown } from '../drive/resolve.ts'
import type { Office } from '../office.ts'
import type { SharingContext } from './context.ts'
import type { KeptGrant } from './grant-book.ts'

export type Asking = {
  readonly action: Command
  readonly purpose: string | undefined
  /** Throws where what the ping names cannot be had in this way: before anything is decided or counted. */
  readonly check?: (found: Found) => void
}

/** Whom a key is released to. */
export type Reader = {
  readonly did: string
  readonly kemPublicKey: Uint8Array
  /** The node that it asks from; absent: this one. */
  readonly node?: string
}

/** Who asked with a ping file, and was allowed. */
export type Asked = {
  readonly owner: Office
  readonly reader: Reader
  readonly found: Found
  readonly authorised: Authorised
  readonly grant: KeptGrant
}

/** The reader's side, then the owner's: the ping is checked, the request signed, verified and decided. */
export async function ask(context: SharingContext, bytes: Uint8Array, asking: Asking): Promise<Asked> {
  const { office, guardian } = context
  const { ping } = parsedPing(bytes, context.directory)
  const owner = await context.officeOf(ping.owner)
  if (owner === undefined) {
    throw new Fault(
      'unavailable.owner',
      `The node of ${ping.owner} cannot be reached from here. Open this file on a node where that identity lives.`,
    )
  }
  const { did, identity } = office.space
  const signed = signAs(
    identity,
    guardian,
    requestOf(did, ping, { ...asking, module: office.module }, 'local'),
  )
  const reader = { did, kemPublicKey: identity.kem.publicKey }
  return judge(context, { owner, reader, ping, signed, check: asking.check })
}

export function requestOf(
  subject: string,
  ping: Ping,
  { action, purpose, module }: Pick<Asking, 'action' | 'purpose'> & { readonly module: string },
  channel: 'local' | 'network',
): AccessRequest {
  return {
    subject,
    owner: ping.owner,
    action,
    object: toHex(ping.id),
    direction: 'in',
    channel,
    module,
    ...(purpose === undefined ? {} : { purpose }),
  }
}

export type Question = {
  readonly owner: Office
  readonly reader: Reader
  readonly ping: Ping
  readonly signed: Signed
  readonly check: Asking['check']
}

/** The owner's side alone. */
export async function judge(
  context: Pick<SharingContext, 'directory' | 'ports'>,
  { owner, reader, ping, signed, check }: Question,
): Promise<Asked> {
  const { request } = signed.requested
  const status = await owner.book.status.snapshotOf(ping.owner)
  if (status === undefined || !isFresh(status, context.ports.clock.nowMs()))
    await owner.qonsent.refreshStatus()
  const grant = grantOf(owner, ping.grant)
  // Only for who holds a permission that stands is the index asked what policies may want to know of the object.
  const isHolder = grant !== undefined && (await holds(grant, request, owner, context))
  const entry = isHolder ? owner.space.view.entry(ping.id) : undefined
  const found = entry !== undefined && isShown(entry) && !entry.isTrashed ? entry : undefined
  try {
    if (found !== undefined) {
      check?.(found)
      owner.branches.checkReader(found, reader)
    }
  } catch (error) {
    signed.requested.flow.end('failed', asFault(error).code)
    throw error
  }
  const authorised = await owner.authority.asked(signed, {
    proofs: grant === undefined ? [] : [grant.delegation],
    about: found === undefined ? undefined : aboutOf(owner.space.view, found),
  })
  if (grant === undefined || found === undefined) {
    authorised.flow.end('failed', 'missing.object')
    throw new Fault('missing.object', 'What this ping file names is not there any more. Ask its owner.')
  }
  if (found.isDecoy) owner.onDecoy(found.id, reader.did, 'open')
  return { owner, reader, found, authorised, grant }
}

export function parsedPing(bytes: Uint8Array, directory: Directory): ParsedPing {
  const parsed = parsePing(bytes)
  const issuer = directory.find(parsed.ping.owner)
  const isGenuine =
    issuer === undefined ||
    verifyPing(parsed, (message, signature) =>
      issuer.epochs.some(({ verifyKey }) => verifyEd25519(verifyKey, message, signature, pingContext)),
    )
  if (isGenuine) return parsed
  throw new Fault(
    'invalid.ping',
    'This ping file was changed: its signature is not that of the owner it names. Ask for it again.',
  )
}

async function holds(
  { delegation }: KeptGrant,
  request: AccessRequest,
  { book }: Office,
  { directory, ports }: Pick<SharingContext, 'directory' | 'ports'>,
): Promise<boolean> {
  const nowMs = ports.clock.nowMs()
  const snapshot = await book.status.snapshotOf(delegation.iss)
  const isRevoked = snapshot?.isRevoked(delegation.cid) ?? false
  const uses = await book.uses.usesOf(delegation.cid)
  const isStanding = standingOf(delegation, { nowMs, isRevoked, uses }) === 'active'
  return isStanding && checkChain([delegation], request, { verify: directory.verify, nowMs }).ok
}

function grantOf(owner: Office, cid: Cid): KeptGrant | undefined {
  try {
    return owner.book.get(cid.toString())
  } catch {
    return undefined
  }
}
