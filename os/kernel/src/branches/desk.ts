import { createTurns, equalBytes, toHex } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { digestOf, encodeCbor } from '@anarq/ipld'
import { resolvePath } from '@anarq/qindex'
import {
  type Branch,
  type BranchDocuments,
  branchContext,
  encodeCertificate,
  encodeRevocation,
  isMeetingSecret,
  joinDocuments,
  nameOf,
  parseDocuments,
  readBranch,
  type Signed,
  tidied,
} from '@anarq/qnet/branch'
import { type NodeId, nodeIdOf, nodeKeyOf } from '@anarq/qnet/node-id'
import { encodePublicIdentity, type PublicIdentity } from '@anarq/squid'
import type { Directory } from '../directory.ts'
import { isRoot, resolve } from '../drive/resolve.ts'
import type { Home } from '../home.ts'
import type { Office } from '../office.ts'
import type { KernelPorts } from '../ports.ts'
import type { KeptBranch } from './book.ts'
import { type BranchCopies, blocksInBranch, createBranchCopies } from './copies.ts'
import { clockSkewMs, draftBranch } from './draft.ts'
import { branchFacts } from './facts.ts'
import type { Applicant, BranchFacts, NewBranch } from './operations.ts'
import { type Provable, provable } from './provable.ts'
import { createRefusals } from './refusals.ts'
import type { CardVerifier } from './verifying.ts'

/** Branches of this home, for whoever has a network: the kernel has none. */
export type Branches = {
  /** Of all identities that live here; to be called again after a change. */
  load(): Promise<readonly HeldBranch[]>
  /** The same as they were when they were last loaded or changed. */
  held(): readonly HeldBranch[]
  onChanged(listen: () => void): () => void
  /** For the identity in use. */
  create(wish: NewBranch): Promise<BranchFacts>
  list(): Promise<readonly BranchFacts[]>
  show(ref: string): Promise<BranchFacts>
  keep(ref: string, folder: string): Promise<BranchFacts>
  leave(ref: string): Promise<BranchFacts>
  /** Signs a membership, or adds a signature to one that waits for more. */
  admit(ref: string, applicant: Pick<Applicant, 'holder' | 'nodeKey'>, untilMs: number): Promise<BranchFacts>
  /** Ends the membership of a node. */
  expel(ref: string, node: string): Promise<BranchFacts>
  /** What this node shows when it asks to come in. */
  applicant(branch: string): Promise<Applicant>
  /** Whether the identity that it names signed this for this branch. */
  isGenuine(branch: string, applicant: Applicant): boolean
  /** This node asks to be let in, by an invitation. */
  ask(branch: string, invitation: string): Promise<void>
  /** What another member holds: joined with what is here, where it is true. */
  take(branch: string, documents: Uint8Array, meetingSecret: Uint8Array | undefined): Promise<void>
  /** Where notes of which block is whose were lost: notes all again. */
  noteAll(): Promise<void>
  /** Whether a block may be given to a node, or, where none is proved, to whoever came by a door. */
  mayGive(digest: Uint8Array, to: NodeId | undefined): boolean
  /** Writes down that somebody was refused. */
  refused(digest: Uint8Array, asker: string, rule: string): void
  /** Has other members keep what is in its folders, one step at a time. */
  step(branch: string): Promise<{ readonly isIdle: boolean; readonly sentBytes: number }>
  lookAgain(branch: string): void
  copiesOf(digest: Uint8Array): number | undefined
  /** Of a folder of the identity in use: names of its blocks, where in the branch they are kept, and the bytes to compare with. */
  provable(folder: string): Promise<Provable>
}

export type HeldBranch = KeptBranch & { readonly did: string }

export type BranchDeskOptions = {
  readonly home: () => Home
  readonly directory: Directory
  readonly ports: KernelPorts
  readonly verifierOf: CardVerifier
  nodeSecret(): Uint8Array
  isOpen(): boolean
}

