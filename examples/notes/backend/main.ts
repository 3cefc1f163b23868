// Runs in a sandbox. It sees this app's own storage, and what the person allowed; there is no network and no disk.

type Request = { readonly method: string; readonly path: string; json(): unknown }
type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
type Entry = { readonly name: string; readonly path: string; readonly modifiedMs: number }
type Anarq = {
  readonly storage: {
    list(input: { path: string }): Promise<readonly Entry[]>
    read(input: { path: string }): Promise<{ bytes: Uint8Array }>
    write(input: { path: string; bytes: Uint8Array; type: string }): Promise<unknown>
    remove(input: { path: string; isForever: boolean }): Promise<unknown>
  }
}

const folder = 'app:/notes'
const charactersMax = 20_000

export default {
  async request(request: Request, anarq: Anarq): Promise<Answer> {
    if (request.path === '/notes' && request.method === 'GET') return json(200, await listNotes(anarq))
    const id = /^\/notes\/([a-z0-9]{1,32})$/.exec(request.path)?.[1]
    if (id === undefined) return json(404, { problem: 'There is no such note.' })
    const path = `${folder}/${id}.txt`
    switch (request.method) {
      case 'GET': {
        const { bytes } = await anarq.storage.read({ path })
        return json(200, { id, text: new TextDecoder().decode(bytes) })
      }
      case 'PUT': {
        const { text } = request.json() as { text?: unknown }
        if (typeof text !== 'string' || text.length > charactersMax)
          return json(400, { problem: `A note has up to ${charactersMax} characters.` })
        await anarq.storage.write({ path, bytes: new TextEncoder().encode(text), type: 'text/plain' })
        return json(200, { id })
      }
      case 'DELETE':
        await anarq.storage.remove({ path, isForever: true })
        return json(200, { id })
      default:
        return json(405, { problem: 'A note is read, written or removed.' })
    }
  },
}

async function listNotes({ storage }: Anarq): Promise<readonly { id: string; text: string }[]> {
  const entries = await storage.list({ path: folder }).catch(() => [])
  const notes = []
  for (const { name } of [...entries].sort((a, b) => b.modifiedMs - a.modifiedMs).slice(0, 200)) {
    const { bytes } = await storage.read({ path: `${folder}/${name}` })
    notes.push({ id: name.replace(/\.txt$/, ''), text: new TextDecoder().decode(bytes) })
  }
  return notes
}

function json(status: number, value: unknown): Answer {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(value) }
}
