/** The runtime's engine on QuickJS in WebAssembly, each app on a worker thread of its own. */
export { createQuickjs, type QuickjsOptions } from './engine.ts'
