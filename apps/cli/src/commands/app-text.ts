import { formatBytes } from '@anarq/bytes'
import { describeAsked } from '@anarq/sdk'
import { isSigned, type Manifest, type Package } from '@anarq/wxa'
import { shown } from '../terminal.ts'

export type PackageFacts = {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly category: string
  readonly description: string
  readonly isSigned: boolean
  readonly publisher?: { readonly did: string; readonly name: string }
  readonly permissions: readonly { readonly id: string; readonly why: string; readonly words: string }[]
  readonly ui?: Manifest['ui']
  readonly backend?: Manifest['backend']
  readonly routes?: readonly string[]
  readonly languages?: readonly string[]
  readonly minimumSystem?: string
  readonly files: number
  readonly bytes: number
  readonly unpackedBytes: number
}

export function factsOf({ manifest, bytes, unpackedBytes }: Package): PackageFacts {
  const { id, name, version, category, description, permissions, ui, backend, routes } = manifest
  const { languages, minimumSystem } = manifest
  return {
    id,
    name,
    version,
    category,
    description,
    isSigned: isSigned(manifest),
    ...(isSigned(manifest)
      ? { publisher: { did: manifest.publisher.did, name: manifest.publisher.name } }
      : {}),
    permissions: permissions.map((one) => ({ ...one, words: describeAsked(one.id) })),
    ...(ui === undefined ? {} : { ui }),
    ...(backend === undefined ? {} : { backend }),
    ...(routes === undefined ? {} : { routes }),
    ...(languages === undefined ? {} : { languages }),
    ...(minimumSystem === undefined ? {} : { minimumSystem }),
    files: manifest.files.length,
    bytes,
    unpackedBytes,
  }
}

export function describePackage(facts: PackageFacts): string {
  const { name, version, id, category, description, publisher, files, bytes, unpackedBytes } = facts
  return [
    `${shown(name)} ${version}  (${id})`,
    shown(description),
    '',
    `kind       ${category}; ${describeParts(facts)}`,
    publisher === undefined
      ? 'publisher  nobody: this package is not signed. For development only.'
      : `publisher  ${shown(publisher.name)}\n           ${publisher.did}`,
    `signature  ${publisher === undefined ? 'none' : 'holds: every byte is as it was signed'}`,
    `size       ${formatBytes(bytes)}, ${files} ${files === 1 ? 'file' : 'files'}, ${formatBytes(unpackedBytes)} unpacked`,
    ...describeMore(facts),
    '',
    ...describeWishes(facts),
  ].join('\n')
}

function describeParts({ ui, backend, routes }: PackageFacts): string {
  const parts = [
    ui?.kind === 'frame' ? 'a page of its own in a closed frame' : '',
    ui?.kind === 'component' ? 'a component inside the desktop: only from publishers you trust' : '',
    backend === undefined
      ? ''
      : `a backend${routes === undefined ? '' : ` that answers ${routes.join(', ')}`}`,
  ]
  return parts.filter((part) => part !== '').join('; ')
}

function describeMore({ languages, minimumSystem }: PackageFacts): string[] {
  return [
    ...(languages === undefined ? [] : [`languages  ${languages.join(', ')}`]),
    ...(minimumSystem === undefined ? [] : [`needs      system ${minimumSystem} or later`]),
  ]
}

function describeWishes({ permissions }: PackageFacts): string[] {
  if (permissions.length === 0) return ['It asks for nothing.']
  const wishes = permissions.map(({ id, words, why }) => `  ${words}  [${id}]\n    "${shown(why)}"`)
  return ['It asks to:', ...wishes]
}
