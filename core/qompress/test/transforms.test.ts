import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@anarq/fault'
import {
  createTransforms,
  losslessTransforms,
  packFrame,
  type Transform,
  type TransformRecord,
} from '@anarq/qompress'
import fc from 'fast-check'
import { collect, inPieces, join, kib, noise, prose } from './data.ts'

const transforms = createTransforms()
const pieces = fc.array(fc.integer({ min: 1, max: 70_000 }), { minLength: 1, maxLength: 6 })
const chains = [
  [],
  ['delta-16'],
  ['delta-32'],
  ['shuffle-4'],
  ['delta-32', 'shuffle-4'],
  ['shuffle-4', 'delta-16'],
]

const halve: Transform = {
  id: 'halve',
  version: 1,
  isLossless: false,
  async *apply(source) {
    for await (const piece of source) yield piece.filter((_, i) => i % 2 === 0)
  },
}

test('AQ-QOMPRESS-6: undoing what the record says gives back every byte, for every transform and every split', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...chains),
      fc.oneof(fc.nat(40), fc.nat(150_000)),
      pieces,
      pieces,
      async (ids, length, first, second) => {
        const plain = noise(length, length + 5)
        const applied = await join(transforms.apply(ids, inPieces(plain, first)))
        assert.equal(applied.length, length)
        assert.deepEqual(
          await join(transforms.undo(transforms.recordsOf(ids), inPieces(applied, second))),
          plain,
        )
      },
    ),
    { numRuns: 60 },
  )
})

test('what a transform gives does not depend on the pieces in which its input arrives', async () => {
  const plain = noise(70_003)
  for (const ids of chains) {
    const whole = await join(transforms.apply(ids, inPieces(plain, [plain.length])))
    for (const lengths of [[1, 2, 3, 5, 64 * kib], [64 * kib - 1], [77]])
      assert.deepEqual(await join(transforms.apply(ids, inPieces(plain, lengths))), whole)
  }
})

test('the transforms give these bytes', async () => {
  const cases: [id: string, plain: number[], applied: number[]][] = [
    ['delta-16', [1, 0, 3, 0, 2, 0, 9], [1, 0, 2, 0, 0xff, 0xff, 9]],
    ['delta-16', [0, 0x80, 0xff, 0x7f], [0, 0x80, 0xff, 0xff]],
    ['delta-32', [5, 0, 0, 0, 4, 0, 0, 0, 7, 8, 9], [5, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 7, 8, 9]],
    ['shuffle-4', [1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 2, 6, 3, 7, 4, 8, 9]],
    ['shuffle-4', [1, 2, 3], [1, 2, 3]],
  ]
  for (const [id, plain, applied] of cases)
    assert.deepEqual(
      [...(await join(transforms.apply([id], inPieces(Uint8Array.from(plain), [3]))))],
      applied,
    )
})

test('the input of a transform is left as it was', async () => {
  const plain = noise(1000)
  async function* itself(): AsyncGenerator<Uint8Array, void, undefined> {
    yield plain
  }
  for (const id of transforms.ids()) await collect(transforms.apply([id], itself()))
  assert.deepEqual(plain, noise(1000))
})

test('AQ-QOMPRESS-6: for the smallest size, the transforms that help are chosen and recorded, and none where none helps', async () => {
  const readings = sensorReadings(64 * kib)
  const ids = await transforms.choose(readings)
  assert.deepEqual(
    transforms.recordsOf(ids),
    ids.map((id) => ({ id, version: 1 })),
  )
  const applied = await join(transforms.apply(ids, inPieces(readings, [5000])))
  assert.ok(packFrame(applied).length < 0.6 * packFrame(readings).length, ids.join())
  assert.deepEqual(await transforms.choose(prose(64 * kib)), [])
  assert.deepEqual(await transforms.choose(noise(64 * kib)), [])
  assert.deepEqual(await transforms.choose(new Uint8Array(0)), [])
})

test('unknown names and newer versions are refused with a sentence, at the call', () => {
  const source = inPieces(new Uint8Array(1), [1])
  const refused: [act: () => unknown, sentence: RegExp][] = [
    [() => transforms.apply(['sharpen'], source), /No transform is called "sharpen" here/],
    [() => transforms.recordsOf(['sharpen']), /No transform is called/],
    [() => transforms.undo([{ id: 'sharpen', version: 1 }], source), /No transform is called/],
    [
      () => transforms.undo([{ id: 'delta-16', version: 2 }], source),
      /version 2 .* 1 is the newest known here/,
    ],
    [() => transforms.undo([{ id: 'delta-16', version: 0 }], source), /not known here any more/],
    [() => transforms.canUndo([{ id: 'delta-16', version: 2 }]), /version 2/],
    [() => transforms.apply(Array(9).fill('delta-16'), source), /At most 8/],
    [
      () => transforms.undo(Array<TransformRecord>(9).fill({ id: 'delta-16', version: 1 }), source),
      /At most 8/,
    ],
  ]
  for (const [act, message] of refused) assert.throws(act, { code: 'invalid.transform', message })
})

test('a lossy transform declares itself: it is applied and recorded, and undoing it is refused', async () => {
  const lossy = createTransforms([...losslessTransforms, halve])
  const records = lossy.recordsOf(['delta-16', 'halve'])
  assert.equal((await join(lossy.apply(['halve'], inPieces(noise(1000), [1000])))).length, 500)
  assert.equal(lossy.canUndo(records), false)
  assert.equal(lossy.canUndo(lossy.recordsOf(['delta-16'])), true)
  assert.throws(() => lossy.undo(records, inPieces(noise(10), [10])), {
    code: 'refused.transform',
    message: /"halve" is lossy.*cannot come back/,
  })
  assert.deepEqual(await lossy.choose(prose(64 * kib)), [])
})

test('the newest version is applied, and an old one is undone as it was applied', async () => {
  const addOf = (version: number, amount: number): Transform => ({
    id: 'add',
    version,
    isLossless: true,
    apply: (source) => shifted(source, amount),
    undo: (source) => shifted(source, -amount),
  })
  const versions = createTransforms([addOf(1, 1), addOf(3, 3), addOf(2, 2)])
  const plain = noise(50)
  assert.deepEqual(versions.recordsOf(['add']), [{ id: 'add', version: 3 }])
  for (const version of [1, 2, 3]) {
    const applied = await join(addOf(version, version).apply(inPieces(plain, [8])))
    assert.deepEqual(await join(versions.undo([{ id: 'add', version }], inPieces(applied, [9]))), plain)
  }
})

test('a registry refuses what cannot be kept apart or undone', () => {
  const [some] = losslessTransforms
  assert.ok(some)
  const { undo: _, ...withoutUndo } = some
  for (const list of [[some, some], [{ ...some, version: 0 }], [{ ...some, id: '' }], [withoutUndo]])
    assert.throws(
      () => createTransforms(list),
      (error) => hasCode(error, 'invalid.transform'),
    )
})

/** Little-endian 32-bit readings that rise slowly, with some jitter. */
function sensorReadings(length: number): Uint8Array {
  const jitter = noise(length / 4)
  const bytes = new Uint8Array(length)
  const view = new DataView(bytes.buffer)
  let reading = 1_000_000
  for (let at = 0; at < length; at += 4) {
    reading += (jitter[at / 4] ?? 0) % 16
    view.setUint32(at, reading, true)
  }
  return bytes
}

async function* shifted(
  source: AsyncIterable<Uint8Array>,
  amount: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const piece of source) yield piece.map((byte) => byte + amount)
}
