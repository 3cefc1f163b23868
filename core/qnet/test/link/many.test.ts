import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Beating, Beats } from '../../src/link/beats.ts'
import { FrameKey } from '../../src/link/frame-key.ts'
import { slotBytes, takeSlot } from '../../src/link/key-store.ts'
import { createLab } from './lab.ts'

/** What a relay of a hundred thousand links needs: what all of them share. */

test('[QN-PRF-7] a thousand links share one timer; each beats within the first period and then once in each, spread over it', () => {
  const lab = createLab()
  let timers = 0
  let timersMost = 0
  const beats = new Beats(
    {
      ...lab.world,
      after(delayMs, task) {
        timers += 1
        timersMost = Math.max(timersMost, timers)
        return lab.world.after(delayMs, () => {
          timers -= 1
          task()
        })
      },
    },
    30_000,
  )
  const heard = Array.from({ length: 1000 }, (): number[] => [])
  const links = heard.map((times): Beating => ({ beat: () => times.push(lab.nowMs()) }))
  const slots = links.map((link) => {
    lab.run(3)
    return beats.add(link)
  })
  lab.run(10 * 30_000)
  assert.equal(timersMost, 1)
  for (const times of heard) {
    assert.ok(times.length >= 9 && times.length <= 10)
    for (const [i, atMs] of times.entries())
      if (i > 0) assert.ok(Math.abs(atMs - (times[i - 1] as number) - 30_000) < 1)
  }
  assert.ok(new Set(heard.map(([first]) => Math.round(first! / 100))).size > 100, 'they beat together')
  for (const [i, link] of links.entries()) beats.remove(link, slots[i] as number)
  lab.run(30_000)
  assert.equal(timers, 0, 'an empty wheel stands still')
})

test('a beat may end links, its own among them, and whoever was ended beats no more', () => {
  const lab = createLab()
  const beats = new Beats(lab.world, 1000)
  let beaten = 0
  const links = Array.from({ length: 200 }, (): Beating & { slot: number } => ({
    slot: 0,
    beat() {
      beaten += 1
      for (const one of links) beats.remove(one, one.slot)
    },
  }))
  for (const link of links) link.slot = beats.add(link)
  lab.run(10_000)
  assert.equal(beaten, 1)
})

test('a beat that throws stops the wheel for nobody', () => {
  const lab = createLab()
  const beats = new Beats(lab.world, 1000)
  let beaten = 0
  beats.add({
    beat() {
      throw new Error('a defect')
    },
  })
  beats.add({
    beat() {
      beaten += 1
    },
  })
  for (let ms = 0; ms < 5000; ms += 1) {
    try {
      lab.run(1)
    } catch {
      // As a timer of Node's would: the host hears of it, and goes on.
    }
  }
  assert.ok(beaten >= 4)
})

test('[QN-PRV-3] secrets of keys lie apart, are zero when their key is put away, and nobody reads in another’s place', () => {
  const keys = Array.from({ length: 1300 }, (_, i) => new FrameKey(new Uint8Array(32).fill(i)))
  const [frame, head] = [new Uint8Array(10 + 16), 10]
  const sealed = keys.map((key) => {
    key.seal([], 0, frame, head)
    return frame.slice()
  })
  assert.equal(
    new Set(sealed.map((bytes) => Buffer.from(bytes).toString('hex'))).size,
    256,
    'keys of 256 secrets',
  )
  for (const key of keys.slice(0, 700)) {
    key.dispose()
    key.dispose()
  }
  for (const key of keys.slice(0, 700)) {
    assert.throws(() => key.seal([], 0, frame, head), { code: 'limit.key-use' })
    assert.throws(() => key.next(), { code: 'refused.disposed' })
  }
  const places = new Set<string>()
  const slots = Array.from({ length: 700 }, () => takeSlot())
  const names = new Map<Uint8Array, number>()
  for (const { slab, at } of slots) {
    const { bytes } = slab
    names.set(bytes, names.get(bytes) ?? names.size)
    places.add(`${names.get(bytes)} ${at}`)
    assert.deepEqual(bytes.slice(at, at + slotBytes), new Uint8Array(slotBytes))
  }
  assert.equal(places.size, 700, 'each place is given once')
  for (const { slab, at } of slots) slab.bytes.fill(0xff, at, at + slotBytes)
  const opener = new FrameKey(new Uint8Array(32).fill(255))
  const last = keys[255 + 1024] as FrameKey
  last.seal([], 0, frame, head)
  opener.open(sealed[255] as Uint8Array, head)
  assert.ok(opener.open(frame, head), 'keys that stayed are as they were')
})
