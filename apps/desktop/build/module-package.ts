/** Builds a module of the system as the folder of an app, as a stranger's is: what `anarq app pack` takes. */
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { build } from 'vite'
import { onlyOurLanguages } from './plugins.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))

/**
 * `module` is the folder's name below `modules`. The manifest stays as it is but for the fields in `changes`, such as an id
 * and a name of its own: nothing takes the place of a part of the system.
 */
export async function buildModule(
  module: string,
  to: string,
  changes: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const folder = join(root, 'modules', module)
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
        input: fileURLToPath(new URL('module-mount.tsx', import.meta.url)),
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
  await cp(join(folder, 'icon.svg'), join(to, 'icon.svg'))
}
