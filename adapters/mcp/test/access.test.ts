import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasCode } from '@anarq/fault'
import { describeMethods } from '@anarq/sdk'
import fc from 'fast-check'
import { callerOf, type ToolAccess } from '../src/access.ts'
import { checkInside, isInside } from '../src/confine.ts'
import { createTools } from '../src/tools.ts'

const key = (folder: string, rights: 'read' | 'write' = 'write', name = 'k'): ToolAccess => ({
  folder,
  rights,
  name,
})
const permissionsOf = (access: ToolAccess): string[] => {
  const caller = callerOf(access)
  return caller.kind === 'app' ? [...caller.permissions].sort() : assert.fail('it is an app')
}

test('a key gives the permissions of its rights and no others', () => {
  assert.deepEqual(permissionsOf(key('/a', 'read')), ['drive.read', 'identity.read'])
  assert.deepEqual(permissionsOf(key('/a', 'write')), ['drive.read', 'drive.write', 'identity.read'])
  assert.deepEqual(permissionsOf(key('/', 'read')), [
    'consent.read',
    'drive.read',
    'guardian.read',
    'identity.read',
  ])
})

test('the name of a key in any script makes the id of an app', () => {
  const idOf = (name: string): string => {
    const caller = callerOf(key('/', 'read', name))
    return caller.kind === 'app' ? caller.id : ''
  }
  assert.equal(idOf('My Laptop!'), 'org.anarq.assistant.my-laptop')
  assert.equal(idOf('Café'), 'org.anarq.assistant.cafe')
  assert.equal(idOf('助手'), 'org.anarq.assistant.unnamed')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (name) => {
      assert.match(idOf(name), /^org\.anarq\.assistant\.[a-z0-9-]{1,40}$/)
    }),
  )
})

test('no spelling of a path leads out of the folder', () => {
  const part = fc.oneof(
    fc.constantFrom('..', '.', '', 'a', 'b', 'ab', 'a ', '\0', 'app:', '.anarq'),
    fc.string({ maxLength: 3 }),
  )
  const path = fc.array(part, { maxLength: 6 }).map((parts) => parts.join('/'))
  fc.assert(
    fc.property(path, fc.boolean(), (rest, isRooted) => {
      const given = isRooted ? `/a/b/${rest}` : rest
      try {
        checkInside(given, key('/a/b'))
      } catch (error) {
        return assert.ok(hasCode(error, 'missing.object') || hasCode(error, 'invalid.path'), String(error))
      }
      // As the drive reads it.
      const names = given.split('/').filter((name) => name !== '')
      assert.deepEqual(names.slice(0, 2), ['a', 'b'])
      assert.ok(!names.includes('..'))
    }),
    { numRuns: 2000 },
  )
  assert.ok(isInside('/a/bc', key('/a/bc/')))
  assert.ok(!isInside('/a/bc', key('/a/b')))
  assert.ok(isInside('/Cafe\u0301/x', key('/Caf\u00e9')))
  assert.ok(!isInside('/A/x', key('/a')))
})

test('each tool has a name that clients take, a schema that says what it takes, and says whether it changes anything', () => {
  const tools = createTools(describeMethods())
  assert.equal(tools.size, 14)
  for (const { listed, isFor } of tools.values()) {
    assert.match(listed.name, /^[a-zA-Z0-9_-]{1,64}$/)
    assert.equal(listed.inputSchema.type, 'object')
    assert.equal(listed.inputSchema.additionalProperties, false)
    assert.ok((listed.description ?? '').length > 10)
    const isReading = listed.annotations?.readOnlyHint === true
    assert.equal(isFor(key('/', 'read')), isReading, listed.name)
    assert.ok(isFor(key('/', 'write')))
  }
  const remove = tools.get('storage_remove')?.listed
  assert.deepEqual(Object.keys(remove?.inputSchema.properties ?? {}), ['path'])
  assert.equal(remove?.annotations?.destructiveHint, true)
  assert.equal(
    remove?.description,
    'Put into the trash. From there it can be restored; nothing is removed for good here.',
  )
  assert.deepEqual(tools.get('storage_write')?.listed.inputSchema.required, ['path'])
})
