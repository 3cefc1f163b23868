/// <reference lib="webworker" />
// The shell opens without the node. Nothing that the node answers is ever kept: only files of the build, by their own names.
// The build puts in the two names in quotes (build/plugins.ts).
const cacheName = `anarq-shell-${'VERSION'}`
const shell: readonly string[] = ['SHELL']
const scope = self as unknown as ServiceWorkerGlobalScope

scope.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) =>
        cache.addAll(shell.map((path) => new Request(path, { cache: 'reload', credentials: 'omit' }))),
      )
      .then(() => scope.skipWaiting()),
  )
})

scope.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith('anarq-shell-') && name !== cacheName)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => scope.clients.claim()),
  )
})

scope.addEventListener('fetch', (event) => {
  const { request } = event
  const { origin, pathname } = new URL(request.url)
  if (request.method !== 'GET' || origin !== scope.location.origin) return
  if (request.mode === 'navigate' && pathname === '/') event.respondWith(freshPage(request))
  else if (pathname.startsWith('/assets/') || shell.includes(pathname)) event.respondWith(kept(request))
})

/** The node's own page while it answers, so that an update is seen at once; the kept one otherwise. */
async function freshPage(request: Request): Promise<Response> {
  try {
    const answer = await fetch(request)
    if (answer.ok) return answer
  } catch {
    // The node does not answer: what was kept says so.
  }
  return (await caches.match('/', { cacheName })) ?? Response.error()
}

async function kept(request: Request): Promise<Response> {
  return (await caches.match(request, { cacheName, ignoreVary: true })) ?? fetch(request)
}
