import { Fault, hasCode } from '@anarq/fault'
import { type BlockSource, decidedElsewhere } from '@anarq/flows'
import { parseCid } from '@anarq/ipld'
import { verifyCid } from '@anarq/qlock'
import type { Ping } from '@anarq/qnt'
import { type AccessRequest, checkChain } from '@anarq/qonsent'
import { signAs } from '../authority.ts'
import { lockKeyOf } from '../drive/read.ts'
import type { Content, OpenSharedOptions, TreeEntry, Within } from '../operations.ts'
import type { Peers } from '../ports.ts'
import { parsedPing, requestOf } from '../sharing/asking.ts'
import type { SharingContext } from '../sharing/context.ts'
import { contentOf, fileFacts, type Handed, noteOpening, takeOver } from '../sharing/opening.ts'
import { encodeQuestion, nonceBytes, type OpenAnswer, parseBlockAnswer, parseOpenAnswer } from './messages.ts'

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
  { bytes, ping, peers }: PingElsewhere,
  { purpose, lock, signal }: OpenSharedOptions,
): Promise<Content> {
  const { office, guardian, ports } = context
  if (context.directory.find(ping.owner) === undefined)
    throw new Fault(
      'missing.identity',
      `The keys of ${ping.owner} are not known here, so nothing that comes from there could be trusted. Ask for their card and take it in with: anarq id learn CARD`,
    )
  const { did, identity } = office.space
  const fresh = { nonce: ports.random.bytes(nonceBytes), atMs: ports.clock.nowMs() }
  const { module } = office
  const request = requestOf(did, ping, { action: '/qnt/read', purpose, module }, 'network')
  const signed = signAs(identity, guardian, request, fresh)
  const { flow } = signed.requested
  try {
    const question = {
      ask: 'open' as const,
      ping: bytes,
      subject: did,
      module,
      ...fresh,
      signature: signed.signature,
    }
    const sent = encodeQuestion(purpose === undefined ? question : { ...question, purpose })
    const answer = await peers.ask(ping.where, sent, signal)
    const handed = proved(context, ping, request, parseOpenAnswer(answer))
    decidedElsewhere(signed, answer)
    const inner = takeOver(identity, handed)
    const { name } = inner.metadata
    const lockKey = await lockKeyOf(inner, lock, name)
    const grant = { delegation: handed.delegation, object: request.object, name }
    await noteOpening(
      context,
      { owner: ping.owner, object: ping.id, flow: flow.id, grant },
      { isElsewhere: true },
    )
    const released = { version: handed.version, inner }
    const entry = fileFacts(ping.owner, ping.id, { ...released, path: name })
    const blocks = { ...ports.blocks, ...blocksOf(peers, ping, ports.blocks, signal) }
    return contentOf({ ports: { ...ports, blocks } }, released, { entry, flow, lockKey, signal })
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

/** As of a shared folder, of the one file that it is; folders of other nodes are refused by their owner's. */
export async function* readElsewhere(
  context: SharingContext,
  there: PingElsewhere,
  { only, ...options }: OpenSharedOptions & Within,
): AsyncIterable<TreeEntry> {
  const content = await openElsewhere(context, there, options)
  const { entry } = content
  if (only !== undefined)
    throw new Fault('invalid.kind', `${entry.name} is a file: there is nothing in it. Leave out --only.`)
  yield { entry: { ...entry, kind: 'file' }, content }
}

/** Nothing of the answer is believed that is not proved: the envelope is the one named, and the grant is this owner's. */
function proved(
  { directory, ports }: SharingContext,
  { id, grant }: Ping,
  request: AccessRequest,
  { envelope, slot, cid: text, delegation }: OpenAnswer,
): Handed & Pick<OpenAnswer, 'delegation'> {
  const cid = parseCid(text)
  const { ok } = checkChain([delegation], request, { verify: directory.verify, nowMs: ports.clock.nowMs() })
  if (!verifyCid(cid, envelope) || !delegation.cid.equals(grant) || !ok)
    throw new Fault(
      'invalid.answer',
      'What the other node answered is not what the ping file names. Nothing was kept; ask its owner.',
    )
  return { id, version: { cid }, envelope, slot, delegation }
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
