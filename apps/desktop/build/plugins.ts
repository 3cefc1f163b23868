/** What the build of the desktop does beyond bundling. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createRequire, stripTypeScriptTypes } from 'node:module'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'

const fileOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url))
const read = (path: string): string => readFileSync(fileOf(path), 'utf8')

/** react-aria speaks thirty languages; the desktop speaks two, and carries no more. */
export function onlyOurLanguages(): Plugin {
  return {
    name: 'anarq-languages',
    enforce: 'pre',
    load: (id) =>
      /\/intl\/[^/]+\/(?!en-US|es-ES)[a-z]{2}-[A-Z]{2}\.mjs$/.test(id) ? 'export default {}' : undefined,
  }
}

/** The design system at an address that does not change, for apps in frames: /design/anarq.css. */
export function stableStylesheet(): Plugin {
  return {
    name: 'anarq-stylesheet',
    generateBundle() {
      const styles = '../../../os/design/styles'
      const source = read(`${styles}/design.css`).replace(/@import ["']\.\/(.+)["'];/g, (_, name: string) =>
        read(`${styles}/${name}`),
      )
      const inter = createRequire(import.meta.url).resolve(
        '@fontsource-variable/inter/files/inter-latin-wght-normal.woff2',
      )
      this.emitFile({ type: 'asset', fileName: 'design/inter.woff2', source: readFileSync(inter) })
      this.emitFile({
        type: 'asset',
        fileName: 'design/anarq.css',
        source: source.replace(/url\(['"]@fontsource[^'"]+['"]\)/, "url('/design/inter.woff2')"),
      })
    },
  }
}

/** What meets the shell from within a frame, with the face that it gives, as one script: /design/anarq.js. */
export function frameScript(): Plugin {
  return {
    name: 'anarq-frame-script',
    generateBundle() {
      const sdk = '../../../os/sdk/src'
      const plain = (file: string): string =>
        stripTypeScriptTypes(read(`${sdk}/${file}`), { mode: 'strip' }).replace(/^import .*$/gm, '')
      const inner = ['client.ts', 'frame-content.ts'].map((file) => plain(file).replace(/^export /gm, ''))
      const source = [...inner, plain('frame.ts')].join('\n')
      this.emitFile({ type: 'asset', fileName: 'design/anarq.js', source })
    },
  }
}

type Locked = {
  readonly version?: string
  readonly license?: string
  readonly dev?: boolean
  readonly link?: boolean
}

/** By whom else AnarQ is made, and under which terms: every library that is installed with it. /licences.txt */
export function licences(): Plugin {
  return {
    name: 'anarq-licences',
    generateBundle() {
      const { packages } = JSON.parse(read('../../../package-lock.json')) as {
        packages: Readonly<Record<string, Locked>>
      }
      const folder = 'node_modules/'
      const lines = Object.entries(packages)
        .filter(([path, { dev, link }]) => path.startsWith(folder) && dev !== true && link !== true)
        .map(([path, { version = '', license = 'see its own files' }]) => {
          const name = path.slice(path.lastIndexOf(folder) + folder.length)
          return `${name} ${version}\n    ${license}`
        })
      const source = `AnarQ is made with these libraries of others, each under its own licence.\n\n${[...new Set(lines)].sort().join('\n')}\n`
      this.emitFile({ type: 'asset', fileName: 'licences.txt', source })
    },
  }
}

const always = ['/', '/manifest.webmanifest', '/icons/mark.svg']

/** The service worker with the names of what the shell is made of; another build is another worker. */
export function serviceWorker(): Plugin {
  return {
    name: 'anarq-service-worker',
    enforce: 'post',
    generateBundle(_options, bundle) {
      const files = Object.values(bundle)
        .filter(
          ({ fileName, type }) =>
            fileName.startsWith('assets/') && (type === 'asset' || isShell(fileName, bundle)),
        )
        .map(({ fileName }) => `/${fileName}`)
        .sort()
      const shell = [...always, ...files]
      const version = createHash('sha256').update(JSON.stringify(shell)).digest('hex').slice(0, 16)
      const source = stripTypeScriptTypes(read('../offline/service-worker.ts'))
        .replace("'VERSION'", JSON.stringify(version))
        .replace("['SHELL']", JSON.stringify(shell))
      this.emitFile({ type: 'asset', fileName: 'sw.js', source })
    },
  }
}

type Bundle = Parameters<Extract<NonNullable<Plugin['generateBundle']>, (...args: never[]) => unknown>>[1]

/** What the first page loads, and the screens of the system's own apps: without them an open window could not be drawn. */
function isShell(fileName: string, bundle: Bundle): boolean {
  const chunk = bundle[fileName]
  return chunk?.type === 'chunk' && (chunk.isEntry || chunk.isDynamicEntry || fileName.endsWith('.js'))
}
