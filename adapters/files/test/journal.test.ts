import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Fault } from '@anarq/fault'
import { type Journal, openJournal } from '@anarq/files'
import fc from 'fast-check'

type Opened = { readonly journal: Journal; readonly records: string[]; readonly faults: Fault[] }

async function open(path: string): Promise<Opened> {
  const records: string[] = []
  const faults: Fault[] = []
  const journal = await openJournal({
    path,
    onRecord: (record) => records.push(Buffer.from(record).toString()),
    onFault: (fault) => faults.push(fault),
  })
  return { journal, records, faults }
}

async function inFolder(act: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'anarq-journal-'))
  try {
    await act(join(folder, 'a.journal'))
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function written(path: string, texts: readonly string[]): Promise<Buffer> {
  const { journal } = await open(path)
  await Promise.all(texts.map((text) => journal.append(Buffer.from(text))))
  await journal.close()
  return readFile(path)
}

const texts = Array.from({ length: 12 }, (_, i) => `record ${i} ${'.'.repeat(i * 3)}`)

test('what was appended is there again in its order, and more can follow', async () => {
  await inFolder(async (path) => {
    await written(path, texts)
    const again = await open(path)
    assert.deepEqual(again.records, texts)
    await again.journal.append(Buffer.from('one more'))
    await again.journal.close()
    const last = await open(path)
    assert.deepEqual(last.records, [...texts, 'one more'])
    assert.deepEqual(last.faults, [])
    await last.journal.close()
  })
})

test('a crash at any byte of the last append loses that append alone, and what comes after is whole', async () => {
  await inFolder(async (path) => {
    const whole = await written(path, texts)
    await fc.assert(
      fc.asyncProperty(fc.nat(whole.length), async (length) => {
        await writeFile(path, whole.subarray(0, length))
        const { journal, records, faults } = await open(path)
        assert.deepEqual(records, texts.slice(0, records.length))
        assert.deepEqual(faults, [])
        await journal.append(Buffer.from('after'))
        await journal.close()
        const again = await open(path)
        assert.deepEqual(again.records, [...records, 'after'])
        await again.journal.close()
      }),
      { numRuns: 60 },
    )
  })
})

test('a flipped byte costs the record that it is in, and is told', async () => {
  await inFolder(async (path) => {
    const whole = await written(path, texts)
    const flipped = Buffer.from(whole)
    flipped[60] = (flipped[60] as number) ^ 0x40
    await writeFile(path, flipped)
    const { journal, records, faults } = await open(path)
    assert.equal(records.length, texts.length - 1)
    assert.deepEqual(
      faults.map(({ code }) => code),
      ['damaged.journal'],
    )
    await journal.close()
  })
})

test('a rewrite replaces all, and appends made meanwhile are behind it', async () => {
  await inFolder(async (path) => {
    const { journal } = await open(path)
    for (const text of texts) await journal.append(Buffer.from(text))
    const kept = ['a', 'b']
    await Promise.all([
      journal.rewrite(() => kept.map((text) => Buffer.from(text))),
      journal.append(Buffer.from('c')),
    ])
    assert.equal(journal.count(), 3)
    await journal.close()
    const again = await open(path)
    assert.deepEqual(again.records, ['a', 'b', 'c'])
    await again.journal.close()
  })
})
