import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromHex, fromUtf8, toHex, toUtf8 } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'
import { nodeIdOf } from '@anarq/qnet'
import type { LinkIdentity } from '@anarq/qnet/link'
import { readMessagePart, readStreamPart, writeMessageHead } from '../../src/link/frame.ts'
import { FrameOpener, FrameSealer } from '../../src/link/frames.ts'
import { type Established, LinkHandshake } from '../../src/link/handshake.ts'
import { makeOffer, takeAnswer } from '../../src/link/rekey.ts'

type Side = {
  readonly nodeSeed: string
  readonly agreementSecret: string
  readonly nodeId: string
  readonly ephemeralSecret: string
  readonly kemSeed: string
}
type Vectors = {
  readonly network: string
  readonly initiator: Side
  readonly responder: Side
  readonly handshake: readonly [string, string, string]
  readonly hash: string
  readonly root: string
  readonly frames: readonly { readonly what: string; readonly bytes: string }[]
  readonly rekey: Pick<Side, 'ephemeralSecret' | 'kemSeed'> &
    Readonly<Record<'offer' | 'answer' | 'root' | 'frame', string>>
}

const file = new URL('../../../../docs/formats/qnet-link-vectors.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vectors

test('the handshake of docs/formats/qnet.md is the one that is spoken', () => {
  const { hash, keys } = established()
  assert.equal(toHex(hash), vectors.hash)
  assert.equal(toHex(keys.root), vectors.root)
})

test('the frames of docs/formats/qnet.md open to what they say', () => {
  const { keys } = established()
  const openers = [new FrameOpener(keys.fromInitiator), new FrameOpener(keys.fromResponder)] as const
  const [message, stream, ping] = vectors.frames.map(({ bytes }, i) =>
    openers[i < 2 ? 0 : 1].open(fromHex(bytes)),
  )
  assert.equal(toUtf8(readMessagePart(message!.body)!.data), 'hello')
  const part = readStreamPart(stream!.body)!
  assert.deepEqual([stream!.id, toUtf8(part.data), part.offset, part.isLast], [1, 'hello', 0, true])
  assert.deepEqual([ping!.id, toHex(ping!.body)], [1, '0001020304050607'])
})

test('the fresh exchange of docs/formats/qnet.md gives the keys that stand there', () => {
  const { keys } = established()
  const { rekey } = vectors
  const offer = makeOffer(drawing(rekey.ephemeralSecret, rekey.kemSeed))
  assert.equal(toHex(offer.message), rekey.offer)
  const next = takeAnswer(offer, fromHex(rekey.answer), keys.root)!
  assert.equal(toHex(next.root), rekey.root)
  const sealer = new FrameSealer(next.fromInitiator)
  const frame = { type: 0x24, id: 0, pieces: [writeMessageHead(true, true), fromUtf8('hello')] }
  assert.equal(toHex(sealer.seal(frame)), rekey.frame)
})

function established(): Established {
  const { initiator, responder, handshake } = vectors
  const peer = identityOf(responder)
  const link = new LinkHandshake({
    identity: identityOf(initiator),
    target: { node: nodeIdOf(peer.node.publicKey), agreementKey: peer.agreement.publicKey },
    network: fromHex(vectors.network),
    random: drawing(initiator.ephemeralSecret, initiator.kemSeed),
  })
  assert.equal(nodeIdOf(peer.node.publicKey), responder.nodeId)
  assert.equal(toHex(link.start()), handshake[0])
  const step = link.receive(fromHex(handshake[1]))
  assert.equal(toHex(step!.reply!), handshake[2])
  return step!.established!
}

function identityOf({ nodeSeed, agreementSecret }: Side): LinkIdentity {
  return {
    node: primitives.ed25519Key(fromHex(nodeSeed)),
    agreement: primitives.x25519Key(fromHex(agreementSecret)),
  }
}

function drawing(...values: readonly string[]) {
  const left = [...values]
  return { bytes: () => fromHex(left.shift()!) }
}
