import { toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { receiveSigned, requestAccess } from '@anarq/flows'
import { digestOf, parseCid } from '@anarq/ipld'
import type { Guardian } from '@anarq/qerberos'
import type { NodeId } from '@anarq/qnet'
import { createReleases } from '@anarq/qnt'
import type { ReplayPort } from '@anarq/squid'
import type { Branches } from '../branches/desk.ts'
import type { Directory } from '../directory.ts'
import type { Office } from '../office.ts'
import type { KernelPorts } from '../ports.ts'
import { type Asked, type Asking, judge, parsedPing, requestOf } from '../sharing/asking.ts'
import { handOver, mustBeFile } from '../sharing/opening.ts'
import { handTree, within } from '../sharing/tree.ts'
import { takeFor } from '../sharing/writing.ts'
import { decodeItems } from './item-stream.ts'
import {
  encodeBlockAnswer,
  encodeOpenAnswer,
  encodeRefusal,
  type OpenQuestion,
  type PeerQuestion,
  parseQuestion,
  type TreeQuestion,
  type WriteQuestion,
} from './messages.ts'
import { encodeTreePage } from './tree-messages.ts'
import { createWalks, type Walks } from './walks.ts'
import { encodeGiven, encodeReport, encodeWriting } from './write-messages.ts'
import { createWritings, type Writings } from './writings.ts'

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

export type Answering = {
  /** Answers another node, which the link proved to be `from`. Never throws: whatever goes wrong is an answer too. */
  answer(question: Uint8Array, from?: NodeId): Promise<Uint8Array>
  /** Whoever is reading or writing is left. */
  close(): void
}

export function createAnswering(options: AnsweringOptions): Answering {
  const walks = createWalks(options.ports)
  const writings = createWritings(options.ports)
  return {
    async answer(bytes, from) {
      try {
        return await answerTo({ ...options, from }, { walks, writings }, parseQuestion(bytes))
      } catch (error) {
        return encodeRefusal(error)
      }
    },
    close() {
      walks.clear()
      writings.clear()
    },
  }
}

type Under = { readonly walks: Walks; readonly writings: Writings }

async function answerTo(
  options: AnsweringOptions,
  { walks, writings }: Under,
  question: PeerQuestion,
): Promise<Uint8Array> {
  if (question.ask === 'block') return giveBlock(options, question.cid)
  if (!options.isOpen()) {
    walks.clear()
    writings.clear()
    throw new Fault(
      'unavailable.owner',
      'The node of its owner is locked. Ask them to unlock it, and try again.',
    )
  }
  if (question.ask === 'next') return encodeTreePage(await walks.next(question.walk, question.page))
  if (question.ask === 'give') {
    const { writing, number, piece, isLast } = question
    const report = await writings.give(writing, number, piece, isLast)
    return report === undefined ? encodeGiven() : encodeReport(report)
  }
  if (question.ask === 'write') return write(options, writings, question)
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
  const { reader, owner, grant } = asked
  const releases = isList ? undefined : createReleases(reader.kemPublicKey, options.ports.random)
  const items = handTree(options.ports, { ...asked, names }, releases)
  const settle = async (): Promise<void> => void (await owner.space.record([]))
  const page = await walks.begin({ subject, items, settle }).catch((error: unknown) => {
    releases?.dispose()
    throw error
  })
  const key = releases === undefined ? {} : { key: releases.sealed }
  return encodeTreePage({ ...page, ...key, delegation: grant.delegation })
}

/** One decision and one use for all that comes; each thing is judged as it comes. */
async function write(
  options: AnsweringOptions,
  writings: Writings,
  question: WriteQuestion,
): Promise<Uint8Array> {
  const asked = await judged(options, question, { action: '/qnt/write' })
  const writing = writings.begin({
    subject: question.subject,
    async take(pieces, signal) {
      const report = await takeFor(asked, decodeItems(pieces), signal)
      // A new version of a file is its first one: what follows is passed over.
      for await (const _ of pieces) signal.throwIfAborted()
      return report
    },
  })
  return encodeWriting({ writing, delegation: asked.grant.delegation, name: asked.found.name })
}

/** Who asks is who signed, now and once, and may do what they ask. */
async function judged(
  options: AnsweringOptions,
  question: OpenQuestion | TreeQuestion | WriteQuestion,
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
  { nonce, atMs, subject }: OpenQuestion | TreeQuestion | WriteQuestion,
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
