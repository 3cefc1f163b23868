/** Builds a module of the system as the folder of an app, as a stranger's is: what `anarq app pack` takes. */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { build } from 'vite'
import { onlyOurLanguages } from './plugins.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/** The styles of a module are asked for by its script. */
const page = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>App</title><link rel="stylesheet" href="/design/anarq.css">
<script type="module" src="main.js"></script></head><body></body></html>
`

/**
 * `module` is the folder's name below `modules`. The manifest stays as it is but for the fields in `changes`, such as an id
 * and a name of its own: nothing takes the place of a part of the system. With a `ui` of kind `frame` it is a page.
 */
export async function buildModule(
  module: string,
  to: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const folder = join(root, 'modules', module)
  const isFrame = (changes.ui as { kind?: unknown } | undefined)?.kind === 'frame'
  const entry = isFrame ? 'module-frame.tsx' : 'module-mount.tsx'
  await build({
    root: join(root, 'apps/desktop'),
    configFile: false,
    base: './',
    publicDir: false,
    logLevel: 'warn',
    plugins: [react(), onlyOurLanguages()],
    resolve: { alias: { 'anarq:module': join(folder, 'ui/index.ts') } },
    build: {
      outDir: join(to, 'ui'),
      emptyOutDir: true,
      target: ['chrome125', 'firefox128', 'safari18'],
      assetsInlineLimit: 0,
      modulePreload: false,
      cssCodeSplit: false,
      reportCompressedSize: false,
      chunkSizeWarningLimit: 2000,
      rollupOptions: {
        input: fileURLToPath(new URL(entry, import.meta.url)),
        preserveEntrySignatures: 'strict',
        output: {
          entryFileNames: 'main.js',
          chunkFileNames: '[name]-[hash].js',
          assetFileNames: ({ names }) =>
            names.some((name) => name.endsWith('.css')) ? 'style.css' : '[name]-[hash][extname]',
        },
      },
    },
  })
  const manifest = JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Record<
    string,
    unknown
  >
  const ui = { kind: 'component', entry: 'ui/main.js' }
  await writeFile(join(to, 'manifest.json'), JSON.stringify({ ...manifest, ui, ...changes }))
  if (isFrame) await writeFile(join(to, 'ui/index.html'), page)
  await cp(join(folder, 'icon.svg'), join(to, 'icon.svg'))
}
