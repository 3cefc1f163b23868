import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  categories,
  fileBytesMax,
  filesMax,
  manifestBytesMax,
  packageBytesMax,
  ratioMax,
  totalBytesMax,
  wxaContext,
} from '@anarq/wxa'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const document = readFileSync(join(root, 'docs/formats/wxa.md'), 'utf8')
const mebibytes = (bytes: number): string => `${bytes / 1024 / 1024} MiB`

test('the document says the limits, the categories and the context that the code has', () => {
  for (const fact of [
    `| the package | ${mebibytes(packageBytesMax)} |`,
    `| \`manifest.json\` | ${mebibytes(manifestBytesMax)} |`,
    `| files besides it | ${filesMax} |`,
    `| one file, unpacked | ${mebibytes(fileBytesMax)} |`,
    `| all files, unpacked | ${mebibytes(totalBytesMax)} |`,
    `for a file over 1 MiB | ${ratioMax} |`,
    categories.map((one) => `\`${one}\``).join(' '),
    `context "${wxaContext}"`,
  ])
    assert.ok(document.includes(fact), `docs/formats/wxa.md does not say: ${fact}`)
})

test('[WX-DEV-2] each code of a refusal is in the document', () => {
  const sources = ['os/wxa/src', 'adapters/zip/src'].flatMap((folder) =>
    readdirSync(join(root, folder)).map((name) => readFileSync(join(root, folder, name), 'utf8')),
  )
  const codes = new Set(
    sources.flatMap((text) => text.match(/'(refused|damaged|limit|conflict|missing)\.[a-z-]+'/g) ?? []),
  )
  assert.ok(codes.size > 40, `${codes.size}`)
  const known = ["'missing.file'"]
  for (const code of codes) {
    if (known.includes(code)) continue
    const bare = code.slice(1, -1)
    const [, ending = ''] = /^(?:refused\.path|refused\.entry)(-[a-z]+)$/.exec(bare) ?? []
    assert.ok(
      document.includes(`\`${bare}\``) || (ending !== '' && document.includes(`\`${ending}\``)),
      `${bare} is not in docs/formats/wxa.md`,
    )
  }
})
