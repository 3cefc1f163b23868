/**
 * The protocol's own judge (`@modelcontextprotocol/conformance`) at the door: the release, which knows the revisions of 2025,
 * and the one to come, which knows 2026-07-28. Each brings 122 packages, so they are fetched into .cache and no dependency.
 * What does not apply stands with its reason in `fixtures/mcp-*.yml`; a line there that is not needed fails too.
 */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { fromUtf8 } from '@anarq/bytes'
import { listen, type McpWorld, openMcpWorld } from './mcp-world.ts'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../../..', import.meta.url))
/** With what each must find to be right: a line of the baseline lets a whole scenario go, the parts of it that pass as well. */
const judges = [
  {
    version: '0.1.16',
    revision: '2025-11-25',
    passed: [
      'server-initialize: 1',
      'ping: 1',
      'tools-list: 1',
      'tools-call-error: 1',
      'dns-rebinding-protection: 2',
    ],
  },
  {
    version: '0.2.0-alpha.12',
    revision: '2026-07-28',
    passed: ['server-stateless: 24', 'caching: 4', 'tools-list: 4', 'http-header-validation: 14'],
  },
]

/** The judge's names for what it wants to see, and the calls here that show it. */
const shown: Readonly<Record<string, string>> = {
  test_simple_text: '/judged/hello.txt',
  test_image_content: '/judged/dot.png',
  test_embedded_resource: '/judged/bytes.bin',
  test_error_handling: '/judged/not there',
}

let mcp: McpWorld
let front: Awaited<ReturnType<typeof listen>>
before(async () => {
  mcp = await openMcpWorld()
  mcp.keys.set('judge', { folder: '/', rights: 'write', name: 'judge' })
  const { storage } = mcp.person
  await storage.write({ path: '/judged/hello.txt', bytes: fromUtf8('hello') })
  await storage.write({ path: '/judged/dot.png', bytes: Uint8Array.of(0x89, 0x50, 0x4e, 0x47) })
  await storage.write({ path: '/judged/bytes.bin', bytes: Uint8Array.of(0xff, 0x00) })
  front = await listen((request, answer) => void forward(request, answer))
})
after(async () => {
  await front.close()
  await mcp.close()
})

for (const { version, revision, passed } of judges)
  test(`the protocol's own judge ${version} finds what applies of ${revision} to be right`, async (t) => {
    const judge = await fetchJudge(version)
    if (judge === undefined) return t.skip(`@modelcontextprotocol/conformance ${version} cannot be had here`)
    const results = await mkdtemp(join(tmpdir(), 'anarq-judge-'))
    const baseline = fileURLToPath(new URL(`fixtures/mcp-${revision}.yml`, import.meta.url))
    const args = ['server', '--url', front.address, '--suite', 'all', '--spec-version', revision]
    const judged = await run(
      process.execPath,
      [judge, ...args, '--expected-failures', baseline, '--output-dir', results],
      { cwd: results, maxBuffer: 64 * 1024 * 1024, timeout: 120_000 },
    ).catch((error: { stdout: string; stderr: string; code: number }) => error)
    await rm(results, { recursive: true, force: true })
    const { stdout, stderr } = judged
    assert.ok(!('code' in judged), `${stdout.slice(stdout.indexOf('=== SUMMARY'))}\n${stderr}`)
    for (const line of passed) assert.ok(stdout.includes(`${line} passed`), `${line}: see\n${stdout}`)
    assert.deepEqual(mcp.faults, [])
  })

/** The file to run; undefined where the registry cannot be reached. */
async function fetchJudge(version: string): Promise<string | undefined> {
  const folder = join(root, '.cache', `mcp-conformance-${version}`)
  const entry = join(folder, 'node_modules/@modelcontextprotocol/conformance/dist/index.js')
  if (existsSync(entry)) return entry
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'package.json'), '{"private":true}')
  const name = `@modelcontextprotocol/conformance@${version}`
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', name], {
    cwd: folder,
    timeout: 120_000,
  }).catch(() => {})
  return existsSync(entry) ? entry : undefined
}

/** The judge knows nothing of keys, nor of what tools there are: both are put in on the way. */
async function forward(request: IncomingMessage, answer: ServerResponse): Promise<void> {
  const pieces: Buffer[] = []
  for await (const piece of request as AsyncIterable<Buffer>) pieces.push(piece)
  const { headers, body } = translated(Buffer.concat(pieces).toString(), request.headers)
  const inner = Object.assign(request, { headers })
  inner.iterator = () => once(body)
  mcp.handle(inner, answer)
}

async function* once(body: string): AsyncGenerator<Buffer, undefined> {
  yield Buffer.from(body)
  return undefined
}

function translated(body: string, given: IncomingMessage['headers']) {
  const headers = { ...given, authorization: 'Bearer judge' } as IncomingMessage['headers']
  const message = body.includes('tools/call') ? JSON.parse(body) : undefined
  const path = shown[message?.params?.name]
  if (path === undefined) return { headers, body }
  if (headers['mcp-name'] !== undefined) headers['mcp-name'] = 'storage_read'
  const params = { ...message.params, name: 'storage_read', arguments: { path } }
  return { headers, body: JSON.stringify({ ...message, params }) }
}
