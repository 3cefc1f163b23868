import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { edges, rectOfZone, type Size, smallest, type Zone, zoneAt } from '../src/windows/geometry.ts'
import { commandOf, keysOf } from '../src/windows/keys.ts'
import { fromLayout, toLayout } from '../src/windows/layout.ts'
import {
  type Act,
  byRecency,
  type Desk,
  emptyDesk,
  isHere,
  next,
  rectOf,
  windowsMax,
} from '../src/windows/state.ts'

const area: Size = { width: 1440, height: 836 }
const zones: readonly Zone[] = [
  'full',
  'left',
  'right',
  'top-left',
  'top-right',
  'bottom-left',
  'bottom-right',
]

const ids = fc.integer({ min: 1, max: 8 }).map((number) => `w${number}`)
const by = fc.record({ x: fc.integer({ min: -4000, max: 4000 }), y: fc.integer({ min: -4000, max: 4000 }) })
const size = fc.record({
  width: fc.integer({ min: 320, max: 3000 }),
  height: fc.integer({ min: 300, max: 2000 }),
})
const acts: fc.Arbitrary<Act> = fc.oneof(
  fc.record({
    do: fc.constant('open' as const),
    app: fc.constantFrom('files', 'org.anarq.settings'),
    size,
    isSingle: fc.boolean(),
  }),
  fc.record({ do: fc.constantFrom('close', 'focus', 'minimise', 'toggle', 'restore'), id: ids }),
  fc.record({ do: fc.constant('move' as const), id: ids, by }),
  fc.record({ do: fc.constant('resize' as const), id: ids, edge: fc.constantFrom(...edges), by }),
  fc.record({ do: fc.constant('snap' as const), id: ids, zone: fc.constantFrom(...zones) }),
  fc.record({
    do: fc.constant('step' as const),
    id: ids,
    direction: fc.constantFrom('left', 'right', 'up', 'down'),
  }),
  fc.record({ do: fc.constant('area' as const), area: size }),
  fc.record({ do: fc.constantFrom('cascade', 'clear', 'blur') }),
) as fc.Arbitrary<Act>

test('no order of acts loses a window, takes it out of reach, or gives the keyboard to one that is not shown', () => {
  fc.assert(
    fc.property(fc.array(acts, { maxLength: 60 }), (all) => {
      let desk = emptyDesk(area)
      for (const act of all) {
        const before = desk
        desk = next(desk, act)
        assertWhole(desk)
        if (act.do !== 'close' && act.do !== 'open') assert.equal(desk.windows.length, before.windows.length)
        assert.deepEqual(
          fromLayout(JSON.parse(JSON.stringify(toLayout(desk))), desk.area, () => true).windows.map(
            ({ id }) => id,
          ),
          desk.windows.map(({ id }) => id),
        )
      }
    }),
    { numRuns: 300 },
  )
})

function assertWhole(desk: Desk): void {
  assert.equal(new Set(desk.windows.map(({ id }) => id)).size, desk.windows.length)
  for (const window of desk.windows) {
    assert.ok(isHere(window, desk.area), JSON.stringify({ window, area: desk.area }))
    const { width, height } = rectOf(window, desk.area)
    assert.ok(width > 0 && height > 0 && width <= desk.area.width && height <= desk.area.height)
  }
  if (desk.focused === undefined) return
  const focused = desk.windows.find(({ id }) => id === desk.focused)
  assert.ok(focused !== undefined && !focused.isMinimised)
}

test('an edge that is dragged leaves the opposite edge where it was', () => {
  let desk = next(emptyDesk(area), { do: 'open', app: 'files' })
  const before = rectOf(desk.windows[0]!, area)
  desk = next(desk, { do: 'resize', id: 'w1', edge: 'nw', by: { x: 60, y: 40 } })
  const after = rectOf(desk.windows[0]!, area)
  assert.deepEqual(
    [after.x + after.width, after.y + after.height],
    [before.x + before.width, before.y + before.height],
  )
  assert.deepEqual([after.width, after.height], [before.width - 60, before.height - 40])
  desk = next(desk, { do: 'resize', id: 'w1', edge: 'e', by: { x: -5000, y: 0 } })
  assert.equal(rectOf(desk.windows[0]!, area).width, smallest.width)
})

test('a window that leaves its zone has the size that it had before', () => {
  let desk = next(emptyDesk(area), { do: 'open', app: 'files', size: { width: 700, height: 500 } })
  desk = next(desk, { do: 'snap', id: 'w1', zone: 'left' })
  assert.deepEqual(rectOf(desk.windows[0]!, area), rectOfZone('left', area))
  desk = next(desk, { do: 'move', id: 'w1', by: { x: 40, y: 40 } })
  const { width, height } = rectOf(desk.windows[0]!, area)
  assert.deepEqual([width, height], [700, 500])
})

