import { preReleaseCharactersMax, versionNumberMax } from './limits.ts'

export type Version = {
  readonly numbers: readonly [number, number, number]
  /** Parts of a pre-release; empty for a release. */
  readonly preRelease: readonly string[]
}

const number = '(0|[1-9]\\d{0,5})'
const part = '(?:0|[1-9]\\d*|\\d*[A-Za-z-][0-9A-Za-z-]*)'
const pattern = new RegExp(`^${number}\\.${number}\\.${number}(?:-(${part}(?:\\.${part})*))?$`)

/** Semantic Versioning 2.0.0 without build metadata, or undefined. */
export function parseVersion(text: string): Version | undefined {
  if (text.length > 3 * String(versionNumberMax).length + 3 + preReleaseCharactersMax) return undefined
  const match = pattern.exec(text)
  if (match === null || (match[4]?.length ?? 0) > preReleaseCharactersMax) return undefined
  const numbers = [Number(match[1]), Number(match[2]), Number(match[3])] as const
  return { numbers, preRelease: match[4]?.split('.') ?? [] }
}

/** Below zero where `a` comes before `b` (Semantic Versioning 2.0.0, section 11). Both must be versions. */
export function compareVersions(a: string, b: string): number {
  const one = parseVersion(a)
  const other = parseVersion(b)
  if (one === undefined || other === undefined) throw new RangeError(`no versions: "${a}", "${b}"`)
  for (const [i, value] of one.numbers.entries()) {
    const difference = value - (other.numbers[i] as number)
    if (difference !== 0) return difference
  }
  return comparePreReleases(one.preRelease, other.preRelease)
}

const developmentPattern = /^(?:.*\.)?dev\.(\d+)$/

/** A version before `version`, for a package that is being made: `1.0.0-dev.3`, or `1.0.0-beta.1.dev.3`. */
export function developmentVersion(version: string, number: number): string {
  return `${version}${version.includes('-') ? '.' : '-'}dev.${number}`
}

/** The number of one that is being made; undefined for one that was published. */
export function developmentNumberOf(version: string): number | undefined {
  const match = developmentPattern.exec(parseVersion(version)?.preRelease.join('.') ?? '')
  return match === null ? undefined : Number(match[1])
}

function comparePreReleases(a: readonly string[], b: readonly string[]): number {
  if (a.length === 0 || b.length === 0) return b.length - a.length
  for (const [i, part] of a.entries()) {
    const other = b[i]
    if (other === undefined) return 1
    if (part !== other) return comparePart(part, other)
  }
  return a.length - b.length
}

function comparePart(a: string, b: string): number {
  const areNumbers = [/^\d+$/.test(a), /^\d+$/.test(b)]
  if (areNumbers[0] && areNumbers[1]) return a.length - b.length || (a < b ? -1 : 1)
  if (areNumbers[0] !== areNumbers[1]) return areNumbers[0] ? -1 : 1
  return a < b ? -1 : 1
}
