import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { fromUtf8 } from '@anarq/bytes'
import type { Client } from '@modelcontextprotocol/client'
import { file, items, passphrase } from './http-world.ts'
import { codeOf, dataOf, type McpWorld, openMcpWorld, textOf } from './mcp-world.ts'

let mcp: McpWorld
before(async () => {
  mcp = await openMcpWorld()
  const { keys, person } = mcp
  keys.set('reader', { folder: '/plans', rights: 'read', name: 'A reader' })
  keys.set('writer', { folder: '/plans', rights: 'write', name: 'Schreiberin' })
  keys.set('all', { folder: '/', rights: 'read', name: 'all' })
  await person.storage.write({ path: '/plans/plan.md', bytes: fromUtf8('# The plan\nFirst, tea.') })
  await person.storage.write({ path: '/plans/notes/may.txt', bytes: fromUtf8('tea in May') })
  await person.storage.write({ path: '/private/diary.txt', bytes: fromUtf8('tea and secrets') })
  await person.storage.write({ path: '/plans of others/tea.txt', bytes: fromUtf8('not the same folder') })
})
after(() => mcp.close())

const changing = [
  'storage_makeFolder',
  'storage_move',
  'storage_remove',
  'storage_restore',
  'storage_tag',
  'storage_write',
]

function call(client: Client, name: string, args: Record<string, unknown> = {}) {
  return client.callTool({ name, arguments: args })
}
async function namesOf(client: Client): Promise<string[]> {
  return (await client.listTools()).tools.map(({ name }) => name).sort()
}

for (const era of ['auto', 'legacy'] as const) {
  test(`an assistant (${era}) lists, reads and searches in the folder of its key`, async () => {
    const client = await mcp.connect('reader', era)
    assert.equal(client.getServerVersion()?.name, 'anarq')
    assert.match(client.getInstructions() ?? '', /the folder \/plans .*change nothing/)
    assert.deepEqual(await namesOf(client), [
      'identity_current',
      'index_find',
      'storage_entry',
      'storage_list',
      'storage_read',
      'storage_versions',
    ])
    const listed = await call(client, 'storage_list', { path: '/plans' })
    const { entries } = listed.structuredContent as { entries: { path: string; kind: string }[] }
    assert.deepEqual(entries.map(({ path, kind }) => `${kind} ${path}`).sort(), [
      'file /plans/plan.md',
      'folder /plans/notes',
    ])
    assert.deepEqual(JSON.parse(textOf(listed)), listed.structuredContent)
    assert.equal(
      textOf(await call(client, 'storage_read', { path: '/plans/plan.md' })),
      '# The plan\nFirst, tea.',
    )
    const found = await call(client, 'index_find', { text: 'tea' })
    const paths = (found.structuredContent as { entries: { path: string }[] }).entries.map(({ path }) => path)
    assert.ok(
      paths.every((path) => path.startsWith('/plans/')),
      paths.join(),
    )
    assert.equal(dataOf<{ name: string }>(await call(client, 'identity_current')).name, 'alice')
  })
}

test('each client gets the revision of the protocol that it asks for', async () => {
  assert.equal((await mcp.connect('reader')).getNegotiatedProtocolVersion(), '2026-07-28')
  assert.equal((await mcp.connect('reader', 'legacy')).getNegotiatedProtocolVersion(), '2025-11-25')
})

test('what lies outside the folder does not exist, whether there is something or not', async () => {
  const client = await mcp.connect('writer')
  const outside = [
    '/private/diary.txt',
    '/private/none.txt',
    '/private',
    '/',
    '/plans of others/tea.txt',
    '/wor',
    'app:/x',
  ]
  for (const path of outside)
    for (const tool of [
      'storage_list',
      'storage_entry',
      'storage_read',
      'storage_versions',
      'storage_remove',
    ]) {
      const answer = await call(client, tool, { path })
      assert.equal(codeOf(answer), 'missing.object', `${tool} ${path}`)
      assert.equal(
        textOf(answer),
        `There is no "${path}" here. See what there is with storage_list or index_find.`,
      )
    }
  const inside = await call(client, 'storage_read', { path: '/plans/none.txt' })
  assert.equal(
    textOf(inside),
    'There is no "/plans/none.txt" here. See what there is with storage_list or index_find.',
  )

  for (const to of ['/stolen.md', '/private/plan.md', 'app:/plan.md'])
    assert.equal(
      codeOf(await call(client, 'storage_move', { path: '/plans/plan.md', to })),
      'missing.object',
      to,
    )
  for (const path of ['/private/new.txt', '/new.txt', 'app:/new.txt', '/.anarq/new.txt'])
    assert.equal(codeOf(await call(client, 'storage_write', { path, text: 'x' })), 'missing.object', path)
  for (const path of ['/plans/../private/diary.txt', '/plans/./x', '/plans/\0', 'plans/plan.md', ''])
    assert.equal(codeOf(await call(client, 'storage_read', { path })), 'invalid.path', JSON.stringify(path))
  const found = await call(client, 'index_find', { text: 'secrets' })
  assert.deepEqual(found.structuredContent, { entries: [] })
  assert.equal(
    textOf(await call(await mcp.connect('all'), 'storage_read', { path: '/private/diary.txt' })),
    'tea and secrets',
  )
})

