/** The reference of the SDK, out of its face and its methods: `ANARQ_UPDATE_REFERENCE=1 npm test reference` writes docs/sdk.md. */
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { AnyMethod } from '../src/method.ts'
import { methods } from '../src/methods.ts'
import { describePermission, plainPermissions } from '../src/permissions.ts'

type Member = { readonly name: string; readonly text: string; readonly comment: string }

const face = ['face.ts', 'app-operations.ts', 'browser-operations.ts']
  .map((file) => readFileSync(fileURLToPath(new URL(`../src/${file}`, import.meta.url)), 'utf8'))
  .join('\n')
const head = `# The SDK, call by call

What an app may ask of the system. It is the same in a page, in a backend and in a frame: [how to write an app](apps.md) says how to get
it. Each call takes one object and gives plain data; what is refused throws a fault with a \`code\` and a sentence. Paths begin with \`/\` for
the person's drive and with \`app:/\` for the app's own storage, which needs no permission. Types named here are those of
\`@anarq/sdk\`.

This page is written by \`ANARQ_UPDATE_REFERENCE=1 npm test reference\`.
`

export function reference(): string {
  const spaces = [...face.matchAll(/^ {2}readonly (?<name>\w+): (?<type>\w+Sdk)$/gm)]
  const sections = spaces.map(({ groups }) => sectionOf(groups?.name ?? '', groups?.type ?? ''))
  return `${[head, ...sections, permissionsTable()].join('\n')}\n`
}

function sectionOf(space: string, type: string): string {
  const { comment, body } = typeNamed(type)
  const own = membersOf(body)
  // Some are what another type has, but for a few.
  const base = /^Omit<(?<name>\w+),/.exec(body)?.groups?.name
  const inherited = base === undefined ? [] : membersOf(typeNamed(base).body)
  const all = [...own, ...inherited.filter(({ name }) => !own.some((member) => member.name === name))]
  const calls = all.map((member) => callOf(space, member))
  return [`## ${space}`, '', ...(comment === '' ? [] : [comment, '']), ...calls].join('\n')
}

function callOf(space: string, { name, text, comment }: Member): string {
  const method = methods.get(`${space}.${name}`)
  if (method === undefined) throw new Error(`No method answers ${space}.${name}.`)
  const permission = permissionOf(method)
  const needs = permission === undefined ? 'Needs no permission.' : `Needs \`${permission}\`.`
  const sentence = comment === '' ? '' : ` ${comment}`
  return [
    `### \`${space}.${name}\``,
    '',
    `${method.summary}. ${needs}${sentence}`,
    '',
    `\`\`\`ts\n${text}\n\`\`\``,
    '',
  ].join('\n')
}

/** Of a path in the drive: the app's own storage needs none. */
function permissionOf(method: AnyMethod): string | undefined {
  return method.permission(new Proxy({}, { get: () => '/somewhere' }) as never)
}

function typeNamed(type: string): { comment: string; body: string } {
  const found = new RegExp(
    `(?:/\\*\\*(?<comment>(?:(?!\\*/)[^])*)\\*/\\n)?export type ${type} = (?<body>[^]*?)\\n(?=\\n|$)`,
  ).exec(face)
  const { comment = '', body = '' } = found?.groups ?? {}
  return { comment: plain(comment), body }
}

/** Methods of a type, each with the comment above it. */
function membersOf(body: string): Member[] {
  const members: Member[] = []
  let comment: string[] = []
  let lines: string[] = []
  const end = (): void => {
    const text = lines.map((line) => line.slice(2)).join('\n')
    const name = /^(\w+)\(/.exec(text)?.[1]
    if (name !== undefined) members.push({ name, text, comment: plain(comment.join('\n')) })
    if (lines.length > 0) comment = []
    lines = []
  }
  for (const line of body.split('\n').slice(1)) {
    const isNew = /^ {2}(?:\w|\/\*\*)/.test(line) || line === '}'
    if (isNew) end()
    if (/^ {2,3}(?:\/\*\*| \*)/.test(line)) comment.push(line)
    else if (line !== '}') lines.push(line)
  }
  end()
  return members
}

function plain(comment: string): string {
  return comment
    .replace(/\/\*\*|\*\/|^\s*\*/gm, '')
    .replace(/\s+/g, ' ')
    .trim()
}

function permissionsTable(): string {
  const rows = plainPermissions.map((one) => `| \`${one}\` | ${describePermission(one)} |`)
  return ['## Permissions', '', '| | as the person reads it |', '|---|---|', ...rows].join('\n')
}
