import {
  type Checked,
  check,
  type EnvelopeOwner,
  type EnvelopeRequest,
  type NamedBytes,
  register,
  type Sealed,
  type Sealer,
} from '@anarq/flows'
import { cborCodec, cidOfDigest } from '@anarq/ipld'
import { type Change, versionField } from '@anarq/qindex'
import type { Space } from '../space.ts'

/** A file whose place is known, and which still needs its envelope. */
export type Placed = {
  readonly sealed: Sealed
  readonly request: EnvelopeRequest
  /** Without the version that the envelope makes. */
  readonly change: Change
}

/** Has envelopes sealed beside this thread, in batches, and registers and checks what comes back. */
export type Envelopes = {
  add(placed: Placed): void
  /** All that was added since the last call, in that order. */
  drain(): Promise<readonly Checked[]>
}

/** For whom envelopes of this space are sealed. */
export function ownerOf({
  did,
  identity: { secrets, record },
}: Pick<Space, 'did' | 'identity'>): EnvelopeOwner {
  return { did, kek: secrets.kek, epoch: record.epoch }
}

/** So many go to the sealer in one message. */
const atOnce = 128

export function createEnvelopes(
  sealer: Pick<Sealer, 'sealEnvelopes'>,
  owner: EnvelopeOwner,
  savedMs: number,
): Envelopes {
  let waiting: Placed[] = []
  let sealing: Promise<Checked[]>[] = []

  function seal(): void {
    if (waiting.length === 0) return
    const batch = waiting
    waiting = []
    const requests = batch.map(({ request }) => request)
    const checked = sealer
      .sealEnvelopes(requests, owner)
      .then((named) => batch.map((placed, i) => checkOne(placed, named[i] as NamedBytes, savedMs)))
    // `drain` awaits it; until then a rejection has its handler here.
    checked.catch(() => {})
    sealing.push(checked)
  }

  return {
    add(placed) {
      waiting.push(placed)
      if (waiting.length >= atOnce) seal()
    },
    async drain() {
      seal()
      const all = sealing
      sealing = []
      return (await Promise.all(all)).flat()
    },
  }
}

function checkOne(
  { sealed, request, change }: Placed,
  { bytes, digest }: NamedBytes,
  savedMs: number,
): Checked {
  const cid = cidOfDigest(cborCodec, digest)
  const { file, body } = sealed
  const version = {
    cid,
    bytes: body.plainBytes,
    storedBytes: body.storedBytes,
    modifiedMs: file.modifiedMs,
    savedMs,
    type: request.metadata.type,
    root: request.body.digest,
  }
  const set = { ...change.set, [versionField(request.sequence, cid)]: version }
  return check(register(sealed, { cid, bytes }, { ...change, set }))
}
