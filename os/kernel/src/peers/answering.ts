import { toBase64Url } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { receiveSigned, requestAccess } from '@anarq/flows'
import { parseCid } from '@anarq/ipld'
import type { Guardian } from '@anarq/qerberos'
import type { ReplayPort } from '@anarq/squid'
import type { Directory } from '../directory.ts'
import type { Found } from '../drive/resolve.ts'
import type { Office } from '../office.ts'
import type { KernelPorts } from '../ports.ts'
import { judge, parsedPing, requestOf } from '../sharing/asking.ts'
import { handOver } from '../sharing/opening.ts'
import {
  encodeBlockAnswer,
  encodeOpenAnswer,
  encodeRefusal,
  type OpenQuestion,
  parseQuestion,
} from './messages.ts'

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
}

/** Answers other nodes. Never throws: whatever goes wrong is an answer too. */
export function createAnswering(options: AnsweringOptions): (question: Uint8Array) => Promise<Uint8Array> {
  return async (bytes) => {
    try {
      const question = parseQuestion(bytes)
      return question.ask === 'block' ? await giveBlock(options, question.cid) : await open(options, question)
    } catch (error) {
      return encodeRefusal(error)
    }
  }
}

/** Sealed blocks are given to whoever knows their name, as the gateway does. */
async function giveBlock({ ports }: AnsweringOptions, cid: string): Promise<Uint8Array> {
  const block = await ports.blocks.get(parseCid(cid))
  if (block === undefined) throw new Fault('missing.block', 'This node does not have that block.')
  return encodeBlockAnswer(block)
}

async function open(options: AnsweringOptions, question: OpenQuestion): Promise<Uint8Array> {
  const { ports, guardian, directory, isOpen, officeOf } = options
  if (!isOpen())
    throw new Fault(
      'unavailable.owner',
      'The node of its owner is locked. Ask them to unlock it, and try again.',
    )
  const { ping } = parsedPing(question.ping, directory)
  const owner = await officeOf(ping.owner)
  const subject = directory.find(question.subject)
  // Somebody unknown learns no more than somebody who was not given anything.
  if (owner === undefined || subject === undefined)
    throw new Fault('missing.object', 'What this ping file names is not there any more. Ask its owner.')
  checkFresh(options, question)
  const { purpose, module, nonce, atMs } = question
  const request = requestOf(subject.did, ping, { action: '/qnt/read', purpose, module }, 'network')
  const requested = requestAccess(guardian, request, { nonce, atMs })
  const signed = receiveSigned(requested, question.signature)
  const reader = { did: subject.did, kemPublicKey: subject.kemKey }
  const asked = await judge({ directory, ports }, { owner, reader, ping, signed, check: mustBeFileHere })
  const { flow } = asked.authorised
  try {
    const keep: Parameters<typeof handOver>[2]['keep'] = (entry) => owner.space.record([entry])
    const handed = await handOver(ports, asked, { found: asked.found, flow, keep })
    flow.end('ok')
    const cid = handed.version.cid.toString()
    return encodeOpenAnswer({ ...handed, cid, delegation: asked.grant.delegation })
  } catch (error) {
    flow.end('failed')
    throw error
  }
}

function mustBeFileHere({ kind, name }: Found): void {
  if (kind === 'folder')
    throw new Fault(
      'refused.folder',
      `${name} is a folder, and only files open from another node so far. Ask its owner to share the files in it.`,
    )
}

function checkFresh({ ports, replay }: AnsweringOptions, { nonce, atMs, subject }: OpenQuestion): void {
  const nowMs = ports.clock.nowMs()
  if (Math.abs(nowMs - atMs) > skewMsMax)
    throw new Fault(
      'refused.expired',
      'The clocks of the two machines are more than five minutes apart, or this request is old. Set the clock, and try again.',
    )
  if (!replay.remember(`${subject} ${toBase64Url(nonce)}`, atMs + 2 * skewMsMax))
    throw new Fault('refused.replay', 'This request came before. Make a new one.')
}