export function createBranchDesk(options: BranchDeskOptions): Branches {
  const { home, directory, ports, verifierOf, isOpen } = options
  const { clock, random } = ports
  const listeners = new Set<() => void>()
  const copies = new Map<string, { readonly office: Office; readonly copies: BranchCopies }>()
  const refusals = createRefusals({ clock, officeOf: (branch) => officeHolding(branch) })
  let all: readonly HeldBranch[] = []
  /** Each change begins with what the one before left: what a member tells meanwhile would undo what an admin just signed. */
  const inTurn = createTurns()

  const nodeKeyNow = (): Uint8Array => nodeKeyOf(options.nodeSecret())
  const tell = (): void => {
    for (const listen of listeners) listen()
  }
  const offices = async (): Promise<Office[]> => {
    const open: Office[] = []
    for (const { did } of home().residents()) open.push(await home().officeOf(did))
    return open
  }
  const load = async (): Promise<readonly HeldBranch[]> => {
    const found: HeldBranch[] = []
    for (const { branches, space } of await offices())
      for (const kept of branches.book.list()) found.push({ ...kept, did: space.did })
    all = found
    return all
  }
  const save = async (office: Office, kept: KeptBranch): Promise<BranchFacts> => {
    await office.branches.book.put(kept)
    await load()
    tell()
    return factsOf(office, kept)
  }
  const officeHolding = async (branch: string): Promise<Office | undefined> =>
    (await offices()).find(({ branches }) => branches.book.get(branch) !== undefined)
  const find = async (ref: string): Promise<{ office: Office; kept: KeptBranch; branch: Branch }> => {
    const office = await home().acting()
    const kept = pick(office.branches.book.list(), ref)
    if (kept.branch === undefined)
      throw new Fault(
        'missing.branch',
        'This node waits to be let into that branch: ask one of its admins for: anarq net branch admit',
      )
    return { office, kept, branch: kept.branch }
  }
  const cardOf = (did: string): PublicIdentity => {
    const known = directory.find(did)
    if (known !== undefined) return known
    throw new Fault(
      'missing.identity',
      `The keys of ${did} are not known here. Ask for their card and take it in with: anarq id learn CARD`,
    )
  }
  const signAs = ({ space }: Office, body: Uint8Array): Signed => {
    const { did, signer } = space.identity
    return { body, signatures: [{ did, signature: signer.sign(body, branchContext) }] }
  }
  /** With the keys that it has now: they may be others than when the branch was founded. */
  const ownCard = ({ space }: Office): Uint8Array => encodePublicIdentity(cardOf(space.did))
  /** Reads it anew, so that nothing is kept that would not be believed. */
  const withMore = (branch: Branch, more: Partial<BranchDocuments>): Branch => {
    const none = { charters: [], certificates: [], revocations: [], cards: [] }
    return readAll(joinDocuments(branch.documents, { ...none, ...more }), branch.id)
  }
  const readAll = (documents: BranchDocuments, id: string): Branch => {
    const verify = verifierOf(documents.cards)
    const read = readBranch(documents, verify, id)
    const clean = read && readBranch(tidied(read, verify, clock.nowMs()), verify, id)
    if (clean === undefined)
      throw new Fault(
        'invalid.branch',
        'These are no documents of this branch, or nobody signed them who may.',
      )
    return clean
  }
  const factsOf = (office: Office, kept: KeptBranch): BranchFacts =>
    branchFacts(office, kept, nodeIdOf(nodeKeyNow()), clock.nowMs())

  async function create(wish: NewBranch): Promise<BranchFacts> {
    const office = await home().acting()
    const draft = draftBranch(wish, {
      founder: office.space.did,
      nodeKey: nodeKeyNow(),
      meetingSecret: random.bytes(32),
      nowMs: clock.nowMs(),
    })
    const branch = readAll(
      {
        charters: [signAs(office, draft.charter)],
        certificates: draft.certificate === undefined ? [] : [signAs(office, draft.certificate)],
        revocations: [],
        cards: draft.signers.map((one) => encodePublicIdentity(cardOf(one))),
      },
      draft.id,
    )
    const { id, meetingSecret } = draft
    return save(office, {
      id,
      branch,
      meetingSecret,
      invitation: undefined,
      hasLeft: false,
      folders: new Set(),
    })
  }

  async function keep(ref: string, folder: string): Promise<BranchFacts> {
    const { office, kept, branch } = await find(ref)
    const { space, branches } = office
    if (branch.memberOf(nodeIdOf(nodeKeyNow()), clock.nowMs()) === undefined) throw notMember(branch)
    if (isRoot(folder))
      throw new Fault('invalid.kind', 'The whole drive cannot be given to a branch. Name a folder in it.')
    if (folder.startsWith('/') && resolvePath(space.view, folder) == null)
      await office.drive.makeFolder(folder)
    const found = resolve(space.view, folder)
    if (found.kind !== 'folder')
      throw new Fault('invalid.kind', `${found.name} is a file. A branch is given a folder.`)
    const id = toHex(found.id)
    if (branches.branchOf(found.id) === kept.id) return factsOf(office, kept)
    if (branches.branchOf(found.id) !== undefined)
      throw new Fault('conflict.branch', `${found.name} lies in a folder of another branch already.`)
    if (space.view.search({ below: found.id, limit: 1 }).length > 0)
      throw new Fault(
        'conflict.not-empty',
        `There is something in ${found.name}, whose sealed blocks may lie with others already. Give the branch an empty folder, and put things there anew.`,
      )
    return save(office, { ...kept, folders: new Set([...kept.folders, id]) })
  }

  async function admit(
    ref: string,
    { nodeKey, holder }: Pick<Applicant, 'holder' | 'nodeKey'>,
    untilMs: number,
  ): Promise<BranchFacts> {
    const { office, kept, branch } = await find(ref)
    mustBeAdmin(office, branch)
    const nowMs = clock.nowMs()
    const waiting = branch
      .awaited(nowMs)
      .find((one) => equalBytes(one.nodeKey, nodeKey) && one.holder === holder)
    const body =
      waiting?.signed.body ??
      encodeCertificate({ branch: branch.id, nodeKey, holder, fromMs: nowMs - clockSkewMs, untilMs })
    return save(office, {
      ...kept,
      branch: withMore(branch, { certificates: [signAs(office, body)], cards: [ownCard(office)] }),
    })
  }

  async function expel(ref: string, node: string): Promise<BranchFacts> {
    const { office, kept, branch } = await find(ref)
    mustBeAdmin(office, branch)
    const atMs = clock.nowMs()
    const member = branch.members(atMs).find((one) => one.node.startsWith(node))
    if (node.length < 6 || member === undefined)
      throw new Fault('missing.member', `No member of ${branch.charter.name} begins with "${node}".`)
    const body = encodeRevocation({ branch: branch.id, certificate: nameOf(member.signed) })
    return save(office, {
      ...kept,
      branch: withMore(branch, { revocations: [signAs(office, body)], cards: [ownCard(office)] }),
    })
  }

  async function ask(id: string, invitation: string): Promise<void> {
    const office = await home().acting()
    const known = office.branches.book.get(id)
    const isIn = known?.branch?.memberOf(nodeIdOf(nodeKeyNow()), clock.nowMs()) !== undefined
    if (known !== undefined && isIn && !known.hasLeft)
      throw new Fault('conflict.branch', 'This node is a member of that branch already.')
    const none = { id, branch: undefined, meetingSecret: undefined, folders: new Set<string>() }
    await save(office, { ...(known ?? none), invitation, hasLeft: false })
  }

  async function take(id: string, bytes: Uint8Array, secret: Uint8Array | undefined): Promise<void> {
    const office = await officeHolding(id)
    const kept = office?.branches.book.get(id)
    if (office === undefined || kept === undefined || kept.hasLeft) return
    const incoming = parseDocuments(bytes)
    // A member shows its own certificate to who was just let in, and the charter is on its way from another.
    if (kept.branch === undefined && incoming.charters.length === 0) return
    const joined = kept.branch === undefined ? incoming : joinDocuments(kept.branch.documents, incoming)
    const branch = readAll(joined, id)
    const isSecret = secret !== undefined && isMeetingSecret(secret, branch.charter.meetingKey)
    const meetingSecret = kept.meetingSecret ?? (isSecret ? secret : undefined)
    const isSame = kept.branch !== undefined && equalBytes(kept.branch.tag, branch.tag)
    if (isSame && meetingSecret === kept.meetingSecret) return
    const isIn = branch.memberOf(nodeIdOf(nodeKeyNow()), clock.nowMs()) !== undefined
    const invitation = isIn ? undefined : kept.invitation
    await save(office, { ...kept, branch, meetingSecret, invitation })
  }

  return {
    load,
    held: () => (isOpen() ? all : []),
    onChanged(listen) {
      listeners.add(listen)
      return () => void listeners.delete(listen)
    },
    create: (wish) => inTurn(() => create(wish)),
    async list() {
      const office = await home().acting()
      return office.branches.book.list().map((kept) => factsOf(office, kept))
    },
    async show(ref) {
      const office = await home().acting()
      return factsOf(office, pick(office.branches.book.list(), ref))
    },
    keep: (ref, folder) => inTurn(() => keep(ref, folder)),
    leave: (ref) =>
      inTurn(async () => {
        const office = await home().acting()
        const kept = pick(office.branches.book.list(), ref)
        return save(office, { ...kept, hasLeft: true, invitation: undefined })
      }),
    admit: (ref, applicant, untilMs) => inTurn(() => admit(ref, applicant, untilMs)),
    expel: (ref, node) => inTurn(() => expel(ref, node)),
    async applicant(id) {
      const { did, signer } = (await home().acting()).space.identity
      const nodeKey = nodeKeyNow()
      const signature = signer.sign(applicationOf(id, nodeKey, did), branchContext)
      return { nodeKey, holder: did, card: encodePublicIdentity(cardOf(did)), signature }
    },
    isGenuine: (id, { nodeKey, holder, card, signature }) =>
      verifierOf([card])(holder, applicationOf(id, nodeKey, holder), signature, branchContext),
    ask: (id, invitation) => inTurn(() => ask(id, invitation)),
    take: (id, documents, secret) => inTurn(() => take(id, documents, secret)),
    async noteAll() {
      const bound = ports.branches?.bound
      if (bound === undefined || bound.isWhole()) return
      for (const office of await offices())
        for (const id of office.branches.book.withFolders())
          for await (const cid of blocksInBranch(office, id)) await bound.add(id, [digestOf(cid)])
      bound.madeWhole()
    },
    mayGive(digest, to) {
      const bound = ports.branches?.bound
      const id = bound?.branchOf(digest)
      const mayBeOne = bound?.isWhole() === false && all.some(({ folders }) => folders.size > 0)
      if (id === undefined) return !mayBeOne
      const branch = all.find((one) => one.id === id)?.branch
      // While it is locked nobody knows the charter, and nothing of a branch is given away.
      if (!isOpen() || branch === undefined) return false
      return !branch.charter.stays || (to !== undefined && branch.memberOf(to, clock.nowMs()) !== undefined)
    },
    refused(digest, asker, rule) {
      const branch = ports.branches?.bound.branchOf(digest)
      if (isOpen() && branch !== undefined) refusals.note({ branch, block: digest, asker, rule })
    },
    async step(id) {
      const neighbours = ports.branches?.neighboursOf(id)
      const office = neighbours && (await officeHolding(id))
      if (neighbours === undefined || office === undefined) return { isIdle: true, sentBytes: 0 }
      // Offices close and open meanwhile: what is made anew looks at everything.
      const before = copies.get(id)
      const known = before?.office === office ? before : { office, copies: createBranchCopies(office, id) }
      copies.set(id, known)
      return known.copies.step(neighbours)
    },
    lookAgain(id) {
      copies.get(id)?.copies.lookAgain()
    },
    copiesOf(digest) {
      const id = ports.branches?.bound.branchOf(digest)
      return id === undefined ? undefined : (copies.get(id)?.copies.copiesOf(digest) ?? 0)
    },
    provable: async (folder) => provable(await home().acting(), folder, cardOf),
  }
}

