import assert from 'node:assert/strict'
import { test } from 'node:test'
import { concatBytes } from '@anarq/bytes'
import * as face from '@anarq/qerberos'
import {
  createFramePlaces,
  createMemoryLog,
  encodeFrame,
  frameBody,
  frameHeaderBytes,
  missingFrame,
  parseFrame,
  unreadableFrame,
} from '@anarq/qerberos'
import { testLogStore } from '@anarq/qerberos/testing'
import fc from 'fast-check'

testLogStore('memory log', async () => {
  const state = { entries: [], leaves: [], head: undefined }
  return {
    store: createMemoryLog(state),
    reopen: async () => createMemoryLog(state),
    close: async () => {},
  }
})

test('a frame gives back its number and body, wherever it lies', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 2 ** 53 - 1 }),
      fc.uint8Array({ maxLength: 200 }),
      fc.uint8Array({ maxLength: 20 }),
      (number, body, before) => {
        const bytes = concatBytes(before, encodeFrame(number, body), before)
        const frame = parseFrame(bytes, before.length)
        assert.deepEqual(frame, { number, bodyBytes: body.length })
        assert.deepEqual(frame && frameBody(bytes, before.length, frame), body)
      },
    ),
  )
  assert.throws(() => encodeFrame(0, new Uint8Array(1024 * 1024 + 1)), { code: 'limit.entry' })
})

test('any flipped byte of a frame is noticed, in its header or in its body', () => {
  const whole = encodeFrame(77, new Uint8Array(40).fill(5))
  for (let at = 0; at < whole.length; at += 1) {
    for (const bit of [1, 0x80]) {
      const bytes = whole.slice()
      bytes[at]! ^= bit
      const frame = parseFrame(bytes, 0)
      if (at < frameHeaderBytes) assert.equal(frame, undefined, `byte ${at}`)
      else assert.equal(frame && frameBody(bytes, 0, frame), undefined, `byte ${at}`)
    }
  }
  const frame = parseFrame(whole, 0)
  assert.equal(frame && frameBody(whole.subarray(0, -1), 0, frame), undefined)
})

test('frames are placed by their numbers, and what is not as it should be is said', () => {
  const places = createFramePlaces(5)
  places.found(0, 0, 0)
  places.found(2, 100, 40)
  places.found(4, 200, 0)
  places.found(3, 300, 0)
  places.found(0, 400, 0)
  places.found(900_000, 500, 0)
  places.found(5, 600, 9)
  assert.deepEqual(places.starts, [0, unreadableFrame, 100, 300, 200, 600])
  assert.deepEqual(
    places.damage.map(({ sentence }) => sentence),
    [
      'Entry 3 lies out of its place, at byte 300.',
      'Entry 0 lies there twice, at byte 400.',
      'What lies at byte 500 says it is entry 900000; there were never so many.',
      '9 bytes before byte 600 belong to no entry.',
    ],
  )
  const cut = createFramePlaces(2)
  assert.ok(cut.endsBadly())
  assert.deepEqual(cut.starts, [unreadableFrame, unreadableFrame])
  assert.ok(!cut.endsBadly())
  cut.written(3, 10)
  assert.deepEqual(cut.starts, [unreadableFrame, unreadableFrame, missingFrame, 10])
})

test('the face of the package is this', () => {
  assert.deepEqual(Object.keys(face).sort(), [
    'auditReceiptBytesMax',
    'charge',
    'countEvent',
    'createAuditLog',
    'createFramePlaces',
    'createGuardian',
    'createMemoryLog',
    'defaultRules',
    'encodeFrame',
    'entryBytesMax',
    'entryOfAlert',
    'flowPaths',
    'frameBody',
    'frameHeaderBytes',
    'guardianLimits',
    'headFromJson',
    'headToJson',
    'leafBytes',
    'levelOf',
    'missingFrame',
    'nextMagic',
    'noRisk',
    'parseFrame',
    'parseRules',
    'scoreAt',
    'trailDigest',
    'unreadableFrame',
    'usualLimit',
    'verifyAuditChain',
    'verifyAuditConsistency',
    'verifyAuditProof',
    'verifyHead',
  ])
})
