import { fromHex, toHex } from '@anarq/bytes'
import { Fault, hasCode } from '@anarq/fault'
import { type BlockSource, decidedElsewhere, type Signed } from '@anarq/flows'
import { type Cid, parseCid } from '@anarq/ipld'
import type { FlowEnd } from '@anarq/qerberos'
import { verifyCid } from '@anarq/qlock'
import { openReleases, type Ping } from '@anarq/qnt'
import { type AccessRequest, checkChain, type Delegation } from '@anarq/qonsent'
import { signAs } from '../authority.ts'
import { lockKeyOf, unreadable } from '../drive/read.ts'
import type { Content, EntryFacts, OpenSharedOptions, TreeEntry, Within } from '../operations.ts'
import type { KernelPorts, Peers } from '../ports.ts'
import { type Asking, parsedPing, requestOf } from '../sharing/asking.ts'
import type { SharingContext } from '../sharing/context.ts'
import { contentOf, fileFacts, type Handed, noteOpening, takeOver, takeOverBy } from '../sharing/opening.ts'
import { createLockKeys } from '../sharing/tree.ts'
import type { SpaceEntry } from '../space.ts'
import {
  encodeQuestion,
  nonceBytes,
  parseBlockAnswer,
  parseOpenAnswer,
  type SignedQuestion,
} from './messages.ts'
import { parseTreePage, type TreeItem, type TreePage } from './tree-messages.ts'

/** A ping file that leads to another node: its owner does not live here, and there is a place to ask. */
export type PingElsewhere = { readonly bytes: Uint8Array; readonly ping: Ping; readonly peers: Peers }

/** Undefined where it leads to this node, or nowhere. */
export async function elsewhere(
  { ports: { peers }, directory, officeOf }: SharingContext,
  bytes: Uint8Array,
): Promise<PingElsewhere | undefined> {
  if (peers === undefined) return undefined
  const { ping } = parsedPing(bytes, directory)
  if (ping.where.length === 0 || (await officeOf(ping.owner)) !== undefined) return undefined
  return { bytes, ping, peers }
}