function applicationOf(branch: string, nodeKey: Uint8Array, holder: string): Uint8Array {
  return encodeCbor({ what: 'branch application', branch, node: nodeKey, holder })
}

/** By its id or the beginning of it, or by its name where only one has it. */
function pick(all: readonly KeptBranch[], ref: string): KeptBranch {
  const byId = all.filter(({ id }) => ref.length >= 8 && id.startsWith(ref))
  const byName = all.filter(({ branch }) => branch?.charter.name === ref)
  const found = byId.length > 0 ? byId : byName
  if (found.length === 1) return found[0] as KeptBranch
  if (found.length > 1)
    throw new Fault(
      'conflict.name',
      `Several branches are called ${ref}. Say which by its id: anarq net branch list`,
    )
  throw new Fault('missing.branch', `There is no branch ${ref} here. See: anarq net branch list`)
}

function mustBeAdmin({ space }: Office, { charter }: Branch): void {
  if (charter.admins.includes(space.did)) return
  throw new Fault(
    'refused.branch-admin',
    `Only an admin of ${charter.name} may do this. Its admins are in: anarq net branch show ${charter.name}`,
  )
}

function notMember({ charter }: Branch): Fault {
  return new Fault('refused.branch-member', `This node is no member of ${charter.name} now.`)
}
