import { toHex } from '@anarq/bytes'
import type { PutItem } from '@anarq/flows'
import { auditReceiptBytesMax, entryOfAlert, type Guardian } from '@anarq/qerberos'
import { createQonsent, type DecisionRecord, type IdentityState, type Qonsent } from '@anarq/qonsent'
import type { OpenIdentity } from '@anarq/squid'
import { type Authority, createAuthority, driveModule } from './authority.ts'
import { openBranchBook } from './branches/book.ts'
import { feedInBranch } from './branches/copies.ts'
import { type BranchRules, createBranchRules } from './branches/rules.ts'
import type { CardVerifier } from './branches/verifying.ts'
import type { Directory } from './directory.ts'
import { createChanging } from './drive/change.ts'
import { putItems } from './drive/put.ts'
import { createReading } from './drive/read.ts'
import type { Found } from './drive/resolve.ts'
import type { Quota } from './health/quota.ts'
import type { Sweeper } from './health/sweeper.ts'
import { createOfficeBlocks, feedKeyOf, type OfficeBlocks } from './keeping/office-blocks.ts'
import type { DriveOperations, PutReport } from './operations.ts'
import type { KernelPorts } from './ports.ts'
import { type GrantBook, openGrantBook } from './sharing/grant-book.ts'
import { openSpace, type Space } from './space.ts'
import { openToolBook, type ToolBook } from './tools/tool-book.ts'

/** One identity at work: its space, its grants, who decides for it, and its drive. */
export type Office = {
  readonly space: Space
  /** Those of the home, with the store as this identity sees it. */
  readonly ports: KernelPorts
  readonly stored: OfficeBlocks
  /** The name of its index among nodes. */
  readonly feed: Uint8Array
  readonly book: GrantBook
  readonly tools: ToolBook
  readonly branches: BranchRules
  readonly qonsent: Qonsent
  readonly authority: Authority
  /** Who asks here, by its name for rules and receipts. */
  readonly module: string
  readonly drive: DriveOperations
  readonly sweeper: Sweeper
  /** For somebody whom a grant allows to write: a new version of a file, or what is put into a folder. */
  putFor(
    found: Found,
    items: AsyncIterable<readonly PutItem[]>,
    options: { by: string; signal?: AbortSignal | undefined },
  ): Promise<PutReport>
  onDecoy(id: Uint8Array, by: string, how: 'get' | 'open'): void
  /** The same, asked by this app or part of the system: what it does is decided as its own. */
  as(module: string): Office
  close(): Promise<void>
}

export type OfficeOptions = {
  identity: OpenIdentity
  ports: KernelPorts
  guardian: Guardian
  directory: Directory
  /** Secret of this device, from which each identity gets another device id. */
  replica: Uint8Array
  /** Whether an identity is still active, and what its guardians allow where it is a child. */
  stateOf(did: string): IdentityState
  verifyKeysOf(did: string): readonly Uint8Array[]
  /** One for all offices of a home: they share the store. */
  sweeper: Sweeper
  /** The same for all, too. */
  quota: Quota
  /** An index ends elsewhere than before: others should keep what it stands on. */
  onCommit(): void
  verifierOf: CardVerifier
}

