import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { decodeCbor, encodeCbor } from '@anarq/ipld'
import { type Chain, encodeChain, extended, type RegisterClass, readChain } from '@anarq/qnet/registers'
import fc from 'fast-check'
import { create, createWorld, type Peer, run } from './net.ts'

const settings = { workBits: { private: 2, protected: 2, public: 2 } }

function madeOf(kind: RegisterClass): { chain: Chain; peer: Peer } {
  const world = createWorld({ seed: 41, size: 4, settings })
  const [owner] = world.peers as [Peer]
  const { id } = create(world, owner, kind, 'one')
  run(world, (then) => owner.faces[0]?.change({ id, value: fromUtf8('two'), key: owner.key }, then))
  return { chain: owner.faces[0]?.held(id) as Chain, peer: owner }
}

for (const kind of ['private', 'protected', 'public'] as const)
  test(`[SW-CON-5] a ${kind} register with one bit of it changed is refused, whichever bit it is`, () => {
    const { chain, peer } = madeOf(kind)
    const bytes = encodeCbor(encodeChain(chain))
    assert.ok(extended(undefined, readChain(decodeCbor(bytes)), peer.signing))
    fc.assert(
      fc.property(fc.integer({ min: 0, max: bytes.length * 8 - 1 }), (bit) => {
        const changed = bytes.slice()
        changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
        let read: Chain | undefined
        try {
          read = extended(undefined, readChain(decodeCbor(changed)), peer.signing)
        } catch (error) {
          assert.ok(error instanceof Fault, String(error))
          assert.notEqual(error.code, 'internal.unexpected')
          return
        }
        // What is another register by another name has nothing to do with this one.
        assert.notDeepEqual(read?.id, chain.id)
        assert.equal(kind === 'private' ? undefined : read, undefined)
      }),
      { seed: 6, numRuns: 400 },
    )
  })

test('the class of a register cannot be changed: under another one its name is another', () => {
  const { chain, peer } = madeOf('protected')
  const [descriptor, ...rest] = encodeChain(chain) as [unknown[], ...unknown[]]
  for (const kind of ['private', 'public']) {
    const other = [descriptor.with(1, kind), ...rest]
    assert.throws(() => {
      const read = extended(undefined, readChain(decodeCbor(encodeCbor(other))), peer.signing)
      assert.notDeepEqual(read?.id, chain.id)
    }, Fault)
  }
})

test('no message, whatever is in it, makes a node throw or take more than it was shown to be', () => {
  const { peer } = madeOf('protected')
  const before = [...(peer.faces[0]?.all() ?? [])].length
  const anything = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: 'small' },
      fc.constant(null),
      fc.integer({ min: -3, max: 3 }),
      fc.constantFrom(
        'private',
        'protected',
        'public',
        'prepare',
        'commit',
        'enter',
        'propose',
        'vote',
        'set',
        'move',
      ),
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ minLength: 32, maxLength: 32 }),
      fc.boolean(),
      fc.array(tie('value'), { maxLength: 8 }),
    ),
  })).value
  const kinds = fc.constantFrom('offer', 'agree', 'state', 'have', 'number?', 'get', 'answer', 'other')
  fc.assert(
    fc.property(kinds, fc.array(anything, { maxLength: 7 }), (kind, body) => {
      peer.faces[0]?.receive('somebody' as Peer['id'], encodeCbor([kind, ...body]))
    }),
    { seed: 7, numRuns: 3000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      peer.faces[0]?.receive('somebody else' as Peer['id'], bytes)
    }),
    { seed: 8, numRuns: 1000 },
  )
  assert.equal([...(peer.faces[0]?.all() ?? [])].length, before)
  assert.deepEqual(
    peer.blamed.filter((code) => code.startsWith('internal.')),
    [],
  )
})
