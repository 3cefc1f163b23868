/** Where one is in the app, and how one came there. */
import { parentOf } from './paths.ts'

export type Place =
  | { readonly at: 'folder'; readonly path: string }
  | { readonly at: 'tag'; readonly tag: string }
  | { readonly at: 'search'; readonly text: string }
  | { readonly at: 'shared-with-me' | 'shared-by-me' | 'trash' }

export const root: Place = { at: 'folder', path: '/' }

export type Trail = {
  readonly past: readonly Place[]
  readonly here: Place
  readonly ahead: readonly Place[]
}

const pastMax = 100

export function begin(here: Place): Trail {
  return { past: [], here, ahead: [] }
}

export function go({ past, here }: Trail, to: Place): Trail {
  if (isSame(here, to)) return { past, here: to, ahead: [] }
  // A search that is typed on is one step, not one a letter.
  const kept = here.at === 'search' && to.at === 'search' ? past : [...past, here].slice(-pastMax)
  return { past: kept, here: to, ahead: [] }
}

export function back(trail: Trail): Trail {
  const to = trail.past.at(-1)
  if (to === undefined) return trail
  return { past: trail.past.slice(0, -1), here: to, ahead: [trail.here, ...trail.ahead] }
}

export function forward(trail: Trail): Trail {
  const [to, ...ahead] = trail.ahead
  if (to === undefined) return trail
  return { past: [...trail.past, trail.here], here: to, ahead }
}

export function isSame(a: Place, b: Place): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

const fileMark = 'file:'

/** What a window is opened with to show a folder, or a file where it lies. */
export function argumentOf({ kind, path }: { readonly kind: string; readonly path: string }): string {
  return kind === 'folder' ? path : fileMark + path
}

/** What a window was opened with: a folder, a file in one, or nothing. */
export function placeOfArgument(argument: string | undefined): Place {
  const file = fileOfArgument(argument)
  if (file !== undefined) return { at: 'folder', path: parentOf(file) }
  return argument?.startsWith('/') === true ? { at: 'folder', path: argument } : root
}

/** The path of the file that a window was opened for. */
export function fileOfArgument(argument: string | undefined): string | undefined {
  return argument?.startsWith(`${fileMark}/`) === true ? argument.slice(fileMark.length) : undefined
}
