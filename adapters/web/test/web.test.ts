/** What lies at an https address, and what is refused before anything goes out. */
import assert from 'node:assert/strict'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import { after, before, test } from 'node:test'
import { createWeb } from '@anarq/web'
import { openTestSite, type TestSite, testCertificate } from '@anarq/web/testing'

const asked = { bytesMax: 1000, timeoutMs: 5_000 }
const priv = { ...asked, allowsPrivate: true }
let site: TestSite
let heard: { url: string; headers: IncomingHttpHeaders }[] = []
let answer: (response: ServerResponse) => void = (response) => response.end('tea')

before(async () => {
  site = await openTestSite((request, response) => {
    heard.push({ url: request.url ?? '', headers: request.headers })
    answer(response)
  })
})
after(() => site.close())

const web = createWeb({ ca: testCertificate, resolve: async () => ['127.0.0.1'] })
const at = (path = '/feed.json'): string => `https://feeds.example.net:${site.port}${path}`
const answering = (act: typeof answer): void => {
  heard = []
  answer = act
}

test('what lies there comes as it is, and says nothing of who asked', async () => {
  answering((response) => response.end('a feed'))
  assert.equal(Buffer.from(await web.get(at(), priv)).toString(), 'a feed')
  const [{ url, headers } = { url: '', headers: {} }] = heard
  assert.equal(url, '/feed.json')
  assert.deepEqual(Object.keys(headers).sort(), [
    'accept',
    'accept-encoding',
    'connection',
    'host',
    'user-agent',
  ])
})

test('machines of private networks are asked only where somebody said so, whatever they are called', async () => {
  answering((response) => response.end('tea'))
  const refused = { code: 'refused.private-address' }
  await assert.rejects(web.get(at(), asked), refused)
  for (const host of [
    'localhost',
    '127.0.0.1',
    '2130706433',
    '0x7f.1',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '10.0.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '[fd00::1]',
    'nas.lan',
    'printer.local',
  ])
    await assert.rejects(web.get(`https://${host}:${site.port}/feed.json`, asked), refused, host)
  // A name of the outside that leads inside as well.
  const both = createWeb({ ca: testCertificate, resolve: async () => ['93.184.215.14', '127.0.0.1'] })
  await assert.rejects(both.get(at(), asked), refused)
  const nowhere = createWeb({ resolve: async () => [] })
  await assert.rejects(nowhere.get('https://feeds.example.net/', asked), refused)
  assert.deepEqual(heard, [], 'nobody was asked')
})

test('a name is resolved once: a second answer of its resolver leads nowhere else', async () => {
  let turns = 0
  answering((response) => response.end('tea'))
  const turning = createWeb({
    ca: testCertificate,
    async resolve() {
      turns += 1
      return [turns === 1 ? '127.0.0.1' : '127.0.0.2']
    },
  })
  await turning.get(at(), priv)
  assert.deepEqual([turns, heard.length], [1, 1])
})

test('what is no https address is refused before anything is resolved', async () => {
  const none = createWeb({ resolve: () => assert.fail('it was resolved') })
  for (const address of [
    'http://feeds.example.net/feed.json',
    'file:///etc/passwd',
    'https://ada:secret@feeds.example.net/',
    'feeds.example.net',
    `https://feeds.example.net/${'x'.repeat(2000)}`,
    '',
  ])
    await assert.rejects(none.get(address, priv), { code: 'invalid.web-address' }, address)
})

test('a redirect is not followed', async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    answering((response) => response.writeHead(status, { location: '/other' }).end())
    await assert.rejects(web.get(at(), priv), { code: 'refused.redirect' })
    assert.equal(heard.length, 1)
  }
})

test('more than may come ends it, announced or not', async () => {
  answering((response) => response.writeHead(200, { 'content-length': '1001' }).end('x'.repeat(1001)))
  await assert.rejects(web.get(at(), priv), { code: 'limit.download' })
  answering((response) => {
    const pour = (): void => {
      while (response.write('x'.repeat(64 * 1024)));
      response.once('drain', pour)
    }
    pour()
  })
  await assert.rejects(web.get(at(), priv), { code: 'limit.download' })
  answering((response) => response.end('x'.repeat(1000)))
  assert.equal((await web.get(at(), priv)).length, 1000)
})

test('who drips, breaks off, says no, or has no certificate gives nothing, and it is said', async () => {
  answering((response) => void setInterval(() => response.write('x'), 50).unref())
  const quick = { ...priv, timeoutMs: 400 }
  await assert.rejects(web.get(at(), quick), { code: 'unavailable.web', message: /within 1 s/ })
  answering((response) => {
    response.writeHead(200, { 'content-length': '100' })
    response.write('half')
    setTimeout(() => response.destroy(), 20)
  })
  await assert.rejects(web.get(at(), priv), { code: 'unavailable.web' })
  answering((response) => response.writeHead(404).end('no'))
  await assert.rejects(web.get(at(), priv), { code: 'unavailable.web', message: /404/ })
  answering((response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('tea'))
  await assert.rejects(web.get(at(), priv), { code: 'unavailable.web' })
  const trusting = createWeb({ resolve: async () => ['127.0.0.1'] })
  await assert.rejects(trusting.get(at(), priv), { code: 'unavailable.web', message: /certificate/ })
  const lost = createWeb({ resolve: () => new Promise(() => {}) })
  await assert.rejects(lost.get(at(), quick), { code: 'unavailable.web' })
  const stop = new AbortController()
  answering(() => stop.abort(new Error('enough')))
  await assert.rejects(web.get(at(), { ...priv, signal: stop.signal }), /enough/)
})