test('[WX-APP-6] a key that may only read changes nothing, and each try is on record', async () => {
  const client = await mcp.connect('reader')
  const tries: [string, Record<string, unknown>][] = [
    ['storage_write', { path: '/plans/plan.md', text: 'mine' }],
    ['storage_makeFolder', { path: '/plans/x' }],
    ['storage_move', { path: '/plans/plan.md', to: '/plans/x.md' }],
    ['storage_tag', { path: '/plans/plan.md', add: ['x'] }],
    ['storage_remove', { path: '/plans/plan.md' }],
    ['storage_remove', { path: '/plans' }],
    ['storage_restore', { path: '/plans/plan.md', version: 1 }],
    ['consent_grants', {}],
    ['guardian_alerts', {}],
  ]
  for (const [tool, args] of tries) {
    const answer = await call(client, tool, args)
    assert.equal(codeOf(answer), 'refused.permission', tool)
    assert.match(textOf(answer), /was not allowed .* It needs: /)
  }
  const mine = mcp.refused.filter((one) => one.startsWith('org.anarq.assistant.a-reader '))
  assert.deepEqual(
    mine.map((one) => one.split(' ')[1]),
    tries.map(([tool]) => tool.replace('_', '.')),
  )
  assert.equal(
    textOf(await call(client, 'storage_read', { path: '/plans/plan.md' })),
    '# The plan\nFirst, tea.',
  )
})

test('what no key gives is no tool: sharing, identities, the audit log, the node', async () => {
  const client = await mcp.connect('writer')
  for (const name of [
    'consent_share',
    'consent_revoke',
    'identity_create',
    'identity_drill',
    'guardian_entries',
    'system_status',
    'constructor',
    '__proto__',
    'storage.list',
    '',
  ])
    await assert.rejects(call(client, name, { path: '/plans' }), /There is no tool/, name)
  assert.deepEqual(
    (await namesOf(client)).filter((name) => !name.startsWith('storage_') && name !== 'index_find'),
    ['identity_current'],
  )
  assert.deepEqual(
    (await namesOf(client)).filter((name) => changing.includes(name)),
    changing,
  )
})

test('a key that opens the whole drive tells of shares and alerts as well', async () => {
  const client = await mcp.connect('all')
  const bob = await mcp.world.node.identities.create({ kind: 'sub', name: 'Bob' })
  await mcp.person.consent.share({ path: '/plans of others/tea.txt', with: bob.did, uses: 2 })
  const { grants } = (await call(client, 'consent_grants', { direction: 'out' })).structuredContent as {
    grants: Record<string, unknown>[]
  }
  assert.deepEqual(
    grants.map(({ name, with: who, usesMax, state }) => ({ name, who, usesMax, state })),
    [{ name: 'tea.txt', who: bob.did, usesMax: 2, state: 'active' }],
  )
  assert.deepEqual((await call(client, 'guardian_alerts')).structuredContent, { alerts: [] })
})

test('a key that may write keeps versions, moves, tags, trashes and brings back', async () => {
  const client = await mcp.connect('writer')
  const path = '/plans/tea/list.txt'
  const first = await call(client, 'storage_write', { path, text: 'Darjeeling ☕' })
  assert.equal(dataOf<{ entry: { type: string } }>(first).entry.type, 'text/plain')
  await call(client, 'storage_write', { path, base64: Buffer.from('Assam').toString('base64') })
  assert.equal(textOf(await call(client, 'storage_read', { path })), 'Assam')
  assert.equal(textOf(await call(client, 'storage_read', { path, version: 1 })), 'Darjeeling ☕')
  const { versions } = (await call(client, 'storage_versions', { path })).structuredContent as {
    versions: { version: number; isLatest: boolean }[]
  }
  assert.deepEqual(
    versions.map(({ version, isLatest }) => [version, isLatest]),
    [
      [2, true],
      [1, false],
    ],
  )
  await call(client, 'storage_restore', { path, version: 1 })
  assert.equal(textOf(await call(client, 'storage_read', { path })), 'Darjeeling ☕')
  await call(client, 'storage_tag', { path, add: ['leaf'] })
  await call(client, 'storage_makeFolder', { path: '/plans/tea/old' })
  const moved = await call(client, 'storage_move', { path, to: '/plans/tea/old/1.txt' })
  assert.deepEqual(
    dataOf<{ entry: { tags: string[]; path: string } }>(moved).entry.path,
    '/plans/tea/old/1.txt',
  )
  const byTag = (await call(client, 'index_find', { tag: 'leaf' })).structuredContent as {
    entries: { path: string }[]
  }
  assert.deepEqual(
    byTag.entries.map((entry) => entry.path),
    ['/plans/tea/old/1.txt'],
  )

  const removed = await call(client, 'storage_remove', { path: '/plans/tea/old/1.txt' })
  assert.equal(dataOf<{ entry: { isTrashed: boolean } }>(removed).entry.isTrashed, true)
  assert.equal(
    codeOf(await call(client, 'storage_remove', { path: '/plans/plan.md', isForever: true })),
    'invalid.params',
  )
  const trash = (await call(client, 'index_find', { isTrashed: true })).structuredContent as {
    entries: { path: string }[]
  }
  assert.deepEqual(
    trash.entries.map((entry) => entry.path),
    ['/plans/tea/old/1.txt'],
  )
  await call(client, 'storage_restore', { path: '/plans/tea/old/1.txt' })
  assert.equal(textOf(await call(client, 'storage_read', { path: '/plans/tea/old/1.txt' })), 'Darjeeling ☕')
})

