import { extname } from 'node:path'
import { mediaTypes } from './media-types.ts'

/**
 * What a page of an app may do: run its own files in an origin of its own, and reach the hosts that the person granted.
 * It lies in a frame of the shell; everything else it asks of the shell by messages.
 */
export function appPolicy(base: string, network: readonly string[]): string {
  const hosts = network.map((host) => `https://${host}`).join(' ')
  const design = new URL('/design/', base).href
  return [
    "default-src 'none'",
    `script-src ${base} ${design}`,
    `style-src ${base} ${design} 'unsafe-inline'`,
    `img-src ${base} data: blob: ${hosts}`.trimEnd(),
    `media-src ${base} blob: ${hosts}`.trimEnd(),
    `font-src ${base} ${design} data:`,
    `connect-src ${hosts === '' ? "'none'" : hosts}`,
    `worker-src ${base} blob:`,
    "frame-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
    // Peer connections obey no other directive. Chromium does not know this one: see `appConnections`.
    "webrtc 'block'",
    'sandbox allow-scripts allow-forms allow-modals',
  ].join('; ')
}

/**
 * The same once more for whatever a page connects by, peer connections above all: Chromium holds to it from 152 on, in every page
 * that this one makes too (https://wicg.github.io/connection-allowlists). Where an answer leads is for the policy to judge.
 */
export function appConnections(network: readonly string[]): string {
  const hosts = network.map((host) => ` "https://${host}"`).join('')
  return `(response-origin${hosts}); redirects=allow; webrtc=block`
}

export function appFileType(path: string): string {
  return mediaTypes[extname(path)] ?? 'application/octet-stream'
}
