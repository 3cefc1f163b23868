import { Fault } from '@anarq/fault'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { App, DoorContext } from '../context.ts'
import { type DesktopFile, desktopPolicy } from '../desktop.ts'
import { homePage } from '../pages/home.ts'
import { pagePolicy } from '../pages/html.ts'

const foreverSeconds = 31_536_000

/** The desktop's own files, for anybody who reaches the port: there is nothing of anyone in them. */
export function addDesktopRoutes(app: App, { desktop, operations: { account } }: DoorContext): void {
  const send = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const file = await desktop?.file(request.url.split('?', 1)[0] ?? '/')
    if (file !== undefined) return sendFile(request, reply, file)
    if (request.url === '/') {
      // Nothing is built: a page that says what to do.
      const page = homePage(await account.status())
      return reply.type('text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(page)
    }
    throw new Fault('missing.route', 'There is no such file of the desktop.')
  }
  const schema = { hide: true }
  for (const url of [
    '/',
    '/assets/*',
    '/icons/*',
    '/design/*',
    '/sw.js',
    '/manifest.webmanifest',
    '/favicon.svg',
    '/licences.txt',
  ])
    app.get(url, { schema, handler: send })
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: DesktopFile): FastifyReply {
  reply.headers({
    'content-security-policy': desktopPolicy,
    'cross-origin-opener-policy': 'same-origin',
    'permissions-policy': 'camera=(), microphone=(), geolocation=(), payment=(), usb=()',
    'cache-control': file.isForever ? `public, max-age=${foreverSeconds}, immutable` : 'no-cache',
    etag: file.etag,
    vary: 'accept-encoding',
    // Apps in frames are of no origin: to them the stylesheet and its font are foreign.
    ...(request.url.startsWith('/design/')
      ? { 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' }
      : {}),
  })
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  const isPacked = file.packed !== undefined && /\bbr\b/.test(request.headers['accept-encoding'] ?? '')
  if (isPacked) reply.header('content-encoding', 'br')
  return reply.type(file.type).send(isPacked ? file.packed : file.bytes)
}
