import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fault } from '@anarq/fault'
import fc from 'fast-check'
import { createBridge } from '../src/bridge/bridge.ts'
import { measure, messageBytesMax, readRequest } from '../src/bridge/message.ts'

const ask = (id: number, call = 'storage.list', input: object = { path: '/' }) => ({
  v: 1,
  id,
  call,
  with: input,
})

function world(limits = {}) {
  const calls: string[] = []
  const cut: string[] = []
  let now = 0
  const bridge = createBridge({
    allows: (call) => call.startsWith('storage.'),
    call: async (call, input) => {
      calls.push(call)
      if (call === 'storage.fail')
        throw new Fault('missing.entry', 'There is no such file.', { data: { secret: 1 } })
      return call === 'storage.huge' ? new Uint8Array(messageBytesMax + 1) : { call, input }
    },
    onCutOff: (why) => cut.push(why),
    nowMs: () => now,
    limits,
  })
  return { bridge, calls, cut, pass: (ms: number) => (now += ms) }
}

test('a call of the right form that is allowed is made and answered under its id', async () => {
  const { bridge } = world()
  assert.deepEqual(await bridge.receive(ask(7)), {
    v: 1,
    id: 7,
    ok: { call: 'storage.list', input: { path: '/' } },
  })
})

test('WX-APP-6: what an app was not given is refused before anything is called', async () => {
  const { bridge, calls } = world()
  const reply = await bridge.receive(ask(1, 'identity.list'))
  assert.equal(reply !== undefined && 'fault' in reply && reply.fault.code, 'refused.method')
  assert.deepEqual(calls, [])
})

test('what is not a call of the right form is refused, and never thrown over', async () => {
  const { bridge, calls } = world({ offencesMax: 1000 })
  const nonsense: unknown[] = [
    null,
    'hello',
    [],
    { ...ask(1), more: 1 },
    { ...ask(1), v: 2 },
    { ...ask(1), call: 'storage.list.__proto__' },
    { ...ask(1), call: 'constructor.constructor' + '!' },
    { ...ask(1), with: [] },
    { ...ask(1), with: new Map() },
    { ...ask(1), with: { path: () => 1 } },
    { ...ask(1), with: JSON.parse('{"__proto__":{"isAdmin":true}}') },
    { ...ask(1), with: { at: new Date() } },
    { ...ask(1), with: { bytes: new Uint8Array(messageBytesMax + 1) } },
    { ...ask(1), with: { many: Array.from({ length: 30_000 }, () => 0) } },
    { ...ask(1), with: nested(40) },
    { ...ask(Number.NaN) },
    { ...ask(-1) },
  ]
  for (const message of nonsense) {
    const reply = await bridge.receive(message)
    assert.ok(reply === undefined || 'fault' in reply, JSON.stringify(reply))
  }
  assert.deepEqual(calls, [])
})

test('whatever is thrown at it, reading a message gives a request or a reason', () => {
  fc.assert(
    fc.property(
      fc.anything({ withDate: true, withMap: true, withNullPrototype: true, withTypedArray: true }),
      (value) => {
        const read = readRequest(value)
        assert.ok('why' in read || read.v === 1)
        measure(value)
      },
    ),
  )
})

test('a fault crosses without its data, and an answer that is too large does not cross', async () => {
  const { bridge } = world()
  assert.deepEqual(await bridge.receive(ask(1, 'storage.fail')), {
    v: 1,
    id: 1,
    fault: { code: 'missing.entry', message: 'There is no such file.' },
  })
  const reply = await bridge.receive(ask(2, 'storage.huge'))
  assert.equal(reply !== undefined && 'fault' in reply && reply.fault.code, 'limit.answer')
})

test('a fault crosses in the words of the reader, the bridge’s own too', async () => {
  const bridge = createBridge({
    allows: (call) => call === 'storage.fail',
    call: async () => {
      throw new Fault('missing.entry', 'There is no such file.')
    },
    sentence: ({ code }) => (code === 'missing.entry' ? 'No existe.' : 'No puede.'),
    nowMs: () => 0,
  })
  const said = async (id: number, call: string) => {
    const reply = await bridge.receive(ask(id, call))
    return reply !== undefined && 'fault' in reply ? reply.fault.message : undefined
  }
  assert.deepEqual([await said(1, 'storage.fail'), await said(2, 'tools.list')], ['No existe.', 'No puede.'])
})

test('a flood is slowed, and who goes on is cut off and reported once', async () => {
  const { bridge, cut, pass } = world({ burst: 10, perSecond: 10, offencesMax: 5 })
  let limited = 0
  for (let id = 0; id < 12; id += 1) {
    const reply = await bridge.receive(ask(id))
    if (reply !== undefined && 'fault' in reply) limited += 1
  }
  assert.equal(limited, 2)
  pass(1000)
  const after = await bridge.receive(ask(99))
  assert.ok(after !== undefined && 'ok' in after)
  for (let id = 0; id < 40; id += 1) await bridge.receive(ask(id))
  assert.deepEqual([bridge.isOpen, cut], [false, ['limit.rate']])
  assert.equal(await bridge.receive(ask(100)), undefined)
})

test('no more than so many calls are under way, and an id in use cannot be used again', async () => {
  let finish: (value: unknown) => void = () => undefined
  const bridge = createBridge({
    allows: () => true,
    call: () => new Promise((resolve) => (finish = resolve)),
    nowMs: () => 0,
    limits: { inFlightMax: 1 },
  })
  const first = bridge.receive(ask(1))
  const same = await bridge.receive(ask(1))
  const second = await bridge.receive(ask(2))
  finish('done')
  assert.deepEqual(await first, { v: 1, id: 1, ok: 'done' })
  assert.equal(same !== undefined && 'fault' in same && same.fault.code, 'invalid.message')
  assert.equal(second !== undefined && 'fault' in second && second.fault.code, 'limit.calls')
})

test('a bridge that was closed while a call was under way gives no answer to it', async () => {
  let finish: (value: unknown) => void = () => undefined
  const bridge = createBridge({
    allows: () => true,
    call: () => new Promise((resolve) => (finish = resolve)),
    nowMs: () => 0,
  })
  const answer = bridge.receive(ask(1))
  bridge.close()
  finish('secret')
  assert.equal(await answer, undefined)
})

function nested(depth: number): object {
  return depth === 0 ? {} : { in: nested(depth - 1) }
}
