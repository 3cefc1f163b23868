import { fromHex, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { asObjectId, hashTerms, makePing, pingContext, type Terms } from '@anarq/qnt'
import { type Command, type DelegationFields, type PolicyStatement, standingOf } from '@anarq/qonsent'
import { aboutOf } from '../drive/about.ts'
import { type Found, isRoot, resolve } from '../drive/resolve.ts'
import type { GrantFacts, ShareOptions, SharingOperations } from '../operations.ts'
import type { SharingContext } from './context.ts'
import type { KeptGrant } from './grant-book.ts'

/** The owner's side of a permission: giving it, listing it, taking it back. */
export function createGranting(
  context: SharingContext,
): Pick<SharingOperations, 'share' | 'grants' | 'revoke'> {
  const { office, ports } = context
  const { space, book, qonsent, authority } = office
  return {
    async share(ref, options) {
      if (isRoot(ref))
        throw new Fault('invalid.kind', 'The whole drive cannot be shared. Name a folder or a file in it.')
      const found = resolve(space.view, ref)
      const audience = audienceOf(options.with, context)
      office.branches.checkShare(found, { did: audience })
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
          where: (await ports.peers?.places()) ?? [],
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
      return { grant: factsOf(book.get(cid.toString()), { state: 'active', uses: 0 }), ping }
    },
    async grants(direction) {
      const all = []
      for (const grant of book.list()) {
        if (direction !== undefined && grant.direction !== direction) continue
        all.push(factsOf(grant, await standing(grant, context)))
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
      // Not a share, though it is about one: who may not share any more may still take back.
      const { flow } = await authority.own({ action: '/qnt/write', object: fromHex(grant.object) })
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
      return factsOf(grant, { state: 'revoked', uses: grant.uses })
    },
  }
}

function audienceOf(ref: string, { office, directory, resolveDid }: SharingContext): string {
  const audience = resolveDid(ref)
  if (audience === office.space.did)
    throw new Fault('invalid.audience', 'That is yourself: you can read it already.')
  if (directory.find(audience) !== undefined) return audience
  throw new Fault(
    'missing.identity',
    `The keys of ${audience} are not known here. Ask for their card and take it in with: anarq id learn CARD`,
  )
}

const rightCommands = {
  read: ['/qnt/read', '/qnt/read/facts'],
  write: ['/qnt/write'],
  share: ['/qnt/share'],
} as const satisfies Record<string, readonly Command[]>

function fieldsOf(
  found: Found,
  audience: string,
  owner: string,
  { rights = ['read'], untilMs, uses, purpose }: ShareOptions,
): Omit<DelegationFields, 'nonce'> {
  const commands = rights.flatMap((right) => rightCommands[right])
  const actions = commands.map((command): PolicyStatement => ['==', '.action', command])
  const pol: PolicyStatement[] = [objectStatement(found), ['or', actions]]
  if (purpose !== undefined) pol.push(['==', '.purpose', purpose])
  return {
    aud: audience,
    sub: owner,
    cmd: '/qnt',
    pol,
    exp: untilMs === undefined ? null : Math.floor(untilMs / 1000),
    meta: {
      rights: [...rights],
      ...(found.kind === 'folder' ? { kind: 'folder' } : {}),
      ...(uses === undefined ? {} : { uses }),
      ...(purpose === undefined ? {} : { purpose }),
    },
  }
}

/** Of a folder: itself, and whatever the owner's index says lies in it or below it when somebody asks. */
function objectStatement({ id, kind }: Found): PolicyStatement {
  const itself: PolicyStatement = ['==', '.object', toHex(id)]
  return kind === 'file' ? itself : ['or', [itself, ['any', '.folders', ['==', '.', toHex(id)]]]]
}

function termsOf({ rights = ['read'], untilMs, uses, purpose }: ShareOptions): Terms {
  return {
    rights,
    ...(purpose === undefined ? {} : { purposes: [purpose] }),
    ...(untilMs === undefined ? {} : { expiresMs: untilMs }),
    ...(uses === undefined ? {} : { usesMax: uses }),
  }
}

type Counted = Pick<GrantFacts, 'state' | 'uses'>

/** A received grant is counted and revoked where it was given; where that is out of reach, what is known here counts. */
async function standing(grant: KeptGrant, { office, officeOf, ports }: SharingContext): Promise<Counted> {
  const { delegation, direction } = grant
  const issuer = direction === 'out' ? office : ((await officeOf(delegation.iss)) ?? office)
  const snapshot = await issuer.book.status.snapshotOf(delegation.iss)
  const uses = await issuer.book.uses.usesOf(delegation.cid)
  const state = standingOf(delegation, {
    nowMs: ports.clock.nowMs(),
    isRevoked: snapshot?.isRevoked(delegation.cid) ?? false,
    uses,
  })
  return { state: state === 'not-yet' ? 'active' : state, uses }
}

function factsOf(grant: KeptGrant, { state, uses }: Counted): GrantFacts {
  const { delegation, direction, object, name, issuedMs } = grant
  const meta = delegation.meta ?? {}
  const rights = Array.isArray(meta.rights) ? meta.rights.map(String) : []
  return {
    id: delegation.cid.toString(),
    direction,
    object,
    kind: meta.kind === 'folder' ? 'folder' : 'file',
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
