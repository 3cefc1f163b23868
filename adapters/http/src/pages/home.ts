import type { NodeState } from '@anarq/kernel'
import { type Html, html, page } from './html.ts'

const next: Readonly<Record<NodeState, Html>> = {
  empty: html`<p>There is no identity here yet. In a terminal, make yours; it shows its 24 words once:</p><pre><code>npx anarq init</code></pre>`,
  waiting: html`<p>It waits for the file of a child's guardian. In a terminal, when you have it:</p><pre><code>npx anarq id join FILE</code></pre>`,
  locked: html`<p>It is locked. In a terminal, any command asks for the passphrase:</p><pre><code>npx anarq ls</code></pre>`,
  open: html`<p>It is unlocked. In a terminal:</p><dl><dt><code>npx anarq put FILE</code></dt><dd>keep a file, encrypted</dd><dt><code>npx anarq ls</code></dt><dd>see what is there</dd><dt><code>npx anarq help</code></dt><dd>everything else</dd></dl>`,
}

/** What somebody sees who opens the address in a browser. It tells no more than the status does. */
export function homePage({ state, version }: { state: NodeState; version: string }): string {
  return page(
    'AnarQ',
    html`<h1>AnarQ is running</h1>
<p>This is a node: an identity and an encrypted drive, on a machine of one's own. Whoever runs it has the keys; this page shows nothing of what is kept.</p>
<h2>What to do next</h2>
${next[state]}
<h2>For programs</h2>
<nav><a href="/api/docs">The API</a><a href="/api/openapi.json">OpenAPI document</a><a href="/health">Health</a><a href="/metrics">Metrics</a></nav>
<p class="quiet">Version ${version}, ${state}.</p>`,
  )
}
