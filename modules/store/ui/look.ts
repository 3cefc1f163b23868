import type { IconName } from '@anarq/design'

/** Its own picture, which the node gives while it is on. */
export function iconOf({ icon }: { readonly icon?: string }): IconName | { readonly src: string } {
  return icon === undefined ? 'apps' : { src: icon }
}

/** The same tile for the same app. */
export function hueOf(id: string): number {
  let hue = 0
  for (const one of id) hue = (hue * 31 + (one.codePointAt(0) ?? 0)) % 360
  return hue
}
