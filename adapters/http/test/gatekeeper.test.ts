import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { createManualClock } from '@anarq/clock/testing'
import { Fault } from '@anarq/fault'
import type { Kernel } from '@anarq/kernel'
import { createSeededRandom } from '@anarq/random/testing'
import { createDevice, createKeyring, identityKey, signRequest } from '@anarq/squid'
import { createGatekeeper, Unproved } from '../src/gatekeeper.ts'

const clock = createManualClock(Date.UTC(2026, 5, 1))
const random = createSeededRandom(21)
const keyring = createKeyring({
  entropy: random.bytes(32),
  device: createDevice('laptop', random),
  clock,
  random,
})
const identity = keyring.open(keyring.current())
/** As much of a kernel as decides who is let in. */
const kernel = {
  operations: {
    account: { status: async () => ({ state: 'open', current: { did: identity.did } }) },
    identities: { list: async () => [{ did: identity.did, status: 'active' }] },
  },
  publicIdentity: () => identity.public(),
  guardian: { observe: () => {} },
} as unknown as Kernel

/** An upload whose signature names no digest, from there. */
function uploadFrom(remoteAddress: string): IncomingMessage {
  const url = '/api/v1/uploads/x?offset=0'
  const target = { method: 'PUT', targetUri: `http://node.example${url}`, headers: {} }
  const headers = {
    host: 'node.example',
    'content-length': '3',
    ...signRequest(target, identityKey(identity), { clock, random }),
  }
  return { method: 'PUT', url, headers, socket: { remoteAddress } } as unknown as IncomingMessage
}

test('a body whose digest is not signed is taken over loopback or TLS, on routes that say so, and from nowhere else', async () => {
  for (const [remoteAddress, isBehindTls, bodyMayBeUnbound, isTaken] of [
    ['127.0.0.1', false, true, true],
    ['::ffff:127.0.0.1', false, true, true],
    ['::1', false, true, true],
    ['192.168.1.7', true, true, true],
    ['192.168.1.7', false, true, false],
    ['::ffff:10.0.0.1', false, true, false],
    ['127.0.0.1', false, false, false],
    ['192.168.1.7', true, false, false],
  ] as const) {
    const gatekeeper = createGatekeeper({
      kernel,
      hosts: ['node.example'],
      host: '127.0.0.1',
      clock,
      isBehindTls,
      sessions: { isEnded: () => false },
    })
    const admitted = gatekeeper.admit(uploadFrom(remoteAddress), 'signed', {
      isAtSocket: false,
      bodyMayBeUnbound,
    })
    const what = `${remoteAddress} ${isBehindTls} ${bodyMayBeUnbound}`
    if (isTaken) assert.deepEqual((await admitted).digests, [], what)
    else await assert.rejects(admitted, (error) => codeOf(error) === 'refused.coverage', what)
  }
})

function codeOf(error: unknown): string | undefined {
  const fault = error instanceof Unproved ? error.fault : error
  return fault instanceof Fault ? fault.code : undefined
}
