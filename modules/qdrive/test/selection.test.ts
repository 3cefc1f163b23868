import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { commandsFor, keyAct } from '../ui/logic/commands.ts'
import type { Entry } from '../ui/logic/entry.ts'
import { chooseMany, findTyped, kept, nothing, press, pressForMenu, walk } from '../ui/logic/selection.ts'
import { scrollFor, touchedBy, windowOf } from '../ui/logic/windowing.ts'

const ids = ['a', 'b', 'c', 'd', 'e']
const plain = { isRange: false, isToggle: false }
const range = { isRange: true, isToggle: false }
const toggle = { isRange: false, isToggle: true }
const chosenOf = ({ chosen }: { chosen: ReadonlySet<string> }) => [...chosen].sort().join('')

test('a press chooses one, with Shift from the anchor to there, with Ctrl one more or less', () => {
  const one = press(nothing, ids, 'b', plain)
  assert.equal(chosenOf(one), 'b')
  assert.equal(chosenOf(press(one, ids, 'd', range)), 'bcd')
  assert.equal(chosenOf(press(press(one, ids, 'd', range), ids, 'a', range)), 'ab')
  assert.equal(chosenOf(press(one, ids, 'e', toggle)), 'be')
  assert.equal(chosenOf(press(press(one, ids, 'e', toggle), ids, 'b', toggle)), 'e')
})

test('arrows move the choice and stop at both ends, with Shift they widen it, with Ctrl they only go along', () => {
  const first = walk(nothing, ids, { by: 1 }, plain)
  assert.equal(first.active, 'a')
  assert.equal(walk(first, ids, { by: -1 }, plain).active, 'a')
  assert.equal(chosenOf(walk(walk(first, ids, { by: 1 }, range), ids, { by: 1 }, range)), 'abc')
  const along = walk(first, ids, { by: 1 }, toggle)
  assert.deepEqual([chosenOf(along), along.active], ['a', 'b'])
  assert.equal(walk(first, ids, { to: 'last' }, plain).active, 'e')
})

test('the menu of something that is chosen is about all that are chosen', () => {
  const many = chooseMany(['a', 'b'])
  assert.equal(chosenOf(pressForMenu(many, 'b')), 'ab')
  assert.equal(chosenOf(pressForMenu(many, 'd')), 'd')
})

test('when things go away, only what is there stays chosen, and the keyboard stays near', () => {
  const at = press(nothing, ids, 'c', plain)
  const after = kept(at, ids, ['a', 'b', 'd', 'e'])
  assert.deepEqual([chosenOf(after), after.active], ['', 'd'])
  fc.assert(
    fc.property(fc.subarray(ids), fc.subarray(ids), (chosen, there) => {
      const left = kept(chooseMany(chosen), ids, there)
      for (const id of left.chosen) assert.ok(there.includes(id) && chosen.includes(id))
      assert.ok(left.active === undefined || there.includes(left.active))
    }),
  )
})

test('typing finds a name, and the same letter again goes on to the next', () => {
  const names = ['Alba', 'Berlin', 'Bern', 'Cádiz'].map((name) => ({ id: name, name }))
  assert.equal(findTyped(names, 'b', undefined), 'Berlin')
  assert.equal(findTyped(names, 'bern', 'Berlin'), 'Bern')
  assert.equal(findTyped(names, 'bb', 'Bern'), 'Berlin')
  assert.equal(findTyped(names, 'b', 'Berlin'), 'Bern')
  assert.equal(findTyped(names, 'x', 'Alba'), undefined)
})

test('of 100,000 files only those in sight are drawn', () => {
  const shape = { count: 100_000, columns: 1, rowHeight: 40, height: 600, scrolled: 2_000_000 }
  const { from, to, offset, total } = windowOf(shape)
  assert.ok(to - from < 40 && from <= 50_000 && to >= 50_015)
  assert.deepEqual([offset, total], [from * 40, 4_000_000])
  assert.equal(scrollFor(50_001, shape), undefined)
  assert.equal(scrollFor(0, shape), 0)
  assert.equal(scrollFor(99_999, shape), 4_000_000 - 600)
})

test('whatever the size and however far it is scrolled, what is in sight is drawn', () => {
  fc.assert(
    fc.property(fc.nat(5000), fc.integer({ min: 1, max: 9 }), fc.nat(300_000), (count, columns, scrolled) => {
      const shape = { count, columns, rowHeight: 40, height: 500, scrolled }
      const { from, to, total } = windowOf(shape)
      const top = Math.max(0, Math.min(scrolled, total - 500))
      for (
        let row = Math.floor(top / 40);
        row < Math.min(Math.ceil(count / columns), Math.ceil((top + 500) / 40));
        row += 1
      ) {
        assert.ok(from <= row * columns)
        assert.ok(to >= Math.min(count, (row + 1) * columns))
      }
    }),
  )
})

test('a frame that is drawn touches the tiles under it', () => {
  const shape = { count: 7, columns: 3, rowHeight: 100, height: 300, scrolled: 0, width: 300 }
  assert.deepEqual(touchedBy({ left: 90, top: 50, right: 110, bottom: 150 }, shape), [0, 1, 3, 4])
  assert.deepEqual(touchedBy({ left: 0, top: 210, right: 300, bottom: 220 }, shape), [6])
})

test('[AQ-UI-16] every command has its key or its menu, and letters type where nothing is chosen', () => {
  const stroke = (key: string, more = {}) => ({
    key,
    hasAlt: false,
    hasShift: false,
    hasCommand: false,
    ...more,
  })
  const at = { columns: 4, page: 3, hasChosen: true, isTyping: false }
  assert.deepEqual(keyAct(stroke('ArrowDown'), at), { do: 'walk', by: 4 })
  assert.deepEqual(keyAct(stroke('s'), at), { do: 'command', command: 'share' })
  assert.deepEqual(keyAct(stroke('s'), { ...at, hasChosen: false }), { do: 'type', letter: 's' })
  assert.deepEqual(keyAct(stroke('s'), { ...at, isTyping: true }), { do: 'type', letter: 's' })
  assert.deepEqual(keyAct(stroke('ArrowLeft', { hasAlt: true }), at), { do: 'back' })
  assert.equal(keyAct(stroke('ArrowRight'), { ...at, columns: 1 }), undefined)
  assert.equal(keyAct(stroke('r', { hasCommand: true }), at), undefined)
})

test('in the trash things are put back or deleted for good, and nothing else', () => {
  const entry = { kind: 'file' } as Entry
  assert.deepEqual(commandsFor({ at: 'trash' }, [entry]), ['restore', 'details', 'separator', 'erase'])
  assert.ok(!commandsFor({ at: 'folder', path: '/' }, [entry, entry]).includes('rename'))
  assert.ok(commandsFor({ at: 'search', text: 'x' }, [entry]).includes('show'))
})
