import { equalBytes } from '@anarq/bytes'
import { hashBlake3 } from '@anarq/qlock'
import type { NodeId } from '@anarq/qnet'
import {
  custodyAnswer,
  custodyDigestsMax,
  custodyNonceBytes,
  readCustody,
  type SignedCustody,
  signCustody,
} from '@anarq/qnet/branch'
import type { Store } from '@anarq/qnet/swarm'
import type { Ground } from '../ground.ts'
import type { BranchMessage } from './messages.ts'

type Prove = Extract<BranchMessage, { kind: 'prove' }>
type Proved = Extract<BranchMessage, { kind: 'proved' }>

/** Members tell each other, signed, what they have on their disks. */
export type CustodyRoom = {
  /** What these nodes say of these blocks; who does not answer, or cannot show that it has them, says nothing. */
  ask(
    nodes: readonly NodeId[],
    digests: readonly Uint8Array[],
    get: (digest: Uint8Array) => Promise<Uint8Array | undefined>,
  ): Promise<readonly SignedCustody[]>
  onProve(from: NodeId, asked: Prove): void
  onProved(from: NodeId, answer: Proved): void
  end(): void
}

export type CustodyOptions = {
  readonly ground: Pick<Ground, 'keys' | 'world'>
  readonly branch: string
  readonly store: Pick<Store, 'get'>
  send(to: NodeId, message: BranchMessage): void
}

/** Who is gone is waited for no longer; a disk may take its time for each block. */
const answerMs = 3_000
const answerMsPerBlock = 100
/** Of one member at a time, so that nobody is kept busy reading. */
const workingMax = 2

export function createCustodyRoom({ ground, branch, store, send }: CustodyOptions): CustodyRoom {
  const { keys, world } = ground
  const waiting = new Map<number, { readonly from: NodeId; then(answer: Proved | undefined): void }>()
  const working = new Map<NodeId, number>()
  let number = 0
  let isOver = false

  const read = (digest: Uint8Array): Promise<Uint8Array | undefined> =>
    new Promise((resolve) => store.get(digest, resolve))

  async function prove(from: NodeId, { number: asked, nonce, digests }: Prove): Promise<void> {
    const held: Uint8Array[] = []
    const answers: Uint8Array[] = []
    for (const digest of digests) {
      const bytes = await read(digest)
      if (bytes === undefined || !equalBytes(hashBlake3(bytes), digest)) continue
      held.push(digest)
      answers.push(custodyAnswer(nonce, bytes))
    }
    if (isOver) return
    const atMs = world.clock.nowMs()
    const custody = { branch, nodeKey: keys.publicKey, atMs, nonce, digests: held }
    const { body, signature } = signCustody(custody, keys.signing.sign)
    send(from, { kind: 'proved', number: asked, body, signature, answers })
  }

  const askOne = (
    to: NodeId,
    nonce: Uint8Array,
    digests: readonly Uint8Array[],
  ): Promise<Proved | undefined> =>
    new Promise((resolve) => {
      number = (number + 1) >>> 0
      const asked = number
      const then = (answer: Proved | undefined): void => {
        waiting.delete(asked)
        stop()
        resolve(answer)
      }
      const stop = world.after(answerMs + digests.length * answerMsPerBlock, () => then(undefined))
      waiting.set(asked, { from: to, then })
      send(to, { kind: 'prove', number: asked, nonce, digests })
    })

  return {
    async ask(nodes, digests, get) {
      const statements: SignedCustody[] = []
      for (let at = 0; at < digests.length; at += custodyDigestsMax) {
        const batch = digests.slice(at, at + custodyDigestsMax)
        const nonce = world.random.bytes(custodyNonceBytes)
        const expected = new Map<string, Uint8Array>()
        for (const digest of batch) {
          const bytes = await get(digest)
          if (bytes !== undefined) expected.set(digest.toHex(), custodyAnswer(nonce, bytes))
        }
        const own = batch.filter((digest) => expected.has(digest.toHex()))
        const atMs = world.clock.nowMs()
        const said = { branch, nodeKey: keys.publicKey, atMs, nonce, digests: own }
        statements.push(signCustody(said, keys.signing.sign))
        const answers = await Promise.all(nodes.map((node) => askOne(node, nonce, batch)))
        for (const answer of answers)
          if (answer !== undefined && isShown(answer, nonce, expected)) statements.push(answer)
      }
      return statements.map(({ body, signature }) => ({ body, signature }))
    },
    onProve(from, asked) {
      const now = working.get(from) ?? 0
      if (now >= workingMax) return
      working.set(from, now + 1)
      void prove(from, asked).finally(() => {
        const left = (working.get(from) ?? 1) - 1
        if (left === 0) working.delete(from)
        else working.set(from, left)
      })
    },
    onProved(from, answer) {
      const asked = waiting.get(answer.number)
      if (asked?.from === from) asked.then(answer)
    },
    end() {
      isOver = true
      for (const { then } of [...waiting.values()]) then(undefined)
    },
  }
}

/** It is signed, for this nonce, and each block that it names was read for it. */
function isShown(answer: Proved, nonce: Uint8Array, expected: ReadonlyMap<string, Uint8Array>): boolean {
  try {
    const custody = readCustody(answer)
    return (
      equalBytes(custody.nonce, nonce) &&
      custody.digests.length > 0 &&
      custody.digests.length === answer.answers.length &&
      custody.digests.every((digest, at) => {
        const right = expected.get(digest.toHex())
        return right !== undefined && equalBytes(right, answer.answers[at] as Uint8Array)
      })
    )
  } catch {
    return false
  }
}
