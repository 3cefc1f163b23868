import { Fault, type FaultCode } from '@anarq/fault'
import { pathCharactersMax, pathDepthMax } from './limits.ts'

/** Names that Windows gives to devices, with whatever ending. */
const deviceNames = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(\..*)?$/i
const unseen = /[\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/u
const unusable = /[<>"|?*:]/

/**
 * A path inside a package: parts joined by `/`, each a name that every file system and every browser takes as it is.
 * Whatever could lead out of the package, or be another name somewhere else, throws with a code of its own.
 */
export function checkPath(path: string): string {
  const refuse = (code: FaultCode, why: string): Fault =>
    new Fault(
      code,
      `The name ${shownPath(path)} ${why}. Rename it, where the package is yours; do not use one of others.`,
      {
        data: { path: shownPath(path) },
      },
    )
  if (path === '') throw refuse('refused.path-empty', 'is empty')
  if (path.length > pathCharactersMax)
    throw refuse('limit.path', `has more than ${pathCharactersMax} characters`)
  if (path.includes('\0')) throw refuse('refused.path-nul', 'holds a NUL character')
  if (/\p{Cc}/u.test(path)) throw refuse('refused.path-control', 'holds control characters')
  if (unseen.test(path)) throw refuse('refused.path-unseen', 'holds characters that are not seen')
  if (path.includes('\\')) throw refuse('refused.path-backslash', 'holds a backslash')
  if (/^[A-Za-z]:/.test(path)) throw refuse('refused.path-drive', 'begins with the letter of a drive')
  if (path.startsWith('/')) throw refuse('refused.path-absolute', 'begins at the root of a disk')
  if (unusable.test(path)) throw refuse('refused.path-characters', 'holds one of < > " | ? * :')
  if (path.normalize('NFC') !== path) throw refuse('refused.path-form', 'is not in Unicode normal form C')
  const parts = path.split('/')
  if (parts.length > pathDepthMax) throw refuse('limit.path', `lies more than ${pathDepthMax} folders deep`)
  for (const part of parts) checkPart(part, refuse)
  return path
}

function checkPart(part: string, refuse: (code: FaultCode, why: string) => Fault): void {
  if (part === '') throw refuse('refused.path-empty', 'has an empty part, or ends with a slash')
  if (part === '.' || part === '..') throw refuse('refused.path-parent', `has the part "${part}"`)
  if (/[. ]$/.test(part) || part.startsWith(' '))
    throw refuse('refused.path-ending', 'has a part that ends with a dot, or begins or ends with a space')
  if (deviceNames.test(part))
    throw refuse('refused.path-reserved', `has the part "${part}", which names a device on Windows`)
}

/** For a sentence: what cannot be seen is shown as a mark, and only so much of it. */
export function shownPath(path: string): string {
  const shown = path.slice(0, 80).replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}\p{Zl}\p{Zp}]/gu, '\ufffd')
  return `"${shown}${path.length > 80 ? '…' : ''}"`
}

export type PathRegister = {
  /** Throws where this path, or a folder of it, is there already, or is the same name to some file system. */
  add(path: string): void
}

/** Paths that can lie side by side on every file system. */
export function createPathRegister(): PathRegister {
  const known = new Map<string, { readonly spelling: string; readonly kind: 'file' | 'folder' }>()
  const enter = (spelling: string, kind: 'file' | 'folder'): void => {
    const key = keyOf(spelling)
    const other = known.get(key)
    if (other === undefined) known.set(key, { spelling, kind })
    else if (other.spelling !== spelling)
      throw new Fault(
        'refused.path-alike',
        `The names ${shownPath(other.spelling)} and ${shownPath(spelling)} are one and the same on many disks. Rename one of them and pack again.`,
      )
    else if (other.kind !== kind)
      throw new Fault(
        'refused.path-clash',
        `The name ${shownPath(spelling)} is that of a file and of a folder. Rename one of them and pack again.`,
      )
    else if (kind === 'file')
      throw new Fault(
        'refused.entry-twice',
        `The package has two files of the name ${shownPath(spelling)}. It was made to be read in two ways: do not use it.`,
      )
  }
  return {
    add(path) {
      const parts = path.split('/')
      for (let i = 1; i < parts.length; i += 1) enter(parts.slice(0, i).join('/'), 'folder')
      enter(path, 'file')
    },
  }
}

/** Case and normal form taken away, as the most forgetful of file systems does. */
function keyOf(path: string): string {
  return path.normalize('NFKD').toUpperCase().toLowerCase().normalize('NFKC')
}
