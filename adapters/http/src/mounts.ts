import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { DoorContext } from './context.ts'
import { problemType } from './problem.ts'

/** Another door on the node's one port: it gets what comes below its prefix as it comes, and authenticates by itself. */
export type Mount = {
  /** Such as `/dav`: of whole parts of a path, without a slash at its end. */
  readonly prefix: string
  /** `source` is a pseudonym of where the request came from, for the guardian. */
  handler(request: IncomingMessage, answer: ServerResponse, about: { readonly source: string }): void
}

/** What comes below a prefix goes to its door, once it is known that it calls this node by a name of its own. */
export function mounted(
  others: RequestListener,
  mounts: readonly Mount[],
  { gatekeeper, metrics, problem }: DoorContext,
): RequestListener {
  return (request, answer) => {
    const mount = mounts.find(({ prefix }) => isBelow(request.url ?? '', prefix))
    if (mount === undefined) {
      others(request, answer)
      return
    }
    const begun = performance.now()
    answer.once('close', () => {
      const seconds = (performance.now() - begun) / 1000
      metrics.onAnswer(request.method ?? '', `${mount.prefix}/*`, answer.statusCode, seconds)
    })
    try {
      gatekeeper.checkHost(request.headers)
    } catch (error) {
      const { status, ...rest } = problem(error)
      answer.writeHead(status, { 'content-type': problemType, connection: 'close' })
      answer.end(JSON.stringify({ status, ...rest }))
      return
    }
    mount.handler(request, answer, { source: gatekeeper.sourceOf(request) })
  }
}

function isBelow(url: string, prefix: string): boolean {
  return url.startsWith(prefix) && ['', '/', '?', '#'].includes(url.charAt(prefix.length))
}
