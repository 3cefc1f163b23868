import { fromHex, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { type Authorised, deliver, type PutItem } from '@anarq/flows'
import type { Cid } from '@anarq/ipld'
import type { Guardian } from '@anarq/qerberos'
import { verifyEd25519 } from '@anarq/qlock'
import {
  asObjectId,
  hashTerms,
  makePing,
  openEnvelope,
  type ParsedPing,
  parseEnvelope,
  parsePing,
  pingContext,
  type Terms,
  unwrapForReader,
  verifyPing,
  wrapForReader,
} from '@anarq/qnt'
import {
  type AccessRequest,
  type Command,
  checkChain,
  isFresh,
  type PolicyStatement,
  standingOf,
} from '@anarq/qonsent'
import { signAs } from '../authority.ts'
import type { Directory } from '../directory.ts'
import { aboutOf } from '../drive/about.ts'
import { lockKeyOf } from '../drive/read.ts'
import { type Found, isShown, resolve } from '../drive/resolve.ts'
import { etagOf, openVersion, versionsOf } from '../drive/versions.ts'
import type { Office } from '../office.ts'
import type { Content, GrantFacts, PutReport, ShareOptions, SharingOperations } from '../operations.ts'
import type { KernelPorts } from '../ports.ts'
import type { KeptGrant } from './grant-book.ts'

export type SharingContext = {
  office: Office
  ports: KernelPorts
  guardian: Guardian
  directory: Directory
  /** The office of an identity that lives on this node too. */
  officeOf(did: string): Promise<Office | undefined>
  /** A DID, or the name of an identity here. */
  resolveDid(ref: string): string
}

const rightCommands = {
  read: '/qnt/read',
  write: '/qnt/write',
  share: '/qnt/share',
} as const satisfies Record<string, Command>

export function createSharing(context: SharingContext): SharingOperations {
  const { office, ports, directory } = context
  const { space, book, qonsent, authority } = office
  return {
    async share(ref, options) {
      const found = resolve(space.view, ref)
      if (found.kind === 'folder')
        throw new Fault(
          'invalid.kind',
          `${found.name} is a folder. For now, share the files in it one by one.`,
        )
      const audience = context.resolveDid(options.with)
      if (audience === space.did)
        throw new Fault('invalid.audience', 'That is yourself: you can read it already.')
      if (directory.find(audience) === undefined) {
        throw new Fault(
          'missing.identity',
          `The keys of ${audience} are not known here. Ask for their card and take it in with: anarq id learn CARD`,
        )
      }
      const { flow } = await authority.own({
        action: '/qnt/share',
        object: found.id,
        direction: 'out',
        about: aboutOf(space.view, found),
        recipient: audience,
      })
      flow.end('ok')
      if ((await book.status.snapshotOf(space.did)) === undefined) await qonsent.refreshStatus()
      const issuedMs = ports.clock.nowMs()
      const { delegation, cid } = qonsent.grant(fieldsOf(found, audience, space.did, options))
      await book.add({ direction: 'out', delegation, object: toHex(found.id), name: found.name, issuedMs })
      const ping = makePing(
        {
          id: asObjectId(found.id),
          version: 'latest',
          owner: space.did,
          audience,
          where: [],
          grant: cid,
          termsHash: hashTerms(termsOf(options)),
          issuedMs,
          ...(options.untilMs === undefined ? {} : { expiresMs: options.untilMs }),
        },
        (message) => space.identity.signer.signEd25519(message, pingContext),
      )
      await space.record([
        {
          action: 'grant.issue',
          object: toHex(found.id),
          verdict: 'ok',
          flow: flow.id,
          details: { grant: cid.toString(), audience },
        },
      ])
      return { grant: factsOf(book.get(cid.toString()), 'active'), ping }
    },
    open: (bytes, options = {}) => openPing(context, bytes, options),
    write: (bytes, items, options = {}) => writePing(context, bytes, items, options),
    async grants(direction) {
      const nowMs = ports.clock.nowMs()
      const all = []
      for (const grant of book.list()) {
        if (direction !== undefined && grant.direction !== direction) continue
        all.push(factsOf(grant, await stateOf(grant, context, nowMs)))
      }
      return all
    },
    async revoke(text) {
      const grant = book.get(text)
      if (grant.direction === 'in')
        throw new Fault(
          'refused.not-yours',
          'This grant was given to you; only who gave it can take it back.',
        )
      const { flow } = await authority.own({
        action: '/qnt/share',
        object: fromHex(grant.object),
        direction: 'out',
      })
      flow.end('ok')
      await qonsent.revoke([grant.delegation.cid])
      await space.record([
        {
          action: 'grant.revoke',
          object: grant.object,
          verdict: 'ok',
          flow: flow.id,
          details: { grant: grant.delegation.cid.toString() },
        },
      ])
      return factsOf(grant, 'revoked')
    },
  }
}

function fieldsOf(
  found: Found,
  audience: string,
  owner: string,
  { rights = ['read'], untilMs, uses, purpose }: ShareOptions,
) {
  const actions = rights.map((right): PolicyStatement => ['==', '.action', rightCommands[right]])
  const pol: PolicyStatement[] = [
    ['==', '.object', toHex(found.id)],
    ['or', actions],
  ]
  if (purpose !== undefined) pol.push(['==', '.purpose', purpose])
  return {
    aud: audience,
    sub: owner,
    cmd: '/qnt' as const,
    pol,
    exp: untilMs === undefined ? null : Math.floor(untilMs / 1000),
    meta: {
      rights: [...rights],
      ...(uses === undefined ? {} : { uses }),
      ...(purpose === undefined ? {} : { purpose }),
    },
  }
}

function termsOf({ rights = ['read'], untilMs, uses, purpose }: ShareOptions): Terms {
  return {
    rights,
    ...(purpose === undefined ? {} : { purposes: [purpose] }),
    ...(untilMs === undefined ? {} : { expiresMs: untilMs }),
    ...(uses === undefined ? {} : { usesMax: uses }),
  }
}

type Asked = { owner: Office; found: Found; authorised: Authorised; parsed: ParsedPing; grant: KeptGrant }

/** The reader's side, then the owner's: the ping is checked, the request signed, verified and decided. */
async function ask(
  context: SharingContext,
  bytes: Uint8Array,
  action: Command,
  purpose: string | undefined,
): Promise<Asked> {
  const { office, guardian, directory, ports } = context
  const parsed = parsePing(bytes)
  const { ping } = parsed
  const issuer = directory.find(ping.owner)
  if (
    issuer !== undefined &&
    !verifyPing(parsed, (message, signature) =>
      issuer.epochs.some(({ verifyKey }) => verifyEd25519(verifyKey, message, signature, pingContext)),
    )
  ) {
    throw new Fault(
      'invalid.ping',
      'This ping file was changed: its signature is not that of the owner it names. Ask for it again.',
    )
  }
  const owner = await context.officeOf(ping.owner)
  if (owner === undefined) {
    throw new Fault(
      'unavailable.owner',
      `The node of ${ping.owner} cannot be reached from here. Open this file on a node where that identity lives.`,
    )
  }
  const request: AccessRequest = {
    subject: office.space.did,
    owner: ping.owner,
    action,
    object: toHex(ping.id),
    direction: 'in',
    channel: 'local',
    ...(purpose === undefined ? {} : { purpose }),
  }
  const signed = signAs(office.space.identity, guardian, request)
  const status = await owner.book.status.snapshotOf(ping.owner)
  if (status === undefined || !isFresh(status, ports.clock.nowMs())) await owner.qonsent.refreshStatus()
  const grant = grantOf(owner, ping.grant)
  // Only for who holds a permission that stands is the index asked what policies may want to know of the object.
  const isHolder = grant !== undefined && (await holds(grant, request, owner, context))
  const entry = isHolder ? owner.space.view.entry(ping.id) : undefined
  const about = entry !== undefined && isShown(entry) ? aboutOf(owner.space.view, entry) : undefined
  const authorised = await owner.authority.asked(signed, {
    proofs: grant === undefined ? [] : [grant.delegation],
    about,
  })
  if (grant === undefined || entry === undefined || !isShown(entry) || entry.isTrashed) {
    authorised.flow.end('failed', 'missing.object')
    throw new Fault('missing.object', 'What this ping file names is not there any more. Ask its owner.')
  }
  if (entry.isDecoy) owner.onDecoy(entry.id, office.space.did, 'open')
  return { owner, found: entry, authorised, parsed, grant }
}

async function holds(
  { delegation }: KeptGrant,
  request: AccessRequest,
  { book }: Office,
  { directory, ports }: SharingContext,
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

async function openPing(
  context: SharingContext,
  bytes: Uint8Array,
  { purpose, lock, signal }: { purpose?: string; lock?: string; signal?: AbortSignal | undefined },
): Promise<Content> {
  const { office, ports } = context
  const { owner, found, authorised, grant } = await ask(context, bytes, '/qnt/read', purpose)
  const { flow } = authorised
  try {
    const version = (await versionsOf(owner.space, found.id))[0]
    if (version === undefined)
      throw new Fault('missing.version', 'What this ping file names has no content any more. Ask its owner.')
    // The owner's side releases one slot, for this reader, this object and this version.
    const held = await openVersion(owner.space, ports, version.cid, found.name)
    const binding = { id: asObjectId(found.id), envelope: version.cid }
    const slot = wrapForReader(held.contentKey, office.space.identity.kem.publicKey, binding, ports.random)
    await owner.space.record([
      {
        action: 'object.release',
        object: toHex(found.id),
        verdict: 'ok',
        flow: flow.id,
        details: { reader: office.space.did, grant: grant.delegation.cid.toString() },
      },
    ])

    // The reader's side has the envelope, the slot, and nothing else.
    const contentKey = unwrapForReader(office.space.identity.kem, slot, binding)
    if (contentKey === undefined)
      throw new Fault('refused.key', 'The owner released a key that is not for this identity.')
    const inner = openEnvelope(parseEnvelope(held.bytes), contentKey)
    const lockKey = await lockKeyOf(inner, lock, inner.metadata.name)
    await rememberIncoming(context, grant)
    await office.space.record([
      {
        action: 'object.open',
        object: toHex(found.id),
        verdict: 'ok',
        flow: flow.id,
        details: { owner: owner.space.did },
      },
    ])
    const { metadata, body } = inner
    return {
      entry: {
        id: toHex(found.id),
        kind: 'file',
        name: metadata.name,
        path: metadata.name,
        type: metadata.type,
        bytes: body.plainBytes,
        modifiedMs: metadata.modifiedMs,
        tags: [],
        versions: 1,
        isTrashed: false,
        owner: owner.space.did,
        ...(metadata.mode === undefined ? {} : { mode: metadata.mode }),
      },
      bytes: body.plainBytes,
      type: metadata.type,
      etag: etagOf(version),
      stream: deliver({ blocks: ports.blocks, body, flow, name: metadata.name, lockKey, signal }),
    }
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

/** A new version by somebody else, under the owner's keys: the owner's node decides, then takes it in like its own. */
async function writePing(
  context: SharingContext,
  bytes: Uint8Array,
  items: AsyncIterable<readonly PutItem[]>,
  { purpose, signal }: { purpose?: string; signal?: AbortSignal | undefined },
): Promise<PutReport> {
  const { owner, found, authorised } = await ask(context, bytes, '/qnt/write', purpose)
  authorised.flow.end('ok')
  return owner.putVersion(found, items, { by: context.office.space.did, signal })
}

async function rememberIncoming({ office, ports }: SharingContext, grant: KeptGrant): Promise<void> {
  const isKnown = office.book.list().some(({ delegation }) => delegation.cid.equals(grant.delegation.cid))
  if (!isKnown) await office.book.add({ ...grant, direction: 'in', issuedMs: ports.clock.nowMs() })
}

async function stateOf(
  grant: KeptGrant,
  { office, officeOf }: SharingContext,
  nowMs: number,
): Promise<GrantFacts['state']> {
  // A received grant is counted and revoked where it was given; where that is out of reach, what is known here counts.
  const issuer = grant.direction === 'out' ? office : ((await officeOf(grant.delegation.iss)) ?? office)
  const snapshot = await issuer.book.status.snapshotOf(grant.delegation.iss)
  const standing = standingOf(grant.delegation, {
    nowMs,
    isRevoked: snapshot?.isRevoked(grant.delegation.cid) ?? false,
    uses: await issuer.book.uses.usesOf(grant.delegation.cid),
  })
  return standing === 'not-yet' ? 'active' : standing
}

function factsOf(grant: KeptGrant, state: GrantFacts['state']): GrantFacts {
  const { delegation, direction, object, name, issuedMs, uses } = grant
  const meta = delegation.meta ?? {}
  const rights = Array.isArray(meta.rights) ? meta.rights.map(String) : []
  return {
    id: delegation.cid.toString(),
    direction,
    object,
    name,
    with: direction === 'out' ? delegation.aud : delegation.iss,
    rights,
    issuedMs,
    uses,
    state,
    ...(typeof meta.purpose === 'string' ? { purpose: meta.purpose } : {}),
    ...(delegation.exp === null ? {} : { untilMs: delegation.exp * 1000 }),
    ...(delegation.usesMax === undefined ? {} : { usesMax: delegation.usesMax }),
  }
}
