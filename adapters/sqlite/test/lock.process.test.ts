import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { hasCode } from '@anarq/fault'
import { holdLock } from '@anarq/sqlite'

function lockPath(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'anarq-lock-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return join(folder, 'home.lock')
}

/** Another process that holds the lock. */
async function startHolder(t: TestContext, path: string): Promise<ChildProcess> {
  const holder = join(import.meta.dirname, 'lock-holder.ts')
  const child = spawn(process.execPath, [holder, path], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}

test('while a process holds the lock another is told which; when it is killed the lock is free', async (t) => {
  const path = lockPath(t)
  const child = await startHolder(t, path)
  assert.throws(
    () => holdLock(path),
    (error: Error) => hasCode(error, 'busy.home') && error.message.includes(`process ${child.pid})`),
  )
  child.kill('SIGKILL')
  await once(child, 'close')
  using lock = holdLock(path)
  assert.equal(lock.path, path)
  assert.equal(readFileSync(`${path}.pid`, 'utf8'), `${process.pid}\n`)
})

test('a damaged lock file that a process holds stays held', async (t) => {
  const path = lockPath(t)
  await startHolder(t, path)
  writeFileSync(path, 'no database at all '.repeat(100))
  assert.throws(() => holdLock(path), { code: 'busy.home' })
})

test('a damaged lock file that nobody holds is taken over', (t) => {
  const path = lockPath(t)
  for (const rubbish of ['x', 'no database at all '.repeat(100), 'SQLite format 3\0'.padEnd(5000, '\xff')]) {
    writeFileSync(path, rubbish, 'latin1')
    using _ = holdLock(path)
    assert.throws(() => holdLock(path), { code: 'busy.home' }, 'and is held from then on')
  }
})

test('the same process cannot take it twice, and can again when it has let go', (t) => {
  const path = lockPath(t)
  const lock = holdLock(path)
  assert.throws(() => holdLock(path), { code: 'busy.home' })
  assert.throws(() => holdLock(path), { code: 'busy.home' }, 'a refusal does not let go of what is held')
  lock[Symbol.dispose]()
  assert.equal(existsSync(`${path}.pid`), false)
  const again = holdLock(path)
  lock[Symbol.dispose]()
  assert.throws(() => holdLock(path), { code: 'busy.home' }, 'letting go twice is letting go once')
  again[Symbol.dispose]()
})

test('a lock in a folder that is not there is refused with a reason', () => {
  assert.throws(() => holdLock(join(tmpdir(), 'anarq-no-such-folder', 'home.lock')), {
    code: 'unavailable.home',
  })
})
