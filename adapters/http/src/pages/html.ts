import { fromUtf8, toBase64 } from '@anarq/bytes'
import { primitives } from '@anarq/qlock'

/** Text that is HTML already: only `html` makes it. */
export type Html = { readonly markup: string }

type Part = string | number | Html | readonly Part[] | undefined

/** A template in which everything put in is escaped, unless it is HTML itself. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  return {
    markup: literals.map((literal, i) => literal + (i < parts.length ? markupOf(parts[i]) : '')).join(''),
  }
}

/** A whole page: no script, no foreign origin, light or dark as the reader has it. */
export function page(title: string, body: Html): string {
  return `<!doctype html>\n${html`<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${title}</title><style>${{ markup: style }}</style></head><body>${body}</body></html>`.markup}\n`
}

function markupOf(part: Part): string {
  if (part === undefined) return ''
  if (typeof part === 'string') return escaped(part)
  if (typeof part === 'number') return String(part)
  return 'markup' in part ? part.markup : part.map(markupOf).join('')
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)
}

const style = `
:root { --text: #1c1b19; --quiet: #6a665f; --ground: #fbfaf8; --line: #dedad3; --accent: #8a3b12; --code: #f1eee9 }
@media (prefers-color-scheme: dark) { :root { --text: #ece9e4; --quiet: #a09a90; --ground: #171614; --line: #35322d; --accent: #f0a070; --code: #23211e } }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 50rem; padding: 2.5rem 1.25rem 5rem; background: var(--ground); color: var(--text); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem }
h2 { font-size: 1.2rem; margin: 2.75rem 0 .25rem; padding-top: .75rem; border-top: 1px solid var(--line) }
h3 { font-size: 1rem; margin: 1.75rem 0 .25rem }
a { color: var(--accent) }
code, pre { font: .875em/1.5 ui-monospace, monospace; background: var(--code); border-radius: .25rem }
code { padding: .1em .3em }
pre { padding: .75rem 1rem; overflow-x: auto }
pre code { padding: 0; background: none; font-size: 1em }
.quiet { color: var(--quiet) }
.method { display: inline-block; min-width: 3.5rem; font-weight: 600; color: var(--accent) }
dl { display: grid; grid-template-columns: minmax(8rem, max-content) 1fr; gap: .15rem 1rem; margin: .5rem 0 }
dt, dd { margin: 0 }
nav a { display: inline-block; margin-right: 1rem }
`

/** For every page: the one style in it, and nothing else. */
export const pagePolicy: string = `default-src 'none'; style-src 'sha256-${toBase64(primitives.sha256(fromUtf8(style)))}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`
