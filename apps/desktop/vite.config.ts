import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import { defineConfig, type UserConfig } from 'vite'
import { firstPaint } from './build/first-paint.ts'
import { frameScript, licences, onlyOurLanguages, serviceWorker, stableStylesheet } from './build/plugins.ts'

const node = process.env.ANARQ_NODE ?? 'http://127.0.0.1:4600'
const root = fileURLToPath(new URL('.', import.meta.url))

const config: UserConfig = defineConfig({
  root,
  plugins: [
    react(),
    onlyOurLanguages(),
    stableStylesheet(),
    frameScript(),
    licences(),
    serviceWorker(),
    firstPaint(),
  ],
  // Only what a page may have from its own node: no data: addresses, nothing inline.
  build: {
    target: ['chrome125', 'firefox128', 'safari18'],
    cssTarget: ['chrome125', 'firefox128', 'safari18'],
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2000,
  },
  server: { port: 4610, proxy: { '/api': { target: node, changeOrigin: true } } },
  logLevel: 'warn',
})

export default config
