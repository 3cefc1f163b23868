import { type NodeId, nodeIdOf } from '@anarq/qnet'
import { encodeDocuments, parseCertificate } from '@anarq/qnet/branch'
import { writeInvitation } from '@anarq/qnet/record'
import type { Ground } from '../ground.ts'
import type { BranchMessage } from './messages.ts'
import type { MemberPlaces } from './places.ts'
import type { Standing } from './standing.ts'

/** What a member says to others of itself and of the branch. */
export type Telling = {
  /** What this node holds, and where it and others are. */
  tell(peer: NodeId, isAsking?: boolean): void
  giveDocuments(to: NodeId, isAsking: boolean): void
  tellOut(to: NodeId): void
  /** Shows this node's membership to who may not have heard of it. */
  present(to: NodeId): void
}

export type TellingOptions = {
  readonly ground: Pick<Ground, 'addresses' | 'keys' | 'world'>
  readonly standing: Standing
  readonly places: MemberPlaces
  send(to: NodeId, message: BranchMessage): void
}

const placeLifeMs = 7 * 24 * 3_600_000
/** A place is signed anew this often, so that the newer one counts. */
const placeEveryMs = 60 * 60_000
const placesTold = 16
const tellOutMs = 60_000
const presentEveryMs = 60_000
const giveEveryMs = 1_000

export function createTelling({ ground, standing, places, send }: TellingOptions): Telling {
  const { addresses, keys, world } = ground
  const { branch: branchNow, isMember } = standing
  const presentedAt = new Map<NodeId, number>()
  const toldOut = new Map<NodeId, number>()
  const givenAt = new Map<NodeId, number>()
  let own: { readonly text: string; readonly atMs: number } | undefined
  const nowMs = (): number => world.clock.nowMs()
  const ownPlaces = (): readonly string[] => {
    if (addresses.length === 0) return []
    if (own === undefined || nowMs() - own.atMs > placeEveryMs)
      own = { text: writeInvitation(keys, { addresses, endMs: nowMs() + placeLifeMs }), atMs: nowMs() }
    return [own.text]
  }
  const tell = (peer: NodeId, isAsking = false): void => {
    if (isMember(peer))
      send(peer, {
        isAsking,
        kind: 'state',
        tag: branchNow().tag,
        places: [...ownPlaces(), ...places.some(placesTold)],
      })
  }
  const giveDocuments = (to: NodeId, isAsking: boolean): void => {
    // They may be large: nobody gets them again and again.
    if (nowMs() - (givenAt.get(to) ?? 0) < giveEveryMs) return
    givenAt.set(to, nowMs())
    const { documents } = branchNow()
    send(to, {
      kind: 'documents',
      documents: encodeDocuments(documents),
      secret: standing.held().meetingSecret,
      isAsking,
    })
  }
  /** Who was a member is told that it is none, and nothing else. */
  const tellOut = (to: NodeId): void => {
    const { documents } = branchNow()
    const wasMember = documents.certificates.some(
      ({ body }) => nodeIdOf(parseCertificate(body).nodeKey) === to,
    )
    if (isMember(to) || !wasMember || nowMs() - (toldOut.get(to) ?? 0) < tellOutMs) return
    toldOut.set(to, nowMs())
    const { charters, revocations, cards } = documents
    const bytes = encodeDocuments({ charters, revocations, cards, certificates: [] })
    send(to, { kind: 'documents', documents: bytes, secret: undefined, isAsking: false })
  }
  const present = (to: NodeId): void => {
    const own = branchNow().memberOf(keys.id, nowMs())
    if (own === undefined || !isMember(to) || nowMs() - (presentedAt.get(to) ?? 0) < presentEveryMs) return
    presentedAt.set(to, nowMs())
    const documents = encodeDocuments({
      charters: [],
      certificates: [own.signed],
      revocations: [],
      cards: [],
    })
    send(to, { kind: 'documents', documents, secret: undefined, isAsking: false })
  }
  return { tell, giveDocuments, tellOut, present }
}