test('the folder of a key stays where it is', async () => {
  const client = await mcp.connect('writer')
  const tries: [string, Record<string, unknown>][] = [
    ['storage_remove', { path: '/plans' }],
    ['storage_remove', { path: '//plans/' }],
    ['storage_move', { path: '/plans', to: '/plans/inside' }],
    ['storage_move', { path: '/plans/plan.md', to: '/plans' }],
    ['storage_write', { path: '/plans', text: 'a file beside it' }],
    ['storage_restore', { path: '/plans' }],
  ]
  for (const [tool, args] of tries)
    assert.equal(codeOf(await call(client, tool, args)), 'refused.place', tool)
})

test('what an assistant opens and changes is on record, and a decoy that it opens raises the alarm', async () => {
  const client = await mcp.connect('writer')
  const { guardian } = mcp.person
  const { id } = await mcp.person.storage.entry({ path: '/plans/plan.md' })
  const entriesOf = async (action: string): Promise<number> =>
    (await guardian.entries({ object: id, action })).filter(({ verdict }) => verdict === 'ok').length
  const readBefore = await entriesOf('object.get')
  await call(client, 'storage_read', { path: '/plans/plan.md' })
  assert.equal(await entriesOf('object.get'), readBefore + 1)
  await call(client, 'storage_tag', { path: '/plans/plan.md', add: ['seen'] })
  assert.equal(await entriesOf('object.tag'), 1)

  const { drive } = mcp.world.node
  await drive.put(items(file('passwords.txt', 'hunter2')), { to: '/plans', isDecoy: true })
  assert.deepEqual(await guardian.alerts({}), [])
  await call(client, 'storage_read', { path: '/plans/passwords.txt' })
  const alarmed = await call(await mcp.connect('all'), 'guardian_alerts')
  const kinds = dataOf<{ alerts: { kind: string }[] }>(alarmed).alerts.map(({ kind }) => kind)
  assert.ok(kinds.includes('decoy'), kinds.join())
})

test('a key that was taken back opens nothing from that moment on', async () => {
  mcp.keys.set('short', { folder: '/plans', rights: 'write', name: 'short' })
  const client = await mcp.connect('short')
  await call(client, 'storage_write', { path: '/plans/short.txt', text: 'x' })
  mcp.keys.set('short', { folder: '/plans', rights: 'read', name: 'short' })
  assert.equal(
    codeOf(await call(client, 'storage_write', { path: '/plans/short.txt', text: 'y' })),
    'refused.permission',
  )
  mcp.keys.delete('short')
  await assert.rejects(call(client, 'storage_read', { path: '/plans/short.txt' }))
  await assert.rejects(mcp.connect('short'))
})