test('halves and quarters fill the area, side by side', () => {
  const [left, right] = [rectOfZone('left', area), rectOfZone('right', area)]
  assert.equal(left.x + left.width + 8, right.x)
  assert.equal(right.x + right.width + 8, area.width)
  assert.equal(zoneAt({ x: 3, y: 400 }, area), 'left')
  assert.equal(zoneAt({ x: 1439, y: 20 }, area), 'top-right')
  assert.equal(zoneAt({ x: 700, y: 0 }, area), 'full')
  assert.equal(zoneAt({ x: 700, y: 300 }, area), undefined)
})

test('arrow keys reach every zone, and down at the end puts the window away', () => {
  let desk = next(emptyDesk(area), { do: 'open', app: 'files' })
  const walk = (direction: 'left' | 'right' | 'up' | 'down') => {
    desk = next(desk, { do: 'step', id: 'w1', direction })
    return desk.windows[0]!.zone
  }
  assert.deepEqual(
    [
      walk('left'),
      walk('up'),
      walk('right'),
      walk('down'),
      walk('down'),
      walk('up'),
      walk('left'),
      walk('up'),
    ],
    ['left', 'top-left', 'top-right', 'right', 'bottom-right', 'right', undefined, 'full'],
  )
  walk('down')
  walk('down')
  assert.equal(desk.windows[0]!.isMinimised, true)
  assert.equal(desk.focused, undefined)
})

test('an app with one window shows it again, with what it was asked for', () => {
  let desk = next(emptyDesk(area), { do: 'open', app: 'org.anarq.settings', isSingle: true })
  desk = next(desk, { do: 'minimise', id: 'w1' })
  desk = next(desk, { do: 'open', app: 'org.anarq.settings', isSingle: true, argument: 'about' })
  assert.equal(desk.windows.length, 1)
  assert.deepEqual(
    [desk.windows[0]!.argument, desk.windows[0]!.isMinimised, desk.focused],
    ['about', false, 'w1'],
  )
})

test('windows are switched to by how lately they were used, and there is an end to them', () => {
  let desk = emptyDesk(area)
  for (let turn = 0; turn < windowsMax + 5; turn += 1) desk = next(desk, { do: 'open', app: 'files' })
  assert.equal(desk.windows.length, windowsMax)
  desk = next(desk, { do: 'focus', id: 'w3' })
  desk = next(desk, { do: 'minimise', id: 'w40' })
  assert.equal(byRecency(desk)[0]!.id, 'w3')
  assert.equal(byRecency(desk).at(-1)!.id, 'w40')
})

test('a layout that was tampered with gives a desk without what makes no sense', () => {
  const rect = { x: 9e9, y: -5, width: 1, height: 1e12 }
  const stored = {
    v: 1,
    focused: 'w9',
    windows: [
      { id: 'w1', app: 'files', rect, zone: 'sideways', isMinimised: 'yes' },
      { id: 'w1', app: 'files', rect },
      { id: 'w2', app: 'gone', rect },
      { id: '__proto__', app: 'files', rect },
      { id: 'w3', app: 'files', rect: { x: 0 } },
      null,
    ],
  }
  const desk = fromLayout(stored, area, (app) => app === 'files')
  assert.deepEqual(
    desk.windows.map(({ id }) => id),
    ['w1'],
  )
  assertWhole(desk)
  for (const nonsense of [undefined, 7, [], { v: 2 }, { v: 1, windows: 'no' }]) {
    assert.equal(fromLayout(nonsense, area, () => true).windows.length, 0)
  }
})

test('keys are told by their place, and a plain letter is never one', () => {
  const press = { code: 'KeyK', altKey: false, ctrlKey: false, metaKey: false, shiftKey: false }
  assert.equal(commandOf(press), undefined)
  assert.equal(commandOf({ ...press, ctrlKey: true }), 'launcher')
  assert.equal(commandOf({ ...press, metaKey: true }), 'launcher')
  assert.equal(commandOf({ ...press, code: 'ArrowLeft', altKey: true, shiftKey: true }), 'step-left')
  assert.equal(
    commandOf({ ...press, code: 'ArrowLeft', altKey: true, shiftKey: true, ctrlKey: true }),
    undefined,
  )
  assert.equal(new Set(Object.values(keysOf)).size, Object.keys(keysOf).length)
})
