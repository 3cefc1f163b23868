import { toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { pathOf } from '@anarq/qindex'
import {
  type Branch,
  branchContext,
  encodeDocuments,
  encodeProof,
  type ProofFields,
} from '@anarq/qnet/branch'
import { encodePublicIdentity, type PublicIdentity } from '@anarq/squid'
import { resolve } from '../drive/resolve.ts'
import type { Office } from '../office.ts'
import { blocksInBranch } from './copies.ts'
import { refusalsOnRecord } from './refusals.ts'

/** What of a folder can be proved, for whoever can ask its holders. */
export type Provable = {
  readonly branch: Branch
  readonly folder: string
  readonly digests: readonly Uint8Array[]
  get(digest: Uint8Array): Promise<Uint8Array | undefined>
  /** The file, signed by the owner. */
  sign(fields: Pick<ProofFields, 'atMs' | 'statements'>): Promise<Uint8Array>
}

/** `missing.branch` where it is no folder of a branch. */
export async function provable(
  office: Office,
  ref: string,
  cardOf: (did: string) => PublicIdentity,
): Promise<Provable> {
  const { space, branches } = office
  const found = resolve(space.view, ref)
  const id = branches.branchOf(found.id)
  const branch = id === undefined ? undefined : branches.book.get(id)?.branch
  if (id === undefined || branch === undefined || found.kind !== 'folder')
    throw new Fault('missing.branch', `${found.name} is no folder of a branch. See: anarq net branch list`)
  const digests = new Map<string, Uint8Array>()
  const cids = new Map<string, Parameters<Office['ports']['blocks']['get']>[0]>()
  for await (const cid of blocksInBranch(office, id, found.id)) {
    digests.set(toHex(cid.multihash.digest), cid.multihash.digest)
    cids.set(toHex(cid.multihash.digest), cid)
  }
  const folder = pathOf(space.view, found.id) ?? found.name
  return {
    branch,
    folder,
    digests: [...digests.values()],
    async get(digest) {
      const cid = cids.get(toHex(digest))
      return cid && office.ports.blocks.get(cid)
    },
    sign: async ({ atMs, statements }) => {
      const { did, signer } = space.identity
      const fields = {
        documents: encodeDocuments(branch.documents),
        owner: did,
        ownerCard: encodePublicIdentity(cardOf(did)),
        folder,
        atMs,
        digests: [...digests.values()],
        statements,
        refusals: await refusalsOnRecord(office, id),
      }
      return encodeProof(fields, (message) => signer.sign(message, branchContext))
    },
  }
}
