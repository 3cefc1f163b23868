import { toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { receiveSigned, requestAccess } from '@anarq/flows'
import { digestOf, parseCid } from '@anarq/ipld'
import type { Guardian } from '@anarq/qerberos'
import type { NodeId } from '@anarq/qnet'
import type { ReplayPort } from '@anarq/squid'
import type { Branches } from '../branches/desk.ts'
import type { Directory } from '../directory.ts'
import type { Office } from '../office.ts'
import type { KernelPorts } from '../ports.ts'
import { type Asked, type Asking, judge, parsedPing, requestOf } from '../sharing/asking.ts'
import { handOver, mustBeFile } from '../sharing/opening.ts'
import { handTree, within } from '../sharing/tree.ts'
import {
  encodeBlockAnswer,
  encodeOpenAnswer,
  encodeRefusal,
  type OpenQuestion,
  type PeerQuestion,
  parseQuestion,
  type TreeQuestion,
} from './messages.ts'
import { encodeTreePage } from './tree-messages.ts'
import { createWalks, type Walks } from './walks.ts'

/** Clocks of two machines differ; a request is good for so long before and after its time. */
const skewMsMax = 5 * 60_000

export type AnsweringOptions = {
  readonly ports: KernelPorts
  readonly guardian: Guardian
  readonly directory: Directory
  readonly replay: ReplayPort
  readonly isOpen: () => boolean
  /** The office of an identity that lives here. */
  officeOf(did: string): Promise<Office | undefined>
  readonly branches: Pick<Branches, 'mayGive' | 'refused'>
  /** The node that asks, as its link proves it; absent: none is proved. */
  readonly from?: NodeId | undefined
}

/** Answers other nodes. Never throws: whatever goes wrong is an answer too. */
export function createAnswering(
  options: AnsweringOptions,
): (question: Uint8Array, from?: NodeId) => Promise<Uint8Array> {
  const walks = createWalks(options.ports)
  return async (bytes, from) => {
    try {
      return await answerTo({ ...options, from }, walks, parseQuestion(bytes))
    } catch (error) {
      return encodeRefusal(error)
    }
  }
}

async function answerTo(
  options: AnsweringOptions,
  walks: Walks,
  question: PeerQuestion,
): Promise<Uint8Array> {
  if (question.ask === 'block') return giveBlock(options, question.cid)
  if (!options.isOpen()) {
    walks.clear()
    throw new Fault(
      'unavailable.owner',
      'The node of its owner is locked. Ask them to unlock it, and try again.',
    )
  }
  if (question.ask === 'next') return encodeTreePage(await walks.next(question.walk, question.page))
  return question.ask === 'open' ? open(options, question) : walk(options, walks, question)
}

/** Sealed blocks are given to whoever knows their name, as the gateway does; those that a branch keeps to its members, to these. */
async function giveBlock({ ports, branches, from }: AnsweringOptions, name: string): Promise<Uint8Array> {
  const cid = parseCid(name)
  if (!branches.mayGive(digestOf(cid), from)) {
    branches.refused(digestOf(cid), from ?? 'a node', 'refused.branch-stays')
    throw new Fault('refused.branch-stays', 'This block stays with the members of a branch.')
  }
  const block = await ports.blocks.get(cid)
  if (block === undefined) throw new Fault('missing.block', 'This node does not have that block.')
  return encodeBlockAnswer(block)
}

async function open(options: AnsweringOptions, question: OpenQuestion): Promise<Uint8Array> {
  const asked = await judged(options, question, { action: '/qnt/read', check: mustBeFile })
  const { owner, authorised, grant, found } = asked
  const { flow } = authorised
  try {
    const keep: Parameters<typeof handOver>[2]['keep'] = (entry) => owner.space.record([entry])
    const handed = await handOver(options.ports, asked, { found, flow, keep })
    flow.end('ok')
    const cid = handed.version.cid.toString()
    return encodeOpenAnswer({ ...handed, cid, delegation: grant.delegation })
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

/** One decision and one use for the whole; each thing is judged by itself when its page is asked for. */
async function walk(options: AnsweringOptions, walks: Walks, question: TreeQuestion): Promise<Uint8Array> {
  const { isList, only, subject } = question
  const { names, check } = within(only)
  const action = isList ? '/qnt/read/facts' : '/qnt/read'
  const asked = await judged(options, question, { action, check })
  const items = handTree(options.ports, { ...asked, names }, { isList })
  const settle = async (): Promise<void> => void (await asked.owner.space.record([]))
  const page = await walks.begin({ subject, items, settle })
  return encodeTreePage({ ...page, delegation: asked.grant.delegation })
}

/** Who asks is who signed, now and once, and may do what they ask. */
async function judged(
  options: AnsweringOptions,
  question: OpenQuestion | TreeQuestion,
  { action, check }: Pick<Asking, 'action' | 'check'>,
): Promise<Asked> {
  const { ports, guardian, directory, officeOf } = options
  const { ping } = parsedPing(question.ping, directory)
  const owner = await officeOf(ping.owner)
  const subject = directory.find(question.subject)
  // Somebody unknown learns no more than somebody who was not given anything.
  if (owner === undefined || subject === undefined)
    throw new Fault('missing.object', 'What this ping file names is not there any more. Ask its owner.')
  checkFresh(options, question)
  const { purpose, module, nonce, atMs } = question
  const request = requestOf(subject.did, ping, { action, purpose, module }, 'network')
  const requested = requestAccess(guardian, request, { nonce, atMs })
  const signed = receiveSigned(requested, question.signature)
  const reader = { did: subject.did, kemPublicKey: subject.kemKey, node: options.from ?? 'unknown' }
  return judge({ directory, ports }, { owner, reader, ping, signed, check })
}

function checkFresh(
  { ports, replay }: AnsweringOptions,
  { nonce, atMs, subject }: OpenQuestion | TreeQuestion,
): void {
  const nowMs = ports.clock.nowMs()
  if (Math.abs(nowMs - atMs) > skewMsMax)
    throw new Fault(
      'refused.expired',
      'The clocks of the two machines are more than five minutes apart, or this request is old. Set the clock, and try again.',
    )
  if (!replay.remember(`${subject} ${toBase64Url(nonce)}`, atMs + 2 * skewMsMax))
    throw new Fault('refused.replay', 'This request came before. Make a new one.')
}
