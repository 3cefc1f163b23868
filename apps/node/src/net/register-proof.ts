import { fromBase64Url, toBase64Url } from '@anarq/bytes'
import { asFault, Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor, readArray, readBytes, readFields } from '@anarq/ipld'
import { type NodeId, textOfNodeId } from '@anarq/qnet'
import { baseOfSet, judgeState, ownSet } from '@anarq/qnet/discovery'
import {
  type Chain,
  drawElectors,
  electorsOf,
  encodeChain,
  extended,
  lastOf,
  parseReference,
  readChain,
  referenceOf,
  topicOf,
} from '@anarq/qnet/registers'
import {
  createCardReader,
  encodeProof,
  isProved,
  readProof,
  signingOf,
  type ViewProof,
  viewFor,
} from '@anarq/qnet/swarm'
import type { RegisterFacts, RegisterProof } from '@anarq/sdk'
import { placeRules, placeWorkBits } from './place-card.ts'
import { factsOfRegister } from './register-facts.ts'

/** What shows who its electors are: the certificate of their neighbourhood, or the state of the network that they were drawn from. */
export type ProofGround = { readonly view?: ViewProof | undefined; readonly state?: Uint8Array | undefined }

export type CheckedRegister = {
  readonly isValid: boolean
  readonly sentence: string
  readonly register?: RegisterFacts
  /** Whether it also shows that the electors are the neighbourhood at its home, or the committee that was drawn for it. */
  readonly hasGround?: boolean
}

const kind = 'anarq register proof'
const proofLettersMax = 4_000_000
const stateIdsMax = 8192
/** As discovery has it; whoever votes for a state is one of so many. */
const stateCommittee = 100
/** To check signatures nothing is signed. */
const { verify } = signingOf({ publicKey: new Uint8Array(32), sign: () => new Uint8Array(64) })

export function writeRegisterProof(chain: Chain, { view, state }: ProofGround): RegisterProof {
  const reference = referenceOf(chain)
  const bytes = encodeCbor([
    encodeChain(chain),
    view === undefined ? null : encodeProof(view),
    state === undefined ? null : state,
  ])
  return {
    reference,
    proof: JSON.stringify({ kind, v: 1, reference, bytes: toBase64Url(bytes) }, undefined, 2),
  }
}

/**
 * Checks a proof with nothing but what is in it: that the reference is the hash of what was founded, and that from there on every step,
 * up to the last version, was signed by more than two thirds of those whom the steps before it named.
 */
export function verifyRegisterProof(text: string, workBits: number = placeWorkBits): CheckedRegister {
  try {
    const { reference, chainRead, view, state } = readFile(text)
    const chain = extended(undefined, readChain(chainRead), { verify })
    if (chain === undefined || referenceOf(chain) !== reference || parseReference(reference).id.length === 0)
      throw new Fault('refused.register', 'It is the proof of another register than it says.')
    const last = lastOf(chain)
    if (last === undefined) throw new Fault('refused.register', 'It shows no version.')
    const register = factsOfRegister(chain, undefined)
    const hasGround = isGrounded(chain, view, state, workBits)
    return { isValid: true, sentence: sentenceOf(register, hasGround), register, hasGround }
  } catch (error) {
    const fault = asFault(error)
    const how = fault.code.startsWith('refused.') ? 'The proof does not hold' : 'The proof cannot be read'
    return { isValid: false, sentence: `${how}: ${fault.message}` }
  }
}

function readFile(text: string): {
  reference: string
  chainRead: unknown
  view: unknown
  state: Uint8Array | undefined
} {
  if (text.length > proofLettersMax) throw new Fault('limit.proof', 'This file is too large to be a proof.')
  const parsed = readFields(readJson(text), ['kind', 'v', 'reference', 'bytes'], 'A proof')
  const { reference, bytes } = parsed
  if (parsed.kind !== kind || parsed.v !== 1 || typeof reference !== 'string' || typeof bytes !== 'string')
    throw new Fault('invalid.proof', 'This file is not the proof of a register.')
  const [chainRead, view, state] = readArray(decodeCbor(fromBase64Url(bytes)), 'A proof', { max: 3 })
  return {
    reference,
    chainRead,
    view: view ?? undefined,
    state: state === null ? undefined : readBytes(state, 'A state', { max: 1_000_000 }),
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Fault('invalid.proof', 'This file is not the proof of a register.')
  }
}

function isGrounded(chain: Chain, view: unknown, state: Uint8Array | undefined, workBits: number): boolean {
  const { class: of, home } = chain.descriptor
  const electors = electorsOf(chain).map(({ id }) => id)
  if (of === 'protected' && view !== undefined) {
    const proof = readProof(view, createCardReader(placeRules(workBits)))
    const members = new Set(viewFor(proof.views, home)?.members.map(({ id }) => id))
    if (!isProved(proof, '', { verify }))
      throw new Fault('refused.register', 'The neighbourhood that it shows is not proved.')
    return electors.every((id) => members.has(id))
  }
  if (of === 'public' && state !== undefined) {
    const drawn = committeeIn(state, chain)
    return electors.length === drawn.size && electors.every((id) => drawn.has(id))
  }
  return false
}

/** Who would decide, by a state that two thirds of its own relays signed: whether the network had that state, its relays know. */
function committeeIn(state: Uint8Array, chain: Chain): ReadonlySet<NodeId> {
  const known = ['v', 'period', 'round', 'ids', 'came', 'link', 'lot', 'votes'] as const
  const fields = readFields(decodeCbor(state), known, 'A state')
  const relays = new Set(
    readArray(fields.ids, 'Its relays', { max: stateIdsMax }).map((id) =>
      textOfNodeId(readBytes(id, 'A relay', { length: 32 })),
    ),
  )
  const nobody = baseOfSet(ownSet([]))
  const judged = judgeState(state, { committeeSize: stateCommittee, baseOf: () => nobody, relays })
  if (judged === undefined) return new Set()
  return new Set(drawElectors(judged, topicOf(chain.descriptor)))
}

function sentenceOf({ class: of, versions, electors, quorum }: RegisterFacts, hasGround: boolean): string {
  const [last] = versions
  const said = `The proof holds: version ${last?.version ?? 0} of this ${of} register was written by ${last?.writer ?? ''}`
  if (of === 'private') return `${said}, its owner, and by nobody else's leave.`
  const signed = `${said}, and ${last?.signers.length ?? 0} of ${last?.of ?? 0} nodes signed it.`
  const who = of === 'protected' ? 'the neighbourhood at its home' : 'the committee drawn for it'
  const ground = hasGround
    ? `Those who decide next (${quorum} of ${electors.length}) are shown to be of ${who}.`
    : `That those who decide next are ${who} is not shown.`
  return `${signed} ${ground}`
}