test('text, images and other bytes come as what they are, long ones in parts that can be put together', async () => {
  const client = await mcp.connect('writer')
  const pixel = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==',
    'base64',
  )
  await call(client, 'storage_write', { path: '/plans/dot.png', base64: pixel.toString('base64') })
  assert.deepEqual((await call(client, 'storage_read', { path: '/plans/dot.png' })).content, [
    { type: 'image', data: pixel.toString('base64'), mimeType: 'image/png' },
  ])
  const parts = await call(client, 'storage_read', { path: '/plans/dot.png', fromByte: 1, toByte: 4 })
  assert.deepEqual(parts.content, [
    {
      type: 'resource',
      resource: {
        uri: 'anarq://drive/plans/dot.png',
        mimeType: 'image/png',
        blob: Buffer.from('PNG').toString('base64'),
      },
    },
    {
      type: 'text',
      text: `[Bytes 1 to 4 of ${pixel.length}, image/png. The next part begins at fromByte 4.]`,
    },
  ])
  await call(client, 'storage_write', { path: '/plans/empty.txt', text: '' })
  assert.deepEqual((await call(client, 'storage_read', { path: '/plans/empty.txt' })).content, [
    { type: 'text', text: '' },
  ])
  assert.equal(
    codeOf(await call(client, 'storage_read', { path: '/plans/dot.png', fromByte: 999 })),
    'invalid.range',
  )
  assert.equal(codeOf(await call(client, 'storage_read', { path: '/plans' })), 'invalid.kind')
  assert.equal(
    codeOf(await call(client, 'storage_read', { path: '/plans/dot.png', version: 9 })),
    'missing.version',
  )

  const long = '€uro 🍵 '.repeat(30_000)
  await mcp.person.storage.write({ path: '/plans/long.txt', bytes: fromUtf8(long) })
  let together = ''
  let fromByte: number | undefined = 0
  for (let rounds = 0; fromByte !== undefined && rounds < 100; rounds += 1) {
    const answer = await call(client, 'storage_read', { path: '/plans/long.txt', fromByte })
    together += textOf(answer)
    const note = answer.content.at(-1)
    const next = /begins at fromByte (\d+)/.exec(note?.type === 'text' ? note.text : '')?.[1]
    fromByte = next === undefined ? undefined : Number(next)
  }
  assert.equal(together, long)
})

test('what is asked for wrongly is refused in a sentence that names the field, and nothing else comes of it', async () => {
  const client = await mcp.connect('writer')
  const cases: [string, Record<string, unknown>, RegExp][] = [
    ['storage_list', {}, /storage\.list\.path .* text/],
    ['storage_list', { path: 7 }, /storage\.list\.path/],
    ['storage_list', { path: '/plans', limit: 'x' }, /limit/],
    ['storage_list', { path: '/plans', more: 1 }, /no field "more"/],
    ['storage_write', { path: '/plans/x' }, /once/],
    ['storage_write', { path: '/plans/x', text: 'a', base64: 'YQ==' }, /once/],
    ['storage_write', { path: '/plans/x', base64: 'a b' }, /base64/],
    ['storage_write', { path: '/plans/x', bytes: 'YQ==' }, /no field "bytes"/],
    ['storage_write', { path: '/plans/x', text: 1 }, /text/],
    ['storage_read', { path: '/plans/plan.md', fromByte: -1 }, /fromByte/],
    ['storage_read', { path: '/plans/plan.md', toByte: 1.5 }, /toByte/],
    ['index_find', { limit: -1 }, /limit/],
    ['index_find', { text: ['x'] }, /index\.find\.text/],
  ]
  for (const [tool, args, sentence] of cases) {
    const answer = await call(client, tool, args)
    assert.equal(codeOf(answer), 'invalid.params', `${tool} ${JSON.stringify(args)}`)
    assert.match(textOf(answer), sentence)
    assert.doesNotMatch(textOf(answer), /\bat \S+:\d+/)
  }
  assert.equal(codeOf(await call(client, 'storage_entry', { path: '/plans/x' })), 'missing.object')
})

test('pages of a folder and of a search say where the next one begins', async () => {
  const client = await mcp.connect('writer')
  for (let i = 0; i < 7; i += 1)
    await call(client, 'storage_write', { path: `/plans/many/page ${i}.txt`, text: 'leaf' })
  const asked: [string, Record<string, unknown>][] = [
    ['storage_list', { path: '/plans/many' }],
    ['index_find', { text: 'page' }],
  ]
  for (const [tool, args] of asked) {
    const paths: string[] = []
    let offset: number | undefined = 0
    while (offset !== undefined) {
      const { structuredContent } = await call(client, tool, { ...args, limit: 3, offset })
      const page = structuredContent as { entries: { path: string }[]; nextOffset?: number }
      paths.push(...page.entries.map(({ path }) => path))
      offset = page.nextOffset
    }
    assert.deepEqual(
      paths.sort(),
      Array.from({ length: 7 }, (_, i) => `/plans/many/page ${i}.txt`),
      tool,
    )
  }
})

test('a node that is locked says so', async () => {
  const client = await mcp.connect('reader')
  await mcp.world.node.account.lock()
  const answer = await call(client, 'storage_list', { path: '/plans' })
  assert.equal(codeOf(answer), 'refused.locked')
  await mcp.world.node.account.unlock({ passphrase })
  assert.equal(codeOf(await call(client, 'storage_list', { path: '/plans' })), undefined)
})

test('nothing of all this was a defect', () => {
  assert.deepEqual(mcp.faults, [])
})
