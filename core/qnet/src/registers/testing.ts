import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createSeededRandom } from '@anarq/random/testing'
import { type RegisterStore, storeKeyBytesMax, storeValueBytesMax } from './ports.ts'

type Opened = { readonly store: RegisterStore; close(): Promise<void> }

/** The same store again after it was closed. */
export type OpenLastingRegisterStore = () => Promise<Opened & { reopen(): Promise<Opened> }>

/** The tests that every `RegisterStore` passes; the store is empty when it opens. Call it at the top of a test file. */
export function testRegisterStore(name: string, open: () => Promise<Opened>): void {
  test(`${name}: the last value of each key is there, and none of what was taken away`, async () => {
    const { store, close } = await open()
    assert.deepEqual([...store.entries()], [])
    for (const [key, value] of [
      [1, 'a'],
      [2, 'b'],
      [1, 'c'],
      [3, 'd'],
      [2, undefined],
    ] as const)
      assert.ok(await set(store, keyOf(key), value === undefined ? undefined : bytesOf(value)))
    assert.deepEqual(listed(store), ['1 c', '3 d'])
    await close()
  })

  test(`${name}: takes keys and values of the largest size`, async () => {
    const { store, close } = await open()
    const random = createSeededRandom(1)
    const [key, value] = [random.bytes(storeKeyBytesMax), random.bytes(storeValueBytesMax)]
    assert.ok(await set(store, key, value))
    assert.deepEqual(
      [...store.entries()].map(([k, v]) => [k.toHex(), v.toHex()]),
      [[key.toHex(), value.toHex()]],
    )
    await close()
  })
}

/** And those of every one on a disk. */
export function testLastingRegisterStore(name: string, open: OpenLastingRegisterStore): void {
  testRegisterStore(name, open)

  test(`${name}: it is the same after it was closed, after ten thousand changes too`, async () => {
    const { store, reopen } = await open()
    const done: Promise<boolean>[] = []
    for (let i = 0; i < 10_000; i += 1) done.push(set(store, keyOf(i % 5), bytesOf(`value ${i}`)))
    assert.ok((await Promise.all(done)).every((isDurable) => isDurable))
    assert.ok(await set(store, keyOf(4), undefined))
    const again = await reopen()
    assert.deepEqual(listed(again.store), ['0 value 9995', '1 value 9996', '2 value 9997', '3 value 9998'])
    await again.close()
  })
}

function set(store: RegisterStore, key: Uint8Array, value: Uint8Array | undefined): Promise<boolean> {
  return new Promise((resolve) => store.set(key, value, resolve))
}

function listed(store: RegisterStore): string[] {
  return [...store.entries()].map(([key, value]) => `${key[0]} ${String.fromCharCode(...value)}`).sort()
}

function keyOf(number: number): Uint8Array {
  return Uint8Array.of(number, 7)
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0))
}
