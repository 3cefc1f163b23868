import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Peer } from '../ui/context.ts'
import { inOrder, invitationIn } from '../ui/logic/peers.ts'

const peer = (id: string, facts: Partial<Peer>): Peer => ({
  id,
  standing: 'claimed',
  addresses: [],
  roles: [],
  sinceMs: 0,
  isLinked: false,
  ...facts,
})

test('whom we are linked to stands first, the nearest on top, and mere claims last', () => {
  const peers = [
    peer('e', {}),
    peer('d', { standing: 'answered', latencyMs: 1 }),
    peer('c', { standing: 'verified', latencyMs: 90 }),
    peer('b', { isLinked: true, standing: 'answered', latencyMs: 40 }),
    peer('a', { isLinked: true, standing: 'verified', latencyMs: 50 }),
  ]
  assert.deepEqual(
    inOrder(peers).map(({ id }) => id),
    ['b', 'a', 'c', 'd', 'e'],
  )
})

test('an invitation is found in what was pasted, whatever stands around it', () => {
  assert.equal(invitationIn('  anarq:AbC_-9\n'), 'anarq:AbC_-9')
  assert.equal(invitationIn('Come: anarq:AbC_-9, see you'), 'anarq:AbC_-9')
  for (const text of ['', 'anarq:', 'https://example.org', 'anarq: AbC'])
    assert.equal(invitationIn(text), undefined)
})
