import { compareBytes, fromUtf8, toHex } from '@anarq/bytes'
import { Fault, type Outcome } from '@anarq/fault'
import { type Cid, cidKey, digestOf, parseCid } from '@anarq/ipld'
import type { IndexRecord, QIndex, View } from '@anarq/qindex'
import { hashBlake3 } from '@anarq/qlock'
import {
  checkSuccessor,
  type Delegation,
  parseDelegation,
  parseStatus,
  type StatusPort,
  type StatusSnapshot,
  type UsesPort,
} from '@anarq/qonsent'

/** A grant as it is kept: the signed delegation, and what people called the object when it was made. */
export type KeptGrant = {
  readonly direction: 'in' | 'out'
  readonly delegation: Delegation
  readonly object: string
  readonly name: string
  readonly issuedMs: number
  readonly uses: number
  /** Of one that was received: where its ping file said that its owner's node is. */
  readonly where?: readonly string[] | undefined
}

/**
 * The permissions of one identity, given and received, as records of its index: sealed, signed, and on every device of
 * the owner. Uses are counted for each device and summed, so that counts made apart add up.
 */
export type GrantBook = {
  add(grant: Omit<KeptGrant, 'uses'>): Promise<void>
  /** By its CID; `missing.grant` otherwise. */
  get(cid: string): KeptGrant
  list(): readonly KeptGrant[]
  readonly uses: UsesPort
  readonly status: StatusPort
}

export const grantKind = 'grant'
export const statusKind = 'status'
const grantsMax = 1_000_000
const fields = {
  token: 'token',
  direction: 'direction',
  object: 'object',
  name: 'objectName',
  issuedMs: 'issuedMs',
  where: 'where',
  usesPrefix: 'uses/',
} as const

export async function openGrantBook({
  index,
  view,
  device,
  refresh,
}: {
  index: QIndex
  view: View
  device: Uint8Array
  refresh(): Promise<void>
}): Promise<GrantBook> {
  const grants = new Map<string, KeptGrant>()
  const statuses = new Map<string, StatusSnapshot>()
  const own = `${fields.usesPrefix}${toHex(device)}`
  let taking: Promise<unknown> = Promise.resolve()

  for (const { id } of view.search({ kind: grantKind, limit: grantsMax })) {
    const record = await index.get(id)
    if (record !== undefined) remember(readGrant(record))
  }
  for (const { id } of view.search({ kind: statusKind, limit: grantsMax })) {
    const snapshot = parseStatus((await index.get(id))?.fields.get('snapshot')?.value as Uint8Array)
    statuses.set(snapshot.issuer, snapshot)
  }

  function remember(grant: KeptGrant): void {
    grants.set(cidKey(digestOf(grant.delegation.cid)), grant)
  }

  async function take(limits: Parameters<UsesPort['take']>[0]): Promise<Cid | undefined> {
    const usedUp = limits.find(
      ({ cid, usesMax }) => (grants.get(cidKey(digestOf(cid)))?.uses ?? 0) >= usesMax,
    )
    if (usedUp !== undefined) return usedUp.cid
    const changes = []
    for (const { cid } of limits) {
      const record = await index.get(recordId(cid))
      const before = Number(record?.fields.get(own)?.value ?? 0)
      changes.push({ id: recordId(cid), kind: grantKind, set: { [own]: before + 1 } })
    }
    await index.commit(changes, {})
    for (const { cid } of limits) {
      const grant = grants.get(cidKey(digestOf(cid)))
      if (grant !== undefined) remember({ ...grant, uses: grant.uses + 1 })
    }
    await refresh()
    return undefined
  }

  return {
    async add(grant) {
      const { delegation, direction, object, name, issuedMs, where = [] } = grant
      const set = {
        [fields.token]: delegation.bytes,
        [fields.direction]: direction,
        [fields.object]: object,
        [fields.name]: name,
        [fields.issuedMs]: issuedMs,
        ...(where.length === 0 ? {} : { [fields.where]: where.join('\n') }),
      }
      await index.commit([{ id: recordId(delegation.cid), kind: grantKind, set }], {})
      remember({ ...grant, uses: 0 })
      await refresh()
    },
    get(text) {
      const grant = grants.get(cidKey(digestOf(parseCid(text))))
      if (grant === undefined)
        throw new Fault('missing.grant', 'There is no such grant here. See them with: anarq grants')
      return grant
    },
    list: () =>
      [...grants.values()].sort(
        (a, b) => b.issuedMs - a.issuedMs || compareBytes(a.delegation.cid.bytes, b.delegation.cid.bytes),
      ),
    uses: {
      usesOf: async (cid) => grants.get(cidKey(digestOf(cid)))?.uses ?? 0,
      take(limits) {
        // One at a time: two last uses at once must not both pass.
        const turn = taking.then(() => take(limits))
        taking = turn.catch(() => {})
        return turn
      },
    },
    status: {
      snapshotOf: async (issuer) => statuses.get(issuer),
      async accept(snapshot): Promise<Outcome<void>> {
        const outcome = checkSuccessor(statuses.get(snapshot.issuer), snapshot)
        if (!outcome.ok) return outcome
        const id = hashBlake3(fromUtf8(`status ${snapshot.issuer}`)).slice(0, 16)
        await index.commit([{ id, kind: statusKind, set: { snapshot: snapshot.bytes } }], {})
        statuses.set(snapshot.issuer, snapshot)
        await refresh()
        return outcome
      },
    },
  }
}

function recordId(cid: Cid): Uint8Array {
  return digestOf(cid).slice(0, 16)
}

function readGrant(record: IndexRecord): KeptGrant {
  const value = (name: string): unknown => record.fields.get(name)?.value
  const where = value(fields.where)
  let uses = 0
  for (const [name, field] of record.fields)
    if (name.startsWith(fields.usesPrefix)) uses += Number(field.value)
  return {
    direction: value(fields.direction) === 'in' ? 'in' : 'out',
    delegation: parseDelegation(value(fields.token) as Uint8Array),
    object: String(value(fields.object)),
    name: String(value(fields.name)),
    issuedMs: Number(value(fields.issuedMs)),
    uses,
    ...(where === undefined ? {} : { where: String(where).split('\n') }),
  }
}
