import { existsSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fromUtf8, once } from '@anarq/bytes'
import { Fault } from '@anarq/fault'
import { createOutput } from '@anarq/files'
import { parseDraft } from '@anarq/wxa'
import { type Context, textOf, UsageError, type Values } from '../command.ts'
import { shown } from '../terminal.ts'
import { templateOf } from './app-template.ts'

/** A folder with a small app that can be packed at once. */
export async function newApp(
  { terminal }: Context,
  args: readonly string[],
  values: Values,
): Promise<number> {
  const asked = args[1] as string
  const kind = kindOf(textOf(values, 'kind') ?? 'frame')
  const folder = join(dirname(asked), labelOf(basename(asked)))
  if (existsSync(folder))
    throw new Fault(
      'conflict.exists',
      `${shown(folder)} exists already. Nothing was made; choose another name.`,
    )
  const id = textOf(values, 'id') ?? `org.example.${labelOf(basename(asked))}`
  const files = templateOf({ id, name: basename(asked), kind, hasBackend: values.backend === true })
  // A name or an id that no package could have is refused now, not after an afternoon's work.
  parseDraft(files['manifest.json'] as string)
  await using output = createOutput({ root: folder })
  for (const [path, text] of Object.entries(files)) await output.file(path, {}, once(fromUtf8(text)))
  await output.finish()
  terminal.result(
    { folder, id, kind, files: Object.keys(files) },
    [
      `An app in ${shown(folder)}: ${Object.keys(files).length} files. Its id is ${id}${textOf(values, 'id') === undefined ? '; make it your own in manifest.json' : ''}.`,
      `See it: anarq app dev ${shown(folder)}`,
      `Pack it: anarq app pack ${shown(folder)}`,
    ].join('\n'),
  )
  return 0
}

function kindOf(text: string): 'frame' | 'component' {
  if (text === 'frame' || text === 'component') return text
  throw new UsageError(`--kind is frame or component, not "${text}".`)
}

/** A name as a label of an id, and as the name of a folder. */
function labelOf(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40)
    .replace(/-+$/, '')
  if (plain !== '') return plain
  throw new UsageError(`"${name}" has no letters of a-z or digits to name a folder by. Choose another name.`)
}
