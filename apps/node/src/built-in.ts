import { readFileSync } from 'node:fs'
import type { BuiltInApp } from '@anarq/apps'
import { parseDraft } from '@anarq/wxa'

/** A part of the system, with the name that guardians of children and rules know it by. */
export type SystemApp = BuiltInApp & { readonly module: string }

/** Where the manifest of each lies: what a screen of the system may do stands there, and nowhere else. */
const manifests: Readonly<Record<string, string>> = {
  shell: '../../desktop/manifest.json',
  qdrive: '../../../modules/qdrive/manifest.json',
  identity: '../../../modules/identity/manifest.json',
  consent: '../../../modules/consent/manifest.json',
  guardian: '../../../modules/guardian/manifest.json',
  network: '../../../modules/network/manifest.json',
  store: '../../../modules/store/manifest.json',
  settings: '../../../modules/settings/manifest.json',
}

export const systemApps: readonly SystemApp[] = Object.entries(manifests).map(([module, path]) => {
  const { id, name, version, permissions } = parseDraft(readFileSync(new URL(path, import.meta.url), 'utf8'))
  return { id, name, version, permissions: permissions.map((one) => one.id), module }
})
