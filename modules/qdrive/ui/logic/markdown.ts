/**
 * Markdown as a tree that is drawn with elements of our own: there is no way in it to write HTML, a script, an address that
 * runs, or a picture from elsewhere. A part of CommonMark: headings, paragraphs, lists, quotes, code, rules, tables, emphasis, links.
 */
export type Inline =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis' | 'struck'; readonly inside: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'link'; readonly href: string | undefined; readonly inside: readonly Inline[] }
  | { readonly kind: 'break' }

export type Block =
  | { readonly kind: 'heading'; readonly level: 1 | 2 | 3 | 4 | 5 | 6; readonly inside: readonly Inline[] }
  | { readonly kind: 'paragraph'; readonly inside: readonly Inline[] }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'quote'; readonly blocks: readonly Block[] }
  | {
      readonly kind: 'list'
      readonly isOrdered: boolean
      readonly start: number
      readonly items: readonly ListItem[]
    }
  | {
      readonly kind: 'table'
      readonly head: readonly (readonly Inline[])[]
      readonly rows: readonly (readonly (readonly Inline[])[])[]
    }
  | { readonly kind: 'rule' }
export type ListItem = { readonly isDone?: boolean; readonly blocks: readonly Block[] }

const depthMax = 12
/** A paragraph that is longer is shown as it is: looking for pairs of marks takes time with its square. */
const inlineCharactersMax = 10_000

export function parseMarkdown(text: string, depth = 0): readonly Block[] {
  const lines = text.replaceAll('\r\n', '\n').replaceAll('\t', '    ').split('\n')
  const blocks: Block[] = []
  for (let at = 0; at < lines.length; ) {
    const read = depth > depthMax ? undefined : readBlock(lines, at, depth)
    if (read === undefined) {
      const from = at
      do at += 1
      while (at < lines.length && (lines[at] as string).trim() !== '' && !isBlockStart(lines, at))
      const words = lines.slice(from, at).join('\n').trim()
      if (words !== '') blocks.push({ kind: 'paragraph', inside: parseInline(words) })
    } else {
      if (read.block !== undefined) blocks.push(read.block)
      at = read.next
    }
  }
  return blocks
}

type Read = { readonly block: Block | undefined; readonly next: number }