/** The reader's side where the owner's node is another one: it decides, and gives the key; blocks come from there as they are read. */
export async function openElsewhere(
  context: SharingContext,
  there: PingElsewhere,
  { purpose, lock, signal }: OpenSharedOptions,
): Promise<Content> {
  const { office } = context
  const { ping, peers } = there
  const asking = asks(context, there, { action: '/qnt/read', purpose })
  const { flow } = asking.signed.requested
  try {
    const answer = await peers.ask(ping.where, encodeQuestion({ ask: 'open', ...asking.fields }), signal)
    const handed = heldTo(parseOpenAnswer(answer), ping.id)
    proveGrant(context, there, asking, handed.delegation)
    decidedElsewhere(asking.signed, answer)
    const inner = takeOver(office.space.identity, handed)
    const { name } = inner.metadata
    const lockKey = await lockKeyOf(inner, lock, name)
    await note(context, there, { flow: flow.id, name, delegation: handed.delegation }, {})
    const released = { version: handed.version, inner }
    const entry = fileFacts(ping.owner, ping.id, { ...released, path: name })
    return contentOf(withBlocks(context, there, signal), released, { entry, flow, lockKey, signal })
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

/** What lies in a folder of another node, without contents. */
export async function* walkElsewhere(
  context: SharingContext,
  there: PingElsewhere,
  { only, purpose, signal }: Omit<OpenSharedOptions, 'lock'> & Within,
): AsyncIterable<EntryFacts> {
  const { items } = await enter(context, there, { isList: true, only, purpose, signal })
  for await (const { facts } of items) yield facts
}

/** The same with contents: blocks come as each stream is read. A file alone is one entry. */
export async function* readElsewhere(
  context: SharingContext,
  there: PingElsewhere,
  { only, purpose, lock, signal }: OpenSharedOptions & Within,
): AsyncIterable<TreeEntry> {
  const { office, guardian } = context
  const { did, identity } = office.space
  const { items, after, key } = await enter(context, there, { isList: false, only, purpose, signal })
  const releases = openReleases(identity.kem, key ?? new Uint8Array(0))
  if (releases === undefined) throw lied()
  const sources = withBlocks(context, there, signal)
  const lockKeys = createLockKeys(lock)
  for await (const { facts, handed, fault } of items) {
    if (facts.kind === 'folder') {
      yield { entry: { ...facts, kind: 'folder' } }
      continue
    }
    const flow = guardian.begin('out', did, toHex(there.ping.id), { after })
    const open = async (): Promise<Content> => {
      if (fault !== undefined) throw fault
      if (handed === undefined) throw lied()
      const held = heldTo(handed, fromHex(facts.id))
      const released = { version: held.version, inner: takeOverBy(releases.unwrap, held) }
      const entry = fileFacts(there.ping.owner, held.id, { ...released, path: facts.path })
      const lockKey = await lockKeys(released.inner, facts.name)
      const { block } = handed
      const from = block === undefined ? sources : withSent(sources, released.inner.body.cid, block)
      return contentOf(from, released, { entry, flow, lockKey, signal })
    }
    try {
      const content = await open().catch((error: unknown) => unreadable(facts, error))
      yield { entry: { ...content.entry, kind: 'file' }, content }
    } finally {
      flow.end('failed')
    }
  }
}

type Entering = {
  readonly isList: boolean
  readonly only: string | undefined
  readonly purpose: string | undefined
  readonly signal: AbortSignal | undefined
}

type Entered = {
  readonly items: AsyncIterable<TreeItem>
  readonly after: FlowEnd
  readonly key: Uint8Array | undefined
}

/** Asks for a folder: one decision of its owner's node; then page after page. */
async function enter(
  context: SharingContext,
  there: PingElsewhere,
  { isList, only, purpose, signal }: Entering,
): Promise<Entered> {
  const { ping, peers } = there
  const asking = asks(context, there, { action: isList ? '/qnt/read/facts' : '/qnt/read', purpose })
  const { flow } = asking.signed.requested
  try {
    const question = { ask: 'tree' as const, isList, ...asking.fields }
    const sent = encodeQuestion(only === undefined ? question : { ...question, only })
    const answer = await peers.ask(ping.where, sent, signal)
    const first = parseTreePage(answer, ping.owner)
    if (first.delegation === undefined) throw lied()
    proveGrant(context, there, asking, first.delegation)
    decidedElsewhere(asking.signed, answer)
    const name = first.items[0]?.facts.name ?? ''
    const details = isList ? { isList } : { isTree: true }
    await note(context, there, { flow: flow.id, name, delegation: first.delegation }, details)
    return { items: pagesFrom(there, first, signal), after: flow.end('ok'), key: first.key }
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

/** The next page is on its way while one is taken. */
async function* pagesFrom(
  { ping, peers }: PingElsewhere,
  first: TreePage,
  signal: AbortSignal | undefined,
): AsyncIterable<TreeItem> {
  const after = ({ walk }: TreePage, number: number): Promise<TreePage> | undefined => {
    if (walk === undefined) return undefined
    const question = encodeQuestion({ ask: 'next', walk, page: number })
    const page = peers.ask(ping.where, question, signal).then((answer) => parseTreePage(answer, ping.owner))
    // Whoever left the folder waits for it no more.
    page.catch(() => {})
    return page
  }
  let page: TreePage | undefined = first
  for (let number = 1; page !== undefined; number += 1) {
    const next = after(page, number)
    for (const item of page.items) {
      signal?.throwIfAborted()
      yield item
    }
    page = await next
  }
}

type AskingElsewhere = {
  readonly request: AccessRequest
  readonly signed: Signed
  /** As they go into the question. */
  readonly fields: SignedQuestion
}

/** Signed by the reader, for now and for once. */
export function asks(
  { office, guardian, ports, directory }: SharingContext,
  { bytes, ping }: PingElsewhere,
  { action, purpose }: Pick<Asking, 'action' | 'purpose'>,
): AskingElsewhere {
  if (directory.find(ping.owner) === undefined)
    throw new Fault(
      'missing.identity',
      `The keys of ${ping.owner} are not known here, so nothing that comes from there could be trusted. Ask for their card and take it in with: anarq id learn CARD`,
    )
  const { did, identity } = office.space
  const { module } = office
  const fresh = { nonce: ports.random.bytes(nonceBytes), atMs: ports.clock.nowMs() }
  const request = requestOf(did, ping, { action, purpose, module }, 'network')
  const signed = signAs(identity, guardian, request, fresh)
  const fields = { ping: bytes, subject: did, module, ...fresh, signature: signed.signature }
  return { request, signed, fields: purpose === undefined ? fields : { ...fields, purpose } }
}

/** Nothing of the answer is believed that is not proved: the grant is this ping's, and its owner's. */
export function proveGrant(
  { directory, ports }: SharingContext,
  { ping }: PingElsewhere,
  { request }: AskingElsewhere,
  delegation: Delegation,
): void {
  const { ok } = checkChain([delegation], request, { verify: directory.verify, nowMs: ports.clock.nowMs() })
  if (!delegation.cid.equals(ping.grant) || !ok) throw lied()
}

/** The envelope is the one that is named; its key opens it for this object alone. */
function heldTo<T extends { readonly cid: string; readonly envelope: Uint8Array; readonly slot: Uint8Array }>(
  answer: T,
  id: Uint8Array,
): T & Handed {
  const cid = parseCid(answer.cid)
  if (!verifyCid(cid, answer.envelope)) throw lied()
  return { ...answer, id, version: { cid } }
}

export function lied(): Fault {
  return new Fault(
    'invalid.answer',
    'What the other node answered is not what the ping file names. Nothing was kept; ask its owner.',
  )
}

export function note(
  context: SharingContext,
  { ping }: PingElsewhere,
  {
    flow,
    name,
    delegation,
  }: { readonly flow: string; readonly name: string; readonly delegation: Delegation },
  details: SpaceEntry['details'],
): Promise<void> {
  const opening = {
    owner: ping.owner,
    object: ping.id,
    flow,
    grant: { delegation, object: toHex(ping.id), name, where: ping.where },
  }
  return noteOpening(context, opening, { isElsewhere: true, ...details })
}

/** The same, with blocks of the other node where there are none here. */
function withBlocks(
  { ports, office }: SharingContext,
  { peers, ping }: PingElsewhere,
  signal: AbortSignal | undefined,
): { readonly ports: KernelPorts } {
  // What somebody else's index names is at another home than one's own: one's own neighbours are not asked.
  const { disk } = office.stored
  return { ports: { ...ports, blocks: { ...disk, ...blocksOf(peers, ping, disk, signal) } } }
}

/** The one that came with the page is held to its name as any other. */
function withSent(
  { ports }: { readonly ports: KernelPorts },
  sent: Cid,
  block: Uint8Array,
): { readonly ports: KernelPorts } {
  const get: BlockSource['get'] = async (cid) =>
    cid.equals(sent) && verifyCid(sent, block) ? block : await ports.blocks.get(cid)
  return { ports: { ...ports, blocks: { ...ports.blocks, get } } }
}

/** Blocks that are here, then those of the owner's node; each is held to its name. */
function blocksOf(
  peers: Peers,
  { where }: Ping,
  own: BlockSource,
  signal: AbortSignal | undefined,
): BlockSource {
  return {
    readInto: own.readInto,
    readMany: own.readMany,
    async get(cid) {
      const here = await own.get(cid)
      if (here !== undefined) return here
      const question = encodeQuestion({ ask: 'block', cid: cid.toString() })
      try {
        const block = parseBlockAnswer(await peers.ask(where, question, signal))
        if (verifyCid(cid, block)) return block
      } catch (error) {
        if (hasCode(error, 'missing.block')) return undefined
        throw error
      }
      throw new Fault('damaged.block', 'The other node gave something else than was asked for. Try again.')
    },
  }
}
