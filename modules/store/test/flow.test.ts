import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppPlan } from '@anarq/sdk'
import fc from 'fast-check'
import {
  type Flow,
  idle,
  incomingPath,
  mayInstall,
  nextFlow,
  permissionsOf,
  type Review,
} from '../ui/flow.ts'

const source = { path: 'app:/incoming/a.wxa', isIncoming: true, isDevelopment: false }
const permission = (id: string, isGranted = false) => ({ id, means: id, why: 'Because.', isGranted })

function plan(part: Partial<AppPlan> = {}): AppPlan {
  return {
    kind: 'install',
    app: {
      id: 'org.example.a',
      name: 'A',
      version: '1.0.0',
      category: 'tools',
      description: 'An app.',
      publisher: { did: 'did:x', name: 'Ada', isTrusted: false },
      permissions: [permission('drive.read'), permission('drive.write')],
      ui: { kind: 'frame' },
      hasBackend: false,
      isDevelopment: false,
    },
    asks: ['drive.read', 'drive.write'],
    bytes: 100,
    needsTrust: false,
    ...part,
  }
}

function review(part: Partial<AppPlan> = {}): Review {
  const flow = nextFlow(idle, { do: 'show', source, plan: plan(part) })
  assert.equal(flow.at, 'review')
  return flow as Review
}

test('WX-APP-5: nothing is granted until the person turns it on, and only what the package asks for can be', () => {
  assert.deepEqual([...review().granted], [])
  const on = nextFlow(review(), { do: 'allow', permission: 'drive.read', isAllowed: true }) as Review
  assert.deepEqual([...on.granted], ['drive.read'])
  const stranger = nextFlow(on, { do: 'allow', permission: 'apps.manage', isAllowed: true }) as Review
  assert.deepEqual([...stranger.granted], ['drive.read'])
  const off = nextFlow(on, { do: 'allow', permission: 'drive.read', isAllowed: false }) as Review
  assert.deepEqual([...off.granted], [])
})

test('an update asks for what is new, and keeps what was granted before', () => {
  const app = { ...plan().app, permissions: [permission('drive.read', true), permission('drive.write')] }
  const update = review({ kind: 'update', from: '0.9.0', asks: ['drive.write'], app })
  assert.deepEqual([...update.granted], ['drive.read'])
  const { asked, before } = permissionsOf(update)
  assert.deepEqual([asked.map(({ id }) => id), before.map(({ id }) => id)], [['drive.write'], ['drive.read']])
})

test('a component is installed by nobody who did not type its publisher as it is written', () => {
  const component = review({ needsTrust: true })
  const typed = (trust: string): Review => nextFlow(component, { do: 'type', trust }) as Review
  for (const wrong of ['', 'ada', 'Ada L', 'Aԁa']) assert.equal(mayInstall(typed(wrong)), false)
  assert.equal(mayInstall(typed(' Ada ')), true)
  const early = typed('ada')
  assert.equal(nextFlow(early, { do: 'install' }), early)
  const { publisher: _, ...nobodys } = plan().app
  const unsigned = nextFlow(review({ needsTrust: true, app: nobodys }), { do: 'type', trust: 'undefined' })
  assert.equal(mayInstall(unsigned as Review), false)
})

test('what is being installed is what was shown: nothing changes it on the way', () => {
  const going = nextFlow(review(), { do: 'install' }) as Review
  assert.equal(going.isInstalling, true)
  assert.equal(mayInstall(going), false)
  for (const act of [
    { do: 'allow', permission: 'drive.read', isAllowed: true },
    { do: 'allow-all' },
    { do: 'type', trust: 'x' },
    { do: 'install' },
  ] as const)
    assert.equal(nextFlow(going, act), going)
  const failed = nextFlow(going, { do: 'fail', problem: 'It is full.' }) as Review
  assert.deepEqual([failed.isInstalling, failed.problem], [false, 'It is full.'])
})

test('acts of a review change nothing elsewhere', () => {
  const refused: Flow = nextFlow(idle, { do: 'refuse', name: 'a', code: 'x', problem: 'No.' })
  for (const flow of [idle, refused]) {
    assert.equal(nextFlow(flow, { do: 'install' }), flow)
    assert.equal(nextFlow(flow, { do: 'allow-all' }), flow)
  }
})

test('a file of any name is taken in below one folder', () => {
  assert.equal(incomingPath('Timer 1.0.wxa'), 'app:/incoming/Timer 1-0.wxa')
  assert.equal(incomingPath('../../x.WXA'), 'app:/incoming/x.wxa')
  assert.equal(incomingPath('.wxa'), 'app:/incoming/app.wxa')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 300 }), (name) => {
      const path = incomingPath(name)
      assert.match(path, /^app:\/incoming\/[^/\\:\p{Cc}]+\.wxa$/u)
      assert.ok(!path.includes('..'))
      assert.ok(path.length < 200)
    }),
  )
})
