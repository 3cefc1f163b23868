import { Fault } from '@anarq/fault'

const pathCharactersMax = 2000

/**
 * The address of an app's own backend. The path is the app's word: whatever a browser would make of dots, backslashes or an
 * authority in it, the address stays below the app's own, or there is none.
 */
export function backendAddress(app: string, path: string, origin: string): string {
  const own = `/api/v1/apps/${app}/`
  if (
    path.startsWith('/') &&
    path.length <= pathCharactersMax &&
    URL.canParse(origin + own + path.slice(1))
  ) {
    const url = new URL(origin + own + path.slice(1))
    if (url.origin === origin && url.pathname.startsWith(own) && !/%2f|%5c|%2e/i.test(url.pathname))
      return url.pathname + url.search
  }
  throw new Fault('invalid.path', 'A path of the backend begins with "/" and stays below the app\'s own.')
}