export async function openOffice(options: OfficeOptions): Promise<Office> {
  const { identity, guardian, directory, stateOf, sweeper, quota, onCommit } = options
  const feed = feedOf(identity)
  const opening: { branches?: BranchRules } = {}
  const stored = createOfficeBlocks({
    feed,
    feedIn: (branch) => feedInBranch(identity.secrets, branch),
    branchesOf: () => opening.branches?.book.withFolders() ?? [],
    ports: options.ports,
  })
  const heads = tellingHeads(options.ports.heads, onCommit)
  const ports: KernelPorts = { ...options.ports, heads, blocks: stored.blocks }
  const opened = await openSpace({ ...options, ports: { ...ports, blocks: stored.indexBlocks } })
  const { branches, space } = await withBranches(opened, ports, options.verifierOf)
  opening.branches = branches
  const { index, view, device, refresh } = space
  const book = await openGrantBook({ index, view, device, refresh })
  const tools = await openToolBook({
    index: space.index,
    view: space.view,
    clock: ports.clock,
    random: ports.random,
    refresh: space.refresh,
  })
  const qonsent = createQonsent({
    policies: ports.createPolicies(),
    status: book.status,
    uses: book.uses,
    identities: {
      verify: (did, message, signature, context) => directory.verify(did, message, signature, context),
      stateOf: async (did) => stateOf(did),
    },
    receipts: { keep: (record) => keepReceipt(space, record) },
    self: { did: identity.did, signer: identity.signer },
    clock: ports.clock,
    random: ports.random,
    // Whoever looks at what there is has not opened it yet.
    countsUse: (action) => action !== '/qnt/read/facts',
  })
  const onDecoy = (id: Uint8Array, by: string, how: 'get' | 'open'): void => {
    const key = toHex(id)
    guardian.decoys.add(key)
    guardian.decoys.touched(key, by, { method: how, source: by })
  }
  const context = { space, ports, guardian, quota, branches }
  const onOwnDecoy = (id: Uint8Array): void => onDecoy(id, space.did, 'get')
  const driveOf = (authority: Authority): DriveOperations => {
    const changing = createChanging({ space, ports, authority, branches, onDecoy: onOwnDecoy })
    return {
      async put(items, putOptions = {}) {
        const { flow } = await authority.own({ action: '/qnt/write' })
        flow.end('ok')
        return sweeper.during(() => putItems(items, putOptions, context))
      },
      ...createReading({ space, ports, authority, guardian, onDecoy: onOwnDecoy }),
      ...changing,
      copy: (...args) => sweeper.during(() => changing.copy(...args)),
      restore: (...args) => sweeper.during(() => changing.restore(...args)),
    }
  }
  const authorityOf = (module: string): Authority =>
    createAuthority({ identity, guardian, qonsent, directory, module })
  const authority = authorityOf(driveModule)
  const stopListening = guardian.onAlert((alert) => {
    if (alert.identity === space.did) void space.record([entryOfAlert(alert)]).catch(() => {})
  })
  const office: Office = {
    space,
    ports,
    stored,
    feed,
    book,
    tools,
    branches,
    qonsent,
    authority,
    module: driveModule,
    drive: driveOf(authority),
    sweeper,
    putFor(found, items, { by, signal }) {
      const taken = found.kind === 'folder' ? items : asVersionOf(found, items)
      return sweeper.during(() => putItems(taken, { isThorough: true, signal }, context, { into: found, by }))
    },
    onDecoy,
    as(module) {
      const asModule = authorityOf(module)
      return { ...office, authority: asModule, module, drive: driveOf(asModule) }
    },
    async close() {
      stopListening()
      await space.close()
    },
  }
  return office
}

/** From here on nothing is committed that crosses the border of a branch. */
async function withBranches(
  opened: Space,
  ports: KernelPorts,
  verifierOf: CardVerifier,
): Promise<{ branches: BranchRules; space: Space }> {
  const book = await openBranchBook(opened, verifierOf, ports.onFault)
  const branches = createBranchRules({ space: opened, book, ports, clock: ports.clock })
  const index: Space['index'] = {
    ...opened.index,
    commit: async (changes, options) => opened.index.commit(await branches.guard(changes), options),
  }
  return { branches, space: { ...opened, index } }
}

function tellingHeads(heads: KernelPorts['heads'], onPut: () => void): KernelPorts['heads'] {
  return {
    ...heads,
    async put(...head) {
      await heads.put(...head)
      onPut()
    },
  }
}

function feedOf({ secrets }: OpenIdentity): Uint8Array {
  using key = feedKeyOf(secrets)
  return key.feed
}

/** The first file of the items, under the name and in the place of the one it is a version of. */
async function* asVersionOf(
  found: Found,
  items: AsyncIterable<readonly PutItem[]>,
): AsyncIterable<readonly PutItem[]> {
  for await (const batch of items) {
    const file = batch.find((item) => item.kind !== 'folder')
    if (file === undefined) continue
    yield [{ ...file, path: found.name }]
    return
  }
}

/** What was decided for others is durable before it is answered; the owner's own acts are noted with what they did. */
async function keepReceipt(space: Space, { decision, inputs }: DecisionRecord): Promise<void> {
  const { request } = inputs.facts
  const entry = {
    action: `decision${request.action.replaceAll('/', '.')}`,
    object: request.object,
    verdict: decision.verdict === 'allow' ? ('ok' as const) : ('refused' as const),
    code: decision.code,
    hashes: [decision.receipt.cid.multihash.digest],
    details: {
      subject: request.subject,
      salt: inputs.salt,
      // The receipt binds it by a hash; here it can be read.
      ...(request.module === undefined ? {} : { module: request.module }),
    },
    ...(decision.receipt.bytes.length <= auditReceiptBytesMax ? { receipt: decision.receipt.bytes } : {}),
  }
  if (request.subject === space.did && decision.verdict === 'allow') space.note(entry)
  else await space.record([entry])
}
