/** What `anarq app new` writes: the smallest app of each kind that does something, and says how to go on. */
export type TemplateOptions = {
  readonly id: string
  readonly name: string
  readonly kind: 'frame' | 'component'
  readonly hasBackend: boolean
}

export function templateOf(options: TemplateOptions): Readonly<Record<string, string>> {
  const { kind, hasBackend } = options
  return {
    'manifest.json': manifestOf(options),
    'icon.svg': icon,
    ...(kind === 'frame'
      ? { 'ui/index.html': pageOf(options), 'ui/app.js': frameScript, 'ui/app.css': style }
      : { 'ui/app.ts': componentScript }),
    ...(hasBackend ? { 'backend/main.ts': backendScript } : {}),
    'README.md': readmeOf(options),
  }
}

function manifestOf({ id, name, kind, hasBackend }: TemplateOptions): string {
  const manifest = {
    manifest: 1,
    id,
    name,
    version: '0.1.0',
    category: 'productivity',
    description: 'Counts what you count.',
    permissions: [],
    ui: kind === 'frame' ? { kind, entry: 'ui/index.html' } : { kind, entry: 'ui/app.ts' },
    ...(hasBackend ? { backend: { entry: 'backend/main.ts' }, routes: ['/hello', '/hello/:name'] } : {}),
    icon: 'icon.svg',
    defaultSize: { width: 480, height: 360 },
    languages: ['en'],
  }
  return `${JSON.stringify(manifest, undefined, 2)}\n`
}

const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img">
  <rect width="64" height="64" rx="14" fill="#2f6f68"/>
  <path d="M20 20v24M30 20v24M40 20v24M14 42l36-20" stroke="#fff" stroke-width="5" stroke-linecap="round"/>
</svg>
`

function pageOf({ name }: TemplateOptions): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>${escaped(name)}</title>
    <link rel="stylesheet" href="/design/anarq.css" />
    <link rel="stylesheet" href="app.css" />
    <script src="app.js" type="module"></script>
  </head>
  <body>
    <main>
      <h1>${escaped(name)}</h1>
      <p><output id="count">0</output></p>
      <button type="button" id="more" class="aq-button" data-look="accent" disabled>One more</button>
    </main>
  </body>
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (one) => `&#${one.charCodeAt(0)};`)
}

/** Of the page, not of this module. */
const meeting = "import { connect } from '/design/anarq.js'"

const frameScript = `// A page in a closed frame: it has no cookies, no storage and no network of its own. What it may have, it asks the desktop
// for. Scripts are files of the package; those written into the page do not run.
${meeting}

const place = 'app:/count.txt'
const output = document.getElementById('count')
const { sdk, window: own } = await connect()
let count = await sdk.storage.read({ path: place }).then(
  ({ bytes }) => Number(new TextDecoder().decode(bytes)),
  () => 0,
)
const more = document.getElementById('more')
show()
// A press before the count is known would be lost: the page has the button turned off until now.
more.disabled = false

more.addEventListener('click', async () => {
  count += 1
  await sdk.storage.write({ path: place, bytes: new TextEncoder().encode(String(count)), type: 'text/plain' })
  // What is shown is kept: a window may be closed at any moment.
  show()
})

function show() {
  output.textContent = String(count)
  own.setTitle(\`Counted: \${count}\`)
}
`

const style = `body {
  display: grid;
  min-height: 100vh;
  margin: 0;
  place-items: center;
  text-align: center;
}

output {
  font-size: 4rem;
  line-height: 1.2;
}
`

const componentScript = `// A component lives inside the desktop, in the theme of the desktop. Packing takes the types out of this file.

type Shell = { readonly window: { setTitle(title: string): void } }

/**
 * Called with the empty element of a window; returns what takes everything away when the window closes. The second argument
 * has sdk, window, events, locale, theme, and backend(path, { method, body }).
 */
export default function mount(root: HTMLElement, { window: own }: Shell): () => void {
  let count = 0
  const output = document.createElement('output')
  const button = document.createElement('button')
  const show = (): void => {
    output.textContent = String(count)
    own.setTitle(\`Counted: \${count}\`)
  }
  const add = (): void => {
    count += 1
    show()
  }
  button.type = 'button'
  button.textContent = 'One more'
  button.className = 'aq-button'
  button.addEventListener('click', add)
  root.append(output, button)
  show()
  return () => {
    button.removeEventListener('click', add)
    root.replaceChildren()
  }
}
`

const backendScript = `// Runs in a sandbox, with nothing but what the manifest asks for and the user allowed.

type Request = { readonly method: string; readonly path: string }
type Answer = { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
type Event = { readonly name: string }

export default {
  /** Answers at the routes of the manifest, which lie below /apps/ID. */
  async request({ method, path }: Request, _anarq: unknown): Promise<Answer> {
    if (method !== 'GET') return { status: 405 }
    const name = /^\\/hello\\/([^/]+)$/.exec(path)?.[1] ?? 'world'
    return {
      status: 200,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ hello: decodeURIComponent(name) }),
    }
  },

  /** Hears of what happens, where the manifest asks for it. */
  async event(_event: Event, _anarq: unknown): Promise<void> {},
}
`

function readmeOf({ name, kind, hasBackend }: TemplateOptions): string {
  const entry = kind === 'frame' ? 'ui/index.html' : 'ui/app.ts'
  return `# ${name}

An app for AnarQ.

| file | what |
|---|---|
| manifest.json | what it is called and what it may do. Make "id" your own: a domain you have, backwards |
| ${entry} | ${kind === 'frame' ? 'the page, shown in a closed frame' : 'the component, shown inside the desktop'} |
${hasBackend ? '| backend/main.ts | answers at its routes, in a sandbox |\n' : ''}| icon.svg | its icon |

What the app needs of the system, it asks for in the manifest, with a reason that people are shown:

    "permissions": [{ "id": "drive.read", "why": "To show your notes." }]

Then, in this folder:

    anarq app dev .                          on the desktop, anew whenever a file changes
    anarq app pack . -o app.wxa              checks, packs, and signs as the identity in use
    anarq app verify app.wxa                 what others will see of it
    anarq app pack . -o app.wxa --force      again, after a change: raise "version" for others
    anarq app submit app.wxa --to ../my-apps a folder with a signed list, for others to install from

\`anarq help app\` says the rest.
`
}
