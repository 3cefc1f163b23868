/**
 * What every policy engine, use counter and status store does. An adapter proves itself in a line each:
 * `testPolicies('Cedar', async () => ({ policies: createCedar(), close: async () => {} }))`.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Cid, cborCodec, cidOfDigest } from '@anarq/ipld'
import { signatureBytes } from '@anarq/qlock'
import {
  type StatusFields,
  type StatusPort,
  type StatusSnapshot,
  sealStatus,
  type UsesPort,
} from './index.ts'

export { testPolicies } from './policies/testing.ts'

type Opened<T> = T & { close(): Promise<void> }

const alice = 'did:peer:4zAlice'
const bob = 'did:peer:4zBob'

export function testUses(name: string, open: () => Promise<Opened<{ uses: UsesPort }>>): void {
  const claim = claims(name, open)

  claim('what was never used was used 0 times', async ({ uses }) => {
    assert.equal(await uses.usesOf(cidOf(1)), 0)
  })

  claim('uses are counted for each delegation, up to its limit', async ({ uses }) => {
    const limit = { cid: cidOf(1), usesMax: 2 }
    assert.equal(await uses.take([limit]), undefined)
    assert.equal(await uses.take([limit]), undefined)
    assert.ok((await uses.take([limit]))?.equals(limit.cid))
    assert.equal(await uses.usesOf(cidOf(1)), 2)
    assert.equal(await uses.usesOf(cidOf(2)), 0)
  })

  claim('several delegations are counted together or not at all', async ({ uses }) => {
    const wide = { cid: cidOf(1), usesMax: 5 }
    const narrow = { cid: cidOf(2), usesMax: 1 }
    assert.equal(await uses.take([wide, narrow]), undefined)
    assert.ok((await uses.take([wide, narrow]))?.equals(narrow.cid))
    assert.equal(await uses.usesOf(wide.cid), 1)
  })

  claim('AQ-QONSENT-4: of many uses at once, exactly as many pass as are left', async ({ uses }) => {
    const shared = { cid: cidOf(1), usesMax: 3 }
    const takes = Array.from({ length: 20 }, (_, at) =>
      uses.take([shared, { cid: cidOf(10 + at), usesMax: 1 }]),
    )
    const passed = (await Promise.all(takes)).filter((usedUp) => usedUp === undefined)
    assert.equal(passed.length, 3)
    assert.equal(await uses.usesOf(shared.cid), 3)
  })
}

export function testStatus(name: string, open: () => Promise<Opened<{ status: StatusPort }>>): void {
  const claim = claims(name, open)

  claim('an issuer that never said anything has no snapshot', async ({ status }) => {
    assert.equal(await status.snapshotOf(alice), undefined)
  })

  claim('the newest snapshot of each issuer is kept whole', async ({ status }) => {
    const first = snapshotOf(alice, { sequence: 1, revoked: [cidOf(1)] })
    const second = snapshotOf(alice, { sequence: 7, revoked: [cidOf(2)], previous: first })
    const other = snapshotOf(bob, { sequence: 3, revoked: [] })
    for (const snapshot of [first, second, second, other]) assert.ok((await status.accept(snapshot)).ok)
    const kept = await status.snapshotOf(alice)
    assert.ok(kept?.cid.equals(second.cid))
    assert.deepEqual(
      [1, 2, 3].map((at) => kept?.isRevoked(cidOf(at))),
      [true, true, false],
    )
    assert.equal((await status.snapshotOf(bob))?.sequence, 3)
  })

  claim(
    'an older snapshot, another of the same sequence, and one that forgets are refused',
    async ({ status }) => {
      const known = snapshotOf(alice, { sequence: 5, revoked: [cidOf(1)] })
      assert.ok((await status.accept(known)).ok)
      for (const [next, code] of [
        [snapshotOf(alice, { sequence: 4, revoked: [cidOf(1), cidOf(2)] }), 'refused.rollback'],
        [snapshotOf(alice, { sequence: 5, revoked: [cidOf(1), cidOf(2)] }), 'refused.forked-status'],
        [snapshotOf(alice, { sequence: 6, revoked: [cidOf(2)] }), 'refused.forked-status'],
      ] as const) {
        const outcome = await status.accept(next)
        assert.ok(!outcome.ok)
        assert.equal(outcome.fault.code, code)
      }
      assert.ok((await status.snapshotOf(alice))?.cid.equals(known.cid))
    },
  )

  claim('of two that follow at once, at most one of a sequence is kept', async ({ status }) => {
    const rivals = [1, 2, 3, 4].map((at) => snapshotOf(alice, { sequence: 1, revoked: [cidOf(at)] }))
    const outcomes = await Promise.all(rivals.map((rival) => status.accept(rival)))
    assert.equal(outcomes.filter(({ ok }) => ok).length, 1)
    const kept = await status.snapshotOf(alice)
    assert.ok(rivals[outcomes.findIndex(({ ok }) => ok)]?.cid.equals(kept?.cid))
  })
}

function snapshotOf(did: string, fields: Omit<StatusFields, 'atMs' | 'maxStaleMs'>): StatusSnapshot {
  const sign = (): Uint8Array => new Uint8Array(signatureBytes)
  return sealStatus({ atMs: 1_800_000_000_000, maxStaleMs: 60_000, ...fields }, { did, sign })
}

function cidOf(seed: number): Cid {
  return cidOfDigest(cborCodec, new Uint8Array(32).fill(seed))
}

/** Each claim gets an implementation of its own, closed whatever happens. */
function claims<T>(name: string, open: () => Promise<Opened<T>>) {
  return (title: string, run: (opened: Opened<T>) => void | Promise<void>): void => {
    test(`${name}: ${title}`, async () => {
      const opened = await open()
      try {
        await run(opened)
      } finally {
        await opened.close()
      }
    })
  }
}