const fence = /^ {0,3}(```+|~~~+)/
const heading = /^ {0,3}(#{1,6})(?: +(.*?))?(?: +#+)? *$/
const rule = /^ {0,3}(?:(?:\* *){3,}|(?:- *){3,}|(?:_ *){3,})$/
const item = /^( {0,3})([-*+]|\d{1,9}[.)])( {1,4})(.*)$/
const divider = /^ *\|? *:?-+:? *(?:\| *:?-+:? *)*\|? *$/

function isBlockStart(lines: readonly string[], at: number): boolean {
  const line = lines[at] as string
  return fence.test(line) || heading.test(line) || rule.test(line) || /^ {0,3}>/.test(line) || item.test(line)
}

function readBlock(lines: readonly string[], at: number, depth: number): Read | undefined {
  const line = lines[at] as string
  if (line.trim() === '') return { block: undefined, next: at + 1 }
  const fenced = fence.exec(line)
  if (fenced !== null) return readFence(lines, at, fenced[1] as string)
  const head = heading.exec(line)
  if (head !== null)
    return {
      block: { kind: 'heading', level: (head[1] as string).length as 1, inside: parseInline(head[2] ?? '') },
      next: at + 1,
    }
  if (rule.test(line)) return { block: { kind: 'rule' }, next: at + 1 }
  if (/^ {0,3}>/.test(line)) return readQuote(lines, at, depth)
  if (item.test(line)) return readList(lines, at, depth)
  const under = lines[at + 1]
  if (line.includes('|') && under?.includes('-') && divider.test(under)) return readTable(lines, at)
  if (under !== undefined && /^ {0,3}(=+|-+) *$/.test(under))
    return {
      block: {
        kind: 'heading',
        level: under.trim().startsWith('=') ? 1 : 2,
        inside: parseInline(line.trim()),
      },
      next: at + 2,
    }
  if (/^ {4}/.test(line)) return readIndented(lines, at)
  return undefined
}

function readFence(lines: readonly string[], at: number, mark: string): Read {
  let end = at + 1
  while (end < lines.length && !(lines[end] as string).trim().startsWith(mark)) end += 1
  return { block: { kind: 'code', text: lines.slice(at + 1, end).join('\n') }, next: end + 1 }
}

function readIndented(lines: readonly string[], at: number): Read {
  let end = at
  while (end < lines.length && /^( {4}|\s*$)/.test(lines[end] as string)) end += 1
  const text = lines
    .slice(at, end)
    .map((line) => line.slice(4))
    .join('\n')
    .trimEnd()
  return { block: { kind: 'code', text }, next: end }
}

function readQuote(lines: readonly string[], at: number, depth: number): Read {
  let end = at
  while (end < lines.length && /^ {0,3}>/.test(lines[end] as string)) end += 1
  const inner = lines.slice(at, end).map((line) => line.replace(/^ {0,3}> ?/, ''))
  return { block: { kind: 'quote', blocks: parseMarkdown(inner.join('\n'), depth + 1) }, next: end }
}

function readList(lines: readonly string[], at: number, depth: number): Read {
  const first = item.exec(lines[at] as string) as RegExpExecArray
  const isOrdered = /\d/.test(first[2] as string)
  const items: ListItem[] = []
  let next = at
  while (next < lines.length) {
    const match = item.exec(lines[next] as string)
    if (match === null || /\d/.test(match[2] as string) !== isOrdered) break
    const indent = (match[1] as string).length + (match[2] as string).length + (match[3] as string).length
    const inner = [match[4] as string]
    next += 1
    while (next < lines.length) {
      const line = lines[next] as string
      const isDeeper = line.startsWith(' '.repeat(indent))
      const isLazy = line.trim() !== '' && !isBlockStart(lines, next) && (inner.at(-1) ?? '').trim() !== ''
      const isGap = line.trim() === '' && (lines[next + 1] ?? '').startsWith(' '.repeat(indent))
      if (!isDeeper && !isLazy && !isGap) break
      inner.push(isDeeper ? line.slice(indent) : line)
      next += 1
    }
    items.push(itemOf(inner.join('\n'), depth))
    while ((lines[next] ?? 'x').trim() === '' && item.test(lines[next + 1] ?? '')) next += 1
  }
  return {
    block: { kind: 'list', isOrdered, start: Number.parseInt(first[2] as string, 10) || 1, items },
    next,
  }
}

function itemOf(text: string, depth: number): ListItem {
  const task = /^\[([ xX])\] +/.exec(text)
  if (task === null) return { blocks: parseMarkdown(text, depth + 1) }
  return { isDone: task[1] !== ' ', blocks: parseMarkdown(text.slice(task[0].length), depth + 1) }
}

function readTable(lines: readonly string[], at: number): Read {
  let end = at + 2
  while (end < lines.length && (lines[end] as string).includes('|')) end += 1
  const cells = (line: string): (readonly Inline[])[] =>
    line
      .trim()
      .replace(/^\||\|$/g, '')
      .split('|')
      .map((cell) => parseInline(cell.trim()))
  const rows = lines.slice(at + 2, end).map(cells)
  return { block: { kind: 'table', head: cells(lines[at] as string), rows }, next: end }
}

/** Addresses that can be followed; anything else is only its words. */
export function safeHref(href: string): string | undefined {
  return /^(https?:\/\/|mailto:)/i.test(href.trim()) ? href.trim() : undefined
}

const inline =
  /\\([!-/:-@[-`{-~])|(`+)([\s\S]*?[^`])\2(?!`)|!?\[((?:[^\][]|\[[^\][]*\])*)\]\(([^()\s]*(?:\([^()\s]*\)[^()\s]*)*)(?: +"[^"]*")?\)|<(https?:\/\/[^\s<>]+)>|(\*\*|__)(?=\S)([\s\S]*?\S)\7|(\*|_)(?=\S)([\s\S]*?\S)\9|~~(?=\S)([\s\S]*?\S)~~|( {2,}\n|\\\n)/

export function parseInline(text: string, depth = 0): readonly Inline[] {
  if (text.length > inlineCharactersMax) return [{ kind: 'text', text }]
  const out: Inline[] = []
  let rest = text
  while (rest !== '') {
    const match = depth > depthMax ? null : inline.exec(rest)
    if (match === null) break
    const index = isInsideWord(rest, match) ? -1 : match.index
    if (index < 0) {
      const upTo = match.index + match[0].length
      push(out, rest.slice(0, upTo))
      rest = rest.slice(upTo)
      continue
    }
    push(out, rest.slice(0, index))
    out.push(inlineOf(match, depth))
    rest = rest.slice(index + match[0].length)
  }
  push(out, rest)
  return out
}

/** snake_case_words are no emphasis. */
function isInsideWord(text: string, match: RegExpExecArray): boolean {
  const mark = match[7] ?? match[9]
  if (mark?.startsWith('_') !== true) return false
  const [before, after] = [text[match.index - 1] ?? ' ', text[match.index + match[0].length] ?? ' ']
  return /\w/.test(before) || /\w/.test(after)
}

function inlineOf(match: RegExpExecArray, depth: number): Inline {
  const [, escaped, , code, label, href, address, , strong, , emphasis, struck, end] = match
  if (escaped !== undefined) return { kind: 'text', text: escaped }
  if (code !== undefined)
    return { kind: 'code', text: code.trim() === '' ? code : code.replace(/^ | $/g, '') }
  if (label !== undefined)
    return {
      kind: 'link',
      href: match[0].startsWith('!') ? undefined : safeHref(href ?? ''),
      inside: parseInline(label, depth + 1),
    }
  if (address !== undefined)
    return { kind: 'link', href: safeHref(address), inside: [{ kind: 'text', text: address }] }
  if (strong !== undefined) return { kind: 'strong', inside: parseInline(strong, depth + 1) }
  if (emphasis !== undefined) return { kind: 'emphasis', inside: parseInline(emphasis, depth + 1) }
  if (struck !== undefined) return { kind: 'struck', inside: parseInline(struck, depth + 1) }
  return end === undefined ? { kind: 'text', text: match[0] } : { kind: 'break' }
}

function push(out: Inline[], text: string): void {
  const last = out.at(-1)
  if (text === '') return
  if (last?.kind === 'text') out[out.length - 1] = { kind: 'text', text: last.text + text }
  else out.push({ kind: 'text', text })
}
