import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Carrier, Listener, Pipe } from './carrier.ts'

export type CarrierSetup = {
  readonly name: string
  readonly carrier: Carrier & Required<Pick<Carrier, 'listen'>>
  /** Where to listen; any port. */
  readonly address: string
}

type Heard = {
  readonly bytes: () => Uint8Array
  readonly drains: () => number
  readonly closed: Promise<void>
}

/** What every carrier does. */
export function testCarrier({ name, carrier, address }: CarrierSetup): void {
  test(`${name}: bytes arrive in order, whatever their pieces, in both directions`, async () => {
    await using pair = await open(carrier, address)
    const [near, far] = [listen(pair.near), listen(pair.far)]
    const sent = Array.from({ length: 300 }, (_, i) => new Uint8Array((i * 37) % 5000).fill(i))
    for (const bytes of sent) {
      pair.near.write(bytes.slice())
      pair.far.write(bytes.slice())
    }
    const all = Buffer.concat(sent)
    await until(() => near.bytes().length === all.length && far.bytes().length === all.length)
    assert.ok(all.equals(near.bytes()))
    assert.ok(all.equals(far.bytes()))
  })

  test(`${name}: what comes before anybody listens is kept`, async () => {
    await using pair = await open(carrier, address)
    listen(pair.near)
    pair.near.write(Uint8Array.of(1, 2, 3))
    await new Promise((resolve) => setTimeout(resolve, 30))
    const far = listen(pair.far)
    await until(() => far.bytes().length === 3)
  })

  test(`${name}: a full pipe asks its writer to wait, and says when there is room again`, async () => {
    await using pair = await open(carrier, address)
    const near = listen(pair.near)
    const far = listen(pair.far)
    const chunk = new Uint8Array(64 * 1024)
    let written = 0
    for (let isFull = false; !isFull && written < 2000; written += 1) isFull = !pair.near.write(chunk.slice())
    assert.ok(written < 2000, 'it never asked to wait')
    await until(() => near.drains() > 0)
    await until(() => far.bytes().length === written * chunk.length)
  })

  test(`${name}: what was written before the end arrives, and both sides are told once`, async () => {
    await using pair = await open(carrier, address)
    const [near, far] = [listen(pair.near), listen(pair.far)]
    for (let i = 0; i < 10; i += 1) pair.near.write(new Uint8Array(50_000).fill(9))
    pair.near.end()
    assert.equal(pair.near.write(Uint8Array.of(1)), true, 'whoever writes too late is not punished')
    await Promise.all([near.closed, far.closed])
    assert.equal(far.bytes().length, 500_000)
  })

  test(`${name}: an address where nobody listens, or that is none, is a fault that says so`, async () => {
    const { signal } = new AbortController()
    const pair = await open(carrier, address)
    await pair[Symbol.asyncDispose]()
    const gone = pair.listener.address
    await assert.rejects(carrier.dial(gone, signal), { code: 'unavailable.address' })
    if (carrier.scheme === 'memory') return
    for (const wrong of [
      '',
      'x',
      `${carrier.scheme}://`,
      `${carrier.scheme}://u:p@127.0.0.1:1`,
      'http://127.0.0.1:1',
    ])
      await assert.rejects(carrier.dial(wrong, signal), { code: 'invalid.address' }, wrong)
  })
}

async function open(
  carrier: CarrierSetup['carrier'],
  address: string,
): Promise<AsyncDisposable & { near: Pipe; far: Pipe; listener: Listener }> {
  let accept: (pipe: Pipe) => void = () => {}
  const accepted = new Promise<Pipe>((resolve) => {
    accept = resolve
  })
  const listener = await carrier.listen(address, (pipe) => accept(pipe))
  const near = await carrier.dial(listener.address, new AbortController().signal)
  const far = await accepted
  return {
    near,
    far,
    listener,
    async [Symbol.asyncDispose]() {
      near.end()
      far.end()
      await listener.close()
    },
  }
}

function listen(pipe: Pipe): Heard {
  const parts: Uint8Array[] = []
  let drains = 0
  let closes = 0
  const closed = new Promise<void>((resolve, reject) => {
    pipe.start({
      onData: (bytes) => void parts.push(bytes.slice()),
      onDrain: () => {
        drains += 1
      },
      onClosed: () => {
        closes += 1
        if (closes === 1) resolve()
        else reject(new Error('closed twice'))
      },
    })
  })
  return { bytes: () => Buffer.concat(parts), drains: () => drains, closed }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let i = 0; i < 1000; i += 1) {
    if (isTrue()) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  assert.fail('it did not come to pass in five seconds')
}
