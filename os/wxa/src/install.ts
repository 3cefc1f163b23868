import { Fault, type FaultCode } from '@anarq/fault'
import { areIdsAlike, areNamesAlike } from './alike.ts'
import { isSigned, type Manifest } from './manifest.ts'
import type { Permission } from './permission.ts'
import { compareVersions } from './version.ts'

/** An app that is there already: what was in its manifest, of its latest version. */
export type InstalledApp = {
  readonly id: string
  readonly name: string
  readonly version: string
  readonly permissions: readonly string[]
  /** Absent where it was installed unsigned, for development. */
  readonly publisher?: { readonly did: string; readonly log?: readonly string[] }
  /** A part of the system: no package takes its place. */
  readonly isBuiltIn?: boolean
}

export type InstallState = {
  readonly apps: readonly InstalledApp[]
  /** The version of this system. */
  readonly system: string
}

/** What is asked of: a package that `readPackage` verified. */
export type Candidate = {
  readonly manifest: Manifest
  readonly publisher?: { readonly did: string; readonly log?: readonly string[] }
}

export type InstallDecision =
  | { readonly kind: 'install'; readonly asks: readonly Permission[] }
  | {
      readonly kind: 'update'
      readonly from: string
      /** What it wants and the installed version did not have: the user is asked for it again. */
      readonly asks: readonly Permission[]
      /** What the installed version had and this one does not want any more. */
      readonly gives: readonly string[]
    }
  | { readonly kind: 'refuse'; readonly fault: Fault }

/** Whether a package may be installed beside what is there, or in its place. Nothing is changed. */
export function decideInstall({ manifest, publisher }: Candidate, state: InstallState): InstallDecision {
  if (isSigned(manifest) && publisher?.did !== manifest.publisher.did)
    return refuse('refused.publisher', 'This package was not verified. Read it with its signature first.')
  const { minimumSystem } = manifest
  if (minimumSystem !== undefined && compareVersions(state.system, minimumSystem) < 0)
    return refuse(
      'refused.system',
      `${manifest.name} needs version ${minimumSystem} of the system; this is ${state.system}. Update the system first.`,
    )
  const installed = state.apps.find(({ id }) => id === manifest.id)
  const alike = lookAlike({ manifest, publisher }, state.apps)
  if (alike !== undefined) return alike
  return installed === undefined
    ? { kind: 'install', asks: manifest.permissions }
    : decideUpdate({ manifest, publisher }, installed)
}

type Asked = { readonly manifest: Manifest; readonly publisher: Candidate['publisher'] }

function decideUpdate({ manifest, publisher }: Asked, installed: InstalledApp): InstallDecision {
  const { name, version } = manifest
  if (installed.isBuiltIn === true)
    return refuse(
      'refused.built-in',
      `${manifest.id} is a part of this system, and no package takes its place. Give the app an id of its own.`,
    )
  if (publisher?.did !== installed.publisher?.did)
    return refuse(
      'refused.publisher-changed',
      `${installed.name} is installed from ${said(installed.publisher?.did)}, and this package is from ${said(publisher?.did)}. If you trust it, uninstall the other one first.`,
    )
  if (!isNewerLog(installed.publisher?.log, publisher?.log))
    return refuse(
      'refused.publisher-log',
      `This package was signed with keys of ${said(publisher?.did)} that are older than those of the installed version. Ask its publisher to sign it again.`,
    )
  const order = compareVersions(version, installed.version)
  if (order < 0)
    return refuse(
      'refused.downgrade',
      `${name} ${installed.version} is installed, and this is the older version ${version}. To go back, use roll back.`,
    )
  // While an app is made, the same version comes again and again.
  if (order === 0 && publisher !== undefined)
    return refuse('conflict.installed', `${name} ${version} is installed already. There is nothing to do.`)
  const before = new Set(installed.permissions)
  const wanted = new Set(manifest.permissions.map(({ id }) => id))
  return {
    kind: 'update',
    from: installed.version,
    asks: manifest.permissions.filter(({ id }) => !before.has(id)),
    gives: installed.permissions.filter((id) => !wanted.has(id)),
  }
}

/** Another app that it could be taken for. One publisher may name its own apps as it likes, and a developer the unsigned ones. */
function lookAlike(
  { manifest, publisher }: Asked,
  apps: readonly InstalledApp[],
): InstallDecision | undefined {
  for (const other of apps) {
    // What is built in may have no publisher to be told by; it is not an unsigned app's own.
    const isTold = publisher !== undefined || other.isBuiltIn !== true
    const isOwn = isTold && publisher?.did === other.publisher?.did
    if (isOwn || other.id === manifest.id) continue
    if (areIdsAlike(manifest.id, other.id))
      return refuse(
        'refused.id-alike',
        `The id ${manifest.id} looks like ${other.id}, which is another publisher's. Ask its publisher for another id.`,
      )
    if (areNamesAlike(manifest.name, other.name))
      return refuse(
        'refused.name-alike',
        `The name "${manifest.name}" looks like "${other.name}" (${other.id}), which is another publisher's. Ask its publisher for another name.`,
      )
  }
  return undefined
}

/** The log of a key only grows: one that is shorter, or another, was signed with keys that may be in other hands. */
function isNewerLog(before: readonly string[] | undefined, now: readonly string[] | undefined): boolean {
  if (before === undefined) return true
  return now !== undefined && before.every((line, i) => now[i] === line)
}

function said(did: string | undefined): string {
  return did ?? 'nobody (unsigned)'
}

function refuse(code: FaultCode, message: string): InstallDecision {
  return { kind: 'refuse', fault: new Fault(code, message) }
}
