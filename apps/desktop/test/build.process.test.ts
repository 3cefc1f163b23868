import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync } from 'node:zlib'
import { buildDesktop } from '../../../tools/build-desktop.mjs'

const dist = fileURLToPath(new URL('../dist/', import.meta.url))
const shellBytesMax = 300 * 1024

test('the shell is under 300 KB of compressed script before an app opens', () => {
  buildDesktop()
  const first = shellScripts()
  const bytes = first.reduce((sum, file) => sum + brotliCompressSync(readFileSync(dist + file)).length, 0)
  console.log(`The shell: ${(bytes / 1024).toFixed(0)} KB of compressed script in ${first.length} files.`)
  assert.ok(bytes > 0 && bytes < shellBytesMax, `${bytes} bytes`)
})

test('the page has no inline script and no inline style, and what is built asks nobody else', () => {
  const page = read('index.html')
  assert.doesNotMatch(page, /<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=/)
  for (const file of readdirSync(`${dist}assets`)) {
    const text = /\.(js|css)$/.test(file) ? read(`assets/${file}`) : ''
    assert.doesNotMatch(text, /@import|url\(["']?(https?:|\/\/|data:)|\beval\(|new Function\(/, file)
  }
})

test('apps in frames get the stylesheet of the system at an address that does not change', () => {
  const css = read('design/anarq.css')
  assert.match(css, /--aq-accent:/)
  assert.match(css, /\.aq-button/)
  assert.doesNotMatch(css, /@import|@fontsource/)
})

/** What index.html loads, and whatever those import at once. */
function shellScripts(): string[] {
  const found = new Set(
    [...read('index.html').matchAll(/(?:src|href)="\/(assets\/[^"]+\.js)"/g)].map(
      ([, file]) => file as string,
    ),
  )
  for (const file of found) {
    for (const [, name] of read(file).matchAll(/(?:from|import)\s*["']\.\/([^"']+\.js)["']/g))
      found.add(`assets/${name}`)
  }
  return [...found]
}

function read(file: string): string {
  return readFileSync(dist + file, 'utf8')
}
