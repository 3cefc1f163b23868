import { Fault } from '@anarq/fault'

/** `missing.route` for a path that the app's manifest does not name: a part that begins with `:` stands for any one part. */
export function checkRoute(path: string, { name, routes = [] }: Routed): void {
  const parts = path.split('/')
  if (routes.some((route) => isAt(parts, route.split('/')))) return
  throw new Fault(
    'missing.route',
    `${name} answers nothing at ${path.slice(0, 200)}: its manifest names no such route. Ask at one that it names.`,
  )
}

type Routed = { readonly name: string; readonly routes?: readonly string[] }

function isAt(parts: readonly string[], route: readonly string[]): boolean {
  if (parts.length !== route.length) return false
  return route.every((one, i) => (one.startsWith(':') ? parts[i] !== '' : parts[i] === one))
}
