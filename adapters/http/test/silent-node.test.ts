import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { socketOf } from '@anarq/http'
import { type Reached, reachNode } from '@anarq/http/client'

let home: string
let server: Server
let answers = 0
before(async () => {
  home = await mkdtemp(join(tmpdir(), 'anarq-silent-'))
  await writeFile(join(home, 'lock.db.pid'), '4711\n')
  // As a node that was suspended: it takes every question, and answers none.
  server = createServer((_, response) => {
    if (answers-- > 0) response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>((resolve) => server.listen(socketOf(home), resolve))
})
after(async () => {
  server.closeAllConnections()
  server.close()
  await rm(home, { recursive: true })
})

test('a node that gives no sign of life is waited for no longer than is said, and named', () =>
  assert.rejects(reachNode(home, { patienceMs: 20 }), {
    code: 'unavailable.node',
    message: /process 4711\) does not answer.*kill -CONT 4711/,
  }))

test('whoever stops waits for no node, neither for its first answer nor for a later one', async () => {
  const first = new AbortController()
  const reaching = reachNode(home, { signal: first.signal })
  first.abort()
  await assert.rejects(reaching, { name: 'AbortError' })

  answers = 1
  const later = new AbortController()
  const node = (await reachNode(home, { signal: later.signal })) as Reached
  const list = node.operations.drive.list('/')
  later.abort()
  await assert.rejects(list, { name: 'AbortError' })
  answers = 1
  // What tidies up is asked after that.
  await node.operations.account.status()
  await node.close()
})
