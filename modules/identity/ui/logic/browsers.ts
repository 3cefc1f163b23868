import type { IdentitySay } from '../messages/messages.ts'

/** What a browser called itself, "Firefox on Linux", in the reader's language. */
export function browserIn(told: string, say: IdentitySay): string {
  const [, browser, system] = /^(\w+) on (\w+)$/.exec(told) ?? []
  return browser === undefined || system === undefined ? told : say('browsers.on', { browser, system })
}
