import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as qompress from '@anarq/qompress'

test('the package exports these names and no others', () => {
  assert.deepEqual(Object.keys(qompress).sort(), [
    'addLock',
    'chunkBytesAverage',
    'chunkBytesMax',
    'chunkBytesMin',
    'chunksOf',
    'countFrame',
    'createChunker',
    'createLock',
    'createTransforms',
    'deriveLockKey',
    'describeSaving',
    'frameHeaderBytesMax',
    'lockOverheadBytes',
    'looksCompressible',
    'losslessTransforms',
    'noFrames',
    'openFrame',
    'openLock',
    'packFrame',
    'packFrameParts',
    'readFrameHeader',
    'savingOf',
  ])
})
